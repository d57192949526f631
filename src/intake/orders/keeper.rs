//! Orders from files into the catalog: each kept once, lines without a known SKU waiting for a person.
use super::document::Told;
use crate::catalog::{Change, Terms};
use crate::diagnostic::{Diagnostic, Place, Result, Severity};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::products::looks::look;
use crate::order::Order;
use jiff::Timestamp;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

pub struct Orders<'c, 'w> {
    change: &'c Change<'w>,
    /// By what a person sees of channel and id.
    seen: HashMap<u64, Met>,
    pub counts: Counts,
    /// Orders that were kept, but have lines whose SKU nobody knows.
    pub held: u64,
}

/// An order the file had before.
#[derive(Clone, Copy)]
struct Met {
    record: u64,
    id: u64,
    contents: u64,
    updated_at: Timestamp,
}

impl<'c, 'w> Orders<'c, 'w> {
    pub fn new(change: &'c Change<'w>) -> Self {
        Orders { change, seen: HashMap::new(), counts: Counts::default(), held: 0 }
    }

    pub fn take(&mut self, told: Told, place: &Place, findings: &mut Findings<'_>) -> Result<Result<(), Refusal>> {
        let Told { channel, order, warnings } = told;
        if let Some(why) = order.fault() {
            let place = place.clone().attribute("order_id").value(&order.channel_order_id);
            let finding = Diagnostic::error("order/unreadable", format!("the order cannot be kept: {why}")).at(place);
            return Ok(Err(Box::new(finding.help("mend it where it is kept, and export it again"))));
        }
        if let Some(finding) = self.meet(&channel, &order, place) {
            match finding.severity {
                Severity::Error => return Ok(Err(Box::new(finding))),
                Severity::Warning => findings.tell(finding),
                Severity::Note => {
                    self.counts.same += 1;
                    findings.tell(finding);
                    return Ok(Ok(()));
                }
            }
        }
        warnings.into_iter().for_each(|warning| findings.tell(warning));
        self.name_archived(&order, place, findings)?;
        let terms = Terms::default();
        let applied = self.change.put_orders(&channel, std::slice::from_ref(&order), &terms)?;
        self.counts.new += applied.new as u64;
        self.counts.changed += applied.changed as u64;
        self.counts.same += (applied.same + applied.older) as u64;
        let mut is_held = false;
        for finding in applied.findings {
            is_held |= finding.code == "order/unmatched-line";
            findings.tell(placed(finding, &channel, &order, place));
        }
        self.held += u64::from(is_held);
        Ok(Ok(()))
    }

    /// Whether the order stood in the file before: a note when it was the same, an error when it was another.
    fn meet(&mut self, channel: &str, order: &Order, place: &Place) -> Option<Diagnostic> {
        let id = format!("{channel}\n{}", order.channel_order_id);
        let record = place.record.unwrap_or_default();
        let contents = serde_json::to_vec(order).unwrap_or_default();
        let met =
            Met { record, id: xxh3_64(id.as_bytes()), contents: xxh3_64(&contents), updated_at: order.updated_at };
        let first = *self.seen.entry(look(&id)).or_insert(met);
        let place = place.clone().attribute("order_id").value(&order.channel_order_id);
        if first.record == record {
            return None;
        }
        if first.id != met.id {
            let message = format!("the id looks like that of record {}, but is another order", first.record);
            let help = "ids differ by case; both were taken";
            return Some(Diagnostic::warning("import/id-look-alike", message).at(place).help(help));
        }
        if first.contents == met.contents {
            return Some(
                Diagnostic::note("import/repeated-record", format!("the same as record {}", first.record)).at(place),
            );
        }
        if met.updated_at > first.updated_at {
            return None;
        }
        let message = format!("record {} is the same order with other contents", first.record);
        let help = "the first was taken; keep the one that is right";
        Some(Diagnostic::error("import/order-conflict", message).at(place).help(help))
    }

    fn name_archived(&self, order: &Order, place: &Place, findings: &mut Findings<'_>) -> Result<()> {
        for (i, line) in order.lines.iter().enumerate() {
            let Some(sku) = &line.channel_sku else { continue };
            if self.change.find_item(sku)?.is_some_and(|item| item.archived) {
                let place = place.clone().attribute(format!("lines[{i}].sku")).value(sku);
                let finding = Diagnostic::warning("import/archived-sku", "an archived variant was sold").at(place);
                findings.tell(finding.help("it was taken; take the offer off that channel if it is still there"));
            }
        }
        Ok(())
    }
}

/// A finding of the catalog, with the place in the file it came from.
fn placed(finding: Diagnostic, channel: &str, order: &Order, place: &Place) -> Diagnostic {
    let line = finding.place.value.as_deref().and_then(|value| {
        let path = |id: &str| format!("{channel}/{}/{id}", order.channel_order_id);
        order.lines.iter().position(|line| path(&line.channel_line_id) == value)
    });
    let field = match finding.code.as_str() {
        "order/unmatched-line" => "sku",
        "order/unknown-state" => return Diagnostic { place: place.clone().attribute("status"), ..finding },
        _ => "quantity",
    };
    let attribute = line.map_or_else(|| "order_id".to_owned(), |i| format!("lines[{i}].{field}"));
    let sku = line.and_then(|i| order.lines.get(i)).and_then(|line| line.channel_sku.clone());
    let severity = if finding.code == "order/unmatched-line" { Severity::Error } else { finding.severity };
    Diagnostic { severity, place: Place { sku, ..place.clone().attribute(attribute) }, ..finding }
}
