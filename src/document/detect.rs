//! What a file is, by its first bytes.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Xml,
    Html,
    Json,
    /// A table, with its delimiter: tab, comma, semicolon or bar.
    Delimited(u8),
    /// A zip archive, which an xlsx or ods spreadsheet is too.
    Zip,
    /// An xls spreadsheet.
    OldSpreadsheet,
    Gzip,
    Bzip2,
    Pdf,
    Empty,
    Unknown,
}

impl Format {
    /// To stand after "this is".
    pub fn name(self) -> &'static str {
        match self {
            Format::Xml => "XML",
            Format::Html => "an HTML page",
            Format::Json => "JSON",
            Format::Delimited(_) => "a table",
            Format::Zip => "a zip archive or a spreadsheet (xlsx)",
            Format::OldSpreadsheet => "an old spreadsheet (xls)",
            Format::Gzip => "a gzip archive",
            Format::Bzip2 => "a bzip2 archive",
            Format::Pdf => "a PDF",
            Format::Empty => "an empty file",
            Format::Unknown => "neither XML nor a table",
        }
    }
}

const MAGIC: &[(&[u8], Format)] = &[
    (b"PK\x03\x04", Format::Zip),
    (b"\xD0\xCF\x11\xE0", Format::OldSpreadsheet),
    (b"\x1F\x8B", Format::Gzip),
    (b"BZh", Format::Bzip2),
    (b"%PDF", Format::Pdf),
];

/// Enough to hold the header of the widest table.
const HEAD: usize = 64 * 1024;

/// By content alone. Some hundred bytes are enough, for a table its whole first line.
pub fn detect(first: &[u8]) -> Format {
    if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| first.starts_with(magic)) {
        return *format;
    }
    let head = &first[..first.len().min(HEAD)];
    let ascii = match encoding_rs::Encoding::for_bom(head) {
        Some((_, bom)) => ascii(&head[bom..]),
        None => ascii(head),
    };
    let text = ascii.trim_ascii_start();
    match text {
        [] => Format::Empty,
        [b'<', rest @ ..] => markup(rest),
        [b'{' | b'[', ..] => Format::Json,
        _ => delimiter_of(text).map_or(Format::Unknown, Format::Delimited),
    }
}

/// The text without the zero bytes of UTF-16.
fn ascii(head: &[u8]) -> Vec<u8> {
    head.iter().copied().filter(|b| *b != 0).collect()
}

fn markup(rest: &[u8]) -> Format {
    let starts = |name: &[u8]| rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    if starts(b"html") || starts(b"!doctype html") || starts(b"table") { Format::Html } else { Format::Xml }
}

/// The delimiter that is most frequent in the first line, outside quotes; the tab wins a tie, being rare in text.
pub(super) fn delimiter_of(text: &[u8]) -> Option<u8> {
    let mut lines = text.split(|b| matches!(b, b'\n' | b'\r')).filter(|line| !line.is_empty());
    let is_comment = |line: &&[u8]| line.starts_with(b"# ") || line.starts_with(b"\"# ");
    let line = lines.find(|line| !is_comment(line)).unwrap_or_default();
    let unquoted = || line.split(|b| *b == b'"').step_by(2).flatten();
    let count = |delimiter: u8| unquoted().filter(|b| **b == delimiter).count();
    b"|;,\t".iter().map(|d| (count(*d), *d)).filter(|(n, _)| *n > 0).max_by_key(|(n, _)| *n).map(|(_, d)| d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_content() {
        for (bytes, expected) in [
            (&b"<?xml version=\"1.0\"?>"[..], Format::Xml),
            (b"\xEF\xBB\xBF\n <rss>", Format::Xml),
            (b"\xFF\xFE<\0r\0s\0s\0", Format::Xml),
            (b"<!DOCTYPE HTML>", Format::Html),
            (b"<html>", Format::Html),
            (b"<table border=1>", Format::Html),
            (b" {\"id\": 1}", Format::Json),
            (b"id\ttitle, long\tprice", Format::Delimited(b'\t')),
            (b"\"id\";\"a,b,c\";price\n1,2,3,4", Format::Delimited(b';')),
            (b"id|price\r", Format::Delimited(b'|')),
            (b"# Required | an id\nid,price", Format::Delimited(b',')),
            (b"id,price", Format::Delimited(b',')),
            (b"\xFE\xFF\0i\0d\0\t\0x", Format::Delimited(b'\t')),
            (b"PK\x03\x04", Format::Zip),
            (b"\xEF\xBB\xBF", Format::Empty),
            (b"", Format::Empty),
            (b"hello", Format::Unknown),
        ] {
            assert_eq!(detect(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
