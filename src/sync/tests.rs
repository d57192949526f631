//! A whole run against a marketplace that loses answers, refuses, lies about its pages, and remembers everything.
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::catalog::testing::{at, order, shop_with};
use crate::catalog::{Catalog, Deed, EffectState, RefundReceipt, RefundRequest, ShipRequest, Writer};
use crate::diagnostic::Result;
use crate::market::{
    Acknowledge, Cancellation, Capabilities, Decision, Granularity, ItemResult, OfferUpdate, OrderPage, Parcel, Polled,
    PullFrom, Receipt, Request, Response, Secret, Submitted, Unreadable, Verdict,
};
use crate::order::{Order, Refund, Refunded, State};
use crate::value::{Sku, TrackingNumber};

/// What a call meets.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Well,
    /// Done, and the answer lost.
    LostAfter,
    /// Not done, and nobody knows.
    LostBefore,
    Refused,
    Unavailable,
    BadKey,
}

#[derive(Default)]
struct Fake {
    orders: Mutex<Vec<Order>>,
    unreadable: Mutex<Vec<String>>,
    parcels: Mutex<Vec<Parcel>>,
    stock: Mutex<HashMap<String, i64>>,
    /// What the next calls meet, the last first.
    fates: Mutex<Vec<Fate>>,
    calls: Mutex<Vec<String>>,
    repeats_pages: bool,
    as_jobs: bool,
    job_done: AtomicBool,
}

impl Fake {
    fn call(&self, name: String, work: impl FnOnce()) -> Result<Receipt> {
        let fate = self.fates.lock().unwrap().pop().unwrap_or(Fate::Well);
        self.calls.lock().unwrap().push(name);
        if matches!(fate, Fate::Well | Fate::LostAfter) {
            work();
        }
        match fate {
            Fate::Well => Ok(Receipt::Done),
            Fate::LostAfter | Fate::LostBefore => {
                Err(Error::new(Kind::Unavailable, "market/outcome-unknown", "the answer was lost"))
            }
            Fate::Refused => Err(Error::new(Kind::Rejected, "market/rejected", "not like this")),
            Fate::Unavailable => Err(Error::new(Kind::Unavailable, "market/unavailable", "come back later")),
            Fate::BadKey => Err(Error::new(Kind::Credentials, "market/credentials", "who are you?")),
        }
    }

