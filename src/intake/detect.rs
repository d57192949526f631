//! What a table is, told by its header: its kind, its format, and why; or which format it comes nearest to and what lacks.
use super::formats::product_tables::{PRICE, SKU, TITLE};
use super::formats::woocommerce_products as woo;
use super::rows::table::{Column, Table, fold};
use crate::diagnostic::{Diagnostic, Error, Place, Result};

/// What the records of a table are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Kind {
    Products,
    Stock,
    Prices,
    Locations,
    Orders,
    Tracking,
    Reviews,
    Overrides,
    Fields,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Products => "products",
            Kind::Stock => "stock",
            Kind::Prices => "prices",
            Kind::Locations => "locations",
            Kind::Orders => "orders",
            Kind::Tracking => "tracking",
            Kind::Reviews => "reviews",
            Kind::Overrides => "overrides",
            Kind::Fields => "fields",
        }
    }
}

/// The signature of a format: which columns tell it. In a name, `a|b` means
/// that either will do, and one `*` stands for anything.
#[derive(Debug)]
pub struct Format {
    pub name: &'static str,
    pub kind: Kind,
    /// All of them have to be there.
    pub must: &'static [&'static str],
    /// None of them may be there: they tell a sibling.
    pub never: &'static [&'static str],
    /// Read when there.
    pub may: &'static [&'static str],
    pub rest: Rest,
}

/// What columns that are not listed mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Nothing: they are not read, and that is said once.
    Unknown,
    /// Each is named after a location and holds its quantity.
    Locations,
    /// They belong to the format (metafields, attributes) though they cannot be listed.
    Free,
}

/// A recognized table.
#[derive(Debug)]
pub struct Found {
    pub format: &'static Format,
    /// For people: `has Handle and Variant SKU`.
    pub reason: String,
}

use Kind::{Fields, Locations, Orders, Overrides, Prices, Products, Reviews, Stock, Tracking};

