//! An opened file and what it was taken for.
use super::detect::{self, Format, Kind, detect};
use super::json_lines::JsonLines;
use super::offers::{Offers, is_xml};
use super::options::Options;
use super::source::Source;
use super::table::Table;
use crate::diagnostic::{Error, Place, Result};

/// The name of the format of orders, one JSON object a line.
const ORDER_LINES: &str = "orders-jsonl";

/// An opened file of a known format.
pub enum Input {
    Table { table: Box<Table>, format: &'static Format, head: Vec<u8> },
    Orders(Box<JsonLines>),
    Offers(Box<Offers>),
}

impl Input {
    pub fn open(source: Source, options: &Options) -> Result<Input> {
        if is_order_lines(&source, options) {
            let lines = JsonLines::open(source, options.table.encoding.as_deref())?;
            return Ok(Input::Orders(Box::new(lines)));
        }
        if is_xml(source.head()) {
            return Ok(Input::Offers(Box::new(Offers::open(source, options)?)));
        }
        let head = source.head().to_vec();
        let (table, format, _) = open_table(source, options)?;
        Ok(Input::Table { table: Box::new(table), format, head })
    }

    pub fn format(&self) -> (&'static str, Kind) {
        match self {
            Input::Table { format, .. } => (format.name, format.kind),
            Input::Orders(_) => (ORDER_LINES, Kind::Orders),
            Input::Offers(offers) => (offers.dialect.name, offers.dialect.kind),
        }
    }

    pub fn encoding(&self) -> &'static str {
        match self {
            Input::Table { table, .. } => table.encoding().name,
            Input::Orders(lines) => lines.encoding().name,
            Input::Offers(offers) => offers.encoding(),
        }
    }
}

/// JSON that the user says is orders, or whose first object names one.
fn is_order_lines(source: &Source, options: &Options) -> bool {
    let mut text = source.head().iter().filter(|b| !b"\xef\xbb\xbf\xff\xfe\0 \t\r\n".contains(b));
    let is_object = text.next() == Some(&b'{');
    match (&options.format, options.kind) {
        _ if options.mapping.is_some() => false,
        (Some(format), _) => format == ORDER_LINES,
        (None, Some(kind)) => kind == Kind::Orders && is_object,
        (None, None) => is_object && memchr::memmem::find(source.head(), b"\"order_id\"").is_some(),
    }
}

/// Opens a table and says what it is and why: what its mapping says, the format the user named, or what its columns tell.
pub fn open_table(source: Source, options: &Options) -> Result<(Table, &'static Format, String)> {
    let Some(mapping) = &options.mapping else {
        let table = Table::open(source, &options.table)?;
        let (format, reason) = choose(&table, options)?;
        return Ok((table, format, reason));
    };
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
