//! Stock and price as the marketplace knows them, and the imports that brought them.
use super::market::Refusal;
use super::money;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The shop's currency; the import files name none.
pub(super) const CURRENCY: &str = "EUR";

/// Polls an import is not complete for: it waits, then runs.
const POLLS_UNFINISHED: u32 = 2;

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Offer {
    pub sku: String,
    pub offer_id: u64,
    pub price_minor: i64,
    pub discount: Option<Discount>,
    /// By channel code, as the `channels` column of PRI01 spells it (`US|CA`).
    pub channel_prices_minor: BTreeMap<String, i64>,
    pub quantity: u32,
    pub warehouses: BTreeMap<String, u32>,
    /// Everything else OF24 sent last; what it leaves out is gone.
    pub fields: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Discount {
    pub price_minor: i64,
    pub start: Option<String>,
    pub end: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// STO01
    Stock,
    /// PRI01
    Price,
    /// OF24
    Offer,
}

/// What became of a file or a list of offers. The effect is immediate, the answer comes after some polls.
#[derive(Debug, Clone, Serialize)]
pub struct Import {
    pub id: u64,
    pub kind: ImportKind,
    pub created: Timestamp,
    pub polls: u32,
    pub lines_in_success: u32,
    pub inserted: u32,
    pub updated: u32,
    pub deleted: u32,
    /// 1-based line and reason.
    pub errors: Vec<(usize, String)>,
}

impl Import {
    pub fn status(&self) -> &'static str {
        match self.polls {
            polls if polls > POLLS_UNFINISHED => "COMPLETE",
            POLLS_UNFINISHED => "RUNNING",
            _ => "WAITING",
        }
    }

    pub fn is_complete(&self) -> bool {
        self.polls > POLLS_UNFINISHED
    }

    /// The CSV of OF03, STO03 and PRI03.
    pub fn error_report(&self) -> String {
        let lines = self.errors.iter().map(|(line, reason)| format!("{line};\"{}\"\n", reason.replace('"', "\"\"")));
        format!("\"error-line\";\"error-message\"\n{}", lines.collect::<String>())
    }
}

/// How one line of an import ended.
enum Effect {
    Inserted,
    Updated,
    Deleted,
}

#[derive(Debug, Default)]
pub(super) struct Offers {
    pub by_sku: BTreeMap<String, Offer>,
    pub imports: Vec<Import>,
    created: u64,
}

impl Offers {
    /// A buyer took some: the offer's id, listed first if it was not.
    pub fn sold(&mut self, sku: &str, quantity: u32, price_minor: i64) -> u64 {
        if !self.by_sku.contains_key(sku) {
            let offer_id = self.next_offer_id();
            let offer = Offer { sku: sku.to_owned(), offer_id, price_minor, ..Offer::default() };
            self.by_sku.insert(sku.to_owned(), offer);
        }
        let Some(offer) = self.by_sku.get_mut(sku) else { return 0 };
        offer.quantity = offer.quantity.saturating_sub(quantity);
        offer.offer_id
    }

    pub fn poll(&mut self, kind: ImportKind, id: &str) -> Result<&Import, Refusal> {
        let import = self.find(kind, id)?;
        import.polls = import.polls.saturating_add(1);
        Ok(import)
    }

    pub fn error_report(&mut self, kind: ImportKind, id: &str) -> Result<String, Refusal> {
        let import = self.find(kind, id)?;
        if !import.is_complete() || import.errors.is_empty() {
            return Err(Refusal::new(404, "NOT_FOUND", format!("There is no error report for import '{id}'.")));
        }
        Ok(import.error_report())
    }

    fn find(&mut self, kind: ImportKind, id: &str) -> Result<&mut Import, Refusal> {
        let found = self.imports.iter_mut().find(|i| i.kind == kind && i.id.to_string() == id);
        found.ok_or_else(|| Refusal::new(404, "NOT_FOUND", format!("No import with id '{id}'.")))
    }

