//! The source of truth: one SQLite file with products, stock, prices, orders and everything waiting to be sent.
//!
//! Nothing outside this room writes SQL that changes it. Readers get a [`Reader`] and never wait; a command that
//! changes things gets the one [`Writer`], opens a [`Change`] (a transaction), and commits it whole or not at all.
mod axis;
mod fault;
mod feeds;
mod lock;
mod look;
mod open;
mod product;
mod run;
mod stock;

pub use fault::fault;
pub use feeds::FeedRecord;
pub use look::{ItemView, Stocked, View};
pub use open::{Catalog, Change, Reader, Writer};
pub use product::{Carried, Item, ItemGroup, ProductField, Products, Put, Status, VariantField};
pub use stock::{Ledger, Level, Location, Movement};
