//! `purvey feed push`: finished feeds to their targets.
use std::io::Write;

use super::{finish, size};
use crate::cli::Context;
use crate::diagnostic::{Error, Place, Result};
use crate::report::{Cell, Outcome, Table, thousands};
use crate::shop::Shop;
use crate::sync::{Arrival, FeedPush, PushOptions, push_feeds};

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Channels whose built feeds to send; all that have a target when none is named.
    channels: Vec<String>,
    /// Send feeds again that have not changed since they were sent.
    #[arg(long)]
    full: bool,
    /// Say what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Send a feed even if it lost many offers since it was last sent.
    #[arg(long)]
    allow_shrink: bool,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let channels = channels(args, &shop)?;
    let mut writer = context.writer(&shop, "feed push")?;
    let options = PushOptions { full: args.full, allow_shrink: args.allow_shrink, ..PushOptions::default() };
    let results = push_feeds(&shop, &mut writer, &channels, &options, &context.occasion(args.dry_run))?;
    let (pushes, failures) = split(results);
    context.report.diagnostics(pushes.iter().filter_map(FeedPush::finding).collect::<Vec<_>>().iter());
    if !pushes.is_empty() {
        context.report.summary(&pushes, |out| table(&pushes, out))?;
    }
    finish(failures, pushes.is_empty(), false, context)
}

fn channels<'a>(args: &'a Args, shop: &'a Shop) -> Result<Vec<&'a str>> {
    let has_target = |name: &str| shop.config.channel.get(name).is_some_and(|settings| !settings.to.is_empty());
    let no_target = |message: String| {
        Error::usage("deliver/no-target", message)
            .at(Place::file("purvey.toml"))
            .help("say where it goes: [target.web] with its url, and to = \"web\" under the channel")
    };
    if let Some(name) = args.channels.iter().find(|name| !has_target(name)) {
        // a channel that does not exist is the greater fault
        shop.channel(name)?;
        return Err(no_target(format!("{name} has no target")));
    }
    let chosen: Vec<&str> = match args.channels.is_empty() {
        true => shop.channel_names().into_iter().filter(|name| has_target(name)).collect(),
        false => args.channels.iter().map(String::as_str).collect(),
    };
    if chosen.is_empty() { Err(no_target("no channel has a target".to_owned())) } else { Ok(chosen) }
}

/// What went well, and what did not.
pub(in crate::cli) fn split(results: Vec<Result<FeedPush>>) -> (Vec<FeedPush>, Vec<Error>) {
    let (mut pushes, mut failures) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(push) => pushes.push(push),
            Err(error) => failures.push(error),
        }
    }
    (pushes, failures)
}

pub(in crate::cli) fn table(pushes: &[FeedPush], out: &mut dyn Write) -> std::io::Result<()> {
    let mut table = Table::new(["channel", "target", "offers", "sent", "place", ""]);
    for push in pushes {
        let outcome = match push.outcome {
            Arrival::Delivered(_) => "delivered",
            Arrival::Unchanged => "unchanged",
            Arrival::Withheld => "dry run: not sent",
        };
        table.row([
            Cell::from(push.channel.as_str()),
            Cell::from(push.target.as_str()),
            Cell::number(thousands(push.offers)),
            Cell::number(size(push.bytes)),
            Cell::from(push.place.as_str()),
            Cell::from(outcome),
        ]);
    }
    table.write(out)
}
