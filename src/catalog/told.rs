//! Channels that are told offer by offer: what has changed since they were last told, and what each accepted.
//!
//! A listing holds a hash of what its channel accepted last. The hash decides what is told; revisions only say where to
//! look, so that looking costs what changed and not what there is.
use jiff::Timestamp;
use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::open::{Change, Reader, Writer};
use super::outbox::REFUSALS_MAX;
use super::sql::{all, one, run};
use crate::diagnostic::Result;
use crate::value::time::to_utc_text;

/// The name of its cursor.
const STREAM: &str = "offers";

/// How things stood when a channel was last told everything there was to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldUpTo {
    pub revision: i64,
    /// The clock of that run: prices and dates that begin or end after it are news.
    pub at: Timestamp,
    /// Fingerprint of contract, template and settings: with another one, every offer may be another.
    pub shape: String,
    /// When every offer was last compared.
    pub full_at: Timestamp,
}

/// A hash of an offer's text.
pub type Content = [u8; 16];

/// An offer as a channel has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Of its text.
    #[serde(with = "as_number")]
    pub content: Content,
    /// The digits of its price, as its feed writes it.
    pub price: Option<u32>,
    pub in_stock: Option<bool>,
}

/// A content in JSON.
mod as_number {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Content;

    pub fn serialize<S: Serializer>(content: &Content, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u128(u128::from_be_bytes(*content))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Content, D::Error> {
        Ok(u128::deserialize(from)?.to_be_bytes())
    }
}

/// One offer's listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldOffer {
    /// `None`: the channel has none.
    pub accepted: Option<Accepted>,
    pub told_at: Option<Timestamp>,
    /// What was refused so often that it waits for a person, or for a change.
    pub parked: Option<Content>,
}

/// SKUs of all variants of the products of which something changed after revision ?1, or begins or ends after ?2 and until
/// ?3, or whose listing at channel ?4 was told before ?5.
const CHANGED: &str = "
WITH news (variant_id) AS (
  SELECT id FROM variant INDEXED BY variant_revision WHERE revision > ?1
  UNION ALL SELECT variant_id FROM stock INDEXED BY stock_revision WHERE revision > ?1
  UNION ALL SELECT variant_id FROM price WHERE revision > ?1
  UNION ALL SELECT variant_id FROM override WHERE revision > ?1
  UNION ALL SELECT id FROM variant WHERE sale_from > ?2 AND sale_from <= ?3
  UNION ALL SELECT id FROM variant WHERE sale_to > ?2 AND sale_to <= ?3
  UNION ALL SELECT id FROM variant WHERE availability_date > ?2 AND availability_date <= ?3
  UNION ALL SELECT variant_id FROM price WHERE sale_from > ?2 AND sale_from <= ?3
  UNION ALL SELECT variant_id FROM price WHERE sale_to > ?2 AND sale_to <= ?3
  UNION ALL SELECT variant_id FROM listing WHERE channel = ?4 AND content IS NOT NULL AND told_at < ?5),
products (id) AS (
  SELECT v.product_id FROM news JOIN variant v ON v.id = news.variant_id
  UNION ALL SELECT id FROM product INDEXED BY product_revision WHERE revision > ?1)
SELECT v.sku FROM products p JOIN variant v ON v.id BETWEEN p.id * 65536 AND p.id * 65536 + 65535
UNION SELECT v.sku FROM products p JOIN variant v ON v.product_id = p.id AND v.product_id <> v.id / 65536";

