//! Feeds of other systems, in.
use super::Shop;
use crate::intake::{MappingFile, explain};
use std::sync::Arc;

fn google(items: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\"><channel><title>t</title>\n\
         {items}</channel></rss>"
    )
}

fn item(id: &str, more: &str) -> String {
    format!("<item><g:id>{id}</g:id><title>Mug</title><g:price>12.50 USD</g:price>{more}</item>\n")
}

#[test]
fn a_google_feed_groups_variants_also_where_they_stand_apart() {
    let mut shop = Shop::new();
    let variant = |id: &str, color: &str| {
        let more = format!(
            "<g:item_group_id>mug</g:item_group_id><g:color>{color}</g:color><g:sale_price>10 USD</g:sale_price>\
             <g:sale_price_effective_date>2026-01-01T00:00Z/2026-02-01T00:00Z</g:sale_price_effective_date>\
             <g:availability>in stock</g:availability><g:image_link>https://e.com/{id}.jpg</g:image_link>\
             <g:custom_label_0>a</g:custom_label_0><link>https://e.com/mug</link>"
        );
        item(id, &more)
    };
    let lone = item("L-1", "<g:availability>out_of_stock</g:availability>");
    let text = google(&[variant("R", "red"), lone, variant("B", "blue")].concat());
    assert_eq!(shop.counts(&text), [3, 0, 0, 0], "{:?}", shop.said);
    assert_eq!(
        shop.rows(
            "SELECT v.sku, p.item_group_id, p.path, v.color, v.price_minor, v.sale_price_minor, v.sale_to, v.currency,
                    v.tracked, v.attributes FROM variant v JOIN product p ON p.id = v.product_id ORDER BY v.sku"
        ),
        [
            "B|mug|https://e.com/mug|blue|1250|1000|2026-02-01T00:00:00Z|USD|0|{\"custom_label_0\":\"a\"}",
            "L-1|L-1|-|-|1250|-|-|USD|1|{}",
            "R|mug|https://e.com/mug|red|1250|1000|2026-02-01T00:00:00Z|USD|0|{\"custom_label_0\":\"a\"}",
        ]
    );
    assert_eq!(shop.counts(&text), [0, 0, 3, 0]);
}

#[test]
fn offers_that_cannot_be_taken_are_named_with_their_place() {
    for (more, code, attribute) in [
        ("<g:price>1 USD</g:price>", "import/field-twice", "g:price"),
        ("<g:availability>sometimes</g:availability>", "import/availability", "g:availability"),
        ("<g:gtin>1.23E+12</g:gtin>", "gtin/scientific", "g:gtin"),
        ("<g:sale_price>1 EUR</g:sale_price>", "money/currency-mismatch", "g:sale_price"),
        ("<g:image_link>mug.jpg</g:image_link>", "import/image-address", "g:image_link"),
    ] {
        let mut shop = Shop::new();
        assert_eq!(shop.counts(&google(&item("X", more))), [0, 0, 0, 1], "{more}");
        assert_eq!(shop.said(), [(code, Some(1), Some(attribute))], "{more}");
        let place = &shop.said[0].place;
        assert!(place.line == Some(3) && place.column > Some(1) && shop.said[0].help.is_some(), "{place:?}");
    }
    let mut shop = Shop::new();
    let no_currency = google(&item("X", "")).replace(" USD", "");
    assert_eq!(shop.counts(&no_currency), [0, 0, 0, 1]);
    assert_eq!(shop.codes(), ["money/no-currency"]);
    let other_namespace = google(&item("X", "")).replace("base.google.com", "example.com");
    shop.counts(&other_namespace);
    assert_eq!(shop.said(), [("import/no-sku", Some(1), Some("g:id"))]);
    assert_eq!(shop.try_import(&google("")).unwrap_err().code, "import/no-offers");
}

const YML: &str = "<?xml version=\"1.0\"?><!DOCTYPE yml_catalog SYSTEM \"shops.dtd\">
<yml_catalog date=\"2026-01-01 10:00\"><shop><categories>
<category id=\"1\">Home</category><category id=\"2\" parentId=\"1\">Mugs</category></categories><offers>
<offer id=\"7\" group_id=\"g\" available=\"true\"><vendor>LG</vendor><model>Mug</model><price>90</price>
<oldprice>100</oldprice><currencyId>RUR</currencyId><categoryId>2</categoryId><param name=\"Size\" unit=\"cm\">9</param>
<weight>1.25</weight><outlets><outlet instock=\"3\" warehouse_name=\"A\"/><outlet instock=\"4\" warehouse_name=\"B\"/></outlets></offer>
</offers></shop></yml_catalog>";

