//! Other people's files in: detect, decode, read, and hand clean records to the catalog.
//!
//! One file takes this road, from top to bottom; `import` walks it, `explain` looks down it without walking:
//!
//! | folder | what it makes of a file |
//! |---|---|
//! | `bytes` | bytes from wherever they come, unpacked, as text of a known encoding |
//! | `rows` | records whose cells know their place, of CSV, TSV or JSON |
//! | `detect`, `mapping` | what the records are about, and which column means what |
//! | `cell` | one cell as a price, a barcode, a weight …; or why it is none |
//! | `formats` | what is peculiar to the exports of one program: a file for each |
//! | `offers` | XML documents of offers, and the one way from an offer to a product |
//! | `products`, `stock`, `orders`, `by_sku` | what records may become: each looks at them together, and writes |
//!
//! `by_kind` says which reader takes the records of a format apart and who puts them away: a new format is one more
//! file in `formats`, its signature in `detect`, and a line there.
mod by_kind;
mod by_sku;
pub mod bytes;
mod cell;
pub mod detect;
mod explain;
mod findings;
mod formats;
mod import;
mod input;
pub mod mapping;
mod offers;
mod options;
pub mod orders;
mod products;
pub mod rows;
pub mod spell;
mod stock;

pub use explain::{Explained, ExplainedRow, explain};
pub use import::{Counts, Imported, import};
pub use mapping::file::MappingFile;
pub use options::{Options, Unit, channels};

#[cfg(test)]
mod tests;
