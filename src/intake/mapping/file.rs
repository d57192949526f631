//! A mapping file: ten lines of TOML that say what the columns of somebody's own table mean.
//!
//! ```toml
//! kind    = "products"                  # or stock, prices, locations, orders, tracking, reviews
//! name    = "supplier"                  # whose table it is: what vanished is asked of the same name
//! decimal = "comma"                     # 1.234,56; or dot: 1,234.56; else both, and what is unclear is refused
//!
//! [columns]                             # our name = "its name"
//! sku     = "Artikelnummer"
//! title   = "Bezeichnung"
//! price   = "VK brutto"
//!
//! [options]
//! Color   = "Farbe"
//! [attributes]
//! material = "Stoff"
//! [constants]
//! currency = "EUR"
//! ```
//! `delimiter`, `encoding`, `header_line`, `weight_unit` and `image_base` may be said, too.
//!
//! With `offer`, the name of an element, it is about an XML document of offers instead: see
//! [`description`](crate::intake::offers::description).
use crate::diagnostic::{Error, Place, Result};
use crate::intake::cell::weight::Unit;
use crate::intake::detect::{FORMATS, Format, Kind};
use crate::intake::offers::description::{Decimal, Described, Description};
use crate::intake::offers::dialect::Dialect;
use crate::intake::offers::draft::Meaning as OfferMeaning;
use crate::intake::offers::known;
use crate::intake::products::layout::{Layout, MEANINGS, Meaning};
use crate::intake::rows::table::{Column, Table, fold};
use crate::value::closest::closest;
use indexmap::IndexMap;
use serde::Deserialize;
use std::sync::Arc;

/// A mapping file, read and checked.
#[derive(Debug, Clone)]
pub struct MappingFile {
    /// Of the mapping file, for messages.
    file: String,
    text: String,
    said: Said,
    pub kind: Kind,
    columns: Vec<(Meaning, String)>,
    constants: Vec<(Meaning, String)>,
    weight_unit: Option<Unit>,
    /// What it says of a document of offers, if it is about one.
    document: Option<Arc<Dialect>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default = "products")]
    kind: String,
    name: Option<String>,
    decimal: Option<Decimal>,
    delimiter: Option<char>,
    encoding: Option<String>,
    header_line: Option<u64>,
    weight_unit: Option<String>,
    image_base: Option<String>,
    columns: IndexMap<String, String>,
    #[serde(default)]
    options: IndexMap<String, String>,
    #[serde(default)]
    attributes: IndexMap<String, String>,
    #[serde(default)]
    constants: IndexMap<String, String>,
}

fn products() -> String {
    "products".to_owned()
}

impl MappingFile {
    /// Reads the text of a mapping file; `file` is its name.
    ///
    /// Errors: `mapping/unreadable`, `mapping/no-such-column` and `mapping/value`, each with its line.
    pub fn parse(file: &str, text: &str) -> Result<MappingFile> {
        let is_of_offers = toml::from_str::<toml::Table>(text).is_ok_and(|said| said.contains_key("offer"));
        let said: Said = if is_of_offers { Said::default() } else { read(file, text)? };
        let mut mapping = MappingFile {
            file: file.to_owned(),
            text: text.to_owned(),
            kind: Kind::Products,
            columns: Vec::new(),
            constants: Vec::new(),
            weight_unit: None,
            document: None,
            said,
        };
        if is_of_offers {
            mapping.describe(read(file, text)?)?;
            return Ok(mapping);
        }
        mapping.kind = mapping.find_kind(&mapping.said.kind)?;
        if mapping.kind == Kind::Products {
            mapping.columns = mapping.meanings(&mapping.said.columns)?;
            mapping.constants = mapping.meanings(&mapping.said.constants)?;
            mapping.check_keys()?;
        } else {
            mapping.check_names()?;
        }
        mapping.weight_unit = match &mapping.said.weight_unit {
            None => None,
            Some(name) => Some(Unit::parse(name).ok_or_else(|| {
                mapping.wrong(
                    "weight_unit",
                    format!("{name} is no unit of weight"),
                    "g, kg, lb and oz are known".to_owned(),
                )
            })?),
        };
        Ok(mapping)
    }

