//! A parcel leaves: shipment, stock and the word to the marketplace in one change. No package ever gets two numbers,
//! and the same number twice is the same parcel.
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::desk::{Desk, holds_of, require_location};
use super::open::Change;
use super::outbox::EffectKind;
use super::sql::{all, one, parsed, run};
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::order::{Counts, Fulfillment, Parcel, State, after_own_deed};
use crate::value::time::to_utc_text;
use crate::value::{Carrier, TrackingNumber};

#[derive(Debug, Clone)]
pub struct ShipRequest<'a> {
    pub channel: &'a str,
    pub order_id: &'a str,
    /// Channel line id and quantity; `None` is everything open.
    pub lines: Option<&'a [(String, i64)]>,
    /// A carrier by any of its names, or the merchant's own word.
    pub carrier: &'a str,
    pub tracking_number: Option<&'a TrackingNumber>,
    /// Store code it left from; `None` is where its units are held.
    pub location: Option<&'a str>,
    pub shipped_at: Timestamp,
    /// 1..n in its order, where a file names it; `None` is the next one.
    pub package_number: Option<u32>,
    /// Whether the channel is to be told: not for orders that came from a file.
    pub tell: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ShipReceipt {
    pub parcel: Parcel,
    /// It had been shipped so before; nothing was changed.
    pub again: bool,
    pub findings: Vec<Diagnostic>,
}

impl Change<'_> {
    /// Books one parcel. Codes: `order/unknown`, `order/unknown-line`, `order/more-than-open`, `order/nothing-open`,
    /// `order/canceled`, `order/not-ready`, `order/over`, `ship/by-channel`, `ship/unmatched-line`, `ship/number-used`,
    /// `ship/two-numbers`, `stock/unknown-location`.
    pub fn ship(&self, request: &ShipRequest<'_>) -> Result<ShipReceipt> {
        let mut desk = Desk::open(self, request.channel, request.order_id)?;
        if let Some(parcel) = desk.known_parcel(request)? {
            return Ok(ShipReceipt { parcel, again: true, findings: Vec::new() });
        }
        let units = desk.units_to_ship(request)?;
        let location_id = request.location.map(|code| require_location(&self.tx, code)).transpose()?;
        let left_from = match location_id {
            Some(id) => Some(id),
            None => desk.only_holder(&units)?,
        };
        let parcel = desk.parcel(request, &units, left_from)?;
        desk.insert_shipment(&parcel, &units, left_from)?;
        for (i, quantity) in &units {
            let counts = desk.lines[*i].counts;
            desk.set_counts(*i, Counts { shipped: counts.shipped + quantity, ..counts })?;
        }
        let state = after_own_deed(desk.order.state, desk.lines.iter().map(|l| &l.counts));
        desk.set_state(state)?;
        let deed = format!("ship package {}", parcel.package_number);
        for (i, quantity) in &units {
            desk.settle(*i, *quantity, location_id, &deed)?;
        }
        if request.tell {
            let key = format!("ship {}/{}", parcel.order_id, parcel.package_number);
            self.enqueue(request.channel, Some(desk.order.id), EffectKind::Ship, &key, &parcel)?;
        }
        let mut findings = std::mem::take(&mut desk.findings);
        findings.extend(desk.doubts(request, &parcel)?);
        Ok(ShipReceipt { parcel, again: false, findings })
    }
}

impl Desk<'_, '_> {
    /// The parcel this request asks for, if it was booked before; an error if it was booked differently.
    fn known_parcel(&self, request: &ShipRequest<'_>) -> Result<Option<Parcel>> {
        let parcels = parcels_of(&self.change.tx, self.order.id, request.order_id)?;
        let number = request.tracking_number.map(TrackingNumber::as_str);
        let same_number = parcels.iter().find(|p| number.is_some() && p.tracking_number.as_deref() == number);
        let same_package = parcels.iter().find(|p| Some(p.package_number) == request.package_number);
        let Some(parcel) = same_number.or(same_package) else { return Ok(None) };
        let as_booked = |p: &Parcel| {
            let mut have = p.lines.clone();
            let mut want = request.lines.unwrap_or(&p.lines).to_vec();
            have.sort();
            want.sort();
            have == want
        };
        if parcel.tracking_number.as_deref() != number {
            let message = format!(
                "package {} has the number {} already",
                parcel.package_number,
                parcel.tracking_number.as_deref().unwrap_or("(none)")
            );
            return Err(Error::input("ship/two-numbers", message)
                .at(self.place(None))
                .help("a package keeps its first number; ship another package under the new one"));
        }
        let other_package = request.package_number.is_some_and(|n| n != parcel.package_number);
        if other_package || !as_booked(parcel) {
            let message = format!("this number is on package {} of the order, with other lines", parcel.package_number);
            return Err(Error::input("ship/number-used", message)
                .at(self.place(None))
                .help("give the second parcel its own number"));
        }
        Ok(Some(parcel.clone()))
    }

    fn units_to_ship(&self, request: &ShipRequest<'_>) -> Result<Vec<(usize, i64)>> {
        if self.order.fulfillment == Fulfillment::ByChannel {
            return Err(Error::input("ship/by-channel", "the marketplace ships this order from its own warehouse")
                .at(self.place(None))
                .help("nothing has to leave from here"));
        }
        self.require_state(&[State::Ready, State::PartlyShipped, State::ReadyForPickup, State::Shipped])?;
        let units = self.units("ship", request.lines)?;
        if let Some((i, _)) = units.iter().find(|(i, _)| self.lines[*i].variant_id.is_none()) {
            return Err(Error::input("ship/unmatched-line", "no variant is known for this line")
                .at(self.place(Some(*i)))
                .help("say which SKU it is with `purvey orders match`, so that its stock is right; then ship it"));
        }
        Ok(units)
    }

