//! JSON: objects one after the other (one a line, as a rule), one list of them, or a list inside a larger document.
//!
//! An object is a field with fields inside, a list is the same field several times, `null` is no field.
use super::source::{Rule, Source};
use super::{OfferReader, Position, RawOffer, ReadOptions};
use crate::diagnostic::{Diagnostic, Error, Result};
use std::io::{BufRead, Read};

/// See [`OfferReader`]. `ReadOptions::item` that begins with `/` is the JSON pointer of the list of offers.
pub struct JsonReader<R> {
    source: Source<R>,
    head: RawOffer,
    /// Keys down to the list of offers.
    path: Vec<String>,
    state: State,
    offers: u64,
    depth: usize,
    key: String,
    text: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    /// Inside the list of offers.
    List,
    /// Objects one after the other.
    Stream,
    Done,
}

impl<R: Read> JsonReader<R> {
    pub fn new(input: R, options: ReadOptions) -> Self {
        let pointer = options.item.as_deref().filter(|item| item.starts_with('/'));
        JsonReader {
            source: Source::new(input, Rule::Table, &options),
            head: RawOffer::default(),
            path: pointer.map_or_else(Vec::new, |p| p[1..].split('/').map(str::to_owned).collect()),
            state: State::Start,
            offers: 0,
            depth: options.limits.depth,
            key: String::new(),
            text: Vec::new(),
        }
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        match self.source.fill_buf().map(|bytes| bytes.first().copied()) {
            Ok(byte) => Ok(byte),
            Err(_) => {
                let place = self.source.position().place(self.source.file());
                Err(self.source.take_error().unwrap_or_else(|| Error::bug("a fault without an error").at(place)))
            }
        }
    }

    fn next(&mut self) -> Result<Option<u8>> {
        let byte = self.peek()?;
        self.source.consume(usize::from(byte.is_some()));
        Ok(byte)
    }