#[test]
fn yml_brings_categories_axes_and_units_by_warehouse() {
    let mut shop = Shop::new();
    assert_eq!(shop.counts(YML), [1, 0, 0, 0], "{:?}", shop.said);
    assert_eq!(
        shop.rows(
            "SELECT p.title, p.product_type, v.options, v.price_minor, v.sale_price_minor, v.currency, v.weight_g,
             v.tracked FROM variant v JOIN product p ON p.id = v.product_id"
        ),
        ["LG Mug|Home > Mugs|{\"Size\":\"9 cm\"}|10000|9000|RUB|1250|1"]
    );
    let levels = "SELECT l.code, s.on_hand FROM stock s JOIN location l ON l.id = s.location_id ORDER BY 1";
    assert_eq!(shop.rows(levels), ["A|3", "B|4"]);
    assert_eq!(shop.counts(YML), [0, 0, 1, 0]);
}

#[test]
fn yml_without_titles_changes_prices_and_units_and_nothing_else() {
    let mut shop = Shop::new();
    shop.import(YML);
    let prices = "<yml_catalog><shop><offers><offer id=\"7\"><price>80</price><outlets><outlet instock=\"9\" \
                  warehouse_name=\"A\"/></outlets></offer><offer id=\"8\"><price>1</price></offer></offers></shop></yml_catalog>";
    assert_eq!(shop.counts(prices), [0, 1, 0, 1]);
    assert_eq!(shop.codes(), ["import/no-title"]);
    let all = "SELECT p.title, v.options, v.price_minor, s.on_hand FROM variant v JOIN product p ON p.id = v.product_id
               JOIN stock s ON s.variant_id = v.id JOIN location l ON l.id = s.location_id WHERE l.code = 'A'";
    assert_eq!(shop.rows(all), ["LG Mug|{\"Size\":\"9 cm\"}|8000|9"]);
}

#[test]
fn yml_that_contradicts_itself_is_refused() {
    let mut shop = Shop::new();
    let cycle = YML.replace("id=\"1\">", "id=\"1\" parentId=\"2\">");
    assert_eq!(shop.try_import(&cycle).unwrap_err().code, "import/category-cycle");
    shop.counts(&YML.replace("available=\"true\"", "available=\"12\""));
    assert_eq!(shop.codes(), ["feed/xml-dtd", "import/availability"]);
    shop.counts(&YML.replace("<price>90", "<price>90,00"));
    assert_eq!(shop.codes(), ["feed/xml-dtd", "import/price-custom"]);
}

#[test]
fn heureka_and_ceneo() {
    let mut shop = Shop::new();
    let heureka = "<SHOP><SHOPITEM><ITEM_ID>h</ITEM_ID><PRODUCTNAME>Mug</PRODUCTNAME><PRICE>1</PRICE>\
        <PRICE_VAT>5 000,50</PRICE_VAT><CATEGORYTEXT>Home | Mugs</CATEGORYTEXT><PARAM><PARAM_NAME>Color</PARAM_NAME>\
        <VAL>red</VAL></PARAM></SHOPITEM></SHOP>";
    let ceneo = "<offers><o id=\"c\" url=\"https://e.com/c\" price=\"12.50\" stock=\"2\"><cat>Home/Mugs</cat><name>Mug</name>\
        <imgs><main url=\"https://e.com/c.jpg\"/></imgs><attrs><a name=\"Producent\">LG</a><a name=\"Moc\">65W</a></attrs></o></offers>";
    assert_eq!((shop.counts(heureka), shop.counts(ceneo)), ([1, 0, 0, 0], [1, 0, 0, 0]), "{:?}", shop.said);
    assert_eq!(
        shop.rows(
            "SELECT v.sku, p.brand, p.product_type, p.images, v.price_minor, v.attributes
             FROM variant v JOIN product p ON p.id = v.product_id ORDER BY v.sku"
        ),
        [
            "c|LG|Home > Mugs|[\"https://e.com/c.jpg\"]|1250|{\"Moc\":\"65W\"}",
            "h|-|Home > Mugs|[]|500050|{\"Color\":\"red\"}",
        ]
    );
}

const CATALOG: &str = "<КоммерческаяИнформация><Классификатор><Группы><Группа><Ид>1</Ид><Наименование>Посуда</Наименование>\
    </Группа></Группы></Классификатор><Каталог><Товары><Товар><Ид>a</Ид><Наименование>Кружка</Наименование><Группы><Ид>1</Ид>\
    </Группы></Товар></Товары></Каталог></КоммерческаяИнформация>";
