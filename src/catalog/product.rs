//! A product and its variants in the catalog's words, and which of their fields a source carries.
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::value::{Currency, Gtin, Sku};

/// What variants share. Which of the fields a source really carries is said once per file, in [`Carried`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemGroup {
    pub item_group_id: String,
    pub title: String,
    /// As received; HTML allowed.
    pub description: Option<String>,
    pub brand: Option<String>,
    pub product_type: Option<String>,
    /// The shop's own, from the top: `Home > Mugs`; where a source has one beside the product type.
    pub category: Option<String>,
    pub google_product_category: Option<String>,
    pub condition: Option<String>,
    pub age_group: Option<String>,
    pub gender: Option<String>,
    /// `/products/mug`, or a whole address.
    pub path: Option<String>,
    /// Addresses, main image first.
    pub images: Vec<String>,
    pub tags: Vec<String>,
    pub attributes: Map<String, Value>,
    pub status: Status,
}

/// One variant, with the SKU that names it everywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub sku: Sku,
    pub gtin: Option<Gtin>,
    pub mpn: Option<String>,
    /// Axis and choice, in the merchant's order.
    pub options: Vec<(String, String)>,
    pub image: Option<String>,
    pub price_minor: Option<i64>,
    pub sale_price_minor: Option<i64>,
    /// UTC text, as stored.
    pub sale_from: Option<String>,
    pub sale_to: Option<String>,
    pub currency: Option<Currency>,
    pub cost_minor: Option<i64>,
    pub weight_g: Option<i64>,
    /// Whether stock is counted at all.
    pub tracked: bool,
    pub sells_when_out: bool,
    /// UTC text: when what is not in stock can leave.
    pub availability_date: Option<String>,
    pub attributes: Map<String, Value>,
    pub status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Status {
    #[default]
    Active,
    Draft,
    Archived,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Draft => "draft",
            Status::Archived => "archived",
        }
    }
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Put {
    Same,
    Changed,
    New,
}

macro_rules! fields {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $column:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($variant),* }
        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant),*];
            pub fn column(self) -> &'static str {
                match self { $($name::$variant => $column),* }
            }
        }
    };
}

fields! {
    /// Columns of `product` a source may carry, besides its key and title.
    ProductField {
        Title => "title", Description => "description", Brand => "brand", ProductType => "product_type",
        Category => "category_id",
        GoogleProductCategory => "google_product_category", Condition => "condition", AgeGroup => "age_group",
        Gender => "gender", Path => "path", Images => "images", Tags => "tags", Attributes => "attributes",
        Status => "status",
    }
}

fields! {
    /// Columns of `variant` a source may carry, besides its SKU.
    VariantField {
        Gtin => "gtin", Mpn => "mpn", Options => "options", Image => "image", Price => "price_minor",
        SalePrice => "sale_price_minor", SaleFrom => "sale_from", SaleTo => "sale_to", Currency => "currency",
        Cost => "cost_minor", Weight => "weight_g", Tracked => "tracked", SellsWhenOut => "sells_when_out",
        AvailabilityDate => "availability_date",
        Attributes => "attributes", Status => "status",
    }
}

/// The fields a source carries: those are set (also to nothing), all others are left as the catalog has them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Carried {
    pub product: Vec<ProductField>,
    pub variant: Vec<VariantField>,
}

/// A product as the catalog knows it while its variants go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProductId(pub(super) i64);

impl ProductId {
    /// In four bytes, for who remembers millions; 0, which no product has, for an id that needs more.
    pub fn short(self) -> u32 {
        u32::try_from(self.0).unwrap_or(0)
    }

    pub fn of_short(short: u32) -> ProductId {
        ProductId(short.into())
    }
}
