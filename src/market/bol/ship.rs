//! Parcels out, parcels known, and items canceled. A parcel is known by our reference, which bol keeps.
use serde::Deserialize;
use serde_json::json;

use super::{Bol, get, write};
use crate::diagnostic::Result;
use crate::market::carriers::{self, Table};
use crate::market::faults::{moved_on, rejected};
use crate::market::json::moment;
use crate::market::parcels::settled;
use crate::market::{Cancellation, Method, Parcel, Port, Receipt};

/// Transporters by the codes that bol's own refusal of another one lists, as a client's test has kept it (read
/// 2026-11-25); its OpenAPI document lists none. `OTHER` is for all the rest, and has to be meant.
static CARRIERS: &Table = &[
    ("bpost", "BPOST_BE"),
    ("deutsche-post", "DHL-GLOBAL-MAIL"),
    ("dhl", "DHLFORYOU"),
    ("dhl", "DHL"),
    ("dpd", "DPD-NL"),
    ("dpd", "DPD-BE"),
    ("fedex", "FEDEX_NL"),
    ("fedex", "FEDEX_BE"),
    ("gls", "GLS"),
    ("postnl", "TNT"),
    ("postnl", "TNT-EXTRA"),
    ("tnt", "TNT-EXPRESS"),
    ("ups", "UPS"),
    ("other", "OTHER"),
];

/// The first is sent for any other.
const REASONS: &[&str] = &[
    "OUT_OF_STOCK",
    "REQUESTED_BY_CUSTOMER",
    "BAD_CONDITION",
    "HIGHER_SHIPCOST",
    "INCORRECT_PRICE",
    "NOT_AVAIL_IN_TIME",
    "NO_BOL_GUARANTEE",
    "ORDERED_TWICE",
    "RETAIN_ITEM",
    "TECH_ISSUE",
    "UNFINDABLE_ITEM",
    "OTHER",
];

#[derive(Deserialize)]
struct Shipments {
    #[serde(default)]
    shipments: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    shipment_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shipment {
    shipment_date_time: Option<String>,
    shipment_reference: Option<String>,
    #[serde(default)]
    shipment_items: Vec<Item>,
    transport: Option<Transport>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    order_item_id: String,
    quantity: i64,
    quantity_shipped: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transport {
    transporter_code: Option<String>,
    track_and_trace: Option<String>,
}

impl Bol {
    pub(super) fn ship_parcel(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let told = self.expect(port, &parcel.order_id)?;
        let open =
            |id: &str| told.order_items.iter().find(|item| item.order_item_id == id).map_or(0, |item| item.open());
        let fits = parcel.lines.iter().all(|(id, units)| *units <= open(id));
        if !fits && told.order_items.iter().all(|item| item.quantity_cancelled >= item.quantity) {
            return Err(moved_on(&parcel.order_id, "CANCELLED"));
        }
        // nothing has left yet: there is nothing to compare it with
        let known = match told.order_items.iter().any(|item| item.quantity_shipped > 0) {
            true => self.known(port, &parcel.order_id)?,
            false => Vec::new(),
        };
        if let Some(receipt) = settled(parcel, &known, fits)? {
            return Ok(receipt);
        }
        let code = carriers::code(CARRIERS, &parcel.carrier);
        let mut transport = json!({
            "transporterCode": code.ok_or_else(|| carriers::unknown(&parcel.carrier, CARRIERS))?,
        });
        if let Some(number) = &parcel.tracking_number {
            transport["trackAndTrace"] = json!(number);
        }
        let items = parcel.lines.iter().map(|(id, units)| json!({ "orderItemId": id, "quantity": units }));
        let body = json!({
            "orderItems": items.collect::<Vec<_>>(),
            "shipmentReference": format!("{}-{}", parcel.order_id, parcel.package_number),
            "transport": transport,
        });
        self.carry_out(port, write(Method::Post, "ship", &["retailer", "shipments"], body)?)?;
        Ok(Receipt::Done)
    }

    /// The list has neither numbers nor quantities, so each is asked for.
    pub(super) fn known(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        let request = get("shipments", &["retailer", "shipments"])?.query("order-id", order_id);
        let answer = port.send(request)?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        let listed: Shipments = answer.json()?;
        let mut parcels = Vec::with_capacity(listed.shipments.len());
        for (nth, named) in (1..).zip(listed.shipments) {
            let told: Shipment = port.send(get("shipment", &["retailer", "shipments", &named.shipment_id])?)?.json()?;
            parcels.push(parcel(order_id, nth, told));
        }
        parcels.sort_by_key(|parcel| parcel.package_number);
        Ok(parcels)
    }

    /// Items as a whole: the API has no other way.
    pub(super) fn cancel_items(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let told = self.expect(port, &cancellation.order_id)?;
        let reason = REASONS.iter().find(|reason| reason.eq_ignore_ascii_case(&cancellation.reason));
        let reason = reason.unwrap_or(&REASONS[0]);
        let mut receipt = Receipt::AlreadyDone;
        for (id, units) in &cancellation.lines {
            let item = told.order_items.iter().find(|item| item.order_item_id == *id);
            let item = item.ok_or_else(|| rejected(format!("order {} has no item {id}", told.order_id)))?;
            if item.quantity_cancelled >= *units && item.open() == 0 {
                continue;
            }
            if *units != item.open() {
                let message =
                    format!("{units} units of item {id} cannot be canceled, only the {} that are open", item.open());
                return Err(rejected(message));
            }
            let body = json!({ "orderItems": [{ "orderItemId": id, "reasonCode": reason }] });
            // what is canceled stays so
            let request = write(Method::Put, "cancel", &["retailer", "orders", "cancellation"], body)?.repeatable();
            self.carry_out(port, request)?;
            receipt = Receipt::Done;
        }
        Ok(receipt)
    }
}

fn parcel(order_id: &str, nth: u32, told: Shipment) -> Parcel {
    let ours = told.shipment_reference.as_deref().and_then(|reference| reference.strip_prefix(order_id));
    let package_number = ours.and_then(|rest| rest.strip_prefix('-')?.parse().ok());
    let transport = told.transport.as_ref();
    let code = transport.and_then(|transport| transport.transporter_code.as_deref()).unwrap_or_default();
    let units = |item: &Item| (item.order_item_id.clone(), item.quantity_shipped.unwrap_or(item.quantity));
    Parcel {
        order_id: order_id.to_owned(),
        package_number: package_number.unwrap_or(nth),
        lines: told.shipment_items.iter().map(units).collect(),
        carrier: carriers::ours(CARRIERS, code),
        tracking_number: transport.and_then(|transport| transport.track_and_trace.clone()),
        shipped_at: told.shipment_date_time.and_then(|at| moment(&at).ok()).unwrap_or_default(),
        location: None,
        last: false,
    }
}
