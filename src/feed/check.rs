//! `feed check`: a feed somebody made, read as its channel would read it, with line and column of every fault.
use std::io::BufRead;
use std::path::Path;

use serde::Serialize;

use super::checker::{Checker, code};
use super::document::all_columns;
use super::findings::Findings;
use super::joined::{split, unquote};
use super::json_cell;
use super::layout::Layout;
use super::offer::Offer;
use super::shape::{Fault, Raw, Side, Taken, shape};
use crate::channel::{Attribute, Channel, Format, Type};
use crate::diagnostic::{Diagnostic, Error, Place, Result, Severity};
use crate::document::{self, Field, OfferReader, RawOffer, ReadOptions, open};
use crate::value::Currency;
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
    let Opened { mut reader, format, table } = opened(channel, input, file)?;
    let mut reading = Reading::new(channel, file, format, table);
    let mut checker = Checker::new(channel, setting);
    let mut raw = RawOffer::default();
    let mut offer = Offer::new(channel.contract.attribute.len());
    let mut checked = Checked::default();
    // What is wrong with an offer itself is said once, not for each row inside it.
    let inner: Vec<&str> = reading.layout.nest().iter().flat_map(|nest| &nest.of).map(String::as_str).collect();
    let is_of_row = |finding: &Diagnostic| finding.place.attribute.as_deref().is_some_and(|name| inner.contains(&name));
    let has_header = !matches!(format, Some(Format::Delimited(table)) if !table.header);
    while reader.read_offer(&mut raw)? {
        if table && has_header && raw.index() == 1 {
            reading.read_header(reader.head(), findings);
        }
        if let Some(head) = reader.head().root().filter(|_| raw.index() == 1) {
            checker.refer(super::refers::of_head(channel, format, head));
        }
        reader.take_findings().into_iter().for_each(|finding| findings.add(finding));
        offer.clear();
        let sound = reading.take(&raw, &mut offer, findings);
        let rows = reading.layout.rows(&raw).filter(|rows| !rows.is_empty());
        match rows.zip(raw.root()) {
            None => reading.judge(&raw, &mut offer, sound, &mut checker, &mut checked, findings),
            Some((rows, root)) => {
                reading.check_count(&offer, &rows, findings);
                let outer = offer.clone();
                for (n, row) in rows.into_iter().enumerate() {
                    offer.clone_from(&outer);
                    let mut sink = |finding: &Diagnostic| {
                        if n == 0 || is_of_row(finding) {
                            findings.add(finding.clone());
                        }
                    };
                    let mut findings = Findings::new(&mut sink);
                    let sound = reading.take_row(root, row, &mut offer, &mut findings) && sound;
                    reading.judge(&raw, &mut offer, sound, &mut checker, &mut checked, &mut findings);
                }
            }
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

/// A document, and which of the contract's formats it is in.
pub(super) struct Opened<'c, 'r> {
    pub reader: Box<dyn OfferReader + 'r>,
    pub format: Option<&'c Format>,
    pub table: bool,
}

/// Opens a feed as the channel would: by its content, with the offers where the contract puts them.
pub(super) fn opened<'c, 'r, R: BufRead + 'r>(channel: &'c Channel, input: R, file: &str) -> Result<Opened<'c, 'r>> {
    let mut input = input;
    let first = input.fill_buf().map_err(|e| Error::io("read", file.as_ref(), e))?;
    let kind = document::detect(first);
    let format = format_of(channel, kind, file);
    let item = match format {
        // RSS and Atom are known by themselves, whichever of the two it is.
        Some(Format::Xml(xml)) => {
            let is_syndicated = xml.open.first().is_some_and(|root| matches!(root.element.as_str(), "rss" | "feed"));
            (!is_syndicated).then(|| xml.item_path().1.to_owned())
        }
        Some(Format::Json(json)) => json.items.clone(),
        _ => None,
    };
    let mut options = ReadOptions { file: file.to_owned(), item, ..ReadOptions::default() };
    if let Some(Format::Delimited(table)) = format {
        options.above.clone_from(&table.above);
        options.columns =
            (!table.header).then(|| all_columns(channel, table, &format.map(Format::placing).unwrap_or_default()));
    }
    let table = matches!(kind, document::Format::Delimited(_));
    Ok(Opened { reader: open(input, options)?, format, table })
}

/// Which of the contract's formats a document is in: of the same kind, and best the one its name says.
fn format_of<'c>(channel: &'c Channel, kind: document::Format, file: &str) -> Option<&'c Format> {
    let same_kind = |format: &Format| {
        matches!(
            (format, kind),
            (Format::Xml(_), document::Format::Xml)
                | (Format::Json(_), document::Format::Json)
                | (Format::Delimited(_), document::Format::Delimited(_))
        )
    };
    let same_delimiter = |(_, format): &(&String, &Format)| match (format, kind) {
        (Format::Delimited(table), document::Format::Delimited(delimiter)) => table.delimiter == char::from(delimiter),
        _ => true,
    };
    let candidates = || channel.contract.format.iter().filter(|(_, format)| same_kind(format));
    let file = Path::new(file);
    let file_name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let ending = Path::new(file_name.strip_suffix(".gz").unwrap_or(file_name)).extension();
    let named =
        |(name, format): &(&String, &Format)| ending.is_some_and(|e| e == name.as_str()) || format.is_named(file_name);
    let usual = || candidates().find(same_delimiter).or_else(|| candidates().next());
    candidates().filter(same_delimiter).find(named).or_else(usual).map(|(_, format)| format)
}

