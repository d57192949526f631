//! The signature of a request: HMAC-SHA256, in hex, over method, whole address, body and time, each on a line.
use jiff::Timestamp;
use ring::hmac;
use url::form_urlencoded;

use crate::diagnostic::{Error, Kind, Result};
use crate::market::{Body, Request, Secret};

pub(super) fn sign(base_url: &str, request: &mut Request, credentials: &Secret, now: Timestamp) -> Result<()> {
    let Some((client, secret)) = credentials.reveal().split_once(':') else {
        let message = "the key of a Kaufland account is client key and secret key, with a colon between them";
        return Err(Error::new(Kind::Credentials, "market/credentials", message)
            .help("join the two that the seller portal shows under Settings, API"));
    };
    let body = match &request.body {
        Body::Json(value) => value.to_string(),
        _ => String::new(),
    };
    let time = now.as_second().to_string();
    let address = address(base_url, request);
    let signed = [request.method.as_str(), &address, &body, &time].join("\n");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature: String = hmac::sign(&key, signed.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect();
    for (name, value) in [("shop-client-key", client), ("shop-timestamp", &time), ("shop-signature", &signature)] {
        request.headers.push((name.to_owned(), value.to_owned()));
    }
    Ok(())
}

/// As it goes over the wire.
fn address(base_url: &str, request: &Request) -> String {
    let mut address = format!("{base_url}{}", request.path);
    if !request.query.is_empty() {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.query).finish();
        address.push('?');
        address.push_str(&query);
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Method;
    use serde_json::json;

    #[test]
    fn a_signature_is_over_everything_that_is_sent() {
        let mut request = Request::new(Method::Post, "offers", &["units", "bulk"]).unwrap().query("storefront", "de");
        request.body = Body::Json(json!([{ "id_unit": 1 }]));
        let now = Timestamp::from_second(1_411_055_926).unwrap();
        let base = "https://sellerapi.kaufland.com/v2";
        sign(base, &mut request, &Secret::new("a-client:a-secret"), now).unwrap();
        let header = |name: &str| request.headers.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
        assert_eq!(header("shop-client-key"), Some("a-client"));
        // computed with another implementation
        let expected = "6727b7e895aafcc03e0f877c3e691aebdeebfcbb50b1b09f5df4d9e1a35be20a";
        assert_eq!(header("shop-signature"), Some(expected));
        let one_part = sign(base, &mut request, &Secret::new("alone"), now).unwrap_err();
        assert_eq!(one_part.code, "market/credentials");
    }
}
