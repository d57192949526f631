//! Values into the syntax of a document: XML, CSV, TSV, JSON.
use super::scan::{copy_runs, find};

/// When a delimited field stands in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quoting {
    /// When it holds the delimiter, a quote or a line break (RFC 4180).
    #[default]
    Needed,
    Always,
    /// For readers that know no quotes: the delimiter and line breaks inside a field become a space.
    Never,
}

/// Bytes of U+FFFE and U+FFFF after the first, 0xEF.
fn is_xml_nonchar(bytes: &[u8]) -> bool {
    matches!(bytes, [0xEF, 0xBF, 0xBE | 0xBF, ..])
}

/// Text content. `>` is escaped too, so that `]]>` cannot arise; characters XML forbids are left out.
pub fn escape_xml_text(value: &str, out: &mut Vec<u8>) {
    let stop = |b: u8| (b < 0x20) | (b == b'&') | (b == b'<') | (b == b'>') | (b == 0xEF);
    copy_runs(value, out, stop, |bytes, out| {
        match bytes[0] {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            // A bare one would come back as a line feed.
            b'\r' => out.extend_from_slice(b"&#13;"),
            other => return pass_if_allowed(other, bytes, out),
        }
        1
    });
}

/// The inside of an attribute value in double quotes.
pub fn escape_xml_attribute(value: &str, out: &mut Vec<u8>) {
    let stop = |b: u8| (b < 0x20) | (b == b'&') | (b == b'<') | (b == b'"') | (b == 0xEF);
    copy_runs(value, out, stop, |bytes, out| {
        match bytes[0] {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            // Bare ones would come back as spaces.
            b'\t' => out.extend_from_slice(b"&#9;"),
            b'\n' => out.extend_from_slice(b"&#10;"),
            b'\r' => out.extend_from_slice(b"&#13;"),
            other => return pass_if_allowed(other, bytes, out),
        }
        1
    });
}

/// A whole CDATA section. `]]>` is split over two; characters XML forbids are left out; CR LF becomes LF on reading.
pub fn push_cdata(value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"<![CDATA[");
    copy_runs(
        value,
        out,
        |b| (b < 0x20) | (b == b']') | (b == 0xEF),
        |bytes, out| {
            if bytes.starts_with(b"]]>") {
                out.extend_from_slice(b"]]]]><![CDATA[>");
                return 3;
            }
            pass_if_allowed(bytes[0], bytes, out)
        },
    );
    out.extend_from_slice(b"]]>");
}

fn pass_if_allowed(first: u8, bytes: &[u8], out: &mut Vec<u8>) -> usize {
    if is_xml_nonchar(bytes) {
        return 3;
    }
    if first >= 0x20 || matches!(first, b'\t' | b'\n' | b'\r') {
        out.push(first);
    }
    1
}

/// One field of a delimited row; the delimiter must be ASCII.
pub fn csv_field(value: &str, delimiter: u8, quoting: Quoting, out: &mut Vec<u8>) {
    let breaks = |b: u8| (b == delimiter) | (b == b'\n') | (b == b'\r');
    match quoting {
        Quoting::Never => copy_runs(value, out, breaks, |_, out| {
            out.push(b' ');
            1
        }),
        Quoting::Needed if find(value.as_bytes(), 0, |b| breaks(b) | (b == b'"')) == value.len() => {
            out.extend_from_slice(value.as_bytes());
        }
        Quoting::Needed | Quoting::Always => {
            out.push(b'"');
            let doubled = |_: &[u8], out: &mut Vec<u8>| {
                out.extend_from_slice(b"\"\"");
                1
            };
            copy_runs(value, out, |b| b == b'"', doubled);
            out.push(b'"');
        }
    }
}

/// One field of a tab-separated row: quoted like CSV when it holds a tab, a line break or a quote. Google, Meta and
/// spreadsheets read it so, and a reader that knows no quotes sees plain text in all other fields.
pub fn tsv_field(value: &str, out: &mut Vec<u8>) {
    csv_field(value, b'\t', Quoting::Needed, out);
}

/// A JSON string with its quotes.
pub fn json_string(value: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    copy_runs(
        value,
        out,
        |b| (b < 0x20) | (b == b'"') | (b == b'\\'),
        |bytes, out| {
            match bytes[0] {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                control => {
                    const HEX: &[u8; 16] = b"0123456789abcdef";
                    out.extend_from_slice(b"\\u00");
                    out.extend([HEX[usize::from(control >> 4)], HEX[usize::from(control & 15)]]);
                }
            }
            1
        },
    );
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(kernel: impl Fn(&str, &mut Vec<u8>), value: &str) -> String {
        let mut out = Vec::new();
        kernel(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn xml() {
        for (value, text, attribute) in [
            ("", "", ""),
            ("Mug", "Mug", "Mug"),
            ("a<b & \"c\">", "a&lt;b &amp; \"c\"&gt;", "a&lt;b &amp; &quot;c&quot;>"),
            ("a\u{1}b\u{FFFE}c\u{FFFD}\u{FB01}", "abc\u{FFFD}\u{FB01}", "abc\u{FFFD}\u{FB01}"),
            ("\t\n\r", "\t\n&#13;", "&#9;&#10;&#13;"),
        ] {
            assert_eq!(with(escape_xml_text, value), text);
            assert_eq!(with(escape_xml_attribute, value), attribute);
        }
    }

    #[test]
    fn cdata_splits_its_own_end() {
        assert_eq!(with(push_cdata, "a]]>b]] \u{0}"), "<![CDATA[a]]]]><![CDATA[>b]] ]]>");
    }

    #[test]
    fn delimited() {
        for (value, needed, always, never) in [
            ("", "", "\"\"", ""),
            ("a b", "a b", "\"a b\"", "a b"),
            ("a;b", "\"a;b\"", "\"a;b\"", "a b"),
            ("3\" pipe", "\"3\"\" pipe\"", "\"3\"\" pipe\"", "3\" pipe"),
            ("a\r\nb", "\"a\r\nb\"", "\"a\r\nb\"", "a  b"),
        ] {
            assert_eq!(with(|v, o| csv_field(v, b';', Quoting::Needed, o), value), needed);
            assert_eq!(with(|v, o| csv_field(v, b';', Quoting::Always, o), value), always);
            assert_eq!(with(|v, o| csv_field(v, b';', Quoting::Never, o), value), never);
        }
        assert_eq!(with(tsv_field, "a,b"), "a,b");
        assert_eq!(with(tsv_field, "a\tb"), "\"a\tb\"");
    }

    proptest! {
        #[test]
        fn json_reads_back(value: String) {
            prop_assert_eq!(serde_json::from_str::<String>(&with(json_string, &value)).unwrap(), value);
        }

        #[test]
        fn xml_reads_back(value: String) {
            let allowed: String = value.chars().filter(|&c| super::super::is_xml_char(c)).collect();
            let text = with(escape_xml_text, &value);
            prop_assert_eq!(&*quick_xml::escape::unescape(&text).unwrap(), &allowed);
            let attribute = with(escape_xml_attribute, &value);
            prop_assert_eq!(&*quick_xml::escape::unescape(&attribute).unwrap(), &allowed);
        }
    }
}
