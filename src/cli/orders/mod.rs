//! `purvey orders`: what came in, what it waits for, and what a person decides.
mod export;
pub(super) mod lines;
mod list;

pub(super) use list::amount;

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;

use super::{Context, finish, moment};
use crate::catalog::Deed;
use crate::diagnostic::{Error, Place, Result};
use crate::order::State;
use crate::report::{Outcome, counted};
use crate::shop::Shop;
use crate::sync::{Occasion, Pulled, abilities, each_market, pull};
use crate::value::Sku;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Pull new and changed orders from marketplaces.
    Pull {
        /// As purvey.toml names them; all when none is named.
        names: Vec<String>,
        /// Read from this moment on instead of from where the last pull ended.
        #[arg(long, value_name = "TIME", value_parser = moment)]
        since: Option<Timestamp>,
        /// Read and work everything out, but keep and send nothing.
        #[arg(long)]
        dry_run: bool,
        /// Keep every exchange in this folder, without secrets and personal data.
        #[arg(long, value_name = "DIR")]
        record: Option<PathBuf>,
    },
    /// Orders, the latest first.
    List(Filter),
    /// One order in full.
    Show {
        #[command(flatten)]
        order: Which,
        /// The buyer's name and address too.
        #[arg(long)]
        buyer: bool,
    },
    /// Say which SKU a line item is, where purvey could not tell.
    Match {
        #[command(flatten)]
        order: Which,
        /// The line, as `orders show` names it.
        line: String,
        /// What it is in the catalog.
        sku: String,
    },
    /// Accept an order that waits for it, all but the refused lines.
    Accept {
        #[command(flatten)]
        order: Which,
        /// A line we cannot deliver.
        #[arg(long, value_name = "LINE")]
        refuse: Vec<String>,
    },
    /// Cancel what has not left yet.
    Cancel {
        #[command(flatten)]
        order: Which,
        /// Only these: SKU or line, and how many. Everything open when not said.
        #[arg(long = "line", value_name = "SKU=QTY", value_parser = lines::parse)]
        lines: Vec<(String, i64)>,
        #[arg(long)]
        reason: String,
    },
    /// A pickup order is packed and waits at its store.
    Ready {
        #[command(flatten)]
        order: Which,
    },
    /// The buyer has collected a pickup order.
    PickedUp {
        #[command(flatten)]
        order: Which,
    },
    /// Orders as CSV or JSON lines, one row or object for each.
    Export(export::Args),
    /// Take orders from a file that `export` or another tool wrote.
    Import(super::import::OrderArgs),
}

