//! The report of a checker: takes findings as they come, counts them, and hands them to a format.
use std::io::Write;

use indexmap::IndexMap;
use serde::Serialize;

use super::format::{Finding, Format, Render};
use super::{Outcome, Report};
use crate::diagnostic::{Diagnostic, Result, Severity};

/// `--fail-on`: from which severity on findings make a checker exit with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum FailOn {
    #[default]
    Error,
    Warning,
    Note,
    Never,
}

/// What was checked and found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub checked: u64,
    /// What was checked, in the singular: `offer`.
    pub unit: &'static str,
    pub errors: u64,
    pub warnings: u64,
    pub notes: u64,
    /// Findings by code, in the order in which each came first.
    pub codes: IndexMap<String, u64>,
}

impl Summary {
    pub fn findings(&self) -> u64 {
        self.errors + self.warnings + self.notes
    }

    pub fn outcome(&self, fail_on: FailOn) -> Outcome {
        let failing = match fail_on {
            FailOn::Error => self.errors,
            FailOn::Warning => self.errors + self.warnings,
            FailOn::Note => self.findings(),
            FailOn::Never => 0,
        };
        if failing > 0 { Outcome::Findings } else { Outcome::Done }
    }

    fn count(&mut self, d: &Diagnostic) {
        match d.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => self.notes += 1,
        }
        match self.codes.get_mut(&d.code) {
            Some(count) => *count += 1,
            None => _ = self.codes.insert(d.code.clone(), 1),
        }
    }
}

/// A report being written. What it keeps in memory is bounded, however many findings come.
pub struct Checks<'r> {
    report: &'r Report,
    render: Box<dyn Render>,
    channel: Option<String>,
    summary: Summary,
}

impl<'r> Checks<'r> {
    pub(super) fn new(report: &'r Report, format: Format) -> Self {
        let render = format.render(report.out.color, report.options.all);
        Checks { report, render, channel: None, summary: Summary::default() }
    }

    /// Findings from here on are about this channel.
    pub fn channel(&mut self, name: impl Into<String>) {
        self.channel = Some(name.into());
    }

    /// Fails when it cannot be written.
    pub fn push(&mut self, diagnostic: &Diagnostic) -> Result<()> {
        self.summary.count(diagnostic);
        let finding = Finding { diagnostic, channel: self.channel.as_deref() };
        self.report.write(&self.report.out, |out| self.render.finding(finding, out))
    }

    /// Ends the report: `checked` of these `unit`s (in the singular) were looked at.
    pub fn finish(mut self, checked: u64, unit: &'static str) -> Result<Summary> {
        self.summary = Summary { checked, unit, ..self.summary };
        let end = |out: &mut dyn Write| {
            self.render.rest(out)?;
            self.render.end(&self.summary, out)?;
            out.flush()
        };
        self.report.write(&self.report.out, end)?;
        Ok(self.summary)
    }
}
