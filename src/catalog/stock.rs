//! The stock ledger: every movement has a cause that happens once, and the levels beside it are its sums.
use rusqlite::{CachedStatement, OptionalExtension, params};
use serde_json::{Map, Value};

use super::fault::fault;
use super::first_count::FirstCount;
use super::open::Change;
use super::product::Put;
use super::sql::{all, one};
use crate::diagnostic::Result;

/// A place where stock is: a store, a warehouse, a pickup point.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// The store code, as channels name it.
    pub code: String,
    pub name: String,
    /// `store`, `warehouse` or `pickup`.
    pub kind: String,
    /// Whether its units count as available to online orders.
    pub fulfills_online: bool,
    pub address: Map<String, Value>,
}

/// Units of one SKU at one location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    pub on_hand: i64,
    pub reserved: i64,
    pub allocated: i64,
    /// max(0, on hand - reserved - allocated - safety).
    pub available: i64,
}

/// One line of the ledger: changes, not levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    Received(i64),
    /// A count found this many more (or fewer) than the ledger had.
    Counted(i64),
    Reserved(i64),
    /// Given back, from a reservation and from an allocation.
    Released {
        reserved: i64,
        allocated: i64,
    },
    /// Committed to a line item, so many of them from its own reservation.
    Allocated {
        quantity: i64,
        from_reserved: i64,
    },
    /// Left the house, so many of them from its own allocation or reservation.
    Shipped {
        quantity: i64,
        from_allocated: i64,
        from_reserved: i64,
    },
    Returned(i64),
    Adjusted(i64),
}

impl Movement {
    fn kind(self) -> &'static str {
        match self {
            Movement::Received(_) => "received",
            Movement::Counted(_) => "counted",
            Movement::Reserved(_) => "reserved",
            Movement::Released { .. } => "released",
            Movement::Allocated { .. } => "allocated",
            Movement::Shipped { .. } => "shipped",
            Movement::Returned(_) => "returned",
            Movement::Adjusted(_) => "adjusted",
        }
    }

    /// What it does to (on hand, reserved, allocated).
    fn deltas(self) -> (i64, i64, i64) {
        match self {
            Movement::Received(n) | Movement::Counted(n) | Movement::Returned(n) | Movement::Adjusted(n) => (n, 0, 0),
            Movement::Reserved(n) => (0, n, 0),
            Movement::Released { reserved, allocated } => (0, -reserved, -allocated),
            Movement::Allocated { quantity, from_reserved } => (0, -from_reserved, quantity),
            Movement::Shipped { quantity, from_allocated, from_reserved } => {
                (-quantity, -from_reserved, -from_allocated)
            }
        }
    }
}

/// Writes movements of one cause. Made by [`Change::ledger`].
pub struct Ledger<'c> {
    change: &'c Change<'c>,
    cause_id: i64,
    read: CachedStatement<'c>,
    safety: CachedStatement<'c>,
    /// A variant and its safety stock: the one that was asked for last.
    last_safety: Option<(i64, i64)>,
    append: CachedStatement<'c>,
    update: CachedStatement<'c>,
    insert: CachedStatement<'c>,
}

