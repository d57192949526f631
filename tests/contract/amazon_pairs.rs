//! Amazon's models carry the requests and answers of its own sandbox. Each of those whose operation the connector uses is
//! served here as published: what is asked has to be what the pair says, and what is made of the answer, too.
//!
//! What a pair asks for and a shop does not (orders by their creation, other types of feeds) is not compared.
use std::fs;
use std::path::Path;

use purvey::diagnostic::{Error, Kind};
use purvey::market::{ItemResult, Polled, Receipt};
use purvey::order::{Fulfillment, State};
use serde_json::Map;

use super::*;

const MODELS: [&str; 4] = ["orders_2026-01-01", "ordersV0", "feeds_2021-06-30", "listingsItems_2021-08-01"];
const USED: [&str; 9] = [
    "searchOrders",
    "getOrder",
    "updateShipmentStatus",
    "confirmShipment",
    "createFeedDocument",
    "createFeed",
    "getFeed",
    "getFeedDocument",
    "patchListingsItem",
];
const US: &str = "ATVPDKIKX0DER";
/// Of the pairs of `getOrder`: sold there, unshipped, without parcels.
const OPEN_ORDER: &str = "114-9876543-1234567";
const OPEN_ITEM: &str = "79039765272157";
/// Fields of bodies that a shop fills as the pairs do.
const COMPARED: [&str; 8] = [
    "marketplaceId",
    "marketplaceIds",
    "packageReferenceId",
    "carrierCode",
    "trackingNumber",
    "orderItemId",
    "quantity",
    "inputFeedDocumentId",
];

struct Operation {
    name: String,
    method: String,
    /// `/orders/v0/orders/{orderId}/shipment`
    path: String,
    parameters: Vec<String>,
    pairs: Vec<Pair>,
}

#[derive(Clone)]
struct Pair {
    status: u16,
    parameters: Map<String, Value>,
    answer: Value,
}

impl Pair {
    fn wants(&self, name: &str) -> Option<&Value> {
        self.parameters.get(name)?.get("value")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.wants(name)?.as_str()
    }

    fn is_refusal(&self) -> bool {
        self.status >= 400
    }

    /// Where the account sells that would ask so.
    fn marketplace(&self) -> &str {
        let listed = self.wants("marketplaceIds").and_then(|ids| ids.get(0)).and_then(Value::as_str);
        listed.unwrap_or(US)
    }
}

fn operations(models: &Path) -> Vec<Operation> {
    let mut all = Vec::new();
    for edition in MODELS {
        let text = fs::read_to_string(models.join(edition).with_extension("json")).unwrap();
        let model: Value = serde_json::from_str(&text).unwrap();
        for (path, calls) in model["paths"].as_object().unwrap() {
            for (method, call) in calls.as_object().unwrap() {
                let Some(id) = call["operationId"].as_str() else { continue };
                // both models of orders have a `getOrder`
                let name = if edition == "ordersV0" && method == "get" { format!("{id}V0") } else { id.to_owned() };
                let names = call["parameters"].as_array().into_iter().flatten();
                let pairs = call["responses"].as_object().into_iter().flatten().flat_map(|(status, response)| {
                    let pairs = response["x-amzn-api-sandbox"]["static"].as_array().cloned().unwrap_or_default();
                    let status = status.parse().unwrap_or(0);
                    pairs.into_iter().map(move |pair| Pair {
                        status,
                        parameters: pair["request"]["parameters"].as_object().cloned().unwrap_or_default(),
                        answer: pair["response"].clone(),
                    })
                });
                all.push(Operation {
                    name,
                    method: method.to_uppercase(),
                    path: path.clone(),
                    parameters: names.filter_map(|p| p["name"].as_str().map(str::to_owned)).collect(),
                    pairs: pairs.collect(),
                });
            }
        }
    }
    all
}

impl Operation {
    /// What stands in the place of each of its names, when it is this one that is called.
    fn called(&self, request: &Request) -> Option<Vec<(String, String)>> {
        let (told, known): (Vec<&str>, Vec<&str>) = (request.path.split('/').collect(), self.path.split('/').collect());
        if request.method.as_str() != self.method || told.len() != known.len() {
            return None;
        }
        let mut named = Vec::new();
        for (told, known) in told.iter().zip(known) {
            match known.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => named.push((name.to_owned(), (*told).to_owned())),
                None if *told != known => return None,
                None => {}
            }
        }
        Some(named)
    }
}

/// Amazon's sandbox while one pair is tried; every other call gets the first answer that its operation has.
struct Published<'o> {
    operations: &'o [Operation],
    operation: &'o str,
    pair: Pair,
    /// Whether the pair was asked for.
    asked: Arc<Mutex<bool>>,
}

