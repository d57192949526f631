//! A marketplace that changes its mind: orders move on, grow, shrink, lose lines, are canceled at the worst moment; and
//! what it tells may be late, repeated or out of order.
use jiff::Timestamp;
use purvey::order::{Buyer, Fulfillment, Line, Order, State};
use purvey::value::Currency;

use crate::oracle::SKUS;

/// A seeded stream of choices (SplitMix64).
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.roll(n) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.roll(from.len());
        from.get(at)
    }
}

pub struct Market {
    /// Every snapshot of every order, oldest first.
    pub history: Vec<Vec<Order>>,
}

/// Orders of one shop; more would only make the lists longer.
const ORDERS_MAX: usize = 50;

impl Market {
    pub fn evolve(&mut self, dice: &mut Dice, now: Timestamp) {
        if self.history.len() < ORDERS_MAX && (self.history.is_empty() || dice.one_in(4)) {
            let order = new_order(dice, self.history.len(), now);
            self.history.push(vec![order]);
            return;
        }
        // The newest orders move most.
        let back = dice.roll(12.min(self.history.len()));
        let at = if dice.one_in(3) { dice.roll(self.history.len()) } else { self.history.len() - 1 - back };
        let mut order = self.history[at].last().unwrap().clone();
        for _ in 0..=dice.roll(2) {
            step(dice, &mut order);
        }
        // Stamps are coarse: two states of one order may share one.
        if !dice.one_in(8) {
            order.updated_at = now;
        }
        self.history[at].push(order);
    }

    /// A page: mostly how things are, sometimes how they were, sometimes the same order twice.
    pub fn page(&self, dice: &mut Dice) -> Vec<Order> {
        let mut page = Vec::new();
        for _ in 0..=dice.roll(3) {
            let Some(history) = dice.pick(&self.history) else { break };
            let order = if dice.one_in(5) { dice.pick(history) } else { history.last() };
            page.extend(order.cloned());
        }
        page
    }
}

fn new_order(dice: &mut Dice, n: usize, now: Timestamp) -> Order {
    let (fulfillment, pickup_point) = match dice.roll(12) {
        0 => (Fulfillment::Pickup, Some("SHOP")),
        1 => (Fulfillment::Curbside, Some("LOCKER")),
        2 => (Fulfillment::Pickup, Some("NOWHERE")),
        3 => (Fulfillment::ByChannel, None),
        4 => (Fulfillment::ShipFromStore, None),
        _ => (Fulfillment::Parcel, None),
    };
    let state = match dice.roll(8) {
        0 => Some(State::Pending),
        1 | 2 => Some(State::AwaitingAcceptance),
        3 | 4 => Some(State::AwaitingPayment),
        5 if dice.one_in(3) => dice.pick(&State::ALL).copied(),
        6 if dice.one_in(4) => None,
        _ => Some(State::Ready),
    };
    Order {
        channel_order_id: format!("O-{n}"),
        state,
        channel_state: "SOME_WORD".to_owned(),
        fulfillment,
        pickup_point: pickup_point.map(str::to_owned),
        currency: Currency::parse("EUR").unwrap(),
        total_minor: 1_000,
        shipping_minor: 0,
        placed_at: now,
        updated_at: now,
        acknowledge_by: None,
        refunds: Vec::new(),
        lines: (0..=dice.roll(3)).map(|line| new_line(dice, line)).collect(),
        buyer: Some(Buyer { name: "Ada".to_owned(), ..Buyer::default() }),
    }
}

fn new_line(dice: &mut Dice, n: usize) -> Line {
    // Two lines of one SKU are frequent, and now and then nobody knows the SKU.
    let sku = match dice.roll(14) {
        0 => "FOREIGN-1",
        1 => "FOREIGN-2",
        2..6 => SKUS[0],
        _ => dice.pick(&SKUS).unwrap(),
    };
    Line {
        channel_line_id: format!("{n}"),
        channel_sku: Some(sku.to_owned()),
        gtin: None,
        listing_id: None,
        title: "A thing".to_owned(),
        quantity: dice.roll(7) as i64,
        canceled: 0,
        shipped: 0,
        price_minor: 500,
        tax_minor: 0,
    }
}

fn step(dice: &mut Dice, order: &mut Order) {
    let n = dice.roll(order.lines.len());
    match dice.roll(12) {
        0..3 => {
            let from = order.state.unwrap_or(State::Pending);
            let near = &from.next()[..from.next().len().min(2)];
            let far = dice.one_in(8);
            order.state = dice.pick(if far { from.next() } else { near }).copied().or(Some(from));
        }
        3 if dice.one_in(5) => order.state = if dice.one_in(3) { None } else { dice.pick(&State::ALL).copied() },
        6 => order.lines[n].canceled = dice.roll(order.lines[n].quantity as usize + 2) as i64,
        7 => order.lines[n].shipped = dice.roll(order.lines[n].quantity as usize + 2) as i64,
        8 => order.lines[n].quantity = dice.roll(9) as i64,
        9 if order.lines.len() > 1 => drop(order.lines.remove(n)),
        10 => {
            let id = dice.roll(6);
            if order.lines.iter().all(|l| l.channel_line_id != id.to_string()) {
                order.lines.push(new_line(dice, id));
            }
        }
        _ => {}
    }
}
