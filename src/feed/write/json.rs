//! JSON documents: one object per offer, as lines, as one array, or as a list inside a larger document.
use super::Encoder;
use serde_json::{Map, Value};

/// What stands around the offers, and in every one of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JsonFrame {
    pub before: String,
    pub between: &'static str,
    /// After each offer.
    pub end: &'static str,
    pub after: String,
    pub constants: Vec<JsonConstant>,
}

/// A value that does not come from the offer.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonConstant {
    pub path: Vec<String>,
    /// `None`: the number of the offer, from 1.
    pub value: Option<Value>,
    /// Only in offers with a value in one of these slots.
    pub with: Option<Vec<usize>>,
}

impl JsonFrame {
    /// One object a line.
    pub fn lines() -> Self {
        JsonFrame { end: "\n", ..JsonFrame::default() }
    }

    /// `[` objects `]`.
    pub fn array() -> Self {
        JsonFrame { before: "[\n".into(), between: ",\n", after: "\n]\n".into(), ..JsonFrame::default() }
    }
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
        JsonSlot { path: keys(pointer), value: JsonValue::Text, repeated: false }
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

/// Stands in a slot's name for what [`Encoder::named`] is given. No text of a contract holds it.
pub const NAME: &str = "\u{2}";

/// The keys of a JSON pointer.
pub fn keys(pointer: &str) -> Vec<String> {
    let keys = pointer.strip_prefix('/').unwrap_or(pointer).split('/');
    keys.map(|key| key.replace("~1", "/").replace("~0", "~")).collect()
}

pub struct JsonEncoder {
    frame: JsonFrame,
    slots: Vec<JsonSlot>,
    /// Where numbers are keys: lists, innermost first.
    lists: Vec<Vec<String>>,
    /// Which slots of this offer have a value; kept only when a constant asks.
    used: Vec<bool>,
    number: u64,
    offer: Map<String, Value>,
    /// The groups that are open, each with the slot it will go to.
    groups: Vec<(usize, Map<String, Value>)>,
}

impl JsonEncoder {
    pub fn new(frame: JsonFrame, slots: Vec<JsonSlot>) -> Self {
        let paths = slots.iter().map(|slot| &slot.path).chain(frame.constants.iter().map(|constant| &constant.path));
        let numbered = |path: &Vec<String>| {
            let numbers = path.iter().enumerate().filter(|(_, key)| is_number(key)).map(|(depth, _)| depth);
            numbers.map(|depth| path[..depth].to_vec()).collect::<Vec<_>>()
        };
        let mut lists: Vec<Vec<String>> = paths.flat_map(numbered).filter(|list| !list.is_empty()).collect();
        lists.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        lists.dedup();
        let used = vec![false; slots.len()];
        JsonEncoder { frame, slots, lists, used, number: 0, offer: Map::new(), groups: Vec::new() }
    }

    fn add_constants(&mut self) {
        for constant in &self.frame.constants {
            if constant.with.as_ref().is_some_and(|with| !with.iter().any(|slot| self.used.get(*slot) == Some(&true))) {
                continue;
            }
            let value = constant.value.clone().unwrap_or_else(|| Value::from(self.number));
            insert(&mut self.offer, &constant.path, false, value);
        }
    }

    fn put(&mut self, slot: usize, value: Value) {
        let Some(slot) = self.slots.get(slot) else {
            debug_assert!(false, "slot {slot} was not declared");
            return;
        };
        let object = self.groups.last_mut().map_or(&mut self.offer, |(_, group)| group);
        insert(object, &slot.path, slot.repeated, value);
    }
}

/// A second value for a slot that is not repeated replaces the first.
fn insert(mut object: &mut Map<String, Value>, path: &[String], repeated: bool, value: Value) {
    let Some((key, parents)) = path.split_last() else { return };
    for parent in parents {
        let entry = object.entry(parent.as_str()).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = entry else { return };
        object = inner;
    }
    if !repeated {
        object.insert(key.clone(), value);
    } else if let Value::Array(values) = object.entry(key.as_str()).or_insert_with(|| Value::Array(Vec::new())) {
        values.push(value);
    }
}

fn is_number(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit())
}

/// The object at `path`, whose keys are numbers, becomes a list in their order; numbers nobody used leave no hole.
fn close_up(offer: &mut Map<String, Value>, path: &[String]) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut object = offer;
    for parent in parents {
        let Some(Value::Object(inner)) = object.get_mut(parent) else { return };
        object = inner;
    }
    let Some(place) = object.get_mut(last) else { return };
    // Where the same keys lead from the offer and from a group in it, only one of them may be a list.
    if let Value::Object(numbered) = place
        && numbered.keys().all(|key| is_number(key))
    {
        let mut entries: Vec<(u64, Value)> =
            std::mem::take(numbered).into_iter().map(|(key, value)| (key.parse().unwrap_or(u64::MAX), value)).collect();
        entries.sort_by_key(|(number, _)| *number);
        *place = Value::Array(entries.into_iter().map(|(_, value)| value).collect());
    }
}

