//! What a full import no longer mentions: found by its source, archived when asked.
use rusqlite::params;

use super::fault::fault;
use super::open::Change;
use crate::diagnostic::Result;

/// Variants a source brought earlier and now does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vanished {
    /// Variants of that source that are not archived, vanished or not.
    pub known: u64,
    pub ids: Vec<i64>,
}

impl Change<'_> {
    /// Goes through what `source` (a format's name) brought; `seen` says whether it still has a SKU.
    pub fn vanished(&self, source: &str, mut seen: impl FnMut(&str) -> bool) -> Result<Vanished> {
        let sql = "SELECT v.id, v.sku FROM variant v JOIN product p ON p.id = v.product_id
                   WHERE p.source = ?1 AND p.status <> 'archived' AND v.status <> 'archived'";
        let mut all = self.tx.prepare_cached(sql).map_err(fault)?;
        let mut rows = all.query([source]).map_err(fault)?;
        let mut vanished = Vanished::default();
        while let Some(row) = rows.next().map_err(fault)? {
            vanished.known += 1;
            let sku = row.get_ref(1).and_then(|value| Ok(value.as_str()?)).map_err(fault)?;
            if !seen(sku) {
                vanished.ids.push(row.get(0).map_err(fault)?);
            }
        }
        Ok(vanished)
    }

    pub fn archive_items(&self, ids: &[i64]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let revision = self.revision()?;
        let sql = "UPDATE variant SET status = 'archived', revision = ?2 WHERE id = ?1";
        let mut archive = self.tx.prepare_cached(sql).map_err(fault)?;
        for id in ids {
            archive.execute(params![id, revision]).map_err(fault)?;
        }
        Ok(())
    }
}