/// Turns what stands in the document into the contract's attributes.
struct Reading<'c> {
    channel: &'c Channel,
    file: &'c str,
    /// A table has no repeated fields: a cell holds several values.
    table: bool,
    layout: Layout<'c>,
    /// Of prices that are written without it.
    currency: Option<Currency>,
    own_currency: Option<Currency>,
    /// The field of each attribute of the current offer, and that of the offer, or of the row inside it.
    at: Vec<Option<usize>>,
    offer_at: usize,
    index: u64,
    /// Names already reported as unknown: once for a feed is enough.
    unknown: Vec<String>,
    /// Names already looked up, and the one that is expected next: offers name their fields in one order, as a rule.
    met: Vec<Met<'c>>,
    next: usize,
    foreign_namespace: bool,
    /// Required attributes that the table has no column for.
    absent: Vec<usize>,
}

/// Position in the contract, name, attribute.
type Known<'c> = (usize, &'c str, &'c Attribute);

/// A name of a field, and what it is.
struct Met<'c> {
    name: String,
    namespace: Option<String>,
    inner: bool,
    known: Option<Known<'c>>,
}

impl Met<'_> {
    fn is(&self, field: Field<'_>, inner: bool) -> bool {
        self.name == field.qualified_name() && self.inner == inner && self.namespace.as_deref() == field.namespace()
    }
}

/// Names remembered: more than any channel has, and few where every offer invents some.
const MET_MAX: usize = 200;

/// A field of the document and the attribute it is.
#[derive(Clone, Copy)]
struct Target<'a> {
    index: usize,
    name: &'a str,
    attribute: &'a Attribute,
    field: Field<'a>,
    /// That of the field, or of an attribute of it.
    text: &'a str,
}

/// A field's name, without the parts a group's header spells out.
fn bare(name: &str) -> &str {
    name.split_once('(').map_or(name, |(bare, _)| bare).trim()
}

impl<'c> Reading<'c> {
    fn new(channel: &'c Channel, file: &'c str, format: Option<&'c Format>, table: bool) -> Self {
        let at = vec![None; channel.contract.attribute.len()];
        let own_currency = channel.parameter("currency").and_then(|code| Currency::parse(&code.to_text()).ok());
        Reading {
            channel,
            file,
            table,
            layout: Layout::new(channel, format),
            currency: own_currency.or_else(usual),
            own_currency,
            at,
            offer_at: 0,
            index: 0,
            unknown: Vec::new(),
            met: Vec::new(),
            next: 0,
            foreign_namespace: false,
            absent: Vec::new(),
        }
    }

    /// A column that a table has not is missing in every row: that is said once.
    fn read_header(&mut self, head: &RawOffer, findings: &mut Findings<'_>) {
        let attribute_of =
            |field: Field<'_>| self.layout.spread_of(field.name()).or_else(|| Some(self.known(field, false)?.0));
        let named: Vec<usize> = head.fields().filter_map(attribute_of).collect();
        let given = |index: usize| named.contains(&index);
        for (index, name, instead) in self.channel.contract.required() {
            if !given(index) && !instead.is_some_and(given) {
                self.absent.push(index);
                let message = format!("the table has no column {name}, which every offer needs");
                findings.add(
                    Diagnostic::error(code(&self.channel.name, name, "missing"), message)
                        .at(head.position().place(self.file).attribute(name))
                        .help(format!("add it, or check that this is a feed for {}", self.channel.name)),
                );
            }
        }
    }

