//! An order of theirs as one of ours.
use serde_json::Value;

use super::{refund, wire};
use crate::market::json::{Decimal, joined, moment, sum};
use crate::order::{Address, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

/// The center of sellers who ship themselves; any other is the operator's.
const OWN_CENTER: &str = "DEFAULT";

/// Why an order cannot be read is one sentence, for the order's place in the report.
pub(super) fn read(raw: Value) -> Result<wire::Order, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

pub(super) fn order(told: wire::Order) -> Result<Order, String> {
    let currency = Currency::parse(&told.currency_iso_code).map_err(|invalid| invalid.message)?;
    let money = |decimal: &Decimal| decimal.minor(currency);
    let lines = told.order_lines.iter().map(|line| read_line(line, currency)).collect::<Result<Vec<_>, String>>()?;
    let mut total_minor = money(&told.total_price)?;
    if told.order_tax_mode.as_deref() == Some("TAX_EXCLUDED") {
        let taxes = told.order_lines.iter().flat_map(|line| line.taxes.iter().chain(&line.shipping_taxes));
        total_minor = sum([Ok(total_minor)].into_iter().chain(taxes.map(|tax| money(&tax.amount))))?;
    }
    Ok(Order {
        state: state(&told),
        fulfillment: fulfillment(&told),
        pickup_point: told.shipping_pudo_id.clone(),
        currency,
        total_minor,
        shipping_minor: told.shipping_price.as_ref().map_or(Ok(0), money)?,
        placed_at: moment(&told.created_date)?,
        updated_at: moment(&told.last_updated_date)?,
        // the platform keeps its deadline to itself
        acknowledge_by: None,
        refunds: refund::refunds(&told, currency)?,
        lines,
        buyer: buyer(&told),
        channel_order_id: told.order_id,
        channel_state: told.order_state,
    })
}

pub(super) fn state(told: &wire::Order) -> Option<State> {
    let collects = told.shipping_pudo_id.is_some() && !told.order_lines.iter().any(has_left);
    Some(match told.order_state.as_str() {
        "STAGING" => State::Pending,
        "WAITING_ACCEPTANCE" => State::AwaitingAcceptance,
        "WAITING_DEBIT" | "WAITING_DEBIT_PAYMENT" => State::AwaitingPayment,
        "SHIPPING" if told.order_lines.iter().any(has_left) => State::PartlyShipped,
        "SHIPPING" => State::Ready,
        "SHIPPED" => State::Shipped,
        // At a carrier's pickup point the goods have left us, on our own counter they have not.
        "TO_COLLECT" if told.order_lines.iter().any(has_left) => State::Shipped,
        "TO_COLLECT" => State::ReadyForPickup,
        "RECEIVED" if collects => State::PickedUp,
        "RECEIVED" => State::Delivered,
        "CLOSED" => State::Closed,
        "REFUSED" => State::Refused,
        "CANCELED" => State::Canceled,
        _ => return None,
    })
}

fn has_left(line: &wire::Line) -> bool {
    line.shipped_date.is_some() || line.order_line_state.as_deref() == Some("SHIPPED")
}

fn fulfillment(told: &wire::Order) -> Fulfillment {
    let center = told.fulfillment.as_ref().and_then(|f| f.center.as_ref()?.code.as_deref());
    match center {
        Some(center) if !center.is_empty() && center != OWN_CENTER => Fulfillment::ByChannel,
        _ if told.shipping_pudo_id.is_some() => Fulfillment::Pickup,
        _ => Fulfillment::Parcel,
    }
}

fn read_line(told: &wire::Line, currency: Currency) -> Result<Line, String> {
    if told.quantity < 0 {
        return Err(format!("line {} has a quantity of {}", told.order_line_id, told.quantity));
    }
    let canceled = canceled(told);
    Ok(Line {
        channel_line_id: told.order_line_id.clone(),
        channel_sku: told.offer_sku.clone().filter(|sku| !sku.is_empty()),
        gtin: None,
        listing_id: told.offer_id.map(|id| id.to_string()),
        title: told.product_title.clone().unwrap_or_default(),
        quantity: told.quantity,
        canceled,
        shipped: if is_gone(told) { told.quantity - canceled } else { 0 },
        price_minor: told.price_unit.minor(currency)?,
        tax_minor: sum(told.taxes.iter().map(|tax| tax.amount.minor(currency)))?,
    })
}

/// At most the quantity.
pub(super) fn canceled(told: &wire::Line) -> i64 {
    if matches!(told.order_line_state.as_deref(), Some("CANCELED" | "REFUSED")) {
        return told.quantity;
    }
    let units = told.cancelations.iter().filter_map(|c| c.quantity).filter(|units| *units > 0);
    units.fold(0i64, i64::saturating_add).min(told.quantity)
}

/// All units have left. How many of a line have left while it is still in SHIPPING, OR11 does not tell.
fn is_gone(told: &wire::Line) -> bool {
    match told.order_line_state.as_deref() {
        Some("SHIPPED" | "RECEIVED" | "CLOSED") => true,
        Some("TO_COLLECT") => told.shipped_date.is_some(),
        _ => false,
    }
}

fn buyer(told: &wire::Order) -> Option<Buyer> {
    let customer = told.customer.as_ref()?;
    let to = customer.shipping_address.as_ref();
    let name = |first: &Option<String>, last: &Option<String>| joined(&[first.as_deref(), last.as_deref()], " ");
    let recipient = to.map(|to| name(&to.firstname, &to.lastname)).filter(|name| !name.is_empty());
    Some(Buyer {
        name: recipient.unwrap_or_else(|| name(&customer.firstname, &customer.lastname)),
        email: told.customer_notification_email.clone(),
        phone: to.and_then(|to| to.phone.clone()),
        address: to.map(address),
        note: to.and_then(|to| to.additional_info.clone()),
    })
}

fn address(to: &wire::Address) -> Address {
    Address {
        street: joined(&[to.company.as_deref(), to.street_1.as_deref(), to.street_2.as_deref()], "\n"),
        zip: to.zip_code.clone().unwrap_or_default(),
        city: to.city.clone().unwrap_or_default(),
        region: to.state.clone(),
        // the three letters of ISO 3166-1, as told
        country: to.country_iso_code.clone().or_else(|| to.country.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    pub(in crate::market::mirakl) fn told(changes: Value) -> Value {
        let mut order = json!({
            "order_id": "O-1", "order_state": "SHIPPING", "currency_iso_code": "EUR",
            "created_date": "2026-11-25T09:00:00Z", "last_updated_date": "2026-11-25T10:00:00Z",
            "total_price": 31.8, "shipping_price": 5.5,
            "order_lines": [{ "order_line_id": "O-1-1", "order_line_state": "SHIPPING", "offer_id": 7, "offer_sku": "S",
                "quantity": 2, "price_unit": 13.15, "taxes": [{ "amount": 0.1, "code": "t" }, { "amount": 0.2 }] }],
        });
        if let (Value::Object(order), Value::Object(changes)) = (&mut order, changes) {
            order.extend(changes);
        }
        order
    }

    fn of(changes: Value) -> Result<Order, String> {
        order(read(told(changes))?)
    }

    fn line_of(changes: Value) -> Line {
        let mut lines = told(json!({}))["order_lines"].clone();
        if let (Some(line), Value::Object(changes)) = (lines[0].as_object_mut(), changes) {
            line.extend(changes);
        }
        of(json!({ "order_lines": lines })).unwrap().lines.remove(0)
    }

    #[test]
    fn an_order_is_read_with_its_money_and_times() {
        let order = of(json!({})).unwrap();
        assert_eq!((order.total_minor, order.shipping_minor, order.currency.code()), (3180, 550, "EUR"));
        assert_eq!(order.updated_at.to_string(), "2026-11-25T10:00:00Z");
        let line = &order.lines[0];
        assert_eq!((line.price_minor, line.tax_minor, line.quantity), (1315, 30, 2));
        assert_eq!((line.channel_sku.as_deref(), line.listing_id.as_deref()), (Some("S"), Some("7")));
        assert_eq!(of(json!({ "order_tax_mode": "TAX_EXCLUDED" })).unwrap().total_minor, 3210);
    }

    #[test]
    fn every_state_has_a_place_and_an_unknown_one_is_kept() {
        for (theirs, ours) in [
            ("STAGING", Some(State::Pending)),
            ("WAITING_ACCEPTANCE", Some(State::AwaitingAcceptance)),
            ("WAITING_DEBIT", Some(State::AwaitingPayment)),
            ("WAITING_DEBIT_PAYMENT", Some(State::AwaitingPayment)),
            ("SHIPPING", Some(State::Ready)),
            ("SHIPPED", Some(State::Shipped)),
            ("TO_COLLECT", Some(State::ReadyForPickup)),
            ("RECEIVED", Some(State::Delivered)),
            ("CLOSED", Some(State::Closed)),
            ("REFUSED", Some(State::Refused)),
            ("CANCELED", Some(State::Canceled)),
            ("WAITING_FOR_FULL_MOON", None),
        ] {
            let order = of(json!({ "order_state": theirs })).unwrap();
            assert_eq!((order.state, order.channel_state.as_str()), (ours, theirs));
        }
    }

    #[test]
    fn a_pickup_point_may_be_a_carriers_or_our_own_counter() {
        let at_point = |state: &str, shipped: Option<&str>| {
            let mut lines = told(json!({}))["order_lines"].clone();
            lines[0]["shipped_date"] = json!(shipped);
            let order = of(json!({ "order_state": state, "shipping_pudo_id": "P1", "order_lines": lines })).unwrap();
            assert_eq!((order.fulfillment, order.pickup_point.as_deref()), (Fulfillment::Pickup, Some("P1")));
            order.state
        };
        assert_eq!(at_point("TO_COLLECT", None), Some(State::ReadyForPickup));
        assert_eq!(at_point("TO_COLLECT", Some("2026-11-25T10:00:00Z")), Some(State::Shipped));
        assert_eq!(at_point("RECEIVED", None), Some(State::PickedUp));
        assert_eq!(at_point("RECEIVED", Some("2026-11-25T10:00:00Z")), Some(State::Delivered));
        let theirs = of(json!({ "fulfillment": { "center": { "code": "LILLE-1" } } })).unwrap();
        assert_eq!(theirs.fulfillment, Fulfillment::ByChannel);
    }

    #[test]
    fn units_are_counted_once() {
        let counts = |changes| {
            let line = line_of(changes);
            (line.quantity, line.canceled, line.shipped)
        };
        let some = json!([{ "quantity": 1 }, { "quantity": null }, { "quantity": -4 }]);
        assert_eq!(counts(json!({})), (2, 0, 0));
        assert_eq!(counts(json!({ "quantity": 0 })), (0, 0, 0));
        assert_eq!(counts(json!({ "cancelations": some })), (2, 1, 0));
        assert_eq!(counts(json!({ "cancelations": some, "order_line_state": "SHIPPED" })), (2, 1, 1));
        assert_eq!(counts(json!({ "order_line_state": "REFUSED" })), (2, 2, 0));
        assert_eq!(counts(json!({ "cancelations": [{ "quantity": 9 }], "order_line_state": "CLOSED" })), (2, 2, 0));
        assert_eq!(counts(json!({ "cancelations": null, "taxes": null })), (2, 0, 0));
    }

    #[test]
    fn what_cannot_be_read_is_said_and_never_guessed() {
        for (changes, part) in [
            (json!({ "currency_iso_code": "???" }), "currency"),
            (json!({ "last_updated_date": "yesterday" }), "yesterday"),
            (json!({ "total_price": 12.345 }), "12.345"),
            (json!({ "total_price": null }), "amount"),
            (json!({ "order_id": 5 }), "string"),
            (json!({ "order_lines": [{ "order_line_id": "x", "quantity": -1, "price_unit": 1 }] }), "-1"),
        ] {
            let why = of(changes).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn the_recipient_is_the_one_on_the_address() {
        let order = of(json!({ "customer": { "firstname": "A", "lastname": "Buyer", "shipping_address": {
            "firstname": "B", "lastname": "Recipient", "street_1": "1 Road", "street_2": "", "zip_code": "75001",
            "city": "Paris", "country": "France", "country_iso_code": "FRA" } } }));
        let buyer = order.unwrap().buyer.unwrap();
        let address = buyer.address.unwrap();
        assert_eq!((buyer.name.as_str(), address.street.as_str()), ("B Recipient", "1 Road"));
        assert_eq!((address.country.as_str(), address.region), ("FRA", None));
    }
}
