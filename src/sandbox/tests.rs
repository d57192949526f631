//! The marketplace seen through a plain HTTP client.
use super::*;
use reqwest::{Method, StatusCode, multipart};
use serde_json::{Value, json};

const KEY: &str = "test-key";

struct Seller {
    sandbox: Sandbox,
    http: reqwest::Client,
}

impl Seller {
    fn new(faults: Faults) -> Seller {
        // A second test finds it installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let now = Some("2026-03-01T10:00:00Z".parse().unwrap());
        let options = Options { api_key: KEY.to_owned(), seed: 7, faults, now, ..Options::default() };
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Seller { sandbox: Sandbox::start(options).unwrap(), http }
    }

    fn honest() -> Seller {
        Seller::new(Faults::default())
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.sandbox.url())).header("Authorization", KEY)
    }

    async fn get(&self, path: &str) -> Value {
        self.request(Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let response = self.request(method, path).json(&body).send().await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::PUT, path, body).await
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, body).await
    }

    async fn upload(&self, path: &str, csv: &'static str) -> String {
        let form = multipart::Form::new().part("file", multipart::Part::text(csv).file_name("import.csv"));
        let response = self.request(Method::POST, path).multipart(form).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        response.json::<Value>().await.unwrap()["import_id"].as_str().unwrap().to_owned()
    }

    fn place(&self, spec: OrderSpec) -> String {
        self.sandbox.place(vec![spec]).unwrap().remove(0)
    }

    /// An order of 3 MUG and 1 TEA that is paid and waits to be shipped.
    fn place_paid(&self) -> String {
        let mut spec = OrderSpec::of("MUG", 3, 1290);
        spec.lines.extend(OrderSpec::of("TEA", 1, 450).lines);
        self.place(OrderSpec { state: Some(OrderState::Shipping), ..spec })
    }

    fn state_of(&self, order: &str) -> OrderState {
        self.sandbox.state().order(order).unwrap().state
    }

    async fn ship(&self, order: &str, line: usize, quantity: u32, package: &str, number: &str) -> Value {
        let (status, body) = self
            .post(
                "/api/shipments",
                json!({ "shipments": [
            parcel(order, line, quantity, package, number)
        ] }),
            )
            .await;
        assert_eq!(status, StatusCode::CREATED);
        body
    }
}

fn parcel(order: &str, line: usize, quantity: u32, package: &str, number: &str) -> Value {
    json!({
        "order_id": order,
        "shipment_lines": [{
            "order_line_id": format!("{order}-{line}"), "quantity": quantity, "package_reference": package
        }],
        "tracking": { "carrier_code": "UPS", "tracking_number": number },
        "shipped": true,
    })
}

fn decide(order: &str, accepted: &[bool]) -> Value {
    let lines = accepted.iter().enumerate();
    let lines = lines.map(|(i, accepted)| json!({ "id": format!("{order}-{}", i + 1), "accepted": accepted }));
    json!({ "order_lines": lines.collect::<Vec<_>>() })
}

