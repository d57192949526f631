//! Stock and prices by commands: one value, and the offers that get it. A command's id is ours, so that one whose answer
//! was lost can be sent again: Allegro takes each id once.
//!
//! A quantity must be above zero. An offer without units is ended, and one that has units again is activated.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wire;
use crate::diagnostic::{Error, Result};
use crate::market::faults::rejected;
use crate::market::{Body, ItemResult, Method, OfferUpdate, Polled, Port, Request, Submitted, made_up};

pub(super) const BATCH_MAX: usize = 500;
/// SKUs of one question for their offers.
const ASKED_MAX: usize = 100;
const TASKS_MAX: usize = 1_000;

/// What is polled: the commands, by kind and id, and whose offers they change.
#[derive(Serialize, Deserialize)]
struct Job {
    commands: Vec<(Kind, String)>,
    /// SKU by offer id.
    offers: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Quantity,
    Price,
    Publication,
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Kind::Quantity => "offer-quantity-change-commands",
            Kind::Price => "offer-price-change-commands",
            Kind::Publication => "offer-publication-commands",
        }
    }

    /// The name of what is changed, and how.
    fn body(self, change: &Value, offers: &[String]) -> Value {
        let name = if self == Kind::Publication { "publication" } else { "modification" };
        let offers: Vec<Value> = offers.iter().map(|id| json!({ "id": id })).collect();
        json!({ name: change, "offerCriteria": [{ "type": "CONTAINS_OFFERS", "offers": offers }] })
    }
}

/// Kind and change, as text so that equal ones meet, and the offers that get it.
type Commands = BTreeMap<(Kind, String), Vec<String>>;

pub(super) fn push(port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
    let (mut commands, mut results) = (Commands::new(), Vec::new());
    let mut job = Job { commands: Vec::new(), offers: BTreeMap::new() };
    for batch in offers.chunks(ASKED_MAX) {
        let known = known(port, batch)?;
        for offer in batch {
            let theirs = known.iter().filter(|theirs| sku_of(theirs) == Some(&offer.sku)).collect::<Vec<_>>();
            let refused = match changes(offer, &theirs) {
                Ok(changes) if changes.is_empty() => None,
                Ok(changes) => {
                    for (kind, change, id) in changes {
                        commands.entry((kind, change.to_string())).or_default().push(id.clone());
                        job.offers.insert(id, offer.sku.clone());
                    }
                    continue;
                }
                Err(why) => Some(why),
            };
            results.push(ItemResult { sku: offer.sku.clone(), refused });
        }
    }
    for ((kind, change), ids) in commands {
        let change: Value = serde_json::from_str(&change).unwrap_or(Value::Null);
        let id = made_up::id(&format!("{kind:?} {change} {ids:?}"), port.now());
        // an id that has been used is answered with 409: then it was this command, sent before
        let request = Request::new(Method::Put, "command", &["sale", kind.folder(), &id])?;
        let response = port.send(request.body(Body::Json(kind.body(&change, &ids))).repeatable())?;
        if !response.is_withheld() {
            job.commands.push((kind, id));
        }
    }
    if job.commands.is_empty() {
        return Ok(Submitted { job: None, results });
    }
    let job = serde_json::to_string(&job).map_err(|e| Error::bug(format!("a job cannot be written: {e}")))?;
    Ok(Submitted { job: Some(job), results })
}

/// Their offers of these SKUs.
fn known(port: &dyn Port, offers: &[OfferUpdate]) -> Result<Vec<wire::Offer>> {
    let mut request = Request::get("offers", &["sale", "offers"])?.query("limit", TASKS_MAX.to_string());
    for offer in offers {
        request = request.query("external.id", &offer.sku);
    }
    let told: wire::Offers = port.send(request)?.json()?;
    Ok(told.offers)
}

fn sku_of(theirs: &wire::Offer) -> Option<&String> {
    theirs.external.as_ref()?.id.as_ref()
}

/// What is to change at their offers of one SKU; nothing where they are as they should be.
fn changes(offer: &OfferUpdate, theirs: &[&wire::Offer]) -> Result<Vec<(Kind, Value, String)>, String> {
    if theirs.is_empty() {
        return Err("Allegro has no offer of it".to_owned());
    }
    let price = offer.price_now()?;
    let mut changes = Vec::new();
    for theirs in theirs {
        let mut change = |kind, change| changes.push((kind, change, theirs.id.clone()));
        let status = theirs.publication.as_ref().and_then(|publication| publication.status.as_deref());
        let is_ended = matches!(status, Some("ENDED"));
        match offer.quantity {
            Some(..0) => return Err("the quantity is below zero".to_owned()),
            Some(0) if is_ended => {}
            Some(0) => change(Kind::Publication, json!({ "action": "END" })),
            Some(units) => {
                if theirs.stock.as_ref().and_then(|stock| stock.available) != Some(units) {
                    change(Kind::Quantity, json!({ "changeType": "FIXED", "value": units }));
                }
                if is_ended {
                    change(Kind::Publication, json!({ "action": "ACTIVATE" }));
                }
            }
            None => {}
        }
        let Some(price) = &price else { continue };
        let now = theirs.selling_mode.as_ref().and_then(|mode| mode.price.as_ref());
        let is_it = |now: &wire::Amount| {
            now.currency == price.currency.code() && now.amount.minor(price.currency) == Ok(price.minor)
        };
        if !now.is_some_and(is_it) {
            let amount = json!({ "amount": price.to_decimal_string(), "currency": price.currency.code() });
            change(Kind::Price, json!({ "type": "FIXED_PRICE", "price": amount }));
        }
    }
    Ok(changes)
}

pub(super) fn poll(port: &dyn Port, job: &str) -> Result<Polled> {
    let job: Job = serde_json::from_str(job).map_err(|e| Error::bug(format!("`{job}` is no job: {e}")))?;
    let mut failed = Vec::new();
    for (kind, id) in &job.commands {
        let response = port.send(Request::get("command-status", &["sale", kind.folder(), id])?)?;
        if response.status == 404 {
            return Err(rejected(format!("Allegro does not know command {id}")));
        }
        let told: wire::Command = response.json()?;
        let count = told.task_count;
        if count.success.saturating_add(count.failed) < count.total {
            return Ok(Polled::Pending);
        }
        if count.failed > 0 {
            failed.push((*kind, id));
        }
    }
    let mut reasons: BTreeMap<&str, Vec<String>> = job.offers.values().map(|sku| (sku.as_str(), Vec::new())).collect();
    for (kind, id) in failed {
        let request = Request::get("command-tasks", &["sale", kind.folder(), id, "tasks"])?;
        let told: wire::Tasks = port.send(request.query("limit", TASKS_MAX.to_string()))?.json()?;
        for task in told.tasks.iter().filter(|task| task.status.as_deref() == Some("FAIL")) {
            let offer = task.offer.as_ref().and_then(|offer| offer.id.as_deref()).unwrap_or_default();
            let reasons = job.offers.get(offer).and_then(|sku| reasons.get_mut(sku.as_str()));
            let why = task.refusal.words().or_else(|| task.message.clone());
            reasons
                .into_iter()
                .for_each(|all| all.push(why.clone().unwrap_or_else(|| "Allegro gives no reason".to_owned())));
        }
    }
    let result = |(sku, reasons): (&str, Vec<String>)| ItemResult {
        sku: sku.to_owned(),
        refused: (!reasons.is_empty()).then(|| reasons.join("; ")),
    };
    Ok(Polled::Done(reasons.into_iter().map(result).collect()))
}