    /// STO01: `offer-sku;quantity;warehouse-code;update-delete`.
    pub fn import_stock(&mut self, now: Timestamp, file: &[u8]) -> Result<u64, Refusal> {
        let rows = read_csv(file, &["offer-sku", "quantity"])?;
        let effects = rows.iter().map(|row| self.stock_row(row)).collect();
        Ok(self.finish(ImportKind::Stock, now, effects, 2))
    }

    fn stock_row(&mut self, row: &Row) -> Result<Effect, String> {
        let offer = self.known(row)?;
        let warehouse = row.get("warehouse-code");
        if row.get("update-delete") == Some("delete") {
            match warehouse {
                Some(code) => drop(offer.warehouses.remove(code)),
                None => offer.warehouses.clear(),
            }
            offer.quantity = total(&offer.warehouses);
            return Ok(Effect::Deleted);
        }
        let text = row.get("quantity").unwrap_or_default();
        let quantity = text.parse().map_err(|_| format!("The quantity '{text}' is not a whole number."))?;
        match warehouse {
            Some(code) => {
                offer.warehouses.insert(code.to_owned(), quantity);
                offer.quantity = total(&offer.warehouses);
            }
            None => offer.quantity = quantity,
        }
        Ok(Effect::Updated)
    }

    /// PRI01: `offer-sku;price;discount-price;discount-start-date;discount-end-date`, optionally `channels`. All
    /// earlier prices of an offer in the file are gone.
    pub fn import_prices(&mut self, now: Timestamp, file: &[u8]) -> Result<u64, Refusal> {
        let rows = read_csv(file, &["offer-sku", "price"])?;
        for row in &rows {
            if let Ok(offer) = self.known(row) {
                offer.discount = None;
                offer.channel_prices_minor.clear();
            }
        }
        let effects = rows.iter().map(|row| self.price_row(row)).collect();
        Ok(self.finish(ImportKind::Price, now, effects, 2))
    }

    fn price_row(&mut self, row: &Row) -> Result<Effect, String> {
        let offer = self.known(row)?;
        let price_minor = price(row.get("price").unwrap_or_default())?;
        let discount = row.get("discount-price").map(price).transpose()?;
        if let Some(channels) = row.get("channels") {
            offer.channel_prices_minor.insert(channels.to_owned(), price_minor);
            return Ok(Effect::Updated);
        }
        offer.price_minor = price_minor;
        offer.discount = discount.map(|price_minor| Discount {
            price_minor,
            start: row.get("discount-start-date").map(str::to_owned),
            end: row.get("discount-end-date").map(str::to_owned),
        });
        Ok(Effect::Updated)
    }

    /// OF24: whole offers. A field that is not sent is reset to its default, the quantity to 0.
    pub fn import_offers(&mut self, now: Timestamp, offers: Vec<Map<String, Value>>) -> u64 {
        let effects = offers.into_iter().map(|fields| self.put_offer(fields)).collect();
        self.finish(ImportKind::Offer, now, effects, 1)
    }

