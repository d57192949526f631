//! The cases that went wrong elsewhere, each by its name. They share the shop of the model, with nothing at random.
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use purvey::catalog::{Catalog, Change, Deed, OrderDetail, ShipRequest, Terms, Writer};
use purvey::order::{Fulfillment, Line, Order, State};
use purvey::value::{Currency, TrackingNumber};

use crate::shop::{CHANNEL, folder, furnish, ids};

struct Bench {
    writer: Writer,
    catalog: Catalog,
    now: Timestamp,
    serial: usize,
    _dir: tempfile::TempDir,
}

impl Bench {
    /// A shop with so many of the first SKU in its warehouse.
    fn with(on_hand: i64) -> Bench {
        let dir = folder();
        let now: Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
        let catalog = Catalog::of_shop(dir.path());
        catalog.create(now).unwrap();
        let mut writer = catalog.write("named", now, Duration::ZERO).unwrap();
        furnish(&mut writer, now);
        let mut bench = Bench { writer, catalog, now, serial: 0, _dir: dir };
        bench.count(on_hand);
        bench
    }

    fn change<T>(&mut self, deed: impl FnOnce(&Change<'_>) -> T) -> T {
        self.now += jiff::SignedDuration::from_mins(1);
        let change = self.writer.change(self.now).unwrap();
        let result = deed(&change);
        change.commit().unwrap();
        result
    }

    fn count(&mut self, on_hand: i64) {
        self.serial += 1;
        let cause = format!("count {}", self.serial);
        self.change(|c| {
            let (variant, location) = ids(c, 0, 0);
            c.ledger(&cause).unwrap().unwrap().count(variant, location, on_hand).unwrap();
        });
    }

    /// Codes of what was found.
    fn pull(&mut self, orders: &[Order]) -> Vec<String> {
        let applied = self.change(|c| c.put_orders(CHANNEL, orders, &Terms::default()).unwrap());
        applied.findings.into_iter().map(|f| f.code).collect()
    }

    fn order(&self, id: &str) -> OrderDetail {
        self.writer.order(CHANNEL, id).unwrap().unwrap()
    }

    /// On hand, reserved, allocated, available of the first SKU in the warehouse.
    fn level(&mut self) -> [i64; 4] {
        self.change(|c| {
            let (variant, location) = ids(c, 0, 0);
            let level = c.level(variant, location).unwrap();
            [level.on_hand, level.reserved, level.allocated, level.available]
        })
    }

    fn ship(&mut self, id: &str, number: &str) -> Result<bool, &'static str> {
        let number = TrackingNumber::parse(number).unwrap();
        let now = self.now;
        self.change(|c| c.ship(&request(id, &number, now)).map(|receipt| receipt.again).map_err(|e| e.code))
    }

