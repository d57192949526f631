//! `purvey tracking`: numbers out.
use std::path::PathBuf;

use serde_json::json;

use super::orders::market_names;
use super::{Context, finish};
use crate::diagnostic::Result;
use crate::report::{Outcome, counted};
use crate::sync::{Channel, Dispatched, TRACKING, dispatch, each_market, signal};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Tell marketplaces of every parcel they do not know yet.
    Push {
        /// As purvey.toml names them; all when none is named.
        names: Vec<String>,
        /// Say what would be sent, and send nothing.
        #[arg(long)]
        dry_run: bool,
        /// Keep every exchange in this folder, without secrets and personal data.
        #[arg(long, value_name = "DIR")]
        record: Option<PathBuf>,
    },
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> Result<Outcome> {
    let Command::Push { names, dry_run, record } = command;
    let shop = context.shop()?;
    let names = market_names(&shop, names)?;
    let occasion = context.occasion(*dry_run);
    let mut writer = context.writer(&shop, "tracking push")?;
    let record = record.as_deref();
    let tell = |channel: &Channel<'_>| {
        let mut done = dispatch(&mut writer, channel, &occasion, TRACKING)?;
        done.add(signal(&mut writer, channel, &occasion)?);
        Ok(done)
    };
    let (mut sent, mut failures) = (Vec::new(), Vec::new());
    for (name, done) in each_market(&shop, &names, record, &occasion, tell)? {
        match done {
            Ok(done) => {
                context.report.diagnostics(&done.findings);
                sent.push((name, done));
            }
            Err(error) => failures.push(error),
        }
    }
    let result: serde_json::Map<String, serde_json::Value> =
        sent.iter().map(|(name, dispatched)| (name.clone(), json!(dispatched))).collect();
    if !sent.is_empty() {
        context.report.summary(&result, |out| {
            for (name, dispatched) in &sent {
                writeln!(out, "{name}: {}", sentence(dispatched))?;
                dispatched.withheld.iter().try_for_each(|what| writeln!(out, "  withheld: {what}"))?;
            }
            Ok(())
        })?;
    }
    finish(failures, sent.is_empty(), sent.iter().any(|(_, d)| d.postponed + d.dead > 0), context)
}

pub(super) fn sentence(done: &Dispatched) -> String {
    let mut parts = vec![format!("{} sent", counted(done.sent as u64, "message"))];
    for (count, what) in [
        (done.already, "known there already"),
        (done.moot, "no longer needed"),
        (done.postponed, "to be tried again"),
        (done.dead, "given up (see `purvey outbox list`)"),
        (done.withheld.len(), "withheld"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}
