//! The marketplace's truth: which orders and shipments there are, and what may happen to them.
use super::clock::Clock;
use super::model::*;
use super::money;
use super::offers::Offers;
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// Why the marketplace says no, in its own vocabulary (the OR21 page of the document lists the codes).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Refusal { status, code, message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "VALIDATION_ERROR", message)
    }

    fn no_order(id: &str) -> Self {
        Self::new(404, "ORDER_NOT_FOUND", format!("No order with id '{id}'."))
    }

    fn state(expected: OrderState, is: OrderState) -> Self {
        let message = format!("The order status must be '{expected}' but it is '{is}'.");
        Self::new(400, "ORDER_INVALID_STATE", message)
    }
}

/// Code, label, standard code, and the page a number is looked up on; by label. One of them does not exist.
pub(super) const CARRIERS: [(&str, &str, &str, &str); 6] = [
    ("COLISSIMO", "Colissimo", "COLISSIMO", "https://carrier.example/colissimo/{trackingId}"),
    ("DHL", "DHL", "DHL", "https://carrier.example/dhl?number={trackingId}"),
    ("DPD", "DPD", "DPD", "https://carrier.example/dpd/{trackingId}"),
    ("GLS", "GLS", "GLS", "https://carrier.example/gls/{trackingId}"),
    ("PAPERBOAT", "Paper Boat Express", "PAPERBOAT", "https://carrier.example/paperboat/{trackingId}"),
    ("UPS", "UPS", "UPS", "https://carrier.example/ups?number={trackingId}"),
];

const BUYERS: [&str; 4] = ["Ada Example", "Testo Sample", "Fidelia Fictive", "Nemo Nobody"];

/// How many pulls an order that comes `late` is missing from.
const LATE_PULLS: u32 = 2;

/// One line of a shipment as ST01 sends it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ParcelLine {
    pub order_line_id: Option<String>,
    pub offer_sku: Option<String>,
    pub quantity: u32,
    pub package_reference: Option<String>,
}

#[derive(Debug)]
pub(super) struct Market {
    pub clock: Clock,
    pub orders: IndexMap<String, Order>,
    pub shipments: Vec<Shipment>,
    pub offers: Offers,
    canceled: u32,
    refunded: u32,
}

impl Market {
    pub fn new(clock: Clock) -> Self {
        Market {
            clock,
            orders: IndexMap::new(),
            shipments: Vec::new(),
            offers: Offers::default(),
            canceled: 0,
            refunded: 0,
        }
    }

    pub fn order(&self, id: &str) -> Result<&Order, Refusal> {
        self.orders.get(id).ok_or_else(|| Refusal::no_order(id))
    }

    /// A stamp and the order it is for.
    fn change(&mut self, id: &str) -> Result<(Timestamp, &mut Order), Refusal> {
        let order = self.orders.get_mut(id).ok_or_else(|| Refusal::no_order(id))?;
        Ok((self.clock.stamp(), order))
    }

    /// Moves `last_updated_date` on without changing anything else.
    pub fn touch(&mut self, id: &str) {
        if let Ok((now, order)) = self.change(id) {
            order.updated = now;
        }
    }

    /// A buyer orders. The offer is listed if it was not, and its quantity goes down as far as it can.
    pub fn place(&mut self, spec: OrderSpec, late: bool) -> Result<String, Refusal> {
        let id = spec.order_id.unwrap_or_else(|| format!("SBX-{:05}-A", self.orders.len() + 1));
        if self.orders.contains_key(&id) {
            return Err(Refusal::invalid(format!("There is an order '{id}' already.")));
        }
        if spec.lines.is_empty() || spec.lines.iter().any(|l| l.quantity == 0 || l.price_minor < 0) {
            return Err(Refusal::invalid("An order needs lines, each with a quantity of at least 1 and a price."));
        }
        let now = self.clock.stamp();
        let state = spec.state.unwrap_or(OrderState::WaitingAcceptance);
        let gone = state > OrderState::Shipping && !state.is_dead();
        let mut lines = Vec::with_capacity(spec.lines.len());
        for (index, line) in spec.lines.into_iter().enumerate() {
            let offer_id = self.offers.sold(&line.sku, line.quantity, line.price_minor);
            lines.push(Line {
                id: format!("{id}-{}", index + 1),
                title: line.title.unwrap_or_else(|| format!("Article {}", line.sku)),
                sku: line.sku,
                offer_id,
                quantity: line.quantity,
                price_minor: line.price_minor,
                state,
                packed: if gone { line.quantity } else { 0 },
                cancelations: Vec::new(),
                refunds: Vec::new(),
            });
        }
        let buyer = spec.buyer.unwrap_or_else(|| BUYERS[self.orders.len() % BUYERS.len()].to_owned());
        let order = Order {
            id: id.clone(),
            state,
            created: spec.created.unwrap_or(now),
            updated: now,
            currency: spec.currency.unwrap_or_else(|| "EUR".to_owned()),
            shipping_price_minor: spec.shipping_price_minor,
            buyer,
            country: spec.country.unwrap_or_else(|| "FRA".to_owned()),
            pudo_id: spec.pudo_id,
            lines,
            decided: None,
            paid: (state >= OrderState::Shipping && !state.is_dead()).then_some(now),
            tracking: None,
            manual_payment: spec.manual_payment,
            hidden_pulls: if late { LATE_PULLS + 1 } else { 0 },
            unpaid_pulls: 0,
        };
        self.orders.insert(id.clone(), order);
        Ok(id)
    }

