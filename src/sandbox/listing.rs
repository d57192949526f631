//! A page of orders, with what goes wrong with pages; how an order is written is the dialect's.
use super::Inner;
use super::faults::Plan;
use super::market::Market;
use super::model::{Order, OrderState};
use serde_json::{Value, json};

/// A state no version of any document lists.
const UNKNOWN_STATE: &str = "WAITING_FOR_FULL_MOON";

/// How a dialect writes an order.
pub(super) struct Words {
    pub order: fn(&Market, &Order) -> Value,
    /// Where its state is in it (RFC 6901), and its lines.
    pub state: &'static str,
    pub lines: &'static str,
    /// What an order is in that appears between two pages.
    pub released: OrderState,
}

impl Inner {
    /// The orders from `offset` on of those that `find` gives, and how many it gives in all.
    pub fn page(
        &mut self,
        plan: Plan,
        words: &Words,
        (offset, max): (usize, usize),
        find: impl Fn(&Market) -> Vec<&Order>,
    ) -> (Vec<Value>, usize) {
        if offset == 0 {
            self.market.begin_pull();
        }
        let found = find(&self.market);
        let total = found.len();
        let mut shown: Vec<Order> = found.into_iter().skip(offset).take(max).cloned().collect();
        let last = offset.saturating_add(shown.len()) >= total;
        if plan.empty_page {
            shown.clear();
        }
        let mut orders: Vec<Value> = shown.iter().map(|order| (words.order)(&self.market, order)).collect();
        let strange = if plan.unknown_state { shown.first() } else { None };
        if let (Some(order), Some(told)) = (strange, orders.first_mut()) {
            if let Some(state) = told.pointer_mut(words.state) {
                *state = json!(UNKNOWN_STATE);
            }
            self.market.touch(&order.id);
        }
        if !plan.answer_is_lost() {
            let told = shown.iter().filter(|o| o.state.is_dead() && strange.is_none_or(|s| s.id != o.id));
            told.for_each(|order| self.judge.told_canceled(&order.id));
        }
        if plan.duplicate_items {
            orders.extend(orders.first().cloned());
        }
        if plan.page_drift && !last {
            self.market.release_from_staging(words.released);
        }
        if plan.unknown_fields {
            orders.iter_mut().for_each(|order| add_unknown_fields(order, words.lines));
        }
        (orders, total)
    }
}

/// What a document of tomorrow may add to anything.
pub(super) fn novelty() -> Value {
    json!({ "since": "tomorrow", "items": [1, null, "three"] })
}

fn add_unknown_fields(order: &mut Value, lines: &str) {
    order["novelty"] = novelty();
    for line in order.pointer_mut(lines).and_then(Value::as_array_mut).into_iter().flatten() {
        line["novelty"] = novelty();
    }
}
