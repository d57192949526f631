//! XML documents of offers: which catalog's they are, and their offers one by one as [`Draft`]s, in constant memory.
use super::draft::{Draft, Meaning, Said, carried_by_prices};
use crate::catalog::{Carried, ProductField};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::document::{Field, OfferReader, Position, RawOffer, ReadOptions, XmlReader};
use crate::intake::bytes::source::Source;
use crate::intake::cell::Custom;
use crate::intake::detect::Kind;
use crate::intake::findings::Refusal;
use crate::intake::formats::ceneo;
use crate::intake::formats::commerce_ml;
use crate::intake::formats::google_feed;
use crate::intake::formats::heureka;
use crate::intake::formats::wordpress;
use crate::intake::formats::yandex_yml;
use crate::intake::options::Options;
use std::collections::HashMap;
use std::io::Read;

/// How the offers of one kind of catalog are written.
pub struct Dialect {
    pub name: &'static str,
    pub kind: Kind,
    /// What an offer's id is called, for messages.
    pub id: &'static str,
    /// Every amount names its currency.
    pub names_currency: bool,
    pub custom: Custom,
    /// Offers are products whose variants stand in another document.
    pub has_no_variants: bool,
    pub carried: fn() -> Carried,
    pub draft: for<'a> fn(&'a RawOffer, &'a Around, &mut Draft<'a>),
    /// Units by location.
    pub levels: for<'a> fn(&'a RawOffer) -> Vec<Level<'a>>,
    /// What stands before the offers and is needed to read them.
    pub around: fn(&RawOffer, &str) -> Result<Around>,
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

/// Document elements and the elements in them that are offers; RSS and Atom are known without.
const ROOTS: &[(&str, &[&str])] = &[
    ("yml_catalog", &["offer"]),
    ("torg_price", &["offer"]),
    ("SHOP", &["SHOPITEM", "ITEM"]),
    ("offers", &["o"]),
    ("КоммерческаяИнформация", &["Товар", "Предложение"]),
];

/// An opened document.
pub struct Offers {
    reader: XmlReader<Box<dyn Read + Send>>,
    file: String,
    pub dialect: &'static Dialect,
    pub around: Around,
    pub carried: Carried,
    first: Option<RawOffer>,
}

/// XML, or what was meant to be; WordPress's export is a table of posts.
pub fn is_xml(head: &[u8]) -> bool {
    crate::document::detect(head) == crate::document::Format::Xml && !wordpress::is_export(head)
}

impl Offers {
    /// Errors: those of [`XmlReader`]; `import/no-offers`; `format/unknown`.
    pub fn open(source: Source, options: &Options) -> Result<Offers> {
        let file = source.name().to_owned();
        let encoding = options.table.encoding.as_deref();
        let read = ReadOptions {
            file: file.clone(),
            roots: ROOTS,
            encoding: encoding.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes())),
            ..ReadOptions::default()
        };
        let head = source.head().to_vec();
        let input: Box<dyn Read + Send> = Box::new(source.into_reader());
        let mut reader = XmlReader::new(input, read.clone());
        let mut first = RawOffer::default();
        if !reader.read_offer(&mut first).map_err(name_roots)? {
            return Err(no_offers(&file));
        }
        let dialect = dialect_of(reader.head(), &first);
        let around = (dialect.around)(reader.head(), &file)?;
        let mut carried = (dialect.carried)();
        let titles = carried.product.contains(&ProductField::Title);
        if titles && !has_titles(dialect, &first, &head, read) {
            carried = carried_by_prices();
        }
        Ok(Offers { reader, file, dialect, around, carried, first: Some(first) })
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn encoding(&self) -> &'static str {
        self.reader.encoding()
    }

    pub fn bytes_read(&self) -> u64 {
        self.reader.bytes_read()
    }

    /// The element of an offer, and what was before the first: `offer in yml_catalog`.
    pub fn elements(&self) -> String {
        let name = |offer: &RawOffer| offer.root().map(|root| root.name().to_owned()).unwrap_or_default();
        format!("has {} in {}", self.first.as_ref().map(name).unwrap_or_default(), name(self.reader.head()))
    }

    /// Its offers bring prices to products that are known from elsewhere.
    pub fn brings_prices(&self) -> bool {
        (self.dialect.carried)() != self.carried
    }

    /// The offers are not all there are, so that nothing can be missing.
    pub fn is_partial(&self) -> bool {
        self.around.is_partial || self.brings_prices()
    }

    pub fn read(&mut self, offer: &mut RawOffer) -> Result<bool> {
        if let Some(first) = self.first.take() {
            *offer = first;
            return Ok(true);
        }
        self.reader.read_offer(offer)
    }

    /// What was met since the last call.
    pub fn take_findings(&mut self) -> Vec<Diagnostic> {
        self.reader.take_findings()
    }
}

