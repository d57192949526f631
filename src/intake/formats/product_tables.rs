//! Product tables that need no code of their own: shop systems whose exports a [`Layout`] describes, and anybody's table.
use crate::intake::cell::Custom;
use crate::intake::products::layout::{Layout, Meaning as M};

/// The merchant's own id, in the languages merchants keep tables in.
pub const SKU: &str = "sku|variant_sku|variant sku|sku_code|item_sku|product_sku|artikelnummer|artikelnr|artikel-nr|\
    artikel-nr.|référence|reference|ref|referencia|codice|codice articolo|código|artikelnummer *|artnr|indeks|артикул|\
    kód|商品编号|商品番号|ürün kodu|stok kodu";
pub const TITLE: &str = "title|name|product_name|product name|product_title|item_name|bezeichnung|produktname|\
    artikelbezeichnung|titel|nom|désignation|titre|nombre|título|nome|titolo|naam|nazwa|название|наименование|имя|název|\
    商品名称|商品名|ürün adı";
pub const PRICE: &str = "price|retail_price|selling_price|unit_price|preis|verkaufspreis|vk|vk brutto|bruttopreis|prix|\
    prix ttc|precio|pvp|prezzo|preço|prijs|cena|cena brutto|цена|价格|価格|fiyat|satış fiyatı";

