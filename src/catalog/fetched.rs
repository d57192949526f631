//! Files that were fetched and imported whole: which edition of each, so that the same is not fetched again.
use rusqlite::params;

use super::open::{Change, Reader};
use super::sql;
use crate::diagnostic::Result;

impl Change<'_> {
    /// Remembers the edition of a file: what its server calls it, and when it says it was made.
    pub fn put_fetched(&self, key: &str, etag: Option<&str>, last_modified: Option<&str>) -> Result<()> {
        let put = "INSERT INTO fetched (key, etag, last_modified, at) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET etag = ?2, last_modified = ?3, at = ?4";
        sql::run(&self.tx, put, params![key, etag, last_modified, self.now_text()]).map(drop)
    }
}

impl Reader {
    /// The edition of a file that was imported last: ETag and Last-Modified.
    pub fn fetched(&self, key: &str) -> Result<Option<(Option<String>, Option<String>)>> {
        sql::one(&self.conn, "SELECT etag, last_modified FROM fetched WHERE key = ?1", [key], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }
}