const OFFERS: &str = "<КоммерческаяИнформация><ПакетПредложений><Предложения><Предложение><Ид>a#b</Ид>\
    <Наименование>Кружка красная</Наименование><ХарактеристикиТовара><ХарактеристикаТовара><Наименование>Цвет</Наименование>\
    <Значение>красный</Значение></ХарактеристикаТовара></ХарактеристикиТовара><Цены><Цена><ЦенаЗаЕдиницу>990.0</ЦенаЗаЕдиницу>\
    <Валюта>руб.</Валюта></Цена></Цены><Количество>2.0</Количество></Предложение></Предложения></ПакетПредложений>\
    </КоммерческаяИнформация>";

#[test]
fn commerce_ml_is_joined_by_id_whichever_document_comes_first() {
    for documents in [[CATALOG, OFFERS], [OFFERS, CATALOG]] {
        let mut shop = Shop::new();
        for document in documents {
            let done = shop.import(document);
            assert_eq!((done.records, done.refused), (1, 0), "{:?}", shop.said);
        }
        assert_eq!(
            shop.rows(
                "SELECT p.title, p.product_type, v.sku, v.color, v.price_minor, v.currency, s.on_hand FROM variant v
                 JOIN product p ON p.id = v.product_id JOIN stock s ON s.variant_id = v.id"
            ),
            ["Кружка|Посуда|a#b|красный|99000|RUB|2"]
        );
    }
}

#[test]
fn googles_table_and_its_stock_by_store() {
    let mut shop = Shop::new();
    let table = "id\ttitle\tlink\tprice\tavailability\timage link\nM-1\tMug\thttps://e.com\t12.50 EUR\tin stock\thttps://e.com/a.jpg,https://e.com/b.jpg\n\
                 M-2\tMug\thttps://e.com\t12.50\tin stock\t\n";
    assert_eq!(shop.counts(table), [1, 0, 0, 1]);
    assert_eq!(shop.said(), [("money/no-currency", Some(3), Some("price"))]);
    assert_eq!(shop.rows("SELECT images FROM product"), ["[\"https://e.com/a.jpg\",\"https://e.com/b.jpg\"]"]);
    shop.import("code,name,country\nS1,Shop,DE\n");
    let stock = google("<item><g:id>M-1</g:id><g:store_code>S1</g:store_code><g:quantity>5</g:quantity></item>");
    let done = shop.import(&stock);
    assert_eq!((done.format, done.counts.new), ("google-local-inventory", 1), "{:?}", shop.said);
}

#[test]
fn preorders_and_backorders_come_with_their_date() {
    let mut shop = Shop::new();
    let offer = |id: &str, word: &str, more: &str| item(id, &format!("<g:availability>{word}</g:availability>{more}"));
    let date = "<g:availability_date>2026-12-24T10:00+0100</g:availability_date>";
    let feed = google(
        &[
            offer("PRE", "preorder", date),
            offer("BACK", "backorder", date),
            offer("UNITS", "preorder", &format!("{date}<g:quantity>5</g:quantity>")),
            offer("UNDATED", "preorder", ""),
            offer("IN", "in_stock", ""),
        ]
        .concat(),
    );
    assert_eq!(shop.counts(&feed), [5, 0, 0, 0]);
    assert_eq!(shop.codes(), ["import/no-availability-date"]);
    assert_eq!(
        shop.rows("SELECT sku, availability, availability_date FROM item ORDER BY sku"),
        [
            "BACK|backorder|2026-12-24T09:00:00Z",
            "IN|in_stock|-",
            "PRE|preorder|2026-12-24T09:00:00Z",
            "UNDATED|out_of_stock|-",
            "UNITS|preorder|2026-12-24T09:00:00Z",
        ]
    );
    shop.import("sku,availability_date\nUNDATED,2026-12-01\n");
    assert_eq!(shop.rows("SELECT availability FROM item WHERE sku = 'UNDATED'"), ["preorder"]);
}

const OWN: &str = "name = \"supplier\"\noffer = \"product\"\ndecimal = \"comma\"\n[columns]\nsku = \"@code\"\ntitle = [\"label\", \"name\"]\n\
    price = \"prices/retail\"\nimage = \"pics/*@src\"\nproduct_type = { from = \"tree\", parts = \"/\" }\nquantity = \"stock\"\n\
    [options]\nColor = \"colour\"\n[attributes]\nvat = \"tax\"\n[constants]\ncurrency = \"PLN\"\n";

