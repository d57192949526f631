//! The catalog's own checker: every truth that is kept twice is compared with the other, and the file with SQLite's
//! own checks. It reports and changes nothing.
use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::fault::fault;
use super::open::Reader;
use super::sql::all;
use crate::diagnostic::{Diagnostic, Place, Result};
use crate::order::{Fulfillment, State};
use crate::stock::HoldKind;
use crate::value::time::to_utc_text;

/// Findings of one kind that are listed; the rest is counted.
const LISTED_MAX: usize = 20;

/// A query that finds what is wrong: `subject` (SKU, order, row) and `detail`.
struct Check {
    code: &'static str,
    message: &'static str,
    severe: bool,
    help: &'static str,
    sql: &'static str,
}

const RESTORE: &str = "restore a backup, and please report how it came about: purvey never writes this";
const COUNT: &str = "count the stock of this SKU there: `purvey stock count`";

const CHECKS: &[Check] = &[
    Check {
        code: "doctor/level-not-sum",
        message: "the level is not the sum of its movements",
        severe: true,
        help: RESTORE,
        sql: "WITH sums AS (SELECT variant_id, location_id, sum(on_hand) AS h, sum(reserved) AS r, sum(allocated) AS a
                FROM movement GROUP BY variant_id, location_id)
              SELECT v.sku AS subject, l.code || ': on hand ' || coalesce(s.on_hand, 0) || ' against ' || coalesce(m.h, 0)
                || ', reserved ' || coalesce(s.reserved, 0) || ' against ' || coalesce(m.r, 0)
                || ', allocated ' || coalesce(s.allocated, 0) || ' against ' || coalesce(m.a, 0) AS detail
              FROM stock s FULL JOIN sums m ON m.variant_id = s.variant_id AND m.location_id = s.location_id
              LEFT JOIN variant v ON v.id = coalesce(s.variant_id, m.variant_id)
              LEFT JOIN location l ON l.id = coalesce(s.location_id, m.location_id)
              WHERE s.on_hand IS NOT m.h OR s.reserved IS NOT m.r OR s.allocated IS NOT m.a",
    },
    Check {
        code: "doctor/level-available",
        message: "what is available at a location is not on hand less held less safety",
        severe: true,
        help: RESTORE,
        sql: "SELECT v.sku AS subject, l.code || ': ' || s.available AS detail
              FROM stock s JOIN variant v ON v.id = s.variant_id JOIN location l ON l.id = s.location_id
              WHERE s.available <> max(0, s.on_hand - s.reserved - s.allocated - v.safety)",
    },
    Check {
        code: "doctor/variant-available",
        message: "what is available of a variant is not the sum of its locations",
        severe: true,
        help: RESTORE,
        sql: "SELECT v.sku AS subject, v.available || ' against ' || coalesce(sum(s.available), 0) AS detail
              FROM variant v LEFT JOIN (stock s JOIN location l ON l.id = s.location_id AND l.fulfills_online = 1 AND l.active = 1)
                ON s.variant_id = v.id
              GROUP BY v.id HAVING v.available <> coalesce(sum(s.available), 0)",
    },
    Check {
        code: "doctor/holds-not-level",
        message: "what orders hold is not what the level says is held",
        severe: true,
        help: RESTORE,
        sql: "WITH held AS (SELECT i.variant_id, h.location_id,
                sum(CASE h.kind WHEN 'reservation' THEN h.quantity ELSE 0 END) AS r,
                sum(CASE h.kind WHEN 'allocation' THEN h.quantity ELSE 0 END) AS a
                FROM hold h JOIN line_item i ON i.id = h.line_item_id GROUP BY i.variant_id, h.location_id)
              SELECT v.sku AS subject, l.code || ': reserved ' || coalesce(s.reserved, 0) || ' against ' || coalesce(h.r, 0)
                || ', allocated ' || coalesce(s.allocated, 0) || ' against ' || coalesce(h.a, 0) AS detail
              FROM stock s FULL JOIN held h ON h.variant_id = s.variant_id AND h.location_id = s.location_id
              LEFT JOIN variant v ON v.id = coalesce(s.variant_id, h.variant_id)
              LEFT JOIN location l ON l.id = coalesce(s.location_id, h.location_id)
              WHERE coalesce(s.reserved, 0) <> coalesce(h.r, 0) OR coalesce(s.allocated, 0) <> coalesce(h.a, 0)",
    },
    Check {
        code: "doctor/line-overdrawn",
        message: "more units of a line are canceled and shipped than were ordered",
        severe: true,
        help: RESTORE,
        sql: "SELECT o.channel || '/' || o.channel_order_id || '/' || i.channel_line_id AS subject,
                i.quantity || ' ordered, ' || i.canceled || ' canceled, ' || i.shipped || ' shipped' AS detail
              FROM line_item i JOIN orders o ON o.id = i.order_id WHERE i.canceled + i.shipped > i.quantity",
    },
    Check {
        code: "doctor/line-held",
        message: "a line holds more, or waits for more, than it has open",
        severe: true,
        help: RESTORE,
        sql: "SELECT o.channel || '/' || o.channel_order_id || '/' || i.channel_line_id AS subject,
                (i.quantity - i.canceled - i.shipped) || ' open, ' || coalesce(sum(h.quantity), 0) || ' held, ' || i.short || ' short' AS detail
              FROM line_item i JOIN orders o ON o.id = i.order_id LEFT JOIN hold h ON h.line_item_id = i.id
              GROUP BY i.id HAVING coalesce(sum(h.quantity), 0) + i.short > max(0, i.quantity - i.canceled - i.shipped)",
    },
    Check {
        code: "doctor/held-when-over",
        message: "a canceled, refused or unmatched line still holds stock",
        severe: true,
        help: RESTORE,
        sql: "SELECT o.channel || '/' || o.channel_order_id || '/' || i.channel_line_id AS subject, sum(h.quantity) || ' held' AS detail
              FROM hold h JOIN line_item i ON i.id = h.line_item_id JOIN orders o ON o.id = i.order_id
              WHERE o.state IN ('canceled', 'refused', 'pending') OR o.fulfillment = 'by_channel' OR i.variant_id IS NULL
              GROUP BY i.id",
    },
    Check {
        code: "doctor/line-not-sent",
        message: "the parcels of a line hold more than has left of it",
        severe: true,
        help: RESTORE,
        sql: "SELECT o.channel || '/' || o.channel_order_id || '/' || i.channel_line_id AS subject,
                sum(s.quantity) || ' in parcels, ' || i.shipped || ' shipped' AS detail
              FROM shipment_line s JOIN line_item i ON i.id = s.line_item_id JOIN orders o ON o.id = i.order_id
              GROUP BY i.id HAVING sum(s.quantity) > i.shipped",
    },
    Check {
        code: "doctor/foreign-parcel-line",
        message: "a parcel holds a line of another order",
        severe: true,
        help: RESTORE,
        sql: "SELECT o.channel || '/' || o.channel_order_id AS subject, 'package ' || p.package_number AS detail
              FROM shipment_line s JOIN shipment p ON p.id = s.shipment_id JOIN line_item i ON i.id = s.line_item_id
              JOIN orders o ON o.id = p.order_id WHERE i.order_id <> p.order_id",
    },
    Check {
        code: "doctor/returned-too-much",
        message: "the returns of a line are not what the line says, or more than has left",
        severe: true,
        help: RESTORE,
        sql: "SELECT o.channel || '/' || o.channel_order_id || '/' || i.channel_line_id AS subject,
                i.returned || ' against ' || coalesce(sum(r.quantity), 0) || ', ' || i.shipped || ' shipped' AS detail
              FROM line_item i JOIN orders o ON o.id = i.order_id LEFT JOIN return_line r ON r.line_item_id = i.id
              GROUP BY i.id HAVING i.returned <> coalesce(sum(r.quantity), 0) OR i.returned > i.shipped",
    },
    Check {
        code: "doctor/outbox-order",
        message: "something about an order is addressed to another channel than the order's",
        severe: true,
        help: RESTORE,
        sql: "SELECT b.channel || ' ' || b.key AS subject, 'order of ' || o.channel AS detail
              FROM outbox b JOIN orders o ON o.id = b.order_id WHERE b.channel <> o.channel",
    },
    Check {
        code: "doctor/outbox-ends",
        message: "something in the outbox is over and not over",
        severe: true,
        help: RESTORE,
        sql: "SELECT channel || ' ' || key AS subject, state AS detail FROM outbox
              WHERE (state IN ('done', 'dead')) <> (ended_at IS NOT NULL) OR (state = 'polling' AND job IS NULL)
                OR (kind <> 'push' AND order_id IS NULL)",
    },
    Check {
        code: "doctor/parcel-not-in-outbox",
        message: "the marketplace is to be told of a parcel that does not exist",
        severe: true,
        help: RESTORE,
        sql: "SELECT b.channel || ' ' || b.key AS subject, 'package ' || (b.body ->> 'package_number') AS detail FROM outbox b
              WHERE b.kind = 'ship' AND NOT EXISTS (SELECT 1 FROM shipment s WHERE s.order_id = b.order_id
                AND s.package_number = b.body ->> 'package_number' AND s.tracking_number IS b.body ->> 'tracking_number')",
    },
    Check {
        code: "doctor/outbox-dead",
        message: "the marketplace was not told, and purvey has given up",
        severe: false,
        help: "see `purvey orders outbox`: retry it, or drop it if it is settled by hand",
        sql: "SELECT channel || ' ' || key AS subject, coalesce(last_error, '') AS detail FROM outbox WHERE state = 'dead'",
    },
    Check {
        code: "doctor/oversold",
        message: "more is held than is on hand",
        severe: false,
        help: COUNT,
        sql: "SELECT v.sku AS subject, l.code || ': ' || s.on_hand || ' on hand, ' || (s.reserved + s.allocated) || ' held' AS detail
              FROM stock s JOIN variant v ON v.id = s.variant_id JOIN location l ON l.id = s.location_id
              WHERE s.reserved + s.allocated > max(0, s.on_hand)",
    },
    Check {
        code: "doctor/below-zero",
        message: "more has left than was ever counted",
        severe: false,
        help: COUNT,
        sql: "SELECT v.sku AS subject, l.code || ': ' || s.on_hand || ' on hand' AS detail
              FROM stock s JOIN variant v ON v.id = s.variant_id JOIN location l ON l.id = s.location_id WHERE s.on_hand < 0",
    },
    Check {
        code: "doctor/listing-refused",
        message: "the marketplace refuses this listing's stock",
        severe: false,
        help: "mend the listing there, then `purvey push --retry`",
        sql: "SELECT channel || ' ' || channel_sku AS subject, coalesce(last_error, '') AS detail FROM listing WHERE refusals >= 3",
    },
];

