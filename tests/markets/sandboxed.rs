//! Mirakl's stage and WooCommerce's: the sandbox on loopback, which speaks both.
use std::sync::Arc;

use jiff::Timestamp;
use purvey::market::{Account, Secret};
use purvey::sandbox::{Faults, LineSpec, Options, OrderSpec, OrderState, Sandbox};

use super::stage::{Call, Stage, Step, Trouble};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Mirakl,
    WooCommerce,
}

struct Sandboxed {
    sandbox: Sandbox,
    dialect: Dialect,
    key: String,
}

pub fn stage(dialect: Dialect) -> Arc<dyn Stage> {
    let now = "2026-11-25T09:00:00Z".parse().unwrap();
    let key = match dialect {
        Dialect::Mirakl => Options::default().api_key,
        Dialect::WooCommerce => "ck_1:cs_2".to_owned(),
    };
    let options = Options { now: Some(now), api_key: key.clone(), ..Options::default() };
    Arc::new(Sandboxed { sandbox: Sandbox::start(options).unwrap(), dialect, key })
}

impl Sandboxed {
    /// The sandbox's own id of an order; WooCommerce numbers them as they come.
    fn own_id(&self, order: &str) -> String {
        match self.dialect {
            Dialect::Mirakl => order.to_owned(),
            Dialect::WooCommerce => self.sandbox.state().orders[order.parse::<usize>().unwrap() - 1000].id.clone(),
        }
    }
}

impl Stage for Sandboxed {
    fn account(&self) -> Account {
        let account = Account::new("sandbox", self.sandbox.url(), Secret::new(&*self.key));
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
        let id = self.sandbox.place(vec![spec]).unwrap().remove(0);
        match self.dialect {
            Dialect::Mirakl => id,
            Dialect::WooCommerce => (999 + self.orders()).to_string(),
        }
    }

    fn cancel(&self, order: &str) -> bool {
        self.sandbox.cancel(&self.own_id(order)).is_ok()
    }

    fn trouble(&self, trouble: Trouble, call: Call, times: u64) {
        let only = match (self.dialect, call) {
            (Dialect::Mirakl, Call::Orders) => "GET /api/orders",
            (Dialect::Mirakl, Call::Accept) => "/accept",
            (Dialect::Mirakl, Call::ShipWhole) => "/ship",
            (Dialect::Mirakl, Call::ShipPart) => "POST /api/shipments",
            (Dialect::Mirakl, Call::Pickup) => "/ready_for_pick_up",
            (Dialect::Mirakl, Call::Cancel) => "/cancel",
            (Dialect::Mirakl, Call::Stock) => "POST /api/offers/stock",
            (Dialect::WooCommerce, Call::Orders) => "GET /wp-json/wc/v3/orders",
            (Dialect::WooCommerce, Call::ShipWhole | Call::ShipPart) => "PUT /wp-json/wc/v3/orders",
            (Dialect::WooCommerce, Call::Stock) => "POST /wp-json/wc/v3/products/batch",
            (Dialect::WooCommerce, Call::Accept | Call::Pickup | Call::Cancel) => panic!("it has no such call"),
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
        self.sandbox.set_faults(faults).unwrap();
    }

    fn orders(&self) -> usize {
        self.sandbox.state().orders.len()
    }

    fn repeats_parcels(&self) -> bool {
        self.dialect == Dialect::WooCommerce
    }

    fn now(&self) -> Timestamp {
        self.sandbox.state().now
    }

    fn advance(&self, seconds: u32) {
        self.sandbox.advance(seconds);
    }

    fn stock(&self, sku: &str) -> Option<i64> {
        self.sandbox.state().offers.get(sku).map(|offer| i64::from(offer.quantity))
    }

    fn complaints(&self) -> Vec<String> {
        let violations = self.sandbox.verdict().violations;
        violations.into_iter().map(|v| format!("{} {}: {}", v.rule, v.subject, v.detail)).collect()
    }
}
