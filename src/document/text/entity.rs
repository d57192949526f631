//! Character references of HTML: named, decimal, hexadecimal.

/// What stands at an ampersand: a character, and how many bytes its reference takes, the `&` and `;` included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoded {
    pub character: char,
    pub len: usize,
}

/// Longest reference taken seriously; the longest name in the table has 11 letters.
const NAME_MAX: usize = 32;

/// Reads the reference at the start of `text`, which begins with `&`. `None` when it is not one: then the ampersand is
/// a literal one.
///
/// Names must end in `;`, except for the few that browsers always took without. Numbers 128 to 159 mean Windows-1252,
/// as browsers read them; numbers that are no character give U+FFFD.
/// Source: HTML Living Standard 13.2.5.72 to 13.2.5.80.
pub fn decode_entity(text: &str) -> Option<Decoded> {
    let body = text.strip_prefix('&')?;
    if body.starts_with("amp;") {
        return Some(Decoded { character: '&', len: "&amp;".len() });
    }
    if let Some(number) = body.strip_prefix('#') {
        return numeric(number);
    }
    let len = body.bytes().take(NAME_MAX).take_while(u8::is_ascii_alphanumeric).count();
    let (name, rest) = body.split_at(len);
    if rest.starts_with(';') {
        return Some(Decoded { character: named_entity(name)?, len: len + 2 });
    }
    let bare = ["nbsp", "amp", "quot", "lt", "gt"].into_iter().find(|bare| *bare == name)?;
    Some(Decoded { character: named_entity(bare)?, len: len + 1 })
}

/// Whether the text still holds something a reader would take for a reference: it was escaped twice.
pub fn has_entity(text: &str) -> bool {
    memchr::memchr_iter(b'&', text.as_bytes()).any(|at| decode_entity(&text[at..]).is_some())
}

/// The character of a name as HTML writes it, without `&` and `;`.
pub fn named_entity(name: &str) -> Option<char> {
    NAMED.binary_search_by(|(known, _)| (*known).cmp(name)).ok().map(|at| NAMED[at].1)
}

fn numeric(number: &str) -> Option<Decoded> {
    let (digits, radix, prefix) = match number.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16, 3),
        None => (number, 10, 2),
    };
    let len = digits.bytes().take(NAME_MAX).take_while(|b| char::from(*b).is_digit(radix)).count();
    if len == 0 {
        return None;
    }
    // Too many digits to be a number is no character either.
    let code = u32::from_str_radix(&digits[..len], radix).unwrap_or(u32::MAX);
    let semicolon = usize::from(digits[len..].starts_with(';'));
    Some(Decoded { character: character(code), len: prefix + len + semicolon })
}

fn character(code: u32) -> char {
    let windows_1252 = code.checked_sub(0x80).and_then(|at| WINDOWS_1252.get(at as usize));
    windows_1252.copied().or_else(|| char::from_u32(code)).filter(|c| *c != '\0').unwrap_or('\u{FFFD}')
}

