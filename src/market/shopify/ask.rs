//! What is asked for and changed, in GraphQL, and the shapes of the answers.
//!
//! A question may cost 1,000 points by the sizes it asks for, whatever it finds: hence the small pages.
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::market::Response;
use crate::market::json::{Decimal, null_as_default};

const LINE: &str = "id sku name quantity currentQuantity unfulfilledQuantity \
    discountedUnitPriceAfterAllDiscountsSet { presentmentMoney { amount } } \
    taxLines { priceSet { presentmentMoney { amount } } } variant { id barcode }";

const ORDER: &str = "id createdAt updatedAt cancelledAt closed displayFinancialStatus displayFulfillmentStatus \
    presentmentCurrencyCode totalPriceSet { presentmentMoney { amount } } \
    totalShippingPriceSet { presentmentMoney { amount } } email phone note \
    shippingAddress { name company address1 address2 zip city provinceCode countryCodeV2 phone } \
    fulfillmentOrders(first: 1) { nodes { deliveryMethod { methodType } assignedLocation { name } } } \
    refunds(first: 10) { id createdAt note totalRefundedSet { presentmentMoney { amount } } }";

const PAGE: &str = "pageInfo { hasNextPage endCursor }";

/// In the order of their updates.
pub(super) fn orders() -> String {
    format!(
        "query Orders($search: String!, $after: String) {{ \
         orders(first: 5, after: $after, query: $search, sortKey: UPDATED_AT) {{ \
         nodes {{ {ORDER} lineItems(first: 25) {{ nodes {{ {LINE} }} {PAGE} }} }} {PAGE} }} }}"
    )
}

pub(super) fn order() -> String {
    format!(
        "query Order($id: ID!) {{ order(id: $id) {{ {ORDER} lineItems(first: 100) {{ nodes {{ {LINE} }} {PAGE} }} }} }}"
    )
}

pub(super) fn lines() -> String {
    format!(
        "query Lines($id: ID!, $after: String) {{ \
         order(id: $id) {{ lineItems(first: 100, after: $after) {{ nodes {{ {LINE} }} {PAGE} }} }} }}"
    )
}

pub(super) const FULFILLMENTS: &str = "query Fulfillments($id: ID!) { order(id: $id) { \
    cancelledAt displayFinancialStatus displayFulfillmentStatus \
    fulfillments(first: 50) { status createdAt trackingInfo(first: 1) { carrier: company number } \
    fulfillmentLineItems(first: 10) { nodes { quantity lineItem { id } } } } \
    fulfillmentOrders(first: 10) { nodes { id status assignedLocation { location { id } } \
    lineItems(first: 30) { nodes { id remainingQuantity lineItem { id } } } } } } }";

pub(super) const FULFILL: &str = "mutation Fulfill($fulfillment: FulfillmentInput!) { \
    changed: fulfillmentCreate(fulfillment: $fulfillment) { userErrors { field message } } }";

/// No money is moved by it. What was held for the order is free in the shop, as it is here.
pub(super) const CANCEL: &str = "mutation Cancel($id: ID!, $reason: OrderCancelReason!, $note: String) { \
    changed: orderCancel(orderId: $id, reason: $reason, staffNote: $note, restock: true, notifyCustomer: true, \
    refundMethod: { originalPaymentMethodsRefund: false }) { userErrors: orderCancelUserErrors { field message } } }";

pub(super) const PAYMENTS: &str = "query Payments($id: ID!) { order(id: $id) { presentmentCurrencyCode \
    transactions(first: 50) { id kind status gateway amountSet { presentmentMoney { amount } } \
    parentTransaction { id } } } }";

/// The key makes a repeat the same refund.
pub(super) const REFUND: &str = "mutation Refund($input: RefundInput!, $key: String!) { \
    changed: refundCreate(input: $input) @idempotent(key: $key) { userErrors { field message } } }";

pub(super) const VARIANTS: &str = "query Variants($search: String!) { shop { currencyCode } location { id } \
    productVariants(first: 250, query: $search) { \
    nodes { id sku product { id } inventoryItem { id tracked } } } }";

/// The key makes a repeat the same change, and is asked for since 2026-04.
pub(super) const SET_STOCK: &str = "mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) { \
    changed: inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { field message } } }";

pub(super) const SET_PRICES: &str = "mutation SetPrices($product: ID!, $variants: [ProductVariantsBulkInput!]!) { \
    changed: productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) { \
    userErrors { field message } } }";

#[derive(Deserialize)]
pub(super) struct Orders {
    pub orders: Page<Value>,
}

#[derive(Deserialize)]
pub(super) struct One<T> {
    pub order: Option<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    pub nodes: Vec<T>,
    pub page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    pub has_next_page: bool,
    pub end_cursor: Option<String>,
}

