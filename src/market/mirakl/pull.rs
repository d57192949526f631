//! Reading orders page by page (OR11).
//!
//! The platform pages by offset, over a list that can only be sorted by creation date: see
//! [`offset_pages`](crate::market::offset_pages).
use serde_json::Value;

use super::{Mirakl, OVERLAP, normal, wire};
use crate::diagnostic::{Error, Result};
use crate::market::faults::order_unreadable;
use crate::market::offset_pages::{List, Page};
use crate::market::{OrderPage, Port, PullFrom, Request};
use crate::value::time;

/// The most the platform gives at once.
const PAGE_MAX: usize = 100;

impl Mirakl {
    pub(super) fn pull_page(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/order_id",
            stamp: "/last_updated_date",
            ask: &|since, offset| {
                let request = Request::get("orders", &["api", "orders"])?
                    .query("start_update_date", time::to_utc_text(since))
                    .query("offset", offset.to_string())
                    .query("max", PAGE_MAX.to_string());
                let told: wire::Orders = self.send(port, request)?.json()?;
                Ok(Page { orders: told.orders, total: told.total_count })
            },
            read: |raw| normal::read(raw).and_then(normal::order),
        };
        list.pull(from)
    }

    /// One order as it stands (OR11 by id).
    pub(super) fn find(&self, port: &dyn Port, order_id: &str) -> Result<Option<wire::Order>> {
        if order_id.contains(',') {
            let message = format!("`{order_id}` is no order of this marketplace: its ids have no commas");
            return Err(Error::input("market/bad-id", message).help("look the order up at the marketplace"));
        }
        let request = Request::get("orders", &["api", "orders"])?.query("order_ids", order_id);
        let told: wire::Orders = self.send(port, request)?.json()?;
        // as in a pull: a page that is empty although it should not be says nothing of the order
        if told.orders.is_empty() && told.total_count > 0 {
            return Err(order_unreadable(order_id, "the page that should hold it is empty"));
        }
        let found = told.orders.into_iter().find(|raw| id_of(raw).as_deref() == Some(order_id));
        found.map(normal::read).transpose().map_err(|why| order_unreadable(order_id, &why))
    }
}

