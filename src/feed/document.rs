//! A contract's format and a template's columns become an encoder: which slot an attribute is written to.
use std::borrow::Cow;

use super::form::{second, written};
use super::joined::quote;
use super::json_cell::JsonCell;
use super::offer::Offer;
use super::write::{
    DelimitedEncoder, Dialect, Encoder, FeedWriter, JsonEncoder, JsonSlot, NAME, XmlElement, XmlEncoder, XmlEnvelope,
    XmlSlot,
};
use crate::channel::{
    Attribute, Channel, Delimited, Form, Format, LineEnding, Named, Placing, Quoted, SectionRows, Type, Xml, listed,
    text_of,
};
use crate::document::text::Quoting;

/// Writes offers of one channel in one of its formats.
pub(super) struct Document {
    /// What is written of an offer, in document order.
    columns: Vec<Column>,
    /// What was written last of each, where it can stand in any offer as it is.
    written: Vec<Option<Written>>,
    nested: Option<Nested>,
    /// A cell has no inside: what joins the parts of a group there.
    cell: Option<String>,
}

/// The bytes of a column, and the change of the offer's attribute they were made of.
#[derive(Default)]
struct Written {
    change: u64,
    bytes: Vec<u8>,
}

/// What is written of the rows inside an offer.
struct Nested {
    columns: Vec<Column>,
    /// So many of the offer's own columns stand before them.
    before: usize,
    /// Slots of the elements around all of them, and the slot of each.
    path: Vec<usize>,
    slot: usize,
}

pub(super) struct Column {
    pub attribute: usize,
    pub fields: usize,
    /// Slots of the elements around it, outermost first, which neighbors share.
    pub path: Vec<usize>,
    pub whole: Place,
    /// Places of a group's parts; empty for a plain attribute, and for a group that is one cell.
    pub parts: Vec<Place>,
    /// What joins several values in a cell; `None` where they stand apart.
    pub joint: Option<String>,
    /// How many values have columns of their own; 0 when they share one.
    pub family: usize,
    /// Written whole, as JSON text.
    pub json: Option<JsonCell>,
    /// The part of a group that names the place of the other; in a table, the names that have columns and their slots.
    pub keys: Option<(usize, Vec<(String, usize)>)>,
}

/// Where one value goes, and how it is written there.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub slot: usize,
    pub form: Option<Form>,
    /// For a value in two places: the slots of its halves.
    pub apart: Option<[usize; 2]>,
}

pub(super) type Writer<'w, W> = FeedWriter<'w, Box<dyn Encoder>, W>;

/// Fills `$shop` and its like in a document's head.
pub(super) type Fill<'f> = &'f dyn Fn(&str) -> String;