const OWN_XML: &str = "<catalog><group><product code=\"A-1\"><name>Mug</name><prices><net>1</net><retail>1.250,50</retail></prices>\n\
    <pics><p src=\"https://e.com/1.jpg\"/><p src=\"https://e.com/2.jpg\"/></pics><tree>Home/Mugs</tree><stock>4</stock>\
    <colour>red</colour><tax>23</tax></product>\n<product code=\"A-2\"><name>Cup</name><prices><retail>1.5</retail></prices></product>\
    </group></catalog>";

#[test]
fn any_document_of_offers_comes_in_by_a_mapping() {
    let mut shop = Shop::new();
    let error = shop.try_import(OWN_XML).unwrap_err();
    assert!(error.code == "feed/xml-item-unknown" && error.help.as_deref().unwrap().contains("--map"), "{error:?}");
    shop.options.mapping = Some(Arc::new(MappingFile::parse("supplier.toml", OWN).unwrap()));
    assert_eq!(shop.counts(OWN_XML), [1, 0, 0, 1]);
    assert_eq!(shop.said(), [("import/price-custom", Some(2), Some("retail"))]);
    assert_eq!(shop.said[0].place.line, Some(3));
    let all =
        "SELECT v.sku, p.title, p.product_type, p.images, v.price_minor, v.currency, v.color, v.attributes, p.source
               FROM variant v JOIN product p ON p.id = v.product_id";
    assert_eq!(
        shop.rows(all),
        [
            "A-1|Mug|Home > Mugs|[\"https://e.com/1.jpg\",\"https://e.com/2.jpg\"]|125050|PLN|red|{\"vat\":\"23\"}|mapping:supplier"
        ]
    );
    assert_eq!(shop.counts(OWN_XML), [0, 0, 1, 1]);

    let source = crate::intake::bytes::source::Source::bytes("x.xml", OWN_XML).unwrap();
    let explained = explain(source, &shop.options).unwrap();
    assert!(explained.columns.contains(&("retail".to_owned(), Some("price".to_owned()))), "{:?}", explained.columns);
}

#[test]
fn a_mapping_says_what_it_is_about_and_what_it_says_not() {
    for (mapping, code, line) in [
        ("offer = \"p\"\n[columns]\nsku = \"@id\"\ntitel = \"name\"\n", "mapping/no-such-column", Some(4)),
        ("offer = \"p\"\n[columns]\ntitle = \"name\"\n", "mapping/value", Some(2)),
        ("offer = [\"p\", \"q\"]\n[columns]\nsku = \"@id\"\n", "mapping/value", Some(1)),
        ("offer = \"p\"\n[columns]\nsku = \"@id@\"\n", "mapping/unreadable", Some(3)),
        ("kind = \"orders\"\noffer = \"p\"\n[columns]\nsku = \"@id\"\n", "mapping/value", Some(1)),
    ] {
        let error = MappingFile::parse("m.toml", mapping).unwrap_err();
        assert_eq!((error.code, error.place.line), (code, line), "{mapping}: {error:?}");
    }
    let mut shop = Shop::new();
    shop.options.mapping = Some(Arc::new(MappingFile::parse("m.toml", "[columns]\nsku = \"a\"\n").unwrap()));
    assert_eq!(shop.try_import(OWN_XML).unwrap_err().code, "mapping/not-a-document");
    shop.options.mapping = Some(Arc::new(MappingFile::parse("m.toml", OWN).unwrap()));
    assert_eq!(shop.try_import("a,b\n1,2\n").unwrap_err().code, "mapping/not-a-table");
    assert_eq!(shop.try_import("<catalog><item/></catalog>").unwrap_err().code, "import/no-offers");
}

#[test]
fn a_feed_leaves_alone_what_it_cannot_say() {
    let mut shop = Shop::new();
    shop.import("sku,title,price,google_product_category,condition\nh,Mug,10,2169,used\n");
    let heureka =
        "<SHOP><SHOPITEM><ITEM_ID>h</ITEM_ID><PRODUCTNAME>Mug</PRODUCTNAME><PRICE_VAT>11</PRICE_VAT></SHOPITEM></SHOP>";
    assert_eq!(shop.counts(heureka), [0, 1, 0, 0]);
    let kept = "SELECT p.google_product_category, v.price_minor FROM variant v JOIN product p ON p.id = v.product_id";
    assert_eq!(shop.rows(kept), ["2169|1100"]);
}
