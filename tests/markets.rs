//! One suite for all marketplaces: each case runs for every connector whose capabilities it asks for.
//!
//! A new marketplace brings sessions (`tests/markets/<name>/<session>.txt`, and the exchanges in the folder of that name):
//! `scripted` makes every fault of them. One that can be played, with buyers, a clock and a memory, brings a stage
//! (`tests/markets/sandboxed.rs`) and runs the cases below.
#[path = "markets/login.rs"]
mod login;
#[path = "markets/recorded.rs"]
mod recorded;
#[path = "markets/sandboxed.rs"]
mod sandboxed;
#[path = "markets/scripted.rs"]
mod scripted;
#[path = "markets/session.rs"]
mod session;
#[path = "markets/stage.rs"]
mod stage;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use purvey::diagnostic::{Kind, Retry};
use purvey::market::host::{DryRun, Host};
use purvey::market::{
    self, Acknowledge, Cancellation, Capabilities, Connector, Decision, ItemResult, OfferUpdate, Polled, Port, Receipt,
    Secret,
};
use purvey::order::{Order, State};
use sandboxed::Dialect;
use stage::{Call, Desk, Last, Stage, Step, Trouble};

/// The stage a marketplace's sessions are recorded on, where they are not written from its documents.
fn stage_of(marketplace: &str) -> Option<Arc<dyn Stage>> {
    match marketplace {
        "mirakl" => Some(sandboxed::stage(Dialect::Mirakl)),
        _ => None,
    }
}

