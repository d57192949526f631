//! Stock and prices. There is no way to a SKU: a listing's whole matrix of variants is read, changed, and put back.
use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Etsy, Listed, PAGE_MAX};
use crate::diagnostic::{Kind, Result};
use crate::market::{Body, ItemResult, Method, OfferUpdate, Port, Request, Submitted};
use crate::value::{Currency, Money};

/// Two calls for each listing.
pub(super) const BATCH_MAX: usize = 50;
/// More listings than a shop has are a paging fault.
const LISTINGS_MAX: usize = 50_000;
/// Of an inventory, what stays as it is told.
const KEPT: &[&str] = &["price_on_property", "quantity_on_property", "sku_on_property"];

/// As it is told among the shop's listings.
#[derive(Deserialize)]
struct Listing {
    listing_id: u64,
    inventory: Option<Inventory>,
}

#[derive(Deserialize)]
struct Inventory {
    #[serde(default)]
    products: Vec<Product>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(default)]
    sku: String,
}

impl Etsy {
    pub(super) fn set_offers(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let known = self.listings(port)?;
        let mut refused: HashMap<&str, String> = HashMap::new();
        let mut listings: BTreeMap<u64, Vec<&OfferUpdate>> = BTreeMap::new();
        for offer in offers {
            match known.get(&offer.sku) {
                Some(id) => listings.entry(*id).or_default().push(offer),
                None => drop(refused.insert(&offer.sku, "no active listing has this SKU".to_owned())),
            }
        }
        for (id, offers) in listings {
            self.set(port, id, &offers, &mut refused)?;
        }
        let result = |offer: &OfferUpdate| {
            let refused = refused.remove(offer.sku.as_str());
            ItemResult { sku: offer.sku.clone(), refused }
        };
        Ok(Submitted { job: None, results: offers.iter().map(result).collect() })
    }

    fn listings(&self, port: &dyn Port) -> Result<HashMap<String, u64>> {
        let mut cached = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*cached {
            return Ok(known.clone());
        }
        let mut known = HashMap::new();
        let mut offset = 0;
        loop {
            let request = Request::get("listings", &self.path(&["listings"]))?
                .query("state", "active")
                .query("includes", "Inventory")
                .query("limit", PAGE_MAX.to_string())
                .query("offset", offset.to_string());
            let told: Listed = port.send(request)?.json()?;
            offset += told.results.len();
            let done = told.results.is_empty() || offset >= told.count || offset >= LISTINGS_MAX;
            for raw in told.results {
                // one that cannot be read has no SKU to be found by
                let Ok(listing) = serde_json::from_value::<Listing>(raw) else { continue };
                let products = listing.inventory.map(|inventory| inventory.products).unwrap_or_default();
                known.extend(products.into_iter().map(|product| (product.sku, listing.listing_id)));
            }
            if done {
                return Ok(cached.insert(known).clone());
            }
        }
    }

    fn set<'a>(
        &self,
        port: &dyn Port,
        listing: u64,
        offers: &[&'a OfferUpdate],
        refused: &mut HashMap<&'a str, String>,
    ) -> Result<()> {
        let id = listing.to_string();
        let path = ["v3", "application", "listings", &id, "inventory"];
        let answer = port.send(Request::get("listings", &path)?)?;
        let told =
            if answer.status == 404 { Err("the listing is gone".to_owned()) } else { Ok(answer.json::<Value>()?) };
        let body = told.and_then(|told| changed(&told, offers, refused));
        let mut fail = |why: &str| {
            for offer in offers {
                refused.entry(&offer.sku).or_insert_with(|| why.to_owned());
            }
        };
        match body {
            Err(why) => fail(&why),
            Ok(body) => {
                // the whole of it: twice is the same as once
                let request = Request::new(Method::Put, "listings", &path)?.body(Body::Json(body)).repeatable();
                match port.send(request) {
                    Err(error) if error.kind == Kind::Rejected => fail(&error.message),
                    answer => drop(answer?),
                }
            }
        }
        Ok(())
    }
}

