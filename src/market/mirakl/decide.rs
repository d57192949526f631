//! Accepting, refusing and canceling (OR21, OR29, OR30).
use serde_json::{Value, json};

use super::{Mirakl, is_success, normal, wire};
use crate::diagnostic::{Error, Result};
use crate::market::faults::{self, no_such_order, rejected};
use crate::market::json::{Decimal, number};
use crate::market::{Body, Cancellation, Decision, Method, Port, Receipt, Request};
use crate::value::{Currency, Money};

impl Mirakl {
    /// OR21. A repeat is refused by the platform since the order has moved on; what became of it is then read.
    pub(super) fn accept(&self, port: &dyn Port, decision: &Decision) -> Result<Receipt> {
        let lines = decision.lines.iter().map(|(id, accepted)| json!({ "id": id, "accepted": accepted }));
        let request = Request::new(Method::Put, "accept", &["api", "orders", &decision.order_id, "accept"])?
            .body(Body::Json(json!({ "order_lines": lines.collect::<Vec<_>>() })))
            .repeatable();
        if is_success(&self.send(port, request)?) {
            return Ok(Receipt::Done);
        }
        let told = self.expect(port, &decision.order_id)?;
        let takes = decision.lines.iter().any(|(_, accepted)| *accepted);
        match told.order_state.as_str() {
            "STAGING" | "WAITING_ACCEPTANCE" => Err(not_yet(&told)),
            "CANCELED" if takes => Err(moved_on(&told)),
            _ if decision.lines.iter().any(|line| contradicts(&told, line)) => Err(moved_on(&told)),
            // a word nobody knows says nothing of what was decided
            _ if normal::state(&told).is_none() => Err(not_yet(&told)),
            _ => Ok(Receipt::AlreadyDone),
        }
    }

    /// The whole order with OR29, which may be repeated; units of lines with OR30, which may not.
    pub(super) fn cancel_lines(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let told = self.expect(port, &cancellation.order_id)?;
        if matches!(told.order_state.as_str(), "CANCELED" | "REFUSED") {
            return Ok(Receipt::AlreadyDone);
        }
        let mut wanted = Vec::with_capacity(cancellation.lines.len());
        for (line_id, units) in &cancellation.lines {
            let line = told.order_lines.iter().find(|line| line.order_line_id == *line_id);
            let line = line.ok_or_else(|| rejected(format!("order {} has no line {line_id}", told.order_id)))?;
            let canceled = normal::canceled(line);
            if *units > line.quantity - canceled {
                if canceled >= *units {
                    continue;
                }
                let message =
                    format!("{units} units of line {line_id} cannot be canceled, {canceled} of {} are", line.quantity);
                return Err(rejected(message));
            }
            wanted.push((line, *units));
        }
        if wanted.is_empty() {
            return Ok(Receipt::AlreadyDone);
        }
        if is_whole(&told, &wanted) {
            self.cancel_order(port, &told)
        } else {
            self.cancel_units(port, &told, &wanted, &cancellation.reason)
        }
    }

    fn cancel_order(&self, port: &dyn Port, told: &wire::Order) -> Result<Receipt> {
        let request = Request::new(Method::Put, "cancel", &["api", "orders", &told.order_id, "cancel"])?.repeatable();
        if is_success(&self.send(port, request)?) {
            return Ok(Receipt::Done);
        }
        let now = self.expect(port, &told.order_id)?;
        if now.order_state == "CANCELED" { Ok(Receipt::AlreadyDone) } else { Err(moved_on(&now)) }
    }

    fn cancel_units(
        &self,
        port: &dyn Port,
        told: &wire::Order,
        wanted: &[(&wire::Line, i64)],
        reason: &str,
    ) -> Result<Receipt> {
        let currency = Currency::parse(&told.currency_iso_code).map_err(|invalid| rejected(invalid.message))?;
        let entries = wanted.iter().map(|(line, units)| cancelation(line, *units, reason, currency));
        let entries = entries.collect::<Result<Vec<_>, String>>().map_err(rejected)?;
        let mut body = json!({ "cancelations": entries });
        if let Some(mode) = &told.order_tax_mode {
            body["order_tax_mode"] = json!(mode);
        }
        let request = Request::new(Method::Put, "cancel", &["api", "orders", "cancel"])?.body(Body::Json(body));
        if is_success(&self.send(port, request)?) { Ok(Receipt::Done) } else { Err(moved_on(told)) }
    }

    pub(super) fn expect(&self, port: &dyn Port, order_id: &str) -> Result<wire::Order> {
        self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))
    }
}

pub(super) fn not_yet(told: &wire::Order) -> Error {
    faults::not_yet(&told.order_id, &told.order_state)
}

pub(super) fn moved_on(told: &wire::Order) -> Error {
    faults::moved_on(&told.order_id, &told.order_state)
}

fn contradicts(told: &wire::Order, (line_id, accepted): &(String, bool)) -> bool {
    let line = told.order_lines.iter().find(|line| line.order_line_id == *line_id);
    line.is_some_and(|line| (line.order_line_state.as_deref() == Some("REFUSED")) == *accepted)
}

/// Nothing would be left of the order, and nothing has left.
fn is_whole(told: &wire::Order, wanted: &[(&wire::Line, i64)]) -> bool {
    told.order_lines.iter().all(|line| {
        let asked = wanted.iter().filter(|(other, _)| other.order_line_id == line.order_line_id);
        let asked = asked.fold(0i64, |sum, (_, units)| sum.saturating_add(*units));
        line.shipped_date.is_none() && asked == line.quantity - normal::canceled(line)
    })
}

/// One of OR30's entries: amounts and taxes are itemized, the shipping price stays.
fn cancelation(line: &wire::Line, units: i64, reason: &str, currency: Currency) -> Result<Value, String> {
    let share = |amount: &Decimal| {
        let whole = amount.minor(currency)?;
        let part = whole.checked_mul(units).and_then(|part| part.checked_div(line.quantity));
        part.map(|minor| number(Money::new(minor, currency)))
            .ok_or_else(|| format!("line {} has no units", line.order_line_id))
    };
    let taxes = line.taxes.iter().map(|tax| Ok(json!({ "amount": share(&tax.amount)?, "code": tax.code })));
    let kept = line.shipping_taxes.iter().map(|tax| json!({ "amount": 0, "code": tax.code }));
    let unit = Money::new(line.price_unit.minor(currency)?, currency);
    let amount = unit.checked_mul(units).map_err(|invalid| invalid.message)?;
    Ok(json!({
        "amount": number(amount),
        "currency_iso_code": currency.code(),
        "order_line_id": line.order_line_id,
        "quantity": units,
        "reason_code": reason,
        "shipping_amount": 0,
        "shipping_taxes": kept.collect::<Vec<_>>(),
        "taxes": taxes.collect::<Result<Vec<_>, String>>()?,
    }))
}
