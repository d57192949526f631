//! A whole attribute as JSON text in one place: `[{"country":"DE","price":4.9}]`, `{"Color":"blue"}`.
use serde_json::{Map, Value};

use super::document::Place;
use super::json_slots::kind;
use super::offer::Offer;
use super::write::JsonValue;
use crate::channel::Attribute;

pub(super) struct JsonCell {
    /// Name, kind and place (for its form) of each part; empty for plain values.
    parts: Vec<(String, JsonValue, Place)>,
    value: JsonValue,
    pairs: bool,
    repeated: bool,
}

impl JsonCell {
    /// `places` are those of the parts.
    pub fn new(attribute: &Attribute, places: &[Place]) -> JsonCell {
        let part = |((name, field), place): ((&String, &Attribute), &Place)| {
            (name.clone(), kind(place.form.as_ref(), field.kind), place.clone())
        };
        JsonCell {
            parts: attribute.fields.iter().zip(places).map(part).collect(),
            value: kind(None, attribute.kind),
            pairs: attribute.pairs,
            repeated: attribute.repeats() > 1,
        }
    }

    pub fn text(&self, offer: &Offer, attribute: usize) -> String {
        if self.parts.is_empty() {
            return self.list(offer.values(attribute).map(|value| self.value.of(value)));
        }
        let groups = offer.groups(attribute, self.parts.len()).map(|parts| {
            let given = self.parts.iter().zip(parts);
            given
                .filter_map(|((name, kind, place), value)| Some((name, kind.of(&place.text(value?)))))
                .collect::<Vec<_>>()
        });
        if self.pairs {
            let pair = |group: Vec<(&String, Value)>| {
                let [(_, name), (_, value)] = <[_; 2]>::try_from(group).ok()?;
                Some((name.as_str()?.to_owned(), value))
            };
            return Value::Object(groups.filter_map(pair).collect()).to_string();
        }
        let object = |group: Vec<(&String, Value)>| {
            let keys = group.into_iter().map(|(name, value)| (name.clone(), value));
            Value::Object(keys.collect::<Map<_, _>>())
        };
        self.list(groups.map(object))
    }

    fn list(&self, values: impl Iterator<Item = Value>) -> String {
        let mut values: Vec<Value> = values.collect();
        match values.pop() {
            Some(only) if !self.repeated => only.to_string(),
            last => Value::Array(values.into_iter().chain(last).collect()).to_string(),
        }
    }
}

/// What a cell says: its plain values, or the parts of each group by their position. `None` for what is no JSON.
pub(super) fn read(attribute: &Attribute, text: &str) -> Option<Vec<Vec<(usize, String)>>> {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let group = |value: &Value| match value {
        Value::Object(parts) if !attribute.fields.is_empty() => parts
            .iter()
            .filter_map(|(name, value)| Some((attribute.fields.get_index_of(name)?, plain(value))))
            .collect(),
        other => vec![(0, plain(other))],
    };
    Some(match serde_json::from_str(text).ok()? {
        Value::Object(pairs) if attribute.pairs => {
            pairs.iter().map(|(name, value)| vec![(0, name.clone()), (1, plain(value))]).collect()
        }
        Value::Array(values) => values.iter().map(group).collect(),
        single => vec![group(&single)],
    })
}
