//! What is peculiar to each shop system's table, and to tables that a mapping describes.
use super::Shop;
use crate::intake::MappingFile;
use std::sync::Arc;

const WOO: &str = "\u{feff}ID,Type,SKU,Name,Published,\"In stock?\",Stock,\"Weight (lbs)\",\"Sale price\",\"Regular price\",Categories,Images,Parent,\"External URL\",\"Attribute 1 name\",\"Attribute 1 value(s)\",\"Attribute 2 name\",\"Attribute 2 value(s)\"
44,variable,tee,V-Neck Tee,1,1,,,,,\"Clothing > Tees, Sale\",\"https://x.example/1.jpg, https://x.example/2.jpg\",,,Color,\"Blue, Red\",Fabric,Linen
46,simple,mug,Mug,1,1,7,.5,8,9.50,Kitchen,,,,Glaze,Matte,,
76,\"variation, virtual\",tee-red,V-Neck Tee - Red,1,1,,,,20,,https://x.example/red.jpg,tee,,Color,Red,,
77,variation,,V-Neck Tee - Blue,1,0,,,,20,,,id:44,,Color,Blue,,
87,grouped,logo,Logo Collection,1,1,,,,,,,,,,,,
89,external,pennant,Pennant,-1,1,,,,11.05,Decor,,,https://maker.example/p,,,,
90,variation,lost,Lost,1,1,,,,5,,,nowhere,,Color,Red,,
";

#[test]
fn woocommerce_variations_join_their_parent_wherever_it_stands() {
    let mut shop = Shop::new();
    shop.options.make_skus = true;
    assert_eq!(shop.counts(WOO), [4, 0, 0, 1]);
    assert_eq!(
        shop.said(),
        [("import/grouped-product", Some(6), Some("Type")), ("import/no-parent", Some(8), Some("Parent"))]
    );
    assert_eq!(
        shop.rows("SELECT item_group_id, title, product_type, images, attributes, status FROM product ORDER BY 1"),
        [
            "mug|Mug|Kitchen|[]|{\"Glaze\":\"Matte\"}|active",
            "pennant|Pennant|Decor|[]|{\"external_url\":\"https://maker.example/p\"}|draft",
            "tee|V-Neck Tee|Clothing > Tees|[\"https://x.example/1.jpg\",\"https://x.example/2.jpg\"]|{\"categories\":\"Clothing > Tees | Sale\",\"Fabric\":\"Linen\"}|active",
        ]
    );
    assert_eq!(
        shop.rows("SELECT sku, options, image, price_minor, sale_price_minor, weight_g, tracked, available FROM variant ORDER BY 1"),
        [
            "mug|{}|-|950|800|227|1|7",
            "pennant|{}|-|1105|-|-|0|0",
            "tee-red|{\"Color\":\"Red\"}|https://x.example/red.jpg|2000|-|-|0|0",
            "tee/Blue|{\"Color\":\"Blue\"}|-|2000|-|-|1|0",
        ]
    );
    assert_eq!(shop.counts(WOO), [0, 0, 4, 1]);
}

#[test]
fn woocommerce_headers_are_read_in_the_language_of_the_shop() {
    for header in
        ["ID,Тип,Артикул,Имя,Опубликован,Базовая цена", "ID,Typ,Artikelnummer,Name,Veröffentlicht,Regulärer Preis"]
    {
        let mut shop = Shop::new();
        let done = shop.import(&format!("\n\t\u{feff}{header}\n40,simple,,Халат,1,240\n41,simple,,Шарф,'-1,12\n"));
        assert_eq!((done.format, done.counts.new), ("woocommerce-products", 2), "{header}");
        assert_eq!(shop.rows("SELECT sku, price_minor FROM variant ORDER BY 1"), ["id:40|24000", "id:41|1200"]);
        assert_eq!(shop.rows("SELECT status FROM product"), ["active", "draft"]);
    }
}

/// A post of WordPress's export: its type, number, parent, title, more elements, and what its database says.
fn post(kind: &str, id: u32, parent: u32, title: &str, more: &str, metas: &[(&str, &str)]) -> String {
    let meta = |(key, value): &(&str, &str)| {
        format!(
            "<wp:postmeta><wp:meta_key><![CDATA[{key}]]></wp:meta_key><wp:meta_value><![CDATA[{value}]]></wp:meta_value></wp:postmeta>\n"
        )
    };
    format!(
        "<item><title><![CDATA[{title}]]></title><link>https://x.example/?p={id}</link>{more}\n<wp:post_id>{id}</wp:post_id>\
         <wp:post_parent>{parent}</wp:post_parent><wp:post_type><![CDATA[{kind}]]></wp:post_type>\n{}</item>\n",
        metas.iter().map(meta).collect::<String>()
    )
}

