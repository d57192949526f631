//! OR11 to OR30: reading orders, deciding on them, canceling them, and shipping them whole.
use super::{Answer, PAGE_MAX, Params, Room, date, json_body, no_content, ok, page, param};
use crate::sandbox::faults::Plan;
use crate::sandbox::listing::{Words, novelty};
use crate::sandbox::market::{Market, Refusal};
use crate::sandbox::model::{Order, OrderState, Tracking};
use crate::sandbox::wire;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Number, Value, json};

/// The platform looks back a little further than it is asked to; how far is not published.
const SAFETY_DELTA: SignedDuration = SignedDuration::from_secs(60);

const WORDS: Words = Words {
    order: |market, order| wire::order(order, &market.shipments),
    state: "/order_state",
    lines: "/order_lines",
    released: OrderState::WaitingAcceptance,
};

/// What OR11 was asked for.
struct OrderQuery {
    created: (Option<Timestamp>, Option<Timestamp>),
    updated: (Option<Timestamp>, Option<Timestamp>),
    states: Vec<OrderState>,
    ids: Vec<String>,
    newest_first: bool,
    offset: usize,
    max: usize,
}

impl OrderQuery {
    fn parse(params: &[(String, String)]) -> Result<Self, Refusal> {
        let list = |name| param(params, name).into_iter().flat_map(|v| v.split(',')).filter(|v| !v.is_empty());
        let ids: Vec<String> = list("order_ids").map(str::to_owned).collect();
        if ids.len() > PAGE_MAX {
            return Err(Refusal::invalid(format!("order_ids holds more than {PAGE_MAX} identifiers.")));
        }
        let state = |code: &str| {
            serde_json::from_value(json!(code)).map_err(|_| Refusal::invalid(format!("'{code}' is no order state.")))
        };
        if let Some(sort) = param(params, "sort").filter(|sort| *sort != "dateCreated") {
            return Err(Refusal::invalid(format!("Orders cannot be sorted by '{sort}'.")));
        }
        let since = date(params, "start_update_date")?;
        let (offset, max) = page(params)?;
        Ok(OrderQuery {
            created: (date(params, "start_date")?, date(params, "end_date")?),
            updated: (since.map(|t| t.saturating_sub(SAFETY_DELTA).unwrap_or(t)), date(params, "end_update_date")?),
            states: list("order_state_codes").map(state).collect::<Result<_, _>>()?,
            ids,
            newest_first: param(params, "order") == Some("desc"),
            offset,
            max,
        })
    }

    fn wants(&self, order: &Order) -> bool {
        let within = |at, (from, to): (Option<Timestamp>, Option<Timestamp>)| {
            from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to)
        };
        order.hidden_pulls == 0
            && within(order.created, self.created)
            && within(order.updated, self.updated)
            && (self.states.is_empty() || self.states.contains(&order.state))
            && (self.ids.is_empty() || self.ids.contains(&order.id))
    }

    /// By creation date, then by identifier.
    fn find<'m>(&self, market: &'m Market) -> Vec<&'m Order> {
        let mut found: Vec<&Order> = market.orders.values().filter(|order| self.wants(order)).collect();
        found.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        if self.newest_first {
            found.reverse();
        }
        found
    }
}

/// OR11.
pub(super) async fn list_orders(
    State(shared): Room,
    Extension(plan): Extension<Plan>,
    Query(params): Params,
) -> Answer {
    let query = OrderQuery::parse(&params)?;
    let (orders, total) = shared.lock().page(plan, &WORDS, (query.offset, query.max), |market| query.find(market));
    let mut body = json!({ "orders": orders, "total_count": total });
    if plan.unknown_fields {
        body["novelty"] = novelty();
    }
    ok(body)
}

#[derive(Deserialize)]
struct AcceptBody {
    order_lines: Vec<Decision>,
}

#[derive(Deserialize)]
struct Decision {
    id: String,
    accepted: bool,
}

