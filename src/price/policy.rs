//! One channel's price for an item, from the catalog's.
use serde::{Deserialize, Deserializer};

use super::decimal::{Decimal, ONE};
use super::tax::{Levied, TaxForm};
use crate::value::Currency;

/// `[channel.x.price]` and `[market.x.price]`, in the order in which they act.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricePolicy {
    /// Code of the price list to begin with. What is not in it costs what it costs elsewhere, if in the same currency.
    pub list: Option<String>,
    /// Whether the channel wants prices with tax or without; as they are when it does not say.
    pub tax: Option<TaxForm>,
    /// Added, in percent of the price; may be negative.
    #[serde(default)]
    pub percent: Decimal,
    /// Added then, in the price's currency: `"0.50"`; may be negative.
    #[serde(default)]
    pub add: Decimal,
    pub round: Option<Round>,
    #[serde(default)]
    pub toward: Toward,
    /// What `tax` comes to, once the shop's rates are known.
    #[serde(skip)]
    pub levied: Option<Levied>,
}

/// Which prices there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// `".99"`: those that end so.
    Ending(Decimal),
    /// `"0.05"`: multiples.
    Step(Decimal),
}

/// Which of the two neighbors a price becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Toward {
    /// The nearer; of two that are as near the higher.
    #[default]
    Nearest,
    Up,
    Down,
}

impl<'de> Deserialize<'de> for Round {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Round, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = match text.starts_with('.') {
            true => Decimal::parse(&format!("0{text}")).map(Round::Ending),
            false => Decimal::parse(&text).filter(|step| step.millionths() > 0).map(Round::Step),
        };
        read.ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is neither an ending such as \".99\" nor a step such as \"0.05\""
            ))
        })
    }
}

impl PricePolicy {
    /// Whether prices stay as the list has them.
    pub fn is_plain(&self) -> bool {
        *self == PricePolicy { list: self.list.clone(), toward: self.toward, ..PricePolicy::default() }
    }

    /// The channel's price in minor units. Nothing where there would be nothing left to ask for, or more than a price
    /// can be; what the catalog gives away stays free.
    pub fn price(&self, minor: i64, currency: Currency, category: Option<&str>) -> Option<i64> {
        if minor == 0 {
            return Some(0);
        }
        let (above, below) = self.levied.as_ref().map_or((1, 1), |levied| levied.factor(category));
        let marked_up = (100 * ONE).checked_add(self.percent.millionths())?;
        // numerator / denominator, in minor units, until the one rounding at the end
        let denominator = below.checked_mul(100 * ONE)?.checked_mul(ONE)?;
        let price = i128::from(minor).checked_mul(above)?.checked_mul(marked_up)?.checked_mul(ONE)?;
        let unit = 10_i128.pow(u32::from(currency.exponent()));
        let added = self.add.millionths().checked_mul(unit)?.checked_mul(denominator / ONE)?;
        let numerator = price.checked_add(added)?;
        if numerator <= 0 {
            return None;
        }
        let (step, offset) = self.grid(unit);
        let toward = if self.round.is_none() { Toward::Nearest } else { self.toward };
        let steps = divide(numerator - offset * denominator, step * denominator, toward);
        let rounded = steps.checked_mul(step)?.checked_add(offset)?;
        // rounding gives nothing away
        let kept = if rounded > 0 { rounded } else { rounded.checked_add(step)? };
        i64::try_from(kept).ok()
    }

    /// The channel's sale price, of which nothing is left when the channel's price is no higher. A sale that was none in
    /// the catalog is left to the checks of the channel.
    pub fn sale_price(&self, sale: i64, price: i64, currency: Currency, category: Option<&str>) -> Option<i64> {
        let asked = self.price(sale, currency, category)?;
        let full = self.price(price, currency, category)?;
        (sale >= price || asked < full).then_some(asked)
    }

    /// Distance between two prices and where the first one is, in minor units. An ending or a step finer than the
    /// currency leaves every whole unit.
    fn grid(&self, unit: i128) -> (i128, i128) {
        let minor = |decimal: Decimal| {
            let scaled = decimal.millionths() * unit;
            (scaled % ONE == 0).then_some(scaled / ONE)
        };
        match self.round {
            Some(Round::Ending(ending)) => minor(ending).map_or((1, 0), |offset| (unit, offset)),
            Some(Round::Step(step)) => minor(step).map_or((1, 0), |step| (step, 0)),
            None => (1, 0),
        }
    }
}

