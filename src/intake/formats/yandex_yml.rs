//! Yandex's YML, also under its older document elements: offers with an id, variants joined by `group_id`, `param`s,
//! a tree of categories, and units by warehouse in `outlets`.
//!
//! In a group, params are the axes of its variants; elsewhere they are attributes.
use crate::diagnostic::{Result, Severity};
use crate::document::{Field, RawOffer};
use crate::intake::cell::Custom;
use crate::intake::detect::Kind;
use crate::intake::offers::document::{Around, Dialect, Level, child, meaning_of, say, say_attribute, ways};
use crate::intake::offers::draft::{Draft, Meaning, carried_by_offers};
use crate::value::time;
use jiff::tz::TimeZone;

const FIELDS: &[(&str, Meaning<'static>)] = &[
    ("name", Meaning::Title),
    ("url", Meaning::Link),
    ("price", Meaning::Price),
    ("oldprice", Meaning::PriceBefore),
    ("currencyId", Meaning::Currency),
    ("picture", Meaning::Image),
    ("vendor", Meaning::Brand),
    ("vendorCode", Meaning::Mpn),
    ("barcode", Meaning::Gtin),
    ("description", Meaning::Description),
    ("count", Meaning::Quantity),
    ("stock_quantity", Meaning::Quantity),
    ("weight", Meaning::Weight),
];

pub const YML: Dialect = Dialect {
    name: "yandex-yml",
    kind: Kind::Products,
    id: "id",
    names_currency: false,
    custom: Custom::Program,
    has_no_variants: false,
    carried: carried_by_offers,
    draft,
    levels,
    around,
};

fn draft<'a>(offer: &'a RawOffer, around: &'a Around, draft: &mut Draft<'a>) {
    let is_grouped = offer.root().is_some_and(|root| root.attribute("group_id").is_some());
    say_attribute(draft, offer, "id", Meaning::Sku);
    say_attribute(draft, offer, "group_id", Meaning::Group);
    say_attribute(draft, offer, "available", Meaning::Availability);
    for field in offer.fields() {
        match (field.name(), meaning_of(FIELDS, field.name())) {
            (_, Some(meaning)) => say(draft, field, meaning),
            ("param", None) => say_param(draft, field, is_grouped),
            ("categoryId", None) => match around.product_types.get(field.text().trim()) {
                Some(way) => draft.say(Meaning::ProductType, "categoryId", way.as_str(), field.position()),
                None => say(draft, field, Meaning::Attribute("category_id")),
            },
            (name, None) if field.children().next().is_none() => say(draft, field, Meaning::Attribute(name)),
            _ => {}
        }
    }
    say_model(draft, offer);
}

fn say_param<'a>(draft: &mut Draft<'a>, field: Field<'a>, is_grouped: bool) {
    let Some(name) = field.attribute("name").map(str::trim).filter(|name| !name.is_empty()) else { return };
    let meaning = if is_grouped { Meaning::Choice(name) } else { Meaning::Attribute(name) };
    match field.attribute("unit").map(str::trim).filter(|unit| !unit.is_empty()) {
        Some(unit) => draft.say(meaning, name, format!("{} {unit}", field.text().trim()), field.position()),
        None => draft.say(meaning, name, field.text(), field.position()),
    }
}

/// The name of an offer of `type="vendor.model"` is in three parts.
fn say_model<'a>(draft: &mut Draft<'a>, offer: &'a RawOffer) {
    let Some(model) = offer.field("model").filter(|_| draft.get(Meaning::Title).is_none()) else { return };
    let parts = ["typePrefix", "vendor", "model"].map(|name| offer.field(name).map_or("", |field| field.text().trim()));
    let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    draft.say(Meaning::Title, "model", name, model.position());
}

fn levels(offer: &RawOffer) -> Vec<Level<'_>> {
    let outlets = offer.field("outlets").into_iter().flat_map(|outlets| outlets.children());
    outlets
        .filter_map(|outlet| {
            let location = outlet.attribute("warehouse_name").or_else(|| outlet.attribute("id"))?.trim();
            let mut draft = Draft::default();
            draft.say(Meaning::Quantity, "instock", outlet.attribute("instock")?, outlet.position());
            Some(Level { location, units: draft.get(Meaning::Quantity)?.clone() })
        })
        .collect()
}

fn around(head: &RawOffer, file: &str) -> Result<Around> {
    let categories = head.field("shop").and_then(|shop| child(shop, "categories"));
    let all = categories.into_iter().flat_map(|categories| categories.children());
    let told = all.filter_map(|category| {
        let parent = category.attribute("parentId").or_else(|| category.attribute("parent_id")).unwrap_or_default();
        Some((category.attribute("id")?, parent, category.text().trim(), category.position()))
    });
    let mut around = ways(told.collect(), file)?;
    if let Some(root) = head.root()
        && let Some(date) = root.attribute("date")
        && let Err(odd) = time::parse(date, Some(&TimeZone::UTC))
    {
        let place = root.position().place(file).attribute("date").value(date);
        around.findings.push(odd.into_diagnostic(Severity::Warning).at(place));
    }
    Ok(around)
}
