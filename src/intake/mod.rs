//! Other people's files in: detect, decode, read, and hand clean records to the catalog.
//!
//! From the bottom: `source` opens and unpacks, `encoding` makes text of it, `table` (with `dialect`) and `json_lines`
//! make records with places, `detect` says what they are about. A file for each format (`shopify_products`, `stock` …)
//! turns one record into a row in the catalog's words, with the typed cells of `cell`. A file for each kind (`products`,
//! `levels`, `prices` …) takes rows of whatever format, looks at them together, and writes. `import` is the whole road,
//! `explain` the look before it. A new format is one more reader and one more line in `by_kind`.
mod address;
mod by_kind;
mod cell;
mod counter;
pub mod detect;
mod dialect;
pub mod encoding;
mod explain;
mod findings;
mod import;
mod input;
mod json_lines;
mod levels;
mod locations;
mod looks;
mod mapping;
mod oddity;
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

pub use explain::{Explained, ExplainedRow, explain};
pub use import::{Counts, Imported, import};
pub use options::Options;

#[cfg(test)]
mod tests;
