//! WooCommerce (REST API v3): the merchant's own shop as a source of orders and a target of stock and prices.
//!
//! Facts are from the published documentation of the REST API and, for parcels, from how WooCommerce's own Shipment
//! Tracking extension keeps them: the core has no field for a number.
//!
//! | file | what it holds |
//! |---|---|
//! | `wire` | the answers' shapes, as much of them as is used |
//! | `normal` | an order of theirs as one of ours |
//! | `ship` | parcels out, parcels known |
//! | `refund` | canceling, money back |
//! | `offers` | stock and prices |
mod normal;
mod offers;
mod refund;
mod ship;
mod wire;

use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::faults::{self, order_unreadable};
use super::offset_pages::{List, Page};
use super::*;
use crate::diagnostic::{Error, Kind, Result};
use crate::order::Order;
use crate::value::{Currency, time};

#[derive(Default)]
pub(super) struct WooCommerce {
    /// The shop's only one, asked for before a price is sent.
    currency: Mutex<Option<Currency>>,
}

/// Stamps have whole seconds; a busy shop saves an order a little after it stamped it.
const OVERLAP: Duration = Duration::from_secs(2 * 60);
const SETTLE: Duration = Duration::from_secs(5);
/// The most the shop gives at once.
const PAGE_MAX: usize = 100;

/// Below the shop's address.
fn path<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["wp-json", "wc", "v3"], rest].concat()
}

impl WooCommerce {
    fn page(&self, port: &dyn Port, since: Timestamp, offset: usize) -> Result<Page> {
        let request = Request::get("orders", &path(&["orders"]))?
            .query("modified_after", time::to_utc_text(since))
            .query("dates_are_gmt", "true")
            .query("status", "any")
            .query("orderby", "id")
            .query("order", "asc")
            .query("per_page", PAGE_MAX.to_string())
            .query("offset", offset.to_string());
        let answer = port.send(request)?;
        let mut orders: Vec<Value> = answer.json()?;
        let end = offset.saturating_add(orders.len());
        let told = answer.header("x-wp-total").and_then(|total| total.trim().parse().ok());
        // some proxy drops the header: a full page has another behind it
        let total = told.unwrap_or(end.saturating_add(usize::from(orders.len() == PAGE_MAX)));
        for order in &mut orders {
            complete(port, order)?;
        }
        Ok(Page { orders, total })
    }

    fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<Value>> {
        if order_id.is_empty() || !order_id.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(None);
        }
        let answer = port.send(Request::get("orders", &path(&["orders", order_id]))?)?;
        if answer.status == 404 {
            return Ok(None);
        }
        let mut order = answer.json()?;
        complete(port, &mut order)?;
        Ok(Some(order))
    }

    fn expect(&self, port: &dyn Port, order_id: &str) -> Result<wire::Order> {
        let raw = self.find(port, order_id)?.ok_or_else(|| faults::no_such_order(order_id))?;
        normal::read(raw).map_err(|why| order_unreadable(order_id, &why))
    }
}

/// An order names its refunds; which units were taken out of it only they themselves tell. Its moments in UTC do not say
/// that they are.
fn complete(port: &dyn Port, order: &mut Value) -> Result<()> {
    for moment in ["date_created_gmt", "date_modified_gmt", "date_completed_gmt"] {
        if let Some(Value::String(moment)) = order.get_mut(moment).filter(|moment| moment.is_string()) {
            moment.push('Z');
        }
    }
    let id = order.get("id").and_then(Value::as_u64);
    let some = order.get("refunds").and_then(Value::as_array).is_some_and(|refunds| !refunds.is_empty());
    if let (Some(id), true) = (id, some) {
        let request = Request::get("refunds", &path(&["orders", &id.to_string(), "refunds"]))?;
        order["refunds"] = port.send(request.query("per_page", PAGE_MAX.to_string()))?.json()?;
    }
    Ok(())
}

impl Connector for WooCommerce {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: OVERLAP,
            settle: SETTLE,
            shipments: Granularity::Quantity,
            several_parcels: true,
            acknowledge: Acknowledge::Never,
            pickup: false,
            cancel: true,
            batch_max: offers::BATCH_MAX,
            stock_per_location: false,
            limits: &[],
        }
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        if !credentials.reveal().contains(':') {
            let message =
                "the key of a WooCommerce shop is consumer key and consumer secret, with a colon between them";
            return Err(Error::new(Kind::Credentials, "market/credentials", message)
                .help("join the two that WooCommerce shows under Settings, Advanced, REST API: ck_…:cs_…"));
        }
        let basic = format!("Basic {}", STANDARD.encode(credentials.reveal()));
        request.headers.push(("authorization".to_owned(), basic));
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/id",
            stamp: "/date_modified_gmt",
            ask: &|since, offset| self.page(port, since, offset),
            read: |raw| normal::read(raw).and_then(normal::order),
        };
        list.pull(from)
    }

    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        let Some(raw) = self.find(port, order_id)? else { return Ok(None) };
        normal::read(raw).and_then(normal::order).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        let Some(raw) = self.find(port, order_id)? else { return Ok(Vec::new()) };
        Ok(ship::known(&normal::read(raw).map_err(|why| order_unreadable(order_id, &why))?))
    }

    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        self.ship_parcel(port, parcel)
    }

    fn cancel(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        self.cancel_order(port, cancellation)
    }

    fn cancels_units(&self) -> bool {
        false
    }

    fn refund(&self, port: &dyn Port, refund: &Refund) -> Result<Receipt> {
        self.give_back(port, refund)
    }

    fn refunds(&self) -> bool {
        true
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        self.set_offers(port, offers)
    }

    fn classify(&self, response: &Response) -> Verdict {
        let told: Option<wire::Refusal> = serde_json::from_slice(&response.body).ok();
        match told.as_ref().and_then(|told| told.code.as_deref()) {
            Some("rest_no_route") => {
                Verdict::Fatal("there is no WooCommerce at this address, or its REST API is switched off".to_owned())
            }
            _ => faults::verdict(response, told.and_then(|told| told.message.or(told.code))),
        }
    }
}
