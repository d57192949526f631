//! Single fields of what the catalog has, filled from a second source by SKU; and which source owns a field.
use rusqlite::types::ToSqlOutput;
use rusqlite::{ToSql, params};
use serde_json::{Map, Value};

use super::find::KnownItem;
use super::open::Change;
use super::product::{Carried, ProductField, Put, VariantField};
use super::sql;
use crate::diagnostic::Result;

/// A column that a second source may fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fillable {
    Product(ProductField),
    Variant(VariantField),
    /// Units never offered, at each location.
    Safety,
}

/// What a column is filled with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Filling {
    Number(i64),
    Text(String),
}

impl ToSql for Filling {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Filling::Number(number) => number.to_sql(),
            Filling::Text(text) => text.to_sql(),
        }
    }
}

/// A column by the name people know: without its unit, or what it refers by.
fn bare(column: &'static str) -> &'static str {
    ["_minor", "_g", "_id"].into_iter().find_map(|end| column.strip_suffix(end)).unwrap_or(column)
}

impl Fillable {
    /// `cost` for `cost_minor`.
    pub fn name(self) -> &'static str {
        match self {
            Fillable::Product(field) => bare(field.column()),
            Fillable::Variant(field) => bare(field.column()),
            Fillable::Safety => "safety_stock",
        }
    }

    /// Names of all fields that a source may own.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let product = ProductField::ALL.iter().map(|field| bare(field.column()));
        product.chain(VariantField::ALL.iter().map(|field| bare(field.column()))).chain(["safety_stock"])
    }
}

impl Carried {
    /// Without the fields that `owned` says belong to another source.
    pub fn without(&self, mut owned: impl FnMut(&'static str) -> bool) -> Carried {
        let product = self.product.iter().copied().filter(|field| !owned(bare(field.column()))).collect();
        let variant = self.variant.iter().copied().filter(|field| !owned(bare(field.column()))).collect();
        Carried { product, variant }
    }
}

impl Change<'_> {
    /// Fills one column of an item, or of its product.
    pub fn fill(&self, item: &KnownItem, field: Fillable, filling: &Filling) -> Result<Put> {
        let (table, column, id) = match field {
            Fillable::Product(field) => ("product", field.column(), item.product.0),
            Fillable::Variant(field) => ("variant", field.column(), item.id),
            Fillable::Safety => ("variant", "safety", item.id),
        };
        let update = format!("UPDATE {table} SET {column} = ?2, revision = ?3 WHERE id = ?1 AND {column} IS NOT ?2");
        if sql::run(&self.tx, &update, params![id, filling, self.peek_revision()?])? == 0 {
            return Ok(Put::Same);
        }
        let revision = self.revision()?;
        if field == Fillable::Safety {
            let update = "UPDATE stock SET available = max(0, on_hand - reserved - allocated - ?2), revision = ?3
                          WHERE variant_id = ?1";
            sql::run(&self.tx, update, params![item.id, filling, revision])?;
            self.unsettle(item.id);
        }
        Ok(Put::Changed)
    }

    /// Fills attributes of an item that have no column of their own.
    pub fn fill_attributes(&self, item: &KnownItem, filled: &[(&str, &str)]) -> Result<Put> {
        let read = "SELECT attributes FROM variant WHERE id = ?1";
        let text: Option<String> = sql::one(&self.tx, read, [item.id], |row| row.get(0))?;
        let before: Map<String, Value> = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let mut after = before.clone();
        after.extend(filled.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
        if after == before {
            return Ok(Put::Same);
        }
        let update = "UPDATE variant SET attributes = ?2, revision = ?3 WHERE id = ?1";
        sql::run(&self.tx, update, params![item.id, Value::from(after).to_string(), self.revision()?])?;
        Ok(Put::Changed)
    }
}
