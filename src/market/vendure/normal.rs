//! An order of theirs as one of ours.
use serde_json::Value;

use super::{ask, refund, ship};
use crate::market::json::{joined, moment};
use crate::order::{self, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

/// Why an order cannot be read is one sentence, for the order's place in the report.
pub(super) fn read(raw: Value) -> Result<ask::Order, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

pub(super) fn order(told: ask::Order) -> Result<Order, String> {
    let currency = Currency::parse(&told.currency_code).map_err(|invalid| invalid.message)?;
    let lines = told.lines.iter().map(|line| read_line(&told, line, currency));
    Ok(Order {
        state: state(&told.state),
        fulfillment: Fulfillment::Parcel,
        pickup_point: None,
        currency,
        total_minor: minor(told.total_with_tax, currency)?,
        shipping_minor: minor(told.shipping_with_tax, currency)?,
        placed_at: moment(told.order_placed_at.as_deref().unwrap_or(&told.created_at))?,
        updated_at: moment(&told.updated_at)?,
        acknowledge_by: None,
        refunds: refund::refunds(&told, currency)?,
        lines: lines.collect::<Result<_, String>>()?,
        buyer: buyer(&told),
        channel_order_id: told.id,
        channel_state: told.state,
    })
}

/// The states of the default process; a server may have others.
pub(super) fn state(theirs: &str) -> Option<State> {
    Some(match theirs {
        "Created" | "Draft" | "AddingItems" => State::Pending,
        "ArrangingPayment" | "Modifying" | "ArrangingAdditionalPayment" => State::AwaitingPayment,
        "PaymentAuthorized" | "PaymentSettled" => State::Ready,
        "PartiallyShipped" | "PartiallyDelivered" => State::PartlyShipped,
        "Shipped" => State::Shipped,
        "Delivered" => State::Delivered,
        "Cancelled" => State::Canceled,
        _ => return None,
    })
}

/// Amounts are hundredths, whatever the currency has.
pub(super) fn minor(hundredths: i64, currency: Currency) -> Result<i64, String> {
    let unit = 10i64.pow(u32::from(currency.exponent()));
    let scaled = hundredths.checked_mul(unit).filter(|scaled| scaled % 100 == 0);
    scaled
        .map(|scaled| scaled / 100)
        .ok_or_else(|| format!("{hundredths} hundredths are no amount of {}", currency.code()))
}

/// Hundredths of an amount of ours; `None` when they overflow.
pub(super) fn hundredths(minor: i64, currency: Currency) -> Option<i64> {
    Some(minor.checked_mul(100)? / 10i64.pow(u32::from(currency.exponent())))
}

fn read_line(order: &ask::Order, told: &ask::Line, currency: Currency) -> Result<Line, String> {
    if told.quantity < 0 {
        return Err(format!("line {} has a quantity of {}", told.id, told.quantity));
    }
    let quantity = told.order_placed_quantity.max(told.quantity);
    let gross = minor(told.prorated_unit_price_with_tax, currency)?;
    let tax = gross.checked_sub(minor(told.prorated_unit_price, currency)?);
    Ok(Line {
        channel_line_id: told.id.clone(),
        channel_sku: Some(told.product_variant.sku.clone()).filter(|sku| !sku.is_empty()),
        gtin: None,
        listing_id: Some(told.product_variant.id.clone()),
        title: told.product_variant.name.clone(),
        quantity,
        canceled: quantity - told.quantity,
        shipped: ship::shipped(order, &told.id).min(told.quantity),
        price_minor: gross,
        tax_minor: tax
            .and_then(|tax| tax.checked_mul(quantity))
            .ok_or_else(|| "the amounts are too large".to_owned())?,
    })
}

fn buyer(told: &ask::Order) -> Option<Buyer> {
    let customer = told.customer.as_ref();
    let to = told.shipping_address.as_ref();
    let name = to.and_then(|to| to.full_name.clone()).filter(|name| !name.is_empty());
    let called =
        || customer.map(|customer| joined(&[customer.first_name.as_deref(), customer.last_name.as_deref()], " "));
    Some(Buyer {
        name: name.or_else(called)?,
        email: customer.and_then(|customer| customer.email_address.clone()),
        phone: to.and_then(|to| to.phone_number.clone()).or_else(|| customer.and_then(|c| c.phone_number.clone())),
        address: to.map(|to| order::Address {
            street: joined(&[to.company.as_deref(), to.street_line1.as_deref(), to.street_line2.as_deref()], "\n"),
            zip: to.postal_code.clone().unwrap_or_default(),
            city: to.city.clone().unwrap_or_default(),
            region: to.province.clone().filter(|region| !region.is_empty()),
            country: to.country_code.clone().unwrap_or_default(),
        }),
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(changes: Value) -> Result<Order, String> {
        let mut raw = json!({
            "id": "7", "state": "PartiallyShipped", "createdAt": "2026-11-25T09:00:00Z", "currencyCode": "EUR",
            "updatedAt": "2026-11-25T10:00:00.000Z", "orderPlacedAt": "2026-11-25T09:30:00.000Z",
            "totalWithTax": 3618, "shippingWithTax": 500,
            "lines": [{ "id": "9", "quantity": 3, "orderPlacedQuantity": 4, "proratedUnitPrice": 1000,
                "proratedUnitPriceWithTax": 1200, "productVariant": { "id": "4", "sku": "MUG", "name": "Mug" } }],
            "fulfillments": [
                { "id": "1", "state": "Shipped", "createdAt": "2026-11-25T10:00:00Z", "method": "UPS",
                  "trackingCode": "1Z1", "lines": [{ "orderLineId": "9", "quantity": 2 }] },
                { "id": "2", "state": "Pending", "createdAt": "2026-11-25T10:00:00Z", "method": "UPS",
                  "trackingCode": "", "lines": [{ "orderLineId": "9", "quantity": 1 }] }],
        });
        if let (Value::Object(raw), Value::Object(changes)) = (&mut raw, changes) {
            raw.extend(changes);
        }
        read(raw).and_then(order)
    }

    #[test]
    fn an_order_is_read_with_its_money_units_and_times() {
        let order = of(json!({})).unwrap();
        assert_eq!((order.state, order.total_minor, order.shipping_minor), (Some(State::PartlyShipped), 3618, 500));
        assert_eq!(order.placed_at.to_string(), "2026-11-25T09:30:00Z");
        let line = &order.lines[0];
        assert_eq!((line.quantity, line.canceled, line.shipped), (4, 1, 2));
        assert_eq!((line.price_minor, line.tax_minor), (1200, 800));
    }

    #[test]
    fn amounts_are_hundredths_whatever_the_currency() {
        let total = |currency: &str| {
            of(json!({ "currencyCode": currency, "totalWithTax": 4300, "shippingWithTax": 0, "lines": [] }))
                .map(|order| order.total_minor)
        };
        assert_eq!((total("EUR"), total("JPY"), total("KWD")), (Ok(4300), Ok(43), Ok(43000)));
        assert!(of(json!({ "currencyCode": "JPY" })).is_err());
        assert_eq!(hundredths(43, Currency::parse("JPY").unwrap()), Some(4300));
    }

    #[test]
    fn an_unknown_state_is_kept() {
        let order = of(json!({ "state": "BeingEngraved" })).unwrap();
        assert_eq!((order.state, order.channel_state.as_str()), (None, "BeingEngraved"));
    }
}
