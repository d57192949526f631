//! Guards: what would do damage at a channel has to be meant by a person.
use crate::catalog::FeedRecord;
use crate::channel::{Channel, Missing, Unsent};
use crate::diagnostic::{Error, Kind, Place, Result};
use crate::feed::{Jumps, Prices};

/// A feed that loses more than this is held back, unless the shop says otherwise.
const SHRINK_PERCENT_MAX: u8 = 30;

/// Which share of a channel's offers may go at once.
pub(super) fn shrink_percent(channel: &Channel) -> u64 {
    u64::from(channel.settings.shrink_percent_max.unwrap_or(SHRINK_PERCENT_MAX).min(100))
}

/// A price that changes by more than this is a jump, unless the shop says otherwise.
const PRICE_JUMP_PERCENT: u32 = 50;
/// A feed in which more of its prices jump is held back, unless the shop says otherwise.
const PRICE_JUMP_SHARE_PERCENT_MAX: u8 = 25;

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

/// Holds a feed back that lost too much against the `last` one at `place`, where an offer that is missing is taken off.
///
/// # Errors
/// `feed/empty`, `feed/shrunk` and `feed/zeroed`.
pub fn guard(channel: &Channel, place: &str, last: Option<Extent>, new: Extent) -> Result<()> {
    if channel.contract.missing == Missing::Kept {
        return Ok(());
    }
    let held = |code: &'static str, message: String| {
        Err(Error::new(Kind::Guard, code, format!("{message}; {place} was left as it was"))
            .at(Place::file(place))
            .help("if that is meant, add --allow-shrink; else see what was left out and why above"))
    };
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
        return held("feed/shrunk", format!("{} would go from {} offers to {}", channel.name, last.offers, new.offers));
    }
    if last.in_stock > 0 && new.in_stock == 0 {
        return held(
            "feed/zeroed",
            format!("{} would go from {} offers in stock to none", channel.name, last.in_stock),
        );
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
    Err(Error::new(Kind::Guard, "feed/unsent", format!("{message}; {place} was left as it was"))
        .at(Place::file(place))
        .help("if that is meant, add --allow-shrink; else give it in the template again"))
}

/// Holds a feed back whose prices jumped against the `last` one at `place`: a currency mixed up, a decimal point lost.
///
/// # Errors
/// `feed/price-jump`.
pub fn guard_prices(channel: &Channel, place: &str, last: &Prices, new: &Prices) -> Result<()> {
    let percent = channel.settings.price_jump_percent.unwrap_or(PRICE_JUMP_PERCENT);
    let share = channel.settings.price_jump_share_percent_max.unwrap_or(PRICE_JUMP_SHARE_PERCENT_MAX);
    let Jumps { jumped, shared } = last.jumps(new, percent);
    if jumped * 100 <= shared * u64::from(share) {
        return Ok(());
    }
    let message = format!("{jumped} of {shared} prices of {} would change by more than {percent} %", channel.name);
    Err(Error::new(Kind::Guard, "feed/price-jump", format!("{message}; {place} was left as it was"))
        .at(Place::file(place))
        .help("if that is meant, add --allow-price-jump; else look for a currency mixed up or a decimal point lost"))
}
