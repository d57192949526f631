//! Where the attributes of one format stand, read the other way: from a place in a document to the attribute.
use std::borrow::Cow;

use super::form;
use super::identity::Identity;
use super::json_slots::{inside, pointer};
use crate::channel::{Attribute, Channel, Form, Format, Json, Nest, Placing, TwoPlaces, Type};
use crate::document::{Field, RawOffer};
use crate::value::Currency;

pub(super) struct Layout<'c> {
    format: Option<&'c Format>,
    identity: Identity<'c>,
    placing: Placing<'c>,
    /// The form of each attribute, and of each part of a group.
    forms: Vec<Option<&'c Form>>,
    part_forms: Vec<Vec<Option<&'c Form>>>,
    /// Groups of which a part stands elsewhere than in an element of its name.
    scattered: Vec<bool>,
    /// Names of what says the currency of amounts that are written without it.
    currencies: Vec<&'c str>,
    /// Another name, and the attribute.
    renamed: Vec<(&'c str, usize)>,
    /// Attributes with a path, and its steps: from the offer, or from the row inside it.
    placed: Vec<(usize, &'c str, Vec<String>)>,
    /// Steps to the rows inside an offer, and which attributes are theirs.
    rows: Option<Vec<String>>,
    inner: Vec<bool>,
    /// Elements that only hold others.
    around: Vec<String>,
    spread: Vec<Spread>,
    /// Attributes with columns whose names come from the data, and what stands around the name.
    families: Vec<(usize, &'c str, &'c str)>,
}

/// A column with one value of an attribute, or one part of it.
struct Spread {
    column: String,
    attribute: usize,
    n: usize,
    part: usize,
}

/// Positions of parts in a group, and the cells they stand in.
type Parts<'d> = Vec<(usize, Field<'d>)>;

/// Something a path led to: a field, or an attribute of it.
#[derive(Clone, Copy)]
pub(super) struct Found<'d> {
    pub field: Field<'d>,
    pub text: &'d str,
}