    fn will(&self, fates: &[Fate]) {
        self.fates.lock().unwrap().extend(fates.iter().rev());
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn find(&self, id: &str) -> Option<Order> {
        self.orders.lock().unwrap().iter().find(|o| o.channel_order_id == id).cloned()
    }

    fn alter(&self, id: &str, alter: impl FnOnce(&mut Order)) {
        if let Some(order) = self.orders.lock().unwrap().iter_mut().find(|o| o.channel_order_id == id) {
            order.updated_at += jiff::SignedDuration::from_mins(1);
            alter(order);
        }
    }
}

const PAGE: usize = 2;

impl Connector for Fake {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: Duration::from_secs(60),
            settle: Duration::from_secs(10),
            shipments: Granularity::Quantity,
            several_parcels: true,
            acknowledge: Acknowledge::Mandatory,
            pickup: false,
            cancel: true,
            batch_max: 10,
            stock_per_location: false,
            limits: &[],
        }
    }

    fn authorize(&self, _: &mut Request, _: &Secret, _: Timestamp) -> Result<()> {
        Ok(())
    }

    /// The cursor is how many orders were read.
    fn pull(&self, _: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        self.call("pull".into(), || ())?;
        let start: usize = from.cursor.as_deref().and_then(|c| c.parse().ok()).unwrap_or(0);
        let orders = self.orders.lock().unwrap();
        let start = if self.repeats_pages { 0 } else { start.min(orders.len()) };
        let end = (start + PAGE).min(orders.len());
        let hidden = self.unreadable.lock().unwrap();
        let (unreadable, readable): (Vec<_>, Vec<_>) =
            orders[start..end].iter().cloned().partition(|o| hidden.contains(&o.channel_order_id));
        let unreadable =
            unreadable.into_iter().map(|o| Unreadable { order_id: Some(o.channel_order_id), why: "odd".into() });
        let more = self.repeats_pages || end < orders.len();
        Ok(OrderPage { orders: readable, unreadable: unreadable.collect(), next: Some(end.to_string()), more })
    }

    fn order(&self, _: &dyn Port, id: &str) -> Result<Option<Order>> {
        self.call(format!("order {id}"), || ())?;
        if self.unreadable.lock().unwrap().iter().any(|hidden| hidden == id) {
            return Err(Error::input("market/unreadable", "odd"));
        }
        Ok(self.find(id))
    }

    fn acknowledge(&self, _: &dyn Port, decision: &Decision) -> Result<Receipt> {
        self.call(format!("acknowledge {}", decision.order_id), || {
            self.alter(&decision.order_id, |o| o.state = Some(State::Ready));
        })
    }

    fn parcels(&self, _: &dyn Port, id: &str) -> Result<Vec<Parcel>> {
        self.call(format!("parcels {id}"), || ())?;
        Ok(self.parcels.lock().unwrap().iter().filter(|p| p.order_id == id).cloned().collect())
    }

    fn ship(&self, _: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let body = serde_json::to_string(parcel).unwrap();
        self.call(format!("ship {body}"), || self.parcels.lock().unwrap().push(parcel.clone()))
    }

    fn cancel(&self, _: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        self.call(format!("cancel {}", cancellation.order_id), || {
            self.alter(&cancellation.order_id, |order| {
                for (id, units) in &cancellation.lines {
                    for line in order.lines.iter_mut().filter(|l| l.channel_line_id == *id) {
                        line.canceled += units;
                    }
                }
            });
        })
    }

    fn refund(&self, _: &dyn Port, refund: &Refund) -> Result<Receipt> {
        self.call(format!("refund {} {}", refund.number, refund.amount_minor), || {
            self.alter(&refund.order_id, |order| {
                let id = format!("M{}", order.refunds.len() + 1);
                let (lines, amount_minor) = (refund.lines.clone(), refund.amount_minor);
                order.refunds.push(Refunded { id, amount_minor, lines, reason: None, at: None });
            });
        })
    }

    fn push(&self, _: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let told: Vec<String> = offers.iter().map(|o| format!("{}={}", o.sku, o.quantity.unwrap())).collect();
        self.call(format!("push {}", told.join(" ")), || ())?;
        if self.as_jobs {
            return Ok(Submitted { job: Some("J1".into()), results: vec![] });
        }
        Ok(Submitted { job: None, results: self.results(offers) })
    }

    fn poll(&self, _: &dyn Port, job: &str, sent: &[OfferUpdate]) -> Result<Polled> {
        self.call(format!("poll {job}"), || ())?;
        let done = self.job_done.load(Ordering::Relaxed);
        Ok(if done { Polled::Done(self.results(sent)) } else { Polled::Pending })
    }

    fn classify(&self, _: &Response) -> Verdict {
        Verdict::Ok
    }
}

impl Fake {
    fn results(&self, offers: &[OfferUpdate]) -> Vec<ItemResult> {
        let mut stock = self.stock.lock().unwrap();
        let mut take = |offer: &OfferUpdate| {
            let refused = offer.sku.starts_with("BAD").then(|| "no such offer".to_owned());
            if refused.is_none() {
                stock.insert(offer.sku.clone(), offer.quantity.unwrap());
            }
            ItemResult { sku: offer.sku.clone(), refused }
        };
        offers.iter().map(&mut take).collect()
    }
}

impl Port for Fake {
    fn send(&self, _: Request) -> Result<Response> {
        Err(Error::bug("the fake needs no network"))
    }

    fn now(&self) -> Timestamp {
        at("2026-11-25T12:00:00Z")
    }
}

struct Stage {
    catalog: Catalog,
    writer: Writer,
    now: Timestamp,
    _dir: tempfile::TempDir,
}

