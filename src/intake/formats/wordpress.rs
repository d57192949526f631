//! WordPress's own export (WXR) of a WooCommerce shop: an RSS document of posts, of which products and their variations
//! are made into the records of WooCommerce's own table, so that what reads the one reads the other.
//!
//! What a shop says of a product stands in `wp:postmeta` under the keys of its database; images are posts, too, and
//! named by number, wherever in the file they stand. So it is read twice: first for images and for the names of terms,
//! then for products. Posts that are no products, orders among them, are passed over unread.
use crate::catalog::Shelf;
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::document::{Field, OfferReader, Position, RawOffer, ReadOptions, XmlReader};
use crate::intake::bytes::archive;
use crate::intake::bytes::encoding::{Encoding, How};
use crate::intake::bytes::source::Source;

use crate::intake::rows::dialect::Options;
use crate::intake::rows::table::{Cells, Column};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};

/// Text of the first records that is enough to see whether a shop uses SKUs.
const FIRST_BYTES: usize = 16 * 1024;
/// Taxonomies of attributes that a shop defines once for all products begin with this.
const ATTRIBUTE: &str = "pa_";

/// A WXR document names WordPress's namespace in its first element.
pub fn is_export(head: &[u8]) -> bool {
    memchr::memmem::find(head, b"http://wordpress.org/export/").is_some()
        && memchr::memmem::find(head, b"<rss").is_some()
}

