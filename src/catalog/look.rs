//! Looking into the catalog: what a person asks of it.
use rusqlite::types::ValueRef;
use serde::Serialize;
use serde_json::{Map, Value};

use super::fault::fault;
use super::open::Reader;
use super::stock::Location;
use crate::diagnostic::{Error, Place, Result};
use crate::value::closest::closest;
use crate::value::text::fold_key;

/// One row of the `item` view, column by column.
pub type ItemView = Map<String, Value>;

/// A view templates may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct View {
    pub name: &'static str,
    pub columns: Vec<String>,
}

/// Stock of one SKU at one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stocked {
    pub location: String,
    pub on_hand: i64,
    pub reserved: i64,
    pub allocated: i64,
    pub available: i64,
}

/// One variant in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub sku: String,
    pub title: String,
    pub price_minor: Option<i64>,
    pub currency: Option<String>,
    pub available: i64,
    /// `active`, `draft` or `archived`: the product's, unless the variant's own is stricter.
    pub status: String,
}

impl Reader {
    /// Variants whose SKU, title or GTIN holds `search`, in catalog order.
    pub fn list(&self, search: Option<&str>, limit: usize) -> Result<Vec<Listed>> {
        let sql = "SELECT v.sku, concat_ws(' - ', p.title, v.title), v.price_minor, v.currency, v.available,
                     CASE WHEN p.status <> 'active' THEN p.status ELSE v.status END
                   FROM variant v JOIN product p ON p.id = v.product_id
                   WHERE ?1 IS NULL OR instr(lower(v.sku), ?1) > 0 OR instr(lower(p.title), ?1) > 0 OR v.gtin = ?1
                   ORDER BY v.id LIMIT ?2";
        let search = search.map(str::to_lowercase);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        super::sql::all(&self.conn, sql, rusqlite::params![search, limit], |r| {
            Ok(Listed {
                sku: r.get(0)?,
                title: r.get(1)?,
                price_minor: r.get(2)?,
                currency: r.get(3)?,
                available: r.get(4)?,
                status: r.get(5)?,
            })
        })
    }

    /// The documented views and their columns.
    pub fn views(&self) -> Result<Vec<View>> {
        ["item", "item_stock", "item_price", "item_review"]
            .into_iter()
            .map(|name| {
                let statement = self.conn.prepare(&format!("SELECT * FROM {name}")).map_err(fault)?;
                Ok(View { name, columns: statement.column_names().map(str::to_owned).collect() })
            })
            .collect()
    }

    /// How many of everything.
    pub fn counts(&self) -> Result<Vec<(String, u64)>> {
        [
            ("products", "SELECT count(*) FROM product"),
            ("variants", "SELECT count(*) FROM variant"),
            ("items (active)", "SELECT count(*) FROM item"),
            ("items available", "SELECT count(*) FROM item WHERE availability = 'in_stock'"),
            ("locations", "SELECT count(*) FROM location"),
            ("orders", "SELECT count(*) FROM orders"),
        ]
        .into_iter()
        .map(|(what, sql)| Ok((what.to_owned(), self.conn.query_row(sql, [], |r| r.get(0)).map_err(fault)?)))
        .collect()
    }

    /// Everything a template sees of `sku`.
    pub fn item(&self, sku: &str) -> Result<ItemView> {
        let mut statement = self.conn.prepare("SELECT * FROM item WHERE sku = ?1").map_err(fault)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([sku]).map_err(fault)?;
        let Some(row) = rows.next().map_err(fault)? else { return Err(self.no_such_sku(sku)?) };
        let mut item = Map::new();
        for (i, name) in names.into_iter().enumerate() {
            let value = match row.get_ref(i).map_err(fault)? {
                ValueRef::Integer(number) => Value::from(number),
                ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text).into_owned()),
                _ => Value::Null,
            };
            item.insert(name, value);
        }
        Ok(item)
    }

    /// Every location, by its code.
    pub fn locations(&self) -> Result<Vec<Location>> {
        let sql = "SELECT code, name, kind, fulfills_online, address FROM location WHERE active = 1 ORDER BY code";
        super::sql::all(&self.conn, sql, [], |r| {
            let address: String = r.get(4)?;
            Ok(Location {
                code: r.get(0)?,
                name: r.get(1)?,
                kind: r.get(2)?,
                fulfills_online: r.get(3)?,
                address: serde_json::from_str(&address).unwrap_or_default(),
            })
        })
    }

    /// Where `sku` lies, and how much of it.
    pub fn stock_of(&self, sku: &str) -> Result<Vec<Stocked>> {
        let mut statement = self
            .conn
            .prepare(
                "SELECT l.code, s.on_hand, s.reserved, s.allocated, s.available
                 FROM stock s JOIN location l ON l.id = s.location_id JOIN variant v ON v.id = s.variant_id
                 WHERE v.sku = ?1 ORDER BY l.code",
            )
            .map_err(fault)?;
        let rows = statement.query_map([sku], |r| {
            Ok(Stocked {
                location: r.get(0)?,
                on_hand: r.get(1)?,
                reserved: r.get(2)?,
                allocated: r.get(3)?,
                available: r.get(4)?,
            })
        });
        rows.map_err(fault)?.collect::<Result<_, _>>().map_err(fault)
    }

    /// The error for a SKU nobody has, with the nearest one that exists.
    fn no_such_sku(&self, sku: &str) -> Result<Error> {
        let key = fold_key(sku);
        let prefix: String = key.chars().take(2).collect();
        let mut statement = self
            .conn
            .prepare("SELECT sku FROM variant WHERE sku_key >= ?1 AND sku_key < ?1 || char(0x10ffff) LIMIT 5000")
            .map_err(fault)?;
        let near: Vec<String> =
            statement.query_map([&prefix], |r| r.get(0)).map_err(fault)?.collect::<Result<_, _>>().map_err(fault)?;
        let help = match closest(sku, near.iter().map(String::as_str)) {
            Some(near) if near == sku => "it is there, but it or its product is a draft or archived".to_owned(),
            Some(near) => format!("did you mean {near}?"),
            None => "`purvey catalog summary` shows what there is".to_owned(),
        };
        Ok(Error::usage("catalog/no-such-sku", format!("the catalog has no active item {sku}"))
            .at(Place::of_sku(sku))
            .help(help))
    }
}
