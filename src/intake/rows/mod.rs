//! Text as records of which every cell knows its place, however it is strung together.
mod delimited;
pub(super) mod dialect;
pub(super) mod firsts;
pub(super) mod json;
mod splitter;
pub mod table;
mod tally;
pub(super) mod xml_value;