/// Where a column of WooCommerce's table stands in a post.
enum Told {
    /// An element right inside the post.
    Element(&'static str),
    /// The value of this `wp:meta_key`.
    Meta(&'static str),
    /// The names of its terms in this taxonomy.
    Terms(&'static str),
    /// Made of several of these.
    Made(fn(&Post<'_>, &Shop) -> Option<(String, Position)>),
}

use Told::{Element, Made, Meta, Terms};

/// Columns of WooCommerce's table; those of attributes follow, as many as the file needs.
const COLUMNS: &[(&str, Told)] = &[
    ("ID", Element("post_id")),
    ("Type", Made(kind)),
    ("SKU", Meta("_sku")),
    ("Name", Element("title")),
    ("Published", Made(published)),
    ("Short description", Element("excerpt:encoded")),
    ("Description", Element("content:encoded")),
    ("Date sale price starts", Meta("_sale_price_dates_from")),
    ("Date sale price ends", Meta("_sale_price_dates_to")),
    ("In stock?", Made(in_stock)),
    ("Stock", Made(stock)),
    ("Backorders allowed?", Made(backorders)),
    ("Weight (?)", Meta("_weight")),
    ("Sale price", Meta("_sale_price")),
    ("Regular price", Meta("_regular_price")),
    ("Categories", Made(categories)),
    ("Tags", Terms("product_tag")),
    ("Brands", Terms("product_brand")),
    ("Images", Made(images)),
    ("Parent", Made(parent)),
    ("External URL", Meta("_product_url")),
    ("GTIN, UPC, EAN, or ISBN", Meta("_global_unique_id")),
    ("Permalink", Made(permalink)),
];

/// What posts refer to.
#[derive(Debug, Default)]
struct Shop {
    /// Addresses of images by the number of their post: there may be one for each product.
    images: Shelf,
    /// Times that an image was named which is not in the file.
    images_elsewhere: Cell<u64>,
    /// What went wrong while one was looked up.
    fault: RefCell<Option<Error>>,
    /// Names of terms by taxonomy and slug.
    terms: HashMap<(String, String), String>,
    /// Names of attributes that only one product has, by their key.
    labels: HashMap<String, String>,
    /// Categories and what they stand below, by slug.
    parents: HashMap<String, String>,
    /// The most attributes a product has.
    attributes: usize,
    products: u64,
}

pub(in crate::intake) struct WordPress {
    reader: XmlReader<File>,
    shop: Shop,
    pub columns: Vec<Column>,
    file: String,
    post: RawOffer,
    number: u64,
    text: String,
    ends: Vec<usize>,
    places: Vec<Option<Position>>,
    first: Vec<u8>,
    findings: Vec<Diagnostic>,
}

impl WordPress {
    /// Reads the document to its end for what products refer to.
    ///
    /// Errors: those of [`XmlReader`]; `import/no-products`.
    pub fn open(source: Source, options: &Options) -> Result<WordPress> {
        let file = source.name().to_owned();
        let mut spooled = archive::spool(&file, source.into_reader())?;
        let again = |e| Error::io("read again", &std::env::temp_dir(), e);
        let read = ReadOptions {
            file: file.clone(),
            encoding: options.encoding.as_deref().and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes())),
            ..ReadOptions::default()
        };
        let mut shop = Shop::default();
        let mut first = XmlReader::new(spooled.try_clone().map_err(again)?, read.clone());
        let mut post = RawOffer::default();
        while first.read_offer(&mut post)? {
            shop.learn(&Post(&post))?;
        }
        shop.learn_terms(first.head());
        if shop.products == 0 {
            let help =
                "export \"All content\" or \"Products\" under Tools, Export; better still, export products as CSV";
            return Err(Error::input(
                "import/no-products",
                format!("{file} is WordPress's export, but holds no products"),
            )
            .at(Place::file(&file))
            .help(help));
        }
        spooled.seek(SeekFrom::Start(0)).map_err(again)?;
        let attributes =
            (1..=shop.attributes).flat_map(|n| [format!("Attribute {n} name"), format!("Attribute {n} value(s)")]);
        let names = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).chain(attributes);
        let mut posts = WordPress {
            reader: XmlReader::new(spooled.try_clone().map_err(again)?, read.clone()),
            columns: names.map(|name| Column::new(&name)).collect(),
            shop,
            file,
            post,
            number: 0,
            text: String::new(),
            ends: Vec::new(),
            places: Vec::new(),
            first: Vec::new(),
            findings: Vec::new(),
        };
        posts.look_ahead()?;
        spooled.seek(SeekFrom::Start(0)).map_err(again)?;
        posts.reader = XmlReader::new(spooled, read);
        posts.shop.images_elsewhere.set(0);
        Ok(posts)
    }

    /// Keeps the first records as CSV.
    fn look_ahead(&mut self) -> Result<()> {
        let mut line = |cells: &mut dyn Iterator<Item = &str>| {
            let quoted: Vec<String> = cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            self.first.extend_from_slice(quoted.join(",").as_bytes());
            self.first.push(b'\n');
            self.first.len() < FIRST_BYTES
        };
        line(&mut self.columns.iter().map(|column| column.name.as_str()));
        let mut post = RawOffer::default();
        let mut goes_on = true;
        while goes_on && self.reader.read_offer(&mut post)? {
            if let Some(row) = self.shop.row(&Post(&post)) {
                goes_on = line(&mut row.iter().map(|cell| cell.as_ref().map_or("", |(text, _)| text.as_str())));
            }
        }
        Ok(())
    }

    /// Moves on to the next product or variation; false at the end.
    pub fn advance(&mut self) -> Result<bool> {
        loop {
            if !self.reader.read_offer(&mut self.post)? {
                self.findings.extend(self.reader.take_findings());
                return Ok(false);
            }
            self.findings.extend(self.reader.take_findings());
            let row = self.shop.row(&Post(&self.post));
            if let Some(fault) = self.shop.fault.take() {
                return Err(fault);
            }
            let Some(row) = row else { continue };
            self.number += 1;
            self.text.clear();
            self.ends.clear();
            self.places.clear();
            for cell in &row {
                self.text.push_str(cell.as_ref().map_or("", |(text, _)| text));
                self.ends.push(self.text.len());
                self.places.push(cell.as_ref().map(|(_, at)| *at));
            }
            return Ok(true);
        }
    }

    pub fn cells(&self) -> Cells<'_> {
        Cells { text: &self.text, ends: &self.ends, number: self.number, line: self.post.position().line }
    }

    pub fn record_place(&self) -> Place {
        self.post.position().place(&self.file).record(self.number)
    }

    pub fn cell_place(&self, column: usize) -> Place {
        let place = match self.places.get(column) {
            Some(Some(at)) => at.place(&self.file).record(self.number),
            _ => self.record_place(),
        };
        match self.columns.get(column) {
            Some(named) => place.attribute(&named.name),
            None => place,
        }
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn encoding(&self) -> Encoding {
        Encoding { name: self.reader.encoding(), how: How::Assumed }
    }

    pub fn bytes_read(&self) -> u64 {
        self.reader.bytes_read()
    }

    pub fn first_records(&self) -> &[u8] {
        &self.first
    }

    pub fn findings(&self) -> Vec<Diagnostic> {
        let elsewhere = self.shop.images_elsewhere.get();
        let note = (elsewhere > 0).then(|| {
            let message =
                format!("{elsewhere} image(s) are named by a number that is not in the file: they are not read");
            let note = Diagnostic::note("import/images-elsewhere", message).at(Place::file(&self.file));
            note.help("export \"All content\", which has the images, too")
        });
        self.findings.iter().cloned().chain(note).collect()
    }
}

/// One post.
struct Post<'a>(&'a RawOffer);

impl<'a> Post<'a> {
    /// `post_id`, or `content:encoded` where only the prefix tells which is meant.
    fn element(&self, name: &str) -> Option<Field<'a>> {
        self.0.fields().find(|field| field.name() == name || field.qualified_name() == name)
    }

