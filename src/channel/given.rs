//! Who gives an attribute its value: the template, the shop, the catalog's overrides, the contract.
use serde::Serialize;

use super::attribute::Type;
use super::columns::columns;
use super::stock::Channel;
use crate::diagnostic::Place;
use crate::price::PricePolicy;
use crate::stock::StockPolicy;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Giver {
    Template,
    /// `[channel.x.set]`
    Set,
    Override,
    /// A constant of the contract's format.
    Contract,
}

/// Who gives a value, and by which words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Given {
    pub from: Giver,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The SQL that picks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The section of `purvey.toml` whose policy the numbers went through: `channel.google.price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

impl Given {
    pub fn contract() -> Given {
        Given { from: Giver::Contract, file: None, line: None, expression: None, policy: None }
    }
}

/// The file in which an attribute's value is picked, and the line where that is known.
#[derive(Debug, Clone, Default)]
pub struct Origin(Option<(String, Option<u64>)>);

impl Origin {
    /// Adds it to the place of a finding about the attribute.
    pub fn mark(&self, place: Place) -> Place {
        match &self.0 {
            Some((file, line)) => Place { file: Some(file.clone()), line: *line, ..place },
            None => place,
        }
    }
}

impl Channel {
    /// Who gives `attribute` its value in an offer where it is, or is not, overridden.
    pub fn given(&self, attribute: &str, overridden: bool) -> Given {
        if overridden {
            return Given { from: Giver::Override, ..Given::contract() };
        }
        let (from, file, line, expression) = match self.settings.set.get(attribute) {
            Some(expression) => (Giver::Set, "purvey.toml".to_owned(), None, Some(expression.clone())),
            None => {
                let picked = columns(&self.template).into_iter().find(|picked| picked.name == attribute);
                let (line, expression) = picked.map(|p| (p.line, p.expression)).unzip();
                (Giver::Template, self.template_file.clone(), line, expression)
            }
        };
        let policy = expression.as_deref().and_then(|expression| self.policy(attribute, expression));
        Given { from, file: Some(file), line, expression, policy }
    }

    /// Where the value of each attribute is picked, in the contract's order.
    pub fn origins(&self) -> Vec<Origin> {
        let picked = columns(&self.template);
        let of = |name: &String| match self.settings.set.contains_key(name) {
            true => Origin(Some(("purvey.toml".to_owned(), None))),
            false => {
                let line = picked.iter().find(|picked| picked.name == name).map(|picked| picked.line);
                Origin(line.map(|line| (self.template_file.clone(), Some(line))))
            }
        };
        self.contract.attribute.keys().map(of).collect()
    }

    /// The policy that an expression's numbers went through.
    fn policy(&self, attribute: &str, expression: &str) -> Option<String> {
        let reads = |column: &str| {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            expression.split(|c| !is_word(c)).any(|word| word == column)
        };
        let is_price = self.contract.attribute.get(attribute).is_some_and(|a| a.kind == Type::Price);
        let settings = &self.settings;
        let priced = ["price_minor", "sale_price_minor", "sale_from", "sale_to"];
        let policy = match () {
            () if settings.price != PricePolicy::default()
                && !reads("cost_minor")
                && (is_price || priced.iter().any(|c| reads(c))) =>
            {
                "price"
            }
            () if settings.stock != StockPolicy::default() && (reads("available") || reads("availability")) => "stock",
            () => return None,
        };
        Some(format!("channel.{}.{policy}", self.name))
    }
}
