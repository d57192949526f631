//! A whole sync: first every channel's orders, so that stock is right, then our word and our stock to every channel.
//! One dead channel does not stop the others.
use serde::Serialize;

use super::dispatch::ANSWERS;
use super::offers::read_issues;
use super::{
    Channel, Dispatched, Occasion, Pulled, Pushed, TRACKING, TellOptions, Told, Unreached, dispatch, is_ours, keep,
    pull, push_stock, signal, tell_offers,
};
use crate::catalog::{Applied, Buyers, EffectKind, Writer};
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::feed::Findings;
use crate::shop::Shop;

#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// What had waited in the catalog and could be settled now.
    pub looked_back: Applied,
    /// Orders whose buyer's personal data was erased, its date having come.
    pub erased: usize,
    pub channels: Vec<ChannelSummary>,
}

#[derive(Debug, Default, Serialize)]
pub struct ChannelSummary {
    pub name: String,
    pub pulled: Pulled,
    pub dispatched: Dispatched,
    pub pushed: Pushed,
    pub told: Told,
    /// What stopped this channel, if anything did.
    #[serde(skip)]
    pub error: Option<Error>,
}

impl From<Unreached> for ChannelSummary {
    fn from(unreached: Unreached) -> ChannelSummary {
        ChannelSummary { name: unreached.name, error: Some(unreached.error), ..ChannelSummary::default() }
    }
}

impl Summary {
    /// Whether something was left undone that was asked for.
    pub fn is_partial(&self) -> bool {
        self.channels.iter().any(|c| {
            c.error.is_some()
                || c.pulled.unreadable > 0
                || c.dispatched.postponed + c.dispatched.dead > 0
                || c.pushed.refused + c.pushed.postponed > 0
                || c.told.refused + c.told.postponed > 0
        })
    }
}

/// Which parts of a run are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Orders in, and our word on them out.
    pub orders: bool,
    /// Tracking numbers out.
    pub tracking: bool,
    /// Stock and prices out.
    pub stock: bool,
}

impl Parts {
    pub const ALL: Parts = Parts { orders: true, tracking: true, stock: true };

    /// What of the outbox goes out; `None`: nothing.
    fn effects(self) -> Option<&'static [EffectKind]> {
        match (self.orders, self.tracking) {
            (true, true) => Some(&[]),
            (true, false) => Some(ANSWERS),
            (false, true) => Some(TRACKING),
            (false, false) => None,
        }
    }
}

/// Runs these parts for every channel. Feeds are built by the caller, before or after.
///
/// # Errors
/// Only what would meet every channel alike: the catalog, the disk, an interruption.
pub fn run(writer: &mut Writer, channels: &[Channel<'_>], parts: Parts, occasion: &Occasion<'_>) -> Result<Summary> {
    let (looked_back, erased) = look_back(writer, occasion)?;
    let mut summary = Summary { looked_back, erased, channels: Vec::with_capacity(channels.len()) };
    for channel in channels {
        let mut done = ChannelSummary { name: channel.name.to_owned(), ..ChannelSummary::default() };
        // Cancels of ours are told before anything new is read; acceptances go out as soon as they are decided.
        guard(&mut done, |done| {
            if let Some(kinds) = parts.effects() {
                done.dispatched.add(dispatch(writer, channel, occasion, kinds)?);
            }
            if parts.orders {
                done.pulled = pull(writer, channel, occasion)?;
            }
            Ok(())
        })?;
        summary.channels.push(done);
    }
    for (channel, done) in channels.iter().zip(&mut summary.channels) {
        if done.error.is_some() || occasion.stopped() {
            continue;
        }
        guard(done, |done| {
            if let Some(kinds) = parts.effects().filter(|_| parts.orders) {
                done.dispatched.withheld.clear();
                done.dispatched.add(dispatch(writer, channel, occasion, kinds)?);
            }
            if parts.tracking {
                done.dispatched.add(signal(writer, channel, occasion)?);
            }
            if parts.stock {
                done.pushed = push_stock(writer, channel, occasion)?;
            }
            Ok(())
        })?;
    }
    Ok(summary)
}

/// Tells whole offers to every channel that takes them; the trouble of one is its own.
///
/// # Errors
/// As of [`run`].
pub fn tell_all(
    shop: &Shop,
    writer: &mut Writer,
    channels: &[Channel<'_>],
    options: TellOptions,
    occasion: &Occasion<'_>,
    summary: &mut Summary,
) -> Result<()> {
    for (channel, done) in channels.iter().zip(&mut summary.channels) {
        if done.error.is_some() || occasion.stopped() {
            continue;
        }
        guard(done, |done| {
            let mut said = Vec::new();
            let mut sink = |finding: &Diagnostic| said.push(finding.clone());
            let told = tell_offers(shop, writer, channel, options, occasion, &mut Findings::new(&mut sink));
            done.told = told?;
            done.told.findings.extend(said);
            if channel.policy.whole_offers {
                read_issues(writer, channel, options, occasion, &mut done.told)?;
            }
            done.told.held_back.take().map_or(Ok(()), Err)
        })?;
    }
    Ok(())
}

/// What time has brought: stock for short lines, SKUs for unmatched ones, reservations and personal data that expired.
pub fn look_back(writer: &mut Writer, occasion: &Occasion<'_>) -> Result<(Applied, usize)> {
    let change = writer.change(occasion.now)?;
    let looked_back = change.revisit_orders()?;
    let erased = change.erase_buyers(Buyers::Due)?;
    keep(change, occasion)?;
    if erased > 0 && !occasion.dry_run {
        // a reader may hold on to the log: then it is emptied at the next erasure, or when the last one has gone
        writer.empty_log()?;
    }
    Ok((looked_back, erased))
}

fn guard(done: &mut ChannelSummary, work: impl FnOnce(&mut ChannelSummary) -> Result<()>) -> Result<()> {
    match work(done) {
        Err(error) if is_ours(&error) => Err(error),
        Err(error) => {
            done.error = Some(error);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