impl Writer {
    /// Up to where `channel` has been told; `None`: it was told nothing yet, or what is kept cannot be read.
    pub fn told_up_to(&self, channel: &str) -> Result<Option<ToldUpTo>> {
        Ok(self.cursor(channel, STREAM)?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// SKUs that may have something to tell since then; `told_before` names listings that have to be told again.
    pub fn changed_skus(
        &self,
        channel: &str,
        since: &ToldUpTo,
        now: Timestamp,
        told_before: Option<Timestamp>,
    ) -> Result<Vec<String>> {
        let told_before = told_before.map(to_utc_text).unwrap_or_default();
        let values = params![since.revision, to_utc_text(since.at), to_utc_text(now), channel, told_before];
        all(&self.conn, CHANGED, values, |r| r.get(0))
    }

    pub fn told_offer(&self, channel: &str, offer: &str) -> Result<Option<ToldOffer>> {
        let sql = "SELECT content, told_at, iif(refusals >= ?3, refused, NULL), price_minor, in_stock FROM listing
                   WHERE channel = ?1 AND channel_sku = ?2";
        one(&self.conn, sql, params![channel, offer, REFUSALS_MAX], |r| {
            let told_at: Option<String> = r.get(1)?;
            let (content, price, in_stock) = (r.get::<_, Option<Content>>(0)?, r.get(3)?, r.get(4)?);
            Ok(ToldOffer {
                accepted: content.map(|content| Accepted { content, price, in_stock }),
                told_at: told_at.and_then(|text| text.parse().ok()),
                parked: r.get(2)?,
            })
        })
    }

    /// Offers `channel` has, of one SKU or of all.
    pub fn offers_there(&self, channel: &str, sku: Option<&str>) -> Result<Vec<String>> {
        let sql = "SELECT l.channel_sku FROM variant v JOIN listing l ON l.variant_id = v.id
                   WHERE l.channel = ?1 AND l.content IS NOT NULL AND v.sku = ?2";
        match sku {
            Some(sku) => all(&self.conn, sql, [channel, sku], |r| r.get(0)),
            None => all(
                &self.conn,
                "SELECT channel_sku FROM listing WHERE channel = ?1 AND content IS NOT NULL",
                [channel],
                |r| r.get(0),
            ),
        }
    }

    /// How many offers `channel` has.
    pub fn count_offers_there(&self, channel: &str) -> Result<u64> {
        let sql = "SELECT count(*) FROM listing WHERE channel = ?1 AND content IS NOT NULL";
        Ok(one(&self.conn, sql, [channel], |r| r.get(0))?.unwrap_or(0))
    }

    /// Whether `channel` has more offers that can be bought than these.
    pub fn has_more_in_stock(&self, channel: &str, than: u64) -> Result<bool> {
        let sql = "SELECT count(*) > ?2 FROM (SELECT 1 FROM listing WHERE channel = ?1 AND content IS NOT NULL AND in_stock = 1
                   LIMIT ?2 + 1)";
        Ok(one(&self.conn, sql, params![channel, than], |r| r.get(0))?.unwrap_or(false))
    }
}

impl Change<'_> {
    /// Remembers up to where `channel` has been told, and makes the indexes by which the next search finds its news: a
    /// shop that tells no offers one by one need not keep them at every import.
    pub fn put_told_up_to(&self, channel: &str, told: &ToldUpTo) -> Result<()> {
        for table in ["product", "variant", "stock"] {
            run(&self.tx, &format!("CREATE INDEX IF NOT EXISTS {table}_revision ON {table} (revision)"), [])?;
        }
        self.put_cursor(channel, STREAM, &serde_json::to_string(told).unwrap_or_default())
    }

    /// Nothing is known of what `channel` was told of late: the next run compares every offer.
    pub fn forget_told_up_to(&self, channel: &str) -> Result<()> {
        run(&self.tx, "DELETE FROM cursor WHERE channel = ?1 AND stream = ?2", [channel, STREAM]).map(drop)
    }

    /// The channel has this offer of `sku` now.
    pub fn offer_accepted(&self, channel: &str, offer: &str, sku: &str, accepted: &Accepted) -> Result<()> {
        let sql = "INSERT INTO listing (channel, channel_sku, variant_id, content, told_at, updated_at, price_minor, in_stock)
                   SELECT ?1, ?2, id, ?4, ?5, ?5, ?6, ?7 FROM variant WHERE sku = ?3
                   ON CONFLICT DO UPDATE SET variant_id = excluded.variant_id, content = ?4, told_at = ?5, updated_at = ?5,
                     price_minor = ?6, in_stock = ?7, last_error = NULL, refused = NULL, refusals = 0";
        let Accepted { content, price, in_stock } = accepted;
        run(&self.tx, sql, params![channel, offer, sku, &content[..], self.now_text(), price, in_stock]).map(drop)
    }

    /// The channel has this offer no longer.
    pub fn offer_removed(&self, channel: &str, offer: &str) -> Result<()> {
        let sql = "UPDATE listing SET content = NULL, told_at = ?3, updated_at = ?3, last_error = NULL, refused = NULL,
                     refusals = 0, issues = NULL, disapproved = 0 WHERE channel = ?1 AND channel_sku = ?2";
        run(&self.tx, sql, params![channel, offer, self.now_text()]).map(drop)
    }

