//! One build: run the template, shape each row by the contract, check it, write it.
use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::thread::{self, Scope};

use rusqlite::types::Value;
use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use super::checker::Checker;
use super::document::Document;
use super::findings::Findings;
use super::identity::Identity;
use super::nest::Nesting;
use super::offer::Offer;
use super::prices::{Prices, digits};
use super::shaper::Shaper;
use super::write::{Beside, FeedWriter, Full, Wrapped, Wrapping};
use crate::catalog::fault;
use crate::channel::{Channel, Format, Guarded, Origin};
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result};

/// What to build.
pub struct Job<'a> {
    pub channel: &'a Channel,
    pub guarded: &'a Guarded,
    /// The run's clock, UTC text.
    pub now: &'a str,
    pub format: &'a Format,
    /// UTC text of the catalog's last change: what a document may call its date, so that the same catalog makes the same bytes.
    pub changed: &'a str,
    /// Whether a second thread may encode, compress and write what this one makes. The document is the same.
    pub beside: bool,
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Built {
    /// Rows the template returned.
    pub rows: u64,
    /// Rows that went into the document.
    pub offers: u64,
    /// Rows the channel would refuse, each with a finding that says why.
    pub left_out: u64,
    /// Offers that can be bought, where the contract says how to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_stock: Option<u64>,
    /// Attributes that at least one offer sends.
    #[serde(skip)]
    pub sent: Vec<String>,
    /// Documents it was split into.
    pub files: u64,
    pub bytes: u64,
    /// Of the document's bytes, in hexadecimal.
    pub hash: String,
    /// Of the offers in it.
    #[serde(skip)]
    pub prices: Prices,
}

/// Builds the feed into the place `next` opens, and into further ones where the format splits it; all are given back. A
/// wrong template or contract stops before the first byte; a row the channel would refuse is left out and said.
pub fn build<W: Write + Send>(
    job: &Job<'_>,
    next: impl FnMut() -> Result<W>,
    findings: &mut Findings<'_>,
) -> Result<(Built, Vec<W>)> {
    thread::scope(|scope| run(job, job.beside.then_some(scope), next, findings, None))
}

/// One offer of a document of lines.
pub struct Line<'a> {
    pub sku: &'a str,
    /// What names it: the contract's identity.
    pub identity: &'a str,
    /// As it stands in the document.
    pub text: &'a str,
    /// The digits of its price.
    pub price: Option<u32>,
    /// Whether it can be bought, where the contract says how to tell.
    pub in_stock: Option<bool>,
}

