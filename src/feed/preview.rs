//! One offer as its channel will read it: every attribute, and who said so.
use serde::Serialize;

use super::build::{place_of, setting_of};
use super::checker::Checker;
use super::findings::Findings;
use super::offer::Offer;
use super::shaper::Shaper;
use crate::catalog::fault;
use crate::channel::{Attribute, Channel, Format, Given, Guarded};
use crate::diagnostic::{Diagnostic, Result};

/// One row of the template, shaped and checked.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// In the contract's order, those with a value.
    pub attributes: Vec<Shown>,
    #[serde(skip)]
    pub findings: Vec<Diagnostic>,
    /// Whether the channel would take it.
    pub taken: bool,
}

/// An attribute as the channel reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    pub attribute: String,
    /// A group is its parts: `name=Color, value=Blue`.
    pub values: Vec<String>,
    #[serde(flatten)]
    pub given: Given,
}

/// The offers a template makes of `sku`, whether or not the shop's selection lets them through.
pub fn preview(channel: &Channel, guarded: &Guarded, format: &Format, now: &str, sku: &str) -> Result<Vec<Preview>> {
    let channel = &channel.unselective();
    let compiled = channel.compile(guarded, now)?;
    let sql = format!("SELECT * FROM (\n{}\n) WHERE sku = $purvey_sku", compiled.sql);
    let mut statement = guarded.conn.prepare(&sql).map_err(fault)?;
    let wanted = ("$purvey_sku".to_owned(), sku.to_owned().into());
    for (name, value) in compiled.parameters.iter().chain([&wanted]) {
        let index = statement.parameter_index(name).map_err(fault)?;
        statement.raw_bind_parameter(index.unwrap_or_default(), value).map_err(fault)?;
    }
    let mut shaper = Shaper::new(channel, &compiled);
    let mut checker = Checker::new(channel, |name| setting_of(channel, name, now));
    let origins = channel.origins();
    let place = |offer: &Offer, attribute: usize| place_of(channel, &origins, offer, attribute);
    let mut offer = Offer::new(channel.contract.attribute.len());
    let mut previews = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(fault)? {
        let mut found = Vec::new();
        let mut sink = |finding: &Diagnostic| found.push(finding.clone());
        let mut findings = Findings::new(&mut sink);
        let shaped = shaper.shape(row, &mut offer, &mut findings)?;
        let taken = checker.check(&mut offer, true, &place, &mut findings) && shaped;
        let overridden = shaper.overrides(row)?.unwrap_or_default();
        let attributes = channel.contract.attribute.iter().enumerate().filter(|(i, _)| offer.is_present(*i));
        let mut attributes: Vec<Shown> = attributes
            .map(|(index, (name, attribute))| Shown {
                attribute: name.clone(),
                values: values(&offer, index, attribute),
                given: channel.given(name, overridden.contains_key(name)),
            })
            .collect();
        attributes.extend(constants(format));
        previews.push(Preview { attributes, findings: found, taken });
    }
    Ok(previews)
}

fn values(offer: &Offer, index: usize, attribute: &Attribute) -> Vec<String> {
    if attribute.fields.is_empty() {
        return offer.values(index).map(str::to_owned).collect();
    }
    let named = |parts: &mut dyn Iterator<Item = Option<&str>>| {
        let parts = attribute.fields.keys().zip(parts).filter_map(|(name, part)| Some(format!("{name}={}", part?)));
        parts.collect::<Vec<_>>().join(", ")
    };
    offer.groups(index, attribute.fields.len()).map(|mut parts| named(&mut parts)).collect()
}

/// What the contract says in every offer.
fn constants(format: &Format) -> Vec<Shown> {
    let Format::Json(json) = format else { return Vec::new() };
    let shown = json.constant.iter().map(|constant| Shown {
        attribute: constant.at.clone(),
        values: vec![constant.value.to_string()],
        given: Given::contract(),
    });
    shown.collect()
}
