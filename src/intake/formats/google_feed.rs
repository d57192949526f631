//! Feeds in Google's words, which Meta, Pinterest, Bing and others take too: RSS or Atom with elements of Google's
//! namespace, or plain ones; the same names are the columns of its tables.
//!
//! `id` is the SKU, `item_group_id` the product; color, size, material and pattern are its axes.
use crate::catalog::Carried;
use crate::document::{Position, RawOffer};
use crate::intake::cell::Custom;
use crate::intake::detect::Kind;
use crate::intake::findings::{Findings, Refusal};
use crate::intake::mapping::Mapping;
use crate::intake::offers::document::{Around, Dialect, Level, meaning_of, no_levels, nothing_around, say};
use crate::intake::offers::draft::{Draft, Meaning, Rules, carried_by_offers};
use crate::intake::options::Options;
use crate::intake::products::row::{Field as Cell, ProductReader, ProductRow};
use crate::intake::rows::table::Record;

const GOOGLE_NAMESPACE: &str = "http://base.google.com/ns/1.0";

/// Names of Google's specification, then what Meta and others call the same.
const FIELDS: &[(&str, Meaning<'static>)] = &[
    ("id", Meaning::Sku),
    ("item_group_id", Meaning::Group),
    ("title", Meaning::Title),
    ("description", Meaning::Description),
    ("link", Meaning::Link),
    ("image_link", Meaning::Image),
    ("additional_image_link", Meaning::Image),
    ("price", Meaning::Price),
    ("sale_price", Meaning::SalePrice),
    ("sale_price_effective_date", Meaning::SaleTime),
    ("availability", Meaning::Availability),
    ("availability_date", Meaning::AvailabilityDate),
    ("gtin", Meaning::Gtin),
    ("mpn", Meaning::Mpn),
    ("brand", Meaning::Brand),
    ("product_type", Meaning::ProductType),
    ("google_product_category", Meaning::GoogleCategory),
    ("condition", Meaning::Condition),
    ("age_group", Meaning::AgeGroup),
    ("gender", Meaning::Gender),
    ("color", Meaning::Choice("Color")),
    ("size", Meaning::Choice("Size")),
    ("material", Meaning::Choice("Material")),
    ("pattern", Meaning::Choice("Pattern")),
    ("shipping_weight", Meaning::Weight),
    ("quantity", Meaning::Quantity),
    ("inventory", Meaning::Quantity),
    ("quantity_to_sell_on_facebook", Meaning::Quantity),
    ("ean", Meaning::Gtin),
    ("upc", Meaning::Gtin),
];

/// Structured or about the account, not about the product.
const UNREAD: &[&str] = &["shipping", "tax", "installment", "pubDate", "guid", "author", "updated", "published"];

pub const GOOGLE: Dialect = Dialect {
    name: "google-feed",
    kind: Kind::Products,
    id: "g:id",
    names_currency: true,
    custom: Custom::People,
    has_no_variants: false,
    carried: carried_by_offers,
    draft,
    levels: no_levels,
    around: nothing_around,
};

/// Units by store, without products.
pub const LOCAL_INVENTORY: Dialect =
    Dialect { name: "google-local-inventory", kind: Kind::Stock, carried: Carried::default, levels, ..GOOGLE };

pub fn is_local_inventory(offer: &RawOffer) -> bool {
    offer.field("store_code").is_some() && offer.field("quantity").is_some() && offer.field("title").is_none()
}

fn draft<'a>(offer: &'a RawOffer, _: &'a Around, draft: &mut Draft<'a>) {
    let own = offer.root().and_then(|root| root.namespace());
    // Google's elements come first: beside them, RSS and Atom have a title, a link and an id of their own
    for is_google in [true, false] {
        for field in offer.fields() {
            let namespace = field.namespace();
            let fits = if is_google { namespace == Some(GOOGLE_NAMESPACE) } else { namespace == own };
            if !fits || (is_google && own == Some(GOOGLE_NAMESPACE)) {
                continue;
            }
            match meaning_of(FIELDS, field.name()) {
                Some(Meaning::Link) if field.text().is_empty() => {
                    let href = field.attribute("href").unwrap_or_default();
                    draft.say(Meaning::Link, field.qualified_name(), href, field.position());
                }
                Some(Meaning::Image) => {
                    for address in addresses(field.text()) {
                        draft.say(Meaning::Image, field.qualified_name(), address, field.position());
                    }
                }
                Some(meaning) => say(draft, field, meaning),
                None if !is_google || UNREAD.contains(&field.name()) || field.children().next().is_some() => {}
                None => say(draft, field, Meaning::Attribute(field.name())),
            }
        }
    }
}

