//! What a full import no longer mentions: found by its source, archived when asked.
use rusqlite::params;

use super::fault::fault;
use super::open::Change;
use crate::diagnostic::Result;

const BROUGHT: &str = "FROM variant v JOIN product p ON p.id = v.product_id
    WHERE p.source = ?1 AND p.status <> 'archived' AND v.status <> 'archived'";

impl Change<'_> {
    /// Variants that `source` (a format's name) brought and `seen` does not know by their SKUs, which are not archived.
    ///
    /// All SKUs are gone through by their index: of those that were seen no row has to be read.
    pub fn vanished(&self, source: &str, mut seen: impl FnMut(&str) -> bool) -> Result<Vec<i64>> {
        self.need_indexes()?;
        let mut all = self.tx.prepare_cached("SELECT id, sku FROM variant").map_err(fault)?;
        let sql = format!("SELECT EXISTS (SELECT 1 {BROUGHT} AND v.id = ?2)");
        let mut is_of_source = self.tx.prepare_cached(&sql).map_err(fault)?;
        let mut rows = all.query([]).map_err(fault)?;
        let mut vanished = Vec::new();
        while let Some(row) = rows.next().map_err(fault)? {
            let sku = row.get_ref(1).and_then(|value| Ok(value.as_str()?)).map_err(fault)?;
            if seen(sku) {
                continue;
            }
            let id: i64 = row.get(0).map_err(fault)?;
            if is_of_source.query_row(params![source, id], |r| r.get(0)).map_err(fault)? {
                vanished.push(id);
            }
        }
        Ok(vanished)
    }

    /// Whoever brought them.
    pub fn count_variants(&self) -> Result<u64> {
        self.need_indexes()?;
        self.tx.query_row("SELECT count(*) FROM variant", [], |r| r.get(0)).map_err(fault)
    }

    /// How many variants that source brought, vanished or not, which are not archived.
    pub fn brought(&self, source: &str) -> Result<u64> {
        self.tx.query_row(&format!("SELECT count(*) {BROUGHT}"), [source], |r| r.get(0)).map_err(fault)
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
