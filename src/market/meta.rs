//! Meta's catalogs (Facebook, Instagram) through the Catalog Batch API: whole offers out, many in one call. It sends no
//! orders.
//!
//! Facts: <https://developers.facebook.com/documentation/ads-commerce/marketing-api/reference/product-catalog/items_batch>
//! (at most 5000 requests, better fewer than 3000, and 28 MB; `UPDATE` makes what is not there),
//! <https://developers.facebook.com/docs/marketing-api/reference/product-catalog/check_batch_request_status>; what answers
//! hold: <https://github.com/facebook/facebook-business-sdk-codegen>. Read 2026-11-25. A call is taken under a handle, by
//! which one asks later; no handle means that nothing was taken.
use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::faults::{self, rejected};
use super::json::null_as_default;
use super::{
    Account, Body, Capabilities, Connector, ItemResult, Limit, Method, OrderPage, Parcel, Polled, Port, PullFrom,
    Receipt, Request, Response, Secret, Submitted, Verdict, WholeOffer, oauth,
};
use crate::diagnostic::{Error, Kind, Result};
use crate::order::Order;

/// With the version of the Graph API that was read.
pub(super) const URL: &str = "https://graph.facebook.com/v24.0";
const BATCH_MAX: usize = 3000;
/// A hundred calls an hour: <https://developers.facebook.com/documentation/ads-commerce/commerce-platform/catalog/best-practices>.
static LIMITS: &[Limit] = &[Limit { operation: "items batch", burst: 20, refill: std::time::Duration::from_secs(36) }];
/// Between the handles of one call.
const JOINT: char = ' ';

pub(super) struct Meta {
    catalog: String,
}

impl Meta {
    /// # Errors
    /// `market/no-shop-id`.
    pub fn new(account: &Account) -> Result<Self> {
        Ok(Meta { catalog: account.shop("the number of the catalog, as Commerce Manager shows it")?.to_owned() })
    }

    fn status(&self, port: &dyn Port, handle: &str) -> Result<Option<Status>> {
        let request = Request::get("batch status", &[&self.catalog, "check_batch_request_status"])?
            .query("handle", handle)
            .query("load_ids_of_invalid_requests", "true")
            .query("fields", "status,errors,ids_of_invalid_requests");
        let response = port.send(request)?;
        if response.status == 404 {
            return Ok(None);
        }
        Ok(response.json::<List>()?.data.into_iter().next())
    }
}

/// Of `items_batch`.
#[derive(Deserialize)]
struct Taken {
    #[serde(default, deserialize_with = "null_as_default")]
    handles: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    validation_status: Vec<Judged>,
}

/// What was seen to be wrong at once.
#[derive(Deserialize)]
struct Judged {
    retailer_id: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    errors: Vec<Words>,
}

/// Of `check_batch_request_status`.
#[derive(Deserialize)]
struct List {
    data: Vec<Status>,
}

#[derive(Deserialize)]
struct Status {
    status: String,
    #[serde(default, deserialize_with = "null_as_default")]
    errors: Vec<Words>,
    #[serde(default, deserialize_with = "null_as_default")]
    ids_of_invalid_requests: Vec<String>,
}

#[derive(Deserialize)]
struct Words {
    /// The offer's; some errors name none.
    id: Option<String>,
    message: Option<String>,
}

/// `{"error": {"message": "…", "code": 190}}`
#[derive(Deserialize)]
struct Refusal {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    message: Option<String>,
    #[serde(default)]
    code: i64,
}

/// By offer, why it was refused.
#[derive(Default)]
struct Refused(HashMap<String, String>);

impl Refused {
    fn add(&mut self, id: Option<String>, message: Option<String>) {
        let words = self.0.entry(id.unwrap_or_default()).or_default();
        let message = message.unwrap_or_default();
        words.push_str(if words.is_empty() || message.is_empty() { "" } else { "; " });
        words.push_str(&message);
    }

    fn of(&self, id: &str) -> Option<String> {
        let words = self.0.get(id)?;
        Some(if words.is_empty() { "Meta gives no reason".to_owned() } else { words.clone() })
    }
}

impl Connector for Meta {
    fn describe(&self) -> Capabilities {
        Capabilities::without_orders(LIMITS)
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        oauth::bearer(request, credentials);
        Ok(())
    }

