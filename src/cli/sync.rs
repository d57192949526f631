//! `purvey sync`: one run of everything, in the right order (files in, orders in, our word and our feeds out); with `--every`, again and again.
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::orders::sentence as pulled_sentence;
use super::tracking::sentence as sent_sentence;
use super::{Context, feed, import};
use crate::catalog::Writer;
use crate::deliver::ToFile;
use crate::diagnostic::{Error, Kind, Result};
use crate::intake::Imported;
use crate::report::{Outcome, counted, escape, exit_code};
use crate::shop::{Shop, secret};
use crate::sync::{
    ChannelSummary, FeedOptions, FeedPush, FeedRun, Occasion, Parts, PushOptions, Pushed, Round, Summary, TellOptions,
    Told, build_feeds, metrics, ping, push_feeds, run as run_markets, tell_all, with_markets,
};
use crate::value::time::to_utc_text;

/// What the run is called in the catalog.
const COMMAND: &str = "sync";
/// How often a wait looks whether it is to end.
const LOOK: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only these channels and marketplaces.
    names: Vec<String>,
    /// Only these parts of a run.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART")]
    only: Vec<Part>,
    /// Stay, and run again so long after each run began: 30s, 5m, 1h.
    #[arg(long, value_name = "TIME", value_parser = every)]
    every: Option<Duration>,
    /// Read and work everything out, but keep, send and place nothing.
    #[arg(long)]
    dry_run: bool,
    /// Put feeds in place, and take offers off, even if they are many fewer.
    #[arg(long)]
    allow_shrink: bool,
    /// Compare every offer that is told one by one, not only those that may have changed.
    #[arg(long)]
    full: bool,
    /// Put feeds in place, and tell offers, even if many prices changed much.
    #[arg(long)]
    allow_price_jump: bool,
    /// Keep every exchange in this folder, without secrets and personal data.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// What is new in the files of [source.NAME] in.
    Sources,
    /// Orders in, and our word on them out.
    Orders,
    /// Feeds built and put in place, whole offers told.
    Feeds,
    /// Stock and prices told to marketplaces.
    Stock,
    /// Tracking numbers out.
    Tracking,
}

fn every(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no length of time; write 30s, 5m or 1h");
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    match number.checked_mul(seconds) {
        Some(seconds @ 1..=604_800) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("{text} is not between a second and a week")),
    }
}

#[derive(Serialize)]
struct Synced {
    started_at: String,
    seconds: f64,
    sources: Vec<Imported>,
    #[serde(flatten)]
    markets: Summary,
    feeds: Vec<FeedRun>,
    deliveries: Vec<FeedPush>,
    changed: bool,
    partial: bool,
    /// Which parts of it were asked for.
    #[serde(skip)]
    parts: Parts,
    /// Whether it is one of many: then each says when it was.
    #[serde(skip)]
    repeated: bool,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let Some(every) = args.every else { return watched_round(args, context) };
    let occasion = context.occasion(args.dry_run);
    // Each round has a clock of its own; a clock that was set stands still, as for every other command.
    let began = Instant::now();
    let clock = |context: &Context<'_>| match context.pretends {
        true => context.now,
        false => context.now.checked_add(began.elapsed()).unwrap_or(context.now),
    };
    loop {
        let round = Instant::now();
        let done = watched_round(args, &Context { now: clock(context), ..*context });
        match done {
            // Somebody has to mend purvey.toml: the next round would end as this one did.
            Err(error) if matches!(error.kind, Kind::Usage | Kind::NoCatalog | Kind::Interrupted(_)) => {
                return Err(error);
            }
            Err(error) => context.report.error(&error),
            Ok(_) => {}
        }
        while !occasion.stopped() && round.elapsed() < every {
            sleep(LOOK.min(every.saturating_sub(round.elapsed())));
        }
        if occasion.stopped() {
            return Ok(Outcome::Done);
        }
    }
}

/// One round, and whoever watches is told how it went.
fn watched_round(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let wanted = Wanted::of(args, &shop)?;
    let mut writer = match context.writer(&shop, COMMAND) {
        Ok(writer) => writer,
        Err(error) => {
            tell_watchers(args, &shop, exit_code(error.kind), context);
            return Err(error);
        }
    };
    let done = round(args, &wanted, &shop, &mut writer, context);
    let exit = match &done {
        Ok(synced) => synced.outcome().code(),
        Err(error) => exit_code(error.kind),
    };
    if !args.dry_run {
        let seconds = done.as_ref().map_or(0.0, |synced| synced.seconds);
        let ended = context.now.checked_add(Duration::from_secs_f64(seconds)).unwrap_or(context.now);
        let summary = done.as_ref().ok().and_then(|synced| serde_json::to_value(synced).ok());
        writer.end_run(ended, exit, summary.as_ref())?;
        let nothing = (Summary::default(), Vec::new());
        let (markets, feeds) = done.as_ref().map_or((&nothing.0, &nothing.1), |s| (&s.markets, &s.feeds));
        keep_figures(&shop, &writer, ended, seconds, exit, markets, feeds)?;
    }
    drop(writer);
    tell_watchers(args, &shop, exit, context);
    done.map(|synced| synced.outcome())
}

