//! What the routes of every dialect share: how questions are read and answers written.
use super::Shared;
use super::market::Refusal;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use std::sync::Arc;

pub(super) const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

pub(super) type Answer = Result<Response, Refusal>;
pub(super) type Room = State<Arc<Shared>>;
pub(super) type Params = Query<Vec<(String, String)>>;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(json!({ "status": self.status, "code": self.code, "message": self.message }))).into_response()
    }
}

pub(super) fn json_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|e| Refusal::invalid(format!("The body is not as documented: {e}.")))
}

pub(super) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

pub(super) fn ok(body: Value) -> Answer {
    Ok(Json(body).into_response())
}

pub(super) fn created(body: Value) -> Answer {
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

pub(super) fn param<'p>(params: &'p [(String, String)], name: &str) -> Option<&'p str> {
    params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

pub(super) fn moment(name: &str, text: &str) -> Result<Timestamp, Refusal> {
    text.parse().map_err(|_| Refusal::invalid(format!("{name} is no date-time: '{text}'.")))
}

pub(super) fn date(params: &[(String, String)], name: &str) -> Result<Option<Timestamp>, Refusal> {
    param(params, name).map(|text| moment(name, text)).transpose()
}

pub(super) fn number(
    params: &[(String, String)],
    name: &str,
    default: usize,
    allowed: RangeInclusive<usize>,
) -> Result<usize, Refusal> {
    let value = param(params, name).map_or(Ok(default), str::parse);
    value.ok().filter(|n| allowed.contains(n)).ok_or_else(|| Refusal::invalid(format!("{name} is out of range.")))
}
