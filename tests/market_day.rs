//! A day with many orders at four marketplaces at once, on which one call in five goes wrong and `kill -9` strikes three
//! times in a hundred calls: every order is there once, what is held for them is what the ledger says, every tracking
//! number arrives, none with two values, and no call is made more often than its marketplace allows.
//!
//! The program and the marketplaces look at one clock (`PURVEY_CLOCK`), on which hours of waiting take no time, so the
//! seed decides what goes wrong and how fast the machine is does not. A kill strikes while a marketplace holds a request
//! back, before its work or after it. `PURVEY_ORDERS=2000 cargo test --test market_day` is the whole day; without the
//! variable it is a morning.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use purvey::market::host::{Clock, FileClock};
use purvey::sandbox::{CallLimit, Faults, LineSpec, Options, OrderSpec, OrderState, Sandbox, Snapshot};
use rusqlite::Connection;

const ORDERS: usize = 120;
const ORDERS_A_ROUND: usize = 60;
const SKUS: usize = 24;
/// Of every SKU, in the one warehouse: fewer than what no marketplace is told more of.
const UNITS: i64 = 900;
const KEY: &str = "an-id:a-secret";
const MARKETS: [(&str, &str); 4] = [("fair", "mirakl"), ("bazaar", "mirakl"), ("shop", "woocommerce"), ("bay", "ebay")];
/// Nobody orders or ships anything for so long; every limit's bucket but the slowest fills up meanwhile.
const PAUSE: Duration = Duration::from_secs(15 * 60);

/// What Mirakl's document says of calls made by programs.
fn limits() -> Vec<CallLimit> {
    [
        ("GET /api/orders", 60, 1),
        ("POST /api/offers/stock/imports", 1, 60),
        ("GET /api/offers/stock/imports/{}/status", 4, 15),
    ]
    .map(|(call, burst, refill_s)| CallLimit { call: call.to_owned(), burst, refill_s })
    .to_vec()
}

fn trouble(round: usize) -> Faults {
    Faults {
        error_429: 0.05,
        retry_after_s: [None, Some(7), Some(90)][round % 3],
        error_500: 0.05,
        reset_before: 0.03,
        reset_after: 0.045,
        truncate: 0.04,
        slow: Some(0.03),
        slow_ms: 3,
        duplicate_items: 0.2,
        page_drift: 0.1,
        unknown_state: 0.05,
        unknown_fields: 0.2,
        empty_page: 0.05,
        hold_before: 0.017,
        hold_after: 0.017,
        limits: limits(),
        ..Faults::default()
    }
}

struct Day {
    folder: tempfile::TempDir,
    clock: FileClock,
    markets: Vec<Sandbox>,
    runs: usize,
    kills: usize,
}

impl Day {
    fn begin(seed: u64) -> Day {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = folder.path().join("clock");
        File::create(&path).unwrap();
        let clock = FileClock::open(&path).unwrap();
        let market = |n: u64| {
            let (api_key, seed, clock) = (KEY.to_owned(), seed + n, Some(clock.clone()));
            Sandbox::start(Options { api_key, seed, clock, ..Options::default() }).unwrap()
        };
        let markets: Vec<Sandbox> = (0..MARKETS.len() as u64).map(market).collect();
        let mut config =
            "[shop]\nname = \"Day\"\ncurrency = \"EUR\"\ncountry = \"DE\"\nsite = \"https://day.example\"\n".to_owned();
        for ((name, connector), sandbox) in MARKETS.iter().zip(&markets) {
            config += &format!("\n[market.{name}]\nconnector = \"{connector}\"\nurl = \"{}\"\n", sandbox.url());
            config += "key = \"env:KEY\"\nrefresh_token = \"env:KEY\"\n";
        }
        let day = Day { folder, clock, markets, runs: 0, kills: 0 };
        day.write("purvey.toml", &config);
        let mut products = "Handle,Title,Vendor,Variant SKU,Variant Price,Status\n".to_owned();
        let mut stock = "sku,location,quantity\n".to_owned();
        for sku in (0..SKUS).map(sku) {
            products += &format!("{sku},Lamp {sku},Day,{sku},10.50,active\n");
            stock += &format!("{sku},MAIN,{UNITS}\n");
        }
        day.write("products.csv", &products);
        day.write("stock.csv", &stock);
        day.write("locations.csv", "code,name,kind\nMAIN,Main,warehouse\n");
        for command in ["init", "import products.csv", "import locations.csv", "import stock.csv"] {
            day.in_peace(command);
        }
        day
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, command: &str) -> Command {
        let mut purvey = Command::new(env!("CARGO_BIN_EXE_purvey"));
        purvey.current_dir(self.folder.path()).env_clear().env("KEY", KEY).stdin(Stdio::null());
        purvey.env(FileClock::VARIABLE, self.path("clock")).args(command.split(' '));
        purvey
    }

