//! What a shop says of one channel in `purvey.toml`: `[channel.google]`.
use indexmap::IndexMap;
use serde::Deserialize;

use crate::diagnostic::Severity;
use crate::price::PricePolicy;
use crate::stock::StockPolicy;

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
    /// SKUs that alone go in, where there are any; `@file` names a file with one a line.
    #[serde(default)]
    pub include: Vec<String>,
    /// SKUs that do not go in, listed in the same way.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Attribute = SQL expression over `item` (the catalog) and `feed` (what the template says).
    #[serde(default)]
    pub set: IndexMap<String, String>,
    /// How much of the stock the channel is told.
    #[serde(default)]
    pub stock: StockPolicy,
    /// What the channel asks for an item.
    #[serde(default)]
    pub price: PricePolicy,
    /// A feed that loses more than this share of its offers is not put in place without `--allow-shrink`.
    pub shrink_percent_max: Option<u8>,
    /// Finding (its code without the channel) = how bad it is here. An `error` leaves the offer out.
    #[serde(default)]
    pub severity: IndexMap<String, Severity>,
    /// A price that changes by more than this share of it is a jump.
    pub price_jump_percent: Option<u32>,
    /// A feed in which the prices of more than this share of its offers jump is not put in place without
    /// `--allow-price-jump`.
    pub price_jump_share_percent_max: Option<u8>,
    /// Targets of `purvey.toml` the feed is sent to: one name or a list.
    #[serde(default, deserialize_with = "names")]
    pub to: Vec<String>,
    /// Whether it is sent packed.
    #[serde(default)]
    pub compress: Compression,
    #[serde(flatten)]
    pub parameters: IndexMap<String, Parameter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    #[default]
    None,
    Gzip,
}

impl Compression {
    /// What `file` is called when it is packed so.
    pub fn name(self, file: &str) -> String {
        match self {
            Compression::None => file.to_owned(),
            Compression::Gzip => format!("{file}.gz"),
        }
    }
}

fn names<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "write the name of a [target.…], or a list of names")]
    enum Names {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Names::deserialize(deserializer)? {
        Names::One(name) => vec![name],
        Names::Many(names) => names,
    })
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