    /// An order that was held back for a fraud check comes free: created a day before all others, updated now. In a
    /// list by creation date it pushes every other order one place on.
    pub fn release_from_staging(&mut self, state: OrderState) {
        let Some((line, created)) = self.orders.values().find_map(|o| Some((o.lines.first()?, o.created))) else {
            return;
        };
        let earliest = self.orders.values().map(|o| o.created).min().unwrap_or(created);
        let created = earliest.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(earliest);
        let (created, state) = (Some(created), Some(state));
        let spec = OrderSpec { created, state, ..OrderSpec::of(line.sku.clone(), 1, line.price_minor) };
        // The generated number may be taken by a number somebody chose: then there is no drift this time.
        let _ = self.place(spec, false);
    }

    /// Somebody asks for the first page of orders: hidden orders come nearer, and buyers pay.
    pub fn begin_pull(&mut self) {
        let mut due = Vec::new();
        for order in self.orders.values_mut() {
            order.hidden_pulls = order.hidden_pulls.saturating_sub(1);
            if order.state == OrderState::WaitingDebitPayment && !order.manual_payment {
                if order.unpaid_pulls > 0 {
                    due.push(order.id.clone());
                }
                order.unpaid_pulls = order.unpaid_pulls.saturating_add(1);
            }
        }
        for id in due {
            // Only orders that wait for payment were collected.
            let _ = self.pay(&id);
        }
    }

    pub fn pay(&mut self, id: &str) -> Result<(), Refusal> {
        let (now, order) = self.change(id)?;
        if order.state != OrderState::WaitingDebitPayment {
            return Err(Refusal::state(OrderState::WaitingDebitPayment, order.state));
        }
        order.paid = Some(now);
        order.advance(OrderState::Shipping, now);
        Ok(())
    }

    /// OR21: a decision for every line, or none at all.
    pub fn accept(&mut self, id: &str, decisions: &[(String, bool)]) -> Result<(), Refusal> {
        let (now, order) = self.change(id)?;
        if order.state != OrderState::WaitingAcceptance {
            return Err(Refusal::state(OrderState::WaitingAcceptance, order.state));
        }
        for (index, (line, _)) in decisions.iter().enumerate() {
            if !order.lines.iter().any(|l| l.id == *line) {
                let message = format!("No order line with id '{line}' in order '{id}'.");
                return Err(Refusal::new(404, "ORDER_LINE_NOT_FOUND", message));
            }
            if decisions.iter().take(index).any(|(earlier, _)| earlier == line) {
                let message = format!("Order line '{line}' is decided twice.");
                return Err(Refusal::new(400, "ORDER_LINE_DUPLICATE_ID", message));
            }
        }
        if decisions.len() != order.lines.len() {
            let message = format!("{} of {} order lines are decided.", decisions.len(), order.lines.len());
            return Err(Refusal::new(400, "ORDER_LINE_ACCEPTANCE_DECISION_MISSING", message));
        }
        for line in &mut order.lines {
            if decisions.iter().any(|(id, accepted)| *id == line.id && !accepted) {
                line.state = OrderState::Refused;
            }
        }
        order.decided = Some(now);
        let any = decisions.iter().any(|(_, accepted)| *accepted);
        order.advance(if any { OrderState::WaitingDebitPayment } else { OrderState::Refused }, now);
        Ok(())
    }

