//! GS1 product numbers: EAN, UPC, ISBN and the box code ITF-14 are all GTINs of different length.
use super::{Invalid, text};
use serde::{Deserialize, Deserializer, Serialize};

/// Digits a GTIN may have (GS1 General Specifications).
const LENGTHS: [usize; 4] = [8, 12, 13, 14];

/// 8, 12, 13 or 14 digits whose check digit fits, and which name a product outside one store.
///
/// Equality is by the digits as written: compare [`Gtin::digits14`] to match `036000291452` with `0036000291452`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Gtin(String);

/// What was mended so that a text became a GTIN; worth a note to the one who keeps the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repair {
    /// The `'` that keeps a spreadsheet from reading a number.
    Apostrophe,
    /// Spaces and hyphens between digits.
    Separators,
    /// The `.0` a number column leaves behind.
    DecimalSuffix,
    /// An old ten-character ISBN, rewritten with the prefix 978.
    Isbn10,
    /// Zeros that a number column dropped in front.
    LeadingZeros,
}

impl Repair {
    /// The code under which the repair is reported, or the text refused by the strict [`Gtin::parse`].
    pub fn code(self) -> &'static str {
        match self {
            Repair::Apostrophe => "gtin/apostrophe",
            Repair::Separators => "gtin/separators",
            Repair::DecimalSuffix => "gtin/decimal-suffix",
            Repair::Isbn10 => "gtin/isbn-10",
            Repair::LeadingZeros => "gtin/leading-zeros-lost",
        }
    }

    /// What was found, as a sentence about the GTIN.
    pub fn message(self) -> &'static str {
        match self {
            Repair::Apostrophe => "the GTIN starts with a spreadsheet's apostrophe",
            Repair::Separators => "the GTIN is written with spaces or hyphens",
            Repair::DecimalSuffix => "the GTIN ends in `.0`, as a number column writes it",
            Repair::Isbn10 => "the GTIN is an ISBN of ten characters",
            Repair::LeadingZeros => "the GTIN lost its leading zeros",
        }
    }
}

impl Gtin {
    /// Only digits, exactly as they have to be; the help of a refusal names the mended form where there is one.
    ///
    /// Codes: those of [`Repair::code`], and `gtin/empty`, `gtin/placeholder`, `gtin/scientific`, `gtin/two-in-one`,
    /// `gtin/not-digits`, `gtin/length`, `gtin/all-zeros`, `gtin/check-digit`, `gtin/restricted`, `gtin/coupon`,
    /// `gtin/ambiguous`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match Self::parse_lenient(text)? {
            (gtin, repairs) if repairs.is_empty() => Ok(gtin),
            (gtin, repairs) => Err(Invalid::new(repairs[0].code(), repairs[0].message(), format!("write {gtin}"))),
        }
    }

    /// As [`Gtin::parse`], but mends what can be mended without a guess and says what that was, in order.
    pub fn parse_lenient(text: &str) -> Result<(Self, Vec<Repair>), Invalid> {
        // Nearly every barcode is in order, and each feed checks it again: little is made to find that out.
        if is_in_order(text) {
            refuse_unusable(text)?;
            return Ok((Gtin(text.to_owned()), Vec::new()));
        }
        let mut repairs = Vec::new();
        let mut note = |found: bool, repair: Repair| {
            if found {
                repairs.push(repair);
            }
        };
        let trimmed = text::trim(text);
        refuse_impostors(trimmed)?;
        let unquoted = trimmed.trim_start_matches(['\'', '’']);
        note(unquoted.len() < trimmed.len(), Repair::Apostrophe);
        let whole = strip_decimal_suffix(unquoted);
        note(whole.len() < unquoted.len(), Repair::DecimalSuffix);
        let digits: String = whole.chars().filter(|c| !is_separator(*c)).collect();
        note(digits.len() < whole.len(), Repair::Separators);
        let (gtin, repair) = complete(&digits)?;
        repairs.extend(repair);
        refuse_unusable(&gtin)?;
        Ok((Gtin(gtin), repairs))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Zero-padded to 14 digits: the form in which two GTINs of different length are the same product.
    pub fn digits14(&self) -> String {
        format!("{:0>14}", self.0)
    }
}

