//! Orders as a person looks at them: the list, and one in full.
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use super::buyers::erased_at;
use super::open::{Reader, Writer};
use super::outbox::{Outgoing, of_order};
use super::refunds::{RefundDetail, refunds_of};
use super::ship::parcels_of;
use super::sql::{all, one, parsed, word, word_or_null};
use crate::diagnostic::Result;
use crate::order::{Buyer, Fulfillment, Parcel, State};
use crate::stock::HoldKind;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderSummary {
    pub channel: String,
    pub order_id: String,
    pub state: State,
    /// The last state the marketplace itself told; ours may be ahead of it.
    pub heard_state: Option<State>,
    /// The marketplace's own word.
    pub channel_state: String,
    pub fulfillment: Fulfillment,
    pub pickup_point: Option<String>,
    pub currency: String,
    pub total_minor: i64,
    pub shipping_minor: i64,
    pub placed_at: Timestamp,
    pub updated_at: Timestamp,
    pub acknowledge_by: Option<Timestamp>,
    pub lines: i64,
    /// Units neither canceled nor gone.
    pub open: i64,
    pub unmatched_lines: i64,
    pub short: i64,
}

/// Which orders; everything `None` or false is every order.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    pub channel: Option<String>,
    pub state: Option<State>,
    /// Only those with units still to leave.
    pub open: bool,
    /// Only those that wait for a person: unmatched or short lines.
    pub waiting: bool,
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderDetail {
    #[serde(flatten)]
    pub summary: OrderSummary,
    pub line_items: Vec<LineDetail>,
    pub parcels: Vec<Parcel>,
    pub returns: Vec<ReturnDetail>,
    pub refunds: Vec<RefundDetail>,
    /// What was, or is to be, told to the marketplace.
    pub outbox: Vec<Outgoing>,
    pub buyer: Option<Buyer>,
    /// When the buyer's data was erased, if it was.
    pub buyer_erased_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineDetail {
    pub line_id: String,
    pub channel_sku: Option<String>,
    pub sku: Option<String>,
    pub matched_by: Option<String>,
    pub gtin: Option<String>,
    pub title: String,
    pub quantity: i64,
    pub canceled: i64,
    pub canceled_late: i64,
    pub shipped: i64,
    pub returned: i64,
    pub short: i64,
    pub price_minor: i64,
    pub tax_minor: i64,
    pub holds: Vec<HoldDetail>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HoldDetail {
    /// Store code.
    pub location: String,
    /// `reservation` or `allocation`.
    pub kind: &'static str,
    pub quantity: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReturnDetail {
    pub line_id: String,
    pub location: String,
    pub quantity: i64,
    pub restocked: bool,
    pub reason: Option<String>,
    pub at: Timestamp,
}

const SUMMARY: &str = "SELECT o.*, count(l.id) AS lines, coalesce(sum(l.quantity - l.canceled - l.shipped), 0) AS open,
    count(l.id) FILTER (WHERE l.variant_id IS NULL) AS unmatched_lines, coalesce(sum(l.short), 0) AS short
  FROM orders o LEFT JOIN line_item l ON l.order_id = o.id";

fn summary(r: &Row<'_>) -> rusqlite::Result<OrderSummary> {
    Ok(OrderSummary {
        channel: r.get("channel")?,
        order_id: r.get("channel_order_id")?,
        state: word(r, "state", State::parse)?,
        heard_state: word_or_null(r, "heard_state", State::parse)?,
        channel_state: r.get("channel_state")?,
        fulfillment: word(r, "fulfillment", Fulfillment::parse)?,
        pickup_point: r.get("pickup_point")?,
        currency: r.get("currency")?,
        total_minor: r.get("total_minor")?,
        shipping_minor: r.get("shipping_minor")?,
        placed_at: parsed(r, "placed_at")?,
        updated_at: parsed(r, "channel_updated_at")?,
        acknowledge_by: word_or_null(r, "acknowledge_by", |t| t.parse().ok())?,
        lines: r.get("lines")?,
        open: r.get("open")?,
        unmatched_lines: r.get("unmatched_lines")?,
        short: r.get("short")?,
    })
}

fn detail(conn: &Connection, channel: &str, order_id: &str) -> Result<Option<OrderDetail>> {
    let sql = format!("{SUMMARY} WHERE o.channel = ?1 AND o.channel_order_id = ?2 GROUP BY o.id");
    let Some((id, summary)) = one(conn, &sql, [channel, order_id], |r| Ok((r.get::<_, i64>("id")?, summary(r)?)))?
    else {
        return Ok(None);
    };
    let sql = "SELECT data FROM customer WHERE order_id = ?1 AND data IS NOT NULL";
    let buyer: Option<String> = one(conn, sql, [id], |r| r.get(0))?;
    Ok(Some(OrderDetail {
        summary,
        line_items: lines(conn, id)?,
        parcels: parcels_of(conn, id, order_id)?,
        returns: returns(conn, id)?,
        refunds: refunds_of(conn, id)?,
        outbox: of_order(conn, id)?,
        buyer: buyer.and_then(|data| serde_json::from_str(&data).ok()),
        buyer_erased_at: erased_at(conn, id)?,
    }))
}

fn lines(conn: &Connection, order_id: i64) -> Result<Vec<LineDetail>> {
    let sql = "SELECT l.*, v.sku FROM line_item l LEFT JOIN variant v ON v.id = l.variant_id WHERE l.order_id = ?1 ORDER BY l.id";
    let mut lines = all(conn, sql, [order_id], |r| {
        let line = LineDetail {
            line_id: r.get("channel_line_id")?,
            channel_sku: r.get("channel_sku")?,
            sku: r.get("sku")?,
            matched_by: r.get("matched_by")?,
            gtin: r.get("gtin")?,
            title: r.get("title")?,
            quantity: r.get("quantity")?,
            canceled: r.get("canceled")?,
            canceled_late: r.get("canceled_late")?,
            shipped: r.get("shipped")?,
            returned: r.get("returned")?,
            short: r.get("short")?,
            price_minor: r.get("price_minor")?,
            tax_minor: r.get("tax_minor")?,
            holds: Vec::new(),
        };
        Ok((r.get::<_, i64>("id")?, line))
    })?;
    for (id, line) in &mut lines {
        let sql = "SELECT l.code, h.kind, h.quantity FROM hold h JOIN location l ON l.id = h.location_id
                   WHERE h.line_item_id = ?1 ORDER BY l.code";
        line.holds = all(conn, sql, [*id], |r| {
            Ok(HoldDetail {
                location: r.get("code")?,
                kind: word(r, "kind", HoldKind::parse)?.as_str(),
                quantity: r.get("quantity")?,
            })
        })?;
    }
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

fn returns(conn: &Connection, order_id: i64) -> Result<Vec<ReturnDetail>> {
    let sql = "SELECT l.channel_line_id, p.code, r.quantity, r.restocked, r.reason, r.at
               FROM return_line r JOIN line_item l ON l.id = r.line_item_id JOIN location p ON p.id = r.location_id
               WHERE l.order_id = ?1 ORDER BY r.id";
    all(conn, sql, [order_id], |r| {
        Ok(ReturnDetail {
            line_id: r.get("channel_line_id")?,
            location: r.get("code")?,
            quantity: r.get("quantity")?,
            restocked: r.get("restocked")?,
            reason: r.get("reason")?,
            at: parsed(r, "at")?,
        })
    })
}

impl Reader {
    /// Orders, the latest placed first.
    pub fn orders(&self, filter: &OrderFilter) -> Result<Vec<OrderSummary>> {
        let sql = format!(
            "{SUMMARY} WHERE (?1 IS NULL OR o.channel = ?1) AND (?2 IS NULL OR o.state = ?2) GROUP BY o.id
             HAVING (NOT ?3 OR open > 0) AND (NOT ?4 OR unmatched_lines > 0 OR short > 0)
             ORDER BY o.placed_at DESC, o.id DESC LIMIT ?5"
        );
        let limit = filter.limit.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1);
        let state = filter.state.map(State::as_str);
        all(&self.conn, &sql, params![filter.channel, state, filter.open, filter.waiting, limit], summary)
    }

    /// Channels that have an order of this id: one, as a rule.
    pub fn channels_of_order(&self, order_id: &str) -> Result<Vec<String>> {
        let sql = "SELECT channel FROM orders WHERE channel_order_id = ?1 ORDER BY channel";
        all(&self.conn, sql, [order_id], |r| r.get(0))
    }

    /// One order in full, by the channel's id.
    pub fn order(&self, channel: &str, order_id: &str) -> Result<Option<OrderDetail>> {
        detail(&self.conn, channel, order_id)
    }
}

impl Writer {
    /// The same, as the next change will find it.
    pub fn order(&self, channel: &str, order_id: &str) -> Result<Option<OrderDetail>> {
        detail(&self.conn, channel, order_id)
    }
}
