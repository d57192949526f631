//! bol (Retailer API v10): every write is taken for later, and what became of it is asked for.
//!
//! Facts are from the published OpenAPI documents and the pages on conventions.
//!
//! | file | what it holds |
//! |---|---|
//! | `normal` | an order of theirs, as told and as one of ours |
//! | `process` | what became of a write |
//! | `ship` | parcels out, parcels known, items canceled |
//! | `offers` | stock and prices |
mod normal;
mod offers;
mod process;
mod ship;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Deserialize;
use serde_json::Value;

use super::faults::{self, no_such_order, order_unreadable};
use super::offset_pages::text;
use super::token_pages::{List, Page};
use super::*;
use crate::diagnostic::Result;
use crate::order::Order;

const MEDIA_TYPE: &str = "application/vnd.retailer.v10+json";
const SIGN_IN: &str = "https://login.bol.com";

#[derive(Default)]
pub(super) struct Bol {
    /// Numbers of offers, by SKU: read from an export when they are first needed.
    offers: Mutex<Option<HashMap<String, String>>>,
}

/// Orders are listed by the day of their last change; whose day is not said, so one starts and ends a little outside.
const OVERLAP: Duration = Duration::from_secs(3 * 3600);
const SETTLE: Duration = Duration::from_secs(60);
const PAGE: usize = 50;

/// Of the published table; the answers' headers refine them. The last is ours: a write takes some seconds.
static LIMITS: &[Limit] = &[
    Limit { operation: "orders", burst: 7, refill: Duration::from_secs(26) },
    Limit { operation: process::OPERATION, burst: 1, refill: Duration::from_secs(3) },
];

#[derive(Deserialize)]
struct Orders {
    #[serde(default)]
    orders: Vec<Value>,
}

#[derive(Deserialize)]
struct Problem {
    detail: Option<String>,
    title: Option<String>,
    #[serde(default)]
    violations: Vec<Violation>,
}

#[derive(Deserialize)]
struct Violation {
    name: Option<String>,
    reason: Option<String>,
}

impl Problem {
    fn words(self) -> Option<String> {
        let part = |violation: &Violation| {
            format!("{}: {}", violation.name.as_deref().unwrap_or("?"), violation.reason.as_deref().unwrap_or("?"))
        };
        let violations: Vec<String> = self.violations.iter().map(part).collect();
        if violations.is_empty() { self.detail.or(self.title) } else { Some(violations.join("; ")) }
    }
}

fn get(operation: &'static str, segments: &[&str]) -> Result<Request> {
    Request::get(operation, segments).map(|request| request.header("accept", MEDIA_TYPE))
}

fn write(method: Method, operation: &'static str, segments: &[&str], body: Value) -> Result<Request> {
    let request = Request::new(method, operation, segments)?.body(Body::Json(body));
    Ok(request.header("accept", MEDIA_TYPE).header("content-type", MEDIA_TYPE))
}

/// A day, and a page of it.
fn place(token: &str) -> Option<(Date, usize)> {
    let (day, page) = token.split_once(' ')?;
    Some((day.parse().ok()?, page.parse().ok()?))
}

fn day(moment: Timestamp) -> Date {
    moment.to_zoned(TimeZone::UTC).date()
}

impl Bol {
    /// One page of one day; the next is of the same day while pages are full.
    fn page(&self, port: &dyn Port, since: Timestamp, token: Option<&str>) -> Result<Page> {
        let (date, page) = token.and_then(place).unwrap_or((day(since), 1));
        let request = get("orders", &["retailer", "orders"])?
            .query("fulfilment-method", "ALL")
            .query("status", "ALL")
            .query("latest-change-date", date.to_string())
            .query("page", page.to_string());
        let listed: Orders = port.send(request)?.json()?;
        let last = day(port.now().saturating_add(SignedDuration::from_hours(2)).unwrap_or(Timestamp::MAX));
        let next = match date.tomorrow() {
            _ if listed.orders.len() >= PAGE => Some((date, page + 1)),
            Ok(tomorrow) if tomorrow <= last => Some((tomorrow, 1)),
            _ => None,
        };
        let mut orders = Vec::with_capacity(listed.orders.len());
        for named in listed.orders {
            let id = text(&named, "/orderId").unwrap_or_default();
            if orders.iter().any(|order| text(order, "/orderId").as_ref() == Some(&id)) {
                continue;
            }
            // one that cannot be found is unreadable as it is, and asked for again
            let told = self.find(port, &id)?.map(|told| normal::with_status(told, &named));
            orders.push(told.unwrap_or(named));
        }
        Ok(Page { orders, next: next.map(|(date, page)| format!("{date} {page}")) })
    }

    /// The list has neither prices nor names.
    fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<Value>> {
        let answer = port.send(get("order", &["retailer", "orders", order_id])?)?;
        if answer.status == 404 { Ok(None) } else { answer.json().map(Some) }
    }

    fn expect(&self, port: &dyn Port, order_id: &str) -> Result<normal::Told> {
        let raw = self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))?;
        normal::read(raw).map_err(|why| order_unreadable(order_id, &why))
    }
}

impl Connector for Bol {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: OVERLAP,
            settle: SETTLE,
            shipments: Granularity::Quantity,
            several_parcels: true,
            acknowledge: Acknowledge::Never,
            pickup: false,
            cancel: Canceling::Units,
            refunds: false,
            batch_max: offers::BATCH_MAX,
            stock_per_location: false,
            limits: LIMITS,
        }
    }

    fn sign_in(&self, grant: &Grant<'_>) -> Result<Option<Request>> {
        let request = oauth::sign_in(grant.key, &["token"], &[("grant_type", "client_credentials")])?;
        Ok(Some(request.elsewhere(SIGN_IN)))
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        oauth::bearer(request, credentials);
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/orderId",
            stamp: "/orderPlacedDateTime",
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

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        self.known(port, order_id)
    }

    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        self.ship_parcel(port, parcel)
    }

    fn cancel(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        self.cancel_items(port, cancellation)
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        self.set_offers(port, offers)
    }

    fn poll(&self, port: &dyn Port, job: &str, sent: &[OfferUpdate]) -> Result<Polled> {
        self.poll_offers(port, job, sent)
    }

    fn classify(&self, response: &Response) -> Verdict {
        let told = serde_json::from_slice::<Problem>(&response.body).ok().and_then(Problem::words);
        faults::verdict(response, told)
    }

    fn told_limit(&self, response: &Response, _now: Timestamp) -> Option<ToldLimit> {
        let number = |name| response.header(name)?.trim().parse::<u64>().ok();
        let left = number("x-ratelimit-remaining")?;
        (left == 0).then_some(ToldLimit::UsedUp(Duration::from_secs(number("x-ratelimit-reset")?)))
    }
}
