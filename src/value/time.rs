//! Moments as shops and marketplaces write them, and the one form in which purvey keeps them.
use super::{Invalid, text};
pub use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::{rfc2822, temporal::Pieces};
use jiff::tz::{AmbiguousOffset, TimeZone};
use std::borrow::Cow;

/// Epoch values taken: ten digits of seconds (2001 to 2286) and thirteen of milliseconds.
const SECONDS_DIGITS: usize = 10;
const MILLIS_DIGITS: usize = 13;
/// Older years are empty dates of some program (`0001-01-01`), not moments of trade.
const YEAR_MIN: i16 = 1900;
/// No place is further from UTC (Kiribati).
const OFFSET_HOURS_MAX: i32 = 14;

/// Reads RFC 3339 with or without fraction, its relatives (`2026-11-25 10:00:00 +0100`, `2026-11-25T10:00[Europe/Paris]`),
/// a date alone (start of its day), the dates of mail and RSS, and epoch seconds or milliseconds.
///
/// A text without a zone is read in `zone`; without that, a date alone counts in UTC and a date with a time is
/// refused, since the machine's own zone would be a guess. An hour that happens twice in autumn is the first one.
///
/// Codes: `time/empty`, `time/number`, `time/day-order`, `time/no-zone`, `time/no-such-time`, `time/no-such-offset`,
/// `time/year`, `time/unreadable`.
pub fn parse(text: &str, zone: Option<&TimeZone>) -> Result<Timestamp, Invalid> {
    let text = year_first(text::trim(text));
    let text: &str = &text;
    let moment = if text.is_empty() {
        let help = "write date, time and zone, for example 2026-11-25T09:00:00Z";
        return Err(Invalid::new("time/empty", "the time is missing", help));
    } else if text.bytes().all(|b| b.is_ascii_digit()) && text.len() != "20261125".len() {
        of_epoch(text)?
    } else if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        rfc2822::DateTimeParser::new().parse_timestamp(text).map_err(|_| unreadable(text))?
    } else {
        of_iso(text, zone)?
    };
    let year = moment.to_zoned(TimeZone::UTC).year();
    if year < YEAR_MIN {
        let help = "an empty date of some program, most likely: leave the cell empty";
        return Err(Invalid::new("time/year", format!("the year {year} is before {YEAR_MIN}"), help));
    }
    Ok(moment)
}

/// `2026-11-25T09:00:00Z`: the stored form, in whole seconds, which sorts as text.
pub fn to_utc_text(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn unreadable(text: &str) -> Invalid {
    let message = format!("{} is not a date and time", text::quoted(text));
    Invalid::new("time/unreadable", message, "write it as 2026-11-25T09:00:00Z")
}

fn of_epoch(text: &str) -> Result<Timestamp, Invalid> {
    let moment = match (text.len(), text.parse::<i64>()) {
        (SECONDS_DIGITS, Ok(seconds)) => Timestamp::from_second(seconds).ok(),
        (MILLIS_DIGITS, Ok(millis)) => Timestamp::from_millisecond(millis).ok(),
        _ => None,
    };
    moment.ok_or_else(|| number(text))
}

fn number(text: &str) -> Invalid {
    let message = format!("{} is neither seconds (10 digits) nor milliseconds (13) since 1970", text::quoted(text));
    let help = "format the column as a date, for example 2026-11-25T09:00:00Z, and export again";
    Invalid::new("time/number", message, help)
}

fn of_iso(text: &str, zone: Option<&TimeZone>) -> Result<Timestamp, Invalid> {
    refuse_impostors(text)?;
    // Shopify and Ruby put a space before the offset
    let joined = text.replace(" +", "+").replace(" -", "-").replace(" Z", "Z").replace(" UTC", "Z");
    let pieces = Pieces::parse(&joined).map_err(|_| unreadable(text))?;
    let named = pieces.to_time_zone().map_err(|_| unreadable(text))?;
    match pieces.to_numeric_offset() {
        Some(offset) if offset.seconds().abs() > OFFSET_HOURS_MAX * 3600 => {
            let message = format!("no zone is {offset} away from UTC");
            Err(Invalid::new("time/no-such-offset", message, "check the end of the value, for example +01:00"))
        }
        Some(offset) => offset
            .to_timestamp(DateTime::from_parts(pieces.date(), pieces.time().unwrap_or(Time::midnight())))
            .map_err(|_| unreadable(text)),
        None => in_zone(text, pieces.date(), pieces.time(), named.as_ref().or(zone)),
    }
}

fn in_zone(text: &str, date: Date, time: Option<Time>, zone: Option<&TimeZone>) -> Result<Timestamp, Invalid> {
    let moment = match (time, zone) {
        (None, zone) => date.to_zoned(zone.cloned().unwrap_or(TimeZone::UTC)).map(|day| day.timestamp()),
        (Some(time), Some(zone)) => {
            let ambiguous = zone.to_ambiguous_timestamp(date.to_datetime(time));
            if let AmbiguousOffset::Gap { .. } = ambiguous.offset() {
                let message = format!("{} fell into the hour that clocks skip in spring", text::quoted(text));
                return Err(Invalid::new("time/no-such-time", message, "write it with its offset, or in UTC"));
            }
            ambiguous.compatible()
        }
        (Some(_), None) => {
            let message = format!("{} has no time zone", text::quoted(text));
            let help = "write the offset, for example 2026-11-25T10:00:00+01:00, or name the zone of the file: `--timezone Europe/Paris`";
            return Err(Invalid::new("time/no-zone", message, help));
        }
    };
    moment.map_err(|_| unreadable(text))
}

/// `2026/11/25` and `2026.11.25` with hyphens: what begins with its year has one order.
fn year_first(text: &str) -> Cow<'_, str> {
    let is_apart = |at: usize| matches!(text.as_bytes().get(at), Some(b'/' | b'.'));
    let is_year = text.bytes().take(4).filter(u8::is_ascii_digit).count() == 4;
    if !(is_year && is_apart(4) && text.as_bytes().get(4) == text.as_bytes().get(7)) {
        return Cow::Borrowed(text);
    }
    let (date, rest) = text.split_at_checked(8).unwrap_or((text, ""));
    Cow::Owned(date.replace(['/', '.'], "-") + rest)
}

