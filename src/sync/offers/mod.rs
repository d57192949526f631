//! Whole offers out, one by one: those that are new, changed or gone since the channel last accepted them.
//!
//! Where to look is told by revisions and by the clock; what is told is decided by a hash of each offer's text. Once a
//! day, and whenever contract, template or settings have changed, every offer is compared. A channel that answers later
//! names a job, and a later run asks for it: what it carries is neither told again meanwhile nor taken for accepted.
mod found;
mod teller;
mod underway;

pub(super) use self::found::read_issues;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use self::teller::Teller;
use self::underway::Underway;
use super::{Channel, Occasion};
use crate::catalog::{ToldUpTo, Writer};
use crate::channel::{self, Format, Guarded};
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result};
use crate::feed::{Findings, Job};
use crate::shop::Shop;
use crate::value::time::to_utc_text;

/// Every offer is compared when the last time was so long ago.
const FULL_HOURS: i64 = 24;
/// An offer that would expire is told again so many days before, and those told on one day over as many days.
const SPREAD_DAYS: i64 = 10;
/// Days that are left when the last of them is told again.
const SPARE_DAYS: i64 = 3;

#[derive(Debug, Default, Serialize)]
pub struct Told {
    /// Offers that were compared.
    pub compared: u64,
    /// Offers that could not be shaped for the channel; they are taken off if they were there.
    pub left_out: u64,
    pub new: usize,
    pub changed: usize,
    pub gone: usize,
    /// Told again as they were, since they would have expired.
    pub renewed: usize,
    pub refused: usize,
    /// Refused three times as they are, and not told until they change.
    pub parked: usize,
    /// Not told this time; they are at the next run.
    pub postponed: usize,
    /// Handed over in this run; the channel answers later.
    pub handed_over: usize,
    /// All that the channel still has to answer for.
    pub underway: usize,
    /// Changed again before the channel has answered for them: they are told when it has.
    pub held: usize,
    /// What the channel does not show, and did when it was last asked.
    pub disapproved: usize,
    /// Whether every offer was compared.
    pub full: bool,
    /// What a guard said of the rest: `feed/shrunk`, `feed/zeroed`, `feed/price-jump`.
    #[serde(skip)]
    pub held_back: Option<Error>,
    #[serde(skip)]
    pub findings: Vec<Diagnostic>,
}

impl Told {
    /// Whether the channel has, or will have, something else than before.
    pub fn changed_something(&self) -> bool {
        self.new + self.changed + self.gone + self.renewed + self.handed_over > 0
    }

    /// An error that will be better another time is a finding; all else is the caller's.
    fn forgive(&mut self, error: Error, market: &str) -> Result<()> {
        if !matches!(error.kind, Kind::Unavailable | Kind::Rejected | Kind::Input) {
            return Err(error);
        }
        self.postponed = self.postponed.max(1);
        self.findings.push(
            Diagnostic::warning("offer/postponed", format!("not all offers could be told: {}", error.message))
                .at(Place::default().attribute("channel").value(market))
                .help("the rest is told at the next run"),
        );
        Ok(())
    }
}

/// How it is to be told.
#[derive(Debug, Clone, Copy, Default)]
pub struct TellOptions {
    /// Compare every offer, whatever the revisions say.
    pub full: bool,
    /// Take off as many offers as are gone, and let all run out of stock.
    pub allow_shrink: bool,
    /// Change as many prices as much as they did.
    pub allow_price_jump: bool,
}