/// Those that can be played.
fn staged() -> [(&'static str, Arc<dyn Stage>); 2] {
    [("mirakl", sandboxed::stage(Dialect::Mirakl)), ("woocommerce", sandboxed::stage(Dialect::WooCommerce))]
}

/// Runs a case on a fresh stage for each marketplace that is able to.
fn each(able: fn(&Capabilities) -> bool, case: fn(&Desk)) {
    for (name, stage) in staged() {
        let desk = Desk::new(name, stage);
        if able(&desk.can()) {
            case(&desk);
        }
    }
}

fn all(_: &Capabilities) -> bool {
    true
}

fn decides(can: &Capabilities) -> bool {
    can.acknowledge != Acknowledge::Never
}

fn splits(can: &Capabilities) -> bool {
    can.several_parcels
}

fn cancels(can: &Capabilities) -> bool {
    can.cancel
}

fn picks_up(can: &Capabilities) -> bool {
    can.pickup
}

fn pushes(can: &Capabilities) -> bool {
    can.batch_max > 0
}

fn ids(orders: &[Order]) -> HashSet<&str> {
    orders.iter().map(|order| order.channel_order_id.as_str()).collect()
}

fn decision(order: &Order, accepted: bool) -> Decision {
    let lines = order.lines.iter().map(|line| (line.channel_line_id.clone(), accepted)).collect();
    Decision { order_id: order.channel_order_id.clone(), lines }
}

fn place_many(desk: &Desk, count: usize) {
    for _ in 0..count {
        desk.stage.place(&[("LAMP", 1, 1290)], Step::Paid);
        desk.stage.advance(10);
    }
}

// --- reading -------------------------------------------------------------------------------------------------------

#[test]
fn a_page_may_be_asked_for_twice_and_no_order_is_missed() {
    each(all, |desk| {
        place_many(desk, 230);
        let first = desk.page(None);
        assert_eq!(first.orders, desk.page(None).orders);
        let (orders, cursor) = desk.pull(None);
        assert_eq!(orders.len(), 230);
        let (again, _) = desk.pull(cursor);
        assert!(again.len() < orders.len() && ids(&again).is_subset(&ids(&orders)), "{}", again.len());
    });
}

#[test]
fn a_pull_goes_on_where_the_last_one_ended() {
    each(all, |desk| {
        desk.stage.place(&[("LAMP", 1, 1290)], Step::Paid);
        let (_, cursor) = desk.pull(None);
        desk.stage.advance(3600);
        let new = desk.stage.place(&[("LAMP", 1, 1290)], Step::Paid);
        let (orders, _) = desk.pull(cursor);
        assert!(ids(&orders).contains(new.as_str()));
    });
}

#[test]
fn an_order_that_moves_others_while_pages_are_read_hides_none() {
    each(all, |desk| {
        place_many(desk, 230);
        desk.stage.trouble(Trouble::OrderInFrontBetweenPages, Call::Orders, 2);
        let (orders, cursor) = desk.pull(None);
        let (more, _) = desk.pull(cursor);
        let seen: HashSet<&str> = ids(&orders).union(&ids(&more)).copied().collect();
        assert!(desk.stage.orders() > 230);
        assert_eq!(seen.len(), desk.stage.orders());
    });
}

#[test]
fn the_same_order_twice_on_a_page_is_one_order() {
    each(all, |desk| {
        place_many(desk, 3);
        desk.stage.trouble(Trouble::OrderTwiceOnAPage, Call::Orders, 1);
        assert_eq!(desk.page(None).orders.len(), 3);
    });
}

#[test]
fn an_empty_page_in_the_middle_is_asked_for_again() {
    each(all, |desk| {
        place_many(desk, 120);
        desk.stage.trouble(Trouble::EmptyPage, Call::Orders, 1);
        assert_eq!(desk.pull(None).0.len(), 120);
    });
}

#[test]
fn an_order_behind_an_empty_page_is_not_gone() {
    each(all, |desk| {
        let id = desk.stage.place(&[("LAMP", 1, 1290)], Step::Paid);
        desk.stage.trouble(Trouble::EmptyPage, Call::Orders, 1);
        assert!(!matches!(desk.connector.order(&desk.host(), &id), Ok(None)));
        assert!(desk.connector.order(&desk.host(), &id).unwrap().is_some());
    });
}

#[test]
fn an_unknown_state_is_kept_and_harms_nothing() {
    each(all, |desk| {
        place_many(desk, 2);
        desk.stage.trouble(Trouble::UnknownState, Call::Orders, 1);
        let (orders, cursor) = desk.pull(None);
        let strange: Vec<_> = orders.iter().filter(|order| order.state.is_none()).collect();
        assert_eq!((orders.len(), strange.len()), (2, 1));
        assert!(!strange[0].channel_state.is_empty());
        let (orders, _) = desk.pull(cursor);
        assert!(orders.iter().all(|order| order.state.is_some()));
    });
}

#[test]
fn unknown_fields_are_passed_over() {
    each(all, |desk| {
        place_many(desk, 2);
        let plain = desk.page(None).orders;
        desk.stage.trouble(Trouble::UnknownFields, Call::Orders, 1);
        assert_eq!(desk.page(None).orders, plain);
    });
}

#[test]
fn a_sku_nobody_knows_is_kept_with_its_line() {
    each(all, |desk| {
        let id = desk.stage.place(&[("no such \"SKU\", 100 %", 3, 5)], Step::Paid);
        let order = desk.order(&id);
        let line = &order.lines[0];
        assert_eq!(line.channel_sku.as_deref(), Some("no such \"SKU\", 100 %"));
        assert_eq!((line.quantity, line.price_minor, order.total_minor), (3, 5, 15));
    });
}

#[test]
fn an_order_that_does_not_exist_is_none() {
    each(all, |desk| {
        assert_eq!(desk.connector.order(&desk.host(), "NO-SUCH-ORDER").unwrap(), None);
        assert_eq!(desk.connector.parcels(&desk.host(), "NO-SUCH-ORDER").unwrap(), []);
    });
}

// --- limits and faults ---------------------------------------------------------------------------------------------

#[test]
fn too_many_requests_with_a_time_waits_that_long() {
    each(all, |desk| {
        place_many(desk, 1);
        desk.stage.trouble(Trouble::TooMany { retry_after: Some(17) }, Call::Orders, 2);
        assert_eq!(desk.pull(None).0.len(), 1);
        assert!(desk.slept() >= Duration::from_secs(34), "{:?}", desk.slept());
        desk.assert_no_complaints();
    });
}

#[test]
fn too_many_requests_without_a_time_backs_off() {
    each(all, |desk| {
        place_many(desk, 1);
        desk.stage.trouble(Trouble::TooMany { retry_after: None }, Call::Orders, 3);
        assert_eq!(desk.pull(None).0.len(), 1);
        assert!(desk.slept() > Duration::from_millis(1500), "{:?}", desk.slept());
    });
}

#[test]
fn a_wait_beyond_patience_says_when_to_come_back_and_is_remembered() {
    each(all, |desk| {
        desk.stage.trouble(Trouble::TooMany { retry_after: Some(3600) }, Call::Orders, 1);
        let host = desk.host();
        let pull = || desk.connector.pull(&host, &desk.from(None)).unwrap_err();
        for _ in 0..2 {
            let refused = pull();
            assert_eq!((refused.code, refused.kind), ("market/unavailable", Kind::Unavailable));
            assert!(matches!(refused.retry, Retry::Later(Some(seconds)) if seconds >= 3590), "{:?}", refused.retry);
        }
        desk.assert_no_complaints();
        desk.stage.advance(3601);
        assert!(desk.connector.pull(&host, &desk.from(None)).is_ok());
    });
}

#[test]
fn reads_survive_server_errors_and_broken_connections() {
    each(all, |desk| {
        place_many(desk, 3);
        for trouble in [Trouble::ServerError, Trouble::LostBefore, Trouble::LostAfter, Trouble::CutShort] {
            desk.stage.trouble(trouble, Call::Orders, 2);
            assert_eq!(desk.pull(None).0.len(), 3, "{trouble:?}");
        }
    });
}

#[test]
fn a_marketplace_that_stays_down_is_given_up() {
    each(all, |desk| {
        desk.stage.trouble(Trouble::ServerError, Call::Orders, u64::MAX);
        let refused = desk.connector.pull(&desk.host(), &desk.from(None)).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("market/unavailable", Kind::Unavailable));
    });
}

