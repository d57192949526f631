//! The shapes of the answers, as much of them as is used. Nothing is required that is not needed.
use serde::Deserialize;
use serde_json::Value;

use crate::market::json::{Decimal, null_as_default};

/// The forms stay raw, so that one that cannot be read does not spoil its page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Forms {
    pub checkout_forms: Vec<Value>,
    pub total_count: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Form {
    pub id: String,
    pub status: String,
    pub buyer: Option<Buyer>,
    pub fulfillment: Option<Fulfillment>,
    pub delivery: Option<Delivery>,
    pub payment: Option<Named>,
    pub line_items: Vec<Line>,
    pub summary: Summary,
    pub message_to_seller: Option<String>,
    pub updated_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub total_to_pay: Amount,
}

#[derive(Deserialize)]
pub(super) struct Amount {
    pub amount: Decimal,
    pub currency: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Buyer {
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfillment {
    pub status: Option<String>,
    pub shipment_summary: Option<Sent>,
    pub provider: Option<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent {
    pub line_items_sent: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    pub address: Option<Address>,
    pub pickup_point: Option<Named>,
    pub cost: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company_name: Option<String>,
    pub street: Option<String>,
    pub city: Option<String>,
    pub zip_code: Option<String>,
    pub country_code: Option<String>,
    pub phone_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub id: String,
    pub offer: LineOffer,
    pub quantity: i64,
    pub price: Option<Amount>,
    pub bought_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LineOffer {
    pub id: String,
    pub name: Option<String>,
    pub external: Option<Named>,
}

#[derive(Deserialize)]
pub(super) struct Events {
    pub events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    pub id: String,
    pub order: EventOrder,
    pub occurred_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventOrder {
    pub line_items: Vec<Line>,
    pub checkout_form: Option<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventStats {
    pub latest_event: Option<Named>,
}

#[derive(Deserialize)]
pub(super) struct Carriers {
    pub carriers: Vec<Carrier>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Carrier {
    pub id: String,
    pub name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Shipments {
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipments: Vec<Shipment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shipment {
    pub waybill: Option<String>,
    pub carrier_id: Option<String>,
    pub carrier_name: Option<String>,
    /// None: all of them.
    #[serde(default, deserialize_with = "null_as_default")]
    pub line_items: Vec<Named>,
    pub created_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Offers {
    pub offers: Vec<Offer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Offer {
    pub id: String,
    pub external: Option<Named>,
    pub selling_mode: Option<SellingMode>,
    pub stock: Option<Stock>,
    pub publication: Option<Publication>,
}

#[derive(Deserialize)]
pub(super) struct SellingMode {
    pub price: Option<Amount>,
}

#[derive(Deserialize)]
pub(super) struct Stock {
    pub available: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Publication {
    pub status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Command {
    pub task_count: TaskCount,
}

#[derive(Deserialize)]
pub(super) struct TaskCount {
    pub failed: u64,
    pub success: u64,
    pub total: u64,
}

#[derive(Deserialize)]
pub(super) struct Tasks {
    pub tasks: Vec<Task>,
}

#[derive(Deserialize)]
pub(super) struct Task {
    pub offer: Option<Named>,
    pub status: Option<String>,
    pub message: Option<String>,
    #[serde(flatten)]
    pub refusal: Refusal,
}

#[derive(Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default, deserialize_with = "null_as_default")]
    pub errors: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    pub user_message: Option<String>,
    pub message: Option<String>,
    pub code: Option<String>,
}

impl Refusal {
    pub fn words(&self) -> Option<String> {
        let word =
            |told: &Told| told.user_message.clone().or_else(|| told.message.clone()).or_else(|| told.code.clone());
        Some(self.errors.iter().filter_map(word).collect::<Vec<_>>().join("; ")).filter(|words| !words.is_empty())
    }
}
