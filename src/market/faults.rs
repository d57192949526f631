//! What every connector says in the same words: refusals, parcels with two numbers, and what a status means by itself.
use crate::diagnostic::{Error, Kind};
use crate::market::{Parcel, Response, Verdict};
use crate::value::text;

const WORDS_CHARS_MAX: usize = 300;

pub(super) fn rejected(message: impl Into<String>) -> Error {
    Error::new(Kind::Rejected, "market/rejected", message).help("look at the order on the marketplace's own pages")
}

pub(super) fn no_such_order(order_id: &str) -> Error {
    rejected(format!("the marketplace does not know order {order_id}"))
}

/// It is in a state in which the marketplace does not take this any more.
pub(super) fn moved_on(order_id: &str, state: &str) -> Error {
    rejected(format!("order {order_id} is in {state} by now"))
}

/// It will take this later.
pub(super) fn not_yet(order_id: &str, state: &str) -> Error {
    let message = format!("order {order_id} is in {state}, where the marketplace does not take this yet");
    Error::new(Kind::Unavailable, "market/not-yet", message).help("nothing is lost: it is tried again on the next run")
}

pub(super) fn conflict(parcel: &Parcel, known: Option<&str>) -> Error {
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

/// One sentence says why.
pub(super) fn order_unreadable(order_id: &str, why: &str) -> Error {
    let message = format!("order {order_id} cannot be read: {why}");
    Error::new(Kind::Unavailable, "market/order-unreadable", message)
        .help("run it again; if it stays, please report it with this message")
}

pub(super) fn parcels_unreadable(why: &str) -> Error {
    Error::new(Kind::Unavailable, "market/unreadable", format!("the marketplace's parcels cannot be read: {why}"))
        .help("run it again; if it stays, please report it with this message")
}

/// What an answer means where a marketplace means nothing else by its status. `told` are its own words, if it has any.
pub(super) fn verdict(response: &Response, told: Option<String>) -> Verdict {
    match response.status {
        200..=299 => Verdict::Ok,
        401 => Verdict::Reauthenticate,
        403 => Verdict::Fatal(words(response, told)),
        300..=399 => Verdict::Fatal("it sends elsewhere; the account's address is not the one of its API".to_owned()),
        404 => Verdict::Absent,
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
    text::cut_chars(&told, WORDS_CHARS_MAX).to_owned()
}