fn wordpress(posts: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<rss version=\"2.0\" xmlns:excerpt=\"http://wordpress.org/export/1.2/excerpt/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:wp=\"http://wordpress.org/export/1.2/\"><channel>\
         <title>Shop</title><wp:term><wp:term_taxonomy>product_cat</wp:term_taxonomy><wp:term_slug>tees</wp:term_slug>\
         <wp:term_parent>clothing</wp:term_parent><wp:term_name>Tees</wp:term_name></wp:term>\
         <wp:term><wp:term_taxonomy>product_cat</wp:term_taxonomy><wp:term_slug>clothing</wp:term_slug>\
         <wp:term_parent></wp:term_parent><wp:term_name>Clothing</wp:term_name></wp:term>\n{}</channel></rss>\n",
        posts.concat()
    )
}

#[test]
fn wordpress_exports_are_read_as_woocommerces_own_table() {
    let mut shop = Shop::new();
    shop.options.make_skus = true;
    let term = |taxonomy: &str, slug: &str, name: &str| {
        format!("<category domain=\"{taxonomy}\" nicename=\"{slug}\"><![CDATA[{name}]]></category>")
    };
    let of_tee = term("product_type", "variable", "variable")
        + &term("product_cat", "tees", "Tees")
        + &term("pa_color", "dark-blue", "Dark Blue")
        + "<wp:status>publish</wp:status><content:encoded><![CDATA[<p>Soft.</p>]]></content:encoded>";
    let attributes = "a:2:{s:8:\"pa_color\";a:3:{s:4:\"name\";s:8:\"pa_color\";s:5:\"value\";s:0:\"\";s:11:\"is_taxonomy\";i:1;}\
                      s:6:\"fabric\";a:3:{s:4:\"name\";s:6:\"Fabric\";s:5:\"value\";s:5:\"Linen\";s:11:\"is_taxonomy\";i:0;}}";
    let simple = "<wp:status>private</wp:status>".to_owned() + &term("product_type", "simple", "simple");
    let export = wordpress(&[
        post("post", 1, 0, "Hello", "", &[]),
        post(
            "product",
            44,
            0,
            "V-Neck Tee",
            &of_tee,
            &[
                ("_sku", "tee"),
                ("_thumbnail_id", "90"),
                ("_product_image_gallery", "91,92"),
                ("_product_attributes", attributes),
            ],
        ),
        post(
            "product_variation",
            76,
            44,
            "V-Neck Tee - Dark Blue",
            "<wp:status>publish</wp:status>",
            &[
                ("_sku", "tee-blue"),
                ("_regular_price", "20"),
                ("_sale_price", "15.50"),
                ("_manage_stock", "yes"),
                ("_stock", "7"),
                ("attribute_pa_color", "dark-blue"),
                ("_backorders", "notify"),
                ("_weight", ".2"),
            ],
        ),
        post(
            "product_variation",
            77,
            44,
            "V-Neck Tee - Any",
            "<wp:status>publish</wp:status>",
            &[("_regular_price", "20"), ("_stock_status", "outofstock"), ("attribute_pa_color", "red")],
        ),
        post("product", 80, 0, "Mug", &simple, &[("_sku", "mug"), ("_regular_price", "9,50")]),
        post("product", 81, 0, "Cup", &simple, &[("_sku", "cup"), ("_regular_price", "9.50")]),
        post("product", 82, 0, "Old", "<wp:status>trash</wp:status>", &[("_sku", "old"), ("_regular_price", "9.50")]),
        post("shop_order", 83, 0, "Order", "<wp:status>wc-completed</wp:status>", &[("_billing_email", "a@b.example")]),
        post("attachment", 90, 0, "tee", "<wp:attachment_url>https://x.example/1.jpg</wp:attachment_url>", &[]),
        post("attachment", 92, 0, "tee", "<wp:attachment_url>https://x.example/2.jpg</wp:attachment_url>", &[]),
    ]);
    let done = shop.import(&export);
    assert_eq!((done.format, done.records, done.counts.new, done.refused), ("woocommerce-products", 5, 3, 1));
    let line = export.lines().position(|line| line.contains("9,50")).unwrap() as u64 + 1;
    let codes: Vec<_> = shop.said.iter().map(|d| (d.code.as_str(), d.place.line)).collect();
    assert!(codes.contains(&("import/price-custom", Some(line))), "{codes:?}");
    for code in ["import/weight-unit", "import/images-elsewhere"] {
        assert!(shop.codes().contains(&code), "{code}: {:?}", shop.said);
    }
    assert_eq!(
        shop.rows("SELECT item_group_id, title, description, product_type, path, images, attributes, status FROM product ORDER BY 1"),
        [
            "cup|Cup|-|-|https://x.example/?p=81|[]|{}|draft",
            "tee|V-Neck Tee|<p>Soft.</p>|Clothing > Tees|https://x.example/?p=44|[\"https://x.example/1.jpg\",\"https://x.example/2.jpg\"]|{\"Color\":\"Dark Blue\",\"Fabric\":\"Linen\"}|active",
        ]
    );
    assert_eq!(
        shop.rows("SELECT sku, options, price_minor, sale_price_minor, tracked, sells_when_out, available FROM variant ORDER BY 1"),
        [
            "cup|{}|950|-|0|0|0",
            "tee-blue|{\"Color\":\"Dark Blue\"}|2000|1550|1|1|7",
            "tee/red|{\"Color\":\"red\"}|2000|-|1|0|0",
        ]
    );
    assert_eq!(shop.counts(&export), [0, 0, 3, 1]);
    shop.options.weight_unit = crate::intake::Unit::parse("kg");
    assert_eq!(shop.counts(&export), [0, 1, 2, 1]);
    assert_eq!(shop.rows("SELECT weight_g FROM variant WHERE sku = 'tee-blue'"), ["200"]);
    let error = shop.try_import(&wordpress(&[post("post", 1, 0, "Hello", "", &[])])).unwrap_err();
    assert_eq!(error.code, "import/no-products");
}

