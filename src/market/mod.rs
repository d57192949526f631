//! Marketplaces: one file each, and the host that gives them HTTP, retry, limits and recording.
//!
//! A connector is what is peculiar to one marketplace: its wire types, what to send, what came back. It never sees the
//! catalog, the clock or a socket: it takes and returns the plain types below, and reaches out only through a
//! [`Port`]. State lives in the catalog, never in the connector, so the same code runs against the sandbox, a
//! recording, a contract server and the real thing.
mod allegro;
mod amazon;
mod bol;
mod carriers;
pub mod connector;
mod ebay;
mod etsy;
mod faults;
mod files;
mod google_merchant;
mod graphql;
pub mod host;
mod json;
mod kaufland;
mod made_up;
mod meta;
mod mirakl;
mod oauth;
mod offset_pages;
mod ozon;
mod parcels;
mod shopify;
mod token_pages;
mod vendure;
mod walmart;
mod whole;
mod woocommerce;
mod yandex;

use std::collections::BTreeMap;

pub use crate::value::Secret;
pub use connector::*;

use crate::diagnostic::{Error, Place, Result};
use crate::value::closest::closest;

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
    /// What only this marketplace asks for, by the names it has in [`options`].
    pub options: BTreeMap<String, String>,
}

impl Account {
    pub fn new(name: impl Into<String>, base_url: impl Into<String>, key: Secret) -> Self {
        Account {
            name: name.into(),
            base_url: base_url.into(),
            key,
            refresh_token: None,
            shop_id: None,
            options: BTreeMap::new(),
        }
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// # Errors
    /// `market/no-shop-id`.
    fn shop(&self, what: &str) -> Result<&str> {
        self.shop_id.as_deref().filter(|id| !id.trim().is_empty()).ok_or_else(|| {
            let place = Place::file("purvey.toml").attribute(format!("market.{}.shop_id", self.name));
            Error::usage("market/no-shop-id", format!("{} needs a shop_id: {what}", self.name))
                .at(place)
                .help(format!("add shop_id = \"…\" to [market.{}]", self.name))
        })
    }

    /// # Errors
    /// `market/no-option`.
    fn needed(&self, name: &str, what: &str) -> Result<&str> {
        self.option(name).ok_or_else(|| {
            let place = Place::file("purvey.toml").attribute(format!("market.{}.options.{name}", self.name));
            Error::usage("market/no-option", format!("{} needs `{name}`: {what}", self.name))
                .at(place)
                .help(format!("add {name} = \"…\" to [market.{}.options]", self.name))
        })
    }
}

/// A marketplace purvey can talk to.
struct Kind {
    name: &'static str,
    make: fn(&Account) -> Result<Box<dyn Connector>>,
    /// Where its API is, if that is the same for everybody.
    url: Option<&'static str>,
    /// Names of the options it takes.
    options: &'static [&'static str],
}

