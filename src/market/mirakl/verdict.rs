//! What an answer means. The document lists codes for OR21 only; the shape of an error is `{status, message}`, with a
//! code where there is one.
use serde::Deserialize;

use crate::market::{Response, Verdict, faults};

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

pub(super) fn of(response: &Response) -> Verdict {
    match response.status {
        // The order is not where the call needs it: it may have been done before. The caller reads the order to know.
        400..=499 if refusal(response).and_then(|r| r.code).as_deref() == Some("ORDER_INVALID_STATE") => {
            Verdict::AlreadyDone
        }
        404 => Verdict::Rejected(words(response)),
        _ => faults::verdict(response, told(response)),
    }
}

fn refusal(response: &Response) -> Option<Refusal> {
    serde_json::from_slice(&response.body).ok()
}

fn told(response: &Response) -> Option<String> {
    refusal(response).and_then(|refusal| refusal.message.or(refusal.code))
}

pub(super) fn words(response: &Response) -> String {
    faults::words(response, told(response))
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
            (422, r#"{"errors":["x"]}"#, Verdict::Rejected(r#"status 422, {"errors":["x"]}"#.to_owned())),
        ] {
            assert_eq!(of(&answer(status, body)), verdict, "{status} {body}");
        }
        assert!(matches!(of(&answer(302, "")), Verdict::Fatal(_)));
    }
}
