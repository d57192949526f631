//! PrestaShop's two exports: products, and their combinations, which are the variants.
//!
//! A combination names its product by the shop's number, which the products' file has in `Product ID`, or by its
//! reference; so that file is imported first. Its price and weight are the product's and an impact on them. Its SKU is
//! its `Reference`; without one, that of the product and the values after slashes, as in `RP-1/Blue/16GB`. Once a product
//! has combinations, those are sold and not the product itself: its own item is archived, and only keeps the price that
//! combinations start from. A combination that a later file does not have is left as it is.
use super::product_tables;
use crate::catalog::{Carried, Change, Item, Numbered, Status, VariantField};
use crate::diagnostic::{Diagnostic, Result as Fallible};
use crate::intake::cell::weight::{self, Unit};
use crate::intake::cell::{self, Custom};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::products::cell::{gtin, image};
use crate::intake::products::row::{Field, ProductReader, ProductRow, Variant, made_sku};
use crate::intake::products::table::ProductTable;
use crate::intake::rows::table::{Record, Table};
use crate::value::{Currency, Invalid, Sku};
use serde_json::Map;
use std::collections::{HashMap, HashSet};

/// The attribute that keeps the shop's number of a product.
pub const NUMBER: &str = "prestashop_id";

/// The table of products.
pub struct Products {
    table: ProductTable,
    /// Products that have combinations, by the SKU of their own item.
    combined: HashMap<String, Vec<String>>,
    /// SKUs of combinations whose product the file has.
    covered: HashSet<String>,
}

impl Products {
    /// `known` are the catalog's, with their [`NUMBER`]; `None` without the layout that belongs to them.
    pub fn new(known: Vec<Numbered>, mapping: &mut Mapping<'_>, options: &Options) -> Option<Self> {
        let layout = product_tables::layout("prestashop-products")?;
        let combined = known.into_iter().filter(|product| !product.others.is_empty());
        Some(Products {
            table: ProductTable::new(layout, mapping, options),
            combined: combined.map(|product| (product.item_group_id, product.others)).collect(),
            covered: HashSet::new(),
        })
    }

    /// See [`ProductTable::doubts`].
    pub fn doubts(&self, table: &Table) -> Option<Diagnostic> {
        self.table.doubts(table)
    }
}

impl ProductReader for Products {
    fn source(&self) -> &str {
        self.table.source()
    }

    fn carried(&self) -> &Carried {
        self.table.carried()
    }

    fn column(&self, field: Field) -> Option<usize> {
        self.table.column(field)
    }

    fn has_sku(&self, record: &Record<'_>) -> Option<bool> {
        self.table.has_sku(record)
    }

    fn read(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        let mut row = self.table.read(record, findings)?;
        if let Some(combinations) = self.combined.get(&row.group) {
            self.covered.extend(combinations.iter().cloned());
            if let Ok(Some(variant)) = &mut row.variant {
                variant.item.status = Status::Archived;
                variant.quantity = None;
            }
        }
        Ok(row)
    }

    fn covers(&self, sku: &str) -> bool {
        self.covered.contains(sku)
    }
}

/// The table of combinations.
pub struct Combinations {
    columns: Columns,
    carried: Carried,
    products: Vec<Numbered>,
    by_number: HashMap<String, usize>,
    by_reference: HashMap<String, usize>,
}

pub struct Columns {
    number: Option<usize>,
    product: Option<usize>,
    names: Option<usize>,
    values: Option<usize>,
    sku: Option<usize>,
    gtin: Option<usize>,
    upc: Option<usize>,
    cost: Option<usize>,
    price: Option<usize>,
    weight: Option<usize>,
    quantity: Option<usize>,
    image: Option<usize>,
}

impl Columns {
    pub fn find(mapping: &mut Mapping<'_>) -> Columns {
        let mut find = |name: &str, meaning: &str| mapping.find(name, meaning);
        Columns {
            number: find("Product ID*", "number of the product"),
            product: find("Product Reference", "SKU of the product"),
            names: find("Attribute (Name:*", "option axes"),
            values: find("Value (Value:*", "option choices"),
            sku: find("Reference", "SKU"),
            gtin: find("EAN13", "GTIN"),
            upc: find("UPC", "GTIN, if there is no EAN"),
            cost: find("Wholesale price|Cost price", "cost"),
            price: find("Impact on price", "added to the product's price"),
            weight: find("Impact on weight", "added to the product's weight"),
            quantity: find("Quantity", "units on hand"),
            image: find("Image URL*", "image"),
        }
    }
}

