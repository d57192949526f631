//! The seller API: which call does what, in the words of the Mirakl seller document (OR11, ST01, ...).
//!
//! The document leaves open how an error is written and how offset pages are asked for. Errors are sent as
//! `{status, code, message}`; `offset` starts at 0, `max` is 10 unless given and at most 100.
mod gate;
mod offers;
mod orders;
mod shipments;

use super::market::Refusal;
use super::offers::ImportKind;
use super::{Shared, wire};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

pub(super) type Answer = Result<Response, Refusal>;
type Room = State<Arc<Shared>>;
type Params = Query<Vec<(String, String)>>;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/api/version", get(async || Json(json!({ "version": "sandbox" }))))
        .route("/api/shipping/carriers", get(async || Json(wire::carriers())))
        .route("/api/orders", get(orders::list_orders))
        .route("/api/orders/{id}/accept", put(orders::accept))
        .route("/api/orders/{id}/tracking", put(orders::track_order))
        .route("/api/orders/{id}/ship", put(orders::ship_order))
        .route("/api/orders/{id}/cancel", put(orders::cancel_order))
        .route("/api/orders/cancel", put(orders::cancel_units))
        .route("/api/orders/refund", put(orders::refund))
        .route("/api/shipments", get(shipments::list).post(shipments::create))
        .route("/api/shipments/tracking", post(shipments::track))
        .route("/api/shipments/ship", put(shipments::ship))
        .route("/api/shipments/ready_for_pick_up", put(shipments::ready_for_pickup))
        .route("/api/offers", get(offers::list_offers).post(offers::put_offers))
        .route("/api/offers/imports/{id}", get(offers::offer_import))
        .route(
            "/api/offers/imports/{id}/error_report",
            get(|r: Room, id: Path<String>| offers::report(r, id, ImportKind::Offer)),
        )
        .route("/api/offers/stock/imports", post(offers::import_stock))
        .route("/api/offers/stock/imports/{id}/status", get(offers::stock_import))
        .route(
            "/api/offers/stock/imports/{id}/error_report",
            get(|r: Room, id: Path<String>| offers::report(r, id, ImportKind::Stock)),
        )
        .route("/api/offers/pricing/imports", get(offers::price_imports).post(offers::import_prices))
        .route(
            "/api/offers/pricing/imports/{id}/error_report",
            get(|r: Room, id: Path<String>| offers::report(r, id, ImportKind::Price)),
        )
        .fallback(async || Refusal::new(404, "NOT_FOUND", "The sandbox has no such call."))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(shared.clone(), gate::gate))
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

fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn ok(body: Value) -> Answer {
    Ok(Json(body).into_response())
}

fn created(body: Value) -> Answer {
    Ok((StatusCode::CREATED, Json(body)).into_response())
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
