//! Offers told one by one to a channel with an API: each once, what changed, what has gone, and again what was lost.
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use purvey::sandbox::{OrderSpec, OrderState};
use serde_json::Value;

use crate::api::{Api, serve};
use crate::every::dump;
use crate::stage::{Stage, products};
use crate::watch::{BUYER, watched};

/// The part of the Merchant API that is needed, with a memory.
#[derive(Default)]
struct Merchant {
    offers: BTreeMap<String, Value>,
    calls: Vec<String>,
    refused: Option<&'static str>,
    broken: bool,
    /// What is wrong with this offer, if it is there.
    disapproved: Option<(&'static str, &'static str)>,
    /// What each store has of an offer, by both names.
    stores: BTreeMap<String, Value>,
    /// Bodies of order tracking signals.
    signals: Vec<Value>,
}

impl Api for Merchant {
    fn take(&mut self, call: &str, body: &[u8]) -> (u16, String) {
        if call == "POST /token" {
            assert!(String::from_utf8_lossy(body).contains("assertion=ey"), "{call}");
            return (200, r#"{"access_token":"ya29.x","expires_in":3599}"#.to_owned());
        }
        if call == "POST /ordertracking/v1/accounts/12/orderTrackingSignals" {
            if self.broken {
                return (400, "{}".to_owned());
            }
            self.signals.push(serde_json::from_slice(body).unwrap());
            return (200, "{}".to_owned());
        }
        let plain = call.replace("%7E", "~");
        if let Some(call) = plain.strip_prefix("POST /inventories/v1/accounts/12/products/") {
            let product = call.strip_suffix("/localInventories:insert").unwrap();
            let told: Value = serde_json::from_slice(body).unwrap();
            let known = self.offers.contains_key(product);
            self.stores.extend(known.then(|| (format!("{product} {}", told["storeCode"]), told)));
            return (if known { 200 } else { 404 }, "{}".to_owned());
        }
        if let Some(call) = plain.strip_prefix("DELETE /inventories/v1/accounts/12/products/") {
            let (product, store) = call.split_once("/localInventories/").unwrap();
            assert!(self.stores.remove(&format!("{product} {store:?}")).is_some(), "{call}");
            return (200, "{}".to_owned());
        }
        self.calls.push(call.to_owned());
        if self.broken {
            return (400, "{}".to_owned());
        }
        if call == "GET /products/v1/accounts/12/products?pageSize=1000" {
            self.calls.pop();
            let issue = |id: &str| match self.disapproved {
                Some((bad, why)) if bad == id => serde_json::json!([
                    { "code": "bad", "severity": "DISAPPROVED", "description": why, "reportingContext": "SHOPPING_ADS" }
                ]),
                _ => serde_json::json!([]),
            };
            let product = |offer: &Value| {
                serde_json::json!({ "offerId": offer["offerId"], "dataSource": "accounts/12/dataSources/7",
                    "productStatus": { "itemLevelIssues": issue(offer["offerId"].as_str().unwrap()) } })
            };
            let products: Vec<Value> = self.offers.values().map(product).collect();
            return (200, serde_json::json!({ "products": products }).to_string());
        }
        if let Some(name) = call.strip_prefix("DELETE /products/v1/accounts/12/productInputs/") {
            let name = name.split('?').next().unwrap().replace("%7E", "~");
            return if self.offers.remove(&name).is_some() { (200, "{}".into()) } else { (404, "{}".into()) };
        }
        assert_eq!(
            call,
            "POST /products/v1/accounts/12/productInputs:insert?dataSource=accounts%2F12%2FdataSources%2F7"
        );
        let offer: Value = serde_json::from_slice(body).unwrap();
        let id = offer["offerId"].as_str().unwrap();
        if self.refused == Some(id) {
            let why = r#"{"error":{"code":400,"message":"imageLink is a placeholder","status":"INVALID_ARGUMENT"}}"#;
            return (400, why.to_owned());
        }
        let part = |key: &str| offer[key].as_str().unwrap();
        let name = format!("{}~{}~{id}", part("contentLanguage"), part("feedLabel"));
        self.offers.insert(name, offer.clone());
        (200, offer.to_string())
    }
}

fn shop() -> (Stage, Arc<Mutex<Merchant>>) {
    let stage = Stage::furnished(8, 1);
    let (address, merchant) = serve(Merchant::default());
    let key =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/markets/google-merchant/key.json")).unwrap();
    stage.write("key.json", &key.replace("http://127.0.0.1:9", &address));
    fs::set_permissions(stage.path("key.json"), fs::Permissions::from_mode(0o600)).unwrap();
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let market = format!(
        "[market.merchant]\nconnector = \"google-merchant\"\nurl = \"{address}\"\nkey = \"file:{}\"\nshop_id = \"12\"\n\
         offers = \"google\"\noptions = {{ data_source = \"7\" }}\n",
        stage.path("key.json").display()
    );
    let config = config.replace("[channel.google]", "[channel.google]\nlanguage = \"en\"\nfeed_label = \"DE\"");
    stage.write("purvey.toml", &format!("{config}\n{market}"));
    (stage, merchant)
}

const TELL: [&str; 4] = ["sync", "merchant", "--only", "feeds"];

/// So many calls since the last look.
fn calls(merchant: &Mutex<Merchant>) -> usize {
    std::mem::take(&mut merchant.lock().unwrap().calls).len()
}

fn price(merchant: &Mutex<Merchant>, sku: &str) -> String {
    let merchant = merchant.lock().unwrap();
    merchant.offers[&format!("en~DE~{sku}")]["productAttributes"]["price"]["amountMicros"].as_str().unwrap().to_owned()
}

#[test]
fn each_offer_is_told_once_and_then_only_what_changed() {
    let (stage, merchant) = shop();
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("offers: 8 new"), "{said:?}");
    assert_eq!((calls(&merchant), merchant.lock().unwrap().offers.len()), (8, 8));
    assert_eq!(price(&merchant, "SKU-3"), "10500000");
    let before = dump(&stage);
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("nothing changed"), "{said:?}");
    assert_eq!(calls(&merchant), 0);
    assert_eq!(dump(&stage), before);

    stage.write("price.csv", "sku,price,currency\nSKU-3,9.90,EUR\n");
    watched(&stage, &["import", "price.csv"]).ends_with(0);
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("offers: 1 changed"), "{said:?}");
    assert_eq!((calls(&merchant), price(&merchant, "SKU-3").as_str()), (1, "9900000"));

    // stock alone
    watched(&stage, &["stock", "count", "SKU-5", "MAIN", "0"]).ends_with(0);
    watched(&stage, &TELL).ends_with(0);
    assert_eq!(calls(&merchant), 1);

    // a template that says something else: no revision tells of it
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    stage.write("purvey.toml", &format!("{config}\n[channel.google.set]\ntitle = \"feed.title || '!'\"\n"));
    watched(&stage, &TELL).ends_with(0);
    assert_eq!(calls(&merchant), 8);
}

