//! Shopify's product export: one record for each variant or further image, in every layout since 2015.
//!
//! Product fields stand in the first record of a handle. `Variant Compare At Price` above the price makes the price a
//! sale. A product that is `active` but not `Published` is a draft here: its page does not open. Metafields and Google
//! columns become product attributes: `custom.material`, `custom_label_0`. Prices of markets are not read, since the
//! file does not say in which currency they are.
use crate::catalog::{Carried, Item, ItemGroup, ProductField, Status, VariantField};
use crate::diagnostic::{Diagnostic, Place};
use crate::intake::cell::{self, Custom};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::products::cell::{gtin, image};
use crate::intake::products::row::{Field, Image, ProductReader, ProductRow, Variant, made_sku};
use crate::intake::rows::table::{Column, Record};
use crate::value::{Currency, Invalid, Sku};
use serde_json::{Map, Value};

/// Columns that become attributes of the product; metafields come on top.
#[rustfmt::skip]
const PRODUCT_ATTRIBUTES: &[(&str, &str)] = &[
    ("Product Category", "shopify_category"), ("Gift Card", "gift_card"), ("SEO Title", "seo_title"),
    ("SEO Description", "seo_description"), ("Collection", "collection"),
    ("Google Shopping / Custom Product", "custom_product"),
    ("Google Shopping / Custom Label 0", "custom_label_0"), ("Google Shopping / Custom Label 1", "custom_label_1"),
    ("Google Shopping / Custom Label 2", "custom_label_2"), ("Google Shopping / Custom Label 3", "custom_label_3"),
    ("Google Shopping / Custom Label 4", "custom_label_4"),
    ("Google Shopping / AdWords Grouping", "adwords_grouping"), ("Google Shopping / AdWords Labels", "adwords_labels"),
];

/// Columns that become attributes of the variant, unless they say what is usual.
#[rustfmt::skip]
const VARIANT_ATTRIBUTES: &[(&str, &str, &str)] = &[
    ("Variant Requires Shipping", "requires_shipping", "true"), ("Variant Taxable", "taxable", "true"),
    ("Variant Fulfillment Service", "fulfillment_service", "manual"), ("Variant Tax Code", "tax_code", ""),
    ("Unit Price Total Measure", "unit_price_measure", ""), ("Unit Price Total Measure Unit", "unit_price_measure_unit", ""),
    ("Unit Price Base Measure", "unit_price_base_measure", ""),
    ("Unit Price Base Measure Unit", "unit_price_base_measure_unit", ""),
];

pub struct ShopifyProducts {
    columns: Columns,
    carried: Carried,
    currency: Currency,
    custom: Custom,
    /// The handle of the record before.
    handle: String,
    /// Names of its option axes.
    names: [String; 3],
}

#[derive(Default)]
struct Columns {
    handle: Option<usize>,
    title: Option<usize>,
    body: Option<usize>,
    vendor: Option<usize>,
    product_type: Option<usize>,
    google_category: Option<usize>,
    shopify_category: Option<usize>,
    condition: Option<usize>,
    age_group: Option<usize>,
    gender: Option<usize>,
    tags: Option<usize>,
    published: Option<usize>,
    status: Option<usize>,
    image: Option<usize>,
    position: Option<usize>,
    option_names: [Option<usize>; 3],
    option_values: [Option<usize>; 3],
    sku: Option<usize>,
    barcode: Option<usize>,
    mpn: Option<usize>,
    grams: Option<usize>,
    tracker: Option<usize>,
    quantity: Option<usize>,
    policy: Option<usize>,
    price: Option<usize>,
    compare_at: Option<usize>,
    cost: Option<usize>,
    variant_image: Option<usize>,
    product_attributes: Vec<(usize, String)>,
    variant_attributes: Vec<(usize, &'static str, &'static str)>,
}

