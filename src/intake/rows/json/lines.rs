//! JSON lines: one object a line, read strictly, with the path and column of what is wrong.
use super::records::JsonRecord;
use super::value::{parse, path_at};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::intake::bytes::encoding::{Encoding, Spot, Text};
use crate::intake::bytes::source::error_from;
use crate::intake::findings::Refusal;
use std::io::BufRead;

/// The longest line taken.
const LINE_BYTES_MAX: usize = 1 << 20;

pub struct JsonLines {
    text: Text,
    line: u64,
    bytes: u64,
}

impl JsonLines {
    pub fn new(text: Text) -> JsonLines {
        JsonLines { text, line: 0, bytes: 0 }
    }

    pub fn file(&self) -> &str {
        self.text.name()
    }

    pub fn encoding(&self) -> Encoding {
        self.text.encoding()
    }

    pub fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// The next line that is not blank, and its value; a line that is no value is a [`Diagnostic`].
    pub fn read(&mut self) -> Result<Option<Result<JsonRecord, Refusal>>> {
        loop {
            let mut line = Vec::new();
            let is_whole = self.read_line(&mut line)?;
            if line.is_empty() {
                return Ok(None);
            }
            self.line += 1;
            let place = Place::file(self.file()).record(self.line).line(self.line);
            let text =
                String::from_utf8(line).map_err(|e| Error::bug(format!("text was cut inside a character: {e}")))?;
            if !is_whole {
                let message = format!("the line is longer than {LINE_BYTES_MAX} bytes");
                let finding = Diagnostic::error("json/line-too-long", message);
                let place = place.attribute(path_at(&text, text.len()));
                return Ok(Some(Err(Box::new(finding.at(place).help("shorten the field, or leave it out")))));
            }
            if text.trim().is_empty() {
                continue;
            }
            let mut start = Spot::START;
            start.line = self.line;
            let read = parse(&text, &place, start);
            return Ok(Some(read.map(|value| JsonRecord { number: self.line, start, text, value })));
        }
    }

    /// Appends a line with its end; `false` when it was too long, and then only its start is kept.
    fn read_line(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        let mut is_whole = true;
        loop {
            let name = self.text.name().to_owned();
            let more = self.text.fill_buf().map_err(|e| error_from(e, &name))?;
            let end = memchr::memchr(b'\n', more).map(|at| at + 1);
            let taken = end.unwrap_or(more.len());
            if line.len() + taken <= LINE_BYTES_MAX {
                line.extend_from_slice(&more[..taken]);
            } else if is_whole {
                is_whole = false;
                let mut room = LINE_BYTES_MAX.saturating_sub(line.len()).min(taken);
                while room > 0 && std::str::from_utf8(&more[..room]).is_err() {
                    room -= 1;
                }
                line.extend_from_slice(&more[..room]);
            }
            self.bytes += taken as u64;
            self.text.consume(taken);
            if end.is_some() || taken == 0 {
                return Ok(is_whole);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::bytes::source::Source;
    use crate::intake::rows::json::records::JsonRecords;
    use serde_json::Value;

    type Fault = (String, Option<u64>, Option<String>);

    fn all(text: &str) -> Vec<Result<Value, Fault>> {
        let mut lines = JsonRecords::open(Source::bytes("x.jsonl", text).unwrap(), None).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.read().unwrap() {
            all.push(line.map(|record| record.value).map_err(|d| (d.code, d.place.line, d.place.attribute)));
        }
        all
    }

    #[test]
    fn lines_are_read_blank_ones_skipped_and_wrong_ones_named() {
        let read = all(
            "{\"a\":1}\r\n\n{\"b\":[1,{\"c\":NaN}]}\n{\"d\":{\"e\":1,\"e\":2}}\n{\"f\":1e400}\n{\"g\":1,}\n{\"h\":0.1}",
        );
        let wrong = |line, path: &str| Err(("json/unreadable".to_owned(), Some(line), Some(path.to_owned())));
        assert_eq!(read[0], Ok(serde_json::json!({"a": 1})));
        assert_eq!(read[1], wrong(3, "b[1].c"));
        assert_eq!(read[2], wrong(4, "d.e"));
        assert_eq!(read[3], wrong(5, "f"));
        assert!(matches!(&read[4], Err((_, Some(6), _))));
        assert_eq!(read[5], Ok(serde_json::json!({"h": 0.1})));
        assert_eq!(read.len(), 6);
    }

    #[test]
    fn a_line_that_is_too_long_is_named_with_its_field_and_the_next_is_read() {
        let long = format!("{{\"id\":1,\"note\":\"{}\"}}\n{{\"id\":2}}\n", "é".repeat(LINE_BYTES_MAX));
        let read = all(&long);
        assert_eq!(read[0], Err(("json/line-too-long".to_owned(), Some(1), Some("note".to_owned()))));
        assert_eq!(read[1], Ok(serde_json::json!({"id": 2})));
    }

    #[test]
    fn depth_has_a_limit_and_utf16_is_refused() {
        assert!(all(&format!("{{}}\n{}\n", "[".repeat(100_000)))[1].is_err());
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain("{}".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let error = JsonRecords::open(Source::bytes("x.jsonl", utf16).unwrap(), None).err().unwrap();
        assert_eq!((error.code, error.place.line), ("json/not-utf8", Some(1)));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}:,\"\\\\a1é\\n ]{0,60}") {
            if let Ok(source) = Source::bytes("x.jsonl", text) && let Ok(mut lines) = JsonRecords::open(source, None) {
                while let Ok(Some(_)) = lines.read() {}
            }
        }
    }
}
