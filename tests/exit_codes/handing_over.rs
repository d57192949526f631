//! Offers handed over to a channel that answers later: accepted when its job says so, and by a later run.
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::api::{Api, serve};
use crate::stage::Stage;
use crate::watch::watched;

/// The part of Meta's Catalog Batch API that is needed, with a memory.
#[derive(Default)]
struct Catalog {
    offers: BTreeMap<String, Value>,
    /// What each handle carries, until it is worked off.
    batches: BTreeMap<String, Vec<Value>>,
    /// Whether batches are worked off when they are asked for.
    works: bool,
    refused: Option<&'static str>,
    forgetful: bool,
    /// So many offers were handed over since the last look.
    handed_over: usize,
}

impl Api for Catalog {
    fn take(&mut self, call: &str, body: &[u8]) -> (u16, String) {
        if call == "POST /3001/items_batch" {
            let body: Value = serde_json::from_slice(body).unwrap();
            assert_eq!((&body["item_type"], &body["allow_upsert"]), (&json!("PRODUCT_ITEM"), &json!(true)));
            let requests = body["requests"].as_array().unwrap().clone();
            self.handed_over += requests.len();
            let handle = format!("Ac{}", self.batches.len());
            self.batches.insert(handle.clone(), requests);
            return (200, json!({ "handles": [handle] }).to_string());
        }
        let handle = call.strip_prefix("GET /3001/check_batch_request_status?handle=").expect(call);
        let handle = handle.split('&').next().unwrap();
        if self.forgetful {
            return (404, json!({ "error": { "code": 803, "message": "no such object" } }).to_string());
        }
        if !self.works {
            return (200, json!({ "data": [{ "status": "in_progress" }] }).to_string());
        }
        let mut errors = Vec::new();
        for request in std::mem::take(self.batches.get_mut(handle).unwrap()) {
            let id = request["data"]["id"].as_str().unwrap().to_owned();
            match request["method"].as_str() {
                _ if self.refused == Some(id.as_str()) => errors.push(json!({ "id": id, "message": "no such image" })),
                Some("UPDATE") => drop(self.offers.insert(id, request["data"].clone())),
                Some("DELETE") => drop(self.offers.remove(&id).expect("it is there")),
                other => panic!("{other:?}"),
            }
        }
        (200, json!({ "data": [{ "status": "finished", "errors": errors }] }).to_string())
    }
}

fn shop() -> (Stage, Arc<Mutex<Catalog>>) {
    let stage = Stage::furnished(8, 1);
    let (address, catalog) = serve(Catalog::default());
    stage.write("token", "EAAInvented");
    fs::set_permissions(stage.path("token"), fs::Permissions::from_mode(0o600)).unwrap();
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let market = format!(
        "[channel.meta]\n\n[market.catalog]\nconnector = \"meta\"\nurl = \"{address}\"\nkey = \"file:{}\"\n\
         shop_id = \"3001\"\noffers = \"meta\"\n",
        stage.path("token").display()
    );
    stage.write("purvey.toml", &format!("{config}\n{market}"));
    (stage, catalog)
}

const TELL: [&str; 4] = ["sync", "catalog", "--only", "feeds"];

fn handed_over(catalog: &Mutex<Catalog>) -> usize {
    std::mem::take(&mut catalog.lock().unwrap().handed_over)
}

fn set_price(stage: &Stage, sku: &str, price: &str) {
    stage.write("price.csv", &format!("sku,price,currency\n{sku},{price},EUR\n"));
    watched(stage, &["import", "price.csv"]).ends_with(0);
}

#[test]
fn an_offer_is_accepted_when_its_job_says_so() {
    let (stage, catalog) = shop();
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("offers: 8 still being read there"), "{said:?}");
    assert_eq!(handed_over(&catalog), 8);
    // nothing is told twice, not even when every offer is compared
    for arguments in [&TELL[..], &[&TELL[..], &["--full"]].concat()] {
        let said = watched(&stage, arguments).ends_with(0);
        assert!(said.out.contains("8 still being read there") && said.out.contains("nothing changed"), "{said:?}");
    }
    // what changes meanwhile waits: two versions on their way might overtake one another
    set_price(&stage, "SKU-3", "9.90");
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("1 to be told after that"), "{said:?}");
    assert_eq!(handed_over(&catalog), 0);

    (catalog.lock().unwrap().works, catalog.lock().unwrap().refused) = (true, Some("SKU-2"));
    let said = watched(&stage, &TELL).ends_with(3);
    assert!(said.out.contains("offers: 7 new, 1 refused, 1 still being read there"), "{said:?}");
    assert!(said.err.contains("no such image") && said.err.contains("SKU-2"), "{said:?}");
    assert_eq!(handed_over(&catalog), 1);
    let shown = watched(&stage, &["catalog", "show", "SKU-2"]).ends_with(0);
    assert!(shown.out.contains("no such image"), "{shown:?}");
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("offers: 1 changed"), "{said:?}");
    assert_eq!(catalog.lock().unwrap().offers["SKU-3"]["price"], json!("9.90 EUR"));
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("nothing changed") && !said.out.contains("offers:"), "{said:?}");
    assert_eq!((handed_over(&catalog), catalog.lock().unwrap().offers.len()), (0, 7));
}

#[test]
fn what_goes_while_its_job_is_open_is_taken_off_afterwards() {
    let (stage, catalog) = shop();
    watched(&stage, &TELL).ends_with(0);
    let config = fs::read_to_string(stage.path("purvey.toml")).unwrap();
    stage.write("purvey.toml", &config.replace("[channel.meta]", "[channel.meta]\nwhere = \"item.sku <> 'SKU-4'\""));
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("1 to be told after that"), "{said:?}");
    catalog.lock().unwrap().works = true;
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("offers: 8 new, 1 still being read there"), "{said:?}");
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.out.contains("offers: 1 gone"), "{said:?}");
    assert!(!catalog.lock().unwrap().offers.contains_key("SKU-4"));
    assert_eq!(handed_over(&catalog), 9);
}

#[test]
fn a_job_that_is_lost_is_told_anew() {
    let (mut stage, catalog) = shop();
    watched(&stage, &TELL).ends_with(0);
    catalog.lock().unwrap().forgetful = true;
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.err.contains("push/job-lost"), "{said:?}");
    assert_eq!(handed_over(&catalog), 16);
    catalog.lock().unwrap().forgetful = false;
    // neither is one waited for longer than a day
    stage.now += jiff::SignedDuration::from_hours(25);
    let said = watched(&stage, &TELL).ends_with(0);
    assert!(said.err.contains("has not ended in 24 hours"), "{said:?}");
    assert_eq!(handed_over(&catalog), 8);
    catalog.lock().unwrap().works = true;
    watched(&stage, &TELL).ends_with(0);
    assert_eq!(catalog.lock().unwrap().offers.len(), 8);
}
