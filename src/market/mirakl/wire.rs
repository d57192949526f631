//! The shapes of the answers, as much of them as is used. Fields come and go without notice, so nothing is required
//! that is not needed, and nothing unknown is refused.
use serde::Deserialize;
use serde_json::Value;

use crate::market::json::{Decimal, null_as_default};

/// OR11. The orders stay raw, so that one that cannot be read does not spoil its page.
#[derive(Deserialize)]
pub(super) struct Orders {
    #[serde(default)]
    pub orders: Vec<Value>,
    #[serde(default)]
    pub total_count: usize,
}

#[derive(Deserialize)]
pub(super) struct Order {
    pub order_id: String,
    pub order_state: String,
    pub currency_iso_code: String,
    pub created_date: String,
    pub last_updated_date: String,
    pub total_price: Decimal,
    pub shipping_price: Option<Decimal>,
    pub shipping_pudo_id: Option<String>,
    pub shipping_tracking: Option<String>,
    pub shipping_carrier_code: Option<String>,
    pub shipping_company: Option<String>,
    pub order_tax_mode: Option<String>,
    pub fulfillment: Option<Fulfillment>,
    pub customer: Option<Customer>,
    pub customer_notification_email: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub order_lines: Vec<Line>,
}

#[derive(Deserialize)]
pub(super) struct Fulfillment {
    pub center: Option<Center>,
}

#[derive(Deserialize)]
pub(super) struct Center {
    pub code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Customer {
    pub firstname: Option<String>,
    pub lastname: Option<String>,
    pub shipping_address: Option<Address>,
}

#[derive(Deserialize)]
pub(super) struct Address {
    pub firstname: Option<String>,
    pub lastname: Option<String>,
    pub company: Option<String>,
    pub street_1: Option<String>,
    pub street_2: Option<String>,
    pub zip_code: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub country_iso_code: Option<String>,
    pub phone: Option<String>,
    pub additional_info: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Line {
    pub order_line_id: String,
    pub order_line_state: Option<String>,
    pub offer_id: Option<u64>,
    pub offer_sku: Option<String>,
    pub product_title: Option<String>,
    pub quantity: i64,
    pub price_unit: Decimal,
    pub shipped_date: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub taxes: Vec<Tax>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipping_taxes: Vec<Tax>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub cancelations: Vec<Cancelation>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub refunds: Vec<Refund>,
}

#[derive(Deserialize)]
pub(super) struct Refund {
    pub id: String,
    /// Shared by those that were asked for at once.
    pub order_refund_id: Option<String>,
    pub amount: Option<Decimal>,
    pub shipping_amount: Option<Decimal>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub taxes: Vec<Tax>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipping_taxes: Vec<Tax>,
    pub quantity: Option<i64>,
    pub reason_code: Option<String>,
    pub created_date: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Tax {
    pub amount: Decimal,
    pub code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Cancelation {
    pub quantity: Option<i64>,
}

/// SH21.
#[derive(Deserialize)]
pub(super) struct Carriers {
    pub carriers: Vec<Carrier>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Carrier {
    pub code: String,
    pub label: String,
    pub standard_code: Option<String>,
}

impl Carrier {
    pub fn spellings(&self) -> impl Iterator<Item = &str> {
        [self.code.as_str(), self.label.as_str()].into_iter().chain(self.standard_code.as_deref())
    }
}

/// ST11.
#[derive(Deserialize)]
pub(super) struct Shipments {
    pub data: Vec<Shipment>,
    pub next_page_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Shipment {
    pub id: String,
    pub order_id: String,
    pub status: Option<String>,
    pub created_date: Option<String>,
    pub shipped_date: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipment_lines: Vec<ShipmentLine>,
    pub tracking: Option<Tracking>,
}

#[derive(Deserialize)]
pub(super) struct ShipmentLine {
    pub order_line_id: Option<String>,
    pub package_reference: Option<String>,
    pub quantity: i64,
}

#[derive(Deserialize)]
pub(super) struct Tracking {
    pub carrier_code: Option<String>,
    pub carrier_name: Option<String>,
    pub tracking_number: Option<String>,
}

/// ST01.
#[derive(Deserialize)]
pub(super) struct Created {
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipment_success: Vec<Shipment>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipment_errors: Vec<Failed>,
}

/// ST26.
#[derive(Deserialize)]
pub(super) struct Moved {
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipment_errors: Vec<Failed>,
}

#[derive(Deserialize)]
pub(super) struct Failed {
    pub message: Option<String>,
}

/// STO01, PRI01.
#[derive(Deserialize)]
pub(super) struct Imported {
    pub import_id: String,
}

/// STO02, and one of PRI02's `data`.
#[derive(Deserialize)]
pub(super) struct Import {
    pub import_id: String,
    pub status: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub has_error_report: bool,
    pub reason_status: Option<String>,
}

/// PRI02.
#[derive(Deserialize)]
pub(super) struct Imports {
    pub data: Vec<Import>,
}
