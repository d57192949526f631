//! One shop with its catalog and its model, and the deeds that may happen to both.
use std::time::Duration;

use jiff::Timestamp;
use purvey::catalog::{
    Carried, Catalog, Change, Deed, Item, ItemGroup, Location, Movement, ReturnRequest, ShipRequest, Status, Terms,
    VariantField, Writer,
};
use purvey::diagnostic::{Error, Severity};
use purvey::order::Order;
use purvey::value::{Sku, TrackingNumber};

use crate::market::{Dice, Market};
use crate::oracle::{Oracle, OracleOrder, PLACES, SKUS, UNTRACKED};

pub const CHANNEL: &str = "m";

pub struct Shop {
    catalog: Catalog,
    pub writer: Option<Writer>,
    oracle: Oracle,
    market: Market,
    now: Timestamp,
    serial: usize,
    /// The order the last deed was about.
    touched: Vec<String>,
    _dir: tempfile::TempDir,
}

/// A place where `fsync` costs nothing, if the system has one: what is tested here is not the disk.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub fn sku(n: usize) -> Sku {
    Sku::parse(SKUS[n]).unwrap()
}

impl Shop {
    pub fn open() -> Shop {
        let dir = folder();
        let now: Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
        let catalog = Catalog::of_shop(dir.path());
        catalog.create(now).unwrap();
        let mut writer = catalog.write("model", now, Duration::ZERO).unwrap();
        furnish(&mut writer, now);
        Shop {
            catalog,
            writer: Some(writer),
            oracle: Oracle { now: now.as_second(), ..Oracle::default() },
            market: Market { history: Vec::new() },
            now,
            serial: 0,
            touched: Vec::new(),
            _dir: dir,
        }
    }

    pub fn reopen(&mut self, wait: Duration) {
        self.writer = None;
        self.writer = Some(self.catalog.write("model", self.now, wait).unwrap());
    }

    /// Something happens. One time in nine the power fails before it is committed.
    pub fn act(&mut self, dice: &mut Dice) -> String {
        let minutes = if dice.one_in(60) { 60 * 24 * 3 } else { 1 };
        self.now += jiff::SignedDuration::from_mins(minutes);
        self.serial += 1;
        self.oracle.now = self.now.as_second();
        self.touched.clear();
        let crash = dice.one_in(9);
        let before = crash.then(|| self.oracle.clone());
        let mut writer = self.writer.take().unwrap();
        let change = writer.change(self.now).unwrap();
        let deed = match dice.roll(20) {
            0..5 => {
                self.market.evolve(dice, self.now);
                "the marketplace moves on".to_owned()
            }
            5..11 => self.pull(dice, &change),
            11..13 => self.ship(dice, &change),
            13 => self.cancel(dice, &change),
            14 => self.stock(dice, &change),
            15 => self.take_back(dice, &change),
            16 => self.match_line(dice, &change),
            17 => self.decide(dice, &change),
            18 => self.hand_over(dice, &change),
            _ => self.look_back(&change),
        };
        if let Some(before) = before {
            drop(change);
            self.oracle = before;
            if dice.one_in(4) {
                drop(writer);
                self.reopen(Duration::from_secs(1));
                return format!("{deed}, and the power fails");
            }
        } else {
            change.commit().unwrap();
        }
        self.writer = Some(writer);
        deed
    }

    fn pull(&mut self, dice: &mut Dice, change: &Change<'_>) -> String {
        let page = self.market.page(dice);
        change.put_orders(CHANNEL, &page, &Terms::default()).unwrap();
        for order in &page {
            self.oracle.hear(order);
            self.touched.push(order.channel_order_id.clone());
        }
        let told: Vec<String> = page.iter().map(tell).collect();
        format!("pull {}", told.join("; "))
    }

    fn known(&mut self, dice: &mut Dice) -> Option<(String, OracleOrder)> {
        let newest = self.oracle.orders.len().saturating_sub(1 + dice.roll(10));
        let skip = if dice.one_in(3) { dice.roll(self.oracle.orders.len()) } else { newest };
        let (id, order) = self.oracle.orders.iter().nth(skip)?;
        self.touched.push(id.clone());
        Some((id.clone(), order.clone()))
    }

