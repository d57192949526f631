//! JSON as a stream of objects, however they are strung together: one a line, or a list in a document.
use super::document::JsonDocument;
use super::lines::JsonLines;
use crate::diagnostic::{Error, Place, Result};
use crate::intake::bytes::encoding::{Encoding, Spot, Text};
use crate::intake::bytes::source::Source;
use crate::intake::findings::Refusal;
use serde_json::Value;

/// One object, and where its text stands.
#[derive(Debug)]
pub struct JsonRecord {
    /// From 1; of lines, that of the line.
    pub number: u64,
    pub start: Spot,
    pub text: String,
    pub value: Value,
}

pub enum JsonRecords {
    Lines(Box<JsonLines>),
    Document(Box<JsonDocument>),
}

impl JsonRecords {
    pub fn open(source: Source, asked: Option<&str>) -> Result<JsonRecords> {
        let is_document = is_document(source.head());
        let text = Text::open(source, asked)?;
        let name = text.encoding().name;
        if name != "UTF-8" && asked.is_none() {
            return Err(Error::input("json/not-utf8", format!("{} is {name}, but JSON is UTF-8", text.name()))
                .at(Place::file(text.name()).record(1).line(1))
                .help(format!("save it as UTF-8, or add `--encoding {name}`")));
        }
        Ok(match is_document {
            true => JsonRecords::Document(Box::new(JsonDocument::open(text)?)),
            false => JsonRecords::Lines(Box::new(JsonLines::new(text))),
        })
    }

    pub fn file(&self) -> &str {
        match self {
            JsonRecords::Lines(lines) => lines.file(),
            JsonRecords::Document(document) => document.file(),
        }
    }

    pub fn encoding(&self) -> Encoding {
        match self {
            JsonRecords::Lines(lines) => lines.encoding(),
            JsonRecords::Document(document) => document.encoding(),
        }
    }

    pub fn bytes_read(&self) -> u64 {
        match self {
            JsonRecords::Lines(lines) => lines.bytes_read(),
            JsonRecords::Document(document) => document.bytes_read(),
        }
    }

    /// The next record. A line that is no value is told and the next follows; a document that is not JSON is an error.
    pub fn read(&mut self) -> Result<Option<Result<JsonRecord, Refusal>>> {
        match self {
            JsonRecords::Lines(lines) => lines.read(),
            JsonRecords::Document(document) => Ok(document.read()?.map(Ok)),
        }
    }
}

/// Whether a file begins as JSON does; a comment before it is no JSON, but no table either.
pub fn is_json(head: &[u8]) -> bool {
    let text: Vec<u8> = letters(head).take(2).collect();
    match text[..] {
        [b'{', b'"' | b'}'] | [b'[', b'{' | b'[' | b']' | b'"'] => true,
        [b'/', b'/' | b'*'] => letters(head).any(|b| b == b'{'),
        _ => false,
    }
}

/// Without white space, byte order marks and the zeros of UTF-16.
fn letters(head: &[u8]) -> impl Iterator<Item = u8> {
    head.iter().copied().filter(|b| !b"\xef\xbb\xbf\xff\xfe\0 \t\r\n".contains(b))
}

/// A list, an object around a list, or an object over several lines; else each line is an object.
fn is_document(head: &[u8]) -> bool {
    if letters(head).next() != Some(b'{') {
        return true;
    }
    let start = head.iter().position(|b| *b == b'{').unwrap_or_default();
    let end = memchr::memchr(b'\n', &head[start..]).map_or(head.len(), |end| start + end);
    match serde_json::from_slice::<serde::de::IgnoredAny>(&head[start..end]) {
        Ok(_) if letters(&head[end..]).next().is_some() => false,
        Err(e) if e.is_eof() && end < head.len() => true,
        _ => JsonDocument::is_around_a_list(head),
    }
}
