//! Sessions with every marketplace, against exchanges that were recorded, or written from its documents: what is asked
//! must be the recorded question, and what is understood must be the recorded text.
//!
//! Then the same sessions with everything that goes wrong on the way, at each of their requests. What the host can mend
//! leaves no trace in the text.
//!
//! `UPDATE=1 cargo test --test markets sessions` writes requests and texts anew. A file of an exchange may be begun with
//! its `answer` alone.
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use purvey::diagnostic::Result;
use purvey::market::host::{DryRun, Host, Keyring, Lost, Outcome, Recorder, Replay, Transport};
use purvey::market::{self, Acknowledge, Connector, PullFrom, Request, Response, Secret};
use purvey::order::State;
use serde_json::{Value, json};

use super::recorded::record;
use super::session::{Dream, Played, Script, start};
use super::stage_of;

const SECRET: &str = "an-id:a-secret";
/// The operation of the requests that buy access tokens; faults at these are the host's own tests' matter.
const SIGN_IN: &str = "sign-in";
/// Tokens that may appear nowhere: one that is bought, the next refresh token, the one of the account.
const CANARIES: [&str; 3] = ["canary-access-5b1f", "canary-next-8c2e", "canary-refresh-9d3a"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    TooMany(Option<u32>),
    ServerError,
    /// The token has expired.
    Unauthorized,
    LostBefore,
    /// It is done, and then the connection breaks.
    LostAfter,
}

/// They take offers, and send no orders back.
const WITHOUT_ORDERS: [&str; 2] = ["google-merchant", "meta"];

type Alter = fn(&mut Value, &str);

/// The other side: a recording, and what goes wrong.
struct Player {
    replay: Replay,
    /// At which request.
    fault: Option<(usize, Fault)>,
    /// Changes every answer, with one word to do it with.
    alter: Option<(Alter, String)>,
    /// Sells access tokens that can be recognized, instead of those of the recording.
    canaries: bool,
    state: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    asked: Vec<Request>,
    token: Option<Outcome>,
    /// Done, but the answer was lost.
    done: Option<(Request, Outcome)>,
    /// Answers come once more from those that were given.
    echo: bool,
    given: Vec<(Request, Outcome)>,
}

impl Player {
    fn of(script: &Script) -> Player {
        let replay = Replay::open(&script.folder()).unwrap();
        Player { replay, fault: None, alter: None, canaries: false, state: Mutex::default() }
    }

    fn answer(&self, request: &Request, state: &mut Memory) -> Result<Outcome> {
        if request.operation == SIGN_IN && self.canaries {
            let sold = json!({ "access_token": CANARIES[0], "refresh_token": CANARIES[1], "expires_in": 3600 });
            let body = sold.to_string().into_bytes();
            return Ok(Outcome::Answered(Response { status: 200, headers: Vec::new(), body }));
        }
        if request.operation == SIGN_IN {
            if state.token.is_none() {
                state.token = Some(self.replay.exchange(request)?);
            }
            return Ok(state.token.clone().unwrap());
        }
        if state.echo {
            let (_, outcome) = state.given.iter().rfind(|(known, _)| same(known, request)).expect("another question");
            return Ok(outcome.clone());
        }
        state.asked.push(request.clone());
        if let Some((_, outcome)) = state.done.take_if(|(done, _)| same(done, request)) {
            return Ok(outcome);
        }
        match self.fault.filter(|(at, _)| at + 1 == state.asked.len()) {
            None => self.replay.exchange(request),
            Some((_, Fault::LostAfter)) => {
                state.done = Some((request.clone(), self.replay.exchange(request)?));
                Ok(Outcome::Lost(Lost { arrived: true, why: "the connection broke".to_owned() }))
            }
            Some((_, Fault::LostBefore)) => Ok(Outcome::Lost(Lost { arrived: false, why: "no connection".to_owned() })),
            Some((_, Fault::ServerError)) => Ok(bare(503, None)),
            Some((_, Fault::Unauthorized)) => Ok(bare(401, None)),
            Some((_, Fault::TooMany(wait))) => Ok(bare(429, wait)),
        }
    }
}

