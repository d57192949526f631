//! Units and where they are.
mod counted;
pub(super) mod counter;
pub(super) mod levels;
pub(super) mod locations;
pub(super) mod table;