/// A list whose further pages are not asked for.
#[derive(Deserialize)]
pub(super) struct List<T> {
    pub nodes: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub id: String,
    pub created_at: String,
    pub updated_at: String,
    pub cancelled_at: Option<String>,
    #[serde(default)]
    pub closed: bool,
    pub display_financial_status: Option<String>,
    pub display_fulfillment_status: String,
    pub presentment_currency_code: String,
    pub total_price_set: Amount,
    pub total_shipping_price_set: Option<Amount>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub note: Option<String>,
    pub shipping_address: Option<Address>,
    pub fulfillment_orders: Option<List<Delivery>>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub refunds: Vec<Refunded>,
    pub line_items: List<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refunded {
    pub id: String,
    pub created_at: Option<String>,
    pub note: Option<String>,
    pub total_refunded_set: Amount,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payments {
    pub presentment_currency_code: String,
    pub transactions: Vec<Payment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    pub id: String,
    pub kind: String,
    pub status: String,
    pub gateway: Option<String>,
    pub amount_set: Amount,
    pub parent_transaction: Option<Named>,
}

/// In the buyer's currency.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Amount {
    pub presentment_money: Presentment,
}

#[derive(Deserialize)]
pub(super) struct Presentment {
    pub amount: Decimal,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub name: Option<String>,
    pub company: Option<String>,
    pub address1: Option<String>,
    pub address2: Option<String>,
    pub zip: Option<String>,
    pub city: Option<String>,
    pub province_code: Option<String>,
    #[serde(rename = "countryCodeV2")]
    pub country_code: Option<String>,
    pub phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    pub delivery_method: Option<DeliveryMethod>,
    pub assigned_location: Option<Place>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryMethod {
    pub method_type: String,
}

#[derive(Deserialize)]
pub(super) struct Place {
    pub name: Option<String>,
    pub location: Option<Named>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub id: String,
    pub sku: Option<String>,
    #[serde(default)]
    pub name: String,
    pub quantity: i64,
    /// Without what was taken out of the order.
    pub current_quantity: i64,
    pub unfulfilled_quantity: i64,
    #[serde(rename = "discountedUnitPriceAfterAllDiscountsSet")]
    pub unit_price: Amount,
    #[serde(default, deserialize_with = "null_as_default")]
    pub tax_lines: Vec<Tax>,
    pub variant: Option<Bought>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tax {
    pub price_set: Amount,
}

#[derive(Deserialize)]
pub(super) struct Bought {
    pub id: String,
    pub barcode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfillments {
    pub cancelled_at: Option<String>,
    pub display_financial_status: Option<String>,
    pub display_fulfillment_status: String,
    pub fulfillments: Vec<Fulfillment>,
    pub fulfillment_orders: List<FulfillmentOrder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfillment {
    pub status: String,
    pub created_at: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub tracking_info: Vec<Tracking>,
    pub fulfillment_line_items: List<Fulfilled>,
}

#[derive(Deserialize)]
pub(super) struct Tracking {
    pub carrier: Option<String>,
    pub number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfilled {
    pub quantity: i64,
    pub line_item: Named,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfillmentOrder {
    pub id: String,
    pub status: String,
    pub assigned_location: Option<Place>,
    pub line_items: List<OpenLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpenLine {
    pub id: String,
    pub remaining_quantity: i64,
    pub line_item: Named,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variants {
    pub shop: Shop,
    pub location: Option<Named>,
    pub product_variants: List<Variant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shop {
    pub currency_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variant {
    pub id: String,
    pub sku: Option<String>,
    pub product: Named,
    pub inventory_item: InventoryItem,
}

#[derive(Deserialize)]
pub(super) struct InventoryItem {
    pub id: String,
    pub tracked: bool,
}

#[derive(Deserialize)]
pub(super) struct Change {
    pub changed: Changed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed {
    #[serde(default, deserialize_with = "null_as_default")]
    pub user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
pub(super) struct UserError {
    /// The way to the fault in what was sent, such as `input`, `quantities`, `3`, `quantity`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub field: Vec<String>,
    pub message: String,
}

/// Where an order's lines go on, if they do.
pub(super) fn more_lines(order: &Value) -> Option<String> {
    let page = order.get("lineItems")?.get("pageInfo")?;
    page.get("hasNextPage")?.as_bool().filter(|more| *more)?;
    page.get("endCursor")?.as_str().map(str::to_owned)
}

pub(super) fn append_lines(order: &mut Value, mut more: Value) {
    let page = more["lineItems"]["pageInfo"].take();
    if let (Some(lines), Value::Array(new)) =
        (order["lineItems"]["nodes"].as_array_mut(), more["lineItems"]["nodes"].take())
    {
        lines.extend(new);
    }
    order["lineItems"]["pageInfo"] = page;
}

/// How long it takes until there are points enough for what was refused for want of them.
pub(super) fn refill(response: &Response) -> Option<Duration> {
    let told: Value = serde_json::from_slice(&response.body).ok()?;
    let cost = told.get("extensions")?.get("cost")?;
    let status = cost.get("throttleStatus")?;
    let missing = cost.get("requestedQueryCost")?.as_f64()? - status.get("currentlyAvailable")?.as_f64()?;
    let seconds = (missing / status.get("restoreRate")?.as_f64()?).ceil();
    Duration::try_from_secs_f64(seconds.max(1.0)).ok()
}
