//! Etsy (Open API v3): one shop.
//!
//! Facts are from the published OpenAPI document and threads of the API's own forum. The stamp of a receipt does not move
//! when it is canceled or refunded, so that is seen when the receipt is read again: daily, as long as it is open.
//!
//! | file | what it holds |
//! |---|---|
//! | `normal` | a receipt, as told and as one of our orders |
//! | `offers` | stock and prices, in the whole of a listing |
mod normal;
mod offers;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::Value;

use super::carriers::{self, Table};
use super::faults::{self, moved_on, no_such_order, not_yet, order_unreadable};
use super::offset_pages::{List, Page};
use super::parcels::settled;
use super::*;
use crate::diagnostic::Result;
use crate::order::{Order, State};

pub(super) struct Etsy {
    shop_id: String,
    /// Shown beside the token.
    key: Secret,
    /// One of the application's callback addresses, for signing in.
    redirect: Option<String>,
    /// Listings by the SKUs in them: read when they are first needed.
    listings: Mutex<Option<HashMap<String, u64>>>,
}

/// Names of its options.
pub(super) const OPTIONS: &[&str] = &[REDIRECT];
const REDIRECT: &str = "redirect_uri";

const SIGN_IN: &str = "https://api.etsy.com/v3/public";
const OVERLAP: Duration = Duration::from_secs(5 * 60);
const SETTLE: Duration = Duration::from_secs(10);
const PAGE_MAX: usize = 100;

/// Of the summary of limits; headers refine it.
static LIMITS: &[Limit] = &[
    Limit { operation: "receipts", burst: 10, refill: Duration::from_millis(200) },
    Limit { operation: "listings", burst: 10, refill: Duration::from_millis(200) },
];

/// Carriers that Etsy knows; for any other it takes `other`. From its table of carrier names for developers, as an Etsy
/// extension of WooCommerce has it (read 2026-11-25); its OpenAPI document lists none. The spellings are Etsy's.
static CARRIERS: &Table = &[
    ("4px", "4px"),
    ("an-post", "an-post"),
    ("aramex", "aramex"),
    ("australia-post", "australia-post"),
    ("austrian-post", "austrian-post"),
    ("bluedart", "bluedart"),
    ("bpost", "bpost"),
    ("bring", "posten-norge"),
    ("bulgarian-posts", "bgpost"),
    ("canada-post", "canada-post"),
    ("canpar", "canpar"),
    ("ceska-posta", "ceska-posta"),
    ("china-post", "china-post"),
    ("chronopost", "chronopost-france"),
    ("colissimo", "colissimo"),
    ("correos", "spain-correos-es"),
    ("correos-mexico", "correos-de-mexico"),
    ("couriers-please", "couriers-please"),
    ("ctt", "portugal-ctt"),
    ("deutsche-post", "deutsch-post"),
    ("dhl", "dhl-germany"),
    ("dhl-ecommerce", "dhl-global-mail"),
    ("dhl-express", "dhl"),
    ("dpd", "dpd"),
    ("dpd-uk", "dpd-uk"),
    ("dtdc", "dtdc"),
    ("elta", "elta-courier"),
    ("estafeta", "estafeta"),
    ("evri", "hermes"),
    ("fedex", "fedex"),
    ("gls", "gls"),
    ("hermes", "hermes-de"),
    ("hong-kong-post", "hong-kong-post"),
    ("india-post", "india-post"),
    ("israel-post", "israel-post"),
    ("japan-post", "japan-post"),
    ("korea-post", "kpost"),
    ("landmark-global", "landmark-global"),
    ("lasership", "lasership"),
    ("magyar-posta", "magyar-posta"),
    ("mondial-relay", "mondialrelay"),
    ("mrw", "mrw-spain"),
    ("nacex", "nacex-spain"),
    ("nova-poshta", "nova-poshta"),
    ("nz-post", "new-zealand-post"),
    ("ontrac", "ontrac"),
    ("parcelforce", "parcel-force"),
    ("poczta-polska", "poczta-polska"),
    ("poste-italiane", "poste-italiane"),
    ("posti", "posti"),
    ("postnl", "postnl"),
    ("postnord", "postnord"),
    ("purolator", "purolator"),
    ("romanian-post", "posta-romana"),
    ("royal-mail", "royal-mail"),
    ("russian-post", "russian-post"),
    ("sagawa", "sagawa"),
    ("sendle", "sendle"),
    ("seur", "spanish-seur"),
    ("sf-express", "sf-express"),
    ("singapore-post", "singapore-post"),
    ("slovenska-posta", "slovenska-posta"),
    ("startrack", "star-track"),
    ("swiss-post", "swiss-post"),
    ("tnt", "tnt"),
    ("toll", "toll-priority"),
    ("ups", "ups"),
    ("usps", "usps"),
    ("whistl", "whistl"),
    ("yanwen", "yanwen"),
    ("yodel", "yodel"),
];
const OTHER: &str = "other";

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    count: usize,
    #[serde(default)]
    results: Vec<Value>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
}

