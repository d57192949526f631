//! `purvey doctor`: the catalog proves itself.
use super::Context;
use crate::diagnostic::Result;
use crate::report::{FailOn, Format, Outcome};

#[derive(clap::Args)]
pub(super) struct Args {
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// From which severity on the exit code is 1.
    #[arg(long, value_enum, default_value_t)]
    fail_on: FailOn,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    // An older catalog is brought up to date by whoever may write it.
    drop(context.writer(&shop, "doctor")?);
    let findings = shop.catalog.read()?.doctor(context.now)?;
    let mut report = context.report.checks(args.format);
    findings.iter().try_for_each(|finding| report.push(finding))?;
    Ok(report.finish(1, "catalog")?.outcome(args.fail_on))
}
