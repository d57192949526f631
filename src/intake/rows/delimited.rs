//! CSV and TSV as records of which every cell knows its place, in constant memory.
//!
//! What is wrong with the file as a whole stops it (an [`Error`]); what is wrong with one record is a [`Diagnostic`]
//! and the next record follows; what is only worth knowing is counted, and told once by [`Delimited::findings`].
use super::dialect::{Dialect, Options};
use super::splitter::{Cut, Split, Splitter};
use super::table::{Cells, Column, bare};
use super::tally::{LineEnds, Tally};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::intake::bytes::encoding::{Encoding, Spot, Text, characters};
use crate::intake::bytes::source::{Source, error_from};
use std::collections::HashMap;
use std::io::BufRead;

/// Text read before the layout is decided.
const HEAD_BYTES: usize = 64 * 1024;
pub(in crate::intake) const COLUMNS_MAX: usize = 2_000;
const CELL_BYTES_MAX: usize = 1 << 20;
pub(in crate::intake) const RECORD_BYTES_MAX: usize = 16 << 20;
/// A longer source line is not shown under a message.
const SNIPPET_BYTES_MAX: usize = 200;

pub(in crate::intake) struct Delimited {
    text: Text,
    splitter: Splitter,
    dialect: Dialect,
    /// Up to the last that has a name.
    pub columns: Vec<Column>,
    /// Cells of the header, nameless ones at its end included.
    header_cells: usize,
    /// Decoded text: the current record is `start..end`, and stands at `spot`.
    buf: Vec<u8>,
    start: usize,
    end: usize,
    spot: Spot,
    /// Bytes of text before `buf`.
    forgotten: u64,
    /// The current record.
    cut: Cut,
    /// Number of the current record; the header is 1.
    number: u64,
    notes: Vec<Diagnostic>,
    blank: Tally,
    overlong: Tally,
    line_ends: LineEnds,
}

impl Delimited {
    /// Opens a table and reads its header.
    pub fn open(source: Source, options: &Options) -> Result<Delimited> {
        let mut text = Text::open(source, options.encoding.as_deref())?;
        let (mut buf, file) = (Vec::new(), text.name().to_owned());
        // a fault in the head is met again when its record is read, and then has a better place
        let mut more = Ok(true);
        while buf.len() < HEAD_BYTES && matches!(more, Ok(true)) {
            more = take(&mut text, &mut buf);
        }
        let mut dialect = Dialect::find(&file, &buf, options, matches!(more, Ok(false)))?;
        let mut spot = Spot::START;
        spot.advance(&buf[..dialect.skip]);
        let mut table = Delimited {
            text,
            splitter: dialect.splitter(),
            columns: Vec::new(),
            header_cells: 0,
            start: dialect.skip,
            end: dialect.skip,
            buf,
            spot,
            forgotten: 0,
            cut: Cut::default(),
            number: 0,
            notes: std::mem::take(&mut dialect.notes),
            dialect,
            blank: Tally::default(),
            overlong: Tally::default(),
            line_ends: LineEnds::default(),
        };
        table.read_header()?;
        Ok(table)
    }

    pub fn file(&self) -> &str {
        self.text.name()
    }

    pub fn encoding(&self) -> Encoding {
        self.text.encoding()
    }

    /// Bytes of text read so far; for progress.
    pub fn bytes_read(&self) -> u64 {
        self.forgotten + self.end as u64
    }

    pub fn delimiter(&self) -> char {
        char::from(self.dialect.delimiter)
    }

    /// Where a column is named. Only true of the header as long as no record was read.
    fn header_place(&self, column: usize) -> Place {
        let place = self.cell_place(column);
        match self.columns.get(column) {
            Some(named) if !named.name.is_empty() => place.attribute(&named.name),
            _ => place.attribute(format!("column {}", column + 1)),
        }
    }