fn ids(page: &Value) -> Vec<&str> {
    page["orders"].as_array().unwrap().iter().map(|o| o["order_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_order_walks_from_placed_to_received() {
    let seller = Seller::honest();
    let id = seller.place(OrderSpec { shipping_price_minor: 490, ..OrderSpec::of("MUG", 2, 1290) });
    let page = seller.get("/api/orders?order_state_codes=WAITING_ACCEPTANCE").await;
    let order = &page["orders"][0];
    assert_eq!((order["total_price"].to_string().as_str(), &page["total_count"]), ("30.7", &json!(1)));
    assert!(order["customer"]["shipping_address"].is_null());

    let path = format!("/api/orders/{id}");
    let accepted = seller.put(&format!("{path}/accept"), decide(&id, &[true])).await;
    assert_eq!(accepted, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(seller.get("/api/orders").await["orders"][0]["order_state"], "WAITING_DEBIT_PAYMENT");
    let paid = seller.get("/api/orders").await;
    assert_eq!(paid["orders"][0]["order_state"], "SHIPPING");
    assert_eq!(paid["orders"][0]["customer"]["shipping_address"]["city"], "Nowhere");

    let tracking = json!({ "carrier_code": "UPS", "tracking_number": "1Z1" });
    assert_eq!(seller.put(&format!("{path}/tracking"), tracking).await.0, StatusCode::NO_CONTENT);
    assert_eq!(seller.put(&format!("{path}/ship"), Value::Null).await.0, StatusCode::NO_CONTENT);
    let shipped = seller.get(&format!("/api/orders?order_ids={id}")).await;
    assert_eq!(shipped["orders"][0]["order_state"], "SHIPPED");
    assert_eq!(shipped["orders"][0]["shipping_tracking"], "1Z1");
    seller.sandbox.receive(&id).unwrap();
    assert_eq!(seller.state_of(&id), OrderState::Received);
    assert_eq!(seller.sandbox.verdict().violations, []);
}

#[tokio::test]
async fn every_change_moves_the_update_date_and_the_update_window_finds_it() {
    let seller = Seller::honest();
    let old = seller.place(OrderSpec::of("MUG", 1, 1000));
    let placed = seller.sandbox.state().order(&old).unwrap().updated;
    seller.sandbox.advance(3600);
    let new = seller.place(OrderSpec::of("MUG", 1, 1000));
    let since = "/api/orders?start_update_date=2026-03-01T10:30:00Z";
    assert_eq!(ids(&seller.get(since).await), [&new]);
    // The platform looks back a little further than it is asked to.
    assert_eq!(ids(&seller.get("/api/orders?start_update_date=2026-03-01T11:00:30Z").await), [&new]);
    assert_eq!(ids(&seller.get("/api/orders?end_update_date=2026-03-01T10:30:00Z").await), [&old]);
    seller.sandbox.cancel(&old).unwrap();
    assert!(seller.sandbox.state().order(&old).unwrap().updated > placed);
    assert_eq!(ids(&seller.get(since).await), [&old, &new]);
}

#[tokio::test]
async fn orders_come_in_pages_of_at_most_100() {
    let seller = Seller::honest();
    seller.sandbox.place((0..25).map(|_| OrderSpec::of("MUG", 1, 1000)).collect()).unwrap();
    let first = seller.get("/api/orders").await;
    assert_eq!((ids(&first).len(), &first["total_count"]), (10, &json!(25)));
    assert_eq!(ids(&seller.get("/api/orders?offset=20&max=10").await).len(), 5);
    for wrong in ["max=101", "max=0", "offset=-1", "start_date=yesterday", "order_state_codes=NOPE", "sort=price"] {
        let path = format!("/api/orders?{wrong}");
        let response = seller.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn accepting_needs_a_decision_for_every_line_and_happens_once() {
    let seller = Seller::honest();
    let mut spec = OrderSpec::of("MUG", 1, 1000);
    spec.lines.extend(OrderSpec::of("TEA", 1, 450).lines);
    let id = seller.place(spec);
    let path = format!("/api/orders/{id}/accept");
    for (body, status, code) in [
        (decide(&id, &[true]), 400, "ORDER_LINE_ACCEPTANCE_DECISION_MISSING"),
        (decide(&id, &[true, true, true]), 404, "ORDER_LINE_NOT_FOUND"),
        (json!({ "order_lines": [{ "id": format!("{id}-1"), "accepted": "yes" }] }), 400, "VALIDATION_ERROR"),
    ] {
        let (got, body) = seller.put(&path, body).await;
        assert_eq!((got.as_u16(), body["code"].as_str()), (status, Some(code)));
    }
    assert_eq!(seller.put(&path, decide(&id, &[true, false])).await.0, StatusCode::NO_CONTENT);
    let (status, body) = seller.put(&path, decide(&id, &[true, false])).await;
    assert_eq!((status, body["code"].as_str()), (StatusCode::BAD_REQUEST, Some("ORDER_INVALID_STATE")));
    assert_eq!(seller.sandbox.verdict().violations, [], "a repeat of the same decision is harmless");
    let lines: Vec<_> = seller.sandbox.state().order(&id).unwrap().lines.iter().map(|l| l.state).collect();
    assert_eq!(lines, [OrderState::WaitingDebitPayment, OrderState::Refused]);
}

#[tokio::test]
async fn shipments_succeed_and_fail_in_one_answer() {
    let seller = Seller::honest();
    let id = seller.place_paid();
    let waiting = seller.place(OrderSpec::of("MUG", 1, 1000));
    let shipments = json!({ "shipments": [
        parcel(&id, 1, 2, "A", "N1"), parcel(&id, 1, 2, "B", "N2"), parcel(&waiting, 1, 1, "A", "N3"),
        parcel("nobody", 1, 1, "A", "N4"),
    ] });
    let (status, body) = seller.post("/api/shipments", shipments).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(body["shipment_success"].as_array().unwrap().len(), 1);
    assert_eq!(body["shipment_success"][0]["status"], "SHIPPED");
    let messages: Vec<_> = body["shipment_errors"].as_array().unwrap().iter().map(|e| &e["message"]).collect();
    assert_eq!(
        messages,
        [
            "Shipment quantity is invalid.",
            "The order status must be 'SHIPPING' but it is 'WAITING_ACCEPTANCE'.",
            "No order with id 'nobody'.",
        ]
    );
    assert_eq!(seller.state_of(&id), OrderState::Shipping);
    assert!(seller.sandbox.cancel(&id).is_err(), "a parcel has left");
    seller.ship(&id, 1, 1, "B", "N2").await;
    seller.ship(&id, 2, 1, "C", "N5").await;
    assert_eq!(seller.state_of(&id), OrderState::Shipped);
    let listed = seller.get(&format!("/api/shipments?order_id={id}&shipment_state_code=SHIPPED")).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_pickup_order_waits_at_the_counter() {
    let seller = Seller::honest();
    let spec = OrderSpec {
        pudo_id: Some("PUDO-1".into()),
        state: Some(OrderState::Shipping),
        ..OrderSpec::of("MUG", 1, 1000)
    };
    let id = seller.place(spec);
    assert_eq!(seller.get("/api/orders").await["orders"][0]["shipping_pudo_id"], "PUDO-1");
    let lines = json!([{ "offer_sku": "MUG", "quantity": 1 }]);
    let (_, made) =
        seller.post("/api/shipments", json!({ "shipments": [{ "order_id": id, "shipment_lines": lines }] })).await;
    let shipment = &made["shipment_success"][0]["id"];
    let body = json!({ "shipments": [{ "id": shipment }, { "id": "none" }] });
    let (status, body) = seller.put("/api/shipments/ready_for_pick_up", body).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&body["shipment_success"][0]["id"], &body["shipment_errors"][0]["id"]), (shipment, &json!("none")));
    assert_eq!(seller.state_of(&id), OrderState::ToCollect);
    assert_eq!(seller.sandbox.verdict().violations, [], "a pickup needs no number");
}

#[tokio::test]
async fn units_are_canceled_all_or_none() {
    let seller = Seller::honest();
    let id = seller.place_paid();
    let units = |line: usize, quantity: u32| json!({ "order_line_id": format!("{id}-{line}"), "quantity": quantity, "amount": 12.9, "shipping_amount": 0, "reason_code": "4" });
    let (status, _) = seller.put("/api/orders/cancel", json!({ "cancelations": [units(1, 1), units(2, 2)] })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(seller.sandbox.state().order(&id).unwrap().lines[0].canceled(), 0);
    let (status, body) = seller.put("/api/orders/cancel", json!({ "cancelations": [units(1, 1)] })).await;
    assert_eq!((status, &body["cancelations"][0]["amount"]), (StatusCode::OK, &json!(12.9)));
    assert_eq!(seller.sandbox.state().order(&id).unwrap().lines[0].open(), 2);
    assert_eq!(seller.put(&format!("/api/orders/{id}/cancel"), Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(seller.state_of(&id), OrderState::Canceled);
}

#[tokio::test]
async fn an_offer_that_is_not_sent_whole_is_reset() {
    let seller = Seller::honest();
    let whole = json!({ "shop_sku": "MUG", "product_id": "4006381333931", "product_id_type": "EAN", "state_code": "11",
        "price": 12.9, "quantity": 5, "description": "Blue", "update_delete": "update" });
    let (status, body) = seller.post("/api/offers", json!({ "offers": [whole] })).await;
    assert_eq!((status, &body["import_id"]), (StatusCode::CREATED, &json!(9001)));
    assert_eq!(seller.sandbox.state().offers["MUG"].quantity, 5);
    let part = json!({ "shop_sku": "MUG", "state_code": "11", "price": 13, "update_delete": "" });
    let (_, body) = seller.post("/api/offers", json!({ "offers": [part, { "shop_sku": "NEW" }] })).await;
    let offer = seller.sandbox.state().offers["MUG"].clone();
    assert_eq!((offer.price_minor, offer.quantity, offer.fields.contains_key("description")), (1300, 0, false));

    let status = format!("/api/offers/imports/{}", body["import_id"]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(seller.get(&status).await);
    }
    let words: Vec<_> = seen.iter().map(|import| import["status"].as_str().unwrap()).collect();
    assert_eq!(words, ["WAITING", "RUNNING", "COMPLETE"]);
    assert_eq!((&seen[2]["offer_updated"], &seen[2]["lines_in_error"]), (&json!(1), &json!(1)));
    let report = seller.request(Method::GET, &format!("{status}/error_report")).send().await.unwrap();
    assert!(report.text().await.unwrap().contains("2;\"The fields product_id"));
}

#[tokio::test]
async fn stock_and_price_files_change_what_they_name() {
    let seller = Seller::honest();
    seller.place(OrderSpec::of("MUG", 1, 1000));
    let stock = "offer-sku;quantity;warehouse-code;update-delete\nMUG;7;;\nGHOST;1;;\n\"MUG\";x;;\n";
    let import = seller.upload("/api/offers/stock/imports", stock).await;
    let path = format!("/api/offers/stock/imports/{import}");
    for _ in 0..2 {
        seller.get(&format!("{path}/status")).await;
    }
    let status = seller.get(&format!("{path}/status")).await;
    assert_eq!((&status["lines_in_success"], &status["lines_in_error"]), (&json!(1), &json!(2)));
    let report = seller.request(Method::GET, &format!("{path}/error_report")).send().await.unwrap();
    assert!(report.text().await.unwrap().contains("3;\"The offer 'GHOST' does not exist.\""));
    seller.upload("/api/offers/stock/imports", "offer-sku;quantity;warehouse-code\nMUG;2;NORTH\nMUG;3;SOUTH\n").await;
    assert_eq!(seller.sandbox.state().offers["MUG"].quantity, 5);

    let prices = "offer-sku;price;discount-price;channels\nMUG;12.90;9.90;\nMUG;14.5;;US|CA\n";
    let import = seller.upload("/api/offers/pricing/imports", prices).await;
    let offer = seller.sandbox.state().offers["MUG"].clone();
    assert_eq!((offer.price_minor, offer.discount.unwrap().price_minor), (1290, 990));
    assert_eq!(offer.channel_prices_minor["US|CA"], 1450);
    seller.upload("/api/offers/pricing/imports", "offer-sku;price\nMUG;11\n").await;
    let offer = seller.sandbox.state().offers["MUG"].clone();
    assert!(offer.discount.is_none() && offer.channel_prices_minor.is_empty());
    let listed = seller.get(&format!("/api/offers/pricing/imports?import_id={import}")).await;
    assert_eq!(listed["data"][0]["status"], "WAITING");
    assert_eq!(seller.get("/api/offers?sku=MUG").await["offers"][0]["price"], json!(11));
}

#[tokio::test]
async fn a_cut_connection_is_a_transport_error_with_or_without_the_work_done() {
    for (faults, shipped) in [
        (Faults { reset_before: 1.0, at_most: Some(1), ..Faults::default() }, false),
        (Faults { reset_after: 1.0, at_most: Some(1), ..Faults::default() }, true),
    ] {
        let seller = Seller::new(faults);
        let id = seller.place(OrderSpec { state: Some(OrderState::Shipping), ..OrderSpec::of("MUG", 1, 1000) });
        let body = json!({ "shipments": [parcel(&id, 1, 1, "A", "N1")] });
        assert!(seller.request(Method::POST, "/api/shipments").json(&body).send().await.is_err());
        assert_eq!(seller.state_of(&id) == OrderState::Shipped, shipped);
        let verdict = seller.sandbox.verdict();
        assert_eq!((verdict.requests, verdict.log[0].status, verdict.faults), (1, None, 1));
        // The budget is spent: the next one goes through, and repeating a parcel that is there is no misdeed.
        seller.ship(&id, 1, 1, "A", "N1").await;
        assert_eq!(seller.state_of(&id), OrderState::Shipped);
        assert_eq!(seller.sandbox.verdict().violations, []);
    }
}

#[tokio::test]
async fn a_truncated_answer_breaks_in_the_body() {
    let seller = Seller::new(Faults { truncate: 1.0, ..Faults::default() });
    seller.place(OrderSpec::of("MUG", 1, 1000));
    let response = seller.request(Method::GET, "/api/orders").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn pages_go_wrong_as_asked() {
    let seller = Seller::honest();
    seller.sandbox.place((0..3).map(|_| OrderSpec::of("MUG", 1, 1000)).collect()).unwrap();
    let set = |faults| seller.sandbox.set_faults(faults).unwrap();

    set(Faults { duplicate_items: 1.0, ..Faults::default() });
    let page = seller.get("/api/orders").await;
    let page = ids(&page);
    assert_eq!((page.len(), page[0] == page[3]), (4, true));

    set(Faults { empty_page: 1.0, at_most: Some(1), ..Faults::default() });
    let page = seller.get("/api/orders").await;
    assert_eq!((ids(&page).len(), &page["total_count"]), (0, &json!(3)));

    set(Faults { unknown_state: 1.0, unknown_fields: 1.0, ..Faults::default() });
    let before = seller.sandbox.state().orders[0].updated;
    let page = seller.get("/api/orders").await;
    assert_eq!(page["orders"][0]["order_state"], "WAITING_FOR_FULL_MOON");
    assert!(page["orders"][0]["order_lines"][0]["novelty"].is_object());
    assert!(seller.sandbox.state().orders[0].updated > before, "its real state can be found by update date");

    set(Faults { page_drift: 1.0, at_most: Some(1), ..Faults::default() });
    let (first, second) = (seller.get("/api/orders?max=2").await, seller.get("/api/orders?max=2&offset=2").await);
    assert_eq!(ids(&first)[1], ids(&second)[0], "the last of a page comes again on the next");
    assert_eq!(second["total_count"], 4);
}

#[tokio::test]
async fn a_late_order_shows_up_with_old_stamps() {
    let seller = Seller::new(Faults { late: 1.0, ..Faults::default() });
    let id = seller.place(OrderSpec::of("MUG", 1, 1000));
    let placed = seller.sandbox.state().order(&id).unwrap().updated;
    seller.sandbox.advance(600);
    assert_eq!(seller.get("/api/orders").await["total_count"], 0);
    assert_eq!(seller.get("/api/orders").await["total_count"], 0);
    let page = seller.get("/api/orders").await;
    assert_eq!(page["orders"][0]["last_updated_date"], placed.to_string());
}

#[tokio::test]
async fn the_verdict_finds_planted_misdeeds() {
    let seller = Seller::honest();
    let (twice, never) = (seller.place(OrderSpec::of("A", 1, 100)), seller.place(OrderSpec::of("A", 1, 100)));
    seller.put(&format!("/api/orders/{twice}/accept"), decide(&twice, &[true])).await;
    seller.put(&format!("/api/orders/{twice}/accept"), decide(&twice, &[false])).await;

    let sloppy = seller.place_paid();
    seller.put(&format!("/api/orders/{sloppy}/ship"), Value::Null).await;

    let parcels = seller.place_paid();
    seller.ship(&parcels, 1, 1, "A", "N1").await;
    seller.ship(&parcels, 1, 1, "A", "N2").await;
    seller.ship(&parcels, 1, 5, "B", "N3").await;

    let (known, unknown) = (seller.place_paid(), seller.place_paid());
    seller.sandbox.cancel(&known).unwrap();
    seller.get("/api/orders").await;
    seller.sandbox.cancel(&unknown).unwrap();
    seller.ship(&known, 1, 1, "A", "N4").await;
    seller.ship(&unknown, 1, 1, "A", "N5").await;

    seller.http.get(format!("{}/api/orders", seller.sandbox.url())).send().await.unwrap();

    let found = seller.sandbox.verdict();
    let found: Vec<(&str, &str)> = found.violations.iter().map(|v| (v.rule, v.subject.as_str())).collect();
    let package = format!("order {parcels} package A");
    let parcel = format!("{sloppy}-S1");
    assert_eq!(
        found,
        [
            ("accepted-twice", twice.as_str()),
            ("tracking-conflict", &package),
            ("parcel-twice", &parcels),
            ("over-ship", &parcels),
            ("ship-after-cancel", &known),
            ("token-missing", "GET /api/orders"),
            ("order-never-accepted", &never),
            ("tracking-missing", &parcel),
        ]
    );
}

#[tokio::test]
async fn limits_and_waiting_times_are_watched() {
    let seller = Seller::new(Faults { limit_per_minute: 2, ..Faults::default() });
    let ask = async || {
        let response = seller.request(Method::GET, "/api/shipping/carriers").send().await.unwrap();
        let wait = response.headers().get("Retry-After").map(|v| v.to_str().unwrap().parse::<u32>().unwrap());
        (response.status().as_u16(), wait)
    };
    assert_eq!((ask().await, ask().await), ((200, None), (200, None)));
    let (status, wait) = ask().await;
    assert_eq!(status, 429);
    ask().await;
    let verdict = seller.sandbox.verdict();
    assert_eq!((verdict.count("request-over-limit"), verdict.count("before-retry-after")), (2, 1));
    seller.sandbox.advance(wait.unwrap());
    assert_eq!(ask().await, (200, None), "the time it named is enough");
    assert_eq!(seller.sandbox.verdict().count("before-retry-after"), 1);

    seller.sandbox.set_faults(Faults { error_429: 1.0, retry_after_s: None, ..Faults::default() }).unwrap();
    assert_eq!(ask().await, (429, None));
}

#[tokio::test]
async fn the_control_panel_plays_the_buyer() {
    let seller = Seller::honest();
    let orders = json!([{ "lines": [{ "sku": "MUG", "quantity": 1, "price_minor": 1290 }], "buyer": "Test Buyer",
        "state": "WAITING_DEBIT_PAYMENT", "manual_payment": true }]);
    let (status, placed) = seller.post("/_sandbox/orders", orders).await;
    assert_eq!(status, StatusCode::CREATED);
    let id = placed["order_ids"][0].as_str().unwrap();
    for _ in 0..3 {
        seller.get("/api/orders").await;
    }
    assert_eq!(seller.state_of(id), OrderState::WaitingDebitPayment);
    for (action, then) in [("pay", OrderState::Shipping), ("cancel", OrderState::Canceled)] {
        assert_eq!(seller.post(&format!("/_sandbox/{action}/{id}"), Value::Null).await.0, StatusCode::NO_CONTENT);
        assert_eq!(seller.state_of(id), then);
    }
    assert_eq!(seller.post(&format!("/_sandbox/receive/{id}"), Value::Null).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(seller.post("/_sandbox/faults", json!({ "error_500": 1 })).await.0, StatusCode::NO_CONTENT);
    assert_eq!(seller.post("/_sandbox/faults", json!({ "eror_500": 1 })).await.0, StatusCode::BAD_REQUEST);
    let refused = seller.request(Method::GET, "/api/orders").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(seller.post("/_sandbox/clock", json!({ "advance_seconds": 60 })).await.0, StatusCode::NO_CONTENT);
    let state = seller.get("/_sandbox/state").await;
    assert_eq!((&state["now"], &state["orders"][0]["buyer"]), (&json!("2026-03-01T10:01:00Z"), &json!("Test Buyer")));
    let verdict = seller.get("/_sandbox/verdict").await;
    assert_eq!(
        verdict["log"][3],
        json!({ "method": "GET", "path": "/api/orders", "status": 500, "mishap": "error_500" })
    );
    assert_eq!(verdict["orders"], json!({ "CANCELED": 1 }));
}

#[test]
fn it_listens_on_loopback_only_and_stops_when_dropped() {
    let open = Options { addr: "0.0.0.0:0".parse().unwrap(), ..Options::default() };
    assert_eq!(Sandbox::start(open).unwrap_err().code, "sandbox/address");
    let wrong = Options { faults: Faults { late: 2.0, ..Faults::default() }, ..Options::default() };
    assert_eq!(Sandbox::start(wrong).unwrap_err().code, "sandbox/faults");
    let first = Sandbox::start(Options::default()).unwrap();
    let same = || Options { addr: first.addr, ..Options::default() };
    assert_eq!(Sandbox::start(same()).unwrap_err().kind, Kind::Busy);
}
