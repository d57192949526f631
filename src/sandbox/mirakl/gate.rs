//! What happens before and after every call: the key, the limits, the faults, the log.
use super::{BODY_BYTES_MAX, Room};
use crate::sandbox::Inner;
use crate::sandbox::faults::{Mishap, Plan};
use crate::sandbox::judge::Logged;
use crate::sandbox::market::Refusal;
use crate::sandbox::socket::Scissors;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use std::time::Duration;

/// Bytes of a typical status line with headers, so that a cut lands in the body.
const HEAD_BYTES: u64 = 130;

/// Key, limits and faults; what comes through is logged with the answer it got.
pub(super) async fn gate(
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
