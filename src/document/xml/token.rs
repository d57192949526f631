//! XML taken apart: one piece after another of a text that may go on. Only what tells the pieces apart is looked at here;
//! whether they are in place is for the reader.
use crate::document::text::is_xml_char;
use memchr::{memchr, memchr2, memchr3, memmem};

/// A piece of a document, as it is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// Between markup and references.
    Text(&'t str),
    /// What stands between `&` and `;`.
    Reference(&'t str),
    Start(Tag<'t>),
    /// The name of what ends.
    End(&'t str),
    CData(&'t str),
    Comment,
    /// What stands between `<?` and `?>`.
    Instruction(&'t str),
    /// What stands behind `<!DOCTYPE`.
    DocType(&'t str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'t> {
    pub name: &'t str,
    /// All behind the name.
    pub attributes: &'t str,
    /// It is the end of the element, too.
    pub empty: bool,
}

/// Why what stands at the start of a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    BareAmpersand,
    /// `]]>` so many bytes on.
    CDataEnd(usize),
    /// It begins and has no end.
    Unclosed(&'static str),
    Malformed(&'static str),
}

/// The first token of `text` and its length. `None` when more of the text has to be seen, which is never when it `is_all`.
pub(super) fn first(text: &str, is_all: bool) -> Result<Option<(Token<'_>, usize)>, Wrong> {
    let bytes = text.as_bytes();
    let found = match bytes {
        [] => return Ok(None),
        [b'<', b'/', ..] => memchr(b'>', bytes).map(|end| (Token::End(text[2..end].trim_ascii_end()), end + 1)),
        [b'<', b'!', ..] => return declared(text, is_all),
        [b'<', b'?', ..] => memmem::find(bytes, b"?>").map(|end| (Token::Instruction(&text[2..end.max(2)]), end + 2)),
        [b'<', _, ..] => tag_end(bytes).map(|end| (Token::Start(tag(&text[1..end])), end + 1)),
        [b'<'] => None,
        [b'&', ..] => match memchr3(b';', b'&', b'<', &bytes[1..]).map(|at| at + 1) {
            Some(end) if bytes[end] == b';' => Some((Token::Reference(&text[1..end]), end + 1)),
            None if !is_all => None,
            _ => return Err(Wrong::BareAmpersand),
        },
        _ => return plain(text, is_all),
    };
    match found {
        None if is_all => Err(Wrong::Unclosed("a tag")),
        found => Ok(found),
    }
}

/// A field as nearly all are: white space, then an element whose tag is a name and which holds nothing but text.
pub(super) struct Leaf<'t> {
    pub space: &'t str,
    pub name: &'t str,
    pub text: &'t str,
    /// Of all of it.
    pub len: usize,
}

/// The field at the start of `text`, where it is one as [`Leaf`] says. What is not is left to [`first`], token by token.
pub(super) fn leaf(text: &str) -> Option<Leaf<'_>> {
    let spaces = text.bytes().take_while(|b| matches!(b, b' ' | b'\n' | b'\t')).count();
    let (space, element) = text.split_at(spaces);
    let tag = element.strip_prefix('<')?;
    let (name, inside) = tag.split_at(memchr(b'>', tag.as_bytes())?);
    let inside = &inside[1..];
    // a bracket may belong to `]]>`, and line ends may have to be made alike
    let (text, rest) = inside.split_at(memchr3(b'<', b'&', b']', inside.as_bytes())?);
    let rest = rest.strip_prefix("</")?.strip_prefix(name)?.strip_prefix('>')?;
    let is_plain = is_name(name) && memchr(b'\r', text.as_bytes()).is_none();
    is_plain.then(|| Leaf { space, name, text, len: spaces + element.len() - rest.len() })
}

/// XML 1.0 production 5, with all of non-ASCII let through.
pub(super) fn is_name(name: &str) -> bool {
    let start = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b':') || b >= 0x80;
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|b| start(*b))
        && bytes.iter().all(|b| start(*b) || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

fn plain(text: &str, is_all: bool) -> Result<Option<(Token<'_>, usize)>, Wrong> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        match memchr3(b'<', b'&', b']', &bytes[from..]).map(|at| from + at) {
            Some(at) if bytes[at..].starts_with(b"]]>") => return Err(Wrong::CDataEnd(at)),
            Some(at) if bytes[at] == b']' => from = at + 1,
            Some(end) => return Ok(Some((Token::Text(&text[..end]), end))),
            None => return Ok(is_all.then_some((Token::Text(text), text.len()))),
        }
    }
}

/// What begins with `<!`.
fn declared<'t>(text: &'t str, is_all: bool) -> Result<Option<(Token<'t>, usize)>, Wrong> {
    const COMMENT: &str = "<!--";
    const CDATA: &str = "<![CDATA[";
    const DOCTYPE: &str = "<!DOCTYPE";
    let within = |found: Option<(Token<'t>, usize)>, what| match found {
        None if is_all => Err(Wrong::Unclosed(what)),
        found => Ok(found),
    };
    if let Some(inside) = text.strip_prefix(COMMENT) {
        return match memmem::find(inside.as_bytes(), b"--").map(|at| (at, inside.as_bytes().get(at + 2))) {
            Some((at, Some(b'>'))) => Ok(Some((Token::Comment, COMMENT.len() + at + 3))),
            Some((_, Some(_))) => Err(Wrong::Malformed("-- inside a comment")),
            _ => within(None, "a comment"),
        };
    }
    if let Some(inside) = text.strip_prefix(CDATA) {
        let end = memmem::find(inside.as_bytes(), b"]]>");
        return within(end.map(|end| (Token::CData(&inside[..end]), CDATA.len() + end + 3)), "CDATA");
    }
    if text.get(..DOCTYPE.len()).is_some_and(|start| start.eq_ignore_ascii_case(DOCTYPE)) {
        let end = doctype_end(text.as_bytes());
        return within(end.map(|end| (Token::DocType(&text[DOCTYPE.len()..end]), end + 1)), "a DOCTYPE");
    }
    let may_be = [COMMENT, CDATA, DOCTYPE].iter().any(|known| text.len() < known.len() && known.starts_with(text));
    if may_be && !is_all { Ok(None) } else { Err(Wrong::Malformed("a <! that begins nothing")) }
}

/// Where the `>` of a tag is: not inside a quoted value.
fn tag_end(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr3(b'>', b'"', b'\'', &bytes[from..])?;
        match bytes[at] {
            b'>' => return Some(at),
            quote => from = at + 2 + memchr(quote, &bytes[at + 1..])?,
        }
    }
}

/// As that of a tag, and not inside brackets.
fn doctype_end(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'[') => depth += 1,
            (None, b']') => depth = depth.saturating_sub(1),
            (None, b'>') if depth == 0 => return Some(at),
            (None, _) => {}
        }
    }
    None
}

