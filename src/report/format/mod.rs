//! The formats of a checker's report: one file each, all fed with the same findings.
mod github;
mod human;
mod json;
mod junit;
mod sarif;

pub(super) use human::Human;
pub(super) use json::Json;

use std::io::{self, Write};

use super::Summary;
use crate::diagnostic::Diagnostic;

/// `--format` of a checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people: findings with carets, the first of each code.
    #[default]
    Human,
    /// One object a line; see [`crate::report`].
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test reports.
    Junit,
    /// Annotations of a GitHub workflow.
    Github,
}

impl Format {
    pub(super) fn render(self, color: bool, all: bool) -> Box<dyn Render> {
        match self {
            Format::Human => Box::new(Human::new(color, all)),
            Format::Json => Box::new(Json),
            Format::Sarif => Box::<sarif::Sarif>::default(),
            Format::Junit => Box::<junit::Junit>::default(),
            Format::Github => Box::<github::Github>::default(),
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Finding<'a> {
    pub(super) diagnostic: &'a Diagnostic,
    pub(super) channel: Option<&'a str>,
}

/// Writes findings as they come, or keeps what it needs of them until the end.
pub(super) trait Render: Send {
    fn finding(&mut self, finding: Finding<'_>, out: &mut dyn Write) -> io::Result<()>;

    /// After the last finding: what was held back for being too many.
    fn rest(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()>;
}
