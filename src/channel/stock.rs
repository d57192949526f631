//! Finding a channel's two files: the shop's own folder first, then the stock of the binary.
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::contract::Contract;
use super::section::SectionTemplate;
use super::settings::{Parameter, Settings};
use super::taxonomy::Taxonomy;
use crate::catalog::Offering;
use crate::diagnostic::{Diagnostic, Error, Place, Result, Severity};
use crate::value::closest::closest;

include!(concat!(env!("OUT_DIR"), "/stock_channels.rs"));

/// A channel, loaded: its contract, its template and what the shop says of it.
#[derive(Debug, Clone)]
pub struct Channel {
    pub name: String,
    pub contract: Contract,
    /// `feeds/google.toml`, for messages.
    pub contract_file: String,
    pub template: String,
    /// `templates/google.sql`, for messages.
    pub template_file: String,
    /// The queries of the contract's sections.
    pub sections: Vec<SectionTemplate>,
    pub settings: Settings,
    /// Lists of categories the shop keeps, by name.
    pub taxonomies: HashMap<String, Arc<Taxonomy>>,
    /// Only rows of these SKUs, for a run that tells what has changed. The template sees the whole catalog all the same.
    pub part: Option<Vec<String>>,
}

impl Channel {
    /// Loads channel `name` for the shop in `shop`; outside a shop, only the binary's stock is looked through.
    pub fn load(name: &str, shop: Option<&Path>, settings: Settings) -> Result<Channel> {
        let (contract_file, read) = contract_of(name, shop)?;
        let (template_file, template) =
            file(name, shop, "templates", "sql", TEMPLATES)?.ok_or_else(|| no_template(name))?;
        let mut contract = Contract::sound(read)?;
        let given = |name: &str| settings.parameters.get(name).map(Parameter::to_text).filter(|text| !text.is_empty());
        contract.fill_places(&given);
        let mut taxonomies = HashMap::new();
        for list in contract.taxonomy.keys() {
            taxonomies.extend(Taxonomy::load(list, shop)?.map(|taxonomy| (list.clone(), Arc::new(taxonomy))));
        }
        let sections = contract.section.keys().map(|section| section_of(name, section, shop)).collect::<Result<_>>()?;
        let name = name.to_owned();
        let channel = Channel {
            name,
            contract,
            contract_file,
            template,
            template_file,
            sections,
            settings,
            taxonomies,
            part: None,
        };
        channel.check_settings()?;
        Ok(channel)
    }

    /// The contract alone, as far as it can be read without a shop's settings.
    pub fn load_contract(name: &str, shop: Option<&Path>) -> Result<Contract> {
        Contract::sound(contract_of(name, shop)?.1)
    }

    /// Everything that is wrong with a channel's contract, for its author.
    pub fn contract_faults(name: &str, shop: Option<&Path>) -> Result<Vec<Diagnostic>> {
        Ok(contract_of(name, shop)?.1.1)
    }

    /// A parameter as text: from the shop's `[channel.<name>]`.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.settings.parameters.get(name)
    }

    /// How bad a finding is: as the shop says, else as `usual`.
    pub fn severity(&self, code: &str, usual: Severity) -> Severity {
        let bare = code.split_once('/').map_or(code, |(_, bare)| bare);
        self.settings.severity.get(bare).copied().unwrap_or(usual)
    }

    /// What it is told of stock and prices.
    pub(super) fn offering(&self) -> Offering {
        let Settings { stock, price, .. } = &self.settings;
        Offering { section: format!("channel.{}", self.name), stock: stock.clone(), price: price.clone() }
    }

    /// The attributes its rows are in the order of: those that tell rows of one item apart, and before them what rows
    /// have in common that go into one offer. Rows of one item each come as the template gives them.
    pub(super) fn order(&self) -> Vec<&String> {
        let nests = self.contract.format.values().filter_map(|format| format.placing().nest());
        let by = nests.map(|nest| &nest.by).next();
        if by.is_none() && self.contract.identity.len() < 2 {
            return Vec::new();
        }
        by.into_iter().chain(self.contract.identity.iter().filter(|name| Some(*name) != by)).collect()
    }

    fn check_settings(&self) -> Result<()> {
        let section = format!("[channel.{}]", self.name);
        if let Some(format) = self.settings.format.as_ref().filter(|f| !self.contract.format.contains_key(*f)) {
            let known: Vec<&str> = self.contract.format.keys().map(String::as_str).collect();
            return Err(Error::usage("channel/no-such-format", format!("{} comes in no format `{format}`", self.name))
                .at(Place::file("purvey.toml").attribute(format!("{section} format")))
                .help(format!("choose one of {}", known.join(", "))));
        }
        self.needs(None)
    }

    /// What only one format needs must be there when it is built.
    pub fn check_format(&self, format: &str) -> Result<()> {
        self.needs(Some(format))
    }

    fn needs(&self, format: Option<&str>) -> Result<()> {
        let mut needed = self.contract.settings.iter().filter(|(_, s)| s.required && s.format.as_deref() == format);
        match needed.find(|(name, _)| self.parameter(name).is_none()) {
            None => Ok(()),
            Some((name, setting)) => {
                Err(Error::usage("channel/setting-missing", format!("[channel.{}] needs `{name}`", self.name))
                    .at(Place::file("purvey.toml"))
                    .help(format!("{name} is {}", setting.help)))
            }
        }
    }
}

