//! The last step out and the first step in: a value's text inside, and how one format writes it.
use std::borrow::Cow;

use crate::channel::{Attribute, Form, Named, Type};
use crate::value::{Currency, Money, time};

/// The text of `value` in `form`. A value that cannot be written so stays as it is.
pub(super) fn written<'v>(form: &Form, value: &'v str) -> Cow<'v, str> {
    let made = match form {
        Form::Named(named) => return named_text(*named, value),
        Form::Apart(parts) => return named_text(parts.form, value.split_once('/').map_or(value, |(start, _)| start)),
        Form::Spelled(map) => return map.get(value).map_or(Cow::Borrowed(value), |to| Cow::Owned(to.clone())),
        Form::Pattern(pattern) => {
            moment(value).and_then(|at| jiff::fmt::strtime::format(pattern, &at.to_zoned(jiff::tz::TimeZone::UTC)).ok())
        }
    };
    made.map_or(Cow::Borrowed(value), Cow::Owned)
}

/// The second half of a value that goes to two places: the currency of `12.90 EUR`, the end of a range.
pub(super) fn second(value: &str) -> &str {
    value.split_once('/').or_else(|| value.rsplit_once(' ')).map_or("", |(_, last)| last)
}

fn named_text(named: Named, value: &str) -> Cow<'_, str> {
    let number = || value.split_once(' ').map_or(value, |(number, _)| number);
    let made = match named {
        Named::Text | Named::Cdata | Named::Json => None,
        Named::Decimal | Named::Number => return Cow::Borrowed(number()),
        Named::Comma => Some(number().replace('.', ",")),
        Named::Minor => money(value).map(|money| money.minor.to_string()),
        Named::Micros => money(value).and_then(micros),
        Named::Day => return Cow::Borrowed(value.get(..10).unwrap_or(value)),
        Named::Unix => moment(value).map(|at| at.as_second().to_string()),
        Named::Upper => Some(value.to_uppercase()),
        Named::YesNo => Some(if value == "true" { "yes" } else { "no" }.to_owned()),
        Named::OneZero => Some(if value == "true" { "1" } else { "0" }.to_owned()),
    };
    made.map_or(Cow::Borrowed(value), Cow::Owned)
}

fn money(value: &str) -> Option<Money> {
    let (number, code) = value.rsplit_once(' ')?;
    Money::parse_decimal(number, Currency::parse(code).ok()?).ok()
}

fn micros(money: Money) -> Option<String> {
    let factor = 10_i64.checked_pow(6_u32.checked_sub(u32::from(money.currency.exponent()))?)?;
    Some(money.minor.checked_mul(factor)?.to_string())
}

fn moment(value: &str) -> Option<jiff::Timestamp> {
    time::parse(value, Some(&jiff::tz::TimeZone::UTC)).ok()
}

/// What `text` says, as it is written inside. What is not in this form stays, for the attribute's type to judge.
pub(super) fn read<'t>(form: &Form, attribute: &Attribute, text: &'t str, currency: Option<Currency>) -> Cow<'t, str> {
    let text = text.trim();
    let made = match form {
        Form::Named(named) => read_named(*named, attribute, text, currency),
        Form::Apart(parts) => read_named(parts.form, attribute, text, currency),
        Form::Spelled(map) => map.iter().find(|(_, there)| *there == text).map(|(ours, _)| ours.clone()),
        Form::Pattern(pattern) => read_pattern(pattern, attribute, text),
    };
    made.map_or(Cow::Borrowed(text), Cow::Owned)
}

fn read_named(named: Named, attribute: &Attribute, text: &str, currency: Option<Currency>) -> Option<String> {
    if attribute.kind == Type::Price && named.is_amount() {
        return read_amount(named, text, currency?);
    }
    match named {
        Named::Comma => Some(text.replace(',', ".")),
        Named::Unix => {
            let second = text.parse().ok()?;
            Some(time::to_utc_text(jiff::Timestamp::from_second(second).ok()?))
        }
        Named::YesNo => ["no", "yes"].iter().position(|word| *word == text).map(truth),
        Named::OneZero => ["0", "1"].iter().position(|word| *word == text).map(truth),
        Named::Upper => attribute.values.iter().find(|value| value.to_uppercase() == text).cloned(),
        _ => None,
    }
}

fn truth(position: usize) -> String {
    (position == 1).to_string()
}

fn read_amount(named: Named, text: &str, currency: Currency) -> Option<String> {
    let number = match named {
        Named::Comma => text.replace(',', "."),
        Named::Minor => Money::new(text.parse().ok()?, currency).to_decimal_string(),
        Named::Micros => {
            let factor = 10_i64.checked_pow(6_u32.checked_sub(u32::from(currency.exponent()))?)?;
            let micros: i64 = text.parse().ok()?;
            (micros % factor == 0).then(|| Money::new(micros / factor, currency).to_decimal_string())?
        }
        _ => text.to_owned(),
    };
    let bare = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    bare.then(|| format!("{number} {}", currency.code()))
}

fn read_pattern(pattern: &str, attribute: &Attribute, text: &str) -> Option<String> {
    let parsed = jiff::fmt::strtime::parse(pattern, text).ok()?;
    if attribute.kind == Type::Date {
        return Some(parsed.to_date().ok()?.to_string());
    }
    let zoned = || Some(parsed.to_datetime().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
    Some(time::to_utc_text(parsed.to_timestamp().ok().or_else(zoned)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let attribute =
            |kind: &str| -> Attribute { toml::from_str(&format!("type = \"{kind}\"\nvalues = [\"new\"]")).unwrap() };
        let form = |text: &str| toml::from_str::<std::collections::HashMap<String, Form>>(text).unwrap()["f"].clone();
        for (kind, value, says, expected) in [
            ("price", "12.90 EUR", "f = \"decimal\"", "12.90"),
            ("price", "12.90 EUR", "f = \"comma\"", "12,90"),
            ("price", "12.90 EUR", "f = \"minor\"", "1290"),
            ("price", "12.90 EUR", "f = \"micros\"", "12900000"),
            ("date_time", "2026-11-27T09:00:00Z", "f = \"unix\"", "1795770000"),
            ("date_time", "2026-11-27T09:00:00Z", "f = \"%d.%m.%Y %H:%M:%S\"", "27.11.2026 09:00:00"),
            ("date", "2026-11-27", "f = \"%d/%m/%Y\"", "27/11/2026"),
            ("boolean", "true", "f = \"yes_no\"", "yes"),
            ("boolean", "false", "f = \"one_zero\"", "0"),
            ("enum", "new", "f = \"upper\"", "NEW"),
            ("enum", "new", "f = { new = \"11\" }", "11"),
        ] {
            let form = form(says);
            assert_eq!(written(&form, value), expected, "{says}");
            let euro = Currency::parse("EUR").ok();
            assert_eq!(read(&form, &attribute(kind), expected, euro), value, "{says}");
        }
    }
}
