//! eBay: Fulfillment API (orders, parcels) and Inventory API (stock, prices).
//!
//! Facts are from eBay's OpenAPI documents of both (Fulfillment 1.20.7, Inventory 1.18.0). Values that these leave to the
//! documentation (payment, fulfillment and cancel states) are eBay's published enumerations.
//!
//! | file | what it holds |
//! |---|---|
//! | `wire` | the answers' shapes, as much of them as is used |
//! | `normal` | an order of theirs as one of ours |
//! | `ship` | parcels out, parcels known |
//! | `refund` | canceling, money back |
//! | `offers` | stock and prices, SKU by SKU |
//!
//! Returns are another interface of eBay's, and not here.
mod normal;
mod offers;
mod refund;
mod ship;
mod wire;

use std::time::Duration;

use jiff::Timestamp;

use super::faults::{self, order_unreadable};
use super::offset_pages::{List, Page};
use super::*;
use crate::diagnostic::Result;
use crate::order::Order;

pub(super) struct Ebay {
    /// Where leave is given.
    login: &'static str,
    /// The name eBay gives to the page that it leads to afterwards.
    redirect: Option<String>,
}

/// Names of its options.
pub(super) const OPTIONS: &[&str] = &[REDIRECT];
const REDIRECT: &str = "redirect_uri";

/// Reading and changing orders and offers, and giving money back.
const SCOPES: &str = "https://api.ebay.com/oauth/api_scope https://api.ebay.com/oauth/api_scope/sell.fulfillment \
    https://api.ebay.com/oauth/api_scope/sell.inventory https://api.ebay.com/oauth/api_scope/sell.finances";

impl Ebay {
    pub fn new(account: &Account) -> Self {
        let is_sandbox = account.base_url.contains(".sandbox.");
        Ebay {
            login: if is_sandbox { "https://auth.sandbox.ebay.com" } else { "https://auth.ebay.com" },
            redirect: account.option(REDIRECT).map(str::to_owned),
        }
    }
}

/// Offsets count in a list that moves: what steps over a page's edge is seen in the overlap.
const OVERLAP: Duration = Duration::from_secs(10 * 60);
const SETTLE: Duration = Duration::from_secs(30);
/// More is refused, not cut.
const PAGE_MAX: usize = 200;
const POST_ORDER: &str = "/post-order/";
/// "Invalid order ID".
const NO_SUCH_ORDER: u64 = 32_100;

impl Connector for Ebay {
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
        let mut form = oauth::grant(grant, self.redirect.as_deref().unwrap_or_default())?;
        // eBay knows no proof of RFC 7636
        form.retain(|(name, _)| *name != "code_verifier");
        oauth::sign_in(grant.key, &["identity", "v1", "oauth2", "token"], &form).map(Some)
    }

    fn door(&self, key: &Secret, _verifier: &str) -> Result<Option<Door>> {
        let redirect = oauth::redirect(self.redirect.as_deref(), "the RuName of your application")?;
        let query = [
            ("client_id", oauth::client(key)?.0),
            ("redirect_uri", redirect),
            ("response_type", "code"),
            ("scope", SCOPES),
        ];
        Ok(Some(Door::Page(oauth::page(self.login, "/oauth2/authorize", &query)?)))
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        if request.path.starts_with(POST_ORDER) {
            // the same token under a name of its own
            request.headers.push(("authorization".to_owned(), format!("IAF {}", credentials.reveal())));
        } else {
            oauth::bearer(request, credentials);
        }
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/orderId",
            stamp: "/lastModifiedDate",
            ask: &|since, offset| {
                let request = Request::get("orders", &fulfillment(&[]))?
                    .query("filter", format!("lastmodifieddate:[{}..]", stamp(since)))
                    .query("limit", PAGE_MAX.to_string())
                    .query("offset", offset.to_string());
                let told: wire::Orders = port.send(request)?.json()?;
                Ok(Page { orders: told.orders, total: told.total })
            },
            read: |raw| normal::read(raw).and_then(normal::order),
        };
        list.pull(from)
    }

    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        let response = port.send(Request::get("order", &fulfillment(&[order_id]))?)?;
        if self.classify(&response) == Verdict::Absent {
            return Ok(None);
        }
        normal::read(response.json()?).and_then(normal::order).map(Some).map_err(|why| order_unreadable(order_id, &why))
    }

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        self.known_parcels(port, order_id)
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

    fn cancel_reasons(&self) -> &'static [&'static str] {
        refund::CANCEL_REASONS
    }

    fn refund(&self, port: &dyn Port, refund: &Refund) -> Result<Receipt> {
        self.give_back(port, refund)
    }

    fn refunds(&self) -> bool {
        true
    }

    fn by_hand(&self) -> &'static str {
        "do it in Seller Hub under Orders; the next pull brings what became of it"
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let results = offers.iter().map(|offer| offers::push(port, offer)).collect::<Result<_>>()?;
        Ok(Submitted { job: None, results })
    }

    fn classify(&self, response: &Response) -> Verdict {
        let told: wire::Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
        if response.status == 400 && told.errors.iter().any(|error| error.error_id == NO_SUCH_ORDER) {
            return Verdict::Absent;
        }
        faults::verdict(response, told.words())
    }
}

/// `/sell/fulfillment/v1/order` and what follows.
fn fulfillment<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["sell", "fulfillment", "v1", "order"], rest].concat()
}

/// UTC with milliseconds, as eBay writes it.
fn stamp(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
