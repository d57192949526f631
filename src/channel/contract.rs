//! `feeds/<name>.toml`: what a channel accepts. Read whole, and everything wrong with it said at once.
use indexmap::IndexMap;
use serde::Deserialize;

use super::attribute::{Attribute, Type};
use super::format::Format;
use super::rule::Rule;
use super::section::Section;
use super::taxonomy::Publisher;
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::value::closest::closest;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    pub title: String,
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// When they were last compared with their sources.
    pub checked: toml::value::Datetime,
    /// Attributes that together name an offer; no two offers have the same.
    pub identity: Vec<String>,
    /// What a row of the template is, when it is no item of the catalog: `review`, `promotion`. Its `sku` is what names
    /// it in reports.
    pub entity: Option<String>,
    pub missing: Missing,
    #[serde(default)]
    pub unsent: Unsent,
    /// Which edition of the channel's own specification this is; `$version` in the document's head.
    pub version: Option<String>,
    /// Offers told one by one are taken off so many days after they were last told.
    pub expires_days: Option<u16>,
    /// Attribute and values that mean an offer can be bought: what the guard against a zeroed feed counts.
    #[serde(default)]
    pub in_stock: IndexMap<String, Vec<String>>,
    /// Template columns that are no attributes themselves, but shape some.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// What `purvey.toml` must or may say for this channel; each is `$name` in template and contract.
    #[serde(default)]
    pub settings: IndexMap<String, Setting>,
    /// Documents it comes in; the first is the default.
    pub format: IndexMap<String, Format>,
    /// What a document says besides its offers.
    #[serde(default)]
    pub section: IndexMap<String, Section>,
    /// Lists of categories the channel publishes.
    #[serde(default)]
    pub taxonomy: IndexMap<String, Publisher>,
    /// JSON pointer under which the attributes of a JSON Schema overlay go.
    pub schema_under: Option<String>,
    /// In document order.
    pub attribute: IndexMap<String, Attribute>,
    #[serde(default)]
    pub rule: Vec<Rule>,
}

/// What the channel does with an offer that is no longer in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It goes: a shrunken feed takes offers off.
    Removed,
    /// It stays as it was.
    Kept,
}

/// What the channel does with an attribute that an offer no longer sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsent {
    #[default]
    Kept,
    /// It is emptied: a feed that stops sending an attribute has to be meant.
    Reset,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    #[serde(default)]
    pub required: bool,
    /// The only format that needs it.
    pub format: Option<String>,
    pub help: String,
}

impl Contract {
    /// Reads and checks a contract; the error is the first fault, with the place in `file`.
    pub fn parse(file: &str, text: &str) -> Result<Contract> {
        Contract::sound(Contract::read(file, text)?)
    }

    /// The contract, or the first of its faults.
    pub fn sound((contract, faults): (Contract, Vec<Diagnostic>)) -> Result<Contract> {
        match faults.into_iter().next() {
            None => Ok(contract),
            Some(first) => {
                let error = Error::usage("contract/wrong", first.message).at(first.place);
                Err(match first.help {
                    Some(help) => error.help(help),
                    None => error,
                })
            }
        }
    }

    /// Reads a contract with everything that is wrong with it; the error is for what is no contract at all.
    pub fn read(file: &str, text: &str) -> Result<(Contract, Vec<Diagnostic>)> {
        let contract: Contract = toml::from_str(text).map_err(|e| syntax(file, text, &e))?;
        let faults = contract.faults(file, text);
        Ok((contract, faults))
    }

    /// Position of the attribute a template, the shop or the catalog calls `name`: by its name, or by one it had.
    pub fn attribute_named(&self, name: &str) -> Option<usize> {
        let by_other =
            || self.attribute.values().position(|attribute| attribute.names.iter().any(|other| other == name));
        self.attribute.get_index_of(name).or_else(by_other)
    }

    /// Attributes an offer needs: position, name, and the position of what may be given instead.
    pub fn required(&self) -> impl Iterator<Item = (usize, &str, Option<usize>)> {
        let needed = self.attribute.iter().enumerate().filter(|(_, (_, attribute))| attribute.required);
        needed.map(|(index, (name, attribute))| {
            let instead = attribute.unless.as_ref().and_then(|other| self.attribute.get_index_of(other));
            (index, name.as_str(), instead)
        })
    }

