//! Every request a connector makes, against a server made of the marketplace's own OpenAPI document.
//!
//! Such a server is not part of the project: start one (Prism, for example: `prism mock --port 4151 openapi.json`) and
//! name it, `PURVEY_CONTRACT_MIRAKL=http://127.0.0.1:4151 cargo test --test contract`. A marketplace with several
//! documents has several servers. Each answers with the document's
//! examples, changed here where they would lead a connector past one of its calls; only the requests are judged: none
//! may get a 4xx, and none may be missing.
#[path = "contract/amazon_pairs.rs"]
mod amazon_pairs;
#[path = "contract/bol.rs"]
mod bol;
#[path = "contract/etsy.rs"]
mod etsy;
#[path = "contract/google.rs"]
mod google;
#[path = "contract/kaufland.rs"]
mod kaufland;
#[path = "contract/ozon.rs"]
mod ozon;
#[path = "contract/yandex.rs"]
mod yandex;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use purvey::diagnostic::Result;
use purvey::market::host::{Clock, Host, Outcome, SystemClock, Transport};
use purvey::market::{
    self, Account, Cancellation, Connector, Decision, OfferUpdate, Parcel, Port, PullFrom, Refund, Request, Response,
    Secret, WholeOffer,
};
use purvey::order::RefundLine;
use purvey::value::Currency;
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
        // an address that a marketplace gave out is nobody's here
        if request.base.is_some() {
            return Ok(Outcome::Answered(Response { status: 200, headers: Vec::new(), body: b"{}".to_vec() }));
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
        connector.refund(port, &refund(&order_id, &line, order.currency)).unwrap();
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
        "PUT /api/orders/refund",
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

fn refund(order_id: &str, line: &str, currency: Currency) -> Refund {
    Refund {
        order_id: order_id.to_owned(),
        number: "R1".to_owned(),
        lines: vec![RefundLine { line_id: line.to_owned(), quantity: 1, amount_minor: 100 }],
        shipping_minor: 0,
        amount_minor: 100,
        currency,
        reason: "15".to_owned(),
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
        connector.refund(port, &refund("1", "11", Currency::parse("EUR").unwrap())).unwrap();
        assert_eq!(connector.push(port, &[offer("LAMP")]).unwrap().results[0].refused, None);
    });
    let every = [
        "GET /sell/fulfillment/v1/order",
        "GET /sell/fulfillment/v1/order/1",
        "GET /sell/fulfillment/v1/order/1/shipping_fulfillment",
        "GET /sell/inventory/v1/offer",
        "POST /sell/fulfillment/v1/order/1/issue_refund",
        "POST /sell/fulfillment/v1/order/1/shipping_fulfillment",
        "POST /sell/inventory/v1/bulk_update_price_quantity",
    ];
    if let Some(asked) = asked {
        assert_eq!(asked, every);
    }
}

/// An order that can be read, a listing that takes its change, a feed that is done.
fn lead_amazon(call: &str, told: &mut Value) {
    let order = json!({
        "orderId": "1", "createdTime": "2026-11-25T09:00:00Z", "lastUpdatedTime": "2026-11-25T09:00:00Z",
        "salesChannel": { "marketplaceId": "A1PA6795UKMFR9" }, "fulfillment": { "fulfillmentStatus": "UNSHIPPED" },
        "orderItems": [{ "orderItemId": "11", "quantityOrdered": 2, "product": {} }],
    });
    match call {
        "GET /orders/2026-01-01/orders" => *told = json!({ "orders": [order] }),
        "GET /orders/2026-01-01/orders/1" => *told = json!({ "order": order }),
        "PATCH /listings/2021-08-01/items/2000/LAMP" => *told = json!({ "status": "ACCEPTED" }),
        "POST /feeds/2021-06-30/documents" | "GET /feeds/2021-06-30/documents/3" => {
            *told = json!({ "feedDocumentId": "3", "url": "https://upload.example/3" });
        }
        "POST /feeds/2021-06-30/feeds" => told["feedId"] = json!("4"),
        "GET /feeds/2021-06-30/feeds/4" => {
            (told["processingStatus"], told["resultFeedDocumentId"]) = (json!("DONE"), json!("3"));
        }
        _ => {}
    }
}

