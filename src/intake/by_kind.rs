//! What is done with the records of each kind of file: which reader takes them apart, and who puts them away.
use super::by_sku::fields::{Fields, is_owned};
use super::by_sku::overrides::Overrides;
use super::by_sku::prices::Prices;
use super::by_sku::reviews::Reviews;
use super::bytes::source::Source;
use super::detect::{self, Format};
use super::findings::{Findings, Refusal};
use super::formats::magento_products::MagentoProducts;
use super::formats::order_json;
use super::formats::order_tables;
use super::formats::prestashop;
use super::formats::product_tables;
use super::formats::shopify_inventory::ShopifyInventory;
use super::formats::shopify_products::ShopifyProducts;
use super::formats::wix_products::WixProducts;
use super::formats::woocommerce_products::WooProducts;
use super::import::Counts;
use super::input::open_table;
use super::mapping::Mapping;
use super::offers::document::Offers;
use super::offers::known;
use super::offers::table::OfferTable;
use super::offers::taker::OfferTaker;
use super::options::Options;
use super::orders::document;
use super::orders::keeper::Orders;
use super::orders::table::{OrderTable, Whole};
use super::orders::tracking::Tracking;
use super::products::keeper::{Here, Keeper};
use super::products::row::ProductReader;
use super::products::seen::Seen;
use super::products::table::ProductTable;
use super::rows::json::records::JsonRecords;
use super::rows::table::{Record, Table};
use super::stock::levels::{self, LevelField, Levels};
use super::stock::locations::Locations;
use super::stock::table::StockTable;
use crate::catalog::{Carried, Change};
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result, Severity};
use crate::document::RawOffer;
use std::sync::Arc;

/// What a full import may take away before it is asked whether that is meant, in percent.
const SHRINK_PERCENT_MAX: u64 = 30;
/// Bytes between two calls for progress.
const PROGRESS_BYTES: u64 = 1 << 20;

/// What taking the records came to.
#[derive(Debug, Default)]
pub struct Taken {
    pub counts: Counts,
    pub held: u64,
    pub vanished: u64,
    pub archived: u64,
    /// What was done is to be undone: it had been done before.
    pub is_moot: bool,
}

/// The import of one file on its way.
pub struct Intake<'s, 'o> {
    options: &'o Options,
    pub findings: Findings<'s>,
    progress: &'s mut dyn FnMut(u64),
    told: u64,
    pub records: u64,
    /// Records that could not even be taken apart.
    misshapen: u64,
}

impl<'s, 'o> Intake<'s, 'o> {
    pub fn new(options: &'o Options, sink: &'s mut dyn FnMut(&Diagnostic), progress: &'s mut dyn FnMut(u64)) -> Self {
        Intake { options, findings: Findings::new(sink), progress, told: 0, records: 0, misshapen: 0 }
    }

