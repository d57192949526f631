//! Mirakl's stage: the sandbox on loopback.
use std::sync::Arc;

use jiff::Timestamp;
use purvey::market::{Account, Secret};
use purvey::sandbox::{Faults, LineSpec, Options, OrderSpec, OrderState, Sandbox};

use super::stage::{Call, Stage, Step, Trouble};

struct MiraklStage(Sandbox);

pub fn stage() -> Arc<dyn Stage> {
    let now = "2026-11-25T09:00:00Z".parse().unwrap();
    Arc::new(MiraklStage(Sandbox::start(Options { now: Some(now), ..Options::default() }).unwrap()))
}

impl Stage for MiraklStage {
    fn account(&self) -> Account {
        let account = Account::new("sandbox", self.0.url(), Secret::new(Options::default().api_key));
        Account { shop_id: Some("2000".to_owned()), ..account }
    }

    fn place(&self, lines: &[(&str, u32, i64)], step: Step) -> String {
        let line = |(sku, quantity, price_minor): &(&str, u32, i64)| LineSpec {
            sku: (*sku).to_owned(),
            quantity: *quantity,
            price_minor: *price_minor,
            title: None,
        };
        let state = (step != Step::Asked).then_some(OrderState::Shipping);
        let pudo_id = (step == Step::Pickup).then(|| "STORE-1".to_owned());
        let spec = OrderSpec { lines: lines.iter().map(line).collect(), state, pudo_id, ..OrderSpec::default() };
        self.0.place(vec![spec]).unwrap().remove(0)
    }

    fn cancel(&self, order: &str) -> bool {
        self.0.cancel(order).is_ok()
    }

    fn trouble(&self, trouble: Trouble, call: Call, times: u64) {
        let only = match call {
            Call::Orders => "GET /api/orders",
            Call::Accept => "/accept",
            Call::ShipWhole => "/ship",
            Call::ShipPart => "POST /api/shipments",
            Call::Pickup => "/ready_for_pick_up",
            Call::Cancel => "/cancel",
            Call::Stock => "POST /api/offers/stock",
        };
        let mut faults = Faults { only: Some(only.to_owned()), at_most: Some(times), ..Faults::default() };
        match trouble {
            Trouble::TooMany { retry_after } => (faults.error_429, faults.retry_after_s) = (1.0, retry_after),
            Trouble::ServerError => faults.error_500 = 1.0,
            Trouble::LostBefore => faults.reset_before = 1.0,
            Trouble::LostAfter => faults.reset_after = 1.0,
            Trouble::CutShort => faults.truncate = 1.0,
            Trouble::OrderTwiceOnAPage => faults.duplicate_items = 1.0,
            Trouble::OrderInFrontBetweenPages => faults.page_drift = 1.0,
            Trouble::UnknownState => faults.unknown_state = 1.0,
            Trouble::UnknownFields => faults.unknown_fields = 1.0,
            Trouble::EmptyPage => faults.empty_page = 1.0,
        }
        self.0.set_faults(faults).unwrap();
    }

    fn now(&self) -> Timestamp {
        self.0.state().now
    }

    fn advance(&self, seconds: u32) {
        self.0.advance(seconds);
    }

    fn stock(&self, sku: &str) -> Option<i64> {
        self.0.state().offers.get(sku).map(|offer| i64::from(offer.quantity))
    }

    fn complaints(&self) -> Vec<String> {
        let violations = self.0.verdict().violations;
        violations.into_iter().map(|v| format!("{} {}: {}", v.rule, v.subject, v.detail)).collect()
    }
}