fn tell_watchers(args: &Args, shop: &Shop, exit: u8, context: &Context<'_>) {
    let Some(reference) = shop.config.sync.ping.as_ref().filter(|_| !args.dry_run) else { return };
    match secret(reference, "sync.ping") {
        Ok(address) => context.report.diagnostics(ping(&address, exit == 0).as_ref()),
        Err(error) => context.report.diagnostic(&error.to_diagnostic()),
    }
}

fn keep_figures(
    shop: &Shop,
    writer: &Writer,
    ended: Timestamp,
    seconds: f64,
    exit: u8,
    markets: &Summary,
    feeds: &[FeedRun],
) -> Result<()> {
    use std::io::Write;
    let Some(file) = &shop.config.sync.metrics else { return Ok(()) };
    let path = shop.path(file);
    let last_success = writer.last_success(&format!("purvey {COMMAND}"))?.and_then(|text| text.parse().ok());
    let outbox = writer.outbox_counts()?;
    let name = &shop.config.shop.name;
    let text = metrics(&Round { shop: name, ended, seconds, exit, last_success, markets, feeds, outbox: &outbox });
    let mut to = ToFile::create(&path)?;
    to.write_all(text.as_bytes()).map_err(|e| Error::io("write", &path, e))?;
    to.place().map(drop)
}

/// What of the shop a run is for.
struct Wanted<'s> {
    /// Files in, which are of no channel's own.
    sources: bool,
    markets: Vec<&'s str>,
    channels: Vec<&'s str>,
    parts: Parts,
    /// Whether whole offers are told, which is a feed by another way.
    offers: bool,
}

