//! Cutting text to a limit without leaving half a word or half a character.

/// A word border is only taken when it keeps at least this share of the room; else text without spaces (Chinese,
/// Japanese, part numbers) would shrink to its first word.
const KEPT_AT_LEAST: (usize, usize) = (1, 2);

/// At most `max` characters (Unicode scalar values) of `text`, and whether it was cut.
///
/// Cut at white space, where that keeps at least half; else between characters, not before a combining mark.
pub fn cut_at_word(text: &str, max: usize) -> (&str, bool) {
    if text.len() <= max {
        return (text, false);
    }
    let mut rest = text.chars();
    if max > 0 && rest.nth(max - 1).is_none() || rest.as_str().is_empty() {
        return (text, false);
    }
    (cut(text, text.len() - rest.as_str().len()), true)
}

/// The same for a limit in bytes of UTF-8.
pub fn cut_at_word_bytes(text: &str, max: usize) -> (&str, bool) {
    if text.len() <= max {
        return (text, false);
    }
    let end = (0..=max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    (cut(text, end), true)
}

/// `end` is a character boundary with text after it.
fn cut(text: &str, end: usize) -> &str {
    let (head, rest) = text.split_at(end);
    if rest.starts_with(is_border) {
        return head.trim_end_matches(is_border);
    }
    match head.rfind(char::is_whitespace) {
        Some(space) if space * KEPT_AT_LEAST.1 >= end * KEPT_AT_LEAST.0 => head[..space].trim_end_matches(is_border),
        _ => between_clusters(head, rest),
    }
}

/// What may stand between words; a cut text that ends in a comma or dash looks broken.
fn is_border(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '–' | '—' | '/' | '|')
}

fn between_clusters<'a>(head: &'a str, rest: &str) -> &'a str {
    let mut next = rest.chars().next();
    let mut kept = head;
    while let Some(last) = kept.chars().next_back() {
        if !next.is_some_and(extends) && last != '\u{200D}' {
            return kept;
        }
        next = Some(last);
        kept = &kept[..kept.len() - last.len_utf8()];
    }
    head
}

/// Combining marks, variation selectors, skin tones and the joiner: what belongs to the character before it.
fn extends(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{200D}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}' | '\u{1F3FB}'..='\u{1F3FF}'
        | '\u{E0100}'..='\u{E01EF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts_where_a_reader_would() {
        for (text, max, expected) in [
            ("", 0, ""),
            ("Mug", 3, "Mug"),
            ("Mug", 0, ""),
            ("Enamel mug, blue", 16, "Enamel mug, blue"),
            ("Enamel mug, blue", 15, "Enamel mug"),
            ("Enamel mug, blue", 10, "Enamel mug"),
            ("Enamel mug blue", 11, "Enamel mug"),
            ("Кружка эмалированная", 12, "Кружка"),
            ("Кружка", 6, "Кружка"),
            ("一二三四五六", 4, "一二三四"),
            ("A 一二三四五六", 6, "A 一二三四"),
            ("cafe\u{301}s", 4, "caf"),
            ("ab👩\u{200D}🚀", 4, "ab"),
            ("\u{301}\u{301}\u{301}", 1, "\u{301}"),
        ] {
            let (cut, was_cut) = cut_at_word(text, max);
            assert_eq!((cut, was_cut), (expected, expected != text), "{text:?} to {max}");
        }
        assert_eq!(cut_at_word_bytes("Кружка", 7), ("Кру", true));
        assert_eq!(cut_at_word_bytes("Mug", 3), ("Mug", false));
    }

    proptest! {
        #[test]
        fn stays_within_the_limit(text: String, max in 0usize..40) {
            let (cut, was_cut) = cut_at_word(&text, max);
            prop_assert!(cut.chars().count() <= max);
            prop_assert!(text.starts_with(cut));
            prop_assert_eq!(was_cut, text.chars().count() > max);
            prop_assert!(cut_at_word_bytes(&text, max).0.len() <= max);
        }
    }
}
