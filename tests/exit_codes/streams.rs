//! What reaches the two streams, and what never does.
use std::process::Stdio;

use purvey::sandbox::{LineSpec, OrderSpec};

use crate::shop;
use crate::stage::Stage;
use crate::watch::{BUYER, watched};

#[test]
fn a_reader_that_has_read_enough_is_no_fault() {
    let stage = shop(400);
    for command in [
        &["catalog", "columns"][..],
        &["catalog", "columns", "--json"],
        &["feed", "build", "google", "--out", "-"],
        &["completions", "bash"],
    ] {
        let mut child = stage.command(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // as `| head -0` does
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    }
}

/// Clears the screen, turns the text around, forges a line.
const HOSTILE: &str = "Lamp\u{1b}[2J\u{202e}gpj\u{2066}\nerror: all is lost";

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let stage = Stage::furnished(4, 1);
    let csv = format!("Handle,Title,Variant SKU,Variant Price\nevil,\"{HOSTILE}\",EVIL,1.00\n,,,\"{HOSTILE}\"\n");
    stage.write("evil.csv", &csv);
    stage.write("evil\u{1b}[2J.csv", &csv);
    let line = LineSpec { sku: format!("E{HOSTILE}"), quantity: 1, price_minor: 100, title: Some(HOSTILE.to_owned()) };
    let order = OrderSpec {
        order_id: Some("EVIL-1".to_owned()),
        lines: vec![line],
        buyer: Some(format!("{BUYER} {HOSTILE}")),
        ..OrderSpec::default()
    };
    stage.sandbox.place(vec![order]).unwrap();
    let feed = format!(
        "<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\"><channel><title>t</title>\
         <link>https://stage.example</link><description>d</description><item><g:id>1</g:id>\
         <g:price>{0}</g:price><g:condition>{0}</g:condition></item></channel></rss>",
        HOSTILE.replace('\u{1b}', "")
    );
    stage.write("evil.xml", &feed);
    let mut shown = String::new();
    for command in [
        &["import", "evil.csv"][..],
        &["import", "evil\u{1b}[2J.csv"],
        &["import", "none\u{1b}[2J.csv"],
        &["catalog", "show", "EVIL"],
        &["catalog", "show", HOSTILE],
        &["stock", "show", HOSTILE],
        &["feed", "build", HOSTILE],
        &["feed", "build"],
        &["feed", "check", "evil.xml", "--channel", "google"],
        &["orders", "pull"],
        &["orders", "list"],
        &["orders", "show", "EVIL-1"],
        &["orders", "show", "EVIL-1", "--buyer"],
        &["orders", "show", HOSTILE],
        &["sync"],
        &["doctor"],
    ] {
        let said = watched(&stage, command);
        shown += &said.out;
        shown += &said.err;
        watched(&stage, &[command, &["--json"]].concat());
    }
    assert!(shown.contains("u{202e}"), "the hostile text was shown nowhere: {shown}");
    assert!(!shown.lines().any(|line| line.starts_with("error: all is lost")), "a line was forged: {shown}");
}
