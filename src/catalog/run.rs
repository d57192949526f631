//! One row for every command that changed things: what ran, when, how it ended.
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::fault::fault;
use super::open::Writer;
use crate::diagnostic::Result;
use crate::value::time::to_utc_text;

pub(super) fn start(conn: &Connection, command: &str, now: Timestamp) -> Result<i64> {
    conn.query_row(
        "INSERT INTO run (command, started_at) VALUES (?1, ?2) RETURNING id",
        params![command, to_utc_text(now)],
        |r| r.get(0),
    )
    .map_err(fault)
}

impl Writer {
    /// Writes down how the run ended; `summary` is what `--json` printed.
    pub fn end_run(&self, now: Timestamp, exit_code: u8, summary: Option<&serde_json::Value>) -> Result<()> {
        self.conn
            .execute(
                "UPDATE run SET ended_at = ?2, exit_code = ?3, summary = ?4 WHERE id = ?1",
                params![self.run_id, to_utc_text(now), exit_code, summary.map(|s| s.to_string())],
            )
            .map_err(fault)?;
        Ok(())
    }

    /// When `command` last ended with all its work done, UTC text.
    pub fn last_success(&self, command: &str) -> Result<Option<String>> {
        let sql = "SELECT max(ended_at) FROM run WHERE command = ?1 AND exit_code = 0";
        self.conn.query_row(sql, [command], |r| r.get(0)).map_err(fault)
    }
}
