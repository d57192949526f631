//! One file per command: read the arguments, call, report.
//!
//! Nothing is decided here that a program could not ask of the library; nothing is printed but through
//! [`report`](crate::report).
mod catalog;
mod channel;
mod completions;
mod customers;
mod demo;
mod doctor;
mod feed;
mod import;
mod init;
mod interrupt;
mod login;
mod orders;
mod outbox;
mod refund;
mod returns;
mod sandbox;
mod serve;
mod ship;
mod stock;
mod sync;
mod taxonomy;
mod tracking;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use jiff::Timestamp;

use crate::catalog::Writer;
use crate::diagnostic::{Error, Result};
use crate::market::host::{Clock, FileClock};
use crate::report::{Options, Outcome, Report, exit_code};
use crate::shop::Shop;
use crate::sync::Occasion;
use crate::value::time;

/// One catalog, every channel: product feeds out, marketplace orders in, tracking back.
#[derive(Parser)]
#[command(
    name = "purvey",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Every command may be run twice.\nExit codes: 0 done, 1 findings, 2 usage, 3 partly done, 5 held back by a guard, 10 no shop here,\n65 bad input, 69 remote away, 74 disk, 75 busy, 77 credentials."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Args)]
struct Global {
    /// The shop's folder.
    #[arg(short = 'C', value_name = "DIR", default_value = ".", global = true)]
    dir: PathBuf,
    /// Machine-readable results: one JSON object a line.
    #[arg(long, global = true)]
    json: bool,
    /// Say only what went wrong.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Show every finding, not only the first of each kind.
    #[arg(long, global = true)]
    all: bool,
    /// Color in what is said.
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    color: clap::ColorChoice,
    /// Wait so many seconds for another purvey that is writing the catalog.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, global = true)]
    wait: u64,
    /// Pretend it is this moment (UTC), for reproducible feeds.
    #[arg(long, value_name = "TIME", value_parser = moment, global = true, hide_short_help = true)]
    now: Option<Timestamp>,
}

#[derive(Subcommand)]
enum Command {
    /// Make a shop: an empty catalog and a purvey.toml.
    Init(init::Args),
    /// Take in products, stock, prices, locations, orders or tracking numbers from files.
    Import(import::Args),
    /// Look into the catalog.
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// What lies where, and what a person counts.
    #[command(subcommand)]
    Stock(stock::Command),
    /// Build feeds, and check anybody's.
    #[command(subcommand)]
    Feed(feed::Command),
    /// The channels a feed can be built for.
    #[command(subcommand)]
    Channel(channel::Command),
    /// The categories channels publish.
    #[command(subcommand)]
    Taxonomy(taxonomy::Command),
    /// Marketplace orders: pull, look, decide, carry by hand.
    #[command(subcommand)]
    Orders(orders::Command),
    /// The buyers' personal data: erase it.
    #[command(subcommand)]
    Customers(customers::Command),
    /// Book a parcel: its lines, its carrier, its number.
    Ship(ship::Args),
    /// Tracking numbers out to the marketplaces.
    #[command(subcommand)]
    Tracking(tracking::Command),
    /// Book units that came back.
    Return(returns::Args),
    /// Give a buyer money back.
    Refund(refund::Args),
    /// One run of everything, in the right order: orders in, feeds, stock and tracking out.
    Sync(sync::Args),
    /// What waits to be sent, and what could not be.
    #[command(subcommand)]
    Outbox(outbox::Command),
    /// Let channels that fetch their feed fetch it here.
    Serve(serve::Args),
    /// Prove that the catalog is sound.
    Doctor(doctor::Args),
    /// A marketplace on this machine, to try things on.
    Sandbox(sandbox::Args),
    /// See it work: an example shop, a sandbox marketplace, the whole road.
    Demo(demo::Args),
    /// Completions for your shell.
    Completions(completions::Args),
}

