//! The order of a run: pull, match, allocate, ship, push, and the outbox that never forgets.
mod feeds;

pub use feeds::{FeedOptions, FeedRun, build_feed, write_feed};
