//! A posting of theirs, as told and as one of our orders.
use serde::Deserialize;
use serde_json::Value;

use crate::market::json::{Decimal, joined, moment, null_as_default, sum};
use crate::order::{Address, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

#[derive(Deserialize)]
pub(super) struct Told {
    pub posting_number: String,
    pub status: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub substatus: String,
    #[serde(default, deserialize_with = "null_as_default")]
    delivery_schema: String,
    #[serde(default, deserialize_with = "null_as_default")]
    tpl_integration_type: String,
    #[serde(default, deserialize_with = "null_as_default")]
    tracking_number: String,
    pub in_process_at: String,
    pub delivering_date: Option<String>,
    #[serde(default)]
    pub is_multibox: bool,
    pub products: Vec<Product>,
    customer: Option<Customer>,
    addressee: Option<Addressee>,
}

#[derive(Deserialize)]
pub(super) struct Product {
    /// Ozon's number, which is what calls are made with.
    pub sku: i64,
    #[serde(default, deserialize_with = "null_as_default")]
    offer_id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    name: String,
    pub quantity: i64,
    price: Price,
    /// Beside a price that is a number alone.
    currency_code: Option<String>,
}

/// Lists tell both, a single posting the amount.
#[derive(Deserialize)]
#[serde(untagged)]
enum Price {
    Whole { amount: Decimal, currency: String },
    Amount(Decimal),
}

#[derive(Deserialize)]
struct Customer {
    name: Option<String>,
    phone: Option<String>,
    customer_email: Option<String>,
    address: Option<Place>,
}

#[derive(Deserialize)]
struct Addressee {
    name: Option<String>,
    phone: Option<String>,
}

#[derive(Deserialize)]
struct Place {
    address_tail: Option<String>,
    city: Option<String>,
    region: Option<String>,
    country: Option<String>,
    zip_code: Option<String>,
    comment: Option<String>,
}

impl Told {
    /// The seller brings it to the buyer, or a carrier does for the seller: its number is ours to tell.
    pub fn is_ours_to_deliver(&self) -> bool {
        matches!(self.tpl_integration_type.as_str(), "non_integrated" | "3pl_tracking")
    }

    pub fn number(&self) -> Option<&str> {
        Some(self.tracking_number.as_str()).filter(|number| !number.is_empty())
    }

    pub fn is_to_be_packed(&self) -> bool {
        self.status == "awaiting_packaging"
    }

    pub fn words(&self) -> String {
        joined(&[Some(&self.status), Some(&self.substatus)], " ")
    }
}

/// Why a posting cannot be read is one sentence, for the order's place in the report.
pub(super) fn read(raw: Value) -> Result<Told, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

/// A posting in dispute has none of our states: it stays what it was until somebody has decided.
pub(super) fn state(told: &Told) -> Option<State> {
    Some(match told.status.as_str() {
        "awaiting_registration"
        | "awaiting registration"
        | "acceptance_in_progress"
        | "awaiting_approve"
        | "awaiting_verification" => State::AwaitingPayment,
        "awaiting_packaging" | "awaiting_deliver" => State::Ready,
        "delivering" | "driver_pickup" | "sent_by_seller" => State::Shipped,
        "delivered" => State::Delivered,
        "cancelled" | "cancelled_from_split_pending" | "not_accepted" => State::Canceled,
        _ => return None,
    })
}

pub(super) fn order(told: Told) -> Result<Order, String> {
    let currency = currency(&told)?;
    let state = state(&told);
    let placed_at = moment(&told.in_process_at)?;
    let left_at = told.delivering_date.as_deref().map(moment).transpose()?;
    let paid = |product: &Product| {
        let price = price(product, currency)?;
        price.checked_mul(product.quantity).ok_or_else(|| "the amounts are too large".to_owned())
    };
    Ok(Order {
        state,
        channel_state: told.words(),
        fulfillment: match told.delivery_schema.to_ascii_uppercase().as_str() {
            "FBO" => Fulfillment::ByChannel,
            _ => Fulfillment::Parcel,
        },
        pickup_point: None,
        currency,
        total_minor: sum(told.products.iter().map(paid))?,
        shipping_minor: 0,
        placed_at,
        updated_at: left_at.map_or(placed_at, |left_at| left_at.max(placed_at)),
        acknowledge_by: None,
        refunds: Vec::new(),
        lines: told.products.iter().map(|product| line(product, state, currency)).collect::<Result<_, _>>()?,
        buyer: buyer(&told),
        channel_order_id: told.posting_number,
    })
}

fn currency(told: &Told) -> Result<Currency, String> {
    let code = told.products.iter().find_map(|product| match &product.price {
        Price::Whole { currency, .. } => Some(currency.as_str()),
        Price::Amount(_) => product.currency_code.as_deref(),
    });
    Currency::parse(code.unwrap_or("RUB")).map_err(|invalid| invalid.message)
}

/// Of one unit. Amounts come with four decimals, the last two of which are zeros.
fn price(product: &Product, currency: Currency) -> Result<i64, String> {
    let (Price::Whole { amount, .. } | Price::Amount(amount)) = &product.price;
    let text = amount.0.as_str();
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    Decimal(short.to_owned()).minor(currency)
}

fn line(product: &Product, state: Option<State>, currency: Currency) -> Result<Line, String> {
    if product.quantity < 0 {
        return Err(format!("product {} has a quantity of {}", product.sku, product.quantity));
    }
    let all_if =
        |states: &[State]| if state.is_some_and(|state| states.contains(&state)) { product.quantity } else { 0 };
    Ok(Line {
        channel_line_id: product.sku.to_string(),
        channel_sku: Some(product.offer_id.clone()).filter(|sku| !sku.is_empty()),
        gtin: None,
        listing_id: Some(product.sku.to_string()),
        title: product.name.clone(),
        quantity: product.quantity,
        canceled: all_if(&[State::Canceled]),
        shipped: all_if(&[State::Shipped, State::Delivered]),
        price_minor: price(product, currency)?,
        tax_minor: 0,
    })
}

/// Told only where the seller delivers.
fn buyer(told: &Told) -> Option<Buyer> {
    let customer = told.customer.as_ref()?;
    let addressee = told.addressee.as_ref();
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Some(Buyer {
        name: addressee.and_then(|to| given(&to.name)).or_else(|| given(&customer.name)).unwrap_or_default(),
        email: given(&customer.customer_email),
        phone: addressee.and_then(|to| given(&to.phone)).or_else(|| given(&customer.phone)),
        note: customer.address.as_ref().and_then(|place| given(&place.comment)),
        address: customer.address.as_ref().map(|place| Address {
            street: text(&place.address_tail),
            zip: text(&place.zip_code),
            city: text(&place.city),
            region: given(&place.region),
            country: text(&place.country),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(status: &str, price: Value) -> Result<Order, String> {
        read(json!({
            "posting_number": "7-1", "status": status, "substatus": "posting_created", "delivery_schema": "FBS",
            "tpl_integration_type": "ozon", "tracking_number": "", "in_process_at": "2026-11-25T08:00:00.000Z",
            "delivering_date": null, "customer": null, "addressee": null,
            "products": [{ "sku": 99, "offer_id": "LAMP", "name": "Lamp", "quantity": 2, "price": price, "currency_code": "RUB" }],
        }))
        .and_then(order)
    }

    #[test]
    fn prices_are_told_in_two_ways() {
        for price in [
            json!("129.5000"),
            json!({ "amount": "129.50", "currency": "RUB" }),
            json!({ "amount": 129.5, "currency": "RUB" }),
        ] {
            let order = of("awaiting_packaging", price).unwrap();
            assert_eq!((order.total_minor, order.lines[0].price_minor, order.currency.code()), (25900, 12950, "RUB"));
        }
        assert_eq!(of("awaiting_packaging", json!("1200")).unwrap().total_minor, 240_000);
        assert!(of("awaiting_packaging", json!("129.5050")).is_err());
    }

    #[test]
    fn states_and_units() {
        for (status, ours, counts) in [
            ("awaiting_registration", Some(State::AwaitingPayment), (0, 0)),
            ("awaiting_approve", Some(State::AwaitingPayment), (0, 0)),
            ("awaiting_packaging", Some(State::Ready), (0, 0)),
            ("awaiting_deliver", Some(State::Ready), (0, 0)),
            ("driver_pickup", Some(State::Shipped), (0, 2)),
            ("delivered", Some(State::Delivered), (0, 2)),
            ("not_accepted", Some(State::Canceled), (2, 0)),
            ("client_arbitration", None, (0, 0)),
            ("beamed", None, (0, 0)),
        ] {
            let order = of(status, json!("1")).unwrap();
            let line = &order.lines[0];
            assert_eq!((order.state, (line.canceled, line.shipped)), (ours, counts), "{status}");
        }
    }

    #[test]
    fn what_ozon_sends_itself_is_not_ours() {
        let raw = json!({ "posting_number": "7-1", "status": "delivering", "delivery_schema": "FBO",
            "in_process_at": "2026-11-25T08:00:00Z", "products": [] });
        assert_eq!(read(raw).and_then(order).unwrap().fulfillment, Fulfillment::ByChannel);
    }
}
