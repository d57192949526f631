//! What a change may ask while it goes: which variant, which location, and what lies near a name nobody knows.
use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::fault::fault;
use super::matching::nearest_skus;
use super::open::Change;
use super::product::ProductId;
use super::ship::parcels_of;
use super::sql::all;
use crate::diagnostic::Result;
use crate::order::Parcel;

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
    pub fulfills_online: bool,
}

/// An order the catalog has, as far as a parcel needs to know it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundOrder {
    pub channel: String,
    pub order_id: String,
    /// UTC text.
    pub placed_at: String,
    pub lines: Vec<FoundLine>,
    /// Those that were booked.
    pub parcels: Vec<Parcel>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLine {
    pub line_id: String,
    pub sku: Option<String>,
    /// Units that neither left nor were canceled.
    pub open: i64,
}

fn known(row: &Row<'_>) -> rusqlite::Result<KnownItem> {
    Ok(KnownItem { id: row.get(0)?, product: ProductId(row.get(1)?), archived: row.get(2)? })
}

impl Change<'_> {
    pub fn find_item(&self, sku: &str) -> Result<Option<KnownItem>> {
        self.need_indexes()?;
        let sql = "SELECT v.id, v.product_id, v.status = 'archived' OR p.status = 'archived'
                   FROM variant v JOIN product p ON p.id = v.product_id WHERE v.sku = ?1";
        let mut find = self.tx.prepare_cached(sql).map_err(fault)?;
        find.query_row([sku], known).optional().map_err(fault)
    }

    /// The variants of a product by their SKUs: one pass over what lies together, instead of a search for each.
    pub fn items_of(&self, product: ProductId) -> Result<HashMap<String, KnownItem, RandomState>> {
        let sql = "SELECT v.id, v.product_id, v.status = 'archived' OR p.status = 'archived', v.sku
                   FROM product p JOIN variant v ON v.id BETWEEN p.id * 65536 AND p.id * 65536 + 65535
                   WHERE p.id = ?1";
        let mut items = self.tx.prepare_cached(sql).map_err(fault)?;
        let items = items.query_map([product.0], |row| Ok((row.get(3)?, known(row)?)));
        items.and_then(Iterator::collect).map_err(fault)
    }

    /// The variant of an item group that has these choices, for sources that name variants without a SKU.
    pub fn find_item_by_choices(&self, item_group_id: &str, choices: &[String]) -> Result<Option<KnownItem>> {
        self.need_indexes()?;
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
        self.need_indexes()?;
        Ok(nearest_skus(&self.tx, sku)?.into_iter().next())
    }

    /// The order people mean by an id, which may be written `channel:id`; two channels may have the same id.
    pub fn find_orders(&self, channel: Option<&str>, id: &str) -> Result<Vec<FoundOrder>> {
        let (prefix, rest) = id.split_once(':').unwrap_or(("", id));
        // channels first, one seek each, so that every look-up is by the key (channel, id)
        let sql = "WITH RECURSIVE known (channel) AS (
                     SELECT min(channel) FROM orders UNION ALL
                     SELECT (SELECT min(o.channel) FROM orders o WHERE o.channel > known.channel) FROM known
                     WHERE known.channel IS NOT NULL)
                   SELECT o.id, o.channel, o.channel_order_id, o.placed_at
                   FROM known JOIN orders o ON o.channel = known.channel AND o.channel_order_id IN (?1, ?2)
                   WHERE o.channel = ifnull(?3, o.channel) AND (o.channel_order_id = ?1 OR o.channel = ?4)";
        let heads: Vec<(i64, String, String, String)> = all(&self.tx, sql, params![id, rest, channel, prefix], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
        })?;
        heads
            .into_iter()
            .map(|(id, channel, order_id, placed_at)| self.found_order(id, channel, order_id, placed_at))
            .collect()
    }

    fn found_order(&self, id: i64, channel: String, order_id: String, placed_at: String) -> Result<FoundOrder> {
        let sql = "SELECT l.channel_line_id, coalesce(v.sku, l.channel_sku), l.quantity - l.canceled - l.shipped
                   FROM line_item l LEFT JOIN variant v ON v.id = l.variant_id WHERE l.order_id = ?1 ORDER BY l.id";
        let lines =
            all(&self.tx, sql, [id], |r| Ok(FoundLine { line_id: r.get(0)?, sku: r.get(1)?, open: r.get(2)? }))?;
        let parcels = parcels_of(&self.tx, id, &order_id)?;
        Ok(FoundOrder { channel, order_id, placed_at, lines, parcels })
    }

    /// Another SKU that has the GTIN, among the variants of a product.
    pub fn other_sku_of_gtin(&self, product: ProductId, gtin: &str, sku: &str) -> Result<Option<String>> {
        // by the ids, which need no index
        let sql = "SELECT sku FROM variant
                   WHERE id BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535 AND +gtin = ?2 AND +sku <> ?3 LIMIT 1";
        let mut find = self.tx.prepare_cached(sql).map_err(fault)?;
        find.query_row(params![product.0, gtin, sku], |r| r.get(0)).optional().map_err(fault)
    }

    /// The merchant's key of a product.
    pub fn item_group_of(&self, product: ProductId) -> Result<String> {
        let sql = "SELECT item_group_id FROM product WHERE id = ?1";
        self.tx.query_row(sql, [product.0], |r| r.get(0)).map_err(fault)
    }

    pub fn has_product(&self, product: ProductId) -> Result<bool> {
        let mut find = self.tx.prepare_cached("SELECT 1 FROM product WHERE id = ?1").map_err(fault)?;
        find.exists([product.0]).map_err(fault)
    }

    pub fn locations(&self) -> Result<Vec<KnownLocation>> {
        let mut all = self
            .tx
            .prepare_cached("SELECT id, code, name, fulfills_online = 1 AND active = 1 FROM location ORDER BY id")
            .map_err(fault)?;
        let rows = all.query_map([], |r| {
            Ok(KnownLocation { id: r.get(0)?, code: r.get(1)?, name: r.get(2)?, fulfills_online: r.get(3)? })
        });
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