    /// Some lines with some units, or (`None`) everything.
    fn some_lines(dice: &mut Dice, order: &OracleOrder) -> Option<Vec<(String, i64)>> {
        if dice.one_in(2) {
            return None;
        }
        let mut lines: Vec<(String, i64)> = Vec::new();
        for line in &order.lines {
            if dice.one_in(2) {
                lines.push((line.id.clone(), 1 + dice.roll(line.open().max(1)) as i64));
            }
        }
        if dice.one_in(30) {
            lines.push(("no such line".to_owned(), 1));
        }
        Some(lines)
    }

    fn ship(&mut self, dice: &mut Dice, change: &Change<'_>) -> String {
        let Some((id, order)) = self.known(dice) else { return "nothing to ship".to_owned() };
        let lines = Self::some_lines(dice, &order);
        let number = match order.parcels.last() {
            Some((known, _)) if dice.one_in(4) => known.clone(),
            _ => format!("TRACK{}", self.serial),
        };
        let from = Some(dice.roll(PLACES.len())).filter(|_| dice.one_in(3));
        let tracking_number = TrackingNumber::parse(&number).unwrap();
        let request = ShipRequest {
            channel: CHANNEL,
            order_id: &id,
            lines: lines.as_deref(),
            carrier: "dhl",
            tracking_number: Some(&tracking_number),
            location: from.map(|place| PLACES[place].0),
            shipped_at: self.now,
            package_number: None,
            tell: true,
        };
        let deed = format!("ship {id} {lines:?} as {number} from {from:?}");
        let got = change.ship(&request).map(|receipt| !receipt.again);
        agree(&deed, got, self.oracle.ship(&id, lines.as_deref(), &number, from));
        deed
    }

    fn cancel(&mut self, dice: &mut Dice, change: &Change<'_>) -> String {
        let Some((id, order)) = self.known(dice) else { return "nothing to cancel".to_owned() };
        let lines = Self::some_lines(dice, &order);
        let deed = format!("cancel {id} {lines:?}");
        let got = change.cancel_order(CHANNEL, &id, lines.as_deref(), "none left", true);
        agree(&deed, got.map(|deed| deed == Deed::Done), self.oracle.cancel(&id, lines.as_deref()));
        deed
    }

    fn stock(&mut self, dice: &mut Dice, change: &Change<'_>) -> String {
        let (n, place, units) = (dice.roll(SKUS.len()), dice.roll(PLACES.len()), dice.roll(12) as i64);
        let (variant, location) = ids(change, n, place);
        let mut ledger = change.ledger(&format!("stock {}", self.serial)).unwrap().unwrap();
        if dice.one_in(2) {
            ledger.count(variant, location, units).unwrap();
            self.oracle.count_stock(n, place, units);
            return format!("count {units} {} at {}", SKUS[n], PLACES[place].0);
        }
        ledger.record(variant, location, Movement::Received(units)).unwrap();
        *self.oracle.on_hand.entry((n, place)).or_default() += units;
        format!("receive {units} {} at {}", SKUS[n], PLACES[place].0)
    }

    fn take_back(&mut self, dice: &mut Dice, change: &Change<'_>) -> String {
        let Some((id, order)) = self.known(dice) else { return "nothing to take back".to_owned() };
        let Some(line) = dice.pick(&order.lines) else { return "no line to take back".to_owned() };
        let (units, place) = (dice.roll(3), dice.roll(PLACES.len()));
        let deed = format!("take back {units} of {id}/{} at {}", line.id, PLACES[place].0);
        let got = change.record_return(&ReturnRequest {
            channel: CHANNEL,
            order_id: &id,
            line_id: &line.id,
            quantity: units as i64,
            location: PLACES[place].0,
            restock: true,
            reason: None,
            key: None,
        });
        agree(&deed, got.map(|deed| deed == Deed::Done), self.oracle.take_back(&id, &line.id, units, place));
        deed
    }