    fn take(&mut self, raw: &RawOffer, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        self.at.fill(None);
        self.offer_at = 0;
        self.index = raw.index();
        self.absent.iter().for_each(|index| offer.mark_faulty(*index));
        let Some(root) = raw.root() else { return true };
        self.name_offer(&[root], offer);
        self.read_currency(root);
        if self.layout.takes_all() {
            self.note_unknown(raw, findings);
        }
        self.take_fields(root, false, offer, findings) & self.take_spread(raw, offer, findings)
    }

    /// What a row inside the offer adds to it.
    fn take_row(&mut self, root: Field<'_>, row: Field<'_>, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let inner = self.at.iter_mut().enumerate().filter(|(index, _)| self.layout.is_inner(*index));
        inner.for_each(|(_, at)| *at = None);
        self.offer_at = row.number();
        offer.sku.clear();
        self.name_offer(&[row, root], offer);
        self.read_currency(row);
        self.take_fields(row, true, offer, findings)
    }

    /// The fields of an offer (or those of a row `inner` to one) by name, then those by their path.
    fn take_fields(&mut self, root: Field<'_>, inner: bool, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let mut sound = true;
        if !self.layout.takes_all() {
            for field in root.children() {
                if self.layout.is_around(field.qualified_name()) {
                    continue;
                }
                let Some((index, name, attribute)) = self.find(field, inner, findings) else { continue };
                let target = Target { index, name, attribute, field, text: field.text() };
                sound &= self.take_target(target, offer, findings);
            }
        }
        for (index, found) in self.layout.placed(root, inner) {
            let Some((name, attribute)) = self.channel.contract.attribute.get_index(index) else { continue };
            let target = Target { index, name, attribute, field: found.field, text: found.text };
            sound &= self.take_target(target, offer, findings);
        }
        sound
    }

    fn judge(
        &self,
        raw: &RawOffer,
        offer: &mut Offer,
        sound: bool,
        checker: &mut Checker<'_>,
        checked: &mut Checked,
        findings: &mut Findings<'_>,
    ) {
        let place = |offer: &Offer, attribute: usize| self.place(raw, offer, attribute);
        let taken = checker.check(offer, false, &place, findings) && sound;
        checked.offers += 1;
        checked.refused += u64::from(!taken);
    }