impl Document {
    /// The document for `attributes` (positions in the contract) of a channel.
    pub fn new(
        channel: &Channel,
        format: &Format,
        attributes: &[usize],
        sections: &[SectionRows<'_>],
        fill: Fill<'_>,
    ) -> (Document, Box<dyn Encoder>) {
        let placing = format.placing();
        // Columns without names are told by their position.
        let all: Vec<usize> = (0..channel.contract.attribute.len()).collect();
        let attributes = match format {
            Format::Delimited(table) if !table.header => &all,
            _ => attributes,
        };
        let attributes: Vec<(usize, &String, &Attribute)> = attributes
            .iter()
            .filter_map(|index| channel.contract.attribute.get_index(*index).map(|(n, a)| (*index, n, a)))
            .filter(|(_, name, _)| !placing.omits(name))
            .collect();
        match format {
            Format::Xml(xml) => Self::xml(xml, &placing, &attributes, sections, fill),
            Format::Delimited(table) => Self::delimited(table, &placing, &attributes, sections),
            Format::Json(json) => {
                let (mut slots, columns) = super::json_slots::slots(json, &placing, &attributes);
                let frame = super::json_slots::frame(json, &columns, channel, sections, fill);
                let rows = placing.nest().map(|nest| {
                    slots.push(JsonSlot::at(&nest.at).repeated());
                    (Vec::new(), slots.len() - 1)
                });
                (Document::new_nested(columns, rows, &attributes, &placing), Box::new(JsonEncoder::new(frame, slots)))
            }
        }
    }

    fn xml(
        xml: &Xml,
        placing: &Placing<'_>,
        attributes: &[(usize, &String, &Attribute)],
        sections: &[SectionRows<'_>],
        fill: Fill<'_>,
    ) -> (Document, Box<dyn Encoder>) {
        let mut slots = XmlSlots::default();
        let columns =
            attributes.iter().map(|(index, name, attribute)| slots.column(xml, placing, *index, name, attribute));
        let columns = columns.collect();
        let rows = placing.nest().map(|nest| slots.path(&nest.at));
        let mut document = Document::new_nested(columns, rows, attributes, placing);
        let is_element =
            |column: &Column| matches!(slots.made[column.whole.slot], XmlSlot::Element(_) | XmlSlot::Cdata(_));
        let stands_alone = |column: &Column| column.path.is_empty() && is_element(column);
        document.written = document.columns.iter().map(|c| stands_alone(c).then(Written::default)).collect();
        let mut open: Vec<XmlElement> = xml
            .open
            .iter()
            .map(|element| XmlElement {
                name: element.element.clone(),
                attributes: element.attributes.iter().map(|(k, v)| (k.clone(), fill(v))).collect(),
                ..XmlElement::default()
            })
            .collect();
        if let Some(innermost) = open.last_mut() {
            let head = xml.head.iter().map(|(name, text)| (name, fill(text))).filter(|(_, text)| !text.is_empty());
            head.for_each(|(path, text)| nest(&mut innermost.children, path, text_element(text)));
            for rows in sections {
                let to = if rows.section.after { &mut innermost.tail } else { &mut innermost.children };
                let path = rows.section.element.iter();
                path.for_each(|path| rows.rows().for_each(|row| nest(to, path, row_element(row))));
            }
        }
        let (between, item) = xml.item_path();
        open.extend(between.into_iter().map(|name| XmlElement { name: name.to_owned(), ..XmlElement::default() }));
        let envelope = XmlEnvelope { open, item: item.to_owned(), encoding: xml.encoding.0.name() };
        (document, Box::new(XmlEncoder::new(envelope, &slots.made)))
    }

    fn delimited(
        table: &Delimited,
        placing: &Placing<'_>,
        attributes: &[(usize, &String, &Attribute)],
        sections: &[SectionRows<'_>],
    ) -> (Document, Box<dyn Encoder>) {
        let mut header = Vec::new();
        let columns = attributes
            .iter()
            .map(|(index, name, attribute)| {
                table_column(table, placing, (*index, name, attribute), sections, &mut header)
            })
            .collect();
        let dialect = Dialect {
            delimiter: u8::try_from(table.delimiter).unwrap_or(b','),
            quoting: match table.quoting {
                Quoted::Needed => Quoting::Needed,
                Quoted::Always => Quoting::Always,
                Quoted::Never => Quoting::Never,
            },
            line_ending: if table.line_ending == LineEnding::Crlf { "\r\n" } else { "\n" },
            join: table.list.clone(),
            bom: table.bom,
            above: table.above.clone(),
            header: table.header,
        };
        let document = Document { columns, written: Vec::new(), nested: None, cell: Some(table.group.clone()) };
        (document, Box::new(DelimitedEncoder::new(dialect, header)))
    }

    /// Takes the columns of the rows inside an offer out of `columns`, which are in document order.
    fn new_nested(
        columns: Vec<Column>,
        rows: Option<(Vec<usize>, usize)>,
        attributes: &[(usize, &String, &Attribute)],
        placing: &Placing<'_>,
    ) -> Document {
        let written = Vec::new();
        let Some((path, slot)) = rows else { return Document { columns, written, nested: None, cell: None } };
        let is_inner = |column: &Column| {
            attributes.iter().any(|(index, name, _)| *index == column.attribute && placing.nests(name))
        };
        let before = columns.iter().position(is_inner).unwrap_or(columns.len());
        let (inner, columns) = columns.into_iter().partition(is_inner);
        Document { columns, written, nested: Some(Nested { columns: inner, before, path, slot }), cell: None }
    }

    /// Writes one offer, which is the same one for every row.
    pub fn write<W: std::io::Write>(&mut self, offer: &Offer, writer: &mut Writer<'_, W>) -> std::io::Result<()> {
        writer.begin_offer();
        if self.written.is_empty() {
            self.write_columns(&self.columns, offer, writer);
        } else {
            self.write_elements(offer, writer);
        }
        writer.end_offer()
    }

    /// Writes the columns of a document of elements: what the offer before had, too, is copied.
    fn write_elements<W: std::io::Write>(&mut self, offer: &Offer, writer: &mut Writer<'_, W>) {
        let mut open: &[usize] = &[];
        let columns = self.columns.iter().zip(&mut self.written);
        for (column, written) in columns.filter(|(column, _)| offer.is_present(column.attribute)) {
            open = step(open, &column.path, writer);
            match written {
                Some(written) => {
                    let change = offer.change_of(column.attribute);
                    if written.change != change {
                        written.change = change;
                        writer.apart(&mut written.bytes, |writer| column.write_inside(offer, writer));
                    }
                    writer.inside(&written.bytes);
                }
                None => column.write_inside(offer, writer),
            }
        }
        step(open, &[], writer);
    }

    /// Writes an offer up to the rows inside it.
    pub fn begin<W: std::io::Write>(&self, offer: &Offer, writer: &mut Writer<'_, W>) {
        writer.begin_offer();
        if let Some(nested) = &self.nested {
            self.write_columns(&self.columns[..nested.before], offer, writer);
            step(&[], &nested.path, writer);
        }
    }

    /// Writes a row inside the offer.
    pub fn row<W: std::io::Write>(&self, row: &Offer, writer: &mut Writer<'_, W>) {
        if let Some(nested) = &self.nested {
            writer.begin_group(nested.slot);
            self.write_columns(&nested.columns, row, writer);
            writer.end_group();
        }
    }

    /// Writes what stands after the rows of `offer`.
    pub fn end<W: std::io::Write>(&self, offer: &Offer, writer: &mut Writer<'_, W>) -> std::io::Result<()> {
        if let Some(nested) = &self.nested {
            step(&nested.path, &[], writer);
            self.write_columns(&self.columns[nested.before..], offer, writer);
        }
        writer.end_offer()
    }

    fn write_columns<W: std::io::Write>(&self, columns: &[Column], offer: &Offer, writer: &mut Writer<'_, W>) {
        let mut open: &[usize] = &[];
        for column in columns.iter().filter(|column| offer.is_present(column.attribute)) {
            if column.path != open {
                open = step(open, &column.path, writer);
            }
            match &self.cell {
                Some(group) => column.write_cell(offer, group, writer),
                None => column.write_inside(offer, writer),
            }
        }
        step(open, &[], writer);
    }
}

/// Closes the elements that `to` is not in and opens those it is.
fn step<'p, W: std::io::Write>(from: &[usize], to: &'p [usize], writer: &mut Writer<'_, W>) -> &'p [usize] {
    let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    from.iter().skip(common).for_each(|_| writer.end_group());
    to.iter().skip(common).for_each(|slot| writer.begin_group(*slot));
    to
}

impl Column {
    fn write_inside<W: std::io::Write>(&self, offer: &Offer, writer: &mut Writer<'_, W>) {
        if let Some(json) = &self.json {
            return writer.field(self.whole.slot, &json.text(offer, self.attribute));
        }
        if self.fields == 0 {
            return offer.values(self.attribute).for_each(|value| self.whole.write(value, writer));
        }
        if self.keys.is_some() {
            return self.keyed(offer).for_each(|(name, value)| writer.named(self.whole.slot, name, &value));
        }
        for parts in offer.groups(self.attribute, self.fields) {
            writer.begin_group(self.whole.slot);
            for (place, value) in self.parts.iter().zip(parts) {
                if let Some(value) = value {
                    place.write(value, writer);
                }
            }
            writer.end_group();
        }
    }

    fn write_cell<W: std::io::Write>(&self, offer: &Offer, group: &str, writer: &mut Writer<'_, W>) {
        if let Some(json) = &self.json {
            return writer.field(self.whole.slot, &json.text(offer, self.attribute));
        }
        if let Some((_, slots)) = &self.keys {
            for (name, value) in self.keyed(offer) {
                if let Some((_, slot)) = slots.iter().find(|(known, _)| known == name) {
                    writer.field(*slot, &one_line(&value));
                }
            }
            return;
        }
        if self.fields == 0 {
            for (n, value) in offer.values(self.attribute).enumerate() {
                let text = self.whole.text(value);
                match &self.joint {
                    _ if self.family > 0 => self.spread(n, 0, &text, writer),
                    Some(joint) => writer.joined(self.whole.slot, &quote(&one_line(&text), &[joint]), joint),
                    None => writer.field(self.whole.slot, &one_line(&text)),
                }
            }
            return;
        }
        for (n, parts) in offer.groups(self.attribute, self.fields).enumerate() {
            if self.parts.len() == self.family * self.fields {
                for (part, value) in parts.enumerate().filter_map(|(part, value)| Some((part, value?))) {
                    self.spread(n, part, value, writer);
                }
                continue;
            }
            let joint = self.joint.as_deref().unwrap_or_default();
            let quoted = |(part, place): (Option<&str>, &Place)| {
                quote(&one_line(&place.text(part.unwrap_or_default())), &[joint, group]).into_owned()
            };
            let text: Vec<String> = parts.zip(&self.parts).map(quoted).collect();
            writer.joined(self.whole.slot, &text.join(group), joint);
        }
    }

    /// Groups of two parts, one of which names the place of the other: name and value of each.
    fn keyed<'o>(&'o self, offer: &'o Offer) -> impl Iterator<Item = (&'o str, Cow<'o, str>)> {
        let key = self.keys.as_ref().map_or(0, |(part, _)| *part);
        offer.groups(self.attribute, self.fields).filter_map(move |parts| {
            let parts: Vec<Option<&str>> = parts.collect();
            let value = 1_usize.checked_sub(key)?;
            let name = (*parts.get(key)?)?;
            Some((name, self.parts.get(value)?.text((*parts.get(value)?)?)))
        })
    }

    /// The `n`th value has columns of its own; more values than columns are not written.
    fn spread<W: std::io::Write>(&self, n: usize, part: usize, value: &str, writer: &mut Writer<'_, W>) {
        if let Some(place) = self.parts.get(n * self.fields.max(1) + part).filter(|_| n < self.family) {
            writer.field(place.slot, &one_line(&place.text(value)));
        }
    }
}

impl Place {
    pub fn text<'v>(&self, value: &'v str) -> Cow<'v, str> {
        self.form.as_ref().map_or(Cow::Borrowed(value), |form| written(form, value))
    }

