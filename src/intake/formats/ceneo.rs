//! Ceneo's XML: `<o>` with id, price and stock as attributes; brand and codes stand among its `<a name="…">`.
//!
//! Amounts name no currency and are in the shop's own.
use crate::document::RawOffer;
use crate::intake::cell::Custom;
use crate::intake::detect::Kind;
use crate::intake::offers::document::{Around, Dialect, meaning_of, no_levels, nothing_around, say, say_attribute};
use crate::intake::offers::draft::{Draft, Meaning, carried_by_offers};

const ATTRIBUTES: &[(&str, Meaning<'static>)] = &[
    ("id", Meaning::Sku),
    ("url", Meaning::Link),
    ("price", Meaning::Price),
    ("stock", Meaning::Quantity),
    ("weight", Meaning::Weight),
    ("avail", Meaning::Attribute("ceneo_avail")),
];

/// Names of `<a>` that are more than attributes.
const NAMED: &[(&str, Meaning<'static>)] = &[
    ("Producent", Meaning::Brand),
    ("Kod_producenta", Meaning::Mpn),
    ("Kod producenta", Meaning::Mpn),
    ("EAN", Meaning::Gtin),
    ("ISBN", Meaning::Gtin),
];

pub const CENEO: Dialect = Dialect {
    name: "ceneo",
    kind: Kind::Products,
    id: "id",
    names_currency: false,
    custom: Custom::People,
    has_no_variants: false,
    carried: carried_by_offers,
    draft,
    levels: no_levels,
    around: nothing_around,
};

fn draft<'a>(offer: &'a RawOffer, _: &'a Around, draft: &mut Draft<'a>) {
    ATTRIBUTES.iter().for_each(|(name, meaning)| say_attribute(draft, offer, name, *meaning));
    for field in offer.fields() {
        match field.name() {
            "name" => say(draft, field, Meaning::Title),
            "desc" => say(draft, field, Meaning::Description),
            "cat" => {
                let way = field.text().split('/').map(str::trim).collect::<Vec<_>>().join(" > ");
                draft.say(Meaning::ProductType, "cat", way, field.position());
            }
            "imgs" => {
                for image in field.children() {
                    let address = image.attribute("url").unwrap_or_default();
                    draft.say(Meaning::Image, image.qualified_name(), address, image.position());
                }
            }
            "attrs" => {
                for named in field.children() {
                    let Some(name) = named.attribute("name") else { continue };
                    let meaning = meaning_of(NAMED, name).unwrap_or(Meaning::Attribute(name));
                    draft.say(meaning, name, named.text(), named.position());
                }
            }
            _ => {}
        }
    }
}
