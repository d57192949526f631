//! A merchant's records as rows of named columns, of which every cell knows its place, whether they were written as CSV,
//! as JSON, or as the posts of WordPress.
use super::delimited::Delimited;
pub use super::dialect::Options;
use super::json::records::is_json;
use super::json::table::JsonTable;
use crate::diagnostic::{Diagnostic, Place, Result};
use crate::intake::bytes::encoding::Encoding;
use crate::intake::bytes::source::Source;
use crate::intake::formats::wordpress::{self, WordPress};
use crate::value::text::trim;
use std::borrow::Cow;
use xxhash_rust::xxh3::xxh3_64;

/// One named column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// As the file writes it, without outer spaces; empty when the file gives no name.
    pub name: String,
    pub(in crate::intake) folded: String,
}

impl Column {
    pub(in crate::intake) fn new(name: &str) -> Column {
        Column { name: bare(name).into_owned(), folded: fold(name) }
    }
}

/// A column name as it is compared: without outer spaces, byte order marks and regard to case.
pub fn fold(name: &str) -> String {
    bare(name).to_lowercase()
}

/// Without outer spaces; what is white space inside, a line end or a space that does not break, is one space.
pub(in crate::intake) fn bare(name: &str) -> Cow<'_, str> {
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    match name.contains(|c: char| c != ' ' && c.is_whitespace()) {
        true => Cow::Owned(name.split_whitespace().collect::<Vec<_>>().join(" ")),
        false => Cow::Borrowed(name),
    }
}

pub struct Table {
    rows: Rows,
}

enum Rows {
    Delimited(Box<Delimited>),
    Json(Box<JsonTable>),
    Posts(Box<WordPress>),
}

/// The cells of a record, one after the other, and where each ends.
pub(in crate::intake) struct Cells<'a> {
    pub text: &'a str,
    pub ends: &'a [usize],
    pub number: u64,
    pub line: u64,
}

/// One record, borrowed from its table until the next is read.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    rows: &'a Rows,
    cells: &'a str,
    ends: &'a [usize],
    /// In CSV the header is record 1.
    pub number: u64,
    /// The physical line it starts on, from 1.
    pub line: u64,
}

impl<'a> Record<'a> {
    /// The cell of a column, unquoted and otherwise as written; empty when the record has no such cell.
    pub fn get(&self, column: usize) -> &'a str {
        let Some(end) = self.ends.get(column) else { return "" };
        let start = column.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.cells.get(start..*end).unwrap_or_default()
    }

    /// The cell of a column the table may lack, without outer white space, nor the `="…"` by which exports keep
    /// spreadsheets from taking a text for a number.
    pub fn text(&self, column: Option<usize>) -> &'a str {
        let text = column.map_or("", |column| trim(self.get(column)));
        let guarded = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
        guarded.filter(|inner| !inner.contains('"')).map_or(text, trim)
    }

    /// Equal for records with equal cells.
    pub fn digest(&self) -> u64 {
        self.ends.iter().fold(xxh3_64(self.cells.as_bytes()), |hash, end| hash.rotate_left(5) ^ (*end as u64))
    }

    /// Where the cell is: file, record, line, column, name of the column, value.
    pub fn place(&self, column: usize) -> Place {
        let place = match self.rows {
            Rows::Delimited(rows) => rows.cell_place(column),
            Rows::Json(rows) => rows.cell_place(column),
            Rows::Posts(rows) => rows.cell_place(column),
        };
        place.value(self.get(column))
    }

    /// Where the record is.
    pub fn whole(&self) -> Place {
        match self.rows {
            Rows::Delimited(rows) => rows.record_place(),
            Rows::Json(rows) => rows.record_place(),
            Rows::Posts(rows) => rows.record_place(),
        }
    }
}

