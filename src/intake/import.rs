//! One file into the catalog: detected, read record by record, and stored as a whole or not at all.
use super::detect::{self, Format, Kind, detect};
use super::findings::{Findings, Refusal};
use super::json_lines::JsonLines;
use super::levels::{self, LevelField, Levels};
use super::locations::Locations;
use super::mapping::Mapping;
use super::order_document;
use super::order_table::OrderTable;
use super::orders::Orders;
use super::prices::Prices;
use super::product_row::ProductReader;
use super::products::{Here, Keeper};
use super::seen::Seen;
use super::shopify_inventory::ShopifyInventory;
use super::shopify_products::ShopifyProducts;
use super::source::Source;
use super::stock::StockTable;
use super::table::{self, Record, Table};
use super::tracking::Tracking;
use crate::catalog::{Change, Put, Writer};
use crate::diagnostic::{Diagnostic, Error, Kind as Trouble, Place, Result};
use crate::value::Currency;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// What a full import may take away before it is asked whether that is meant, in percent.
const SHRINK_PERCENT_MAX: u64 = 30;
/// Bytes between two calls for progress.
const PROGRESS_BYTES: u64 = 1 << 20;

/// What the user says about an import; only the currency and the time have to be said.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the file is about, as in `import stock FILE`.
    pub kind: Option<Kind>,
    /// `--format`: a name of [`detect::FORMATS`].
    pub format: Option<String>,
    /// How the table is written: encoding, delimiter, line of the header.
    pub table: table::Options,
    /// The shop's own, in which amounts without a currency are.
    pub currency: Currency,
    pub now: Timestamp,
    /// Takes nothing of a file of which one record is refused.
    pub strict: bool,
    /// Does everything but keep it.
    pub dry_run: bool,
    /// Archives what the same format brought before and this file does not have.
    pub archive_missing: bool,
    /// Archives it however much it is.
    pub allow_shrink: bool,
    /// Lets a SKU go over to another product.
    pub allow_moves: bool,
    /// Reads amounts in any custom (`1.234,56 €`) also where the format always writes `1234.56`.
    pub local_prices: bool,
    /// Where units are whose record names no location.
    pub location: Option<String>,
    /// The marketplace of orders whose record names none, and of parcels whose order is on several.
    pub market: Option<String>,
    /// Marketplaces that are to hear of parcels; those of other channels are only kept here.
    pub told_markets: Vec<String>,
    /// The zone of times that are written without one.
    pub zone: Option<jiff::tz::TimeZone>,
}

impl Options {
    pub fn new(currency: Currency, now: Timestamp) -> Self {
        Options {
            kind: None,
            format: None,
            table: table::Options::default(),
            currency,
            now,
            strict: false,
            dry_run: false,
            archive_missing: false,
            allow_shrink: false,
            allow_moves: false,
            local_prices: false,
            location: None,
            market: None,
            told_markets: Vec::new(),
            zone: None,
        }
    }
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub file: String,
    pub format: &'static str,
    pub kind: &'static str,
    pub encoding: &'static str,
    /// Records read, blank ones not counted.
    pub records: u64,
    #[serde(flatten)]
    pub counts: Counts,
    /// Records that were not taken, each told with its place.
    pub refused: u64,
    /// Orders that were taken, but wait for a person to say which SKU a line means.
    pub held: u64,
    /// Variants that the same format brought before and this file does not have.
    pub vanished: u64,
    /// How many of them were archived.
    pub archived: u64,
}

/// What became of the variants, levels, prices or locations the records are about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub new: u64,
    pub changed: u64,
    pub same: u64,
}

impl Counts {
    fn of(&mut self, put: Put) -> &mut u64 {
        match put {
            Put::New => &mut self.new,
            Put::Changed => &mut self.changed,
            Put::Same => &mut self.same,
        }
    }

    pub fn count(&mut self, put: Put) {
        *self.of(put) += 1;
    }

    pub fn uncount(&mut self, put: Put) {
        let count = self.of(put);
        *count = count.saturating_sub(1);
    }
}

