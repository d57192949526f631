//! `purvey demo`: the whole road on an example shop and a sandbox marketplace, by the very commands a merchant types.
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::json;

use super::{Cli, Context};
use crate::diagnostic::{Error, Result};
use crate::report::{Outcome, counted};
use crate::sandbox::{Options, OrderSpec, Sandbox};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Where to make the shop, instead of in a new temporary folder.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

/// The example shop, from examples/lantern.
const FILES: [(&str, &str); 3] = [
    ("products_export.csv", include_str!("../../examples/lantern/products_export.csv")),
    ("inventory_export.csv", include_str!("../../examples/lantern/inventory_export.csv")),
    ("locations.csv", include_str!("../../examples/lantern/locations.csv")),
];
const CONFIG: &str = include_str!("../../examples/lantern/purvey.toml");
const ORDERS: &str = include_str!("../../examples/lantern/orders.json");
const KEY: &str = "sandbox-key";

/// What is typed, and why.
const STEPS: [(&str, &str); 18] = [
    ("An empty catalog beside the purvey.toml that is there.", "init"),
    (
        "Stores and warehouses, products, stock in each of them: formats are recognized, nothing is configured.\n# The example has two faults on purpose; they are named, and everything else goes in.",
        "import locations.csv products_export.csv inventory_export.csv",
    ),
    ("Google's product feed and its local inventory feed.", "feed build"),
    ("The same checker reads any feed.", "feed check out/google.xml --channel google --fail-on error"),
    ("Orders in from the marketplace: matched to SKUs, stock held for each, once.", "orders pull sandbox"),
    ("What is unmatched or short waits for a person.", "orders list"),
    (
        "The person decides: five of these cannot be had, and LAMP-9000 is another name of ours.",
        "orders accept L-1004 --refuse L-1004-1",
    ),
    ("", "orders match L-1005 L-1005-1 MAYAK-BRS"),
    ("Our word goes out: what stock covers is accepted.", "sync"),
    ("The buyers have paid: reserved units become allocated.", "sync"),
    ("Two parcels leave.", "ship L-1001 --carrier DHL --tracking 00340434161094042557"),
    ("", "ship L-1002 --carrier DPD --tracking 01505011234567"),
    ("Their numbers go to the marketplace.", "tracking push sandbox"),
    ("What changed goes out once: stock to the marketplace, feeds to their files.", "sync"),
    ("", "sync"),
    ("And again: nothing is sent twice.", "sync"),
    ("One order in full.", "orders show L-1001"),
    ("The ledger proves itself.", "doctor"),
];

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let dir = folder(args)?;
    let sandbox = Sandbox::start(Options { api_key: KEY.to_owned(), ..Options::default() })?;
    let orders: Vec<OrderSpec> =
        serde_json::from_str(ORDERS).map_err(|e| Error::bug(format!("the example's orders: {e}")))?;
    let placed = sandbox.place(orders)?;
    lay_out(&dir, &sandbox.url())?;
    say(
        context,
        &format!(
            "An example shop in {}; a sandbox marketplace at {} with {}.",
            dir.display(),
            sandbox.url(),
            counted(placed.len() as u64, "order")
        ),
    )?;
    for (why, command) in STEPS {
        say(
            context,
            &match why {
                "" => format!("$ purvey {command}"),
                why => format!("\n# {why}\n$ purvey {command}"),
            },
        )?;
        step(command, &dir, context)?;
    }
    let verdict = sandbox.verdict();
    let result = json!({"dir": dir.display().to_string(), "requests": verdict.requests, "shipments": verdict.shipments, "violations": verdict.violations});
    context.report.result(&result, |out| {
        writeln!(out, "\nThe marketplace saw {} requests and {}, and found {} to complain about.", verdict.requests, counted(verdict.shipments as u64, "parcel"), match verdict.violations.len() {
            0 => "nothing".to_owned(),
            n => counted(n as u64, "thing"),
        })?;
        writeln!(out, "Look around:\n  {0}/out/google.xml            the product feed\n  {0}/out/google-local.tsv      stock by store\n  purvey -C {0} orders show L-1007\n  purvey -C {0} catalog show MUG-BLU", dir.display())
    })?;
    Ok(if verdict.is_clean() { Outcome::Done } else { Outcome::Findings })
}

fn folder(args: &Args) -> Result<PathBuf> {
    match &args.into {
        Some(dir) => {
            if dir.join("shop.db").exists() {
                return Err(Error::usage("demo/not-empty", format!("{} is a shop already", dir.display()))
                    .help("name a new folder"));
            }
            fs::create_dir_all(dir).map_err(|e| Error::io("make the folder", dir, e))?;
            Ok(dir.clone())
        }
        None => {
            let made = tempfile::Builder::new().prefix("purvey-demo-").tempdir();
            made.map(tempfile::TempDir::keep).map_err(|e| Error::io("make a folder in", &std::env::temp_dir(), e))
        }
    }
}

/// The example's files, with the sandbox's address and key in its purvey.toml.
fn lay_out(dir: &Path, url: &str) -> Result<()> {
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::write(&path, text).map_err(|e| Error::io("write", &path, e))
    };
    FILES.iter().try_for_each(|(name, text)| write(name, text))?;
    write("sandbox.key", KEY)?;
    only_ours(&dir.join("sandbox.key"))?;
    let key = std::path::absolute(dir.join("sandbox.key")).unwrap_or_else(|_| dir.join("sandbox.key"));
    let config =
        CONFIG.replace("http://127.0.0.1:4010", url).replace("env:SANDBOX_KEY", &format!("file:{}", key.display()));
    write("purvey.toml", &config)
}

#[cfg(unix)]
fn only_ours(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|e| Error::io("protect", path, e))
}

#[cfg(not(unix))]
fn only_ours(_: &Path) -> Result<()> {
    Ok(())
}

fn say(context: &Context<'_>, text: &str) -> Result<()> {
    context.report.result(&json!({"type": "demo", "text": text}), |out| writeln!(out, "{text}"))
}

/// One command, as if typed in the shop's folder.
fn step(command: &str, dir: &Path, context: &Context<'_>) -> Result<()> {
    let mut words = vec!["purvey".to_owned(), "-C".to_owned(), dir.display().to_string()];
    // Files named in a command are the shop's.
    words.extend(command.split(' ').map(|word| match word.contains('.') && dir.join(word).exists() {
        true => dir.join(word).display().to_string(),
        false => word.to_owned(),
    }));
    let cli = Cli::try_parse_from(words).map_err(|e| Error::bug(format!("the demo's own command `{command}`: {e}")))?;
    cli.execute(context.report).map(drop)
}
