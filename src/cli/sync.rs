//! `purvey sync`: one run of everything, in the right order.
use std::path::PathBuf;

use serde::Serialize;

use super::orders::sentence as pulled_sentence;
use super::tracking::sentence as sent_sentence;
use super::{Context, feed};
use crate::diagnostic::Result;
use crate::feed::Findings;
use crate::report::{Outcome, counted, escape};
use crate::sync::{
    ChannelSummary, FeedOptions, FeedPush, FeedRun, PushOptions, Pushed, Summary, build_feed, push_feeds,
    run as run_markets, with_markets,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Read and work everything out, but keep, send and place nothing.
    #[arg(long)]
    dry_run: bool,
    /// Put feeds in place even if they lost many offers.
    #[arg(long)]
    allow_shrink: bool,
    /// Put feeds in place even if many prices changed much.
    #[arg(long)]
    allow_price_jump: bool,
    /// Keep every exchange in this folder, without secrets and personal data.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

#[derive(Serialize)]
struct Synced {
    #[serde(flatten)]
    markets: Summary,
    feeds: Vec<FeedRun>,
    deliveries: Vec<FeedPush>,
    changed: bool,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let mut writer = context.writer(&shop, "sync")?;
    let occasion = context.occasion(args.dry_run);
    let names: Vec<&str> = shop.config.market.keys().map(String::as_str).collect();
    let markets = with_markets(&shop, &names, args.record.as_deref(), &occasion, |channels| {
        run_markets(&mut writer, channels, &occasion)
    })?;
    context.report.diagnostics(&markets.looked_back.findings);
    for channel in &markets.channels {
        let told = [&channel.pulled.applied.findings, &channel.dispatched.findings, &channel.pushed.findings];
        told.into_iter().for_each(|findings| context.report.diagnostics(findings));
    }
    let options = FeedOptions {
        format: None,
        dry_run: args.dry_run,
        allow_shrink: args.allow_shrink,
        allow_price_jump: args.allow_price_jump,
    };
    let (mut feeds, mut failures) = (Vec::new(), Vec::new());
    for name in shop.channel_names() {
        if occasion.stopped() {
            break;
        }
        let mut talk = context.report.held_findings();
        let mut sink = |finding: &_| talk.push(finding);
        let mut findings = Findings::new(&mut sink);
        let built = shop
            .channel(name)
            .and_then(|channel| build_feed(&shop, &mut writer, &channel, &options, context.now, &mut findings));
        if built.as_ref().map_or(true, FeedRun::changed_something) {
            talk.tell();
        }
        match built {
            Ok(run) => feeds.push(run),
            Err(error) => failures.push(error),
        }
    }
    // a dry run has put no feed in place that could be sent
    let built: Vec<&str> =
        feeds.iter().filter(|_| !args.dry_run && !occasion.stopped()).map(|run| run.channel.as_str()).collect();
    let options = PushOptions { allow_shrink: args.allow_shrink, ..PushOptions::default() };
    let (deliveries, undelivered) = feed::split_pushes(push_feeds(&shop, &mut writer, &built, &options, &occasion)?);
    failures.extend(undelivered);
    let errors = markets.channels.iter().filter_map(|c| c.error.as_ref()).chain(&failures);
    errors.for_each(|error| context.report.error(error));
    let partial = markets.is_partial() || !failures.is_empty();
    let changed = markets.channels.iter().any(did_something)
        || feeds.iter().any(FeedRun::changed_something)
        || deliveries.iter().any(FeedPush::changed_something);
    let synced = Synced { markets, feeds, deliveries, changed };
    context.report.summary(&synced, |out| {
        for channel in &synced.markets.channels {
            writeln!(
                out,
                "{}: {}; {}; {}",
                channel.name,
                pulled_sentence(&channel.pulled),
                sent_sentence(&channel.dispatched),
                pushed_sentence(&channel.pushed)
            )?;
            channel.dispatched.withheld.iter().try_for_each(|what| writeln!(out, "  withheld: {what}"))?;
            for offer in &channel.pushed.withheld {
                writeln!(out, "  withheld: stock of {}: {}", escape(&offer.sku), offer.quantity.unwrap_or(0))?;
            }
        }
        feed::table(&synced.feeds, out)?;
        feed::push_table(&synced.deliveries, out)?;
        match (partial, changed) {
            (true, _) => writeln!(out, "partly done: see above"),
            (false, true) => writeln!(out, "done"),
            (false, false) => writeln!(out, "nothing changed"),
        }
    })?;
    Ok(if partial { Outcome::Partly } else { Outcome::Done })
}

fn did_something(channel: &ChannelSummary) -> bool {
    let applied = &channel.pulled.applied;
    applied.new + applied.changed + channel.dispatched.sent + channel.pushed.accepted > 0
}

fn pushed_sentence(pushed: &Pushed) -> String {
    let mut parts = vec![format!("stock of {} told", counted(pushed.accepted as u64, "offer"))];
    for (count, what) in [
        (pushed.refused, "refused"),
        (pushed.postponed, "to be told at the next run"),
        (pushed.jobs, "still being read there"),
        (pushed.withheld.len(), "withheld"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}
