//! An amount of money: whole minor units of one currency, never a float.
use super::{Currency, Invalid, amount};
use serde::{Deserialize, Serialize};

/// `minor` counts the currency's smallest unit: 1250 EUR is 12.50, 1250 JPY is 1250, 1250 KWD is 1.250.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    pub fn new(minor: i64, currency: Currency) -> Self {
        Money { minor, currency }
    }

    /// Reads a price as shops write it: `12.50`, `12,50`, `1.234,56`, `1'234.56`, `$12.50`, `12,50 €`, `12,- Kč`.
    ///
    /// Exact or refused: nothing is rounded, and what could be read two ways (`1,234` in euro) is not guessed.
    /// A currency in the text must be the declared one.
    ///
    /// Codes: `money/empty`, `money/negative`, `money/ambiguous`, `money/currency-mismatch`, `money/no-minor-unit`,
    /// `money/too-many-decimals`, `money/float-noise`, `money/too-large`, `money/not-finite`, `money/scientific`,
    /// `money/hexadecimal`, `money/foreign-digits`, `money/spreadsheet-error`, `money/date-or-range`,
    /// `money/not-a-number`, `money/grouping`.
    pub fn parse_amount(text: &str, currency: Currency) -> Result<Self, Invalid> {
        amount::read_written(text, currency).map(|minor| Money { minor, currency })
    }

    /// Reads an amount as programs write it, `-?digits[.digits]`: there a dot is always the decimal point, and a
    /// refund may be negative. For wire formats; for files made by people see [`Money::parse_amount`].
    ///
    /// Codes: those of `parse_amount` that can apply.
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, Invalid> {
        amount::read_decimal(text, currency).map(|minor| Money { minor, currency })
    }

    /// `12.50`, `1000`, `1.234`: always as many decimals as the currency has, a dot, no grouping.
    pub fn to_decimal_string(&self) -> String {
        let mut out = String::new();
        self.write_decimal(&mut out);
        out
    }

    /// Appends what [`Money::to_decimal_string`] returns, without a detour through the formatting machinery:
    /// a feed writes millions of these.
    pub fn write_decimal(&self, out: &mut String) {
        // 20 digits of a u64 or 5 of `0.0000`, and one dot
        let mut buffer = [0u8; 24];
        let mut start = buffer.len();
        let mut rest = self.minor.unsigned_abs();
        let exponent = self.currency.exponent();
        let mut written = 0;
        while rest > 0 || written <= exponent {
            start -= 1;
            buffer[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            written += 1;
            if written == exponent {
                start -= 1;
                buffer[start] = b'.';
            }
        }
        if self.minor < 0 {
            out.push('-');
        }
        out.extend(buffer[start..].iter().map(|&byte| char::from(byte)));
    }

    /// Codes: `money/currency-mismatch`, `money/too-large`.
    pub fn checked_add(self, other: Money) -> Result<Money, Invalid> {
        if self.currency != other.currency {
            let message = format!("{self} and {other} cannot be added");
            return Err(Invalid::new("money/currency-mismatch", message, "keep one currency in one sum"));
        }
        self.minor.checked_add(other.minor).map(|minor| Money { minor, ..self }).ok_or_else(amount::too_large)
    }

    /// Code: `money/too-large`.
    pub fn checked_mul(self, times: i64) -> Result<Money, Invalid> {
        self.minor.checked_mul(times).map(|minor| Money { minor, ..self }).ok_or_else(amount::too_large)
    }
}

/// `12.50 EUR`
impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{} {}", self.to_decimal_string(), self.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn writes_as_many_decimals_as_the_currency_has() {
        for (minor, code, text) in [
            (1250, "EUR", "12.50"),
            (0, "EUR", "0.00"),
            (5, "EUR", "0.05"),
            (-5, "EUR", "-0.05"),
            (0, "JPY", "0"),
            (1000, "JPY", "1000"),
            (1234, "KWD", "1.234"),
            (7, "CLF", "0.0007"),
            (i64::MIN, "EUR", "-92233720368547758.08"),
            (i64::MAX, "CLF", "922337203685477.5807"),
        ] {
            assert_eq!(Money::new(minor, currency(code)).to_decimal_string(), text);
        }
        assert_eq!(Money::new(1250, currency("EUR")).to_string(), "12.50 EUR");
    }

    #[test]
    fn sums_never_wrap_nor_mix() {
        let (eur, usd) = (currency("EUR"), currency("USD"));
        assert_eq!(Money::new(10, eur).checked_mul(3).unwrap(), Money::new(30, eur));
        assert_eq!(Money::new(10, eur).checked_add(Money::new(-4, eur)).unwrap(), Money::new(6, eur));
        let mixed = Money::new(10, eur).checked_add(Money::new(10, usd));
        assert_eq!(mixed.unwrap_err().code, "money/currency-mismatch");
        assert_eq!(Money::new(1000, eur).checked_mul(i64::MAX).unwrap_err().code, "money/too-large");
        assert_eq!(Money::new(i64::MAX, eur).checked_add(Money::new(1, eur)).unwrap_err().code, "money/too-large");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(minor in 0..=amount::MINOR_MAX, code in prop::sample::select(vec!["JPY", "EUR", "KWD"])) {
            let money = Money::new(minor, currency(code));
            let text = money.to_decimal_string();
            prop_assert_eq!(Money::parse_amount(&text, money.currency).unwrap(), money);
            let owed = Money::new(-minor, money.currency);
            prop_assert_eq!(Money::parse_decimal(&owed.to_decimal_string(), owed.currency).unwrap(), owed);
        }

        #[test]
        fn no_text_panics(text in any::<String>(), near in "[0-9.,' eExX€$()+-]{0,24}") {
            for code in ["JPY", "EUR", "KWD"] {
                for text in [&text, &near] {
                    let _ = Money::parse_decimal(text, currency(code));
                    if let Ok(money) = Money::parse_amount(text, currency(code)) {
                        prop_assert!(money.minor >= 0 && text.contains(|c: char| c.is_ascii_digit()));
                    }
                }
            }
        }
    }
}
