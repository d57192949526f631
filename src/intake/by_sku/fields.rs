//! Columns joined by SKU from a second source: costs, safety stock, categories, and whatever else has a header. What a
//! cell does not say stays as it is.
use super::known;
use crate::catalog::{Change, Fillable, Filling, KnownItem, ProductField, ProductId, Put, VariantField};
use crate::diagnostic::{Diagnostic, Place, Result};
use crate::intake::cell::weight::{self, Unit};
use crate::intake::cell::{self, Custom};
use crate::intake::detect::column;
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::rows::firsts::{Firsts, Met, repeated};
use crate::intake::rows::table::Record;
use crate::value::{Currency, Invalid};
use std::collections::HashMap;

/// How the cells of a field are read.
#[derive(Debug, Clone, Copy)]
enum Reads {
    Amount,
    Weight,
    Units,
    Word,
    /// A word of a list that everybody writes in lower case.
    Lower,
    Moment,
}

use Fillable::{Product, Safety, Variant};

#[rustfmt::skip]
const KNOWN: &[(&str, Fillable, Reads)] = &[
    ("cost|cost_price|unit_cost|cost_of_goods_sold", Variant(VariantField::Cost), Reads::Amount),
    ("safety_stock|safety", Safety, Reads::Units),
    ("weight*", Variant(VariantField::Weight), Reads::Weight),
    ("mpn", Variant(VariantField::Mpn), Reads::Word),
    ("availability_date|availability date", Variant(VariantField::AvailabilityDate), Reads::Moment),
    ("brand|vendor|manufacturer", Product(ProductField::Brand), Reads::Word),
    ("product_type", Product(ProductField::ProductType), Reads::Word),
    ("google_product_category|google product category", Product(ProductField::GoogleProductCategory), Reads::Word),
    ("condition", Product(ProductField::Condition), Reads::Lower),
    ("age_group|age group", Product(ProductField::AgeGroup), Reads::Lower),
    ("gender", Product(ProductField::Gender), Reads::Lower),
];

pub(in crate::intake) struct Columns {
    sku: Option<usize>,
    fields: Vec<(Fillable, Reads, usize)>,
    attributes: Vec<(String, usize)>,
    weight_unit: Option<Unit>,
}

impl Columns {
    pub fn find(mapping: &mut Mapping<'_>, options: &Options) -> Columns {
        let sku = mapping.find("sku", "SKU");
        let mut fields = Vec::new();
        for (names, field, reads) in KNOWN {
            if let Some(at) = column(mapping.table(), names) {
                mapping.take(at, field.name());
                fields.push((*field, *reads, at));
            }
        }
        let header = mapping.table().header();
        let is_free = |at: usize| Some(at) != sku && fields.iter().all(|(_, _, taken)| *taken != at);
        let free = header.iter().enumerate().filter(|(at, column)| is_free(*at) && !column.name.is_empty());
        let attributes: Vec<_> = free.map(|(at, column)| (column.name.clone(), at)).collect();
        for (name, at) in &attributes {
            mapping.take(*at, format!("attribute {name}"));
        }
        let weight = fields.iter().find(|(field, ..)| *field == Variant(VariantField::Weight));
        let weight_unit = weight.and_then(|(_, _, at)| Unit::of_column(&mapping.table().header().get(*at)?.name));
        let weight_unit = weight_unit.or(options.weight_unit);
        Columns { sku, fields, attributes, weight_unit }
    }
}

pub struct Fields<'c, 'w> {
    change: &'c Change<'w>,
    columns: Columns,
    currency: Currency,
    zone: Option<jiff::tz::TimeZone>,
    /// By SKU.
    seen: Firsts<i64>,
    /// What each product was given, and where: its variants share it.
    shared: HashMap<(ProductId, Fillable), (Filling, u64)>,
    pub counts: Counts,
}

impl<'c, 'w> Fields<'c, 'w> {
    pub fn new(
        change: &'c Change<'w>,
        mapping: &mut Mapping<'_>,
        options: &Options,
        findings: &mut Findings<'_>,
    ) -> Self {
        let mut columns = Columns::find(mapping, options);
        let source = options.source.as_deref().unwrap_or("fields");
        let file = mapping.table().file();
        columns.fields.retain(|(field, ..)| !is_owned(options, source, field.name(), file, findings));
        columns.attributes.retain(|(name, _)| !is_owned(options, source, name, file, findings));
        let (seen, shared, counts) = (Firsts::default(), HashMap::new(), Counts::default());
        let (currency, zone) = (options.currency, options.zone.clone());
        Fields { change, columns, currency, zone, seen, shared, counts }
    }

