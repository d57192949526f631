//! What must be true, worked out another way: every unit of every line is a thing of its own, that is open (and perhaps
//! lies somewhere for its buyer), canceled, or gone. No sums are kept; they are counted when asked for.
use std::collections::BTreeMap;

use purvey::order::{Effect, Fulfillment, Order, State};

/// Places, in the order the catalog numbers them: (code, kind, serves parcels).
pub const PLACES: [(&str, &str, bool); 3] =
    [("MAIN", "warehouse", true), ("SHOP", "store", true), ("LOCKER", "pickup", false)];
/// The last but one never runs out, the last sells on when it has.
pub const SKUS: [&str; 6] = ["TEA-1", "TEA-2", "POT-1", "POT-2", "GIFT", "LATE"];
pub const UNTRACKED: usize = 4;
pub const RESERVE_SECONDS: i64 = 7 * 24 * 3600;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// With the place that keeps it, if one does.
    Open(Option<usize>),
    Canceled,
    Gone,
}

#[derive(Debug, Clone, Default)]
pub struct OracleLine {
    pub id: String,
    /// The marketplace's SKU.
    pub foreign: String,
    pub sku: Option<usize>,
    pub units: Vec<Unit>,
    pub late: usize,
    pub returned: usize,
    pub short: usize,
}

impl OracleLine {
    pub fn count(&self, wanted: impl Fn(&Unit) -> bool) -> usize {
        self.units.iter().filter(|u| wanted(u)).count()
    }

    pub fn open(&self) -> usize {
        self.count(|u| matches!(u, Unit::Open(_)))
    }

    pub fn gone(&self) -> usize {
        self.count(|u| *u == Unit::Gone)
    }

    pub fn canceled(&self) -> usize {
        self.count(|u| *u == Unit::Canceled)
    }

    /// Finds out what the line is, if nobody knew; says whether nobody did.
    fn recognize(&mut self, means: &BTreeMap<String, usize>) -> bool {
        let unknown = self.sku.is_none();
        if unknown {
            let own = SKUS.iter().position(|sku| *sku == self.foreign);
            self.sku = own.or_else(|| means.get(&self.foreign).copied());
        }
        unknown
    }

    fn change_first(&mut self, from: impl Fn(&Unit) -> bool, to: Unit) -> Option<Unit> {
        let unit = self.units.iter_mut().find(|u| from(u))?;
        Some(std::mem::replace(unit, to))
    }
}

#[derive(Debug, Clone)]
pub struct OracleOrder {
    pub state: State,
    pub updated: i64,
    pub placed: i64,
    pub fulfillment: Fulfillment,
    pub point: Option<usize>,
    pub lines: Vec<OracleLine>,
    /// Tracking number, and the lines in it.
    pub parcels: Vec<(String, Vec<(String, i64)>)>,
    pub decided: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Oracle {
    pub now: i64,
    pub on_hand: BTreeMap<(usize, usize), i64>,
    pub counted: BTreeMap<usize, i64>,
    /// What a person said a foreign SKU means.
    pub means: BTreeMap<String, usize>,
    pub orders: BTreeMap<String, OracleOrder>,
}

impl Oracle {
    /// Units kept, by SKU and place: for orders not yet paid, and for paid ones.
    pub fn all_held(&self) -> BTreeMap<(usize, usize), [i64; 2]> {
        let mut held: BTreeMap<(usize, usize), [i64; 2]> = BTreeMap::new();
        for order in self.orders.values() {
            let paid = usize::from(order.state.effect() != Effect::Reserve);
            for line in &order.lines {
                let Some(sku) = line.sku else { continue };
                for unit in &line.units {
                    if let Unit::Open(Some(place)) = unit {
                        held.entry((sku, *place)).or_default()[paid] += 1;
                    }
                }
            }
        }
        held
    }

    fn free(&self, sku: usize, place: usize) -> i64 {
        let on_hand = self.on_hand.get(&(sku, place)).copied().unwrap_or(0);
        let lines = self.orders.values().flat_map(|o| &o.lines).filter(|l| l.sku == Some(sku));
        on_hand - lines.map(|l| l.count(|u| *u == Unit::Open(Some(place)))).sum::<usize>() as i64
    }

