//! The shapes of the answers, as much of them as is used. Nothing is required that is not needed.
use serde::Deserialize;
use serde_json::Value;

use crate::market::json::{Decimal, null_as_default};

#[derive(Deserialize)]
pub(super) struct Orders {
    pub list: List,
}

#[derive(Deserialize)]
pub(super) struct List {
    #[serde(default, deserialize_with = "null_as_default")]
    pub meta: Meta,
    #[serde(default, deserialize_with = "null_as_default")]
    pub elements: Elements,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    pub next_cursor: Option<String>,
}

/// The orders stay raw, so that one that cannot be read does not spoil its page.
#[derive(Default, Deserialize)]
pub(super) struct Elements {
    #[serde(default, deserialize_with = "null_as_default")]
    pub order: Vec<Value>,
}

#[derive(Deserialize)]
pub(super) struct One {
    pub order: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub purchase_order_id: String,
    /// Milliseconds since 1970, as all its times.
    pub order_date: i64,
    pub customer_email_id: Option<String>,
    pub shipping_info: Option<ShippingInfo>,
    pub order_lines: Lines,
    pub order_summary: Option<Summary>,
    pub ship_node: Option<ShipNode>,
}

#[derive(Deserialize)]
pub(super) struct ShipNode {
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub total_amount: Option<Total>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Total {
    pub currency_amount: Decimal,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShippingInfo {
    pub phone: Option<String>,
    pub method_code: Option<String>,
    pub postal_address: Option<Address>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub name: Option<String>,
    pub address1: Option<String>,
    pub address2: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lines {
    pub order_line: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub line_number: String,
    pub item: Item,
    pub charges: Option<Charges>,
    pub order_line_quantity: Quantity,
    pub status_date: Option<i64>,
    pub order_line_statuses: Statuses,
    /// The buyer has asked to cancel it.
    pub intent_to_cancel: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub product_name: Option<String>,
    pub sku: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Charges {
    #[serde(default, deserialize_with = "null_as_default")]
    pub charge: Vec<Charge>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Charge {
    pub charge_type: String,
    pub charge_amount: Amount,
    pub tax: Option<Tax>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tax {
    pub tax_amount: Amount,
}

#[derive(Deserialize)]
pub(super) struct Amount {
    pub currency: String,
    pub amount: Decimal,
}

/// A whole number, as text.
#[derive(Deserialize)]
pub(super) struct Quantity {
    pub amount: Decimal,
}

impl Quantity {
    pub fn units(&self) -> Result<i64, String> {
        let text = self.amount.0.as_str();
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        whole.parse().ok().filter(|units| *units >= 0).ok_or_else(|| format!("{text} is no number of units"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statuses {
    pub order_line_status: Vec<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    pub status: String,
    pub status_quantity: Quantity,
    pub tracking_info: Option<Tracking>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tracking {
    pub ship_date_time: Option<i64>,
    pub carrier_name: Option<CarrierName>,
    pub tracking_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CarrierName {
    pub carrier: Option<String>,
    pub other_carrier: Option<String>,
}

/// `{errors: [..]}` or `{errors: {error: [..]}}`, or one of the latter's entries alone.
pub(super) fn words(body: &[u8]) -> Option<String> {
    let told: Value = serde_json::from_slice(body).ok()?;
    let errors = ["/errors/error", "/errors", "/error"].iter().find_map(|place| told.pointer(place)?.as_array());
    let word = |error: &Value| {
        let text = ["description", "info", "code"].iter().find_map(|field| error.get(field)?.as_str());
        text.map(str::to_owned)
    };
    let words: Vec<String> = errors?.iter().filter_map(word).collect();
    (!words.is_empty()).then(|| words.join("; "))
}
