//! The number under which a carrier follows a parcel.
use super::{Carrier, Invalid, text};
use serde::{Deserialize, Deserializer, Serialize};

/// Longest number taken, in characters: the least that marketplaces allow (Allegro).
const CHARS_MAX: usize = 64;

/// A tracking number: 1 to 64 characters without white space or control characters, as the carrier prints it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TrackingNumber(String);

impl TrackingNumber {
    /// Spaces between groups are taken out. Codes: `tracking/empty`, `tracking/placeholder`,
    /// `tracking/control-character`, `tracking/scientific`, `tracking/link`, `tracking/several`, `tracking/too-long`,
    /// `tracking/foreign-characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text::trim(text).trim_start_matches(['\'', '’']);
        refuse_impostors(text)?;
        let number: String = text.split_whitespace().collect();
        let chars = number.chars().count();
        if chars > CHARS_MAX {
            let message = format!("the tracking number has {chars} characters, at most {CHARS_MAX} are taken");
            let help = "check that the column does not hold another field";
            return Err(Invalid::new("tracking/too-long", message, help));
        }
        Ok(TrackingNumber(number))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the number can be that carrier's. A refusal is worth a warning, not more: carriers add formats.
    ///
    /// Codes: `tracking/check-digit`, `tracking/other-carrier`, `tracking/format`.
    pub fn plausible(&self, carrier: &Carrier) -> Result<(), Invalid> {
        let number = self.0.to_ascii_uppercase();
        if let Some(parcel) = number.strip_prefix("1Z") {
            return plausible_ups(&number, parcel, carrier);
        }
        if let Some(right) = s10_check(&number) {
            return if right { Ok(()) } else { Err(wrong_check_digit(&number, "postal")) };
        }
        match shape_of(carrier.id) {
            Some((expected, fits)) if !fits(&number) => {
                let message =
                    format!("{} is not a number as {} prints it: {expected}", text::quoted(&number), carrier.name);
                Err(Invalid::new("tracking/format", message, "compare it with the label; check the carrier, too"))
            }
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for TrackingNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for TrackingNumber {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        TrackingNumber::parse(&String::deserialize(source)?).map_err(serde::de::Error::custom)
    }
}

fn refuse_impostors(text: &str) -> Result<(), Invalid> {
    let refuse = |code, message: String, help: &str| Err(Invalid::new(code, message, help));
    let shown = text::quoted(text);
    if text.is_empty() {
        refuse("tracking/empty", "the tracking number is empty".into(), "give the number on the label")
    } else if matches!(text::fold_key(text).as_str(), "" | "na" | "none" | "null" | "unknown" | "pending" | "tbd") {
        let help = "give the number on the label; a parcel without one is told without a tracking file";
        refuse("tracking/placeholder", format!("{shown} stands in for a number that is not there"), help)
    } else if text.bytes().all(|b| b == b'0') {
        let help = "give the number on the label; a parcel without one is told without a tracking file";
        refuse("tracking/placeholder", format!("{shown} is a number of zeros, which is no parcel's"), help)
    } else if text.chars().any(|c| !c.is_ascii() && c.is_alphanumeric()) {
        let message = format!("{shown} holds letters or digits that no carrier prints");
        refuse("tracking/foreign-characters", message, "type it anew from the label, in A to Z and 0 to 9")
    } else if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        let message = "the tracking number holds a control character".into();
        refuse("tracking/control-character", message, "type it anew; something invisible was copied along")
    } else if text::is_scientific(text) {
        let help = "its last digits are lost: export again with the column formatted as text";
        refuse("tracking/scientific", format!("a spreadsheet turned the tracking number into {shown}"), help)
    } else if text.contains("://") || text.contains(['<', '>']) {
        refuse("tracking/link", format!("{shown} is a link, not a number"), "give the number alone")
    } else if is_several(text) {
        let help = "one record for each parcel, with the quantities that are in it";
        refuse("tracking/several", format!("{shown} holds more than one number"), help)
    } else {
        Ok(())
    }
}

/// Two numbers are set apart by a comma, a line end or the like, or by white space when each is long enough to stand
/// alone (printed groups are of two to eight characters).
fn is_several(text: &str) -> bool {
    const GROUP_CHARS_MAX: usize = 8;
    let listed = text.split([',', ';', '|', '\n', '\r']).filter(|part| !part.trim().is_empty()).count();
    let spaced = text.split_whitespace().all(|part| part.len() > GROUP_CHARS_MAX);
    listed > 1 || (spaced && text.split_whitespace().count() > 1)
}

fn wrong_check_digit(number: &str, kind: &str) -> Invalid {
    let message = format!("the check digit of the {kind} number {} is wrong", text::quoted(number));
    Invalid::new("tracking/check-digit", message, "compare every character with the label")
}

fn plausible_ups(number: &str, parcel: &str, carrier: &Carrier) -> Result<(), Invalid> {
    let right = ups_check(parcel);
    if !carrier.id.starts_with("ups") {
        return match right {
            Some(true) => {
                let message = format!("{} is a UPS number, the carrier is {}", text::quoted(number), carrier.name);
                Err(Invalid::new("tracking/other-carrier", message, "set the carrier to UPS, or give its own number"))
            }
            _ => Ok(()),
        };
    }
    match right {
        Some(true) => Ok(()),
        Some(false) => Err(wrong_check_digit(number, "UPS")),
        None => {
            let message =
                format!("a UPS number that starts in 1Z has 18 letters and digits, not {}", number.chars().count());
            Err(Invalid::new("tracking/format", message, "compare it with the label"))
        }
    }
}

/// After `1Z`: 15 letters or digits and a check digit. Letters count as 2 to 9, 0, 1, …; every second one doubles.
fn ups_check(parcel: &str) -> Option<bool> {
    let (body, last) = parcel.split_at_checked(15)?;
    let due: u32 = last.parse().ok().filter(|digit| *digit < 10 && last.len() == 1)?;
    let mut sum = 0;
    for (index, byte) in body.bytes().enumerate() {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => (u32::from(byte - b'A') + 2) % 10,
            _ => return None,
        };
        sum += if index % 2 == 1 { value * 2 } else { value };
    }
    Some((10 - sum % 10) % 10 == due)
}