/// What 128 to 159 mean; the five gaps stay the controls they are.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// The names of HTML 4, and those of HTML 5 that shops' texts use; sorted by bytes.
#[rustfmt::skip]
const NAMED: &[(&str, char)] = &[
    ("AElig", 'Æ'), ("AMP", '&'), ("Aacute", 'Á'), ("Abreve", 'Ă'), ("Acirc", 'Â'), ("Agrave", 'À'), ("Alpha", 'Α'),
    ("Amacr", 'Ā'), ("Aogon", 'Ą'), ("Aring", 'Å'), ("Atilde", 'Ã'), ("Auml", 'Ä'), ("Beta", 'Β'), ("COPY", '©'),
    ("Cacute", 'Ć'), ("Ccaron", 'Č'), ("Ccedil", 'Ç'), ("Chi", 'Χ'), ("Dagger", '‡'), ("Dcaron", 'Ď'), ("Delta", 'Δ'),
    ("Dstrok", 'Đ'), ("ETH", 'Ð'), ("Eacute", 'É'), ("Ecaron", 'Ě'), ("Ecirc", 'Ê'), ("Egrave", 'È'), ("Emacr", 'Ē'),
    ("Eogon", 'Ę'), ("Epsilon", 'Ε'), ("Eta", 'Η'), ("Euml", 'Ë'), ("GT", '>'), ("Gamma", 'Γ'), ("Gbreve", 'Ğ'),
    ("Iacute", 'Í'), ("Icirc", 'Î'), ("Idot", 'İ'), ("Igrave", 'Ì'), ("Imacr", 'Ī'), ("Iota", 'Ι'), ("Iuml", 'Ï'),
    ("Kappa", 'Κ'), ("LT", '<'), ("Lambda", 'Λ'), ("Lstrok", 'Ł'), ("Mu", 'Μ'), ("Nacute", 'Ń'), ("Ncaron", 'Ň'),
    ("NewLine", '\u{A}'), ("Ntilde", 'Ñ'), ("Nu", 'Ν'), ("OElig", 'Œ'), ("Oacute", 'Ó'), ("Ocirc", 'Ô'),
    ("Odblac", 'Ő'), ("Ograve", 'Ò'), ("Omega", 'Ω'), ("Omicron", 'Ο'), ("Oslash", 'Ø'), ("Otilde", 'Õ'),
    ("Ouml", 'Ö'), ("Phi", 'Φ'), ("Pi", 'Π'), ("Prime", '″'), ("Psi", 'Ψ'), ("QUOT", '"'), ("REG", '®'),
    ("Rcaron", 'Ř'), ("Rho", 'Ρ'), ("Sacute", 'Ś'), ("Scaron", 'Š'), ("Scedil", 'Ş'), ("Sigma", 'Σ'), ("THORN", 'Þ'),
    ("TRADE", '™'), ("Tab", '\u{9}'), ("Tau", 'Τ'), ("Tcaron", 'Ť'), ("Tcedil", 'Ţ'), ("Theta", 'Θ'), ("Uacute", 'Ú'),
    ("Ucirc", 'Û'), ("Udblac", 'Ű'), ("Ugrave", 'Ù'), ("Umacr", 'Ū'), ("Upsilon", 'Υ'), ("Uring", 'Ů'), ("Uuml", 'Ü'),
    ("Xi", 'Ξ'), ("Yacute", 'Ý'), ("Yuml", 'Ÿ'), ("Zacute", 'Ź'), ("Zcaron", 'Ž'), ("Zdot", 'Ż'), ("Zeta", 'Ζ'),
    ("aacute", 'á'), ("abreve", 'ă'), ("acirc", 'â'), ("acute", '´'), ("aelig", 'æ'), ("agrave", 'à'),
    ("alefsym", 'ℵ'), ("alpha", 'α'), ("amacr", 'ā'), ("amp", '&'), ("and", '∧'), ("ang", '∠'), ("aogon", 'ą'),
    ("apos", '\''), ("aring", 'å'), ("ast", '*'), ("asymp", '≈'), ("atilde", 'ã'), ("auml", 'ä'), ("bdquo", '„'),
    ("beta", 'β'), ("bigstar", '★'), ("blacksquare", '▪'), ("breve", '˘'), ("brvbar", '¦'), ("bsol", '\\'),
    ("bull", '•'), ("cacute", 'ć'), ("cap", '∩'), ("caron", 'ˇ'), ("ccaron", 'č'), ("ccedil", 'ç'), ("cdot", 'ċ'),
    ("cedil", '¸'), ("cent", '¢'), ("check", '✓'), ("checkmark", '✓'), ("chi", 'χ'), ("circ", 'ˆ'), ("clubs", '♣'),
    ("colon", ':'), ("comma", ','), ("commat", '@'), ("cong", '≅'), ("copy", '©'), ("copysr", '℗'), ("crarr", '↵'),
    ("cross", '✗'), ("cup", '∪'), ("curren", '¤'), ("dArr", '⇓'), ("dagger", '†'), ("darr", '↓'), ("dash", '‐'),
    ("dcaron", 'ď'), ("deg", '°'), ("delta", 'δ'), ("diams", '♦'), ("divide", '÷'), ("dollar", '$'), ("dstrok", 'đ'),
    ("eacute", 'é'), ("ecaron", 'ě'), ("ecirc", 'ê'), ("egrave", 'è'), ("emacr", 'ē'), ("empty", '∅'),
    ("emsp", '\u{2003}'), ("ensp", '\u{2002}'), ("eogon", 'ę'), ("epsilon", 'ε'), ("equals", '='), ("equiv", '≡'),
    ("eta", 'η'), ("eth", 'ð'), ("euml", 'ë'), ("euro", '€'), ("excl", '!'), ("exist", '∃'), ("female", '♀'),
    ("fnof", 'ƒ'), ("forall", '∀'), ("frac12", '½'), ("frac14", '¼'), ("frac34", '¾'), ("frasl", '⁄'), ("gamma", 'γ'),
    ("gbreve", 'ğ'), ("ge", '≥'), ("grave", '`'), ("gt", '>'), ("hArr", '⇔'), ("hairsp", '\u{200A}'), ("half", '½'),
    ("harr", '↔'), ("hearts", '♥'), ("hellip", '…'), ("horbar", '―'), ("hyphen", '‐'), ("iacute", 'í'),
    ("icirc", 'î'), ("iexcl", '\u{A1}'), ("igrave", 'ì'), ("imacr", 'ī'), ("image", 'ℑ'), ("incare", '℅'),
    ("infin", '∞'), ("inodot", 'ı'), ("int", '∫'), ("iota", 'ι'), ("iquest", '¿'), ("isin", '∈'), ("iuml", 'ï'),
    ("kappa", 'κ'), ("lArr", '⇐'), ("lambda", 'λ'), ("lang", '〈'), ("laquo", '«'), ("larr", '←'), ("lbrace", '{'),
    ("lbrack", '['), ("lceil", '⌈'), ("lcub", '{'), ("ldquo", '“'), ("ldquor", '„'), ("le", '≤'), ("lfloor", '⌊'),
    ("lowast", '∗'), ("lowbar", '_'), ("loz", '◊'), ("lpar", '('), ("lrm", '\u{200E}'), ("lsaquo", '‹'),
    ("lsqb", '['), ("lsquo", '‘'), ("lsquor", '‚'), ("lstrok", 'ł'), ("lt", '<'), ("macr", '¯'), ("male", '♂'),
    ("mdash", '—'), ("micro", 'µ'), ("middot", '·'), ("minus", '−'), ("mu", 'μ'), ("nabla", '∇'), ("nacute", 'ń'),
    ("nbsp", '\u{A0}'), ("ncaron", 'ň'), ("ndash", '–'), ("ne", '≠'), ("ni", '∋'), ("not", '¬'), ("notin", '∉'),
    ("nsub", '⊄'), ("ntilde", 'ñ'), ("nu", 'ν'), ("num", '#'), ("numero", '№'), ("numsp", '\u{2007}'),
    ("oacute", 'ó'), ("ocirc", 'ô'), ("odblac", 'ő'), ("oelig", 'œ'), ("ograve", 'ò'), ("oline", '‾'), ("omega", 'ω'),
    ("omicron", 'ο'), ("oplus", '⊕'), ("or", '∨'), ("ordf", 'ª'), ("ordm", 'º'), ("oslash", 'ø'), ("otilde", 'õ'),
    ("otimes", '⊗'), ("ouml", 'ö'), ("para", '¶'), ("part", '∂'), ("percnt", '%'), ("period", '.'), ("permil", '‰'),
    ("perp", '⊥'), ("phi", 'φ'), ("phone", '☎'), ("pi", 'π'), ("piv", 'ϖ'), ("plus", '+'), ("plusmn", '±'),
    ("pound", '£'), ("prime", '′'), ("prod", '∏'), ("prop", '∝'), ("psi", 'ψ'), ("puncsp", '\u{2008}'),
    ("quest", '?'), ("quot", '"'), ("rArr", '⇒'), ("radic", '√'), ("rang", '〉'), ("raquo", '»'), ("rarr", '→'),
    ("rbrace", '}'), ("rbrack", ']'), ("rcaron", 'ř'), ("rceil", '⌉'), ("rcub", '}'), ("rdquo", '”'), ("rdquor", '”'),
    ("real", 'ℜ'), ("reg", '®'), ("rfloor", '⌋'), ("rho", 'ρ'), ("ring", '˚'), ("rlm", '\u{200F}'), ("rpar", ')'),
    ("rsaquo", '›'), ("rsqb", ']'), ("rsquo", '’'), ("rsquor", '’'), ("sacute", 'ś'), ("sbquo", '‚'), ("scaron", 'š'),
    ("scedil", 'ş'), ("sdot", '⋅'), ("sect", '§'), ("semi", ';'), ("shy", '\u{AD}'), ("sigma", 'σ'), ("sigmaf", 'ς'),
    ("sim", '∼'), ("sol", '/'), ("spades", '♠'), ("squ", '□'), ("square", '□'), ("star", '☆'), ("starf", '★'),
    ("sub", '⊂'), ("sube", '⊆'), ("sum", '∑'), ("sup", '⊃'), ("sup1", '¹'), ("sup2", '²'), ("sup3", '³'),
    ("supe", '⊇'), ("szlig", 'ß'), ("tau", 'τ'), ("tcaron", 'ť'), ("tcedil", 'ţ'), ("there4", '∴'), ("theta", 'θ'),
    ("thetasym", 'ϑ'), ("thinsp", '\u{2009}'), ("thorn", 'þ'), ("tilde", '˜'), ("times", '×'), ("trade", '™'),
    ("uArr", '⇑'), ("uacute", 'ú'), ("uarr", '↑'), ("ucirc", 'û'), ("udblac", 'ű'), ("ugrave", 'ù'), ("umacr", 'ū'),
    ("uml", '¨'), ("upsih", 'ϒ'), ("upsilon", 'υ'), ("uring", 'ů'), ("uuml", 'ü'), ("verbar", '|'), ("vert", '|'),
    ("weierp", '℘'), ("xi", 'ξ'), ("yacute", 'ý'), ("yen", '¥'), ("yuml", 'ÿ'), ("zacute", 'ź'), ("zcaron", 'ž'),
    ("zdot", 'ż'), ("zeta", 'ζ'), ("zwj", '\u{200D}'), ("zwnj", '\u{200C}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(NAMED.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn references() {
        for (text, expected) in [
            ("&amp;", Some(('&', 5))),
            ("&eacute; x", Some(('é', 8))),
            ("&nbsp;", Some(('\u{A0}', 6))),
            ("&nbsp x", Some(('\u{A0}', 5))),
            ("&#039;s", Some(('\'', 6))),
            ("&#39s", Some(('\'', 4))),
            ("&#x1F600;", Some(('😀', 9))),
            ("&#X41;", Some(('A', 6))),
            ("&#150;", Some(('–', 6))),
            ("&#0;", Some(('\u{FFFD}', 4))),
            ("&#xD800;", Some(('\u{FFFD}', 8))),
            ("&#99999999999;", Some(('\u{FFFD}', 14))),
            ("&Eacute;", Some(('É', 8))),
            ("&copy", None),
            ("&bogus;", None),
            ("& b", None),
            ("&", None),
            ("&;", None),
            ("&#;", None),
            ("&#x;", None),
            ("&nbspé", Some(('\u{A0}', 5))),
            ("amp;", None),
        ] {
            let decoded = decode_entity(text).map(|d| (d.character, d.len));
            assert_eq!(decoded, expected, "{text}");
        }
    }

    #[test]
    fn sees_what_was_escaped_twice() {
        assert!(has_entity("Tom &amp; Jerry"));
        assert!(has_entity("Jerry&#039;s"));
        assert!(!has_entity("Tom & Jerry; Salt&Pepper"));
    }
}
