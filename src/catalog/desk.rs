//! One order being worked on inside a change: every deed (a snapshot, a shipment, a cancel, a match) sets counts and
//! the state here, and then settles the stock of each line. What is settled already moves nothing.
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::open::Change;
use super::sql::{all, one, parsed, run, word, word_or_null};
use super::stock::Movement;
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::order::{Counts, Fulfillment, Known, State, demand, place};
use crate::stock::{Demand, Hold, HoldKind, LocationKind, Move, Settlement, Source, Supply, settle};

#[derive(Debug, Clone)]
pub(super) struct OrderRow {
    pub id: i64,
    pub channel: String,
    pub channel_order_id: String,
    pub state: State,
    pub heard: Option<State>,
    pub fulfillment: Fulfillment,
    pub pickup_point: Option<String>,
    pub updated_at: Timestamp,
    pub reserved_until: Timestamp,
    pub changes: i64,
}

#[derive(Debug, Clone)]
pub(super) struct LineRow {
    pub id: i64,
    pub channel_line_id: String,
    pub channel_sku: Option<String>,
    pub gtin: Option<String>,
    pub listing_id: Option<String>,
    pub variant_id: Option<i64>,
    pub counts: Counts,
    pub returned: i64,
    pub short: i64,
}

fn order_row(r: &Row<'_>) -> rusqlite::Result<OrderRow> {
    Ok(OrderRow {
        id: r.get("id")?,
        channel: r.get("channel")?,
        channel_order_id: r.get("channel_order_id")?,
        state: word(r, "state", State::parse)?,
        heard: word_or_null(r, "heard_state", State::parse)?,
        fulfillment: word(r, "fulfillment", Fulfillment::parse)?,
        pickup_point: r.get("pickup_point")?,
        updated_at: parsed(r, "channel_updated_at")?,
        reserved_until: parsed(r, "reserved_until")?,
        changes: r.get("changes")?,
    })
}

fn line_row(r: &Row<'_>) -> rusqlite::Result<LineRow> {
    Ok(LineRow {
        id: r.get("id")?,
        channel_line_id: r.get("channel_line_id")?,
        channel_sku: r.get("channel_sku")?,
        gtin: r.get("gtin")?,
        listing_id: r.get("listing_id")?,
        variant_id: r.get("variant_id")?,
        counts: Counts {
            quantity: r.get("quantity")?,
            canceled: r.get("canceled")?,
            shipped: r.get("shipped")?,
            canceled_late: r.get("canceled_late")?,
        },
        returned: r.get("returned")?,
        short: r.get("short")?,
    })
}

pub(super) fn lines_of(conn: &Connection, order_id: i64) -> Result<Vec<LineRow>> {
    all(conn, "SELECT * FROM line_item WHERE order_id = ?1 ORDER BY id", [order_id], line_row)
}

pub(super) struct Desk<'c, 'w> {
    pub change: &'c Change<'w>,
    pub order: OrderRow,
    pub lines: Vec<LineRow>,
    pub findings: Vec<Diagnostic>,
    touched: bool,
}

impl<'c, 'w> Desk<'c, 'w> {
    pub fn find(change: &'c Change<'w>, channel: &str, order_id: &str) -> Result<Option<Self>> {
        let sql = "SELECT * FROM orders WHERE channel = ?1 AND channel_order_id = ?2";
        one(&change.tx, sql, [channel, order_id], order_row)?.map(|order| Self::with(change, order)).transpose()
    }

    pub fn find_id(change: &'c Change<'w>, id: i64) -> Result<Option<Self>> {
        let order = one(&change.tx, "SELECT * FROM orders WHERE id = ?1", [id], order_row)?;
        order.map(|order| Self::with(change, order)).transpose()
    }

