//! Heureka's XML (also Zboží's): items of a shop with Czech and Slovak names, variants joined by `ITEMGROUP_ID`.
//!
//! Only `PRICE_VAT` is a price: `PRICE` is without tax. Amounts name no currency and are in the shop's own.
use crate::document::{Field, RawOffer};
use crate::intake::cell::Custom;
use crate::intake::detect::Kind;
use crate::intake::offers::document::{Around, Dialect, child, no_levels, nothing_around, say};
use crate::intake::offers::draft::{Draft, Meaning, carried_by_offers};

/// Where two stand for the same, the first that is there counts: `PRODUCTNAME` is the exact name.
const FIELDS: &[(&str, Meaning<'static>)] = &[
    ("ITEM_ID", Meaning::Sku),
    ("ITEMGROUP_ID", Meaning::Group),
    ("PRODUCTNAME", Meaning::Title),
    ("PRODUCT", Meaning::Title),
    ("DESCRIPTION", Meaning::Description),
    ("URL", Meaning::Link),
    ("IMGURL", Meaning::Image),
    ("IMGURL_ALTERNATIVE", Meaning::Image),
    ("PRICE_VAT", Meaning::Price),
    ("MANUFACTURER", Meaning::Brand),
    ("EAN", Meaning::Gtin),
    ("PRODUCTNO", Meaning::Mpn),
    ("DELIVERY_DATE", Meaning::Attribute("delivery_date")),
    ("VAT", Meaning::Attribute("vat")),
    ("ACCESSORY", Meaning::Attribute("accessory")),
];

pub const HEUREKA: Dialect = Dialect {
    name: "heureka",
    kind: Kind::Products,
    id: "ITEM_ID",
    names_currency: false,
    custom: Custom::People,
    has_no_variants: false,
    carried: carried_by_offers,
    draft,
    levels: no_levels,
    around: nothing_around,
};

fn draft<'a>(offer: &'a RawOffer, _: &'a Around, draft: &mut Draft<'a>) {
    for (name, meaning) in FIELDS {
        offer.fields().filter(|field| field.name() == *name).for_each(|field| say(draft, field, *meaning));
    }
    let is_grouped = draft.get(Meaning::Group).is_some();
    for field in offer.fields() {
        match field.name() {
            "CATEGORYTEXT" => {
                let way = field.text().split('|').map(str::trim).collect::<Vec<_>>().join(" > ");
                draft.say(Meaning::ProductType, "CATEGORYTEXT", way, field.position());
            }
            "ITEM_TYPE" => {
                let condition = if field.text().trim() == "bazaar" { "used" } else { field.text() };
                draft.say(Meaning::Condition, "ITEM_TYPE", condition, field.position());
            }
            "PARAM" => say_param(draft, field, is_grouped),
            _ => {}
        }
    }
}

fn say_param<'a>(draft: &mut Draft<'a>, field: Field<'a>, is_grouped: bool) {
    let Some((name, value)) = child(field, "PARAM_NAME").zip(child(field, "VAL")) else { return };
    let key = name.text().trim();
    let meaning = if is_grouped { Meaning::Choice(key) } else { Meaning::Attribute(key) };
    draft.say(meaning, key, value.text(), value.position());
}
