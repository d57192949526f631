//! What names an offer: the values of the contract's identity attributes, joined by `@`.
use crate::channel::{Attribute, Channel};

const JOINT: char = '@';

pub(super) struct Identity<'c>(Vec<(usize, &'c str, &'c Attribute)>);

impl<'c> Identity<'c> {
    pub fn of(channel: &'c Channel) -> Identity<'c> {
        let contract = &channel.contract;
        let attributes = contract.identity.iter().filter_map(|name| contract.attribute.get_full(name));
        Identity(attributes.map(|(index, name, attribute)| (index, name.as_str(), attribute)).collect())
    }

    /// Positions of its attributes in the contract.
    pub fn attributes(&self) -> Vec<usize> {
        self.0.iter().map(|(index, ..)| *index).collect()
    }

    /// Puts the name into `into`; `part` finds the value of an attribute, and one that has none is left out.
    pub fn write<T: AsRef<str>>(&self, into: &mut String, part: impl Fn(usize, &str, &Attribute) -> Option<T>) {
        into.clear();
        for part in self.0.iter().filter_map(|(index, name, attribute)| part(*index, name, attribute)) {
            if !into.is_empty() {
                into.push(JOINT);
            }
            into.push_str(part.as_ref().trim());
        }
    }

    /// The attributes and values a name is made of.
    pub fn parts<'t>(&self, name: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
        self.0.iter().map(|(index, ..)| *index).zip(name.splitn(self.0.len().max(1), JOINT))
    }
}
