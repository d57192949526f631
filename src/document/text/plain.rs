//! Plain text: out of HTML, or out of text that only needs its spaces and stray characters put in order.
use super::entity::decode_entity;
use super::is_forbidden;

/// Appends the plain text of an HTML fragment.
///
/// Tags, comments, scripts and styles go; block elements and `<br>` leave one line break, table cells one space; white
/// space (no-break spaces included) shrinks to one space; references are decoded once; forbidden characters go.
/// A `<` that opens no tag (`a < b`, `<3`) stays, as does an ampersand that starts no known reference.
pub fn plain_from_html(html: &str, out: &mut String) {
    Reducer::<true>::new(html, out).run();
}

/// Appends text that is not HTML: forbidden characters go, white space shrinks to single spaces and goes at the ends.
pub fn clean(text: &str, out: &mut String) {
    Reducer::<false>::new(text, out).run();
}

/// White space seen since the last character written; the widest wins, and it is written before the next character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
}

struct Reducer<'a, const HTML: bool> {
    src: &'a str,
    at: usize,
    marks: Marks,
    out: &'a mut String,
    /// Nothing is written before the first character.
    started: bool,
    gap: Gap,
    /// A search for these reached the end once: searching again would make hostile input quadratic.
    no_more: NoMore,
}

#[derive(Default)]
struct NoMore {
    tag_end: bool,
    double_quote: bool,
    single_quote: bool,
}

impl<'a, const HTML: bool> Reducer<'a, HTML> {
    fn new(src: &'a str, out: &'a mut String) -> Self {
        let marks = Marks::of::<HTML>(src.as_bytes(), 0);
        Reducer { src, at: 0, marks, out, started: false, gap: Gap::None, no_more: NoMore::default() }
    }

    fn run(mut self) {
        while self.at < self.src.len() {
            let run = self.run_end();
            if run > self.at {
                let text = &self.src[self.at..run];
                self.fill_gap();
                self.out.push_str(text);
                self.at = run;
            }
            self.special();
        }
    }

    /// Where the run ends that starts at `at` and may be copied as it is: no markup (in HTML), nothing forbidden, white
    /// space only as one space between two characters.
    fn run_end(&mut self) -> usize {
        let bytes = self.src.as_bytes();
        let from = self.at;
        if bytes.get(from) == Some(&b' ') {
            return from;
        }
        let mut at = from;
        while at < bytes.len() {
            if at >= self.marks.start + BLOCK {
                self.marks = Marks::of::<HTML>(bytes, at);
            }
            let Some(marked) = self.marks.next(at).filter(|marked| *marked < bytes.len()) else {
                at = (self.marks.start + BLOCK).min(bytes.len());
                continue;
            };
            match step::<HTML>(bytes, marked) {
                0 => return before_space(bytes, from, marked),
                width => at = marked + width,
            }
        }
        before_space(bytes, from, bytes.len())
    }

    /// What stands at `at` is not to be copied as it is.
    fn special(&mut self) {
        match self.src.as_bytes().get(self.at) {
            None => {}
            Some(b' ') => {
                self.at += 1;
                self.widen(Gap::Space);
            }
            Some(b'<') if HTML => self.markup(),
            Some(b'&') if HTML => match decode_entity(&self.src[self.at..]) {
                Some(decoded) => {
                    self.at += decoded.len;
                    self.push(decoded.character);
                }
                None => self.literal(),
            },
            Some(_) => self.literal(),
        }
    }

    fn literal(&mut self) {
        if let Some(c) = self.src[self.at..].chars().next() {
            self.at += c.len_utf8();
            self.push(c);
        }
    }

    fn push(&mut self, c: char) {
        if c.is_whitespace() {
            self.widen(Gap::Space);
        } else if !is_forbidden(c) {
            self.fill_gap();
            self.out.push(c);
        }
    }

