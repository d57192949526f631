//! `purvey taxonomy`: the categories channels publish, kept in the shop's folder.
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Context;
use crate::channel::{Channel, Publisher, Taxonomy, names};
use crate::deliver::{Placed, ToFile};
use crate::diagnostic::{Error, Result};
use crate::intake::bytes::remote::Remote;
use crate::intake::bytes::source::Source;
use crate::report::{Cell, Outcome, Table, thousands};
use crate::shop::Shop;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// The lists that contracts name, and whether the shop has them.
    List,
    /// Fetch lists from their publishers: those the shop's channels use, or those named.
    Update {
        names: Vec<String>,
        /// Take one from this file instead.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
}

#[derive(Serialize)]
struct Listed {
    taxonomy: String,
    /// Channels whose contracts name it.
    channels: Vec<String>,
    url: String,
    /// Categories the shop has; nothing when it has none.
    categories: Option<u64>,
}

#[derive(Serialize)]
struct Updated {
    taxonomy: String,
    categories: u64,
    file: String,
    placed: Placed,
}

/// A list, its publisher, and the channels whose contracts name it.
struct Named {
    name: String,
    publisher: Publisher,
    channels: Vec<String>,
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    match command {
        Command::List => list(&shop, context),
        Command::Update { names, from } => update(&shop, names, from.as_deref(), context),
    }
}

/// Every list there is, by name; two contracts may name the same one.
fn all(shop: &Shop) -> Result<Vec<Named>> {
    let mut all: Vec<Named> = Vec::new();
    for channel in names(Some(&shop.dir)) {
        for (name, publisher) in Channel::load_contract(&channel, Some(&shop.dir))?.taxonomy {
            match all.iter_mut().find(|known| known.name == name) {
                Some(known) => known.channels.push(channel.clone()),
                None => all.push(Named { name, publisher, channels: vec![channel.clone()] }),
            }
        }
    }
    Ok(all)
}

fn list(shop: &Shop, context: &Context<'_>) -> Result<Outcome> {
    let mut listed = Vec::new();
    for Named { name, publisher, channels } in all(shop)? {
        let categories = Taxonomy::load(&name, Some(&shop.dir))?.map(|taxonomy| taxonomy.len() as u64);
        listed.push(Listed { taxonomy: name, channels, url: publisher.url, categories });
    }
    context.report.result(&listed, |out| {
        let mut table = Table::new(["taxonomy", "channels", "categories here", "published at"]);
        for one in &listed {
            table.row([
                Cell::from(one.taxonomy.as_str()),
                Cell::from(one.channels.join(", ")),
                one.categories.map_or_else(|| Cell::from("none"), |n| Cell::number(thousands(n))),
                Cell::from(one.url.as_str()),
            ]);
        }
        table.write(out)
    })?;
    Ok(Outcome::Done)
}

fn update(shop: &Shop, wanted: &[String], from: Option<&Path>, context: &Context<'_>) -> Result<Outcome> {
    let all = all(shop)?;
    let unknown = wanted.iter().find(|name| !all.iter().any(|one| one.name == **name));
    if let Some(unknown) = unknown {
        let known: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        return Err(Error::usage("taxonomy/unknown", format!("no contract names a taxonomy `{unknown}`"))
            .help(format!("known are: {}", known.join(", "))));
    }
    if from.is_some() && wanted.len() != 1 {
        return Err(Error::usage("taxonomy/one", "--from is the file of one taxonomy").help("name it before --from"));
    }
    let is_used = |one: &&Named| match wanted.is_empty() {
        true => one.channels.iter().any(|channel| shop.config.channel.contains_key(channel)),
        false => wanted.contains(&one.name),
    };
    let mut updated = Vec::new();
    for Named { name, publisher, .. } in all.iter().filter(is_used) {
        let (file, bytes) = fetch(publisher, from)?;
        let taxonomy = Taxonomy::read(publisher, &file, &bytes)?;
        let path = Taxonomy::path(name, &shop.dir);
        let mut to = ToFile::create(&path)?;
        to.write_all(taxonomy.text().as_bytes()).map_err(|e| Error::io("write", &path, e))?;
        let file = format!("taxonomies/{name}.tsv");
        updated.push(Updated { taxonomy: name.clone(), categories: taxonomy.len() as u64, file, placed: to.place()? });
    }
    context.report.summary(&updated, |out| {
        if updated.is_empty() {
            return writeln!(out, "no channel of the shop names a taxonomy");
        }
        let mut table = Table::new(["taxonomy", "categories", "file"]);
        for one in &updated {
            let categories = Cell::number(thousands(one.categories));
            table.row([Cell::from(one.taxonomy.as_str()), categories, Cell::from(one.file.as_str())]);
        }
        table.write(out)
    })?;
    Ok(Outcome::Done)
}

/// The publisher's list, and what to call it.
fn fetch(publisher: &Publisher, from: Option<&Path>) -> Result<(String, Vec<u8>)> {
    let path = from.unwrap_or(Path::new(&publisher.url));
    let source = match Remote::of(path) {
        Some(remote) => remote?.fetch(None)?.and_then(|(sources, _)| sources.into_iter().next()),
        None => Some(Source::open(path)?),
    };
    let source = source.ok_or_else(|| Error::bug("a list was fetched and is not there"))?;
    let name = source.name().to_owned();
    let mut bytes = Vec::new();
    source.into_reader().take(BYTES_MAX).read_to_end(&mut bytes).map_err(|e| Error::io("read", path, e))?;
    Ok((name, bytes))
}

/// The largest known list is some megabytes long.
const BYTES_MAX: u64 = 256 << 20;