static GO_ON: AtomicBool = AtomicBool::new(false);

impl Stage {
    fn set(on_hand: i64) -> Stage {
        let dir = tempfile::tempdir().unwrap();
        let (catalog, writer) = shop_with(dir.path(), on_hand);
        Stage { catalog, writer, now: at("2026-11-25T12:00:00Z"), _dir: dir }
    }

    fn occasion(&mut self, dry_run: bool) -> Occasion<'static> {
        self.now += jiff::SignedDuration::from_hours(8);
        Occasion { now: self.now, dry_run, since: None, stop: &GO_ON }
    }

    fn pull(&mut self, fake: &Fake) -> Result<Pulled> {
        let occasion = self.occasion(false);
        pull(&mut self.writer, &channel("m", fake), &occasion)
    }

    fn dispatch(&mut self, fake: &Fake) -> Result<Dispatched> {
        let occasion = self.occasion(false);
        dispatch(&mut self.writer, &channel("m", fake), &occasion, &[])
    }

    fn push(&mut self, fake: &Fake) -> Pushed {
        let occasion = self.occasion(false);
        push_stock(&mut self.writer, &channel("m", fake), &occasion).unwrap()
    }

    fn ship(&mut self, id: &str, number: &str) {
        let number = TrackingNumber::parse(number).unwrap();
        let change = self.writer.change(self.now).unwrap();
        let request = ShipRequest {
            channel: "m",
            order_id: id,
            lines: None,
            carrier: "dhl",
            tracking_number: Some(&number),
            location: None,
            shipped_at: self.now,
            package_number: None,
            tell: true,
        };
        change.ship(&request).unwrap();
        change.commit().unwrap();
    }

    /// `None` for the amount: what the units cost.
    fn refund(
        &mut self,
        id: &str,
        units: i64,
        amount_minor: Option<i64>,
        number: Option<&str>,
    ) -> Result<RefundReceipt> {
        let lines = [("1".to_owned(), units)];
        let change = self.writer.change(self.now).unwrap();
        let receipt = change.refund(&RefundRequest {
            channel: "m",
            order_id: id,
            lines: if units > 0 { &lines } else { &[] },
            amount_minor,
            shipping_minor: None,
            reason: "broken",
            number,
            tell: true,
        })?;
        change.commit().unwrap();
        Ok(receipt)
    }

    fn list(&mut self, channel_sku: &str) {
        let change = self.writer.change(self.now).unwrap();
        change.put_listing("m", channel_sku, &Sku::parse("TEA-1").unwrap(), None).unwrap();
        change.commit().unwrap();
    }

    fn state(&self, id: &str) -> EffectState {
        self.writer.order("m", id).unwrap().unwrap().outbox.last().unwrap().state
    }
}

fn channel<'a>(name: &'a str, fake: &'a Fake) -> Channel<'a> {
    Channel { name, connector: fake, port: fake, policy: Policy::default() }
}

fn market(orders: &[(&str, State, i64)]) -> Fake {
    let orders = orders.iter().map(|(id, state, quantity)| order(id, *state, *quantity)).collect();
    Fake { orders: Mutex::new(orders), ..Fake::default() }
}

#[test]
fn a_pull_that_dies_goes_on_where_the_last_page_was_committed() {
    let fake = market(&[("1", State::Ready, 1), ("2", State::Ready, 1), ("3", State::Ready, 1)]);
    let mut stage = Stage::set(9);
    fake.will(&[Fate::Well, Fate::Unavailable]);
    assert_eq!(stage.pull(&fake).unwrap_err().code, "market/unavailable");
    assert_eq!(stage.writer.cursor("m", "orders").unwrap().as_deref(), Some("2"));
    let pulled = stage.pull(&fake).unwrap();
    assert_eq!((pulled.pages, pulled.applied.new), (1, 1));
    assert!(stage.writer.order("m", "3").unwrap().is_some());
}

