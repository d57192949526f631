//! `kill -9` at any moment: what is in place stays whole, nothing is lost, nothing is done twice, and the next run makes
//! it good. A shop whose commands are killed is compared with its twin, which does the same in peace.
//!
//! The moments are drawn from a seed; `PURVEY_SEED=… cargo test --test kill` draws others.
#![cfg(unix)]

mod stage;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use purvey::sandbox::{Faults, OrderSpec, OrderState};
use stage::{Said, Stage, products};

const KILLS: usize = 200;
const VARIANTS: usize = 240;
const FEED: &str = "out/google.xml";

fn seed() -> u64 {
    let given = std::env::var("PURVEY_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or(20_261_125);
    println!("PURVEY_SEED={seed}");
    seed
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// A moment in the life of a command that takes `length`; one in eight at its very start.
    fn moment(&mut self, length: Duration) -> Duration {
        let span = if self.roll(8) == 0 { Duration::from_millis(3) } else { length };
        Duration::from_micros(self.roll(span.as_micros().max(1) as u64))
    }
}

fn start(stage: &Stage, arguments: &[&str]) -> Child {
    stage.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Starts the command and kills it after `delay`. Whether it was still alive then.
fn kill(stage: &Stage, arguments: &[&str], delay: Duration) -> bool {
    stage.forget_limits();
    let mut child = start(stage, arguments);
    thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap().signal() == Some(9)
}

/// Two shops on one road; only one is killed.
struct Road {
    killed: Stage,
    twin: Stage,
    dice: Dice,
    trouble: Faults,
    round: usize,
    /// How often each command was killed.
    kills: Vec<(&'static str, usize)>,
}

/// What is true of a shop whatever way it went; both shops must give the same.
const FACTS: [&str; 9] = [
    "SELECT channel_order_id, state, total_minor FROM orders ORDER BY 1",
    "SELECT o.channel_order_id, l.channel_line_id, v.sku, l.quantity, l.canceled, l.shipped, l.short
       FROM line_item l JOIN orders o ON o.id = l.order_id LEFT JOIN variant v ON v.id = l.variant_id ORDER BY 1, 2",
    "SELECT o.channel_order_id, l.channel_line_id, h.kind, h.quantity
       FROM hold h JOIN line_item l ON l.id = h.line_item_id JOIN orders o ON o.id = l.order_id ORDER BY 1, 2, 3",
    "SELECT v.sku, s.on_hand, s.reserved, s.allocated, s.available FROM stock s JOIN variant v ON v.id = s.variant_id ORDER BY 1",
    "SELECT v.sku, m.kind, sum(m.on_hand), sum(m.reserved), sum(m.allocated)
       FROM movement m JOIN variant v ON v.id = m.variant_id GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT o.channel_order_id, s.package_number, s.carrier, s.tracking_number, l.line_item_id, l.quantity
       FROM shipment s JOIN orders o ON o.id = s.order_id JOIN shipment_line l ON l.shipment_id = s.id ORDER BY 1, 2, 5",
    "SELECT kind, key, state, body_hash FROM outbox WHERE kind <> 'push' ORDER BY 2",
    // what only agrees once nothing is under way
    "SELECT channel_sku, quantity, price_minor FROM listing ORDER BY 1",
    "SELECT channel_order_id, heard_state FROM orders ORDER BY 1",
];

impl Road {
    fn new(seed: u64, trouble: Faults) -> Road {
        let killed = Stage::furnished(VARIANTS, seed);
        let twin = Stage::furnished(VARIANTS, seed);
        let kills = ["import", "feed", "orders", "ship", "tracking", "sync"].map(|command| (command, 0)).to_vec();
        Road { killed, twin, dice: Dice(seed), trouble, round: 0, kills }
    }

    fn walk(&mut self) {
        self.round += 1;
        let round = self.round;
        for stage in [&mut self.killed, &mut self.twin] {
            stage.now += SignedDuration::from_hours(6);
            stage.sandbox.advance(6 * 3600);
            stage.sandbox.place(orders(round)).unwrap();
            stage.write("products.csv", &products(VARIANTS + 4 * round, round));
        }
        self.step(&["import", "products.csv"]);
        self.step(&["feed", "build"]);
        assert_eq!(self.feed(&self.killed), self.feed(&self.twin), "the feed is not what it is without a kill");
        self.step(&["orders", "pull"]);
        self.same(&FACTS[..4]);
        for (order, number, line) in leaving(round) {
            let mut command = vec!["ship", &order, "--carrier", "DHL", "--tracking", &number];
            line.iter().for_each(|line| command.extend(["--line", line]));
            self.step(&command);
        }
        self.same(&FACTS[..6]);
        self.step(&["tracking", "push"]);
        self.step(&["sync"]);
        for stage in [&self.killed, &self.twin] {
            let temporary: Vec<_> = names(stage, "out").into_iter().filter(|name| name.ends_with(".tmp")).collect();
            assert_eq!(temporary, [""; 0], "left behind after a run that ended well");
            (0..2).for_each(|n| stage.sandbox.pay(&accepted(round, n)).unwrap());
        }
    }

    /// One command: in peace for the twin; for the other killed at random moments, looked at, and done again.
    fn step(&mut self, arguments: &[&str]) {
        let (old, before) = (self.feed(&self.killed), self.prices(&self.killed));
        let started = Instant::now();
        let said = self.twin.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        let length = started.elapsed();
        let (new, after) = (self.feed(&self.twin), self.prices(&self.twin));
        // Not where stock goes out: the limit there is one request a minute, and every retry would take that long.
        let only = Some(["/api/orders", "ship"][self.round % 2].to_owned());
        self.killed.faults(Faults { only, ..self.trouble.clone() });
        // ships are many: one in three of them is hit
        let tries = if arguments[0] == "ship" && self.dice.roll(3) > 0 { 0 } else { 1 + self.dice.roll(3) };
        for _ in 0..tries {
            let delay = self.dice.moment(length);
            if !kill(&self.killed, arguments, delay) {
                continue;
            }
            let count = self.kills.iter_mut().find(|(command, _)| *command == arguments[0]).unwrap();
            count.1 += 1;
            let at = format!("{arguments:?} killed after {delay:?} of {length:?}");
            let doctor = self.killed.run(&["doctor"]);
            assert!(doctor.code == Some(0) && doctor.out.starts_with("no findings"), "{at}: {doctor:?}");
            let feed = self.feed(&self.killed);
            assert!(feed == old || feed == new, "{at}: the feed in place is neither the old one nor the new one");
            let prices = self.prices(&self.killed);
            assert!(prices == before || prices == after, "{at}: half imported: {before:?} {prices:?} {after:?}");
        }
        self.finish(arguments);
        self.killed.faults(Faults::default());
    }

    /// A run that is not killed; where the marketplace makes trouble, some more, each when the waits of the last are over.
    fn finish(&mut self, arguments: &[&str]) {
        let troubled = self.trouble != Faults::default();
        let now = self.killed.now;
        for _ in 0..12 {
            let said = self.killed.run(arguments);
            match said.code {
                Some(0) => {
                    self.killed.now = now;
                    return;
                }
                Some(3 | 69) if troubled => self.killed.now += SignedDuration::from_mins(20),
                _ => panic!("{arguments:?} after a kill: {said:?}"),
            }
        }
        panic!("{arguments:?} does not come to an end: {:?}", self.killed.run(arguments));
    }

    fn feed(&self, stage: &Stage) -> Option<Vec<u8>> {
        let feed = fs::read(stage.path(FEED)).ok();
        feed.iter().for_each(|feed| assert!(offers(feed).is_some(), "half a feed is in place"));
        feed
    }

    fn prices(&self, stage: &Stage) -> Vec<String> {
        stage.rows("SELECT price_minor, count(*) FROM variant GROUP BY 1")
    }

    #[track_caller]
    fn same(&self, facts: &[&str]) {
        for fact in facts {
            let (killed, twin) = (self.killed.rows(fact), self.twin.rows(fact));
            assert!(killed == twin, "{}", difference(fact, &killed, &twin));
        }
    }

    /// Runs until nothing is left to do, then both shops and both marketplaces are compared.
    fn arrive(&mut self) {
        self.killed.faults(Faults::default());
        for stage in [&mut self.killed, &mut self.twin] {
            let restful = (0..12).any(|_| {
                stage.now += SignedDuration::from_hours(6);
                stage.sandbox.advance(6 * 3600);
                let said = stage.run(&["sync", "--json"]);
                assert_eq!(said.code, Some(0), "{said:?}");
                let under_way = stage.rows("SELECT key FROM outbox WHERE state NOT IN ('done', 'dead')");
                under_way.is_empty() && said.out.contains("\"changed\":false")
            });
            assert!(restful, "the syncs never come to rest");
        }
        self.same(&FACTS);
        assert_eq!(self.feed(&self.killed), self.feed(&self.twin));
        let verdict = self.killed.sandbox.verdict();
        assert!(verdict.is_clean(), "{:#?}", verdict.violations);
        assert_eq!(verdict.faults > 0, self.trouble != Faults::default(), "{} faults struck", verdict.faults);
        let there = parcels(&self.killed);
        assert_eq!(there, parcels(&self.twin), "the marketplace knows other parcels");
        let unique: BTreeSet<_> = there.iter().collect();
        assert_eq!(unique.len(), there.len(), "a parcel was told twice");
        assert_eq!(there.len(), self.killed.rows("SELECT 1 FROM shipment").len(), "not every parcel was told");
    }
}

/// Orders that are paid, and two that wait for our word; SKUs come again and again.
fn orders(round: usize) -> Vec<OrderSpec> {
    let order = |id: String, state, units| OrderSpec {
        order_id: Some(id),
        state: Some(state),
        manual_payment: true,
        ..OrderSpec::of(format!("SKU-{}", (7 * round + units as usize) % 40), units, 1050)
    };
    let paid = (0..4).map(|n| order(paid(round, n), OrderState::Shipping, 1 + n as u32));
    paid.chain((0..2).map(|n| order(accepted(round, n), OrderState::WaitingAcceptance, 2))).collect()
}

fn paid(round: usize, n: usize) -> String {
    format!("P{round}-{n}")
}

fn accepted(round: usize, n: usize) -> String {
    format!("W{round}-{n}")
}

/// The parcels that leave: order, tracking number, and the line and units where it is not all of the order.
fn leaving(round: usize) -> Vec<(String, String, Option<String>)> {
    let all = |order: String| (order.clone(), format!("TRK{order}"), None);
    let part = |number: &str, units: u32| {
        let order = paid(round, 3);
        (order.clone(), format!("{number}{order}"), Some(format!("{order}-1={units}")))
    };
    let mut leaving = vec![all(paid(round, 0)), all(paid(round, 2)), part("A", 3), part("B", 1)];
    if round > 1 {
        leaving.push(all(accepted(round - 1, 0)));
    }
    leaving
}

fn parcels(stage: &Stage) -> Vec<(String, Option<String>)> {
    let shipments = stage.sandbox.state().shipments;
    let mut all: Vec<_> = shipments.iter().map(|s| (s.order_id.clone(), s.number().map(str::to_owned))).collect();
    all.sort();
    all
}

/// The number of offers of a whole feed; nothing of one that breaks off.
fn offers(feed: &[u8]) -> Option<usize> {
    let mut reader = quick_xml::Reader::from_reader(feed);
    let mut open = 0_usize;
    let mut offers = 0;
    loop {
        match reader.read_event().ok()? {
            quick_xml::events::Event::Start(tag) => {
                open += 1;
                offers += usize::from(tag.name().as_ref() == "item");
            }
            quick_xml::events::Event::End(_) => open = open.checked_sub(1)?,
            quick_xml::events::Event::Eof => return (open == 0 && offers > 0).then_some(offers),
            _ => {}
        }
    }
}

fn names(stage: &Stage, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(stage.path(folder)).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn difference(fact: &str, killed: &[String], twin: &[String]) -> String {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|row| !those.contains(row)).take(8).cloned().collect()
    };
    format!("{fact}\nonly after kills: {:#?}\nonly without: {:#?}", only(killed, twin), only(twin, killed))
}

#[test]
fn the_run_after_a_kill_makes_it_good() {
    let seed = seed();
    let mild = Faults { reset_after: 0.08, error_500: 0.04, ..Faults::default() };
    let commands: Vec<(&str, usize)> = thread::scope(|scope| {
        let roads = [(seed, Faults::default()), (seed ^ 1, mild)].map(|(seed, trouble)| {
            scope.spawn(move || {
                let mut road = Road::new(seed, trouble);
                while road.kills.iter().map(|(_, kills)| kills).sum::<usize>() < KILLS / 2 {
                    road.walk();
                }
                road.arrive();
                road.kills
            })
        });
        roads.into_iter().flat_map(|road| road.join().unwrap_or_else(|e| std::panic::resume_unwind(e))).collect()
    });
    println!("{commands:?}");
    assert!(commands.iter().all(|(_, kills)| *kills > 0), "a command was never killed: {commands:?}");
}

#[test]
fn a_shop_whose_making_was_killed_can_be_made() {
    let mut dice = Dice(seed());
    let stage = Stage::open(1);
    let mut length = Duration::from_millis(20);
    for shop in (0..12).map(|n| format!("shop-{n}")) {
        let init = ["-C", &shop, "init"];
        for _ in 0..3 {
            kill(&stage, &init, dice.moment(length));
        }
        let started = Instant::now();
        assert_eq!(stage.run(&init).code, Some(0));
        length = started.elapsed();
        let doctor = stage.run(&["-C", &shop, "doctor"]);
        assert_eq!(doctor.code, Some(0), "{doctor:?}");
        assert_eq!(stage.run(&["-C", &shop, "channel", "check"]).code, Some(0));
    }
}

#[test]
fn a_reader_always_finds_a_whole_feed() {
    const BUILDS: usize = 16;
    let mut dice = Dice(seed());
    let stage = Stage::furnished(VARIANTS, 1);
    assert_eq!(stage.run(&["feed", "build"]).code, Some(0));
    let over = AtomicBool::new(false);
    let (reads, seen) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut reads, mut seen) = (0, BTreeSet::new());
            while !over.load(Ordering::Relaxed) {
                let feed = fs::read(stage.path(FEED)).expect("the feed is there all the time");
                seen.insert(offers(&feed).expect("the feed is whole all the time"));
                reads += 1;
            }
            (reads, seen)
        });
        let mut length = Duration::from_millis(50);
        for build in 1..=BUILDS {
            stage.write("products.csv", &products(VARIANTS + build, build));
            assert_eq!(stage.run(&["import", "products.csv"]).code, Some(0));
            kill(&stage, &["feed", "build"], dice.moment(length));
            let started = Instant::now();
            assert_eq!(stage.run(&["feed", "build"]).code, Some(0));
            length = started.elapsed();
        }
        over.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(reads > BUILDS && seen.len() > 1, "{reads} reads saw {seen:?}");
    let all: BTreeSet<_> = (VARIANTS..=VARIANTS + BUILDS).collect();
    assert!(seen.is_subset(&all), "{seen:?}");
    assert_eq!(names(&stage, "out"), ["google.xml"]);
}