    fn text(&self, name: &str) -> &'a str {
        self.element(name).map_or("", |field| field.text().trim())
    }

    fn metas(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> + use<'a> {
        let metas = self.0.fields().filter(|field| field.name() == "postmeta");
        metas.filter_map(|meta| Some((meta.child("meta_key")?.text().trim(), meta.child("meta_value")?)))
    }

    fn meta(&self, key: &str) -> Option<(&'a str, Position)> {
        let (_, value) = self.metas().find(|(found, _)| *found == key)?;
        Some((value.text().trim(), value.position()))
    }

    /// Slug and element of each term of a taxonomy.
    fn terms(&self, taxonomy: &str) -> impl Iterator<Item = (&'a str, Field<'a>)> {
        let categories = self.0.fields().filter(|field| field.name() == "category");
        let of = categories.filter(move |field| field.attribute("domain") == Some(taxonomy));
        of.filter_map(|field| Some((field.attribute("nicename")?, field)))
    }

    fn is_variation(&self) -> bool {
        self.text("post_type") == "product_variation"
    }

    /// A product or a variation that is not in the bin.
    fn is_product(&self) -> bool {
        matches!(self.text("post_type"), "product" | "product_variation")
            && !matches!(self.text("status"), "trash" | "auto-draft")
    }
}

impl Shop {
    fn learn(&mut self, post: &Post<'_>) -> Result<()> {
        if post.text("post_type") == "attachment" {
            return self.images.put(post.text("post_id"), &post.text("attachment_url"));
        }
        if !post.is_product() {
            return Ok(());
        }
        self.products += 1;
        for field in post.0.fields().filter(|field| field.name() == "category") {
            if let (Some(taxonomy), Some(slug)) = (field.attribute("domain"), field.attribute("nicename")) {
                self.learn_term(taxonomy, slug, field.text());
            }
        }
        let own = attributes(post);
        for attribute in own.iter().filter(|attribute| !attribute.is_shared) {
            self.labels.entry(attribute.key.clone()).or_insert_with(|| attribute.name.clone());
        }
        let chosen = post.metas().filter(|(key, _)| key.starts_with("attribute_")).count();
        self.attributes = self.attributes.max(own.len()).max(chosen);
        Ok(())
    }

