//! Stock and prices. Stock is told by Ozon's number of a product, which is asked for; results are inside a 200.
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Ozon, call};
use crate::diagnostic::Result;
use crate::market::{ItemResult, OfferUpdate, Port, Submitted};
use crate::value::{Currency, Money};

/// Of the call that tells stock, which takes so many products of a warehouse.
pub(super) const STOCKS: &str = "stocks";
pub(super) const BATCH_MAX: usize = 100;
/// The same product in the same warehouse was told less than half a minute ago.
const TOO_SOON: &str = "TOO_MANY_REQUESTS";

#[derive(Deserialize)]
struct Products {
    #[serde(default)]
    items: Vec<Product>,
}

#[derive(Deserialize)]
struct Product {
    id: i64,
    offer_id: String,
}

#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    result: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    product_id: i64,
    #[serde(default)]
    offer_id: String,
    #[serde(default)]
    updated: bool,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// What became of a half of an offer; the greater one decides.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Taken,
    /// To be told at the next run.
    Again,
    Refused(String),
}

/// By SKU.
type Outcomes = HashMap<String, Outcome>;

impl Ozon {
    pub(super) fn set_offers(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let mut outcomes: Outcomes = HashMap::new();
        let (mut stocks, mut prices) = (Vec::new(), Vec::new());
        for offer in offers {
            match price(offer) {
                _ if offer.quantity.is_some_and(|quantity| quantity < 0) => {
                    book(&mut outcomes, &offer.sku, Outcome::Refused("its quantity is below zero".to_owned()));
                }
                Err(why) => book(&mut outcomes, &offer.sku, Outcome::Refused(why)),
                Ok(price) => {
                    stocks.extend(offer.quantity.map(|quantity| (offer.sku.as_str(), quantity)));
                    prices.extend(price);
                }
            }
        }
        self.set_stocks(port, &stocks, &mut outcomes)?;
        if !prices.is_empty() {
            let path = ["v1", "product", "import", "prices"];
            let answer = port.send(call("prices", &path, json!({ "prices": prices }))?.repeatable())?;
            if !answer.is_withheld() {
                for told in answer.json::<Results>()?.result {
                    book(&mut outcomes, &told.offer_id, outcome(&told));
                }
            }
        }
        let result = |offer: &OfferUpdate| {
            let refused = match outcomes.remove(&offer.sku)? {
                Outcome::Taken => None,
                Outcome::Again => return None,
                Outcome::Refused(why) => Some(why),
            };
            Some(ItemResult { sku: offer.sku.clone(), refused })
        };
        Ok(Submitted { job: None, results: offers.iter().filter_map(result).collect() })
    }

    fn set_stocks(&self, port: &dyn Port, stocks: &[(&str, i64)], outcomes: &mut Outcomes) -> Result<()> {
        if stocks.is_empty() {
            return Ok(());
        }
        let skus: Vec<&str> = stocks.iter().map(|(sku, _)| *sku).collect();
        let path = ["v3", "product", "info", "list"];
        let known: Products = port.send(call("products", &path, json!({ "offer_id": skus }))?.reading())?.json()?;
        let ids: HashMap<&str, i64> =
            known.items.iter().map(|product| (product.offer_id.as_str(), product.id)).collect();
        let mut rows = Vec::with_capacity(stocks.len());
        for (sku, quantity) in stocks {
            match ids.get(sku) {
                Some(id) => rows.push(json!({ "product_id": id, "stock": quantity, "warehouse_id": self.warehouse })),
                None => book(outcomes, sku, Outcome::Refused("Ozon has no product of this SKU".to_owned())),
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let answer = port.send(call(STOCKS, &["v2", "products", "stocks"], json!({ "stocks": rows }))?.repeatable())?;
        if answer.is_withheld() {
            return Ok(());
        }
        for told in answer.json::<Results>()?.result {
            let sku = known.items.iter().find(|product| product.id == told.product_id).map(|p| p.offer_id.as_str());
            book(outcomes, sku.unwrap_or(&told.offer_id), outcome(&told));
        }
        Ok(())
    }
}

fn book(outcomes: &mut Outcomes, sku: &str, outcome: Outcome) {
    let worst = match outcomes.remove(sku) {
        Some(was) => was.max(outcome),
        None => outcome,
    };
    outcomes.insert(sku.to_owned(), worst);
}

fn outcome(told: &Told) -> Outcome {
    match told.errors.first() {
        Some(fault) if fault.code == TOO_SOON => Outcome::Again,
        Some(fault) if fault.message.is_empty() => Outcome::Refused(fault.code.clone()),
        Some(fault) => Outcome::Refused(fault.message.clone()),
        None if told.updated => Outcome::Taken,
        None => Outcome::Refused("Ozon gives no reason".to_owned()),
    }
}

/// A price goes out with the one it replaces, so that an old one does not stay.
fn price(offer: &OfferUpdate) -> Result<Option<Value>, String> {
    let Some(now) = offer.price_now()? else { return Ok(None) };
    let before = match (offer.sale_price_minor, offer.price_minor) {
        (Some(_), Some(before)) => Money::new(before, now.currency).to_decimal_string(),
        _ => "0".to_owned(),
    };
    let code = Currency::code(now.currency);
    let price = now.to_decimal_string();
    Ok(Some(json!({ "offer_id": offer.sku, "price": price, "old_price": before, "currency_code": code })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(updated: bool, code: &str) -> Told {
        let fault = |code: &str| Fault { code: code.to_owned(), message: String::new() };
        let errors = if code.is_empty() { Vec::new() } else { vec![fault(code)] };
        Told { product_id: 1, offer_id: "A".to_owned(), updated, errors }
    }

    #[test]
    fn an_offer_told_too_soon_is_told_again_and_a_refusal_stays() {
        let of = |parts: &[Told]| {
            let mut outcomes = Outcomes::new();
            parts.iter().for_each(|part| book(&mut outcomes, "A", outcome(part)));
            outcomes.remove("A")
        };
        assert_eq!(of(&[told(true, ""), told(true, "")]), Some(Outcome::Taken));
        for halves in [[told(false, "BAD"), told(true, "")], [told(true, ""), told(false, "BAD")]] {
            assert_eq!(of(&halves), Some(Outcome::Refused("BAD".to_owned())));
        }
        assert_eq!(of(&[told(false, TOO_SOON), told(true, "")]), Some(Outcome::Again));
    }
}
