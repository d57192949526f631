//! Tables: TSV, CSV and their like, a header row and then one offer per row.
//!
//! Own code rather than the csv crate because messages need the line and column of every cell, and because a quote that
//! opens but never closes must be named where it opens.
use super::detect::delimiter_of;
use super::source::{Rule, Source};
use super::{OfferReader, Position, RawOffer, ReadOptions};
use crate::diagnostic::{Diagnostic, Error, Result};
use std::io::{BufRead, Read};

/// See [`OfferReader`]. A row is a field per column of the header, empty cells included; blank rows are passed over.
pub struct DelimitedReader<R> {
    source: Source<R>,
    delimiter: u8,
    head: RawOffer,
    columns: Vec<String>,
    rows: u64,
    /// The cell being read, and what follows it.
    cell: Vec<u8>,
    findings: Vec<Diagnostic>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Cell,
    Row,
    File,
}

impl<R: Read> DelimitedReader<R> {
    /// Reads the header.
    pub fn new(input: R, options: ReadOptions) -> Result<Self> {
        let mut reader = DelimitedReader {
            source: Source::new(input, Rule::Table, &options),
            delimiter: b',',
            head: RawOffer::default(),
            columns: Vec::new(),
            rows: 0,
            cell: Vec::new(),
            findings: Vec::new(),
        };
        let first = reader.source.fill_buf().map(delimiter_of);
        let found = first.map_err(|_| reader.fault(Position::default()))?;
        reader.delimiter = options.delimiter.or(found).unwrap_or(b',');
        match options.columns {
            Some(columns) => reader.columns = columns,
            None => reader.read_header(&options.above)?,
        }
        Ok(reader)
    }