    /// The channel finds this wrong with an offer it has accepted. Gives the SKU where that is news.
    pub fn put_issues(&self, channel: &str, offer: &str, issues: &[Issue]) -> Result<Option<String>> {
        let text = (!issues.is_empty()).then(|| serde_json::to_string(issues).unwrap_or_default());
        let disapproved = issues.iter().any(|issue| issue.disapproved);
        let sql = "UPDATE listing SET issues = ?3, disapproved = ?4
                   WHERE channel = ?1 AND channel_sku = ?2 AND content IS NOT NULL AND issues IS NOT ?3
                   RETURNING (SELECT sku FROM variant WHERE id = variant_id)";
        one(&self.tx, sql, params![channel, offer, text, disapproved], |r| r.get(0))
    }

    /// The channel refused it, in these words; the same refused three times is left alone until it changes.
    pub fn offer_refused(&self, channel: &str, offer: &str, sku: &str, content: &Content, why: &str) -> Result<()> {
        let sql = "INSERT INTO listing (channel, channel_sku, variant_id, refused, refusals, last_error, updated_at)
                   SELECT ?1, ?2, id, ?4, 1, ?5, ?6 FROM variant WHERE sku = ?3
                   ON CONFLICT DO UPDATE SET refusals = iif(refused IS ?4, refusals + 1, 1), refused = ?4, last_error = ?5,
                     updated_at = ?6";
        run(&self.tx, sql, params![channel, offer, sku, &content[..], why, self.now_text()]).map(drop)
    }
}

/// What a channel found wrong with an offer after it had accepted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// It is not shown for it; else it is shown less.
    pub disapproved: bool,
    pub words: String,
}

/// How the offers of a channel stand that are told one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Telling {
    /// That it has.
    pub offers: u64,
    /// That it has still to answer for.
    pub underway: u64,
    pub refused: u64,
    /// Of those it has, that it does not show.
    pub disapproved: u64,
    /// When the last was accepted, UTC text.
    pub told_at: Option<String>,
}

/// An offer that was refused, or is not shown, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Troubled {
    pub sku: String,
    /// `refused` or `disapproved`.
    pub state: &'static str,
    pub why: String,
}

/// What one channel has of a SKU, and what it said last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListingView {
    pub channel: String,
    /// What the channel calls it.
    pub offer: String,
    /// Units it was last told.
    pub quantity: Option<i64>,
    /// When it accepted the whole offer it has; `None`: it has none, or takes none.
    pub offer_told_at: Option<String>,
    pub last_error: Option<String>,
    pub refusals: i64,
    /// What it found wrong later.
    pub issues: Vec<Issue>,
}