    /// The one place that holds all of it, if there is one.
    fn only_holder(&self, units: &[(usize, i64)]) -> Result<Option<i64>> {
        let mut holders = Vec::new();
        for (i, _) in units {
            holders.extend(holds_of(&self.change.tx, self.lines[*i].id)?.iter().map(|h| h.location_id));
        }
        holders.sort_unstable();
        holders.dedup();
        Ok(if let [id] = holders[..] { Some(id) } else { None })
    }

    fn parcel(&self, request: &ShipRequest<'_>, units: &[(usize, i64)], left_from: Option<i64>) -> Result<Parcel> {
        let next = "SELECT coalesce(max(package_number), 0) + 1 FROM shipment WHERE order_id = ?1";
        let package_number = match request.package_number {
            Some(number) => number.max(1),
            None => one(&self.change.tx, next, [self.order.id], |r| r.get(0))?.unwrap_or(1),
        };
        let location = match left_from {
            Some(id) => one(&self.change.tx, "SELECT code FROM location WHERE id = ?1", [id], |r| r.get(0))?,
            None => None,
        };
        let leaving: i64 = units.iter().map(|(_, quantity)| quantity).sum();
        Ok(Parcel {
            order_id: request.order_id.to_owned(),
            package_number,
            lines: units.iter().map(|(i, n)| (self.lines[*i].channel_line_id.clone(), *n)).collect(),
            carrier: Carrier::find(request.carrier).map_or(request.carrier.to_owned(), |c| c.id.to_owned()),
            tracking_number: request.tracking_number.map(|n| n.as_str().to_owned()),
            shipped_at: request.shipped_at,
            location,
            last: leaving == self.lines.iter().map(|l| l.counts.open()).sum::<i64>(),
        })
    }

    fn insert_shipment(&mut self, parcel: &Parcel, units: &[(usize, i64)], location_id: Option<i64>) -> Result<()> {
        self.touch()?;
        let tx = &self.change.tx;
        run(
            tx,
            "INSERT INTO shipment (order_id, package_number, carrier, tracking_number, location_id, shipped_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                self.order.id,
                parcel.package_number,
                parcel.carrier,
                parcel.tracking_number,
                location_id,
                to_utc_text(parcel.shipped_at)
            ],
        )?;
        let shipment_id = tx.last_insert_rowid();
        for (i, quantity) in units {
            let sql = "INSERT INTO shipment_line (shipment_id, line_item_id, quantity) VALUES (?1, ?2, ?3)";
            run(tx, sql, [shipment_id, self.lines[*i].id, *quantity])?;
        }
        Ok(())
    }

    /// What looks like a slip, though it may be right.
    fn doubts(&self, request: &ShipRequest<'_>, parcel: &Parcel) -> Result<Vec<Diagnostic>> {
        let mut doubts = Vec::new();
        let Some(number) = request.tracking_number else { return Ok(doubts) };
        if let Some(Err(odd)) = Carrier::find(&parcel.carrier).map(|carrier| number.plausible(carrier)) {
            doubts.push(odd.into_diagnostic(crate::diagnostic::Severity::Warning).at(self.place(None)));
        }
        let others: Vec<String> = all(
            &self.change.tx,
            "SELECT o.channel || '/' || o.channel_order_id FROM shipment s JOIN orders o ON o.id = s.order_id
             WHERE s.tracking_number = ?1 AND s.order_id <> ?2 LIMIT 3",
            params![number.as_str(), self.order.id],
            |r| r.get(0),
        )?;
        if !others.is_empty() {
            let message = format!("the number {} is also on {}", number.as_str(), others.join(", "));
            doubts.push(
                Diagnostic::warning("ship/number-on-two-orders", message)
                    .at(self.place(None))
                    .help("right if both left in one box; else one of the two is wrong"),
            );
        }
        Ok(doubts)
    }
}

/// The parcels of an order, as they were booked.
pub(super) fn parcels_of(conn: &Connection, id: i64, order_id: &str) -> Result<Vec<Parcel>> {
    let mut parcels = all(
        conn,
        "SELECT s.id, s.package_number, s.carrier, s.tracking_number, s.shipped_at, l.code
         FROM shipment s LEFT JOIN location l ON l.id = s.location_id WHERE s.order_id = ?1 ORDER BY s.package_number",
        [id],
        |r| {
            let parcel = Parcel {
                order_id: order_id.to_owned(),
                package_number: r.get("package_number")?,
                lines: Vec::new(),
                carrier: r.get("carrier")?,
                tracking_number: r.get("tracking_number")?,
                shipped_at: parsed(r, "shipped_at")?,
                location: r.get("code")?,
                last: false,
            };
            Ok((r.get::<_, i64>("id")?, parcel))
        },
    )?;
    for (shipment_id, parcel) in &mut parcels {
        let sql = "SELECT l.channel_line_id, s.quantity FROM shipment_line s JOIN line_item l ON l.id = s.line_item_id
                   WHERE s.shipment_id = ?1 ORDER BY l.id";
        parcel.lines = all(conn, sql, [*shipment_id], |r| Ok((r.get(0)?, r.get(1)?)))?;
    }
    Ok(parcels.into_iter().map(|(_, parcel)| parcel).collect())
}
