//! Where a fault is, in the words of the person who will mend it: file, line, column, SKU, attribute, value.
use serde::{Deserialize, Serialize};

/// A place in somebody's file or catalog. Every part is optional: say what is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// 1-based physical line on which the record, or the fault inside it, starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// 1-based column, counted in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// 1-based record of a table; the header is record 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// The attribute in the channel's words, or the column in the file's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The offending value as it stands in the source, already cut by [`Place::value`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The source line with the fault, for a caret under `column`, and how many columns the caret spans.
    #[serde(skip)]
    pub snippet: Option<(String, u64)>,
}

/// Longest value repeated in a message, in characters.
const VALUE_CHARS_MAX: usize = 60;

impl Place {
    pub fn file(file: impl Into<String>) -> Self {
        Place { file: Some(file.into()), ..Place::default() }
    }

    pub fn of_sku(sku: impl Into<String>) -> Self {
        Place { sku: Some(sku.into()), ..Place::default() }
    }

    pub fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    pub fn column(mut self, column: u64) -> Self {
        self.column = Some(column);
        self
    }

    pub fn record(mut self, record: u64) -> Self {
        self.record = Some(record);
        self
    }

    pub fn sku(mut self, sku: impl Into<String>) -> Self {
        self.sku = Some(sku.into());
        self
    }

    /// An empty name names nothing.
    pub fn attribute(mut self, attribute: impl Into<String>) -> Self {
        self.attribute = Some(attribute.into()).filter(|name| !name.is_empty());
        self
    }

    /// Keeps at most 60 characters: a message is no place for a whole description.
    pub fn value(mut self, value: &str) -> Self {
        self.value = Some(match value.char_indices().nth(VALUE_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value.to_owned(),
        });
        self
    }

    pub fn snippet(mut self, source_line: impl Into<String>, span_columns: u64) -> Self {
        self.snippet = Some((source_line.into(), span_columns.max(1)));
        self
    }
}
