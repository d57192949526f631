//! Parcels from files: which order, which lines of it, which carrier and number. Records of one order with the same
//! number are one parcel.
use crate::catalog::{Change, FoundOrder, ShipRequest};
use crate::diagnostic::{Diagnostic, Place, Result};
use crate::intake::cell;
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::rows::table::Record;
use crate::value::time::{self, to_utc_text};
use crate::value::{Carrier, Invalid, TrackingNumber};
use jiff::Timestamp;

pub struct Tracking<'c, 'w, 'o> {
    change: &'c Change<'w>,
    options: &'o Options,
    columns: Columns,
    parcels: Vec<Parcel>,
    pub counts: Counts,
}

pub(in crate::intake) struct Columns {
    order: Option<usize>,
    channel: Option<usize>,
    number: Option<usize>,
    carrier: Option<usize>,
    shipped_at: Option<usize>,
    line: Option<usize>,
    sku: Option<usize>,
    quantity: Option<usize>,
    location: Option<usize>,
}

/// Some records of one order and number.
struct Parcel {
    order: FoundOrder,
    number: TrackingNumber,
    carrier: String,
    shipped_at: Timestamp,
    location: Option<String>,
    /// Lines and units; none for everything open.
    lines: Vec<(String, i64)>,
    records: u64,
    at: At,
}

/// Cells of the first record of a parcel, which may turn out to be at fault.
struct At {
    order: Place,
    number: Place,
    quantity: Place,
}

impl Columns {
    pub fn find(mapping: &mut Mapping<'_>) -> Columns {
        Columns {
            order: mapping.find("order_id|order id|order-id|order|order number|order_number", "order"),
            channel: mapping.find("market|channel", "channel"),
            number: mapping.find("tracking_number|tracking number|tracking-number", "tracking number"),
            carrier: mapping.find("carrier|carrier_code|carrier-code|company|carrier name", "carrier"),
            shipped_at: mapping.find("shipped_at|shipped at|ship_date|ship-date|ship date", "when it left"),
            line: mapping.find("line_id|line id|order-item-id|order_item_id", "line"),
            sku: mapping.find("sku", "SKU of the line"),
            quantity: mapping.find("quantity|qty", "units in the parcel"),
            location: mapping.find("location|store_code", "store code it left from"),
        }
    }
}

impl<'c, 'w, 'o> Tracking<'c, 'w, 'o> {
    pub fn new(change: &'c Change<'w>, mapping: &mut Mapping<'_>, options: &'o Options) -> Self {
        Tracking { change, options, columns: Columns::find(mapping), parcels: Vec::new(), counts: Counts::default() }
    }