    fn write<W: std::io::Write>(&self, value: &str, writer: &mut Writer<'_, W>) {
        let Some([first, last]) = self.apart else { return writer.field(self.slot, &self.text(value)) };
        writer.begin_group(self.slot);
        writer.field(first, &self.text(value));
        writer.field(last, second(value));
        writer.end_group();
    }
}

/// Puts `element` at `path` (`contact/name`), inside what is already there.
fn nest(children: &mut Vec<XmlElement>, path: &str, element: XmlElement) {
    let Some((name, rest)) = path.split_once('/') else {
        return children.push(XmlElement { name: path.to_owned(), ..element });
    };
    if children.last().is_none_or(|last| last.name != name) {
        children.push(XmlElement { name: name.to_owned(), ..XmlElement::default() });
    }
    if let Some(last) = children.last_mut() {
        nest(&mut last.children, rest, element);
    }
}

fn text_element(text: String) -> XmlElement {
    XmlElement { text, ..XmlElement::default() }
}

fn row_element<'r>(row: impl Iterator<Item = (&'r str, &'r str, &'r serde_json::Value)>) -> XmlElement {
    let mut element = XmlElement::default();
    for (_, place, value) in row {
        let text = text_of(value);
        match place.strip_prefix('@') {
            Some(attribute) => element.attributes.push((attribute.to_owned(), text)),
            None if place == "text()" => element.text = text,
            None => nest(&mut element.children, place, text_element(text)),
        }
    }
    element
}

