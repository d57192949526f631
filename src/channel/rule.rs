//! Rules across attributes: when this holds, that is demanded. Data in the contract, the same for every channel.
use indexmap::IndexMap;
use serde::Deserialize;

use crate::diagnostic::Severity;

/// `when` all conditions hold, the one demand must be met.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Last part of the diagnostic's code: `google/<code>`.
    pub code: String,
    /// Attribute (or `$setting`) and what it must be.
    #[serde(default)]
    pub when: IndexMap<String, Condition>,
    /// All of these are present.
    #[serde(default)]
    pub require: Vec<String>,
    /// At least one of these sets is complete.
    #[serde(default)]
    pub any_of: Vec<Vec<String>>,
    /// Exactly one of these is present.
    #[serde(default)]
    pub one_of: Vec<String>,
    /// None of these is present.
    #[serde(default)]
    pub forbid: Vec<String>,
    /// All of these or none.
    #[serde(default)]
    pub together: Vec<String>,
    /// The first is less than the second (prices of one currency, numbers, moments).
    pub less: Option<(String, String)>,
    /// Offers of one group are not alike.
    pub differ: Option<Differ>,
    /// The first day it holds, and the first on which it no longer does.
    pub from: Option<toml::value::Datetime>,
    pub until: Option<toml::value::Datetime>,
    #[serde(default = "error")]
    pub severity: Severity,
    pub help: String,
    /// Attributes a build leaves out to keep the offer, where breaking the rule need not cost the row.
    #[serde(default)]
    pub drop: Vec<String>,
}

fn error() -> Severity {
    Severity::Error
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differ {
    pub within: String,
    #[serde(rename = "in")]
    pub axes: Vec<String>,
}

/// `["a", "b"]`: one of these; or a [`Test`].
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    OneOf(Vec<String>),
    Test(Test),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    pub present: Option<bool>,
    /// Absent, or none of these.
    pub not: Option<Vec<String>>,
    /// A category path at or below one of these, or one of these ids.
    pub under: Option<Vec<String>>,
    /// Absent, or not at or below any of these.
    pub not_under: Option<Vec<String>>,
}

/// The one demand a rule makes.
#[derive(Debug, Clone, Copy)]
pub enum Demand<'r> {
    Require(&'r [String]),
    AnyOf(&'r [Vec<String>]),
    OneOf(&'r [String]),
    Forbid(&'r [String]),
    Together(&'r [String]),
    Less(&'r str, &'r str),
    Differ(&'r Differ),
}

impl Rule {
    /// What the rule demands; `None` when it says nothing or more than one thing.
    pub fn demand(&self) -> Option<Demand<'_>> {
        let mut demands = [
            (!self.require.is_empty()).then_some(Demand::Require(&self.require)),
            (!self.any_of.is_empty()).then_some(Demand::AnyOf(&self.any_of)),
            (!self.one_of.is_empty()).then_some(Demand::OneOf(&self.one_of)),
            (!self.forbid.is_empty()).then_some(Demand::Forbid(&self.forbid)),
            (!self.together.is_empty()).then_some(Demand::Together(&self.together)),
            self.less.as_ref().map(|(a, b)| Demand::Less(a, b)),
            self.differ.as_ref().map(Demand::Differ),
        ]
        .into_iter()
        .flatten();
        let only = demands.next();
        if demands.next().is_some() { None } else { only }
    }

    /// Whether it holds at `now` (UTC text); a rule whose day nobody knows holds.
    pub fn holds_at(&self, now: Option<&str>) -> bool {
        let Some(now) = now else { return true };
        let reached = |day: &toml::value::Datetime| now >= day.to_string().as_str();
        self.from.as_ref().is_none_or(reached) && !self.until.as_ref().is_some_and(reached)
    }

    /// Every attribute (or `$setting`) the rule names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let demanded: Vec<&str> = match self.demand() {
            Some(Demand::Require(names) | Demand::OneOf(names) | Demand::Forbid(names) | Demand::Together(names)) => {
                names.iter().map(String::as_str).collect()
            }
            Some(Demand::AnyOf(sets)) => sets.iter().flatten().map(String::as_str).collect(),
            Some(Demand::Less(a, b)) => vec![a, b],
            Some(Demand::Differ(d)) => std::iter::once(&d.within).chain(&d.axes).map(String::as_str).collect(),
            None => Vec::new(),
        };
        self.when.keys().map(String::as_str).chain(demanded).chain(self.drop.iter().map(String::as_str))
    }
}
