//! A contract's JSON format becomes slots: which pointer an attribute goes to, and as what kind of value.
use serde_json::Value;

use super::document::{Column, Fill, Place};
use super::json_cell::JsonCell;
use super::write::{JsonConstant, JsonFrame, JsonSlot, JsonValue, NAME};
use crate::channel::{Attribute, Channel, Form, Json, JsonShape, Named, Naming, Placing, SectionRows, Type};

/// The slots of `attributes`, and the columns that write to them.
pub(super) fn slots(
    json: &Json,
    placing: &Placing<'_>,
    attributes: &[(usize, &String, &Attribute)],
) -> (Vec<JsonSlot>, Vec<Column>) {
    let mut slots = Vec::new();
    let columns = attributes
        .iter()
        .map(|(index, name, attribute)| {
            let at = pointer(json, placing, name, attribute);
            let form = placing.form(name, attribute);
            let mut whole =
                place(&mut slots, at.strip_suffix("/0").filter(|at| at.ends_with('}')).unwrap_or(&at), form, attribute);
            if Form::is_json(form) {
                slots[whole.slot] = JsonSlot::at(&at);
                whole.form = None;
            }
            let key = at.trim_end_matches("/0").rsplit('/').next().and_then(|leaf| attribute.named_by(leaf)).map(
                |(part, before, after)| {
                    let slot = &mut slots[whole.slot];
                    slot.repeated = at.ends_with("/0");
                    if let Some(last) = slot.path.last_mut() {
                        *last = format!("{before}{NAME}{after}");
                    }
                    part
                },
            );
            let parts = attribute.fields.iter().map(|(part, field)| {
                let full = format!("{name}.{part}");
                let at = inside(json, placing, &full, part, field);
                place(&mut slots, &at, placing.form(&full, field), field)
            });
            let parts: Vec<Place> = parts.collect();
            Column {
                attribute: *index,
                fields: attribute.fields.len(),
                path: vec![],
                whole,
                json: Form::is_json(form).then(|| JsonCell::new(attribute, &parts)),
                parts,
                joint: None,
                family: 0,
                keys: key.map(|part| (part, Vec::new())),
            }
        })
        .collect();
    (slots, columns)
}

/// Where an attribute stands in an offer.
pub(super) fn pointer(json: &Json, placing: &Placing<'_>, name: &str, attribute: &Attribute) -> String {
    match placing.at(name, attribute).filter(|at| at.starts_with('/')) {
        Some(at) => at.to_owned(),
        None if placing.nests(name) => format!("/{}", named(json.naming, name)),
        None => format!("{}/{}", json.under, named(json.naming, name)),
    }
}

/// Where a part stands in its group.
pub(super) fn inside(json: &Json, placing: &Placing<'_>, full: &str, part: &str, field: &Attribute) -> String {
    match placing.at(full, field).filter(|at| at.starts_with('/')) {
        Some(at) => at.to_owned(),
        None => format!("/{}", named(json.naming, part)),
    }
}

fn named(naming: Naming, name: &str) -> String {
    match naming {
        Naming::AsIs => name.to_owned(),
        Naming::CamelCase => {
            let mut words = name.split('_');
            let mut made = words.next().unwrap_or_default().to_owned();
            for word in words {
                let mut letters = word.chars();
                made.extend(letters.next().map(|first| first.to_ascii_uppercase()));
                made.push_str(letters.as_str());
            }
            made
        }
    }
}

fn place(slots: &mut Vec<JsonSlot>, pointer: &str, form: Option<&Form>, attribute: &Attribute) -> Place {
    let mut add = |slot: JsonSlot| {
        slots.push(slot);
        slots.len() - 1
    };
    let at = JsonSlot::at(pointer).value(kind(form, attribute.kind));
    let slot = add(if attribute.repeats() > 1 { at.repeated() } else { at });
    let apart = match form {
        Some(Form::Apart(parts)) => Some([
            add(JsonSlot::at(&parts.amount).value(kind(Some(&Form::Named(parts.form)), Type::Price))),
            add(JsonSlot::at(&parts.currency)),
        ]),
        _ => None,
    };
    Place { slot, form: form.cloned(), apart }
}

pub(super) fn kind(form: Option<&Form>, of: Type) -> JsonValue {
    match (form, of) {
        (Some(Form::Named(Named::Number | Named::Minor | Named::Unix)), _) => JsonValue::Number,
        (None, Type::Integer | Type::Number) => JsonValue::Number,
        (None, Type::Boolean) => JsonValue::Boolean,
        _ => JsonValue::Text,
    }
}

/// What stands around the offers and in every one.
pub(super) fn frame(
    json: &Json,
    columns: &[Column],
    channel: &Channel,
    sections: &[SectionRows<'_>],
    fill: Fill<'_>,
) -> JsonFrame {
    let constants = json.constant.iter().map(|constant| {
        let with = constant.with.as_ref().map(|name| {
            let index = channel.contract.attribute.get_index_of(name);
            columns.iter().filter(|column| Some(column.attribute) == index).map(|column| column.whole.slot).collect()
        });
        let number = constant.value.as_str() == Some("$n");
        let value = (!number).then(|| filled(serde_json::to_value(&constant.value).unwrap_or_default(), fill));
        JsonConstant { path: super::write::json_keys(&constant.at), value, with }
    });
    let around = match (&json.document, &json.items) {
        (Some(document), Some(items)) => around(json, document, items, sections, fill),
        _ => None,
    };
    let frame = match (around, json.shape) {
        (Some((before, after)), _) => JsonFrame { before, after, ..JsonFrame::array() },
        (None, JsonShape::Lines) => JsonFrame::lines(),
        (None, JsonShape::Array) => JsonFrame::array(),
    };
    JsonFrame { constants: constants.collect(), ..frame }
}

/// The document's text before and after its offers.
fn around(
    json: &Json,
    document: &str,
    items: &str,
    sections: &[SectionRows<'_>],
    fill: Fill<'_>,
) -> Option<(String, String)> {
    // No text of a contract holds this character, and JSON writes it escaped.
    const HERE: &str = "\u{1}";
    let mut document = filled(serde_json::from_str(document).ok()?, fill);
    for rows in sections {
        if let Some(list) = rows.section.at.as_ref().and_then(|at| document.pointer_mut(at)) {
            *list = rows.rows().map(|row| row_object(row, json.naming)).collect();
        }
    }
    *document.pointer_mut(items)? = Value::String(HERE.to_owned());
    let text = serde_json::to_string_pretty(&document).ok()?;
    let (before, after) = text.split_once("\"\\u0001\"")?;
    Some((format!("{before}[\n"), format!("\n]{after}\n")))
}

/// A row of a section: its columns are keys.
fn row_object<'r>(row: impl Iterator<Item = (&'r str, &'r str, &'r Value)>, naming: Naming) -> Value {
    Value::Object(row.map(|(column, _, value)| (named(naming, column), value.clone())).collect())
}

/// Strings that are `$name` become what they name.
fn filled(value: Value, fill: Fill<'_>) -> Value {
    match value {
        Value::String(text) => Value::String(fill(&text)),
        Value::Array(values) => values.into_iter().map(|value| filled(value, fill)).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, filled(value, fill))).collect(),
        other => other,
    }
}
