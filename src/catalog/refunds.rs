//! Money that goes back to buyers: what marketplaces tell of it, and what we give back ourselves. Stock is not moved by
//! it: units come back by a return, or never left and are canceled.
use rusqlite::{Connection, params};
use serde::Serialize;

use jiff::Timestamp;

use super::decide::Deed;
use super::desk::Desk;
use super::open::{Change, Writer};
use super::outbox::{EffectKind, Outgoing};
use super::sql::{all, one, parsed, run};
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::order::{LinePrice, Order, Refund, RefundLine, Refunded, State, paid, place, share};
use crate::value::time::to_utc_text;
use crate::value::{Currency, Money};

#[derive(Debug, Clone)]
pub struct RefundRequest<'a> {
    pub channel: &'a str,
    pub order_id: &'a str,
    /// Channel line id and units. None, and no amounts either: all that was paid and not given back yet.
    pub lines: &'a [(String, i64)],
    /// Of the one line, or of none in particular; what the units cost when not said.
    pub amount_minor: Option<i64>,
    pub shipping_minor: Option<i64>,
    pub reason: &'a str,
    /// The merchant's number of the refund: the same one twice is the same refund.
    pub number: Option<&'a str>,
    /// Whether the channel is to be told: not for orders that came from a file.
    pub tell: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundReceipt {
    pub deed: Deed,
    pub number: String,
    pub money: Money,
}

/// A refund as a person looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefundDetail {
    /// Ours; `None` for one that was made at the marketplace.
    pub number: Option<String>,
    /// The marketplace's id; `None` until it has told of it.
    pub channel_refund_id: Option<String>,
    pub amount_minor: i64,
    pub shipping_minor: i64,
    pub lines: Vec<RefundLine>,
    pub reason: Option<String>,
    pub at: Timestamp,
}

pub(super) fn refunds_of(conn: &Connection, order_id: i64) -> Result<Vec<RefundDetail>> {
    let sql = "SELECT * FROM refund WHERE order_id = ?1 ORDER BY id";
    let mut refunds = all(conn, sql, [order_id], |r| {
        let detail = RefundDetail {
            number: r.get("number")?,
            channel_refund_id: r.get("channel_refund_id")?,
            amount_minor: r.get("amount_minor")?,
            shipping_minor: r.get("shipping_minor")?,
            lines: Vec::new(),
            reason: r.get("reason")?,
            at: parsed(r, "at")?,
        };
        Ok((r.get::<_, i64>("id")?, detail))
    })?;
    for (id, refund) in &mut refunds {
        let sql = "SELECT l.channel_line_id, r.quantity, r.amount_minor FROM refund_line r
                   JOIN line_item l ON l.id = r.line_item_id WHERE r.refund_id = ?1 ORDER BY l.id";
        refund.lines = all(conn, sql, [*id], |r| {
            Ok(RefundLine { line_id: r.get(0)?, quantity: r.get(1)?, amount_minor: r.get(2)? })
        })?;
    }
    Ok(refunds.into_iter().map(|(_, refund)| refund).collect())
}

/// The amounts of an order.
struct Bill {
    currency: Currency,
    total_minor: i64,
    shipping_minor: i64,
    lines: Vec<LinePrice>,
    refunds: Vec<RefundDetail>,
}

impl Bill {
    fn refunded(&self) -> i64 {
        self.refunds.iter().fold(0, |sum, refund| sum.saturating_add(refund.amount_minor))
    }

    /// Units and money of a line that went back already.
    fn of_line(&self, line_id: &str) -> (i64, i64) {
        let of_it = self.refunds.iter().flat_map(|refund| &refund.lines).filter(|line| line.line_id == line_id);
        of_it.fold((0, 0), |(units, minor), line| {
            (units.saturating_add(line.quantity), minor.saturating_add(line.amount_minor))
        })
    }
}

