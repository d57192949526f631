//! What may follow what in the life of an order, and what each step does to stock. Pure: no files, clock or network.
//!
//! The plain types here are spoken by the marketplaces (which return orders) and the catalog (which keeps them).
mod paid;
mod plan;
mod signal;
mod state;
mod tell;

pub use paid::{LinePrice, paid, share};
pub use plan::{Counts, Known, LinePlan, Plan, after_own_deed, demand, place, plan};
pub use signal::{Signal, SignalLine};
pub use state::{Effect, State};
pub use tell::{Cancellation, Decision, Parcel, Pickup, Refund};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::value::Currency;

/// How a line item leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fulfillment {
    Parcel,
    Pickup,
    Curbside,
    ShipFromStore,
    /// The marketplace ships from its own warehouse: our stock is never touched.
    ByChannel,
}

impl Fulfillment {
    pub fn as_str(self) -> &'static str {
        match self {
            Fulfillment::Parcel => "parcel",
            Fulfillment::Pickup => "pickup",
            Fulfillment::Curbside => "curbside",
            Fulfillment::ShipFromStore => "ship_from_store",
            Fulfillment::ByChannel => "by_channel",
        }
    }

    pub fn parse(text: &str) -> Option<Fulfillment> {
        use Fulfillment::*;
        [Parcel, Pickup, Curbside, ShipFromStore, ByChannel].into_iter().find(|f| f.as_str() == text)
    }

    /// The buyer comes for it.
    pub fn is_collected(self) -> bool {
        matches!(self, Fulfillment::Pickup | Fulfillment::Curbside)
    }
}

/// One order as a marketplace, or a file, told it: a snapshot at `updated_at`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub channel_order_id: String,
    /// `None` when the marketplace used a state we do not know: kept, reported, harmless.
    pub state: Option<State>,
    /// The marketplace's own word for it.
    pub channel_state: String,
    pub fulfillment: Fulfillment,
    /// Where the buyer collects it, as the marketplace names the place.
    pub pickup_point: Option<String>,
    pub currency: Currency,
    /// What the buyer pays in all, in minor units of `currency`, as received.
    pub total_minor: i64,
    pub shipping_minor: i64,
    pub placed_at: Timestamp,
    /// The marketplace's clock, never ours.
    pub updated_at: Timestamp,
    /// Until when the marketplace wants an answer, where it has an acceptance step.
    pub acknowledge_by: Option<Timestamp>,
    pub lines: Vec<Line>,
    /// Money that went back so far, where the marketplace tells of it. Stock is not moved by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refunded>,
    pub buyer: Option<Buyer>,
}

/// One refund as a marketplace knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refunded {
    /// The marketplace's own id.
    pub id: String,
    /// In all, in minor units of the order's currency, above zero.
    pub amount_minor: i64,
    /// Which lines it is for, as far as the marketplace says.
    pub lines: Vec<RefundLine>,
    pub reason: Option<String>,
    pub at: Option<Timestamp>,
}

/// What of a refund is for one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    pub line_id: String,
    /// Units it is for; 0 where it is for none in particular.
    pub quantity: i64,
    /// What the buyer gets back for it, taxes and all.
    pub amount_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub channel_line_id: String,
    /// The seller's SKU as the marketplace has it.
    pub channel_sku: Option<String>,
    pub gtin: Option<String>,
    pub listing_id: Option<String>,
    pub title: String,
    pub quantity: i64,
    /// Units canceled or refused so far.
    pub canceled: i64,
    /// Units the marketplace knows to have left.
    pub shipped: i64,
    /// Price of one unit in minor units of the order's currency.
    pub price_minor: i64,
    pub tax_minor: i64,
}

/// Personal data, kept apart from the order and erased on its date. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Buyer {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Address {
    pub street: String,
    pub zip: String,
    pub city: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    pub country: String,
}

impl std::fmt::Debug for Buyer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Buyer(…)")
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}
