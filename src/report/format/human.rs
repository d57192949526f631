//! For people: the first findings of each code as they come, then how many more there are, then the sum.
use std::io::{self, Write};

use indexmap::IndexMap;

use super::{Finding, Render};
use crate::report::Summary;
use crate::report::escape::escape;
use crate::report::human::{counted, diagnostic, thousands};

/// Findings of one code shown without `--all`.
const SHOWN_PER_CODE: u64 = 20;

pub(in crate::report) struct Human {
    color: bool,
    shown_max: u64,
    seen: IndexMap<String, u64>,
}

impl Human {
    pub(in crate::report) fn new(color: bool, all: bool) -> Self {
        Human { color, shown_max: if all { u64::MAX } else { SHOWN_PER_CODE }, seen: IndexMap::new() }
    }
}

impl Render for Human {
    fn finding(&mut self, finding: Finding<'_>, out: &mut dyn Write) -> io::Result<()> {
        let seen = self.seen.entry(finding.diagnostic.code.clone()).or_default();
        *seen += 1;
        if *seen > self.shown_max {
            return Ok(());
        }
        diagnostic(out, finding.diagnostic, self.color)?;
        // someone may be waiting for it
        out.flush()
    }

    fn rest(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for (code, seen) in &self.seen {
            if let Some(more @ 1..) = seen.checked_sub(self.shown_max) {
                writeln!(out, "… and {} more like this: {}; --all shows them", thousands(more), escape(code))?;
            }
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let counts = [(summary.errors, "error"), (summary.warnings, "warning"), (summary.notes, "note")];
        let found: Vec<_> = counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, noun)| counted(n, noun)).collect();
        let found = if found.is_empty() { "no findings".to_owned() } else { found.join(", ") };
        writeln!(out, "{found} in {}", counted(summary.checked, summary.unit))
    }
}
