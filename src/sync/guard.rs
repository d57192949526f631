//! Guards: what would do damage at a channel has to be meant by a person.
use crate::catalog::FeedRecord;
use crate::channel::{Channel, Missing, Unsent};
use crate::diagnostic::{Error, Kind, Place, Result};
use crate::feed::{Jumps, Prices};

/// A feed that loses more than this is held back, unless the shop says otherwise.
const SHRINK_PERCENT_MAX: u8 = 30;

/// Which share of a channel's offers may go at once.
fn shrink_percent(channel: &Channel) -> u64 {
    u64::from(channel.settings.shrink_percent_max.unwrap_or(SHRINK_PERCENT_MAX).min(100))
}

/// A price that changes by more than this is a jump, unless the shop says otherwise.
const PRICE_JUMP_PERCENT: u32 = 50;

/// By how much a price may change without being a jump.
pub(super) fn price_jump_percent(channel: &Channel) -> u32 {
    channel.settings.price_jump_percent.unwrap_or(PRICE_JUMP_PERCENT)
}

/// A feed in which more of its prices jump is held back, unless the shop says otherwise.
const PRICE_JUMP_SHARE_PERCENT_MAX: u8 = 25;

/// Lets a feed pass that shrank.
const SHRINK: &str = "--allow-shrink";

/// What a feed is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub offers: u64,
    pub in_stock: u64,
}

impl Extent {
    pub fn of(feed: &FeedRecord) -> Extent {
        Extent { offers: feed.offers, in_stock: feed.in_stock }
    }
}

/// What a guard leaves as it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Guarded<'a> {
    /// A feed, by the address of its file.
    Feed(&'a str),
    /// Offers that are told one by one.
    Offers,
}

impl Guarded<'_> {
    fn held(self, channel: &Channel, code: &'static str, message: &str, flag: &str, hint: &str) -> Error {
        let name = &channel.name;
        let (left, look) = match self {
            Guarded::Feed(place) => (
                format!("{place} was left as it was"),
                format!("build {name} --dry-run --explain` and `purvey feed diff {name}"),
            ),
            Guarded::Offers => ("of these none was told".to_owned(), format!("build {name} --dry-run --explain")),
        };
        let error = Error::new(Kind::Guard, code, format!("{message}; {left}"))
            .help(format!("if that is meant, add {flag}; else {hint}: `purvey feed {look}`"));
        match self {
            Guarded::Feed(place) => error.at(Place::file(place)),
            Guarded::Offers => error,
        }
    }
}

const LEFT_OUT: &str = "see what is left out, and why";

/// Holds a feed back that lost too much against the `last` one at `place`, where an offer that is missing is taken off.
///
/// # Errors
/// `feed/empty`, `feed/shrunk` and `feed/zeroed`.
pub fn guard(channel: &Channel, place: &str, last: Option<Extent>, new: Extent) -> Result<()> {
    if channel.contract.missing == Missing::Kept {
        return Ok(());
    }
    let Some(last) = last else {
        if new.offers == 0 {
            return Err(Error::new(
                Kind::Guard,
                "feed/empty",
                format!("{} would have no offers; nothing was written to {place}", channel.name),
            )
            .at(Place::file(place))
            .help("import what it is made of (products; for stores, locations and stock), or see above why all were left out; --allow-shrink writes it empty"));
        }
        return Ok(());
    };
    let percent = shrink_percent(channel);
    // new < last * (100 - percent) / 100, without rounding
    if new.offers * 100 < last.offers * (100 - percent) {
        let message = format!("{} would go from {} offers to {}", channel.name, last.offers, new.offers);
        return Err(Guarded::Feed(place).held(channel, "feed/shrunk", &message, SHRINK, LEFT_OUT));
    }
    if last.in_stock > 0 && new.in_stock == 0 {
        return Err(sold_out(channel, Guarded::Feed(place), last.in_stock));
    }
    Ok(())
}

/// Holds a feed back that stops sending an attribute which the `last` one at `place` had, where the channel empties it.
///
/// # Errors
/// `feed/unsent`.
pub fn guard_unsent(channel: &Channel, place: &str, last: Option<&FeedRecord>, sent: &[String]) -> Result<()> {
    let missing = last.and_then(|last| last.sent.iter().find(|name| !sent.contains(name)));
    let (Unsent::Reset, Some(name)) = (channel.contract.unsent, missing) else { return Ok(()) };
    let message = format!("{} would no longer be sent `{name}`, and would empty it in every offer", channel.name);
    Err(Guarded::Feed(place).held(channel, "feed/unsent", &message, SHRINK, "give it in the template again"))
}

/// Holds a feed back whose prices jumped against the `last` one at `place`: a currency mixed up, a decimal point lost.
///
/// # Errors
/// `feed/price-jump`.
pub fn guard_prices(channel: &Channel, place: &str, last: &Prices, new: &Prices) -> Result<()> {
    guard_jumps(channel, Guarded::Feed(place), last.jumps(new, price_jump_percent(channel)))
}

/// The same of prices whose jumps were counted.
///
/// # Errors
/// `feed/price-jump`.
pub(super) fn guard_jumps(channel: &Channel, guarded: Guarded<'_>, jumps: Jumps) -> Result<()> {
    let share = channel.settings.price_jump_share_percent_max.unwrap_or(PRICE_JUMP_SHARE_PERCENT_MAX);
    let Jumps { jumped, shared } = jumps;
    if jumped * 100 <= shared * u64::from(share) {
        return Ok(());
    }
    let percent = price_jump_percent(channel);
    let message = format!("{jumped} of {shared} prices of {} would change by more than {percent} %", channel.name);
    let hint = "look for a currency mixed up or a decimal point lost";
    Err(guarded.held(channel, "feed/price-jump", &message, "--allow-price-jump", hint))
}

/// Holds the removal of `gone` of the `there` offers back that are told one by one.
///
/// # Errors
/// `feed/shrunk`.
pub(super) fn guard_gone(channel: &Channel, gone: u64, there: u64) -> Result<()> {
    if gone * 100 <= there * shrink_percent(channel) {
        return Ok(());
    }
    let message = format!("{gone} of the {there} offers of {} would be taken off", channel.name);
    Err(Guarded::Offers.held(channel, "feed/shrunk", &message, SHRINK, LEFT_OUT))
}

/// That the last offers in stock, so many, no longer are.
pub(super) fn sold_out(channel: &Channel, guarded: Guarded<'_>, were: u64) -> Error {
    let message = format!("{} would go from {were} offers in stock to none", channel.name);
    guarded.held(channel, "feed/zeroed", &message, SHRINK, "see whether stock was imported")
}