impl Reader {
    /// Everything that is wrong, the gravest first. An error means a damaged catalog, a warning something to be mended.
    pub fn doctor(&self, now: Timestamp) -> Result<Vec<Diagnostic>> {
        let mut findings = file_checks(&self.conn)?;
        for check in CHECKS {
            findings.extend(run_check(&self.conn, check)?);
        }
        findings.extend(words(&self.conn)?);
        findings.extend(hashes(&self.conn)?);
        findings.extend(futures(&self.conn, now)?);
        findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        Ok(findings)
    }
}

fn file_checks(conn: &Connection) -> Result<Vec<Diagnostic>> {
    let damage = |code: &str, message: String| Diagnostic::error(code, message).help("restore the last good backup");
    let mut findings = Vec::new();
    for said in all(conn, "PRAGMA integrity_check(20)", [], |r| r.get::<_, String>(0))? {
        if said != "ok" {
            findings.push(damage("doctor/damaged", format!("the file is damaged: {said}")));
        }
    }
    let orphans = all(conn, "PRAGMA foreign_key_check", [], |r| {
        Ok((r.get::<_, String>(0)?, r.get::<_, Option<i64>>(1)?, r.get::<_, String>(2)?))
    })?;
    for (table, row, parent) in orphans.into_iter().take(LISTED_MAX) {
        let row = row.map(|r| format!(" row {r}")).unwrap_or_default();
        findings.push(damage("doctor/orphan", format!("{table}{row} refers to a {parent} that is not there")));
    }
    Ok(findings)
}