    /// Of the table, given or found out.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    fn read_header(&mut self, above: &[String]) -> Result<()> {
        let delimiter = char::from(self.delimiter);
        let mut above = above.iter().map(|line| line.split(delimiter).next().unwrap_or_default());
        let mut cells = self.read_cells()?;
        // The rows above it are told by their first cells; a file may also come without them.
        while cells.1 == After::Row {
            let first = cells.0.first().map_or("", |(name, _)| name.as_str());
            if !first.starts_with("# ") && above.next() != Some(first) {
                break;
            }
            cells = self.read_cells()?;
        }
        let (cells, _) = cells;
        self.head.start("header", None, cells.first().map_or_else(Position::default, |(_, at)| *at));
        let last = cells.len();
        for (name, at) in cells {
            if name.is_empty() && self.columns.len() + 1 < last {
                let message = format!("column {} has no name", self.columns.len() + 1);
                self.findings
                    .push(Diagnostic::warning("feed/column-unnamed", message).at(at.place(self.source.file())));
            }
            self.head.start(&name, None, at);
            self.head.end();
            self.columns.push(name);
        }
        self.head.end();
        if self.columns.iter().all(String::is_empty) {
            return Err(Error::input("feed/no-header", "the first row names no columns")
                .at(Position::default().place(self.source.file()))
                .help("the first row must hold the names of the attributes"));
        }
        Ok(())
    }

    /// The cells of the row that starts here, each with its place, and what came after it.
    fn read_cells(&mut self) -> Result<(Vec<(String, Position)>, After)> {
        let mut cells = Vec::new();
        loop {
            let at = self.source.position();
            let after = self.read_cell(at)?;
            cells.push((self.text().trim().to_owned(), at));
            if after != After::Cell {
                return Ok((cells, after));
            }
        }
    }

    /// The row that starts here, into `offer`; says what came after it.
    fn read_row(&mut self, offer: &mut RawOffer) -> Result<After> {
        let start = self.source.position();
        offer.clear();
        offer.start("row", None, start);
        let mut cells = 0;
        loop {
            let at = self.source.position();
            let after = self.read_cell(at)?;
            // Valid, since the source hands out nothing else and cells end at ASCII marks.
            let text = str::from_utf8(&self.cell).unwrap_or_default();
            match self.columns.get(cells) {
                Some(column) => {
                    offer.start(column, None, at);
                    offer.push_text(text);
                    offer.end();
                }
                None if text.is_empty() => {}
                None => self.excess(cells, at),
            }
            cells += 1;
            if after != After::Cell {
                offer.end();
                if cells < self.columns.len() && !is_blank(offer) {
                    self.missing(cells, start);
                }
                return Ok(after);
            }
        }
    }

    fn text(&self) -> &str {
        str::from_utf8(&self.cell).unwrap_or_default()
    }

    fn excess(&mut self, cells: usize, at: Position) {
        let message = format!("cell {} has no column: the header has {}", cells + 1, self.columns.len());
        self.findings.push(
            Diagnostic::error("feed/row-long", message)
                .at(at.place(self.source.file()).value(self.text()))
                .help("a text with the delimiter in it must stand in quotes"),
        );
    }

    fn missing(&mut self, cells: usize, at: Position) {
        let message = format!("the row has {cells} cells, the header {}", self.columns.len());
        self.findings.push(Diagnostic::warning("feed/row-short", message).at(at.place(self.source.file())));
    }

    fn read_cell(&mut self, at: Position) -> Result<After> {
        self.cell.clear();
        let quoted = self.peek(at)? == Some(b'"');
        if !quoted {
            return self.read_bare(at);
        }
        self.source.consume(1);
        self.read_quoted(at)?;
        match self.peek(at)? {
            Some(b) if b != self.delimiter && !matches!(b, b'\n' | b'\r') => self.read_after_quote(at),
            _ => self.read_bare(at),
        }
    }

    /// `"12" pipe`: no quoted cell at all, but a text that begins with a quote.
    fn read_after_quote(&mut self, at: Position) -> Result<After> {
        self.cell.insert(0, b'"');
        self.cell.push(b'"');
        let after = self.read_bare(at)?;
        let place = at.place(self.source.file()).value(self.text());
        self.findings.push(
            Diagnostic::warning("feed/quote-stray", "text after the closing quote; the quotes were taken as text")
                .at(place)
                .help("put the whole cell in quotes, and double those inside it"),
        );
        Ok(after)
    }

    fn read_quoted(&mut self, at: Position) -> Result<()> {
        loop {
            let Ok(bytes) = self.source.fill_buf() else {
                let swallows = self.source.offer_too_long();
                return Err(if swallows { self.unclosed(at) } else { self.fault(at) });
            };
            if bytes.is_empty() {
                return Err(self.unclosed(at));
            }
            let Some(end) = memchr::memchr(b'"', bytes) else {
                let len = bytes.len();
                self.cell.extend_from_slice(bytes);
                self.source.consume(len);
                continue;
            };
            self.cell.extend_from_slice(&bytes[..end]);
            self.source.consume(end + 1);
            if self.peek(at)? != Some(b'"') {
                return Ok(());
            }
            self.cell.push(b'"');
            self.source.consume(1);
        }
    }

    /// Up to the delimiter or the end of the row, which are consumed.
    fn read_bare(&mut self, at: Position) -> Result<After> {
        loop {
            let Ok(bytes) = self.source.fill_buf() else { return Err(self.fault(at)) };
            if bytes.is_empty() {
                return Ok(After::File);
            }
            let Some(end) = memchr::memchr3(self.delimiter, b'\n', b'\r', bytes) else {
                let len = bytes.len();
                self.cell.extend_from_slice(bytes);
                self.source.consume(len);
                continue;
            };
            let mark = bytes[end];
            self.cell.extend_from_slice(&bytes[..end]);
            self.source.consume(end + 1);
            if mark == self.delimiter {
                return Ok(After::Cell);
            }
            if mark == b'\r' && self.peek(at)? == Some(b'\n') {
                self.source.consume(1);
            }
            return Ok(After::Row);
        }
    }

    fn peek(&mut self, at: Position) -> Result<Option<u8>> {
        match self.source.fill_buf() {
            Ok(bytes) => Ok(bytes.first().copied()),
            Err(_) => Err(self.fault(at)),
        }
    }

    fn fault(&mut self, at: Position) -> Error {
        let place = at.place(self.source.file());
        self.source.take_error().unwrap_or_else(|| Error::bug("a fault without an error").at(place))
    }

    fn unclosed(&self, at: Position) -> Error {
        Error::input("feed/quote-unclosed", "a quote that opens here is never closed")
            .at(at.place(self.source.file()))
            .help("close it, or double the quote if it is part of the text")
    }
}

/// Not a row at all: nothing between two line ends, or only delimiters.
fn is_blank(offer: &RawOffer) -> bool {
    offer.fields().all(|field| field.text().trim().is_empty())
}

impl<R: Read> OfferReader for DelimitedReader<R> {
    fn read_offer(&mut self, offer: &mut RawOffer) -> Result<bool> {
        loop {
            self.source.begin_part();
            let start = self.source.position();
            if self.peek(start)?.is_none() {
                offer.clear();
                if self.rows == 0 {
                    let place = start.place(self.source.file());
                    self.findings
                        .push(Diagnostic::warning("feed/no-offers", "a header and no rows: 0 offers").at(place));
                }
                return Ok(false);
            }
            self.read_row(offer)?;
            if !is_blank(offer) {
                self.rows += 1;
                offer.set_index(self.rows);
                return Ok(true);
            }
        }
    }

