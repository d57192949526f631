//! Taking back what a change did to one variant, when it turns out later that its record cannot be trusted.
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params, params_from_iter};

use super::fault::fault;
use super::open::Change;
use super::product::Put;
use crate::diagnostic::{Error, Result};

impl Change<'_> {
    /// Makes the variant, its stock and (if it came with it alone) its product what they were before this change.
    ///
    /// Tells what the change had done to the variant. What they were is read through a second connection: in WAL mode it still sees the state before the change.
    pub fn withdraw(&self, sku: &str) -> Result<Option<Put>> {
        self.write_first_counts()?;
        let Some(item) = self.find_item(sku)? else { return Ok(None) };
        if self.is_first {
            self.forget(item.id)?;
            self.forget_empty_product(item.product.0)?;
            return Ok(Some(Put::New));
        }
        let path = self.tx.path().ok_or_else(|| Error::bug("the catalog has no file"))?;
        let before = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(fault)?;
        let last_cause: i64 =
            before.query_row("SELECT ifnull(max(id), 0) FROM cause", [], |r| r.get(0)).map_err(fault)?;
        self.execute("DELETE FROM movement WHERE variant_id = ?1 AND cause_id > ?2", item.id, last_cause)?;
        self.execute("DELETE FROM stock WHERE variant_id = ?1 AND ?2 = ?2", item.id, 0)?;
        let sql = "SELECT revision FROM variant WHERE id = ?1";
        let now: i64 = self.tx.query_row(sql, [item.id], |r| r.get(0)).map_err(fault)?;
        let was: Option<i64> = before.query_row(sql, [item.id], |r| r.get(0)).optional().map_err(fault)?;
        copy(&before, &self.tx, "variant", "id", item.id, true)?;
        copy(&before, &self.tx, "stock", "variant_id", item.id, false)?;
        if was.is_none() {
            self.forget(item.id)?;
            let sql = "SELECT 1 FROM product WHERE id = ?1";
            if before.query_row(sql, [item.product.0], |_| Ok(())).optional().map_err(fault)?.is_none() {
                self.forget_empty_product(item.product.0)?;
            }
        }
        Ok(Some(was.map_or(Put::New, |was| if was == now { Put::Same } else { Put::Changed })))
    }

    /// Takes a variant away that this change made.
    fn forget(&self, id: i64) -> Result<()> {
        self.execute("DELETE FROM movement WHERE variant_id = ?1 AND ?2 = ?2", id, 0)?;
        self.execute("DELETE FROM stock WHERE variant_id = ?1 AND ?2 = ?2", id, 0)?;
        self.execute("DELETE FROM variant WHERE id = ?1 AND ?2 = ?2", id, 0)
    }

    fn forget_empty_product(&self, id: i64) -> Result<()> {
        let sql = "DELETE FROM product WHERE id = ?1 AND NOT EXISTS
                   (SELECT 1 FROM variant WHERE id BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535 AND product_id = ?2)";
        self.execute(sql, id, id)
    }

    fn execute(&self, sql: &str, first: i64, second: i64) -> Result<()> {
        self.tx.execute(sql, params![first, second]).map(drop).map_err(fault)
    }
}

/// Copies rows of a table from one connection to the other, over what is there (`update`) or beside it.
fn copy(from: &Connection, to: &Connection, table: &str, key: &str, id: i64, update: bool) -> Result<()> {
    let mut select = from.prepare(&format!("SELECT * FROM {table} WHERE {key} = ?1")).map_err(fault)?;
    let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
    let mut rows = select.query([id]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        let values: Vec<Value> =
            (0..columns.len()).map(|i| row.get(i)).collect::<rusqlite::Result<_>>().map_err(fault)?;
        let marks: Vec<String> = (1..=columns.len()).map(|i| format!("?{i}")).collect();
        let sql = if update {
            let sets: Vec<String> = columns.iter().zip(&marks).map(|(c, m)| format!("{c} = {m}")).collect();
            format!("UPDATE {table} SET {} WHERE {key} = ?1", sets.join(", "))
        } else {
            format!("INSERT INTO {table} VALUES ({})", marks.join(", "))
        };
        to.execute(&sql, params_from_iter(values)).map_err(fault)?;
    }
    Ok(())
}
