//! References: values that a section of the same document must list, such as the category of an offer.
use std::collections::HashSet;

use super::offer::Offer;
use crate::channel::{Channel, Format, SectionRows, listed};
use crate::document::Field;

/// An attribute, and the only values it may have in this document.
pub(super) struct Listed {
    pub attribute: usize,
    /// The part of a group, and how many parts it has.
    pub part: Option<(usize, usize)>,
    /// `categories.id`.
    pub target: String,
    pub values: HashSet<String>,
}

impl Listed {
    /// The first value of an offer that is not listed.
    pub fn stray<'o>(&self, offer: &'o Offer) -> Option<&'o str> {
        let is_stray = |value: &&str| !self.values.contains(*value);
        match self.part {
            None => offer.values(self.attribute).find(is_stray),
            Some((part, of)) => {
                offer.groups(self.attribute, of).filter_map(|mut parts| parts.nth(part).flatten()).find(is_stray)
            }
        }
    }
}

/// Attributes, and parts of groups, that refer to a section, and to what in it.
fn references(channel: &Channel) -> impl Iterator<Item = (usize, Option<(usize, usize)>, &String)> {
    channel.contract.attribute.values().enumerate().flat_map(|(index, attribute)| {
        let whole = attribute.refers.iter().map(move |target| (index, None, target));
        let of = attribute.fields.len();
        let parts = attribute.fields.values().enumerate();
        whole.chain(parts.filter_map(move |(part, field)| Some((index, Some((part, of)), field.refers.as_ref()?))))
    })
}

/// What the sections of a document to be built list.
pub(super) fn of_rows(channel: &Channel, sections: &[SectionRows<'_>]) -> Vec<Listed> {
    let one = |(attribute, part, target): (usize, _, &String)| {
        let values = listed(sections, target, "").into_iter().collect();
        Listed { attribute, part, target: target.clone(), values }
    };
    references(channel).map(one).collect()
}

/// What the sections of a document list that is being read, as far as they stand before its offers.
pub(super) fn of_head(channel: &Channel, format: Option<&Format>, head: Field<'_>) -> Vec<Listed> {
    let Some(Format::Xml(xml)) = format else { return Vec::new() };
    let opened: Vec<&str> = xml.open.iter().skip(1).map(|open| open.element.as_str()).collect();
    let of_target = |(attribute, part, target): (usize, _, &String)| {
        let (section, column) = target.split_once('.')?;
        let section = channel.contract.section.get(section).filter(|section| !section.after)?;
        let (element, place) = (section.element.as_ref()?, section.columns.get(column)?);
        let steps = opened.iter().copied().chain(element.split('/'));
        let rows = steps.fold(vec![head], |fields, step| {
            fields.into_iter().flat_map(|field| field.children().filter(|c| c.name() == step)).collect()
        });
        let value = |row: Field<'_>| match place.strip_prefix('@') {
            Some(name) => row.attribute(name).map(str::to_owned),
            None if place == "text()" => Some(row.text().to_owned()),
            None => row.children().find(|child| child.name() == place).map(|child| child.text().to_owned()),
        };
        let values = rows.into_iter().filter_map(value).map(|text| text.trim().to_owned()).collect();
        Some(Listed { attribute, part, target: target.clone(), values })
    };
    references(channel).filter_map(of_target).collect()
}
