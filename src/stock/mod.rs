//! How much may be sold, and from where it leaves. Pure: no files, clock or network.
//!
//! [`StockPolicy`] says how much one channel is told, [`choose`] where to take units from, [`settle`] turns what a line
//! item needs now and what it holds into the movements between the two. Because movements are a difference, settling
//! twice moves nothing.
mod choose;
mod policy;
mod settle;

pub use choose::{LocationKind, Source, Supply, choose};
pub use policy::StockPolicy;
pub use settle::{Demand, Hold, HoldKind, Move, Settlement, settle};
