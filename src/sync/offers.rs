//! Whole offers out, one by one: those that are new, changed or gone since the channel last accepted them.
//!
//! Where to look is told by revisions and by the clock; what is told is decided by a hash of each offer's text. Once a
//! day, and whenever contract, template or settings have changed, every offer is compared.
use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::guard::shrink_percent;
use super::{Channel, Occasion, is_ours};
use crate::catalog::{Content, ToldUpTo, Writer};
use crate::channel::{self, Guarded};
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result};
use crate::feed::{Findings, Job, Line, lines, shells};
use crate::market::{ItemResult, WholeOffer};
use crate::shop::Shop;
use crate::value::time::to_utc_text;

/// Every offer is compared when the last time was so long ago.
const FULL_HOURS: i64 = 24;
/// An offer that would expire is told again so many days before, and those told on one day over as many days.
const SPREAD_DAYS: i64 = 10;
/// Days that are left when the last of them is told again.
const SPARE_DAYS: i64 = 3;

#[derive(Debug, Default, Serialize)]
pub struct Told {
    /// Offers that were compared.
    pub compared: u64,
    /// Offers that could not be shaped for the channel; they are taken off if they were there.
    pub left_out: u64,
    pub new: usize,
    pub changed: usize,
    pub gone: usize,
    /// Told again as they were, since they would have expired.
    pub renewed: usize,
    pub refused: usize,
    /// Refused three times as they are, and not told until they change.
    pub parked: usize,
    /// Not told this time; they are at the next run.
    pub postponed: usize,
    /// Whether every offer was compared.
    pub full: bool,
    #[serde(skip)]
    pub findings: Vec<Diagnostic>,
}

/// How it is to be told.
#[derive(Debug, Clone, Copy, Default)]
pub struct TellOptions {
    /// Compare every offer, whatever the revisions say.
    pub full: bool,
    /// Take off as many offers as are gone.
    pub allow_shrink: bool,
}

/// Tells `market` the offers of its channel.
///
/// # Errors
/// Of the catalog, the template, credentials; `feed/shrunk`. What one offer meets is in the findings.
pub fn tell_offers(
    shop: &Shop,
    writer: &mut Writer,
    market: &Channel<'_>,
    options: TellOptions,
    occasion: &Occasion<'_>,
    findings: &mut Findings<'_>,
) -> Result<Told> {
    let Some(name) = shop.market(market.name)?.offers.as_deref() else { return Ok(Told::default()) };
    let batch_max = market.connector.tell_max();
    if batch_max == 0 {
        return Err(Error::usage("market/takes-no-offers", format!("{} takes no whole offers", market.name))
            .at(Place::file("purvey.toml").attribute(format!("market.{}.offers", market.name)))
            .help("leave `offers` out; stock and prices are told without it"));
    }
    let mut channel = shop.channel(name)?;
    let format = channel.contract.format.values().find(|f| f.is_lines()).cloned().ok_or_else(|| {
        Error::usage("channel/no-lines", format!("{name} has no format in which offers can be told one by one"))
            .at(Place::file(&channel.contract_file))
            .help("such a format is of kind json with shape = \"lines\"")
    })?;
    let reader = shop.catalog.read()?;
    let now = ToldUpTo {
        revision: reader.revision()?,
        at: occasion.now,
        shape: fingerprint(shop, &channel),
        full_at: occasion.now,
    };
    let changed_at = reader.changed_at()?;
    drop(reader);
    let before = writer.told_up_to(market.name)?;
    let expires = channel.contract.expires_days.map(i64::from);
    let since = before.filter(|before| !options.full && before.shape == now.shape && !is_old(before, occasion.now));
    if let Some(since) = &since {
        let told_before = expires.and_then(|days| days_ago(occasion.now, days - SPARE_DAYS - SPREAD_DAYS));
        let skus = writer.changed_skus(market.name, since, occasion.now, told_before)?;
        if skus.is_empty() {
            return Ok(Told::default());
        }
        channel.part = Some(skus);
    }
    let guarded = Guarded::open(&shop.catalog, Some(&shop.dir), &channel).map_err(|error| shop.locate(error))?;
    let job = Job {
        channel: &channel,
        guarded: &guarded,
        now: &to_utc_text(occasion.now),
        format: &format,
        changed: &changed_at,
        beside: false,
    };
    let mut teller = Teller {
        writer,
        market,
        occasion,
        expires,
        batch_max,
        batch: Vec::new(),
        seen: HashSet::new(),
        done: Told { full: since.is_none(), ..Told::default() },
        stopped: None,
    };
    let built = lines(&job, findings, &mut |line| teller.take(line));
    let built = match (built, teller.stopped.take()) {
        (_, Some(error)) => return teller.leave(error),
        (built, None) => built.map_err(|error| shop.locate(error))?,
    };
    teller.done.compared = built.offers;
    teller.done.left_out = built.left_out;
    let gone = teller.gone(&channel, (!options.allow_shrink).then(|| shrink_percent(&channel)))?;
    teller.remove(&job, gone)?;
    teller.flush()?;
    if let Some(error) = teller.stopped.take() {
        return teller.leave(error);
    }
    let done = teller.done;
    if done.postponed == 0 && !occasion.dry_run {
        let full_at = since.map_or(now.full_at, |since| since.full_at);
        let change = writer.change(occasion.now)?;
        change.put_told_up_to(market.name, &ToldUpTo { full_at, ..now })?;
        change.commit()?;
    }
    Ok(done)
}