#[test]
fn a_wrong_key_is_a_matter_for_a_person() {
    each(all, |desk| {
        let host = desk.host().keyring(Secret::new("wrong"));
        let refused = desk.connector.pull(&host, &desk.from(None)).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("market/credentials", Kind::Credentials));
        assert!(!refused.message.contains("wrong"), "{}", refused.message);
    });
}

#[test]
fn a_renewed_key_is_used_once() {
    struct Renewing(Secret);
    impl market::host::Keyring for Renewing {
        fn current(&self) -> purvey::diagnostic::Result<Secret> {
            Ok(Secret::new("stale:key"))
        }
        fn renew(&self, _: &Secret) -> purvey::diagnostic::Result<Option<Secret>> {
            Ok(Some(self.0.clone()))
        }
    }
    each(all, |desk| {
        place_many(desk, 1);
        let pull = |key| desk.connector.pull(&desk.host().keyring(Renewing(key)), &desk.from(None));
        assert_eq!(pull(desk.stage.account().key).unwrap().orders.len(), 1);
        assert_eq!(pull(Secret::new("stale too")).unwrap_err().code, "market/credentials");
    });
}

#[test]
fn the_servers_clock_is_measured() {
    each(all, |desk| {
        let host = desk.host();
        assert_eq!(host.skew(), None);
        desk.connector.pull(&host, &desk.from(None)).unwrap();
        let ahead = host.now().duration_until(host.server_now());
        assert_eq!(host.skew(), Some(ahead));
    });
}

// --- accepting -----------------------------------------------------------------------------------------------------

#[test]
fn accepting_twice_is_accepting_once() {
    each(decides, |desk| {
        let order = desk.order(&desk.stage.place(&[("LAMP", 2, 1290), ("BULB", 1, 300)], Step::Asked));
        assert_eq!(order.state, Some(State::AwaitingAcceptance));
        let accept = || desk.connector.acknowledge(&desk.host(), &decision(&order, true)).unwrap();
        assert_eq!(accept(), Receipt::Done);
        assert_eq!(accept(), Receipt::AlreadyDone);
        assert_ne!(desk.order(&order.channel_order_id).state, Some(State::AwaitingAcceptance));
        desk.assert_no_complaints();
    });
}

