//! A session with a marketplace as text: what a shop does, one `>` line a step, and below it what came of it.
//!
//! | step | does |
//! |---|---|
//! | `account refresh=R shop_id=S currency=EUR seller=A1` | the account; other words than these three are its options |
//! | `pull` | all pages from where the last pull ended |
//! | `order ID`, `parcels ID` | reads |
//! | `accept ID`, `refuse ID` | decides all lines |
//! | `ship ID package=1 carrier=ups number=1Z1 LINE:2 last` | one parcel; without lines all units |
//! | `cancel ID reason=15 LINE:1`, `ready ID`, `picked-up ID` | tells |
//! | `refund ID number=R1 reason=15 shipping=490 beyond=100 LINE:1@1290` | gives money back, in minor units |
//! | `push SKU=5 SKU=0@1290 SKU=3@1290/990` | units, price, sale price in minor units |
//! | `tell SKU={…}`, `gone SKU={…}` | whole offers as they are to be, or that have gone |
//! | `wrong` | what was found wrong with whole offers, all pages |
//! | `poll` | asks for the last job of either until it ends |
//!
//! `lost` at the end of a step says that the recording loses its answer, after which the session goes on.
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use purvey::diagnostic::{Error, Result};
use purvey::market::host::Clock;
use purvey::market::{
    Account, Cancellation, Connector, Decision, ItemResult, OfferUpdate, Parcel, Polled, Port, Problem, PullFrom,
    Receipt, Refund, Secret, Submitted, WholeOffer, Wrong,
};
use purvey::order::{Order, RefundLine};
use purvey::value::Currency;

const PAGES_MAX: usize = 50;
const POLLS_MAX: usize = 20;

/// Moves by what is slept, which takes no time.
pub struct Dream(Mutex<Timestamp>);

impl Dream {
    pub fn new() -> Arc<Dream> {
        Arc::new(Dream(Mutex::new(start())))
    }

    pub fn slept(&self) -> Duration {
        start().duration_until(self.now()).unsigned_abs()
    }
}

impl Clock for Dream {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, how_long: Duration) {
        *self.0.lock().unwrap() += how_long;
    }
}

/// When every session takes place.
pub fn start() -> Timestamp {
    "2026-11-25T09:00:00Z".parse().unwrap()
}

pub struct Script {
    path: PathBuf,
    lines: Vec<String>,
}

/// What came of a session.
#[derive(Default)]
pub struct Played {
    /// The script with what came of each step.
    pub text: String,
    /// As pulls brought them.
    pub orders: Vec<Order>,
    pub results: Vec<ItemResult>,
    pub errors: Vec<Error>,
}

impl Script {
    pub fn of(marketplace: &str, session: &str) -> Script {
        Script::read(&folder(marketplace).join(session).with_extension("txt"))
    }

    /// All sessions of a marketplace.
    pub fn all(marketplace: &str) -> Vec<Script> {
        let entries = fs::read_dir(folder(marketplace)).unwrap_or_else(|e| panic!("{marketplace} has no session: {e}"));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        paths.sort();
        assert!(!paths.is_empty(), "{marketplace} has no session");
        paths.iter().map(|path| Script::read(path)).collect()
    }

    fn read(path: &Path) -> Script {
        let text = fs::read_to_string(path).unwrap();
        let is_said = |line: &&str| line.is_empty() || line.starts_with("> ") || line.starts_with('#');
        Script { path: path.to_owned(), lines: text.lines().filter(is_said).map(str::to_owned).collect() }
    }

    /// The file, for what is expected and for `UPDATE`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its exchanges are.
    pub fn folder(&self) -> PathBuf {
        self.path.with_extension("")
    }

    pub fn begins_with_a_pull(&self) -> bool {
        let mut steps = self.lines.iter().filter_map(|line| line.strip_prefix("> "));
        steps.find(|step| !step.starts_with("account")) == Some("pull")
    }

    fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.lines.iter().filter_map(|line| line.strip_prefix("> account "));
        lines.flat_map(str::split_whitespace).map(|pair| pair.split_once('=').unwrap())
    }

    pub fn account(&self, base_url: &str, key: &str) -> Account {
        // where the key is a file, `key.json` stands in for it
        let file = fs::read_to_string(self.path.with_file_name("key.json"));
        let key = file.unwrap_or_else(|_| key.to_owned());
        let mut account = Account::new("recorded", base_url, Secret::new(key));
        for (name, value) in self.settings() {
            match name {
                "refresh" => account.refresh_token = Some(Secret::new(value)),
                "shop_id" => account.shop_id = Some(value.to_owned()),
                "currency" => {}
                option => drop(account.options.insert(option.to_owned(), value.to_owned())),
            }
        }
        account
    }

    /// Plays it to its end, or to the first request whose fate is unknown.
    pub fn play(&self, connector: &dyn Connector, port: &dyn Port) -> Played {
        let currency = self.settings().find(|(name, _)| *name == "currency").map_or("EUR", |(_, code)| code);
        let mut shop = Shop {
            connector,
            port,
            currency,
            cursor: None,
            seen: BTreeMap::new(),
            job: None,
            sent: Vec::new(),
            told: Vec::new(),
            played: Played::default(),
        };
        for line in &self.lines {
            writeln!(shop.played.text, "{line}").unwrap();
            let Some(step) = line.strip_prefix("> ") else { continue };
            if let Err(error) = shop.step(step) {
                shop.say(format!("error {}: {}", error.code, error.message));
                let ends = error.code == "market/outcome-unknown" && !step.ends_with(" lost");
                shop.played.errors.push(error);
                if ends {
                    break;
                }
            }
        }
        shop.played
    }
}

fn folder(marketplace: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/markets").join(marketplace)
}

struct Shop<'a> {
    connector: &'a dyn Connector,
    port: &'a dyn Port,
    currency: &'a str,
    cursor: Option<String>,
    seen: BTreeMap<String, Order>,
    job: Option<String>,
    sent: Vec<OfferUpdate>,
    /// Offers of the last `tell` that had no result.
    told: Vec<String>,
    played: Played,
}