/// Slots of an XML document, as they are declared. An element around several attributes is one slot.
#[derive(Default)]
struct XmlSlots {
    made: Vec<XmlSlot>,
    around: Vec<(String, usize)>,
}

impl XmlSlots {
    fn add(&mut self, slot: XmlSlot) -> usize {
        self.made.push(slot);
        self.made.len() - 1
    }

    fn column(&mut self, xml: &Xml, placing: &Placing<'_>, index: usize, name: &str, attribute: &Attribute) -> Column {
        let own = format!("{}{name}", xml.prefix);
        let at = placing.at(name, attribute).unwrap_or(&own);
        let steps: Vec<&str> = at.split('/').collect();
        let (leaf, around) = steps.split_last().map_or((at, &[][..]), |(leaf, around)| (*leaf, around));
        let path = (1..=around.len()).map(|depth| self.element(&around[..depth])).collect();
        let named = attribute.named_by(leaf);
        let pattern = named.map(|(_, before, after)| format!("{before}{NAME}{after}"));
        let form = placing.form(name, attribute);
        let whole = self.place(pattern.as_deref().unwrap_or(leaf), form);
        let parts = attribute.fields.iter().map(|(part, field)| {
            let full = format!("{name}.{part}");
            let own = format!("{}{part}", xml.prefix);
            self.place(placing.at(&full, field).unwrap_or(&own), placing.form(&full, field))
        });
        let parts: Vec<Place> = parts.collect();
        Column {
            attribute: index,
            fields: attribute.fields.len(),
            path,
            whole,
            json: Form::is_json(form).then(|| JsonCell::new(attribute, &parts)),
            parts,
            joint: None,
            family: 0,
            keys: named.map(|(part, ..)| (part, Vec::new())),
        }
    }