/// A told inventory as it is put back, with new quantities and prices; or why not.
fn changed<'a>(
    told: &Value,
    offers: &[&'a OfferUpdate],
    refused: &mut HashMap<&'a str, String>,
) -> Result<Value, String> {
    let mut products = Vec::new();
    for product in told.get("products").and_then(Value::as_array).into_iter().flatten() {
        if product.get("is_deleted").and_then(Value::as_bool) == Some(true) {
            continue;
        }
        let sku = product.get("sku").and_then(Value::as_str).unwrap_or_default();
        let offer = offers.iter().find(|offer| offer.sku == sku);
        let mut offerings = Vec::new();
        for offering in product.get("offerings").and_then(Value::as_array).into_iter().flatten() {
            offerings.push(changed_offering(offering, offer.copied(), refused)?);
        }
        let properties = product.get("property_values").cloned().unwrap_or_else(|| json!([]));
        products.push(json!({ "sku": sku, "property_values": properties, "offerings": offerings }));
    }
    let mut body = json!({ "products": products });
    for field in KEPT {
        if let Some(value) = told.get(field) {
            body[*field] = value.clone();
        }
    }
    Ok(body)
}

fn changed_offering<'a>(
    told: &Value,
    offer: Option<&'a OfferUpdate>,
    refused: &mut HashMap<&'a str, String>,
) -> Result<Value, String> {
    let price = told.get("price").ok_or("an offering has no price")?;
    let amount: super::normal::Amount = serde_json::from_value(price.clone()).map_err(|e| e.to_string())?;
    let currency = Currency::parse(&amount.currency_code).map_err(|invalid| invalid.message)?;
    let mut minor = amount.minor(currency)?;
    let mut quantity = told.get("quantity").and_then(Value::as_i64).unwrap_or_default();
    if let Some(offer) = offer {
        let new_price = offer.sale_price_minor.or(offer.price_minor);
        if offer.quantity.is_some_and(|quantity| quantity < 0) {
            refused.insert(&offer.sku, "its quantity is below zero".to_owned());
        } else if new_price.is_some() && offer.currency.as_deref() != Some(currency.code()) {
            let given = offer.currency.as_deref().unwrap_or("no currency");
            refused.insert(&offer.sku, format!("the price is in {given}, the shop sells in {}", currency.code()));
        } else {
            quantity = offer.quantity.unwrap_or(quantity);
            minor = new_price.unwrap_or(minor);
        }
    }
    let decimal = Money::new(minor, currency).to_decimal_string();
    let price: Value = serde_json::from_str(&decimal).map_err(|e| e.to_string())?;
    let enabled = told.get("is_enabled").and_then(Value::as_bool).unwrap_or(true);
    Ok(json!({ "price": price, "quantity": quantity, "is_enabled": enabled }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_put_back_whole_with_what_changed() {
        let offering = |amount: i64, quantity: i64| {
            json!([{ "offering_id": 1, "quantity": quantity, "is_enabled": true, "is_deleted": false,
                "price": { "amount": amount, "divisor": 100, "currency_code": "EUR" } }])
        };
        let told = json!({
            "products": [
                { "product_id": 1, "sku": "A", "is_deleted": false, "property_values": [{ "property_id": 200 }],
                  "offerings": offering(1290, 3) },
                { "product_id": 2, "sku": "B", "is_deleted": false, "property_values": [], "offerings": offering(500, 1) },
                { "product_id": 3, "sku": "C", "is_deleted": true, "property_values": [], "offerings": [] },
            ],
            "price_on_property": [200], "listing": null,
        });
        let offer = |sku: &str, quantity, currency: &str| OfferUpdate {
            sku: sku.to_owned(),
            quantity: Some(quantity),
            price_minor: Some(999),
            sale_price_minor: None,
            currency: Some(currency.to_owned()),
        };
        let (a, b) = (offer("A", 0, "EUR"), offer("B", 7, "USD"));
        let mut refused = HashMap::new();
        let put = changed(&told, &[&a, &b], &mut refused).unwrap();
        assert_eq!(put["products"].as_array().unwrap().len(), 2);
        assert_eq!(put["products"][0]["offerings"][0], json!({ "price": 9.99, "quantity": 0, "is_enabled": true }));
        assert_eq!(put["products"][1]["offerings"][0], json!({ "price": 5.0, "quantity": 1, "is_enabled": true }));
        assert_eq!((&put["price_on_property"], put.get("listing")), (&json!([200]), None));
        assert!(refused["B"].contains("EUR") && refused.len() == 1);
    }
}
