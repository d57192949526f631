//! Allegro: orders (checkout forms), parcels and offers of its REST API.
//!
//! Facts are from Allegro's OpenAPI document, and from its own answers at github.com/allegro/allegro-api where a number
//! stands beside them.
//!
//! | file | what it holds |
//! |---|---|
//! | `wire` | the answers' shapes, as much of them as is used |
//! | `pull` | the journal of events, then the list of what changed: each has gaps that the other closes |
//! | `normal` | an order of theirs as one of ours |
//! | `ship` | parcels out, parcels known, pickup |
//! | `refund` | canceling, money back |
//! | `offers` | stock and prices by commands, and what became of them |
mod normal;
mod offers;
mod pull;
mod refund;
mod ship;
mod wire;

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use super::faults::{self, order_unreadable};
use super::*;
use crate::diagnostic::Result;
use crate::order::Order;

pub(super) struct Allegro {
    /// Where tokens are bought.
    login: String,
    /// Its list, which changes seldom.
    carriers: Mutex<Option<Vec<wire::Carrier>>>,
}

/// Names of its options.
pub(super) const OPTIONS: &[&str] = &["login_url"];

const MEDIA_TYPE: &str = "application/vnd.allegro.public.v1+json";
const LOGIN: &str = "https://allegro.pl";

/// Changes of offers: 150,000 prices and 250,000 quantities an hour, counted by offer and not by call; at most 9,000 a
/// minute. A command is held to one a second, which keeps a push of many small ones away from the limit of the minute.
static LIMITS: &[Limit] = &[Limit { operation: "command", burst: 100, refill: Duration::from_secs(1) }];

impl Allegro {
    pub fn new(account: &Account) -> Self {
        let login = account.option("login_url").unwrap_or(LOGIN).trim_end_matches('/').to_owned();
        Allegro { login, carriers: Mutex::default() }
    }

    fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<wire::Form>> {
        let response = port.send(Request::get("order", &["order", "checkout-forms", order_id])?)?;
        if response.status == 404 {
            return Ok(None);
        }
        normal::read(response.json()?).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }
}

impl Connector for Allegro {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: pull::OVERLAP,
            settle: Duration::from_secs(30),
            shipments: Granularity::Line,
            several_parcels: true,
            acknowledge: Acknowledge::Never,
            pickup: true,
            cancel: true,
            batch_max: offers::BATCH_MAX,
            stock_per_location: false,
            limits: LIMITS,
        }
    }

    /// A refresh token is good for one use, and the answer holds the next (allegro-api 3015): the host keeps it before the
    /// new access token is used.
    fn sign_in(&self, grant: &Grant<'_>) -> Result<Option<Request>> {
        let request = oauth::sign_in(grant.key, &["auth", "oauth", "token"], &oauth::grant(grant, "")?)?;
        Ok(Some(request.elsewhere(&self.login)))
    }

    fn door(&self, key: &Secret, _verifier: &str) -> Result<Option<Door>> {
        let form = [("client_id", oauth::client(key)?.0)];
        let request = oauth::sign_in(key, &["auth", "oauth", "device"], &form)?;
        Ok(Some(Door::Device(request.elsewhere(&self.login))))
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        oauth::bearer(request, credentials);
        request.headers.push(("accept".to_owned(), MEDIA_TYPE.to_owned()));
        if request.body != Body::None {
            request.headers.push(("content-type".to_owned(), MEDIA_TYPE.to_owned()));
        }
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        self.pull_page(port, from)
    }

    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        let Some(told) = self.find(port, order_id)? else { return Ok(None) };
        normal::order(told).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        match self.find(port, order_id)? {
            Some(told) => self.known_parcels(port, &told),
            None => Ok(Vec::new()),
        }
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

    fn ready_for_pickup(&self, port: &dyn Port, order_id: &str) -> Result<Receipt> {
        self.move_on(port, order_id, "READY_FOR_PICKUP")
    }

    fn picked_up(&self, port: &dyn Port, order_id: &str) -> Result<Receipt> {
        self.move_on(port, order_id, "PICKED_UP")
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        offers::push(port, offers)
    }

    fn poll(&self, port: &dyn Port, job: &str, _sent: &[OfferUpdate]) -> Result<Polled> {
        offers::poll(port, job)
    }

    fn classify(&self, response: &Response) -> Verdict {
        let told: wire::Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
        match response.status {
            // a command's id that has been used, or a waybill that is in too many orders: the caller knows which
            409 => Verdict::AlreadyDone,
            _ => faults::verdict(response, told.words()),
        }
    }
}