/// Takes products off sale that are sold as their combinations now.
pub fn replace_products(change: &Change<'_>) -> Fallible<()> {
    let replaced = change.numbered(NUMBER)?.into_iter().filter(|product| product.is_sold && !product.others.is_empty());
    change.archive_items(&replaced.map(|product| product.item).collect::<Vec<_>>())
}

impl Combinations {
    /// `products` are the catalog's, with their [`NUMBER`].
    pub fn new(products: Vec<Numbered>, mapping: &mut Mapping<'_>) -> Self {
        let columns = Columns::find(mapping);
        let carried = [
            (columns.names, VariantField::Options),
            (columns.gtin.or(columns.upc), VariantField::Gtin),
            (columns.price, VariantField::Price),
            (columns.price, VariantField::Currency),
            (columns.cost, VariantField::Cost),
            (columns.weight, VariantField::Weight),
            (columns.image, VariantField::Image),
            // a combination that is in the file is sold
            (columns.names, VariantField::Status),
        ];
        let numbered = |of: fn(&Numbered) -> &String| {
            products.iter().enumerate().map(|(at, product)| (of(product).clone(), at)).collect()
        };
        Combinations {
            carried: Carried {
                product: Vec::new(),
                variant: carried.into_iter().filter_map(|(column, field)| column.map(|_| field)).collect(),
            },
            by_number: numbered(|product| &product.number),
            by_reference: numbered(|product| &product.item_group_id),
            columns,
            products,
        }
    }

    fn product(&self, record: &Record<'_>) -> Result<usize, Refusal> {
        let c = &self.columns;
        let (number, reference) = (record.text(c.number), record.text(c.product));
        let known = self.by_number.get(number).or_else(|| self.by_reference.get(reference));
        known.copied().ok_or_else(|| {
            let (what, column) = if number.is_empty() { (reference, c.product) } else { (number, c.number) };
            let message = format!("no product `{what}` of PrestaShop is known");
            let invalid = Invalid::new("import/unknown-product", message, "import the export of products first");
            cell::refusal(record, column.unwrap_or_default(), invalid)
        })
    }

    fn item(
        &self,
        product: &Numbered,
        sku: Sku,
        record: &Record<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<Item, Refusal> {
        let c = &self.columns;
        let ean = gtin(record, c.gtin, findings)?;
        Ok(Item {
            sku,
            gtin: if ean.is_some() { ean } else { gtin(record, c.upc, findings)? },
            mpn: None,
            options: Vec::new(),
            image: image(record, c.image, findings)?,
            price_minor: self.price(product, record)?,
            sale_price_minor: None,
            sale_from: None,
            sale_to: None,
            currency: Some(product.currency),
            // 0 is what stands there when nobody knows
            cost_minor: cell::money(record, c.cost, product.currency, Custom::Program)?.filter(|cost| *cost > 0),
            weight_g: self.weight(product, record)?,
            tracked: true,
            sells_when_out: false,
            availability_date: None,
            attributes: Map::new(),
            status: Status::Active,
        })
    }

    fn price(&self, product: &Numbered, record: &Record<'_>) -> Result<Option<i64>, Refusal> {
        let Some(column) = self.columns.price else { return Ok(None) };
        let refuse = |invalid| cell::refusal(record, column, invalid);
        let impact = impact(record.text(Some(column)), product.currency).map_err(refuse)?;
        match product.price_minor.checked_add(impact).filter(|price| *price >= 0) {
            Some(price) => Ok(Some(price)),
            None => {
                let message = "with this impact the price would be below 0";
                let help = "compare it with the product's price; import the export of products first if that changed";
                Err(refuse(Invalid::new("import/price-impact", message, help)))
            }
        }
    }

    fn weight(&self, product: &Numbered, record: &Record<'_>) -> Result<Option<i64>, Refusal> {
        let Some(column) = self.columns.weight else { return Ok(None) };
        let (is_less, text) = signed(record.text(Some(column)));
        let impact = match text {
            "" => 0,
            text => weight::grams(text, Some(Unit::KILOGRAM))
                .map_err(|invalid| cell::refusal(record, column, invalid))?
                .unwrap_or(0),
        };
        let weight = product.weight_g.unwrap_or(0) + if is_less { -impact } else { impact };
        Ok(Some(weight).filter(|weight| *weight > 0))
    }

    /// Names of the axes and what is chosen on them: `Color:color:0; Size:select:1` and `Blue:0; M:1`.
    fn choices(&self, record: &Record<'_>) -> Result<(Vec<String>, Vec<String>), Refusal> {
        let (names, values) = (parts(record.text(self.columns.names)), parts(record.text(self.columns.values)));
        let names: Vec<String> = names.map(|part| part.split(':').next().unwrap_or(part).trim().to_owned()).collect();
        let values: Vec<String> = values.map(without_position).collect();
        if names.len() == values.len() && !names.is_empty() {
            return Ok((names, values));
        }
        let message = format!("{} attributes and {} values: which belongs to which?", names.len(), values.len());
        let invalid = Invalid::new("import/uneven-options", message, "name a value for each attribute");
        Err(cell::refusal(record, self.columns.values.unwrap_or_default(), invalid))
    }
}

impl ProductReader for Combinations {
    fn source(&self) -> &str {
        "prestashop-combinations"
    }

