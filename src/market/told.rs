//! What becomes of single values of an answer, for all marketplaces alike.
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::value::time;

/// A moment; one without a zone is in UTC, as every API here has it. The error is one sentence.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    time::parse(text, Some(&TimeZone::UTC)).map_err(|invalid| invalid.message)
}

/// The parts that hold something, one after another.
pub(super) fn joined(parts: &[&Option<String>], with: &str) -> String {
    let parts = parts.iter().filter_map(|part| part.as_deref()).filter(|part| !part.trim().is_empty());
    parts.collect::<Vec<_>>().join(with)
}

/// A sum that does not overflow, or one sentence.
pub(super) fn sum(of: impl IntoIterator<Item = Result<i64, String>>) -> Result<i64, String> {
    let add = |sum: i64, more: i64| sum.checked_add(more).ok_or_else(|| "the amounts are too large".to_owned());
    of.into_iter().try_fold(0, |total, more| add(total, more?))
}
