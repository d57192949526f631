//! An order of theirs as one of ours.
use serde_json::Value;

use super::{ask, id_of, refund};
use crate::market::json::{joined, moment, sum};
use crate::order::{self, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

/// Why an order cannot be read is one sentence, for the order's place in the report.
pub(super) fn order(raw: Value) -> Result<Order, String> {
    let told: ask::Order = serde_json::from_value(raw).map_err(|e| e.to_string())?;
    let currency = Currency::parse(&told.presentment_currency_code).map_err(|invalid| invalid.message)?;
    let money = |amount: &ask::Amount| amount.presentment_money.amount.minor(currency);
    let lines = told.line_items.nodes.iter().map(|line| read_line(line, currency));
    let delivery = told.fulfillment_orders.as_ref().and_then(|orders| orders.nodes.first());
    let collects = delivery.is_some_and(|delivery| {
        delivery.delivery_method.as_ref().is_some_and(|method| method.method_type == "PICK_UP")
    });
    let place = delivery.and_then(|delivery| delivery.assigned_location.as_ref()?.name.clone());
    Ok(Order {
        channel_order_id: id_of(&told.id).to_owned(),
        state: state(&told),
        channel_state: channel_state(&told),
        fulfillment: if collects { Fulfillment::Pickup } else { Fulfillment::Parcel },
        pickup_point: place.filter(|_| collects),
        currency,
        total_minor: money(&told.total_price_set)?,
        shipping_minor: told.total_shipping_price_set.as_ref().map_or(Ok(0), money)?,
        placed_at: moment(&told.created_at)?,
        updated_at: moment(&told.updated_at)?,
        acknowledge_by: None,
        refunds: refund::refunds(&told, currency)?,
        lines: lines.collect::<Result<_, String>>()?,
        buyer: buyer(&told),
    })
}

fn channel_state(told: &ask::Order) -> String {
    let canceled = told.cancelled_at.as_ref().map(|_| "CANCELLED");
    let paid = told.display_financial_status.as_deref();
    let words = [canceled, paid, Some(told.display_fulfillment_status.as_str())];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn state(told: &ask::Order) -> Option<State> {
    if told.cancelled_at.is_some() {
        return Some(State::Canceled);
    }
    state_of(told.display_financial_status.as_deref(), &told.display_fulfillment_status, told.closed)
}

/// What has left has left, paid or not; before that, payment decides.
pub(super) fn state_of(financial: Option<&str>, fulfillment: &str, closed: bool) -> Option<State> {
    Some(match (fulfillment, financial) {
        ("FULFILLED", _) if closed => State::Closed,
        ("FULFILLED", _) => State::Shipped,
        ("PARTIALLY_FULFILLED", _) => State::PartlyShipped,
        ("RESTOCKED", _) => State::Canceled,
        // somebody at the shop has a doubt: it is not to leave, and its stock is not to be sold
        ("ON_HOLD", _) => State::AwaitingPayment,
        (
            "UNFULFILLED" | "OPEN" | "IN_PROGRESS" | "PENDING_FULFILLMENT" | "SCHEDULED" | "REQUEST_DECLINED",
            financial,
        ) => match financial? {
            "PAID" | "AUTHORIZED" | "PARTIALLY_REFUNDED" => State::Ready,
            "PENDING" | "PARTIALLY_PAID" | "EXPIRED" => State::AwaitingPayment,
            "REFUNDED" | "VOIDED" => State::Canceled,
            _ => return None,
        },
        _ => return None,
    })
}

fn read_line(told: &ask::Line, currency: Currency) -> Result<Line, String> {
    let (quantity, current, open) = (told.quantity, told.current_quantity, told.unfulfilled_quantity);
    if quantity < 0 || !(0..=quantity).contains(&current) || open < 0 {
        return Err(format!("line {} has quantities of {quantity}, {current} and {open}", id_of(&told.id)));
    }
    let taxes = told.tax_lines.iter().map(|tax| tax.price_set.presentment_money.amount.minor(currency));
    Ok(Line {
        channel_line_id: id_of(&told.id).to_owned(),
        channel_sku: told.sku.clone().filter(|sku| !sku.is_empty()),
        gtin: told.variant.as_ref().and_then(|variant| variant.barcode.clone()).filter(|code| !code.is_empty()),
        listing_id: told.variant.as_ref().map(|variant| id_of(&variant.id).to_owned()),
        title: told.name.clone(),
        quantity,
        canceled: quantity - current,
        shipped: (current - open).max(0),
        // a discount on the order is spread over its units in fractions of a cent
        price_minor: unit_price(told, currency)?,
        tax_minor: sum(taxes)?,
    })
}

fn unit_price(told: &ask::Line, currency: Currency) -> Result<i64, String> {
    let amount = &told.unit_price.presentment_money.amount;
    let (whole, fraction) = amount.0.split_once('.').unwrap_or((&amount.0, ""));
    let kept = fraction.get(..usize::from(currency.exponent())).unwrap_or(fraction);
    crate::market::json::Decimal(if kept.is_empty() { whole.to_owned() } else { format!("{whole}.{kept}") })
        .minor(currency)
}

fn buyer(told: &ask::Order) -> Option<Buyer> {
    let to = told.shipping_address.as_ref();
    if to.is_none() && told.email.is_none() && told.phone.is_none() {
        return None;
    }
    Some(Buyer {
        name: to.and_then(|to| to.name.clone()).unwrap_or_default(),
        email: told.email.clone(),
        phone: to.and_then(|to| to.phone.clone()).or_else(|| told.phone.clone()),
        address: to.map(|to| order::Address {
            street: joined(&[to.company.as_deref(), to.address1.as_deref(), to.address2.as_deref()], "\n"),
            zip: to.zip.clone().unwrap_or_default(),
            city: to.city.clone().unwrap_or_default(),
            region: to.province_code.clone(),
            country: to.country_code.clone().unwrap_or_default(),
        }),
        note: told.note.clone().filter(|note| !note.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn money(amount: &str) -> Value {
        json!({ "presentmentMoney": { "amount": amount } })
    }

    fn of(changes: Value) -> Result<Order, String> {
        let mut raw = json!({
            "id": "gid://shopify/Order/7", "createdAt": "2026-11-25T09:00:00Z", "updatedAt": "2026-11-25T10:00:00Z",
            "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "UNFULFILLED", "presentmentCurrencyCode": "EUR",
            "totalPriceSet": money("43.70"), "totalShippingPriceSet": money("5.0"),
            "lineItems": { "nodes": [{ "id": "gid://shopify/LineItem/9", "sku": "LAMP", "name": "Lamp", "quantity": 3,
                "currentQuantity": 3, "unfulfilledQuantity": 3, "taxLines": [{ "priceSet": money("1.1") }],
                "discountedUnitPriceAfterAllDiscountsSet": money("12.903333"),
                "variant": { "id": "gid://shopify/ProductVariant/4", "barcode": "" } }] },
        });
        if let (Value::Object(raw), Value::Object(changes)) = (&mut raw, changes) {
            raw.extend(changes);
        }
        order(raw)
    }

    #[test]
    fn an_order_is_read_with_its_money_and_times() {
        let order = of(json!({})).unwrap();
        assert_eq!((order.channel_order_id.as_str(), order.total_minor, order.shipping_minor), ("7", 4370, 500));
        assert_eq!((order.state, order.channel_state.as_str()), (Some(State::Ready), "PAID UNFULFILLED"));
        let line = &order.lines[0];
        assert_eq!((line.channel_line_id.as_str(), line.price_minor, line.tax_minor), ("9", 1290, 110));
        assert_eq!((line.listing_id.as_deref(), line.gtin.as_deref()), (Some("4"), None));
        let yen = of(json!({ "presentmentCurrencyCode": "JPY", "totalPriceSet": money("43"),
            "totalShippingPriceSet": null, "lineItems": { "nodes": [] } }));
        assert_eq!(yen.unwrap().total_minor, 43);
    }

    #[test]
    fn payment_decides_until_goods_have_left() {
        for (paid, left, closed, ours) in [
            ("PAID", "UNFULFILLED", false, Some(State::Ready)),
            ("AUTHORIZED", "IN_PROGRESS", false, Some(State::Ready)),
            ("PENDING", "UNFULFILLED", false, Some(State::AwaitingPayment)),
            ("PAID", "ON_HOLD", false, Some(State::AwaitingPayment)),
            ("VOIDED", "UNFULFILLED", false, Some(State::Canceled)),
            ("REFUNDED", "UNFULFILLED", true, Some(State::Canceled)),
            ("REFUNDED", "FULFILLED", false, Some(State::Shipped)),
            ("PAID", "FULFILLED", true, Some(State::Closed)),
            ("PENDING", "PARTIALLY_FULFILLED", false, Some(State::PartlyShipped)),
            ("PAID", "TELEPORTED", false, None),
            ("BARTERED", "UNFULFILLED", false, None),
        ] {
            assert_eq!(state_of(Some(paid), left, closed), ours, "{paid} {left}");
        }
        let canceled = of(json!({ "cancelledAt": "2026-11-25T10:00:00Z" })).unwrap();
        assert_eq!(
            (canceled.state, canceled.channel_state.as_str()),
            (Some(State::Canceled), "CANCELLED PAID UNFULFILLED")
        );
    }

    #[test]
    fn units_are_counted_once() {
        let counts = |quantity: i64, current: i64, open: i64| {
            let line = json!({ "id": "x/9", "quantity": quantity, "currentQuantity": current,
                "unfulfilledQuantity": open, "discountedUnitPriceAfterAllDiscountsSet": money("1") });
            let line = of(json!({ "lineItems": { "nodes": [line] } }))?.lines.remove(0);
            Ok::<_, String>((line.canceled, line.shipped))
        };
        assert_eq!(counts(3, 2, 2), Ok((1, 0)));
        assert_eq!(counts(3, 2, 1), Ok((1, 1)));
        assert_eq!(counts(3, 0, 0), Ok((3, 0)));
        assert!(counts(3, 4, 0).is_err() && counts(-1, 0, 0).is_err());
    }
}
