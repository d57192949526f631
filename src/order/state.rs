//! The states of an order, what each does to stock, and which may follow which: tables, tested in full.
use serde::{Deserialize, Serialize};

/// Where an order is, in our words. Every marketplace's states map to these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The marketplace checks it (fraud, preorder): not ours to touch yet.
    Pending,
    /// The marketplace waits for us to accept or refuse.
    AwaitingAcceptance,
    AwaitingPayment,
    /// Paid: pick, pack, ship.
    Ready,
    PartlyShipped,
    /// Packed and waiting at the store for its buyer.
    ReadyForPickup,
    Shipped,
    PickedUp,
    Delivered,
    /// The marketplace is done with it.
    Closed,
    Canceled,
    Refused,
}

/// What being in a state means for the units of a line that have neither shipped nor been canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is held.
    None,
    /// Held until paid.
    Reserve,
    /// Committed.
    Allocate,
    /// Gone: what was held has left.
    Deduct,
    /// Held no longer.
    Release,
}

impl State {
    pub const ALL: [State; 12] = [
        State::Pending,
        State::AwaitingAcceptance,
        State::AwaitingPayment,
        State::Ready,
        State::PartlyShipped,
        State::ReadyForPickup,
        State::Shipped,
        State::PickedUp,
        State::Delivered,
        State::Closed,
        State::Canceled,
        State::Refused,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::AwaitingAcceptance => "awaiting_acceptance",
            State::AwaitingPayment => "awaiting_payment",
            State::Ready => "ready",
            State::PartlyShipped => "partly_shipped",
            State::ReadyForPickup => "ready_for_pickup",
            State::Shipped => "shipped",
            State::PickedUp => "picked_up",
            State::Delivered => "delivered",
            State::Closed => "closed",
            State::Canceled => "canceled",
            State::Refused => "refused",
        }
    }

    pub fn parse(text: &str) -> Option<State> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    pub fn effect(self) -> Effect {
        match self {
            State::Pending => Effect::None,
            State::AwaitingAcceptance | State::AwaitingPayment => Effect::Reserve,
            State::Ready | State::PartlyShipped | State::ReadyForPickup => Effect::Allocate,
            State::Shipped | State::PickedUp | State::Delivered | State::Closed => Effect::Deduct,
            State::Canceled | State::Refused => Effect::Release,
        }
    }

    /// States that may follow this one. A marketplace may skip steps (we see it late), never go back.
    pub fn next(self) -> &'static [State] {
        use State::*;
        match self {
            Pending => &[
                AwaitingAcceptance,
                AwaitingPayment,
                Ready,
                PartlyShipped,
                ReadyForPickup,
                Shipped,
                PickedUp,
                Delivered,
                Closed,
                Canceled,
                Refused,
            ],
            AwaitingAcceptance => &[
                AwaitingPayment,
                Ready,
                PartlyShipped,
                ReadyForPickup,
                Shipped,
                PickedUp,
                Delivered,
                Closed,
                Canceled,
                Refused,
            ],
            AwaitingPayment => {
                &[Ready, PartlyShipped, ReadyForPickup, Shipped, PickedUp, Delivered, Closed, Canceled, Refused]
            }
            Ready => &[PartlyShipped, ReadyForPickup, Shipped, PickedUp, Delivered, Closed, Canceled, Refused],
            PartlyShipped => &[ReadyForPickup, Shipped, PickedUp, Delivered, Closed, Canceled],
            ReadyForPickup => &[Shipped, PickedUp, Delivered, Closed, Canceled],
            Shipped => &[PickedUp, Delivered, Closed, Canceled],
            PickedUp => &[Delivered, Closed],
            Delivered => &[Closed],
            Closed | Canceled | Refused => &[],
        }
    }

    pub fn may_become(self, next: State) -> bool {
        self == next || self.next().contains(&next)
    }

    /// Nothing more will happen to it on our side.
    pub fn is_over(self) -> bool {
        matches!(self.effect(), Effect::Deduct | Effect::Release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_state_can_be_left_and_entered_again() {
        for from in State::ALL {
            for to in from.next() {
                assert!(!to.may_become(from), "{from:?} -> {to:?} -> {from:?}");
                assert_ne!(from, *to);
            }
        }
    }

    #[test]
    fn every_state_but_the_first_can_be_reached_and_the_last_ones_are_ends() {
        for state in State::ALL {
            assert!(state == State::Pending || State::Pending.may_become(state), "{state:?}");
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        for end in [State::Closed, State::Canceled, State::Refused] {
            assert!(end.next().is_empty() && end.is_over());
        }
    }

    #[test]
    fn units_once_gone_are_never_held_again() {
        for from in State::ALL.into_iter().filter(|s| s.effect() == Effect::Deduct) {
            for to in from.next() {
                assert!(matches!(to.effect(), Effect::Deduct | Effect::Release), "{from:?} -> {to:?}");
            }
        }
    }
}
