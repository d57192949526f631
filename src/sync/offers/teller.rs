//! Which offers are told, and in which batches.
//!
//! What would do harm if it happened to many offers - a price that jumps, the last unit sold - is set aside until all
//! were seen, and told in a second look if the guards let it pass.
use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::Value;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::underway::{Sent, Underway, Why, book};
use super::{Round, SPARE_DAYS, SPREAD_DAYS, TellOptions, Told, days_ago};
use crate::catalog::{Accepted, EffectKind, Writer};
use crate::channel;
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result};
use crate::feed::{Findings, Jumps, Line, is_jump, lines, shells};
use crate::market::WholeOffer;
use crate::sync::guard::{Guarded, guard_gone, guard_jumps, price_jump_percent, sold_out};
use crate::sync::{Channel, Occasion, is_ours};

pub(super) struct Teller<'s, 'c> {
    writer: &'s mut Writer,
    market: &'s Channel<'c>,
    occasion: &'s Occasion<'c>,
    options: TellOptions,
    channel: &'s channel::Channel,
    underway: Underway,
    batch: Vec<Waiting>,
    /// Jobs that were begun.
    jobs: usize,
    /// Hashes of the identities that were met.
    seen: HashSet<u64>,
    aside: Aside,
    done: Told,
    /// What ended it before all was told.
    stopped: Option<Error>,
}

/// An offer about to be told.
struct Waiting {
    sent: Sent,
    body: Value,
}

#[derive(Default)]
struct Aside {
    /// Hashes of their identities.
    offers: HashSet<u64>,
    skus: Vec<String>,
    jumped: u64,
    sold_out: u64,
    /// The guards let them pass: this is the second look, which is for them alone.
    pass: bool,
}

impl<'s, 'c> Teller<'s, 'c> {
    pub fn new(
        writer: &'s mut Writer,
        market: &'s Channel<'c>,
        occasion: &'s Occasion<'c>,
        options: TellOptions,
        channel: &'s channel::Channel,
        underway: Underway,
        done: Told,
    ) -> Self {
        Teller {
            writer,
            market,
            occasion,
            options,
            channel,
            underway,
            batch: Vec::new(),
            jobs: 0,
            seen: HashSet::new(),
            aside: Aside::default(),
            done,
            stopped: None,
        }
    }

    /// What came of it, and what ended it early.
    pub fn leave(mut self) -> (Told, Option<Error>) {
        self.done.postponed += self.batch.len();
        (self.done, self.stopped)
    }

    pub fn tell(&mut self, round: &Round<'_>, findings: &mut Findings<'_>) -> Result<()> {
        let built = round.look(self.channel, |job| lines(job, findings, &mut |line| self.take(line)))?;
        (self.done.compared, self.done.left_out) = (built.offers, built.left_out);
        // what does no harm goes out whatever the guards say of the rest
        self.flush()?;
        self.remove(round)?;
        self.second_look(round)?;
        self.flush()
    }

    fn take(&mut self, line: &Line<'_>) -> Result<()> {
        let key = xxh3_64(line.identity.as_bytes());
        if self.aside.pass && !self.aside.offers.contains(&key) {
            return Ok(());
        }
        self.seen.insert(key);
        let as_told = Accepted {
            content: xxh3_128(line.text.as_bytes()).to_be_bytes(),
            price: line.price,
            in_stock: line.in_stock,
        };
        if let Some(coming) = self.underway.of(line.identity) {
            self.done.held += usize::from(coming != Some(as_told.content));
            return Ok(());
        }
        if self.underway.was_refused(line.identity, &as_told.content) {
            return Ok(());
        }
        let told = self.writer.told_offer(self.market.name, line.identity)?;
        if told.as_ref().is_some_and(|told| told.parked == Some(as_told.content)) {
            self.done.parked += 1;
            return Ok(());
        }
        let why = match told.as_ref().and_then(|told| told.accepted) {
            None => Why::New,
            Some(before) if before.content != as_told.content => {
                if self.set_aside(key, line.sku, &before, &as_told) {
                    return Ok(());
                }
                Why::Changed
            }
            Some(_) if self.expires_soon(told.and_then(|told| told.told_at), &as_told) => Why::Renewed,
            Some(_) => return Ok(()),
        };
        let body = serde_json::from_str(line.text).map_err(|e| Error::bug("an offer is no JSON").source(e))?;
        let sent = Sent { id: line.identity.to_owned(), sku: line.sku.to_owned(), as_told, why };
        self.push(Waiting { sent, body })
    }

    /// Offers told on one day are told again on different days, by their hashes.
    fn expires_soon(&self, told_at: Option<Timestamp>, as_told: &Accepted) -> bool {
        let (Some(days), Some(told_at)) = (self.channel.contract.expires_days, told_at) else { return false };
        let own = i64::from(as_told.content[0]) % SPREAD_DAYS;
        days_ago(self.occasion.now, i64::from(days) - SPARE_DAYS - own).is_some_and(|due| told_at < due)
    }