impl<'c> Layout<'c> {
    pub fn new(channel: &'c Channel, format: Option<&'c Format>) -> Layout<'c> {
        let placing = format.map(Format::placing).unwrap_or_default();
        let mut layout = Layout {
            format,
            identity: Identity::of(channel),
            forms: Vec::new(),
            part_forms: Vec::new(),
            scattered: Vec::new(),
            currencies: Vec::new(),
            placing,
            renamed: Vec::new(),
            placed: Vec::new(),
            rows: None,
            inner: Vec::new(),
            around: Vec::new(),
            spread: Vec::new(),
            families: Vec::new(),
        };
        if let Some(nest) = layout.placing.nest() {
            let steps = match format {
                Some(Format::Json(_)) => super::write::json_keys(&nest.at),
                _ => nest.at.split('/').map(str::to_owned).collect(),
            };
            layout.around.extend(steps.first().cloned());
            layout.rows = Some(steps);
        }
        layout.inner = channel.contract.attribute.keys().map(|name| layout.placing.nests(name)).collect();
        for (index, (name, attribute)) in channel.contract.attribute.iter().enumerate() {
            layout.add(index, name, attribute);
            layout.add_forms(name, attribute);
        }
        layout
    }

    fn add_forms(&mut self, name: &str, attribute: &'c Attribute) {
        let full = |part: &str| format!("{name}.{part}");
        let form = self.placing.form(name, attribute);
        let parts = attribute.fields.iter().map(|(part, field)| self.placing.form(&full(part), field)).collect();
        let is_elsewhere = |(part, field): (&String, &'c Attribute)| self.placing.at(&full(part), field).is_some();
        self.scattered.push(attribute.fields.iter().any(is_elsewhere));
        let lacks_currency = attribute.kind == Type::Price && form.is_some_and(Form::is_amount);
        if lacks_currency && !self.currencies.contains(&attribute.currency.as_str()) {
            self.currencies.push(&attribute.currency);
        }
        self.forms.push(form);
        self.part_forms.push(parts);
    }

    fn add(&mut self, index: usize, name: &'c str, attribute: &'c Attribute) {
        if let Some(Format::Json(json)) = self.format {
            let at = pointer(json, &self.placing, name, attribute);
            let at = at.strip_suffix("/0").filter(|at| at.ends_with('}')).unwrap_or(&at);
            let steps = super::write::json_keys(at);
            return self.placed.push((index, name, steps));
        }
        let Some(at) = self.placing.at(name, attribute) else { return };
        if matches!(self.format, Some(Format::Delimited(_))) {
            match (at.contains("{n}") || at.contains("{part}"), attribute.named_by(at)) {
                (true, _) => self.add_columns(index, at, attribute),
                (false, Some((_, before, after))) => self.families.push((index, before, after)),
                (false, None) => self.renamed.push((at, index)),
            }
        } else if at.contains('/') || at.starts_with('@') || at == "text()" {
            let steps: Vec<String> = at.split('/').map(str::to_owned).collect();
            self.around.extend(steps.first().filter(|_| steps.len() > 1).cloned());
            self.placed.push((index, name, steps));
        } else {
            self.renamed.push((at, index));
        }
    }

    fn add_columns(&mut self, index: usize, pattern: &str, attribute: &Attribute) {
        let names: Vec<&str> = attribute.fields.keys().map(String::as_str).collect();
        let names = if names.is_empty() { vec![""] } else { names };
        for n in 1..=attribute.repeats() {
            for (part, name) in names.iter().enumerate() {
                let column = pattern.replace("{n}", &n.to_string()).replace("{part}", name);
                self.spread.push(Spread { column, attribute: index, n, part });
            }
        }
    }

    /// Every field is looked for by its place, none by its name.
    pub fn takes_all(&self) -> bool {
        matches!(self.format, Some(Format::Json(_)))
    }

    /// Fields and attributes that say the currency of amounts without one.
    pub fn currencies(&self) -> &[&'c str] {
        &self.currencies
    }

    pub fn is_around(&self, name: &str) -> bool {
        self.around.iter().any(|around| around == name)
    }

    pub fn renamed(&self, name: &str, inner: bool) -> Option<usize> {
        let is_it = |(there, index): &&(&str, usize)| *there == name && self.is_inner(*index) == inner;
        self.renamed.iter().find(is_it).map(|(_, index)| *index)
    }

    /// The attribute that takes the names of its columns from the data, this one among them.
    pub fn family(&self, column: &str) -> Option<usize> {
        let is_of = |(_, before, after): &&(usize, &str, &str)| name_in(column, before, after).is_some();
        self.families.iter().find(is_of).map(|(index, ..)| *index)
    }

    /// Whether the whole attribute is JSON text.
    pub fn is_json_text(&self, attribute: usize) -> bool {
        Form::is_json(self.forms[attribute])
    }

    pub fn is_spread(&self, column: &str) -> bool {
        self.spread_of(column).is_some()
    }

    /// The attribute of which a column holds one value, or one part.
    pub fn spread_of(&self, column: &str) -> Option<usize> {
        self.spread.iter().find(|spread| spread.column == column).map(|spread| spread.attribute)
    }

    /// What joins several values of an attribute in a cell.
    pub fn joint(&self, name: &str) -> &'c str {
        let Some(Format::Delimited(table)) = self.format else { return "," };
        mark(table.joints.get(name).unwrap_or(&table.list), ",")
    }

    /// What joins the parts of a group in a cell.
    pub fn group(&self) -> &'c str {
        let Some(Format::Delimited(table)) = self.format else { return ":" };
        mark(&table.group, ":")
    }

    /// The rows inside an offer; `None` where the format has none.
    pub fn rows<'d>(&self, raw: &'d RawOffer) -> Option<Vec<Field<'d>>> {
        let steps = self.rows.as_ref()?;
        let root = raw.root()?;
        Some(self.walk(root, steps).into_iter().map(|found| found.field).collect())
    }

    pub fn nest(&self) -> Option<&'c Nest> {
        self.placing.nest()
    }

    /// Whether an attribute belongs to the rows inside an offer.
    pub fn is_inner(&self, attribute: usize) -> bool {
        self.inner.get(attribute) == Some(&true)
    }

    /// Attributes with a path, and what stands there: those of the rows inside an offer, or its own.
    pub fn placed<'d>(&self, root: Field<'d>, inner: bool) -> Vec<(usize, Found<'d>)> {
        let found = |(index, _, steps): &(usize, &str, Vec<String>)| {
            let index = *index;
            self.walk(root, steps).into_iter().map(move |found| (index, found)).collect::<Vec<_>>()
        };
        self.placed.iter().filter(|(index, ..)| self.is_inner(*index) == inner).flat_map(found).collect()
    }

    /// The text of one attribute with a path, in the offer or the row inside it.
    pub fn text<'d>(&self, root: Field<'d>, name: &str) -> Option<&'d str> {
        let (_, _, steps) = self.placed.iter().find(|(_, known, _)| *known == name)?;
        self.walk(root, steps).first().map(|found| found.text)
    }

    /// What names the offer, put into `identity`. Its attributes stand in one of `roots`: the offer, or the row inside it
    /// before the offer.
    pub fn identity(&self, roots: &[Field<'_>], identity: &mut String) {
        self.identity.write(identity, |index, name, attribute| {
            let root = if self.is_inner(index) { roots.first() } else { roots.last() }.copied()?;
            let is_it = |f: &Field<'_>| {
                f.name() == name || attribute.names.iter().any(|other| other.eq_ignore_ascii_case(f.name()))
            };
            let own = || root.children().find(is_it).map(|f| f.text().to_owned());
            self.text(root, name).map(str::to_owned).or_else(own)
        });
    }

    /// The columns that are spread, one entry for each value that is there: the attribute, and its parts.
    pub fn spread<'d>(&self, raw: &'d RawOffer) -> Vec<(usize, Parts<'d>)> {
        let mut found: Vec<(usize, usize, Parts<'d>)> = Vec::new();
        for spread in &self.spread {
            let Some(field) = raw.field(&spread.column).filter(|field| !field.text().trim().is_empty()) else {
                continue;
            };
            match found.last_mut().filter(|(attribute, n, _)| (*attribute, *n) == (spread.attribute, spread.n)) {
                Some((_, _, fields)) => fields.push((spread.part, field)),
                None => found.push((spread.attribute, spread.n, vec![(spread.part, field)])),
            }
        }
        found.into_iter().map(|(attribute, _, fields)| (attribute, fields)).collect()
    }

    /// Parts of a group where the format says that they stand elsewhere than in elements of their names.
    pub fn parts(
        &self,
        index: usize,
        name: &str,
        attribute: &Attribute,
        field: Field<'_>,
    ) -> Option<Vec<(usize, String)>> {
        let place = self.placing.at(name, attribute).and_then(|at| match self.format {
            Some(Format::Delimited(_)) => Some(at),
            _ => at.trim_end_matches("/0").rsplit('/').next(),
        });
        if let Some((part, before, after)) = place.and_then(|place| attribute.named_by(place)) {
            let name = name_in(field.name(), before, after)?;
            let text = field.text().trim();
            let given = !text.is_empty();
            return Some(if given {
                vec![(part, name.to_owned()), (1_usize.saturating_sub(part), text.to_owned())]
            } else {
                Vec::new()
            });
        }
        let json = match self.format? {
            Format::Json(json) => Some(json),
            Format::Xml(_) => None,
            Format::Delimited(_) => return None,
        };
        if json.is_none() && !self.scattered[index] {
            return None;
        }
        let mut given = Vec::new();
        for (position, (part, kind)) in attribute.fields.iter().enumerate() {
            let full = format!("{name}.{part}");
            let steps = match json {
                Some(json) => super::write::json_keys(&inside(json, &self.placing, &full, part, kind)),
                None => self.placing.at(&full, kind).unwrap_or(part).split('/').map(str::to_owned).collect(),
            };
            let Some(found) = self.walk(field, &steps).first().copied() else { continue };
            let text = match self.part_forms[index][position] {
                Some(Form::Apart(places)) => two_places(places, found.field, kind),
                _ => None,
            };
            given.push((position, text.unwrap_or_else(|| found.text.trim().to_owned())));
        }
        Some(given)
    }

    /// What the value of attribute number `index` says, as it is written inside.
    pub fn read<'t>(
        &self,
        index: usize,
        attribute: &Attribute,
        field: Field<'_>,
        text: &'t str,
        currency: Option<Currency>,
    ) -> Cow<'t, str> {
        match self.forms[index] {
            None => Cow::Borrowed(text),
            Some(Form::Apart(parts)) => two_places(parts, field, attribute).map_or(Cow::Borrowed(text), Cow::Owned),
            Some(form) => form::read(form, attribute, text, currency),
        }
    }

    /// The same for a part of it.
    pub fn read_part<'t>(
        &self,
        (index, part): (usize, usize),
        attribute: &Attribute,
        text: &'t str,
        currency: Option<Currency>,
    ) -> Cow<'t, str> {
        match self.part_forms[index][part] {
            // Halves were put together when the group was.
            None | Some(Form::Apart(_)) => Cow::Borrowed(text),
            Some(form) => form::read(form, attribute, text, currency),
        }
    }

    /// Fields no pointer of the contract leads to, each with its own pointer.
    pub fn unknown<'d>(&self, root: Field<'d>) -> Vec<(String, Field<'d>)> {
        let Some(Format::Json(json)) = self.format else { return Vec::new() };
        let constants = json.constant.iter().map(|constant| super::write::json_keys(&constant.at));
        let placed = self.placed.iter().map(|(index, _, steps)| match &self.rows {
            Some(rows) if self.is_inner(*index) => rows.iter().chain(steps).cloned().collect(),
            _ => steps.clone(),
        });
        let known: Vec<Vec<String>> = placed.chain(constants).collect();
        let known: Vec<Vec<String>> =
            known.into_iter().map(|steps| steps.into_iter().filter(|s| number(s).is_none()).collect()).collect();
        let mut found = Vec::new();
        look(root, &mut Vec::new(), &known, &mut found);
        found
    }

    fn walk<'d>(&self, from: Field<'d>, steps: &[String]) -> Vec<Found<'d>> {
        let mut fields = vec![from];
        for (depth, step) in steps.iter().enumerate() {
            let last = depth + 1 == steps.len();
            match step.strip_prefix('@') {
                Some(attribute) if last && !self.takes_all() => {
                    let given = |field: Field<'d>| Some(Found { field, text: field.attribute(attribute)? });
                    return fields.into_iter().filter_map(given).collect();
                }
                _ if last && step == "text()" => break,
                _ => {}
            }
            fields = match number(step).filter(|_| self.takes_all()) {
                Some(number) => self.numbered(fields, &steps[..=depth], number),
                None => {
                    let pattern = around_name(step);
                    let is_it = move |child: &Field<'d>| match pattern {
                        Some((before, after)) => name_in(child.name(), before, after).is_some(),
                        None => child.qualified_name() == step || child.name() == step,
                    };
                    let inside = move |field: Field<'d>| field.children().filter(is_it);
                    fields.into_iter().flat_map(inside).collect()
                }
            };
        }
        fields.into_iter().map(|field| Found { field, text: field.text() }).collect()
    }

    /// Entries of a list: those that do not contradict the constants the contract puts there (some stand only with an
    /// attribute); where it puts none, the one at the number.
    fn numbered<'d>(&self, entries: Vec<Field<'d>>, steps: &[String], number: usize) -> Vec<Field<'d>> {
        let Some(Format::Json(json)) = self.format else { return entries };
        let marks = marks(json, steps);
        if marks.is_empty() {
            return entries.into_iter().skip(number).take(1).collect();
        }
        let marked = |entry: &Field<'d>| {
            let contradicts =
                |(key, text): &(String, &str)| entry.children().any(|c| c.name() == key && c.text() != *text);
            !marks.iter().any(contradicts)
        };
        entries.into_iter().filter(marked).collect()
    }
}

