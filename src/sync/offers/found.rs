//! What a channel finds wrong with offers after it took them: read once a day, and kept with each listing.
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{TellOptions, Told};
use crate::catalog::{Issue, Writer};
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result};
use crate::sync::{Channel, Occasion};

/// The name of its cursor.
const STREAM: &str = "issues";
const EVERY_HOURS: i64 = 24;
/// Pages of one run; the next goes on behind them, so that no run takes for ever.
const PAGES_MAX: usize = 100;

/// How far it was read.
#[derive(Default, Serialize, Deserialize)]
struct Read {
    /// Of the page to go on with.
    page: Option<String>,
    /// When the last page was read.
    ended_at: Option<Timestamp>,
}

/// Reads on, if it is time.
///
/// # Errors
/// Of the catalog, credentials; else it is a finding, and read by a later run.
pub(in crate::sync) fn read_issues(
    writer: &mut Writer,
    market: &Channel<'_>,
    options: TellOptions,
    occasion: &Occasion<'_>,
    done: &mut Told,
) -> Result<()> {
    let kept = writer.cursor(market.name, STREAM)?.and_then(|text| serde_json::from_str(&text).ok());
    let mut read: Read = kept.unwrap_or_default();
    let is_recent = |at: Timestamp| occasion.now.duration_since(at) < SignedDuration::from_hours(EVERY_HOURS);
    let rests = read.page.is_none() && read.ended_at.is_some_and(is_recent) && !options.full;
    if rests || occasion.dry_run {
        return Ok(());
    }
    for _ in 0..PAGES_MAX {
        let found = match market.connector.found_wrong(market.port, read.page.as_deref()) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(()),
            Err(error) => return later(writer, market, occasion, error, done),
        };
        let change = writer.change(occasion.now)?;
        for offer in found.offers {
            let issue = |problem: &crate::market::Problem| Issue {
                disapproved: problem.disapproved,
                words: problem.words.clone(),
            };
            let issues: Vec<Issue> = offer.problems.iter().map(issue).collect();
            let Some(sku) = change.put_issues(market.name, &offer.id, &issues)? else { continue };
            if let Some(worst) = issues.iter().find(|issue| issue.disapproved) {
                done.disapproved += 1;
                let message = format!("{} does not show the offer: {}", market.name, worst.words);
                let finding = Diagnostic::warning("offer/disapproved", message).at(Place::of_sku(sku));
                done.findings.push(finding.help("mend what it names; `purvey catalog show` has all it says"));
            }
        }
        read = match found.next {
            Some(page) => Read { page: Some(page), ..read },
            None => Read { page: None, ended_at: Some(occasion.now) },
        };
        change.put_cursor(market.name, STREAM, &serde_json::to_string(&read).unwrap_or_default())?;
        change.commit()?;
        if read.page.is_none() || occasion.stopped() {
            break;
        }
    }
    Ok(())
}

fn later(
    writer: &mut Writer,
    market: &Channel<'_>,
    occasion: &Occasion<'_>,
    error: Error,
    done: &mut Told,
) -> Result<()> {
    if !matches!(error.kind, Kind::Unavailable | Kind::Rejected) {
        return Err(error);
    }
    // the name of a page may be forgotten over there
    let change = writer.change(occasion.now)?;
    change.put_cursor(market.name, STREAM, &serde_json::to_string(&Read::default()).unwrap_or_default())?;
    change.commit()?;
    let message = format!("what is wrong with the offers could not be read: {}", error.message);
    let place = Place::default().attribute("channel").value(market.name);
    done.findings.push(Diagnostic::warning("offer/issues-unread", message).at(place).help("a later run reads it"));
    Ok(())
}
