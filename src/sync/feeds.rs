//! Feeds out: build, guard against a feed that shrank or ran empty, put in place, remember.
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::guard::{Extent, guard, guard_prices};
use crate::catalog::{FeedRecord, Writer};
use crate::channel::{Channel, Format, Guarded};
use crate::deliver::{Placed, ToFile};
use crate::diagnostic::{Error, Result};
use crate::feed::{Built, Diffed, Findings, Job, Prices, Side, build, diff};
use crate::shop::Shop;
use crate::value::time::to_utc_text;

/// How a feed is to be built.
#[derive(Debug, Clone, Default)]
pub struct FeedOptions {
    pub format: Option<String>,
    pub dry_run: bool,
    pub allow_shrink: bool,
    pub allow_price_jump: bool,
}

/// One feed of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedRun {
    pub channel: String,
    pub format: String,
    /// Relative to the shop's folder.
    pub file: String,
    pub placed: Placed,
    #[serde(flatten)]
    pub built: Built,
}

impl FeedRun {
    /// Whether the file that readers see is another one now.
    pub fn changed_something(&self) -> bool {
        matches!(self.placed, Placed::New | Placed::Replaced)
    }
}

/// Builds the feed of `channel` and puts it in place; the old one stays when anything is wrong.
pub fn build_feed(
    shop: &Shop,
    writer: &mut Writer,
    channel: &Channel,
    options: &FeedOptions,
    now: Timestamp,
    findings: &mut Findings<'_>,
) -> Result<FeedRun> {
    let (format_name, format) = format_of(channel, options.format.as_deref())?;
    let file = target(channel, format);
    let path = shop.path(&file);
    let mut to = ToFile::create(&path)?;
    let built = run(shop, channel, format, now, &mut to, findings)?;
    let last = writer.last_feed(&channel.name, &file)?;
    if !options.allow_shrink {
        let new = Extent { offers: built.offers, in_stock: built.in_stock };
        guard(channel, &file, last.as_ref().map(Extent::of), new)?;
    }
    if !options.allow_price_jump
        && let Some(prices) = writer.last_prices(&channel.name, &file)?
    {
        guard_prices(channel, &file, &Prices::from_bytes(&prices), &built.prices)?;
    }
    let placed = if options.dry_run {
        drop(to);
        Placed::Withheld
    } else {
        let placed = to.place()?;
        let record = FeedRecord {
            offers: built.offers,
            in_stock: built.in_stock,
            left_out: built.left_out,
            bytes: built.bytes,
            hash: built.hash.clone(),
            built_at: to_utc_text(now),
        };
        if last.is_none_or(|last| last.hash != record.hash) {
            let change = writer.change(now)?;
            change.put_feed(&channel.name, &file, &record, &built.prices.to_bytes())?;
            change.commit()?;
        }
        placed
    };
    Ok(FeedRun { channel: channel.name.clone(), format: format_name, file, placed, built })
}

/// Compares the feed of `channel` in place, or the file `old`, with the one that would be built now.
pub fn diff_feed(
    shop: &Shop,
    channel: &Channel,
    old: Option<&Path>,
    now: Timestamp,
    show: usize,
    findings: &mut Findings<'_>,
) -> Result<Diffed> {
    let (_, format) = format_of(channel, None)?;
    let in_place = shop.path(&target(channel, format));
    let old = old.unwrap_or(&in_place);
    let mut file = tempfile::Builder::new()
        .suffix(&format!(".{}", format.file()))
        .tempfile()
        .map_err(|e| Error::io("make", "a temporary file".as_ref(), e))?;
    run(shop, channel, format, now, &mut file, findings)?;
    diff_files(channel, old, &file.into_temp_path(), show)
}

/// Compares two feeds of `channel`; of each kind of difference at most `show` are gathered.
pub fn diff_files(channel: &Channel, old: &Path, new: &Path, show: usize) -> Result<Diffed> {
    if !old.exists() {
        return Err(Error::input("feed/nothing-to-compare", format!("there is no file {}", old.display()))
            .help(format!("build it first: purvey feed build {}", channel.name)));
    }
    let (old_name, new_name) = (old.display().to_string(), new.display().to_string());
    let old = Side { file: &old_name, open: &|| read(old) };
    let new = Side { file: &new_name, open: &|| read(new) };
    diff(channel, &old, &new, show)
}

fn read(path: &Path) -> Result<Box<dyn BufRead>> {
    let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
    Ok(Box::new(BufReader::with_capacity(256 * 1024, file)))
}

/// Builds the feed of `channel` into `to`, which is somebody else's: nothing is guarded or remembered.
pub fn write_feed<W: Write>(
    shop: &Shop,
    channel: &Channel,
    format: Option<&str>,
    now: Timestamp,
    to: W,
    findings: &mut Findings<'_>,
) -> Result<Built> {
    let (_, format) = format_of(channel, format)?;
    run(shop, channel, format, now, to, findings)
}

fn run<W: Write>(
    shop: &Shop,
    channel: &Channel,
    format: &Format,
    now: Timestamp,
    to: W,
    findings: &mut Findings<'_>,
) -> Result<Built> {
    let guarded = Guarded::open(&shop.catalog, Some(&shop.dir), channel).map_err(|error| shop.locate(error))?;
    let changed = shop.catalog.read()?.changed_at()?;
    let job = Job { channel, guarded: &guarded, now: &to_utc_text(now), format, changed: &changed };
    build(&job, to, findings).map_err(|error| shop.locate(error))
}

/// The format asked for, else the shop's, else the contract's first.
pub fn format_of<'c>(channel: &'c Channel, asked: Option<&str>) -> Result<(String, &'c Format)> {
    let formats = &channel.contract.format;
    let wanted = asked.or(channel.settings.format.as_deref());
    let found = match wanted {
        Some(name) => formats.get_key_value(name),
        None => formats.first(),
    };
    let (name, format) = found.ok_or_else(|| {
        let known: Vec<&str> = formats.keys().map(String::as_str).collect();
        Error::usage(
            "channel/no-such-format",
            format!("{} comes in no format `{}`", channel.name, wanted.unwrap_or_default()),
        )
        .help(format!("choose one of {}", known.join(", ")))
    })?;
    channel.check_format(name)?;
    Ok((name.clone(), format))
}

/// The file a channel's feed is built to, relative to the shop's folder.
pub fn feed_file(channel: &Channel) -> Result<String> {
    let (_, format) = format_of(channel, None)?;
    Ok(target(channel, format))
}

fn target(channel: &Channel, format: &Format) -> String {
    let stock = || PathBuf::from("out").join(format.file()).display().to_string();
    channel.settings.file.clone().unwrap_or_else(stock)
}