/// Written as their owners write them; compared without regard to case. Order matters only between formats that fit
/// equally well: the earlier wins.
#[rustfmt::skip]
pub static FORMATS: &[Format] = &[
    Format {
        name: "shopify-products", kind: Products,
        must: &["Handle", "Variant SKU"],
        never: &["Inventory Item ID"],
        may: &["Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Status",
            "Option1 *", "Option2 *", "Option3 *", "Variant *", "Unit Price *", "Image Src", "Image Position", "Image Alt Text",
            "Gift Card", "SEO Title", "SEO Description", "Cost per item", "Collection", "Included / *", "Price / *",
            "Compare At Price / *", "Google Shopping / *", "* (product.metafields."],
        rest: Rest::Unknown,
    },
    Format {
        name: "shopify-inventory", kind: Stock,
        must: &["Handle", "SKU", "Location", "On hand|On hand (current)|On hand (new)|Available|Available (not editable)"],
        never: &[],
        may: &["Title", "Option1 *", "Option2 *", "Option3 *", "HS Code", "COO", "Bin name", "Incoming*", "Unavailable*",
            "Committed*", "Available*", "On hand*"],
        rest: Rest::Unknown,
    },
    Format {
        name: "shopify-inventory-wide", kind: Stock,
        must: &["Handle", "SKU", "COO", "HS Code"],
        never: &["Location", "Variant SKU"],
        may: &["Title", "Option1 *", "Option2 *", "Option3 *"],
        rest: Rest::Locations,
    },
    Format {
        name: "shopify-orders", kind: Orders,
        must: &["Name", "Financial Status", "Lineitem name", "Lineitem quantity", "Lineitem price"],
        never: &[],
        may: &["Email", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing", "Currency", "Subtotal",
            "Shipping", "Taxes", "Total", "Discount *", "Created at", "Lineitem *", "Billing *", "Shipping *", "Notes",
            "Note Attributes", "Cancelled at", "Payment *", "Refunded Amount", "Vendor", "Outstanding Balance", "Employee",
            "Location", "Device ID", "Id", "Tags", "Risk Level", "Source", "Tax *", "Phone", "Receipt Number", "Duties",
            "Next Payment Due At"],
        rest: Rest::Unknown,
    },
    Format {
        name: "woocommerce-products", kind: Products,
        must: &["ID", woo::TYPE, woo::SKU, woo::NAME, woo::PRICE],
        never: &[],
        may: &["Published", "Is featured?", "Visibility in catalog", "Short description", "Description",
            "Date sale price *", "Permalink", "Tax status", "Tax class", "In stock?", "Stock", "Low stock amount",
            "Backorders allowed?", "Sold individually?", "Weight (*)", "Length (*)", "Width (*)", "Height (*)",
            "Allow customer reviews?", "Purchase note", "Sale price", "Categories", "Tags", "Shipping class", "Images",
            "Download limit", "Download expiry days", "Download *", "Parent", "Grouped products", "Upsells", "Cross-sells",
            "External URL", "Button text", "Position", "Brands", "GTIN, UPC, EAN, or ISBN", "Attribute *", "Meta: *",
            woo::CATEGORIES, woo::IMAGES, woo::PUBLISHED, woo::DESCRIPTION],
        rest: Rest::Free,
    },
    Format {
        name: "magento-products", kind: Products,
        must: &["sku", "product_type", "name", "price", "attribute_set_code|store_view_code|product_websites"],
        never: &[],
        may: &["categories", "description", "short_description", "special_price*", "url_key", "base_image", "additional_*",
            "qty", "configurable_*", "product_online", "visibility", "parent_sku", "weight", "is_in_stock", "manage_stock"],
        rest: Rest::Free,
    },
    Format {
        name: "woocommerce-orders", kind: Orders,
        must: &["order_number|order_id", "order_date", "status|order_status", "order_currency", "item_total|line_total"],
        never: &[],
        may: &["paid_date", "completed_date", "payment_*", "shipping_*", "tax_total", "discount_total", "order_total",
            "customer_*", "billing_*", "product_name|item_name", "sku|item_sku", "quantity|item_quantity", "item_id|line_id"],
        rest: Rest::Unknown,
    },
    Format {
        name: "amazon-orders", kind: Orders,
        must: &["order-id|amazon-order-id", "order-item-id|amazon-order-item-id", "sku", "quantity-purchased"],
        never: &[],
        may: &["purchase-date", "payments-date", "product-name", "currency", "item-*", "shipping-*", "ship-*", "buyer-*",
            "recipient-name", "bill-*", "delivery-*", "promise-date", "quantity-shipped", "quantity-to-ship",
            "reporting-date", "days-past-promise", "is-*", "purchase-order-number", "price-designation", "gift-*"],
        rest: Rest::Unknown,
    },
    Format {
        name: "google-products", kind: Products,
        must: &["id", "title", "link", "price", "availability"],
        never: &[],
        may: &["description", "image_link|image link", "additional_image_link|additional image link", "brand", "gtin",
            "mpn", "condition", "sale_price*|sale price*", "item_group_id|item group id",
            "google_product_category|google product category", "product_type|product type", "color", "size", "gender",
            "age_group|age group", "material", "pattern", "shipping*", "availability_date|availability date", "custom_label_*|custom label *", "quantity*"],
        rest: Rest::Unknown,
    },
    Format {
        name: "prestashop-products", kind: Products,
        must: &["Active (0/1)", "Name*", "Price tax *", "Reference #"],
        never: &[],
        may: &["id|Product ID", "Categories (*", "Wholesale price", "Manufacturer", "EAN13", "UPC", "Weight", "Quantity",
            "Short description", "Description", "Tags (*", "Image URLs (*", "Condition"],
        rest: Rest::Free,
    },
    Format {
        name: "prestashop-combinations", kind: Products,
        must: &["Product ID*|Product Reference", "Attribute (Name:*", "Value (Value:*", "Impact on price"],
        never: &[],
        may: &["Supplier reference", "Reference", "EAN13", "UPC", "MPN", "Wholesale price", "Cost price", "Ecotax", "Quantity",
            "Minimal quantity", "Impact on weight", "Default (0 = No; 1 = Yes)", "Combination avail*", "Image *"],
        rest: Rest::Free,
    },
    Format {
        name: "shopware-products", kind: Products,
        must: &["product_number", "stock", "name|translations.DEFAULT.name", "price_gross|price.DEFAULT.gross"],
        never: &[],
        may: &["id", "parent_id", "ean", "description", "manufacturer_*", "cover_media_*", "price_*", "tax_*"],
        rest: Rest::Free,
    },
    Format {
        name: "spree-products", kind: Products,
        must: &["slug", "sku", "name", "price", "inventory_count|option1_name"],
        never: &[],
        may: &["status", "description", "brand_name", "tags", "compare_at_price", "currency", "weight*", "inventory_*",
            "image*", "option*", "category*", "custom_field.*", "meta_*"],
        rest: Rest::Free,
    },
    Format {
        name: "wix-products", kind: Products,
        must: &["handleId", "fieldType", "name", "price", "productOptionName1"],
        never: &[],
        may: &["sku", "description", "productImageUrl", "collection", "surcharge", "visible", "discount*", "inventory",
            "weight", "cost", "ribbon", "brand", "productOption*", "additionalInfo*", "customText*"],
        rest: Rest::Free,
    },
    Format {
        name: "medusa-products", kind: Products,
        must: &["Product Handle", "Product Title", "Variant Sku", "Variant Price *|Variant Title"],
        never: &[],
        may: &["Product *", "Variant *"],
        rest: Rest::Free,
    },
    Format {
        name: "products", kind: Products,
        must: &[SKU, TITLE, PRICE],
        never: &["order_id|order-id|order_number|order number", "attribute_set_code", "store_view_code"],
        may: &["item_group|item_group_id|parent_sku|product_id", "description|beschreibung", "brand|vendor|manufacturer|marke|hersteller",
            "currency|währung", "sale_price|special_price|discounted_price", "gtin|ean|upc|barcode", "mpn",
            "category|categories|product_type|kategorie", "image*", "link|url|product_url", "color|farbe", "size|größe",
            "material", "weight*", "qty|quantity|bestand", "availability_date", "sells_when_out"],
        rest: Rest::Free,
    },
    Format {
        name: "stock", kind: Stock,
        must: &["sku", "quantity|qty|on_hand|on hand|stock|available|delta|adjustment"],
        never: &["order_id|order id|order-id|order_number|order number", "tracking_number|tracking number"],
        may: &["store_code|store code|location|location_code|store|warehouse", "updated_at|counted_at"],
        rest: Rest::Unknown,
    },
    Format {
        name: "prices", kind: Prices,
        must: &["sku", "price"],
        never: &["title", "name", "quantity|qty", "order_id|order id|order-id"],
        may: &["currency", "sale_price|sale price", "price_list|price list|market",
            "sale_from|sale_starts_at", "sale_to|sale_until|sale_ends_at", "compare_at_price|compare at price"],
        rest: Rest::Unknown,
    },
    Format {
        name: "locations", kind: Locations,
        must: &["store_code|store code|location_code|code", "name|store_name|store name"],
        never: &["sku", "quantity", "price"],
        may: &["kind|type", "fulfills_online", "address|street|address1", "address2", "city", "region|state|province",
            "postal_code|postcode|zip", "country|country_code", "timezone", "latitude|lat", "longitude|lng|lon", "phone",
            "email", "hours|opening_hours", "url|website"],
        rest: Rest::Unknown,
    },
    Format {
        name: "orders", kind: Orders,
        must: &["order|order_id", "currency", "quantity", "price|unit_price", "placed_at|created_at"],
        never: &["tracking_number|tracking number"],
        may: &["market|channel", "external_id", "state|status", "updated_at", "fulfillment", "pickup_point", "total",
            "shipping", "discount", "note", "buyer|name", "email", "phone", "street|address1", "postal_code|zip", "city",
            "region", "country", "line|line_id", "sku", "gtin", "title", "canceled", "shipped", "tax"],
        rest: Rest::Unknown,
    },
    Format {
        name: "tracking", kind: Tracking,
        must: &["order_id|order id|order-id|order|order number|order_number", "tracking_number|tracking number|tracking-number"],
        never: &[],
        may: &["market|channel", "location|store_code", "carrier|carrier_code|carrier-code|company|carrier name", "shipped_at|shipped at|ship_date|ship-date|ship date",
            "line_id|line id|order-item-id|order_item_id", "sku", "quantity|qty", "tracking_url|tracking url",
            "shipment_id|package_id", "service|service_level"],
        rest: Rest::Unknown,
    },
    Format {
        name: "reviews", kind: Reviews,
        must: &["rating|stars|score", "content|body|review|text|review_content",
            "sku|product_handle|product handle|handle|gtin|product_id"],
        never: &[],
        may: &["title|review_title", "reviewer_name|reviewer|author|name", "review_id|id",
            "created_at|date|review_date|timestamp", "review_url|url", "product_url", "country|country_code", "verified",
            "picture_urls|images"],
        rest: Rest::Unknown,
    },
    Format {
        name: "fields", kind: Fields,
        must: &["sku", "cost|cost_price|unit_cost|cost_of_goods_sold|safety_stock|safety|weight*|mpn|availability_date|brand|vendor|manufacturer|\
            product_type|google_product_category|google product category|condition|age_group|age group|gender|custom_label*"],
        never: &["title|name", "price", "handle", "quantity|qty|on_hand|on hand|stock|available|delta|adjustment", "rating|stars|score",
            "order|order_id|order id|order-id|order_number|order number", "tracking_number|tracking number", "channel"],
        may: &[],
        rest: Rest::Free,
    },
    Format {
        name: "overrides", kind: Overrides,
        must: &["sku", "channel", "attribute", "value"],
        never: &[],
        may: &[],
        rest: Rest::Unknown,
    },
];

