//! Canceling and giving money back. A cancel is the order's status and moves no money; a refund asks the payment gateway
//! for it, and gives nothing back to the shop's stock, which the catalog tells.
//!
//! Facts: the documentation of the REST API (order refunds, version 3) and of `wc_create_refund` behind it, which takes
//! shipping as one more line item, by its id.
use serde_json::{Value, json};

use super::{WooCommerce, normal, path, wire};
use crate::diagnostic::Result;
use crate::market::faults::{order_unreadable, rejected};
use crate::market::json::{moment, proportion, sum};
use crate::market::{Body, Cancellation, Method, Port, Receipt, Refund, Request, whole};
use crate::order::{RefundLine, Refunded};
use crate::value::{Currency, Money};

impl WooCommerce {
    pub(super) fn cancel_order(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let order_id = cancellation.order_id.as_str();
        let told = normal::order(self.expect(port, order_id)?).map_err(|why| order_unreadable(order_id, &why))?;
        if let Some(receipt) = whole::settled(&told, cancellation)? {
            return Ok(receipt);
        }
        let request = Request::new(Method::Put, "cancel", &path(&["orders", order_id]))?;
        port.send(request.body(Body::Json(json!({ "status": "cancelled" }))).repeatable())?;
        Ok(Receipt::Done)
    }

    pub(super) fn give_back(&self, port: &dyn Port, refund: &Refund) -> Result<Receipt> {
        let told = self.expect(port, &refund.order_id)?;
        let items = items(&told, refund).map_err(rejected)?;
        let body = json!({
            "amount": refund.money().to_decimal_string(),
            "reason": refund.reason,
            "api_refund": true,
            "api_restock": false,
            "line_items": items,
        });
        let request = Request::new(Method::Post, "refund", &path(&["orders", &refund.order_id, "refunds"]))?;
        port.send(request.body(Body::Json(body)))?;
        Ok(Receipt::Done)
    }
}

/// Each line's amount, parted into what it is without tax and its taxes as they were paid.
fn items(told: &wire::Order, refund: &Refund) -> Result<Vec<Value>, String> {
    let currency = refund.currency;
    let decimal = |minor| Money::new(minor, currency).to_decimal_string();
    let item = |id: u64, units: i64, minor: i64, net: &wire::Decimal, taxes: &[wire::LineTax]| {
        let parts = parted(minor, net, taxes, currency)?;
        let taxes: Vec<Value> =
            parts.taxes.iter().map(|(id, tax)| json!({ "id": id, "refund_total": decimal(*tax) })).collect();
        Ok::<_, String>(json!({ "id": id, "quantity": units, "refund_total": decimal(parts.net), "refund_tax": taxes }))
    };
    let mut items = Vec::new();
    for line in &refund.lines {
        let known = told.line_items.iter().find(|known| known.id.to_string() == line.line_id);
        let known = known.ok_or_else(|| format!("order {} has no line {}", told.id, line.line_id))?;
        items.push(item(known.id, line.quantity, line.amount_minor, &known.total, &known.taxes)?);
    }
    if refund.shipping_minor > 0 {
        let priced = told.shipping_lines.iter().filter_map(|line| Some((line.id?, line.total.as_ref()?, &line.taxes)));
        let mut priced = priced.filter(|(_, total, _)| total.minor(currency).is_ok_and(|minor| minor > 0));
        let (id, total, taxes) = priced.next().ok_or_else(|| format!("order {} had no paid shipping", told.id))?;
        items.push(item(id, 0, refund.shipping_minor, total, taxes)?);
    }
    Ok(items)
}

struct Parts {
    net: i64,
    taxes: Vec<(u64, i64)>,
}

/// An amount in the proportions of what was paid; the cent that is left over is without tax.
fn parted(minor: i64, net: &wire::Decimal, taxes: &[wire::LineTax], currency: Currency) -> Result<Parts, String> {
    let paid: Vec<(u64, i64)> = taxes
        .iter()
        .filter_map(|tax| Some((tax.id, tax.total.as_ref().filter(|total| !total.0.is_empty())?.minor(currency))))
        .map(|(id, minor)| Ok((id, minor?)))
        .collect::<Result<_, String>>()?;
    let whole = sum([net.minor(currency)].into_iter().chain(paid.iter().map(|(_, tax)| Ok(*tax))))?;
    let taxes: Vec<(u64, i64)> =
        paid.into_iter().map(|(id, tax)| (id, proportion(minor, tax, whole))).filter(|(_, tax)| *tax > 0).collect();
    let net = taxes.iter().fold(minor, |net, (_, tax)| net.saturating_sub(*tax));
    Ok(Parts { net, taxes })
}

/// As the order has them once they were asked for one by one.
pub(super) fn refunds(told: &wire::Order, currency: Currency) -> Result<Vec<Refunded>, String> {
    let line = |line: &wire::RefundLine| {
        let minor =
            sum([line.total.as_ref(), line.total_tax.as_ref()].into_iter().flatten().map(|part| part.minor(currency)))?;
        let id =
            line.meta_data.iter().find(|meta| meta.key == normal::REFUNDED_LINE).map(|meta| normal::plain(&meta.value));
        Ok::<_, String>(id.map(|line_id| RefundLine {
            line_id,
            quantity: line.quantity.saturating_abs(),
            amount_minor: minor.saturating_abs(),
        }))
    };
    let refund = |refund: &wire::Refund| {
        Ok(Refunded {
            id: refund.id.to_string(),
            amount_minor: refund
                .amount
                .as_ref()
                .or(refund.total.as_ref())
                .map_or(Ok(0), |amount| amount.minor(currency))?
                .saturating_abs(),
            lines: refund.line_items.iter().filter_map(|told| line(told).transpose()).collect::<Result<_, String>>()?,
            reason: refund.reason.clone().filter(|reason| !reason.is_empty()),
            at: refund.date_created_gmt.as_ref().map(|date| moment(&format!("{date}Z"))).transpose()?,
        })
    };
    told.refunds.iter().map(refund).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_parted_as_it_was_paid_to_the_cent() {
        let eur = Currency::parse("EUR").unwrap();
        let net = wire::Decimal("10.00".to_owned());
        let tax = |id: u64, total: &str| wire::LineTax { id, total: Some(wire::Decimal(total.to_owned())) };
        let of = |minor| {
            let parts = parted(minor, &net, &[tax(1, "1.90"), tax(2, "0.10"), tax(3, "")], eur).unwrap();
            (parts.net, parts.taxes)
        };
        assert_eq!(of(1200), (1000, vec![(1, 190), (2, 10)]));
        assert_eq!(of(600), (500, vec![(1, 95), (2, 5)]));
        assert_eq!(of(1), (1, vec![]));
        assert_eq!(parted(500, &wire::Decimal("0".to_owned()), &[], eur).unwrap().net, 500);
    }
}