/// Tells `market` the offers of its channel.
///
/// # Errors
/// Of the catalog, the template, credentials. What one offer meets is in the findings.
pub fn tell_offers(
    shop: &Shop,
    writer: &mut Writer,
    market: &Channel<'_>,
    options: TellOptions,
    occasion: &Occasion<'_>,
    findings: &mut Findings<'_>,
) -> Result<Told> {
    let Some(name) = shop.market(market.name)?.offers.as_deref() else { return Ok(Told::default()) };
    if market.connector.tell_max() == 0 {
        return Err(Error::usage("market/takes-no-offers", format!("{} takes no whole offers", market.name))
            .at(Place::file("purvey.toml").attribute(format!("market.{}.offers", market.name)))
            .help("leave `offers` out; stock and prices are told without it"));
    }
    let mut channel = shop.channel(name)?;
    let formats = || channel.contract.format.iter();
    let lines = formats().find(|(_, format)| format.is_lines()).map(|(name, format)| (name, format.clone()));
    let as_lines = || formats().find_map(|(name, format)| Some((name, format.as_lines()?)));
    let (format_name, format) = lines.or_else(as_lines).ok_or_else(|| {
        Error::usage("channel/no-lines", format!("{name} has no format in which offers can be told one by one"))
            .at(Place::file(&channel.contract_file))
            .help("such a format is of kind json, without nest")
    })?;
    channel.check_format(format_name)?;
    let mut done = Told::default();
    let Some(underway) = Underway::settle(writer, market, occasion, &mut done)? else { return Ok(done) };
    let reader = shop.catalog.read()?;
    let up_to = ToldUpTo {
        revision: reader.revision()?,
        at: occasion.now,
        shape: fingerprint(shop, &channel),
        full_at: occasion.now,
    };
    let round = Round { shop, format, now: to_utc_text(occasion.now), changed: reader.changed_at()? };
    drop(reader);
    let before = writer.told_up_to(market.name)?;
    let expires = channel.contract.expires_days.map(i64::from);
    let since = before.filter(|before| !options.full && before.shape == up_to.shape && !is_old(before, occasion.now));
    if let Some(since) = &since {
        let told_before = expires.and_then(|days| days_ago(occasion.now, days - SPARE_DAYS - SPREAD_DAYS));
        let skus = writer.changed_skus(market.name, since, occasion.now, told_before)?;
        if skus.is_empty() {
            return Ok(done);
        }
        channel.part = Some(skus);
    }
    done.full = since.is_none();
    let mut teller = Teller::new(writer, market, occasion, options, &channel, underway, done);
    let told = teller.tell(&round, findings);
    let (mut done, stopped) = teller.leave();
    match (told, stopped) {
        // the error that ended the build says less than what caused it
        (_, Some(error)) => {
            done.forgive(error, market.name)?;
            return Ok(done);
        }
        (Err(error), None) if error.kind == Kind::Guard => {
            done.held_back = Some(error);
            return Ok(done);
        }
        (told, None) => told?,
    }
    if done.postponed + done.held == 0 && !occasion.dry_run {
        let full_at = since.map_or(up_to.full_at, |since| since.full_at);
        let change = writer.change(occasion.now)?;
        change.put_told_up_to(market.name, &ToldUpTo { full_at, ..up_to })?;
        change.commit()?;
    }
    Ok(done)
}

/// What all looks at the catalog in one run have in common.
struct Round<'a> {
    shop: &'a Shop,
    format: Format,
    now: String,
    changed: String,
}

impl Round<'_> {
    fn look<T>(&self, channel: &channel::Channel, work: impl FnOnce(&Job<'_>) -> Result<T>) -> Result<T> {
        let located = |error| self.shop.locate(error);
        let guarded = Guarded::open(&self.shop.catalog, Some(&self.shop.dir), channel).map_err(located)?;
        let Round { format, now, changed, .. } = self;
        work(&Job { channel, guarded: &guarded, now, format, changed, beside: false }).map_err(located)
    }
}

fn is_old(before: &ToldUpTo, now: Timestamp) -> bool {
    now.duration_since(before.full_at) >= SignedDuration::from_hours(FULL_HOURS) || before.at > now
}

fn days_ago(now: Timestamp, days: i64) -> Option<Timestamp> {
    now.checked_sub(SignedDuration::from_hours(24 * days.max(1))).ok()
}

/// Of everything besides the catalog that decides what an offer says.
fn fingerprint(shop: &Shop, channel: &channel::Channel) -> String {
    let mut text = format!("{} {channel:?}", env!("CARGO_PKG_VERSION"));
    let lists = channel.settings.include.iter().chain(&channel.settings.exclude).filter_map(|l| l.strip_prefix('@'));
    let maps = std::fs::read_dir(shop.path("maps")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = maps.chain(lists.map(|file| shop.path(file))).collect();
    files.sort();
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_default();
        text.push_str(&format!("\n{} {:x}", file.display(), xxh3_64(&bytes)));
    }
    format!("{:032x}", xxh3_128(text.as_bytes()))
}
