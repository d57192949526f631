//! `purvey feed preview`: one offer as the channel will read it.
use std::io::{self, Write};

use serde::Serialize;

use super::super::Context;
use crate::channel::{Channel, Counts, Giver, Guarded};
use crate::diagnostic::{Diagnostic, Result};
use crate::feed::{Preview, Shown, preview};
use crate::report::{Cell, Outcome, Table};
use crate::sync::format_of;
use crate::value::time::to_utc_text;

#[derive(clap::Args)]
pub(in super::super) struct Args {
    /// The SKU to look at.
    sku: String,
    /// The channel that is to read it.
    #[arg(long)]
    channel: String,
    /// The document's format, when not the channel's usual one.
    #[arg(long)]
    format: Option<String>,
}

#[derive(Serialize)]
struct Shows<'a> {
    sku: &'a str,
    channel: &'a str,
    format: &'a str,
    /// Why the shop keeps it from the channel, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<String>,
    offers: Vec<Offer>,
}

#[derive(Serialize)]
struct Offer {
    #[serde(flatten)]
    preview: Preview,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Finding {
    code: String,
    severity: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let channel = shop.channel(&args.channel)?;
    let (format_name, format) = format_of(&channel, args.format.as_deref())?;
    // one that is not for sale is no item, and that error says so
    shop.catalog.read()?.item(&args.sku)?;
    let guarded = Guarded::open(&shop.catalog, Some(&shop.dir), &channel).map_err(|e| shop.locate(e))?;
    let now = to_utc_text(context.now);
    let counts = channel.count(&guarded, &now, Some(&args.sku)).map_err(|e| shop.locate(e))?;
    let previews = preview(&channel, &guarded, format, &now, &args.sku).map_err(|e| shop.locate(e))?;
    let findings: Vec<Vec<Diagnostic>> = previews.iter().map(|preview| preview.findings.clone()).collect();
    let offers =
        previews.into_iter().map(|preview| Offer { findings: preview.findings.iter().map(finding).collect(), preview });
    let shows = Shows {
        sku: &args.sku,
        channel: &args.channel,
        format: &format_name,
        left_out: left_out(&channel, &counts),
        offers: offers.collect(),
    };
    context.report.result(&shows, |out| human(&shows, out))?;
    if !context.report.is_json() {
        context.report.diagnostics(findings.iter().flatten());
    }
    Ok(Outcome::Done)
}

/// What keeps every row of the SKU from the channel.
fn left_out(channel: &Channel, counts: &Counts) -> Option<String> {
    let rule = |key: &str| format!("{key} under [channel.{}] in purvey.toml", channel.name);
    match counts.rows {
        0 => Some(format!("{} makes no row of it", channel.template_file)),
        rows if rows == counts.left_out_by_where => {
            Some(format!("{}: {}", rule("where"), channel.settings.filter.as_deref().unwrap_or_default()))
        }
        rows if rows == counts.left_out_by_where + counts.not_included => Some(format!("not in {}", rule("include"))),
        rows if rows == counts.left_out_by_where + counts.not_included + counts.excluded => Some(rule("exclude")),
        _ => None,
    }
}

fn finding(diagnostic: &Diagnostic) -> Finding {
    Finding {
        code: diagnostic.code.clone(),
        severity: diagnostic.severity.as_str(),
        message: diagnostic.message.clone(),
        help: diagnostic.help.clone(),
    }
}

fn human(shows: &Shows<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (sku, channel) = (shows.sku, shows.channel);
    if let Some(why) = &shows.left_out {
        writeln!(out, "{sku} does not go to {channel}: {why}")?;
    }
    for offer in &shows.offers {
        let preview = &offer.preview;
        match (&shows.left_out, preview.taken) {
            (Some(_), _) => writeln!(out, "it would be told so:")?,
            (None, true) => writeln!(out, "{sku} goes to {channel} as {}", shows.format)?,
            (None, false) => writeln!(out, "{sku} does not go to {channel}: the channel would refuse it")?,
        }
        let mut table = Table::new(["attribute", "value", "from"]);
        for shown in &preview.attributes {
            table.row([
                Cell::from(shown.attribute.as_str()),
                Cell::from(cut(&shown.values.join(" | "))),
                Cell::from(from(shown)),
            ]);
        }
        table.write(out)?;
    }
    Ok(())
}

fn from(shown: &Shown) -> String {
    let given = &shown.given;
    let expression = cut(given.expression.as_deref().unwrap_or_default());
    let file = given.file.as_deref().unwrap_or_default();
    let place = given.line.map_or(file.to_owned(), |line| format!("{file}:{line}"));
    let mut text = match given.from {
        Giver::Template => format!("{place}  {expression}"),
        Giver::Set => format!("{place} set  {expression}"),
        Giver::Override => "override in the catalog".to_owned(),
        Giver::Contract => "contract".to_owned(),
    };
    if let Some(policy) = &given.policy {
        text += &format!("  and [{policy}]");
    }
    text
}

/// Long texts are for `--json`.
fn cut(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
