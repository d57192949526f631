//! Stock out: each listing whose channel was last told something else than what is available now.
use serde::Serialize;

use super::job::{Job, ask};
use super::{Channel, Occasion, Policy, keep};
use crate::catalog::{Change, EffectKind, Stale, Writer};
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result};
use crate::market::{ItemResult, OfferUpdate};

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
        for row in self.writer.open_jobs(self.channel.name, EffectKind::Push)? {
            let sent: Vec<OfferUpdate> = serde_json::from_str(&row.body).unwrap_or_default();
            let poll = |job: &str| self.channel.connector.poll(self.channel.port, job, &sent);
            match ask(&row, self.occasion.now, poll) {
                Job::Ended(results) => self.book(row.id, &sent, &results, None)?,
                Job::Lost(finding) => {
                    self.done.findings.extend(finding);
                    self.end(row.id)?;
                }
                Job::Open(error) => {
                    self.done.jobs += 1;
                    error.map_or(Ok(()), |error| self.leave(error))?;
                }
            }
        }
        Ok(self.done.jobs == 0)
    }

    fn tell_stale(&mut self) -> Result<()> {
        let batch_max = self.channel.connector.describe().batch_max;
        if batch_max == 0 || self.channel.policy.whole_offers {
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
            let id = change.begin_job(self.channel.name, EffectKind::Push, part, &batch)?;
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
                change.job_polling(id, job)?;
                self.done.jobs += 1;
            }
            None => change.end_job(id)?,
        }
        keep(change, self.occasion)
    }

    fn end(&mut self, id: i64) -> Result<()> {
        let change = self.writer.change(self.occasion.now)?;
        change.end_job(id)?;
        keep(change, self.occasion)
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
