//! All commands there are, on one road. The list is compared with what `--help` says, so that none is forgotten.
use std::collections::BTreeSet;

use purvey::sandbox::{LineSpec, OrderSpec, OrderState};

use crate::stage::{Stage, products};
use crate::watch::{BUYER, watched};

/// What a command is for, as far as it decides what it says and leaves behind.
#[derive(Clone, Copy, PartialEq)]
enum Sort {
    /// Changes things: silent with `-q`, and a second time without effect.
    Worker,
    /// Adds up by its nature: what comes in twice is there twice.
    Adds,
    Viewer,
    /// Speaks a language of its own, with or without `--json`.
    Script,
}
use Sort::*;

/// In an order in which each finds what it needs. Commands not in here: `sandbox` and `serve`, which run until they are
/// stopped (see `signals`), and `channel login`, which needs a person (see tests/markets/login.rs).
const ROAD: &[(Sort, &str)] = &[
    (Worker, "init"),
    (Worker, "import products.csv"),
    (Worker, "import stock.csv"),
    (Worker, "import prices.csv"),
    (Worker, "import locations.csv"),
    (Worker, "stock count SKU-1 MAIN 40"),
    (Adds, "stock receive SKU-1 MAIN 2"),
    (Adds, "stock adjust SKU-1 MAIN -1"),
    (Viewer, "stock show SKU-1"),
    (Viewer, "stock locations"),
    (Viewer, "catalog columns"),
    (Viewer, "catalog summary"),
    (Viewer, "catalog list"),
    (Viewer, "catalog show SKU-1"),
    (Viewer, "channel list"),
    (Script, "channel schema"),
    (Viewer, "channel check google"),
    (Worker, "taxonomy update google --from taxonomy.txt"),
    (Viewer, "taxonomy list"),
    (Worker, "channel new pricelist"),
    (Viewer, "feed preview SKU-1 --channel google"),
    (Worker, "feed build"),
    (Worker, "feed push"),
    (Viewer, "feed status"),
    (Viewer, "feed check out/google.xml --channel google --fail-on error"),
    (Viewer, "feed diff google"),
    (Worker, "orders pull fair"),
    (Viewer, "orders list"),
    (Worker, "orders match U-1 U-1-1 SKU-5"),
    (Worker, "orders accept W-1"),
    (Viewer, "orders show U-1"),
    (Viewer, "outbox list"),
    (Worker, "outbox retry 1"),
    (Worker, "outbox drop 2"),
    (Worker, "ship P-1 --carrier DHL --tracking 00340434161094042557"),
    (Worker, "import parcels.csv"),
    (Worker, "orders ready C-1"),
    (Worker, "orders picked-up C-1"),
    (Worker, "orders cancel P-2 --reason 34"),
    (Worker, "tracking push"),
    (Worker, "refund P-1 --line P-1-1=1 --reason 15 --number F1"),
    (Worker, "return P-1 --line P-1-1=1 --location MAIN --number R1"),
    (Worker, "customers erase P-1"),
    (Worker, "orders export --out orders.csv"),
    (Worker, "orders import orders.csv"),
    (Worker, "sync"),
    (Worker, "stock retry fair"),
    (Viewer, "doctor"),
    (Script, "demo"),
    (Script, "completions bash"),
];

/// An order for each thing that can be done to one.
fn stage() -> Stage {
    let stage = Stage::furnished(12, 1);
    let order = |id: &str, sku: &str, state, pickup: Option<&str>| OrderSpec {
        order_id: Some(id.to_owned()),
        lines: vec![LineSpec { sku: sku.to_owned(), quantity: 2, price_minor: 1050, title: None }],
        buyer: Some(BUYER.to_owned()),
        state: Some(state),
        pudo_id: pickup.map(str::to_owned),
        manual_payment: true,
        ..OrderSpec::default()
    };
    let orders = vec![
        order("P-1", "SKU-1", OrderState::Shipping, None),
        order("P-2", "SKU-2", OrderState::Shipping, None),
        order("U-1", "THEIR-OWN-NAME", OrderState::Shipping, None),
        order("W-1", "SKU-3", OrderState::WaitingAcceptance, None),
        order("W-2", "SKU-3", OrderState::WaitingAcceptance, None),
        order("C-1", "SKU-4", OrderState::Shipping, Some("MAIN")),
    ];
    stage.sandbox.place(orders).unwrap();
    let config = std::fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let target = "[channel.google]\nto = \"web\"\n[target.web]\nurl = \"web/\"\n";
    stage.write("purvey.toml", &config.replace("[channel.google]\n", target));
    stage.write("products.csv", &products(12, 1));
    stage.write("stock.csv", "sku,location,quantity\nSKU-1,MAIN,50\nSKU-2,MAIN,60\n");
    stage.write("taxonomy.txt", "# Version\n1 - Home\n2 - Home > Mugs\n");
    stage.write("prices.csv", "sku,price,currency\nSKU-1,9.90,EUR\n");
    stage.write("locations.csv", "code,name,kind\nEAST,East,store\n");
    stage.write("parcels.csv", "order,sku,quantity,carrier,tracking_number\nU-1,SKU-5,2,UPS,1Z999AA10123456784\n");
    stage
}

