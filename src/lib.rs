//! purvey: one catalog, every channel. Product feeds out, marketplace orders in, tracking back.
//!
//! # Layout
//! Arrows point down: a room may use what stands below it, never what stands above. `tests/layers.rs` checks it.
//!
//! | room | what it is for |
//! |---|---|
//! | `cli` | one file per command: read the arguments, call, report |
//! | `report` | tables, progress, diagnostics, JSON; it alone prints |
//! | `sync` | the order of a run; pulling, matching, shipping; the outbox; guards |
//! | `shop` | a merchant's folder: `purvey.toml`, secrets by reference, paths |
//! | `sandbox` | a stateful marketplace on loopback to try things on, with faults on demand |
//! | `market` | one file per marketplace, and the host they run on: HTTP, retry, limits, recording |
//! | `deliver` | where a finished feed goes |
//! | `feed` | run a template, shape and check rows, write and read documents |
//! | `channel` | load contract and template, check one against the other |
//! | `intake` | other people's files in |
//! | `document` | other people's feeds, read with line and column; text kernels; pure syntax |
//! | `web` | HTTP from here to elsewhere: what every client shares |
//! | `catalog` | the source of truth: schema, `item` view, ledger; it alone writes SQLite |
//! | `order` | what may follow what; pure |
//! | `stock` | how much may be sold, from where; pure |
//! | `price` | what one channel asks for it: list, tax, markup, rounding; pure |
//! | `value` | SKU, GTIN, money, carrier, time: types that cannot hold a wrong value |
//! | `diagnostic` | what purvey says when something is wrong |
//!
//! Deliberately absent: customers' accounts, payments, promotions, a web shop. purvey is not a shop.
#![forbid(unsafe_code)]

pub mod catalog;
pub mod channel;
pub mod cli;
pub mod deliver;
pub mod diagnostic;
pub mod document;
pub mod feed;
pub mod intake;
pub mod market;
pub mod order;
pub mod price;
pub mod report;
pub mod sandbox;
pub mod shop;
pub mod stock;
pub mod sync;
pub mod value;
mod web;
