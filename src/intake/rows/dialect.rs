//! How a table is written, read off its first kilobytes: where the header is, and what parts the cells.
use super::splitter::{Cut, Split, Splitter};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::intake::bytes::encoding::{BOM, Spot};

/// In the order in which they win when the header has as many cells with one as with the other.
const DELIMITERS: [u8; 7] = *b",;\t|^~\x1f";
/// Records looked at to tell a title from a header.
const LOOKED_AT: usize = 12;

/// What the user may say about a table; everything has a default that is found from the file.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--encoding`: a WHATWG label, or `auto`.
    pub encoding: Option<String>,
    /// `--delimiter`
    pub delimiter: Option<u8>,
    /// `--header-line`: the physical line on which the header stands; what is above it is skipped.
    pub header_line: Option<u64>,
    /// `--no-quotes`: a quote is a letter like any other, as in TAB-separated reports that never quote.
    pub literal_quotes: bool,
}

/// How the rest of the table is to be read.
#[derive(Debug)]
pub(in crate::intake) struct Dialect {
    pub delimiter: u8,
    pub literal_quotes: bool,
    /// Bytes above the header.
    pub skip: usize,
    /// Comments that were skipped.
    pub notes: Vec<Diagnostic>,
}

impl Dialect {
    pub(super) fn splitter(&self) -> Splitter {
        Splitter::new(self.delimiter, !self.literal_quotes)
    }

    /// Finds the dialect in the first part of a text; `all` says that there is no more.
    pub fn find(file: &str, head: &[u8], options: &Options, all: bool) -> Result<Dialect> {
        refuse_documents(file, head)?;
        let mut dialect = Dialect {
            delimiter: options.delimiter.unwrap_or(DELIMITERS[0]),
            literal_quotes: options.literal_quotes,
            skip: 0,
            notes: Vec::new(),
        };
        let declared = declared_delimiter(head);
        if let Some((delimiter, length)) = declared {
            dialect.skip = length;
            dialect.delimiter = options.delimiter.unwrap_or(delimiter);
        }
        match options.header_line {
            Some(line) => dialect.skip = start_of_line(file, head, line)?,
            None => dialect.skip += blank_above(&head[dialect.skip..]),
        }
        dialect.skip += if head[dialect.skip..].starts_with(BOM) { BOM.len() } else { 0 };
        let given = options.delimiter.or(declared.map(|(delimiter, _)| delimiter));
        dialect.skip_comments(file, head, all);
        let body = &head[dialect.skip..];
        let looks = looks(body, given, options.literal_quotes, all);
        let Some(best) = looks.first() else { return Ok(dialect) };
        dialect.delimiter = best.delimiter;
        if options.header_line.is_none() {
            let mut spot = Spot::START;
            spot.advance(&head[..dialect.skip]);
            refuse_title(file, spot.line - 1, best, &looks)?;
        }
        Ok(dialect)
    }

    /// Catalog templates explain their columns above the header, in records whose every cell starts with `# `.
    fn skip_comments(&mut self, file: &str, head: &[u8], all: bool) {
        let first = head[self.skip..].iter().find(|b| !b"\r\n\t \"".contains(b));
        if first != Some(&b'#') {
            return;
        }
        let rows = preview(&head[self.skip..], b',', self.literal_quotes, all);
        let is_comment = |row: &&Row| row.cells.iter().all(|c| c.is_empty() || c.starts_with("# "));
        let comments = rows.iter().take_while(is_comment).count();
        if let Some(header) = rows.get(comments).filter(|_| comments > 0) {
            let mut spot = Spot::START;
            spot.advance(&head[..self.skip]);
            let note = format!("{comments} comment record(s) above the header were skipped");
            self.notes.push(Diagnostic::note("table/comments", note).at(Place::file(file).line(spot.line)));
            self.skip += header.start;
        }
    }
}

/// A few records of the head under one delimiter.
struct Look {
    delimiter: u8,
    rows: Vec<Row>,
}

struct Row {
    start: usize,
    /// 1-based, within the text looked at.
    line: u64,
    cells: Vec<String>,
}

impl Row {
    fn filled(&self) -> usize {
        self.cells.iter().filter(|c| !c.is_empty()).count()
    }
}

impl Look {
    fn header_cells(&self) -> usize {
        self.rows.first().map_or(0, |row| row.cells.len())
    }

    /// Header and next record agree on the number of cells.
    fn agrees(&self) -> bool {
        self.rows.get(1).is_none_or(|next| next.cells.len() == self.header_cells())
    }

    fn fullest(&self) -> Option<&Row> {
        // the first of the fullest, so that a header wins over the records below it
        self.rows.iter().rev().max_by_key(|row| row.filled())
    }
}

/// One look per delimiter, the likeliest first.
fn looks(body: &[u8], given: Option<u8>, literal_quotes: bool, all: bool) -> Vec<Look> {
    let delimiters = given.map_or(DELIMITERS.to_vec(), |d| vec![d]);
    let mut looks: Vec<Look> = delimiters
        .into_iter()
        .map(|delimiter| Look { delimiter, rows: preview(body, delimiter, literal_quotes, all) })
        .filter(|look| !look.rows.is_empty())
        .collect();
    looks.sort_by_key(|look| {
        let cells = look.header_cells();
        std::cmp::Reverse((cells > 1 && look.agrees(), cells))
    });
    looks
}

