//! Stock and prices, each a write of its own that is taken for later. The job holds their numbers; the number of an offer
//! itself is read from an export of all of them.
use std::collections::HashMap;
use std::sync::PoisonError;

use serde_json::{Value, json};

use super::{Bol, normal, write};
use crate::diagnostic::{Error, Kind, Result};
use crate::market::faults::rejected;
use crate::market::{ItemResult, Method, OfferUpdate, Polled, Port, Request, Submitted};
use crate::value::{Currency, Money};

/// Two calls each, at a limit of some tens a second.
pub(super) const BATCH_MAX: usize = 50;
/// The most that bol takes.
const UNITS_MAX: i64 = 999;
const CSV: &str = "application/vnd.retailer.v10+csv";

impl Bol {
    pub(super) fn set_offers(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let Some(known) = self.numbers(port)? else { return Ok(Submitted { job: None, results: Vec::new() }) };
        let (mut job, mut results) = (Vec::new(), Vec::new());
        for (nth, offer) in offers.iter().enumerate() {
            let told = match known.get(&offer.sku) {
                Some(id) => self.set(port, id, offer)?,
                None => Err("bol has no offer with this reference".to_owned()),
            };
            match told {
                Ok(processes) => job.extend(processes.into_iter().map(|process| format!("{nth}:{process}"))),
                Err(why) => results.push(ItemResult { sku: offer.sku.clone(), refused: Some(why) }),
            }
        }
        Ok(Submitted { job: (!job.is_empty()).then(|| job.join(" ")), results })
    }

    /// Numbers of the writes, or why there is none.
    fn set(&self, port: &dyn Port, id: &str, offer: &OfferUpdate) -> Result<Result<Vec<String>, String>> {
        let mut writes = Vec::new();
        if let Some(quantity) = offer.quantity {
            if quantity < 0 {
                return Ok(Err(format!("the quantity {quantity} is below zero")));
            }
            writes.push(("stock", json!({ "amount": quantity.min(UNITS_MAX), "managedByRetailer": true })));
        }
        if let Some(price) = offer.sale_price_minor.or(offer.price_minor) {
            match amount(price, offer.currency.as_deref()) {
                Ok(amount) => {
                    let prices = json!([{ "quantity": 1, "unitPrice": amount }]);
                    writes.push(("price", json!({ "pricing": { "bundlePrices": prices } })));
                }
                Err(why) => return Ok(Err(why)),
            }
        }
        let mut numbers = Vec::with_capacity(writes.len());
        for (what, body) in writes {
            // absolute values: twice is the same as once
            let request = write(Method::Put, what, &["retailer", "offers", id, what], body)?.repeatable();
            let answer = match port.send(request) {
                Err(refused) if refused.kind == Kind::Rejected => return Ok(Err(refused.message)),
                answer => answer?,
            };
            if answer.status == 404 {
                return Ok(Err("bol no longer has this offer".to_owned()));
            }
            if !answer.is_withheld() {
                let process: super::process::Process = answer.json()?;
                numbers.extend(process.process_status_id);
            }
        }
        Ok(Ok(numbers))
    }

    pub(super) fn poll_offers(&self, port: &dyn Port, job: &str, sent: &[OfferUpdate]) -> Result<Polled> {
        let parts: Vec<(usize, &str)> = job
            .split(' ')
            .map(|part| part.split_once(':').and_then(|(nth, id)| Some((nth.parse().ok()?, id))))
            .collect::<Option<_>>()
            .ok_or_else(|| Error::bug(format!("`{job}` is no job")))?;
        let ids: Vec<&str> = parts.iter().map(|(_, id)| *id).collect();
        let told = self.processes(port, &ids)?;
        if told.iter().any(|process| process.is_pending()) {
            return Ok(Polled::Pending);
        }
        let mut results: Vec<ItemResult> = Vec::new();
        for (nth, id) in parts {
            let Some(offer) = sent.get(nth) else { continue };
            let process = told.iter().find(|process| process.process_status_id.as_deref() == Some(id));
            let refused = match process {
                Some(process) => process.failure(),
                None => Some("bol no longer knows what became of it".to_owned()),
            };
            match results.iter_mut().find(|result| result.sku == offer.sku) {
                Some(result) => result.refused = result.refused.take().or(refused),
                None => results.push(ItemResult { sku: offer.sku.clone(), refused }),
            }
        }
        Ok(Polled::Done(results))
    }

    /// Offers by reference; `None` in a dry run, which cannot have them exported.
    fn numbers(&self, port: &dyn Port) -> Result<Option<HashMap<String, String>>> {
        let mut known = self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(Some(known.clone()));
        }
        let request = write(Method::Post, "export", &["retailer", "offers", "export"], json!({ "format": "CSV" }))?;
        let Some(process) = self.carry_out(port, request.repeatable())? else { return Ok(None) };
        let report = process.entity_id.ok_or_else(|| rejected("the export of offers has no number"))?;
        let request = Request::get("export", &["retailer", "offers", "export", &report])?.header("accept", CSV);
        let table = read_export(&port.send(request)?.body)?;
        Ok(Some(known.insert(table).clone()))
    }
}

/// A JSON number of two decimals; exact, since it has few digits.
fn amount(minor: i64, currency: Option<&str>) -> Result<Value, String> {
    let euro = Currency::parse(normal::CURRENCY).map_err(|invalid| invalid.message)?;
    match currency {
        Some(given) if given == euro.code() && minor > 0 => {
            serde_json::from_str(&Money::new(minor, euro).to_decimal_string()).map_err(|e| e.to_string())
        }
        Some(given) if given == euro.code() => Err("a price must be above zero".to_owned()),
        given => Err(format!("the price is in {}, bol sells in {}", given.unwrap_or("no currency"), euro.code())),
    }
}

fn read_export(bytes: &[u8]) -> Result<HashMap<String, String>> {
    let unreadable = |why: String| {
        Error::new(Kind::Unavailable, "market/unreadable", format!("the export of offers cannot be read: {why}"))
            .help("run it again; if it stays, please report it with this message")
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|e| unreadable(e.to_string()))?.clone();
    let column = |name: &str| header.iter().position(|known| known.trim_start_matches('\u{feff}') == name);
    let columns = column("offerId").zip(column("referenceCode").or_else(|| column("reference")));
    let (id, reference) = columns.ok_or_else(|| unreadable("it has no offerId or no referenceCode".to_owned()))?;
    let mut known = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|e| unreadable(e.to_string()))?;
        if let (Some(id), Some(sku)) = (record.get(id), record.get(reference).filter(|sku| !sku.is_empty())) {
            known.insert(sku.to_owned(), id.to_owned());
        }
    }
    Ok(known)
}
