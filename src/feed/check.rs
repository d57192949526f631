//! `feed check`: a feed somebody made, read as its channel would read it, with line and column of every fault.
use std::io::BufRead;

use serde::Serialize;

use super::checker::{Checker, code};
use super::findings::Findings;
use super::joined::{split, unquote};
use super::offer::Offer;
use super::shape::{Fault, Raw, Side, Taken, shape};
use crate::channel::{Attribute, Channel, Format, Type};
use crate::diagnostic::{Diagnostic, Error, Place, Result, Severity};
use crate::document::{self, Field, Position, RawOffer, ReadOptions, open};
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
    let mut input = input;
    let first = input.fill_buf().map_err(|e| Error::io("read", file.as_ref(), e))?;
    let table = matches!(document::detect(first), document::Format::Delimited(_));
    let mut reader = open(input, options)?;
    let mut reading = Reading::new(channel, file, table);
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
    /// A table has no repeated fields: a cell holds several values.
    table: bool,
    /// Where each attribute of the current offer stands.
    at: Vec<Option<Position>>,
    offer_at: Position,
    index: u64,
    /// Names already reported as unknown: once for a feed is enough.
    unknown: Vec<String>,
    foreign_namespace: bool,
}

/// A field of the document and the attribute it is.
#[derive(Clone, Copy)]
struct Target<'a> {
    index: usize,
    name: &'a str,
    attribute: &'a Attribute,
    field: Field<'a>,
}

/// A field's name, without the parts a group's header spells out.
fn bare(name: &str) -> &str {
    name.split_once('(').map_or(name, |(bare, _)| bare).trim()
}

impl<'c> Reading<'c> {
    fn new(channel: &'c Channel, file: &'c str, table: bool) -> Self {
        let at = vec![None; channel.contract.attribute.len()];
        let offer_at = Position::default();
        Reading { channel, file, table, at, offer_at, index: 0, unknown: Vec::new(), foreign_namespace: false }
    }

