//! The shapes of the answers, as much of them as is used. Nothing is required that is not needed.
use serde::Deserialize;
use serde_json::Value;

use crate::market::json::{Decimal, null_as_default};

/// The orders stay raw, so that one that cannot be read does not spoil its page.
#[derive(Deserialize)]
pub(super) struct Orders {
    pub orders: Vec<Value>,
    pub pagination: Option<Pagination>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pagination {
    pub next_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct One {
    pub order: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub order_id: String,
    pub created_time: String,
    pub last_updated_time: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub programs: Vec<String>,
    pub sales_channel: Channel,
    pub buyer: Option<Buyer>,
    pub recipient: Option<Recipient>,
    pub proceeds: Option<Proceeds>,
    pub fulfillment: Option<Fulfillment>,
    pub order_items: Vec<Item>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub packages: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Channel {
    pub marketplace_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Buyer {
    pub buyer_name: Option<String>,
    pub buyer_email: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recipient {
    pub delivery_address: Option<Address>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub name: Option<String>,
    pub company_name: Option<String>,
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub address_line3: Option<String>,
    pub city: Option<String>,
    pub state_or_region: Option<String>,
    pub postal_code: Option<String>,
    pub country_code: Option<String>,
    pub phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Proceeds {
    pub grand_total: Option<Money>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub breakdowns: Vec<Breakdown>,
}

#[derive(Deserialize)]
pub(super) struct Breakdown {
    #[serde(rename = "type")]
    pub kind: String,
    pub subtotal: Option<Money>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Money {
    pub amount: Decimal,
    pub currency_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfillment {
    pub fulfillment_status: String,
    pub fulfilled_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub order_item_id: String,
    pub quantity_ordered: i64,
    pub product: Product,
    pub proceeds: Option<Proceeds>,
    pub fulfillment: Option<Done>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Done {
    pub quantity_fulfilled: Option<i64>,
    pub quantity_unfulfilled: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product {
    pub asin: Option<String>,
    pub title: Option<String>,
    pub seller_sku: Option<String>,
    pub price: Option<Price>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Price {
    pub unit_price: Option<Money>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package {
    pub package_reference_id: String,
    pub created_time: Option<String>,
    pub package_status: Option<PackageStatus>,
    pub carrier: Option<String>,
    pub ship_time: Option<String>,
    pub tracking_number: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub package_items: Vec<PackageItem>,
}

#[derive(Deserialize)]
pub(super) struct PackageStatus {
    pub status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PackageItem {
    pub order_item_id: String,
    pub quantity: i64,
}

/// Of a listing's patch.
#[derive(Deserialize)]
pub(super) struct Submission {
    pub status: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub issues: Vec<Issue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Issue {
    /// In the result of a feed: of which message.
    pub message_id: Option<u64>,
    pub message: Option<String>,
    pub code: Option<String>,
    pub severity: Option<String>,
}

impl Issue {
    pub fn is_error(&self) -> bool {
        self.severity.as_deref() == Some("ERROR")
    }

    pub fn words(&self) -> &str {
        self.message.as_deref().or(self.code.as_deref()).unwrap_or("Amazon gives no reason")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub feed_document_id: String,
    pub url: String,
    pub compression_algorithm: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    pub feed_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Feed {
    pub processing_status: String,
    pub result_feed_document_id: Option<String>,
}

/// The result document of a JSON listings feed.
#[derive(Deserialize)]
pub(super) struct Report {
    #[serde(default, deserialize_with = "null_as_default")]
    pub issues: Vec<Issue>,
}

#[derive(Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default, deserialize_with = "null_as_default")]
    pub errors: Vec<Told>,
}

#[derive(Deserialize)]
pub(super) struct Told {
    pub message: Option<String>,
    pub details: Option<String>,
}

impl Told {
    pub fn speaks_of_expiry(&self) -> bool {
        [&self.message, &self.details].into_iter().flatten().any(|text| text.to_ascii_lowercase().contains("expired"))
    }
}

impl Refusal {
    pub fn words(&self) -> Option<String> {
        let words = self.errors.iter().filter_map(|told| told.message.as_deref());
        Some(words.collect::<Vec<_>>().join("; ")).filter(|words| !words.is_empty())
    }
}
