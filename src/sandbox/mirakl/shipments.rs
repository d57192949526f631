//! ST01 to ST26: parcels, where one answer says yes to some and no to others.
use super::{Answer, Params, Room, created, date, json_body, ok};
use crate::sandbox::market::{ParcelLine, QUANTITY_INVALID, Refusal};
use crate::sandbox::model::{OrderState, ShipmentState, Tracking};
use crate::sandbox::{Inner, wire};
use axum::body::Bytes;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const SHIPMENTS_MAX: usize = 1000;

#[derive(Deserialize)]
struct ListOf<T> {
    shipments: Vec<T>,
}

impl<T: DeserializeOwned> ListOf<T> {
    fn read(body: &[u8]) -> Result<Vec<T>, Refusal> {
        let ListOf { shipments } = json_body(body)?;
        if shipments.len() > SHIPMENTS_MAX {
            return Err(Refusal::invalid(format!("More than {SHIPMENTS_MAX} shipments.")));
        }
        Ok(shipments)
    }
}

#[derive(Deserialize)]
struct Parcel {
    order_id: String,
    shipment_lines: Vec<ParcelLine>,
    tracking: Option<Tracking>,
    #[serde(default)]
    shipped: bool,
}

/// ST01: what can be made is made, and the rest is listed under `shipment_errors` of the same 201.
pub(super) async fn create(State(shared): Room, body: Bytes) -> Answer {
    let parcels: Vec<Parcel> = ListOf::read(&body)?;
    let mut inner = shared.lock();
    let (mut success, mut errors) = (Vec::new(), Vec::new());
    for parcel in parcels {
        let order_id = parcel.order_id.clone();
        match inner.create_shipment(parcel) {
            Ok(made) => success.push(made),
            Err(refusal) => errors.push(json!({ "message": refusal.message, "order_id": order_id })),
        }
    }
    created(json!({ "shipment_errors": errors, "shipment_success": success }))
}

impl Inner {
    fn create_shipment(&mut self, parcel: Parcel) -> Result<Value, Refusal> {
        let order = parcel.order_id;
        let number = parcel.tracking.as_ref().and_then(|t| t.tracking_number.clone());
        let mut references: Vec<String> =
            parcel.shipment_lines.iter().filter_map(|line| line.package_reference.clone()).collect();
        references.dedup();
        self.judge.ships(&order);
        for reference in &references {
            self.judge.number(&format!("order {order} package {reference}"), number.as_deref());
        }
        let known: Vec<String> =
            references.into_iter().filter(|reference| self.has_parcel(&order, reference)).collect();
        let id = match self.market.pack(&order, parcel.shipment_lines, parcel.tracking) {
            Ok(id) => id,
            Err(refusal) => {
                if known.is_empty() && self.is_too_much(&order, &refusal) {
                    self.judge.over_shipped(&order);
                }
                return Err(refusal);
            }
        };
        for reference in known {
            self.judge.parcel_again(&order, &reference);
        }
        self.judge.number(&format!("shipment {id}"), number.as_deref());
        if parcel.shipped {
            self.market.send(&id, ShipmentState::Shipped)?;
        }
        let made = self.market.shipments.iter().find(|shipment| shipment.id == id);
        Ok(made.map_or(Value::Null, wire::shipment))
    }

    fn has_parcel(&self, order: &str, reference: &str) -> bool {
        self.market.shipments.iter().any(|s| s.order_id == order && s.has_package(reference))
    }

    /// Refused because nothing, or not enough, is left to ship.
    fn is_too_much(&self, order: &str, refusal: &Refusal) -> bool {
        let gone = self.market.order(order).is_ok_and(|o| o.state > OrderState::Shipping && !o.state.is_dead());
        refusal.code == QUANTITY_INVALID || gone
    }

    fn send_all(&mut self, body: &[u8], to: ShipmentState) -> Answer {
        let ids: Vec<ShipmentId> = ListOf::read(body)?;
        let sent = ids.into_iter().map(|ShipmentId { id }| {
            if let Some(shipment) = self.market.shipments.iter().find(|s| s.id == id) {
                self.judge.ships(&shipment.order_id);
            }
            let outcome = self.market.send(&id, to);
            (id, outcome)
        });
        ok(sorted_out(sent))
    }
}

/// The answer of ST23, ST24 and ST26.
fn sorted_out(outcomes: impl Iterator<Item = (String, Result<(), Refusal>)>) -> Value {
    let (mut success, mut errors) = (Vec::new(), Vec::new());
    for (id, outcome) in outcomes {
        match outcome {
            Ok(()) => success.push(json!({ "id": id })),
            Err(refusal) => errors.push(json!({ "id": id, "message": refusal.message })),
        }
    }
    json!({ "shipment_errors": errors, "shipment_success": success })
}

#[derive(Deserialize)]
struct ShipmentId {
    id: String,
}

#[derive(Deserialize)]
struct ShipmentTracking {
    id: String,
    tracking: Tracking,
}

/// ST23.
pub(super) async fn track(State(shared): Room, body: Bytes) -> Answer {
    let shipments: Vec<ShipmentTracking> = ListOf::read(&body)?;
    let mut guard = shared.lock();
    let inner = &mut *guard;
    let tracked = shipments.into_iter().map(|ShipmentTracking { id, tracking }| {
        inner.judge.number(&format!("shipment {id}"), tracking.tracking_number.as_deref());
        let outcome = inner.market.track_shipment(&id, tracking);
        (id, outcome)
    });
    ok(sorted_out(tracked))
}

/// ST24.
pub(super) async fn ship(State(shared): Room, body: Bytes) -> Answer {
    shared.lock().send_all(&body, ShipmentState::Shipped)
}

/// ST26.
pub(super) async fn ready_for_pickup(State(shared): Room, body: Bytes) -> Answer {
    shared.lock().send_all(&body, ShipmentState::ReadyForPickUp)
}

/// ST11. Everything is on one page, so there is never a `next_page_token`.
pub(super) async fn list(State(shared): Room, Query(params): Params) -> Answer {
    let all = |name: &'static str| params.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str());
    let (from, to) = (date(&params, "last_updated_from")?, date(&params, "last_updated_to")?);
    let inner = shared.lock();
    let wanted = inner.market.shipments.iter().filter(|shipment| {
        let state = shipment.state.to_string();
        (all("order_id").count() == 0 || all("order_id").any(|id| id == shipment.order_id))
            && (all("shipment_state_code").count() == 0 || all("shipment_state_code").any(|code| code == state))
            && from.is_none_or(|from| from <= shipment.updated)
            && to.is_none_or(|to| shipment.updated <= to)
    });
    ok(json!({ "data": wanted.map(wire::shipment).collect::<Vec<_>>() }))
}
