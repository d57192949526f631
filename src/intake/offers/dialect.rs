//! How the offers of one kind of document are written: what is the same for those described by data and those by code.
use super::draft::{Draft, Said};
use crate::catalog::Carried;
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::document::{Position, RawOffer};
use crate::intake::cell::Custom;
use crate::intake::detect::Kind;
use crate::intake::findings::Refusal;
use std::collections::HashMap;
use std::sync::Arc;

/// How the offers of one kind of document are written.
#[derive(Debug, Clone)]
pub struct Dialect {
    pub name: &'static str,
    /// Whose offers they are, unless the user says otherwise: what vanished is asked of the same name.
    pub source: String,
    pub kind: Kind,
    /// What an offer's id is called, for messages.
    pub id: String,
    /// Every amount names its currency.
    pub names_currency: bool,
    pub custom: Custom,
    /// Offers are products whose variants stand in another document.
    pub has_no_variants: bool,
    pub carried: Carried,
    /// Document elements; without any, RSS and Atom.
    pub roots: Vec<String>,
    /// Elements that are an offer.
    pub items: Vec<String>,
    pub reading: Arc<dyn Reading + Send + Sync>,
}

/// What the documents of a dialect say.
pub trait Reading: std::fmt::Debug {
    /// Whether an offer is of this dialect, and not of a sibling with the same document element.
    fn knows(&self, _: &RawOffer) -> bool {
        true
    }

    /// Whether the offers of such documents can have titles.
    fn names_titles(&self) -> bool {
        true
    }

    fn draft<'a>(&'a self, offer: &'a RawOffer, around: &'a Around, draft: &mut Draft<'a>);

    /// Units by location.
    fn levels<'a>(&'a self, _: &'a RawOffer) -> Vec<Level<'a>> {
        Vec::new()
    }

    /// What stands before the offers and is needed to read them.
    fn around(&self, _: &RawOffer, _file: &str) -> Result<Around> {
        Ok(Around::default())
    }
}

/// Units of an offer at one place.
#[derive(Debug)]
pub struct Level<'a> {
    pub location: &'a str,
    pub units: Said<'a>,
}

/// What a document says before its offers.
#[derive(Debug, Default)]
pub struct Around {
    /// By id, the way from the top to a category: `Home > Mugs`.
    pub product_types: HashMap<String, String>,
    /// Whether the offers are only what changed.
    pub is_partial: bool,
    pub refused: Vec<Refusal>,
    pub findings: Vec<Diagnostic>,
}

impl Dialect {
    pub fn is_of(&self, root: &str, item: &str, offer: &RawOffer) -> bool {
        let is_in = |names: &[String], name: &str| names.is_empty() || names.iter().any(|known| known == name);
        is_in(&self.roots, root) && is_in(&self.items, item) && self.reading.knows(offer)
    }
}

/// The ways to all categories from `(id, parent, name, place)`. Errors: `import/category-cycle`.
pub fn ways(categories: Vec<(&str, &str, &str, Position)>, file: &str) -> Result<Around> {
    let mut around = Around::default();
    let mut known: HashMap<&str, (&str, &str, Position)> = HashMap::new();
    let mut order = Vec::new();
    for (id, parent, name, at) in categories {
        if let Some((_, _, first)) = known.get(id) {
            let message = format!("the category is there twice, first in line {}: the first counts", first.line);
            let place = at.place(file).attribute("category").value(id);
            let finding = Diagnostic::error("import/category-twice", message).at(place);
            around.refused.push(Box::new(finding.help("give each category an id of its own")));
            continue;
        }
        known.insert(id, (parent, name, at));
        order.push(id);
    }
    for id in order {
        let Some((parent, name, at)) = known.get(id) else { continue };
        let doubt = match () {
            () if name.is_empty() => Some("the category has no name".to_owned()),
            // 0 is what programs write for none
            () if !matches!(*parent, "" | "0") && !known.contains_key(parent) => {
                Some(format!("the category stands below `{parent}`, which is not there: it stands at the top"))
            }
            () => None,
        };
        around.findings.extend(doubt.map(|message| {
            let place = at.place(file).attribute("category").value(id);
            Diagnostic::warning("import/odd-category", message).at(place).help("mend the tree where it is kept")
        }));
        let (mut way, mut above) = (vec![*name], known.get(id).map_or("", |(parent, ..)| *parent));
        while let Some((parent, name, _)) = known.get(above) {
            way.push(name);
            if above == id || way.len() > known.len() {
                let message = format!("the category {id} is its own parent, by way of {}", way.join(", "));
                return Err(Error::input("import/category-cycle", message)
                    .at(at.place(file).attribute("categories").value(id))
                    .help("give it the parent it really has, or none"));
            }
            above = parent;
        }
        way.reverse();
        around.product_types.insert(id.to_owned(), way.join(" > "));
    }
    Ok(around)
}
