//! Stock and prices: a few offers by a patch of their listing each, many as one feed.
use serde_json::{Value, json};

use super::{Amazon, wire};
use crate::diagnostic::{Error, Kind, Result};
use crate::market::json::number;
use crate::market::{Body, ItemResult, Method, OfferUpdate, Port, Request, Submitted};

pub(super) const BATCH_MAX: usize = 10_000;
/// More than these are a feed: a listing's patch is one of five a second, a feed one of thirty an hour.
const PATCHED_MAX: usize = 20;
/// Stands for whatever a listing is: stock and price are the same for all.
pub(super) const PRODUCT_TYPE: &str = "PRODUCT";

impl Amazon {
    pub(super) fn push_offers(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        if offers.len() > PATCHED_MAX {
            return self.submit(port, offers);
        }
        let results = offers.iter().map(|offer| {
            let refused = match self.patches(offer) {
                Ok(patches) => self.patch(port, &offer.sku, patches)?,
                Err(why) => Some(why),
            };
            Ok(ItemResult { sku: offer.sku.clone(), refused })
        });
        Ok(Submitted { job: None, results: results.collect::<Result<_>>()? })
    }

    /// Why it was refused, if it was.
    fn patch(&self, port: &dyn Port, sku: &str, patches: Vec<Value>) -> Result<Option<String>> {
        let request = Request::new(Method::Patch, "listing", &["listings", "2021-08-01", "items", &self.seller, sku])?
            .query("marketplaceIds", &self.marketplace)
            .body(Body::Json(json!({ "productType": PRODUCT_TYPE, "patches": patches })))
            .repeatable();
        let response = match port.send(request) {
            Err(refused) if refused.kind == Kind::Rejected => return Ok(Some(refused.message)),
            answer => answer?,
        };
        if response.is_withheld() {
            return Ok(None);
        }
        if response.status == 404 {
            return Ok(Some("Amazon has no such listing".to_owned()));
        }
        let told: wire::Submission = response.json()?;
        let words: Vec<&str> = told.issues.iter().filter(|issue| issue.is_error()).map(wire::Issue::words).collect();
        Ok(match (told.status.as_str(), words.as_slice()) {
            ("ACCEPTED" | "VALID", []) => None,
            (status, []) => Some(format!("the listing's change is {status}")),
            _ => Some(words.join("; ")),
        })
    }

    /// What changes on the listing, or why nothing can.
    pub(super) fn patches(&self, offer: &OfferUpdate) -> Result<Vec<Value>, String> {
        let mut patches = Vec::new();
        if let Some(quantity) = offer.quantity {
            if quantity < 0 {
                return Err("the quantity is below zero".to_owned());
            }
            patches.push(stock_patch(quantity));
        }
        if let Some(price) = offer.price_now()? {
            patches.push(json!({
                "op": "merge",
                "path": "/attributes/purchasable_offer",
                "value": [{
                    "marketplace_id": self.marketplace,
                    "currency": price.currency.code(),
                    "our_price": [{ "schedule": [{ "value_with_tax": number(price) }] }],
                }],
            }));
        }
        if patches.is_empty() { Err("there is nothing to tell of it".to_owned()) } else { Ok(patches) }
    }
}

/// Units of what the seller ships.
pub(super) fn stock_patch(quantity: i64) -> Value {
    json!({
        "op": "replace",
        "path": "/attributes/fulfillment_availability",
        "value": [{ "fulfillment_channel_code": "DEFAULT", "quantity": quantity }],
    })
}

/// The error for a feed that cannot be made.
pub(super) fn broken(what: &str, why: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Unavailable, "market/unreadable", format!("{what} cannot be read: {why}"))
        .help("run it again; if it stays, please report it with this message")
}
