//! One JSON object a line: every finding, then the summary.
use std::io::{self, Write};

use serde::Serialize;

use super::{Finding, Render};
use crate::report::{Summary, json};

pub(in crate::report) struct Json;

impl Render for Json {
    fn finding(&mut self, finding: Finding<'_>, out: &mut dyn Write) -> io::Result<()> {
        json::diagnostic(out, finding.diagnostic, finding.channel)
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            r#type: &'static str,
            schema: u32,
            #[serde(flatten)]
            summary: &'a Summary,
        }
        json::line(out, &Line { r#type: "summary", schema: json::SCHEMA, summary })
    }
}