#[test]
fn rows_that_wait_are_as_many_as_they_will() {
    let mut shop = Shop::new();
    let header = "sku,attribute_set_code,product_type,name,price,visibility,qty,configurable_variations\n";
    let simple: String = (0..300).map(|n| format!("V-{n},A,simple,Vest {n},9,Not Visible Individually,1,\n")).collect();
    // every third is named, last first
    let named: Vec<String> = (0..300).step_by(3).rev().map(|n| format!("sku=V-{n},size={n}")).collect();
    let file = format!("{header}{simple}V,A,configurable,Vest,,Catalog,,\"{}\"\n", named.join("|"));
    assert_eq!(shop.counts(&file), [300, 0, 0, 0]);
    assert_eq!(shop.rows("SELECT count(*), min(sku), max(title) FROM variant WHERE title IS NOT NULL"), ["100|V-0|99"]);
    assert_eq!(shop.rows("SELECT count(DISTINCT product_id) FROM variant"), ["201"]);
    assert_eq!(shop.counts(&file), [0, 0, 300, 0]);
}

const MAGENTO: &str = "sku,store_view_code,attribute_set_code,product_type,categories,name,price,special_price,url_key,base_image,visibility,product_online,additional_attributes,qty,configurable_variations
H-S,,Top,simple,\"Default Category/Men/Hoodies,Default Category\",Hoodie-S,52,,hoodie-s,/h.jpg,Not Visible Individually,1,\"size=S,has_options=0\",100.0000,
H-M,,Top,simple,,Hoodie-M,52.000000,41.50,hoodie-m,/h.jpg,Not Visible Individually,1,size=M,3,
BAG,,Bag,simple,,Bag,9,,bag,https://x.example/b.jpg,\"Catalog, Search\",0,,1,
H,,Top,configurable,Default Category/Men,Hoodie,52,,hoodie,https://x.example/h.jpg,\"Catalog, Search\",1,\"material=Wool, soft,climate=Cool|Windy\",0,\"sku=H-S,size=S|sku=H-M,size=M\"
H,de,Top,configurable,,Kapuzenpulli,,,,,,,,,
SET,,Top,bundle,,Set,,,,,,1,,,
ALONE,,Top,simple,,Alone,5,,alone,,Not Visible Individually,1,,0,
";

