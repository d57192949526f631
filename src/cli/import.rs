//! `purvey import`: other people's files in.
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::Context;
use crate::catalog::Writer;
use crate::diagnostic::{Error, Result};
use crate::intake::bytes::remote::{Edition, Remote, SignIn};
use crate::intake::bytes::source::{Opened, Source};
use crate::intake::rows::table::Options as Dialect;
use crate::intake::{self, Explained, Imported, Options, spell};
use crate::report::{Cell, Outcome, Table, Unit, counted, escape, thousands};
use crate::shop::{Shop, attributes_by_channel};
use crate::value::closest::closest;
use crate::value::text::cut_chars;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Files in any of the formats purvey knows, plain, gzipped or zipped, or their http(s) addresses; `-` is standard
    /// input. A fetched file that its server has not changed since it was imported whole is not fetched again. Without
    /// any, the files of each [source.NAME] of purvey.toml.
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
    /// Whose file it is, when not its format's: what vanished, and who owns a field, is asked of this name. What its
    /// [source.NAME] of purvey.toml says is true of the file, too; without files, those of that source alone.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Write a mapping file for the table or document of products, best guesses filled in, to standard output.
    #[arg(long, conflicts_with_all = ["map", "explain", "strict"])]
    map_wizard: bool,
    /// The zone of times that are written without one, for example Europe/Lisbon.
    #[arg(long, value_name = "ZONE", value_parser = spell::zone)]
    timezone: Option<TimeZone>,
    /// The encoding, when it is known better than it can be told; `auto` takes the best guess.
    #[arg(long)]
    encoding: Option<String>,
    /// What stands between the cells of a table: one character, or `tab`.
    #[arg(long, value_name = "CHARACTER", value_parser = spell::delimiter)]
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
    /// The unit of weights that name none: g, kg, lb or oz.
    #[arg(long, value_name = "UNIT", value_parser = spell::unit)]
    weight_unit: Option<intake::Unit>,
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
    let jobs = jobs(args, &shop, context)?;
    if args.map_wizard {
        return draft_all(&jobs, context);
    }
    if args.explain {
        return explain_all(&jobs, context);
    }
    let done = import_all(&jobs, &shop, context)?;
    let refused = done.failed || done.imported.iter().any(is_partial);
    Ok(match refused {
        true => Outcome::Partly,
        false if args.detailed_exitcode && done.imported.iter().any(changes) => Outcome::Changes,
        false => Outcome::Done,
    })
}

/// Files that are read in the same way.
struct Job {
    files: Vec<PathBuf>,
    options: Options,
    sign_in: Option<SignIn>,
    /// It was asked for on the command line what the file lacks.
    wants_whole: bool,
    /// Each edition of a file is taken once, and nothing is said where that changed nothing: what a file counted was so
    /// when it was written, and is not to be counted again after orders came.
    once: bool,
}

impl Job {
    fn of(files: Vec<PathBuf>, options: Options) -> Job {
        Job { files, options, sign_in: None, wants_whole: false, once: false }
    }

    /// The files of `[source.NAME]`, or others that are read as they are.
    fn of_source(name: &str, files: Option<Vec<PathBuf>>, shop: &Shop, options: Options) -> Result<Job> {
        let source = &shop.config.source[name];
        let options = source.options(name, shop, options)?;
        let files = files.unwrap_or_else(|| source.files(shop));
        Ok(Job { sign_in: source.sign_in(name)?, ..Job::of(files, options) })
    }
}

/// The files that were named; else those of the sources in purvey.toml.
fn jobs(args: &Args, shop: &Shop, context: &Context<'_>) -> Result<Vec<Job>> {
    let sources = &shop.config.source;
    let options = || options(args, shop, context);
    let named = args.source.as_deref().filter(|name| sources.contains_key(*name));
    let files = (!args.files.is_empty()).then(|| args.files.clone());
    let mut jobs = match (named, files) {
        (Some(name), files) => vec![Job::of_source(name, files, shop, options()?)?],
        (None, Some(files)) => vec![Job::of(files, options()?)],
        (None, None) if args.source.is_none() && !sources.is_empty() => {
            let job = |name: &String| Job::of_source(name, None, shop, options()?);
            sources.keys().map(job).collect::<Result<_>>()?
        }
        (None, None) => return Err(no_files(args.source.as_deref(), sources.keys().map(String::as_str))),
    };
    jobs.iter_mut().for_each(|job| job.wants_whole = args.archive_missing);
    Ok(jobs)
}

