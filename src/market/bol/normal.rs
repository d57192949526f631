//! An order of theirs, as told and as one of ours.
use serde::Deserialize;
use serde_json::{Value, json};

use crate::market::json::{Decimal, joined, moment, sum};
use crate::order::{self, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

/// Of every offer and order.
pub(super) const CURRENCY: &str = "EUR";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    pub order_id: String,
    order_placed_date_time: String,
    shipment_details: Option<Details>,
    pub order_items: Vec<Item>,
    /// Of the list, which alone has it: see [`with_status`].
    #[serde(default)]
    statuses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub order_item_id: String,
    #[serde(default)]
    cancellation_request: bool,
    fulfilment: Option<Fulfilment>,
    offer: Option<Offer>,
    product: Option<Product>,
    pub quantity: i64,
    pub quantity_shipped: i64,
    pub quantity_cancelled: i64,
    unit_price: Decimal,
    total_price: Decimal,
    latest_changed_date_time: String,
}

#[derive(Deserialize)]
struct Fulfilment {
    method: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    offer_id: Option<String>,
    reference: Option<String>,
}

#[derive(Deserialize)]
struct Product {
    ean: Option<String>,
    title: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    pickup_point_name: Option<String>,
    first_name: Option<String>,
    surname: Option<String>,
    company: Option<String>,
    street_name: Option<String>,
    house_number: Option<String>,
    house_number_extension: Option<String>,
    extra_address_information: Option<String>,
    zip_code: Option<String>,
    city: Option<String>,
    country_code: Option<String>,
    email: Option<String>,
    delivery_phone_number: Option<String>,
}

impl Item {
    pub fn open(&self) -> i64 {
        self.quantity.saturating_sub(self.quantity_shipped).saturating_sub(self.quantity_cancelled)
    }
}

/// The details of an order, with the states its items have in the list.
pub(super) fn with_status(mut told: Value, listed: &Value) -> Value {
    let items = listed.get("orderItems").and_then(Value::as_array).into_iter().flatten();
    told["statuses"] = json!(items.filter_map(|item| item.get("fulfilmentStatus")?.as_str()).collect::<Vec<_>>());
    told
}

/// Why an order cannot be read is one sentence, for the order's place in the report.
pub(super) fn read(raw: Value) -> Result<Told, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

pub(super) fn order(told: Told) -> Result<Order, String> {
    let currency = Currency::parse(CURRENCY).map_err(|invalid| invalid.message)?;
    let stamps = told.order_items.iter().map(|item| moment(&item.latest_changed_date_time));
    let stamps = stamps.collect::<Result<Vec<_>, _>>()?;
    let theirs = told
        .order_items
        .iter()
        .filter(|item| item.fulfilment.as_ref().is_some_and(|fulfilment| fulfilment.method.as_deref() == Some("FBB")));
    let by_channel = !told.order_items.is_empty() && theirs.count() == told.order_items.len();
    let details = told.shipment_details.as_ref();
    Ok(Order {
        state: state(&told),
        channel_state: channel_state(&told),
        fulfillment: if by_channel { Fulfillment::ByChannel } else { Fulfillment::Parcel },
        // a carrier's, to which the parcel goes
        pickup_point: details.and_then(|details| details.pickup_point_name.clone()),
        currency,
        total_minor: sum(told.order_items.iter().map(|item| item.total_price.minor(currency)))?,
        shipping_minor: 0,
        placed_at: moment(&told.order_placed_date_time)?,
        updated_at: stamps.into_iter().max().ok_or("it has no items")?,
        acknowledge_by: None,
        refunds: Vec::new(),
        lines: told.order_items.iter().map(|item| line(item, currency)).collect::<Result<_, String>>()?,
        buyer: details.map(buyer),
        channel_order_id: told.order_id,
    })
}

fn all(told: &Told, of: fn(&Item) -> bool) -> bool {
    told.order_items.iter().all(of)
}

/// Numbers tell it; a word of the list that nobody knows makes them doubtful.
fn state(told: &Told) -> Option<State> {
    if told.statuses.iter().any(|status| !matches!(status.as_str(), "OPEN" | "HANDLED")) {
        return None;
    }
    Some(match () {
        () if all(told, |item| item.quantity_cancelled >= item.quantity) => State::Canceled,
        () if all(told, |item| item.open() <= 0) => State::Shipped,
        () if all(told, |item| item.quantity_shipped == 0) => State::Ready,
        () => State::PartlyShipped,
    })
}

