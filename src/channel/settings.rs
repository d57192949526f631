//! What a shop says of one channel in `purvey.toml`: `[channel.google]`.
use indexmap::IndexMap;
use serde::Deserialize;

use crate::diagnostic::Severity;

/// The shop's side of a channel. Keys that are not named here are parameters: `site` is `$site` in the template,
/// bound and never pasted.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Settings {
    /// The document format, when not the contract's first.
    pub format: Option<String>,
    /// Where the feed goes, relative to the shop's folder, when not `out/<the contract's file>`.
    pub file: Option<String>,
    /// SQL: which offers go in. Sees `item` and `feed`.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// Attribute = SQL expression over `item` (the catalog) and `feed` (what the template says).
    #[serde(default)]
    pub set: IndexMap<String, String>,
    /// A feed that loses more than this share of its offers is not put in place without `--allow-shrink`.
    pub shrink_percent_max: Option<u8>,
    /// Finding (its code without the channel) = how bad it is here. An `error` leaves the offer out.
    #[serde(default)]
    pub severity: IndexMap<String, Severity>,
    #[serde(flatten)]
    pub parameters: IndexMap<String, Parameter>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    Text(String),
    Integer(i64),
    Switch(bool),
}

impl Parameter {
    pub fn to_text(&self) -> String {
        match self {
            Parameter::Text(text) => text.clone(),
            Parameter::Integer(number) => number.to_string(),
            Parameter::Switch(on) => on.to_string(),
        }
    }
}
