//! Files carried by hand: a folder, here or on an SFTP server, where orders arrive, and from which stock and parcels leave.
//!
//! | in the folder | what it is |
//! |---|---|
//! | `orders/` | what arrives: CSV, JSON or XML, in purvey's own words or as a shop or marketplace exports orders |
//! | `orders/taken/`, `orders/done/` | what is being read, and what has been, where read files are moved |
//! | `results/NAME.json` | what became of the file of orders called NAME |
//! | `shipments/ORDER-PACKAGE.csv` | a parcel that has left |
//! | `stock/DIGEST.csv` | stock and prices that changed; the newest is the truth |
//!
//! A file is read when it is new or has changed, one a page; the cursor remembers those that lie there. Where read files
//! are moved (`when_read = "move"`, what an SFTP server is used to), one is claimed before it is read, by moving it to
//! `taken/`, which only one can do; and moved on to `done/` by the pull after the one that kept its orders. So a run that
//! dies in between finds it in `taken/`: read again when its orders were not kept, and only moved when they were.
mod taken;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::faults;
use super::parcels::settled;
use super::*;
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::intake::bytes::source::Source;
use crate::intake::detect;
use crate::intake::orders::file::{self, OrderFile};
use crate::order::{Order, State};
use crate::value::Currency;
use write::Format;

/// A file that was written so recently may be written still.
const SETTLE: Duration = Duration::from_secs(5);
const BATCH_MAX: usize = 10_000;

pub(super) struct Files {
    /// The account's name, for orders whose record names no marketplace.
    market: String,
    format: Format,
    /// Of amounts that name none.
    currency: Currency,
    /// Whether files that were read are moved.
    moves: bool,
    /// What the files of this run hold, so that none is fetched for every order that is looked for.
    held: Mutex<HashMap<String, Arc<Vec<Order>>>>,
}

pub(super) const OPTIONS: &[&str] = &["format", "currency", "when_read", "host_key"];

const ORDERS: &[&str] = &["orders"];

/// A file as the folder lists it.
#[derive(Debug, Clone, Deserialize)]
struct Listed {
    #[serde(rename = "file")]
    name: String,
    bytes: u64,
    modified: Timestamp,
}

/// The files that were read, and what tells that one has changed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    read: BTreeMap<String, String>,
}

impl Cursor {
    fn written(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::bug(format!("a cursor cannot be written: {e}")))
    }
}

impl Listed {
    fn state(&self) -> String {
        format!("{} {}", self.bytes, self.modified)
    }
}

impl Files {
    pub fn new(account: &Account) -> Result<Self> {
        let currency = account.option("currency").unwrap_or("EUR");
        let wrong = |name: &str, invalid: String, help: &str| {
            Error::usage("market/bad-option", invalid)
                .at(Place::file("purvey.toml").attribute(format!("market.{}.options.{name}", account.name)))
                .help(help)
        };
        let format = account.option("format").unwrap_or("csv");
        let when_read = account.option("when_read");
        let moves = match when_read.unwrap_or(if account.base_url.starts_with("sftp:") { "move" } else { "leave" }) {
            "move" => true,
            "leave" => false,
            other => {
                return Err(wrong("when_read", format!("a file cannot be made to `{other}`"), "it is leave or move"));
            }
        };
        Ok(Files {
            moves,
            held: Mutex::default(),
            market: account.name.clone(),
            format: Format::parse(format)
                .ok_or_else(|| wrong("format", format!("no format `{format}`"), "it is csv, json or xml"))?,
            currency: Currency::parse(currency).map_err(|e| wrong("currency", e.message, &e.help))?,
        })
    }

    fn list(&self, port: &dyn Port, folder: &[&str]) -> Result<Vec<Listed>> {
        let answer = port.send(Request::get("list", folder)?)?;
        if answer.status == 404 { Ok(Vec::new()) } else { answer.json() }
    }

    /// `None` when somebody has taken it away meanwhile.
    fn read(&self, port: &dyn Port, folder: &[&str], file: &Listed) -> Result<Option<Result<OrderFile>>> {
        let answer = port.send(Request::get("orders", &[folder, &[&file.name]].concat())?)?;
        if answer.status == 404 {
            return Ok(None);
        }
        let options = crate::intake::Options {
            kind: Some(detect::Kind::Orders),
            market: Some(self.market.clone()),
            ..crate::intake::Options::new(self.currency, file.modified)
        };
        let source = Source::bytes(&file.name, answer.body);
        Ok(Some(source.and_then(|source| file::read(source, &options))))
    }

