//! `purvey catalog`: what is in it, and what a template may read of it.
use std::io::Write;

use serde::Serialize;

use super::orders::amount;
use super::{Context, stock};
use crate::catalog::{ItemView, Listed, ListingView, Override, Stocked};
use crate::channel::ITEM_MORE;
use crate::diagnostic::Result;
use crate::report::{Cell, Outcome, Table, escape, thousands};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Columns of `item`, `item_stock`, `item_price` and `item_review`: what templates read.
    Columns,
    /// How much there is of everything.
    Summary,
    /// Variants, all or those whose SKU, title or GTIN holds a text.
    List {
        /// In any case; a GTIN in full.
        search: Option<String>,
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// One SKU: everything the catalog has of it.
    Show {
        /// The SKU, as the catalog has it.
        sku: String,
    },
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let reader = shop.catalog.read()?;
    match command {
        Command::Columns => {
            let mut views = reader.views()?;
            for item in views.iter_mut().filter(|view| view.name == "item") {
                item.columns.extend(ITEM_MORE.iter().map(|(name, _)| (*name).to_owned()));
            }
            context.report.result(&views, |out| {
                for view in &views {
                    writeln!(out, "{}\n  {}\n", view.name, view.columns.join(", "))?;
                }
                Ok(())
            })?;
        }
        Command::Summary => {
            let counts = reader.counts()?;
            context.report.result(&counts, |out| {
                let mut table = Table::new(["what", "how many"]);
                for (what, count) in &counts {
                    table.row([Cell::from(what.as_str()), Cell::number(thousands(*count))]);
                }
                table.write(out)
            })?;
        }
        Command::List { search, limit } => {
            let listed = reader.list(search.as_deref(), *limit)?;
            context.report.result(&listed, |out| list(&listed, *limit, out))?;
        }
        Command::Show { sku } => {
            let (item, stock) = (reader.item(sku)?, reader.stock_of(sku)?);
            let (overrides, listings) = (reader.overrides_of(sku)?, reader.listings_of(sku)?);
            let shown = Shown { item, stock, overrides, listings };
            context.report.result(&shown, |out| shown.write(out))?;
        }
    }
    Ok(Outcome::Done)
}

fn list(listed: &[Listed], limit: usize, out: &mut dyn Write) -> std::io::Result<()> {
    if listed.is_empty() {
        return writeln!(out, "nothing found");
    }
    let mut table = Table::new(["SKU", "title", "price", "available", "status"]);
    for one in listed {
        let price = match (one.price_minor, &one.currency) {
            (Some(minor), Some(currency)) => amount(minor, currency),
            _ => String::new(),
        };
        table.row([
            Cell::from(one.sku.as_str()),
            Cell::from(crate::value::text::cut_chars(&one.title, 60)),
            Cell::number(price),
            Cell::number(one.available),
            Cell::from(one.status.as_str()),
        ]);
    }
    table.write(out)?;
    if listed.len() == limit {
        writeln!(out, "the first {limit}; --limit shows more")?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Shown {
    item: ItemView,
    stock: Vec<Stocked>,
    overrides: Vec<Override>,
    listings: Vec<ListingView>,
}

impl Shown {
    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        for (column, value) in self.item.iter().filter(|(_, value)| !value.is_null()) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let cut = crate::value::text::cut_chars(&line, 100);
            writeln!(out, "{column:<24} {cut}{}", if cut.len() < line.len() { " …" } else { "" })?;
        }
        writeln!(out)?;
        stock::table(&self.stock, out)?;
        if !self.overrides.is_empty() {
            writeln!(out)?;
            let mut table = Table::new(["channel", "attribute", "is told"]);
            for Override { channel, attribute, value } in &self.overrides {
                let value = crate::value::text::cut_chars(value, 60);
                table.row([channel.as_str(), attribute.as_str(), value].map(Cell::from));
            }
            table.write(out)?;
        }
        if self.listings.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        let mut table = Table::new(["marketplace", "its name there", "stock told", "offer accepted", "last word"]);
        for listing in &self.listings {
            table.row([
                Cell::from(listing.channel.as_str()),
                Cell::from(listing.offer.as_str()),
                Cell::number(listing.quantity.map(|q| q.to_string()).unwrap_or_default()),
                Cell::from(listing.offer_told_at.as_deref().unwrap_or_default()),
                Cell::from(listing.last_error.as_deref().unwrap_or_default()),
            ]);
        }
        table.write(out)?;
        let found = self.listings.iter().flat_map(|listing| listing.issues.iter().map(move |issue| (listing, issue)));
        for (listing, issue) in found {
            let effect = if issue.disapproved { "does not show it" } else { "shows it less" };
            writeln!(out, "{} {effect}: {}", escape(&listing.channel), escape(&issue.words))?;
        }
        Ok(())
    }
}
