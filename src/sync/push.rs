//! Stock out: each listing whose channel was last told something else than what is available now.
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Channel, Occasion, Policy, keep};
use crate::catalog::{Change, EffectState, Outgoing, Stale, Writer};
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result};
use crate::market::{ItemResult, OfferUpdate, Polled};

/// How long a job may take before the stock it carried is told anew.
const JOB_HOURS_MAX: i64 = 24;

#[derive(Debug, Default, Serialize)]
pub struct Pushed {
    pub accepted: usize,
    pub refused: usize,
    /// Jobs the marketplace still works on; nothing new is told until they end.
    pub jobs: usize,
    /// Offers that could not be told this time; they are at the next run.
    pub postponed: usize,
    /// What a dry run would have told.
    pub withheld: Vec<OfferUpdate>,
    #[serde(skip)]
    pub findings: Vec<Diagnostic>,
}

/// Books the jobs that have ended, then tells what changed.
///
/// # Errors
/// Of the catalog, and refused credentials; anything else is a finding, and the offers stay to be told.
pub fn push_stock(writer: &mut Writer, channel: &Channel<'_>, occasion: &Occasion<'_>) -> Result<Pushed> {
    let mut pusher = Pusher { writer, channel, occasion, done: Pushed::default() };
    let goes_on = pusher.finish_open()?;
    if goes_on {
        pusher.tell_stale()?;
    }
    Ok(pusher.done)
}

struct Pusher<'s, 'c> {
    writer: &'s mut Writer,
    channel: &'s Channel<'c>,
    occasion: &'s Occasion<'c>,
    done: Pushed,
}

impl Pusher<'_, '_> {
    /// Pushes of earlier runs. `false`: one is still being worked on.
    fn finish_open(&mut self) -> Result<bool> {
        for row in self.writer.open_pushes(self.channel.name)? {
            let job = match (row.state, &row.job) {
                (EffectState::Polling, Some(job)) => job,
                // Its answer never came. Quantities are absolute: what it told is told anew.
                _ => {
                    self.end(row.id)?;
                    continue;
                }
            };
            self.poll(&row, job)?;
        }
        Ok(self.done.jobs == 0)
    }

    fn poll(&mut self, row: &Outgoing, job: &str) -> Result<()> {
        let Ok(sent) = serde_json::from_str::<Vec<OfferUpdate>>(&row.body) else { return self.end(row.id) };
        match self.channel.connector.poll(self.channel.port, job, &sent) {
            Ok(Polled::Done(results)) => self.book(row.id, &sent, &results, None),
            Ok(Polled::Pending) if is_old(row, self.occasion.now) => {
                self.find(Diagnostic::warning(
                    "push/job-lost",
                    format!("job {job} has not ended in {JOB_HOURS_MAX} hours"),
                ));
                self.end(row.id)
            }
            Ok(Polled::Pending) => {
                self.done.jobs += 1;
                Ok(())
            }
            Err(error) if error.kind == Kind::Rejected => {
                self.find(Diagnostic::warning(
                    "push/job-lost",
                    format!("job {job} cannot be asked for: {}", error.message),
                ));
                self.end(row.id)
            }
            Err(error) => {
                self.done.jobs += 1;
                self.leave(error)
            }
        }
    }

    fn tell_stale(&mut self) -> Result<()> {
        let batch_max = self.channel.connector.describe().batch_max;
        if batch_max == 0 {
            return Ok(());
        }
        let Policy { offering, endless, prices, everything, .. } = &self.channel.policy;
        let stale = self.writer.stale_listings(self.channel.name, offering, *endless, *prices, *everything)?;
        let offers: Vec<OfferUpdate> = stale.into_iter().map(offer).collect();
        if self.occasion.dry_run {
            self.done.withheld = offers;
            return Ok(());
        }
        for (part, batch) in offers.chunks(batch_max).enumerate() {
            if self.occasion.stopped() {
                self.done.postponed = offers.len() - part * batch_max;
                break;
            }
            let change = self.writer.change(self.occasion.now)?;
            let id = change.begin_push(self.channel.name, part, &batch)?;
            change.commit()?;
            match self.channel.connector.push(self.channel.port, batch) {
                Ok(submitted) => self.book(id, batch, &submitted.results, submitted.job.as_deref())?,
                Err(error) => {
                    self.end(id)?;
                    self.done.postponed = offers.len() - part * batch_max;
                    return self.leave(error);
                }
            }
        }
        Ok(())
    }

    /// An item is accepted when its own result says so; one without a result is told again.
    fn book(&mut self, id: i64, sent: &[OfferUpdate], results: &[ItemResult], job: Option<&str>) -> Result<()> {
        let change = self.writer.change(self.occasion.now)?;
        for result in results {
            let Some(offer) = sent.iter().find(|offer| offer.sku == result.sku) else { continue };
            match &result.refused {
                None => {
                    accept(&change, self.channel.name, offer)?;
                    self.done.accepted += 1;
                }
                Some(why) => {
                    change.listing_refused(self.channel.name, &offer.sku, why)?;
                    self.done.refused += 1;
                    let finding =
                        Diagnostic::warning("push/refused", format!("the marketplace refused its stock: {why}"));
                    let help = "mend the listing on the marketplace; after three equal refusals it is left alone";
                    self.done.findings.push(finding.at(Place::of_sku(offer.sku.clone())).help(help));
                }
            }
        }
        match job {
            Some(job) => {
                change.push_polling(id, job)?;
                self.done.jobs += 1;
            }
            None => change.end_push(id)?,
        }
        keep(change, self.occasion)
    }

    fn end(&mut self, id: i64) -> Result<()> {
        let change = self.writer.change(self.occasion.now)?;
        change.end_push(id)?;
        keep(change, self.occasion)
    }

    fn find(&mut self, finding: Diagnostic) {
        let help = "its stock is told anew";
        self.done.findings.push(finding.at(Place::default().attribute("channel").value(self.channel.name)).help(help));
    }

    /// An answer that will be better another time is a finding; all else is the caller's.
    fn leave(&mut self, error: Error) -> Result<()> {
        if !matches!(error.kind, Kind::Unavailable | Kind::Rejected | Kind::Input) {
            return Err(error);
        }
        self.done.findings.push(
            Diagnostic::warning("push/postponed", format!("stock could not be told: {}", error.message))
                .at(Place::default().attribute("channel").value(self.channel.name))
                .help("it is told at the next run"),
        );
        Ok(())
    }
}

fn accept(change: &Change<'_>, channel: &str, offer: &OfferUpdate) -> Result<()> {
    change.listing_accepted(channel, &offer.sku, offer.quantity.unwrap_or(0), offer.price_minor)
}

fn offer(stale: Stale) -> OfferUpdate {
    OfferUpdate {
        sku: stale.channel_sku,
        quantity: Some(stale.quantity),
        currency: stale.price_minor.and(stale.currency),
        price_minor: stale.price_minor,
        sale_price_minor: None,
    }
}

fn is_old(row: &Outgoing, now: Timestamp) -> bool {
    now.duration_since(row.created_at) > SignedDuration::from_hours(JOB_HOURS_MAX)
}
