//! The seller API: which call does what, in the words of the Mirakl seller document (OR11, ST01, ...).
//!
//! The document leaves open how an error is written and how offset pages are asked for. Errors are sent as
//! `{status, code, message}`; `offset` starts at 0, `max` is 10 unless given and at most 100.
use super::faults::{Mishap, Plan};
use super::judge::Logged;
use super::market::{Market, ParcelLine, QUANTITY_INVALID, Refusal};
use super::model::*;
use super::offers::{CURRENCY, ImportKind};
use super::socket::Scissors;
use super::{Inner, Shared, wire};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Extension, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use memchr::memmem;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value, json};
use std::sync::Arc;
use std::time::Duration;

const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;
const SHIPMENTS_MAX: usize = 1000;
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The platform looks back a little further than it is asked to; how far is not published.
const SAFETY_DELTA: SignedDuration = SignedDuration::from_secs(60);

/// Bytes of a typical status line with headers, so that a cut lands in the body.
const HEAD_BYTES: u64 = 130;

/// A state no version of the document lists.
const UNKNOWN_STATE: &str = "WAITING_FOR_FULL_MOON";

pub(super) type Answer = Result<Response, Refusal>;
type Room = State<Arc<Shared>>;
type Params = Query<Vec<(String, String)>>;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/api/version", get(async || Json(json!({ "version": "sandbox" }))))
        .route("/api/shipping/carriers", get(async || Json(wire::carriers())))
        .route("/api/orders", get(list_orders))
        .route("/api/orders/{id}/accept", put(accept))
        .route("/api/orders/{id}/tracking", put(track_order))
        .route("/api/orders/{id}/ship", put(ship_order))
        .route("/api/orders/{id}/cancel", put(cancel_order))
        .route("/api/orders/cancel", put(cancel_units))
        .route("/api/shipments", get(list_shipments).post(create_shipments))
        .route("/api/shipments/tracking", post(track_shipments))
        .route("/api/shipments/ship", put(ship_shipments))
        .route("/api/shipments/ready_for_pick_up", put(ready_shipments))
        .route("/api/offers", get(list_offers).post(put_offers))
        .route("/api/offers/imports/{id}", get(offer_import))
        .route(
            "/api/offers/imports/{id}/error_report",
            get(|r: Room, id: Path<String>| report(r, id, ImportKind::Offer)),
        )
        .route("/api/offers/stock/imports", post(import_stock))
        .route("/api/offers/stock/imports/{id}/status", get(stock_import))
        .route(
            "/api/offers/stock/imports/{id}/error_report",
            get(|r: Room, id: Path<String>| report(r, id, ImportKind::Stock)),
        )
        .route("/api/offers/pricing/imports", get(price_imports).post(import_prices))
        .route(
            "/api/offers/pricing/imports/{id}/error_report",
            get(|r: Room, id: Path<String>| report(r, id, ImportKind::Price)),
        )
        .fallback(async || Refusal::new(404, "NOT_FOUND", "The sandbox has no such call."))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(shared.clone(), gate))
        .with_state(shared)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(json!({ "status": self.status, "code": self.code, "message": self.message }))).into_response()
    }
}

pub(super) fn json_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|e| Refusal::invalid(format!("The body is not as documented: {e}.")))
}

// --- before and after every call ---------------------------------------------------------------------------------

/// Key, limits and faults; what comes through is logged with the answer it got.
async fn gate(
    State(shared): Room,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    mut request: Request,
    next: Next,
) -> Response {
    let method = request.method().to_string();
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let operation = format!("{method} {}", without_ids(request.uri().path()));
    let line = format!("{method} {}", request.uri().path());
    let authorized = request.headers().get(header::AUTHORIZATION).is_some_and(|key| key == shared.api_key.as_str());
    let (plan, slow_ms, refusal) = shared.lock().admit(&operation, &line, authorized);
    tokio::time::sleep(Duration::from_millis(slow_ms)).await;
    let mut response = match refusal {
        Some(refusal) => refusal,
        None => {
            request.extensions_mut().insert(plan);
            next.run(request).await
        }
    };
    let mut status = Some(response.status().as_u16());
    match plan.mishap {
        Some(Mishap::ResetBefore | Mishap::ResetAfter) => {
            scissors.cut_after(0);
            status = None;
        }
        Some(Mishap::Truncate) => response = truncated(response, &scissors).await,
        _ => {}
    }
    shared.lock().judge.log(Logged { method, path, status, mishap: plan.mishap });
    response
}

