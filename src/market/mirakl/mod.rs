//! Mirakl (MMP seller API): one protocol, hundreds of operators, each with an address and a key of its own.
//!
//! Facts are from the published OpenAPI document of the seller API; the names of its calls (OR11, ST01, ...) stand
//! where they are used.
//!
//! | file | what it holds |
//! |---|---|
//! | `wire` | the answers' shapes, as much of them as is used |
//! | `normal` | an order of theirs as one of ours |
//! | `pull` | reading orders page by page |
//! | `decide` | accepting, refusing, canceling |
//! | `refund` | money back |
//! | `ship` | parcels out, parcels known, ready for pickup |
//! | `carrier` | our carrier as the operator names it |
//! | `offers` | stock and price imports, and what became of them |
//! | `verdict` | what an answer means |
mod carrier;
mod decide;
mod normal;
mod offers;
mod pull;
mod refund;
mod ship;
mod verdict;
mod wire;

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use super::faults::order_unreadable;
use super::*;
use crate::diagnostic::Result;
use crate::order::Order;

pub(super) struct Mirakl {
    shop_id: Option<String>,
    /// The operator's list, which the document asks to read at most once a day.
    carriers: Mutex<Option<Vec<wire::Carrier>>>,
}

/// The frequencies the document names for calls made by programs. OR11's "once per minute" is about polling: its pages
/// follow one another.
static LIMITS: &[Limit] = &[
    Limit { operation: "orders", burst: 60, refill: Duration::from_secs(1) },
    Limit { operation: offers::STOCK.import, burst: 1, refill: Duration::from_secs(60) },
    Limit { operation: offers::STOCK.status, burst: 4, refill: Duration::from_secs(15) },
    Limit { operation: offers::PRICE.import, burst: 1, refill: Duration::from_secs(60) },
    Limit { operation: offers::PRICE.status, burst: 1, refill: Duration::from_secs(60) },
];

/// The platform looks back a little further than it is asked to, by a span it does not publish; this is ours on top.
const OVERLAP: Duration = Duration::from_secs(5 * 60);
const SETTLE: Duration = Duration::from_secs(10);

impl Mirakl {
    pub fn new(account: &Account) -> Self {
        Mirakl { shop_id: account.shop_id.clone(), carriers: Mutex::new(None) }
    }

    /// Every call may name the shop it is for.
    fn send(&self, port: &dyn Port, request: Request) -> Result<Response> {
        port.send(match &self.shop_id {
            Some(shop) => request.query("shop_id", shop),
            None => request,
        })
    }
}

/// `202`, `204` and the like are final; a 4xx that comes through says that it was done, or cannot be, since the order
/// has moved on.
fn is_success(response: &Response) -> bool {
    response.status < 300
}

impl Connector for Mirakl {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: OVERLAP,
            settle: SETTLE,
            shipments: Granularity::Quantity,
            several_parcels: true,
            acknowledge: Acknowledge::Mandatory,
            pickup: true,
            cancel: true,
            batch_max: 10_000,
            stock_per_location: false,
            limits: LIMITS,
        }
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        // the key alone, without a scheme
        request.headers.push(("authorization".to_owned(), credentials.reveal().to_owned()));
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        self.pull_page(port, from)
    }

    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        let Some(order) = self.find(port, order_id)? else { return Ok(None) };
        normal::order(order).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }

    fn acknowledge(&self, port: &dyn Port, decision: &Decision) -> Result<Receipt> {
        self.accept(port, decision)
    }

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        self.known_parcels(port, order_id)
    }

    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        self.ship_parcel(port, parcel)
    }

    fn cancel(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        self.cancel_lines(port, cancellation)
    }

    fn refund(&self, port: &dyn Port, refund: &Refund) -> Result<Receipt> {
        self.give_back(port, refund)
    }

    fn refunds(&self) -> bool {
        true
    }

    fn ready_for_pickup(&self, port: &dyn Port, order_id: &str) -> Result<Receipt> {
        self.ready(port, order_id)
    }

    /// The operator's pickup point tells the platform; sellers have no call for it.
    fn picked_up(&self, _port: &dyn Port, _order_id: &str) -> Result<Receipt> {
        Ok(Receipt::AlreadyDone)
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        self.import(port, offers)
    }

    fn poll(&self, port: &dyn Port, job: &str, sent: &[OfferUpdate]) -> Result<Polled> {
        self.poll_import(port, job, sent)
    }

    fn classify(&self, response: &Response) -> Verdict {
        verdict::of(response)
    }
}
