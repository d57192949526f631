//! Brothers of the cases in the corpus of bad files: the same faults in other clothes, cell by cell and file by file.
use super::Shop;
use crate::intake::channels;

/// A table of three products, the second of which has this cell in the column.
fn with(column: &str, cell: &str) -> String {
    let mut text = String::from("sku,title,price,gtin\n");
    for n in 1..=3 {
        let told = |name: &str, usual: &str| if name == column && n == 2 { cell.to_owned() } else { usual.to_owned() };
        let row = [told("sku", &format!("S-{n}")), told("title", "Mug"), told("price", "10.00"), told("gtin", "")];
        text += &row.join(",");
        text.push('\n');
    }
    text
}

#[test]
fn what_spreadsheets_do_to_cells() {
    for (column, cell, due) in [
        ("gtin", "=\"5901234123457\"", Ok("5901234123457")),
        ("gtin", "\"=\"\"5901234123457\"\"\"", Ok("5901234123457")),
        ("gtin", "'5901234123457", Ok("5901234123457")),
        ("gtin", "\"5,90123E+12\"", Err("gtin/scientific")),
        ("gtin", "5901234123457.0", Err("gtin/decimal-suffix")),
        ("gtin", "\"5901234123457,00\"", Err("gtin/decimal-suffix")),
        ("gtin", "\u{202a}5901234123457\u{202c}", Ok("5901234123457")),
        ("sku", "S-2\u{200b}", Ok("S-2")),
        ("sku", "=\"S-2\"", Ok("S-2")),
        ("sku", "1.23E+12", Err("sku/scientific")),
        ("sku", "#REF!", Err("sku/spreadsheet-error")),
        ("sku", "########", Err("sku/spreadsheet-error")),
        ("price", "=\"12.50\"", Ok("1250")),
        ("price", "1\u{2009}299.00", Ok("129900")),
        ("price", "1\u{202f}299.00", Ok("129900")),
        ("price", "1'299.00", Ok("129900")),
        ("price", "1.234", Err("money/ambiguous")),
        ("price", "#NAME?", Err("money/spreadsheet-error")),
        ("price", "May-12", Err("money/date-or-range")),
        ("price", "10-12", Err("money/date-or-range")),
        ("price", "(12.50)", Err("money/negative")),
        ("price", "１２.５０", Err("money/foreign-digits")),
    ] {
        let mut shop = Shop::new();
        let done = shop.import(&with(column, cell));
        match due {
            Ok(value) => {
                assert_eq!(done.counts.new, 3, "{column} {cell}: {:?}", shop.said);
                let field = if column == "price" { "price_minor" } else { column };
                let stored = shop.rows(&format!("SELECT {field} FROM variant ORDER BY id LIMIT 1 OFFSET 1"));
                assert_eq!(stored, [value], "{column} {cell}");
            }
            Err(code) => {
                assert_eq!((done.counts.new, done.refused), (2, 1), "{column} {cell}");
                assert_eq!(shop.codes(), [code], "{column} {cell}");
                assert_eq!(shop.said[0].place.line, Some(3), "{column} {cell}");
            }
        }
    }
}

#[test]
fn units_that_can_be_read_two_ways_are_refused() {
    for (cell, due) in [
        ("5", Ok(())),
        ("5.0", Ok(())),
        ("5.0000", Ok(())),
        ("+5", Ok(())),
        ("007", Ok(())),
        ("1.000", Err("import/ambiguous-number")),
        ("\"1,000\"", Err("import/not-a-number")),
        ("1E3", Err("import/not-a-number")),
        (">100", Err("import/not-a-number")),
        ("TRUE", Err("import/not-a-number")),
        ("#N/A", Err("import/spreadsheet-error")),
        ("99999999999999999999", Err("import/number-too-large")),
        ("-9223372036854775808", Err("import/number-too-large")),
        ("", Err("import/no-quantity")),
    ] {
        let mut shop = Shop::new();
        shop.import(&with("title", "Mug"));
        shop.import("store_code,name\nS001,Shop\n");
        let done = shop.import(&format!("sku,store_code,quantity\nS-1,S001,3\nS-2,S001,{cell}\n"));
        match due {
            Ok(()) => assert_eq!((done.refused, shop.codes()), (0, vec![]), "{cell}"),
            Err(code) => assert_eq!((done.counts.new, shop.codes()), (1, vec![code]), "{cell}"),
        }
    }
}