/// `/api/orders/{}/ship` for the ship call of any order: the calls' own names are of small letters only.
fn without_ids(path: &str) -> String {
    let is_name = |segment: &str| segment.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let segments: Vec<&str> = path.split('/').map(|segment| if is_name(segment) { segment } else { "{}" }).collect();
    segments.join("/")
}

impl Inner {
    /// What is to go wrong with a request, how slowly it is answered, and the answer when it is to go no further.
    fn admit(&mut self, operation: &str, line: &str, authorized: bool) -> (Plan, u64, Option<Response>) {
        let now = self.market.clock.now();
        let plan = self.dice.plan(&self.faults, line, operation == "GET /api/orders");
        let over_limit = self.judge.admit(operation, now, self.faults.limit_per_minute);
        let answer = if plan.mishap == Some(Mishap::ResetBefore) {
            Some(StatusCode::SERVICE_UNAVAILABLE.into_response())
        } else if !authorized {
            self.judge.unauthorized(operation);
            Some(Refusal::new(401, "UNAUTHORIZED", "The shop key is missing or wrong.").into_response())
        } else if let Some(seconds) = over_limit {
            Some(self.too_many(operation, now, Some(seconds)))
        } else {
            match plan.mishap {
                Some(Mishap::TooMany) => Some(self.too_many(operation, now, self.faults.retry_after_s)),
                Some(Mishap::ServerError) => {
                    Some(Refusal::new(500, "INTERNAL_ERROR", "Something went wrong on purpose.").into_response())
                }
                _ => None,
            }
        };
        (plan, self.faults.slow_ms, answer)
    }

    fn too_many(&mut self, operation: &str, now: Timestamp, retry_after: Option<u32>) -> Response {
        let mut response = Refusal::new(429, "TOO_MANY_REQUESTS", "Too many requests.").into_response();
        if let Some(seconds) = retry_after {
            self.judge.told_to_wait(operation, now, seconds);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The same answer, of which about half will arrive.
async fn truncated(response: Response, scissors: &Scissors) -> Response {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    let length = body.len() as u64;
    scissors.cut_after(HEAD_BYTES.saturating_add(length / 2).min(length.saturating_add(60)));
    Response::from_parts(parts, Body::from(body))
}

fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn ok(body: Value) -> Answer {
    Ok(Json(body).into_response())
}

fn created(body: Value) -> Answer {
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

// --- orders --------------------------------------------------------------------------------------------------------

/// What OR11 was asked for.
struct OrderQuery {
    created: (Option<Timestamp>, Option<Timestamp>),
    updated: (Option<Timestamp>, Option<Timestamp>),
    states: Vec<OrderState>,
    ids: Vec<String>,
    newest_first: bool,
    offset: usize,
    max: usize,
}

impl OrderQuery {
    fn parse(params: &[(String, String)]) -> Result<Self, Refusal> {
        let list = |name| param(params, name).into_iter().flat_map(|v| v.split(',')).filter(|v| !v.is_empty());
        let ids: Vec<String> = list("order_ids").map(str::to_owned).collect();
        if ids.len() > PAGE_MAX {
            return Err(Refusal::invalid(format!("order_ids holds more than {PAGE_MAX} identifiers.")));
        }
        let state = |code: &str| {
            serde_json::from_value(json!(code)).map_err(|_| Refusal::invalid(format!("'{code}' is no order state.")))
        };
        if let Some(sort) = param(params, "sort").filter(|sort| *sort != "dateCreated") {
            return Err(Refusal::invalid(format!("Orders cannot be sorted by '{sort}'.")));
        }
        let since = date(params, "start_update_date")?;
        let (offset, max) = page(params)?;
        Ok(OrderQuery {
            created: (date(params, "start_date")?, date(params, "end_date")?),
            updated: (since.map(|t| t.saturating_sub(SAFETY_DELTA).unwrap_or(t)), date(params, "end_update_date")?),
            states: list("order_state_codes").map(state).collect::<Result<_, _>>()?,
            ids,
            newest_first: param(params, "order") == Some("desc"),
            offset,
            max,
        })
    }

    fn wants(&self, order: &Order) -> bool {
        let within = |at, (from, to): (Option<Timestamp>, Option<Timestamp>)| {
            from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to)
        };
        order.hidden_pulls == 0
            && within(order.created, self.created)
            && within(order.updated, self.updated)
            && (self.states.is_empty() || self.states.contains(&order.state))
            && (self.ids.is_empty() || self.ids.contains(&order.id))
    }

    /// By creation date, then by identifier.
    fn find<'m>(&self, market: &'m Market) -> Vec<&'m Order> {
        let mut found: Vec<&Order> = market.orders.values().filter(|order| self.wants(order)).collect();
        found.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        if self.newest_first {
            found.reverse();
        }
        found
    }
}

fn param<'p>(params: &'p [(String, String)], name: &str) -> Option<&'p str> {
    params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn date(params: &[(String, String)], name: &str) -> Result<Option<Timestamp>, Refusal> {
    let read = |text: &str| text.parse().map_err(|_| Refusal::invalid(format!("{name} is no date-time: '{text}'.")));
    param(params, name).map(read).transpose()
}

