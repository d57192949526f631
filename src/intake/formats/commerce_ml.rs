//! CommerceML 2, the exchange of 1C: products in one document (`import.xml`), their offers with prices and units in
//! another (`offers.xml`), joined by `Ид`. Either may come first.
//!
//! An offer's `Ид` is that of its product, and after a `#` that of the variant. The SKU of a variant is its whole `Ид`,
//! since all variants of a product share one `Артикул`; where there is no variant, it is the `Артикул`, if there is one.
//!
//! It is code and no description, since its SKUs follow from two elements together.
use crate::catalog::{Carried, ProductField, VariantField};
use crate::diagnostic::Result;
use crate::document::{Field, Position, RawOffer};
use crate::intake::cell::Custom;
use crate::intake::detect::Kind;
use crate::intake::offers::dialect::{Around, Dialect, Level, Reading, ways};
use crate::intake::offers::draft::{Draft, Meaning, carried_by_offers};
use std::sync::Arc;

/// The two documents of an exchange.
pub fn dialects() -> impl Iterator<Item = Dialect> {
    let catalog = Dialect {
        name: "commerceml-catalog",
        source: "commerceml-catalog".to_owned(),
        kind: Kind::Products,
        id: "Ид".to_owned(),
        names_currency: false,
        custom: Custom::Program,
        has_no_variants: true,
        carried: carried_by_catalog(),
        roots: vec!["КоммерческаяИнформация".to_owned()],
        items: vec!["Товар".to_owned()],
        reading: Arc::new(Catalog),
    };
    let offers = Dialect {
        name: "commerceml-offers",
        source: "commerceml-offers".to_owned(),
        has_no_variants: false,
        carried: carried_by_variants(),
        items: vec!["Предложение".to_owned()],
        reading: Arc::new(Package),
        ..catalog.clone()
    };
    [catalog, offers].into_iter()
}

/// Products, with what their variants share.
#[derive(Debug)]
struct Catalog;

impl Reading for Catalog {
    fn draft<'a>(&'a self, product: &'a RawOffer, around: &'a Around, draft: &mut Draft<'a>) {
        draft_of_product(product, around, draft);
    }

    fn around(&self, head: &RawOffer, file: &str) -> Result<Around> {
        around(head, file)
    }
}

/// Offers: variants with their prices and units.
#[derive(Debug)]
struct Package;

impl Reading for Package {
    fn draft<'a>(&'a self, offer: &'a RawOffer, _: &'a Around, draft: &mut Draft<'a>) {
        draft_of_offer(offer, draft);
    }

    fn levels<'a>(&'a self, offer: &'a RawOffer) -> Vec<Level<'a>> {
        levels(offer)
    }

    fn around(&self, head: &RawOffer, file: &str) -> Result<Around> {
        around(head, file)
    }
}

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
                if let Some(name) = field.child("Наименование") {
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

fn draft_of_offer<'a>(offer: &'a RawOffer, draft: &mut Draft<'a>) {
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
                if let Some(price) = field.child("Цена") {
                    say_price(draft, price);
                }
            }
            "ХарактеристикиТовара" => field.children().for_each(|choice| say_choice(draft, choice)),
            _ => {}
        }
    }
}

/// Says what is right inside an element.
fn say<'a>(draft: &mut Draft<'a>, field: Field<'a>, meaning: Meaning<'a>) {
    draft.say(meaning, field.qualified_name(), field.text(), field.position());
}

/// The first of an offer's prices: 1C puts the one of the shop there.
fn say_price<'a>(draft: &mut Draft<'a>, price: Field<'a>) {
    if let Some(amount) = price.child("ЦенаЗаЕдиницу") {
        say(draft, amount, Meaning::Price);
    }
    if let Some(currency) = price.child("Валюта") {
        let name = currency.text().trim();
        let code = if name.trim_end_matches('.').eq("руб") { "RUB" } else { name };
        draft.say(Meaning::Currency, "Валюта", code, currency.position());
    }
}

fn say_choice<'a>(draft: &mut Draft<'a>, choice: Field<'a>) {
    if let Some((name, value)) = choice.child("Наименование").zip(choice.child("Значение")) {
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
    if let Some(tree) = head.field("Классификатор").and_then(|classifier| classifier.child("Группы"))
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
        let Some((id, name)) = group.child("Ид").zip(group.child("Наименование")) else { continue };
        groups.push((id.text().trim(), parent, name.text().trim(), group.position()));
        if let Some(inside) = group.child("Группы") {
            gather(inside, id.text().trim(), groups);
        }
    }
}
