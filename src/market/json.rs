//! What the JSON of several marketplaces has in common.
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::Value;

use crate::value::{Currency, Money, time};

/// Why a field cannot be read is one sentence, for the order's place in the report.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    time::parse(text, None).map_err(|invalid| invalid.message)
}

/// A JSON number with the currency's decimals; its shortest form keeps them, see [`Decimal`].
pub(super) fn number(money: Money) -> Value {
    serde_json::from_str(&money.to_decimal_string()).unwrap_or(Value::Null)
}

/// The parts that say something.
pub(super) fn joined(parts: &[Option<&str>], with: &str) -> String {
    let parts = parts.iter().flatten().filter(|part| !part.trim().is_empty());
    parts.copied().collect::<Vec<_>>().join(with)
}

/// A sum, or one sentence why there is none.
pub(super) fn sum(parts: impl IntoIterator<Item = Result<i64, String>>) -> Result<i64, String> {
    let add = |sum: i64, more: i64| sum.checked_add(more).ok_or_else(|| "the amounts are too large".to_owned());
    parts.into_iter().try_fold(0, |sum, more| add(sum, more?))
}

/// What `part` of `whole` comes to in `minor`, rounded down: a tax in an amount that is less than what was paid.
pub(super) fn proportion(minor: i64, part: i64, whole: i64) -> i64 {
    i64::try_from(i128::from(minor) * i128::from(part) / i128::from(whole.max(1))).unwrap_or(0)
}

/// For fields that come as `null` where they might be left out.
pub(super) fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// An amount as it stands in the document: a JSON number, or a text, in decimal digits.
///
/// serde_json hands a number with a point over as a float. Written in its shortest form it is the number that was read
/// as long as that has at most 15 digits, which are all that [`Money`](crate::value::Money) takes; one with more
/// shows more than the currency's decimals, and is refused there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal(pub String);

impl Decimal {
    /// In minor units, or one sentence why not.
    pub fn minor(&self, currency: Currency) -> Result<i64, String> {
        let read = Money::parse_decimal(&self.0, currency);
        read.map(|money| money.minor).map_err(|invalid| format!("{}: {}", self.0, invalid.message))
    }
}

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