impl std::fmt::Display for Gtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for Gtin {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Gtin::parse(&String::deserialize(source)?).map_err(serde::de::Error::custom)
    }
}

/// Digits only, of a right length, with the right check digit, not all zeros.
fn is_in_order(text: &str) -> bool {
    let Some((body, last)) = text.len().checked_sub(1).and_then(|end| text.split_at_checked(end)) else { return false };
    let digits = LENGTHS.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits && body.bytes().any(|b| b != b'0') && last.parse() == Ok(check_digit(body))
}

/// What stands in GTIN columns instead of a GTIN, folded; the long ones are eBay's, language by language.
const PLACEHOLDERS: &[&str] = &[
    "doesnotapply",
    "notapplicable",
    "nichtzutreffend",
    "nesappliquepas",
    "nonapplicabile",
    "noaplica",
    "nietvantoepassing",
    "niedotyczy",
    "na",
    "none",
    "null",
    "nil",
    "nan",
    "no",
    "unknown",
    "tbd",
    "exempt",
    "gtinexempt",
    "nogtin",
    "noean",
    "noupc",
    "nobarcode",
    "нет",
    "нд",
    "",
];

fn refuse_impostors(text: &str) -> Result<(), Invalid> {
    let refuse = |code, message: String, help: &str| Err(Invalid::new(code, message, help));
    let shown = text::quoted(text);
    if text.is_empty() {
        refuse("gtin/empty", "the GTIN is empty".into(), "leave it out, or give the number under the barcode")
    } else if PLACEHOLDERS.contains(&text::fold_key(text).as_str()) {
        let help = "leave the cell empty; give brand and MPN instead";
        refuse("gtin/placeholder", format!("{shown} stands in for a GTIN that is not there"), help)
    } else if text::is_scientific(text) {
        let help = "its last digits are lost: export again with the column formatted as text";
        refuse("gtin/scientific", format!("a spreadsheet turned the GTIN into {shown}"), help)
    } else {
        Ok(())
    }
}

fn strip_decimal_suffix(text: &str) -> &str {
    match text.split_once(['.', ',']) {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => text,
    }
}

/// White space, and the hyphens that a keyboard, a typesetter and an ISBN agency use.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}' | '\u{2011}' | '–')
}

/// Digits of a right length with a right check digit, made from what may be an ISBN-10 or lack its zeros.
fn complete(code: &str) -> Result<(String, Option<Repair>), Invalid> {
    let refuse = |code, message: String, help: String| Err(Invalid::new(code, message, help));
    let isbn = isbn13_of_isbn10(code);
    if let Some(isbn) = isbn.as_deref().filter(|_| code.ends_with(['x', 'X'])) {
        return Ok((isbn.to_owned(), Some(Repair::Isbn10)));
    }
    if !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(not_digits(code));
    }
    if code.bytes().all(|b| b == b'0') {
        return refuse("gtin/all-zeros", "a GTIN of zeros is nobody's number".into(), "leave the cell empty".into());
    }
    if LENGTHS.contains(&code.len()) {
        let (body, last) = code.split_at(code.len() - 1);
        let due = check_digit(body);
        if last == due.to_string() {
            return Ok((code.to_owned(), None));
        }
        let message = format!("the check digit of {code} is {last}, the other digits ask for {due}");
        return refuse("gtin/check-digit", message, "compare every digit with the barcode on the product".into());
    }
    let padded = padded(code);
    match (isbn, padded) {
        (Some(isbn), Some(padded)) => {
            let message = format!("{code} may be an ISBN of ten digits or a UPC without its zeros");
            refuse("gtin/ambiguous", message, format!("write {isbn} for the book, {padded} for the UPC"))
        }
        (Some(isbn), None) => Ok((isbn, Some(Repair::Isbn10))),
        (None, Some(padded)) => Ok((padded, Some(Repair::LeadingZeros))),
        (None, None) if is_two_in_one(code) => Err(two_in_one()),
        (None, None) => {
            let message = format!("a GTIN has 8, 12, 13 or 14 digits, not {}", code.len());
            refuse("gtin/length", message, "give the number under the barcode; the shop's own number is a SKU".into())
        }
    }
}

