//! `feed check`: a feed somebody made, read as its channel would read it, with line and column of every fault.
use std::io::BufRead;

use serde::Serialize;

use super::checker::{Checker, code};
use super::findings::Findings;
use super::offer::Offer;
use super::read::{Field, Position, RawOffer, ReadOptions, open};
use super::shape::{Fault, Raw, Side, Taken, shape};
use crate::channel::{Attribute, Channel, Format, Type};
use crate::diagnostic::{Diagnostic, Place, Result, Severity};
use crate::value::closest::closest;

/// What a check read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub offers: u64,
    /// Offers with at least one error.
    pub refused: u64,
}

/// Checks the feed in `input`. `file` is its name for messages; `setting` gives the values of `$country` and its like.
pub fn check<R: BufRead>(
    channel: &Channel,
    input: R,
    file: &str,
    setting: impl Fn(&str) -> Option<String>,
    findings: &mut Findings<'_>,
) -> Result<Checked> {
    let item = channel.contract.format.values().find_map(|format| match format {
        Format::Xml(xml) => Some(xml.item.clone()),
        Format::Delimited(_) => None,
    });
    let options = ReadOptions {
        file: file.to_owned(),
        item: item.filter(|i| i != "item" && i != "entry"),
        ..ReadOptions::default()
    };
    let mut reader = open(input, options)?;
    let mut reading = Reading::new(channel, file);
    let mut checker = Checker::new(channel, setting);
    let mut raw = RawOffer::default();
    let mut offer = Offer::new(channel.contract.attribute.len());
    let mut checked = Checked::default();
    while reader.read_offer(&mut raw)? {
        reader.take_findings().into_iter().for_each(|finding| findings.add(finding));
        checked.offers += 1;
        offer.clear();
        let sound = reading.take(&raw, &mut offer, findings);
        let place = |offer: &Offer, attribute: usize| reading.place(offer, attribute);
        if !checker.check(&mut offer, false, &place, findings) || !sound {
            checked.refused += 1;
        }
    }
    reader.take_findings().into_iter().for_each(|finding| findings.add(finding));
    if checked.offers == 0 {
        findings.add(
            Diagnostic::warning(format!("{}/empty", channel.name), "the feed has no offers")
                .at(Place::file(file))
                .help("a channel that reads it would take every offer off"),
        );
    }
    Ok(checked)
}

/// Turns what stands in the document into the contract's attributes.
struct Reading<'c> {
    channel: &'c Channel,
    file: &'c str,
    /// Where each attribute of the current offer stands.
    at: Vec<Option<Position>>,
    offer_at: Position,
    index: u64,
    /// Names already reported as unknown: once for a feed is enough.
    unknown: Vec<String>,
    foreign_namespace: bool,
}

/// A field's name, without the parts a group's header spells out.
fn bare(name: &str) -> &str {
    name.split_once('(').map_or(name, |(bare, _)| bare).trim()
}

impl<'c> Reading<'c> {
    fn new(channel: &'c Channel, file: &'c str) -> Self {
        let at = vec![None; channel.contract.attribute.len()];
        let offer_at = Position::default();
        Reading { channel, file, at, offer_at, index: 0, unknown: Vec::new(), foreign_namespace: false }
    }

    fn take(&mut self, raw: &RawOffer, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        self.at.fill(None);
        self.offer_at = raw.position();
        self.index = raw.index();
        self.name_offer(raw, offer);
        let mut sound = true;
        for field in raw.fields() {
            let Some((index, name, attribute)) = self.find(field, findings) else { continue };
            if self.at[index].is_some() && attribute.repeats() == 1 {
                sound = false;
                findings.add(self.finding(
                    offer,
                    name,
                    field,
                    "twice",
                    format!("{name} is given twice"),
                    "give it once: which one counts is luck",
                ));
                continue;
            }
            self.at[index] = Some(field.position());
            sound &= self.take_field(index, name, attribute, field, offer, findings);
        }
        sound
    }

    /// The identity names the offer in messages, before anything in it is checked.
    fn name_offer(&self, raw: &RawOffer, offer: &mut Offer) {
        let parts = self.channel.contract.identity.iter().filter_map(|name| raw.fields().find(|f| f.name() == name));
        for part in parts {
            if !offer.sku.is_empty() {
                offer.sku.push('@');
            }
            offer.sku.push_str(part.text().trim());
        }
    }

    fn find(&mut self, field: Field<'_>, findings: &mut Findings<'_>) -> Option<(usize, &'c str, &'c Attribute)> {
        let wanted = bare(field.name());
        let attributes = &self.channel.contract.attribute;
        let found = attributes
            .get_full(wanted)
            .or_else(|| {
                let folded = wanted.replace(' ', "_");
                let named = |(name, a): &(&String, &Attribute)| {
                    name.eq_ignore_ascii_case(&folded) || a.names.iter().any(|n| n.eq_ignore_ascii_case(wanted))
                };
                let position = attributes.iter().position(|pair| named(&pair))?;
                attributes.get_index(position).map(|(name, attribute)| (position, name, attribute))
            })
            .map(|(index, name, attribute)| (index, name.as_str(), attribute));
        if found.is_none() && !wanted.is_empty() && !self.unknown.iter().any(|u| u == wanted) {
            self.unknown.push(wanted.to_owned());
            let help = match closest(wanted, attributes.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{} does not know it and passes over it", self.channel.name),
            };
            findings.add(
                Diagnostic::warning(
                    format!("{}/unknown-attribute", self.channel.name),
                    format!("`{wanted}` is no attribute of {}", self.channel.name),
                )
                .at(field.position().place(self.file).attribute(wanted))
                .help(help),
            );
        }
        if found.is_some() {
            self.check_namespace(field, findings);
        }
        found
    }

