//! Reads amounts as people and programs write them. Exact or refused; the corpus of customs is in the tests.
use super::{Currency, Invalid, symbol, text};

/// Largest amount taken, in minor units: fifteen digits, so that a sum of thousands stays far from overflow and a
/// program that reads JSON numbers as doubles still sees the same amount.
pub(super) const MINOR_MAX: i64 = 999_999_999_999_999;

type Result<T, E = Invalid> = std::result::Result<T, E>;

pub(super) fn too_large() -> Invalid {
    Invalid::new(
        "money/too-large",
        format!("the amount has more than {} digits", MINOR_MAX.ilog10() + 1),
        "check that the column does not hold another number",
    )
}

/// See [`super::Money::parse_amount`].
pub(super) fn read_written(text: &str, currency: Currency) -> Result<i64> {
    if let Some(minor) = read_plain(text, currency) {
        return Ok(minor);
    }
    let text = text::trim(text);
    refuse_impostors(text)?;
    let parts = Parts::of(text, currency)?;
    let (whole, fraction) = read_marks(parts.number, currency)?;
    to_minor(&whole, fraction, currency)
}

/// Nearly every amount is digits, a dot and two of them: nothing is made to read it.
fn read_plain(text: &str, currency: Currency) -> Option<i64> {
    const WHOLE_DIGITS_MAX: usize = 12;
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let is_plain = (1..=WHOLE_DIGITS_MAX).contains(&whole.len()) && cents.len() == 2;
    if currency.exponent() != 2 || !is_plain || !is_number(whole) || !is_number(cents) {
        return None;
    }
    Some(whole.parse::<i64>().ok()? * 100 + cents.parse::<i64>().ok()?)
}

/// See [`super::Money::parse_decimal`].
pub(super) fn read_decimal(text: &str, currency: Currency) -> Result<i64> {
    refuse_impostors(text)?;
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if [whole, fraction].iter().any(|part| part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit())) {
        return Err(not_a_number(text));
    }
    to_minor(whole, fraction, currency).map(|minor| sign * minor)
}

/// Texts that look like a number to some parser, or stand where one should, and are none.
fn refuse_impostors(text: &str) -> Result<()> {
    let refuse = |code, message: String, help: &str| Err(Invalid::new(code, message, help));
    let shown = text::quoted(text);
    let bare = text.trim_start_matches(['+', '-', '−']).to_ascii_lowercase();
    if text.is_empty() {
        refuse("money/empty", "the amount is missing".into(), "give the amount, for example 12.50")
    } else if text.starts_with('#') {
        let help = "mend the formula in the spreadsheet and export again";
        refuse("money/spreadsheet-error", format!("{shown} is a spreadsheet's error, not an amount"), help)
    } else if matches!(bare.as_str(), "inf" | "infinity" | "∞" | "nan") {
        let help = "a program divided by zero before it wrote this file; give the real amount";
        refuse("money/not-finite", format!("{shown} is not a finite amount"), help)
    } else if bare.starts_with("0x") {
        refuse("money/hexadecimal", format!("{shown} is hexadecimal"), "write the amount in decimal digits")
    } else if text::is_scientific(&bare) {
        let help = "format the column as text or as a number with decimals and export again";
        refuse("money/scientific", format!("{shown} is in scientific notation"), help)
    } else if text.chars().any(|c| c.is_numeric() && !c.is_ascii_digit()) {
        refuse("money/foreign-digits", format!("{shown} is not written in digits 0 to 9"), "write it in 0 to 9")
    } else if !text.contains(|c: char| c.is_ascii_digit()) {
        Err(not_a_number(text))
    } else {
        Ok(())
    }
}

fn not_a_number(text: &str) -> Invalid {
    let message = format!("{} is not an amount", text::quoted(text));
    Invalid::new("money/not-a-number", message, "write only the amount, for example 12.50, or leave the cell empty")
}

/// The number inside a text, freed of signs and currency.
struct Parts<'a> {
    /// Digits, grouping and decimal marks; may start or end in a mark (`.50`, `12,` of `12,-`).
    number: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str, currency: Currency) -> Result<Self> {
        let digit = |c: char| c.is_ascii_digit();
        let (Some(mut start), Some(last)) = (text.find(digit), text.rfind(digit)) else {
            return Err(not_a_number(text));
        };
        let mut end = last + 1;
        let mut before = text[..start].trim_end();
        let mut after = &text[end..];
        if let Some(rest) = after.strip_prefix(['.', ',']) {
            end += 1;
            after = rest.trim_start_matches(['-', '–', '—']);
        }
        // `.50` and `$.50`, but not the dot of `Rs.50`
        if before.ends_with(['.', ',']) && before.len() == start && !symbol::is_known(before) {
            start -= 1;
            before = &text[..start];
        }
        refuse_negative(text, before, after)?;
        let number = &text[start..end];
        refuse_foreign_parts(text, before, number, after)?;
        for marker in [before, after] {
            match_currency(text, text::trim(marker), currency)?;
        }
        Ok(Parts { number })
    }
}