fn not_digits(code: &str) -> Invalid {
    let parts: Vec<&str> = code.split([',', ';', '/', '|', '+']).collect();
    if parts.len() > 1 && parts.iter().all(|part| complete(part).is_ok()) {
        return two_in_one();
    }
    let help = "give the number under the barcode; letters belong to a SKU, an MPN or an ASIN";
    Invalid::new("gtin/not-digits", format!("{} is not made of digits", text::quoted(code)), help)
}

fn two_in_one() -> Invalid {
    let help = "keep the one of the piece that is sold, and give the other its own variant";
    Invalid::new("gtin/two-in-one", "two GTINs stand in one cell", help)
}

/// One half that checks is proof enough: the other may have been mistyped as well.
fn is_two_in_one(code: &str) -> bool {
    let halves = LENGTHS.iter().filter_map(|&length| code.split_at_checked(length));
    halves.filter(|(_, rest)| LENGTHS.contains(&rest.len())).any(|(a, b)| is_checked(a) || is_checked(b))
}

fn is_checked(code: &str) -> bool {
    LENGTHS.contains(&code.len())
        && code.split_at_checked(code.len() - 1).is_some_and(|(body, last)| last == check_digit(body).to_string())
}

/// The digits with the zeros a number column drops, if the check digit then fits: UPC-A loses up to three, an
/// EAN-8 one. Between 12, 13 and 14 digits a lost zero changes nothing.
fn padded(code: &str) -> Option<String> {
    let length = match code.len() {
        7 => 8,
        9..=11 => 12,
        _ => return None,
    };
    Some(format!("{code:0>length$}")).filter(|padded| is_checked(padded))
}

