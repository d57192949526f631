//! `purvey feed`: build feeds, send them, check anybody's, compare them, look at one offer.
mod diff;
mod explain;
mod preview;
mod push;
mod status;

pub(super) use push::{split as split_pushes, table as push_table};

use std::io::{BufRead, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use self::explain::{Explained, Reasons};
use super::{Context, finish, init};
use crate::channel::{Channel, Guarded, Parameter, Settings};
use crate::deliver::{Placed, ToFiles};
use crate::diagnostic::{Error, Kind, Result};
use crate::feed::{Built, Checked, Findings, check};
use crate::report::{Cell, FailOn, Format, Outcome, Table, counted, thousands};
use crate::shop::{PLACEHOLDER_SITE, Shop};
use crate::sync::{Coming, FeedOptions, FeedRun, build_feeds, read_feed, write_feed};
use crate::value::Country;
use crate::value::time::to_utc_text;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Build the feeds of one channel, or of all that purvey.toml names.
    Build(Build),
    /// Send built feeds to their targets.
    Push(push::Args),
    /// What is built, where it was sent, and what is still to be sent.
    Status(status::Args),
    /// Show one offer as its channel will read it, and where each attribute comes from.
    Preview(preview::Args),
    /// Check a feed file as its channel would read it.
    Check(Check),
    /// Compare the feed in place with the one that would be built now, or two files.
    Diff(diff::Args),
}

#[derive(clap::Args)]
pub(super) struct Build {
    /// Channels, as `purvey channel list` shows them.
    channels: Vec<String>,
    /// Write to this file, or to standard output with `-`, instead of the shop's out/ folder.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The document's format, when not the channel's usual one.
    #[arg(long)]
    format: Option<String>,
    /// Build and check, but leave what is in place as it is.
    #[arg(long)]
    dry_run: bool,
    /// Put it in place even if it lost many offers.
    #[arg(long)]
    allow_shrink: bool,
    /// Put it in place even if many prices changed much.
    #[arg(long)]
    allow_price_jump: bool,
    /// Count what goes in, what is left out and why, instead of naming every finding.
    #[arg(long, conflicts_with = "out")]
    explain: bool,
    /// Build with this many threads at most, instead of one for each core.
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
}

#[derive(clap::Args)]
pub(super) struct Check {
    /// Feed files; `-` is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The channel that is to accept them.
    #[arg(long)]
    channel: String,
    /// The country the feed is for, where rules depend on it.
    #[arg(long, value_parser = |text: &str| Country::parse(text).map_err(|e| format!("{}; {}", e.message, e.help)))]
    country: Option<Country>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// From which severity on the exit code is 1.
    #[arg(long, value_enum, default_value_t)]
    fail_on: FailOn,
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> Result<Outcome> {
    match command {
        Command::Build(args) => build(args, context),
        Command::Push(args) => push::run(args, context),
        Command::Status(args) => status::run(args, context),
        Command::Preview(args) => preview::run(args, context),
        Command::Check(args) => checks(args, context),
        Command::Diff(args) => diff::run(args, context),
    }
}

// ------------------------------------------------------------------------------------------------- build

fn build(args: &Build, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let names: Vec<&str> = match args.channels.is_empty() {
        true => shop.channel_names(),
        false => args.channels.iter().map(String::as_str).collect(),
    };
    if names.is_empty() {
        return Err(Error::usage("feed/no-channel", "purvey.toml names no channel")
            .help("name one: purvey feed build google; `purvey channel list` shows all"));
    }
    if shop.config.shop.site == PLACEHOLDER_SITE {
        context.report.diagnostic(&init::placeholder());
    }
    let options = FeedOptions {
        format: args.format.clone(),
        dry_run: args.dry_run,
        allow_shrink: args.allow_shrink,
        allow_price_jump: args.allow_price_jump,
        threads: args.threads,
    };
    if let Some(out) = &args.out {
        return build_elsewhere(&options, out, &names, &shop, context);
    }
    let mut writer = context.writer(&shop, "feed build")?;
    let (mut runs, mut failures, mut explained) = (Vec::new(), Vec::new(), Vec::new());
    build_feeds(&shop, &mut writer, &names, &options, context.now, |coming| {
        let run = match args.explain {
            true => arrive_explained(coming, &shop, &mut explained, context),
            false => {
                let mut talk = context.report.findings();
                coming.arrive(&mut |finding| talk.push(finding))
            }
        };
        // One channel's trouble is its own: the others are still built.
        match run {
            Ok(run) => runs.push(run),
            Err(error) => failures.push(error),
        }
        true
    });
    if args.explain {
        context.report.result(&explained, |out| explained.iter().try_for_each(|one| one.write(out)))?;
    } else if !runs.is_empty() {
        context.report.summary(&runs, |out| table(&runs, out))?;
    }
    let left_out = runs.iter().any(|run| run.built.left_out > 0);
    finish(failures, runs.is_empty(), left_out, context)
}

/// Counts the findings of a feed; one that is held back is explained, too.
fn arrive_explained(
    coming: Coming<'_>,
    shop: &Shop,
    explained: &mut Vec<Explained>,
    context: &Context<'_>,
) -> Result<FeedRun> {
    let channel = shop.channel(coming.channel)?;
    let guarded = Guarded::open(&shop.catalog, Some(&shop.dir), &channel).map_err(|e| shop.locate(e))?;
    let counts = channel.count(&guarded, &to_utc_text(context.now), None).map_err(|e| shop.locate(e))?;
    let mut reasons = Reasons::default();
    let run = coming.arrive(&mut |finding| reasons.note(finding));
    explained.push(reasons.explain(channel, counts, run.as_ref().ok().cloned()));
    run
}

fn build_elsewhere(
    options: &FeedOptions,
    out: &Path,
    names: &[&str],
    shop: &Shop,
    context: &Context<'_>,
) -> Result<Outcome> {
    let [name] = names else {
        return Err(Error::usage("feed/one-channel", "--out takes the feed of one channel").help("name one channel"));
    };
    let channel = shop.channel(name)?;
    let mut talk = context.report.findings();
    let mut sink = |finding: &_| talk.push(finding);
    let mut findings = Findings::new(&mut sink);
    let left_out = if out.as_os_str() == "-" {
        let mut once = Some(context.report.raw());
        let next = || once.take().ok_or_else(several);
        write_feed(shop, &channel, options, context.now, next, &mut findings)?.0.left_out
    } else {
        let mut to = ToFiles::new(out);
        let (built, files) = write_feed(shop, &channel, options, context.now, || to.open_next(), &mut findings)?;
        if !options.dry_run {
            to.place(files)?;
        }
        context.report.summary(&built, |to| writeln!(to, "{}: {}", out.display(), sentence(&built)))?;
        built.left_out
    };
    Ok(if left_out > 0 { Outcome::Partly } else { Outcome::Done })
}

fn several() -> Error {
    Error::usage("feed/one-file", "the feed fills more than one file, and standard output is one")
        .help("name a file with a number in it: --out 'feed-{n}.csv'")
}

fn sentence(built: &Built) -> String {
    let left_out = match built.left_out {
        0 => String::new(),
        n => format!(", {} left out", thousands(n)),
    };
    let in_stock = built.in_stock.map(|n| format!(", {} in stock", thousands(n))).unwrap_or_default();
    let files = if built.files > 1 { format!(" in {}", counted(built.files, "file")) } else { String::new() };
    format!("{}{files}{left_out}{in_stock}", counted(built.offers, "offer"))
}

pub(super) fn table(runs: &[FeedRun], out: &mut dyn Write) -> std::io::Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["channel", "offers", "left out", "in stock", "size", "file", ""]);
    for run in runs {
        let placed = match run.placed {
            Placed::New => "new",
            Placed::Replaced => "replaced",
            Placed::Unchanged => "unchanged",
            Placed::Withheld => "dry run: not put in place",
        };
        table.row([
            Cell::from(run.channel.as_str()),
            Cell::number(thousands(run.built.offers)),
            Cell::number(thousands(run.built.left_out)),
            run.built.in_stock.map_or_else(|| Cell::from(""), |n| Cell::number(thousands(n))),
            Cell::number(size(run.built.bytes)),
            Cell::from(run.file.as_str()),
            Cell::from(placed),
        ]);
    }
    table.write(out)
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

