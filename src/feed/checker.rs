//! The one checker: what a contract demands of an offer as a whole, whoever made it.
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::findings::Findings;
use super::offer::Offer;
use super::refers::Listed;
use super::seen::Seen;
use crate::channel::{Attribute, Channel, Condition, Demand, Rule, Taxonomy, Test};
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::value::{Currency, Money, time};

/// Checks offers of one feed, one after the other. Memory: one hash for each offer, to find doubles.
pub struct Checker<'c> {
    channel: &'c Channel,
    /// Each with what may be given instead.
    required: Vec<(usize, Option<usize>)>,
    identity: Vec<usize>,
    rules: Vec<Prepared<'c>>,
    listed: Vec<Listed>,
    repeated: Vec<Repeated>,
    categories: Vec<Categories<'c>>,
    /// Identity of every offer so far, and its number.
    seen: Seen,
    offers: u32,
}

/// A rule with its attributes looked up; rules whose `$setting` conditions fail are not among them.
struct Prepared<'c> {
    rule: &'c Rule,
    when: Vec<When<'c>>,
    demand: Ready,
    drop: Vec<usize>,
}

/// A condition on an attribute. Where it is a category of a list, its path is what the condition sees, whether it is
/// given by id or by path, and however it is spaced.
struct When<'c> {
    attribute: usize,
    condition: Cow<'c, Condition>,
    taxonomy: Option<&'c Taxonomy>,
}

impl<'c> When<'c> {
    fn new(channel: &'c Channel, attribute: usize, condition: &'c Condition) -> When<'c> {
        let list = channel.contract.attribute.get_index(attribute).and_then(|(_, a)| a.taxonomy.as_ref());
        let taxonomy = list.and_then(|list| channel.taxonomies.get(list)).map(Arc::as_ref);
        let condition = match (taxonomy, condition) {
            (Some(taxonomy), Condition::Test(test)) => {
                let path = |root: &String| taxonomy.path_of(root).map_or_else(|| root.clone(), str::to_owned);
                let paths = |roots: &Option<Vec<String>>| roots.as_ref().map(|roots| roots.iter().map(path).collect());
                let (under, not_under) = (paths(&test.under), paths(&test.not_under));
                Cow::Owned(Condition::Test(Test { under, not_under, ..test.clone() }))
            }
            _ => Cow::Borrowed(condition),
        };
        When { attribute, condition, taxonomy }
    }

    fn path_of<'v>(&'v self, value: Option<&'v str>) -> Option<&'v str> {
        let value = value?;
        Some(self.taxonomy.and_then(|taxonomy| taxonomy.path_of(value)).unwrap_or(value))
    }
}

enum Ready {
    Require(Vec<usize>),
    AnyOf(Vec<Vec<usize>>),
    OneOf(Vec<usize>),
    Forbid(Vec<usize>),
    Together(Vec<usize>),
    Less(usize, usize),
    Differ { within: usize, axes: Vec<usize>, seen: Seen },
}

/// An attribute whose values are categories of a list the shop keeps, and what was found of those met so far.
struct Categories<'c> {
    attribute: usize,
    taxonomy: &'c Taxonomy,
    unknown: HashMap<String, Option<&'c str>>,
}

/// Unknown categories remembered: a feed may have a new one in every offer.
const UNKNOWN_MAX: usize = 10_000;

impl<'c> Categories<'c> {
    /// The first value that is no category, and the one that may have been meant.
    fn stray<'o>(&mut self, offer: &'o Offer) -> Option<(&'o str, Option<&'c str>)> {
        let value = offer.values(self.attribute).find(|value| self.taxonomy.path_of(value).is_none())?;
        if let Some(near) = self.unknown.get(value) {
            return Some((value, *near));
        }
        let near = self.taxonomy.nearest(value);
        if self.unknown.len() < UNKNOWN_MAX {
            self.unknown.insert(value.to_owned(), near);
        }
        Some((value, near))
    }
}

/// An attribute with several values.
struct Repeated {
    attribute: usize,
    fields: usize,
    max: usize,
}

impl Repeated {
    fn excess(&self, offer: &Offer) -> Option<(usize, String)> {
        let given = match self.fields {
            0 => offer.values(self.attribute).count(),
            fields => offer.groups(self.attribute, fields).count(),
        };
        let message = || format!("has {given} values; at most {} are taken", self.max);
        (given > self.max).then(|| (self.attribute, message()))
    }
}

/// How a rule was broken: which attribute, and a sentence.
struct Broken {
    attribute: usize,
    message: String,
}

