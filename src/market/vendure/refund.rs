//! Money back to a payment. A refund that is made by hand at the payment's provider waits there as pending; it counts.
use serde_json::json;

use super::{Vendure, ask, made, normal};
use crate::diagnostic::Result;
use crate::market::faults::rejected;
use crate::market::json::moment;
use crate::market::{Port, Receipt, Refund};
use crate::order::Refunded;
use crate::value::Currency;

impl Vendure {
    /// A server refunds one payment at a time, so the amount goes to the first that has as much left.
    pub(super) fn give_back(&self, port: &dyn Port, refund: &Refund) -> Result<Receipt> {
        let told = self.expect(port, &refund.order_id)?;
        if told.currency_code != refund.currency.code() {
            return Err(rejected(format!("the order was paid in {}", told.currency_code)));
        }
        let wanted = normal::hundredths(refund.amount_minor, refund.currency)
            .ok_or_else(|| rejected("the amount is too large"))?;
        let left = |payment: &ask::Payment| {
            let back = standing(payment).fold(0i64, |sum, refund| sum.saturating_add(refund.total));
            payment.amount.saturating_sub(back)
        };
        let payment = told.payments.iter().find(|p| p.state == "Settled" && left(p) >= wanted);
        let payment = payment
            .ok_or_else(|| rejected(format!("no payment of order {} has as much left to be refunded", told.id)))?;
        // a refund is an amount since version 2.2; 3.7 calls the two others deprecated, and stores none without them
        let input = json!({
            "amount": wanted, "shipping": 0, "adjustment": 0, "paymentId": payment.id, "reason": refund.reason,
        });
        if let Some(changed) = self.change(port, "refund", &ask::refund(), json!({ "input": input }), false)? {
            made(&changed)?;
        }
        Ok(Receipt::Done)
    }
}

fn standing(payment: &ask::Payment) -> impl Iterator<Item = &ask::Refund> {
    payment.refunds.iter().filter(|refund| refund.state != "Failed")
}

pub(super) fn refunds(told: &ask::Order, currency: Currency) -> Result<Vec<Refunded>, String> {
    let refund = |refund: &ask::Refund| {
        Ok(Refunded {
            id: refund.id.clone(),
            amount_minor: normal::minor(refund.total, currency)?,
            lines: Vec::new(),
            reason: refund.reason.clone().filter(|reason| !reason.is_empty()),
            at: refund.created_at.as_deref().map(moment).transpose()?,
        })
    };
    told.payments.iter().flat_map(standing).map(refund).collect()
}