impl<'w> Change<'w> {
    /// Opens the ledger for a cause; `None` when that cause has happened already, so that a replay does nothing.
    pub fn ledger<'c>(&'c self, cause: &str) -> Result<Option<Ledger<'c>>>
    where
        'w: 'c,
    {
        let inserted: Option<i64> = self
            .tx
            .prepare_cached(
                "INSERT INTO cause (key, at, run_id) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING RETURNING id",
            )
            .and_then(|mut s| s.query_row(params![cause, self.now_text(), self.run_id], |r| r.get(0)).optional())
            .map_err(fault)?;
        let Some(cause_id) = inserted else { return Ok(None) };
        let prepare = |sql: &str| self.tx.prepare_cached(sql).map_err(fault);
        Ok(Some(Ledger {
            change: self,
            cause_id,
            read: prepare(LEVEL)?,
            safety: prepare("SELECT safety FROM variant WHERE id = ?1")?,
            last_safety: None,
            append: prepare(
                "INSERT INTO movement (variant_id, location_id, cause_id, kind, on_hand, reserved, allocated)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT DO UPDATE SET on_hand = on_hand + excluded.on_hand,
                   reserved = reserved + excluded.reserved, allocated = allocated + excluded.allocated",
            )?,
            // Not one upsert: its CHECKs would judge the deltas as if they were levels.
            update: prepare(
                "UPDATE stock SET
                   on_hand = on_hand + ?3, reserved = reserved + ?4, allocated = allocated + ?5, revision = ?6,
                   available = max(0, on_hand + ?3 - reserved - ?4 - allocated - ?5 - (SELECT safety FROM variant WHERE id = ?1))
                 WHERE variant_id = ?1 AND location_id = ?2",
            )?,
            insert: prepare(
                "INSERT INTO stock (variant_id, location_id, on_hand, reserved, allocated, available, revision)
                 VALUES (?1, ?2, ?3, ?4, ?5, max(0, ?3 - ?4 - ?5 - (SELECT safety FROM variant WHERE id = ?1)), ?6)",
            )?,
        }))
    }

    /// The variant of a SKU, for the ledger.
    pub fn variant_id(&self, sku: &str) -> Result<Option<i64>> {
        self.need_indexes()?;
        one(&self.tx, "SELECT id FROM variant WHERE sku = ?1", [sku], |r| r.get(0))
    }

    /// The location of a store code, for the ledger.
    pub fn location_id(&self, code: &str) -> Result<Option<i64>> {
        super::desk::location_id(&self.tx, code)
    }

    /// What is at one location now, inside this change.
    pub fn level(&self, variant_id: i64, location_id: i64) -> Result<Level> {
        Ok(self.known_level(variant_id, location_id)?.unwrap_or_default())
    }

    /// The same; `None` where nothing was ever counted or moved.
    pub fn known_level(&self, variant_id: i64, location_id: i64) -> Result<Option<Level>> {
        self.write_first_counts()?;
        let mut read = self.tx.prepare_cached(LEVEL).map_err(fault)?;
        read_level(&mut read, variant_id, location_id)
    }

    /// Adds or changes a location, by its code.
    pub fn put_location(&self, location: &Location) -> Result<Put> {
        let address = Value::from(location.address.clone()).to_string();
        let values = params![
            location.code,
            location.name,
            location.kind,
            location.fulfills_online,
            address,
            self.peek_revision()?
        ];
        let found: Option<(i64, bool)> = self
            .tx
            .query_row("SELECT id, fulfills_online FROM location WHERE code = ?1", [&location.code], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })
            .optional()
            .map_err(fault)?;
        let Some((id, fulfilled_online)) = found else {
            self.revision()?;
            self.tx
                .execute(
                    "INSERT INTO location (code, name, kind, fulfills_online, address, revision)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    values,
                )
                .map_err(fault)?;
            return Ok(Put::New);
        };
        let changed = self
            .tx
            .execute(
                "UPDATE location SET name = ?2, kind = ?3, fulfills_online = ?4, address = ?5, revision = ?6
                 WHERE code = ?1
                   AND (name IS NOT ?2 OR kind IS NOT ?3 OR fulfills_online IS NOT ?4 OR address IS NOT ?5)",
                values,
            )
            .map_err(fault)?;
        if changed == 0 {
            return Ok(Put::Same);
        }
        self.revision()?;
        if fulfilled_online != location.fulfills_online {
            // What is available online changes for everything that lies there.
            let there = all(&self.tx, "SELECT variant_id FROM stock WHERE location_id = ?1", [id], |r| r.get(0))?;
            self.unsettled.borrow_mut().extend::<Vec<i64>>(there);
        }
        Ok(Put::Changed)
    }
}

const LEVEL: &str =
    "SELECT on_hand, reserved, allocated, available FROM stock WHERE variant_id = ?1 AND location_id = ?2";

fn read_level(statement: &mut CachedStatement<'_>, variant_id: i64, location_id: i64) -> Result<Option<Level>> {
    statement
        .query_row(params![variant_id, location_id], |r| {
            Ok(Level { on_hand: r.get(0)?, reserved: r.get(1)?, allocated: r.get(2)?, available: r.get(3)? })
        })
        .optional()
        .map_err(fault)
}

