//! Watches what the client does, and says in the end what it did wrong. It never helps, and it never forgets.
//!
//! | rule | what was seen |
//! |---|---|
//! | `order-never-accepted` | an order still waits for the seller's decision |
//! | `accepted-twice` | after an order was decided, another decision that differs; the same one again is harmless |
//! | `tracking-missing` | a parcel left without a number |
//! | `tracking-conflict` | two different numbers for one package |
//! | `parcel-twice` | one package reference of one order in two shipments |
//! | `over-ship` | more units than were left to ship, and not a mere repeat of a parcel that exists |
//! | `parcel-lost` | a parcel that was known is no longer in what the client says of its order |
//! | `completed-early` | an order called complete of which units are still to be shipped |
//! | `told-twice` | the buyer got the same message again |
//! | `ship-after-cancel` | shipping an order the client had been told is canceled |
//! | `request-over-limit` | a request beyond `Faults::limit_per_minute` or one of `Faults::limits` |
//! | `before-retry-after` | a request to an operation before the time its 429 named |
//! | `token-missing` | a request without the key, or with a wrong one |
use super::faults::{Faults, Mishap};
use super::market::Market;
use super::model::{OrderState, ShipmentState};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    pub rule: &'static str,
    /// The order, shipment or operation it is about.
    pub subject: String,
    pub detail: String,
}

/// One request to the marketplace; no body, and nothing about a buyer.
#[derive(Debug, Clone, Serialize)]
pub struct Logged {
    pub method: String,
    /// With its query.
    pub path: String,
    /// `None` when the connection was cut before an answer.
    pub status: Option<u16>,
    pub mishap: Option<Mishap>,
}

/// The end of a hearing.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    pub requests: usize,
    /// Faults that struck.
    pub faults: u64,
    /// Orders by state.
    pub orders: BTreeMap<OrderState, usize>,
    pub shipments: usize,
    pub violations: Vec<Violation>,
    pub log: Vec<Logged>,
}

impl Verdict {
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// How often a rule was broken.
    pub fn count(&self, rule: &str) -> usize {
        self.violations.iter().filter(|v| v.rule == rule).count()
    }
}

#[derive(Debug, Default)]
pub(super) struct Judge {
    violations: Vec<Violation>,
    log: Vec<Logged>,
    decided: HashMap<String, Vec<(String, bool)>>,
    numbers: HashMap<String, String>,
    told_canceled: HashSet<String>,
    not_before: HashMap<String, Timestamp>,
    recent: HashMap<String, VecDeque<Timestamp>>,
    /// When the bucket of a limited call is full again.
    full_at: HashMap<String, Timestamp>,
}

impl Judge {
    pub fn accuse(&mut self, rule: &'static str, subject: &str, detail: impl Into<String>) {
        self.violations.push(Violation { rule, subject: subject.to_owned(), detail: detail.into() });
    }

    pub fn log(&mut self, request: Logged) {
        self.log.push(request);
    }

    /// A request arrives. `Some(seconds)` when it is over the limit and must wait that long.
    pub fn admit(&mut self, operation: &str, now: Timestamp, faults: &Faults) -> Option<u32> {
        if let Some(until) = self.not_before.get(operation).filter(|until| now < **until) {
            let detail = format!("came at {now}, but was told to wait until {until}");
            self.accuse("before-retry-after", operation, detail);
        }
        if let Some(wait) = self.bucket_is_empty(operation, now, faults) {
            return Some(wait);
        }
        let limit_per_minute = faults.limit_per_minute;
        if limit_per_minute == 0 {
            return None;
        }
        let recent = self.recent.entry(operation.to_owned()).or_default();
        recent.retain(|at| now.duration_since(*at) < MINUTE);
        let oldest = recent.front().copied().filter(|_| recent.len() >= limit_per_minute as usize);
        let Some(oldest) = oldest else {
            recent.push_back(now);
            return None;
        };
        self.accuse("request-over-limit", operation, format!("more than {limit_per_minute} requests in a minute"));
        let wait = MINUTE.saturating_sub(now.duration_since(oldest)).as_millis().max(1);
        u32::try_from(wait.div_euclid(1000) + 1).ok()
    }

