//! What an answer means. The document lists codes for OR21 only; the shape of an error is `{status, message}`, with a
//! code where there is one.
use serde::Deserialize;

use crate::market::{Response, Verdict};
use crate::value::text;

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

const MESSAGE_CHARS_MAX: usize = 300;

pub(super) fn of(response: &Response) -> Verdict {
    match response.status {
        200..=299 => Verdict::Ok,
        401 => Verdict::Reauthenticate,
        403 => Verdict::Fatal(words(response)),
        300..=399 => Verdict::Fatal("it sends elsewhere; the account's address is not the one of its API".to_owned()),
        429 => Verdict::Retry(response.retry_after()),
        408 | 500..=599 => Verdict::Retry(response.retry_after()),
        // The order is not where the call needs it: it may have been done before. The caller reads the order to know.
        _ if code(response).as_deref() == Some("ORDER_INVALID_STATE") => Verdict::AlreadyDone,
        _ => Verdict::Rejected(words(response)),
    }
}

fn refusal(response: &Response) -> Option<Refusal> {
    serde_json::from_slice(&response.body).ok()
}

fn code(response: &Response) -> Option<String> {
    refusal(response)?.code
}

/// The operator's own words, else the status.
pub(super) fn words(response: &Response) -> String {
    let told = refusal(response).and_then(|r| r.message.or(r.code)).filter(|told| !told.trim().is_empty());
    match told {
        Some(told) => text::cut_chars(&told, MESSAGE_CHARS_MAX).to_owned(),
        None => format!("status {}", response.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_answer_has_a_meaning() {
        let answer = |status: u16, body: &str| Response {
            status,
            headers: vec![("retry-after".to_owned(), "7".to_owned())],
            body: body.as_bytes().to_vec(),
        };
        let seven = Some(Duration::from_secs(7));
        let moved_on = r#"{"status":400,"code":"ORDER_INVALID_STATE","message":"not there"}"#;
        for (status, body, verdict) in [
            (200, "{}", Verdict::Ok),
            (204, "", Verdict::Ok),
            (401, "", Verdict::Reauthenticate),
            (403, r#"{"message":"shop is closed"}"#, Verdict::Fatal("shop is closed".to_owned())),
            (429, "", Verdict::Retry(seven)),
            (503, "<html>", Verdict::Retry(seven)),
            (400, moved_on, Verdict::AlreadyDone),
            (404, r#"{"message":"no order"}"#, Verdict::Rejected("no order".to_owned())),
            (400, "<html>", Verdict::Rejected("status 400".to_owned())),
            (422, r#"{"code":"X","message":" "}"#, Verdict::Rejected("status 422".to_owned())),
        ] {
            assert_eq!(of(&answer(status, body)), verdict, "{status} {body}");
        }
        assert!(matches!(of(&answer(302, "")), Verdict::Fatal(_)));
    }
}