impl Format {
    /// Columns that have to be there and are not, as the format would name them.
    pub fn missing<'f>(&'f self, header: &[Column]) -> Vec<&'f str> {
        self.must.iter().copied().filter(|wanted| !header.iter().any(|c| matches(wanted, c))).collect()
    }

    fn is_excluded(&self, header: &[Column]) -> bool {
        self.never.iter().any(|unwanted| header.iter().any(|c| matches(unwanted, c)))
    }

    fn knows(&self, column: &Column) -> bool {
        self.must.iter().chain(self.may).any(|known| matches(known, column))
    }

    /// Columns this format does not list; what they mean is [`Format::rest`].
    pub fn unlisted<'c>(&self, header: &'c [Column]) -> Vec<(usize, &'c Column)> {
        header.iter().enumerate().filter(|(_, c)| !c.name.is_empty() && !self.knows(c)).collect()
    }

    /// Columns that will not be read, each said once.
    pub fn unread(&self, table: &Table) -> Vec<Diagnostic> {
        if self.rest != Rest::Unknown {
            return Vec::new();
        }
        let unread = self.unlisted(table.header()).into_iter();
        unread
            .map(|(_, column)| {
                let message = format!("{} has no column `{}`: it is not read", self.name, column.name);
                let place = Place::file(table.file()).record(1).line(1).attribute(&column.name);
                Diagnostic::warning("format/unknown-column", message)
                    .at(place)
                    .help("rename it if it is one of the format's")
            })
            .collect()
    }

    fn fit(&self, header: &[Column]) -> Fit {
        let missing = self.missing(header).len();
        let known = header.iter().filter(|c| self.knows(c)).count();
        Fit { present: self.must.len() - missing, missing, known }
    }
}

