//! Stock and prices: SKUs are looked up, then set in batches, variations below their product. A batch answers 200
//! whatever becomes of its items; each has a result of its own.
use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;

use serde_json::{Map, Value, json};

use super::{WooCommerce, path, wire};
use crate::diagnostic::Result;
use crate::market::{Body, ItemResult, Method, OfferUpdate, Port, Request, Submitted};
use crate::value::{Currency, Money};

/// A batch takes 100; half of that, so that the SKUs of a look-up fit into any server's address.
pub(super) const BATCH_MAX: usize = 50;

/// Why an offer was not taken, by SKU.
type Refused = HashMap<String, String>;

impl WooCommerce {
    pub(super) fn set_offers(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let mut refused = Refused::new();
        let products = self.products(port, offers, &mut refused)?;
        let currency = match offers.iter().any(|offer| offer.price_minor.is_some()) {
            true => Some(self.currency(port)?),
            false => None,
        };
        // by parent; 0 stands for products that have none
        let mut batches: BTreeMap<u64, Vec<(u64, &str, Value)>> = BTreeMap::new();
        for offer in offers {
            let Some(product) = products.get(offer.sku.as_str()) else { continue };
            match fields(product.id, offer, currency) {
                Ok(fields) => batches.entry(product.parent_id).or_default().push((product.id, &offer.sku, fields)),
                Err(why) => drop(refused.insert(offer.sku.clone(), why)),
            }
        }
        for (parent, batch) in batches {
            self.set(port, parent, &batch, &mut refused)?;
        }
        let result = |offer: &OfferUpdate| ItemResult { sku: offer.sku.clone(), refused: refused.remove(&offer.sku) };
        Ok(Submitted { job: None, results: offers.iter().map(result).collect() })
    }

    fn products(
        &self,
        port: &dyn Port,
        offers: &[OfferUpdate],
        refused: &mut Refused,
    ) -> Result<HashMap<String, wire::Product>> {
        // the list is one text with commas, so a SKU with one is asked for alone
        let (odd, plain): (Vec<&str>, Vec<&str>) =
            offers.iter().map(|offer| offer.sku.as_str()).partition(|sku| sku.contains(','));
        let questions = odd.into_iter().map(str::to_owned).chain((!plain.is_empty()).then(|| plain.join(",")));
        let mut found: HashMap<String, wire::Product> = HashMap::new();
        for skus in questions {
            let request = Request::get("products", &path(&["products"]))?.query("sku", skus).query("per_page", "100");
            let products: Vec<wire::Product> = port.send(request)?.json()?;
            for product in products {
                if let Some(twin) = found.insert(product.sku.clone(), product) {
                    refused.insert(twin.sku, "two products of the shop have this SKU".to_owned());
                }
            }
        }
        for offer in offers.iter().filter(|offer| !found.contains_key(&offer.sku)) {
            refused.insert(offer.sku.clone(), "the shop has no product with this SKU".to_owned());
        }
        found.retain(|sku, product| {
            if product.r#type == "variable" {
                refused
                    .insert(sku.clone(), "this is a product with variations: they have stock, it has none".to_owned());
            }
            !refused.contains_key(sku)
        });
        Ok(found)
    }

    fn currency(&self, port: &dyn Port) -> Result<Currency> {
        let mut known = self.currency.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(currency) = *known {
            return Ok(currency);
        }
        let request = Request::get("currency", &path(&["data", "currencies", "current"]))?;
        let told: wire::CurrentCurrency = port.send(request)?.json()?;
        let currency =
            Currency::parse(&told.code).map_err(|invalid| crate::market::faults::rejected(invalid.message))?;
        Ok(*known.insert(currency))
    }

    fn set(&self, port: &dyn Port, parent: u64, batch: &[(u64, &str, Value)], refused: &mut Refused) -> Result<()> {
        let id = parent.to_string();
        let place: &[&str] =
            if parent == 0 { &["products", "batch"] } else { &["products", &id, "variations", "batch"] };
        let update: Vec<&Value> = batch.iter().map(|(_, _, fields)| fields).collect();
        // absolute values: twice is the same as once
        let request = Request::new(Method::Post, "offers", &path(place))?.repeatable();
        let answer = port.send(request.body(Body::Json(json!({ "update": update }))))?;
        if answer.is_withheld() {
            return Ok(());
        }
        let told: wire::Batch = answer.json()?;
        for (id, sku, _) in batch {
            let why = match told.update.iter().find(|updated| updated.id == *id) {
                Some(wire::Updated { error: None, .. }) => continue,
                Some(wire::Updated { error: Some(error), .. }) => error.message.clone().or_else(|| error.code.clone()),
                None => None,
            };
            refused.insert((*sku).to_owned(), why.unwrap_or_else(|| "the shop gives no reason".to_owned()));
        }
        Ok(())
    }
}

/// What is to be set, or why it cannot be. A price goes out with its sale price, so that an old one does not stay.
fn fields(id: u64, offer: &OfferUpdate, shop: Option<Currency>) -> Result<Value, String> {
    let mut fields = Map::from_iter([("id".to_owned(), json!(id))]);
    if let Some(quantity) = offer.quantity {
        if quantity < 0 {
            return Err(format!("the quantity {quantity} is below zero"));
        }
        fields.insert("manage_stock".to_owned(), json!(true));
        fields.insert("stock_quantity".to_owned(), json!(quantity));
    }
    if let (Some(price), Some(shop)) = (offer.price_minor, shop) {
        if offer.currency.as_deref() != Some(shop.code()) {
            let given = offer.currency.as_deref().unwrap_or("no currency");
            return Err(format!("the price is in {given}, the shop sells in {}", shop.code()));
        }
        let decimal = |minor| Money::new(minor, shop).to_decimal_string();
        fields.insert("regular_price".to_owned(), json!(decimal(price)));
        fields.insert("sale_price".to_owned(), json!(offer.sale_price_minor.map(decimal).unwrap_or_default()));
    }
    Ok(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_goes_out_in_the_shops_currency_only() {
        let offer = |currency: &str, quantity| OfferUpdate {
            sku: "A".to_owned(),
            quantity: Some(quantity),
            price_minor: Some(1290),
            sale_price_minor: None,
            currency: Some(currency.to_owned()),
        };
        let eur = Currency::parse("EUR").ok();
        let set =
            json!({ "id": 7, "manage_stock": true, "stock_quantity": 0, "regular_price": "12.90", "sale_price": "" });
        assert_eq!(fields(7, &offer("EUR", 0), eur), Ok(set));
        assert!(fields(7, &offer("USD", 0), eur).unwrap_err().contains("EUR"));
        assert!(fields(7, &offer("EUR", -1), eur).is_err());
    }
}