impl Table {
    /// Opens CSV or TSV and reads its header; or WordPress's export; or JSON, of which every object is a record, and reads it to its end for the
    /// keys that are its columns.
    pub fn open(source: Source, options: &Options) -> Result<Table> {
        let rows = match source.head() {
            head if is_json(head) => Rows::Json(Box::new(JsonTable::open(source, options.encoding.as_deref())?)),
            head if wordpress::is_export(head) => Rows::Posts(Box::new(WordPress::open(source, options)?)),
            _ => Rows::Delimited(Box::new(Delimited::open(source, options)?)),
        };
        Ok(Table { rows })
    }

    /// The columns up to the last that has a name.
    pub fn header(&self) -> &[Column] {
        match &self.rows {
            Rows::Delimited(rows) => &rows.columns,
            Rows::Json(rows) => &rows.columns,
            Rows::Posts(rows) => &rows.columns,
        }
    }

    /// The column of that name, without regard to case and outer spaces.
    pub fn find(&self, name: &str) -> Option<usize> {
        let folded = fold(name);
        self.header().iter().position(|column| column.folded == folded)
    }

    /// Gives columns other names, as a mapping asks for.
    pub fn rename(&mut self, names: &[(usize, String)]) {
        let columns = match &mut self.rows {
            Rows::Delimited(rows) => &mut rows.columns,
            Rows::Json(rows) => &mut rows.columns,
            Rows::Posts(rows) => &mut rows.columns,
        };
        for (at, name) in names {
            if let Some(column) = columns.get_mut(*at) {
                *column = Column { name: name.clone(), folded: fold(name) };
            }
        }
    }

    pub fn file(&self) -> &str {
        match &self.rows {
            Rows::Delimited(rows) => rows.file(),
            Rows::Json(rows) => rows.file(),
            Rows::Posts(rows) => rows.file(),
        }
    }

    pub fn encoding(&self) -> Encoding {
        match &self.rows {
            Rows::Delimited(rows) => rows.encoding(),
            Rows::Json(rows) => rows.encoding(),
            Rows::Posts(rows) => rows.encoding(),
        }
    }

    /// Bytes of text read so far; for progress.
    pub fn bytes_read(&self) -> u64 {
        match &self.rows {
            Rows::Delimited(rows) => rows.bytes_read(),
            Rows::Json(rows) => rows.bytes_read(),
            Rows::Posts(rows) => rows.bytes_read(),
        }
    }

    /// What parts the cells; JSON and XML have none.
    pub fn delimiter(&self) -> Option<char> {
        match &self.rows {
            Rows::Delimited(rows) => Some(rows.delimiter()),
            Rows::Json(_) | Rows::Posts(_) => None,
        }
    }

    /// The first records as text that can be opened by itself; `None` where the head of the file will do.
    pub(in crate::intake) fn first_records(&self) -> Option<&[u8]> {
        match &self.rows {
            Rows::Delimited(_) => None,
            Rows::Json(rows) => Some(rows.first_records()),
            Rows::Posts(rows) => Some(rows.first_records()),
        }
    }

    /// The next record; `None` at the end. A record of the wrong shape is a [`Diagnostic`], and the next one follows.
    pub fn read(&mut self) -> Result<Option<Result<Record<'_>, Diagnostic>>> {
        let is_there = match &mut self.rows {
            Rows::Delimited(rows) => rows.advance_to_record()?,
            Rows::Json(rows) => rows.advance()?,
            Rows::Posts(rows) => rows.advance()?.then_some(Ok(())),
        };
        match is_there {
            None => return Ok(None),
            Some(Err(wrong)) => return Ok(Some(Err(wrong))),
            Some(Ok(())) => {}
        }
        let Cells { text, ends, number, line } = match &self.rows {
            Rows::Delimited(rows) => rows.cells()?,
            Rows::Json(rows) => rows.cells(),
            Rows::Posts(rows) => rows.cells(),
        };
        Ok(Some(Ok(Record { rows: &self.rows, cells: text, ends, number, line })))
    }

    /// What is worth knowing about the file as a whole; complete once [`Table::read`] gave `None`.
    pub fn findings(&self) -> Vec<Diagnostic> {
        match &self.rows {
            Rows::Delimited(rows) => rows.findings(),
            Rows::Json(_) => Vec::new(),
            Rows::Posts(rows) => rows.findings(),
        }
    }
}