/// A report's title and date above the header would become the header: refused, since which line is right is a guess.
fn refuse_title(file: &str, lines_above: u64, best: &Look, looks: &[Look]) -> Result<()> {
    let Some(first) = best.rows.first() else { return Ok(()) };
    let others = looks.iter().filter(|look| look.delimiter == best.delimiter || !best.agrees());
    let Some(fullest) = others.filter_map(Look::fullest).max_by_key(|row| row.filled()) else { return Ok(()) };
    let is_title = first.filled() > 0 && first.filled() * 2 < fullest.filled() && fullest.filled() >= 3;
    if !is_title {
        return Ok(());
    }
    let title = first.cells.iter().find(|c| !c.is_empty()).map_or("", String::as_str);
    let header = lines_above + fullest.line;
    Err(Error::input("table/title-above-header", "the first line is a title, not a header of column names")
        .at(Place::file(file).record(1).line(lines_above + first.line).value(title))
        .help(format!(
            "the header seems to be line {header}: add `--header-line {header}`, or delete the lines above it"
        )))
}

/// Spreadsheet programs understand a first line `sep=;`, and some exports begin with it.
fn declared_delimiter(head: &[u8]) -> Option<(u8, usize)> {
    let line_end = memchr::memchr2(b'\n', b'\r', head)?;
    let declaration = head[..line_end].trim_ascii_end();
    let declaration = declaration.strip_prefix(b"\"").and_then(|d| d.strip_suffix(b"\"")).unwrap_or(declaration);
    let (name, delimiter) = declaration.split_at_checked(4)?;
    match delimiter {
        [] if name == b"sep=" && head.get(4) == Some(&b'\t') => Some((b'\t', line_end)),
        [one] if name.eq_ignore_ascii_case(b"sep=") => Some((*one, line_end)),
        _ => None,
    }
}

/// Bytes of lines above the header that hold nothing but blanks: a line of delimiters is a header without names.
fn blank_above(head: &[u8]) -> usize {
    let blank = head.iter().take_while(|b| b" \r\n".contains(b)).count();
    head[..blank].iter().rposition(|b| matches!(b, b'\r' | b'\n')).map_or(0, |end| end + 1)
}

fn start_of_line(file: &str, head: &[u8], line: u64) -> Result<usize> {
    let mut ends = memchr::memchr2_iter(b'\n', b'\r', head)
        .filter(|&at| !(head[at] == b'\r' && head.get(at + 1) == Some(&b'\n')))
        .map(|at| at + 1);
    match line {
        0 | 1 => Ok(0),
        _ => ends.nth(usize::try_from(line - 2).unwrap_or(usize::MAX)).filter(|at| *at < head.len()).ok_or_else(|| {
            Error::usage("table/no-such-line", format!("there is no line {line} near the start of {file}"))
                .at(Place::file(file))
                .help("`--header-line` counts lines of the file from 1")
        }),
    }
}

/// The first records, each cell trimmed. A record cut off by the end of the head is left out unless it is the end of all.
fn preview(body: &[u8], delimiter: u8, literal_quotes: bool, all: bool) -> Vec<Row> {
    let (mut rows, mut at, mut spot) = (Vec::new(), 0, Spot::START);
    while rows.len() < LOOKED_AT {
        let blank = body[at..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        spot.advance(&body[at..at + blank]);
        at += blank;
        let rest = &body[at..];
        let (mut splitter, mut cut) = (Splitter::new(delimiter, !literal_quotes), Cut::default());
        let (mut split, used) = splitter.record(rest, usize::MAX, &mut cut);
        if split == Split::More && all && !rest.is_empty() {
            // the last record may lack a line end: lend it one
            (split, _) = splitter.record(b"\n", usize::MAX, &mut cut);
        }
        if split != Split::Record {
            break;
        }
        let cells = (0..cut.ends.len()).filter_map(|i| cut.text().get(cut.cell(i)?));
        let cells = cells.map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
        rows.push(Row { start: at, line: spot.line, cells });
        spot.advance(&rest[..used]);
        at += used;
    }
    rows
}

/// A declaration of XML that begins a line and stands in no cell.
fn has_lines_above_xml(text: &[u8]) -> bool {
    let above = memchr::memmem::find(text, b"<?xml ").map(|at| &text[..at]);
    above.is_some_and(|above| {
        matches!(above.last(), Some(b'\n' | b'\r')) && above.iter().filter(|b| **b == b'"').count() % 2 == 0
    })
}

/// HTML and XML come where a table was expected when a download failed or the wrong file was named.
fn refuse_documents(file: &str, head: &[u8]) -> Result<()> {
    let text = head.trim_ascii_start();
    let tag = |name: &[u8]| text.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name));
    let (what, help) = match () {
        _ if tag(b"<table") => {
            ("a web page's table", "open it in a spreadsheet program and save the sheet as CSV (UTF-8)")
        }
        _ if tag(b"<!doctype html") || tag(b"<html") => {
            ("a web page", "the download gave a page, perhaps a log-in form: export the table again")
        }
        _ if tag(b"<?xml") || tag(b"<rss") || tag(b"<feed") || tag(b"<yml_catalog") => {
            ("XML", "name the right kind of file, or export the table as CSV")
        }
        _ if has_lines_above_xml(text) => (
            "XML with lines above it",
            "they are no part of it, perhaps a message of the program: take them out, and fetch it again",
        ),
        _ if tag(b"{\\rtf") => ("an RTF document", "save the table as CSV (UTF-8)"),
        _ => return Ok(()),
    };
    let above = head.len() - text.len();
    let mut spot = Spot::START;
    spot.advance(&head[..above]);
    let line_end = memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len());
    Err(Error::input("table/not-a-table", format!("{file} is {what}, not a table"))
        .at(Place::file(file).record(1).line(spot.line).value(&String::from_utf8_lossy(&text[..line_end])))
        .help(help))
}
