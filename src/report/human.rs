//! A finding or an error as a person reads it: what, where, the line with a caret under the fault, what to do.
use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::escape::escape;
use crate::diagnostic::{Diagnostic, Error, Place, Severity};

/// Most characters of a source line shown around the caret.
const SNIPPET_CHARS_MAX: usize = 100;
/// Characters kept to the left of the caret when a line is cut.
const SNIPPET_CHARS_BEFORE: usize = 40;

/// Writes the finding and an empty line after it.
pub(super) fn diagnostic(out: &mut dyn Write, diagnostic: &Diagnostic, color: bool) -> io::Result<()> {
    entry(out, diagnostic, &[], color)?;
    writeln!(out)
}

/// Writes the error with everything that caused it.
pub(super) fn error(out: &mut dyn Write, error: &Error, color: bool) -> io::Result<()> {
    entry(out, &error.to_diagnostic(), &causes(error), color)
}

/// What caused it, outermost first, without what the message already says.
pub(super) fn causes(error: &Error) -> Vec<String> {
    let first = std::error::Error::source(error);
    let chain = std::iter::successors(first, |cause| cause.source());
    chain.map(ToString::to_string).filter(|cause| !error.message.contains(cause.as_str())).collect()
}

fn entry(out: &mut dyn Write, d: &Diagnostic, causes: &[String], color: bool) -> io::Result<()> {
    let paint = |style: Style, text: &dyn Display| match color {
        true => format!("{style}{text}{style:#}"),
        false => text.to_string(),
    };
    let loud = match d.severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Note => AnsiColor::Cyan,
    };
    let (loud, quiet) = (loud.on_default().bold(), AnsiColor::Blue.on_default().bold());
    let label = paint(loud, &format!("{}[{}]", d.severity.as_str(), escape(&d.code)));
    writeln!(out, "{label}: {}", paint(Style::new().bold(), &escape(&d.message)))?;
    if let Some(place) = place(&d.place) {
        writeln!(out, "  {} {place}", paint(quiet, &"-->"))?;
    }
    if let Some((number, snippet)) = d.place.line.zip(snippet(&d.place)) {
        let margin = number.to_string();
        writeln!(out, "{} {}", paint(quiet, &format!("{margin} |")), snippet.line)?;
        let pointer = format!("{}{}", " ".repeat(snippet.indent), paint(loud, &"^".repeat(snippet.carets)));
        writeln!(out, "{} {pointer}", paint(quiet, &format!("{:1$} |", "", margin.len())))?;
    }
    for cause in causes {
        writeln!(out, "caused by: {}", escape(cause))?;
    }
    match &d.help {
        Some(help) => writeln!(out, "{} {}", paint(Style::new().bold(), &"help:"), escape(help)),
        None => Ok(()),
    }
}

/// `products.csv:14:23 (record 9, SKU MUG-BLU, price = "12,9o")`, or what of it is known.
fn place(place: &Place) -> Option<String> {
    let details = details(place);
    Some(match (&place.file, details.is_empty()) {
        (None, true) => return None,
        (None, false) => details,
        (Some(file), true) => position(file, place),
        (Some(file), false) => format!("{} ({details})", position(file, place)),
    })
}

fn position(file: &str, place: &Place) -> String {
    let mut text = escape(file).into_owned();
    for number in [place.line, place.line.and(place.column)].into_iter().flatten() {
        text += &format!(":{number}");
    }
    text
}

