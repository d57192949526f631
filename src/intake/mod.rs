//! Other people's files in: detect, decode, read, and hand clean records to the catalog.
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
mod magento_products;
mod mapping;
pub mod mapping_file;
mod oddity;
mod options;
mod order_document;
mod order_table;
mod orders;
mod prices;
mod product_cell;
mod product_formats;
mod product_layout;
mod product_row;
mod product_table;
mod products;
mod seen;
mod shopify_inventory;
mod shopify_products;
pub mod source;
mod stock;
pub mod table;
mod tally;
mod tracking;
mod weight;
mod woocommerce_products;

pub use explain::{Explained, ExplainedRow, explain};
pub use import::{Counts, Imported, import};
pub use mapping_file::MappingFile;
pub use options::Options;

#[cfg(test)]
mod tests;
