//! A parcel that left, told to somebody who did not send the order: a sign that what is offered arrives as promised.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Nothing of it says who the buyer is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// The order as its own marketplace calls it.
    pub order_id: String,
    pub placed_at: Timestamp,
    pub package_number: u32,
    pub carrier: String,
    pub tracking_number: String,
    pub shipped_at: Timestamp,
    /// Country and postal code it left from, where its location has them.
    pub origin: Option<(String, String)>,
    pub lines: Vec<SignalLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalLine {
    pub line_id: String,
    pub sku: String,
    pub gtin: Option<String>,
    /// Units of the order, and of this parcel.
    pub ordered: i64,
    pub shipped: i64,
}
