//! Rates of tax: by country, and within one by category.
use indexmap::IndexMap;
use serde::Deserialize;

use super::decimal::{Decimal, ONE};

/// `[tax]` in `purvey.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Taxes {
    /// Whether the catalog's prices are with tax.
    #[serde(default = "with_tax")]
    pub included: bool,
    /// `[tax.DE]`: `standard` and categories, each with its rate in percent.
    #[serde(flatten)]
    pub countries: IndexMap<String, IndexMap<String, Decimal>>,
}

fn with_tax() -> bool {
    true
}

impl Default for Taxes {
    fn default() -> Self {
        Taxes { included: with_tax(), countries: IndexMap::new() }
    }
}

/// How a channel wants prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxForm {
    With,
    Without,
}

/// Tax that is to be added to prices, or taken out of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levied {
    pub wanted: TaxForm,
    /// Category (itself and all below it) and rate; `standard` for all others.
    pub rates: IndexMap<String, Decimal>,
}

/// Key of the rate of whatever has no category with a rate of its own.
const STANDARD: &str = "standard";

impl Levied {
    /// What a price is multiplied by, as a fraction.
    pub(super) fn factor(&self, category: Option<&str>) -> (i128, i128) {
        let whole = 100 * ONE;
        let taxed = whole + self.rate(category).millionths();
        match self.wanted {
            TaxForm::With => (taxed, whole),
            TaxForm::Without => (whole, taxed),
        }
    }

    /// The rate of the nearest category above, or of the category itself.
    fn rate(&self, category: Option<&str>) -> Decimal {
        let mut path = category.unwrap_or(STANDARD);
        loop {
            if let Some(rate) = self.rates.get(path) {
                return *rate;
            }
            match path.rsplit_once(" > ") {
                Some((above, _)) => path = above,
                None => return self.rates.get(STANDARD).copied().unwrap_or_default(),
            }
        }
    }
}
