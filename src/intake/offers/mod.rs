//! XML documents of offers, such as the feeds that shops make for channels.
//!
//! What the elements mean is data ([`description`]): `formats/*.toml` describe the known ones, and a shop's own mapping
//! file any other. `draft` is the one way from an offer to a product.
pub(super) mod description;
pub(super) mod dialect;
pub(super) mod document;
pub(super) mod draft;
pub(super) mod known;
mod path;
pub(super) mod table;
pub(super) mod taker;
