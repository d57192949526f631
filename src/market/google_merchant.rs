//! Google Merchant Center through the Merchant API: whole offers out, one call each. It sends no orders.
//!
//! Facts: <https://developers.google.com/merchant/api/reference/rest/products_v1/accounts.productInputs> (insert is an
//! upsert; an offer is named `language~label~id`, in unpadded base64url where the id holds `/`, `%` or `~`), service
//! accounts as of <https://developers.google.com/identity/protocols/oauth2/service-account> (RFC 7523).
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Account, Acknowledge, Body, Capabilities, Connector, Grant, Granularity, ItemResult, Limit, Method, OrderPage,
    Parcel, Port, PullFrom, Receipt, Request, Response, Secret, Submitted, Verdict, WholeOffer,
};
use crate::diagnostic::{Error, Kind, Result};
use crate::order::Order;

pub(super) const URL: &str = "https://merchantapi.googleapis.com";
const SCOPE: &str = "https://www.googleapis.com/auth/content";
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Seconds an assertion is good for; the most Google takes is an hour.
const ASSERTION_LIFE: i64 = 600;
/// Calls on the way at the same time.
const AT_ONCE: usize = 8;
/// Below so many offers for each, one thread does.
const WORTH_A_THREAD: usize = 8;
/// Google counts calls by the minute and account, and tells nobody how many it allows; ten a second pass for new accounts.
static LIMITS: &[Limit] =
    &[Limit { operation: "product inputs", burst: 100, refill: std::time::Duration::from_millis(100) }];

pub(super) struct GoogleMerchant {
    account: String,
    data_source: String,
}

/// What of a service account's key file is needed.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    token_uri: String,
}

/// `{"error": {"code": 400, "message": "…", "status": "INVALID_ARGUMENT"}}`
#[derive(Deserialize)]
struct Refusal {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: String,
}

impl GoogleMerchant {
    pub fn new(account: &Account) -> Result<Self> {
        let id = account.shop_id.clone().ok_or_else(|| {
            Error::usage(
                "market/no-option",
                format!("{} needs `shop_id`: the number of the Merchant Center account", account.name),
            )
            .help("add shop_id = \"1234567\" to its section")
        })?;
        let data_source =
            account.needed("data_source", "the number of a primary data source whose input is the API")?;
        Ok(GoogleMerchant { account: id, data_source: data_source.to_owned() })
    }

    fn request(&self, method: Method, segments: &[&str]) -> Result<Request> {
        let base = ["products", "v1", "accounts", &self.account];
        let request = Request::new(method, "product inputs", &[&base, segments].concat())?;
        let source = format!("accounts/{}/dataSources/{}", self.account, self.data_source);
        Ok(request.query("dataSource", source).repeatable())
    }

    fn tell_one(&self, port: &dyn Port, offer: &WholeOffer) -> Result<ItemResult> {
        let request = match offer.gone {
            true => self.request(Method::Delete, &["productInputs", &name(&offer.body)?])?,
            false => {
                // the method's colon is no part of a segment
                let mut request = self.request(Method::Post, &["productInputs"])?;
                request.path.push_str(":insert");
                request.body(Body::Json(offer.body.clone()))
            }
        };
        let refused = match port.send(request) {
            Ok(answer) if answer.status == 404 && !offer.gone => {
                Some("Google knows no such account or data source".to_owned())
            }
            Ok(_) => None,
            Err(error) if error.kind == Kind::Rejected => Some(error.message),
            Err(error) => return Err(error),
        };
        Ok(ItemResult { sku: offer.id.clone(), refused })
    }
}

/// `en~DE~SKU-1`
fn name(body: &Value) -> Result<String> {
    let part = |key: &str| {
        body[key].as_str().filter(|text| !text.is_empty()).ok_or_else(|| {
            Error::usage("market/no-name", format!("an offer for Google has no `{key}`"))
                .help("its channel needs a language and a feed_label")
        })
    };
    let id = part("offerId")?;
    let name = format!("{}~{}~{id}", part("contentLanguage")?, part("feedLabel")?);
    Ok(if id.contains(['/', '%', '~']) { URL_SAFE_NO_PAD.encode(name) } else { name })
}

fn key_fault(what: &str) -> Error {
    Error::new(Kind::Credentials, "market/credentials", format!("the key is no service account's key file: {what}"))
        .help("key = \"file:/path/key.json\", as Google's console hands it out")
}

