//! The only place where the sandbox learns what time it is.
use jiff::{SignedDuration, Timestamp};

/// The machine's clock, or one that stands still; either can be moved forward by hand.
#[derive(Debug)]
pub(super) struct Clock {
    fixed: Option<Timestamp>,
    moved: SignedDuration,
    last_stamp: Timestamp,
}

impl Clock {
    pub fn new(fixed: Option<Timestamp>) -> Self {
        Clock { fixed, moved: SignedDuration::ZERO, last_stamp: Timestamp::MIN }
    }

    pub fn now(&self) -> Timestamp {
        let base = self.fixed.unwrap_or_else(Timestamp::now);
        base.saturating_add(self.moved).unwrap_or(base)
    }

    pub fn advance(&mut self, seconds: u32) {
        self.moved = self.moved.saturating_add(SignedDuration::from_secs(i64::from(seconds)));
    }

    /// A time for a change: whole milliseconds, and later than every stamp before it, so that each change can be seen.
    pub fn stamp(&mut self) -> Timestamp {
        let now = Timestamp::from_millisecond(self.now().as_millisecond()).unwrap_or(self.last_stamp);
        let next = self.last_stamp.saturating_add(SignedDuration::from_millis(1)).unwrap_or(now);
        self.last_stamp = now.max(next);
        self.last_stamp
    }
}