fn page(params: &[(String, String)]) -> Result<(usize, usize), Refusal> {
    let number = |name, default, allowed: std::ops::RangeInclusive<usize>| {
        let value = param(params, name).map_or(Ok(default), str::parse);
        value.ok().filter(|n| allowed.contains(n)).ok_or_else(|| Refusal::invalid(format!("{name} is out of range.")))
    };
    Ok((number("offset", 0, 0..=usize::MAX)?, number("max", PAGE_DEFAULT, 1..=PAGE_MAX)?))
}

/// OR11.
async fn list_orders(State(shared): Room, Extension(plan): Extension<Plan>, Query(params): Params) -> Answer {
    let query = OrderQuery::parse(&params)?;
    let mut guard = shared.lock();
    let inner = &mut *guard;
    if query.offset == 0 {
        inner.market.begin_pull();
    }
    let found = query.find(&inner.market);
    let total = found.len();
    let mut shown: Vec<Order> = found.into_iter().skip(query.offset).take(query.max).cloned().collect();
    let last = query.offset.saturating_add(shown.len()) >= total;
    if plan.empty_page {
        shown.clear();
    }
    let mut orders: Vec<Value> = shown.iter().map(|order| wire::order(order, &inner.market.shipments)).collect();
    let strange = if plan.unknown_state { shown.first() } else { None };
    if let (Some(order), Some(wire)) = (strange, orders.first_mut()) {
        wire["order_state"] = json!(UNKNOWN_STATE);
        inner.market.touch(&order.id);
    }
    if !plan.answer_is_lost() {
        let told = shown.iter().filter(|o| o.state.is_dead() && strange.is_none_or(|s| s.id != o.id));
        told.for_each(|order| inner.judge.told_canceled(&order.id));
    }
    if plan.duplicate_items {
        orders.extend(orders.first().cloned());
    }
    if plan.page_drift && !last {
        inner.market.release_from_staging();
    }
    let mut body = json!({ "orders": orders, "total_count": total });
    if plan.unknown_fields {
        add_unknown_fields(&mut body);
    }
    ok(body)
}

fn add_unknown_fields(page: &mut Value) {
    let strange = json!({ "since": "tomorrow", "items": [1, null, "three"] });
    page["novelty"] = strange.clone();
    for order in page["orders"].as_array_mut().into_iter().flatten() {
        order["novelty"] = strange.clone();
        for line in order["order_lines"].as_array_mut().into_iter().flatten() {
            line["novelty"] = strange.clone();
        }
    }
}

#[derive(Deserialize)]
struct AcceptBody {
    order_lines: Vec<Decision>,
}

#[derive(Deserialize)]
struct Decision {
    id: String,
    accepted: bool,
}

/// OR21.
async fn accept(State(shared): Room, Path(id): Path<String>, body: Bytes) -> Answer {
    let AcceptBody { order_lines } = json_body(&body)?;
    let decisions: Vec<(String, bool)> = order_lines.into_iter().map(|d| (d.id, d.accepted)).collect();
    let mut inner = shared.lock();
    let outcome = inner.market.accept(&id, &decisions);
    inner.judge.decision(&id, decisions, outcome.is_ok());
    outcome.map(|()| no_content())
}

