//! Regular expressions in a contract: what a whole value must look like, and which characters it may not hold.
use regex_lite::Regex;
use serde::{Deserialize, Deserializer, de};

/// Classes that are tedious to spell, by name. Emoji: Unicode 15.1, the blocks of pictographs with what joins them.
const CLASSES: [(&str, &str); 1] =
    [("emoji", "[\\u{1F000}-\\u{1FAFF}\\u{2600}-\\u{27BF}\\u{2B00}-\\u{2BFF}\\u{FE0F}\\u{200D}\\u{20E3}]+")];

/// Compiled with the contract. Matching takes time linear in the value, whatever the expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    part: Regex,
    whole: Regex,
}

impl Pattern {
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let expression = CLASSES.iter().find(|(name, _)| *name == text).map_or(text, |(_, class)| class);
        let compile = |expression: &str| Regex::new(expression).map_err(|e| format!("no regular expression: {e}"));
        Ok(Pattern {
            text: text.to_owned(),
            part: compile(expression)?,
            whole: compile(&format!("^(?:{expression})$"))?,
        })
    }

    /// As the contract writes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it describes the whole value.
    pub fn is_all_of(&self, value: &str) -> bool {
        self.whole.is_match(value)
    }

    /// The value without what it describes; `None` where it describes nothing in it.
    pub fn taken_out_of(&self, value: &str) -> Option<String> {
        self.part.is_match(value).then(|| self.part.replace_all(value, "").into_owned())
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Pattern::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_describes_the_whole_and_a_filter_any_part() {
        let id = Pattern::parse("[A-Z]|[A-Z][0-9]+").unwrap();
        assert!(id.is_all_of("A12") && id.is_all_of("A") && !id.is_all_of("A12 "));
        let emoji = Pattern::parse("emoji").unwrap();
        assert_eq!(emoji.taken_out_of("Mug \u{2764}\u{FE0F} 5\u{20AC}").as_deref(), Some("Mug  5\u{20AC}"));
        assert_eq!(emoji.taken_out_of("Mug"), None);
        assert!(Pattern::parse("[").is_err());
    }
}
