//! `purvey feed status`: what is built, where it was sent, and what is still to be sent; how offers stand that are told one
//! by one.
use std::io::Write;

use serde::Serialize;

use crate::catalog::{Deliveries, FeedRecord, Telling, Troubled};
use crate::cli::Context;
use crate::diagnostic::Result;
use crate::report::{Cell, Outcome, Table, counted, escape, thousands};
use crate::shop::Shop;
use crate::sync::feed_file;

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Channels; all of purvey.toml when none is named.
    channels: Vec<String>,
    /// Of offers told one by one, name so many that were refused or are not shown.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// Offers of a channel that a marketplace is told one by one.
#[derive(Serialize)]
struct Told {
    channel: String,
    market: String,
    #[serde(flatten)]
    telling: Telling,
    troubled: Vec<Troubled>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Feed(&'a Row),
    Told(&'a Told),
}

#[derive(Serialize)]
struct Row {
    channel: String,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    offers: Option<u64>,
    /// Absent when nothing is built yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    built_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered: Option<Deliveries>,
    state: &'static str,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let reader = shop.catalog.read()?;
    let deliveries = reader.deliveries()?;
    let names: Vec<&str> = match args.channels.is_empty() {
        true => shop.channel_names(),
        false => args.channels.iter().map(String::as_str).collect(),
    };
    let mut rows = Vec::new();
    for name in names {
        let channel = shop.channel(name)?;
        let file = feed_file(&channel)?;
        let built = reader.last_feed(name, &file)?;
        let row = |target: Option<String>, delivered: Option<Deliveries>| Row {
            channel: name.to_owned(),
            file: file.clone(),
            offers: built.as_ref().map(|feed| feed.offers),
            built_at: built.as_ref().map(|feed| feed.built_at.clone()),
            state: state(built.as_ref(), target.is_some(), delivered.as_ref()),
            target,
            delivered,
        };
        if channel.settings.to.is_empty() {
            rows.push(row(None, None));
        }
        for target in &channel.settings.to {
            let delivered = deliveries.iter().find(|d| d.channel == name && d.target == *target).cloned();
            rows.push(row(Some(target.clone()), delivered));
        }
    }
    let told = told(args, &shop)?;
    let lines: Vec<Line<'_>> = rows.iter().map(Line::Feed).chain(told.iter().map(Line::Told)).collect();
    context.report.result(&lines, |out| {
        let mut table = Table::new(["channel", "offers", "built", "target", "delivered", "place", ""]);
        for row in &rows {
            let delivered = row.delivered.as_ref();
            let last = delivered.and_then(|d| d.last.as_ref());
            let state = match delivered.and_then(|d| d.error.as_deref()).filter(|_| row.state == "failed") {
                Some(why) => format!("failed: {why}"),
                None => row.state.to_owned(),
            };
            table.row([
                Cell::from(row.channel.as_str()),
                Cell::number(row.offers.map(thousands).unwrap_or_default()),
                Cell::from(row.built_at.as_deref().unwrap_or("")),
                Cell::from(row.target.as_deref().unwrap_or("")),
                Cell::from(last.map_or("", |last| &last.delivered_at)),
                Cell::from(delivered.map_or(row.file.as_str(), |d| &d.place)),
                Cell::from(state),
            ]);
        }
        table.write(out)?;
        told.iter().try_for_each(|told| told.write(out))
    })?;
    Ok(Outcome::Done)
}

fn told(args: &Args, shop: &Shop) -> Result<Vec<Told>> {
    let reader = shop.catalog.read()?;
    let mut all = Vec::new();
    for (market, settings) in &shop.config.market {
        let Some(channel) = &settings.offers else { continue };
        if !args.channels.is_empty() && !args.channels.contains(channel) {
            continue;
        }
        let (telling, troubled) = (reader.telling(market)?, reader.troubled(market, args.limit)?);
        all.push(Told { channel: channel.clone(), market: market.clone(), telling, troubled });
    }
    Ok(all)
}

impl Told {
    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Telling { offers, underway, refused, disapproved, told_at } = &self.telling;
        write!(out, "\n{} has {} of {}", escape(&self.market), counted(*offers, "offer"), escape(&self.channel))?;
        for (count, what) in [(underway, "still being read"), (refused, "refused"), (disapproved, "not shown")] {
            if *count > 0 {
                write!(out, ", {} {what}", thousands(*count))?;
            }
        }
        match told_at {
            Some(at) => writeln!(out, "; last told {at}")?,
            None => writeln!(out)?,
        }
        if self.troubled.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(["SKU", "", "why"]);
        for Troubled { sku, state, why } in &self.troubled {
            table.row([Cell::from(sku.as_str()), Cell::from(*state), Cell::from(why.as_str())]);
        }
        table.write(out)
    }
}

fn state(built: Option<&FeedRecord>, has_target: bool, delivered: Option<&Deliveries>) -> &'static str {
    let last = delivered.and_then(|delivered| delivered.last.as_ref());
    match (built, last) {
        (None, _) => "not built",
        (Some(_), _) if !has_target => "built",
        (Some(built), Some(last)) if built.hash == last.hash => "up to date",
        _ if delivered.is_some_and(|delivered| delivered.error.is_some()) => "failed",
        _ => "to be sent",
    }
}
