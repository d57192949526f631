//! What the sandbox remembers of an order and its parcels, and what an order to be placed looks like.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The states the Mirakl seller document lists for an order and for its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderState {
    Staging,
    WaitingAcceptance,
    WaitingDebit,
    WaitingDebitPayment,
    Shipping,
    Shipped,
    ToCollect,
    Received,
    Closed,
    Refused,
    Canceled,
}

impl OrderState {
    /// Nothing will leave for it anymore.
    pub fn is_dead(self) -> bool {
        matches!(self, OrderState::Refused | OrderState::Canceled)
    }

    /// Before anything left, so that it can still be canceled as a whole.
    pub fn is_cancelable(self) -> bool {
        self <= OrderState::Shipping
    }

    /// The platform shows buyers' addresses from here on.
    pub fn shows_address(self) -> bool {
        self >= OrderState::Shipping && !self.is_dead()
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// An order to be placed. Only the lines are needed; the rest is invented.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderSpec {
    /// The order's identifier; numbered when absent.
    pub order_id: Option<String>,
    pub lines: Vec<LineSpec>,
    /// ISO 4217; EUR when absent.
    pub currency: Option<String>,
    pub shipping_price_minor: i64,
    /// First and last name; an invented one when absent.
    pub buyer: Option<String>,
    /// ISO 3166-1 alpha-3; FRA when absent.
    pub country: Option<String>,
    /// Where the order starts; WAITING_ACCEPTANCE when absent.
    pub state: Option<OrderState>,
    /// Identifier of a pickup point: the buyer collects the order there.
    pub pudo_id: Option<String>,
    /// Now when absent.
    pub created: Option<Timestamp>,
    /// Wait for `/_sandbox/pay/{id}`; else the buyer pays after the next pull.
    pub manual_payment: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSpec {
    pub sku: String,
    pub quantity: u32,
    /// Price of one unit in minor units of the order's currency.
    pub price_minor: i64,
    #[serde(default)]
    pub title: Option<String>,
}

impl OrderSpec {
    /// The commonest order: some units of one SKU.
    pub fn of(sku: impl Into<String>, quantity: u32, price_minor: i64) -> Self {
        let line = LineSpec { sku: sku.into(), quantity, price_minor, title: None };
        OrderSpec { lines: vec![line], ..OrderSpec::default() }
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Order {
    pub id: String,
    pub state: OrderState,
    pub created: Timestamp,
    /// Moves on with every change.
    pub updated: Timestamp,
    pub currency: String,
    pub shipping_price_minor: i64,
    pub buyer: String,
    pub country: String,
    pub pudo_id: Option<String>,
    pub lines: Vec<Line>,
    pub decided: Option<Timestamp>,
    pub paid: Option<Timestamp>,
    pub tracking: Option<Tracking>,
    pub manual_payment: bool,
    /// Pulls during which the order stays invisible although it exists.
    pub hidden_pulls: u32,
    /// Pulls since it began to wait for payment.
    pub unpaid_pulls: u32,
}

#[derive(Debug, Clone, Serialize)]
pub struct Line {
    pub id: String,
    pub sku: String,
    pub title: String,
    pub offer_id: u64,
    pub quantity: u32,
    pub price_minor: i64,
    pub state: OrderState,
    /// Units that are in a shipment, sent or not.
    pub packed: u32,
    pub cancelations: Vec<Cancelation>,
    pub refunds: Vec<Refund>,
}

impl Line {
    /// Units that may still be packed or canceled.
    pub fn open(&self) -> u32 {
        if self.state.is_dead() { 0 } else { self.quantity.saturating_sub(self.packed).saturating_sub(self.canceled()) }
    }

    pub fn canceled(&self) -> u32 {
        self.cancelations.iter().fold(0, |sum, c| sum.saturating_add(c.quantity))
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Cancelation {
    pub id: String,
    pub quantity: u32,
    pub amount_minor: i64,
    pub reason_code: String,
    pub created: Timestamp,
}

#[derive(Debug, Clone, Serialize)]
pub struct Refund {
    pub id: String,
    /// Shared by those that were asked for at once.
    pub group: String,
    pub quantity: u32,
    pub amount_minor: i64,
    pub shipping_minor: i64,
    pub reason_code: String,
    pub created: Timestamp,
}

/// Carrier and number, as a seller sends them (OR23, ST01, ST23); `carrier_url` is OR23's word for `tracking_url`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tracking {
    pub carrier_code: Option<String>,
    pub carrier_name: Option<String>,
    pub carrier_standard_code: Option<String>,
    pub tracking_number: Option<String>,
    #[serde(alias = "carrier_url")]
    pub tracking_url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ShipmentState {
    Shipping,
    ReadyForPickUp,
    Shipped,
    Received,
}

impl fmt::Display for ShipmentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// One parcel.
#[derive(Debug, Clone, Serialize)]
pub struct Shipment {
    pub id: String,
    pub order_id: String,
    pub state: ShipmentState,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub shipped: Option<Timestamp>,
    pub lines: Vec<ShipmentLine>,
    pub tracking: Option<Tracking>,
    /// Made by OR24 for the whole order, so that OR23 speaks of it.
    pub whole_order: bool,
}

impl Shipment {
    pub fn number(&self) -> Option<&str> {
        self.tracking.as_ref()?.tracking_number.as_deref()
    }

    pub fn has_package(&self, reference: &str) -> bool {
        self.lines.iter().any(|line| line.package_reference.as_deref() == Some(reference))
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct ShipmentLine {
    pub order_line_id: String,
    pub offer_sku: String,
    pub quantity: u32,
    pub package_reference: Option<String>,
}
