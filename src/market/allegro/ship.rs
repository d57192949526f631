//! Parcels and the seller's progress. A parcel names lines, not units; and an order is late until it is told as sent, so
//! the last parcel is followed by that.
use std::sync::PoisonError;

use serde_json::{Value, json};

use super::{Allegro, wire};
use crate::diagnostic::Result;
use crate::market::faults::{moved_on, no_such_order, not_yet, parcels_unreadable, rejected};
use crate::market::json::moment;
use crate::market::{Body, Method, Parcel, Port, Receipt, Request, carriers};
use crate::value::Carrier;

/// Stands for a carrier that Allegro does not list.
const OTHER: &str = "OTHER";

impl Allegro {
    /// Looks first: another program may have told of it (allegro-api 12346), or a first try whose answer was lost.
    pub(super) fn ship_parcel(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let Some(number) = &parcel.tracking_number else {
            return Err(rejected(format!(
                "Allegro takes no parcel without a number, as order {} has it",
                parcel.order_id
            )));
        };
        let carrier = self.carrier(port, &parcel.carrier)?;
        let told = self.find(port, &parcel.order_id)?.ok_or_else(|| no_such_order(&parcel.order_id))?;
        let is_known =
            self.known_parcels(port, &told)?.iter().any(|known| known.tracking_number.as_ref() == Some(number));
        if !is_known {
            match told.status.as_str() {
                "BOUGHT" | "FILLED_IN" => return Err(not_yet(&told.id, &told.status)),
                "CANCELLED" => return Err(moved_on(&told.id, &told.status)),
                _ => {}
            }
            let lines: Vec<Value> = parcel.lines.iter().map(|(line, _)| json!({ "id": line })).collect();
            let mut body = json!({ "carrierId": carrier.0, "waybill": number, "lineItems": lines });
            if let Some(name) = carrier.1 {
                body["carrierName"] = json!(name);
            }
            let segments = ["order", "checkout-forms", &parcel.order_id, "shipments"];
            let response = port.send(Request::new(Method::Post, "ship", &segments)?.body(Body::Json(body)))?;
            if response.status == 409 {
                return Err(rejected(format!("Allegro has waybill {number} in too many orders")));
            }
        }
        if parcel.last && told.status != "CANCELLED" {
            self.set_progress(port, &parcel.order_id, "SENT")?;
        }
        Ok(if is_known { Receipt::AlreadyDone } else { Receipt::Done })
    }

    pub(super) fn move_on(&self, port: &dyn Port, order_id: &str, progress: &str) -> Result<Receipt> {
        let told = self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))?;
        if told.fulfillment.as_ref().and_then(|fulfillment| fulfillment.status.as_deref()) == Some(progress) {
            return Ok(Receipt::AlreadyDone);
        }
        if told.status != "READY_FOR_PROCESSING" {
            return Err(moved_on(order_id, &told.status));
        }
        self.set_progress(port, order_id, progress)?;
        Ok(Receipt::Done)
    }

    pub(super) fn set_progress(&self, port: &dyn Port, order_id: &str, progress: &str) -> Result<()> {
        let segments = ["order", "checkout-forms", order_id, "fulfillment"];
        let request = Request::new(Method::Put, "progress", &segments)?.body(Body::Json(json!({ "status": progress })));
        port.send(request.repeatable()).map(drop)
    }

    pub(super) fn known_parcels(&self, port: &dyn Port, told: &wire::Form) -> Result<Vec<Parcel>> {
        let response = port.send(Request::get("parcels", &["order", "checkout-forms", &told.id, "shipments"])?)?;
        if response.status == 404 {
            return Ok(Vec::new());
        }
        let known: wire::Shipments = response.json()?;
        (1..).zip(&known.shipments).map(|(nth, shipment)| parcel_of(told, nth, shipment)).collect()
    }

    /// Allegro's id of a carrier, and its name where it has none.
    fn carrier(&self, port: &dyn Port, word: &str) -> Result<(String, Option<String>)> {
        let mut known = self.carriers.lock().unwrap_or_else(PoisonError::into_inner);
        let list = match &mut *known {
            Some(list) => list,
            none => {
                let told: wire::Carriers = port.send(Request::get("carriers", &["order", "carriers"])?)?.json()?;
                none.insert(told.carriers)
            }
        };
        let ours = Carrier::find(word);
        let is_it = |theirs: &&wire::Carrier| {
            let names = [Some(theirs.id.as_str()), theirs.name.as_deref()];
            let mut names = names.into_iter().flatten();
            names.any(|name| name.eq_ignore_ascii_case(word) || (ours.is_some() && carrier_called(name) == ours))
        };
        match list.iter().find(is_it) {
            Some(theirs) => Ok((theirs.id.clone(), None)),
            None => Ok((OTHER.to_owned(), Some(carriers::name(word)?.to_owned()))),
        }
    }
}

/// Allegro's ids have underscores where names have spaces.
fn carrier_called(name: &str) -> Option<&'static Carrier> {
    Carrier::find(&name.replace('_', " "))
}

fn parcel_of(order: &wire::Form, nth: u32, told: &wire::Shipment) -> Result<Parcel> {
    let is_in = |line: &&wire::Line| {
        told.line_items.is_empty() || told.line_items.iter().any(|named| named.id.as_ref() == Some(&line.id))
    };
    let carrier = [told.carrier_name.as_deref(), told.carrier_id.as_deref().filter(|id| *id != OTHER)];
    let carrier = carrier.into_iter().flatten().next().unwrap_or_default();
    let created = told.created_at.as_deref().or(order.updated_at.as_deref()).unwrap_or_default();
    Ok(Parcel {
        order_id: order.id.clone(),
        package_number: nth,
        lines: order.line_items.iter().filter(is_in).map(|line| (line.id.clone(), line.quantity)).collect(),
        carrier: carrier_called(carrier).map_or(carrier, |ours| ours.id).to_owned(),
        tracking_number: told.waybill.clone(),
        shipped_at: moment(created).map_err(|why| parcels_unreadable(&why))?,
        location: None,
        last: false,
    })
}
