//! `purvey refund`: money goes back to a buyer. What comes back for it is booked with `purvey return`.
use serde_json::json;

use super::Context;
use super::orders::{Which, amount, lines, unable};
use crate::catalog::{Deed, RefundRequest};
use crate::diagnostic::{Error, Place, Result};
use crate::report::Outcome;
use crate::sync::abilities;
use crate::value::{Currency, Money};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    order: Which,
    /// For which units: SKU or line, and how many. All that was paid when nothing is said.
    #[arg(long = "line", value_name = "SKU=QTY", value_parser = lines::parse)]
    lines: Vec<(String, i64)>,
    /// How much, taxes and all; what the units cost when not said.
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<String>,
    /// How much of the shipping, beside it.
    #[arg(long, value_name = "AMOUNT")]
    shipping: Option<String>,
    /// Why: a code where the marketplace has some.
    #[arg(long)]
    reason: String,
    /// The number of the refund: the same one twice is the same refund.
    #[arg(long)]
    number: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let (channel, id) = args.order.find(&shop)?;
    let lines = lines::resolve(&shop, &channel, id, &args.lines)?.unwrap_or_default();
    let tell = shop.config.market.contains_key(&channel);
    if tell {
        let connector = abilities(&shop, &channel)?;
        if !connector.refunds() {
            return Err(unable(&channel, "gives no money back for us", connector.by_hand()));
        }
    }
    let known = shop.catalog.read()?.order(&channel, id)?;
    let known = known.ok_or_else(|| Error::input("order/unknown", format!("{channel} has no order {id}")))?;
    let currency = Currency::parse(&known.summary.currency)?;
    let minor = |name: &str, text: &Option<String>| text.as_deref().map(|text| read(name, text, currency)).transpose();
    let (amount_minor, shipping_minor) = (minor("amount", &args.amount)?, minor("shipping", &args.shipping)?);
    let mut writer = context.writer(&shop, "refund")?;
    let change = writer.change(context.now)?;
    let receipt = change.refund(&RefundRequest {
        channel: &channel,
        order_id: id,
        lines: &lines,
        amount_minor,
        shipping_minor,
        reason: &args.reason,
        number: args.number.as_deref(),
        tell,
    })?;
    change.commit()?;
    let again = receipt.deed == Deed::Again;
    let result = json!({
        "market": channel, "order": id, "number": receipt.number, "amount_minor": receipt.money.minor,
        "currency": receipt.money.currency.code(), "again": again,
    });
    context.report.summary(&result, |out| {
        let money = amount(receipt.money.minor, receipt.money.currency.code());
        match (again, tell) {
            (true, _) => writeln!(out, "order {id}: refund {} was booked before; nothing was changed", receipt.number),
            (false, true) => {
                writeln!(out, "order {id}: refund {} of {money} goes out with the next sync", receipt.number)
            }
            (false, false) => writeln!(out, "order {id}: refund {} of {money} is booked", receipt.number),
        }
    })?;
    Ok(Outcome::Done)
}

fn read(name: &str, text: &str, currency: Currency) -> Result<i64> {
    let place = Place::default().attribute(format!("--{name}")).value(text);
    Money::parse_amount(text, currency).map(|money| money.minor).map_err(|invalid| Error::from(invalid).at(place))
}