    fn leave(&mut self, sku: usize, place: usize) {
        *self.on_hand.entry((sku, place)).or_default() -= 1;
    }

    pub fn count_stock(&mut self, sku: usize, place: usize, found: i64) {
        if self.on_hand.get(&(sku, place)) != Some(&found) {
            self.on_hand.insert((sku, place), found);
            self.counted.insert(sku, self.now);
        }
    }

    /// Places that may serve an order, best first, for so many units of a line that is kept at `near` already.
    fn places(&self, order: &OracleOrder, sku: usize, need: i64, near: &[usize]) -> Vec<usize> {
        let rank = |place: usize| match (order.fulfillment, PLACES[place].1) {
            (Fulfillment::ShipFromStore, "store") => 0,
            (_, "warehouse") => 1,
            (_, "store") => 2,
            _ => 3,
        };
        let collected = matches!(order.fulfillment, Fulfillment::Pickup | Fulfillment::Curbside);
        let serves = |place: usize| if collected { order.point == Some(place) } else { PLACES[place].2 };
        let mut left: Vec<usize> = (0..PLACES.len()).filter(|p| serves(*p) && self.free(sku, *p) > 0).collect();
        let mut best = Vec::new();
        while let Some(at) = (0..left.len()).reduce(|a, b| {
            let (pa, pb) = (left[a], left[b]);
            let (fa, fb) = (self.free(sku, pa), self.free(sku, pb));
            let better = if near.contains(&pa) != near.contains(&pb) {
                near.contains(&pb)
            } else if (fa >= need) != (fb >= need) {
                fb >= need
            } else if rank(pa) != rank(pb) {
                rank(pb) < rank(pa)
            } else {
                fb > fa
            };
            if better { b } else { a }
        }) {
            best.push(left.remove(at));
        }
        best
    }

    /// Where units nobody kept have left from: where there were some, then the shelf that would have served.
    fn shelves(&self, order: &OracleOrder, sku: usize, units: i64) -> Vec<usize> {
        let mut from = Vec::new();
        for place in self.places(order, sku, units, &[]) {
            for _ in 0..self.free(sku, place) {
                from.push(place);
            }
        }
        let collected = matches!(order.fulfillment, Fulfillment::Pickup | Fulfillment::Curbside);
        let fallback = match (collected, order.point, order.fulfillment) {
            (true, Some(point), _) => point,
            // A pickup at nowhere: any place, and warehouses come first.
            (_, _, Fulfillment::ShipFromStore) => 1,
            _ => 0,
        };
        while (from.len() as i64) < units {
            from.push(fallback);
        }
        from.truncate(units as usize);
        from
    }

    fn touches_stock(order: &OracleOrder, line: &OracleLine) -> Option<usize> {
        line.sku.filter(|sku| *sku != UNTRACKED && order.fulfillment != Fulfillment::ByChannel)
    }

    /// `leaving` open units of a line go, kept ones first.
    fn go(&mut self, id: &str, n: usize, leaving: usize, from: Option<usize>) {
        let mut order = self.orders[id].clone();
        let stock = Self::touches_stock(&order, &order.lines[n]);
        let line = &mut order.lines[n];
        let mut unkept = 0;
        for _ in 0..leaving {
            let nearest = match from {
                Some(place) => Some(place).filter(|p| line.units.contains(&Unit::Open(Some(*p)))),
                None => (0..PLACES.len()).find(|p| line.units.contains(&Unit::Open(Some(*p)))),
            };
            match nearest {
                Some(place) => {
                    line.change_first(|u| *u == Unit::Open(Some(place)), Unit::Gone);
                    if let Some(sku) = stock {
                        self.leave(sku, place);
                    }
                }
                None => {
                    unkept += 1;
                    let free = line.change_first(|u| *u == Unit::Open(None), Unit::Gone);
                    // None was free: one that is kept elsewhere is given back, the farthest first.
                    if free.is_none() {
                        let last = (0..PLACES.len()).rev().find(|p| line.units.contains(&Unit::Open(Some(*p))));
                        line.change_first(|u| *u == Unit::Open(last), Unit::Gone);
                    }
                }
            }
        }
        self.orders.insert(id.to_owned(), order.clone());
        if let Some(sku) = stock {
            let shelves = match from {
                Some(place) => vec![place; unkept],
                None => self.shelves(&order, sku, unkept as i64),
            };
            shelves.into_iter().for_each(|place| self.leave(sku, place));
        }
    }