#[test]
fn a_listing_that_never_ends_is_left_and_said_so() {
    let fake = Fake { repeats_pages: true, ..market(&[("1", State::Ready, 1)]) };
    let pulled = Stage::set(9).pull(&fake).unwrap();
    assert_eq!((pulled.pages, pulled.applied.new), (2, 1));
    assert_eq!(pulled.applied.findings.last().unwrap().code, "pull/stuck");
}

#[test]
fn an_order_nobody_can_read_is_asked_for_until_it_can_be() {
    let fake = market(&[("1", State::Ready, 1), ("2", State::Ready, 1)]);
    *fake.unreadable.lock().unwrap() = vec!["2".into()];
    let mut stage = Stage::set(9);
    assert_eq!(stage.pull(&fake).unwrap().unreadable, 1);
    assert_eq!(stage.pull(&fake).unwrap().unreadable, 1);
    fake.unreadable.lock().unwrap().clear();
    let pulled = stage.pull(&fake).unwrap();
    assert_eq!((pulled.unreadable, pulled.applied.new), (0, 1));
    fake.calls();
    stage.pull(&fake).unwrap();
    // the other was listed a day ago
    assert_eq!(fake.calls(), ["pull", "order 1"]);
}

#[test]
fn open_orders_not_heard_of_for_a_day_are_asked_for_once_a_day() {
    let fake =
        market(&[("1", State::Ready, 1), ("2", State::Ready, 1), ("3", State::Shipped, 1), ("4", State::Ready, 1)]);
    let mut stage = Stage::set(9);
    stage.pull(&fake).unwrap();
    // canceled, with no word of it in any listing, and with the stamp it had
    fake.orders.lock().unwrap()[0].state = Some(State::Canceled);
    fake.orders.lock().unwrap()[3].channel_order_id = "another".to_owned();
    fake.calls();
    stage.pull(&fake).unwrap();
    stage.pull(&fake).unwrap();
    assert_eq!(fake.calls(), ["pull", "pull"]);
    let pulled = stage.pull(&fake).unwrap();
    assert_eq!(fake.calls(), ["pull", "order 1", "order 2", "order 4"]);
    assert_eq!((pulled.looked_again, pulled.applied.changed, pulled.applied.same), (3, 1, 1));
    let codes: Vec<&str> = pulled.applied.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["order/gone"]);
    assert_eq!(stage.writer.order("m", "1").unwrap().unwrap().summary.state, State::Canceled);
    assert_eq!(stage.writer.order("m", "4").unwrap().unwrap().summary.state, State::Ready);
    stage.pull(&fake).unwrap();
    assert_eq!(fake.calls(), ["pull"]);
}

#[test]
fn an_order_that_cannot_be_looked_at_does_not_stop_the_others() {
    let fake = market(&[("1", State::Ready, 1), ("2", State::Ready, 1), ("3", State::Ready, 1)]);
    let mut stage = Stage::set(9);
    for _ in 0..3 {
        stage.pull(&fake).unwrap();
    }
    fake.calls();
    fake.will(&[Fate::Well, Fate::Refused, Fate::Unavailable]);
    let pulled = stage.pull(&fake).unwrap();
    assert_eq!(fake.calls(), ["pull", "order 1", "order 2"]);
    assert_eq!((pulled.looked_again, pulled.unreadable), (0, 1));
    let codes: Vec<&str> = pulled.applied.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["order/unreadable", "pull/look-postponed"]);
    // the refused one is asked for at every pull, the others when they can be
    stage.pull(&fake).unwrap();
    assert_eq!(fake.calls(), ["order 1", "pull", "order 2", "order 3"]);
}

#[test]
fn available_orders_are_accepted_and_the_rest_waits_for_a_person() {
    let fake = market(&[("1", State::AwaitingAcceptance, 2), ("2", State::AwaitingAcceptance, 2)]);
    let mut stage = Stage::set(3);
    let pulled = stage.pull(&fake).unwrap();
    assert_eq!(pulled.applied.accepted, 1);
    let codes: Vec<&str> = pulled.applied.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["order/short", "order/awaits-decision"]);
    fake.calls();
    assert_eq!(stage.dispatch(&fake).unwrap().sent, 1);
    assert_eq!(fake.calls(), ["acknowledge 1"]);
    let change = stage.writer.change(stage.now).unwrap();
    assert_eq!(change.decide_order("m", "2", &["1".into()]).unwrap(), Deed::Done);
    assert_eq!(change.decide_order("m", "1", &[]).unwrap(), Deed::Again);
    change.commit().unwrap();
    assert_eq!(stage.writer.order("m", "2").unwrap().unwrap().summary.state, State::Refused);
}

