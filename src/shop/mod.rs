//! A merchant's folder: purvey.toml, secrets by reference, paths.
mod config;
mod secret;
mod source;
mod target;
mod tokens;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use config::{Config, Market, ShopSection};
pub use secret::resolve as secret;
pub use source::SourceSection;
pub use target::Target;
pub use tokens::TokenFile;

use crate::catalog::{Catalog, Offering};
use crate::channel::{self, Channel, Parameter, Settings};
use crate::deliver::Destination;
use crate::diagnostic::{Error, Kind, Place, Result};
use crate::feed::write::AtomicFile;
use crate::value::Currency;

/// A shop: its folder, what `purvey.toml` says, and its catalog.
pub struct Shop {
    pub dir: PathBuf,
    pub config: Config,
    pub catalog: Catalog,
    /// `purvey.toml` as it stands, to point into.
    text: String,
}

/// Where the address of a new shop stands until its owner writes the real one.
pub const PLACEHOLDER_SITE: &str = "https://shop.example";

/// What `purvey init` was told; the rest is said in the file it writes.
#[derive(Debug, Clone)]
pub struct Start {
    pub name: String,
    pub currency: Currency,
    pub country: String,
    pub site: String,
}

/// Every channel the shop in `folder` could use whose contract can be read, and its attributes.
pub fn attributes_by_channel(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let attributes = |name: String| {
        let contract = Channel::load_contract(&name, Some(folder)).ok()?;
        Some((name, contract.attribute.into_keys().collect()))
    };
    channel::names(Some(folder)).into_iter().filter_map(attributes).collect()
}

impl Shop {
    /// Opens the shop in `dir`, which must have a catalog.
    pub fn open(dir: &Path) -> Result<Shop> {
        let catalog = Catalog::of_shop(dir);
        let file = dir.join("purvey.toml");
        if !catalog.exists() {
            return Err(Error::new(Kind::NoCatalog, "catalog/none-here", format!("no shop in {}", dir.display()))
                .at(Place::file(catalog.path().display().to_string()))
                .help("run `purvey init` here, or choose the shop's folder with `purvey -C DIR`"));
        }
        if !file.is_file() {
            return Err(Error::usage("shop/no-config", format!("no purvey.toml in {}", dir.display()))
                .at(Place::file("purvey.toml"))
                .help("run `purvey init` here: it writes one and leaves the catalog as it is"));
        }
        let text = std::fs::read_to_string(&file).map_err(|e| Error::io("read", &file, e))?;
        Ok(Shop { dir: dir.to_owned(), config: Config::parse(&text)?, catalog, text })
    }

    /// Makes a shop in `dir`: the catalog and `purvey.toml`, each only where there is none.
    pub fn create(dir: &Path, start: &Start, now: Timestamp) -> Result<Made> {
        std::fs::create_dir_all(dir).map_err(|e| Error::io("make the folder", dir, e))?;
        let file = dir.join("purvey.toml");
        let catalog = Catalog::of_shop(dir);
        let made = Made { config: !file.exists(), catalog: !catalog.exists() };
        if made.config {
            // Whole or not at all: half a purvey.toml would be in the way of every later command.
            let mut whole = AtomicFile::create(&file)?;
            whole.write_all(config::stock_text(start).as_bytes()).map_err(|e| Error::io("write", &file, e))?;
            whole.commit()?;
        } else {
            // A file that is there must be one we can work with.
            Config::parse(&std::fs::read_to_string(&file).map_err(|e| Error::io("read", &file, e))?)?;
        }
        catalog.create(now)?;
        Ok(made)
    }

    /// A channel with what the shop says of it: `[channel.<name>]`, and `[shop]` for what every channel may ask.
    pub fn channel(&self, name: &str) -> Result<Channel> {
        Channel::load(name, Some(&self.dir), self.channel_settings(name)?)
    }

    /// A channel to read somebody's feed as: what only a build has to be told may be missing.
    pub fn channel_to_read(&self, name: &str) -> Result<Channel> {
        let mut settings = self.channel_settings(name)?;
        for key in Channel::load_contract(name, Some(&self.dir))?.settings.into_keys() {
            settings.parameters.entry(key).or_insert_with(|| Parameter::Text(String::new()));
        }
        Channel::load(name, Some(&self.dir), settings)
    }

