//! The source of truth: one SQLite file with products, stock, prices, orders and everything waiting to be sent.
//!
//! Nothing outside this room writes SQL that changes it. Readers get a [`Reader`] and never wait, but for the
//! first load of all; a command that changes things gets the one [`Writer`], opens a [`Change`] (a transaction), and
//! commits it whole or not at all.
mod axis;
mod buckets;
mod buyers;
mod category;
mod cursor;
mod decide;
mod deliveries;
mod desk;
mod doctor;
mod fault;
mod feeds;
mod fetched;
mod fields;
mod find;
mod first_count;
mod first_load;
mod listing;
mod lock;
mod look;
mod matching;
mod numbered;
mod offering;
mod open;
mod order_list;
mod orders;
mod outbox;
mod overrides;
mod price;
mod product;
mod products;
mod refunds;
mod returns;
mod review;
mod run;
mod seen;
mod shelf;
mod ship;
mod signals;
mod sql;
mod stock;
#[cfg(test)]
pub(crate) mod testing;
mod told;
mod vanish;
mod withdraw;

pub use buckets::Buckets;
pub use buyers::Buyers;
pub use decide::Deed;
pub use deliveries::{Deliveries, Delivery};
pub use fault::fault;
pub use feeds::FeedRecord;
pub use fields::{Fillable, Filling};
pub use find::{FoundLine, FoundOrder, KnownItem, KnownLocation};
pub use listing::Stale;
pub use look::{ItemView, Listed, Stocked, View};
pub use numbered::Numbered;
pub use offering::{FUNCTIONS as OFFERING_FUNCTIONS, Offering};
pub use open::{Catalog, Change, Reader, Writer};
pub use order_list::{HoldDetail, LineDetail, OrderDetail, OrderFilter, OrderSummary, ReturnDetail};
pub use orders::{Accept, Applied, Terms};
pub use outbox::{EffectKind, EffectState, Outgoing};
pub use overrides::Override;
pub use price::{Price, PriceField};
pub use product::{Carried, Item, ItemGroup, ProductField, ProductId, Put, Status, VariantField};
pub use products::Products;
pub use refunds::{RefundDetail, RefundReceipt, RefundRequest};
pub use returns::ReturnRequest;
pub use review::Review;
pub use shelf::Shelf;
pub use ship::{ShipReceipt, ShipRequest};
pub use stock::{Ledger, Level, Location, Movement};
pub use told::{Accepted, Content, Issue, ListingView, Telling, ToldOffer, ToldUpTo, Troubled};
pub use vanish::Vanished;
