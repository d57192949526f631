//! One messy list through every format, and what the streams promise.
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{Kind, Place, Retry};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn json_lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn report(options: Options) -> (Report, Page, Page) {
    let (out, err) = (Page::default(), Page::default());
    (Report::into_streams(options, Box::new(out.clone()), Box::new(err.clone())), out, err)
}

const HOSTILE: &str = "a\x1b[2J\u{9b}31m\u{202e}\r\n::error::x\0\u{200b}%,<b>&\"\u{7f}";

/// 25 of one error, 2 warnings with hostile text all over, 1 note without a place.
fn messy() -> Vec<Diagnostic> {
    let missing = |n: u64| {
        let place = Place::file("shop/feed, 1.csv").line(n + 1).column(3).record(n + 1).sku(format!("S{n}"));
        Diagnostic::error("google/price-missing", "no price").at(place.attribute("price")).help("set one: 100% sure")
    };
    let hostile = || {
        let place = Place::file(HOSTILE).line(2).column(2).snippet(HOSTILE, 3).sku(HOSTILE).attribute(HOSTILE);
        Diagnostic::warning("google/title", HOSTILE).at(place.value(HOSTILE)).help(HOSTILE)
    };
    let mut list: Vec<_> = (1..=25).map(missing).collect();
    list.extend([hostile(), hostile(), Diagnostic::note("google/slow", "9 % take long")]);
    list
}

fn checked(format: Format, options: Options, findings: &[Diagnostic]) -> (String, Summary) {
    let (report, out, err) = report(options);
    let mut checks = report.checks(format);
    checks.channel("google");
    findings.iter().for_each(|d| checks.push(d).unwrap());
    let summary = checks.finish(9412, "offer").unwrap();
    assert_eq!(err.text(), "");
    (out.text(), summary)
}

const FORMATS: [Format; 5] = [Format::Human, Format::Json, Format::Sarif, Format::Junit, Format::Github];

#[test]
fn every_format_counts_the_same() {
    let number = |text: &str| text.split(' ').next().unwrap().parse::<usize>().unwrap();
    for format in FORMATS {
        let (text, summary) = checked(format, Options::default(), &messy());
        assert_eq!((summary.errors, summary.warnings, summary.notes), (25, 2, 1));
        let told = match format {
            Format::Human => text.lines().last().unwrap().split(", ").map(number).sum(),
            Format::Json => text.matches(r#""type":"diagnostic""#).count(),
            Format::Sarif => text.matches(r#""ruleId":"#).count(),
            Format::Junit => {
                let counts = text.split("<failure message=\"").flat_map(|part| part.split("<system-out>")).skip(1);
                counts.map(number).sum()
            }
            Format::Github => {
                let shown = text.lines().count() - 1;
                shown + number(text.lines().last().unwrap().split("and ").last().unwrap())
            }
        };
        assert_eq!(told, 28, "{format:?}");
    }
}

#[test]
fn no_format_lets_an_unsafe_character_through() {
    for format in FORMATS {
        let (text, _) = checked(format, Options::default(), &messy());
        assert_eq!(text.chars().find(|c| *c != '\n' && escape::is_unsafe(*c)), None, "{format:?}");
    }
    let options = Options { color: clap::ColorChoice::Always, ..Options::default() };
    let (text, _) = checked(Format::Human, options, &messy());
    assert!(text.starts_with("\x1b[1m\x1b[31merror[google/price-missing]\x1b[0m: "), "{text}");
    assert!(!text.contains("\x1b[2J"));
}

#[test]
fn human_shows_the_first_of_each_code_and_how_many_more() {
    let (text, _) = checked(Format::Human, Options::default(), &messy());
    assert!(text.starts_with(
        "error[google/price-missing]: no price\n\
         \x20 --> shop/feed, 1.csv:2:3 (record 2, SKU S1, price)\n\
         help: set one: 100% sure\n\n"
    ));
    assert_eq!(text.matches("error[google/price-missing]").count(), 20);
    assert!(text.ends_with(
        "note[google/slow]: 9 % take long\n\n\
         … and 5 more like this: google/price-missing; --all shows them\n\
         25 errors, 2 warnings, 1 note in 9,412 offers\n"
    ));
    let (text, _) = checked(Format::Human, Options { all: true, ..Options::default() }, &messy());
    assert_eq!(text.matches("error[google/price-missing]").count(), 25);
    assert!(!text.contains("--all"));
    let (text, _) = checked(Format::Human, Options::default(), &[]);
    assert_eq!(text, "no findings in 9,412 offers\n");
}

#[test]
fn json_is_one_object_a_line_with_every_fact() {
    // --json does the same as --format json
    let (text, _) = checked(Format::Human, Options { json: true, ..Options::default() }, &messy());
    assert_eq!(text, checked(Format::Json, Options::default(), &messy()).0);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 29);
    assert_eq!(
        text.lines().next().unwrap(),
        r#"{"type":"diagnostic","schema":1,"channel":"google","code":"google/price-missing","severity":"error","message":"no price","place":{"file":"shop/feed, 1.csv","line":2,"column":3,"record":2,"sku":"S1","attribute":"price"},"help":"set one: 100% sure"}"#
    );
    // escaped, and yet nothing is lost
    assert_eq!(lines[25]["message"], HOSTILE);
    assert_eq!(lines[25]["place"]["value"], HOSTILE);
    assert_eq!(
        text.lines().last().unwrap(),
        r#"{"type":"summary","schema":1,"checked":9412,"unit":"offer","errors":25,"warnings":2,"notes":1,"codes":{"google/price-missing":25,"google/title":2,"google/slow":1}}"#
    );
}

#[test]
fn sarif_has_what_code_scanning_asks_for() {
    let (text, _) = checked(Format::Sarif, Options::default(), &messy());
    let log: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "purvey");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!((rules.len(), results.len()), (3, 28));
    for result in results {
        assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
    }
    let mut first = results[0].clone();
    let fingerprint = first["partialFingerprints"]["primaryLocationLineHash"].take();
    assert!(fingerprint.as_str().unwrap().ends_with(":1"), "{fingerprint}");
    assert_eq!(
        first,
        json!({
            "ruleId": "google/price-missing", "ruleIndex": 0, "level": "error",
            "message": { "text": "no price (record 2, SKU S1, price); help: set one: 100% sure" },
            "partialFingerprints": { "primaryLocationLineHash": null },
            "properties": { "channel": "google", "sku": "S1", "attribute": "price" },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": "shop/feed%2C%201.csv" },
                "region": { "startLine": 2, "startColumn": 3 },
            } }],
        })
    );
    assert_eq!((&results[27]["level"], results[27].get("locations")), (&json!("note"), None));
}