impl<'s> Wanted<'s> {
    fn of(args: &Args, shop: &'s Shop) -> Result<Wanted<'s>> {
        let named = |name: &&str| args.names.is_empty() || args.names.iter().any(|n| n == name);
        let part = |part| args.only.is_empty() || args.only.contains(&part);
        let markets: Vec<&str> = shop.config.market.keys().map(String::as_str).filter(named).collect();
        let channels: Vec<&str> = shop.channel_names().into_iter().filter(named).collect();
        if let Some(unknown) =
            args.names.iter().find(|n| !markets.contains(&n.as_str()) && !channels.contains(&n.as_str()))
        {
            let message = format!("purvey.toml has neither a channel nor a marketplace `{unknown}`");
            return Err(Error::usage("sync/no-such-name", message)
                .help("name one of its [channel.…] or [market.…] sections, or none for all"));
        }
        let parts = Parts { orders: part(Part::Orders), tracking: part(Part::Tracking), stock: part(Part::Stock) };
        let offers = part(Part::Feeds);
        let sources = args.names.is_empty() && part(Part::Sources);
        Ok(Wanted { sources, markets, channels: if offers { channels } else { Vec::new() }, parts, offers })
    }
}

impl Synced {
    fn outcome(&self) -> Outcome {
        if self.partial { Outcome::Partly } else { Outcome::Done }
    }
}

fn round(args: &Args, wanted: &Wanted<'_>, shop: &Shop, writer: &mut Writer, context: &Context<'_>) -> Result<Synced> {
    let began = Instant::now();
    let occasion = context.occasion(args.dry_run);
    let record = args.record.as_deref();
    let (sources, mut failures) = match wanted.sources {
        true => import::sources(shop, writer, args.dry_run, context)?,
        false => (Vec::new(), Vec::new()),
    };
    let markets = with_markets(shop, &wanted.markets, record, &occasion, |channels, unreached| {
        let mut summary = run_markets(writer, channels, wanted.parts, &occasion)?;
        if wanted.offers {
            let options = TellOptions {
                full: args.full,
                allow_shrink: args.allow_shrink,
                allow_price_jump: args.allow_price_jump,
            };
            tell_all(shop, writer, channels, options, &occasion, &mut summary)?;
        }
        summary.channels.extend(unreached.into_iter().map(ChannelSummary::from));
        Ok(summary)
    })?;
    context.report.diagnostics(&markets.looked_back.findings);
    for channel in &markets.channels {
        let ChannelSummary { pulled, dispatched, pushed, told, .. } = channel;
        let all = [&pulled.applied.findings, &dispatched.findings, &pushed.findings, &told.findings];
        all.into_iter().for_each(|findings| context.report.diagnostics(findings));
    }
    let (feeds, unbuilt) = feeds(args, wanted, shop, writer, &occasion, context);
    failures.extend(unbuilt);
    // a dry run has put no feed in place that could be sent
    let built: Vec<&str> =
        feeds.iter().filter(|_| !args.dry_run && !occasion.stopped()).map(|run| run.channel.as_str()).collect();
    let options = PushOptions { allow_shrink: args.allow_shrink, ..PushOptions::default() };
    let (deliveries, undelivered) = feed::split_pushes(push_feeds(shop, writer, &built, &options, &occasion)?);
    failures.extend(undelivered);
    context.report.diagnostics(deliveries.iter().filter_map(FeedPush::finding).collect::<Vec<_>>().iter());
    let errors = markets.channels.iter().filter_map(|c| c.error.as_ref()).chain(&failures);
    errors.for_each(|error| context.report.error(error));
    let partial = markets.is_partial() || !failures.is_empty() || sources.iter().any(import::is_partial);
    let changed = sources.iter().any(import::changes)
        || markets.channels.iter().any(did_something)
        || feeds.iter().any(FeedRun::changed_something)
        || deliveries.iter().any(FeedPush::changed_something);
    let (started_at, seconds) = (to_utc_text(context.now), began.elapsed().as_secs_f64());
    let (parts, repeated) = (wanted.parts, args.every.is_some());
    let synced = Synced { started_at, seconds, sources, markets, feeds, deliveries, changed, partial, parts, repeated };
    context.report.summary(&synced, |out| page(&synced, out))?;
    Ok(synced)
}

fn feeds(
    args: &Args,
    wanted: &Wanted<'_>,
    shop: &Shop,
    writer: &mut Writer,
    occasion: &Occasion<'_>,
    context: &Context<'_>,
) -> (Vec<FeedRun>, Vec<Error>) {
    let options = FeedOptions {
        format: None,
        dry_run: args.dry_run,
        allow_shrink: args.allow_shrink,
        allow_price_jump: args.allow_price_jump,
        threads: None,
    };
    let (mut feeds, mut failures) = (Vec::new(), Vec::new());
    let names = if occasion.stopped() { &[][..] } else { &wanted.channels[..] };
    build_feeds(shop, writer, names, &options, context.now, |coming| {
        let mut talk = context.report.held_findings();
        let built = coming.arrive(&mut |finding| talk.push(finding));
        if built.as_ref().map_or(true, FeedRun::changed_something) {
            talk.tell();
        }
        match built {
            Ok(run) => feeds.push(run),
            Err(error) => failures.push(error),
        }
        !occasion.stopped()
    });
    (feeds, failures)
}

fn page(synced: &Synced, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    if synced.repeated {
        if !synced.partial && !synced.changed {
            return writeln!(out, "{}: nothing changed", synced.started_at);
        }
        writeln!(out, "{}", synced.started_at)?;
    }
    import::table(&synced.sources, false, out)?;
    let Parts { orders, tracking, stock } = synced.parts;
    for channel in &synced.markets.channels {
        let sentences = [
            orders.then(|| pulled_sentence(&channel.pulled)),
            (orders || tracking).then(|| sent_sentence(&channel.dispatched)),
            stock.then(|| pushed_sentence(&channel.pushed)),
            told_sentence(&channel.told),
        ];
        let said: Vec<String> = sentences.into_iter().flatten().collect();
        if !said.is_empty() {
            writeln!(out, "{}: {}", channel.name, said.join("; "))?;
        }
        channel.dispatched.withheld.iter().try_for_each(|what| writeln!(out, "  withheld: {what}"))?;
        for offer in &channel.pushed.withheld {
            writeln!(out, "  withheld: stock of {}: {}", escape(&offer.sku), offer.quantity.unwrap_or(0))?;
        }
    }
    feed::table(&synced.feeds, out)?;
    feed::push_table(&synced.deliveries, out)?;
    match (synced.partial, synced.changed) {
        (true, _) => writeln!(out, "partly done: see above"),
        (false, true) => writeln!(out, "done"),
        (false, false) => writeln!(out, "nothing changed"),
    }
}

fn did_something(channel: &ChannelSummary) -> bool {
    let applied = &channel.pulled.applied;
    let done = applied.new + applied.changed + channel.dispatched.sent + channel.pushed.accepted;
    done > 0 || channel.told.changed_something()
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

fn told_sentence(told: &Told) -> Option<String> {
    let counts = [
        (told.new, "new"),
        (told.changed, "changed"),
        (told.gone, "gone"),
        (told.renewed, "renewed"),
        (told.refused, "refused"),
        (told.parked, "refused before and left alone"),
        (told.disapproved, "newly not shown there"),
        (told.postponed, "to be told at the next run"),
        (told.underway, "still being read there"),
        (told.held, "to be told after that"),
    ];
    let parts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    (!parts.is_empty()).then(|| format!("offers: {}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::every;

    #[test]
    fn a_length_of_time_is_a_number_and_a_unit() {
        let seconds = |text| every(text).map(|d| d.as_secs()).ok();
        assert_eq!(
            [seconds("45"), seconds("30s"), seconds("5m"), seconds("2h")],
            [Some(45), Some(30), Some(300), Some(7200)]
        );
        for wrong in ["", "0s", "m", "5 m", "-5m", "5d", "99999999999999999999h", "1000h", "5µ"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