/// What stands between `<` and `>`.
fn tag(inside: &str) -> Tag<'_> {
    let (inside, empty) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
    let end = inside.bytes().position(|b| b.is_ascii_whitespace()).unwrap_or(inside.len());
    let (name, attributes) = inside.split_at(end);
    Tag { name, attributes, empty }
}

impl<'t> Tag<'t> {
    /// Name and value of each attribute, as they are written; nothing comes behind one that is malformed.
    pub fn attributes(&self) -> impl Iterator<Item = Result<(&'t str, &'t str), &'static str>> + use<'t> {
        let mut rest = self.attributes.trim_ascii_start();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let found = attribute(rest);
            rest = found.map_or("", |(_, behind)| behind.trim_ascii_start());
            Some(found.map(|(attribute, _)| attribute))
        })
    }
}

type Attribute<'t> = (&'t str, &'t str);

/// The attribute `rest` begins with, and what stands behind it.
fn attribute(rest: &str) -> Result<(Attribute<'_>, &str), &'static str> {
    let Some(end) = memchr2(b'=', b'"', rest.as_bytes()).filter(|end| rest.as_bytes()[*end] == b'=') else {
        return Err("an attribute without a value");
    };
    let value = rest[end + 1..].trim_ascii_start();
    let Some(quote @ (b'"' | b'\'')) = value.bytes().next() else { return Err("a value without quotes around it") };
    let Some(close) = memchr(quote, &value.as_bytes()[1..]) else { return Err("a value whose quote is never closed") };
    Ok(((rest[..end].trim_ascii_end(), &value[1..=close]), &value[close + 2..]))
}

/// The character a reference stands for; `None` for what XML does not know without being told.
pub(super) fn resolved(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => numbered(reference.strip_prefix('#')?),
    }
}

fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    let is_number = digits.bytes().all(|digit| char::from(digit).is_digit(radix));
    let code = u32::from_str_radix(digits, radix).ok().filter(|_| is_number)?;
    char::from_u32(code).filter(|c| is_xml_char(*c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn start<'t>(name: &'t str, attributes: &'t str, empty: bool) -> Token<'t> {
        Token::Start(Tag { name, attributes, empty })
    }

    #[test]
    fn a_document_in_pieces() {
        for (text, token) in [
            ("a ]] b", Token::Text("a ]] b")),
            ("a<b", Token::Text("a")),
            ("a&b;", Token::Text("a")),
            ("&#x41;b", Token::Reference("#x41")),
            ("<a>b", start("a", "", false)),
            ("<a b='>' c=\"/>\"/>", start("a", " b='>' c=\"/>\"", true)),
            ("</a \n>b", Token::End("a")),
            ("<![CDATA[<a>]]]>b", Token::CData("<a>]")),
            ("<!-- a - b -->", Token::Comment),
            ("<?xml version='1.0'?>", Token::Instruction("xml version='1.0'")),
            ("<!DOCTYPE a [<!ENTITY b '>'>]><a>", Token::DocType(" a [<!ENTITY b '>'>]")),
        ] {
            assert_eq!(first(text, true).unwrap().unwrap().0, token, "{text}");
        }
        for (text, wrong) in [
            ("a ]]> b", Wrong::CDataEnd(2)),
            ("& b", Wrong::BareAmpersand),
            ("&b<a;", Wrong::BareAmpersand),
            ("<!-- a -- b -->", Wrong::Malformed("-- inside a comment")),
            ("<![CDATA[a]]", Wrong::Unclosed("CDATA")),
            ("<!ELEMENT a>", Wrong::Malformed("a <! that begins nothing")),
            ("<a b='>", Wrong::Unclosed("a tag")),
        ] {
            assert_eq!(first(text, true), Err(wrong), "{text}");
        }
    }

    #[test]
    fn a_leaf_is_found_only_where_nothing_has_to_be_thought_of() {
        let found = leaf("\n  <g:id>A 1</g:id><x>").unwrap();
        assert_eq!((found.space, found.name, found.text, found.len), ("\n  ", "g:id", "A 1", 19));
        assert_eq!(leaf("<a></a>").map(|found| found.len), Some(7));
        for other in [
            "<a>&amp;</a>",
            "<a b='1'>c</a>",
            "<a/>",
            "<a><b>c</b></a>",
            "<a>b]</a>",
            "<a>b\r</a>",
            "<a>b</b>",
            "<a>b</a",
            "x",
            "</a>",
        ] {
            assert!(leaf(other).is_none(), "{other}");
        }
    }

    #[test]
    fn attributes_one_by_one() {
        let of = |attributes| Tag { name: "a", attributes, empty: false }.attributes().collect::<Vec<_>>();
        assert_eq!(of(" a = 'x=\"' b=''\n"), [Ok(("a", "x=\"")), Ok(("b", ""))]);
        for wrong in [" a", " a=x", " a='x", " \"a\"='x'", " a='1' b c='2'x"] {
            assert!(of(wrong).last().unwrap().is_err(), "{wrong}");
        }
    }

    #[test]
    fn references_stand_for_characters_xml_may_hold() {
        for (reference, c) in [
            ("amp", Some('&')),
            ("#65", Some('A')),
            ("#x1F600", Some('😀')),
            ("#1", None),
            ("nbsp", None),
            ("#", None),
            ("#+65", None),
        ] {
            assert_eq!(resolved(reference), c, "{reference}");
        }
    }

    proptest! {
        /// Cut off anywhere, a token is waited for, never mistaken for another one.
        #[test]
        fn what_is_seen_in_part_is_the_same_in_whole(text in "[<>&;!?/a\\[\\]\"'=-]{0,8}(CDATA\\[|DOCTYPE)?[<>&;!?/a\\[\\]\"'= -]{0,12}") {
            let whole = first(&text, true);
            for end in 0..text.len() {
                if let Ok(Some(token)) = first(&text[..end], false) {
                    prop_assert_eq!(whole, Ok(Some(token)));
                }
            }
        }
    }
}