    /// Position of the attribute that tells whether an offer can be bought, and its values that mean yes.
    pub fn in_stock_test(&self) -> Option<(usize, &[String])> {
        let (name, values) = self.in_stock.first()?;
        Some((self.attribute.get_index_of(name)?, values))
    }

    /// Whether `section.column`, or a column of the section `own`, exists.
    fn lists(&self, target: &str, own: &str) -> bool {
        let (section, column) = target.split_once('.').unwrap_or((own, target));
        self.section.get(section).is_some_and(|section| section.columns.contains_key(column))
    }

    /// Position of the attribute that says what an offer costs: `price`, else the first of that type.
    pub fn price(&self) -> Option<usize> {
        let is_price = |attribute: &Attribute| attribute.kind == Type::Price;
        let named = self
            .attribute
            .get_index_of("price")
            .filter(|at| self.attribute.get_index(*at).is_some_and(|(_, a)| is_price(a)));
        named.or_else(|| self.attribute.values().position(is_price))
    }

    /// Everything that is wrong with it, for its author.
    pub fn faults(&self, file: &str, text: &str) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        let mut fault = |near: &str, message: String, help: &str| {
            faults.push(Diagnostic::error("contract/wrong", message).at(place_of(file, text, near)).help(help));
        };
        if self.format.is_empty() {
            fault("title", "the contract has no [format.…]".into(), "add at least one document format");
        }
        let known = |name: &str| name.starts_with('$') || self.attribute.contains_key(name);
        let names_help = |name: &str| match closest(name, self.attribute.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name an [attribute.…] of this contract".to_owned(),
        };
        for name in self.in_stock.keys().filter(|n| !known(n)) {
            fault("in_stock", format!("in_stock names `{name}`, which is no attribute"), &names_help(name));
        }
        for name in self.identity.iter().filter(|n| !known(n)) {
            fault("identity", format!("identity names `{name}`, which is no attribute"), &names_help(name));
        }
        for (name, attribute) in &self.attribute {
            let near = format!("[attribute.{name}]");
            for (message, help) in attribute_faults(name, attribute) {
                fault(&near, message, help);
            }
            let targets = attribute.fields.values().chain([attribute]).filter_map(|field| field.refers.as_ref());
            for target in targets.filter(|target| !self.lists(target, "")) {
                let help = "name a section and its column: refers = \"categories.id\"";
                fault(&near, format!("{name}: refers names `{target}`, which is no column of a section"), help);
            }
            if let Some(list) = attribute.taxonomy.as_ref().filter(|list| !self.taxonomy.contains_key(*list)) {
                let help = "add [taxonomy.…] with the publisher's url";
                fault(&near, format!("{name}: taxonomy names `{list}`, which the contract does not have"), help);
            }
            for (key, other) in [("except", &attribute.except), ("unless", &attribute.unless)] {
                if let Some(other) = other.as_ref().filter(|o| !known(o)) {
                    fault(&near, format!("{name}: {key} names `{other}`, which is no attribute"), &names_help(other));
                }
            }
        }
        for (name, section) in &self.section {
            let near = format!("[section.{name}]");
            let stands = |format: &Format| match format {
                Format::Xml(_) => section.element.is_some(),
                Format::Json(json) => section.at.as_ref().is_some_and(|at| json.holds_list(at)),
                Format::Delimited(_) => false,
            };
            let names_columns = |a: &Attribute| {
                a.fields.values().any(|f| f.refers.as_ref().is_some_and(|t| t.starts_with(&format!("{name}."))))
            };
            if !self.format.values().any(stands) && !self.attribute.values().any(names_columns) {
                let help = "give `element` for an XML format, or `at`: the pointer to an empty list in the `document` of a JSON one";
                fault(&near, format!("section {name} stands in no format"), help);
            }
            for (column, target) in &section.refers {
                if !section.columns.contains_key(column) || !self.lists(target, name) {
                    let help = "name a column of this section, and a column of one: parent_id = \"id\", currency = \"currencies.id\"";
                    fault(&near, format!("section {name}: refers names no column: {column} = \"{target}\""), help);
                }
            }
        }
        for (format_name, format) in &self.format {
            let near = format!("[format.{format_name}]");
            for (message, help) in self.format_faults(format_name, format) {
                fault(&near, message, &help);
            }
        }
        for rule in &self.rule {
            let near = format!("\"{}\"", rule.code);
            if rule.demand().is_none() {
                let help = "give one of require, any_of, one_of, forbid, together, less, differ; write a second rule for a second demand";
                fault(&near, format!("rule `{}` must demand exactly one thing", rule.code), help);
            }
            for name in rule.names().filter(|n| !known(n)) {
                fault(&near, format!("rule `{}` names `{name}`, which is no attribute", rule.code), &names_help(name));
            }
        }
        faults
    }
}

