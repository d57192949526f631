//! A document of offers described by data: the element of one offer, and which elements and attributes in it mean what.
//!
//! ```toml
//! roots   = ["SHOP"]                 # document elements; without them any that holds such an offer
//! offer   = ["SHOPITEM", "ITEM"]     # elements that are an offer
//! decimal = "plain"                  # 1234.56 and nothing else; or comma, dot; else any custom that is clear
//!
//! [columns]                          # our name = a path, or several of which the first that says something counts
//! sku       = "@id"
//! title     = ["PRODUCTNAME", { join = ["typePrefix", "model"] }]    # nothing where the last of them is missing
//! condition = { from = "ITEM_TYPE", words = { bazaar = "used" } }
//! product_type = { from = "CATEGORYTEXT", parts = "|" }              # Home | Mugs; or tree = true, an id in [categories]
//!
//! [options]                          # axes by which variants differ
//! Color = "color"
//! [attributes]
//! vat = "VAT"
//! [constants]
//! currency = "PLN"
//!
//! [[named]]                          # elements that name what they say
//! each  = "PARAM"
//! name  = "PARAM_NAME"
//! value = "VAL"                      # or "."; `unit` may be said
//! axes  = true                       # in a group they are axes
//! known = { EAN = "gtin" }           # names that are more than attributes
//!
//! [units]                            # by location
//! each     = "outlets/*"
//! location = "@id"
//! quantity = "@instock"
//!
//! [categories]                       # a tree of them, before the offers
//! each   = "shop/categories/*"
//! id     = "@id"
//! parent = "@parentId"
//! ```
//! Of a `namespace`, elements of it come first, then those of the offer's own. With `rest`, elements that nothing of
//! this names become attributes, but for those in `unread`. `has` and `lacks` tell a dialect from its sibling;
//! `date` is the document's own, and warned of when it is none. `table` names the tables whose columns have the names of
//! these elements.
use super::dialect::{Around, Level, Reading, ways};
use super::draft::{Draft, Meaning, Said, carried_by_offers};
use super::path::{Found, Path};
use crate::catalog::{Carried, ProductField, VariantField};
use crate::diagnostic::{Result, Severity};
use crate::document::{Field, RawOffer};
use crate::intake::cell::Custom;
use crate::value::{Invalid, time};
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// A description as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    pub kind: Option<String>,
    /// Of the source, in a shop's own description.
    pub name: Option<String>,
    #[serde(default)]
    pub roots: Vec<String>,
    #[serde(default)]
    pub offer: OneOrMore<String>,
    /// The format of tables whose columns are called as the elements right inside an offer.
    pub table: Option<String>,
    /// What an offer's id is called, where its path does not say it.
    pub id: Option<String>,
    namespace: Option<String>,
    pub encoding: Option<String>,
    pub decimal: Option<Decimal>,
    #[serde(default)]
    pub names_currency: bool,
    #[serde(default)]
    has: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
    date: Option<Path>,
    #[serde(default)]
    rest: bool,
    #[serde(default)]
    unread: Vec<String>,
    columns: IndexMap<String, OneOrMore<Column>>,
    #[serde(default)]
    options: IndexMap<String, Path>,
    #[serde(default)]
    attributes: IndexMap<String, Path>,
    #[serde(default)]
    constants: IndexMap<String, String>,
    #[serde(default)]
    named: Vec<Named>,
    units: Option<Units>,
    categories: Option<Categories>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decimal {
    Plain,
    Comma,
    Dot,
}

impl Decimal {
    pub fn custom(said: Option<Decimal>) -> Custom {
        match said {
            None => Custom::People,
            Some(Decimal::Plain) => Custom::Program,
            Some(Decimal::Comma) => Custom::Comma,
            Some(Decimal::Dot) => Custom::Dot,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a path such as \"price/amount\" or \"@id\", a list of paths, or in [columns] { from = \"…\" }"
)]
pub enum OneOrMore<T> {
    // first, since a list could be taken for the parts of one
    More(Vec<T>),
    One(T),
}

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        OneOrMore::More(Vec::new())
    }
}