/// Takes one file in: one transaction. A record that cannot be taken is told to `sink` and left out; an error means
/// that nothing of the file was kept. `progress` hears from time to time how many bytes of text were read.
///
/// Errors: those of [`Source`], [`Table`] and [`detect()`]; `import/no-reader`, `import/strict`, `import/shrunk`; those
/// of the catalog.
pub fn import(
    writer: &mut Writer,
    source: Source,
    options: &Options,
    sink: &mut dyn FnMut(&Diagnostic),
    progress: &mut dyn FnMut(u64),
) -> Result<Imported> {
    let file = source.name().to_owned();
    let mut input = Input::open(source, options)?;
    let mut intake = Intake { options, findings: Findings::new(sink), progress, told: 0, records: 0, misshapen: 0 };
    let change = writer.change(options.now)?;
    let taken = match &mut input {
        Input::Table { table, format, head } => {
            format.unread(table).into_iter().for_each(|finding| intake.findings.tell(finding));
            intake.table(&change, table, format, head)?
        }
        Input::Orders(lines) => intake.order_lines(&change, lines)?,
    };
    let (refused, records) = (intake.findings.refused, intake.records);
    let failed = refused + taken.held;
    if options.strict && failed > 0 {
        let message = format!("{failed} record(s) of {file} could not be taken, so nothing of it was");
        let help = "mend them, or leave out `--strict` to take the others";
        return Err(Error::input("import/strict", message).at(Place::file(&file)).help(help));
    }
    if !options.dry_run && !taken.is_moot {
        change.commit()?;
    }
    let (format, kind) = input.format();
    Ok(Imported {
        file,
        format,
        kind: kind.as_str(),
        encoding: input.encoding(),
        records,
        counts: taken.counts,
        refused,
        held: taken.held,
        vanished: taken.vanished,
        archived: taken.archived,
    })
}

/// The name of the format of orders, one JSON object a line.
const ORDER_LINES: &str = "orders-jsonl";

/// An opened file of a known format.
enum Input {
    Table { table: Box<Table>, format: &'static Format, head: Vec<u8> },
    Orders(JsonLines),
}

impl Input {
    fn open(source: Source, options: &Options) -> Result<Input> {
        if is_order_lines(&source, options) {
            return JsonLines::open(source, options.table.encoding.as_deref()).map(Input::Orders);
        }
        let head = source.head().to_vec();
        let table = Table::open(source, &options.table)?;
        let (format, _) = choose(&table, options)?;
        Ok(Input::Table { table: Box::new(table), format, head })
    }

    fn format(&self) -> (&'static str, Kind) {
        match self {
            Input::Table { format, .. } => (format.name, format.kind),
            Input::Orders(_) => (ORDER_LINES, Kind::Orders),
        }
    }

    fn encoding(&self) -> &'static str {
        match self {
            Input::Table { table, .. } => table.encoding().name,
            Input::Orders(lines) => lines.encoding().name,
        }
    }
}

/// JSON that the user says is orders, or whose first object names one.
fn is_order_lines(source: &Source, options: &Options) -> bool {
    let mut text = source.head().iter().filter(|b| !b"\xef\xbb\xbf\xff\xfe\0 \t\r\n".contains(b));
    let is_object = text.next() == Some(&b'{');
    match (&options.format, options.kind) {
        (Some(format), _) => format == ORDER_LINES,
        (None, Some(kind)) => kind == Kind::Orders && is_object,
        (None, None) => is_object && memchr::memmem::find(source.head(), b"\"order_id\"").is_some(),
    }
}

#[derive(Debug, Default)]
pub(super) struct Taken {
    pub counts: Counts,
    pub held: u64,
    pub vanished: u64,
    pub archived: u64,
    /// What was done is to be undone: it had been done before.
    pub is_moot: bool,
}

/// The import of one file on its way.
pub(super) struct Intake<'s, 'o> {
    pub options: &'o Options,
    pub findings: Findings<'s>,
    progress: &'s mut dyn FnMut(u64),
    told: u64,
    records: u64,
    /// Records that could not even be taken apart.
    misshapen: u64,
}