    /// The slots of the elements around the last step of a path, and of that step.
    fn path(&mut self, at: &str) -> (Vec<usize>, usize) {
        let steps: Vec<&str> = at.split('/').collect();
        let around = (1..steps.len()).map(|depth| self.element(&steps[..depth])).collect();
        (around, self.leaf(steps.last().unwrap_or(&at), false))
    }

    fn element(&mut self, steps: &[&str]) -> usize {
        let path = steps.join("/");
        if let Some((_, slot)) = self.around.iter().find(|(known, _)| *known == path) {
            return *slot;
        }
        let slot = self.add(XmlSlot::Element(steps.last().copied().unwrap_or_default().to_owned()));
        self.around.push((path, slot));
        slot
    }

    fn place(&mut self, leaf: &str, form: Option<&Form>) -> Place {
        let slot = self.leaf(leaf, form == Some(&Form::Named(Named::Cdata)));
        let apart = match form {
            Some(Form::Apart(parts)) => Some([self.leaf(&parts.amount, false), self.leaf(&parts.currency, false)]),
            _ => None,
        };
        Place { slot, form: form.cloned(), apart }
    }

    fn leaf(&mut self, leaf: &str, cdata: bool) -> usize {
        self.add(match leaf.strip_prefix('@') {
            Some(attribute) => XmlSlot::Attribute(attribute.to_owned()),
            None if leaf == "text()" => XmlSlot::Text,
            None if cdata => XmlSlot::Cdata(leaf.to_owned()),
            None => XmlSlot::Element(leaf.to_owned()),
        })
    }
}

