//! Cells as values: each reads one cell of one record, and says with its place why it cannot.
pub(super) mod address;
pub(super) mod oddity;
pub(super) mod weight;

use self::oddity::oddities;
use crate::diagnostic::{Diagnostic, Severity};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::rows::table::Record;
use crate::value::time::{self, to_utc_text};
use crate::value::{Currency, Gtin, Invalid, Money, Repair};
use std::borrow::Cow;

/// How amounts are written in a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Custom {
    /// By a program: digits and a dot, perhaps a currency code. Anything else was changed by somebody.
    Program,
    /// By people, in any custom: see [`Money::parse_amount`].
    People,
    /// `1.234,56`, as the user says.
    Comma,
    /// `1,234.56`, as the user says.
    Dot,
}

pub fn refusal(record: &Record<'_>, column: usize, invalid: Invalid) -> Refusal {
    Box::new(Diagnostic::from(invalid).at(record.place(column)))
}

pub fn warning(record: &Record<'_>, column: usize, invalid: Invalid) -> Diagnostic {
    invalid.into_diagnostic(Severity::Warning).at(record.place(column))
}

/// An amount in minor units; `None` for an empty cell.
pub fn money(
    record: &Record<'_>,
    column: Option<usize>,
    currency: Currency,
    custom: Custom,
) -> Result<Option<i64>, Refusal> {
    let (Some(column), text) = (column, record.text(column)) else { return Ok(None) };
    if text.is_empty() {
        return Ok(None);
    }
    amount(text, currency, custom).map(Some).map_err(|invalid| refusal(record, column, invalid))
}

/// An amount in minor units, out of a text that is not empty.
pub fn amount(text: &str, currency: Currency, custom: Custom) -> Result<i64, Invalid> {
    let known = match custom {
        Custom::Comma => Cow::Owned(plainly(text, '.', ',')?),
        Custom::Dot => Cow::Owned(plainly(text, ',', '.')?),
        Custom::Program | Custom::People => Cow::Borrowed(text),
    };
    let money = Money::parse_amount(&known, currency)?;
    match custom {
        Custom::Program if !is_plain(text, currency) => Err(not_plain(text, money)),
        _ => Ok(money.minor),
    }
}

