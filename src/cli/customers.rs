//! `purvey customers`: the buyers' personal data, and how it goes.
use serde_json::json;

use super::Context;
use super::orders::Which;
use crate::catalog::Buyers;
use crate::diagnostic::{Diagnostic, Result};
use crate::report::{Outcome, counted};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Erase what is due, as `sync` does, or before its date.
    Erase {
        /// Of this order's buyer.
        order: Option<String>,
        /// The marketplace, where two have an order of this id.
        #[arg(long, requires = "order")]
        market: Option<String>,
        /// Of everybody with this address.
        #[arg(long, value_name = "ADDRESS", conflicts_with = "order")]
        email: Option<String>,
    },
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> Result<Outcome> {
    let Command::Erase { order, market, email } = command;
    let shop = context.shop()?;
    let which = order.clone().map(|order| Which { order, market: market.clone() });
    let found = which.as_ref().map(|which| which.find(&shop)).transpose()?;
    let whose = match (&found, email) {
        (Some((channel, order_id)), _) => Buyers::Order { channel, order_id },
        (None, Some(email)) => Buyers::Email(email),
        (None, None) => Buyers::Due,
    };
    let mut writer = context.writer(&shop, "customers erase")?;
    let change = writer.change(context.now)?;
    let erased = change.erase_buyers(whose)?;
    change.commit()?;
    if !writer.empty_log()? {
        let finding =
            Diagnostic::warning("customers/log-in-use", "somebody reads the catalog, so its log still has the data");
        context.report.diagnostic(&finding.help("run it again when the other program has ended"));
    }
    context.report.summary(&json!({ "erased": erased }), |out| match erased {
        0 => writeln!(out, "nothing was there to be erased"),
        _ => writeln!(out, "the personal data of {} is erased", counted(erased as u64, "order")),
    })?;
    Ok(Outcome::Done)
}
