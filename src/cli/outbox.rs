//! `purvey outbox`: what waits to be sent, and what a person does about what could not be.
use serde_json::json;

use super::Context;
use crate::diagnostic::Result;
use crate::report::{Cell, Outcome, Table};
use crate::value::time::to_utc_text;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Everything that is not done.
    List {
        /// Only of this marketplace.
        #[arg(long)]
        market: Option<String>,
        /// What was sent, too.
        #[arg(long)]
        done: bool,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 200)]
        limit: usize,
    },
    /// Try one again at the next run, even one that was given up.
    Retry {
        /// Its id in `outbox list`.
        id: i64,
    },
    /// Give one up: the marketplace is never told of it by purvey.
    Drop {
        /// Its id in `outbox list`.
        id: i64,
    },
}

pub(super) fn run(command: &Command, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    match command {
        Command::List { market, done, limit } => {
            let rows = shop.catalog.read()?.outbox(market.as_deref(), *done, *limit)?;
            context.report.result(&rows, |out| {
                if rows.is_empty() {
                    return writeln!(out, "nothing waits to be sent");
                }
                let mut table = Table::new(["id", "market", "what", "state", "tries", "next", "last word"]);
                for row in &rows {
                    table.row([
                        Cell::number(row.id),
                        Cell::from(row.channel.as_str()),
                        Cell::from(row.key.as_str()),
                        Cell::from(row.state.as_str()),
                        Cell::number(row.attempts),
                        Cell::from(to_utc_text(row.next_at)),
                        Cell::from(row.last_error.as_deref().unwrap_or_default()),
                    ]);
                }
                table.write(out)
            })?;
        }
        Command::Retry { id } => {
            let mut writer = context.writer(&shop, "outbox retry")?;
            let change = writer.change(context.now)?;
            change.retry_outgoing(*id)?;
            change.commit()?;
            context.report.summary(&json!({"id": id}), |out| writeln!(out, "{id} is tried again at the next run"))?;
        }
        Command::Drop { id } => {
            let mut writer = context.writer(&shop, "outbox drop")?;
            let change = writer.change(context.now)?;
            change.drop_outgoing(*id)?;
            change.commit()?;
            context.report.summary(&json!({"id": id}), |out| writeln!(out, "{id} is given up"))?;
        }
    }
    Ok(Outcome::Done)
}