fn run_check(conn: &Connection, check: &Check) -> Result<Vec<Diagnostic>> {
    let read = |r: &Row<'_>| Ok((r.get::<_, Option<String>>("subject")?, r.get::<_, Option<String>>("detail")?));
    Ok(limited(all(conn, check.sql, [], read)?, |(subject, detail)| {
        let message = format!("{}: {}", check.message, detail.unwrap_or_default());
        let finding = if check.severe {
            Diagnostic::error(check.code, message)
        } else {
            Diagnostic::warning(check.code, message)
        };
        finding.at(Place::default().attribute("subject").value(&subject.unwrap_or_default())).help(check.help)
    }))
}

/// The first findings, and how many more there are.
fn limited<T>(found: Vec<T>, describe: impl Fn(T) -> Diagnostic) -> Vec<Diagnostic> {
    let more = found.len().saturating_sub(LISTED_MAX);
    let mut findings: Vec<Diagnostic> = found.into_iter().take(LISTED_MAX).map(describe).collect();
    if let (1.., Some(last)) = (more, findings.last_mut()) {
        last.message.push_str(&format!(" (and {more} more of this kind)"));
    }
    findings
}

/// Columns that hold one word of a list kept in the code, not in the schema.
fn words(conn: &Connection) -> Result<Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let mut check = |sql: &str, known: &dyn Fn(&str) -> bool| -> Result<()> {
        for word in all(conn, sql, [], |r| r.get::<_, String>(0))? {
            if !known(&word) {
                let message = format!("`{word}` is no word purvey knows ({sql})");
                findings.push(Diagnostic::error("doctor/unknown-word", message).help(RESTORE));
            }
        }
        Ok(())
    };
    check("SELECT DISTINCT state FROM orders", &|w| State::parse(w).is_some())?;
    check("SELECT DISTINCT heard_state FROM orders WHERE heard_state IS NOT NULL", &|w| State::parse(w).is_some())?;
    check("SELECT DISTINCT fulfillment FROM orders", &|w| Fulfillment::parse(w).is_some())?;
    check("SELECT DISTINCT kind FROM hold", &|w| HoldKind::parse(w).is_some())?;
    Ok(findings)
}

