//! What a merchant may rely on, file by file: small files in, and what the catalog then has and the report then says.
mod feeds;
mod formats;
mod json;
mod siblings;

use super::bytes::source::Source;
use super::detect::Kind;
use super::{Imported, Options, channels, explain, import};
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Error, Severity};
use crate::value::Currency;
use std::time::Duration;
use tempfile::TempDir;

/// A shop that files are imported into.
struct Shop {
    dir: TempDir,
    options: Options,
    /// Of the last import.
    said: Vec<Diagnostic>,
}

impl Shop {
    fn new() -> Shop {
        let dir = tempfile::tempdir().unwrap();
        let now = "2026-11-25T09:00:00Z".parse().unwrap();
        Catalog::of_shop(dir.path()).create(now).unwrap();
        Shop { dir, options: Options::new(Currency::parse("EUR").unwrap(), now), said: Vec::new() }
    }

    fn try_import(&mut self, text: &str) -> Result<Imported, Error> {
        let mut said = Vec::new();
        let source = Source::bytes("x.csv", text).unwrap();
        let mut writer =
            Catalog::of_shop(self.dir.path()).write("purvey import", self.options.now, Duration::ZERO).unwrap();
        let done = import(&mut writer, source, &self.options, &mut |d| said.push(d.clone()), &mut |_| {});
        self.said = said;
        done
    }

    fn import(&mut self, text: &str) -> Imported {
        self.try_import(text).unwrap_or_else(|e| panic!("{e}"))
    }

    /// new, changed, same, refused
    fn counts(&mut self, text: &str) -> [u64; 4] {
        let done = self.import(text);
        [done.counts.new, done.counts.changed, done.counts.same, done.refused]
    }

    /// Code, record and column of what was said.
    fn said(&self) -> Vec<(&str, Option<u64>, Option<&str>)> {
        self.said.iter().map(|d| (d.code.as_str(), d.place.record, d.place.attribute.as_deref())).collect()
    }

    fn codes(&self) -> Vec<&str> {
        self.said.iter().map(|d| d.code.as_str()).collect()
    }