fn attribute_faults(name: &str, attribute: &Attribute) -> Vec<(String, &'static str)> {
    let mut faults = Vec::new();
    let mut when = |wrong: bool, what: &str, help: &'static str| {
        if wrong {
            faults.push((format!("{name}: {what}"), help));
        }
    };
    let kind = attribute.kind;
    when(kind == Type::Enum && attribute.values.is_empty(), "an enum without values", "list the spellings in `values`");
    when(kind != Type::Enum && !attribute.values.is_empty(), "values belong to an enum", "set type = \"enum\"");
    when(kind == Type::Measure && attribute.units.is_empty(), "a measure without units", "list them in `units`");
    when(kind == Type::Group && attribute.fields.is_empty(), "a group without fields", "add [attribute.….fields]");
    when(kind != Type::Group && !attribute.fields.is_empty(), "fields belong to a group", "set type = \"group\"");
    when(attribute.pairs && attribute.fields.len() != 2, "pairs need a group of two fields", "name and value, say");
    when(attribute.repeat == Some(0), "repeat = 0", "leave the attribute out instead");
    let unknown = attribute.aliases.values().any(|to| !attribute.values.contains(to));
    when(unknown, "an alias leads to a value that is not in `values`", "spell it as in `values`");
    for (field, part) in &attribute.fields {
        when(part.kind == Type::Group, &format!("{field} is a group inside a group"), "flatten it");
    }
    faults
}

/// The line that first holds `near`: contracts are short and their keys unique enough to point at.
fn place_of(file: &str, text: &str, near: &str) -> Place {
    let found = text.lines().enumerate().find_map(|(i, line)| Some((i, line, line.find(near)?)));
    match found {
        Some((i, line, byte)) => {
            let column = line[..byte].chars().count() as u64 + 1;
            Place::file(file).line(i as u64 + 1).column(column).snippet(line, near.chars().count() as u64)
        }
        None => Place::file(file),
    }
}

/// A TOML fault with its line, column and caret.
pub fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Error {
    let mut place = Place::file(file);
    if let Some(span) = error.span() {
        let start = span.start.min(text.len());
        let before = text.get(..start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let column = before[line_start..].chars().count() as u64 + 1;
        let line = text[line_start..].lines().next().unwrap_or_default();
        let width = text.get(span.clone()).map_or(1, |s| s.lines().next().unwrap_or_default().chars().count() as u64);
        place = place.line(before.matches('\n').count() as u64 + 1).column(column).snippet(line, width);
    }
    Error::usage("toml/wrong", error.message().to_owned()).at(place).help("mend this line; nothing was touched")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
title = "Small"
sources = ["https://example.org"]
checked = 2026-11-25
identity = ["id"]
missing = "removed"

[format.tsv]
kind = "delimited"
file = "small.tsv"
delimiter = "\t"
list = ","
group = ":"

[attribute.id]
type = "text"
required = true

[attribute.state]
type = "enum"

[[rule]]
code = "state-missing"
require = ["sate"]
help = "say the state"
"#;

    #[test]
    fn everything_wrong_is_said_at_once_with_its_line() {
        let contract: Contract = toml::from_str(SMALL).unwrap();
        let faults = contract.faults("small.toml", SMALL);
        let said: Vec<_> =
            faults.iter().map(|f| (f.place.line, f.message.as_str(), f.help.as_deref().unwrap())).collect();
        assert_eq!(
            said,
            [
                (Some(19), "state: an enum without values", "list the spellings in `values`"),
                (Some(23), "rule `state-missing` names `sate`, which is no attribute", "did you mean `state`?"),
            ]
        );
    }

    #[test]
    fn a_key_nobody_knows_is_pointed_at() {
        let text = SMALL.replace("required = true", "requird = true");
        let error = Contract::parse("small.toml", &text).unwrap_err();
        assert_eq!((error.place.line, error.place.column), (Some(17), Some(1)), "{error:?}");
        assert!(error.message.contains("requird"), "{}", error.message);
    }
}