fn same(one: &Request, other: &Request) -> bool {
    (&one.method, &one.base, &one.path, &one.query, &one.body)
        == (&other.method, &other.base, &other.path, &other.query, &other.body)
}

fn bare(status: u16, retry_after: Option<u32>) -> Outcome {
    let headers = retry_after.map(|wait| ("retry-after".to_owned(), wait.to_string())).into_iter().collect();
    Outcome::Answered(Response { status, headers, body: Vec::new() })
}

impl Transport for Player {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        let mut state = self.state.lock().unwrap();
        let mut outcome = self.answer(request, &mut state)?;
        if let (Some((alter, word)), Outcome::Answered(response)) = (&self.alter, &mut outcome)
            && request.reads
            && let Ok(mut told) = serde_json::from_slice(&response.body)
        {
            alter(&mut told, word);
            response.body = told.to_string().into_bytes();
        }
        state.given.push((request.clone(), outcome.clone()));
        Ok(outcome)
    }
}

/// A key that is the same when it is asked for anew.
struct Steady(Secret);

impl Keyring for Steady {
    fn current(&self) -> Result<Secret> {
        Ok(self.0.clone())
    }

    fn renew(&self, _: &Secret) -> Result<Option<Secret>> {
        Ok(Some(self.0.clone()))
    }
}

/// A connector in front of a player.
struct Scene {
    connector: Box<dyn Connector>,
    account: market::Account,
    player: Arc<Player>,
    clock: Arc<Dream>,
}

impl Scene {
    fn set(marketplace: &str, script: &Script, player: Player) -> Scene {
        let account = script.account("https://nowhere.example", SECRET);
        let connector = market::connector(marketplace, &account).unwrap();
        Scene { connector, account, player: Arc::new(player), clock: Dream::new() }
    }

    fn host(&self) -> Host<'_> {
        let player = self.player.clone();
        let host = Host::new(&*self.connector, &self.account).unwrap();
        let host = host.keyring(Steady(self.account.key.clone())).clock(self.clock.clone());
        host.transport(|_| Ok(Box::new(player))).unwrap().patience(Duration::MAX).seed(7)
    }

    fn play(&self, script: &Script) -> Played {
        script.play(&*self.connector, &self.host())
    }

    fn asked(&self) -> Vec<Request> {
        self.player.state.lock().unwrap().asked.clone()
    }
}

/// Runs a case on every session of every marketplace.
fn each(case: impl Fn(&str, &Script)) {
    for marketplace in market::marketplaces() {
        for script in Script::all(marketplace) {
            case(marketplace, &script);
        }
    }
}

/// The session as it is without faults.
fn clean(marketplace: &str, script: &Script) -> (Played, Vec<Request>) {
    let scene = Scene::set(marketplace, script, Player::of(script));
    let played = scene.play(script);
    (played, scene.asked())
}

#[test]
fn sessions_are_asked_and_understood_as_recorded() {
    each(|marketplace, script| {
        if std::env::var_os("UPDATE").is_some() {
            update(marketplace, script);
        }
        let scene = Scene::set(marketplace, script, Player::of(script));
        let told = scene.play(script).text;
        assert_eq!(told, fs::read_to_string(script.path()).unwrap(), "{}", script.path().display());
        assert_eq!(scene.player.replay.left(), 0, "{}: the recording goes on", script.path().display());
    });
}

/// What a session's files answer, one after the other, whatever is asked.
struct Answers(Mutex<Vec<Outcome>>);

impl Transport for Answers {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        let next = self.0.lock().unwrap().pop();
        Ok(next.unwrap_or_else(|| panic!("no answer is left for {} {}", request.method.as_str(), request.path)))
    }
}

impl Answers {
    fn of(folder: &Path) -> Answers {
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let read = |file: &std::path::PathBuf| {
            let mut kept: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            if let Some(lost) = kept.get("lost") {
                return Outcome::Lost(serde_json::from_value(lost.clone()).unwrap());
            }
            let answer = kept["answer"].take();
            let body = match &answer["body"] {
                Value::Object(body) => {
                    body.get("json").map(Value::to_string).or_else(|| Some(body.get("text")?.as_str()?.to_owned()))
                }
                _ => None,
            };
            Outcome::Answered(Response {
                status: serde_json::from_value(answer["status"].clone()).unwrap(),
                headers: serde_json::from_value(answer["headers"].clone()).unwrap_or_default(),
                body: body.unwrap_or_default().into_bytes(),
            })
        };
        Answers(Mutex::new(files.iter().rev().map(read).collect()))
    }
}

