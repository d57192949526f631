//! Wix's product export: a `Product` record, and below it a `Variant` record for each choice.
//!
//! The price of a variant is that of its product and its surcharge. A product below which no variants stand is itself
//! the item. Images are named by their file in Wix's media store.
use crate::catalog::{Carried, VariantField};
use crate::diagnostic::Result as Fallible;
use crate::intake::cell::{self, Custom};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::products::layout::{Layout, Meaning as M};
use crate::intake::products::row::{Field, Late, ProductReader, ProductRow};
use crate::intake::products::table::{ProductTable, in_order};
use crate::intake::rows::table::Record;
use crate::value::{Currency, Invalid};
use std::collections::VecDeque;

/// Axes an export has room for.
const AXES: usize = 6;

const LAYOUT: Layout<'static> = Layout {
    source: "wix-products",
    columns: &[
        (M::Group, "handleId"),
        (M::Sku, "sku"),
        (M::Title, "name"),
        (M::Description, "description"),
        (M::Images, "productImageUrl"),
        (M::ProductType, "collection"),
        (M::Price, "price"),
        (M::Cost, "cost"),
        (M::Quantity, "inventory"),
        (M::Status, "visible"),
        (M::Brand, "brand"),
    ],
    custom: Custom::Program,
    // where Wix serves the files of its shops from
    image_base: Some("https://static.wixstatic.com/media"),
    separators: &[';'],
    ..Layout::PLAIN
};

pub struct WixProducts {
    table: ProductTable,
    kind: Option<usize>,
    surcharge: Option<usize>,
    discount_mode: Option<usize>,
    discount: Option<usize>,
    axes: Vec<(usize, usize)>,
    currency: Currency,
    custom: Custom,
    /// The product of which variants may follow.
    product: Option<Product>,
    ready: VecDeque<Late>,
}

struct Product {
    /// As it is taken when no variant follows.
    alone: Late,
    names: Vec<String>,
    had_variants: bool,
}

impl WixProducts {
    pub fn new(mapping: &mut Mapping<'_>, options: &Options) -> Self {
        let mut table = ProductTable::new(&LAYOUT, mapping, options);
        table.carries(&[], &[VariantField::Options, VariantField::SalePrice, VariantField::Tracked]);
        let axes = (1..=AXES).filter_map(|n| {
            let name = mapping.find(&format!("productOptionName{n}"), "option axis")?;
            Some((name, mapping.find(&format!("productOptionDescription{n}"), "option choice")?))
        });
        WixProducts {
            axes: axes.collect(),
            kind: mapping.find("fieldType", "whether it is a product or a variant"),
            surcharge: mapping.find("surcharge", "what the variant costs more"),
            discount_mode: mapping.find("discountMode", "kind of discount"),
            discount: mapping.find("discountValue", "discount"),
            currency: options.currency,
            custom: if options.local_prices { Custom::People } else { Custom::Program },
            table,
            product: None,
            ready: VecDeque::new(),
        }
    }

