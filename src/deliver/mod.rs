//! Where a finished feed goes: a file of this machine, or a [`Destination`] that [`deliver`] puts it at.
//!
//! Wherever the other side can, a feed is sent under another name and renamed once its size is what was sent, so that
//! nobody there reads half of it. What was interrupted is begun again from the start.
//!
//! | file | what it holds |
//! |---|---|
//! | `file` | a file of this machine, which appears whole or not at all |
//! | `document` | the feed as it is sent: read once, packed if asked for |
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
mod remote;
mod serve;
mod sftp;
#[cfg(test)]
mod tests;

pub use destination::{Destination, Login, Method, SCHEMES};
pub use document::Document;
pub use file::{Placed, ToFile, ToFiles};
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

/// Puts `document` at `to`, trying again while the place is away and nobody says `stop`.
///
/// # Errors
/// `deliver/unavailable` when the place is away or breaks off, `deliver/incomplete` when it names another size than was
/// sent, both after all tries; `deliver/refused-login`; `deliver/unknown-host`; `deliver/refused` for what it will refuse
/// again.
pub fn deliver(document: &Document, to: &Destination, patience: Patience, stop: &AtomicBool) -> Result<Proof> {
    let mut wait = patience.wait;
    let mut attempt = 1;
    loop {
        match once(document, to) {
            Err(error) if matches!(error.retry, Retry::Later(_)) && attempt < patience.tries && nap(wait, stop) => {
                attempt += 1;
                wait = wait.saturating_mul(2);
            }
            ended => return ended,
        }
    }
}

fn once(document: &Document, to: &Destination) -> Result<Proof> {
    match to.url.scheme() {
        "file" => file::put(document, to),
        "sftp" => sftp::put(document, to),
        "ftp" | "ftps" => ftp::put(document, to),
        "s3" | "gs" => bucket::put(document, to),
        "http" | "https" => http::put(document, to),
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
