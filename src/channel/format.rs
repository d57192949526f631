//! Documents a channel takes: where attributes go in each and how they are written there.
use indexmap::IndexMap;
use serde::Deserialize;

use super::attribute::{Attribute, Type};
use super::contract::Contract;
use super::form::Form;
use crate::value::closest::closest;

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
    nest: Option<&'f Nest>,
}

/// An XML document: elements that open it, a head, then one element for each offer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Xml {
    pub file: String,
    pub open: Vec<OpenElement>,
    #[serde(default)]
    pub head: Vec<(String, String)>,
    /// One offer's element; a path where more elements open between the head and the offers: `offers/offer`.
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
    pub nest: Option<Nest>,
    /// What its bytes are, when not UTF-8: `windows-1250`, `utf-16le`.
    #[serde(default)]
    pub encoding: Charset,
    pub compress: Option<Compress>,
    pub shard: Option<Shard>,
}

/// What a document's bytes are, by the name the WHATWG knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(pub &'static encoding_rs::Encoding);

impl Default for Charset {
    fn default() -> Self {
        Charset(encoding_rs::UTF_8)
    }
}

impl<'de> Deserialize<'de> for Charset {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let label = String::deserialize(from)?;
        let known = encoding_rs::Encoding::for_label(label.as_bytes());
        known.map(Charset).ok_or_else(|| serde::de::Error::custom(format!("no encoding is called `{label}`")))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compress {
    Gzip,
}

/// How much one file takes before the next one begins; `{n}` in the file's name is its number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    pub items: Option<u64>,
    /// Before compression.
    pub bytes: Option<u64>,
}

/// Rows that stand inside one offer of the document, as the variants of a product do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nest {
    /// Rows that follow one another with the same value of this attribute are one offer.
    pub by: String,
    /// Where each row goes in the offer: the path of an element, the pointer to a list.
    pub at: String,
    /// The attributes that go in there, placed from there. The others are the offer's own, from its first row.
    pub of: Vec<String>,
    /// How many rows an offer may have.
    pub max: Option<usize>,
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
    /// Lines above the header, as they stand.
    #[serde(default)]
    pub above: Vec<String>,
    /// Whether the columns are named. Without names every attribute has a column, in the contract's order.
    #[serde(default = "yes")]
    pub header: bool,
    #[serde(default)]
    pub encoding: Charset,
    pub compress: Option<Compress>,
    pub shard: Option<Shard>,
    /// Attribute and the name of its column; `{n}` makes a column for each value, `{part}` one for each part of a group.
    #[serde(default)]
    pub at: IndexMap<String, String>,
    #[serde(default)]
    pub write: IndexMap<String, Form>,
    #[serde(default)]
    pub omit: Vec<String>,
}

fn yes() -> bool {
    true
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
    pub nest: Option<Nest>,
    pub compress: Option<Compress>,
    pub shard: Option<Shard>,
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
    /// Whether each offer is a line of JSON by itself, so that it can be told alone.
    pub fn is_lines(&self) -> bool {
        match self {
            Format::Json(json) => {
                json.shape == JsonShape::Lines && json.document.is_none() && self.placing().nest().is_none()
            }
            Format::Xml(_) | Format::Delimited(_) => false,
        }
    }

    /// The same offers as lines: without the document around them, and without their numbers in it.
    pub fn as_lines(&self) -> Option<Format> {
        let Format::Json(json) = self else { return None };
        let mut lines = Json { document: None, items: None, shape: JsonShape::Lines, ..json.clone() };
        (lines.shard, lines.compress) = (None, None);
        lines.constant.retain(|constant| constant.value.as_str() != Some("$n"));
        Some(Format::Json(lines)).filter(Format::is_lines)
    }

    pub fn file(&self) -> &str {
        match self {
            Format::Xml(xml) => &xml.file,
            Format::Delimited(table) => &table.file,
            Format::Json(json) => &json.file,
        }
    }

    /// Whether a document of this name is in this format: its usual name, whatever its number, packed or not.
    pub fn is_named(&self, file: &str) -> bool {
        let bare = |name: &str| name.strip_suffix(".gz").unwrap_or(name).to_owned();
        let (usual, file) = (bare(self.file()), bare(file));
        match usual.split_once("{n}") {
            Some((before, after)) => {
                let number = file.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                number.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
            }
            None => usual == file,
        }
    }

    pub fn encoding(&self) -> &'static encoding_rs::Encoding {
        match self {
            Format::Xml(Xml { encoding, .. }) | Format::Delimited(Delimited { encoding, .. }) => encoding.0,
            Format::Json(_) => encoding_rs::UTF_8,
        }
    }

    pub fn is_gzip(&self) -> bool {
        let (Format::Xml(Xml { compress, .. })
        | Format::Delimited(Delimited { compress, .. })
        | Format::Json(Json { compress, .. })) = self;
        *compress == Some(Compress::Gzip)
    }

    pub fn shard(&self) -> Option<Shard> {
        let (Format::Xml(Xml { shard, .. })
        | Format::Delimited(Delimited { shard, .. })
        | Format::Json(Json { shard, .. })) = self;
        *shard
    }

    pub fn placing(&self) -> Placing<'_> {
        let (at, write, omit) = match self {
            Format::Xml(Xml { at, write, omit, .. })
            | Format::Delimited(Delimited { at, write, omit, .. })
            | Format::Json(Json { at, write, omit, .. }) => (at, write, omit),
        };
        let nest = match self {
            Format::Xml(Xml { nest, .. }) | Format::Json(Json { nest, .. }) => nest.as_ref(),
            Format::Delimited(_) => None,
        };
        Placing { at: Some(at), write: Some(write), omit, nest }
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

    pub fn omits(&self, name: &str) -> bool {
        self.omit.iter().any(|omitted| omitted == name)
    }

    /// The rows inside an offer, where the format has them.
    pub fn nest(&self) -> Option<&'f Nest> {
        self.nest
    }

    /// Whether an attribute belongs to those rows.
    pub fn nests(&self, name: &str) -> bool {
        self.nest.is_some_and(|nest| nest.of.iter().any(|inner| inner == name))
    }
}