#[test]
fn files_that_are_written_oddly_are_taken() {
    let plain = with("title", "Mug");
    let lines: Vec<&str> = plain.lines().collect();
    for (what, text) in [
        ("caret", plain.replace(',', "^")),
        ("tilde", plain.replace(',', "~")),
        ("unit separator", plain.replace(',', "\u{1f}")),
        ("carriage returns", plain.replace('\n', "\r")),
        ("line feed and carriage return", plain.replace('\n', "\n\r")),
        ("two carriage returns", plain.replace('\n', "\r\r\n")),
        ("the mark of DOS at its end", format!("{plain}\u{1a}")),
        ("sep", format!("\"sep=;\"\n{}", plain.replace(',', ";"))),
        ("spaces after commas", plain.replace(',', ", ")),
        ("blank cells below", format!("{plain} , ,,\n")),
        ("blank lines above", format!("\n \n{}", lines.join("\n"))),
    ] {
        let mut shop = Shop::new();
        assert_eq!(shop.counts(&text), [3, 0, 0, 0], "{what}: {:?}", shop.said);
        assert_eq!(shop.rows("SELECT group_concat(sku) FROM variant"), ["S-1,S-2,S-3"], "{what}");
    }
}

#[test]
fn files_that_are_no_tables_say_what_they_are() {
    let quoted = |line: &str| format!("\"{}\"\n", line.replace('"', "\"\""));
    for (text, code, says) in [
        (with("title", "Mug").lines().map(quoted).collect(), "format/unknown", "in quotes as a whole"),
        (with("title", "Mug").replace(',', ":"), "format/unknown", "--delimiter"),
        ("<TABLE><tr><td>sku</td></tr></TABLE>".to_owned(), "table/not-a-table", "save the sheet as CSV"),
        ("{\"sku\": \"S-1\", \"title\": \"Mu".to_owned(), "table/no-records", "export it again"),
        ("sku,title,price\nS-1,\"Mug,10.00\n".to_owned(), "table/quote-unclosed", "--no-quotes"),
        ("sku,title,SKU,price\nS-1,Mug,S-2,10.00\n".to_owned(), "table/duplicate-column", "rename or delete"),
    ] {
        let mut shop = Shop::new();
        let error = shop.try_import(&text).unwrap_err();
        assert_eq!(error.code, code, "{text}");
        assert!(error.help.as_deref().is_some_and(|help| help.contains(says)), "{text}: {error:?}");
        assert_eq!(shop.rows("SELECT count(*) FROM variant"), ["0"]);
    }
}

#[test]
fn headers_are_read_as_people_see_them() {
    for header in ["sku,title,\u{a0}price\u{a0},gtin", "sku,title,\"price\n\",gtin", "\u{feff}sku,title,price,gtin"] {
        let mut shop = Shop::new();
        let text = with("title", "Mug").replacen("sku,title,price,gtin", header, 1);
        assert_eq!(shop.counts(&text), [3, 0, 0, 0], "{header:?}");
    }
    let shopify = "Handle,Title,\"Variant\nSKU\",Variant\u{a0}Price\nmug,Mug,M-1,10.00\n";
    assert_eq!(Shop::new().counts(shopify), [1, 0, 0, 0]);
}

#[test]
fn skus_that_only_look_the_same_are_named() {
    for other in ["s-1", "S\u{2011}1", "S\u{2013}1", "\u{ff33}-1", "S-\u{ad}1", "\u{405}-1"] {
        let mut shop = Shop::new();
        shop.import(&with("sku", other));
        assert_eq!(shop.codes(), ["import/sku-look-alike"], "{other:?}");
    }
}

#[test]
fn texts_that_lost_characters_are_named() {
    let mut shop = Shop::new();
    assert_eq!(shop.counts(&with("title", "Caf\u{fffd}")), [3, 0, 0, 0]);
    assert_eq!(shop.codes(), ["import/replacement-character"]);
}

