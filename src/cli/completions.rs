//! `purvey completions`: for the shell.
use clap::CommandFactory;

use super::{Cli, Context};
use crate::diagnostic::Result;
use crate::report::Outcome;

#[derive(clap::Args)]
pub(super) struct Args {
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "purvey", &mut script);
    context.report.document(|out| out.write_all(&script).map_err(crate::report::unwritten))?;
    Ok(Outcome::Done)
}
