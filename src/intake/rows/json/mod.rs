//! JSON as records: one object a line or a list in a document, nested names with dots between, read strictly.
pub(in crate::intake) mod cells;
mod document;
mod lines;
pub(in crate::intake) mod records;
mod rows;
pub(super) mod table;
mod value;
