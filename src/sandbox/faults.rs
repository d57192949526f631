//! What goes wrong on purpose, and the dice that decide when. The same seed and the same requests give the same faults.
use super::market::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Probabilities from 0 (never) to 1 (always), drawn anew for each request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Answer 429, with `retry_after_s` when that is set.
    pub error_429: f64,
    pub retry_after_s: Option<u32>,
    /// Answer 500 without doing the work.
    pub error_500: f64,
    /// Close the connection without doing the work.
    pub reset_before: f64,
    /// Do the work, then close the connection without an answer.
    pub reset_after: f64,
    /// Do the work, then close the connection in the middle of the answer.
    pub truncate: f64,
    /// Milliseconds an answer takes longer.
    pub slow_ms: u64,
    /// Which answers that is true of; all of them when absent.
    pub slow: Option<f64>,
    /// Let the request wait, without doing the work, until `Sandbox::release`: for those who kill the client meanwhile.
    pub hold_before: f64,
    /// The same, with the work done and the answer kept back.
    pub hold_after: f64,
    /// A page of orders holds its first order twice.
    pub duplicate_items: f64,
    /// Between two pages an older order appears in front of the list, and moves all others one place on.
    pub page_drift: f64,
    /// An order shows a state the document does not list; it is back at its own, and updated, on the next pull.
    pub unknown_state: f64,
    /// Pages, orders and lines carry fields the document does not list.
    pub unknown_fields: f64,
    /// A page is empty although `total_count` says there is more.
    pub empty_page: f64,
    /// An order, when placed, stays invisible for two pulls; its stamps are those of its placing.
    pub late: f64,
    /// A real limit: more requests per minute to one operation than this get 429 with `Retry-After`; 0 is no limit.
    pub limit_per_minute: u32,
    /// Limits of single calls, as a marketplace states them.
    pub limits: Vec<CallLimit>,
    /// Only requests whose `METHOD /path` contains this.
    pub only: Option<String>,
    /// Stop after so many faults.
    pub at_most: Option<u64>,
}

/// So many requests at once, then one each so often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallLimit {
    /// Method and path; a segment that is an id, or holds a digit, is `{}`.
    pub call: String,
    pub burst: u32,
    pub refill_s: u32,
}

impl Faults {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let probabilities = [
            ("error_429", self.error_429),
            ("error_500", self.error_500),
            ("reset_before", self.reset_before),
            ("reset_after", self.reset_after),
            ("truncate", self.truncate),
            ("slow", self.slow.unwrap_or_default()),
            ("hold_before", self.hold_before),
            ("hold_after", self.hold_after),
            ("duplicate_items", self.duplicate_items),
            ("page_drift", self.page_drift),
            ("unknown_state", self.unknown_state),
            ("unknown_fields", self.unknown_fields),
            ("empty_page", self.empty_page),
            ("late", self.late),
        ];
        match probabilities.iter().find(|(_, p)| !(0.0..=1.0).contains(p)) {
            Some((name, p)) => Err(Refusal::invalid(format!("{name} is {p}, but a probability is from 0 to 1."))),
            None => Ok(()),
        }
    }
}

/// What befalls a whole request; at most one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mishap {
    #[serde(rename = "error_429")]
    TooMany,
    #[serde(rename = "error_500")]
    ServerError,
    ResetBefore,
    ResetAfter,
    Truncate,
    HoldBefore,
    HoldAfter,
}

/// What befalls one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub mishap: Option<Mishap>,
    pub slow: bool,
    pub duplicate_items: bool,
    pub page_drift: bool,
    pub unknown_state: bool,
    pub unknown_fields: bool,
    pub empty_page: bool,
}

impl Plan {
    /// The client will not read the answer, so it cannot be held to what the answer says.
    pub fn answer_is_lost(&self) -> bool {
        matches!(self.mishap, Some(Mishap::ResetAfter | Mishap::Truncate | Mishap::HoldAfter)) || self.empty_page
    }
}

/// Each draw depends on the seed, the request, how often that request came before, and the name of the fault; not on
/// other requests, nor on which other faults are switched on.
#[derive(Debug)]
pub(super) struct Dice {
    seed: u64,
    seen: HashMap<String, u64>,
    pub spent: u64,
    budget: Option<u64>,
}

impl Dice {
    pub fn new(seed: u64, faults: &Faults) -> Self {
        Dice { seed, seen: HashMap::new(), spent: 0, budget: faults.at_most }
    }

    /// A new set of faults has its own budget; the dice roll on.
    pub fn refill(&mut self, faults: &Faults) {
        self.budget = faults.at_most;
    }

