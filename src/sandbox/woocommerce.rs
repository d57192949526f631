//! The same orders in the words of WooCommerce's REST API (v3), from its published documentation; parcels stand where
//! its Shipment Tracking extension keeps them.
//!
//! What differs from Mirakl: nothing is accepted, nobody is asked; a field is written whole, so that what a client leaves
//! out is gone; stamps have whole seconds.
use super::answer::{Answer, Params, Room, created, date, json_body, number, ok, param};
use super::faults::Plan;
use super::listing::Words;
use super::market::{Market, ParcelLine, Refusal};
use super::model::{Line, Order, OrderState, Shipment, ShipmentState, Tracking};
use super::money::{amount, parse_minor};
use super::offers::{CURRENCY, Offer};
use super::{Inner, Shared};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) const API: &str = "/wp-json/wc/v3";
pub(super) const LIST: &str = "GET /wp-json/wc/{}/orders";

/// What buyers were told, by order.
pub(super) type Notes = HashMap<String, Vec<String>>;

const PARCELS: &str = "_wc_shipment_tracking_items";
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;
/// Its ids are numbers: that of an order is its place in the list of all, counted from here.
const FIRST_ID: usize = 1000;
/// Most lines of an order, so that theirs have room between two of those.
const LINES: usize = 100;

const WORDS: Words = Words { order: wire, state: "/status", lines: "/line_items", released: OrderState::Shipping };

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    let at = |path: &str| format!("{API}{path}");
    Router::new()
        .route(&at("/orders"), get(list))
        .route(&at("/orders/{id}"), get(one).put(change))
        .route(&at("/orders/{id}/notes"), get(notes).post(tell))
        .route(&at("/data/currencies/current"), get(async || axum::Json(json!({ "code": CURRENCY }))))
        .route(&at("/products"), get(products))
        .route(&at("/products/batch"), post(set_products))
        .with_state(shared)
}

async fn list(State(shared): Room, Extension(plan): Extension<Plan>, Query(params): Params) -> Answer {
    let since = date(&params, "modified_after")?;
    let max = number(&params, "per_page", PAGE_DEFAULT, 1..=PAGE_MAX)?;
    let offset = number(&params, "offset", 0, 0..=usize::MAX)?;
    let wanted =
        |order: &&Order| order.hidden_pulls == 0 && since.is_none_or(|since| since < whole_second(order.updated));
    // by id, which is the order in which they came
    let (orders, total) =
        shared.lock().page(plan, &WORDS, (offset, max), |market| market.orders.values().filter(wanted).collect());
    Ok(([("x-wp-total", total.to_string())], axum::Json(orders)).into_response())
}

async fn one(State(shared): Room, Extension(plan): Extension<Plan>, Path(id): Path<String>) -> Answer {
    let mut guard = shared.lock();
    let inner = &mut *guard;
    let order = find(&inner.market, &id)?;
    if order.state.is_dead() && !plan.answer_is_lost() {
        inner.judge.told_canceled(&order.id);
    }
    ok(wire(&inner.market, order))
}

fn find<'m>(market: &'m Market, id: &str) -> Result<&'m Order, Refusal> {
    let place = id.parse::<usize>().ok().and_then(|id| id.checked_sub(FIRST_ID));
    let found = place.and_then(|place| market.orders.get_index(place));
    found
        .map(|(_, order)| order)
        .ok_or_else(|| Refusal::new(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID."))
}

// ------------------------------------------------------------------------------------------------- an order

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// UTC, without saying so.
fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

fn number_of(market: &Market, order: &Order) -> usize {
    FIRST_ID + market.orders.get_index_of(&order.id).unwrap_or_default()
}

fn line_number(market: &Market, order: &Order, index: usize) -> usize {
    number_of(market, order) * LINES + index
}

fn status(order: &Order) -> &'static str {
    match order.state {
        OrderState::Staging => "checkout-draft",
        OrderState::WaitingAcceptance | OrderState::WaitingDebit => "pending",
        OrderState::WaitingDebitPayment => "on-hold",
        OrderState::Shipping | OrderState::ToCollect => "processing",
        OrderState::Shipped | OrderState::Received | OrderState::Closed => "completed",
        OrderState::Refused | OrderState::Canceled => "cancelled",
    }
}

