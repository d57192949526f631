//! `purvey ship`: a parcel leaves.
use jiff::Timestamp;
use serde_json::json;

use super::orders::{Which, lines};
use super::{Context, moment};
use crate::catalog::ShipRequest;
use crate::diagnostic::{Error, Result};
use crate::report::Outcome;
use crate::value::TrackingNumber;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    order: Which,
    /// Who carries it: DHL, UPS, DPD …
    #[arg(long)]
    carrier: String,
    /// The carrier's number of the parcel.
    #[arg(long, value_name = "NUMBER")]
    tracking: Option<String>,
    /// What is in it: SKU or line, and how many. Everything open when not said.
    #[arg(long = "line", value_name = "SKU=QTY", value_parser = lines::parse)]
    lines: Vec<(String, i64)>,
    /// Store code it leaves from; where its units are held when not said.
    #[arg(long)]
    location: Option<String>,
    /// When it left; now when not said.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Timestamp>,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let (channel, id) = args.order.find(&shop)?;
    let lines = lines::resolve(&shop, &channel, id, &args.lines)?;
    let tracking = args.tracking.as_deref().map(TrackingNumber::parse).transpose().map_err(Error::from)?;
    let mut writer = context.writer(&shop, "ship")?;
    let change = writer.change(context.now)?;
    let receipt = change.ship(&ShipRequest {
        channel: &channel,
        order_id: id,
        lines: lines.as_deref(),
        carrier: &args.carrier,
        tracking_number: tracking.as_ref(),
        location: args.location.as_deref(),
        shipped_at: args.at.unwrap_or(context.now),
        package_number: None,
        tell: shop.config.market.contains_key(&channel),
    })?;
    change.commit()?;
    context.report.diagnostics(&receipt.findings);
    let parcel = &receipt.parcel;
    let units: i64 = parcel.lines.iter().map(|(_, quantity)| quantity).sum();
    let number = parcel.tracking_number.as_deref().unwrap_or("without a number");
    let state = writer.order(&channel, id)?.map_or("", |d| d.summary.state.as_str());
    let result = json!({
        "market": channel, "order": id, "package": parcel.package_number, "units": units, "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number, "again": receipt.again, "state": state
    });
    context.report.summary(&result, |out| match receipt.again {
        true => writeln!(
            out,
            "order {id}: parcel {} with {number} was booked before; nothing was changed",
            parcel.package_number
        ),
        false => writeln!(
            out,
            "order {id}: parcel {} of {units} units, {} {number}; the order is {state}",
            parcel.package_number, parcel.carrier
        ),
    })?;
    Ok(Outcome::Done)
}