    fn carried(&self) -> &Carried {
        &self.carried
    }

    fn column(&self, field: Field) -> Option<usize> {
        match field {
            Field::Group | Field::Title => self.columns.number.or(self.columns.product),
            Field::Sku => self.columns.sku,
            Field::Gtin => self.columns.gtin,
            Field::OptionName(_) => self.columns.names,
        }
    }

    fn has_sku(&self, record: &Record<'_>) -> Option<bool> {
        Some(!record.text(self.columns.sku).is_empty())
    }

    fn read(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        let at = self.product(record)?;
        let Some(product) = self.products.get(at) else { return Ok(ProductRow::nothing()) };
        let (names, choices) = self.choices(record)?;
        let text = cell::sku_text(record, self.columns.sku);
        let own = (!text.is_empty()).then(|| Sku::parse(text));
        let sku_is_made = own.is_none();
        let sku = own.unwrap_or_else(|| made_sku(&product.item_group_id, &choices));
        let refuse = |invalid| cell::refusal(record, self.columns.sku.unwrap_or_default(), invalid);
        let sku = sku.map_err(refuse)?;
        if sku.as_str() == product.item_group_id {
            let message = "the combination has the reference of its product";
            let help = "give each combination a reference of its own";
            return Err(refuse(Invalid::new("import/sku-of-product", message, help)));
        }
        let item = self.item(product, sku.clone(), record, findings);
        let quantity = self.columns.quantity.map_or(Ok(None), |column| cell::whole(record, column));
        let group = product.item_group_id.clone();
        let variant = match (item, quantity) {
            (Ok(item), Ok(quantity)) => Ok(Some(Variant { item, sku_is_made, choices, quantity })),
            (Err(refusal), _) | (_, Err(refusal)) => Err(refusal),
        };
        let sku = (!sku_is_made).then_some(sku);
        Ok(ProductRow { group, shared: None, names, sku, variant, images: Vec::new() })
    }

    fn covers(&self, _: &str) -> bool {
        // products stand in the other file
        true
    }
}

/// What is added to an amount; it may be below 0.
fn impact(text: &str, currency: Currency) -> Result<i64, Invalid> {
    let (is_less, text) = signed(text);
    if text.is_empty() {
        return Ok(0);
    }
    let amount = cell::amount(text, currency, Custom::Program)?;
    Ok(if is_less { -amount } else { amount })
}

fn signed(text: &str) -> (bool, &str) {
    text.strip_prefix('-').map_or((false, text), |rest| (true, rest))
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    let between = if text.contains(';') { ';' } else { ',' };
    text.split(between).map(str::trim).filter(|part| !part.is_empty())
}

/// `16GB:1` without its place in the list.
fn without_position(part: &str) -> String {
    let is_number = |end: &str| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit());
    match part.rsplit_once(':') {
        Some((value, end)) if is_number(end) => value.trim().to_owned(),
        _ => part.to_owned(),
    }
}