#[derive(clap::Args)]
pub(super) struct Filter {
    /// Only of this marketplace.
    #[arg(long)]
    market: Option<String>,
    /// Only in this state.
    #[arg(long, value_parser = state)]
    state: Option<State>,
    /// Only with units that have not left.
    #[arg(long)]
    open: bool,
    /// Only those that wait for a person.
    #[arg(long)]
    waiting: bool,
    /// At most so many.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// An order, named by its marketplace's id.
#[derive(clap::Args)]
pub(super) struct Which {
    /// The order, by the id its marketplace gave it.
    pub(super) order: String,
    /// The marketplace, where two have an order of this id.
    #[arg(long)]
    pub(super) market: Option<String>,
}

fn state(text: &str) -> Result<State, String> {
    State::parse(text).ok_or_else(|| {
        let all: Vec<&str> = State::ALL.iter().map(|s| s.as_str()).collect();
        format!("one of {}", all.join(", "))
    })
}

impl Which {
    /// The marketplace that has it, and its id.
    pub(super) fn find(&self, shop: &Shop) -> Result<(String, &str)> {
        if let Some(market) = &self.market {
            return Ok((market.clone(), &self.order));
        }
        let mut channels = shop.catalog.read()?.channels_of_order(&self.order)?;
        let place = || Place { attribute: Some(format!("order {}", self.order)), ..Place::default() };
        match (channels.pop(), channels.is_empty()) {
            (Some(channel), true) => Ok((channel, &self.order)),
            (Some(channel), false) => Err(Error::usage(
                "order/ambiguous",
                format!("{} marketplaces have an order of this id", channels.len() + 1),
            )
            .at(place())
            .help(format!("say which with --market, for example --market {channel}"))),
            (None, _) => Err(Error::usage("order/unknown", "no such order")
                .at(place())
                .help("`purvey orders list` shows all; a new one comes with `purvey orders pull`")),
        }
    }
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> Result<Outcome> {
    match command {
        Command::Pull { names, since, dry_run, record } => {
            let occasion = Occasion { since: *since, ..context.occasion(*dry_run) };
            pull_all(names, &occasion, record.as_deref(), context)
        }
        Command::List(filter) => list::list(filter, context),
        Command::Show { order, buyer } => list::show(order, *buyer, context),
        Command::Export(args) => export::run(args, context),
        Command::Import(args) => super::import::orders(args, context),
        Command::Match { order, line, sku } => {
            let sku = Sku::parse(sku).map_err(Error::from)?;
            deed(order, "orders match", context, |change, channel, id| {
                let findings = change.match_line(channel, id, line, &sku)?;
                context.report.diagnostics(&findings);
                Ok(Deed::Done)
            })
        }
        Command::Accept { order, refuse } => {
            deed(order, "orders accept", context, |change, channel, id| change.decide_order(channel, id, refuse))
        }
        Command::Cancel { order, lines, reason } => {
            let shop = context.shop()?;
            let (channel, id) = order.find(&shop)?;
            let lines = lines::resolve(&shop, &channel, id, lines)?;
            let tell = shop.config.market.contains_key(&channel);
            if tell {
                able_to_cancel(&shop, &channel, lines.is_some(), reason)?;
            }
            deed(order, "orders cancel", context, |change, channel, id| {
                change.cancel_order(channel, id, lines.as_deref(), reason, tell)
            })
        }
        Command::Ready { order } => {
            let tell = tells(order, context)?;
            deed(order, "orders ready", context, |change, channel, id| change.ready_for_pickup(channel, id, tell))
        }
        Command::PickedUp { order } => {
            let tell = tells(order, context)?;
            deed(order, "orders picked-up", context, |change, channel, id| {
                let (deed, findings) = change.picked_up(channel, id, tell)?;
                context.report.diagnostics(&findings);
                Ok(deed)
            })
        }
    }
}

/// Says at once what the marketplace would refuse, before anything is changed here.
fn able_to_cancel(shop: &Shop, channel: &str, units: bool, reason: &str) -> Result<()> {
    let connector = abilities(shop, channel)?;
    if !connector.describe().cancel {
        return Err(unable(channel, "cancels no orders for us", connector.by_hand()));
    }
    if units && !connector.cancels_units() {
        let help = "cancel the whole order without --line, or do it on the marketplace's own pages";
        return Err(unable(channel, "cancels whole orders only", help));
    }
    let reasons = connector.cancel_reasons();
    if !reasons.is_empty() && !reasons.iter().any(|known| known.eq_ignore_ascii_case(reason)) {
        let message = format!("{channel} does not take `{reason}` as the reason of a cancel");
        return Err(Error::usage("cancel/unknown-reason", message).help(format!("it takes {}", reasons.join(", "))));
    }
    Ok(())
}

/// What a marketplace has no way to do, and who has.
pub(super) fn unable(channel: &str, what: &str, help: &str) -> Error {
    Error::usage("market/unsupported", format!("{channel} {what}: nothing was changed")).help(help)
}

/// Whether the order's marketplace can be told: orders carried in by hand have none.
pub(super) fn tells(order: &Which, context: &Context<'_>) -> Result<bool> {
    let shop = context.shop()?;
    let (channel, _) = order.find(&shop)?;
    Ok(shop.config.market.contains_key(&channel))
}

/// One thing done to one order, in one change.
fn deed(
    order: &Which,
    command: &str,
    context: &Context<'_>,
    work: impl FnOnce(&crate::catalog::Change<'_>, &str, &str) -> Result<Deed>,
) -> Result<Outcome> {
    let shop = context.shop()?;
    let (channel, id) = order.find(&shop)?;
    let mut writer = context.writer(&shop, command)?;
    let change = writer.change(context.now)?;
    let deed = work(&change, &channel, id)?;
    change.commit()?;
    let detail = writer.order(&channel, id)?;
    let state = detail.as_ref().map_or("", |d| d.summary.state.as_str());
    let again = deed == Deed::Again;
    context.report.summary(
        &json!({"market": channel, "order": id, "state": state, "again": again}),
        |out| match again {
            true => writeln!(out, "order {id}: that was done before; nothing was changed ({state})"),
            false => writeln!(out, "order {id} is {state}"),
        },
    )?;
    Ok(Outcome::Done)
}

fn pull_all(
    names: &[String],
    occasion: &Occasion<'_>,
    record: Option<&std::path::Path>,
    context: &Context<'_>,
) -> Result<Outcome> {
    let shop = context.shop()?;
    let names = market_names(&shop, names)?;
    let mut writer = context.writer(&shop, "orders pull")?;
    let (mut pulled, mut failures) = (Vec::new(), Vec::new());
    for (name, done) in each_market(&shop, &names, record, occasion, |channel| pull(&mut writer, channel, occasion))? {
        match done {
            Ok(done) => {
                context.report.diagnostics(&done.applied.findings);
                pulled.push((name, done));
            }
            Err(error) => failures.push(error),
        }
    }
    let result: serde_json::Map<String, serde_json::Value> =
        pulled.iter().map(|(name, pulled)| (name.clone(), json!(pulled))).collect();
    if !pulled.is_empty() {
        context.report.summary(&result, |out| {
            for (name, pulled) in &pulled {
                let dry = if occasion.dry_run { " (dry run: nothing was kept)" } else { "" };
                writeln!(out, "{name}: {}{dry}", sentence(pulled))?;
            }
            Ok(())
        })?;
    }
    finish(failures, pulled.is_empty(), pulled.iter().any(|(_, p)| p.unreadable > 0), context)
}

pub(super) fn sentence(pulled: &Pulled) -> String {
    let applied = &pulled.applied;
    let mut parts = vec![format!("{} new", counted(applied.new as u64, "order"))];
    parts.push(format!("{} changed", applied.changed));
    parts.push(format!("{} same", applied.same + applied.older));
    if applied.accepted > 0 {
        parts.push(format!("{} to be accepted", applied.accepted));
    }
    if pulled.looked_again > 0 {
        parts.push(format!("{} looked at again", pulled.looked_again));
    }
    if pulled.unreadable > 0 {
        parts.push(format!("{} unreadable", pulled.unreadable));
    }
    parts.join(", ")
}

/// The marketplaces asked for, else all of the shop's.
pub(super) fn market_names<'a>(shop: &'a Shop, asked: &'a [String]) -> Result<Vec<&'a str>> {
    let names: Vec<&str> = match asked.is_empty() {
        true => shop.config.market.keys().map(String::as_str).collect(),
        false => asked.iter().map(String::as_str).collect(),
    };
    if names.is_empty() {
        return Err(Error::usage("market/none", "purvey.toml names no marketplace")
            .at(Place::file("purvey.toml"))
            .help("add [market.NAME] with connector, url and key"));
    }
    Ok(names)
}