impl<T> OneOrMore<T> {
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMore::One(one) => std::slice::from_ref(one),
            OneOrMore::More(more) => more,
        }
    }
}

/// Where what a column holds is to be found.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Column {
    Plain(Path),
    Worked(Worked),
    Joined(Joined),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Worked {
    from: Path,
    /// What stands between the levels of a category.
    parts: Option<String>,
    /// What a word of theirs is called here.
    #[serde(default)]
    words: IndexMap<String, String>,
    /// An id in the tree of categories.
    #[serde(default)]
    tree: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Joined {
    join: Vec<Path>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    each: Path,
    name: Path,
    #[serde(default = "itself")]
    value: Path,
    unit: Option<Path>,
    #[serde(default)]
    axes: bool,
    #[serde(default)]
    known: IndexMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Units {
    each: Path,
    location: OneOrMore<Path>,
    quantity: Path,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Categories {
    each: Path,
    id: Path,
    parent: OneOrMore<Path>,
    #[serde(default = "itself")]
    name: Path,
}

fn itself() -> Path {
    Path::itself()
}

/// A description that was understood.
#[derive(Debug, Clone)]
pub struct Described {
    columns: Vec<(Meaning<'static>, Vec<Column>)>,
    constants: Vec<(Meaning<'static>, String)>,
    /// For each of `written.named`, the names that are more than attributes.
    known: Vec<Vec<(String, Meaning<'static>)>>,
    /// Elements right inside an offer that something is read from.
    taken: Vec<String>,
    written: Description,
}

/// A name of ours that there is not, in a section of a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    pub section: &'static str,
    pub name: String,
}

impl Described {
    pub fn new(written: Description) -> std::result::Result<Described, Unknown> {
        let meaning =
            |section, name: &str| Meaning::parse(name).ok_or_else(|| Unknown { section, name: name.to_owned() });
        let column = |(name, columns): (&String, &OneOrMore<Column>)| {
            Ok((meaning("columns", name)?, columns.as_slice().to_vec()))
        };
        let constant = |(name, text): (&String, &String)| Ok((meaning("constants", name)?, text.clone()));
        let known = |(theirs, name): (&String, &String)| Ok((theirs.clone(), meaning("named", name)?));
        Ok(Described {
            columns: written.columns.iter().map(column).collect::<std::result::Result<_, _>>()?,
            constants: written.constants.iter().map(constant).collect::<std::result::Result<_, _>>()?,
            known: written
                .named
                .iter()
                .map(|named| named.known.iter().map(known).collect())
                .collect::<std::result::Result<_, _>>()?,
            taken: taken(&written),
            written,
        })
    }

    /// What an offer's id is called, for messages.
    pub fn id(&self) -> String {
        let column = self.columns.iter().find(|(meaning, _)| *meaning == Meaning::Sku);
        let path = column.and_then(|(_, columns)| columns.first()).and_then(|column| column.paths().next());
        self.written.id.clone().unwrap_or_else(|| path.map_or("id", Path::last).to_owned())
    }

    /// What it can say; the catalog's other fields stay as they are.
    pub fn carried(&self) -> Carried {
        let has = |meaning| self.says(meaning);
        let has_attributes = self.written.rest || !self.written.attributes.is_empty() || !self.written.named.is_empty();
        let has_axes = !self.written.options.is_empty() || self.written.named.iter().any(|named| named.axes);
        let has_stock = has(Meaning::Availability) || has(Meaning::Quantity) || self.written.units.is_some();
        let product = |field: &ProductField| match field {
            ProductField::Title => has(Meaning::Title),
            ProductField::Description => has(Meaning::Description),
            ProductField::Brand => has(Meaning::Brand),
            ProductField::ProductType => has(Meaning::ProductType),
            ProductField::Category => has(Meaning::Category),
            ProductField::GoogleProductCategory => has(Meaning::GoogleCategory),
            ProductField::Condition => has(Meaning::Condition),
            ProductField::AgeGroup => has(Meaning::AgeGroup),
            ProductField::Gender => has(Meaning::Gender),
            ProductField::Path => has(Meaning::Link),
            ProductField::Images => has(Meaning::Image),
            _ => true,
        };
        let variant = |field: &VariantField| match field {
            VariantField::Gtin => has(Meaning::Gtin),
            VariantField::Mpn => has(Meaning::Mpn),
            VariantField::Options => has_axes,
            VariantField::Image => has(Meaning::Image),
            VariantField::SalePrice => has(Meaning::SalePrice) || has(Meaning::PriceBefore),
            VariantField::SaleFrom | VariantField::SaleTo => has(Meaning::SaleTime),
            VariantField::Weight => has(Meaning::Weight),
            VariantField::Tracked | VariantField::SellsWhenOut => has_stock,
            VariantField::AvailabilityDate => has(Meaning::AvailabilityDate),
            VariantField::Attributes => has_attributes,
            _ => true,
        };
        let all = carried_by_offers();
        Carried {
            product: all.product.into_iter().filter(product).collect(),
            variant: all.variant.into_iter().filter(variant).collect(),
        }
    }

    /// What the elements right inside an offer mean that are called so: the same words are the columns of tables.
    pub fn meaning_of<'s>(&'s self, name: &str) -> Option<Meaning<'s>> {
        let is_it = |path: &Path| path.only() == Some(name);
        let column = self.columns.iter().find(|(_, columns)| columns.iter().flat_map(Column::paths).any(is_it));
        let axis = || self.written.options.iter().find(|(_, path)| is_it(path)).map(|(axis, _)| Meaning::Choice(axis));
        column.map(|(meaning, _)| *meaning).or_else(axis)
    }

    pub fn names_currency(&self) -> bool {
        self.written.names_currency
    }

    pub fn is_unread(&self, name: &str) -> bool {
        self.written.unread.iter().any(|unread| unread == name)
    }

    pub fn says(&self, meaning: Meaning<'_>) -> bool {
        let columns = self.columns.iter().map(|(said, _)| said);
        let constants = self.constants.iter().map(|(said, _)| said);
        let known = self.known.iter().flatten().map(|(_, said)| said);
        columns.chain(constants).chain(known).any(|said| *said == meaning)
    }

    /// Shows `see` the texts of a path: of the namespace first, then of the offer's own.
    fn texts<'a>(&'a self, path: &'a Path, root: Field<'a>, see: &mut dyn FnMut(Found<'a>)) {
        let (Some(namespace), Some(_)) = (&self.written.namespace, path.first()) else {
            return path.texts(root, &|_| true, see);
        };
        let (theirs, own) = (Some(namespace.as_str()), root.namespace());
        path.texts(root, &|field| field.namespace() == theirs, see);
        if own != theirs {
            path.texts(root, &|field| field.namespace() == own, see);
        }
    }

    /// Says what the first column holds that says something; of images, all.
    fn say_columns<'a>(
        &'a self,
        meaning: Meaning<'a>,
        columns: &'a [Column],
        (root, around): (Field<'a>, &'a Around),
        draft: &mut Draft<'a>,
    ) {
        for column in columns {
            let before = draft.said().count();
            match column {
                Column::Plain(path) if meaning == Meaning::Image => self.texts(path, root, &mut |found| {
                    addresses(found.text).for_each(|address| draft.say(meaning, found.name, address, found.at));
                }),
                Column::Plain(path) => {
                    self.texts(path, root, &mut |found| draft.say(meaning, found.name, found.text, found.at));
                }
                Column::Worked(worked) => {
                    self.texts(&worked.from, root, &mut |found| worked.say(meaning, found, around, draft));
                }
                Column::Joined(joined) => joined.say(meaning, root, draft),
            }
            if draft.said().count() > before && meaning != Meaning::Image {
                return;
            }
        }
    }

    /// What is wrong where the id is there, but in a namespace of its own.
    fn other_namespace(&self, root: Field<'_>) -> Option<Invalid> {
        let due = self.written.namespace.as_deref()?;
        let (_, columns) = self.columns.iter().find(|(meaning, _)| *meaning == Meaning::Sku)?;
        let name = columns.iter().flat_map(Column::paths).find_map(Path::only)?;
        let id = root.child(name).filter(|id| !id.text().trim().is_empty())?;
        let other = id.namespace().filter(|other| *other != due)?;
        let message = format!("`{}` is of the namespace {other}", id.qualified_name());
        Some(Invalid::new("import/no-sku", message, format!("declare the one of the format: {due}")))
    }

    fn say_named<'a>(&'a self, root: Field<'a>, draft: &mut Draft<'a>) {
        let is_grouped = draft.get(Meaning::Group).is_some();
        for (named, known) in self.written.named.iter().zip(&self.known) {
            named.each.elements(root, &|_| true, &mut |element| {
                let Some((name, value)) = named.name.text(element).zip(named.value.text(element)) else { return };
                let known = known.iter().find(|(theirs, _)| theirs == name.text).map(|(_, meaning)| *meaning);
                let meaning = match known {
                    Some(meaning) => meaning,
                    None if named.axes && is_grouped => Meaning::Choice(name.text),
                    None => Meaning::Attribute(name.text),
                };
                match named.unit.as_ref().and_then(|unit| unit.text(element)) {
                    Some(unit) => draft.say(meaning, name.text, format!("{} {}", value.text, unit.text), value.at),
                    None => draft.say(meaning, name.text, value.text, value.at),
                }
            });
        }
    }

    /// What nothing else is read from.
    fn say_rest<'a>(&'a self, root: Field<'a>, draft: &mut Draft<'a>) {
        let namespace = self.written.namespace.as_deref();
        for field in root.children().filter(|field| namespace.is_none() || field.namespace() == namespace) {
            let is_taken = self.taken.iter().any(|name| name == field.name()) || self.is_unread(field.name());
            if !is_taken && field.children().next().is_none() {
                draft.say(Meaning::Attribute(field.name()), field.qualified_name(), field.text(), field.position());
            }
        }
    }
}

