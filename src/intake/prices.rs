//! Prices without products: the variant's own, or those of a price list; with a sale and its time, in UTC.
use super::cell::{self, Custom};
use super::findings::{Findings, Refusal};
use super::import::Counts;
use super::known;
use super::mapping::Mapping;
use super::options::Options;
use super::table::Record;
use crate::catalog::{Change, Price, PriceField};
use crate::diagnostic::Result;
use crate::value::{Currency, Invalid};
use std::collections::HashMap;

pub struct Prices<'c, 'w> {
    change: &'c Change<'w>,
    columns: Columns,
    carried: Vec<PriceField>,
    currency: Currency,
    zone: Option<jiff::tz::TimeZone>,
    lists: HashMap<(String, Currency), Option<i64>>,
    /// First record of each variant in each list.
    seen: HashMap<(i64, i64), u64>,
    pub counts: Counts,
}

pub(super) struct Columns {
    sku: Option<usize>,
    price: Option<usize>,
    sale_price: Option<usize>,
    compare_at: Option<usize>,
    sale_from: Option<usize>,
    sale_to: Option<usize>,
    list: Option<usize>,
    currency: Option<usize>,
}

impl<'c, 'w> Prices<'c, 'w> {
    pub fn new(change: &'c Change<'w>, mapping: &mut Mapping<'_>, options: &Options) -> Self {
        let columns = Columns::find(mapping);
        let carried = [
            (columns.sale_price.or(columns.compare_at), PriceField::SalePrice),
            (columns.sale_from, PriceField::SaleFrom),
            (columns.sale_to, PriceField::SaleTo),
        ];
        Prices {
            change,
            carried: carried.into_iter().filter_map(|(column, field)| column.map(|_| field)).collect(),
            columns,
            currency: options.currency,
            zone: options.zone.clone(),
            lists: HashMap::new(),
            seen: HashMap::new(),
            counts: Counts::default(),
        }
    }

    pub fn take(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Result<(), Refusal>> {
        let item = match known::item(self.change, record, self.columns.sku)? {
            Ok(item) => item,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let read =
            self.currency_of(record).and_then(|currency| Ok((currency, self.price(record, currency, findings)?)));
        let (currency, price) = match read {
            Ok(read) => read,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let list = match self.list(record, currency)? {
            Ok(list) => list,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let first = *self.seen.entry((item.id, list.unwrap_or_default())).or_insert(record.number);
        if first != record.number {
            let message = format!("record {first} has a price of the same SKU");
            let invalid =
                Invalid::new("import/duplicate-price", message, "the first was taken; keep the one that is right");
            return Ok(Err(cell::refusal(record, self.columns.price.unwrap_or_default(), invalid)));
        }
        self.counts.count(match list {
            None => self.change.put_price(item.id, &price, currency, &self.carried)?,
            Some(list) => self.change.put_list_price(list, item.id, &price)?,
        });
        Ok(Ok(()))
    }

    fn currency_of(&self, record: &Record<'_>) -> Result<Currency, Refusal> {
        match self.columns.currency {
            Some(column) if !record.text(Some(column)).is_empty() => {
                Currency::parse(record.get(column)).map_err(|invalid| cell::refusal(record, column, invalid))
            }
            _ => Ok(self.currency),
        }
    }

    fn price(&self, record: &Record<'_>, currency: Currency, findings: &mut Findings<'_>) -> Result<Price, Refusal> {
        let c = &self.columns;
        let column = c.price.unwrap_or_default();
        let amount = |column| cell::money(record, column, currency, Custom::People);
        let Some(price) = amount(c.price)? else {
            let help = "give the amount, for example 12.50";
            return Err(cell::refusal(record, column, Invalid::new("money/empty", "the price is missing", help)));
        };
        let (price_minor, mut sale) = match amount(c.compare_at)? {
            Some(before) if before > price => (before, Some(price)),
            _ => (price, amount(c.sale_price)?),
        };
        if sale.is_some_and(|sale| sale >= price_minor) {
            let help = "empty it where there is no sale";
            let invalid =
                Invalid::new("import/no-sale", "the sale price is not below the price: there is no sale", help);
            findings.tell(cell::warning(record, c.sale_price.unwrap_or(column), invalid));
            sale = None;
        }
        let sale_from = cell::moment(record, c.sale_from, self.zone.as_ref())?;
        let sale_to = cell::moment(record, c.sale_to, self.zone.as_ref())?;
        if let (Some(from), Some(to), Some(column)) = (&sale_from, &sale_to, c.sale_to)
            && to <= from
        {
            let invalid = Invalid::new("import/sale-time", "the sale ends before it begins", "exchange the two times");
            return Err(cell::refusal(record, column, invalid));
        }
        Ok(Price { price_minor, sale_price_minor: sale, sale_from, sale_to })
    }

    /// The price list the record names; `None` for the variant's own price.
    fn list(&mut self, record: &Record<'_>, currency: Currency) -> Result<Result<Option<i64>, Refusal>> {
        let (Some(column), code) = (self.columns.list, record.text(self.columns.list)) else { return Ok(Ok(None)) };
        if code.is_empty() {
            return Ok(Ok(None));
        }
        let key = (code.to_owned(), currency);
        let list = match self.lists.get(&key) {
            Some(list) => *list,
            None => self.change.price_list(code, currency)?,
        };
        self.lists.insert(key, list);
        Ok(match list {
            Some(list) => Ok(Some(list)),
            None => {
                let message = format!("the price list has another currency than {currency}");
                let invalid = Invalid::new(
                    "import/list-currency",
                    message,
                    "one price list has one currency: give this one another name",
                );
                Err(cell::refusal(record, column, invalid))
            }
        })
    }
}

impl Columns {
    pub fn find(mapping: &mut Mapping<'_>) -> Columns {
        Columns {
            sku: mapping.find("sku", "SKU"),
            price: mapping.find("price", "price"),
            sale_price: mapping.find("sale_price|sale price", "sale price"),
            compare_at: mapping.find("compare_at_price|compare at price", "price before the sale"),
            sale_from: mapping.find("sale_from|sale_starts_at", "start of the sale"),
            sale_to: mapping.find("sale_to|sale_until|sale_ends_at", "end of the sale"),
            list: mapping.find("price_list|price list|market", "price list"),
            currency: mapping.find("currency", "currency"),
        }
    }
}
