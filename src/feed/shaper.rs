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
use crate::channel::{Attribute, Channel, Compiled, Parameter, Source, Type};
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
}

struct ColumnPlan<'a> {
    index: usize,
    name: &'a str,
    attribute: &'a Attribute,
    except: Option<usize>,
    /// What the previous row had here and what became of it: variants of one product share their long texts.
    last: Option<Memo>,
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

struct Memo {
    raw: Vec<u8>,
    shaped: String,
    remark: Option<Fault>,
}

/// Texts shorter than this are shaped faster than compared.
const MEMO_BYTES_MIN: usize = 64;

impl<'a> Shaper<'a> {
    pub fn new(channel: &'a Channel, compiled: &Compiled) -> Shaper<'a> {
        let contract = &channel.contract;
        let mut columns: Vec<(usize, ColumnPlan<'a>)> = Vec::new();
        let (mut currency_column, mut overrides_column) = (None, None);
        for (position, column) in compiled.columns.iter().enumerate() {
            match column.source {
                Source::Attribute(index) => {
                    if let Some((name, attribute)) = contract.attribute.get_index(index) {
                        columns.retain(|(_, earlier)| earlier.index != index);
                        let except = attribute.except.as_ref().and_then(|other| contract.attribute.get_index_of(other));
                        columns.push((position, ColumnPlan { except, ..ColumnPlan::new(index, name, attribute) }));
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
        Shaper { channel, columns, currency_column, overrides_column, currency: None, default_currency }
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

    /// False when a required attribute has a wrong value: the checker would call it missing, which is not the reason.
    pub fn shape(&mut self, row: &Row<'_>, offer: &mut Offer, findings: &mut Findings<'_>) -> Result<bool> {
        match row.get_ref(0).map_err(fault)? {
            ValueRef::Text(sku) => offer.sku.push_str(&String::from_utf8_lossy(sku)),
            ValueRef::Integer(number) => offer.sku.push_str(&number.to_string()),
            _ => {}
        }
        let overrides = self.overrides(row)?;
        self.read_currency(row)?;
        let currency = self.currency;
        let mut whole = true;
        for (position, plan) in &mut self.columns {
            if overrides.as_ref().is_some_and(|o| o.contains_key(plan.name)) {
                continue;
            }
            let raw = match row.get_ref(*position).map_err(fault)? {
                ValueRef::Null => continue,
                ValueRef::Integer(number) => Raw::Integer(number),
                ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                    Ok("") => continue,
                    Ok(text) => Raw::Text(text),
                    Err(_) => continue,
                },
                ValueRef::Real(_) | ValueRef::Blob(_) => {
                    let number = Fault {
                        code: "not-exact",
                        message: "is a floating-point number or a blob".into(),
                        help: "keep money in minor units and round in the template".into(),
                    };
                    whole &= report(self.channel, plan, offer, Raw::Text(""), number, findings);
                    continue;
                }
            };
            whole &= plan.fill(self.channel, raw, currency, offer, findings);
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
        &self,
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
        let mut plan = ColumnPlan::new(index, name, attribute);
        let text = match value {
            serde_json::Value::String(text) => Cow::Borrowed(text.as_str()),
            serde_json::Value::Null => return true,
            other => Cow::Owned(other.to_string()),
        };
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
    fn new(index: usize, name: &'a str, attribute: &'a Attribute) -> Self {
        let (list, groups) = (List::default(), Groups::default());
        ColumnPlan { index, name, attribute, except: None, last: None, list, groups }
    }

    fn fill(
        &mut self,
        channel: &Channel,
        raw: Raw<'_>,
        currency: Option<Currency>,
        offer: &mut Offer,
        findings: &mut Findings<'_>,
    ) -> bool {
        match raw {
            Raw::Text(text) if self.attribute.kind == Type::Group => {
                self.fill_groups(channel, text, currency, offer, findings)
            }
            Raw::Text(text) if self.attribute.repeats() > 1 && text.starts_with('[') => {
                self.fill_list(channel, text, currency, offer, findings)
            }
            Raw::Text(text)
                if text.len() >= MEMO_BYTES_MIN && matches!(self.attribute.kind, Type::Text | Type::Html) =>
            {
                self.fill_long(channel, text, offer, findings)
            }
            _ => self.fill_one(channel, raw, currency, offer, findings),
        }
    }

    fn fill_one(
        &self,
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
        if let Some(remark) = remark.filter(|r| r.code != "old-spelling") {
            findings.add(self.finding(channel, offer, raw, remark, Severity::Warning));
        }
        match pushed {
            Ok(()) => true,
            Err(fault) => report(channel, self, offer, raw, fault, findings),
        }
    }

    /// The same long text as in the row before is copied, not shaped again.
    fn fill_long(&mut self, channel: &Channel, text: &str, offer: &mut Offer, findings: &mut Findings<'_>) -> bool {
        let memo = match &mut self.last {
            Some(memo) if memo.raw == text.as_bytes() => memo,
            last => {
                let memo = last.get_or_insert_with(|| Memo { raw: Vec::new(), shaped: String::new(), remark: None });
                memo.raw.clear();
                memo.raw.extend_from_slice(text.as_bytes());
                memo.shaped.clear();
                memo.remark = match shape(self.attribute, Raw::Text(text), None, Side::Build, &mut memo.shaped) {
                    Ok(Taken::Plain) => None,
                    Ok(Taken::Remark(remark)) => Some(remark),
                    Err(fault) => {
                        self.last = None;
                        return report(channel, self, offer, Raw::Text(text), fault, findings);
                    }
                };
                memo
            }
        };
        offer.push_text(self.index, &memo.shaped);
        if let Some(remark) = memo.remark.clone() {
            findings.add(self.finding(channel, offer, Raw::Text(text), remark, Severity::Warning));
        }
        true
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
        // Compared as shaped: the other value may have been encoded.
        let except = self.except.and_then(|other| offer.first(other)).map(str::to_owned);
        let wanted = self.list.shaped.iter().filter(|one| one.as_ref().ok() != except.as_ref());
        let mut whole = true;
        for one in wanted.take(self.attribute.repeats()) {
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
        let value = match raw {
            Raw::Text(text) => text.to_owned(),
            Raw::Integer(number) => number.to_string(),
        };
        let place = Place::of_sku(&offer.sku).attribute(self.name).value(&value);
        Diagnostic::new(
            severity,
            code(&channel.name, self.name, fault.code),
            format!("{} {}", self.name, fault.message),
        )
        .at(channel.where_given(self.name, place))
        .help(self.attribute.advise(&fault.help))
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
