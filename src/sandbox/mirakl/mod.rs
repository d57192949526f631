//! The seller API: which call does what, in the words of the Mirakl seller document (OR11, ST01, ...).
//!
//! The document leaves open how an error is written and how offset pages are asked for. Errors are sent as
//! `{status, code, message}`; `offset` starts at 0, `max` is 10 unless given and at most 100.
mod offers;
mod orders;
mod shipments;

use super::answer::{Answer, Params, Room, created, date, json_body, no_content, number, ok, param};
use super::market::Refusal;
use super::offers::ImportKind;
use super::{Shared, wire};
use axum::extract::Path;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::json;
use std::sync::Arc;

const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;

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
        .with_state(shared)
}

fn page(params: &[(String, String)]) -> Result<(usize, usize), Refusal> {
    Ok((number(params, "offset", 0, 0..=usize::MAX)?, number(params, "max", PAGE_DEFAULT, 1..=PAGE_MAX)?))
}
