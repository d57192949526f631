//! How commands end, through the binary itself: each exit code of the table, and what is true of every command whatever
//! it ends with (see [`watch`]).
//!
//! There is no test for 70: it says that purvey has a bug, and a bug that is known is mended instead.
#![cfg(unix)]

mod api;
mod delivery;
mod every;
mod handing_over;
mod openings;
mod remote;
mod signals;
#[path = "../stage/mod.rs"]
mod stage;
mod streams;
mod syncing;
mod telling;
mod watch;

use std::fs;
use std::process::Command;
use std::time::Duration;

use purvey::catalog::Catalog;
use purvey::sandbox::OrderSpec;
use stage::{Stage, products};
use watch::{BUYER, watched};

/// A shop with so many variants, and three orders at the marketplace.
fn shop(variants: usize) -> Stage {
    let stage = Stage::furnished(variants, 1);
    let order = |n: u32| OrderSpec {
        order_id: Some(format!("N-{n}")),
        buyer: Some(BUYER.to_owned()),
        ..OrderSpec::of(format!("SKU-{n}"), 1, 1050)
    };
    stage.sandbox.place((1..=3).map(order).collect()).unwrap();
    stage
}

fn add_to_config(stage: &Stage, after: &str, text: &str) {
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    assert!(config.contains(after));
    stage.write("purvey.toml", &config.replace(after, &format!("{after}\n{text}")));
}

#[test]
fn exit_0_all_is_done_or_there_was_nothing_to_do() {
    let stage = shop(8);
    for _ in 0..2 {
        watched(&stage, &["import", "products.csv"]).ends_with(0);
        watched(&stage, &["orders", "pull"]).ends_with(0);
    }
}

#[test]
fn exit_1_a_checker_found_something() {
    let stage = shop(8);
    let feed = "<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\"><channel><title>t</title>\
                <link>https://stage.example</link><description>d</description>\
                <item><g:id>1</g:id><g:price>a lot</g:price></item></channel></rss>";
    stage.write("their.xml", feed);
    let said = watched(&stage, &["feed", "check", "their.xml", "--channel", "google"]).ends_with(1);
    assert!(said.out.contains("their.xml:1:"), "{said:?}");
}

#[test]
fn exit_2_the_command_line_is_wrong() {
    let stage = shop(8);
    for wrong in [&["import"][..], &["no-such-command"], &["feed", "build", "gogle"], &["tracking", "push", "fare"]] {
        let said = watched(&stage, wrong).ends_with(2);
        assert!(!said.err.is_empty());
    }
}

#[test]
fn exit_2_purvey_toml_is_wrong_and_the_line_is_shown() {
    let stage = shop(8);
    add_to_config(&stage, "currency = \"EUR\"", "curency = \"EUR\"");
    let said = watched(&stage, &["feed", "build"]).ends_with(2);
    assert!(said.err.contains("purvey.toml:4:1") && said.err.contains('^'), "{said:?}");
}

#[test]
fn exit_2_a_template_is_wrong_and_the_place_is_shown() {
    let stage = shop(8);
    fs::create_dir(stage.path("templates")).unwrap();
    stage.write("templates/google.sql", "SELECT sku, sku AS id,\n  titel AS title\nFROM item\n");
    let said = watched(&stage, &["feed", "build"]).ends_with(2);
    for part in ["templates/google.sql:2:3", "titel AS title", "^^^^^", "title"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert!(!stage.path("out/google.xml").exists());
}

#[test]
fn exit_3_part_of_it_is_done() {
    let stage = shop(8);
    let good = products(8, 1);
    stage.write("products.csv", &good.replacen("11.50", "eleven", 1));
    let said = watched(&stage, &["import", "products.csv"]).ends_with(3);
    assert!(said.err.contains("products.csv:2:"), "{said:?}");
    assert_eq!(stage.rows("SELECT count(*) FROM variant WHERE price_minor = 1150"), ["7"]);
}

/// A zip archive of these files, with the folder Finder adds.
fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [("__MACOSX/._x", "\0")].iter().chain(files) {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_zip_archive_is_imported_file_by_file() {
    let stage = shop(8);
    let good = products(10, 1);
    let bad = good.replacen("11.50", "eleven", 1);
    // named like a table: what it is stands in its bytes
    fs::write(stage.path("export.csv"), zip(&[("bad.csv", &bad), ("in/good.csv", &good)])).unwrap();
    let before = every::dump(&stage);
    let dry = watched(&stage, &["import", "export.csv", "--strict", "--dry-run"]).ends_with(3);
    assert!(dry.out.contains("export.csv/in/good.csv") && !dry.out.contains("export.csv/bad.csv"), "{dry:?}");
    assert_eq!(every::dump(&stage), before);
    let said = watched(&stage, &["import", "export.csv", "--strict"]).ends_with(3);
    assert!(said.err.contains("__MACOSX/._x") && said.err.contains("export.csv/bad.csv"), "{said:?}");
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["10"], "the other file went in");
    let shown = watched(&stage, &["import", "--explain", "export.csv"]).ends_with(0);
    assert!(shown.out.contains("export.csv/bad.csv") && shown.out.contains("export.csv/in/good.csv"), "{shown:?}");
}

#[test]
fn a_table_is_read_with_the_delimiter_that_is_named() {
    let stage = shop(8);
    let before = stage.rows("SELECT count(*) FROM variant");
    stage.write("products.csv", &products(8, 1).replace(',', "~"));
    watched(&stage, &["import", "products.csv", "--delimiter", "~"]).ends_with(0);
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), before);
    watched(&stage, &["import", "products.csv", "--delimiter", "xx"]).ends_with(2);
}

