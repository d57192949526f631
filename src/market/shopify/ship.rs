//! Parcels: fulfillments made of fulfillment orders, which say what is still open and where it leaves from. A parcel
//! with goods of two locations is two fulfillments of one number.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Shopify, ask, gid, id_of, is_id, normal};
use crate::diagnostic::Result;
use crate::market::faults::{moved_on, no_such_order, not_yet, rejected};
use crate::market::json::moment;
use crate::market::parcels::settled;
use crate::market::{Parcel, Port, Receipt, carriers};
use crate::order::State;
use crate::value::{Carrier, TrackingNumber};

/// Units to take, by location, and there by fulfillment order: its line, and how many.
type Taken<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Vec<(&'a str, i64)>>>;

impl Shopify {
    pub(super) fn fulfillments(&self, port: &dyn Port, order_id: &str) -> Result<Option<ask::Fulfillments>> {
        if !is_id(order_id) {
            return Ok(None);
        }
        let variables = json!({ "id": gid("Order", order_id) });
        self.ask::<ask::One<_>>(port, "fulfillments", ask::FULFILLMENTS, variables).map(|told| told.order)
    }

    pub(super) fn ship_parcel(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let order_id = parcel.order_id.as_str();
        let told = self.fulfillments(port, order_id)?.ok_or_else(|| no_such_order(order_id))?;
        let financial = told.display_financial_status.as_deref();
        let state = normal::state_of(financial, &told.display_fulfillment_status, false);
        if told.cancelled_at.is_some() || state == Some(State::Canceled) {
            return Err(moved_on(order_id, "CANCELLED"));
        }
        let known = known(order_id, &told);
        let taken = take(&told, &left(parcel, &known));
        if let Some(receipt) = settled(parcel, &whole(known, parcel), taken.is_some())? {
            return Ok(receipt);
        }
        if state == Some(State::AwaitingPayment) {
            return Err(not_yet(order_id, &told.display_fulfillment_status));
        }
        let tracking = tracking(parcel)?;
        for orders in taken.unwrap_or_default().into_values() {
            let lines = orders.into_iter().map(|(id, lines)| {
                let lines = lines.into_iter().map(|(id, units)| json!({ "id": id, "quantity": units }));
                json!({ "fulfillmentOrderId": id, "fulfillmentOrderLineItems": lines.collect::<Vec<_>>() })
            });
            let fulfillment = json!({
                "lineItemsByFulfillmentOrder": lines.collect::<Vec<_>>(),
                "trackingInfo": tracking,
                "notifyCustomer": true,
            });
            let made = self.change(port, "ship", ask::FULFILL, json!({ "fulfillment": fulfillment }), false)?;
            if let Some(refused) = made.and_then(|made| made.user_errors.into_iter().next()) {
                return Err(rejected(refused.message));
            }
        }
        Ok(Receipt::Done)
    }
}

fn tracking(parcel: &Parcel) -> Result<Value> {
    let mut tracking = json!({ "company": carriers::name(&parcel.carrier)? });
    if let Some(number) = &parcel.tracking_number {
        tracking["number"] = json!(number);
        let page = Carrier::find(&parcel.carrier).zip(TrackingNumber::parse(number).ok());
        if let Some(page) = page.and_then(|(carrier, number)| carrier.url_of(&number)) {
            tracking["url"] = json!(page);
        }
    }
    Ok(tracking)
}

/// What of a parcel is not yet known under its number: the fulfillment of one location may have been made, and that of
/// another not.
fn left(parcel: &Parcel, known: &[Parcel]) -> Vec<(String, i64)> {
    let same =
        known.iter().filter(|known| known.tracking_number.is_some() && known.tracking_number == parcel.tracking_number);
    let gone: Vec<_> = same.flat_map(|known| &known.lines).collect();
    let open = |(id, units): &(String, i64)| {
        let gone = gone.iter().filter(|(other, _)| other == id).map(|(_, units)| *units);
        (id.clone(), units.saturating_sub(gone.fold(0, i64::saturating_add)))
    };
    parcel.lines.iter().map(open).filter(|(_, units)| *units > 0).collect()
}

/// The known parcels without those that are only a part of this one.
fn whole(known: Vec<Parcel>, parcel: &Parcel) -> Vec<Parcel> {
    if left(parcel, &known).is_empty() {
        return known;
    }
    known
        .into_iter()
        .filter(|known| known.tracking_number.is_none() || known.tracking_number != parcel.tracking_number)
        .collect()
}

/// Where the units are open; `None` when they are not, or there are none to take.
fn take<'a>(told: &'a ask::Fulfillments, lines: &[(String, i64)]) -> Option<Taken<'a>> {
    let mut taken = Taken::new();
    for (line_id, units) in lines {
        let mut missing = *units;
        let open = told.fulfillment_orders.nodes.iter().filter(|o| matches!(o.status.as_str(), "OPEN" | "IN_PROGRESS"));
        for order in open {
            let location = order.assigned_location.as_ref().and_then(|place| place.location.as_ref());
            let location = location.map_or("", |location| location.id.as_str());
            for line in order.line_items.nodes.iter().filter(|line| id_of(&line.line_item.id) == line_id) {
                let units = missing.min(line.remaining_quantity);
                if units > 0 {
                    let orders = taken.entry(location).or_default();
                    orders.entry(order.id.as_str()).or_default().push((line.id.as_str(), units));
                    missing -= units;
                }
            }
        }
        if missing > 0 {
            return None;
        }
    }
    (!taken.is_empty()).then_some(taken)
}

