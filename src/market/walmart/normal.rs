//! An order of theirs as one of ours.
use jiff::Timestamp;
use serde_json::Value;

use super::wire;
use crate::market::json::joined;
use crate::order::{Address, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

/// Units of a line, or of an order, by what has become of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Units {
    /// Waiting for our acknowledgment.
    pub created: i64,
    pub acknowledged: i64,
    /// Refunded ones had left as well.
    pub shipped: i64,
    pub delivered: i64,
    pub canceled: i64,
    /// In a status we do not know.
    pub strange: i64,
}

impl Units {
    pub fn of(line: &wire::Line) -> Result<Units, String> {
        let mut units = Units::default();
        for status in &line.order_line_statuses.order_line_status {
            let count = match status.status.as_str() {
                "Created" => &mut units.created,
                "Acknowledged" => &mut units.acknowledged,
                "Shipped" | "Refund" => &mut units.shipped,
                "Delivered" => &mut units.delivered,
                "Cancelled" => &mut units.canceled,
                _ => &mut units.strange,
            };
            *count = count.saturating_add(status.status_quantity.units()?);
        }
        Ok(units)
    }

    pub fn open(self) -> i64 {
        self.created.saturating_add(self.acknowledged)
    }

    fn plus(self, more: Units) -> Units {
        Units {
            created: self.created.saturating_add(more.created),
            acknowledged: self.acknowledged.saturating_add(more.acknowledged),
            shipped: self.shipped.saturating_add(more.shipped),
            delivered: self.delivered.saturating_add(more.delivered),
            canceled: self.canceled.saturating_add(more.canceled),
            strange: self.strange.saturating_add(more.strange),
        }
    }

    fn state(self) -> Option<State> {
        let left = self.shipped.saturating_add(self.delivered);
        Some(match self {
            Units { strange: 1.., .. } => return None,
            Units { created: 1.., .. } if left == 0 => State::AwaitingAcceptance,
            _ if self.open() > 0 && left > 0 => State::PartlyShipped,
            _ if self.open() > 0 => State::Ready,
            _ if left == 0 && self.canceled > 0 => State::Canceled,
            Units { shipped: 0, delivered: 1.., .. } => State::Delivered,
            _ if left > 0 => State::Shipped,
            // no units at all
            _ => return None,
        })
    }
}

pub(super) fn read(raw: Value) -> Result<wire::Order, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

pub(super) fn order(told: wire::Order) -> Result<Order, String> {
    let currency = currency(&told)?;
    let lines = told.order_lines.order_line.as_slice();
    let mut units = Units::default();
    for line in lines {
        units = units.plus(Units::of(line)?);
    }
    let updated = lines.iter().filter_map(|line| line.status_date).chain([told.order_date]).max();
    let charged =
        |kind: Option<&str>| lines.iter().try_fold(0i64, |sum, line| add(sum, charges(line, kind, currency)?));
    let taxes = lines.iter().try_fold(0i64, |sum, line| add(sum, taxes(line, currency)?))?;
    let summed = told.order_summary.as_ref().and_then(|summary| summary.total_amount.as_ref());
    Ok(Order {
        state: units.state(),
        channel_state: statuses(lines),
        fulfillment: fulfillment(&told),
        pickup_point: None,
        currency,
        total_minor: match summed {
            Some(total) => total.currency_amount.minor(currency)?,
            None => add(charged(None)?, taxes)?,
        },
        shipping_minor: charged(Some("SHIPPING"))?,
        placed_at: moment(told.order_date)?,
        updated_at: moment(updated.unwrap_or(told.order_date))?,
        acknowledge_by: None,
        refunds: Vec::new(),
        lines: lines.iter().map(|line| read_line(line, currency)).collect::<Result<_, String>>()?,
        buyer: buyer(&told),
        channel_order_id: told.purchase_order_id,
    })
}

fn add(sum: i64, more: i64) -> Result<i64, String> {
    sum.checked_add(more).ok_or_else(|| "the amounts are too large".to_owned())
}

pub(super) fn moment(millis: i64) -> Result<Timestamp, String> {
    Timestamp::from_millisecond(millis).map_err(|_| format!("{millis} is no time"))
}

/// Each status that a line has, once.
fn statuses(lines: &[wire::Line]) -> String {
    let mut all: Vec<&str> = Vec::new();
    for status in lines.iter().flat_map(|line| &line.order_line_statuses.order_line_status) {
        if !all.contains(&status.status.as_str()) {
            all.push(&status.status);
        }
    }
    all.join(" ")
}

fn currency(told: &wire::Order) -> Result<Currency, String> {
    let mut charges = told.order_lines.order_line.iter().filter_map(|line| line.charges.as_ref()?.charge.first());
    let code = charges.next().map_or("USD", |charge| charge.charge_amount.currency.as_str());
    Currency::parse(code).map_err(|invalid| invalid.message)
}

