//! Types at work: a value from the template (or from somebody's feed) becomes the channel's text, or a fault.
//!
//! One function serves both sides. A value the template picked is brought into shape; one that stands in a feed must
//! be in shape already.
use crate::channel::{Attribute, Over, Type, Unit};
use crate::diagnostic::Severity;
use crate::document::text::{clean, cut_at_word, cut_at_word_bytes, encode_address, plain_from_html};
use crate::value::closest::closest;
use crate::value::{Country, Currency, Gtin, Money, time};

/// A value as it comes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Raw<'a> {
    Integer(i64),
    Text(&'a str),
}

/// Which side of the document we are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Bring it into shape.
    Build,
    /// It must be in shape.
    Check,
}

/// What is wrong with one value: the last part of the code, a sentence after the attribute's name, the remedy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub code: &'static str,
    pub message: String,
    pub help: String,
}

impl Fault {
    fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), help: help.into() }
    }
}

/// Taken, perhaps with a remark: it was cut, or spelled in a way the channel no longer documents.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Taken {
    Plain,
    Remark(Fault),
}

/// Appends the channel's text for `raw`. Nothing is appended for a value that is empty.
pub(super) fn shape(
    attribute: &Attribute,
    raw: Raw<'_>,
    currency: Option<Currency>,
    side: Side,
    out: &mut String,
) -> Result<Taken, Fault> {
    if matches!(raw, Raw::Text(text) if text.trim().is_empty()) {
        return Ok(Taken::Plain);
    }
    let start = out.len();
    match (attribute.kind, raw) {
        (Type::Text, Raw::Integer(number)) => out.push_str(&number.to_string()),
        (Type::Text, Raw::Text(text)) => clean(text, out),
        (Type::Html, Raw::Text(text)) if side == Side::Build => {
            plain_from_html(text, out);
            if attribute.required && out.len() == start {
                return Err(Fault::new("without-text", "is markup with no text in it", "write one for the product"));
            }
        }
        (Type::Html, Raw::Text(text)) => clean(text, out),
        (Type::Price, Raw::Integer(minor)) => price_of_minor(attribute, minor, currency, out)?,
        (Type::Price, Raw::Text(text)) => price_of_text(attribute, text.trim(), currency, out)?,
        (Type::Integer, Raw::Integer(number)) => integer(attribute, number, out)?,
        (Type::Integer, Raw::Text(text)) => {
            let number = text.trim().parse().map_err(|_| {
                Fault::new("not-a-number", format!("is not a whole number: {text}"), "give digits only")
            })?;
            integer(attribute, number, out)?;
        }
        (Type::Number, Raw::Integer(number)) => integer(attribute, number, out)?,
        (Type::Number, Raw::Text(text)) => decimal(attribute, text.trim(), out)?,
        (Type::Boolean, Raw::Integer(number)) => out.push_str(if number == 0 { "false" } else { "true" }),
        (Type::Boolean, Raw::Text(text)) => return truth(text.trim(), out),
        (Type::Date, Raw::Text(text)) => {
            let at = moment(text, side)?;
            out.push_str(at.get(..10).unwrap_or(&at));
        }
        (Type::DateTime, Raw::Text(text)) => out.push_str(&moment(text, side)?),
        (Type::DateRange, Raw::Text(text)) => range(text, side, out)?,
        (Type::Enum, Raw::Text(text)) => return spelled(attribute, text.trim(), out),
        (Type::Url, Raw::Text(text)) => {
            address(attribute, text, out)?;
            // what is as long as it was had nothing to be encoded
            let was_encoded = out.len() - start != text.trim().len();
            if side == Side::Check && was_encoded && text.trim().contains(char::is_whitespace) {
                fit(attribute, side, start, out)?;
                return Ok(Taken::Remark(Fault::new("not-encoded", "has a blank in it", "write %20 for it")));
            }
        }
        (Type::Gtin, Raw::Text(text)) => {
            let gtin =
                Gtin::parse(text).map_err(|e| Fault::new("invalid", format!("is no GTIN: {}", e.message), e.help))?;
            out.push_str(gtin.as_str());
        }
        (Type::Country, Raw::Text(text)) => {
            let country = Country::parse(text)
                .map_err(|e| Fault::new("invalid", format!("is no country: {}", e.message), e.help))?;
            out.push_str(country.code());
        }
        (Type::Measure, Raw::Text(text)) => measure(attribute, text.trim(), out)?,
        // A GTIN or a date kept as a number by the template's SQL is the same text.
        (_, Raw::Integer(number)) => return shape(attribute, Raw::Text(&number.to_string()), currency, side, out),
        (Type::Group, Raw::Text(_)) => return Err(Fault::new("not-a-group", "has no parts", "give a JSON object")),
    }
    let stripped = strip(attribute, side, start, out);
    let fitted = fit(attribute, side, start, out)?;
    if let Some(pattern) = attribute.pattern.as_ref().filter(|p| out.len() > start && !p.is_all_of(&out[start..])) {
        let message = format!("is not of the form the channel takes: {}", &out[start..]);
        let fault = Fault::new("form", message, format!("make it match {}", pattern.text()));
        if is_doubtful(attribute, side) {
            return Ok(Taken::Remark(fault));
        }
        out.truncate(start);
        return Err(fault);
    }
    Ok(if fitted == Taken::Plain { stripped } else { fitted })
}

