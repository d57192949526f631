//! An order of theirs as one of ours.
use serde_json::Value;

use super::{refund, ship, wire};
use crate::market::json::{joined, moment, sum};
use crate::order::{Address, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

/// Why an order cannot be read is one sentence, for the order's place in the report.
pub(super) fn read(raw: Value) -> Result<wire::Order, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

pub(super) fn order(told: wire::Order) -> Result<Order, String> {
    let currency = Currency::parse(&told.currency).map_err(|invalid| invalid.message)?;
    let state = state(&told);
    let lines = told.line_items.iter().map(|line| read_line(&told, line, state, currency));
    let collects = told.shipping_lines.iter().find(|line| is_pickup(line));
    Ok(Order {
        state,
        fulfillment: if collects.is_some() { Fulfillment::Pickup } else { Fulfillment::Parcel },
        pickup_point: collects.and_then(|line| line.method_title.clone()),
        currency,
        total_minor: told.total.minor(currency)?,
        shipping_minor: told.shipping_total.as_ref().map_or(Ok(0), |amount| amount.minor(currency))?,
        placed_at: moment(&told.date_created_gmt)?,
        updated_at: moment(&told.date_modified_gmt)?,
        acknowledge_by: None,
        refunds: refund::refunds(&told, currency)?,
        lines: lines.collect::<Result<_, String>>()?,
        buyer: buyer(&told),
        channel_order_id: told.id.to_string(),
        channel_state: told.status,
    })
}

fn is_pickup(line: &wire::ShippingLine) -> bool {
    line.method_id.as_deref().is_some_and(|id| id.starts_with("local_pickup") || id.starts_with("pickup_location"))
}

/// A failed payment may be made good by the buyer, so the order waits on, and what is held for it expires.
fn state(told: &wire::Order) -> Option<State> {
    let some_left = || !ship::known(told).is_empty();
    Some(match told.status.as_str() {
        "checkout-draft" | "auto-draft" => State::Pending,
        "pending" | "on-hold" | "failed" => State::AwaitingPayment,
        "processing" if some_left() => State::PartlyShipped,
        "processing" => State::Ready,
        "completed" => State::Shipped,
        "refunded" if told.date_completed_gmt.is_some() => State::Closed,
        "cancelled" | "trash" | "refunded" => State::Canceled,
        _ => return None,
    })
}

fn read_line(order: &wire::Order, told: &wire::Line, state: Option<State>, currency: Currency) -> Result<Line, String> {
    if told.quantity < 0 {
        return Err(format!("line {} has a quantity of {}", told.id, told.quantity));
    }
    let tax_minor = told.total_tax.as_ref().map_or(Ok(0), |tax| tax.minor(currency))?;
    let net = told.total.minor(currency)?;
    let paid = if order.prices_include_tax { sum([Ok(net), Ok(tax_minor)])? } else { net };
    let (canceled, shipped) = units(order, told, state);
    Ok(Line {
        channel_line_id: told.id.to_string(),
        channel_sku: told.sku.clone().filter(|sku| !sku.is_empty()),
        gtin: None,
        listing_id: told.variation_id.filter(|id| *id > 0).or(told.product_id).map(|id| id.to_string()),
        title: told.name.clone(),
        quantity: told.quantity,
        canceled,
        shipped,
        // a line's discount is spread over its units, and a cent may be left over
        price_minor: paid.checked_div(told.quantity).unwrap_or(paid),
        tax_minor,
    })
}

/// Canceled and shipped units. What was refunded before it left is canceled; afterwards it is a return.
fn units(order: &wire::Order, line: &wire::Line, state: Option<State>) -> (i64, i64) {
    match state {
        Some(State::Canceled) => (line.quantity, 0),
        Some(State::Shipped | State::Closed) => (0, line.quantity),
        _ => {
            let id = line.id.to_string();
            let parcels = ship::known(order);
            let lines = parcels.iter().flat_map(|parcel| &parcel.lines).filter(|(other, _)| *other == id);
            let shipped = lines.fold(0i64, |sum, (_, units)| sum.saturating_add(*units)).min(line.quantity);
            (refunded(order, &id).min(line.quantity - shipped), shipped)
        }
    }
}

/// In a line of a refund, the line of the order it is for.
pub(super) const REFUNDED_LINE: &str = "_refunded_item_id";

pub(super) fn refunded(order: &wire::Order, line_id: &str) -> i64 {
    let of_line = |line: &&wire::RefundLine| {
        line.meta_data.iter().any(|meta| meta.key == REFUNDED_LINE && plain(&meta.value) == line_id)
    };
    let lines = order.refunds.iter().flat_map(|refund| &refund.line_items).filter(of_line);
    lines.fold(0i64, |sum, line| sum.saturating_add(line.quantity.saturating_abs()))
}

/// Plugins write numbers as texts, and texts as numbers.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn buyer(told: &wire::Order) -> Option<Buyer> {
    let billing = told.billing.as_ref()?;
    let has_street = |to: &&wire::Address| to.address_1.as_deref().is_some_and(|street| !street.is_empty());
    let to = told.shipping.as_ref().filter(has_street).unwrap_or(billing);
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Some(Buyer {
        name: joined(&[to.first_name.as_deref(), to.last_name.as_deref()], " "),
        email: given(&billing.email),
        phone: given(&to.phone).or_else(|| given(&billing.phone)),
        address: Some(Address {
            street: joined(&[to.company.as_deref(), to.address_1.as_deref(), to.address_2.as_deref()], "\n"),
            zip: to.postcode.clone().unwrap_or_default(),
            city: to.city.clone().unwrap_or_default(),
            region: given(&to.state),
            country: to.country.clone().unwrap_or_default(),
        }),
        note: given(&told.customer_note),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(changes: Value) -> Result<Order, String> {
        let mut raw = json!({
            "id": 727, "status": "processing", "currency": "EUR", "total": "29.35", "shipping_total": "10.00",
            "date_created_gmt": "2026-11-25T09:00:00Z", "date_modified_gmt": "2026-11-25T10:00:00Z",
            "prices_include_tax": true,
            "line_items": [{ "id": 315, "name": "Lamp", "product_id": 93, "variation_id": 794, "quantity": 3,
                "sku": "LAMP", "total": "15.00", "total_tax": "3.00" }],
        });
        if let (Value::Object(raw), Value::Object(changes)) = (&mut raw, changes) {
            raw.extend(changes);
        }
        order(read(raw)?)
    }

    #[test]
    fn an_order_is_read_with_its_money_and_times() {
        let order = of(json!({})).unwrap();
        assert_eq!((order.total_minor, order.shipping_minor, order.currency.code()), (2935, 1000, "EUR"));
        assert_eq!(order.updated_at.to_string(), "2026-11-25T10:00:00Z");
        let line = &order.lines[0];
        assert_eq!((line.price_minor, line.tax_minor, line.quantity), (600, 300, 3));
        assert_eq!((line.channel_sku.as_deref(), line.listing_id.as_deref()), (Some("LAMP"), Some("794")));
        assert_eq!(of(json!({ "prices_include_tax": false })).unwrap().lines[0].price_minor, 500);
    }

    #[test]
    fn every_state_has_a_place_and_an_unknown_one_is_kept() {
        for (theirs, ours) in [
            ("checkout-draft", Some(State::Pending)),
            ("pending", Some(State::AwaitingPayment)),
            ("on-hold", Some(State::AwaitingPayment)),
            ("failed", Some(State::AwaitingPayment)),
            ("processing", Some(State::Ready)),
            ("completed", Some(State::Shipped)),
            ("cancelled", Some(State::Canceled)),
            ("trash", Some(State::Canceled)),
            ("refunded", Some(State::Canceled)),
            ("packed-by-some-plugin", None),
        ] {
            let order = of(json!({ "status": theirs })).unwrap();
            assert_eq!((order.state, order.channel_state.as_str()), (ours, theirs));
        }
        let returned = of(json!({ "status": "refunded", "date_completed_gmt": "2026-11-25T10:00:00" })).unwrap();
        assert_eq!((returned.state, returned.lines[0].shipped), (Some(State::Closed), 3));
    }

    #[test]
    fn units_refunded_before_they_left_are_canceled() {
        let refunds = json!([{ "id": 1, "line_items": [
            { "quantity": -1, "meta_data": [{ "key": "_refunded_item_id", "value": "315" }] },
            { "quantity": -1, "meta_data": [{ "key": "_refunded_item_id", "value": 316 }] }] }]);
        let line = of(json!({ "refunds": refunds })).unwrap().lines.remove(0);
        assert_eq!((line.quantity, line.canceled, line.shipped), (3, 1, 0));
        let line = of(json!({ "refunds": refunds, "status": "completed" })).unwrap().lines.remove(0);
        assert_eq!((line.canceled, line.shipped), (0, 3));
    }

    #[test]
    fn who_collects_it_and_who_gets_it() {
        let order = of(json!({
            "shipping_lines": [{ "method_id": "local_pickup", "method_title": "Our shop" }],
            "billing": { "first_name": "A", "last_name": "Buyer", "address_1": "1 Road", "email": "a@b.example" },
            "shipping": { "first_name": "", "address_1": "" },
        }))
        .unwrap();
        assert_eq!((order.fulfillment, order.pickup_point.as_deref()), (Fulfillment::Pickup, Some("Our shop")));
        let buyer = order.buyer.unwrap();
        assert_eq!((buyer.name.as_str(), buyer.address.unwrap().street.as_str()), ("A Buyer", "1 Road"));
    }

    #[test]
    fn what_cannot_be_read_is_said_and_never_guessed() {
        for (changes, part) in [
            (json!({ "currency": "???" }), "currency"),
            (json!({ "total": "12.345" }), "12.345"),
            (json!({ "date_modified_gmt": "yesterday" }), "yesterday"),
            (json!({ "line_items": [{ "id": 1, "quantity": -1, "total": "1" }] }), "-1"),
        ] {
            let why = of(changes).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }
}
