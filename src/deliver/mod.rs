//! Where a finished feed goes: a file of this machine, or a [`Destination`] that [`deliver`] puts it at.
//!
//! Wherever the other side can, a feed is sent under another name and renamed once its size is what was sent, so that
//! nobody there reads half of it. What was interrupted is begun again from the start.
//!
//! | file | what it holds |
//! |---|---|
//! | `file` | a file of this machine, which appears whole or not at all |
//! | `document` | a file of a feed as it is sent: read once, packed if asked for |
//! | `load` | all files of a feed that go in one delivery |
//! | `destination` | where to, and how to be let in |
//! | `beside` | sending under another name, checking, renaming |
//! | `sftp`, `ftp`, `http`, `bucket` | the ways to get there |
//! | `remote` | a folder that is read, too: files that are carried |
//! | `serve` | the other way round: channels that fetch |
mod beside;
mod bucket;
mod destination;
mod document;
mod fault;
mod file;
mod ftp;
mod http;
mod load;
mod remote;
mod serve;
mod sftp;
#[cfg(test)]
mod tests;

pub use destination::{Destination, Login, Method, SCHEMES};
pub use document::Document;
pub use file::{Placed, ToFile, ToFiles};
pub use load::{Load, is_split};
pub use remote::{Entry, Found, Remote};
pub use serve::{Serving, serve};

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::diagnostic::{Error, Kind, Result, Retry};

/// How it is known that what arrived is what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Byte for byte.
    Bytes,
    /// The other side names the size that was sent.
    Size,
    /// The other side took it and tells no size.
    Untold,
}

impl Proof {
    pub fn name(self) -> &'static str {
        match self {
            Proof::Bytes => "bytes",
            Proof::Size => "size",
            Proof::Untold => "untold",
        }
    }
}

impl Proof {
    /// Of all files of a feed: what is known of each.
    fn and(self, other: Proof) -> Proof {
        match (self, other) {
            (Proof::Untold, _) | (_, Proof::Untold) => Proof::Untold,
            (Proof::Size, _) | (_, Proof::Size) => Proof::Size,
            (Proof::Bytes, Proof::Bytes) => Proof::Bytes,
        }
    }
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arrived {
    pub proof: Proof,
    /// Names of an earlier, larger feed that could not be removed over there.
    pub left: Vec<String>,
}

/// How long a place that is away is asked again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub tries: u32,
    /// Before the second try; doubled before each later one.
    pub wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { tries: 4, wait: Duration::from_millis(500) }
    }
}

/// Puts `load` at `to`, all its files or none where the place can rename, trying again while the place is away and nobody says `stop`.
///
/// # Errors
/// `deliver/unavailable` when the place is away or breaks off, `deliver/incomplete` when it names another size than was
/// sent, both after all tries; `deliver/refused-login`; `deliver/unknown-host`; `deliver/refused` for what it will refuse
/// again.
pub fn deliver(load: &Load, to: &Destination, patience: Patience, stop: &AtomicBool) -> Result<Arrived> {
    let mut wait = patience.wait;
    let mut attempt = 1;
    loop {
        match once(load, to) {
            Err(error) if matches!(error.retry, Retry::Later(_)) && attempt < patience.tries && nap(wait, stop) => {
                attempt += 1;
                wait = wait.saturating_mul(2);
            }
            ended => return ended,
        }
    }
}

fn once(load: &Load, to: &Destination) -> Result<Arrived> {
    match to.url.scheme() {
        "file" => file::put(load, to),
        "sftp" => sftp::put(load, to),
        "ftp" | "ftps" => ftp::put(load, to),
        "s3" | "gs" => bucket::put(load, to),
        "http" | "https" => http::put(load, to),
        other => Err(Error::new(Kind::Usage, "deliver/scheme", format!("feeds cannot be sent by {other}"))
            .help(format!("write an address that begins with one of {}", destination::SCHEMES.join(", ")))),
    }
}

/// Waits, unless told to stop: says whether it did.
fn nap(wait: Duration, stop: &AtomicBool) -> bool {
    const PIECE: Duration = Duration::from_millis(100);
    let mut left = wait;
    while !left.is_zero() && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(left.min(PIECE));
        left = left.saturating_sub(PIECE);
    }
    !stop.load(Ordering::Relaxed)
}
