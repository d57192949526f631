//! What can go wrong on the way, each said in one way whatever the way was.
use std::error::Error as StdError;

use crate::diagnostic::{Error, Kind, Place};

/// The place is away, or broke off: worth another try.
pub fn unavailable(place: &str, why: &str) -> Error {
    Error::new(Kind::Unavailable, "deliver/unavailable", format!("{place} cannot be reached: {why}"))
        .at(Place::file(place))
        .help("what was there before is still there; run it again later")
}

/// It was sent, and the place names another size.
pub fn incomplete(place: &str, there: u64, sent: u64) -> Error {
    let message = format!("{place} says it has {there} bytes of the {sent} that were sent");
    Error::new(Kind::Unavailable, "deliver/incomplete", message)
        .at(Place::file(place))
        .help("it was not put in place; look at the disk and the limits over there, then run it again")
}

pub fn refused_login(place: &str, why: &str) -> Error {
    Error::new(Kind::Credentials, "deliver/refused-login", format!("{place} lets us not in: {why}"))
        .at(Place::file(place))
        .help("check user, password, key or token under its [target.…] in purvey.toml, and what they may do over there")
}

/// It will refuse it again.
pub fn refused(place: &str, why: &str) -> Error {
    Error::new(Kind::Rejected, "deliver/refused", format!("{place} did not take the feed: {why}"))
        .at(Place::file(place))
        .help("check that the folder is there, may be written to and has room; what was there before is still there")
}

/// An error with all its causes: most libraries' own message says little.
pub fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        // many repeat their cause in their own words
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}
