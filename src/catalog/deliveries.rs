//! What was last put at each target: what an unchanged feed is not sent again for, and what the next one is guarded by.
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::fault::fault;
use super::open::{Change, Reader, Writer};
use crate::diagnostic::Result;
use crate::value::time::to_utc_text;

/// A feed that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    pub offers: u64,
    pub in_stock: u64,
    /// As they were sent, packed if they were.
    pub bytes: u64,
    /// More than one where it is split.
    pub files: u64,
    /// Of the document as it was built, in hexadecimal.
    pub hash: String,
    /// How it is known to have arrived.
    pub proof: String,
    /// UTC text.
    pub delivered_at: String,
}

/// All that is known of one channel at one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deliveries {
    pub channel: String,
    pub target: String,
    /// The feed's address, without secrets.
    pub place: String,
    pub last: Option<Delivery>,
    /// When the newest try failed, UTC text, and why; `None` when it went well.
    pub failed_at: Option<String>,
    pub error: Option<String>,
}

const COLUMNS: &str = "offers, in_stock, bytes, hash, proof, delivered_at, files";

fn delivery(row: &Row<'_>) -> rusqlite::Result<Option<Delivery>> {
    let Some(delivered_at) = row.get(5)? else { return Ok(None) };
    Ok(Some(Delivery {
        offers: row.get(0)?,
        in_stock: row.get(1)?,
        bytes: row.get(2)?,
        hash: row.get(3)?,
        proof: row.get(4)?,
        delivered_at,
        files: row.get(6)?,
    }))
}

impl Writer {
    /// What was last put at `place`, the address of a feed of `channel` at `target`.
    pub fn last_delivery(&self, channel: &str, target: &str, place: &str) -> Result<Option<Delivery>> {
        let sql = format!("SELECT {COLUMNS} FROM delivery WHERE channel = ?1 AND target = ?2 AND place = ?3");
        let found = self.conn.query_row(&sql, [channel, target, place], delivery).optional().map_err(fault)?;
        Ok(found.flatten())
    }
}

impl Reader {
    /// Every target a feed was ever sent to, by channel and target.
    pub fn deliveries(&self) -> Result<Vec<Deliveries>> {
        let sql = format!(
            "SELECT {COLUMNS}, channel, target, place, failed_at, error FROM delivery ORDER BY channel, target"
        );
        let mut statement = self.conn.prepare(&sql).map_err(fault)?;
        let rows = statement.query_map([], |row| {
            Ok(Deliveries {
                last: delivery(row)?,
                channel: row.get(7)?,
                target: row.get(8)?,
                place: row.get(9)?,
                failed_at: row.get(10)?,
                error: row.get(11)?,
            })
        });
        rows.map_err(fault)?.collect::<rusqlite::Result<_>>().map_err(fault)
    }
}

impl Change<'_> {
    /// Remembers a feed that arrived.
    pub fn put_delivery(&self, channel: &str, target: &str, place: &str, new: &Delivery) -> Result<()> {
        self.tx
            .execute(
                "INSERT INTO delivery (channel, target, place, offers, in_stock, bytes, hash, proof, delivered_at, files)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT DO UPDATE SET place = ?3, offers = ?4, in_stock = ?5, bytes = ?6, hash = ?7, proof = ?8,
                   delivered_at = ?9, files = ?10, failed_at = NULL, error = NULL",
                params![
                    channel,
                    target,
                    place,
                    new.offers,
                    new.in_stock,
                    new.bytes,
                    new.hash,
                    new.proof,
                    new.delivered_at,
                    new.files
                ],
            )
            .map_err(fault)?;
        Ok(())
    }

    /// Remembers that a feed did not arrive; what is known of another place is forgotten.
    pub fn put_failed_delivery(&self, channel: &str, target: &str, place: &str, error: &str) -> Result<()> {
        let now = to_utc_text(self.now);
        self.tx
            .execute(
                "DELETE FROM delivery WHERE channel = ?1 AND target = ?2 AND place <> ?3",
                [channel, target, place],
            )
            .map_err(fault)?;
        self.tx
            .execute(
                "INSERT INTO delivery (channel, target, place, failed_at, error) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET failed_at = ?4, error = ?5",
                [channel, target, place, &now, error],
            )
            .map_err(fault)?;
        Ok(())
    }
}