    fn put_offer(&mut self, mut fields: Map<String, Value>) -> Result<Effect, String> {
        let text = |fields: &Map<String, Value>, name: &str| {
            fields.get(name).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
        };
        let sku = text(&fields, "shop_sku").ok_or("The field shop_sku is required.")?;
        let known = self.by_sku.get(&sku).map(|offer| offer.offer_id);
        if text(&fields, "update_delete").as_deref() == Some("delete") {
            let deleted = self.by_sku.remove(&sku).map(|_| Effect::Deleted);
            return deleted.ok_or_else(|| format!("The offer '{sku}' does not exist."));
        }
        if known.is_none() && (text(&fields, "product_id").is_none() || text(&fields, "product_id_type").is_none()) {
            return Err("The fields product_id and product_id_type are required to create an offer.".to_owned());
        }
        text(&fields, "state_code").ok_or("The field state_code is required.")?;
        let price_minor = fields.get("price").map(as_price).ok_or("The field price is required.")??;
        let quantity = match fields.get("quantity") {
            None | Some(Value::Null) => 0,
            Some(value) => value.as_u64().and_then(|q| u32::try_from(q).ok()).ok_or("The quantity is invalid.")?,
        };
        let discount = match fields.get("discount") {
            Some(Value::Object(discount)) => discount.get("price").map(as_price).transpose()?.map(|price_minor| {
                Discount { price_minor, start: text(discount, "start_date"), end: text(discount, "end_date") }
            }),
            _ => None,
        };
        for name in ["shop_sku", "update_delete", "price", "quantity", "discount"] {
            fields.remove(name);
        }
        let offer_id = known.unwrap_or_else(|| self.next_offer_id());
        let offer = Offer { sku: sku.clone(), offer_id, price_minor, discount, quantity, fields, ..Offer::default() };
        self.by_sku.insert(sku, offer);
        Ok(if known.is_some() { Effect::Updated } else { Effect::Inserted })
    }

    fn known(&mut self, row: &Row) -> Result<&mut Offer, String> {
        let sku = row.get("offer-sku").unwrap_or_default();
        self.by_sku.get_mut(sku).ok_or_else(|| format!("The offer '{sku}' does not exist."))
    }

    fn next_offer_id(&mut self) -> u64 {
        self.created += 1;
        2000 + self.created
    }

    /// `first_line` is the number of the first line that holds data.
    fn finish(
        &mut self,
        kind: ImportKind,
        now: Timestamp,
        effects: Vec<Result<Effect, String>>,
        first_line: usize,
    ) -> u64 {
        let id = 9001 + self.imports.len() as u64;
        let mut import = Import {
            id,
            kind,
            created: now,
            polls: 0,
            lines_in_success: 0,
            inserted: 0,
            updated: 0,
            deleted: 0,
            errors: Vec::new(),
        };
        for (index, effect) in effects.into_iter().enumerate() {
            match effect {
                Ok(Effect::Inserted) => import.inserted += 1,
                Ok(Effect::Updated) => import.updated += 1,
                Ok(Effect::Deleted) => import.deleted += 1,
                Err(reason) => import.errors.push((index + first_line, reason)),
            }
        }
        import.lines_in_success = import.inserted + import.updated + import.deleted;
        self.imports.push(import);
        id
    }
}

fn total(warehouses: &BTreeMap<String, u32>) -> u32 {
    warehouses.values().fold(0, |sum, q| sum.saturating_add(*q))
}

fn price(text: &str) -> Result<i64, String> {
    money::parse_minor(text, CURRENCY).ok_or_else(|| format!("The price '{text}' is invalid."))
}

/// Prices are JSON numbers; sellers send decimal strings as well.
fn as_price(value: &Value) -> Result<i64, String> {
    match value {
        Value::String(text) => price(text),
        other => price(&other.to_string()),
    }
}

/// A line of an import file by column name; an empty cell is no cell.
struct Row(BTreeMap<String, String>);

impl Row {
    fn get(&self, column: &str) -> Option<&str> {
        self.0.get(column).map(String::as_str).filter(|cell| !cell.is_empty())
    }
}

fn read_csv(file: &[u8], required: &[&str]) -> Result<Vec<Row>, Refusal> {
    let broken = |e: csv::Error| Refusal::invalid(format!("The file cannot be read: {e}."));
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').flexible(true).from_reader(file);
    let header = reader.headers().map_err(broken)?.clone();
    if let Some(missing) = required.iter().find(|column| !header.iter().any(|h| h == **column)) {
        return Err(Refusal::invalid(format!("The column '{missing}' is missing.")));
    }
    let row = |record: csv::StringRecord| {
        Row(header.iter().zip(record.iter()).map(|(column, cell)| (column.to_owned(), cell.to_owned())).collect())
    };
    reader.records().map(|record| record.map(row).map_err(broken)).collect()
}