/// OR23.
async fn track_order(State(shared): Room, Path(id): Path<String>, body: Bytes) -> Answer {
    let tracking: Tracking = json_body(&body)?;
    let mut inner = shared.lock();
    inner.judge.ships(&id);
    inner.judge.number(&format!("order {id}"), tracking.tracking_number.as_deref());
    inner.market.track_order(&id, tracking).map(|()| no_content())
}

/// OR24.
async fn ship_order(State(shared): Room, Path(id): Path<String>) -> Answer {
    let mut guard = shared.lock();
    let inner = &mut *guard;
    inner.judge.ships(&id);
    inner.market.ship_order(&id)?;
    for shipment in inner.market.shipments.iter().filter(|s| s.order_id == id) {
        inner.judge.number(&format!("shipment {}", shipment.id), shipment.number());
    }
    Ok(no_content())
}

/// OR29.
async fn cancel_order(State(shared): Room, Path(id): Path<String>) -> Answer {
    let mut inner = shared.lock();
    inner.market.cancel(&id)?;
    inner.judge.told_canceled(&id);
    Ok(no_content())
}

#[derive(Deserialize)]
struct CancelBody {
    cancelations: Vec<CancelLine>,
}

#[derive(Deserialize)]
struct CancelLine {
    order_line_id: String,
    quantity: u32,
    amount: Number,
    reason_code: String,
}

/// OR30: all of the list or nothing.
async fn cancel_units(State(shared): Room, body: Bytes) -> Answer {
    let CancelBody { cancelations } = json_body(&body)?;
    let mut inner = shared.lock();
    let before = inner.market.orders.clone();
    let made = cancelations.iter().map(|c| {
        let amount = c.amount.to_string();
        let (currency, made) = inner.market.cancel_units(&c.order_line_id, c.quantity, &amount, &c.reason_code)?;
        Ok(wire::created_cancelation(&c.order_line_id, &made, &currency))
    });
    let made: Result<Vec<Value>, Refusal> = made.collect();
    match made {
        Ok(made) => ok(json!({ "cancelations": made, "order_tax_mode": "TAX_INCLUDED" })),
        Err(refusal) => {
            inner.market.orders = before;
            Err(refusal)
        }
    }
}

// --- shipments -----------------------------------------------------------------------------------------------------

#[derive(Deserialize)]
struct ListOf<T> {
    shipments: Vec<T>,
}

impl<T: DeserializeOwned> ListOf<T> {
    fn read(body: &[u8]) -> Result<Vec<T>, Refusal> {
        let ListOf { shipments } = json_body(body)?;
        if shipments.len() > SHIPMENTS_MAX {
            return Err(Refusal::invalid(format!("More than {SHIPMENTS_MAX} shipments.")));
        }
        Ok(shipments)
    }
}

#[derive(Deserialize)]
struct Parcel {
    order_id: String,
    shipment_lines: Vec<ParcelLine>,
    tracking: Option<Tracking>,
    #[serde(default)]
    shipped: bool,
}

/// ST01: what can be made is made, and the rest is listed under `shipment_errors` of the same 201.
async fn create_shipments(State(shared): Room, body: Bytes) -> Answer {
    let parcels: Vec<Parcel> = ListOf::read(&body)?;
    let mut inner = shared.lock();
    let (mut success, mut errors) = (Vec::new(), Vec::new());
    for parcel in parcels {
        let order_id = parcel.order_id.clone();
        match inner.create_shipment(parcel) {
            Ok(made) => success.push(made),
            Err(refusal) => errors.push(json!({ "message": refusal.message, "order_id": order_id })),
        }
    }
    created(json!({ "shipment_errors": errors, "shipment_success": success }))
}