fn issues(kept: Option<String>) -> Vec<Issue> {
    kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

impl Reader {
    /// What every channel has of one SKU, in their order.
    pub fn listings_of(&self, sku: &str) -> Result<Vec<ListingView>> {
        let sql = "SELECT l.channel, l.channel_sku, l.quantity, iif(l.content IS NULL, NULL, l.told_at), l.last_error, l.refusals, l.issues
                   FROM variant v JOIN listing l ON l.variant_id = v.id WHERE v.sku = ?1 ORDER BY 1, 2";
        all(&self.conn, sql, [sku], |r| {
            Ok(ListingView {
                channel: r.get(0)?,
                offer: r.get(1)?,
                quantity: r.get(2)?,
                offer_told_at: r.get(3)?,
                last_error: r.get(4)?,
                refusals: r.get(5)?,
                issues: issues(r.get(6)?),
            })
        })
    }

    /// How its offers stand at `channel`.
    pub fn telling(&self, channel: &str) -> Result<Telling> {
        let sql = "SELECT count(content), coalesce(sum(last_error IS NOT NULL), 0), coalesce(sum(disapproved), 0), max(told_at),
                     (SELECT coalesce(sum(json_array_length(body)), 0) FROM outbox WHERE channel = ?1 AND kind = 'tell')
                   FROM listing WHERE channel = ?1";
        let read = |r: &rusqlite::Row<'_>| {
            Ok(Telling {
                offers: r.get(0)?,
                refused: r.get(1)?,
                disapproved: r.get(2)?,
                told_at: r.get(3)?,
                underway: r.get(4)?,
            })
        };
        self.conn.query_row(sql, [channel], read).map_err(super::fault::fault)
    }

    /// Offers `channel` refused or does not show, at most `limit`, by SKU.
    pub fn troubled(&self, channel: &str, limit: usize) -> Result<Vec<Troubled>> {
        let sql = "SELECT v.sku, l.last_error, l.issues FROM listing l JOIN variant v ON v.id = l.variant_id
                   WHERE l.channel = ?1 AND (l.last_error IS NOT NULL OR l.disapproved) ORDER BY 1 LIMIT ?2";
        all(&self.conn, sql, params![channel, limit as i64], |r| {
            let refused: Option<String> = r.get(1)?;
            let found = issues(r.get(2)?).into_iter().filter(|issue| issue.disapproved).map(|issue| issue.words);
            Ok(Troubled {
                sku: r.get(0)?,
                state: if refused.is_some() { "refused" } else { "disapproved" },
                why: refused.unwrap_or_else(|| found.collect::<Vec<_>>().join("; ")),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::testing::{at, shop_with};

    fn shop() -> (tempfile::TempDir, Writer) {
        let dir = tempfile::tempdir().unwrap();
        let (_, mut writer) = shop_with(dir.path(), 5);
        // it was told something before
        let told = since(&writer);
        let change = writer.change(told.at).unwrap();
        change.put_told_up_to("api", &told).unwrap();
        change.commit().unwrap();
        (dir, writer)
    }

    fn since(writer: &Writer) -> ToldUpTo {
        let moment = at("2026-11-25T09:00:00Z");
        let revision: i64 =
            writer.conn.query_row("SELECT value FROM counter WHERE name = 'revision'", [], |r| r.get(0)).unwrap();
        ToldUpTo { revision, at: moment, shape: "a".into(), full_at: moment }
    }

    #[test]
    fn what_changed_and_what_begins_or_ends_is_news() {
        let (_dir, writer) = shop();
        let since = since(&writer);
        let news = |now: &str| writer.changed_skus("api", &since, at(now), None).unwrap();
        let sku: String = writer.conn.query_row("SELECT sku FROM variant", [], |r| r.get(0)).unwrap();
        assert!(news("2026-11-25T10:00:00Z").is_empty());
        let later = since.revision + 1;
        for (table, key) in [("variant", "id"), ("product", "id"), ("stock", "variant_id")] {
            let before: i64 =
                writer.conn.query_row(&format!("SELECT revision FROM {table} LIMIT 1"), [], |r| r.get(0)).unwrap();
            let set = |revision: i64| {
                let sql =
                    format!("UPDATE {table} SET revision = {revision} WHERE {key} = (SELECT min({key}) FROM {table})");
                writer.conn.execute(&sql, []).unwrap();
            };
            set(later);
            assert_eq!(news("2026-11-25T09:00:00Z"), std::slice::from_ref(&sku), "{table}");
            set(before);
        }
        for column in ["sale_from", "sale_to", "availability_date"] {
            let sql = format!("UPDATE variant SET {column} = '2026-11-25T12:00:00Z'");
            writer.conn.execute(&sql, []).unwrap();
            assert!(news("2026-11-25T11:59:59Z").is_empty(), "{column}");
            assert_eq!(news("2026-11-25T12:00:00Z"), std::slice::from_ref(&sku), "{column}");
            writer.conn.execute(&format!("UPDATE variant SET {column} = NULL"), []).unwrap();
        }
    }

    #[test]
    fn the_search_for_news_reads_indexes_and_no_whole_table() {
        let (_dir, writer) = shop();
        let sql = format!("EXPLAIN QUERY PLAN {CHANGED}");
        let mut statement = writer.conn.prepare(&sql).unwrap();
        let plan: Vec<String> =
            statement.query_map(params![1, "a", "b", "api", "c"], |r| r.get(3)).unwrap().map(Result::unwrap).collect();
        let scans: Vec<&String> = plan.iter().filter(|step| step.starts_with("SCAN")).collect();
        let own =
            |step: &&&String| !["news", "p", "products", "CONSTANT"].iter().any(|n| step.contains(&format!(" {n}")));
        assert!(!scans.iter().any(|step| own(&step)), "{plan:#?}");
    }

    #[test]
    fn the_same_refused_three_times_waits_for_a_change() {
        let (_dir, mut writer) = shop();
        let sku: String = writer.conn.query_row("SELECT sku FROM variant", [], |r| r.get(0)).unwrap();
        let mut refuse = |content: &Content| {
            let change = writer.change(at("2026-11-25T09:00:00Z")).unwrap();
            change.offer_refused("api", "o-1", &sku, content, "no image").unwrap();
            change.commit().unwrap();
            writer.told_offer("api", "o-1").unwrap().unwrap().parked
        };
        let (one, other) = ([1; 16], [2; 16]);
        assert_eq!([refuse(&one), refuse(&one), refuse(&one)], [None, None, Some(one)]);
        assert_eq!(refuse(&other), None);
    }
}