    /// The address of an image, if it is in the file.
    fn image(&self, id: &str) -> Option<String> {
        let found = self.images.get(id).unwrap_or_else(|error| {
            self.fault.borrow_mut().get_or_insert(error);
            None
        });
        if found.is_none() && !matches!(id, "" | "0") {
            self.images_elsewhere.set(self.images_elsewhere.get() + 1);
        }
        found
    }

    fn learn_term(&mut self, taxonomy: &str, slug: &str, name: &str) {
        let name = name.trim();
        if !name.is_empty() {
            self.terms.entry((taxonomy.to_owned(), slug.to_owned())).or_insert_with(|| name.to_owned());
        }
    }

    /// Terms stand before the posts, with what they stand below.
    fn learn_terms(&mut self, head: &RawOffer) {
        let channel = head.field("channel");
        let all = channel.into_iter().flat_map(|channel| channel.children()).chain(head.fields());
        for term in all.filter(|field| field.name() == "term") {
            let told = |name| term.child(name).map_or("", |field| field.text().trim());
            let (taxonomy, slug) = (told("term_taxonomy"), told("term_slug"));
            self.learn_term(taxonomy, slug, told("term_name"));
            let above = told("term_parent");
            if taxonomy == "product_cat" && !above.is_empty() {
                self.parents.insert(slug.to_owned(), above.to_owned());
            }
        }
    }

    fn name_of<'t>(&'t self, taxonomy: &str, slug: &'t str) -> &'t str {
        self.terms.get(&(taxonomy.to_owned(), slug.to_owned())).map_or(slug, String::as_str)
    }

    /// The record of a post, if it is a product.
    fn row(&self, post: &Post<'_>) -> Option<Vec<Option<(String, Position)>>> {
        if !post.is_product() {
            return None;
        }
        let cell = |told: &Told| match told {
            Element(name) => post.element(name).map(|field| (field.text().to_owned(), field.position())),
            Meta(key) => post.meta(key).map(|(text, at)| (text.to_owned(), at)),
            Terms(taxonomy) => joined(post.terms(taxonomy).map(|(_, field)| (field.text().trim().to_owned(), field))),
            Made(make) => make(post, self),
        };
        let mut row: Vec<_> = COLUMNS.iter().map(|(_, told)| cell(told)).collect();
        let told = if post.is_variation() { self.choices(post) } else { self.values(post) };
        let told = told.into_iter().take(self.attributes);
        row.extend(told.flat_map(|(name, value, at)| [Some((name, at)), Some((value, at))]));
        row.resize_with(COLUMNS.len() + 2 * self.attributes, || None);
        Some(row)
    }

    /// What a variation chooses: `attribute_pa_size` is the slug of a term, any other the choice itself.
    fn choices(&self, post: &Post<'_>) -> Vec<(String, String, Position)> {
        let chosen = post.metas().filter_map(|(key, value)| Some((key.strip_prefix("attribute_")?, value)));
        let chosen = chosen.filter(|(_, value)| !value.text().trim().is_empty());
        let choice = |(key, value): (&str, Field<'_>)| {
            let choice = self.name_of(key, value.text().trim()).to_owned();
            (self.label(key), choice, value.position())
        };
        chosen.map(choice).collect()
    }

    /// What a product says of itself: all values of each of its attributes.
    fn values(&self, post: &Post<'_>) -> Vec<(String, String, Position)> {
        let at = post.meta("_product_attributes").map_or(post.0.position(), |(_, at)| at);
        let value = |attribute: &Attribute| match attribute.is_shared {
            true => post.terms(&attribute.key).map(|(_, field)| field.text().trim()).collect::<Vec<_>>().join(", "),
            false => attribute.value.split('|').map(str::trim).collect::<Vec<_>>().join(", "),
        };
        attributes(post).iter().map(|attribute| (self.label(&attribute.key), value(attribute), at)).collect()
    }