impl<'c> Checker<'c> {
    /// `setting` gives the value of `$name`, for rules that depend on the country a feed is for.
    pub fn new(channel: &'c Channel, setting: impl Fn(&str) -> Option<String>) -> Checker<'c> {
        let contract = &channel.contract;
        let required = contract.required().map(|(index, _, instead)| (index, instead)).collect();
        let identity = contract.identity.iter().filter_map(|name| contract.attribute.get_index_of(name)).collect();
        let rules = contract.rule.iter().filter_map(|rule| Prepared::new(channel, rule, &setting)).collect();
        let several = contract.attribute.values().enumerate().filter(|(_, a)| a.repeats() > 1);
        let repeated = several.map(|(attribute, a)| Repeated { attribute, fields: a.fields.len(), max: a.repeats() });
        let repeated = repeated.collect();
        let categories = contract.attribute.values().enumerate().filter_map(|(attribute, a)| {
            let taxonomy = channel.taxonomies.get(a.taxonomy.as_ref()?)?;
            Some(Categories { attribute, taxonomy, unknown: HashMap::new() })
        });
        let categories = categories.collect();
        Checker {
            channel,
            required,
            identity,
            rules,
            listed: Vec::new(),
            repeated,
            categories,
            seen: Seen::with_numbers(),
            offers: 0,
        }
    }

    /// What sections of the document list: offers may refer to nothing else.
    pub(super) fn refer(&mut self, listed: Vec<Listed>) {
        self.listed = listed;
    }

    /// Checks one offer; `place` says where an attribute of it stands. Whether the channel would take it is returned.
    ///
    /// With `mend`, attributes that a rule names in `drop` are taken out, and the finding is a warning.
    pub fn check(
        &mut self,
        offer: &mut Offer,
        mend: bool,
        place: &dyn Fn(&Offer, usize) -> Place,
        findings: &mut Findings<'_>,
    ) -> bool {
        self.offers += 1;
        let mut taken = true;
        for &(attribute, instead) in &self.required {
            if !offer.is_present(attribute) && !instead.is_some_and(|instead| offer.is_present(instead)) {
                let missing = self.missing(attribute, place(offer, attribute));
                taken &= missing.severity != Severity::Error;
                if !offer.is_faulty(attribute) {
                    findings.add(missing);
                }
            }
        }
        // A build takes no more than there may be; a feed somebody made is counted.
        if !mend {
            self.repeated.iter().filter_map(|one| one.excess(offer)).for_each(|(attribute, message)| {
                let (name, about) = self.attribute(attribute);
                let finding =
                    Diagnostic::warning(code(&self.channel.name, name, "too-many"), format!("{name} {message}"));
                let help = about.map_or_else(String::new, |about| about.advise("give the ones that matter most"));
                findings.add(finding.at(place(offer, attribute)).help(help));
            });
        }
        for prepared in &mut self.rules {
            let is_met = |when: &When<'_>| holds(&when.condition, when.path_of(offer.first(when.attribute)));
            if !prepared.when.iter().all(is_met) {
                continue;
            }
            let Some(broken) = prepared.demand.broken(self.channel, offer) else { continue };
            let mends = mend && !prepared.drop.is_empty();
            let code = format!("{}/{}", self.channel.name, prepared.rule.code);
            let severity = if mends { Severity::Warning } else { prepared.rule.severity };
            let severity = self.channel.severity(&code, severity);
            taken &= severity != Severity::Error;
            if !offer.is_present(broken.attribute) && offer.is_faulty(broken.attribute) {
                continue;
            }
            findings.add(
                Diagnostic::new(severity, code, broken.message)
                    .at(place(offer, broken.attribute))
                    .help(&prepared.rule.help),
            );
            if mends {
                prepared.drop.iter().for_each(|attribute| offer.remove(*attribute));
            }
        }
        for listed in &self.listed {
            let Some(stray) = listed.stray(offer) else { continue };
            taken = false;
            let (name, _) = self.attribute(listed.attribute);
            let message = format!("{name} {stray} is no {} of this document", listed.target);
            let finding = Diagnostic::error(code(&self.channel.name, name, "unlisted"), message);
            let help = format!("list it there, or give the offer a {name} that is");
            findings.add(finding.at(place(offer, listed.attribute).value(stray)).help(help));
        }
        for categories in &mut self.categories {
            let Some((stray, near)) = categories.stray(offer) else { continue };
            let Some((name, about)) = self.channel.contract.attribute.get_index(categories.attribute) else { continue };
            let usual = if about.required { about.severity } else { Severity::Warning };
            let code = code(&self.channel.name, name, "category");
            let severity = self.channel.severity(&code, usual);
            taken &= severity != Severity::Error;
            let help = match near {
                Some(near) => format!("did you mean {near}?"),
                None => "take one from the channel's list, in the shop's taxonomies/".to_owned(),
            };
            let finding = Diagnostic::new(severity, code, format!("{name} is no category of the channel: {stray}"));
            findings.add(finding.at(place(offer, categories.attribute)).help(about.advise(&help)));
        }
        if let Some(double) = self.double(offer) {
            taken = false;
            findings.add(double.at(self.identity.last().map_or_else(Place::default, |last| place(offer, *last))));
        }
        taken
    }

    fn missing(&self, attribute: usize, place: Place) -> Diagnostic {
        let (name, about) = self.attribute(attribute);
        let help = format!("give the item its {name}, or set {name} under [channel.{}.set]", self.channel.name);
        let help = about.map_or_else(|| help.clone(), |about| about.advise(&help));
        let code = code(&self.channel.name, name, "missing");
        let severity = self.channel.severity(&code, Severity::Error);
        Diagnostic::new(severity, code, format!("{name} is required and empty")).at(place).help(help)
    }

    fn attribute(&self, index: usize) -> (&'c str, Option<&'c Attribute>) {
        let found = self.channel.contract.attribute.get_index(index);
        found.map_or(("", None), |(name, attribute)| (name.as_str(), Some(attribute)))
    }

    /// Two offers with one identity: the channel keeps one of them, and which is luck.
    fn double(&mut self, offer: &Offer) -> Option<Diagnostic> {
        // A part that need not be given tells offers apart by its absence, too.
        let is_lacking = |a: &usize| !offer.is_present(*a) && self.attribute(*a).1.is_none_or(|about| about.required);
        if self.identity.iter().any(is_lacking) || !self.identity.iter().any(|a| offer.is_present(*a)) {
            return None;
        }
        let earlier = self.seen.insert(hash(offer, &self.identity), self.offers)?;
        let names = &self.channel.contract.identity;
        let values: Vec<&str> = self.identity.iter().filter_map(|a| offer.first(*a)).collect();
        Some(
            Diagnostic::error(
                code(&self.channel.name, &names.join("-"), "duplicate"),
                format!("{} {} is already offer {earlier} of this feed", names.join(" + "), values.join(" + ")),
            )
            .help("every offer needs an identity of its own: see which two items share it"),
        )
    }
}

/// `google/price-missing`: the channel, the attribute, what is wrong with it.
pub(super) fn code(channel: &str, attribute: &str, fault: &str) -> String {
    format!("{channel}/{}-{fault}", attribute.replace('_', "-").to_lowercase())
}

impl<'c> Prepared<'c> {
    fn new(channel: &'c Channel, rule: &'c Rule, setting: &impl Fn(&str) -> Option<String>) -> Option<Prepared<'c>> {
        let index = |name: &String| channel.contract.attribute.get_index_of(name);
        let all = |names: &[String]| names.iter().filter_map(index).collect::<Vec<_>>();
        if !rule.holds_at(setting("now").as_deref()) {
            return None;
        }
        let mut when = Vec::new();
        for (name, condition) in &rule.when {
            match name.strip_prefix('$') {
                Some(name) if !holds(condition, setting(name).as_deref()) => return None,
                Some(_) => {}
                None => when.push(When::new(channel, index(name)?, condition)),
            }
        }
        let demand = match rule.demand()? {
            Demand::Require(names) => Ready::Require(all(names)),
            Demand::AnyOf(sets) => Ready::AnyOf(sets.iter().map(|set| all(set)).collect()),
            Demand::OneOf(names) => Ready::OneOf(all(names)),
            Demand::Forbid(names) => Ready::Forbid(all(names)),
            Demand::Together(names) => Ready::Together(all(names)),
            Demand::Less(a, b) => {
                Ready::Less(channel.contract.attribute.get_index_of(a)?, channel.contract.attribute.get_index_of(b)?)
            }
            Demand::Differ(d) => Ready::Differ { within: index(&d.within)?, axes: all(&d.axes), seen: Seen::hashes() },
        };
        Some(Prepared { rule, when, demand, drop: all(&rule.drop) })
    }
}