    /// The order a person named, or why there is none.
    pub fn open(change: &'c Change<'w>, channel: &str, order_id: &str) -> Result<Self> {
        if let Some(desk) = Self::find(change, channel, order_id)? {
            return Ok(desk);
        }
        let elsewhere: Vec<String> =
            all(&change.tx, "SELECT channel FROM orders WHERE channel_order_id = ?1", [order_id], |r| r.get(0))?;
        let help = match elsewhere.first() {
            Some(other) => format!("there is one of that id on {other}"),
            None => "see `purvey orders list`; if it is new, run `purvey orders pull` first".to_owned(),
        };
        Err(Error::input("order/unknown", format!("no order {order_id} of {channel} is known"))
            .at(place(channel, order_id, None))
            .help(help))
    }

    fn with(change: &'c Change<'w>, order: OrderRow) -> Result<Self> {
        let lines = lines_of(&change.tx, order.id)?;
        Ok(Desk { change, order, lines, findings: Vec::new(), touched: false })
    }

    /// For an order whose row was written in this very change.
    pub fn of_new(change: &'c Change<'w>, id: i64) -> Result<Self> {
        let desk = Self::find_id(change, id)?.ok_or_else(|| Error::bug("an order just written is not there"))?;
        Ok(Desk { touched: true, ..desk })
    }

    pub fn known(&self) -> Known {
        Known {
            state: self.order.state,
            heard: self.order.heard,
            updated_at: self.order.updated_at,
            lines: self.lines.iter().map(|l| (l.channel_line_id.clone(), l.counts)).collect(),
        }
    }

    pub fn place(&self, line: Option<usize>) -> Place {
        let line = line.and_then(|i| self.lines.get(i)).map(|l| l.channel_line_id.as_str());
        place(&self.order.channel, &self.order.channel_order_id, line)
    }

    /// Which line a person, or a marketplace, means.
    pub fn line(&self, channel_line_id: &str) -> Result<usize> {
        self.lines.iter().position(|l| l.channel_line_id == channel_line_id).ok_or_else(|| {
            let ids: Vec<&str> = self.lines.iter().take(8).map(|l| l.channel_line_id.as_str()).collect();
            Error::input("order/unknown-line", format!("the order has no line {channel_line_id}"))
                .at(self.place(None))
                .help(format!("its lines are {}", ids.join(", ")))
        })
    }

    pub fn was_touched(&self) -> bool {
        self.touched
    }

    /// Gives the order its next change number, once per change.
    pub fn touch(&mut self) -> Result<i64> {
        if !self.touched {
            let sql = "UPDATE orders SET changes = changes + 1, revision = ?2 WHERE id = ?1";
            run(&self.change.tx, sql, params![self.order.id, self.change.revision()?])?;
            self.order.changes += 1;
            self.touched = true;
        }
        Ok(self.order.changes)
    }

    pub fn set_state(&mut self, state: State) -> Result<()> {
        if state != self.order.state {
            self.touch()?;
            run(&self.change.tx, "UPDATE orders SET state = ?2 WHERE id = ?1", params![self.order.id, state.as_str()])?;
            self.order.state = state;
        }
        Ok(())
    }

    pub fn set_counts(&mut self, i: usize, counts: Counts) -> Result<()> {
        if counts != self.lines[i].counts {
            self.touch()?;
            run(
                &self.change.tx,
                "UPDATE line_item SET quantity = ?2, canceled = ?3, shipped = ?4, canceled_late = ?5 WHERE id = ?1",
                params![self.lines[i].id, counts.quantity, counts.canceled, counts.shipped, counts.canceled_late],
            )?;
            self.lines[i].counts = counts;
        }
        Ok(())
    }

