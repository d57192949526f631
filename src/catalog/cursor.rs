//! How far each pull has read, and the orders it could not read.
use rusqlite::{Connection, params};

use super::open::{Change, Reader, Writer};
use super::sql::{all, one, run};
use crate::diagnostic::{Diagnostic, Result};
use crate::order::place;
use crate::value::time::to_utc_text;

fn cursor(conn: &Connection, channel: &str, stream: &str) -> Result<Option<String>> {
    let sql = "SELECT value FROM cursor WHERE channel = ?1 AND stream = ?2";
    one(conn, sql, [channel, stream], |r| r.get(0))
}

impl Writer {
    /// Where the last committed page of `stream` (`orders`) ended.
    pub fn cursor(&self, channel: &str, stream: &str) -> Result<Option<String>> {
        cursor(&self.conn, channel, stream)
    }

    /// Ids of orders to be asked for one by one, since they could not be read in their page.
    pub fn unreadable(&self, channel: &str) -> Result<Vec<String>> {
        let sql = "SELECT channel_order_id FROM unreadable WHERE channel = ?1 ORDER BY since, channel_order_id";
        all(&self.conn, sql, [channel], |r| r.get(0))
    }
}

impl Reader {
    pub fn cursor(&self, channel: &str, stream: &str) -> Result<Option<String>> {
        cursor(&self.conn, channel, stream)
    }
}

impl Change<'_> {
    pub fn put_cursor(&self, channel: &str, stream: &str, value: &str) -> Result<()> {
        run(
            &self.tx,
            "INSERT INTO cursor (channel, stream, value, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET value = ?3, at = ?4 WHERE value IS NOT ?3",
            params![channel, stream, value, self.now_text()],
        )?;
        Ok(())
    }

    /// Sets an order aside that nobody could read. With an id it is asked for again by the next pulls.
    pub fn put_unreadable(&self, channel: &str, order_id: Option<&str>, why: &str) -> Result<Diagnostic> {
        if let Some(order_id) = order_id {
            run(
                &self.tx,
                "INSERT INTO unreadable (channel, channel_order_id, why, since) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET why = ?3 WHERE why IS NOT ?3",
                params![channel, order_id, why, to_utc_text(self.now)],
            )?;
        }
        let help = match order_id {
            Some(_) => "the other orders went in; this one is asked for again at every pull",
            None => "the other orders went in; the pull will start before it again",
        };
        Ok(Diagnostic::error("order/unreadable", format!("an order could not be read: {why}"))
            .at(place(channel, order_id.unwrap_or("?"), None))
            .help(help))
    }

    pub fn forget_unreadable(&self, channel: &str, order_id: &str) -> Result<()> {
        let sql = "DELETE FROM unreadable WHERE channel = ?1 AND channel_order_id = ?2";
        run(&self.tx, sql, [channel, order_id])?;
        Ok(())
    }
}
