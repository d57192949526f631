//! `purvey stock`: what lies where, and what a person counts.
use serde::Serialize;
use serde_json::json;

use super::Context;
use crate::catalog::{Change, Movement, Put, Stocked};
use crate::diagnostic::{Error, Place, Result};
use crate::report::{Cell, Outcome, Table};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Units of one SKU at each location.
    Show { sku: String },
    /// The locations there are.
    Locations,
    /// So many units were counted: what orders hold of them stays held.
    Count(Units),
    /// So many units came in.
    Receive(Units),
    /// So many more (or, with a minus, fewer) than the ledger has: breakage, finds.
    Adjust(Units),
    /// Tell a marketplace again of the listings it kept refusing.
    Retry { market: String },
}

#[derive(clap::Args)]
pub(super) struct Units {
    sku: String,
    /// The store code.
    location: String,
    #[arg(allow_negative_numbers = true)]
    quantity: i64,
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> Result<Outcome> {
    match command {
        Command::Show { sku } => show(sku, context),
        Command::Locations => locations(context),
        Command::Count(units) => {
            change(units, "stock count", context, |at, units| at.ledger.count(at.variant, at.location, units.quantity))
        }
        Command::Receive(units) => change(units, "stock receive", context, |at, units| {
            at.ledger.record(at.variant, at.location, Movement::Received(units.quantity)).map(|()| Put::Changed)
        }),
        Command::Adjust(units) => change(units, "stock adjust", context, |at, units| {
            at.ledger.record(at.variant, at.location, Movement::Adjusted(units.quantity)).map(|()| Put::Changed)
        }),
        Command::Retry { market } => retry(market, context),
    }
}

/// One place in the ledger, open for writing.
struct At<'c> {
    ledger: crate::catalog::Ledger<'c>,
    variant: i64,
    location: i64,
}

fn change(
    units: &Units,
    command: &str,
    context: &Context<'_>,
    work: impl FnOnce(&mut At<'_>, &Units) -> Result<Put>,
) -> Result<Outcome> {
    if units.quantity < 0 && command != "stock adjust" {
        return Err(Error::usage("stock/negative", format!("{} units cannot be", units.quantity))
            .help("give zero or more; `purvey stock adjust` takes away"));
    }
    let shop = context.shop()?;
    let mut writer = context.writer(&shop, command)?;
    let change = writer.change(context.now)?;
    let mut at = open(&change, units, command)?;
    let put = work(&mut at, units)?;
    drop(at);
    // The count that was known already leaves nothing behind.
    if put != Put::Same {
        change.commit()?;
    }
    let stock = shop.catalog.read()?.stock_of(&units.sku)?;
    context.report.summary(&stock, |out| table(&stock, out))?;
    Ok(Outcome::Done)
}

fn open<'c>(change: &'c Change<'_>, units: &Units, command: &str) -> Result<At<'c>> {
    let variant = change.variant_id(&units.sku)?.ok_or_else(|| {
        Error::usage("stock/unknown-sku", format!("the catalog has no {}", units.sku))
            .at(Place::of_sku(&units.sku))
            .help("`purvey catalog show` suggests near ones")
    })?;
    let location = change.location_id(&units.location)?.ok_or_else(|| {
        Error::usage("stock/unknown-location", format!("no location has the code {}", units.location))
            .help("`purvey stock locations` lists them")
    })?;
    // A person's deed is a cause of its own each time.
    let cause = format!("{command} {}@{} #{}", units.sku, units.location, change.run_id());
    let ledger = change.ledger(&cause)?.ok_or_else(|| Error::bug("one run counted the same twice"))?;
    Ok(At { ledger, variant, location })
}

fn show(sku: &str, context: &Context<'_>) -> Result<Outcome> {
    let stock = context.shop()?.catalog.read()?.stock_of(sku)?;
    context.report.result(&stock, |out| table(&stock, out))?;
    Ok(Outcome::Done)
}

/// Also what `catalog show` prints of stock.
pub(super) fn table(stock: &[Stocked], out: &mut dyn std::io::Write) -> std::io::Result<()> {
    if stock.is_empty() {
        return writeln!(out, "no stock at any location");
    }
    let mut table = Table::new(["location", "on hand", "reserved", "allocated", "available"]);
    for s in stock {
        table.row([
            Cell::from(s.location.as_str()),
            Cell::number(s.on_hand),
            Cell::number(s.reserved),
            Cell::number(s.allocated),
            Cell::number(s.available),
        ]);
    }
    table.write(out)
}

#[derive(Serialize)]
struct Listed {
    code: String,
    name: String,
    kind: String,
    fulfills_online: bool,
}

fn locations(context: &Context<'_>) -> Result<Outcome> {
    let all = context.shop()?.catalog.read()?.locations()?;
    let listed: Vec<Listed> = all
        .into_iter()
        .map(|l| Listed { code: l.code, name: l.name, kind: l.kind, fulfills_online: l.fulfills_online })
        .collect();
    context.report.result(&listed, |out| {
        if listed.is_empty() {
            return writeln!(out, "no locations; `purvey import locations.csv` adds them");
        }
        let mut table = Table::new(["code", "name", "kind", "online orders"]);
        for one in &listed {
            table.row([
                Cell::from(one.code.as_str()),
                Cell::from(one.name.as_str()),
                Cell::from(one.kind.as_str()),
                Cell::from(if one.fulfills_online { "yes" } else { "no" }),
            ]);
        }
        table.write(out)
    })?;
    Ok(Outcome::Done)
}

fn retry(market: &str, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    shop.market(market)?;
    let mut writer = context.writer(&shop, "stock retry")?;
    let change = writer.change(context.now)?;
    let listings = change.retry_listings(market)?;
    change.commit()?;
    context.report.summary(&json!({"market": market, "listings": listings}), |out| {
        writeln!(out, "{listings} refused listings of {market} are told again at the next sync")
    })?;
    Ok(Outcome::Done)
}