fn refuse_negative(text: &str, before: &str, after: &str) -> Result<()> {
    let minus = ['-', '−', '–'];
    let bracketed = before.contains('(') && after.contains(')');
    let name: String = before.chars().filter(|c| !c.is_whitespace() && !minus.contains(c)).collect();
    let signed = before.contains(minus) && (name.is_empty() || symbol::is_known(&name));
    if bracketed || signed || matches!(text::trim(after), "-" | "−") {
        let message = format!("{} is negative", text::quoted(text));
        return Err(Invalid::new("money/negative", message, "an amount here is zero or more; check the column"));
    }
    Ok(())
}

/// Dates, ranges and whatever else has strange characters between its digits or joined to them.
fn refuse_foreign_parts(text: &str, before: &str, number: &str, after: &str) -> Result<()> {
    let joins = ['-', '–', '—', '/', ':'];
    let strange = number.chars().find(|&c| !c.is_ascii_digit() && mark(c).is_none());
    let joined =
        strange.is_some_and(|c| joins.contains(&c)) || after.starts_with(joins) || before.ends_with(['-', '–']);
    let dotted_date = matches!(number.split('.').map(str::len).collect::<Vec<_>>()[..], [1..=2, 1..=2, 2 | 4]);
    if joined || dotted_date {
        let message = format!("{} is a date or a range, not one amount", text::quoted(text));
        let help = "a spreadsheet turns 12.5 into a date: format the column as text and export again";
        return Err(Invalid::new("money/date-or-range", message, help));
    }
    if strange.is_some() { Err(not_a_number(text)) } else { Ok(()) }
}

/// What stands before or after the number must be nothing, or name the declared currency.
fn match_currency(text: &str, marker: &str, currency: Currency) -> Result<()> {
    let joined: String = marker.chars().filter(|c| !c.is_whitespace()).collect();
    let names: Vec<&str> = if symbol::is_known(&joined) { vec![&joined] } else { marker.split_whitespace().collect() };
    for name in names {
        let Some(meant) = symbol::currencies_of(name) else { return Err(not_a_number(text)) };
        if !meant.contains(&currency.code()) {
            let code = currency.code();
            let message = format!("{} is not in {code}", text::quoted(text));
            let likely = meant[..meant.len().min(3)].join(" or ");
            let help = format!("the amounts here are declared as {code}: convert it, or declare {likely}");
            return Err(Invalid::new("money/currency-mismatch", message, help));
        }
    }
    Ok(())
}

/// Splits a number into its whole digits and its decimals, by the marks in it alone.
fn read_marks(number: &str, currency: Currency) -> Result<(String, &str)> {
    let pieces: Vec<&str> = number.split(|c| mark(c).is_some()).collect();
    let marks: Vec<char> = number.chars().filter_map(mark).collect();
    let (fraction, groups) = match (marks.as_slice(), pieces.as_slice()) {
        ([], [whole]) => return Ok(((*whole).to_owned(), "")),
        (['.' | ','], [whole, fraction]) => return read_single_mark(number, whole, fraction, currency),
        ([grouping @ .., '.' | ','], [groups @ .., fraction]) if !grouping.contains(&marks[grouping.len()]) => {
            (*fraction, groups)
        }
        (_, groups) => ("", groups),
    };
    let grouping = &marks[..groups.len() - 1];
    if grouping.windows(2).all(|pair| pair[0] == pair[1]) && is_grouped(groups) {
        return Ok((groups.concat(), fraction));
    }
    let message = format!("the digits of {} are not grouped as in any number", text::quoted(number));
    Err(Invalid::new("money/grouping", message, "write it without grouping, for example 1234.56"))
}

/// One dot or comma: it is the decimal mark, unless exactly three digits follow a possible group.
fn read_single_mark<'a>(number: &str, whole: &str, fraction: &'a str, currency: Currency) -> Result<(String, &'a str)> {
    if !is_grouped(&[whole, fraction]) {
        return Ok((whole.to_owned(), fraction));
    }
    match currency.exponent() {
        0 => Ok((format!("{whole}{fraction}"), "")),
        1 | 2 => Err(Invalid::new(
            "money/ambiguous",
            format!("{} can be read two ways", text::quoted(number)),
            format!(
                "write {whole}{fraction}.00 if the mark groups thousands, {whole}.{fraction} rounded to cents if not"
            ),
        )),
        _ => Ok((whole.to_owned(), fraction)),
    }
}