    /// A prefix bound to another address than the channel's is another vocabulary: nothing of it is read there.
    fn check_namespace(&mut self, field: Field<'_>, findings: &mut Findings<'_>) {
        let Some(namespace) = field.namespace().filter(|_| field.qualified_name().contains(':')) else { return };
        let known = self.channel.contract.format.values().any(|format| match format {
            Format::Xml(xml) => xml.open.iter().any(|e| e.attributes.values().any(|v| v == namespace)),
            Format::Delimited(_) => false,
        });
        if !known && !self.foreign_namespace {
            self.foreign_namespace = true;
            findings.add(
                Diagnostic::error(
                    format!("{}/wrong-namespace", self.channel.name),
                    format!("{} stands in the namespace {namespace}", field.qualified_name()),
                )
                .at(field.position().place(self.file))
                .help("declare the channel's own address, for example xmlns:g=\"http://base.google.com/ns/1.0\""),
            );
        }
    }

    fn take_field(
        &self,
        index: usize,
        name: &str,
        attribute: &Attribute,
        field: Field<'_>,
        offer: &mut Offer,
        findings: &mut Findings<'_>,
    ) -> bool {
        if attribute.kind == Type::Group {
            return self.take_group(index, name, attribute, field, offer, findings);
        }
        let text = field.text();
        let in_table = field.children().next().is_none() && self.is_table();
        if attribute.repeats() > 1 && in_table && text.contains(',') && attribute.kind != Type::Text {
            return text.split(',').fold(true, |sound, part| {
                self.take_one(index, name, attribute, field, part, offer, findings) && sound
            });
        }
        self.take_one(index, name, attribute, field, text, offer, findings)
    }

    fn is_table(&self) -> bool {
        self.offer_at.column == 1
    }

    #[allow(clippy::too_many_arguments)]
    fn take_one(
        &self,
        index: usize,
        name: &str,
        attribute: &Attribute,
        field: Field<'_>,
        text: &str,
        offer: &mut Offer,
        findings: &mut Findings<'_>,
    ) -> bool {
        let mut remark = None;
        let pushed = offer.push(index, |out| {
            if let Taken::Remark(fault) = shape(attribute, Raw::Text(text), None, Side::Check, out)? {
                remark = Some(fault);
            }
            Ok(())
        });
        if let Some(Fault { code, message, help }) = remark {
            let mut finding = self.finding(offer, name, field, code, format!("{name} {message}"), &help);
            finding.severity = Severity::Warning;
            findings.add(finding);
        }
        match pushed {
            Ok(()) => true,
            Err(Fault { code, message, help }) => {
                let mut finding = self.finding(offer, name, field, code, format!("{name} {message}"), &help);
                finding.severity = attribute.severity;
                findings.add(finding);
                attribute.severity != Severity::Error
            }
        }
    }

    fn take_group(
        &self,
        index: usize,
        name: &str,
        attribute: &Attribute,
        field: Field<'_>,
        offer: &mut Offer,
        findings: &mut Findings<'_>,
    ) -> bool {
        let mut values: Vec<(usize, String)> = Vec::new();
        if field.children().next().is_some() {
            for part in field.children() {
                if let Some(position) = attribute.fields.get_index_of(part.name()) {
                    values.push((position, part.text().trim().to_owned()));
                }
            }
        } else if !field.text().trim().is_empty() {
            let names: Vec<&str> = match field.name().split_once('(') {
                Some((_, list)) => list.trim_end_matches(')').split(':').map(str::trim).collect(),
                None => attribute.fields.keys().map(String::as_str).collect(),
            };
            for (part, text) in names.iter().zip(field.text().split(':')) {
                if let Some(position) = attribute.fields.get_index_of(*part) {
                    values.push((position, text.trim().to_owned()));
                }
            }
        } else {
            return true;
        }
        let mut parts = vec![String::new(); attribute.fields.len()];
        for (position, text) in values {
            let Some((part, kind)) = attribute.fields.get_index(position) else { continue };
            let mut out = String::new();
            if let Err(Fault { code, message, help }) = shape(kind, Raw::Text(&text), None, Side::Check, &mut out) {
                findings.add(self.finding(offer, name, field, code, format!("{part} of {name} {message}"), &help));
                return false;
            }
            parts[position] = out;
        }
        let missing = attribute.fields.iter().zip(&parts).find(|((_, f), value)| f.required && value.is_empty());
        if let Some(((part, _), _)) = missing {
            findings.add(self.finding(
                offer,
                name,
                field,
                "part-missing",
                format!("{name} lacks its {part}"),
                &format!("every {name} needs a {part}"),
            ));
            return false;
        }
        parts.iter().for_each(|part| offer.push_part(index, part));
        true
    }

    fn finding(
        &self,
        offer: &Offer,
        name: &str,
        field: Field<'_>,
        fault: &str,
        message: String,
        help: &str,
    ) -> Diagnostic {
        let mut place = field.position().place(self.file).record(self.index).attribute(name).value(field.text().trim());
        if !offer.sku.is_empty() {
            place = place.sku(offer.sku.as_str());
        }
        Diagnostic::error(code(&self.channel.name, name, fault), message).at(place).help(help)
    }

    fn place(&self, offer: &Offer, attribute: usize) -> Place {
        let at = self.at.get(attribute).copied().flatten().unwrap_or(self.offer_at);
        let name = self.channel.contract.attribute.get_index(attribute).map_or("", |(name, _)| name.as_str());
        let mut place = at.place(self.file).record(self.index).attribute(name);
        if !offer.sku.is_empty() {
            place = place.sku(offer.sku.as_str());
        }
        match offer.first(attribute) {
            Some(value) => place.value(value),
            None => place,
        }
    }
}
