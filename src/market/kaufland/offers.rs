//! Stock and prices: the number of each SKU's offer is looked up once, then all are set in one call, which answers 207
//! with a result for each.
use std::collections::HashMap;
use std::sync::PoisonError;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Detail, Kaufland, Refusal, Told};
use crate::diagnostic::Result;
use crate::market::{Body, ItemResult, Method, OfferUpdate, Port, Request, Submitted};

pub(super) const BATCH_MAX: usize = 100;

#[derive(Deserialize)]
struct Offer {
    id_unit: u64,
    id_offer: Option<String>,
}

#[derive(Deserialize)]
struct Set {
    id_unit: u64,
    status_code: f64,
    message: Option<String>,
    #[serde(default)]
    errors: Vec<Detail>,
}

/// Prices are in the currency of the storefront.
fn currency(storefront: &str) -> &'static str {
    match storefront {
        "cz" => "CZK",
        "pl" => "PLN",
        _ => "EUR",
    }
}

impl Kaufland {
    pub(super) fn set_offers(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let mut refused: HashMap<&str, String> = HashMap::new();
        let mut rows: Vec<(u64, &str, Value)> = Vec::with_capacity(offers.len());
        for offer in offers {
            let row = match self.number(port, &offer.sku)? {
                Some(id) => row(id, offer, currency(self.storefront)).map(|row| (id, row)),
                None => Err("this storefront has no offer with this SKU".to_owned()),
            };
            match row {
                Ok((id, row)) => rows.push((id, &offer.sku, row)),
                Err(why) => drop(refused.insert(&offer.sku, why)),
            }
        }
        if !rows.is_empty() {
            self.set(port, &rows, &mut refused)?;
        }
        let result = |offer: &OfferUpdate| {
            let refused = refused.remove(offer.sku.as_str());
            ItemResult { sku: offer.sku.clone(), refused }
        };
        Ok(Submitted { job: None, results: offers.iter().map(result).collect() })
    }

    fn number(&self, port: &dyn Port, sku: &str) -> Result<Option<u64>> {
        let mut known = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = known.get(sku) {
            return Ok(Some(*id));
        }
        let request = Request::get("units", &["units"])?.query("storefront", self.storefront).query("id_offer", sku);
        let told: Told<Vec<Offer>> = port.send(request)?.json()?;
        let found = told.data.into_iter().find(|offer| offer.id_offer.as_deref() == Some(sku));
        Ok(found.map(|offer| *known.entry(sku.to_owned()).or_insert(offer.id_unit)))
    }

    fn set<'a>(
        &self,
        port: &dyn Port,
        rows: &[(u64, &'a str, Value)],
        refused: &mut HashMap<&'a str, String>,
    ) -> Result<()> {
        let body: Vec<&Value> = rows.iter().map(|(_, _, row)| row).collect();
        // absolute values: twice is the same as once
        let request = Request::new(Method::Post, "offers", &["units", "bulk"])?.query("storefront", self.storefront);
        let answer = port.send(request.body(Body::Json(json!(body))).repeatable())?;
        if answer.is_withheld() {
            return Ok(());
        }
        let mut told: Told<Vec<Set>> = answer.json()?;
        for (id, sku, _) in rows {
            let why = match told.data.iter().position(|set| set.id_unit == *id).map(|at| told.data.swap_remove(at)) {
                Some(set) if set.status_code < 300.0 => continue,
                Some(set) => Refusal { message: set.message, errors: set.errors }.words(),
                None => None,
            };
            refused.insert(sku, why.unwrap_or_else(|| "the marketplace gives no reason".to_owned()));
        }
        Ok(())
    }
}

/// What is to be set, or why it cannot be. There is no sale price beside the price.
fn row(id: u64, offer: &OfferUpdate, currency: &str) -> Result<Value, String> {
    let mut fields = Map::new();
    if let Some(quantity) = offer.quantity {
        if quantity < 0 {
            return Err(format!("the quantity {quantity} is below zero"));
        }
        fields.insert("amount".to_owned(), json!(quantity));
    }
    if let Some(price) = offer.sale_price_minor.or(offer.price_minor) {
        match offer.currency.as_deref() {
            Some(given) if given == currency && price > 0 => fields.insert("listing_price".to_owned(), json!(price)),
            Some(given) if given == currency => return Err("a price must be above zero".to_owned()),
            given => {
                let given = given.unwrap_or("no currency");
                return Err(format!("the price is in {given}, the storefront sells in {currency}"));
            }
        };
    }
    Ok(json!({ "id_unit": id, "unit_data": fields }))
}