#[test]
fn an_acceptance_done_elsewhere_meanwhile_is_not_sent() {
    let fake = market(&[("1", State::AwaitingAcceptance, 1)]);
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    fake.alter("1", |o| o.state = Some(State::Ready));
    let change = stage.writer.change(stage.now).unwrap();
    change.put_orders("m", &[fake.find("1").unwrap()], &Terms::default()).unwrap();
    change.commit().unwrap();
    fake.calls();
    assert_eq!(stage.dispatch(&fake).unwrap().moot, 1);
    assert_eq!(fake.calls(), Vec::<String>::new());
}

#[test]
fn a_parcel_whose_answer_was_lost_is_looked_for_and_never_sent_twice() {
    let fake = market(&[("1", State::Ready, 1)]);
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    stage.ship("1", "T1");
    fake.calls();
    fake.will(&[Fate::LostAfter]);
    assert_eq!(stage.dispatch(&fake).unwrap().postponed, 1);
    assert_eq!(stage.state("1"), EffectState::Unknown);
    assert_eq!(stage.dispatch(&fake).unwrap().already, 1);
    let calls = fake.calls();
    assert!(calls[0].starts_with("ship ") && calls[1..] == ["parcels 1"], "{calls:?}");
    assert_eq!(fake.parcels.lock().unwrap().len(), 1);
}

#[test]
fn a_parcel_that_never_arrived_is_sent_again_byte_for_byte() {
    let fake = market(&[("1", State::Ready, 1)]);
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    stage.ship("1", "T1");
    fake.calls();
    fake.will(&[Fate::LostBefore]);
    stage.dispatch(&fake).unwrap();
    assert_eq!(stage.dispatch(&fake).unwrap().sent, 1);
    let calls = fake.calls();
    assert_eq!((calls.len(), &calls[1]), (3, &"parcels 1".to_owned()));
    assert_eq!(calls[0], calls[2]);
}

#[test]
fn a_run_that_died_while_sending_leaves_an_outcome_to_be_read_back() {
    let fake = market(&[("1", State::Ready, 1)]);
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    stage.ship("1", "T1");
    let row = stage.writer.due("m", stage.now, 9).unwrap().remove(0);
    stage.writer.claim(&row, stage.now).unwrap();
    fake.parcels.lock().unwrap().push(serde_json::from_str(&row.body).unwrap());
    fake.calls();
    assert_eq!(stage.dispatch(&fake).unwrap().already, 1);
    assert_eq!(fake.calls(), ["parcels 1"]);
}

#[test]
fn the_same_refusal_three_times_is_left_to_a_person_who_may_retry() {
    let fake = market(&[("1", State::Ready, 1)]);
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    stage.ship("1", "T1");
    for dead in [0, 0, 1] {
        // The refusal, and the look whether it is a success in disguise.
        fake.will(&[Fate::Refused, Fate::Well]);
        assert_eq!(stage.dispatch(&fake).unwrap().dead, dead);
    }
    fake.calls();
    assert_eq!(stage.dispatch(&fake).unwrap().sent, 0);
    assert_eq!(fake.calls(), Vec::<String>::new());
    let id = stage.writer.order("m", "1").unwrap().unwrap().outbox[0].id;
    let change = stage.writer.change(stage.now).unwrap();
    change.retry_outgoing(id).unwrap();
    change.commit().unwrap();
    assert_eq!(stage.dispatch(&fake).unwrap().sent, 1);
    assert_eq!(stage.writer.change(stage.now).unwrap().drop_outgoing(id).unwrap_err().code, "outbox/unknown");
}

