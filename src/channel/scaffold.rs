//! A new channel from one that is there: contract, template, and a small shop to test it on.
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::contract::Contract;
use super::schema::SCHEMA;
use super::stock::{CONTRACTS, TEMPLATES, file, is_plain, names, no_template, unknown};
use crate::diagnostic::{Error, Place, Result};

/// What every channel is told of the shop anyway.
const KNOWN: [&str; 4] = ["shop", "site", "country", "currency"];

/// What was made of a new channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scaffold {
    pub channel: String,
    pub from: String,
    /// Relative to the folder, those that were not there before.
    pub files: Vec<String>,
    /// The channel's document format that its test case waits for.
    pub format: String,
    /// Settings `[channel.x]` has to have, each with what it is.
    pub settings: Vec<(String, String)>,
}

/// Makes channel `name` in `folder`, a shop's or a checkout of purvey, as a copy of channel `from`. What is there already
/// is left as it is, so that it may be done twice.
pub fn scaffold(folder: &Path, name: &str, from: &str) -> Result<Scaffold> {
    if !is_plain(name) || name.starts_with('.') {
        return Err(Error::usage("channel/wrong-name", format!("`{name}` cannot be the name of a channel"))
            .help("it becomes the name of files: letters, digits, - and _"));
    }
    let shop = Some(folder);
    let own = folder.join("feeds").join(format!("{name}.toml")).is_file();
    if !own && name != from && names(shop).iter().any(|known| known == name) {
        return Err(Error::usage("channel/exists", format!("there is a channel `{name}` already"))
            .at(Place::file(format!("feeds/{name}.toml")))
            .help(format!("choose another name, or add --from {name} to make it your own and change it")));
    }
    let (contract_file, text) = file(from, shop, "feeds", "toml", CONTRACTS)?.ok_or_else(|| unknown(from, shop))?;
    let contract = Contract::parse(&contract_file, &text)?;
    let (_, template) = file(from, shop, "templates", "sql", TEMPLATES)?.ok_or_else(|| no_template(from))?;
    let mut files = vec![
        (format!("feeds/{name}.toml"), begun(&renamed(&text, from, name), from, name)),
        ("feeds/contract.schema.json".to_owned(), SCHEMA.to_owned()),
        (format!("templates/{name}.sql"), renamed(&template, from, name)),
    ];
    for section in contract.section.keys() {
        let stem = format!("{from}.{section}");
        if let Some((_, query)) = file(&stem, shop, "templates", "sql", TEMPLATES)? {
            files.push((format!("templates/{name}.{section}.sql"), renamed(&query, from, name)));
        }
    }
    let required =
        contract.settings.iter().filter(|(key, s)| s.required && s.format.is_none() && !KNOWN.contains(&key.as_str()));
    let settings: Vec<_> = required.map(|(key, setting)| (key.clone(), setting.help.clone())).collect();
    let format = contract.format.keys().next().cloned().unwrap_or_default();
    let case = format!("tests/feeds/{name}/plain");
    files.push((format!("{case}/purvey.toml"), format!("{CASE}{}", section(name, &settings))));
    files.push((format!("{case}/products.csv"), include_str!("scaffold.csv").to_owned()));
    files.push((format!("{case}/expected.{format}"), String::new()));
    let mut made = Vec::new();
    for (relative, text) in files {
        if write_new(&folder.join(&relative), &text)? {
            made.push(relative);
        }
    }
    Ok(Scaffold { channel: name.to_owned(), from: from.to_owned(), files: made, format, settings })
}

/// `[channel.x]` with the settings its contract requires, to be filled in.
pub fn section(name: &str, settings: &[(String, String)]) -> String {
    let line = |(key, help): &(String, String)| format!("{key} = \"\"  # {}\n", help.replace('\n', " "));
    format!("\n[channel.{name}]\n{}", settings.iter().map(line).collect::<String>())
}

/// The shop of a test case.
const CASE: &str = "# A shop without faults.
[shop]
name = \"Wick & Co\"
currency = \"EUR\"
country = \"DE\"
site = \"https://wick.example\"
";

/// A file of the old channel under the new one's name: what it calls itself, and its document.
fn renamed(text: &str, from: &str, name: &str) -> String {
    let own = |line: &str| {
        let line = match line.trim_start().starts_with("file ") {
            true => ['.', '-']
                .iter()
                .fold(line.to_owned(), |line, end| line.replace(&format!("\"{from}{end}"), &format!("\"{name}{end}"))),
            false => line.to_owned(),
        };
        line.replace(&format!("[channel.{from}"), &format!("[channel.{name}"))
            .replace(&format!("feeds/{from}."), &format!("feeds/{name}."))
            .replace(&format!("templates/{from}."), &format!("templates/{name}."))
    };
    text.lines().map(|line| own(line) + "\n").collect()
}

/// A contract without what was said of the old channel: its title, its sources, the words above them.
fn begun(contract: &str, from: &str, name: &str) -> String {
    let is_said = |line: &str| line.starts_with("title ") || line.starts_with("sources ");
    let Some((_, keys)) = contract.split_once("\nchecked").filter(|(_, keys)| !keys.lines().any(is_said)) else {
        return contract.to_owned();
    };
    format!(
        "#:schema contract.schema.json
# What {name} takes; begun as a copy of {from}. Say where each fact comes from, and the day you read it.
title   = \"{name}\"
sources = [\"feeds/{from}.toml\"]
checked{keys}"
    )
}

/// Writes a file where there is none; whether it did.
fn write_new(path: &Path, text: &str) -> Result<bool> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, e))?;
    }
    match std::fs::File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true).map_err(|e| Error::io("write", path, e)),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(Error::io("write", path, e)),
    }
}
