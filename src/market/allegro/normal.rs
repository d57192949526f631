//! An order of theirs as one of ours.
use jiff::Timestamp;
use serde_json::Value;

use super::wire;
use crate::market::json::{joined, moment};
use crate::order::{Address, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

/// The state of a form that was merged into another.
const MERGED: &str = "MERGED";

pub(super) fn read(raw: Value) -> Result<wire::Form, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

pub(super) fn order(told: wire::Form) -> Result<Order, String> {
    let currency = Currency::parse(&told.summary.total_to_pay.currency).map_err(|invalid| invalid.message)?;
    let state = state(&told);
    let cost = told.delivery.as_ref().and_then(|delivery| delivery.cost.as_ref());
    let placed = bought(&told.line_items)?;
    let updated = told.updated_at.as_deref().map(moment).transpose()?.or(placed).ok_or("it has no time")?;
    let sent = sent(&told, state);
    Ok(Order {
        state,
        channel_state: joined(&[Some(&told.status), fulfillment_status(&told)], " "),
        fulfillment: fulfillment(&told, state),
        pickup_point: pickup_point(&told),
        currency,
        total_minor: minor(&told.summary.total_to_pay, currency)?,
        shipping_minor: cost.map_or(Ok(0), |cost| minor(cost, currency))?,
        placed_at: placed.unwrap_or(updated),
        updated_at: updated,
        acknowledge_by: None,
        refunds: Vec::new(),
        lines: told
            .line_items
            .iter()
            .map(|line| read_line(line, state, sent, currency))
            .collect::<Result<_, String>>()?,
        buyer: buyer(&told),
        channel_order_id: told.id,
    })
}

/// A form that is there no longer, as its last event knew it: none of its units are held for it.
pub(super) fn gone(
    id: &str,
    lines: &[wire::Line],
    occurred: Timestamp,
    latest: Option<Timestamp>,
) -> Result<Order, String> {
    let code = lines.iter().find_map(|line| line.price.as_ref()).map_or("PLN", |price| price.currency.as_str());
    let currency = Currency::parse(code).map_err(|invalid| invalid.message)?;
    let state = Some(State::Canceled);
    let lines: Vec<Line> =
        lines.iter().map(|line| read_line(line, state, false, currency)).collect::<Result<_, String>>()?;
    let total = lines.iter().fold(0i64, |sum, line| sum.saturating_add(line.price_minor.saturating_mul(line.quantity)));
    Ok(Order {
        channel_order_id: id.to_owned(),
        state,
        channel_state: MERGED.to_owned(),
        fulfillment: Fulfillment::Parcel,
        pickup_point: None,
        currency,
        total_minor: total,
        shipping_minor: 0,
        placed_at: occurred,
        updated_at: latest.unwrap_or(occurred),
        acknowledge_by: None,
        refunds: Vec::new(),
        lines,
        buyer: None,
    })
}

fn minor(amount: &wire::Amount, currency: Currency) -> Result<i64, String> {
    if amount.currency != currency.code() {
        return Err(format!("an amount is in {}, the order in {}", amount.currency, currency.code()));
    }
    amount.amount.minor(currency)
}

/// When the first of it was bought.
fn bought(lines: &[wire::Line]) -> Result<Option<Timestamp>, String> {
    let times = lines.iter().filter_map(|line| line.bought_at.as_deref()).map(moment);
    Ok(times.collect::<Result<Vec<_>, _>>()?.into_iter().min())
}

/// The seller's own progress.
fn fulfillment_status(told: &wire::Form) -> Option<&str> {
    told.fulfillment.as_ref()?.status.as_deref()
}

/// How much of it has a parcel: NONE, SOME or ALL lines.
fn lines_sent(told: &wire::Form) -> Option<&str> {
    told.fulfillment.as_ref()?.shipment_summary.as_ref()?.line_items_sent.as_deref()
}

fn state(told: &wire::Form) -> Option<State> {
    match told.status.as_str() {
        "BOUGHT" | "FILLED_IN" => return Some(State::AwaitingPayment),
        "CANCELLED" => return Some(State::Canceled),
        "READY_FOR_PROCESSING" => {}
        _ => return None,
    }
    Some(match fulfillment_status(told).unwrap_or("NEW") {
        "NEW" | "PROCESSING" | "READY_FOR_SHIPMENT" | "SUSPENDED" => match lines_sent(told) {
            Some("SOME" | "ALL") => State::PartlyShipped,
            _ => State::Ready,
        },
        "READY_FOR_PICKUP" => State::ReadyForPickup,
        "SENT" => State::Shipped,
        "PICKED_UP" => State::PickedUp,
        "CANCELLED" => State::Canceled,
        "RETURNED" => State::Closed,
        _ => return None,
    })
}

/// Everything has left. Of an order that was canceled it is known only by its parcels.
fn sent(told: &wire::Form, state: Option<State>) -> bool {
    match state {
        Some(State::Shipped | State::PickedUp | State::Closed) => true,
        Some(State::Canceled) => lines_sent(told) == Some("ALL"),
        _ => false,
    }
}

fn fulfillment(told: &wire::Form, state: Option<State>) -> Fulfillment {
    let provider = told.fulfillment.as_ref().and_then(|fulfillment| fulfillment.provider.as_ref()?.id.as_deref());
    if provider == Some("ALLEGRO") {
        Fulfillment::ByChannel
    } else if matches!(state, Some(State::ReadyForPickup | State::PickedUp)) {
        // a point of a carrier is reached by parcel; what the seller keeps ready is not
        Fulfillment::Pickup
    } else {
        Fulfillment::Parcel
    }
}

fn pickup_point(told: &wire::Form) -> Option<String> {
    told.delivery.as_ref()?.pickup_point.as_ref()?.id.clone()
}

fn read_line(told: &wire::Line, state: Option<State>, sent: bool, currency: Currency) -> Result<Line, String> {
    if told.quantity < 0 {
        return Err(format!("line {} has a quantity of {}", told.id, told.quantity));
    }
    let shipped = if sent { told.quantity } else { 0 };
    Ok(Line {
        channel_line_id: told.id.clone(),
        channel_sku: told.offer.external.as_ref().and_then(|named| named.id.clone()).filter(|sku| !sku.is_empty()),
        gtin: None,
        listing_id: Some(told.offer.id.clone()),
        title: told.offer.name.clone().unwrap_or_default(),
        quantity: told.quantity,
        canceled: if state == Some(State::Canceled) { told.quantity - shipped } else { 0 },
        shipped,
        price_minor: told.price.as_ref().map_or(Ok(0), |price| minor(price, currency))?,
        // prices are gross, and the tax in them is not told
        tax_minor: 0,
    })
}

fn buyer(told: &wire::Form) -> Option<Buyer> {
    let buyer = told.buyer.as_ref();
    let to = told.delivery.as_ref().and_then(|delivery| delivery.address.as_ref());
    let recipient = to.map(|to| joined(&[to.first_name.as_deref(), to.last_name.as_deref()], " "));
    let name = || buyer.map(|buyer| joined(&[buyer.first_name.as_deref(), buyer.last_name.as_deref()], " "));
    if buyer.is_none() && to.is_none() {
        return None;
    }
    Some(Buyer {
        name: recipient.filter(|name| !name.is_empty()).or_else(name).unwrap_or_default(),
        email: buyer.and_then(|buyer| buyer.email.clone()),
        phone: to.and_then(|to| to.phone_number.clone()).or_else(|| buyer?.phone_number.clone()),
        address: to.map(|to| Address {
            street: joined(&[to.company_name.as_deref(), to.street.as_deref()], "\n"),
            zip: to.zip_code.clone().unwrap_or_default(),
            city: to.city.clone().unwrap_or_default(),
            region: None,
            country: to.country_code.clone().unwrap_or_default(),
        }),
        note: told.message_to_seller.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(status: &str, fulfillment: Value) -> Order {
        let price = json!({ "amount": "12.90", "currency": "PLN" });
        let told = json!({
            "id": "f", "status": status, "fulfillment": fulfillment, "updatedAt": "2026-11-25T09:00:00Z",
            "summary": { "totalToPay": price },
            "lineItems": [{ "id": "1", "offer": { "id": "7" }, "quantity": 2, "price": price }],
        });
        order(read(told).unwrap()).unwrap()
    }

    #[test]
    fn every_state_has_a_place_and_units_are_counted_once() {
        let ready = "READY_FOR_PROCESSING";
        for (status, theirs, sent, ours, counts) in [
            ("BOUGHT", "NEW", "NONE", Some(State::AwaitingPayment), (0, 0)),
            ("FILLED_IN", "NEW", "NONE", Some(State::AwaitingPayment), (0, 0)),
            (ready, "NEW", "NONE", Some(State::Ready), (0, 0)),
            (ready, "SUSPENDED", "NONE", Some(State::Ready), (0, 0)),
            (ready, "PROCESSING", "SOME", Some(State::PartlyShipped), (0, 0)),
            (ready, "READY_FOR_PICKUP", "NONE", Some(State::ReadyForPickup), (0, 0)),
            (ready, "SENT", "ALL", Some(State::Shipped), (0, 2)),
            (ready, "PICKED_UP", "NONE", Some(State::PickedUp), (0, 2)),
            (ready, "RETURNED", "ALL", Some(State::Closed), (0, 2)),
            (ready, "CANCELLED", "NONE", Some(State::Canceled), (2, 0)),
            ("CANCELLED", "NEW", "NONE", Some(State::Canceled), (2, 0)),
            ("CANCELLED", "SENT", "ALL", Some(State::Canceled), (0, 2)),
            ("DREAMT", "NEW", "NONE", None, (0, 0)),
            (ready, "EVAPORATED", "NONE", None, (0, 0)),
        ] {
            let order = of(status, json!({ "status": theirs, "shipmentSummary": { "lineItemsSent": sent } }));
            assert_eq!((order.state, order.channel_state), (ours, format!("{status} {theirs}")));
            assert_eq!((order.lines[0].canceled, order.lines[0].shipped), counts, "{status} {theirs}");
        }
        let theirs = of(ready, json!({ "status": "NEW", "provider": { "id": "ALLEGRO" } }));
        assert_eq!(theirs.fulfillment, Fulfillment::ByChannel);
    }
}
