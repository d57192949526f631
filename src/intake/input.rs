//! An opened file and what it was taken for.
use super::bytes::source::Source;
use super::detect::{self, Format, Kind, detect};
use super::formats::order_json;
use super::offers::document::{Offers, is_xml};
use super::options::Options;
use super::rows::json::records::{JsonRecords, is_json};
use super::rows::table::Table;
use crate::diagnostic::{Error, Place, Result};

/// An opened file of a known format.
pub enum Input {
    Table { table: Box<Table>, format: &'static Format, head: Vec<u8> },
    Orders { records: Box<JsonRecords>, format: &'static str },
    Offers(Box<Offers>),
}

impl Input {
    pub fn open(source: Source, options: &Options) -> Result<Input> {
        if let Some(format) = json_orders(&source, options) {
            let records = JsonRecords::open(source, options.table.encoding.as_deref())?;
            return Ok(Input::Orders { records: Box::new(records), format });
        }
        if is_xml(source.head()) {
            return Ok(Input::Offers(Box::new(Offers::open(source, options)?)));
        }
        let head = source.head().to_vec();
        let (table, format, _) = open_table(source, options)?;
        let head = table.first_records().map_or(head, <[u8]>::to_vec);
        Ok(Input::Table { table: Box::new(table), format, head })
    }

    pub fn format(&self) -> (&'static str, Kind) {
        match self {
            Input::Table { format, .. } => (format.name, format.kind),
            Input::Orders { format, .. } => (format, Kind::Orders),
            Input::Offers(offers) => (offers.dialect.name, offers.dialect.kind),
        }
    }

    pub fn encoding(&self) -> &'static str {
        match self {
            Input::Table { table, .. } => table.encoding().name,
            Input::Orders { records, .. } => records.encoding().name,
            Input::Offers(offers) => offers.encoding(),
        }
    }
}

/// The format of JSON that the user says is orders, or that holds what orders hold.
fn json_orders(source: &Source, options: &Options) -> Option<&'static str> {
    if options.mapping.is_some() || !is_json(source.head()) {
        return None;
    }
    let found = order_json::format_of(source.head());
    match (&options.format, options.kind) {
        (Some(named), _) => order_json::formats().find(|format| format == named),
        (None, Some(Kind::Orders)) => found.or_else(|| order_json::formats().next()),
        (None, Some(_)) => None,
        (None, None) => found,
    }
}

/// Opens a table and says what it is and why: what its mapping says, the format the user named, or what its columns tell.
pub fn open_table(source: Source, options: &Options) -> Result<(Table, &'static Format, String)> {
    let Some(mapping) = &options.mapping else {
        let table = Table::open(source, &options.table)?;
        let (format, reason) = choose(&table, options)?;
        return Ok((table, format, reason));
    };
    mapping.check_is_of_tables(source.name())?;
    let mut written = options.table.clone();
    mapping.settle(&mut written);
    let mut table = Table::open(source, &written)?;
    mapping.apply(&mut table)?;
    Ok((table, mapping.own_format(), "as its mapping says".to_owned()))
}

/// The format of a table: the one the user named, or the one its columns tell.
fn choose(table: &Table, options: &Options) -> Result<(&'static Format, String)> {
    let Some(name) = &options.format else {
        return detect(table, options.kind).map(|found| (found.format, found.reason));
    };
    let Some(format) = detect::FORMATS.iter().find(|format| format.name == name) else {
        let names: Vec<&str> = detect::FORMATS.iter().map(|format| format.name).collect();
        return Err(Error::usage("import/no-such-format", format!("there is no format `{name}`"))
            .help(format!("formats are {}", names.join(", "))));
    };
    let missing = format.missing(table.header());
    if !missing.is_empty() {
        let message = format!("{} is not {name}: it lacks {}", table.file(), missing.join(", "));
        let place = Place::file(table.file()).record(1).line(1).attribute(missing.join(", "));
        return Err(Error::input("format/unknown", message).at(place).help("leave out `--format` to have it detected"));
    }
    Ok((format, "named with `--format`".to_owned()))
}