    fn find_kind(&self, name: &str) -> Result<Kind> {
        let all = FORMATS.iter().map(|format| format.kind);
        all.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| {
            let help = "products, stock, prices, locations, orders, tracking and reviews are known".to_owned();
            self.wrong("kind", format!("there is no kind `{name}`"), help)
        })
    }

    /// Takes what it says of a document of offers.
    fn describe(&mut self, written: Description) -> Result<()> {
        self.kind = self.find_kind(written.kind.as_deref().unwrap_or(Kind::Products.as_str()))?;
        if !matches!(self.kind, Kind::Products | Kind::Stock) {
            let help = "a document of offers is about products or stock".to_owned();
            return Err(self.wrong("kind", format!("no {} are read from documents", self.kind.as_str()), help));
        }
        if written.roots.is_empty() && written.offer.as_slice().len() != 1 {
            let help = "name one element, or say in `roots` which document elements there are".to_owned();
            return Err(self.wrong("offer", "it is not clear which element is an offer".to_owned(), help));
        }
        let described = Described::new(written.clone()).map_err(|unknown| {
            let help = match closest(&unknown.name, OfferMeaning::names()) {
                Some(near) => format!("is `{near}` meant?"),
                None => format!("known are {}", OfferMeaning::names().collect::<Vec<_>>().join(", ")),
            };
            let message = format!("offers have no `{}`", unknown.name);
            Error { code: "mapping/no-such-column", ..self.wrong(&unknown.name, message, help) }
        })?;
        if !described.says(OfferMeaning::Sku) {
            let help = "add where the merchant's own id stands: sku = \"…\"".to_owned();
            return Err(self.wrong("columns", "the mapping names no `sku`".to_owned(), help));
        }
        let source = format!("mapping:{}", written.name.as_deref().unwrap_or(&self.file));
        let dialect = known::dialect(self.kind.as_str(), source, self.kind, &written, &Arc::new(described));
        self.said.encoding = written.encoding;
        self.document = Some(Arc::new(dialect));
        Ok(())
    }

    /// How the offers of the document are written. Errors: `mapping/not-a-document`.
    pub fn document(&self, file: &str) -> Result<&Arc<Dialect>> {
        self.document.as_ref().ok_or_else(|| {
            let message = format!("{file} is an XML document, and the mapping is one of a table");
            let help = "say which element is one offer: offer = \"item\"; names in [columns] are then elements";
            Error::usage("mapping/not-a-document", message).at(Place::file(&self.file)).help(help)
        })
    }

    /// Errors: `mapping/not-a-table`.
    pub fn check_is_of_tables(&self, file: &str) -> Result<()> {
        if self.document.is_none() {
            return Ok(());
        }
        let message = format!("{file} is a table, and the mapping is one of an XML document");
        let help = "leave out `offer`; names in [columns] are then columns";
        Err(Error::usage("mapping/not-a-table", message).at(Place::file(&self.file)).help(help))
    }

    pub fn encoding(&self) -> Option<&str> {
        self.said.encoding.as_deref()
    }

    fn meanings(&self, said: &IndexMap<String, String>) -> Result<Vec<(Meaning, String)>> {
        let meaning = |name: &str| Meaning::parse(name).ok_or_else(|| self.unknown(name, MEANINGS.iter().map(|m| m.0)));
        said.iter().map(|(name, value)| Ok((meaning(name)?, value.clone()))).collect()
    }

    /// A product has to be told from others, and to be called something.
    fn check_keys(&self) -> Result<()> {
        let has = |meaning| self.columns.iter().any(|(found, _)| *found == meaning);
        if has(Meaning::Sku) || has(Meaning::Group) {
            return Ok(());
        }
        let help = "add the column that holds the merchant's own id: sku = \"…\"".to_owned();
        Err(self.wrong("columns", "the mapping names no `sku`".to_owned(), help))
    }

    /// Columns of the other kinds are those of purvey's own table of that kind.
    fn check_names(&self) -> Result<()> {
        let format = self.own_format();
        let known = || format.must.iter().chain(format.may).flat_map(|names| names.split('|'));
        for name in self.said.columns.keys() {
            if !known().any(|known| known.eq_ignore_ascii_case(name)) {
                return Err(self.unknown(name, known()));
            }
        }
        let unused = [
            ("options", &self.said.options),
            ("attributes", &self.said.attributes),
            ("constants", &self.said.constants),
        ];
        match unused.into_iter().find(|(_, said)| !said.is_empty()) {
            None => Ok(()),
            Some((name, _)) => {
                Err(self.wrong(name, format!("only products have {name}"), "leave the section out".to_owned()))
            }
        }
    }

    /// Purvey's own table of the kind.
    pub fn own_format(&self) -> &'static Format {
        let own = |format: &&Format| format.kind == self.kind && format.name == self.kind.as_str();
        FORMATS.iter().find(own).unwrap_or(&FORMATS[0])
    }

    fn unknown<'n>(&self, name: &str, known: impl Iterator<Item = &'n str> + Clone) -> Error {
        let help = match closest(name, known.clone()) {
            Some(near) => format!("is `{near}` meant?"),
            None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        };
        let message = format!("{} have no `{name}`", self.said.kind);
        Error { code: "mapping/no-such-column", ..self.wrong(name, message, help) }
    }

    /// Points at the line of the mapping that begins with `key`.
    fn wrong(&self, key: &str, message: String, help: String) -> Error {
        let is_it = |line: &str| line.trim_start_matches([' ', '[', '"']).starts_with(key);
        let at = self.text.lines().position(is_it);
        let mut place = Place::file(&self.file).attribute(key);
        if let Some(at) = at {
            place = place.line(at as u64 + 1);
        }
        Error::usage("mapping/value", message).at(place).help(help)
    }

    /// How the file says the table is written; what the command line says counts more.
    pub fn settle(&self, options: &mut crate::intake::rows::table::Options) {
        let said = &self.said;
        options.encoding = options.encoding.take().or_else(|| said.encoding.clone());
        options.delimiter = options.delimiter.or_else(|| said.delimiter.and_then(|c| u8::try_from(c).ok()));
        options.header_line = options.header_line.or(said.header_line);
    }

    /// Gives the columns of the table purvey's own names; for products, says only whether all are there.
    ///
    /// Errors: `mapping/column-not-in-file`.
    pub fn apply(&self, table: &mut Table) -> Result<()> {
        let said = &self.said;
        let all = said.columns.iter().chain(&said.options).chain(&said.attributes);
        let mut names = Vec::new();
        for (ours, its) in all {
            let Some(at) = table.find(its) else {
                let near = closest(&fold(its), table.header().iter().map(|column| column.name.as_str()));
                let help = near
                    .map_or_else(|| format!("it has {}", listed(table.header())), |near| format!("is `{near}` meant?"));
                let message = format!("{} has no column `{its}`", table.file());
                return Err(Error { code: "mapping/column-not-in-file", ..self.wrong(ours, message, help) });
            };
            names.push((at, ours.clone()));
        }
        if self.kind != Kind::Products {
            table.rename(&names);
        }
        Ok(())
    }

    /// What the mapping says about products.
    pub fn with_layout<T>(&self, take: impl FnOnce(&Layout<'_>) -> T) -> T {
        let columns: Vec<(Meaning, &str)> = self.columns.iter().map(|(m, name)| (*m, name.as_str())).collect();
        let constants: Vec<(Meaning, &str)> = self.constants.iter().map(|(m, text)| (*m, text.as_str())).collect();
        let (options, attributes) = (pairs(&self.said.options), pairs(&self.said.attributes));
        let source = format!("mapping:{}", self.said.name.as_deref().unwrap_or(&self.file));
        let layout = Layout {
            source: &source,
            columns: &columns,
            is_exact: true,
            options: &options,
            named_options: &[],
            attributes: &attributes,
            constants: &constants,
            has_product_records: false,
            custom: Decimal::custom(self.said.decimal),
            weight_unit: self.weight_unit,
            image_base: self.said.image_base.as_deref(),
            separators: Layout::PLAIN.separators,
        };
        take(&layout)
    }
}