/// Fulfillments that stand, numbered as they were made.
pub(super) fn known(order_id: &str, told: &ask::Fulfillments) -> Vec<Parcel> {
    let stand = told.fulfillments.iter().filter(|f| !matches!(f.status.as_str(), "CANCELLED" | "ERROR" | "FAILURE"));
    let parcel = |(package_number, made): (u32, &ask::Fulfillment)| {
        let tracking = made.tracking_info.first();
        let carrier = tracking.and_then(|tracking| tracking.carrier.as_deref()).unwrap_or_default();
        let lines = made.fulfillment_line_items.nodes.iter();
        Parcel {
            order_id: order_id.to_owned(),
            package_number,
            lines: lines.map(|line| (id_of(&line.line_item.id).to_owned(), line.quantity)).collect(),
            carrier: carriers::ours(&[], carrier),
            tracking_number: tracking.and_then(|tracking| tracking.number.clone()).filter(|number| !number.is_empty()),
            shipped_at: moment(&made.created_at).unwrap_or_default(),
            location: None,
            last: false,
        }
    };
    (1..).zip(stand).map(parcel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> ask::Fulfillments {
        let open = |id: &str, location: &str, units: i64| {
            json!({ "id": id, "status": "OPEN", "assignedLocation": { "location": { "id": location } },
                "lineItems": { "nodes": [{ "id": format!("{id}-1"), "remainingQuantity": units, "lineItem": { "id": "x/9" } }] } })
        };
        serde_json::from_value(json!({
            "displayFulfillmentStatus": "PARTIALLY_FULFILLED",
            "fulfillments": [
                { "status": "SUCCESS", "createdAt": "2026-11-25T09:00:00Z",
                  "trackingInfo": [{ "carrier": "UPS", "number": "1Z1" }],
                  "fulfillmentLineItems": { "nodes": [{ "quantity": 2, "lineItem": { "id": "x/9" } }] } },
                { "status": "CANCELLED", "createdAt": "2026-11-25T09:00:00Z", "trackingInfo": null,
                  "fulfillmentLineItems": { "nodes": [] } },
            ],
            "fulfillmentOrders": { "nodes": [open("A", "L1", 1), open("B", "L2", 3)] },
        }))
        .unwrap()
    }

    #[test]
    fn units_are_taken_where_they_are_open() {
        let told = told();
        let take = |units: i64| take(&told, &[("9".to_owned(), units)]);
        assert_eq!(take(5), None);
        let taken = take(3).unwrap();
        assert_eq!(taken["L1"]["A"], [("A-1", 1)]);
        assert_eq!(taken["L2"]["B"], [("B-1", 2)]);
    }

    #[test]
    fn a_parcel_of_which_one_location_is_told_is_completed() {
        let known = known("7", &told());
        assert_eq!((known.len(), known[0].carrier.as_str(), known[0].lines[0].1), (1, "ups", 2));
        let parcel = Parcel { lines: vec![("9".to_owned(), 3)], ..known[0].clone() };
        assert_eq!(left(&parcel, &known), [("9".to_owned(), 1)]);
        assert!(whole(known.clone(), &parcel).is_empty());
        assert!(left(&known[0], &known).is_empty());
    }
}
