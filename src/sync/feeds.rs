//! Feeds out: build, guard against a feed that shrank or ran empty, put in place, remember.
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use jiff::Timestamp;
use serde::Serialize;

use super::guard::{Extent, guard, guard_prices, guard_unsent};
use crate::catalog::{FeedRecord, Writer};
use crate::channel::{Channel, Format, Guarded};
use crate::deliver::{Placed, ToFile, ToFiles};
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
    /// Threads at most; one for each core when nothing is said.
    pub threads: Option<NonZero<usize>>,
}

impl FeedOptions {
    pub(super) fn threads(&self) -> usize {
        self.threads.or_else(|| available_parallelism().ok()).map_or(1, NonZero::get)
    }
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

/// A feed that is built, and not yet in place.
pub(super) struct Made {
    format: String,
    /// Relative to the shop's folder.
    file: String,
    to: ToFiles,
    files: Vec<ToFile>,
    built: Built,
}

/// Builds the feed of `channel` beside the one that is in place, by one thread or by `two`.
pub(super) fn make(
    shop: &Shop,
    channel: &Channel,
    options: &FeedOptions,
    now: Timestamp,
    two: bool,
    findings: &mut Findings<'_>,
) -> Result<Made> {
    let (format_name, format) = format_of(channel, options.format.as_deref())?;
    let file = target(channel, format);
    let mut to = ToFiles::new(&shop.path(&file));
    let (built, files) = run(shop, channel, format, now, two, || to.open_next(), findings)?;
    Ok(Made { format: format_name, file, to, files, built })
}

/// Puts a feed in place; the old one stays when a guard says so.
pub(super) fn put(
    writer: &mut Writer,
    channel: &Channel,
    options: &FeedOptions,
    now: Timestamp,
    made: Made,
) -> Result<FeedRun> {
    let Made { format, file, to, files, built } = made;
    let last = writer.last_feed(&channel.name, &file)?;
    if !options.allow_shrink {
        guard_unsent(channel, &file, last.as_ref(), &built.sent)?;
        let new = Extent { offers: built.offers, in_stock: built.in_stock.unwrap_or_default() };
        guard(channel, &file, last.as_ref().map(Extent::of), new)?;
    }
    if !options.allow_price_jump
        && let Some(prices) = writer.last_prices(&channel.name, &file)?
    {
        guard_prices(channel, &file, &Prices::from_bytes(&prices), &built.prices)?;
    }
    let placed = if options.dry_run {
        drop(files);
        Placed::Withheld
    } else {
        let placed = to.place(files)?;
        let record = FeedRecord {
            offers: built.offers,
            in_stock: built.in_stock.unwrap_or_default(),
            left_out: built.left_out,
            bytes: built.bytes,
            hash: built.hash.clone(),
            sent: built.sent.clone(),
            built_at: to_utc_text(now),
        };
        if last.is_none_or(|last| last.hash != record.hash) {
            let change = writer.change(now)?;
            change.put_feed(&channel.name, &file, &record, &built.prices.to_bytes())?;
            change.commit()?;
        }
        placed
    };
    Ok(FeedRun { channel: channel.name.clone(), format, file, placed, built })
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
    let mut once = Some(file.as_file_mut());
    let next = || once.take().ok_or_else(|| several(channel));
    run(shop, channel, format, now, true, next, findings)?;
    diff_files(channel, old, &file.into_temp_path(), show)
}

/// Compares two feeds of `channel`; of each kind of difference at most `show` are gathered.
pub fn diff_files(channel: &Channel, old: &Path, new: &Path, show: usize) -> Result<Diffed> {
    if !old.exists() {
        return Err(Error::input("feed/nothing-to-compare", format!("there is no file {}", old.display()))
            .help(format!("build it first: purvey feed build {}", channel.name)));
    }
    let (old_name, new_name) = (old.display().to_string(), new.display().to_string());
    let old = Side { file: &old_name, open: &|| read_feed(old) };
    let new = Side { file: &new_name, open: &|| read_feed(new) };
    diff(channel, &old, &new, show)
}

/// A feed's bytes, unpacked.
pub fn read_feed(path: &Path) -> Result<Box<dyn BufRead>> {
    let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
    let mut file = BufReader::with_capacity(READ_BYTES, file);
    let packed = file.fill_buf().map_err(|e| Error::io("read", path, e))?.starts_with(b"\x1F\x8B");
    Ok(match packed {
        true => Box::new(BufReader::with_capacity(READ_BYTES, flate2::bufread::MultiGzDecoder::new(file))),
        false => Box::new(file),
    })
}

/// Read at once: large enough to make system calls cheap.
const READ_BYTES: usize = 256 * 1024;

fn several(channel: &Channel) -> Error {
    Error::usage("feed/one-file", format!("the feed of {} fills more than one file", channel.name))
        .help("compare a format that is one file")
}

/// Builds the feed of `channel` into what `next` opens, which is somebody else's: nothing is guarded or remembered.
pub fn write_feed<W: Write + Send>(
    shop: &Shop,
    channel: &Channel,
    options: &FeedOptions,
    now: Timestamp,
    next: impl FnMut() -> Result<W>,
    findings: &mut Findings<'_>,
) -> Result<(Built, Vec<W>)> {
    let (_, format) = format_of(channel, options.format.as_deref())?;
    run(shop, channel, format, now, options.threads() > 1, next, findings)
}

fn run<W: Write + Send>(
    shop: &Shop,
    channel: &Channel,
    format: &Format,
    now: Timestamp,
    two: bool,
    next: impl FnMut() -> Result<W>,
    findings: &mut Findings<'_>,
) -> Result<(Built, Vec<W>)> {
    let guarded = Guarded::open(&shop.catalog, Some(&shop.dir), channel).map_err(|error| shop.locate(error))?;
    let changed = shop.catalog.read()?.changed_at()?;
    let job = Job { channel, guarded: &guarded, now: &to_utc_text(now), format, changed: &changed, beside: two };
    build(&job, next, findings).map_err(|error| shop.locate(error))
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
