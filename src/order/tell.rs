//! What we tell a marketplace about an order. These are the bodies of the outbox, kept as they were first written.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RefundLine;
use crate::value::{Currency, Money};

/// What we take and what we refuse: every line is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub order_id: String,
    /// Channel line id, and whether we take it.
    pub lines: Vec<(String, bool)>,
}

/// One parcel: what is in it, who carries it, under which number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    pub order_id: String,
    /// 1..n in its order.
    pub package_number: u32,
    /// Channel line id and quantity.
    pub lines: Vec<(String, i64)>,
    /// Our carrier id (`value::Carrier`), or the merchant's own word for one that is not in the table.
    pub carrier: String,
    pub tracking_number: Option<String>,
    pub shipped_at: Timestamp,
    /// Store code it left from.
    pub location: Option<String>,
    /// Whether everything still open in the order leaves with this parcel.
    pub last: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub order_id: String,
    /// Channel line id and quantity.
    pub lines: Vec<(String, i64)>,
    pub reason: String,
}

/// Money to be given back: for lines, for shipping, or for neither in particular.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub order_id: String,
    /// Ours: the same number is the same refund.
    pub number: String,
    pub lines: Vec<RefundLine>,
    pub shipping_minor: i64,
    /// In all: lines, shipping, and what is for neither.
    pub amount_minor: i64,
    pub currency: Currency,
    pub reason: String,
}

impl Refund {
    pub fn money(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }
}

/// An order that waits for its buyer, or has been handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pickup {
    pub order_id: String,
}