#[test]
fn a_lost_answer_to_a_decision_is_repeated_and_read_back() {
    each(decides, |desk| {
        for trouble in [Trouble::LostBefore, Trouble::LostAfter, Trouble::ServerError] {
            let order = desk.order(&desk.stage.place(&[("LAMP", 2, 1290)], Step::Asked));
            desk.stage.trouble(trouble, Call::Accept, 1);
            desk.connector.acknowledge(&desk.host(), &decision(&order, true)).unwrap();
            desk.assert_no_complaints();
        }
    });
}

#[test]
fn refusing_what_the_buyer_canceled_is_no_success() {
    each(decides, |desk| {
        let order = desk.order(&desk.stage.place(&[("LAMP", 2, 1290)], Step::Asked));
        assert!(desk.stage.cancel(&order.channel_order_id));
        let refused = desk.connector.acknowledge(&desk.host(), &decision(&order, true)).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("market/rejected", Kind::Rejected));
    });
}

#[test]
fn a_refused_order_is_refused() {
    each(decides, |desk| {
        let order = desk.order(&desk.stage.place(&[("LAMP", 2, 1290)], Step::Asked));
        for receipt in [Receipt::Done, Receipt::AlreadyDone] {
            assert_eq!(desk.connector.acknowledge(&desk.host(), &decision(&order, false)).unwrap(), receipt);
        }
        let told = desk.order(&order.channel_order_id);
        assert_eq!((told.state, told.lines[0].canceled), (Some(State::Refused), 2));
    });
}

// --- shipping ------------------------------------------------------------------------------------------------------

#[test]
fn a_whole_order_ships_once_with_its_number() {
    each(all, |desk| {
        let id = desk.stage.place(&[("LAMP", 2, 1290), ("BULB", 1, 300)], Step::Paid);
        let parcel = desk.whole(&id, "1Z999AA10123456784");
        let ship = || desk.connector.ship(&desk.host(), &parcel).unwrap();
        assert_eq!(ship(), Receipt::Done);
        assert_eq!(ship(), Receipt::AlreadyDone);
        let known = desk.connector.parcels(&desk.host(), &id).unwrap();
        assert_eq!(known.len(), 1);
        assert_eq!((&known[0].carrier, &known[0].tracking_number), (&parcel.carrier, &parcel.tracking_number));
        let order = desk.order(&id);
        assert_eq!(order.state, Some(State::Shipped));
        assert_eq!(order.lines.iter().map(|line| line.shipped).collect::<Vec<_>>(), [2, 1]);
        desk.assert_no_complaints();
    });
}

#[test]
fn a_parcel_never_gets_another_number() {
    each(all, |desk| {
        let id = desk.stage.place(&[("LAMP", 2, 1290)], Step::Paid);
        desk.connector.ship(&desk.host(), &desk.whole(&id, "1Z999AA10123456784")).unwrap();
        let refused = desk.connector.ship(&desk.host(), &desk.whole(&id, "1Z999AA10123456785")).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("market/tracking-conflict", Kind::Rejected));
        let known = desk.connector.parcels(&desk.host(), &id).unwrap();
        assert_eq!(known[0].tracking_number.as_deref(), Some("1Z999AA10123456784"));
        desk.assert_no_complaints();
    });
}

#[test]
fn a_lost_answer_to_a_whole_shipment_is_repeated_and_read_back() {
    each(all, |desk| {
        for trouble in [Trouble::LostBefore, Trouble::LostAfter, Trouble::ServerError] {
            let id = desk.stage.place(&[("LAMP", 2, 1290)], Step::Paid);
            desk.stage.trouble(trouble, Call::ShipWhole, 1);
            desk.connector.ship(&desk.host(), &desk.whole(&id, "1Z999AA10123456784")).unwrap();
            assert_eq!(desk.connector.parcels(&desk.host(), &id).unwrap().len(), 1, "{trouble:?}");
        }
        desk.assert_no_complaints();
    });
}

