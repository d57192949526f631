//! Orders as a table: one record for each line item, as `purvey orders export` writes it; the lines of an order follow
//! one another.
use super::mapping::Mapping;
use super::table::Record;
use crate::diagnostic::Place;
use serde_json::{Map, Value};

/// Columns of an order: their names, and where their value goes in the document.
const ORDER: &[(&str, &str)] = &[
    ("market|channel", "channel"),
    ("order|order_id", "order_id"),
    ("external_id", "external_id"),
    ("state|status", "status"),
    ("placed_at|created_at", "created_at"),
    ("updated_at", "updated_at"),
    ("fulfillment", "fulfillment"),
    ("pickup_point", "pickup_point"),
    ("currency", "currency"),
    ("total", "total"),
    ("shipping", "shipping"),
    ("discount", "discount"),
    ("note", "note"),
];
const CUSTOMER: &[(&str, &str)] = &[("buyer|name", "name"), ("email", "email"), ("phone", "phone")];
const SHIP_TO: &[(&str, &str)] = &[
    ("street|address1", "address1"),
    ("postal_code|zip", "postal_code"),
    ("city", "city"),
    ("region", "region"),
    ("country", "country"),
];
const LINE: &[(&str, &str)] = &[
    ("line|line_id", "line_id"),
    ("sku", "sku"),
    ("gtin", "gtin"),
    ("title", "title"),
    ("quantity", "quantity"),
    ("canceled", "canceled"),
    ("shipped", "shipped"),
    ("price|unit_price", "unit_price"),
    ("tax", "tax"),
];

type Columns = Vec<(usize, &'static str)>;

pub struct OrderTable {
    order: Columns,
    customer: Columns,
    ship_to: Columns,
    line: Columns,
    id: Option<usize>,
    channel: Option<usize>,
    open: Option<Open>,
}

/// An order all of whose lines have been read.
pub struct Whole {
    /// Of its first record.
    pub place: Place,
    pub document: Value,
    pub records: u64,
}

/// An order of which more lines may come.
struct Open {
    key: String,
    place: Place,
    document: Map<String, Value>,
    lines: Vec<Value>,
}

impl OrderTable {
    pub fn new(mapping: &mut Mapping<'_>) -> Self {
        let mut all = |names: &[(&str, &'static str)]| -> Columns {
            names.iter().filter_map(|(name, key)| Some((mapping.find(name, *key)?, *key))).collect()
        };
        let (order, customer, ship_to, line) = (all(ORDER), all(CUSTOMER), all(SHIP_TO), all(LINE));
        let of = |key| order.iter().find(|(_, name)| *name == key).map(|(column, _)| *column);
        OrderTable { id: of("order_id"), channel: of("channel"), order, customer, ship_to, line, open: None }
    }

    /// Takes a line; when it begins another order, the one before is whole.
    pub fn take(&mut self, record: &Record<'_>) -> Option<Whole> {
        let key = format!("{}\n{}", record.text(self.channel), record.text(self.id));
        let is_next = self.open.as_ref().is_none_or(|open| open.key != key);
        let whole = if is_next { self.finish() } else { None };
        let document = || {
            let mut document = object(&self.order, record);
            document.insert("customer".to_owned(), Value::Object(object(&self.customer, record)));
            document.insert("ship_to".to_owned(), Value::Object(object(&self.ship_to, record)));
            document
        };
        let line = Value::Object(object(&self.line, record));
        match &mut self.open {
            Some(open) => open.lines.push(line),
            None => self.open = Some(Open { key, place: record.whole(), document: document(), lines: vec![line] }),
        }
        whole
    }

    /// The last order.
    pub fn finish(&mut self) -> Option<Whole> {
        let Open { place, mut document, lines, .. } = self.open.take()?;
        let records = lines.len() as u64;
        document.insert("lines".to_owned(), Value::Array(lines));
        Some(Whole { place, document: Value::Object(document), records })
    }
}

fn object(columns: &Columns, record: &Record<'_>) -> Map<String, Value> {
    let filled = columns.iter().map(|(column, key)| (*key, unguarded(record.text(Some(*column)))));
    filled.filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key.to_owned(), Value::from(text))).collect()
}

/// Without the apostrophe that the export puts before what a spreadsheet would run as a formula.
fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches([' ', '"', '\'']).starts_with(['=', '+', '-', '@', '\t']) => rest,
        _ => text,
    }
}