#[test]
fn exit_4_a_dry_run_found_changes() {
    let stage = shop(8);
    let dry = ["import", "products.csv", "--dry-run", "--detailed-exitcode"];
    watched(&stage, &dry).ends_with(0);
    stage.write("products.csv", &products(9, 1));
    let before = every::dump(&stage);
    watched(&stage, &dry).ends_with(4);
    assert_eq!(every::dump(&stage), before);
}

#[test]
fn exit_5_a_guard_holds_a_shrunken_feed_back() {
    let stage = shop(12);
    watched(&stage, &["feed", "build"]).ends_with(0);
    let old = fs::read(stage.path("out/google.xml")).unwrap();
    add_to_config(&stage, "[channel.google]", "where = \"item.sku IN ('SKU-1', 'SKU-2')\"");
    let said = watched(&stage, &["feed", "build"]).ends_with(5);
    assert!(said.err.contains("from 12 offers to 2") && said.err.contains("--allow-shrink"), "{said:?}");
    assert_eq!(fs::read(stage.path("out/google.xml")).unwrap(), old);
    watched(&stage, &["feed", "build", "--allow-shrink"]).ends_with(0);
    assert_ne!(fs::read(stage.path("out/google.xml")).unwrap(), old);
}

/// A channel of the shop's own: it empties what is no longer sent, and takes two offers a file.
pub fn add_split_channel(stage: &Stage) {
    for folder in ["feeds", "templates"] {
        fs::create_dir_all(stage.path(folder)).unwrap();
    }
    let contract = "title = 'Parts'\nsources = ['https://stage.example']\nchecked = 2026-11-25\nidentity = ['id']\n\
                    missing = 'kept'\nunsent = 'reset'\n\
                    [format.csv]\nkind = 'delimited'\nfile = 'parts-{n}.csv'\ndelimiter = ','\nlist = ';'\ngroup = ':'\n\
                    shard = { items = 2 }\n\
                    [attribute.id]\ntype = 'text'\n[attribute.name]\ntype = 'text'\n";
    stage.write("feeds/parts.toml", contract);
    stage.write("templates/parts.sql", "SELECT sku, sku AS id, title AS name FROM item ORDER BY sku");
    add_to_config(stage, "[channel.google]", "[channel.parts]");
}

#[test]
fn exit_5_a_guard_holds_a_feed_back_that_would_empty_an_attribute() {
    let stage = shop(3);
    add_split_channel(&stage);
    watched(&stage, &["feed", "build", "parts"]).ends_with(0);
    stage.write("templates/parts.sql", "SELECT sku, sku AS id FROM item ORDER BY sku");
    let said = watched(&stage, &["feed", "build", "parts"]).ends_with(5);
    assert!(said.err.contains("feed/unsent") && said.err.contains("`name`"), "{said:?}");
    watched(&stage, &["feed", "build", "parts", "--allow-shrink"]).ends_with(0);
}

#[test]
fn a_split_feed_is_put_in_place_whole_and_leaves_no_part_of_a_larger_one() {
    let stage = shop(5);
    add_split_channel(&stage);
    let parts = || (1..=4).map(|n| fs::read_to_string(stage.path(&format!("out/parts-{n}.csv"))).ok());
    let rows = || parts().flatten().map(|text| text.lines().count() - 1).collect::<Vec<_>>();
    watched(&stage, &["feed", "build", "parts"]).ends_with(0);
    assert_eq!(rows(), [2, 2, 1]);
    add_to_config(&stage, "[channel.parts]", "where = \"feed.id < 'SKU-4'\"");
    watched(&stage, &["feed", "build", "parts", "--dry-run"]).ends_with(0);
    assert_eq!(rows(), [2, 2, 1]);
    watched(&stage, &["feed", "build", "parts"]).ends_with(0);
    assert_eq!(rows(), [2, 2]);
    watched(&stage, &["feed", "build", "parts", "--out", "-"]).ends_with(2);
}

