//! `purvey init`: a shop where there was none.
use std::io::{IsTerminal, Write};

use serde::Serialize;

use super::Context;
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::report::Outcome;
use crate::shop::{Made, PLACEHOLDER_SITE, Shop, Start};
use crate::value::{Country, Currency};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The shop's name, as buyers know it [default: the folder's name].
    #[arg(long)]
    name: Option<String>,
    /// ISO 4217 code of prices that name no currency.
    #[arg(long, value_parser = currency)]
    currency: Option<Currency>,
    /// Where you sell, as ISO 3166-1 alpha-2.
    #[arg(long, value_parser = country)]
    country: Option<Country>,
    /// The shop's address, https://…
    #[arg(long)]
    site: Option<String>,
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).map_err(|e| format!("{}; {}", e.message, e.help))
}

fn country(text: &str) -> Result<Country, String> {
    Country::parse(text).map_err(|e| format!("{}; {}", e.message, e.help))
}

#[derive(Serialize)]
struct Initialized {
    dir: String,
    config_written: bool,
    catalog_made: bool,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let start = start(args, context)?;
    let Made { config, catalog } = Shop::create(context.dir, &start, context.now)?;
    let result = Initialized { dir: context.dir.display().to_string(), config_written: config, catalog_made: catalog };
    context.report.summary(&result, |out| match (config, catalog) {
        (false, false) => writeln!(out, "{} is a shop already; nothing was changed", result.dir),
        (_, false) => writeln!(out, "wrote purvey.toml; the catalog was there already"),
        (false, true) => writeln!(out, "made shop.db; purvey.toml was there already"),
        (true, true) => writeln!(
            out,
            "made a shop in {}: shop.db is the catalog, purvey.toml says the rest (currency {}, country {})\nnext: purvey import products_export.csv",
            if result.dir == "." { "this folder" } else { &result.dir },
            start.currency.code(),
            start.country
        ),
    })?;
    if config && start.site == PLACEHOLDER_SITE {
        context.report.diagnostic(&placeholder());
    }
    Ok(Outcome::Done)
}

/// Said by `init` and by every build until the real address is written down.
pub(super) fn placeholder() -> Diagnostic {
    Diagnostic::warning(
        "shop/placeholder-site",
        format!("site is still {PLACEHOLDER_SITE}: links in feeds lead nowhere"),
    )
    .at(Place::file("purvey.toml").attribute("shop.site"))
    .help("write your shop's address there")
}

/// Asks for what was not said, if somebody is there to answer.
fn start(args: &Args, context: &Context<'_>) -> Result<Start> {
    let folder =
        std::path::absolute(context.dir).ok().and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()));
    let asks =
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && !context.dir.join("purvey.toml").exists();
    let answer = |given: Option<String>, question: &str, default: &str| -> Result<String> {
        match given {
            Some(given) => Ok(given),
            None if asks => ask(question, default),
            None => Ok(default.to_owned()),
        }
    };
    let parsed = |e: crate::value::Invalid| Error::usage("init/invalid", e.message).help(e.help);
    let name = answer(args.name.clone(), "Name of the shop", folder.as_deref().unwrap_or("shop"))?;
    let currency = answer(args.currency.map(|c| c.code().to_owned()), "Currency of your prices", "EUR")?;
    let country = answer(args.country.map(|c| c.code().to_owned()), "Country you sell in", "DE")?;
    let site = answer(args.site.clone(), "Address of the shop", PLACEHOLDER_SITE)?;
    Ok(Start {
        name,
        currency: Currency::parse(&currency).map_err(parsed)?,
        country: Country::parse(&country).map_err(parsed)?.code().to_owned(),
        site: site.trim_end_matches('/').to_owned(),
    })
}

fn ask(question: &str, default: &str) -> Result<String> {
    let terminal = std::path::Path::new("terminal");
    let mut err = std::io::stderr();
    write!(err, "{question} [{default}]: ")
        .and_then(|()| err.flush())
        .map_err(|e| Error::io("write to", terminal, e))?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|e| Error::io("read from", terminal, e))?;
    Ok(Some(line.trim()).filter(|l| !l.is_empty()).unwrap_or(default).to_owned())
}
