//! Which variant an order line means: by SKU, else by the channel's listing, else by GTIN, else a person says.
use rusqlite::{Connection, params};

use super::desk::{Desk, LineRow};
use super::open::Change;
use super::sql::{all, one, run};
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::value::closest::closest;
use crate::value::text::fold_key;
use crate::value::{Gtin, Sku};

/// SKUs named in a message, and rows looked at to find them.
const SUGGESTIONS_MAX: usize = 3;
const CANDIDATES_MAX: usize = 200;

impl Change<'_> {
    /// A person says which SKU a line means. Its stock is held at once, and the channel's SKU is remembered, so that
    /// the next order of it needs nobody.
    pub fn match_line(&self, channel: &str, order_id: &str, line_id: &str, sku: &Sku) -> Result<Vec<Diagnostic>> {
        let mut desk = Desk::open(self, channel, order_id)?;
        let i = desk.line(line_id)?;
        let variant_id = require_sku(&self.tx, sku.as_str())?;
        let line = desk.lines[i].clone();
        if line.variant_id == Some(variant_id) {
            return Ok(Vec::new());
        }
        if line.variant_id.is_some() {
            desk.unmatch(i)?;
        }
        desk.set_variant(i, variant_id, "person")?;
        if let Some(channel_sku) = &line.channel_sku {
            remember(&self.tx, channel, channel_sku, variant_id, line.listing_id.as_deref())?;
        }
        desk.settle(i, desk.left_unseen(i)?, None, "match")?;
        Ok(desk.findings)
    }

    /// A marketplace's listing is this SKU: stock is pushed to it, and orders of it are matched by it.
    pub fn put_listing(&self, channel: &str, channel_sku: &str, sku: &Sku, listing_id: Option<&str>) -> Result<()> {
        let variant_id = require_sku(&self.tx, sku.as_str())?;
        remember(&self.tx, channel, channel_sku, variant_id, listing_id)
    }
}

impl Desk<'_, '_> {
    /// Matches a line that waits; says so when nothing is found. Units that had already left are deducted now.
    pub fn match_waiting(&mut self, i: usize, report: bool) -> Result<bool> {
        if self.lines[i].variant_id.is_some() {
            return Ok(true);
        }
        let line = self.lines[i].clone();
        let Some((variant_id, how)) = find(&self.change.tx, &self.order.channel, &line)? else {
            if report {
                let finding = self.unmatched(i, &line)?;
                self.findings.push(finding);
            }
            return Ok(false);
        };
        self.set_variant(i, variant_id, how)?;
        if let Some(channel_sku) = &line.channel_sku {
            remember(&self.change.tx, &self.order.channel, channel_sku, variant_id, line.listing_id.as_deref())?;
        }
        Ok(true)
    }

    fn unmatched(&self, i: usize, line: &LineRow) -> Result<Diagnostic> {
        let name = line.channel_sku.as_deref().or(line.gtin.as_deref());
        let near = name.map(|name| nearest_skus(&self.change.tx, name)).transpose()?.unwrap_or_default();
        let message = match name {
            Some(name) => format!("no variant is known for {name}"),
            None => "the line names neither SKU nor GTIN".to_owned(),
        };
        let meant = if near.is_empty() { String::new() } else { format!("did you mean {}? ", near.join(", ")) };
        Ok(Diagnostic::warning("order/unmatched-line", message)
            .at(self.place(Some(i)))
            .help(format!("{meant}say which with `purvey orders match`; until then nothing is held for it")))
    }

    /// Takes a wrong match back, while nothing has left on its account.
    fn unmatch(&mut self, i: usize) -> Result<()> {
        if self.lines[i].counts.shipped > 0 {
            return Err(Error::input("order/shipped-already", "units of this line have left under its SKU")
                .at(self.place(Some(i)))
                .help("correct the stock of both SKUs with `purvey stock adjust`"));
        }
        let counts = self.lines[i].counts;
        // Settled as if nothing were asked for, so that what the wrong SKU holds is given back.
        self.lines[i].counts.quantity = counts.canceled;
        self.settle(i, 0, None, "unmatch")?;
        self.lines[i].counts = counts;
        Ok(())
    }

