//! The shapes of the answers, as much of them as is used. Fields come and go without notice, so nothing is required
//! that is not needed, and nothing unknown is refused.
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::Value;

/// OR11. The orders stay raw, so that one that cannot be read does not spoil its page.
#[derive(Deserialize)]
pub(super) struct Orders {
    #[serde(default)]
    pub orders: Vec<Value>,
    #[serde(default)]
    pub total_count: usize,
}

#[derive(Deserialize)]
pub(super) struct Order {
    pub order_id: String,
    pub order_state: String,
    pub currency_iso_code: String,
    pub created_date: String,
    pub last_updated_date: String,
    pub total_price: Decimal,
    pub shipping_price: Option<Decimal>,
    pub shipping_pudo_id: Option<String>,
    pub shipping_tracking: Option<String>,
    pub shipping_carrier_code: Option<String>,
    pub shipping_company: Option<String>,
    pub order_tax_mode: Option<String>,
    pub fulfillment: Option<Fulfillment>,
    pub customer: Option<Customer>,
    pub customer_notification_email: Option<String>,
    #[serde(default)]
    pub order_lines: Vec<Line>,
}

#[derive(Deserialize)]
pub(super) struct Fulfillment {
    pub center: Option<Center>,
}

#[derive(Deserialize)]
pub(super) struct Center {
    pub code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Customer {
    pub firstname: Option<String>,
    pub lastname: Option<String>,
    pub shipping_address: Option<Address>,
}

#[derive(Deserialize)]
pub(super) struct Address {
    pub firstname: Option<String>,
    pub lastname: Option<String>,
    pub company: Option<String>,
    pub street_1: Option<String>,
    pub street_2: Option<String>,
    pub zip_code: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub country_iso_code: Option<String>,
    pub phone: Option<String>,
    pub additional_info: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Line {
    pub order_line_id: String,
    pub order_line_state: Option<String>,
    pub offer_id: Option<u64>,
    pub offer_sku: Option<String>,
    pub product_title: Option<String>,
    pub quantity: i64,
    pub price_unit: Decimal,
    pub shipped_date: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub taxes: Vec<Tax>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipping_taxes: Vec<Tax>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub cancelations: Vec<Cancelation>,
}

#[derive(Deserialize)]
pub(super) struct Tax {
    pub amount: Decimal,
    pub code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Cancelation {
    pub quantity: Option<i64>,
}

/// SH21.
#[derive(Deserialize)]
pub(super) struct Carriers {
    pub carriers: Vec<Carrier>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Carrier {
    pub code: String,
    pub label: String,
    pub standard_code: Option<String>,
}

impl Carrier {
    pub fn spellings(&self) -> impl Iterator<Item = &str> {
        [self.code.as_str(), self.label.as_str()].into_iter().chain(self.standard_code.as_deref())
    }
}

/// ST11.
#[derive(Deserialize)]
pub(super) struct Shipments {
    pub data: Vec<Shipment>,
    pub next_page_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Shipment {
    pub id: String,
    pub order_id: String,
    pub status: Option<String>,
    pub created_date: Option<String>,
    pub shipped_date: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipment_lines: Vec<ShipmentLine>,
    pub tracking: Option<Tracking>,
}

#[derive(Deserialize)]
pub(super) struct ShipmentLine {
    pub order_line_id: Option<String>,
    pub package_reference: Option<String>,
    pub quantity: i64,
}

#[derive(Deserialize)]
pub(super) struct Tracking {
    pub carrier_code: Option<String>,
    pub carrier_name: Option<String>,
    pub tracking_number: Option<String>,
}

/// ST01.
#[derive(Deserialize)]
pub(super) struct Created {
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipment_success: Vec<Shipment>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipment_errors: Vec<Failed>,
}

/// ST26.
#[derive(Deserialize)]
pub(super) struct Moved {
    #[serde(default, deserialize_with = "null_as_default")]
    pub shipment_errors: Vec<Failed>,
}

#[derive(Deserialize)]
pub(super) struct Failed {
    pub message: Option<String>,
}

/// STO01, PRI01.
#[derive(Deserialize)]
pub(super) struct Imported {
    pub import_id: String,
}

/// STO02, and one of PRI02's `data`.
#[derive(Deserialize)]
pub(super) struct Import {
    pub import_id: String,
    pub status: String,
    #[serde(default)]
    pub has_error_report: bool,
    pub reason_status: Option<String>,
}

/// PRI02.
#[derive(Deserialize)]
pub(super) struct Imports {
    pub data: Vec<Import>,
}

fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// An amount as it stands in the document: a JSON number, or a text, in decimal digits.
///
/// serde_json hands a number with a point over as a float. Written in its shortest form it is the number that was read
/// as long as that has at most 15 digits, which are all that [`Money`](crate::value::Money) takes; one with more
/// shows more than the currency's decimals, and is refused there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal(pub String);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount")
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
                Ok(Decimal(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Decimal, E> {
                Ok(Decimal(number.to_string()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
                Ok(Decimal(number.to_string()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                Ok(Decimal(text.to_owned()))
            }
        }
        from.deserialize_any(Digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Currency, Money};
    use proptest::prelude::*;

    fn read(json: &str) -> Result<i64, String> {
        let decimal: Decimal = serde_json::from_str(json).map_err(|e| e.to_string())?;
        let eur = Currency::parse("EUR").unwrap();
        Money::parse_decimal(&decimal.0, eur).map(|money| money.minor).map_err(|invalid| invalid.code.to_owned())
    }

    #[test]
    fn amounts_are_read_exactly_or_refused() {
        for (json, minor) in [
            ("0", 0),
            ("12", 1200),
            ("12.9", 1290),
            ("12.90", 1290),
            ("0.1", 10),
            ("1.005e2", 10050),
            ("-0.05", -5),
            ("1234567890123.45", 123_456_789_012_345),
            ("9999999999999.99", 999_999_999_999_999),
            ("\"12.90\"", 1290),
        ] {
            assert_eq!(read(json), Ok(minor), "{json}");
        }
        for json in ["12.905", "99999999999999.99", "1e300", "\"12,90\"", "true", "null"] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_of_money_survives_the_float(minor in 0..=999_999_999_999_999i64) {
            let text = format!("{}.{:02}", minor / 100, minor % 100);
            prop_assert_eq!(read(&text), Ok(minor));
        }
    }
}
