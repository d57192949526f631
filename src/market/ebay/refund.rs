//! Canceling (Post-Order API, version 2) and money back (Fulfillment API). eBay wants both signed for sellers of the EU
//! and the United Kingdom, and refuses them where they are not: such sellers do it on eBay's pages.
//!
//! Facts: eBay's pages of `POST /post-order/v2/cancellation`, `CancelReasonEnum` and `ReasonForRefundEnum`, and its
//! OpenAPI document of the Fulfillment API.
use serde_json::{Value, json};

use super::{Ebay, fulfillment, normal, wire};
use crate::diagnostic::{Error, Kind, Result};
use crate::market::faults::{no_such_order, order_unreadable, rejected};
use crate::market::json::moment;
use crate::market::{Body, Cancellation, Connector, Method, Port, Receipt, Refund, Request, Verdict, whole};
use crate::order::{RefundLine, Refunded};
use crate::value::{Currency, Money};

/// Those of a seller.
pub(super) const CANCEL_REASONS: &[&str] = &["OUT_OF_STOCK_OR_CANNOT_FULFILL", "BUYER_ASKED_CANCEL", "ADDRESS_ISSUES"];
/// What the merchant's word may be; any other is told beside the last of them.
const REFUND_REASONS: &[&str] = &[
    "BUYER_CANCEL",
    "SELLER_CANCEL",
    "ITEM_NOT_RECEIVED",
    "BUYER_RETURN",
    "ITEM_NOT_AS_DESCRIBED",
    "SHIPPING_DISCOUNT",
    "OTHER_ADJUSTMENT",
];
const COMMENT_CHARS_MAX: usize = 100;

/// A right that is missing for this alone must not stop everything else that eBay is to be told.
fn unsigned(error: Error) -> Error {
    if error.kind != Kind::Credentials {
        return error;
    }
    rejected(error.message)
        .help("eBay wants it signed for sellers of the EU and the UK: do it in Seller Hub under Orders")
}

fn reason<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known.iter().find(|reason| reason.eq_ignore_ascii_case(word)).copied()
}

impl Ebay {
    fn expect(&self, port: &dyn Port, order_id: &str) -> Result<wire::Order> {
        let response = port.send(Request::get("order", &fulfillment(&[order_id]))?)?;
        if self.classify(&response) == Verdict::Absent {
            return Err(no_such_order(order_id));
        }
        normal::read(response.json()?).map_err(|why| order_unreadable(order_id, &why))
    }

    /// The buyer of a paid order is refunded by eBay.
    pub(super) fn cancel_order(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let order_id = cancellation.order_id.as_str();
        let told = self.expect(port, order_id)?;
        let asked_for = normal::cancel_state(&told) == Some("IN_PROGRESS");
        let paid = told.order_payment_status == "PAID";
        let told = normal::order(told).map_err(|why| order_unreadable(order_id, &why))?;
        if let Some(receipt) = whole::settled(&told, cancellation)? {
            return Ok(receipt);
        }
        if asked_for {
            return Ok(Receipt::AlreadyDone);
        }
        let reason = reason(&cancellation.reason, CANCEL_REASONS).unwrap_or(CANCEL_REASONS[0]);
        let body = json!({ "legacyOrderId": order_id, "cancelReason": reason, "buyerPaid": paid });
        let request = Request::new(Method::Post, "cancel", &["post-order", "v2", "cancellation"])?;
        port.send(request.body(Body::Json(body))).map_err(unsigned)?;
        Ok(Receipt::Done)
    }

    pub(super) fn give_back(&self, port: &dyn Port, refund: &Refund) -> Result<Receipt> {
        let told = self.expect(port, &refund.order_id)?;
        let amount = |minor| json!({ "value": Money::new(minor, refund.currency).to_decimal_string(), "currency": refund.currency.code() });
        let mut body = json!({
            "reasonForRefund": reason(&refund.reason, REFUND_REASONS).unwrap_or("OTHER_ADJUSTMENT"),
            "comment": refund.reason.chars().take(COMMENT_CHARS_MAX).collect::<String>(),
        });
        let of_lines = refund.lines.iter().fold(0i64, |sum, line| sum.saturating_add(line.amount_minor));
        // lines are named only where there are several, and only when all of it is for lines
        if told.line_items.len() > 1 && of_lines == refund.amount_minor {
            let lines = refund.lines.iter();
            let lines = lines.map(|l| json!({ "lineItemId": l.line_id, "refundAmount": amount(l.amount_minor) }));
            body["refundItems"] = json!(lines.collect::<Vec<Value>>());
        } else {
            body["orderLevelRefundAmount"] = amount(refund.amount_minor);
        }
        let request = Request::new(Method::Post, "refund", &fulfillment(&[&refund.order_id, "issue_refund"]))?;
        let response = port.send(request.body(Body::Json(body))).map_err(unsigned)?;
        match self.classify(&response) {
            Verdict::Absent => Err(no_such_order(&refund.order_id)),
            _ => Ok(Receipt::Done),
        }
    }
}

/// Refunds of the order as a whole, and those of its lines.
pub(super) fn refunds(told: &wire::Order, currency: Currency) -> Result<Vec<Refunded>, String> {
    let stands = |refund: &&wire::Refund| refund.refund_status.as_deref() != Some("FAILED");
    let read = |refund: &wire::Refund, line: Option<&wire::Line>| {
        let amount_minor = normal::minor(&refund.amount, currency)?;
        let id = refund.refund_id.as_ref().or(refund.refund_reference_id.as_ref());
        let of_line = line.map(|line| RefundLine { line_id: line.line_item_id.clone(), quantity: 0, amount_minor });
        Ok::<_, String>(id.map(|id| Refunded {
            id: id.clone(),
            amount_minor,
            lines: of_line.into_iter().collect(),
            reason: None,
            at: refund.refund_date.as_deref().and_then(|date| moment(date).ok()),
        }))
    };
    let mut refunds: Vec<Refunded> = Vec::new();
    let of_order = told.payment_summary.iter().flat_map(|summary| &summary.refunds).map(|refund| (refund, None));
    let of_lines = told.line_items.iter().flat_map(|line| line.refunds.iter().map(move |refund| (refund, Some(line))));
    for (refund, line) in of_order.chain(of_lines).filter(|(refund, _)| stands(refund)) {
        let Some(refund) = read(refund, line)? else { continue };
        // one refund of several lines has one id
        match refunds.iter_mut().find(|known| known.id == refund.id) {
            Some(known) if line.is_some() => {
                known.amount_minor = known.amount_minor.saturating_add(refund.amount_minor);
                known.lines.extend(refund.lines);
            }
            Some(_) => {}
            None => refunds.push(refund),
        }
    }
    Ok(refunds)
}
