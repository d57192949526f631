//! Short words for running cached statements with our errors, and for reading columns that hold one word of a list.
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::fault::fault;
use crate::diagnostic::Result;

pub(super) fn run(conn: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    conn.prepare_cached(sql).and_then(|mut s| s.execute(params)).map_err(fault)
}

pub(super) fn one<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>> {
    conn.prepare_cached(sql).and_then(|mut s| s.query_row(params, read).optional()).map_err(fault)
}

pub(super) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    conn.prepare_cached(sql).and_then(|mut s| s.query_map(params, read)?.collect()).map_err(fault)
}

/// A text column whose words are those `parse` knows.
pub(super) fn word<T>(row: &Row<'_>, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text).ok_or_else(|| unreadable(column, &text))
}

/// The same, where the column may be empty.
pub(super) fn word_or_null<T>(
    row: &Row<'_>,
    column: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| parse(&text).ok_or_else(|| unreadable(column, &text))).transpose()
}

/// Anything that parses from text: a moment, a currency, JSON.
pub(super) fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    word(row, column, |text| text.parse().ok())
}

fn unreadable(column: &str, text: &str) -> rusqlite::Error {
    let cut: String = text.chars().take(40).collect();
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, format!("column {column} holds `{cut}`").into())
}