/// Characters the channel does not take go, or are said.
fn strip(attribute: &Attribute, side: Side, start: usize, out: &mut String) -> Taken {
    let Some(rest) = attribute.strip.as_ref().and_then(|strip| strip.taken_out_of(&out[start..])) else {
        return Taken::Plain;
    };
    if side == Side::Check {
        return Taken::Remark(Fault::new("characters", "holds characters the channel does not take", "leave them out"));
    }
    out.truncate(start);
    clean(&rest, out);
    let help = "spell it without them if it reads badly now";
    Taken::Remark(Fault::new("stripped", "held characters the channel does not take; they were left out", help))
}

/// A limit that the contract is not sure of costs no offer that is built: the value stays, and is said.
fn is_doubtful(attribute: &Attribute, side: Side) -> bool {
    side == Side::Build && attribute.severity != Severity::Error
}

/// Length limits, in the unit the channel counts.
fn fit(attribute: &Attribute, side: Side, start: usize, out: &mut String) -> Result<Taken, Fault> {
    let limit = |limit: Option<i64>| limit.and_then(|limit| usize::try_from(limit).ok());
    let (min, max) = (limit(attribute.min).unwrap_or(0), limit(attribute.max).unwrap_or(usize::MAX));
    let bytes = out.len() - start;
    let is_number = matches!(attribute.kind, Type::Integer | Type::Number | Type::Price);
    // No text has more characters than bytes, nor fewer than a quarter of them.
    if is_number || (bytes <= max && bytes / 4 >= min) {
        return Ok(Taken::Plain);
    }
    let text = &out[start..];
    let (length, unit) = match attribute.unit {
        Unit::Chars => (text.chars().count(), "characters"),
        Unit::Bytes => (bytes, "bytes"),
    };
    if (min..=max).contains(&length) {
        return Ok(Taken::Plain);
    }
    let cuts = attribute.over == Over::Cut && matches!(attribute.kind, Type::Text | Type::Html);
    if side == Side::Check || !cuts || length < min {
        let fault = match length < min {
            true => Fault::new("too-short", format!("has {length} {unit}; at least {min} are wanted"), "say more"),
            false => Fault::new("too-long", format!("has {length} {unit}; at most {max} are taken"), "shorten it"),
        };
        if is_doubtful(attribute, side) {
            return Ok(Taken::Remark(fault));
        }
        out.truncate(start);
        return Err(fault);
    }
    let kept = match attribute.unit {
        Unit::Chars => cut_at_word(text, max).0.len(),
        Unit::Bytes => cut_at_word_bytes(text, max).0.len(),
    };
    out.truncate(start + kept);
    Ok(Taken::Remark(Fault::new(
        "cut",
        format!("was cut from {length} to at most {max} {unit}"),
        "shorten it yourself if the cut reads badly",
    )))
}

fn price_of_minor(
    attribute: &Attribute,
    minor: i64,
    currency: Option<Currency>,
    out: &mut String,
) -> Result<(), Fault> {
    let currency = currency.ok_or_else(no_currency)?;
    if minor < 0 {
        return Err(Fault::new("negative", "is below zero", "give a price of zero or more"));
    }
    if attribute.min.is_some_and(|min| minor < min) {
        return Err(Fault::new(
            "too-small",
            "is zero, which the channel refuses",
            "give it a price, or make the product a draft",
        ));
    }
    Money::new(minor, currency).write_decimal(out);
    out.push(' ');
    out.push_str(currency.code());
    Ok(())
}