impl Ledger<'_> {
    /// Writes one movement and its effect on the level.
    pub fn record(&mut self, variant_id: i64, location_id: i64, movement: Movement) -> Result<()> {
        self.change.write_first_counts()?;
        let known = read_level(&mut self.read, variant_id, location_id)?.is_some();
        self.change.unsettle(variant_id);
        self.write(variant_id, location_id, movement, known)
    }

    /// The first count of a variant of which nothing was known: it was made with what is available of it.
    pub fn count_first(&mut self, variant_id: i64, location_id: i64, on_hand: i64) -> Result<()> {
        let (cause_id, available) = (self.cause_id, on_hand.max(0));
        self.change.put_first_count(FirstCount { variant_id, location_id, cause_id, on_hand, available })
    }

    fn write(&mut self, variant_id: i64, location_id: i64, movement: Movement, known: bool) -> Result<()> {
        let (on_hand, reserved, allocated) = movement.deltas();
        self.append
            .execute(params![variant_id, location_id, self.cause_id, movement.kind(), on_hand, reserved, allocated])
            .map_err(fault)?;
        let level = params![variant_id, location_id, on_hand, reserved, allocated, self.change.revision()?];
        let statement = if known { &mut self.update } else { &mut self.insert };
        statement.execute(level).map_err(fault)?;
        Ok(())
    }

    /// Somebody counted `on_hand` units. What orders hold of them stays held: a count never erases a reservation.
    pub fn count(&mut self, variant_id: i64, location_id: i64, on_hand: i64) -> Result<Put> {
        if self.change.awaits_first_count(variant_id, location_id) {
            self.change.write_first_counts()?;
        }
        let known = read_level(&mut self.read, variant_id, location_id)?.map(|level| level.on_hand);
        self.count_known(variant_id, location_id, known, on_hand)
    }

    /// The same where `known` units were on hand before.
    pub fn count_known(&mut self, variant_id: i64, location_id: i64, known: Option<i64>, on_hand: i64) -> Result<Put> {
        let difference = on_hand.saturating_sub(known.unwrap_or(0));
        if known.is_some() && difference == 0 {
            return Ok(Put::Same);
        }
        if known.is_none() && self.change.awaits_first_count(variant_id, location_id) {
            return self.count(variant_id, location_id, on_hand);
        }
        self.change.unsettle(variant_id);
        if known.is_some() {
            self.write(variant_id, location_id, Movement::Counted(difference), true)?;
            return Ok(Put::Changed);
        }
        let (cause_id, available) = (self.cause_id, on_hand.saturating_sub(self.safety_of(variant_id)?).max(0));
        self.change.put_first_count(FirstCount { variant_id, location_id, cause_id, on_hand, available })?;
        Ok(Put::New)
    }

    fn safety_of(&mut self, variant_id: i64) -> Result<i64> {
        if let Some((_, safety)) = self.last_safety.filter(|(last, _)| *last == variant_id) {
            return Ok(safety);
        }
        let safety = self.safety.query_row([variant_id], |r| r.get(0)).map_err(fault)?;
        self.last_safety = Some((variant_id, safety));
        Ok(safety)
    }
}

