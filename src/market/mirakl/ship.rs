//! Parcels: telling of one, reading those that are known, and orders that wait to be collected.
//!
//! An order that leaves in one parcel takes the two calls that every operator has (OR23 the number, OR24 it has left);
//! both say how things are, so they may be repeated. Any other parcel needs ST01, which makes a new shipment every time,
//! and answers 201 even when it made none: its lists are the only truth.
use serde_json::{Value, json};

use super::decide::{moved_on, not_yet};
use super::{Mirakl, carrier, is_success, normal, wire};
use crate::diagnostic::{Error, Kind, Result};
use crate::market::faults::{conflict, parcels_unreadable, rejected};
use crate::market::json::moment;
use crate::market::{Body, Method, Parcel, Port, Receipt, Request};

/// More shipments than one order has are a paging fault.
const SHIPMENT_PAGES_MAX: usize = 50;

impl Mirakl {
    pub(super) fn ship_parcel(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        if parcel.last && parcel.package_number == 1 {
            self.ship_whole(port, parcel)
        } else {
            self.ship_part(port, parcel)
        }
    }

    /// Reads the order first: OR23 would overwrite a number that somebody else has sent.
    fn ship_whole(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let told = self.expect(port, &parcel.order_id)?;
        if told.order_state != "SHIPPING" {
            return shipped_already(&told, parcel);
        }
        if told.shipping_tracking.is_some() && told.shipping_tracking != parcel.tracking_number {
            return Err(conflict(parcel, told.shipping_tracking.as_deref()));
        }
        let tracking = Value::Object(self.tracking(port, parcel, "carrier_url")?);
        let order = parcel.order_id.as_str();
        let number = Request::new(Method::Put, "tracking", &["api", "orders", order, "tracking"])?
            .body(Body::Json(tracking))
            .repeatable();
        let left = Request::new(Method::Put, "ship", &["api", "orders", order, "ship"])?.repeatable();
        for request in [number, left] {
            if !is_success(&self.send(port, request)?) {
                // it moved on under our hands, most likely by a first try whose answer was lost
                return shipped_already(&self.expect(port, order)?, parcel);
            }
        }
        Ok(Receipt::Done)
    }

    /// ST01.
    fn ship_part(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let package = parcel.package_number.to_string();
        let lines = parcel
            .lines
            .iter()
            .map(|(line, units)| json!({ "order_line_id": line, "quantity": units, "package_reference": package }));
        let shipment = json!({
            "order_id": parcel.order_id,
            "shipment_lines": lines.collect::<Vec<_>>(),
            "tracking": self.tracking(port, parcel, "tracking_url")?,
            "shipped": true,
        });
        let Err(refused) = self.create_shipment(port, shipment) else { return Ok(Receipt::Done) };
        if refused.kind != Kind::Rejected {
            return Err(refused);
        }
        // a repeat is refused as too many units: the parcel itself tells whether it is known
        let known = self.known_parcels(port, &parcel.order_id)?;
        match known.iter().find(|known| known.package_number == parcel.package_number) {
            Some(known) if known.tracking_number == parcel.tracking_number => Ok(Receipt::AlreadyDone),
            Some(known) => Err(conflict(parcel, known.tracking_number.as_deref())),
            None => Err(refused),
        }
    }

    /// The new shipment's id; none in a dry run.
    fn create_shipment(&self, port: &dyn Port, shipment: Value) -> Result<Option<String>> {
        let request = Request::new(Method::Post, "shipments", &["api", "shipments"])?
            .body(Body::Json(json!({ "shipments": [shipment] })));
        let response = self.send(port, request)?;
        if response.is_withheld() {
            return Ok(None);
        }
        if !is_success(&response) {
            return Err(rejected(super::verdict::words(&response)));
        }
        let told: wire::Created = response.json()?;
        if let Some(failed) = told.shipment_errors.first() {
            return Err(failure(failed));
        }
        let made = told.shipment_success.into_iter().next();
        made.map(|made| Some(made.id)).ok_or_else(|| rejected("the marketplace neither made nor refused the shipment"))
    }

