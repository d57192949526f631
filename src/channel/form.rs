//! How a value is written in one document format. Inside, a value has one text whatever the format (`12.90 EUR`,
//! `2026-11-27T09:00:00Z`, `true`), so rules and limits are said once; a form is the last step out and the first step in.
use indexmap::IndexMap;
use serde::Deserialize;

/// `price = "decimal"`, `date = "%d.%m.%Y"`, `price = { amount = "value", currency = "currency" }`,
/// `condition = { new = "NEW" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Form {
    Named(Named),
    /// `strftime`, for dates.
    Pattern(String),
    Apart(TwoPlaces),
    /// Our value and how it is spelled there; what is not named stays.
    Spelled(IndexMap<String, String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// As it is inside, and never a number or a boolean of JSON.
    Text,
    /// `12.90`: a price without its currency, a measure without its unit.
    Decimal,
    /// `12,90`.
    Comma,
    /// `1290`, in the currency's smallest unit.
    Minor,
    /// `12900000`, in millionths.
    Micros,
    /// `decimal` that is a number in JSON.
    Number,
    /// A moment's day: `2026-11-27`.
    Day,
    /// Seconds since 1970.
    Unix,
    /// An enum in capitals.
    Upper,
    YesNo,
    OneZero,
    /// XML: inside `<![CDATA[ ]]>`.
    Cdata,
    /// The whole attribute as JSON text: a list, an object, of a group of `pairs` an object with their names as keys.
    Json,
}

/// A value of two halves in two places: a price, a range of dates, a measure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoPlaces {
    /// Where the first half goes inside the attribute's own place: a key, an element, `@attribute`, `text()`.
    #[serde(alias = "start", alias = "number")]
    pub amount: String,
    #[serde(alias = "end", alias = "unit")]
    pub currency: String,
    #[serde(rename = "as", default = "decimal")]
    pub form: Named,
}

fn decimal() -> Named {
    Named::Decimal
}

impl Form {
    /// Whether the whole attribute is JSON text.
    pub fn is_json(form: Option<&Form>) -> bool {
        form == Some(&Form::Named(Named::Json))
    }

    /// Whether a price in it has lost its currency.
    pub fn is_amount(&self) -> bool {
        match self {
            Form::Named(form) | Form::Apart(TwoPlaces { form, .. }) => form.is_amount(),
            Form::Pattern(_) | Form::Spelled(_) => false,
        }
    }

    /// Why an author cannot have meant it.
    pub fn fault(&self) -> Option<&'static str> {
        match self {
            Form::Pattern(pattern) if !pattern.contains('%') => Some(
                "use text, decimal, comma, minor, micros, number, day, unix, upper, yes_no, one_zero, cdata, json, or a date pattern such as %d.%m.%Y",
            ),
            Form::Pattern(pattern) if jiff::fmt::strtime::format(pattern, &jiff::Zoned::default()).is_err() => {
                Some("the date pattern holds a % that means nothing")
            }
            Form::Apart(parts) if !parts.form.is_amount() => Some("`as` is decimal, comma, minor, micros or number"),
            _ => None,
        }
    }
}

impl Named {
    /// A price in it has lost its currency.
    pub fn is_amount(self) -> bool {
        matches!(self, Named::Decimal | Named::Comma | Named::Minor | Named::Micros | Named::Number)
    }
}
