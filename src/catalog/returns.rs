//! Units coming back, to any location.
use rusqlite::params;

use super::decide::Deed;
use super::desk::{Desk, require_location};
use super::open::Change;
use super::sql::{one, run};
use super::stock::Movement;
use crate::diagnostic::{Error, Result};

#[derive(Debug, Clone)]
pub struct ReturnRequest<'a> {
    pub channel: &'a str,
    pub order_id: &'a str,
    pub line_id: &'a str,
    pub quantity: i64,
    /// Store code it came back to, wherever it left from.
    pub location: &'a str,
    /// Whether it can be sold again.
    pub restock: bool,
    pub reason: Option<&'a str>,
    /// The merchant's or the marketplace's number of the return: the same one twice is the same return.
    pub key: Option<&'a str>,
}

impl Change<'_> {
    /// Books a return. Codes: `order/unknown`, `order/unknown-line`, `return/more-than-shipped`, `return/key-used`,
    /// `stock/unknown-location`.
    pub fn record_return(&self, request: &ReturnRequest<'_>) -> Result<Deed> {
        let mut desk = Desk::open(self, request.channel, request.order_id)?;
        let i = desk.line(request.line_id)?;
        let location_id = require_location(&self.tx, request.location)?;
        let line = desk.lines[i].clone();
        if let Some(key) = request.key
            && let Some(same) = self.known_return(request, key, line.id, location_id)?
        {
            return if same { Ok(Deed::Again) } else { Err(key_used(key).at(desk.place(Some(i)))) };
        }
        let out = line.counts.shipped - line.returned;
        if request.quantity < 1 || request.quantity > out {
            let message = format!("cannot take {} units back: {out} are with the buyer", request.quantity);
            return Err(Error::input("return/more-than-shipped", message)
                .at(desk.place(Some(i)))
                .help("see `purvey orders show` for what has left and what came back"));
        }
        let number = desk.touch()?;
        let key = request.key.map_or_else(|| format!("#{number}"), str::to_owned);
        let key = format!("{}/{}/{} {key}", request.channel, request.order_id, request.line_id);
        run(
            &self.tx,
            "INSERT INTO return_line (line_item_id, location_id, quantity, restocked, reason, key, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![line.id, location_id, request.quantity, request.restock, request.reason, key, self.now_text()],
        )?;
        let sql = "UPDATE line_item SET returned = returned + ?2 WHERE id = ?1";
        run(&self.tx, sql, [line.id, request.quantity])?;
        let variant_id = line.variant_id.filter(|_| request.restock);
        if let Some(variant_id) = variant_id
            && let Some(mut ledger) = self.ledger(&format!("return {key}"))?
        {
            ledger.record(variant_id, location_id, Movement::Returned(request.quantity))?;
        }
        Ok(Deed::Done)
    }

    /// Whether the return of this key is known, and then whether it is the same.
    fn known_return(&self, request: &ReturnRequest<'_>, key: &str, line: i64, location: i64) -> Result<Option<bool>> {
        let key = format!("{}/{}/{} {key}", request.channel, request.order_id, request.line_id);
        one(
            &self.tx,
            "SELECT line_item_id = ?2 AND location_id = ?3 AND quantity = ?4 AND restocked = ?5 FROM return_line WHERE key = ?1",
            params![key, line, location, request.quantity, request.restock],
            |r| r.get(0),
        )
    }
}

fn key_used(key: &str) -> Error {
    Error::input("return/key-used", format!("the return {key} is known with another quantity or place"))
        .help("give this return a number of its own")
}
