//! `orders export`: one CSV row for each line item, or one JSON object for each order, for people and other tools.
use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

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
                (detail.buyer, detail.buyer_erased_at) = (None, None);
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
        Format::Jsonl => orders.iter().try_for_each(|order| writeln!(out, "{}", document(order))),
        Format::Csv => table(args, orders, out),
    }
}

/// Stands for a buyer's name that was erased.
const ERASED: &str = "(erased)";

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

/// The order in the shape that `orders import` reads back.
fn document(order: &OrderDetail) -> Value {
    let s = &order.summary;
    let amount = |minor| decimal(minor, &s.currency);
    let lines = order.line_items.iter().map(|line| {
        json!({
            "line_id": line.line_id, "sku": sku(line), "gtin": line.gtin, "title": line.title, "quantity": line.quantity,
            "canceled": line.canceled, "shipped": line.shipped, "unit_price": amount(line.price_minor), "tax": amount(line.tax_minor)
        })
    });
    let mut document = json!({
        "channel": s.channel, "order_id": s.order_id, "state": s.state, "created_at": to_utc_text(s.placed_at),
        "updated_at": to_utc_text(s.updated_at), "fulfillment": s.fulfillment, "pickup_point": s.pickup_point,
        "currency": s.currency, "total": amount(s.total_minor), "shipping": amount(s.shipping_minor),
        "lines": lines.collect::<Vec<_>>()
    });
    if let Some(at) = order.buyer_erased_at {
        document["customer_erased_at"] = json!(to_utc_text(at));
    }
    if let Some(buyer) = &order.buyer {
        document["customer"] = json!({"name": buyer.name, "email": buyer.email, "phone": buyer.phone});
        if let Some(a) = &buyer.address {
            document["ship_to"] = json!({"address1": a.street, "postal_code": a.zip, "city": a.city, "region": a.region, "country": a.country});
        }
    }
    document
}

fn sku(line: &LineDetail) -> Option<&String> {
    line.sku.as_ref().or(line.channel_sku.as_ref())
}

fn decimal(minor: i64, currency: &str) -> String {
    match Currency::parse(currency) {
        Ok(currency) => Money::new(minor, currency).to_decimal_string(),
        Err(_) => minor.to_string(),
    }
}

fn row(order: &OrderDetail, line: &LineDetail) -> [String; 22] {
    let s = &order.summary;
    let amount = |minor| decimal(minor, &s.currency);
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
        text(sku(line)),
        line.title.clone(),
        line.quantity.to_string(),
        line.canceled.to_string(),
        line.shipped.to_string(),
        amount(line.price_minor),
        amount(line.tax_minor),
        order.buyer_erased_at.map_or_else(|| text(buyer.map(|b| &b.name)), |_| ERASED.to_owned()),
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
