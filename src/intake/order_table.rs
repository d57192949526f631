//! Orders as a table: one record for each line item, as `purvey orders export` writes it; the lines of an order follow
//! one another.
use super::mapping::Mapping;
use super::table::Record;
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
}

impl OrderTable {
    pub fn new(mapping: &mut Mapping<'_>) -> Self {
        let mut all = |names: &[(&str, &'static str)]| -> Columns {
            names.iter().filter_map(|(name, key)| Some((mapping.find(name, *key)?, *key))).collect()
        };
        let (order, customer, ship_to, line) = (all(ORDER), all(CUSTOMER), all(SHIP_TO), all(LINE));
        let of = |key| order.iter().find(|(_, name)| *name == key).map(|(column, _)| *column);
        OrderTable { id: of("order_id"), channel: of("channel"), order, customer, ship_to, line }
    }

    /// What tells the order of a record from that of the next.
    pub fn key(&self, record: &Record<'_>) -> String {
        format!("{}\n{}", record.text(self.channel), record.text(self.id))
    }

    /// The document of the order that begins with this record, without lines.
    pub fn document(&self, record: &Record<'_>) -> Map<String, Value> {
        let mut document = object(&self.order, record);
        document.insert("customer".to_owned(), Value::Object(object(&self.customer, record)));
        document.insert("ship_to".to_owned(), Value::Object(object(&self.ship_to, record)));
        document.insert("lines".to_owned(), Value::Array(Vec::new()));
        document
    }

    pub fn line(&self, record: &Record<'_>) -> Value {
        Value::Object(object(&self.line, record))
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
