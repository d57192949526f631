//! The one interface every marketplace is reached through.
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Result;
use crate::order::Order;
pub use crate::order::{Cancellation, Decision, Parcel};

/// One marketplace. Methods a marketplace has no use for keep their default, which the capabilities announce.
pub trait Connector: Send + Sync {
    fn describe(&self) -> Capabilities;

    /// The next page of orders after `cursor` (`None`: from `since`), normalized. The host commits the orders and
    /// `next` in one transaction, so a page may be asked for again.
    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage>;

    /// One order as it stands now; `None` when the marketplace no longer knows it.
    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>>;

    /// Tells the marketplace what we take: every line is decided.
    fn acknowledge(&self, port: &dyn Port, decision: &Decision) -> Result<Receipt>;

    /// The parcels the marketplace already knows, read before a shipment whose fate is unknown is sent again.
    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>>;

    /// Tells the marketplace of one parcel: its lines, its carrier, its number.
    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt>;

    /// Cancels lines from our side.
    fn cancel(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt>;

    /// The order waits at its store for the buyer.
    fn ready_for_pickup(&self, port: &dyn Port, order_id: &str) -> Result<Receipt>;

    /// The buyer has it.
    fn picked_up(&self, port: &dyn Port, order_id: &str) -> Result<Receipt>;

    /// Sends new stock and prices; at most `Capabilities::batch_max` at once.
    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted>;

    /// Asks how a submitted job is doing.
    fn poll(&self, port: &dyn Port, job: &str) -> Result<Polled>;

    /// What an answer means: the one place where 409, 420, 429 and "200 with an error inside" are understood.
    fn classify(&self, response: &Response) -> Verdict;
}

#[derive(Debug, Clone, PartialEq)]
pub struct Capabilities {
    /// Read again this much before the cursor: late rows and coarse stamps.
    pub overlap: Duration,
    /// Do not read the last moments: they are still moving.
    pub settle: Duration,
    pub shipments: Granularity,
    pub several_parcels: bool,
    pub acknowledge: Acknowledge,
    pub pickup: bool,
    pub cancel: bool,
    /// Offers in one `push`; 0 when stock and price cannot be pushed.
    pub batch_max: usize,
    pub stock_per_location: bool,
    /// Token buckets by operation; a request names its own.
    pub limits: &'static [Limit],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    Order,
    Line,
    Quantity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledge {
    Never,
    Optional,
    /// An order not accepted in time is lost.
    Mandatory,
}

/// `burst` requests at once, then one every `refill`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    pub operation: &'static str,
    pub burst: u32,
    pub refill: Duration,
}

/// Where a pull starts, and how far it may read.
#[derive(Debug, Clone, PartialEq)]
pub struct PullFrom {
    /// What the last page handed out, if any.
    pub cursor: Option<String>,
    /// For a first pull: orders updated since then.
    pub since: Timestamp,
    /// `now - settle`, from the host's clock corrected by the server's.
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub struct OrderPage {
    pub orders: Vec<Order>,
    /// Orders that could not be read: id if known, and why. Kept with their raw text, and the cursor stays before them.
    pub unreadable: Vec<Unreadable>,
    /// Where to go on; stored with the page.
    pub next: Option<String>,
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Unreadable {
    pub order_id: Option<String>,
    pub why: String,
}

/// What an offer now has. `sku` is the channel SKU; money as minor units and ISO code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferUpdate {
    pub sku: String,
    pub quantity: Option<i64>,
    pub price_minor: Option<i64>,
    pub sale_price_minor: Option<i64>,
    pub currency: Option<String>,
}

/// The marketplace took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    Done,
    /// It had it already: a repeat after a lost answer.
    AlreadyDone,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Submitted {
    /// To be polled; `None` when the answer is final.
    pub job: Option<String>,
    pub results: Vec<ItemResult>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Polled {
    Pending,
    Done(Vec<ItemResult>),
}

/// 2xx is not success until the item's own result says so.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemResult {
    pub sku: String,
    pub refused: Option<String>,
}

/// What to do about an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Ok,
    Retry(Option<Duration>),
    /// The token is no longer good; get another, once.
    Reauthenticate,
    AlreadyDone,
    /// Refused for good, with the marketplace's own words.
    Rejected(String),
    /// Nothing will work until a person acts: credentials, a closed account.
    Fatal(String),
}

/// How a connector reaches its marketplace. The host stacks retry, limits, dry run and recording on one of these.
pub trait Port: Send + Sync {
    /// Sends one request and returns an answer the connector's `classify` called ok or already done; every other
    /// verdict has become an error with the right kind and retry.
    fn send(&self, request: Request) -> Result<Response>;

    /// The host's clock.
    fn now(&self) -> Timestamp;
}

#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub method: Method,
    /// Below the account's base address; segments already percent-encoded (see [`Request::path`]).
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// Which token bucket it draws from.
    pub operation: &'static str,
    /// Reads may be retried blindly; writes whose answer was lost are reported as of unknown outcome.
    pub safe: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    None,
    Json(serde_json::Value),
    Form(Vec<(String, String)>),
    /// One file in a multipart form: field, file name, media type, bytes.
    File { field: &'static str, name: String, media_type: &'static str, bytes: Vec<u8> },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}
