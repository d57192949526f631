//! Currencies by their ISO 4217 code.
use super::{Invalid, text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A currency in use, made only from a code that ISO 4217 lists. Small, `Copy`, ordered by code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(u8);

impl Currency {
    /// Takes a code in either case. Codes: `currency/empty`, `currency/historic`, `currency/unknown`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if let Some(currency) = Self::of_code(text) {
            return Ok(currency);
        }
        let code = text::trim(text).to_ascii_uppercase();
        if let Some(currency) = Self::of_code(&code) {
            return Ok(currency);
        }
        if code.is_empty() {
            let help = "write the three letters of ISO 4217, for example EUR";
            return Err(Invalid::new("currency/empty", "the currency is missing", help));
        }
        match OUT_OF_USE.binary_search_by(|(old, _)| (*old).cmp(&code)) {
            Ok(found) => {
                let (old, new) = OUT_OF_USE[found];
                let message = format!("`{old}` is not a currency code in use");
                Err(Invalid::new("currency/historic", message, format!("write {new}, if the amounts are in {new}")))
            }
            Err(_) => {
                let message = format!("{} is not a currency code", text::quoted(&code));
                let help = "write the three letters of ISO 4217, for example EUR, USD or GBP";
                Err(Invalid::new("currency/unknown", message, help))
            }
        }
    }

    /// The currency of an upper-case code that is in use.
    pub(super) fn of_code(code: &str) -> Option<Self> {
        let found = IN_USE.binary_search_by(|(known, _)| (*known).cmp(code)).ok()?;
        u8::try_from(found).ok().map(Currency)
    }

    pub fn code(self) -> &'static str {
        IN_USE[usize::from(self.0)].0
    }

    /// Decimals of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u8 {
        IN_USE[usize::from(self.0)].1
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.code())
    }
}

impl std::fmt::Debug for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Currency::parse(&String::deserialize(source)?).map_err(serde::de::Error::custom)
    }
}

/// Codes in use with their decimals: ISO 4217 list one as of 2026-01 (Bulgaria in the euro, `XCG` and `ZWG` in), sorted.
/// Left out: metals, bond units and test codes, which have no minor unit and never price a product.
#[rustfmt::skip]
static IN_USE: &[(&str, u8)] = &[
    ("AED", 2), ("AFN", 2), ("ALL", 2), ("AMD", 2), ("AOA", 2), ("ARS", 2), ("AUD", 2), ("AWG", 2), ("AZN", 2),
    ("BAM", 2), ("BBD", 2), ("BDT", 2), ("BHD", 3), ("BIF", 0), ("BMD", 2), ("BND", 2), ("BOB", 2), ("BOV", 2),
    ("BRL", 2), ("BSD", 2), ("BTN", 2), ("BWP", 2), ("BYN", 2), ("BZD", 2), ("CAD", 2), ("CDF", 2), ("CHE", 2),
    ("CHF", 2), ("CHW", 2), ("CLF", 4), ("CLP", 0), ("CNY", 2), ("COP", 2), ("COU", 2), ("CRC", 2), ("CUP", 2),
    ("CVE", 2), ("CZK", 2), ("DJF", 0), ("DKK", 2), ("DOP", 2), ("DZD", 2), ("EGP", 2), ("ERN", 2), ("ETB", 2),
    ("EUR", 2), ("FJD", 2), ("FKP", 2), ("GBP", 2), ("GEL", 2), ("GHS", 2), ("GIP", 2), ("GMD", 2), ("GNF", 0),
    ("GTQ", 2), ("GYD", 2), ("HKD", 2), ("HNL", 2), ("HTG", 2), ("HUF", 2), ("IDR", 2), ("ILS", 2), ("INR", 2),
    ("IQD", 3), ("IRR", 2), ("ISK", 0), ("JMD", 2), ("JOD", 3), ("JPY", 0), ("KES", 2), ("KGS", 2), ("KHR", 2),
    ("KMF", 0), ("KPW", 2), ("KRW", 0), ("KWD", 3), ("KYD", 2), ("KZT", 2), ("LAK", 2), ("LBP", 2), ("LKR", 2),
    ("LRD", 2), ("LSL", 2), ("LYD", 3), ("MAD", 2), ("MDL", 2), ("MGA", 2), ("MKD", 2), ("MMK", 2), ("MNT", 2),
    ("MOP", 2), ("MRU", 2), ("MUR", 2), ("MVR", 2), ("MWK", 2), ("MXN", 2), ("MXV", 2), ("MYR", 2), ("MZN", 2),
    ("NAD", 2), ("NGN", 2), ("NIO", 2), ("NOK", 2), ("NPR", 2), ("NZD", 2), ("OMR", 3), ("PAB", 2), ("PEN", 2),
    ("PGK", 2), ("PHP", 2), ("PKR", 2), ("PLN", 2), ("PYG", 0), ("QAR", 2), ("RON", 2), ("RSD", 2), ("RUB", 2),
    ("RWF", 0), ("SAR", 2), ("SBD", 2), ("SCR", 2), ("SDG", 2), ("SEK", 2), ("SGD", 2), ("SHP", 2), ("SLE", 2),
    ("SOS", 2), ("SRD", 2), ("SSP", 2), ("STN", 2), ("SVC", 2), ("SYP", 2), ("SZL", 2), ("THB", 2), ("TJS", 2),
    ("TMT", 2), ("TND", 3), ("TOP", 2), ("TRY", 2), ("TTD", 2), ("TWD", 2), ("TZS", 2), ("UAH", 2), ("UGX", 0),
    ("USD", 2), ("USN", 2), ("UYI", 0), ("UYU", 2), ("UYW", 4), ("UZS", 2), ("VED", 2), ("VES", 2), ("VND", 0),
    ("VUV", 0), ("WST", 2), ("XAD", 2), ("XAF", 0), ("XCD", 2), ("XCG", 2), ("XOF", 0), ("XPF", 0), ("YER", 2),
    ("ZAR", 2), ("ZMW", 2), ("ZWG", 2),
];

