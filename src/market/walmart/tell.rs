//! What Walmart is told of an order. It is read first each time: an acknowledgment is for the whole of it, and a shipment
//! charges the buyer.
use serde_json::{Value, json};

use super::normal::{Units, moment};
use super::{Walmart, wire};
use crate::diagnostic::Result;
use crate::market::faults::{moved_on, no_such_order, order_unreadable, rejected};
use crate::market::{Body, Cancellation, Decision, Method, Parcel, Port, Receipt, Request, carriers};
use crate::value::{Carrier, TrackingNumber};

static CARRIERS: &carriers::Table = &[
    ("4px", "4PX"),
    ("asendia", "Asendia"),
    ("canada-post", "Canada Post"),
    ("china-post", "China Post"),
    ("correos-mexico", "Correos de Mexico"),
    ("deutsche-post", "Deutsche Post"),
    ("dhl", "DHL"),
    ("dhl-ecommerce", "DHL Ecommerce - US"),
    ("dhl-express", "DHL"),
    ("dtdc", "DTDC"),
    ("fedex", "FedEx"),
    ("gls", "GLS"),
    ("india-post", "India Post"),
    ("japan-post", "Japan Post"),
    ("landmark-global", "Landmark Global"),
    ("lasership", "LS"),
    ("ontrac", "OnTrac"),
    ("postnord", "PostNord Sweden"),
    ("royal-mail", "Royal Mail"),
    ("sendle", "Sendle"),
    ("sf-express", "SF Express"),
    ("ups", "UPS"),
    ("ups-mail-innovations", "UPSMI"),
    ("usps", "USPS"),
    ("whistl", "Whistl"),
    ("yanwen", "Yanwen"),
    ("yunexpress", "YunExpress"),
];

const OUT_OF_STOCK: &str = "SELLER_CANCEL_OUT_OF_STOCK";
/// Reasons for canceling that Walmart takes; the merchant's word may be one of them.
const REASONS: &[&str] = &[
    "CUSTOMER_REQUESTED_SELLER_TO_CANCEL",
    "SELLER_CANCEL_PRICING_ERROR",
    OUT_OF_STOCK,
    "SELLER_CANCEL_FRAUD_STOP_SHIPMENT",
];

impl Walmart {
    /// Refused lines are canceled first, then the rest is acknowledged.
    pub(super) fn decide(&self, port: &dyn Port, decision: &Decision) -> Result<Receipt> {
        let told = self.expect(port, &decision.order_id)?;
        let mut refused = Vec::new();
        let mut waiting = false;
        for line in &told.order_lines.order_line {
            let units = units(&told, line)?;
            let takes = decision.lines.iter().any(|(id, takes)| *id == line.line_number && *takes);
            let has_moved_on = units.open() == 0 && (takes == (units.canceled > 0));
            if has_moved_on {
                return Err(moved_on(&told.purchase_order_id, "another state"));
            }
            if !takes && units.open() > 0 {
                refused.push((line.line_number.clone(), units.open()));
            }
            waiting |= takes && units.created > 0;
        }
        if refused.is_empty() && !waiting {
            return Ok(Receipt::AlreadyDone);
        }
        if !refused.is_empty() {
            self.send_cancel(port, &told.purchase_order_id, &refused, OUT_OF_STOCK)?;
        }
        if waiting {
            let segments = ["v3", "orders", &told.purchase_order_id, "acknowledge"];
            port.send(Request::new(Method::Post, "acknowledge", &segments)?.repeatable())?;
        }
        Ok(Receipt::Done)
    }

    pub(super) fn cancel_lines(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let told = self.expect(port, &cancellation.order_id)?;
        let mut wanted = Vec::new();
        for (id, asked) in &cancellation.lines {
            let line = told.order_lines.order_line.iter().find(|line| line.line_number == *id);
            let line = line.ok_or_else(|| rejected(format!("order {} has no line {id}", told.purchase_order_id)))?;
            let units = units(&told, line)?;
            if *asked <= units.open() {
                wanted.push((id.clone(), *asked));
            } else if units.open() > 0 || units.canceled < *asked {
                return Err(rejected(format!(
                    "{asked} units of line {id} cannot be canceled, {} are open",
                    units.open()
                )));
            }
        }
        if wanted.is_empty() {
            return Ok(Receipt::AlreadyDone);
        }
        let reason = REASONS.iter().find(|reason| reason.eq_ignore_ascii_case(&cancellation.reason));
        self.send_cancel(port, &told.purchase_order_id, &wanted, reason.copied().unwrap_or(OUT_OF_STOCK))?;
        Ok(Receipt::Done)
    }

