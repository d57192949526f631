//! The only place where the sandbox learns what time it is.
use crate::market::host::{Clock as _, FileClock};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The machine's clock, one that stands still, or one that its clients look at too; each can be moved forward by hand.
#[derive(Debug)]
pub(super) struct Clock {
    fixed: Option<Timestamp>,
    shared: Option<FileClock>,
    moved: SignedDuration,
    last_stamp: Timestamp,
}

impl Clock {
    pub fn new(fixed: Option<Timestamp>, shared: Option<FileClock>) -> Self {
        Clock { fixed, shared, moved: SignedDuration::ZERO, last_stamp: Timestamp::MIN }
    }

    pub fn now(&self) -> Timestamp {
        if let Some(shared) = &self.shared {
            return shared.now();
        }
        let base = self.fixed.unwrap_or_else(Timestamp::now);
        base.saturating_add(self.moved).unwrap_or(base)
    }

    pub fn advance(&mut self, seconds: u32) {
        match &self.shared {
            Some(shared) => shared.sleep(Duration::from_secs(u64::from(seconds))),
            None => self.moved = self.moved.saturating_add(SignedDuration::from_secs(i64::from(seconds))),
        }
    }

    /// A time for a change: whole milliseconds, and later than every stamp before it, so that each change can be seen.
    pub fn stamp(&mut self) -> Timestamp {
        let now = Timestamp::from_millisecond(self.now().as_millisecond()).unwrap_or(self.last_stamp);
        let next = self.last_stamp.saturating_add(SignedDuration::from_millis(1)).unwrap_or(now);
        self.last_stamp = now.max(next);
        self.last_stamp
    }
}
