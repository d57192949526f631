//! `feeds/<name>.toml`: what a channel accepts. Read whole, and everything wrong with it said at once.
use indexmap::IndexMap;
use serde::Deserialize;

use super::attribute::{Attribute, Type};
use super::form::Form;
use super::rule::Rule;
use super::section::Section;
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
    pub missing: Missing,
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
    /// What an XML document says besides its offers, before them.
    #[serde(default)]
    pub section: IndexMap<String, Section>,
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

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    #[serde(default)]
    pub required: bool,
    /// The only format that needs it.
    pub format: Option<String>,
    pub help: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Format {
    Xml(Xml),
    Delimited(Delimited),
    Json(Json),
}

/// Where attributes go in one format and how they are written there, besides what the format's kind says.
#[derive(Debug, Clone, Default)]
pub struct Placing<'f> {
    at: Option<&'f IndexMap<String, String>>,
    write: Option<&'f IndexMap<String, Form>>,
    omit: &'f [String],
}

/// An XML document: elements that open it, a head, then one element for each offer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Xml {
    pub file: String,
    pub open: Vec<OpenElement>,
    #[serde(default)]
    pub head: Vec<(String, String)>,
    pub item: String,
    #[serde(default)]
    pub prefix: String,
    /// Attribute (or `group.part`) and its place: `prices/price`, `price/@currency`, `@id`, `text()`.
    #[serde(default)]
    pub at: IndexMap<String, String>,
    /// Attribute, `group.part` or type, and its form.
    #[serde(default)]
    pub write: IndexMap<String, Form>,
    /// Attributes this format does not have.
    #[serde(default)]
    pub omit: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenElement {
    pub element: String,
    #[serde(default)]
    pub attributes: IndexMap<String, String>,
}

/// A table: header row, one row for each offer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delimited {
    pub file: String,
    pub delimiter: char,
    /// Joins the values of a repeated attribute.
    pub list: String,
    /// Joins the parts of a group.
    pub group: String,
    /// Attributes whose values are joined otherwise.
    #[serde(default)]
    pub joints: IndexMap<String, String>,
    #[serde(default)]
    pub quoting: Quoted,
    #[serde(default)]
    pub line_ending: LineEnding,
    /// A byte order mark, for spreadsheets.
    #[serde(default)]
    pub bom: bool,
    /// Attribute and the name of its column; `{n}` makes a column for each value, `{part}` one for each part of a group.
    #[serde(default)]
    pub at: IndexMap<String, String>,
    #[serde(default)]
    pub write: IndexMap<String, Form>,
    #[serde(default)]
    pub omit: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quoted {
    #[default]
    Needed,
    Always,
    /// The reader knows no quotes: a delimiter inside a value becomes a space.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnding {
    #[default]
    Lf,
    Crlf,
}

/// JSON: one object for each offer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Json {
    pub file: String,
    #[serde(default)]
    pub shape: JsonShape,
    /// The document around the offers, as JSON text; a string that is `$name` is filled in.
    pub document: Option<String>,
    /// JSON pointer into `document`: where the list of offers goes.
    pub items: Option<String>,
    /// JSON pointer inside an offer under which attributes go that `at` does not place.
    #[serde(default)]
    pub under: String,
    #[serde(default)]
    pub naming: Naming,
    /// Attribute (or `group.part`) and its JSON pointer; a number makes a list.
    #[serde(default)]
    pub at: IndexMap<String, String>,
    #[serde(default)]
    pub write: IndexMap<String, Form>,
    #[serde(default)]
    pub omit: Vec<String>,
    /// Values every offer has.
    #[serde(default)]
    pub constant: Vec<Constant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonShape {
    /// One object a line.
    #[default]
    Lines,
    /// One list.
    Array,
}

/// How attributes are called that `at` does not place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    #[default]
    AsIs,
    CamelCase,
}

/// A value that does not come from the catalog.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    pub at: String,
    /// Any value; `$name` is filled in, and `$n` is the number of the offer, from 1.
    pub value: toml::Value,
    /// Only in offers that have this attribute.
    pub with: Option<String>,
}

impl Format {
    pub fn file(&self) -> &str {
        match self {
            Format::Xml(xml) => &xml.file,
            Format::Delimited(table) => &table.file,
            Format::Json(json) => &json.file,
        }
    }

    pub fn placing(&self) -> Placing<'_> {
        let (at, write, omit) = match self {
            Format::Xml(Xml { at, write, omit, .. })
            | Format::Delimited(Delimited { at, write, omit, .. })
            | Format::Json(Json { at, write, omit, .. }) => (at, write, omit),
        };
        Placing { at: Some(at), write: Some(write), omit }
    }
}

