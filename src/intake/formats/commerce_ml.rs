//! CommerceML 2, the exchange of 1C: products in one document (`import.xml`), their offers with prices and units in
//! another (`offers.xml`), joined by `Ид`. Either may come first.
//!
//! An offer's `Ид` is that of its product, and after a `#` that of the variant. The SKU of a variant is its whole `Ид`,
//! since all variants of a product share one `Артикул`; where there is no variant, it is the `Артикул`, if there is one.
use crate::catalog::{Carried, ProductField, VariantField};
use crate::diagnostic::Result;
use crate::document::{Field, Position, RawOffer};
use crate::intake::cell::Custom;
use crate::intake::detect::Kind;
use crate::intake::offers::document::{Around, Dialect, Level, child, no_levels, say, ways};
use crate::intake::offers::draft::{Draft, Meaning, carried_by_offers};

pub const CATALOG: Dialect = Dialect {
    name: "commerceml-catalog",
    kind: Kind::Products,
    id: "Ид",
    names_currency: false,
    custom: Custom::Program,
    has_no_variants: true,
    carried: carried_by_catalog,
    draft: draft_of_product,
    levels: no_levels,
    around,
};

pub const OFFERS: Dialect = Dialect {
    name: "commerceml-offers",
    has_no_variants: false,
    carried: carried_by_variants,
    draft: draft_of_offer,
    levels,
    ..CATALOG
};

fn carried_by_catalog() -> Carried {
    use ProductField as P;
    Carried {
        product: vec![P::Title, P::Description, P::Brand, P::ProductType, P::Images, P::Status],
        variant: Vec::new(),
    }
}

/// A product that is new gets its title from the offer; one that is known keeps that of the catalog document.
fn carried_by_variants() -> Carried {
    use VariantField as V;
    let variant = carried_by_offers().variant.into_iter();
    Carried {
        product: Vec::new(),
        variant: variant.filter(|f| !matches!(f, V::Image | V::SaleFrom | V::SaleTo)).collect(),
    }
}

fn draft_of_product<'a>(product: &'a RawOffer, around: &'a Around, draft: &mut Draft<'a>) {
    for field in product.fields() {
        match field.name() {
            "Ид" => say(draft, field, Meaning::Group),
            "Наименование" => say(draft, field, Meaning::Title),
            "Описание" => say(draft, field, Meaning::Description),
            "Изготовитель" => {
                if let Some(name) = child(field, "Наименование") {
                    say(draft, name, Meaning::Brand);
                }
            }
            "Группы" => {
                for group in field.children() {
                    if let Some(way) = around.product_types.get(group.text().trim()) {
                        draft.say(Meaning::ProductType, "Группы", way.as_str(), group.position());
                    }
                }
            }
            // a path on the exchange's server; only a whole address can be taken
            "Картинка" if field.text().trim().starts_with("http") => say(draft, field, Meaning::Image),
            _ => {}
        }
    }
}

fn draft_of_offer<'a>(offer: &'a RawOffer, _: &'a Around, draft: &mut Draft<'a>) {
    let article = offer.field("Артикул").filter(|article| !article.text().trim().is_empty());
    if let Some(id) = offer.field("Ид") {
        let (product, variant) = id.text().trim().split_once('#').map_or((id.text(), None), |(p, v)| (p, Some(v)));
        draft.say(Meaning::Group, "Ид", product, id.position());
        match (variant, article) {
            (None, Some(article)) => say(draft, article, Meaning::Sku),
            _ => say(draft, id, Meaning::Sku),
        }
    }
    for field in offer.fields() {
        match field.name() {
            "Наименование" => say(draft, field, Meaning::Title),
            "Артикул" => say(draft, field, Meaning::Mpn),
            "Штрихкод" => say(draft, field, Meaning::Gtin),
            "Количество" => say(draft, field, Meaning::Quantity),
            "Цены" => {
                if let Some(price) = child(field, "Цена") {
                    say_price(draft, price);
                }
            }
            "ХарактеристикиТовара" => field.children().for_each(|choice| say_choice(draft, choice)),
            _ => {}
        }
    }
}

/// The first of an offer's prices: 1C puts the one of the shop there.
fn say_price<'a>(draft: &mut Draft<'a>, price: Field<'a>) {
    if let Some(amount) = child(price, "ЦенаЗаЕдиницу") {
        say(draft, amount, Meaning::Price);
    }
    if let Some(currency) = child(price, "Валюта") {
        let name = currency.text().trim();
        let code = if name.trim_end_matches('.').eq("руб") { "RUB" } else { name };
        draft.say(Meaning::Currency, "Валюта", code, currency.position());
    }
}

fn say_choice<'a>(draft: &mut Draft<'a>, choice: Field<'a>) {
    if let Some((name, value)) = child(choice, "Наименование").zip(child(choice, "Значение")) {
        draft.say(Meaning::Choice(name.text().trim()), name.text().trim(), value.text(), value.position());
    }
}

fn levels(offer: &RawOffer) -> Vec<Level<'_>> {
    let stores = offer.fields().filter(|field| field.name() == "Склад");
    stores
        .filter_map(|store| {
            let location = store.attribute("ИдСклада")?.trim();
            let mut draft = Draft::default();
            draft.say(
                Meaning::Quantity,
                "КоличествоНаСкладе",
                store.attribute("КоличествоНаСкладе")?,
                store.position(),
            );
            Some(Level { location, units: draft.get(Meaning::Quantity)?.clone() })
        })
        .collect()
}

fn around(head: &RawOffer, file: &str) -> Result<Around> {
    let mut groups = Vec::new();
    if let Some(tree) = head.field("Классификатор").and_then(|classifier| child(classifier, "Группы"))
    {
        gather(tree, "", &mut groups);
    }
    let mut around = ways(groups, file)?;
    let package = head.fields().find(|field| field.attribute("СодержитТолькоИзменения").is_some());
    around.is_partial = package.is_some_and(|p| p.attribute("СодержитТолькоИзменения") == Some("true"));
    Ok(around)
}

/// Groups hold groups; how deep, the reader has limited.
fn gather<'a>(tree: Field<'a>, parent: &'a str, groups: &mut Vec<(&'a str, &'a str, &'a str, Position)>) {
    for group in tree.children() {
        let Some((id, name)) = child(group, "Ид").zip(child(group, "Наименование")) else { continue };
        groups.push((id.text().trim(), parent, name.text().trim(), group.position()));
        if let Some(inside) = child(group, "Группы") {
            gather(inside, id.text().trim(), groups);
        }
    }
}