    fn channel_settings(&self, name: &str) -> Result<Settings> {
        let mut settings = self.config.channel.get(name).cloned().unwrap_or_default();
        let shop = &self.config.shop;
        for (key, value) in [("shop", &shop.name), ("site", &shop.site), ("country", &shop.country)] {
            settings.parameters.entry(key.to_owned()).or_insert_with(|| Parameter::Text(value.clone()));
        }
        let currency = shop.currency.code().to_owned();
        settings.parameters.entry("currency".to_owned()).or_insert(Parameter::Text(currency));
        let country = settings.parameters.get("country").map(Parameter::to_text).unwrap_or_default();
        let section = format!("channel.{name}");
        settings.price = self.config.levied(&settings.price, &section, &country).map_err(|e| self.locate(e))?;
        Ok(settings)
    }

    /// Adds `[channel.<name>]` to the end of `purvey.toml`, with `settings` (name, what it is) to be filled in; does
    /// nothing where there is one. Whether it did.
    pub fn note_channel(&self, name: &str, settings: &[(String, String)]) -> Result<bool> {
        if self.config.channel.contains_key(name) {
            return Ok(false);
        }
        let path = self.path("purvey.toml");
        let mut text = self.text.clone();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text += &channel::scaffold_section(name, settings);
        Config::parse(&text)?;
        let mut whole = AtomicFile::create(&path)?;
        whole.write_all(text.as_bytes()).map_err(|e| Error::io("write", &path, e))?;
        whole.commit()?;
        Ok(true)
    }

    /// Channels `purvey.toml` names, in its order: what `feed build` and `sync` build when none is named.
    pub fn channel_names(&self) -> Vec<&str> {
        self.config.channel.keys().map(String::as_str).collect()
    }

    /// The marketplace called `name` in `purvey.toml`.
    pub fn market(&self, name: &str) -> Result<&Market> {
        self.config.market.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.config.market.keys().map(String::as_str).collect();
            let help = match crate::value::closest::closest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => format!("add [market.{name}] with connector, url and key to purvey.toml"),
                None => format!("purvey.toml has {}", known.join(", ")),
            };
            Error::usage("market/unknown", format!("no marketplace `{name}`")).at(Place::file("purvey.toml")).help(help)
        })
    }

    /// The target called `name` in `purvey.toml`, its secrets read.
    pub fn destination(&self, name: &str) -> Result<Destination> {
        let target = self.config.target.get(name).ok_or_else(|| {
            Error::usage("shop/wrong-value", format!("there is no target `{name}`")).at(Place::file("purvey.toml"))
        })?;
        target.resolve(name, &self.dir)
    }

    /// What the marketplace called `name` is to be told of stock and prices.
    pub fn market_offering(&self, name: &str, market: &Market) -> Result<Offering> {
        let section = format!("market.{name}");
        let price = market.price.clone().unwrap_or_default();
        let price = self.config.levied(&price, &section, &self.config.shop.country).map_err(|e| self.locate(e))?;
        Ok(Offering { section, stock: market.stock.clone(), price })
    }

    /// Where the access tokens of the marketplace called `name` are kept.
    pub fn tokens(&self, name: &str) -> Result<TokenFile> {
        TokenFile::of(&self.path("tokens"), name)
    }

    /// Finds the line of `purvey.toml` that an error about one of its keys means, and puts the caret there.
    pub fn locate(&self, mut error: Error) -> Error {
        let place = &mut error.place;
        if place.file.as_deref() == Some("purvey.toml")
            && place.line.is_none()
            && let Some((line, text, value)) = place.attribute.as_deref().and_then(|key| config::find(&self.text, key))
        {
            let width = place.snippet.as_ref().map_or(1, |(_, width)| *width);
            place.column = Some(value + place.column.unwrap_or(1));
            place.line = Some(line);
            place.snippet = Some((text.to_owned(), width));
        }
        error
    }

    /// A path of the shop: relative ones are inside its folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.join(relative)
    }
}

/// What `Shop::create` made new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    pub config: bool,
    pub catalog: bool,
}
