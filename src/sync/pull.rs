//! Orders in, page by page: what a page holds and where it ended are committed together, so that a pull may be
//! repeated, overlap or die at any point. Cursor and overlap are the connector's; here a cursor is opaque.
use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Channel, Occasion, is_ours, keep};
use crate::catalog::{Applied, Change, Writer};
use crate::diagnostic::{Diagnostic, Kind, Result};
use crate::market::host::DryRun;
use crate::market::{Acknowledge, OrderPage, Port, PullFrom};
use crate::order::{Order, place};

/// The stream of the cursor.
const ORDERS: &str = "orders";
/// Pages of one pull; a listing that has more ends here and goes on at the next.
const PAGES_MAX: usize = 2_000;
/// Pages in a row without an order, though more are said to follow.
const EMPTY_PAGES_MAX: usize = 10;
/// A day without news, less an hour: a shop that pulls once a day does so at no exact moment.
const UNSEEN: SignedDuration = SignedDuration::from_hours(23);
/// Open orders asked for in one pull; the others are at the next.
const LOOKS_MAX: usize = 100;

#[derive(Debug, Default, Serialize)]
pub struct Pulled {
    pub pages: usize,
    #[serde(flatten)]
    pub applied: Applied,
    pub unreadable: usize,
    /// Open orders that were asked for one by one, since no listing had told of them for a day.
    pub looked_again: usize,
}

/// Reads everything new of a channel.
///
/// # Errors
/// Of the marketplace (`market/…`) or the catalog; pages read before it are committed, and the next pull goes on there.
pub fn pull(writer: &mut Writer, channel: &Channel<'_>, occasion: &Occasion<'_>) -> Result<Pulled> {
    let mut pulled = Pulled::default();
    ask_again(writer, channel, occasion, &mut pulled)?;
    let mut from = first(writer, channel, occasion)?;
    let mut watch = Watch::default();
    let dry = DryRun::over(channel.port);
    let port: &dyn Port = if occasion.dry_run { &dry } else { channel.port };
    let mut awaiting = Vec::new();
    while !occasion.stopped() {
        let page = channel.connector.pull(port, &from)?;
        let stuck = watch.is_stuck(&page, &from);
        awaiting = put_page(writer, channel, occasion, &page, &mut pulled)?;
        if let Some(finding) = stuck {
            pulled.applied.findings.push(finding.at(place(channel.name, "?", None)));
            break;
        }
        if !page.more {
            break;
        }
        from.cursor = page.next;
    }
    pulled.applied.findings.append(&mut awaiting);
    look_again(writer, channel, occasion, &mut pulled)?;
    Ok(pulled)
}