    fn pull(&self, _port: &dyn Port, _from: &PullFrom) -> Result<OrderPage> {
        Ok(OrderPage { orders: Vec::new(), unreadable: Vec::new(), next: None, more: false })
    }

    fn order(&self, _port: &dyn Port, _order_id: &str) -> Result<Option<Order>> {
        Ok(None)
    }

    fn parcels(&self, _port: &dyn Port, _order_id: &str) -> Result<Vec<Parcel>> {
        Ok(Vec::new())
    }

    fn ship(&self, _port: &dyn Port, _parcel: &Parcel) -> Result<Receipt> {
        Err(Error::new(Kind::Rejected, "market/unsupported", "a catalog of Meta has no orders")
            .help("ship the order at the marketplace it came from"))
    }

    fn tell_max(&self) -> usize {
        BATCH_MAX
    }

    fn tell(&self, port: &dyn Port, offers: &[WholeOffer]) -> Result<Submitted> {
        // the channel's document is the body of such a call, and an offer one of its requests
        let request = |offer: &WholeOffer| match offer.gone {
            true => json!({ "method": "DELETE", "data": { "id": offer.id } }),
            false => offer.body.clone(),
        };
        let body = json!({
            "item_type": "PRODUCT_ITEM",
            "allow_upsert": true,
            "requests": offers.iter().map(request).collect::<Vec<_>>(),
        });
        let request = Request::new(Method::Post, "items batch", &[&self.catalog, "items_batch"])?;
        let response = port.send(request.body(Body::Json(body)).repeatable())?;
        if response.is_withheld() {
            return Ok(Submitted { job: None, results: Vec::new() });
        }
        if response.status == 404 {
            return Err(rejected(format!("Meta has no catalog {}", self.catalog)));
        }
        let taken: Taken = response.json()?;
        let mut refused = Refused::default();
        for Judged { retailer_id, errors } in taken.validation_status {
            errors.into_iter().for_each(|error| refused.add(retailer_id.clone(), error.message));
        }
        let job = (!taken.handles.is_empty()).then(|| taken.handles.join(&JOINT.to_string()));
        let result = |offer: &WholeOffer| {
            let why =
                refused.of(&offer.id).or_else(|| job.is_none().then(|| "Meta took nothing of the call".to_owned()));
            why.map(|why| ItemResult { sku: offer.id.clone(), refused: Some(why) })
        };
        Ok(Submitted { results: offers.iter().filter_map(result).collect(), job })
    }

    fn poll_told(&self, port: &dyn Port, job: &str, sent: &[&str]) -> Result<Polled> {
        let mut refused = Refused::default();
        for handle in job.split(JOINT) {
            let Some(status) = self.status(port, handle)? else {
                return Err(rejected(format!("Meta does not know the batch {handle}")));
            };
            if status.status != "finished" {
                return Ok(Polled::Pending);
            }
            status.errors.into_iter().for_each(|error| refused.add(error.id, error.message));
            for id in status.ids_of_invalid_requests {
                refused.0.entry(id).or_default();
            }
        }
        // an error that names no offer is nobody's while others are named, and everybody's else
        let nobodys = refused.of("").filter(|_| refused.0.len() == 1);
        let result = |id: &&str| {
            let why = refused.of(id).or_else(|| nobodys.clone());
            ItemResult { sku: (*id).to_owned(), refused: why }
        };
        Ok(Polled::Done(sent.iter().map(result).collect()))
    }

    fn classify(&self, response: &Response) -> Verdict {
        let told = serde_json::from_slice::<Refusal>(&response.body).map(|refusal| refusal.error).ok();
        let words = || told.as_ref().and_then(|reason| reason.message.clone());
        // codes: <https://developers.facebook.com/docs/graph-api/guides/error-handling>
        match told.as_ref().map(|reason| reason.code) {
            Some(102 | 190) => Verdict::Reauthenticate,
            Some(10 | 200..=299) => Verdict::Fatal(faults::words(response, words())),
            // it is down for a while, or was called too often: by application, user, page, business
            Some(2 | 4 | 17 | 32 | 341 | 613 | 80_000..=80_014) => Verdict::Retry(response.retry_after()),
            _ => faults::verdict(response, words()),
        }
    }
}
