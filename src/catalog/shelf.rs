//! What an import has to remember until a later record needs it, in whatever amount: in a private database of SQLite's,
//! which keeps little in memory and the rest in a nameless temporary file. The catalog itself is not touched.
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::fault;
use crate::diagnostic::{Error, Result};

/// Values by key, in the order in which they were put. Several may have one key.
#[derive(Debug, Default)]
pub struct Shelf {
    /// Opened when the first value is put.
    conn: Option<Connection>,
}

const OPEN: &str = "PRAGMA journal_mode = OFF;
    PRAGMA cache_size = -8000;
    CREATE TABLE shelf (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value TEXT NOT NULL);
    CREATE INDEX shelf_key ON shelf (key);
    BEGIN";

impl Shelf {
    pub fn put(&mut self, key: &str, value: &impl Serialize) -> Result<()> {
        let value = serde_json::to_string(value).map_err(|e| Error::bug(format!("cannot be kept: {e}")))?;
        let conn = match &mut self.conn {
            Some(conn) => conn,
            None => {
                // a database without a name is private, and gone when it is closed
                let conn = Connection::open("").map_err(fault)?;
                conn.execute_batch(OPEN).map_err(fault)?;
                self.conn.insert(conn)
            }
        };
        let mut insert = conn.prepare_cached("INSERT INTO shelf (key, value) VALUES (?1, ?2)").map_err(fault)?;
        insert.execute(params![key, value]).map(drop).map_err(fault)
    }

    /// The value that was put last under `key`; it stays.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        Ok(self
            .find("SELECT id, value FROM shelf WHERE key = ?1 ORDER BY id DESC LIMIT 1", [key])?
            .map(|(_, found)| found))
    }

    /// Takes the value that was put first under `key`.
    pub fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>> {
        let found = self.find("SELECT id, value FROM shelf WHERE key = ?1 ORDER BY id LIMIT 1", [key])?;
        self.taken(found)
    }

    /// Takes the value that was put first of all.
    pub fn take_first<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let found = self.find("SELECT id, value FROM shelf ORDER BY id LIMIT 1", [])?;
        self.taken(found)
    }

    fn find<T: DeserializeOwned>(&self, sql: &str, key: impl rusqlite::Params) -> Result<Option<(i64, T)>> {
        let Some(conn) = &self.conn else { return Ok(None) };
        let mut select = conn.prepare_cached(sql).map_err(fault)?;
        let found =
            select.query_row(key, |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).optional().map_err(fault)?;
        let Some((id, text)) = found else { return Ok(None) };
        let value = serde_json::from_str(&text).map_err(|e| Error::bug(format!("was kept and cannot be read: {e}")))?;
        Ok(Some((id, value)))
    }

    fn taken<T>(&mut self, found: Option<(i64, T)>) -> Result<Option<T>> {
        let (Some((id, value)), Some(conn)) = (found, &self.conn) else { return Ok(None) };
        let mut delete = conn.prepare_cached("DELETE FROM shelf WHERE id = ?1").map_err(fault)?;
        delete.execute([id]).map_err(fault)?;
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_key_and_taken_in_their_order() {
        let mut shelf = Shelf::default();
        assert_eq!(shelf.get::<u32>("a").unwrap(), None);
        assert_eq!(shelf.take_first::<u32>().unwrap(), None);
        for (key, value) in [("b", 1), ("a", 2), ("a", 3), ("c", 4)] {
            shelf.put(key, &value).unwrap();
        }
        assert_eq!(shelf.get::<u32>("a").unwrap(), Some(3));
        assert_eq!(shelf.take::<u32>("a").unwrap(), Some(2));
        assert_eq!(shelf.take::<u32>("x").unwrap(), None);
        let rest: Vec<u32> = std::iter::from_fn(|| shelf.take_first().unwrap()).collect();
        assert_eq!(rest, [1, 3, 4]);
    }
}
