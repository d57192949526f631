//! Packing, numbers, canceling.
//!
//! Packing answers 200 before it is done, and may fail afterwards: only the posting itself tells. Numbers and the word that
//! it has left are results inside a 200.
use serde::Deserialize;
use serde_json::{Value, json};

use super::normal::{self, Told};
use super::{Ozon, call};
use crate::diagnostic::{Error, Kind, Result};
use crate::market::faults::{moved_on, not_yet, order_unreadable, rejected};
use crate::market::json::moment;
use crate::market::parcels::settled;
use crate::market::{Cancellation, Parcel, Port, Receipt, whole};
use crate::order::State;

#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    result: Vec<OfPosting>,
}

#[derive(Deserialize)]
struct OfPosting {
    #[serde(default)]
    result: bool,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct Canceled {
    #[serde(default)]
    result: bool,
}

impl Ozon {
    pub(super) fn ship_posting(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let order_id = parcel.order_id.as_str();
        let mut told = self.expect(port, order_id)?;
        match normal::state(&told) {
            Some(State::AwaitingPayment) => return Err(not_yet(order_id, &told.words())),
            Some(State::Canceled) | None => return Err(moved_on(order_id, &told.words())),
            Some(_) => {}
        }
        let packs = told.is_to_be_packed();
        if packs {
            if !self.pack(port, &told, parcel)? {
                return Ok(Receipt::Done);
            }
            told = self.expect(port, order_id)?;
            if told.is_to_be_packed() {
                return Err(not_packed(&told));
            }
        }
        if !told.is_ours_to_deliver() {
            return Ok(if packs { Receipt::Done } else { Receipt::AlreadyDone });
        }
        let known: Vec<Parcel> = known(&told).into_iter().collect();
        let left = normal::state(&told) != Some(State::Ready);
        let numbered = settled(parcel, &known, known.is_empty() && !left)?.is_some();
        if let Some(number) = parcel.tracking_number.as_deref().filter(|_| !numbered) {
            let numbers = json!([{ "posting_number": order_id, "tracking_number": number }]);
            self.say(
                port,
                &["v2", "fbs", "posting", "tracking-number", "set"],
                json!({ "tracking_numbers": numbers }),
            )?;
        }
        if left {
            return Ok(Receipt::AlreadyDone);
        }
        self.say(port, &["v2", "fbs", "posting", "delivering"], json!({ "posting_number": [order_id] }))?;
        Ok(Receipt::Done)
    }

    /// All of a posting into one package. `false` in a dry run.
    fn pack(&self, port: &dyn Port, told: &Told, parcel: &Parcel) -> Result<bool> {
        let whole = told.products.iter().all(|product| {
            let id = product.sku.to_string();
            parcel.lines.iter().any(|(line, units)| *line == id && *units == product.quantity)
        });
        if !whole {
            return Err(rejected(format!("a parcel takes all of posting {}, or none of it", told.posting_number))
                .help("split the posting on Ozon's pages: each part comes as an order of its own"));
        }
        if told.is_multibox {
            return Err(rejected(format!("a product of posting {} is in several boxes", told.posting_number))
                .help("tell Ozon on its pages how many they are, then `purvey outbox retry` it"));
        }
        let products = told.products.iter().map(|p| json!({ "product_id": p.sku, "quantity": p.quantity }));
        let packages = json!([{ "products": products.collect::<Vec<_>>() }]);
        let body = json!({ "packages": packages, "posting_number": told.posting_number });
        Ok(!port.send(call("ship", &["v4", "posting", "fbs", "ship"], body)?)?.is_withheld())
    }

    /// How something is to be, of one posting.
    fn say(&self, port: &dyn Port, path: &[&str], body: Value) -> Result<()> {
        let answer = port.send(call("tell", path, body)?.repeatable())?;
        if answer.is_withheld() {
            return Ok(());
        }
        let told: Results = answer.json()?;
        match told.result.into_iter().next() {
            Some(OfPosting { result: true, .. }) => Ok(()),
            Some(OfPosting { error, .. }) if !error.is_empty() => Err(rejected(error)),
            _ => Err(rejected("the marketplace gives no reason")),
        }
    }

    pub(super) fn cancel_posting(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let order_id = cancellation.order_id.as_str();
        let told = normal::order(self.expect(port, order_id)?).map_err(|why| order_unreadable(order_id, &why))?;
        // afterwards a posting does not say what was canceled of it, so a repeat could not be told from a second cancel
        if let Some(receipt) = whole::settled(&told, cancellation)? {
            return Ok(receipt);
        }
        let (id, words) = reason(&cancellation.reason)?;
        let mut body = json!({ "cancel_reason_id": id, "posting_number": order_id });
        if !words.is_empty() {
            body["cancel_reason_message"] = json!(words);
        }
        let answer = port.send(call("cancel", &["v2", "posting", "fbs", "cancel"], body)?.repeatable())?;
        let told = if answer.is_withheld() { Canceled { result: true } } else { answer.json()? };
        if told.result { Ok(Receipt::Done) } else { Err(rejected("Ozon did not cancel the posting")) }
    }
}

fn not_packed(told: &Told) -> Error {
    let message = format!("posting {} is not packed yet: {}", told.posting_number, told.words());
    Error::new(Kind::Unavailable, "market/not-yet", message).help("nothing is lost: it is tried again on the next run")
}

/// One of Ozon's numbers for reasons; the words after it are shown, and needed for any other reason.
fn reason(text: &str) -> Result<(i64, &str)> {
    let (id, words) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let words = words.trim();
    match id.parse() {
        Ok(OTHER) if words.is_empty() => {
            Err(rejected("reason 402 needs words").help("write it as `--reason \"402 the shade is broken\"`"))
        }
        Ok(id) => Ok((id, words)),
        Err(_) => Err(rejected(format!("`{text}` is none of Ozon's reasons"))
            .help("352: none left; 400: only broken ones left; 402 and words: any other")),
    }
}

/// "Other reason".
const OTHER: i64 = 402;

/// A number that was told; of one that is packed for Ozon to deliver, a parcel without: the number it shows is Ozon's own.
pub(super) fn known(told: &Told) -> Option<Parcel> {
    let packed =
        !told.is_to_be_packed() && !matches!(normal::state(told), Some(State::AwaitingPayment | State::Canceled));
    let left = packed && normal::state(told) != Some(State::Ready);
    let ours = told.is_ours_to_deliver();
    if !packed || (ours && !left && told.number().is_none()) {
        return None;
    }
    Some(Parcel {
        order_id: told.posting_number.clone(),
        package_number: 1,
        lines: told.products.iter().map(|product| (product.sku.to_string(), product.quantity)).collect(),
        carrier: String::new(),
        tracking_number: told.number().filter(|_| ours).map(str::to_owned),
        shipped_at: moment(told.delivering_date.as_deref().unwrap_or(&told.in_process_at)).unwrap_or_default(),
        location: None,
        last: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_number_and_words() {
        assert_eq!(reason("352").unwrap(), (352, ""));
        assert_eq!(reason("402 the shade is broken").unwrap(), (402, "the shade is broken"));
        for wrong in ["402", "", "sold out"] {
            assert_eq!(reason(wrong).unwrap_err().code, "market/rejected", "{wrong}");
        }
    }
}