/// Constant texts right inside the entry of a list, with their keys.
fn marks<'j>(json: &'j Json, steps: &[String]) -> Vec<(String, &'j str)> {
    let mark = |constant: &'j crate::channel::Constant| {
        let mut keys = super::write::json_keys(&constant.at);
        let key = keys.pop().filter(|_| keys == steps)?;
        Some((key, constant.value.as_str().filter(|text| !text.starts_with('$'))?))
    };
    json.constant.iter().filter_map(mark).collect()
}

fn look<'d>(at: Field<'d>, path: &mut Vec<String>, known: &[Vec<String>], found: &mut Vec<(String, Field<'d>)>) {
    for child in at.children() {
        path.push(child.name().to_owned());
        let leads = |steps: &Vec<String>| {
            steps.len() >= path.len()
                && steps.iter().zip(path.iter()).all(|(step, name)| match around_name(step) {
                    Some((before, after)) => name_in(name, before, after).is_some(),
                    None => step == name,
                })
        };
        if !known.iter().any(leads) {
            found.push((path.join("/"), child));
        } else if !known.iter().any(|steps| leads(steps) && steps.len() == path.len()) {
            look(child, path, known, found);
        }
        path.pop();
    }
}

/// `12.90 EUR` from a number and a currency that stand apart; a range from its ends, a measure from number and unit.
fn two_places(parts: &TwoPlaces, field: Field<'_>, attribute: &Attribute) -> Option<String> {
    let at = |place: &str| match place.strip_prefix('@') {
        Some(name) => field.attribute(name),
        None if place == "text()" => Some(field.text()),
        None => field.children().find(|c| c.name() == place.trim_start_matches('/')).map(|c| c.text()),
    };
    let (first, last) = (at(&parts.amount)?, at(&parts.currency)?);
    let form = Form::Named(parts.form);
    let half = |text, currency| form::read(&form, attribute, text, currency);
    Some(match attribute.kind {
        Type::DateRange => format!("{}/{}", half(first, None), half(last, None)),
        Type::Measure => format!("{} {last}", half(first, None)),
        _ => half(first, Currency::parse(last).ok()).into_owned(),
    })
}

/// What stands around `{name}` in a step.
fn around_name(step: &str) -> Option<(&str, &str)> {
    let (before, rest) = step.split_once('{')?;
    Some((before, rest.split_once('}')?.1))
}

/// The name that stands between the two; none is empty.
fn name_in<'n>(whole: &'n str, before: &str, after: &str) -> Option<&'n str> {
    whole.strip_prefix(before)?.strip_suffix(after).filter(|name| !name.is_empty())
}

fn number(step: &str) -> Option<usize> {
    step.parse().ok()
}

/// A joint without the spaces around it, which readers do not insist on.
fn mark<'j>(joint: &'j str, usual: &'static str) -> &'j str {
    let mark = joint.trim();
    if mark.is_empty() { if joint.is_empty() { usual } else { joint } } else { mark }
}
