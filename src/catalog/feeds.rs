//! What was last put in place for each channel: the measure the next feed is guarded by.
use rusqlite::{OptionalExtension, params};

use super::fault::fault;
use super::open::{Change, Reader, Writer};
use crate::diagnostic::Result;
use crate::value::time::to_utc_text;

/// A feed that was put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRecord {
    pub offers: u64,
    pub in_stock: u64,
    pub left_out: u64,
    pub bytes: u64,
    /// Of the document's bytes, in hexadecimal.
    pub hash: String,
    /// Attributes that some offer had.
    pub sent: Vec<String>,
    pub built_at: String,
}

const LAST: &str =
    "SELECT offers, in_stock, left_out, bytes, hash, sent, built_at FROM feed WHERE channel = ?1 AND target = ?2";

fn last(conn: &rusqlite::Connection, channel: &str, target: &str) -> Result<Option<FeedRecord>> {
    conn.query_row(LAST, [channel, target], |r| {
        Ok(FeedRecord {
            offers: r.get(0)?,
            in_stock: r.get(1)?,
            left_out: r.get(2)?,
            bytes: r.get(3)?,
            hash: r.get(4)?,
            sent: serde_json::from_str(&r.get::<_, String>(5)?).unwrap_or_default(),
            built_at: r.get(6)?,
        })
    })
    .optional()
    .map_err(fault)
}

impl Writer {
    /// The last feed of `channel` put in place at `target`.
    pub fn last_feed(&self, channel: &str, target: &str) -> Result<Option<FeedRecord>> {
        last(&self.conn, channel, target)
    }

    /// What the offers of the last feed of `channel` at `target` cost, as it was given.
    pub fn last_prices(&self, channel: &str, target: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT prices FROM feed_price WHERE channel = ?1 AND target = ?2";
        self.conn.query_row(sql, [channel, target], |r| r.get(0)).optional().map_err(fault)
    }

    /// When the newest change happened, UTC text.
    pub fn changed_at(&self) -> Result<String> {
        changed_at(&self.conn)
    }
}

impl Reader {
    /// The last feed of `channel` put in place at `target`.
    pub fn last_feed(&self, channel: &str, target: &str) -> Result<Option<FeedRecord>> {
        last(&self.conn, channel, target)
    }

    /// When the newest change happened, UTC text: what a document may call its date.
    pub fn changed_at(&self) -> Result<String> {
        changed_at(&self.conn)
    }
}

fn changed_at(conn: &rusqlite::Connection) -> Result<String> {
    let seconds: i64 =
        conn.query_row("SELECT value FROM counter WHERE name = 'changed_at'", [], |r| r.get(0)).map_err(fault)?;
    Ok(to_utc_text(jiff::Timestamp::from_second(seconds).unwrap_or_default()))
}

impl Change<'_> {
    /// Remembers the feed now in place, and what its offers cost.
    pub fn put_feed(&self, channel: &str, target: &str, feed: &FeedRecord, prices: &[u8]) -> Result<()> {
        self.tx
            .execute(
                "INSERT INTO feed_price (channel, target, prices) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET prices = ?3",
                params![channel, target, prices],
            )
            .map_err(fault)?;
        self.tx
            .execute(
                "INSERT INTO feed (channel, target, offers, in_stock, left_out, bytes, hash, sent, built_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT DO UPDATE SET
                   offers = ?3, in_stock = ?4, left_out = ?5, bytes = ?6, hash = ?7, sent = ?8, built_at = ?9",
                params![
                    channel,
                    target,
                    feed.offers,
                    feed.in_stock,
                    feed.left_out,
                    feed.bytes,
                    feed.hash,
                    serde_json::to_string(&feed.sent).unwrap_or_default(),
                    feed.built_at
                ],
            )
            .map_err(fault)?;
        Ok(())
    }
}