impl JsonValue {
    /// The value that `text` says.
    pub fn of(self, text: &str) -> Value {
        let parsed = match self {
            JsonValue::Text => None,
            JsonValue::Number => serde_json::from_str::<serde_json::Number>(text).ok().map(Value::Number),
            JsonValue::Boolean => text.parse().ok().map(Value::Bool),
        };
        parsed.unwrap_or_else(|| Value::String(text.to_owned()))
    }
}

impl Encoder for JsonEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.frame.before.as_bytes());
    }

    fn begin_offer(&mut self, _: &mut Vec<u8>) {
        self.number += 1;
        self.offer.clear();
        self.groups.clear();
        self.used.fill(false);
    }

    fn field(&mut self, slot: usize, value: &str, _: &mut Vec<u8>) {
        let kind = self.slots.get(slot).map(|slot| slot.value).unwrap_or_default();
        if let Some(used) = self.used.get_mut(slot) {
            *used = true;
        }
        self.put(slot, kind.of(value));
    }

    fn named(&mut self, slot: usize, name: &str, value: &str, _: &mut Vec<u8>) {
        if let Some(used) = self.used.get_mut(slot) {
            *used = true;
        }
        let Some(JsonSlot { path, value: kind, repeated }) = self.slots.get(slot) else { return };
        let path: Vec<String> = path.iter().map(|key| key.replace(NAME, name)).collect();
        let object = self.groups.last_mut().map_or(&mut self.offer, |(_, group)| group);
        insert(object, &path, *repeated, kind.of(value));
    }

    fn begin_group(&mut self, slot: usize, _: &mut Vec<u8>) {
        if let Some(used) = self.used.get_mut(slot) {
            *used = true;
        }
        self.groups.push((slot, Map::new()));
    }

    fn end_group(&mut self, _: &mut Vec<u8>) {
        if let Some((slot, mut group)) = self.groups.pop() {
            self.lists.iter().for_each(|list| close_up(&mut group, list));
            self.put(slot, Value::Object(group));
        }
    }

    fn end_offer(&mut self, out: &mut Vec<u8>) {
        while !self.groups.is_empty() {
            self.end_group(out);
        }
        self.add_constants();
        self.lists.iter().for_each(|list| close_up(&mut self.offer, list));
        // Strings, numbers and maps with string keys always serialize, and a Vec takes every write.
        let written = serde_json::to_writer(&mut *out, &self.offer);
        debug_assert!(written.is_ok());
        out.extend_from_slice(self.frame.end.as_bytes());
    }

    fn between_offers(&self) -> &'static [u8] {
        self.frame.between.as_bytes()
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.frame.after.as_bytes());
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
        for (frame, expected) in [
            (JsonFrame::lines(), format!("{first}\n{{\"offerId\":\"B\"}}\n")),
            (JsonFrame::array(), format!("[\n{first},\n{{\"offerId\":\"B\"}}\n]\n")),
        ] {
            let mut feed = FeedWriter::begin(JsonEncoder::new(frame, slots()), Vec::new());
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
            assert_eq!(String::from_utf8(feed.finish().unwrap().remove(0)).unwrap(), expected);
        }
    }

    #[test]
    fn numbers_make_lists_and_what_is_absent_leaves_no_hole() {
        let constant = |pointer: &str, value: Option<Value>, with: Option<usize>| JsonConstant {
            path: keys(pointer),
            value,
            with: with.map(|slot| vec![slot]),
        };
        let frame = JsonFrame {
            constants: vec![
                constant("/messageId", None, None),
                constant("/patches/0/op", Some("replace".into()), Some(0)),
                constant("/patches/1/op", Some("replace".into()), Some(1)),
            ],
            ..JsonFrame::lines()
        };
        let slots = vec![JsonSlot::at("/patches/0/value/0/amount"), JsonSlot::at("/patches/1/value")];
        let mut feed = FeedWriter::begin(JsonEncoder::new(frame, slots), Vec::new());
        for fields in [&[(0, "1.00"), (1, "x")][..], &[(1, "y")]] {
            feed.begin_offer();
            fields.iter().for_each(|(slot, value)| feed.field(*slot, value));
            feed.end_offer().unwrap();
        }
        let text = String::from_utf8(feed.finish().unwrap().remove(0)).unwrap();
        let expected = [
            r#"{"patches":[{"value":[{"amount":"1.00"}],"op":"replace"},{"value":"x","op":"replace"}],"messageId":1}"#,
            r#"{"patches":[{"value":"y","op":"replace"}],"messageId":2}"#,
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
