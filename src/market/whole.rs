//! Canceling where only whole orders are canceled, and only before anything has left.
use super::faults::{moved_on, rejected};
use super::{Cancellation, Receipt};
use crate::diagnostic::Result;
use crate::order::{Order, State};

/// What an order says of its cancel: `None` when it is to be sent.
///
/// # Errors
/// `market/rejected` when something has left, or would be left open.
pub(super) fn settled(told: &Order, cancellation: &Cancellation) -> Result<Option<Receipt>> {
    if matches!(told.state, Some(State::Canceled | State::Refused)) {
        return Ok(Some(Receipt::AlreadyDone));
    }
    if told.lines.iter().any(|line| line.shipped > 0) || told.state.is_some_and(State::is_over) {
        return Err(moved_on(&told.channel_order_id, &told.channel_state));
    }
    let asked = |id: &str| {
        let of_it = cancellation.lines.iter().filter(|(line, _)| line == id);
        of_it.fold(0i64, |sum, (_, units)| sum.saturating_add(*units))
    };
    let left = told.lines.iter().find(|line| asked(&line.channel_line_id) < line.quantity - line.canceled);
    match left {
        Some(line) => Err(rejected(format!(
            "only whole orders are canceled here, and units of line {} of order {} would be left",
            line.channel_line_id, told.channel_order_id
        ))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::testing::order;

    #[test]
    fn everything_open_is_canceled_or_nothing() {
        let cancel = |units: i64| Cancellation {
            order_id: "1".to_owned(),
            lines: vec![("1".to_owned(), units)],
            reason: "any".to_owned(),
        };
        let of = |told: &Order, units| settled(told, &cancel(units)).map_err(|error| error.code);
        let open = order("1", State::Ready, 3);
        assert_eq!(of(&open, 3), Ok(None));
        assert_eq!(of(&open, 2), Err("market/rejected"));
        assert_eq!(of(&order("1", State::Canceled, 3), 3), Ok(Some(Receipt::AlreadyDone)));
        let mut left = open.clone();
        left.lines[0].shipped = 1;
        assert_eq!(of(&left, 3), Err("market/rejected"));
        let mut less = open;
        less.lines[0].canceled = 1;
        assert_eq!(of(&less, 2), Ok(None));
    }
}
