//! What happens before and after every call, whatever its dialect: the key, the limits, the faults, the log.
use super::Inner;
use super::answer::{BODY_BYTES_MAX, Room};
use super::faults::{Mishap, Plan};
use super::judge::Logged;
use super::market::Refusal;
use super::socket::Scissors;
use super::{ebay, woocommerce};
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use std::time::Duration;

/// Bytes of a typical status line with headers, so that a cut lands in the body.
const HEAD_BYTES: u64 = 130;

/// What a call answers with a page of orders.
const LISTS: [&str; 3] = ["GET /api/orders", woocommerce::LIST, ebay::LIST];

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
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|key| key.to_str().ok()).unwrap_or_default();
    let (plan, slow_ms, refusal) = {
        let mut inner = shared.lock();
        let door = door(request.uri().path(), shown, &shared.api_key, inner.market.clock.now());
        inner.admit(&operation, &line, door)
    };
    tokio::time::sleep(Duration::from_millis(if plan.slow { slow_ms } else { 0 })).await;
    let mut response = match refusal {
        Some(refusal) => refusal,
        None => {
            request.extensions_mut().insert(plan);
            next.run(request).await
        }
    };
    let (lost, held) = match plan.mishap {
        Some(Mishap::ResetBefore | Mishap::ResetAfter) => (true, false),
        Some(Mishap::HoldBefore | Mishap::HoldAfter) => (true, true),
        _ => (false, false),
    };
    let status = (!lost).then(|| response.status().as_u16());
    shared.lock().judge.log(Logged { method, path, status, mishap: plan.mishap });
    if held {
        shared.doorstep.wait().await;
    }
    if lost {
        scissors.cut_after(0);
    } else if plan.mishap == Some(Mishap::Truncate) {
        response = truncated(response, &scissors).await;
    }
    response
}

/// `/api/orders/{}/ship` for the ship call of any order: the calls' own names are of small letters only.
fn without_ids(path: &str) -> String {
    let is_name = |segment: &str| segment.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-'));
    let segments: Vec<&str> = path.split('/').map(|segment| if is_name(segment) { segment } else { "{}" }).collect();
    segments.join("/")
}

/// Whether a request may come in.
#[derive(Clone, Copy, PartialEq)]
enum Door {
    Open,
    /// What it shows was good once.
    Expired,
    Closed,
}

fn door(path: &str, shown: &str, key: &str, now: Timestamp) -> Door {
    let basic = || format!("Basic {}", STANDARD.encode(key));
    let opens = match path {
        _ if path.starts_with(ebay::API) => match shown.strip_prefix("Bearer ").and_then(|t| ebay::sold_at(t, key)) {
            Some(sold) if now.duration_since(sold) > ebay::TOKEN_LASTS => return Door::Expired,
            sold => sold.is_some(),
        },
        _ if path.starts_with(woocommerce::API) || path == ebay::TOKENS => shown == basic(),
        _ => shown == key,
    };
    if opens { Door::Open } else { Door::Closed }
}

impl Inner {
    /// What is to go wrong with a request, how slowly it is answered, and the answer when it is to go no further.
    fn admit(&mut self, operation: &str, line: &str, door: Door) -> (Plan, u64, Option<Response>) {
        let now = self.market.clock.now();
        let plan = self.dice.plan(&self.faults, line, LISTS.contains(&operation));
        let over_limit = self.judge.admit(operation, now, &self.faults);
        let answer = if matches!(plan.mishap, Some(Mishap::ResetBefore | Mishap::HoldBefore)) {
            Some(StatusCode::SERVICE_UNAVAILABLE.into_response())
        } else if door != Door::Open {
            if door == Door::Closed {
                self.judge.unauthorized(operation);
            }
            Some(Refusal::new(401, "UNAUTHORIZED", "The key is missing, wrong or too old.").into_response())
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
