//! Every request a connector makes, against a server made of the marketplace's own OpenAPI document.
//!
//! Such a server is not part of the project: start one (Prism, for example: `prism mock --port 4151 openapi.json`) and
//! name it, `PURVEY_CONTRACT_MIRAKL=http://127.0.0.1:4151 cargo test --test contract`. A marketplace with several
//! documents has several servers. Each answers with the document's
//! examples, changed here where they would lead a connector past one of its calls; only the requests are judged: none
//! may get a 4xx, and none may be missing.
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use purvey::diagnostic::Result;
use purvey::market::host::{Clock, Host, Outcome, SystemClock, Transport};
use purvey::market::{
    self, Account, Cancellation, Connector, Decision, OfferUpdate, Parcel, Port, PullFrom, Request, Response, Secret,
};
use serde_json::{Value, json};

/// Changes an example answer to a `METHOD /path`.
type Lead = fn(&str, &mut Value);

/// The server of one document.
struct Server {
    /// The environment's name for its address.
    variable: &'static str,
    /// What the paths of its calls begin with.
    prefix: &'static str,
    /// The document has that in its address, and the server leaves it out.
    leaves_out_prefix: bool,
}

/// Remembers every request with the status it got.
struct Listening<'a> {
    inner: Box<dyn Transport + 'a>,
    servers: Vec<(&'a Server, String)>,
    lead: Lead,
    heard: Arc<Mutex<Vec<(String, u16, String)>>>,
}

impl Transport for Listening<'_> {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        let call = format!("{} {}", request.method.as_str(), request.path);
        if request.operation == "sign-in" {
            let body = br#"{"access_token":"any","expires_in":3600}"#.to_vec();
            return Ok(Outcome::Answered(Response { status: 200, headers: Vec::new(), body }));
        }
        let mut outcome = self.inner.exchange(&self.routed(request))?;
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

impl Listening<'_> {
    /// To the server of its document.
    fn routed(&self, request: &Request) -> Request {
        let server = self.servers.iter().find(|(server, _)| request.path.starts_with(server.prefix));
        let (server, base) = server.unwrap_or_else(|| panic!("no server for {}", request.path));
        let path = match server.leaves_out_prefix {
            true => request.path[server.prefix.len()..].to_owned(),
            false => request.path.clone(),
        };
        Request { base: Some(base.clone()), path, ..request.clone() }
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

/// An account as good as any.
fn account(marketplace: &str) -> Account {
    let account = Account::new(marketplace, "https://nowhere.example", Secret::new("an-id:a-secret"));
    Account { shop_id: Some("2000".to_owned()), refresh_token: Some(Secret::new("any")), ..account }
}

/// Runs `calls` when all servers are named, and gives what was asked of them.
fn heard(
    account: Account,
    servers: &[Server],
    lead: Lead,
    calls: fn(&dyn Connector, &dyn Port),
) -> Option<Vec<String>> {
    let marketplace = account.name.as_str();
    let address = |server| -> Option<(&Server, String)> { Some((server, std::env::var(server.variable).ok()?)) };
    let Some(servers) = servers.iter().map(address).collect::<Option<Vec<_>>>() else {
        eprintln!("skipped: the environment names no contract server for {marketplace}");
        return None;
    };
    let connector = market::connector(marketplace, &account).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listening = |inner| -> Result<Box<dyn Transport>> {
        Ok(Box::new(Listening { inner, servers, lead, heard: heard.clone() }))
    };
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
    let servers = [Server { variable: "PURVEY_CONTRACT_MIRAKL", prefix: "/api", leaves_out_prefix: false }];
    let asked = heard(account("mirakl"), &servers, lead_mirakl, |connector, port| {
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

/// An order that can be read, and a result for every offer; eBay's document has no examples.
fn lead_ebay(call: &str, told: &mut Value) {
    let money = || json!({ "value": "12.90", "currency": "EUR" });
    let order = json!({
        "orderId": "1", "creationDate": "2026-11-25T09:00:00.000Z", "lastModifiedDate": "2026-11-25T09:00:00.000Z",
        "orderPaymentStatus": "PAID", "orderFulfillmentStatus": "NOT_STARTED", "pricingSummary": { "total": money() },
        "lineItems": [{ "lineItemId": "11", "quantity": 2, "lineItemCost": money() }],
    });
    match call {
        "GET /sell/fulfillment/v1/order" => *told = json!({ "total": 1, "orders": [order] }),
        "GET /sell/fulfillment/v1/order/1" => *told = order,
        "GET /sell/fulfillment/v1/order/1/shipping_fulfillment" => *told = json!({ "fulfillments": [] }),
        "GET /sell/inventory/v1/offer" => *told = json!({ "offers": [{ "offerId": "5" }] }),
        "POST /sell/inventory/v1/bulk_update_price_quantity" => *told = json!({ "responses": [{ "statusCode": 200 }] }),
        _ => {}
    }
}

fn offer(sku: &str) -> OfferUpdate {
    OfferUpdate {
        sku: sku.to_owned(),
        quantity: Some(3),
        price_minor: Some(1290),
        sale_price_minor: None,
        currency: Some("EUR".to_owned()),
    }
}

fn parcel(order_id: &str, line: &str, shipped_at: Timestamp) -> Parcel {
    Parcel {
        order_id: order_id.to_owned(),
        package_number: 1,
        lines: vec![(line.to_owned(), 1)],
        carrier: "ups".to_owned(),
        tracking_number: Some("1Z1".to_owned()),
        shipped_at,
        location: None,
        last: true,
    }
}

/// The orders of the last hour.
fn pulled(connector: &dyn Connector, port: &dyn Port) -> Vec<purvey::order::Order> {
    let now = port.now();
    let from = PullFrom { cursor: None, since: now - Duration::from_secs(3600), until: now };
    let page = connector.pull(port, &from).unwrap();
    assert!(page.unreadable.is_empty(), "{:?}", page.unreadable);
    page.orders
}

#[test]
fn ebay_takes_every_request() {
    let server = |variable, prefix| Server { variable, prefix, leaves_out_prefix: true };
    let servers = [
        server("PURVEY_CONTRACT_EBAY_FULFILLMENT", "/sell/fulfillment/v1"),
        server("PURVEY_CONTRACT_EBAY_INVENTORY", "/sell/inventory/v1"),
    ];
    let asked = heard(account("ebay"), &servers, lead_ebay, |connector, port| {
        assert_eq!(pulled(connector, port).len(), 1);
        assert!(connector.order(port, "1").unwrap().is_some());
        connector.ship(port, &parcel("1", "11", port.now())).unwrap();
        connector.ship(port, &Parcel { tracking_number: None, ..parcel("1", "11", port.now()) }).unwrap();
        assert_eq!(connector.push(port, &[offer("LAMP")]).unwrap().results[0].refused, None);
    });
    let every = [
        "GET /sell/fulfillment/v1/order",
        "GET /sell/fulfillment/v1/order/1",
        "GET /sell/fulfillment/v1/order/1/shipping_fulfillment",
        "GET /sell/inventory/v1/offer",
        "POST /sell/fulfillment/v1/order/1/shipping_fulfillment",
        "POST /sell/inventory/v1/bulk_update_price_quantity",
    ];
    if let Some(asked) = asked {
        assert_eq!(asked, every);
    }
}
