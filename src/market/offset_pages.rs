//! Reading orders page by page where a marketplace pages by offset, over a list that moves while it is read.
//!
//! There is to be no upper bound on the update date in the question: an order that changed in between would leave the
//! list, and the one behind it would step into a page that has been read. Without it orders can only come twice.
//!
//! The cursor ends at the largest stamp that was seen, but never beyond `until` of the first page: an order of an early
//! page may change, with a lower stamp than an order of a later page shows.
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::{OrderPage, PullFrom, Unreadable};
use crate::diagnostic::{Error, Kind, Result};
use crate::order::Order;
use crate::value::time;

/// How often a page is asked for that is empty although it should not be.
const EMPTY_MAX: u32 = 3;

/// One page as it came. The orders stay raw, so that one that cannot be read does not spoil its page.
pub(super) struct Page {
    pub orders: Vec<Value>,
    /// Of the whole list.
    pub total: usize,
}

/// How one marketplace's list is read.
pub(super) struct List<'a> {
    pub overlap: Duration,
    /// Where in a raw order its id and its update stamp are (RFC 6901).
    pub id: &'static str,
    pub stamp: &'static str,
    /// The page at an offset of what was updated since a moment.
    pub ask: &'a dyn Fn(Timestamp, usize) -> Result<Page>,
    /// An order of theirs as one of ours, or one sentence why not.
    pub read: fn(Value) -> Result<Order, String>,
}

/// How far a pull has read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cursor {
    /// Everything up to here, with the next pull overlapping it.
    Upto(Timestamp),
    Walk(Walk),
}

/// Between two pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Walk {
    from: Timestamp,
    until: Timestamp,
    /// Largest update stamp so far.
    reach: Timestamp,
    /// Update stamp of the oldest order that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hold: Option<Timestamp>,
    offset: usize,
    /// Fingerprint of the last page's order ids.
    page: u64,
}

impl List<'_> {
    pub fn pull(&self, from: &PullFrom) -> Result<OrderPage> {
        let mut walk = self.start(from)?;
        let told = self.ask_again(&walk)?;
        let page = self.fingerprint(&told.orders);
        if walk.offset > 0 && !told.orders.is_empty() && page == walk.page {
            let message = format!("the page of orders at {} is the one before it again", walk.offset);
            return Err(Error::new(Kind::Unavailable, "market/page-repeats", message)
                .help("the marketplace does not page as it should; run it again later"));
        }
        let count = told.orders.len();
        let Sorted { orders, unreadable, reach, hold } =
            sort_out(told.orders, self.id, self.stamp, walk.from, &self.read);
        walk.reach = reach.map_or(walk.reach, |reach| reach.max(walk.reach));
        walk.hold = [walk.hold, hold].into_iter().flatten().min();
        walk.offset = walk.offset.saturating_add(count);
        walk.page = page;
        let more = walk.offset < told.total;
        let cursor = if more { Cursor::Walk(walk) } else { walk.end() };
        let next =
            serde_json::to_string(&cursor).map_err(|e| Error::bug(format!("a cursor cannot be written: {e}")))?;
        Ok(OrderPage { orders, unreadable, next: Some(next), more })
    }

    fn start(&self, from: &PullFrom) -> Result<Walk> {
        let upto = match from.cursor.as_deref().map(serde_json::from_str) {
            None => return Ok(Walk::new(from.since, from.since, from.until)),
            Some(Ok(Cursor::Walk(walk))) => return Ok(walk),
            Some(Ok(Cursor::Upto(upto))) => upto,
            Some(Err(e)) => return Err(foreign_cursor(e)),
        };
        Ok(Walk::new(upto.saturating_sub(self.overlap).unwrap_or(upto), upto, from.until))
    }

    /// A page that is empty although more is said to follow is asked for again: to go on would be to skip it.
    fn ask_again(&self, walk: &Walk) -> Result<Page> {
        for _ in 0..EMPTY_MAX {
            let told = (self.ask)(walk.from, walk.offset)?;
            if !told.orders.is_empty() || walk.offset >= told.total {
                return Ok(told);
            }
        }
        let message = format!("the page of orders at {} is empty although more should follow", walk.offset);
        Err(Error::new(Kind::Unavailable, "market/page-empty", message)
            .help("nothing is lost: the next pull goes on from here"))
    }

    fn fingerprint(&self, page: &[Value]) -> u64 {
        let ids: Vec<String> = page.iter().map(|raw| text(raw, self.id).unwrap_or_default()).collect();
        xxh3_64(ids.join("\n").as_bytes())
    }
}

impl Walk {
    fn new(from: Timestamp, reach: Timestamp, until: Timestamp) -> Walk {
        Walk { from, until, reach, hold: None, offset: 0, page: 0 }
    }

    fn end(&self) -> Cursor {
        let upto = self.reach.min(self.until);
        Cursor::Upto(self.hold.map_or(upto, |hold| hold.min(upto)))
    }
}

/// The error for a cursor that was not written here.
pub(super) fn foreign_cursor(why: serde_json::Error) -> Error {
    Error::input("market/cursor", format!("the stored cursor cannot be read: {why}"))
        .help("pull again with --since to start anew")
        .source(why)
}

/// A page sorted out.
pub(super) struct Sorted {
    pub orders: Vec<Order>,
    pub unreadable: Vec<Unreadable>,
    /// Largest update stamp of the orders.
    pub reach: Option<Timestamp>,
    /// Smallest update stamp of those that cannot be read.
    pub hold: Option<Timestamp>,
}

/// An order that comes twice counts once, as it was last. One that cannot be read and tells no stamp counts as of `from`.
pub(super) fn sort_out(
    page: Vec<Value>,
    id: &str,
    stamp: &str,
    from: Timestamp,
    read: &dyn Fn(Value) -> Result<Order, String>,
) -> Sorted {
    let mut sorted = Sorted { orders: Vec::with_capacity(page.len()), unreadable: Vec::new(), reach: None, hold: None };
    for raw in page {
        let (order_id, stamp) = (text(&raw, id), text(&raw, stamp));
        match read(raw) {
            Err(why) => {
                let hold = stamp.and_then(|stamp| time::parse(&stamp, None).ok()).unwrap_or(from);
                sorted.hold = Some(sorted.hold.map_or(hold, |other| other.min(hold)));
                sorted.unreadable.push(Unreadable { order_id, why });
            }
            Ok(order) => {
                sorted.reach = sorted.reach.max(Some(order.updated_at));
                match sorted.orders.iter_mut().find(|other| other.channel_order_id == order.channel_order_id) {
                    Some(other) if other.updated_at <= order.updated_at => *other = order,
                    Some(_) => {}
                    None => sorted.orders.push(order),
                }
            }
        }
    }
    sorted
}

/// A text, or a number as one.
pub(super) fn text(raw: &Value, place: &str) -> Option<String> {
    match raw.pointer(place)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
