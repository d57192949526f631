//! From a row of the template to an offer: each column brought into shape by its attribute, with what is left out and
//! why.
use std::borrow::Cow;
use std::collections::HashMap;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::checker::code;
use super::findings::Findings;
use super::offer::Offer;
use super::shape::{Fault, Raw, Side, Taken, shape};
use crate::catalog::fault;
use crate::channel::{Attribute, Channel, Compiled, Origin, Parameter, Source, Type};
use crate::diagnostic::{Diagnostic, Place, Result, Severity};
use crate::value::Currency;

/// Brings the columns of a row into the attributes of an offer.
pub(super) struct Shaper<'a> {
    channel: &'a Channel,
    columns: Vec<(usize, ColumnPlan<'a>)>,
    currency_column: Option<usize>,
    overrides_column: Option<usize>,
    /// The currency of the last row: the next one has the same, as a rule.
    currency: Option<Currency>,
    default_currency: Option<Currency>,
    /// Where each attribute's value is picked.
    origins: Vec<Origin>,
    /// Attributes the last row was given by its overrides.
    overridden: Vec<usize>,
}

struct ColumnPlan<'a> {
    index: usize,
    name: &'a str,
    attribute: &'a Attribute,
    origin: Origin,
    except: Option<usize>,
    last: Last,
    list: List,
    groups: Groups,
}

/// The values of the list that the previous row had here: each shaped, or as it came and what is wrong with it.
#[derive(Default)]
struct List {
    raw: String,
    shaped: Vec<Result<String, (String, Fault)>>,
}

/// Groups by the JSON they came as, each the parts of one after those of the other: variants choose among the same few
/// options.
#[derive(Default)]
struct Groups {
    currency: Option<Currency>,
    shaped: HashMap<String, Vec<String>>,
}

/// Enough for the options of a shop; more, or longer ones, would fill the memory where every item has its own.
const GROUPS_MAX: usize = 1_000;
const GROUP_BYTES_MAX: usize = 1_000;

/// What the row before had in a column, and what became of it. Variants of one product share most of what they have: the
/// offer keeps what is the same, and nothing is shaped or written anew.
#[derive(Default)]
struct Last {
    /// `None` before a value could be taken.
    held: Option<Held>,
    /// The value, where it is a text.
    text: Vec<u8>,
    currency: Option<Currency>,
    /// The offer's changes of this attribute, and of the one whose value it leaves out.
    change: u64,
    other: u64,
    remark: Option<Fault>,
}

#[derive(PartialEq)]
enum Held {
    Integer(i64),
    Text,
}

