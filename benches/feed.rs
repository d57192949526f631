//! `feed build` and `feed check` beside what else could do it, in one run of the same catalog.
//!
//! `cargo bench --bench feed` takes 10,000 and 100,000 variants; `cargo bench --bench feed -- 100000 1000000` chooses the
//! sizes. Beside the build run: the `sqlite3` shell writing the columns the template reads as CSV, without shaping or
//! checking any; a writer by hand in Rust (`kit/by_hand.rs`), which does what Google's feed needs and nothing else; and
//! the same by hand in Python, the quickest of what people write their feeds with. Beside the check runs `xmllint`, which
//! only looks whether it is XML. What is not installed is skipped, and said. A ratio is of CPU time to that of what is
//! named, but that of two threads, which is of wall time to that of one and wants a machine that does nothing else.
//!
//! Offers told one by one to an API, here a stub on loopback: all of them (where they are 10,000 at most), then 1 % after their prices
//! changed, then none. Their ratios are to the CPU time of the whole RSS feed of so many offers.
mod kit;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use kit::by_hand::{self, COLUMNS};
use kit::goods::generate;
use kit::merchant;
use kit::process::{Used, purvey, run};
use kit::table::{Row, head};

/// More variants than these run once.
const VARIANTS_OFTEN: usize = 200_000;
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, catalog, to] = &arguments[..]
        && word == by_hand::WORD
    {
        return by_hand::write(catalog.as_ref(), to.as_ref());
    }
    let sizes: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10_000, 100_000] } else { sizes };
    let has = Installed { shell: is_there("sqlite3"), python: is_there("python3"), xmllint: is_there("xmllint") };
    head("offers");
    for size in sizes {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let dir = dir.path();
        generate(dir, size);
        let site = "https://bench.example";
        purvey(dir, &["init", "--name", "Bench", "--currency", "EUR", "--country", "DE", "--site", site]);
        purvey(dir, &["import", "products.csv"]);
        let often = if size > VARIANTS_OFTEN { 1 } else { ROUNDS };
        let rounds: Vec<Round> = (0..often).map(|_| Round::run(dir, &has)).collect();
        let bytes = |name: &str| fs::metadata(dir.join(name)).map_or(0, |m| m.len());
        let row = |name: &str| Row { records: size, bytes: bytes(name) };
        row("dump.csv").print("sqlite3 -csv, same columns", &rounds, |r| r.dump.as_ref(), |_| None);
        row("hand.xml").print("by hand in Rust", &rounds, |r| Some(&r.hand), |r| r.dump.as_ref());
        row("python.xml").print("by hand in Python", &rounds, |r| r.python.as_ref(), |r| r.dump.as_ref());
        row("out/google.xml").print("feed build google, RSS", &rounds, |r| Some(&r.rss), |r| r.dump.as_ref());
        row("out/google.xml").print("  beside by hand in Rust", &rounds, |r| Some(&r.rss), |r| Some(&r.hand));
        row("out/google.xml").print("  beside by hand in Python", &rounds, |r| Some(&r.rss), |r| r.python.as_ref());
        row("out/google.xml").print_wall("  by two threads, wall", &rounds, |r| &r.two, |r| &r.rss);
        row("out/google.tsv").print("feed build google, TSV", &rounds, |r| Some(&r.tsv), |r| r.dump.as_ref());
        row("out/google.xml").print("xmllint --stream --noout", &rounds, |r| r.xmllint.as_ref(), |_| None);
        row("out/google.xml").print("feed check google.xml", &rounds, |r| Some(&r.check), |r| r.xmllint.as_ref());
        if size <= OFFERS_TOLD {
            let told = [Told::run(dir)];
            let whole = |_: &Told| rounds.first().map(|round| &round.rss);
            row("").print("offers told: all", &told, |t| Some(&t.all), whole);
            row("").print("offers told: 1 % changed", &told, |t| Some(&t.changed), whole);
            row("").print("offers told: nothing changed", &told, |t| Some(&t.nothing), whole);
        }
    }
}

/// More offers are not told one by one: each is a request of its own.
const OFFERS_TOLD: usize = 10_000;

struct Told {
    all: Used,
    changed: Used,
    nothing: Used,
}

impl Told {
    fn run(dir: &Path) -> Told {
        merchant::open(dir);
        let tell = || purvey(dir, &["sync", "merchant", "--only", "feeds"]);
        let all = tell();
        fs::write(dir.join("prices.csv"), every_hundredth(dir)).expect("disk");
        purvey(dir, &["import", "prices.csv"]);
        let changed = tell();
        Told { all, changed, nothing: tell() }
    }
}

/// The SKUs of every hundredth offer in the TSV feed, each with a new price.
fn every_hundredth(dir: &Path) -> String {
    let feed = fs::read_to_string(dir.join("out/google.tsv")).expect("it was built");
    let skus = feed.lines().skip(1).step_by(100).filter_map(|line| line.split('\t').next());
    skus.fold("sku,price,currency\n".to_owned(), |table, sku| table + sku + ",7.77,EUR\n")
}

struct Installed {
    shell: bool,
    python: bool,
    xmllint: bool,
}

fn is_there(program: &str) -> bool {
    let status = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_there = status.is_ok_and(|s| s.success());
    if !is_there {
        println!("!! THERE IS NO {program} ON THE PATH: its rows, and the ratios to it, are left out !!");
    }
    is_there
}

struct Round {
    dump: Option<Used>,
    hand: Used,
    python: Option<Used>,
    rss: Used,
    two: Used,
    tsv: Used,
    xmllint: Option<Used>,
    check: Used,
}

impl Round {
    fn run(dir: &Path, has: &Installed) -> Round {
        let select = format!("SELECT {COLUMNS} FROM item");
        let this = std::env::current_exe().expect("the benchmark knows where it is");
        let this = this.to_str().expect("its path is text");
        // The file of the round before is gone, else it would be compared with.
        let build = |format: &str, threads: &str| {
            let name = if format == "rss" { "out/google.xml" } else { "out/google.tsv" };
            let _ = fs::remove_file(dir.join(name));
            purvey(dir, &["feed", "build", "google", "--format", format, "--threads", threads])
        };
        Round {
            dump: has.shell.then(|| run(dir, "sqlite3", &["-csv", "shop.db", ".once dump.csv", &select])),
            hand: run(dir, this, &[by_hand::WORD, "shop.db", "hand.xml"]),
            python: has.python.then(|| run(dir, "python3", &["-c", by_hand::PYTHON, "shop.db", "python.xml", COLUMNS])),
            tsv: build("tsv", "1"),
            two: build("rss", "2"),
            rss: build("rss", "1"),
            xmllint: has.xmllint.then(|| run(dir, "xmllint", &["--stream", "--noout", "out/google.xml"])),
            check: purvey(dir, &["feed", "check", "out/google.xml", "--channel", "google"]),
        }
    }
}