    /// `pa_shoe-size` is `Shoe size`: the file does not say how the shop writes it.
    fn label(&self, key: &str) -> String {
        if let Some(label) = self.labels.get(key) {
            return label.clone();
        }
        let bare = key.strip_prefix(ATTRIBUTE).unwrap_or(key).replace(['-', '_'], " ");
        let mut letters = bare.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

fn joined<'a>(parts: impl Iterator<Item = (String, Field<'a>)>) -> Option<(String, Position)> {
    let parts: Vec<_> = parts.collect();
    let at = parts.first()?.1.position();
    // WooCommerce parts names by commas and escapes those inside a name
    Some((parts.iter().map(|(name, _)| name.replace(',', "\\,")).collect::<Vec<_>>().join(", "), at))
}

fn kind(post: &Post<'_>, _: &Shop) -> Option<(String, Position)> {
    if post.is_variation() {
        return Some(("variation".to_owned(), post.0.position()));
    }
    let told = post.terms("product_type").next();
    Some(
        told.map_or_else(
            || ("simple".to_owned(), post.0.position()),
            |(slug, field)| (slug.to_owned(), field.position()),
        ),
    )
}

fn published(post: &Post<'_>, _: &Shop) -> Option<(String, Position)> {
    let status = post.element("status")?;
    let word = match status.text().trim() {
        "publish" | "inherit" => "1",
        "private" => "0",
        _ => "-1",
    };
    Some((word.to_owned(), status.position()))
}

fn in_stock(post: &Post<'_>, _: &Shop) -> Option<(String, Position)> {
    let (status, at) = post.meta("_stock_status")?;
    Some((if status == "outofstock" { "0" } else { "1" }.to_owned(), at))
}

/// Units are there where the shop counts them.
fn stock(post: &Post<'_>, _: &Shop) -> Option<(String, Position)> {
    let (units, at) = post.meta("_stock")?;
    let counts = post.meta("_manage_stock").is_some_and(|(manages, _)| manages == "yes");
    counts.then(|| (units.to_owned(), at))
}

fn backorders(post: &Post<'_>, _: &Shop) -> Option<(String, Position)> {
    let (word, at) = post.meta("_backorders")?;
    Some((if word == "no" { "0".to_owned() } else { word.to_owned() }, at))
}

fn parent(post: &Post<'_>, _: &Shop) -> Option<(String, Position)> {
    let above = post.element("post_parent").filter(|_| post.is_variation())?;
    Some((format!("id:{}", above.text().trim()), above.position()))
}

fn permalink(post: &Post<'_>, _: &Shop) -> Option<(String, Position)> {
    let link = post.element("link").filter(|_| !post.is_variation())?;
    Some((link.text().trim().to_owned(), link.position()))
}

/// Each with what it stands below: `Clothing > Tees`.
fn categories(post: &Post<'_>, shop: &Shop) -> Option<(String, Position)> {
    let way = |slug: &str, own: &str| {
        let mut way = vec![own.to_owned()];
        let mut above = shop.parents.get(slug);
        // as deep as there are categories, should two be below each other
        while let Some(slug) = above.filter(|_| way.len() <= shop.parents.len()) {
            way.push(shop.name_of("product_cat", slug).to_owned());
            above = shop.parents.get(slug);
        }
        way.reverse();
        way.join(" > ")
    };
    joined(post.terms("product_cat").map(|(slug, field)| (way(slug, field.text().trim()), field)))
}

/// The main image, then the gallery; images that are not in the file have no address.
fn images(post: &Post<'_>, shop: &Shop) -> Option<(String, Position)> {
    let keys = ["_thumbnail_id", "_product_image_gallery"].into_iter().filter_map(|key| post.meta(key));
    let all: Vec<_> = keys.flat_map(|(ids, at)| ids.split(',').map(move |id| (id.trim(), at))).collect();
    let known: Vec<_> = all.iter().filter_map(|(id, at)| Some((shop.image(id)?, *at))).collect();
    let (_, at) = *known.first()?;
    Some((known.into_iter().map(|(address, _)| address).collect::<Vec<_>>().join(", "), at))
}

