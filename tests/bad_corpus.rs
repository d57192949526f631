//! Malformed files, each with the verdict it deserves: `PURVEY_SHARED=DIR cargo test --test bad_corpus`.
//!
//! `DIR/data/bad/manifest.tsv` says for each file whether it is fatal, loses a record, is worth a warning or fine, and
//! where. Feeds are checked, everything else is imported. Every case starts from the catalog of `_base/`. The corpus is not part of this repository; without it the
//! test says so and checks nothing.
use purvey::catalog::Catalog;
use purvey::channel::{Channel, Parameter, Settings};
use purvey::diagnostic::{Diagnostic, Error, Place, Severity};
use purvey::feed::{Findings, check};
use purvey::intake::bytes::source::Source;
use purvey::intake::detect::Kind;
use purvey::intake::{Imported, Options, import};
use purvey::value::Currency;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Cases in which the manifest leaves a choice and purvey's differs from its level, with the reason.
const CHOICES: &[(&str, &str, &str)] = &[
    ("csv/bom-mid.csv", "ok", "blank lines, outer spaces and byte order marks around a header are harmless"),
    ("csv/preamble-comments.csv", "ok", "comment records above the header are found by themselves"),
    ("orders/date-epoch.jsonl", "ok", "ten digits are seconds since 1970: nothing else has that form"),
    ("orders/date-epoch-ms.jsonl", "ok", "thirteen digits are milliseconds since 1970"),
    ("xml/namespace-wrong.xml", "warn", "fields are read as they are meant, and the wrong namespace is named"),
];

/// The level a case has to end at.
fn due(case: &Case) -> &str {
    CHOICES.iter().find(|(file, ..)| *file == case.file).map_or(case.level.as_str(), |(_, level, _)| level)
}

struct Case {
    file: String,
    kind: String,
    level: String,
    at: String,
}

fn cases(manifest: &str) -> Vec<Case> {
    let rows = manifest.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let case = |row: Vec<&str>| match row[..] {
        [file, kind, _, level, at, ..] => {
            Case { file: file.into(), kind: kind.into(), level: level.into(), at: at.into() }
        }
        _ => panic!("the manifest has a row of {} cells", row.len()),
    };
    rows.map(case).collect()
}

/// What came of a case.
struct Outcome {
    level: &'static str,
    findings: Vec<Diagnostic>,
    /// Everything the catalog holds afterwards.
    catalog: String,
}

fn options(kind: Option<Kind>) -> Options {
    let now = "2025-06-01T00:00:00Z".parse().unwrap();
    Options { kind, ..Options::new(Currency::parse("EUR").unwrap(), now) }
}

fn import_into(dir: &Path, file: &Path, options: &Options) -> (Result<Imported, Error>, Vec<Diagnostic>) {
    let mut findings = Vec::new();
    let mut writer = Catalog::of_shop(dir).write("purvey import", options.now, Duration::ZERO).unwrap();
    let imported = Source::open(file).and_then(|source| {
        import(&mut writer, source, options, &mut |finding| findings.push(finding.clone()), &mut |_| {})
    });
    (imported, findings)
}

fn dump(dir: &Path) -> String {
    let reader = Catalog::of_shop(dir).read().unwrap();
    let mut dump = format!("revision {}\n", reader.revision().unwrap());
    for table in ["product", "variant", "stock", "location", "price", "movement", "orders", "line_item", "shipment"] {
        let mut select = reader.conn().prepare(&format!("SELECT * FROM {table}")).unwrap();
        let width = select.column_count();
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells = (0..width).map(|i| format!("{:?}", row.get_ref(i).unwrap()));
            dump += &format!("{table} {}\n", cells.collect::<Vec<_>>().join(" "));
        }
    }
    dump
}

fn run(base: &Path, file: &Path, options: &Options) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(base.join("shop.db"), dir.path().join("shop.db")).unwrap();
    let (imported, mut findings) = import_into(dir.path(), file, options);
    let level = match imported {
        Err(error) => {
            findings.push(error.to_diagnostic());
            "fatal"
        }
        Ok(imported) if imported.refused + imported.held > 0 => "row",
        Ok(_) if findings.iter().any(|finding| finding.severity == Severity::Warning) => "warn",
        Ok(_) => "ok",
    };
    Outcome { level, findings, catalog: dump(dir.path()) }
}

fn make_base(bad: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    Catalog::of_shop(dir.path()).create(options(None).now).unwrap();
    for (file, kind) in BASE {
        let (imported, findings) = import_into(dir.path(), &bad.join("_base").join(file), &options(Some(*kind)));
        assert!(imported.is_ok_and(|imported| imported.refused == 0), "_base/{file}: {findings:#?}");
    }
    dir
}

const BASE: &[(&str, Kind)] = &[
    ("stores.csv", Kind::Locations),
    ("products.csv", Kind::Products),
    ("stock.csv", Kind::Stock),
    ("orders.jsonl", Kind::Orders),
];

/// What a case is imported as, by itself or as the kind that is named; `None` for what is not imported.
fn kind_of(case: &Case) -> Option<Option<Kind>> {
    match case.kind.as_str() {
        "products" => Some(Some(Kind::Products)),
        "stock" => Some(Some(Kind::Stock)),
        "orders" => Some(Some(Kind::Orders)),
        "tracking" => Some(Some(Kind::Tracking)),
        "json" => Some(None),
        _ => None,
    }
}

