//! Which record of a file was the first about something, and whether a later one says the same.
use super::table::Record;
use crate::diagnostic::Diagnostic;
use std::collections::HashMap;
use std::hash::Hash;

/// The first records, by what they are about.
pub struct Firsts<K>(HashMap<K, (u64, u64)>);

/// How a record stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    First,
    /// All its cells are those of this record.
    Same(u64),
    /// It says something else about what this record is about.
    Other(u64),
}

impl<K> Default for Firsts<K> {
    fn default() -> Self {
        Firsts(HashMap::new())
    }
}

impl<K: Eq + Hash> Firsts<K> {
    pub fn meet(&mut self, key: K, record: &Record<'_>) -> Met {
        let here = (record.number, record.digest());
        let (first, digest) = *self.0.entry(key).or_insert(here);
        match () {
            () if first == here.0 => Met::First,
            () if digest == here.1 => Met::Same(first),
            () => Met::Other(first),
        }
    }
}

/// What is said of a record that repeats another: it is taken once.
pub fn repeated(first: u64, record: &Record<'_>, column: Option<usize>) -> Diagnostic {
    let message = format!("this record is the same as record {first}: it is taken once");
    Diagnostic::warning("import/repeated-record", message).at(record.place(column.unwrap_or_default()))
}
