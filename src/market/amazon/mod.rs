//! Amazon (Selling Partner API): Orders 2026-01-01, shipment confirmation of Orders v0, Listings Items 2021-08-01 for a
//! few offers, Feeds 2021-06-30 for many.
//!
//! Facts are from Amazon's own models of these. Access tokens are bought from Login with Amazon; buyers' data needs the
//! application's role, and no restricted token.
//!
//! | file | what it holds |
//! |---|---|
//! | `wire` | the answers' shapes, as much of them as is used |
//! | `normal` | an order of theirs as one of ours |
//! | `ship` | parcels out, parcels known, pickup |
//! | `offers` | stock and prices, one by one or as a feed |
//! | `feed` | the road of a feed: document, upload, feed, result |
mod feed;
mod normal;
mod offers;
mod ship;
mod wire;

use std::time::Duration;

use jiff::Timestamp;

use super::faults::{self, order_unreadable};
use super::token_pages::{Ask, List, Page};
use super::*;
use crate::diagnostic::Result;
use crate::order::Order;
use crate::value::time;

pub(super) struct Amazon {
    seller: String,
    marketplace: String,
}

/// Names of its options.
pub(super) const OPTIONS: &[&str] = &["marketplace_id"];

/// Rate and burst of each operation, from the usage plans in the models.
static LIMITS: &[Limit] = &[
    Limit { operation: "orders", burst: 20, refill: Duration::from_millis(178_572) },
    Limit { operation: "order", burst: 30, refill: Duration::from_secs(2) },
    Limit { operation: "ship", burst: 10, refill: Duration::from_millis(500) },
    Limit { operation: "pickup", burst: 15, refill: Duration::from_millis(200) },
    Limit { operation: "listing", burst: 5, refill: Duration::from_millis(200) },
    Limit { operation: "feed-document", burst: 15, refill: Duration::from_secs(2) },
    Limit { operation: "feed", burst: 15, refill: Duration::from_millis(120_482) },
    Limit { operation: "feed-status", burst: 15, refill: Duration::from_millis(500) },
    Limit { operation: "feed-result", burst: 10, refill: Duration::from_millis(45_046) },
];

const OVERLAP: Duration = Duration::from_secs(5 * 60);
/// The model wants an upper bound to be at least two minutes ago.
const SETTLE: Duration = Duration::from_secs(150);
const PAGE_MAX: usize = 100;
const INCLUDED: &str = "BUYER,RECIPIENT,PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES";

impl Amazon {
    /// # Errors
    /// `market/no-option`, `market/no-shop-id`.
    pub fn new(account: &Account) -> Result<Self> {
        let marketplace =
            account.needed("marketplace_id", "the marketplace that is sold on, such as A1PA6795UKMFR9")?;
        Ok(Amazon {
            seller: account.shop("the id of the seller, as Seller Central shows it")?.to_owned(),
            marketplace: marketplace.to_owned(),
        })
    }

    /// One order as it stands.
    fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<wire::Order>> {
        let request = Request::get("order", &["orders", "2026-01-01", "orders", order_id])?;
        let response = port.send(request.query("includedData", INCLUDED))?;
        if response.status == 404 {
            return Ok(None);
        }
        let told: wire::One = response.json()?;
        normal::read(told.order).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }
}

impl Connector for Amazon {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: OVERLAP,
            settle: SETTLE,
            shipments: Granularity::Quantity,
            several_parcels: true,
            acknowledge: Acknowledge::Never,
            pickup: true,
            cancel: false,
            batch_max: offers::BATCH_MAX,
            stock_per_location: false,
            limits: LIMITS,
        }
    }

    fn sign_in(&self, grant: &Grant<'_>) -> Result<Option<Request>> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", oauth::refresh_token(grant)?)];
        oauth::sign_in_by_form(grant.key, "https://api.amazon.com", &["auth", "o2", "token"], &form).map(Some)
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        request.headers.push(("x-amz-access-token".to_owned(), credentials.reveal().to_owned()));
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let ask = |ask: &Ask<'_>| {
            let mut request = Request::get("orders", &["orders", "2026-01-01", "orders"])?
                .query("lastUpdatedAfter", time::to_utc_text(ask.from))
                .query("lastUpdatedBefore", time::to_utc_text(ask.until))
                .query("marketplaceIds", &self.marketplace)
                .query("maxResultsPerPage", PAGE_MAX.to_string())
                .query("includedData", INCLUDED);
            if let Some(token) = ask.token {
                request = request.query("paginationToken", token);
            }
            let told: wire::Orders = port.send(request)?.json()?;
            Ok(Page { orders: told.orders, next: told.pagination.and_then(|page| page.next_token) })
        };
        let read = |raw| normal::read(raw).and_then(|told| normal::order(told, &self.marketplace));
        let list =
            List { overlap: OVERLAP, id: "/orderId", stamp: "/lastUpdatedTime", bounded: true, ask: &ask, read: &read };
        list.pull(from)
    }

    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        let Some(told) = self.find(port, order_id)? else { return Ok(None) };
        normal::order(told, &self.marketplace).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        self.find(port, order_id)?.map_or(Ok(Vec::new()), |told| ship::known(&told))
    }

    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        self.ship_parcel(port, parcel)
    }

    fn ready_for_pickup(&self, port: &dyn Port, order_id: &str) -> Result<Receipt> {
        self.pickup(port, order_id, "ReadyForPickup")
    }

    fn picked_up(&self, port: &dyn Port, order_id: &str) -> Result<Receipt> {
        self.pickup(port, order_id, "PickedUp")
    }

    /// From Amazon's Data Protection Policy: 30 days after delivery, which is never before the order.
    fn keep_buyer_days_max(&self) -> Option<u32> {
        Some(30)
    }

    fn by_hand(&self) -> &'static str {
        "do it in Seller Central under Manage Orders; the next pull brings what became of it"
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        self.push_offers(port, offers)
    }

    fn poll(&self, port: &dyn Port, job: &str, sent: &[OfferUpdate]) -> Result<Polled> {
        self.poll_updates(port, job, sent)
    }

    fn tell_max(&self) -> usize {
        offers::BATCH_MAX
    }

    fn tell(&self, port: &dyn Port, offers: &[WholeOffer]) -> Result<Submitted> {
        self.submit_whole(port, offers)
    }

    fn poll_told(&self, port: &dyn Port, job: &str, sent: &[&str]) -> Result<Polled> {
        self.poll_feed(port, job, (1..).zip(sent.iter().copied()))
    }

    fn classify(&self, response: &Response) -> Verdict {
        let told: wire::Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
        // a token that has expired is told with the same status as a missing right
        if response.status == 403 && told.errors.iter().any(wire::Told::speaks_of_expiry) {
            return Verdict::Reauthenticate;
        }
        faults::verdict(response, told.words())
    }

    fn told_limit(&self, response: &Response, _now: Timestamp) -> Option<ToldLimit> {
        let rate: f64 = response.header("x-amzn-ratelimit-limit")?.trim().parse().ok()?;
        let refill = Duration::try_from_secs_f64(1.0 / rate).ok()?;
        Some(ToldLimit::Refill(refill))
    }
}
