//! GraphQL over HTTP: one address, questions and changes alike by POST, and a 200 whatever became of them.
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Body, Method, Request, Response};
use crate::diagnostic::{Error, Kind, Result};

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
}

#[derive(Deserialize)]
struct Faults {
    #[serde(default)]
    errors: Vec<Fault>,
}

/// Why nothing, or not all of it, was answered.
#[derive(Deserialize)]
pub(super) struct Fault {
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    extensions: Value,
}

impl Fault {
    pub fn code(&self) -> Option<&str> {
        self.extensions.get("code")?.as_str()
    }
}

/// A change. It must not be repeated blindly; a question is made of it with [`Request::reading`].
pub(super) fn request(operation: &'static str, path: &[&str], document: &str, variables: Value) -> Result<Request> {
    let body = json!({ "query": document, "variables": variables });
    Ok(Request::new(Method::Post, operation, path)?.body(Body::Json(body)))
}

pub(super) fn faults(response: &Response) -> Vec<Fault> {
    serde_json::from_slice(&response.body).map_or_else(|_| Vec::new(), |told: Faults| told.errors)
}

/// # Errors
/// `market/unreadable` when the data is not there, or not what was asked for.
pub(super) fn data<T: DeserializeOwned>(response: &Response) -> Result<T> {
    let told: Answer<T> = response.json()?;
    told.data.ok_or_else(|| {
        Error::new(Kind::Unavailable, "market/unreadable", "the answer holds neither data nor a reason")
            .help("run it again; if it stays, the account's address may be wrong")
    })
}
