//! Text that is taken but looks wrong: damaged encodings, markup where none belongs, characters nobody can see.
use crate::value::Invalid;

/// More marks on one letter than any script needs.
const MARKS_MAX: usize = 4;

/// What looks wrong about a plain text.
pub fn oddities(text: &str) -> Vec<Invalid> {
    if text.bytes().all(|b| (b' '..0x7f).contains(&b) && b != b'&' && b != b'<') {
        return Vec::new();
    }
    [forbidden, markup, entity, mojibake, replaced, override_of_direction, marks]
        .into_iter()
        .filter_map(|oddity| oddity(text))
        .collect()
}

/// Characters that no XML document can hold, not even escaped.
pub fn forbidden(text: &str) -> Option<Invalid> {
    has_forbidden(text).then(|| {
        let message = "the text holds control characters, which no feed may carry: they were taken out";
        Invalid::new("import/control-character", message, "take them out where the text is kept")
    })
}

/// The text without them.
pub fn without_forbidden(text: &str) -> String {
    if has_forbidden(text) { text.chars().filter(|c| !is_forbidden(*c)).collect() } else { text.to_owned() }
}

fn has_forbidden(text: &str) -> bool {
    // bytes first: nearly every text is decided by them; all of them, since a loop without an exit takes many at once
    let is_rare = |b: u8| (b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r')) || b == 0xef;
    text.bytes().fold(false, |rare, b| rare | is_rare(b)) && text.contains(is_forbidden)
}

fn is_forbidden(c: char) -> bool {
    (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn markup(text: &str) -> Option<Invalid> {
    let is_tag = |rest: &str| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')) && rest.contains('>')
    };
    text.match_indices('<').any(|(at, _)| is_tag(&text[at + 1..])).then(|| {
        let message = "there is markup in a plain text: channels show it as it stands, or refuse it";
        Invalid::new("import/markup", message, "keep HTML to the description")
    })
}

fn entity(text: &str) -> Option<Invalid> {
    // `&lt;` to `&thetasym;`; "R&D;" is none
    const SHORTEST: usize = 2;
    const LONGEST: usize = 10;
    let is_name = |name: &str| {
        let digits = name.strip_prefix('#').map(|n| n.trim_start_matches(['x', 'X']));
        let code = digits.unwrap_or(name);
        (SHORTEST..=LONGEST).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let found =
        text.match_indices('&').any(|(at, _)| text[at + 1..].split_once(';').is_some_and(|(name, _)| is_name(name)));
    found.then(|| {
        let message = "the text is escaped (`&…;`): it is kept as it is, and feeds escape it once more";
        Invalid::new("import/entity", message, "write the characters themselves")
    })
}

/// UTF-8 that was read as Windows-1252 and saved again: a lead byte as a letter, its continuation as a sign.
fn mojibake(text: &str) -> Option<Invalid> {
    let pairs = text.chars().zip(text.chars().skip(1));
    let is_pair = |(lead, next): (char, char)| match lead {
        'Ã' | 'Â' => {
            matches!(next, '\u{80}'..='\u{bf}' | '€' | '‚'..='„' | '†'..='‡' | '‰' | '‹' | 'Œ' | 'Ž' | '™' | 'œ')
        }
        'â' => matches!(next, '€' | '\u{80}'),
        _ => false,
    };
    pairs.clone().any(is_pair).then(|| {
        let message = "the text was decoded wrongly before it came here (like `Ã©` for `é`)";
        Invalid::new("import/mojibake", message, "export it again as UTF-8 from where it was right")
    })
}

/// What a program writes where it could not read a character.
fn replaced(text: &str) -> Option<Invalid> {
    text.contains('\u{fffd}').then(|| {
        let message = "characters of the text were lost before it came here (each is a \u{fffd} now)";
        Invalid::new("import/replacement-character", message, "export it again as UTF-8 from where it was right")
    })
}

fn override_of_direction(text: &str) -> Option<Invalid> {
    let found = text.chars().find(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))?;
    let message = format!("the invisible character U+{:04X} turns the direction of the text", u32::from(found));
    Some(Invalid::new("import/direction-override", message, "take it out: right-to-left text does not need it"))
}

fn marks(text: &str) -> Option<Invalid> {
    let is_mark = |c: &char| matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}');
    let mut run = 0;
    let stacked = text.chars().any(|c| {
        run = if is_mark(&c) { run + 1 } else { 0 };
        run > MARKS_MAX
    });
    stacked.then(|| {
        let message = format!("more than {MARKS_MAX} marks are stacked on one letter");
        Invalid::new("import/stacked-marks", message, "write the word plainly")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_texts_are_named_and_ordinary_ones_are_not() {
        for (text, code) in [
            ("bell\u{7}", "import/control-character"),
            ("x\u{ffff}y", "import/control-character"),
            ("<script>alert(1)</script>", "import/markup"),
            ("Tom &amp; Jerry", "import/entity"),
            ("it&#039;s", "import/entity"),
            ("CafÃ© Mug", "import/mojibake"),
            ("â€œblueâ€\u{9d}", "import/mojibake"),
            ("abc \u{202e}gnp.exe", "import/direction-override"),
            ("z\u{300}\u{301}\u{302}\u{303}\u{304}", "import/stacked-marks"),
        ] {
            let found: Vec<_> = oddities(text).into_iter().map(|oddity| oddity.code).collect();
            assert_eq!(found, [code], "{text:?}");
        }
        for text in [
            "Mug",
            "Café Índigo",
            "a < b > c",
            "R&D; Q",
            "Tom & Jerry",
            "12\" Стол",
            "كوب أزرق",
            "SÃO PAULO",
            "tab\tline\n",
            "👨‍👩‍👧",
        ] {
            assert_eq!(oddities(text), [], "{text:?}");
        }
    }

    #[test]
    fn what_no_document_may_hold_is_taken_out() {
        assert_eq!(without_forbidden("a\u{0}b\u{b}c\u{ffff}\td"), "abc\td");
        assert_eq!(without_forbidden("﷐ ｆ"), "﷐ ｆ");
    }
}
