//! `purvey import`: other people's files in.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::Context;
use crate::diagnostic::{Error, Place, Result};
use crate::intake::remote::{Edition, Remote};
use crate::intake::source::{Opened, Source};
use crate::intake::table::{Options as Dialect, Table as Columns};
use crate::intake::{self, Explained, Imported, MappingFile, Options};
use crate::report::{Cell, Outcome, Table, Unit, counted, escape, thousands};
use crate::shop::{Shop, attributes_by_channel};
use crate::value::text::cut_chars;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Files in any of the formats purvey knows, plain, gzipped or zipped, or their http(s) addresses; `-` is standard
    /// input. A fetched file that its server has not changed since it was imported whole is not fetched again.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What the files are about, when purvey takes them for something else.
    #[arg(long, value_enum)]
    kind: Option<intake::detect::Kind>,
    /// The format, by its name, instead of what the header looks like.
    #[arg(long)]
    format: Option<String>,
    /// A mapping file, for tables of no format purvey knows: what their columns mean.
    #[arg(long, value_name = "TOML", conflicts_with_all = ["format", "kind"])]
    map: Option<PathBuf>,
    /// Whose file it is, when not its format's: what vanished, and who owns a field, is asked of this name.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Write a mapping file for the table of products, best guesses filled in, to standard output.
    #[arg(long, conflicts_with_all = ["map", "explain", "strict"])]
    map_wizard: bool,
    /// The zone of times that are written without one, for example Europe/Lisbon.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// The encoding, when it is known better than it can be told; `auto` takes the best guess.
    #[arg(long)]
    encoding: Option<String>,
    /// What stands between the cells of a table: one character, or `tab`.
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// The line on which the header of a table stands; what is above it is skipped.
    #[arg(long, value_name = "LINE", value_parser = clap::value_parser!(u64).range(1..))]
    header_line: Option<u64>,
    /// Read quotes in a table as letters like any other.
    #[arg(long)]
    no_quotes: bool,
    /// Take nothing of a file of which one record is refused.
    #[arg(long)]
    strict: bool,
    /// Say what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Archive what the same format brought before and this file does not have.
    #[arg(long)]
    archive_missing: bool,
    /// Archive it however much it is.
    #[arg(long)]
    allow_shrink: bool,
    /// Let a SKU go over to another product.
    #[arg(long)]
    allow_moves: bool,
    /// Where units are whose record names no location.
    #[arg(long, value_name = "STORE")]
    location: Option<String>,
    /// Make SKUs of handle and options for variants that have none.
    #[arg(long)]
    make_skus: bool,
    /// Read prices in any custom (1.234,56 €), also where the format always writes 1234.56.
    #[arg(long)]
    local_prices: bool,
    /// The marketplace of orders whose record names none, and of parcels whose order is on several.
    #[arg(long)]
    market: Option<String>,
    /// Show what the file is taken for and why, what its columns mean, and how its first records would land.
    #[arg(long, conflicts_with = "strict")]
    explain: bool,
    /// With --dry-run: exit with 4 when something would change.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// `purvey orders import`: the same for files that are known to be orders.
#[derive(clap::Args)]
pub(super) struct OrderArgs {
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The marketplace of orders whose record names none.
    #[arg(long)]
    market: Option<String>,
    /// Take nothing of a file of which one record is refused.
    #[arg(long)]
    strict: bool,
    /// Say what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let options = options(args, &shop, context)?;
    if args.map_wizard {
        return draft_all(&args.files, &options, context);
    }
    if args.explain {
        return explain_all(&args.files, &options, context);
    }
    let done = import_all(&args.files, &shop, &options, context)?;
    let refused = done.failed || done.imported.iter().any(is_partial);
    Ok(match refused {
        true => Outcome::Partly,
        false if args.detailed_exitcode && done.imported.iter().any(changes) => Outcome::Changes,
        false => Outcome::Done,
    })
}