fn is_old(before: &ToldUpTo, now: Timestamp) -> bool {
    now.duration_since(before.full_at) >= SignedDuration::from_hours(FULL_HOURS) || before.at > now
}

fn days_ago(now: Timestamp, days: i64) -> Option<Timestamp> {
    now.checked_sub(SignedDuration::from_hours(24 * days.max(1))).ok()
}

/// Of everything besides the catalog that decides what an offer says.
fn fingerprint(shop: &Shop, channel: &channel::Channel) -> String {
    let mut text = format!("{} {channel:?}", env!("CARGO_PKG_VERSION"));
    let lists = channel.settings.include.iter().chain(&channel.settings.exclude).filter_map(|l| l.strip_prefix('@'));
    let maps = std::fs::read_dir(shop.path("maps")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = maps.chain(lists.map(|file| shop.path(file))).collect();
    files.sort();
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_default();
        text.push_str(&format!("\n{} {:x}", file.display(), xxh3_64(&bytes)));
    }
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

struct Teller<'s, 'c> {
    writer: &'s mut Writer,
    market: &'s Channel<'c>,
    occasion: &'s Occasion<'c>,
    expires: Option<i64>,
    batch_max: usize,
    batch: Vec<Waiting>,
    /// Hashes of the identities that were met.
    seen: HashSet<u64>,
    done: Told,
    /// What ended it before all was told.
    stopped: Option<Error>,
}

/// An offer about to be told.
struct Waiting {
    offer: WholeOffer,
    sku: String,
    content: Content,
    why: Why,
}

#[derive(Clone, Copy, PartialEq)]
enum Why {
    New,
    Changed,
    Renewed,
    Gone,
}

impl Teller<'_, '_> {
    fn take(&mut self, line: &Line<'_>) -> Result<()> {
        self.seen.insert(xxh3_64(line.identity.as_bytes()));
        let content: Content = xxh3_128(line.text.as_bytes()).to_be_bytes();
        let told = self.writer.told_offer(self.market.name, line.identity)?;
        if told.as_ref().is_some_and(|told| told.parked == Some(content)) {
            self.done.parked += 1;
            return Ok(());
        }
        let why = match told.as_ref().and_then(|told| told.content) {
            None => Why::New,
            Some(before) if before != content => Why::Changed,
            Some(_) if self.expires_soon(told.and_then(|told| told.told_at), &content) => Why::Renewed,
            Some(_) => return Ok(()),
        };
        let body = serde_json::from_str(line.text).map_err(|e| Error::bug("an offer is no JSON").source(e))?;
        let offer = WholeOffer { id: line.identity.to_owned(), body, gone: false };
        self.push(Waiting { offer, sku: line.sku.to_owned(), content, why })
    }

    /// Offers told on one day are told again on different days, by their hashes.
    fn expires_soon(&self, told_at: Option<Timestamp>, content: &Content) -> bool {
        let (Some(days), Some(told_at)) = (self.expires, told_at) else { return false };
        let own = i64::from(content[0]) % SPREAD_DAYS;
        days_ago(self.occasion.now, days - SPARE_DAYS - own).is_some_and(|due| told_at < due)
    }

    fn push(&mut self, waiting: Waiting) -> Result<()> {
        self.batch.push(waiting);
        if self.batch.len() < self.batch_max {
            return Ok(());
        }
        self.flush()?;
        match self.stopped.is_some() || self.occasion.stopped() {
            // ends the build; what it means is in `stopped`
            true => Err(self.stop()),
            false => Ok(()),
        }
    }

    fn stop(&mut self) -> Error {
        let cut_short = || Error::new(Kind::Unavailable, "sync/stopped", "stopped before all offers were told");
        self.stopped.get_or_insert_with(cut_short);
        cut_short()
    }

    /// Offers the channel has and that were not met. With `shrink`, not more than this share of all.
    fn gone(&self, channel: &channel::Channel, shrink: Option<u64>) -> Result<Vec<(String, String)>> {
        let mut gone = Vec::new();
        let unseen = |offer: &String| !self.seen.contains(&xxh3_64(offer.as_bytes()));
        match &channel.part {
            None => {
                let there = self.writer.offers_there(self.market.name, None)?;
                gone.extend(there.into_iter().filter(unseen).map(|offer| (offer, String::new())));
            }
            Some(skus) => {
                for sku in skus {
                    let there = self.writer.offers_there(self.market.name, Some(sku))?;
                    gone.extend(there.into_iter().filter(unseen).map(|offer| (offer, sku.clone())));
                }
            }
        }
        let there = self.writer.count_offers_there(self.market.name)?;
        if let Some(percent) = shrink
            && gone.len() as u64 * 100 > there * percent
        {
            let message = format!("{} of the {there} offers at {} would be taken off", gone.len(), self.market.name);
            return Err(Error::new(Kind::Guard, "feed/shrunk", message)
                .help("nothing was taken off; if it is meant, add --allow-shrink, else see why they are left out with `purvey feed build --explain`"));
        }
        Ok(gone)
    }

    fn remove(&mut self, job: &Job<'_>, gone: Vec<(String, String)>) -> Result<()> {
        let ids: Vec<String> = gone.iter().map(|(offer, _)| offer.clone()).collect();
        for ((id, sku), shell) in gone.into_iter().zip(shells(job, &ids)?) {
            let body = serde_json::from_str(&shell).map_err(|e| Error::bug("a name is no JSON").source(e))?;
            let offer = WholeOffer { id, body, gone: true };
            if self.push(Waiting { offer, sku, content: [0; 16], why: Why::Gone }).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() || self.stopped.is_some() {
            self.done.postponed += batch.len();
            return Ok(());
        }
        if self.occasion.dry_run {
            batch.iter().for_each(|waiting| self.count(waiting.why));
            return Ok(());
        }
        let offers: Vec<WholeOffer> = batch.iter().map(|waiting| waiting.offer.clone()).collect();
        match self.market.connector.tell(self.market.port, &offers) {
            Ok(results) => self.book(&batch, &results),
            Err(error) if is_ours(&error) => Err(error),
            Err(error) => {
                self.done.postponed += batch.len();
                self.stopped = Some(error);
                Ok(())
            }
        }
    }

    /// An offer is as it was told when its own result says so.
    fn book(&mut self, batch: &[Waiting], results: &[ItemResult]) -> Result<()> {
        let change = self.writer.change(self.occasion.now)?;
        let name = self.market.name;
        let mut told = Vec::new();
        for Waiting { offer, sku, content, why } in batch {
            match results.iter().find(|result| result.sku == offer.id).map(|result| &result.refused) {
                None => self.done.postponed += 1,
                Some(None) if *why == Why::Gone => {
                    change.offer_removed(name, &offer.id)?;
                    told.push(*why);
                }
                Some(None) => {
                    change.offer_accepted(name, &offer.id, sku, Some(content))?;
                    told.push(*why);
                }
                Some(Some(reason)) => {
                    if *why != Why::Gone {
                        change.offer_refused(name, &offer.id, sku, content, reason)?;
                    }
                    self.done.refused += 1;
                    let finding = Diagnostic::warning("offer/refused", format!("{name} refused the offer: {reason}"));
                    let help = "mend what it names; the same offer refused three times is left alone until it changes";
                    self.done.findings.push(finding.at(Place::of_sku(sku.clone())).help(help));
                }
            }
        }
        change.commit()?;
        told.into_iter().for_each(|why| self.count(why));
        Ok(())
    }

    fn count(&mut self, why: Why) {
        match why {
            Why::New => self.done.new += 1,
            Why::Changed => self.done.changed += 1,
            Why::Renewed => self.done.renewed += 1,
            Why::Gone => self.done.gone += 1,
        }
    }

    /// What ended it early: a finding if it will be better another time, else the caller's.
    fn leave(mut self, error: Error) -> Result<Told> {
        self.done.postponed += self.batch.len();
        if !matches!(error.kind, Kind::Unavailable | Kind::Rejected | Kind::Input) {
            return Err(error);
        }
        self.done.postponed = self.done.postponed.max(1);
        self.done.findings.push(
            Diagnostic::warning("offer/postponed", format!("not all offers could be told: {}", error.message))
                .at(Place::default().attribute("channel").value(self.market.name))
                .help("the rest is told at the next run"),
        );
        Ok(self.done)
    }
}