#[test]
fn a_cancel_whose_answer_was_lost_is_not_repeated() {
    let fake = market(&[("1", State::Ready, 3)]);
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    for fate in [Fate::Well, Fate::LostAfter] {
        let change = stage.writer.change(stage.now).unwrap();
        change.cancel_order("m", "1", Some(&[("1".into(), 1)]), "broken", true).unwrap();
        change.commit().unwrap();
        fake.will(&[fate]);
        stage.dispatch(&fake).unwrap();
    }
    assert_eq!(stage.dispatch(&fake).unwrap().already, 1);
    assert_eq!(fake.find("1").unwrap().lines[0].canceled, 2);
}

/// Two units of 5.00, paid and gone.
fn sold() -> Fake {
    let fake = market(&[("1", State::Shipped, 2)]);
    fake.alter("1", |order| order.total_minor = 1000);
    fake
}

#[test]
fn a_refund_whose_answer_was_lost_is_looked_for_and_never_given_twice() {
    let fake = sold();
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    // one that is given, and lost on the way back; then one of the same amount that never arrived
    for (fate, already) in [(Fate::LostAfter, 1), (Fate::LostBefore, 0)] {
        stage.refund("1", 1, None, None).unwrap();
        fake.will(&[fate]);
        assert_eq!(stage.dispatch(&fake).unwrap().postponed, 1);
        let done = stage.dispatch(&fake).unwrap();
        assert_eq!((done.already, done.sent), (already, 1 - already));
    }
    let back: Vec<i64> = fake.find("1").unwrap().refunds.iter().map(|refund| refund.amount_minor).collect();
    assert_eq!(back, [500, 500]);
    let calls = fake.calls();
    assert_eq!(calls[1..], ["refund R1 500", "order 1", "refund R2 500", "order 1", "refund R2 500"]);
    // what the marketplace tells of them are the same two
    let read = fake.find("1").unwrap();
    let change = stage.writer.change(stage.now).unwrap();
    let applied = change.put_orders("m", &[read], &Terms::default()).unwrap();
    change.commit().unwrap();
    assert!(applied.findings.is_empty(), "{:?}", applied.findings);
    let refunds = stage.writer.order("m", "1").unwrap().unwrap().refunds;
    let seen: Vec<_> = refunds.iter().map(|r| (r.number.as_deref(), r.channel_refund_id.as_deref())).collect();
    assert_eq!(seen, [(Some("R1"), Some("M1")), (Some("R2"), Some("M2"))]);
}

#[test]
fn no_more_goes_back_than_was_paid_and_the_same_number_is_the_same_refund() {
    let fake = sold();
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    let code = |refused: Result<RefundReceipt>| refused.unwrap_err().code;
    assert_eq!(code(stage.refund("1", 3, None, None)), "refund/more-than-bought");
    assert_eq!(code(stage.refund("1", 0, Some(1001), None)), "refund/more-than-paid");
    let first = stage.refund("1", 1, None, Some("A")).unwrap();
    assert_eq!((first.deed, first.money.minor), (Deed::Done, 500));
    assert_eq!(stage.refund("1", 1, None, Some("A")).unwrap().deed, Deed::Again);
    assert_eq!(code(stage.refund("1", 2, None, Some("A"))), "refund/number-used");
    // a gesture for nothing in particular, then all that is left
    assert_eq!(stage.refund("1", 0, Some(120), None).unwrap().money.minor, 120);
    assert_eq!(code(stage.refund("1", 0, None, None)), "refund/amount-unclear");
    assert_eq!(stage.refund("1", 1, Some(380), None).unwrap().money.minor, 380);
    assert_eq!(code(stage.refund("1", 0, None, None)), "refund/nothing");
    // nothing of it moved stock
    let order = stage.writer.order("m", "1").unwrap().unwrap();
    assert_eq!((order.line_items[0].shipped, order.line_items[0].returned), (2, 0));
}

