//! The one sanitizer of untrusted text: what could steer a terminal, hide or reorder text, or forge a line of a log
//! becomes a visible escape; everything else stays as it is.
use std::borrow::Cow;

/// A value or a sentence on one line: line breaks and tabs become `\n`, `\r`, `\t`, other dangers `\u{1b}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_if(text, is_unsafe)
}

/// Text of several lines, as a page of output: line feeds stay.
pub(super) fn escape_page(text: &str) -> Cow<'_, str> {
    escape_if(text, |c| c != '\n' && is_unsafe(c))
}

/// Whether a character does something other than being seen: C0, DEL and C1 controls, line separators, bidi controls,
/// zero-width and other invisible format characters.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn escape_if(text: &str, unsafe_here: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&unsafe_here) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match unsafe_here(c) {
            // `escape_default` knows \n, \r, \t and writes the rest as \u{..}
            true => safe.extend(c.escape_default()),
            false => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_unsafe_changes() {
        for (text, safe) in [
            ("Mug \"blue\" \\ 100 % – größe 杯 ☕", "Mug \"blue\" \\ 100 % – größe 杯 ☕"),
            ("a\nb\tc\rd", r"a\nb\tc\rd"),
            ("\x1b[31mred\x07\0\x7f", r"\u{1b}[31mred\u{7}\u{0}\u{7f}"),
            ("\u{9b}2J\u{85}", r"\u{9b}2J\u{85}"),
            ("evil\u{202e}gpj.exe\u{2066}\u{200f}", r"evil\u{202e}gpj.exe\u{2066}\u{200f}"),
            ("M\u{200b}UG\u{feff}\u{2028}", r"M\u{200b}UG\u{feff}\u{2028}"),
            ("", ""),
        ] {
            assert_eq!(escape(text), safe);
        }
        assert_eq!(escape_page("one\ntwo\x1b"), "one\ntwo\\u{1b}");
    }

    #[test]
    fn nothing_unsafe_is_left_of_any_character() {
        let all: String = (0..=0x10_ffff_u32).filter_map(char::from_u32).collect();
        let safe = escape(&all);
        assert!(!safe.chars().any(|c| c.is_control() || is_unsafe(c)));
    }
}
