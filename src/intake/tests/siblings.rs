//! Brothers of the cases in the corpus of bad files: the same faults in other clothes, cell by cell and file by file.
use super::Shop;

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
