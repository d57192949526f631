//! `purvey channel`: what there is, and whether a contract and its template fit.
use serde::Serialize;

use super::Context;
use crate::channel::{Channel, Guarded, SCHEMA, names, scaffold};
use crate::diagnostic::{Diagnostic, Result};
use crate::report::{Cell, FailOn, Format, Outcome, Table, counted};
use crate::shop::Shop;
use crate::value::time::to_utc_text;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Every channel, the binary's and the shop's own.
    List,
    /// Print the JSON Schema of contracts: an editor that knows it completes them.
    Schema,
    /// Begin a channel of your own: a copy of one that is there, with a small shop to test it on.
    New {
        /// What it is to be called.
        name: String,
        /// The channel to begin with.
        #[arg(long, value_name = "CHANNEL", default_value = "generic")]
        from: String,
    },
    /// Let purvey into a marketplace's account, where a key is not enough.
    Login {
        /// As purvey.toml names it.
        name: String,
    },
    /// Check contracts and templates against each other.
    Check {
        /// Channels; all of them when none is named.
        names: Vec<String>,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[arg(long, value_enum, default_value_t)]
        fail_on: FailOn,
    },
}

#[derive(Serialize)]
struct Listed {
    name: String,
    title: String,
    formats: Vec<String>,
    attributes: usize,
    checked: String,
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> Result<Outcome> {
    match command {
        Command::List => list(context),
        Command::Schema => {
            context.report.document(|out| out.write_all(SCHEMA.as_bytes()).map_err(crate::report::unwritten))?;
            Ok(Outcome::Done)
        }
        Command::Login { name } => super::login::run(name, context),
        Command::New { name, from } => new(name, from, context),
        Command::Check { names, format, fail_on } => check(names, *format, *fail_on, context),
    }
}

fn list(context: &Context<'_>) -> Result<Outcome> {
    let shop = context.dir.is_dir().then_some(context.dir);
    let mut listed = Vec::new();
    for name in names(shop) {
        let contract = Channel::load_contract(&name, shop)?;
        listed.push(Listed {
            name,
            title: contract.title,
            formats: contract.format.keys().cloned().collect(),
            attributes: contract.attribute.len(),
            checked: contract.checked.to_string(),
        });
    }
    context.report.result(&listed, |out| {
        let mut table = Table::new(["channel", "what it is", "formats", "attributes", "facts checked"]);
        for one in &listed {
            table.row([
                Cell::from(one.name.as_str()),
                Cell::from(one.title.as_str()),
                Cell::from(one.formats.join(", ")),
                Cell::number(one.attributes),
                Cell::from(one.checked.as_str()),
            ]);
        }
        table.write(out)
    })?;
    Ok(Outcome::Done)
}

fn new(name: &str, from: &str, context: &Context<'_>) -> Result<Outcome> {
    let made = scaffold(context.dir, name, from)?;
    // a checkout of purvey has no purvey.toml of its own
    let is_shop = context.dir.join("purvey.toml").is_file();
    let noted = is_shop && Shop::open(context.dir)?.note_channel(name, &made.settings)?;
    context.report.summary(&made, |out| {
        if made.files.is_empty() && !noted {
            return writeln!(out, "channel {name} is there already; nothing was changed");
        }
        made.files.iter().try_for_each(|file| writeln!(out, "made {file}"))?;
        if noted {
            writeln!(out, "added [channel.{name}] to purvey.toml")?;
        }
        for (key, help) in &made.settings {
            writeln!(out, "fill in {key}: {help}")?;
        }
        match is_shop {
            true => writeln!(out, "next: purvey channel check {name}; purvey feed build {name}"),
            false => writeln!(out, "next: UPDATE=1 cargo test --test feeds, and read what it wrote"),
        }
    })?;
    Ok(Outcome::Done)
}

fn check(wanted: &[String], format: Format, fail_on: FailOn, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let all = names(Some(&shop.dir));
    // a channel the shop neither uses nor asks about need not be told what it would need to know
    let is_used = |name: &String| wanted.contains(name) || shop.config.channel.contains_key(name);
    let wanted = if wanted.is_empty() { &all } else { wanted };
    let mut report = context.report.checks(format);
    for name in wanted {
        report.channel(name);
        match check_one(&shop, name, context) {
            Ok(faults) => faults.iter().try_for_each(|fault| report.push(fault))?,
            // what it needs to be told, or a map it would read
            Err(error)
                if matches!(error.code, "channel/setting-missing" | "template/no-such-table") && !is_used(name) =>
            {
                context.report.note(&format!("{name}: not used; {}", error.message));
            }
            Err(error) => report.push(&error.to_diagnostic())?,
        }
    }
    Ok(report.finish(wanted.len() as u64, "channel")?.outcome(fail_on))
}

/// Everything wrong with the contract, else the first thing that keeps its queries from running.
fn check_one(shop: &Shop, name: &str, context: &Context<'_>) -> Result<Vec<Diagnostic>> {
    let faults = Channel::contract_faults(name, Some(&shop.dir))?;
    if !faults.is_empty() {
        return Ok(faults);
    }
    let channel = shop.channel(name)?;
    let guarded = Guarded::open(&shop.catalog, Some(&shop.dir), &channel).map_err(|error| shop.locate(error))?;
    let now = to_utc_text(context.now);
    let compiled = channel.compile(&guarded, &now)?;
    channel.section_rows(&guarded, &now)?;
    context.report.note(&format!("{name}: {}", counted(compiled.columns.len() as u64, "column")));
    Ok(faults)
}