#[test]
fn a_refund_made_at_the_marketplace_is_kept_and_said_once() {
    let fake = sold();
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    fake.alter("1", |order| {
        let refunded =
            |id: &str, amount_minor| Refunded { id: id.into(), amount_minor, lines: vec![], reason: None, at: None };
        order.refunds = vec![refunded("M1", 250), refunded("M2", 0)];
    });
    for said in [1, 0] {
        let change = stage.writer.change(stage.now).unwrap();
        let applied = change.put_orders("m", &[fake.find("1").unwrap()], &Terms::default()).unwrap();
        change.commit().unwrap();
        assert_eq!(applied.findings.iter().filter(|f| f.code == "order/refunded").count(), said);
    }
    assert_eq!(stage.refund("1", 0, Some(751), None).unwrap_err().code, "refund/more-than-paid");
    // one of the same amount is made there while ours waits: it is none of ours, which is still to be sent
    stage.refund("1", 0, Some(250), None).unwrap();
    fake.alter("1", |order| {
        let (id, lines) = ("M3".to_owned(), vec![]);
        order.refunds.push(Refunded { id, amount_minor: 250, lines, reason: None, at: None });
    });
    let change = stage.writer.change(stage.now).unwrap();
    change.put_orders("m", &[fake.find("1").unwrap()], &Terms::default()).unwrap();
    change.commit().unwrap();
    fake.will(&[Fate::LostBefore]);
    stage.dispatch(&fake).unwrap();
    assert_eq!(stage.dispatch(&fake).unwrap().sent, 1);
}

#[test]
fn what_nobody_paid_is_not_given_back() {
    let fake = market(&[("1", State::AwaitingPayment, 1)]);
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    assert_eq!(stage.refund("1", 0, Some(100), None).unwrap_err().code, "refund/not-paid");
}

#[test]
fn an_order_canceled_before_its_parcel_was_told_stops_the_telling() {
    let fake = market(&[("1", State::Ready, 1)]);
    let mut stage = Stage::set(3);
    stage.pull(&fake).unwrap();
    stage.ship("1", "T1");
    fake.alter("1", |o| o.state = Some(State::Canceled));
    let change = stage.writer.change(stage.now).unwrap();
    change.put_orders("m", &[fake.find("1").unwrap()], &Terms::default()).unwrap();
    change.commit().unwrap();
    fake.calls();
    let done = stage.dispatch(&fake).unwrap();
    assert_eq!((done.dead, done.findings[0].code.as_str()), (1, "outbox/dead"));
    assert_eq!(fake.calls(), Vec::<String>::new());
}

#[test]
fn stock_is_told_where_it_changed_and_only_there() {
    let fake = market(&[("1", State::Ready, 2)]);
    let mut stage = Stage::set(5);
    stage.list("TEA-1");
    stage.list("BAD-1");
    let pushed = stage.push(&fake);
    assert_eq!((pushed.accepted, pushed.refused), (1, 1));
    fake.calls();
    stage.pull(&fake).unwrap();
    stage.push(&fake);
    stage.push(&fake);
    assert_eq!(fake.calls(), ["pull", "push BAD-1=3 TEA-1=3", "push BAD-1=3"]);
    assert_eq!(stage.push(&fake).refused, 0, "three equal refusals are enough");
    assert_eq!(*fake.stock.lock().unwrap(), [("TEA-1".to_owned(), 3)].into());
}

#[test]
fn a_job_outlives_its_run() {
    let fake = Fake { as_jobs: true, ..market(&[]) };
    let mut stage = Stage::set(5);
    stage.list("TEA-1");
    assert_eq!(stage.push(&fake).jobs, 1);
    assert_eq!(stage.push(&fake).jobs, 1);
    fake.job_done.store(true, Ordering::Relaxed);
    assert_eq!(stage.push(&fake).accepted, 1);
    assert_eq!(fake.calls(), ["push TEA-1=5", "poll J1", "poll J1"]);
    assert_eq!(stage.push(&fake).jobs, 0);
    assert_eq!(fake.calls(), Vec::<String>::new());
}

