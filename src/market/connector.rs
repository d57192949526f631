//! The one interface every marketplace is reached through.
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Secret;
use crate::diagnostic::{Error, Kind, Result};
use crate::order::Order;
pub use crate::order::{Cancellation, Decision, Parcel, Refund, Signal};
use crate::value::{Currency, Money, time};

/// One marketplace. Methods a marketplace has no use for keep their default, which the capabilities announce.
pub trait Connector: Send + Sync {
    fn describe(&self) -> Capabilities;

    /// Puts the account's credentials on a request, the last thing before it leaves: a key, a token, a signature over
    /// method, path, body and time.
    fn authorize(&self, request: &mut Request, credentials: &Secret, now: Timestamp) -> Result<()>;

    /// The request that buys an access token (RFC 6749, section 4.4 or 6), for marketplaces whose key is not shown with
    /// every request; `authorize` is given the token then.
    ///
    /// # Errors
    /// `market/credentials` when the account's key is not what the marketplace needs.
    fn sign_in(&self, _grant: &Grant<'_>) -> Result<Option<Request>> {
        Ok(None)
    }

    /// How a merchant lets purvey in; `None` where a key is all it takes.
    ///
    /// # Errors
    /// `market/credentials`, `market/no-option`.
    fn door(&self, _key: &Secret, _verifier: &str) -> Result<Option<Door>> {
        Ok(None)
    }

    /// What the answer to [`Connector::sign_in`] sold: that of RFC 6749, section 5.1, unless the marketplace has its own.
    ///
    /// # Errors
    /// `market/unreadable`; `market/credentials` where a success holds the refusal.
    fn bought(&self, response: &Response) -> Result<Bought> {
        response.json()
    }

    /// The next page of orders after `cursor` (`None`: from `since`), normalized. The host commits the orders and
    /// `next` in one transaction, so a page may be asked for again.
    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage>;

    /// One order as it stands now; `None` when the marketplace no longer knows it.
    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>>;

    /// Most days after an order that its buyer's data may be kept, where the marketplace says so.
    fn keep_buyer_days_max(&self) -> Option<u32> {
        None
    }

    /// Whether open orders of which nothing was heard for a day are asked for one by one.
    fn looks_again(&self) -> bool {
        true
    }

    /// Tells the marketplace what we take: every line is decided.
    fn acknowledge(&self, _port: &dyn Port, _decision: &Decision) -> Result<Receipt> {
        Err(unsupported("accept or refuse orders"))
    }

    /// The parcels the marketplace already knows, read before a shipment whose fate is unknown is sent again.
    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>>;

    /// Tells the marketplace of one parcel: its lines, its carrier, its number.
    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt>;

    /// Tells of a parcel whose order was placed elsewhere; may be repeated.
    fn signal(&self, _port: &dyn Port, _signal: &Signal) -> Result<Receipt> {
        Err(unsupported("be told of other marketplaces' parcels"))
    }

    /// Cancels lines from our side. A cancellation whose fate is unknown is repeated only after [`Connector::order`]
    /// told how many units are canceled by now.
    fn cancel(&self, _port: &dyn Port, _cancellation: &Cancellation) -> Result<Receipt> {
        Err(unsupported("cancel orders"))
    }