#[test]
fn magento_variants_wait_for_the_product_below_them() {
    let mut shop = Shop::new();
    assert_eq!(shop.counts(MAGENTO), [4, 0, 0, 0]);
    assert_eq!(shop.codes(), ["import/relative-image", "import/store-view", "import/grouped-product"]);
    assert_eq!(
        shop.rows("SELECT p.item_group_id, p.title, path, p.status, p.attributes, sku, options, price_minor, sale_price_minor, available
                   FROM product p JOIN variant v ON v.product_id = p.id ORDER BY sku"),
        [
            "ALONE|Alone|/alone.html|active|{}|ALONE|{}|500|-|0",
            "BAG|Bag|/bag.html|draft|{}|BAG|{}|900|-|1",
            "H|Hoodie|/hoodie.html|active|{\"material\":\"Wool, soft\",\"climate\":\"Cool|Windy\"}|H-M|{\"size\":\"M\"}|5200|4150|3",
            "H|Hoodie|/hoodie.html|active|{\"material\":\"Wool, soft\",\"climate\":\"Cool|Windy\"}|H-S|{\"size\":\"S\"}|5200|-|100",
        ]
    );
    assert_eq!(shop.counts(MAGENTO), [0, 0, 4, 0]);
}

#[test]
fn magento_records_may_name_their_parent() {
    let mut shop = Shop::new();
    let file = "attribute_set_code,sku,name,product_type,price,qty,parent_sku,flavor\nD,Ten,Ten Pack,configurable,,0.0000,,\nD,T-1,Ten Pack-Ice,simple,99.950000,0.0000,Ten,Ice\nD,T-1,Ten Pack-Ice,simple,99.950000,0.0000,Ten,Ice\n";
    assert_eq!(shop.counts(file), [1, 0, 1, 0]);
    assert_eq!(shop.codes(), ["import/repeated-record"]);
    assert_eq!(shop.rows("SELECT p.title, options FROM product p JOIN variant v"), ["Ten Pack|{\"Flavor\":\"Ice\"}"]);
}

#[test]
fn anybodys_table_is_read_by_the_names_of_its_columns() {
    let mut shop = Shop::new();
    let file = "Artikelnummer;Bezeichnung;VK brutto;Marke;Farbe;Gewicht (kg);Bestand;Bild\nA-1;Tasse;1.234,56;Acme;blau;0,25;3;https://x.example/a.jpg\nA-2;Teller;1,234;Acme;;;;\n";
    assert_eq!(shop.counts(file), [1, 0, 0, 1]);
    let said = shop.said();
    assert_eq!((said[0].1, said[0].2), (Some(3), Some("VK brutto")), "1,234 is 1.23 or 1234: {said:?}");
    assert_eq!(
        shop.rows(
            "SELECT sku, p.title, brand, price_minor, options, weight_g, available, images FROM product p JOIN variant v"
        ),
        ["A-1|Tasse|Acme|123456|{\"Color\":\"blau\"}|250|3|[\"https://x.example/a.jpg\"]"]
    );
    assert_eq!(shop.counts(file), [0, 0, 1, 1]);
}

#[test]
fn a_mapping_says_what_columns_mean_and_how_amounts_are_written() {
    let mut shop = Shop::new();
    let mapping = "name = \"supplier\"\ndecimal = \"comma\"\nweight_unit = \"g\"\nimage_base = \"https://x.example/media\"\n[columns]\nsku = \"Nr|alt\"\ntitle = \"Text\"\nprice = \"EUR\"\nimage = \"Pic\"\nweight = \"Masse\"\n[options]\nColor = \"F\"\n[attributes]\nfabric = \"St\"\n[constants]\nbrand = \"Acme\"\ncurrency = \"USD\"\n";
    shop.options.mapping = Some(Arc::new(MappingFile::parse("m.toml", mapping).unwrap()));
    let file = "Nr|alt;Text;EUR;Pic;Masse;F;St\nA-1;Tasse;1.234;/a.jpg;250;blau;Ton\nA-2;Teller;12.50;;;;\n";
    assert_eq!(shop.counts(file), [1, 0, 0, 1]);
    assert_eq!(shop.said(), [("import/price-custom", Some(3), Some("EUR"))]);
    assert_eq!(
        shop.rows("SELECT sku, brand, price_minor, currency, weight_g, options, p.attributes, images FROM product p JOIN variant"),
        ["A-1|Acme|123400|USD|250|{\"Color\":\"blau\"}|{\"fabric\":\"Ton\"}|[\"https://x.example/media/a.jpg\"]"]
    );
    shop.options.mapping = None;
    shop.import("store_code,name\nmain,Main\n");
    let stock = "kind = \"stock\"\n[columns]\nsku = \"Nr\"\nquantity = \"Menge\"\n";
    shop.options.mapping = Some(Arc::new(MappingFile::parse("m.toml", stock).unwrap()));
    shop.options.location = Some("main".to_owned());
    shop.import("Nr;Menge\nA-1;5\n");
    assert_eq!(shop.rows("SELECT available FROM variant"), ["5"]);
}

#[test]
fn exports_of_shop_systems_are_layouts() {
    for (format, sql, rows, file) in [
        (
            "prestashop-products",
            "SELECT sku, p.title, brand, price_minor, weight_g, gtin, available, p.condition FROM product p JOIN variant v",
            vec!["R-1|iPod|Apple|4900|500|4006381333931|800|new"],
            "id;Active (0/1);Name*;Categories (x,y,z,...);Price tax excl.;Reference #;Manufacturer;EAN13;Weight;Quantity;Condition\n1;1;iPod;Home, iPods;49;R-1;Apple;4006381333931;0.5;800;new;\n",
        ),
        (
            "shopware-products",
            "SELECT sku, price_minor, currency, available FROM variant",
            vec!["P1|59000|EUR|31"],
            "id;parent_id;product_number;stock;name;price_net;price_gross;price_gross_eur\nab12;;P1;31;Vinyl;495.79831932773;700;590\n",
        ),
        (
            "spree-products",
            "SELECT item_group_id, p.title, sku, options, price_minor, weight_g, available FROM product p JOIN variant v",
            vec!["shirt|Shirt|S-XS|{\"Color\":\"Blue\",\"Size\":\"XS\"}|6299|454|100"],
            "slug,sku,name,status,price,compare_at_price,currency,weight,weight_unit,inventory_count,option1_name,option1_value,option2_name,option2_value\nshirt,,Shirt,draft,0.0,0.0,USD,0.0,lb,100,,,,\nshirt,S-XS,,,62.99,0.0,USD,1,lb,100,Color,Blue,Size,XS\n",
        ),
        (
            "medusa-products",
            "SELECT item_group_id, p.status, sku, options, price_minor FROM product p JOIN variant",
            vec!["base|draft|base/large|{\"size\":\"large\"}|4500"],
            "Product Handle,Product Title,Product Status,Variant Sku,Variant Option 1 Name,Variant Option 1 Value,Variant Price DKK,Variant Price EUR\nbase,Base,draft,,size,large,300,45\n",
        ),
        (
            "google-products",
            "SELECT item_group_id, sku, path, price_minor, currency, images FROM product p JOIN variant v",
            vec!["G1|A|https://x.example/a|1000|USD|[\"https://x.example/1.jpg\",\"https://x.example/2,b.jpg\"]"],
            "id,title,link,price,availability,item_group_id,image_link,additional_image_link\nA,Tee,https://x.example/a,10.00 USD,in stock,G1,https://x.example/1.jpg,\"https://x.example/2,b.jpg\"\n",
        ),
    ] {
        let mut shop = Shop::new();
        let done = shop.import(file);
        assert_eq!((done.format, done.counts.new, done.refused), (format, 1, 0), "{:?}", shop.said());
        assert_eq!(shop.codes().contains(&"import/net-price"), format == "prestashop-products", "{:?}", shop.said());
        assert_eq!(shop.rows(sql), rows, "{format}");
        assert_eq!(shop.counts(file), [0, 0, 1, 0], "{format}");
    }
}

#[test]
fn orders_of_each_system_land_with_state_prices_and_address() {
    let sql = "SELECT channel, channel_order_id, o.state, total_minor, o.shipping_minor, group_concat(quantity || 'x' || l.price_minor || ':' || l.shipped, ' ') FROM orders o JOIN line_item l ON l.order_id = o.id GROUP BY o.id";
    for (format, row, file) in [
        (
            "shopify-orders",
            "shopify|#1001|partly_shipped|7793|0|3x2474:3 1x0:0",
            "Name,Financial Status,Fulfillment Status,Paid at,Currency,Total,Shipping,Taxes,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem fulfillment status,Shipping Name,Shipping Address1,Shipping Zip,Shipping Country\n#1001,paid,partial,2023-04-22 19:09:26 -0700,USD,77.93,0.00,3.71,2023-04-22 19:09:25 -0700,3,Pads,24.74,P-1,fulfilled,Ann,Elm 1,'85260,US\n#1001,,,,,,,,,1,Gift,0,P-2,pending,,,,\n",
        ),
        (
            "woocommerce-orders",
            "woocommerce|10001|shipped|72658|0|2x21616:2 2x14713:2",
            "order_number,order_date,status,order_currency,shipping_total,order_total,shipping_first_name,shipping_last_name,shipping_address_1,shipping_country,product_name,sku,quantity,item_total\n10001,2026-04-26T21:32:57Z,completed,USD,0,726.58,Ann,Moore,Oak 1,US,Kit,W-1,2,432.32\n10001,2026-04-26T21:32:57Z,completed,USD,,,Ann,Moore,Oak 1,US,Food,W-2,2,294.26\n",
        ),
        (
            "amazon-orders",
            "amazon|123-1|ready|655|398|2x64:0 1x129:0",
            "order-id\torder-item-id\tpurchase-date\tsku\tproduct-name\tquantity-purchased\tcurrency\titem-price\titem-tax\tshipping-price\trecipient-name\tship-address-1\tship-country\n123-1\t11\t2009-01-01T10:50:49-08:00\tA\tone\t2\tUSD\t1.28\t0.00\t1.99\tBob\tMain 1\tUS\n123-1\t12\t2009-01-01T10:50:49-08:00\tB\ttwo\t1\tUSD\t1.29\t0.00\t1.99\tBob\tMain 1\tUS\n",
        ),
    ] {
        let mut shop = Shop::new();
        let done = shop.import(file);
        assert_eq!((done.format, done.counts.new, done.refused), (format, 1, 0), "{:?}", shop.said());
        assert!(shop.codes().iter().all(|code| *code == "order/unmatched-line"), "{:?}", shop.said());
        assert_eq!(shop.rows(sql), [row], "{format}");
        assert_eq!(shop.counts(file), [0, 0, 1, 0], "{format}");
    }
}

#[test]
fn reviews_are_kept_once_and_wrong_ones_name_their_cell() {
    let mut shop = Shop::new();
    shop.import("sku,title,price\nM-1,Mug,5\n");
    let file = "review_id,sku,rating,content,created_at\nr1,M-1,5,Nice,2026-01-02\nr2,M-1,6,Odd,2026-01-02\nr3,X,5,Lost,2026-01-02\nr4,M-1,4,When,\nr1,M-1,2,Twice,2026-01-03\n";
    assert_eq!(shop.counts(file), [1, 0, 0, 4]);
    assert_eq!(
        shop.said(),
        [
            ("import/rating", Some(3), Some("rating")),
            ("import/unknown-product", Some(4), Some("sku")),
            ("time/empty", Some(5), Some("created_at")),
            ("import/duplicate-review", Some(6), Some("review_id")),
        ]
    );
    assert_eq!(shop.counts(file), [0, 0, 1, 4]);
    assert_eq!(shop.counts(&file.replace("Nice", "Very nice")), [0, 1, 0, 4]);
    assert_eq!(
        shop.rows("SELECT external_id, rating, content, written_at FROM review"),
        ["r1|5|Very nice|2026-01-02T00:00:00Z"]
    );
}

#[test]
fn wix_variants_cost_what_their_product_costs_and_more() {
    let mut shop = Shop::new();
    let file = "\u{feff}handleId,fieldType,name,productImageUrl,sku,price,surcharge,visible,discountMode,discountValue,inventory,productOptionName1,productOptionDescription1,brand
p1,Product,Card,a~mv2.jpg;b~mv2.png,,10.0,,true,PERCENT,25.0,InStock,Paper,White;Cream,Acme
p1,Variant,,,,,0.0,true,,,4,,White,
p1,Variant,,,,,2.5,true,,,OutOfStock,,Cream,
p2,Product,Pin,c.png,,6.99,,false,PERCENT,0.0,12,,,
";
    assert_eq!(shop.counts(file), [3, 0, 0, 0], "{:?}", shop.said());
    assert_eq!(
        shop.rows("SELECT sku, options, price_minor, sale_price_minor, tracked, available FROM variant ORDER BY 1"),
        [
            "p1/Cream|{\"Paper\":\"Cream\"}|1250|938|1|0",
            "p1/White|{\"Paper\":\"White\"}|1000|750|1|4",
            "p2|{}|699|-|1|12"
        ]
    );
    assert_eq!(
        shop.rows("SELECT title, status, images FROM product ORDER BY 1"),
        [
            "Card|active|[\"https://static.wixstatic.com/media/a~mv2.jpg\",\"https://static.wixstatic.com/media/b~mv2.png\"]",
            "Pin|draft|[\"https://static.wixstatic.com/media/c.png\"]",
        ]
    );
    assert_eq!(shop.counts(file), [0, 0, 3, 0]);
}

const PRESTASHOP: &str = "Product ID;Active (0/1);Name *;Price tax included;Reference #;Weight;Quantity\n\
    7;1;Player;100;RP-7;0.2;9\n8;1;Case;20;RP-8;0.1;3\n";
const COMBINATIONS: &str = "Product ID*;Product Reference;Attribute (Name:Type:Position)*;Value (Value:Position)*;Reference;EAN13;\
    Wholesale price;Impact on price;Quantity;Impact on weight\n\
    7;;Color:color:0, Disk: 16:select:1;Blue:0, 16GB:1;RP-7-B;;0;40.5;10;0.05\n\
    ;RP-7;Color:color:0;Red:0;;;60;-20;4;0\n\
    7;;Color:color:0;Red:0, M:1;RP-7-C;;0;0;1;0\n\
    9;;Color:color:0;Red:0;RP-9-R;;0;0;1;0\n\
    7;;Color:color:0;Pink:0;RP-7-P;;0;-101;1;0\n\
    8;;Color:color:0;Pink:0;RP-8;;0;0;1;0\n";

#[test]
fn combinations_of_prestashop_are_variants_of_products_that_are_known() {
    let mut shop = Shop::new();
    assert_eq!(shop.counts(COMBINATIONS), [0, 0, 0, 6]);
    assert!(shop.codes().iter().all(|code| *code == "import/unknown-product"), "{:?}", shop.said);

    shop.import(PRESTASHOP);
    shop.options.make_skus = true;
    assert_eq!(shop.counts(COMBINATIONS), [2, 0, 0, 4], "{:?}", shop.said);
    let why = ["import/uneven-options", "import/unknown-product", "import/price-impact", "import/sku-of-product"];
    assert_eq!(shop.codes(), why);
    let items =
        "SELECT sku, item_group_id, options, price_minor, cost_minor, weight_g, available FROM item ORDER BY sku";
    let sold = [
        "RP-7-B|RP-7|{\"Color\":\"Blue\",\"Disk\":\"16GB\"}|14050|-|250|10",
        "RP-7/Red|RP-7|{\"Color\":\"Red\"}|8000|6000|200|4",
        "RP-8|RP-8|{}|2000|-|100|3",
    ];
    assert_eq!(shop.rows(items), sold);
    assert_eq!(shop.counts(COMBINATIONS), [0, 0, 2, 4]);

    // the products' file knows nothing of combinations, and takes none away
    shop.options.archive_missing = true;
    let done = shop.import(PRESTASHOP);
    assert_eq!((done.counts.same, done.vanished), (2, 0));
    assert_eq!(shop.rows(items), sold);
}

#[test]
fn categories_stand_beside_product_types() {
    let mut shop = Shop::new();
    shop.import("sku,title,price,product_type,category\nA,Mug,10,Mugs,Home > Kitchen\nB,Cup,10,,Home\n");
    let all = "SELECT sku, product_type, category FROM item ORDER BY sku";
    assert_eq!(shop.rows(all), ["A|Mugs|Home > Kitchen", "B|-|Home"]);
    // a file that has only one of them says the product type, as ever
    shop.import("sku,title,price,category\nC,Pot,10,Home\n");
    assert_eq!(shop.rows("SELECT product_type, category FROM item WHERE sku = 'C'"), ["Home|-"]);

    let header = "Handle,Title,Variant SKU,Variant Price,Product Category,Google Shopping / Google Product Category\n";
    shop.import(&format!(
        "{header}s,Sock,S-1,5,Apparel > Socks,\nt,Tie,T-1,5,Apparel > Ties,176\nu,Urn,U-1,5,Uncategorized,\n"
    ));
    let google = "SELECT sku, google_product_category FROM item WHERE sku LIKE '%-1' ORDER BY sku";
    assert_eq!(shop.rows(google), ["S-1|Apparel > Socks", "T-1|176", "U-1|-"]);
}
