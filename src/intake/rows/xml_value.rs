//! An XML document as JSON has it: elements are keys, those that repeat are lists, text is text.
use crate::diagnostic::{Error, Place, Result};
use crate::intake::bytes::source::{Source, error_from};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};
use std::io::Read;

/// Hand-written documents are flat; a deep one is an attack on the stack.
const DEPTH_MAX: usize = 32;

/// An element that is not closed yet.
struct Open {
    name: String,
    fields: Map<String, Value>,
    text: String,
}

impl Open {
    fn new(name: String) -> Open {
        Open { name, fields: Map::new(), text: String::new() }
    }

    fn add(&mut self, name: String, value: Value) {
        match self.fields.get_mut(&name) {
            None => drop(self.fields.insert(name, value)),
            Some(Value::Array(items)) => items.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }

    fn close(self) -> (String, Value) {
        let text = self.text.trim();
        let value = if self.fields.is_empty() { Value::from(text) } else { Value::Object(self.fields) };
        (self.name, value)
    }
}

/// The root element: its name, and what is in it. Attributes are passed over.
///
/// # Errors
/// `import/not-xml` for a document that is not well-formed, not UTF-8, or deeper than any list of orders.
pub(in crate::intake) fn read(source: Source) -> Result<(String, Value)> {
    let name = source.name().to_owned();
    let mut text = String::new();
    source.into_reader().read_to_string(&mut text).map_err(|e| error_from(e, &name))?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().enable_all_checks(true);
    let mut open: Vec<Open> = Vec::new();
    loop {
        let wrong = |why: String| {
            Err(Error::input("import/not-xml", format!("the XML cannot be read: {why}"))
                .at(Place::file(&name))
                .help("write it in UTF-8, with every element closed and `&` as `&amp;`"))
        };
        match reader.read_event() {
            Err(e) => return wrong(e.to_string()),
            Ok(Event::Eof) => return wrong("it ends too early".to_owned()),
            Ok(Event::Start(_)) if open.len() >= DEPTH_MAX => return wrong("it is too deep".to_owned()),
            Ok(Event::Start(tag)) => open.push(Open::new(tag.local_name().into_inner().to_owned())),
            Ok(Event::Empty(tag)) => {
                let name = tag.local_name().into_inner().to_owned();
                match open.last_mut() {
                    Some(parent) => parent.add(name, Value::from("")),
                    None => return Ok((name, Value::from(""))),
                }
            }
            Ok(Event::End(_)) => {
                let Some((name, value)) = open.pop().map(Open::close) else {
                    return wrong("an end too many".to_owned());
                };
                match open.last_mut() {
                    Some(parent) => parent.add(name, value),
                    None => return Ok((name, value)),
                }
            }
            Ok(Event::Text(text)) => {
                if let Some(open) = open.last_mut() {
                    open.text.push_str(&text.xml10_content());
                }
            }
            Ok(Event::CData(text)) => {
                if let Some(open) = open.last_mut() {
                    open.text.push_str(&text.xml10_content());
                }
            }
            Ok(Event::GeneralRef(reference)) => {
                let known = match &*reference {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => reference.resolve_char_ref().ok().flatten(),
                };
                match (known, open.last_mut()) {
                    (Some(c), Some(open)) => open.text.push(c),
                    _ => return wrong(format!("it does not know &{};", &*reference)),
                }
            }
            Ok(_) => {}
        }
    }
}
