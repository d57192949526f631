//! Effects on the outside, waiting to be sent: written with the deed they tell of, and marked as being sent before the
//! first byte leaves, so that a crash in between is known as an unknown outcome and never sent again blindly.
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use super::open::{Change, Reader, Writer};
use super::sql::{all, one, parsed, run, word};
use crate::diagnostic::{Error, Result};
use crate::value::time::to_utc_text;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    Acknowledge,
    Ship,
    Cancel,
    ReadyForPickup,
    PickedUp,
    Refund,
    /// Stock and prices.
    Push,
    /// Whole offers.
    Tell,
    /// A parcel, to somebody who did not send its order.
    Signal,
}

impl EffectKind {
    const ALL: [EffectKind; 9] = [
        EffectKind::Acknowledge,
        EffectKind::Ship,
        EffectKind::Cancel,
        EffectKind::ReadyForPickup,
        EffectKind::PickedUp,
        EffectKind::Refund,
        EffectKind::Push,
        EffectKind::Tell,
        EffectKind::Signal,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            EffectKind::Acknowledge => "acknowledge",
            EffectKind::Ship => "ship",
            EffectKind::Cancel => "cancel",
            EffectKind::ReadyForPickup => "ready_for_pickup",
            EffectKind::PickedUp => "picked_up",
            EffectKind::Refund => "refund",
            EffectKind::Push => "push",
            EffectKind::Tell => "tell",
            EffectKind::Signal => "signal",
        }
    }

    /// Whether it is sent with its order in hand.
    pub fn is_of_an_order(self) -> bool {
        !matches!(self, EffectKind::Push | EffectKind::Tell | EffectKind::Signal)
    }

    pub fn parse(text: &str) -> Option<EffectKind> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    Waiting,
    /// Handed to the network; found so at a start, the run before it died and the outcome is unknown.
    Sending,
    /// The answer was lost: to be read back before it is sent again.
    Unknown,
    /// Taken as a job the marketplace works on.
    Polling,
    Done,
    /// Given up; a person may retry or drop it.
    Dead,
}

impl EffectState {
    pub fn as_str(self) -> &'static str {
        match self {
            EffectState::Waiting => "waiting",
            EffectState::Sending => "sending",
            EffectState::Unknown => "unknown",
            EffectState::Polling => "polling",
            EffectState::Done => "done",
            EffectState::Dead => "dead",
        }
    }

    pub fn parse(text: &str) -> Option<EffectState> {
        use EffectState::*;
        [Waiting, Sending, Unknown, Polling, Done, Dead].into_iter().find(|s| s.as_str() == text)
    }
}

/// One row of the outbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outgoing {
    pub id: i64,
    pub channel: String,
    pub kind: EffectKind,
    /// What makes it the same effect: `ship 1001/2`.
    pub key: String,
    /// JSON, byte for byte as first written.
    #[serde(skip)]
    pub body: String,
    pub state: EffectState,
    pub attempts: i64,
    pub next_at: Timestamp,
    pub job: Option<String>,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    /// The order it belongs to, by the channel's id.
    pub order_id: Option<String>,
}

/// Sendings before an effect is given up. With the waits below that is about a day and a half.
pub const ATTEMPTS_MAX: i64 = 12;
/// Equal refusals in a row before an effect, or a listing, is left to a person.
pub const REFUSALS_MAX: i64 = 3;

pub(super) fn body_hash(body: &str) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(body.as_bytes()))
}

/// One minute, then twice as long each time, at most six hours.
fn backoff(attempts: i64) -> SignedDuration {
    let doubling = attempts.clamp(1, 10) - 1;
    SignedDuration::from_mins(1_i64 << doubling).min(SignedDuration::from_hours(6))
}

const SELECT: &str =
    "SELECT b.id, b.channel, b.kind, b.key, b.body, b.state, b.attempts, b.next_at, b.job, b.last_error,
  b.created_at, o.channel_order_id FROM outbox b LEFT JOIN orders o ON o.id = b.order_id";

fn outgoing(r: &Row<'_>) -> rusqlite::Result<Outgoing> {
    Ok(Outgoing {
        id: r.get("id")?,
        channel: r.get("channel")?,
        kind: word(r, "kind", EffectKind::parse)?,
        key: r.get("key")?,
        body: r.get("body")?,
        state: word(r, "state", EffectState::parse)?,
        attempts: r.get("attempts")?,
        next_at: parsed(r, "next_at")?,
        job: r.get("job")?,
        last_error: r.get("last_error")?,
        created_at: parsed(r, "created_at")?,
        order_id: r.get("channel_order_id")?,
    })
}

