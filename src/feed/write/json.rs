//! JSON documents: one object per offer, as lines or as one array.
use super::Encoder;
use serde_json::{Map, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JsonLayout {
    /// One object per line.
    #[default]
    Lines,
    /// `[` objects `]`.
    Array,
}

/// What a value becomes. Text that is no number or boolean stays a string; decimals are exact to 15 digits, so an API
/// that counts in micros takes them as integers or as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JsonValue {
    #[default]
    Text,
    Number,
    Boolean,
}

/// Where a value goes: the keys from the offer, or from the group that is open, down to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonSlot {
    pub path: Vec<String>,
    pub value: JsonValue,
    /// Always an array, even for one value.
    pub repeated: bool,
}

impl JsonSlot {
    /// From a JSON pointer (RFC 6901) such as `/productAttributes/price/amountMicros`.
    pub fn at(pointer: &str) -> Self {
        let keys = pointer.trim_start_matches('/').split('/');
        let path = keys.map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
        JsonSlot { path, value: JsonValue::Text, repeated: false }
    }

    pub fn value(mut self, value: JsonValue) -> Self {
        self.value = value;
        self
    }

    pub fn repeated(mut self) -> Self {
        self.repeated = true;
        self
    }
}

pub struct JsonEncoder {
    layout: JsonLayout,
    slots: Vec<JsonSlot>,
    offer: Map<String, Value>,
    /// The groups that are open, each with the slot it will go to.
    groups: Vec<(usize, Map<String, Value>)>,
}

impl JsonEncoder {
    pub fn new(layout: JsonLayout, slots: Vec<JsonSlot>) -> Self {
        JsonEncoder { layout, slots, offer: Map::new(), groups: Vec::new() }
    }

    fn put(&mut self, slot: usize, value: Value) {
        let Some(slot) = self.slots.get(slot) else {
            debug_assert!(false, "slot {slot} was not declared");
            return;
        };
        let object = self.groups.last_mut().map_or(&mut self.offer, |(_, group)| group);
        insert(object, slot, value);
    }
}

/// A second value for a slot that is not repeated replaces the first.
fn insert(mut object: &mut Map<String, Value>, slot: &JsonSlot, value: Value) {
    let Some((key, parents)) = slot.path.split_last() else { return };
    for parent in parents {
        let entry = object.entry(parent.as_str()).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = entry else { return };
        object = inner;
    }
    if !slot.repeated {
        object.insert(key.clone(), value);
    } else if let Value::Array(values) = object.entry(key.as_str()).or_insert_with(|| Value::Array(Vec::new())) {
        values.push(value);
    }
}

fn typed(kind: JsonValue, text: &str) -> Value {
    let parsed = match kind {
        JsonValue::Text => None,
        JsonValue::Number => serde_json::from_str::<serde_json::Number>(text).ok().map(Value::Number),
        JsonValue::Boolean => text.parse().ok().map(Value::Bool),
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

impl Encoder for JsonEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.layout == JsonLayout::Array {
            out.extend_from_slice(b"[\n");
        }
    }

    fn begin_offer(&mut self, _: &mut Vec<u8>) {
        self.offer.clear();
        self.groups.clear();
    }

    fn field(&mut self, slot: usize, value: &str, _: &mut Vec<u8>) {
        let kind = self.slots.get(slot).map(|slot| slot.value).unwrap_or_default();
        self.put(slot, typed(kind, value));
    }

    fn begin_group(&mut self, slot: usize, _: &mut Vec<u8>) {
        self.groups.push((slot, Map::new()));
    }

    fn end_group(&mut self, _: &mut Vec<u8>) {
        if let Some((slot, group)) = self.groups.pop() {
            self.put(slot, Value::Object(group));
        }
    }

    fn end_offer(&mut self, out: &mut Vec<u8>) {
        while !self.groups.is_empty() {
            self.end_group(out);
        }
        // Strings, numbers and maps with string keys always serialize, and a Vec takes every write.
        let written = serde_json::to_writer(&mut *out, &self.offer);
        debug_assert!(written.is_ok());
        if self.layout == JsonLayout::Lines {
            out.push(b'\n');
        }
    }

    fn between_offers(&self) -> &'static [u8] {
        if self.layout == JsonLayout::Array { b",\n" } else { b"" }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.layout == JsonLayout::Array {
            out.extend_from_slice(b"\n]\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::write::FeedWriter;

    #[test]
    fn nested_typed_and_repeated() {
        let slots = || {
            vec![
                JsonSlot::at("/offerId"),
                JsonSlot::at("/attributes/price/amount").value(JsonValue::Number),
                JsonSlot::at("/attributes/gtins").repeated(),
                JsonSlot::at("/attributes/shipping").repeated(),
                JsonSlot::at("/country"),
                JsonSlot::at("/adult").value(JsonValue::Boolean),
            ]
        };
        let first = r#"{"offerId":"A\"1","attributes":{"price":{"amount":12.9},"gtins":["1","2"],"shipping":[{"country":"DE"}]},"adult":true}"#;
        for (layout, expected) in [
            (JsonLayout::Lines, format!("{first}\n{{\"offerId\":\"B\"}}\n")),
            (JsonLayout::Array, format!("[\n{first},\n{{\"offerId\":\"B\"}}\n]\n")),
        ] {
            let mut feed = FeedWriter::begin(JsonEncoder::new(layout, slots()), Vec::new());
            feed.begin_offer();
            for (slot, value) in [(0, "A\"1"), (1, "12.90"), (2, "1"), (2, "2")] {
                feed.field(slot, value);
            }
            feed.begin_group(3);
            feed.field(4, "DE");
            feed.end_group();
            feed.field(5, "true");
            feed.end_offer().unwrap();
            feed.begin_offer();
            feed.field(0, "B");
            feed.end_offer().unwrap();
            assert_eq!(String::from_utf8(feed.finish().unwrap()).unwrap(), expected);
        }
    }
}