fn no_currency() -> Fault {
    Fault::new("no-currency", "has no currency", "set the variant's currency, or currency under [shop] in purvey.toml")
}

/// `12.50 EUR`. A bare number is taken only when the document has told its currency elsewhere.
fn price_of_text(attribute: &Attribute, text: &str, currency: Option<Currency>, out: &mut String) -> Result<(), Fault> {
    let (number, code) = match text.rsplit_once(char::is_whitespace) {
        Some((number, code)) => (number.trim(), Some(code)),
        None => (text, None),
    };
    let form = "write it as 12.50 EUR: a dot, no thousands separator, a space, the ISO 4217 code";
    let invalid = |message: String| Fault::new("invalid", message, form);
    let stated = code.map(Currency::parse).transpose().map_err(|e| invalid(e.message))?;
    let currency =
        stated.or(currency).ok_or_else(|| Fault::new("no-currency", format!("has no currency: {text}"), form))?;
    if !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(invalid(format!("is not a price: {text}")));
    }
    let money = Money::parse_decimal(number, currency).map_err(|e| invalid(e.message))?;
    price_of_minor(attribute, money.minor, Some(currency), out)
}

fn integer(attribute: &Attribute, number: i64, out: &mut String) -> Result<(), Fault> {
    if let Some(min) = attribute.min.filter(|min| number < *min) {
        return Err(Fault::new("too-small", format!("is {number}; at least {min} is taken"), "give a larger number"));
    }
    if let Some(max) = attribute.max.filter(|max| number > *max) {
        return Err(Fault::new("too-large", format!("is {number}; at most {max} is taken"), "give a smaller number"));
    }
    out.push_str(&number.to_string());
    Ok(())
}

/// A number with a fraction, as it stands; the limits are whole.
fn decimal(attribute: &Attribute, text: &str, out: &mut String) -> Result<(), Fault> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.matches('.').count() <= 1;
    let Some(number) = text.parse::<f64>().ok().filter(|_| plain) else {
        return Err(Fault::new("not-a-number", format!("is not a number: {text}"), "write it as 2.5"));
    };
    if let Some(min) = attribute.min.filter(|min| number < *min as f64) {
        return Err(Fault::new("too-small", format!("is {text}; at least {min} is taken"), "give a larger number"));
    }
    if let Some(max) = attribute.max.filter(|max| number > *max as f64) {
        return Err(Fault::new("too-large", format!("is {text}; at most {max} is taken"), "give a smaller number"));
    }
    out.push_str(text);
    Ok(())
}

fn truth(text: &str, out: &mut String) -> Result<Taken, Fault> {
    let is = |words: [&str; 3]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    let value = match () {
        () if is(["true", "yes", "1"]) => "true",
        () if is(["false", "no", "0"]) => "false",
        () => return Err(Fault::new("invalid", format!("is neither true nor false: {text}"), "write true or false")),
    };
    out.push_str(value);
    Ok(if text == value { Taken::Plain } else { old_spelling(text, value) })
}

/// Understood, though the channel documents it otherwise. A template may spell as it likes.
fn old_spelling(text: &str, value: &str) -> Taken {
    Taken::Remark(Fault::new(
        "old-spelling",
        format!("is spelled `{text}`, documented as `{value}`"),
        format!("write {value}"),
    ))
}

/// Inside, everything is UTC; a feed may state any zone, which is kept as it stands there.
fn moment(text: &str, side: Side) -> Result<String, Fault> {
    let utc = jiff::tz::TimeZone::UTC;
    let at = parse_moment(text.trim(), &utc)?;
    Ok(if side == Side::Check { text.trim().to_owned() } else { time::to_utc_text(at) })
}

fn parse_moment(text: &str, zone: &jiff::tz::TimeZone) -> Result<jiff::Timestamp, Fault> {
    // ISO 8601 without seconds, as Google's own examples write it.
    let short = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M%z", text).and_then(|t| t.to_timestamp());
    short.or_else(|_| time::parse(text, Some(zone))).map_err(|e| {
        Fault::new("invalid", format!("is no date: {}", e.message), "write it as 2026-11-27T09:00:00Z or 2026-11-27")
    })
}

