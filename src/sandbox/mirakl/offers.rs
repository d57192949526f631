//! OF24, STO01 and PRI01: offers, stock and prices in, and what became of them.
use super::{Answer, Params, Room, created, json_body, ok, page, param};
use crate::sandbox::market::Refusal;
use crate::sandbox::offers::{CURRENCY, ImportKind};
use crate::sandbox::wire;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use memchr::memmem;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct OffersBody {
    offers: Vec<Map<String, Value>>,
}

/// OF24.
pub(super) async fn put_offers(State(shared): Room, body: Bytes) -> Answer {
    let OffersBody { offers } = json_body(&body)?;
    let mut inner = shared.lock();
    let now = inner.market.clock.now();
    created(json!({ "import_id": inner.market.offers.import_offers(now, offers) }))
}

/// STO01.
pub(super) async fn import_stock(State(shared): Room, headers: HeaderMap, body: Bytes) -> Answer {
    let mut inner = shared.lock();
    let now = inner.market.clock.now();
    let id = inner.market.offers.import_stock(now, file_part(&headers, &body)?)?;
    created(json!({ "import_id": id.to_string() }))
}

/// PRI01.
pub(super) async fn import_prices(State(shared): Room, headers: HeaderMap, body: Bytes) -> Answer {
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
pub(super) async fn offer_import(State(shared): Room, Path(id): Path<String>) -> Answer {
    ok(wire::offer_import(shared.lock().market.offers.poll(ImportKind::Offer, &id)?))
}

/// STO02.
pub(super) async fn stock_import(State(shared): Room, Path(id): Path<String>) -> Answer {
    ok(wire::stock_import(shared.lock().market.offers.poll(ImportKind::Stock, &id)?))
}

/// PRI02, for the imports that are named.
pub(super) async fn price_imports(State(shared): Room, Query(params): Params) -> Answer {
    let mut inner = shared.lock();
    let ids = params.iter().filter(|(key, _)| key == "import_id").flat_map(|(_, value)| value.split(','));
    let data = ids.filter_map(|id| inner.market.offers.poll(ImportKind::Price, id).ok().map(wire::price_import));
    ok(json!({ "data": data.collect::<Vec<_>>() }))
}

/// OF03, STO03, PRI03.
pub(super) async fn report(State(shared): Room, Path(id): Path<String>, kind: ImportKind) -> Answer {
    let report = shared.lock().market.offers.error_report(kind, &id)?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], report).into_response())
}

/// OF21, optionally for one `sku`.
pub(super) async fn list_offers(State(shared): Room, Query(params): Params) -> Answer {
    let (offset, max) = page(&params)?;
    let sku = param(&params, "sku");
    let inner = shared.lock();
    let now = inner.market.clock.now();
    let offers: Vec<_> =
        inner.market.offers.by_sku.values().filter(|offer| sku.is_none_or(|sku| sku == offer.sku)).collect();
    let shown = offers.iter().skip(offset).take(max).map(|offer| wire::offer(offer, CURRENCY, now));
    ok(json!({ "offers": shown.collect::<Vec<_>>(), "total_count": offers.len() }))
}