impl Columns {
    fn find(mapping: &mut Mapping<'_>) -> Columns {
        let mut find = |name: &str, meaning: &str| mapping.find(name, meaning);
        let mut columns = Columns {
            handle: find("Handle", "item group, path"),
            title: find("Title", "title"),
            body: find("Body (HTML)", "description"),
            vendor: find("Vendor", "brand"),
            product_type: find("Type", "product type"),
            google_category: find("Google Shopping / Google Product Category", "google_product_category"),
            shopify_category: find("Product Category", "google_product_category, if there is none"),
            condition: find("Google Shopping / Condition", "condition"),
            age_group: find("Google Shopping / Age Group", "age group"),
            gender: find("Google Shopping / Gender", "gender"),
            tags: find("Tags", "tags"),
            published: find("Published", "status"),
            status: find("Status", "status"),
            image: find("Image Src", "images"),
            position: find("Image Position", "order of images"),
            option_names: ["Option1 Name", "Option2 Name", "Option3 Name"].map(|name| find(name, "option axis")),
            option_values: ["Option1 Value", "Option2 Value", "Option3 Value"].map(|name| find(name, "option choice")),
            sku: find("Variant SKU", "SKU"),
            barcode: find("Variant Barcode", "GTIN"),
            mpn: find("Google Shopping / MPN", "MPN"),
            grams: find("Variant Grams", "weight in grams"),
            tracker: find("Variant Inventory Tracker", "whether stock is tracked"),
            quantity: find("Variant Inventory Qty", "units on hand"),
            policy: find("Variant Inventory Policy", "whether it sells when out of stock"),
            price: find("Variant Price", "price"),
            compare_at: find("Variant Compare At Price|Variant Compare-at Price", "price before the sale"),
            cost: find("Cost per item", "cost"),
            variant_image: find("Variant Image", "image of the variant"),
            ..Columns::default()
        };
        for (name, key) in PRODUCT_ATTRIBUTES {
            columns
                .product_attributes
                .extend(find(name, &format!("attribute {key}")).map(|at| (at, (*key).to_owned())));
        }
        for (name, key, usual) in VARIANT_ATTRIBUTES {
            let found = find(name, &format!("attribute {key} of the variant"));
            columns.variant_attributes.extend(found.map(|at| (at, *key, *usual)));
        }
        for (at, column) in mapping.table().header().iter().enumerate() {
            if let Some(key) = metafield(column) {
                mapping.take(at, format!("attribute {key}"));
                columns.product_attributes.push((at, key.to_owned()));
            }
        }
        columns
    }

    fn carried(&self) -> Carried {
        let product = [
            (self.title, ProductField::Title),
            (self.body, ProductField::Description),
            (self.vendor, ProductField::Brand),
            (self.product_type, ProductField::ProductType),
            (self.google_category.or(self.shopify_category), ProductField::GoogleProductCategory),
            (self.condition, ProductField::Condition),
            (self.age_group, ProductField::AgeGroup),
            (self.gender, ProductField::Gender),
            (self.handle, ProductField::Path),
            (self.image, ProductField::Images),
            (self.tags, ProductField::Tags),
            (self.product_attributes.first().map(|(at, _)| *at), ProductField::Attributes),
            (self.status.or(self.published), ProductField::Status),
        ];
        let variant = [
            (self.barcode, VariantField::Gtin),
            (self.mpn, VariantField::Mpn),
            (self.option_values[0], VariantField::Options),
            (self.variant_image, VariantField::Image),
            (self.price, VariantField::Price),
            (self.price.and(self.compare_at), VariantField::SalePrice),
            (self.price, VariantField::Currency),
            (self.cost, VariantField::Cost),
            (self.grams, VariantField::Weight),
            (self.tracker, VariantField::Tracked),
            (self.policy, VariantField::SellsWhenOut),
            (self.variant_attributes.first().map(|(at, ..)| *at), VariantField::Attributes),
            // a variant that is in the file is not archived, whatever was done when it was missing
            (self.handle, VariantField::Status),
        ];
        let there = |(column, field): (Option<usize>, _)| column.map(|_| field);
        Carried {
            product: product.into_iter().filter_map(there).collect(),
            variant: variant.into_iter().filter_map(|(column, field)| column.map(|_| field)).collect(),
        }
    }
}

/// `custom.material` of `Material (product.metafields.custom.material)`.
fn metafield(column: &Column) -> Option<&str> {
    let (_, key) = column.name.split_once("(product.metafields.")?;
    key.strip_suffix(')').filter(|key| !key.is_empty())
}