    /// Reads one record into its parcel.
    pub fn take(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Result<(), Refusal>> {
        let order = match self.order(record)? {
            Ok(order) => order,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let parcel = match self.parcel(record, order, findings) {
            Ok(parcel) => parcel,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let same = |known: &&mut Parcel| {
            known.number == parcel.number
                && known.order.channel == parcel.order.channel
                && known.order.order_id == parcel.order.order_id
        };
        match self.parcels.iter_mut().find(same) {
            None => self.parcels.push(parcel),
            Some(known) => {
                known.records += 1;
                for (line, units) in parcel.lines {
                    // the same line again is the same record again
                    if known.lines.iter().all(|(other, _)| *other != line) {
                        known.lines.push((line, units));
                    }
                }
            }
        }
        Ok(Ok(()))
    }

    fn order(&self, record: &Record<'_>) -> Result<Result<FoundOrder, Refusal>> {
        let c = &self.columns;
        let id = record.text(c.order);
        let named = Some(record.text(c.channel)).filter(|channel| !channel.is_empty());
        let mut found = self.change.find_orders(named.or(self.options.market.as_deref()), id)?;
        let invalid = match found.len() {
            1 => return Ok(Ok(found.swap_remove(0))),
            0 => {
                let help = "see `purvey orders list`; if it is new, run `purvey orders pull` first";
                Invalid::new("order/unknown", "no such order is known", help)
            }
            _ => {
                let channels: Vec<&str> = found.iter().map(|order| order.channel.as_str()).collect();
                let help = format!("add a `market` column, or `--market` with one of {}", channels.join(", "));
                Invalid::new("import/which-market", "several marketplaces have an order of that id", help)
            }
        };
        Ok(Err(cell::refusal(record, c.order.unwrap_or_default(), invalid)))
    }

    fn parcel(&self, record: &Record<'_>, order: FoundOrder, findings: &mut Findings<'_>) -> Result<Parcel, Refusal> {
        let c = &self.columns;
        let column = c.number.unwrap_or_default();
        let number = TrackingNumber::parse(record.text(Some(column)))
            .map_err(|invalid| cell::refusal(record, column, invalid))?;
        let carrier = record.text(c.carrier);
        self.check_carrier(record, carrier, &number, findings);
        let place = |column: Option<usize>| column.map_or_else(|| record.whole(), |column| record.place(column));
        Ok(Parcel {
            shipped_at: self.shipped_at(record, &order, findings)?,
            lines: self.lines(record, &order, &number)?,
            order,
            number,
            carrier: carrier.to_owned(),
            location: cell::word(record, c.location),
            records: 1,
            at: At { order: place(c.order), number: place(c.number), quantity: place(c.quantity) },
        })
    }

    fn check_carrier(&self, record: &Record<'_>, carrier: &str, number: &TrackingNumber, findings: &mut Findings<'_>) {
        let Some(column) = self.columns.carrier.filter(|_| !carrier.is_empty()) else { return };
        let Some(known) = Carrier::find(carrier) else {
            let near: Vec<&str> = Carrier::suggest(carrier).into_iter().map(|carrier| carrier.name).collect();
            let help = match near.is_empty() {
                true => "it goes to marketplaces as `other`, where they have that".to_owned(),
                false => format!("is {} meant?", near.join(" or ")),
            };
            let invalid = Invalid::new("import/unknown-carrier", "this is no carrier purvey knows", help);
            return findings.tell(cell::warning(record, column, invalid));
        };
        if let (Err(odd), Some(column)) = (number.plausible(known), self.columns.number) {
            findings.tell(cell::warning(record, column, odd));
        }
    }

    fn shipped_at(
        &self,
        record: &Record<'_>,
        order: &FoundOrder,
        findings: &mut Findings<'_>,
    ) -> Result<Timestamp, Refusal> {
        let (Some(column), text) = (self.columns.shipped_at, record.text(self.columns.shipped_at)) else {
            return Ok(self.options.now);
        };
        if text.is_empty() {
            return Ok(self.options.now);
        }
        let shipped_at = time::parse(text, self.options.zone.as_ref()).map_err(|e| cell::refusal(record, column, e))?;
        let odd = if shipped_at > self.options.now {
            Some("the parcel leaves in the future: marketplaces refuse that")
        } else if to_utc_text(shipped_at) < order.placed_at {
            Some("the parcel left before it was ordered")
        } else {
            None
        };
        if let Some(message) = odd {
            let invalid = Invalid::new("import/odd-time", message, "compare it with the label");
            findings.tell(cell::warning(record, column, invalid));
        }
        Ok(shipped_at)
    }

    /// The line and units a record names; none when it means all that is open.
    fn lines(
        &self,
        record: &Record<'_>,
        order: &FoundOrder,
        number: &TrackingNumber,
    ) -> Result<Vec<(String, i64)>, Refusal> {
        let c = &self.columns;
        let quantity = c.quantity.map(|column| cell::whole(record, column)).transpose()?.flatten();
        if let (Some(column), Some(..1)) = (c.quantity, quantity) {
            let invalid = Invalid::new("import/quantity", "a parcel holds at least one unit", "leave the record out");
            return Err(cell::refusal(record, column, invalid));
        }
        let (line, sku) = (record.text(c.line), record.text(c.sku));
        if line.is_empty() && sku.is_empty() && (quantity.is_none() || order.lines.len() != 1) {
            return match c.quantity.filter(|_| quantity.is_some()) {
                None => Ok(Vec::new()),
                Some(column) => {
                    let help = "add a line_id or a sku";
                    let invalid =
                        Invalid::new("import/which-line", "the order has several lines: units of which?", help);
                    Err(cell::refusal(record, column, invalid))
                }
            };
        }
        let is_meant = |known: &&crate::catalog::FoundLine| {
            (line.is_empty() || known.line_id == line) && (sku.is_empty() || known.sku.as_deref() == Some(sku))
        };
        let Some(known) = order.lines.iter().find(is_meant) else {
            let ids: Vec<&str> = order.lines.iter().map(|line| line.line_id.as_str()).collect();
            let column = c.line.filter(|_| !line.is_empty()).or(c.sku).unwrap_or_default();
            let invalid = Invalid::new(
                "order/unknown-line",
                "the order has no such line",
                format!("its lines are {}", ids.join(", ")),
            );
            return Err(cell::refusal(record, column, invalid));
        };
        let booked = order.parcels.iter().filter(|parcel| parcel.tracking_number.as_deref() == Some(number.as_str()));
        let booked =
            booked.flat_map(|parcel| &parcel.lines).find(|(id, _)| *id == known.line_id).map(|(_, units)| *units);
        Ok(vec![(known.line_id.clone(), quantity.or(booked).unwrap_or(known.open))])
    }

    /// Books the parcels. One that cannot be booked refuses its records.
    pub fn finish(&mut self, findings: &mut Findings<'_>) -> Result<()> {
        for parcel in std::mem::take(&mut self.parcels) {
            let request = ShipRequest {
                channel: &parcel.order.channel,
                order_id: &parcel.order.order_id,
                lines: Some(parcel.lines.as_slice()).filter(|lines| !lines.is_empty()),
                carrier: &parcel.carrier,
                tracking_number: Some(&parcel.number),
                location: parcel.location.as_deref(),
                shipped_at: parcel.shipped_at,
                package_number: None,
                tell: self.options.told_markets.contains(&parcel.order.channel),
            };
            match self.change.ship(&request) {
                Ok(receipt) if receipt.again => self.counts.same += 1,
                Ok(receipt) => {
                    self.counts.new += 1;
                    let doubts = receipt.findings.into_iter().filter(|doubt| !doubt.code.starts_with("tracking/"));
                    doubts.for_each(|doubt| findings.tell(Diagnostic { place: parcel.at.number.clone(), ..doubt }));
                }
                Err(error) if error.kind == crate::diagnostic::Kind::Input => {
                    let place = match error.code {
                        "order/nothing-open" | "ship/number-used" | "ship/two-numbers" => parcel.at.number,
                        "order/more-than-open" | "order/over-shipped" => parcel.at.quantity,
                        _ => parcel.at.order,
                    };
                    findings.refused += parcel.records - 1;
                    findings.refuse(Diagnostic { place, ..error.to_diagnostic() });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
