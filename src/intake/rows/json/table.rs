//! JSON objects as the records of a table: keys are columns, in the order in which the file first has them.
//!
//! Not every object has every key, so the file is read to its end for its columns first, from a temporary file.
use super::cells::{Cell, Origin};
use super::records::JsonRecords;
use super::rows::JsonRows;
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::intake::bytes::archive;
use crate::intake::bytes::encoding::{Encoding, Spot};
use crate::intake::bytes::source::Source;
use crate::intake::formats::shopify_json::Rows;
use crate::intake::rows::delimited::COLUMNS_MAX;
use crate::intake::rows::table::{Cells, Column};
use indexmap::IndexMap;
use std::collections::VecDeque;
use std::io::{Seek, SeekFrom};
use std::sync::Arc;

/// First records that are kept to be looked at by themselves.
const FIRST_BYTES: usize = 64 * 1024;

pub(in crate::intake) struct JsonTable {
    records: JsonRecords,
    rows: JsonRows,
    pub columns: Vec<Column>,
    by_name: IndexMap<String, usize>,
    ready: VecDeque<Rows>,
    first: Vec<u8>,
    /// The current record: its cells by column, one after the other, and where each ends.
    row: Vec<Option<Cell>>,
    text: String,
    ends: Vec<usize>,
    number: u64,
}

impl JsonTable {
    pub fn open(source: Source, encoding: Option<&str>) -> Result<JsonTable> {
        let name = source.name().to_owned();
        let mut spooled = archive::spool(&name, source.into_reader())?;
        let again = |e| Error::io("read again", &std::env::temp_dir(), e);
        let copy = spooled.try_clone().map_err(again)?;
        let mut table = JsonTable::of(JsonRecords::open(Source::read(&name, copy)?, encoding)?);
        table.find_columns()?;
        spooled.seek(SeekFrom::Start(0)).map_err(again)?;
        let records = JsonRecords::open(Source::read(&name, spooled)?, encoding)?;
        let JsonTable { columns, by_name, first, .. } = table;
        Ok(JsonTable { columns, by_name, first, ..JsonTable::of(records) })
    }

    fn of(records: JsonRecords) -> JsonTable {
        JsonTable {
            records,
            rows: JsonRows::default(),
            columns: Vec::new(),
            by_name: IndexMap::new(),
            ready: VecDeque::new(),
            first: Vec::new(),
            row: Vec::new(),
            text: String::new(),
            ends: Vec::new(),
            number: 0,
        }
    }

    /// What is wrong with a record is told when it is read again, if there is any that is right.
    fn find_columns(&mut self) -> Result<()> {
        let mut wrong = None;
        while let Some(row) = self.next_row()? {
            let row = row.unwrap_or_else(|refusal| {
                wrong.get_or_insert(refusal);
                Vec::new()
            });
            for cell in row {
                if self.by_name.contains_key(&*cell.column) {
                    continue;
                }
                if self.columns.len() == COLUMNS_MAX {
                    let message = format!("more than {COLUMNS_MAX} columns, which is the limit");
                    let place = Place::file(self.file()).record(cell.origin.number).line(cell.origin.start.line);
                    let place = place.attribute(&cell.path);
                    let help = "keys are columns here: put what is a list by key into a list of objects";
                    return Err(Error::input("table/too-many-columns", message).at(place).help(help));
                }
                self.columns.push(Column::new(&cell.column));
                self.by_name.insert(cell.column.into_owned(), self.by_name.len());
            }
        }
        if self.columns.is_empty() {
            let (message, place) = match wrong {
                Some(refusal) => (refusal.message, refusal.place),
                None => ("there is no object in it that holds anything".to_owned(), Place::file(self.file())),
            };
            let help = "records are objects whose keys are columns: {\"sku\": \"…\", …}; export it again";
            return Err(Error::input("table/no-records", message).at(place).help(help));
        }
        Ok(())
    }

    /// The next row, or why there is none where one is due; `None` at the end.
    fn next_row(&mut self) -> Result<Option<Result<Vec<Cell>, Diagnostic>>> {
        loop {
            while let Some(rows) = self.ready.front_mut() {
                if let Some(row) = rows.next() {
                    return Ok(Some(Ok(row)));
                }
                self.ready.pop_front();
            }
            match self.records.read()? {
                None => {
                    self.ready.extend(self.rows.finish());
                    if self.ready.is_empty() {
                        return Ok(None);
                    }
                }
                Some(Err(refusal)) => return Ok(Some(Err(*refusal))),
                Some(Ok(record)) => {
                    if self.first.len() < FIRST_BYTES {
                        self.first.extend_from_slice(record.value.to_string().as_bytes());
                        self.first.push(b'\n');
                    }
                    let file = self.records.file().to_owned();
                    match self.rows.take(record, &file) {
                        Ok(rows) => self.ready.extend(rows),
                        Err(refusal) => return Ok(Some(Err(*refusal))),
                    }
                }
            }
        }
    }

    /// Moves on to the next record; `None` at the end.
    pub fn advance(&mut self) -> Result<Option<Result<(), Diagnostic>>> {
        let Some(row) = self.next_row()? else { return Ok(None) };
        self.number += 1;
        let cells = match row {
            Ok(cells) => cells,
            Err(wrong) => return Ok(Some(Err(wrong))),
        };
        self.row.clear();
        self.row.resize_with(self.columns.len(), || None);
        for cell in cells {
            if let Some(room) = self.by_name.get(&*cell.column).and_then(|at| self.row.get_mut(*at)) {
                *room = Some(cell);
            }
        }
        self.text.clear();
        self.ends.clear();
        for cell in &self.row {
            self.text.push_str(cell.as_ref().map_or("", |cell| &cell.text));
            self.ends.push(self.text.len());
        }
        Ok(Some(Ok(())))
    }

    pub fn cells(&self) -> Cells<'_> {
        let line = self.origin().map_or(1, |origin| origin.start.line);
        Cells { text: &self.text, ends: &self.ends, number: self.number, line }
    }

    /// The object the record was made of: of what is told of several, the last.
    fn origin(&self) -> Option<&Arc<Origin>> {
        self.row.iter().flatten().map(|cell| &cell.origin).max_by_key(|origin| origin.number)
    }

    pub fn record_place(&self) -> Place {
        let place = Place::file(self.file()).record(self.number);
        self.origin().map_or(place.clone(), |origin| place.line(origin.start.line))
    }

    pub fn cell_place(&self, column: usize) -> Place {
        match self.row.get(column) {
            Some(Some(cell)) => {
                let Spot { line, column, .. } = cell.spot();
                self.record_place().line(line).column(column).attribute(&cell.path)
            }
            _ => match self.columns.get(column) {
                Some(named) => self.record_place().attribute(&named.name),
                None => self.record_place(),
            },
        }
    }

    pub fn file(&self) -> &str {
        self.records.file()
    }

    pub fn encoding(&self) -> Encoding {
        self.records.encoding()
    }

    pub fn bytes_read(&self) -> u64 {
        self.records.bytes_read()
    }

    /// One object a line.
    pub fn first_records(&self) -> &[u8] {
        &self.first
    }
}
