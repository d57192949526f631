//! JUnit XML: a suite for each channel (or file), a case for each code. Errors fail the case, the rest is its output.
use std::io::{self, Write};

use indexmap::IndexMap;
use quick_xml::escape::escape as xml;

use super::{Finding, Render};
use crate::diagnostic::Severity;
use crate::report::Summary;
use crate::report::escape::escape;
use crate::report::human::{counted, one_line};

/// Findings listed in one case.
const LISTED_PER_CASE: usize = 20;

#[derive(Default)]
pub(super) struct Junit {
    suites: IndexMap<String, IndexMap<String, Case>>,
}

#[derive(Default)]
struct Case {
    failed: bool,
    findings: u64,
    listed: String,
}

impl Render for Junit {
    fn finding(&mut self, finding: Finding<'_>, _out: &mut dyn Write) -> io::Result<()> {
        let d = finding.diagnostic;
        let suite = finding.channel.or(d.place.file.as_deref()).unwrap_or("purvey");
        let case = self.suites.entry(suite.to_owned()).or_default().entry(d.code.clone()).or_default();
        case.failed |= d.severity == Severity::Error;
        case.findings += 1;
        if case.findings <= LISTED_PER_CASE as u64 {
            let line = d.place.line.map(|n| format!("line {n}: ")).unwrap_or_default();
            case.listed += &format!("{line}{}\n", one_line(d));
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        // a report without a single case is taken for a broken one
        if self.suites.is_empty() {
            let passed = Case::default();
            self.suites.insert("purvey".to_owned(), IndexMap::from([(format!("{} checked", summary.unit), passed)]));
        }
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(out, r#"<testsuites name="purvey"{}>"#, counts(self.suites.values().flat_map(IndexMap::values)))?;
        for (name, cases) in &self.suites {
            writeln!(out, r#"  <testsuite name="{}"{}>"#, attribute(name), counts(cases.values()))?;
            for (code, case) in cases {
                case.write(name, code, out)?;
            }
            writeln!(out, "  </testsuite>")?;
        }
        writeln!(out, "</testsuites>")
    }
}

impl Case {
    fn write(&self, suite: &str, code: &str, out: &mut dyn Write) -> io::Result<()> {
        write!(out, r#"    <testcase classname="{}" name="{}">"#, attribute(suite), attribute(code))?;
        let count = counted(self.findings, "finding");
        match (self.findings, self.failed) {
            (0, _) => {}
            (_, true) => write!(out, r#"<failure message="{count}">{}</failure>"#, xml(self.text()))?,
            (_, false) => write!(out, "<system-out>{count}\n{}</system-out>", xml(self.text()))?,
        }
        writeln!(out, "</testcase>")
    }

    fn text(&self) -> String {
        match self.findings.checked_sub(LISTED_PER_CASE as u64) {
            Some(more @ 1..) => format!("{}… and {more} more\n", self.listed),
            _ => self.listed.clone(),
        }
    }
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let (mut tests, mut failures) = (0, 0);
    for case in cases {
        tests += 1;
        failures += u32::from(case.failed);
    }
    format!(r#" tests="{tests}" failures="{failures}""#)
}

/// XML has no way to write most control characters at all, so they are made visible first.
fn attribute(text: &str) -> String {
    xml(escape(text)).into_owned()
}
