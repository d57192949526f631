//! Other people's files in: detect, decode, read, and hand clean records to the catalog.
mod address;
mod by_kind;
mod cell;
mod ceneo;
mod commerce_ml;
mod counter;
pub mod detect;
mod dialect;
mod draft;
pub mod encoding;
mod explain;
mod findings;
mod google_feed;
mod heureka;
mod import;
mod input;
mod json_lines;
mod levels;
mod locations;
mod looks;
mod mapping;
mod oddity;
mod offer_taker;
mod offers;
mod options;
mod order_document;
mod order_table;
mod orders;
mod prices;
mod product_row;
mod products;
mod seen;
mod shopify_inventory;
mod shopify_products;
pub mod source;
mod stock;
pub mod table;
mod tally;
mod tracking;
mod yandex_yml;

pub use explain::{Explained, ExplainedRow, explain};
pub use import::{Counts, Imported, import};
pub use options::Options;

#[cfg(test)]
mod tests;
