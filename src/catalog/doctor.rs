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

const DAMAGED: &str = "doctor/damaged";
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
                OR (kind NOT IN ('push', 'tell', 'signal') AND order_id IS NULL)",
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
        help: "see `purvey outbox list`: retry it, or drop it if it is settled by hand",
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
        help: "mend the listing there, then `purvey stock retry MARKET`",
        sql: "SELECT channel || ' ' || channel_sku AS subject, coalesce(last_error, '') AS detail FROM listing WHERE refusals >= 3",
    },
];

impl Reader {
    /// Everything that is wrong, the gravest first. An error means a damaged catalog, a warning something to be mended.
    pub fn doctor(&self, now: Timestamp) -> Result<Vec<Diagnostic>> {
        let mut findings = file_checks(&self.conn)?;
        if findings.iter().any(|f| f.code == DAMAGED) {
            // Whatever else a damaged file says is not worth hearing.
            return Ok(findings);
        }
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
            findings.push(damage(DAMAGED, format!("the file is damaged: {said}")));
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

/// A cursor is the connector's own; where it is, or holds, moments, the latest of them.
fn latest_moment(cursor: &str) -> Option<Timestamp> {
    fn latest(value: &serde_json::Value) -> Option<Timestamp> {
        match value {
            serde_json::Value::String(text) => text.parse().ok(),
            serde_json::Value::Array(list) => list.iter().filter_map(latest).max(),
            serde_json::Value::Object(fields) => fields.values().filter_map(latest).max(),
            _ => None,
        }
    }
    cursor.parse().ok().or_else(|| latest(&serde_json::from_str(cursor).ok()?))
}

/// Nothing can have been read, or have happened, after now.
fn futures(conn: &Connection, now: Timestamp) -> Result<Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let cursors = all(conn, "SELECT channel, value, at FROM cursor", [], |r| {
        Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?))
    })?;
    for (channel, value, at) in cursors {
        if at > to_utc_text(now) || latest_moment(&value).is_some_and(|t| t > now) {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::catalog::testing::{at, order, shop_with};
    use crate::catalog::{Catalog, ReturnRequest, ShipRequest, Terms, Writer};
    use crate::value::{Sku, TrackingNumber};

    fn now() -> Timestamp {
        at("2026-11-25T12:00:00Z")
    }

    /// A shop where everything has happened once: one order reserved, one allocated, one shipped and partly returned.
    fn shop(dir: &Path) -> Catalog {
        let (catalog, mut writer) = shop_with(dir, 9);
        trade(&mut writer);
        catalog
    }

    fn trade(writer: &mut Writer) {
        let change = writer.change(at("2026-11-25T10:00:00Z")).unwrap();
        let orders = [order("A", State::AwaitingPayment, 1), order("B", State::Ready, 2), order("C", State::Ready, 3)];
        change.put_orders("m", &orders, &Terms::default()).unwrap();
        let number = TrackingNumber::parse("T1").unwrap();
        change
            .ship(&ShipRequest {
                channel: "m",
                order_id: "C",
                lines: None,
                carrier: "dhl",
                tracking_number: Some(&number),
                location: None,
                shipped_at: at("2026-11-25T10:00:00Z"),
                package_number: None,
                tell: true,
            })
            .unwrap();
        let back = ReturnRequest {
            channel: "m",
            order_id: "C",
            line_id: "1",
            quantity: 1,
            location: "SHOP",
            restock: true,
            reason: None,
            key: Some("R1"),
        };
        change.record_return(&back).unwrap();
        change.put_listing("m", "TEA-1", &Sku::parse("TEA-1").unwrap(), None).unwrap();
        change.put_cursor("m", "orders", r#"{"upto":"2026-11-25T09:00:00Z"}"#).unwrap();
        change.commit().unwrap();
    }

    #[test]
    fn a_sound_catalog_has_no_findings() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(shop(dir.path()).read().unwrap().doctor(now()).unwrap(), vec![]);
    }

    /// Each damage, made by hand, and the finding it must bring.
    #[rustfmt::skip]
    const DAMAGES: &[(&str, &str)] = &[
        ("UPDATE stock SET on_hand = on_hand + 1, available = available + 1", "doctor/level-not-sum"),
        ("UPDATE stock SET reserved = reserved + 1, available = available - 1 WHERE location_id = 1", "doctor/level-not-sum"),
        ("DELETE FROM movement WHERE kind = 'shipped'", "doctor/level-not-sum"),
        ("DELETE FROM stock WHERE location_id = 2", "doctor/level-not-sum"),
        ("UPDATE movement SET allocated = allocated + 1 WHERE kind = 'allocated'", "doctor/level-not-sum"),
        ("UPDATE stock SET available = available + 1 WHERE location_id = 1", "doctor/level-available"),
        ("UPDATE variant SET safety = 2", "doctor/level-available"),
        ("UPDATE variant SET available = available + 1", "doctor/variant-available"),
        ("UPDATE location SET fulfills_online = 0 WHERE code = 'SHOP'", "doctor/variant-available"),
        ("DELETE FROM hold", "doctor/holds-not-level"),
        ("UPDATE hold SET quantity = quantity + 1", "doctor/holds-not-level"),
        ("UPDATE hold SET kind = 'allocation'", "doctor/holds-not-level"),
        ("UPDATE hold SET location_id = 2", "doctor/holds-not-level"),
        ("UPDATE line_item SET canceled = 9", "doctor/line-overdrawn"),
        ("UPDATE line_item SET short = 1", "doctor/line-held"),
        ("UPDATE line_item SET quantity = 1 WHERE quantity = 2", "doctor/line-held"),
        ("UPDATE orders SET state = 'canceled'", "doctor/held-when-over"),
        ("UPDATE line_item SET variant_id = NULL", "doctor/held-when-over"),
        ("UPDATE line_item SET shipped = 0, returned = 0", "doctor/line-not-sent"),
        ("UPDATE shipment_line SET quantity = 9", "doctor/line-not-sent"),
        ("UPDATE shipment_line SET line_item_id = 1", "doctor/foreign-parcel-line"),
        ("UPDATE line_item SET returned = 2 WHERE shipped > 0", "doctor/returned-too-much"),
        ("DELETE FROM return_line", "doctor/returned-too-much"),
        ("UPDATE outbox SET channel = 'other'", "doctor/outbox-order"),
        ("UPDATE outbox SET state = 'done'", "doctor/outbox-ends"),
        ("UPDATE outbox SET state = 'polling'", "doctor/outbox-ends"),
        ("UPDATE outbox SET order_id = NULL", "doctor/outbox-ends"),
        ("UPDATE shipment SET tracking_number = 'T2'", "doctor/parcel-not-in-outbox"),
        ("DELETE FROM shipment_line; DELETE FROM shipment", "doctor/parcel-not-in-outbox"),
        ("UPDATE outbox SET body = json_set(body, '$.carrier', 'ups')", "doctor/outbox-body"),
        ("UPDATE orders SET state = 'lost'", "doctor/unknown-word"),
        ("UPDATE orders SET heard_state = 'lost'", "doctor/unknown-word"),
        ("DELETE FROM orders WHERE channel_order_id = 'A'", "doctor/orphan"),
        ("DELETE FROM variant", "doctor/orphan"),
        ("UPDATE cursor SET value = '2026-12-24T00:00:00Z'", "doctor/cursor-ahead"),
        (r#"UPDATE cursor SET value = '{"walk":{"from":"2026-11-01T00:00:00Z","until":"2026-12-24T00:00:00Z"}}'"#, "doctor/cursor-ahead"),
        ("UPDATE cursor SET at = '2026-12-24T00:00:00Z'", "doctor/cursor-ahead"),
        ("UPDATE cause SET at = '2026-12-24T00:00:00Z'", "doctor/future-movement"),
        ("UPDATE outbox SET state = 'dead', ended_at = created_at", "doctor/outbox-dead"),
        ("UPDATE listing SET refusals = 3", "doctor/listing-refused"),
        ("UPDATE movement SET on_hand = -9 WHERE kind = 'counted'; UPDATE stock SET on_hand = on_hand - 18, available = 0 WHERE location_id = 1", "doctor/below-zero"),
        ("UPDATE movement SET on_hand = 4 WHERE kind = 'counted'; UPDATE stock SET on_hand = on_hand - 5, available = 0 WHERE location_id = 1", "doctor/oversold"),
        ("DROP INDEX orders_state; CREATE UNIQUE INDEX orders_state ON orders (id); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX orders_state ON orders (state)' WHERE name = 'orders_state'", "doctor/damaged"),
    ];

    #[test]
    fn every_damage_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let sound = shop(dir.path());
        for (damage, code) in DAMAGES {
            let dir = tempfile::tempdir().unwrap();
            let catalog = Catalog::of_shop(dir.path());
            std::fs::copy(sound.path(), catalog.path()).unwrap();
            let conn = Connection::open(catalog.path()).unwrap();
            conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
            conn.execute_batch(damage).unwrap();
            drop(conn);
            let findings = catalog.read().unwrap().doctor(now()).unwrap();
            let codes: Vec<&str> = findings.iter().map(|f| f.code.as_str()).collect();
            assert!(codes.contains(code), "{damage}: {codes:?}");
        }
    }

    #[test]
    fn a_damaged_page_is_found_or_refused_and_never_believed() {
        let dir = tempfile::tempdir().unwrap();
        let path = shop(dir.path()).path().to_owned();
        let sound = std::fs::read(&path).unwrap();
        for page in 1..sound.len() / 16_384 {
            let mut bytes = sound.clone();
            bytes[page * 16_384..page * 16_384 + 64].fill(0xA5);
            std::fs::write(&path, bytes).unwrap();
            let said = Catalog::of_shop(dir.path()).read().and_then(|reader| reader.doctor(now()));
            assert!(said.map_or(true, |findings| !findings.is_empty()), "page {page}");
        }
    }
}
