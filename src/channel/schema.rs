//! The contract format as JSON Schema, so that editors complete and check a contract while it is written.

/// Draft 2020-12; `feeds/contract.schema.json` of the project.
pub const SCHEMA: &str = include_str!("../../feeds/contract.schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::de::{self, Deserialize, Deserializer, Visitor};
    use serde_json::Value;

    use super::super::attribute::{Attribute, Over, Type, Unit};
    use super::super::contract::{Contract, Missing, Setting, Unsent};
    use super::super::form::{Named, TwoPlaces};
    use super::super::format::{
        Compress, Constant, Delimited, Json, JsonShape, LineEnding, Naming, Nest, OpenElement, Quoted, Shard, Xml,
    };
    use super::super::rule::{Differ, Rule, Test};
    use super::super::section::Section;
    use super::super::taxonomy::Publisher;
    use super::SCHEMA;
    use crate::diagnostic::Severity;

    /// Asks a type which keys, or which words, it reads: serde tells a deserializer before anything is read.
    struct Spy;

    #[derive(Debug)]
    struct Told(Vec<&'static str>);

    impl std::fmt::Display for Told {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{:?}", self.0)
        }
    }

    impl std::error::Error for Told {}

    impl de::Error for Told {
        fn custom<T: std::fmt::Display>(message: T) -> Self {
            panic!("{message}")
        }
    }

    impl<'de> Deserializer<'de> for Spy {
        type Error = Told;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Told> {
            panic!("neither a struct nor an enum")
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Told> {
            Err(Told(fields.to_vec()))
        }

        fn deserialize_enum<V: Visitor<'de>>(
            self,
            _: &'static str,
            variants: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Told> {
            Err(Told(variants.to_vec()))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
        }
    }

    fn told<T: for<'de> Deserialize<'de>>() -> BTreeSet<String> {
        match T::deserialize(Spy) {
            Ok(_) => panic!("nothing was read"),
            Err(Told(names)) => names.into_iter().map(str::to_owned).collect(),
        }
    }

    fn words(value: &Value) -> BTreeSet<String> {
        match value {
            Value::Object(keys) => keys.keys().cloned().collect(),
            Value::Array(words) => words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect(),
            other => panic!("no words: {other}"),
        }
    }

    #[test]
    fn the_schema_says_what_the_code_reads() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        for (pointer, kind, reads) in [
            ("/$defs/contract/properties", "", told::<Contract>()),
            ("/$defs/setting/properties", "", told::<Setting>()),
            ("/$defs/xml/properties", "kind", told::<Xml>()),
            ("/$defs/delimited/properties", "kind", told::<Delimited>()),
            ("/$defs/json/properties", "kind", told::<Json>()),
            ("/$defs/open_element/properties", "", told::<OpenElement>()),
            ("/$defs/nest/properties", "", told::<Nest>()),
            ("/$defs/shard/properties", "", told::<Shard>()),
            ("/$defs/constant/properties", "", told::<Constant>()),
            ("/$defs/money/properties", "", told::<TwoPlaces>()),
            ("/$defs/section/properties", "", told::<Section>()),
            ("/$defs/attribute/properties", "", told::<Attribute>()),
            ("/$defs/publisher/properties", "", told::<Publisher>()),
            ("/$defs/rule/properties", "", told::<Rule>()),
            ("/$defs/test/properties", "", told::<Test>()),
            ("/$defs/differ/properties", "", told::<Differ>()),
            ("/$defs/contract/properties/missing/enum", "", told::<Missing>()),
            ("/$defs/contract/properties/unsent/enum", "", told::<Unsent>()),
            ("/$defs/delimited/properties/quoting/enum", "", told::<Quoted>()),
            ("/$defs/delimited/properties/line_ending/enum", "", told::<LineEnding>()),
            ("/$defs/xml/properties/compress/enum", "", told::<Compress>()),
            ("/$defs/json/properties/shape/enum", "", told::<JsonShape>()),
            ("/$defs/json/properties/naming/enum", "", told::<Naming>()),
            ("/$defs/form/anyOf/0/enum", "", told::<Named>()),
            ("/$defs/attribute/properties/type/enum", "", told::<Type>()),
            ("/$defs/attribute/properties/unit/enum", "", told::<Unit>()),
            ("/$defs/attribute/properties/over/enum", "", told::<Over>()),
            ("/$defs/rule/properties/severity/enum", "", told::<Severity>()),
        ] {
            let mut says = words(schema.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}")));
            says.remove(kind);
            assert_eq!(says, reads, "{pointer}");
        }
    }
}
