//! Stock and prices, one SKU at a time: the SKU's own stock, and each of its offers.
//!
//! The answer is 200 or 207 with a result for each part, which alone counts.
use serde_json::{Value, json};

use super::wire;
use crate::diagnostic::{Kind, Result};
use crate::market::{Body, ItemResult, Method, OfferUpdate, Port, Request};

/// SKUs of one push: two calls each, and what has been told is booked after it.
pub(super) const BATCH_MAX: usize = 50;

pub(super) fn push(port: &dyn Port, offer: &OfferUpdate) -> Result<ItemResult> {
    let refused = match body(port, offer)? {
        Err(why) => Some(why),
        Ok(body) => send(port, body)?,
    };
    Ok(ItemResult { sku: offer.sku.clone(), refused })
}

/// What is to be told, or why that cannot be.
fn body(port: &dyn Port, offer: &OfferUpdate) -> Result<Result<Value, String>> {
    let price = match offer.price_now() {
        Err(why) => return Ok(Err(why)),
        Ok(price) => price,
    };
    if offer.quantity.is_some_and(|quantity| quantity < 0) {
        return Ok(Err("the quantity is below zero".to_owned()));
    }
    let offers = match known(port, &offer.sku) {
        Err(refused) if refused.kind == Kind::Rejected => return Ok(Err(refused.message)),
        known => known?,
    };
    if offers.is_empty() && offer.quantity.is_none() {
        return Ok(Err("eBay has no offer of it".to_owned()));
    }
    let mut request = json!({ "sku": offer.sku });
    if let Some(quantity) = offer.quantity {
        request["shipToLocationAvailability"] = json!({ "quantity": quantity });
    }
    let offers = offers.iter().map(|known| {
        let mut told = json!({ "offerId": known.offer_id });
        if let Some(quantity) = offer.quantity {
            told["availableQuantity"] = json!(quantity);
        }
        if let Some(price) = &price {
            told["price"] = json!({ "value": price.to_decimal_string(), "currency": price.currency.code() });
        }
        told
    });
    let offers: Vec<Value> = offers.collect();
    if !offers.is_empty() {
        request["offers"] = Value::Array(offers);
    }
    Ok(Ok(json!({ "requests": [request] })))
}

/// Offers of a SKU at a fixed price: at most two, one of which would be an auction.
fn known(port: &dyn Port, sku: &str) -> Result<Vec<wire::Offer>> {
    let request = Request::get("offers", &["sell", "inventory", "v1", "offer"])?.query("sku", sku);
    let response = port.send(request)?;
    if response.status == 404 {
        return Ok(Vec::new());
    }
    let told: wire::Offers = response.json()?;
    Ok(told.offers.into_iter().filter(|offer| offer.format.as_deref() != Some("AUCTION")).collect())
}

/// Why it was refused, if it was.
fn send(port: &dyn Port, body: Value) -> Result<Option<String>> {
    let segments = ["sell", "inventory", "v1", "bulk_update_price_quantity"];
    // absolute values: twice is the same as once
    let request = Request::new(Method::Post, "push", &segments)?.body(Body::Json(body)).repeatable();
    let response = match port.send(request) {
        Err(refused) if refused.kind == Kind::Rejected => return Ok(Some(refused.message)),
        answer => answer?,
    };
    if response.is_withheld() {
        return Ok(None);
    }
    if response.status == 404 {
        return Ok(Some("eBay has no such SKU".to_owned()));
    }
    let told: wire::Updated = response.json()?;
    let failed = told.responses.iter().filter(|update| update.status_code >= 300);
    let mut words: Vec<String> = failed
        .map(|update| update.refusal.words().unwrap_or_else(|| format!("status {}", update.status_code)))
        .collect();
    if told.responses.is_empty() {
        words.push("eBay told of no result".to_owned());
    }
    words.dedup();
    Ok((!words.is_empty()).then(|| words.join("; ")))
}