#[test]
fn exit_10_there_is_no_shop_here() {
    let stage = shop(8);
    fs::create_dir(stage.path("empty")).unwrap();
    for command in [&["doctor"][..], &["feed", "build"], &["import", "../products.csv"], &["orders", "list"]] {
        let elsewhere = [&["-C", "empty"][..], command].concat();
        let said = watched(&stage, &elsewhere).ends_with(10);
        assert!(said.err.contains("purvey init"), "{said:?}");
    }
    assert_eq!(fs::read_dir(stage.path("empty")).unwrap().count(), 0);
}

#[test]
fn exit_65_the_input_is_not_what_it_claims_to_be() {
    let stage = shop(8);
    stage.write("letter.csv", "Dear purvey,\nthis is a letter.\n");
    watched(&stage, &["import", "letter.csv"]).ends_with(65);
    fs::write(stage.path("cut.zip"), &zip(&[("a.csv", &products(8, 1))])[..200]).unwrap();
    watched(&stage, &["import", "cut.zip"]).ends_with(65);
    stage.write("half.xml", "<rss version=\"2.0\"><channel><item>");
    watched(&stage, &["feed", "check", "half.xml", "--channel", "google"]).ends_with(65);
}

#[test]
fn exit_69_the_marketplace_is_away_and_3_when_it_is_only_a_part() {
    let stage = shop(8);
    // bound and let go, so that nobody listens there
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    stage.write("purvey.toml", &config.replace(&stage.sandbox.url(), &format!("http://{address}")));
    for command in [&["orders", "pull"][..], &["orders", "pull", "--json"]] {
        let said = watched(&stage, command).ends_with(69);
        assert!(said.err.contains("market/unavailable"), "{said:?}");
    }
    let said = watched(&stage, &["sync"]).ends_with(3);
    assert!(stage.path("out/google.xml").exists(), "the feeds do not need the marketplace: {said:?}");
}

#[test]
fn exit_74_the_disk_refuses() {
    let stage = shop(8);
    let said = watched(&stage, &["feed", "build", "google", "--out", "purvey.toml/feed.xml"]).ends_with(74);
    assert!(said.err.contains("purvey.toml"), "{said:?}");
    // neither a pipe nor a device is replaced by a file
    assert!(Command::new("mkfifo").arg(stage.path("pipe")).status().unwrap().success());
    watched(&stage, &["feed", "build", "google", "--out", "pipe"]).ends_with(74);
    assert!(!fs::metadata(stage.path("pipe")).unwrap().is_file());
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        for command in [&["catalog", "columns"][..], &["feed", "build", "google", "--out", "-"]] {
            let output = stage.command(command).stdout(full.try_clone().unwrap()).output().unwrap();
            assert_eq!(output.status.code(), Some(74), "{command:?}");
        }
    }
    stage.write("shop.db", "this is no database, however long it is looked at: it was saved here by mistake");
    for command in [&["doctor"][..], &["catalog", "summary"], &["sync"]] {
        watched(&stage, command).ends_with(74);
    }
}

#[test]
fn exit_75_somebody_else_writes_the_catalog() {
    let stage = shop(8);
    let catalog = Catalog::of_shop(&stage.path(""));
    let writer = catalog.write("purvey test", stage.now, Duration::ZERO).unwrap();
    for command in [&["import", "products.csv"][..], &["feed", "build"], &["sync", "--json"]] {
        let said = watched(&stage, command).ends_with(75);
        assert!(said.err.contains("`purvey test` (pid ") && said.err.contains("--wait"), "{said:?}");
    }
    // readers never wait
    watched(&stage, &["orders", "list"]).ends_with(0);
    drop(writer);
    watched(&stage, &["import", "products.csv"]).ends_with(0);
}

#[test]
fn exit_77_credentials_are_missing_or_refused() {
    let mut stage = shop(8);
    stage.key = Some("not-the-key".to_owned());
    let said = watched(&stage, &["orders", "pull"]).ends_with(77);
    assert!(!said.err.contains("not-the-key"), "{said:?}");
    stage.key = None;
    let said = watched(&stage, &["orders", "pull"]).ends_with(77);
    assert!(said.err.contains("FAIR_KEY"), "{said:?}");
}
