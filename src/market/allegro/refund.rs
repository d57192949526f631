//! Canceling, which is the seller's progress, and money back to the payment. A refund is a command whose id is ours: a
//! repeat is the same refund.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Allegro, normal};
use crate::diagnostic::Result;
use crate::market::faults::{no_such_order, order_unreadable, rejected};
use crate::market::{Body, Cancellation, Method, Port, Receipt, Refund, Request, made_up, whole};
use crate::value::Money;

/// What the merchant's word may be; any other is told beside the last of them.
const REASONS: &[&str] = &[
    "COMPLAINT",
    "PRODUCT_NOT_AVAILABLE",
    "PAID_VALUE_TOO_LOW",
    "OVERPAID",
    "CANCELLED_BY_BUYER",
    "NOT_COLLECTED",
    "REFUND",
];
const COMMENT_CHARS_MAX: usize = 250;

impl Allegro {
    pub(super) fn cancel_order(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let order_id = cancellation.order_id.as_str();
        let told = self.find(port, order_id)?.ok_or_else(|| no_such_order(order_id))?;
        let told = normal::order(told).map_err(|why| order_unreadable(order_id, &why))?;
        if let Some(receipt) = whole::settled(&told, cancellation)? {
            return Ok(receipt);
        }
        self.set_progress(port, order_id, "CANCELLED")?;
        Ok(Receipt::Done)
    }

    pub(super) fn give_back(&self, port: &dyn Port, refund: &Refund) -> Result<Receipt> {
        let told = self.find(port, &refund.order_id)?.ok_or_else(|| no_such_order(&refund.order_id))?;
        let payment = told.payment.as_ref().and_then(|payment| payment.id.as_deref());
        let payment = payment.ok_or_else(|| rejected(format!("order {} has no payment", told.id)))?;
        let of_lines = refund.lines.iter().fold(refund.shipping_minor, |sum, l| sum.saturating_add(l.amount_minor));
        if of_lines != refund.amount_minor {
            return Err(rejected("Allegro gives money back for lines and delivery only: name the line"));
        }
        let value = |minor| json!({ "amount": Money::new(minor, refund.currency).to_decimal_string(), "currency": refund.currency.code() });
        let lines = refund.lines.iter();
        let lines =
            lines.map(|line| json!({ "id": line.line_id, "type": "AMOUNT", "value": value(line.amount_minor) }));
        let reason = REASONS.iter().find(|reason| reason.eq_ignore_ascii_case(&refund.reason)).unwrap_or(&"REFUND");
        let mut body = json!({
            "payment": { "id": payment },
            "order": { "id": refund.order_id },
            // the same at every try
            "commandId": made_up::id(&format!("refund {}/{}", refund.order_id, refund.number), Timestamp::UNIX_EPOCH),
            "reason": reason,
            "lineItems": lines.collect::<Vec<Value>>(),
            "sellerComment": refund.reason.chars().take(COMMENT_CHARS_MAX).collect::<String>(),
        });
        if refund.shipping_minor > 0 {
            body["delivery"] = json!({ "value": value(refund.shipping_minor) });
        }
        let request =
            Request::new(Method::Post, "refund", &["payments", "refunds"])?.body(Body::Json(body)).repeatable();
        let answer = port.send(request)?;
        Ok(if answer.status == 409 { Receipt::AlreadyDone } else { Receipt::Done })
    }
}
