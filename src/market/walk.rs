//! What every way of paging shares: how far a pull may say that it has read, and what becomes of the orders of a page.
//!
//! The cursor ends at the largest stamp that was seen, but never beyond `until` of the first page: an order of an early
//! page may change, with a lower stamp than an order of a later page shows.
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::moment;
use super::{PullFrom, Unreadable};
use crate::diagnostic::{Error, Result};
use crate::order::Order;

/// How one marketplace's orders are read.
pub(super) struct Reading<'a> {
    /// Fields of a raw order.
    pub id: &'static str,
    pub stamp: &'static str,
    /// An order of theirs as one of ours, or one sentence why not.
    pub read: &'a dyn Fn(Value) -> Result<Order, String>,
}

/// How far a pull has read. `W` is where it stands between two pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cursor<W> {
    /// Everything up to here, with the next pull overlapping it.
    Upto(Timestamp),
    Walk(W),
}

/// The span of one pull.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Span {
    pub from: Timestamp,
    until: Timestamp,
    /// Largest update stamp so far.
    reach: Timestamp,
    /// Update stamp of the oldest order that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hold: Option<Timestamp>,
}

impl<W: Serialize + DeserializeOwned> Cursor<W> {
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| {
            Error::input("market/cursor", format!("the stored cursor cannot be read: {e}"))
                .help("pull again with --since to start anew")
                .source(e)
        })
    }

    pub fn write(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::bug(format!("a cursor cannot be written: {e}")))
    }
}

impl Span {
    /// Of a pull that is not under way yet; `upto` is where the last one ended.
    pub fn new(from: &PullFrom, upto: Option<Timestamp>, overlap: Duration) -> Self {
        let reach = upto.unwrap_or(from.since);
        let start = upto.map_or(from.since, |upto| upto.saturating_sub(overlap).unwrap_or(upto));
        Span { from: start, until: from.until, reach, hold: None }
    }

    /// Where the next pull is to go on.
    pub fn end(&self) -> Timestamp {
        let upto = self.reach.min(self.until);
        self.hold.map_or(upto, |hold| hold.min(upto))
    }

    /// Sorts a page out. An order that comes twice counts once, as it was last.
    pub fn take(&mut self, page: Vec<Value>, reading: &Reading<'_>) -> (Vec<Order>, Vec<Unreadable>) {
        let (mut orders, mut unreadable) = (Vec::<Order>::with_capacity(page.len()), Vec::new());
        for raw in page {
            let order_id = text(&raw, reading.id);
            let stamp = text(&raw, reading.stamp).and_then(|stamp| moment(&stamp).ok());
            match (reading.read)(raw) {
                Err(why) => {
                    let hold = stamp.unwrap_or(self.from);
                    self.hold = Some(self.hold.map_or(hold, |other| other.min(hold)));
                    unreadable.push(Unreadable { order_id, why });
                }
                Ok(order) => {
                    self.reach = self.reach.max(order.updated_at);
                    match orders.iter_mut().find(|other| other.channel_order_id == order.channel_order_id) {
                        Some(other) if other.updated_at <= order.updated_at => *other = order,
                        Some(_) => {}
                        None => orders.push(order),
                    }
                }
            }
        }
        (orders, unreadable)
    }
}

/// A text, or a number as one.
pub(super) fn text(raw: &Value, field: &str) -> Option<String> {
    match raw.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
