//! What a snapshot of an order changes, given what is known of it. Applying the same snapshot twice changes nothing.
use jiff::Timestamp;

use super::{Effect, Fulfillment, Line, Order, State};
use crate::diagnostic::{Diagnostic, Place};
use crate::stock::HoldKind;

/// What became of the units of a line. Each unit is open, canceled or shipped, and only ever leaves `open`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub quantity: i64,
    pub canceled: i64,
    pub shipped: i64,
    /// Units canceled after they had left: shipped all the same, and a return to be expected.
    pub canceled_late: i64,
}

impl Counts {
    /// Units that neither left nor were canceled.
    pub fn open(&self) -> i64 {
        self.quantity - self.canceled - self.shipped
    }
}

/// What is known of an order before a snapshot comes.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub state: State,
    /// The last state the marketplace itself told; we may be ahead of it by our own deeds.
    pub heard: Option<State>,
    pub updated_at: Timestamp,
    /// By channel line id.
    pub lines: Vec<(String, Counts)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub state: State,
    pub heard: Option<State>,
    /// The snapshot's lines in its order, then those it no longer has.
    pub lines: Vec<LinePlan>,
    pub findings: Vec<Diagnostic>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePlan {
    pub channel_line_id: String,
    pub counts: Counts,
}

/// Where an order, or a line of it, is: in the words people use for it.
pub fn place(channel: &str, order_id: &str, line_id: Option<&str>) -> Place {
    match line_id {
        Some(line_id) => Place::default().attribute("order line").value(&format!("{channel}/{order_id}/{line_id}")),
        None => Place::default().attribute("order").value(&format!("{channel}/{order_id}")),
    }
}

/// What to make of `told`. `None`: it is older than what is known, and is ignored.
pub fn plan(channel: &str, known: Option<&Known>, told: &Order) -> Option<Plan> {
    if known.is_some_and(|k| told.updated_at < k.updated_at) {
        return None;
    }
    let at = |line: Option<&str>| place(channel, &told.channel_order_id, line);
    let mut findings = Vec::new();
    let was = known.map(|k| k.state);
    let state = next_state(known, told, &mut findings, &at);
    let mut lines: Vec<LinePlan> = Vec::with_capacity(told.lines.len());
    for line in &told.lines {
        let before = known.and_then(|k| k.lines.iter().find(|(id, _)| *id == line.channel_line_id)).map(|(_, c)| *c);
        let counts = next_counts(before, line, told.state);
        report_line(before, &counts, &mut findings, || at(Some(&line.channel_line_id)));
        lines.push(LinePlan { channel_line_id: line.channel_line_id.clone(), counts });
    }
    for (id, before) in known.into_iter().flat_map(|k| &k.lines) {
        if told.lines.iter().any(|l| l.channel_line_id == *id) {
            continue;
        }
        // The buyer took it back, or the answer was incomplete: its open units are given back, and held again
        // should the line return.
        let counts = Counts { quantity: before.canceled + before.shipped, ..*before };
        if counts != *before {
            findings.push(
                Diagnostic::warning(
                    "order/line-gone",
                    format!("the marketplace no longer lists {} units", before.open()),
                )
                .at(at(Some(id)))
                .help("they are held no longer; look at the order on the marketplace"),
            );
        }
        lines.push(LinePlan { channel_line_id: id.clone(), counts });
    }
    let state = after_own_deed(state, lines.iter().map(|l| &l.counts));
    let heard = told.state.or(known.and_then(|k| k.heard));
    // The same stamp again is the overlap of two pulls: said once is enough.
    if known.is_some_and(|k| k.updated_at == told.updated_at && same(k, &lines)) && was == Some(state) {
        findings.clear();
    }
    Some(Plan { state, heard, lines, findings })
}

fn same(known: &Known, lines: &[LinePlan]) -> bool {
    let unchanged = |l: &LinePlan| known.lines.iter().any(|(id, c)| *id == l.channel_line_id && *c == l.counts);
    known.lines.len() == lines.len() && lines.iter().all(unchanged)
}