impl ShopifyProducts {
    pub fn new(mapping: &mut Mapping<'_>, options: &Options, findings: &mut Findings<'_>) -> Self {
        let columns = Columns::find(mapping);
        let table = mapping.table();
        if let Some(market) = table.header().iter().find(|column| column.name.starts_with("Price / ")) {
            let place = Place::file(table.file()).record(1).line(1).attribute(&market.name);
            let message = "prices of markets are not read: the file does not say in which currency they are";
            let help = "import them as a price list: a CSV with sku, price, currency, price_list";
            findings.tell(Diagnostic::note("import/market-prices", message).at(place).help(help));
        }
        ShopifyProducts {
            carried: columns.carried(),
            columns,
            currency: options.currency,
            custom: if options.local_prices { Custom::People } else { Custom::Program },
            handle: String::new(),
            names: Default::default(),
        }
    }

    fn shared(&self, handle: &str, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ItemGroup, Refusal> {
        let c = &self.columns;
        let lower = |column| cell::word(record, column).map(|word| word.to_lowercase());
        let attribute = |(at, key): &(usize, String)| Some((key.clone(), Value::from(cell::word(record, Some(*at))?)));
        Ok(ItemGroup {
            item_group_id: handle.to_owned(),
            title: cell::plain(record, c.title, findings).unwrap_or_default(),
            description: cell::html(record, c.body, findings),
            brand: cell::plain(record, c.vendor, findings),
            product_type: cell::plain(record, c.product_type, findings),
            category: None,
            google_product_category: self.google_category(record),
            condition: lower(c.condition),
            age_group: lower(c.age_group),
            gender: lower(c.gender),
            path: Some(format!("/products/{handle}")),
            images: Vec::new(),
            tags: record.text(c.tags).split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect(),
            attributes: c.product_attributes.iter().filter_map(attribute).collect(),
            status: self.status(record)?,
        })
    }

    /// What Google's channel was told, else the way to Shopify's own category, whose names began as Google's: what Google
    /// does not know it leaves alone.
    fn google_category(&self, record: &Record<'_>) -> Option<String> {
        let own = || cell::word(record, self.columns.shopify_category).filter(|way| way != "Uncategorized");
        cell::word(record, self.columns.google_category).or_else(own)
    }

    fn status(&self, record: &Record<'_>) -> Result<Status, Refusal> {
        let published = cell::flag(record, self.columns.published)?.unwrap_or(true);
        let visible = if published { Status::Active } else { Status::Draft };
        let Some(column) = self.columns.status else { return Ok(visible) };
        match record.text(Some(column)).to_ascii_lowercase().as_str() {
            "" | "active" => Ok(visible),
            "draft" | "unlisted" => Ok(Status::Draft),
            "archived" => Ok(Status::Archived),
            _ => {
                let help = "write active, draft or archived";
                let invalid = Invalid::new("import/status", "this is not a status of a product", help);
                Err(cell::refusal(record, column, invalid))
            }
        }
    }

    /// Whether the record is about a variant, and not only about one more image.
    fn is_variant(&self, record: &Record<'_>) -> bool {
        let c = &self.columns;
        let telling = [c.option_values[0], c.option_values[1], c.option_values[2], c.sku, c.price, c.title];
        telling.iter().any(|column| !record.text(*column).is_empty())
    }

    fn variant(
        &self,
        handle: &str,
        sku: Option<Sku>,
        record: &Record<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<Variant, Refusal> {
        let c = &self.columns;
        let choices: Vec<String> =
            c.option_values.iter().map(|at| cell::word(record, *at).unwrap_or_default()).collect();
        let at = c.sku.or(c.handle).unwrap_or_default();
        let sku_is_made = sku.is_none();
        let sku = sku.map_or_else(|| made_sku(handle, &choices), Ok).map_err(|e| cell::refusal(record, at, e))?;
        let (price_minor, sale_price_minor) = self.prices(record, findings)?;
        let tracked = c.tracker.is_none() || !record.text(c.tracker).is_empty();
        let quantity = c.quantity.filter(|_| tracked).map(|at| cell::whole(record, at)).transpose()?.flatten();
        let attribute = |(at, key, usual): &(usize, &str, &str)| {
            let text = cell::word(record, Some(*at)).filter(|text| !text.eq_ignore_ascii_case(usual))?;
            Some(((*key).to_owned(), Value::from(text)))
        };
        let item = Item {
            sku,
            gtin: gtin(record, c.barcode, findings)?,
            mpn: cell::word(record, c.mpn),
            options: Vec::new(),
            image: image(record, c.variant_image, findings)?,
            price_minor,
            sale_price_minor,
            sale_from: None,
            sale_to: None,
            currency: c.price.map(|_| self.currency),
            cost_minor: cell::money(record, c.cost, self.currency, self.custom)?,
            weight_g: cell::grams(record, c.grams)?,
            tracked,
            sells_when_out: record.text(c.policy).eq_ignore_ascii_case("continue"),
            availability_date: None,
            attributes: c.variant_attributes.iter().filter_map(attribute).collect::<Map<_, _>>(),
            status: Status::Active,
        };
        Ok(Variant { item, sku_is_made, choices, quantity })
    }

    /// Price and sale price.
    fn prices(&self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<(Option<i64>, Option<i64>), Refusal> {
        let Some(column) = self.columns.price else { return Ok((None, None)) };
        let Some(price) = cell::money(record, Some(column), self.currency, self.custom)? else {
            let help = "give every variant a price, for example 12.50";
            return Err(cell::refusal(record, column, Invalid::new("money/empty", "the price is missing", help)));
        };
        if price == 0 {
            let help = "channels refuse it: give it a price, or make the product a draft";
            let invalid = Invalid::new("import/price-zero", "the price is 0", help);
            findings.tell(cell::warning(record, column, invalid));
        }
        let before = cell::money(record, self.columns.compare_at, self.currency, self.custom)?.filter(|n| *n > 0);
        match before {
            Some(before) if before > price => return Ok((Some(before), Some(price))),
            Some(_) => {
                let message = "the price to compare with is not above the price: there is no sale";
                let invalid =
                    Invalid::new("import/no-sale", message, "empty it, or set it to the price before the sale");
                findings.tell(cell::warning(record, column, invalid));
            }
            None => {}
        }
        Ok((Some(price), None))
    }
}

impl ProductReader for ShopifyProducts {
    fn source(&self) -> &'static str {
        "shopify-products"
    }

    fn carried(&self) -> &Carried {
        &self.carried
    }

    fn column(&self, field: Field) -> Option<usize> {
        match field {
            Field::Group => self.columns.handle,
            Field::Sku => self.columns.sku,
            Field::Gtin => self.columns.barcode,
            Field::Title => self.columns.title,
            Field::OptionName(axis) => self.columns.option_names.get(axis).copied().flatten(),
        }
    }

    fn has_sku(&self, record: &Record<'_>) -> Option<bool> {
        self.is_variant(record).then(|| !record.text(self.columns.sku).is_empty())
    }

    fn read(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        let handle = record.text(self.columns.handle);
        if handle.is_empty() {
            let help = "every record needs the handle of its product";
            let invalid = Invalid::new("import/no-handle", "the record has no handle", help);
            return Err(cell::refusal(record, self.columns.handle.unwrap_or_default(), invalid));
        }
        let is_first = handle != self.handle;
        if is_first {
            handle.clone_into(&mut self.handle);
        }
        let sku_text = cell::sku_text(record, self.columns.sku);
        let parsed = if sku_text.is_empty() { Ok(None) } else { Sku::parse(sku_text).map(Some) };
        let sku = parsed.map_err(|invalid| cell::refusal(record, self.columns.sku.unwrap_or_default(), invalid));
        let shared = is_first.then(|| self.shared(handle, record, findings)).transpose();
        let images = image(record, self.columns.image, findings);
        let is_variant = is_first || self.is_variant(record);
        let variant = match (&shared, &images, &sku) {
            (Err(refusal), ..) | (_, Err(refusal), _) | (.., Err(refusal)) => Err(refusal.clone()),
            _ if !is_variant => Ok(None),
            (.., Ok(sku)) => self.variant(handle, sku.clone(), record, findings).map(Some),
        };
        let named = self.columns.option_names.map(|at| record.text(at));
        let names = if is_first || self.names != named {
            self.names = named.map(str::to_owned);
            self.names.to_vec()
        } else {
            Vec::new()
        };
        let position = record.text(self.columns.position).parse().unwrap_or(u32::MAX);
        let images = images.ok().flatten().map(|address| Image { position, address }).into_iter().collect();
        Ok(ProductRow {
            group: handle.to_owned(),
            shared: shared.ok().flatten(),
            names,
            sku: sku.ok().flatten(),
            variant,
            images,
        })
    }
}