    fn cancel_units(line: &mut OracleLine, units: usize) {
        for _ in 0..units {
            if line.change_first(|u| *u == Unit::Open(None), Unit::Canceled).is_none() {
                let last = (0..PLACES.len()).rev().find(|p| line.units.contains(&Unit::Open(Some(*p))));
                line.change_first(|u| *u == Unit::Open(last), Unit::Canceled);
            }
        }
    }

    fn remove_units(line: &mut OracleLine, units: usize) {
        for _ in 0..units {
            let places = [Some(2), Some(1), Some(0)];
            let order = [Unit::Canceled, Unit::Open(None)].into_iter().chain(places.map(Unit::Open));
            let Some(at) = order.filter_map(|kind| line.units.iter().position(|u| *u == kind)).next() else { return };
            line.units.remove(at);
        }
    }

    /// Keeps what a line should have kept, as far as there is any.
    pub fn keep(&mut self, id: &str, n: usize) {
        let order = self.orders[id].clone();
        let line = &order.lines[n];
        let expired = self.now >= order.placed + RESERVE_SECONDS;
        let wants = match order.state.effect() {
            Effect::None | Effect::Release => false,
            Effect::Reserve => !expired,
            Effect::Allocate | Effect::Deduct => true,
        };
        let mut after = line.clone();
        after.short = 0;
        match Self::touches_stock(&order, line) {
            Some(sku) if wants => {
                let unkept = line.count(|u| *u == Unit::Open(None));
                let near: Vec<usize> =
                    (0..PLACES.len()).filter(|p| line.units.contains(&Unit::Open(Some(*p)))).collect();
                let mut spots = Vec::new();
                for place in self.places(&order, sku, unkept as i64, &near) {
                    spots.extend((0..self.free(sku, place)).map(|_| place));
                }
                for place in spots.iter().take(unkept) {
                    after.change_first(|u| *u == Unit::Open(None), Unit::Open(Some(*place)));
                }
                after.short = unkept.saturating_sub(spots.len());
            }
            _ => {
                for unit in after.units.iter_mut().filter(|u| matches!(u, Unit::Open(_))) {
                    *unit = Unit::Open(None);
                }
            }
        }
        self.orders.get_mut(id).unwrap().lines[n] = after;
    }

    fn unseen(&self, id: &str, n: usize) -> usize {
        let order = &self.orders[id];
        let counted = order.lines[n].sku.and_then(|sku| self.counted.get(&sku));
        if counted.is_some_and(|at| *at > order.updated) { 0 } else { order.lines[n].gone() }
    }

    /// Units that had left before anybody knew the line's SKU, or the order.
    fn deduct_unseen(&mut self, id: &str, n: usize) {
        let units = self.unseen(id, n);
        let order = self.orders[id].clone();
        if let Some(sku) = Self::touches_stock(&order, &order.lines[n]) {
            for place in self.shelves(&order, sku, units as i64) {
                self.leave(sku, place);
            }
        }
    }

