//! Feeds: run a template, shape and check its rows, write and read the documents.
pub mod read;
pub mod text;
pub mod write;