/// How well a format fits a header.
#[derive(Debug, Clone, Copy)]
struct Fit {
    present: usize,
    missing: usize,
    known: usize,
}

impl Fit {
    /// Worth naming as the nearest: a telling column is there, or most of the columns belong to it.
    fn is_near(&self, columns: usize) -> bool {
        self.present > 0 || self.known * 2 > columns
    }
}

/// Recognizes a table. `wanted` narrows the search to one kind, as in `import stock file.csv`.
pub fn detect(table: &Table, wanted: Option<Kind>) -> Result<Found> {
    let header = table.header();
    let candidates = FORMATS.iter().filter(|format| wanted.is_none_or(|kind| kind == format.kind));
    let fits = candidates.map(|format| (format, format.fit(header)));
    let whole = fits.clone().filter(|(format, fit)| fit.missing == 0 && !format.is_excluded(header));
    // `rev`, because `max_by_key` keeps the last of equals and the table puts the likelier first
    match whole.rev().max_by_key(|(_, fit)| (fit.known, fit.present)) {
        Some((format, _)) => Ok(Found { format, reason: reason(format, header) }),
        None => Err(unknown(table, wanted, fits)),
    }
}

fn reason(format: &Format, header: &[Column]) -> String {
    let seen = format.must.iter().filter_map(|wanted| header.iter().find(|c| matches(wanted, c)));
    format!("has {}", listed(seen.map(|c| c.name.as_str())))
}