fn read<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| {
        let (line, column) = line_of(text, e.span().map_or(0, |span| span.start));
        Error::usage("mapping/unreadable", e.message().to_owned())
            .at(Place::file(file).line(line).column(column))
            .help("see `purvey import --map-wizard FILE` for a mapping to start from")
    })
}

fn pairs(said: &IndexMap<String, String>) -> Vec<(&str, &str)> {
    said.iter().map(|(ours, its)| (ours.as_str(), its.as_str())).collect()
}

fn listed(header: &[Column]) -> String {
    header.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ")
}

fn line_of(text: &str, offset: usize) -> (u64, u64) {
    let before = text.get(..offset).unwrap_or_default();
    let column = before.chars().rev().take_while(|c| *c != '\n').count();
    (before.matches('\n').count() as u64 + 1, column as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::bytes::source::Source;

    fn table(csv: &str) -> Table {
        Table::open(Source::bytes("x.csv", csv).unwrap(), &Default::default()).unwrap()
    }

    #[test]
    fn what_is_wrong_with_a_mapping_is_pointed_at() {
        for (text, code, line, help) in [
            ("kind = \"product\"\n[columns]\nsku = \"a\"\n", "mapping/value", 1, "products, stock"),
            ("[columns]\nsku = \"a\"\ntitel = \"b\"\n", "mapping/no-such-column", 3, "`title`"),
            ("[columns]\ntitle = \"b\"\n", "mapping/value", 1, "sku"),
            ("[columns]\nsku = 3\n", "mapping/unreadable", 2, "map-wizard"),
            ("decimal = \"point\"\n[columns]\nsku = \"a\"\n", "mapping/unreadable", 1, "map-wizard"),
            ("weight_unit = \"stone\"\n[columns]\nsku = \"a\"\n", "mapping/value", 1, "kg"),
            ("kind = \"stock\"\n[columns]\nsku = \"a\"\nquantty = \"b\"\n", "mapping/no-such-column", 4, "`quantity`"),
        ] {
            let error = MappingFile::parse("m.toml", text).unwrap_err();
            assert_eq!((error.code, error.place.line), (code, Some(line)), "{text}");
            assert!(error.help.as_deref().unwrap_or_default().contains(help), "{error:?}");
        }
        let mapping = MappingFile::parse("m.toml", "[columns]\nsku = \"Artikelnumer\"\n").unwrap();
        let error = mapping.apply(&mut table("Artikelnummer;Preis\n1;2\n")).unwrap_err();
        assert_eq!((error.code, error.place.line), ("mapping/column-not-in-file", Some(2)));
        assert!(error.help.unwrap().contains("`Artikelnummer`"));
    }
}