/// Bodies of the outbox must be what was first written: what is sent again has to be identical.
fn hashes(conn: &Connection) -> Result<Vec<Diagnostic>> {
    let rows = all(conn, "SELECT channel || ' ' || key, body, body_hash FROM outbox", [], |r| {
        Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?))
    })?;
    let changed = rows.into_iter().filter(|(_, body, hash)| super::outbox::body_hash(body) != *hash).collect();
    Ok(limited(changed, |(key, _, _): (String, String, String)| {
        Diagnostic::error("doctor/outbox-body", "what is to be sent was changed after it was written")
            .at(Place::default().attribute("subject").value(&key))
            .help(RESTORE)
    }))
}

/// Nothing can have been read, or have happened, after now.
fn futures(conn: &Connection, now: Timestamp) -> Result<Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let cursors = all(conn, "SELECT channel, value, at FROM cursor", [], |r| {
        Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?))
    })?;
    for (channel, value, at) in cursors {
        let ahead = value.parse::<Timestamp>().is_ok_and(|t| t > now) || at > to_utc_text(now);
        if ahead {
            findings.push(
                Diagnostic::error(
                    "doctor/cursor-ahead",
                    format!("the pull has read up to {value}, which is yet to come"),
                )
                .at(Place::default().attribute("subject").value(&channel))
                .help("check the clock; then pull again with --since, so that no order is missed"),
            );
        }
    }
    let late: i64 =
        conn.query_row("SELECT count(*) FROM cause WHERE at > ?1", [to_utc_text(now)], |r| r.get(0)).map_err(fault)?;
    if late > 0 {
        let message = format!("{late} stock movements are dated after now");
        findings.push(Diagnostic::warning("doctor/future-movement", message).help("check this machine's clock"));
    }
    Ok(findings)
}