    fn match_line(&mut self, dice: &mut Dice, change: &Change<'_>) -> String {
        let Some((id, order)) = self.known(dice) else { return "nothing to match".to_owned() };
        let waiting = order.lines.iter().position(|l| l.sku.is_none());
        let n = match waiting {
            Some(n) if !dice.one_in(4) => n,
            _ if order.lines.is_empty() => return "no line to match".to_owned(),
            _ => dice.roll(order.lines.len()),
        };
        let to = dice.roll(SKUS.len());
        let deed = format!("match {id}/{} to {}", order.lines[n].id, SKUS[to]);
        let got = change.match_line(CHANNEL, &id, &order.lines[n].id, &sku(to));
        // That nothing was to be done is not told apart from what was done.
        agree(&deed, got.map(|_| true), self.oracle.match_line(&id, n, to).map(|_| true));
        deed
    }

    fn decide(&mut self, dice: &mut Dice, change: &Change<'_>) -> String {
        let Some((id, order)) = self.known(dice) else { return "nothing to decide".to_owned() };
        let refuse: Vec<String> = order.lines.iter().filter(|_| dice.one_in(3)).map(|l| l.id.clone()).collect();
        let deed = format!("accept {id} without {refuse:?}");
        let got = change.decide_order(CHANNEL, &id, &refuse);
        agree(&deed, got.map(|deed| deed == Deed::Done), self.oracle.refuse(&id, &refuse));
        deed
    }

    fn hand_over(&mut self, dice: &mut Dice, change: &Change<'_>) -> String {
        let Some((id, _)) = self.known(dice) else { return "nothing to hand over".to_owned() };
        let packed_only = dice.one_in(2);
        let deed = format!("{} {id}", if packed_only { "pack" } else { "hand over" });
        let got = if packed_only {
            change.ready_for_pickup(CHANNEL, &id, true)
        } else {
            change.picked_up(CHANNEL, &id, true).map(|(deed, _)| deed)
        };
        agree(&deed, got.map(|deed| deed == Deed::Done), self.oracle.hand_over(&id, packed_only));
        deed
    }

    fn look_back(&mut self, change: &Change<'_>) -> String {
        change.revisit_orders().unwrap();
        let mut by_age: Vec<(i64, usize, String)> = Vec::new();
        for (n, told) in self.market.history.iter().enumerate() {
            by_age.push((told[0].placed_at.as_second(), n, told[0].channel_order_id.clone()));
        }
        by_age.sort();
        let by_age: Vec<String> = by_age.into_iter().map(|(_, _, id)| id).collect();
        self.touched = self.oracle.look_back(&by_age);
        "look back".to_owned()
    }

