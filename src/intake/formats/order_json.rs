//! Orders as marketplaces and shops answer with them, in the form [`document`](crate::intake::orders::document) reads; each [`Shape`] is a layout as
//! of an order table, whose columns are dotted paths.
//!
//! Names of fields: eBay Fulfillment v1 `getOrders`; Amazon Orders 2026-01-01 and v0; the REST interfaces of WooCommerce
//! and Shopify.
use super::order_tables::{settle_shopify, settle_shopify_line, settle_woocommerce, text};
use crate::intake::orders::table::Layout;
use crate::intake::rows::json::cells;
use crate::value::{Currency, Money};
use serde_json::{Map, Value};

/// The name of the format of orders in our own words, one JSON object a line.
const OWN: &str = "orders-jsonl";

struct Shape {
    name: &'static str,
    /// Keys that tell it.
    keys: &'static [&'static str],
    /// Where its lines are.
    lines: &'static str,
    layout: Layout,
}

static SHAPES: &[Shape] = &[EBAY, AMAZON, AMAZON_V0, SHOPIFY, WOOCOMMERCE, WOOCOMMERCE_OLD];

const EBAY: Shape = Shape {
    name: "ebay-orders",
    keys: &["orderId", "lineItems"],
    lines: "lineItems",
    layout: Layout {
        channel: Some("ebay"),
        order: &[
            ("orderId", "order_id"),
            ("creationDate", "created_at"),
            ("lastModifiedDate", "updated_at"),
            ("orderPaymentStatus", "payment_status"),
            ("orderFulfillmentStatus", "fulfillment_status"),
            ("cancelStatus.cancelState", "cancel_state"),
            ("pricingSummary.total.currency", "currency"),
            ("pricingSummary.total.value", "total"),
            ("pricingSummary.deliveryCost.value", "shipping"),
            ("pricingSummary.tax.value", "tax"),
            ("pricingSummary.priceDiscount.value", "discount"),
            ("pricingSummary.deliveryDiscount.value", "delivery_discount"),
            ("fulfillmentStartInstructions.0.pickupStep.merchantLocationKey", "pickup_point"),
            ("buyerCheckoutNotes", "note"),
        ],
        customer: &[
            ("fulfillmentStartInstructions.0.shippingStep.shipTo.fullName", "name"),
            ("fulfillmentStartInstructions.0.shippingStep.shipTo.email", "email"),
            ("fulfillmentStartInstructions.0.shippingStep.shipTo.primaryPhone.phoneNumber", "phone"),
        ],
        ship_to: &[
            ("fulfillmentStartInstructions.0.shippingStep.shipTo.contactAddress.addressLine1", "address1"),
            ("fulfillmentStartInstructions.0.shippingStep.shipTo.contactAddress.addressLine2", "address2"),
            ("fulfillmentStartInstructions.0.shippingStep.shipTo.contactAddress.postalCode", "postal_code"),
            ("fulfillmentStartInstructions.0.shippingStep.shipTo.contactAddress.city", "city"),
            ("fulfillmentStartInstructions.0.shippingStep.shipTo.contactAddress.stateOrProvince", "region"),
            ("fulfillmentStartInstructions.0.shippingStep.shipTo.contactAddress.countryCode", "country"),
        ],
        line: &[
            ("lineItemId", "line_id"),
            ("sku", "sku"),
            ("legacyVariationId|legacyItemId", "listing_id"),
            ("title", "title"),
            ("quantity", "quantity"),
            ("lineItemCost.value", "line_total"),
            ("lineItemFulfillmentStatus", "fulfillment_status"),
        ],
        settle: |order| {
            let status =
                match (text(order, "cancel_state"), text(order, "payment_status"), text(order, "fulfillment_status")) {
                    ("CANCELED", ..) => "canceled",
                    (_, "PENDING" | "FAILED", _) => "unpaid",
                    (_, "FULLY_REFUNDED", _) => "refunded",
                    (.., "FULFILLED") => "fulfilled",
                    (.., "IN_PROGRESS") => "partial",
                    (_, "PAID" | "PARTIALLY_REFUNDED", _) => "paid",
                    (_, other, _) => other,
                };
            put(order, "status", status.to_owned());
            // discounts are told as what they add: less than nothing
            let discounts = ["discount", "delivery_discount"].map(|key| text(order, key).trim_start_matches('-'));
            if let Some(sum) = sum(order, discounts) {
                put(order, "discount", sum);
            }
            if order.contains_key("pickup_point") {
                put(order, "fulfillment", "pickup".to_owned());
            }
        },
        settle_line: |line| {
            put(line, "fulfillment_status", text(line, "fulfillment_status").to_lowercase());
            settle_shopify_line(line);
        },
    },
};

