//! The shapes of the answers, field by field as the Mirakl seller document has them. Every field it requires is there;
//! of the optional ones, those a seller's tool may want.
use super::market::CARRIERS;
use super::model::*;
use super::money::amount;
use super::offers::{Import, Offer};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const SHOP_ID: u64 = 2000;
const LEADTIME_DAYS: i64 = 2;

/// One of `orders` in OR11.
pub(super) fn order(order: &Order, shipments: &[Shipment]) -> Value {
    let money = |minor: i64| amount(minor, &order.currency);
    let goods = order.lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line_price(line)));
    let lines = order.lines.iter().enumerate().map(|(index, l)| line(order, index, l, shipments));
    let mut body = json!({
        "acceptance_decision_date": order.decided,
        "can_cancel": order.state.is_cancelable(),
        "can_shop_ship": order.state == OrderState::Shipping,
        "channel": { "code": "SANDBOX", "label": "Sandbox" },
        "commercial_id": order.id.trim_end_matches("-A"),
        "created_date": order.created,
        "currency_iso_code": order.currency,
        "customer": customer(order),
        "customer_debited_date": order.paid,
        "customer_notification_email": format!("{}@buyers.sandbox.example", order.id.to_lowercase()),
        "fully_refunded": false,
        "has_customer_message": false,
        "has_incident": false,
        "has_invoice": false,
        "last_updated_date": order.updated,
        "order_additional_fields": [],
        "order_id": order.id,
        "order_lines": lines.collect::<Vec<_>>(),
        "order_state": order.state,
        "order_state_reason_code": null,
        "order_state_reason_label": null,
        "order_tax_mode": "TAX_INCLUDED",
        "paymentType": "Play money",
        "payment_type": "Play money",
        "payment_workflow": "PAY_ON_ACCEPTANCE",
        "price": money(goods),
        "promotions": { "applied_promotions": [], "total_deduced_amount": 0 },
        "total_commission": 0,
        "total_price": money(goods.saturating_add(order.shipping_price_minor)),
    });
    if let (Some(body), Value::Object(shipping)) = (body.as_object_mut(), order_shipping(order, shipments)) {
        body.extend(shipping);
    }
    body
}

/// The fields of an order that say how it travels.
fn order_shipping(order: &Order, shipments: &[Shipment]) -> Value {
    let of_shipment = || shipments.iter().rev().find(|s| s.order_id == order.id)?.tracking.as_ref();
    let tracking = order.tracking.as_ref().or_else(of_shipment);
    let pickup = order.pudo_id.is_some();
    json!({
        "fulfillment": { "center": { "code": "DEFAULT" } },
        "leadtime_to_ship": LEADTIME_DAYS,
        "shipping_carrier_code": tracking.and_then(|t| t.carrier_code.as_deref()),
        "shipping_company": tracking.and_then(carrier_label),
        "shipping_deadline": order.created.saturating_add(SignedDuration::from_hours(24 * LEADTIME_DAYS)).ok(),
        "shipping_price": amount(order.shipping_price_minor, &order.currency),
        "shipping_pudo_id": order.pudo_id,
        "shipping_tracking": tracking.and_then(|t| t.tracking_number.as_deref()),
        "shipping_tracking_url": tracking.and_then(tracking_url),
        "shipping_type_code": if pickup { "PICKUP" } else { "STD" },
        "shipping_type_label": if pickup { "Pickup point" } else { "Standard" },
        "shipping_zone_code": "HOME",
        "shipping_zone_label": "Home",
    })
}

fn line_price(line: &Line) -> i64 {
    line.price_minor.saturating_mul(i64::from(line.quantity))
}

/// Invented throughout; the addresses are shown from SHIPPING on, as on the real platform.
fn customer(order: &Order) -> Value {
    let (first, last) = order.buyer.split_once(' ').unwrap_or(("Anonymous", &order.buyer));
    let address = order.state.shows_address().then(|| {
        json!({
            "city": "Nowhere",
            "country": order.country,
            "country_iso_code": order.country,
            "firstname": first,
            "lastname": last,
            "phone": "+00 000 000 000",
            "street_1": "1 Sandbox Street",
            "street_2": null,
            "zip_code": "00000",
        })
    });
    json!({
        "billing_address": address,
        "customer_id": format!("buyer-{}", order.id),
        "firstname": first,
        "lastname": last,
        "locale": "en_US",
        "shipping_address": address,
    })
}

