//! The bytes of a document as valid UTF-8, with the line and column of what is read next.
//!
//! Whatever the encoding, a reader above sees clean UTF-8. What is wrong in the bytes (a sequence that is not text, a
//! character XML forbids, a limit) is met as an error exactly where it stands, because the text before it is handed out
//! first.
use super::{Limits, ReadOptions};
use crate::diagnostic::{Error, Place};
use crate::document::text::is_xml_char;
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{self, BufRead, Read};

/// A place in a text: both 1-based, the column counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: u64,
    pub column: u64,
}

impl Default for Position {
    fn default() -> Self {
        Position { line: 1, column: 1 }
    }
}

impl Position {
    /// Past these bytes of UTF-8.
    pub(super) fn advance(&mut self, bytes: &[u8]) {
        let line = match memchr::memrchr(b'\n', bytes) {
            Some(last) => {
                self.line += 1 + memchr::memchr_iter(b'\n', &bytes[..last]).count() as u64;
                self.column = 1;
                &bytes[last + 1..]
            }
            None => bytes,
        };
        // the others continue a character
        self.column += line.iter().filter(|byte| !matches!(byte, 0x80..=0xBF)).count() as u64;
    }

    pub fn place(self, file: &str) -> Place {
        Place { line: Some(self.line), column: Some(self.column), file: Some(file.to_owned()), ..Place::default() }
    }
}

/// Which characters a document may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Xml,
    /// Anything but U+0000, which no text editor writes.
    Table,
}

pub(super) struct Source<R> {
    input: R,
    file: String,
    rule: Rule,
    limits: Limits,
    /// What the caller says it is.
    known: Option<&'static Encoding>,
    /// `None` until the first bytes were seen.
    encoding: Option<&'static Encoding>,
    /// Not for UTF-8, which is checked where it lies.
    decoder: Option<encoding_rs::Decoder>,
    /// Bytes as they were read, not yet turned into text.
    raw: Vec<u8>,
    /// Bytes of the document before `raw`.
    raw_offset: u64,
    ended: bool,
    /// The end was turned into text too.
    decoded: bool,
    text: String,
    /// How much of `text` was handed out.
    used: usize,
    /// A place that was asked for, and where in `text` it is: those behind it are found by counting from there.
    position: Position,
    counted: usize,
    /// Where in `text` the part begins, which is kept until the next one.
    part: usize,
    /// Bytes of text handed out in all, and how many there may be before the limit of an offer is reached.
    offset: u64,
    allowed: u64,
    /// What will be met once `text` is used up.
    fault: Option<Fault>,
}

enum Fault {
    Io(io::Error),
    UnknownEncoding(String),
    /// Declared UTF-16, and is not.
    NotWide(String),
    NotText {
        offset: u64,
        encoding: &'static Encoding,
    },
    Forbidden(char),
    OfferTooLong,
    TooLong,
}

const CHUNK: usize = 64 * 1024;

impl<R: Read> Source<R> {
    pub fn new(input: R, rule: Rule, options: &ReadOptions) -> Self {
        let limits = options.limits.clone();
        Source {
            input,
            file: options.file.clone(),
            rule,
            known: options.encoding,
            encoding: None,
            decoder: None,
            raw: Vec::new(),
            raw_offset: 0,
            ended: false,
            decoded: false,
            text: String::new(),
            used: 0,
            position: Position::default(),
            counted: 0,
            part: 0,
            offset: 0,
            allowed: limits.offer,
            limits,
            fault: None,
        }
    }

    /// Of what is read next.
    pub fn position(&mut self) -> Position {
        self.position.advance(&self.text.as_bytes()[self.counted..self.used]);
        self.counted = self.used;
        self.position
    }

    /// What is there of the text and not used; [`Source::read_on`] adds to it.
    pub fn rest(&self) -> &str {
        &self.text[self.used..]
    }

    /// Whether nothing comes behind [`Source::rest`].
    pub fn is_all(&self) -> bool {
        self.decoded && self.fault.is_none()
    }

    /// Passes over so much of the rest.
    pub fn skip(&mut self, bytes: usize) {
        self.used += bytes;
        self.offset += bytes as u64;
    }

