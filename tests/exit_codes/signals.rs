//! Ctrl-C and SIGTERM: the thing in hand is finished, the rest waits for the next run.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use purvey::sandbox::{Faults, OrderSpec, OrderState};

use crate::stage::{Said, Stage};
use crate::watch::watched;

const PARCELS: usize = 12;

/// A shop with parcels the marketplace does not know of yet.
fn shop() -> Stage {
    let stage = Stage::furnished(8, 1);
    let order = |n: usize| OrderSpec {
        order_id: Some(format!("S-{n}")),
        state: Some(OrderState::Shipping),
        ..OrderSpec::of("SKU-1", 1, 1050)
    };
    stage.sandbox.place((0..PARCELS).map(order).collect()).unwrap();
    assert_eq!(stage.run(&["orders", "pull"]).code, Some(0));
    for n in 0..PARCELS {
        let (order, number) = (format!("S-{n}"), format!("TRK{n}"));
        let said = stage.run(&["ship", &order, "--carrier", "UPS", "--tracking", &number]);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    stage
}

fn start(stage: &Stage, arguments: &[&str]) -> Child {
    stage.forget_limits();
    stage.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    // the shell's own `kill`: the program is not everywhere
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(status.success());
}

/// Until the marketplace has heard more than it had.
fn wait_for_request(stage: &Stage, heard: usize) {
    while stage.sandbox.verdict().requests <= heard {
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_signal_stops_after_the_item_in_hand_and_the_next_run_does_the_rest() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let stage = shop();
        stage.faults(Faults { slow_ms: 60, ..Faults::default() });
        let heard = stage.sandbox.verdict().requests;
        let push = start(&stage, &["tracking", "push"]);
        wait_for_request(&stage, heard);
        signal(&push, name);
        let said = Said::from(push.wait_with_output().unwrap());
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(said.out.contains("sent"), "what was done is said: {said:?}");
        assert!(said.err.contains("purvey/interrupted"), "{said:?}");
        let told = stage.sandbox.state().shipments.len();
        assert!((1..PARCELS).contains(&told), "{told} of {PARCELS}: it did not stop");
        assert_eq!(stage.rows("SELECT count(*) FROM outbox WHERE state = 'done'"), [told.to_string()]);
        assert_eq!(stage.rows("SELECT count(*) FROM outbox WHERE state = 'sending'"), ["0"]);

        stage.faults(Faults::default());
        watched(&stage, &["doctor"]).ends_with(0);
        watched(&stage, &["tracking", "push"]).ends_with(0);
        assert_eq!(stage.sandbox.state().shipments.len(), PARCELS);
        assert!(stage.sandbox.verdict().is_clean(), "{:?}", stage.sandbox.verdict().violations);
    }
}

#[test]
fn a_signal_ends_a_wait_for_a_marketplace_that_is_away() {
    let stage = shop();
    stage.faults(Faults { error_429: 1.0, retry_after_s: Some(100), ..Faults::default() });
    for command in [&["orders", "pull"][..], &["sync"]] {
        let heard = stage.sandbox.verdict().requests;
        let pull = start(&stage, command);
        wait_for_request(&stage, heard);
        signal(&pull, "TERM");
        let said = Said::from(pull.wait_with_output().unwrap());
        assert_eq!(said.code, Some(143), "{said:?}");
    }
}

#[test]
fn a_second_signal_does_not_wait() {
    let stage = shop();
    stage.faults(Faults { slow_ms: 80_000, ..Faults::default() });
    let mut sync = start(&stage, &["sync"]);
    while !std::fs::read_to_string(stage.path("shop.db.lock"))
        .is_ok_and(|text| text.starts_with(&sync.id().to_string()))
    {
        thread::sleep(Duration::from_millis(5));
    }
    // the signals before the handlers stand end it as well
    while sync.try_wait().unwrap().is_none() {
        signal(&sync, "TERM");
        thread::sleep(Duration::from_millis(50));
    }
    stage.faults(Faults::default());
    watched(&stage, &["doctor"]).ends_with(0);
    watched(&stage, &["sync"]).ends_with(0);
}

#[test]
fn feeds_are_served_until_it_is_stopped() {
    let stage = Stage::furnished(8, 1);
    watched(&stage, &["feed", "build"]).ends_with(0);
    for name in ["INT", "TERM"] {
        let mut server = start(&stage, &["serve", "--listen", "127.0.0.1:0", "--json"]);
        let first = BufReader::new(server.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let url = serde_json::from_str::<serde_json::Value>(&first).unwrap()["url"].as_str().unwrap().to_owned();
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /google.xml HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("SKU-7"), "{answer}");
        signal(&server, name);
        assert_eq!(server.wait().unwrap().code(), Some(0));
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    watched(&stage, &["serve", "--listen", &taken.local_addr().unwrap().to_string()]).ends_with(75);
}

#[test]
fn the_sandbox_runs_until_it_is_stopped() {
    let stage = Stage::open(1);
    for json in [&[][..], &["--json"]] {
        let mut sandbox = start(&stage, &[&["sandbox", "--port", "0"][..], json].concat());
        let mut out = BufReader::new(sandbox.stdout.take().unwrap()).lines();
        let first = out.next().unwrap().unwrap();
        assert!(first.contains("http://127.0.0.1:"), "{first}");
        signal(&sandbox, "INT");
        let last = out.next().unwrap().unwrap();
        assert!(last.contains("violations"), "{last}");
        for line in [first, last].iter().filter(|_| !json.is_empty()) {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        assert_eq!(sandbox.wait().unwrap().code(), Some(0));
    }
}