// ------------------------------------------------------------------------------------------------- check

fn checks(args: &Check, context: &Context<'_>) -> Result<Outcome> {
    let channel = channel_of(&args.channel, args.country, context)?;
    let now = to_utc_text(context.now);
    let setting = |name: &str| match name {
        "now" => Some(now.clone()),
        _ => channel.parameter(name).map(Parameter::to_text),
    };
    let mut report = context.report.checks(args.format);
    report.channel(&args.channel);
    let mut total = Checked::default();
    let mut failed = None;
    for path in &args.files {
        let name = path.display().to_string();
        let mut written = Ok(());
        let mut sink = |finding: &_| {
            if written.is_ok() {
                written = report.push(finding);
            }
        };
        let mut findings = Findings::new(&mut sink);
        let read = open(path).and_then(|input| check(&channel, input, &name, setting, &mut findings));
        written?;
        match read {
            Ok(checked) => {
                total.offers += checked.offers;
                total.refused += checked.refused;
            }
            // The file breaks off here: a finding like any other, and what was read so far was reported.
            Err(error) if error.kind == Kind::Input && args.files.len() > 1 => {
                report.push(&error.to_diagnostic())?;
                failed = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    let summary = report.finish(total.offers, "offer")?;
    match failed {
        Some(_) => Ok(Outcome::Findings),
        None => Ok(summary.outcome(args.fail_on)),
    }
}

/// Inside a shop the channel as the shop has it; elsewhere (CI, a forked repository) the stock one.
fn channel_of(name: &str, country: Option<Country>, context: &Context<'_>) -> Result<Channel> {
    let mut channel = match context.dir.join("purvey.toml").is_file() && context.dir.join("shop.db").is_file() {
        true => context.shop()?.channel_to_read(name)?,
        false => {
            let mut settings = Settings::default();
            // What a build has to be told says nothing of a feed that is there.
            let required = Channel::load_contract(name, None)?.settings.into_keys();
            for key in ["site", "country", "shop", "currency"].map(str::to_owned).into_iter().chain(required) {
                settings.parameters.insert(key, Parameter::Text(String::new()));
            }
            Channel::load(name, None, settings)?
        }
    };
    if let Some(country) = country {
        channel.settings.parameters.insert("country".to_owned(), Parameter::Text(country.code().to_owned()));
    }
    Ok(channel)
}

fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    if path.is_dir() {
        return Err(Error::input("feed/directory", format!("{} is a folder", path.display())).help("name a file in it"));
    }
    read_feed(path)
}