fn next_state(
    known: Option<&Known>,
    told: &Order,
    findings: &mut Vec<Diagnostic>,
    at: &impl Fn(Option<&str>) -> Place,
) -> State {
    let was = known.map_or(State::Pending, |k| k.state);
    let Some(wanted) = told.state else {
        findings.push(
            Diagnostic::warning(
                "order/unknown-state",
                format!("the marketplace calls its state `{}`", told.channel_state),
            )
            .at(at(None))
            .help(format!("it stays {} here; please report the word, so that purvey learns it", was.as_str())),
        );
        return was;
    };
    if known.is_none() || was.may_become(wanted) {
        return wanted;
    }
    // We may be ahead by our own deeds; only the marketplace taking back its own word is news.
    let took_back = known.and_then(|k| k.heard).is_some_and(|heard| !heard.may_become(wanted));
    if took_back {
        findings.push(
            Diagnostic::warning("order/state-went-back", format!("the marketplace says {} again", wanted.as_str()))
                .at(at(None))
                .help(format!("it stays {} here, and nothing is held anew; look at the order there", was.as_str())),
        );
    }
    was
}

/// What left has left; what is canceled stays canceled; the rest is as told.
fn next_counts(before: Option<Counts>, line: &Line, told_state: Option<State>) -> Counts {
    let before = before.unwrap_or_default();
    let effect = told_state.map(State::effect);
    let quantity = line.quantity.max(before.shipped);
    let left = before.shipped.max(line.shipped.min(quantity));
    // A marketplace that takes canceled units off the quantity has told of our own cancel in that way.
    let removed = (before.quantity - quantity).max(0);
    let told_canceled = if effect == Some(Effect::Release) { quantity } else { line.canceled };
    let wanted = told_canceled.max(before.canceled - removed).min(quantity);
    let canceled = wanted.min(quantity - left);
    let shipped = if effect == Some(Effect::Deduct) { quantity - canceled } else { left };
    Counts { quantity, canceled, shipped, canceled_late: before.canceled_late.max(wanted - canceled) }
}

fn report_line(before: Option<Counts>, after: &Counts, findings: &mut Vec<Diagnostic>, at: impl Fn() -> Place) {
    let was = before.unwrap_or_default();
    if after.canceled_late > was.canceled_late {
        let units = after.canceled_late;
        findings.push(
            Diagnostic::warning(
                "order/canceled-after-shipping",
                format!("{units} units were canceled after they had left"),
            )
            .at(at())
            .help("stop the parcel if you can, or expect it back: `purvey return` books what comes home"),
        );
    }
    if before.is_some() && after.quantity != was.quantity {
        let message = format!("the quantity changed from {} to {}", was.quantity, after.quantity);
        findings.push(Diagnostic::note("order/quantity-changed", message).at(at()));
    }
}

/// Where the order stands once its units do: partly shipped, shipped, or canceled. Also used after our own deeds, of
/// which the marketplace has not heard yet.
pub fn after_own_deed<'a>(state: State, lines: impl Iterator<Item = &'a Counts>) -> State {
    let (mut open, mut shipped, mut canceled) = (0, 0, 0);
    for counts in lines {
        open += counts.open();
        shipped += counts.shipped;
        canceled += counts.canceled;
    }
    match state {
        State::Ready if open > 0 && shipped > 0 => State::PartlyShipped,
        State::Ready | State::PartlyShipped | State::ReadyForPickup if open == 0 && shipped > 0 => State::Shipped,
        _ if open == 0 && shipped == 0 && canceled > 0 && !state.is_over() => State::Canceled,
        _ => state,
    }
}

/// How many units of a line to hold, and how. A reservation that has expired holds nothing until it is paid.
pub fn demand(state: State, counts: &Counts, fulfillment: Fulfillment, expired: bool) -> (i64, HoldKind) {
    if fulfillment == Fulfillment::ByChannel {
        return (0, HoldKind::Reservation);
    }
    match state.effect() {
        Effect::None | Effect::Release => (0, HoldKind::Reservation),
        Effect::Reserve => (if expired { 0 } else { counts.open() }, HoldKind::Reservation),
        // Units added to an order after everything had left are open, and somebody has to send them.
        Effect::Allocate | Effect::Deduct => (counts.open(), HoldKind::Allocation),
    }
}

/// Most units of one line that are believed.
const QUANTITY_MAX: i64 = 1_000_000;