/// An amount in a custom that was named, with a decimal dot and without marks between thousands.
fn plainly(text: &str, thousands: char, decimal: char) -> Result<String, Invalid> {
    let (whole, fraction) = text.split_once(decimal).unwrap_or((text, ""));
    let is_group = |group: &str| group.bytes().take_while(u8::is_ascii_digit).count() == 3;
    if fraction.contains([thousands, decimal]) || !whole.split(thousands).skip(1).all(is_group) {
        let message = format!("`{text}` is not written with `{decimal}` before the decimals, as the mapping says");
        return Err(Invalid::new("import/price-custom", message, "mend it, or leave `decimal` out of the mapping"));
    }
    let whole = whole.replace(thousands, "");
    Ok(if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") })
}

/// `12`, `12.50`, `12.50 EUR`.
fn is_plain(text: &str, currency: Currency) -> bool {
    let number = text.strip_suffix(currency.code()).map_or(text, str::trim_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

fn not_plain(text: &str, money: Money) -> Invalid {
    let message = format!("`{text}` is not written as this format writes amounts (digits and a dot)");
    let help = format!("if {money} is meant, write {} or add `--local-prices`", money.to_decimal_string());
    Invalid::new("import/price-custom", message, help)
}

/// A barcode, or why it is left out; `Err` is one that a spreadsheet spoilt, which refuses its record.
pub fn barcode(text: &str) -> Result<(Option<Gtin>, Option<Invalid>), Invalid> {
    let mended = |repair: Repair, gtin: &Gtin| {
        Invalid::new(repair.code(), repair.message(), format!("if it is {gtin}, write that"))
    };
    match Gtin::parse_lenient(text) {
        Ok((gtin, repairs)) if repairs.contains(&Repair::DecimalSuffix) => Err(mended(Repair::DecimalSuffix, &gtin)),
        Ok((gtin, repairs)) if repairs.contains(&Repair::LeadingZeros) => {
            Ok((None, Some(without(mended(Repair::LeadingZeros, &gtin)))))
        }
        Ok((gtin, _)) => Ok((Some(gtin), None)),
        Err(invalid) if invalid.code == "gtin/scientific" => Err(invalid),
        Err(invalid) => Ok((None, Some(without(invalid)))),
    }
}

/// Says what becomes of a barcode that is none.
fn without(invalid: Invalid) -> Invalid {
    Invalid { message: format!("{}; the variant goes without it", invalid.message), ..invalid }
}

/// A whole number, perhaps negative; `None` for an empty cell. A decimal part of zeros is what spreadsheets leave, but
/// three of them may also be thousands.
pub fn whole(record: &Record<'_>, column: usize) -> Result<Option<i64>, Refusal> {
    match trimmed(record, column) {
        "" => Ok(None),
        text => parse_whole(text).map(Some).map_err(|invalid| refusal(record, column, invalid)),
    }
}

/// See [`whole`]. Bounded well below the limits of a 64-bit sum.
pub fn parse_whole(text: &str) -> Result<i64, Invalid> {
    const UNITS_MAX: i64 = 1_000_000_000;
    let digits = match text.split_once('.') {
        Some((whole, "000")) if !matches!(whole, "0" | "-0" | "") => {
            let help = format!("write {whole} or {whole}000");
            return Err(Invalid::new("import/ambiguous-number", format!("`{text}` can be read two ways"), help));
        }
        Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') => whole,
        _ => text,
    };
    if text.starts_with('#') {
        let help = "mend the formula in the spreadsheet and export again";
        return Err(Invalid::new("import/spreadsheet-error", "this is a spreadsheet's error, not a number", help));
    }
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        let message = "a whole number is due here";
        return Err(Invalid::new("import/not-a-number", message, "write it in digits, for example 12"));
    }
    digits.parse::<i64>().ok().filter(|n| (-UNITS_MAX..=UNITS_MAX).contains(n)).ok_or_else(|| {
        let help = "check that the column does not hold another number";
        Invalid::new("import/number-too-large", format!("more than {UNITS_MAX} units are not taken"), help)
    })
}

/// A weight in grams, rounded to whole ones; `None` for an empty cell and for zero, which stands for "not given".
pub fn grams(record: &Record<'_>, column: Option<usize>) -> Result<Option<i64>, Refusal> {
    let (Some(column), text) = (column, record.text(column)) else { return Ok(None) };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    match (whole.parse::<u32>(), is_digits(whole) && is_digits(fraction)) {
        _ if text.is_empty() => Ok(None),
        (Ok(grams), true) => {
            let up = fraction.as_bytes().first().is_some_and(|digit| *digit >= b'5');
            Ok(Some(i64::from(grams) + i64::from(up)).filter(|grams| *grams > 0))
        }
        _ => {
            let help = "write the weight in grams, in digits, for example 250";
            Err(refusal(record, column, Invalid::new("import/weight", "the weight is not a number of grams", help)))
        }
    }
}

/// Yes or no as programs write it; `None` for an empty cell.
pub fn flag(record: &Record<'_>, column: Option<usize>) -> Result<Option<bool>, Refusal> {
    let (Some(column), text) = (column, record.text(column)) else { return Ok(None) };
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "true" | "yes" | "1" => Ok(Some(true)),
        "false" | "no" | "0" => Ok(Some(false)),
        _ => {
            let invalid = Invalid::new("import/not-yes-or-no", "yes or no is due here", "write true or false");
            Err(refusal(record, column, invalid))
        }
    }
}

/// A moment as UTC text; `None` for an empty cell.
pub fn moment(
    record: &Record<'_>,
    column: Option<usize>,
    zone: Option<&jiff::tz::TimeZone>,
) -> Result<Option<String>, Refusal> {
    let (Some(column), text) = (column, record.text(column)) else { return Ok(None) };
    if text.is_empty() {
        return Ok(None);
    }
    let moment = time::parse(text, zone).map_err(|invalid| refusal(record, column, invalid))?;
    Ok(Some(to_utc_text(moment)))
}

/// Text without markup, for a title or a name; what looks damaged is told, what no document may hold is taken out.
pub fn plain(record: &Record<'_>, column: Option<usize>, findings: &mut Findings<'_>) -> Option<String> {
    let (column, text) = (column?, record.text(column));
    for oddity in oddities(text) {
        findings.tell(warning(record, column, oddity));
    }
    owned(text)
}

/// Text in which HTML is at home.
pub fn html(record: &Record<'_>, column: Option<usize>, findings: &mut Findings<'_>) -> Option<String> {
    let (column, text) = (column?, record.text(column));
    match self::oddity::forbidden(text) {
        None => (!text.is_empty()).then(|| text.to_owned()),
        Some(oddity) => {
            findings.tell(warning(record, column, oddity));
            owned(text)
        }
    }
}

/// A SKU without the apostrophe that exports put before digits, so that spreadsheets keep them as text.
pub fn sku_text<'r>(record: &Record<'r>, column: Option<usize>) -> &'r str {
    let text = record.text(column);
    match text.strip_prefix('\'') {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => digits,
        _ => text,
    }
}

/// A word of a list, a code, a name of somebody's own: taken as it is.
pub fn word(record: &Record<'_>, column: Option<usize>) -> Option<String> {
    owned(record.text(column))
}

fn owned(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| self::oddity::without_forbidden(text))
}

fn trimmed<'r>(record: &Record<'r>, column: usize) -> &'r str {
    record.text(Some(column))
}