    /// What was used since the part began.
    pub fn part(&self) -> &str {
        &self.text[self.part..self.used]
    }

    /// How long that is.
    pub fn in_part(&self) -> usize {
        self.used - self.part
    }

    /// Adds to the rest. False where nothing comes behind it, or a fault.
    pub fn read_on(&mut self) -> bool {
        if (self.text.len() - self.part) as u64 > self.limits.offer {
            self.fault.get_or_insert(Fault::OfferTooLong);
        }
        self.position();
        self.text.drain(..self.part);
        for mark in [&mut self.used, &mut self.counted] {
            *mark -= self.part;
        }
        self.part = 0;
        let before = self.text.len();
        self.grow();
        self.text.len() > before
    }

    /// Bytes of text read so far, the byte order mark not counted.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    pub fn encoding_name(&self) -> &'static str {
        self.encoding.unwrap_or(UTF_8).name()
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    /// Starts the count of bytes again: an offer, or something outside them, begins here.
    pub fn begin_part(&mut self) {
        self.part = self.used;
        self.allowed = self.offset.saturating_add(self.limits.offer);
    }

    pub fn offer_too_long(&self) -> bool {
        matches!(self.fault, Some(Fault::OfferTooLong))
    }

    /// The error that was met, with its place, in full.
    pub fn take_error(&mut self) -> Option<Error> {
        let fault = self.fault.take()?;
        let place = self.position().place(&self.file);
        let input = |code, message: String| Error::input(code, message).at(place.clone());
        Some(match fault {
            // a reader below may have carried an error of purvey's own through
            Fault::Io(error) => {
                error.downcast::<Error>().unwrap_or_else(|system| Error::io("read", self.file.as_ref(), system))
            }
            Fault::UnknownEncoding(label) => input("feed/encoding-unknown", format!("no encoding is called {label:?}"))
                .help("declare UTF-8 and write the file in it"),
            Fault::NotWide(label) => {
                input("feed/encoding-lies", format!("the file says it is {label}, but its bytes are not"))
                    .help("declare the encoding the file is really in; best is UTF-8")
            }
            Fault::NotText { offset, encoding } => {
                let name = encoding.name();
                input("feed/encoding-lies", format!("not valid {name}: byte {offset} of the file starts no character"))
                    .help(format!("the file is not in {name} throughout: write it in UTF-8, or declare what it is in"))
            }
            Fault::Forbidden(c) => {
                let what = if self.rule == Rule::Xml { "XML" } else { "a table" };
                input("feed/forbidden-character", format!("the character U+{:04X} may not stand in {what}", c as u32))
                    .help("take control characters out of the texts before writing the feed")
            }
            Fault::OfferTooLong => {
                input("feed/limit", format!("more than {} bytes without the end of an offer", self.limits.offer))
                    .help("check that offers are closed, and that the item element named is the right one")
            }
            Fault::TooLong => input("feed/limit", format!("the file is longer than {} bytes", self.limits.total)),
        })
    }

    /// Makes `text` hold something, unless the document has ended or a fault comes next.
    fn fill(&mut self) {
        self.position();
        self.text.clear();
        (self.used, self.counted, self.part) = (0, 0, 0);
        self.grow();
    }

    /// Adds to `text`, unless the document has ended or a fault comes next.
    fn grow(&mut self) {
        let before = self.text.len();
        while self.text.len() == before && self.fault.is_none() && !self.decoded {
            if let Err(error) = self.read_raw() {
                self.fault = Some(Fault::Io(error));
                return;
            }
            if self.encoding.is_none() {
                self.choose_encoding();
            }
            if self.fault.is_none() {
                self.decode();
                self.forbid(before);
            }
        }
    }

    fn read_raw(&mut self) -> io::Result<()> {
        if !self.ended {
            let read =
                self.input.by_ref().take((CHUNK - self.raw.len().min(CHUNK / 2)) as u64).read_to_end(&mut self.raw)?;
            self.ended = read == 0;
        }
        Ok(())
    }

