//! Vendure (GraphQL Admin API): the merchant's own shop as a source of orders and a target of stock and prices.
//!
//! Facts are from the answers of a real server, version 3.7; `examples/vendure` is the transcript.
//!
//! | file | what it holds |
//! |---|---|
//! | `ask` | the questions and changes, and the answers' shapes |
//! | `normal` | an order of theirs as one of ours |
//! | `ship` | parcels out, parcels known |
//! | `cancel` | units taken out of an order |
//! | `refund` | money back |
//! | `offers` | stock and prices |
mod ask;
mod cancel;
mod normal;
mod offers;
mod refund;
mod ship;

use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::faults::{self, no_such_order, order_unreadable, rejected};
use super::offset_pages::{List, Page};
use super::*;
use crate::diagnostic::{Error, Kind, Result};
use crate::order::Order;
use crate::value::time;

pub(super) struct Vendure {
    /// Token of the channel, in Vendure's sense, where the server has several.
    channel: Option<String>,
}

/// Stamps have whole seconds, and `updatedAt` was seen two seconds before the time the order was placed.
const OVERLAP: Duration = Duration::from_secs(2 * 60);
const SETTLE: Duration = Duration::from_secs(5);
/// A server gives 1,000 at most unless it was told otherwise.
const PAGE_MAX: usize = 100;
/// In this header of the answer to a sign-in.
const TOKEN: &str = "vendure-auth-token";
/// How long a token is used; the server's own sessions last a year.
const TOKEN_SECONDS: i64 = 24 * 60 * 60;

impl Vendure {
    pub fn new(account: &Account) -> Self {
        Vendure { channel: account.shop_id.clone() }
    }

    fn request(&self, operation: &'static str, document: &str, variables: Value) -> Result<Request> {
        let request = graphql::request(operation, &["admin-api"], document, variables)?;
        Ok(match &self.channel {
            Some(channel) => request.header("vendure-token", channel),
            None => request,
        })
    }

    fn ask<T: DeserializeOwned>(
        &self,
        port: &dyn Port,
        operation: &'static str,
        document: &str,
        variables: Value,
    ) -> Result<T> {
        graphql::data(&port.send(self.request(operation, document, variables)?.reading())?)
    }

    /// `None` in a dry run. What is made anew by every repeat is not `repeatable`.
    fn change(
        &self,
        port: &dyn Port,
        operation: &'static str,
        document: &str,
        variables: Value,
        repeatable: bool,
    ) -> Result<Option<ask::Changed>> {
        let request = self.request(operation, document, variables)?;
        let answer = port.send(if repeatable { request.repeatable() } else { request })?;
        if answer.is_withheld() {
            return Ok(None);
        }
        graphql::data::<ask::Change>(&answer).map(|change| Some(change.changed))
    }

    fn page(&self, port: &dyn Port, since: Timestamp, offset: usize) -> Result<Page> {
        let options = json!({
            "filter": { "updatedAt": { "after": time::to_utc_text(since) }, "active": { "eq": false } },
            "sort": { "id": "ASC" },
            "take": PAGE_MAX,
            "skip": offset,
        });
        let told: ask::Orders = self.ask(port, "orders", &ask::orders(), json!({ "options": options }))?;
        Ok(Page { orders: told.orders.items, total: told.orders.total_items })
    }

    fn find<T: DeserializeOwned>(&self, port: &dyn Port, order_id: &str) -> Result<Option<T>> {
        let told: ask::One<T> = self.ask(port, "orders", &ask::order(), json!({ "id": order_id }))?;
        Ok(told.order)
    }

    fn expect(&self, port: &dyn Port, order_id: &str) -> Result<ask::Order> {
        let raw: Value = self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))?;
        normal::read(raw).map_err(|why| order_unreadable(order_id, &why))
    }
}

impl Connector for Vendure {
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

    fn sign_in(&self, grant: &Grant<'_>) -> Result<Option<Request>> {
        let Some((username, password)) = grant.key.reveal().split_once(':') else {
            let message = "the key of a Vendure server is user name and password, with a colon between them";
            return Err(Error::new(Kind::Credentials, "market/credentials", message)
                .help("make an administrator for purvey who may read orders and change orders, stock and prices"));
        };
        let variables = json!({ "username": username, "password": password });
        self.request("sign-in", ask::SIGN_IN, variables).map(Some)
    }

    fn bought(&self, response: &Response) -> Result<Bought> {
        match response.header(TOKEN) {
            Some(token) if graphql::data::<ask::Change>(response)?.changed.refusal().is_none() => {
                Ok(Bought { access_token: token.to_owned(), expires_in: Some(TOKEN_SECONDS), refresh_token: None })
            }
            _ => Err(Error::new(Kind::Credentials, "market/credentials", "the server does not let this user in")
                .help("check user name and password in the account's key")),
        }
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        oauth::bearer(request, credentials);
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/id",
            stamp: "/updatedAt",
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
        self.cancel_units(port, cancellation)
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
        let faults = graphql::faults(response);
        let Some(fault) = faults.first() else {
            return match response.status {
                404 => Verdict::Fatal("there is no Vendure server at this address".to_owned()),
                _ => faults::verdict(response, None),
            };
        };
        match fault.code() {
            // also for a session that has ended
            Some("FORBIDDEN" | "UNAUTHORIZED") => Verdict::Reauthenticate,
            Some("INTERNAL_SERVER_ERROR") => Verdict::Retry(None),
            _ => Verdict::Rejected(faults::words(response, Some(fault.message.clone()))),
        }
    }
}

/// A change is answered with what it made, or with why it made nothing.
fn made(changed: &ask::Changed) -> Result<()> {
    changed.refusal().map_or(Ok(()), |why| Err(rejected(why)))
}
