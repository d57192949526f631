//! Orders in: one page of snapshots, what they hold, whom they are for, and how far was read, in one change.
use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::desk::{Desk, LineRow};
use super::open::Change;
use super::sql::{all, one, run};
use crate::diagnostic::{Diagnostic, Result};
use crate::order::{Counts, Line, Order, Plan, State, place, plan};
use crate::value::time::to_utc_text;

/// How long things are kept for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Days an unpaid order holds its units, from when it was placed.
    pub reserve_days: u32,
    /// Days the buyer's personal data is kept, from when the order was placed.
    pub keep_buyer_days: u32,
}

impl Default for Terms {
    /// A week to pay; long enough to answer for a return, and no longer.
    fn default() -> Self {
        Terms { reserve_days: 7, keep_buyer_days: 90 }
    }
}

/// Which orders that wait for our word are accepted without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accept {
    /// Those whose every line is matched and held; a person decides about the rest. Nothing is refused by itself.
    #[default]
    IfAvailable,
    Always,
    Ask,
}

/// What a page, or a look back at open orders, did.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Applied {
    pub new: usize,
    pub changed: usize,
    pub same: usize,
    /// Snapshots older than what is known.
    pub older: usize,
    /// Acceptances put into the outbox.
    pub accepted: usize,
    #[serde(skip)]
    pub findings: Vec<Diagnostic>,
}

impl Applied {
    pub fn add(&mut self, other: Applied) {
        self.new += other.new;
        self.changed += other.changed;
        self.same += other.same;
        self.older += other.older;
        self.accepted += other.accepted;
        self.findings.extend(other.findings);
    }
}

impl Change<'_> {
    /// Puts orders as a channel, or a file, told them. Orders that cannot be kept are set aside and reported.
    pub fn put_orders(&self, channel: &str, orders: &[Order], terms: &Terms) -> Result<Applied> {
        let mut applied = Applied::default();
        for order in orders {
            match order.fault() {
                Some(why) => {
                    let id = Some(order.channel_order_id.as_str()).filter(|id| !id.is_empty());
                    applied.findings.push(self.put_unreadable(channel, id, &why)?);
                }
                None => {
                    self.put_order(channel, order, terms, &mut applied)?;
                    self.forget_unreadable(channel, &order.channel_order_id)?;
                }
            }
        }
        Ok(applied)
    }

    fn put_order(&self, channel: &str, told: &Order, terms: &Terms, applied: &mut Applied) -> Result<()> {
        let found = Desk::find(self, channel, &told.channel_order_id)?;
        if let Some(desk) = &found {
            self.saw(desk.order.id)?;
        }
        let known = found.as_ref().map(Desk::known);
        let Some(plan) = plan(channel, known.as_ref(), told) else {
            applied.older += 1;
            return Ok(());
        };
        let is_new = found.is_none();
        let mut desk = match found {
            Some(desk) => desk,
            None => Desk::of_new(self, self.insert_order(channel, told, &plan, terms)?)?,
        };
        desk.update(told, &plan)?;
        desk.put_refunds(told)?;
        self.put_buyer(desk.order.id, told, terms)?;
        applied.findings.extend(plan.findings);
        applied.findings.append(&mut desk.findings);
        match (is_new, desk.was_touched()) {
            (true, _) => applied.new += 1,
            (false, true) => applied.changed += 1,
            (false, false) => applied.same += 1,
        }
        Ok(())
    }

    fn insert_order(&self, channel: &str, told: &Order, plan: &Plan, terms: &Terms) -> Result<i64> {
        let reserved_until = days_after(told.placed_at, terms.reserve_days);
        let revision = self.revision()?;
        run(
            &self.tx,
            "INSERT INTO orders (channel, channel_order_id, state, heard_state, channel_state, fulfillment, pickup_point,
               currency, total_minor, shipping_minor, placed_at, channel_updated_at, acknowledge_by, reserved_until,
               first_seen_at, last_seen_at, changes, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?15, 1, ?16)",
            params![
                channel,
                told.channel_order_id,
                plan.state.as_str(),
                plan.heard.map(State::as_str),
                told.channel_state,
                told.fulfillment.as_str(),
                told.pickup_point,
                told.currency.code(),
                told.total_minor,
                told.shipping_minor,
                to_utc_text(told.placed_at),
                told.updated_at.to_string(),
                told.acknowledge_by.map(to_utc_text),
                to_utc_text(reserved_until),
                self.now_text(),
                revision,
            ],
        )?;
        Ok(self.tx.last_insert_rowid())
    }

    /// Looks again at what waits: lines no variant was known for, units no location had, reservations that expired.
    pub fn revisit_orders(&self) -> Result<Applied> {
        let waiting: Vec<i64> = all(
            &self.tx,
            "SELECT o.id FROM orders o WHERE o.id IN (SELECT order_id FROM line_item WHERE variant_id IS NULL OR short > 0)
               OR (o.state IN ('awaiting_acceptance', 'awaiting_payment') AND o.reserved_until <= ?1
                   AND EXISTS (SELECT 1 FROM hold h JOIN line_item l ON l.id = h.line_item_id WHERE l.order_id = o.id))
             ORDER BY o.placed_at, o.id",
            [self.now_text()],
            |r| r.get(0),
        )?;
        let mut applied = Applied::default();
        for id in waiting {
            let Some(mut desk) = Desk::find_id(self, id)? else { continue };
            for i in 0..desk.lines.len() {
                let waited = desk.lines[i].variant_id.is_none();
                let matched = desk.match_waiting(i, false)?;
                let leaving = if waited && matched { desk.left_unseen(i)? } else { 0 };
                desk.settle(i, leaving, None, "revisit")?;
            }
            applied.changed += usize::from(desk.was_touched());
            applied.findings.append(&mut desk.findings);
        }
        Ok(applied)
    }
}

