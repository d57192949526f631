//! A connection that can run a stranger's SELECT: it reads what templates may read and nothing else.
//!
//! Read-only alone is not enough: ATTACH makes files and VACUUM INTO copies the catalog out on a read-only
//! connection. The authorizer's allow-list is what stops them.
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{Value, ValueRef};

use super::selection::LISTS;
use super::stock::Channel;
use crate::catalog::{Catalog, OFFERING_FUNCTIONS, fault};
use crate::diagnostic::{Error, Place, Result};

/// Tables and views a template may read. Orders, buyers and the outbox are not among them.
const TABLES: &[&str] = &[
    "item",
    "item_stock",
    "item_price",
    "item_review",
    "product",
    "variant",
    "category",
    "location",
    "stock",
    "price_list",
    "price",
    "review",
    "override",
    "item_override",
    "listing",
    "json_each",
    "json_tree",
];

const FUNCTIONS: &[&str] = &[
    "abs",
    "avg",
    "cast",
    "ceil",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "floor",
    "format",
    "glob",
    "greatest",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_each",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_set",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "least",
    "length",
    "like",
    "lower",
    "ltrim",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "printf",
    "quote",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "time",
    "total",
    "trim",
    "typeof",
    "unicode",
    "unixepoch",
    "upper",
    "->",
    "->>",
];

/// A template that makes no row for this long is stuck (a cross join, as a rule).
const STUCK: Duration = Duration::from_secs(30);
/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 4_000_000;
/// Longest text or blob a template may make.
const LENGTH_MAX: i32 = 16 * 1024 * 1024;

/// The guarded connection, and a count of rows that tells a slow template from a stuck one.
pub struct Guarded {
    pub conn: Connection,
    pub rows: Arc<AtomicU64>,
}

impl Guarded {
    /// Opens the catalog for the SQL of `channel`, which sees stock and prices as the shop wants it to; `maps/*.csv` of
    /// the shop in `shop` become tables `map_<name>`.
    pub fn open(catalog: &Catalog, shop: Option<&Path>, channel: &Channel) -> Result<Guarded> {
        let mut conn = catalog.read()?.into_connection();
        for name in map_names(shop, &channel.sql_texts()) {
            load_map(&conn, shop, &name)?;
        }
        channel.load_lists(&conn, shop)?;
        channel.offering().cover(&conn)?;
        // Two engines call it `greatest` and SQLite `max`: with the standard name a template runs on all of them.
        for (name, wanted) in [("greatest", std::cmp::Ordering::Greater), ("least", std::cmp::Ordering::Less)] {
            let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
            conn.create_scalar_function(name, -1, flags, move |ctx| {
                let mut best = Value::Null;
                for i in 0..ctx.len() {
                    let value = ctx.get_raw(i);
                    if value != ValueRef::Null && (best == Value::Null || compare(value, (&best).into()) == wanted) {
                        best = value.try_into()?;
                    }
                }
                Ok(best)
            })
            .map_err(fault)?;
        }
        for (config, on) in [
            (DbConfig::SQLITE_DBCONFIG_DQS_DML, false), // "titel" in double quotes would be the text titel
            (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        ] {
            conn.set_db_config(config, on).map_err(fault)?;
        }
        for (limit, value) in [
            (Limit::SQLITE_LIMIT_LENGTH, LENGTH_MAX),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 200_000),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 20),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
        ] {
            conn.set_limit(limit, value).map_err(fault)?;
        }
        // A feed is one pass over the catalog: little is read twice, so a small cache keeps memory flat.
        conn.execute_batch("PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA cache_size = -4096;")
            .map_err(fault)?;
        conn.authorizer(Some(allow)).map_err(fault)?;
        let rows = Arc::new(AtomicU64::new(0));
        watch(&mut conn, Arc::clone(&rows))?;
        Ok(Guarded { conn, rows })
    }
}

