//! Reading orders page by page where a marketplace hands out the address of the next page.
//!
//! The question stays the same while its pages are read, with an upper bound where the marketplace takes one: its token
//! stands for a list that was made then, so nothing steps from page to page.
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::offset_pages::{self, Sorted};
use super::{OrderPage, PullFrom};
use crate::diagnostic::{Error, Kind, Result};
use crate::order::Order;

/// One page as it came.
pub(super) struct Page {
    pub orders: Vec<Value>,
    pub next: Option<String>,
}

/// What is asked for: the orders updated in this time, and the page of them.
pub(super) struct Ask<'a> {
    pub from: Timestamp,
    pub until: Timestamp,
    pub token: Option<&'a str>,
}

/// How one marketplace's list is read.
pub(super) struct List<'a> {
    pub overlap: Duration,
    /// Where in a raw order its id and its update stamp are (RFC 6901).
    pub id: &'static str,
    pub stamp: &'static str,
    /// `until` is part of the question: all up to there has been read when the last page is.
    pub bounded: bool,
    pub ask: &'a dyn Fn(&Ask<'_>) -> Result<Page>,
    pub read: &'a dyn Fn(Value) -> Result<Order, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cursor {
    Upto(Timestamp),
    Walk(Walk),
}

/// Between two pages.
#[derive(Serialize, Deserialize)]
struct Walk {
    from: Timestamp,
    until: Timestamp,
    /// Largest update stamp so far.
    reach: Timestamp,
    /// Update stamp of the oldest order that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hold: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Fingerprint of the last page.
    page: u64,
}

impl List<'_> {
    pub fn pull(&self, from: &PullFrom) -> Result<OrderPage> {
        let mut walk = self.start(from)?;
        let ask = |token| (self.ask)(&Ask { from: walk.from, until: walk.until, token });
        let told = match ask(walk.token.as_deref()) {
            // a token is good for a while only: without it, what was read is read again
            Err(refused) if walk.token.is_some() && refused.kind == Kind::Rejected => ask(None)?,
            told => told?,
        };
        let page = self.fingerprint(&told.orders);
        if walk.token.is_some() && !told.orders.is_empty() && page == walk.page {
            return Err(Error::new(
                Kind::Unavailable,
                "market/page-repeats",
                "a page of orders is the one before it again",
            )
            .help("the marketplace does not page as it should; run it again later"));
        }
        let sorted = offset_pages::sort_out(told.orders, self.id, self.stamp, walk.from, self.read);
        let Sorted { orders, unreadable, reach, hold } = sorted;
        walk.reach = reach.map_or(walk.reach, |reach| reach.max(walk.reach));
        walk.hold = [walk.hold, hold].into_iter().flatten().min();
        (walk.page, walk.token) = (page, told.next);
        let more = walk.token.is_some();
        let cursor = if more { Cursor::Walk(walk) } else { self.end(&walk) };
        let next =
            serde_json::to_string(&cursor).map_err(|e| Error::bug(format!("a cursor cannot be written: {e}")))?;
        Ok(OrderPage { orders, unreadable, next: Some(next), more })
    }

    fn start(&self, from: &PullFrom) -> Result<Walk> {
        let (start, reach) = match from.cursor.as_deref().map(serde_json::from_str) {
            None => (from.since, from.since),
            Some(Ok(Cursor::Walk(walk))) => return Ok(walk),
            Some(Ok(Cursor::Upto(upto))) => (upto.saturating_sub(self.overlap).unwrap_or(upto), upto),
            Some(Err(e)) => return Err(offset_pages::foreign_cursor(e)),
        };
        Ok(Walk { from: start, until: from.until.max(start), reach, hold: None, token: None, page: 0 })
    }

    fn end(&self, walk: &Walk) -> Cursor {
        let upto = if self.bounded { walk.until } else { walk.reach.min(walk.until) };
        Cursor::Upto(walk.hold.map_or(upto, |hold| hold.min(upto)))
    }

    fn fingerprint(&self, page: &[Value]) -> u64 {
        let ids: Vec<String> =
            page.iter().map(|raw| raw.pointer(self.id).map(Value::to_string).unwrap_or_default()).collect();
        xxh3_64(ids.join("\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::cell::RefCell;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_796_000_000 + 60 * minute).unwrap()
    }

    fn read(raw: Value) -> Result<Order, String> {
        Err(raw["why"].as_str().unwrap_or("no").to_owned())
    }

    /// Pulls all pages, and tells what was asked and where it ended.
    fn walk(
        bounded: bool,
        mut pages: Vec<Page>,
        cursor: Option<String>,
    ) -> (Vec<(i64, Option<String>)>, Result<OrderPage>) {
        pages.reverse();
        let (pages, asked) = (RefCell::new(pages), RefCell::new(Vec::new()));
        let ask = |ask: &Ask<'_>| {
            asked.borrow_mut().push(((ask.from.as_second() - at(0).as_second()) / 60, ask.token.map(str::to_owned)));
            Ok(pages.borrow_mut().pop().unwrap())
        };
        let overlap = Duration::from_secs(300);
        let list = List { overlap, id: "/id", stamp: "/at", bounded, ask: &ask, read: &read };
        let mut from = PullFrom { cursor, since: at(0), until: at(60) };
        loop {
            let page = list.pull(&from);
            match page {
                Ok(page) if page.more => from = PullFrom { cursor: page.next, since: at(0), until: at(99) },
                end => return (asked.into_inner(), end),
            }
        }
    }

    fn page(orders: Value, next: Option<&str>) -> Page {
        Page { orders: orders.as_array().unwrap().clone(), next: next.map(str::to_owned) }
    }

    #[test]
    fn pages_follow_their_tokens_and_the_end_is_the_bound_of_the_first() {
        let pages = || vec![page(json!([]), Some("b")), page(json!([]), None)];
        let (asked, end) = walk(true, pages(), None);
        assert_eq!(asked, [(0, None), (0, Some("b".to_owned()))]);
        assert_eq!(end.unwrap().next.unwrap(), format!(r#"{{"upto":"{}"}}"#, at(60)));
        let upto = format!(r#"{{"upto":"{}"}}"#, at(20));
        let (asked, end) = walk(false, pages(), Some(upto.clone()));
        assert_eq!(asked[0], (15, None));
        assert_eq!(end.unwrap().next.unwrap(), upto);
    }

    #[test]
    fn an_unreadable_order_holds_the_cursor() {
        let broken = json!([{ "id": "b", "at": at(30).to_string() }]);
        let (_, end) = walk(true, vec![page(broken, None)], None);
        assert_eq!(end.unwrap().next.unwrap(), format!(r#"{{"upto":"{}"}}"#, at(30)));
    }

    #[test]
    fn the_same_page_with_a_new_token_is_noticed() {
        let same = json!([{ "id": "b", "at": at(30).to_string() }]);
        let (_, end) = walk(true, vec![page(same.clone(), Some("1")), page(same, Some("2"))], None);
        assert_eq!(end.unwrap_err().code, "market/page-repeats");
        let (_, end) = walk(true, Vec::new(), Some("elsewhere".to_owned()));
        assert_eq!(end.unwrap_err().code, "market/cursor");
    }
}