    fn send_cancel(&self, port: &dyn Port, order_id: &str, lines: &[(String, i64)], reason: &str) -> Result<()> {
        let line = |(number, units): &(String, i64)| {
            let status =
                json!({ "status": "Cancelled", "cancellationReason": reason, "statusQuantity": quantity(*units) });
            json!({ "lineNumber": number, "orderLineStatuses": { "orderLineStatus": [status] } })
        };
        let lines: Vec<Value> = lines.iter().map(line).collect();
        let body = json!({ "orderCancellation": { "orderLines": { "orderLine": lines } } });
        let request = Request::new(Method::Post, "cancel", &["v3", "orders", order_id, "cancel"])?;
        port.send(request.body(Body::Json(body))).map(drop)
    }

    /// A number that Walmart has for the order is not told again.
    pub(super) fn ship_parcel(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let Some(number) = &parcel.tracking_number else {
            let message = format!("Walmart takes no parcel without a number, as order {} has it", parcel.order_id);
            return Err(rejected(message));
        };
        let (carrier, url) = carrier(&parcel.carrier, number)?;
        let told = self.expect(port, &parcel.order_id)?;
        if known(&told).iter().any(|known| known.tracking_number.as_ref() == Some(number)) {
            return Ok(Receipt::AlreadyDone);
        }
        let method = told.shipping_info.as_ref().and_then(|info| info.method_code.as_deref()).unwrap_or("Standard");
        let mut tracking = json!({
            "shipDateTime": parcel.shipped_at.as_millisecond(),
            "carrierName": carrier,
            "methodCode": method,
            "trackingNumber": number,
        });
        if let Some(url) = url {
            tracking["trackingURL"] = json!(url);
        }
        let mut lines = Vec::new();
        for (id, asked) in &parcel.lines {
            let line = told.order_lines.order_line.iter().find(|line| line.line_number == *id);
            let line = line.ok_or_else(|| rejected(format!("order {} has no line {id}", told.purchase_order_id)))?;
            if units(&told, line)?.open() == 0 {
                return Err(moved_on(&told.purchase_order_id, "a state without open units"));
            }
            let status = json!({ "status": "Shipped", "statusQuantity": quantity(*asked), "trackingInfo": tracking });
            lines.push(json!({
                "lineNumber": id,
                // the buyer asked to cancel, and it has left all the same
                "intentToCancelOverride": line.intent_to_cancel.is_some(),
                "sellerOrderId": parcel.order_id,
                "orderLineStatuses": { "orderLineStatus": [status] },
            }));
        }
        let body = json!({ "orderShipment": { "orderLines": { "orderLine": lines } } });
        let request = Request::new(Method::Post, "ship", &["v3", "orders", &parcel.order_id, "shipping"])?;
        port.send(request.body(Body::Json(body)))?;
        Ok(Receipt::Done)
    }

    fn expect(&self, port: &dyn Port, order_id: &str) -> Result<wire::Order> {
        self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))
    }
}

fn units(told: &wire::Order, line: &wire::Line) -> Result<Units> {
    Units::of(line).map_err(|why| order_unreadable(&told.purchase_order_id, &why))
}

fn quantity(units: i64) -> Value {
    json!({ "unitOfMeasurement": "EACH", "amount": units.to_string() })
}

/// Another carrier needs the page of its parcel.
fn carrier(word: &str, number: &str) -> Result<(Value, Option<String>)> {
    if let Some(code) = carriers::code(CARRIERS, word) {
        return Ok((json!({ "carrier": code }), None));
    }
    let page =
        Carrier::find(word).zip(TrackingNumber::parse(number).ok()).and_then(|(ours, number)| ours.url_of(&number));
    Ok((json!({ "otherCarrier": carriers::name(word)? }), page))
}

/// Units of one number are one parcel, whichever lines they are of.
pub(super) fn known(told: &wire::Order) -> Vec<Parcel> {
    let mut parcels: Vec<Parcel> = Vec::new();
    for line in &told.order_lines.order_line {
        for status in &line.order_line_statuses.order_line_status {
            let Some(tracking) = &status.tracking_info else { continue };
            let units = (line.line_number.clone(), status.status_quantity.units().unwrap_or(0));
            match parcels.iter_mut().find(|known| known.tracking_number == tracking.tracking_number) {
                Some(known) => known.lines.push(units),
                None => parcels.push(parcel_of(told, parcels.len(), tracking, units)),
            }
        }
    }
    parcels
}

fn parcel_of(told: &wire::Order, before: usize, tracking: &wire::Tracking, units: (String, i64)) -> Parcel {
    let name =
        tracking.carrier_name.as_ref().and_then(|name| name.carrier.as_deref().or(name.other_carrier.as_deref()));
    let left = tracking.ship_date_time.unwrap_or(told.order_date);
    Parcel {
        order_id: told.purchase_order_id.clone(),
        package_number: u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1),
        lines: vec![units],
        carrier: carriers::ours(CARRIERS, name.unwrap_or_default()),
        tracking_number: tracking.tracking_number.clone(),
        shipped_at: moment(left).unwrap_or_default(),
        location: None,
        last: false,
    }
}
