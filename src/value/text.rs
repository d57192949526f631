//! Small things done to text in several rooms.

/// Longest excerpt of a value repeated inside a message, in characters.
const EXCERPT_CHARS_MAX: usize = 40;

/// The first `max` characters, never cutting one in half.
pub fn cut_chars(text: &str, max: usize) -> &str {
    match text.char_indices().nth(max) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// What two spellings of one name have in common: lower case, letters and digits only (`U.P.S. Ground` → `upsground`).
pub fn fold_key(text: &str) -> String {
    if text.is_ascii() {
        let kept = text.bytes().filter(u8::is_ascii_alphanumeric);
        return kept.map(|b| char::from(b.to_ascii_lowercase())).collect();
    }
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Without white space on either side, of any script, nor the invisible marks that copying from a page brings along.
pub fn trim(text: &str) -> &str {
    // a visible ASCII character at either end decides nearly every text
    if let (Some(b'!'..=b'~'), Some(b'!'..=b'~')) = (text.as_bytes().first(), text.as_bytes().last()) {
        return text;
    }
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    })
}

/// `text` in backticks for a message, cut when long.
pub(super) fn quoted(text: &str) -> String {
    let cut = cut_chars(text, EXCERPT_CHARS_MAX);
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("`{cut}{dots}`")
}

/// A number as a spreadsheet shows it when the cell was not text: `4.00638E+12`, `9,4E+21`.
/// What stood in the cell before is gone: only the leading digits are left.
pub fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mantissa = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits(whole) && digits(fraction) && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

/// What a spreadsheet shows where a formula failed or a number does not fit.
pub(super) fn is_spreadsheet_error(text: &str) -> bool {
    const ERRORS: &[&str] =
        &["#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#ERROR!", "#SPILL!", "#CALC!"];
    ERRORS.contains(&text) || (text.len() > 2 && text.bytes().all(|b| b == b'#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters() {
        for (text, max, cut) in [("Käse", 2, "Kä"), ("Käse", 9, "Käse"), ("", 0, ""), ("日本語", 1, "日")] {
            assert_eq!(cut_chars(text, max), cut);
        }
    }

    #[test]
    fn folds_spellings_together() {
        for (text, key) in [("U.P.S. Ground", "upsground"), ("  ", ""), ("Österreichische Post", "österreichischepost")]
        {
            assert_eq!(fold_key(text), key);
        }
    }

    #[test]
    fn trims_what_cannot_be_seen() {
        assert_eq!(trim("\u{feff}\u{a0} a b\u{200b}\t"), "a b");
        assert_eq!(trim("\u{202a}5901\u{202c}\u{200e}"), "5901");
    }

    #[test]
    fn knows_what_a_spreadsheet_leaves() {
        for yes in ["4.00638E+12", "9,4e21", "1E5", "-3.99E-1"] {
            assert!(is_scientific(yes), "{yes}");
        }
        for no in ["1Z5E1", "E5", "12.50", "1e", "ABCE+12", ""] {
            assert!(!is_scientific(no), "{no}");
        }
    }
}