    /// The orders of a file, fetched once.
    fn held(&self, port: &dyn Port, folder: &[&str], file: &Listed) -> Result<Arc<Vec<Order>>> {
        let key = format!("{} {} {}", folder.join("/"), file.name, file.state());
        let known = |held: &HashMap<_, _>| held.get(&key).cloned();
        if let Some(orders) = known(&self.held.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(orders);
        }
        let read = self.read(port, folder, file)?;
        let orders = Arc::new(read.and_then(Result::ok).map(|held| held.orders).unwrap_or_default());
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(key, orders.clone());
        Ok(orders)
    }

    /// Puts what a file holds on the page, and its result beside it. `false` when somebody has taken it away meanwhile.
    fn fill(&self, port: &dyn Port, folder: &[&str], file: &Listed, page: &mut OrderPage) -> Result<bool> {
        let Some(read) = self.read(port, folder, file)? else { return Ok(false) };
        let mut held =
            read.unwrap_or_else(|error| OrderFile { orders: Vec::new(), refused: vec![error.to_diagnostic()] });
        held.orders = once_each(held.orders);
        self.tell_result(port, file, &held.orders, &held.refused)?;
        page.unreadable = held.refused.iter().map(|why| unreadable(file, why)).collect();
        page.orders = held.orders;
        Ok(true)
    }

    fn put(&self, port: &dyn Port, place: &[&str], media_type: &str, bytes: Vec<u8>) -> Result<()> {
        let body = Body::Raw { media_type: media_type.to_owned(), bytes };
        port.send(Request::new(Method::Put, "write", place)?.body(body).repeatable()).map(drop)
    }

    /// What became of a file: written before it is kept here, and written again should it be read again.
    fn tell_result(&self, port: &dyn Port, file: &Listed, orders: &[Order], refused: &[Diagnostic]) -> Result<()> {
        let orders: Vec<&str> = orders.iter().map(|order| order.channel_order_id.as_str()).collect();
        let told = json!({ "file": file.name, "modified": file.modified, "orders": orders, "refused": refused });
        let text = serde_json::to_string_pretty(&told).map_err(|e| Error::bug(format!("a result: {e}")))?;
        self.put(port, &["results", &format!("{}.json", file.name)], "application/json", (text + "\n").into_bytes())
    }

    fn shipped(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        let mut parcels = Vec::new();
        for file in self.list(port, &["shipments"])? {
            if write::order_of(&file.name).as_deref() != Some(order_id) {
                continue;
            }
            let answer = port.send(Request::get("shipments", &["shipments", &file.name])?)?;
            if answer.status != 404 {
                let text = String::from_utf8_lossy(&answer.body);
                parcels.extend(Format::of(&file.name).and_then(|format| format.read_parcel(&text)));
            }
        }
        parcels.sort_by_key(|parcel| parcel.package_number);
        Ok(parcels)
    }
}

impl Connector for Files {
    fn describe(&self) -> Capabilities {
        Capabilities {
            overlap: Duration::ZERO,
            settle: SETTLE,
            shipments: Granularity::Quantity,
            several_parcels: true,
            acknowledge: Acknowledge::Never,
            pickup: false,
            cancel: false,
            batch_max: BATCH_MAX,
            stock_per_location: false,
            limits: &[],
        }
    }

    fn authorize(&self, _request: &mut Request, _credentials: &Secret, _now: Timestamp) -> Result<()> {
        Ok(())
    }

