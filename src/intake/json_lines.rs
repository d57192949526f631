//! JSON lines: one object a line, read strictly, with the path and column of what is wrong.
use super::encoding::{Encoding, Text};
use super::findings::Refusal;
use super::source::{Source, error_from};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::io::BufRead;

/// The longest line taken.
const LINE_BYTES_MAX: usize = 1 << 20;

/// A value and the line it stands on.
pub type Line = (Place, Value);

pub struct JsonLines {
    text: Text,
    line: u64,
    bytes: u64,
}

impl JsonLines {
    pub fn open(source: Source, asked: Option<&str>) -> Result<JsonLines> {
        let text = Text::open(source, asked)?;
        let name = text.encoding().name;
        if name != "UTF-8" && asked.is_none() {
            return Err(Error::input("json/not-utf8", format!("{} is {name}, but JSON is UTF-8", text.name()))
                .at(Place::file(text.name()).record(1).line(1))
                .help(format!("save it as UTF-8, or add `--encoding {name}`")));
        }
        Ok(JsonLines { text, line: 0, bytes: 0 })
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
    pub fn read(&mut self) -> Result<Option<Result<Line, Refusal>>> {
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
            return Ok(Some(parse(&text, &place).map(|value| (place, value))));
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

/// Reads one value strictly: no key twice, no number that does not fit, nothing after it.
fn parse(text: &str, place: &Place) -> Result<Value, Refusal> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|e| {
        let at = byte_of(text, e.line(), e.column());
        let column = text[..at].chars().count() as u64;
        let said = e.to_string();
        let reason = said.split(" at line ").next().unwrap_or(&said);
        let place = place.clone().column(column.max(1)).attribute(path_at(text, at));
        let help = "a program that writes JSON does not write this: export it again, or mend the line";
        Box::new(Diagnostic::error("json/unreadable", format!("this is not JSON: {reason}")).at(place).help(help))
    })
}

/// Where serde's line and column (of bytes, from 1) are in a text.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The path of the value in which byte `end` is: `lines[0].unit_price`. Wrong JSON has paths as far as it makes sense.
fn path_at(text: &str, end: usize) -> String {
    enum Step {
        Key(String),
        Index(usize),
    }
    let mut path: Vec<Step> = Vec::new();
    let (mut rest, mut after_colon) = (text.get(..end).unwrap_or(text).char_indices(), false);
    while let Some((_, c)) = rest.next() {
        match c {
            '{' => path.push(Step::Key(String::new())),
            '[' => path.push(Step::Index(0)),
            '}' | ']' => {
                path.pop();
            }
            ',' => match path.last_mut() {
                Some(Step::Index(index)) => *index += 1,
                _ => after_colon = false,
            },
            ':' => after_colon = true,
            '"' => {
                let mut string = String::new();
                while let Some((_, c)) = rest.next() {
                    match c {
                        '"' => break,
                        '\\' => string.extend(rest.next().map(|(_, escaped)| escaped)),
                        c => string.push(c),
                    }
                }
                if let (Some(Step::Key(key)), false) = (path.last_mut(), after_colon) {
                    *key = string;
                }
            }
            _ => {}
        }
        if matches!(c, '{' | '[') {
            after_colon = false;
        } else if matches!(c, '}' | ']') {
            after_colon = true;
        }
    }
    let mut said = String::new();
    for step in path {
        match step {
            Step::Index(index) => said += &format!("[{index}]"),
            Step::Key(key) if key.is_empty() => {}
            Step::Key(key) if said.is_empty() => said = key,
            Step::Key(key) => said += &format!(".{key}"),
        }
    }
    said
}

/// Builds a value, but refuses a key that comes twice, where serde_json would keep the last.
#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` comes twice")));
            }
            let value = entries.next_value_seed(self)?;
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Fault = (String, Option<u64>, Option<String>);

    fn all(text: &str) -> Vec<Result<Value, Fault>> {
        let mut lines = JsonLines::open(Source::bytes("x.jsonl", text).unwrap(), None).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.read().unwrap() {
            all.push(line.map(|(_, value)| value).map_err(|d| (d.code, d.place.line, d.place.attribute)));
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
        assert!(all(&format!("{}\n", "[".repeat(100_000)))[0].is_err());
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain("{}".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let error = JsonLines::open(Source::bytes("x.jsonl", utf16).unwrap(), None).err().unwrap();
        assert_eq!((error.code, error.place.line), ("json/not-utf8", Some(1)));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}:,\"\\\\a1é\\n ]{0,60}") {
            if let Ok(source) = Source::bytes("x.jsonl", text) && let Ok(mut lines) = JsonLines::open(source, None) {
                while let Ok(Some(_)) = lines.read() {}
            }
        }
    }
}
