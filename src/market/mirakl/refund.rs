//! Money back for lines (OR28), and what the platform tells of it. Refunds of several lines that are asked for together
//! are one to the buyer: they have a group's id.
use serde_json::{Value, json};

use super::decide::moved_on;
use super::{Mirakl, is_success, wire};
use crate::diagnostic::Result;
use crate::market::faults::rejected;
use crate::market::json::{Decimal, moment, number, proportion, sum};
use crate::market::{Body, Method, Port, Receipt, Refund, Request};
use crate::order::{RefundLine, Refunded};
use crate::value::{Currency, Money};

impl Mirakl {
    /// Every amount is for a line: that of the shipping goes with the first.
    pub(super) fn give_back(&self, port: &dyn Port, refund: &Refund) -> Result<Receipt> {
        let told = self.expect(port, &refund.order_id)?;
        let of_lines = refund.lines.iter().fold(refund.shipping_minor, |sum, l| sum.saturating_add(l.amount_minor));
        if refund.lines.is_empty() || of_lines != refund.amount_minor {
            return Err(rejected("the platform gives money back for lines only: name the line")
                .help("give the refund again with --line, and --amount for what goes back for it"));
        }
        let mut shipping = refund.shipping_minor;
        let mut entries = Vec::with_capacity(refund.lines.len());
        for line in &refund.lines {
            let known = told.order_lines.iter().find(|known| known.order_line_id == line.line_id);
            let known =
                known.ok_or_else(|| rejected(format!("order {} has no line {}", told.order_id, line.line_id)))?;
            let entry = entry(&told, known, line, std::mem::take(&mut shipping), refund);
            entries.push(entry.map_err(rejected)?);
        }
        let mut body = json!({ "refunds": entries });
        if let Some(mode) = &told.order_tax_mode {
            body["order_tax_mode"] = json!(mode);
        }
        let request = Request::new(Method::Put, "refund", &["api", "orders", "refund"])?.body(Body::Json(body));
        if is_success(&self.send(port, request)?) { Ok(Receipt::Done) } else { Err(moved_on(&told)) }
    }
}

/// What the buyer gets back has its taxes in it; how much they are is told beside it, as they were paid.
fn entry(
    order: &wire::Order,
    known: &wire::Line,
    line: &RefundLine,
    shipping_minor: i64,
    refund: &Refund,
) -> Result<Value, String> {
    let excluded = order.order_tax_mode.as_deref() == Some("TAX_EXCLUDED");
    let price = known.price_unit.minor(refund.currency)?.saturating_mul(known.quantity);
    let goods = parted(line.amount_minor, price, &known.taxes, excluded, refund.currency)?;
    let paid = order.shipping_price.as_ref().map_or(Ok(0), |price| price.minor(refund.currency))?;
    let shipping = parted(shipping_minor, paid, &known.shipping_taxes, excluded, refund.currency)?;
    let money = |minor| number(Money::new(minor, refund.currency));
    let taxes = |taxes: &[(Option<String>, i64)]| -> Vec<Value> {
        taxes.iter().map(|(code, minor)| json!({ "amount": money(*minor), "code": code })).collect()
    };
    Ok(json!({
        "order_line_id": line.line_id,
        "quantity": line.quantity,
        "amount": money(goods.amount),
        "taxes": taxes(&goods.taxes),
        "shipping_amount": money(shipping.amount),
        "shipping_taxes": taxes(&shipping.taxes),
        "currency_iso_code": refund.currency.code(),
        "reason_code": refund.reason,
    }))
}

struct Parts {
    amount: i64,
    taxes: Vec<(Option<String>, i64)>,
}

/// Taxes in the proportion in which they were paid; in the amount, or beside it where prices are without them.
fn parted(minor: i64, price: i64, taxes: &[wire::Tax], excluded: bool, currency: Currency) -> Result<Parts, String> {
    let paid: Vec<i64> = taxes.iter().map(|tax| tax.amount.minor(currency)).collect::<Result<_, _>>()?;
    let whole = if excluded { sum(paid.iter().map(|tax| Ok(*tax)).chain([Ok(price)]))? } else { price };
    let taxes: Vec<(Option<String>, i64)> =
        taxes.iter().zip(&paid).map(|(tax, paid)| (tax.code.clone(), proportion(minor, *paid, whole))).collect();
    let beside = if excluded { taxes.iter().fold(0i64, |sum, (_, tax)| sum.saturating_add(*tax)) } else { 0 };
    Ok(Parts { amount: minor.saturating_sub(beside), taxes })
}

pub(super) fn refunds(told: &wire::Order, currency: Currency) -> Result<Vec<Refunded>, String> {
    let excluded = told.order_tax_mode.as_deref() == Some("TAX_EXCLUDED");
    let mut refunds: Vec<Refunded> = Vec::new();
    for line in &told.order_lines {
        for refund in &line.refunds {
            let amounts = [&refund.amount, &refund.shipping_amount].into_iter().flatten();
            let taxes = refund.taxes.iter().chain(&refund.shipping_taxes).map(|tax| &tax.amount).filter(|_| excluded);
            let minor = sum(amounts.chain(taxes).map(|part: &Decimal| part.minor(currency)))?;
            let entry = RefundLine {
                line_id: line.order_line_id.clone(),
                quantity: refund.quantity.unwrap_or(0),
                amount_minor: minor,
            };
            let id = refund.order_refund_id.as_ref().unwrap_or(&refund.id);
            match refunds.iter_mut().find(|known| known.id == *id) {
                Some(known) => {
                    known.amount_minor = known.amount_minor.saturating_add(minor);
                    known.lines.push(entry);
                }
                None => refunds.push(Refunded {
                    id: id.clone(),
                    amount_minor: minor,
                    lines: vec![entry],
                    reason: refund.reason_code.clone(),
                    at: refund.created_date.as_deref().map(moment).transpose()?,
                }),
            }
        }
    }
    Ok(refunds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taxes_are_in_the_amount_or_beside_it() {
        let eur = Currency::parse("EUR").unwrap();
        let tax = || vec![wire::Tax { amount: Decimal("1.90".to_owned()), code: Some("VAT".to_owned()) }];
        let of = |minor, price, excluded| {
            let parts = parted(minor, price, &tax(), excluded, eur).unwrap();
            (parts.amount, parts.taxes[0].1)
        };
        assert_eq!(of(1190, 1190, false), (1190, 190));
        assert_eq!(of(595, 1190, false), (595, 95));
        assert_eq!(of(1190, 1000, true), (1000, 190));
        assert_eq!(of(0, 0, false), (0, 0));
    }
}