impl Transport for Published<'_> {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        let answered = |status, body: &Value| {
            let body = if status == 204 { Vec::new() } else { body.to_string().into_bytes() };
            Ok(Outcome::Answered(Response { status, headers: Vec::new(), body }))
        };
        if request.operation == "sign-in" {
            return answered(200, &json!({ "access_token": "any", "expires_in": 3600 }));
        }
        if request.base.is_some() {
            return answered(200, &json!({ "issues": [] }));
        }
        let called = self.operations.iter().find_map(|operation| Some((operation, operation.called(request)?)));
        let (operation, named) = called.unwrap_or_else(|| panic!("no model has {} {}", self.operation, request.path));
        for (name, _) in &request.query {
            assert!(operation.parameters.contains(name), "{} has no parameter {name}", operation.name);
        }
        if operation.name == self.operation {
            if let Some(token) = self.pair.text("paginationToken")
                && request.query.iter().all(|(name, _)| name != "paginationToken")
            {
                return answered(200, &json!({ "orders": [], "pagination": { "nextToken": token } }));
            }
            self.compare(request, &named);
            *self.asked.lock().unwrap() = true;
            return answered(self.pair.status, &self.pair.answer);
        }
        let usual = |pair: &&Pair| !pair.is_refusal() && pair.text("orderId").is_none_or(|id| id == OPEN_ORDER);
        let usual = operation.pairs.iter().find(usual).or(operation.pairs.first()).unwrap();
        let mut answer = usual.answer.clone();
        if operation.name == "getFeed" {
            // the published one was canceled, and so has no result
            (answer["processingStatus"], answer["resultFeedDocumentId"]) =
                (json!("DONE"), self.pair.parameters["feedDocumentId"]["value"].clone());
        }
        answered(usual.status, &answer)
    }
}

impl Published<'_> {
    fn compare(&self, request: &Request, named: &[(String, String)]) {
        for (name, told) in named {
            let wanted = self.pair.text(name);
            assert!(wanted.is_none_or(|wanted| wanted == told), "{}: {name} is {told}, not {wanted:?}", self.operation);
        }
        for name in ["marketplaceIds", "paginationToken"] {
            let Some(wanted) = self.pair.wants(name) else { continue };
            let wanted = wanted.get(0).unwrap_or(wanted);
            let told = request.query.iter().find(|(known, _)| known == name).map(|(_, told)| told.as_str());
            assert_eq!(told, wanted.as_str(), "{}: {name}", self.operation);
        }
        let wanted = self.pair.wants("body").filter(|_| !self.pair.is_refusal());
        if let (Some(wanted), purvey::market::Body::Json(told)) = (wanted, &request.body) {
            let (mut theirs, mut ours) = (Vec::new(), Vec::new());
            leaves(wanted, &mut theirs);
            leaves(told, &mut ours);
            for leaf in theirs {
                assert!(ours.contains(&leaf), "{}: the pair has {leaf:?}, we {ours:?}", self.operation);
            }
        }
    }
}

/// The compared fields, and the time of shipping as a moment.
fn leaves(of: &Value, into: &mut Vec<(String, String)>) {
    let Some(fields) = of.as_object() else {
        of.as_array().into_iter().flatten().for_each(|item| leaves(item, into));
        return;
    };
    for (name, value) in fields {
        match value {
            Value::Array(list) if COMPARED.contains(&name.as_str()) => {
                // a shop sells at one of them
                into.extend(list.first().map(|first| (name.clone(), first.to_string())));
            }
            Value::Object(_) | Value::Array(_) => leaves(value, into),
            _ if COMPARED.contains(&name.as_str()) => into.push((name.clone(), value.to_string())),
            Value::String(date) if name == "shipDate" => {
                into.push((name.clone(), date.parse::<Timestamp>().unwrap().to_string()));
            }
            _ => {}
        }
    }
}