    pub fn table(&mut self, change: &Change<'_>, table: &mut Table, format: &Format, head: &[u8]) -> Result<Taken> {
        if let Some(map) = self.options.mapping.as_ref().filter(|map| map.kind == detect::Kind::Products) {
            let mut mapping = Mapping::new(table);
            let mut reader = map.with_layout(|layout| ProductTable::new(layout, &mut mapping, self.options));
            return self.products(change, table, &mut reader, head);
        }
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
            name if order_tables::layout(name).is_some() => self.order_table(change, table, format),
            "reviews" => {
                let mut reviews = Reviews::new(change, &mut Mapping::new(table), self.options);
                self.each(table, |record, findings| reviews.take(record, findings))?;
                Ok(Taken { counts: reviews.counts, ..Taken::default() })
            }
            "fields" => {
                let mut fields = Fields::new(change, &mut Mapping::new(table), self.options, &mut self.findings);
                self.each(table, |record, findings| fields.take(record, findings))?;
                Ok(Taken { counts: fields.counts, ..Taken::default() })
            }
            "overrides" => {
                let mut overrides = Overrides::new(change, &mut Mapping::new(table), self.options);
                self.each(table, |record, findings| overrides.take(record, findings))?;
                Ok(Taken { counts: overrides.counts, ..Taken::default() })
            }
            "tracking" => {
                let mut tracking = Tracking::new(change, &mut Mapping::new(table), self.options);
                self.each(table, |record, findings| tracking.take(record, findings))?;
                tracking.finish(&mut self.findings)?;
                Ok(Taken { counts: tracking.counts, ..Taken::default() })
            }
            "woocommerce-products" => {
                let mut reader = WooProducts::new(&mut Mapping::new(table), self.options);
                self.products(change, table, &mut reader, head)
            }
            "wix-products" => {
                let mut reader = WixProducts::new(&mut Mapping::new(table), self.options);
                self.products(change, table, &mut reader, head)
            }
            "magento-products" => {
                let mut reader = MagentoProducts::new(&mut Mapping::new(table), self.options);
                self.products(change, table, &mut reader, head)
            }
            "prestashop-products" => {
                let known = change.numbered(prestashop::NUMBER)?;
                let reader = prestashop::Products::new(known, &mut Mapping::new(table), self.options);
                let mut reader = reader.ok_or_else(|| Error::bug("PrestaShop's products have no layout"))?;
                reader.doubts(table).into_iter().for_each(|doubt| self.findings.tell(doubt));
                self.products(change, table, &mut reader, head)
            }
            "prestashop-combinations" => {
                let known = change.numbered(prestashop::NUMBER)?;
                let mut reader = prestashop::Combinations::new(known, &mut Mapping::new(table));
                let taken = self.products(change, table, &mut reader, head)?;
                prestashop::replace_products(change)?;
                Ok(taken)
            }
            name => match (known::words_of(name), product_tables::layout(name)) {
                (Some(words), _) => {
                    let mut reader = OfferTable::new(format.name, words, &mut Mapping::new(table), self.options);
                    self.products(change, table, &mut reader, head)
                }
                (_, Some(layout)) => {
                    let mut reader = ProductTable::new(layout, &mut Mapping::new(table), self.options);
                    reader.doubts(table).into_iter().for_each(|doubt| self.findings.tell(doubt));
                    self.products(change, table, &mut reader, head)
                }
                (None, None) => Err(Error::bug(format!("{name} has no reader"))),
            },
        }
    }

    pub fn offers(&mut self, change: &Change<'_>, offers: &mut Offers) -> Result<Taken> {
        std::mem::take(&mut offers.around.findings).into_iter().for_each(|finding| self.findings.tell(finding));
        std::mem::take(&mut offers.around.refused).into_iter().for_each(|refusal| self.findings.refuse(*refusal));
        let dialect = Arc::clone(&offers.dialect);
        let source = self.options.source.clone().unwrap_or_else(|| dialect.source.clone());
        let carried = self.own(&offers.carried, &source, offers.file());
        let mut taker = OfferTaker::new(change, offers, &source, &carried, self.options)?;
        let mut offer = RawOffer::default();
        while offers.read(&mut offer)? {
            self.records += 1;
            offers.take_findings().into_iter().for_each(|finding| self.tell_of_document(finding));
            taker.take(&offer, offers, &mut self.findings)?;
            self.tell_progress(offers.bytes_read());
        }
        (self.progress)(offers.bytes_read());
        offers.take_findings().into_iter().for_each(|finding| self.tell_of_document(finding));
        let (counts, seen) = taker.finish(&mut self.findings)?;
        let is_whole = dialect.kind == detect::Kind::Products && !offers.is_partial();
        let (vanished, archived) =
            if is_whole { self.vanish(change, &source, seen, &|_| false, offers.file())? } else { (0, 0) };
        Ok(Taken { counts, vanished, archived, ..Taken::default() })
    }

    /// What a source carries, but for the fields that purvey.toml gives to another.
    fn own(&mut self, carried: &Carried, source: &str, file: &str) -> Carried {
        carried.without(|field| is_owned(self.options, source, field, file, &mut self.findings))
    }

    /// An offer the reader itself left out is as good as refused.
    fn tell_of_document(&mut self, finding: Diagnostic) {
        match finding.severity {
            Severity::Error => {
                self.misshapen += 1;
                self.findings.refuse(finding);
            }
            _ => self.findings.tell(finding),
        }
    }

    pub fn order_records(&mut self, change: &Change<'_>, records: &mut JsonRecords) -> Result<Taken> {
        let mut orders = Orders::new(change);
        let setting = self.setting();
        while let Some(record) = records.read()? {
            let documents = match record {
                Ok(record) => {
                    let place = Place::file(records.file()).record(record.number).line(record.start.line);
                    order_json::documents(record.value)
                        .into_iter()
                        .map(|document| Ok((document, place.clone())))
                        .collect()
                }
                Err(refusal) => vec![Err(refusal)],
            };
            for document in documents {
                self.records += 1;
                let told = document.and_then(|(document, place)| {
                    document::read(&document, &place, &setting).map(|told| (told, place))
                });
                let refused = match told {
                    Ok((told, place)) => orders.take(told, &place, &mut self.findings)?.err(),
                    Err(refusal) => Some(refusal),
                };
                if let Some(refusal) = refused {
                    self.findings.refuse(*refusal);
                }
            }
            self.tell_progress(records.bytes_read());
        }
        Ok(Taken { counts: orders.counts, held: orders.held, ..Taken::default() })
    }

    fn order_table(&mut self, change: &Change<'_>, table: &mut Table, format: &Format) -> Result<Taken> {
        let layout = order_tables::layout(format.name).unwrap_or(&order_tables::OWN);
        let mut reader = OrderTable::new(layout, &mut Mapping::new(table), self.options);
        let mut orders = Orders::new(change);
        let setting = self.setting();
        let mut keep = |whole: Option<Whole>, findings: &mut Findings<'_>| {
            let Some(Whole { place, document, records }) = whole else { return Ok(()) };
            let refused = match document::read(&document, &place, &setting) {
                Ok(told) => orders.take(told, &place, findings)?.err(),
                Err(refusal) => Some(refusal),
            };
            if let Some(refusal) = refused {
                findings.refused += records - 1;
                findings.refuse(*refusal);
            }
            Ok::<(), Error>(())
        };
        self.each(table, |record, findings| keep(reader.take(record), findings).map(Ok))?;
        keep(reader.finish(), &mut self.findings)?;
        Ok(Taken { counts: orders.counts, held: orders.held, ..Taken::default() })
    }

    fn setting(&self) -> document::Setting<'o> {
        document::Setting {
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
        reader.doubts(table).into_iter().for_each(|doubt| self.findings.tell(doubt));
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
        let source = self.options.source.clone().unwrap_or_else(|| reader.source().to_owned());
        let carried = self.own(reader.carried(), &source, table.file());
        let mut keeper = Keeper::new(change, &source, &carried, self.options)?;
        if !self.options.make_skus && uses_skus(head, self.options, reader) {
            keeper.refuse_made_skus();
        }
        self.each(table, |record, findings| {
            let row = match reader.read(record, findings) {
                Ok(row) => row,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if !row.is_nothing() {
                let place = |field| reader.column(field).map_or_else(|| record.whole(), |column| record.place(column));
                let here = Here { record: record.number, line: record.line, digest: record.digest(), place: &place };
                keeper.take(row, &here, findings)?;
            }
            while let Some(late) = reader.late(false)? {
                keeper.take_late(late, findings)?;
            }
            Ok(Ok(()))
        })?;
        while let Some(late) = reader.late(true)? {
            keeper.take_late(late, &mut self.findings)?;
        }
        let (counts, seen) = keeper.finish(&mut self.findings)?;
        let (vanished, archived) = self.vanish(change, &source, seen, &|sku| reader.covers(sku), table.file())?;
        Ok(Taken { counts, vanished, archived, ..Taken::default() })
    }

    /// Reads all records; the inner result of `take` is why a record is not taken.
    fn each(
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
    fn vanish(
        &mut self,
        change: &Change<'_>,
        source: &str,
        seen: Option<Seen>,
        covers: &dyn Fn(&str) -> bool,
        file: &str,
    ) -> Result<(u64, u64)> {
        let Some(seen) = seen else { return Ok((0, 0)) };
        let gone = change.vanished(source, |sku| seen.contains(sku) || covers(sku))?;
        let vanished = gone.len() as u64;
        if !self.options.archive_missing || vanished == 0 {
            return Ok((vanished, 0));
        }
        if self.misshapen > 0 {
            let message = format!("{} record(s) could not be read, so nothing was archived", self.misshapen);
            let help = "the SKUs in them are not known: mend them and import again";
            self.findings.tell(Diagnostic::warning("import/not-archived", message).at(Place::file(file)).help(help));
            return Ok((vanished, 0));
        }
        let known = change.brought(source)?;
        let is_much = vanished * 100 > known * SHRINK_PERCENT_MAX;
        if self.records == 0 || (is_much && !self.options.allow_shrink) {
            let message = format!("{file} lacks {vanished} of the {known} variants that {source} brought");
            let help = if self.records == 0 {
                "a file without records archives nothing: export it again"
            } else {
                "nothing of it was taken; if that is meant, add `--allow-shrink`"
            };
            return Err(Error::new(Kind::Guard, "import/shrunk", message).at(Place::file(file)).help(help));
        }
        change.archive_items(&gone)?;
        Ok((vanished, vanished))
    }
}

/// Whether the first records of a file say that its shop gives variants SKUs: at least half of them have one.
fn uses_skus(head: &[u8], options: &Options, reader: &dyn ProductReader) -> bool {
    let source = Source::bytes("head", head);
    let Ok((mut table, ..)) = source.and_then(|source| open_table(source, options)) else { return false };
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
