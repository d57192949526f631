//! Recorded sessions, `tests/markets/<marketplace>/<session>/*.json`: the connector must ask the same and understand the
//! same. `UPDATE=1 cargo test --test markets` records them anew.
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use purvey::market::host::{Clock, Host, Recorder, Replay, Transport};
use purvey::market::{self, Account, Connector, Polled, PullFrom, Request, Secret};

use super::stage::{Step, Trouble};
use super::{Call, Desk, decision, offer, stage_of};

const SECRET: &str = "sandbox-key";

/// Moves by what is slept, which takes no time.
struct Dream(Mutex<Timestamp>);

impl Clock for Dream {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, how_long: Duration) {
        *self.0.lock().unwrap() += how_long;
    }
}

fn clock() -> Arc<Dream> {
    Arc::new(Dream(Mutex::new(start())))
}

fn start() -> Timestamp {
    "2026-11-25T09:00:00Z".parse().unwrap()
}

fn sessions(marketplace: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/markets").join(marketplace).join("road")
}

/// Pull, accept, pull again, ship in one and in two parcels, push and poll: what a shop does on a day.
fn road(connector: &dyn Connector, host: &Host<'_>) -> String {
    let mut told = String::new();
    let mut say = |line: String| told.push_str(&(line + "\n"));
    let mut from = PullFrom { cursor: None, since: start() - Duration::from_secs(3600), until: start() };
    let first = connector.pull(host, &from).unwrap();
    say(format!("pulled {:?}", first.orders.iter().map(|o| (&o.channel_order_id, o.state)).collect::<Vec<_>>()));
    for order in &first.orders {
        say(format!("accepted {:?}", connector.acknowledge(host, &decision(order, true)).unwrap()));
    }
    // the buyer pays after the next pull
    for _ in 0..2 {
        from.cursor = connector.pull(host, &from).unwrap().next;
    }
    let orders = connector.pull(host, &from).unwrap().orders;
    say(format!("paid {:?}", orders.iter().map(|o| (&o.channel_order_id, o.state)).collect::<Vec<_>>()));
    for (order, several) in orders.iter().zip([false, true]) {
        let units = &order.lines[0];
        for package_number in 1..=if several { 2 } else { 1 } {
            let parcel = market::Parcel {
                order_id: order.channel_order_id.clone(),
                package_number,
                lines: vec![(units.channel_line_id.clone(), if several { 1 } else { units.quantity })],
                carrier: "ups".to_owned(),
                tracking_number: Some(format!("1Z{package_number}")),
                shipped_at: start(),
                location: None,
                last: !several || package_number == 2,
            };
            say(format!("shipped {:?}", connector.ship(host, &parcel).unwrap()));
        }
        say(format!("parcels {:?}", connector.parcels(host, &order.channel_order_id).unwrap()));
    }
    let offers = [offer("LAMP", 5, 1290), offer("no-such", 1, 100)];
    let job = connector.push(host, &offers).unwrap().job.unwrap();
    let done = (0..20).find_map(|_| match connector.poll(host, &job, &offers).unwrap() {
        Polled::Done(results) => Some(results),
        Polled::Pending => None,
    });
    say(format!("pushed {done:?}"));
    told
}

fn account(base_url: String) -> Account {
    Account { name: "recorded".to_owned(), base_url, key: Secret::new(SECRET), refresh_token: None, shop_id: None }
}

fn record(marketplace: &str, folder: &Path) -> String {
    let desk = Desk::new(marketplace, stage_of(marketplace));
    for units in [1, 2] {
        desk.stage.place(&[("LAMP", units, 1290)], Step::Asked);
    }
    // a fault that the host mends belongs to the recording
    desk.stage.trouble(Trouble::CutShort, Call::Orders, 1);
    let account = account(desk.stage.account().base_url);
    let connector = market::connector(marketplace, &account).unwrap();
    let recorder = |inner| -> purvey::diagnostic::Result<Box<dyn Transport>> {
        Ok(Box::new(Recorder::over(inner, folder, vec![Secret::new(SECRET)])?))
    };
    let host = Host::new(&*connector, &account).unwrap().clock(clock()).transport(recorder).unwrap();
    road(&*connector, &host.patience(Duration::MAX))
}

fn replay(marketplace: &str, folder: &Path) -> String {
    let account = account("https://nowhere.example".to_owned());
    let connector = market::connector(marketplace, &account).unwrap();
    let replay = Arc::new(Replay::open(folder).unwrap());
    let played = Shared(replay.clone());
    let host = Host::new(&*connector, &account).unwrap().clock(clock());
    let told = road(&*connector, &host.transport(|_| Ok(Box::new(played))).unwrap().patience(Duration::MAX));
    assert_eq!(replay.left(), 0, "the recording goes on");
    told
}

struct Shared(Arc<Replay>);

impl Transport for Shared {
    fn exchange(&self, request: &Request) -> purvey::diagnostic::Result<market::host::Outcome> {
        self.0.exchange(request)
    }
}

#[test]
fn recorded_sessions_are_asked_and_understood_the_same() {
    for marketplace in market::marketplaces() {
        let folder = sessions(marketplace);
        let summary = folder.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            let _ = fs::remove_dir_all(&folder);
            fs::write(&summary, record(marketplace, &folder)).unwrap();
        }
        assert_eq!(replay(marketplace, &folder), fs::read_to_string(&summary).unwrap(), "{marketplace}");
    }
}

#[test]
fn a_request_that_is_not_the_recorded_one_is_an_error() {
    for marketplace in market::marketplaces() {
        let folder = tempfile::tempdir().unwrap();
        record(marketplace, folder.path());
        let replay = Replay::open(folder.path()).unwrap();
        let request = Request::get("any", &["api", "something", "else"]).unwrap();
        assert_eq!(replay.exchange(&request).unwrap_err().code, "record/differs");
        let over = Replay::open(tempfile::tempdir().unwrap().path()).unwrap();
        assert_eq!(over.exchange(&request).unwrap_err().code, "record/over");
    }
}

#[test]
fn recordings_hold_no_secrets_and_no_persons() {
    for marketplace in market::marketplaces() {
        let folder = tempfile::tempdir().unwrap();
        record(marketplace, folder.path());
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
        let again = std::panic::catch_unwind(|| record(marketplace, folder.path()));
        assert!(again.is_err());
    }
}