#[test]
fn several_parcels_each_keep_their_lines_and_number() {
    each(splits, |desk| {
        let id = desk.stage.place(&[("LAMP", 2, 1290), ("BULB", 3, 300)], Step::Paid);
        let parcels = [desk.part(&id, 1, &[(0, 1), (1, 2)], "1Z1"), desk.part(&id, 2, &[(0, 1), (1, 1)], "1Z2").last()];
        desk.connector.ship(&desk.host(), &parcels[0]).unwrap();
        assert_eq!(desk.order(&id).state, Some(State::PartlyShipped));
        desk.connector.ship(&desk.host(), &parcels[1]).unwrap();
        assert_eq!(desk.order(&id).state, Some(State::Shipped));
        let known = desk.connector.parcels(&desk.host(), &id).unwrap();
        assert_eq!(known.len(), 2);
        for (known, sent) in known.iter().zip(&parcels) {
            assert_eq!(known.package_number, sent.package_number);
            assert_eq!((&known.lines, &known.tracking_number), (&sent.lines, &sent.tracking_number));
        }
        desk.assert_no_complaints();
    });
}

#[test]
fn a_parcel_whose_fate_is_unknown_is_not_sent_again_but_found() {
    each(splits, |desk| {
        for (trouble, made) in [(Trouble::LostAfter, true), (Trouble::CutShort, true), (Trouble::ServerError, false)] {
            let id = desk.stage.place(&[("LAMP", 4, 1290)], Step::Paid);
            let parcel = desk.part(&id, 1, &[(0, 1)], "1Z1");
            desk.stage.trouble(trouble, Call::ShipPart, 1);
            let told = desk.connector.ship(&desk.host(), &parcel);
            let repeated = desk.stage.repeats_parcels();
            match told {
                Ok(receipt) => assert!(repeated && receipt == Receipt::Done, "{trouble:?}"),
                Err(unknown) => {
                    let is = (unknown.code, unknown.kind, repeated);
                    assert_eq!(is, ("market/outcome-unknown", Kind::Unavailable, false), "{trouble:?}");
                }
            }
            let known = desk.connector.parcels(&desk.host(), &id).unwrap();
            assert_eq!(known.len(), usize::from(made || repeated), "{trouble:?}");
            assert!(known.iter().all(|known| known.tracking_number == parcel.tracking_number));
        }
        desk.assert_no_complaints();
    });
}

#[test]
fn a_parcel_turned_away_at_the_door_is_sent_again() {
    each(splits, |desk| {
        let id = desk.stage.place(&[("LAMP", 4, 1290)], Step::Paid);
        desk.stage.trouble(Trouble::TooMany { retry_after: Some(5) }, Call::ShipPart, 1);
        desk.connector.ship(&desk.host(), &desk.part(&id, 1, &[(0, 1)], "1Z1")).unwrap();
        assert_eq!(desk.connector.parcels(&desk.host(), &id).unwrap().len(), 1);
        desk.assert_no_complaints();
    });
}

#[test]
fn a_refusal_inside_a_success_is_a_refusal() {
    each(splits, |desk| {
        let id = desk.stage.place(&[("LAMP", 2, 1290)], Step::Paid);
        let refused = desk.connector.ship(&desk.host(), &desk.part(&id, 2, &[(0, 3)], "1Z1")).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("market/rejected", Kind::Rejected));
        assert_eq!(desk.connector.parcels(&desk.host(), &id).unwrap(), []);
        assert_eq!(desk.order(&id).state, Some(State::Ready));
    });
}

#[test]
fn a_parcel_sent_again_is_recognized() {
    each(splits, |desk| {
        let id = desk.stage.place(&[("LAMP", 2, 1290)], Step::Paid);
        let parcel = desk.part(&id, 2, &[(0, 2)], "1Z1");
        assert_eq!(desk.connector.ship(&desk.host(), &parcel).unwrap(), Receipt::Done);
        assert_eq!(desk.connector.ship(&desk.host(), &parcel).unwrap(), Receipt::AlreadyDone);
        desk.assert_no_complaints();
    });
}

#[test]
fn a_canceled_order_does_not_ship() {
    each(all, |desk| {
        let id = desk.stage.place(&[("LAMP", 2, 1290)], Step::Paid);
        let parcel = desk.whole(&id, "1Z1");
        assert!(desk.stage.cancel(&id));
        let refused = desk.connector.ship(&desk.host(), &parcel).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("market/rejected", Kind::Rejected));
        desk.assert_no_complaints();
    });
}

