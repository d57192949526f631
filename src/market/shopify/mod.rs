//! Shopify (GraphQL Admin API): the merchant's own shop as a source of orders and a target of stock and prices.
//!
//! Facts are from the published reference of the version below.
//!
//! | file | what it holds |
//! |---|---|
//! | `ask` | the questions and changes, and the answers' shapes |
//! | `normal` | an order of theirs as one of ours |
//! | `ship` | parcels out, parcels known |
//! | `refund` | canceling, money back |
//! | `offers` | stock and prices |
mod ask;
mod normal;
mod offers;
mod refund;
mod ship;

use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::faults::{self, order_unreadable, rejected};
use super::token_pages::{List, Page};
use super::*;
use crate::diagnostic::Result;
use crate::order::Order;
use crate::value::time;

/// Served for a year from its date on, like every version.
const VERSION: &str = "2026-07";

pub(super) struct Shopify;

/// Searches run on an index that follows the orders by some seconds.
const OVERLAP: Duration = Duration::from_secs(2 * 60);
const SETTLE: Duration = Duration::from_secs(10);

/// `gid://shopify/Order/7` is `7` to people.
fn id_of(gid: &str) -> &str {
    gid.rsplit('/').next().unwrap_or(gid)
}

fn gid(kind: &str, id: &str) -> String {
    format!("gid://shopify/{kind}/{id}")
}

impl Shopify {
    fn ask<T: DeserializeOwned>(
        &self,
        port: &dyn Port,
        operation: &'static str,
        document: &str,
        variables: Value,
    ) -> Result<T> {
        graphql::data(&port.send(request(operation, document, variables)?.reading())?)
    }

    /// `None` in a dry run.
    fn change(
        &self,
        port: &dyn Port,
        operation: &'static str,
        document: &str,
        variables: Value,
        repeatable: bool,
    ) -> Result<Option<ask::Changed>> {
        let request = request(operation, document, variables)?;
        let answer = port.send(if repeatable { request.repeatable() } else { request })?;
        if answer.is_withheld() {
            return Ok(None);
        }
        graphql::data::<ask::Change>(&answer).map(|change| Some(change.changed))
    }

    fn page(&self, port: &dyn Port, since: Timestamp, token: Option<&str>) -> Result<Page> {
        let search = format!("updated_at:>='{}'", time::to_utc_text(since));
        let variables = json!({ "search": search, "after": token });
        let told: ask::Orders = self.ask(port, "orders", &ask::orders(), variables)?;
        let mut orders = told.orders.nodes;
        for order in &mut orders {
            self.add_lines(port, order)?;
        }
        let next = told.orders.page_info.end_cursor.filter(|_| told.orders.page_info.has_next_page);
        Ok(Page { orders, next })
    }

    /// A page of orders holds the first lines of each.
    fn add_lines(&self, port: &dyn Port, order: &mut Value) -> Result<()> {
        while let Some(after) = ask::more_lines(order) {
            let variables = json!({ "id": order["id"], "after": after });
            let told: ask::One<Value> = self.ask(port, "lines", &ask::lines(), variables)?;
            let more = told.order.ok_or_else(|| rejected("an order went away while it was read"))?;
            ask::append_lines(order, more);
        }
        Ok(())
    }

    fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<Value>> {
        if !is_id(order_id) {
            return Ok(None);
        }
        let told: ask::One<Value> = self.ask(port, "orders", &ask::order(), json!({ "id": gid("Order", order_id) }))?;
        let Some(mut order) = told.order else { return Ok(None) };
        self.add_lines(port, &mut order)?;
        Ok(Some(order))
    }
}

fn request(operation: &'static str, document: &str, variables: Value) -> Result<Request> {
    graphql::request(operation, &["admin", "api", VERSION, "graphql.json"], document, variables)
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

impl Connector for Shopify {
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

    /// A key of two parts is an app's id and secret, which buy a token for a day; one of a single part is a token.
    fn sign_in(&self, grant: &Grant<'_>) -> Result<Option<Request>> {
        let Some((id, secret)) = grant.key.reveal().split_once(':') else { return Ok(None) };
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Request::new(Method::Post, "sign-in", &["admin", "oauth", "access_token"])
            .map(|r| Some(r.body(Body::Form(form))))
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        request.headers.push(("x-shopify-access-token".to_owned(), credentials.reveal().to_owned()));
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/id",
            stamp: "/updatedAt",
            bounded: false,
            ask: &|ask| self.page(port, ask.from, ask.token),
            read: &normal::order,
        };
        list.pull(from)
    }

    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        let Some(raw) = self.find(port, order_id)? else { return Ok(None) };
        normal::order(raw).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        Ok(self.fulfillments(port, order_id)?.map(|told| ship::known(order_id, &told)).unwrap_or_default())
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
        let faults = graphql::faults(response);
        let Some(fault) = faults.first() else {
            return match response.status {
                404 => Verdict::Fatal("there is no Shopify shop at this address".to_owned()),
                402 | 423 => Verdict::Fatal("the shop is frozen or locked".to_owned()),
                _ => faults::verdict(response, None),
            };
        };
        let told = || faults::words(response, Some(fault.message.clone()));
        match fault.code() {
            Some("THROTTLED") => Verdict::Retry(ask::refill(response)),
            Some("INTERNAL_SERVER_ERROR" | "TIMEOUT") => Verdict::Retry(None),
            Some("ACCESS_DENIED" | "SHOP_INACTIVE") => Verdict::Fatal(told()),
            _ => Verdict::Rejected(told()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_may_hold_a_refusal() {
        let of = |status, body: Value| {
            let response = Response { status, headers: Vec::new(), body: body.to_string().into_bytes() };
            Shopify.classify(&response)
        };
        let throttled = json!({
            "errors": [{ "message": "Throttled", "extensions": { "code": "THROTTLED" } }],
            "extensions": { "cost": { "requestedQueryCost": 300,
                "throttleStatus": { "maximumAvailable": 2000.0, "currentlyAvailable": 100, "restoreRate": 100.0 } } },
        });
        assert_eq!(of(200, throttled), Verdict::Retry(Some(Duration::from_secs(2))));
        let denied =
            json!({ "errors": [{ "message": "no", "extensions": { "code": "ACCESS_DENIED" } }], "data": null });
        assert_eq!(of(200, denied), Verdict::Fatal("no".to_owned()));
        assert_eq!(of(200, json!({ "errors": [{ "message": "bad" }] })), Verdict::Rejected("bad".to_owned()));
        assert_eq!(of(200, json!({ "data": {} })), Verdict::Ok);
        assert_eq!(of(401, json!({ "errors": "[API] Invalid API key" })), Verdict::Reauthenticate);
    }

    #[test]
    fn a_key_of_two_parts_buys_a_token() {
        let sign_in = |key: &str| {
            Shopify.sign_in(&Grant {
                key: &Secret::new(key),
                refresh_token: None,
                leave: None,
                now: Timestamp::UNIX_EPOCH,
            })
        };
        assert_eq!(sign_in("shpat_1").unwrap(), None);
        assert_eq!(sign_in("id:secret").unwrap().unwrap().path, "/admin/oauth/access_token");
    }
}
