//! How shop systems and marketplaces write orders as tables, one record for each line item.
use crate::intake::orders::table::Layout;
use crate::value::time;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// As `purvey orders export` writes it.
pub static OWN: Layout = Layout {
    channel: None,
    order: &[
        ("market|channel", "channel"),
        ("order|order_id", "order_id"),
        ("external_id", "external_id"),
        ("state|status", "status"),
        ("placed_at|created_at", "created_at"),
        ("updated_at", "updated_at"),
        ("fulfillment", "fulfillment"),
        ("pickup_point", "pickup_point"),
        ("currency", "currency"),
        ("total", "total"),
        ("shipping", "shipping"),
        ("discount", "discount"),
        ("note", "note"),
    ],
    customer: &[("buyer|name", "name"), ("email", "email"), ("phone", "phone")],
    ship_to: &[
        ("street|address1", "address1"),
        ("postal_code|zip", "postal_code"),
        ("city", "city"),
        ("region", "region"),
        ("country", "country"),
    ],
    line: &[
        ("line|line_id", "line_id"),
        ("sku", "sku"),
        ("gtin", "gtin"),
        ("title", "title"),
        ("quantity", "quantity"),
        ("canceled", "canceled"),
        ("shipped", "shipped"),
        ("price|unit_price", "unit_price"),
        ("tax", "tax"),
    ],
    settle: |_| {},
    settle_line: |_| {},
};

/// Shopify's order export: what is true of the order stands in its first record. `Taxes` may be in the prices or come
/// on top, the file does not say which.
static SHOPIFY: Layout = Layout {
    channel: Some("shopify"),
    order: &[
        ("Name", "order_id"),
        ("Financial Status", "financial_status"),
        ("Fulfillment Status", "fulfillment_status"),
        ("Created at", "created_at"),
        ("Paid at", "paid_at"),
        ("Fulfilled at", "fulfilled_at"),
        ("Cancelled at", "cancelled_at"),
        ("Currency", "currency"),
        ("Total", "total"),
        ("Shipping", "shipping"),
        ("Discount Amount", "discount"),
        ("Taxes", "tax"),
        ("Notes", "note"),
    ],
    customer: &[("Shipping Name|Billing Name", "name"), ("Email", "email"), ("Shipping Phone|Phone", "phone")],
    ship_to: &[
        ("Shipping Address1|Shipping Street", "address1"),
        ("Shipping Address2", "address2"),
        ("Shipping Zip", "postal_code"),
        ("Shipping City", "city"),
        ("Shipping Province", "region"),
        ("Shipping Country", "country"),
    ],
    line: &[
        ("Lineitem sku", "sku"),
        ("Lineitem name", "title"),
        ("Lineitem quantity", "quantity"),
        ("Lineitem price", "unit_price"),
        ("Lineitem fulfillment status", "fulfillment_status"),
    ],
    settle: settle_shopify,
    settle_line: settle_shopify_line,
};

/// The columns of WooCommerce's usual order exporters; `item_total` is that of all units.
static WOOCOMMERCE: Layout = Layout {
    channel: Some("woocommerce"),
    order: &[
        ("order_number|order_id", "order_id"),
        ("status|order_status", "status"),
        ("order_date", "created_at"),
        ("paid_date", "paid_at"),
        ("completed_date", "completed_at"),
        ("order_currency", "currency"),
        ("order_total", "total"),
        ("shipping_total", "shipping"),
        ("discount_total", "discount"),
        ("tax_total", "tax"),
        ("customer_note", "note"),
    ],
    customer: &[
        ("shipping_first_name+shipping_last_name", "name"),
        ("customer_email|billing_email", "email"),
        ("billing_phone", "phone"),
    ],
    ship_to: &[
        ("shipping_address_1", "address1"),
        ("shipping_address_2", "address2"),
        ("shipping_postcode", "postal_code"),
        ("shipping_city", "city"),
        ("shipping_state", "region"),
        ("shipping_country", "country"),
    ],
    line: &[
        ("item_id|line_id", "line_id"),
        ("sku|item_sku", "sku"),
        ("product_name|item_name", "title"),
        ("quantity|item_quantity", "quantity"),
        ("item_total|line_total", "line_total"),
    ],
    settle: settle_woocommerce,
    settle_line: |_| {},
};

