//! Annotations of a GitHub workflow: `::error file=…,line=…,col=…,title=…::message`.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
use std::io::{self, Write};

use super::{Finding, Render};
use crate::diagnostic::Severity;
use crate::report::Summary;
use crate::report::escape::escape;
use crate::report::human::{counted, one_line};

/// GitHub shows so many annotations of one level and step, and drops the rest without a word.
const SHOWN_PER_LEVEL: u64 = 10;

#[derive(Default)]
pub(super) struct Github {
    /// By [`Severity`].
    seen: [u64; 3],
    shown: u64,
}

impl Render for Github {
    fn finding(&mut self, finding: Finding<'_>, out: &mut dyn Write) -> io::Result<()> {
        let d = finding.diagnostic;
        let seen = &mut self.seen[d.severity as usize];
        *seen += 1;
        let (level, max) = match d.severity {
            Severity::Error => ("error", SHOWN_PER_LEVEL),
            Severity::Warning => ("warning", SHOWN_PER_LEVEL),
            // one place is kept for the notice of what was not shown
            Severity::Note => ("notice", SHOWN_PER_LEVEL - 1),
        };
        if *seen > max {
            return Ok(());
        }
        self.shown += 1;
        write!(out, "::{level} ")?;
        if let Some(file) = &d.place.file {
            write!(out, "file={},", property(file))?;
            for (name, number) in [("line", d.place.line), ("col", d.place.line.and(d.place.column))] {
                if let Some(number) = number {
                    write!(out, "{name}={number},")?;
                }
            }
        }
        writeln!(out, "title={}::{}", property(&d.code), one_line(d).replace('%', "%25"))
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        match summary.findings().saturating_sub(self.shown) {
            0 => Ok(()),
            more => writeln!(out, "::notice title=purvey::and {} more", counted(more, "finding")),
        }
    }
}

/// Line breaks are made visible before, so only what ends a property is left to escape.
fn property(text: &str) -> String {
    escape(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}
