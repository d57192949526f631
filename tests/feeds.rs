//! Golden feeds: each folder of tests/feeds/<channel>/ is a small shop, the document it must become, and what purvey
//! must say on the way. `UPDATE=1 cargo test --test feeds` rewrites the expectations; `git diff` is the review.
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The moment at which every golden feed is built.
const NOW: &str = "2026-11-25T10:00:00Z";

fn purvey(shop: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_purvey"))
        .args(["-C", ".", "--now", NOW])
        .args(args)
        .current_dir(shop)
        .env_clear()
        .env("TZ", "Pacific/Auckland")
        .output()
        .expect("purvey starts")
}

fn entries(parent: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    entries(parent).into_iter().filter(|path| path.is_dir()).collect()
}

/// Files a case gives to `purvey import`, in the order a merchant would.
fn imports(case: &Path) -> Vec<String> {
    let order = ["locations.csv", "products.csv", "columns.csv", "stock.csv", "prices.csv", "reviews.csv"];
    order.into_iter().filter(|name| case.join(name).is_file()).map(str::to_owned).collect()
}

/// `rss` of `expected.rss`.
fn expected_format(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_prefix("expected.")
}

/// The shop of a case: all but what is expected of it.
fn lay_out(case: &Path, shop: &Path) {
    for path in entries(case) {
        let to = shop.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&to).unwrap();
            lay_out(&path, &to);
        } else if !path.file_name().unwrap().to_string_lossy().starts_with("expected") && !path.ends_with("report.txt")
        {
            fs::copy(&path, to).unwrap();
        }
    }
}

/// A command as a terminal would show it: findings, result, exit code.
fn shown(args: &[&str], said: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("purvey speaks UTF-8");
    let exit = match said.status.code() {
        Some(0) => String::new(),
        Some(code) => format!("[exit {code}]\n"),
        None => "[exit by a signal]\n".to_owned(),
    };
    format!("$ purvey {}\n{}{}{exit}\n", args.join(" "), text(&said.stderr), text(&said.stdout))
}

/// A document that was built, unpacked: its bytes, since not every channel reads UTF-8.
fn document(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap_or_default();
    if !bytes.starts_with(b"\x1F\x8B") {
        return bytes;
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).unwrap();
    unpacked
}

fn compare(expected: &Path, actual: &[u8], wrong: &mut Vec<String>) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(expected, actual).unwrap();
        return;
    }
    let wanted = fs::read(expected).unwrap_or_default();
    if wanted != actual {
        let (wanted, actual) = (String::from_utf8_lossy(&wanted), String::from_utf8_lossy(actual));
        let line = wanted.lines().zip(actual.lines()).position(|(a, b)| a != b);
        let line = line.unwrap_or_else(|| wanted.lines().count().min(actual.lines().count()));
        wrong.push(format!(
            "{} differs from line {}\n  expected: {:?}\n  actual:   {:?}",
            expected.display(),
            line + 1,
            wanted.lines().nth(line),
            actual.lines().nth(line)
        ));
    }
}

#[test]
fn golden_feeds() {
    let mut wrong = Vec::new();
    let mut documents = 0;
    for channel in folders(Path::new("tests/feeds")) {
        let name = channel.file_name().unwrap().to_string_lossy().into_owned();
        for case in folders(&channel) {
            documents += play(&case, &name, &mut wrong);
        }
    }
    assert!(documents >= 2, "no golden feeds found");
    assert!(wrong.is_empty(), "{}\n(UPDATE=1 cargo test --test feeds rewrites them)", wrong.join("\n"));
}