    /// By the byte order mark, by what the caller knows, by UTF-16's zero bytes, by the XML declaration; else UTF-8.
    fn choose_encoding(&mut self) {
        let raw = &self.raw[..];
        let (encoding, bom) = match (Encoding::for_bom(raw), self.known) {
            (Some((encoding, bom)), _) => (encoding, bom),
            (None, Some(known)) => (known, 0),
            (None, None) if raw.starts_with(b"<\0") => (UTF_16LE, 0),
            (None, None) if raw.starts_with(b"\0<") => (UTF_16BE, 0),
            (None, None) => match self.declared() {
                Ok(encoding) => (encoding, 0),
                Err(fault) => {
                    self.fault = Some(fault);
                    (UTF_8, 0)
                }
            },
        };
        self.raw.drain(..bom);
        self.raw_offset += bom as u64;
        self.encoding = Some(encoding);
        self.decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
    }

    fn declared(&self) -> Result<&'static Encoding, Fault> {
        let head = self.raw.split(|b| *b == b'>').next().unwrap_or_default();
        let label = (self.rule == Rule::Xml && head.starts_with(b"<?xml")).then(|| declared_label(head)).flatten();
        let Some(label) = label else { return Ok(UTF_8) };
        match Encoding::for_label(label.as_bytes()) {
            None => Err(Fault::UnknownEncoding(label)),
            Some(wide) if wide == UTF_16LE || wide == UTF_16BE => Err(Fault::NotWide(label)),
            Some(encoding) => Ok(encoding),
        }
    }

    fn decode(&mut self) {
        let Some(encoding) = self.encoding else { return };
        let (taken, bad) = match &mut self.decoder {
            Some(decoder) => decode_with(decoder, &self.raw, self.ended, &mut self.text),
            None => take_utf8(&self.raw, self.ended, &mut self.text),
        };
        if let Some(bad) = bad {
            self.fault = Some(Fault::NotText { offset: self.raw_offset + bad as u64, encoding });
        }
        self.raw.drain(..taken);
        self.raw_offset += taken as u64;
        self.decoded = self.ended && self.raw.is_empty();
        if self.raw_offset > self.limits.total {
            self.fault = Some(Fault::TooLong);
        }
    }

    /// Cuts the text off before the first character behind `from` that may not be in it.
    fn forbid(&mut self, from: usize) {
        let text = &self.text[from..];
        let bytes = text.as_bytes();
        let found = match self.rule {
            Rule::Table => memchr::memchr(0, bytes),
            Rule::Xml => {
                let suspect = |b: u8| ((b < 0x20) & (b != b'\t') & (b != b'\n') & (b != b'\r')) | (b == 0xEF);
                let is_bad = |at: &usize| !text[*at..].starts_with(is_xml_char);
                // The first pass has no branches, so it is fast where, as always, nothing is found.
                let any = bytes.iter().fold(false, |any, b| any | suspect(*b));
                any.then(|| bytes.iter().enumerate().filter(|(_, b)| suspect(**b)).map(|(at, _)| at).find(is_bad))
                    .flatten()
            }
        };
        if let Some(at) = found {
            let c = text[at..].chars().next().unwrap_or_default();
            self.text.truncate(from + at);
            self.fault = Some(Fault::Forbidden(c));
        }
    }
}

/// Appends what is UTF-8; says how many bytes that took, and where one stands that is none.
fn take_utf8(raw: &[u8], last: bool, text: &mut String) -> (usize, Option<usize>) {
    let (valid, bad) = match str::from_utf8(raw) {
        Ok(all) => (all, None),
        Err(error) => {
            let end = error.valid_up_to();
            // A character may go on in the next chunk.
            let bad = (error.error_len().is_some() || last).then_some(end);
            (str::from_utf8(&raw[..end]).unwrap_or_default(), bad)
        }
    };
    text.push_str(valid);
    (valid.len(), bad)
}

fn decode_with(
    decoder: &mut encoding_rs::Decoder,
    raw: &[u8],
    last: bool,
    text: &mut String,
) -> (usize, Option<usize>) {
    text.reserve(decoder.max_utf8_buffer_length_without_replacement(raw.len()).unwrap_or(4 * raw.len()));
    match decoder.decode_to_string_without_replacement(raw, text, last) {
        (DecoderResult::Malformed(len, after), read) => (read, Some(read.saturating_sub(usize::from(len + after)))),
        (DecoderResult::InputEmpty | DecoderResult::OutputFull, read) => (read, None),
    }
}

