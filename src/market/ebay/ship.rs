//! Parcels: each is a fulfillment of the order, made by a call that must not be repeated blindly.
use serde_json::json;

use super::{Ebay, fulfillment, stamp, wire};
use crate::diagnostic::Result;
use crate::market::faults::{no_such_order, parcels_unreadable};
use crate::market::json::moment;
use crate::market::{Body, Connector, Method, Parcel, Port, Receipt, Request, Verdict, carriers};

/// eBay's names where they are not ours; any other name is taken as free text. From `ShippingCarrierCodeType` of eBay's
/// Trading API, as an SDK made of its WSDL has it (read 2026-11-25).
static CARRIERS: &carriers::Table = &[
    ("4px", "FourPX"),
    ("an-post", "AnPost"),
    ("aramex", "ARAMEX"),
    ("australia-post", "AustraliaPost"),
    ("austrian-post", "OsterreichischePostAG"),
    ("bpost", "BPost"),
    ("brt", "Bartolini"),
    ("china-post", "ChinaPost"),
    ("colissimo", "Colissimo"),
    ("deutsche-post", "DeutschePost"),
    ("dhl", "DHL"),
    ("dhl-ecommerce", "DHLGlobalMail"),
    ("dhl-express", "DHLEXPRESS"),
    ("evri", "Hermes"),
    ("fedex", "FedEx"),
    ("hermes", "Hermes"),
    ("hong-kong-post", "HongKongPost"),
    ("india-post", "IndiaPost"),
    ("israel-post", "IsraelPost"),
    ("japan-post", "JapanPost"),
    ("korea-post", "KoreaPost"),
    ("landmark-global", "Landmark"),
    ("mondial-relay", "MondialRelay"),
    ("nacex", "Nacex"),
    ("ontrac", "ONTRACK"),
    ("parcelforce", "Parcelforce"),
    ("poczta-polska", "PocztaPolska"),
    ("poste-italiane", "PosteItaliane"),
    ("royal-mail", "RoyalMail"),
    ("seur", "Seur"),
    ("singapore-post", "SINGAPOREPOST"),
    ("startrack", "StarTrack"),
    ("swiss-post", "SwissPost"),
    ("ups-mail-innovations", "UPSMailInnovations"),
    ("yanwen", "YANWEN"),
];

impl Ebay {
    /// Looks first: another program, or a first try whose answer was lost, may have told of it.
    pub(super) fn ship_parcel(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let carrier = match carriers::code(CARRIERS, &parcel.carrier) {
            Some(code) => code,
            None => carriers::name(&parcel.carrier)?,
        };
        let number = parcel.tracking_number.as_deref().map(plain);
        let known = self.known_parcels(port, &parcel.order_id)?;
        let is_it = |known: &&Parcel| match &number {
            Some(number) => known.tracking_number.as_ref() == Some(number),
            None => known.tracking_number.is_none() && known.lines == parcel.lines,
        };
        if known.iter().any(|known| is_it(&known)) {
            return Ok(Receipt::AlreadyDone);
        }
        let lines = parcel.lines.iter().map(|(line, units)| json!({ "lineItemId": line, "quantity": units }));
        let mut body = json!({ "lineItems": lines.collect::<Vec<_>>(), "shippedDate": stamp(parcel.shipped_at) });
        // one needs the other
        if let Some(number) = number {
            (body["shippingCarrierCode"], body["trackingNumber"]) = (json!(carrier), json!(number));
        }
        let segments = fulfillment(&[&parcel.order_id, "shipping_fulfillment"]);
        let response = port.send(Request::new(Method::Post, "ship", &segments)?.body(Body::Json(body)))?;
        if self.classify(&response) == Verdict::Absent {
            return Err(no_such_order(&parcel.order_id));
        }
        Ok(Receipt::Done)
    }

    pub(super) fn known_parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        let response = port.send(Request::get("parcels", &fulfillment(&[order_id, "shipping_fulfillment"]))?)?;
        if self.classify(&response) == Verdict::Absent {
            return Ok(Vec::new());
        }
        let told: wire::Fulfillments = response.json()?;
        (1..).zip(told.fulfillments).map(|(nth, told)| parcel_of(order_id, nth, told)).collect()
    }
}

/// Letters and digits are all that is taken.
fn plain(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn parcel_of(order_id: &str, nth: u32, told: wire::Fulfillment) -> Result<Parcel> {
    let lines = told.line_items.into_iter().map(|line| (line.line_item_id, line.quantity.unwrap_or(1)));
    Ok(Parcel {
        order_id: order_id.to_owned(),
        package_number: nth,
        lines: lines.collect(),
        carrier: told.shipping_carrier_code.map(|code| carriers::ours(CARRIERS, &code)).unwrap_or_default(),
        tracking_number: told.shipment_tracking_number.filter(|number| !number.is_empty()),
        shipped_at: moment(&told.shipped_date).map_err(|why| parcels_unreadable(&why))?,
        location: None,
        last: false,
    })
}
