//! One file per command: read the arguments, call, report.
//!
//! Nothing is decided here that a program could not ask of the library; nothing is printed but through
//! [`report`](crate::report).
mod catalog;
mod channel;
mod completions;
mod feed;
mod init;
mod sandbox;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use jiff::Timestamp;

use crate::catalog::Writer;
use crate::diagnostic::{Error, Result};
use crate::report::{Options, Outcome, Report, exit_code};
use crate::shop::Shop;
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
    after_help = "Every command may be run twice. Exit codes: 0 done, 1 findings, 2 usage, 3 partly done, 5 held back by a guard,\n10 no shop here, 65 bad input, 69 remote away, 74 disk, 75 busy, 77 credentials."
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
    /// Look into the catalog.
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// Build, check and preview feeds.
    #[command(subcommand)]
    Feed(feed::Command),
    /// The channels a feed can be built for.
    #[command(subcommand)]
    Channel(channel::Command),
    /// A marketplace on this machine, to try things on.
    Sandbox(sandbox::Args),
    /// Completions for your shell.
    Completions(completions::Args),
}

fn moment(text: &str) -> Result<Timestamp, String> {
    time::parse(text, None).map_err(|e| format!("{}; {}", e.message, e.help))
}

/// Reads the command line, runs the command, prints what stopped it, and gives the exit code of DESIGN's table.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let global = &cli.global;
    let report = Report::new(Options { json: global.json, quiet: global.quiet, all: global.all, color: global.color });
    let context = Context {
        report: &report,
        dir: global.dir.clone(),
        wait: Duration::from_secs(global.wait),
        now: global.now.unwrap_or_else(Timestamp::now),
    };
    match cli.command.run(&context) {
        Ok(outcome) => ExitCode::from(outcome.code()),
        // `| head` has read enough: nothing is wrong.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report.error(&error);
            ExitCode::from(exit_code(error.kind))
        }
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
            Command::Catalog(command) => catalog::run(&command, context),
            Command::Feed(command) => feed::run(&command, context),
            Command::Channel(command) => channel::run(&command, context),
            Command::Sandbox(args) => sandbox::run(&args, context),
            Command::Completions(args) => completions::run(&args, context),
        }
    }
}

/// What every command may need.
struct Context<'r> {
    report: &'r Report,
    dir: PathBuf,
    wait: Duration,
    now: Timestamp,
}

impl Context<'_> {
    fn shop(&self) -> Result<Shop> {
        Shop::open(&self.dir)
    }

    /// The one writer, for a command called `command`.
    fn writer(&self, shop: &Shop, command: &str) -> Result<Writer> {
        shop.catalog.write(&format!("purvey {command}"), self.now, self.wait)
    }
}
