//! Values that cannot be wrong: SKU, GTIN, money, currency, country, carrier, time.
//!
//! A type here is made only by a parser that refuses everything else and says why ([`Invalid`]), so the rooms above
//! never check twice. Nothing here knows files, SQL or the network.
mod amount;
mod carrier;
pub mod closest;
mod country;
mod currency;
mod gtin;
mod invalid;
mod money;
mod secret;
mod sku;
mod symbol;
pub mod text;
pub mod time;
mod tracking;

pub use carrier::Carrier;
pub use country::Country;
pub use currency::Currency;
pub use gtin::{Gtin, Repair};
pub use invalid::Invalid;
pub use money::Money;
pub use secret::Secret;
pub use sku::Sku;
pub use tracking::TrackingNumber;
