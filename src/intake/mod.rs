//! Other people's files in: detect, decode, read, and hand clean records to the catalog.
pub mod detect;
mod dialect;
pub mod encoding;
pub mod source;
pub mod table;
mod tally;