/// OR21.
pub(super) async fn accept(State(shared): Room, Path(id): Path<String>, body: Bytes) -> Answer {
    let AcceptBody { order_lines } = json_body(&body)?;
    let decisions: Vec<(String, bool)> = order_lines.into_iter().map(|d| (d.id, d.accepted)).collect();
    let mut inner = shared.lock();
    let outcome = inner.market.accept(&id, &decisions);
    inner.judge.decision(&id, decisions, outcome.is_ok());
    outcome.map(|()| no_content())
}

/// OR23.
pub(super) async fn track_order(State(shared): Room, Path(id): Path<String>, body: Bytes) -> Answer {
    let tracking: Tracking = json_body(&body)?;
    let mut inner = shared.lock();
    inner.judge.ships(&id);
    inner.judge.number(&format!("order {id}"), tracking.tracking_number.as_deref());
    inner.market.track_order(&id, tracking).map(|()| no_content())
}

/// OR24.
pub(super) async fn ship_order(State(shared): Room, Path(id): Path<String>) -> Answer {
    let mut guard = shared.lock();
    let inner = &mut *guard;
    inner.judge.ships(&id);
    inner.market.ship_order(&id)?;
    for shipment in inner.market.shipments.iter().filter(|s| s.order_id == id) {
        inner.judge.number(&format!("shipment {}", shipment.id), shipment.number());
    }
    Ok(no_content())
}

/// OR29.
pub(super) async fn cancel_order(State(shared): Room, Path(id): Path<String>) -> Answer {
    let mut inner = shared.lock();
    inner.market.cancel(&id)?;
    inner.judge.told_canceled(&id);
    Ok(no_content())
}

#[derive(Deserialize)]
struct CancelBody {
    cancelations: Vec<CancelLine>,
}

#[derive(Deserialize)]
struct CancelLine {
    order_line_id: String,
    quantity: u32,
    amount: Number,
    reason_code: String,
}

/// OR30: all of the list or nothing.
pub(super) async fn cancel_units(State(shared): Room, body: Bytes) -> Answer {
    let CancelBody { cancelations } = json_body(&body)?;
    let mut inner = shared.lock();
    let before = inner.market.orders.clone();
    let made = cancelations.iter().map(|c| {
        let amount = c.amount.to_string();
        let (currency, made) = inner.market.cancel_units(&c.order_line_id, c.quantity, &amount, &c.reason_code)?;
        Ok(wire::created_cancelation(&c.order_line_id, &made, &currency))
    });
    let made: Result<Vec<Value>, Refusal> = made.collect();
    match made {
        Ok(made) => ok(json!({ "cancelations": made, "order_tax_mode": "TAX_INCLUDED" })),
        Err(refusal) => {
            inner.market.orders = before;
            Err(refusal)
        }
    }
}

#[derive(Deserialize)]
struct RefundBody {
    refunds: Vec<RefundLine>,
}

#[derive(Deserialize)]
struct RefundLine {
    order_line_id: String,
    #[serde(default)]
    quantity: u32,
    amount: Number,
    shipping_amount: Number,
    reason_code: String,
}

/// OR28: all of the list or nothing; what is asked for at once has one group.
pub(super) async fn refund(State(shared): Room, body: Bytes) -> Answer {
    let RefundBody { refunds } = json_body(&body)?;
    let mut inner = shared.lock();
    let before = inner.market.orders.clone();
    let group = inner.market.next_refund_group();
    let made = refunds.iter().map(|r| {
        let (amount, shipping) = (r.amount.to_string(), r.shipping_amount.to_string());
        let asked = (r.quantity, amount.as_str(), shipping.as_str(), r.reason_code.as_str());
        let (currency, made) = inner.market.refund(&r.order_line_id, &group, asked)?;
        Ok(wire::created_refund(&r.order_line_id, &made, &currency))
    });
    let made: Result<Vec<Value>, Refusal> = made.collect();
    match made {
        Ok(made) => ok(json!({ "refunds": made, "order_tax_mode": "TAX_INCLUDED" })),
        Err(refusal) => {
            inner.market.orders = before;
            Err(refusal)
        }
    }
}
