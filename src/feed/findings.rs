//! Findings of a run: handed on as they come, counted by code, never gathered (a bad feed has millions).
use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Severity};

/// Counts findings and passes each to whoever reports them.
pub struct Findings<'s> {
    sink: &'s mut dyn FnMut(&Diagnostic),
    counts: IndexMap<String, (Severity, u64)>,
}

impl<'s> Findings<'s> {
    pub fn new(sink: &'s mut dyn FnMut(&Diagnostic)) -> Self {
        Findings { sink, counts: IndexMap::new() }
    }

    pub fn add(&mut self, finding: Diagnostic) {
        (self.sink)(&finding);
        match self.counts.get_mut(&finding.code) {
            Some((worst, count)) => {
                *worst = finding.severity.max(*worst);
                *count += 1;
            }
            None => drop(self.counts.insert(finding.code, (finding.severity, 1))),
        }
    }

    /// How many of this severity.
    pub fn count(&self, severity: Severity) -> u64 {
        self.counts.values().filter(|(s, _)| *s == severity).map(|(_, n)| n).sum()
    }

    /// Code, severity and number, in the order the codes were first met.
    pub fn by_code(&self) -> impl Iterator<Item = (&str, Severity, u64)> {
        self.counts.iter().map(|(code, (severity, count))| (code.as_str(), *severity, *count))
    }
}
