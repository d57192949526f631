//! Stock and prices: SKUs are looked up, stock is set at the shop's primary location in one change, prices in one change
//! for each product.
use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

use super::{Shopify, ask};
use crate::diagnostic::Result;
use crate::market::{ItemResult, OfferUpdate, Port, Submitted};
use crate::value::{Currency, Money};

/// As many SKUs as a search takes with certainty.
pub(super) const BATCH_MAX: usize = 50;

/// Why an offer was not taken, by SKU.
type Refused = HashMap<String, String>;
type Known<'a> = HashMap<&'a str, &'a ask::Variant>;

impl Shopify {
    pub(super) fn set_offers(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let searched: Vec<String> = offers.iter().map(|offer| format!("sku:{}", quoted(&offer.sku))).collect();
        let variables = json!({ "search": searched.join(" OR ") });
        let told: ask::Variants = self.ask(port, "variants", ask::VARIANTS, variables)?;
        let mut refused = Refused::new();
        let known = known(&told, offers, &mut refused);
        let location = told.location.as_ref().map(|location| location.id.as_str());
        self.set_stock(port, offers, location, &known, &mut refused)?;
        self.set_prices(port, offers, &known, &told.shop.currency_code, &mut refused)?;
        let result = |offer: &OfferUpdate| ItemResult { sku: offer.sku.clone(), refused: refused.remove(&offer.sku) };
        Ok(Submitted { job: None, results: offers.iter().map(result).collect() })
    }

    /// The change is made as a whole or not at all, so it is made again without what it was refused for.
    fn set_stock(
        &self,
        port: &dyn Port,
        offers: &[OfferUpdate],
        location: Option<&str>,
        known: &Known<'_>,
        refused: &mut Refused,
    ) -> Result<()> {
        let mut rows: Vec<(&str, Value)> = Vec::new();
        for offer in offers {
            let (Some(variant), Some(quantity)) = (known.get(offer.sku.as_str()), offer.quantity) else { continue };
            if quantity < 0 || !variant.inventory_item.tracked {
                let why = if quantity < 0 { "its quantity is below zero" } else { "the shop does not track its stock" };
                refused.insert(offer.sku.clone(), why.to_owned());
                continue;
            }
            // null: whatever the shop has now, the catalog knows better
            let row = json!({ "inventoryItemId": variant.inventory_item.id, "locationId": location,
                "quantity": quantity, "changeFromQuantity": null });
            rows.push((&offer.sku, row));
        }
        while !rows.is_empty() {
            let quantities: Vec<&Value> = rows.iter().map(|(_, row)| row).collect();
            let input = json!({ "name": "available", "reason": "correction", "quantities": quantities });
            let variables = json!({ "key": key(port, &input), "input": input });
            let Some(changed) = self.change(port, "stock", ask::SET_STOCK, variables, true)? else { return Ok(()) };
            if changed.user_errors.is_empty() {
                return Ok(());
            }
            let skus: Vec<&str> = rows.iter().map(|(sku, _)| *sku).collect();
            let blamed = blame(&changed.user_errors, "quantities", &skus);
            rows.retain(|(sku, _)| !blamed.contains_key(*sku));
            refused.extend(blamed);
        }
        Ok(())
    }

    fn set_prices(
        &self,
        port: &dyn Port,
        offers: &[OfferUpdate],
        known: &Known<'_>,
        shop_currency: &str,
        refused: &mut Refused,
    ) -> Result<()> {
        let mut products: BTreeMap<&str, Vec<(&str, Value)>> = BTreeMap::new();
        for offer in offers.iter().filter(|offer| offer.price_minor.is_some()) {
            let Some(variant) = known.get(offer.sku.as_str()) else { continue };
            match price(&variant.id, offer, shop_currency) {
                Ok(row) => products.entry(&variant.product.id).or_default().push((&offer.sku, row)),
                Err(why) => drop(refused.insert(offer.sku.clone(), why)),
            }
        }
        for (product, rows) in products {
            let variants: Vec<&Value> = rows.iter().map(|(_, row)| row).collect();
            let variables = json!({ "product": product, "variants": variants });
            if let Some(changed) = self.change(port, "prices", ask::SET_PRICES, variables, true)? {
                let skus: Vec<&str> = rows.iter().map(|(sku, _)| *sku).collect();
                refused.extend(blame(&changed.user_errors, "variants", &skus));
            }
        }
        Ok(())
    }
}

