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

/// What a source of prices carries besides the price: those are set (also to nothing), the others are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceField {
    SalePrice,
    SaleFrom,
    SaleTo,
}

impl PriceField {
    fn column(self) -> &'static str {
        match self {
            PriceField::SalePrice => "sale_price_minor",
            PriceField::SaleFrom => "sale_from",
            PriceField::SaleTo => "sale_to",
        }
    }

    fn value(self, price: &Price) -> &dyn ToSql {
        match self {
            PriceField::SalePrice => &price.sale_price_minor,
            PriceField::SaleFrom => &price.sale_from,
            PriceField::SaleTo => &price.sale_to,
        }
    }
}

impl Change<'_> {
    /// Sets the variant's own price.
    pub fn put_price(&self, variant_id: i64, price: &Price, currency: Currency, carried: &[PriceField]) -> Result<Put> {
        let columns: Vec<&str> =
            ["price_minor", "currency"].into_iter().chain(carried.iter().map(|f| f.column())).collect();
        let each = |join: &str, is: &str| {
            let parts: Vec<String> = columns.iter().enumerate().map(|(i, c)| format!("{c} {is} ?{}", i + 3)).collect();
            parts.join(join)
        };
        let sql = format!(
            "UPDATE variant SET revision = ?2, {} WHERE id = ?1 AND ({})",
            each(", ", "="),
            each(" OR ", "IS NOT")
        );
        let (revision, code) = (self.peek_revision()?, currency.code());
        let mut values: Vec<&dyn ToSql> = vec![&variant_id, &revision, &price.price_minor, &code];
        values.extend(carried.iter().map(|field| field.value(price)));
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