/// `3/6/Variant Price`: record, line and column; `-` for a part that is not asked for.
fn is_at(place: &Place, at: &str) -> bool {
    let parts: Vec<&str> = at.splitn(3, '/').collect();
    let fits = |part: Option<&&str>, found: Option<u64>| match part {
        None | Some(&"-") => true,
        Some(part) => part.parse().ok() == found,
    };
    let attribute = match parts.get(2) {
        None | Some(&"-") => true,
        Some(name) => place.attribute.as_deref().is_some_and(|found| found.split(", ").any(|one| one == *name)),
    };
    fits(parts.first(), place.record) && fits(parts.get(1), place.line) && attribute
}

/// Says what is wrong with an outcome; empty when it is as it should be.
fn faults(case: &Case, outcome: &Outcome, strict: &Outcome, base: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let due = due(case);
    // "ok" means taken; a warning about something else in the file does no harm
    if outcome.level != due && !(due == "ok" && outcome.level == "warn") {
        faults.push(format!("{} instead of {due}", outcome.level));
    }
    if due != "ok" && due == case.level && !outcome.findings.iter().any(|finding| is_at(&finding.place, &case.at)) {
        faults.push(format!("nothing is said at {}", case.at));
    }
    if outcome.findings.iter().any(|finding| finding.severity == Severity::Error && finding.help.is_none()) {
        faults.push("an error without help".to_owned());
    }
    if outcome.level == "fatal" && outcome.catalog != base {
        faults.push("the catalog changed although the file was refused".to_owned());
    }
    if outcome.level == "row" && (strict.level != "fatal" || strict.catalog != base) {
        faults.push("`--strict` kept something".to_owned());
    }
    faults
}

/// Feeds are not imported but checked, as their channel would read them.
fn check_feed(file: &Path) -> Outcome {
    let mut settings = Settings::default();
    for key in ["site", "country", "shop", "currency"] {
        settings.parameters.insert(key.to_owned(), Parameter::Text(String::new()));
    }
    let channel = Channel::load("google", None, settings).unwrap();
    let mut said = Vec::new();
    let mut sink = |finding: &Diagnostic| said.push(finding.clone());
    let name = file.display().to_string();
    let input = BufReader::new(File::open(file).unwrap());
    let checked = check(&channel, input, &name, |_| None, &mut Findings::new(&mut sink));
    let level = match checked {
        Err(error) => {
            said.push(error.to_diagnostic());
            "fatal"
        }
        Ok(checked) if checked.offers == 0 => "fatal",
        Ok(checked) if checked.refused > 0 => "row",
        Ok(_) if said.iter().any(|finding| finding.severity == Severity::Warning) => "warn",
        Ok(_) => "ok",
    };
    Outcome { level, findings: said, catalog: String::new() }
}

#[test]
fn every_malformed_file_ends_as_it_should() {
    let Some(shared) = std::env::var_os("PURVEY_SHARED").map(PathBuf::from) else {
        eprintln!("skipped: PURVEY_SHARED does not point to a corpus of malformed files");
        return;
    };
    let bad = shared.join("data/bad");
    let base = make_base(&bad);
    let before = dump(base.path());
    let manifest = std::fs::read_to_string(bad.join("manifest.tsv")).unwrap();
    let (mut count, mut failed) = (0, 0);
    for case in cases(&manifest).iter().filter(|case| !case.file.starts_with("(test)")) {
        let Some(kind) = kind_of(case) else { continue };
        count += 1;
        let file = bad.join(&case.file);
        let outcome = run(base.path(), &file, &options(kind));
        let strict = run(base.path(), &file, &Options { strict: true, ..options(kind) });
        for fault in faults(case, &outcome, &strict, &before) {
            failed += 1;
            println!("{}: {fault}", case.file);
            for finding in outcome.findings.iter().take(3) {
                let Place { record, line, attribute, .. } = &finding.place;
                println!("    {} {record:?}/{line:?}/{attribute:?} {}", finding.code, finding.message);
            }
        }
    }
    println!("{count} cases, {failed} faults");
    assert!(count > 0, "no case was run");
    assert_eq!(failed, 0, "see the list above");
}

#[test]
fn every_malformed_feed_is_read_to_its_fault() {
    let Some(shared) = std::env::var_os("PURVEY_SHARED").map(PathBuf::from) else {
        eprintln!("skipped: PURVEY_SHARED does not point to a corpus of malformed files");
        return;
    };
    let bad = shared.join("data/bad");
    let manifest = std::fs::read_to_string(bad.join("manifest.tsv")).unwrap();
    let is_google = |case: &&Case| matches!(case.kind.as_str(), "feed-rss" | "feed-atom");
    let (mut count, mut failed) = (0, 0);
    for case in cases(&manifest).iter().filter(is_google) {
        count += 1;
        let outcome = check_feed(&bad.join(&case.file));
        // the offers of these files are short of attributes, so "ok" and "warn" only mean that it can be read
        let is_right = match due(case) {
            "ok" | "warn" => outcome.level != "fatal",
            level => outcome.level == level,
        };
        let line = case.at.split('/').next().and_then(|line| line.parse().ok());
        let is_there =
            case.level == "ok" || outcome.findings.iter().any(|finding| line.is_none() || finding.place.line == line);
        if !is_right || !is_there {
            failed += 1;
            println!("{}: {} instead of {} at {}", case.file, outcome.level, case.level, case.at);
            for finding in outcome.findings.iter().take(3) {
                println!("    {} {:?} {}", finding.code, finding.place.line, finding.message);
            }
        }
    }
    println!("{count} feeds, {failed} faults");
    assert!(count > 0, "no case was run");
    assert_eq!(failed, 0, "see the list above");
}