impl Ready {
    fn broken(&mut self, channel: &Channel, offer: &Offer) -> Option<Broken> {
        let name =
            |attribute: usize| channel.contract.attribute.get_index(attribute).map_or("", |(name, _)| name.as_str());
        let names = |attributes: &[usize]| attributes.iter().map(|a| name(*a)).collect::<Vec<_>>().join(" and ");
        match self {
            Ready::Require(attributes) => {
                let attribute = *attributes.iter().find(|a| !offer.is_present(**a))?;
                Some(Broken { attribute, message: format!("{} is needed here and empty", name(attribute)) })
            }
            Ready::AnyOf(sets) => {
                if sets.iter().any(|set| set.iter().all(|a| offer.is_present(*a))) {
                    return None;
                }
                let choices: Vec<String> = sets.iter().map(|set| names(set)).collect();
                let attribute = *sets.first()?.first()?;
                Some(Broken { attribute, message: format!("neither {} is given", choices.join(" nor ")) })
            }
            Ready::OneOf(attributes) => {
                let mut given = attributes.iter().filter(|a| offer.is_present(**a));
                match (given.next(), given.next()) {
                    (Some(_), None) => None,
                    (Some(first), Some(second)) => {
                        let message = format!("{} and {} exclude one another", name(*first), name(*second));
                        Some(Broken { attribute: *second, message })
                    }
                    (None, _) => {
                        let message = format!("one of {} must be given", names(attributes).replace(" and ", ", "));
                        Some(Broken { attribute: *attributes.first()?, message })
                    }
                }
            }
            Ready::Forbid(attributes) => {
                let attribute = *attributes.iter().find(|a| offer.is_present(**a))?;
                Some(Broken { attribute, message: format!("{} contradicts what else is said", name(attribute)) })
            }
            Ready::Together(attributes) => {
                let given = attributes.iter().filter(|a| offer.is_present(**a)).count();
                let attribute = *attributes.iter().find(|a| !offer.is_present(**a))?;
                let message = || format!("{} belong together, and {} is missing", names(attributes), name(attribute));
                (given > 0).then(|| Broken { attribute, message: message() })
            }
            Ready::Less(small, large) => {
                let (a, b) = (offer.first(*small)?, offer.first(*large)?);
                let message = || format!("{} {a} is not below {} {b}", name(*small), name(*large));
                (!less(a, b)?).then(|| Broken { attribute: *small, message: message() })
            }
            Ready::Differ { within, axes, seen } => {
                let group = offer.first(*within)?;
                let both = hash(offer, std::slice::from_ref(within)) ^ hash(offer, axes).rotate_left(1);
                let alike = seen.insert(both, 0).is_some();
                let message = || format!("two variants of {group} are alike in every option");
                alike.then(|| Broken { attribute: *within, message: message() })
            }
        }
    }
}