    fn widen(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    fn fill_gap(&mut self) {
        if self.started {
            match self.gap {
                Gap::None => {}
                Gap::Space => self.out.push(' '),
                Gap::Line => self.out.push('\n'),
            }
        }
        self.started = true;
        self.gap = Gap::None;
    }

    fn markup(&mut self) {
        let rest = &self.src.as_bytes()[self.at..];
        match rest {
            [b'<', b'!', b'-', b'-', ..] => {
                let end = memchr::memmem::find(&rest[4..], b"-->").map(|end| 4 + end + 3);
                self.skip(end);
            }
            [b'<', b'!' | b'?', ..] => {
                let end = memchr::memchr(b'>', rest).map(|end| end + 1);
                self.skip(end);
            }
            [b'<', b'/', c, ..] if c.is_ascii_alphabetic() => self.tag(2),
            [b'<', c, ..] if c.is_ascii_alphabetic() => self.tag(1),
            _ => self.literal(),
        }
    }

    /// To `end` bytes further on, or over all the rest when what was begun never ends.
    fn skip(&mut self, end: Option<usize>) {
        self.at = end.map_or(self.src.len(), |end| self.at + end);
    }

    fn tag(&mut self, name_at: usize) {
        let start = self.at + name_at;
        let name = name_of(&self.src.as_bytes()[start..]);
        let end = match self.src.as_bytes().get(start + name.len()) {
            // nearly every tag is nothing but a name
            Some(b'>') => Some(start + name.len() + 1),
            _ => self.tag_end(start),
        };
        let element = Element::of(name);
        let Some(end) = end else {
            // `<b` at the very end of a text somebody cut is a tag; `size <M` is not.
            match element {
                Element::Unknown => self.literal(),
                _ => self.at = self.src.len(),
            }
            return;
        };
        self.at = end;
        match element {
            Element::Block => self.widen(Gap::Line),
            Element::Cell => self.widen(Gap::Space),
            Element::Hidden if name_at == 1 && !self.src[..end].ends_with("/>") => self.skip_hidden(name),
            Element::Hidden | Element::Inline | Element::Unknown => {}
        }
    }

    /// Where the tag ends, past its `>`; one inside a quoted attribute value does not end it.
    fn tag_end(&mut self, start: usize) -> Option<usize> {
        if self.no_more.tag_end {
            return None;
        }
        let bytes = self.src.as_bytes();
        let mut at = start;
        while let Some(found) = memchr::memchr3(b'>', b'"', b'\'', &bytes[at..]) {
            let mark = at + found;
            at = mark + 1;
            if bytes[mark] == b'>' {
                return Some(at);
            }
            if bytes[start..mark].trim_ascii_end().ends_with(b"=") {
                at = self.closing_quote(bytes[mark], at).unwrap_or(at);
            }
        }
        self.no_more.tag_end = memchr::memchr(b'>', &bytes[start..]).is_none();
        None
    }

    fn closing_quote(&mut self, quote: u8, from: usize) -> Option<usize> {
        let no_more = if quote == b'"' { &mut self.no_more.double_quote } else { &mut self.no_more.single_quote };
        if *no_more {
            return None;
        }
        let found = memchr::memchr(quote, &self.src.as_bytes()[from..]);
        *no_more = found.is_none();
        found.map(|end| from + end + 1)
    }

    /// Past the end tag of an element whose content is no text.
    fn skip_hidden(&mut self, name: &[u8]) {
        let bytes = self.src.as_bytes();
        let mut from = self.at;
        while let Some(found) = memchr::memmem::find(&bytes[from..], b"</") {
            from += found + 2;
            if name_of(&bytes[from..]).eq_ignore_ascii_case(name) {
                let end = memchr::memchr(b'>', &bytes[from..]).map(|end| from + end + 1 - self.at);
                return self.skip(end);
            }
        }
        self.skip(None);
    }
}

/// Longer than the names we know.
const NAME_MAX: usize = 12;

/// The name of a tag; one longer than any we know is cut, and so unknown.
fn name_of(bytes: &[u8]) -> &[u8] {
    let is_in_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':');
    &bytes[..bytes.iter().take(NAME_MAX).take_while(|b| is_in_name(b)).count()]
}

#[derive(PartialEq)]
enum Element {
    /// Stands on lines of its own.
    Block,
    Cell,
    /// Its content is not text.
    Hidden,
    Inline,
    Unknown,
}

impl Element {
    #[inline(always)]
    fn of(name: &[u8]) -> Element {
        match Element::of_lower(name) {
            Element::Unknown if name.iter().any(u8::is_ascii_uppercase) => {
                Element::of_lower(&name.to_ascii_lowercase())
            }
            element => element,
        }
    }

    fn of_lower(name: &[u8]) -> Element {
        match name {
            b"p" | b"div" | b"br" | b"li" | b"ul" | b"ol" | b"tr" | b"table" | b"h1" | b"h2" | b"h3" | b"h4"
            | b"h5" | b"h6" | b"hr" | b"dl" | b"dt" | b"dd" | b"section" | b"article" | b"header" | b"footer"
            | b"main" | b"nav" | b"aside" | b"blockquote" | b"pre" | b"address" | b"figure" | b"figcaption"
            | b"form" | b"fieldset" | b"option" | b"thead" | b"tbody" | b"tfoot" | b"caption" | b"center"
            | b"details" | b"summary" | b"body" | b"title" => Element::Block,
            b"td" | b"th" => Element::Cell,
            b"script" | b"style" | b"template" | b"iframe" => Element::Hidden,
            b"a" | b"b" | b"i" | b"u" | b"s" | b"em" | b"strong" | b"span" | b"font" | b"small" | b"big" | b"sub"
            | b"sup" | b"img" | b"code" | b"label" | b"abbr" | b"mark" | b"html" | b"head" | b"meta" | b"link"
            | b"input" | b"button" | b"video" | b"source" | b"picture" | b"svg" => Element::Inline,
            _ => Element::Unknown,
        }
    }
}

