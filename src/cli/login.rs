//! `channel login`: lets purvey into a marketplace's account.
use std::io::Write;

use serde_json::json;

use super::Context;
use crate::diagnostic::{Error, Kind, Result};
use crate::market::host::Invitation;
use crate::report::{Outcome, escape};
use crate::sync::log_in;

pub(super) fn run(name: &str, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    log_in(&shop, name, &context.occasion(false), &mut |invitation| invite(name, invitation, context))?;
    context.report.summary(&json!({ "market": name, "signed_in": true }), |out| {
        writeln!(out, "{name}: purvey is let in; its tokens are in tokens/, for you alone")
    })?;
    Ok(Outcome::Done)
}

/// Tells a person what to do, whatever else is silent: without it nothing can be done. Gives back what was pasted.
fn invite(name: &str, invitation: &Invitation, context: &Context<'_>) -> Result<Option<String>> {
    let mut out = context.report.raw();
    let told = match invitation {
        Invitation::Code { address, code, whole, seconds } => {
            let address = whole.as_ref().unwrap_or(address);
            let minutes = seconds / 60;
            writeln!(
                out,
                "{name}: open {}\nand let purvey in with the code {} within {minutes} minutes",
                escape(address),
                escape(code)
            )
        }
        Invitation::Page { address } => writeln!(
            out,
            "{name}: open {address}\nlet purvey in, then paste the whole address of the page it leads to:"
        ),
    };
    told.and_then(|()| out.flush()).map_err(crate::report::unwritten)?;
    if matches!(invitation, Invitation::Code { .. }) {
        return Ok(None);
    }
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    read.map_err(|e| Error::new(Kind::Io, "file/io", "the address could not be read").source(e))?;
    Ok(Some(line))
}