/// Builds every document that is expected of a case; how many there are.
fn play(case: &Path, channel: &str, wrong: &mut Vec<String>) -> usize {
    let shop = tempfile::tempdir().unwrap();
    lay_out(case, shop.path());
    let said = purvey(shop.path(), &["init"]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let mut report = String::new();
    for file in imports(case) {
        let args = ["import", "--all", &file];
        report += &shown(&args, &purvey(shop.path(), &args));
    }
    let mut documents = 0;
    for expected in entries(case) {
        let Some(format) = expected_format(&expected) else { continue };
        documents += 1;
        // A feed that is split: `expected.csv`, `expected-2.csv`, …
        let split = case.join(format!("expected-2.{format}")).is_file();
        let out = format!("out/feed{}.{format}", if split { "-{n}" } else { "" });
        let args = ["feed", "build", channel, "--all", "--format", format, "--out", &out];
        report += &shown(&args, &purvey(shop.path(), &args));
        let shards = (2..).map(|n| (n, case.join(format!("expected-{n}.{format}"))));
        let expected = std::iter::once((1, expected.clone())).chain(shards.take_while(|(_, path)| path.is_file()));
        let by = |threads: &str| out.replace("feed", &format!("by-{threads}"));
        for threads in ["1", "2"] {
            let args = ["feed", "build", channel, "--threads", threads, "--format", format, "--out", &by(threads)];
            purvey(shop.path(), &args);
        }
        for (n, expected) in expected {
            let numbered = |out: &str| out.replace("{n}", &n.to_string());
            let bytes = |out: &str| fs::read(shop.path().join(numbered(out))).ok();
            if ["1", "2"].iter().any(|threads| bytes(&by(threads)) != bytes(&out)) {
                wrong.push(format!("{}: another document by one or two threads", expected.display()));
            }
            let out = numbered(&out);
            compare(&expected, &document(&shop.path().join(&out)), wrong);
            // What purvey writes, purvey accepts.
            let said = purvey(shop.path(), &["feed", "check", &out, "--channel", channel]);
            if said.status.code() != Some(0) {
                let (findings, error) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
                wrong.push(format!("{}: feed check refuses our own feed:\n{findings}{error}", case.display()));
            }
        }
    }
    assert!(documents > 0, "{} expects no document: make an empty expected.<format>", case.display());
    compare(&case.join("report.txt"), report.as_bytes(), wrong);
    documents
}

/// A shop of a case with its stock counted in another order and `more` under its channel; its document.
fn built(case: &str, channel: &str, format: &str, more: &str) -> String {
    let (case, shop) = (Path::new("tests/feeds").join(channel).join(case), tempfile::tempdir().unwrap());
    lay_out(&case, shop.path());
    let (stock, settings) = (shop.path().join("stock.csv"), shop.path().join("purvey.toml"));
    if !more.is_empty() {
        let text = fs::read_to_string(&stock).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines[1..].reverse();
        fs::write(&stock, lines.join("\n")).unwrap();
        let section = format!("[channel.{channel}]\n");
        let text = fs::read_to_string(&settings).unwrap();
        fs::write(&settings, text.replacen(&section, &format!("{section}{more}\n"), 1)).unwrap();
    }
    purvey(shop.path(), &["init"]);
    for file in imports(&case) {
        purvey(shop.path(), &["import", "--all", &file]);
    }
    let said = purvey(shop.path(), &["feed", "build", channel, "--format", format, "--out", "feed"]);
    assert!(!said.stderr.starts_with(b"error"), "{}", String::from_utf8_lossy(&said.stderr));
    fs::read_to_string(shop.path().join("feed")).unwrap()
}

#[test]
fn rows_that_belong_together_come_together_whatever_the_shop_adds_to_the_query() {
    for (case, channel, format) in
        [("plain", "google-local", "tsv"), ("catalog", "acp", "jsonl"), ("catalog", "tiktok-shop", "jsonl")]
    {
        let (plain, wrapped) = (built(case, channel, format, ""), built(case, channel, format, "where = \"1\""));
        assert!(plain.lines().count() > 2, "{plain}");
        assert_eq!(plain, wrapped, "{channel}");
    }
}

/// Codes that a shop which has no settings for `channel` says of a document, and how it ends.
fn checked(channel: &str, document: &str) -> (Vec<String>, Option<i32>) {
    let shop = tempfile::tempdir().unwrap();
    purvey(shop.path(), &["init"]);
    fs::write(shop.path().join("their.xml"), document).unwrap();
    let said = purvey(shop.path(), &["feed", "check", "their.xml", "--channel", channel, "--json"]);
    let text = String::from_utf8(said.stdout).unwrap();
    let findings = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let codes = findings.filter(|one| one["type"] == "diagnostic").map(|one| one["code"].as_str().unwrap().to_owned());
    (codes.collect(), said.status.code())
}

#[test]
fn a_check_needs_none_of_the_settings_a_build_does() {
    let (codes, exit) = checked("heureka", "<SHOP><SHOPITEM><ITEM_ID>A B</ITEM_ID></SHOPITEM></SHOP>");
    assert!(codes.contains(&"heureka/item-id-form".to_owned()), "{codes:?}");
    assert_eq!(exit, Some(1));
}

#[test]
fn what_may_be_given_instead_is_enough() {
    let item = |title: &str| {
        format!(
            "<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel><item>{title}<g:id>1</g:id><g:description>A mug</g:description>\
             <g:link>https://x.example/m</g:link><g:image_link>https://x.example/m.jpg</g:image_link><g:brand>Kiln</g:brand>\
             <g:mpn>1</g:mpn><g:availability>in_stock</g:availability><g:price>1.00 EUR</g:price></item></channel></rss>"
        )
    };
    let machine = "<g:structured_title><g:content>Mug</g:content></g:structured_title>";
    assert_eq!(checked("google", &item(machine)), (vec![], Some(0)));
    assert_eq!(checked("google", &item("")).0, ["google/title-missing"]);
}
