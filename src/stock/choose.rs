//! Where to take units from: one location for the whole line if any can, warehouses before stores, most units first.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocationKind {
    Store,
    Warehouse,
    Pickup,
}

impl LocationKind {
    /// As the catalog writes it; a pickup point for any other word.
    pub fn parse(text: &str) -> LocationKind {
        match text {
            "store" => LocationKind::Store,
            "warehouse" => LocationKind::Warehouse,
            _ => LocationKind::Pickup,
        }
    }
}

/// What one location has of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supply {
    pub location_id: i64,
    pub kind: LocationKind,
    /// Whether online orders may take from it.
    pub online: bool,
    /// On hand less everything held there. Below zero where more is held than is there. Safety stock counts: it is
    /// never offered, and it is there for the order that came all the same.
    pub free: i64,
}

/// Which locations may serve a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A parcel: any location that fulfills online orders, warehouses first.
    WarehousesFirst,
    /// Shipping from a store: the same, stores first.
    StoresFirst,
    /// Pickup and curbside: the place the buyer chose, no other.
    Only(i64),
    /// Pickup at a place we do not know.
    Nowhere,
}

impl Source {
    fn serves(self, supply: &Supply) -> bool {
        match self {
            Source::WarehousesFirst | Source::StoresFirst => supply.online,
            Source::Only(location_id) => supply.location_id == location_id,
            Source::Nowhere => false,
        }
    }

    fn rank(self, kind: LocationKind) -> u8 {
        match (self, kind) {
            (Source::StoresFirst, LocationKind::Store) => 0,
            (_, LocationKind::Warehouse) => 1,
            (_, LocationKind::Store) => 2,
            (_, LocationKind::Pickup) => 3,
        }
    }
}

/// Takes up to `need` units, as (location, quantity). Fewer come back when there are no more: the rest is short.
/// A location that already holds units of the line is preferred, so that it leaves in one parcel.
pub fn choose(need: i64, supplies: &[Supply], source: Source, holding: &[i64]) -> Vec<(i64, i64)> {
    if need <= 0 {
        return Vec::new();
    }
    let mut able: Vec<&Supply> = supplies.iter().filter(|s| s.free > 0 && source.serves(s)).collect();
    able.sort_by_key(|s| {
        let splits = s.free < need;
        (!holding.contains(&s.location_id), splits, source.rank(s.kind), std::cmp::Reverse(s.free), s.location_id)
    });
    let mut left = need;
    let mut taken = Vec::new();
    for supply in able {
        let quantity = left.min(supply.free);
        taken.push((supply.location_id, quantity));
        left -= quantity;
        if left == 0 {
            break;
        }
    }
    taken
}

/// Where units that left without being there are taken from: the place that would have served first.
pub(super) fn fallback(supplies: &[Supply], source: Source) -> Option<i64> {
    let first = |serving: bool| {
        supplies
            .iter()
            .filter(|s| !serving || source.serves(s))
            .min_by_key(|s| (source.rank(s.kind), std::cmp::Reverse(s.free), s.location_id))
            .map(|s| s.location_id)
    };
    first(true).or_else(|| first(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use LocationKind::*;
    use Source::*;

    fn supply(location_id: i64, kind: LocationKind, free: i64) -> Supply {
        Supply { location_id, kind, online: kind != Pickup, free }
    }

    #[test]
    #[rustfmt::skip]
    fn the_policy_in_examples() {
        let shop = [supply(1, Store, 4), supply(2, Warehouse, 3), supply(3, Warehouse, 2), supply(4, Pickup, 9)];
        for (need, source, holding, taken) in [
            (0, WarehousesFirst, vec![], vec![]),
            (-3, WarehousesFirst, vec![], vec![]),
            (2, WarehousesFirst, vec![], vec![(2, 2)]), // the fuller warehouse
            (4, WarehousesFirst, vec![], vec![(1, 4)]), // a store that covers it all beats two parcels
            (6, WarehousesFirst, vec![], vec![(2, 3), (3, 2), (1, 1)]), // nobody does: warehouses, then stores
            (20, WarehousesFirst, vec![], vec![(2, 3), (3, 2), (1, 4)]), // and the rest is short
            (2, StoresFirst, vec![], vec![(1, 2)]),
            (2, WarehousesFirst, vec![3], vec![(3, 2)]), // with the units it already holds
            (2, Only(4), vec![], vec![(4, 2)]),          // pickup from its place, though it ships nothing
            (12, Only(4), vec![], vec![(4, 9)]),
            (2, Only(9), vec![], vec![]),
            (2, Nowhere, vec![], vec![]),
        ] {
            assert_eq!(choose(need, &shop, source, &holding), taken, "{need} {source:?} {holding:?}");
        }
    }

    #[test]
    fn places_with_nothing_free_give_nothing() {
        let shop = [supply(1, Warehouse, -2), supply(2, Warehouse, 0), supply(3, Store, 1)];
        assert_eq!(choose(2, &shop, WarehousesFirst, &[]), vec![(3, 1)]);
        assert_eq!(fallback(&shop, WarehousesFirst), Some(2));
        assert_eq!(fallback(&shop, Nowhere), Some(2));
        assert_eq!(fallback(&[], WarehousesFirst), None);
    }
}