    /// The reasons for canceling it takes; empty where any word will do.
    fn cancel_reasons(&self) -> &'static [&'static str] {
        &[]
    }

    /// Gives money back. One whose fate is unknown is repeated only when [`Connector::order`] does not tell of it, so a
    /// connector that refunds either tells of refunds there, or makes a repeat by `number` the same refund.
    fn refund(&self, _port: &dyn Port, _refund: &Refund) -> Result<Receipt> {
        Err(unsupported("give money back"))
    }

    /// Where a person does by hand what this connector cannot.
    fn by_hand(&self) -> &'static str {
        BY_HAND
    }

    /// The order waits at its store for the buyer.
    fn ready_for_pickup(&self, _port: &dyn Port, _order_id: &str) -> Result<Receipt> {
        Err(unsupported("have orders picked up"))
    }

    /// The buyer has it.
    fn picked_up(&self, _port: &dyn Port, _order_id: &str) -> Result<Receipt> {
        Err(unsupported("have orders picked up"))
    }

    /// Sends new stock and prices; at most `Capabilities::batch_max` at once.
    fn push(&self, _port: &dyn Port, _offers: &[OfferUpdate]) -> Result<Submitted> {
        Err(unsupported("set stock or prices"))
    }

    /// Asks how a submitted job is doing. `sent` is what `push` was given, in the same order: reports of refused items
    /// often name a row, not a SKU.
    fn poll(&self, _port: &dyn Port, _job: &str, _sent: &[OfferUpdate]) -> Result<Polled> {
        Err(unsupported("set stock or prices"))
    }

    /// Whole offers in one [`Connector::tell`]; 0 when the channel takes stock and prices at most.
    fn tell_max(&self) -> usize {
        0
    }

    /// Tells whole offers as they are to be, and takes off those that have gone; may be repeated. An offer without a
    /// result has its answer in the job; where there is none, it could not be told this time.
    fn tell(&self, _port: &dyn Port, _offers: &[WholeOffer]) -> Result<Submitted> {
        Err(unsupported("take whole offers"))
    }

    /// Asks how a job of whole offers is doing. `sent` are the ids of those that had no result in [`Connector::tell`],
    /// in its order.
    fn poll_told(&self, _port: &dyn Port, _job: &str, _sent: &[&str]) -> Result<Polled> {
        Err(unsupported("take whole offers"))
    }

    /// What the channel has found wrong with whole offers since it took them, page by page; `None`: it does not tell.
    fn found_wrong(&self, _port: &dyn Port, _page: Option<&str>) -> Result<Option<FoundWrong>> {
        Ok(None)
    }

    /// What an answer means: the one place where 409, 420, 429 and "200 with an error inside" are understood.
    fn classify(&self, response: &Response) -> Verdict;

    /// What an answer says of the limit its request drew from, where the marketplace tells.
    fn told_limit(&self, _response: &Response, _now: Timestamp) -> Option<ToldLimit> {
        None
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(Kind::Rejected, "market/unsupported", format!("this marketplace has no way to {what}")).help(BY_HAND)
}

const BY_HAND: &str = "do it on the marketplace's own pages; the next pull brings what became of it";

/// What an access token is bought with.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    pub key: &'a Secret,
    /// The newest one: some marketplaces hand out another with every access token, and forget the old one.
    pub refresh_token: Option<&'a Secret>,
    /// Goes before the refresh token.
    pub leave: Option<Leave<'a>>,
    /// The host's clock, for statements that are good for a while.
    pub now: Timestamp,
}

/// How a merchant lets purvey in where a key is not enough.
#[derive(Debug, Clone, PartialEq)]
pub enum Door {
    /// Asks for a code that is typed in at the marketplace (RFC 8628).
    Device(Request),
    /// The page on which leave is given. It leads on to an address with a code in it (RFC 6749, section 4.1).
    Page(String),
}

/// Leave that was given just now.
#[derive(Debug, Clone, Copy)]
pub enum Leave<'a> {
    Device(&'a str),
    Code {
        code: &'a str,
        /// Of RFC 7636; what the door was made with.
        verifier: &'a str,
    },
}

/// An access token, as it was sold.
#[derive(Clone, Deserialize)]
pub struct Bought {
    pub access_token: String,
    /// Seconds.
    pub expires_in: Option<i64>,
    pub refresh_token: Option<String>,
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
    pub cancel: Canceling,
    pub refunds: bool,
    /// Offers in one `push`; 0 when stock and price cannot be pushed.
    pub batch_max: usize,
    pub stock_per_location: bool,
    /// Token buckets by operation; a request names its own.
    pub limits: &'static [Limit],
}

impl Capabilities {
    /// Of a channel that takes whole offers and sends no orders.
    pub fn without_orders(limits: &'static [Limit]) -> Capabilities {
        Capabilities {
            overlap: Duration::ZERO,
            settle: Duration::ZERO,
            shipments: Granularity::Order,
            several_parcels: false,
            acknowledge: Acknowledge::Never,
            pickup: false,
            cancel: Canceling::Never,
            refunds: false,
            batch_max: 0,
            stock_per_location: false,
            limits,
        }
    }
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canceling {
    Never,
    /// Only all that is open in an order, before anything has left.
    Whole,
    Units,
}

/// `burst` requests at once, then one every `refill`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    pub operation: &'static str,
    pub burst: u32,
    pub refill: Duration,
}

/// What an answer says of a limit. It refines what [`Capabilities::limits`] declares, and is never relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToldLimit {
    /// One request each so often.
    Refill(Duration),
    /// None is left; the next is taken after this long.
    UsedUp(Duration),
}

