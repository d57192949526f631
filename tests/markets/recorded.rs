//! Recording a session with a stage, and what is not in a recording.
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use purvey::market::host::{Host, Recorder, Replay, Transport};
use purvey::market::{self, Account, Parcel, Port, PullFrom, Request, Secret};
use purvey::sandbox::{Options, OrderSpec, OrderState, Sandbox};

use super::session::{Dream, Script};
use super::stage::{Stage, Step, Trouble};
use super::{Call, Desk, stage_of};

const SECRET: &str = "sandbox-key";

/// Two orders wait; the session is played with them, and its exchanges are kept in `folder`.
pub fn record(marketplace: &str, stage: Arc<dyn Stage>, script: &Script, folder: &Path) -> String {
    let desk = Desk::new(marketplace, stage);
    for units in [1, 2] {
        desk.stage.place(&[("LAMP", units, 1290)], Step::Asked);
    }
    // a fault that the host mends belongs to the recording
    desk.stage.trouble(Trouble::CutShort, Call::Orders, 1);
    let account = script.account(&desk.stage.account().base_url, SECRET);
    let connector = market::connector(marketplace, &account).unwrap();
    let recorder = |inner| -> purvey::diagnostic::Result<Box<dyn Transport>> {
        Ok(Box::new(Recorder::over(inner, folder, vec![Secret::new(SECRET)])?))
    };
    let host = Host::new(&*connector, &account).unwrap().clock(Dream::new()).transport(recorder).unwrap();
    script.play(&*connector, &host.patience(Duration::MAX)).text
}

fn recorded(folder: &Path) -> String {
    let mirakl = "mirakl";
    record(mirakl, stage_of(mirakl).unwrap(), &Script::of(mirakl, "road"), folder)
}

#[test]
fn a_request_that_is_not_the_recorded_one_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path());
    let request = Request::get("any", &["api", "something", "else"]).unwrap();
    for replay in [Replay::open(folder.path()).unwrap(), Replay::open(folder.path()).unwrap().loosely()] {
        assert_eq!(replay.exchange(&request).unwrap_err().code, "record/differs");
    }
    let over = Replay::open(tempfile::tempdir().unwrap().path()).unwrap();
    assert_eq!(over.exchange(&request).unwrap_err().code, "record/over");
}

#[test]
fn recordings_hold_no_secrets_and_no_persons() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path());
    let mut files = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for betrayal in [SECRET, "Ada", "Testo", "Sandbox Street", "Nowhere", "buyers.sandbox.example"] {
            assert!(!text.contains(betrayal), "{betrayal} in {text}");
        }
        files += 1;
    }
    assert!(files > 10);
    // an older recording is not written over
    assert!(recorded(folder.path()).contains("error file/io"));
}

/// The sandbox names every person and shows every key; in its other dialects no session of a stage is recorded.
#[test]
fn recordings_of_other_dialects_hold_no_secrets_and_no_persons() {
    const KEY: &str = "an-id:canary-key";
    for marketplace in ["mirakl", "woocommerce", "ebay"] {
        let sandbox = Sandbox::start(Options { api_key: KEY.to_owned(), ..Options::default() }).unwrap();
        let order = OrderSpec {
            buyer: Some("Canary Person".to_owned()),
            state: Some(OrderState::Shipping),
            ..OrderSpec::of("LAMP", 2, 1290)
        };
        sandbox.place(vec![order]).unwrap();
        let refresh_token = Some(Secret::new("canary-refresh"));
        let account = Account { refresh_token, ..Account::new(marketplace, sandbox.url(), Secret::new(KEY)) };
        let connector = market::connector(marketplace, &account).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let secrets = vec![Secret::new(KEY), Secret::new("canary-refresh")];
        let host = Host::new(&*connector, &account).unwrap();
        let host = host.transport(|inner| Ok(Box::new(Recorder::over(inner, folder.path(), secrets)?))).unwrap();
        let until = host.now() + Duration::from_secs(60);
        let from = PullFrom { cursor: None, since: until - Duration::from_secs(3600), until };
        let order = connector.pull(&host, &from).unwrap().orders.remove(0);
        assert_eq!(order.buyer.as_ref().unwrap().name, "Canary Person");
        let parcel = Parcel {
            order_id: order.channel_order_id.clone(),
            package_number: 1,
            lines: vec![(order.lines[0].channel_line_id.clone(), 2)],
            carrier: "ups".to_owned(),
            tracking_number: Some("1Z999AA10123456784".to_owned()),
            shipped_at: until,
            location: None,
            last: true,
        };
        connector.ship(&host, &parcel).unwrap();
        let mut files = 0;
        for entry in fs::read_dir(folder.path()).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            for betrayal in ["anary", "Person", "Sandbox Street", "Nowhere", "buyers.sandbox.example"] {
                assert!(!text.contains(betrayal), "{marketplace}: {betrayal} in {text}");
            }
            files += 1;
        }
        assert!(files > 3, "{marketplace}");
    }
}
