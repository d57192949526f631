//! An order of theirs, as told and as one of ours.
use serde::Deserialize;
use serde_json::Value;

use crate::market::json::{joined, moment, sum};
use crate::order::{self, Buyer, Fulfillment, Line, Order, State};
use crate::value::Currency;

#[derive(Deserialize)]
pub(super) struct Told {
    pub id_order: String,
    ts_created_iso: String,
    fulfillment_type: Option<String>,
    pub order_units: Vec<Unit>,
    shipping_address: Option<Address>,
    buyer: Option<BuyerTold>,
}

/// One piece.
#[derive(Deserialize)]
pub(super) struct Unit {
    pub id_order_unit: u64,
    pub status: String,
    id_offer: Option<String>,
    currency: String,
    /// In cents.
    price: i64,
    #[serde(default)]
    shipping_rate: i64,
    pub ts_updated_iso: String,
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    id_product: Option<u64>,
    title: Option<String>,
    #[serde(default)]
    eans: Vec<String>,
}

#[derive(Deserialize)]
struct Address {
    first_name: Option<String>,
    last_name: Option<String>,
    company_name: Option<String>,
    street: Option<String>,
    house_number: Option<String>,
    additional_field: Option<String>,
    postcode: Option<String>,
    city: Option<String>,
    phone: Option<String>,
    country: Option<String>,
}

#[derive(Deserialize)]
struct BuyerTold {
    email: Option<String>,
}

/// What one piece is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Not paid, or not verified yet.
    Waits,
    ToSend,
    Sent,
    Received,
    Canceled,
}

impl Unit {
    pub fn piece(&self) -> Option<Piece> {
        Some(match self.status.as_str() {
            "open" => Piece::Waits,
            "need_to_be_sent" => Piece::ToSend,
            "sent" | "sent_and_autopaid" => Piece::Sent,
            // what comes back is booked where it arrives
            "received" | "returned" | "returned_paid" => Piece::Received,
            "cancelled" => Piece::Canceled,
            _ => return None,
        })
    }
}

/// Why an order cannot be read is one sentence, for the order's place in the report.
pub(super) fn read(raw: Value) -> Result<Told, String> {
    serde_json::from_value(raw).map_err(|e| e.to_string())
}

pub(super) fn order(told: Told) -> Result<Order, String> {
    let first = told.order_units.first().ok_or("it has no pieces")?;
    let currency = Currency::parse(&first.currency).map_err(|invalid| invalid.message)?;
    let stamps = told.order_units.iter().map(|unit| moment(&unit.ts_updated_iso));
    let updated_at = stamps.collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or_default();
    let mut states: Vec<&str> = told.order_units.iter().map(|unit| unit.status.as_str()).collect();
    states.sort_unstable();
    states.dedup();
    let shipping_minor = sum(told.order_units.iter().map(|unit| Ok(unit.shipping_rate)))?;
    let by_channel = told.fulfillment_type.as_deref() == Some("fulfilled_by_kaufland");
    Ok(Order {
        state: state(&told),
        channel_state: states.join(" "),
        fulfillment: if by_channel { Fulfillment::ByChannel } else { Fulfillment::Parcel },
        pickup_point: None,
        currency,
        total_minor: sum(told.order_units.iter().map(|unit| Ok(unit.price)).chain([Ok(shipping_minor)]))?,
        shipping_minor,
        placed_at: moment(&told.ts_created_iso)?,
        updated_at,
        acknowledge_by: None,
        refunds: Vec::new(),
        lines: told.order_units.iter().map(line).collect(),
        buyer: buyer(&told),
        channel_order_id: told.id_order,
    })
}

