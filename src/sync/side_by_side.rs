//! The feeds of several channels, built side by side by as many threads as the machine has cores.
//!
//! All read one state of the catalog: the writer, who alone changes it, waits meanwhile. What is told and put in place
//! keeps the order of the channels, whichever is built first.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use jiff::Timestamp;

use super::feeds::{FeedOptions, FeedRun, Made, make, put};
use crate::catalog::Writer;
use crate::channel::Channel;
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::feed::Findings;
use crate::shop::Shop;

/// Findings that may wait to be told before the one who makes them waits, too: a bad feed has millions.
const WAITING_MAX: usize = 1024;

/// The feed of one channel, on its way.
pub struct Coming<'a> {
    pub channel: &'a str,
    writer: &'a mut Writer,
    options: &'a FeedOptions,
    now: Timestamp,
    receiver: Receiver<Sent>,
}

/// What a thread says of the channel it builds.
enum Sent {
    Finding(Diagnostic),
    Made(Result<Box<(Channel, Made)>>),
}

impl Coming<'_> {
    /// Hands its findings to `tell` as they come, then puts the feed in place.
    pub fn arrive(self, tell: &mut dyn FnMut(&Diagnostic)) -> Result<FeedRun> {
        for sent in &self.receiver {
            match sent {
                Sent::Finding(finding) => tell(&finding),
                Sent::Made(made) => {
                    let (channel, made) = *made?;
                    return put(self.writer, &channel, self.options, self.now, made);
                }
            }
        }
        Err(Error::bug("a thread ended without its feed"))
    }
}

/// Builds the feeds of the channels called `names` and hands each to `each`, in that order, until it says `false`.
pub fn build_feeds(
    shop: &Shop,
    writer: &mut Writer,
    names: &[&str],
    options: &FeedOptions,
    now: Timestamp,
    mut each: impl FnMut(Coming<'_>) -> bool,
) {
    let (senders, receivers): (Vec<_>, Vec<_>) = names.iter().map(|_| sync_channel(WAITING_MAX)).unzip();
    let next = AtomicUsize::new(0);
    let builders = options.threads().min(names.len());
    // Threads that are left write what the others make.
    let two = 2 * builders <= options.threads();
    let work = || {
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let (Some(name), Some(sender)) = (names.get(turn), senders.get(turn)) else { return };
            build_one(shop, name, options, now, two, sender);
        }
    };
    thread::scope(|scope| {
        (0..builders).for_each(|_| drop(scope.spawn(work)));
        for (channel, receiver) in names.iter().zip(receivers) {
            if !each(Coming { channel, writer, options, now, receiver }) {
                // Nobody begins another; who is at work finishes into the void.
                next.store(names.len(), Ordering::Relaxed);
                break;
            }
        }
    });
}

/// Whoever listens may have gone away: then nobody needs it.
fn build_one(shop: &Shop, name: &str, options: &FeedOptions, now: Timestamp, two: bool, sender: &SyncSender<Sent>) {
    let mut sink = |finding: &Diagnostic| drop(sender.send(Sent::Finding(finding.clone())));
    let mut findings = Findings::new(&mut sink);
    let made = shop.channel(name).and_then(|channel| {
        let made = make(shop, &channel, options, now, two, &mut findings)?;
        Ok(Box::new((channel, made)))
    });
    drop(sender.send(Sent::Made(made)));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::shop::Start;
    use crate::value::Currency;

    fn shop(dir: &std::path::Path, now: Timestamp) -> Shop {
        let site = "https://shop.example2.com".to_owned();
        let currency = Currency::parse("EUR").unwrap();
        Shop::create(dir, &Start { name: "Shop".into(), currency, country: "DE".into(), site }, now).unwrap();
        Shop::open(dir).unwrap()
    }

    fn names_in_order(stop_after: usize) -> (Vec<String>, usize) {
        let dir = tempfile::tempdir().unwrap();
        let now = "2026-11-25T10:00:00Z".parse().unwrap();
        let shop = shop(dir.path(), now);
        let mut writer = shop.catalog.write("test", now, Duration::ZERO).unwrap();
        let names = ["pinterest", "no-such-channel", "criteo", "generic", "meta"];
        let options = FeedOptions { allow_shrink: true, ..FeedOptions::default() };
        let mut arrived = Vec::new();
        build_feeds(&shop, &mut writer, &names, &options, now, |coming| {
            let name = coming.channel;
            let run = coming.arrive(&mut |finding| panic!("{finding:?}"));
            arrived.push(run.map_or_else(|e| format!("{name}: {}", e.code), |run| run.channel));
            arrived.len() < stop_after
        });
        let placed = std::fs::read_dir(dir.path().join("out"))
            .unwrap()
            .filter_map(|e| e.unwrap().file_name().into_string().ok());
        (arrived, placed.filter(|name| !name.starts_with('.')).count())
    }

    #[test]
    fn feeds_arrive_in_the_order_asked_for_and_one_trouble_is_not_anothers() {
        let (arrived, placed) = names_in_order(5);
        assert_eq!(arrived, ["pinterest", "no-such-channel: channel/unknown", "criteo", "generic", "meta"]);
        assert_eq!(placed, 4);
    }

    #[test]
    fn who_wants_no_more_gets_no_more() {
        let (arrived, placed) = names_in_order(1);
        assert_eq!((arrived, placed), (vec!["pinterest".to_owned()], 1));
    }
}
