//! Parcels and pickup. A parcel's number in its order is its key at Amazon, and telling it again changes it: so a parcel
//! that is known under another tracking number is left alone.
use serde_json::json;

use super::{Amazon, wire};
use crate::diagnostic::Result;
use crate::market::faults::{conflict, moved_on, no_such_order, not_yet, parcels_unreadable, rejected};
use crate::market::json::moment;
use crate::market::{Body, Method, Parcel, Port, Receipt, Request, carriers};
use crate::value::time;

/// Amazon's carrier codes; what is not among them goes as `Other` with its name. From the enumeration in Amazon's
/// `amzn-base.xsd`, in copies of 2026-01 (its first half) and earlier; the model of the orders API lists none.
static CARRIERS: &carriers::Table = &[
    ("amazon-logistics", "Amazon Shipping"),
    ("aramex", "Aramex"),
    ("asendia", "Asendia"),
    ("australia-post", "Australia Post"),
    ("bluedart", "BlueDart"),
    ("brt", "BRT"),
    ("canada-post", "Canada Post"),
    ("china-post", "China Post"),
    ("chronopost", "Chronopost"),
    ("colissimo", "Colissimo"),
    ("correos", "Correos"),
    ("delhivery", "Delhivery"),
    ("deutsche-post", "Deutsche Post"),
    ("dhl", "DHL"),
    ("dhl-ecommerce", "DHL eCommerce"),
    ("dhl-express", "DHL Express"),
    ("dpd", "DPD"),
    ("dpd-uk", "DPD Local"),
    ("dtdc", "DTDC"),
    ("dx", "DX"),
    ("estafeta", "Estafeta"),
    ("evri", "Hermes UK"),
    ("fedex", "FedEx"),
    ("gls", "GLS"),
    ("hermes", "Hermes Logistik Gruppe"),
    ("hong-kong-post", "Hongkong Post"),
    ("india-post", "India Post"),
    ("inpost", "InPost"),
    ("ontrac", "OnTrac"),
    ("parcelforce", "Parcelforce"),
    ("poste-italiane", "Poste Italiane"),
    ("royal-mail", "Royal Mail"),
    ("sagawa", "SAGAWA"),
    ("seur", "Seur"),
    ("sf-express", "SF Express"),
    ("tnt", "TNT"),
    ("ups", "UPS"),
    ("ups-mail-innovations", "UPS Mail Innovations"),
    ("usps", "USPS"),
    ("yamato", "YAMATO"),
    ("yanwen", "YANWEN"),
    ("yodel", "Yodel"),
    ("yunexpress", "Yun Express"),
];

impl Amazon {
    pub(super) fn ship_parcel(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let Some(number) = &parcel.tracking_number else {
            return Err(rejected(format!(
                "Amazon takes no parcel without a number, as order {} has it",
                parcel.order_id
            )));
        };
        let (code, name) = match carriers::code(CARRIERS, &parcel.carrier) {
            Some(code) => (code, code),
            None => ("Other", carriers::name(&parcel.carrier)?),
        };
        let told = self.find(port, &parcel.order_id)?.ok_or_else(|| no_such_order(&parcel.order_id))?;
        let known = known(&told)?;
        match known.iter().find(|known| known.package_number == parcel.package_number) {
            Some(known) if known.tracking_number.as_ref() == Some(number) => return Ok(Receipt::AlreadyDone),
            Some(known) => return Err(conflict(parcel, known.tracking_number.as_deref())),
            None => {}
        }
        let state = told.fulfillment.as_ref().map_or("", |fulfillment| fulfillment.fulfillment_status.as_str());
        match state {
            "PENDING" | "PENDING_AVAILABILITY" => return Err(not_yet(&told.order_id, state)),
            "CANCELLED" | "UNFULFILLABLE" => return Err(moved_on(&told.order_id, state)),
            _ => {}
        }
        let lines = parcel.lines.iter().map(|(line, units)| json!({ "orderItemId": line, "quantity": units }));
        let body = json!({
            "marketplaceId": self.place_of(&told),
            "packageDetail": {
                "packageReferenceId": parcel.package_number.to_string(),
                "carrierCode": code,
                "carrierName": name,
                "trackingNumber": number,
                "shipDate": time::to_utc_text(parcel.shipped_at),
                "orderItems": lines.collect::<Vec<_>>(),
            },
        });
        let segments = ["orders", "v0", "orders", &parcel.order_id, "shipmentConfirmation"];
        // the number in the order is the key: twice is the same as once
        let request = Request::new(Method::Post, "ship", &segments)?.body(Body::Json(body)).repeatable();
        if port.send(request)?.status == 404 {
            return Err(no_such_order(&parcel.order_id));
        }
        Ok(Receipt::Done)
    }

    pub(super) fn pickup(&self, port: &dyn Port, order_id: &str, status: &str) -> Result<Receipt> {
        let told = self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))?;
        let body = json!({ "marketplaceId": self.place_of(&told), "shipmentStatus": status });
        let segments = ["orders", "v0", "orders", order_id, "shipment"];
        port.send(Request::new(Method::Post, "pickup", &segments)?.body(Body::Json(body)).repeatable())?;
        Ok(Receipt::Done)
    }

    /// Where the order was sold.
    fn place_of<'a>(&'a self, told: &'a wire::Order) -> &'a str {
        told.sales_channel.marketplace_id.as_deref().unwrap_or(&self.marketplace)
    }
}

/// Amazon makes packages of its own, whose names are no numbers: these count from the end.
pub(super) fn known(told: &wire::Order) -> Result<Vec<Parcel>> {
    let is_there = |package: &&wire::Package| {
        package.package_status.as_ref().and_then(|status| status.status.as_deref()) != Some("CANCELLED")
    };
    let package = |(nth, package): (u32, &wire::Package)| {
        let items = package.package_items.iter().map(|item| (item.order_item_id.clone(), item.quantity));
        let left = package.ship_time.as_deref().or(package.created_time.as_deref()).unwrap_or(&told.last_updated_time);
        Ok(Parcel {
            order_id: told.order_id.clone(),
            package_number: package.package_reference_id.parse().unwrap_or(u32::MAX - nth),
            lines: items.collect(),
            carrier: carriers::ours(CARRIERS, package.carrier.as_deref().unwrap_or_default()),
            tracking_number: package.tracking_number.clone().filter(|number| !number.is_empty()),
            shipped_at: moment(left).map_err(|why| parcels_unreadable(&why))?,
            location: None,
            last: false,
        })
    };
    (0..).zip(told.packages.iter().filter(is_there)).map(package).collect()
}
