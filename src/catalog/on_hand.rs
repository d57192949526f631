//! What was on hand before a change, for files that count units: their rows of one variant mostly stand together.
use rusqlite::{CachedStatement, OptionalExtension};

use super::fault::fault;
use super::open::Change;
use crate::diagnostic::Result;

/// Units by variant and location. Made by [`Change::on_hand`]. First counts that wait are not seen.
pub struct OnHand<'c> {
    one: CachedStatement<'c>,
    all: CachedStatement<'c>,
    /// The variant asked for last, and how often on end.
    variant_id: Option<i64>,
    times: u64,
    /// Its units by location, in the order of their ids, once all were read.
    counts: Option<Vec<(i64, i64)>>,
}

impl<'w> Change<'w> {
    pub fn on_hand<'c>(&'c self) -> Result<OnHand<'c>>
    where
        'w: 'c,
    {
        let prepare = |sql: &str| self.tx.prepare_cached(sql).map_err(fault);
        Ok(OnHand {
            one: prepare("SELECT on_hand FROM stock WHERE variant_id = ?1 AND location_id = ?2")?,
            all: prepare("SELECT location_id, on_hand FROM stock WHERE variant_id = ?1 ORDER BY location_id")?,
            variant_id: None,
            times: 0,
            counts: None,
        })
    }
}

impl OnHand<'_> {
    /// Units at a location; `None` where nothing was ever counted or moved.
    ///
    /// All locations of a variant are read at once when it is asked for a second time, or the variant before it was.
    pub fn at(&mut self, variant_id: i64, location_id: i64) -> Result<Option<i64>> {
        let mut stands_together = true;
        if self.variant_id != Some(variant_id) {
            stands_together = self.times > 1;
            (self.variant_id, self.times, self.counts) = (Some(variant_id), 0, None);
        }
        self.times += 1;
        if self.counts.is_none() && !stands_together {
            return self.one.query_row([variant_id, location_id], |r| r.get(0)).optional().map_err(fault);
        }
        let counts = match &mut self.counts {
            Some(counts) => counts,
            none => {
                let counts = self.all.query_map([variant_id], |r| Ok((r.get(0)?, r.get(1)?)));
                none.insert(counts.and_then(Iterator::collect).map_err(fault)?)
            }
        };
        Ok(counts.binary_search_by_key(&location_id, |(id, _)| *id).ok().map(|at| counts[at].1))
    }

    /// To be called when somebody else counted.
    pub fn forget(&mut self) {
        (self.variant_id, self.counts) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::testing::{at, item, shop_with};
    use crate::catalog::{Carried, ItemGroup};

    #[test]
    fn units_are_found_whatever_order_they_are_asked_for_in() {
        let dir = tempfile::tempdir().unwrap();
        let (_, mut writer) = shop_with(dir.path(), 10);
        let change = writer.change(at("2026-11-25T09:00:00Z")).unwrap();
        let tea = change.variant_id("TEA-1").unwrap().unwrap();
        let carried = Carried::default();
        let mut products = change.products("test", &carried).unwrap();
        let group = ItemGroup { item_group_id: "m".into(), title: "Mug".into(), ..ItemGroup::default() };
        let (product, _) = products.put(&group, None).unwrap();
        let (mug, _) = products.put_item(product, &item("MUG-1"), None, 0).unwrap();
        let mut ledger = change.ledger("a delivery").unwrap().unwrap();
        ledger.count(tea, 2, 20).unwrap();
        ledger.count(mug, 2, 5).unwrap();
        change.write_first_counts().unwrap();
        let mut on_hand = change.on_hand().unwrap();
        let known = [(tea, 1, Some(10)), (tea, 2, Some(20)), (mug, 1, None), (mug, 2, Some(5))];
        for order in [[0, 1, 2, 3, 1, 0, 3], [0, 2, 1, 3, 0, 0, 2]] {
            for (variant, location, units) in order.map(|i| known[i]) {
                assert_eq!(on_hand.at(variant, location).unwrap(), units, "{variant} {location}");
            }
        }
        ledger.count(mug, 2, 7).unwrap();
        on_hand.forget();
        assert_eq!(on_hand.at(mug, 2).unwrap(), Some(7));
    }
}