const AMAZON: Shape = Shape {
    name: "amazon-orders-json",
    keys: &["orderId", "orderItems"],
    lines: "orderItems",
    layout: Layout {
        channel: Some("amazon"),
        order: &[
            ("orderId", "order_id"),
            ("createdTime", "created_at"),
            ("lastUpdatedTime", "updated_at"),
            ("fulfillment.fulfillmentStatus", "status"),
            ("fulfillment.fulfilledBy", "fulfilled_by"),
            ("proceeds.grandTotal.currencyCode|orderItems.0.product.price.unitPrice.currencyCode", "currency"),
            ("proceeds.grandTotal.amount", "total"),
        ],
        customer: &[
            ("recipient.deliveryAddress.name|buyer.buyerName", "name"),
            ("buyer.buyerEmail", "email"),
            ("recipient.deliveryAddress.phone", "phone"),
        ],
        ship_to: &[
            ("recipient.deliveryAddress.addressLine1", "address1"),
            ("recipient.deliveryAddress.addressLine2+recipient.deliveryAddress.addressLine3", "address2"),
            ("recipient.deliveryAddress.postalCode", "postal_code"),
            ("recipient.deliveryAddress.city", "city"),
            ("recipient.deliveryAddress.stateOrRegion", "region"),
            ("recipient.deliveryAddress.countryCode", "country"),
        ],
        line: &[
            ("orderItemId", "line_id"),
            ("product.sellerSku", "sku"),
            ("product.asin", "listing_id"),
            ("product.title", "title"),
            ("quantityOrdered", "quantity"),
            ("fulfillment.quantityFulfilled", "shipped"),
            ("product.price.unitPrice.amount", "unit_price"),
            ("proceeds.breakdowns.type=TAX.subtotal.amount", "tax"),
            ("proceeds.breakdowns.type=SHIPPING.subtotal.amount", "shipping"),
        ],
        settle: settle_amazon,
        settle_line: |_| {},
    },
};

/// Items are asked for apart, with `getOrderItems`: an order without them has to be refused.
const AMAZON_V0: Shape = Shape {
    name: "amazon-orders-json",
    keys: &["AmazonOrderId"],
    lines: "OrderItems",
    layout: Layout {
        channel: Some("amazon"),
        order: &[
            ("AmazonOrderId", "order_id"),
            ("PurchaseDate", "created_at"),
            ("LastUpdateDate", "updated_at"),
            ("OrderStatus", "status"),
            ("FulfillmentChannel", "fulfilled_by"),
            ("OrderTotal.CurrencyCode|OrderItems.0.ItemPrice.CurrencyCode", "currency"),
            ("OrderTotal.Amount", "total"),
        ],
        customer: &[
            ("ShippingAddress.Name|BuyerInfo.BuyerName", "name"),
            ("BuyerInfo.BuyerEmail", "email"),
            ("ShippingAddress.Phone", "phone"),
        ],
        ship_to: &[
            ("ShippingAddress.AddressLine1", "address1"),
            ("ShippingAddress.AddressLine2+ShippingAddress.AddressLine3", "address2"),
            ("ShippingAddress.PostalCode", "postal_code"),
            ("ShippingAddress.City", "city"),
            ("ShippingAddress.StateOrRegion", "region"),
            ("ShippingAddress.CountryCode", "country"),
        ],
        line: &[
            ("OrderItemId", "line_id"),
            ("SellerSKU", "sku"),
            ("ASIN", "listing_id"),
            ("Title", "title"),
            ("QuantityOrdered", "quantity"),
            ("QuantityShipped", "shipped"),
            ("ItemPrice.Amount", "line_total"),
            ("ItemTax.Amount", "tax"),
            ("ShippingPrice.Amount", "shipping"),
        ],
        settle: settle_amazon,
        settle_line: |_| {},
    },
};

