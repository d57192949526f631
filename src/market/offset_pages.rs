//! Reading orders page by page where a marketplace pages by offset, over a list that moves while it is read.
//!
//! There is to be no upper bound on the update date in the question: an order that changed in between would leave the
//! list, and the one behind it would step into a page that has been read. Without it orders can only come twice, unless
//! one is deleted: a list that has become shorter is read from its start again.
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::walk::{self, Cursor, Reading, Span};
use super::{OrderPage, PullFrom};
use crate::diagnostic::{Error, Kind, Result};

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
    pub reading: Reading<'a>,
    /// The page at an offset of what was updated since a moment.
    pub ask: &'a dyn Fn(Timestamp, usize) -> Result<Page>,
}

/// Between two pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Walk {
    #[serde(flatten)]
    span: Span,
    offset: usize,
    /// Fingerprint of the last page's order ids.
    page: u64,
    /// Length of the list when the last page was read.
    #[serde(default)]
    total: usize,
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
        let (orders, unreadable) = walk.span.take(told.orders, &self.reading);
        let shrunk = told.total < walk.total;
        (walk.offset, walk.page) = if shrunk { (0, 0) } else { (walk.offset.saturating_add(count), page) };
        walk.total = told.total;
        let more = shrunk || walk.offset < told.total;
        let cursor = if more { Cursor::Walk(walk) } else { Cursor::Upto(walk.span.end()) };
        Ok(OrderPage { orders, unreadable, next: Some(cursor.write()?), more })
    }

    fn start(&self, from: &PullFrom) -> Result<Walk> {
        let upto = match from.cursor.as_deref().map(Cursor::read).transpose()? {
            None => None,
            Some(Cursor::Walk(walk)) => return Ok(walk),
            Some(Cursor::Upto(upto)) => Some(upto),
        };
        Ok(Walk { span: Span::new(from, upto, self.overlap), offset: 0, page: 0, total: 0 })
    }

    /// A page that is empty although more is said to follow is asked for again: to go on would be to skip it.
    fn ask_again(&self, walk: &Walk) -> Result<Page> {
        for _ in 0..EMPTY_MAX {
            let told = (self.ask)(walk.span.from, walk.offset)?;
            if !told.orders.is_empty() || walk.offset >= told.total {
                return Ok(told);
            }
        }
        let message = format!("the page of orders at {} is empty although more should follow", walk.offset);
        Err(Error::new(Kind::Unavailable, "market/page-empty", message)
            .help("nothing is lost: the next pull goes on from here"))
    }

    fn fingerprint(&self, page: &[Value]) -> u64 {
        let ids: Vec<String> = page.iter().map(|raw| walk::text(raw, self.reading.id).unwrap_or_default()).collect();
        xxh3_64(ids.join("\n").as_bytes())
    }
}
