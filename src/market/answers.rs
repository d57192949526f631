//! What an answer means where its HTTP status says it all, in whose words a refusal is told, and the errors that all
//! connectors share.
use super::{Parcel, Receipt, Response, Verdict};
use crate::diagnostic::{Error, Kind, Result};
use crate::value::text;

const MESSAGE_CHARS_MAX: usize = 300;

/// `told` are the marketplace's own words, if the answer has any.
pub(super) fn by_status(response: &Response, told: Option<String>) -> Verdict {
    match response.status {
        200..=299 => Verdict::Ok,
        401 => Verdict::Reauthenticate,
        403 => Verdict::Fatal(words(response, told)),
        300..=399 => Verdict::Fatal("it sends elsewhere; the account's address is not the one of its API".to_owned()),
        408 | 429 | 500..=599 => Verdict::Retry(response.retry_after()),
        _ => Verdict::Rejected(words(response, told)),
    }
}

/// The marketplace's own words; else the status, with what came instead of words unless it is a web page.
pub(super) fn words(response: &Response, told: Option<String>) -> String {
    let told = told.filter(|told| !told.trim().is_empty()).unwrap_or_else(|| {
        let body = String::from_utf8_lossy(&response.body);
        match body.trim() {
            "" => format!("status {}", response.status),
            page if page.starts_with('<') => format!("status {}", response.status),
            body => format!("status {}, {body}", response.status),
        }
    });
    text::cut_chars(&told, MESSAGE_CHARS_MAX).to_owned()
}

pub(super) fn rejected(message: impl Into<String>) -> Error {
    Error::new(Kind::Rejected, "market/rejected", message).help("look at the order on the marketplace's own pages")
}

/// It will take this later.
pub(super) fn not_yet(order_id: &str, state: &str) -> Error {
    let message = format!("order {order_id} is in {state}, where the marketplace does not take this yet");
    Error::new(Kind::Unavailable, "market/not-yet", message).help("nothing is lost: it is tried again on the next run")
}

/// It will never take this.
pub(super) fn moved_on(order_id: &str, state: &str) -> Error {
    rejected(format!("order {order_id} is in {state} by now"))
}

pub(super) fn unknown_order(order_id: &str) -> Error {
    rejected(format!("the marketplace does not know order {order_id}"))
}

/// An order of theirs that cannot be read as one of ours.
pub(super) fn order_unreadable(order_id: &str, why: &str) -> Error {
    Error::new(Kind::Rejected, "market/order-unreadable", format!("order {order_id} cannot be read: {why}"))
        .help("please report it with this message")
}

pub(super) fn tracking_conflict(parcel: &Parcel, known: Option<&str>) -> Error {
    let message = format!(
        "parcel {} of order {} is known under number {}, not {}",
        parcel.package_number,
        parcel.order_id,
        known.unwrap_or("none"),
        parcel.tracking_number.as_deref().unwrap_or("none"),
    );
    Error::new(Kind::Rejected, "market/tracking-conflict", message)
        .help("no parcel gets two numbers: correct the wrong one by hand, here or on the marketplace's own pages")
}

/// What the parcels a marketplace has say of one that is to be sent: `None` when it is to be sent. `fits` says whether
/// all its units are still open there; without it a parcel that is not known can only be refused.
///
/// # Errors
/// `market/tracking-conflict` for a parcel that is known under another number, `market/rejected`.
pub(super) fn settled(parcel: &Parcel, known: &[Parcel], fits: bool) -> Result<Option<Receipt>> {
    let number = parcel.tracking_number.as_deref();
    let is_same = |other: &Parcel| sorted(&other.lines) == sorted(&parcel.lines);
    let numbered = |other: &&Parcel| number.is_some() && other.tracking_number.as_deref() == number;
    let bare = |other: &&Parcel| {
        let unnumbered = number.is_none() && other.tracking_number.is_none();
        unnumbered && other.package_number == parcel.package_number && is_same(other)
    };
    if known.iter().any(|other| numbered(&other) || bare(&other)) {
        return Ok(Some(Receipt::AlreadyDone));
    }
    if fits {
        return Ok(None);
    }
    match known.iter().find(|other| is_same(other)) {
        Some(other) => Err(tracking_conflict(parcel, other.tracking_number.as_deref())),
        None => Err(rejected(format!(
            "parcel {} of order {} holds more units than are open there",
            parcel.package_number, parcel.order_id
        ))),
    }
}

fn sorted(lines: &[(String, i64)]) -> Vec<&(String, i64)> {
    let mut lines: Vec<_> = lines.iter().collect();
    lines.sort();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(status: u16, body: &str) -> Response {
        let headers = vec![("retry-after".to_owned(), "7".to_owned())];
        Response { status, headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn every_status_has_a_meaning() {
        let of = |status, body: &str, told: Option<&str>| by_status(&answer(status, body), told.map(str::to_owned));
        let seven = Some(Duration::from_secs(7));
        assert_eq!(of(204, "", None), Verdict::Ok);
        assert_eq!(of(401, "", None), Verdict::Reauthenticate);
        assert_eq!(of(403, "", Some("closed")), Verdict::Fatal("closed".to_owned()));
        assert_eq!(of(429, "", None), Verdict::Retry(seven));
        assert_eq!(of(503, "<html>", None), Verdict::Retry(seven));
        assert_eq!(of(404, "", Some("none")), Verdict::Rejected("none".to_owned()));
        assert_eq!(of(400, "<html>", None), Verdict::Rejected("status 400".to_owned()));
        assert_eq!(of(422, "why", Some(" ")), Verdict::Rejected("status 422, why".to_owned()));
        assert!(matches!(of(302, "", None), Verdict::Fatal(_)));
    }

    fn parcel(package_number: u32, units: i64, number: Option<&str>) -> Parcel {
        Parcel {
            order_id: "O".to_owned(),
            package_number,
            lines: vec![("L".to_owned(), units)],
            carrier: "ups".to_owned(),
            tracking_number: number.map(str::to_owned),
            shipped_at: jiff::Timestamp::UNIX_EPOCH,
            location: None,
            last: false,
        }
    }

    #[test]
    fn a_parcel_is_sent_once_under_one_number() {
        let known = [parcel(1, 1, Some("A")), parcel(2, 2, None)];
        let of = |parcel: &Parcel, fits| settled(parcel, &known, fits).map_err(|error| error.code);
        assert_eq!(of(&parcel(1, 1, Some("A")), false), Ok(Some(Receipt::AlreadyDone)));
        assert_eq!(of(&parcel(3, 1, Some("B")), true), Ok(None));
        assert_eq!(of(&parcel(1, 1, Some("B")), false), Err("market/tracking-conflict"));
        assert_eq!(of(&parcel(2, 2, None), true), Ok(Some(Receipt::AlreadyDone)));
        assert_eq!(of(&parcel(3, 2, None), true), Ok(None));
        assert_eq!(of(&parcel(3, 9, Some("B")), false), Err("market/rejected"));
    }
}
