//! What an import tells while it goes: each finding is handed on at once, and refused records are counted.
use crate::diagnostic::Diagnostic;
use std::collections::HashSet;

/// Why a record is not taken. Boxed, since it travels through every reader and is rare.
pub type Refusal = Box<Diagnostic>;

pub struct Findings<'s> {
    sink: &'s mut dyn FnMut(&Diagnostic),
    told: HashSet<&'static str>,
    /// Records that were not taken.
    pub refused: u64,
}

impl<'s> Findings<'s> {
    pub fn new(sink: &'s mut dyn FnMut(&Diagnostic)) -> Self {
        Findings { sink, told: HashSet::new(), refused: 0 }
    }

    /// Something worth knowing; nothing is refused because of it.
    pub fn tell(&mut self, finding: Diagnostic) {
        (self.sink)(&finding);
    }

    /// The same once for a file, whatever number of records it is true of.
    pub fn tell_once(&mut self, finding: Diagnostic, code: &'static str) {
        if self.told.insert(code) {
            self.tell(finding);
        }
    }

    /// The reason why one record is not taken.
    pub fn refuse(&mut self, finding: Diagnostic) {
        self.refused += 1;
        self.tell(finding);
    }
}