/// Amazon's order reports (flat files): `item-price` and `shipping-price` are those of all units of a line.
static AMAZON: Layout = Layout {
    channel: Some("amazon"),
    order: &[
        ("order-id|amazon-order-id", "order_id"),
        ("purchase-date", "created_at"),
        ("order-status", "status"),
        ("currency", "currency"),
        ("delivery-Instructions", "note"),
    ],
    customer: &[
        ("recipient-name|buyer-name", "name"),
        ("buyer-email", "email"),
        ("ship-phone-number|buyer-phone-number", "phone"),
    ],
    ship_to: &[
        ("ship-address-1", "address1"),
        ("ship-address-2+ship-address-3", "address2"),
        ("ship-postal-code", "postal_code"),
        ("ship-city", "city"),
        ("ship-state", "region"),
        ("ship-country", "country"),
    ],
    line: &[
        ("order-item-id|amazon-order-item-id", "line_id"),
        ("sku", "sku"),
        ("product-name", "title"),
        ("quantity-purchased", "quantity"),
        ("quantity-shipped", "shipped"),
        ("item-price", "line_total"),
        ("item-tax", "tax"),
        ("shipping-price", "shipping"),
    ],
    // the reports list orders that are paid and not yet shipped
    settle: |order| {
        order.entry("status").or_insert(Value::from("unshipped"));
    },
    settle_line: |_| {},
};

/// The layout of a format of order tables.
pub fn layout(format: &str) -> Option<&'static Layout> {
    match format {
        "orders" => Some(&OWN),
        "shopify-orders" => Some(&SHOPIFY),
        "woocommerce-orders" => Some(&WOOCOMMERCE),
        "amazon-orders" => Some(&AMAZON),
        _ => None,
    }
}

pub(in crate::intake) fn settle_shopify(order: &mut Map<String, Value>) {
    let status = match (text(order, "financial_status"), text(order, "fulfillment_status")) {
        _ if !text(order, "cancelled_at").is_empty() => "canceled",
        ("refunded" | "voided", _) => text(order, "financial_status"),
        ("pending" | "authorized" | "partially_paid", _) => "unpaid",
        ("expired", _) => "canceled",
        (_, "fulfilled") => "fulfilled",
        (_, "partial") => "partial",
        ("paid" | "partially_refunded", _) => "paid",
        (other, _) => other,
    };
    let status = status.to_owned();
    order.insert("status".to_owned(), Value::from(status));
    settle_times(order, &["created_at", "paid_at", "fulfilled_at", "cancelled_at"]);
    if let Some(Value::Object(address)) = order.get_mut("ship_to")
        && let Some(zip) = text(address, "postal_code").strip_prefix('\'').map(str::to_owned)
    {
        address.insert("postal_code".to_owned(), Value::from(zip));
    }
}

pub(in crate::intake) fn settle_shopify_line(line: &mut Map<String, Value>) {
    if text(line, "fulfillment_status") == "fulfilled"
        && let Some(quantity) = line.get("quantity").cloned()
    {
        line.insert("shipped".to_owned(), quantity);
    }
}

pub(in crate::intake) fn settle_woocommerce(order: &mut Map<String, Value>) {
    let status = match text(order, "status").trim_start_matches("wc-") {
        "pending" => "unpaid",
        "on-hold" => "on_hold",
        "failed" => "canceled",
        other => other,
    };
    let status = status.to_owned();
    order.insert("status".to_owned(), Value::from(status));
    settle_times(order, &["created_at", "paid_at", "completed_at"]);
}

pub(in crate::intake) fn text<'o>(of: &'o Map<String, Value>, key: &str) -> &'o str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// An order was changed last at the latest of its times. What is no time is left for the check of the document.
fn settle_times(order: &mut Map<String, Value>, keys: &[&str]) {
    let times = keys.iter().map(|key| text(order, key)).filter(|text| !text.is_empty());
    // times of one file are in one zone, so any will do to compare them
    let utc = jiff::tz::TimeZone::UTC;
    let latest = times.filter_map(|text| Some((time::parse(text, Some(&utc)).ok()?, text))).max();
    if let Some((_, latest)) = latest.map(|(moment, text): (Timestamp, &str)| (moment, text.to_owned())) {
        order.insert("updated_at".to_owned(), Value::from(latest));
    }
}