    fn read_header(&mut self) -> Result<()> {
        if !self.advance()? || self.is_blank() {
            return Err(Error::input("table/no-header", "the first record names no column")
                .at(Place::file(self.file()))
                .help("the first line has to name the columns; if they stand further down, add `--header-line N`"));
        }
        self.header_cells = self.cut.ends.len();
        let cells = self.cells_text()?;
        let names = (0..self.header_cells).filter_map(|i| cells.get(self.cut.cell(i)?));
        let mut columns: Vec<Column> = names.map(Column::new).collect();
        // spreadsheets save columns that were once touched: what stands right of the last name is not asked for
        columns.truncate(columns.iter().rposition(|c| !c.name.is_empty()).map_or(0, |last| last + 1));
        self.columns = columns;
        let mut seen = HashMap::new();
        for (i, column) in self.columns.iter().enumerate() {
            if column.name.is_empty() {
                let note = Diagnostic::warning("table/column-without-name", "a column has no name: it is not read");
                self.notes.push(note.at(self.header_place(i)).help("name it if it holds anything"));
            } else if let Some(earlier) = seen.insert(column.folded.as_str(), i) {
                let message = format!("`{}` is both column {} and column {}", column.name, earlier + 1, i + 1);
                return Err(Error::input("table/duplicate-column", message)
                    .at(self.header_place(i))
                    .help("rename or delete one of them: which is meant would be a guess"));
            }
        }
        Ok(())
    }

    /// Moves on to the next record that is not blank; `None` at the end. A record of the wrong shape is a [`Diagnostic`],
    /// and the next one follows.
    pub fn advance_to_record(&mut self) -> Result<Option<Result<(), Diagnostic>>> {
        while self.advance()? {
            if self.is_blank() {
                self.blank.add(self.record_place());
                continue;
            }
            return Ok(Some(self.misshapen()?.map_or(Ok(()), Err)));
        }
        Ok(None)
    }