    /// ST11; where the operator has no shipments, the order's own number.
    pub(super) fn known_parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        let shipments = self.shipments(port, order_id)?;
        if shipments.is_empty() {
            let told = self.find(port, order_id)?;
            return told.as_ref().and_then(whole_parcel).transpose().map(|parcel| parcel.into_iter().collect());
        }
        (1..).zip(&shipments).map(|(nth, shipment)| parcel_of(shipment, nth)).collect()
    }

    /// All that were not canceled.
    fn shipments(&self, port: &dyn Port, order_id: &str) -> Result<Vec<wire::Shipment>> {
        let (mut all, mut token) = (Vec::new(), None::<String>);
        for _ in 0..SHIPMENT_PAGES_MAX {
            let mut request = Request::get("shipments-list", &["api", "shipments"])?.query("order_id", order_id);
            if let Some(token) = &token {
                request = request.query("page_token", token);
            }
            let told: wire::Shipments = match self.send(port, request) {
                // operators without shipments do not have the call
                Err(e) if e.kind == Kind::Rejected => return Ok(all),
                answer => answer?.json()?,
            };
            let wanted = |s: &wire::Shipment| s.order_id == order_id && s.status.as_deref() != Some("CANCELED");
            all.extend(told.data.into_iter().filter(wanted));
            token = told.next_page_token;
            if token.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// ST26 for every parcel that is not ready yet; the parcel is made when there is none.
    pub(super) fn ready(&self, port: &dyn Port, order_id: &str) -> Result<Receipt> {
        let known = self.shipments(port, order_id)?;
        let mut waiting: Vec<String> =
            known.iter().filter(|s| s.status.as_deref() == Some("SHIPPING")).map(|s| s.id.clone()).collect();
        if waiting.is_empty() && !known.is_empty() {
            return Ok(Receipt::AlreadyDone);
        }
        if known.is_empty() {
            let told = self.expect(port, order_id)?;
            match told.order_state.as_str() {
                "SHIPPING" => {}
                "TO_COLLECT" | "RECEIVED" | "CLOSED" => return Ok(Receipt::AlreadyDone),
                "CANCELED" | "REFUSED" | "SHIPPED" => return Err(moved_on(&told)),
                _ => return Err(not_yet(&told)),
            }
            let shipment = json!({ "order_id": order_id, "shipment_lines": open_lines(&told), "shipped": false });
            let Some(made) = self.create_shipment(port, shipment)? else { return Ok(Receipt::Done) };
            waiting.push(made);
        }
        let ids: Vec<Value> = waiting.iter().map(|id| json!({ "id": id })).collect();
        let request = Request::new(Method::Put, "ready", &["api", "shipments", "ready_for_pick_up"])?
            .body(Body::Json(json!({ "shipments": ids })))
            .repeatable();
        let response = self.send(port, request)?;
        if response.is_withheld() {
            return Ok(Receipt::Done);
        }
        let told: wire::Moved = response.json()?;
        told.shipment_errors.first().map_or(Ok(Receipt::Done), |failed| self.ready_already(port, order_id, failed))
    }

    /// A repeat after a lost answer is refused for what is ready by then.
    fn ready_already(&self, port: &dyn Port, order_id: &str, failed: &wire::Failed) -> Result<Receipt> {
        let waiting = self.shipments(port, order_id)?.iter().any(|s| s.status.as_deref() == Some("SHIPPING"));
        if waiting { Err(failure(failed)) } else { Ok(Receipt::AlreadyDone) }
    }
}

/// What it means to ship an order that is not waiting for it. The number alone proves nothing: it goes first (OR23), and
/// the order leaves with the next call. Nor does a state nobody knows.
fn shipped_already(told: &wire::Order, parcel: &Parcel) -> Result<Receipt> {
    match told.order_state.as_str() {
        "CANCELED" | "REFUSED" => Err(moved_on(told)),
        "SHIPPED" | "TO_COLLECT" | "RECEIVED" | "CLOSED" if told.shipping_tracking == parcel.tracking_number => {
            Ok(Receipt::AlreadyDone)
        }
        "SHIPPED" | "TO_COLLECT" | "RECEIVED" | "CLOSED" => Err(conflict(parcel, told.shipping_tracking.as_deref())),
        _ => Err(not_yet(told)),
    }
}

fn open_lines(told: &wire::Order) -> Vec<Value> {
    let open = told.order_lines.iter().map(|line| (line, line.quantity - normal::canceled(line)));
    let line = |(line, units): (&wire::Line, i64)| json!({ "order_line_id": line.order_line_id, "quantity": units });
    open.filter(|(_, units)| *units > 0).map(line).collect()
}

fn failure(failed: &wire::Failed) -> Error {
    rejected(failed.message.clone().unwrap_or_else(|| "the marketplace gives no reason".to_owned()))
}

fn parcel_of(told: &wire::Shipment, nth: u32) -> Result<Parcel> {
    let package = told.shipment_lines.iter().find_map(|line| line.package_reference.as_deref()?.parse().ok());
    let lines = told.shipment_lines.iter().filter_map(|l| Some((l.order_line_id.clone()?, l.quantity))).collect();
    let tracking = told.tracking.as_ref();
    let carrier = tracking.map(|t| carrier::ours(t.carrier_code.as_deref(), t.carrier_name.as_deref()));
    let shipped = told.shipped_date.as_deref().or(told.created_date.as_deref()).unwrap_or_default();
    Ok(Parcel {
        order_id: told.order_id.clone(),
        package_number: package.unwrap_or(nth),
        lines,
        carrier: carrier.unwrap_or_default(),
        tracking_number: tracking.and_then(|t| t.tracking_number.clone()),
        shipped_at: moment(shipped).map_err(|why| parcels_unreadable(&why))?,
        location: None,
        last: false,
    })
}

/// The one parcel of an order that has left as a whole.
fn whole_parcel(told: &wire::Order) -> Option<Result<Parcel>> {
    if !matches!(told.order_state.as_str(), "SHIPPED" | "TO_COLLECT" | "RECEIVED" | "CLOSED") {
        return None;
    }
    let units = |line: &wire::Line| (line.order_line_id.clone(), line.quantity - normal::canceled(line));
    let shipped = told.order_lines.iter().find_map(|line| line.shipped_date.as_deref());
    let shipped_at = moment(shipped.unwrap_or(&told.last_updated_date)).map_err(|why| parcels_unreadable(&why));
    Some(shipped_at.map(|shipped_at| Parcel {
        order_id: told.order_id.clone(),
        package_number: 1,
        lines: told.order_lines.iter().map(units).filter(|(_, units)| *units > 0).collect(),
        carrier: carrier::ours(told.shipping_carrier_code.as_deref(), told.shipping_company.as_deref()),
        tracking_number: told.shipping_tracking.clone(),
        shipped_at,
        location: None,
        last: true,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_left_only_if_its_state_says_so() {
        let parcel = Parcel {
            order_id: "M1".to_owned(),
            package_number: 1,
            lines: vec![("M1-1".to_owned(), 1)],
            carrier: "dhl".to_owned(),
            tracking_number: Some("T1".to_owned()),
            shipped_at: "2026-11-25T08:00:00Z".parse().unwrap(),
            location: None,
            last: true,
        };
        let told = |state: &str, number: Option<&str>| {
            let order = normal::tests::told(json!({ "order_state": state, "shipping_tracking": number }));
            shipped_already(&normal::read(order).unwrap(), &parcel).map_err(|e| e.code)
        };
        assert_eq!(told("SHIPPED", Some("T1")), Ok(Receipt::AlreadyDone));
        for state in ["SHIPPING", "WAITING_DEBIT", "WAITING_FOR_FULL_MOON"] {
            assert!(told(state, Some("T1")).is_err(), "{state}");
        }
        assert!(told("RECEIVED", Some("T2")).is_err());
    }
}