/// A new marketplace is one file and one entry here.
static MARKETPLACES: &[Kind] = &[
    Kind {
        name: "allegro",
        make: |account| Ok(Box::new(allegro::Allegro::new(account))),
        url: Some("https://api.allegro.pl"),
        options: allegro::OPTIONS,
    },
    Kind {
        name: "amazon",
        make: |account| Ok(Box::new(amazon::Amazon::new(account)?)),
        url: None,
        options: amazon::OPTIONS,
    },
    Kind { name: "bol", make: |_| Ok(Box::new(bol::Bol::default())), url: Some("https://api.bol.com"), options: &[] },
    Kind {
        name: "google-merchant",
        make: |account| Ok(Box::new(google_merchant::GoogleMerchant::new(account)?)),
        url: Some(google_merchant::URL),
        options: google_merchant::OPTIONS,
    },
    Kind {
        name: "ebay",
        make: |account| Ok(Box::new(ebay::Ebay::new(account))),
        url: Some("https://api.ebay.com"),
        options: ebay::OPTIONS,
    },
    Kind {
        name: "etsy",
        make: |account| Ok(Box::new(etsy::Etsy::new(account)?)),
        url: Some("https://openapi.etsy.com"),
        options: etsy::OPTIONS,
    },
    Kind {
        name: "files",
        make: |account| Ok(Box::new(files::Files::new(account)?)),
        url: None,
        options: files::OPTIONS,
    },
    Kind {
        name: "kaufland",
        make: |account| Ok(Box::new(kaufland::Kaufland::new(account)?)),
        url: Some("https://sellerapi.kaufland.com/v2"),
        options: &["storefront"],
    },
    Kind { name: "meta", make: |account| Ok(Box::new(meta::Meta::new(account)?)), url: Some(meta::URL), options: &[] },
    Kind { name: "mirakl", make: |account| Ok(Box::new(mirakl::Mirakl::new(account))), url: None, options: &[] },
    Kind {
        name: "ozon",
        make: |account| Ok(Box::new(ozon::Ozon::new(account)?)),
        url: Some(ozon::URL),
        options: ozon::OPTIONS,
    },
    Kind { name: "shopify", make: |_| Ok(Box::new(shopify::Shopify)), url: None, options: &[] },
    Kind { name: "vendure", make: |account| Ok(Box::new(vendure::Vendure::new(account))), url: None, options: &[] },
    Kind { name: "woocommerce", make: |_| Ok(Box::new(woocommerce::WooCommerce::default())), url: None, options: &[] },
    Kind {
        name: "walmart",
        make: |account| Ok(Box::new(walmart::Walmart::new(account))),
        url: Some("https://marketplace.walmartapis.com"),
        options: walmart::OPTIONS,
    },
    Kind {
        name: "yandex",
        make: |account| Ok(Box::new(yandex::Yandex::new(account)?)),
        url: Some("https://api.partner.market.yandex.ru"),
        options: &["business", "campaign"],
    },
];

/// The connector for a marketplace by the name `purvey.toml` gives it; see [`marketplaces`].
///
/// # Errors
/// `market/no-connector`, `market/no-option`, `market/unknown-option`, and what the connector finds wrong in an option.
pub fn connector(marketplace: &str, account: &Account) -> Result<Box<dyn Connector>> {
    let kind = kind(marketplace, &account.name)?;
    if let Some(unknown) = account.options.keys().find(|name| !kind.options.contains(&name.as_str())) {
        let help = match (closest(unknown, kind.options.iter().copied()), kind.options) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, []) => "it takes none".to_owned(),
            (None, options) => format!("it takes {}", options.join(", ")),
        };
        let place = Place::file("purvey.toml").attribute(format!("market.{}.options", account.name));
        let message = format!("{marketplace} has no option `{unknown}`");
        return Err(Error::usage("market/unknown-option", message).at(place).help(help));
    }
    (kind.make)(account)
}

/// Where a marketplace's API is, for those that are the same for everybody.
///
/// # Errors
/// `market/no-connector`.
pub fn address(marketplace: &str, account: &str) -> Result<Option<&'static str>> {
    kind(marketplace, account).map(|kind| kind.url)
}

fn kind(marketplace: &str, account: &str) -> Result<&'static Kind> {
    MARKETPLACES.iter().find(|kind| kind.name == marketplace).ok_or_else(|| {
        let help = match closest(marketplace, marketplaces()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("purvey speaks {}", marketplaces().collect::<Vec<_>>().join(", ")),
        };
        Error::usage("market/no-connector", format!("no connector `{marketplace}`"))
            .at(Place::file("purvey.toml").attribute(format!("market.{account}.connector")))
            .help(help)
    })
}

/// Names of all marketplaces purvey can talk to.
pub fn marketplaces() -> impl Iterator<Item = &'static str> {
    MARKETPLACES.iter().map(|kind| kind.name)
}
