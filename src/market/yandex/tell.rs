//! Accepting, refusing, canceling, shipping: all but the number are changes of an order's status, which may be said again.
use std::sync::PoisonError;

use serde::Deserialize;
use serde_json::{Value, json};

use super::normal::{self, Told};
use super::{Yandex, number};
use crate::diagnostic::Result;
use crate::market::carriers;
use crate::market::faults::{moved_on, not_yet, rejected};
use crate::market::json::moment;
use crate::market::parcels::settled;
use crate::market::{Body, Cancellation, Decision, Method, Parcel, Port, Receipt, Request};
use crate::order::State;
use crate::value::Carrier;

/// One that carries parcels, by the marketplace's number.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Service {
    id: i64,
    name: String,
}

#[derive(Deserialize)]
struct Services {
    result: Listed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(default)]
    delivery_service: Vec<Service>,
}

impl Yandex {
    /// All of an order or nothing of it: there is no other way.
    pub(super) fn decide(&self, port: &dyn Port, decision: &Decision) -> Result<Receipt> {
        let told = self.expect(port, &decision.order_id)?;
        let takes = decision.lines.iter().all(|(_, accepted)| *accepted);
        match normal::state(&told) {
            Some(State::AwaitingAcceptance) => {}
            Some(State::Canceled) if !takes => return Ok(Receipt::AlreadyDone),
            Some(State::Canceled) | None => return Err(moved_on(&decision.order_id, &told.words())),
            Some(State::AwaitingPayment) => return Err(not_yet(&decision.order_id, &told.words())),
            Some(_) if takes => return Ok(Receipt::AlreadyDone),
            Some(_) => return Err(moved_on(&decision.order_id, &told.words())),
        }
        let (status, substatus) = if takes { ("PROCESSING", "STARTED") } else { ("CANCELLED", "SHOP_FAILED") };
        self.set_status(port, &decision.order_id, status, Some(substatus))?;
        Ok(Receipt::Done)
    }

    pub(super) fn cancel_order(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let told = self.expect(port, &cancellation.order_id)?;
        match normal::state(&told) {
            Some(State::Canceled) => return Ok(Receipt::AlreadyDone),
            Some(State::AwaitingAcceptance | State::AwaitingPayment | State::Ready) => {}
            _ => return Err(moved_on(&cancellation.order_id, &told.words())),
        }
        let whole = told.items.iter().all(|item| {
            cancellation.lines.iter().any(|(id, units)| *id == item.id.to_string() && *units == item.count)
        });
        if !whole {
            return Err(rejected("only whole orders can be canceled at this marketplace"));
        }
        self.set_status(port, &cancellation.order_id, "CANCELLED", Some("SHOP_FAILED"))?;
        Ok(Receipt::Done)
    }

    pub(super) fn ship_order(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let order_id = parcel.order_id.as_str();
        let told = self.expect(port, order_id)?;
        let state = normal::state(&told);
        match state {
            Some(State::Canceled) => return Err(moved_on(order_id, &told.words())),
            Some(State::AwaitingPayment | State::AwaitingAcceptance) => return Err(not_yet(order_id, &told.words())),
            _ => {}
        }
        if !told.is_ours_to_deliver() {
            return self.make_ready(port, order_id, &told);
        }
        let known = self.known(port, &told)?;
        let fits = known.is_empty() && state == Some(State::Ready);
        if let Some(receipt) = settled(parcel, &known, fits)? {
            // the number is there; that it has left may not be
            return if state == Some(State::Ready) { self.send_off(port, order_id) } else { Ok(receipt) };
        }
        if let Some(track) = &parcel.tracking_number {
            let service = self.service(port, &parcel.carrier)?;
            let body = json!({ "trackCode": track, "deliveryServiceId": service });
            let path = ["v2", "campaigns", &self.campaign, "orders", order_id, "delivery", "track"];
            port.send(Request::new(Method::Post, "track", &path)?.body(Body::Json(body)).repeatable())?;
        }
        self.send_off(port, order_id)
    }

    fn send_off(&self, port: &dyn Port, order_id: &str) -> Result<Receipt> {
        self.set_status(port, order_id, "DELIVERY", None)?;
        Ok(Receipt::Done)
    }

    /// The marketplace fetches it.
    fn make_ready(&self, port: &dyn Port, order_id: &str, told: &Told) -> Result<Receipt> {
        if told.status != "PROCESSING" || told.substatus != "STARTED" {
            return Ok(Receipt::AlreadyDone);
        }
        self.set_status(port, order_id, "PROCESSING", Some("READY_TO_SHIP"))?;
        Ok(Receipt::Done)
    }

    fn set_status(&self, port: &dyn Port, order_id: &str, status: &str, substatus: Option<&str>) -> Result<()> {
        let mut order = json!({ "status": status });
        if let Some(substatus) = substatus {
            order["substatus"] = json!(substatus);
        }
        let path = ["v2", "campaigns", &self.campaign, "orders", order_id, "status"];
        let request = Request::new(Method::Put, "status", &path)?.repeatable();
        port.send(request.body(Body::Json(json!({ "order": order })))).map(drop)
    }

    /// The marketplace's number for a carrier, or the number itself.
    fn service(&self, port: &dyn Port, word: &str) -> Result<Value> {
        if word.trim().parse::<i64>().is_ok() {
            return Ok(number(word));
        }
        let ours = Carrier::find(word);
        let services = self.services(port)?;
        let same = |service: &&Service| {
            service.name.eq_ignore_ascii_case(word) || (ours.is_some() && Carrier::find(&service.name) == ours)
        };
        services.iter().find(same).map(|service| json!(service.id)).ok_or_else(|| carriers::unknown(word, &[]))
    }

    fn services(&self, port: &dyn Port) -> Result<Vec<Service>> {
        let mut known = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(services) = &*known {
            return Ok(services.clone());
        }
        let told: Services = port.send(Request::get("services", &["v2", "delivery", "services"])?)?.json()?;
        Ok(known.insert(told.result.delivery_service).clone())
    }

    /// Numbers that were told; else, of an order the marketplace has fetched, one parcel without a number.
    pub(super) fn known(&self, port: &dyn Port, told: &Told) -> Result<Vec<Parcel>> {
        let tracks = told.delivery.as_ref().map(|delivery| delivery.tracks.as_slice()).unwrap_or_default();
        let has_left = matches!(normal::state(told), Some(State::Shipped | State::Delivered | State::Closed));
        let parcel = |carrier: String, number: Option<String>, nth: u32| Parcel {
            order_id: told.order_id.to_string(),
            package_number: nth,
            lines: told.items.iter().map(|item| (item.id.to_string(), item.count)).collect(),
            carrier,
            tracking_number: number,
            shipped_at: told.update_date.as_deref().and_then(|at| moment(at).ok()).unwrap_or_default(),
            location: None,
            last: true,
        };
        if tracks.is_empty() {
            return Ok(if has_left { vec![parcel(String::new(), None, 1)] } else { Vec::new() });
        }
        let services = self.services(port)?;
        let name = |id: Option<i64>| {
            let named = services.iter().find(|service| Some(service.id) == id).map(|service| service.name.as_str());
            carriers::ours(&[], named.unwrap_or_default())
        };
        let known = (1..).zip(tracks);
        Ok(known.map(|(nth, track)| parcel(name(track.delivery_service_id), track.track_code.clone(), nth)).collect())
    }
}