fn update(marketplace: &str, script: &Script) {
    let (folder, new) = (script.folder(), script.folder().with_extension("new"));
    let _ = fs::remove_dir_all(&new);
    let text = match stage_of(marketplace) {
        Some(stage) => record(marketplace, stage, script, &new),
        None => {
            let account = script.account("https://nowhere.example", SECRET);
            let connector = market::connector(marketplace, &account).unwrap();
            let answers = Answers::of(&folder);
            let recorder = Recorder::over(Box::new(answers), &new, vec![Secret::new(SECRET)]).unwrap();
            let host = Host::new(&*connector, &account).unwrap().clock(Dream::new());
            let host = host.transport(|_| Ok(Box::new(recorder))).unwrap().patience(Duration::MAX);
            script.play(&*connector, &host).text
        }
    };
    fs::write(script.path(), text).unwrap();
    let _ = fs::remove_dir_all(&folder);
    fs::rename(&new, &folder).unwrap();
    // as it is understood from the recording, where persons have no names
    let (played, _) = clean(marketplace, script);
    fs::write(script.path(), played.text).unwrap();
}

#[test]
fn what_can_be_tried_again_leaves_no_trace() {
    each(|marketplace, script| {
        let (expected, asked) = clean(marketplace, script);
        for (at, request) in asked.iter().enumerate() {
            for fault in [
                Fault::TooMany(Some(17)),
                Fault::TooMany(None),
                Fault::Unauthorized,
                Fault::LostBefore,
                Fault::ServerError,
                Fault::LostAfter,
            ] {
                let player = Player { fault: Some((at, fault)), ..Player::of(script) };
                let scene = Scene::set(marketplace, script, player);
                let played = scene.play(script);
                let place = format!("{marketplace}: {fault:?} at {} {}", request.method.as_str(), request.path);
                if !request.safe && matches!(fault, Fault::ServerError | Fault::LostAfter) {
                    let is_said = played.errors.iter().any(|error| error.code == "market/outcome-unknown");
                    assert!(is_said, "{place}: {}", played.text);
                } else {
                    assert_eq!(played.text, expected.text, "{place}");
                }
                if fault == Fault::TooMany(Some(17)) {
                    assert!(scene.clock.slept() >= Duration::from_secs(17), "{place}");
                }
            }
        }
    });
}

#[test]
fn a_page_that_is_asked_for_twice_is_the_same() {
    each(|marketplace, script| {
        if !script.begins_with_a_pull() {
            return;
        }
        let scene = Scene::set(marketplace, script, Player::of(script));
        let until = start() - scene.connector.describe().settle;
        let from = PullFrom { cursor: None, since: start() - Duration::from_secs(86_400), until };
        let first = scene.connector.pull(&scene.host(), &from).unwrap();
        scene.player.state.lock().unwrap().echo = true;
        assert_eq!(first, scene.connector.pull(&scene.host(), &from).unwrap(), "{marketplace}");
        assert!(!first.orders.is_empty(), "{marketplace}");
    });
}

fn altered(marketplace: &str, script: &Script, alter: Alter, word: &str) -> Played {
    let player = Player { alter: Some((alter, word.to_owned())), ..Player::of(script) };
    Scene::set(marketplace, script, player).play(script)
}

fn walk(told: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    match told {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        Value::Object(fields) => fields.values_mut().for_each(|field| walk(field, change)),
        _ => {}
    }
    change(told);
}

#[test]
fn unknown_fields_are_passed_over() {
    let alter: Alter = |told, _| {
        walk(told, &mut |value| {
            // what other programs keep in an order of WooCommerce is given back as it was
            if let Value::Object(fields) = value
                && !["tracking_id", "item_id"].iter().any(|kept| fields.contains_key(*kept))
            {
                fields.insert("purvey_unknown".to_owned(), json!({ "a": [1, null] }));
            }
        });
    };
    each(|marketplace, script| {
        assert_eq!(altered(marketplace, script, alter, "").text, clean(marketplace, script).0.text, "{marketplace}");
    });
}

