//! Other people's files in: detect, decode, read, and hand clean records to the catalog.
//!
//! From the bottom: `source` (with `archive`) opens and unpacks, `encoding` makes text of it, `table` makes
//! records with places of it (`delimited` with `dialect` of CSV, the `json_…` files of JSON), `detect` says what they are about. A file for each format (`shopify_products`, `stock` …)
//! turns one record into a row in the catalog's words, with the typed cells of `cell`. A file for each kind (`products`,
//! `levels`, `prices` …) takes rows of whatever format, looks at them together, and writes. `import` is the whole road,
//! `explain` the look before it. A new format is one more reader and one more line in `by_kind`.
mod address;
mod archive;
mod by_kind;
mod cell;
mod ceneo;
mod commerce_ml;
mod counter;
mod delimited;
pub mod detect;
mod dialect;
mod draft;
pub mod encoding;
mod explain;
mod fields;
mod findings;
mod google_feed;
mod heureka;
mod import;
mod input;
mod json_cells;
mod json_document;
mod json_lines;
mod json_orders;
mod json_records;
mod json_rows;
mod json_shopify;
mod json_table;
mod json_value;
mod known;
mod levels;
mod locations;
mod looks;
mod magento_products;
mod mapping;
pub mod mapping_file;
mod oddity;
mod offer_taker;
mod offers;
mod options;
mod order_document;
pub mod order_file;
mod order_formats;
mod order_table;
mod orders;
mod overrides;
mod parents;
mod prices;
mod product_cell;
mod product_formats;
mod product_layout;
mod product_row;
mod product_table;
mod products;
pub mod remote;
mod reviews;
mod seen;
mod shopify_inventory;
mod shopify_products;
pub mod source;
pub mod spell;
mod stock;
pub mod table;
mod tally;
mod tracking;
mod weight;
mod wix_products;
mod woocommerce_products;
mod wordpress;
mod xml_value;
mod yandex_yml;

pub use explain::{Explained, ExplainedRow, explain};
pub use import::{Counts, Imported, import};
pub use mapping_file::MappingFile;
pub use options::{Options, Unit, channels};

#[cfg(test)]
mod tests;
