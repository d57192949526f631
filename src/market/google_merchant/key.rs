//! A service account's key file, and the statement that is signed with it (RFC 7523).
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;

use crate::diagnostic::{Error, Kind, Result};
use crate::market::{Body, Grant, Method, Request};

const SCOPE: &str = "https://www.googleapis.com/auth/content";
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Seconds an assertion is good for; the most Google takes is an hour.
const ASSERTION_LIFE: i64 = 600;

/// What of it is needed.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    token_uri: String,
}

pub(super) fn sign_in(grant: &Grant<'_>) -> Result<Request> {
    let key: KeyFile = serde_json::from_str(grant.key.reveal()).map_err(|_| key_fault("it is no such JSON"))?;
    let form = [("grant_type", GRANT_TYPE.to_owned()), ("assertion", assertion(&key, grant.now)?)];
    let form = form.map(|(name, value)| (name.to_owned(), value));
    let request = Request::new(Method::Post, "sign-in", &["token"])?;
    // the key file names the whole address
    let base = key.token_uri.strip_suffix("/token").unwrap_or(&key.token_uri).to_owned();
    Ok(request.elsewhere(base).body(Body::Form(form.into())))
}

fn key_fault(what: &str) -> Error {
    Error::new(Kind::Credentials, "market/credentials", format!("the key is no service account's key file: {what}"))
        .help("key = \"file:/path/key.json\", as Google's console hands it out")
}

/// A signed statement that we are the service account.
fn assertion(key: &KeyFile, now: Timestamp) -> Result<String> {
    let der =
        PrivatePkcs8KeyDer::from_pem_slice(key.private_key.as_bytes()).map_err(|_| key_fault("no private_key"))?;
    let pair =
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| key_fault("its private_key is no RSA key"))?;
    let seconds = now.as_second();
    let claims = json!({
        "iss": key.client_email, "scope": SCOPE, "aud": key.token_uri, "iat": seconds, "exp": seconds + ASSERTION_LIFE,
    });
    let head = json!({"alg": "RS256", "typ": "JWT"});
    let said = format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), said.as_bytes(), &mut signature)
        .map_err(|_| key_fault("it cannot sign"))?;
    Ok(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
