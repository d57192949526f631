//! The outbox out: acceptances, parcels, cancels, pickups, refunds. What is sent was committed as being sent before the first
//! byte left; an outcome nobody knows is read back from the marketplace before the same body goes out again.
use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Channel, Occasion, is_ours};
use crate::catalog::{EffectKind, EffectState, OrderDetail, Outgoing, Writer};
use crate::diagnostic::{Diagnostic, Error, Kind, Result, Retry};
use crate::market::Receipt;
use crate::order::{Cancellation, Decision, Parcel, Pickup, Refund, State, place};

/// What `tracking push` sends.
pub const TRACKING: &[EffectKind] = &[EffectKind::Ship];
/// What else there is to say about an order.
pub(super) const ANSWERS: &[EffectKind] = &[
    EffectKind::Acknowledge,
    EffectKind::Cancel,
    EffectKind::ReadyForPickup,
    EffectKind::PickedUp,
    EffectKind::Refund,
];
/// Rows looked at at once.
const BATCH: usize = 200;
/// Effects in a row that did not get through before the channel is left alone until the next run.
const UNAVAILABLE_MAX: usize = 3;
const HAS_IT: &str = "the marketplace has it";

#[derive(Debug, Default, Serialize)]
pub struct Dispatched {
    pub sent: usize,
    /// The marketplace had it already.
    pub already: usize,
    /// No longer needed, and not sent.
    pub moot: usize,
    /// To be tried again at a later run.
    pub postponed: usize,
    /// Given up: a person has to look.
    pub dead: usize,
    /// What a dry run would have sent, by key.
    pub withheld: Vec<String>,
    #[serde(skip)]
    pub findings: Vec<Diagnostic>,
}

impl Dispatched {
    pub fn add(&mut self, more: Dispatched) {
        self.sent += more.sent;
        self.already += more.already;
        self.moot += more.moot;
        self.postponed += more.postponed;
        self.dead += more.dead;
        self.withheld.extend(more.withheld);
        self.findings.extend(more.findings);
    }
}

/// Sends what is due for a channel; `kinds` empty means everything.
///
/// # Errors
/// Refused credentials, or the catalog's own. What one effect meets is in the findings.
pub fn dispatch(
    writer: &mut Writer,
    channel: &Channel<'_>,
    occasion: &Occasion<'_>,
    kinds: &[EffectKind],
) -> Result<Dispatched> {
    let mut sender = Sender { writer, channel, occasion, done: Dispatched::default(), unavailable: 0 };
    let mut tried = HashSet::new();
    loop {
        let wanted = |row: &Outgoing| {
            row.kind.is_of_an_order() && (kinds.is_empty() || kinds.contains(&row.kind)) && !tried.contains(&row.id)
        };
        let due = sender.writer.due(channel.name, occasion.now, BATCH + tried.len())?;
        let rows: Vec<Outgoing> = due.into_iter().filter(wanted).collect();
        if rows.is_empty() {
            return Ok(sender.done);
        }
        for row in rows {
            if occasion.stopped() || sender.unavailable >= UNAVAILABLE_MAX {
                return Ok(sender.done);
            }
            tried.insert(row.id);
            sender.attend(&row)?;
        }
    }
}

struct Sender<'s, 'c> {
    writer: &'s mut Writer,
    channel: &'s Channel<'c>,
    occasion: &'s Occasion<'c>,
    done: Dispatched,
    unavailable: usize,
}

