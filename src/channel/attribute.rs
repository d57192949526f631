//! What a contract says of one attribute: its type, its limits, how often, and how it is spelled.
use indexmap::IndexMap;
use serde::Deserialize;

use super::pattern::Pattern;
use crate::diagnostic::Severity;

/// One attribute in the channel's words. The type says how a value is shaped and what is checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    #[serde(rename = "type")]
    pub kind: Type,
    #[serde(default)]
    pub required: bool,
    /// Another attribute that may be given instead of one that is required.
    pub unless: Option<String>,
    /// Longest value, in `unit`; for numbers the largest.
    pub max: Option<i64>,
    /// Shortest value, in `unit`; for numbers the smallest, for prices in minor units.
    pub min: Option<i64>,
    #[serde(default)]
    pub unit: Unit,
    #[serde(default)]
    pub over: Over,
    /// What a value must look like as a whole: a regular expression.
    pub pattern: Option<Pattern>,
    /// Characters the channel does not take, as a regular expression or `emoji`: a build leaves them out, and says so.
    pub strip: Option<Pattern>,
    /// How many values it may have; 1 when not said.
    pub repeat: Option<usize>,
    /// In a `url`: a comma becomes `%2C`. In a list of addresses it always does.
    #[serde(default)]
    pub encode_commas: bool,
    /// Another attribute whose value is left out of this list.
    pub except: Option<String>,
    /// The spellings of an `enum`.
    #[serde(default)]
    pub values: Vec<String>,
    /// Other spellings the channel still reads, and the one it documents.
    #[serde(default)]
    pub aliases: IndexMap<String, String>,
    /// Units of a `measure`.
    #[serde(default)]
    pub units: Vec<String>,
    /// Parts of a `group`, in the order of its text form.
    #[serde(default)]
    pub fields: IndexMap<String, Attribute>,
    /// For a group of two parts: the template gives `{"Color": "blue"}`, each pair one value of the group.
    #[serde(default)]
    pub pairs: bool,
    /// Its values must be among those of a section's column: `categories.id`.
    pub refers: Option<String>,
    /// The list of `[taxonomy.…]` whose categories it takes, by id or path.
    pub taxonomy: Option<String>,
    /// Other names this attribute goes by in feeds.
    #[serde(default)]
    pub names: Vec<String>,
    /// Where it stands in the document, when its name alone does not say: `@id`, another element.
    pub at: Option<String>,
    /// The template column, or the field of a document, with the currency of a `price` that is written without it.
    #[serde(default = "currency_column")]
    pub currency: String,
    /// How bad a value is that breaks the type or a limit.
    #[serde(default = "error")]
    pub severity: Severity,
    /// Added to the remedy of every finding about it.
    pub help: Option<String>,
}

fn currency_column() -> String {
    "currency".to_owned()
}

fn error() -> Severity {
    Severity::Error
}

/// How a value is shaped on the way out and understood on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Text for people, white space collapsed.
    Text,
    /// Text that may come as HTML and leaves as plain text.
    Html,
    Integer,
    /// A decimal number, with a dot.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Minor units and a currency column in; `12.90 EUR` out, unless the format has another form.
    Price,
    Date,
    DateTime,
    /// `start/end`.
    DateRange,
    Enum,
    Url,
    Gtin,
    /// ISO 3166-1 alpha-2.
    Country,
    /// A number and one of `units`.
    Measure,
    /// Named parts, given by the template as a JSON object (or a list of them).
    Group,
}

/// What a length is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    #[default]
    Chars,
    Bytes,
}

/// What happens to a value that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Cut at a word, with a note. For text.
    #[default]
    Cut,
    /// The value is wrong.
    Refuse,
}

impl Type {
    pub const ALL: [Type; 15] = [
        Type::Text,
        Type::Html,
        Type::Integer,
        Type::Number,
        Type::Boolean,
        Type::Price,
        Type::Date,
        Type::DateTime,
        Type::DateRange,
        Type::Enum,
        Type::Url,
        Type::Gtin,
        Type::Country,
        Type::Measure,
        Type::Group,
    ];

    /// As a contract writes it.
    pub fn name(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Html => "html",
            Type::Integer => "integer",
            Type::Number => "number",
            Type::Boolean => "boolean",
            Type::Price => "price",
            Type::Date => "date",
            Type::DateTime => "date_time",
            Type::DateRange => "date_range",
            Type::Enum => "enum",
            Type::Url => "url",
            Type::Gtin => "gtin",
            Type::Country => "country",
            Type::Measure => "measure",
            Type::Group => "group",
        }
    }
}

impl Attribute {
    /// A remedy, and what the contract adds to it.
    pub fn advise(&self, help: &str) -> String {
        match &self.help {
            Some(more) => format!("{help}; {more}"),
            None => help.to_owned(),
        }
    }

    /// Of a place such as `option {name}`: the position of the group's part that names it, and what stands around it.
    pub fn named_by<'p>(&self, place: &'p str) -> Option<(usize, &'p str, &'p str)> {
        let (before, rest) = place.split_once('{')?;
        let (part, after) = rest.split_once('}')?;
        Some((self.fields.get_index_of(part)?, before, after))
    }

    /// How many values it may have at most.
    pub fn repeats(&self) -> usize {
        self.repeat.unwrap_or(1)
    }
}
