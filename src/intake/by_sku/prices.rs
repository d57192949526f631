//! Prices without products: the variant's own, or those of a price list; with a sale and its time, in UTC.
//!
//! Of `[owners]` in purvey.toml, `price` and its siblings are about the variant's own, `price_list.vip` about those of
//! the list called `vip`.
use super::fields::is_owned;
use super::known;
use crate::catalog::{Change, Price, PriceField, Put};
use crate::diagnostic::Result;
use crate::intake::cell::{self, Custom};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::rows::firsts::{Firsts, Met, repeated};
use crate::intake::rows::table::Record;
use crate::value::{Currency, Invalid};
use std::collections::HashMap;

pub struct Prices<'c, 'w> {
    change: &'c Change<'w>,
    columns: Columns,
    carried: Vec<PriceField>,
    currency: Currency,
    zone: Option<jiff::tz::TimeZone>,
    /// Who owns what, and whose file this is.
    options: Options,
    source: String,
    file: String,
    /// Whether it was asked which of `carried` belong to others.
    is_own_asked: bool,
    lists: HashMap<(String, Currency), List>,
    /// By variant and list.
    seen: Firsts<(i64, i64)>,
    pub counts: Counts,
}

/// Where a price of a record goes.
#[derive(Clone, Copy)]
enum List {
    /// The variant's own price.
    None,
    Known(i64),
    OfOtherCurrency,
    /// Another source owns it.
    Owned,
}

pub(in crate::intake) struct Columns {
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
            (columns.price, PriceField::Price),
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
            options: options.clone(),
            source: options.source.clone().unwrap_or_else(|| "prices".to_owned()),
            file: mapping.table().file().to_owned(),
            is_own_asked: false,
            lists: HashMap::new(),
            seen: Firsts::default(),
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
        let list = match self.list(record, currency, findings)? {
            List::Owned => {
                self.counts.count(Put::Same);
                return Ok(Ok(()));
            }
            List::OfOtherCurrency => return Ok(Err(self.other_currency(record, currency))),
            List::Known(list) => Some(list),
            List::None => None,
        };
        match self.seen.meet((item.id, list.unwrap_or_default()), record) {
            Met::First => {}
            Met::Same(first) => {
                findings.tell(repeated(first, record, self.columns.sku));
                self.counts.count(Put::Same);
                return Ok(Ok(()));
            }
            Met::Other(first) => {
                let message = format!("record {first} has a price of the same SKU");
                let help = "the first was taken; keep the one that is right";
                let invalid = Invalid::new("import/duplicate-price", message, help);
                return Ok(Err(cell::refusal(record, self.columns.price.unwrap_or_default(), invalid)));
            }
        }
        let put = match list {
            None => {
                self.ask_own(findings);
                self.change.put_price(item.id, &price, currency, &self.carried)?
            }
            Some(list) => self.change.put_list_price(list, item.id, &price)?,
        };
        self.counts.count(put);
        Ok(Ok(()))
    }

    /// Leaves out what purvey.toml gives to another source, once a record is about the variant's own price.
    fn ask_own(&mut self, findings: &mut Findings<'_>) {
        if !std::mem::replace(&mut self.is_own_asked, true) {
            let (options, source, file) = (&self.options, &self.source, &self.file);
            self.carried.retain(|field| !is_owned(options, source, field.name(), file, findings));
        }
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

    /// Where the record's price goes.
    fn list(&mut self, record: &Record<'_>, currency: Currency, findings: &mut Findings<'_>) -> Result<List> {
        let code = record.text(self.columns.list);
        if code.is_empty() {
            return Ok(List::None);
        }
        let key = (code.to_owned(), currency);
        if let Some(list) = self.lists.get(&key) {
            return Ok(*list);
        }
        let field = format!("price_list.{code}");
        let list = match is_owned(&self.options, &self.source, &field, &self.file, findings) {
            true => List::Owned,
            false => self.change.price_list(code, currency)?.map_or(List::OfOtherCurrency, List::Known),
        };
        self.lists.insert(key, list);
        Ok(list)
    }

    fn other_currency(&self, record: &Record<'_>, currency: Currency) -> Refusal {
        let message = format!("the price list has another currency than {currency}");
        let help = "one price list has one currency: give this one another name";
        let invalid = Invalid::new("import/list-currency", message, help);
        cell::refusal(record, self.columns.list.unwrap_or_default(), invalid)
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
