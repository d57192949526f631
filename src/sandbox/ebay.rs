//! The same orders in the words of eBay's Fulfillment and Inventory APIs, from their OpenAPI documents.
//!
//! What differs from Mirakl: access tokens are sold for two hours; a parcel is made by a call that makes another one each
//! time; stock goes out SKU by SKU, and a 200 has a result for each part.
use super::answer::{Answer, Params, Room, json_body, moment, number, ok, param};
use super::faults::Plan;
use super::listing::{Words, novelty};
use super::market::{Market, ParcelLine, Refusal};
use super::model::{Line, Order, OrderState, Shipment, ShipmentState, Tracking};
use super::money::amount;
use super::{Inner, Shared};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

pub(super) const API: &str = "/sell/";
pub(super) const TOKENS: &str = "/identity/v1/oauth2/token";
pub(super) const LIST: &str = "GET /sell/fulfillment/{}/order";
pub(super) const TOKEN_LASTS: SignedDuration = SignedDuration::from_secs(7200);

const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 200;

const WORDS: Words = Words {
    order: |_, order| wire(order),
    state: "/orderFulfillmentStatus",
    lines: "/lineItems",
    released: OrderState::Shipping,
};

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(TOKENS, post(sell_token))
        .route("/sell/fulfillment/v1/order", get(list))
        .route("/sell/fulfillment/v1/order/{id}", get(one))
        .route("/sell/fulfillment/v1/order/{id}/shipping_fulfillment", get(parcels).post(ship))
        .route("/sell/inventory/v1/offer", get(offers))
        .route("/sell/inventory/v1/bulk_update_price_quantity", post(set_offers))
        .with_state(shared)
}

// ------------------------------------------------------------------------------------------------- tokens

fn token(sold: i64, key: &str) -> String {
    format!("{sold}.{:016x}", xxh3_64(format!("{sold} {key}").as_bytes()))
}

/// When a token was sold, if it was sold here.
pub(super) fn sold_at(shown: &str, key: &str) -> Option<Timestamp> {
    let sold = shown.split_once('.')?.0.parse().ok()?;
    if shown == token(sold, key) { Timestamp::from_second(sold).ok() } else { None }
}

async fn sell_token(State(shared): Room) -> Answer {
    let now = shared.lock().market.clock.now().as_second();
    ok(
        json!({ "access_token": token(now, &shared.api_key), "expires_in": TOKEN_LASTS.as_secs(), "token_type": "User" }),
    )
}

// ------------------------------------------------------------------------------------------------- orders

fn no_such_order() -> Refusal {
    Refusal::new(404, "32100", "Invalid order ID")
}

async fn list(State(shared): Room, Extension(plan): Extension<Plan>, Query(params): Params) -> Answer {
    let since = param(&params, "filter").and_then(|filter| filter.strip_prefix("lastmodifieddate:["));
    let since = since.and_then(|range| range.split("..").next()).map(|text| moment("filter", text)).transpose()?;
    let max = number(&params, "limit", PAGE_DEFAULT, 1..=PAGE_MAX)?;
    let offset = number(&params, "offset", 0, 0..=usize::MAX)?;
    let (orders, total) = shared.lock().page(plan, &WORDS, (offset, max), |market| {
        let wanted = |order: &&Order| order.hidden_pulls == 0 && since.is_none_or(|since| since <= order.updated);
        let mut found: Vec<&Order> = market.orders.values().filter(wanted).collect();
        found.sort_by_key(|order| order.created);
        found
    });
    let mut page = json!({ "orders": orders, "total": total, "limit": max, "offset": offset });
    if plan.unknown_fields {
        page["novelty"] = novelty();
    }
    ok(page)
}

