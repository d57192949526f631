//! A shop's marketplaces, ready to be spoken to: account, connector, host, and how the merchant wants it done.
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use super::{Channel, Occasion, Policy, QUANTITY_MAX, is_ours};
use crate::catalog::{Buckets, Terms};
use crate::diagnostic::{Error, Kind, Place, Result};
use crate::market::host::{BucketStore, FileClock, Host, Invitation, Recorder, is_folder};
use crate::market::{Account, Connector, Secret, address, connector};
use crate::shop::{Market, Shop, secret};
use crate::web::is_loopback;

/// The token buckets kept in the catalog.
struct Kept(Buckets);

impl BucketStore for Kept {
    fn load(&self, account: &str, operation: &str) -> Result<Option<Timestamp>> {
        self.0.load(account, operation)
    }

    fn save(&self, account: &str, operation: &str, full_at: Timestamp) -> Result<()> {
        self.0.save(account, operation, full_at)
    }
}

/// A marketplace that cannot be spoken to, and why: a key that is missing, say.
pub struct Unreached {
    pub name: String,
    pub error: Error,
}

/// Does `work` with each of the marketplaces called `names`; the trouble of one is its own, the others have their turn.
///
/// # Errors
/// What would meet every marketplace alike: `purvey.toml`, the catalog, the disk, an interruption.
pub fn each_market<T>(
    shop: &Shop,
    names: &[&str],
    record: Option<&Path>,
    occasion: &Occasion<'_>,
    mut work: impl FnMut(&Channel<'_>) -> Result<T>,
) -> Result<Vec<(String, Result<T>)>> {
    with_markets(shop, names, record, occasion, |channels, unreached| {
        let mut all: Vec<_> = unreached.into_iter().map(|u| (u.name, Err(u.error))).collect();
        for channel in channels.iter().take_while(|_| !occasion.stopped()) {
            match work(channel) {
                Err(error) if is_ours(&error) => return Err(error),
                done => all.push((channel.name.to_owned(), done)),
            }
        }
        all.sort_by_key(|(name, _)| names.iter().position(|known| known == name));
        Ok(all)
    })
}

/// Connects to the marketplaces called `names` in `purvey.toml` and hands them to `work`; with `record`, every
/// exchange is kept in that folder without secrets and personal data. No wait outlasts a stop of the `occasion`.
///
/// # Errors
/// As of [`each_market`].
pub fn with_markets<T>(
    shop: &Shop,
    names: &[&str],
    record: Option<&Path>,
    occasion: &Occasion<'_>,
    work: impl FnOnce(&[Channel<'_>], Vec<Unreached>) -> Result<T>,
) -> Result<T> {
    let mut accounts = Vec::new();
    let mut unreached = Vec::new();
    for name in names {
        let market = shop.market(name)?;
        let mut policy = policy(shop, name, market)?;
        let ready = account(name, market).and_then(|account| Ok((connector(&market.connector, &account)?, account)));
        match ready {
            Ok((connector, account)) => {
                let terms = &mut policy.terms;
                terms.keep_buyer_days = connector.keep_buyer_days_max().unwrap_or(u32::MAX).min(terms.keep_buyer_days);
                accounts.push((*name, policy, connector, account));
            }
            Err(error) if error.kind == Kind::Usage || is_ours(&error) => return Err(error),
            Err(error) => unreached.push(Unreached { name: (*name).to_owned(), error }),
        }
    }
    let clock = FileClock::of_environment()?;
    let mut hosts = Vec::new();
    for (name, _, connector, account) in &accounts {
        let mut host = Host::new(connector.as_ref(), account)?
            .buckets(Kept(shop.catalog.buckets()?))
            .tokens(shop.tokens(name)?)
            .stop(occasion.stop);
        if let Some(clock) = &clock {
            is_of_this_machine(name, &account.base_url)?;
            host = host.clock(Arc::new(clock.clone()));
        }
        // what is in a folder is there to be seen, persons and all
        if let Some(folder) = record.filter(|_| !is_folder(&account.base_url)) {
            let folder = folder.join(name);
            let secrets = [Some(&account.key), account.refresh_token.as_ref()].into_iter().flatten().cloned().collect();
            host = host.transport(|inner| Ok(Box::new(Recorder::over(inner, folder, secrets)?)))?;
        }
        hosts.push(host);
    }
    let channels: Vec<Channel<'_>> = accounts
        .iter()
        .zip(&hosts)
        .map(|((name, policy, connector, _), host)| Channel {
            name,
            connector: connector.as_ref(),
            port: host,
            policy: policy.clone(),
        })
        .collect();
    work(&channels, unreached)
}

/// A clock on which no wait lasts would have a marketplace asked again and again.
fn is_of_this_machine(name: &str, address: &str) -> Result<()> {
    if Url::parse(address).is_ok_and(|url| url.scheme() == "file" || is_loopback(&url)) {
        return Ok(());
    }
    let variable = FileClock::VARIABLE;
    Err(Error::usage("market/clock", format!("{variable} is set, but {name} is not on this machine"))
        .help(format!("unset {variable}, which is for tests")))
}

/// Lets purvey into a marketplace's account; `ask` tells a person what to do. What it buys is kept for this shop.
///
/// # Errors
/// As of [`Host::log_in`], and what is wrong in `purvey.toml`.
pub fn log_in(
    shop: &Shop,
    name: &str,
    occasion: &Occasion<'_>,
    ask: &mut dyn FnMut(&Invitation) -> Result<Option<String>>,
) -> Result<()> {
    let market = shop.market(name)?;
    let account = account(name, market)?;
    let connector = connector(&market.connector, &account)?;
    Host::new(connector.as_ref(), &account)?.tokens(shop.tokens(name)?).stop(occasion.stop).log_in(ask)
}

/// A marketplace's connector without its secrets: for what it can do, and what it cannot.
///
/// # Errors
/// What is wrong in `purvey.toml`.
pub fn abilities(shop: &Shop, name: &str) -> Result<Box<dyn Connector>> {
    let market = shop.market(name)?;
    let account = Account {
        shop_id: market.shop_id.clone(),
        options: market.options.clone(),
        ..Account::new(name, market.url.as_deref().unwrap_or_default(), Secret::new(String::new()))
    };
    connector(&market.connector, &account)
}

fn account(name: &str, market: &Market) -> Result<Account> {
    let at = |setting: &str| format!("market.{name}.{setting}");
    let base_url = match (&market.url, address(&market.connector, name)?) {
        (Some(url), _) => url.as_str(),
        (None, Some(url)) => url,
        (None, None) => {
            return Err(Error::usage("market/no-address", format!("{} has many addresses", market.connector))
                .at(Place::file("purvey.toml").attribute(at("url")))
                .help("add url = \"https://…\", the address of your account's API"));
        }
    };
    let refresh_token = match &market.refresh_token {
        Some(reference) => Some(Secret::new(secret(reference, &at("refresh_token"))?)),
        None => None,
    };
    let key = match &market.key {
        Some(reference) => secret(reference, &at("key"))?,
        None if is_folder(base_url) => String::new(),
        None => {
            return Err(Error::usage("market/no-key", format!("{name} has no key"))
                .at(Place::file("purvey.toml").attribute(at("key")))
                .help("add key = \"env:NAME\", and export NAME before running purvey"));
        }
    };
    Ok(Account {
        refresh_token,
        shop_id: market.shop_id.clone(),
        options: market.options.clone(),
        ..Account::new(name, base_url, Secret::new(key))
    })
}

fn policy(shop: &Shop, name: &str, market: &Market) -> Result<Policy> {
    market.tracks.iter().try_for_each(|tracked| shop.market(tracked).map(drop))?;
    let mut offering = shop.market_offering(name, market)?;
    let endless = *offering.stock.max.get_or_insert(QUANTITY_MAX);
    Ok(Policy {
        accept: market.accept,
        terms: Terms { keep_buyer_days: u32::from(market.keep_buyer_days), ..Terms::default() },
        offering,
        endless,
        prices: market.price.is_some(),
        first_days: u32::from(market.first_pull_days),
        everything: market.offer_all,
        whole_offers: market.offers.is_some(),
        tracks: market.tracks.clone(),
    })
}
