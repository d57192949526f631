//! One request and its answer as they are kept in a file: readable, comparable, and fit to be shown to anyone.
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Lost, Outcome, redact};
use crate::market::{Body, Method, Request, Response, Secret};

/// Headers that tell something and betray nobody, and are the same the next day.
const HEADERS: &[&str] = &["accept", "content-type", "location", "retry-after", "link", "x-wp-total"];

/// Headers that open a session: that they were there is kept, and nothing of what they said.
const SESSIONS: &[&str] = &["vendure-auth-token"];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub request: Sent,
    #[serde(flatten)]
    pub outcome: Kept,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kept {
    Answer { status: u16, headers: Vec<(String, String)>, body: Content },
    Lost(Lost),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sent {
    pub method: Method,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Content,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    None,
    Json(Value),
    Form(Vec<(String, String)>),
    File { field: String, name: String, media_type: String, text: String },
    Text(String),
}

impl Content {
    pub fn to_text(&self) -> String {
        match self {
            Content::None => String::new(),
            Content::Json(value) => value.to_string(),
            Content::Form(pairs) => pairs.iter().map(|(name, value)| format!("{name}={value}\n")).collect(),
            Content::File { text, .. } | Content::Text(text) => text.clone(),
        }
    }
}

impl Exchange {
    pub fn of(request: &Request, outcome: &Outcome, secrets: &[Secret]) -> Self {
        let outcome = match outcome {
            Outcome::Lost(lost) => Kept::Lost(lost.clone()),
            Outcome::Answered(response) => Kept::Answer {
                status: response.status,
                headers: headers(&response.headers),
                body: content(&response.body, secrets),
            },
        };
        Exchange { request: Sent::of(request, secrets), outcome }
    }
}

impl Sent {
    pub fn of(request: &Request, secrets: &[Secret]) -> Self {
        let body = match &request.body {
            Body::None => Content::None,
            Body::Json(value) => Content::Json(without(redact::json(value), secrets)),
            Body::Form(pairs) => Content::Form(blank_pairs(pairs, secrets)),
            Body::Raw { bytes, .. } => content(bytes, secrets),
            Body::File { field, name, media_type, bytes } => Content::File {
                field: (*field).to_owned(),
                name: name.clone(),
                media_type: (*media_type).to_owned(),
                text: hide(&redact::document(&String::from_utf8_lossy(bytes)), secrets),
            },
        };
        Sent {
            method: request.method,
            base: request.base.clone(),
            path: hide(&request.path, secrets),
            query: blank_pairs(&request.query, secrets),
            headers: headers(&request.headers),
            body,
        }
    }

    /// The first part in which two requests differ. Headers do not count, and neither do ids that a connector makes
    /// up, which are others at every run.
    pub fn difference(&self, other: &Sent) -> Option<&'static str> {
        [
            ("method", self.method == other.method),
            ("address", self.base == other.base),
            ("path", made_up_ids(&self.path) == made_up_ids(&other.path)),
            ("query", self.query == other.query),
            ("body", self.body == other.body),
        ]
        .into_iter()
        .find_map(|(part, same)| (!same).then_some(part))
    }
}

impl Kept {
    pub fn into_outcome(self) -> Outcome {
        match self {
            Kept::Lost(lost) => Outcome::Lost(lost),
            Kept::Answer { status, headers, body } => {
                Outcome::Answered(Response { status, headers, body: body.to_text().into_bytes() })
            }
        }
    }
}

/// A path without its made-up ids: they are UUIDs of version 8 (RFC 9562), which no marketplace gives out.
fn made_up_ids(path: &str) -> Vec<&str> {
    let is_made_up = |segment: &str| segment.len() == 36 && segment.as_bytes().get(14) == Some(&b'8');
    path.split('/').map(|segment| if is_made_up(segment) { "…" } else { segment }).collect()
}

fn headers(all: &[(String, String)]) -> Vec<(String, String)> {
    let kept = |(name, value): &(String, String)| match name.to_ascii_lowercase() {
        name if HEADERS.contains(&name.as_str()) => Some((name, value.clone())),
        name if SESSIONS.contains(&name.as_str()) => Some((name, "x".to_owned())),
        _ => None,
    };
    all.iter().filter_map(kept).collect()
}

fn content(body: &[u8], secrets: &[Secret]) -> Content {
    if body.is_empty() {
        return Content::None;
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => Content::Json(without(redact::json(&value), secrets)),
        Err(_) => Content::Text(hide(&redact::document(&String::from_utf8_lossy(body)), secrets)),
    }
}

fn blank_pairs(pairs: &[(String, String)], secrets: &[Secret]) -> Vec<(String, String)> {
    let blanked = |(name, value): &(String, String)| {
        let value = if redact::is_personal(name) {
            redact::blank(value)
        } else {
            hide(&redact::told_in_passing(value), secrets)
        };
        (name.clone(), value)
    };
    pairs.iter().map(blanked).collect()
}

fn hide(text: &str, secrets: &[Secret]) -> String {
    let known = secrets.iter().map(Secret::reveal).filter(|secret| !secret.is_empty());
    known.fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
}

/// A server may echo a key back in any field.
fn without(value: Value, secrets: &[Secret]) -> Value {
    match value {
        Value::String(text) => Value::String(hide(&text, secrets)),
        Value::Array(items) => items.into_iter().map(|item| without(item, secrets)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, without(value, secrets))).collect(),
        other => other,
    }
}