async fn one(State(shared): Room, Extension(plan): Extension<Plan>, Path(id): Path<String>) -> Answer {
    let mut inner = shared.lock();
    let order = inner.market.order(&id).map_err(|_| no_such_order())?;
    let (dead, told) = (order.state.is_dead(), wire(order));
    if dead && !plan.answer_is_lost() {
        inner.judge.told_canceled(&id);
    }
    ok(told)
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn money(minor: i64, currency: &str) -> Value {
    json!({ "value": amount(minor, currency).to_string(), "currency": currency })
}

fn payment(order: &Order) -> &'static str {
    match order.state {
        state if state.is_dead() && order.paid.is_some() => "FULLY_REFUNDED",
        state if state < OrderState::Shipping || state.is_dead() => "PENDING",
        _ => "PAID",
    }
}

fn progress<'l>(mut lines: impl Iterator<Item = &'l Line> + Clone) -> &'static str {
    match (lines.clone().any(|line| line.packed > 0), lines.all(|line| line.packed >= line.quantity)) {
        (_, true) => "FULFILLED",
        (true, false) => "IN_PROGRESS",
        (false, false) => "NOT_STARTED",
    }
}

fn wire(order: &Order) -> Value {
    let price = |line: &Line| line.price_minor.saturating_mul(i64::from(line.quantity));
    let total = order.lines.iter().fold(order.shipping_price_minor, |sum, line| sum.saturating_add(price(line)));
    let line = |line: &Line| {
        json!({ "lineItemId": line.id, "legacyItemId": line.offer_id.to_string(), "sku": line.sku, "title": line.title,
            "quantity": line.quantity, "lineItemCost": money(price(line), &order.currency),
            "lineItemFulfillmentStatus": progress(std::iter::once(line)), "taxes": [] })
    };
    let to = json!({ "fullName": order.buyer, "email": "buyer@buyers.sandbox.example",
        "primaryPhone": { "phoneNumber": "+00 000 000 000" },
        "contactAddress": { "addressLine1": "1 Sandbox Street", "city": "Nowhere", "postalCode": "00000", "countryCode": "FR" } });
    let canceled = if order.state.is_dead() { "CANCELED" } else { "NONE_REQUESTED" };
    json!({
        "orderId": order.id, "creationDate": stamp(order.created), "lastModifiedDate": stamp(order.updated),
        "orderPaymentStatus": payment(order), "orderFulfillmentStatus": progress(order.lines.iter()),
        "cancelStatus": { "cancelState": canceled, "cancelRequests": [] },
        "pricingSummary": { "total": money(total, &order.currency),
            "deliveryCost": money(order.shipping_price_minor, &order.currency) },
        "fulfillmentStartInstructions": [{ "fulfillmentInstructionsType": "SHIP_TO", "shippingStep": { "shipTo": to } }],
        "lineItems": order.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

// ------------------------------------------------------------------------------------------------- parcels

async fn parcels(State(shared): Room, Path(id): Path<String>) -> Answer {
    let inner = shared.lock();
    let order = inner.market.order(&id).map_err(|_| no_such_order())?;
    let of_order = inner.market.shipments.iter().filter(|shipment| shipment.order_id == order.id);
    let parcels: Vec<Value> = of_order.map(parcel).collect();
    ok(json!({ "total": parcels.len(), "fulfillments": parcels }))
}

fn parcel(shipment: &Shipment) -> Value {
    let lines = shipment.lines.iter().map(|l| json!({ "lineItemId": l.order_line_id, "quantity": l.quantity }));
    json!({
        "fulfillmentId": shipment.id,
        "shipmentTrackingNumber": shipment.number(),
        "shippingCarrierCode": shipment.tracking.as_ref().and_then(|t| t.carrier_name.as_deref()),
        "shippedDate": stamp(shipment.shipped.unwrap_or(shipment.created)),
        "lineItems": lines.collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewParcel {
    line_items: Vec<Units>,
    shipping_carrier_code: Option<String>,
    tracking_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Units {
    line_item_id: String,
    quantity: u32,
}

async fn ship(State(shared): Room, Path(id): Path<String>, body: Bytes) -> Answer {
    let told: NewParcel = json_body(&body)?;
    if told.tracking_number.as_ref().is_some_and(|n| !n.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Err(Refusal::new(400, "32600", "A tracking number has letters and digits only."));
    }
    let made = shared.lock().make_parcel(&id, told)?;
    let place = format!("/sell/fulfillment/v1/order/{id}/shipping_fulfillment/{made}");
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], axum::Json(json!({}))).into_response())
}

impl Inner {
    fn make_parcel(&mut self, id: &str, told: NewParcel) -> Result<String, Refusal> {
        self.market.order(id).map_err(|_| no_such_order())?;
        self.judge.ships(id);
        let known = |s: &Shipment| s.order_id == id && s.number() == told.tracking_number.as_deref();
        if self.market.shipments.iter().any(known) {
            self.judge.parcel_again(id, told.tracking_number.as_deref().unwrap_or("without a number"));
        }
        let lines = told.line_items.into_iter().map(|units| ParcelLine {
            order_line_id: Some(units.line_item_id),
            offer_sku: None,
            quantity: units.quantity,
            package_reference: None,
        });
        let tracking = Tracking {
            carrier_name: Some(told.shipping_carrier_code.unwrap_or_else(|| "Other".to_owned())),
            tracking_number: told.tracking_number,
            ..Tracking::default()
        };
        let made = match self.market.pack(id, lines.collect(), Some(tracking)) {
            Ok(made) => made,
            Err(refusal) => {
                self.judge.over_shipped(id);
                return Err(refusal);
            }
        };
        self.market.send(&made, ShipmentState::Shipped)?;
        Ok(made)
    }
}

// ------------------------------------------------------------------------------------------------- stock

async fn offers(State(shared): Room, Query(params): Params) -> Answer {
    let inner = shared.lock();
    let found = param(&params, "sku").and_then(|sku| inner.market.offers.by_sku.get(sku));
    let offer = found.ok_or_else(|| Refusal::new(404, "25713", "This Offer is not available."))?;
    let told = json!({ "offerId": offer.offer_id.to_string(), "sku": offer.sku, "format": "FIXED_PRICE" });
    ok(json!({ "total": 1, "offers": [told] }))
}

#[derive(Deserialize)]
struct Updates {
    requests: Vec<Update>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    sku: String,
    ship_to_location_availability: Option<Availability>,
    #[serde(default)]
    offers: Vec<OfferUpdate>,
}

#[derive(Deserialize)]
struct Availability {
    quantity: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfferUpdate {
    offer_id: String,
    available_quantity: Option<u32>,
}

async fn set_offers(State(shared): Room, body: Bytes) -> Answer {
    let Updates { requests } = json_body(&body)?;
    let mut inner = shared.lock();
    let results: Vec<Value> = requests.iter().flat_map(|update| set_offer(&mut inner.market, update)).collect();
    ok(json!({ "responses": results }))
}

/// A result for the SKU's own stock, and one for each of its offers.
fn set_offer(market: &mut Market, update: &Update) -> Vec<Value> {
    let Some(offer) = market.offers.by_sku.get_mut(&update.sku) else {
        let errors = json!([{ "errorId": 25702, "message": "SKU is not found." }]);
        return vec![json!({ "sku": update.sku, "statusCode": 404, "errors": errors })];
    };
    let of_sku = update.ship_to_location_availability.as_ref().map(|availability| availability.quantity);
    let mut results = vec![json!({ "sku": update.sku, "statusCode": 200 })];
    for told in &update.offers {
        let ours = told.offer_id == offer.offer_id.to_string();
        results.push(json!({ "offerId": told.offer_id, "statusCode": if ours { 200 } else { 404 } }));
    }
    let quantity = update.offers.iter().find_map(|told| told.available_quantity).or(of_sku);
    offer.quantity = quantity.unwrap_or(offer.quantity);
    results
}
