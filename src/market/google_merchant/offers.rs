//! Offers and inventories, one call each; several on their way at a time.
//!
//! An insert is an upsert. An offer is named `language~label~id`, in unpadded base64url where the id holds `/`, `%` or `~`;
//! an inventory by its offer and its store or region.
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::GoogleMerchant;
use crate::diagnostic::{Error, Kind, Result};
use crate::market::{Body, ItemResult, Method, Port, Request, Submitted, WholeOffer};

pub(super) const OPERATION: &str = "product inputs";
pub(super) const BATCH_MAX: usize = 200;
/// Calls on the way at the same time.
const AT_ONCE: usize = 8;
/// Below so many offers for each, one thread does.
const WORTH_A_THREAD: usize = 8;

/// What lies beside an offer: its key in the body, which is the body of the insert; its name in the address; what names it.
const INVENTORIES: [(&str, &str, &str); 2] =
    [("localInventory", "localInventories", "storeCode"), ("regionalInventory", "regionalInventories", "region")];

impl GoogleMerchant {
    pub(super) fn tell_each(&self, port: &dyn Port, offers: &[WholeOffer]) -> Result<Submitted> {
        let threads = offers.len().div_ceil(WORTH_A_THREAD).clamp(1, AT_ONCE);
        let part = offers.len().div_ceil(threads).max(1);
        let answers: Vec<Result<Option<ItemResult>>> = thread::scope(|scope| {
            let tell =
                |offers: &[WholeOffer]| offers.iter().map(|offer| self.tell_one(port, offer)).collect::<Vec<_>>();
            let workers: Vec<_> = offers.chunks(part).map(|offers| scope.spawn(move || tell(offers))).collect();
            let ended = |w: thread::ScopedJoinHandle<'_, Vec<_>>| {
                w.join().unwrap_or_else(|_| vec![Err(Error::bug("a thread that tells offers ended"))])
            };
            workers.into_iter().flat_map(ended).collect()
        });
        let (told, failed): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        let results: Vec<ItemResult> = told.into_iter().flatten().flatten().collect();
        match failed.into_iter().find_map(Result::err) {
            // what was told is booked; the next batch meets the same trouble, if it lasts
            Some(error) if results.is_empty() || !matches!(error.kind, Kind::Unavailable) => Err(error),
            _ => Ok(Submitted { job: None, results }),
        }
    }

    /// `None`: not this time.
    fn tell_one(&self, port: &dyn Port, offer: &WholeOffer) -> Result<Option<ItemResult>> {
        let inventory = INVENTORIES.iter().find(|(key, ..)| offer.body.get(key).is_some());
        let request = match inventory {
            Some((key, place, names)) => self.of_inventory(offer, &offer.body[key], place, names)?,
            None => self.of_offer(offer)?,
        };
        let refused = match port.send(request) {
            // Google works an offer off for minutes before it can have an inventory
            Ok(answer) if answer.status == 404 && !offer.gone && inventory.is_some() => return Ok(None),
            Ok(answer) if answer.status == 404 && !offer.gone => {
                Some("Google knows no such account or data source".to_owned())
            }
            Ok(_) => None,
            Err(error) if error.kind == Kind::Rejected => Some(error.message),
            Err(error) => return Err(error),
        };
        Ok(Some(ItemResult { sku: offer.id.clone(), refused }))
    }

    fn of_offer(&self, offer: &WholeOffer) -> Result<Request> {
        let source = self.data_source.as_deref().ok_or_else(|| {
            Error::usage(
                "market/no-option",
                "offers need `data_source`: the number of a primary data source whose input is the API",
            )
            .help("add data_source = \"…\" to the options of its [market.…]")
        })?;
        let base = ["products", "v1", "accounts", &self.account, "productInputs"];
        let request = match offer.gone {
            true => Request::new(Method::Delete, OPERATION, &[&base[..], &[&name(&offer.body)?]].concat())?,
            false => insert(&base, offer.body.clone())?,
        };
        Ok(request.query("dataSource", format!("accounts/{}/dataSources/{source}", self.account)).repeatable())
    }

    fn of_inventory(&self, offer: &WholeOffer, body: &Value, place: &str, names: &str) -> Result<Request> {
        let product = name(&offer.body)?;
        let base = ["inventories", "v1", "accounts", &self.account, "products", &product, place];
        let request = match offer.gone {
            true => Request::new(Method::Delete, OPERATION, &[&base[..], &[text(body, names)?]].concat())?,
            false => insert(&base, body.clone())?,
        };
        Ok(request.repeatable())
    }
}

fn insert(segments: &[&str], body: Value) -> Result<Request> {
    let mut request = Request::new(Method::Post, OPERATION, segments)?;
    // the method's colon is no part of a segment
    request.path.push_str(":insert");
    Ok(request.body(Body::Json(body)))
}

fn text<'a>(body: &'a Value, key: &str) -> Result<&'a str> {
    body[key].as_str().filter(|text| !text.is_empty()).ok_or_else(|| {
        Error::usage("market/no-name", format!("an offer for Google has no `{key}`"))
            .help("its channel needs a language and a feed_label")
    })
}

/// `en~DE~SKU-1`
fn name(body: &Value) -> Result<String> {
    let id = text(body, "offerId")?;
    let name = format!("{}~{}~{id}", text(body, "contentLanguage")?, text(body, "feedLabel")?);
    Ok(if id.contains(['/', '%', '~']) { URL_SAFE_NO_PAD.encode(name) } else { name })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_offer_is_named_by_language_label_and_id() {
        let body = |id: &str| json!({"offerId": id, "contentLanguage": "en", "feedLabel": "DE"});
        assert_eq!(name(&body("SKU-1")).unwrap(), "en~DE~SKU-1");
        assert_eq!(name(&body("A/1~2")).unwrap(), "ZW5-REV-QS8xfjI");
        assert_eq!(name(&json!({"offerId": "A"})).unwrap_err().code, "market/no-name");
    }
}