    /// The whole order is canceled: by the buyer, or by the seller with OR29. Too late once a parcel has left.
    pub fn cancel(&mut self, id: &str) -> Result<(), Refusal> {
        if self.shipments.iter().any(|s| s.order_id == id && s.shipped.is_some()) {
            return Err(Refusal::state(OrderState::Shipping, OrderState::Shipped));
        }
        let (now, order) = self.change(id)?;
        if !order.state.is_cancelable() {
            return Err(Refusal::state(OrderState::Shipping, order.state));
        }
        order.advance(OrderState::Canceled, now);
        Ok(())
    }

    /// OR30: some units of one line, and the amount not charged for them as a decimal number; gives the currency too.
    /// The order is canceled when nothing is left of it.
    pub fn cancel_units(
        &mut self,
        line_id: &str,
        quantity: u32,
        amount: &str,
        reason: &str,
    ) -> Result<(String, Cancelation), Refusal> {
        let owner = self.orders.values().find(|o| o.lines.iter().any(|l| l.id == line_id)).map(|o| o.id.clone());
        let Some(owner) = owner else {
            let message = format!("No order line with id '{line_id}'.");
            return Err(Refusal::new(404, "ORDER_LINE_NOT_FOUND", message));
        };
        self.canceled = self.canceled.saturating_add(1);
        let id = self.canceled.to_string();
        let (now, order) = self.change(&owner)?;
        if !order.state.is_cancelable() {
            return Err(Refusal::state(OrderState::Shipping, order.state));
        }
        let Some(line) = order.lines.iter_mut().find(|l| l.id == line_id) else {
            return Err(Refusal::no_order(&owner));
        };
        let currency = order.currency.clone();
        let amount_minor = money::parse_minor(amount, &currency)
            .ok_or_else(|| Refusal::invalid(format!("The amount '{amount}' is invalid.")))?;
        if quantity == 0 || quantity > line.open() {
            let message = format!("Cancelation quantity is invalid: {quantity} of {} open.", line.open());
            return Err(Refusal::invalid(message));
        }
        let made = Cancelation { id, quantity, amount_minor, reason_code: reason.to_owned(), created: now };
        line.cancelations.push(made.clone());
        if line.canceled() >= line.quantity {
            line.state = OrderState::Canceled;
        }
        order.updated = now;
        if order.lines.iter().all(|l| l.state.is_dead()) {
            order.state = OrderState::Canceled;
        }
        self.settle(&owner);
        Ok((currency, made))
    }

    /// A group of refunds that are asked for at once.
    pub fn next_refund_group(&mut self) -> String {
        self.refunded = self.refunded.saturating_add(1);
        format!("G-{}", self.refunded)
    }

    /// OR28: money for one line that was paid for, its units, amount, share of the shipping and reason; gives the
    /// currency too.
    pub fn refund(
        &mut self,
        line_id: &str,
        group: &str,
        (quantity, amount, shipping, reason): (u32, &str, &str, &str),
    ) -> Result<(String, Refund), Refusal> {
        let owner = self.orders.values().find(|o| o.lines.iter().any(|l| l.id == line_id)).map(|o| o.id.clone());
        let owner = owner
            .ok_or_else(|| Refusal::new(404, "ORDER_LINE_NOT_FOUND", format!("No order line with id '{line_id}'.")))?;
        let (now, order) = self.change(&owner)?;
        if order.paid.is_none() {
            return Err(Refusal::state(OrderState::Shipping, order.state));
        }
        let currency = order.currency.clone();
        let minor = |text: &str| {
            money::parse_minor(text, &currency)
                .ok_or_else(|| Refusal::invalid(format!("The amount '{text}' is invalid.")))
        };
        let (amount_minor, shipping_minor) = (minor(amount)?, minor(shipping)?);
        let shipping_price = order.shipping_price_minor;
        let Some(line) = order.lines.iter_mut().find(|l| l.id == line_id) else {
            return Err(Refusal::no_order(&owner));
        };
        let paid = line.price_minor.saturating_mul(i64::from(line.quantity));
        let back = line.refunds.iter().fold(0i64, |sum, refund| sum.saturating_add(refund.amount_minor));
        if amount_minor < 0
            || amount_minor > paid.saturating_sub(back)
            || !(0..=shipping_price).contains(&shipping_minor)
        {
            return Err(Refusal::invalid(format!("Refund amount is invalid: {back} of {paid} are refunded.")));
        }
        let id = format!("{group}-{}", line_id);
        let made = Refund {
            id,
            group: group.to_owned(),
            quantity,
            amount_minor,
            shipping_minor,
            reason_code: reason.to_owned(),
            created: now,
        };
        line.refunds.push(made.clone());
        order.updated = now;
        Ok((currency, made))
    }

