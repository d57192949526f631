//! `purvey return`: units come back, to any location.
use serde_json::json;

use super::Context;
use super::orders::{Which, lines};
use crate::catalog::{Deed, ReturnRequest};
use crate::diagnostic::Result;
use crate::report::Outcome;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    order: Which,
    /// What came back: the line as `orders show` names it, and how many.
    #[arg(long = "line", value_name = "LINE=QTY", value_parser = lines::parse, required = true)]
    line: (String, i64),
    /// Store code it came back to.
    #[arg(long)]
    location: String,
    /// It cannot be sold again.
    #[arg(long)]
    no_restock: bool,
    #[arg(long)]
    reason: Option<String>,
    /// The number of the return: the same one twice is the same return.
    #[arg(long)]
    number: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let (channel, id) = args.order.find(&shop)?;
    let (line, quantity) = &args.line;
    let mut writer = context.writer(&shop, "return")?;
    let change = writer.change(context.now)?;
    let deed = change.record_return(&ReturnRequest {
        channel: &channel,
        order_id: id,
        line_id: line,
        quantity: *quantity,
        location: &args.location,
        restock: !args.no_restock,
        reason: args.reason.as_deref(),
        key: args.number.as_deref(),
    })?;
    change.commit()?;
    let again = deed == Deed::Again;
    context.report.summary(
        &json!({"market": channel, "order": id, "line": line, "again": again}),
        |out| match again {
            true => writeln!(out, "order {id}: that return was booked before; nothing was changed"),
            false => writeln!(out, "order {id}: {quantity} of line {line} came back to {}", args.location),
        },
    )?;
    Ok(Outcome::Done)
}