#[test]
fn units_that_go_below_none_are_named_however_they_are_told() {
    for text in ["sku,store_code,quantity\nS-1,S001,-1\n", "sku,store_code,delta\nS-1,S001,-1\n"] {
        let mut shop = Shop::new();
        shop.import(&with("title", "Mug"));
        shop.import("store_code,name\nS001,Shop\n");
        assert_eq!((shop.import(text).refused, shop.codes()), (0, vec!["import/negative-stock"]), "{text}");
    }
    let mut shop = Shop::new();
    shop.import(&with("title", "Mug"));
    shop.import("store_code,name\nS001,Shop\n");
    shop.import("sku,store_code,delta,on_hand\nS-1,S001,-1,7\n");
    assert_eq!(shop.said(), [("import/two-quantities", Some(1), Some("delta"))]);
    assert_eq!(shop.rows("SELECT on_hand FROM stock"), ["7"]);
}

#[test]
fn messages_in_front_of_a_document_are_called_so() {
    let feed = "<?xml version=\"1.0\"?>\n<rss version=\"2.0\"><channel><item/></channel></rss>";
    for (above, code) in
        [("Warning: foo in x.php on line 3\n", "table/not-a-table"), ("<br />\n<b>Warning</b>\n", "format/unknown")]
    {
        let error = Shop::new().try_import(&format!("{above}{feed}")).unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.help.is_some_and(|help| help.contains("fetch it again")), "{above}");
    }
}

#[test]
fn an_id_of_another_namespace_is_told_from_none() {
    let feed = "<rss version=\"2.0\" xmlns:g=\"https://base.google.com/ns/1.0\"><channel><item><g:id>1</g:id></item></channel></rss>";
    let mut shop = Shop::new();
    assert_eq!(shop.counts(feed), [0, 0, 0, 1]);
    assert_eq!(shop.said(), [("import/no-sku", Some(1), Some("g:id"))]);
    assert!(shop.said[0].message.contains("namespace") && shop.said[0].help.is_some(), "{:?}", shop.said);
}

#[test]
fn trees_of_categories_that_do_not_fit_are_named() {
    let yml = |category: &str, tree: &str| {
        format!(
            "<yml_catalog><shop><categories>{tree}</categories><offers><offer id=\"7\"><name>Mug</name>\
             <price>90</price><categoryId>{category}</categoryId></offer></offers></shop></yml_catalog>"
        )
    };
    for (category, tree, due) in [
        ("1", "<category id=\"1\">A</category>", None),
        ("9", "<category id=\"1\">A</category>", Some("import/unknown-category")),
        ("9", "", None),
        ("1", "<category id=\"1\" parentId=\"0\">A</category>", None),
        ("1", "<category id=\"1\" parentId=\"8\">A</category>", Some("import/odd-category")),
        ("1", "<category id=\"1\"></category>", Some("import/odd-category")),
    ] {
        let mut shop = Shop::new();
        assert_eq!(shop.counts(&yml(category, tree)), [1, 0, 0, 0], "{:?}", shop.said);
        assert_eq!(shop.codes(), due.into_iter().collect::<Vec<_>>(), "{category} {tree}");
    }
}

#[test]
fn one_place_with_two_counts_in_an_offer_is_refused() {
    let yml = |second: &str| {
        format!(
            "<yml_catalog><shop><offers><offer id=\"7\"><name>Mug</name><price>90</price><outlets>\
             <outlet id=\"a\" instock=\"1\"/><outlet id=\"a\" instock=\"{second}\"/></outlets></offer></offers></shop></yml_catalog>"
        )
    };
    let mut shop = Shop::new();
    assert_eq!(shop.counts(&yml("2")), [0, 0, 0, 1]);
    assert_eq!(shop.said(), [("import/duplicate-level", Some(1), Some("instock"))]);
    assert_eq!(shop.counts(&yml("1")), [1, 0, 0, 0], "{:?}", shop.said);
}

