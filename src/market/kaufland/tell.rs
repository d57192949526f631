//! Pieces sent and canceled, one call each. A second call for the same piece is refused, so a refusal is no fault when
//! the piece is where it should be by then.
use serde_json::{Value, json};

use super::Kaufland;
use super::normal::{Piece, Told, Unit};
use crate::diagnostic::{Kind, Result};
use crate::market::faults::{moved_on, not_yet, rejected};
use crate::market::json::moment;
use crate::market::{Body, Cancellation, Method, Parcel, Port, Receipt, Request, carriers};

/// The reasons the document has; the first is sent for any other.
const REASONS: &[&str] = &[
    "NoInventory",
    "BuyerCancelled",
    "ShippingAddressUndeliverable",
    "WrongCatalogData",
    "GeneralAdjustment",
    "MerchandiseNotReceived",
    "DelayedInventory",
    "WrongPrice",
    "NoReactionBuyer",
    "UndeliverableRegion",
];

impl Kaufland {
    pub(super) fn send_pieces(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let body = json!({
            "carrier_code": carriers::name(&parcel.carrier)?,
            "tracking_numbers": parcel.tracking_number.as_deref().unwrap_or_default(),
        });
        let pieces = parcel.lines.iter().map(|(id, _)| id.as_str());
        self.tell(port, &parcel.order_id, pieces, "send", &body, |piece| match piece {
            Some(Piece::Sent | Piece::Received) => Standing::There,
            Some(Piece::ToSend) => Standing::Open,
            Some(Piece::Waits) | None => Standing::Early,
            Some(Piece::Canceled) => Standing::Never,
        })
    }

    pub(super) fn cancel_pieces(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let reason = REASONS.iter().find(|reason| reason.eq_ignore_ascii_case(&cancellation.reason));
        let body = json!({ "reason": reason.unwrap_or(&REASONS[0]) });
        let pieces = cancellation.lines.iter().filter(|(_, units)| *units > 0).map(|(id, _)| id.as_str());
        self.tell(port, &cancellation.order_id, pieces, "cancel", &body, |piece| match piece {
            Some(Piece::Canceled) => Standing::There,
            Some(Piece::Waits | Piece::ToSend) | None => Standing::Open,
            Some(Piece::Sent | Piece::Received) => Standing::Never,
        })
    }

    fn tell<'a>(
        &self,
        port: &dyn Port,
        order_id: &str,
        pieces: impl Iterator<Item = &'a str>,
        what: &'static str,
        body: &Value,
        standing: fn(Option<Piece>) -> Standing,
    ) -> Result<Receipt> {
        let told = self.expect(port, order_id)?;
        let mut receipt = Receipt::AlreadyDone;
        for id in pieces {
            let unit = unit(&told, id)?;
            match standing(unit.piece()) {
                Standing::There => continue,
                Standing::Open => {}
                Standing::Early => return Err(not_yet(order_id, &unit.status)),
                Standing::Never => return Err(moved_on(order_id, &unit.status)),
            }
            let request = Request::new(Method::Patch, what, &["order-units", id, what])?.repeatable();
            match port.send(request.body(Body::Json(body.clone()))) {
                Err(refused) if refused.kind == Kind::Rejected => {
                    let now = self.expect(port, order_id)?;
                    if standing(self::unit(&now, id)?.piece()) != Standing::There {
                        return Err(refused);
                    }
                }
                answer => drop(answer?),
            }
            receipt = Receipt::Done;
        }
        Ok(receipt)
    }
}

/// Where a piece is, to what it is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    There,
    Open,
    Early,
    Never,
}

fn unit<'a>(told: &'a Told, id: &str) -> Result<&'a Unit> {
    let unit = told.order_units.iter().find(|unit| unit.id_order_unit.to_string() == id);
    unit.ok_or_else(|| rejected(format!("order {} has no piece {id}", told.id_order)))
}

/// All pieces that were sent, as one parcel without a number.
pub(super) fn known(told: &Told) -> Option<Parcel> {
    let sent = || told.order_units.iter().filter(|unit| matches!(unit.piece(), Some(Piece::Sent | Piece::Received)));
    let shipped_at = sent().filter_map(|unit| moment(&unit.ts_updated_iso).ok()).max()?;
    Some(Parcel {
        order_id: told.id_order.clone(),
        package_number: 1,
        lines: sent().map(|unit| (unit.id_order_unit.to_string(), 1)).collect(),
        carrier: String::new(),
        tracking_number: None,
        shipped_at,
        location: None,
        last: false,
    })
}
