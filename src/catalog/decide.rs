//! Our word on an order: accepting and refusing, canceling lines, pickup.
use rusqlite::Connection;

use super::desk::Desk;
use super::open::Change;
use super::orders::Accept;
use super::outbox::EffectKind;
use super::sql::all;
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::order::{Cancellation, Counts, Decision, Pickup, State, after_own_deed};

/// Whether a deed was done now, or had been done before and was left at that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    Done,
    Again,
}

impl Change<'_> {
    /// Puts acceptances of a channel's waiting orders into the outbox, and says which orders wait for a person.
    pub fn accept_waiting(&self, channel: &str, accept: Accept) -> Result<(usize, Vec<Diagnostic>)> {
        let mut accepted = 0;
        let mut findings = Vec::new();
        for (id, until) in undecided(&self.tx, channel)? {
            let Some(desk) = Desk::find_id(self, id)? else { continue };
            let available = desk.lines.iter().all(|l| l.variant_id.is_some() && l.short == 0);
            if accept == Accept::Always || (accept == Accept::IfAvailable && available) {
                desk.enqueue_decision(&[])?;
                accepted += 1;
                continue;
            }
            let why = if available { "is ready to be accepted" } else { "has lines without a SKU or without stock" };
            let by = until.map(|t| format!(" by {t}")).unwrap_or_default();
            findings.push(
                Diagnostic::warning("order/awaits-decision", format!("it {why}: a person has to decide{by}"))
                    .at(desk.place(None))
                    .help("`purvey orders accept` takes it, with --refuse LINE for what cannot be had"),
            );
        }
        Ok((accepted, findings))
    }

    /// A person accepts an order that waits for it, all but the lines in `refuse`.
    pub fn decide_order(&self, channel: &str, order_id: &str, refuse: &[String]) -> Result<Deed> {
        let mut desk = Desk::open(self, channel, order_id)?;
        if desk.order.state != State::AwaitingAcceptance {
            return Err(Error::input("order/not-waiting", format!("the order is {}", desk.order.state.as_str()))
                .at(desk.place(None))
                .help("only an order that waits for acceptance can be accepted or refused"));
        }
        for line in refuse {
            desk.line(line)?;
        }
        if undecided(&self.tx, channel)?.iter().all(|(id, _)| *id != desk.order.id) {
            return Ok(Deed::Again);
        }
        desk.enqueue_decision(refuse)?;
        for line in refuse {
            let i = desk.line(line)?;
            let counts = desk.lines[i].counts;
            desk.set_counts(i, Counts { canceled: counts.canceled + counts.open(), ..counts })?;
        }
        if desk.lines.iter().all(|l| l.counts.open() == 0) {
            desk.set_state(State::Refused)?;
        }
        desk.settle_all("refuse")?;
        Ok(Deed::Done)
    }

    /// Cancels lines (`None`: everything open) from our side, for `reason`. What has left cannot be canceled.
    pub fn cancel_order(
        &self,
        channel: &str,
        order_id: &str,
        lines: Option<&[(String, i64)]>,
        reason: &str,
        tell: bool,
    ) -> Result<Deed> {
        let mut desk = Desk::open(self, channel, order_id)?;
        if matches!(desk.order.state, State::Canceled | State::Refused) {
            return Ok(Deed::Again);
        }
        if desk.order.state == State::AwaitingAcceptance && tell {
            return Err(Error::input("cancel/not-accepted", "the order was never accepted")
                .at(desk.place(None))
                .help("refuse it with `purvey orders accept --refuse LINE`"));
        }
        let units = desk.units("cancel", lines)?;
        for (i, quantity) in &units {
            let counts = desk.lines[*i].counts;
            desk.set_counts(*i, Counts { canceled: counts.canceled + quantity, ..counts })?;
        }
        let state = after_own_deed(desk.order.state, desk.lines.iter().map(|l| &l.counts));
        desk.set_state(state)?;
        desk.settle_all("cancel")?;
        if tell {
            let lines = units.iter().map(|(i, n)| (desk.lines[*i].channel_line_id.clone(), *n)).collect();
            let body = Cancellation { order_id: order_id.to_owned(), lines, reason: reason.to_owned() };
            let key = format!("cancel {order_id} #{}", desk.order.changes);
            self.enqueue(channel, Some(desk.order.id), EffectKind::Cancel, &key, &body)?;
        }
        Ok(Deed::Done)
    }

    /// The order is packed and waits at its store.
    pub fn ready_for_pickup(&self, channel: &str, order_id: &str, tell: bool) -> Result<Deed> {
        let mut desk = Desk::open(self, channel, order_id)?;
        desk.require_collected()?;
        if desk.order.state == State::ReadyForPickup {
            return Ok(Deed::Again);
        }
        desk.require_state(&[State::Ready, State::PartlyShipped])?;
        desk.set_state(State::ReadyForPickup)?;
        desk.settle_all("pack")?;
        desk.enqueue_pickup(EffectKind::ReadyForPickup, tell)
    }

    /// The buyer has it: what was kept for the order is gone.
    pub fn picked_up(&self, channel: &str, order_id: &str, tell: bool) -> Result<(Deed, Vec<Diagnostic>)> {
        let mut desk = Desk::open(self, channel, order_id)?;
        desk.require_collected()?;
        if desk.order.state == State::PickedUp {
            return Ok((Deed::Again, Vec::new()));
        }
        desk.require_state(&[State::Ready, State::PartlyShipped, State::ReadyForPickup])?;
        desk.set_state(State::PickedUp)?;
        for i in 0..desk.lines.len() {
            let counts = desk.lines[i].counts;
            let leaving = counts.open();
            desk.set_counts(i, Counts { shipped: counts.shipped + leaving, ..counts })?;
            desk.settle(i, leaving, None, "hand over")?;
        }
        let deed = desk.enqueue_pickup(EffectKind::PickedUp, tell)?;
        Ok((deed, desk.findings))
    }
}

