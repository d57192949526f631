//! Products by the number that another system gave them, with what their own item costs and weighs.
use super::fault::fault;
use super::open::Change;
use crate::diagnostic::Result;
use crate::value::Currency;

/// A product whose own item has the SKU that is the product's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Of the other system.
    pub number: String,
    pub item_group_id: String,
    /// Its own item, by its row.
    pub item: i64,
    /// The item is not archived.
    pub is_sold: bool,
    pub price_minor: i64,
    pub currency: Currency,
    pub weight_g: Option<i64>,
    /// SKUs of its other variants that are not archived.
    pub others: Vec<String>,
}

impl Change<'_> {
    /// All products that keep a number in `attribute`.
    pub fn numbered(&self, attribute: &str) -> Result<Vec<Numbered>> {
        self.need_indexes()?;
        let sql = "SELECT p.attributes ->> ?1, p.item_group_id, v.id, v.status <> 'archived', v.price_minor, v.currency, v.weight_g,
                     (SELECT json_group_array(o.sku) FROM variant o
                      WHERE o.product_id = p.id AND o.id <> v.id AND o.status <> 'archived')
                   FROM product p JOIN variant v ON v.product_id = p.id AND v.sku = p.item_group_id
                   WHERE p.attributes ->> ?1 IS NOT NULL AND v.price_minor IS NOT NULL AND v.currency IS NOT NULL";
        let mut all = self.tx.prepare_cached(sql).map_err(fault)?;
        let rows = all.query_map([format!("$.{attribute}")], |row| {
            let others: String = row.get(7)?;
            let currency: String = row.get(5)?;
            let product = Currency::parse(&currency).ok().map(|currency| {
                Ok(Numbered {
                    number: row.get(0)?,
                    item_group_id: row.get(1)?,
                    item: row.get(2)?,
                    is_sold: row.get(3)?,
                    price_minor: row.get(4)?,
                    currency,
                    weight_g: row.get(6)?,
                    others: serde_json::from_str(&others).unwrap_or_default(),
                })
            });
            product.transpose()
        });
        let rows = rows.map_err(fault)?;
        rows.filter_map(std::result::Result::transpose).collect::<rusqlite::Result<_>>().map_err(fault)
    }
}