#[test]
fn what_has_gone_is_taken_off_and_too_much_of_it_is_held_back() {
    let (stage, merchant) = shop();
    watched(&stage, &TELL).ends_with(0);
    calls(&merchant);
    let edition = products(8, 0);
    let rows: Vec<&str> = edition.lines().collect();
    stage.write("products.csv", &format!("{}\n", rows[..rows.len() - 1].join("\n")));
    watched(&stage, &["import", "products.csv", "--archive-missing"]).ends_with(0);
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("offers: 1 gone"), "{said:?}");
    assert_eq!(calls(&merchant), 1);
    assert!(!merchant.lock().unwrap().offers.contains_key("en~DE~SKU-7"));

    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    stage.write("purvey.toml", &config.replace("[channel.google]", "[channel.google]\nwhere = \"item.sku = 'SKU-1'\""));
    let said = watched(&stage, &TELL).ends_with(3);
    assert!(said.err.contains("feed/shrunk") && said.err.contains("6 of the 7 offers"), "{said:?}");
    assert_eq!((calls(&merchant), merchant.lock().unwrap().offers.len()), (0, 7));
    watched(&stage, &[&TELL[..], &["--allow-shrink"]].concat()).ends_with(0);
    assert_eq!(merchant.lock().unwrap().offers.len(), 1);
}

