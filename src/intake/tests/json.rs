//! JSON in: products and orders as shop systems and marketplaces give them.
use super::Shop;
use crate::intake::bytes::source::Source;
use crate::intake::detect::Kind;
use crate::intake::{MappingFile, Options, explain};
use crate::value::Currency;
use std::sync::Arc;

fn options() -> Options {
    Options::new(Currency::parse("EUR").unwrap(), "2026-11-25T09:00:00Z".parse().unwrap())
}

const SHOPIFY: &str = r#"{"products": [
 {"id": 1, "title": "Mug", "body_html": "<p>Clay</p>", "vendor": "Acme", "product_type": "Cups", "handle": "mug",
  "published_at": "2025-01-01T00:00:00Z", "status": "active", "tags": "a, b",
  "options": [{"name": "Color", "position": 1, "values": ["Red", "Blue"]}],
  "images": [{"id": 7, "position": 1, "src": "https://x.example/1.jpg"},
             {"id": 8, "position": 2, "src": "https://x.example/2.jpg"},
             {"id": 9, "position": 3, "src": "https://x.example/3.jpg"}],
  "variants": [
   {"id": 11, "sku": "mug-r", "option1": "Red", "price": "12.50", "compare_at_price": "15.00", "barcode": "4006381333931",
    "grams": 300, "inventory_quantity": 4, "inventory_management": "shopify", "inventory_policy": "deny", "image_id": 8},
   {"id": 12, "sku": "mug-b", "option1": "Blue", "price": "12,5x"}]},
 {"id": 2, "title": "Plate", "handle": "plate", "options": [], "images": [], "published_at": null,
  "variants": [{"sku": "plate", "price": 9.9, "weight": 0.5, "weight_unit": "kg"}]}
]}"#;

#[test]
fn shopify_products_are_read_as_its_csv_is() {
    let mut shop = Shop::new();
    assert_eq!(shop.counts(SHOPIFY), [2, 0, 0, 1]);
    let refused = &shop.said.iter().find(|d| d.code.starts_with("money/")).unwrap().place;
    assert_eq!(refused.attribute.as_deref(), Some("variants[1].price"));
    assert_eq!((refused.line, refused.column, refused.record), (Some(11), Some(59), Some(2)));
    assert_eq!(
        shop.rows("SELECT sku, options, image, price_minor, sale_price_minor, gtin, weight_g, available FROM variant ORDER BY 1"),
        [
            "mug-r|{\"Color\":\"Red\"}|https://x.example/2.jpg|1500|1250|4006381333931|300|4",
            "plate|{}|-|990|-|-|500|0",
        ]
    );
    assert_eq!(
        shop.rows("SELECT item_group_id, path, tags, json_array_length(images), status FROM product ORDER BY 1"),
        ["mug|/products/mug|[\"a\",\"b\"]|3|active", "plate|/products/plate|[]|0|draft"]
    );
    assert_eq!(shop.counts(SHOPIFY), [0, 0, 2, 1]);
}

const BULK: &str = r#"{"id":"gid://shopify/Product/1","title":"Mug","handle":"mug","status":"ACTIVE","tags":["a","b"]}
{"id":"gid://shopify/ProductVariant/11","sku":"mug-r","price":"12.50","selectedOptions":[{"name":"Color","value":"Red"}],"inventoryItem":{"tracked":true,"unitCost":{"amount":"3.10","currencyCode":"EUR"},"measurement":{"weight":{"value":1.5,"unit":"KILOGRAMS"}}},"inventoryQuantity":3,"__parentId":"gid://shopify/Product/1"}
{"id":"gid://shopify/MediaImage/5","image":{"url":"https://x.example/1.jpg"},"__parentId":"gid://shopify/Product/1"}

{"id":"gid://shopify/Product/2","title":"Plate","handle":"plate","status":"DRAFT"}
{"id":"gid://shopify/ProductVariant/21","sku":"plate","price":"5","__parentId":"gid://shopify/Product/2"}
{"id":"gid://shopify/ProductVariant/12","sku":"mug-b","price":"12.50","__parentId":"gid://shopify/Product/1"}
"#;

#[test]
fn a_handle_that_every_variant_would_repeat_is_bounded() {
    let mut shop = Shop::new();
    shop.options = options();
    let variants: Vec<String> = (0..60_000).map(|n| format!("{{\"sku\": \"S-{n}\", \"price\": \"1.00\"}}")).collect();
    let product = |handle: &str| {
        format!("{{\"handle\": \"{handle}\", \"title\": \"T\", \"variants\": [{}]}}", variants.join(","))
    };
    let other = "{\"handle\": \"mug\", \"title\": \"Mug\", \"variants\": [{\"sku\": \"M\", \"price\": \"2.00\"}]}";
    let done = shop.import(&format!("[{}, {other}]", product(&"h".repeat(100_000))));
    assert_eq!((done.counts.new, done.refused), (1, 1), "{:?}", shop.said);
    assert_eq!(shop.codes(), ["import/handle-too-long"]);
}