/// Formats described by a layout alone; each has an entry in [`FORMATS`](crate::intake::detect::FORMATS).
#[rustfmt::skip]
pub static LAYOUTS: &[Layout<'static>] = &[
    Layout {
        columns: &[
            (M::Sku, SKU), (M::Title, TITLE), (M::Price, PRICE),
            (M::Group, "item_group_id|item_group|item group id|parent_sku|product_id|handle|parent|__parentProductId"),
            (M::Description, "description|product_description|beschreibung|langbeschreibung|descripción|descrizione|descrição|omschrijving|opis|описание|popis|descriptionHtml"),
            (M::ShortDescription, "short_description|short description|kurzbeschreibung"),
            (M::Brand, "brand|vendor|manufacturer|marke|hersteller|marque|fabricant|marca|merk|marka|producent|бренд|производитель|značka"),
            (M::SalePrice, "sale_price|sale price|special_price|discounted_price|angebotspreis|aktionspreis|prix promo"),
            (M::CompareAt, "compare_at_price|compare at price|list_price|msrp|uvp|compareAtPrice"),
            (M::Currency, "currency|währung|devise|moneda|valuta|waluta|валюта"),
            (M::Cost, "cost|cost_price|purchase_price|einkaufspreis|ek"),
            (M::Quantity, "quantity|qty|stock|stock_quantity|bestand|lagerbestand|menge|quantité|cantidad|quantità|ilość|количество|остаток|inventoryQuantity"),
            (M::Gtin, "gtin|ean|ean13|ean code|upc|barcode|gtin/ean|strichcode|код ean|штрихкод"), (M::Mpn, "mpn|manufacturer part number|herstellernummer"),
            (M::Images, "image_url|image|image_link|images|image_urls|additional_image_link|bild|bilder|bild-url|image 1|image_1|photo|imagen|immagine|картинка|изображение|media"),
            (M::Path, "link|url|product_url"),
            (M::ProductType, "product_type|productType|category|categories|kategorie|catégorie|categoría|categoria|kategoria|категория"),
            (M::Category, "category|categories|kategorie|catégorie|categoría|categoria|kategoria|категория"),
            (M::GoogleCategory, "google_product_category"), (M::Tags, "tags"), (M::Condition, "condition"),
            (M::AgeGroup, "age_group"), (M::Gender, "gender"), (M::Weight, "weight*|gewicht*|poids*|peso*|вес*"),
            (M::Status, "status"), (M::SellsWhenOut, "sells_when_out|backorder|backorders|allow_backorder|allow_backorders"),
            (M::AvailabilityDate, "availability_date|availability date|available_from"),
        ],
        options: &[("Color", "color|colour|farbe|couleur"), ("Size", "size|größe|taille|talla")],
        attributes: &[("material", "material|stoff"), ("pattern", "pattern")],
        ..Layout::PLAIN
    },
    Layout {
        source: "prestashop-products",
        columns: &[
            (M::Sku, "Reference #"), (M::Title, "Name*"), (M::Description, "Description"),
            (M::ShortDescription, "Short description"), (M::Brand, "Manufacturer"), (M::Price, "Price tax *"),
            (M::Cost, "Wholesale price"), (M::Gtin, "EAN13|UPC"), (M::Weight, "Weight"), (M::Quantity, "Quantity"),
            (M::ProductType, "Categories (*"), (M::Tags, "Tags (*"), (M::Images, "Image URLs (*"),
            (M::Condition, "Condition"), (M::Status, "Active (0/1)"),
        ],
        attributes: &[(super::prestashop::NUMBER, "Product ID|id")],
        custom: Custom::Program,
        weight_unit: Some(crate::intake::cell::weight::Unit::KILOGRAM),
        ..Layout::PLAIN
    },
    Layout {
        source: "shopware-products",
        columns: &[
            (M::Sku, "product_number"), (M::Group, "parent_id"), (M::Title, "name|translations.DEFAULT.name"),
            (M::Description, "description|translations.DEFAULT.description"), (M::Brand, "manufacturer_name|manufacturer.translations.DEFAULT.name"),
            (M::Price, "price_gross_{currency}|price_gross|price.DEFAULT.gross"), (M::Gtin, "ean"), (M::Quantity, "stock"),
            (M::Images, "cover_media_url|cover.media.url"), (M::Status, "active"),
        ],
        custom: Custom::Program,
        ..Layout::PLAIN
    },
    Layout {
        source: "spree-products",
        columns: &[
            (M::Group, "slug"), (M::Sku, "sku"), (M::Title, "name"), (M::Description, "description"), (M::Status, "status"),
            (M::Brand, "brand_name"), (M::Tags, "tags"), (M::Price, "price"), (M::CompareAt, "compare_at_price"),
            (M::Currency, "currency"), (M::Weight, "weight"), (M::WeightUnit, "weight_unit"),
            (M::Quantity, "inventory_count"), (M::SellsWhenOut, "inventory_backorderable"),
            (M::Images, "image1_src|image2_src|image3_src"), (M::ProductType, "category1"),
        ],
        named_options: &[
            ("option1_name", "option1_value"), ("option2_name", "option2_value"), ("option3_name", "option3_value"),
        ],
        attributes: &[("material", "custom_field.custom.material|custom_field.properties.material")],
        has_product_records: true,
        custom: Custom::Program,
        ..Layout::PLAIN
    },
    Layout {
        source: "medusa-products",
        columns: &[
            (M::Group, "Product Handle"), (M::Sku, "Variant Sku"), (M::Title, "Product Title"),
            (M::Description, "Product Description"), (M::Status, "Product Status"), (M::Price, "Variant Price {currency}"),
            (M::Gtin, "Variant Ean|Variant Upc|Variant Barcode"), (M::Weight, "Variant Weight"),
            (M::SellsWhenOut, "Variant Allow Backorder"), (M::Tags, "Product Tag 1"),
            (M::Images, "Product Thumbnail|Product Image 1|Product Image 2|Product Image 3"),
        ],
        named_options: &[
            ("Variant Option 1 Name", "Variant Option 1 Value"), ("Variant Option 2 Name", "Variant Option 2 Value"),
            ("Variant Option 3 Name", "Variant Option 3 Value"),
        ],
        attributes: &[("material", "Product Material")],
        weight_unit: Some(crate::intake::cell::weight::Unit::GRAM),
        custom: Custom::Program,
        ..Layout::PLAIN
    },
];

/// The layout of a format, if that is all there is to it.
pub fn layout(format: &str) -> Option<&'static Layout<'static>> {
    LAYOUTS.iter().find(|layout| layout.source == format)
}