/// Rows of the outbox, oldest first; of every channel where none is named, and only the open ones unless `all`.
fn list(conn: &Connection, channel: Option<&str>, everything: bool, limit: usize) -> Result<Vec<Outgoing>> {
    let sql =
        format!("{SELECT} WHERE (?1 IS NULL OR b.channel = ?1) AND (?2 OR b.state <> 'done') ORDER BY b.id LIMIT ?3");
    all(conn, &sql, params![channel, everything, limit as i64], outgoing)
}

pub(super) fn of_order(conn: &Connection, order_id: i64) -> Result<Vec<Outgoing>> {
    all(conn, &format!("{SELECT} WHERE b.order_id = ?1 ORDER BY b.id"), [order_id], outgoing)
}

impl Reader {
    pub fn outbox(&self, channel: Option<&str>, everything: bool, limit: usize) -> Result<Vec<Outgoing>> {
        list(&self.conn, channel, everything, limit)
    }
}

impl Writer {
    /// By channel: how many effects wait, and how many were given up.
    pub fn outbox_counts(&self) -> Result<Vec<(String, u64, u64)>> {
        let sql =
            "SELECT channel, sum(state <> 'dead'), sum(state = 'dead') FROM outbox WHERE state <> 'done' GROUP BY 1";
        all(&self.conn, sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
    }

    /// Effects of `kinds` whose time has come, oldest first. Of one order only the first that is not settled, so that
    /// a shipment never overtakes its acceptance.
    pub fn due(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Outgoing>> {
        let sql = format!(
            "{SELECT} WHERE b.channel = ?1 AND b.next_at <= ?2 AND b.state NOT IN ('done', 'dead')
               AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.order_id = b.order_id AND e.id < b.id AND e.state NOT IN ('done', 'dead'))
             ORDER BY b.id LIMIT ?3"
        );
        all(&self.conn, &sql, params![channel, to_utc_text(now), limit as i64], outgoing)
    }

    /// Units of a line whose cancel was put into the outbox before `row`, or with it: what a marketplace that has
    /// `row` must say at least.
    pub fn canceled_before(&self, row: &Outgoing, line_id: &str) -> Result<i64> {
        let sql = "SELECT coalesce(sum(units.value ->> 1), 0)
                   FROM outbox b, json_each(b.body, '$.lines') units
                   WHERE b.order_id = (SELECT order_id FROM outbox WHERE id = ?1) AND b.kind = 'cancel' AND b.id <= ?1
                     AND units.value ->> 0 = ?2";
        Ok(one(&self.conn, sql, params![row.id, line_id], |r| r.get(0))?.unwrap_or(0))
    }

    /// Notes, and commits, that `row` is about to be sent. Nothing may be sent before this has returned.
    pub fn claim(&mut self, row: &Outgoing, now: Timestamp) -> Result<()> {
        let change = self.change(now)?;
        let sql = "UPDATE outbox SET state = 'sending', attempts = attempts + 1
                   WHERE id = ?1 AND state IN ('waiting', 'sending', 'unknown')";
        if run(&change.tx, sql, [row.id])? == 0 {
            return Err(Error::bug(format!("outbox row {} is not there to be sent", row.key)));
        }
        change.commit()
    }
}

impl Change<'_> {
    /// Puts an effect into the outbox, once per key. `false`: it is there already, with the same body.
    pub(super) fn enqueue(
        &self,
        channel: &str,
        order_id: Option<i64>,
        kind: EffectKind,
        key: &str,
        body: &impl Serialize,
    ) -> Result<bool> {
        let body = serde_json::to_string(body).map_err(|e| Error::bug("an effect could not be written").source(e))?;
        let hash = body_hash(&body);
        let known: Option<String> =
            one(&self.tx, "SELECT body_hash FROM outbox WHERE channel = ?1 AND key = ?2", [channel, key], |r| {
                r.get(0)
            })?;
        match known {
            Some(known) if known == hash => Ok(false),
            Some(_) => Err(Error::bug(format!("the outbox has `{key}` of {channel} with another body"))),
            None => {
                run(
                    &self.tx,
                    "INSERT INTO outbox (channel, order_id, kind, key, body, body_hash, next_at, created_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
                    params![channel, order_id, kind.as_str(), key, body, hash, self.now_text()],
                )?;
                Ok(true)
            }
        }
    }

