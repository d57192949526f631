//! SKUs that look the same to a person: `abc-1` and `ABC-1`, a composed and a decomposed é, a Latin and a Cyrillic А.
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Hash of what a person sees of a SKU. Equal for SKUs that look the same; almost surely different for all others.
pub fn look(sku: &str) -> u64 {
    const SHORT: usize = 64;
    if sku.is_ascii() {
        let mut lower = [0u8; SHORT];
        return match lower.get_mut(..sku.len()) {
            Some(lower) => {
                lower.copy_from_slice(sku.as_bytes());
                lower.make_ascii_lowercase();
                xxh3_64(lower)
            }
            None => xxh3_64(sku.to_ascii_lowercase().as_bytes()),
        };
    }
    let mut hash = Xxh3::new();
    let mut bytes = [0; 4];
    let seen = sku.chars().filter(|c| !is_unseen(*c)).map(plain);
    for c in seen.flat_map(char::to_lowercase).flat_map(parts) {
        hash.update(c.encode_utf8(&mut bytes).as_bytes());
    }
    hash.digest()
}

/// Soft hyphens, joiners and marks of direction.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What is typed for a character: hyphens and spaces are of many kinds, and East Asian fonts have letters of their own.
fn plain(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// A letter as it looks: apart from its accent, and Latin where it cannot be told from one.
fn parts(c: char) -> impl Iterator<Item = char> {
    let (base, mark) =
        COMPOSED.iter().find(|(whole, ..)| *whole == c).map_or((c, None), |(_, base, mark)| (*base, Some(*mark)));
    [Some(TWINS.iter().find(|(twin, _)| *twin == base).map_or(base, |(_, latin)| *latin)), mark].into_iter().flatten()
}

const GRAVE: char = '\u{300}';
const ACUTE: char = '\u{301}';
const CIRCUMFLEX: char = '\u{302}';
const TILDE: char = '\u{303}';
const DIAERESIS: char = '\u{308}';
const RING: char = '\u{30a}';
const CARON: char = '\u{30c}';
const CEDILLA: char = '\u{327}';
const OGONEK: char = '\u{328}';

/// Lower-case letters of European alphabets and what they decompose to (Unicode, canonical decomposition).
#[rustfmt::skip]
const COMPOSED: &[(char, char, char)] = &[
    ('à', 'a', GRAVE), ('á', 'a', ACUTE), ('â', 'a', CIRCUMFLEX), ('ã', 'a', TILDE), ('ä', 'a', DIAERESIS), ('å', 'a', RING),
    ('ą', 'a', OGONEK), ('ç', 'c', CEDILLA), ('ć', 'c', ACUTE), ('č', 'c', CARON), ('ď', 'd', CARON), ('è', 'e', GRAVE),
    ('é', 'e', ACUTE), ('ê', 'e', CIRCUMFLEX), ('ë', 'e', DIAERESIS), ('ę', 'e', OGONEK), ('ě', 'e', CARON), ('ì', 'i', GRAVE),
    ('í', 'i', ACUTE), ('î', 'i', CIRCUMFLEX), ('ï', 'i', DIAERESIS), ('ñ', 'n', TILDE), ('ń', 'n', ACUTE), ('ň', 'n', CARON),
    ('ò', 'o', GRAVE), ('ó', 'o', ACUTE), ('ô', 'o', CIRCUMFLEX), ('õ', 'o', TILDE), ('ö', 'o', DIAERESIS), ('ř', 'r', CARON),
    ('ś', 's', ACUTE), ('š', 's', CARON), ('ş', 's', CEDILLA), ('ť', 't', CARON), ('ù', 'u', GRAVE), ('ú', 'u', ACUTE),
    ('û', 'u', CIRCUMFLEX), ('ü', 'u', DIAERESIS), ('ů', 'u', RING), ('ý', 'y', ACUTE), ('ÿ', 'y', DIAERESIS),
    ('ź', 'z', ACUTE), ('ž', 'z', CARON), ('й', 'и', '\u{306}'), ('ё', 'e', DIAERESIS),
];

/// Lower-case forms of Cyrillic and Greek letters that print like Latin ones, in either case.
#[rustfmt::skip]
const TWINS: &[(char, char)] = &[
    ('а', 'a'), ('в', 'b'), ('е', 'e'), ('к', 'k'), ('м', 'm'), ('н', 'h'), ('о', 'o'), ('р', 'p'), ('с', 'c'), ('т', 't'),
    ('у', 'y'), ('х', 'x'), ('і', 'i'), ('ј', 'j'), ('ѕ', 's'), ('α', 'a'), ('β', 'b'), ('ε', 'e'), ('ι', 'i'), ('κ', 'k'),
    ('μ', 'm'), ('ν', 'n'), ('ο', 'o'), ('ρ', 'p'), ('τ', 't'), ('υ', 'y'), ('χ', 'x'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_has_one_look() {
        for (a, b) in
            [("abc-1", "ABC-1"), ("café", "cafe\u{301}"), ("AB-1", "АB-1"), ("ŠKO", "s\u{30c}ko"), ("Ё1", "ë1")]
        {
            assert_eq!(look(a), look(b), "{a} {b}");
        }
        for (a, b) in [("abc-1", "abc-2"), ("000123", "123"), ("cafe", "café"), ("a b", "ab")] {
            assert_ne!(look(a), look(b), "{a} {b}");
        }
        let long = "X".repeat(200);
        assert_eq!(look(&long), look(&long.to_lowercase()));
    }
}