const SHOPIFY: Shape = Shape {
    name: "shopify-orders-json",
    keys: &["line_items", "financial_status"],
    lines: "line_items",
    layout: Layout {
        channel: Some("shopify"),
        order: &[
            ("name", "order_id"),
            ("financial_status", "financial_status"),
            ("fulfillment_status", "fulfillment_status"),
            ("created_at", "created_at"),
            ("updated_at", "paid_at"),
            ("cancelled_at", "cancelled_at"),
            ("currency", "currency"),
            ("total_price", "total"),
            ("total_shipping_price_set.shop_money.amount", "shipping"),
            ("total_discounts", "discount"),
            ("total_tax", "tax"),
            ("note", "note"),
        ],
        customer: &[("shipping_address.name", "name"), ("email", "email"), ("shipping_address.phone|phone", "phone")],
        ship_to: &[
            ("shipping_address.address1", "address1"),
            ("shipping_address.address2", "address2"),
            ("shipping_address.zip", "postal_code"),
            ("shipping_address.city", "city"),
            ("shipping_address.province", "region"),
            ("shipping_address.country_code", "country"),
        ],
        line: &[
            ("id", "line_id"),
            ("sku", "sku"),
            ("variant_id", "listing_id"),
            ("name|title", "title"),
            ("quantity", "quantity"),
            ("price", "unit_price"),
            ("fulfillment_status", "fulfillment_status"),
        ],
        settle: settle_shopify,
        settle_line: settle_shopify_line,
    },
};

/// `total` of a line is what is left of `subtotal` after the discounts, which the order tells, too.
const WOOCOMMERCE_LAYOUT: Layout = Layout {
    channel: Some("woocommerce"),
    order: &[
        ("order_number|number|id", "order_id"),
        ("status", "status"),
        ("created_at", "created_at"),
        ("updated_at", "paid_at"),
        ("date_created_gmt", "created_gmt"),
        ("date_modified_gmt", "modified_gmt"),
        ("currency", "currency"),
        ("total", "total"),
        ("total_shipping|shipping_total", "shipping"),
        ("total_discount|discount_total", "discount"),
        ("total_tax", "tax"),
        ("note|customer_note", "note"),
    ],
    customer: &[
        ("shipping_address.first_name|shipping.first_name+shipping_address.last_name|shipping.last_name", "name"),
        ("billing_address.email|billing.email", "email"),
        ("billing_address.phone|billing.phone", "phone"),
    ],
    ship_to: &[
        ("shipping_address.address_1|shipping.address_1", "address1"),
        ("shipping_address.address_2|shipping.address_2", "address2"),
        ("shipping_address.postcode|shipping.postcode", "postal_code"),
        ("shipping_address.city|shipping.city", "city"),
        ("shipping_address.state|shipping.state", "region"),
        ("shipping_address.country|shipping.country", "country"),
    ],
    line: &[
        ("id", "line_id"),
        ("sku", "sku"),
        ("variation_id|product_id", "listing_id"),
        ("name", "title"),
        ("quantity", "quantity"),
        ("subtotal", "line_total"),
    ],
    settle: |order| {
        for (gmt, key) in [("created_gmt", "created_at"), ("modified_gmt", "paid_at")] {
            if !text(order, gmt).is_empty() {
                put(order, key, format!("{}Z", text(order, gmt)));
            }
        }
        settle_woocommerce(order);
    },
    settle_line: |_| {},
};

const WOOCOMMERCE: Shape = Shape {
    name: "woocommerce-orders-json",
    keys: &["line_items", "date_created_gmt"],
    lines: "line_items",
    layout: WOOCOMMERCE_LAYOUT,
};

/// Before the REST interface v1.
const WOOCOMMERCE_OLD: Shape = Shape { keys: &["line_items", "shipping_methods"], ..WOOCOMMERCE };

fn settle_amazon(order: &mut Map<String, Value>) {
    let status = match text(order, "status").replace('_', "").to_lowercase().as_str() {
        "pendingavailability" => "pending",
        "pending" => "unpaid",
        "partiallyshipped" => "partially_shipped",
        "cancelled" | "canceled" | "unfulfillable" => "canceled",
        "unshipped" => "unshipped",
        "shipped" => "shipped",
        _ => text(order, "status"),
    };
    put(order, "status", status.to_owned());
    if matches!(text(order, "fulfilled_by"), "AMAZON" | "AFN") {
        put(order, "fulfillment", "by_channel".to_owned());
    }
}