fn fulfillment(told: &wire::Order) -> Fulfillment {
    match told.ship_node.as_ref().and_then(|node| node.kind.as_deref()) {
        Some("WFSFulfilled") => Fulfillment::ByChannel,
        _ => Fulfillment::Parcel,
    }
}

/// What a line costs for one kind of charge, or for all.
fn charges(line: &wire::Line, kind: Option<&str>, currency: Currency) -> Result<i64, String> {
    let all = line.charges.iter().flat_map(|charges| &charges.charge);
    let wanted = all.filter(|charge| kind.is_none_or(|kind| charge.charge_type == kind));
    wanted.map(|charge| minor(&charge.charge_amount, currency)).try_fold(0, |sum, amount| add(sum, amount?))
}

fn taxes(line: &wire::Line, currency: Currency) -> Result<i64, String> {
    let all = line.charges.iter().flat_map(|charges| &charges.charge).filter_map(|charge| charge.tax.as_ref());
    all.map(|tax| minor(&tax.tax_amount, currency)).try_fold(0, |sum, amount| add(sum, amount?))
}

fn minor(amount: &wire::Amount, currency: Currency) -> Result<i64, String> {
    if amount.currency != currency.code() {
        return Err(format!("an amount is in {}, the order in {}", amount.currency, currency.code()));
    }
    amount.amount.minor(currency)
}

fn read_line(told: &wire::Line, currency: Currency) -> Result<Line, String> {
    let (units, quantity) = (Units::of(told)?, told.order_line_quantity.units()?);
    let canceled = units.canceled.min(quantity);
    Ok(Line {
        channel_line_id: told.line_number.clone(),
        channel_sku: told.item.sku.clone().filter(|sku| !sku.is_empty()),
        gtin: None,
        listing_id: None,
        title: told.item.product_name.clone().unwrap_or_default(),
        quantity,
        canceled,
        shipped: units.shipped.saturating_add(units.delivered).min(quantity - canceled),
        // a charge is for all units of its line
        price_minor: charges(told, Some("PRODUCT"), currency)?.checked_div(quantity).unwrap_or(0),
        tax_minor: taxes(told, currency)?,
    })
}

fn buyer(told: &wire::Order) -> Option<Buyer> {
    let info = told.shipping_info.as_ref()?;
    let to = info.postal_address.as_ref()?;
    Some(Buyer {
        name: to.name.clone().unwrap_or_default(),
        email: told.customer_email_id.clone(),
        phone: info.phone.clone(),
        address: Some(Address {
            street: joined(&[to.address1.as_deref(), to.address2.as_deref()], "\n"),
            zip: to.postal_code.clone().unwrap_or_default(),
            city: to.city.clone().unwrap_or_default(),
            region: to.state.clone(),
            country: to.country.clone().unwrap_or_default(),
        }),
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(statuses: &[(&str, &str)]) -> Result<Order, String> {
        let status =
            |(status, units): &(&str, &str)| json!({ "status": status, "statusQuantity": { "amount": units } });
        let line = json!({ "lineNumber": "1", "item": {}, "orderLineQuantity": { "amount": "3" },
            "orderLineStatuses": { "orderLineStatus": statuses.iter().map(status).collect::<Vec<_>>() } });
        let told = json!({ "purchaseOrderId": "1", "orderDate": 1_796_000_000_000_i64,
            "orderLines": { "orderLine": [line] } });
        order(read(told)?)
    }

    #[test]
    fn an_orders_state_is_what_its_units_are_in() {
        for (statuses, state, counts) in [
            (&[("Created", "3")] as &[_], Some(State::AwaitingAcceptance), (0, 0)),
            (&[("Acknowledged", "3")], Some(State::Ready), (0, 0)),
            (&[("Acknowledged", "2"), ("Shipped", "1")], Some(State::PartlyShipped), (0, 1)),
            (&[("Cancelled", "1"), ("Acknowledged", "2")], Some(State::Ready), (1, 0)),
            (&[("Shipped", "2"), ("Delivered", "1")], Some(State::Shipped), (0, 3)),
            (&[("Delivered", "3")], Some(State::Delivered), (0, 3)),
            (&[("Shipped", "2"), ("Refund", "1")], Some(State::Shipped), (0, 3)),
            (&[("Shipped", "1"), ("Cancelled", "2")], Some(State::Shipped), (2, 1)),
            (&[("Cancelled", "3")], Some(State::Canceled), (3, 0)),
            (&[("Teleported", "3")], None, (0, 0)),
        ] {
            let order = of(statuses).unwrap();
            let line = &order.lines[0];
            assert_eq!((order.state, (line.canceled, line.shipped)), (state, counts), "{statuses:?}");
        }
        assert!(of(&[("Created", "many")]).unwrap_err().contains("many"));
        assert!(of(&[("Created", "-1")]).is_err());
    }
}