    /// A command that has nothing to fear.
    fn in_peace(&self, command: &str) -> Output {
        let output = self.command(command).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}: {output:?}");
        output
    }

    fn trouble(&self, faults: &Faults) {
        self.markets.iter().for_each(|market| market.set_faults(faults.clone()).unwrap());
    }

    /// A command until it ends by itself; it is killed whenever a marketplace holds a request back.
    fn run(&mut self, command: &str) {
        let talk = self.path("talk");
        loop {
            self.runs += 1;
            let said = File::create(&talk).unwrap();
            let mut running = self.command(command).stdout(Stdio::null()).stderr(said).spawn().unwrap();
            let ended = loop {
                if let Some(status) = running.try_wait().unwrap() {
                    break Some(status);
                }
                if self.markets.iter().any(|market| market.held() > 0) {
                    running.kill().unwrap();
                    running.wait().unwrap();
                    break None;
                }
                std::thread::sleep(Duration::from_micros(500));
            };
            match ended {
                Some(status) => {
                    // all of it, some of it, or nobody was there
                    let said = fs::read_to_string(&talk).unwrap();
                    assert!(matches!(status.code(), Some(0 | 3 | 69)), "{status}: {said}");
                    return;
                }
                None => self.kills += 1,
            }
            while self.markets.iter().any(|market| market.held() > 0) {
                self.markets.iter().for_each(Sandbox::release);
                std::thread::sleep(Duration::from_micros(100));
            }
        }
    }

    fn pause(&self) {
        self.clock.sleep(PAUSE);
    }

    /// Rows of the catalog, their columns joined by a blank.
    fn rows(&self, sql: &str) -> Vec<String> {
        let catalog = Connection::open(self.path("shop.db")).unwrap();
        let mut statement = catalog.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        let mut rows: Vec<String> = rows.map(Result::unwrap).collect();
        rows.sort();
        rows
    }
}

fn sku(n: usize) -> String {
    format!("SKU-{n}")
}

/// Orders of the `nth` round at a marketplace: most wait for a yes or for their money, some for neither.
fn orders(connector: &str, nth: usize, count: usize) -> Vec<OrderSpec> {
    let order = |n: usize| {
        let line = |at: usize| LineSpec {
            sku: sku((7 * n + 11 * at + nth) % SKUS),
            quantity: 1 + ((n + at) % 3) as u32,
            price_minor: 1050,
            title: None,
        };
        let waits = if connector == "mirakl" { OrderState::WaitingAcceptance } else { OrderState::WaitingDebitPayment };
        OrderSpec {
            lines: (0..1 + n % 2).map(line).collect(),
            state: Some(if n.is_multiple_of(3) { OrderState::Shipping } else { waits }),
            ..OrderSpec::default()
        }
    };
    (0..count).map(order).collect()
}

/// Its orders by the name they have in its dialect.
fn named(connector: &str, told: &Snapshot) -> BTreeMap<String, String> {
    let name =
        |(at, id): (usize, &String)| if connector == "woocommerce" { (1000 + at).to_string() } else { id.clone() };
    told.orders.iter().map(|order| &order.id).enumerate().map(|(at, id)| (id.clone(), name((at, id)))).collect()
}

impl Day {
    /// Gives the orders whose buyers will think better of it.
    fn place(&self, round: usize, count: usize) -> Vec<(usize, String)> {
        let mut doubtful = Vec::new();
        for (at, ((_, connector), sandbox)) in MARKETS.iter().zip(&self.markets).enumerate() {
            let placed = sandbox.place(orders(connector, round, count)).unwrap();
            doubtful.extend(placed.into_iter().skip(3).step_by(12).map(|order| (at, order)));
        }
        doubtful
    }