    pub fn hear(&mut self, told: &Order) {
        let id = told.channel_order_id.as_str();
        let updated = told.updated_at.as_second();
        let is_new = !self.orders.contains_key(id);
        let order = self.orders.entry(id.to_owned()).or_insert_with(|| OracleOrder {
            state: told.state.unwrap_or(State::Pending),
            updated,
            placed: told.placed_at.as_second(),
            fulfillment: told.fulfillment,
            point: told.pickup_point.as_deref().and_then(|p| PLACES.iter().position(|(code, ..)| *code == p)),
            lines: Vec::new(),
            parcels: Vec::new(),
            decided: false,
        });
        if updated < order.updated {
            return;
        }
        order.updated = updated;
        if let Some(state) = told.state.filter(|state| order.state.may_become(*state)) {
            order.state = state;
        }
        let vanished = |line: &OracleLine| told.lines.iter().all(|l| l.channel_line_id != line.id);
        // The state is that of all lines together, and is known before the first of them is served.
        let mut rehearsal = order.clone();
        for line in &told.lines {
            hear_line(&mut rehearsal, line, told.state, &self.means);
        }
        rehearsal.lines.iter_mut().filter(|l| vanished(l)).for_each(forget_open);
        follow(&mut rehearsal);
        order.state = rehearsal.state;
        for line in &told.lines {
            let order = self.orders.get_mut(id).unwrap();
            let (n, gone, unseen) = hear_line(order, line, told.state, &self.means);
            if unseen || is_new {
                self.deduct_unseen(id, n)
            } else {
                self.deduct_left(id, n, gone)
            }
            self.keep(id, n);
        }
        for n in 0..self.orders[id].lines.len() {
            if vanished(&self.orders[id].lines[n]) {
                let line = &mut self.orders.get_mut(id).unwrap().lines[n];
                forget_open(line);
                if line.recognize(&self.means) {
                    self.deduct_unseen(id, n);
                }
                self.keep(id, n);
            }
        }
    }

    /// Units that were marked as gone at these places (or none) leave the shelf.
    fn deduct_left(&mut self, id: &str, n: usize, gone: Vec<Option<usize>>) {
        let order = self.orders[id].clone();
        let Some(sku) = Self::touches_stock(&order, &order.lines[n]) else { return };
        let unkept = gone.iter().filter(|p| p.is_none()).count();
        for place in gone.into_iter().flatten() {
            self.leave(sku, place);
        }
        for place in self.shelves(&order, sku, unkept as i64) {
            self.leave(sku, place);
        }
    }

    /// Units that may still be sent, or why none may.
    fn sendable(&self, id: &str, lines: Option<&[(String, i64)]>) -> Result<Vec<(usize, usize)>, &'static str> {
        let order = &self.orders[id];
        let mut units: Vec<(usize, usize)> = Vec::new();
        match lines {
            None => {
                units.extend((0..order.lines.len()).map(|n| (n, order.lines[n].open())).filter(|(_, open)| *open > 0))
            }
            Some(lines) => {
                for (line, quantity) in lines {
                    let n = order.lines.iter().position(|l| l.id == *line).ok_or("order/unknown-line")?;
                    units.push((n, *quantity as usize));
                }
            }
        }
        if units.iter().any(|(n, quantity)| *quantity > order.lines[*n].open()) {
            return Err("order/more-than-open");
        }
        if units.is_empty() { Err("order/nothing-open") } else { Ok(units) }
    }