impl Change<'_> {
    /// Says that the levels of a variant are about to change.
    pub(super) fn unsettle(&self, variant_id: i64) {
        let mut unsettled = self.unsettled.borrow_mut();
        if unsettled.last() != Some(&variant_id) {
            unsettled.push(variant_id);
        }
    }

    /// Brings `variant.available` up to date for everything whose stock this change touched.
    pub(super) fn settle(&self, revision: i64) -> Result<()> {
        let mut variants = self.unsettled.take();
        if variants.is_empty() {
            return Ok(());
        }
        variants.sort_unstable();
        variants.dedup();
        let everywhere = "SELECT ifnull(sum(available), 0) FROM stock WHERE variant_id = ?1";
        let online = "SELECT ifnull(sum(s.available), 0) FROM stock s JOIN location l ON l.id = s.location_id
                      WHERE s.variant_id = ?1 AND l.fulfills_online = 1 AND l.active = 1";
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM location WHERE fulfills_online = 0 OR active = 0)";
        let is_everywhere: bool = self.tx.query_row(sql, [], |r| r.get(0)).map_err(fault)?;
        let prepare = |sql: &str| self.tx.prepare_cached(sql).map_err(fault);
        let mut sum = prepare(if is_everywhere { everywhere } else { online })?;
        let mut update = prepare("UPDATE variant SET available = ?2, revision = ?3 WHERE id = ?1 AND available <> ?2")?;
        for id in variants {
            let available: i64 = sum.query_row([id], |r| r.get(0)).map_err(fault)?;
            update.execute([id, available, revision]).map_err(fault)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Writer};
    use std::time::Duration;

    fn at() -> jiff::Timestamp {
        "2026-11-25T10:00:00Z".parse().unwrap()
    }

    fn location(code: &str, fulfills_online: bool) -> Location {
        Location { code: code.into(), name: code.into(), kind: "store".into(), fulfills_online, address: Map::new() }
    }

    /// One variant (id 1), two locations (ids 1 and 2), of which the second serves only who walks in.
    fn shop(dir: &std::path::Path) -> Writer {
        let catalog = Catalog::of_shop(dir);
        catalog.create(at()).unwrap();
        let mut writer = catalog.write("purvey test", at(), Duration::ZERO).unwrap();
        let change = writer.change(at()).unwrap();
        change
            .tx
            .execute_batch(
                "INSERT INTO product (id, item_group_id, title, revision) VALUES (1, 'mug', 'Mug', 1);
                 INSERT INTO variant (id, product_id, sku, sku_key, safety, revision) VALUES (1, 1, 'MUG', 'mug', 1, 1);",
            )
            .unwrap();
        assert_eq!(change.put_location(&location("BER-01", true)).unwrap(), Put::New);
        assert_eq!(change.put_location(&location("HAM-01", false)).unwrap(), Put::New);
        change.commit().unwrap();
        writer
    }

    fn available(writer: &Writer) -> i64 {
        writer.reader().query_row("SELECT available FROM variant", [], |r| r.get(0)).unwrap()
    }

    #[test]
    fn available_is_what_is_left_where_online_orders_are_served() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = shop(dir.path());
        let change = writer.change(at()).unwrap();
        let mut ledger = change.ledger("import 1").unwrap().unwrap();
        assert_eq!(ledger.count(1, 1, 10).unwrap(), Put::New);
        assert_eq!(ledger.count(1, 2, 5).unwrap(), Put::New);
        assert_eq!(ledger.count(1, 1, 10).unwrap(), Put::Same);
        drop(ledger);
        change.commit().unwrap();
        assert_eq!(available(&writer), 9); // 10 less 1 of safety stock; the 5 are for who walks in

        let change = writer.change(at()).unwrap();
        assert_eq!(change.put_location(&location("HAM-01", true)).unwrap(), Put::Changed);
        change.commit().unwrap();
        assert_eq!(available(&writer), 13);
    }

    #[test]
    fn a_count_leaves_what_orders_hold() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = shop(dir.path());
        let change = writer.change(at()).unwrap();
        change.ledger("import 1").unwrap().unwrap().count(1, 1, 10).unwrap();
        change.ledger("reserve m/1/1").unwrap().unwrap().record(1, 1, Movement::Reserved(4)).unwrap();
        let allocated = Movement::Allocated { quantity: 4, from_reserved: 4 };
        change.ledger("allocate m/1/1").unwrap().unwrap().record(1, 1, allocated).unwrap();
        change.ledger("import 2").unwrap().unwrap().count(1, 1, 7).unwrap();
        assert_eq!(change.level(1, 1).unwrap(), Level { on_hand: 7, reserved: 0, allocated: 4, available: 2 });
        change.commit().unwrap();
        assert_eq!(available(&writer), 2);
    }

    #[test]
    fn a_cause_happens_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = shop(dir.path());
        let change = writer.change(at()).unwrap();
        change.ledger("ship m/1/1").unwrap().unwrap().record(1, 1, Movement::Received(3)).unwrap();
        assert!(change.ledger("ship m/1/1").unwrap().is_none());
        change.commit().unwrap();
        let change = writer.change(at()).unwrap();
        assert!(change.ledger("ship m/1/1").unwrap().is_none());
    }
}