    /// Seconds until a call with a limit of its own may be made again.
    fn bucket_is_empty(&mut self, operation: &str, now: Timestamp, faults: &Faults) -> Option<u32> {
        let limit = faults.limits.iter().find(|limit| limit.call == operation)?;
        let refill = SignedDuration::from_secs(i64::from(limit.refill_s));
        let full_at = self.full_at.get(operation).copied().unwrap_or(now).max(now);
        let ahead = full_at.duration_since(now);
        let room = refill.saturating_mul(i32::try_from(limit.burst).unwrap_or(i32::MAX).saturating_sub(1));
        if ahead > room {
            let detail = format!("more than {} and one every {} s", limit.burst, limit.refill_s);
            self.accuse("request-over-limit", operation, detail);
            return u32::try_from(ahead.saturating_sub(room).as_secs()).ok().map(|wait| wait.saturating_add(1));
        }
        self.full_at.insert(operation.to_owned(), full_at.saturating_add(refill).unwrap_or(full_at));
        None
    }

    /// A 429 with `Retry-After` goes out.
    pub fn told_to_wait(&mut self, operation: &str, now: Timestamp, seconds: u32) {
        let until = now.saturating_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(now);
        self.not_before.insert(operation.to_owned(), until);
    }

    pub fn unauthorized(&mut self, operation: &str) {
        self.accuse("token-missing", operation, "no Authorization header with the shop's key");
    }

    /// The client has read that an order is dead.
    pub fn told_canceled(&mut self, order: &str) {
        self.told_canceled.insert(order.to_owned());
    }

    /// OR21, whether it succeeded or not.
    pub fn decision(&mut self, order: &str, mut decisions: Vec<(String, bool)>, succeeded: bool) {
        decisions.sort();
        match self.decided.get(order) {
            Some(first) if *first != decisions => {
                self.accuse("accepted-twice", order, "decided once more, and differently");
            }
            None if succeeded => drop(self.decided.insert(order.to_owned(), decisions)),
            _ => {}
        }
    }

    /// A number is given to a package, an order or a shipment, by whatever name the request used for it.
    pub fn number(&mut self, package: &str, number: Option<&str>) {
        let Some(number) = number else { return };
        match self.numbers.get(package) {
            Some(first) if first != number => {
                let detail = format!("first {first}, then {number}");
                self.accuse("tracking-conflict", package, detail);
            }
            Some(_) => {}
            None => drop(self.numbers.insert(package.to_owned(), number.to_owned())),
        }
    }

    /// The client tries to ship something of an order.
    pub fn ships(&mut self, order: &str) {
        if self.told_canceled.contains(order) {
            self.accuse("ship-after-cancel", order, "the client had read that the order is canceled");
        }
    }

    pub fn over_shipped(&mut self, order: &str) {
        self.accuse("over-ship", order, "more units than were left to ship");
    }

    pub fn parcel_again(&mut self, order: &str, reference: &str) {
        self.accuse("parcel-twice", order, format!("package {reference} is in two shipments"));
    }

    pub fn verdict(&self, market: &Market, faults: u64) -> Verdict {
        let mut violations = self.violations.clone();
        let mut orders = BTreeMap::new();
        for order in market.orders.values() {
            *orders.entry(order.state).or_default() += 1;
            if order.state == OrderState::WaitingAcceptance {
                violations.push(Violation {
                    rule: "order-never-accepted",
                    subject: order.id.clone(),
                    detail: "still waits for the seller's decision".to_owned(),
                });
            }
        }
        let sent =
            market.shipments.iter().filter(|s| matches!(s.state, ShipmentState::Shipped | ShipmentState::Received));
        for shipment in sent.filter(|s| s.number().is_none_or(|n| n.trim().is_empty())) {
            violations.push(Violation {
                rule: "tracking-missing",
                subject: shipment.id.clone(),
                detail: format!("a parcel of order {} left without a number", shipment.order_id),
            });
        }
        let (requests, shipments) = (self.log.len(), market.shipments.len());
        Verdict { requests, faults, orders, shipments, violations, log: self.log.clone() }
    }
}