/// Builds the offers of a document of lines and hands each to `each`, instead of writing them one behind the other.
///
/// # Errors
/// As of [`build`], and what `each` returns.
pub fn lines(
    job: &Job<'_>,
    findings: &mut Findings<'_>,
    each: &mut dyn FnMut(&Line<'_>) -> Result<()>,
) -> Result<Built> {
    if !job.format.is_lines() {
        return Err(Error::bug("offers are told one by one, and not from lines"));
    }
    let identity = Identity::of(job.channel);
    let (price, stock) = (job.channel.contract.price(), job.channel.contract.in_stock_test());
    let mut name = String::new();
    let (built, _) = run(
        job,
        None,
        || Ok(io::sink()),
        findings,
        Some(&mut |offer, text| {
            identity.write(&mut name, |attribute, _, _| offer.first(attribute));
            let text = String::from_utf8_lossy(text);
            let price = price.and_then(|at| offer.first(at)).map(digits);
            let in_stock = can_be_bought(offer, stock);
            each(&Line { sku: &offer.sku, identity: &name, text: text.trim_end(), price, in_stock })
        }),
    )?;
    Ok(built)
}

/// What a document says of each of these offers besides its attributes: its names, and what is the same for all. It is
/// how an offer is named that has gone.
pub fn shells(job: &Job<'_>, identities: &[String]) -> Result<Vec<String>> {
    let named = Identity::of(job.channel);
    let fill = |text: &str| filled(job, text);
    let (mut document, encoder) = Document::new(job.channel, job.format, &named.attributes(), &[], &fill);
    let mut writer = FeedWriter::begin(encoder, io::sink());
    let mut offer = Offer::new(job.channel.contract.attribute.len());
    let mut shells = Vec::with_capacity(identities.len());
    for identity in identities {
        offer.clear();
        named.parts(identity).for_each(|(attribute, part)| offer.push_text(attribute, part));
        document.write(&offer, &mut writer).map_err(unwritable)?;
        writer.drain(|text| shells.push(String::from_utf8_lossy(text).trim_end().to_owned()));
    }
    Ok(shells)
}

/// `None`: the contract does not say how to tell.
fn can_be_bought(offer: &Offer, stock: Option<(usize, &[String])>) -> Option<bool> {
    let (attribute, values) = stock?;
    Some(offer.first(attribute).is_some_and(|value| values.iter().any(|known| known == value)))
}

/// `$name` becomes what it names.
fn filled(job: &Job<'_>, text: &str) -> String {
    match text.strip_prefix('$') {
        Some("changed") => job.changed.to_owned(),
        Some(name) => setting_of(job.channel, name, job.now).unwrap_or_default(),
        None => text.to_owned(),
    }
}

/// What to do with each offer that is written.
type Each<'a> = &'a mut dyn FnMut(&Offer, &[u8]) -> Result<()>;

/// With `each`, every offer goes there and not to what `next` opens. With `scope`, a thread of it writes.
fn run<'scope, W: Write + Send + 'scope>(
    job: &Job<'_>,
    scope: Option<&'scope Scope<'scope, '_>>,
    mut next: impl FnMut() -> Result<W>,
    findings: &mut Findings<'_>,
    mut each: Option<Each<'_>>,
) -> Result<(Built, Vec<W>)> {
    let compiled = job.channel.compile(job.guarded, job.now)?;
    let mut shaper = Shaper::new(job.channel, &compiled);
    let text_of = |name: &str| setting_of(job.channel, name, job.now);
    let mut checker = Checker::new(job.channel, text_of);
    let fill = |text: &str| filled(job, text);
    let sections = job.channel.section_rows(job.guarded, job.now)?;
    job.channel.section_faults(&sections).into_iter().for_each(|fault| findings.add(fault));
    checker.refer(super::refers::of_rows(job.channel, &sections));
    let (mut document, encoder) = Document::new(job.channel, job.format, &shaper.attributes(), &sections, &fill);
    let stock = job.channel.contract.in_stock_test();

    let mut statement = job.guarded.conn.prepare(&compiled.sql).map_err(fault)?;
    for (name, value) in &compiled.parameters {
        let index = statement.parameter_index(name).map_err(fault)?;
        statement.raw_bind_parameter(index.unwrap_or_default(), value).map_err(fault)?;
    }
    let wrapping = Wrapping {
        encoding: job.format.encoding(),
        references: matches!(job.format, Format::Xml(_)),
        gzip: job.format.is_gzip(),
    };
    let mut next = || Beside::new(scope, Wrapped::new(wrapping, Measured::new(next()?))).map_err(unwritable);
    let mut writer = FeedWriter::begin(encoder, next()?);
    if let Some(shard) = job.format.shard() {
        let full = Full { offers: shard.items, bytes: shard.bytes };
        writer = writer.sharded(full, move || next().map_err(io::Error::other));
    }
    let mut nesting = job.format.placing().nest().and_then(|nest| Nesting::new(job.channel, nest));
    let mut offer = Offer::new(job.channel.contract.attribute.len());
    let price = job.channel.contract.price();
    let mut built = Built {
        rows: 0,
        offers: 0,
        left_out: 0,
        in_stock: stock.map(|_| 0),
        sent: Vec::new(),
        files: 0,
        bytes: 0,
        hash: String::new(),
        prices: Prices::default(),
    };
    let origins = job.channel.origins();
    let place = |offer: &Offer, attribute: usize| place_of(job.channel, &origins, offer, attribute);
    let mut sent = vec![false; job.channel.contract.attribute.len()];
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(|e| stuck(job.channel, e))? {
        built.rows += 1;
        job.guarded.rows.store(built.rows, Ordering::Relaxed);
        let shaped = shaper.shape(row, &mut offer, findings)?;
        if !checker.check(&mut offer, true, &place, findings) || !shaped {
            built.left_out += 1;
            continue;
        }
        let is_stocked = can_be_bought(&offer, stock) == Some(true);
        offer.present().for_each(|attribute| sent[attribute] = true);
        let costs = price.and_then(|at| offer.first(at)).map(|price| Prices::entry(&offer.sku, price));
        let written = match &mut nesting {
            Some(nesting) => nesting.take(&document, &offer, &mut writer, findings)?,
            None => document.write(&offer, &mut writer).map(|()| true).map_err(unwritable)?,
        };
        if let Some(each) = each.as_mut().filter(|_| written) {
            let mut taken = Ok(());
            writer.drain(|text| taken = each(&offer, text));
            taken?;
        }
        built.left_out += u64::from(!written);
        built.offers += u64::from(written);
        built.in_stock = built.in_stock.map(|count| count + u64::from(written && is_stocked));
        built.prices.extend(costs.filter(|_| written));
    }
    if let Some(mut nesting) = nesting {
        nesting.end(&document, &mut writer).map_err(unwritable)?;
    }
    let names = job.channel.contract.attribute.keys().zip(sent);
    built.sent = names.filter(|(_, sent)| *sent).map(|(name, _)| name.clone()).collect();
    built.prices.sort();
    let (mut places, mut lacking) = (Vec::new(), 0);
    let mut hashes = Vec::new();
    for beside in writer.finish().map_err(unwritable)? {
        let (measured, lost) = beside.finish().and_then(Wrapped::finish).map_err(unwritable)?;
        lacking += lost;
        built.files += 1;
        built.bytes += measured.bytes;
        hashes.push(measured.hash.digest128());
        places.push(measured.to);
    }
    built.hash = hash_of(&hashes);
    if lacking > 0 {
        findings.add(replaced(job, lacking));
    }
    Ok((built, places))
}

/// The value of `$name` as text.
pub(super) fn setting_of(channel: &Channel, name: &str, now: &str) -> Option<String> {
    match channel.value_of(name, now)? {
        Value::Text(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Null | Value::Real(_) | Value::Blob(_) => None,
    }
}

/// The hash of a feed, in hexadecimal, from those of its documents.
pub fn hash_of(documents: &[u128]) -> String {
    let whole = match documents {
        [only] => *only,
        several => {
            let bytes: Vec<u8> = several.iter().flat_map(|hash| hash.to_le_bytes()).collect();
            xxhash_rust::xxh3::xxh3_128(&bytes)
        }
    };
    format!("{whole:032x}")
}

fn replaced(job: &Job<'_>, lacking: u64) -> Diagnostic {
    let name = job.format.encoding().name();
    let message = format!("characters that do not exist in {name} were replaced: {lacking}");
    Diagnostic::warning(format!("{}/encoding-lacks", job.channel.name), message)
        .at(Place::file(job.format.file()))
        .help("spell them otherwise in the template, or take an encoding that has them")
}

/// A place that could not be opened says so itself.
pub(super) fn unwritable(error: io::Error) -> Error {
    error.downcast::<Error>().unwrap_or_else(|error| Error::io("write", "the feed".as_ref(), error))
}

fn stuck(channel: &Channel, error: rusqlite::Error) -> Error {
    if error.sqlite_error_code() != Some(rusqlite::ErrorCode::OperationInterrupted) {
        return match &error {
            // A function met a value it cannot take, such as malformed JSON: the template's matter, not a bug.
            rusqlite::Error::SqliteFailure(_, Some(message))
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown) =>
            {
                Error::usage("template/failed", message.clone())
                    .at(Place::file(&channel.template_file))
                    .help("the SQL is valid but failed on this data; the old feed was left as it was")
            }
            _ => fault(error),
        };
    }
    Error::new(Kind::Usage, "template/stuck", "the template made no row for 30 seconds and was stopped")
        .at(Place::file(&channel.template_file))
        .help("look for a join without a condition")
}

pub(super) fn place_of(channel: &Channel, origins: &[Origin], offer: &Offer, attribute: usize) -> Place {
    let name = channel.contract.attribute.get_index(attribute).map_or("", |(name, _)| name.as_str());
    let mut place = Place::of_sku(&offer.sku).attribute(name);
    if let Some(value) = offer.first(attribute) {
        place = place.value(value);
    }
    origins.get(attribute).map(|origin| origin.mark(place.clone())).unwrap_or(place)
}

/// Counts and hashes what passes.
struct Measured<W> {
    to: W,
    bytes: u64,
    hash: Box<Xxh3>,
}

impl<W> Measured<W> {
    fn new(to: W) -> Self {
        Measured { to, bytes: 0, hash: Box::new(Xxh3::new()) }
    }
}

impl<W: Write> Write for Measured<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.to.write(bytes)?;
        self.hash.update(&bytes[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
