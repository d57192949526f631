//! Token buckets kept between runs: cron starts a new process each time, and must not start with a full one.
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, params};

use super::fault::fault;
use super::open::Catalog;
use super::sql::{one, parsed, run};
use crate::diagnostic::Result;

/// Reads and writes buckets on a connection of its own, since the network is never used inside a change.
pub struct Buckets {
    conn: Mutex<Connection>,
}

impl Catalog {
    /// The buckets beside the catalog's other tables. Losing the last moments of one costs a pause, not an order, so
    /// a write does not wait for the disk.
    pub fn buckets(&self) -> Result<Buckets> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(self.path(), flags).map_err(fault)?;
        conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(fault)?;
        conn.execute_batch("PRAGMA synchronous = NORMAL").map_err(fault)?;
        Ok(Buckets { conn: Mutex::new(conn) })
    }
}

impl Buckets {
    /// When the bucket will be full again; `None` for one never drawn from.
    pub fn load(&self, account: &str, operation: &str) -> Result<Option<Timestamp>> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = "SELECT full_at FROM bucket WHERE account = ?1 AND operation = ?2";
        one(&conn, sql, [account, operation], |r| parsed(r, "full_at"))
    }

    pub fn save(&self, account: &str, operation: &str, full_at: Timestamp) -> Result<()> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = "INSERT INTO bucket (account, operation, full_at) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET full_at = ?3";
        run(&conn, sql, params![account, operation, full_at.to_string()]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_outlives_its_process() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Catalog::of_shop(dir.path());
        let now = "2026-11-25T10:00:00.25Z".parse().unwrap();
        catalog.create(now).unwrap();
        let writer = catalog.write("purvey test", now, std::time::Duration::ZERO).unwrap();
        catalog.buckets().unwrap().save("shop", "orders", now).unwrap();
        assert_eq!(catalog.buckets().unwrap().load("shop", "orders").unwrap(), Some(now));
        assert_eq!(catalog.buckets().unwrap().load("shop", "offers").unwrap(), None);
        drop(writer);
    }
}