/// The columns of a table that has one for every attribute.
pub(super) fn all_columns(channel: &Channel, table: &Delimited, placing: &Placing<'_>) -> Vec<String> {
    let mut header = Vec::new();
    for (index, (name, attribute)) in
        channel.contract.attribute.iter().enumerate().filter(|(_, (n, _))| !placing.omits(n))
    {
        table_column(table, placing, (index, name, attribute), &[], &mut header);
    }
    header
}

fn table_column(
    table: &Delimited,
    placing: &Placing<'_>,
    (index, name, attribute): (usize, &str, &Attribute),
    sections: &[SectionRows<'_>],
    header: &mut Vec<String>,
) -> Column {
    let at = placing.at(name, attribute).filter(|at| !at.starts_with('@'));
    let joint = table.joints.get(name).unwrap_or(&table.list);
    let fields: Vec<&String> = attribute.fields.keys().collect();
    let form = |part: &str| match attribute.fields.get(part) {
        Some(field) => placing.form(&format!("{name}.{part}"), field).cloned(),
        None => placing.form(name, attribute).cloned(),
    };
    let first = header.len();
    let (n, part) = (at.is_some_and(|at| at.contains("{n}")), at.is_some_and(|at| at.contains("{part}")));
    let family = if n { attribute.repeats() } else { 1 };
    let spread = n || part;
    let is_json = Form::is_json(placing.form(name, attribute));
    let mut parts = Vec::new();
    let named = at.filter(|_| !spread).and_then(|at| attribute.named_by(at));
    let keys = named.map(|(part, before, after)| {
        let target = attribute.fields.get_index(part).and_then(|(_, field)| field.refers.as_deref());
        let names = listed(sections, target.unwrap_or_default(), "");
        let column = |name: String| {
            header.push(format!("{before}{name}{after}"));
            (name, header.len() - 1)
        };
        (part, names.into_iter().map(column).collect::<Vec<_>>())
    });
    match at.filter(|_| spread) {
        _ if keys.is_some() => parts.extend(fields.iter().map(|f| Place { slot: first, form: form(f), apart: None })),
        Some(pattern) => {
            let names = if fields.is_empty() { vec![""] } else { fields.iter().map(|f| f.as_str()).collect() };
            for number in 1..=family {
                for part in &names {
                    parts.push(Place { slot: header.len(), form: form(part), apart: None });
                    header.push(pattern.replace("{n}", &number.to_string()).replace("{part}", part));
                }
            }
        }
        None => {
            let plain = |part: &&String| Place { slot: first, form: form(part), apart: None };
            parts.extend(fields.iter().map(plain));
            let label = at.unwrap_or(name);
            header.push(if is_json { label.to_owned() } else { header_name(label, attribute, &table.group) });
        }
    }
    let whole = Place { slot: first, form: placing.form(name, attribute).cloned(), apart: None };
    let joint = (attribute.repeats() > 1 || attribute.kind == Type::Group).then(|| joint.clone());
    let family = if spread { family } else { 0 };
    let json = is_json.then(|| JsonCell::new(attribute, &parts));
    Column { attribute: index, fields: fields.len(), path: Vec::new(), whole, parts, joint, family, json, keys }
}

/// A group names its parts in the header, `shipping(country:region:price)`, so that none is guessed by position.
fn header_name(name: &str, attribute: &Attribute, join: &str) -> String {
    if attribute.kind != Type::Group || name.contains('(') {
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