impl Change<'_> {
    /// Books money that goes back to the buyer, and puts the word to the marketplace into the outbox. Codes:
    /// `order/unknown`, `order/unknown-line`, `refund/not-paid`, `refund/amount-unclear`, `refund/more-than-bought`,
    /// `refund/more-than-paid`, `refund/nothing`, `refund/number-used`.
    pub fn refund(&self, request: &RefundRequest<'_>) -> Result<RefundReceipt> {
        let mut desk = Desk::open(self, request.channel, request.order_id)?;
        let bill = desk.bill()?;
        if let Some(known) =
            bill.refunds.iter().find(|known| known.number.is_some() && known.number.as_deref() == request.number)
        {
            return again(request, known, bill.currency).map_err(|error| error.at(desk.place(None)));
        }
        desk.require_paid()?;
        let (lines, shipping_minor, amount_minor) = desk.amounts(request, &bill)?;
        let left = bill.total_minor.saturating_sub(bill.refunded());
        let money = |minor| Money::new(minor, bill.currency).to_decimal_string();
        if amount_minor > left {
            let message = format!("cannot give {} back: {} of what was paid is left", money(amount_minor), money(left));
            return Err(Error::input("refund/more-than-paid", message)
                .at(desk.place(None))
                .help("see `purvey orders show` for what went back already"));
        }
        if amount_minor <= 0 {
            return Err(Error::input("refund/nothing", "nothing is left to give back")
                .at(desk.place(None))
                .help("see `purvey orders show` for what went back already"));
        }
        let ours = bill.refunds.iter().filter(|refund| refund.number.is_some()).count();
        let refund = Refund {
            order_id: request.order_id.to_owned(),
            number: request.number.map_or_else(|| format!("R{}", ours + 1), str::to_owned),
            lines,
            shipping_minor,
            amount_minor,
            currency: bill.currency,
            reason: request.reason.to_owned(),
        };
        desk.touch()?;
        self.insert_refund(&desk, &refund)?;
        if request.tell {
            let key = format!("refund {}/{}", refund.order_id, refund.number);
            self.enqueue(request.channel, Some(desk.order.id), EffectKind::Refund, &key, &refund)?;
        }
        Ok(RefundReceipt { deed: Deed::Done, money: refund.money(), number: refund.number })
    }

    fn insert_refund(&self, desk: &Desk<'_, '_>, refund: &Refund) -> Result<()> {
        run(
            &self.tx,
            "INSERT INTO refund (order_id, number, amount_minor, shipping_minor, reason, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                desk.order.id,
                refund.number,
                refund.amount_minor,
                refund.shipping_minor,
                refund.reason,
                self.now_text()
            ],
        )?;
        self.insert_refund_lines(desk, &refund.lines)
    }

    /// Of the refund written last. A line nobody knows is left out: the amount is in the refund.
    fn insert_refund_lines(&self, desk: &Desk<'_, '_>, lines: &[RefundLine]) -> Result<()> {
        let id = self.tx.last_insert_rowid();
        for line in lines {
            let Some(known) = desk.lines.iter().find(|known| known.channel_line_id == line.line_id) else { continue };
            run(
                &self.tx,
                "INSERT INTO refund_line (refund_id, line_item_id, quantity, amount_minor) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET quantity = quantity + ?3, amount_minor = amount_minor + ?4",
                params![id, known.id, line.quantity.max(0), line.amount_minor.max(0)],
            )?;
        }
        Ok(())
    }
}

fn again(request: &RefundRequest<'_>, known: &RefundDetail, currency: Currency) -> Result<RefundReceipt> {
    let number = known.number.clone().unwrap_or_default();
    let units = |lines: &[RefundLine]| lines.iter().map(|l| (l.line_id.clone(), l.quantity)).collect::<Vec<_>>();
    let mut asked = request.lines.to_vec();
    asked.sort();
    let mut had = units(&known.lines);
    had.sort();
    let same = (request.lines.is_empty() || asked == had)
        && request.shipping_minor.is_none_or(|minor| minor == known.shipping_minor)
        && request.amount_minor.is_none_or(|minor| minor == known.amount_minor - known.shipping_minor);
    if !same {
        return Err(Error::input(
            "refund/number-used",
            format!("the refund {number} is known with another amount or lines"),
        )
        .help("give this refund a number of its own"));
    }
    Ok(RefundReceipt { deed: Deed::Again, money: Money::new(known.amount_minor, currency), number })
}

