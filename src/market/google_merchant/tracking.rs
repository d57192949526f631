//! Parcels told to Google, from which it learns how fast offers arrive (order tracking signals v1).
//!
//! Facts: <https://developers.google.com/merchant/api/reference/rest/ordertracking_v1/accounts.orderTrackingSignals>. The
//! buyer's place is optional there, and not told.
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::GoogleMerchant;
use crate::diagnostic::Result;
use crate::market::faults::rejected;
use crate::market::{Body, Method, Port, Receipt, Request, Signal};
use crate::value::Carrier;

impl GoogleMerchant {
    pub(super) fn track(&self, port: &dyn Port, signal: &Signal) -> Result<Receipt> {
        let products = self.products.as_deref().ok_or_else(|| {
            rejected("Google wants to know what its products are called").help(
                "add products = \"online:en:US\" to the options of its [market.…]: language and country of the offers",
            )
        })?;
        let (country, zip) = signal.origin.as_ref().or(self.origin.as_ref()).ok_or_else(|| {
            rejected("Google wants to know where a parcel comes from")
                .help("give its location a country and a postal code, or add origin = \"US 95016\" to the options of its [market.…]")
        })?;
        let shipment = signal.package_number.to_string();
        let carrier = Carrier::find(&signal.carrier).map_or(signal.carrier.as_str(), |carrier| carrier.name);
        let item = |line: &crate::order::SignalLine| {
            let mut item = json!({
                "lineItemId": line.line_id,
                "productId": format!("{products}:{}", line.sku),
                "quantity": line.ordered.to_string(),
            });
            if let Some(gtin) = &line.gtin {
                item["gtins"] = json!([gtin]);
            }
            item
        };
        let mapping = |line: &crate::order::SignalLine| json!({ "shipmentId": shipment, "lineItemId": line.line_id, "quantity": line.shipped.to_string() });
        let body = json!({
            "orderId": signal.order_id,
            "orderCreatedTime": moment(signal.placed_at),
            "shippingInfo": [{
                "shipmentId": shipment,
                "carrier": carrier,
                "trackingId": signal.tracking_number,
                "shippedTime": moment(signal.shipped_at),
                "shippingStatus": "SHIPPED",
                "originPostalCode": zip.replace([' ', '-'], ""),
                "originRegionCode": country,
            }],
            "lineItems": signal.lines.iter().map(item).collect::<Vec<_>>(),
            "shipmentLineItemMapping": signal.lines.iter().map(mapping).collect::<Vec<_>>(),
        });
        let segments = ["ordertracking", "v1", "accounts", &self.account, "orderTrackingSignals"];
        let request = Request::new(Method::Post, "order tracking", &segments)?.body(Body::Json(body)).repeatable();
        match port.send(request)?.status {
            404 => Err(rejected(format!("Google knows no account {}", self.account))),
            _ => Ok(Receipt::Done),
        }
    }
}

fn moment(at: Timestamp) -> Value {
    let at = at.to_zoned(TimeZone::UTC);
    json!({
        "year": at.year(), "month": at.month(), "day": at.day(),
        "hours": at.hour(), "minutes": at.minute(), "seconds": at.second(), "timeZone": { "id": "UTC" },
    })
}