    fn set_variant(&mut self, i: usize, variant_id: i64, how: &str) -> Result<()> {
        self.touch()?;
        let sql = "UPDATE line_item SET variant_id = ?2, matched_by = ?3 WHERE id = ?1";
        run(&self.change.tx, sql, params![self.lines[i].id, variant_id, how])?;
        self.lines[i].variant_id = Some(variant_id);
        Ok(())
    }
}

fn find(conn: &Connection, channel: &str, line: &LineRow) -> Result<Option<(i64, &'static str)>> {
    let by = |sql: &str, key: &str| one(conn, sql, [key], |r| r.get::<_, i64>(0));
    if let Some(sku) = &line.channel_sku {
        if let Some(id) = by("SELECT id FROM variant WHERE sku = ?1", sku)? {
            return Ok(Some((id, "sku")));
        }
        let sql = "SELECT variant_id FROM listing WHERE channel = ?1 AND channel_sku = ?2";
        if let Some(id) = one(conn, sql, [channel, sku], |r| r.get(0))? {
            return Ok(Some((id, "listing")));
        }
    }
    if let Some(listing) = &line.listing_id {
        let sql = "SELECT DISTINCT variant_id FROM listing WHERE channel = ?1 AND listing_id = ?2 LIMIT 2";
        if let [id] = all(conn, sql, [channel, listing], |r| r.get(0))?[..] {
            return Ok(Some((id, "listing")));
        }
    }
    match line.gtin.as_deref().and_then(|text| Gtin::parse(text).ok()) {
        Some(gtin) => Ok(by_gtin(conn, &gtin)?.map(|id| (id, "gtin"))),
        None => Ok(None),
    }
}

/// One number may be written in 8, 12, 13 or 14 digits. Two variants of one GTIN are no match.
fn by_gtin(conn: &Connection, gtin: &Gtin) -> Result<Option<i64>> {
    let digits = gtin.digits14();
    let tail = |length: usize| {
        let (zeros, rest) = digits.split_at(14 - length);
        // A form that cannot hold the number stands in as the full one.
        if zeros.bytes().all(|b| b == b'0') { rest } else { digits.as_str() }
    };
    let sql = "SELECT id FROM variant WHERE gtin IN (?1, ?2, ?3, ?4) LIMIT 2";
    let found: Vec<i64> = all(conn, sql, [tail(8), tail(12), tail(13), tail(14)], |r| r.get(0))?;
    Ok(if let [id] = found[..] { Some(id) } else { None })
}

fn remember(conn: &Connection, channel: &str, sku: &str, variant_id: i64, listing: Option<&str>) -> Result<()> {
    run(
        conn,
        "INSERT INTO listing (channel, channel_sku, variant_id, listing_id) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET variant_id = ?3, listing_id = coalesce(?4, listing_id)
         WHERE variant_id IS NOT ?3 OR listing_id IS NOT coalesce(?4, listing_id)",
        params![channel, sku, variant_id, listing],
    )?;
    Ok(())
}

/// The variant of a SKU a person wrote, or what they may have meant.
pub(super) fn require_sku(conn: &Connection, sku: &str) -> Result<i64> {
    if let Some(id) = one(conn, "SELECT id FROM variant WHERE sku = ?1", [sku], |r| r.get(0))? {
        return Ok(id);
    }
    let near = nearest_skus(conn, sku)?;
    let help = if near.is_empty() {
        "see `purvey catalog list`".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    Err(Error::input("catalog/unknown-sku", format!("no variant has the SKU {sku}")).help(help))
}

/// SKUs that are the same but for case and punctuation, else the one a typing error away among those that start alike.
pub(super) fn nearest_skus(conn: &Connection, sku: &str) -> Result<Vec<String>> {
    let key = fold_key(sku);
    if key.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT sku FROM variant WHERE sku_key = ?1 ORDER BY sku LIMIT {SUGGESTIONS_MAX}");
    let same: Vec<String> = all(conn, &sql, [&key], |r| r.get(0))?;
    if !same.is_empty() {
        return Ok(same);
    }
    let start: String = key.chars().take(2).collect();
    let sql = format!(
        "SELECT sku FROM variant WHERE sku_key >= ?1 AND sku_key < ?1 || char(0x10FFFF) ORDER BY sku_key LIMIT {CANDIDATES_MAX}"
    );
    let alike: Vec<String> = all(conn, &sql, [&start], |r| r.get(0))?;
    Ok(closest(sku, alike.iter().map(String::as_str)).map(str::to_owned).into_iter().collect())
}
