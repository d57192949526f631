//! Recording a session with a stage, and what is not in a recording.
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use purvey::market::host::{Host, Recorder, Replay, Transport};
use purvey::market::{self, Request, Secret};

use super::session::{Dream, Script};
use super::stage::{Stage, Step, Trouble};
use super::{Call, Desk, staged};

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
    let road = |(marketplace, stage)| record(marketplace, stage, &Script::of(marketplace, "road"), folder);
    staged().map(road).collect()
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