    /// The warehouse's file of parcels: most orders leave whole, some in two parcels, a few stay.
    fn ship(&self, round: usize) {
        let mut parcels = "market,order,line_id,quantity,carrier,tracking_number\n".to_owned();
        let open = self.rows(
            "SELECT o.channel || ' ' || o.channel_order_id || ' ' || l.channel_line_id || ' ' ||
                    (l.quantity - l.canceled - l.shipped)
               FROM line_item l JOIN orders o ON o.id = l.order_id
              WHERE o.state IN ('ready', 'partly_shipped') AND l.quantity > l.canceled + l.shipped",
        );
        let alive = self.alive();
        for line in &open {
            let [market, order, line, units] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let fate = order.bytes().map(usize::from).sum::<usize>() % 10;
            if fate == 3 || !alive.contains(&(market.to_owned(), order.to_owned())) {
                continue;
            }
            // of each line one unit first, the rest in the next round
            let units = if fate == 4 { "1" } else { units };
            let number: String = order.chars().filter(char::is_ascii_alphanumeric).collect();
            parcels += &format!("{market},{order},{line},{units},DHL,T{}{number}R{round}\n", market.to_uppercase());
        }
        self.write("parcels.csv", &parcels);
        if parcels.lines().count() > 1 {
            self.in_peace("import parcels.csv");
        }
    }

    /// Orders the marketplaces still want: parcels that cross a cancelation on their way are another test's.
    fn alive(&self) -> Vec<(String, String)> {
        let of_market = |((name, connector), sandbox): (&(&str, &str), &Sandbox)| {
            let told = sandbox.state();
            let names = named(connector, &told);
            let alive = told.orders.iter().filter(|order| !order.state.is_dead());
            alive.map(|order| ((*name).to_owned(), names[&order.id].clone())).collect::<Vec<_>>()
        };
        MARKETS.iter().zip(&self.markets).flat_map(of_market).collect()
    }

    /// Runs without faults until nothing is left to do.
    fn come_to_rest(&self) {
        self.trouble(&Faults { limits: limits(), ..Faults::default() });
        for _ in 0..20 {
            self.pause();
            let said = self.in_peace("sync --json");
            let under_way = self.rows("SELECT key FROM outbox WHERE state NOT IN ('done', 'dead')");
            if under_way.is_empty() && String::from_utf8_lossy(&said.stdout).contains("\"changed\":false") {
                return;
            }
        }
        panic!("the syncs never come to rest: {:?}", self.in_peace("sync --json"));
    }

    /// What the marketplaces know and what the catalog says are the same.
    fn compare(&self) {
        let given_up = "SELECT channel || ' ' || key || ' after ' || attempts || ': ' || last_error FROM outbox WHERE state = 'dead'";
        assert_eq!(self.rows(given_up), [""; 0]);
        let (mut orders, mut lines, mut parcels, mut told_stock) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut shipped, mut open): (BTreeMap<String, i64>, BTreeMap<String, i64>) = Default::default();
        for ((name, connector), sandbox) in MARKETS.iter().zip(&self.markets) {
            let told = sandbox.state();
            let names = named(connector, &told);
            for order in &told.orders {
                let dead = order.state.is_dead();
                assert!(dead || order.state >= OrderState::Shipping, "{name}: {} is {}", order.id, order.state);
                orders.push(format!("{name} {}", names[&order.id]));
                for line in &order.lines {
                    let canceled = if dead { line.quantity - line.packed } else { 0 };
                    let (order, sku) = (&names[&order.id], &line.sku);
                    lines.push(format!("{name} {order} {sku} {} {canceled} {}", line.quantity, line.packed));
                    *shipped.entry(sku.clone()).or_default() += i64::from(line.packed);
                    *open.entry(sku.clone()).or_default() += i64::from(line.quantity - canceled - line.packed);
                }
            }
            for parcel in &told.shipments {
                parcels.push(format!("{name} {} {}", names[&parcel.order_id], parcel.number().unwrap_or("none")));
            }
            told_stock.extend(told.offers.values().map(|offer| format!("{name} {} {}", offer.sku, offer.quantity)));
        }
        let stock: Vec<String> = (0..SKUS)
            .map(sku)
            .map(|sku| {
                let (shipped, open) = (shipped.get(&sku).unwrap_or(&0), open.get(&sku).unwrap_or(&0));
                format!("{sku} {} 0 {open}", UNITS - shipped)
            })
            .collect();
        for (what, expected, sql) in [
            ("orders", orders, "SELECT channel || ' ' || channel_order_id FROM orders"),
            (
                "lines",
                lines,
                "SELECT o.channel || ' ' || o.channel_order_id || ' ' || l.channel_sku || ' ' || l.quantity || ' ' || l.canceled
                        || ' ' || l.shipped FROM line_item l JOIN orders o ON o.id = l.order_id",
            ),
            (
                "parcels",
                parcels,
                "SELECT o.channel || ' ' || o.channel_order_id || ' ' || s.tracking_number
                   FROM shipment s JOIN orders o ON o.id = s.order_id",
            ),
            (
                "stock",
                stock.clone(),
                "SELECT v.sku || ' ' || s.on_hand || ' ' || s.reserved || ' ' || s.allocated
                   FROM stock s JOIN variant v ON v.id = s.variant_id",
            ),
            (
                "the ledger",
                stock,
                "SELECT v.sku || ' ' || sum(m.on_hand) || ' ' || sum(m.reserved) || ' ' || sum(m.allocated)
                   FROM movement m JOIN variant v ON v.id = m.variant_id GROUP BY v.sku",
            ),
            (
                "stock told",
                told_stock,
                "SELECT l.channel || ' ' || l.channel_sku || ' ' || min(s.available, 999)
                   FROM listing l JOIN variant v ON v.sku = l.channel_sku JOIN stock s ON s.variant_id = v.id",
            ),
        ] {
            let (mut there, here) = (expected, self.rows(sql));
            there.sort();
            let only = |these: &[String], those: &[String]| -> Vec<String> {
                these.iter().filter(|row| those.binary_search(row).is_err()).take(9).cloned().collect()
            };
            let (lost, made_up) = (only(&there, &here), only(&here, &there));
            assert!(there == here, "{what}: only the marketplaces have {lost:#?}, only the catalog {made_up:#?}");
            there.dedup();
            assert!(there.len() == here.len(), "{what}: something is there twice");
        }
        let doctor = self.in_peace("doctor");
        assert!(String::from_utf8_lossy(&doctor.stdout).starts_with("no findings"), "{doctor:?}");
    }
}

