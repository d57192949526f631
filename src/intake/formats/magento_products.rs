//! Magento's product export: one record for each product and store view.
//!
//! A `configurable` record names its variants in `configurable_variations` (`sku=A,size=S|sku=B,size=M`), and stands
//! below them: simple products that have no page of their own are kept back until it comes. Other exports name a
//! `parent_sku` instead. Records of a store view are translations and are not read. The file does not say in which unit
//! weights are: they are read when `--weight-unit` does.
use crate::catalog::{Carried, ItemGroup, ProductField, Shelf, VariantField};
use crate::diagnostic::{Diagnostic, Error, Result as Fallible};
use crate::intake::cell::{self, Custom};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::products::layout::{Layout, Meaning as M};
use crate::intake::products::parents::{Parent, Parents};
use crate::intake::products::row::{Field, Late, ProductReader, ProductRow};
use crate::intake::products::table::{ProductTable, in_order};
use crate::intake::rows::table::Record;
use crate::value::{Invalid, Sku};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::VecDeque;

const LAYOUT: Layout<'static> = Layout {
    source: "magento-products",
    columns: &[
        (M::Sku, "sku"),
        (M::Title, "name"),
        (M::Description, "description"),
        (M::ShortDescription, "short_description"),
        (M::Price, "price"),
        (M::SalePrice, "special_price"),
        (M::SaleFrom, "special_price_from_date"),
        (M::SaleTo, "special_price_to_date"),
        (M::Cost, "cost"),
        (M::Quantity, "qty"),
        (M::Weight, "weight"),
        (M::ProductType, "categories"),
        (M::Brand, "brand|manufacturer"),
        (M::Images, "base_image|additional_images"),
        (M::Status, "product_online"),
        (M::SellsWhenOut, "allow_backorders"),
    ],
    options: &[("Color", "color"), ("Size", "size"), ("Flavor", "flavor")],
    custom: Custom::Program,
    separators: &[',', '|'],
    ..Layout::PLAIN
};

/// Attributes that are about the shop's own workings.
const INTERNAL: &[&str] = &["has_options", "required_options"];

pub struct MagentoProducts {
    table: ProductTable,
    view: Option<usize>,
    kind: Option<usize>,
    parent: Option<usize>,
    visibility: Option<usize>,
    variations: Option<usize>,
    attributes: Option<usize>,
    url_key: Option<usize>,
    /// Configurable products.
    parents: Parents,
    /// What a configurable product says about each of its variants, until that comes; by its SKU.
    named: Shelf,
    /// Rows that wait for their configurable product, by SKU.
    waiting: Shelf,
    /// SKUs of which rows may wait no longer, and what their product says about them.
    ready: VecDeque<(String, Named)>,
    fault: Option<Error>,
    /// Key of the row before.
    group: String,
}

/// Product, and axes with their choices.
#[derive(Serialize, Deserialize)]
struct Named {
    parent: String,
    names: Vec<String>,
    choices: Vec<String>,
}

impl MagentoProducts {
    pub fn new(mapping: &mut Mapping<'_>, options: &Options) -> Self {
        let mut table = ProductTable::new(&LAYOUT, mapping, options);
        table.carries(
            &[ProductField::Attributes, ProductField::Path],
            &[VariantField::Options, VariantField::Image, VariantField::Tracked],
        );
        MagentoProducts {
            view: mapping.find("store_view_code", "translation, not read"),
            kind: mapping.find("product_type", "whether it is an item or has variants"),
            parent: mapping.find("parent_sku", "item group"),
            visibility: mapping.find("visibility", "whether it has a page of its own"),
            variations: mapping.find("configurable_variations", "variants and their options"),
            attributes: mapping.find("additional_attributes", "attributes"),
            url_key: mapping.find("url_key", "path"),
            table,
            parents: Parents::default(),
            named: Shelf::default(),
            waiting: Shelf::default(),
            ready: VecDeque::new(),
            fault: None,
            group: String::new(),
        }
    }

