//! The order of a run: orders in, our word and our parcels out, stock out.
//!
//! Everything reaches a marketplace through its [`Connector`] and [`Port`], and the catalog through its one [`Writer`];
//! nothing is sent inside a change, and nothing is sent that was not committed before. A dry run reads, works everything
//! out, commits nothing and lists what it withheld.
mod connect;
mod delivery;
mod dispatch;
mod feeds;
mod guard;
mod job;
mod offers;
mod pull;
mod push;
mod run;
mod side_by_side;
mod signals;
#[cfg(test)]
mod tests;
mod watched;

pub use connect::{Unreached, abilities, each_market, log_in, with_markets};
pub use delivery::{Arrival, FeedPush, PushOptions, push_feeds};
pub use dispatch::{Dispatched, TRACKING, dispatch};
pub use feeds::{FeedOptions, FeedRun, diff_feed, diff_files, feed_file, format_of, read_feed, write_feed};
pub use offers::{TellOptions, Told, tell_offers};
pub use pull::{Pulled, pull};
pub use push::{Pushed, push_stock};
pub use run::{ChannelSummary, Parts, Summary, look_back, run, tell_all};
pub use side_by_side::{Coming, build_feeds};
pub use signals::signal;
pub use watched::{Round, metrics, ping};

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::catalog::{Accept, Change, Offering, Terms};
use crate::diagnostic::{Error, Kind, Result};
use crate::market::{Connector, Port};

/// A marketplace, ready to be spoken to, and how the merchant wants it done.
pub struct Channel<'a> {
    pub name: &'a str,
    pub connector: &'a dyn Connector,
    pub port: &'a dyn Port,
    pub policy: Policy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub accept: Accept,
    pub terms: Terms,
    /// What the marketplace is told of stock and prices.
    pub offering: Offering,
    /// Told of variants that never run out.
    pub endless: u32,
    /// Whether prices are told too.
    pub prices: bool,
    /// Whether it is told of every SKU, or only of those it is known to list.
    pub everything: bool,
    /// Whether stock and prices go with whole offers.
    pub whole_offers: bool,
    /// Marketplaces of whose parcels it is told.
    pub tracks: Vec<String>,
    /// How many days back the very first pull reads.
    pub first_days: u32,
}

/// Most units a marketplace is told of, unless the shop says otherwise.
const QUANTITY_MAX: u32 = 999;

impl Default for Policy {
    fn default() -> Self {
        Policy {
            accept: Accept::default(),
            terms: Terms::default(),
            offering: Offering::default(),
            endless: QUANTITY_MAX,
            prices: false,
            everything: false,
            whole_offers: false,
            tracks: Vec::new(),
            first_days: 30,
        }
    }
}

/// When and how a run happens.
pub struct Occasion<'a> {
    pub now: Timestamp,
    /// Commit nothing, send nothing, say what would have been.
    pub dry_run: bool,
    /// Read orders from here instead of from the cursor.
    pub since: Option<Timestamp>,
    /// Set when the run is to end after the item in hand.
    pub stop: &'a AtomicBool,
}

impl Occasion<'_> {
    /// Whether the run is to end.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Whether an error is about this machine or this program, so that other channels would meet it too.
fn is_ours(error: &Error) -> bool {
    matches!(error.kind, Kind::Io | Kind::Bug | Kind::Busy | Kind::NoCatalog | Kind::Interrupted(_))
}

/// Commits what was worked out, unless this is a dry run.
fn keep(change: Change<'_>, occasion: &Occasion<'_>) -> Result<()> {
    if occasion.dry_run { Ok(()) } else { change.commit() }
}