fn moment(text: &str) -> Result<Timestamp, String> {
    time::parse(text, None).map_err(|e| format!("{}; {}", e.message, e.help))
}

/// Reads the command line, runs the command, prints what stopped it, and gives the exit code of DESIGN's table.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let Global { json, quiet, all, color, .. } = cli.global;
    let report = Report::new(Options { json, quiet, all, color });
    match cli.execute(&report) {
        Ok(outcome) => ExitCode::from(outcome.code()),
        // `| head` has read enough: nothing is wrong.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report.error(&error);
            ExitCode::from(exit_code(error.kind))
        }
    }
}

impl Cli {
    fn execute(self, report: &Report) -> Result<Outcome> {
        let Global { dir, wait, now, .. } = self.global;
        let pretends = now.is_some();
        let now = match now {
            Some(now) => now,
            None => FileClock::of_environment()?.map_or_else(Timestamp::now, |clock| clock.now()),
        };
        interrupt::ended(self.command.run(&Context {
            report,
            dir: &dir,
            wait: Duration::from_secs(wait),
            now,
            pretends,
        }))
    }
}

fn is_closed_pipe(error: &Error) -> bool {
    let source = error.source.as_deref().and_then(|s| s.downcast_ref::<std::io::Error>());
    source.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

impl Command {
    fn run(self, context: &Context<'_>) -> Result<Outcome> {
        match self {
            Command::Init(args) => init::run(&args, context),
            Command::Import(args) => import::run(&args, context),
            Command::Catalog(command) => catalog::run(&command, context),
            Command::Stock(command) => stock::run(&command, context),
            Command::Feed(command) => feed::run(&command, context),
            Command::Channel(command) => channel::run(&command, context),
            Command::Taxonomy(command) => taxonomy::run(&command, context),
            Command::Orders(command) => orders::run(&command, context),
            Command::Customers(command) => customers::run(&command, context),
            Command::Ship(args) => ship::run(&args, context),
            Command::Tracking(command) => tracking::run(&command, context),
            Command::Return(args) => returns::run(&args, context),
            Command::Refund(args) => refund::run(&args, context),
            Command::Sync(args) => sync::run(&args, context),
            Command::Outbox(command) => outbox::run(&command, context),
            Command::Serve(args) => serve::run(&args, context),
            Command::Doctor(args) => doctor::run(&args, context),
            Command::Sandbox(args) => sandbox::run(&args, context),
            Command::Demo(args) => demo::run(&args, context),
            Command::Completions(args) => completions::run(&args, context),
        }
    }
}

/// Everything failed: the last error decides the exit code. Some did: exit 3, each said.
fn finish(mut failures: Vec<Error>, nothing_done: bool, partly: bool, context: &Context<'_>) -> Result<Outcome> {
    let last = if nothing_done { failures.pop() } else { None };
    failures.iter().for_each(|error| context.report.error(error));
    match last {
        Some(error) => Err(error),
        None => Ok(if partly || !failures.is_empty() { Outcome::Partly } else { Outcome::Done }),
    }
}

/// What every command may need.
#[derive(Clone, Copy)]
struct Context<'r> {
    report: &'r Report,
    dir: &'r Path,
    wait: Duration,
    now: Timestamp,
    /// `--now`: the clock stands still.
    pretends: bool,
}

impl Context<'_> {
    fn shop(&self) -> Result<Shop> {
        Shop::open(self.dir)
    }

    /// How and when a run speaks to marketplaces; from here on, signals ask it to stop instead of ending it.
    fn occasion(&self, dry_run: bool) -> Occasion<'static> {
        Occasion { now: self.now, dry_run, since: None, stop: interrupt::listen() }
    }

    /// The one writer, for a command called `command`.
    fn writer(&self, shop: &Shop, command: &str) -> Result<Writer> {
        shop.catalog.write(&format!("purvey {command}"), self.now, self.wait)
    }
}