    /// Rows of a query, cells joined with `|`.
    fn rows(&self, sql: &str) -> Vec<String> {
        let reader = Catalog::of_shop(self.dir.path()).read().unwrap();
        let mut select = reader.conn().prepare(sql).unwrap();
        let width = select.column_count();
        let cell = |value: rusqlite::types::Value| match value {
            rusqlite::types::Value::Null => "-".to_owned(),
            rusqlite::types::Value::Integer(n) => n.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        };
        let rows = select.query_map([], |row| {
            Ok((0..width).map(|i| row.get(i).map(cell)).collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
        });
        rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    fn revision(&self) -> i64 {
        Catalog::of_shop(self.dir.path()).read().unwrap().revision().unwrap()
    }
}

const SHIRTS: &str = "\
Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,Google Shopping / MPN,Material (product.metafields.custom.material),Variant Image,Cost per item,Status
linen-shirt,Linen Shirt,<p>Cool.</p>,Acme,Shirts,\"summer, linen\",true,Color,Blue,Size,M,LS-B-M,210.6,shopify,7,continue,30.00,40.00,4006381333931,https://cdn.example.com/2.jpg,2,MP-1,linen,https://cdn.example.com/b.jpg,12.50,active
linen-shirt,,,,,,,,Red,,L,LS-R-L,0.0,,9,deny,30.00,,,https://cdn.example.com/1.jpg,1,,,,,
linen-shirt,,,,,,,,,,,,,,,,,,,https://cdn.example.com/3.jpg,3,,,,,
mug,Mug,,,,,false,Title,Default Title,,,MUG,,shopify,0,deny,8.00,8.00,,,,,,,,active
";

#[test]
fn shopify_products_land_with_variants_images_options_and_stock() {
    let mut shop = Shop::new();
    assert_eq!(shop.counts(SHIRTS), [3, 0, 0, 0]);
    assert_eq!(shop.said(), [("import/no-sale", Some(5), Some("Variant Price"))]);
    assert_eq!(
        shop.rows("SELECT item_group_id, title, brand, path, images, tags, attributes, status FROM product"),
        [
            "linen-shirt|Linen Shirt|Acme|/products/linen-shirt|[\"https://cdn.example.com/1.jpg\",\"https://cdn.example.com/2.jpg\",\"https://cdn.example.com/3.jpg\"]|[\"summer\",\"linen\"]|{\"custom.material\":\"linen\"}|active",
            "mug|Mug|-|/products/mug|[]|[]|{}|draft",
        ]
    );
    assert_eq!(
        shop.rows("SELECT sku, options, color, size, price_minor, sale_price_minor, currency, cost_minor, weight_g, tracked, sells_when_out, gtin, mpn, image, available FROM variant"),
        [
            "LS-B-M|{\"Color\":\"Blue\",\"Size\":\"M\"}|Blue|M|4000|3000|EUR|1250|211|1|1|4006381333931|MP-1|https://cdn.example.com/b.jpg|7",
            "LS-R-L|{\"Color\":\"Red\",\"Size\":\"L\"}|Red|L|3000|-|EUR|-|-|0|0|-|-|-|0",
            "MUG|{}|-|-|800|-|EUR|-|-|1|0|-|-|-|0",
        ]
    );
    assert_eq!(shop.rows("SELECT code FROM location"), ["main"]);
}

#[test]
fn the_same_file_twice_changes_nothing_and_one_cell_changes_one_variant() {
    let mut shop = Shop::new();
    shop.import(SHIRTS);
    let revision = shop.revision();
    assert_eq!(shop.counts(SHIRTS), [0, 0, 3, 0]);
    assert_eq!(shop.revision(), revision);
    assert_eq!(shop.rows("SELECT count(*) FROM cause"), ["1"]);
    assert_eq!(shop.counts(&SHIRTS.replace(",8.00,8.00,", ",7.50,8.00,")), [0, 1, 2, 0]);
    assert_eq!(shop.rows("SELECT sku FROM variant WHERE revision > 1"), ["MUG"]);
    assert_eq!(shop.rows("SELECT price_minor, sale_price_minor FROM variant WHERE sku = 'MUG'"), ["800|750"]);
}

#[test]
fn a_file_with_few_columns_changes_only_those() {
    let mut shop = Shop::new();
    shop.import(SHIRTS);
    let few = "Handle,Variant SKU,Variant Inventory Qty\nmug,MUG,5\nlinen-shirt,LS-B-M,7\nnew,NEW,1\n";
    assert_eq!(shop.counts(few), [0, 1, 1, 1]);
    assert_eq!(shop.said()[0], ("import/no-title", Some(4), None));
    assert_eq!(
        shop.rows("SELECT sku, price_minor, available FROM variant ORDER BY sku"),
        ["LS-B-M|4000|7", "LS-R-L|3000|0", "MUG|800|5"]
    );
}

const HEAD: &str =
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Barcode,Image Src,Status\n";

fn table(rows: &[&str]) -> String {
    format!("{HEAD}{}\n", rows.join("\n"))
}

#[test]
fn a_duplicate_sku_names_both_records_and_neither_is_taken() {
    let mut shop = Shop::new();
    let file = table(&[
        "a,A,Title,Default Title,S-1,1.00,,,",
        "b,B,Size,S,S-1,2.00,,,",
        "b,,,M,S-2,2.00,,,",
        "b,,,L,S-2,3.00,,,",
    ]);
    assert_eq!(shop.counts(&file), [0, 0, 0, 4]);
    let [first, second] = shop.said.as_slice() else { panic!("{:?}", shop.said) };
    assert_eq!((first.code.as_str(), first.place.record), ("import/duplicate-sku", Some(3)));
    assert!(first.message.contains("record 2 (line 2)"), "{}", first.message);
    assert!(second.message.contains("record 4 (line 4)"), "{}", second.message);
    assert_eq!(shop.rows("SELECT count(*) FROM product"), ["0"]);
}

#[test]
fn a_product_that_was_taken_back_may_come_again_in_the_same_file() {
    let mut shop = Shop::new();
    let rows = ["a,A,Title,Default Title,S-1,1.00,,,", "b,B,Title,Default Title,S-1,2.00,,,", "a,A,Size,S,S-3,3.00,,,"];
    assert_eq!(shop.counts(&table(&rows)), [1, 0, 0, 2]);
    let sql = "SELECT p.item_group_id, v.sku FROM product p JOIN variant v ON v.product_id = p.id";
    assert_eq!(shop.rows(sql), ["a|S-3"]);
}

#[test]
fn levels_ledger_and_availability_of_a_first_load_agree() {
    let mut shop = Shop::new();
    let mut file = String::from("Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty\n");
    (0..150).for_each(|n| file.push_str(&format!("p{n},P,S-{n},1.00,{}\n", n % 5 - 1)));
    assert_eq!(shop.counts(&file), [150, 0, 0, 0]);
    let sql = "SELECT sum(v.available), sum(s.available), sum(s.on_hand), sum(m.on_hand), count(*)
               FROM variant v JOIN stock s ON s.variant_id = v.id JOIN movement m ON m.variant_id = v.id
               WHERE v.available = s.available AND s.available = max(0, s.on_hand) AND m.on_hand = s.on_hand
                 AND v.revision = s.revision";
    assert_eq!(shop.rows(sql), ["180|180|150|150|150"]);
    let revision = shop.revision();
    assert_eq!(shop.counts(&file), [0, 0, 150, 0]);
    assert_eq!(shop.revision(), revision);
}

#[test]
fn a_duplicate_sku_of_a_variant_the_catalog_has_leaves_that_as_it_was() {
    let mut shop = Shop::new();
    let with_stock = "Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty\na,A,S-1,1.00,5\n";
    shop.import(with_stock);
    let before = shop.rows("SELECT * FROM variant");
    let twice = "Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty\na,A,S-1,9.00,6\nb,B,S-1,1.00,5\nc,C,S-3,1.00,1\n";
    assert_eq!(shop.counts(twice), [1, 0, 0, 2]);
    assert_eq!(shop.rows("SELECT * FROM variant WHERE sku = 'S-1'"), before);
    assert_eq!(shop.rows("SELECT on_hand FROM stock"), ["5", "1"]);
    assert_eq!(
        shop.rows("SELECT sum(on_hand) FROM movement GROUP BY variant_id"),
        shop.rows("SELECT on_hand FROM stock"),
        "the ledger still adds up"
    );
}

#[test]
fn missing_skus_are_made_where_a_shop_has_none_and_refused_where_it_has() {
    let mut shop = Shop::new();
    let none = table(&["tee,Tee,Size,Small,,9.00,,,", "tee,,,Large,,9.00,,,", "cap,Cap,Title,Default Title,,5.00,,,"]);
    assert_eq!(shop.counts(&none), [3, 0, 0, 0]);
    assert_eq!(shop.rows("SELECT sku FROM variant ORDER BY id"), ["tee/Small", "tee/Large", "cap"]);
    assert_eq!(shop.counts(&none), [0, 0, 3, 0]);
    let mixed = table(&["a,A,Title,Default Title,A-1,1.00,,,", "b,B,Title,Default Title,,1.00,,,"]);
    assert_eq!(shop.counts(&mixed), [1, 0, 0, 1]);
    assert_eq!(shop.said(), [("import/no-sku", Some(3), Some("Variant SKU"))]);
    shop.options.make_skus = true;
    assert_eq!(shop.counts(&mixed), [1, 0, 1, 0]);
}

#[test]
fn variants_that_cannot_be_told_apart_are_refused() {
    let mut shop = Shop::new();
    let file = table(&["tee,Tee,Size,Small,,9.00,,,", "tee,,,Small,,8.00,,,"]);
    assert_eq!(shop.counts(&file), [1, 0, 0, 1]);
    assert_eq!(shop.codes(), ["import/same-options"]);
}

#[test]
fn prices_belong_to_whom_purvey_toml_says() {
    let mut shop = Shop::new();
    shop.import("sku,title,price\nA,Mug,10.00\n");
    let own = |field: &str, source: &str| (field.to_owned(), source.to_owned());
    shop.options.owners = [own("price", "erp"), own("price_list.vip", "erp")].into();
    let file = "sku,price,sale_price,price_list\nA,9.00,8.00,\nA,7.00,,vip\nA,6.00,,club\n";
    assert_eq!(shop.counts(file), [1, 1, 1, 0]);
    assert_eq!(shop.codes(), ["import/owned", "import/owned"]);
    let rows = |shop: &Shop| {
        let own = shop.rows("SELECT price_minor, sale_price_minor FROM variant");
        let lists =
            shop.rows("SELECT code, price_minor FROM price JOIN price_list l ON l.id = price_list_id ORDER BY 1");
        [own, lists].concat()
    };
    assert_eq!(rows(&shop), ["1000|800", "club|600"]);
    shop.options.source = Some("erp".to_owned());
    assert_eq!(shop.counts(file), [1, 1, 1, 0]);
    assert_eq!(rows(&shop), ["900|800", "club|600", "vip|700"]);
}

#[test]
fn records_of_a_product_that_stand_apart_are_joined() {
    let mut shop = Shop::new();
    let file = table(&[
        "v,Vest,Size,S,V-1,2.00,,https://cdn.example.com/v.jpg,",
        "w,Wig,Title,Default Title,W-1,2.00,,,",
        "v,,,M,V-2,2.00,,,",
        "w,,,,W-2,2.00,,,",
        "v,,,L,V-3,2.00,,,",
    ]);
    assert_eq!(shop.counts(&file), [5, 0, 0, 0]);
    // once for each product, however often it stands apart
    let apart = |record| ("import/split-product", Some(record), Some("Handle"));
    assert_eq!(shop.said(), [apart(4), apart(5)]);
    assert_eq!(
        shop.rows("SELECT v.sku, v.size, p.title, p.images FROM variant v JOIN product p ON p.id = v.product_id WHERE p.item_group_id = 'v'"),
        [
            "V-1|S|Vest|[\"https://cdn.example.com/v.jpg\"]",
            "V-2|M|Vest|[\"https://cdn.example.com/v.jpg\"]",
            "V-3|L|Vest|[\"https://cdn.example.com/v.jpg\"]",
        ]
    );
    let revision = shop.revision();
    assert_eq!(shop.counts(&file), [0, 0, 5, 0]);
    assert_eq!(shop.revision(), revision);
}

#[test]
fn a_record_that_is_there_twice_is_taken_once_wherever_it_stands() {
    let mut shop = Shop::new();
    let (vest, wig) = ("v,Vest,Size,S,V-1,2.00,,,", "w,Wig,Title,Default Title,W-1,2.00,,,");
    assert_eq!(shop.counts(&table(&[vest, wig, vest, "v,,,M,V-2,2.00,,,"])), [3, 0, 1, 0]);
    let said =
        [("import/repeated-record", Some(4), Some("Variant SKU")), ("import/split-product", Some(5), Some("Handle"))];
    assert_eq!(shop.said(), said);
    // a repetition of what contradicts another record is no better than that
    let mut shop = Shop::new();
    assert_eq!(shop.counts(&table(&[vest, "v,,,S,V-1,3.00,,,", vest])), [0, 0, 0, 3]);
    assert_eq!(shop.codes(), ["import/duplicate-sku", "import/duplicate-sku"]);
}

#[test]
fn the_first_record_of_a_product_may_be_refused_and_the_others_still_know_their_options() {
    let mut shop = Shop::new();
    let file = table(&["v,Vest,Size,S,V-1,free,,,", "v,,,M,V-2,2.00,,,"]);
    assert_eq!(shop.counts(&file), [1, 0, 0, 1]);
    assert_eq!(shop.rows("SELECT sku, size FROM variant"), ["V-2|M"]);
    assert_eq!(shop.rows("SELECT title FROM product"), ["Vest"]);
}

#[test]
fn records_are_refused_or_doubted_for_what_their_cells_hold() {
    for (row, code, column, severity) in [
        ("a,,,,A-1,1.00,,,", "import/no-title", "Title", Severity::Error),
        ("a,A,,M,A-1,1.00,,,", "import/option-without-name", "Option1 Name", Severity::Error),
        ("a,A,,,A-1,,,,", "money/empty", "Variant Price", Severity::Error),
        ("a,A,,,A-1,\"12,50\",,,", "import/price-custom", "Variant Price", Severity::Error),
        ("a,A,,,A-1,12.50 USD,,,", "money/currency-mismatch", "Variant Price", Severity::Error),
        ("a,A,,,A-1,1.00,4.00638E+12,,", "gtin/scientific", "Variant Barcode", Severity::Error),
        ("a,A,,,A-1,1.00,4006381333931.0,,", "gtin/decimal-suffix", "Variant Barcode", Severity::Error),
        ("a,A,,,A-1,1.00,,image.jpg,", "import/image-address", "Image Src", Severity::Error),
        ("a,A,,,A-1,1.00,,,sold", "import/status", "Status", Severity::Error),
        (",A,,,A-1,1.00,,,", "import/no-handle", "Handle", Severity::Error),
        ("a,A,,,A-1,0.00,,,", "import/price-zero", "Variant Price", Severity::Warning),
        ("a,A,,,A-1,1.00,36000291452,,", "gtin/leading-zeros-lost", "Variant Barcode", Severity::Warning),
        ("a,A,,,A-1,1.00,4006381333932,,", "gtin/check-digit", "Variant Barcode", Severity::Warning),
        ("a,Tom &amp; Jerry,,,A-1,1.00,,,", "import/entity", "Title", Severity::Warning),
    ] {
        let mut shop = Shop::new();
        let refused = u64::from(severity == Severity::Error);
        assert_eq!(shop.counts(&table(&[row])), [1 - refused, 0, 0, refused], "{row}");
        assert_eq!(shop.said(), [(code, Some(2), Some(column))], "{row}");
        let place = &shop.said[0].place;
        assert!(place.line == Some(2) && place.column.is_some() && shop.said[0].help.is_some(), "{row}");
    }
}

#[test]
fn barcodes_are_mended_only_where_nothing_is_guessed() {
    let mut shop = Shop::new();
    let file = table(&[
        "a,A,,,A-1,1.00,'4006381333931,,",
        "b,B,,,B-1,1.00,978-2-86889-006-1,,",
        "c,C,,,C-1,1.00,080442957X,,",
        "d,D,,,'0012,1.00,does not apply,,",
    ]);
    assert_eq!(shop.counts(&file), [4, 0, 0, 0]);
    assert_eq!(
        shop.rows("SELECT sku, gtin FROM variant"),
        ["A-1|4006381333931", "B-1|9782868890061", "C-1|9780804429573", "0012|-"]
    );
}

#[test]
fn prices_in_other_customs_are_read_when_asked() {
    let mut shop = Shop::new();
    shop.options.local_prices = true;
    assert_eq!(shop.counts(&table(&["a,A,,,A-1,\"1.234,56 €\",,,"])), [1, 0, 0, 0]);
    assert_eq!(shop.rows("SELECT price_minor FROM variant"), ["123456"]);
}

#[test]
fn one_number_on_two_products_and_skus_that_look_alike_are_named() {
    let mut shop = Shop::new();
    let file = table(&["a,A,,,abc-1,1.00,4006381333931,,", "b,B,,,ABC-1,1.00,4006381333931,,"]);
    assert_eq!(shop.counts(&file), [2, 0, 0, 0]);
    assert_eq!(shop.codes(), ["import/sku-look-alike", "import/duplicate-gtin"]);
    assert!(shop.said[1].message.contains("`ABC-1`") && shop.said[1].message.contains("`abc-1`"));
}

#[test]
fn a_sku_moves_to_another_product_only_when_that_is_allowed() {
    let mut shop = Shop::new();
    shop.import(&table(&["old,A,,,A-1,1.00,,,"]));
    let renamed = table(&["new,A,,,A-1,1.00,,,"]);
    assert_eq!(shop.counts(&renamed), [0, 0, 0, 1]);
    assert_eq!(shop.codes(), ["import/sku-of-other-product"]);
    assert!(shop.said[0].message.contains("`old`"));
    shop.options.allow_moves = true;
    assert_eq!(shop.counts(&renamed), [0, 1, 0, 0]);
    assert_eq!(shop.codes(), ["import/sku-moved"]);
}

#[test]
fn strict_and_dry_runs_keep_nothing() {
    let mut shop = Shop::new();
    let file = table(&["a,A,,,A-1,1.00,,,", "b,B,,,B-1,?,,,"]);
    shop.options.dry_run = true;
    assert_eq!(shop.counts(&file), [1, 0, 0, 1]);
    shop.options.dry_run = false;
    shop.options.strict = true;
    assert_eq!(shop.try_import(&file).unwrap_err().code, "import/strict");
    assert_eq!((shop.revision(), shop.rows("SELECT sku FROM variant").len()), (0, 0));
    shop.options.strict = false;
    assert_eq!(shop.counts(&file), [1, 0, 0, 1]);
}

#[test]
fn what_vanished_is_counted_and_archived_behind_a_guard() {
    let mut shop = Shop::new();
    let rows: Vec<String> = (0..10).map(|n| format!("h{n},T,,,S-{n},1.00,,,")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    shop.import(&table(&rows));
    assert_eq!(shop.import(&table(&rows[2..])).vanished, 2);
    assert_eq!(shop.rows("SELECT count(*) FROM variant WHERE status = 'archived'"), ["0"]);
    shop.options.archive_missing = true;
    let done = shop.import(&table(&rows[2..]));
    assert_eq!((done.vanished, done.archived), (2, 2));
    for few in [table(&rows[8..]), HEAD.to_owned()] {
        let guarded = shop.try_import(&few).unwrap_err();
        assert_eq!((guarded.code, guarded.kind), ("import/shrunk", crate::diagnostic::Kind::Guard));
    }
    assert_eq!(shop.import(&table(&rows)).counts.changed, 2, "what comes back is active again");
    shop.options.allow_shrink = true;
    assert_eq!(shop.import(&table(&rows[8..])).archived, 8);
    assert_eq!(shop.try_import(HEAD).unwrap_err().code, "import/shrunk", "an empty file never empties the catalog");
    assert_eq!(shop.rows("SELECT sku FROM item"), ["S-8", "S-9"]);
}

#[test]
fn a_refused_record_has_not_vanished_and_an_unreadable_one_stops_the_archiving() {
    let mut shop = Shop::new();
    shop.import(&table(&["a,A,,,A-1,1.00,,,", "b,B,,,B-1,1.00,,,"]));
    shop.options.archive_missing = true;
    let done = shop.import(&table(&["a,A,,,A-1,1.00,,,", "b,B,,,B-1,?,,,"]));
    assert_eq!((done.refused, done.vanished), (1, 0));
    let done = shop.import(&table(&["a,A,,,A-1,1.00,,,", "b,B"]));
    assert_eq!((done.vanished, done.archived), (1, 0));
    assert!(shop.codes().contains(&"import/not-archived"));
}

fn stores(shop: &mut Shop) {
    shop.import(&table(&["a,A,,,A-1,1.00,,,", "b,B,,,B-1,1.00,,,"]));
    assert_eq!(shop.counts("store_code,name,city,country\nS1,Lisbon,Lisbon,PT\nS2,Berlin,,DE\n"), [2, 0, 0, 0]);
}

#[test]
fn stock_is_counted_by_location() {
    let mut shop = Shop::new();
    stores(&mut shop);
    let file = "sku,store_code,quantity\nA-1,S1,3\nA-1,S2 ,4\nB-1,S1,-2\n";
    assert_eq!(shop.counts(file), [3, 0, 0, 0]);
    assert_eq!(shop.said(), [("import/negative-stock", Some(4), Some("quantity"))]);
    assert_eq!(
        shop.rows("SELECT sku, store_code, on_hand, available FROM item_stock"),
        ["A-1|S1|3|3", "A-1|S2|4|4", "B-1|S1|-2|0"]
    );
    let revision = shop.revision();
    assert_eq!(shop.counts(file), [0, 0, 3, 0]);
    assert_eq!(shop.revision(), revision);
    assert_eq!(shop.rows("SELECT available FROM variant"), ["7", "0"]);
}

#[test]
fn wrong_stock_is_refused_with_what_was_meant() {
    let mut shop = Shop::new();
    stores(&mut shop);
    let file = "sku,store_code,quantity\na1,S1,1\nA-1,s1,1\nA-1,S1,\nA-1,S1,1.5\nA-1,S1,9223372036854775808\nA-1,S1,1\nA-1,S1,2\nA-1,S1,1\n";
    assert_eq!(shop.counts(file), [1, 0, 1, 6]);
    assert_eq!(
        shop.said(),
        [
            ("import/unknown-sku", Some(2), Some("sku")),
            ("import/unknown-location", Some(3), Some("store_code")),
            ("import/no-quantity", Some(4), Some("quantity")),
            ("import/not-a-number", Some(5), Some("quantity")),
            ("import/number-too-large", Some(6), Some("quantity")),
            ("import/duplicate-level", Some(8), Some("quantity")),
            ("import/repeated-record", Some(9), Some("sku")),
        ]
    );
    let helps: Vec<_> = shop.said.iter().filter_map(|d| d.help.as_deref()).collect();
    assert!(helps[0].contains("A-1") && helps[1].contains("S1"), "{helps:?}");
}

#[test]
fn stock_without_locations_goes_where_it_must_or_asks() {
    let mut shop = Shop::new();
    shop.import(&table(&["a,A,,,A-1,1.00,,,"]));
    assert_eq!(shop.counts("sku,qty\nA-1,4\n"), [1, 0, 0, 0]);
    assert_eq!(shop.rows("SELECT store_code, on_hand FROM item_stock"), ["main|4"]);
    shop.import("store_code,name\nS1,Lisbon\n");
    assert_eq!(shop.try_import("sku,qty\nA-1,5\n").unwrap_err().code, "import/which-location");
    shop.options.location = Some("S1".to_owned());
    assert_eq!(shop.counts("sku,qty\nA-1,5\n"), [1, 0, 0, 0]);
    assert_eq!(shop.rows("SELECT store_code, on_hand FROM item_stock"), ["main|4", "S1|5"]);
}

#[test]
fn a_file_of_changes_counts_once() {
    let mut shop = Shop::new();
    stores(&mut shop);
    shop.import("sku,store_code,quantity\nA-1,S1,10\n");
    let changes = "sku,store_code,delta\nA-1,S1,-3\nA-1,S1,1\n";
    assert_eq!(shop.counts(changes), [0, 2, 0, 0]);
    assert_eq!(shop.counts(changes), [0, 0, 2, 0]);
    assert_eq!(shop.codes(), ["import/changes-again"]);
    assert_eq!(shop.rows("SELECT on_hand FROM stock"), ["8"]);
}

#[test]
fn shopify_inventory_is_read_in_both_layouts() {
    let mut shop = Shop::new();
    shop.import("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty\ntee,Tee,Size,S,,9.00,6\ntee,,,M,,9.00,0\nmug,Mug,Title,Default Title,M-1,5.00,2\n");
    assert_eq!(shop.rows("SELECT sku, available FROM variant"), ["tee/S|6", "tee/M|0", "M-1|2"], "{:?}", shop.said);
    let long = "Handle,Title,Option1 Name,Option1 Value,SKU,HS Code,COO,Location,Committed (not editable),Available (not editable),On hand (current),On hand (new)\n\
        tee,Tee,Size,S,,,,Lisbon,1,4,5,\ntee,Tee,Size,S,,,,Online,not stocked,not stocked,not stocked,\ntee,Tee,Size,M,,,,Lisbon,0,-1,-1,3\n";
    assert_eq!(shop.counts(long), [2, 0, 0, 0]);
    assert_eq!(shop.codes(), ["import/main-replaced"]);
    assert_eq!(shop.rows("SELECT sku, available FROM variant"), ["tee/S|5", "tee/M|3", "M-1|2"]);
    let wide = "Handle,Title,Option1 Name,Option1 Value,SKU,HS Code,COO,Lisbon,Porto\nmug,Mug,Title,Default Title,M-1,,,4,not stocked\nmug,Mug,Title,Default Title,M-2,,,1,1\n";
    assert_eq!(shop.counts(wide), [1, 0, 0, 1]);
    assert_eq!(shop.said()[1], ("import/unknown-sku", Some(3), Some("SKU")));
    assert_eq!(
        shop.rows("SELECT sku, store_code, on_hand FROM item_stock WHERE on_hand <> 0"),
        ["tee/S|Lisbon|5", "tee/M|Lisbon|3", "M-1|Lisbon|4"]
    );
}

#[test]
fn available_and_committed_make_up_for_a_missing_on_hand() {
    let mut shop = Shop::new();
    shop.import(&table(&["mug,Mug,,,M-1,5.00,,,"]));
    let file = "Handle,SKU,Location,Committed,Available\nmug,M-1,Lisbon,2,3\n";
    assert_eq!(shop.counts(file), [1, 0, 0, 0]);
    assert_eq!(shop.rows("SELECT on_hand FROM stock"), ["5"]);
}

#[test]
fn prices_go_to_the_variant_or_to_a_list() {
    let mut shop = Shop::new();
    shop.import(&table(&["a,A,,,A-1,1.00,,,", "b,B,,,B-1,1.00,,,"]));
    let file = "sku,price,sale_price,sale_from,sale_to,price_list,currency\n\
        A-1,\"12,50\",10.00,2026-11-27T00:00:00+01:00,2026-11-30,,\nA-1,15.00,,,,us,USD\nB-1,9.00,9.00,,,,\nB-1,8.00,,,,us,GBP\nC-1,1.00,,,,,\nA-1,1.00,,,,,\n";
    assert_eq!(shop.counts(file), [1, 2, 0, 3]);
    assert_eq!(
        shop.codes(),
        ["import/no-sale", "import/list-currency", "import/unknown-sku", "import/duplicate-price"]
    );
    assert_eq!(
        shop.rows("SELECT sku, price_minor, sale_price_minor, sale_from, sale_to, currency FROM variant"),
        ["A-1|1250|1000|2026-11-26T23:00:00Z|2026-11-30T00:00:00Z|EUR", "B-1|900|-|-|-|EUR"]
    );
    assert_eq!(shop.rows("SELECT sku, price_list, currency, price_minor FROM item_price"), ["A-1|us|USD|1500"]);
    assert_eq!(shop.counts("sku,price\nA-1,12.50\n"), [0, 0, 1, 0]);
    assert_eq!(
        shop.rows("SELECT sale_price_minor FROM variant WHERE sku = 'A-1'"),
        ["1000"],
        "what the file lacks is left"
    );
}

#[test]
fn locations_are_put_by_code() {
    let mut shop = Shop::new();
    let file = "store_code,name,kind,fulfills_online,city,country,zip\nW1,Depot,warehouse,true,Porto,PT,4000\nS1,Shop,,no,Berlin,Germany,\nS1,Again,,,,,\nX,,kiosk,,,,\n";
    assert_eq!(shop.counts(file), [2, 0, 0, 2]);
    assert_eq!(shop.codes(), ["country/unknown", "import/duplicate-location", "import/location-kind"]);
    assert_eq!(
        shop.rows("SELECT code, name, kind, fulfills_online, address FROM location"),
        [
            "W1|Depot|warehouse|1|{\"postal_code\":\"4000\",\"city\":\"Porto\",\"country\":\"PT\"}",
            "S1|Shop|store|0|{\"city\":\"Berlin\",\"country\":\"Germany\"}"
        ]
    );
}

const ORDER: &str = r#"{"order_id":"amazon:11-1","channel":"amazon","external_id":"11-1","status":"paid","created_at":"2026-11-20T10:00:00Z","currency":"EUR","lines":[{"line_id":"1","sku":"A-1","quantity":2,"unit_price":1.10},{"line_id":"2","sku":"B-1","quantity":"1","unit_price":"3.00"}],"shipping":"4.95","total":"10.15","customer":{"name":"Ava"},"ship_to":{"address1":"1 Mill Street","city":"Lisbon","country":"PT","postal_code":"1000"}}"#;

fn stocked() -> Shop {
    let mut shop = Shop::new();
    stores(&mut shop);
    shop.import("sku,store_code,quantity\nA-1,S1,5\nB-1,S1,5\n");
    shop
}

#[test]
fn orders_come_as_json_lines() {
    let mut shop = stocked();
    assert_eq!(shop.counts(&format!("{ORDER}\n\n{ORDER}\n")), [1, 0, 1, 0]);
    assert_eq!(shop.codes(), ["import/repeated-record"]);
    assert_eq!(
        shop.rows("SELECT channel, channel_order_id, state, total_minor FROM orders"),
        ["amazon|11-1|ready|1015"]
    );
    assert_eq!(shop.rows("SELECT quantity, price_minor FROM line_item"), ["2|110", "1|300"]);
    assert_eq!(shop.rows("SELECT available FROM variant"), ["3", "4"]);
    assert_eq!(shop.counts(ORDER), [0, 0, 1, 0]);
}

#[test]
fn wrong_orders_name_their_field() {
    for (find, put, code, path) in [
        ("\"quantity\":2", "\"quantity\":0", "import/quantity", "lines[0].quantity"),
        ("\"quantity\":2", "\"quantity\":1.5", "import/not-a-number", "lines[0].quantity"),
        ("\"unit_price\":1.10", "\"unit_price\":-1.10", "money/negative", "lines[0].unit_price"),
        ("\"total\":\"10.15\"", "\"total\":{\"amount\":1}", "import/wrong-type", "total"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00", "time/no-zone", "created_at"),
        ("\"name\":\"Ava\"", "\"name\":\"A\\u0000va\"", "import/control-character", "customer.name"),
        ("\"currency\":\"EUR\"", "\"currency\":\"EURO\"", "currency/unknown", "currency"),
        ("\"sku\":\"A-1\"", "\"sku\":\"A-1\",\"sku\":\"A-2\"", "json/unreadable", "lines[0].sku"),
    ] {
        let mut shop = stocked();
        assert_eq!(shop.counts(&ORDER.replace(find, put)), [0, 0, 0, 1], "{put}");
        assert_eq!(shop.said(), [(code, Some(1), Some(path))], "{put}");
        assert_eq!(shop.rows("SELECT count(*) FROM orders"), ["0"]);
    }
}

#[test]
fn odd_orders_are_kept_and_named() {
    for (find, put, code, path) in [
        ("\"total\":\"10.15\"", "\"total\":\"10.16\"", "import/total", "total"),
        ("\"country\":\"PT\"", "\"country\":\"ZZ\"", "country/unknown", "ship_to.country"),
        ("2026-11-20", "2999-11-20", "import/odd-time", "created_at"),
        (
            "\"quantity\":2,\"unit_price\":1.10",
            "\"quantity\":9,\"unit_price\":0.2444444",
            "money/too-many-decimals",
            "lines[0].unit_price",
        ),
        ("\"status\":\"paid\"", "\"status\":\"dreaming\"", "order/unknown-state", "status"),
    ] {
        let mut shop = stocked();
        let done = shop.import(&ORDER.replace(find, put));
        assert_eq!(shop.said(), [(code, Some(1), Some(path))], "{put}");
        assert_eq!(done.counts.new, u64::from(shop.said[0].severity == Severity::Warning), "{put}");
    }
}

#[test]
fn an_order_with_an_unknown_sku_is_kept_and_waits() {
    let mut shop = stocked();
    let done = shop.import(&ORDER.replace("\"A-1\"", "\"A-9\""));
    assert_eq!((done.counts.new, done.held, done.refused), (1, 1, 0));
    assert_eq!(shop.said(), [("order/unmatched-line", Some(1), Some("lines[0].sku"))]);
    assert_eq!(shop.rows("SELECT count(*) FROM line_item WHERE variant_id IS NULL"), ["1"]);
}

#[test]
fn orders_come_as_a_table_of_lines() {
    let mut shop = stocked();
    let file = "market,order,state,placed_at,updated_at,fulfillment,currency,total,shipping,line,sku,quantity,price,buyer,city,country\n\
        shop,1001,ready,2026-11-20T10:00:00Z,2026-11-20T10:00:00Z,parcel,EUR,5.20,0.00,1,A-1,2,1.10,Ava,Lisbon,PT\n\
        shop,1001,ready,2026-11-20T10:00:00Z,2026-11-20T10:00:00Z,parcel,EUR,5.20,0.00,2,B-1,1,3.00,Ava,Lisbon,PT\n\
        shop,1002,ready,2026-11-21T10:00:00Z,2026-11-21T10:00:00Z,parcel,EUR,1.10,0.00,1,A-1,one,1.10,Bo,Lisbon,PT\n";
    assert_eq!(shop.counts(file), [1, 0, 0, 1]);
    assert_eq!(shop.said(), [("import/not-a-number", Some(4), Some("lines[0].quantity"))]);
    assert_eq!(shop.rows("SELECT channel_order_id, total_minor FROM orders"), ["1001|520"]);
    assert_eq!(shop.rows("SELECT count(*) FROM line_item"), ["2"]);
}

#[test]
fn parcels_are_booked_once() {
    let mut shop = stocked();
    shop.import(ORDER);
    let head = "order_id,carrier,tracking_number,shipped_at,line_id,quantity\n";
    let part = format!("{head}amazon:11-1,u.p.s. ground,1Z5R89390357567127,2026-11-21T10:00:00Z,1,1\n");
    assert_eq!(shop.counts(&part), [1, 0, 0, 0]);
    assert_eq!(shop.codes(), [] as [&str; 0]);
    assert_eq!(shop.counts(&part), [0, 0, 1, 0]);
    let rest = format!("{head}11-1,UPS,1Z879E930346834440,2026-11-21T10:00:00Z,,\n");
    assert_eq!(shop.counts(&rest), [1, 0, 0, 0]);
    assert_eq!(shop.rows("SELECT shipped FROM line_item"), ["2", "1"]);
    assert_eq!(
        shop.rows("SELECT carrier, tracking_number FROM shipment"),
        ["ups|1Z5R89390357567127", "ups|1Z879E930346834440"]
    );
    assert_eq!(shop.rows("SELECT count(*) FROM outbox"), ["0"], "a channel that is not told hears nothing");
}

#[test]
fn wrong_parcels_name_their_cell() {
    for (row, code, column) in [
        ("11-9,UPS,1Z5R89390357567127,,,", "order/unknown", "order_id"),
        ("11-1,UPS,9.4E+21,,,", "tracking/scientific", "tracking_number"),
        ("11-1,UPS,1Z5R89390357567127,3/5/2026,,", "time/day-order", "shipped_at"),
        ("11-1,UPS,1Z5R89390357567127,,1,3", "order/more-than-open", "quantity"),
        ("11-1,UPS,1Z5R89390357567127,,,1", "import/which-line", "quantity"),
        ("11-1,UPS,1Z5R89390357567127,,7,", "order/unknown-line", "line_id"),
        ("11-1,UPS,1Z5R89390357567127,,1,0", "import/quantity", "quantity"),
    ] {
        let mut shop = stocked();
        shop.import(ORDER);
        let file = format!("order_id,carrier,tracking_number,shipped_at,line_id,quantity\n{row}\n");
        assert_eq!(shop.counts(&file), [0, 0, 0, 1], "{row}");
        assert_eq!(shop.said(), [(code, Some(2), Some(column))], "{row}");
        assert_eq!(shop.rows("SELECT count(*) FROM shipment"), ["0"]);
    }
    for (row, code, column) in [
        ("11-1,Pigeon Post,1,,,", "import/unknown-carrier", "carrier"),
        ("11-1,FedEx,1Z5R89390357567127,,,", "tracking/other-carrier", "tracking_number"),
        ("11-1,UPS,1Z5R89390357567128,,,", "tracking/check-digit", "tracking_number"),
        ("11-1,UPS,1Z5R89390357567127,2020-01-01T10:00:00Z,,", "import/odd-time", "shipped_at"),
        ("11-1,UPS,1Z5R89390357567127,2999-01-01T10:00:00Z,,", "import/odd-time", "shipped_at"),
    ] {
        let mut shop = stocked();
        shop.import(ORDER);
        let file = format!("order_id,carrier,tracking_number,shipped_at,line_id,quantity\n{row}\n");
        assert_eq!(shop.counts(&file), [1, 0, 0, 0], "{row}");
        assert_eq!(shop.said(), [(code, Some(2), Some(column))], "{row}");
    }
}

#[test]
fn formats_can_be_named() {
    let mut shop = Shop::new();
    shop.options.format = Some("stock".to_owned());
    assert_eq!(shop.try_import(HEAD).unwrap_err().code, "format/unknown");
    shop.options.format = Some("nonsense".to_owned());
    assert_eq!(shop.try_import(HEAD).unwrap_err().code, "import/no-such-format");
    shop.options.format = None;
    shop.options.kind = Some(Kind::Stock);
    assert_eq!(shop.try_import(SHIRTS).unwrap_err().code, "format/unknown");
}

#[test]
fn a_channel_is_told_otherwise_until_it_is_taken_back() {
    let mut shop = Shop::new();
    shop.import("sku,title,price\nMUG-1,Mug,12.00\nMUG-2,Cup,9.00\n");
    shop.options.channels =
        channels(|| [("google".to_owned(), vec!["title".to_owned(), "custom_label_0".to_owned()])].into());
    let file = "sku,channel,attribute,value\nMUG-1,google,title,Stoneware mug\nMUG-1,google,custom_label_0,gift\n";
    assert_eq!(shop.counts(file), [2, 0, 0, 0]);
    let revision = shop.rows("SELECT revision FROM override");
    assert_eq!(shop.counts(file), [0, 0, 2, 0]);
    assert_eq!(shop.rows("SELECT revision FROM override"), revision, "what is the same is not told again");
    assert_eq!(shop.counts("sku,channel,attribute,value\nMUG-1,google,title,\nMUG-2,google,title,\n"), [0, 1, 1, 0]);
    assert_eq!(shop.rows("SELECT sku, attributes FROM item_override"), ["MUG-1|{\"custom_label_0\":\"gift\"}"]);
}

#[test]
fn what_no_channel_can_be_told_is_refused_where_it_stands() {
    let mut shop = Shop::new();
    shop.import("sku,title,price\nMUG-1,Mug,12.00\n");
    shop.options.channels = channels(|| [("google".to_owned(), vec!["title".to_owned()])].into());
    let file = "sku,channel,attribute,value\nMUG-1,gogle,title,a\nMUG-1,google,titel,b\nMUG-9,google,title,c\n\
                MUG-1,google,title,d\nMUG-1,google,title,e\n";
    assert_eq!(shop.counts(file), [1, 0, 0, 4]);
    assert_eq!(
        shop.said(),
        [
            ("import/unknown-channel", Some(2), Some("channel")),
            ("import/unknown-attribute", Some(3), Some("attribute")),
            ("import/unknown-sku", Some(4), Some("sku")),
            ("import/duplicate-override", Some(6), Some("attribute")),
        ]
    );
    assert_eq!(shop.said[1].help.as_deref(), Some("did you mean `title`?"));
}

const TWO_MUGS: &str =
    "sku,item_group_id,title,price,size,cost\nMUG-S,mug,Mug,12.00,S,3.00\nMUG-L,mug,Mug,14.00,L,4.00\n";

#[test]
fn columns_of_a_second_source_are_joined_by_sku() {
    let mut shop = Shop::new();
    shop.import(TWO_MUGS);
    shop.import("store_code,name\nmain,Main\n");
    shop.import("sku,location,quantity\nMUG-S,main,10\n");
    let file =
        "sku,unit_cost,safety_stock,google_product_category,custom_label_0\nMUG-S,\"3,50\",4,6049,gift\nMUG-L,,,,\n";
    assert_eq!(shop.counts(file), [0, 1, 1, 0]);
    let rows = "SELECT sku, cost_minor, available, google_product_category, attributes ->> '$.custom_label_0' FROM item ORDER BY sku DESC";
    assert_eq!(shop.rows(rows), ["MUG-S|350|6|6049|gift", "MUG-L|400|0|6049|-"], "an empty cell says nothing");
    assert_eq!(shop.counts(file), [0, 0, 2, 0]);
}

#[test]
fn a_join_refuses_what_it_cannot_place() {
    let mut shop = Shop::new();
    shop.import(TWO_MUGS);
    let file = "sku,cost,brand\nMUG-S,3.10,Ard\nMUG-L,3.20,Nore\nMUG-X,1.00,Ard\nMUG-S,3.30,Ard\n";
    assert_eq!(shop.counts(file), [0, 1, 0, 3]);
    assert_eq!(
        shop.said(),
        [
            ("import/two-values", Some(3), Some("brand")),
            ("import/unknown-sku", Some(4), Some("sku")),
            ("import/duplicate-sku", Some(5), Some("sku")),
        ]
    );
    assert_eq!(shop.rows("SELECT cost_minor FROM item WHERE sku = 'MUG-L'"), ["400"], "taken whole or not at all");
}

#[test]
fn a_field_is_filled_by_its_owner_alone() {
    let mut shop = Shop::new();
    shop.import(TWO_MUGS);
    shop.options.owners = [("cost".to_owned(), "costs".to_owned())].into();
    shop.options.source = Some("costs".to_owned());
    assert_eq!(shop.counts("sku,cost\nMUG-S,9.00\n"), [0, 1, 0, 0]);
    shop.options.source = None;
    assert_eq!(shop.counts(TWO_MUGS), [0, 0, 2, 0], "the shop's export has another cost, which is not asked");
    assert_eq!(shop.codes(), ["import/owned"]);
    assert_eq!(shop.counts("sku,cost\nMUG-S,1.00\n"), [0, 0, 1, 0]);
    assert_eq!(shop.rows("SELECT cost_minor FROM item WHERE sku = 'MUG-S'"), ["900"]);
}

#[test]
fn a_feed_is_explained_by_its_elements() {
    let feed = "<SHOP><SHOPITEM><ITEM_ID>M1</ITEM_ID><PRODUCTNAME>Hrnek</PRODUCTNAME><PRICE_VAT>249,50</PRICE_VAT>\
                <BIKE>1</BIKE></SHOPITEM>\n<SHOPITEM><ITEM_ID>M2</ITEM_ID><PRODUCTNAME>Miska</PRODUCTNAME>\
                <PRICE_VAT>mnoho</PRICE_VAT></SHOPITEM></SHOP>";
    let shop = Shop::new();
    let explained = explain(Source::bytes("x.xml", feed).unwrap(), &shop.options).unwrap();
    assert_eq!((explained.format, explained.reason.as_str()), ("heureka", "has SHOPITEM in SHOP"));
    let columns: Vec<_> = explained.columns.iter().map(|(name, meaning)| (name.as_str(), meaning.as_deref())).collect();
    let known =
        [("ITEM_ID", Some("sku")), ("PRODUCTNAME", Some("title")), ("PRICE_VAT", Some("price")), ("BIKE", None)];
    assert_eq!(columns, known);
    let rows: Vec<_> = explained.rows.iter().map(|row| (row.line, row.taken, row.cells[2].1.as_str())).collect();
    assert_eq!(rows, [(1, true, "249,50"), (2, false, "mnoho")]);
}
