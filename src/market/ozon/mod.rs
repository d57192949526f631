//! Ozon (Seller API): postings of the seller's own warehouses (FBS and rFBS).
//!
//! Facts are from the published Swagger document. An order of ours is a posting of theirs; what Ozon's own warehouse sends
//! (FBO) is in none of these lists, and concerns no stock of ours. Where Ozon delivers, a parcel is packed and Ozon has a
//! number for it; where the seller does, its number is told.
//!
//! A posting says neither when it last changed nor what was canceled of it: it is asked for by the time of its change, and
//! canceled whole. One that is to leave in several parcels is split on Ozon's pages, after which each part is a posting.
//!
//! | file | what it holds |
//! |---|---|
//! | `normal` | a posting of theirs, as told and as one of our orders |
//! | `tell` | packing, numbers, canceling |
//! | `offers` | stock and prices |
mod normal;
mod offers;
mod tell;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::{self, no_such_order, order_unreadable};
use super::token_pages::{Ask, List, Page};
use super::*;
use crate::diagnostic::Result;
use crate::order::Order;
use crate::value::time::to_utc_text;

pub(super) const URL: &str = "https://api-seller.ozon.ru";
pub(super) const OPTIONS: &[&str] = &["warehouse"];

pub(super) struct Ozon {
    client: String,
    /// Where the stock lies that is told.
    warehouse: i64,
}

const OVERLAP: Duration = Duration::from_secs(5 * 60);
const SETTLE: Duration = Duration::from_secs(30);
const PAGE_MAX: usize = 100;
/// A list spans a year of postings at most.
const SPAN: SignedDuration = SignedDuration::from_hours(24 * 364);

/// 80 calls a minute, however they fall into it.
static LIMITS: &[Limit] = &[Limit { operation: offers::STOCKS, burst: 40, refill: Duration::from_millis(1500) }];

#[derive(Deserialize)]
struct Postings {
    #[serde(default)]
    postings: Vec<Value>,
    #[serde(default)]
    has_next: bool,
    #[serde(default)]
    cursor: String,
}

#[derive(Deserialize)]
struct One {
    result: Value,
}

#[derive(Deserialize)]
struct Refusal {
    message: Option<String>,
}

/// Every call is a POST; most only ask.
fn call(operation: &'static str, path: &[&str], body: Value) -> Result<Request> {
    Ok(Request::new(Method::Post, operation, path)?.body(Body::Json(body)))
}

impl Ozon {
    pub fn new(account: &Account) -> Result<Self> {
        let warehouse =
            account.needed("warehouse", "the number Ozon has given the warehouse")?.parse().map_err(|_| {
                let place = Place::file("purvey.toml").attribute(format!("market.{}.options.warehouse", account.name));
                Error::usage("market/bad-option", "`warehouse` is the number of one of Ozon's warehouses of yours")
                    .at(place)
                    .help("see the list of warehouses on Ozon's pages")
            })?;
        Ok(Ozon { client: account.shop("the Client-Id that belongs to the Api-Key")?.to_owned(), warehouse })
    }

    fn page(&self, port: &dyn Port, ask: &Ask<'_>) -> Result<Page> {
        let first = ask.until.saturating_sub(SPAN).unwrap_or(Timestamp::MIN);
        let body = json!({
            "filter": {
                "since": to_utc_text(first), "to": to_utc_text(ask.until),
                "last_changed_status_date": { "from": to_utc_text(ask.from), "to": to_utc_text(ask.until) },
            },
            "limit": PAGE_MAX, "sort_dir": "ASC", "cursor": ask.token.unwrap_or_default(),
        });
        let told: Postings = port.send(call("orders", &["v4", "posting", "fbs", "list"], body)?.reading())?.json()?;
        let next = Some(told.cursor).filter(|cursor| told.has_next && !cursor.is_empty());
        Ok(Page { orders: told.postings, next })
    }

    fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<Value>> {
        let body = json!({ "posting_number": order_id });
        let answer = port.send(call("order", &["v3", "posting", "fbs", "get"], body)?.reading())?;
        if answer.status == 404 {
            return Ok(None);
        }
        answer.json().map(|One { result }| Some(result))
    }

    fn expect(&self, port: &dyn Port, order_id: &str) -> Result<normal::Told> {
        let raw = self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))?;
        normal::read(raw).map_err(|why| order_unreadable(order_id, &why))
    }
}

impl Connector for Ozon {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: OVERLAP,
            settle: SETTLE,
            shipments: Granularity::Order,
            several_parcels: false,
            acknowledge: Acknowledge::Never,
            pickup: false,
            cancel: true,
            batch_max: offers::BATCH_MAX,
            stock_per_location: false,
            limits: LIMITS,
        }
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        request.headers.push(("client-id".to_owned(), self.client.clone()));
        request.headers.push(("api-key".to_owned(), credentials.reveal().to_owned()));
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/posting_number",
            stamp: "/in_process_at",
            bounded: true,
            ask: &|ask| self.page(port, ask),
            read: &|raw| normal::read(raw).and_then(normal::order),
        };
        list.pull(from)
    }

    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        let Some(raw) = self.find(port, order_id)? else { return Ok(None) };
        normal::read(raw).and_then(normal::order).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        let Some(raw) = self.find(port, order_id)? else { return Ok(Vec::new()) };
        let told = normal::read(raw).map_err(|why| order_unreadable(order_id, &why))?;
        Ok(tell::known(&told).into_iter().collect())
    }

    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        self.ship_posting(port, parcel)
    }

    fn cancel(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        self.cancel_posting(port, cancellation)
    }

    fn cancels_units(&self) -> bool {
        false
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        self.set_offers(port, offers)
    }

    fn classify(&self, response: &Response) -> Verdict {
        let told = serde_json::from_slice::<Refusal>(&response.body).ok().and_then(|told| told.message);
        faults::verdict(response, told)
    }
}
