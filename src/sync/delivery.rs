//! Finished feeds to their targets: several at once, each with its own result; what arrived is remembered, so that an
//! unchanged feed is not sent again and a smaller one is not put in the place of a larger one.
use serde::Serialize;

use super::Occasion;
use super::feeds::feed_file;
use super::guard::{Extent, guard};
use crate::catalog::{Delivery, FeedRecord, Writer};
use crate::channel::Channel;
use crate::deliver::{Arrived, Destination, Load, Patience, Proof, deliver, is_split};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::shop::Shop;
use crate::value::time::to_utc_text;

/// How feeds are to be sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct PushOptions {
    /// Send what was sent before, too.
    pub full: bool,
    pub allow_shrink: bool,
    pub patience: Patience,
}

/// What became of one feed at one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedPush {
    pub channel: String,
    pub target: String,
    /// The feed's address there, without secrets.
    pub place: String,
    pub offers: u64,
    /// As they were, or would be, sent.
    pub bytes: u64,
    /// More than one where it is split.
    pub files: u64,
    pub outcome: Arrival,
    /// Files of an earlier, larger feed that are there still: the target did not let them be removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "proof")]
pub enum Arrival {
    Delivered(Proof),
    /// It is there already.
    Unchanged,
    /// A dry run: it would have been sent.
    Withheld,
}

impl FeedPush {
    pub fn changed_something(&self) -> bool {
        matches!(self.outcome, Arrival::Delivered(_))
    }

    /// What somebody has to do over there.
    pub fn finding(&self) -> Option<Diagnostic> {
        let (first, more) = (self.left.first()?, self.left.len() - 1);
        let others = if more > 0 { format!(" and {more} more") } else { String::new() };
        let message = format!("{first}{others} of an earlier, larger feed could not be removed at {}", self.target);
        Some(
            Diagnostic::warning("deliver/left-behind", message)
                .at(Place::file(&self.place))
                .help("remove it over there: its offers are old"),
        )
    }
}

/// A feed ready to be sent.
struct Parcel {
    load: Load,
    to: Destination,
    feed: FeedRecord,
    push: FeedPush,
}

/// Sends the feeds of `channels` that are built to each of their targets, all at once.
///
/// # Errors
/// The outer one is the catalog's; the inner ones are each target's own, and remembered.
pub fn push_feeds(
    shop: &Shop,
    writer: &mut Writer,
    channels: &[&str],
    options: &PushOptions,
    occasion: &Occasion<'_>,
) -> Result<Vec<Result<FeedPush>>> {
    let mut results = Vec::new();
    let mut parcels = Vec::new();
    for name in channels {
        let channel = match shop.channel(name) {
            Ok(channel) => channel,
            Err(error) => {
                results.push(Err(error));
                continue;
            }
        };
        for target in &channel.settings.to {
            match pack(shop, writer, &channel, target, options) {
                Ok(parcel) if parcel.push.outcome == Arrival::Withheld && !occasion.dry_run => parcels.push(parcel),
                Ok(parcel) => results.push(Ok(parcel.push)),
                Err(error) => results.push(Err(shop.locate(error))),
            }
        }
    }
    let sent: Vec<Result<Arrived>> = std::thread::scope(|scope| {
        let send = |parcel: &Parcel| deliver(&parcel.load, &parcel.to, options.patience, occasion.stop);
        let sending: Vec<_> = parcels.iter().map(|parcel| scope.spawn(move || send(parcel))).collect();
        sending
            .into_iter()
            .map(|sent| sent.join().unwrap_or_else(|_| Err(Error::bug("a delivery ended early"))))
            .collect()
    });
    for (parcel, sent) in parcels.into_iter().zip(sent) {
        results.push(remember(writer, parcel, sent, occasion)?);
    }
    Ok(results)
}

/// What is to be sent, if it may be: an outcome of `Withheld` says that it is not there yet.
fn pack(shop: &Shop, writer: &Writer, channel: &Channel, target: &str, options: &PushOptions) -> Result<Parcel> {
    let file = feed_file(channel)?;
    let path = shop.path(&file);
    let to = shop.destination(target)?;
    if is_split(&path) && !to.is_folder() {
        let message =
            format!("the feed of {} is several files, and target {target} is the address of one", channel.name);
        return Err(Error::usage("deliver/split", message)
            .at(Place::file("purvey.toml").attribute(format!("target.{target}.url")))
            .help("end its address with a slash: the files go into it under their own names"));
    }
    let build_it = || format!("run `purvey feed build {}` first", channel.name);
    let feed = writer.last_feed(&channel.name, &file)?.ok_or_else(|| {
        Error::input("deliver/nothing-built", format!("{} has no feed yet", channel.name)).help(build_it())
    })?;
    let place = to.place(&channel.settings.compress.name(&path.file_name().unwrap_or_default().to_string_lossy()));
    let last = writer.last_delivery(&channel.name, target, &place)?;
    let load = Load::open(&path, channel.settings.compress, last.as_ref().map_or(0, |last| last.files))?;
    if load.hash() != feed.hash {
        return Err(Error::input("deliver/not-as-built", format!("{file} is not as it was built"))
            .at(Place::file(&file))
            .help(build_it()));
    }
    let is_there = !options.full && last.as_ref().is_some_and(|last| last.hash == feed.hash);
    if let Some(last) = last.filter(|_| !options.allow_shrink) {
        let last = Extent { offers: last.offers, in_stock: last.in_stock };
        guard(channel, &place, Some(last), Extent::of(&feed))?;
    }
    let push = FeedPush {
        channel: channel.name.clone(),
        target: target.to_owned(),
        place,
        offers: feed.offers,
        bytes: load.bytes(),
        files: load.files(),
        left: Vec::new(),
        outcome: if is_there { Arrival::Unchanged } else { Arrival::Withheld },
    };
    Ok(Parcel { load, to, feed, push })
}

fn remember(
    writer: &mut Writer,
    parcel: Parcel,
    sent: Result<Arrived>,
    occasion: &Occasion<'_>,
) -> Result<Result<FeedPush>> {
    let Parcel { mut push, feed, .. } = parcel;
    let change = writer.change(occasion.now)?;
    let result = match sent {
        Ok(Arrived { proof, left }) => {
            let delivery = Delivery {
                offers: feed.offers,
                in_stock: feed.in_stock,
                bytes: push.bytes,
                files: push.files,
                hash: feed.hash,
                proof: proof.name().to_owned(),
                delivered_at: to_utc_text(occasion.now),
            };
            change.put_delivery(&push.channel, &push.target, &push.place, &delivery)?;
            (push.outcome, push.left) = (Arrival::Delivered(proof), left);
            Ok(push)
        }
        Err(error) => {
            change.put_failed_delivery(&push.channel, &push.target, &push.place, &error.message)?;
            Err(error)
        }
    };
    change.commit()?;
    Ok(result)
}