impl Etsy {
    pub fn new(account: &Account) -> Result<Self> {
        let shop_id = account.shop_id.clone().filter(|id| !id.trim().is_empty()).ok_or_else(|| {
            crate::diagnostic::Error::usage(
                "market/no-option",
                format!("{} needs the number of its shop", account.name),
            )
            .at(Place::file("purvey.toml").attribute(format!("market.{}.shop_id", account.name)))
            .help(format!("add shop_id = \"…\" to [market.{}]: the number of your shop at Etsy", account.name))
        })?;
        let redirect = account.option(REDIRECT).map(str::to_owned);
        Ok(Etsy { shop_id, key: account.key.clone(), redirect, listings: Mutex::default() })
    }

    /// The keystring is before the colon, if there is one.
    fn client<'a>(&self, key: &'a Secret) -> &'a str {
        key.reveal().split(':').next().unwrap_or_default()
    }

    /// Below the shop.
    fn path<'a>(&'a self, rest: &[&'a str]) -> Vec<&'a str> {
        [&["v3", "application", "shops", self.shop_id.as_str()], rest].concat()
    }

    /// By number: a receipt that changes stays where it is, and one that comes in front of it only repeats another.
    fn page(&self, port: &dyn Port, since: Timestamp, offset: usize) -> Result<Page> {
        let request = Request::get("receipts", &self.path(&["receipts"]))?
            .query("min_last_modified", since.as_second().to_string())
            .query("sort_on", "receipt_id")
            .query("sort_order", "asc")
            .query("limit", PAGE_MAX.to_string())
            .query("offset", offset.to_string());
        let told: Listed = port.send(request)?.json()?;
        Ok(Page { orders: told.results, total: told.count })
    }

    fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<Value>> {
        if order_id.is_empty() || !order_id.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(None);
        }
        let answer = port.send(Request::get("receipts", &self.path(&["receipts", order_id]))?)?;
        if answer.status == 404 { Ok(None) } else { answer.json().map(Some) }
    }
}