/// Groups of three, or of two and a last one of three as India writes (`1,23,456`).
fn is_grouped(groups: &[&str]) -> bool {
    let [first, middle @ .., last] = groups else { return false };
    let by = |size: usize| (1..=size).contains(&first.len()) && middle.iter().all(|group| group.len() == size);
    !first.starts_with('0') && last.len() == 3 && (by(3) || by(2))
}

/// The kind of a grouping or decimal mark: all spaces are one kind, all apostrophes another.
fn mark(c: char) -> Option<char> {
    match c {
        '.' | ',' => Some(c),
        '\'' | '’' | '´' | '`' => Some('\''),
        c if c.is_whitespace() && !c.is_control() => Some(' '),
        _ => None,
    }
}

fn to_minor(whole: &str, fraction: &str, currency: Currency) -> Result<i64> {
    let decimals = usize::from(currency.exponent());
    let (kept, extra) = fraction.split_at(decimals.min(fraction.len()));
    let minor = format!("{whole}{kept:0<decimals$}").parse::<i64>().ok().filter(|minor| *minor <= MINOR_MAX);
    let minor = minor.ok_or_else(too_large)?;
    if extra.bytes().all(|digit| digit == b'0') {
        return Ok(minor);
    }
    Err(too_many_decimals(minor, extra, currency))
}