    pub fn take(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Result<(), Refusal>> {
        let item = match known::item(self.change, record, self.columns.sku)? {
            Ok(item) => item,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match self.seen.meet(item.id, record) {
            Met::First => {}
            Met::Same(first) => {
                findings.tell(repeated(first, record, self.columns.sku));
                self.counts.count(Put::Same);
                return Ok(Ok(()));
            }
            Met::Other(first) => {
                let message = format!("record {first} has the same SKU");
                let invalid = Invalid::new("import/duplicate-sku", message, "the first was taken; keep the right one");
                return Ok(Err(cell::refusal(record, self.columns.sku.unwrap_or_default(), invalid)));
            }
        }
        let filled = match self.read(record, &item) {
            Ok(filled) => filled,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut put = Put::Same;
        for (field, filling) in filled {
            put = put.max(self.change.fill(&item, field, &filling)?);
        }
        let attributes = self.columns.attributes.iter().map(|(name, at)| (name.as_str(), record.text(Some(*at))));
        let attributes: Vec<_> = attributes.filter(|(_, value)| !value.is_empty()).collect();
        put = put.max(self.change.fill_attributes(&item, &attributes)?);
        self.counts.count(put);
        Ok(Ok(()))
    }

    /// All fields of a record, before the first is filled: a record is taken whole or not at all.
    fn read(&mut self, record: &Record<'_>, item: &KnownItem) -> Result<Vec<(Fillable, Filling)>, Refusal> {
        let mut filled = Vec::new();
        for (field, reads, at) in &self.columns.fields {
            let Some(filling) = self.filling(record, *reads, *at)? else { continue };
            if let Product(_) = field {
                let (given, first) =
                    self.shared.entry((item.product, *field)).or_insert_with(|| (filling.clone(), record.number));
                if *given != filling {
                    let message = format!("record {first} says another {} of the same product", field.name());
                    let help = "variants of a product share it: give all of them the same";
                    return Err(cell::refusal(record, *at, Invalid::new("import/two-values", message, help)));
                }
            }
            filled.push((*field, filling));
        }
        Ok(filled)
    }

    fn filling(&self, record: &Record<'_>, reads: Reads, at: usize) -> Result<Option<Filling>, Refusal> {
        let wrong = |invalid| cell::refusal(record, at, invalid);
        Ok(match reads {
            Reads::Amount => cell::money(record, Some(at), self.currency, Custom::People)?.map(Filling::Number),
            Reads::Units => match cell::whole(record, at)? {
                Some(units) if units < 0 => {
                    let help = "write how many units are never offered, 0 for none";
                    return Err(wrong(Invalid::new("import/safety-stock", "safety stock cannot be below zero", help)));
                }
                units => units.map(Filling::Number),
            },
            Reads::Weight => match record.text(Some(at)) {
                "" => None,
                text => weight::grams(text, self.columns.weight_unit).map_err(wrong)?.map(Filling::Number),
            },
            Reads::Moment => cell::moment(record, Some(at), self.zone.as_ref())?.map(Filling::Text),
            Reads::Word => cell::word(record, Some(at)).map(Filling::Text),
            Reads::Lower => cell::word(record, Some(at)).map(|word| Filling::Text(word.to_lowercase())),
        })
    }
}

/// Whether purvey.toml gives a field to another source than the one that is imported; said once.
pub(in crate::intake) fn is_owned(
    options: &Options,
    source: &str,
    field: &str,
    file: &str,
    findings: &mut Findings<'_>,
) -> bool {
    let Some(owner) = options.owners.get(field).filter(|owner| owner.as_str() != source) else { return false };
    let message = format!("{field} belongs to {owner}, so that of {source} was not taken");
    let help = "[owners] in purvey.toml says so; `--source` says whose the file is";
    findings.tell(Diagnostic::note("import/owned", message).at(Place::file(file)).help(help));
    true
}