/// Codes that files still carry, withdrawn ones and nicknames, with the code to write today; sorted.
#[rustfmt::skip]
static OUT_OF_USE: &[(&str, &str)] = &[
    ("AFA", "AFN"), ("ANG", "XCG"), ("ATS", "EUR"), ("AZM", "AZN"), ("BEF", "EUR"), ("BGL", "EUR"), ("BGN", "EUR"),
    ("BYB", "BYN"), ("BYR", "BYN"), ("CNH", "CNY"), ("CSD", "RSD"), ("CUC", "CUP"), ("CYP", "EUR"), ("DEM", "EUR"),
    ("EEK", "EUR"), ("ESP", "EUR"), ("FIM", "EUR"), ("FRF", "EUR"), ("GBX", "GBP"), ("GHC", "GHS"), ("GRD", "EUR"),
    ("HRK", "EUR"), ("IEP", "EUR"), ("ITL", "EUR"), ("LTL", "EUR"), ("LUF", "EUR"), ("LVL", "EUR"), ("MRO", "MRU"),
    ("MTL", "EUR"), ("MXP", "MXN"), ("MZM", "MZN"), ("NLG", "EUR"), ("NTD", "TWD"), ("PLZ", "PLN"), ("PTE", "EUR"),
    ("RMB", "CNY"), ("ROL", "RON"), ("RUR", "RUB"), ("SIT", "EUR"), ("SKK", "EUR"), ("SLL", "SLE"), ("STD", "STN"),
    ("TMM", "TMT"), ("TRL", "TRY"), ("UKP", "GBP"), ("VEB", "VES"), ("VEF", "VES"), ("YUM", "RSD"), ("ZMK", "ZMW"),
    ("ZWL", "ZWG"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_apart() {
        assert!(IN_USE.is_sorted_by(|a, b| a.0 < b.0));
        assert!(OUT_OF_USE.is_sorted_by(|a, b| a.0 < b.0));
        for (old, new) in OUT_OF_USE {
            assert!(Currency::of_code(old).is_none(), "{old}");
            assert!(Currency::of_code(new).is_some(), "{new}");
        }
        for (code, _) in IN_USE {
            assert_eq!(Currency::parse(code).unwrap().code(), *code);
        }
    }

    #[test]
    fn knows_the_minor_unit() {
        for (code, exponent) in [("EUR", 2), ("jpy", 0), (" KWD ", 3), ("CLF", 4), ("HUF", 2), ("ISK", 0)] {
            assert_eq!(Currency::parse(code).unwrap().exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn refuses_with_a_way_on() {
        for (text, code, help) in [
            ("RUR", "currency/historic", "RUB"),
            ("dem", "currency/historic", "EUR"),
            ("", "currency/empty", "ISO 4217"),
            ("Euro", "currency/unknown", "EUR"),
            ("€", "currency/unknown", "EUR"),
        ] {
            let invalid = Currency::parse(text).unwrap_err();
            assert_eq!(invalid.code, code, "{text}");
            assert!(invalid.help.contains(help), "{}", invalid.help);
        }
    }
}