/// What is known of an effect before it is sent.
enum Standing {
    Send,
    /// The marketplace has it, or no longer wants it.
    Settled(&'static str),
    /// Sending it would do harm.
    Stop(&'static str),
}

impl Sender<'_, '_> {
    fn attend(&mut self, row: &Outgoing) -> Result<()> {
        let order = self.order(row)?;
        match standing(row, &order) {
            Standing::Send => {}
            Standing::Settled(why) => return self.settle(row, why),
            Standing::Stop(why) => return self.give_up(row, why),
        }
        if self.occasion.dry_run {
            self.done.withheld.push(row.key.clone());
            return Ok(());
        }
        if matches!(row.state, EffectState::Sending | EffectState::Unknown) {
            match self.read_back(row, &order) {
                Ok(Standing::Send) => {}
                Ok(Standing::Settled(_)) => return self.confirm(row, true),
                Ok(Standing::Stop(why)) => return self.give_up(row, why),
                Err(error) => return self.postpone(row, &error, true),
            }
        }
        self.writer.claim(row, self.occasion.now)?;
        match self.send(row) {
            Ok(receipt) => self.confirm(row, receipt == Receipt::AlreadyDone),
            Err(error) => self.failed(row, &order, &error),
        }
    }

    fn order(&self, row: &Outgoing) -> Result<OrderDetail> {
        let id = row.order_id.as_deref().unwrap_or_default();
        let order = self.writer.order(&row.channel, id)?;
        order.ok_or_else(|| Error::bug(format!("outbox row {} has no order", row.key)))
    }

    fn send(&self, row: &Outgoing) -> Result<Receipt> {
        let (connector, port) = (self.channel.connector, self.channel.port);
        match row.kind {
            EffectKind::Acknowledge => connector.acknowledge(port, &body::<Decision>(row)?),
            EffectKind::Ship => connector.ship(port, &body::<Parcel>(row)?),
            EffectKind::Cancel => connector.cancel(port, &body::<Cancellation>(row)?),
            EffectKind::ReadyForPickup => connector.ready_for_pickup(port, &body::<Pickup>(row)?.order_id),
            EffectKind::PickedUp => connector.picked_up(port, &body::<Pickup>(row)?.order_id),
            EffectKind::Refund => connector.refund(port, &body::<Refund>(row)?),
            EffectKind::Push | EffectKind::Tell | EffectKind::Signal => {
                Err(Error::bug("only what is of an order is sent from here"))
            }
        }
    }

    /// Asks the marketplace whether it has this effect already.
    fn read_back(&self, row: &Outgoing, order: &OrderDetail) -> Result<Standing> {
        let (connector, port, id) = (self.channel.connector, self.channel.port, &order.summary.order_id);
        if row.kind == EffectKind::Ship {
            return Ok(parcel_standing(&body(row)?, &connector.parcels(port, id)?));
        }
        let Some(told) = connector.order(port, id)? else {
            return Ok(Standing::Stop("the marketplace no longer knows the order"));
        };
        if row.kind == EffectKind::Refund {
            let has_it = self.writer.has_refund(row, &body(row)?, &told.refunds)?;
            return Ok(if has_it { Standing::Settled(HAS_IT) } else { Standing::Send });
        }
        let Some(state) = told.state else { return Ok(Standing::Send) };
        let has_it = match row.kind {
            EffectKind::Acknowledge => state != State::AwaitingAcceptance && state != State::Pending,
            EffectKind::Cancel => {
                let mut all = true;
                for (line_id, _) in &body::<Cancellation>(row)?.lines {
                    let told = told.lines.iter().find(|l| l.channel_line_id == *line_id);
                    let expected = self.writer.canceled_before(row, line_id)?;
                    // A line that is gone from the order is canceled in the plainest way.
                    all &= told.is_none_or(|l| l.canceled >= expected);
                }
                all || state == State::Canceled
            }
            EffectKind::ReadyForPickup => State::ReadyForPickup.may_become(state),
            EffectKind::PickedUp => State::PickedUp.may_become(state),
            EffectKind::Ship | EffectKind::Refund | EffectKind::Push | EffectKind::Tell | EffectKind::Signal => false,
        };
        Ok(if has_it { Standing::Settled(HAS_IT) } else { Standing::Send })
    }

    fn failed(&mut self, row: &Outgoing, order: &OrderDetail, error: &Error) -> Result<()> {
        if error.code == "market/outcome-unknown" {
            return self.postpone(row, error, true);
        }
        match error.kind {
            Kind::Credentials => {
                let change = self.writer.change(self.occasion.now)?;
                change.outbox_unclaim(row)?;
                change.commit()?;
                Err(copy(error))
            }
            Kind::Unavailable | Kind::Busy => self.postpone(row, error, false),
            Kind::Rejected | Kind::Input if error.code == "market/unsupported" => self.give_up(row, &error.message),
            Kind::Rejected | Kind::Input => match self.read_back(row, order) {
                // "Already shipped" is a refusal in words and a success in fact.
                Ok(Standing::Settled(_)) => self.confirm(row, true),
                _ => self.refused(row, error),
            },
            // Whatever broke in the middle, the marketplace may have it.
            _ => {
                self.postpone(row, error, true)?;
                Err(copy(error))
            }
        }
    }

    fn confirm(&mut self, row: &Outgoing, already: bool) -> Result<()> {
        let change = self.writer.change(self.occasion.now)?;
        change.outbox_done(row.id, None)?;
        change.commit()?;
        self.unavailable = 0;
        if already {
            self.done.already += 1;
        } else {
            self.done.sent += 1;
        }
        Ok(())
    }

    fn settle(&mut self, row: &Outgoing, why: &str) -> Result<()> {
        self.done.moot += 1;
        if self.occasion.dry_run {
            return Ok(());
        }
        let change = self.writer.change(self.occasion.now)?;
        change.outbox_done(row.id, Some(why))?;
        change.commit()
    }

    fn postpone(&mut self, row: &Outgoing, error: &Error, unknown: bool) -> Result<()> {
        let change = self.writer.change(self.occasion.now)?;
        let state = if unknown {
            change.outbox_unknown(row, &error.message)?
        } else {
            change.outbox_retry(row, &error.message, not_before(error, self.occasion.now))?
        };
        change.commit()?;
        self.unavailable += 1;
        self.count(row, state, &error.message);
        Ok(())
    }

    fn refused(&mut self, row: &Outgoing, error: &Error) -> Result<()> {
        let change = self.writer.change(self.occasion.now)?;
        let state = change.outbox_refused(row, &error.message)?;
        change.commit()?;
        self.unavailable = 0;
        self.count(row, state, &error.message);
        Ok(())
    }

    fn give_up(&mut self, row: &Outgoing, why: &str) -> Result<()> {
        if !self.occasion.dry_run {
            let change = self.writer.change(self.occasion.now)?;
            change.outbox_dead(row.id, why)?;
            change.commit()?;
        }
        self.count(row, EffectState::Dead, why);
        Ok(())
    }

    fn count(&mut self, row: &Outgoing, state: EffectState, why: &str) {
        let what = row.kind.as_str().replace('_', " ");
        let finding = if state == EffectState::Dead {
            self.done.dead += 1;
            Diagnostic::error(
                "outbox/dead",
                format!("the marketplace was not told of `{what}`, and will not be: {why}"),
            )
            .help("see `purvey outbox list`: retry it, or drop it once it is settled by hand")
        } else {
            self.done.postponed += 1;
            Diagnostic::warning("outbox/postponed", format!("the marketplace could not be told of `{what}` yet: {why}"))
                .help("it is tried again at a later run")
        };
        self.done.findings.push(finding.at(place(&row.channel, row.order_id.as_deref().unwrap_or("?"), None)));
    }
}

/// What the catalog itself knows against sending: the marketplace's last word on the order.
fn standing(row: &Outgoing, order: &OrderDetail) -> Standing {
    let heard = order.summary.heard_state;
    let canceled = matches!(heard, Some(State::Canceled | State::Refused));
    match row.kind {
        EffectKind::Acknowledge if heard.is_some_and(|s| s != State::AwaitingAcceptance) => {
            Standing::Settled("the order no longer waits for it")
        }
        EffectKind::Cancel if canceled => Standing::Settled("the order is canceled there already"),
        EffectKind::Ship | EffectKind::ReadyForPickup | EffectKind::PickedUp if canceled => {
            Standing::Stop("the marketplace canceled the order meanwhile")
        }
        EffectKind::Ship if late_lines(row, order) => Standing::Stop("a line in this parcel was canceled meanwhile"),
        _ => Standing::Send,
    }
}

fn late_lines(row: &Outgoing, order: &OrderDetail) -> bool {
    let Ok(parcel) = body::<Parcel>(row) else { return false };
    let late = |id: &str| order.line_items.iter().any(|l| l.line_id == id && l.canceled_late > 0);
    parcel.lines.iter().any(|(id, _)| late(id))
}

/// Whether a parcel is among those the marketplace knows. No package ever gets a second number.
fn parcel_standing(parcel: &Parcel, known: &[Parcel]) -> Standing {
    let same_number = |p: &&Parcel| p.tracking_number.is_some() && p.tracking_number == parcel.tracking_number;
    let same_lines = |p: &&Parcel| p.package_number == parcel.package_number && p.lines == parcel.lines;
    if known.iter().any(|p| same_number(&p)) {
        return Standing::Settled(HAS_IT);
    }
    match known.iter().find(same_lines) {
        Some(p) if p.tracking_number == parcel.tracking_number => Standing::Settled(HAS_IT),
        Some(p) if p.tracking_number.is_some() => {
            Standing::Stop("the marketplace knows this package under another number")
        }
        _ => Standing::Send,
    }
}

fn body<T: DeserializeOwned>(row: &Outgoing) -> Result<T> {
    let unreadable = |e| Error::bug(format!("outbox row {} cannot be read", row.key)).source(e);
    serde_json::from_str(&row.body).map_err(unreadable)
}

fn not_before(error: &Error, now: Timestamp) -> Option<Timestamp> {
    let Retry::Later(Some(seconds)) = error.retry else { return None };
    let wait = SignedDuration::from_secs(i64::try_from(seconds).ok()?);
    now.checked_add(wait).ok()
}

/// The same error for the caller, when the outbox has been told of it.
fn copy(error: &Error) -> Error {
    debug_assert!(is_ours(error) || matches!(error.kind, Kind::Credentials | Kind::Usage | Kind::Guard));
    let mut copy =
        Error::new(error.kind, error.code, error.message.clone()).at((*error.place).clone()).retry(error.retry);
    copy.help.clone_from(&error.help);
    copy
}