    /// Brings what the line holds in step with what it needs; `leaving` units have left and were never deducted.
    /// `deed` begins the ledger's cause: `ship package 2`.
    pub fn settle(&mut self, i: usize, leaving: i64, leaving_from: Option<i64>, deed: &str) -> Result<()> {
        let line = self.lines[i].clone();
        let Some(variant_id) = line.variant_id else { return self.set_short(i, 0, false) };
        let Some(variant) = variant(&self.change.tx, variant_id)? else { return Ok(()) };
        let holds = holds_of(&self.change.tx, line.id)?;
        let touches_stock = variant.tracked && self.order.fulfillment != Fulfillment::ByChannel;
        let expired = self.change.now >= self.order.reserved_until;
        let (keep, kind) = demand(self.order.state, &line.counts, self.order.fulfillment, expired);
        let need = Demand {
            leaving: if touches_stock { leaving } else { 0 },
            leaving_from,
            keep: if touches_stock { keep } else { 0 },
            kind,
            source: self.source()?,
        };
        let settled = settle(&need, &holds, &supplies(&self.change.tx, variant_id)?);
        self.record(&line, variant_id, &settled, deed)?;
        self.keep_holds(line.id, &holds, &settled.holds)?;
        self.set_short(i, settled.short, variant.sells_when_out)
    }

    fn source(&self) -> Result<Source> {
        if !self.order.fulfillment.is_collected() {
            return Ok(match self.order.fulfillment {
                Fulfillment::ShipFromStore => Source::StoresFirst,
                _ => Source::WarehousesFirst,
            });
        }
        let location = match &self.order.pickup_point {
            Some(code) => location_id(&self.change.tx, code)?,
            None => None,
        };
        Ok(location.map_or(Source::Nowhere, Source::Only))
    }

    fn record(&mut self, line: &LineRow, variant_id: i64, settled: &Settlement, deed: &str) -> Result<()> {
        if settled.unplaced > 0 {
            let message = format!("{} units left, but no location is known to take them from", settled.unplaced);
            let finding = Diagnostic::warning("stock/no-location", message)
                .at(place(&self.order.channel, &self.order.channel_order_id, Some(&line.channel_line_id)))
                .help("import the locations, then count the stock with `purvey stock count`");
            self.findings.push(finding);
        }
        if settled.moves.is_empty() {
            return Ok(());
        }
        let change_number = self.touch()?;
        let order = &self.order;
        let cause =
            format!("{deed} {}/{}/{} #{change_number}", order.channel, order.channel_order_id, line.channel_line_id);
        let Some(mut ledger) = self.change.ledger(&cause)? else {
            return Err(Error::bug(format!("the ledger has `{cause}` already")));
        };
        for step in &settled.moves {
            let (location_id, movement) = movement(*step);
            ledger.record(variant_id, location_id, movement)?;
        }
        Ok(())
    }

    fn keep_holds(&self, line_id: i64, before: &[Hold], after: &[Hold]) -> Result<()> {
        for gone in before.iter().filter(|b| !after.iter().any(|a| a.location_id == b.location_id)) {
            let sql = "DELETE FROM hold WHERE line_item_id = ?1 AND location_id = ?2";
            run(&self.change.tx, sql, [line_id, gone.location_id])?;
        }
        for hold in after.iter().filter(|a| !before.contains(a)) {
            run(
                &self.change.tx,
                "INSERT INTO hold (line_item_id, location_id, kind, quantity) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET kind = ?3, quantity = ?4",
                params![line_id, hold.location_id, hold.kind.as_str(), hold.quantity],
            )?;
        }
        Ok(())
    }

    fn set_short(&mut self, i: usize, short: i64, expected: bool) -> Result<()> {
        let was = self.lines[i].short;
        if short == was {
            return Ok(());
        }
        self.touch()?;
        run(&self.change.tx, "UPDATE line_item SET short = ?2 WHERE id = ?1", [self.lines[i].id, short])?;
        self.lines[i].short = short;
        if short > was {
            let place = self.place(Some(i));
            let place = match self.sku(i)? {
                Some(sku) => place.sku(sku),
                None => place,
            };
            self.findings.push(if expected {
                Diagnostic::note("order/backordered", format!("{short} units wait for stock")).at(place)
            } else {
                Diagnostic::warning("order/short", format!("{short} units were sold that no location has"))
                    .at(place)
                    .help("count or receive stock, and they are held at the next sync; or cancel them on the channel")
            });
        }
        Ok(())
    }