    /// Whether an offer has more rows inside than the channel takes.
    fn check_count(&self, offer: &Offer, rows: &[Field<'_>], findings: &mut Findings<'_>) {
        let Some(nest) = self.layout.nest() else { return };
        let Some(first) = nest.max.and_then(|max| rows.get(max)) else { return };
        let by = &nest.by;
        let key = self.channel.contract.attribute.get_index_of(by).and_then(|by| offer.first(by)).unwrap_or_default();
        let message = format!("{by} {key} has {} rows, more than are taken", rows.len());
        findings.add(
            Diagnostic::error(code(&self.channel.name, by, "crowded"), message)
                .at(first.position().place(self.file).record(self.index).attribute(by.as_str()))
                .help("split the product, or leave variants out"),
        );
    }

    fn take_target(&mut self, target: Target<'_>, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let Target { index, name, attribute, field, .. } = target;
        if self.at[index].is_some() && attribute.repeats() == 1 {
            let help = "give it once: which one counts is luck";
            findings.add(self.finding(offer, target, "twice", format!("{name} is given twice"), help));
            return false;
        }
        self.at[index] = Some(field.number());
        self.take_field(target, offer, findings)
    }

    /// Columns that hold one value, or one part of a group, each.
    fn take_spread(&mut self, raw: &RawOffer, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let mut sound = true;
        for (index, fields) in self.layout.spread(raw) {
            let Some((name, attribute)) = self.channel.contract.attribute.get_index(index) else { continue };
            let Some((_, field)) = fields.first().copied() else { continue };
            self.at[index] = Some(field.number());
            let target = Target { index, name, attribute, field, text: field.text() };
            sound &= if attribute.fields.is_empty() {
                self.take_one(target, field.text(), offer, findings)
            } else {
                let given = fields.iter().map(|(part, field)| (*part, field.text().trim().to_owned())).collect();
                self.take_parts(target, given, offer, findings)
            };
        }
        sound
    }

    /// What the offer itself says of its currency counts before what the shop says.
    fn read_currency(&mut self, root: Field<'_>) {
        if self.layout.currencies().is_empty() {
            return;
        }
        let stated = self.layout.currencies().iter().find_map(|name| {
            let text = self.layout.text(root, name).or_else(|| own_text(root, name))?;
            Currency::parse(text.trim()).ok()
        });
        self.currency = stated.or(self.own_currency).or_else(usual);
    }

    /// The identity names the offer in messages, before anything in it is checked. It stands in one of `roots`.
    fn name_offer(&self, roots: &[Field<'_>], offer: &mut Offer) {
        self.layout.identity(roots, &mut offer.sku);
    }

    /// In JSON every field has its pointer; one that leads nowhere is said once.
    fn note_unknown(&mut self, raw: &RawOffer, findings: &mut Findings<'_>) {
        let Some(root) = raw.root() else { return };
        for (path, field) in self.layout.unknown(root) {
            if !self.unknown.contains(&path) {
                findings.add(self.no_such(&path, field));
                self.unknown.push(path);
            }
        }
    }

    fn no_such(&self, wanted: &str, field: Field<'_>) -> Diagnostic {
        let help = match closest(wanted, self.channel.contract.attribute.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{} does not know it and passes over it", self.channel.name),
        };
        Diagnostic::warning(
            format!("{}/unknown-attribute", self.channel.name),
            format!("`{wanted}` is no attribute of {}", self.channel.name),
        )
        .at(field.position().place(self.file).attribute(wanted))
        .help(help)
    }

    /// The attribute a field is by its name, whatever of its names the document uses.
    fn known(&self, field: Field<'_>, inner: bool) -> Option<Known<'c>> {
        let wanted = bare(field.name());
        let attributes = &self.channel.contract.attribute;
        let renamed = self.layout.renamed(field.qualified_name(), inner);
        renamed
            .and_then(|index| attributes.get_index(index).map(|(name, attribute)| (index, name, attribute)))
            .or_else(|| attributes.get_full(wanted))
            .or_else(|| {
                let folded = wanted.replace(' ', "_");
                let named = |(name, a): &(&String, &Attribute)| {
                    name.eq_ignore_ascii_case(&folded) || a.names.iter().any(|n| n.eq_ignore_ascii_case(wanted))
                };
                let position = attributes.iter().position(|pair| named(&pair))?;
                attributes.get_index(position).map(|(name, attribute)| (position, name, attribute))
            })
            .or_else(|| {
                let index = self.layout.family(wanted)?;
                attributes.get_index(index).map(|(name, attribute)| (index, name, attribute))
            })
            .filter(|(index, ..)| self.layout.is_inner(*index) == inner)
            .map(|(index, name, attribute)| (index, name.as_str(), attribute))
    }

    /// As [`Reading::known`], which is asked once for each name.
    fn find(&mut self, field: Field<'_>, inner: bool, findings: &mut Findings<'_>) -> Option<Known<'c>> {
        let is_it = |at: usize| self.met.get(at).is_some_and(|met| met.is(field, inner));
        let met = Some(self.next).filter(|next| is_it(*next)).or_else(|| (0..self.met.len()).find(|at| is_it(*at)));
        if let Some(at) = met {
            self.next = at + 1;
            return self.met[at].known;
        }
        let known = self.known(field, inner);
        let wanted = bare(field.name());
        match known {
            Some(_) => self.check_namespace(field, findings),
            None if !wanted.is_empty()
                && !self.layout.is_spread(wanted)
                && !self.unknown.iter().any(|u| u == wanted) =>
            {
                self.unknown.push(wanted.to_owned());
                findings.add(self.no_such(wanted, field));
            }
            None => {}
        }
        if self.met.len() < MET_MAX {
            let namespace = field.namespace().map(str::to_owned);
            self.met.push(Met { name: field.qualified_name().to_owned(), namespace, inner, known });
        }
        known
    }

    /// A prefix bound to another address than the channel's is another vocabulary: nothing of it is read there.
    fn check_namespace(&mut self, field: Field<'_>, findings: &mut Findings<'_>) {
        let Some(namespace) = field.namespace().filter(|_| field.qualified_name().contains(':')) else { return };
        let open = self.channel.contract.format.values().filter_map(|format| match format {
            Format::Xml(xml) => Some(&xml.open),
            _ => None,
        });
        let own: Vec<(&String, &String)> = open
            .flatten()
            .flat_map(|element| &element.attributes)
            .filter(|(name, _)| name.starts_with("xmlns:"))
            .collect();
        // A channel that documents tables only, or elements without a prefix, has no vocabulary to compare with.
        let Some((prefix, address)) = own.first() else { return };
        if own.iter().all(|(_, known)| *known != namespace) && !self.foreign_namespace {
            self.foreign_namespace = true;
            findings.add(
                Diagnostic::error(
                    format!("{}/wrong-namespace", self.channel.name),
                    format!("{} stands in the namespace {namespace}", field.qualified_name()),
                )
                .at(field.position().place(self.file))
                .help(format!("declare the channel's own address: {prefix}=\"{address}\"")),
            );
        }
    }

    fn take_field(&self, target: Target<'_>, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let Target { name, attribute, text, .. } = target;
        if self.layout.is_json_text(target.index) && !text.trim().is_empty() {
            return self.take_json(target, offer, findings);
        }
        if attribute.kind == Type::Group {
            return self.take_groups(target, offer, findings);
        }
        let joint = self.layout.joint(name);
        let several = self.table && attribute.repeats() > 1 && text.contains(joint);
        // A comma in a text is a comma, unless the contract says that it joins.
        if !several || (attribute.kind == Type::Text && joint == ",") {
            return self.take_one(target, text, offer, findings);
        }
        split(text, joint).fold(true, |sound, value| self.take_one(target, &unquote(value), offer, findings) & sound)
    }

    fn take_json(&self, target: Target<'_>, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let Target { name, attribute, text, .. } = target;
        let Some(values) = json_cell::read(attribute, text) else {
            let help = "write it as JSON: {\"name\": \"value\"}, or a list [ ] of such";
            findings.add(self.finding(offer, target, "not-json", format!("{name} is no JSON"), help));
            return false;
        };
        values.into_iter().fold(true, |sound, given| {
            let taken = match given.first() {
                Some((_, text)) if attribute.fields.is_empty() => self.take_one(target, text, offer, findings),
                _ => self.take_parts(target, given, offer, findings),
            };
            taken & sound
        })
    }

    fn take_groups(&self, target: Target<'_>, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let Target { name, attribute, field, text, .. } = target;
        let joint = self.layout.joint(name);
        let own_column = self.layout.family(field.name()).is_some();
        let several = self.table && attribute.repeats() > 1 && text.contains(joint) && !own_column;
        let values: Vec<&str> = if several { split(text, joint).collect() } else { vec![text] };
        values.into_iter().fold(true, |sound, value| {
            let given = match self.layout.parts(target.index, name, attribute, field) {
                Some(given) => given,
                None => parts_of(attribute, field, value, self.layout.group()),
            };
            self.take_parts(target, given, offer, findings) & sound
        })
    }

    fn take_one(&self, target: Target<'_>, text: &str, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let Target { index, name, attribute, field, .. } = target;
        let mut remark = None;
        let text = self.layout.read(index, attribute, field, text, self.currency);
        let pushed = offer.push(index, |out| {
            if let Taken::Remark(fault) = shape(attribute, Raw::Text(&text), None, Side::Check, out)? {
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
        let severity = self.channel.severity(&finding.code, severity);
        finding.severity = severity;
        findings.add(finding);
        if !offer.is_present(index) {
            offer.mark_faulty(index);
        }
        severity != Severity::Error
    }

    fn take_parts(
        &self,
        target: Target<'_>,
        given: Vec<(usize, String)>,
        offer: &mut Offer,
        findings: &mut Findings<'_>,
    ) -> bool {
        let Target { index, name, attribute, .. } = target;
        if given.is_empty() {
            return true;
        }
        let mut parts = vec![String::new(); attribute.fields.len()];
        for (position, text) in given {
            let Some((part, kind)) = attribute.fields.get_index(position) else { continue };
            let mut out = String::new();
            let text = self.layout.read_part((index, position), kind, &text, self.currency);
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
        let Target { name, attribute, field, text, .. } = target;
        let mut place = field.position().place(self.file).record(self.index).attribute(name).value(text.trim());
        if !offer.sku.is_empty() {
            place = place.sku(offer.sku.as_str());
        }
        Diagnostic::error(code(&self.channel.name, name, fault), message).at(place).help(attribute.advise(help))
    }

    fn place(&self, raw: &RawOffer, offer: &Offer, attribute: usize) -> Place {
        let number = self.at.get(attribute).copied().flatten().unwrap_or(self.offer_at);
        let at = raw.nth(number).map(|field| field.position()).unwrap_or_default();
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

/// The text of the first field of this local name.
fn own_text<'d>(root: Field<'d>, name: &str) -> Option<&'d str> {
    root.children().find(|field| field.name() == name).map(|field| field.text())
}

/// A price whose currency nobody says is read as most currencies are written: with two decimals.
fn usual() -> Option<Currency> {
    Currency::parse("EUR").ok()
}

/// The parts of a group, by their position: child elements, or `DE:Standard:4.90 EUR` in the order of the header
/// (`shipping(country:service:price)`), else of the contract.
fn parts_of(attribute: &Attribute, field: Field<'_>, text: &str, joint: &str) -> Vec<(usize, String)> {
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
        Some((_, list)) => list.trim_end_matches(')').split(joint).map(str::trim).collect(),
        None => attribute.fields.keys().map(String::as_str).collect(),
    };
    let parts = names.into_iter().zip(split(text, joint));
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
