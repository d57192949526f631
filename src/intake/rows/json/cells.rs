//! An object as named cells: nested values by dotted names, lists joined by commas.
use super::value::byte_at;
use crate::intake::bytes::encoding::Spot;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// The record a cell was read from, for its place.
#[derive(Debug)]
pub struct Origin {
    pub number: u64,
    pub start: Spot,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct Cell {
    pub column: Cow<'static, str>,
    /// Of the value in its record: `variants[1].price`.
    pub path: String,
    pub text: String,
    pub origin: Arc<Origin>,
}

impl Cell {
    /// Where the value stands, else its record.
    pub fn spot(&self) -> Spot {
        let mut spot = self.origin.start;
        spot.advance(&self.origin.text.as_bytes()[..byte_at(&self.origin.text, &self.path).unwrap_or(0)]);
        spot
    }
}

/// All cells of an object. Of a list of objects, each key is a column: `images.src` holds all addresses.
pub fn cells(object: &Map<String, Value>, origin: &Arc<Origin>) -> Vec<Cell> {
    let mut cells = IndexMap::new();
    spread(object, "", "", origin, &mut cells);
    cells.into_values().collect()
}

fn spread(
    object: &Map<String, Value>,
    name: &str,
    path: &str,
    origin: &Arc<Origin>,
    cells: &mut IndexMap<String, Cell>,
) {
    for (key, value) in object {
        let dotted = |before: &str| if before.is_empty() { key.clone() } else { format!("{before}.{key}") };
        let (name, path) = (dotted(name), dotted(path));
        match value {
            Value::Object(inner) => spread(inner, &name, &path, origin, cells),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                for (i, item) in items.iter().enumerate() {
                    if let Value::Object(inner) = item {
                        spread(inner, &name, &format!("{path}[{i}]"), origin, cells);
                    }
                }
            }
            other => add(cells, Cell { column: name.into(), path, text: text(other), origin: origin.clone() }),
        }
    }
}

/// A column that is there already has its text joined.
fn add(cells: &mut IndexMap<String, Cell>, cell: Cell) {
    match cells.get_mut(&*cell.column) {
        None => {
            cells.insert(cell.column.to_string(), cell);
        }
        Some(known) if known.text.is_empty() => known.text = cell.text,
        Some(known) if !cell.text.is_empty() => {
            known.text.push(',');
            known.text.push_str(&cell.text);
        }
        Some(_) => {}
    }
}

/// A value as a cell holds it.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null | Value::Object(_) => String::new(),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(","),
    }
}
