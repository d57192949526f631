//! `sync` as cron, a service manager and those who watch them see it.
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::stage::Said;
use crate::watch::watched;
use crate::{add_to_config, shop};

/// Somebody who is told how runs went; gives its address and what it heard.
fn watcher() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/ping/shop?k=v", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            log.lock().unwrap().extend(lines.next().and_then(Result::ok));
            lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (address, heard)
}

#[test]
fn parts_and_names_choose_what_a_run_does() {
    let stage = shop(8);
    let heard = || stage.sandbox.verdict().requests;
    let before = heard();
    watched(&stage, &["sync", "--only", "feeds"]).ends_with(0);
    assert_eq!(heard(), before, "the marketplace was left alone");
    assert!(stage.path("out/google.xml").exists());
    fs::remove_file(stage.path("out/google.xml")).unwrap();
    watched(&stage, &["sync", "fair", "--only", "orders,tracking"]).ends_with(0);
    assert!(heard() > before && !stage.path("out/google.xml").exists());
    assert_eq!(stage.rows("SELECT count(*) FROM orders"), ["3"]);
    watched(&stage, &["sync", "google"]).ends_with(0);
    assert!(stage.path("out/google.xml").exists());
    let said = watched(&stage, &["sync", "fare"]).ends_with(2);
    assert!(said.err.contains("fare"), "{said:?}");
}

#[test]
fn a_marketplace_without_its_key_does_not_stop_the_others() {
    let stage = shop(8);
    let other = "[market.other]\nconnector = \"mirakl\"\nurl = \"http://127.0.0.1:9\"\nkey = \"env:NOBODY_SET_THIS\"\n";
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    stage.write("purvey.toml", &format!("{config}\n{other}"));
    for command in [&["orders", "pull"][..], &["tracking", "push"], &["sync"]] {
        let said = watched(&stage, command).ends_with(3);
        assert!(said.err.contains("NOBODY_SET_THIS"), "{said:?}");
    }
    assert_eq!(stage.rows("SELECT count(*) FROM orders"), ["3"]);
    assert!(stage.path("out/google.xml").exists());
}

#[test]
fn those_who_watch_hear_how_a_run_went() {
    let mut stage = shop(8);
    let (address, heard) = watcher();
    let secret = stage.path("ping.secret");
    fs::write(&secret, &address).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&secret, mode).unwrap();
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let section = format!("[sync]\nping = \"file:{}\"\nmetrics = \"figures/purvey.prom\"\n", secret.display());
    stage.write("purvey.toml", &format!("{config}\n{section}"));

    watched(&stage, &["sync"]).ends_with(0);
    let figures = || fs::read_to_string(stage.path("figures/purvey.prom")).unwrap();
    assert!(figures().contains("purvey_sync_exit_code{shop=\"Stage\"} 0\n"), "{}", figures());
    assert!(figures().contains("result=\"new\"} 3\n") && figures().contains("channel=\"google\""), "{}", figures());
    let success = figures().lines().find(|l| l.starts_with("purvey_sync_success")).map(str::to_owned);
    assert!(success.is_some(), "{}", figures());

    stage.key = Some("not-the-key".to_owned());
    watched(&stage, &["sync"]).ends_with(3);
    let figures = || fs::read_to_string(stage.path("figures/purvey.prom")).unwrap();
    assert!(figures().contains("purvey_sync_exit_code{shop=\"Stage\"} 3\n"), "{}", figures());
    assert!(figures().contains("purvey_market_failed{shop=\"Stage\",market=\"fair\"} 1\n"), "{}", figures());
    assert_eq!(figures().lines().find(|l| l.starts_with("purvey_sync_success")).map(str::to_owned), success);
    watched(&stage, &["sync", "--dry-run"]).ends_with(3);
    let heard = heard.lock().unwrap().clone();
    // `watched` runs a command more than once
    assert_eq!(heard.first().map(String::as_str), Some("GET /ping/shop?k=v HTTP/1.1"));
    assert_eq!(heard.last().map(String::as_str), Some("GET /ping/shop/fail?k=v HTTP/1.1"));
}

#[test]
fn an_address_that_nobody_answers_is_a_warning_and_is_not_repeated() {
    let mut stage = shop(8);
    stage.key = None;
    add_to_config(&stage, "[channel.google]", "");
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let key = stage.path("ping.secret");
    fs::write(&key, "http://127.0.0.1:9/a-key-in-a-path").unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    stage.write("purvey.toml", &format!("{config}\n[sync]\nping = \"file:{}\"\n", key.display()));
    let said = watched(&stage, &["sync", "--only", "feeds", "google"]).ends_with(0);
    assert!(said.err.contains("sync/ping-failed") && !said.err.contains("a-key-in-a-path"), "{said:?}");
}

#[test]
fn it_stays_and_runs_again_until_it_is_told_to_end() {
    let stage = shop(8);
    let mut child = stage
        .command(&["sync", "--every", "1s", "--json", "--only", "feeds"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut round = || serde_json::from_str::<serde_json::Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(round()["changed"], true);
    // between two rounds the catalog is free for others
    watched(&stage, &["stock", "count", "SKU-1", "MAIN", "41", "--wait", "30"]).ends_with(0);
    let second = round();
    assert!(second["started_at"].is_string() && second["seconds"].is_number(), "{second}");
    let kill = format!("kill -TERM {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    for line in lines {
        line.unwrap();
    }
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143), "{err}");
    let said: Said = stage.run(&["sync", "--every", "soon"]);
    assert_eq!(said.code, Some(2), "{said:?}");
}
