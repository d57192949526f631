//! Offers that were handed over, and that their channel has not answered for yet.
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::Told;
use crate::catalog::{Accepted, Change, Content, EffectKind, Writer};
use crate::diagnostic::{Diagnostic, Place, Result};
use crate::market::ItemResult;
use crate::sync::job::{Job, ask};
use crate::sync::{Channel, Occasion, keep};

/// An offer as it was told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sent {
    /// What the channel calls it.
    pub id: String,
    pub sku: String,
    pub as_told: Accepted,
    pub why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Why {
    New,
    Changed,
    Renewed,
    Gone,
}

impl Sent {
    /// What the channel will have of it; `None`: nothing any more.
    fn content(&self) -> Option<Content> {
        (self.why != Why::Gone).then_some(self.as_told.content)
    }
}

/// By a hash of their names.
#[derive(Default)]
pub(super) struct Underway {
    /// What the channel will have, and a hash of the SKU.
    coming: HashMap<u64, (Option<Content>, u64)>,
    /// What it has refused just now.
    refused: HashMap<u64, Content>,
}

impl Underway {
    /// Books the jobs of earlier runs that have ended; what is left is underway. `None`: the channel could not be asked, and
    /// need not be told.
    pub fn settle(
        writer: &mut Writer,
        market: &Channel<'_>,
        occasion: &Occasion<'_>,
        done: &mut Told,
    ) -> Result<Option<Underway>> {
        let mut underway = Underway::default();
        for row in writer.open_jobs(market.name, EffectKind::Tell)? {
            let sent: Vec<Sent> = serde_json::from_str(&row.body).unwrap_or_default();
            let ids: Vec<&str> = sent.iter().map(|sent| sent.id.as_str()).collect();
            let (results, finding) =
                match ask(&row, occasion.now, |job| market.connector.poll_told(market.port, job, &ids)) {
                    Job::Ended(results) => (results, None),
                    Job::Lost(finding) => (Vec::new(), finding),
                    Job::Open(error) => {
                        underway.extend(&sent);
                        done.underway += sent.len();
                        if let Some(error) = error {
                            done.forgive(error, market.name)?;
                            return Ok(None);
                        }
                        continue;
                    }
                };
            done.findings.extend(finding);
            let is_refused = |result: &&ItemResult| result.refused.is_some();
            let refused: HashSet<&str> = results.iter().filter(is_refused).map(|result| result.sku.as_str()).collect();
            let refused = sent.iter().filter(|sent| refused.contains(sent.id.as_str()));
            underway.refused.extend(refused.map(|sent| (xxh3_64(sent.id.as_bytes()), sent.as_told.content)));
            let change = writer.change(occasion.now)?;
            if !book(&change, market.name, &sent, &results, done)?.is_empty() {
                change.forget_told_up_to(market.name)?;
            }
            change.end_job(row.id)?;
            keep(change, occasion)?;
        }
        Ok(Some(underway))
    }

    fn extend(&mut self, sent: &[Sent]) {
        let entry = |sent: &Sent| (xxh3_64(sent.id.as_bytes()), (sent.content(), xxh3_64(sent.sku.as_bytes())));
        self.coming.extend(sent.iter().map(entry));
    }

    /// What the channel will have of an offer that is underway: `Some(None)` is nothing.
    pub fn of(&self, offer: &str) -> Option<Option<Content>> {
        self.coming.get(&xxh3_64(offer.as_bytes())).map(|(content, _)| *content)
    }

    /// Whether it has refused this very offer just now, so that it need not be told again at once.
    pub fn was_refused(&self, offer: &str, content: &Content) -> bool {
        self.refused.get(&xxh3_64(offer.as_bytes())) == Some(content)
    }

    /// How many offers of these SKUs, of all without them, it will have although `is_met` does not know them.
    pub fn will_be_too_many(&self, skus: Option<&[String]>, is_met: impl Fn(u64) -> bool) -> usize {
        if self.coming.is_empty() {
            return 0;
        }
        let skus: Option<HashSet<u64>> = skus.map(|skus| skus.iter().map(|sku| xxh3_64(sku.as_bytes())).collect());
        let counts = |(offer, (content, sku)): &(&u64, &(Option<Content>, u64))| {
            content.is_some() && skus.as_ref().is_none_or(|skus| skus.contains(sku)) && !is_met(**offer)
        };
        self.coming.iter().filter(counts).count()
    }
}

/// Books what the channel said of each offer, and gives back those it said nothing of.
pub(super) fn book<'a>(
    change: &Change<'_>,
    market: &str,
    sent: &'a [Sent],
    results: &[ItemResult],
    done: &mut Told,
) -> Result<Vec<&'a Sent>> {
    let results: HashMap<&str, Option<&str>> =
        results.iter().map(|result| (result.sku.as_str(), result.refused.as_deref())).collect();
    let mut unanswered = Vec::new();
    for offer in sent {
        let Sent { id, sku, as_told, why } = offer;
        match results.get(id.as_str()) {
            None => unanswered.push(offer),
            Some(None) => {
                match why {
                    Why::Gone => change.offer_removed(market, id)?,
                    _ => change.offer_accepted(market, id, sku, as_told)?,
                }
                done.count(*why);
            }
            Some(Some(reason)) => {
                if *why != Why::Gone {
                    change.offer_refused(market, id, sku, &as_told.content, reason)?;
                }
                let finding = Diagnostic::warning("offer/refused", format!("{market} refused the offer: {reason}"));
                let help = "mend what it names; the same offer refused three times is left alone until it changes";
                let named = if sku.is_empty() { id } else { sku };
                done.findings.push(finding.at(Place::of_sku(named.clone())).help(help));
                done.refused += 1;
            }
        }
    }
    Ok(unanswered)
}

impl Told {
    pub(super) fn count(&mut self, why: Why) {
        match why {
            Why::New => self.new += 1,
            Why::Changed => self.changed += 1,
            Why::Renewed => self.renewed += 1,
            Why::Gone => self.gone += 1,
        }
    }
}