/// The value of `encoding="…"` in an XML declaration.
fn declared_label(declaration: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(declaration, b"encoding")?;
    let value = declaration[at + b"encoding".len()..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let end = memchr::memchr(*quote, value)?;
    Some(String::from_utf8_lossy(&value[..end.min(40)]).into_owned())
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used == self.text.len() && self.fault.is_none() {
            self.fill();
        }
        if self.offset > self.allowed && self.used < self.text.len() {
            self.fault = Some(Fault::OfferTooLong);
            return Err(io::Error::other("limit"));
        }
        if self.used == self.text.len() && self.fault.is_some() {
            return Err(io::Error::other("fault"));
        }
        Ok(&self.text.as_bytes()[self.used..])
    }

    fn consume(&mut self, amount: usize) {
        let end = (self.used + amount).min(self.text.len());
        self.skip(end - self.used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads to the end or the first fault; says what was read and where that was.
    fn read(bytes: &[u8], rule: Rule) -> (String, Position, Option<Error>) {
        let mut source = Source::new(bytes, rule, &ReadOptions::default());
        let mut text = String::new();
        let _ = source.read_to_string(&mut text);
        (text, source.position(), source.take_error())
    }

    fn at(line: u64, column: u64) -> Position {
        Position { line, column }
    }

    #[test]
    fn encodings() {
        let wide = |order: fn(u16) -> [u8; 2], text: &str| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        for (bytes, expected) in [
            (b"\xEF\xBB\xBFid\n".to_vec(), "id\n"),
            (wide(u16::to_le_bytes, "\u{FEFF}id\t\u{1F600}"), "id\t\u{1F600}"),
            (wide(u16::to_be_bytes, "\u{FEFF}<a>é"), "<a>é"),
            (wide(u16::to_le_bytes, "<a>é"), "<a>é"),
            (
                b"<?xml version='1.0' encoding='windows-1251'?>\xCA".to_vec(),
                "<?xml version='1.0' encoding='windows-1251'?>К",
            ),
            (b"<?xml encoding = \"ISO-8859-1\" ?>\xE9".to_vec(), "<?xml encoding = \"ISO-8859-1\" ?>é"),
        ] {
            let (text, _, error) = read(&bytes, Rule::Xml);
            assert!(error.is_none(), "{error:?}");
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn faults_are_met_where_they_stand() {
        for (bytes, code, place) in [
            (&b"<a>\n\xC3\xA9\xCA</a>"[..], "feed/encoding-lies", at(2, 2)),
            (b"<a>\xC3", "feed/encoding-lies", at(1, 4)),
            (b"<a>\n\n\xC3\xA9\xC3\xA9\x07", "feed/forbidden-character", at(3, 3)),
            (b"<a>\xEF\xBF\xBE", "feed/forbidden-character", at(1, 4)),
            (b"<?xml encoding='utf-16'?><a/>", "feed/encoding-lies", at(1, 1)),
            (b"<?xml encoding='klingon'?><a/>", "feed/encoding-unknown", at(1, 1)),
            (b"\xFF\xFE<\0\x00\xD8<\0", "feed/encoding-lies", at(1, 2)),
        ] {
            let (_, position, error) = read(bytes, Rule::Xml);
            assert_eq!(error.map(|e| e.code), Some(code), "{bytes:?}");
            assert_eq!(position, place, "{bytes:?}");
        }
        assert_eq!(read(b"id\x07\n", Rule::Table).2.map(|e| e.code), None);
        assert_eq!(read(b"id\0\n", Rule::Table).2.map(|e| e.code), Some("feed/forbidden-character"));
    }

    #[test]
    fn characters_may_straddle_chunks() {
        for shift in 0..4 {
            let text = format!("{}{}", "x".repeat(shift), "é\u{1F600}\n".repeat(40_000));
            assert_eq!(read(text.as_bytes(), Rule::Table).0, text);
        }
    }
}