    /// The next byte that is not white space, not yet taken.
    fn significant(&mut self) -> Result<Option<u8>> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
            self.source.consume(1);
        }
        Ok(None)
    }

    fn wrong(&self, at: Position, message: impl Into<String>) -> Error {
        Error::input("feed/not-json", message.into())
            .at(at.place(self.source.file()))
            .help("mend the JSON here; what stands before it was read")
    }

    fn expect(&mut self, wanted: u8) -> Result<()> {
        self.significant()?;
        let at = self.source.position();
        match self.next()? {
            Some(found) if found == wanted => Ok(()),
            Some(found) => Err(self.wrong(
                at,
                format!(
                    "`{}` is expected, and `{}` stands here",
                    char::from(wanted),
                    char::from(found).escape_default()
                ),
            )),
            None => Err(self.wrong(at, "the document ends too early")),
        }
    }

    /// Goes down to the first offer.
    fn begin(&mut self) -> Result<()> {
        for key in std::mem::take(&mut self.path) {
            if self.significant()? == Some(b'[') {
                break;
            }
            self.descend(&key)?;
        }
        self.state = match self.significant()? {
            Some(b'[') => {
                self.source.consume(1);
                State::List
            }
            Some(_) => State::Stream,
            None => State::Done,
        };
        Ok(())
    }

    /// To the value of `wanted` in the object that starts here.
    fn descend(&mut self, wanted: &str) -> Result<()> {
        let start = self.source.position();
        self.expect(b'{')?;
        let mut passed_over = RawOffer::default();
        while self.significant()? != Some(b'}') {
            self.read_key()?;
            if self.key == wanted {
                return Ok(());
            }
            let name = std::mem::take(&mut self.key);
            passed_over.clear();
            self.value(&name, &mut passed_over, 1)?;
            if self.significant()? == Some(b',') {
                self.source.consume(1);
            }
        }
        Err(self.wrong(start, format!("this object has no `{wanted}`, which holds the offers")))
    }

    /// `"key":` into `self.key`.
    fn read_key(&mut self) -> Result<()> {
        self.significant()?;
        let at = self.source.position();
        self.expect(b'"')?;
        self.string(at)?;
        self.key.clear();
        self.key.push_str(&String::from_utf8_lossy(&self.text));
        self.expect(b':')
    }

    /// The value that starts here, as a field called `name`.
    fn value(&mut self, name: &str, offer: &mut RawOffer, depth: usize) -> Result<()> {
        let first = self.significant()?;
        let at = self.source.position();
        if depth > self.depth {
            return Err(self.wrong(at, format!("values stand more than {} deep in one another", self.depth)));
        }
        match first {
            Some(b'{') => self.object(name, offer, at, depth),
            Some(b'[') => self.list(name, offer, depth),
            Some(b'"') => {
                self.source.consume(1);
                self.string(at)?;
                self.leaf(name, offer, at);
                Ok(())
            }
            Some(_) => {
                self.literal(at)?;
                if self.text != b"null" {
                    self.leaf(name, offer, at);
                }
                Ok(())
            }
            None => Err(self.wrong(at, "the document ends too early")),
        }
    }

    fn leaf(&self, name: &str, offer: &mut RawOffer, at: Position) {
        offer.start(name, None, at);
        offer.push_text(&String::from_utf8_lossy(&self.text));
        offer.end();
    }

    fn object(&mut self, name: &str, offer: &mut RawOffer, at: Position, depth: usize) -> Result<()> {
        self.source.consume(1);
        offer.start(name, None, at);
        if self.significant()? == Some(b'}') {
            self.source.consume(1);
            offer.end();
            return Ok(());
        }
        loop {
            self.read_key()?;
            let key = std::mem::take(&mut self.key);
            self.value(&key, offer, depth + 1)?;
            self.key = key;
            if self.ends(b'}')? {
                offer.end();
                return Ok(());
            }
        }
    }

    fn list(&mut self, name: &str, offer: &mut RawOffer, depth: usize) -> Result<()> {
        self.source.consume(1);
        if self.significant()? == Some(b']') {
            self.source.consume(1);
            return Ok(());
        }
        loop {
            self.value(name, offer, depth + 1)?;
            if self.ends(b']')? {
                return Ok(());
            }
        }
    }

    /// Takes a comma (false) or the `end` (true).
    fn ends(&mut self, end: u8) -> Result<bool> {
        self.significant()?;
        let at = self.source.position();
        match self.next()? {
            Some(b',') => Ok(false),
            Some(byte) if byte == end => Ok(true),
            Some(byte) => {
                let found = char::from(byte).escape_default();
                Err(self.wrong(at, format!("a comma or `{}` is expected, and `{found}` stands here", char::from(end))))
            }
            None => Err(self.wrong(at, "the document ends too early")),
        }
    }

    /// Up to the closing quote, into `self.text`.
    fn string(&mut self, start: Position) -> Result<()> {
        self.text.clear();
        loop {
            self.peek()?;
            let bytes = self.source.fill_buf().unwrap_or_default();
            let run = bytes.iter().position(|b| matches!(b, b'"' | b'\\')).unwrap_or(bytes.len());
            self.text.extend_from_slice(&bytes[..run]);
            self.source.consume(run);
            match self.peek()? {
                Some(b'"') => {
                    self.source.consume(1);
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(_) => {}
                None => return Err(self.wrong(start, "a string opens here and never closes")),
            }
        }
    }

    fn escape(&mut self) -> Result<()> {
        let at = self.source.position();
        self.source.consume(1);
        let byte = match self.next()? {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'u') => {
                let character = self.unicode(at)?;
                self.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.wrong(at, "this escape means nothing in JSON")),
        };
        self.text.push(byte);
        Ok(())
    }

    /// After `\u`: one character, or a pair of surrogates. Half a pair becomes U+FFFD.
    fn unicode(&mut self, at: Position) -> Result<char> {
        let first = self.hex(at)?;
        if !(0xD800..0xDC00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if self.next()? != Some(b'\\') || self.next()? != Some(b'u') {
            return Err(self.wrong(at, "half of a surrogate pair"));
        }
        let second = self.hex(at)?;
        let low = second.checked_sub(0xDC00).filter(|low| *low < 0x400);
        let whole = low.and_then(|low| char::from_u32(0x10000 + ((first - 0xD800) << 10) + low));
        Ok(whole.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self, at: Position) -> Result<u32> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.next()?.and_then(|byte| char::from(byte).to_digit(16));
            value = value * 16 + digit.ok_or_else(|| self.wrong(at, "\\u needs four hexadecimal digits"))?;
        }
        Ok(value)
    }

    /// A number, `true`, `false` or `null`, into `self.text`.
    fn literal(&mut self, at: Position) -> Result<()> {
        self.text.clear();
        while let Some(byte) = self.peek()?.filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
            self.text.push(byte);
            self.source.consume(1);
        }
        let text = str::from_utf8(&self.text).unwrap_or_default();
        let known =
            matches!(text, "true" | "false" | "null") || serde_json::from_str::<serde_json::Number>(text).is_ok();
        if known { Ok(()) } else { Err(self.wrong(at, format!("a value is expected, and `{text}` stands here"))) }
    }
}

