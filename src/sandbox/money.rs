//! Amounts between integer minor units and the decimal numbers of the wire. Written anew here, because a judge that
//! shared purvey's own arithmetic could not notice a fault in it.
use serde_json::Value;

/// Decimal places of an ISO 4217 currency, for those the sandbox is likely to meet.
fn places(currency: &str) -> u32 {
    match currency {
        "CLP" | "ISK" | "JPY" | "KRW" | "PYG" | "UGX" | "VND" | "XAF" | "XOF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// A JSON number such as 12.9 for 1290 cents.
pub(super) fn amount(minor: i64, currency: &str) -> Value {
    let unit = 10u64.pow(places(currency));
    let (whole, fraction) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    let width = places(currency) as usize;
    let sign = if minor < 0 { "-" } else { "" };
    let text = if fraction == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction:0width$}") };
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// The reverse; `None` for anything that is no plain decimal or has more places than the currency.
pub(super) fn parse_minor(text: &str, currency: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let width = places(currency) as usize;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > width {
        return None;
    }
    format!("{whole}{fraction:0<width$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_go_both_ways() {
        for (minor, currency, wire) in [
            (1290, "EUR", "12.9"),
            (5, "EUR", "0.05"),
            (500, "JPY", "500"),
            (1234, "KWD", "1.234"),
            (-10, "EUR", "-0.1"),
        ] {
            assert_eq!(amount(minor, currency).to_string(), wire);
        }
        for (text, currency, minor) in [
            ("12.9", "EUR", Some(1290)),
            ("12.90", "EUR", Some(1290)),
            ("12", "EUR", Some(1200)),
            ("500.0", "JPY", Some(500)),
            ("12.905", "EUR", None),
            ("12,90", "EUR", None),
            ("-1", "EUR", None),
            ("", "EUR", None),
            ("99999999999999999999", "EUR", None),
        ] {
            assert_eq!(parse_minor(text, currency), minor, "{text}");
        }
    }
}