/// An attribute of a product, as its `_product_attributes` tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Attribute {
    key: String,
    name: String,
    value: String,
    /// A taxonomy of the shop, whose terms the post has.
    is_shared: bool,
}

fn attributes(post: &Post<'_>) -> Vec<Attribute> {
    let Some((text, _)) = post.meta("_product_attributes") else { return Vec::new() };
    let Some(Php::Map(all)) = Php::parse(text) else { return Vec::new() };
    let attribute = |(key, told): (String, Php)| {
        let Php::Map(told) = told else { return None };
        let mut attribute = Attribute { is_shared: key.starts_with(ATTRIBUTE), key, ..Attribute::default() };
        for (name, value) in told {
            match (name.as_str(), value) {
                ("name", Php::Text(name)) => attribute.name = name,
                ("value", Php::Text(value)) => attribute.value = value,
                ("is_taxonomy", Php::Text(is)) => attribute.is_shared = is == "1",
                _ => {}
            }
        }
        Some(attribute)
    };
    all.into_iter().filter_map(attribute).collect()
}

/// A value as PHP's `serialize` writes it; scalars are texts here.
#[derive(Debug, PartialEq, Eq)]
enum Php {
    Text(String),
    Map(Vec<(String, Php)>),
}

impl Php {
    /// Attributes are maps in a map.
    const DEPTH_MAX: usize = 8;

    fn parse(text: &str) -> Option<Php> {
        Some(Php::read(text, Php::DEPTH_MAX)?.0)
    }

    /// The value at the start, and what follows it.
    fn read(text: &str, depth: usize) -> Option<(Php, &str)> {
        let (kind, rest) = text.split_at_checked(2)?;
        match kind {
            "s:" => {
                let (length, rest) = rest.split_once(':')?;
                let (value, rest) = rest.strip_prefix('"')?.split_at_checked(length.parse().ok()?)?;
                Some((Php::Text(value.to_owned()), rest.strip_prefix("\";")?))
            }
            "i:" | "b:" | "d:" => {
                let (value, rest) = rest.split_once(';')?;
                Some((Php::Text(value.to_owned()), rest))
            }
            "N;" => Some((Php::Text(String::new()), rest)),
            "a:" => {
                let (count, rest) = rest.split_once(':')?;
                let count: usize = count.parse().ok()?;
                let (mut map, mut rest) = (Vec::new(), rest.strip_prefix('{')?);
                for _ in 0..count {
                    let (Php::Text(key), after) = Php::read(rest, 0)? else { return None };
                    let (value, after) = Php::read(after, depth.checked_sub(1)?)?;
                    map.push((key, value));
                    rest = after;
                }
                Some((Php::Map(map), rest.strip_prefix('}')?))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_php_wrote_is_read_and_what_is_cut_off_is_not() {
        let text = r#"a:1:{s:5:"größe";a:3:{s:4:"name";s:5:"Größe";s:8:"position";i:0;s:12:"is_variation";N;}}"#;
        // lengths count bytes
        let text = text.replace("s:5:\"größe\"", "s:7:\"größe\"").replace("s:5:\"Größe\"", "s:7:\"Größe\"");
        let Some(Php::Map(all)) = Php::parse(&text) else { panic!("unread") };
        assert_eq!(all[0].0, "größe");
        assert!(matches!(&all[0].1, Php::Map(told) if told[0] == ("name".to_owned(), Php::Text("Größe".to_owned()))));
        assert_eq!(Php::parse(&text[..text.len() - 1]), None);
        assert_eq!(Php::parse(&"a:1:{i:0;".repeat(1000)), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[asibdN:;{}\"0-9é]{0,40}") {
            let _ = Php::parse(&text);
        }
    }
}