    fn head(&self) -> &RawOffer {
        &self.head
    }

    fn take_findings(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<(Vec<Vec<String>>, Vec<String>)> {
        let mut reader = DelimitedReader::new(bytes, ReadOptions { file: "f.tsv".into(), ..ReadOptions::default() })?;
        let (mut offer, mut rows) = (RawOffer::default(), Vec::new());
        while reader.read_offer(&mut offer)? {
            assert_eq!(offer.index(), rows.len() as u64 + 1);
            let cell = |f: super::super::Field<'_>| {
                format!("{}={}@{}:{}", f.name(), f.text(), f.position().line, f.position().column)
            };
            rows.push(offer.fields().map(cell).collect());
        }
        Ok((rows, reader.take_findings().into_iter().map(|finding| finding.code).collect()))
    }

    #[test]
    fn cells_with_their_places() {
        for (text, rows) in [
            ("id\ttitle\nA\tMug, blue\n", vec![vec!["id=A@2:1", "title=Mug, blue@2:3"]]),
            (
                "id,title\r\n\"A\",\"é\r\n\"\"x\"\"\"\r\n\r\nB,\r\n",
                vec![vec!["id=A@2:1", "title=é\r\n\"x\"@2:5"], vec!["id=B@5:1", "title=@5:3"]],
            ),
            ("\u{FEFF}id;title\nКружка;x", vec![vec!["id=Кружка@2:1", "title=x@2:8"]]),
            ("id|size\nA|3\" pipe\n||\n", vec![vec!["id=A@2:1", "size=3\" pipe@2:3"]]),
            ("id,b\rA,1\rB,2", vec![vec!["id=A@1:6", "b=1@1:8"], vec!["id=B@1:10", "b=2@1:12"]]),
        ] {
            let (read, findings) = read(text.as_bytes()).unwrap();
            assert_eq!(read, rows, "{text:?}");
            assert_eq!(findings, [""; 0], "{text:?}");
        }
    }

    #[test]
    fn odd_rows_are_named() {
        for (text, code) in [
            ("# Required | An id,\"# Required | its\nname\"\nid,title\nA\n", "feed/row-short"),
            ("id,title\nA\n", "feed/row-short"),
            ("id,title\nA,Mug,blue\n", "feed/row-long"),
            ("id,,title\nA,,b\n", "feed/column-unnamed"),
            ("id,title\nA,\"12\" pipe\n", "feed/quote-stray"),
            ("id,title\n", "feed/no-offers"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap().1, [code], "{text:?}");
        }
        assert_eq!(read(b"id,t\nA,\"12\" pipe\n").unwrap().0, [["id=A@2:1", "t=\"12\" pipe@2:3"]]);
    }

    #[test]
    fn faults_of_the_file() {
        for (bytes, code, line, column) in [
            (&b"id,title\nA,\"never\nclosed\n"[..], "feed/quote-unclosed", 2, 3),
            (b"id,title\nA,x\xFFy\n", "feed/encoding-lies", 2, 4),
            (b"id,title\nA,x\0y\n", "feed/forbidden-character", 2, 4),
            (b"\n\n", "feed/no-header", 1, 1),
        ] {
            let error = read(bytes).unwrap_err();
            assert_eq!(error.code, code, "{bytes:?}");
            assert_eq!((error.place.line, error.place.column), (Some(line), Some(column)), "{bytes:?}");
        }
    }

    #[test]
    fn a_quote_that_swallows_the_file_is_named_where_it_opens() {
        let text = format!("id,title\nA,\"12 pipe\n{}", "B,x\n".repeat(100_000));
        let limits = super::super::Limits { offer: 200_000, ..Default::default() };
        let mut reader =
            DelimitedReader::new(text.as_bytes(), ReadOptions { limits, ..ReadOptions::default() }).unwrap();
        let error = reader.read_offer(&mut RawOffer::default()).unwrap_err();
        assert_eq!((error.code, error.place.line, error.place.column), ("feed/quote-unclosed", Some(2), Some(3)));
    }

    #[test]
    fn utf16_from_a_spreadsheet() {
        let bytes: Vec<u8> = "\u{FEFF}id\tname\nA\té\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&bytes).unwrap().0, [["id=A@2:1", "name=é@2:3"]]);
    }
}