    fn pull(&self, port: &dyn Port, from: &PullFrom) -> Result<OrderPage> {
        let mut cursor: Cursor = match &from.cursor {
            None => Cursor::default(),
            Some(text) => serde_json::from_str(text).map_err(|e| {
                Error::input("market/cursor", format!("the stored cursor cannot be read: {e}"))
                    .help("pull again with --since to start anew")
                    .source(e)
            })?,
        };
        if self.moves {
            return self.take(port, from, cursor);
        }
        let files = self.list(port, ORDERS)?;
        // what was taken away need not be remembered
        cursor.read.retain(|name, _| files.iter().any(|file| file.name == *name));
        let is_new = |file: &&Listed| {
            file.modified <= from.until && cursor.read.get(&file.name).is_none_or(|read| *read != file.state())
        };
        let mut new = files.iter().filter(is_new);
        let (next, more) = (new.next(), new.next().is_some());
        let mut page = OrderPage { orders: Vec::new(), unreadable: Vec::new(), next: None, more };
        if let Some(file) = next {
            self.fill(port, ORDERS, file, &mut page)?;
            cursor.read.insert(file.name.clone(), file.state());
        }
        page.next = Some(cursor.written()?);
        Ok(page)
    }

    /// As the newest file that holds it has it.
    fn order(&self, port: &dyn Port, order_id: &str) -> Result<Option<Order>> {
        // what nobody claimed yet may be written still
        let folders: &[&[&str]] = if self.moves { &[taken::TAKEN, taken::DONE] } else { &[ORDERS] };
        let mut files = Vec::new();
        for folder in folders {
            files.extend(self.list(port, folder)?.into_iter().map(|file| (folder, file)));
        }
        files.sort_by_key(|(_, file)| file.modified);
        for (folder, file) in files.iter().rev() {
            let held = self.held(port, folder, file)?;
            if let Some(order) = held.iter().rfind(|order| order.channel_order_id == order_id) {
                return Ok(Some(order.clone()));
            }
        }
        Ok(None)
    }

    /// A folder says nothing of orders whose files were taken away.
    fn looks_again(&self) -> bool {
        false
    }

    fn parcels(&self, port: &dyn Port, order_id: &str) -> Result<Vec<Parcel>> {
        self.shipped(port, order_id)
    }

    fn ship(&self, port: &dyn Port, parcel: &Parcel) -> Result<Receipt> {
        let known = self.shipped(port, &parcel.order_id)?;
        let same = known.iter().find(|known| known.package_number == parcel.package_number);
        if let Some(receipt) = settled(parcel, &known, same.is_none())? {
            return Ok(receipt);
        }
        if self.order(port, &parcel.order_id)?.is_some_and(|order| order.state == Some(State::Canceled)) {
            return Err(faults::moved_on(&parcel.order_id, "canceled"));
        }
        let name = write::name_of(parcel, self.format);
        let text = self.format.write_parcel(parcel)?;
        self.put(port, &["shipments", &name], self.format.media_type(), text.into_bytes())?;
        Ok(Receipt::Done)
    }

    fn push(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let wrong = |offer: &OfferUpdate| offer.quantity.is_some_and(|quantity| quantity < 0);
        let good: Vec<&OfferUpdate> = offers.iter().filter(|offer| !wrong(offer)).collect();
        if !good.is_empty() {
            let text = self.format.write_offers(&good)?;
            let name = write::stock_name(&text, self.format);
            self.put(port, &["stock", &name], self.format.media_type(), text.into_bytes())?;
        }
        let result = |offer: &OfferUpdate| {
            let refused = wrong(offer).then(|| "its quantity is below zero".to_owned());
            ItemResult { sku: offer.sku.clone(), refused }
        };
        Ok(Submitted { job: None, results: offers.iter().map(result).collect() })
    }

    fn classify(&self, response: &Response) -> Verdict {
        faults::verdict(response, None)
    }
}

/// An order that stands twice in a file counts once, as it was last.
fn once_each(orders: Vec<Order>) -> Vec<Order> {
    let mut kept: Vec<Order> = Vec::with_capacity(orders.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for order in orders {
        match places.get(&order.channel_order_id).and_then(|at| kept.get_mut(*at)) {
            Some(other) if other.updated_at <= order.updated_at => *other = order,
            Some(_) => {}
            None => {
                places.insert(order.channel_order_id.clone(), kept.len());
                kept.push(order);
            }
        }
    }
    kept
}

fn unreadable(file: &Listed, why: &Diagnostic) -> Unreadable {
    let line = why.place.line.map(|line| format!(", line {line}")).unwrap_or_default();
    Unreadable { order_id: None, why: format!("{}{line}: {}", file.name, why.message) }
}