impl Inner {
    fn create_shipment(&mut self, parcel: Parcel) -> Result<Value, Refusal> {
        let order = parcel.order_id;
        let number = parcel.tracking.as_ref().and_then(|t| t.tracking_number.clone());
        let mut references: Vec<String> =
            parcel.shipment_lines.iter().filter_map(|line| line.package_reference.clone()).collect();
        references.dedup();
        self.judge.ships(&order);
        for reference in &references {
            self.judge.number(&format!("order {order} package {reference}"), number.as_deref());
        }
        let known: Vec<String> =
            references.into_iter().filter(|reference| self.has_parcel(&order, reference)).collect();
        let id = match self.market.pack(&order, parcel.shipment_lines, parcel.tracking) {
            Ok(id) => id,
            Err(refusal) => {
                if known.is_empty() && self.is_too_much(&order, &refusal) {
                    self.judge.over_shipped(&order);
                }
                return Err(refusal);
            }
        };
        for reference in known {
            self.judge.parcel_again(&order, &reference);
        }
        self.judge.number(&format!("shipment {id}"), number.as_deref());
        if parcel.shipped {
            self.market.send(&id, ShipmentState::Shipped)?;
        }
        let made = self.market.shipments.iter().find(|shipment| shipment.id == id);
        Ok(made.map_or(Value::Null, wire::shipment))
    }

    fn has_parcel(&self, order: &str, reference: &str) -> bool {
        self.market.shipments.iter().any(|s| s.order_id == order && s.has_package(reference))
    }

    /// Refused because nothing, or not enough, is left to ship.
    fn is_too_much(&self, order: &str, refusal: &Refusal) -> bool {
        let gone = self.market.order(order).is_ok_and(|o| o.state > OrderState::Shipping && !o.state.is_dead());
        refusal.code == QUANTITY_INVALID || gone
    }

    fn send_all(&mut self, body: &[u8], to: ShipmentState) -> Answer {
        let ids: Vec<ShipmentId> = ListOf::read(body)?;
        let sent = ids.into_iter().map(|ShipmentId { id }| {
            if let Some(shipment) = self.market.shipments.iter().find(|s| s.id == id) {
                self.judge.ships(&shipment.order_id);
            }
            let outcome = self.market.send(&id, to);
            (id, outcome)
        });
        ok(sorted_out(sent))
    }
}

/// The answer of ST23, ST24 and ST26.
fn sorted_out(outcomes: impl Iterator<Item = (String, Result<(), Refusal>)>) -> Value {
    let (mut success, mut errors) = (Vec::new(), Vec::new());
    for (id, outcome) in outcomes {
        match outcome {
            Ok(()) => success.push(json!({ "id": id })),
            Err(refusal) => errors.push(json!({ "id": id, "message": refusal.message })),
        }
    }
    json!({ "shipment_errors": errors, "shipment_success": success })
}

#[derive(Deserialize)]
struct ShipmentId {
    id: String,
}

#[derive(Deserialize)]
struct ShipmentTracking {
    id: String,
    tracking: Tracking,
}

/// ST23.
async fn track_shipments(State(shared): Room, body: Bytes) -> Answer {
    let shipments: Vec<ShipmentTracking> = ListOf::read(&body)?;
    let mut guard = shared.lock();
    let inner = &mut *guard;
    let tracked = shipments.into_iter().map(|ShipmentTracking { id, tracking }| {
        inner.judge.number(&format!("shipment {id}"), tracking.tracking_number.as_deref());
        let outcome = inner.market.track_shipment(&id, tracking);
        (id, outcome)
    });
    ok(sorted_out(tracked))
}

/// ST24.
async fn ship_shipments(State(shared): Room, body: Bytes) -> Answer {
    shared.lock().send_all(&body, ShipmentState::Shipped)
}

/// ST26.
async fn ready_shipments(State(shared): Room, body: Bytes) -> Answer {
    shared.lock().send_all(&body, ShipmentState::ReadyForPickUp)
}

/// ST11. Everything is on one page, so there is never a `next_page_token`.
async fn list_shipments(State(shared): Room, Query(params): Params) -> Answer {
    let all = |name: &'static str| params.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str());
    let (from, to) = (date(&params, "last_updated_from")?, date(&params, "last_updated_to")?);
    let inner = shared.lock();
    let wanted = inner.market.shipments.iter().filter(|shipment| {
        let state = shipment.state.to_string();
        (all("order_id").count() == 0 || all("order_id").any(|id| id == shipment.order_id))
            && (all("shipment_state_code").count() == 0 || all("shipment_state_code").any(|code| code == state))
            && from.is_none_or(|from| from <= shipment.updated)
            && to.is_none_or(|to| shipment.updated <= to)
    });
    ok(json!({ "data": wanted.map(wire::shipment).collect::<Vec<_>>() }))
}

