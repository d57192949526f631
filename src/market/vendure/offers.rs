//! Stock and prices: SKUs are looked up, then set in one change.
//!
//! The server keeps what lies there and what is allocated to orders; what it sells is the difference. So what is
//! available by the catalog is set as that much more than it has allocated.
use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{Vendure, ask, normal};
use crate::diagnostic::Result;
use crate::market::{ItemResult, OfferUpdate, Port, Submitted, graphql};
use crate::value::Currency;

/// A server lists 1,000 at most unless it was told otherwise.
pub(super) const BATCH_MAX: usize = 100;

impl Vendure {
    pub(super) fn set_offers(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let skus: Vec<&str> = offers.iter().map(|offer| offer.sku.as_str()).collect();
        let options = json!({ "filter": { "sku": { "in": skus } }, "take": 2 * BATCH_MAX });
        let told: ask::Variants = self.ask(port, "variants", ask::VARIANTS, json!({ "options": options }))?;
        let mut rows: Vec<(&str, Value)> = Vec::with_capacity(offers.len());
        let mut refused: HashMap<&str, String> = HashMap::new();
        for offer in offers {
            let mut named = told.product_variants.items.iter().filter(|variant| variant.sku == offer.sku);
            let row = match (named.next(), named.next()) {
                (None, _) => Err("the server has no variant with this SKU".to_owned()),
                (Some(_), Some(_)) => Err("two variants of the server have this SKU".to_owned()),
                (Some(variant), None) => row(variant, offer, &told.active_channel.default_currency_code),
            };
            match row {
                Ok(row) => rows.push((&offer.sku, row)),
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

    fn set<'a>(
        &self,
        port: &dyn Port,
        rows: &[(&'a str, Value)],
        refused: &mut HashMap<&'a str, String>,
    ) -> Result<()> {
        let input: Vec<&Value> = rows.iter().map(|(_, row)| row).collect();
        // absolute values: twice is the same as once
        let request = self.request("offers", ask::SET_VARIANTS, json!({ "input": input }))?.repeatable();
        let answer = port.send(request)?;
        if answer.is_withheld() {
            return Ok(());
        }
        let told: ask::Set = graphql::data(&answer)?;
        for (sku, row) in rows {
            if !told.update_product_variants.iter().flatten().any(|set| row["id"] == set.id) {
                refused.insert(sku, "the server did not set it, and gives no reason".to_owned());
            }
        }
        Ok(())
    }
}

/// What is to be set, or why it cannot be.
fn row(variant: &ask::Variant, offer: &OfferUpdate, channel_currency: &str) -> Result<Value, String> {
    let mut row = Map::from_iter([("id".to_owned(), json!(variant.id))]);
    if let Some(quantity) = offer.quantity {
        let level = variant.stock_levels.first().ok_or("the server keeps no stock of it")?;
        let on_hand = level.stock_allocated.checked_add(quantity).filter(|_| quantity >= 0);
        let on_hand = on_hand.ok_or_else(|| format!("the quantity {quantity} is out of bounds"))?;
        let level = json!({ "stockLocationId": level.stock_location_id, "stockOnHand": on_hand });
        row.insert("stockLevels".to_owned(), json!([level]));
    }
    if let Some(price) = offer.sale_price_minor.or(offer.price_minor) {
        let currency = Currency::parse(channel_currency).map_err(|invalid| invalid.message)?;
        if offer.currency.as_deref() != Some(currency.code()) {
            let given = offer.currency.as_deref().unwrap_or("no currency");
            return Err(format!("the price is in {given}, the server sells in {}", currency.code()));
        }
        row.insert("price".to_owned(), json!(normal::hundredths(price, currency).ok_or("the price is too large")?));
    }
    Ok(Value::Object(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allocated_there_lies_there_too() {
        let variant: ask::Variant = serde_json::from_value(json!({
            "id": "4", "sku": "MUG", "stockLevels": [{ "stockLocationId": "1", "stockAllocated": 2 }] }))
        .unwrap();
        let offer = |quantity, currency: &str| OfferUpdate {
            sku: "MUG".to_owned(),
            quantity: Some(quantity),
            price_minor: Some(1299),
            sale_price_minor: None,
            currency: Some(currency.to_owned()),
        };
        let set = json!({ "id": "4", "stockLevels": [{ "stockLocationId": "1", "stockOnHand": 5 }], "price": 1299 });
        assert_eq!(row(&variant, &offer(3, "EUR"), "EUR"), Ok(set));
        assert!(row(&variant, &offer(-1, "EUR"), "EUR").is_err());
        assert!(row(&variant, &offer(1, "USD"), "EUR").unwrap_err().contains("EUR"));
    }
}
