//! Google Merchant Center through the Merchant API: whole offers and their local and regional inventories out, one call
//! each; what Google finds wrong with them later. It sends no orders.
//!
//! Facts, read 2026-11-25: <https://developers.google.com/merchant/api/reference/rest>, products v1 and inventories v1.
//! Service accounts as of <https://developers.google.com/identity/protocols/oauth2/service-account> (RFC 7523).
//!
//! | file | what it holds |
//! |---|---|
//! | `key` | a service account's key file, and what is signed with it |
//! | `offers` | offers and inventories out |
//! | `found` | what Google found wrong |
//! | `tracking` | parcels of orders that were placed elsewhere |
mod found;
mod key;
mod offers;
mod tracking;

use jiff::Timestamp;
use serde::Deserialize;

use super::*;
use crate::diagnostic::{Error, Result};
use crate::order::Order;

pub(super) const URL: &str = "https://merchantapi.googleapis.com";
/// Names of its options.
pub(super) const OPTIONS: &[&str] = &["data_source", "products", "origin"];
/// Google counts calls by the minute and account, and tells nobody how many it allows; ten a second pass for new accounts.
static LIMITS: &[Limit] =
    &[Limit { operation: offers::OPERATION, burst: 100, refill: std::time::Duration::from_millis(100) }];

pub(super) struct GoogleMerchant {
    account: String,
    /// Whole offers go there; inventories need none.
    data_source: Option<String>,
    /// What its products are called before their ids, `online:en:US`.
    products: Option<String>,
    /// Country and postal code parcels come from whose location does not say.
    origin: Option<(String, String)>,
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
    /// # Errors
    /// `market/no-shop-id`, `market/wrong-option`.
    pub fn new(account: &Account) -> Result<Self> {
        let origin = account.option("origin").map(|text| {
            let parts = text.split_once(' ').map(|(country, zip)| (country.to_owned(), zip.trim().to_owned()));
            parts.filter(|(country, zip)| country.len() == 2 && !zip.is_empty()).ok_or_else(|| {
                Error::usage("market/wrong-option", format!("`{text}` is no country and postal code"))
                    .at(Place::file("purvey.toml").attribute(format!("market.{}.options.origin", account.name)))
                    .help("write it as US 95016")
            })
        });
        Ok(GoogleMerchant {
            products: account.option("products").map(str::to_owned),
            origin: origin.transpose()?,
            account: account.shop("the number of the Merchant Center account")?.to_owned(),
            data_source: account.option("data_source").map(str::to_owned),
        })
    }
}

impl Connector for GoogleMerchant {
    fn describe(&self) -> Capabilities {
        Capabilities::without_orders(LIMITS)
    }

    fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
        oauth::bearer(request, credentials);
        Ok(())
    }

    fn sign_in(&self, grant: &Grant<'_>) -> Result<Option<Request>> {
        key::sign_in(grant).map(Some)
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
        Err(Error::new(crate::diagnostic::Kind::Rejected, "market/unsupported", "Google Merchant Center has no orders")
            .help("ship the order at the marketplace it came from"))
    }

    fn signal(&self, port: &dyn Port, signal: &Signal) -> Result<Receipt> {
        self.track(port, signal)
    }

    fn tell_max(&self) -> usize {
        offers::BATCH_MAX
    }

    fn tell(&self, port: &dyn Port, offers: &[WholeOffer]) -> Result<Submitted> {
        self.tell_each(port, offers)
    }

    fn found_wrong(&self, port: &dyn Port, page: Option<&str>) -> Result<Option<FoundWrong>> {
        match &self.data_source {
            Some(source) => self.look_at_products(port, source, page).map(Some),
            None => Ok(None),
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
