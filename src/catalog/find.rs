//! What a change may ask while it goes: which variant, which location, and what lies near a name nobody knows.
use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::fault::fault;
use super::open::Change;
use super::product::ProductId;
use crate::diagnostic::Result;
use crate::value::closest::closest;
use crate::value::text::{cut_chars, fold_key};

/// SKUs looked at to find what was meant.
const NEAR_MAX: usize = 500;
/// A typing error is rarely among the first characters, and they make the search an index lookup.
const NEAR_PREFIX_CHARS: usize = 2;

/// A variant the catalog has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownItem {
    pub id: i64,
    pub product: ProductId,
    /// It, or its product, is archived.
    pub archived: bool,
}

/// A location the catalog has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLocation {
    pub id: i64,
    pub code: String,
    pub name: String,
}

fn known(row: &Row<'_>) -> rusqlite::Result<KnownItem> {
    Ok(KnownItem { id: row.get(0)?, product: ProductId(row.get(1)?), archived: row.get(2)? })
}

impl Change<'_> {
    pub fn find_item(&self, sku: &str) -> Result<Option<KnownItem>> {
        let sql = "SELECT v.id, v.product_id, v.status = 'archived' OR p.status = 'archived'
                   FROM variant v JOIN product p ON p.id = v.product_id WHERE v.sku = ?1";
        let mut find = self.tx.prepare_cached(sql).map_err(fault)?;
        find.query_row([sku], known).optional().map_err(fault)
    }

    /// The variant of an item group that has these choices, for sources that name variants without a SKU.
    pub fn find_item_by_choices(&self, item_group_id: &str, choices: &[String]) -> Result<Option<KnownItem>> {
        let sql = "SELECT v.id, v.product_id, v.status = 'archived' OR p.status = 'archived', v.options
                   FROM product p JOIN variant v ON v.id BETWEEN p.id * 65536 AND p.id * 65536 + 65535
                   WHERE p.item_group_id = ?1";
        let mut find = self.tx.prepare_cached(sql).map_err(fault)?;
        let mut rows = find.query([item_group_id]).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            let options: String = row.get(3).map_err(fault)?;
            let options: Map<String, Value> = serde_json::from_str(&options).unwrap_or_default();
            if options.values().filter_map(Value::as_str).eq(choices.iter().map(String::as_str)) {
                return known(row).map(Some).map_err(fault);
            }
        }
        Ok(None)
    }

    /// A SKU of the catalog that may have been meant by one it does not have.
    pub fn nearest_sku(&self, sku: &str) -> Result<Option<String>> {
        let key = fold_key(sku);
        let from = cut_chars(&key, NEAR_PREFIX_CHARS);
        let sql = "SELECT sku FROM variant WHERE sku_key = ?1 UNION ALL
                   SELECT sku FROM (SELECT sku FROM variant WHERE sku_key BETWEEN ?2 AND ?2 || char(1114111) LIMIT ?3)";
        let mut near = self.tx.prepare_cached(sql).map_err(fault)?;
        let rows = near.query_map(params![key, from, NEAR_MAX as i64], |r| r.get::<_, String>(0)).map_err(fault)?;
        let candidates = rows.collect::<Result<Vec<_>, _>>().map_err(fault)?;
        Ok(closest(sku, candidates.iter().map(String::as_str)).map(str::to_owned))
    }

    /// Another SKU that has the GTIN.
    pub fn other_sku_of_gtin(&self, gtin: &str, sku: &str) -> Result<Option<String>> {
        let sql = "SELECT sku FROM variant WHERE gtin = ?1 AND sku <> ?2 LIMIT 1";
        let mut find = self.tx.prepare_cached(sql).map_err(fault)?;
        find.query_row([gtin, sku], |r| r.get(0)).optional().map_err(fault)
    }

    /// The merchant's key of a product.
    pub fn item_group_of(&self, product: ProductId) -> Result<String> {
        let sql = "SELECT item_group_id FROM product WHERE id = ?1";
        self.tx.query_row(sql, [product.0], |r| r.get(0)).map_err(fault)
    }

    pub fn has_items(&self) -> Result<bool> {
        self.tx.query_row("SELECT EXISTS (SELECT 1 FROM variant)", [], |r| r.get(0)).map_err(fault)
    }

    pub fn locations(&self) -> Result<Vec<KnownLocation>> {
        let mut all = self.tx.prepare_cached("SELECT id, code, name FROM location ORDER BY id").map_err(fault)?;
        let rows = all.query_map([], |r| Ok(KnownLocation { id: r.get(0)?, code: r.get(1)?, name: r.get(2)? }));
        rows.and_then(Iterator::collect).map_err(fault)
    }

    /// A cause that cannot have happened yet: this run's next one of its kind, `import 12/1 stock.csv`.
    pub fn fresh_cause(&self, kind: &str, what: &str) -> Result<String> {
        let count: i64 = self
            .tx
            .query_row("SELECT count(*) FROM cause WHERE run_id = ?1", [self.run_id], |r| r.get(0))
            .map_err(fault)?;
        Ok(format!("{kind} {}/{} {what}", self.run_id, count + 1))
    }
}
