//! A receipt, as told and as one of our orders.
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::market::json::{joined, null_as_default};
use crate::order::{self, Buyer, Fulfillment, Line, Order, Refunded, State};
use crate::value::Currency;

#[derive(Deserialize)]
pub(super) struct Told {
    pub receipt_id: u64,
    pub status: String,
    #[serde(default, deserialize_with = "null_as_default")]
    is_shipped: bool,
    created_timestamp: i64,
    updated_timestamp: i64,
    grandtotal: Amount,
    total_shipping_cost: Option<Amount>,
    name: Option<String>,
    buyer_email: Option<String>,
    first_line: Option<String>,
    second_line: Option<String>,
    city: Option<String>,
    state: Option<String>,
    zip: Option<String>,
    country_iso: Option<String>,
    message_from_buyer: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipments: Vec<Shipment>,
    #[serde(default, deserialize_with = "null_as_default")]
    refunds: Vec<Refund>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub transactions: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Refund {
    amount: Amount,
    created_timestamp: i64,
    reason: Option<String>,
}

/// `amount` parts of `divisor`.
#[derive(Deserialize)]
pub(super) struct Amount {
    amount: i64,
    divisor: i64,
    pub currency_code: String,
}

#[derive(Deserialize)]
pub(super) struct Shipment {
    pub carrier_name: Option<String>,
    pub tracking_code: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipment_notification_timestamp: i64,
}

#[derive(Deserialize)]
pub(super) struct Transaction {
    pub transaction_id: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    title: String,
    pub quantity: i64,
    sku: Option<String>,
    listing_id: Option<u64>,
    product_id: Option<u64>,
    price: Amount,
}

impl Amount {
    pub fn minor(&self, currency: Currency) -> Result<i64, String> {
        if self.currency_code != currency.code() {
            return Err(format!("amounts are in {} and in {}", currency.code(), self.currency_code));
        }
        let unit = 10i64.pow(u32::from(currency.exponent()));
        let scaled = self.amount.checked_mul(unit).filter(|_| self.divisor > 0);
        let exact = scaled.filter(|scaled| scaled % self.divisor == 0).map(|scaled| scaled / self.divisor);
        exact.ok_or_else(|| format!("{}/{} is no amount of {}", self.amount, self.divisor, currency.code()))
    }
}

/// Why a receipt cannot be read is one sentence, for the order's place in the report.
pub(super) fn read(raw: Value) -> Result<Told, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

pub(super) fn state(told: &Told) -> Option<State> {
    let status = told.status.to_lowercase();
    Some(match status.as_str() {
        "canceled" => State::Canceled,
        "open" | "payment processing" | "paid" | "completed" | "partially refunded" | "fully refunded"
            if told.is_shipped =>
        {
            State::Shipped
        }
        "fully refunded" => State::Canceled,
        "open" | "payment processing" => State::AwaitingPayment,
        "paid" | "partially refunded" => State::Ready,
        "completed" => State::Shipped,
        _ => return None,
    })
}

pub(super) fn order(told: Told) -> Result<Order, String> {
    let currency = Currency::parse(&told.grandtotal.currency_code).map_err(|invalid| invalid.message)?;
    let state = state(&told);
    let moment = |seconds: i64| Timestamp::from_second(seconds).map_err(|_| format!("{seconds} is no moment"));
    let lines = told.transactions.iter().map(|line| read_line(line, state, currency));
    Ok(Order {
        state,
        channel_state: told.status.clone(),
        fulfillment: Fulfillment::Parcel,
        pickup_point: None,
        currency,
        total_minor: told.grandtotal.minor(currency)?,
        shipping_minor: told.total_shipping_cost.as_ref().map_or(Ok(0), |amount| amount.minor(currency))?,
        placed_at: moment(told.created_timestamp)?,
        updated_at: moment(told.updated_timestamp)?,
        acknowledge_by: None,
        refunds: told.refunds.iter().map(|refund| refunded(refund, currency)).collect::<Result<_, String>>()?,
        lines: lines.collect::<Result<_, String>>()?,
        buyer: Some(buyer(&told)),
        channel_order_id: told.receipt_id.to_string(),
    })
}

/// It has no id; no two are made in one second.
fn refunded(told: &Refund, currency: Currency) -> Result<Refunded, String> {
    Ok(Refunded {
        id: told.created_timestamp.to_string(),
        amount_minor: told.amount.minor(currency)?,
        lines: Vec::new(),
        reason: told.reason.clone().filter(|reason| !reason.is_empty()),
        at: Timestamp::from_second(told.created_timestamp).ok(),
    })
}

/// Only whole receipts are canceled, and leave.
fn read_line(told: &Transaction, state: Option<State>, currency: Currency) -> Result<Line, String> {
    if told.quantity < 0 {
        return Err(format!("line {} has a quantity of {}", told.transaction_id, told.quantity));
    }
    let all_if = |is| if state == Some(is) { told.quantity } else { 0 };
    Ok(Line {
        channel_line_id: told.transaction_id.to_string(),
        channel_sku: told.sku.clone().filter(|sku| !sku.is_empty()),
        gtin: None,
        listing_id: told.product_id.or(told.listing_id).map(|id| id.to_string()),
        title: told.title.clone(),
        quantity: told.quantity,
        canceled: all_if(State::Canceled),
        shipped: all_if(State::Shipped),
        price_minor: told.price.minor(currency)?,
        // told for the receipt as a whole
        tax_minor: 0,
    })
}

fn buyer(told: &Told) -> Buyer {
    Buyer {
        name: told.name.clone().unwrap_or_default(),
        email: told.buyer_email.clone(),
        phone: None,
        address: Some(order::Address {
            street: joined(&[told.first_line.as_deref(), told.second_line.as_deref()], "\n"),
            zip: told.zip.clone().unwrap_or_default(),
            city: told.city.clone().unwrap_or_default(),
            region: told.state.clone().filter(|state| !state.is_empty()),
            country: told.country_iso.clone().unwrap_or_default(),
        }),
        note: told.message_from_buyer.clone().filter(|note| !note.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(status: &str, is_shipped: bool, divisor: i64) -> Result<Order, String> {
        let money = |amount: i64| json!({ "amount": amount, "divisor": divisor, "currency_code": "EUR" });
        read(json!({
            "receipt_id": 7, "status": status, "is_shipped": is_shipped, "created_timestamp": 1_764_061_200,
            "updated_timestamp": 1_764_064_800, "grandtotal": money(2580), "shipments": null,
            "refunds": [{ "amount": money(500), "created_timestamp": 1_764_070_000, "reason": "" }],
            "transactions": [{ "transaction_id": 9, "title": "Lamp", "quantity": 2, "sku": "", "listing_id": 4,
                "product_id": null, "price": money(1290) }],
        }))
        .and_then(order)
    }

    #[test]
    fn states_and_units() {
        for (status, shipped, ours, counts) in [
            ("Open", false, Some(State::AwaitingPayment), (0, 0)),
            ("payment processing", false, Some(State::AwaitingPayment), (0, 0)),
            ("paid", false, Some(State::Ready), (0, 0)),
            ("paid", true, Some(State::Shipped), (0, 2)),
            ("Completed", true, Some(State::Shipped), (0, 2)),
            ("canceled", false, Some(State::Canceled), (2, 0)),
            ("Fully Refunded", false, Some(State::Canceled), (2, 0)),
            ("in the post", false, None, (0, 0)),
        ] {
            let order = of(status, shipped, 100).unwrap();
            let line = &order.lines[0];
            assert_eq!((order.state, (line.canceled, line.shipped)), (ours, counts), "{status}");
        }
    }

    #[test]
    fn amounts_are_parts_of_their_divisor() {
        let order = of("paid", false, 100).unwrap();
        assert_eq!((order.total_minor, order.lines[0].price_minor), (2580, 1290));
        assert_eq!(order.lines[0].listing_id.as_deref(), Some("4"));
        assert_eq!((order.refunds[0].amount_minor, order.refunds[0].id.as_str()), (500, "1764070000"));
        assert!(of("paid", false, 7).is_err() && of("paid", false, 0).is_err());
    }
}