#[test]
fn a_sarif_fingerprint_survives_moving_the_row() {
    let fingerprints = |findings: &[Diagnostic]| -> Vec<Value> {
        let log: Value = serde_json::from_str(&checked(Format::Sarif, Options::default(), findings).0).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results.iter().map(|r| r["partialFingerprints"]["primaryLocationLineHash"].clone()).collect()
    };
    let before = messy()[..3].to_vec();
    let mut after = before.clone();
    after.iter_mut().for_each(|d| d.place.line = d.place.line.map(|line| line + 40));
    assert_eq!(fingerprints(&before), fingerprints(&after));
    after[0].place.attribute = Some("sale_price".into());
    let (before, after) = (fingerprints(&before), fingerprints(&after));
    assert_ne!(before[0], after[0]);
    assert_ne!(before[0], before[1]);
    assert_eq!(before[1..], after[1..]);
}

#[test]
fn sarif_keeps_the_worst_within_the_limit() {
    let mut findings = vec![Diagnostic::warning("a/w", "w"); 25_003];
    findings.push(Diagnostic::error("a/e", "e"));
    let log: Value = serde_json::from_str(&checked(Format::Sarif, Options::default(), &findings).0).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 25_000);
    assert_eq!(run["results"][0]["level"], "error");
    assert_eq!(
        run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"],
        "4 findings left out: a run takes 25,000, the worst were kept"
    );
}

#[test]
fn junit_has_a_case_for_each_code() {
    let (text, _) = checked(Format::Junit, Options::default(), &messy());
    assert!(text.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"purvey\" tests=\"3\" failures=\"1\">\n\
         \x20 <testsuite name=\"google\" tests=\"3\" failures=\"1\">\n\
         \x20   <testcase classname=\"google\" name=\"google/price-missing\"><failure message=\"25 findings\">\
         line 2: no price (record 2, SKU S1, price); help: set one: 100% sure\n"
    ));
    assert!(
        text.contains("(record 21, SKU S20, price); help: set one: 100% sure\n… and 5 more\n</failure></testcase>")
    );
    assert!(text.contains("name=\"google/slow\"><system-out>1 finding\n9 % take long\n</system-out></testcase>"));
    let cases = |xml: &str| {
        let mut reader = quick_xml::Reader::from_str(xml);
        let mut count = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(e) if e.name().as_ref() == "testcase" => count += 1,
                quick_xml::events::Event::Eof => return count,
                _ => {}
            }
        }
    };
    assert_eq!(cases(&text), 3);
    assert_eq!(cases(&checked(Format::Junit, Options::default(), &[]).0), 1);
}

