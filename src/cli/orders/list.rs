//! `orders list` and `orders show`.
use std::io::Write;

use super::{Filter, Which};
use crate::catalog::{LineDetail, OrderDetail, OrderFilter, OrderSummary};
use crate::cli::Context;
use crate::diagnostic::Result;
use crate::report::{Cell, Outcome, Table, escape};
use crate::value::time::to_utc_text;
use crate::value::{Currency, Money};

impl Filter {
    pub(super) fn to_catalog(&self) -> OrderFilter {
        OrderFilter {
            channel: self.market.clone(),
            state: self.state,
            open: self.open,
            waiting: self.waiting,
            limit: self.limit,
        }
    }
}

pub(super) fn list(filter: &Filter, context: &Context<'_>) -> Result<Outcome> {
    let orders = context.shop()?.catalog.read()?.orders(&filter.to_catalog())?;
    context.report.result(&orders, |out| {
        if orders.is_empty() {
            return writeln!(out, "no orders");
        }
        let mut table = Table::new(["order", "market", "state", "placed", "lines", "open", "total", "waits for"]);
        for order in &orders {
            table.row([
                Cell::from(order.order_id.as_str()),
                Cell::from(order.channel.as_str()),
                Cell::from(order.state.as_str()),
                Cell::from(to_utc_text(order.placed_at)),
                Cell::number(order.lines),
                Cell::number(order.open),
                Cell::number(amount(order.total_minor, &order.currency)),
                Cell::from(waits_for(order)),
            ]);
        }
        table.write(out)
    })?;
    Ok(Outcome::Done)
}

/// What a person has to do, if anything.
fn waits_for(order: &OrderSummary) -> String {
    let mut waits = Vec::new();
    if order.unmatched_lines > 0 {
        waits.push(format!("{} unmatched", order.unmatched_lines));
    }
    if order.short > 0 {
        waits.push(format!("{} short", order.short));
    }
    waits.join(", ")
}

pub(in crate::cli) fn amount(minor: i64, currency: &str) -> String {
    match Currency::parse(currency) {
        Ok(currency) => format!("{} {}", Money::new(minor, currency).to_decimal_string(), currency.code()),
        Err(_) => format!("{minor} minor units {currency}"),
    }
}

pub(super) fn show(order: &Which, buyer: bool, context: &Context<'_>) -> Result<Outcome> {
    let shop = context.shop()?;
    let (channel, id) = order.find(&shop)?;
    let Some(mut detail) = shop.catalog.read()?.order(&channel, id)? else {
        return Err(crate::diagnostic::Error::usage("order/unknown", format!("{channel} has no order {id}"))
            .help("`purvey orders list` shows all"));
    };
    if !buyer {
        detail.buyer = None;
    }
    context.report.result(&detail, |out| write(&detail, out))?;
    Ok(Outcome::Done)
}

fn write(order: &OrderDetail, out: &mut dyn Write) -> std::io::Result<()> {
    let summary = &order.summary;
    let rows = [
        ("order", format!("{} at {}", escape(&summary.order_id), escape(&summary.channel))),
        ("state", format!("{} ({} there)", summary.state.as_str(), escape(&summary.channel_state))),
        ("placed", to_utc_text(summary.placed_at)),
        ("fulfillment", fulfillment(summary)),
        ("total", amount(summary.total_minor, &summary.currency)),
    ];
    for (name, value) in rows {
        writeln!(out, "{name:<12} {value}")?;
    }
    if let Some(at) = order.buyer_erased_at {
        writeln!(out, "{:<12} erased {}", "buyer", to_utc_text(at))?;
    }
    if let Some(buyer) = &order.buyer {
        writeln!(out, "{:<12} {}", "buyer", escape(&buyer.name))?;
        if let Some(a) = &buyer.address {
            writeln!(
                out,
                "{:<12} {}, {} {}, {}",
                "",
                escape(&a.street),
                escape(&a.zip),
                escape(&a.city),
                escape(&a.country)
            )?;
        }
    }
    writeln!(out)?;
    let mut table = Table::new(["line", "SKU", "title", "ordered", "shipped", "canceled", "price", "held at"]);
    for line in &order.line_items {
        table.row([
            Cell::from(line.line_id.as_str()),
            Cell::from(sku(line)),
            Cell::from(crate::value::text::cut_chars(&line.title, 40)),
            Cell::number(line.quantity),
            Cell::number(line.shipped),
            Cell::number(line.canceled),
            Cell::number(amount(line.price_minor, &summary.currency)),
            Cell::from(held(line)),
        ]);
    }
    table.write(out)?;
    for parcel in &order.parcels {
        let number = parcel.tracking_number.as_deref().unwrap_or("no number");
        writeln!(
            out,
            "\nparcel {}: {} {}, left {}",
            parcel.package_number,
            escape(&parcel.carrier),
            escape(number),
            to_utc_text(parcel.shipped_at)
        )?;
    }
    for refund in &order.refunds {
        let by = refund.number.as_deref().or(refund.channel_refund_id.as_deref()).unwrap_or_default();
        let of = match (&refund.number, &refund.channel_refund_id) {
            (Some(_), None) => "asked for",
            (Some(_), Some(_)) => "asked for, and given there",
            (None, _) => "given there",
        };
        let money = amount(refund.amount_minor, &summary.currency);
        writeln!(out, "\nrefund {}: {money}, {of}, {}", escape(by), to_utc_text(refund.at))?;
    }
    for row in &order.outbox {
        let error = row.last_error.as_deref().map(|e| format!(" ({})", escape(e))).unwrap_or_default();
        writeln!(out, "outbox {}: {} {}{error}", row.id, escape(&row.key), row.state.as_str())?;
    }
    Ok(())
}

fn fulfillment(order: &OrderSummary) -> String {
    let at = order.pickup_point.as_deref().map(|p| format!(" at {}", escape(p))).unwrap_or_default();
    format!("{}{at}", order.fulfillment.as_str())
}

fn sku(line: &LineDetail) -> String {
    match (&line.sku, &line.channel_sku) {
        (Some(sku), _) => sku.clone(),
        (None, Some(theirs)) => format!("{theirs} (unmatched)"),
        (None, None) => "(unmatched)".to_owned(),
    }
}

fn held(line: &LineDetail) -> String {
    let mut held: Vec<String> = line.holds.iter().map(|h| format!("{} x {}", h.quantity, h.location)).collect();
    if line.short > 0 {
        held.push(format!("{} short", line.short));
    }
    held.join(", ")
}