/// Does what makes the connector ask for the pair, and looks at what it makes of the answer.
fn play(operation: &str, pair: &Pair, connector: &dyn Connector, port: &dyn Port) {
    let judged = |done: Option<Error>| {
        let why = || format!("{operation} {}", pair.status);
        match done {
            None => assert!(!pair.is_refusal(), "{}: a refusal was taken for a success", why()),
            Some(error) => {
                assert!(pair.is_refusal() && error.kind == Kind::Rejected, "{}: {error}", why());
                let told = pair.answer["errors"][0]["message"].as_str().unwrap();
                assert!(error.message.contains(told), "{}: {error}", why());
            }
        }
    };
    let id = |name: &str, usual: &str| pair.text(name).unwrap_or(usual).to_owned();
    let many: Vec<OfferUpdate> = (0..30).map(|n| offer(&format!("S{n}"))).collect();
    match operation {
        "searchOrders" => {
            let now = port.now();
            let mut from = PullFrom { cursor: None, since: now - Duration::from_secs(3600), until: now };
            if pair.wants("paginationToken").is_some() {
                from.cursor = connector.pull(port, &from).unwrap().next;
            }
            let page = connector.pull(port, &from);
            if let Ok(page) = &page {
                assert_eq!(page.unreadable, [], "{}", pair.answer);
                let told: Vec<_> = pair.answer["orders"].as_array().unwrap().iter().collect();
                assert_eq!(page.more, pair.answer["pagination"]["nextToken"].is_string());
                assert_eq!(page.orders.len(), told.len());
                page.orders.iter().zip(told).for_each(|(order, told)| is_as_told(order, told));
            }
            judged(page.err());
        }
        "getOrder" => {
            let order = connector.order(port, &id("orderId", OPEN_ORDER));
            if let Ok(order) = &order {
                is_as_told(order.as_ref().unwrap(), &pair.answer["order"]);
            }
            judged(order.err());
        }
        "updateShipmentStatus" => {
            let receipt = connector.ready_for_pickup(port, OPEN_ORDER);
            judged(receipt.map(|receipt| assert_eq!(receipt, Receipt::Done)).err());
        }
        "confirmShipment" => {
            let parcel = Parcel {
                carrier: "fedex".to_owned(),
                tracking_number: Some("112345678".to_owned()),
                ..parcel(&id("orderId", OPEN_ORDER), OPEN_ITEM, "2022-02-11T01:00:00Z".parse().unwrap())
            };
            judged(connector.ship(port, &parcel).map(|receipt| assert_eq!(receipt, Receipt::Done)).err());
        }
        "createFeedDocument" | "createFeed" => {
            let submitted = connector.push(port, &many);
            if let (Ok(submitted), "createFeed") = (&submitted, operation) {
                assert_eq!(submitted.job.as_deref(), pair.answer["feedId"].as_str());
            }
            judged(submitted.err());
        }
        "getFeed" | "getFeedDocument" => {
            let polled = connector.poll(port, &id("feedId", "feedId1"), &many);
            if let Ok(polled) = &polled {
                let Polled::Done(results) = polled else { panic!("{operation}: {polled:?}") };
                let canceled = operation == "getFeed" && pair.answer["processingStatus"] == "CANCELLED";
                assert_eq!(results.len(), many.len());
                assert!(results.iter().all(|result| result.refused.is_some() == canceled), "{results:?}");
            }
            judged(polled.err());
        }
        "patchListingsItem" => {
            let results = connector.push(port, &[offer(&id("sku", "GM-ZDPI-9B4E"))]).unwrap().results;
            let [ItemResult { refused, .. }] = results.as_slice() else { panic!("{results:?}") };
            let told = &pair.answer;
            let why = told["errors"][0]["message"].as_str().or_else(|| told["issues"][0]["message"].as_str());
            match (refused, why) {
                (None, None) => {}
                (Some(refused), Some(why)) => assert!(refused.contains(why), "{refused}"),
                unlike => panic!("{operation}: {unlike:?} of {told}"),
            }
        }
        other => panic!("nobody plays {other}"),
    }
}

fn is_as_told(order: &purvey::order::Order, told: &Value) {
    assert_eq!(Some(order.channel_order_id.as_str()), told["orderId"].as_str());
    assert_eq!(order.lines.len(), told["orderItems"].as_array().unwrap().len());
    let state = match told["fulfillment"]["fulfillmentStatus"].as_str().unwrap() {
        "UNSHIPPED" => State::Ready,
        "SHIPPED" => State::Shipped,
        other => panic!("a pair has an order that is {other}"),
    };
    assert_eq!(order.state, Some(state));
    let by_channel = told["fulfillment"]["fulfilledBy"] == "AMAZON";
    assert_eq!(order.fulfillment == Fulfillment::ByChannel, by_channel);
    let skus = told["orderItems"].as_array().unwrap().iter().map(|item| item["product"]["sellerSku"].as_str());
    assert!(order.lines.iter().map(|line| line.channel_sku.as_deref()).eq(skus), "{told}");
}

#[test]
fn amazons_own_pairs_are_answered_as_published() {
    let Some(shared) = std::env::var_os("PURVEY_SHARED") else {
        eprintln!("skipped: the pairs of Amazon's sandbox: PURVEY_SHARED names no folder with Amazon's models");
        return;
    };
    let operations = operations(&Path::new(&shared).join("contract/specs/amazon"));
    let mut tried = 0;
    for operation in operations.iter().filter(|operation| USED.contains(&operation.name.as_str())) {
        assert!(!operation.pairs.is_empty(), "{} has no pairs", operation.name);
        for pair in &operation.pairs {
            let options = [("marketplace_id".to_owned(), pair.marketplace().to_owned())].into();
            let account = Account { options, ..account("amazon") };
            let connector = market::connector("amazon", &account).unwrap();
            let asked = Arc::new(Mutex::new(false));
            let server = Published {
                operations: &operations,
                operation: &operation.name,
                pair: pair.clone(),
                asked: asked.clone(),
            };
            let clock = Arc::new(Hasty(Mutex::new(SystemClock.now())));
            let host = Host::new(&*connector, &account).unwrap().clock(clock).patience(Duration::MAX);
            let host = host.transport(|_| Ok(Box::new(server))).unwrap();
            play(&operation.name, pair, &*connector, &host);
            assert!(*asked.lock().unwrap(), "{} was not asked for: {:?}", operation.name, pair.parameters);
            tried += 1;
        }
    }
    println!("{tried} pairs of {} operations", USED.len());
    assert!(tried >= 24, "{tried} pairs");
}