    /// `Ok(false)`: the parcel was known.
    pub fn ship(
        &mut self,
        id: &str,
        lines: Option<&[(String, i64)]>,
        number: &str,
        from: Option<usize>,
    ) -> Result<bool, &'static str> {
        let order = self.orders.get(id).ok_or("order/unknown")?;
        if let Some((_, sent)) = order.parcels.iter().find(|(known, _)| known == number) {
            return if lines.is_none_or(|l| l == &sent[..]) { Ok(false) } else { Err("ship/number-used") };
        }
        if order.fulfillment == Fulfillment::ByChannel {
            return Err("ship/by-channel");
        }
        match order.state {
            State::Ready | State::PartlyShipped | State::ReadyForPickup | State::Shipped => {}
            State::Canceled | State::Refused => return Err("order/canceled"),
            State::Pending | State::AwaitingAcceptance | State::AwaitingPayment => return Err("order/not-ready"),
            State::PickedUp | State::Delivered | State::Closed => return Err("order/over"),
        }
        let units = self.sendable(id, lines)?;
        if units.iter().any(|(n, _)| self.orders[id].lines[*n].sku.is_none()) {
            return Err("ship/unmatched-line");
        }
        let sent = units.iter().map(|(n, q)| (self.orders[id].lines[*n].id.clone(), *q as i64)).collect();
        self.orders.get_mut(id).unwrap().parcels.push((number.to_owned(), sent));
        for (n, quantity) in &units {
            self.go(id, *n, *quantity, from);
            self.keep(id, *n);
        }
        follow(self.orders.get_mut(id).unwrap());
        Ok(true)
    }

    pub fn cancel(&mut self, id: &str, lines: Option<&[(String, i64)]>) -> Result<bool, &'static str> {
        let state = self.orders.get(id).ok_or("order/unknown")?.state;
        match state {
            State::Canceled | State::Refused => return Ok(false),
            State::AwaitingAcceptance => return Err("cancel/not-accepted"),
            _ => {}
        }
        let units = self.sendable(id, lines)?;
        for n in 0..self.orders[id].lines.len() {
            let asked = units.iter().filter(|(at, _)| *at == n).map(|(_, quantity)| quantity).sum();
            Self::cancel_units(&mut self.orders.get_mut(id).unwrap().lines[n], asked);
            self.keep(id, n);
        }
        follow(self.orders.get_mut(id).unwrap());
        Ok(true)
    }

    pub fn refuse(&mut self, id: &str, refuse: &[String]) -> Result<bool, &'static str> {
        let order = self.orders.get_mut(id).ok_or("order/unknown")?;
        if order.state != State::AwaitingAcceptance {
            return Err("order/not-waiting");
        }
        if std::mem::replace(&mut order.decided, true) {
            return Ok(false);
        }
        if order.lines.iter().all(|l| l.open() == 0 || refuse.contains(&l.id)) {
            order.state = State::Refused;
        }
        for n in 0..order.lines.len() {
            let line = &mut self.orders.get_mut(id).unwrap().lines[n];
            if refuse.contains(&line.id) {
                Self::cancel_units(line, line.open());
            }
            self.keep(id, n);
        }
        Ok(true)
    }

    pub fn hand_over(&mut self, id: &str, packed_only: bool) -> Result<bool, &'static str> {
        let order = self.orders.get(id).ok_or("order/unknown")?;
        if !matches!(order.fulfillment, Fulfillment::Pickup | Fulfillment::Curbside) {
            return Err("order/not-collected");
        }
        let goal = if packed_only { State::ReadyForPickup } else { State::PickedUp };
        match order.state {
            state if state == goal => return Ok(false),
            State::Ready | State::PartlyShipped => {}
            State::ReadyForPickup if !packed_only => {}
            State::Canceled | State::Refused => return Err("order/canceled"),
            State::Pending | State::AwaitingAcceptance | State::AwaitingPayment => return Err("order/not-ready"),
            _ => return Err("order/over"),
        }
        self.orders.get_mut(id).unwrap().state = goal;
        for n in 0..self.orders[id].lines.len() {
            if !packed_only {
                self.go(id, n, self.orders[id].lines[n].open(), None);
            }
            self.keep(id, n);
        }
        Ok(true)
    }

    pub fn take_back(&mut self, id: &str, line: &str, units: usize, place: usize) -> Result<bool, &'static str> {
        let order = self.orders.get_mut(id).ok_or("order/unknown")?;
        let line = order.lines.iter_mut().find(|l| l.id == line).ok_or("order/unknown-line")?;
        if units == 0 || units > line.gone() - line.returned {
            return Err("return/more-than-shipped");
        }
        line.returned += units;
        if let Some(sku) = line.sku {
            *self.on_hand.entry((sku, place)).or_default() += units as i64;
        }
        Ok(true)
    }

    pub fn match_line(&mut self, id: &str, n: usize, sku: usize) -> Result<bool, &'static str> {
        let line = &self.orders[id].lines[n];
        if line.sku == Some(sku) {
            return Ok(false);
        }
        if line.sku.is_some() && line.gone() > 0 {
            return Err("order/shipped-already");
        }
        let line = &mut self.orders.get_mut(id).unwrap().lines[n];
        line.sku = Some(sku);
        self.means.insert(line.foreign.clone(), sku);
        for unit in line.units.iter_mut().filter(|u| matches!(u, Unit::Open(_))) {
            *unit = Unit::Open(None);
        }
        self.deduct_unseen(id, n);
        self.keep(id, n);
        Ok(true)
    }

    /// Serves orders by when they were placed; says which had something to wait for.
    pub fn look_back(&mut self, by_age: &[String]) -> Vec<String> {
        let mut served = Vec::new();
        for id in by_age {
            let Some(order) = self.orders.get(id) else { continue };
            let waits = order.lines.iter().any(|l| l.sku.is_none() || l.short > 0);
            let expired = order.state.effect() == Effect::Reserve
                && self.now >= order.placed + RESERVE_SECONDS
                && order.lines.iter().any(|l| l.units.iter().any(|u| matches!(u, Unit::Open(Some(_)))));
            if !waits && !expired {
                continue;
            }
            served.push(id.clone());
            for n in 0..self.orders[id].lines.len() {
                let line = &mut self.orders.get_mut(id).unwrap().lines[n];
                if line.recognize(&self.means) {
                    self.deduct_unseen(id, n);
                }
                self.keep(id, n);
            }
        }
        served
    }
}