fn channel_state(told: &Told) -> String {
    let mut words: Vec<&str> = told.statuses.iter().map(String::as_str).collect();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() {
        words.push(if all(told, |item| item.open() <= 0) { "HANDLED" } else { "OPEN" });
    }
    // the buyer wants out: it is for a person to cancel, or to say that it has left
    if told.order_items.iter().any(|item| item.cancellation_request) {
        words.push("cancellation requested");
    }
    words.join(", ")
}

fn line(item: &Item, currency: Currency) -> Result<Line, String> {
    let counts = [item.quantity, item.quantity_shipped, item.quantity_cancelled];
    if counts.iter().any(|count| *count < 0) {
        return Err(format!("item {} has quantities of {counts:?}", item.order_item_id));
    }
    let (offer, product) = (item.offer.as_ref(), item.product.as_ref());
    Ok(Line {
        channel_line_id: item.order_item_id.clone(),
        channel_sku: offer.and_then(|offer| offer.reference.clone()).filter(|sku| !sku.is_empty()),
        gtin: product.and_then(|product| product.ean.clone()),
        listing_id: offer.and_then(|offer| offer.offer_id.clone()),
        title: product.and_then(|product| product.title.clone()).unwrap_or_default(),
        quantity: item.quantity,
        canceled: item.quantity_cancelled.min(item.quantity),
        shipped: item.quantity_shipped.min(item.quantity.saturating_sub(item.quantity_cancelled)),
        price_minor: item.unit_price.minor(currency)?,
        // prices hold it
        tax_minor: 0,
    })
}

fn buyer(to: &Details) -> Buyer {
    let house = joined(&[to.house_number.as_deref(), to.house_number_extension.as_deref()], "");
    let street = joined(&[to.street_name.as_deref(), Some(&house)], " ");
    Buyer {
        name: joined(&[to.first_name.as_deref(), to.surname.as_deref()], " "),
        email: to.email.clone(),
        phone: to.delivery_phone_number.clone(),
        address: Some(order::Address {
            street: joined(&[to.company.as_deref(), Some(&street), to.extra_address_information.as_deref()], "\n"),
            zip: to.zip_code.clone().unwrap_or_default(),
            city: to.city.clone().unwrap_or_default(),
            region: None,
            country: to.country_code.clone().unwrap_or_default(),
        }),
        note: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[(i64, i64, i64)], statuses: &[&str]) -> Order {
        let item = |(quantity, shipped, canceled): &(i64, i64, i64)| {
            json!({ "orderItemId": "i", "quantity": quantity, "quantityShipped": shipped, "quantityCancelled": canceled,
                "unitPrice": 12.99, "totalPrice": 25.98, "latestChangedDateTime": "2026-11-25T10:00:00+01:00",
                "offer": { "offerId": "o", "reference": "LAMP" }, "product": { "ean": "4006381333931", "title": "Lamp" } })
        };
        let raw = json!({ "orderId": "B1", "orderPlacedDateTime": "2026-11-25T09:00:00+01:00",
            "orderItems": counts.iter().map(item).collect::<Vec<_>>(), "statuses": statuses });
        read(raw).and_then(order).unwrap()
    }

    #[test]
    fn numbers_tell_where_an_order_is() {
        for (counts, ours) in [
            (&[(2, 0, 0)][..], State::Ready),
            (&[(2, 1, 0)], State::PartlyShipped),
            (&[(2, 2, 0), (1, 0, 0)], State::PartlyShipped),
            (&[(2, 1, 1)], State::Shipped),
            (&[(2, 0, 2), (1, 0, 1)], State::Canceled),
        ] {
            assert_eq!(of(counts, &["OPEN"]).state, Some(ours), "{counts:?}");
        }
        let strange = of(&[(2, 0, 0)], &["OPEN", "LOST_AT_SEA"]);
        assert_eq!((strange.state, strange.channel_state.as_str()), (None, "LOST_AT_SEA, OPEN"));
    }

    #[test]
    fn an_order_is_read_with_its_money_and_times() {
        let order = of(&[(2, 1, 0)], &[]);
        assert_eq!((order.total_minor, order.lines[0].price_minor, order.lines[0].shipped), (2598, 1299, 1));
        assert_eq!(
            (order.updated_at.to_string().as_str(), order.channel_state.as_str()),
            ("2026-11-25T09:00:00Z", "OPEN")
        );
    }
}
