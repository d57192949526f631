//! Offers that a marketplace took as a job: a later run asks what came of them.
use jiff::{SignedDuration, Timestamp};

use crate::catalog::{EffectState, Outgoing};
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result};
use crate::market::{ItemResult, Polled};

/// How long a job may take before what it carried is told anew.
const HOURS_MAX: i64 = 24;

pub(super) enum Job {
    Ended(Vec<ItemResult>),
    /// Nobody will learn what came of it; what it carried is told anew.
    Lost(Option<Diagnostic>),
    /// It is still worked on, or could not be asked for this time.
    Open(Option<Error>),
}

/// How the job of `row` is doing, by `poll`.
pub(super) fn ask(row: &Outgoing, now: Timestamp, poll: impl FnOnce(&str) -> Result<Polled>) -> Job {
    // of one that was being sent the answer never came
    let Some(job) = row.job.as_deref().filter(|_| row.state == EffectState::Polling) else { return Job::Lost(None) };
    let lost = |why: String| {
        let finding = Diagnostic::warning("push/job-lost", format!("job {job} {why}"));
        let place = Place::default().attribute("channel").value(row.channel.as_str());
        Job::Lost(Some(finding.at(place).help("what it carried is told anew")))
    };
    match poll(job) {
        Ok(Polled::Done(results)) => Job::Ended(results),
        Ok(Polled::Pending) if now.duration_since(row.created_at) > SignedDuration::from_hours(HOURS_MAX) => {
            lost(format!("has not ended in {HOURS_MAX} hours"))
        }
        Ok(Polled::Pending) => Job::Open(None),
        Err(error) if error.kind == Kind::Rejected => lost(format!("cannot be asked for: {}", error.message)),
        Err(error) => Job::Open(Some(error)),
    }
}
