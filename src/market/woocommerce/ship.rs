//! Parcels, in the order's field where WooCommerce's own Shipment Tracking extension and most others look for them; the
//! buyer is told the number in a note, since without such an extension nothing shows the field.
//!
//! The note goes first: it is not repeated when its own number is found in one, and the field, which is what counts, is
//! written with everything it held, so it may be written again.
use serde_json::{Value, json};

use super::{WooCommerce, normal, path, wire};
use crate::diagnostic::Result;
use crate::market::faults::{moved_on, not_yet};
use crate::market::json::moment;
use crate::market::parcels::settled;
use crate::market::{Body, Method, Parcel, Port, Receipt, Request, carriers};
use crate::value::{Carrier, TrackingNumber};

const FIELD: &str = "_wc_shipment_tracking_items";
/// Begins the id of a parcel that purvey wrote; its number in the order follows.
const OURS: &str = "purvey-";

impl WooCommerce {
    pub(super) fn ship_parcel(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let told = self.expect(port, &parcel.order_id)?;
        match told.status.as_str() {
            "cancelled" | "trash" | "refunded" => return Err(moved_on(&parcel.order_id, &told.status)),
            "checkout-draft" | "pending" | "on-hold" | "failed" => {
                return Err(not_yet(&parcel.order_id, &told.status));
            }
            _ => {}
        }
        if let Some(receipt) = settled(parcel, &known(&told), fits(&told, parcel))? {
            return Ok(receipt);
        }
        let mut items = items(&told);
        items.push(item(parcel)?);
        self.tell_buyer(port, parcel)?;
        let mut body = json!({ "meta_data": [{ "key": FIELD, "value": items }] });
        if parcel.last {
            body["status"] = json!("completed");
        }
        let request = Request::new(Method::Put, "ship", &path(&["orders", &parcel.order_id]))?;
        port.send(request.body(Body::Json(body)).repeatable())?;
        Ok(Receipt::Done)
    }

    fn tell_buyer(&self, port: &dyn Port, parcel: &Parcel) -> Result<()> {
        let Some(number) = &parcel.tracking_number else { return Ok(()) };
        let notes = path(&["orders", &parcel.order_id, "notes"]);
        let known: Vec<wire::Note> = port.send(Request::get("notes", &notes)?.query("type", "customer"))?.json()?;
        if known.iter().any(|known| known.note.contains(number.as_str())) {
            return Ok(());
        }
        let note = [Some(format!("{} {number}", carriers::name(&parcel.carrier)?)), page(parcel)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>();
        let body = json!({ "note": note.join("\n"), "customer_note": true });
        port.send(Request::new(Method::Post, "notes", &notes)?.body(Body::Json(body)))?;
        Ok(())
    }
}

fn page(parcel: &Parcel) -> Option<String> {
    let number = TrackingNumber::parse(parcel.tracking_number.as_deref()?).ok()?;
    Carrier::find(&parcel.carrier)?.url_of(&number)
}

/// One parcel in the extension's shape.
fn item(parcel: &Parcel) -> Result<Value> {
    let lines = parcel.lines.iter().map(|(id, units)| json!({ "item_id": id, "qty": units }));
    Ok(json!({
        "tracking_provider": "",
        "custom_tracking_provider": carriers::name(&parcel.carrier)?,
        "custom_tracking_link": page(parcel).unwrap_or_default(),
        "tracking_number": parcel.tracking_number.clone().unwrap_or_default(),
        "date_shipped": parcel.shipped_at.as_second().to_string(),
        "tracking_id": format!("{OURS}{}", parcel.package_number),
        "products_list": lines.collect::<Vec<_>>(),
    }))
}

fn items(told: &wire::Order) -> Vec<Value> {
    let field = told.meta_data.iter().find(|meta| meta.key == FIELD).map(|meta| &meta.value);
    match field {
        Some(Value::Array(items)) => items.clone(),
        // PHP writes a list with a gap as an object
        Some(Value::Object(items)) => items.values().cloned().collect(),
        _ => Vec::new(),
    }
}

/// Every parcel the order has, ours and those of other programs.
pub(super) fn known(told: &wire::Order) -> Vec<Parcel> {
    (1..).zip(items(told)).map(|(nth, item)| read(told, nth, &item)).collect()
}

fn read(told: &wire::Order, nth: u32, item: &Value) -> Parcel {
    let text = |name: &str| item.get(name).map(normal::plain).filter(|text| !text.is_empty() && text != "null");
    let ours = text("tracking_id").and_then(|id| id.strip_prefix(OURS)?.parse().ok());
    let carrier = text("custom_tracking_provider").or_else(|| text("tracking_provider")).unwrap_or_default();
    let lines = item.get("products_list").and_then(Value::as_array).into_iter().flatten().filter_map(|line| {
        let units = normal::plain(line.get("qty")?).parse().ok().filter(|units| *units > 0)?;
        Some((normal::plain(line.get("item_id")?), units))
    });
    let shipped = text("date_shipped").and_then(|date| moment(&date).ok());
    let created = || moment(&told.date_created_gmt).unwrap_or_default();
    Parcel {
        order_id: told.id.to_string(),
        package_number: ours.unwrap_or(nth),
        lines: lines.collect(),
        carrier: carriers::ours(&[], &carrier),
        tracking_number: text("tracking_number"),
        shipped_at: shipped.unwrap_or_else(created),
        location: None,
        last: false,
    }
}

/// Whether all of the parcel's units are still open.
fn fits(told: &wire::Order, parcel: &Parcel) -> bool {
    let gone: Vec<_> = known(told).into_iter().flat_map(|parcel| parcel.lines).collect();
    told.status != "completed"
        && parcel.lines.iter().all(|(id, units)| {
            let line = told.line_items.iter().find(|line| line.id.to_string() == *id);
            let of_line = gone.iter().filter(|(other, _)| other == id).map(|(_, units)| *units);
            let taken = of_line.fold(normal::refunded(told, id), i64::saturating_add);
            line.is_some_and(|line| *units <= line.quantity.saturating_sub(taken))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parcels_of_other_programs_are_read_and_kept() {
        let foreign = json!({ "tracking_provider": "dhl-de", "tracking_number": "00340", "date_shipped": "1764061200",
            "tracking_id": "a1b2" });
        let told: wire::Order = serde_json::from_value(json!({
            "id": 1, "status": "processing", "currency": "EUR", "total": "1", "date_created_gmt": "2026-11-25T09:00:00Z",
            "date_modified_gmt": "2026-11-25T09:00:00Z", "line_items": [{ "id": 7, "quantity": 3, "total": "1" }],
            "meta_data": [{ "id": 9, "key": FIELD, "value": { "0": foreign, "2": item(&parcel()).unwrap() } }],
        }))
        .unwrap();
        let known = known(&told);
        assert_eq!((known[0].package_number, known[0].tracking_number.as_deref()), (1, Some("00340")));
        assert_eq!(known[1], parcel());
        assert_eq!(items(&told)[0], foreign);
        assert!(fits(&told, &Parcel { lines: vec![("7".to_owned(), 1)], ..parcel() }));
        assert!(!fits(&told, &parcel()), "two of three have left");
    }

    fn parcel() -> Parcel {
        Parcel {
            order_id: "1".to_owned(),
            package_number: 4,
            lines: vec![("7".to_owned(), 2)],
            carrier: "ups".to_owned(),
            tracking_number: Some("1Z1".to_owned()),
            shipped_at: "2026-11-25T09:00:00Z".parse().unwrap(),
            location: None,
            last: false,
        }
    }
}