#[test]
fn amazon_takes_every_request() {
    let server = |variable, prefix| Server { variable, prefix, leaves_out_prefix: false };
    let servers = [
        server("PURVEY_CONTRACT_AMAZON_ORDERS26", "/orders/2026-01-01"),
        server("PURVEY_CONTRACT_AMAZON_ORDERS", "/orders/v0"),
        server("PURVEY_CONTRACT_AMAZON_LISTINGS", "/listings"),
        server("PURVEY_CONTRACT_AMAZON_FEEDS", "/feeds"),
    ];
    let options = [("marketplace_id".to_owned(), "A1PA6795UKMFR9".to_owned())].into();
    let asked = heard(Account { options, ..account("amazon") }, &servers, lead_amazon, |connector, port| {
        assert_eq!(pulled(connector, port).len(), 1);
        for carrier in ["ups", "Uncle Bob"] {
            connector.ship(port, &Parcel { carrier: carrier.to_owned(), ..parcel("1", "11", port.now()) }).unwrap();
        }
        connector.ready_for_pickup(port, "1").unwrap();
        connector.picked_up(port, "1").unwrap();
        assert_eq!(connector.push(port, &[offer("LAMP")]).unwrap().results[0].refused, None);
        let many: Vec<OfferUpdate> = (0..30).map(|n| offer(&format!("S{n}"))).collect();
        let job = connector.push(port, &many).unwrap().job.unwrap();
        connector.poll(port, &job, &many).unwrap();
        let message = json!({ "sku": "LAMP", "operationType": "UPDATE", "productType": "PRODUCT" });
        let whole = WholeOffer { id: "LAMP".to_owned(), body: message, gone: false };
        let job = connector.tell(port, &[whole]).unwrap().job.unwrap();
        connector.poll_told(port, &job, &["LAMP"]).unwrap();
    });
    let every = [
        "GET /feeds/2021-06-30/documents/3",
        "GET /feeds/2021-06-30/feeds/4",
        "GET /orders/2026-01-01/orders",
        "GET /orders/2026-01-01/orders/1",
        "PATCH /listings/2021-08-01/items/2000/LAMP",
        "POST /feeds/2021-06-30/documents",
        "POST /feeds/2021-06-30/feeds",
        "POST /orders/v0/orders/1/shipment",
        "POST /orders/v0/orders/1/shipmentConfirmation",
    ];
    if let Some(asked) = asked {
        assert_eq!(asked, every);
    }
}

/// An order of two units that wait for each of our steps.
fn lead_walmart(call: &str, told: &mut Value) {
    let status = |status: &str| json!({ "status": status, "statusQuantity": { "amount": "1" } });
    let order = json!({
        "purchaseOrderId": "1", "orderDate": 1_796_000_000_000_i64, "shippingInfo": { "methodCode": "Standard" },
        "orderLines": { "orderLine": [{ "lineNumber": "1", "item": { "sku": "LAMP" },
            "orderLineQuantity": { "amount": "2" },
            "orderLineStatuses": { "orderLineStatus": [status("Created"), status("Acknowledged")] } }] },
    });
    match call {
        "GET /v3/orders" => *told = json!({ "list": { "elements": { "order": [order] } } }),
        "GET /v3/orders/1" => *told = json!({ "order": order }),
        _ => {}
    }
}

#[test]
fn walmart_takes_every_request() {
    let server = |variable, prefix| Server { variable, prefix, leaves_out_prefix: false };
    let servers = [
        server("PURVEY_CONTRACT_WALMART_ORDERS", "/v3/orders"),
        server("PURVEY_CONTRACT_WALMART_INVENTORY", "/v3/inventory"),
        server("PURVEY_CONTRACT_WALMART_PRICES", "/v3/price"),
    ];
    let asked = heard(account("walmart"), &servers, lead_walmart, |connector, port| {
        assert_eq!(pulled(connector, port).len(), 1);
        for takes in [true, false] {
            let decision = Decision { order_id: "1".to_owned(), lines: vec![("1".to_owned(), takes)] };
            connector.acknowledge(port, &decision).unwrap();
        }
        for carrier in ["ups", "Uncle Bob"] {
            connector.ship(port, &Parcel { carrier: carrier.to_owned(), ..parcel("1", "1", port.now()) }).unwrap();
        }
        let lines = vec![("1".to_owned(), 1)];
        let cancellation = Cancellation { order_id: "1".to_owned(), lines, reason: "none".to_owned() };
        connector.cancel(port, &cancellation).unwrap();
        connector.push(port, &[OfferUpdate { currency: Some("USD".to_owned()), ..offer("LAMP") }]).unwrap();
    });
    let every = [
        "GET /v3/orders",
        "GET /v3/orders/1",
        "POST /v3/orders/1/acknowledge",
        "POST /v3/orders/1/cancel",
        "POST /v3/orders/1/shipping",
        "PUT /v3/inventory",
        "PUT /v3/price",
    ];
    if let Some(asked) = asked {
        assert_eq!(asked, every);
    }
}

/// Its orders' ids are UUIDs, and so are their lines'.
const FORM: &str = "00000000-0000-1000-a000-000000000001";
const FORM_LINE: &str = "00000000-0000-1000-a000-000000000011";