#[test]
fn an_order_that_is_not_paid_ships_later() {
    each(decides, |desk| {
        let id = desk.stage.place(&[("LAMP", 2, 1290)], Step::Asked);
        let early = desk.connector.ship(&desk.host(), &desk.whole(&id, "1Z1")).unwrap_err();
        assert_eq!((early.code, early.retry), ("market/not-yet", Retry::Later(None)));
    });
}

// --- canceling -----------------------------------------------------------------------------------------------------

fn cancellation(order: &Order, units: &[i64]) -> Cancellation {
    let lines = order.lines.iter().zip(units).map(|(line, units)| (line.channel_line_id.clone(), *units));
    Cancellation { order_id: order.channel_order_id.clone(), lines: lines.collect(), reason: "15".to_owned() }
}

#[test]
fn units_and_whole_orders_are_canceled_once() {
    each(cancels, |desk| {
        if !desk.connector.cancels_units() {
            return;
        }
        let order = desk.order(&desk.stage.place(&[("LAMP", 3, 1290), ("BULB", 1, 300)], Step::Paid));
        let cancel = |units: &[i64]| desk.connector.cancel(&desk.host(), &cancellation(&order, units));
        assert_eq!(cancel(&[1]).unwrap(), Receipt::Done);
        let told = desk.order(&order.channel_order_id);
        assert_eq!((told.state, told.lines[0].canceled, told.lines[1].canceled), (Some(State::Ready), 1, 0));
        assert_eq!(cancel(&[3]).unwrap_err().kind, Kind::Rejected);
        assert_eq!(cancel(&[2, 1]).unwrap(), Receipt::Done);
        assert_eq!(desk.order(&order.channel_order_id).state, Some(State::Canceled));
        assert_eq!(cancel(&[2, 1]).unwrap(), Receipt::AlreadyDone);
    });
}

#[test]
fn a_lost_answer_to_a_partial_cancellation_is_not_repeated() {
    each(cancels, |desk| {
        if !desk.connector.cancels_units() {
            return;
        }
        let order = desk.order(&desk.stage.place(&[("LAMP", 3, 1290)], Step::Paid));
        desk.stage.trouble(Trouble::LostAfter, Call::Cancel, 1);
        let unknown = desk.connector.cancel(&desk.host(), &cancellation(&order, &[1])).unwrap_err();
        assert_eq!(unknown.code, "market/outcome-unknown");
        assert_eq!(desk.order(&order.channel_order_id).lines[0].canceled, 1);
    });
}

#[test]
fn what_has_left_cannot_be_canceled() {
    each(cancels, |desk| {
        let order = desk.order(&desk.stage.place(&[("LAMP", 2, 1290)], Step::Paid));
        let id = order.channel_order_id.as_str();
        desk.connector.ship(&desk.host(), &desk.whole(id, "1Z1")).unwrap();
        assert!(!desk.stage.cancel(id));
        let refused = desk.connector.cancel(&desk.host(), &cancellation(&order, &[2])).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("market/rejected", Kind::Rejected));
        let told = desk.order(id);
        assert_eq!((told.state, told.lines[0].shipped, told.lines[0].canceled), (Some(State::Shipped), 2, 0));
    });
}

// --- pickup --------------------------------------------------------------------------------------------------------

#[test]
fn an_order_lies_ready_for_its_buyer_once() {
    each(picks_up, |desk| {
        for trouble in [None, Some(Trouble::LostBefore), Some(Trouble::LostAfter)] {
            let id = desk.stage.place(&[("LAMP", 2, 1290)], Step::Pickup);
            if let Some(trouble) = trouble {
                desk.stage.trouble(trouble, Call::Pickup, 1);
            }
            desk.connector.ready_for_pickup(&desk.host(), &id).unwrap();
            let told = desk.order(&id);
            assert_eq!(told.state, Some(State::ReadyForPickup), "{trouble:?}");
            assert_eq!((told.lines[0].shipped, told.pickup_point.as_deref()), (0, Some("STORE-1")));
            assert_eq!(desk.connector.ready_for_pickup(&desk.host(), &id).unwrap(), Receipt::AlreadyDone);
        }
        desk.assert_no_complaints();
    });
}

// --- stock and prices ----------------------------------------------------------------------------------------------

