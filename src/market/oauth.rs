//! Access tokens bought with an application's id and secret (RFC 6749). The merchant's key is `id:secret`.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::diagnostic::{Error, Kind, Result};
use crate::market::{Body, Grant, Leave, Method, Request, Secret};

/// The operation of every request that buys a token.
const SIGN_IN: &str = "sign-in";

/// RFC 8628, section 3.4.
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Id and secret.
///
/// # Errors
/// `market/credentials`.
pub(super) fn client(key: &Secret) -> Result<(&str, &str)> {
    key.reveal().split_once(':').filter(|(id, secret)| !id.is_empty() && !secret.is_empty()).ok_or_else(|| {
        Error::new(Kind::Credentials, "market/credentials", "the key is not an application's id and secret")
            .help("the key is both with a colon between them: id:secret")
    })
}

/// # Errors
/// `market/credentials`.
pub(super) fn refresh_token<'a>(grant: &Grant<'a>) -> Result<&'a str> {
    grant.refresh_token.map(Secret::reveal).ok_or_else(|| {
        Error::new(Kind::Credentials, "market/credentials", "there is no refresh token")
            .help("`purvey channel login` lets purvey in; or add refresh_token = \"env:NAME\" to its [market.NAME]")
    })
}

/// What a token is asked for with: leave that was given just now, else the refresh token. `redirect` is the address that
/// a code came with.
pub(super) fn grant<'a>(grant: &Grant<'a>, redirect: &'a str) -> Result<Vec<(&'a str, &'a str)>> {
    Ok(match grant.leave {
        Some(Leave::Device(code)) => vec![("grant_type", DEVICE), ("device_code", code)],
        Some(Leave::Code { code, verifier }) => vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ],
        None => vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token(grant)?)],
    })
}

/// A form to the address of tokens, with id and secret in the header (section 2.3.1).
pub(super) fn sign_in(key: &Secret, segments: &[&str], form: &[(&str, &str)]) -> Result<Request> {
    client(key)?;
    let request = Request::new(Method::Post, SIGN_IN, segments)?.body(form_of(form));
    Ok(request.header("authorization", format!("Basic {}", STANDARD.encode(key.reveal()))))
}

/// A form to the address of tokens, with id and secret in it.
pub(super) fn sign_in_by_form(key: &Secret, base: &str, segments: &[&str], form: &[(&str, &str)]) -> Result<Request> {
    let (id, secret) = client(key)?;
    let form = [form, &[("client_id", id), ("client_secret", secret)]].concat();
    Ok(Request::new(Method::Post, SIGN_IN, segments)?.elsewhere(base).body(form_of(&form)))
}

pub(super) fn bearer(request: &mut Request, token: &Secret) {
    request.headers.push(("authorization".to_owned(), format!("Bearer {}", token.reveal())));
}

fn form_of(pairs: &[(&str, &str)]) -> Body {
    Body::Form(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// # Errors
/// `market/no-option`.
pub(super) fn redirect<'a>(option: Option<&'a str>, what: &str) -> Result<&'a str> {
    option.ok_or_else(|| {
        Error::usage("market/no-option", format!("signing in needs `redirect_uri`: {what}"))
            .help("add redirect_uri = \"…\" to the marketplace's [market.NAME.options]")
    })
}

/// The address of a page on which leave is given.
///
/// # Errors
/// Only a fault of ours: an address that is none.
pub(super) fn page(base: &str, path: &str, query: &[(&str, &str)]) -> Result<String> {
    let address = Url::parse_with_params(&format!("{base}{path}"), query);
    address.map(String::from).map_err(|e| Error::bug("the address of a sign-in is none").source(e))
}