/// An order that can be read, an offer that is to change, commands that have ended.
fn lead_allegro(call: &str, told: &mut Value) {
    let price = json!({ "amount": "1.00", "currency": "EUR" });
    let form = json!({
        "id": FORM, "status": "READY_FOR_PROCESSING", "updatedAt": "2026-11-25T09:00:00Z", "summary": { "totalToPay": price },
        "payment": { "id": "00000000-0000-1000-a000-000000000021" },
        "lineItems": [{ "id": FORM_LINE, "offer": { "id": "7" }, "quantity": 2, "price": price }],
    });
    match call.replace(FORM, "ID").as_str() {
        "GET /order/checkout-forms" => *told = json!({ "checkoutForms": [form], "totalCount": 1 }),
        "GET /order/checkout-forms/ID" => *told = form,
        "GET /order/checkout-forms/ID/shipments" => *told = json!({ "shipments": [] }),
        "GET /order/events" => {
            *told = json!({ "events": [{ "id": "5", "occurredAt": "2026-11-25T09:00:00Z",
                "order": { "lineItems": [], "checkoutForm": { "id": FORM } } }] });
        }
        "GET /sale/offers" => {
            let offer =
                |id, sku, status| json!({ "id": id, "external": { "id": sku }, "publication": { "status": status } });
            *told = json!({ "offers": [offer("7", "LAMP", "ENDED"), offer("8", "BULB", "ACTIVE")] });
        }
        _ if call.starts_with("GET /sale/") && !call.ends_with("/tasks") => {
            told["taskCount"] = json!({ "total": 1, "success": 0, "failed": 1 });
        }
        _ => {}
    }
}

#[test]
fn allegro_takes_every_request() {
    let servers = [
        Server { variable: "PURVEY_CONTRACT_ALLEGRO", prefix: "/order", leaves_out_prefix: false },
        Server { variable: "PURVEY_CONTRACT_ALLEGRO", prefix: "/sale", leaves_out_prefix: false },
        Server { variable: "PURVEY_CONTRACT_ALLEGRO", prefix: "/payments", leaves_out_prefix: false },
    ];
    let asked = heard(account("allegro"), &servers, lead_allegro, |connector, port| {
        assert_eq!(pulled(connector, port).len(), 1);
        let from = PullFrom { cursor: Some(r#"{"event":"4"}"#.to_owned()), since: port.now(), until: port.now() };
        assert_eq!(connector.pull(port, &from).unwrap().orders.len(), 1);
        for carrier in ["inpost", "Uncle Bob"] {
            connector
                .ship(port, &Parcel { carrier: carrier.to_owned(), ..parcel(FORM, FORM_LINE, port.now()) })
                .unwrap();
        }
        connector.ready_for_pickup(port, FORM).unwrap();
        connector.picked_up(port, FORM).unwrap();
        let lines = vec![(FORM_LINE.to_owned(), 2)];
        connector.cancel(port, &Cancellation { order_id: FORM.to_owned(), lines, reason: "none".to_owned() }).unwrap();
        connector.refund(port, &refund(FORM, FORM_LINE, Currency::parse("EUR").unwrap())).unwrap();
        let offers = [offer("LAMP"), OfferUpdate { quantity: Some(0), ..offer("BULB") }];
        let job = connector.push(port, &offers).unwrap().job.unwrap();
        connector.poll(port, &job, &offers).unwrap();
    });
    // a command's id is another one each time
    let call = |call: &String| {
        call.split('/').map(|part| if part.len() == 36 { "ID" } else { part }).collect::<Vec<_>>().join("/")
    };
    let every = [
        "GET /order/carriers",
        "GET /order/checkout-forms",
        "GET /order/checkout-forms/ID",
        "GET /order/checkout-forms/ID/shipments",
        "GET /order/event-stats",
        "GET /order/events",
        "GET /sale/offer-price-change-commands/ID",
        "GET /sale/offer-price-change-commands/ID/tasks",
        "GET /sale/offer-publication-commands/ID",
        "GET /sale/offer-publication-commands/ID/tasks",
        "GET /sale/offer-quantity-change-commands/ID",
        "GET /sale/offer-quantity-change-commands/ID/tasks",
        "GET /sale/offers",
        "POST /order/checkout-forms/ID/shipments",
        "POST /payments/refunds",
        "PUT /order/checkout-forms/ID/fulfillment",
        "PUT /sale/offer-price-change-commands/ID",
        "PUT /sale/offer-publication-commands/ID",
        "PUT /sale/offer-quantity-change-commands/ID",
    ];
    if let Some(asked) = asked {
        let mut asked: Vec<String> = asked.iter().map(call).collect();
        asked.sort();
        asked.dedup();
        assert_eq!(asked, every);
    }
}