/// Of the language of searches.
fn quoted(sku: &str) -> String {
    format!("\"{}\"", sku.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A search finds what resembles the SKU too.
fn known<'a>(told: &'a ask::Variants, offers: &[OfferUpdate], refused: &mut Refused) -> Known<'a> {
    let mut known = Known::new();
    for variant in &told.product_variants.nodes {
        let Some(sku) = variant.sku.as_deref() else { continue };
        if known.insert(sku, variant).is_some() {
            refused.insert(sku.to_owned(), "two variants of the shop have this SKU".to_owned());
        }
    }
    for offer in offers.iter().filter(|offer| !known.contains_key(offer.sku.as_str())) {
        refused.insert(offer.sku.clone(), "the shop has no variant with this SKU".to_owned());
    }
    known.retain(|sku, _| !refused.contains_key(*sku));
    known
}

/// A price below the regular one is the price, and the regular one stands beside it.
fn price(variant: &str, offer: &OfferUpdate, shop_currency: &str) -> Result<Value, String> {
    let currency = Currency::parse(shop_currency).map_err(|invalid| invalid.message)?;
    if offer.currency.as_deref() != Some(currency.code()) {
        let given = offer.currency.as_deref().unwrap_or("no currency");
        return Err(format!("the price is in {given}, the shop sells in {}", currency.code()));
    }
    let decimal = |minor: Option<i64>| minor.map(|minor| Money::new(minor, currency).to_decimal_string());
    let regular = offer.sale_price_minor.and(offer.price_minor);
    let now = offer.sale_price_minor.or(offer.price_minor);
    Ok(json!({ "id": variant, "price": decimal(now), "compareAtPrice": decimal(regular) }))
}

/// The same for a request that the host repeats, another for every push: the shop would take the same quantities a day
/// later for a repeat.
fn key(port: &dyn Port, input: &Value) -> String {
    format!("{:039}", xxh3_128(format!("{} {input}", port.now().as_nanosecond()).as_bytes()))
}

/// What was refused, by the places the errors name below `list`; everything, where they name none.
fn blame(errors: &[ask::UserError], list: &str, skus: &[&str]) -> Refused {
    let mut refused = Refused::new();
    for error in errors {
        let place = error.field.iter().position(|part| part == list).and_then(|at| error.field.get(at + 1));
        let blamed = place.and_then(|nth| skus.get(nth.parse::<usize>().ok()?));
        for sku in blamed.map_or(skus, std::slice::from_ref) {
            refused.insert((*sku).to_owned(), error.message.clone());
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_put_down_to_the_offers_they_name() {
        let error = |field: &[&str]| ask::UserError {
            field: field.iter().map(|part| (*part).to_owned()).collect(),
            message: "no".to_owned(),
        };
        let skus = |errors: &[ask::UserError]| {
            let mut skus: Vec<_> = blame(errors, "quantities", &["A", "B"]).into_keys().collect();
            skus.sort();
            skus
        };
        assert_eq!(skus(&[error(&["input", "quantities", "1", "quantity"])]), ["B"]);
        assert_eq!(skus(&[error(&["input"])]), ["A", "B"]);
        assert_eq!(skus(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_sale_price_is_the_price() {
        let offer = |sale| OfferUpdate {
            sku: "A".to_owned(),
            quantity: None,
            price_minor: Some(1290),
            sale_price_minor: sale,
            currency: Some("EUR".to_owned()),
        };
        let plain = json!({ "id": "v", "price": "12.90", "compareAtPrice": null });
        assert_eq!(price("v", &offer(None), "EUR"), Ok(plain));
        let sale = json!({ "id": "v", "price": "9.90", "compareAtPrice": "12.90" });
        assert_eq!(price("v", &offer(Some(990)), "EUR"), Ok(sale));
        assert!(price("v", &offer(None), "USD").is_err());
        assert_eq!(quoted("a \"b\\"), "\"a \\\"b\\\\\"");
    }
}