fn holds(condition: &Condition, value: Option<&str>) -> bool {
    let one_of = |list: &[String]| value.is_some_and(|v| list.iter().any(|x| x == v));
    let under = |roots: &[String]| value.is_some_and(|v| roots.iter().any(|root| is_under(v, root)));
    match condition {
        Condition::OneOf(list) => one_of(list),
        Condition::Test(Test { present, not, under: below, not_under }) => {
            present.is_none_or(|wanted| wanted == value.is_some())
                && not.as_ref().is_none_or(|list| !one_of(list))
                && below.as_ref().is_none_or(|roots| under(roots))
                && not_under.as_ref().is_none_or(|roots| !under(roots))
        }
    }
}

/// `A > B > C` is under `A > B`, and under itself.
fn is_under(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with('>'))
}

/// Prices of one currency, numbers and moments can be compared; `None` for what cannot.
fn less(a: &str, b: &str) -> Option<bool> {
    if let (Some(a), Some(b)) = (amount(a), amount(b)) {
        return Some(a < b);
    }
    if let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) {
        return Some(a < b);
    }
    let moment = |text: &str| time::parse(text, Some(&jiff::tz::TimeZone::UTC)).ok();
    Some(moment(a)? < moment(b)?)
}

/// A price or a whole number, for comparing with another of the same currency.
fn amount(text: &str) -> Option<i64> {
    match text.split_once(' ') {
        Some((number, code)) => Some(Money::parse_decimal(number, Currency::parse(code).ok()?).ok()?.minor),
        None => text.parse().ok(),
    }
}

/// Of all values of these attributes, in their order.
fn hash(offer: &Offer, attributes: &[usize]) -> u64 {
    let add = |hash, attribute: &usize| {
        let values = offer.values(*attribute).fold(hash, |hash, value| xxh3_64_with_seed(value.as_bytes(), hash));
        // the same value of the next attribute is another one
        values.rotate_left(1).wrapping_add(1)
    };
    attributes.iter().fold(0, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_under_its_ancestors_only() {
        assert!(is_under("Apparel > Shoes", "Apparel") && is_under("Apparel", "Apparel") && is_under("187", "187"));
        assert!(!is_under("Apparel and more", "Apparel") && !is_under("1871", "187"));
    }

    #[test]
    fn amounts_compare_by_currency() {
        assert_eq!(amount("12.50 EUR"), Some(1250));
        assert_eq!(amount("1250 JPY"), Some(1250));
        assert_eq!(amount("7"), Some(7));
        assert_eq!(amount("x EUR"), None);
        assert_eq!(less("1.25", "1.3"), Some(true));
        assert_eq!(less("2026-11-27T09:00:00Z", "2026-11-27"), Some(false));
        assert_eq!(less("x", "y"), None);
    }
}
