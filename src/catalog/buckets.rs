//! Token buckets kept between runs: cron starts a new process each time, and must not start with a full one.
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, params};

use super::fault::fault;
use super::open::Catalog;
use super::sql::{one, run};
use crate::diagnostic::Result;

/// Reads and writes buckets on a connection of its own, since the network is never used inside a change.
pub struct Buckets {
    conn: Mutex<Connection>,
}

/// What was left in a bucket, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    pub tokens: f64,
    pub at_ms: i64,
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
    pub fn load(&self, account: &str, operation: &str) -> Result<Option<Bucket>> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = "SELECT tokens, at_ms FROM bucket WHERE account = ?1 AND operation = ?2";
        one(&conn, sql, [account, operation], |r| Ok(Bucket { tokens: r.get(0)?, at_ms: r.get(1)? }))
    }

    pub fn save(&self, account: &str, operation: &str, bucket: Bucket) -> Result<()> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = "INSERT INTO bucket (account, operation, tokens, at_ms) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET tokens = ?3, at_ms = ?4";
        run(&conn, sql, params![account, operation, bucket.tokens, bucket.at_ms]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_outlives_its_process() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Catalog::of_shop(dir.path());
        let now = "2026-11-25T10:00:00Z".parse().unwrap();
        catalog.create(now).unwrap();
        let writer = catalog.write("purvey test", now, std::time::Duration::ZERO).unwrap();
        let bucket = Bucket { tokens: 2.5, at_ms: 1_000 };
        catalog.buckets().unwrap().save("shop", "orders", bucket).unwrap();
        assert_eq!(catalog.buckets().unwrap().load("shop", "orders").unwrap(), Some(bucket));
        assert_eq!(catalog.buckets().unwrap().load("shop", "offers").unwrap(), None);
        drop(writer);
    }
}
