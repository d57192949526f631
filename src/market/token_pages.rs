//! Reading orders page by page where every page names the next one by a token, best in the order of their updates: then
//! an order that changes meanwhile moves to the end, and comes twice.
//!
//! A token is good for a while only. One that is refused means starting again where the pull began.
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::walk::{Cursor, Reading, Span};
use super::{OrderPage, PullFrom};
use crate::diagnostic::{Error, Kind, Result};

/// One page as it came. The orders stay raw, so that one that cannot be read does not spoil its page.
pub(super) struct Page {
    pub orders: Vec<Value>,
    /// Of the page that follows, if one does.
    pub next: Option<String>,
}

/// How one marketplace's list is read.
pub(super) struct List<'a> {
    pub overlap: Duration,
    pub reading: Reading<'a>,
    /// The first page of what was updated since a moment, or the one a token names.
    pub ask: &'a dyn Fn(Timestamp, Option<&str>) -> Result<Page>,
}

/// Between two pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Walk {
    #[serde(flatten)]
    span: Span,
    token: String,
}

impl List<'_> {
    pub fn pull(&self, from: &PullFrom) -> Result<OrderPage> {
        let (mut span, token) = match from.cursor.as_deref().map(Cursor::<Walk>::read).transpose()? {
            None => (Span::new(from, None, self.overlap), None),
            Some(Cursor::Upto(upto)) => (Span::new(from, Some(upto), self.overlap), None),
            Some(Cursor::Walk(walk)) => (walk.span, Some(walk.token)),
        };
        let told = match (self.ask)(span.from, token.as_deref()) {
            Err(refused) if token.is_some() && refused.kind == Kind::Rejected => (self.ask)(span.from, None)?,
            told => told?,
        };
        if token.is_some() && told.next == token {
            let message = "the page of orders that follows is said to be the same one again";
            return Err(Error::new(Kind::Unavailable, "market/page-repeats", message)
                .help("the marketplace does not page as it should; run it again later"));
        }
        let (orders, unreadable) = span.take(told.orders, &self.reading);
        let more = told.next.is_some();
        let cursor = match told.next {
            Some(token) => Cursor::Walk(Walk { span, token }),
            None => Cursor::Upto(span.end()),
        };
        Ok(OrderPage { orders, unreadable, next: Some(cursor.write()?), more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{Fulfillment, Order, State};
    use crate::value::Currency;
    use serde_json::json;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_764_061_200 + 60 * minute).unwrap()
    }

    fn read(raw: Value) -> Result<Order, String> {
        let minute = raw["at"].as_i64().ok_or("no time")?;
        Ok(Order {
            channel_order_id: raw["id"].as_str().ok_or("no id")?.to_owned(),
            state: Some(State::Ready),
            channel_state: "paid".to_owned(),
            fulfillment: Fulfillment::Parcel,
            pickup_point: None,
            currency: Currency::parse("EUR").unwrap(),
            total_minor: 0,
            shipping_minor: 0,
            placed_at: at(0),
            updated_at: at(minute),
            acknowledge_by: None,
            lines: Vec::new(),
            buyer: None,
        })
    }

    fn pull(cursor: Option<String>, ask: &dyn Fn(Timestamp, Option<&str>) -> Result<Page>) -> Result<OrderPage> {
        let reading = Reading { id: "id", stamp: "stamp", read: &read };
        List { overlap: Duration::from_secs(300), reading, ask }.pull(&PullFrom { cursor, since: at(0), until: at(60) })
    }

    fn page(orders: Value, next: Option<&str>) -> Result<Page> {
        let Value::Array(orders) = orders else { panic!("{orders}") };
        Ok(Page { orders, next: next.map(str::to_owned) })
    }

    #[test]
    fn tokens_lead_to_the_end_and_the_next_pull_overlaps() {
        let ask = |since, token: Option<&str>| match token {
            None if since == at(0) => page(json!([{ "id": "a", "at": 10 }, { "id": "a", "at": 12 }]), Some("t")),
            Some("t") => page(json!([{ "id": "b", "at": 70 }]), None),
            _ => page(json!([]), None),
        };
        let first = pull(None, &ask).unwrap();
        assert_eq!((first.orders.len(), first.more), (1, true));
        let last = pull(first.next, &ask).unwrap();
        // not beyond the moment of the first page
        assert_eq!(last.next.as_deref(), Some(format!(r#"{{"upto":"{}"}}"#, at(60)).as_str()));
        let asked = |since, _: Option<&str>| {
            assert_eq!(since, at(55));
            page(json!([]), None)
        };
        assert!(!pull(last.next, &asked).unwrap().more);
    }

    #[test]
    fn a_token_that_is_no_longer_good_means_starting_again() {
        let first = pull(None, &|_, _| page(json!([{ "id": "a", "at": 10 }]), Some("old"))).unwrap();
        let again = pull(first.next.clone(), &|_, token| match token {
            Some(_) => Err(Error::new(Kind::Rejected, "market/rejected", "the token has expired")),
            None => page(json!([{ "id": "a", "at": 10 }]), Some("new")),
        });
        assert!(again.unwrap().more);
        let same = pull(first.next, &|_, _| page(json!([]), Some("old")));
        assert_eq!(same.unwrap_err().code, "market/page-repeats");
    }

    #[test]
    fn an_unreadable_order_holds_the_cursor() {
        let orders = json!([{ "id": "a", "at": 10 }, { "id": 7, "stamp": at(5).to_string() }, { "id": "c", "at": 40 }]);
        let read = pull(None, &|_, _| page(orders.clone(), None)).unwrap();
        assert_eq!((read.orders.len(), read.unreadable[0].order_id.as_deref()), (2, Some("7")));
        assert_eq!(read.next.as_deref(), Some(format!(r#"{{"upto":"{}"}}"#, at(5)).as_str()));
    }
}