#[test]
fn one_dead_channel_does_not_stop_the_other() {
    let (dead, alive) = (market(&[("1", State::Ready, 1)]), market(&[("2", State::Ready, 1)]));
    let mut stage = Stage::set(5);
    dead.will(&[Fate::BadKey]);
    let occasion = stage.occasion(false);
    let summary =
        run(&mut stage.writer, &[channel("dead", &dead), channel("m", &alive)], Parts::ALL, &occasion).unwrap();
    assert_eq!(summary.channels[0].error.as_ref().unwrap().kind, Kind::Credentials);
    assert_eq!(summary.channels[1].pulled.applied.new, 1);
    assert!(summary.is_partial() && summary.channels[1].error.is_none());
}

#[test]
fn refused_credentials_leave_the_outbox_as_it_was() {
    let fake = market(&[("1", State::Ready, 1)]);
    let mut stage = Stage::set(5);
    stage.pull(&fake).unwrap();
    stage.ship("1", "T1");
    fake.will(&[Fate::BadKey]);
    assert_eq!(stage.dispatch(&fake).unwrap_err().kind, Kind::Credentials);
    let row = stage.writer.order("m", "1").unwrap().unwrap().outbox.remove(0);
    assert_eq!((row.state, row.attempts), (EffectState::Waiting, 0));
}

#[test]
fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let fake = market(&[("1", State::Ready, 2), ("2", State::AwaitingAcceptance, 1)]);
    let mut stage = Stage::set(5);
    stage.pull(&fake).unwrap();
    stage.ship("1", "T1");
    fake.alter("2", |o| o.lines[0].quantity = 2);
    fake.calls();
    let revision = stage.catalog.read().unwrap().revision().unwrap();
    let occasion = Occasion { since: Some(at("2026-11-01T00:00:00Z")), ..stage.occasion(true) };
    let summary = run(&mut stage.writer, &[channel("m", &fake)], Parts::ALL, &occasion).unwrap();
    let done = &summary.channels[0];
    assert_eq!(done.dispatched.withheld, ["acknowledge 2", "ship 1/1"]);
    assert_eq!(done.pulled.applied.changed, 1);
    assert_eq!(done.pushed.withheld.iter().map(|o| o.quantity).collect::<Vec<_>>(), [Some(2)]);
    assert_eq!(fake.calls(), ["pull"]);
    assert_eq!(stage.catalog.read().unwrap().revision().unwrap(), revision);
}

#[test]
fn every_sku_is_offered_when_the_merchant_wants_it() {
    let fake = market(&[]);
    let mut stage = Stage::set(9);
    assert_eq!(stage.push(&fake).accepted, 0);
    let all = Channel { policy: Policy { everything: true, ..Policy::default() }, ..channel("m", &fake) };
    // known by then
    for accepted in [1, 0] {
        let occasion = stage.occasion(false);
        assert_eq!(push_stock(&mut stage.writer, &all, &occasion).unwrap().accepted, accepted);
    }
}

#[test]
fn a_marketplace_is_told_its_share_and_its_price() {
    let fake = market(&[]);
    let mut stage = Stage::set(9);
    stage.list("TEA");
    let offering = Offering {
        section: "market.m".into(),
        stock: toml::from_str("percent = 50\nbuffer = 1\nlocations = ['MAIN']").unwrap(),
        price: toml::from_str("percent = 10\nround = '.99'").unwrap(),
    };
    stage.writer.reader().execute("UPDATE variant SET price_minor = 1290, currency = 'EUR'", []).unwrap();
    let policy = Policy { offering, prices: true, ..Policy::default() };
    let channel = Channel { policy, ..channel("m", &fake) };
    let occasion = stage.occasion(true);
    let told = push_stock(&mut stage.writer, &channel, &occasion).unwrap().withheld;
    let told: Vec<_> =
        told.iter().map(|o| (o.sku.as_str(), o.quantity, o.price_minor, o.currency.as_deref())).collect();
    assert_eq!(told, [("TEA", Some(3), Some(1399), Some("EUR"))]);
}