fn offer(sku: &str, quantity: i64, price_minor: i64) -> OfferUpdate {
    OfferUpdate {
        sku: sku.to_owned(),
        quantity: Some(quantity),
        price_minor: Some(price_minor),
        sale_price_minor: None,
        currency: Some("EUR".to_owned()),
    }
}

fn outcome(desk: &Desk, offers: &[OfferUpdate]) -> Vec<ItemResult> {
    let host = desk.host();
    let submitted = desk.connector.push(&host, offers).unwrap();
    let Some(job) = submitted.job else { return submitted.results };
    for _ in 0..20 {
        if let Polled::Done(results) = desk.connector.poll(&host, &job, offers).unwrap() {
            return results;
        }
    }
    panic!("{job} never ended");
}

#[test]
fn zero_units_are_sent_as_zero_and_a_later_refusal_is_told_per_item() {
    each(pushes, |desk| {
        desk.stage.place(&[("LAMP", 1, 1290), ("BULB", 1, 300)], Step::Paid);
        let offers = [offer("LAMP", 7, 1300), offer("no-such", 3, 100), offer("BULB", 0, 250)];
        let results = outcome(desk, &offers);
        assert_eq!(results.iter().map(|r| r.sku.as_str()).collect::<Vec<_>>(), ["LAMP", "no-such", "BULB"]);
        assert_eq!(results.iter().map(|r| r.refused.is_some()).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!((desk.stage.stock("LAMP"), desk.stage.stock("BULB")), (Some(7), Some(0)));
        desk.assert_no_complaints();
    });
}

#[test]
fn a_push_whose_answer_is_lost_is_sent_again() {
    each(pushes, |desk| {
        desk.stage.place(&[("LAMP", 1, 1290)], Step::Paid);
        for trouble in [Trouble::LostBefore, Trouble::LostAfter, Trouble::ServerError] {
            desk.stage.trouble(trouble, Call::Stock, 1);
            let results = outcome(desk, &[offer("LAMP", 7, 1300)]);
            assert!(results.iter().all(|result| result.refused.is_none()), "{trouble:?} {results:?}");
            assert_eq!(desk.stage.stock("LAMP"), Some(7));
        }
    });
}

// --- dry run -------------------------------------------------------------------------------------------------------

#[test]
fn a_dry_run_lists_every_write_and_changes_nothing() {
    each(all, |desk| {
        let asked = desk.order(&desk.stage.place(&[("LAMP", 2, 1290)], Step::Asked));
        let paid = desk.stage.place(&[("LAMP", 2, 1290)], Step::Paid);
        let pickup = desk.stage.place(&[("LAMP", 2, 1290)], Step::Pickup);
        let (whole, part) = (desk.whole(&paid, "1Z1"), desk.part(&paid, 2, &[(0, 1)], "1Z1"));
        let before = desk.pull(None).0;
        let host: Host<'_> = desk.host();
        let dry = DryRun::over(&host);
        let (connector, can) = (&desk.connector, desk.can());
        let mut writes = 2;
        connector.ship(&dry, &whole).unwrap();
        connector.ship(&dry, &part).unwrap();
        type Write<'a> = &'a dyn Fn(&dyn Connector, &dyn Port);
        let optional: [(bool, Write<'_>); 4] = [
            (decides(&can), &|c, dry| assert!(c.acknowledge(dry, &decision(&asked, true)).is_ok())),
            (cancels(&can), &|c, dry| {
                let units = if c.cancels_units() { 1 } else { 2 };
                assert!(c.cancel(dry, &cancellation(&asked, &[units])).is_ok());
            }),
            (picks_up(&can), &|c, dry| assert!(c.ready_for_pickup(dry, &pickup).is_ok())),
            (pushes(&can), &|c, dry| assert!(c.push(dry, &[offer("LAMP", 9, 1)]).is_ok())),
        ];
        for (able, write) in optional {
            if able {
                write(&**connector, &dry);
                writes += 1;
            }
        }
        let withheld = dry.withheld();
        assert!(withheld.len() >= writes, "{withheld:?}");
        assert!(withheld.iter().all(|w| !w.path.is_empty()));
        assert_eq!(desk.pull(None).0, before);
    });
}