/// What would be read wrongly or is refused for a reason worth naming.
fn refuse_impostors(text: &str) -> Result<(), Invalid> {
    let date = text.split([' ', 'T', 't', ',']).next().unwrap_or(text);
    let parts: Vec<&str> = date.split(['/', '.']).collect();
    if text.parse::<f64>().is_ok() && parts.len() <= 2 && text.contains(['.', 'e', 'E']) {
        return Err(number(text));
    }
    if parts.len() == 3 && !date.contains('-') && parts.first().is_some_and(|year| year.len() != 4) {
        let message = format!("{} may put the day or the month first", text::quoted(text));
        return Err(Invalid::new("time/day-order", message, "write year, month, day: 2026-11-25"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, zone: Option<&TimeZone>) -> Result<String, &'static str> {
        parse(text, zone).map(to_utc_text).map_err(|invalid| invalid.code)
    }

    /// Berlin's rule spelled out, so that the test needs no zone database.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    #[test]
    fn reads_what_marketplaces_send() {
        for (text, utc) in [
            ("2026-11-25T09:00:00Z", "2026-11-25T09:00:00Z"),
            ("2026-11-25t09:00:00z", "2026-11-25T09:00:00Z"),
            ("2026-11-25T09:00:00.987Z", "2026-11-25T09:00:00Z"),
            ("2026-11-25T10:00:00+01:00", "2026-11-25T09:00:00Z"),
            ("2026-11-25T10:00:00+0100", "2026-11-25T09:00:00Z"),
            ("2026-11-25 10:00:00 +0100", "2026-11-25T09:00:00Z"),
            ("2026-11-25 04:00:00 -0500", "2026-11-25T09:00:00Z"),
            ("2026-11-25 09:00:00 UTC", "2026-11-25T09:00:00Z"),
            ("2026-11-25T09:00Z", "2026-11-25T09:00:00Z"),
            ("2026-11-25", "2026-11-25T00:00:00Z"),
            ("20261125", "2026-11-25T00:00:00Z"),
            ("1740823200", "2025-03-01T10:00:00Z"),
            ("1740823200000", "2025-03-01T10:00:00Z"),
            ("Wed, 25 Nov 2026 10:00:00 +0100", "2026-11-25T09:00:00Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
            ("2999-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(text, None), Ok(utc.to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_guesses() {
        for (text, code) in [
            ("", "time/empty"),
            ("2025-03-01T10:00:00", "time/no-zone"),
            ("2023-02-29T10:00:00Z", "time/unreadable"),
            ("2025-03-01T24:00:00Z", "time/unreadable"),
            ("2025-03-01T25:00:00Z", "time/unreadable"),
            ("2025-03-01T10:00:00+25:00", "time/no-such-offset"),
            ("45717.4166667", "time/number"),
            ("1.569521782042E9", "time/number"),
            ("45717", "time/number"),
            ("0000-01-01T00:00:00Z", "time/year"),
            ("0001-01-01T00:00:00Z", "time/year"),
            ("２０２５-03-01T10:00:00Z", "time/unreadable"),
            ("3/5/2025", "time/day-order"),
            ("2025/3/5", "time/unreadable"),
            ("01.03.2025 10:00", "time/day-order"),
            ("yesterday", "time/unreadable"),
        ] {
            assert_eq!(read(text, None), Err(code), "{text}");
        }
    }

    #[test]
    fn a_zone_is_taken_from_the_caller_and_never_from_the_machine() {
        let zone = berlin();
        for (text, read_as) in [
            ("2026-07-01 10:00:00", Ok("2026-07-01T08:00:00Z")),
            ("2026-11-25", Ok("2026-11-24T23:00:00Z")),
            ("2026-11-25T10:00:00Z", Ok("2026-11-25T10:00:00Z")),
            ("2025-03-30T02:30:00", Err("time/no-such-time")),
            ("2025-10-26T02:30:00", Ok("2025-10-26T00:30:00Z")),
        ] {
            assert_eq!(read(text, Some(&zone)), read_as.map(str::to_owned), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), near in "[0-9TZ:+. /-]{0,26}", zoned in any::<bool>()) {
            let zone = berlin();
            for text in [text, near] {
                if let Ok(moment) = parse(&text, zoned.then_some(&zone)) {
                    let stored = to_utc_text(moment);
                    prop_assert_eq!(to_utc_text(parse(&stored, None).unwrap()), stored);
                }
            }
        }
    }
}
