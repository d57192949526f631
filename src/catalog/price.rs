//! Prices in without their products: the variant's own, and those of price lists.
use rusqlite::{OptionalExtension, ToSql, params, params_from_iter};

use super::fault::fault;
use super::open::Change;
use super::product::Put;
use crate::diagnostic::Result;
use crate::value::Currency;

/// A price with its sale; money in minor units, times as UTC text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Price {
    pub price_minor: i64,
    pub sale_price_minor: Option<i64>,
    pub sale_from: Option<String>,
    pub sale_to: Option<String>,
}

/// What a source of prices carries: those are set (also to nothing), the others are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceField {
    /// With its currency.
    Price,
    SalePrice,
    SaleFrom,
    SaleTo,
}

impl PriceField {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            PriceField::Price => "price",
            PriceField::SalePrice => "sale_price",
            PriceField::SaleFrom => "sale_from",
            PriceField::SaleTo => "sale_to",
        }
    }
}

impl Change<'_> {
    /// Sets the variant's own price.
    pub fn put_price(&self, variant_id: i64, price: &Price, currency: Currency, carried: &[PriceField]) -> Result<Put> {
        let code = currency.code();
        let mut set: Vec<(&str, &dyn ToSql)> = Vec::new();
        for field in carried {
            match field {
                PriceField::Price => {
                    set.extend([("price_minor", &price.price_minor as &dyn ToSql), ("currency", &code)])
                }
                PriceField::SalePrice => set.push(("sale_price_minor", &price.sale_price_minor)),
                PriceField::SaleFrom => set.push(("sale_from", &price.sale_from)),
                PriceField::SaleTo => set.push(("sale_to", &price.sale_to)),
            }
        }
        if set.is_empty() {
            return Ok(Put::Same);
        }
        let each = |join: &str, is: &str| {
            let parts: Vec<String> = set.iter().enumerate().map(|(i, (c, _))| format!("{c} {is} ?{}", i + 3)).collect();
            parts.join(join)
        };
        let sql = format!(
            "UPDATE variant SET revision = ?2, {} WHERE id = ?1 AND ({})",
            each(", ", "="),
            each(" OR ", "IS NOT")
        );
        let revision = self.peek_revision()?;
        let values = [&variant_id as &dyn ToSql, &revision].into_iter().chain(set.iter().map(|(_, value)| *value));
        let mut update = self.tx.prepare_cached(&sql).map_err(fault)?;
        let changed = update.execute(params_from_iter(values)).map_err(fault)?;
        self.touched(changed)
    }

    /// The price list of that code; made when there is none. `None` when it exists in another currency.
    pub fn price_list(&self, code: &str, currency: Currency) -> Result<Option<i64>> {
        let sql = "SELECT id, currency FROM price_list WHERE code = ?1";
        let found: Option<(i64, String)> =
            self.tx.query_row(sql, [code], |r| Ok((r.get(0)?, r.get(1)?))).optional().map_err(fault)?;
        if let Some((id, known)) = found {
            return Ok(Some(id).filter(|_| known == currency.code()));
        }
        let sql = "INSERT INTO price_list (code, currency) VALUES (?1, ?2) RETURNING id";
        self.tx.query_row(sql, params![code, currency.code()], |r| r.get(0)).map(Some).map_err(fault)
    }

    /// Sets the price of a variant in a price list.
    pub fn put_list_price(&self, price_list_id: i64, variant_id: i64, price: &Price) -> Result<Put> {
        let known: bool = self
            .tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM price WHERE price_list_id = ?1 AND variant_id = ?2)")
            .and_then(|mut s| s.query_row(params![price_list_id, variant_id], |r| r.get(0)))
            .map_err(fault)?;
        let sql = "INSERT INTO price (price_list_id, variant_id, price_minor, sale_price_minor, sale_from, sale_to, revision)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   ON CONFLICT DO UPDATE SET price_minor = ?3, sale_price_minor = ?4, sale_from = ?5, sale_to = ?6, revision = ?7
                   WHERE price_minor IS NOT ?3 OR sale_price_minor IS NOT ?4 OR sale_from IS NOT ?5 OR sale_to IS NOT ?6";
        let mut put = self.tx.prepare_cached(sql).map_err(fault)?;
        let Price { price_minor, sale_price_minor, sale_from, sale_to } = price;
        let revision = self.peek_revision()?;
        let values = params![price_list_id, variant_id, price_minor, sale_price_minor, sale_from, sale_to, revision];
        let put = self.touched(put.execute(values).map_err(fault)?)?;
        Ok(if put == Put::Changed && !known { Put::New } else { put })
    }

    fn touched(&self, changed: usize) -> Result<Put> {
        if changed == 0 {
            return Ok(Put::Same);
        }
        self.revision()?;
        Ok(Put::Changed)
    }
}