// --- stock, prices, offers -----------------------------------------------------------------------------------------

#[derive(Deserialize)]
struct OffersBody {
    offers: Vec<Map<String, Value>>,
}

/// OF24.
async fn put_offers(State(shared): Room, body: Bytes) -> Answer {
    let OffersBody { offers } = json_body(&body)?;
    let mut inner = shared.lock();
    let now = inner.market.clock.now();
    created(json!({ "import_id": inner.market.offers.import_offers(now, offers) }))
}

/// STO01.
async fn import_stock(State(shared): Room, headers: HeaderMap, body: Bytes) -> Answer {
    let mut inner = shared.lock();
    let now = inner.market.clock.now();
    let id = inner.market.offers.import_stock(now, file_part(&headers, &body)?)?;
    created(json!({ "import_id": id.to_string() }))
}

/// PRI01.
async fn import_prices(State(shared): Room, headers: HeaderMap, body: Bytes) -> Answer {
    let mut inner = shared.lock();
    let now = inner.market.clock.now();
    let id = inner.market.offers.import_prices(now, file_part(&headers, &body)?)?.to_string();
    created(json!({ "import_id": id, "importId": id }))
}

/// The part named `file` of a multipart body (RFC 7578).
fn file_part<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<&'b [u8], Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = content_type.split_once("boundary=").filter(|_| content_type.starts_with("multipart/form-data"));
    let boundary = boundary.map(|(_, rest)| rest.split(';').next().unwrap_or(rest).trim_matches('"'));
    let boundary = boundary.ok_or_else(|| Refusal::new(415, "UNSUPPORTED", "The body must be multipart/form-data."))?;
    let delimiter = format!("--{boundary}");
    let starts: Vec<usize> = memmem::find_iter(body, &delimiter).collect();
    let parts = starts.windows(2).filter_map(|pair| body.get(pair[0] + delimiter.len()..pair[1]));
    for part in parts {
        let Some(head) = memmem::find(part, b"\r\n\r\n") else { continue };
        let (head, content) = part.split_at(head);
        if memmem::find(head, b"name=\"file\"").is_some() {
            let content = content.get(4..).unwrap_or_default();
            return Ok(content.strip_suffix(b"\r\n").unwrap_or(content));
        }
    }
    Err(Refusal::invalid("The part 'file' is missing."))
}

/// OF02.
async fn offer_import(State(shared): Room, Path(id): Path<String>) -> Answer {
    ok(wire::offer_import(shared.lock().market.offers.poll(ImportKind::Offer, &id)?))
}

/// STO02.
async fn stock_import(State(shared): Room, Path(id): Path<String>) -> Answer {
    ok(wire::stock_import(shared.lock().market.offers.poll(ImportKind::Stock, &id)?))
}

/// PRI02, for the imports that are named.
async fn price_imports(State(shared): Room, Query(params): Params) -> Answer {
    let mut inner = shared.lock();
    let ids = params.iter().filter(|(key, _)| key == "import_id").flat_map(|(_, value)| value.split(','));
    let data = ids.filter_map(|id| inner.market.offers.poll(ImportKind::Price, id).ok().map(wire::price_import));
    ok(json!({ "data": data.collect::<Vec<_>>() }))
}

/// OF03, STO03, PRI03.
async fn report(State(shared): Room, Path(id): Path<String>, kind: ImportKind) -> Answer {
    let report = shared.lock().market.offers.error_report(kind, &id)?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], report).into_response())
}

/// OF21, optionally for one `sku`.
async fn list_offers(State(shared): Room, Query(params): Params) -> Answer {
    let (offset, max) = page(&params)?;
    let sku = param(&params, "sku");
    let inner = shared.lock();
    let now = inner.market.clock.now();
    let offers: Vec<_> =
        inner.market.offers.by_sku.values().filter(|offer| sku.is_none_or(|sku| sku == offer.sku)).collect();
    let shown = offers.iter().skip(offset).take(max).map(|offer| wire::offer(offer, CURRENCY, now));
    ok(json!({ "offers": shown.collect::<Vec<_>>(), "total_count": offers.len() }))
}
