//! `import --explain`: what a file was taken for and why, what its columns mean, and how its first records would land.
use super::by_sku::fields;
use super::by_sku::overrides;
use super::by_sku::prices;
use super::by_sku::reviews;
use super::bytes::encoding::How;
use super::bytes::source::Source;
use super::detect::{Format, Kind};
use super::findings::Findings;
use super::formats::magento_products::MagentoProducts;
use super::formats::order_tables;
use super::formats::prestashop;
use super::formats::product_tables;
use super::formats::shopify_inventory::ShopifyInventory;
use super::formats::shopify_products::ShopifyProducts;
use super::formats::wix_products::WixProducts;
use super::formats::woocommerce_products::WooProducts;
use super::input::open_table;
use super::mapping::Mapping;
use super::offers::document::{Offers, is_xml, place};
use super::offers::draft::{Draft, Rules, Said};
use super::offers::known;
use super::offers::table::OfferTable;
use super::options::Options;
use super::orders::table as order_table;
use super::orders::tracking;
use super::products::row::{ProductReader, ProductRow};
use super::products::table::ProductTable;
use super::rows::table::Record;
use super::stock::locations;
use super::stock::table::StockTable;
use crate::diagnostic::{Diagnostic, Result};
use crate::document::RawOffer;
use indexmap::IndexMap;
use serde::Serialize;
use std::sync::Arc;

/// Records shown.
const ROWS: usize = 5;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    pub file: String,
    pub format: &'static str,
    pub kind: &'static str,
    /// Why it was taken for that: `has Handle and Variant SKU`.
    pub reason: String,
    pub encoding: &'static str,
    /// Why it was taken for that.
    pub encoding_reason: &'static str,
    /// `None` for a document without columns.
    pub delimiter: Option<char>,
    /// Each column or key of the file, or element of its first offers, and what the catalog calls it; `None` when it is not read.
    pub columns: Vec<(String, Option<String>)>,
    pub rows: Vec<ExplainedRow>,
    /// What is to be said about these records, and about the header.
    pub findings: Vec<Diagnostic>,
}

/// One of the first records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedRow {
    pub record: u64,
    pub line: u64,
    /// Filled cells, by what the catalog calls them.
    pub cells: Vec<(String, String)>,
    /// Whether the record would be taken, as far as it can be told without the catalog.
    pub taken: bool,
}

/// Looks at a file without a catalog; nothing is stored.
///
/// Errors: those of [`Source`], [`Table`](super::rows::table::Table) and [`detect()`](super::detect::detect).
pub fn explain(source: Source, options: &Options) -> Result<Explained> {
    match is_xml(source.head()) {
        true => explain_offers(source, options),
        false => explain_table(source, options),
    }
}

fn explain_offers(source: Source, options: &Options) -> Result<Explained> {
    let mut said = source.notes.clone();
    let mut offers = Offers::open(source, options)?;
    let (dialect, reason) = (Arc::clone(&offers.dialect), offers.elements());
    let rules = Rules::new(options, dialect.names_currency, dialect.custom);
    let (mut columns, mut rows): (IndexMap<String, Option<String>>, _) = (IndexMap::new(), Vec::new());
    let mut offer = RawOffer::default();
    while rows.len() < ROWS && offers.read(&mut offer)? {
        said.extend(offers.take_findings());
        let mut draft = Draft::default();
        dialect.reading.draft(&offer, &offers.around, &mut draft);
        for field in offer.fields() {
            columns.entry(field.qualified_name().to_owned()).or_default();
        }
        let mut cells = Vec::new();
        for one in draft.said() {
            columns.insert(one.name.to_owned(), Some(one.meaning.to_string()));
            cells.push((one.meaning.to_string(), one.text.clone().into_owned()));
        }
        let place_of = |one: Option<&Said<'_>>| place(offers.file(), &offer, one, &dialect.id);
        let mut sink = |finding: &Diagnostic| said.push(finding.clone());
        let mut findings = Findings::new(&mut sink);
        let read = match (dialect.kind, dialect.has_no_variants) {
            (Kind::Products, true) => draft.to_bare_row(&rules, &place_of, &mut findings),
            (Kind::Products, false) => draft.to_row(&rules, &place_of, &mut findings),
            _ => Ok(ProductRow::nothing()),
        };
        let refusal = read.map_or_else(Some, |row| row.variant.err());
        let taken = refusal.is_none();
        refusal.into_iter().for_each(|refusal| findings.tell(*refusal));
        rows.push(ExplainedRow { record: offer.index(), line: offer.position().line, cells, taken });
    }
    Ok(Explained {
        file: offers.file().to_owned(),
        format: dialect.name,
        kind: dialect.kind.as_str(),
        reason,
        encoding: offers.encoding(),
        encoding_reason: match options.table.encoding {
            Some(_) => "named with `--encoding`",
            None => "as the document says, or UTF-8",
        },
        delimiter: None,
        columns: columns.into_iter().collect(),
        rows,
        findings: said,
    })
}