#[test]
fn github_gets_ten_of_a_level_and_the_number_of_the_rest() {
    let (text, _) = checked(Format::Github, Options::default(), &messy());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "::error file=shop/feed%2C 1.csv,line=2,col=3,title=google/price-missing::no price (record 2, SKU S1, price); help: set one: 100%25 sure"
    );
    assert_eq!(lines.iter().filter(|line| line.starts_with("::error ")).count(), 10);
    assert!(
        lines[10]
            .starts_with(r"::warning file=a\u{1b}[2J\u{9b}31m\u{202e}\r\n%3A%3Aerror%3A%3Ax\u{0}\u{200b}%25%2C<b>&")
    );
    assert_eq!(
        lines[12..],
        ["::notice title=google/slow::9 %25 take long", "::notice title=purvey::and 15 findings more"]
    );
}

#[test]
fn fail_on_decides_the_outcome() {
    let summary = Summary { warnings: 1, ..Summary::default() };
    let outcomes = [FailOn::Error, FailOn::Warning, FailOn::Note, FailOn::Never].map(|level| summary.outcome(level));
    assert_eq!(outcomes, [Outcome::Done, Outcome::Findings, Outcome::Findings, Outcome::Done]);
}

#[test]
fn a_result_is_text_or_one_line_of_json() {
    let say = |out: &mut dyn Write| writeln!(out, "title: {HOSTILE}");
    let (human, out, err) = report(Options::default());
    human.result(&json!({ "title": HOSTILE }), say).unwrap();
    assert_eq!(out.text(), "title: a\\u{1b}[2J\\u{9b}31m\\u{202e}\\r\n::error::x\\u{0}\\u{200b}%,<b>&\"\\u{7f}\n");
    let (machine, json_out, _) = report(Options { json: true, quiet: true, ..Options::default() });
    machine.summary(&json!({ "title": HOSTILE }), say).unwrap();
    assert_eq!(json_out.json_lines(), [json!({ "title": HOSTILE })]);
    assert_eq!(err.text(), "");
}

#[test]
fn a_document_is_passed_on_byte_for_byte() {
    let (report, out, _) = report(Options::default());
    report.document(|out| out.write_all(HOSTILE.as_bytes()).map_err(|e| Error::bug(e.to_string()))).unwrap();
    assert_eq!(out.text(), HOSTILE);
    let error = report.document(|_| Err(Error::usage("a/b", "no"))).unwrap_err();
    assert_eq!(error.code, "a/b");
}

#[test]
fn an_error_is_the_last_line_on_standard_error() {
    let (report, out, err) = report(Options { json: true, ..Options::default() });
    report.diagnostic(&Diagnostic::warning("import/odd", "odd"));
    let error = Error::new(Kind::Busy, "catalog/locked", "the catalog is being written").retry(Retry::Later(Some(60)));
    report.error(&error.at(Place::file("shop.db")).source(io::Error::other("flock")));
    let lines = err.json_lines();
    assert_eq!((lines.len(), &lines[0]["code"]), (2, &json!("import/odd")));
    assert_eq!(
        lines[1],
        json!({
            "type": "error", "schema": 1, "code": "catalog/locked", "exit": 75, "retry": "later",
            "retry_after_seconds": 60, "message": "the catalog is being written", "place": { "file": "shop.db" },
            "causes": ["flock"],
        })
    );
    assert_eq!(out.text(), "");
}

#[test]
fn quiet_leaves_errors() {
    let (report, out, err) = report(Options { quiet: true, ..Options::default() });
    report.diagnostics(&messy()[23..]);
    report.note("talk");
    report.summary(&1, |out| writeln!(out, "1 done")).unwrap();
    report.progress("import", Some(2), Unit::Items("orders")).advance(1);
    assert_eq!(err.text().matches("error[").count(), 2);
    assert_eq!(err.text().matches("warning[").count() + err.text().matches("note[").count(), 0);
    assert_eq!(out.text(), "");
}

#[test]
fn each_kind_of_error_has_its_exit_code() {
    for (kind, code) in [
        (Kind::Usage, 2),
        (Kind::Rejected, 3),
        (Kind::Guard, 5),
        (Kind::NoCatalog, 10),
        (Kind::Input, 65),
        (Kind::Unavailable, 69),
        (Kind::Bug, 70),
        (Kind::Io, 74),
        (Kind::Busy, 75),
        (Kind::Credentials, 77),
        (Kind::Interrupted(130), 130),
        (Kind::Interrupted(143), 143),
    ] {
        assert_eq!(exit_code(kind), code, "{kind:?}");
    }
    let outcomes = [Outcome::Done, Outcome::Findings, Outcome::Partly, Outcome::Changes];
    assert_eq!(outcomes.map(Outcome::code), [0, 1, 3, 4]);
}