fn forget_open(line: &mut OracleLine) {
    line.units.retain(|u| !matches!(u, Unit::Open(_)));
}

/// Brings a line to what was told. Returns which it is, where the units that left now were kept, and whether nothing of
/// the line was ever deducted before.
fn hear_line(
    order: &mut OracleOrder,
    told: &purvey::order::Line,
    state: Option<State>,
    means: &BTreeMap<String, usize>,
) -> (usize, Vec<Option<usize>>, bool) {
    let n = order.lines.iter().position(|l| l.id == told.channel_line_id).unwrap_or_else(|| {
        order.lines.push(OracleLine { id: told.channel_line_id.clone(), ..OracleLine::default() });
        order.lines.len() - 1
    });
    let line = &mut order.lines[n];
    line.foreign = told.channel_sku.clone().unwrap_or_default();
    let unseen = line.recognize(means);
    let quantity = told.quantity as usize;
    while line.units.len() < quantity {
        line.units.push(Unit::Open(None));
    }
    let excess = line.units.len() - quantity.max(line.gone());
    Oracle::remove_units(line, excess);
    let mut gone = Vec::new();
    let told_canceled = match state.map(State::effect) {
        Some(Effect::Release) => line.units.len(),
        _ => (told.canceled as usize).min(line.units.len()),
    };
    let wanted = told_canceled.max(line.canceled());
    let must_go = (told.shipped as usize).min(line.units.len()).saturating_sub(line.gone());
    for _ in 0..must_go {
        gone.push(go_one(line, true));
    }
    Oracle::cancel_units(line, wanted.saturating_sub(line.canceled()).min(line.open()));
    if state.map(State::effect) == Some(Effect::Deduct) {
        for _ in 0..line.open() {
            gone.push(go_one(line, false));
        }
    }
    line.late = line.late.max(wanted.saturating_sub(line.canceled()));
    (n, gone, unseen)
}

fn go_one(line: &mut OracleLine, canceled_too: bool) -> Option<usize> {
    let kept = (0..PLACES.len()).find(|p| line.units.contains(&Unit::Open(Some(*p))));
    let from = Unit::Open(kept);
    if line.change_first(|u| *u == from, Unit::Gone).is_none() && canceled_too {
        line.change_first(|u| *u == Unit::Canceled, Unit::Gone);
    }
    kept
}

/// The order follows its units.
fn follow(order: &mut OracleOrder) {
    let sum = |count: fn(&OracleLine) -> usize| order.lines.iter().map(count).sum::<usize>();
    let (open, gone, canceled) = (sum(OracleLine::open), sum(OracleLine::gone), sum(OracleLine::canceled));
    if open > 0 && gone > 0 && order.state == State::Ready {
        order.state = State::PartlyShipped;
    } else if open == 0
        && gone > 0
        && matches!(order.state, State::Ready | State::PartlyShipped | State::ReadyForPickup)
    {
        order.state = State::Shipped;
    } else if open == 0 && gone == 0 && canceled > 0 && !order.state.is_over() {
        order.state = State::Canceled;
    }
}