impl Reading for Described {
    fn knows(&self, offer: &RawOffer) -> bool {
        self.written.has.iter().all(|name| offer.field(name).is_some())
            && self.written.lacks.iter().all(|name| offer.field(name).is_none())
    }

    fn names_titles(&self) -> bool {
        self.says(Meaning::Title)
    }

    fn draft<'a>(&'a self, offer: &'a RawOffer, around: &'a Around, draft: &mut Draft<'a>) {
        let Some(root) = offer.root() else { return };
        for (meaning, columns) in &self.columns {
            self.say_columns(*meaning, columns, (root, around), draft);
        }
        if draft.get(Meaning::Sku).is_none()
            && let Some(why) = self.other_namespace(root)
        {
            draft.lacks_id(why);
        }
        for (axis, path) in &self.written.options {
            self.texts(path, root, &mut |found| draft.say(Meaning::Choice(axis), found.name, found.text, found.at));
        }
        for (key, path) in &self.written.attributes {
            self.texts(path, root, &mut |found| draft.say(Meaning::Attribute(key), found.name, found.text, found.at));
        }
        self.say_named(root, draft);
        if self.written.rest {
            self.say_rest(root, draft);
        }
        for (meaning, text) in &self.constants {
            if draft.get(*meaning).is_none() {
                draft.say(*meaning, "constants", text.as_str(), offer.position());
            }
        }
    }

    fn levels<'a>(&'a self, offer: &'a RawOffer) -> Vec<Level<'a>> {
        let mut levels = Vec::new();
        let (Some(units), Some(root)) = (&self.written.units, offer.root()) else { return levels };
        units.each.elements(root, &|_| true, &mut |place| {
            let location = units.location.as_slice().iter().find_map(|path| path.text(place));
            if let Some((location, Found { name, text, at })) = location.zip(units.quantity.text(place)) {
                let units = Said { meaning: Meaning::Quantity, name, text: text.into(), at };
                levels.push(Level { location: location.text, units });
            }
        });
        levels
    }

    fn around(&self, head: &RawOffer, file: &str) -> Result<Around> {
        let Some(root) = head.root() else { return Ok(Around::default()) };
        let mut told = Vec::new();
        if let Some(tree) = &self.written.categories {
            tree.each.elements(root, &|_| true, &mut |category| {
                let parent = tree.parent.as_slice().iter().find_map(|path| path.text(category));
                let parent = parent.map_or("", |found| found.text);
                if let Some(id) = tree.id.text(category) {
                    let name = tree.name.text(category).map_or("", |found| found.text);
                    told.push((id.text, parent, name, category.position()));
                }
            });
        }
        let mut around = ways(told, file)?;
        if let Some(date) = self.written.date.as_ref().and_then(|path| path.text(root))
            && let Err(odd) = time::parse(date.text, Some(&TimeZone::UTC))
        {
            let place = date.at.place(file).attribute(date.name).value(date.text);
            around.findings.push(odd.into_diagnostic(Severity::Warning).at(place));
        }
        Ok(around)
    }
}