fn unknown(
    table: &Table,
    wanted: Option<Kind>,
    fits: impl DoubleEndedIterator<Item = (&'static Format, Fit)> + Clone,
) -> Error {
    let what = wanted.map_or("a table purvey knows", Kind::as_str);
    let message = match table.delimiter() {
        Some(_) => format!("{} is not {what}: its columns fit no format", table.file()),
        None => format!("{} is not {what}: its keys fit no format", table.file()),
    };
    let place = Place::file(table.file()).record(1).line(1);
    let columns = table.header().len();
    // where a kind has only one format, that one is meant however little of it is there
    let only = fits.clone().count() == 1;
    let nearest =
        fits.rev().filter(|(_, fit)| only || fit.is_near(columns)).max_by_key(|(_, fit)| (fit.known, fit.present));
    let Some((format, fit)) = nearest else {
        let known: Vec<_> =
            FORMATS.iter().filter(|f| wanted.is_none_or(|kind| kind == f.kind)).map(|f| f.name).collect();
        if let ([only], Some(_)) = (table.header(), table.delimiter()) {
            return Error::input("format/unknown", message).at(place).help(
                match only.name.contains([',', ';', '\t', '|']) {
                    true => {
                        "each line stands in quotes as a whole, as spreadsheets save a table they did not part into \
                         columns: export it again, or part it into columns before saving"
                    }
                    false => {
                        "the header is a single column: if another character parts its cells, say so with \
                          `--delimiter`; is the first line the header?"
                    }
                },
            );
        }
        return Error::input("format/unknown", message)
            .at(place)
            .help(format!(
                "purvey reads {}: is the first line the header? Any other table with a mapping: see `purvey import --map-wizard`",
                known.join(", ")
            ));
    };
    let missing = format.missing(table.header());
    let lacks = listed(missing.iter().copied().map(readable));
    let named: Vec<&str> = missing.iter().copied().map(readable).collect();
    let help = if fit.missing > 0 {
        format!(
            "nearest is {}, which also needs {lacks}; any other table with a mapping: `purvey import --map-wizard`",
            format.name
        )
    } else {
        format!("nearest is {}, but a column tells otherwise: {}", format.name, listed(format.never.iter().copied()))
    };
    Error::input("format/unknown", message).at(place.attribute(named.join(", "))).help(help)
}

/// The first of the names that will do.
fn readable(wanted: &str) -> &str {
    wanted.split('|').next().unwrap_or(wanted)
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        Some(only) => only,
        None => String::new(),
    }
}

/// The column a format means by `wanted`, which is written as in [`Format`].
pub fn column(table: &Table, wanted: &str) -> Option<usize> {
    wanted.split('|').find_map(|one| table.header().iter().position(|column| matches(one, column)))
}