/// So many bytes are looked at together.
const BLOCK: usize = 64;

/// Bytes of one block that need a look: bit 0 is that at `start`.
struct Marks {
    start: usize,
    bits: u64,
}

impl Marks {
    /// Marked is what may not be copied as it is; behind the end everything is.
    fn of<const HTML: bool>(bytes: &[u8], start: usize) -> Marks {
        let rest = &bytes[start..];
        let bits = match rest.first_chunk::<{ BLOCK + 1 }>() {
            Some(block) => marks::<HTML>(block),
            None => {
                let mut block = [0; BLOCK + 1];
                block[..rest.len()].copy_from_slice(rest);
                marks::<HTML>(&block)
            }
        };
        Marks { start, bits }
    }

    /// The first marked byte at or behind `at`, which is in the block or right behind it.
    fn next(&self, at: usize) -> Option<usize> {
        let bits = u32::try_from(at - self.start).ok().and_then(|passed| self.bits.checked_shr(passed))?;
        (bits != 0).then(|| at + bits.trailing_zeros() as usize)
    }
}

/// The compares become vector code.
#[inline(always)]
fn marks<const HTML: bool>(block: &[u8; BLOCK + 1]) -> u64 {
    let mut care = [0u8; BLOCK];
    for at in 0..BLOCK {
        let b = block[at];
        let rare = (b < 0x20) | (b == 0x7F) | (b == 0xC2) | (b == 0xE2) | (b == 0xE3) | (b >= 0xEF);
        let spaces = (b == b' ') & (block[at + 1] <= b' ');
        let ogham = (b == 0xE1) & (block[at + 1] == 0x9A);
        let markup = HTML & ((b == b'<') | (b == b'&'));
        care[at] = u8::from(rare | spaces | ogham | markup);
    }
    // a multiplication gathers the low bits of eight bytes in the highest byte
    let (words, _) = care.as_chunks::<8>();
    let bits = words.iter().map(|word| u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56);
    bits.enumerate().fold(0, |all, (n, bits)| all | bits << (8 * n))
}

/// A space at the end of a run may be followed by another one, or by nothing.
fn before_space(bytes: &[u8], from: usize, at: usize) -> usize {
    if at > from && bytes[at - 1] == b' ' { at - 1 } else { at }
}

/// How many bytes at `at` may join the run; 0 ends it.
#[inline(always)]
fn step<const HTML: bool>(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        b' ' if bytes.get(at + 1).is_some_and(|next| *next > b' ') => 1,
        0..=b' ' | 0x7F => 0,
        b'<' | b'&' if HTML => 0,
        // Lead bytes of the characters that are white space or forbidden, and of many that are not.
        0xC2 | 0xE1 | 0xE2 | 0xE3 | 0xEF..=0xF4 => match first_char(&bytes[at..]) {
            Some(c) if !c.is_whitespace() && !is_forbidden(c) => c.len_utf8(),
            _ => 0,
        },
        _ => 1,
    }
}