impl Column {
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let (one, more): (Option<&Path>, &[Path]) = match self {
            Column::Plain(path) => (Some(path), &[]),
            Column::Worked(worked) => (Some(&worked.from), &[]),
            Column::Joined(joined) => (None, &joined.join),
        };
        one.into_iter().chain(more)
    }
}

impl Worked {
    fn say<'a>(&'a self, meaning: Meaning<'a>, found: Found<'a>, around: &'a Around, draft: &mut Draft<'a>) {
        let text = found.text.trim();
        if let Some(word) = self.words.get(text) {
            return draft.say(meaning, found.name, word.as_str(), found.at);
        }
        if self.tree {
            return match around.product_types.get(text) {
                Some(way) => draft.say(meaning, found.name, way.as_str(), found.at),
                None if text.is_empty() => {}
                // the id is all that is known of it
                None => {
                    draft.say(Meaning::Attribute(found.name), found.name, text, found.at);
                    if around.product_types.is_empty() {
                        return; // the ids are those of some other list
                    }
                    let message = "the document has no such category: the product goes without it";
                    let help = "list the category before the offers, or name one that is there";
                    draft.doubt(Invalid::new("import/unknown-category", message, help));
                }
            };
        }
        match &self.parts {
            Some(between) => {
                let levels: Vec<&str> = text.split(between.as_str()).map(str::trim).filter(|l| !l.is_empty()).collect();
                draft.say(meaning, found.name, levels.join(" > "), found.at);
            }
            None => draft.say(meaning, found.name, text, found.at),
        }
    }
}

