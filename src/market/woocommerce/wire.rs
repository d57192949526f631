//! The shapes of the answers, as much of them as is used. Plugins add to them and take from them, so nothing is required
//! that is not needed.
use serde::Deserialize;
use serde_json::Value;

pub(super) use crate::market::json::Decimal;
use crate::market::json::null_as_default;

#[derive(Deserialize)]
pub(super) struct Order {
    pub id: u64,
    pub status: String,
    pub currency: String,
    pub date_created_gmt: String,
    pub date_modified_gmt: String,
    pub date_completed_gmt: Option<String>,
    pub total: Decimal,
    pub shipping_total: Option<Decimal>,
    #[serde(default)]
    pub prices_include_tax: bool,
    pub customer_note: Option<String>,
    pub billing: Option<Address>,
    pub shipping: Option<Address>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub line_items: Vec<Line>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipping_lines: Vec<ShippingLine>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub refunds: Vec<Refund>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub meta_data: Vec<Meta>,
}

#[derive(Deserialize)]
pub(super) struct Line {
    pub id: u64,
    #[serde(default)]
    pub name: String,
    pub product_id: Option<u64>,
    pub variation_id: Option<u64>,
    pub quantity: i64,
    pub sku: Option<String>,
    /// Of the whole line, after discounts, without tax.
    pub total: Decimal,
    pub total_tax: Option<Decimal>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub taxes: Vec<LineTax>,
}

/// One rate of tax of a line; text that may be empty.
#[derive(Deserialize)]
pub(super) struct LineTax {
    pub id: u64,
    pub total: Option<Decimal>,
}

#[derive(Deserialize)]
pub(super) struct ShippingLine {
    pub id: Option<u64>,
    pub total: Option<Decimal>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub taxes: Vec<LineTax>,
    pub method_id: Option<String>,
    pub method_title: Option<String>,
}

/// As the order has it there is nothing in it but its id, its reason and its sum, which is below zero.
#[derive(Deserialize)]
pub(super) struct Refund {
    pub id: u64,
    pub reason: Option<String>,
    pub amount: Option<Decimal>,
    pub total: Option<Decimal>,
    pub date_created_gmt: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub line_items: Vec<RefundLine>,
}

#[derive(Deserialize)]
pub(super) struct RefundLine {
    /// Below zero, as its amounts are.
    #[serde(default)]
    pub quantity: i64,
    pub total: Option<Decimal>,
    pub total_tax: Option<Decimal>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub meta_data: Vec<Meta>,
}

#[derive(Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub key: String,
    #[serde(default)]
    pub value: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Address {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub address_1: Option<String>,
    pub address_2: Option<String>,
    pub postcode: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Note {
    #[serde(default)]
    pub note: String,
}

#[derive(Deserialize)]
pub(super) struct Product {
    pub id: u64,
    #[serde(default)]
    pub sku: String,
    #[serde(default)]
    pub parent_id: u64,
    #[serde(default)]
    pub r#type: String,
}

#[derive(Deserialize)]
pub(super) struct Batch {
    #[serde(default)]
    pub update: Vec<Updated>,
}

#[derive(Deserialize)]
pub(super) struct Updated {
    pub id: u64,
    pub error: Option<Refusal>,
}

#[derive(Deserialize)]
pub(super) struct Refusal {
    pub code: Option<String>,
    pub message: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CurrentCurrency {
    pub code: String,
}
