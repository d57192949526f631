//! First counts of variants that were made in the same change: a row of the ledger and a level each, of which nothing
//! has to be read before. They are written many at a time, since a statement costs as much as the row it writes.
use rusqlite::params_from_iter;

use super::fault::fault;
use super::open::Change;
use crate::diagnostic::Result;

/// Rows of one statement.
const AT_ONCE: usize = 64;

/// So many units of a new variant, whose `available` says so already.
#[derive(Debug, Clone, Copy)]
pub(super) struct FirstCount {
    pub variant_id: i64,
    pub location_id: i64,
    pub cause_id: i64,
    pub on_hand: i64,
}

impl Change<'_> {
    pub(super) fn put_first_count(&self, count: FirstCount) -> Result<()> {
        self.first_counts.borrow_mut().push(count);
        if self.first_counts.borrow().len() < AT_ONCE { Ok(()) } else { self.write_first_counts() }
    }

    /// Writes those that wait; to be called before anybody looks at the ledger or at levels.
    pub(super) fn write_first_counts(&self) -> Result<()> {
        let counts = self.first_counts.take();
        if counts.is_empty() {
            return Ok(());
        }
        let movements = counts.iter().flat_map(|c| [c.variant_id, c.location_id, c.cause_id, c.on_hand]);
        let head = "INSERT INTO movement (variant_id, location_id, cause_id, kind, on_hand) VALUES ";
        self.write_rows(head, "(?,?,?,'counted',?)", counts.len(), movements)?;
        let revision = self.revision()?;
        let levels = counts.iter().flat_map(|c| [c.variant_id, c.location_id, c.on_hand, c.on_hand.max(0), revision]);
        let head = "INSERT INTO stock (variant_id, location_id, on_hand, available, revision) VALUES ";
        self.write_rows(head, "(?,?,?,?,?)", counts.len(), levels)
    }

    fn write_rows(&self, head: &str, row: &str, rows: usize, values: impl Iterator<Item = i64>) -> Result<()> {
        let sql = format!("{head}{}", vec![row; rows].join(","));
        let mut insert = self.tx.prepare_cached(&sql).map_err(fault)?;
        insert.execute(params_from_iter(values)).map(drop).map_err(fault)
    }
}