impl<'a> Shaper<'a> {
    pub fn new(channel: &'a Channel, compiled: &Compiled) -> Shaper<'a> {
        let contract = &channel.contract;
        let origins = channel.origins();
        let mut columns: Vec<(usize, ColumnPlan<'a>)> = Vec::new();
        let (mut currency_column, mut overrides_column) = (None, None);
        for (position, column) in compiled.columns.iter().enumerate() {
            match column.source {
                Source::Attribute(index) => {
                    if let Some((name, attribute)) = contract.attribute.get_index(index) {
                        columns.retain(|(_, earlier)| earlier.index != index);
                        let except = attribute.except.as_ref().and_then(|other| contract.attribute.get_index_of(other));
                        columns.push((
                            position,
                            ColumnPlan { except, ..ColumnPlan::new(index, name, attribute, &origins) },
                        ));
                    }
                }
                Source::Input(index) if contract.inputs[index] == "currency" => currency_column = Some(position),
                Source::Overrides => overrides_column = Some(position),
                Source::Sku | Source::Input(_) => {}
            }
        }
        // An attribute that leaves another's value out must come after it.
        columns.sort_by_key(|(_, plan)| plan.except.is_some());
        let default_currency = match channel.parameter("currency") {
            Some(Parameter::Text(code)) => Currency::parse(code).ok(),
            _ => None,
        };
        Shaper {
            channel,
            columns,
            currency_column,
            overrides_column,
            currency: None,
            default_currency,
            origins,
            overridden: Vec::new(),
        }
    }

    /// Positions of what this template can give, in document order.
    pub fn attributes(&self) -> Vec<usize> {
        let mut given: Vec<usize> = match self.overrides_column {
            Some(_) => (0..self.channel.contract.attribute.len()).collect(),
            None => self.columns.iter().map(|(_, plan)| plan.index).collect(),
        };
        given.sort_unstable();
        given.dedup();
        given
    }

    /// Makes the offer that of `row`, which is the one after that it holds. False when a required attribute has a wrong
    /// value: the checker would call it missing, which is not the reason.
    pub fn shape(&mut self, row: &Row<'_>, offer: &mut Offer, findings: &mut Findings<'_>) -> Result<bool> {
        offer.begin_row();
        match row.get_ref(0).map_err(fault)? {
            ValueRef::Text(sku) => offer.sku.push_str(&String::from_utf8_lossy(sku)),
            ValueRef::Integer(number) => offer.sku.push_str(&number.to_string()),
            _ => {}
        }
        self.overridden.drain(..).for_each(|index| offer.remove(index));
        let overrides = self.overrides(row)?;
        self.read_currency(row)?;
        let currency = self.currency;
        let mut whole = true;
        for (position, plan) in &mut self.columns {
            let value = row.get_ref(*position).map_err(fault)?;
            let is_overridden = overrides.as_ref().is_some_and(|o| o.contains_key(plan.name));
            if !is_overridden && plan.is_as_before(value, currency, offer) {
                if let Some((raw, remark)) = raw_of(value).zip(plan.last.remark.clone()) {
                    findings.add(plan.finding(self.channel, offer, raw, remark, Severity::Warning));
                }
                continue;
            }
            offer.remove(plan.index);
            if is_overridden {
                continue;
            }
            if let ValueRef::Real(_) | ValueRef::Blob(_) = value {
                whole &= report(self.channel, plan, offer, Raw::Text(""), not_exact(), findings);
            } else if let Some(raw) = raw_of(value) {
                whole &= plan.fill(self.channel, raw, currency, offer, findings);
                plan.remember(raw, currency, offer);
            }
        }
        for (name, value) in overrides.iter().flatten() {
            whole &= self.override_one(name, value, offer, findings);
        }
        Ok(whole)
    }

    pub fn overrides(&self, row: &Row<'_>) -> Result<Option<serde_json::Map<String, serde_json::Value>>> {
        let Some(position) = self.overrides_column else { return Ok(None) };
        match row.get_ref(position).map_err(fault)? {
            ValueRef::Text(bytes) => Ok(serde_json::from_slice(bytes).ok()),
            _ => Ok(None),
        }
    }

    fn override_one(
        &mut self,
        name: &str,
        value: &serde_json::Value,
        offer: &mut Offer,
        findings: &mut Findings<'_>,
    ) -> bool {
        let found = self.channel.contract.attribute_named(name);
        let Some((index, (name, attribute))) =
            found.and_then(|index| Some((index, self.channel.contract.attribute.get_index(index)?)))
        else {
            return true;
        };
        let mut plan = ColumnPlan::new(index, name, attribute, &self.origins);
        let text = match value {
            serde_json::Value::String(text) => Cow::Borrowed(text.as_str()),
            serde_json::Value::Null => return true,
            other => Cow::Owned(other.to_string()),
        };
        self.overridden.push(index);
        plan.fill(self.channel, Raw::Text(&text), self.currency, offer, findings)
    }

    fn read_currency(&mut self, row: &Row<'_>) -> Result<()> {
        let Some(position) = self.currency_column else {
            self.currency = self.default_currency;
            return Ok(());
        };
        self.currency = match row.get_ref(position).map_err(fault)? {
            ValueRef::Text(bytes) if self.currency.is_some_and(|c| c.code().as_bytes() == bytes) => self.currency,
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().and_then(|code| Currency::parse(code).ok()),
            _ => self.default_currency,
        };
        Ok(())
    }
}

impl<'a> ColumnPlan<'a> {
    fn new(index: usize, name: &'a str, attribute: &'a Attribute, origins: &[Origin]) -> Self {
        let (last, list, groups) = (Last::default(), List::default(), Groups::default());
        let origin = origins.get(index).cloned().unwrap_or_default();
        ColumnPlan { index, name, attribute, origin, except: None, last, list, groups }
    }

    /// Whether the offer still holds what this value becomes, from the row before.
    fn is_as_before(&self, value: ValueRef<'_>, currency: Option<Currency>, offer: &Offer) -> bool {
        let last = &self.last;
        let is_same = match value {
            ValueRef::Integer(number) => last.held == Some(Held::Integer(number)),
            ValueRef::Text(text) => last.held == Some(Held::Text) && last.text == text,
            _ => false,
        };
        is_same
            && last.currency == currency
            && last.change == offer.change_of(self.index)
            && last.other == self.change_of_other(offer)
    }

    /// What could not be taken is looked at again in the next row, since it is said of each.
    fn remember(&mut self, raw: Raw<'_>, currency: Option<Currency>, offer: &Offer) {
        if offer.is_faulty(self.index) {
            return;
        }
        let (change, other) = (offer.change_of(self.index), self.change_of_other(offer));
        let last = &mut self.last;
        last.held = Some(match raw {
            Raw::Integer(number) => Held::Integer(number),
            Raw::Text(text) => {
                last.text.clear();
                last.text.extend_from_slice(text.as_bytes());
                Held::Text
            }
        });
        (last.currency, last.change, last.other) = (currency, change, other);
    }

    fn change_of_other(&self, offer: &Offer) -> u64 {
        self.except.map_or(0, |other| offer.change_of(other))
    }

    fn fill(
        &mut self,
        channel: &Channel,
        raw: Raw<'_>,
        currency: Option<Currency>,
        offer: &mut Offer,
        findings: &mut Findings<'_>,
    ) -> bool {
        (self.last.held, self.last.remark) = (None, None);
        match raw {
            Raw::Text(text) if self.attribute.kind == Type::Group => {
                self.fill_groups(channel, text, currency, offer, findings)
            }
            Raw::Text(text) if self.attribute.repeats() > 1 && text.starts_with('[') => {
                self.fill_list(channel, text, currency, offer, findings)
            }
            _ => self.fill_one(channel, raw, currency, offer, findings),
        }
    }

    fn fill_one(
        &mut self,
        channel: &Channel,
        raw: Raw<'_>,
        currency: Option<Currency>,
        offer: &mut Offer,
        findings: &mut Findings<'_>,
    ) -> bool {
        let mut remark = None;
        let pushed = offer.push(self.index, |out| {
            if let Taken::Remark(fault) = shape(self.attribute, raw, currency, Side::Build, out)? {
                remark = Some(fault);
            }
            Ok(())
        });
        self.last.remark = remark.filter(|r| r.code != "old-spelling");
        if let Some(remark) = self.last.remark.clone() {
            findings.add(self.finding(channel, offer, raw, remark, Severity::Warning));
        }
        match pushed {
            Ok(()) => true,
            Err(fault) => report(channel, self, offer, raw, fault, findings),
        }
    }

    /// A JSON list. The list of the row before, as variants of one product have it, is not shaped again.
    fn fill_list(
        &mut self,
        channel: &Channel,
        text: &str,
        currency: Option<Currency>,
        offer: &mut Offer,
        findings: &mut Findings<'_>,
    ) -> bool {
        if self.list.raw != text {
            let Ok(values) = serde_json::from_str::<Vec<Cow<'_, str>>>(text) else {
                return self.fill_one(channel, Raw::Text(text), currency, offer, findings);
            };
            self.list.raw.clear();
            self.list.raw.push_str(text);
            self.list.shaped.clear();
            for value in values.into_iter().filter(|value| !value.is_empty()) {
                let mut shaped = String::new();
                let taken = shape(self.attribute, Raw::Text(&value), currency, Side::Build, &mut shaped);
                self.list.shaped.push(taken.map(|_| shaped).map_err(|fault| (value.into_owned(), fault)));
            }
        }
        let (mut whole, mut taken) = (true, 0);
        for one in &self.list.shaped {
            // Compared as shaped: the other value may have been encoded.
            let except = self.except.and_then(|other| offer.first(other));
            if taken == self.attribute.repeats() || one.as_deref().ok().is_some_and(|one| Some(one) == except) {
                continue;
            }
            taken += 1;
            match one {
                Ok(shaped) => offer.push_text(self.index, shaped),
                Err((value, fault)) => {
                    whole &= report(channel, self, offer, Raw::Text(value), fault.clone(), findings);
                }
            }
        }
        whole
    }

    fn fill_groups(
        &mut self,
        channel: &Channel,
        text: &str,
        currency: Option<Currency>,
        offer: &mut Offer,
        findings: &mut Findings<'_>,
    ) -> bool {
        if self.groups.currency != currency || self.groups.shaped.len() >= GROUPS_MAX {
            self.groups = Groups { currency, ..Groups::default() };
        }
        if let Some(parts) = self.groups.shaped.get(text) {
            parts.iter().for_each(|part| offer.push_part(self.index, part));
            return true;
        }
        let groups = match serde_json::from_str(text) {
            Ok(serde_json::Value::Array(groups)) => groups,
            Ok(serde_json::Value::Object(pairs)) if self.attribute.pairs => self.spread(pairs),
            Ok(group @ serde_json::Value::Object(_)) => vec![group],
            _ => {
                let help = format!(
                    "give a JSON object with {}",
                    self.attribute.fields.keys().cloned().collect::<Vec<_>>().join(", ")
                );
                let fault = Fault { code: "not-a-group", message: "is no JSON object".into(), help };
                return report(channel, self, offer, Raw::Text(text), fault, findings);
            }
        };
        let (mut whole, mut sound, mut shaped) = (true, true, Vec::new());
        for group in groups.iter().take(self.attribute.repeats()) {
            match self.shape_parts(group, currency) {
                Ok(parts) => shaped.extend(parts),
                Err(fault) => {
                    sound = false;
                    whole &= report(channel, self, offer, Raw::Text(text), fault, findings);
                }
            }
        }
        shaped.iter().for_each(|part| offer.push_part(self.index, part));
        if sound && text.len() <= GROUP_BYTES_MAX {
            self.groups.shaped.insert(text.to_owned(), shaped);
        }
        whole
    }

    /// `{"Color": "blue"}` as groups of two parts.
    fn spread(&self, pairs: serde_json::Map<String, serde_json::Value>) -> Vec<serde_json::Value> {
        let names: Vec<&String> = self.attribute.fields.keys().collect();
        let [first, second] = names[..] else { return Vec::new() };
        let group = |(key, value)| serde_json::json!({ first.as_str(): serde_json::Value::String(key), second.as_str(): value });
        pairs.into_iter().map(group).collect()
    }

    fn shape_parts(&self, group: &serde_json::Value, currency: Option<Currency>) -> Result<Vec<String>, Fault> {
        let mut parts = Vec::with_capacity(self.attribute.fields.len());
        for (name, field) in &self.attribute.fields {
            let mut out = String::new();
            match group.get(name) {
                None | Some(serde_json::Value::Null) => {}
                Some(serde_json::Value::String(text)) => {
                    drop(shape(field, Raw::Text(text), currency, Side::Build, &mut out)?)
                }
                Some(other) => match other.as_i64() {
                    Some(number) => drop(shape(field, Raw::Integer(number), currency, Side::Build, &mut out)?),
                    None => drop(shape(field, Raw::Text(&other.to_string()), currency, Side::Build, &mut out)?),
                },
            }
            if out.is_empty() && field.required {
                return Err(Fault {
                    code: "part-missing",
                    message: format!("lacks its {name}"),
                    help: format!("every {} needs a {name}", self.name),
                });
            }
            parts.push(out);
        }
        Ok(parts)
    }

    fn finding(&self, channel: &Channel, offer: &Offer, raw: Raw<'_>, fault: Fault, severity: Severity) -> Diagnostic {
        let place = Place::of_sku(&offer.sku).attribute(self.name);
        let place = match raw {
            Raw::Text(text) => place.value(text),
            Raw::Integer(number) => place.value(&number.to_string()),
        };
        Diagnostic::new(
            severity,
            code(&channel.name, self.name, fault.code),
            format!("{} {}", self.name, fault.message),
        )
        .at(self.origin.mark(place))
        .help(self.attribute.advise(&fault.help))
    }
}

/// `None` for what is nothing, or no text.
fn raw_of(value: ValueRef<'_>) -> Option<Raw<'_>> {
    match value {
        ValueRef::Integer(number) => Some(Raw::Integer(number)),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty()).map(Raw::Text),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    }
}

fn not_exact() -> Fault {
    Fault {
        code: "not-exact",
        message: "is a floating-point number or a blob".into(),
        help: "keep money in minor units and round in the template".into(),
    }
}

/// A wrong value costs the offer only where the channel cannot do without it; else it is left out, and said.
fn report(
    channel: &Channel,
    plan: &ColumnPlan<'_>,
    offer: &mut Offer,
    raw: Raw<'_>,
    fault: Fault,
    findings: &mut Findings<'_>,
) -> bool {
    let needed = plan.attribute.required;
    let severity = if needed { Severity::Error } else { Severity::Warning };
    let mut finding = plan.finding(channel, offer, raw, fault, severity);
    finding.severity = channel.severity(&finding.code, severity);
    let costs = needed || finding.severity == Severity::Error;
    if !costs {
        finding.message.push_str("; the offer goes without it");
    }
    findings.add(finding);
    offer.mark_faulty(plan.index);
    !costs
}