/// Where a pull starts, and how far it may read.
#[derive(Debug, Clone, PartialEq)]
pub struct PullFrom {
    /// What the last page handed out, if any.
    pub cursor: Option<String>,
    /// For a first pull: orders updated since then.
    pub since: Timestamp,
    /// `now - settle`, from the host's clock corrected by the server's: no cursor moves beyond it, since an order may
    /// change again while the later pages are read.
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub struct OrderPage {
    pub orders: Vec<Order>,
    /// Orders that could not be read: id if known, and why. The cursor stays before them.
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

impl OfferUpdate {
    /// For marketplaces without a price of its own for sales, or that want its first and last day: what the buyer pays
    /// now; else one sentence why it cannot be told.
    pub(super) fn price_now(&self) -> Result<Option<Money>, String> {
        let Some(minor) = self.sale_price_minor.or(self.price_minor) else { return Ok(None) };
        let currency = self.currency.as_deref().ok_or("the price has no currency")?;
        let currency = Currency::parse(currency).map_err(|invalid| invalid.message)?;
        if minor <= 0 {
            return Err("a price must be above zero".to_owned());
        }
        Ok(Some(Money::new(minor, currency)))
    }
}

/// An offer in the channel's own words.
#[derive(Debug, Clone, PartialEq)]
pub struct WholeOffer {
    /// Its identity in the channel's contract.
    pub id: String,
    /// One line of the channel's document; of an offer that has gone, only what names it.
    pub body: serde_json::Value,
    pub gone: bool,
}

/// One page of what a channel says of the offers it has.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundWrong {
    /// Those of the page, also where nothing is wrong.
    pub offers: Vec<Wrong>,
    /// Where the next page is.
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Wrong {
    /// As in [`WholeOffer::id`].
    pub id: String,
    pub problems: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// It is not shown for it; else it is shown less.
    pub disapproved: bool,
    /// The channel's own.
    pub words: String,
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
    /// There is no such order, offer or job. The caller sees the answer, and knows whether that is a fault.
    Absent,
    /// Refused for good, with the marketplace's own words.
    Rejected(String),
    /// Nothing will work until a person acts: credentials, a closed account.
    Fatal(String),
}

/// How a connector reaches its marketplace. The host stacks retry, limits, dry run and recording on one of these.
pub trait Port: Send + Sync {
    /// Sends one request and returns an answer the connector's `classify` called ok, already done or absent; every other
    /// verdict has become an error with the right kind and retry: `market/rejected`, `market/credentials`,
    /// `market/unavailable`, and `market/outcome-unknown` for a write that may or may not have been done.
    fn send(&self, request: Request) -> Result<Response>;

    /// The host's clock.
    fn now(&self) -> Timestamp;
}

#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub method: Method,
    /// Another address than the account's. It is sent as it is: the account's credentials are for its own address only.
    pub base: Option<String>,
    /// Below the base address; segments already percent-encoded (see [`Request::path`]).
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// Which token bucket it draws from.
    pub operation: &'static str,
    /// It changes nothing, so a dry run lets it through.
    pub reads: bool,
    /// Doing it twice is the same as doing it once, so it may be retried blindly; anything else whose answer was lost
    /// is reported as of unknown outcome.
    pub safe: bool,
}

impl Request {
    /// A read. `segments` are percent-encoded here, so an order id cannot change the address.
    ///
    /// # Errors
    /// `market/bad-id` for a segment no address can hold: nothing, `.` or `..`.
    pub fn get(operation: &'static str, segments: &[&str]) -> Result<Self> {
        let request = Self::new(Method::Get, operation, segments)?;
        Ok(request.reading())
    }

    /// A write without a body that must not be repeated blindly; see [`Request::repeatable`].
    pub fn new(method: Method, operation: &'static str, segments: &[&str]) -> Result<Self> {
        let path = Self::path(segments)?;
        Ok(Request {
            method,
            base: None,
            path,
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::None,
            operation,
            reads: false,
            safe: false,
        })
    }

    /// To an address that the marketplace gave out whole, which carries its own leave: nothing of the account goes along.
    ///
    /// # Errors
    /// `market/unreadable` when it is no address.
    pub fn at(method: Method, operation: &'static str, url: &str) -> Result<Self> {
        let url = Url::parse(url).ok().filter(|url| url.has_host()).ok_or_else(|| {
            Error::new(Kind::Unavailable, "market/unreadable", "the marketplace gave an address that is none")
                .help("run it again; if it stays, please report it")
        })?;
        Ok(Request {
            base: Some(url.origin().ascii_serialization()),
            path: url.path().to_owned(),
            query: url.query_pairs().into_owned().collect(),
            ..Self::new(method, operation, &[])?
        })
    }

    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// To another address than the account's, without its credentials.
    pub fn elsewhere(mut self, base: impl Into<String>) -> Self {
        self.base = Some(base.into());
        self
    }

    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// For questions that are asked with another method than GET.
    pub fn reading(mut self) -> Self {
        (self.reads, self.safe) = (true, true);
        self
    }