/// Every channel a shop can use, by name: the binary's and its own.
pub fn names(shop: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = CONTRACTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let own = shop.and_then(|shop| std::fs::read_dir(shop.join("feeds")).ok());
    for path in own.into_iter().flatten().flatten().map(|entry| entry.path()) {
        if let Some(stem) = path.file_stem().filter(|_| path.extension().is_some_and(|e| e == "toml")) {
            names.push(stem.to_string_lossy().into_owned());
            names.pop_if(|name| name.ends_with(".overlay"));
        }
    }
    names.sort();
    names.dedup();
    names
}

/// The contract of a channel with what the shop's overlay adds: its file, and what is wrong with it.
fn contract_of(name: &str, shop: Option<&Path>) -> Result<(String, (Contract, Vec<Diagnostic>))> {
    let (path, text) = file(name, shop, "feeds", "toml", CONTRACTS)?.ok_or_else(|| unknown(name, shop))?;
    for ending in ["overlay.toml", "overlay.json"] {
        if let Some((overlay_path, overlay)) = file(name, shop, "feeds", ending, &[])? {
            // The contract's own faults are its author's: they are said first.
            Contract::parse(&path, &text)?;
            return Ok((path, Contract::read_overlaid(&text, &overlay_path, &overlay)?));
        }
    }
    let read = Contract::read(&path, &text)?;
    Ok((path, read))
}

/// The shop's `folder/name.ending`, else the stock one: where it is (for messages) and its text.
pub(super) fn file(
    name: &str,
    shop: Option<&Path>,
    folder: &str,
    ending: &str,
    stock: &[(&str, &str)],
) -> Result<Option<(String, String)>> {
    let relative = format!("{folder}/{name}.{ending}");
    if let Some(own) = shop.map(|shop| shop.join(&relative)).filter(|own| own.is_file() && is_plain(name)) {
        let text = std::fs::read_to_string(&own).map_err(|e| Error::io("read", &own, e))?;
        return Ok(Some((relative, text)));
    }
    Ok(stock.iter().find(|(stem, _)| *stem == name).map(|(_, text)| (relative, (*text).to_owned())))
}

/// A channel's name becomes a file's name: letters, digits, `-`, `_` and `.` only.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

pub(super) fn unknown(name: &str, shop: Option<&Path>) -> Error {
    let names = names(shop);
    let help = match closest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? `purvey channel list` shows all"),
        None => format!("known channels: {}; for one of your own add feeds/{name}.toml", names.join(", ")),
    };
    Error::usage("channel/unknown", format!("no channel `{name}`")).help(help)
}

fn section_of(channel: &str, section: &str, shop: Option<&Path>) -> Result<SectionTemplate> {
    let stem = format!("{channel}.{section}");
    let found = file(&stem, shop, "templates", "sql", TEMPLATES)?;
    let (file, sql) = found.ok_or_else(|| {
        Error::usage("channel/no-template", format!("section `{section}` of channel `{channel}` has no query"))
            .help(format!("add templates/{stem}.sql: one SELECT with the section's columns"))
    })?;
    Ok(SectionTemplate { name: section.to_owned(), file, sql })
}

pub(super) fn no_template(name: &str) -> Error {
    Error::usage("channel/no-template", format!("channel `{name}` has a contract but no template"))
        .help(format!("add templates/{name}.sql: one SELECT over `item` that begins with sku"))
}