impl Desk<'_, '_> {
    fn bill(&self) -> Result<Bill> {
        let sql = "SELECT currency, total_minor, shipping_minor FROM orders WHERE id = ?1";
        let row = one(&self.change.tx, sql, [self.order.id], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?, r.get::<_, i64>(2)?))
        })?;
        let (code, total_minor, shipping_minor) = row.ok_or_else(|| Error::bug("an order at hand is not there"))?;
        let sql = "SELECT quantity, canceled, price_minor, tax_minor FROM line_item WHERE order_id = ?1 ORDER BY id";
        let lines = all(&self.change.tx, sql, [self.order.id], |r| {
            Ok(LinePrice { quantity: r.get(0)?, canceled: r.get(1)?, price_minor: r.get(2)?, tax_minor: r.get(3)? })
        })?;
        let refunds = refunds_of(&self.change.tx, self.order.id)?;
        Ok(Bill { currency: Currency::parse(&code)?, total_minor, shipping_minor, lines, refunds })
    }

    fn require_paid(&self) -> Result<()> {
        match self.order.state {
            State::Pending | State::AwaitingAcceptance | State::AwaitingPayment => {
                let message = format!("the order is {}: nothing was paid yet", self.order.state.as_str());
                Err(Error::input("refund/not-paid", message)
                    .at(self.place(None))
                    .help("cancel it with `purvey orders cancel`, or pull if it is paid by now"))
            }
            _ => Ok(()),
        }
    }

    /// Lines, shipping, and all of it together.
    fn amounts(&self, request: &RefundRequest<'_>, bill: &Bill) -> Result<(Vec<RefundLine>, i64, i64)> {
        let everything = request.lines.is_empty() && request.amount_minor.is_none() && request.shipping_minor.is_none();
        let units = if everything { self.units_left(bill) } else { self.units_named(request, bill)? };
        let lines = match (request.amount_minor, units.as_slice()) {
            (Some(minor), [(i, quantity)]) => vec![self.refund_line(*i, *quantity, minor)],
            (Some(_), [_, _, ..]) => return Err(self.unclear("one amount for several lines")),
            (_, []) => Vec::new(),
            (None, _) => self.priced(&units, bill, everything)?,
        };
        let back = bill.refunds.iter().fold(0i64, |sum, refund| sum.saturating_add(refund.shipping_minor));
        let shipping = match request.shipping_minor {
            Some(minor) => minor,
            None if everything => bill.shipping_minor.saturating_sub(back).max(0),
            None => 0,
        };
        let beyond = request.amount_minor.filter(|_| lines.is_empty()).unwrap_or(0);
        let amount = lines.iter().fold(shipping.saturating_add(beyond), |sum, l| sum.saturating_add(l.amount_minor));
        if everything && amount != bill.total_minor.saturating_sub(bill.refunded()) {
            return Err(self.unclear("what is left of the lines is not what is left of the total"));
        }
        Ok((lines, shipping, amount))
    }

    fn units_left(&self, bill: &Bill) -> Vec<(usize, i64)> {
        let left = |(i, line): (usize, &LinePrice)| {
            let (back, _) = bill.of_line(&self.lines[i].channel_line_id);
            (i, line.quantity.saturating_sub(back))
        };
        bill.lines.iter().enumerate().map(left).filter(|(_, units)| *units > 0).collect()
    }

    fn units_named(&self, request: &RefundRequest<'_>, bill: &Bill) -> Result<Vec<(usize, i64)>> {
        let mut units: Vec<(usize, i64)> = Vec::new();
        for (id, quantity) in request.lines {
            let i = self.line(id)?;
            let left = bill.lines[i].quantity.saturating_sub(bill.of_line(id).0);
            if *quantity < 1 || *quantity > left {
                let message = format!("cannot refund {quantity} units: {left} are left to be refunded");
                return Err(Error::input("refund/more-than-bought", message)
                    .at(self.place(Some(i)))
                    .help("see `purvey orders show` for what went back already"));
            }
            units.push((i, *quantity));
        }
        Ok(units)
    }

    /// The units at what the buyer paid for them; of everything, at what of it has not gone back.
    fn priced(&self, units: &[(usize, i64)], bill: &Bill, everything: bool) -> Result<Vec<RefundLine>> {
        let paid = paid(bill.total_minor, bill.shipping_minor, &bill.lines)
            .ok_or_else(|| self.unclear("the prices of its lines do not add up to its total"))?;
        let line = |(i, quantity): &(usize, i64)| {
            let (_, back) = bill.of_line(&self.lines[*i].channel_line_id);
            let minor = match everything {
                true => paid[*i].checked_sub(back),
                false => share(paid[*i], bill.lines[*i].quantity, *quantity),
            };
            let minor = minor.filter(|minor| *minor >= 0);
            let minor = minor.ok_or_else(|| self.unclear("its price cannot be divided by its units"))?;
            Ok(self.refund_line(*i, *quantity, minor))
        };
        units.iter().map(line).collect()
    }

    fn refund_line(&self, i: usize, quantity: i64, amount_minor: i64) -> RefundLine {
        RefundLine { line_id: self.lines[i].channel_line_id.clone(), quantity, amount_minor }
    }

    fn unclear(&self, why: &str) -> Error {
        Error::input("refund/amount-unclear", format!("what is to be given back is not clear: {why}"))
            .at(self.place(None))
            .help("say it: one --line with its --amount, or an --amount without lines")
    }

    /// Keeps the refunds a marketplace told of. One that we asked for, and may have been heard, is known again by its
    /// amount.
    pub(super) fn put_refunds(&mut self, told: &Order) -> Result<()> {
        for refund in told.refunds.iter().filter(|refund| refund.amount_minor > 0) {
            let conn = &self.change.tx;
            let known = run(
                conn,
                "UPDATE refund SET amount_minor = ?3 WHERE order_id = ?1 AND channel_refund_id = ?2",
                params![self.order.id, refund.id, refund.amount_minor],
            )?;
            let ours = "UPDATE refund SET channel_refund_id = ?2 WHERE id = (
                          SELECT r.id FROM refund r WHERE r.order_id = ?1 AND r.channel_refund_id IS NULL
                            AND r.amount_minor = ?3 AND NOT EXISTS (
                              SELECT 1 FROM outbox b WHERE b.order_id = ?1 AND b.kind = 'refund' AND b.attempts = 0
                                AND b.state = 'waiting' AND b.body ->> 'number' = r.number)
                          ORDER BY r.id LIMIT 1)";
            if known > 0 || run(conn, ours, params![self.order.id, refund.id, refund.amount_minor])? > 0 {
                continue;
            }
            self.touch()?;
            run(
                conn,
                "INSERT INTO refund (order_id, channel_refund_id, amount_minor, shipping_minor, reason, at)
                 VALUES (?1, ?2, ?3, 0, ?4, ?5)",
                params![
                    self.order.id,
                    refund.id,
                    refund.amount_minor,
                    refund.reason,
                    to_utc_text(refund.at.unwrap_or(told.updated_at))
                ],
            )?;
            self.change.insert_refund_lines(self, &refund.lines)?;
            let finding = self.refund_finding(told, refund);
            self.findings.push(finding);
        }
        Ok(())
    }

    fn refund_finding(&self, told: &Order, refund: &Refunded) -> Diagnostic {
        let money = Money::new(refund.amount_minor, told.currency);
        let message = format!("{} {} went back to the buyer", money.to_decimal_string(), told.currency.code());
        let finding = Diagnostic::note("order/refunded", message).at(place(
            &self.order.channel,
            &self.order.channel_order_id,
            None,
        ));
        let with_buyer = self.lines.iter().any(|line| line.counts.shipped > line.returned);
        match with_buyer {
            true => finding.help("should goods come back for it, `purvey return` books them"),
            false => finding,
        }
    }
}

