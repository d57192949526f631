//! Delimited documents: a header row, then one row per offer.
use super::Encoder;
use crate::document::text::{Quoting, csv_field};

/// How rows are written. The delimiter must be ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    pub delimiter: u8,
    pub quoting: Quoting,
    /// `"\n"` or `"\r\n"`.
    pub line_ending: &'static str,
    /// Between several values of one column, before the cell is quoted.
    pub join: String,
    /// A byte order mark first.
    pub bom: bool,
    /// Lines above the header.
    pub above: Vec<String>,
    /// Whether the columns are named.
    pub header: bool,
}

impl Default for Dialect {
    /// Comma-separated as RFC 4180 has it, with plain line feeds, which every reader takes.
    fn default() -> Self {
        Dialect {
            delimiter: b',',
            quoting: Quoting::Needed,
            line_ending: "\n",
            join: ",".into(),
            bom: false,
            above: Vec::new(),
            header: true,
        }
    }
}

pub struct DelimitedEncoder {
    dialect: Dialect,
    columns: Vec<String>,
    /// The values of the row as they came, one after the other.
    row: String,
    /// Where in `row` the cell of each column is.
    cells: Vec<Option<(usize, usize)>>,
}

impl DelimitedEncoder {
    /// `columns` are the names in the header; a slot is a column's index. They are never put in quotes unless they must
    /// be: Google does not recognize quoted names.
    pub fn new(dialect: Dialect, columns: Vec<String>) -> Self {
        DelimitedEncoder { cells: vec![None; columns.len()], columns, dialect, row: String::new() }
    }

    fn push_row<'a>(&self, cells: impl Iterator<Item = &'a str>, quoting: Quoting, out: &mut Vec<u8>) {
        for (at, cell) in cells.enumerate() {
            if at > 0 {
                out.push(self.dialect.delimiter);
            }
            csv_field(cell, self.dialect.delimiter, quoting, out);
        }
        out.extend_from_slice(self.dialect.line_ending.as_bytes());
    }
}

impl Encoder for DelimitedEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.dialect.bom {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        for line in &self.dialect.above {
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(self.dialect.line_ending.as_bytes());
        }
        if !self.dialect.header {
            return;
        }
        let quoting = if self.dialect.quoting == Quoting::Always { Quoting::Needed } else { self.dialect.quoting };
        self.push_row(self.columns.iter().map(String::as_str), quoting, out);
    }

    fn begin_offer(&mut self, _: &mut Vec<u8>) {
        self.row.clear();
        self.cells.fill(None);
    }

    fn field(&mut self, slot: usize, value: &str, _: &mut Vec<u8>) {
        self.add(slot, value, None);
    }

    fn joined(&mut self, slot: usize, value: &str, joint: &str, _: &mut Vec<u8>) {
        self.add(slot, value, Some(joint));
    }

    fn begin_group(&mut self, _: usize, _: &mut Vec<u8>) {}

    fn end_group(&mut self, _: &mut Vec<u8>) {}

    fn end_offer(&mut self, out: &mut Vec<u8>) {
        let cells = self.cells.iter().map(|cell| cell.map_or("", |(start, end)| &self.row[start..end]));
        self.push_row(cells, self.dialect.quoting, out);
    }

    fn finish(&mut self, _: &mut Vec<u8>) {}
}

impl DelimitedEncoder {
    /// A second value of a column goes behind the first, after `joint` or the dialect's own.
    fn add(&mut self, slot: usize, value: &str, joint: Option<&str>) {
        let Some(cell) = self.cells.get_mut(slot) else {
            debug_assert!(false, "column {slot} was not declared");
            return;
        };
        let start = match *cell {
            // The values of one column usually follow one another; else the cell moves to the end.
            Some((start, end)) => {
                let start = if end == self.row.len() {
                    start
                } else {
                    self.row.extend_from_within(start..end);
                    self.row.len() - (end - start)
                };
                self.row.push_str(joint.unwrap_or(&self.dialect.join));
                start
            }
            None => self.row.len(),
        };
        self.row.push_str(value);
        *cell = Some((start, self.row.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::write::FeedWriter;

    #[test]
    fn rows_in_column_order_whatever_the_order_of_fields() {
        let columns = ["id", "image", "shipping(country:price)"].map(String::from).to_vec();
        for (dialect, expected) in [
            (
                Dialect { delimiter: b'\t', ..Dialect::default() },
                "id\timage\tshipping(country:price)\nA\t1,2\tDE:1 EUR\n\t\t\"a\tb\"\n",
            ),
            (
                Dialect { line_ending: "\r\n", quoting: Quoting::Always, ..Dialect::default() },
                "id,image,shipping(country:price)\r\n\"A\",\"1,2\",\"DE:1 EUR\"\r\n\"\",\"\",\"a\tb\"\r\n",
            ),
        ] {
            let mut feed = FeedWriter::begin(DelimitedEncoder::new(dialect, columns.clone()), Vec::new());
            feed.begin_offer();
            feed.field(1, "1");
            feed.field(0, "A");
            feed.field(1, "2");
            feed.field(2, "DE:1 EUR");
            feed.end_offer().unwrap();
            feed.begin_offer();
            feed.field(2, "a\tb");
            feed.end_offer().unwrap();
            assert_eq!(String::from_utf8(feed.finish().unwrap().remove(0)).unwrap(), expected);
        }
    }
}