    /// For writes that say how things are to be, and so may be sent again.
    pub fn repeatable(mut self) -> Self {
        self.safe = true;
        self
    }

    /// `/api/orders/A%2F1/ship` from its segments: all but the unreserved characters of RFC 3986 are escaped.
    pub fn path(segments: &[&str]) -> Result<String> {
        let mut path = String::new();
        for segment in segments {
            if matches!(*segment, "" | "." | "..") {
                let message = format!("`{segment}` cannot be part of a marketplace's address");
                return Err(Error::input("market/bad-id", message).help("look the order up at the marketplace"));
            }
            path.push('/');
            for byte in segment.bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
                    other => path.push_str(&format!("%{other:02X}")),
                }
            }
        }
        Ok(path)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    None,
    Json(serde_json::Value),
    Form(Vec<(String, String)>),
    /// Bytes as they are: an upload, XML.
    Raw {
        media_type: String,
        bytes: Vec<u8>,
    },
    /// One file in a multipart form: field, file name, media type, bytes.
    File {
        field: &'static str,
        name: String,
        media_type: &'static str,
        bytes: Vec<u8>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Marks the answer that a dry run made up.
const WITHHELD: &str = "x-purvey-dry-run";

impl Response {
    /// The answer of a dry run: nothing was sent, so nothing can be read from it.
    pub fn withheld() -> Self {
        Response { status: 204, headers: vec![(WITHHELD.to_owned(), "withheld".to_owned())], body: Vec::new() }
    }

    pub fn is_withheld(&self) -> bool {
        self.header(WITHHELD).is_some()
    }

    /// `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// How long the marketplace asks to wait: seconds, or a date, which counts from the server's own `Date`.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let moment = |text| time::parse(text, None).ok();
        let wait = moment(self.header("date")?)?.duration_until(moment(text)?);
        Some(Duration::try_from(wait).unwrap_or_default())
    }

    /// # Errors
    /// `market/unreadable` when the body is not the JSON that was expected. Worth trying again: it may be a page of some
    /// proxy in between.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|e| {
            Error::new(Kind::Unavailable, "market/unreadable", format!("the marketplace's answer cannot be read: {e}"))
                .help("run it again; if it stays, the account's address may be wrong or the marketplace has changed")
                .source(e)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_cannot_change_the_address() {
        let path = |id: &str| Request::path(&["api", "orders", id, "ship"]);
        assert_eq!(path("A-1.b_c~").unwrap(), "/api/orders/A-1.b_c~/ship");
        assert_eq!(path("../x?y=#z%/ü").unwrap(), "/api/orders/..%2Fx%3Fy%3D%23z%25%2F%C3%BC/ship");
        for id in ["", ".", ".."] {
            assert_eq!(path(id).unwrap_err().code, "market/bad-id", "{id}");
        }
    }

    #[test]
    fn an_address_that_was_given_out_is_kept_whole() {
        let url = "https://upload.example:8443/a%2Fb/c?X-Sig=a%2Fb%3D&n=1";
        let request = Request::at(Method::Put, "any", url).unwrap();
        assert_eq!((request.base.as_deref(), request.path.as_str()), (Some("https://upload.example:8443"), "/a%2Fb/c"));
        assert_eq!(request.query, [("X-Sig".to_owned(), "a/b=".to_owned()), ("n".to_owned(), "1".to_owned())]);
        assert_eq!(Request::at(Method::Put, "any", "nowhere").unwrap_err().code, "market/unreadable");
    }

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        let told = |wait: &str, date: &str| {
            let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let headers = vec![header("retry-after", wait), header("date", date)];
            Response { status: 429, headers, body: Vec::new() }.retry_after().map(|wait| wait.as_secs())
        };
        let date = "Wed, 25 Nov 2026 10:00:00 GMT";
        assert_eq!(told("17", ""), Some(17));
        assert_eq!(told("Wed, 25 Nov 2026 10:01:30 GMT", date), Some(90));
        assert_eq!(told("Wed, 25 Nov 2026 09:00:00 GMT", date), Some(0));
        assert_eq!(told("Wed, 25 Nov 2026 10:01:30 GMT", ""), None);
        assert_eq!(told("soon", date), None);
    }
}
