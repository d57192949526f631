//! Every request a connector makes, against a server made of the marketplace's own OpenAPI document.
//!
//! Such a server is not part of the project: start one (Prism, for example: `prism mock --port 4151 openapi.json`) and
//! name it, `PURVEY_CONTRACT_MIRAKL=http://127.0.0.1:4151 cargo test --test contract`. It answers with the document's
//! examples, changed here where they would lead a connector past one of its calls; only the requests are judged: none
//! may get a 4xx, and none may be missing.
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use purvey::diagnostic::Result;
use purvey::market::host::{Clock, Host, Outcome, SystemClock, Transport};
use purvey::market::{
    self, Account, Cancellation, Connector, Decision, OfferUpdate, Parcel, Port, PullFrom, Request, Secret,
};
use serde_json::{Value, json};

/// Changes an example answer to a `METHOD /path`.
type Lead = fn(&str, &mut Value);

/// Remembers every request with the status it got.
struct Listening<'a> {
    inner: Box<dyn Transport + 'a>,
    lead: Lead,
    heard: Arc<Mutex<Vec<(String, u16, String)>>>,
}

impl Transport for Listening<'_> {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        let call = format!("{} {}", request.method.as_str(), request.path);
        let mut outcome = self.inner.exchange(request)?;
        let (status, body) = match &mut outcome {
            Outcome::Answered(response) => {
                let told = String::from_utf8_lossy(&response.body).into_owned();
                if let Ok(mut value) = serde_json::from_str(&told) {
                    (self.lead)(&call, &mut value);
                    response.body = value.to_string().into_bytes();
                }
                (response.status, told)
            }
            Outcome::Lost(lost) => (0, lost.why.clone()),
        };
        self.heard.lock().unwrap().push((call, status, body));
        Ok(outcome)
    }
}

/// Does not wait for the limits of a server that has none.
struct Hasty(Mutex<Timestamp>);

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, how_long: Duration) {
        *self.0.lock().unwrap() += how_long;
    }
}

/// Runs `calls` when the server is named, and gives what was asked of it.
fn heard(marketplace: &str, variable: &str, lead: Lead, calls: fn(&dyn Connector, &dyn Port)) -> Option<Vec<String>> {
    let Ok(base_url) = std::env::var(variable) else {
        eprintln!("skipped: {variable} names no contract server for {marketplace}");
        return None;
    };
    let account = Account::new(marketplace, base_url, Secret::new("any"));
    let account = Account { shop_id: Some("2000".to_owned()), ..account };
    let connector = market::connector(marketplace, &account).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listening =
        |inner| -> Result<Box<dyn Transport>> { Ok(Box::new(Listening { inner, lead, heard: heard.clone() })) };
    let clock = Arc::new(Hasty(Mutex::new(SystemClock.now())));
    let host = Host::new(&*connector, &account).unwrap().clock(clock).patience(Duration::MAX);
    calls(&*connector, &host.transport(listening).unwrap());
    let heard = heard.lock().unwrap();
    let refused: Vec<_> = heard.iter().filter(|(_, status, _)| !(200..300).contains(status)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let mut asked: Vec<String> = heard.iter().map(|(request, ..)| request.clone()).collect();
    asked.sort();
    asked.dedup();
    Some(asked)
}

/// An order that is to be shipped, a parcel that waits, and imports with a report.
fn lead_mirakl(call: &str, told: &mut Value) {
    match call {
        "GET /api/orders" => {
            let order = &mut told["orders"][0];
            (order["order_state"], order["shipping_tracking"]) = (json!("SHIPPING"), Value::Null);
            let line = &mut order["order_lines"][0];
            (line["order_line_state"], line["shipped_date"]) = (json!("SHIPPING"), Value::Null);
            line["cancelations"] = json!([]);
        }
        "GET /api/shipments" => {
            let parcel = &mut told["data"][0];
            (parcel["order_id"], parcel["status"]) = (json!("Order_00010-A"), json!("SHIPPING"));
        }
        "POST /api/offers/stock/imports" | "POST /api/offers/pricing/imports" => told["import_id"] = json!("1"),
        "GET /api/offers/pricing/imports" => end_import(&mut told["data"][0]),
        "GET /api/offers/stock/imports/1/status" => end_import(told),
        _ => {}
    }
}

fn end_import(told: &mut Value) {
    (told["import_id"], told["status"], told["has_error_report"]) = (json!("1"), json!("COMPLETE"), json!(true));
}

/// What the answers make of each call does not matter here.
#[test]
fn mirakl_takes_every_request() {
    let asked = heard("mirakl", "PURVEY_CONTRACT_MIRAKL", lead_mirakl, |connector, port| {
        let now = port.now();
        let from = PullFrom { cursor: None, since: now - Duration::from_secs(3600), until: now };
        let page = connector.pull(port, &from).unwrap();
        assert!(page.unreadable.is_empty(), "{:?}", page.unreadable);
        let order = page.orders.first().unwrap();
        let (order_id, line) = (order.channel_order_id.clone(), order.lines[0].channel_line_id.clone());
        assert!(connector.order(port, &order_id).unwrap().is_some());
        let accepted = Decision { order_id: order_id.clone(), lines: vec![(line.clone(), true)] };
        connector.acknowledge(port, &accepted).unwrap();
        for (tracking_number, carrier) in [(Some("1Z1".to_owned()), "ups"), (None, "Uncle Bob")] {
            let parcel = Parcel {
                order_id: order_id.clone(),
                package_number: 2,
                lines: vec![(line.clone(), 1)],
                carrier: carrier.to_owned(),
                tracking_number,
                shipped_at: now,
                location: None,
                last: false,
            };
            let _ = connector.ship(port, &parcel);
            connector.ship(port, &Parcel { package_number: 1, last: true, ..parcel }).unwrap();
        }
        connector.parcels(port, &order_id).unwrap();
        for units in [1, order.lines[0].quantity] {
            let lines = vec![(line.clone(), units)];
            connector
                .cancel(port, &Cancellation { order_id: order_id.clone(), lines, reason: "34".to_owned() })
                .unwrap();
        }
        let _ = connector.ready_for_pickup(port, &order_id);
        let offer = OfferUpdate {
            sku: "S2000".to_owned(),
            quantity: Some(3),
            price_minor: Some(1290),
            sale_price_minor: Some(990),
            currency: Some("USD".to_owned()),
        };
        let job = connector.push(port, std::slice::from_ref(&offer)).unwrap().job.unwrap();
        connector.poll(port, &job, &[offer]).unwrap();
    });
    let every = [
        "GET /api/offers/pricing/imports",
        "GET /api/offers/pricing/imports/1/error_report",
        "GET /api/offers/stock/imports/1/error_report",
        "GET /api/offers/stock/imports/1/status",
        "GET /api/orders",
        "GET /api/shipments",
        "GET /api/shipping/carriers",
        "POST /api/offers/pricing/imports",
        "POST /api/offers/stock/imports",
        "POST /api/shipments",
        "PUT /api/orders/Order_00010-A/accept",
        "PUT /api/orders/Order_00010-A/cancel",
        "PUT /api/orders/Order_00010-A/ship",
        "PUT /api/orders/Order_00010-A/tracking",
        "PUT /api/orders/cancel",
        "PUT /api/shipments/ready_for_pick_up",
    ];
    if let Some(asked) = asked {
        assert_eq!(asked, every);
    }
}
