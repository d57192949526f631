//! What each listing was last told, and what it should be told now.
use rusqlite::{Row, params};

use super::offering::Offering;
use super::open::{Change, Writer};
use super::outbox::{EffectKind, Outgoing, REFUSALS_MAX};
use super::sql::{all, run};
use crate::diagnostic::Result;

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
    /// Listings whose quantity (or price, with `prices`) differs from what was last accepted; those refused too often are
    /// left out. An item that is not for sale is told as 0, one that never runs out as `endless`.
    /// With `everything`, active variants the channel is not known to list are offered under their SKU.
    pub fn stale_listings(
        &self,
        channel: &str,
        offering: &Offering,
        endless: u32,
        prices: bool,
        everything: bool,
    ) -> Result<Vec<Stale>> {
        offering.register(&self.conn)?;
        let list = offering.list(&self.conn)?;
        let (currency, price, join) = match &list {
            Some(list) => (list.currency("v"), list.column("v", "price_minor"), list.join()),
            None => ("v.currency".to_owned(), "v.price_minor".to_owned(), String::new()),
        };
        let available = offering.available_of("v.id", "v.available");
        let sql = format!(
            "SELECT * FROM (
               SELECT l.channel_sku, l.quantity AS told, l.price_minor AS told_price, {currency} AS currency,
                 CASE WHEN v.status <> 'active' OR p.status <> 'active' THEN 0
                      WHEN v.tracked = 0 OR v.sells_when_out = 1 THEN ?2
                      ELSE offered({available}) END AS wanted,
                 CASE WHEN ?3 THEN asked({price}, {currency}, coalesce(c.path, p.product_type)) END AS price
               FROM (SELECT channel_sku, variant_id, quantity, price_minor FROM listing
                     WHERE channel = ?1 AND refusals < ?4
                     UNION ALL
                     SELECT sku, id, NULL, NULL FROM variant
                     WHERE ?5 AND status = 'active'
                       AND NOT EXISTS (SELECT 1 FROM listing WHERE channel = ?1 AND variant_id = variant.id)
                       AND NOT EXISTS (SELECT 1 FROM listing WHERE channel = ?1 AND channel_sku = variant.sku)) l
               JOIN variant v ON v.id = l.variant_id JOIN product p ON p.id = v.product_id
               LEFT JOIN category c ON c.id = p.category_id{join})
             WHERE wanted IS NOT told OR (price IS NOT NULL AND price IS NOT told_price)
             ORDER BY channel_sku"
        );
        all(&self.conn, &sql, params![channel, endless, prices, REFUSALS_MAX, everything], stale)
    }

    /// Offers of a kind that were taken as a job, or whose answer never came.
    pub fn open_jobs(&self, channel: &str, kind: EffectKind) -> Result<Vec<Outgoing>> {
        let rows = self.due(channel, jiff::Timestamp::MAX, usize::MAX >> 1)?;
        Ok(rows.into_iter().filter(|row| row.kind == kind).collect())
    }
}

impl Change<'_> {
    /// Notes offers about to be sent: their body, so that a job's answer days later can be booked.
    pub fn begin_job(&self, channel: &str, kind: EffectKind, part: usize, body: &impl serde::Serialize) -> Result<i64> {
        let key = format!("{} {}.{part}", kind.as_str(), self.run_id);
        self.enqueue(channel, None, kind, &key, body)?;
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
    pub fn job_polling(&self, id: i64, job: &str) -> Result<()> {
        run(&self.tx, "UPDATE outbox SET state = 'polling', job = ?2 WHERE id = ?1", params![id, job]).map(drop)
    }

    /// Over, one way or the other: what was not accepted is told anew.
    pub fn end_job(&self, id: i64) -> Result<()> {
        run(&self.tx, "DELETE FROM outbox WHERE id = ?1 AND kind IN ('push', 'tell')", [id]).map(drop)
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