    fn set_aside(&mut self, key: u64, sku: &str, before: &Accepted, now: &Accepted) -> bool {
        let percent = price_jump_percent(self.channel);
        let jumps = before.price.zip(now.price).is_some_and(|(was, is)| is_jump(was, is, percent));
        let jumps = jumps && !self.options.allow_price_jump;
        let sells_out = before.in_stock == Some(true) && now.in_stock == Some(false) && !self.options.allow_shrink;
        if self.aside.pass || !(jumps || sells_out) {
            return false;
        }
        self.aside.offers.insert(key);
        self.aside.skus.push(sku.to_owned());
        self.aside.jumped += u64::from(jumps);
        self.aside.sold_out += u64::from(sells_out);
        true
    }

    /// Tells what was set aside, if the guards let it pass.
    fn second_look(&mut self, round: &Round<'_>) -> Result<()> {
        if self.aside.skus.is_empty() {
            return Ok(());
        }
        let (name, jumped, were) = (self.market.name, self.aside.jumped, self.aside.sold_out);
        if jumped > 0 {
            let shared = self.writer.count_offers_there(name)?;
            guard_jumps(self.channel, Guarded::Offers, Jumps { jumped, shared })?;
        }
        if were > 0 && !self.writer.has_more_in_stock(name, were)? {
            return Err(sold_out(self.channel, Guarded::Offers, were));
        }
        let mut channel = self.channel.clone();
        channel.part = Some(std::mem::take(&mut self.aside.skus));
        self.aside.pass = true;
        // what there is to say of them was said at the first look
        let mut silent = |_: &_| {};
        round.look(&channel, |job| lines(job, &mut Findings::new(&mut silent), &mut |line| self.take(line)))?;
        Ok(())
    }

    /// Takes off the offers the channel has and that were not met.
    fn remove(&mut self, round: &Round<'_>) -> Result<()> {
        let gone = self.gone()?;
        if gone.is_empty() {
            return Ok(());
        }
        if !self.options.allow_shrink {
            let there = self.writer.count_offers_there(self.market.name)?;
            guard_gone(self.channel, gone.len() as u64, there)?;
        }
        let ids: Vec<String> = gone.iter().map(|(offer, _)| offer.clone()).collect();
        let shells = round.look(self.channel, |job| shells(job, &ids))?;
        for ((id, sku), shell) in gone.into_iter().zip(shells) {
            let body = serde_json::from_str(&shell).map_err(|e| Error::bug("a name is no JSON").source(e))?;
            let as_told = Accepted { content: [0; 16], price: None, in_stock: None };
            self.push(Waiting { sent: Sent { id, sku, as_told, why: Why::Gone }, body })?;
        }
        Ok(())
    }

    fn gone(&mut self) -> Result<Vec<(String, String)>> {
        let mut gone = Vec::new();
        let skus = self.channel.part.as_deref();
        let unseen =
            |offer: &String| !self.seen.contains(&xxh3_64(offer.as_bytes())) && self.underway.of(offer).is_none();
        match skus {
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
        self.done.held += self.underway.will_be_too_many(skus, |offer| self.seen.contains(&offer));
        Ok(gone)
    }

    fn push(&mut self, waiting: Waiting) -> Result<()> {
        self.batch.push(waiting);
        if self.batch.len() < self.market.connector.tell_max() {
            return Ok(());
        }
        self.flush()?;
        match self.occasion.stopped() {
            true => {
                Err(self.stop(Error::new(Kind::Unavailable, "sync/stopped", "stopped before all offers were told")))
            }
            false => Ok(()),
        }
    }

    /// Ends the run of offers: the caller is given what it means by [`Teller::leave`].
    fn stop(&mut self, error: Error) -> Error {
        let ends = Error::new(Kind::Unavailable, "sync/stopped", error.message.clone());
        self.stopped.get_or_insert(error);
        ends
    }

    fn flush(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        if self.occasion.dry_run {
            batch.iter().for_each(|waiting| self.done.count(waiting.sent.why));
            return Ok(());
        }
        let (offers, sent): (Vec<WholeOffer>, Vec<Sent>) = batch
            .into_iter()
            .map(|Waiting { sent, body }| (WholeOffer { id: sent.id.clone(), body, gone: sent.why == Why::Gone }, sent))
            .unzip();
        let submitted = match self.market.connector.tell(self.market.port, &offers) {
            Ok(submitted) => submitted,
            Err(error) if is_ours(&error) => return Err(error),
            Err(error) => {
                self.done.postponed += sent.len();
                return Err(self.stop(error));
            }
        };
        let change = self.writer.change(self.occasion.now)?;
        let unanswered = book(&change, self.market.name, &sent, &submitted.results, &mut self.done)?;
        match &submitted.job {
            None => {
                self.done.postponed += unanswered.len();
                self.done.findings.extend(unanswered.first().map(|first| not_yet(self.market.name, first)));
            }
            Some(job) => {
                let id = change.begin_job(self.market.name, EffectKind::Tell, self.jobs, &unanswered)?;
                change.job_polling(id, job)?;
                self.jobs += 1;
                self.done.handed_over += unanswered.len();
                self.done.underway += unanswered.len();
            }
        }
        change.commit()
    }
}

/// Of offers that were told and got no word, the first stands for all.
fn not_yet(market: &str, first: &Sent) -> Diagnostic {
    Diagnostic::warning("offer/postponed", format!("{market} cannot take every offer yet"))
        .at(Place::of_sku(first.sku.clone()))
        .help("they are told at the next run; an inventory waits until its product is there")
}
