//! Feeds: run a template, shape and check its rows, write and read the documents.
//!
//! [`build`] turns the catalog into a document; [`check`] reads one that others made. Both pass every offer through
//! the same [`Checker`], so what purvey writes is held to what it demands.
mod build;
mod check;
mod checker;
mod diff;
mod document;
mod findings;
mod form;
mod identity;
mod joined;
mod json_cell;
mod json_slots;
mod layout;
mod nest;
mod offer;
mod preview;
mod prices;
mod refers;
mod seen;
mod shape;
mod shaper;

pub mod write;

pub use build::{Built, Job, Line, build, hash_of, lines, shells};
pub use check::{Checked, check};
pub use checker::Checker;
pub use diff::{AttributeChange, Diffed, Difference, Side, What, diff};
pub use findings::Findings;
pub use offer::Offer;
pub use preview::{Preview, Shown, preview};
pub use prices::{Jumps, Prices, is_jump};