fn line(order: &Order, index: usize, line: &Line, shipments: &[Shipment]) -> Value {
    let price = line_price(line);
    // The whole shipping price stands on the first line.
    let shipping = if index == 0 { order.shipping_price_minor } else { 0 };
    let shipped = shipments.iter().filter(|s| s.lines.iter().any(|l| l.order_line_id == line.id));
    let money = |minor: i64| amount(minor, &order.currency);
    json!({
        "can_refund": line.packed > 0,
        "cancelations": line.cancelations.iter().map(|c| cancelation(c, &order.currency)).collect::<Vec<_>>(),
        "category_code": "SANDBOX",
        "category_label": "Sandbox",
        "commission_fee": 0,
        "commission_rate_vat": 0,
        "commission_vat": 0,
        "created_date": order.created,
        "debited_date": order.paid,
        "description": null,
        "last_updated_date": order.updated,
        "offer_id": line.offer_id,
        "offer_sku": line.sku,
        "offer_state_code": "11",
        "order_line_additional_fields": [],
        "order_line_id": line.id,
        "order_line_index": index + 1,
        "order_line_state": line.state,
        "price": money(price),
        "price_unit": money(line.price_minor),
        "product_medias": [],
        "product_sku": format!("SBX-P{}", line.offer_id),
        "product_title": line.title,
        "promotions": [],
        "quantity": line.quantity,
        "received_date": (line.state == OrderState::Received).then_some(order.updated),
        "refunds": line.refunds.iter().map(|r| refund(r, &order.currency)).collect::<Vec<_>>(),
        "shipped_date": shipped.filter_map(|s| s.shipped).max(),
        "shipping_price": money(shipping),
        "shipping_taxes": [],
        "taxes": [],
        "total_commission": 0,
        "total_price": money(price.saturating_add(shipping)),
    })
}

fn cancelation(c: &Cancelation, currency: &str) -> Value {
    json!({
        "amount": amount(c.amount_minor, currency),
        "commission_amount": 0,
        "commission_taxes": [],
        "commission_total_amount": 0,
        "created_date": c.created,
        "id": c.id,
        "quantity": c.quantity,
        "reason_code": c.reason_code,
        "shipping_amount": 0,
        "shipping_taxes": [],
        "taxes": [],
    })
}

/// One of `cancelations` in the answer to OR30.
pub(super) fn created_cancelation(line_id: &str, c: &Cancelation, currency: &str) -> Value {
    json!({
        "amount": amount(c.amount_minor, currency),
        "cancelation_id": c.id,
        "currency_iso_code": currency,
        "order_line_id": line_id,
        "quantity": c.quantity,
        "reason_code": c.reason_code,
        "shipping_amount": 0,
        "shipping_taxes": [],
        "taxes": [],
    })
}

fn refund(r: &Refund, currency: &str) -> Value {
    json!({
        "amount": amount(r.amount_minor, currency),
        "commission_amount": 0,
        "commission_tax_amount": 0,
        "commission_taxes": [],
        "commission_total_amount": 0,
        "created_date": r.created,
        "id": r.id,
        "order_refund_id": r.group,
        "quantity": r.quantity,
        "reason_code": r.reason_code,
        "refund_state": "REFUNDED",
        "shipping_amount": amount(r.shipping_minor, currency),
        "shipping_taxes": [],
        "state": "REFUNDED",
        "taxes": [],
    })
}

/// One of `refunds` in the answer to OR28.
pub(super) fn created_refund(line_id: &str, r: &Refund, currency: &str) -> Value {
    json!({
        "amount": amount(r.amount_minor, currency),
        "currency_iso_code": currency,
        "order_line_id": line_id,
        "order_refund_id": r.group,
        "quantity": r.quantity,
        "reason_code": r.reason_code,
        "refund_id": r.id,
        "shipping_amount": amount(r.shipping_minor, currency),
        "shipping_taxes": [],
        "taxes": [],
    })
}

/// One of `data` in ST11, and of `shipment_success` in ST01.
pub(super) fn shipment(shipment: &Shipment) -> Value {
    let tracking = shipment.tracking.as_ref().map(|tracking| {
        json!({
            "carrier_code": tracking.carrier_code,
            "carrier_name": carrier_label(tracking),
            "carrier_standard_code": tracking.carrier_standard_code,
            "milestones": [],
            "tracking_number": tracking.tracking_number,
            "tracking_url": tracking_url(tracking),
        })
    });
    json!({
        "created_date": shipment.created,
        "id": shipment.id,
        "last_updated_date": shipment.updated,
        "order_id": shipment.order_id,
        "shipment_lines": shipment.lines,
        "shipped_date": shipment.shipped,
        "status": shipment.state,
        "status_customer_debit": "NO_DEBIT",
        "tracking": tracking,
    })
}

fn carrier(tracking: &Tracking) -> Option<&'static (&'static str, &'static str, &'static str, &'static str)> {
    let code = tracking.carrier_code.as_deref()?;
    CARRIERS.iter().find(|carrier| carrier.0 == code)
}

