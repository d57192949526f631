//! What one channel asks for an item: from which list, with tax or without, marked up, rounded. Pure, and exact: whole
//! minor units in, whole minor units out, fractions of integers between.
mod decimal;
mod policy;
mod tax;

pub use decimal::Decimal;
pub use policy::{PricePolicy, Round, Toward};
pub use tax::{Levied, TaxForm, Taxes};