    fn shared(&self, key: &str, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ItemGroup, Refusal> {
        let mut shared = self.table.shared(key, record, findings)?;
        let longest = |all: String| all.split(',').max_by_key(|path| path.matches('/').count()).map(str::to_owned);
        shared.product_type = shared
            .product_type
            .and_then(longest)
            .map(|path| path.strip_prefix("Default Category/").unwrap_or(&path).replace('/', " > "));
        shared.path = cell::word(record, self.url_key).map(|key| format!("/{key}.html"));
        let attributes = pairs(record.text(self.attributes)).into_iter();
        let telling = attributes.filter(|(name, value)| !value.is_empty() && !INTERNAL.contains(&name.as_str()));
        shared.attributes.extend(telling.map(|(name, value)| (name, Value::from(value))));
        Ok(shared)
    }

    /// A product with variants: those above are ready now, those below will be known when they come.
    fn configurable(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<(), Refusal> {
        let Some(sku) = self.table.sku(record)? else { return Err(self.no_sku(record)) };
        let parent = Parent {
            shared: self.shared(sku.as_str(), record, findings)?,
            images: self.table.images(record, findings)?,
        };
        self.parents.keep(sku.as_str(), parent);
        for variation in record.text(self.variations).split('|').filter(|text| !text.trim().is_empty()) {
            let mut parts = pairs(variation);
            let Some(at) = parts.iter().position(|(name, _)| name == "sku") else {
                let help = "each variation is written sku=…,size=…";
                let invalid = Invalid::new("import/variations", "a variation names no SKU", help);
                return Err(cell::refusal(record, self.variations.unwrap_or_default(), invalid));
            };
            let (_, child) = parts.remove(at);
            let (names, choices) = parts.into_iter().unzip();
            let named = Named { parent: sku.to_string(), names, choices };
            let kept = self.named.put(&child, &named);
            self.note_fault(kept);
            self.ready.push_back((child, named));
        }
        Ok(())
    }

    /// Makes a simple product a variant.
    fn give(&mut self, named: &Named, row: &mut ProductRow) {
        let is_first = self.group != named.parent;
        self.group.clone_from(&named.parent);
        row.group.clone_from(&named.parent);
        row.names.clone_from(&named.names);
        let own = std::mem::take(&mut row.images).into_iter().next().map(|image| image.address);
        if let Ok(Some(variant)) = &mut row.variant {
            variant.choices.clone_from(&named.choices);
            variant.item.image = own;
        }
        if let Some(parent) = self.parents.get(&named.parent).filter(|_| is_first) {
            row.shared = Some(parent.shared.clone());
            row.images = in_order(parent.images.clone());
        }
    }

    /// The row that is next of those that wait no longer.
    fn next_ready(&mut self) -> Fallible<Option<Late>> {
        while let Some((child, named)) = self.ready.front() {
            if let Some(mut late) = self.waiting.take::<Late>(child)? {
                let named =
                    Named { parent: named.parent.clone(), names: named.names.clone(), choices: named.choices.clone() };
                self.give(&named, &mut late.row);
                return Ok(Some(late));
            }
            self.ready.pop_front();
        }
        Ok(None)
    }

    /// A reader has no way to say that the disk is full but the next [`ProductReader::late`].
    fn note_fault<T>(&mut self, done: Fallible<T>) -> Option<T> {
        done.map_err(|error| self.fault.get_or_insert(error)).ok()
    }

    /// What a product above says about this one: once, since a second record of it is a fault.
    fn named_of(&mut self, sku: &Sku) -> Option<Named> {
        let named = self.named.take(sku.as_str());
        self.note_fault(named).flatten()
    }

    fn no_sku(&self, record: &Record<'_>) -> Refusal {
        self.table.refuse(record, M::Sku, Invalid::new("import/no-sku", "the record has no SKU", "give it one"))
    }

    fn simple(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        let Some(sku) = self.table.sku(record)? else { return Err(self.no_sku(record)) };
        let parent = record.text(self.parent);
        let key = if parent.is_empty() { sku.as_str() } else { parent };
        let shared = self.shared(key, record, findings);
        let images = self.table.images(record, findings);
        let (names, choices) = if parent.is_empty() { Default::default() } else { self.table.choices(record) };
        let variant = match (&shared, &images) {
            (Err(refusal), _) | (_, Err(refusal)) => Err(refusal.clone()),
            _ => self.table.variant(key, Some(sku.clone()), choices.clone(), record, findings).map(Some),
        };
        let mut row = ProductRow {
            group: key.to_owned(),
            shared: shared.ok(),
            names: names.clone(),
            sku: Some(sku.clone()),
            variant,
            images: in_order(images.unwrap_or_default()),
        };
        if !parent.is_empty() {
            self.give(&Named { parent: parent.to_owned(), names, choices }, &mut row);
        } else if let Some(named) = self.named_of(&sku) {
            self.give(&named, &mut row);
        } else if self.variations.is_some()
            && record.text(self.visibility).eq_ignore_ascii_case("not visible individually")
        {
            let late = Late::new(row, record, self);
            let kept = self.waiting.put(sku.as_str(), &late);
            self.note_fault(kept);
            return Ok(ProductRow::nothing());
        } else {
            self.group.clone_from(&row.group);
        }
        Ok(row)
    }
}

/// `a=1,b=2, and more` as pairs: a part without `=` belongs to the value before it.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for part in text.split(',') {
        match (part.split_once('='), pairs.last_mut()) {
            (Some((name, value)), _) => {
                pairs.push((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()));
            }
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(part);
            }
            (None, None) => {}
        }
    }
    pairs
}

impl ProductReader for MagentoProducts {
    fn source(&self) -> &str {
        self.table.source()
    }

    fn carried(&self) -> &Carried {
        self.table.carried()
    }

    fn column(&self, field: Field) -> Option<usize> {
        match field {
            Field::Group => self.parent.or(self.table.at(M::Sku)),
            other => self.table.column(other),
        }
    }

    fn has_sku(&self, record: &Record<'_>) -> Option<bool> {
        Some(!record.text(self.table.at(M::Sku)).is_empty())
    }

    fn read(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        let mut note = |code: &'static str, message: &str, column: Option<usize>| {
            findings.tell_once(Diagnostic::note(code, message).at(record.place(column.unwrap_or_default())), code);
            Ok(ProductRow::nothing())
        };
        if !record.text(self.view).is_empty() {
            return note("import/store-view", "records of a store view are translations: they are not read", self.view);
        }
        match record.text(self.kind).to_ascii_lowercase().as_str() {
            "simple" | "virtual" | "downloadable" | "giftcard" => self.simple(record, findings),
            "configurable" => self.configurable(record, findings).map(|()| ProductRow::nothing()),
            "grouped" | "bundle" => note(
                "import/grouped-product",
                "grouped products are not taken: what is sold are their parts",
                self.kind,
            ),
            _ => {
                let help = "simple, virtual, downloadable, configurable, grouped and bundle are known";
                let invalid = Invalid::new("import/product-type", "this is no known type of product", help);
                Err(cell::refusal(record, self.kind.unwrap_or_default(), invalid))
            }
        }
    }

    fn late(&mut self, is_end: bool) -> Fallible<Option<Late>> {
        if let Some(fault) = self.fault.take().or_else(|| self.parents.fault()) {
            return Err(fault);
        }
        match self.next_ready()? {
            None if is_end => self.waiting.take_first(),
            ready => Ok(ready),
        }
    }
}
