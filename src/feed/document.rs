//! A contract's format and a template's columns become an encoder: which slot an attribute is written to.
use std::borrow::Cow;

use super::joined::quote;
use super::offer::Offer;
use super::write::{DelimitedEncoder, Dialect, Encoder, FeedWriter, XmlElement, XmlEncoder, XmlEnvelope, XmlSlot};
use crate::channel::{Attribute, Channel, Delimited, Format, Type, Xml};

/// Writes offers of one channel in one of its formats.
pub(super) struct Document {
    /// What is written, in document order.
    columns: Vec<Column>,
    /// What joins several values of a cell (list, group), where the format has no inside.
    joints: Option<[String; 2]>,
}

struct Column {
    attribute: usize,
    slot: usize,
    /// Slots of a group's parts; empty for a plain attribute.
    parts: Vec<usize>,
    fields: usize,
    repeats: bool,
}

/// Fills `$shop` and its like in a document's head.
pub(super) type Fill<'f> = &'f dyn Fn(&str) -> String;

impl Document {
    /// The document for `attributes` (positions in the contract) of a channel.
    pub fn new(
        channel: &Channel,
        format: &Format,
        attributes: &[usize],
        fill: Fill<'_>,
    ) -> (Document, Box<dyn Encoder>) {
        match format {
            Format::Xml(xml) => Self::xml(channel, xml, attributes, fill),
            Format::Delimited(table) => Self::delimited(channel, table, attributes),
        }
    }

    fn xml(channel: &Channel, xml: &Xml, attributes: &[usize], fill: Fill<'_>) -> (Document, Box<dyn Encoder>) {
        let mut slots = Vec::new();
        let mut slot = |name: &str, attribute: &Attribute| {
            slots.push(match attribute.at.as_deref() {
                Some(at) => {
                    at.strip_prefix('@').map_or_else(|| XmlSlot::Element(at.into()), |a| XmlSlot::Attribute(a.into()))
                }
                None => XmlSlot::Element(format!("{}{name}", xml.prefix)),
            });
            slots.len() - 1
        };
        let columns = attributes
            .iter()
            .filter_map(|index| Some((*index, channel.contract.attribute.get_index(*index)?)))
            .map(|(index, (name, attribute))| Column {
                attribute: index,
                slot: slot(name, attribute),
                parts: attribute.fields.iter().map(|(name, part)| slot(name, part)).collect(),
                fields: attribute.fields.len(),
                repeats: attribute.repeats() > 1,
            })
            .collect();
        let mut open: Vec<XmlElement> = xml
            .open
            .iter()
            .map(|element| XmlElement {
                name: element.element.clone(),
                attributes: element.attributes.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
                ..XmlElement::default()
            })
            .collect();
        if let Some(innermost) = open.last_mut() {
            let head = xml.head.iter().map(|(name, text)| (name, fill(text))).filter(|(_, text)| !text.is_empty());
            innermost.children =
                head.map(|(name, text)| XmlElement { name: name.clone(), text, ..XmlElement::default() }).collect();
        }
        let envelope = XmlEnvelope { open, item: xml.item.clone() };
        (Document { columns, joints: None }, Box::new(XmlEncoder::new(envelope, &slots)))
    }

    fn delimited(channel: &Channel, table: &Delimited, attributes: &[usize]) -> (Document, Box<dyn Encoder>) {
        let mut header = Vec::new();
        let columns = attributes
            .iter()
            .filter_map(|index| Some((*index, channel.contract.attribute.get_index(*index)?)))
            .map(|(index, (name, attribute))| {
                header.push(header_name(name, attribute, &table.group));
                Column {
                    attribute: index,
                    slot: header.len() - 1,
                    parts: Vec::new(),
                    fields: attribute.fields.len(),
                    repeats: attribute.repeats() > 1,
                }
            })
            .collect();
        let delimiter = u8::try_from(table.delimiter).unwrap_or(b',');
        let dialect = Dialect { delimiter, join: table.list.clone(), ..Dialect::default() };
        (
            Document { columns, joints: Some([table.list.clone(), table.group.clone()]) },
            Box::new(DelimitedEncoder::new(dialect, header)),
        )
    }

    /// Writes one offer.
    pub fn write<W: std::io::Write>(
        &self,
        offer: &Offer,
        writer: &mut FeedWriter<Box<dyn Encoder>, W>,
    ) -> std::io::Result<()> {
        writer.begin_offer();
        for column in &self.columns {
            if column.fields == 0 {
                offer.values(column.attribute).for_each(|value| match &self.joints {
                    Some([list, _]) if column.repeats => writer.field(column.slot, &quote(&one_line(value), &[list])),
                    Some(_) => writer.field(column.slot, &one_line(value)),
                    None => writer.field(column.slot, value),
                });
                continue;
            }
            for parts in offer.groups(column.attribute, column.fields) {
                match &self.joints {
                    Some([list, group]) => {
                        let quoted = |part: Option<&str>| {
                            quote(&one_line(part.unwrap_or_default()), &[list, group]).into_owned()
                        };
                        let text: Vec<String> = parts.map(quoted).collect();
                        writer.field(column.slot, &text.join(group));
                    }
                    None => {
                        writer.begin_group(column.slot);
                        for (slot, value) in column.parts.iter().zip(parts) {
                            if let Some(value) = value {
                                writer.field(*slot, value);
                            }
                        }
                        writer.end_group();
                    }
                }
            }
        }
        writer.end_offer()
    }
}

/// A group names its parts in the header, `shipping(country:region:price)`, so that none is guessed by position.
fn header_name(name: &str, attribute: &Attribute, join: &str) -> String {
    if attribute.kind != Type::Group {
        return name.to_owned();
    }
    let parts: Vec<&str> = attribute.fields.keys().map(String::as_str).collect();
    format!("{name}({})", parts.join(join))
}

/// A row is a line: readers of tables seldom know how to quote a line break.
fn one_line(value: &str) -> Cow<'_, str> {
    match value.contains('\n') {
        true => Cow::Owned(value.replace('\n', " ")),
        false => Cow::Borrowed(value),
    }
}
