//! `purvey feed diff`: what would change for the readers of a feed.
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::Context;
use crate::diagnostic::Result;
use crate::feed::{AttributeChange, Diffed, Difference, Findings, What};
use crate::report::{Cell, Outcome, Table, counted, escape, thousands};
use crate::sync::{diff_feed, diff_files};

/// Differences of each kind that are shown, unless `--all`.
const SHOWN: usize = 10;
/// Characters of a value that are shown, unless `--all`.
const WIDTH: usize = 60;

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The channel, as `purvey channel list` shows it.
    channel: String,
    /// The feed to compare with: the one in place, unless a file is named.
    old: Option<PathBuf>,
    /// The other feed: the one that would be built now, unless a file is named.
    new: Option<PathBuf>,
    /// Exit with 4 when they differ.
    #[arg(long)]
    detailed_exitcode: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    channel: &'a str,
    #[serde(flatten)]
    diffed: &'a Diffed,
    differences: &'a [Difference],
}

pub(in crate::cli) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let mut sink = |_: &_| {};
    let mut findings = Findings::new(&mut sink);
    let show = if context.report.shows_all() { usize::MAX } else { SHOWN };
    let diffed = match (&args.old, &args.new) {
        // Two files of a channel that comes with purvey need no shop: a pull request in CI has none.
        (Some(old), Some(new)) => diff_files(&super::channel_of(&args.channel, None, context)?, old, new, show)?,
        _ => {
            let shop = context.shop()?;
            let channel = shop.channel(&args.channel)?;
            diff_feed(&shop, &channel, args.old.as_deref(), context.now, show, &mut findings)?
        }
    };
    let answer = Answer { channel: &args.channel, diffed: &diffed, differences: &diffed.shown };
    context.report.result(&answer, |out| page(&args.channel, &diffed, context.report.shows_all(), out))?;
    Ok(if args.detailed_exitcode && !diffed.is_same() { Outcome::Changes } else { Outcome::Done })
}

fn page(channel: &str, diffed: &Diffed, all: bool, out: &mut dyn Write) -> std::io::Result<()> {
    for difference in &diffed.shown {
        let mark = match difference.what {
            What::New => '+',
            What::Gone => '-',
            What::Changed => '~',
        };
        writeln!(out, "{mark} {}", escape(&difference.offer))?;
        difference.attributes.iter().try_for_each(|change| line(change, all, out))?;
    }
    let hidden = diffed.new + diffed.gone + diffed.changed - diffed.shown.len() as u64;
    if hidden > 0 {
        writeln!(out, "… and {} more; --all shows them", thousands(hidden))?;
    }
    if !diffed.attributes.is_empty() {
        writeln!(out)?;
        let mut table = Table::new(["attribute", "offers in which it differs"]);
        for (attribute, offers) in &diffed.attributes {
            table.row([Cell::from(attribute.as_str()), Cell::number(thousands(*offers))]);
        }
        table.write(out)?;
        writeln!(out)?;
    }
    if diffed.doubles > 0 {
        writeln!(out, "{} left aside: their identity stands twice in a feed", counted(diffed.doubles, "offer"))?;
    }
    writeln!(
        out,
        "{channel}: {} before, {} now: {} new, {} gone, {} changed, {} same",
        counted(diffed.old_offers, "offer"),
        thousands(diffed.new_offers),
        thousands(diffed.new),
        thousands(diffed.gone),
        thousands(diffed.changed),
        thousands(diffed.same)
    )
}

fn line(change: &AttributeChange, all: bool, out: &mut dyn Write) -> std::io::Result<()> {
    let side = |value: &Option<String>| match value {
        None => "nothing".to_owned(),
        Some(text) if !all && text.chars().count() > WIDTH => {
            format!("{}…", escape(&text.chars().take(WIDTH).collect::<String>()))
        }
        Some(text) => escape(text).to_string(),
    };
    let (old, new) = from_difference(change, all);
    writeln!(out, "    {}: {} → {}", escape(&change.attribute), side(&old), side(&new))
}

/// Long texts from where they begin to differ.
fn from_difference(change: &AttributeChange, all: bool) -> (Option<String>, Option<String>) {
    let (Some(old), Some(new)) = (&change.old, &change.new) else { return (change.old.clone(), change.new.clone()) };
    let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    if all || same < WIDTH / 2 {
        return (Some(old.clone()), Some(new.clone()));
    }
    let cut = |text: &str| Some(format!("…{}", text.chars().skip(same.saturating_sub(10)).collect::<String>()));
    (cut(old), cut(new))
}
