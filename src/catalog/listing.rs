//! What each listing was last told, and what it should be told now.
use rusqlite::{Row, params};

use super::open::{Change, Writer};
use super::outbox::{EffectKind, Outgoing, REFUSALS_MAX};
use super::sql::{all, run};
use crate::diagnostic::Result;

/// What a channel is offered of what is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offering {
    /// Units kept back from this channel, beyond safety stock.
    pub buffer: i64,
    /// Most units ever told; told for variants that never run out.
    pub quantity_max: i64,
    /// Whether the variant's price is told too.
    pub prices: bool,
    /// Whether every active variant is offered under its SKU, or only what the channel is known to list.
    pub everything: bool,
}

impl Default for Offering {
    fn default() -> Self {
        Offering { buffer: 0, quantity_max: 999, prices: false, everything: false }
    }
}

/// One listing whose channel does not know how things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    pub channel_sku: String,
    pub quantity: i64,
    pub price_minor: Option<i64>,
    pub currency: Option<String>,
}

fn stale(r: &Row<'_>) -> rusqlite::Result<Stale> {
    Ok(Stale {
        channel_sku: r.get("channel_sku")?,
        quantity: r.get("wanted")?,
        price_minor: r.get("price")?,
        currency: r.get("currency")?,
    })
}

impl Writer {
    /// Listings whose quantity (or price) differs from what was last accepted; those refused too often are left out.
    /// An item that is not for sale is told as 0.
    pub fn stale_listings(&self, channel: &str, offering: &Offering) -> Result<Vec<Stale>> {
        all(
            &self.conn,
            "SELECT * FROM (
               SELECT l.channel_sku, l.quantity AS told, l.price_minor AS told_price, v.currency,
                 CASE WHEN v.status <> 'active' OR p.status <> 'active' THEN 0
                      WHEN v.tracked = 0 OR v.sells_when_out = 1 THEN ?3
                      ELSE min(?3, max(0, v.available - ?2)) END AS wanted,
                 CASE WHEN ?4 THEN v.price_minor END AS price
               FROM (SELECT channel_sku, variant_id, quantity, price_minor FROM listing
                     WHERE channel = ?1 AND refusals < ?5
                     UNION ALL
                     SELECT sku, id, NULL, NULL FROM variant
                     WHERE ?6 AND status = 'active'
                       AND NOT EXISTS (SELECT 1 FROM listing WHERE channel = ?1 AND variant_id = variant.id)
                       AND NOT EXISTS (SELECT 1 FROM listing WHERE channel = ?1 AND channel_sku = variant.sku)) l
               JOIN variant v ON v.id = l.variant_id JOIN product p ON p.id = v.product_id)
             WHERE wanted IS NOT told OR (price IS NOT NULL AND price IS NOT told_price)
             ORDER BY channel_sku",
            params![
                channel,
                offering.buffer,
                offering.quantity_max,
                offering.prices,
                REFUSALS_MAX,
                offering.everything
            ],
            stale,
        )
    }

    /// Pushes that were taken as a job, or whose answer never came.
    pub fn open_pushes(&self, channel: &str) -> Result<Vec<Outgoing>> {
        let rows = self.due(channel, jiff::Timestamp::MAX, usize::MAX >> 1)?;
        Ok(rows.into_iter().filter(|row| row.kind == EffectKind::Push).collect())
    }
}

impl Change<'_> {
    /// Notes a push about to be sent: its body, so that a job's answer days later can be booked.
    pub fn begin_push(&self, channel: &str, part: usize, body: &impl serde::Serialize) -> Result<i64> {
        let key = format!("push {}.{part}", self.run_id);
        self.enqueue(channel, None, EffectKind::Push, &key, body)?;
        run(
            &self.tx,
            "UPDATE outbox SET state = 'sending', attempts = 1 WHERE channel = ?1 AND key = ?2",
            [channel, &key],
        )?;
        let id =
            super::sql::one(&self.tx, "SELECT id FROM outbox WHERE channel = ?1 AND key = ?2", [channel, &key], |r| {
                r.get(0)
            })?;
        Ok(id.unwrap_or(0))
    }

    /// The marketplace works on it; ask for `job` later.
    pub fn push_polling(&self, id: i64, job: &str) -> Result<()> {
        run(&self.tx, "UPDATE outbox SET state = 'polling', job = ?2 WHERE id = ?1", params![id, job]).map(drop)
    }

    /// Over, one way or the other: what was not accepted is stale still, and goes with the next push.
    pub fn end_push(&self, id: i64) -> Result<()> {
        run(&self.tx, "DELETE FROM outbox WHERE id = ?1 AND kind = 'push'", [id]).map(drop)
    }

    /// The marketplace has this quantity, and this price where one was told.
    pub fn listing_accepted(
        &self,
        channel: &str,
        channel_sku: &str,
        quantity: i64,
        price_minor: Option<i64>,
    ) -> Result<()> {
        self.list(channel, channel_sku)?;
        run(
            &self.tx,
            "UPDATE listing SET quantity = ?3, price_minor = coalesce(?4, price_minor), last_error = NULL, refusals = 0,
               updated_at = ?5 WHERE channel = ?1 AND channel_sku = ?2",
            params![channel, channel_sku, quantity, price_minor, self.now_text()],
        )
        .map(drop)
    }

    /// The marketplace refused this listing's update; three equal refusals leave it to a person.
    pub fn listing_refused(&self, channel: &str, channel_sku: &str, why: &str) -> Result<()> {
        self.list(channel, channel_sku)?;
        run(
            &self.tx,
            "UPDATE listing SET refusals = CASE WHEN last_error IS ?3 THEN refusals + 1 ELSE 1 END, last_error = ?3,
               updated_at = ?4 WHERE channel = ?1 AND channel_sku = ?2",
            params![channel, channel_sku, why, self.now_text()],
        )
        .map(drop)
    }

    /// What is offered under its own SKU becomes a listing when the channel first answers.
    fn list(&self, channel: &str, sku: &str) -> Result<()> {
        run(
            &self.tx,
            "INSERT INTO listing (channel, channel_sku, variant_id) SELECT ?1, sku, id FROM variant WHERE sku = ?2
             ON CONFLICT DO NOTHING",
            [channel, sku],
        )
        .map(drop)
    }

    /// A person has mended what was refused: every parked listing of the channel is told again.
    pub fn retry_listings(&self, channel: &str) -> Result<usize> {
        run(&self.tx, "UPDATE listing SET refusals = 0 WHERE channel = ?1 AND refusals > 0", [channel])
    }
}
