//! `purvey.toml`, read whole and strictly: a misspelled key is pointed at, not ignored.
use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;

use super::Start;
use crate::catalog::{Accept, Fillable};
use crate::channel::{Settings, toml_fault};
use crate::diagnostic::{Error, Place, Result};
use crate::value::Currency;
use crate::value::closest::closest;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub shop: ShopSection,
    #[serde(default)]
    pub channel: IndexMap<String, Settings>,
    #[serde(default)]
    pub market: IndexMap<String, Market>,
    /// Which source owns a field (`cost = "costs"`): imports from others leave it as it is.
    #[serde(default)]
    pub owners: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopSection {
    pub name: String,
    /// What a price without a currency is in.
    #[serde(deserialize_with = "currency")]
    pub currency: Currency,
    /// ISO 3166-1 alpha-2; the country channels are for, unless they say another.
    pub country: String,
    /// `https://…`, without a slash at the end.
    pub site: String,
}

/// One marketplace account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// Which connector speaks to it: `mirakl`.
    pub connector: String,
    /// Its base address; may be left out where the marketplace has one for everybody.
    pub url: Option<String>,
    /// Where the key is: `env:NAME` or `file:/path`. Never the key itself.
    pub key: String,
    /// Where the refresh token is, for marketplaces that give one: `env:NAME` or `file:/path`.
    pub refresh_token: Option<String>,
    /// Which of the account's shops, where it has several.
    pub shop_id: Option<String>,
    /// What only this marketplace asks for.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// What to do where the marketplace asks whether we take an order.
    #[serde(default)]
    pub accept: Accept,
    /// How long a buyer's personal data is kept after the order was placed.
    #[serde(default = "keep_days")]
    pub keep_buyer_days: u16,
    /// How far back a first pull reads.
    #[serde(default = "first_pull_days")]
    pub first_pull_days: u16,
}

fn keep_days() -> u16 {
    30
}

fn first_pull_days() -> u16 {
    30
}

fn currency<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Currency, D::Error> {
    let text = String::deserialize(deserializer)?;
    Currency::parse(&text).map_err(|e| serde::de::Error::custom(format!("{}; {}", e.message, e.help)))
}

impl Config {
    pub fn parse(text: &str) -> Result<Config> {
        let config: Config = toml::from_str(text).map_err(|e| toml_fault("purvey.toml", text, &e))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let wrong = |attribute: &str, message: String, help: &str| {
            Err(Error::usage("shop/wrong-value", message)
                .at(Place::file("purvey.toml").attribute(attribute))
                .help(help))
        };
        if !self.shop.site.starts_with("https://") && !self.shop.site.starts_with("http://") {
            return wrong("shop.site", format!("site is no web address: {}", self.shop.site), "write it as https://…");
        }
        if self.shop.site.ends_with('/') {
            return wrong("shop.site", "site ends with a slash".into(), "leave the slash out: paths begin with one");
        }
        // any other name is an attribute without a column of its own
        for field in self.owners.keys().filter(|field| Fillable::names().all(|known| known != field.as_str())) {
            if let Some(near) = closest(field, Fillable::names()) {
                let message = format!("there is no field `{field}` to own");
                return wrong(&format!("owners.{field}"), message, &format!("did you mean `{near}`?"));
            }
        }
        if let Err(e) = crate::value::Country::parse(&self.shop.country) {
            return wrong("shop.country", e.message, &e.help);
        }
        Ok(())
    }
}

/// Where the value of `section.key` (`channel.google.set.title`) stands: its line, that line's text, and how many
/// columns stand before the value. Values over several lines are not found.
pub(super) fn find<'t>(text: &'t str, key: &str) -> Option<(u64, &'t str, u64)> {
    let (section, key) = key.rsplit_once('.')?;
    let header = format!("[{section}]");
    let mut inside = false;
    for (i, line) in text.lines().enumerate() {
        let bare = line.trim();
        if bare.starts_with('[') {
            inside = bare.starts_with(&header);
        }
        let named = inside && bare.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        if named {
            let quote = line.find('=').and_then(|eq| Some(eq + line[eq..].find(['"', '\''])?))?;
            return Some((i as u64 + 1, line, line[..=quote].chars().count() as u64));
        }
    }
    None
}

/// The file a new shop starts with; each line says what it is for.
pub(super) fn stock_text(start: &Start) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    format!(
        "# What purvey knows of this shop. The catalog is shop.db beside this file.

[shop]
name     = {name}
currency = {currency}                     # of prices that name none
country  = {country}                      # where you sell, unless a channel says another
site     = {site}   # links in feeds begin with it

# One section for each place your products go to. `purvey channel list` shows what there is.
[channel.google]
# where = \"item.available > 0\"          # SQL: leave offers out
# [channel.google.set]
# title = \"item.brand || ' ' || feed.title\"

# Stock by store, once locations and their stock are imported.
# [channel.google-local]

# One section for each marketplace that sends orders.
# [market.example]
# connector = \"mirakl\"
# url       = \"https://marketplace.example\"
# key       = \"env:EXAMPLE_KEY\"         # where the key is, never the key itself
",
        name = quoted(&start.name),
        currency = quoted(start.currency.code()),
        country = quoted(&start.country),
        site = quoted(&start.site),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Start {
        Start {
            name: "Lantern \"& Co\"".into(),
            currency: Currency::parse("EUR").unwrap(),
            country: "DE".into(),
            site: "https://lantern.example".into(),
        }
    }

    #[test]
    fn the_file_a_new_shop_starts_with_can_be_read() {
        let config = Config::parse(&stock_text(&start())).unwrap();
        assert_eq!(config.shop.name, "Lantern \"& Co\"");
        assert_eq!(config.channel.keys().collect::<Vec<_>>(), ["google"]);
    }

    #[test]
    fn a_key_is_found_in_its_section() {
        let text = "[channel.a.set]\ntitle = 'x'\n[channel.b.set] # more\nother = 1\ntitle  = \"item.titel\"\n";
        assert_eq!(find(text, "channel.b.set.title"), Some((5, "title  = \"item.titel\"", 10)));
        assert_eq!(find(text, "channel.c.set.title"), None);
    }

    #[test]
    fn a_misspelled_key_and_a_wrong_value_are_pointed_at() {
        let text = stock_text(&start()).replace("country ", "contry ");
        let error = Config::parse(&text).unwrap_err();
        assert_eq!(error.place.line, Some(6), "{error:?}");
        let error = Config::parse(&stock_text(&start()).replace("lantern.example", "lantern.example/")).unwrap_err();
        assert_eq!(error.place.attribute.as_deref(), Some("shop.site"));
        let error = Config::parse(&stock_text(&start()).replace("\"EUR\"", "\"EURO\"")).unwrap_err();
        assert_eq!(error.place.line, Some(5), "{error:?}");
    }
}