fn back(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn first(writer: &Writer, channel: &Channel<'_>, occasion: &Occasion<'_>) -> Result<PullFrom> {
    let first_days = SignedDuration::from_hours(24 * i64::from(channel.policy.first_days));
    let settle = SignedDuration::try_from(channel.connector.describe().settle).unwrap_or(SignedDuration::ZERO);
    Ok(PullFrom {
        cursor: if occasion.since.is_some() { None } else { writer.cursor(channel.name, ORDERS)? },
        since: occasion.since.unwrap_or_else(|| back(occasion.now, first_days)),
        until: back(occasion.now, settle),
    })
}

/// One page in one change. Returns the orders that wait for a person.
fn put_page(
    writer: &mut Writer,
    channel: &Channel<'_>,
    occasion: &Occasion<'_>,
    page: &OrderPage,
    pulled: &mut Pulled,
) -> Result<Vec<Diagnostic>> {
    let change = writer.change(occasion.now)?;
    let mut applied = change.put_orders(channel.name, &page.orders, &channel.policy.terms)?;
    for unreadable in &page.unreadable {
        let finding = change.put_unreadable(channel.name, unreadable.order_id.as_deref(), &unreadable.why)?;
        applied.findings.push(finding);
    }
    let mut awaiting = Vec::new();
    if channel.connector.describe().acknowledge != Acknowledge::Never {
        let (accepted, findings) = change.accept_waiting(channel.name, channel.policy.accept)?;
        applied.accepted += accepted;
        awaiting = findings;
    }
    if let Some(next) = &page.next {
        change.put_cursor(channel.name, ORDERS, next)?;
    }
    keep(change, occasion)?;
    pulled.pages += 1;
    pulled.unreadable += page.unreadable.len();
    pulled.applied.add(applied);
    Ok(awaiting)
}

/// Orders that could not be read in their page are asked for one by one, until they can be.
fn ask_again(writer: &mut Writer, channel: &Channel<'_>, occasion: &Occasion<'_>, pulled: &mut Pulled) -> Result<()> {
    for order_id in writer.unreadable(channel.name)? {
        let told = match channel.connector.order(channel.port, &order_id) {
            Ok(told) => told,
            Err(error) if is_ours(&error) => return Err(error),
            // Still unreadable, or out of reach: it stays on the list.
            Err(_) => {
                pulled.unreadable += 1;
                continue;
            }
        };
        let change = writer.change(occasion.now)?;
        if told.is_none() {
            change.forget_unreadable(channel.name, &order_id)?;
            let finding = Diagnostic::note("order/vanished", "an order that could not be read is no longer there");
            pulled.applied.findings.push(finding.at(place(channel.name, &order_id, None)));
        }
        put_one(change, channel, occasion, told, pulled)?;
    }
    Ok(())
}

/// Open orders of which nothing was heard for a day: some marketplaces do not list an order again that was canceled or
/// refunded, and lists have gaps. One that is gone there is said, and left to a person.
fn look_again(writer: &mut Writer, channel: &Channel<'_>, occasion: &Occasion<'_>, pulled: &mut Pulled) -> Result<()> {
    if !channel.connector.looks_again() {
        return Ok(());
    }
    let unseen = writer.unseen(channel.name, back(occasion.now, UNSEEN), LOOKS_MAX)?;
    for (n, order_id) in unseen.iter().enumerate() {
        if occasion.stopped() {
            break;
        }
        let told = channel.connector.order(channel.port, order_id);
        let change = writer.change(occasion.now)?;
        let told = match told {
            Ok(told) => told,
            // Of this order alone, so the others have their turn.
            Err(error) if error.code == "market/order-unreadable" || error.kind == Kind::Rejected => {
                let finding = change.put_unreadable(channel.name, Some(order_id), &error.message)?;
                pulled.applied.findings.push(finding);
                pulled.unreadable += 1;
                change.looked_for(channel.name, order_id)?;
                keep(change, occasion)?;
                continue;
            }
            Err(error) if error.kind == Kind::Unavailable => {
                let message =
                    format!("{} open orders could not be looked at again: {}", unseen.len() - n, error.message);
                let finding = Diagnostic::note("pull/look-postponed", message).at(place(channel.name, order_id, None));
                pulled.applied.findings.push(finding.help("they are asked for at the next pull"));
                break;
            }
            Err(error) => return Err(error),
        };
        pulled.looked_again += 1;
        if told.is_none() {
            let finding = Diagnostic::warning("order/gone", "the marketplace no longer knows this open order");
            let help = "look for it there; if it will not be fulfilled, `purvey orders cancel` gives its stock back";
            pulled.applied.findings.push(finding.at(place(channel.name, order_id, None)).help(help));
        }
        change.looked_for(channel.name, order_id)?;
        put_one(change, channel, occasion, told, pulled)?;
    }
    Ok(())
}

fn put_one(
    change: Change<'_>,
    channel: &Channel<'_>,
    occasion: &Occasion<'_>,
    told: Option<Order>,
    pulled: &mut Pulled,
) -> Result<()> {
    let told: Vec<Order> = told.into_iter().collect();
    pulled.applied.add(change.put_orders(channel.name, &told, &channel.policy.terms)?);
    keep(change, occasion)
}

/// Notices a listing that would never end.
#[derive(Default)]
struct Watch {
    seen: HashSet<(String, Timestamp)>,
    pages: usize,
    empty: usize,
}

impl Watch {
    fn is_stuck(&mut self, page: &OrderPage, from: &PullFrom) -> Option<Diagnostic> {
        self.pages += 1;
        let mut brought_new = !page.unreadable.is_empty();
        for order in &page.orders {
            brought_new |= self.seen.insert((order.channel_order_id.clone(), order.updated_at));
        }
        if !page.more {
            return None;
        }
        let bare = page.orders.is_empty() && page.unreadable.is_empty();
        self.empty = if bare { self.empty + 1 } else { 0 };
        let why = if page.next.is_none() || (page.next == from.cursor && !brought_new) {
            "the marketplace says more follows, but not where"
        } else if !bare && !brought_new {
            "the marketplace sends the same orders again and again"
        } else if self.empty > EMPTY_PAGES_MAX {
            "the marketplace sends empty pages and says more follows"
        } else if self.pages >= PAGES_MAX {
            "the listing did not end"
        } else {
            return None;
        };
        Some(Diagnostic::warning("pull/stuck", why).help("what was read is kept; the next pull goes on from there"))
    }
}