impl Contract {
    pub(super) fn format_faults(&self, format_name: &str, format: &Format) -> Vec<(String, String)> {
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
        let nested = placing.nest.iter().flat_map(|nest| nest.of.iter().chain([&nest.by]));
        nested.filter(|n| !self.attribute.contains_key(*n)).for_each(|name| unknown("nest", name));
        if let Format::Json(json) = format {
            let with = json.constant.iter().filter_map(|constant| constant.with.as_deref());
            with.filter(|n| !self.attribute.contains_key(*n)).for_each(|name| unknown("constant.with", name));
        }
        for (name, attribute) in &self.attribute {
            let Some(place) = placing.at(name, attribute) else { continue };
            if let Some(help) = family_fault(format, attribute, place) {
                faults.push((format!("format.{format_name}: {name} has no place `{place}`"), help.to_owned()));
            }
        }
        if let Some(nest) = placing.nest.filter(|nest| nest.of.contains(&nest.by)) {
            let help = "name what the rows of one offer have in common, such as the product's id";
            faults.push((
                format!("format.{format_name}.nest: `{}` is inside what it holds together", nest.by),
                help.into(),
            ));
        }
        if format.shard().is_some() != format.file().contains("{n}") {
            let help = "a file that is split has its number in its name: file = \"feed-{n}.csv\" with shard = { items = 100000 }";
            faults.push((format!("format.{format_name}: shard and {{n}} in `file` belong together"), help.into()));
        }
        if format.shard().is_some_and(|shard| shard.items.or(shard.bytes).is_none_or(|limit| limit == 0)) {
            faults.push((format!("format.{format_name}: shard has no limit"), "give items, bytes or both".into()));
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

/// Why a place cannot take its name from the data.
fn family_fault(format: &Format, attribute: &Attribute, place: &str) -> Option<&'static str> {
    let (_, rest) = place.split_once('{')?;
    let (mark, _) = rest.split_once('}')?;
    if matches!(format, Format::Delimited(_)) && matches!(mark, "n" | "part") {
        return None;
    }
    let Some((part, ..)) = attribute.named_by(place) else {
        return Some("{…} in the last step names a part of the group: options/{name}");
    };
    let names = attribute.fields.get_index(part).is_some_and(|(_, field)| field.refers.is_some());
    match format {
        _ if attribute.fields.len() != 2 => Some("a group of two parts: one is the name, the other the value"),
        Format::Delimited(_) if !names => {
            Some("a section lists the columns: give the part that names them refers = \"params.name\"")
        }
        _ => None,
    }
}

impl Xml {
    /// The elements between the head and the offers, and that of one offer.
    pub fn item_path(&self) -> (Vec<&str>, &str) {
        let mut steps: Vec<&str> = self.item.split('/').collect();
        let item = steps.pop().unwrap_or_default();
        (steps, item)
    }
}

impl Contract {
    /// Steps of JSON pointers that are `$name` become what the shop calls it.
    pub(super) fn fill_places(&mut self, setting: &dyn Fn(&str) -> Option<String>) {
        let formats = self.format.values_mut().filter_map(|format| match format {
            Format::Json(json) => Some(json),
            Format::Xml(_) | Format::Delimited(_) => None,
        });
        let placed = formats.flat_map(|json| {
            let constants = json.constant.iter_mut().map(|constant| &mut constant.at);
            json.at.values_mut().chain([&mut json.under]).chain(constants)
        });
        let own = self.attribute.values_mut().filter_map(|attribute| attribute.at.as_mut());
        for place in placed.chain(own).filter(|place| place.contains("/$")) {
            let escaped = |value: String| value.replace('~', "~0").replace('/', "~1");
            let step = |step: &str| step.strip_prefix('$').and_then(setting).map_or_else(|| step.to_owned(), escaped);
            *place = place.split('/').map(step).collect::<Vec<_>>().join("/");
        }
    }
}

impl Json {
    /// Whether a list stands at a pointer into the document around the offers.
    pub fn holds_list(&self, pointer: &str) -> bool {
        let document = self.document.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
        document.is_some_and(|document| document.pointer(pointer).is_some_and(serde_json::Value::is_array))
    }

    fn fault(&self) -> Option<(String, &'static str)> {
        let pointers = self
            .at
            .values()
            .chain(self.constant.iter().map(|c| &c.at))
            .chain(&self.items)
            .chain(self.nest.iter().map(|nest| &nest.at));
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
