//! Orders, and the parcels that answer them.
pub(super) mod document;
pub mod file;
pub(super) mod keeper;
pub(super) mod table;
pub(super) mod tracking;