impl<R: Read> OfferReader for JsonReader<R> {
    fn read_offer(&mut self, offer: &mut RawOffer) -> Result<bool> {
        self.source.begin_part();
        if self.state == State::Start {
            self.begin()?;
        }
        let next = self.significant()?;
        match (self.state, next) {
            (State::Done, _) => return Ok(false),
            (State::Stream, None) => {
                self.state = State::Done;
                return Ok(false);
            }
            (State::List, Some(b']')) if self.offers == 0 => {
                self.state = State::Done;
                return Ok(false);
            }
            (State::List, _) if self.offers > 0 && self.ends(b']')? => {
                self.state = State::Done;
                return Ok(false);
            }
            _ => {}
        }
        self.source.begin_part();
        if self.significant()? != Some(b'{') {
            let at = self.source.position();
            return Err(self.wrong(at, "an offer is expected here, a JSON object"));
        }
        offer.clear();
        self.value("offer", offer, 1)?;
        self.offers += 1;
        offer.set_index(self.offers);
        Ok(true)
    }

    fn head(&self) -> &RawOffer {
        &self.head
    }

    fn take_findings(&mut self) -> Vec<Diagnostic> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, item: Option<&str>) -> Result<Vec<String>> {
        let options = ReadOptions { item: item.map(str::to_owned), ..ReadOptions::default() };
        let mut reader = JsonReader::new(text.as_bytes(), options);
        let (mut offer, mut found) = (RawOffer::default(), Vec::new());
        while reader.read_offer(&mut offer)? {
            let fields = offer.fields().map(|f| {
                let inside: Vec<String> = f.children().map(|c| format!("{}={}", c.name(), c.text())).collect();
                format!("{}={}{:?}@{}:{}", f.name(), f.text(), inside, f.position().line, f.position().column)
            });
            found.push(fields.collect::<Vec<_>>().join(" "));
        }
        Ok(found)
    }

    #[test]
    fn lines_lists_and_lists_inside() {
        let expected = ["id=1[]@1:8", "id=2[]@2:8"];
        assert_eq!(read("{\"id\": 1}\n{\"id\": \"2\"}\n", None).unwrap(), expected);
        let list = read("[{\"id\":\"a\\u00e9\\ud83d\\ude00\\n\",\"x\":null,\"l\":[1,true]},\n{}]", None).unwrap();
        assert_eq!(list, ["id=aé😀\n[]@1:8 l=1[]@1:46 l=true[]@1:48", ""]);
        let inside =
            read("{\"head\":{\"a\":[1,{}]},\"m\":{\"items\":[{\"p\":{\"v\":1.50}}],\"z\":1}}", Some("/m/items"));
        assert_eq!(inside.unwrap(), ["p=[\"v=1.50\"]@1:41"]);
        assert_eq!(read("[]", None).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (text, place, says) in [
            ("[{\"a\":1}\n{\"b\":2}]", (2, 1), "a comma or `]`"),
            ("{\"a\":tru}", (1, 6), "`tru`"),
            ("{\"a\":\"x", (1, 6), "never closes"),
            ("{\"a\":1", (1, 7), "too early"),
            ("[1]", (1, 2), "an offer"),
            ("{\"a\":\"\\q\"}", (1, 7), "escape"),
        ] {
            let error = read(text, None).unwrap_err();
            assert_eq!((error.place.line, error.place.column), (Some(place.0), Some(place.1)), "{text}");
            assert!(error.message.contains(says), "{text}: {}", error.message);
        }
        assert!(read(&"[".repeat(500), None).is_err());
        assert!(read(&format!("{{\"a\":{}", "[".repeat(500)), None).is_err());
    }
}
