//! Kaufland (seller API v2): one storefront of an account. Its unit is the piece: three lamps are three lines.
//!
//! Facts are from the published OpenAPI document; the signature is as two public client libraries make it.
//!
//! | file | what it holds |
//! |---|---|
//! | `sign` | the signature of a request |
//! | `normal` | an order of theirs, as told and as one of ours |
//! | `tell` | pieces sent and canceled |
//! | `offers` | stock and prices |
mod normal;
mod offers;
mod sign;
mod tell;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::faults::{self, order_unreadable};
use super::offset_pages::{List, Page, text};
use super::*;
use crate::diagnostic::{Error, Result};
use crate::order::Order;
use crate::value::time;

pub(super) struct Kaufland {
    /// A signature is over the whole address.
    base_url: String,
    storefront: &'static str,
    /// Numbers of offers, by SKU: they do not change.
    units: Mutex<HashMap<String, u64>>,
}

/// Names as in the document.
const STOREFRONTS: &[&str] = &["de", "cz", "sk", "pl", "at"];
/// The list is sorted by creation, newest first, and cannot be sorted otherwise by update.
const OVERLAP: Duration = Duration::from_secs(5 * 60);
const SETTLE: Duration = Duration::from_secs(10);
const PAGE_MAX: usize = 100;

#[derive(Deserialize)]
struct Told<T> {
    data: T,
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct Pagination {
    total: usize,
}

#[derive(Deserialize)]
struct Refusal {
    message: Option<String>,
    #[serde(default)]
    errors: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    field: String,
    #[serde(default)]
    message: String,
}

impl Refusal {
    fn words(self) -> Option<String> {
        let details: Vec<String> = self.errors.iter().map(|why| format!("{}: {}", why.field, why.message)).collect();
        if details.is_empty() { self.message } else { Some(details.join("; ")) }
    }
}

impl Kaufland {
    pub fn new(account: &Account) -> Result<Self> {
        let asked = account.needed("storefront", "which of its shops: de, cz, sk, pl or at")?;
        let storefront = STOREFRONTS.iter().find(|known| known.eq_ignore_ascii_case(asked.trim()));
        let storefront = storefront.ok_or_else(|| {
            Error::usage("market/bad-option", format!("Kaufland has no storefront `{asked}`"))
                .at(Place::file("purvey.toml").attribute(format!("market.{}.options.storefront", account.name)))
                .help(format!("it has {}", STOREFRONTS.join(", ")))
        })?;
        let base_url = account.base_url.trim_end_matches('/').to_owned();
        Ok(Kaufland { base_url, storefront, units: Mutex::default() })
    }

    /// The list names orders; what is in them has to be asked for one by one.
    fn page(&self, port: &dyn Port, since: Timestamp, offset: usize) -> Result<Page> {
        let request = Request::get("orders", &["orders"])?
            .query("storefront", self.storefront)
            .query("ts_units_updated_from_iso", time::to_utc_text(since))
            .query("limit", PAGE_MAX.to_string())
            .query("offset", offset.to_string());
        let told: Told<Vec<Value>> = port.send(request)?.json()?;
        let end = offset.saturating_add(told.data.len());
        let total = told.pagination.map_or(end, |pagination| pagination.total);
        let mut orders = Vec::with_capacity(told.data.len());
        for named in told.data {
            let id = text(&named, "/id_order").unwrap_or_default();
            if orders.iter().any(|order| text(order, "/id_order").as_ref() == Some(&id)) {
                continue;
            }
            // one that cannot be found is unreadable as it is, and asked for again
            orders.push(self.find(port, &id)?.unwrap_or(named));
        }
        Ok(Page { orders, total })
    }

    fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<Value>> {
        let answer = port.send(Request::get("order", &["orders", order_id])?)?;
        if answer.status == 404 {
            return Ok(None);
        }
        answer.json().map(|told: Told<Value>| Some(told.data))
    }

    fn expect(&self, port: &dyn Port, order_id: &str) -> Result<normal::Told> {
        let raw = self.find(port, order_id)?.ok_or_else(|| faults::no_such_order(order_id))?;
        normal::read(raw).map_err(|why| order_unreadable(order_id, &why))
    }
}

impl Connector for Kaufland {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: OVERLAP,
            settle: SETTLE,
            shipments: Granularity::Line,
            several_parcels: true,
            acknowledge: Acknowledge::Never,
            pickup: false,
            cancel: Canceling::Units,
            refunds: false,
            batch_max: offers::BATCH_MAX,
            stock_per_location: false,
            limits: &[],
        }
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, now: Timestamp) -> Result<()> {
        sign::sign(&self.base_url, request, credentials, now)
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/id_order",
            stamp: "/ts_units_updated_iso",
            ask: &|since, offset| self.page(port, since, offset),
            read: |raw| normal::read(raw).and_then(normal::order),
        };
        list.pull(from)
    }

    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        let Some(raw) = self.find(port, order_id)? else { return Ok(None) };
        normal::read(raw).and_then(normal::order).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }

    /// The API does not tell numbers, only that pieces were sent.
    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        let Some(raw) = self.find(port, order_id)? else { return Ok(Vec::new()) };
        let told = normal::read(raw).map_err(|why| order_unreadable(order_id, &why))?;
        Ok(tell::known(&told).into_iter().collect())
    }

    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        self.send_pieces(port, parcel)
    }

    fn cancel(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        self.cancel_pieces(port, cancellation)
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        self.set_offers(port, offers)
    }

    fn classify(&self, response: &Response) -> Verdict {
        let told = serde_json::from_slice::<Refusal>(&response.body).ok().and_then(Refusal::words);
        faults::verdict(response, told)
    }
}
