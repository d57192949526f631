//! An order of theirs as one of ours.
use serde_json::Value;

use super::wire;
use crate::market::json::{joined, moment};
use crate::order::{Address, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

/// What a marketplace sells in. An order whose payment is not authorized yet may have no price to tell it.
#[rustfmt::skip]
static CURRENCIES: &[(&str, &[&str])] = &[
    ("USD", &["ATVPDKIKX0DER"]), ("CAD", &["A2EUQ1WTGCTBG2"]), ("MXN", &["A1AM78C64UM0Y8"]), ("BRL", &["A2Q3Y263D00KWC"]),
    ("GBP", &["A1F83G8C2ARO7P"]), ("SEK", &["A2NODRKZP88ZB9"]), ("PLN", &["A1C3SOZRARQ6R3"]), ("TRY", &["A33AVAJ2PDY3EV"]),
    ("EUR", &["A1PA6795UKMFR9", "A13V1IB3VIYZZH", "APJ6JRA9NG5V4", "A1RKKUPIHCS9HS", "A1805IZSGTT6HS", "AMEN7PMS3EDWL",
              "A28R8C7NBKEWEA"]),
    ("AED", &["A2VIGQ35RCS4UG"]), ("SAR", &["A17E79C6D8DWNP"]), ("EGP", &["ARBP9OOSHTCHU"]), ("INR", &["A21TJRUUN4KGV"]),
    ("SGD", &["A19VAU5U5O7RUS"]), ("AUD", &["A39IBJ37TRP1C6"]), ("JPY", &["A1VC38T7YXB528"]), ("ZAR", &["AE08WJ6YKNBMC"]),
];

pub(super) fn read(raw: Value) -> Result<wire::Order, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

/// `marketplace` is where the account sells, for an order that does not say it.
pub(super) fn order(told: wire::Order, marketplace: &str) -> Result<Order, String> {
    let currency = currency(&told, marketplace)?;
    let money = |money: Option<&wire::Money>| money.map_or(Ok(0), |money| minor(money, currency));
    let state = state(&told);
    let proceeds = told.proceeds.as_ref();
    Ok(Order {
        state,
        channel_state: status(&told).to_owned(),
        fulfillment: fulfillment(&told),
        pickup_point: None,
        currency,
        total_minor: money(proceeds.and_then(|proceeds| proceeds.grand_total.as_ref()))?,
        shipping_minor: sum_of(proceeds, "SHIPPING", currency)?,
        placed_at: moment(&told.created_time)?,
        updated_at: moment(&told.last_updated_time)?,
        acknowledge_by: None,
        refunds: Vec::new(),
        lines: told.order_items.iter().map(|item| line(item, state, currency)).collect::<Result<_, String>>()?,
        buyer: buyer(&told),
        channel_order_id: told.order_id,
    })
}

fn status(told: &wire::Order) -> &str {
    told.fulfillment.as_ref().map_or("", |fulfillment| fulfillment.fulfillment_status.as_str())
}

fn currency(told: &wire::Order, marketplace: &str) -> Result<Currency, String> {
    let total = told.proceeds.as_ref().and_then(|proceeds| proceeds.grand_total.as_ref());
    let prices = told.order_items.iter().filter_map(|item| item.product.price.as_ref()?.unit_price.as_ref());
    let told_code = total.into_iter().chain(prices).next().map(|money| money.currency_code.as_str());
    let place = told.sales_channel.marketplace_id.as_deref().unwrap_or(marketplace);
    let of_place = || CURRENCIES.iter().find(|(_, places)| places.contains(&place)).map(|(code, _)| *code);
    let code = told_code.or_else(of_place).ok_or_else(|| format!("nothing tells its currency on {place}"))?;
    Currency::parse(code).map_err(|invalid| invalid.message)
}

fn minor(money: &wire::Money, currency: Currency) -> Result<i64, String> {
    if money.currency_code != currency.code() {
        return Err(format!("an amount is in {}, the order in {}", money.currency_code, currency.code()));
    }
    money.amount.minor(currency)
}

fn sum_of(proceeds: Option<&wire::Proceeds>, kind: &str, currency: Currency) -> Result<i64, String> {
    let parts = proceeds.into_iter().flat_map(|proceeds| &proceeds.breakdowns).filter(|part| part.kind == kind);
    let amounts = parts.filter_map(|part| part.subtotal.as_ref()).map(|money| minor(money, currency));
    amounts.into_iter().try_fold(0i64, |sum, amount| Ok(sum.saturating_add(amount?)))
}

fn state(told: &wire::Order) -> Option<State> {
    Some(match status(told) {
        "PENDING_AVAILABILITY" => State::Pending,
        "PENDING" => State::AwaitingPayment,
        "UNSHIPPED" => State::Ready,
        "PARTIALLY_SHIPPED" => State::PartlyShipped,
        "SHIPPED" if fulfillment(told) == Fulfillment::Pickup => State::PickedUp,
        "SHIPPED" => State::Shipped,
        // the latter only for what Amazon was to ship
        "CANCELLED" | "UNFULFILLABLE" => State::Canceled,
        _ => return None,
    })
}

fn fulfillment(told: &wire::Order) -> Fulfillment {
    let by = told.fulfillment.as_ref().and_then(|fulfillment| fulfillment.fulfilled_by.as_deref());
    if by == Some("AMAZON") {
        Fulfillment::ByChannel
    } else if told.programs.iter().any(|program| program == "IN_STORE_PICK_UP") {
        Fulfillment::Pickup
    } else {
        Fulfillment::Parcel
    }
}

fn line(told: &wire::Item, state: Option<State>, currency: Currency) -> Result<Line, String> {
    let ordered = told.quantity_ordered;
    if ordered < 0 {
        return Err(format!("item {} has a quantity of {ordered}", told.order_item_id));
    }
    let done = told.fulfillment.as_ref();
    let shipped = done.and_then(|done| done.quantity_fulfilled).unwrap_or(0).clamp(0, ordered);
    let open = done.and_then(|done| done.quantity_unfulfilled);
    let canceled = match state {
        Some(State::Canceled) => ordered - shipped,
        // what is neither out nor open is gone; before the payment nothing is open yet
        Some(State::Ready | State::PartlyShipped | State::Shipped) => {
            open.map_or(0, |open| (ordered - shipped).saturating_sub(open).clamp(0, ordered - shipped))
        }
        _ => 0,
    };
    let price = told.product.price.as_ref().and_then(|price| price.unit_price.as_ref());
    Ok(Line {
        channel_line_id: told.order_item_id.clone(),
        channel_sku: told.product.seller_sku.clone().filter(|sku| !sku.is_empty()),
        gtin: None,
        listing_id: told.product.asin.clone(),
        title: told.product.title.clone().unwrap_or_default(),
        quantity: ordered,
        canceled,
        shipped,
        price_minor: price.map_or(Ok(0), |price| minor(price, currency))?,
        tax_minor: sum_of(told.proceeds.as_ref(), "TAX", currency)?,
    })
}

fn buyer(told: &wire::Order) -> Option<Buyer> {
    let to = told.recipient.as_ref().and_then(|recipient| recipient.delivery_address.as_ref());
    let buyer = told.buyer.as_ref();
    let name = to.and_then(|to| to.name.clone()).or_else(|| buyer?.buyer_name.clone());
    let email = buyer.and_then(|buyer| buyer.buyer_email.clone());
    if to.is_none() && name.is_none() && email.is_none() {
        return None;
    }
    Some(Buyer {
        name: name.unwrap_or_default(),
        email,
        phone: to.and_then(|to| to.phone.clone()),
        address: to.map(|to| Address {
            street: joined(
                &[
                    to.company_name.as_deref(),
                    to.address_line1.as_deref(),
                    to.address_line2.as_deref(),
                    to.address_line3.as_deref(),
                ],
                "\n",
            ),
            zip: to.postal_code.clone().unwrap_or_default(),
            city: to.city.clone().unwrap_or_default(),
            region: to.state_or_region.clone(),
            country: to.country_code.clone().unwrap_or_default(),
        }),
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(status: &str, by: &str, item: Value) -> Result<Order, String> {
        order(
            read(json!({
                "orderId": "1", "createdTime": "2026-11-25T09:00:00Z", "lastUpdatedTime": "2026-11-25T09:00:00Z",
                "salesChannel": { "channelName": "AMAZON" }, "orderItems": [item],
                "fulfillment": { "fulfillmentStatus": status, "fulfilledBy": by },
            }))?,
            "A1VC38T7YXB528",
        )
    }

    fn item(ordered: i64, fulfilled: i64, open: i64) -> Value {
        json!({ "orderItemId": "1", "quantityOrdered": ordered, "product": {},
            "fulfillment": { "quantityFulfilled": fulfilled, "quantityUnfulfilled": open } })
    }

    #[test]
    fn every_state_has_a_place_and_units_are_counted_once() {
        for (status, units, ours, counts) in [
            ("PENDING_AVAILABILITY", (3, 0, 0), Some(State::Pending), (0, 0)),
            ("PENDING", (3, 0, 0), Some(State::AwaitingPayment), (0, 0)),
            ("UNSHIPPED", (3, 0, 2), Some(State::Ready), (1, 0)),
            ("PARTIALLY_SHIPPED", (3, 1, 2), Some(State::PartlyShipped), (0, 1)),
            ("SHIPPED", (3, 3, 0), Some(State::Shipped), (0, 3)),
            ("CANCELLED", (3, 1, 0), Some(State::Canceled), (2, 1)),
            ("UNFULFILLABLE", (3, 0, 0), Some(State::Canceled), (3, 0)),
            ("LEVITATING", (3, 9, -4), None, (0, 3)),
        ] {
            let order = of(status, "MERCHANT", item(units.0, units.1, units.2)).unwrap();
            assert_eq!((order.state, order.channel_state.as_str()), (ours, status));
            assert_eq!((order.lines[0].canceled, order.lines[0].shipped), counts, "{status}");
        }
        assert_eq!(of("UNSHIPPED", "AMAZON", item(1, 0, 1)).unwrap().fulfillment, Fulfillment::ByChannel);
    }

    #[test]
    fn an_order_without_prices_is_in_its_marketplaces_currency() {
        assert_eq!(of("PENDING", "MERCHANT", item(1, 0, 1)).unwrap().currency.code(), "JPY");
        assert!(of("PENDING", "MERCHANT", item(-1, 0, 1)).unwrap_err().contains("-1"));
        let mut codes: Vec<_> =
            CURRENCIES.iter().flat_map(|(code, places)| places.iter().map(move |p| (p, code))).collect();
        assert!(codes.iter().all(|(_, code)| Currency::parse(code).is_ok()));
        let all = codes.len();
        codes.sort();
        codes.dedup_by_key(|(place, _)| *place);
        assert_eq!(codes.len(), all);
    }
}
