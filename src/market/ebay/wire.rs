//! The shapes of the answers, as much of them as is used. Nothing is required that is not needed.
use serde::Deserialize;
use serde_json::Value;

use crate::market::json::{Decimal, null_as_default};

/// The orders stay raw, so that one that cannot be read does not spoil its page.
#[derive(Deserialize)]
pub(super) struct Orders {
    #[serde(default, deserialize_with = "null_as_default")]
    pub orders: Vec<Value>,
    #[serde(default)]
    pub total: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub order_id: String,
    pub creation_date: String,
    pub last_modified_date: String,
    pub order_payment_status: String,
    pub order_fulfillment_status: String,
    pub cancel_status: Option<CancelStatus>,
    pub pricing_summary: Pricing,
    pub payment_summary: Option<Payments>,
    /// There when eBay, or a partner of eBay's, ships it.
    pub program: Option<Program>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub fulfillment_start_instructions: Vec<Instruction>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub line_items: Vec<Line>,
    pub buyer_checkout_notes: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Payments {
    #[serde(default, deserialize_with = "null_as_default")]
    pub refunds: Vec<Refund>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refund {
    pub refund_id: Option<String>,
    pub refund_reference_id: Option<String>,
    pub refund_date: Option<String>,
    pub refund_status: Option<String>,
    pub amount: Amount,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CancelStatus {
    pub cancel_state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Program {
    pub fulfillment_program: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pricing {
    pub total: Amount,
    pub delivery_cost: Option<Amount>,
    pub delivery_discount: Option<Amount>,
}

#[derive(Deserialize)]
pub(super) struct Amount {
    pub value: Decimal,
    pub currency: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Instruction {
    pub shipping_step: Option<ShippingStep>,
    pub pickup_step: Option<PickupStep>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PickupStep {
    pub merchant_location_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShippingStep {
    pub ship_to: Option<Contact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contact {
    pub full_name: Option<String>,
    pub company_name: Option<String>,
    pub email: Option<String>,
    pub primary_phone: Option<Phone>,
    pub contact_address: Option<Address>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Phone {
    pub phone_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub city: Option<String>,
    pub state_or_province: Option<String>,
    pub postal_code: Option<String>,
    pub country_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub line_item_id: String,
    pub legacy_item_id: Option<String>,
    pub legacy_variation_id: Option<String>,
    pub sku: Option<String>,
    pub title: Option<String>,
    pub quantity: i64,
    /// Of all units, before discounts.
    pub line_item_cost: Amount,
    pub line_item_fulfillment_status: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub refunds: Vec<Refund>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub taxes: Vec<Tax>,
}

#[derive(Deserialize)]
pub(super) struct Tax {
    pub amount: Option<Amount>,
}

#[derive(Deserialize)]
pub(super) struct Fulfillments {
    #[serde(default, deserialize_with = "null_as_default")]
    pub fulfillments: Vec<Fulfillment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfillment {
    pub shipment_tracking_number: Option<String>,
    pub shipping_carrier_code: Option<String>,
    pub shipped_date: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub line_items: Vec<LineReference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LineReference {
    pub line_item_id: String,
    pub quantity: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Offers {
    #[serde(default, deserialize_with = "null_as_default")]
    pub offers: Vec<Offer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Offer {
    pub offer_id: String,
    pub format: Option<String>,
}

/// Of a bulk update: one for the stock of the SKU, one for each offer.
#[derive(Deserialize)]
pub(super) struct Updated {
    #[serde(default, deserialize_with = "null_as_default")]
    pub responses: Vec<Update>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    pub status_code: u16,
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
    #[serde(default)]
    pub error_id: u64,
    pub long_message: Option<String>,
    pub message: Option<String>,
}

impl Refusal {
    pub fn words(&self) -> Option<String> {
        let words = self.errors.iter().filter_map(|told| told.long_message.as_deref().or(told.message.as_deref()));
        Some(words.collect::<Vec<_>>().join("; ")).filter(|words| !words.is_empty())
    }
}
