//! `purvey.toml`, read whole and strictly: a misspelled key is pointed at, not ignored.
use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;

use super::{SourceSection, Start, Target};
use crate::catalog::{Accept, Fillable};
use crate::channel::{Settings, toml_fault};
use crate::diagnostic::{Error, Place, Result};
use crate::price::{Levied, PricePolicy, TaxForm, Taxes};
use crate::stock::StockPolicy;
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
    #[serde(default)]
    pub sync: SyncSection,
    #[serde(default)]
    pub target: IndexMap<String, Target>,
    /// Where files come from, for `purvey import` without any.
    #[serde(default)]
    pub source: IndexMap<String, SourceSection>,
    /// Rates of tax, for channels that want prices otherwise than the catalog has them.
    #[serde(default)]
    pub tax: Taxes,
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

/// Who watches `purvey sync`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncSection {
    /// Where the address is that hears how each run went (`env:NAME`, `file:/path` or `command:…`): it is asked for as it is when
    /// all went well, with `/fail` behind its path when not.
    pub ping: Option<String>,
    /// A file of figures for Prometheus' textfile collector, relative to the shop's folder.
    pub metrics: Option<String>,
}

/// One marketplace account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// Which connector speaks to it: `mirakl`, `ebay`, …
    pub connector: String,
    /// Its base address; may be left out where the marketplace has one for everybody.
    pub url: Option<String>,
    /// Where the key is: `env:NAME`, `file:/path` or `command:…`. Never the key itself. A folder has none.
    pub key: Option<String>,
    /// Where the refresh token is, for marketplaces that give one: `env:NAME`, `file:/path` or `command:…`.
    pub refresh_token: Option<String>,
    /// Which of the account's shops, where it has several.
    pub shop_id: Option<String>,
    /// Tell the stock of every active SKU, not only of those the marketplace is known to list.
    #[serde(default)]
    pub offer_all: bool,
    /// How much of the stock it is told.
    #[serde(default)]
    pub stock: StockPolicy,
    /// What it asks for an item; it is told prices where there is such a section.
    pub price: Option<PricePolicy>,
    /// What only this marketplace asks for.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// The channel whose offers are told here one by one, where the marketplace takes whole offers.
    pub offers: Option<String>,
    /// Marketplaces of whose parcels it is told, where it takes such signals.
    #[serde(default)]
    pub tracks: Vec<String>,
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
        let unknown = |field: &&String| {
            !field.starts_with("price_list.") && Fillable::names().all(|known| known != field.as_str())
        };
        for field in self.owners.keys().filter(unknown) {
            if let Some(near) = closest(field, Fillable::names()) {
                let message = format!("there is no field `{field}` to own");
                return wrong(&format!("owners.{field}"), message, &format!("did you mean `{near}`?"));
            }
        }
        for (name, settings) in &self.channel {
            if let Some(to) = settings.to.iter().find(|to| !self.target.contains_key(*to)) {
                let help = match closest(to, self.target.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add [target.{to}] with its url"),
                };
                return wrong(&format!("channel.{name}.to"), format!("there is no target `{to}`"), &help);
            }
        }
        self.target.iter().try_for_each(|(name, target)| target.check(name))?;
        if let Err(e) = crate::value::Country::parse(&self.shop.country) {
            return wrong("shop.country", e.message, &e.help);
        }
        for country in self.tax.countries.keys() {
            if let Err(e) = crate::value::Country::parse(country) {
                return wrong(&format!("tax.{country}"), e.message, &e.help);
            }
        }
        Ok(())
    }

    /// The price policy of `section` (`channel.google`), sold into `country`, with what its `tax` comes to.
    ///
    /// # Errors
    /// `price/no-tax-rates`: nothing says what the rates of that country are.
    pub(super) fn levied(&self, policy: &PricePolicy, section: &str, country: &str) -> Result<PricePolicy> {
        let catalog = if self.tax.included { TaxForm::With } else { TaxForm::Without };
        let Some(wanted) = policy.tax.filter(|wanted| *wanted != catalog) else { return Ok(policy.clone()) };
        let Some(rates) = self.tax.countries.get(country).cloned() else {
            return Err(Error::usage("price/no-tax-rates", format!("no rates of tax for {country}"))
                .at(Place::file("purvey.toml").attribute(format!("{section}.price.tax")))
                .help(format!("add [tax.{country}] with standard = 19 (percent), and categories with another rate")));
        };
        Ok(PricePolicy { levied: Some(Levied { wanted, rates }), ..policy.clone() })
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

# One section for each place that files come from: `purvey import` without files takes them in.
# [source.erp]
# from = \"https://erp.example/export.csv\"   # or a path; or several: [\"a.csv\", \"b.csv\"]
# user = \"shop\"
# key  = \"env:ERP_PASSWORD\"             # where the password is, never the password itself

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
