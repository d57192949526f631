//! Attributes of one offer that one channel is told otherwise than the template would.
use rusqlite::params;
use serde::Serialize;
use serde_json::{Map, Value};

use super::open::{Change, Reader};
use super::product::Put;
use super::sql;
use crate::diagnostic::Result;

/// One attribute, in the channel's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Override {
    pub channel: String,
    pub attribute: String,
    pub value: String,
}

impl Change<'_> {
    /// Gives an attribute a value of its own on one channel; `None` takes it back. A row whose last attribute was taken
    /// back stays, empty: its revision is how the channel hears of it.
    pub fn put_override(&self, channel: &str, variant_id: i64, attribute: &str, value: Option<&str>) -> Result<Put> {
        let mut attributes = self.overrides(channel, variant_id)?;
        let before = match value {
            Some(value) => attributes.insert(attribute.to_owned(), Value::from(value)),
            None => attributes.shift_remove(attribute),
        };
        if before.as_ref().and_then(Value::as_str) == value {
            return Ok(Put::Same);
        }
        let put = "INSERT INTO override (channel, variant_id, attributes, revision) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET attributes = ?3, revision = ?4";
        let values = params![channel, variant_id, Value::from(attributes).to_string(), self.revision()?];
        sql::run(&self.tx, put, values)?;
        Ok(if before.is_none() { Put::New } else { Put::Changed })
    }

    fn overrides(&self, channel: &str, variant_id: i64) -> Result<Map<String, Value>> {
        let find = "SELECT attributes FROM override WHERE channel = ?1 AND variant_id = ?2";
        let known: Option<String> = sql::one(&self.tx, find, params![channel, variant_id], |row| row.get(0))?;
        Ok(known.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }
}

impl Reader {
    /// What channels are told of `sku` otherwise than their templates say, by channel.
    pub fn overrides_of(&self, sku: &str) -> Result<Vec<Override>> {
        let find = "SELECT o.channel, a.key, a.value FROM item_override o, json_each(o.attributes) a WHERE o.sku = ?1
                   ORDER BY o.channel, a.id";
        sql::all(&self.conn, find, [sku], |row| {
            Ok(Override { channel: row.get(0)?, attribute: row.get(1)?, value: row.get(2)? })
        })
    }
}
