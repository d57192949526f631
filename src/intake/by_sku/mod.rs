//! Tables about variants that the catalog has, each found by its SKU.
pub(super) mod fields;
mod known;
pub(super) mod overrides;
pub(super) mod prices;
pub(super) mod reviews;
