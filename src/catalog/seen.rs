//! When a marketplace last told of an order: open ones of which it says nothing for long are asked for one by one.
use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::open::{Change, Writer};
use super::sql::{all, run};
use crate::diagnostic::Result;
use crate::order::State;
use crate::value::time::to_utc_text;

/// Pulls overlap, and each would write every order of its overlap for a few minutes' news.
const EXACT_TO: SignedDuration = SignedDuration::from_hours(1);

impl Writer {
    /// Open orders of a channel that it has not told of since `before`, the longest unseen first.
    pub fn unseen(&self, channel: &str, before: Timestamp, limit: usize) -> Result<Vec<String>> {
        let open: Vec<String> =
            State::ALL.iter().filter(|state| !state.is_over()).map(|state| format!("'{}'", state.as_str())).collect();
        let sql = format!(
            "SELECT channel_order_id FROM orders WHERE channel = ?1 AND state IN ({}) AND last_seen_at <= ?2
             ORDER BY last_seen_at, id LIMIT ?3",
            open.join(", ")
        );
        all(&self.conn, &sql, params![channel, to_utc_text(before), limit as i64], |r| r.get(0))
    }
}

impl Change<'_> {
    pub(super) fn saw(&self, id: i64) -> Result<()> {
        let long_ago = self.now.checked_sub(EXACT_TO).unwrap_or(Timestamp::MIN);
        let sql = "UPDATE orders SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at <= ?3";
        run(&self.tx, sql, params![id, self.now_text(), to_utc_text(long_ago)]).map(drop)
    }

    /// Notes that an order was looked for, though nothing new was told of it.
    pub fn looked_for(&self, channel: &str, order_id: &str) -> Result<()> {
        let sql = "UPDATE orders SET last_seen_at = ?3 WHERE channel = ?1 AND channel_order_id = ?2";
        run(&self.tx, sql, params![channel, order_id, self.now_text()]).map(drop)
    }
}