/// Only what a pull brought; the steps after it may well fail, since what they are told is no longer what was recorded.
#[test]
fn an_order_that_comes_twice_on_a_page_is_one_order() {
    let alter: Alter = |told, id| {
        walk(told, &mut |value| {
            let names_it = |item: &Value| item.as_object().is_some_and(|o| o.values().any(|field| is_text(field, id)));
            if let Value::Array(items) = value
                && let Some(order) = items.iter().find(|item| names_it(item)).cloned()
            {
                items.push(order);
            }
        });
    };
    each(|marketplace, script| {
        let (expected, _) = clean(marketplace, script);
        let Some(first) = expected.orders.first() else { return };
        let played = altered(marketplace, script, alter, &first.channel_order_id);
        let times = |orders: &[purvey::order::Order]| {
            orders.iter().filter(|order| order.channel_order_id == first.channel_order_id).count()
        };
        assert_eq!(times(&played.orders), times(&expected.orders), "{marketplace}");
    });
}

fn is_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(told) => told == text,
        Value::Number(told) => told.to_string() == text,
        _ => false,
    }
}

#[test]
fn an_unknown_state_is_kept_and_harms_nothing() {
    const STRANGE: &str = "WAITING_FOR_FULL_MOON";
    let alter: Alter = |told, state| {
        walk(told, &mut |value| {
            if value.as_str().is_some_and(|text| state.split(' ').any(|word| word == text)) {
                *value = json!(STRANGE);
            }
        });
    };
    each(|marketplace, script| {
        let (expected, _) = clean(marketplace, script);
        let Some(first) = expected.orders.first() else { return };
        let played = altered(marketplace, script, alter, &first.channel_state);
        let told = played.orders.iter().find(|order| order.channel_order_id == first.channel_order_id);
        let told = told.unwrap_or_else(|| panic!("{marketplace} lost an order: {}", played.text));
        assert_eq!((told.state, &told.lines.len()), (None, &first.lines.len()), "{marketplace}");
        assert!(told.channel_state.contains(STRANGE), "{marketplace}: {}", told.channel_state);
    });
}

#[test]
fn a_sku_nobody_knows_is_kept_with_its_line() {
    const STRANGE: &str = "no such \"SKU\", 100 %";
    let alter: Alter = |told, sku| {
        walk(told, &mut |value| {
            if value.as_str() == Some(sku) {
                *value = json!(STRANGE);
            }
        });
    };
    each(|marketplace, script| {
        let (expected, _) = clean(marketplace, script);
        let lines = |played: &Played| played.orders.iter().flat_map(|order| order.lines.clone()).collect::<Vec<_>>();
        let Some(sku) = lines(&expected).into_iter().find_map(|line| line.channel_sku) else { return };
        let played = altered(marketplace, script, alter, &sku);
        assert!(lines(&played).iter().any(|line| line.channel_sku.as_deref() == Some(STRANGE)), "{marketplace}");
    });
}

/// Whatever a connector reads of a buyer was blanked when it was recorded, under whatever name it stands.
#[test]
fn no_session_knows_its_buyers() {
    each(|marketplace, script| {
        // what is in a folder is never recorded
        if marketplace == "files" {
            return;
        }
        let (played, _) = clean(marketplace, script);
        for buyer in played.orders.iter().filter_map(|order| order.buyer.as_ref()) {
            let mut told = vec![Some(&buyer.name), buyer.email.as_ref(), buyer.phone.as_ref(), buyer.note.as_ref()];
            if let Some(to) = &buyer.address {
                told.extend([Some(&to.street), Some(&to.zip), Some(&to.city), to.region.as_ref()]);
            }
            let is_blank = |c: char| !c.is_alphanumeric() || matches!(c, 'x' | 'X' | '0');
            for text in told.into_iter().flatten() {
                assert!(text.chars().all(is_blank), "{marketplace}: {text}");
            }
        }
    });
}

