//! Reading orders by two doors. The journal of events is a true cursor, but events come twice (allegro-api 2087, 7824) or
//! not at all (8586, 8856). So the list of what was updated is read after it, with an overlap.
//!
//! Forms that are paid together become a new one, and the old ones are gone (3284, 589): an event whose form is gone is
//! told as a canceled order, so that its units are held once, by the new form.
use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Allegro, normal, wire};
use crate::diagnostic::{Error, Result};
use crate::market::json::moment;
use crate::market::offset_pages::{List, Page, foreign_cursor};
use crate::market::{OrderPage, Port, PullFrom, Request, Unreadable};
use crate::order::Order;
use crate::value::time;

pub(super) const OVERLAP: Duration = Duration::from_secs(15 * 60);
const PAGE_MAX: usize = 100;
/// Each event's form is read by itself.
const EVENTS_MAX: usize = 100;

#[derive(Serialize, Deserialize)]
struct Cursor {
    /// The last event that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    /// The journal has been read to its end in this pull, and the list is what is being read.
    #[serde(default)]
    in_list: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list: Option<String>,
}

impl Allegro {
    pub(super) fn pull_page(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        match from.cursor.as_deref().map(serde_json::from_str) {
            // what happens from here on is in the journal, what was before in the list
            None => self.list(port, from, Cursor { event: latest(port)?, in_list: true, list: None }),
            Some(Err(e)) => Err(foreign_cursor(e)),
            Some(Ok(cursor @ Cursor { in_list: true, .. })) => self.list(port, from, cursor),
            Some(Ok(cursor)) => self.journal(port, from, cursor),
        }
    }

    fn list(&self, port: &dyn Port, from: &PullFrom, cursor: Cursor) -> Result<OrderPage> {
        let list = List {
            overlap: OVERLAP,
            id: "/id",
            stamp: "/updatedAt",
            ask: &|since, offset| {
                let request = Request::get("orders", &["order", "checkout-forms"])?
                    .query("updatedAt.gte", time::to_utc_text(since))
                    .query("sort", "updatedAt")
                    .query("limit", PAGE_MAX.to_string())
                    .query("offset", offset.to_string());
                let told: wire::Forms = port.send(request)?.json()?;
                Ok(Page { orders: told.checkout_forms, total: told.total_count })
            },
            read: |raw| normal::read(raw).and_then(normal::order),
        };
        let page = list.pull(&PullFrom { cursor: cursor.list, ..from.clone() })?;
        let next = written(&Cursor { event: cursor.event, in_list: page.more, list: page.next })?;
        Ok(OrderPage { next: Some(next), ..page })
    }

    fn journal(&self, port: &dyn Port, from: &PullFrom, cursor: Cursor) -> Result<OrderPage> {
        let Some(last) = cursor.event else {
            let event = latest(port)?;
            return self.list(port, from, Cursor { event, in_list: true, ..cursor });
        };
        let request = Request::get("events", &["order", "events"])?.query("from", &last);
        let told: wire::Events = port.send(request.query("limit", EVENTS_MAX.to_string()))?.json()?;
        if told.events.is_empty() {
            return self.list(port, from, Cursor { event: Some(last), in_list: true, ..cursor });
        }
        let (orders, unreadable) = self.forms_of(port, &told.events)?;
        let event = told.events.last().map(|event| event.id.clone()).or(Some(last));
        let next = written(&Cursor { event, in_list: told.events.len() < EVENTS_MAX, list: cursor.list })?;
        Ok(OrderPage { orders, unreadable, next: Some(next), more: true })
    }

    /// The forms of these events, each once.
    fn forms_of(&self, port: &dyn Port, events: &[wire::Event]) -> Result<(Vec<Order>, Vec<Unreadable>)> {
        let (mut orders, mut unreadable) = (Vec::new(), Vec::new());
        let latest = events.iter().filter_map(|event| moment(&event.occurred_at).ok()).max();
        let mut seen = HashSet::new();
        for event in events.iter().rev() {
            let Some(id) = event.order.checkout_form.as_ref().and_then(|form| form.id.as_deref()) else { continue };
            if !seen.insert(id) {
                continue;
            }
            let order = match self.find(port, id) {
                Ok(Some(form)) => normal::order(form),
                Ok(None) => gone(event, id, latest),
                Err(error) if error.code == "market/order-unreadable" => Err(error.message),
                Err(error) => return Err(error),
            };
            match order {
                Ok(order) => orders.push(order),
                Err(why) => unreadable.push(Unreadable { order_id: Some(id.to_owned()), why }),
            }
        }
        orders.reverse();
        Ok((orders, unreadable))
    }
}

/// What is known of a form that is not there any more. It was merged before the newest event of the page.
fn gone(event: &wire::Event, id: &str, latest: Option<Timestamp>) -> Result<Order, String> {
    normal::gone(id, &event.order.line_items, moment(&event.occurred_at)?, latest)
}

/// The newest event, for a first pull.
fn latest(port: &dyn Port) -> Result<Option<String>> {
    let told: wire::EventStats = port.send(Request::get("event-stats", &["order", "event-stats"])?)?.json()?;
    Ok(told.latest_event.and_then(|event| event.id))
}

fn written(cursor: &Cursor) -> Result<String> {
    serde_json::to_string(cursor).map_err(|e| Error::bug(format!("a cursor cannot be written: {e}")))
}