#[test]
fn lines_of_a_bulk_operation_join_the_product_before_them() {
    let mut shop = Shop::new();
    assert_eq!(shop.counts(BULK), [2, 0, 0, 1]);
    let stray = &shop.said.iter().find(|d| d.code == "json/no-parent").unwrap().place;
    assert_eq!((stray.line, stray.attribute.as_deref()), (Some(7), Some("__parentId")));
    assert_eq!(
        shop.rows("SELECT sku, options, price_minor, cost_minor, weight_g, tracked, available FROM variant ORDER BY 1"),
        ["mug-r|{\"Color\":\"Red\"}|1250|310|1500|1|3", "plate|{}|500|-|-|0|0"]
    );
    assert_eq!(
        shop.rows("SELECT item_group_id, images, tags, status FROM product ORDER BY 1"),
        ["mug|[\"https://x.example/1.jpg\"]|[\"a\",\"b\"]|active", "plate|[]|[]|draft"]
    );
}

#[test]
fn keys_are_columns_however_the_objects_are_strung_together() {
    let (one, two) = (
        r#"{"sku":"a","title":"A","price":9.5,"images":["https://x.example/1.jpg","https://x.example/2.jpg"]}"#,
        r#"{"sku":"b","title":"B","price":"8","sale_price":"7","brand":null}"#,
    );
    for text in [
        format!("{one}\n{two}\n"),
        format!("[{one},\n{two}]"),
        format!("{{\"page\":1,\"data\":{{\"entries\":[{one},{two}]}},\"next\":null}}"),
        format!("{{\n\"items\": [{one},{two}], \"total\": 2}}"),
    ] {
        let mut shop = Shop::new();
        let done = shop.import(&text);
        assert_eq!((done.format, done.records, done.counts.new), ("products", 2, 2), "{text}");
        assert_eq!(
            shop.rows("SELECT sku, price_minor, sale_price_minor FROM variant ORDER BY 1"),
            ["a|950|-", "b|800|700"]
        );
        assert_eq!(shop.rows("SELECT json_array_length(images) FROM product ORDER BY item_group_id"), ["2", "0"]);
        assert_eq!(shop.counts(&text), [0, 0, 2, 0], "{text}");
    }
}

