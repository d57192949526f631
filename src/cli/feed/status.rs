//! `purvey feed status`: what is built, where it was sent, and what is still to be sent.
use serde::Serialize;

use crate::catalog::{Deliveries, FeedRecord};
use crate::cli::Context;
use crate::diagnostic::Result;
use crate::report::{Cell, Outcome, Table, thousands};
use crate::sync::feed_file;

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Channels; all of purvey.toml when none is named.
    channels: Vec<String>,
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
    context.report.result(&rows, |out| {
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
        table.write(out)
    })?;
    Ok(Outcome::Done)
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