impl Shop<'_> {
    fn say(&mut self, line: String) {
        writeln!(self.played.text, "  {line}").unwrap();
    }

    fn step(&mut self, step: &str) -> Result<()> {
        let mut words = step.split_whitespace();
        let (verb, words) = (words.next().unwrap(), words.collect::<Vec<_>>());
        let id = words.first().copied().unwrap_or_default();
        let (connector, port) = (self.connector, self.port);
        let receipt = match verb {
            "account" => return Ok(()),
            "pull" => return self.pull(),
            "order" => {
                match connector.order(port, id)? {
                    Some(order) => self.show(order),
                    None => self.say("none".to_owned()),
                }
                return Ok(());
            }
            "parcels" => {
                for parcel in connector.parcels(port, id)? {
                    self.say(of_parcel(&parcel));
                }
                return Ok(());
            }
            "push" => return self.push(&words),
            "poll" => return self.poll(),
            "wrong" => return self.wrong(),
            "tell" | "gone" => return self.tell(&words, verb == "gone"),
            "accept" | "refuse" => {
                let lines = self.lines(id, &[]).into_iter().map(|(line, _)| (line, verb == "accept")).collect();
                connector.acknowledge(port, &Decision { order_id: id.to_owned(), lines })?
            }
            "ship" => connector.ship(port, &self.parcel(id, &words))?,
            "cancel" => {
                let reason = value(&words, "reason").unwrap_or("15").to_owned();
                connector
                    .cancel(port, &Cancellation { order_id: id.to_owned(), lines: self.lines(id, &words), reason })?
            }
            "refund" => connector.refund(port, &self.refund(id, &words))?,
            "ready" => connector.ready_for_pickup(port, id)?,
            "picked-up" => connector.picked_up(port, id)?,
            other => panic!("no step {other}"),
        };
        self.say(if receipt == Receipt::Done { "done" } else { "already done" }.to_owned());
        Ok(())
    }

    fn tell(&mut self, words: &[&str], gone: bool) -> Result<()> {
        let offer = |word: &&str| {
            let (id, body) = word.split_once('=').unwrap();
            WholeOffer { id: id.to_owned(), body: serde_json::from_str(body).unwrap(), gone }
        };
        let offers: Vec<WholeOffer> = words.iter().map(offer).collect();
        let submitted = self.connector.tell(self.port, &offers)?;
        let is_open = |offer: &&WholeOffer| !submitted.results.iter().any(|result| result.sku == offer.id);
        self.told = offers.iter().filter(is_open).map(|offer| offer.id.clone()).collect();
        self.submitted(submitted);
        Ok(())
    }

    fn pull(&mut self) -> Result<()> {
        let settle = self.connector.describe().settle;
        for _ in 0..PAGES_MAX {
            let since = start() - Duration::from_secs(86_400);
            let from = PullFrom { cursor: self.cursor.clone(), since, until: start() - settle };
            let page = self.connector.pull(self.port, &from)?;
            for order in page.orders {
                self.played.orders.push(order.clone());
                self.show(order);
            }
            for unreadable in page.unreadable {
                self.say(format!("unreadable {:?}: {}", unreadable.order_id, unreadable.why));
            }
            self.cursor = page.next;
            if !page.more {
                self.say(format!("up to {}", self.cursor.clone().unwrap_or_default()));
                return Ok(());
            }
        }
        panic!("the pull never ends");
    }

    fn show(&mut self, order: Order) {
        for line in of_order(&order) {
            self.say(line);
        }
        self.seen.insert(order.channel_order_id.clone(), order);
    }

    /// `LINE:2` each; none: all lines with all units.
    fn lines(&self, id: &str, words: &[&str]) -> Vec<(String, i64)> {
        let named = words.iter().filter_map(|word| word.rsplit_once(':'));
        let named: Vec<_> = named.map(|(line, units)| (line.to_owned(), units.parse().unwrap())).collect();
        match self.seen.get(id) {
            Some(order) if named.is_empty() => {
                order.lines.iter().map(|line| (line.channel_line_id.clone(), line.quantity)).collect()
            }
            _ => named,
        }
    }

    fn refund(&self, id: &str, words: &[&str]) -> Refund {
        let minor = |name| value(words, name).map_or(0, |minor| minor.parse().unwrap());
        let lines = words.iter().filter_map(|word| word.split_once('@'));
        let line = |(named, amount): (&str, &str)| {
            let (line, units) = named.rsplit_once(':').unwrap();
            let (quantity, amount_minor) = (units.parse().unwrap(), amount.parse().unwrap());
            RefundLine { line_id: line.to_owned(), quantity, amount_minor }
        };
        let lines: Vec<RefundLine> = lines.map(line).collect();
        let of_lines: i64 = lines.iter().map(|line| line.amount_minor).sum();
        Refund {
            order_id: id.to_owned(),
            number: value(words, "number").unwrap_or("R1").to_owned(),
            amount_minor: of_lines + minor("shipping") + minor("beyond"),
            shipping_minor: minor("shipping"),
            lines,
            currency: Currency::parse(self.currency).unwrap(),
            reason: value(words, "reason").unwrap_or("15").to_owned(),
        }
    }

    fn parcel(&self, id: &str, words: &[&str]) -> Parcel {
        Parcel {
            order_id: id.to_owned(),
            package_number: value(words, "package").map_or(1, |number| number.parse().unwrap()),
            lines: self.lines(id, words),
            carrier: value(words, "carrier").unwrap_or("ups").replace('_', " "),
            tracking_number: value(words, "number").map(str::to_owned),
            shipped_at: start(),
            location: None,
            last: words.contains(&"last"),
        }
    }

    fn push(&mut self, words: &[&str]) -> Result<()> {
        self.sent = words.iter().map(|word| offer(word, self.currency)).collect();
        self.told.clear();
        let submitted = self.connector.push(self.port, &self.sent)?;
        self.submitted(submitted);
        Ok(())
    }

    fn submitted(&mut self, submitted: Submitted) {
        for result in submitted.results {
            self.answered(result);
        }
        if let Some(job) = &submitted.job {
            self.say(format!("job {}", without_made_up_ids(job)));
        }
        self.job = submitted.job;
    }

    fn poll(&mut self) -> Result<()> {
        let job = self.job.clone().unwrap_or_default();
        for _ in 0..POLLS_MAX {
            let told: Vec<&str> = self.told.iter().map(String::as_str).collect();
            let polled = match told.as_slice() {
                [] => self.connector.poll(self.port, &job, &self.sent)?,
                told => self.connector.poll_told(self.port, &job, told)?,
            };
            if let Polled::Done(results) = polled {
                results.into_iter().for_each(|result| self.answered(result));
                return Ok(());
            }
            self.say("pending".to_owned());
        }
        panic!("{job} never ends");
    }

    fn wrong(&mut self) -> Result<()> {
        let mut page = None;
        for _ in 0..PAGES_MAX {
            let Some(found) = self.connector.found_wrong(self.port, page.as_deref())? else { return Ok(()) };
            for Wrong { id, problems } in found.offers {
                self.say(if problems.is_empty() { format!("{id} is all right") } else { format!("{id}:") });
                for Problem { disapproved, words } in problems {
                    self.say(format!("  {} {words}", if disapproved { "disapproved," } else { "demoted," }));
                }
            }
            page = found.next;
            if page.is_none() {
                return Ok(());
            }
        }
        panic!("the pages never end");
    }

    fn answered(&mut self, result: ItemResult) {
        self.say(format!("{}: {}", result.sku, result.refused.as_deref().unwrap_or("taken")));
        self.played.results.push(result);
    }
}

