//! SARIF 2.1.0 for code scanning. <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
use std::collections::HashMap;
use std::io::{self, Write};

use indexmap::IndexSet;
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::{Finding, Render};
use crate::diagnostic::{Diagnostic, Place};
use crate::report::human::{counted, one_line, thousands};
use crate::report::{Summary, json};

/// GitHub refuses a run with more results:
/// <https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit>
const RESULTS_MAX: usize = 25_000;

/// Keeps the worst findings up to the limit.
#[derive(Default)]
pub(super) struct Sarif {
    /// By [`Severity`], each in the order of arrival.
    results: [Vec<Value>; 3],
    rules: IndexSet<String>,
    seen: HashMap<u64, u32>,
}

impl Render for Sarif {
    fn finding(&mut self, finding: Finding<'_>, _out: &mut dyn Write) -> io::Result<()> {
        let d = finding.diagnostic;
        let kept = &mut self.results[d.severity as usize];
        if kept.len() < RESULTS_MAX {
            let (rule, _) = self.rules.insert_full(d.code.clone());
            let fingerprint = fingerprint(d);
            let nth = self.seen.entry(fingerprint).and_modify(|n| *n += 1).or_insert(1);
            kept.push(result(finding, rule, &format!("{fingerprint:016x}:{nth}")));
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let [notes, warnings, errors] = std::mem::take(&mut self.results);
        let results: Vec<Value> = errors.into_iter().chain(warnings).chain(notes).take(RESULTS_MAX).collect();
        let cut = summary.findings().saturating_sub(results.len() as u64);
        let mut invocation = json!({ "executionSuccessful": true });
        if cut > 0 {
            let most = thousands(RESULTS_MAX as u64);
            let text = format!("{} left out: a run takes {most}, the worst were kept", counted(cut, "finding"));
            invocation["toolExecutionNotifications"] = json!([{ "level": "warning", "message": { "text": text } }]);
        }
        let rules: Vec<Value> = self.rules.iter().map(|code| json!({ "id": code })).collect();
        let driver = json!({ "name": "purvey", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
        let log = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": driver },
                "invocations": [invocation],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }],
        });
        json::line(out, &log)
    }
}

fn result(finding: Finding<'_>, rule: usize, fingerprint: &str) -> Value {
    let d = finding.diagnostic;
    let known = [
        ("channel", finding.channel),
        ("sku", d.place.sku.as_deref()),
        ("attribute", d.place.attribute.as_deref()),
        ("value", d.place.value.as_deref()),
    ];
    let properties: Map<String, Value> =
        known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    let mut result = json!({
        "ruleId": d.code,
        "ruleIndex": rule,
        "level": d.severity.as_str(),
        "message": { "text": one_line(d) },
        // the name under which GitHub looks for it
        "partialFingerprints": { "primaryLocationLineHash": fingerprint },
        "properties": properties,
    });
    if let Some(location) = location(&d.place) {
        result["locations"] = json!([location]);
    }
    result
}

fn location(place: &Place) -> Option<Value> {
    let mut physical = json!({ "artifactLocation": { "uri": uri(place.file.as_ref()?) } });
    if let Some(line) = place.line {
        physical["region"] = match place.column {
            Some(column) => json!({ "startLine": line, "startColumn": column }),
            None => json!({ "startLine": line }),
        };
    }
    Some(json!({ "physicalLocation": physical }))
}

/// Stays the same when a row or a column moves: code, SKU and attribute, and the value where there is no SKU.
fn fingerprint(d: &Diagnostic) -> u64 {
    let name = d.place.sku.as_ref().or(d.place.value.as_ref());
    xxh3_64(format!("{}\0{name:?}\0{:?}", d.code, d.place.attribute).as_bytes())
}

/// A path as a relative URI reference: a colon too is escaped, or `a:b.csv` would have a scheme.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'\\' => uri.push('/'),
            b'/' | b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(byte.into()),
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}