/// Starts a sync that takes as long as the marketplace does, and waits until it holds the catalog.
fn slow_sync(stage: &Stage) -> Child {
    stage.faults(Faults { slow_ms: 600_000, ..Faults::default() });
    let sync = start(stage, &["sync"]);
    let holder = format!("{}\npurvey sync\n", sync.id());
    while !fs::read_to_string(stage.path("shop.db.lock")).is_ok_and(|text| text.starts_with(&holder)) {
        thread::sleep(Duration::from_millis(5));
    }
    sync
}

#[test]
fn of_two_syncs_one_runs_and_the_other_waits_if_asked() {
    let stage = Stage::furnished(8, 1);
    let mut first = slow_sync(&stage);
    let second = stage.run(&["sync"]);
    assert_eq!(second.code, Some(75), "{second:?}");
    assert!(second.err.contains("`purvey sync` (pid ") && second.err.contains(&first.id().to_string()), "{second:?}");
    assert!(second.err.contains("--wait"), "{second:?}");
    assert!(first.try_wait().unwrap().is_none(), "it neither waited nor disturbed the first");

    let mut third =
        stage.command(&["sync", "--wait", "300"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(third.try_wait().unwrap().is_none(), "it waits for the holder");
    stage.faults(Faults::default());
    first.kill().unwrap();
    first.wait().unwrap();
    let third = Said::from(third.wait_with_output().unwrap());
    assert_eq!(third.code, Some(0), "{third:?}");
}

#[test]
fn a_lock_dies_with_its_holder() {
    let stage = Stage::furnished(8, 1);
    for _ in 0..5 {
        let mut holder = slow_sync(&stage);
        holder.kill().unwrap();
        holder.wait().unwrap();
        let doctor = stage.run(&["doctor"]);
        assert_eq!(doctor.code, Some(0), "{doctor:?}");
    }
}