pub(super) fn days_after(from: Timestamp, days: u32) -> Timestamp {
    from.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}

impl Desk<'_, '_> {
    /// Brings the order to what the plan says: its own row, each line, and their stock.
    fn update(&mut self, told: &Order, plan: &Plan) -> Result<()> {
        let told_before = self.order.updated_at;
        self.update_order(told, plan)?;
        self.set_state(plan.state)?;
        let seen_first = self.lines.is_empty();
        for (n, line_plan) in plan.lines.iter().enumerate() {
            let told_line = told.lines.get(n);
            let i = match self.lines.iter().position(|l| l.channel_line_id == line_plan.channel_line_id) {
                Some(i) => i,
                None => match told_line {
                    Some(line) => self.insert_line(line)?,
                    None => continue,
                },
            };
            if let Some(line) = told_line {
                self.update_line(i, line)?;
            }
            let was = self.lines[i].clone();
            let is_news = was.counts == Counts::default() || told.updated_at > told_before;
            self.match_waiting(i, is_news)?;
            self.set_counts(i, line_plan.counts)?;
            let leaving = if seen_first || was.variant_id.is_none() {
                self.left_unseen(i)?
            } else {
                self.lines[i].counts.shipped - was.counts.shipped
            };
            self.settle(i, leaving, None, "order")?;
        }
        self.report_pickup_point(told)
    }

    fn update_order(&mut self, told: &Order, plan: &Plan) -> Result<()> {
        let changed = run(
            &self.change.tx,
            "UPDATE orders SET heard_state = ?2, channel_state = ?3, fulfillment = ?4, pickup_point = ?5, currency = ?6,
               total_minor = ?7, shipping_minor = ?8, channel_updated_at = ?9, acknowledge_by = ?10
             WHERE id = ?1 AND (heard_state IS NOT ?2 OR channel_state IS NOT ?3 OR fulfillment IS NOT ?4
               OR pickup_point IS NOT ?5 OR currency IS NOT ?6 OR total_minor IS NOT ?7 OR shipping_minor IS NOT ?8
               OR channel_updated_at IS NOT ?9 OR acknowledge_by IS NOT ?10)",
            params![
                self.order.id,
                plan.heard.map(State::as_str),
                told.channel_state,
                told.fulfillment.as_str(),
                told.pickup_point,
                told.currency.code(),
                told.total_minor,
                told.shipping_minor,
                told.updated_at.to_string(),
                told.acknowledge_by.map(to_utc_text),
            ],
        )?;
        if changed == 0 {
            return Ok(());
        }
        self.touch()?;
        self.order.heard = plan.heard;
        self.order.updated_at = told.updated_at;
        self.order.fulfillment = told.fulfillment;
        self.order.pickup_point.clone_from(&told.pickup_point);
        Ok(())
    }

