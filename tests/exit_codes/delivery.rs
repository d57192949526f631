//! Feeds to their targets: what is sent, what is not sent again, what is held back, and how that ends.
use std::fs;

use super::stage::{Stage, products};
use super::watch::watched;

const SECRET: &str = "s3cret-of-the-target";

/// A shop whose Google feed goes to the targets of `purvey.toml` that `targets` says.
fn shop(to: &str, targets: &str) -> Stage {
    let stage = Stage::furnished(8, 1);
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let config = config.replace("[channel.google]\n", &format!("[channel.google]\nto = {to}\n{targets}"));
    stage.write("purvey.toml", &config);
    watched(&stage, &["feed", "build"]).ends_with(0);
    stage
}

const FOLDER: &str = "[target.web]\nurl = \"web/\"\n";
/// Nobody listens on port 9 of this machine.
const AWAY: &str = "[target.away]\nurl = \"http://127.0.0.1:9/\"\n";

fn sent(stage: &Stage) -> String {
    fs::read_to_string(stage.path("web/google.xml")).unwrap_or_default()
}

#[test]
fn a_feed_is_sent_once_and_again_when_it_changed_or_is_asked_for() {
    let stage = shop("\"web\"", FOLDER);
    let said = watched(&stage, &["feed", "status"]).ends_with(0);
    assert!(said.out.contains("to be sent"), "{said:?}");
    watched(&stage, &["feed", "push", "--dry-run"]).ends_with(0);
    assert_eq!(sent(&stage), "");
    let said = watched(&stage, &["feed", "push"]).ends_with(0);
    assert!(said.out.contains("delivered"), "{said:?}");
    assert_eq!(sent(&stage), fs::read_to_string(stage.path("out/google.xml")).unwrap());
    fs::remove_file(stage.path("web/google.xml")).unwrap();
    let said = watched(&stage, &["feed", "push", "google"]).ends_with(0);
    assert!(said.out.contains("unchanged") && sent(&stage).is_empty(), "{said:?}");
    watched(&stage, &["feed", "push", "--full"]).ends_with(0);
    assert!(!sent(&stage).is_empty());
    let said = watched(&stage, &["feed", "status"]).ends_with(0);
    assert!(said.out.contains("up to date") && said.out.contains("web/google.xml"), "{said:?}");

    stage.write("products.csv", &products(8, 1));
    watched(&stage, &["import", "products.csv"]).ends_with(0);
    let said = watched(&stage, &["sync", "--json"]).ends_with(0);
    assert!(said.out.contains(r#""outcome":{"state":"delivered","proof":"bytes"}"#), "{said:?}");
    assert!(sent(&stage).contains("11.50"));
}

#[test]
fn a_target_that_is_away_is_69_and_part_of_it_is_3() {
    let stage = shop("\"away\"", AWAY);
    let said = watched(&stage, &["feed", "push"]).ends_with(69);
    assert!(said.err.contains("http://127.0.0.1:9/google.xml"), "{said:?}");
    let said = watched(&stage, &["feed", "status", "--json"]).ends_with(0);
    assert!(said.out.contains(r#""state":"failed""#), "{said:?}");
    let stage = shop("[\"away\", \"web\"]", &format!("{AWAY}{FOLDER}"));
    watched(&stage, &["feed", "push"]).ends_with(3);
    assert!(!sent(&stage).is_empty(), "one target's trouble is its own");
    watched(&stage, &["sync"]).ends_with(3);
}

#[test]
fn credentials_that_are_missing_are_77_and_told_to_nobody() {
    let target = "[target.box]\nurl = \"ftp://127.0.0.1:9/\"\nuser = \"anna\"\npassword = \"env:BOX_PASSWORD\"\n";
    let stage = shop("\"box\"", target);
    let said = watched(&stage, &["feed", "push"]).ends_with(77);
    assert!(said.err.contains("BOX_PASSWORD"), "{said:?}");
    let output = stage.command(&["feed", "push"]).env("BOX_PASSWORD", SECRET).output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains(SECRET));
    assert!(!stage.rows("SELECT place || error FROM delivery").concat().contains(SECRET));
}

#[test]
fn what_cannot_work_is_said_before_anything_is_sent() {
    for (to, targets, said) in [
        ("\"wbe\"", FOLDER, "did you mean `web`?"),
        ("\"web\"", "[target.web]\nurl = \"gopher://h.example/\"\n", "gopher"),
        ("\"web\"", "[target.web]\nurl = \"web/\"\npasword = \"env:P\"\n", "pasword"),
        ("\"web\"", "[target.web]\nurl = \"ftp://anna:pw@h.example/\"\n", "password"),
    ] {
        let stage = Stage::furnished(8, 1);
        let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
        stage.write(
            "purvey.toml",
            &config.replace("[channel.google]\n", &format!("[channel.google]\nto = {to}\n{targets}")),
        );
        let ended = watched(&stage, &["feed", "push"]).ends_with(2);
        assert!(ended.err.contains(said) && ended.err.contains("purvey.toml"), "{ended:?}");
    }
    let stage = Stage::furnished(8, 1);
    watched(&stage, &["feed", "push"]).ends_with(2);
    let stage = shop("\"web\"", FOLDER);
    stage.write("out/google.xml", "<rss>half of a fe");
    let said = watched(&stage, &["feed", "push"]).ends_with(65);
    assert!(said.err.contains("deliver/not-as-built") && sent(&stage).is_empty(), "{said:?}");
    fs::remove_dir_all(stage.path("out")).unwrap();
    watched(&stage, &["feed", "push"]).ends_with(74);
}

#[test]
fn a_feed_that_shrank_or_ran_out_since_it_was_sent_is_held_back() {
    for (change, code) in [
        ("where = \"item.sku = 'SKU-1'\"", "feed/shrunk"),
        ("[channel.google.set]\navailability = \"'out_of_stock'\"", "feed/zeroed"),
        ("where = \"item.sku = 'NONE'\"", "feed/shrunk"),
    ] {
        let stage = shop("\"web\"", FOLDER);
        watched(&stage, &["feed", "push"]).ends_with(0);
        let before = sent(&stage);
        let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
        stage.write("purvey.toml", &config.replace("to = \"web\"\n", &format!("to = \"web\"\n{change}\n")));
        let said = watched(&stage, &["feed", "build"]).ends_with(5);
        assert!(said.err.contains(code), "{said:?}");
        // somebody meant it for the folder, and nobody for the channel
        watched(&stage, &["feed", "build", "--allow-shrink"]).ends_with(0);
        let said = watched(&stage, &["feed", "push"]).ends_with(5);
        assert!(said.err.contains(code), "{said:?}");
        assert_eq!(sent(&stage), before);
        watched(&stage, &["feed", "push", "--allow-shrink"]).ends_with(0);
        assert_ne!(sent(&stage), before);
    }
}

#[test]
fn a_feed_whose_prices_jump_is_held_back() {
    // two of eight are a quarter, three are more
    for (jumping, code) in [(2, 0), (3, 5)] {
        let stage = shop("\"web\"", FOLDER);
        let rows: String = (0..jumping).map(|n| format!("SKU-{n},99.00,EUR\n")).collect();
        stage.write("prices.csv", &format!("sku,price,currency\n{rows}"));
        watched(&stage, &["import", "prices.csv"]).ends_with(0);
        let said = watched(&stage, &["feed", "build"]).ends_with(code);
        assert_eq!(said.err.contains("feed/price-jump"), code == 5, "{said:?}");
        let built = fs::read_to_string(stage.path("out/google.xml")).unwrap();
        assert_eq!(built.contains("99.00"), code == 0, "{said:?}");
        watched(&stage, &["feed", "build", "--allow-price-jump"]).ends_with(0);
        assert!(fs::read_to_string(stage.path("out/google.xml")).unwrap().contains("99.00"));
        watched(&stage, &["feed", "build"]).ends_with(0);
    }
}

#[test]
fn a_feed_is_packed_for_who_takes_it_packed() {
    let stage = shop("\"web\"\ncompress = \"gzip\"", FOLDER);
    watched(&stage, &["feed", "push"]).ends_with(0);
    let packed = fs::read(stage.path("web/google.xml.gz")).unwrap();
    assert!(packed.starts_with(&[0x1f, 0x8b]));
    assert!((packed.len() as u64) < fs::metadata(stage.path("out/google.xml")).unwrap().len());
}

#[test]
fn a_feed_of_several_files_is_one_delivery() {
    let stage = Stage::furnished(5, 1);
    super::add_split_channel(&stage);
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let config = config
        .replace("[channel.parts]", "[channel.parts]\nto = \"web\"\ncompress = \"gzip\"\n[target.web]\nurl = \"web/\"");
    stage.write("purvey.toml", &config);
    watched(&stage, &["feed", "build", "parts"]).ends_with(0);
    let said = watched(&stage, &["feed", "push", "--json"]).ends_with(0);
    assert!(said.out.contains(r#""files":3"#) && said.out.contains("web/parts-{n}.csv.gz"), "{said:?}");
    let there = || (1..=4).filter(|n| stage.path(&format!("web/parts-{n}.csv.gz")).is_file()).collect::<Vec<_>>();
    assert_eq!(there(), [1, 2, 3]);
    let said = watched(&stage, &["feed", "push"]).ends_with(0);
    assert!(said.out.contains("unchanged"), "{said:?}");

    // a smaller one leaves no file of the larger one there
    stage.write("purvey.toml", &config.replace("[channel.parts]", "[channel.parts]\nwhere = \"item.sku < 'SKU-3'\""));
    watched(&stage, &["feed", "build", "parts"]).ends_with(0);
    watched(&stage, &["feed", "push"]).ends_with(0);
    assert_eq!(there(), [1, 2]);
    // half of it is none
    fs::remove_file(stage.path("out/parts-2.csv")).unwrap();
    let said = watched(&stage, &["feed", "push"]).ends_with(65);
    assert!(said.err.contains("deliver/not-as-built"), "{said:?}");
    // an address that is a file's own holds one
    stage.write("purvey.toml", &config.replace("url = \"web/\"", "url = \"https://h.example/up.csv\""));
    let said = watched(&stage, &["feed", "push"]).ends_with(2);
    assert!(said.err.contains("deliver/split") && said.err.contains("slash"), "{said:?}");
}

#[test]
fn a_feed_that_would_be_empty_is_held_back_and_a_guard_says_how_to_look() {
    let stage = Stage::furnished(8, 1);
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let config = config.replace("[channel.google]\n", "[channel.google]\nwhere = \"item.sku = 'NONE'\"\n");
    stage.write("purvey.toml", &config);
    let said = watched(&stage, &["feed", "build"]).ends_with(5);
    assert!(said.err.contains("feed/empty") && said.err.contains("--allow-shrink"), "{said:?}");
    assert!(!stage.path("out/google.xml").exists());
    stage.write("purvey.toml", &config.replace("'NONE'", "'SKU-1' OR 1"));
    watched(&stage, &["feed", "build"]).ends_with(0);
    stage.write("purvey.toml", &config);
    let said = watched(&stage, &["feed", "build"]).ends_with(5);
    for help in ["--allow-shrink", "purvey feed build google --dry-run --explain", "purvey feed diff google"] {
        assert!(said.err.contains(help), "{help}: {said:?}");
    }
    // and both can be done as they are named
    let explained = stage.run(&["feed", "build", "google", "--dry-run", "--explain"]);
    assert!(explained.out.contains("google"), "{explained:?}");
    watched(&stage, &["feed", "diff", "google"]).ends_with(0);
}