fn wire(market: &Market, order: &Order) -> Value {
    let decimal = |minor: i64| amount(minor, &order.currency).to_string();
    let price = |line: &Line| line.price_minor.saturating_mul(i64::from(line.quantity));
    let total = order.lines.iter().fold(order.shipping_price_minor, |sum, line| sum.saturating_add(price(line)));
    let (first, last) = order.buyer.split_once(' ').unwrap_or(("", &order.buyer));
    let address = json!({ "first_name": first, "last_name": last, "company": "", "address_1": "1 Sandbox Street",
        "address_2": "", "city": "Nowhere", "state": "", "postcode": "00000", "country": "FR" });
    let mut billing = address.clone();
    (billing["email"], billing["phone"]) = (json!("buyer@buyers.sandbox.example"), json!("+00 000 000 000"));
    let line = |(index, line): (usize, &Line)| {
        json!({ "id": line_number(market, order, index), "name": line.title, "product_id": line.offer_id,
            "variation_id": 0, "quantity": line.quantity, "sku": line.sku, "subtotal": decimal(price(line)),
            "total": decimal(price(line)), "total_tax": "0.00", "taxes": [], "meta_data": [] })
    };
    let parcels: Vec<Value> = parcels(market, order).map(|parcel| item(market, order, parcel)).collect();
    let field = json!({ "id": 1, "key": PARCELS, "value": parcels });
    let completed = (status(order) == "completed").then(|| stamp(order.updated));
    json!({
        "id": number_of(market, order), "number": number_of(market, order).to_string(), "status": status(order),
        "currency": order.currency, "prices_include_tax": true, "date_created_gmt": stamp(order.created),
        "date_modified_gmt": stamp(order.updated), "date_paid_gmt": order.paid.map(stamp), "date_completed_gmt": completed,
        "total": decimal(total), "shipping_total": decimal(order.shipping_price_minor), "customer_note": "",
        "billing": billing, "shipping": address,
        "line_items": order.lines.iter().enumerate().map(line).collect::<Vec<_>>(),
        "shipping_lines": [], "fee_lines": [], "refunds": [],
        "meta_data": if parcels.is_empty() { Vec::new() } else { vec![field] },
    })
}

fn parcels<'m>(market: &'m Market, order: &Order) -> impl Iterator<Item = &'m Shipment> {
    let id = order.id.clone();
    market.shipments.iter().filter(move |shipment| shipment.order_id == id)
}

/// The name a parcel has in its order.
fn reference(parcel: &Shipment) -> &str {
    parcel.lines.iter().find_map(|line| line.package_reference.as_deref()).unwrap_or(&parcel.id)
}