#[test]
fn tables_of_every_kind_and_mappings_may_be_json() {
    let mut shop = Shop::new();
    let mapping =
        "[columns]\nsku = \"ref.no\"\ntitle = \"names.en\"\nprice = \"cost\"\n[options]\nColor = \"axes.color\"\n";
    shop.options.mapping = Some(Arc::new(MappingFile::parse("m.toml", mapping).unwrap()));
    let text = r#"[{"ref": {"no": 7}, "names": {"en": "Mug"}, "cost": "3", "axes": [{"color": "red"}, {"size": 1}]}]"#;
    assert_eq!(shop.counts(text), [1, 0, 0, 0]);
    assert_eq!(shop.rows("SELECT sku, options, price_minor FROM variant"), ["7|{\"Color\":\"red\"}|300"]);
    shop.options.mapping = None;
    assert_eq!(shop.counts(r#"[{"store_code": "main", "name": "Main"}]"#), [1, 0, 0, 0]);
    shop.options.kind = Some(Kind::Stock);
    assert_eq!(shop.counts("{\"sku\":\"7\",\"store_code\":\"main\",\"quantity\":4}\n{\"sku\":\"8\",\"store_code\":\"main\",\"quantity\":1}\n"), [1, 0, 0, 1]);
    let place = &shop.said[0].place;
    assert_eq!((place.line, place.column, place.attribute.as_deref()), (Some(2), Some(8), Some("sku")));
}

#[test]
fn a_json_file_is_explained() {
    let explained = explain(Source::bytes("x.json", SHOPIFY).unwrap(), &options()).unwrap();
    assert_eq!((explained.format, explained.delimiter, explained.rows.len()), ("shopify-products", None, 5));
    assert!(explained.columns.contains(&("Variant Price".to_owned(), Some("price".to_owned()))));
}

#[test]
fn broken_documents_stop_the_import_where_they_break() {
    let deep = format!("[{}", "{\"a\":".repeat(100_000));
    for (text, code, line, column) in [
        ("// why\n{\"orders\": []}", "json/unreadable", 1, Some(1)),
        ("{\"items\": [{\"sku\": \"a\",\n \"price\": NaN}]}", "json/unreadable", 2, None),
        ("[{\"sku\": \"a\"}\n {\"sku\": \"b\"}]", "json/unreadable", 2, Some(2)),
        ("[{\"sku\": \"a\"},\n {\"sku\": \"b\"", "json/unreadable", 2, None),
        ("[{\"sku\": \"a\", \"sku\": \"b\"}]", "json/unreadable", 1, None),
        ("[{\"sku\": \"a\"}]\n[]", "json/unreadable", 2, Some(1)),
        ("{\"items\": [{\"sku\": 1}],\n \"others\": [{\"sku\": 2}]}", "json/two-lists", 2, None),
        ("{\"errors\": \"no such key\"}\n", "format/unknown", 1, None),
        (&deep, "json/too-deep", 1, None),
    ] {
        let mut shop = Shop::new();
        let error = shop.try_import(text).unwrap_err();
        let start: String = text.chars().take(60).collect();
        assert_eq!((error.code, error.place.line), (code, Some(line)), "{start}: {error}");
        assert!(column.is_none() || error.place.column == column, "{start}: {:?}", error.place);
        assert!(error.help.is_some(), "{start}");
        assert_eq!(shop.rows("SELECT sku FROM variant"), [""; 0], "{start}");
    }
}

#[test]
fn orders_of_marketplaces_become_orders() {
    let ebay = r#"{"total": 1, "orders": [{"orderId": "12-1", "creationDate": "2025-03-02T10:00:00.000Z",
      "lastModifiedDate": "2025-03-02T11:00:00.000Z", "orderPaymentStatus": "PAID", "orderFulfillmentStatus": "NOT_STARTED",
      "cancelStatus": {"cancelState": "NONE_REQUESTED"},
      "pricingSummary": {"priceSubtotal": {"value": "20.0", "currency": "EUR"}, "deliveryCost": {"value": "5.0", "currency": "EUR"},
        "priceDiscount": {"value": "-2.0", "currency": "EUR"}, "deliveryDiscount": {"value": "-1.0", "currency": "EUR"},
        "total": {"value": "22.0", "currency": "EUR"}},
      "fulfillmentStartInstructions": [{"shippingStep": {"shipTo": {"fullName": "Ann", "contactAddress": {"countryCode": "ES", "city": "Vic"}}}}],
      "lineItems": [{"lineItemId": "9", "sku": "a", "title": "A", "quantity": 2, "lineItemCost": {"value": "20.0", "currency": "EUR"}}]}]}"#;
    let amazon = r#"{"orders": [{"orderId": "902-1", "createdTime": "2025-03-02T10:00:00Z", "lastUpdatedTime": "2025-03-02T10:00:00Z",
      "fulfillment": {"fulfillmentStatus": "PARTIALLY_SHIPPED", "fulfilledBy": "MERCHANT"},
      "proceeds": {"grandTotal": {"amount": "12.01", "currencyCode": "EUR"}},
      "orderItems": [{"orderItemId": "5", "quantityOrdered": 2, "product": {"sellerSku": "a", "title": "A",
        "price": {"unitPrice": {"amount": "5.00", "currencyCode": "EUR"}}}, "fulfillment": {"quantityFulfilled": 1},
        "proceeds": {"breakdowns": [{"type": "ITEM", "subtotal": {"amount": "10.00"}}, {"type": "TAX", "subtotal": {"amount": "2.01"}}]}}]}]}"#;
    let v0 = r#"{"payload": {"Orders": [{"AmazonOrderId": "902-2", "PurchaseDate": "2025-03-02T10:00:00Z", "OrderStatus": "Unshipped",
      "OrderTotal": {"CurrencyCode": "EUR", "Amount": "10.00"}}]}}"#;
    let woo = r#"[{"id": 7, "status": "processing", "currency": "EUR", "date_created_gmt": "2025-03-02T10:00:00", "total": "9.00",
      "discount_total": "1.00", "total_tax": "0", "billing": {"email": "a@x.example"}, "shipping": {"first_name": "Ann", "last_name": "Lee"},
      "line_items": [{"id": 3, "name": "A", "sku": "a", "quantity": 1, "subtotal": "10.00", "total": "9.00"}]}]"#;
    let mut shop = Shop::new();
    shop.import("sku,title,price\na,A,5\n");
    for (text, format, new) in [
        (ebay, "ebay-orders", 1),
        (amazon, "amazon-orders-json", 1),
        (v0, "amazon-orders-json", 0),
        (woo, "woocommerce-orders-json", 1),
    ] {
        let done = shop.import(text);
        assert_eq!((done.format, done.records, done.counts.new, done.held), (format, 1, new, 0), "{:?}", shop.said);
        assert!(!shop.codes().contains(&"import/total"), "{:?}", shop.said);
    }
    assert_eq!(
        shop.rows("SELECT channel, channel_order_id, state, total_minor, shipping_minor FROM orders ORDER BY 1"),
        ["amazon|902-1|partly_shipped|1201|0", "ebay|12-1|ready|2200|500", "woocommerce|7|ready|900|0"]
    );
    assert_eq!(
        shop.rows("SELECT quantity, shipped, price_minor FROM line_item ORDER BY channel_line_id"),
        ["1|0|1000", "2|1|500", "2|0|1000"]
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}:,\"\\\\a1é\\n /]{0,60}") {
        let options = options();
        for text in [format!("[{text}"), format!("{{\"items\": [{{{text}}}]}}"), format!("{{\"a\"{text}")] {
            if let Ok(source) = Source::bytes("x.json", text) {
                let _ = explain(source, &options);
            }
        }
    }
}