    /// Those of the current record.
    pub fn cells(&self) -> Result<Cells<'_>> {
        Ok(Cells { text: self.cells_text()?, ends: &self.cut.ends, number: self.number, line: self.spot.line })
    }

    /// What is worth knowing about the file as a whole; complete once [`Delimited::advance_to_record`] gave `None`.
    pub fn findings(&self) -> Vec<Diagnostic> {
        let mut findings = self.notes.clone();
        findings.extend(self.overlong.tell(|count| {
            let message = format!("{count} record(s) have more cells than the header, all of them empty");
            Diagnostic::warning("table/extra-empty-cells", message).help("harmless; the columns did not shift")
        }));
        findings.extend(self.line_ends.mixed_from.clone().map(|place| {
            Diagnostic::warning("table/mixed-line-ends", "records end in different ways (LF, CRLF, CR)")
                .at(place)
                .help("harmless; a program that glues files together does this")
        }));
        findings
            .extend(self.blank.tell(|count| {
                Diagnostic::note("table/blank-records", format!("{count} blank record(s) were skipped"))
            }));
        if self.number == 1 + self.blank.count {
            let message = "there is a header but no record below it";
            findings.push(
                Diagnostic::warning("table/no-records", message)
                    .at(Place::file(self.file()))
                    .help("if that is not meant, export it again"),
            );
        }
        findings
    }

    fn misshapen(&mut self) -> Result<Option<Diagnostic>> {
        let (due, found) = (self.columns.len(), self.cut.ends.len());
        if found < due {
            let message = format!("the record has {} where the header names {due} columns", cells_of(found));
            let help = "a delimiter is missing, or the record was cut off; it was not read";
            return Ok(Some(Diagnostic::error("table/too-few-cells", message).at(self.record_place()).help(help)));
        }
        if found > due {
            let named_end = due.checked_sub(1).and_then(|last| self.cut.ends.get(last)).copied().unwrap_or(0);
            if named_end < self.cut.text().len() {
                let message = format!("the record has {} where the header names {due} columns", cells_of(found));
                let help = "a cell that holds the delimiter has to be in quotes; the record was not read";
                return Ok(Some(Diagnostic::error("table/too-many-cells", message).at(self.record_place()).help(help)));
            }
            if found > self.header_cells {
                self.overlong.add(self.record_place());
            }
        }
        // most records differ from the header in their first byte, which needs no look at the others
        let first = self.columns.first().and_then(|column| column.name.bytes().next());
        if first.is_some_and(|first| {
            first.is_ascii_graphic() && self.cut.text().first().is_some_and(|b| *b != first && b.is_ascii_graphic())
        }) {
            return Ok(None);
        }
        let cells = self.cells_text()?;
        let named = self.columns.iter().enumerate();
        let mut pairs = named.map(|(i, column)| (column, self.cut.cell(i).and_then(|range| cells.get(range))));
        if pairs.all(|(column, cell)| cell.is_some_and(|cell| bare(cell) == column.name)) {
            let message = "the header is repeated here: files were put one below the other";
            return Ok(Some(
                Diagnostic::error("table/header-repeated", message)
                    .at(self.record_place())
                    .help("delete this line; it was not read"),
            ));
        }
        Ok(None)
    }

    /// Of white space only, or of the mark by which DOS ended a text.
    fn is_blank(&self) -> bool {
        self.cut.text().iter().all(|b| b.is_ascii_whitespace() || *b == 0x1a)
    }

    fn cells_text(&self) -> Result<&str> {
        std::str::from_utf8(self.cut.text()).map_err(|e| Error::bug(format!("a cell was cut apart: {e}")))
    }

    /// Moves on to the next record that is not an empty line; `false` at the end.
    fn advance(&mut self) -> Result<bool> {
        self.spot.advance(&self.buf[self.start..self.end]);
        self.start = self.end;
        if !self.skip_line_ends()? {
            return Ok(false);
        }
        self.number += 1;
        self.cut.clear();
        loop {
            let (split, used) = self.splitter.record(&self.buf[self.end..], COLUMNS_MAX + 1, &mut self.cut);
            self.end += used;
            if self.cut.ends.len() > COLUMNS_MAX {
                return Err(self.too_many_columns());
            }
            if split == Split::Record {
                break;
            }
            self.check_size()?;
            if !self.refill()? {
                self.close_last_record()?;
                break;
            }
        }
        if self.cut.text().len() > CELL_BYTES_MAX {
            self.check_size()?;
        }
        if self.line_ends.closes(self.buf[..self.end].last()) {
            self.line_ends.mixed_from = Some(self.record_place());
        }
        Ok(true)
    }

    fn skip_line_ends(&mut self) -> Result<bool> {
        loop {
            let rest = &self.buf[self.start..];
            let blank = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            let left = rest.len() - blank;
            if self.line_ends.continues(rest.first()) {
                self.line_ends.mixed_from = Some(self.record_place().line(self.spot.line - 1));
            }
            self.spot.advance(&self.buf[self.start..self.start + blank]);
            self.start += blank;
            self.end = self.start;
            if left > 0 {
                return Ok(true);
            }
            if !self.refill()? {
                return Ok(false);
            }
        }
    }

    /// Puts more text behind the current record; `false` at the end of the text.
    fn refill(&mut self) -> Result<bool> {
        self.buf.drain(..self.start);
        self.forgotten += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        take(&mut self.text, &mut self.buf).map_err(|mut error| {
            error.place.record = Some(self.number.max(1));
            let column = self.columns.get(self.cut.ends.len()).filter(|column| !column.name.is_empty());
            error.place.attribute = column.map(|column| column.name.clone());
            error
        })
    }

    /// A last record without a line end is lent one; if that does not close it, a quote is open.
    fn close_last_record(&mut self) -> Result<()> {
        match self.splitter.record(b"\n", COLUMNS_MAX + 1, &mut self.cut) {
            (Split::More, _) => Err(self.unclosed_quote()),
            _ if self.cut.ends.len() > COLUMNS_MAX => Err(self.too_many_columns()),
            _ => Ok(()),
        }
    }

    fn check_size(&self) -> Result<()> {
        let lengths = (0..self.cut.ends.len()).filter_map(|i| self.cut.cell(i)).map(|cell| cell.len());
        let open = self.cut.text().len() - self.cut.ends.last().copied().unwrap_or(0);
        let Some(column) = lengths.chain([open]).position(|length| length > CELL_BYTES_MAX) else {
            if self.end - self.start <= RECORD_BYTES_MAX {
                return Ok(());
            }
            return Err(Error::input("table/record-too-long", "a record is longer than 16 MiB")
                .at(self.record_place())
                .help("a quote may have been opened before it and not closed"));
        };
        Err(Error::input("table/cell-too-long", "a cell is longer than 1 MiB")
            .at(self.cell_place(column))
            .help("most often a quote was opened at this place and not closed; else shorten the cell"))
    }

    fn too_many_columns(&self) -> Error {
        let message = format!("more than {COLUMNS_MAX} columns, which is the limit");
        Error::input("table/too-many-columns", message)
            .at(self.record_place())
            .help("keep the columns that are needed; if there are fewer, `--delimiter` was found wrongly")
    }

    fn unclosed_quote(&self) -> Error {
        Error::input("table/quote-unclosed", "the quote that opens here is never closed, to the end of the file")
            .at(self.cell_place(self.cut.ends.len()))
            .help("close it, or double it where it is meant as a letter; if quotes mean nothing in this file, `--no-quotes`")
    }

    pub fn record_place(&self) -> Place {
        Place::file(self.file()).record(self.number).line(self.spot.line)
    }

    /// Goes through the record once more, since only a place that is asked for is worth the counting.
    pub fn cell_place(&self, column: usize) -> Place {
        let raw = &self.buf[self.start..self.end];
        let (mut splitter, mut cut) = (self.dialect.splitter(), Cut::default());
        let mut next = |at| at + splitter.cell(&raw[at..], &mut cut).1;
        let at = (0..column).fold(0, |at, _| next(at));
        let to = next(at);
        let mut spot = self.spot;
        spot.advance(&raw[..at]);
        let place = self.record_place().line(spot.line).column(spot.column);
        let place = match snippet(raw, at, to) {
            Some((line, span)) => place.snippet(line, span),
            None => place,
        };
        match self.columns.get(column) {
            Some(named) if !named.name.is_empty() => place.attribute(&named.name),
            _ => place,
        }
    }
}