fn carrier_label(tracking: &Tracking) -> Option<&str> {
    carrier(tracking).map(|c| c.1).or(tracking.carrier_name.as_deref())
}

/// Computed for a registered carrier; else what the seller sent.
fn tracking_url(tracking: &Tracking) -> Option<String> {
    match (carrier(tracking), &tracking.tracking_number) {
        (Some(carrier), Some(number)) => Some(carrier.3.replace("{trackingId}", number)),
        _ => tracking.tracking_url.clone(),
    }
}

/// SH21, by label.
pub(super) fn carriers() -> Value {
    let list = CARRIERS.iter().map(|(code, label, standard, url)| {
        json!({ "code": code, "label": label, "standard_code": standard, "tracking_url": url })
    });
    json!({ "carriers": list.collect::<Vec<_>>() })
}

/// OF02.
pub(super) fn offer_import(import: &Import) -> Value {
    let errors = import.errors.len() as u32;
    let read = errors.saturating_add(import.lines_in_success);
    let done = |count: u32| if import.is_complete() { count } else { 0 };
    json!({
        "date_created": import.created,
        "has_error_report": import.is_complete() && errors > 0,
        "import_id": import.id,
        "lines_in_error": done(errors),
        "lines_in_pending": read - done(read),
        "lines_in_success": done(import.lines_in_success),
        "lines_read": done(read),
        "mode": "NORMAL",
        "offer_deleted": done(import.deleted),
        "offer_inserted": done(import.inserted),
        "offer_updated": done(import.updated),
        "reason_status": null,
        "status": import.status(),
        "type": "MIRAKL",
    })
}

/// STO02.
pub(super) fn stock_import(import: &Import) -> Value {
    let done = |count: u32| if import.is_complete() { count } else { 0 };
    let errors = done(import.errors.len() as u32);
    json!({
        "date_created": import.created,
        "has_error_report": errors > 0,
        "import_id": import.id.to_string(),
        "lines_in_error": errors,
        "lines_in_success": done(import.lines_in_success),
        "shop_id": SHOP_ID,
        "status": import.status(),
    })
}

/// One of `data` in PRI02: what STO02 says, and the offers counted.
pub(super) fn price_import(import: &Import) -> Value {
    let mut body = stock_import(import);
    body["offers_in_error"] = body["lines_in_error"].clone();
    body["offers_updated"] = body["lines_in_success"].clone();
    body["origin"] = json!("API");
    body["reason_status"] = Value::Null;
    body
}

/// One of `offers` in OF21.
pub(super) fn offer(offer: &Offer, currency: &str, now: Timestamp) -> Value {
    let origin = amount(offer.price_minor, currency);
    let discount = offer.discount.as_ref().map(|d| amount(d.price_minor, currency));
    let price = discount.clone().unwrap_or_else(|| origin.clone());
    let at_one = json!([{
        "price": price, "quantity_threshold": 1, "unit_discount_price": discount, "unit_origin_price": origin,
    }]);
    let sent = |name: &str| offer.fields.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "active": offer.quantity > 0,
        "all_prices": [{
            "channel_code": null, "price": price, "unit_discount_price": discount, "unit_origin_price": origin,
            "volume_prices": at_one,
        }],
        "category_code": "SANDBOX",
        "category_label": "Sandbox",
        "channels": ["SANDBOX"],
        "currency_iso_code": currency,
        "description": sent("description"),
        "discount": offer.discount.as_ref().map(|d| json!({
            "discount_price": discount, "origin_price": origin, "ranges": [],
            "start_date": d.start, "end_date": d.end,
        })),
        "fulfillment": { "center": { "code": "DEFAULT" } },
        "leadtime_to_ship": offer.fields.get("leadtime_to_ship").cloned().unwrap_or(json!(1)),
        "logistic_class": { "code": "SANDBOX", "label": "Sandbox" },
        "max_order_quantity": sent("max_order_quantity"),
        "min_order_quantity": sent("min_order_quantity"),
        "min_quantity_alert": sent("min_quantity_alert"),
        "min_shipping_price": 0,
        "min_shipping_price_additional": 0,
        "min_shipping_type": "STD",
        "min_shipping_zone": "HOME",
        "offer_id": offer.offer_id,
        "package_quantity": sent("package_quantity"),
        "price": price,
        "product_references": [],
        "product_sku": format!("SBX-P{}", offer.offer_id),
        "product_title": format!("Article {}", offer.sku),
        "quantity": offer.quantity,
        "shipping_deadline": now,
        "shop_sku": offer.sku,
        "state_code": offer.fields.get("state_code").cloned().unwrap_or(json!("11")),
        "total_price": price,
        "warehouses": offer.warehouses.iter().map(|(code, q)| json!({ "code": code, "quantity": q })).collect::<Vec<_>>(),
    })
}
