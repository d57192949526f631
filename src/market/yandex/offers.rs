//! Stock and prices. A list with one bad entry is refused as a whole, so it is cut in two until the bad one stands alone.
use serde_json::{Value, json};

use super::{Yandex, normal::RUBLE};
use crate::diagnostic::{Kind, Result};
use crate::market::{Body, ItemResult, Method, OfferUpdate, Port, Request, Submitted};
use crate::value::{Currency, Money};

/// As many prices as one call takes; stock takes four times that.
pub(super) const BATCH_MAX: usize = 500;

/// A call: its method, address, and the name of its list.
struct Call<'a> {
    method: Method,
    path: &'a [&'a str],
    list: &'a str,
}

impl Yandex {
    pub(super) fn set_offers(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let mut results: Vec<ItemResult> =
            offers.iter().map(|offer| ItemResult { sku: offer.sku.clone(), refused: None }).collect();
        let (mut stock, mut prices) = (Vec::new(), Vec::new());
        for (nth, offer) in offers.iter().enumerate() {
            match rows(offer) {
                Ok((units, price)) => {
                    stock.extend(units.map(|row| (nth, row)));
                    prices.extend(price.map(|row| (nth, row)));
                }
                Err(why) => refuse(&mut results, nth, &why),
            }
        }
        let stock_path = ["v2", "campaigns", &self.campaign, "offers", "stocks"];
        let price_path = ["v2", "businesses", &self.business, "offer-prices", "updates"];
        let calls = [
            (Call { method: Method::Put, path: &stock_path, list: "skus" }, stock),
            (Call { method: Method::Post, path: &price_path, list: "offers" }, prices),
        ];
        for (call, rows) in &calls {
            set(port, call, rows, &mut results)?;
        }
        Ok(Submitted { job: None, results })
    }
}

fn refuse(results: &mut [ItemResult], nth: usize, why: &str) {
    if let Some(result) = results.get_mut(nth) {
        result.refused.get_or_insert_with(|| why.to_owned());
    }
}

fn set(port: &dyn Port, call: &Call<'_>, rows: &[(usize, Value)], results: &mut [ItemResult]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let list: Vec<&Value> = rows.iter().map(|(_, row)| row).collect();
    let mut body = json!({});
    body[call.list] = json!(list);
    // absolute values: twice is the same as once
    let request = Request::new(call.method, "offers", call.path)?.body(Body::Json(body)).repeatable();
    match (port.send(request), rows) {
        (Err(refused), [(nth, _)]) if refused.kind == Kind::Rejected => {
            refuse(results, *nth, &refused.message);
            Ok(())
        }
        (Err(refused), _) if refused.kind == Kind::Rejected => {
            let (first, second) = rows.split_at(rows.len() / 2);
            set(port, call, first, results)?;
            set(port, call, second, results)
        }
        (answer, _) => answer.map(drop),
    }
}

/// Rows of stock and of prices, or why there are none.
fn rows(offer: &OfferUpdate) -> Result<(Option<Value>, Option<Value>), String> {
    let stock = match offer.quantity {
        Some(quantity) if quantity < 0 => return Err(format!("the quantity {quantity} is below zero")),
        Some(quantity) => Some(json!({ "sku": offer.sku, "items": [{ "count": quantity }] })),
        None => None,
    };
    let price = match offer.sale_price_minor.or(offer.price_minor) {
        Some(price) if price > 0 => {
            let currency = offer.currency.as_deref().ok_or("the price has no currency")?;
            let currency = Currency::parse(currency).map_err(|invalid| invalid.message)?;
            let decimal = |minor: i64| serde_json::from_str(&Money::new(minor, currency).to_decimal_string());
            let amount: Value = decimal(price).map_err(|e: serde_json::Error| e.to_string())?;
            let code = if currency.code() == RUBLE.1 { RUBLE.0 } else { currency.code() };
            let mut told = json!({ "value": amount, "currencyId": code });
            if let (Some(regular), Some(_)) = (offer.price_minor, offer.sale_price_minor) {
                told["discountBase"] = decimal(regular).map_err(|e| e.to_string())?;
            }
            Some(json!({ "offerId": offer.sku, "price": told }))
        }
        Some(_) => return Err("a price must be above zero".to_owned()),
        None => None,
    };
    Ok((stock, price))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ruble_has_another_name_there() {
        let offer = OfferUpdate {
            sku: "A".to_owned(),
            quantity: Some(0),
            price_minor: Some(12900),
            sale_price_minor: Some(9900),
            currency: Some("RUB".to_owned()),
        };
        let (stock, price) = rows(&offer).unwrap();
        assert_eq!(stock, Some(json!({ "sku": "A", "items": [{ "count": 0 }] })));
        let told = json!({ "value": 99.0, "currencyId": "RUR", "discountBase": 129.0 });
        assert_eq!(price, Some(json!({ "offerId": "A", "price": told })));
    }
}