/// Several addresses in one field have commas between; one address may hold a comma.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
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

fn levels(offer: &RawOffer) -> Vec<Level<'_>> {
    let Some((store, quantity)) = offer.field("store_code").zip(offer.field("quantity")) else { return Vec::new() };
    let mut units = Draft::default();
    say(&mut units, quantity, Meaning::Quantity);
    let units = units.get(Meaning::Quantity).cloned();
    units.map(|units| Level { location: store.text().trim(), units }).into_iter().collect()
}

/// The same as a table.
pub struct GoogleTable {
    columns: Vec<(usize, String, Meaning<'static>)>,
    free: Vec<(usize, String)>,
    carried: Carried,
    rules: Rules,
}

impl GoogleTable {
    pub fn new(mapping: &mut Mapping<'_>, options: &Options) -> Self {
        let header: Vec<String> = mapping.table().header().iter().map(|column| column.name.clone()).collect();
        let (mut columns, mut free) = (Vec::new(), Vec::new());
        for (at, name) in header.into_iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let key = name.trim().trim_start_matches("g:").to_lowercase().replace(' ', "_");
            let key = key.split('[').next().unwrap_or(&key).to_owned();
            match meaning_of(FIELDS, &key) {
                Some(meaning) => {
                    mapping.take(at, key);
                    columns.push((at, name, meaning));
                }
                None if UNREAD.iter().any(|unread| key.starts_with(unread)) => {}
                None => {
                    mapping.take(at, format!("attribute {key}"));
                    free.push((at, key));
                }
            }
        }
        GoogleTable { columns, free, carried: carried_by_offers(), rules: Rules::new(options, true, Custom::People) }
    }

    fn draft<'a>(&'a self, record: &Record<'a>) -> Draft<'a> {
        let mut draft = Draft::default();
        let at = |column: usize| Position { line: record.line, column: column as u64 };
        for (column, name, meaning) in &self.columns {
            let text = record.text(Some(*column));
            match meaning {
                Meaning::Image => {
                    addresses(text).for_each(|address| draft.say(Meaning::Image, name, address, at(*column)));
                }
                meaning => draft.say(*meaning, name, text, at(*column)),
            }
        }
        for (column, key) in &self.free {
            draft.say(Meaning::Attribute(key), key, record.text(Some(*column)), at(*column));
        }
        draft
    }

    fn find(&self, meaning: Meaning<'_>) -> Option<usize> {
        self.columns.iter().find(|(_, _, known)| *known == meaning).map(|(at, ..)| *at)
    }
}

impl ProductReader for GoogleTable {
    fn source(&self) -> &'static str {
        "google-products"
    }

    fn carried(&self) -> &Carried {
        &self.carried
    }

    fn column(&self, field: Cell) -> Option<usize> {
        match field {
            Cell::Group => self.find(Meaning::Group).or_else(|| self.find(Meaning::Sku)),
            Cell::Sku => self.find(Meaning::Sku),
            Cell::Gtin => self.find(Meaning::Gtin),
            Cell::Title => self.find(Meaning::Title),
            Cell::OptionName(_) => None,
        }
    }

    fn has_sku(&self, record: &Record<'_>) -> Option<bool> {
        Some(!record.text(self.find(Meaning::Sku)).is_empty())
    }

    fn read(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        let place = |said: Option<&crate::intake::offers::draft::Said<'_>>| match said {
            Some(said) => record.place(usize::try_from(said.at.column).unwrap_or_default()),
            None => record.whole(),
        };
        self.draft(record).to_row(&self.rules, &place, findings)
    }
}