impl<'f> Placing<'f> {
    /// Where an attribute goes when its name alone does not say.
    pub fn at(&self, name: &str, attribute: &'f Attribute) -> Option<&'f str> {
        self.at.and_then(|at| at.get(name)).or(attribute.at.as_ref()).map(String::as_str)
    }

    /// The form of an attribute, or of `group.part`: its own, else that of its type.
    pub fn form(&self, name: &str, attribute: &Attribute) -> Option<&'f Form> {
        let write = self.write?;
        write.get(name).or_else(|| write.get(attribute.kind.name()))
    }

    pub fn has_forms(&self) -> bool {
        self.write.is_some_and(|write| !write.is_empty())
    }

    pub fn omits(&self, name: &str) -> bool {
        self.omit.iter().any(|omitted| omitted == name)
    }
}

impl Contract {
    /// Reads and checks a contract; the error is the first fault, with the place in `file`.
    pub fn parse(file: &str, text: &str) -> Result<Contract> {
        let (contract, faults) = Contract::read(file, text)?;
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

    /// Position of the attribute that tells whether an offer can be bought, and its values that mean yes.
    pub fn in_stock_test(&self) -> Option<(usize, &[String])> {
        let (name, values) = self.in_stock.first()?;
        Some((self.attribute.get_index_of(name)?, values))
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
            if let Some(other) = attribute.except.as_ref().filter(|o| !known(o)) {
                fault(&near, format!("{name}: except names `{other}`, which is no attribute"), &names_help(other));
            }
        }
        if !self.section.is_empty() && !self.format.values().any(|format| matches!(format, Format::Xml(_))) {
            fault("[section.", "a section, and no format it could stand in".into(), "sections stand in XML documents");
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

    fn format_faults(&self, format_name: &str, format: &Format) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let part_of = |name: &str| match name.split_once('.') {
            Some((group, part)) => self.attribute.get(group).is_some_and(|g| g.fields.contains_key(part)),
            None => self.attribute.contains_key(name),
        };
        let mut unknown = |key: &str, name: &str| {
            let help = match closest(name, self.attribute.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name an [attribute.…], `group.part`, or in `write` a type".to_owned(),
            };
            faults.push((format!("format.{format_name}.{key} names `{name}`, which is no attribute"), help));
        };
        let placing = format.placing();
        let (at, write) = (placing.at.into_iter().flatten(), placing.write.into_iter().flatten());
        at.map(|(name, _)| name).filter(|n| !part_of(n)).for_each(|name| unknown("at", name));
        let typed = |name: &str| Type::ALL.iter().any(|kind| kind.name() == name);
        write.clone().map(|(name, _)| name).filter(|n| !part_of(n) && !typed(n)).for_each(|n| unknown("write", n));
        placing.omit.iter().filter(|n| !self.attribute.contains_key(*n)).for_each(|name| unknown("omit", name));
        if let Format::Json(json) = format {
            let with = json.constant.iter().filter_map(|constant| constant.with.as_deref());
            with.filter(|n| !self.attribute.contains_key(*n)).for_each(|name| unknown("constant.with", name));
        }
        for (name, form) in write {
            if let Some(help) = form.fault() {
                faults.push((format!("format.{format_name}.write: {name} has no such form"), help.to_owned()));
            }
        }
        if let Format::Delimited(table) = format {
            for name in table.joints.keys().filter(|n| !self.attribute.contains_key(*n)) {
                let help = "name an [attribute.…] with repeat";
                faults
                    .push((format!("format.{format_name}.joints names `{name}`, which is no attribute"), help.into()));
            }
            if !table.delimiter.is_ascii() {
                let help = "choose a comma, semicolon, tab or bar";
                faults.push((format!("format.{format_name}: the delimiter is not ASCII"), help.into()));
            }
        }
        if let Format::Json(json) = format {
            faults.extend(json.fault().map(|(what, help)| (format!("format.{format_name}: {what}"), help.to_owned())));
        }
        faults
    }
}

impl Json {
    fn fault(&self) -> Option<(String, &'static str)> {
        let pointers = self.at.values().chain(self.constant.iter().map(|c| &c.at)).chain(&self.items);
        if let Some(wrong) = pointers.filter(|p| !p.starts_with('/')).find(|_| true) {
            return Some((format!("`{wrong}` is no JSON pointer"), "write it as /productAttributes/title"));
        }
        if !self.under.is_empty() && !self.under.starts_with('/') {
            return Some((format!("`{}` is no JSON pointer", self.under), "write it as /productAttributes"));
        }
        match (&self.document, &self.items) {
            (None, None) => None,
            (Some(text), Some(items)) => match serde_json::from_str::<serde_json::Value>(text) {
                Err(error) => Some((format!("document is no JSON: {error}"), "give the JSON around the offers")),
                Ok(document) => document.pointer(items).is_none_or(|list| !list.is_array()).then(|| {
                    (format!("items = \"{items}\" leads to no list in `document`"), "put an empty list [] there")
                }),
            },
            _ => Some(("document and items belong together".into(), "give both or neither")),
        }
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