impl<'o> Intake<'_, 'o> {
    fn table(&mut self, change: &Change<'_>, table: &mut Table, format: &Format, head: &[u8]) -> Result<Taken> {
        match format.name {
            "shopify-products" => {
                let mut mapping = Mapping::new(table);
                let mut reader = ShopifyProducts::new(&mut mapping, self.options, &mut self.findings);
                self.products(change, table, &mut reader, head)
            }
            "shopify-inventory" | "shopify-inventory-wide" => self.inventory(change, table, format),
            "stock" => self.stock(change, table),
            "prices" => {
                let mut prices = Prices::new(change, &mut Mapping::new(table), self.options);
                self.each(table, |record, findings| prices.take(record, findings))?;
                Ok(Taken { counts: prices.counts, ..Taken::default() })
            }
            "locations" => {
                let mut locations = Locations::new(change, &mut Mapping::new(table));
                self.each(table, |record, findings| locations.take(record, findings))?;
                Ok(Taken { counts: locations.counts, ..Taken::default() })
            }
            "orders" => self.order_table(change, table),
            "tracking" => {
                let mut tracking = Tracking::new(change, &mut Mapping::new(table), self.options);
                self.each(table, |record, findings| tracking.take(record, findings))?;
                tracking.finish(&mut self.findings)?;
                Ok(Taken { counts: tracking.counts, ..Taken::default() })
            }
            _ => Err(no_reader(table, format)),
        }
    }

    fn order_lines(&mut self, change: &Change<'_>, lines: &mut JsonLines) -> Result<Taken> {
        let mut orders = Orders::new(change);
        let setting = self.setting();
        while let Some(line) = lines.read()? {
            self.records += 1;
            let told = line.and_then(|(place, value)| Ok((order_document::read(&value, &place, &setting)?, place)));
            let refused = match told {
                Ok((told, place)) => orders.take(told, &place, &mut self.findings)?.err(),
                Err(refusal) => Some(refusal),
            };
            if let Some(refusal) = refused {
                self.findings.refuse(*refusal);
            }
            self.tell_progress(lines.bytes_read());
        }
        Ok(Taken { counts: orders.counts, held: orders.held, ..Taken::default() })
    }

    fn order_table(&mut self, change: &Change<'_>, table: &mut Table) -> Result<Taken> {
        let reader = OrderTable::new(&mut Mapping::new(table));
        let mut orders = Orders::new(change);
        let setting = self.setting();
        let mut open: Option<(String, Place, serde_json::Map<String, Value>, Vec<Value>)> = None;
        let mut close = |open: Option<(_, Place, serde_json::Map<String, Value>, Vec<Value>)>,
                         findings: &mut Findings<'_>| {
            let Some((_, place, mut document, lines)) = open else { return Ok(()) };
            let records = lines.len() as u64;
            document.insert("lines".to_owned(), Value::Array(lines));
            let refused = match order_document::read(&Value::Object(document), &place, &setting) {
                Ok(told) => orders.take(told, &place, findings)?.err(),
                Err(refusal) => Some(refusal),
            };
            if let Some(refusal) = refused {
                findings.refused += records - 1;
                findings.refuse(*refusal);
            }
            Ok::<(), Error>(())
        };
        self.each(table, |record, findings| {
            let key = reader.key(record);
            if open.as_ref().is_none_or(|(known, ..)| *known != key) {
                close(open.take(), findings)?;
                open = Some((key, record.whole(), reader.document(record), Vec::new()));
            }
            open.iter_mut().for_each(|(.., lines)| lines.push(reader.line(record)));
            Ok(Ok(()))
        })?;
        close(open.take(), &mut self.findings)?;
        Ok(Taken { counts: orders.counts, held: orders.held, ..Taken::default() })
    }

    fn setting(&self) -> order_document::Setting<'o> {
        order_document::Setting {
            channel: self.options.market.as_deref(),
            zone: self.options.zone.as_ref(),
            now: self.options.now,
        }
    }

    fn tell_progress(&mut self, read: u64) {
        if read - self.told >= PROGRESS_BYTES {
            self.told = read;
            (self.progress)(read);
        }
    }

    fn inventory(&mut self, change: &Change<'_>, table: &mut Table, format: &Format) -> Result<Taken> {
        let reader = ShopifyInventory::new(&mut Mapping::new(table), format);
        let mut levels = Levels::new(change, levels::Locations::Made)?;
        self.each(table, |record, findings| {
            let rows = match reader.read(record) {
                Ok(rows) => rows,
                Err(refusal) => return Ok(Err(refusal)),
            };
            for (column, row) in &rows {
                let place = |field| match (field, reader.column(field)) {
                    (LevelField::Quantity, _) | (_, None) => record.place(*column),
                    (_, Some(column)) => record.place(column),
                };
                if let Err(refusal) = levels.take(row, record.number, &place, findings)? {
                    return Ok(Err(refusal));
                }
            }
            Ok(Ok(()))
        })?;
        Ok(Taken { counts: levels.counts, ..Taken::default() })
    }

    fn stock(&mut self, change: &Change<'_>, table: &mut Table) -> Result<Taken> {
        let reader = StockTable::new(&mut Mapping::new(table));
        let mut levels = Levels::new(change, levels::Locations::Known)?;
        if !reader.names_locations() {
            let wanted = self.options.location.as_deref();
            levels.settle_default(wanted).map_err(|invalid| Error::from(invalid).at(Place::file(table.file())))?;
        }
        let mut digest = 0u64;
        self.each(table, |record, findings| {
            digest = digest.rotate_left(7) ^ record.digest();
            let place = |field| reader.column(field).map_or_else(|| record.whole(), |column| record.place(column));
            match reader.read(record) {
                Ok(row) => levels.take(&row, record.number, &place, findings),
                Err(refusal) => Ok(Err(refusal)),
            }
        })?;
        let mut taken = Taken { counts: levels.counts, ..Taken::default() };
        if reader.is_of_changes() && change.ledger(&format!("changes {digest:016x}"))?.is_none() {
            let message = "these changes were taken before: nothing was done";
            let help =
                "a file of changes counts once; one that truly happened again has to differ, by a date for example";
            self.findings
                .tell(Diagnostic::warning("import/changes-again", message).at(Place::file(table.file())).help(help));
            taken =
                Taken { counts: Counts { same: self.records, ..Counts::default() }, is_moot: true, ..Taken::default() };
        }
        Ok(taken)
    }

    fn products(
        &mut self,
        change: &Change<'_>,
        table: &mut Table,
        reader: &mut dyn ProductReader,
        head: &[u8],
    ) -> Result<Taken> {
        let (source, carried) = (reader.source(), reader.carried().clone());
        let mut keeper = Keeper::new(change, source, &carried, self.options)?;
        if uses_skus(head, self.options, reader) {
            keeper.refuse_made_skus();
        }
        self.each(table, |record, findings| {
            let row = match reader.read(record, findings) {
                Ok(row) => row,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let place = |field| reader.column(field).map_or_else(|| record.whole(), |column| record.place(column));
            let here = Here { record: record.number, line: record.line, digest: record.digest(), place: &place };
            keeper.take(row, &here, findings).map(Ok)
        })?;
        let (counts, seen) = keeper.finish(&mut self.findings)?;
        let (vanished, archived) = self.vanish(change, source, &seen, table.file())?;
        Ok(Taken { counts, vanished, archived, ..Taken::default() })
    }

    /// Reads all records; the inner result of `take` is why a record is not taken.
    pub fn each(
        &mut self,
        table: &mut Table,
        mut take: impl FnMut(&Record<'_>, &mut Findings<'_>) -> Result<Result<(), Refusal>>,
    ) -> Result<()> {
        while let Some(record) = table.read()? {
            self.records += 1;
            match record {
                Ok(record) => {
                    if let Err(refusal) = take(&record, &mut self.findings)? {
                        self.findings.refuse(*refusal);
                    }
                }
                Err(misshapen) => {
                    self.misshapen += 1;
                    self.findings.refuse(misshapen);
                }
            }
            self.tell_progress(table.bytes_read());
        }
        (self.progress)(table.bytes_read());
        table.findings().into_iter().for_each(|finding| self.findings.tell(finding));
        Ok(())
    }

    /// What the source had before and has no longer: counted, and archived when that is asked for.
    fn vanish(&mut self, change: &Change<'_>, source: &str, seen: &Seen, file: &str) -> Result<(u64, u64)> {
        let gone = change.vanished(source, |sku| seen.contains(sku))?;
        let vanished = gone.ids.len() as u64;
        if !self.options.archive_missing || vanished == 0 {
            return Ok((vanished, 0));
        }
        if self.misshapen > 0 {
            let message = format!("{} record(s) could not be read, so nothing was archived", self.misshapen);
            let help = "the SKUs in them are not known: mend them and import again";
            self.findings.tell(Diagnostic::warning("import/not-archived", message).at(Place::file(file)).help(help));
            return Ok((vanished, 0));
        }
        let is_much = vanished * 100 > gone.known * SHRINK_PERCENT_MAX;
        if self.records == 0 || (is_much && !self.options.allow_shrink) {
            let message = format!("{file} lacks {vanished} of the {} variants that {source} brought", gone.known);
            let help = if self.records == 0 {
                "a file without records archives nothing: export it again"
            } else {
                "nothing of it was taken; if that is meant, add `--allow-shrink`"
            };
            return Err(Error::new(Trouble::Guard, "import/shrunk", message).at(Place::file(file)).help(help));
        }
        change.archive_items(&gone.ids)?;
        Ok((vanished, vanished))
    }
}

/// The format of a table: the one the user named, or the one its columns tell.
pub(super) fn choose(table: &Table, options: &Options) -> Result<(&'static Format, String)> {
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

fn no_reader(table: &Table, format: &Format) -> Error {
    let message = format!("{} is {}, which is recognized but not read yet", table.file(), format.name);
    Error::input("import/no-reader", message)
        .at(Place::file(table.file()))
        .help("export it as a plain CSV of the kind you need")
}

/// Whether the first records of a file say that its shop gives variants SKUs: at least half of them have one.
fn uses_skus(head: &[u8], options: &Options, reader: &dyn ProductReader) -> bool {
    let source = Source::bytes("head", head);
    let Ok(mut table) = source.and_then(|source| Table::open(source, &options.table)) else { return false };
    let (mut with, mut without) = (0, 0);
    // a record cut off by the end of the head ends it
    while let Ok(Some(Ok(record))) = table.read() {
        match reader.has_sku(&record) {
            Some(true) => with += 1,
            Some(false) => without += 1,
            None => {}
        }
    }
    with > 0 && with >= without
}