    pub fn sku(&self, i: usize) -> Result<Option<String>> {
        let Some(id) = self.lines[i].variant_id else { return Ok(None) };
        one(&self.change.tx, "SELECT sku FROM variant WHERE id = ?1", [id], |r| r.get(0))
    }
}

fn movement(step: Move) -> (i64, Movement) {
    let split = |kind: HoldKind, quantity: i64| match kind {
        HoldKind::Reservation => (quantity, 0),
        HoldKind::Allocation => (0, quantity),
    };
    match step {
        Move::Deduct { location_id, quantity, held } => {
            let (from_reserved, from_allocated) = held.map_or((0, 0), |kind| split(kind, quantity));
            (location_id, Movement::Shipped { quantity, from_allocated, from_reserved })
        }
        Move::Release { location_id, kind, quantity } => {
            let (reserved, allocated) = split(kind, quantity);
            (location_id, Movement::Released { reserved, allocated })
        }
        Move::Convert { location_id, quantity } => {
            (location_id, Movement::Allocated { quantity, from_reserved: quantity })
        }
        Move::Hold { location_id, kind: HoldKind::Reservation, quantity } => {
            (location_id, Movement::Reserved(quantity))
        }
        Move::Hold { location_id, kind: HoldKind::Allocation, quantity } => {
            (location_id, Movement::Allocated { quantity, from_reserved: 0 })
        }
    }
}

struct VariantRow {
    tracked: bool,
    sells_when_out: bool,
}

fn variant(conn: &Connection, id: i64) -> Result<Option<VariantRow>> {
    one(conn, "SELECT tracked, sells_when_out FROM variant WHERE id = ?1", [id], |r| {
        Ok(VariantRow { tracked: r.get(0)?, sells_when_out: r.get(1)? })
    })
}

pub(super) fn holds_of(conn: &Connection, line_id: i64) -> Result<Vec<Hold>> {
    let sql = "SELECT location_id, kind, quantity FROM hold WHERE line_item_id = ?1 ORDER BY location_id";
    all(conn, sql, [line_id], |r| {
        Ok(Hold {
            location_id: r.get("location_id")?,
            kind: word(r, "kind", HoldKind::parse)?,
            quantity: r.get("quantity")?,
        })
    })
}

fn supplies(conn: &Connection, variant_id: i64) -> Result<Vec<Supply>> {
    all(
        conn,
        "SELECT l.id, l.kind, l.fulfills_online, coalesce(s.on_hand - s.reserved - s.allocated, 0)
         FROM location l LEFT JOIN stock s ON s.location_id = l.id AND s.variant_id = ?1
         WHERE l.active = 1 ORDER BY l.id",
        [variant_id],
        |r| {
            Ok(Supply {
                location_id: r.get(0)?,
                kind: LocationKind::parse(&r.get::<_, String>(1)?),
                online: r.get(2)?,
                free: r.get(3)?,
            })
        },
    )
}

pub(super) fn location_id(conn: &Connection, code: &str) -> Result<Option<i64>> {
    one(conn, "SELECT id FROM location WHERE code = ?1", [code], |r| r.get(0))
}

/// The location a person named, or the one they may have meant.
pub(super) fn require_location(conn: &Connection, code: &str) -> Result<i64> {
    if let Some(id) = location_id(conn, code)? {
        return Ok(id);
    }
    let codes: Vec<String> = all(conn, "SELECT code FROM location ORDER BY code", [], |r| r.get(0))?;
    let near = crate::value::closest::closest(code, codes.iter().map(String::as_str));
    let help = match near {
        Some(near) => format!("did you mean {near}?"),
        None => "`purvey stock locations` lists them".to_owned(),
    };
    Err(Error::input("stock/unknown-location", format!("there is no location {code}")).help(help))
}