/// Where a field of an offer stands, or the offer.
pub fn place(file: &str, offer: &RawOffer, said: Option<&Said<'_>>, id: &str) -> Place {
    let at = said.map_or_else(|| offer.position(), |said| said.at);
    let place = at.place(file).record(offer.index());
    match said {
        Some(said) => place.attribute(said.name).value(&said.text),
        None => place.attribute(id),
    }
}

/// Says what is right inside an element.
pub fn say<'a>(draft: &mut Draft<'a>, field: Field<'a>, meaning: Meaning<'a>) {
    draft.say(meaning, field.qualified_name(), field.text(), field.position());
}

/// Says what an attribute of the offer's element holds.
pub fn say_attribute<'a>(draft: &mut Draft<'a>, offer: &'a RawOffer, name: &'a str, meaning: Meaning<'a>) {
    if let Some(value) = offer.root().and_then(|root| root.attribute(name)) {
        draft.say(meaning, name, value, offer.position());
    }
}

/// The element right inside, by its local name.
pub fn child<'a>(field: Field<'a>, name: &str) -> Option<Field<'a>> {
    field.children().find(|child| child.name() == name)
}

/// What a table of names says about one of them.
pub fn meaning_of(fields: &[(&str, Meaning<'static>)], name: &str) -> Option<Meaning<'static>> {
    fields.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
}

pub fn no_levels(_: &RawOffer) -> Vec<Level<'_>> {
    Vec::new()
}

pub fn nothing_around(_: &RawOffer, _: &str) -> Result<Around> {
    Ok(Around::default())
}

fn dialect_of(head: &RawOffer, offer: &RawOffer) -> &'static Dialect {
    let name = |offer: &RawOffer| offer.root().map(|root| root.name().to_owned()).unwrap_or_default();
    match (name(head).as_str(), name(offer).as_str()) {
        ("yml_catalog" | "torg_price", _) => &yandex_yml::YML,
        ("SHOP", _) => &heureka::HEUREKA,
        ("offers", _) => &ceneo::CENEO,
        (_, "Товар") => &commerce_ml::CATALOG,
        (_, "Предложение") => &commerce_ml::OFFERS,
        _ if google_feed::is_local_inventory(offer) => &google_feed::LOCAL_INVENTORY,
        _ => &google_feed::GOOGLE,
    }
}

/// Whether any of the first offers has a title.
fn has_titles(dialect: &Dialect, first: &RawOffer, head: &[u8], options: ReadOptions) -> bool {
    let around = Around::default();
    let titled = |offer: &RawOffer| {
        let mut draft = Draft::default();
        (dialect.draft)(offer, &around, &mut draft);
        draft.get(Meaning::Title).is_some()
    };
    let (mut reader, mut offer) = (XmlReader::new(head, options), RawOffer::default());
    let mut is_titled = titled(first);
    // the head is cut off inside an offer
    while !is_titled && matches!(reader.read_offer(&mut offer), Ok(true)) {
        is_titled = titled(&offer);
    }
    is_titled
}

/// Documents that come where a feed was expected, by their first element, and what to do about them.
const STRANGERS: &[(&str, &str, &str)] = &[
    ("ListOrdersResponse", "an answer of Amazon's MWS, which was shut down in 2024", ORDERS_OF_AMAZON),
    ("ListOrdersByNextTokenResponse", "an answer of Amazon's MWS, which was shut down in 2024", ORDERS_OF_AMAZON),
    ("ListOrderItemsResponse", "an answer of Amazon's MWS, which was shut down in 2024", ORDERS_OF_AMAZON),
    ("listings", "a catalog of vehicles, homes or hotels, not of products", "export the catalog of products"),
    ("urlset", "a sitemap", "ask the shop for its product feed"),
    ("sitemapindex", "a list of sitemaps", "ask the shop for its product feed"),
    ("error", "an error message, not a feed", "open it: it says why the feed could not be made; then fetch it again"),
    ("Error", "an error message, not a feed", "open it: it says why the feed could not be made; then fetch it again"),
];
const ORDERS_OF_AMAZON: &str = "import the order report (TSV) or the JSON of the Selling Partner API";

/// Says what could have been read, where the document is none of it.
fn name_roots(error: Error) -> Error {
    if error.code != "feed/xml-item-unknown" {
        return error;
    }
    let stranger = STRANGERS.iter().find(|(root, ..)| error.message.contains(&format!("<{root}>")));
    if let Some((root, what, help)) = stranger {
        let file = error.place.file.as_deref().unwrap_or("this");
        return Error::input("format/unknown", format!("{file} is {what} (<{root}>)"))
            .at(*error.place.clone())
            .help(*help);
    }
    let roots: Vec<&str> = ROOTS.iter().map(|(root, _)| *root).collect();
    error.help(format!("purvey reads RSS, Atom, and documents of {}", roots.join(", ")))
}

fn no_offers(file: &str) -> Error {
    Error::input("import/no-offers", format!("{file} holds no offers"))
        .at(Place::file(file).line(1))
        .help("export it again: a document without offers changes nothing, and archives nothing")
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
        let Some((_, name, at)) = known.get(id) else { continue };
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
