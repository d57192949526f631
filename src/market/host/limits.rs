//! Token buckets per account and operation, so that a marketplace's limit is kept instead of run into.
//!
//! A bucket is one moment: when it will be full again. Each request moves that moment on by one refill, and has to wait
//! when the bucket would be more than empty. So a bucket fits in one column, and needs no upkeep while nobody asks.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::diagnostic::Result;
use crate::market::Limit;

/// Keeps the moment at which a bucket is full again between runs.
pub trait BucketStore: Send + Sync {
    fn load(&self, account: &str, operation: &str) -> Result<Option<Timestamp>>;
    fn save(&self, account: &str, operation: &str, full_at: Timestamp) -> Result<()>;
}

/// Forgets with the process.
#[derive(Debug, Default)]
pub struct MemoryBuckets(Mutex<HashMap<(String, String), Timestamp>>);

impl BucketStore for MemoryBuckets {
    fn load(&self, account: &str, operation: &str) -> Result<Option<Timestamp>> {
        let buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(buckets.get(&(account.to_owned(), operation.to_owned())).copied())
    }

    fn save(&self, account: &str, operation: &str, full_at: Timestamp) -> Result<()> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.insert((account.to_owned(), operation.to_owned()), full_at);
        Ok(())
    }
}

/// The buckets of one account.
pub(super) struct Limits<'a> {
    pub account: String,
    pub limits: &'static [Limit],
    pub store: Box<dyn BucketStore + 'a>,
    /// Refills the marketplace told since this run began.
    pub learned: Mutex<HashMap<&'static str, Duration>>,
}

impl Limits<'_> {
    /// Takes a token, or says how long to wait for one; then nothing is taken.
    pub fn take(&self, operation: &str, now: Timestamp) -> Result<Option<Duration>> {
        let (refill, depth) = self.shape(operation);
        let Some(full_at) = self.store.load(&self.account, operation)? else {
            self.store.save(&self.account, operation, later(now, refill))?;
            return Ok(None);
        };
        let free_at = full_at.saturating_sub(depth).unwrap_or(now);
        if free_at > now {
            return Ok(Some(now.duration_until(free_at).unsigned_abs()));
        }
        self.store.save(&self.account, operation, later(full_at.max(now), refill))?;
        Ok(None)
    }

    /// The marketplace said not to come back before `until`.
    pub fn hold(&self, operation: &str, until: Timestamp) -> Result<()> {
        let held = later(until, self.shape(operation).1);
        let full_at = self.store.load(&self.account, operation)?;
        self.store.save(&self.account, operation, full_at.map_or(held, |at| at.max(held)))
    }

    /// The marketplace said how soon one token follows another.
    pub fn learn(&self, operation: &'static str, refill: Duration) {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner).insert(operation, refill);
    }

    /// Time for one token, and for all tokens that may be taken ahead of time.
    fn shape(&self, operation: &str) -> (Duration, Duration) {
        let limit = self.limits.iter().find(|limit| limit.operation == operation);
        let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner).get(operation).copied();
        let refill = learned.or_else(|| Some(limit?.refill)).unwrap_or_default();
        (refill, refill.saturating_mul(limit.map_or(0, |limit| limit.burst.saturating_sub(1))))
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    static LIMITS: &[Limit] = &[Limit { operation: "orders", burst: 3, refill: Duration::from_secs(10) }];

    fn limits() -> Limits<'static> {
        Limits {
            account: "a".to_owned(),
            limits: LIMITS,
            store: Box::new(MemoryBuckets::default()),
            learned: Mutex::default(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    #[test]
    fn a_burst_goes_through_and_then_one_per_refill() {
        let limits = limits();
        for second in [0, 0, 1] {
            assert_eq!(limits.take("orders", at(second)).unwrap(), None);
        }
        assert_eq!(limits.take("orders", at(1)).unwrap(), Some(Duration::from_secs(9)));
        assert_eq!(limits.take("orders", at(10)).unwrap(), None);
        assert_eq!(limits.take("orders", at(10)).unwrap(), Some(Duration::from_secs(10)));
        // long idle: the bucket is full again, and no fuller
        for second in [500, 500, 500] {
            assert_eq!(limits.take("orders", at(second)).unwrap(), None);
        }
        assert!(limits.take("orders", at(500)).unwrap().is_some());
    }

    #[test]
    fn operations_do_not_share_and_unlimited_ones_never_wait() {
        let limits = limits();
        for _ in 0..100 {
            assert_eq!(limits.take("ship", at(0)).unwrap(), None);
        }
        assert_eq!(limits.take("orders", at(0)).unwrap(), None);
    }

    #[test]
    fn a_hold_is_kept_for_limited_and_unlimited_operations() {
        let limits = limits();
        for operation in ["orders", "ship"] {
            limits.hold(operation, at(30)).unwrap();
            assert_eq!(limits.take(operation, at(10)).unwrap(), Some(Duration::from_secs(20)), "{operation}");
            assert_eq!(limits.take(operation, at(30)).unwrap(), None, "{operation}");
        }
    }

    #[test]
    fn what_the_marketplace_tells_of_its_limit_counts_from_then_on() {
        let limits = limits();
        assert_eq!(limits.take("orders", at(0)).unwrap(), None);
        limits.learn("orders", Duration::from_secs(100));
        limits.learn("ship", Duration::from_secs(5));
        for (second, wait) in [(0, None), (0, None), (0, Some(10)), (10, None), (10, Some(100))] {
            assert_eq!(limits.take("orders", at(second)).unwrap(), wait.map(Duration::from_secs), "{second}");
        }
        assert_eq!(limits.take("ship", at(0)).unwrap(), None);
        assert_eq!(limits.take("ship", at(0)).unwrap(), Some(Duration::from_secs(5)));
    }
}