#[test]
fn no_recording_holds_a_key_or_a_token() {
    use base64::Engine;
    let basic = base64::engine::general_purpose::STANDARD.encode(SECRET);
    let betrayals = [&CANARIES[..], &["a-secret", &basic]].concat();
    each(|marketplace, script| {
        let player = Player { replay: Player::of(script).replay.loosely(), canaries: true, ..Player::of(script) };
        let mut scene = Scene::set(marketplace, script, player);
        scene.account.refresh_token = Some(Secret::new(CANARIES[2]));
        let folder = tempfile::tempdir().unwrap();
        let secrets = vec![Secret::new(SECRET), Secret::new(CANARIES[2])];
        let recorder = Recorder::over(Box::new(scene.player.clone()), folder.path(), secrets).unwrap();
        script.play(&*scene.connector, &scene.host().transport(|_| Ok(Box::new(recorder))).unwrap());
        let mut files = 0;
        for entry in fs::read_dir(folder.path()).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let betrayed: Vec<_> = betrayals.iter().filter(|secret| text.contains(**secret)).collect();
            assert!(betrayed.is_empty(), "{marketplace}: {betrayed:?} in {text}");
            files += 1;
        }
        assert!(files > 0, "{marketplace}");
    });
}

#[test]
fn a_dry_run_asks_and_never_tells() {
    each(|marketplace, script| {
        let player = Player { replay: Player::of(script).replay.loosely(), ..Player::of(script) };
        let scene = Scene::set(marketplace, script, player);
        let host = scene.host();
        let dry = DryRun::over(&host);
        let played = script.play(&*scene.connector, &dry);
        let told: Vec<_> = scene.asked().into_iter().filter(|request| !request.reads).collect();
        assert_eq!(told, [], "{marketplace}");
        assert!(played.errors.iter().all(|error| error.code != "market/unreadable"), "{marketplace}: {}", played.text);
        let (_, asked) = clean(marketplace, script);
        assert!(dry.withheld().is_empty() == asked.iter().all(|request| request.reads), "{marketplace}");
    });
}

/// What a marketplace says it can is shown in one of its sessions, unless a stage shows it.
#[test]
fn every_ability_is_shown() {
    let shown = |name: &&str| stage_of(name).is_none() && !WITHOUT_ORDERS.contains(name);
    for marketplace in market::marketplaces().filter(shown) {
        let scripts = Script::all(marketplace);
        let connector = Scene::set(marketplace, &scripts[0], Player::of(&scripts[0])).connector;
        let can = connector.describe();
        let played: Vec<Played> = scripts.iter().map(|script| clean(marketplace, script).0).collect();
        let text: String = played.iter().map(|played| played.text.as_str()).collect();
        let steps = |verb: &str| text.lines().filter(|line| line.starts_with(&format!("> {verb} "))).count();
        let orders: Vec<_> = played.iter().flat_map(|played| &played.orders).collect();
        let results: Vec<_> = played.iter().flat_map(|played| &played.results).collect();
        let mut missing = Vec::new();
        let mut need = |what: &'static str, shown: bool| {
            if !shown {
                missing.push(what);
            }
        };
        need("accepting", can.acknowledge == Acknowledge::Never || steps("accept") > 0);
        need("canceling", !can.cancel || steps("cancel") > 0);
        need("money back", !connector.refunds() || steps("refund") > 0);
        need("pickup", !can.pickup || steps("ready") > 0);
        need("several parcels", !can.several_parcels || text.contains(" package=2 "));
        need("a parcel told twice", text.contains("already done"));
        need("a canceled order", orders.iter().any(|order| order.state == Some(State::Canceled)));
        need("units that have left", orders.iter().any(|order| order.lines.iter().any(|line| line.shipped > 0)));
        need(
            "a line without SKU",
            orders.iter().any(|order| order.lines.iter().any(|line| line.channel_sku.is_none())),
        );
        need(
            "no units on offer",
            can.batch_max == 0 || text.lines().any(|line| line.starts_with("> push") && line.contains("=0")),
        );
        need("an offer that is taken", can.batch_max == 0 || results.iter().any(|result| result.refused.is_none()));
        need("an offer that is refused", can.batch_max == 0 || results.iter().any(|result| result.refused.is_some()));
        need("a repeated answer or a lost one", played.iter().any(|played| !played.errors.is_empty()));
        assert!(missing.is_empty(), "{marketplace} does not show {missing:?}");
    }
}
