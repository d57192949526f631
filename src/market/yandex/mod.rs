//! Yandex Market (Partner API): one campaign of a business.
//!
//! Facts are from the published OpenAPI document. Where the marketplace delivers (FBS, Express), a parcel is only ready to
//! be fetched and has no number of ours; where the seller does (DBS), its number is told.
//!
//! | file | what it holds |
//! |---|---|
//! | `normal` | an order of theirs, as told and as one of ours |
//! | `tell` | accepting, refusing, canceling, shipping |
//! | `offers` | stock and prices |
mod normal;
mod offers;
mod tell;

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::{self, no_such_order, order_unreadable};
use super::token_pages::{List, Page};
use super::*;
use crate::diagnostic::Result;
use crate::order::Order;
use crate::value::time;

pub(super) struct Yandex {
    business: String,
    campaign: String,
    /// Delivery services by name, which the marketplace lists for all alike.
    services: Mutex<Option<Vec<tell::Service>>>,
}

const OVERLAP: Duration = Duration::from_secs(5 * 60);
const SETTLE: Duration = Duration::from_secs(10);
const PAGE_MAX: usize = 50;
/// The most that one question may span.
const DAYS_MAX: i64 = 30;
/// The marketplace's own status for too many requests.
const CALM: u16 = 420;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Orders {
    #[serde(default)]
    orders: Vec<Value>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paging {
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    code: String,
    message: Option<String>,
}

impl Yandex {
    pub fn new(account: &Account) -> Result<Self> {
        Ok(Yandex {
            business: account.needed("business", "the number of the cabinet")?.to_owned(),
            campaign: account.needed("campaign", "the number of the shop in it")?.to_owned(),
            services: Mutex::default(),
        })
    }

    fn ask(&self, port: &dyn Port, body: Value, token: Option<&str>) -> Result<Orders> {
        let mut request = Request::new(Method::Post, "orders", &["v1", "businesses", &self.business, "orders"])?
            .reading()
            .query("limit", PAGE_MAX.to_string());
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            request = request.query("pageToken", token);
        }
        port.send(request.body(Body::Json(body)))?.json()
    }

    /// A token of ours is the start of its span, and the marketplace's own token in it.
    fn page(&self, port: &dyn Port, since: Timestamp, token: Option<&str>) -> Result<Page> {
        let (start, theirs) = token.and_then(|token| token.split_once(' ')).unwrap_or_default();
        let start = time::parse(start, None).unwrap_or(since);
        let end = start.saturating_add(jiff::SignedDuration::from_hours(24 * DAYS_MAX)).unwrap_or(Timestamp::MAX);
        let mut dates = json!({ "updateDateFrom": time::to_utc_text(start) });
        let is_last = end > port.now();
        // an order that changes while pages are read leaves a span that has an end: only the last may stay open
        if !is_last {
            dates["updateDateTo"] = json!(time::to_utc_text(end));
        }
        let body = json!({ "campaignIds": [number(&self.campaign)], "dates": dates });
        let told = self.ask(port, body, Some(theirs))?;
        let next = match told.paging.and_then(|paging| paging.next_page_token).filter(|next| !next.is_empty()) {
            Some(next) => Some(format!("{} {next}", time::to_utc_text(start))),
            None if is_last => None,
            None => Some(format!("{} ", time::to_utc_text(end))),
        };
        Ok(Page { orders: told.orders, next })
    }

    fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<Value>> {
        let Ok(id) = order_id.parse::<i64>() else { return Ok(None) };
        let told = self.ask(port, json!({ "orderIds": [id] }), None)?;
        Ok(told.orders.into_iter().find(|order| order.get("orderId").and_then(Value::as_i64) == Some(id)))
    }

    fn expect(&self, port: &dyn Port, order_id: &str) -> Result<normal::Told> {
        let raw = self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))?;
        normal::read(raw).map_err(|why| order_unreadable(order_id, &why))
    }
}

/// Numbers go out as numbers; a text that is none is for the marketplace to refuse.
fn number(text: &str) -> Value {
    text.trim().parse::<i64>().map_or_else(|_| json!(text), |number| json!(number))
}

impl Connector for Yandex {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: OVERLAP,
            settle: SETTLE,
            shipments: Granularity::Order,
            several_parcels: false,
            acknowledge: Acknowledge::Optional,
            pickup: false,
            cancel: Canceling::Units,
            refunds: false,
            batch_max: offers::BATCH_MAX,
            stock_per_location: false,
            limits: &[],
        }
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        request.headers.push(("api-key".to_owned(), credentials.reveal().to_owned()));
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/orderId",
            stamp: "/updateDate",
            bounded: false,
            ask: &|ask| self.page(port, ask.from, ask.token),
            read: &|raw| normal::read(raw).and_then(normal::order),
        };
        list.pull(from)
    }

    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        let Some(raw) = self.find(port, order_id)? else { return Ok(None) };
        normal::read(raw).and_then(normal::order).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }

    fn acknowledge(&self, port: &dyn Port, decision: &Decision) -> Result<Receipt> {
        self.decide(port, decision)
    }

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        let Some(raw) = self.find(port, order_id)? else { return Ok(Vec::new()) };
        let told = normal::read(raw).map_err(|why| order_unreadable(order_id, &why))?;
        self.known(port, &told)
    }

    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        self.ship_order(port, parcel)
    }

    fn cancel(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        self.cancel_order(port, cancellation)
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        self.set_offers(port, offers)
    }

    fn classify(&self, response: &Response) -> Verdict {
        let told = serde_json::from_slice::<Refusal>(&response.body).ok();
        let fault = told.and_then(|told| told.errors.into_iter().next());
        let told = fault.map(|fault| fault.message.unwrap_or(fault.code));
        match response.status {
            CALM | 423 => Verdict::Retry(response.retry_after()),
            _ => faults::verdict(response, told),
        }
    }
}