    /// OR23: the number of an order that leaves in one parcel.
    pub fn track_order(&mut self, id: &str, tracking: Tracking) -> Result<(), Refusal> {
        check_tracking(&tracking)?;
        let (now, order) = self.change(id)?;
        if order.state < OrderState::Shipping || order.state.is_dead() {
            return Err(Refusal::state(OrderState::Shipping, order.state));
        }
        order.tracking = Some(tracking.clone());
        order.updated = now;
        if let Some(shipment) = self.shipments.iter_mut().find(|s| s.order_id == id && s.whole_order) {
            shipment.tracking = Some(tracking);
            shipment.updated = now;
        }
        Ok(())
    }

    /// OR24: everything that has not left yet leaves in one parcel.
    pub fn ship_order(&mut self, id: &str) -> Result<(), Refusal> {
        let order = self.order(id)?;
        if order.state != OrderState::Shipping {
            return Err(Refusal::state(OrderState::Shipping, order.state));
        }
        let tracking = order.tracking.clone();
        let rest: Vec<ParcelLine> = order.lines.iter().filter(|l| l.open() > 0).map(whole_line).collect();
        if !rest.is_empty() {
            let shipment = self.pack(id, rest, tracking)?;
            if let Some(shipment) = self.shipments.iter_mut().find(|s| s.id == shipment) {
                shipment.whole_order = true;
            }
        }
        let parcels: Vec<String> = self.shipments.iter().filter(|s| s.order_id == id).map(|s| s.id.clone()).collect();
        for parcel in parcels {
            self.send(&parcel, ShipmentState::Shipped)?;
        }
        Ok(())
    }

    /// ST01, first half: a parcel is made. Nothing is changed when any of its lines is refused.
    pub fn pack(
        &mut self,
        order_id: &str,
        lines: Vec<ParcelLine>,
        tracking: Option<Tracking>,
    ) -> Result<String, Refusal> {
        let order = self.order(order_id)?;
        if order.state != OrderState::Shipping {
            return Err(Refusal::state(OrderState::Shipping, order.state));
        }
        tracking.as_ref().map_or(Ok(()), check_tracking)?;
        let (packed, lines) = pack_lines(&order.lines, lines)?;
        let id = format!("{order_id}-S{}", self.shipments.iter().filter(|s| s.order_id == order_id).count() + 1);
        let (now, order) = self.change(order_id)?;
        order.lines = packed;
        order.updated = now;
        self.shipments.push(Shipment {
            id: id.clone(),
            order_id: order_id.to_owned(),
            state: ShipmentState::Shipping,
            created: now,
            updated: now,
            shipped: None,
            lines,
            tracking,
            whole_order: false,
        });
        Ok(id)
    }

    /// ST24 and ST26: a parcel leaves, or lies ready at the counter. The order follows when no unit is left behind.
    pub fn send(&mut self, shipment_id: &str, to: ShipmentState) -> Result<(), Refusal> {
        let now = self.clock.stamp();
        let owner = self.shipment(shipment_id)?.order_id.clone();
        let state = self.order(&owner)?.state;
        if state.is_dead() {
            return Err(Refusal::state(OrderState::Shipping, state));
        }
        let shipment = self.shipment(shipment_id)?;
        if !matches!(shipment.state, ShipmentState::Shipping | ShipmentState::ReadyForPickUp) || shipment.state == to {
            let message = format!("The shipment status must be 'SHIPPING' but it is '{}'.", shipment.state);
            return Err(Refusal::invalid(message));
        }
        shipment.state = to;
        shipment.updated = now;
        if to == ShipmentState::Shipped {
            shipment.shipped = Some(now);
        }
        self.settle(&owner);
        Ok(())
    }

    /// ST23: carrier and number of one parcel.
    pub fn track_shipment(&mut self, shipment_id: &str, tracking: Tracking) -> Result<(), Refusal> {
        check_tracking(&tracking)?;
        let now = self.clock.stamp();
        let shipment = self.shipment(shipment_id)?;
        shipment.tracking = Some(tracking);
        shipment.updated = now;
        let order = shipment.order_id.clone();
        self.touch(&order);
        Ok(())
    }

