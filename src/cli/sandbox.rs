//! `purvey sandbox`: a marketplace on this machine that behaves, or misbehaves on purpose.
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::Context;
use crate::diagnostic::{Error, Place, Result};
use crate::report::Outcome;
use crate::sandbox::{Faults, Options, OrderSpec, serve};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Port on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 4010)]
    port: u16,
    /// The key it wants to see.
    #[arg(long, env = "SANDBOX_KEY", hide_env_values = true, default_value = "sandbox-key")]
    key: String,
    /// Orders to begin with: a JSON list.
    #[arg(long, value_name = "FILE")]
    orders: Option<PathBuf>,
    /// Faults to make, as JSON: {"error_500": 0.1, "reset_after": 0.05}.
    #[arg(long, value_name = "JSON")]
    faults: Option<String>,
    /// Decides which requests meet a fault.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let orders: Vec<OrderSpec> = match &args.orders {
        None => Vec::new(),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
            serde_json::from_str(&text).map_err(|e| {
                Error::input("sandbox/orders", format!("these are no orders: {e}"))
                    .at(Place::file(path.display().to_string()).line(e.line() as u64).column(e.column() as u64))
                    .help("give a JSON list of {\"id\": …, \"lines\": [{\"sku\": …, \"quantity\": …, \"price_minor\": …}]}")
            })?
        }
    };
    let faults = match &args.faults {
        None => Faults::default(),
        Some(text) => serde_json::from_str(text).map_err(|e| {
            Error::usage("sandbox/faults", format!("these are no faults: {e}")).help("see `purvey sandbox --help`")
        })?,
    };
    let addr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), args.port);
    let options = Options { addr, api_key: args.key.clone(), seed: args.seed, faults, ..Options::default() };
    let mut placed = Ok(());
    let verdict = serve(options, |sandbox| {
        placed = sandbox.place(orders).and_then(|ids| {
            context.report.result(&serde_json::json!({ "url": sandbox.url(), "orders": ids }), |out| {
                writeln!(out, "sandbox marketplace at {} with {} orders; Ctrl-C stops it", sandbox.url(), ids.len())
            })
        });
    })?;
    placed?;
    context.report.result(&verdict, |out| {
        writeln!(
            out,
            "{} requests, {} shipments, {} violations",
            verdict.requests,
            verdict.shipments,
            verdict.violations.len()
        )
    })?;
    Ok(if verdict.is_clean() { Outcome::Done } else { Outcome::Findings })
}