impl Connector for Etsy {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: OVERLAP,
            settle: SETTLE,
            shipments: Granularity::Order,
            several_parcels: false,
            acknowledge: Acknowledge::Never,
            pickup: false,
            cancel: false,
            batch_max: offers::BATCH_MAX,
            stock_per_location: false,
            limits: LIMITS,
        }
    }

    /// Each token brings another refresh token, and ends the one before.
    fn sign_in(&self, grant: &Grant<'_>) -> Result<Option<Request>> {
        let client = self.client(grant.key);
        let mut form = oauth::grant(grant, self.redirect.as_deref().unwrap_or_default())?;
        form.insert(1, ("client_id", client));
        let form = form.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let request = Request::new(Method::Post, "sign-in", &["oauth", "token"])?.body(Body::Form(form));
        Ok(Some(request.elsewhere(SIGN_IN)))
    }

    fn door(&self, key: &Secret, verifier: &str) -> Result<Option<Door>> {
        let redirect = oauth::redirect(self.redirect.as_deref(), "one of the callback addresses of your application")?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let query = [
            ("response_type", "code"),
            ("client_id", self.client(key)),
            ("redirect_uri", redirect),
            ("scope", "transactions_r transactions_w listings_r listings_w"),
            // nothing is called back that could be forged: the address is pasted
            ("state", "purvey"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Ok(Some(Door::Page(oauth::page("https://www.etsy.com", "/oauth/connect", &query)?)))
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        request.headers.push(("x-api-key".to_owned(), self.key.reveal().to_owned()));
        oauth::bearer(request, credentials);
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/receipt_id",
            stamp: "/updated_timestamp",
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
        Ok(known(&normal::read(raw).map_err(|why| order_unreadable(order_id, &why))?))
    }

    /// A number makes the whole receipt shipped, and tells its buyer, so none is told twice.
    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let order_id = parcel.order_id.as_str();
        let raw = self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))?;
        let told = normal::read(raw).map_err(|why| order_unreadable(order_id, &why))?;
        match normal::state(&told) {
            Some(State::Canceled) => return Err(moved_on(order_id, &told.status)),
            Some(State::AwaitingPayment) => return Err(not_yet(order_id, &told.status)),
            _ => {}
        }
        let known = known(&told);
        // another parcel of the same receipt
        let fits = known.len() < parcel.package_number as usize;
        if let Some(receipt) = settled(parcel, &known, fits)? {
            return Ok(receipt);
        }
        let carrier = carriers::code(CARRIERS, &parcel.carrier);
        let carrier = carrier.map_or_else(|| carriers::name(&parcel.carrier).map(|_| OTHER), Ok)?;
        let mut form = vec![("carrier_name".to_owned(), carrier.to_owned())];
        form.extend(parcel.tracking_number.clone().map(|number| ("tracking_code".to_owned(), number)));
        let request = Request::new(Method::Post, "ship", &self.path(&["receipts", order_id, "tracking"]))?;
        port.send(request.body(Body::Form(form)))?;
        Ok(Receipt::Done)
    }

    fn by_hand(&self) -> &'static str {
        "do it in Shop Manager under Orders & Shipping; the next look at the order brings what became of it"
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        self.set_offers(port, offers)
    }

    fn classify(&self, response: &Response) -> Verdict {
        let told = serde_json::from_slice::<Refusal>(&response.body).ok().and_then(|refusal| refusal.error);
        faults::verdict(response, told)
    }

    fn told_limit(&self, response: &Response, _now: Timestamp) -> Option<ToldLimit> {
        let left = |name| response.header(name)?.trim().parse::<u64>().ok();
        (left("x-remaining-this-second")? == 0).then_some(ToldLimit::UsedUp(Duration::from_secs(1)))
    }
}

/// Numbers that were told, in their order. What is in which parcel Etsy does not keep: all is in the first.
fn known(told: &normal::Told) -> Vec<Parcel> {
    let lines = || told.transactions.iter().map(|line| (line.transaction_id.to_string(), line.quantity)).collect();
    let parcel = |(package_number, shipment): (u32, &normal::Shipment)| Parcel {
        order_id: told.receipt_id.to_string(),
        package_number,
        lines: if package_number == 1 { lines() } else { Vec::new() },
        carrier: carriers::ours(CARRIERS, shipment.carrier_name.as_deref().unwrap_or_default()),
        tracking_number: shipment.tracking_code.clone().filter(|number| !number.is_empty()),
        shipped_at: Timestamp::from_second(shipment.shipment_notification_timestamp).unwrap_or_default(),
        location: None,
        last: false,
    };
    (1..).zip(&told.shipments).map(parcel).collect()
}
