//! Products with their variants: what a record says of one, whatever its format, and how records become the catalog's.
pub(super) mod cell;
pub(super) mod keeper;
pub(super) mod layout;
pub(super) mod looks;
pub(super) mod parents;
pub(super) mod row;
pub(super) mod seen;
pub(super) mod table;
