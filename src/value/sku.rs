//! The merchant's own id of a variant.
use super::{Invalid, text};
use serde::{Deserialize, Deserializer, Serialize};

/// Longest SKU taken, in characters. Channels allow less; their contracts say so.
const CHARS_MAX: usize = 255;

/// A SKU: text without outer white space or control characters, 1 to 255 characters, case kept.
///
/// Two SKUs are the same only if every byte is: `000123`, `123` and `ABC`, `abc` are four.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Sku(String);

impl Sku {
    /// What a spreadsheet made of an id is none: `1.23E+12`, of which digits are lost, and `#REF!`.
    ///
    /// Codes: `sku/empty`, `sku/control-character`, `sku/too-long`, `sku/scientific`, `sku/spreadsheet-error`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let sku = text::trim(text);
        if sku.is_empty() {
            return Err(Invalid::new("sku/empty", "the SKU is empty", "give every variant an id of its own"));
        }
        let chars = sku.chars().count();
        if chars > CHARS_MAX {
            let message = format!("the SKU has {chars} characters, at most {CHARS_MAX} are taken");
            return Err(Invalid::new("sku/too-long", message, "check that the SKU column does not hold another field"));
        }
        if let Some(c) = sku.chars().find(|c| c.is_control()) {
            let message = format!("the SKU holds the control character U+{:04X}", u32::from(c));
            return Err(Invalid::new("sku/control-character", message, "take it out where the SKU is kept"));
        }
        if sku.contains("E+") && text::is_scientific(sku) {
            let message = format!("a spreadsheet turned the SKU into {}", text::quoted(sku));
            let help = "its last digits are lost: export again with the column formatted as text";
            return Err(Invalid::new("sku/scientific", message, help));
        }
        if text::is_spreadsheet_error(sku) {
            let message = format!("{} is a spreadsheet's error, not a SKU", text::quoted(sku));
            let help = "mend the formula in the spreadsheet and export again";
            return Err(Invalid::new("sku/spreadsheet-error", message, help));
        }
        Ok(Sku(sku.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Sku {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Sku {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Sku {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Sku {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Sku::parse(&String::deserialize(source)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_text_as_it_is_written() {
        for text in ["000123", "1E5", "TRUE", "NULL", "abc", "ABC", "../../etc", "nul.txt", "a b", "кружка"] {
            assert_eq!(Sku::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Sku::parse("\u{a0} ABC-1 \t").unwrap().as_str(), "ABC-1");
        assert!(Sku::parse(&"é".repeat(255)).is_ok());
    }

    #[test]
    fn refuses_what_is_no_id() {
        let long = "x".repeat(5000);
        for (text, code) in [
            ("", "sku/empty"),
            (" \u{feff}\n", "sku/empty"),
            ("a\0b", "sku/control-character"),
            ("a\nb", "sku/control-character"),
            ("1.23E+12", "sku/scientific"),
            ("#N/A", "sku/spreadsheet-error"),
            (&long, "sku/too-long"),
        ] {
            assert_eq!(Sku::parse(text).unwrap_err().code, code, "{text:.10}");
        }
        assert!(Sku::parse(&long).unwrap_err().message.contains("5000"));
    }

    #[test]
    fn survives_json_and_is_checked_there() {
        let sku: Sku = serde_json::from_str("\" A-1\"").unwrap();
        assert_eq!(serde_json::to_string(&sku).unwrap(), "\"A-1\"");
        assert!(serde_json::from_str::<Sku>("\"\"").is_err());
    }
}