    /// Levels of everything, and the orders the last deed was about.
    pub fn compare(&mut self, context: &str) {
        let writer = self.writer.as_ref().unwrap();
        let mut query = writer
            .reader()
            .prepare_cached(
                "SELECT v.sku, l.code, s.on_hand, s.reserved, s.allocated
                 FROM stock s JOIN variant v ON v.id = s.variant_id JOIN location l ON l.id = s.location_id",
            )
            .unwrap();
        let levels: Vec<(String, String, [i64; 3])> = query
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, [r.get(2)?, r.get(3)?, r.get(4)?])))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let held = self.oracle.all_held();
        for (n, sku) in SKUS.iter().enumerate() {
            for (p, (place, ..)) in PLACES.iter().enumerate() {
                let level =
                    levels.iter().find(|(s, l, _)| s == sku && l == place).map_or([0; 3], |(_, _, level)| *level);
                let on_hand = self.oracle.on_hand.get(&(n, p)).copied().unwrap_or(0);
                let [reserved, allocated] = held.get(&(n, p)).copied().unwrap_or_default();
                let expected = [on_hand, reserved, allocated];
                assert_eq!(level, expected, "{context}\n{sku} at {place}: on hand, reserved, allocated");
            }
        }
        for id in self.touched.iter().filter(|id| self.oracle.orders.contains_key(*id)) {
            self.compare_order(writer, id, context);
        }
    }

    fn compare_order(&self, writer: &Writer, id: &str, context: &str) {
        let order = writer.order(CHANNEL, id).unwrap().unwrap();
        let expected = &self.oracle.orders[id];
        assert_eq!(order.summary.state, expected.state, "{context}\n{id}");
        assert_eq!(order.line_items.len(), expected.lines.len(), "{context}\n{id}");
        for (line, expected) in order.line_items.iter().zip(&expected.lines) {
            let units = |n: usize| n as i64;
            assert_eq!(
                (&line.line_id, line.sku.as_deref(), line.quantity, line.canceled, line.shipped),
                (
                    &expected.id,
                    expected.sku.map(|n| SKUS[n]),
                    units(expected.units.len()),
                    units(expected.canceled()),
                    units(expected.gone())
                ),
                "{context}\n{id}: line, SKU, quantity, canceled, shipped"
            );
            assert_eq!(
                (line.canceled_late, line.returned, line.short),
                (units(expected.late), units(expected.returned), units(expected.short)),
                "{context}\n{id}/{}: canceled late, returned, short",
                line.line_id
            );
        }
    }

    /// Every order, and the catalog's own checker.
    pub fn compare_all(&mut self, context: &str) {
        self.touched = self.oracle.orders.keys().cloned().collect();
        self.compare(context);
        let findings = self.catalog.read().unwrap().doctor(self.now).unwrap();
        let errors: Vec<_> = findings.iter().filter(|f| f.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{context}\n{errors:?}");
    }
}

fn agree(deed: &str, got: Result<bool, Error>, expected: Result<bool, &'static str>) {
    assert_eq!(got.map_err(|e| e.code), expected, "{deed}");
}

fn tell(order: &Order) -> String {
    let lines: Vec<String> = order
        .lines
        .iter()
        .map(|l| {
            let sku = l.channel_sku.as_deref().unwrap_or("?");
            format!("{}:{sku} {}-{}-{}", l.channel_line_id, l.quantity, l.canceled, l.shipped)
        })
        .collect();
    format!(
        "{} {:?} {:?} {} at {}",
        order.channel_order_id,
        order.state,
        order.fulfillment,
        lines.join(" "),
        order.updated_at
    )
}

pub fn ids(change: &Change<'_>, sku: usize, place: usize) -> (i64, i64) {
    (change.variant_id(SKUS[sku]).unwrap().unwrap(), change.location_id(PLACES[place].0).unwrap().unwrap())
}

/// Places and products.
pub fn furnish(writer: &mut Writer, now: Timestamp) {
    let change = writer.change(now).unwrap();
    for (code, kind, fulfills_online) in PLACES {
        let location = Location {
            code: code.to_owned(),
            name: code.to_owned(),
            kind: kind.to_owned(),
            fulfills_online,
            address: serde_json::Map::new(),
        };
        change.put_location(&location).unwrap();
    }
    let carried = Carried { product: vec![], variant: vec![VariantField::Tracked, VariantField::SellsWhenOut] };
    let mut products = change.products("model", &carried).unwrap();
    let group = ItemGroup { item_group_id: "g".to_owned(), title: "Things".to_owned(), ..ItemGroup::default() };
    let (product, _) = products.put(&group, None).unwrap();
    for n in 0..SKUS.len() {
        products.put_item(product, &item(n), None, 0).unwrap();
    }
    drop(products);
    change.commit().unwrap();
}

fn item(n: usize) -> Item {
    Item {
        sku: sku(n),
        gtin: None,
        mpn: None,
        options: vec![],
        image: None,
        price_minor: None,
        sale_price_minor: None,
        sale_from: None,
        sale_to: None,
        currency: None,
        cost_minor: None,
        weight_g: None,
        tracked: n != UNTRACKED,
        sells_when_out: n == SKUS.len() - 1,
        availability_date: None,
        attributes: serde_json::Map::new(),
        status: Status::Active,
    }
}
