//! One JSON value: read strictly, and found again by its path when something is wrong with it.
use crate::diagnostic::{Diagnostic, Place};
use crate::intake::bytes::encoding::Spot;
use crate::intake::findings::Refusal;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one value strictly: no key twice, no number that does not fit, nothing after it. `place` is that of its record,
/// which begins at `start` of its file.
pub fn parse(text: &str, place: &Place, start: Spot) -> Result<Value, Refusal> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|e| {
        let at = byte_of(text, e.line(), e.column());
        let mut spot = start;
        spot.advance(&text.as_bytes()[..at]);
        let said = e.to_string();
        let reason = said.split(" at line ").next().unwrap_or(&said);
        let column = spot.column.saturating_sub(1).max(1);
        let place = place.clone().line(spot.line).column(column).attribute(path_at(text, at));
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

/// A step of a path.
enum Step {
    Key(String),
    Index(usize),
}

/// The path of the value in which byte `end` is: `lines[0].unit_price`. Wrong JSON has paths as far as it makes sense.
pub fn path_at(text: &str, end: usize) -> String {
    said(&walk(text.get(..end).unwrap_or(text), |_, _| false))
}

/// The byte at which the value of a path begins.
pub fn byte_at(text: &str, path: &str) -> Option<usize> {
    let mut found = None;
    walk(text, |at, steps| {
        let is_it = said(steps) == path;
        if is_it {
            found = Some(at);
        }
        is_it
    });
    found
}

/// Goes through a text, calls `begins` where a value begins until it says that this will do, and gives the path of where
/// it stopped.
fn walk(text: &str, mut begins: impl FnMut(usize, &[Step]) -> bool) -> Vec<Step> {
    let mut path: Vec<Step> = Vec::new();
    let (mut rest, mut is_value_due) = (text.char_indices(), true);
    while let Some((at, c)) = rest.next() {
        if is_value_due && !c.is_whitespace() && c != ']' && begins(at, &path) {
            break;
        }
        let was_due = is_value_due && !c.is_whitespace();
        is_value_due &= !was_due;
        match c {
            '{' => path.push(Step::Key(String::new())),
            '[' => {
                path.push(Step::Index(0));
                is_value_due = true;
            }
            '}' | ']' => {
                path.pop();
            }
            ',' => {
                if let Some(Step::Index(index)) = path.last_mut() {
                    *index += 1;
                    is_value_due = true;
                }
            }
            ':' => is_value_due = true,
            '"' => {
                let mut string = String::new();
                while let Some((_, c)) = rest.next() {
                    match c {
                        '"' => break,
                        '\\' => string.extend(rest.next().map(|(_, escaped)| escaped)),
                        c => string.push(c),
                    }
                }
                if let (Some(Step::Key(key)), false) = (path.last_mut(), was_due) {
                    *key = string;
                }
            }
            _ => {}
        }
    }
    path
}

fn said(path: &[Step]) -> String {
    let mut said = String::new();
    for step in path {
        match step {
            Step::Index(index) => said += &format!("[{index}]"),
            Step::Key(key) if key.is_empty() => {}
            Step::Key(key) if said.is_empty() => said.push_str(key),
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

    #[test]
    fn a_value_is_found_by_its_path() {
        let text = r#"{"a": [{"b": "x:y,z", "c": 1}, {"b": null}], "d": {"e": true}}"#;
        for (path, value) in
            [("a[0].b", "\"x:y"), ("a[0].c", "1}"), ("a[1].b", "null"), ("d.e", "true"), ("d", "{\"e\"")]
        {
            assert!(text[byte_at(text, path).unwrap()..].starts_with(value), "{path}");
        }
        assert_eq!(byte_at(text, "a[2].b"), None);
        assert_eq!(path_at(text, text.find("null").unwrap()), "a[1].b");
    }
}