fn cells_of(count: usize) -> String {
    if count == 1 { "only 1 cell".to_owned() } else { format!("{count} cells") }
}

/// The physical line that holds byte `at` of a record, if it is short enough to be shown, and the width of the cell
/// that ends before `to`.
fn snippet(raw: &[u8], at: usize, to: usize) -> Option<(String, u64)> {
    let line_start = memchr::memrchr2(b'\n', b'\r', &raw[..at]).map_or(0, |end| end + 1);
    let line_end = memchr::memchr2(b'\n', b'\r', &raw[at..]).map_or(raw.len(), |end| at + end);
    let line = raw.get(line_start..line_end).filter(|line| line.len() <= SNIPPET_BYTES_MAX)?;
    let cell = &raw[at..line_end.min(to.saturating_sub(1)).max(at)];
    Some((std::str::from_utf8(line).ok()?.to_owned(), characters(cell)))
}

/// Appends the next stretch of decoded text; `false` at the end.
fn take(text: &mut Text, buf: &mut Vec<u8>) -> Result<bool> {
    match text.fill_buf() {
        Ok([]) => Ok(false),
        Ok(more) => {
            let length = more.len();
            buf.extend_from_slice(more);
            text.consume(length);
            Ok(true)
        }
        Err(e) => Err(error_from(e, text.name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::rows::table::Table;

    /// Reads all: the cells of good records, the codes of bad ones with their places, and the findings.
    #[derive(Debug, Default, PartialEq)]
    struct Read {
        records: Vec<Vec<String>>,
        wrong: Vec<(String, u64, u64)>,
        findings: Vec<(String, Option<u64>, Option<u64>)>,
    }

    fn read_with(bytes: impl Into<Vec<u8>>, options: &Options) -> Result<Read> {
        let mut table = Table::open(Source::bytes("x.csv", bytes)?, options)?;
        let (mut read, width) = (Read::default(), table.header().len());
        while let Some(record) = table.read()? {
            match record {
                Ok(record) => read.records.push((0..width).map(|i| record.get(i).to_owned()).collect()),
                Err(d) => read.wrong.push((d.code, d.place.record.unwrap(), d.place.line.unwrap())),
            }
        }
        read.findings = table.findings().into_iter().map(|d| (d.code, d.place.record, d.place.line)).collect();
        Ok(read)
    }

    fn read(bytes: impl Into<Vec<u8>>) -> Result<Read> {
        read_with(bytes, &Options::default())
    }

    #[test]
    fn tables_are_read_however_they_are_written() {
        let cases: [(&str, &[&[&str]]); 14] = [
            ("a,b\n1,2\n", &[&["1", "2"]]),
            ("a;b\n1,5;2\n", &[&["1,5", "2"]]),
            ("a\tb\n\"1\",2\t3", &[&["1,2", "3"]]),
            ("a|b\n1|2", &[&["1", "2"]]),
            ("a\n1\n2\n", &[&["1"], &["2"]]),
            ("sep=;\na;b\n1;2\n", &[&["1", "2"]]),
            ("a,b\r\n1,2\r\n3,4\r\n", &[&["1", "2"], &["3", "4"]]),
            ("a,b\r1,2\r3,4", &[&["1", "2"], &["3", "4"]]),
            ("a,b\n\"x\r\ny\",\"say \"\"hi\"\"\"\n", &[&["x\r\ny", "say \"hi\""]]),
            ("a,b\n12\" Stone,2\n", &[&["12\" Stone", "2"]]),
            ("\n\t\u{feff}a ,\" b\"\n1, 2 \n", &[&["1", " 2 "]]),
            ("a,b,,\n1,2,,\n3,4\n", &[&["1", "2"], &["3", "4"]]),
            ("# Required | id,# Optional\na,b\n1,2\n", &[&["1", "2"]]),
            ("a;b;c\n1,1,1,1;2;3,3,3\n2,2,2,2;3;4,4,4\n", &[&["1,1,1,1", "2", "3,3,3"], &["2,2,2,2", "3", "4,4,4"]]),
        ];
        for (text, records) in cases {
            let read = read(text).unwrap_or_else(|e| panic!("{text:?}: {e:?}"));
            assert_eq!(read.records, records, "{text:?}");
            assert!(read.wrong.is_empty(), "{text:?}: {read:?}");
        }
    }

    #[test]
    fn wrong_records_are_named_and_the_next_ones_follow() {
        let cases = [
            ("a,b\n1,2\n3\n4,5\n", "table/too-few-cells", 3, 3),
            ("a,b\n\"1\n1\",2\n3,4,5\n4,5\n", "table/too-many-cells", 3, 4),
            ("a,b\n1,2\na, b\n4,5\n", "table/header-repeated", 3, 3),
        ];
        for (text, code, record, line) in cases {
            let read = read(text).unwrap();
            assert_eq!(read.wrong, [(code.to_owned(), record, line)], "{text:?}");
            assert_eq!(read.records.len(), 2, "{text:?}");
        }
    }

    #[test]
    fn harmless_oddities_are_counted_and_told_once() {
        let blank = format!("a,b\n1,2\n{}", ",\n".repeat(500));
        let cases = [
            ("a,b\n1,2,,\n3,4\n", "table/extra-empty-cells", Some(2), Some(2)),
            ("a,b\n1,2\r\n3,4\n", "table/mixed-line-ends", Some(2), Some(2)),
            ("a,b\r\n1,2\r3,4\r\n", "table/mixed-line-ends", Some(2), Some(2)),
            (&blank, "table/blank-records", Some(3), Some(3)),
            ("a,b\n", "table/no-records", None, None),
            ("a,,b\n1,2,3\n", "table/column-without-name", Some(1), Some(1)),
            ("# why,# how\na,b\n1,2\n", "table/comments", None, Some(1)),
        ];
        for (text, code, record, line) in cases {
            let read = read(text).unwrap();
            assert_eq!(read.findings, [(code.to_owned(), record, line)], "{text:?}");
            assert!(read.wrong.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn files_that_are_no_table_stop_at_the_place_that_says_why() {
        let wide = vec!["c"; COLUMNS_MAX + 1].join(",");
        let long = format!("a,b\n1,\"{}", "x".repeat(CELL_BYTES_MAX + 1));
        let many = format!("{}\n{}", vec!["c"; 40].join(","), vec!["x".repeat(CELL_BYTES_MAX); 40].join(","));
        let many = many.replacen("c,", "d,", 1);
        type Case<'a> = (&'a str, &'a str, Option<u64>, Option<u64>, Option<u64>, Option<&'a str>);
        let cases: [Case; 12] = [
            ("a,Title\n1,\"open\n2,x\n3,y\n", "table/quote-unclosed", Some(2), Some(2), Some(3), Some("Title")),
            ("a,b\n1,\"x\ny\",\"open", "table/quote-unclosed", Some(2), Some(3), Some(4), None),
            ("a,b,A\n", "table/duplicate-column", Some(1), Some(1), Some(5), Some("A")),
            (&wide, "table/too-many-columns", Some(1), Some(1), None, None),
            (&long, "table/cell-too-long", Some(2), Some(2), Some(3), Some("b")),
            (&many, "table/duplicate-column", Some(1), Some(1), Some(5), Some("c")),
            ("Stock\nAs of May\n\nsku,store,qty\n1,2,3\n", "table/title-above-header", Some(1), Some(1), None, None),
            ("Stock,,\nsku,store,qty\n1,2,3\n", "table/title-above-header", Some(1), Some(1), None, None),
            ("\n<!DOCTYPE HTML><html>", "table/not-a-table", Some(1), Some(2), None, None),
            ("<?xml version=\"1.0\"?><rss/>", "table/not-a-table", Some(1), Some(1), None, None),
            (",,\n1,2,3\n", "table/no-header", None, None, None, None),
            ("\n\r\n", "table/no-header", None, None, None, None),
        ];
        for (text, code, record, line, column, attribute) in cases {
            let start: String = text.chars().take(40).collect();
            let error = read(text).unwrap_err();
            let place = &error.place;
            assert_eq!(error.code, code, "{start:?}: {error}");
            assert_eq!((place.record, place.line, place.column), (record, line, column), "{start:?}");
            assert_eq!(place.attribute.as_deref(), attribute, "{start:?}");
            assert!(error.help.is_some(), "{start:?}");
        }
    }

    #[test]
    fn a_byte_that_is_not_utf8_is_placed_in_its_record_and_column() {
        let place = *read(b"Handle,Title\np1,\"x\ny\"\np2,Caf\xe9 Mug\n").unwrap_err().place;
        assert_eq!((place.record, place.line, place.column), (Some(3), Some(4), Some(7)));
        assert_eq!(place.attribute.as_deref(), Some("Title"));
    }

    #[test]
    fn every_cell_knows_its_place() {
        let text = "sku;Название;price\r\n1;\"Кру\r\nжка \"\"XL\"\"\"; 12,5\r\n2;;x\n";
        let mut table = Table::open(Source::bytes("x.csv", text).unwrap(), &Options::default()).unwrap();
        let (title, price) = (table.find(" НАЗВАНИЕ ").unwrap(), table.find("Price").unwrap());
        let first = table.read().unwrap().unwrap().unwrap();
        assert_eq!((first.number, first.line), (2, 2));
        let place = first.place(title);
        assert_eq!((place.record, place.line, place.column), (Some(2), Some(2), Some(3)));
        assert_eq!(place.attribute.as_deref(), Some("Название"));
        assert_eq!(place.snippet, Some(("1;\"Кру".to_owned(), 4)));
        let place = first.place(price);
        assert_eq!((place.record, place.line, place.column), (Some(2), Some(3), Some(13)));
        assert_eq!(place.value.as_deref(), Some(" 12,5"));
        assert_eq!(place.snippet, Some(("жка \"\"XL\"\"\"; 12,5".to_owned(), 5)));
        let second = table.read().unwrap().unwrap().unwrap();
        assert_eq!(second.place(price).line, Some(4));
        assert_eq!(second.place(price).column, Some(4));
        assert_eq!((second.get(title), second.get(99)), ("", ""));
        assert!(table.read().unwrap().is_none());
    }

    #[test]
    fn the_users_word_wins_over_what_is_found() {
        let titled = "Stock of May\n\nsku,qty,at\n1,2,3\n";
        let options = Options { header_line: Some(3), ..Options::default() };
        assert_eq!(read_with(titled, &options).unwrap().records, [["1", "2", "3"]]);
        let options = Options { header_line: Some(9), ..Options::default() };
        assert_eq!(read_with(titled, &options).unwrap_err().code, "table/no-such-line");
        let options = Options { delimiter: Some(b';'), ..Options::default() };
        assert_eq!(read_with("a,b\n1,2\n", &options).unwrap().records, [["1,2"]]);
        let options = Options { literal_quotes: true, ..Options::default() };
        assert_eq!(read_with("a\tb\n\"Best\" mug\t5\"\n", &options).unwrap().records, [["\"Best\" mug", "5\""]]);
        let options = Options { encoding: Some("cp1251".to_owned()), ..Options::default() };
        assert_eq!(read_with(b"a,b\n\xd6\xe5\xed\xe0,1\n", &options).unwrap().records, [["Цена", "1"]]);
    }

    #[test]
    fn records_across_chunks_are_whole_and_numbered() {
        let row = |n: u64| format!("{n},\"Größe\r\n\"\"{n}\"\"\",{}\r\n", "y".repeat((n % 97) as usize));
        let text: String = std::iter::once("id,b,c\r\n".to_owned()).chain((0..9000).map(row)).collect();
        let mut table = Table::open(Source::bytes("x.csv", text).unwrap(), &Options::default()).unwrap();
        for n in 0..9000 {
            let record = table.read().unwrap().unwrap().unwrap();
            assert_eq!((record.number, record.line), (n + 2, 2 * n + 2));
            assert_eq!((record.get(0), record.get(1)), (&*n.to_string(), &*format!("Größe\r\n\"{n}\"")));
            assert_eq!(record.place(2).column, Some(7 + n.to_string().len() as u64));
        }
        assert!(table.read().unwrap().is_none());
        assert!(table.findings().is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in "[ab,;\t|\"\r\n#é\u{feff}\0]{0,60}", junk: Vec<u8>) {
            let mut both = bytes.into_bytes();
            let _ = read(both.clone());
            both.extend(junk);
            let _ = read(both);
        }
    }
}