    fn cancel(&mut self, id: &str) -> Result<Deed, &'static str> {
        self.change(|c| c.cancel_order(CHANNEL, id, None, "none left", true).map_err(|e| e.code))
    }

    /// Every table but `run`, as text.
    fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let conn = self.writer.reader();
        let mut tables = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'run'").unwrap();
        let tables: Vec<String> = tables.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
        let dump = |table: &String| {
            let mut rows = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = rows.column_count();
            let row = |r: &rusqlite::Row<'_>| {
                let values = (0..columns).map(|i| format!("{:?}", r.get_ref(i).unwrap()));
                Ok(values.collect::<Vec<_>>().join(" "))
            };
            rows.query_map([], row).unwrap().map(Result::unwrap).collect()
        };
        tables.iter().map(|table| (table.clone(), dump(table))).collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let errors: Vec<_> = self.catalog.read().unwrap().doctor(self.now).unwrap();
        let errors: Vec<_> = errors.iter().filter(|f| f.severity == purvey::diagnostic::Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

fn request<'a>(id: &'a str, number: &'a TrackingNumber, now: Timestamp) -> ShipRequest<'a> {
    ShipRequest {
        channel: CHANNEL,
        order_id: id,
        lines: None,
        carrier: "DHL Paket",
        tracking_number: Some(number),
        location: None,
        shipped_at: now,
        package_number: None,
        tell: true,
    }
}

/// An order of the first SKU: one line for each quantity; told at `minute`.
fn order(id: &str, state: State, minute: i64, quantities: &[i64]) -> Order {
    let start: Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
    let line = |(n, quantity): (usize, &i64)| Line {
        channel_line_id: n.to_string(),
        channel_sku: Some(crate::oracle::SKUS[0].to_owned()),
        gtin: None,
        listing_id: None,
        title: "Tea".to_owned(),
        quantity: *quantity,
        canceled: 0,
        shipped: 0,
        price_minor: 500,
        tax_minor: 0,
    };
    Order {
        channel_order_id: id.to_owned(),
        state: Some(state),
        channel_state: format!("{state:?}"),
        fulfillment: Fulfillment::Parcel,
        pickup_point: None,
        currency: Currency::parse("EUR").unwrap(),
        total_minor: 500,
        shipping_minor: 0,
        placed_at: start,
        updated_at: start + jiff::SignedDuration::from_mins(minute),
        acknowledge_by: None,
        refunds: Vec::new(),
        lines: quantities.iter().enumerate().map(line).collect(),
        buyer: None,
    }
}

#[test]
fn the_same_sku_on_two_lines_is_held_once_for_each_and_never_oversold_in_silence() {
    let mut shop = Bench::with(3);
    assert_eq!(shop.pull(&[order("1", State::Ready, 1, &[2, 2])]), ["order/short"]);
    assert_eq!(shop.level(), [3, 0, 3, 0]);
    assert_eq!(shop.order("1").line_items.iter().map(|l| l.short).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(shop.ship("1", "A1"), Ok(false));
    assert_eq!(shop.level(), [-1, 0, 0, 0], "four left, though three were counted: the next count mends it");
}

#[test]
fn of_two_orders_on_one_page_for_the_last_unit_the_second_is_short_until_stock_comes() {
    let mut shop = Bench::with(1);
    let page = [order("1", State::Ready, 1, &[1]), order("2", State::Ready, 1, &[1])];
    assert_eq!(shop.pull(&page), ["order/short"]);
    assert_eq!((shop.order("1").summary.short, shop.order("2").summary.short), (0, 1));
    shop.count(5);
    shop.change(|c| c.revisit_orders().unwrap());
    assert_eq!(shop.order("2").summary.short, 0);
    assert_eq!(shop.level(), [5, 0, 2, 3]);
}

#[test]
fn a_count_between_reserve_and_ship_erases_no_reservation() {
    let mut shop = Bench::with(5);
    shop.pull(&[order("1", State::AwaitingPayment, 1, &[2])]);
    assert_eq!(shop.level(), [5, 2, 0, 3]);
    shop.count(4);
    assert_eq!(shop.level(), [4, 2, 0, 2]);
    shop.pull(&[order("1", State::Ready, 2, &[2])]);
    assert_eq!(shop.level(), [4, 0, 2, 2]);
    assert_eq!(shop.ship("1", "A1"), Ok(false));
    assert_eq!(shop.level(), [2, 0, 0, 2]);
}

#[test]
fn an_unpaid_order_holds_for_a_week_and_no_longer() {
    let mut shop = Bench::with(5);
    shop.pull(&[order("1", State::AwaitingPayment, 1, &[2])]);
    shop.now += jiff::SignedDuration::from_hours(8 * 24);
    shop.change(|c| c.revisit_orders().unwrap());
    assert_eq!(shop.level(), [5, 0, 0, 5]);
    shop.pull(&[order("1", State::AwaitingPayment, 2, &[2])]);
    assert_eq!(shop.level(), [5, 0, 0, 5], "telling it again does not reserve it again");
    shop.pull(&[order("1", State::Ready, 3, &[2])]);
    assert_eq!(shop.level(), [5, 0, 2, 3]);
}

#[test]
fn a_cancel_before_the_import_holds_nothing() {
    let mut shop = Bench::with(5);
    shop.pull(&[order("1", State::Canceled, 1, &[2])]);
    shop.pull(&[order("1", State::Ready, 0, &[2])]);
    assert_eq!(shop.level(), [5, 0, 0, 5]);
    assert_eq!(shop.order("1").summary.state, State::Canceled);
    assert_eq!(shop.ship("1", "A1"), Err("order/canceled"));
}

#[test]
fn canceling_twice_releases_once_whoever_does_it() {
    let mut shop = Bench::with(5);
    shop.pull(&[order("1", State::Ready, 1, &[2]), order("2", State::Ready, 1, &[1])]);
    assert_eq!(shop.cancel("1"), Ok(Deed::Done));
    assert_eq!(shop.cancel("1"), Ok(Deed::Again));
    assert_eq!(shop.level(), [5, 0, 1, 4]);
    shop.pull(&[order("1", State::Canceled, 2, &[2])]);
    shop.pull(&[order("1", State::Canceled, 3, &[2])]);
    assert_eq!(shop.level(), [5, 0, 1, 4]);
    assert_eq!(shop.order("1").outbox.len(), 1);
}

#[test]
fn a_cancel_after_the_parcel_left_gives_nothing_back_and_is_said_once() {
    let mut shop = Bench::with(5);
    shop.pull(&[order("1", State::Ready, 1, &[2])]);
    assert_eq!(shop.ship("1", "A1"), Ok(false));
    assert_eq!(shop.pull(&[order("1", State::Canceled, 2, &[2])]), ["order/canceled-after-shipping"]);
    assert_eq!(shop.pull(&[order("1", State::Canceled, 3, &[2])]), Vec::<String>::new());
    assert_eq!(shop.level(), [3, 0, 0, 3]);
    assert_eq!(shop.order("1").line_items[0].canceled_late, 2);
    assert_eq!(shop.cancel("1"), Ok(Deed::Again));
}

#[test]
fn one_package_never_gets_two_numbers_and_one_number_twice_is_one_parcel() {
    let mut shop = Bench::with(5);
    shop.pull(&[order("1", State::Ready, 1, &[1, 1])]);
    let first = TrackingNumber::parse("A1").unwrap();
    let lines = [("0".to_owned(), 1)];
    let now = shop.now;
    let one = ShipRequest { lines: Some(&lines), ..request("1", &first, now) };
    assert!(!shop.change(|c| c.ship(&one)).unwrap().again);
    assert!(shop.change(|c| c.ship(&one)).unwrap().again);
    let other = TrackingNumber::parse("A2").unwrap();
    let again = ShipRequest { tracking_number: Some(&other), package_number: Some(1), ..one.clone() };
    assert_eq!(shop.change(|c| c.ship(&again)).unwrap_err().code, "ship/two-numbers");
    let same_units = ShipRequest { tracking_number: Some(&other), ..one.clone() };
    assert_eq!(shop.change(|c| c.ship(&same_units)).unwrap_err().code, "order/more-than-open");
    let rest = [("1".to_owned(), 1)];
    let on_first = ShipRequest { lines: Some(&rest), ..one };
    assert_eq!(shop.change(|c| c.ship(&on_first)).unwrap_err().code, "ship/number-used");
    assert_eq!(shop.ship("1", "A2"), Ok(false));
    assert_eq!(shop.ship("1", "A3"), Err("order/nothing-open"));
    let order = shop.order("1");
    assert_eq!(order.summary.state, State::Shipped);
    assert_eq!(
        order.parcels.iter().map(|p| (p.package_number, p.carrier.as_str())).collect::<Vec<_>>(),
        [(1, "dhl"), (2, "dhl")]
    );
    assert_eq!(order.outbox.iter().map(|o| o.key.as_str()).collect::<Vec<_>>(), ["ship 1/1", "ship 1/2"]);
}

#[test]
fn a_page_told_again_changes_not_one_byte() {
    let mut shop = Bench::with(3);
    let mut stranger = order("3", State::AwaitingAcceptance, 2, &[1]);
    stranger.lines[0].channel_sku = Some("tea 1".to_owned());
    stranger.buyer = Some(purvey::order::Buyer { name: "Ada".to_owned(), ..Default::default() });
    let mut nowhere = order("4", State::Ready, 2, &[1]);
    nowhere.fulfillment = Fulfillment::Pickup;
    nowhere.pickup_point = Some("NOWHERE".to_owned());
    let page = [
        order("1", State::Ready, 1, &[2, 2]),
        order("2", State::AwaitingPayment, 1, &[1]),
        stranger,
        nowhere,
        order("5", State::Shipped, 2, &[1]),
    ];
    let said = shop.pull(&page);
    assert_eq!(
        said,
        ["order/short", "order/short", "order/unmatched-line", "order/short", "order/unknown-pickup-point"]
    );
    shop.ship("1", "A1").unwrap();
    let before = shop.dump();
    assert!(before["movement"].len() > 3 && before["customer"].len() == 1);
    for _ in 0..3 {
        assert_eq!(shop.pull(&page), Vec::<String>::new());
    }
    assert_eq!(shop.dump(), before);
}

#[test]
fn every_order_of_six_updates_ends_the_same() {
    let mut updates = vec![
        order("1", State::AwaitingPayment, 1, &[3, 1]),
        order("1", State::Ready, 2, &[3, 1]),
        order("1", State::Ready, 3, &[3, 2]),
        order("1", State::PartlyShipped, 4, &[3, 2]),
        order("1", State::PartlyShipped, 5, &[3, 2]),
        order("1", State::Shipped, 6, &[3, 2]),
    ];
    for update in &mut updates[3..] {
        update.lines[0].shipped = 1;
    }
    for update in &mut updates[4..] {
        update.lines[1].canceled = 1;
    }
    let mut ends = std::collections::HashSet::new();
    let mut shop = Bench::with(5_000);
    let start = shop.level();
    for n in 0..720 {
        let mut left: Vec<Order> = updates.clone();
        let mut rest = n;
        while !left.is_empty() {
            let mut told = left.remove(rest % left.len());
            rest /= left.len() + 1;
            told.channel_order_id = n.to_string();
            shop.pull(&[told]);
        }
        let order = shop.order(&n.to_string());
        let lines: Vec<_> =
            order.line_items.iter().map(|l| (l.quantity, l.canceled, l.shipped, l.short, l.holds.len())).collect();
        ends.insert((order.summary.state, lines));
    }
    assert_eq!(ends, [(State::Shipped, vec![(3, 0, 3, 0, 0), (2, 1, 1, 0, 0)])].into());
    assert_eq!(start[0] - shop.level()[0], 720 * 4);
}

#[test]
fn an_order_first_seen_long_after_it_left_does_not_touch_a_later_count() {
    let mut shop = Bench::with(5);
    shop.pull(&[order("1", State::Delivered, -9_999, &[2])]);
    assert_eq!(shop.level(), [5, 0, 0, 5], "the count of today knows what left last week");
    shop.pull(&[order("2", State::Shipped, 60, &[2])]);
    assert_eq!(shop.level(), [3, 0, 0, 3]);
}
