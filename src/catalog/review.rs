//! What buyers wrote about products.
use rusqlite::{OptionalExtension, params};

use super::fault::fault;
use super::open::Change;
use super::product::Put;
use crate::diagnostic::Result;

/// One review; `written_at` as UTC text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The id its source gave it; key of the review.
    pub external_id: String,
    pub variant_id: i64,
    /// From 1 to 5.
    pub rating: i64,
    pub title: Option<String>,
    pub content: Option<String>,
    pub reviewer: Option<String>,
    pub url: Option<String>,
    pub written_at: String,
}

impl Change<'_> {
    pub fn put_review(&self, review: &Review) -> Result<Put> {
        let known = self
            .tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM review WHERE external_id = ?1)")
            .and_then(|mut s| s.query_row([&review.external_id], |row| row.get::<_, bool>(0)))
            .map_err(fault)?;
        let sql = "INSERT INTO review (external_id, variant_id, rating, title, content, reviewer, url, written_at, revision)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                   ON CONFLICT DO UPDATE SET variant_id = ?2, rating = ?3, title = ?4, content = ?5, reviewer = ?6, url = ?7,
                     written_at = ?8, revision = ?9
                   WHERE (variant_id, rating, title, content, reviewer, url, written_at) IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let Review { external_id, variant_id, rating, title, content, reviewer, url, written_at } = review;
        let revision = self.peek_revision()?;
        let values = params![external_id, variant_id, rating, title, content, reviewer, url, written_at, revision];
        let written = self.tx.prepare_cached(sql).and_then(|mut put| put.execute(values)).map_err(fault)?;
        if written == 0 {
            return Ok(Put::Same);
        }
        self.revision()?;
        Ok(if known { Put::Changed } else { Put::New })
    }

    /// A variant of the item group, or with the GTIN; the first of several.
    pub fn reviewed_item(&self, item_group_id: Option<&str>, gtin: Option<&str>) -> Result<Option<i64>> {
        let sql = "SELECT v.id FROM variant v JOIN product p ON p.id = v.product_id
                   WHERE p.item_group_id = ?1 OR v.gtin = ?2 ORDER BY v.id LIMIT 1";
        let mut find = self.tx.prepare_cached(sql).map_err(fault)?;
        find.query_row(params![item_group_id, gtin], |row| row.get(0)).optional().map_err(fault)
    }
}