    fn product(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> ProductRow {
        let key = record.text(self.table.at(M::Group)).to_owned();
        let sku = self.table.sku(record);
        let shared = self.table.shared(&key, record, findings);
        let images = self.table.images(record, findings);
        let variant = match (&shared, &images, &sku) {
            (Err(refusal), ..) | (_, Err(refusal), _) | (.., Err(refusal)) => Err(refusal.clone()),
            (.., Ok(sku)) => {
                self.table.variant(&key, sku.clone(), Vec::new(), record, findings).and_then(|mut variant| {
                    self.reduce(&mut variant.item.price_minor, &mut variant.item.sale_price_minor, record)?;
                    variant.item.tracked = variant.quantity.is_some() || is_out(record, self.table.at(M::Quantity));
                    Ok(Some(variant))
                })
            }
        };
        let images = in_order(images.unwrap_or_default());
        ProductRow { group: key, shared: shared.ok(), names: Vec::new(), sku: sku.ok().flatten(), variant, images }
    }

    /// Sets the sale price, if the product has a discount.
    fn reduce(&self, price: &mut Option<i64>, sale: &mut Option<i64>, record: &Record<'_>) -> Result<(), Refusal> {
        let (Some(column), Some(full)) = (self.discount, *price) else { return Ok(()) };
        let is_percent = record.text(self.discount_mode).eq_ignore_ascii_case("percent");
        // a percentage has two decimals at most, like an amount of euros
        let of = if is_percent { Currency::parse("EUR").unwrap_or(self.currency) } else { self.currency };
        let off = cell::money(record, Some(column), of, Custom::Program)?.unwrap_or(0);
        let reduced = match is_percent {
            true => i64::try_from((i128::from(full) * i128::from(10_000 - off) + 5_000) / 10_000).ok(),
            false => full.checked_sub(off),
        };
        match reduced.filter(|reduced| *reduced >= 0 && off >= 0) {
            Some(reduced) => *sale = Some(reduced).filter(|_| off > 0),
            None => {
                let invalid = Invalid::new("import/discount", "the discount is more than the price", "mend it");
                return Err(cell::refusal(record, column, invalid));
            }
        }
        Ok(())
    }

    fn variant(&mut self, record: &Record<'_>) -> Result<ProductRow, Refusal> {
        let key = record.text(self.table.at(M::Group));
        let group_column = self.table.at(M::Group).unwrap_or_default();
        let Some(product) = self.product.as_mut().filter(|product| product.alone.row.group == key) else {
            let help = "keep the records of a product together, the product first";
            let invalid = Invalid::new("import/no-parent", "the record above is not the product of this variant", help);
            return Err(cell::refusal(record, group_column, invalid));
        };
        let is_first = !std::mem::replace(&mut product.had_variants, true);
        let of_product = &product.alone.row;
        let (shared, images) = match is_first {
            true => (of_product.shared.clone(), of_product.images.clone()),
            false => (None, Vec::new()),
        };
        let choices: Vec<String> = self.axes.iter().map(|(_, at)| record.text(Some(*at)).to_owned()).collect();
        let sku = self.table.sku(record)?;
        let base = of_product.variant.as_ref().map_err(Clone::clone)?.as_ref().map(|variant| variant.item.clone());
        let names = product.names.clone();
        let variant = base.map(|base| -> Result<_, Refusal> {
            let extra = cell::money(record, self.surcharge, self.currency, self.custom)?.unwrap_or(0);
            let mut item = base.clone();
            let full = base.price_minor.unwrap_or(0).saturating_add(extra);
            item.price_minor = Some(full);
            // a percentage is off the whole, an amount off the product
            item.sale_price_minor = match (base.sale_price_minor, base.price_minor) {
                (Some(sale), Some(price)) if price > 0 => {
                    i64::try_from((i128::from(full) * i128::from(sale) + i128::from(price) / 2) / i128::from(price))
                        .ok()
                }
                _ => None,
            };
            let sku_is_made = sku.is_none();
            let made = || crate::intake::products::row::made_sku(key, &choices);
            item.sku = sku.clone().map_or_else(made, Ok).map_err(|e| self.table.refuse(record, M::Sku, e))?;
            let quantity = self.table.quantity(record)?;
            item.tracked = quantity.is_some() || is_out(record, self.table.at(M::Quantity));
            Ok(crate::intake::products::row::Variant { item, sku_is_made, choices: choices.clone(), quantity })
        });
        Ok(ProductRow { group: key.to_owned(), shared, names, sku, variant: variant.transpose(), images })
    }

    /// The product that no variant followed is an item.
    fn settle(&mut self) {
        self.ready.extend(self.product.take().filter(|product| !product.had_variants).map(|product| product.alone));
    }
}

/// Units are not counted, but there are none.
fn is_out(record: &Record<'_>, column: Option<usize>) -> bool {
    record.text(column).eq_ignore_ascii_case("outofstock")
}

impl ProductReader for WixProducts {
    fn source(&self) -> &str {
        self.table.source()
    }

    fn carried(&self) -> &Carried {
        self.table.carried()
    }

    fn column(&self, field: Field) -> Option<usize> {
        match field {
            Field::OptionName(axis) => self.axes.get(axis).map(|(name, _)| *name),
            other => self.table.column(other),
        }
    }

    fn has_sku(&self, record: &Record<'_>) -> Option<bool> {
        Some(!record.text(self.table.at(M::Sku)).is_empty())
    }

    fn read(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        if record.text(self.kind).eq_ignore_ascii_case("variant") {
            return self.variant(record);
        }
        self.settle();
        let row = self.product(record, findings);
        if row.group.is_empty() {
            let invalid = Invalid::new("import/no-handle", "the record has no handle", "every product needs one");
            return Err(cell::refusal(record, self.table.at(M::Group).unwrap_or_default(), invalid));
        }
        let names = self.axes.iter().map(|(name, _)| record.text(Some(*name)).to_owned()).collect();
        let alone = Late::new(row, record, self);
        self.product = Some(Product { alone, names, had_variants: false });
        Ok(ProductRow::nothing())
    }

    fn late(&mut self, is_end: bool) -> Fallible<Option<Late>> {
        if is_end {
            self.settle();
        }
        Ok(self.ready.pop_front())
    }
}