fn no_files<'n>(source: Option<&str>, known: impl Iterator<Item = &'n str> + Clone) -> Error {
    let error = Error::usage(
        "import/no-files",
        match source {
            None => "no file was named, and purvey.toml names no source".to_owned(),
            Some(name) => format!("no file was named, and purvey.toml has no [source.{name}]"),
        },
    );
    error.help(match source.and_then(|name| closest(name, known)) {
        Some(near) => format!("is `{near}` meant?"),
        None => "name the files, or write [source.NAME] with `from = \"…\"` into purvey.toml".to_owned(),
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
    let jobs = [Job::of(args.files.clone(), options)];
    let done = import_all(&jobs, &shop, context)?;
    Ok(if done.failed || done.imported.iter().any(is_partial) { Outcome::Partly } else { Outcome::Done })
}

struct Done {
    imported: Vec<Imported>,
    /// Some file could not be taken at all; the others were.
    failed: bool,
}

fn import_all(jobs: &[Job], shop: &Shop, context: &Context<'_>) -> Result<Done> {
    let mut writer = context.writer(shop, "import")?;
    let (imported, mut failures) = take_all(jobs, shop, &mut writer, context)?;
    let last = if imported.is_empty() { failures.pop() } else { None };
    if last.is_none() {
        let dry_run = jobs.iter().any(|job| job.options.dry_run);
        context.report.summary(&imported, |out| table(&imported, dry_run, out))?;
    }
    failures.iter().for_each(|error| context.report.error(error));
    match last {
        Some(error) => Err(error),
        None => Ok(Done { imported, failed: !failures.is_empty() }),
    }
}

/// What is new in the sources of purvey.toml, for `purvey sync`; what stops one of them does not stop the others.
pub(super) fn sources(
    shop: &Shop,
    writer: &mut Writer,
    dry_run: bool,
    context: &Context<'_>,
) -> Result<(Vec<Imported>, Vec<Error>)> {
    let (mut jobs, mut failures) = (Vec::new(), Vec::new());
    for name in shop.config.source.keys() {
        match Job::of_source(name, None, shop, Options { dry_run, ..of_shop(shop, context) }) {
            Ok(job) => jobs.push(Job { once: true, ..job }),
            Err(error) => failures.push(error),
        }
    }
    let (imported, failed) = take_all(&jobs, shop, writer, context)?;
    failures.extend(failed);
    Ok((imported, failures))
}

fn take_all(
    jobs: &[Job],
    shop: &Shop,
    writer: &mut Writer,
    context: &Context<'_>,
) -> Result<(Vec<Imported>, Vec<Error>)> {
    let (mut imported, mut failures) = (Vec::new(), Vec::new());
    for job in jobs {
        let mut files = Vec::new();
        for file in &job.files {
            let edition = if job.once { on_disk(file) } else { None };
            if edition.is_none() || shop.catalog.read()?.fetched(&key_of(file))? != edition {
                files.push((file.clone(), edition));
            }
        }
        let paths: Vec<PathBuf> = files.iter().map(|(file, _)| file.clone()).collect();
        match Source::open_all(&paths, job.sign_in.as_ref(), &|remote| edition(remote, shop, job)) {
            Ok(opened) => {
                for (one, file) in opened.into_iter().zip(files) {
                    take(one, file, job, writer, context, &mut imported, &mut failures)?;
                }
            }
            // a source that is away does not keep the others out
            Err(error) => failures.push(error),
        }
    }
    Ok((imported, failures))
}

/// What a catalog remembers of an edition: two words by which it is known again.
type Words = (Option<String>, Option<String>);

/// The edition of a file on disk: how long it is, and when it was written.
fn on_disk(file: &Path) -> Option<Words> {
    let meta = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
    let written = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some((Some(format!("{} {}", meta.len(), written.as_nanos())), None))
}

/// What an edition of a file on disk is remembered by.
fn key_of(file: &Path) -> String {
    format!("file {}", file.display())
}

/// The edition of a fetched file that the catalog knows.
fn edition(remote: &Remote, shop: &Shop, job: &Job) -> Result<Option<Edition>> {
    // who asks what a file would do, or acts on what it lacks, means the file and not the news of it; where a source
    // says so for good, what it lacks was acted on when it was read
    let asks_news = !job.options.dry_run && !job.wants_whole;
    match shop.catalog.read()?.fetched(&remote.key())? {
        Some((etag, last_modified)) if asks_news => Ok(Some(Edition { etag, last_modified })),
        _ => Ok(None),
    }
}

/// Takes in all files of one path or address; each is a transaction.
fn take(
    opened: Opened,
    (file, on_disk): (PathBuf, Option<Words>),
    job: &Job,
    writer: &mut Writer,
    context: &Context<'_>,
    imported: &mut Vec<Imported>,
    failures: &mut Vec<Error>,
) -> Result<()> {
    let (done, failed) = (imported.len(), failures.len());
    for source in opened.sources {
        let mut talk = if job.once { context.report.held_findings() } else { context.report.findings() };
        let bar = context.report.progress("reading", source.length(), Unit::Bytes);
        let mut told = 0;
        let mut progress = |bytes: u64| {
            bar.advance(bytes.saturating_sub(told));
            told = bytes;
        };
        match intake::import(writer, source, &job.options, &mut |finding| talk.push(finding), &mut progress) {
            Ok(one) => {
                if changes(&one) || is_partial(&one) {
                    talk.tell();
                }
                imported.push(one);
            }
            // A file is a transaction: the others go in all the same.
            Err(error) => {
                talk.tell();
                failures.push(error);
            }
        }
    }
    let edition = match opened.fetched {
        None => on_disk.map(|edition| (key_of(&file), edition)),
        Some((remote, None)) => {
            if !job.once {
                context.report.note(&format!("{} has not changed", remote.name()));
            }
            None
        }
        Some((remote, Some(edition))) => Some((remote.key(), (edition.etag, edition.last_modified))),
    };
    // who asks for a file by hand wants what was refused to be tried again: the catalog may know its SKU by then
    let is_settled = failures.len() == failed && (job.once || !imported.iter().skip(done).any(is_partial));
    if let Some((key, (etag, last_modified))) = edition.filter(|_| is_settled && !job.options.dry_run) {
        let change = writer.change(job.options.now)?;
        change.put_fetched(&key, etag.as_deref(), last_modified.as_deref())?;
        change.commit()?;
    }
    Ok(())
}

/// All files, without a look at what is known of them.
fn open_to_look(jobs: &[Job]) -> Result<Vec<(&Job, Source)>> {
    let mut all = Vec::new();
    for job in jobs {
        let opened = Source::open_all(&job.files, job.sign_in.as_ref(), &|_| Ok(None))?;
        all.extend(opened.into_iter().flat_map(|opened| opened.sources).map(|source| (job, source)));
    }
    Ok(all)
}

fn explain_all(jobs: &[Job], context: &Context<'_>) -> Result<Outcome> {
    for (job, source) in open_to_look(jobs)? {
        let explained = intake::explain(source, &job.options)?;
        context.report.result(&explained, |out| write_explained(&explained, out))?;
        context.report.diagnostics(&explained.findings);
    }
    Ok(Outcome::Done)
}

fn draft_all(jobs: &[Job], context: &Context<'_>) -> Result<Outcome> {
    for (job, source) in open_to_look(jobs)? {
        let draft = intake::mapping::wizard::draft(source, &job.options.table)?;
        context.report.result(&draft, |out| out.write_all(draft.as_bytes()))?;
    }
    Ok(Outcome::Done)
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
pub(super) fn is_partial(imported: &Imported) -> bool {
    imported.refused + imported.held > 0
}

pub(super) fn changes(imported: &Imported) -> bool {
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
        weight_unit: args.weight_unit,
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
    options.mapping = args.map.as_deref().map(spell::mapping).transpose()?;
    options.zone = args.timezone.clone();
    Ok(options)
}

pub(super) fn table(done: &[Imported], dry_run: bool, out: &mut dyn std::io::Write) -> std::io::Result<()> {
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
