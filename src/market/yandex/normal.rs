//! An order of theirs, as told and as one of ours.
use serde::Deserialize;
use serde_json::Value;

use crate::market::json::{Decimal, moment, null_as_default, sum};
use crate::order::{Fulfillment, Line, Order, State};
use crate::value::Currency;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    pub order_id: i64,
    program_type: Option<String>,
    pub status: String,
    #[serde(default)]
    pub substatus: String,
    creation_date: String,
    pub update_date: Option<String>,
    pub items: Vec<Item>,
    prices: Option<Prices>,
    pub delivery: Option<Delivery>,
    #[serde(default)]
    cancel_requested: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub id: i64,
    offer_id: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    offer_name: String,
    pub count: i64,
    prices: Option<Prices>,
}

/// Of all units together.
#[derive(Deserialize)]
struct Prices {
    payment: Option<Amount>,
    delivery: Option<DeliveryPrice>,
}

#[derive(Deserialize)]
struct DeliveryPrice {
    payment: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Amount {
    value: Decimal,
    currency_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    pickup: Option<Pickup>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub tracks: Vec<Track>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pickup {
    outlet_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Track {
    pub track_code: Option<String>,
    pub delivery_service_id: Option<i64>,
}

/// The marketplace's word for the ruble is older than the ISO's.
pub(super) const RUBLE: (&str, &str) = ("RUR", "RUB");

impl Told {
    /// The seller brings it to the buyer, and knows its number.
    pub fn is_ours_to_deliver(&self) -> bool {
        self.program_type.as_deref() == Some("DBS")
    }

    pub fn words(&self) -> String {
        format!("{} {}", self.status, self.substatus).trim().to_owned()
    }
}

/// Why an order cannot be read is one sentence, for the order's place in the report.
pub(super) fn read(raw: Value) -> Result<Told, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

pub(super) fn state(told: &Told) -> Option<State> {
    Some(match (told.status.as_str(), told.substatus.as_str()) {
        ("PLACING" | "RESERVED" | "UNPAID", _) => State::AwaitingPayment,
        ("PENDING", _) => State::AwaitingAcceptance,
        // the marketplace's courier has it
        ("PROCESSING", "SHIPPED") => State::Shipped,
        ("PROCESSING", _) => State::Ready,
        ("DELIVERY" | "PICKUP", _) => State::Shipped,
        ("DELIVERED", _) => State::Delivered,
        // what comes back is booked where it arrives
        ("PARTIALLY_RETURNED" | "RETURNED", _) => State::Closed,
        ("CANCELLED", _) => State::Canceled,
        _ => return None,
    })
}

pub(super) fn order(told: Told) -> Result<Order, String> {
    let currency = currency(&told)?;
    let state = state(&told);
    let delivery = told.prices.as_ref().and_then(|prices| prices.delivery.as_ref()?.payment.as_ref());
    let shipping_minor = delivery.map_or(Ok(0), |amount| amount.value.minor(currency))?;
    let placed_at = moment(&told.creation_date)?;
    let goods = told.prices.as_ref().and_then(|prices| prices.payment.as_ref());
    let goods = match goods {
        Some(amount) => amount.value.minor(currency)?,
        None => sum(told.items.iter().map(|item| paid(item, currency)))?,
    };
    let lines = told.items.iter().map(|item| line(item, state, currency));
    let mut channel_state = told.words();
    if told.cancel_requested {
        channel_state.push_str(", cancellation requested");
    }
    Ok(Order {
        state,
        channel_state,
        fulfillment: match told.program_type.as_deref() {
            Some("FBY") => Fulfillment::ByChannel,
            _ => Fulfillment::Parcel,
        },
        pickup_point: told.delivery.as_ref().and_then(|delivery| delivery.pickup.as_ref()?.outlet_code.clone()),
        currency,
        total_minor: sum([Ok(goods), Ok(shipping_minor)])?,
        shipping_minor,
        placed_at,
        updated_at: told.update_date.as_deref().map_or(Ok(placed_at), moment)?,
        acknowledge_by: None,
        refunds: Vec::new(),
        lines: lines.collect::<Result<_, String>>()?,
        // told by a call of its own, to those who deliver
        buyer: None,
        channel_order_id: told.order_id.to_string(),
    })
}

fn currency(told: &Told) -> Result<Currency, String> {
    let prices = told.items.iter().filter_map(|item| item.prices.as_ref()).chain(told.prices.as_ref());
    let code = prices.filter_map(|prices| Some(prices.payment.as_ref()?.currency_id.as_str())).next();
    let code = code.filter(|code| *code != RUBLE.0).unwrap_or(RUBLE.1);
    Currency::parse(code).map_err(|invalid| invalid.message)
}

fn paid(item: &Item, currency: Currency) -> Result<i64, String> {
    let payment = item.prices.as_ref().and_then(|prices| prices.payment.as_ref());
    payment.map_or(Ok(0), |amount| amount.value.minor(currency))
}

fn line(item: &Item, state: Option<State>, currency: Currency) -> Result<Line, String> {
    if item.count < 0 {
        return Err(format!("item {} has a count of {}", item.id, item.count));
    }
    let all_if = |states: &[State]| if state.is_some_and(|state| states.contains(&state)) { item.count } else { 0 };
    Ok(Line {
        channel_line_id: item.id.to_string(),
        channel_sku: item.offer_id.clone().filter(|sku| !sku.is_empty()),
        gtin: None,
        listing_id: None,
        title: item.offer_name.clone(),
        quantity: item.count,
        canceled: all_if(&[State::Canceled]),
        shipped: all_if(&[State::Shipped, State::Delivered, State::Closed]),
        // a discount is told for all units together
        price_minor: paid(item, currency)?.checked_div(item.count).unwrap_or_default(),
        tax_minor: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(status: &str, substatus: &str) -> Order {
        let amount = |value: f64| json!({ "payment": { "value": value, "currencyId": "RUR" } });
        read(json!({
            "orderId": 7, "programType": "DBS", "status": status, "substatus": substatus,
            "creationDate": "2026-11-25T12:00:00+03:00", "updateDate": "2026-11-25T12:30:00+03:00",
            "items": [{ "id": 9, "offerId": "LAMP", "offerName": "Lamp", "count": 2, "prices": amount(258.0) }],
            "prices": { "payment": { "value": 258.0, "currencyId": "RUR" }, "delivery": amount(50.5) },
            "delivery": { "deliveryServiceId": 99 },
        }))
        .and_then(order)
        .unwrap()
    }

    #[test]
    fn an_order_is_read_with_its_money_and_times() {
        let order = of("PROCESSING", "STARTED");
        assert_eq!((order.total_minor, order.shipping_minor, order.currency.code()), (30850, 5050, "RUB"));
        assert_eq!(
            (order.lines[0].price_minor, order.updated_at.to_string().as_str()),
            (12900, "2026-11-25T09:30:00Z")
        );
    }

    #[test]
    fn states_and_units() {
        for (status, substatus, ours, counts) in [
            ("UNPAID", "", Some(State::AwaitingPayment), (0, 0)),
            ("PENDING", "AWAIT_CONFIRMATION", Some(State::AwaitingAcceptance), (0, 0)),
            ("PROCESSING", "READY_TO_SHIP", Some(State::Ready), (0, 0)),
            ("PROCESSING", "SHIPPED", Some(State::Shipped), (0, 2)),
            ("DELIVERY", "DELIVERY_SERVICE_RECEIVED", Some(State::Shipped), (0, 2)),
            ("DELIVERED", "DELIVERED", Some(State::Delivered), (0, 2)),
            ("RETURNED", "FULL", Some(State::Closed), (0, 2)),
            ("CANCELLED", "USER_CHANGED_MIND", Some(State::Canceled), (2, 0)),
            ("UNKNOWN", "", None, (0, 0)),
        ] {
            let order = of(status, substatus);
            assert_eq!((order.state, (order.lines[0].canceled, order.lines[0].shipped)), (ours, counts), "{status}");
        }
    }
}
