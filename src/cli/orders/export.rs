//! `orders export`: one CSV row for each line item, or one JSON object for each order, for people and other tools.
use std::io::Write;
use std::path::PathBuf;

use super::Filter;
use crate::catalog::{LineDetail, OrderDetail};
use crate::cli::Context;
use crate::deliver::ToFile;
use crate::diagnostic::{Error, Result};
use crate::report::{Outcome, counted, unwritten};
use crate::value::time::to_utc_text;
use crate::value::{Currency, Money};

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    filter: Filter,
    /// A file; standard output when not said.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The buyers' names and addresses too.
    #[arg(long)]
    buyers: bool,
    /// Text exactly as it is: without the apostrophe that keeps a spreadsheet from running it as a formula.
    #[arg(long)]
    raw: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let reader = context.shop()?.catalog.read()?;
    let mut orders = Vec::new();
    for summary in reader.orders(&args.filter.to_catalog())? {
        if let Some(mut detail) = reader.order(&summary.channel, &summary.order_id)? {
            if !args.buyers {
                detail.buyer = None;
            }
            orders.push(detail);
        }
    }
    let Some(out) = &args.out else {
        context.report.document(|out| write(args, &orders, out).map_err(unwritten))?;
        return Ok(Outcome::Done);
    };
    let mut file = ToFile::create(out)?;
    write(args, &orders, &mut file).map_err(|e| Error::io("write", out, e))?;
    file.place()?;
    let result = serde_json::json!({"orders": orders.len(), "file": out.display().to_string()});
    context
        .report
        .summary(&result, |to| writeln!(to, "{}: {}", out.display(), counted(orders.len() as u64, "order")))?;
    Ok(Outcome::Done)
}

fn write(args: &Args, orders: &[OrderDetail], out: &mut dyn Write) -> std::io::Result<()> {
    match args.format {
        Format::Jsonl => orders.iter().try_for_each(|order| writeln!(out, "{}", serde_json::to_string(order)?)),
        Format::Csv => table(args, orders, out),
    }
}

/// What `orders import` reads back.
const COLUMNS: [&str; 22] = [
    "market",
    "order",
    "state",
    "placed_at",
    "updated_at",
    "fulfillment",
    "pickup_point",
    "currency",
    "total",
    "shipping",
    "line",
    "sku",
    "title",
    "quantity",
    "canceled",
    "shipped",
    "price",
    "tax",
    "buyer",
    "street",
    "city",
    "country",
];

fn table(args: &Args, orders: &[OrderDetail], out: &mut dyn Write) -> std::io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for order in orders {
        for line in &order.line_items {
            csv.write_record(row(order, line).iter().map(|cell| if args.raw { cell.clone() } else { harmless(cell) }))?;
        }
    }
    csv.flush()
}

fn row(order: &OrderDetail, line: &LineDetail) -> [String; 22] {
    let s = &order.summary;
    let amount = |minor: i64| match Currency::parse(&s.currency) {
        Ok(currency) => Money::new(minor, currency).to_decimal_string(),
        Err(_) => minor.to_string(),
    };
    let buyer = order.buyer.as_ref();
    let address = buyer.and_then(|b| b.address.as_ref());
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    [
        s.channel.clone(),
        s.order_id.clone(),
        s.state.as_str().to_owned(),
        to_utc_text(s.placed_at),
        to_utc_text(s.updated_at),
        s.fulfillment.as_str().to_owned(),
        text(s.pickup_point.as_ref()),
        s.currency.clone(),
        amount(s.total_minor),
        amount(s.shipping_minor),
        line.line_id.clone(),
        text(line.sku.as_ref().or(line.channel_sku.as_ref())),
        line.title.clone(),
        line.quantity.to_string(),
        line.canceled.to_string(),
        line.shipped.to_string(),
        amount(line.price_minor),
        amount(line.tax_minor),
        text(buyer.map(|b| &b.name)),
        text(address.map(|a| &a.street)),
        text(address.map(|a| &a.city)),
        text(address.map(|a| &a.country)),
    ]
}

/// A cell that starts like a formula would be run by a spreadsheet: an apostrophe before it makes it text.
fn harmless(cell: &str) -> String {
    let first = cell.trim_start_matches([' ', '"', '\'', '\u{a0}']).chars().next();
    let number = cell.parse::<f64>().is_ok();
    match first {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠') if !number => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_formula_is_made_text_and_a_number_is_left_alone() {
        assert_eq!(harmless("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(harmless(" @SUM(1)"), "' @SUM(1)");
        assert_eq!(harmless("-12.50"), "-12.50");
        assert_eq!(harmless("Mug - blue"), "Mug - blue");
    }
}
