//! A decimal number as a person wrote it, exactly.
use serde::{Deserialize, Deserializer};

/// Thousandths of thousandths, which is finer than any price or rate: 7.5 is 7,500,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decimal(i64);

/// What 1 is.
pub(super) const ONE: i128 = 1_000_000;
const DIGITS: usize = 6;

impl Decimal {
    /// Reads `-?digits[.digits]`, with at most six digits before and after the dot.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let is_number =
            |part: &str| part.len() <= DIGITS && !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let millionths: i64 = format!("{whole}{fraction:0<DIGITS$}").parse().ok()?;
        Some(Decimal(sign * millionths))
    }

    /// In millionths.
    pub(super) fn millionths(self) -> i128 {
        i128::from(self.0)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    /// From a TOML integer, number or text. A number is taken as the shortest text it can have, which is what was typed.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Typed {
            Integer(i64),
            Number(f64),
            Text(String),
        }
        let text = match Typed::deserialize(deserializer)? {
            Typed::Integer(number) => number.to_string(),
            Typed::Number(number) => number.to_string(),
            Typed::Text(text) => text,
        };
        Decimal::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is no decimal number such as 7.5 (at most six digits on each side)"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_or_refused() {
        for (text, millionths) in
            [("7.5", 7_500_000), ("-3", -3_000_000), ("0.05", 50_000), ("999999.999999", 999_999_999_999), ("0", 0)]
        {
            assert_eq!(Decimal::parse(text), Some(Decimal(millionths)), "{text}");
        }
        for text in ["", "-", ".", "1.", ".5", "1e3", "1,5", "+1", "--1", "1.0000001", "1234567", "٣"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
