//! Which column of a table means what: looked up by a reader once, and shown by `import --explain`.
pub mod file;
pub mod wizard;

use crate::intake::detect::column;
use crate::intake::rows::table::Table;

/// Finds columns for a reader and remembers what each was taken for.
pub struct Mapping<'t> {
    table: &'t Table,
    taken: Vec<(usize, String)>,
}

impl<'t> Mapping<'t> {
    pub fn new(table: &'t Table) -> Self {
        Mapping { table, taken: Vec::new() }
    }

    /// The column called `name` (`a|b` for either), if the table has it; `meaning` is what the catalog calls it.
    pub fn find(&mut self, name: &str, meaning: impl Into<String>) -> Option<usize> {
        let found = column(self.table, name)?;
        self.take(found, meaning);
        Some(found)
    }

    pub fn take(&mut self, column: usize, meaning: impl Into<String>) {
        self.taken.push((column, meaning.into()));
    }

    pub fn table(&self) -> &'t Table {
        self.table
    }

    /// Column and meaning, in the order in which the reader asked.
    pub fn into_taken(self) -> Vec<(usize, String)> {
        self.taken
    }
}