/// Every table but the list of runs and the clocks of the marketplace's limits.
pub fn dump(stage: &Stage) -> Vec<(String, Vec<String>)> {
    let tables = stage.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('run', 'bucket')");
    tables
        .into_iter()
        .map(|table| (table.clone(), stage.rows(&format!("SELECT * FROM {table} ORDER BY 1, 2"))))
        .collect()
}

fn words(command: &str) -> Vec<&str> {
    command.split(' ').collect()
}

/// A command that waits for answers of the marketplace's jobs is repeated until it has them all.
fn run_to_rest(stage: &Stage, command: &str) {
    let times = if command == "sync" { 8 } else { 1 };
    for _ in 0..times {
        let said = watched(stage, &words(command));
        assert!(matches!(said.code, Some(0 | 3)), "{command}: {said:?}");
    }
}

#[test]
fn every_command_is_on_the_road() {
    fn leaves(stage: &Stage, path: &[String], found: &mut BTreeSet<String>) {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = stage.run(&arguments).out;
        let Some((_, commands)) = help.split_once("\nCommands:\n") else {
            found.insert(path.join(" "));
            return;
        };
        for line in commands.lines().take_while(|line| !line.is_empty()) {
            let name = line.split_whitespace().next().unwrap_or_default();
            if name != "help" {
                leaves(stage, &[path, &[name.to_owned()]].concat(), found);
            }
        }
    }
    let mut all = BTreeSet::new();
    leaves(&Stage::open(1), &[], &mut all);
    assert!(all.len() > 20, "{all:?}");
    let on_road =
        |name: &String| ROAD.iter().any(|(_, command)| format!("{command} ").starts_with(&format!("{name} ")));
    let missing: Vec<_> = all
        .iter()
        .filter(|name| !["sandbox", "serve", "channel login"].contains(&name.as_str()) && !on_road(name))
        .collect();
    assert!(missing.is_empty(), "not tried here: {missing:?}");
}

#[test]
fn every_command_may_be_run_twice() {
    let stage = stage();
    for (sort, command) in ROAD {
        run_to_rest(&stage, command);
        if *sort == Adds {
            continue;
        }
        let once = dump(&stage);
        let said = watched(&stage, &words(command));
        for ((table, before), (_, after)) in once.iter().zip(dump(&stage)) {
            assert_eq!(*before, after, "{table} after a second `{command}`: {said:?}");
        }
    }
}

#[test]
fn every_command_speaks_json() {
    let stage = stage();
    for (sort, command) in ROAD {
        let said = watched(&stage, &[&words(command)[..], if *sort == Script { &[] } else { &["--json"] }].concat());
        assert!(matches!(said.code, Some(0 | 3)), "{command}: {said:?}");
        assert!(!said.out.is_empty(), "`{command} --json` has no result");
    }
    let said = watched(&stage, &["demo", "--json"]).ends_with(0);
    assert!(said.out.lines().count() > 20, "{said:?}");
}

#[test]
fn every_worker_is_silent_in_cron() {
    let stage = stage();
    let mut silent = 0;
    for (sort, command) in ROAD {
        let said = watched(&stage, &[&words(command)[..], &["-q"]].concat());
        if matches!(sort, Worker | Adds) && said.code == Some(0) {
            assert!(said.out.is_empty() && said.err.is_empty(), "{command}: {said:?}");
            silent += 1;
        }
    }
    assert!(silent > 15, "only {silent} commands went well");
}

#[test]
fn an_erased_buyer_is_shown_as_erased() {
    let stage = stage();
    stage.run(&["orders", "pull", "fair"]).ends_with(0);
    stage.run(&["customers", "erase", "P-1"]).ends_with(0);
    let line = |format: &str| {
        let said = stage.run(&["orders", "export", "--buyers", "--format", format]).ends_with(0);
        said.out.lines().find(|line| line.contains("P-1")).unwrap().to_owned()
    };
    for (format, erased) in [("jsonl", "customer_erased_at"), ("csv", "(erased)")] {
        let line = line(format);
        assert!(line.contains(erased) && !line.contains(BUYER), "{line}");
    }
}