/// Long tails of nines or zeros come from binary floats; they get their own name, since the remedy is elsewhere.
fn too_many_decimals(minor: i64, extra: &str, currency: Currency) -> Invalid {
    const NOISE_DIGITS: usize = 6;
    let code = currency.code();
    let rounded = super::Money::new(minor + i64::from(extra >= "5"), currency).to_decimal_string();
    if extra.len() >= NOISE_DIGITS {
        let message = "the amount carries the noise of a binary float";
        return Invalid::new(
            "money/float-noise",
            message,
            format!("round where it is computed; {rounded} may be meant"),
        );
    }
    if currency.exponent() == 0 {
        let message = format!("{code} has no minor unit, so an amount has no decimals");
        return Invalid::new("money/no-minor-unit", message, format!("write a whole number, for example {rounded}"));
    }
    let message = format!("{code} has {} decimals, the amount has more", currency.exponent());
    Invalid::new("money/too-many-decimals", message, format!("round it, for example to {rounded}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, code: &str) -> Result<i64, &'static str> {
        read_written(text, Currency::parse(code).unwrap()).map_err(|invalid| {
            assert!(!invalid.message.is_empty() && !invalid.help.is_empty());
            invalid.code
        })
    }

    #[test]
    fn reads_the_customs_of_shops() {
        for (text, code, minor) in [
            ("12.50", "EUR", 1250),
            ("12,50", "EUR", 1250),
            ("  12.50  ", "EUR", 1250),
            ("12", "EUR", 1200),
            ("12.5", "EUR", 1250),
            ("0.00", "EUR", 0),
            (".50", "EUR", 50),
            ("$.50", "USD", 50),
            ("12.", "EUR", 1200),
            ("0,990", "EUR", 99),
            ("34.0000", "EUR", 3400),
            ("1234.500", "EUR", 123450),
            ("1.234,56", "EUR", 123456),
            ("1,234.56", "EUR", 123456),
            ("1.234.567,89", "EUR", 123456789),
            ("1,234,567", "EUR", 123456700),
            ("12,34,567.00", "INR", 123456700),
            ("1 299.00", "EUR", 129900),
            ("1\u{a0}299.00", "EUR", 129900),
            ("1\u{202f}299,00", "EUR", 129900),
            ("1 299", "EUR", 129900),
            ("1'299.00", "CHF", 129900),
            ("1’299", "CHF", 129900),
            ("$12.50", "USD", 1250),
            ("$ 12.50", "CAD", 1250),
            ("US$12.50", "USD", 1250),
            ("US $12.50", "USD", 1250),
            ("$12.50 USD", "USD", 1250),
            ("12,50 €", "EUR", 1250),
            ("12,50€", "EUR", 1250),
            ("€ 1.234,-", "EUR", 123400),
            ("12,- Kč", "CZK", 1200),
            ("12.– CHF", "CHF", 1200),
            ("12.50 EUR", "EUR", 1250),
            ("EUR12.50", "EUR", 1250),
            ("12.50 eur", "EUR", 1250),
            ("Rs.500", "INR", 50000),
            ("1 500 руб.", "RUB", 150000),
            ("¥1,234", "JPY", 1234),
            ("1.000", "JPY", 1000),
            ("1000.00", "JPY", 1000),
            ("1.234", "KWD", 1234),
            ("1,234", "KWD", 1234),
            ("12.5", "KWD", 12500),
            ("9999999999999.99", "EUR", MINOR_MAX),
        ] {
            assert_eq!(read(text, code), Ok(minor), "{text} {code}");
        }
    }

    #[test]
    fn refuses_the_rest_by_name() {
        for (text, currency, code) in [
            ("", "EUR", "money/empty"),
            ("\u{a0}", "EUR", "money/empty"),
            ("-12.50", "EUR", "money/negative"),
            ("−12.50", "EUR", "money/negative"),
            ("12.50-", "EUR", "money/negative"),
            ("-$12.50", "USD", "money/negative"),
            ("(12.50)", "EUR", "money/negative"),
            ("inf", "EUR", "money/not-finite"),
            ("-Infinity", "EUR", "money/not-finite"),
            ("NaN", "EUR", "money/not-finite"),
            ("1e309", "EUR", "money/scientific"),
            ("1.5E+3", "EUR", "money/scientific"),
            ("0x10", "EUR", "money/hexadecimal"),
            ("0xFF", "EUR", "money/hexadecimal"),
            ("1234567890123456789.00", "EUR", "money/too-large"),
            ("99999999999999.99", "EUR", "money/too-large"),
            ("1,234", "EUR", "money/ambiguous"),
            ("1.234", "EUR", "money/ambiguous"),
            ("12.500 €", "EUR", "money/ambiguous"),
            ("12.50 USD", "EUR", "money/currency-mismatch"),
            ("$12.50", "EUR", "money/currency-mismatch"),
            ("$12.50 CAD", "USD", "money/currency-mismatch"),
            ("1000.50 JPY", "JPY", "money/no-minor-unit"),
            ("12.3456", "EUR", "money/too-many-decimals"),
            ("0.125", "EUR", "money/too-many-decimals"),
            ("19.990000000000002", "EUR", "money/float-noise"),
            ("19.989999999999998", "EUR", "money/float-noise"),
            ("١٢٫٥٠", "EUR", "money/foreign-digits"),
            ("１２.50", "EUR", "money/foreign-digits"),
            ("12½", "EUR", "money/foreign-digits"),
            ("#REF!", "EUR", "money/spreadsheet-error"),
            ("#####", "EUR", "money/spreadsheet-error"),
            ("12-May", "EUR", "money/date-or-range"),
            ("2025-05-12", "EUR", "money/date-or-range"),
            ("12/05", "EUR", "money/date-or-range"),
            ("12.05.2025", "EUR", "money/date-or-range"),
            ("12.50 - 14.00", "EUR", "money/date-or-range"),
            ("call us", "EUR", "money/not-a-number"),
            ("from 12.50", "EUR", "money/not-a-number"),
            ("12.50 each", "EUR", "money/not-a-number"),
            ("12a50", "EUR", "money/not-a-number"),
            ("May-12", "EUR", "money/date-or-range"),
            ("1,23,4", "EUR", "money/grouping"),
            ("1.234,56.78", "EUR", "money/grouping"),
            ("12 50", "EUR", "money/grouping"),
            ("1  299", "EUR", "money/grouping"),
            ("0,123,456", "EUR", "money/grouping"),
        ] {
            assert_eq!(read(text, currency), Err(code), "{text} {currency}");
        }
    }

    #[test]
    fn help_names_what_to_write() {
        for (text, currency, parts) in [
            ("1,234", "EUR", vec!["1234.00", "1.234"]),
            ("19.990000000000002", "EUR", vec!["19.99"]),
            ("19.989999999999998", "EUR", vec!["19.99"]),
            ("1000.50", "JPY", vec!["1001"]),
            ("12.50 USD", "EUR", vec!["EUR", "USD"]),
        ] {
            let help = read_written(text, Currency::parse(currency).unwrap()).unwrap_err().help;
            assert!(parts.iter().all(|part| help.contains(part)), "{help}");
        }
    }

    #[test]
    fn wire_amounts_have_one_reading() {
        let eur = Currency::parse("EUR").unwrap();
        for (text, minor) in [("12.5", 1250), ("-0.05", -5), ("1.230", 123), ("7", 700)] {
            assert_eq!(read_decimal(text, eur).unwrap(), minor, "{text}");
        }
        for (text, code) in [
            ("12,50", "money/not-a-number"),
            ("1.", "money/not-a-number"),
            ("--1", "money/not-a-number"),
            (" 1", "money/not-a-number"),
            ("1.234", "money/too-many-decimals"),
            ("", "money/empty"),
            ("1e2", "money/scientific"),
        ] {
            assert_eq!(read_decimal(text, eur).unwrap_err().code, code, "{text}");
        }
    }
}
