//! XML documents of offers, such as the feeds that shops make for channels.
pub(super) mod document;
pub(super) mod draft;
pub(super) mod taker;
