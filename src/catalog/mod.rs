//! The source of truth: one SQLite file with products, stock, prices, orders and everything waiting to be sent.
//!
//! Nothing outside this room writes SQL that changes it. Readers get a [`Reader`] and never wait; a command that
//! changes things gets the one [`Writer`], opens a [`Change`] (a transaction), and commits it whole or not at all.
mod axis;
mod fault;
mod lock;
mod lookup;
mod open;
mod price;
mod product;
mod run;
mod stock;
mod vanish;
mod withdraw;

pub use fault::fault;
pub use lookup::{KnownItem, KnownLocation};
pub use open::{Catalog, Change, Reader, Writer};
pub use price::{Price, PriceField};
pub use product::{Carried, Item, ItemGroup, ProductField, ProductId, Products, Put, Status, VariantField};
pub use stock::{Ledger, Level, Location, Movement};
pub use vanish::Vanished;