impl Joined {
    fn say<'a>(&'a self, meaning: Meaning<'a>, root: Field<'a>, draft: &mut Draft<'a>) {
        let Some(last) = self.join.last().and_then(|path| path.text(root)) else { return };
        let parts: Vec<&str> = self.join.iter().filter_map(|path| path.text(root)).map(|found| found.text).collect();
        draft.say(meaning, last.name, parts.join(" "), last.at);
    }
}

fn taken(written: &Description) -> Vec<String> {
    let columns = written.columns.values().flat_map(|columns| columns.as_slice());
    let worked = columns.filter(|column| !matches!(column, Column::Joined(_))).flat_map(Column::paths);
    let others = written.options.values().chain(written.attributes.values());
    let named = written.named.iter().map(|named| &named.each).chain(written.units.iter().map(|units| &units.each));
    worked.chain(others).chain(named).filter_map(Path::first).map(str::to_owned).collect()
}

/// Several addresses in one field have commas between; one address may hold a comma.
pub fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = rest
            .match_indices(',')
            .find(|(at, _)| rest.get(at + 1..).is_some_and(|after| after.trim_start().starts_with("http")));
        let (first, after) = match next {
            Some((at, _)) => (rest.get(..at)?, rest.get(at + 1..)?),
            None => (rest, ""),
        };
        rest = after;
        Some(first)
    })
}