    /// `is_page` says whether the answer is a page of orders.
    pub fn plan(&mut self, faults: &Faults, request: &str, is_page: bool) -> Plan {
        if faults.only.as_ref().is_some_and(|only| !request.contains(only.as_str())) {
            return Plan::default();
        }
        let nth = self.count(request);
        let mut hits = |name: &str, p: f64| self.hits(request, nth, name, p);
        let slow = faults.slow_ms > 0 && faults.slow.is_none_or(|p| hits("slow", p));
        let mishap = [
            ("hold_before", faults.hold_before, Mishap::HoldBefore),
            ("hold_after", faults.hold_after, Mishap::HoldAfter),
            ("reset_before", faults.reset_before, Mishap::ResetBefore),
            ("error_429", faults.error_429, Mishap::TooMany),
            ("error_500", faults.error_500, Mishap::ServerError),
            ("reset_after", faults.reset_after, Mishap::ResetAfter),
            ("truncate", faults.truncate, Mishap::Truncate),
        ]
        .into_iter()
        .find_map(|(name, p, mishap)| hits(name, p).then_some(mishap));
        let undone = [Mishap::ResetBefore, Mishap::TooMany, Mishap::ServerError, Mishap::HoldBefore];
        if !is_page || mishap.is_some_and(|mishap| undone.contains(&mishap)) {
            return Plan { mishap, slow, ..Plan::default() };
        }
        Plan {
            mishap,
            slow,
            duplicate_items: hits("duplicate_items", faults.duplicate_items),
            page_drift: hits("page_drift", faults.page_drift),
            unknown_state: hits("unknown_state", faults.unknown_state),
            unknown_fields: hits("unknown_fields", faults.unknown_fields),
            empty_page: hits("empty_page", faults.empty_page),
        }
    }

    pub fn is_late(&mut self, faults: &Faults) -> bool {
        let nth = self.count("place");
        self.hits("place", nth, "late", faults.late)
    }

    fn count(&mut self, request: &str) -> u64 {
        let seen = self.seen.entry(request.to_owned()).or_default();
        *seen += 1;
        *seen
    }

    fn hits(&mut self, request: &str, nth: u64, name: &str, p: f64) -> bool {
        let draw = xxh3_64_with_seed(format!("{request}\n{nth}\n{name}").as_bytes(), self.seed);
        // The upper 53 bits fill a float exactly: a fraction from 0 to just below 1.
        let hit = ((draw >> 11) as f64 / (1u64 << 53) as f64) < p && self.budget != Some(0);
        if hit {
            self.spent += 1;
            self.budget = self.budget.map(|left| left - 1);
        }
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mishaps(seed: u64, faults: &Faults) -> Vec<Option<Mishap>> {
        let mut dice = Dice::new(seed, faults);
        (0..200).map(|_| dice.plan(faults, "GET /api/orders", true).mishap).collect()
    }

    #[test]
    fn the_seed_decides() {
        let faults = Faults { error_500: 0.3, ..Faults::default() };
        assert_eq!(mishaps(7, &faults), mishaps(7, &faults));
        assert_ne!(mishaps(7, &faults), mishaps(8, &faults));
        let hit = mishaps(7, &faults).iter().flatten().count();
        assert!((30..90).contains(&hit), "{hit} of 200 at 0.3");
    }

    #[test]
    fn other_requests_and_other_faults_do_not_disturb_the_dice() {
        let few = Faults { error_500: 0.3, ..Faults::default() };
        let more = Faults { error_500: 0.3, unknown_fields: 0.5, ..Faults::default() };
        assert_eq!(mishaps(7, &few), mishaps(7, &more));
        let mut dice = Dice::new(7, &few);
        let mixed: Vec<_> = (0..200)
            .map(|n| {
                dice.plan(&few, &format!("PUT /api/orders/{n}/ship"), false);
                dice.plan(&few, "GET /api/orders", true).mishap
            })
            .collect();
        assert_eq!(mixed, mishaps(7, &few));
    }

    #[test]
    fn a_budget_and_a_filter_bound_the_faults() {
        let faults = Faults { reset_after: 1.0, only: Some("/ship".into()), at_most: Some(2), ..Faults::default() };
        let mut dice = Dice::new(1, &faults);
        assert_eq!(dice.plan(&faults, "GET /api/orders", true), Plan::default());
        let hit: Vec<_> =
            (0..4).map(|_| dice.plan(&faults, "PUT /api/orders/1/ship", false).mishap.is_some()).collect();
        assert_eq!(hit, [true, true, false, false]);
    }

    #[test]
    fn a_probability_is_from_0_to_1() {
        assert!(Faults { late: 1.5, ..Faults::default() }.check().is_err());
        assert!(Faults { late: f64::NAN, ..Faults::default() }.check().is_err());
        assert!(Faults { late: 1.0, ..Faults::default() }.check().is_ok());
    }
}
