//! `/_sandbox/*`: the buyer's side and the stage hands. No key is asked for; the sandbox listens on loopback only.
use super::answer::{Answer, Room, json_body};
use super::faults::Faults;
use super::market::Refusal;
use super::model::OrderSpec;
use super::{Inner, Shared};
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_sandbox/orders", post(place))
        .route("/_sandbox/cancel/{id}", post(|room: Room, id: Path<String>| act(room, id, |i, id| i.market.cancel(id))))
        .route("/_sandbox/pay/{id}", post(|room: Room, id: Path<String>| act(room, id, |i, id| i.market.pay(id))))
        .route(
            "/_sandbox/receive/{id}",
            post(|room: Room, id: Path<String>| act(room, id, |i, id| i.market.receive(id))),
        )
        .route("/_sandbox/faults", get(faults).post(set_faults))
        .route("/_sandbox/clock", post(advance))
        .route("/_sandbox/release", post(release))
        .route("/_sandbox/state", get(async |State(shared): Room| Json(shared.lock().snapshot())))
        .route("/_sandbox/verdict", get(async |State(shared): Room| Json(shared.lock().verdict())))
        .with_state(shared)
}

/// A JSON list of [`OrderSpec`]; the answer lists the identifiers.
async fn place(State(shared): Room, body: Bytes) -> Answer {
    let orders: Vec<OrderSpec> = json_body(&body)?;
    let ids = shared.lock().place(orders)?;
    Ok((StatusCode::CREATED, Json(json!({ "order_ids": ids }))).into_response())
}

async fn act(
    State(shared): Room,
    Path(id): Path<String>,
    action: fn(&mut Inner, &str) -> Result<(), Refusal>,
) -> Answer {
    action(&mut shared.lock(), &id)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn faults(State(shared): Room) -> Json<Faults> {
    Json(shared.lock().faults.clone())
}

/// The whole set of [`Faults`]; what is left out is switched off.
async fn set_faults(State(shared): Room, body: Bytes) -> Answer {
    shared.lock().set_faults(json_body(&body)?)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Requests that were held back go on.
async fn release(State(shared): Room) -> StatusCode {
    shared.doorstep.release();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

async fn advance(State(shared): Room, body: Bytes) -> Answer {
    let Advance { advance_seconds } = json_body(&body)?;
    shared.lock().market.clock.advance(advance_seconds);
    Ok(StatusCode::NO_CONTENT.into_response())
}