/// Pieces go their own ways; the order is where those are that have not been canceled.
fn state(told: &Told) -> Option<State> {
    let pieces = told.order_units.iter().map(Unit::piece).collect::<Option<Vec<_>>>()?;
    let left: Vec<Piece> = pieces.into_iter().filter(|piece| *piece != Piece::Canceled).collect();
    let any = |piece| left.contains(&piece);
    Some(match () {
        () if left.is_empty() => State::Canceled,
        () if any(Piece::Waits) && !any(Piece::Sent) && !any(Piece::Received) => State::AwaitingPayment,
        () if !any(Piece::ToSend) && !any(Piece::Waits) && !any(Piece::Sent) => State::Delivered,
        () if !any(Piece::ToSend) && !any(Piece::Waits) => State::Shipped,
        () if any(Piece::Sent) || any(Piece::Received) => State::PartlyShipped,
        () => State::Ready,
    })
}

fn line(unit: &Unit) -> Line {
    let product = unit.product.as_ref();
    let piece = unit.piece();
    Line {
        channel_line_id: unit.id_order_unit.to_string(),
        channel_sku: unit.id_offer.clone().filter(|sku| !sku.is_empty()),
        gtin: product.and_then(|product| product.eans.first().cloned()),
        listing_id: product.and_then(|product| product.id_product).map(|id| id.to_string()),
        title: product.and_then(|product| product.title.clone()).unwrap_or_default(),
        quantity: 1,
        canceled: i64::from(piece == Some(Piece::Canceled)),
        shipped: i64::from(matches!(piece, Some(Piece::Sent | Piece::Received))),
        price_minor: unit.price,
        // prices hold it, and it is told as a rate
        tax_minor: 0,
    }
}

fn buyer(told: &Told) -> Option<Buyer> {
    let to = told.shipping_address.as_ref()?;
    let street = joined(&[to.street.as_deref(), to.house_number.as_deref()], " ");
    Some(Buyer {
        name: joined(&[to.first_name.as_deref(), to.last_name.as_deref()], " "),
        email: told.buyer.as_ref().and_then(|buyer| buyer.email.clone()),
        phone: to.phone.clone().filter(|phone| !phone.is_empty()),
        address: Some(order::Address {
            street: joined(&[to.company_name.as_deref(), Some(&street), to.additional_field.as_deref()], "\n"),
            zip: to.postcode.clone().unwrap_or_default(),
            city: to.city.clone().unwrap_or_default(),
            region: None,
            country: to.country.clone().unwrap_or_default(),
        }),
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(states: &[&str]) -> Order {
        let unit = |(id, status): (usize, &&str)| {
            json!({ "id_order_unit": id, "status": status, "id_offer": "LAMP", "currency": "EUR", "price": 1290,
                "shipping_rate": 100, "ts_updated_iso": format!("2026-11-25T09:0{id}:00Z") })
        };
        let units: Vec<Value> = states.iter().enumerate().map(unit).collect();
        let raw = json!({ "id_order": "M1", "ts_created_iso": "2026-11-25T08:00:00Z", "order_units": units });
        read(raw).and_then(order).unwrap()
    }

    #[test]
    fn an_order_is_where_its_pieces_are() {
        for (states, ours) in [
            (&["open"][..], Some(State::AwaitingPayment)),
            (&["need_to_be_sent", "open"], Some(State::AwaitingPayment)),
            (&["need_to_be_sent", "cancelled"], Some(State::Ready)),
            (&["need_to_be_sent", "sent"], Some(State::PartlyShipped)),
            (&["sent_and_autopaid", "received"], Some(State::Shipped)),
            (&["received", "returned"], Some(State::Delivered)),
            (&["cancelled", "cancelled"], Some(State::Canceled)),
            (&["sent", "abducted"], None),
        ] {
            assert_eq!(of(states).state, ours, "{states:?}");
        }
    }

    #[test]
    fn every_piece_is_a_line() {
        let order = of(&["sent", "cancelled", "need_to_be_sent"]);
        let counts: Vec<_> = order.lines.iter().map(|line| (line.quantity, line.canceled, line.shipped)).collect();
        assert_eq!(counts, [(1, 0, 1), (1, 1, 0), (1, 0, 0)]);
        assert_eq!((order.total_minor, order.shipping_minor), (3 * 1290 + 300, 300));
        assert_eq!(order.updated_at.to_string(), "2026-11-25T09:02:00Z");
    }
}