/// Orders of a channel that wait for our word, and until when.
fn undecided(conn: &Connection, channel: &str) -> Result<Vec<(i64, Option<String>)>> {
    all(
        conn,
        "SELECT o.id, o.acknowledge_by FROM orders o WHERE o.channel = ?1 AND o.state = 'awaiting_acceptance'
           AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.order_id = o.id AND b.kind = 'acknowledge')
         ORDER BY o.id",
        [channel],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )
}

impl Desk<'_, '_> {
    fn enqueue_decision(&self, refuse: &[String]) -> Result<()> {
        let open = self.lines.iter().filter(|l| l.counts.open() > 0);
        let lines = open.map(|l| (l.channel_line_id.clone(), !refuse.contains(&l.channel_line_id))).collect();
        let order_id = self.order.channel_order_id.clone();
        let key = format!("acknowledge {order_id}");
        let body = Decision { order_id, lines };
        self.change.enqueue(&self.order.channel, Some(self.order.id), EffectKind::Acknowledge, &key, &body).map(drop)
    }

    fn enqueue_pickup(&self, kind: EffectKind, tell: bool) -> Result<Deed> {
        if tell {
            let order_id = self.order.channel_order_id.clone();
            let key = format!("{} {order_id}", kind.as_str());
            self.change.enqueue(&self.order.channel, Some(self.order.id), kind, &key, &Pickup { order_id })?;
        }
        Ok(Deed::Done)
    }

    fn settle_all(&mut self, deed: &str) -> Result<()> {
        (0..self.lines.len()).try_for_each(|i| self.settle(i, 0, None, deed))
    }

    fn require_collected(&self) -> Result<()> {
        if self.order.fulfillment.is_collected() {
            return Ok(());
        }
        let message = format!("the order is fulfilled by {}, nobody comes for it", self.order.fulfillment.as_str());
        Err(Error::input("order/not-collected", message).at(self.place(None)).help("send it with `purvey ship`"))
    }

    /// The order must be in one of `states` for this.
    pub(super) fn require_state(&self, states: &[State]) -> Result<()> {
        let state = self.order.state;
        if states.contains(&state) {
            return Ok(());
        }
        let (code, help) = match state {
            State::Canceled | State::Refused => ("order/canceled", "keep the goods: nothing may leave for it"),
            State::Pending | State::AwaitingPayment | State::AwaitingAcceptance => {
                ("order/not-ready", "it may leave once the marketplace says it is paid; `purvey orders pull` asks")
            }
            _ => ("order/over", "see `purvey orders show` for what has left, and when"),
        };
        Err(Error::input(code, format!("the order is {}", state.as_str())).at(self.place(None)).help(help))
    }

    /// Which units of which lines are meant: those named, each open, or everything open.
    pub(super) fn units(&self, verb: &'static str, lines: Option<&[(String, i64)]>) -> Result<Vec<(usize, i64)>> {
        let mut units: Vec<(usize, i64)> = Vec::new();
        match lines {
            None => {
                let open = self.lines.iter().enumerate().map(|(i, l)| (i, l.counts.open()));
                units.extend(open.filter(|(_, open)| *open > 0));
            }
            Some(lines) => {
                for (id, quantity) in lines {
                    let i = self.line(id)?;
                    if *quantity < 1 {
                        return Err(Error::input("order/quantity", format!("cannot {verb} {quantity} units"))
                            .at(self.place(Some(i)))
                            .help("name at least one unit"));
                    }
                    match units.iter_mut().find(|(known, _)| *known == i) {
                        Some((_, sum)) => *sum = sum.saturating_add(*quantity),
                        None => units.push((i, *quantity)),
                    }
                }
            }
        }
        for (i, quantity) in &units {
            let counts = self.lines[*i].counts;
            if *quantity > counts.open() {
                let message = format!(
                    "cannot {verb} {quantity} units: {} are open ({} ordered, {} canceled, {} shipped)",
                    counts.open(),
                    counts.quantity,
                    counts.canceled,
                    counts.shipped
                );
                return Err(Error::input("order/more-than-open", message)
                    .at(self.place(Some(*i)))
                    .help("see `purvey orders show` for what became of the others"));
            }
        }
        if units.is_empty() {
            return Err(Error::input("order/nothing-open", format!("nothing is left to {verb}"))
                .at(self.place(None))
                .help("see `purvey orders show` for what became of its units"));
        }
        Ok(units)
    }
}