/// Record, SKU, attribute and value, as far as they are known.
pub(super) fn details(place: &Place) -> String {
    let record = place.record.map(|n| format!("record {n}"));
    let sku = place.sku.as_deref().map(|sku| format!("SKU {}", escape(sku)));
    let cell = match (&place.attribute, &place.value) {
        (Some(name), Some(value)) => Some(format!("{} = \"{}\"", escape(name), escape(value))),
        (Some(name), None) => Some(escape(name).into_owned()),
        (None, Some(value)) => Some(format!("\"{}\"", escape(value))),
        (None, None) => None,
    };
    [record, sku, cell].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The whole finding on one line, for formats that have only a text: message, details, help.
pub(super) fn one_line(d: &Diagnostic) -> String {
    let mut text = escape(&d.message).into_owned();
    let details = details(&d.place);
    if !details.is_empty() {
        text += &format!(" ({details})");
    }
    if let Some(help) = &d.help {
        text += &format!("; help: {}", escape(help));
    }
    text
}

struct Snippet {
    line: String,
    /// Terminal cells before the caret.
    indent: usize,
    carets: usize,
}

/// Cuts a long line around the fault. Columns count characters, carets count terminal cells.
fn snippet(place: &Place) -> Option<Snippet> {
    let (source, span) = place.snippet.as_ref()?;
    let chars: Vec<char> = source.trim_end().chars().collect();
    // A column past the end is right: what is missing is missing there.
    let fault = place.column.map_or(0, |column| clamp(column.saturating_sub(1))).min(chars.len());
    let start = if chars.len() <= SNIPPET_CHARS_MAX { 0 } else { fault.saturating_sub(SNIPPET_CHARS_BEFORE) };
    let end = chars.len().min(start + SNIPPET_CHARS_MAX);
    let fault_end = fault.saturating_add(clamp(*span)).min(end);
    let show = |range: &[char]| escape(&range.iter().collect::<String>().replace('\t', "    ")).into_owned();
    let (before, marked, after) =
        (show(&chars[start..fault]), show(&chars[fault..fault_end]), show(&chars[fault_end..end]));
    let (cut_left, cut_right) = (if start > 0 { "…" } else { "" }, if end < chars.len() { "…" } else { "" });
    Some(Snippet {
        indent: cut_left.width() + before.width(),
        carets: marked.width().max(1),
        line: format!("{cut_left}{before}{marked}{after}{cut_right}"),
    })
}

fn clamp(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// `9,412`
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 offer`, `9,412 offers`
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(d: &Diagnostic) -> String {
        let mut out = Vec::new();
        diagnostic(&mut out, d, false).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_finding_says_what_where_and_what_to_do() {
        let place = Place::file("products.csv").line(14).column(5).record(9).sku("MUG-BLU");
        let place = place.attribute("Variant SKU").value("MUG-BLU").snippet("mug,MUG-BLU,12.90", 7);
        let d = Diagnostic::error("import/duplicate-sku", "SKU MUG-BLU is used twice").at(place);
        let d = d.help("give each variant a SKU of its own");
        assert_eq!(
            shown(&d),
            "error[import/duplicate-sku]: SKU MUG-BLU is used twice\n\
             \x20 --> products.csv:14:5 (record 9, SKU MUG-BLU, Variant SKU = \"MUG-BLU\")\n\
             14 | mug,MUG-BLU,12.90\n\
             \x20  |     ^^^^^^^\n\
             help: give each variant a SKU of its own\n\n"
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        assert_eq!(shown(&Diagnostic::note("a/b", "so")), "note[a/b]: so\n\n");
        assert_eq!(
            shown(&Diagnostic::warning("a/b", "so").at(Place::of_sku("X").attribute("gtin"))),
            "warning[a/b]: so\n  --> SKU X, gtin\n\n"
        );
    }

    #[test]
    fn the_caret_stands_under_the_fault() {
        let caret_of = |line: &str, column, span| {
            let text =
                shown(&Diagnostic::error("a/b", "m").at(Place::file("f").line(7).column(column).snippet(line, span)));
            let lines: Vec<&str> = text.lines().skip(2).take(2).map(|line| &line[4..]).collect();
            (lines[0].to_owned(), lines[1].to_owned())
        };
        let long = format!("{}FAULT{}", "x".repeat(300), "y".repeat(300));
        let cut = (format!("…{}FAULT{}…", "x".repeat(40), "y".repeat(55)), format!("{}^^^^^", " ".repeat(41)));
        for ((line, column, span), (shown, caret)) in [
            (("杯,bad", 3, 3), ("杯,bad", "   ^^^")),
            (("\tbad", 2, 3), ("    bad", "    ^^^")),
            (("a\x1b,bad", 4, 3), (r"a\u{1b},bad", "        ^^^")),
            (("short", 6, 1), ("short", "     ^")),
            (("short", 0, u64::MAX), ("short", "^^^^^")),
            (("", u64::MAX, 1), ("", "^")),
            ((long.as_str(), 301, 5), (cut.0.as_str(), cut.1.as_str())),
        ] {
            assert_eq!(caret_of(line, column, span), (shown.to_owned(), caret.to_owned()), "{line}");
        }
    }

    #[test]
    fn an_error_names_its_causes_once() {
        let said = Error::io("open", "shop.db".as_ref(), io::Error::other("disk on fire"));
        let unsaid = Error::input("import/csv", "the file is no CSV").source(io::Error::other("odd quotes"));
        for (e, expected) in [
            (
                said,
                "error[file/io]: cannot open shop.db: disk on fire\n  --> shop.db\nhelp: see the system's message above\n",
            ),
            (unsaid, "error[import/csv]: the file is no CSV\ncaused by: odd quotes\n"),
        ] {
            let mut out = Vec::new();
            error(&mut out, &e, false).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(|n| counted(n, "offer")),
            ["0 offers", "999 offers", "1,000 offers", "1,234,567 offers"]
        );
        assert_eq!(counted(1, "offer"), "1 offer");
    }
}