/// A signed statement that we are the service account (RFC 7523).
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

impl Connector for GoogleMerchant {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: Default::default(),
            settle: Default::default(),
            shipments: Granularity::Order,
            several_parcels: false,
            acknowledge: Acknowledge::Never,
            pickup: false,
            cancel: false,
            batch_max: 0,
            stock_per_location: false,
            limits: LIMITS,
        }
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        request.headers.push(("authorization".to_owned(), format!("Bearer {}", credentials.reveal())));
        Ok(())
    }

    fn sign_in(&self, grant: &Grant<'_>) -> Result<Option<Request>> {
        let key: KeyFile = serde_json::from_str(grant.key.reveal()).map_err(|_| key_fault("it is no such JSON"))?;
        let form = [("grant_type", GRANT_TYPE.to_owned()), ("assertion", assertion(&key, grant.now)?)];
        let form = form.map(|(name, value)| (name.to_owned(), value));
        let request = Request::new(Method::Post, "sign-in", &["token"])?;
        // the key file names the whole address
        let base = key.token_uri.strip_suffix("/token").unwrap_or(&key.token_uri).to_owned();
        Ok(Some(request.elsewhere(base).body(Body::Form(form.into()))))
    }

    fn pull(&self, _port: &dyn Port, _from: &PullFrom) -> Result<OrderPage> {
        Ok(OrderPage { orders: Vec::new(), unreadable: Vec::new(), next: None, more: false })
    }

    fn order(&self, _port: &dyn Port, _order_id: &str) -> Result<Option<Order>> {
        Ok(None)
    }

    fn parcels(&self, _port: &dyn Port, _order_id: &str) -> Result<Vec<Parcel>> {
        Ok(Vec::new())
    }

    fn ship(&self, _port: &dyn Port, _parcel: &Parcel) -> Result<Receipt> {
        Err(Error::new(Kind::Rejected, "market/unsupported", "Google Merchant Center has no orders")
            .help("ship the order at the marketplace it came from"))
    }

    fn tell_max(&self) -> usize {
        200
    }

    fn tell(&self, port: &dyn Port, offers: &[WholeOffer]) -> Result<Submitted> {
        let threads = offers.len().div_ceil(WORTH_A_THREAD).clamp(1, AT_ONCE);
        let part = offers.len().div_ceil(threads).max(1);
        let answers: Vec<Result<ItemResult>> = thread::scope(|scope| {
            let tell =
                |offers: &[WholeOffer]| offers.iter().map(|offer| self.tell_one(port, offer)).collect::<Vec<_>>();
            let workers: Vec<_> = offers.chunks(part).map(|offers| scope.spawn(move || tell(offers))).collect();
            let ended = |w: thread::ScopedJoinHandle<'_, Vec<_>>| {
                w.join().unwrap_or_else(|_| vec![Err(Error::bug("a thread that tells offers ended"))])
            };
            workers.into_iter().flat_map(ended).collect()
        });
        let (told, failed): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        let told: Vec<ItemResult> = told.into_iter().flatten().collect();
        match failed.into_iter().find_map(Result::err) {
            // what was told is booked; the next batch meets the same trouble, if it lasts
            Some(error) if told.is_empty() || error.kind == Kind::Credentials => Err(error),
            _ => Ok(Submitted { job: None, results: told }),
        }
    }

    fn classify(&self, response: &Response) -> Verdict {
        let reason = || {
            let said = serde_json::from_slice::<Refusal>(&response.body).map(|refusal| refusal.error);
            said.map_or(format!("HTTP {}", response.status), |e| format!("{} ({})", e.message, e.status))
        };
        match response.status {
            200..=299 => Verdict::Ok,
            401 => Verdict::Reauthenticate,
            403 => Verdict::Fatal(reason()),
            404 | 410 => Verdict::Absent,
            408 | 409 | 429 | 500..=599 => Verdict::Retry(response.retry_after()),
            _ => Verdict::Rejected(reason()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_named_by_language_label_and_id() {
        let body = |id: &str| json!({"offerId": id, "contentLanguage": "en", "feedLabel": "DE"});
        assert_eq!(name(&body("SKU-1")).unwrap(), "en~DE~SKU-1");
        assert_eq!(name(&body("A/1~2")).unwrap(), "ZW5-REV-QS8xfjI");
        assert_eq!(name(&json!({"offerId": "A"})).unwrap_err().code, "market/no-name");
    }
}
