//! Marketplaces: one file each, and the host that gives them HTTP, retry, limits and recording.
//!
//! A connector is what is peculiar to one marketplace: its wire types, what to send, what came back. It never sees the
//! catalog, the clock or a socket: it takes and returns the plain types below, and reaches out only through a
//! [`Port`]. State lives in the catalog, never in the connector, so the same code runs against the sandbox, a
//! recording, a contract server and the real thing.
mod answers;
mod carriers;
pub mod connector;
mod graphql;
pub mod host;
mod json;
mod mirakl;
mod offset_pages;
mod secret;
mod shopify;
mod token_pages;
mod vendure;
mod told;
mod walk;
mod woocommerce;

pub use connector::*;
pub use secret::Secret;

/// One shop's account at one marketplace.
#[derive(Debug, Clone)]
pub struct Account {
    /// The merchant's name for it, used in messages and as the key of its limits.
    pub name: String,
    /// Where its API is, with any path all its calls share.
    pub base_url: String,
    pub key: Secret,
    /// What the marketplace gave when the merchant let purvey in, where access tokens are bought with it.
    pub refresh_token: Option<Secret>,
    /// Which shop is meant, where one key opens several.
    pub shop_id: Option<String>,
}

type Make = fn(&Account) -> Box<dyn Connector>;

/// A new marketplace is one file and one line here.
static MARKETPLACES: &[(&str, Make)] = &[
    ("mirakl", |account| Box::new(mirakl::Mirakl::new(account))),
    ("shopify", |_| Box::new(shopify::Shopify)),
    ("vendure", |account| Box::new(vendure::Vendure::new(account))),
    ("woocommerce", |_| Box::new(woocommerce::WooCommerce::default())),
];

/// The connector for a marketplace by the name `purvey.toml` gives it; see [`marketplaces`].
pub fn connector(marketplace: &str, account: &Account) -> Option<Box<dyn Connector>> {
    MARKETPLACES.iter().find(|(name, _)| *name == marketplace).map(|(_, make)| make(account))
}

/// Names of all marketplaces purvey can talk to.
pub fn marketplaces() -> impl Iterator<Item = &'static str> {
    MARKETPLACES.iter().map(|(name, _)| *name)
}
