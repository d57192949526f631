//! From what a line item holds to what it needs: the movements between, and what no location could cover.
use super::choose::{Source, Supply, choose, fallback};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldKind {
    /// Until paid.
    Reservation,
    /// Committed.
    Allocation,
}

impl HoldKind {
    pub fn as_str(self) -> &'static str {
        match self {
            HoldKind::Reservation => "reservation",
            HoldKind::Allocation => "allocation",
        }
    }

    pub fn parse(text: &str) -> Option<HoldKind> {
        [HoldKind::Reservation, HoldKind::Allocation].into_iter().find(|k| k.as_str() == text)
    }
}

/// Units of a line item held at one location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    pub location_id: i64,
    pub kind: HoldKind,
    pub quantity: i64,
}

/// What a line item needs from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Units that have left and are not yet deducted.
    pub leaving: i64,
    /// Where they left from; `None`: from where they are held.
    pub leaving_from: Option<i64>,
    /// Units to hold afterwards, and how.
    pub keep: i64,
    pub kind: HoldKind,
    pub source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Units leave the house: held ones, or (`None`) any.
    Deduct {
        location_id: i64,
        quantity: i64,
        held: Option<HoldKind>,
    },
    Release {
        location_id: i64,
        kind: HoldKind,
        quantity: i64,
    },
    /// A reservation becomes an allocation.
    Convert {
        location_id: i64,
        quantity: i64,
    },
    Hold {
        location_id: i64,
        kind: HoldKind,
        quantity: i64,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settlement {
    pub moves: Vec<Move>,
    /// What is held afterwards.
    pub holds: Vec<Hold>,
    /// Units to be held that no location has: oversold, and to be said so.
    pub short: i64,
    /// Units that left though there is no location to deduct them from.
    pub unplaced: i64,
}

/// Settles one line item. `supplies` is what each location has now, with the line's own holds counted as held.
pub fn settle(demand: &Demand, holds: &[Hold], supplies: &[Supply]) -> Settlement {
    let mut work = Work { moves: Vec::new(), holds: holds.to_vec(), supplies: supplies.to_vec() };
    let unplaced = work.deduct(demand);
    work.release(demand.keep.max(0));
    // Once paid, an order is never merely reserved again.
    let allocated = work.holds.iter().any(|h| h.kind == HoldKind::Allocation);
    let kind = if allocated { HoldKind::Allocation } else { demand.kind };
    if kind == HoldKind::Allocation {
        work.convert();
    }
    let short = work.hold(demand.keep.max(0), kind, demand.source);
    Settlement { moves: work.moves, holds: work.holds, short, unplaced }
}

struct Work {
    moves: Vec<Move>,
    holds: Vec<Hold>,
    supplies: Vec<Supply>,
}

impl Work {
    /// Held units first (at the place named, if one is), then free ones, then whatever the shelf says: they are gone.
    fn deduct(&mut self, demand: &Demand) -> i64 {
        let mut left = demand.leaving.max(0);
        for hold in &mut self.holds {
            let here = demand.leaving_from.is_none_or(|l| l == hold.location_id);
            let quantity = left.min(hold.quantity);
            if here && quantity > 0 {
                self.moves.push(Move::Deduct { location_id: hold.location_id, quantity, held: Some(hold.kind) });
                hold.quantity -= quantity;
                left -= quantity;
            }
        }
        self.holds.retain(|h| h.quantity > 0);
        if let Some(location_id) = demand.leaving_from {
            self.deduct_free(location_id, left);
            return 0;
        }
        for (location_id, quantity) in choose(left, &self.supplies, demand.source, &[]) {
            self.deduct_free(location_id, quantity);
            left -= quantity;
        }
        match fallback(&self.supplies, demand.source) {
            Some(location_id) => {
                self.deduct_free(location_id, left);
                0
            }
            None => left,
        }
    }

    fn deduct_free(&mut self, location_id: i64, quantity: i64) {
        if quantity == 0 {
            return;
        }
        self.take(location_id, quantity);
        // One movement per location, also when free units and missing ones leave from the same shelf.
        for step in &mut self.moves {
            if let Move::Deduct { location_id: there, quantity: so_far, held: None } = step
                && *there == location_id
            {
                *so_far += quantity;
                return;
            }
        }
        self.moves.push(Move::Deduct { location_id, quantity, held: None });
    }

    /// Gives back what is held beyond `keep`, the last hold first.
    fn release(&mut self, keep: i64) {
        let mut excess = self.held() - keep;
        for hold in self.holds.iter_mut().rev() {
            let quantity = excess.min(hold.quantity);
            if quantity <= 0 {
                continue;
            }
            self.moves.push(Move::Release { location_id: hold.location_id, kind: hold.kind, quantity });
            hold.quantity -= quantity;
            excess -= quantity;
            if let Some(supply) = self.supplies.iter_mut().find(|s| s.location_id == hold.location_id) {
                supply.free += quantity;
            }
        }
        self.holds.retain(|h| h.quantity > 0);
    }

    fn convert(&mut self) {
        for hold in self.holds.iter_mut().filter(|h| h.kind == HoldKind::Reservation) {
            hold.kind = HoldKind::Allocation;
            self.moves.push(Move::Convert { location_id: hold.location_id, quantity: hold.quantity });
        }
    }

    /// Takes what is missing to `keep`; returns what could not be had.
    fn hold(&mut self, keep: i64, kind: HoldKind, source: Source) -> i64 {
        let holding: Vec<i64> = self.holds.iter().map(|h| h.location_id).collect();
        for (location_id, quantity) in choose(keep - self.held(), &self.supplies, source, &holding) {
            self.take(location_id, quantity);
            self.moves.push(Move::Hold { location_id, kind, quantity });
            match self.holds.iter_mut().find(|h| h.location_id == location_id) {
                Some(hold) => hold.quantity += quantity,
                None => self.holds.push(Hold { location_id, kind, quantity }),
            }
        }
        keep - self.held()
    }

    fn take(&mut self, location_id: i64, quantity: i64) {
        if let Some(supply) = self.supplies.iter_mut().find(|s| s.location_id == location_id) {
            supply.free -= quantity;
        }
    }

    fn held(&self) -> i64 {
        self.holds.iter().map(|h| h.quantity).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::LocationKind;
    use super::*;
    use HoldKind::*;
    use proptest::prelude::*;

    fn shop(free: &[i64]) -> Vec<Supply> {
        let supply = |(i, free): (usize, &i64)| Supply {
            location_id: i as i64 + 1,
            kind: LocationKind::Warehouse,
            online: true,
            free: *free,
        };
        free.iter().enumerate().map(supply).collect()
    }

    fn demand(leaving: i64, keep: i64, kind: HoldKind) -> Demand {
        Demand { leaving, leaving_from: None, keep, kind, source: Source::WarehousesFirst }
    }

    fn held(location_id: i64, kind: HoldKind, quantity: i64) -> Hold {
        Hold { location_id, kind, quantity }
    }

    #[test]
    #[rustfmt::skip]
    fn the_steps_of_a_life() {
        use Move::*;
        let reserved = [held(1, Reservation, 2)];
        let allocated = [held(1, Allocation, 2)];
        for (name, demand, holds, free, moves, short) in [
            (
                "unpaid",
                demand(0, 2, Reservation),
                &[][..],
                vec![5],
                vec![Hold { location_id: 1, kind: Reservation, quantity: 2 }],
                0,
            ),
            ("again", demand(0, 2, Reservation), &reserved, vec![3], vec![], 0),
            ("paid", demand(0, 2, Allocation), &reserved, vec![3], vec![Convert { location_id: 1, quantity: 2 }], 0),
            ("paid, again", demand(0, 2, Allocation), &allocated, vec![3], vec![], 0),
            (
                "one left",
                demand(1, 1, Allocation),
                &allocated,
                vec![3],
                vec![Deduct { location_id: 1, quantity: 1, held: Some(Allocation) }],
                0,
            ),
            (
                "canceled",
                demand(0, 0, Allocation),
                &allocated,
                vec![3],
                vec![Release { location_id: 1, kind: Allocation, quantity: 2 }],
                0,
            ),
            (
                "one more",
                demand(0, 3, Allocation),
                &allocated,
                vec![3],
                vec![Hold { location_id: 1, kind: Allocation, quantity: 1 }],
                0,
            ),
            (
                "never back to unpaid",
                demand(0, 3, Reservation),
                &allocated,
                vec![3],
                vec![Hold { location_id: 1, kind: Allocation, quantity: 1 }],
                0,
            ),
            (
                "too many",
                demand(0, 9, Allocation),
                &allocated,
                vec![3],
                vec![Hold { location_id: 1, kind: Allocation, quantity: 3 }],
                4,
            ),
            (
                "seen late",
                demand(2, 0, Allocation),
                &[],
                vec![5],
                vec![Deduct { location_id: 1, quantity: 2, held: None }],
                0,
            ),
            (
                "left though not there",
                demand(2, 0, Allocation),
                &[],
                vec![1],
                vec![Deduct { location_id: 1, quantity: 2, held: None }],
                0,
            ),
        ] {
            let settled = settle(&demand, holds, &shop(&free));
            assert_eq!((&settled.moves, settled.short), (&moves, short), "{name}");
        }
    }

    #[test]
    fn a_parcel_from_another_place_frees_the_units_that_were_kept_for_it() {
        let demand = Demand { leaving_from: Some(2), ..demand(2, 0, Allocation) };
        let settled = settle(&demand, &[held(1, Allocation, 2)], &shop(&[0, 5]));
        assert_eq!(
            settled.moves,
            [
                Move::Deduct { location_id: 2, quantity: 2, held: None },
                Move::Release { location_id: 1, kind: Allocation, quantity: 2 }
            ]
        );
    }

    #[test]
    fn of_two_places_the_last_one_gives_back_first_so_that_one_parcel_may_do() {
        let split = [held(1, Allocation, 2), held(2, Allocation, 2)];
        let settled = settle(&demand(0, 3, Allocation), &split, &shop(&[0, 0]));
        assert_eq!(settled.moves, [Move::Release { location_id: 2, kind: Allocation, quantity: 1 }]);
    }

    #[test]
    fn units_that_left_a_shop_without_locations_are_said_to_have_no_place() {
        assert_eq!(settle(&demand(2, 0, Allocation), &[], &[]).unplaced, 2);
    }

    proptest! {
        #[test]
        fn settling_keeps_the_books_and_twice_is_once(
            leaving in 0..9i64, keep in 0..9i64, paid: bool, free in prop::collection::vec(-2..7i64, 1..4), had in 0..6i64
        ) {
            let kind = if paid { Allocation } else { Reservation };
            let holds: Vec<Hold> = (had > 0).then(|| held(1, Reservation, had)).into_iter().collect();
            let settled = settle(&demand(leaving, keep, kind), &holds, &shop(&free));
            let (mut gone, mut holding) = (0, had);
            for step in &settled.moves {
                match *step {
                    Move::Deduct { quantity, held, .. } => {
                        gone += quantity;
                        holding -= if held.is_some() { quantity } else { 0 };
                    }
                    Move::Release { quantity, .. } => holding -= quantity,
                    Move::Convert { .. } => {}
                    Move::Hold { quantity, .. } => holding += quantity,
                }
            }
            prop_assert_eq!(gone, leaving);
            prop_assert_eq!(holding, settled.holds.iter().map(|h| h.quantity).sum::<i64>());
            prop_assert_eq!(holding + settled.short, keep);
            // What is free now is what was, less what was taken from the free shelf.
            let mut after = shop(&free);
            for step in &settled.moves {
                let (location, change) = match *step {
                    Move::Deduct { location_id, quantity, held: None } => (location_id, -quantity),
                    Move::Release { location_id, quantity, .. } => (location_id, quantity),
                    Move::Hold { location_id, quantity, .. } => (location_id, -quantity),
                    _ => continue,
                };
                after[location as usize - 1].free += change;
            }
            if settled.short > 0 {
                prop_assert!(after.iter().all(|s| s.free <= 0), "short while there are units: {:?}", after);
            }
            prop_assert_eq!(settle(&demand(0, keep, kind), &settled.holds, &after).moves, vec![]);
        }
    }
}