fn watch(conn: &mut Connection, rows: Arc<AtomicU64>) -> Result<()> {
    let mut seen = (u64::MAX, Instant::now());
    let stop = move || {
        let now = rows.load(Ordering::Relaxed);
        if now != seen.0 {
            seen = (now, Instant::now());
        }
        seen.1.elapsed() > STUCK
    };
    conn.progress_handler(STEPS, Some(stop)).map_err(fault)
}

fn allow(context: AuthContext<'_>) -> Authorization {
    let allowed = match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Read { table_name, .. } => {
            TABLES.contains(&table_name)
                || LISTS.contains(&table_name)
                || table_name.starts_with("map_")
                || context.accessor.is_some_and(|view| TABLES.contains(&view))
        }
        AuthAction::Function { function_name } => {
            FUNCTIONS.iter().chain(&OFFERING_FUNCTIONS).any(|f| f.eq_ignore_ascii_case(function_name))
        }
        AuthAction::Transaction { .. } => true,
        _ => false,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}

/// SQLite's order of values: numbers before text before blobs.
fn compare(a: ValueRef<'_>, b: ValueRef<'_>) -> std::cmp::Ordering {
    use ValueRef::{Blob, Integer, Null, Real, Text};
    let class = |v: &ValueRef<'_>| match v {
        Null => 0,
        Integer(_) | Real(_) => 1,
        Text(_) => 2,
        Blob(_) => 3,
    };
    match (a, b) {
        (Integer(x), Integer(y)) => x.cmp(&y),
        (Integer(x), Real(y)) => (x as f64).total_cmp(&y),
        (Real(x), Integer(y)) => x.total_cmp(&(y as f64)),
        (Real(x), Real(y)) => x.total_cmp(&y),
        (Text(x), Text(y)) | (Blob(x), Blob(y)) => x.cmp(y),
        _ => class(&a).cmp(&class(&b)),
    }
}

/// Maps of the shop that the SQL mentions.
fn map_names(shop: Option<&Path>, sql_texts: &[&str]) -> Vec<String> {
    let files = shop.and_then(|shop| std::fs::read_dir(shop.join("maps")).ok());
    let mut names: Vec<String> = files
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "csv"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        .filter(|name| sql_texts.iter().any(|sql| sql.contains(&format!("map_{name}"))))
        .collect();
    names.sort();
    names
}

/// `maps/colors.csv` with the header `ours,theirs` becomes the table `map_colors (ours, theirs)`.
fn load_map(conn: &Connection, shop: Option<&Path>, name: &str) -> Result<()> {
    let Some(path) = shop.map(|shop| shop.join("maps").join(format!("{name}.csv"))) else { return Ok(()) };
    let wrong = |e: csv::Error| {
        let line = e.position().map(csv::Position::line);
        let place = Place::file(path.display().to_string());
        Error::usage("map/unreadable", format!("maps/{name}.csv cannot be read: {e}"))
            .at(line.map_or(place.clone(), |l| place.line(l)))
            .help("a map is a UTF-8 CSV with a header line; its first column is what is looked up")
    };
    let mut table = csv::Reader::from_path(&path).map_err(wrong)?;
    let columns: Vec<String> =
        table.headers().map_err(wrong)?.iter().map(|h| format!("\"{}\"", h.trim().replace('"', "\"\""))).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let first = columns.first().cloned().unwrap_or_default();
    conn.execute_batch(&format!(
        "CREATE TEMP TABLE map_{name} ({}); CREATE INDEX temp.map_{name}_key ON map_{name} ({first});",
        columns.join(", ")
    ))
    .map_err(fault)?;
    let mut insert = conn.prepare(&format!("INSERT INTO map_{name} VALUES ({marks})")).map_err(fault)?;
    for record in table.records() {
        insert.execute(rusqlite::params_from_iter(record.map_err(wrong)?.iter())).map_err(fault)?;
    }
    Ok(())
}