    /// The marketplace has it. `note` says why it was not even sent, where it was not.
    pub fn outbox_done(&self, id: i64, note: Option<&str>) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'done', ended_at = ?2, last_error = ?3, job = NULL WHERE id = ?1";
        run(&self.tx, sql, params![id, self.now_text(), note]).map(drop)
    }

    /// The answer was lost: read back soon, before anything else.
    pub fn outbox_unknown(&self, row: &Outgoing, why: &str) -> Result<EffectState> {
        self.outbox_again(row, "unknown", why, None)
    }

    /// It did not get through; not before `not_before`, where the marketplace named a time.
    pub fn outbox_retry(&self, row: &Outgoing, why: &str, not_before: Option<Timestamp>) -> Result<EffectState> {
        self.outbox_again(row, "waiting", why, not_before)
    }

    fn outbox_again(
        &self,
        row: &Outgoing,
        state: &str,
        why: &str,
        not_before: Option<Timestamp>,
    ) -> Result<EffectState> {
        let attempts = row.attempts.saturating_add(1);
        if attempts >= ATTEMPTS_MAX {
            return self.outbox_dead(row.id, why);
        }
        let waited = self.now.checked_add(backoff(attempts)).unwrap_or(Timestamp::MAX);
        let next_at = not_before.map_or(waited, |t| t.max(waited));
        let sql =
            "UPDATE outbox SET state = ?2, next_at = ?3, last_error = ?4, refusals = 0, attempts = ?5 WHERE id = ?1";
        run(&self.tx, sql, params![row.id, state, to_utc_text(next_at), why, attempts])?;
        Ok(if state == "unknown" { EffectState::Unknown } else { EffectState::Waiting })
    }

    /// The marketplace refused it. The same refusal three times over leaves it to a person.
    pub fn outbox_refused(&self, row: &Outgoing, why: &str) -> Result<EffectState> {
        let refusals: i64 = one(
            &self.tx,
            "UPDATE outbox SET refusals = CASE WHEN last_error IS ?2 THEN refusals + 1 ELSE 1 END, last_error = ?2
             WHERE id = ?1 RETURNING refusals",
            params![row.id, why],
            |r| r.get(0),
        )?
        .unwrap_or(REFUSALS_MAX);
        if refusals >= REFUSALS_MAX || row.attempts + 1 >= ATTEMPTS_MAX {
            return self.outbox_dead(row.id, why);
        }
        let next_at = self.now.checked_add(backoff(row.attempts + 1)).unwrap_or(Timestamp::MAX);
        let sql = "UPDATE outbox SET state = 'waiting', next_at = ?2 WHERE id = ?1";
        run(&self.tx, sql, params![row.id, to_utc_text(next_at)])?;
        Ok(EffectState::Waiting)
    }

    pub fn outbox_dead(&self, id: i64, why: &str) -> Result<EffectState> {
        let sql = "UPDATE outbox SET state = 'dead', ended_at = ?2, last_error = ?3 WHERE id = ?1";
        run(&self.tx, sql, params![id, self.now_text(), why])?;
        Ok(EffectState::Dead)
    }

    /// Not sent after all, and not the marketplace's word on it: as if it had never been claimed.
    pub fn outbox_unclaim(&self, row: &Outgoing) -> Result<()> {
        let sql = "UPDATE outbox SET state = ?2, attempts = ?3 WHERE id = ?1";
        run(&self.tx, sql, params![row.id, row.state.as_str(), row.attempts]).map(drop)
    }

    /// A person wants it tried again now. One whose outcome is unknown is still read back first.
    pub fn retry_outgoing(&self, id: i64) -> Result<()> {
        let sql = "UPDATE outbox SET next_at = ?2, ended_at = NULL, refusals = 0,
                     attempts = CASE state WHEN 'dead' THEN 0 ELSE attempts END,
                     state = CASE WHEN state = 'dead' AND attempts > 0 THEN 'unknown' WHEN state = 'dead' THEN 'waiting' ELSE state END
                   WHERE id = ?1 AND state <> 'done'";
        self.require_outgoing(run(&self.tx, sql, params![id, self.now_text()])?, id)
    }

    /// A person gives it up: the marketplace is never told of it by purvey.
    pub fn drop_outgoing(&self, id: i64) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'done', ended_at = ?2, last_error = 'dropped by hand' WHERE id = ?1 AND state <> 'done'";
        self.require_outgoing(run(&self.tx, sql, params![id, self.now_text()])?, id)
    }

    fn require_outgoing(&self, changed: usize, id: i64) -> Result<()> {
        if changed > 0 {
            return Ok(());
        }
        Err(Error::input("outbox/unknown", format!("nothing with the number {id} waits to be sent"))
            .help("see `purvey outbox list`"))
    }
}
