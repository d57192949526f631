//! Overlays: what a shop adds to a contract at run time, `feeds/<channel>.overlay.toml`, or the JSON Schema of a product
//! type as a channel hands it out, `feeds/<channel>.overlay.json`.
//!
//! Tables are merged key by key, lists of rules are joined, everything else is replaced.
use serde_json::Value as Json;
use toml::{Table, Value};

use super::contract::{Contract, syntax};
use crate::diagnostic::{Diagnostic, Error, Place, Result};

impl Contract {
    /// Reads a contract with an overlay, and everything that is wrong with the two together.
    pub fn read_overlaid(text: &str, file: &str, overlay: &str) -> Result<(Contract, Vec<Diagnostic>)> {
        let mut merged: Table = toml::from_str(text).map_err(|e| syntax(file, text, &e))?;
        let added = match file.ends_with(".json") {
            true => of_schema(file, overlay, merged.get("schema_under").and_then(Value::as_str).unwrap_or_default())?,
            false => toml::from_str(overlay).map_err(|e| syntax(file, overlay, &e))?,
        };
        merge(&mut merged, added);
        let contract: Contract = Value::Table(merged).try_into().map_err(|e: toml::de::Error| {
            Error::usage("contract/wrong", e.message().to_owned())
                .at(Place::file(file))
                .help("an overlay has the keys of a contract: see feeds/README.md")
        })?;
        let faults = contract.faults(file, overlay);
        Ok((contract, faults))
    }
}

fn merge(base: &mut Table, added: Table) {
    for (key, value) in added {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => merge(inner, value),
            (Some(Value::Array(rules)), Value::Array(more)) if key == "rule" => rules.extend(more),
            (_, value) => drop(base.insert(key, value)),
        }
    }
}

/// Properties of a JSON Schema as attributes: type, limits, enum, required. Each goes where the schema has its value, at
/// `/brand/0/value` for a list of objects with a `value`; properties that hold no single value are left out.
fn of_schema(file: &str, text: &str, under: &str) -> Result<Table> {
    let wrong = |what: String| {
        Error::usage("contract/wrong", what)
            .at(Place::file(file))
            .help("give the JSON Schema of a product type as the channel hands it out")
    };
    let schema: Json = serde_json::from_str(text).map_err(|e| wrong(format!("no JSON: {e}")))?;
    let properties =
        schema.get("properties").and_then(Json::as_object).ok_or_else(|| wrong("no `properties`".into()))?;
    let required = schema.get("required").and_then(Json::as_array);
    let mut attributes = Table::new();
    for (name, property) in properties {
        let Some((pointer, leaf)) = leaf(property, format!("{under}/{name}")) else { continue };
        let Some(mut attribute) = attribute(leaf) else { continue };
        attribute.insert("at".into(), pointer.into());
        let is_required = required.is_some_and(|names| names.iter().any(|one| one == name.as_str()));
        attribute.insert("required".into(), is_required.into());
        attributes.insert(name.clone(), Value::Table(attribute));
    }
    Ok(Table::from_iter([("attribute".to_owned(), Value::Table(attributes))]))
}

fn leaf(schema: &Json, pointer: String) -> Option<(String, &Json)> {
    match schema.get("type").and_then(Json::as_str)? {
        "array" => leaf(schema.get("items")?, pointer + "/0"),
        "object" => leaf(schema.pointer("/properties/value")?, pointer + "/value"),
        _ => Some((pointer, schema)),
    }
}

fn attribute(leaf: &Json) -> Option<Table> {
    let mut attribute = Table::new();
    let words = leaf.get("enum").and_then(Json::as_array).map(|words| words.iter().filter_map(Json::as_str));
    let values: Vec<Value> = words.into_iter().flatten().map(Value::from).collect();
    let (kind, limits) = match leaf.get("type").and_then(Json::as_str)? {
        "string" if !values.is_empty() => ("enum", ["", ""]),
        "string" => ("text", ["minLength", "maxLength"]),
        "integer" => ("integer", ["minimum", "maximum"]),
        "number" => ("number", ["minimum", "maximum"]),
        "boolean" => ("boolean", ["", ""]),
        _ => return None,
    };
    attribute.insert("type".into(), kind.into());
    for (key, limit) in ["min", "max"].into_iter().zip(limits) {
        if let Some(limit) = leaf.get(limit).and_then(Json::as_i64) {
            attribute.insert(key.into(), limit.into());
        }
    }
    if kind == "enum" {
        attribute.insert("values".into(), Value::Array(values));
    }
    Some(attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = r#"
title = "Small"
sources = ["https://example.org"]
checked = 2026-11-25
identity = ["sku"]
missing = "kept"
schema_under = "/attributes"

[format.json]
kind = "json"
file = "small.json"

[attribute.sku]
type = "text"
required = true

[attribute.brand]
type = "text"
help = "the brand"
"#;

    #[test]
    fn an_overlay_adds_and_overrides() {
        let overlay = "[attribute.brand]\nmax = 5\n[attribute.color]\ntype = 'enum'\nvalues = ['red']\n";
        let (contract, faults) = Contract::read_overlaid(BASE, "small.overlay.toml", overlay).unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        let brand = &contract.attribute["brand"];
        assert_eq!((brand.max, brand.help.as_deref()), (Some(5), Some("the brand")));
        assert_eq!(contract.attribute["color"].values, ["red"]);
        let error = Contract::read_overlaid(BASE, "small.overlay.toml", "[attribute.x]\ntipe = 'text'").unwrap_err();
        assert_eq!(error.place.file.as_deref(), Some("small.overlay.toml"));
    }

    #[test]
    fn a_json_schema_is_an_overlay() {
        let schema = r#"{"required": ["brand"], "properties": {
            "brand": {"type": "array", "items": {"type": "object", "properties": {"value": {"type": "string", "maxLength": 50}}}},
            "unit_count": {"type": "integer", "minimum": 1},
            "finish": {"type": "array", "items": {"type": "object", "properties": {"value": {"type": "string", "enum": ["matt"]}}}},
            "size": {"type": "object", "properties": {"height": {"type": "number"}}}
        }}"#;
        let (contract, faults) = Contract::read_overlaid(BASE, "small.overlay.json", schema).unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        let brand = &contract.attribute["brand"];
        assert_eq!(
            (brand.required, brand.max, brand.at.as_deref()),
            (true, Some(50), Some("/attributes/brand/0/value"))
        );
        assert_eq!(contract.attribute["unit_count"].min, Some(1));
        assert_eq!(contract.attribute["finish"].values, ["matt"]);
        assert!(!contract.attribute.contains_key("size"));
    }
}