#[test]
fn reviews_that_come_twice_or_from_the_future_are_named() {
    let review = |more: &str| format!("review_id,sku,rating,content,created_at\n{more}");
    let mut shop = Shop::new();
    shop.import(&with("title", "Mug"));
    let same = "r1,S-1,5,Good,2025-03-03\n";
    assert_eq!(shop.counts(&review(&format!("{same}{same}"))), [1, 0, 1, 0]);
    assert_eq!(shop.codes(), ["import/repeated-record"]);
    assert_eq!(shop.counts(&review("r2,S-1,5,Good,2025/03/03\nr2,S-1,4,Bad,2025-03-03\n")), [1, 0, 0, 1]);
    assert_eq!(shop.counts(&review("r3,S-1,5,Good,2999-01-01\n")), [1, 0, 0, 0]);
    assert_eq!(shop.codes(), ["import/odd-time"]);
}

#[test]
fn orders_that_cannot_be_kept_are_refused_and_counted() {
    let order = |id: &str, lines: &str| {
        format!(
            "{{\"order_id\": \"{id}\", \"channel\": \"x\", \"status\": \"paid\", \"created_at\": \"2025-03-02T10:00:00Z\", \
             \"currency\": \"EUR\", \"lines\": [{lines}]}}\n"
        )
    };
    let line = "{\"line_id\": \"1\", \"sku\": \"S-1\", \"quantity\": 1, \"unit_price\": \"10.00\"}";
    let mut shop = Shop::new();
    shop.import(&with("title", "Mug"));
    for (text, code) in [
        (order("1", &format!("{line}, {line}")), "order/unreadable"),
        (order(&"9".repeat(300), line), "import/id-too-long"),
        (order("1.12E+16", line), "import/id-scientific"),
    ] {
        assert_eq!(shop.counts(&text), [0, 0, 0, 1]);
        assert_eq!(shop.said(), [(code, Some(1), Some("order_id"))]);
    }
    assert_eq!(shop.counts(&order("2", line)), [1, 0, 0, 0], "{:?}", shop.said);
    let parcel = |number: &str| format!("order_id,carrier,tracking_number\n2,DHL,{number}\n");
    for (number, code) in
        [("000000000000", "tracking/placeholder"), ("\u{c4}\u{d6}123456", "tracking/foreign-characters")]
    {
        assert_eq!(shop.counts(&parcel(number)), [0, 0, 0, 1]);
        assert_eq!(shop.codes(), [code]);
    }
    assert_eq!(shop.counts(&parcel("\"=\"\"00340434161094042557\"\"\"")), [1, 0, 0, 0], "{:?}", shop.said);
    assert_eq!(shop.rows("SELECT tracking_number FROM shipment"), ["00340434161094042557"]);
}

#[test]
fn records_that_come_twice_are_taken_once_and_others_about_the_same_refused() {
    for (header, one, other, code) in [
        ("sku,price,price_list", "S-1,12,vip", "S-1,13,vip", "import/duplicate-price"),
        ("sku,cost", "S-1,4", "S-1,5", "import/duplicate-sku"),
        ("store_code,name", "X1,Shop", "x1,Other", "import/duplicate-location"),
        ("sku,channel,attribute,value", "S-1,google,title,A", "S-1,google,title,B", "import/duplicate-override"),
    ] {
        let shop = || {
            let mut shop = Shop::new();
            shop.options.channels =
                channels(|| [("google".to_owned(), vec!["title".to_owned()])].into_iter().collect());
            shop.import(&with("title", "Mug"));
            shop
        };
        let mut same = shop();
        let done = same.import(&format!("{header}\n{one}\n{one}\n"));
        assert_eq!((done.refused, done.counts.same, same.codes()), (0, 1, vec!["import/repeated-record"]), "{header}");
        let mut differs = shop();
        let done = differs.import(&format!("{header}\n{one}\n{other}\n"));
        assert_eq!((done.refused, differs.codes()), (1, vec![code]), "{header}");
    }
}

#[test]
fn where_a_location_cannot_be_is_left_out() {
    let mut shop = Shop::new();
    let file = "store_code,name,latitude,longitude,timezone\nA,A,\"52,5\",13.4,Europe/Berlin\nB,B,191,east,Mars/X\n";
    assert_eq!(shop.counts(file), [2, 0, 0, 0]);
    assert_eq!(shop.codes(), ["import/timezone", "import/coordinate", "import/coordinate"]);
    let kept = "SELECT address ->> '$.latitude', address ->> '$.timezone' FROM location ORDER BY code";
    assert_eq!(shop.rows(kept), ["52.5|Europe/Berlin", "-|-"]);
}