impl Writer {
    /// Whether what the marketplace tells of refunds has `refund` in it: more money that is new to the catalog than the
    /// refunds sent before it account for.
    pub fn has_refund(&self, row: &Outgoing, refund: &Refund, told: &[Refunded]) -> Result<bool> {
        let order = "(SELECT order_id FROM outbox WHERE id = ?1)";
        let sql =
            format!("SELECT channel_refund_id FROM refund WHERE order_id = {order} AND channel_refund_id IS NOT NULL");
        let known: Vec<String> = all(&self.conn, &sql, [row.id], |r| r.get(0))?;
        let news = told.iter().filter(|told| !known.contains(&told.id));
        let news = news.fold(0i64, |sum, told| sum.saturating_add(told.amount_minor));
        let sql = "SELECT coalesce(sum(b.body ->> 'amount_minor'), 0) FROM outbox b
                   JOIN refund r ON r.order_id = b.order_id AND r.number = b.body ->> 'number'
                   WHERE b.order_id = (SELECT order_id FROM outbox WHERE id = ?1) AND b.kind = 'refund' AND b.id < ?1
                     AND b.state = 'done' AND b.last_error IS NULL AND r.channel_refund_id IS NULL";
        let before: i64 = one(&self.conn, sql, [row.id], |r| r.get(0))?.unwrap_or(0);
        Ok(news >= before.saturating_add(refund.amount_minor))
    }
}
