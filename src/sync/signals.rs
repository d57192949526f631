//! Parcels told to somebody who did not send their order, through the outbox as everything else that leaves.
use jiff::{SignedDuration, Timestamp};

use super::{Channel, Dispatched, Occasion, is_ours};
use crate::catalog::{EffectKind, EffectState, Outgoing, Writer};
use crate::diagnostic::{Diagnostic, Error, Kind, Result};
use crate::order::{Signal, place};

/// Older parcels say nothing any more.
const DAYS_MAX: i64 = 30;
/// Rows looked at at once.
const BATCH: usize = 200;
/// Signals in a row that did not get through before the rest is left to the next run.
const UNAVAILABLE_MAX: usize = 3;

/// Tells `channel` of the parcels of the marketplaces that its section names.
///
/// # Errors
/// Refused credentials, or the catalog's own. What one signal meets is in the findings.
pub fn signal(writer: &mut Writer, channel: &Channel<'_>, occasion: &Occasion<'_>) -> Result<Dispatched> {
    let mut done = Dispatched::default();
    let of = &channel.policy.tracks;
    if of.is_empty() {
        return Ok(done);
    }
    let since = occasion.now.checked_sub(SignedDuration::from_hours(24 * DAYS_MAX)).unwrap_or(Timestamp::MIN);
    if !occasion.dry_run {
        let change = writer.change(occasion.now)?;
        change.enqueue_signals(channel.name, of, since)?;
        change.commit()?;
    }
    let mut unavailable = 0;
    loop {
        let mut due = writer.due(channel.name, occasion.now, BATCH)?;
        due.retain(|row| row.kind == EffectKind::Signal);
        if due.is_empty() {
            return Ok(done);
        }
        if occasion.dry_run {
            done.withheld.extend(due.into_iter().map(|row| row.key));
            return Ok(done);
        }
        for row in due {
            if occasion.stopped() || unavailable >= UNAVAILABLE_MAX {
                return Ok(done);
            }
            unavailable = if send(writer, channel, occasion, &row, &mut done)? { 0 } else { unavailable + 1 };
        }
    }
}

/// Says whether the channel answered. A signal may be told twice: it says the same.
fn send(
    writer: &mut Writer,
    channel: &Channel<'_>,
    occasion: &Occasion<'_>,
    row: &Outgoing,
    done: &mut Dispatched,
) -> Result<bool> {
    let unreadable = |e| Error::bug(format!("outbox row {} cannot be read", row.key)).source(e);
    let signal: Signal = serde_json::from_str(&row.body).map_err(unreadable)?;
    writer.claim(row, occasion.now)?;
    let sent = channel.connector.signal(channel.port, &signal);
    let change = writer.change(occasion.now)?;
    let (state, why) = match sent {
        Ok(_) => {
            change.outbox_done(row.id, None)?;
            done.sent += 1;
            change.commit()?;
            return Ok(true);
        }
        Err(error) if is_ours(&error) || matches!(error.kind, Kind::Credentials | Kind::Usage) => {
            change.outbox_unclaim(row)?;
            change.commit()?;
            return Err(error);
        }
        Err(error) if error.kind == Kind::Unavailable => (change.outbox_retry(row, &error.message, None)?, error),
        Err(error) => (change.outbox_refused(row, &error.message)?, error),
    };
    change.commit()?;
    let finding = if state == EffectState::Dead {
        done.dead += 1;
        Diagnostic::error("outbox/dead", format!("{} is not told of a parcel: {}", channel.name, why.message))
            .help("see `purvey outbox list`: retry it, or drop it")
    } else {
        done.postponed += 1;
        Diagnostic::warning(
            "outbox/postponed",
            format!("{} is not told of a parcel yet: {}", channel.name, why.message),
        )
        .help("it is tried again at a later run")
    };
    done.findings.push(finding.at(place(channel.name, &signal.order_id, None)));
    Ok(why.kind != Kind::Unavailable)
}
