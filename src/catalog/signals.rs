//! Parcels that somebody is told of who did not send their order, once each.
use jiff::Timestamp;
use rusqlite::params;

use super::open::Change;
use super::outbox::EffectKind;
use super::sql::{all, parsed};
use crate::diagnostic::Result;
use crate::order::{Signal, SignalLine};
use crate::value::time::to_utc_text;

/// So many of the newest parcels are looked at: a run would have to miss more than these to miss one.
const NEWEST: &str = "5000";

impl Change<'_> {
    /// Puts the parcels of these marketplaces that left after `since` into the outbox of `market`.
    pub fn enqueue_signals(&self, market: &str, of: &[String], since: Timestamp) -> Result<usize> {
        let sql = format!(
            "SELECT s.id, o.channel, o.channel_order_id, o.placed_at, s.package_number, s.carrier, s.tracking_number, s.shipped_at,
               l.address ->> 'country' AS country, l.address ->> 'postal_code' AS zip
             FROM (SELECT * FROM shipment ORDER BY id DESC LIMIT {NEWEST}) s
             JOIN orders o ON o.id = s.order_id LEFT JOIN location l ON l.id = s.location_id
             WHERE o.channel IN (SELECT value FROM json_each(?2)) AND s.tracking_number IS NOT NULL AND s.shipped_at >= ?3
               AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.channel = ?1
                 AND b.key = concat('signal ', o.channel, '/', o.channel_order_id, '/', s.package_number))
             ORDER BY s.id"
        );
        let names = serde_json::to_string(of).unwrap_or_default();
        let found = all(&self.tx, &sql, params![market, names, to_utc_text(since)], |r| {
            let (country, zip): (Option<String>, Option<String>) = (r.get("country")?, r.get("zip")?);
            let signal = Signal {
                order_id: r.get("channel_order_id")?,
                placed_at: parsed(r, "placed_at")?,
                package_number: r.get("package_number")?,
                carrier: r.get("carrier")?,
                tracking_number: r.get("tracking_number")?,
                shipped_at: parsed(r, "shipped_at")?,
                origin: country.zip(zip),
                lines: Vec::new(),
            };
            Ok((r.get::<_, i64>("id")?, r.get::<_, String>("channel")?, signal))
        })?;
        let mut new = 0;
        for (id, channel, mut signal) in found {
            signal.lines = self.signal_lines(id)?;
            // what was not matched has no name there
            if signal.lines.is_empty() {
                continue;
            }
            let key = format!("signal {channel}/{}/{}", signal.order_id, signal.package_number);
            new += usize::from(self.enqueue(market, None, EffectKind::Signal, &key, &signal)?);
        }
        Ok(new)
    }

    fn signal_lines(&self, shipment: i64) -> Result<Vec<SignalLine>> {
        let sql = "SELECT i.channel_line_id, v.sku, v.gtin, i.quantity, l.quantity
                   FROM shipment_line l JOIN line_item i ON i.id = l.line_item_id JOIN variant v ON v.id = i.variant_id
                   WHERE l.shipment_id = ?1 ORDER BY i.id";
        all(&self.tx, sql, [shipment], |r| {
            Ok(SignalLine {
                line_id: r.get(0)?,
                sku: r.get(1)?,
                gtin: r.get(2)?,
                ordered: r.get(3)?,
                shipped: r.get(4)?,
            })
        })
    }
}
