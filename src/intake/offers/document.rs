//! XML documents of offers: which catalog's they are, and their offers one by one as [`Draft`]s, in constant memory.
use super::dialect::{Around, Dialect};
use super::draft::{Draft, Meaning, Said, only_prices};
use super::known;
use crate::catalog::{Carried, ProductField};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::document::{OfferReader, RawOffer, ReadOptions, XmlReader};
use crate::intake::bytes::source::Source;
use crate::intake::detect::Kind;
use crate::intake::formats::wordpress;
use crate::intake::mapping::file::MappingFile;
use crate::intake::options::Options;
use std::io::Read;
use std::sync::Arc;

/// An opened document.
pub struct Offers {
    reader: XmlReader<Box<dyn Read + Send>>,
    file: String,
    pub dialect: Arc<Dialect>,
    pub around: Around,
    pub carried: Carried,
    /// Its offers bring prices to products that are known from elsewhere.
    pub brings_prices: bool,
    first: Option<RawOffer>,
}

/// XML, or what was meant to be; WordPress's export is a table of posts.
pub fn is_xml(head: &[u8]) -> bool {
    crate::document::detect(head) == crate::document::Format::Xml && !wordpress::is_export(head)
}

impl Offers {
    /// Errors: those of [`XmlReader`]; `import/no-offers`; `format/unknown`; `mapping/not-a-document`.
    pub fn open(source: Source, options: &Options) -> Result<Offers> {
        let file = source.name().to_owned();
        let mapping = options.mapping.as_deref();
        let described = mapping.map(|mapping| mapping.document(&file)).transpose()?;
        let encoding = options.table.encoding.as_deref().or(mapping.and_then(MappingFile::encoding));
        let roots_of = |dialect: &Arc<Dialect>| known::roots(std::slice::from_ref(dialect));
        let read = ReadOptions {
            file: file.clone(),
            item: described.filter(|dialect| dialect.roots.is_empty()).and_then(|d| d.items.first().cloned()),
            roots: described.map_or_else(|| known::roots(known::all()), roots_of),
            encoding: encoding.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes())),
            ..ReadOptions::default()
        };
        let head = source.head().to_vec();
        let input: Box<dyn Read + Send> = Box::new(source.into_reader());
        let mut reader = XmlReader::new(input, read.clone());
        let mut first = RawOffer::default();
        if !reader.read_offer(&mut first).map_err(name_roots)? {
            return Err(no_offers(&file, described));
        }
        let dialect = described.unwrap_or_else(|| dialect_of(reader.head(), &first));
        let around = dialect.reading.around(reader.head(), &file)?;
        let titles = dialect.carried.product.contains(&ProductField::Title);
        let brings_prices = dialect.kind == Kind::Products
            && (!dialect.reading.names_titles() || (titles && !has_titles(dialect, &first, &head, read)));
        let carried = dialect.carried.clone();
        let carried = if brings_prices { only_prices(carried) } else { carried };
        Ok(Offers { reader, file, dialect: Arc::clone(dialect), around, carried, brings_prices, first: Some(first) })
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

    /// The offers are not all there are, so that nothing can be missing.
    pub fn is_partial(&self) -> bool {
        self.around.is_partial || self.brings_prices
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

fn dialect_of(head: &RawOffer, offer: &RawOffer) -> &'static Arc<Dialect> {
    let name = |offer: &RawOffer| offer.root().map(|root| root.name().to_owned()).unwrap_or_default();
    let (root, item) = (name(head), name(offer));
    let all = known::all();
    // the last is anybody's
    all.iter().find(|dialect| dialect.is_of(&root, &item, offer)).unwrap_or(&all[all.len() - 1])
}

/// Whether any of the first offers has a title.
fn has_titles(dialect: &Dialect, first: &RawOffer, head: &[u8], options: ReadOptions) -> bool {
    let around = Around::default();
    let titled = |offer: &RawOffer| {
        let mut draft = Draft::default();
        dialect.reading.draft(offer, &around, &mut draft);
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
    ("br", "a message of the shop's program, not a feed", "open it: it says what went wrong; then fetch it again"),
    ("b", "a message of the shop's program, not a feed", "open it: it says what went wrong; then fetch it again"),
    ("Workbook", "a spreadsheet saved as XML", "open it in a spreadsheet program and save the sheet as CSV (UTF-8)"),
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
    let roots: Vec<String> = known::roots(known::all()).into_iter().map(|(root, _)| root).collect();
    error.help(format!(
        "purvey reads RSS, Atom, and documents of {}; any other by a mapping: see `purvey import --map-wizard`",
        roots.join(", ")
    ))
}

fn no_offers(file: &str, described: Option<&Arc<Dialect>>) -> Error {
    let help = match described {
        Some(dialect) => format!("the mapping says that an offer is <{}>: is it?", dialect.items.join("> or <")),
        None => "export it again: a document without offers changes nothing, and archives nothing".to_owned(),
    };
    Error::input("import/no-offers", format!("{file} holds no offers")).at(Place::file(file).line(1)).help(help)
}
