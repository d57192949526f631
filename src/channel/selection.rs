//! Which rows of a template become offers: the shop's `where`, and its lists of SKUs.
use std::path::Path;

use rusqlite::Connection;
use serde::Serialize;

use super::assemble::Assembled;
use super::guard::Guarded;
use super::stock::Channel;
use crate::catalog::fault;
use crate::diagnostic::{Error, Place, Result};

/// Temporary tables, each of one column `sku`, for `include`, `exclude` and [`Channel::part`].
pub(super) const LISTS: [&str; 3] = ["include_list", "exclude_list", "part_list"];

/// What becomes of the catalog's variants on the way to a channel, before it checks any. The last three are rows of the
/// template, and each row counts where it is stopped first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub variants: u64,
    /// Variants that are active, and their product too.
    pub items: u64,
    /// Items of which the template makes at least one row.
    pub skus: u64,
    pub rows: u64,
    pub left_out_by_where: u64,
    pub not_included: u64,
    pub excluded: u64,
}

impl Channel {
    /// Whether any row of the template may be left out by the shop.
    pub fn selects(&self) -> bool {
        let settings = &self.settings;
        settings.filter.is_some() || !settings.include.is_empty() || !settings.exclude.is_empty() || self.part.is_some()
    }

    /// This channel with every row of its template let through.
    pub fn unselective(&self) -> Channel {
        let mut channel = self.clone();
        channel.settings.filter = None;
        channel.settings.include.clear();
        channel.settings.exclude.clear();
        channel
    }

    /// Counts what is let through, of everything or of one SKU.
    pub fn count(&self, guarded: &Guarded, now: &str, sku: Option<&str>) -> Result<Counts> {
        let count = |sql: &str| guarded.conn.query_row(sql, [], |r| r.get(0)).map_err(fault);
        let assembled = Assembled::counts(self, sku.is_some());
        let explained = |error| self.explain(&assembled, error, guarded);
        let mut statement = guarded.conn.prepare(&assembled.sql).map_err(explained)?;
        for (name, value) in self.parameters(&assembled, &statement, now, sku)? {
            let index = statement.parameter_index(&name).map_err(fault)?;
            statement.raw_bind_parameter(index.unwrap_or_default(), value).map_err(fault)?;
        }
        let mut rows = statement.raw_query();
        let row = rows.next().map_err(explained)?.ok_or_else(|| Error::bug("a count without a row"))?;
        let at = |position: usize| row.get::<_, u64>(position).map_err(fault);
        Ok(Counts {
            variants: count("SELECT count(*) FROM variant")?,
            items: count("SELECT count(*) FROM main.item")?,
            rows: at(0)?,
            skus: at(1)?,
            left_out_by_where: at(2)?,
            not_included: at(3)?,
            excluded: at(4)?,
        })
    }

    /// Puts the lists of the shop into tables of `conn`.
    pub(super) fn load_lists(&self, conn: &Connection, shop: Option<&Path>) -> Result<()> {
        let lists = [("include", &self.settings.include), ("exclude", &self.settings.exclude)];
        let [include, exclude, part] = LISTS;
        let insert = |table: &str| {
            let sql = format!("CREATE TEMP TABLE {table} (sku TEXT PRIMARY KEY) WITHOUT ROWID");
            conn.execute_batch(&sql).map_err(fault)?;
            conn.prepare(&format!("INSERT OR IGNORE INTO {table} VALUES (?)")).map_err(fault)
        };
        if let Some(skus) = &self.part {
            let mut insert = insert(part)?;
            skus.iter().try_for_each(|sku| insert.execute([sku]).map(drop)).map_err(fault)?;
        }
        for (table, (key, entries)) in [include, exclude].into_iter().zip(lists) {
            if entries.is_empty() {
                continue;
            }
            let mut insert = insert(table)?;
            for entry in entries {
                match entry.strip_prefix('@') {
                    None => drop(insert.execute([entry]).map_err(fault)?),
                    Some(file) => {
                        let text = self.read_list(shop, key, file)?;
                        let skus = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
                        skus.into_iter().try_for_each(|sku| insert.execute([sku]).map(drop)).map_err(fault)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn read_list(&self, shop: Option<&Path>, key: &str, file: &str) -> Result<String> {
        let path = shop.unwrap_or(Path::new(".")).join(file);
        let text = std::fs::read_to_string(&path).map_err(|e| {
            Error::usage("channel/no-such-list", format!("the list {file} cannot be read: {e}"))
                .at(Place::file("purvey.toml").attribute(format!("channel.{}.{key}", self.name)))
                .help("a list is a UTF-8 text file of the shop's folder with one SKU a line")
        })?;
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }
}