/// Weights 3, 1, 3, … from the right (GS1 General Specifications, check digit of data structures).
fn check_digit(body: &str) -> u32 {
    let weighted = body.bytes().rev().zip([3, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight).sum();
    (10 - sum % 10) % 10
}

/// Weights 10 to 1 must give a multiple of 11; the last character may be `X` for ten.
fn isbn13_of_isbn10(code: &str) -> Option<String> {
    let (body, last) = code.split_at_checked(9).filter(|(_, last)| last.len() == 1)?;
    let mut sum = match last {
        "x" | "X" => 10,
        digit => digit.parse::<u32>().ok()?,
    };
    for (digit, weight) in body.chars().zip((2..=10).rev()) {
        sum += digit.to_digit(10)? * weight;
    }
    let isbn = format!("978{body}");
    (sum % 11 == 0).then(|| format!("{isbn}{}", check_digit(&isbn)))
}

/// Numbers with a right check digit that name nothing outside one store (prefixes as Google's specification lists
/// them; eight digits starting in 0 or 2 by the GS1 prefix list).
fn refuse_unusable(gtin: &str) -> Result<(), Invalid> {
    let full = format!("{gtin:0>14}");
    let help = "leave it out of feeds; give brand and MPN, or buy a GTIN from GS1";
    let prefix = &full[1..3];
    if let Some(eight) = full.strip_prefix("000000") {
        if eight.starts_with(['0', '2']) {
            return Err(Invalid::new("gtin/restricted", format!("{gtin} is a number for use inside one store"), help));
        }
    } else if matches!(prefix, "02" | "04") || prefix.starts_with('2') {
        return Err(Invalid::new("gtin/restricted", format!("{gtin} is a number for use inside one store"), help));
    } else if matches!(prefix, "05" | "98" | "99") {
        return Err(Invalid::new("gtin/coupon", format!("{gtin} is a coupon's number, not a product's"), help));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_every_length() {
        for text in ["96385074", "036000291452", "4006381333931", "10614141000415", " 4006381333931\u{a0}"] {
            assert_eq!(Gtin::parse(text).unwrap().as_str(), text.trim());
        }
        assert_eq!(Gtin::parse("036000291452").unwrap().digits14(), "00036000291452");
    }

    #[test]
    fn mends_only_what_is_certain() {
        use Repair::*;
        for (text, gtin, repairs) in [
            ("4006381333931", "4006381333931", vec![]),
            ("'4006381333931", "4006381333931", vec![Apostrophe]),
            ("4 006381 333931", "4006381333931", vec![Separators]),
            ("978-2-86889-006-1", "9782868890061", vec![Separators]),
            ("4006381333931.0", "4006381333931", vec![DecimalSuffix]),
            ("36000291452", "036000291452", vec![LeadingZeros]),
            ("36000291452.0", "036000291452", vec![DecimalSuffix, LeadingZeros]),
            ("2868890067", "9782868890061", vec![Isbn10]),
            ("080442957X", "9780804429573", vec![Isbn10]),
            ("0-8044-2957-x", "9780804429573", vec![Separators, Isbn10]),
        ] {
            let (read, found) = Gtin::parse_lenient(text).unwrap();
            assert_eq!((read.as_str(), &found), (gtin, &repairs), "{text}");
            match repairs.first() {
                None => assert!(Gtin::parse(text).is_ok()),
                Some(first) => {
                    let refused = Gtin::parse(text).unwrap_err();
                    assert_eq!(refused.code, first.code(), "{text}");
                    assert!(refused.help.contains(gtin), "{}", refused.help);
                }
            }
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, code) in [
            ("", "gtin/empty"),
            ("4.00638E+12", "gtin/scientific"),
            ("4,00638e12", "gtin/scientific"),
            ("40063813339AB", "gtin/not-digits"),
            ("٤٠٠٦٣٨١٣٣٣٩٣١", "gtin/not-digits"),
            ("B00005N5PF", "gtin/not-digits"),
            ("4006381333932", "gtin/check-digit"),
            ("0000000000000", "gtin/all-zeros"),
            ("0", "gtin/all-zeros"),
            ("2000000000015", "gtin/restricted"),
            ("0200000000004", "gtin/restricted"),
            ("400000000008", "gtin/restricted"),
            ("20000004", "gtin/restricted"),
            ("9900000000004", "gtin/coupon"),
            ("512345000015", "gtin/coupon"),
            ("814014029585003830441685", "gtin/two-in-one"),
            ("036000291452 4006381333931", "gtin/two-in-one"),
            ("036000291452, 4006381333931", "gtin/two-in-one"),
            ("036000291452/4006381333931", "gtin/two-in-one"),
            ("does not apply", "gtin/placeholder"),
            ("Nicht zutreffend", "gtin/placeholder"),
            ("N/A", "gtin/placeholder"),
            ("-", "gtin/placeholder"),
            ("12345", "gtin/length"),
            ("123456789012345", "gtin/length"),
        ] {
            assert_eq!(Gtin::parse_lenient(text).map_err(|e| e.code), Err(code), "{text}");
            assert_eq!(Gtin::parse(text).map_err(|e| e.code), Err(code), "{text}");
        }
        assert!(Gtin::parse("4006381333932").unwrap_err().message.contains("ask for 1"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), near in "[0-9 xX'.,/E+-]{0,30}") {
            for text in [text, near] {
                if let Ok((gtin, _)) = Gtin::parse_lenient(&text) {
                    prop_assert_eq!(&Gtin::parse(gtin.as_str()).unwrap(), &gtin);
                }
            }
        }

        #[test]
        fn a_wrong_digit_is_noticed(body in "[3-9][0-9]{11}", place in 0..12usize, by in 1..10u8) {
            let right = format!("{body}{}", check_digit(&body));
            let mut wrong = right.clone().into_bytes();
            wrong[place] = b'0' + (wrong[place] - b'0' + by) % 10;
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert_eq!(Gtin::parse(&wrong).unwrap_err().code, "gtin/check-digit");
        }
    }
}