#[test]
fn nothing_is_lost_and_nothing_is_done_twice() {
    let wanted = std::env::var("PURVEY_ORDERS").ok().map(|text| text.parse().expect("PURVEY_ORDERS is a number"));
    let wanted = wanted.unwrap_or_else(|| {
        println!("a morning of {ORDERS} orders; PURVEY_ORDERS=2000 is the whole day");
        ORDERS
    });
    let (began, mut day) = (Instant::now(), Day::begin(20_261_125));
    let dawn = day.clock.now();
    for round in 0..wanted.div_ceil(ORDERS_A_ROUND) {
        day.trouble(&trouble(round));
        let doubtful = day.place(round, ORDERS_A_ROUND / MARKETS.len());
        day.pause();
        day.run("sync");
        doubtful.iter().for_each(|(market, order)| day.markets[*market].cancel(order).unwrap());
        day.pause();
        day.run("sync");
        day.ship(round);
        day.run("sync");
        // all of the day once more: many pages, between which orders move
        if round % 5 == 4 {
            day.run(&format!("orders pull --since {}", dawn.strftime("%Y-%m-%dT%H:%M:%SZ")));
        }
    }
    let verdicts = |day: &Day| day.markets.iter().map(Sandbox::verdict).collect::<Vec<_>>();
    let troubled = verdicts(&day);
    let requests: usize = troubled.iter().map(|verdict| verdict.requests).sum();
    let strikes: usize = troubled.iter().map(|verdict| verdict.faults as usize).sum();
    day.come_to_rest();
    day.compare();
    let (mut orders, mut parcels) = (0, 0);
    for ((name, _), verdict) in MARKETS.iter().zip(verdicts(&day)) {
        assert!(verdict.is_clean(), "{name}: {:#?}", verdict.violations);
        orders += verdict.orders.values().sum::<usize>();
        parcels += verdict.shipments;
    }
    let share = |count: usize| 100.0 * count as f64 / requests as f64;
    let faults = strikes - day.kills;
    println!(
        "{orders} orders, {parcels} parcels, {requests} calls, {faults} faults ({:.1} %), {} kills ({:.1} in a hundred \
         calls), {} runs, {} of the marketplaces' time in {:.0?}",
        share(faults),
        day.kills,
        share(day.kills),
        day.runs,
        day.clock.now().duration_since(dawn),
        began.elapsed(),
    );
    assert!(orders >= wanted && share(faults) >= 20.0 && share(day.kills) >= 3.0);
}

#[test]
fn a_clock_that_stands_still_is_for_this_machine_only() {
    let day = Day::begin(1);
    day.write("purvey.toml", "[shop]\nname = \"D\"\ncurrency = \"EUR\"\ncountry = \"DE\"\nsite = \"https://day.example\"\n[market.far]\nconnector = \"ebay\"\nkey = \"env:KEY\"\n");
    let refused = day.command("orders pull").output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("market/clock"), "{refused:?}");
}