fn first_char(bytes: &[u8]) -> Option<char> {
    let width = match bytes.first()? {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        _ => 4,
    };
    str::from_utf8(bytes.get(..width)?).ok()?.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(html: &str) -> String {
        let mut out = String::new();
        plain_from_html(html, &mut out);
        out
    }

    fn cleaned(text: &str) -> String {
        let mut out = String::new();
        clean(text, &mut out);
        out
    }

    #[test]
    fn html_becomes_what_a_reader_sees() {
        for (html, expected) in [
            ("", ""),
            ("Mug", "Mug"),
            ("  Mug \t\n blue  ", "Mug blue"),
            ("<p>One</p><p>Two</p>", "One\nTwo"),
            ("<p>One</p>\n\n<p> Two </p>\n", "One\nTwo"),
            ("One<br>Two<br/><BR />Three", "One\nTwo\nThree"),
            ("<ul><li>a</li><li>b</li></ul>end", "a\nb\nend"),
            ("<table><tr><td>W</td><td>10</td></tr><tr><td>H</td></tr></table>", "W 10\nH"),
            ("a <b>bold</b> word, half<i>word</i>", "a bold word, halfword"),
            ("x<script>alert('<b>')</script>y<style>p{}</STYLE >z", "xyz"),
            ("x<script src=a />y", "xy"),
            ("x<script>never closed", "x"),
            ("a<!-- <p>no</p> -->b<!doctype html>c<?php echo 1 ?>d", "abcd"),
            ("a<!-- never closed", "a"),
            ("a < b and b > c", "a < b and b > c"),
            ("I <3 mugs, 5<6", "I <3 mugs, 5<6"),
            ("size <M", "size <M"),
            ("cut off <a href=\"http", "cut off"),
            ("<a title=\"x > y\">link</a>", "link"),
            ("<a title='it\"s > 1'>link</a>", "link"),
            ("<p title=\"open>text</p>", "text"),
            ("<p don't>text</p>", "text"),
            ("Caf&eacute;&nbsp;&amp;&#32;bar", "Café & bar"),
            ("&lt;b&gt; &amp;lt;", "<b> &lt;"),
            ("AT&T &bogus; & c &", "AT&T &bogus; & c &"),
            ("&#8211;&#x2013;&#150;", "–––"),
            ("a\u{0}b\u{FEFF}c\u{FFFE}d\u{7F}e\u{FDD0}f\u{1FFFE}g&#1;h", "abcdefgh"),
            ("a\u{A0}\u{2003}\u{3000}b\u{2028}c\u{85}d\u{1680}e", "a b c d e"),
            ("naïve “quotes” 日本語 ー 👩\u{200D}🚀", "naïve “quotes” 日本語 ー 👩\u{200D}🚀"),
            ("<custom-element-with-long-name>x</custom-element-with-long-name>", "x"),
            ("</>x</ >", "</>x</ >"),
        ] {
            assert_eq!(plain(html), expected, "{html:?}");
        }
    }

    #[test]
    fn text_keeps_its_marks() {
        for (text, expected) in
            [("  a  <b> &amp; \r\n c ", "a <b> &amp; c"), ("", ""), (" \u{A0} ", ""), ("a\u{1}b", "ab")]
        {
            assert_eq!(cleaned(text), expected, "{text:?}");
        }
    }

    #[test]
    fn appends() {
        let mut out = String::from("Title: ");
        plain_from_html(" <p>x</p>", &mut out);
        assert_eq!(out, "Title: x");
    }

    /// Bytes are looked at in blocks: a space, a tag or a stray byte must be seen wherever it falls in one.
    #[test]
    fn every_offset_of_a_block_is_seen() {
        for at in 0..150 {
            for (bit, expected) in [("  ", " "), ("<b>", ""), ("\u{1}", ""), ("\u{A0}", " "), ("&amp;", "&")] {
                let (head, tail) = ("x".repeat(at + 1), "y".repeat(150 - at));
                assert_eq!(plain(&format!("{head}{bit}{tail}")), format!("{head}{expected}{tail}"));
            }
            assert_eq!(plain(&format!("{} ", "x".repeat(at + 1))), "x".repeat(at + 1));
        }
    }

    #[test]
    fn hostile_input_takes_linear_time() {
        for bit in ["<a ", "<a x=\"", "<a x='><a x=\"", "<!-", "&#", "<script>", "</"] {
            plain(&bit.repeat(200_000));
        }
    }

    proptest! {
        #[test]
        fn nothing_forbidden_and_no_wide_gaps_come_out(html: String) {
            for out in [plain(&html), cleaned(&html)] {
                prop_assert!(!out.chars().any(is_forbidden));
                prop_assert_eq!(out.trim(), &out);
                let gaps: Vec<char> = out.chars().filter(|c| c.is_whitespace()).collect();
                prop_assert!(gaps.iter().all(|c| matches!(c, ' ' | '\n')));
                prop_assert!(!out.contains("  "));
            }
        }

        #[test]
        fn well_formed_html_leaves_no_tags(
            parts in prop::collection::vec(("(p|b|div|x-y|li|td)", "[a-z \"'=]{0,9}", "[^<>&]{0,40}"), 0..8)
        ) {
            let html: String =
                parts.iter().map(|(tag, attribute, text)| format!("<{tag} a=\"{}\">{text}</{tag}>", attribute.replace('"', ""))).collect();
            prop_assert!(!plain(&html).contains('<'));
            let words = |s: &str| s.split_whitespace().collect::<String>();
            let expected: String = parts.iter().flat_map(|(_, _, text)| text.chars()).filter(|&c| !is_forbidden(c)).collect();
            prop_assert_eq!(words(&plain(&html)), words(&expected));
        }

        #[test]
        fn clean_is_what_splitting_words_gives(text: String) {
            let allowed: String = text.chars().filter(|&c| !is_forbidden(c)).collect();
            prop_assert_eq!(cleaned(&text), allowed.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}
