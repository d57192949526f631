//! An order of theirs as one of ours.
use serde_json::Value;

use super::{refund, wire};
use crate::market::json::{joined, moment};
use crate::order::{Address, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

pub(super) fn read(raw: Value) -> Result<wire::Order, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

pub(super) fn order(told: wire::Order) -> Result<Order, String> {
    let currency = Currency::parse(&told.pricing_summary.total.currency).map_err(|invalid| invalid.message)?;
    let money = |amount: Option<&wire::Amount>| amount.map_or(Ok(0), |amount| minor(amount, currency));
    let pricing = &told.pricing_summary;
    let (delivery, off) = (money(pricing.delivery_cost.as_ref())?, money(pricing.delivery_discount.as_ref())?);
    let state = state(&told);
    let lines = told.line_items.iter().map(|line| read_line(line, state, currency));
    Ok(Order {
        state,
        channel_state: channel_state(&told),
        fulfillment: fulfillment(&told),
        pickup_point: pickup_point(&told),
        currency,
        total_minor: minor(&pricing.total, currency)?,
        // a discount comes with its sign
        shipping_minor: delivery.saturating_sub(off.saturating_abs()),
        placed_at: moment(&told.creation_date)?,
        updated_at: moment(&told.last_modified_date)?,
        acknowledge_by: None,
        refunds: refund::refunds(&told, currency)?,
        lines: lines.collect::<Result<_, String>>()?,
        buyer: buyer(&told),
        channel_order_id: told.order_id,
    })
}

pub(super) fn minor(amount: &wire::Amount, currency: Currency) -> Result<i64, String> {
    if amount.currency != currency.code() {
        return Err(format!("an amount is in {}, the order in {}", amount.currency, currency.code()));
    }
    amount.value.minor(currency)
}

pub(super) fn cancel_state(told: &wire::Order) -> Option<&str> {
    told.cancel_status.as_ref()?.cancel_state.as_deref().filter(|state| *state != "NONE_REQUESTED")
}

fn channel_state(told: &wire::Order) -> String {
    joined(&[Some(&told.order_payment_status), Some(&told.order_fulfillment_status), cancel_state(told)], " ")
}

fn state(told: &wire::Order) -> Option<State> {
    match cancel_state(told) {
        Some("CANCELED") => return Some(State::Canceled),
        // until it is decided the order goes on
        None | Some("IN_PROGRESS") => {}
        Some(_) => return None,
    }
    Some(match (told.order_payment_status.as_str(), told.order_fulfillment_status.as_str()) {
        // a payment that failed may be made again
        ("PENDING" | "FAILED", "NOT_STARTED") => State::AwaitingPayment,
        ("FULLY_REFUNDED", "NOT_STARTED") => State::Canceled,
        ("PAID" | "PARTIALLY_REFUNDED", "NOT_STARTED") => State::Ready,
        ("PAID" | "PARTIALLY_REFUNDED" | "FULLY_REFUNDED", "IN_PROGRESS") => State::PartlyShipped,
        ("PAID" | "PARTIALLY_REFUNDED" | "FULLY_REFUNDED", "FULFILLED") if pickup_point(told).is_some() => {
            State::PickedUp
        }
        ("PAID" | "PARTIALLY_REFUNDED" | "FULLY_REFUNDED", "FULFILLED") => State::Shipped,
        _ => return None,
    })
}

fn fulfillment(told: &wire::Order) -> Fulfillment {
    match told.program.as_ref().and_then(|program| program.fulfillment_program.as_ref()) {
        Some(_) => Fulfillment::ByChannel,
        None if pickup_point(told).is_some() => Fulfillment::Pickup,
        None => Fulfillment::Parcel,
    }
}

fn pickup_point(told: &wire::Order) -> Option<String> {
    let mut steps = told.fulfillment_start_instructions.iter().filter_map(|step| step.pickup_step.as_ref());
    steps.find_map(|step| step.merchant_location_key.clone())
}

fn read_line(told: &wire::Line, state: Option<State>, currency: Currency) -> Result<Line, String> {
    if told.quantity < 0 {
        return Err(format!("line {} has a quantity of {}", told.line_item_id, told.quantity));
    }
    // how many units of a line in progress have left, only its parcels tell
    let gone = told.line_item_fulfillment_status.as_deref() == Some("FULFILLED");
    let shipped = if gone { told.quantity } else { 0 };
    let taxes = told.taxes.iter().filter_map(|tax| tax.amount.as_ref());
    Ok(Line {
        channel_line_id: told.line_item_id.clone(),
        channel_sku: told.sku.clone().filter(|sku| !sku.is_empty()),
        gtin: None,
        listing_id: listing_id(told),
        title: told.title.clone().unwrap_or_default(),
        quantity: told.quantity,
        canceled: if state == Some(State::Canceled) { told.quantity - shipped } else { 0 },
        shipped,
        price_minor: minor(&told.line_item_cost, currency)?.checked_div(told.quantity).unwrap_or(0),
        tax_minor: taxes
            .map(|tax| minor(tax, currency))
            .try_fold(0i64, |sum, tax| Ok::<_, String>(sum.saturating_add(tax?)))?,
    })
}

/// For listings without SKU: item, and variation where it has several.
fn listing_id(told: &wire::Line) -> Option<String> {
    let variation = told.legacy_variation_id.as_deref().filter(|id| *id != "0");
    Some(joined(&[told.legacy_item_id.as_deref(), variation], "-")).filter(|id| !id.is_empty())
}

fn buyer(told: &wire::Order) -> Option<Buyer> {
    let steps = told.fulfillment_start_instructions.iter().filter_map(|step| step.shipping_step.as_ref());
    let to = steps.filter_map(|step| step.ship_to.as_ref()).next()?;
    let place = to.contact_address.as_ref();
    Some(Buyer {
        name: to.full_name.clone().unwrap_or_default(),
        email: to.email.clone(),
        phone: to.primary_phone.as_ref().and_then(|phone| phone.phone_number.clone()),
        address: place.map(|place| Address {
            street: joined(
                &[to.company_name.as_deref(), place.address_line1.as_deref(), place.address_line2.as_deref()],
                "\n",
            ),
            zip: place.postal_code.clone().unwrap_or_default(),
            city: place.city.clone().unwrap_or_default(),
            region: place.state_or_province.clone(),
            country: place.country_code.clone().unwrap_or_default(),
        }),
        note: told.buyer_checkout_notes.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(payment: &str, fulfillment: &str, changes: Value) -> Result<Order, String> {
        let mut order = json!({
            "orderId": "12-1", "creationDate": "2026-11-25T09:00:00.000Z", "lastModifiedDate": "2026-11-25T09:00:00.000Z",
            "orderPaymentStatus": payment, "orderFulfillmentStatus": fulfillment,
            "pricingSummary": { "total": { "value": "12.90", "currency": "EUR" } },
            "lineItems": [{ "lineItemId": "1", "quantity": 2, "lineItemCost": { "value": "12.90", "currency": "EUR" } }],
        });
        if let (Value::Object(order), Value::Object(changes)) = (&mut order, changes) {
            order.extend(changes);
        }
        order_of(order)
    }

    fn order_of(raw: Value) -> Result<Order, String> {
        order(read(raw)?)
    }

    #[test]
    fn every_state_has_a_place_and_an_unknown_one_is_kept() {
        for (payment, fulfillment, ours) in [
            ("PENDING", "NOT_STARTED", Some(State::AwaitingPayment)),
            ("FAILED", "NOT_STARTED", Some(State::AwaitingPayment)),
            ("PAID", "NOT_STARTED", Some(State::Ready)),
            ("PARTIALLY_REFUNDED", "NOT_STARTED", Some(State::Ready)),
            ("FULLY_REFUNDED", "NOT_STARTED", Some(State::Canceled)),
            ("PAID", "IN_PROGRESS", Some(State::PartlyShipped)),
            ("FULLY_REFUNDED", "FULFILLED", Some(State::Shipped)),
            ("PAID", "BEAMED", None),
            ("OWED", "NOT_STARTED", None),
        ] {
            let order = of(payment, fulfillment, json!({})).unwrap();
            assert_eq!((order.state, order.channel_state), (ours, format!("{payment} {fulfillment}")));
        }
        for (cancel, ours) in [("IN_PROGRESS", Some(State::Ready)), ("CANCELED", Some(State::Canceled)), ("?", None)] {
            let order = of("PAID", "NOT_STARTED", json!({ "cancelStatus": { "cancelState": cancel } })).unwrap();
            assert_eq!(order.state, ours, "{cancel}");
        }
    }

    #[test]
    fn what_ebay_ships_and_what_is_collected_is_known() {
        let at = json!({ "fulfillmentStartInstructions": [{ "pickupStep": { "merchantLocationKey": "S1" } }] });
        let order = of("PAID", "FULFILLED", at).unwrap();
        assert_eq!((order.fulfillment, order.state), (Fulfillment::Pickup, Some(State::PickedUp)));
        let theirs = of("PAID", "NOT_STARTED", json!({ "program": { "fulfillmentProgram": {} } })).unwrap();
        assert_eq!(theirs.fulfillment, Fulfillment::ByChannel);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (changes, part) in [
            (json!({ "pricingSummary": { "total": { "value": "1", "currency": "USD" } } }), "EUR"),
            (json!({ "creationDate": "yesterday" }), "yesterday"),
            (
                json!({ "lineItems": [{ "lineItemId": "1", "quantity": -1, "lineItemCost": { "value": "1", "currency": "EUR" } }] }),
                "-1",
            ),
        ] {
            let why = of("PAID", "NOT_STARTED", changes).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }
}