    fn insert_line(&mut self, line: &Line) -> Result<usize> {
        self.touch()?;
        run(
            &self.change.tx,
            "INSERT INTO line_item (order_id, channel_line_id, channel_sku, gtin, listing_id, title, quantity, price_minor, tax_minor)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)",
            params![
                self.order.id,
                line.channel_line_id,
                line.channel_sku,
                line.gtin,
                line.listing_id,
                line.title,
                line.price_minor,
                line.tax_minor
            ],
        )?;
        self.lines.push(LineRow {
            id: self.change.tx.last_insert_rowid(),
            channel_line_id: line.channel_line_id.clone(),
            channel_sku: line.channel_sku.clone(),
            gtin: line.gtin.clone(),
            listing_id: line.listing_id.clone(),
            variant_id: None,
            counts: Counts::default(),
            returned: 0,
            short: 0,
        });
        Ok(self.lines.len() - 1)
    }

    fn update_line(&mut self, i: usize, line: &Line) -> Result<()> {
        let changed = run(
            &self.change.tx,
            "UPDATE line_item SET channel_sku = ?2, gtin = ?3, listing_id = ?4, title = ?5, price_minor = ?6, tax_minor = ?7
             WHERE id = ?1 AND (channel_sku IS NOT ?2 OR gtin IS NOT ?3 OR listing_id IS NOT ?4 OR title IS NOT ?5
               OR price_minor IS NOT ?6 OR tax_minor IS NOT ?7)",
            params![
                self.lines[i].id,
                line.channel_sku,
                line.gtin,
                line.listing_id,
                line.title,
                line.price_minor,
                line.tax_minor
            ],
        )?;
        if changed > 0 {
            self.touch()?;
            let known = &mut self.lines[i];
            if known.variant_id.is_some() && known.channel_sku != line.channel_sku {
                let message =
                    format!("the marketplace now calls it {}", line.channel_sku.as_deref().unwrap_or("nothing"));
                let place = place(&self.order.channel, &self.order.channel_order_id, Some(&line.channel_line_id));
                let finding = Diagnostic::warning("order/sku-changed", message).at(place);
                self.findings.push(finding.help("if it is another item now, say so with `purvey orders match`"));
            }
            known.channel_sku.clone_from(&line.channel_sku);
            known.gtin.clone_from(&line.gtin);
            known.listing_id.clone_from(&line.listing_id);
        }
        Ok(())
    }

    /// Units to deduct of a line that had no variant until now: all that have left, unless somebody counted the stock
    /// after the marketplace told of them, since that count knew.
    pub(super) fn left_unseen(&self, i: usize) -> Result<i64> {
        let shipped = self.lines[i].counts.shipped;
        let Some(variant_id) = self.lines[i].variant_id.filter(|_| shipped > 0) else { return Ok(0) };
        let counted = one(
            &self.change.tx,
            "SELECT max(c.at) FROM movement m JOIN cause c ON c.id = m.cause_id
             WHERE m.variant_id = ?1 AND m.kind = 'counted'",
            [variant_id],
            |r| r.get::<_, Option<String>>(0),
        )?;
        let counted_since = counted.flatten().is_some_and(|at| at > to_utc_text(self.order.updated_at));
        Ok(if counted_since { 0 } else { shipped })
    }

    fn report_pickup_point(&mut self, told: &Order) -> Result<()> {
        if !told.fulfillment.is_collected() || !self.was_touched() {
            return Ok(());
        }
        let point = told.pickup_point.as_deref().unwrap_or("");
        if super::desk::location_id(&self.change.tx, point)?.is_none() {
            let finding = Diagnostic::warning(
                "order/unknown-pickup-point",
                format!("no location has the code `{point}`"),
            )
            .at(place(&self.order.channel, &self.order.channel_order_id, None))
            .help("add the location under the marketplace's code for it; until then nothing is held for this order");
            self.findings.push(finding);
        }
        Ok(())
    }
}
