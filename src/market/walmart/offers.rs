//! Stock and prices, one SKU at a time. An answer of its feeds would come an hour later, and only a few feeds an hour are
//! taken.
use serde_json::{Value, json};

use crate::diagnostic::{Kind, Result};
use crate::market::json::number;
use crate::market::{Body, ItemResult, Method, OfferUpdate, Port, Request};

/// SKUs of one push: two calls each, and what has been told is booked after it.
pub(super) const BATCH_MAX: usize = 50;

pub(super) fn push(port: &dyn Port, offer: &OfferUpdate) -> Result<ItemResult> {
    let mut refused = Vec::new();
    if let Some(quantity) = offer.quantity {
        let body = json!({ "sku": offer.sku, "quantity": { "unit": "EACH", "amount": quantity } });
        let request = Request::new(Method::Put, "inventory", &["v3", "inventory"])?.query("sku", &offer.sku);
        refused.extend(send(port, request, body)?);
    }
    match offer.price_now() {
        Err(why) => refused.push(why),
        Ok(Some(price)) => {
            let pricing = json!([{ "currentPriceType": "BASE", "currentPrice": {
                "currency": price.currency.code(), "amount": number(price) } }]);
            let body = json!({ "sku": offer.sku, "pricing": pricing });
            refused.extend(send(port, Request::new(Method::Put, "price", &["v3", "price"])?, body)?);
        }
        Ok(None) => {}
    }
    refused.dedup();
    Ok(ItemResult { sku: offer.sku.clone(), refused: (!refused.is_empty()).then(|| refused.join("; ")) })
}

/// Why it was refused, if it was. Absolute values: twice is the same as once.
fn send(port: &dyn Port, request: Request, body: Value) -> Result<Option<String>> {
    match port.send(request.body(Body::Json(body)).repeatable()) {
        Err(refused) if refused.kind == Kind::Rejected => Ok(Some(refused.message)),
        Err(other) => Err(other),
        Ok(response) if response.status == 404 => Ok(Some("Walmart has no such SKU".to_owned())),
        // some refusals come with a 200
        Ok(response) => Ok(super::wire::words(&response.body)),
    }
}