fn explain_table(source: Source, options: &Options) -> Result<Explained> {
    let mut said = source.notes.clone();
    let (mut table, format, reason) = open_table(source, options)?;
    said.extend(format.unread(&table));
    let mut mapping = Mapping::new(&table);
    let mut reader = look_up(&mut mapping, format, options, &mut said);
    let meanings = mapping.into_taken();
    let names = table.header().iter().enumerate();
    let columns = names.map(|(at, column)| (column.name.clone(), meaning_of(&meanings, at))).collect();
    let mut rows = Vec::new();
    while rows.len() < ROWS {
        match table.read()? {
            None => break,
            Some(Err(misshapen)) => said.push(misshapen),
            Some(Ok(record)) => rows.push(row(&record, &meanings, reader.as_deref_mut(), &mut said)),
        }
    }
    let encoding = table.encoding();
    Ok(Explained {
        file: table.file().to_owned(),
        format: format.name,
        kind: format.kind.as_str(),
        reason,
        encoding: encoding.name,
        encoding_reason: match encoding.how {
            How::Assumed => "nothing says otherwise, and it fits",
            How::Bom => "a byte order mark says so",
            How::Asked => "named with `--encoding`",
            How::Guessed => "guessed, as `--encoding auto` asks",
        },
        delimiter: table.delimiter(),
        columns,
        rows,
        findings: said,
    })
}

/// Lets the reader of the format look up its columns; products are read by it, too.
fn look_up(
    mapping: &mut Mapping<'_>,
    format: &Format,
    options: &Options,
    said: &mut Vec<Diagnostic>,
) -> Option<Box<dyn ProductReader>> {
    if let Some(map) = options.mapping.as_ref().filter(|map| map.kind == Kind::Products) {
        return Some(Box::new(map.with_layout(|layout| ProductTable::new(layout, mapping, options))));
    }
    match format.name {
        "shopify-products" => {
            let mut sink = |finding: &Diagnostic| said.push(finding.clone());
            return Some(Box::new(ShopifyProducts::new(mapping, options, &mut Findings::new(&mut sink))));
        }
        "shopify-inventory" | "shopify-inventory-wide" => drop(ShopifyInventory::new(mapping, format)),
        "stock" => drop(StockTable::new(mapping)),
        "prices" => drop(prices::Columns::find(mapping)),
        "locations" => drop(locations::Columns::find(mapping)),
        "reviews" => drop(reviews::Columns::find(mapping)),
        "fields" => drop(fields::Columns::find(mapping, options)),
        "overrides" => drop(overrides::Columns::find(mapping)),
        "tracking" => drop(tracking::Columns::find(mapping)),
        "prestashop-combinations" => drop(prestashop::Columns::find(mapping)),
        "woocommerce-products" => return Some(Box::new(WooProducts::new(mapping, options))),
        "wix-products" => return Some(Box::new(WixProducts::new(mapping, options))),
        "magento-products" => return Some(Box::new(MagentoProducts::new(mapping, options))),
        name => {
            if let Some(layout) = order_tables::layout(name) {
                drop(order_table::OrderTable::new(layout, mapping, options));
            }
            if let Some(words) = known::words_of(name) {
                return Some(Box::new(OfferTable::new(format.name, words, mapping, options)));
            }
            let layout = product_tables::layout(name)?;
            return Some(Box::new(ProductTable::new(layout, mapping, options)));
        }
    }
    None
}

fn meaning_of(meanings: &[(usize, String)], column: usize) -> Option<String> {
    meanings.iter().find(|(at, _)| *at == column).map(|(_, meaning)| meaning.clone())
}

fn row(
    record: &Record<'_>,
    meanings: &[(usize, String)],
    reader: Option<&mut (dyn ProductReader + 'static)>,
    said: &mut Vec<Diagnostic>,
) -> ExplainedRow {
    let filled = meanings.iter().map(|(at, meaning)| (meaning.clone(), record.text(Some(*at)).to_owned()));
    let cells = filled.filter(|(_, text)| !text.is_empty()).collect();
    let mut taken = true;
    if let Some(reader) = reader {
        let mut sink = |finding: &Diagnostic| said.push(finding.clone());
        let mut findings = Findings::new(&mut sink);
        let refusal = reader.read(record, &mut findings).map_or_else(Some, |row| row.variant.err());
        if let Some(refusal) = refusal {
            findings.tell(*refusal);
            taken = false;
        }
    }
    ExplainedRow { record: record.number, line: record.line, cells, taken }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Currency;

    #[test]
    fn a_file_is_explained_without_a_catalog() {
        let csv =
            "Handle;Title;Variant SKU;Variant Price;Colour of box\nmug;Mug;M-1;12.50;red\nmug2;Mug 2;M-2;12,5x;\n";
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let options = Options::new(Currency::parse("EUR").unwrap(), now);
        let explained = explain(Source::bytes("x.csv", csv).unwrap(), &options).unwrap();
        assert_eq!(
            (explained.format, explained.delimiter, explained.encoding),
            ("shopify-products", Some(';'), "UTF-8")
        );
        assert_eq!(explained.columns[3], ("Variant Price".to_owned(), Some("price".to_owned())));
        assert_eq!(explained.columns[4], ("Colour of box".to_owned(), None));
        assert_eq!(explained.rows.iter().map(|row| row.taken).collect::<Vec<_>>(), [true, false]);
        assert!(explained.rows[0].cells.contains(&("price".to_owned(), "12.50".to_owned())));
        let codes: Vec<&str> = explained.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, ["format/unknown-column", "money/not-a-number"]);
    }
}
