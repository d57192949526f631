//! Walmart Marketplace (US): orders, inventory and prices of the Marketplace API v3.
//!
//! Facts are from Walmart's OpenAPI documents and its pages on authentication and rate limits. A line's units are counted
//! by status, so an order's state is the sum of its lines'.
//!
//! | file | what it holds |
//! |---|---|
//! | `wire` | the answers' shapes, as much of them as is used |
//! | `normal` | an order of theirs as one of ours |
//! | `tell` | acknowledging, refusing, canceling, parcels |
//! | `offers` | stock and prices, SKU by SKU |
mod normal;
mod offers;
mod tell;
mod wire;

use std::time::Duration;

use jiff::Timestamp;
use url::form_urlencoded;

use super::faults::{self, order_unreadable};
use super::token_pages::{Ask, List, Page};
use super::*;
use crate::diagnostic::Result;
use crate::order::Order;
use crate::value::time;

pub(super) struct Walmart {
    /// What Walmart gave the merchant's program, if it did.
    channel_type: Option<String>,
}

/// Names of its options.
pub(super) const OPTIONS: &[&str] = &["channel_type"];

const OVERLAP: Duration = Duration::from_secs(15 * 60);
const SETTLE: Duration = Duration::from_secs(60);
const PAGE_MAX: usize = 200;
const SERVICE: &str = "Walmart Marketplace";

impl Walmart {
    pub fn new(account: &Account) -> Self {
        Walmart { channel_type: account.option("channel_type").map(str::to_owned) }
    }

    /// What every call has: who asks, for what, and one id for this very call.
    fn introduced(&self, mut request: Request, call: String) -> Request {
        request = request.header("accept", "application/json").header("wm_svc.name", SERVICE);
        if let Some(channel) = &self.channel_type {
            request = request.header("wm_consumer.channel.type", channel);
        }
        request.header("wm_qos.correlation_id", call)
    }

    fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<wire::Order>> {
        let response = port.send(Request::get("order", &["v3", "orders", order_id])?)?;
        if response.status == 404 {
            return Ok(None);
        }
        let told: wire::One = response.json()?;
        normal::read(told.order).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }
}

impl Connector for Walmart {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: OVERLAP,
            settle: SETTLE,
            shipments: Granularity::Quantity,
            several_parcels: true,
            acknowledge: Acknowledge::Mandatory,
            pickup: false,
            cancel: Canceling::Units,
            refunds: false,
            batch_max: offers::BATCH_MAX,
            stock_per_location: false,
            limits: &[],
        }
    }

    fn sign_in(&self, grant: &Grant<'_>) -> Result<Option<Request>> {
        let form = [("grant_type", "client_credentials")];
        let request = oauth::sign_in(grant.key, &["v3", "token"], &form)?;
        Ok(Some(self.introduced(request, made_up::id("token", grant.now))))
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, now: Timestamp) -> Result<()> {
        let call = made_up::id(&request.path, now);
        let introduced = self.introduced(request.clone(), call);
        *request = introduced.header("wm_sec.access_token", credentials.reveal());
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let ask = |ask: &Ask<'_>| {
            let mut request = Request::get("orders", &["v3", "orders"])?;
            request.query = match ask.token {
                // the whole question, ready to be asked
                Some(next) => form_urlencoded::parse(next.trim_start_matches('?').as_bytes()).into_owned().collect(),
                None => [
                    ("lastModifiedStartDate", time::to_utc_text(ask.from)),
                    ("lastModifiedEndDate", time::to_utc_text(ask.until)),
                    ("limit", PAGE_MAX.to_string()),
                ]
                .map(|(name, value)| (name.to_owned(), value))
                .to_vec(),
            };
            let response = port.send(request)?;
            // so it says that there are none
            if response.status == 404 {
                return Ok(Page { orders: Vec::new(), next: None });
            }
            let told: wire::Orders = response.json()?;
            Ok(Page { orders: told.list.elements.order, next: told.list.meta.next_cursor })
        };
        let read = |raw| normal::read(raw).and_then(normal::order);
        // an order has no update stamp of its own: the upper bound is what was read up to
        let list = List {
            overlap: OVERLAP,
            id: "/purchaseOrderId",
            stamp: "/orderDate",
            bounded: true,
            ask: &ask,
            read: &read,
        };
        list.pull(from)
    }

    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        let Some(told) = self.find(port, order_id)? else { return Ok(None) };
        normal::order(told).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }

    fn acknowledge(&self, port: &dyn Port, decision: &Decision) -> Result<Receipt> {
        self.decide(port, decision)
    }

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        Ok(self.find(port, order_id)?.map(|told| tell::known(&told)).unwrap_or_default())
    }

    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        self.ship_parcel(port, parcel)
    }

    fn cancel(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        self.cancel_lines(port, cancellation)
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let results = offers.iter().map(|offer| offers::push(port, offer)).collect::<Result<_>>()?;
        Ok(Submitted { job: None, results })
    }

    fn classify(&self, response: &Response) -> Verdict {
        faults::verdict(response, wire::words(&response.body))
    }

    /// Tokens left, and when there are more.
    fn told_limit(&self, response: &Response, now: Timestamp) -> Option<ToldLimit> {
        let left: f64 = response.header("x-current-token-count")?.trim().parse().ok()?;
        let more_at: i64 = response.header("x-next-replenishment-time")?.trim().parse().ok()?;
        let wait = now.duration_until(Timestamp::from_millisecond(more_at).ok()?);
        (left < 1.0).then(|| ToldLimit::UsedUp(Duration::try_from(wait).unwrap_or_default()))
    }
}
