//! First counts of a variant at a location: a row of the ledger and a level each. They are written many at a time, since
//! a statement costs as much as the row it writes.
use rusqlite::params_from_iter;

use super::fault::fault;
use super::open::Change;
use crate::diagnostic::Result;

/// Rows of one statement.
const AT_ONCE: usize = 64;

/// So many units where the ledger knew of none.
#[derive(Debug, Clone, Copy)]
pub(super) struct FirstCount {
    pub variant_id: i64,
    pub location_id: i64,
    pub cause_id: i64,
    pub on_hand: i64,
    pub available: i64,
}

impl Change<'_> {
    pub(super) fn put_first_count(&self, count: FirstCount) -> Result<()> {
        self.first_counts.borrow_mut().push(count);
        if self.first_counts.borrow().len() < AT_ONCE { Ok(()) } else { self.write_first_counts() }
    }

    /// Whether one of them waits for this variant at this location.
    pub(super) fn awaits_first_count(&self, variant_id: i64, location_id: i64) -> bool {
        self.first_counts.borrow().iter().any(|c| c.variant_id == variant_id && c.location_id == location_id)
    }

    /// Writes those that wait; to be called before anybody looks at the ledger or at levels.
    pub(super) fn write_first_counts(&self) -> Result<()> {
        let counts = self.first_counts.take();
        if counts.is_empty() {
            return Ok(());
        }
        let movements = counts.iter().flat_map(|c| [c.variant_id, c.location_id, c.cause_id, c.on_hand]);
        let head = "INSERT OR ROLLBACK INTO movement (variant_id, location_id, cause_id, kind, on_hand) VALUES ";
        self.write_rows(head, "(?,?,?,'counted',?)", counts.len(), movements)?;
        let revision = self.revision()?;
        let levels = counts.iter().flat_map(|c| [c.variant_id, c.location_id, c.on_hand, c.available, revision]);
        let head = "INSERT OR ROLLBACK INTO stock (variant_id, location_id, on_hand, available, revision) VALUES ";
        self.write_rows(head, "(?,?,?,?,?)", counts.len(), levels)
    }

    /// `OR ROLLBACK`: an error ends the change anyway, and SQLite need not keep each page as it was before the statement.
    fn write_rows(&self, head: &str, row: &str, rows: usize, values: impl Iterator<Item = i64>) -> Result<()> {
        let sql = format!("{head}{}", vec![row; rows].join(","));
        let mut insert = self.tx.prepare_cached(&sql).map_err(fault)?;
        insert.execute(params_from_iter(values)).map(drop).map_err(fault)
    }
}