#[test]
fn one_that_is_refused_does_not_stop_the_others_and_is_left_alone_in_the_end() {
    let (stage, merchant) = shop();
    merchant.lock().unwrap().refused = Some("SKU-2");
    let said = watched(&stage, &TELL).ends_with(3);
    assert!(said.err.contains("imageLink is a placeholder") && said.err.contains("SKU-2"), "{said:?}");
    assert_eq!((calls(&merchant), merchant.lock().unwrap().offers.len()), (8, 7));
    for (again, code) in [(1, 3), (1, 3), (0, 0)] {
        watched(&stage, &[&TELL[..], &["--full"]].concat()).ends_with(code);
        assert_eq!(calls(&merchant), again);
    }
    let shown = watched(&stage, &["catalog", "show", "SKU-2"]).ends_with(0);
    assert!(shown.out.contains("imageLink is a placeholder"), "{shown:?}");
    // another offer is another chance
    merchant.lock().unwrap().refused = None;
    stage.write("price.csv", "sku,price,currency\nSKU-2,9.90,EUR\n");
    watched(&stage, &["import", "price.csv"]).ends_with(0);
    watched(&stage, &TELL).ends_with(0);
    assert_eq!(merchant.lock().unwrap().offers.len(), 8);
}

#[test]
fn an_offer_is_told_again_before_it_expires() {
    let (mut stage, merchant) = shop();
    watched(&stage, &TELL).ends_with(0);
    assert_eq!(calls(&merchant), 8);
    let mut days = Vec::new();
    for _ in 0..28 {
        stage.now += jiff::SignedDuration::from_hours(24);
        watched(&stage, &TELL).ends_with(0);
        days.push(calls(&merchant));
    }
    assert_eq!(days.iter().sum::<usize>(), 8, "each once before the thirtieth day: {days:?}");
    assert!(days[..16].iter().all(|calls| *calls == 0), "{days:?}");
}

#[test]
fn prices_that_jump_and_the_last_unit_sold_are_held_back() {
    let (stage, merchant) = shop();
    watched(&stage, &TELL).ends_with(0);
    calls(&merchant);
    let prices = |minor: fn(usize) -> String| {
        let rows: String = (0..8).map(|n| format!("SKU-{n},{},EUR\n", minor(n))).collect();
        stage.write("price.csv", &format!("sku,price,currency\n{rows}"));
        watched(&stage, &["import", "price.csv"]).ends_with(0);
    };
    // a decimal point lost in three of eight; what else has changed is told
    prices(|n| if n < 3 { "1050.00".into() } else { "10.40".into() });
    let said = watched(&stage, &TELL).ends_with(3);
    assert!(said.err.contains("feed/price-jump") && said.err.contains("3 of 8 prices"), "{said:?}");
    assert!(said.err.contains("--allow-price-jump") && said.err.contains("feed build google --dry-run"), "{said:?}");
    assert_eq!(calls(&merchant), 5);
    assert_eq!(price(&merchant, "SKU-1"), "10500000");
    // it stays held back, until it is meant
    watched(&stage, &TELL).ends_with(3);
    assert_eq!(calls(&merchant), 0);
    let said = watched(&stage, &[&TELL[..], &["--allow-price-jump"]].concat()).ends_with(0);
    assert!(said.out.contains("offers: 3 changed"), "{said:?}");
    assert_eq!((calls(&merchant), price(&merchant, "SKU-1").as_str()), (3, "1050000000"));
    // a quarter may jump
    prices(|n| {
        if n < 2 {
            "10.50".into()
        } else if n < 3 {
            "1050.00".into()
        } else {
            "10.40".into()
        }
    });
    watched(&stage, &TELL).ends_with(0);
    assert_eq!(calls(&merchant), 2);

    let count = |units: &str| {
        let rows: String = (0..8).map(|n| format!("SKU-{n},MAIN,{units}\n")).collect();
        stage.write("stock.csv", &format!("sku,location,quantity\n{rows}"));
        watched(&stage, &["import", "stock.csv"]).ends_with(0);
    };
    count("0");
    let said = watched(&stage, &TELL).ends_with(3);
    assert!(said.err.contains("feed/zeroed") && said.err.contains("from 8 offers in stock to none"), "{said:?}");
    assert_eq!(calls(&merchant), 0);
    watched(&stage, &[&TELL[..], &["--allow-shrink"]].concat()).ends_with(0);
    assert_eq!(calls(&merchant), 8);
    count("5");
    watched(&stage, &TELL).ends_with(0);
    assert_eq!(calls(&merchant), 8);
    // nearly all may run out
    count("0");
    watched(&stage, &["stock", "count", "SKU-5", "MAIN", "1"]).ends_with(0);
    watched(&stage, &TELL).ends_with(0);
    assert_eq!(calls(&merchant), 7);
}