/// UPU S10: two letters, eight digits, a check digit, two letters of a country. `None` if it is no such number.
fn s10_check(number: &str) -> Option<bool> {
    const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];
    let bytes: &[u8; 13] = number.as_bytes().try_into().ok()?;
    let (letters, rest) = bytes.split_at(2);
    let (digits, country) = rest.split_at(9);
    let shaped = letters.iter().chain(country).all(u8::is_ascii_uppercase) && digits.iter().all(u8::is_ascii_digit);
    let digit = |index: usize| u32::from(digits[index] - b'0');
    shaped.then(|| {
        let sum: u32 = WEIGHTS.iter().enumerate().map(|(index, weight)| digit(index) * weight).sum();
        let due = match 11 - sum % 11 {
            10 => 0,
            11 => 5,
            due => due,
        };
        due == digit(8)
    })
}

type Shape = (&'static str, fn(&str) -> bool);

/// What the numbers of a carrier look like, for the few whose formats are published and closed.
fn shape_of(carrier_id: &str) -> Option<Shape> {
    fn digits(number: &str, lengths: &[usize]) -> bool {
        number.bytes().all(|b| b.is_ascii_digit()) && lengths.contains(&number.len())
    }
    match carrier_id {
        "fedex" => Some(("12, 15, 20, 22 or 34 digits", |n| digits(n, &[12, 15, 20, 22, 34]))),
        "dhl" => Some(("10, 12, 16 or 20 digits, or letters first", |n| {
            digits(n, &[10, 12, 16, 20]) || n.starts_with(|c: char| c.is_ascii_uppercase())
        })),
        "dhl-express" => Some(("10 or 11 digits, or JD and digits", |n| digits(n, &[10, 11]) || n.starts_with("JD"))),
        "usps" => Some(("20, 22, 26, 30 or 34 digits", |n| digits(n, &[20, 22, 26, 30, 34]))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_numbers_as_they_are_printed() {
        for (text, number) in [
            ("1Z5R89390357567127", "1Z5R89390357567127"),
            (" 9400 1112 0108 0805 4830 16 ", "9400111201080805483016"),
            ("RR 123 456 785 DE", "RR123456785DE"),
            ("'00340434161094021501", "00340434161094021501"),
            ("3SBOL0987654321", "3SBOL0987654321"),
        ] {
            assert_eq!(TrackingNumber::parse(text).unwrap().as_str(), number, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        let long = "9".repeat(65);
        for (text, code) in [
            ("", "tracking/empty"),
            ("N/A", "tracking/placeholder"),
            (" - ", "tracking/placeholder"),
            ("0034\n0435", "tracking/several"),
            ("9.40011E+21", "tracking/scientific"),
            ("3,99E+11", "tracking/scientific"),
            ("<a href=\"https://x.example\">1Z5R89390357567127</a>", "tracking/link"),
            ("https://x.example/1Z5R89390357567127", "tracking/link"),
            ("1Z5R89390357567127, 1Z879E930346834440", "tracking/several"),
            ("1Z5R89390357567127 1Z879E930346834440", "tracking/several"),
            ("1Z5R89390357567127\n1Z879E930346834440", "tracking/several"),
            ("12\u{1b}[31m34", "tracking/control-character"),
            (&long, "tracking/too-long"),
        ] {
            assert_eq!(TrackingNumber::parse(text).map_err(|invalid| invalid.code), Err(code), "{text}");
        }
    }

    #[test]
    fn knows_whose_number_it_can_be() {
        for (number, carrier, verdict) in [
            ("1Z5R89390357567127", "ups", Ok(())),
            ("1z5r89390357567127", "ups", Ok(())),
            ("1Z8V92A70367203024", "ups", Ok(())),
            ("1Z5R89390357567128", "ups", Err("tracking/check-digit")),
            ("1Z5R8939035756712", "ups", Err("tracking/format")),
            ("1Z5R89390357567127", "fedex", Err("tracking/other-carrier")),
            ("K1506235620", "ups", Ok(())),
            ("RB123456785GB", "royal-mail", Ok(())),
            ("RB123456786GB", "royal-mail", Err("tracking/check-digit")),
            ("399999999999", "fedex", Ok(())),
            ("3999999999", "fedex", Err("tracking/format")),
            ("00340434161094021501", "dhl", Ok(())),
            ("JJD000390007882823", "dhl", Ok(())),
            ("12345", "dhl", Err("tracking/format")),
            ("1234567890", "dhl-express", Ok(())),
            ("9400111201080805483016", "usps", Ok(())),
            ("anything-at-all", "speedy", Ok(())),
        ] {
            let carrier = Carrier::find(carrier).unwrap();
            let found = TrackingNumber::parse(number).unwrap().plausible(carrier);
            assert_eq!(found.map_err(|invalid| invalid.code), verdict, "{number} {}", carrier.id);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), near in "(1Z)?[0-9A-Z é]{0,20}") {
            for text in [text, near] {
                if let Ok(number) = TrackingNumber::parse(&text) {
                    prop_assert!((1..=CHARS_MAX).contains(&number.as_str().chars().count()));
                    prop_assert!(!number.as_str().contains(char::is_whitespace));
                    for carrier in Carrier::all() {
                        let _ = number.plausible(carrier);
                    }
                }
            }
        }
    }
}