fn id_of(raw: &Value) -> Option<String> {
    raw.get("order_id")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Account, Connector, Response, Secret};
    use jiff::Timestamp;
    use serde_json::json;
    use std::sync::Mutex;

    /// Answers with one page after another, and remembers what was asked.
    struct Pages {
        answers: Mutex<Vec<Value>>,
        asked: Mutex<Vec<Vec<(String, String)>>>,
    }

    impl Pages {
        fn of(mut answers: Vec<Value>) -> Self {
            answers.reverse();
            Pages { answers: Mutex::new(answers), asked: Mutex::default() }
        }

        fn asked(&self, name: &str) -> Vec<String> {
            let asked = self.asked.lock().unwrap();
            asked.iter().flatten().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
        }
    }

    impl Port for Pages {
        fn send(&self, request: Request) -> Result<Response> {
            self.asked.lock().unwrap().push(request.query);
            let body = self.answers.lock().unwrap().pop().unwrap().to_string().into_bytes();
            Ok(Response { status: 200, headers: Vec::new(), body })
        }

        fn now(&self) -> Timestamp {
            at(0)
        }
    }

    fn at(minute: u64) -> Timestamp {
        format!("2026-11-25T{:02}:{:02}:00Z", 8 + minute / 60, minute % 60).parse().unwrap()
    }

    fn order(id: &str, minute: u64) -> Value {
        json!({ "order_id": id, "order_state": "SHIPPING", "currency_iso_code": "EUR", "total_price": 1,
            "created_date": at(0).to_string(), "last_updated_date": at(minute).to_string(),
            "order_lines": [{ "order_line_id": format!("{id}-1"), "quantity": 1, "price_unit": 1 }] })
    }

    fn page(orders: &[Value], total: usize) -> Value {
        json!({ "orders": orders, "total_count": total })
    }

    fn mirakl() -> Mirakl {
        let account = Account::new("m", "https://m.example", Secret::new("k"));
        Mirakl::new(&Account { shop_id: Some("9".into()), ..account })
    }

    fn from(cursor: Option<&str>, until: u64) -> PullFrom {
        PullFrom { cursor: cursor.map(str::to_owned), since: at(0), until: at(until) }
    }

    /// The whole pull, and where it ended.
    fn walk(pages: &Pages, first: &PullFrom) -> (Vec<OrderPage>, String) {
        let (mut from, mut got) = (first.clone(), Vec::new());
        loop {
            let page = mirakl().pull(pages, &from).unwrap();
            from.cursor = page.next.clone();
            // the host's clock goes on while pages are read
            from.until = at(900);
            let more = page.more;
            got.push(page);
            if !more {
                return (got, from.cursor.unwrap());
            }
        }
    }

    #[test]
    fn the_next_pull_starts_before_the_largest_stamp_seen() {
        let pages =
            Pages::of(vec![page(&[order("a", 10), order("b", 30)], 3), page(&[order("c", 20)], 3), page(&[], 0)]);
        let (got, cursor) = walk(&pages, &from(None, 60));
        assert_eq!(got.len(), 2);
        mirakl().pull(&pages, &from(Some(&cursor), 90)).unwrap();
        assert_eq!(pages.asked("offset"), ["0", "2", "0"]);
        let starts = ["2026-11-25T08:00:00Z", "2026-11-25T08:00:00Z", "2026-11-25T08:25:00Z"];
        assert_eq!(pages.asked("start_update_date"), starts);
        assert_eq!(pages.asked("shop_id"), ["9", "9", "9"]);
    }

    #[test]
    fn no_cursor_goes_beyond_the_moment_the_first_page_was_asked_for() {
        let pages = Pages::of(vec![page(&[order("a", 10)], 2), page(&[order("b", 50)], 2)]);
        let (_, cursor) = walk(&pages, &from(None, 20));
        assert_eq!(cursor, format!(r#"{{"upto":"{}"}}"#, at(20)));
    }

    #[test]
    fn an_empty_pull_leaves_the_cursor_where_it_is() {
        let start = format!(r#"{{"upto":"{}"}}"#, at(20));
        let (_, cursor) = walk(&Pages::of(vec![page(&[], 0)]), &from(Some(&start), 60));
        assert_eq!(cursor, start);
    }

    #[test]
    fn one_unreadable_order_is_reported_and_holds_the_cursor() {
        let mut broken = order("b", 15);
        broken["currency_iso_code"] = json!("nonsense");
        let (got, cursor) = walk(&Pages::of(vec![page(&[order("a", 10), broken, order("c", 40)], 3)]), &from(None, 60));
        assert_eq!(got[0].orders.len(), 2);
        assert_eq!(got[0].unreadable[0].order_id.as_deref(), Some("b"));
        assert_eq!(cursor, format!(r#"{{"upto":"{}"}}"#, at(15)));
        let (got, cursor) = walk(&Pages::of(vec![page(&[order("a", 10), json!(7)], 2)]), &from(None, 60));
        assert_eq!((got[0].orders.len(), got[0].unreadable.len()), (1, 1));
        assert_eq!(cursor, format!(r#"{{"upto":"{}"}}"#, at(0)));
    }

    #[test]
    fn an_order_that_comes_twice_counts_once_as_it_was_last() {
        let (got, _) =
            walk(&Pages::of(vec![page(&[order("a", 10), order("a", 12), order("a", 11)], 3)]), &from(None, 60));
        assert_eq!(got[0].orders.iter().map(|o| o.updated_at).collect::<Vec<_>>(), [at(12)]);
    }

    #[test]
    fn a_server_that_does_not_page_is_noticed() {
        let same = page(&[order("a", 10)], 5);
        let pages = Pages::of(vec![same.clone(), same]);
        let first = mirakl().pull(&pages, &from(None, 60)).unwrap();
        let second = mirakl().pull(&pages, &from(first.next.as_deref(), 60));
        assert_eq!(second.unwrap_err().code, "market/page-repeats");
        let pages = Pages::of(vec![page(&[], 5); 3]);
        assert_eq!(mirakl().pull(&pages, &from(None, 60)).unwrap_err().code, "market/page-empty");
        let pages = Pages::of(vec![page(&[], 1), page(&[order("a", 1)], 1)]);
        assert_eq!(mirakl().pull(&pages, &from(None, 60)).unwrap().orders.len(), 1);
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let refused = mirakl().pull(&Pages::of(Vec::new()), &from(Some("2026"), 60));
        assert_eq!(refused.unwrap_err().code, "market/cursor");
    }
}