    /// The buyer has it.
    pub fn receive(&mut self, id: &str) -> Result<(), Refusal> {
        let (now, order) = self.change(id)?;
        if !matches!(order.state, OrderState::Shipped | OrderState::ToCollect) {
            return Err(Refusal::state(OrderState::Shipped, order.state));
        }
        order.advance(OrderState::Received, now);
        for shipment in self.shipments.iter_mut().filter(|s| s.order_id == id) {
            shipment.state = ShipmentState::Received;
            shipment.updated = now;
        }
        Ok(())
    }

    fn shipment(&mut self, id: &str) -> Result<&mut Shipment, Refusal> {
        let found = self.shipments.iter_mut().find(|s| s.id == id);
        found.ok_or_else(|| Refusal::new(404, "SHIPMENT_NOT_FOUND", format!("No shipment with id '{id}'.")))
    }

    /// Moves an order on once every unit is packed and every parcel has left (or all lie ready for pickup).
    fn settle(&mut self, id: &str) {
        let mut parcels = self.shipments.iter().filter(|s| s.order_id == id).peekable();
        let packed = parcels.peek().is_some();
        let ready = parcels.all(|s| s.state != ShipmentState::Shipping);
        let waits = self.shipments.iter().any(|s| s.order_id == id && s.state == ShipmentState::ReadyForPickUp);
        let Ok((now, order)) = self.change(id) else { return };
        order.updated = now;
        if order.state.is_dead() || !packed || !ready || order.lines.iter().any(|l| l.open() > 0) {
            return;
        }
        order.advance(if waits { OrderState::ToCollect } else { OrderState::Shipped }, now);
    }
}

impl Order {
    /// The order and every line that is still alive go on to `state`.
    fn advance(&mut self, state: OrderState, now: Timestamp) {
        self.state = state;
        self.updated = now;
        for line in self.lines.iter_mut().filter(|l| !l.state.is_dead()) {
            line.state = state;
        }
    }
}

fn whole_line(line: &Line) -> ParcelLine {
    ParcelLine { order_line_id: Some(line.id.clone()), offer_sku: None, quantity: line.open(), package_reference: None }
}

/// The order's lines with the parcel taken out of them, and the parcel's own lines.
fn pack_lines(lines: &[Line], parcel: Vec<ParcelLine>) -> Result<(Vec<Line>, Vec<ShipmentLine>), Refusal> {
    let mut left = lines.to_vec();
    if parcel.is_empty() {
        return Err(Refusal::invalid("Shipment lines are missing."));
    }
    let mut made = Vec::with_capacity(parcel.len());
    for wanted in parcel {
        let line = left.iter_mut().find(|l| match (&wanted.order_line_id, &wanted.offer_sku) {
            (Some(id), _) => l.id == *id,
            (None, Some(sku)) => l.sku == *sku,
            (None, None) => false,
        });
        let Some(line) = line else {
            return Err(Refusal::new(404, "ORDER_LINE_NOT_FOUND", "No such order line in the order."));
        };
        if wanted.quantity == 0 || wanted.quantity > line.open() {
            return Err(Refusal::new(400, QUANTITY_INVALID, "Shipment quantity is invalid."));
        }
        line.packed = line.packed.saturating_add(wanted.quantity);
        made.push(ShipmentLine {
            order_line_id: line.id.clone(),
            offer_sku: line.sku.clone(),
            quantity: wanted.quantity,
            package_reference: wanted.package_reference,
        });
    }
    Ok((left, made))
}

/// The code by which the judge knows an attempt to ship more than was ordered.
pub(super) const QUANTITY_INVALID: &str = "SHIPMENT_QUANTITY_INVALID";

/// A registered carrier needs a number, an unregistered one a name.
fn check_tracking(tracking: &Tracking) -> Result<(), Refusal> {
    let has = |text: &Option<String>| text.as_deref().is_some_and(|t| !t.trim().is_empty());
    match &tracking.carrier_code {
        Some(code) if !CARRIERS.iter().any(|c| c.0 == code) => {
            Err(Refusal::invalid(format!("Carrier code '{code}' is unknown.")))
        }
        Some(code) if !has(&tracking.tracking_number) => {
            Err(Refusal::invalid(format!("Carrier '{code}' needs a tracking number.")))
        }
        None if !has(&tracking.carrier_name) => Err(Refusal::invalid("A carrier code or a carrier name is needed.")),
        _ => Ok(()),
    }
}
