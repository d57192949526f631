//! Parcels: a fulfillment is made first and sent off then. One that was made, but whose sending off was never heard of,
//! is found by its number and sent off, not made again.
use serde_json::json;

use super::{Vendure, ask, made, normal};
use crate::diagnostic::Result;
use crate::market::faults::{moved_on, not_yet, rejected};
use crate::market::json::moment;
use crate::market::parcels::settled;
use crate::market::{Parcel, Port, Receipt, carriers};
use crate::order::State;

impl Vendure {
    pub(super) fn ship_parcel(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let told = self.expect(port, &parcel.order_id)?;
        match normal::state(&told.state) {
            Some(State::Canceled) => return Err(moved_on(&parcel.order_id, &told.state)),
            Some(State::Pending | State::AwaitingPayment) => return Err(not_yet(&parcel.order_id, &told.state)),
            _ => {}
        }
        let waiting = told.fulfillments.iter().find(|made| is_waiting(made) && is_same(made, parcel));
        let fits = waiting.is_some() || fits(&told, parcel);
        if let Some(receipt) = settled(parcel, &known(&told), fits)? {
            return Ok(receipt);
        }
        let made_id = match waiting {
            Some(waiting) => Some(waiting.id.clone()),
            None => self.fulfill(port, parcel)?,
        };
        if let Some(id) = made_id
            && let Some(sent) = self.change(port, "ship", &ask::send_off(), json!({ "id": id }), true)?
        {
            made(&sent)?;
        }
        Ok(Receipt::Done)
    }

    /// The new fulfillment's id; none in a dry run.
    fn fulfill(&self, port: &dyn Port, parcel: &Parcel) -> Result<Option<String>> {
        let lines = parcel.lines.iter().map(|(id, units)| json!({ "orderLineId": id, "quantity": units }));
        let number = parcel.tracking_number.as_deref().unwrap_or_default();
        let handler = json!({
            "code": "manual-fulfillment",
            "arguments": [
                { "name": "method", "value": carriers::name(&parcel.carrier)? },
                { "name": "trackingCode", "value": number },
            ],
        });
        let input = json!({ "lines": lines.collect::<Vec<_>>(), "handler": handler });
        let Some(changed) = self.change(port, "fulfill", &ask::fulfill(), json!({ "input": input }), false)? else {
            return Ok(None);
        };
        made(&changed)?;
        let unmade = || rejected("the server neither made nor refused the fulfillment");
        changed.id.map(Some).ok_or_else(unmade)
    }
}

fn is_waiting(fulfillment: &ask::Fulfillment) -> bool {
    matches!(fulfillment.state.as_str(), "Created" | "Pending")
}

fn has_left(fulfillment: &ask::Fulfillment) -> bool {
    matches!(fulfillment.state.as_str(), "Shipped" | "Delivered")
}

fn is_same(made: &ask::Fulfillment, parcel: &Parcel) -> bool {
    let number = made.tracking_code.as_deref().filter(|number| !number.is_empty());
    let holds = |(id, units): &(String, i64)| {
        made.lines.iter().any(|line| line.order_line_id == *id && line.quantity == *units)
    };
    number == parcel.tracking_number.as_deref()
        && made.lines.len() == parcel.lines.len()
        && parcel.lines.iter().all(holds)
}

fn units<'a>(made: impl Iterator<Item = &'a ask::Fulfillment>, line_id: &str) -> i64 {
    let lines = made.flat_map(|made| &made.lines).filter(|line| line.order_line_id == line_id);
    lines.fold(0, |sum, line| sum.saturating_add(line.quantity))
}

pub(super) fn shipped(told: &ask::Order, line_id: &str) -> i64 {
    units(told.fulfillments.iter().filter(|made| has_left(made)), line_id)
}

/// Whether all of the parcel's units are in no fulfillment yet.
fn fits(told: &ask::Order, parcel: &Parcel) -> bool {
    let stand = || told.fulfillments.iter().filter(|made| made.state != "Cancelled");
    parcel.lines.iter().all(|(id, wanted)| {
        let line = told.lines.iter().find(|line| line.id == *id);
        line.is_some_and(|line| *wanted <= line.quantity.saturating_sub(units(stand(), id)))
    })
}

/// What has left, numbered as it was made.
pub(super) fn known(told: &ask::Order) -> Vec<Parcel> {
    let parcel = |(package_number, made): (u32, &ask::Fulfillment)| Parcel {
        order_id: told.id.clone(),
        package_number,
        lines: made.lines.iter().map(|line| (line.order_line_id.clone(), line.quantity)).collect(),
        carrier: carriers::ours(&[], &made.method),
        tracking_number: made.tracking_code.clone().filter(|number| !number.is_empty()),
        shipped_at: moment(&made.created_at).unwrap_or_default(),
        location: None,
        last: false,
    };
    (1..).zip(told.fulfillments.iter().filter(|made| has_left(made))).map(parcel).collect()
}