impl Order {
    /// Why this order cannot be kept as it was told, if so: a connector's fault or a marketplace's.
    pub fn fault(&self) -> Option<String> {
        if self.channel_order_id.is_empty() {
            return Some("it has no order id".to_owned());
        }
        let mut seen = std::collections::HashSet::new();
        for line in &self.lines {
            let id = &line.channel_line_id;
            if id.is_empty() {
                return Some("a line has no line id".to_owned());
            }
            if !seen.insert(id) {
                return Some(format!("two lines have the id `{id}`"));
            }
            for (name, units) in [("quantity", line.quantity), ("canceled", line.canceled), ("shipped", line.shipped)] {
                if !(0..=QUANTITY_MAX).contains(&units) {
                    return Some(format!("line `{id}` has {name} {units}"));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Currency;
    use State::*;

    fn stamp(minute: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
    }

    fn told(minute: i64, state: Option<State>, lines: &[(&str, i64, i64, i64)]) -> Order {
        let line = |(id, quantity, canceled, shipped): &(&str, i64, i64, i64)| Line {
            channel_line_id: (*id).to_owned(),
            channel_sku: None,
            gtin: None,
            listing_id: None,
            title: String::new(),
            quantity: *quantity,
            canceled: *canceled,
            shipped: *shipped,
            price_minor: 100,
            tax_minor: 0,
        };
        Order {
            channel_order_id: "1".into(),
            state,
            channel_state: "WORD".into(),
            fulfillment: Fulfillment::Parcel,
            pickup_point: None,
            currency: Currency::parse("EUR").unwrap(),
            total_minor: 100,
            shipping_minor: 0,
            placed_at: stamp(0),
            updated_at: stamp(minute),
            acknowledge_by: None,
            refunds: Vec::new(),
            lines: lines.iter().map(line).collect(),
            buyer: None,
        }
    }

    fn known(state: State, lines: &[(&str, i64, i64, i64)]) -> Known {
        let counts = |q, c, s| Counts { quantity: q, canceled: c, shipped: s, canceled_late: 0 };
        let lines = lines.iter().map(|(id, q, c, s)| ((*id).to_owned(), counts(*q, *c, *s))).collect();
        Known { state, heard: Some(state), updated_at: stamp(5), lines }
    }

    fn after(plan: &Plan) -> Known {
        Known {
            state: plan.state,
            heard: plan.heard,
            updated_at: stamp(6),
            lines: plan.lines.iter().map(|l| (l.channel_line_id.clone(), l.counts)).collect(),
        }
    }

    type Told = (Option<State>, Lines);
    type Kept = (State, Lines);
    type Case = (&'static str, Option<Kept>, Told, Kept, &'static [&'static str]);
    type Lines = &'static [(&'static str, i64, i64, i64)];

    /// What is known (state; line, quantity, canceled, shipped), what is told, what follows, and what is said.
    #[rustfmt::skip]
    const TABLE: &[Case] = &[
        ("new and unpaid", None, (Some(AwaitingPayment), &[("a", 2, 0, 0)]), (AwaitingPayment, &[("a", 2, 0, 0)]), &[]),
        ("new, seen when it had left", None, (Some(Shipped), &[("a", 2, 0, 0)]), (Shipped, &[("a", 2, 0, 2)]), &[]),
        (
            "new, seen when it was canceled",
            None,
            (Some(Canceled), &[("a", 2, 0, 0)]),
            (Canceled, &[("a", 2, 2, 0)]),
            &[],
        ),
        (
            "new, of an unknown state",
            None,
            (None, &[("a", 2, 0, 0)]),
            (Pending, &[("a", 2, 0, 0)]),
            &["order/unknown-state"],
        ),
        (
            "paid",
            Some((AwaitingPayment, &[("a", 2, 0, 0)])),
            (Some(Ready), &[("a", 2, 0, 0)]),
            (Ready, &[("a", 2, 0, 0)]),
            &[],
        ),
        (
            "an unknown word",
            Some((Ready, &[("a", 2, 0, 0)])),
            (None, &[("a", 2, 0, 0)]),
            (Ready, &[("a", 2, 0, 0)]),
            &["order/unknown-state"],
        ),
        (
            "one left",
            Some((Ready, &[("a", 2, 0, 0)])),
            (Some(Ready), &[("a", 2, 0, 1)]),
            (PartlyShipped, &[("a", 2, 0, 1)]),
            &[],
        ),
        (
            "all left, by the lines",
            Some((Ready, &[("a", 2, 0, 0)])),
            (Some(Ready), &[("a", 2, 0, 2)]),
            (Shipped, &[("a", 2, 0, 2)]),
            &[],
        ),
        (
            "all left, by the state",
            Some((Ready, &[("a", 2, 1, 0)])),
            (Some(Shipped), &[("a", 2, 1, 0)]),
            (Shipped, &[("a", 2, 1, 1)]),
            &[],
        ),
        (
            "we are ahead",
            Some((Shipped, &[("a", 2, 0, 2)])),
            (Some(Shipped), &[("a", 2, 0, 0)]),
            (Shipped, &[("a", 2, 0, 2)]),
            &[],
        ),
        (
            "went back",
            Some((Shipped, &[("a", 2, 0, 2)])),
            (Some(Ready), &[("a", 2, 0, 0)]),
            (Shipped, &[("a", 2, 0, 2)]),
            &["order/state-went-back"],
        ),
        (
            "one canceled",
            Some((Ready, &[("a", 2, 0, 0)])),
            (Some(Ready), &[("a", 2, 1, 0)]),
            (Ready, &[("a", 2, 1, 0)]),
            &[],
        ),
        (
            "every line canceled",
            Some((Ready, &[("a", 2, 0, 0)])),
            (Some(Ready), &[("a", 2, 2, 0)]),
            (Canceled, &[("a", 2, 2, 0)]),
            &[],
        ),
        (
            "canceled",
            Some((Ready, &[("a", 2, 0, 0)])),
            (Some(Canceled), &[("a", 2, 0, 0)]),
            (Canceled, &[("a", 2, 2, 0)]),
            &[],
        ),
        (
            "refused",
            Some((AwaitingAcceptance, &[("a", 2, 0, 0)])),
            (Some(Refused), &[("a", 2, 0, 0)]),
            (Refused, &[("a", 2, 2, 0)]),
            &[],
        ),
        (
            "canceled after half of it left",
            Some((PartlyShipped, &[("a", 2, 0, 1)])),
            (Some(Canceled), &[("a", 2, 2, 0)]),
            (Canceled, &[("a", 2, 1, 1)]),
            &["order/canceled-after-shipping"],
        ),
        (
            "canceled after all of it left",
            Some((Shipped, &[("a", 2, 0, 2)])),
            (Some(Canceled), &[("a", 2, 2, 0)]),
            (Canceled, &[("a", 2, 0, 2)]),
            &["order/canceled-after-shipping"],
        ),
        (
            "a cancel is not taken back",
            Some((Ready, &[("a", 2, 1, 0)])),
            (Some(Ready), &[("a", 2, 0, 0)]),
            (Ready, &[("a", 2, 1, 0)]),
            &[],
        ),
        (
            "our cancel, told as a smaller quantity",
            Some((Ready, &[("a", 3, 1, 0)])),
            (Some(Ready), &[("a", 2, 0, 0)]),
            (Ready, &[("a", 2, 0, 0)]),
            &["order/quantity-changed"],
        ),
        (
            "one more",
            Some((Ready, &[("a", 2, 0, 0)])),
            (Some(Ready), &[("a", 3, 0, 0)]),
            (Ready, &[("a", 3, 0, 0)]),
            &["order/quantity-changed"],
        ),
        (
            "fewer than left",
            Some((PartlyShipped, &[("a", 3, 0, 2)])),
            (Some(PartlyShipped), &[("a", 1, 0, 1)]),
            (Shipped, &[("a", 2, 0, 2)]),
            &["order/quantity-changed"],
        ),
        (
            "a line added",
            Some((Ready, &[("a", 1, 0, 0)])),
            (Some(Ready), &[("a", 1, 0, 0), ("b", 1, 0, 0)]),
            (Ready, &[("a", 1, 0, 0), ("b", 1, 0, 0)]),
            &[],
        ),
        (
            "a line gone",
            Some((Ready, &[("a", 1, 0, 0), ("b", 3, 1, 0)])),
            (Some(Ready), &[("a", 1, 0, 0)]),
            (Ready, &[("a", 1, 0, 0), ("b", 1, 1, 0)]),
            &["order/line-gone"],
        ),
        (
            "a line back",
            Some((Ready, &[("a", 1, 0, 0), ("b", 1, 1, 0)])),
            (Some(Ready), &[("a", 1, 0, 0), ("b", 3, 1, 0)]),
            (Ready, &[("a", 1, 0, 0), ("b", 3, 1, 0)]),
            &["order/quantity-changed"],
        ),
        (
            "added after all left",
            Some((Shipped, &[("a", 1, 0, 1)])),
            (Some(PartlyShipped), &[("a", 2, 0, 1)]),
            (Shipped, &[("a", 2, 0, 1)]),
            &["order/state-went-back", "order/quantity-changed"],
        ),
        (
            "absurd counts",
            None,
            (Some(Ready), &[("a", 2, 5, 7)]),
            (Shipped, &[("a", 2, 0, 2)]),
            &["order/canceled-after-shipping"],
        ),
    ];

    #[test]
    fn the_table() {
        for (name, was, (state, lines), (then, counts), said) in TABLE {
            let before = was.map(|(state, lines)| known(state, lines));
            let order = told(6, *state, lines);
            let plan = plan("market", before.as_ref(), &order).unwrap();
            let got: Vec<_> = plan
                .lines
                .iter()
                .map(|l| (l.channel_line_id.as_str(), l.counts.quantity, l.counts.canceled, l.counts.shipped))
                .collect();
            assert_eq!((plan.state, got.as_slice()), (*then, *counts), "{name}");
            assert_eq!(plan.findings.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), *said, "{name}");
        }
    }

    #[test]
    fn a_snapshot_told_twice_changes_nothing_and_is_reported_once() {
        for (name, was, (state, lines), _, _) in TABLE {
            let before = was.map(|(state, lines)| known(state, lines));
            let order = told(6, *state, lines);
            let once = plan("market", before.as_ref(), &order).unwrap();
            let twice = plan("market", Some(&after(&once)), &order).unwrap();
            assert_eq!((twice.state, &twice.lines), (once.state, &once.lines), "{name}");
            assert_eq!(twice.findings, vec![], "{name}");
        }
    }

    #[test]
    fn an_older_snapshot_is_ignored() {
        assert_eq!(plan("market", Some(&known(Ready, &[("a", 2, 0, 0)])), &told(4, Some(Canceled), &[])), None);
    }

    #[test]
    fn no_snapshot_loses_or_doubles_a_unit() {
        let lines = |q, c, s| -> Vec<(&str, i64, i64, i64)> { vec![("a", q, c, s)] };
        for state in State::ALL {
            for was in 0..27 {
                let (q, c, s) = (was % 3, was / 3 % 3, was / 9);
                if c + s > q {
                    continue;
                }
                let before = known(state, &lines(q, c, s));
                for next in State::ALL {
                    for now in 0..64 {
                        let order = told(6, Some(next), &lines(now % 4, now / 4 % 4, now / 16));
                        let plan = plan("market", Some(&before), &order).unwrap();
                        let counts = plan.lines[0].counts;
                        assert!(counts.open() >= 0 && counts.canceled >= 0, "{before:?} {order:?}");
                        assert!(counts.shipped >= s, "a unit came back: {before:?} {order:?}");
                        let reachable = state.may_become(plan.state) || plan.state == state;
                        assert!(reachable, "{before:?} {order:?} -> {:?}", plan.state);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_held_in_each_state() {
        use HoldKind::*;
        let two = Counts { quantity: 3, canceled: 1, shipped: 0, canceled_late: 0 };
        for (state, keep, kind) in [
            (Pending, 0, Reservation),
            (AwaitingAcceptance, 2, Reservation),
            (AwaitingPayment, 2, Reservation),
            (Ready, 2, Allocation),
            (PartlyShipped, 2, Allocation),
            (ReadyForPickup, 2, Allocation),
            (Shipped, 2, Allocation),
            (Canceled, 0, Reservation),
            (Refused, 0, Reservation),
        ] {
            assert_eq!(demand(state, &two, Fulfillment::Parcel, false), (keep, kind), "{state:?}");
            assert_eq!(demand(state, &two, Fulfillment::ByChannel, false).0, 0, "{state:?}");
        }
        assert_eq!(demand(AwaitingPayment, &two, Fulfillment::Parcel, true).0, 0);
        assert_eq!(demand(Ready, &two, Fulfillment::Parcel, true).0, 2);
    }

    #[test]
    fn an_order_that_cannot_be_kept_says_why() {
        let order = |lines: &[(&str, i64, i64, i64)]| told(6, Some(Ready), lines).fault();
        assert_eq!(order(&[("a", 1, 0, 0), ("b", 0, 0, 0)]), None);
        assert!(order(&[("a", 1, 0, 0), ("a", 1, 0, 0)]).unwrap().contains("two lines"));
        assert!(order(&[("a", -1, 0, 0)]).unwrap().contains("quantity -1"));
        assert!(order(&[("a", i64::MAX, 0, 0)]).is_some());
        assert!(order(&[("", 1, 0, 0)]).is_some());
    }
}