#[test]
fn an_emptied_catalog_takes_nothing_off() {
    let (stage, merchant) = shop();
    watched(&stage, &TELL).ends_with(0);
    calls(&merchant);
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    stage.write("purvey.toml", &config.replace("[channel.google]", "[channel.google]\nwhere = \"item.sku = 'NONE'\""));
    let said = watched(&stage, &TELL).ends_with(3);
    assert!(said.err.contains("feed/shrunk") && said.err.contains("8 of the 8 offers"), "{said:?}");
    assert_eq!((calls(&merchant), merchant.lock().unwrap().offers.len()), (0, 8));
}

#[test]
fn what_is_found_wrong_later_is_kept_with_the_offer() {
    let (mut stage, merchant) = shop();
    merchant.lock().unwrap().disapproved = Some(("SKU-4", "Invalid image"));
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.err.contains("offer/disapproved") && said.err.contains("SKU-4"), "{said:?}");
    assert!(said.err.contains("Invalid image: SHOPPING_ADS"), "{said:?}");
    let shown = watched(&stage, &["catalog", "show", "SKU-4"]).ends_with(0);
    assert!(shown.out.contains("merchant does not show it: Invalid image"), "{shown:?}");
    let status = watched(&stage, &["feed", "status"]).ends_with(0);
    assert!(status.out.contains("merchant has 8 offers of google, 1 not shown; last told"), "{status:?}");
    assert!(status.out.contains("Invalid image"), "{status:?}");
    let status = watched(&stage, &["feed", "status", "google", "--json"]).ends_with(0);
    assert!(status.out.contains(r#""disapproved":1"#) && status.out.contains(r#""state":"disapproved""#), "{status:?}");
    // it is asked for once a day, and what is known is no news
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(!said.err.contains("disapproved"), "{said:?}");
    merchant.lock().unwrap().disapproved = None;
    stage.now += jiff::SignedDuration::from_hours(25);
    watched(&stage, &TELL).ends_with(0);
    let shown = watched(&stage, &["catalog", "show", "SKU-4"]).ends_with(0);
    assert!(!shown.out.contains("Invalid image"), "{shown:?}");
}

#[test]
fn parcels_of_other_marketplaces_are_told_once_and_without_the_buyer() {
    let (stage, merchant) = shop();
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let options =
        "tracks = [\"fair\"]\noptions = { data_source = \"7\", products = \"online:en:DE\", origin = \"DE 10115\" }";
    stage.write("purvey.toml", &config.replace("options = { data_source = \"7\" }", options));
    let order = OrderSpec {
        order_id: Some("N-1".to_owned()),
        buyer: Some(BUYER.to_owned()),
        state: Some(OrderState::Shipping),
        ..OrderSpec::of("SKU-1".to_owned(), 2, 1050)
    };
    stage.sandbox.place(vec![order]).unwrap();
    watched(&stage, &["orders", "pull"]).ends_with(0);
    watched(&stage, &["ship", "N-1", "--carrier", "ups", "--tracking", "1Z999AA10123456784"]).ends_with(0);
    // what does not get through is told by a later run
    merchant.lock().unwrap().broken = true;
    watched(&stage, &["sync", "merchant", "--only", "tracking"]).ends_with(3);
    assert_eq!(stage.rows("SELECT kind, state FROM outbox WHERE channel = 'merchant'"), ["signal waiting"]);
    merchant.lock().unwrap().broken = false;
    watched(&stage, &["outbox", "retry", &stage.rows("SELECT id FROM outbox WHERE channel = 'merchant'")[0]])
        .ends_with(0);
    for _ in 0..2 {
        watched(&stage, &["tracking", "push"]).ends_with(0);
    }
    let signals = merchant.lock().unwrap().signals.clone();
    assert_eq!(signals.len(), 1, "{signals:?}");
    let (shipping, item) = (&signals[0]["shippingInfo"][0], &signals[0]["lineItems"][0]);
    assert_eq!((signals[0]["orderId"].as_str(), item["productId"].as_str()), (Some("N-1"), Some("online:en:DE:SKU-1")));
    assert_eq!(
        (shipping["carrier"].as_str(), shipping["trackingId"].as_str()),
        (Some("UPS"), Some("1Z999AA10123456784"))
    );
    assert_eq!((shipping["originPostalCode"].as_str(), item["quantity"].as_str()), (Some("10115"), Some("2")));
    assert!(!signals[0].to_string().contains(BUYER), "{signals:?}");
    watched(&stage, &["doctor"]).ends_with(0);
}

#[test]
fn what_a_store_has_is_told_once_its_product_is_there() {
    let (stage, merchant) = shop();
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let market = config[config.find("[market.merchant]").unwrap()..].to_owned();
    let market = market.replace("[market.merchant]", "[market.stores]").replace("\"google\"", "\"google-local\"");
    stage.write("purvey.toml", &format!("{config}\n[channel.google-local]\nlanguage = \"en\"\n{market}"));
    stage.write("locations.csv", "code,name,kind\nBER-1,Berlin,store\n");
    watched(&stage, &["import", "locations.csv"]).ends_with(0);
    for (sku, units) in [("SKU-1", "3"), ("SKU-2", "1")] {
        watched(&stage, &["stock", "count", sku, "BER-1", units]).ends_with(0);
    }
    let tell = ["sync", "stores", "--only", "feeds"];
    // the API needs to know how its products are called
    let said = watched(&stage, &tell).ends_with(3);
    assert!(said.err.contains("feed_label"), "{said:?}");
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    stage
        .write("purvey.toml", &config.replace("[channel.google-local]", "[channel.google-local]\nfeed_label = \"DE\""));
    let said = watched(&stage, &tell).ends_with(3);
    assert!(said.err.contains("offer/postponed") && said.out.contains("2 to be told at the next run"), "{said:?}");
    watched(&stage, &TELL).ends_with(0);
    let said = watched(&stage, &tell).ends_with(0);
    assert!(said.out.contains("offers: 2 new"), "{said:?}");
    let stores = merchant.lock().unwrap().stores.clone();
    let told = &stores["en~DE~SKU-1 \"BER-1\""]["localInventoryAttributes"];
    assert_eq!((told["availability"].as_str(), told["quantity"].as_str()), (Some("IN_STOCK"), Some("3")));
    // what is no longer for sale is taken off there, too
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let without = "[channel.google-local]\nwhere = \"feed.id <> 'SKU-2'\"";
    stage.write("purvey.toml", &config.replace("[channel.google-local]", without));
    let said = watched(&stage, &[&tell[..], &["--allow-shrink"]].concat()).ends_with(0);
    assert!(said.out.contains("offers: 1 gone"), "{said:?}");
    assert_eq!(merchant.lock().unwrap().stores.len(), 1);
}