fn put(of: &mut Map<String, Value>, key: &str, text: String) {
    of.insert(key.to_owned(), Value::from(text));
}

/// What amounts in the currency of the order come to; `None` when there is none, or one of them is no amount.
fn sum<'t>(order: &Map<String, Value>, amounts: impl IntoIterator<Item = &'t str>) -> Option<String> {
    let currency = Currency::parse(text(order, "currency")).ok()?;
    let mut total: Option<i64> = None;
    for amount in amounts.into_iter().filter(|amount| !amount.is_empty()) {
        let minor = Money::parse_decimal(amount, currency).ok()?.minor;
        total = Some(total.unwrap_or(0).checked_add(minor)?);
    }
    total.map(|minor| Money::new(minor, currency).to_decimal_string())
}

/// The format of orders the first bytes of a JSON file tell.
pub fn format_of(head: &[u8]) -> Option<&'static str> {
    let has = |key: &&str| memchr::memmem::find(head, format!("\"{key}\"").as_bytes()).is_some();
    let known = SHAPES.iter().find(|shape| shape.keys.iter().all(has));
    known.map(|shape| shape.name).or_else(|| ["order_id", "lines"].iter().all(has).then_some(OWN))
}

/// The format of orders of that name; the first is our own.
pub fn formats() -> impl Iterator<Item = &'static str> {
    std::iter::once(OWN).chain(SHAPES.iter().map(|shape| shape.name))
}

/// The orders an object holds, as documents. What is of no known shape is taken for a document.
pub fn documents(value: Value) -> Vec<Value> {
    let mut value = value;
    for key in ["order", "payload"] {
        match value.get_mut(key) {
            Some(inner @ Value::Object(_)) => value = inner.take(),
            _ => continue,
        }
    }
    if let Some(Value::Array(orders)) = value.get_mut("Orders") {
        return std::mem::take(orders).into_iter().map(document).collect();
    }
    vec![document(value)]
}

fn document(value: Value) -> Value {
    let Some(shape) = SHAPES.iter().find(|shape| shape.keys.iter().all(|key| value.get(key).is_some())) else {
        return value;
    };
    let layout = &shape.layout;
    let mut document = object(layout.order, &value);
    document.insert("customer".to_owned(), Value::Object(object(layout.customer, &value)));
    document.insert("ship_to".to_owned(), Value::Object(object(layout.ship_to, &value)));
    document.extend(layout.channel.map(|channel| ("channel".to_owned(), Value::from(channel))));
    (layout.settle)(&mut document);
    if let Some(Value::Array(lines)) = value.get(shape.lines) {
        let line = |line: &Value| {
            let mut line = object(layout.line, line);
            (layout.settle_line)(&mut line);
            line
        };
        let lines: Vec<_> = lines.iter().map(line).collect();
        if !document.contains_key("tax")
            && let Some(tax) = sum(&document, lines.iter().map(|line| text(line, "tax")))
        {
            put(&mut document, "tax", tax);
        }
        document.insert("lines".to_owned(), lines.into_iter().map(Value::Object).collect());
    }
    Value::Object(document)
}

/// `a|b` is the first that says something, `a+b` both; as in order tables.
fn object(paths: &[(&str, &str)], value: &Value) -> Map<String, Value> {
    let said = paths.iter().map(|(paths, key)| {
        let first = |paths: &str| paths.split('|').map(|path| text_of(value, path)).find(|text| !text.is_empty());
        let parts: Vec<String> = paths.split('+').filter_map(first).collect();
        (*key, parts.join(" "))
    });
    said.filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key.to_owned(), Value::from(text))).collect()
}

/// Keys, numbers of elements, or `key=value` of the element that has it.
fn text_of(value: &Value, path: &str) -> String {
    fn step<'v>(value: &'v Value, step: &str) -> Option<&'v Value> {
        match value {
            Value::Array(items) => match step.split_once('=') {
                Some((key, due)) => items.iter().find(|item| item.get(key).and_then(Value::as_str) == Some(due)),
                None => items.get(step.parse::<usize>().ok()?),
            },
            other => other.get(step),
        }
    }
    path.split('.').try_fold(value, step).map(cells::text).unwrap_or_default()
}
