//! Buyers' personal data: kept apart from orders, until its date or until somebody asks for it to be erased. What is
//! erased is overwritten in the file, and does not come back with the next pull.
use jiff::Timestamp;
use rusqlite::params;

use super::fault::fault;
use super::open::{Change, Writer};
use super::orders::{Terms, days_after};
use super::sql::run;
use crate::diagnostic::{Error, Result};
use crate::order::Order;
use crate::value::time::to_utc_text;

/// Whose data goes before its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buyers<'a> {
    /// Nobody's: only what is due.
    Due,
    Order {
        channel: &'a str,
        order_id: &'a str,
    },
    /// Everybody with this address, whatever its case.
    Email(&'a str),
}

impl Change<'_> {
    pub(super) fn put_buyer(&self, order_id: i64, told: &Order, terms: &Terms) -> Result<()> {
        let erase_after = days_after(told.placed_at, terms.keep_buyer_days);
        let Some(buyer) = told.buyer.as_ref().filter(|_| erase_after > self.now) else { return Ok(()) };
        let data =
            serde_json::to_string(buyer).map_err(|e| Error::bug("a buyer could not be written as JSON").source(e))?;
        let sql = "INSERT INTO customer (order_id, data, erase_after) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET data = ?2, erase_after = ?3
                   WHERE erased_at IS NULL AND (data IS NOT ?2 OR erase_after IS NOT ?3)";
        self.shredding(|| run(&self.tx, sql, params![order_id, data, to_utc_text(erase_after)]).map(drop))
    }

    /// Erases personal data; says how many orders lost theirs. Order, lines and ledger stay as they are.
    pub fn erase_buyers(&self, whose: Buyers<'_>) -> Result<usize> {
        let erase = "UPDATE customer SET data = NULL, erased_at = ?1 WHERE data IS NOT NULL AND";
        let now = self.now_text();
        self.shredding(|| match whose {
            Buyers::Due => run(&self.tx, &format!("{erase} erase_after <= ?1"), [now]),
            Buyers::Order { channel, order_id } => {
                let order = "(SELECT id FROM orders WHERE channel = ?2 AND channel_order_id = ?3)";
                run(&self.tx, &format!("{erase} order_id = {order}"), params![now, channel, order_id])
            }
            Buyers::Email(email) => {
                let same = "lower(trim(data ->> 'email')) = lower(trim(?2))";
                run(&self.tx, &format!("{erase} {same}"), params![now, email])
            }
        })
    }

    /// While `work` runs, SQLite overwrites with zeros what it frees; always would cost every import.
    fn shredding<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let shred = |on: bool| self.tx.pragma_update_and_check(None, "secure_delete", on, |_| Ok(())).map_err(fault);
        shred(true)?;
        let done = work();
        shred(false)?;
        done
    }
}

impl Writer {
    /// Brings what was erased into the file and empties the log, which still has the pages as they were. `false`: a
    /// reader holds on to the log, and it is emptied when the next writer ends.
    pub fn empty_log(&self) -> Result<bool> {
        let busy: i64 = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0)).map_err(fault)?;
        Ok(busy == 0)
    }
}

/// When the buyer's data of an order was erased, if it was.
pub(super) fn erased_at(conn: &rusqlite::Connection, order_id: i64) -> Result<Option<Timestamp>> {
    let sql = "SELECT erased_at FROM customer WHERE order_id = ?1 AND erased_at IS NOT NULL";
    super::sql::one(conn, sql, [order_id], |r| super::sql::parsed(r, "erased_at"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::testing::{at, order, shop_with};
    use crate::order::{Buyer, State};

    fn of(id: &str, email: &str) -> Order {
        let buyer = Buyer { name: format!("Erasmus Canary-{id}"), email: Some(email.to_owned()), ..Buyer::default() };
        Order { buyer: Some(buyer), ..order(id, State::Ready, 1) }
    }

    /// What of the shop's files holds `word`.
    fn files_with(dir: &std::path::Path, word: &str) -> Vec<String> {
        let holds = |bytes: Vec<u8>| bytes.windows(word.len()).any(|part| part == word.as_bytes());
        let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let found = entries.filter(|path| holds(std::fs::read(path).unwrap()));
        found.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn what_is_erased_is_gone_from_the_file_and_does_not_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let (_, mut writer) = shop_with(dir.path(), 9);
        let now = at("2026-11-25T10:00:00Z");
        let orders: Vec<Order> = (0..300).map(|n| of(&format!("{n:03}"), &format!("Buyer{n}@Example.com"))).collect();
        let terms = Terms::default();
        // told twice, the second time with more: what was there before is gone, too
        for note in [None, Some("third floor".to_owned())] {
            let mut told = orders.clone();
            told.iter_mut().for_each(|order| {
                order.buyer.as_mut().unwrap().note.clone_from(&note);
                order.updated_at = now;
            });
            let change = writer.change(now).unwrap();
            change.put_orders("m", &told, &terms).unwrap();
            change.commit().unwrap();
        }
        assert!(!files_with(dir.path(), "Canary-007").is_empty());
        let mut erase = |whose, moment| {
            let change = writer.change(moment).unwrap();
            let count = change.erase_buyers(whose).unwrap();
            change.commit().unwrap();
            assert!(writer.empty_log().unwrap());
            count
        };
        let one = Buyers::Order { channel: "m", order_id: "007" };
        assert_eq!((erase(one, now), erase(one, now)), (1, 0));
        assert_eq!(erase(Buyers::Email(" buyer8@example.COM"), now), 1);
        assert_eq!(erase(Buyers::Due, now), 0);
        assert_eq!(files_with(dir.path(), "Canary-007"), Vec::<String>::new());
        assert_eq!(files_with(dir.path(), "Canary-008"), Vec::<String>::new());
        assert_eq!(files_with(dir.path(), "Canary-009"), ["shop.db"]);

        let change = writer.change(now).unwrap();
        change.put_orders("m", &orders, &terms).unwrap();
        change.commit().unwrap();
        let detail = writer.order("m", "007").unwrap().unwrap();
        assert_eq!((detail.buyer, detail.buyer_erased_at), (None, Some(now)));
        assert_eq!((detail.line_items.len(), detail.summary.open), (1, 1));
        assert!(writer.order("m", "009").unwrap().unwrap().buyer.is_some());

        let later = days_after(at("2026-11-25T09:00:00Z"), terms.keep_buyer_days);
        let change = writer.change(later).unwrap();
        assert_eq!(change.erase_buyers(Buyers::Due).unwrap(), 298);
        change.commit().unwrap();
        writer.empty_log().unwrap();
        assert_eq!(files_with(dir.path(), "Canary-"), Vec::<String>::new());
    }
}
