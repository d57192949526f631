//! What is asked for and changed, in GraphQL, and the shapes of the answers.
use serde::Deserialize;
use serde_json::Value;

use crate::market::json::null_as_default;

const ORDER: &str = "id code state createdAt updatedAt orderPlacedAt currencyCode totalWithTax shippingWithTax \
    customer { firstName lastName emailAddress phoneNumber } \
    shippingAddress { fullName company streetLine1 streetLine2 city province postalCode countryCode phoneNumber } \
    lines { id quantity orderPlacedQuantity proratedUnitPrice proratedUnitPriceWithTax productVariant { id sku name } } \
    fulfillments { id state createdAt method trackingCode lines { orderLineId quantity } } \
    payments { id state amount refunds { id state total reason createdAt } }";

const REFUSAL: &str = "... on ErrorResult { errorCode message }";

pub(super) const SIGN_IN: &str = "mutation SignIn($username: String!, $password: String!) { \
    changed: login(username: $username, password: $password) { \
    ... on CurrentUser { id } ... on ErrorResult { errorCode message } } }";

pub(super) fn orders() -> String {
    format!(
        "query Orders($options: OrderListOptions!) {{ orders(options: $options) {{ totalItems items {{ {ORDER} }} }} }}"
    )
}

pub(super) fn order() -> String {
    format!("query Order($id: ID!) {{ order(id: $id) {{ {ORDER} }} }}")
}

pub(super) fn fulfill() -> String {
    format!(
        "mutation Fulfill($input: FulfillOrderInput!) {{ \
         changed: addFulfillmentToOrder(input: $input) {{ ... on Fulfillment {{ id }} {REFUSAL} }} }}"
    )
}

pub(super) fn send_off() -> String {
    format!(
        "mutation SendOff($id: ID!) {{ \
         changed: transitionFulfillmentToState(id: $id, state: \"Shipped\") {{ ... on Fulfillment {{ id }} {REFUSAL} }} }}"
    )
}

pub(super) fn cancel() -> String {
    format!(
        "mutation Cancel($input: CancelOrderInput!) {{ \
         changed: cancelOrder(input: $input) {{ ... on Order {{ id }} {REFUSAL} }} }}"
    )
}

pub(super) fn refund() -> String {
    format!(
        "mutation Refund($input: RefundOrderInput!) {{ \
         changed: refundOrder(input: $input) {{ ... on Refund {{ id }} {REFUSAL} }} }}"
    )
}

pub(super) const VARIANTS: &str = "query Variants($options: ProductVariantListOptions!) { \
    activeChannel { defaultCurrencyCode } \
    productVariants(options: $options) { items { id sku stockLevels { stockLocationId stockAllocated } } } }";

pub(super) const SET_VARIANTS: &str = "mutation SetVariants($input: [UpdateProductVariantInput!]!) { \
    updateProductVariants(input: $input) { id } }";

#[derive(Deserialize)]
pub(super) struct Orders {
    pub orders: Items<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Items<T> {
    pub items: Vec<T>,
    #[serde(default)]
    pub total_items: usize,
}

#[derive(Deserialize)]
pub(super) struct One<T> {
    pub order: Option<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub id: String,
    pub state: String,
    pub created_at: String,
    pub updated_at: String,
    pub order_placed_at: Option<String>,
    pub currency_code: String,
    pub total_with_tax: i64,
    pub shipping_with_tax: i64,
    pub customer: Option<Customer>,
    pub shipping_address: Option<Address>,
    pub lines: Vec<Line>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub fulfillments: Vec<Fulfillment>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub payments: Vec<Payment>,
}

/// Amounts in hundredths.
#[derive(Deserialize)]
pub(super) struct Payment {
    pub id: String,
    pub state: String,
    pub amount: i64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub refunds: Vec<Refund>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refund {
    pub id: String,
    pub state: String,
    pub total: i64,
    pub reason: Option<String>,
    pub created_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email_address: Option<String>,
    pub phone_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub full_name: Option<String>,
    pub company: Option<String>,
    pub street_line1: Option<String>,
    pub street_line2: Option<String>,
    pub city: Option<String>,
    pub province: Option<String>,
    pub postal_code: Option<String>,
    pub country_code: Option<String>,
    pub phone_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub id: String,
    /// Without what was canceled.
    pub quantity: i64,
    pub order_placed_quantity: i64,
    pub prorated_unit_price: i64,
    pub prorated_unit_price_with_tax: i64,
    pub product_variant: Variant,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfillment {
    pub id: String,
    pub state: String,
    pub created_at: String,
    pub method: String,
    pub tracking_code: Option<String>,
    pub lines: Vec<FulfillmentLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfillmentLine {
    pub order_line_id: String,
    pub quantity: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variants {
    pub active_channel: Channel,
    pub product_variants: Items<Variant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Channel {
    pub default_currency_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variant {
    pub id: String,
    pub sku: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub stock_levels: Vec<StockLevel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StockLevel {
    pub stock_location_id: String,
    pub stock_allocated: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Set {
    pub update_product_variants: Vec<Option<Named>>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub id: String,
}

#[derive(Deserialize)]
pub(super) struct Change {
    pub changed: Changed,
}

/// What was made, or why nothing was.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed {
    pub id: Option<String>,
    error_code: Option<String>,
    message: Option<String>,
}

impl Changed {
    pub fn refusal(&self) -> Option<&str> {
        self.error_code.as_deref().map(|code| self.message.as_deref().unwrap_or(code))
    }
}