/// See [`Format`] for `|` and `*`.
fn matches(wanted: &str, column: &Column) -> bool {
    let name = column.name.as_str();
    let begins = |start: &str| name.get(..start.len()).is_some_and(|n| n.eq_ignore_ascii_case(start));
    wanted.split('|').any(|wanted| match wanted.split_once('*') {
        None if !wanted.is_ascii() => fold(name) == fold(wanted),
        None => name.eq_ignore_ascii_case(wanted),
        Some((start, "")) => begins(start),
        Some((start, within)) => begins(start) && name[start.len()..].contains(within),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::bytes::source::Source;

    fn table(header: &str) -> Table {
        Table::open(Source::bytes("x.csv", header).unwrap(), &Default::default()).unwrap()
    }

    const SHOPIFY: &str = "Handle,Title,Body (HTML),Vendor,Variant SKU,Variant Price,Variant Compare-at Price,Status";
    const WIDE: &str = "Handle,Title,Option1 Name,Option1 Value,SKU,HS Code,COO,Milano,Roma";
    const PER_LOCATION: &str =
        "Handle,Title,Option1 Name,Option1 Value,SKU,HS Code,COO,Location,On hand (current),On hand (new)";
    const ORDERS: &str =
        "Name,Email,Financial Status,Lineitem quantity,Lineitem name,Lineitem price,Location,Tax 1 Name";

    #[test]
    fn headers_tell_their_format() {
        let cases = [
            (SHOPIFY, None, "shopify-products"),
            (" handle ,TITLE,variant sku", None, "shopify-products"),
            (WIDE, None, "shopify-inventory-wide"),
            (PER_LOCATION, None, "shopify-inventory"),
            (ORDERS, None, "shopify-orders"),
            ("ID,Type,SKU,Name,Published,Regular price,Stock", None, "woocommerce-products"),
            ("order-id\torder-item-id\tsku\tquantity-purchased\tship-city", None, "amazon-orders"),
            ("id,title,description,availability,condition,price,link,image_link,brand", None, "google-products"),
            ("sku,name,price,qty", None, "products"),
            ("sku,name,price,qty", Some(Kind::Stock), "stock"),
            ("sku;store_code;quantity", None, "stock"),
            ("sku,price,currency", None, "prices"),
            ("store_code,name", None, "locations"),
            ("order_id,carrier,tracking_number,shipped_at,line_id,quantity", None, "tracking"),
            ("review_id,sku,rating,content,reviewer_name", None, "reviews"),
        ];
        for (header, wanted, format) in cases {
            let found = detect(&table(header), wanted).unwrap_or_else(|e| panic!("{header}: {e:?}"));
            assert_eq!(found.format.name, format, "{header}");
            assert!(found.reason.starts_with("has `"), "{}", found.reason);
        }
        assert_eq!(detect(&table(SHOPIFY), None).unwrap().reason, "has `Handle` and `Variant SKU`");
    }

    #[test]
    fn unknown_tables_are_told_what_they_lack() {
        let cases = [
            (
                "Title,Body (HTML),Vendor,Variant Price,Status",
                Some(Kind::Products),
                "shopify-products",
                "`Handle` and `Variant SKU`",
            ),
            ("sku,store_code", Some(Kind::Stock), "stock", "`quantity`"),
            ("tracking_number,carrier", None, "tracking", "`order_id`"),
            ("colour,shape", None, "purvey reads", "first line the header"),
            ("colour,shape", Some(Kind::Stock), "purvey reads", "shopify-inventory-wide"),
        ];
        for (header, wanted, nearest, lacks) in cases {
            let error = detect(&table(header), wanted).unwrap_err();
            let help = error.help.as_deref().unwrap_or_default();
            assert_eq!((error.code, error.place.record), ("format/unknown", Some(1)), "{header}");
            assert!(help.contains(nearest) && help.contains(lacks), "{header}: {help}");
        }
    }

    #[test]
    fn columns_a_format_does_not_know_are_said_once_or_are_its_locations() {
        let with_more = table("Handle,Title,Colour of box,Variant SKU,Fit (product.metafields.custom.fit),,Price / EU");
        let format = detect(&with_more, None).unwrap().format;
        let unread = format.unread(&with_more);
        assert_eq!(unread.len(), 1);
        assert_eq!(unread[0].place.attribute.as_deref(), Some("Colour of box"));

        let wide = table(WIDE);
        let format = detect(&wide, None).unwrap().format;
        let locations: Vec<_> = format.unlisted(wide.header()).into_iter().map(|(i, c)| (i, c.name.as_str())).collect();
        assert_eq!((format.rest, locations), (Rest::Locations, vec![(7, "Milano"), (8, "Roma")]));
        assert!(format.unread(&wide).is_empty());
    }

    #[test]
    fn every_format_is_reachable_by_its_own_columns() {
        for format in FORMATS {
            let header: Vec<&str> = format.must.iter().copied().map(readable).collect();
            // tabs, because a name may hold a comma
            let found = detect(&table(&header.join("\t")), Some(format.kind)).unwrap();
            assert_eq!(found.format.name, format.name);
        }
    }
}