fn range(text: &str, side: Side, out: &mut String) -> Result<(), Fault> {
    let help = "write it as start/end, each like 2026-11-27T09:00:00Z";
    let (from, to) =
        text.split_once('/').ok_or_else(|| Fault::new("invalid", format!("is no range of dates: {text}"), help))?;
    let utc = jiff::tz::TimeZone::UTC;
    let (start, end) = (parse_moment(from.trim(), &utc)?, parse_moment(to.trim(), &utc)?);
    if start >= end {
        return Err(Fault::new("backwards", format!("ends before it starts: {text}"), help));
    }
    match side {
        Side::Check => out.push_str(text.trim()),
        Side::Build => {
            out.push_str(&time::to_utc_text(start));
            out.push('/');
            out.push_str(&time::to_utc_text(end));
        }
    }
    Ok(())
}

fn spelled(attribute: &Attribute, text: &str, out: &mut String) -> Result<Taken, Fault> {
    if let Some(value) = attribute.values.iter().find(|v| *v == text) {
        out.push_str(value);
        return Ok(Taken::Plain);
    }
    let folded = attribute.values.iter().find(|v| v.eq_ignore_ascii_case(text));
    let alias = || attribute.aliases.iter().find(|(from, _)| from.eq_ignore_ascii_case(text)).map(|(_, to)| to);
    if let Some(value) = folded.or_else(alias) {
        out.push_str(value);
        return Ok(old_spelling(text, value));
    }
    let help = match closest(text, attribute.values.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("one of {}", attribute.values.join(", ")),
    };
    Err(Fault::new("unknown", format!("has a value the channel does not know: {text}"), help))
}

fn address(attribute: &Attribute, text: &str, out: &mut String) -> Result<(), Fault> {
    // In a list of addresses a comma would split one in two.
    encode_address(text, attribute.encode_commas || attribute.repeats() > 1, out)
        .map_err(|fault| Fault::new("invalid", fault.message(), "give a whole address that starts with https://"))
}

fn measure(attribute: &Attribute, text: &str, out: &mut String) -> Result<(), Fault> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..split], text[split..].trim());
    let units = || format!("write a number and one of {}", attribute.units.join(", "));
    let plain = !number.is_empty() && number.matches('.').count() <= 1 && number.bytes().any(|b| b.is_ascii_digit());
    if !plain {
        return Err(Fault::new("invalid", format!("is no number with a unit: {text}"), units()));
    }
    let Some(known) = attribute.units.iter().find(|u| u.eq_ignore_ascii_case(unit)) else {
        return Err(Fault::new("unit", format!("has a unit the channel does not know: {text}"), units()));
    };
    out.push_str(number);
    out.push(' ');
    out.push_str(known);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a text: `too-long` beside it where it stays, alone where it does not.
    fn shaped(contract: &str, text: &str, side: Side) -> String {
        let attribute: Attribute = toml::from_str(contract).unwrap();
        let mut out = String::new();
        match shape(&attribute, Raw::Text(text), None, side, &mut out) {
            Ok(Taken::Plain) => out,
            Ok(Taken::Remark(fault)) => format!("{out} {}", fault.code),
            Err(fault) => fault.code.to_owned(),
        }
    }

    #[test]
    fn limits_hold_and_doubtful_ones_cost_no_offer() {
        let (sure, doubtful) = ("", "severity = 'warning'\n");
        for (limit, text, sure_build, doubtful_build, check) in [
            ("max = 3\nover = 'refuse'", "mugs", "too-long", "mugs too-long", "too-long"),
            ("max = 3\nover = 'refuse'", "mug", "mug", "mug", "mug"),
            ("max = 3", "mugs", "mug cut", "mug cut", "too-long"),
            ("min = 4", "mug", "too-short", "mug too-short", "too-short"),
            ("min = 4", "mügs", "mügs", "mügs", "mügs"),
            ("min = 5\nunit = 'bytes'", "mügs", "mügs", "mügs", "mügs"),
            ("pattern = '[a-z]+'", "MUG", "form", "MUG form", "form"),
        ] {
            let says = |severity: &str| format!("type = 'text'\n{severity}{limit}");
            assert_eq!(shaped(&says(sure), text, Side::Build), sure_build, "{limit}");
            assert_eq!(shaped(&says(doubtful), text, Side::Build), doubtful_build, "{limit}");
            assert_eq!(shaped(&says(sure), text, Side::Check), check, "{limit}");
        }
    }
}