fn value<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.split_once('=').filter(|(known, _)| *known == name)).map(|(_, value)| value)
}

fn offer(word: &str, currency: &str) -> OfferUpdate {
    let (sku, told) = word.rsplit_once('=').unwrap();
    let (quantity, prices) = told.split_once('@').map_or((told, None), |(quantity, prices)| (quantity, Some(prices)));
    let (price, sale) = prices.map_or((None, None), |prices| match prices.split_once('/') {
        Some((price, sale)) => (Some(price), Some(sale)),
        None => (Some(prices), None),
    });
    OfferUpdate {
        sku: sku.to_owned(),
        quantity: Some(quantity.parse().unwrap()),
        price_minor: price.map(|minor| minor.parse().unwrap()),
        sale_price_minor: sale.map(|minor| minor.parse().unwrap()),
        currency: price.map(|_| currency.to_owned()),
    }
}

/// UUIDs are made up by a connector, and are others at every run.
fn without_made_up_ids(job: &str) -> String {
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words = job.split_inclusive(|c| !is_id(c));
    words.map(|word| if word.trim_end_matches(|c| !is_id(c)).len() == 36 { "… " } else { word }).collect()
}

fn of_order(order: &Order) -> Vec<String> {
    let state = order.state.map_or("unknown", |state| state.as_str());
    let place = order.pickup_point.as_ref().map(|point| format!(" at {point}")).unwrap_or_default();
    let mut told = vec![format!(
        "{} {state} ({}), {}{place}, {} {} with {} for shipping, placed {}, updated {}{}",
        order.channel_order_id,
        order.channel_state,
        order.fulfillment.as_str(),
        order.currency.code(),
        order.total_minor,
        order.shipping_minor,
        order.placed_at,
        order.updated_at,
        order.acknowledge_by.map(|by| format!(", answer by {by}")).unwrap_or_default(),
    )];
    for line in &order.lines {
        told.push(format!(
            "  {}: {} × {:?} at {}, tax {}, canceled {}, shipped {}, listing {:?}, GTIN {:?}, {:?}",
            line.channel_line_id,
            line.quantity,
            line.channel_sku,
            line.price_minor,
            line.tax_minor,
            line.canceled,
            line.shipped,
            line.listing_id,
            line.gtin,
            line.title,
        ));
    }
    for refund in &order.refunds {
        let lines: Vec<String> =
            refund.lines.iter().map(|l| format!(" {}:{}@{}", l.line_id, l.quantity, l.amount_minor)).collect();
        told.push(format!("  refunded {} as {}{}", refund.amount_minor, refund.id, lines.join("")));
    }
    if let Some(buyer) = &order.buyer {
        let to = buyer.address.as_ref().map(|to| {
            let region = to.region.as_deref().unwrap_or("-");
            format!("{} | {} | {} | {region} | {}", to.street.replace('\n', " / "), to.zip, to.city, to.country)
        });
        told.push(format!("  for {} | {}", buyer.name, to.unwrap_or_default()));
    }
    told
}

fn of_parcel(parcel: &Parcel) -> String {
    let lines: Vec<String> = parcel.lines.iter().map(|(line, units)| format!("{line}:{units}")).collect();
    format!(
        "parcel {} with {} by {} under {}, {}",
        parcel.package_number,
        lines.join(" "),
        parcel.carrier,
        parcel.tracking_number.as_deref().unwrap_or("no number"),
        parcel.shipped_at,
    )
}