/// For a positive divisor.
fn divide(dividend: i128, divisor: i128, toward: Toward) -> i128 {
    let (quotient, rest) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
    let goes_up = match toward {
        Toward::Nearest => rest >= divisor - rest,
        Toward::Up => rest > 0,
        Toward::Down => false,
    };
    quotient + i128::from(goes_up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(text: &str) -> PricePolicy {
        toml::from_str(text).unwrap()
    }

    fn eur() -> Currency {
        Currency::parse("EUR").unwrap()
    }

    #[test]
    fn markup_then_amount_then_rounding() {
        for (text, minor, asked) in [
            ("", 1290, Some(1290)),
            ("percent = 10", 1290, Some(1419)),
            ("percent = 7.5", 1290, Some(1387)),   // 1386.75
            ("percent = '2.5'", 1020, Some(1046)), // 1045.5: half goes up
            ("percent = -10", 1290, Some(1161)),
            ("add = '0.50'", 1290, Some(1340)),
            ("percent = 10\nadd = '0.50'", 1290, Some(1469)),
            ("add = -13", 1290, None),
            ("percent = -100", 1290, None),
            ("percent = 10\nadd = 1", 0, Some(0)),
            ("round = '.99'", 2010, Some(1999)),
            ("round = '.99'", 2060, Some(2099)),
            ("round = '.99'\ntoward = 'up'", 2010, Some(2099)),
            ("round = '.99'\ntoward = 'up'", 2099, Some(2099)),
            ("round = '.95'\ntoward = 'down'", 2094, Some(1995)),
            ("round = '.99'", 12, Some(99)),
            ("round = '.5'", 1290, Some(1250)),
            ("round = '0.05'", 1292, Some(1290)),
            ("round = '0.05'", 1293, Some(1295)),
            ("round = '0.05'", 1, Some(5)),
            ("round = '1'\ntoward = 'up'", 1201, Some(1300)),
            ("round = '5'", 1290, Some(1500)),
            ("round = '0.001'", 1290, Some(1290)),
            ("percent = 33.333333\nround = '.99'", 1000, Some(1299)),
        ] {
            assert_eq!(policy(text).price(minor, eur(), None), asked, "{text:?} of {minor}");
        }
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(policy("round = '.99'\npercent = 10").price(1005, yen, None), Some(1106));
        assert_eq!(policy("round = '100'\nadd = '50'").price(1005, yen, None), Some(1100));
        assert_eq!(policy("percent = 999999").price(i64::MAX, eur(), None), None);
    }

    #[test]
    fn tax_goes_in_and_out_by_category() {
        let rates: indexmap::IndexMap<String, Decimal> =
            toml::from_str("standard = 19\n'Books' = 7\n'Books > Calendars' = 19").unwrap();
        let levied =
            |wanted| PricePolicy { levied: Some(Levied { wanted, rates: rates.clone() }), ..PricePolicy::default() };
        for (category, with, without) in [
            (None, 1190, 840),
            (Some("Mugs"), 1190, 840),
            (Some("Books"), 1070, 935),
            (Some("Books > Novels > Russian"), 1070, 935),
            (Some("Books > Calendars"), 1190, 840),
            (Some("Bookshelves"), 1190, 840),
        ] {
            assert_eq!(levied(TaxForm::With).price(1000, eur(), category), Some(with), "{category:?}");
            assert_eq!(levied(TaxForm::Without).price(1000, eur(), category), Some(without), "{category:?}");
        }
    }

    #[test]
    fn a_sale_that_rounding_swallows_is_none() {
        let rounding = policy("round = '.99'");
        assert_eq!(rounding.sale_price(1990, 2010, eur(), None), None);
        assert_eq!(rounding.sale_price(1490, 2010, eur(), None), Some(1499));
        // wrong in the catalog already: the channel's own rule says so
        assert_eq!(rounding.sale_price(2510, 2010, eur(), None), Some(2499));
        assert_eq!(policy("add = -15").sale_price(1490, 2010, eur(), None), None);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for text in
            ["round = '0'", "round = '-1'", "round = 'x.99'", "round = '.'", "percent = 'ten'", "taxes = 'with'"]
        {
            assert!(toml::from_str::<PricePolicy>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_below_zero_and_never_a_new_order(
            a in 1..=999_999_999_999_999_i64, b in 1..=999_999_999_999_999_i64,
            percent in -200..=2000_i32, add in -500..=500_i32, step in 0..5_usize, toward in 0..3_usize,
        ) {
            let rounds = ["", "round = '.99'\n", "round = '.95'\n", "round = '0.05'\n", "round = '10'\n"];
            let toward = ["nearest", "up", "down"][toward];
            let policy = policy(&format!("{}percent = {percent}\nadd = {add}\ntoward = '{toward}'", rounds[step]));
            let (low, high) = (a.min(b), a.max(b));
            let (asked_low, asked_high) = (policy.price(low, eur(), None), policy.price(high, eur(), None));
            for asked in [asked_low, asked_high].into_iter().flatten() {
                prop_assert!(asked > 0);
            }
            if let (Some(low), Some(high)) = (asked_low, asked_high) {
                prop_assert!(low <= high || percent < -100);
            }
            if let Some(sale) = policy.sale_price(low, high + 1, eur(), None) {
                prop_assert!(policy.price(high + 1, eur(), None).is_some_and(|price| sale < price));
            }
        }
    }
}