pub(super) fn orders(args: &OrderArgs, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let options = Options {
        kind: Some(intake::detect::Kind::Orders),
        market: args.market.clone(),
        strict: args.strict,
        dry_run: args.dry_run,
        ..of_shop(&shop, context)
    };
    let done = import_all(&args.files, &shop, &options, context)?;
    Ok(if done.failed || done.imported.iter().any(is_partial) { Outcome::Partly } else { Outcome::Done })
}

struct Done {
    imported: Vec<Imported>,
    /// Some file could not be taken at all; the others were.
    failed: bool,
}

fn import_all(files: &[PathBuf], shop: &Shop, options: &Options, context: &Context<'_>) -> Result<Done> {
    let mut writer = context.writer(shop, "import")?;
    let (mut imported, mut failures) = (Vec::new(), Vec::new());
    // who asks what a file would do, or acts on what it lacks, means the file and not the news of it
    let asks_news = !options.dry_run && !options.archive_missing;
    let known = |remote: &Remote| match shop.catalog.read()?.fetched(&remote.key())? {
        Some((etag, last_modified)) if asks_news => Ok(Some(Edition { etag, last_modified })),
        _ => Ok(None),
    };
    for Opened { sources, fetched } in Source::open_all(files, &known)? {
        let (done, failed) = (imported.len(), failures.len());
        for source in sources {
            let mut talk = context.report.findings();
            let bar = context.report.progress("reading", source.length(), Unit::Bytes);
            let mut told = 0;
            let mut progress = |bytes: u64| {
                bar.advance(bytes.saturating_sub(told));
                told = bytes;
            };
            match intake::import(&mut writer, source, options, &mut |finding| talk.push(finding), &mut progress) {
                Ok(one) => imported.push(one),
                // A file is a transaction: the others go in all the same.
                Err(error) => failures.push(error),
            }
        }
        match fetched {
            None => {}
            Some((remote, None)) => context.report.note(&format!("{} has not changed", remote.name())),
            // what was refused is to be tried again: the catalog may know its SKU by then
            Some((remote, Some(edition)))
                if !options.dry_run && failures.len() == failed && !imported.iter().skip(done).any(is_partial) =>
            {
                let change = writer.change(options.now)?;
                change.put_fetched(&remote.key(), edition.etag.as_deref(), edition.last_modified.as_deref())?;
                change.commit()?;
            }
            Some(_) => {}
        }
    }
    let last = if imported.is_empty() { failures.pop() } else { None };
    if last.is_none() {
        context.report.summary(&imported, |out| table(&imported, options.dry_run, out))?;
    }
    failures.iter().for_each(|error| context.report.error(error));
    match last {
        Some(error) => Err(error),
        None => Ok(Done { imported, failed: !failures.is_empty() }),
    }
}

fn open_to_look(files: &[PathBuf]) -> Result<impl Iterator<Item = Source>> {
    Ok(Source::open_all(files, &|_| Ok(None))?.into_iter().flat_map(|opened| opened.sources))
}

fn explain_all(files: &[PathBuf], options: &Options, context: &Context<'_>) -> Result<Outcome> {
    for source in open_to_look(files)? {
        let explained = intake::explain(source, options)?;
        context.report.result(&explained, |out| write_explained(&explained, out))?;
        context.report.diagnostics(&explained.findings);
    }
    Ok(Outcome::Done)
}

fn draft_all(files: &[PathBuf], options: &Options, context: &Context<'_>) -> Result<Outcome> {
    for source in open_to_look(files)? {
        let draft = intake::mapping_file::draft(&Columns::open(source, &options.table)?);
        context.report.result(&draft, |out| out.write_all(draft.as_bytes()))?;
    }
    Ok(Outcome::Done)
}

/// The mapping file of `--map`.
fn mapping(path: &Path) -> Result<Arc<MappingFile>> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| {
        Error::usage("mapping/unreadable", format!("{file} cannot be read: {e}"))
            .at(Place::file(&file))
            .help("write one with `purvey import --map-wizard FILE`")
    })?;
    MappingFile::parse(&file, &text).map(Arc::new)
}

fn delimiter(text: &str) -> std::result::Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [one @ (b'\t' | b' '..=b'~')] if !one.is_ascii_alphanumeric() && *one != b'"' => Ok(*one),
        _ => Err("one ASCII character that is no letter, digit or quote; or `tab`".to_owned()),
    }
}

fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|_| {
        Error::usage("import/no-such-zone", format!("there is no time zone {name}"))
            .help("name it as in the IANA database, for example Europe/Lisbon")
    })
}

fn write_explained(explained: &Explained, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    writeln!(out, "{}", escape(&explained.file))?;
    writeln!(out, "  format     {} ({})", explained.format, escape(&explained.reason))?;
    writeln!(out, "  encoding   {} ({})", explained.encoding, explained.encoding_reason)?;
    match explained.delimiter {
        None => {}
        Some('\t') => writeln!(out, "  delimiter  tab")?,
        Some(other) => writeln!(out, "  delimiter  `{other}`")?,
    }
    writeln!(out)?;
    let what = if explained.delimiter.is_some() { "column" } else { "field" };
    let mut columns = Table::new([what, "is read as"]);
    for (name, meaning) in &explained.columns {
        columns.row([Cell::from(name.as_str()), Cell::from(meaning.as_deref().unwrap_or("(not read)"))]);
    }
    columns.write(out)?;
    for row in &explained.rows {
        let fate = if row.taken { "" } else { ", would be refused" };
        writeln!(out, "\nrecord {} (line {}){fate}", row.record, row.line)?;
        for (name, value) in &row.cells {
            writeln!(out, "  {:<24} {}", escape(name), escape(cut_chars(value, 80)))?;
        }
    }
    Ok(())
}

/// Something of the file is not in, or waits for a person.
fn is_partial(imported: &Imported) -> bool {
    imported.refused + imported.held > 0
}

fn changes(imported: &Imported) -> bool {
    imported.counts.new + imported.counts.changed + imported.archived > 0
}

fn of_shop(shop: &Shop, context: &Context<'_>) -> Options {
    let folder = shop.dir.clone();
    Options {
        told_markets: shop.config.market.keys().cloned().collect(),
        channels: intake::channels(move || attributes_by_channel(&folder)),
        owners: shop.config.owners.clone(),
        ..Options::new(shop.config.shop.currency, context.now)
    }
}

fn options(args: &Args, shop: &Shop, context: &Context<'_>) -> Result<Options> {
    let mut options = Options {
        kind: args.kind,
        format: args.format.clone(),
        source: args.source.clone(),
        strict: args.strict,
        dry_run: args.dry_run,
        archive_missing: args.archive_missing,
        allow_shrink: args.allow_shrink,
        allow_moves: args.allow_moves,
        make_skus: args.make_skus,
        local_prices: args.local_prices,
        location: args.location.clone(),
        market: args.market.clone(),
        ..of_shop(shop, context)
    };
    options.table = Dialect {
        encoding: args.encoding.clone(),
        delimiter: args.delimiter,
        header_line: args.header_line,
        literal_quotes: args.no_quotes,
    };
    options.mapping = args.map.as_deref().map(mapping).transpose()?;
    options.zone = args.timezone.as_deref().map(zone).transpose()?;
    Ok(options)
}

fn table(done: &[Imported], dry_run: bool, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    if done.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["file", "format", "records", "new", "changed", "same", "refused"]);
    for one in done {
        table.row([
            Cell::from(one.file.as_str()),
            Cell::from(one.format),
            Cell::number(thousands(one.records)),
            Cell::number(thousands(one.counts.new)),
            Cell::number(thousands(one.counts.changed)),
            Cell::number(thousands(one.counts.same)),
            Cell::number(thousands(one.refused)),
        ]);
    }
    table.write(out)?;
    for one in done.iter().filter(|one| one.vanished > 0) {
        let archived = match one.archived {
            0 => "; --archive-missing takes them off".to_owned(),
            n => format!("; {} archived", thousands(n)),
        };
        writeln!(
            out,
            "{}: {} that {} brought before are not in it{archived}",
            one.file,
            counted(one.vanished, "variant"),
            one.format
        )?;
    }
    if dry_run {
        writeln!(out, "dry run: nothing was kept")?;
    }
    Ok(())
}