    fn take(&mut self, raw: &RawOffer, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        self.at.fill(None);
        self.offer_at = raw.position();
        self.index = raw.index();
        self.name_offer(raw, offer);
        let mut sound = true;
        for field in raw.fields() {
            let Some((index, name, attribute)) = self.find(field, findings) else { continue };
            let target = Target { index, name, attribute, field };
            if self.at[index].is_some() && attribute.repeats() == 1 {
                sound = false;
                let help = "give it once: which one counts is luck";
                findings.add(self.finding(offer, target, "twice", format!("{name} is given twice"), help));
                continue;
            }
            self.at[index] = Some(field.position());
            sound &= self.take_field(target, offer, findings);
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
        let mut own = self.channel.contract.format.values().filter_map(|format| match format {
            Format::Xml(xml) => Some(xml.open.iter().any(|e| e.attributes.values().any(|v| v == namespace))),
            Format::Delimited(_) => None,
        });
        // A channel that documents tables only has no vocabulary to compare with.
        let foreign = own.next().is_some_and(|first| !first && !own.any(|known| known));
        if foreign && !self.foreign_namespace {
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

    fn take_field(&self, target: Target<'_>, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let Target { attribute, field, .. } = target;
        let text = field.text();
        let several = self.table && attribute.repeats() > 1 && text.contains(',') && attribute.kind != Type::Text;
        let values: Vec<&str> = if several { split(text, ',').collect() } else { vec![text] };
        let mut sound = true;
        for value in values {
            sound &= match attribute.kind {
                Type::Group => self.take_group(target, value, offer, findings),
                _ if several => self.take_one(target, &unquote(value), offer, findings),
                _ => self.take_one(target, value, offer, findings),
            };
        }
        sound
    }

    fn take_one(&self, target: Target<'_>, text: &str, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let Target { index, name, attribute, .. } = target;
        let mut remark = None;
        let pushed = offer.push(index, |out| {
            if let Taken::Remark(fault) = shape(attribute, Raw::Text(text), None, Side::Check, out)? {
                remark = Some(fault);
            }
            Ok(())
        });
        let (fault, severity) = match (pushed, remark) {
            (Err(fault), _) => (fault, attribute.severity),
            (Ok(()), Some(remark)) => (remark, Severity::Warning),
            (Ok(()), None) => return true,
        };
        let mut finding = self.finding(offer, target, fault.code, format!("{name} {}", fault.message), &fault.help);
        finding.severity = severity;
        findings.add(finding);
        if !offer.is_present(index) {
            offer.mark_faulty(index);
        }
        severity != Severity::Error
    }

    fn take_group(&self, target: Target<'_>, text: &str, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let Target { index, name, attribute, field } = target;
        let given = parts_of(attribute, field, text);
        if given.is_empty() {
            return true;
        }
        let mut parts = vec![String::new(); attribute.fields.len()];
        for (position, text) in given {
            let Some((part, kind)) = attribute.fields.get_index(position) else { continue };
            let mut out = String::new();
            if let Err(Fault { code, message, help }) = shape(kind, Raw::Text(&text), None, Side::Check, &mut out) {
                findings.add(self.finding(offer, target, code, format!("{part} of {name} {message}"), &help));
                return false;
            }
            parts[position] = out;
        }
        let missing = attribute.fields.iter().zip(&parts).find(|((_, f), value)| f.required && value.is_empty());
        if let Some(((part, _), _)) = missing {
            let help = format!("every {name} needs a {part}");
            findings.add(self.finding(offer, target, "part-missing", format!("{name} lacks its {part}"), &help));
            return false;
        }
        parts.iter().for_each(|part| offer.push_part(index, part));
        true
    }

    fn finding(&self, offer: &Offer, target: Target<'_>, fault: &str, message: String, help: &str) -> Diagnostic {
        let Target { name, field, .. } = target;
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

/// The parts of a group, by their position: child elements, or `DE:Standard:4.90 EUR` in the order of the header
/// (`shipping(country:service:price)`), else of the contract.
fn parts_of(attribute: &Attribute, field: Field<'_>, text: &str) -> Vec<(usize, String)> {
    let position = |name: &str| attribute.fields.get_index_of(name);
    if field.children().next().is_some() {
        return field
            .children()
            .filter_map(|part| Some((position(part.name())?, part.text().trim().to_owned())))
            .collect();
    }
    if text.trim().is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = match field.name().split_once('(') {
        Some((_, list)) => list.trim_end_matches(')').split(':').map(str::trim).collect(),
        None => attribute.fields.keys().map(String::as_str).collect(),
    };
    let parts = names.into_iter().zip(split(text, ':'));
    parts.filter_map(|(name, text)| Some((position(name)?, unquote(text).into_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Parameter, Settings};

    /// Codes, lines and columns of what `google` finds wrong with `text`.
    fn said(text: &str) -> Vec<String> {
        said_by("google", text)
    }

    fn said_by(channel: &str, text: &str) -> Vec<String> {
        let mut settings = Settings::default();
        for key in ["site", "country"] {
            settings.parameters.insert(key.into(), Parameter::Text(String::new()));
        }
        let channel = Channel::load(channel, None, settings).unwrap();
        let mut said = Vec::new();
        let mut sink = |d: &Diagnostic| {
            let place = &d.place;
            said.push(format!("{}:{} {}", place.line.unwrap_or(0), place.column.unwrap_or(0), d.code));
        };
        check(&channel, text.as_bytes(), "feed", |_| None, &mut Findings::new(&mut sink)).unwrap();
        said
    }

    fn rss(fields: &str) -> String {
        let head = "<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\"><channel><item>\n";
        let rest = "<title>Mug</title><description>A mug</description><link>https://x.example/m</link>\n\
                    <g:image_link>https://x.example/m.jpg</g:image_link><g:availability>in_stock</g:availability>\n\
                    <g:brand>Kiln</g:brand><g:mpn>1</g:mpn>";
        format!("{head}{fields}\n{rest}</item></channel></rss>")
    }

    #[test]
    fn a_sound_offer_has_nothing_said_of_it() {
        assert_eq!(said(&rss("<g:id>1</g:id><g:price>12.50 EUR</g:price>")), [""; 0]);
    }

    #[test]
    fn a_channel_of_tables_has_no_namespace_to_insist_on() {
        let foreign = rss("<g:id>1</g:id><g:price>12.50 EUR</g:price>").replace("base.google.com", "x.example");
        assert_eq!(said(&foreign), ["2:1 google/wrong-namespace"]);
        assert!(!said_by("awin", &foreign).iter().any(|s| s.ends_with("wrong-namespace")));
    }

    #[test]
    fn a_comma_in_an_xml_address_is_part_of_it_and_in_a_cell_splits_two() {
        let xml = "<g:id>1</g:id><g:price>1.00 EUR</g:price><g:additional_image_link>https://x.example/a,b.jpg</g:additional_image_link>";
        assert_eq!(said(&rss(xml)), [""; 0]);
        let table = "id\ttitle\tdescription\tlink\timage_link\tavailability\tprice\tbrand\tmpn\tadditional_image_link\n\
                     1\tMug\tA mug\thttps://x.example/m\thttps://x.example/m.jpg\tin_stock\t1.00 EUR\tKiln\t1\thttps://x.example/a.jpg,b.jpg\n";
        assert_eq!(said(table), ["2:82 google/additional-image-link-invalid"]);
    }

    #[test]
    fn an_empty_cell_is_no_value() {
        let table = "id\ttitle\tdescription\tlink\timage_link\tavailability\tprice\tbrand\tmpn\tsale_price\tgtin\tavailability_date\n\
                     1\tMug\tA mug\thttps://x.example/m\thttps://x.example/m.jpg\tin_stock\t1.00 EUR\tKiln\t1\t\t \t\n";
        assert_eq!(said(table), [""; 0]);
    }

    #[test]
    fn groups_are_read_in_either_form() {
        let xml = "<g:id>1</g:id><g:price>1.00 EUR</g:price>\n<g:shipping><g:country>XX</g:country><g:price>1.00 EUR</g:price></g:shipping>";
        assert_eq!(said(&rss(xml)), ["3:1 google/shipping-invalid"]);
        let table = "id\ttitle\tdescription\tlink\timage_link\tavailability\tprice\tbrand\tmpn\tshipping(country:price)\n\
                     1\tMug\tA mug\thttps://x.example/m\thttps://x.example/m.jpg\tin_stock\t1.00 EUR\tKiln\t1\tDE:4.90 EUR,AT:free\n";
        assert_eq!(said(table), ["2:82 google/shipping-no-currency"]);
    }

    #[test]
    fn what_is_twice_wrong_or_missing_is_said_at_its_place() {
        assert_eq!(
            said(&rss("<g:price>1.00 EUR</g:price>\n<g:price>2.00 EUR</g:price>")),
            ["3:1 google/price-twice", "1:69 google/id-missing"]
        );
        assert_eq!(said(&rss("<g:id>1</g:id>\n<g:price>12,50</g:price>")), ["3:1 google/price-no-currency"]);
    }
}