fn item(market: &Market, order: &Order, parcel: &Shipment) -> Value {
    let of_line = |id: &str| order.lines.iter().position(|line| line.id == id).unwrap_or_default();
    let line = |line: &super::model::ShipmentLine| json!({ "item_id": line_number(market, order, of_line(&line.order_line_id)).to_string(), "qty": line.quantity });
    json!({
        "tracking_provider": "",
        "custom_tracking_provider": parcel.tracking.as_ref().and_then(|t| t.carrier_name.as_deref()),
        "custom_tracking_link": parcel.tracking.as_ref().and_then(|t| t.tracking_url.as_deref()),
        "tracking_number": parcel.number(),
        "date_shipped": parcel.shipped.map(|at| at.as_second().to_string()),
        "tracking_id": reference(parcel),
        "products_list": parcel.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

// ------------------------------------------------------------------------------------------------- a change of one

#[derive(Deserialize)]
struct Update {
    #[serde(default)]
    meta_data: Vec<Field>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Field {
    key: String,
    value: Value,
}

#[derive(Deserialize)]
struct Item {
    custom_tracking_provider: Option<String>,
    custom_tracking_link: Option<String>,
    tracking_number: Option<String>,
    tracking_id: String,
    #[serde(default)]
    products_list: Vec<Units>,
}

/// A line's number, as a text or not.
#[derive(Deserialize)]
struct Units {
    item_id: Value,
    qty: u32,
}

async fn change(State(shared): Room, Path(id): Path<String>, body: Bytes) -> Answer {
    let update: Update = json_body(&body)?;
    let mut guard = shared.lock();
    let inner = &mut *guard;
    let order = find(&inner.market, &id)?.clone();
    for field in update.meta_data.into_iter().filter(|field| field.key == PARCELS) {
        let items: Vec<Item> = serde_json::from_value(field.value)
            .map_err(|e| Refusal::invalid(format!("The parcels are not as the extension writes them: {e}.")))?;
        inner.put_parcels(&order, items);
    }
    match update.status.as_deref() {
        Some("completed") if status(inner.market.order(&order.id)?) != "completed" => {
            inner.judge.accuse("completed-early", &order.id, "not all of its units are in parcels");
        }
        Some("cancelled") if !order.state.is_dead() => {
            inner.market.cancel(&order.id)?;
            inner.judge.told_canceled(&order.id);
        }
        _ => {}
    }
    ok(wire(&inner.market, find(&inner.market, &id)?))
}

impl Inner {
    /// The shop takes any list: it is the judge who minds.
    fn put_parcels(&mut self, order: &Order, items: Vec<Item>) {
        let known: Vec<(String, Option<String>)> =
            parcels(&self.market, order).map(|p| (reference(p).to_owned(), p.number().map(str::to_owned))).collect();
        for (reference, _) in known.iter().filter(|(reference, _)| items.iter().all(|i| i.tracking_id != *reference)) {
            self.judge.accuse("parcel-lost", &order.id, format!("parcel {reference} is no longer there"));
        }
        for item in items {
            let package = format!("order {} parcel {}", order.id, item.tracking_id);
            self.judge.number(&package, item.tracking_number.as_deref());
            if known.iter().any(|(reference, _)| *reference == item.tracking_id) {
                continue;
            }
            self.judge.ships(&order.id);
            if self.put_parcel(order, item).is_err() {
                self.judge.over_shipped(&order.id);
            }
        }
    }

    fn put_parcel(&mut self, order: &Order, item: Item) -> Result<(), Refusal> {
        let lines = item.products_list.iter().map(|units| {
            let id = units.item_id.as_str().map_or_else(|| units.item_id.to_string(), str::to_owned);
            let numbers = |(index, _): &(usize, &Line)| line_number(&self.market, order, *index).to_string() == id;
            ParcelLine {
                order_line_id: order.lines.iter().enumerate().find(numbers).map(|(_, line)| line.id.clone()),
                offer_sku: None,
                quantity: units.qty,
                package_reference: Some(item.tracking_id.clone()),
            }
        });
        let lines = lines.collect();
        let tracking = Tracking {
            carrier_name: item.custom_tracking_provider,
            tracking_number: item.tracking_number,
            tracking_url: item.custom_tracking_link,
            ..Tracking::default()
        };
        let parcel = self.market.pack(&order.id, lines, Some(tracking))?;
        self.market.send(&parcel, ShipmentState::Shipped)
    }
}

#[derive(Deserialize)]
struct Note {
    note: String,
}

async fn notes(State(shared): Room, Path(id): Path<String>) -> Answer {
    let inner = shared.lock();
    let order = find(&inner.market, &id)?;
    let told = inner.notes.get(&order.id).into_iter().flatten().enumerate();
    ok(told.map(|(id, note)| json!({ "id": id + 1, "note": note, "customer_note": true })).collect())
}

async fn tell(State(shared): Room, Path(id): Path<String>, body: Bytes) -> Answer {
    let Note { note } = json_body(&body)?;
    let mut guard = shared.lock();
    let inner = &mut *guard;
    let order = find(&inner.market, &id)?.id.clone();
    inner.market.touch(&order);
    let told = inner.notes.entry(order.clone()).or_default();
    if told.contains(&note) {
        inner.judge.accuse("told-twice", &order, "the same note to the buyer");
    }
    told.push(note);
    created(json!({ "id": told.len(), "customer_note": true }))
}

// ------------------------------------------------------------------------------------------------- products

async fn products(State(shared): Room, Query(params): Params) -> Answer {
    let skus: Vec<&str> = param(&params, "sku").unwrap_or_default().split(',').collect();
    let inner = shared.lock();
    let found = skus.iter().filter_map(|sku| inner.market.offers.by_sku.get(*sku));
    ok(found.map(|offer| json!({ "id": offer.offer_id, "sku": offer.sku, "parent_id": 0, "type": "simple" })).collect())
}

#[derive(Deserialize)]
struct Batch {
    #[serde(default)]
    update: Vec<Map<String, Value>>,
}

/// 200 whatever becomes of the items; each has its own result.
async fn set_products(State(shared): Room, body: Bytes) -> Answer {
    let Batch { update } = json_body(&body)?;
    let mut inner = shared.lock();
    let mut set = |fields: &Map<String, Value>| {
        let id = fields.get("id").and_then(Value::as_u64).unwrap_or_default();
        let offer = inner.market.offers.by_sku.values_mut().find(|offer| offer.offer_id == id);
        match offer.ok_or("Invalid ID.").and_then(|offer| set_product(offer, fields)) {
            Ok(()) => json!({ "id": id }),
            Err(why) => json!({ "id": id, "error": { "code": "woocommerce_rest_invalid", "message": why } }),
        }
    };
    let results: Vec<Value> = update.iter().map(&mut set).collect();
    ok(json!({ "update": results }))
}

fn set_product(offer: &mut Offer, fields: &Map<String, Value>) -> Result<(), &'static str> {
    if let Some(quantity) = fields.get("stock_quantity") {
        let quantity = quantity.as_u64().and_then(|quantity| u32::try_from(quantity).ok());
        offer.quantity = quantity.ok_or("stock_quantity is no number of units")?;
    }
    if let Some(price) = fields.get("regular_price") {
        let price = price.as_str().and_then(|price| parse_minor(price, CURRENCY));
        offer.price_minor = price.ok_or("regular_price is no amount")?;
    }
    Ok(())
}
