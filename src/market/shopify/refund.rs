//! Canceling and giving money back. A cancel moves no money; a refund goes back the ways the payments came, under a key
//! that makes a repeat the same refund. Neither leaves anything to the shop's own idea of stock: what is on hand the
//! catalog tells.
//!
//! Facts: the reference of `orderCancel` and `refundCreate` (2026-07); the key is asked for since 2026-04.
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

use super::{Shopify, ask, gid, normal};
use crate::diagnostic::Result;
use crate::market::faults::{no_such_order, order_unreadable, rejected};
use crate::market::json::moment;
use crate::market::{Cancellation, Port, Receipt, Refund, whole};
use crate::order::Refunded;
use crate::value::{Currency, Money};

/// What the merchant's word may be; any other is told to the staff.
const REASONS: &[&str] = &["CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "STAFF"];

impl Shopify {
    pub(super) fn cancel_order(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let order_id = cancellation.order_id.as_str();
        let raw = self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))?;
        let told = normal::order(raw).map_err(|why| order_unreadable(order_id, &why))?;
        if let Some(receipt) = whole::settled(&told, cancellation)? {
            return Ok(receipt);
        }
        let reason = REASONS.iter().find(|reason| reason.eq_ignore_ascii_case(&cancellation.reason));
        let variables = json!({
            "id": gid("Order", order_id),
            "reason": reason.unwrap_or(&"OTHER"),
            "note": cancellation.reason,
        });
        let changed = self.change(port, "cancel", ask::CANCEL, variables, false)?;
        refusal(changed).map_or(Ok(Receipt::Done), Err)
    }

    pub(super) fn give_back(&self, port: &dyn Port, refund: &Refund) -> Result<Receipt> {
        let id = gid("Order", &refund.order_id);
        let told: ask::One<ask::Payments> = self.ask(port, "payments", ask::PAYMENTS, json!({ "id": id }))?;
        let told = told.order.ok_or_else(|| no_such_order(&refund.order_id))?;
        let ways = ways_back(&told, refund).map_err(rejected)?;
        let decimal = |minor| Money::new(minor, refund.currency).to_decimal_string();
        let transactions = ways.into_iter().map(|(payment, minor)| {
            json!({ "orderId": id, "parentId": payment.id, "gateway": payment.gateway, "kind": "REFUND", "amount": decimal(minor) })
        });
        let lines = refund.lines.iter().filter(|line| line.quantity > 0).map(|line| {
            json!({ "lineItemId": gid("LineItem", &line.line_id), "quantity": line.quantity, "restockType": "NO_RESTOCK" })
        });
        let mut input = json!({
            "orderId": id,
            "note": refund.reason,
            "notify": true,
            "currency": refund.currency.code(),
            "refundLineItems": lines.collect::<Vec<Value>>(),
            "transactions": transactions.collect::<Vec<Value>>(),
        });
        if refund.shipping_minor > 0 {
            input["shipping"] = json!({ "amount": decimal(refund.shipping_minor) });
        }
        let key = format!("{:039}", xxh3_128(format!("refund {}/{}", refund.order_id, refund.number).as_bytes()));
        let changed = self.change(port, "refund", ask::REFUND, json!({ "key": key, "input": input }), true)?;
        refusal(changed).map_or(Ok(Receipt::Done), Err)
    }
}

fn refusal(changed: Option<ask::Changed>) -> Option<crate::diagnostic::Error> {
    changed?.user_errors.into_iter().next().map(|refused| rejected(refused.message))
}

/// The payments that the money goes back to, first come first, and how much of it.
fn ways_back<'a>(told: &'a ask::Payments, refund: &Refund) -> Result<Vec<(&'a ask::Payment, i64)>, String> {
    if told.presentment_currency_code != refund.currency.code() {
        return Err(format!("the order was paid in {}", told.presentment_currency_code));
    }
    let done = |is: fn(&str) -> bool| told.transactions.iter().filter(move |t| t.status == "SUCCESS" && is(&t.kind));
    let minor = |payment: &ask::Payment| payment.amount_set.presentment_money.amount.minor(refund.currency);
    let (mut ways, mut missing) = (Vec::new(), refund.amount_minor);
    for payment in done(|kind| matches!(kind, "SALE" | "CAPTURE")) {
        let back =
            done(|kind| kind == "REFUND").filter(|t| t.parent_transaction.as_ref().is_some_and(|p| p.id == payment.id));
        let back = back.map(minor).try_fold(0i64, |sum, minor| Ok::<_, String>(sum.saturating_add(minor?)))?;
        let part = missing.min(minor(payment)?.saturating_sub(back));
        if part > 0 {
            ways.push((payment, part));
            missing -= part;
        }
    }
    match missing {
        0 => Ok(ways),
        _ => Err("the order's payments do not have as much left to be refunded".to_owned()),
    }
}

/// A refund without money takes units out of the order; that is in its lines.
pub(super) fn refunds(told: &ask::Order, currency: Currency) -> Result<Vec<Refunded>, String> {
    let refund = |refund: &ask::Refunded| {
        Ok(Refunded {
            id: super::id_of(&refund.id).to_owned(),
            amount_minor: refund.total_refunded_set.presentment_money.amount.minor(currency)?,
            // to ask for them would cost more points than a page of orders may
            lines: Vec::new(),
            reason: refund.note.clone().filter(|note| !note.is_empty()),
            at: refund.created_at.as_deref().map(moment).transpose()?,
        })
    };
    told.refunds.iter().map(refund).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_goes_back_the_ways_it_came() {
        let payment = |id: &str, kind: &str, status: &str, amount: &str, parent: Option<&str>| {
            json!({ "id": id, "kind": kind, "status": status, "gateway": "card",
                "amountSet": { "presentmentMoney": { "amount": amount } },
                "parentTransaction": parent.map(|id| json!({ "id": id })) })
        };
        let told: ask::Payments = serde_json::from_value(json!({
            "presentmentCurrencyCode": "EUR",
            "transactions": [
                payment("A", "AUTHORIZATION", "SUCCESS", "30.0", None),
                payment("B", "CAPTURE", "SUCCESS", "20.0", Some("A")),
                payment("C", "SALE", "FAILURE", "10.0", None),
                payment("D", "SALE", "SUCCESS", "10.0", None),
                payment("E", "REFUND", "SUCCESS", "15.0", Some("B")),
            ],
        }))
        .unwrap();
        let ways = |amount_minor: i64| {
            let refund = Refund {
                order_id: "1".to_owned(),
                number: "R1".to_owned(),
                lines: Vec::new(),
                shipping_minor: 0,
                amount_minor,
                currency: Currency::parse("EUR").unwrap(),
                reason: String::new(),
            };
            let ways = ways_back(&told, &refund)?;
            Ok::<_, String>(ways.into_iter().map(|(payment, minor)| (payment.id.clone(), minor)).collect::<Vec<_>>())
        };
        assert_eq!(ways(500), Ok(vec![("B".to_owned(), 500)]));
        assert_eq!(ways(1200), Ok(vec![("B".to_owned(), 500), ("D".to_owned(), 700)]));
        assert!(ways(1501).is_err());
    }
}
