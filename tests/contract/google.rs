use purvey::market::WholeOffer;
use purvey::order::{Signal, SignalLine};

use super::*;

fn lead(call: &str, told: &mut Value) {
    // one page, of nothing that is ours
    if call == "GET /products/v1/accounts/2000/products" {
        *told = json!({ "products": [] });
    }
}

fn offer(body: Value, gone: bool) -> WholeOffer {
    let mut named = json!({ "offerId": "LAMP", "contentLanguage": "en", "feedLabel": "DE" });
    named.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    WholeOffer { id: "LAMP".to_owned(), body: named, gone }
}

#[test]
fn google_takes_every_request() {
    let server = |variable, prefix| Server { variable, prefix, leaves_out_prefix: false };
    let servers = [
        server("PURVEY_CONTRACT_GOOGLE_PRODUCTS", "/products"),
        server("PURVEY_CONTRACT_GOOGLE_INVENTORIES", "/inventories"),
        server("PURVEY_CONTRACT_GOOGLE_TRACKING", "/ordertracking"),
    ];
    let account = Account {
        key: Secret::new(include_str!("../markets/google-merchant/key.json")),
        options: [("data_source", "7"), ("products", "online:en:US"), ("origin", "US 95016")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..account("google-merchant")
    };
    let asked = heard(account, &servers, lead, |connector, port| {
        let price = json!({ "amountMicros": "12900000", "currencyCode": "EUR" });
        let product = json!({ "productAttributes": { "title": "Lamp", "availability": "IN_STOCK", "price": price } });
        let local = json!({ "localInventory": {
            "storeCode": "BERLIN",
            "localInventoryAttributes": { "availability": "IN_STOCK", "quantity": "3", "price": price },
        } });
        let regional = json!({ "regionalInventory": {
            "region": "north",
            "regionalInventoryAttributes": { "availability": "OUT_OF_STOCK", "price": price },
        } });
        for body in [product, local, regional] {
            for gone in [false, true] {
                let told = connector.tell(port, &[offer(body.clone(), gone)]).unwrap();
                assert_eq!(told.results.len(), 1);
                assert_eq!(told.results[0].refused, None);
            }
        }
        assert!(connector.found_wrong(port, None).unwrap().is_some());
        let line = SignalLine {
            line_id: "11".to_owned(),
            sku: "LAMP".to_owned(),
            gtin: Some("4006381333931".to_owned()),
            ordered: 2,
            shipped: 1,
        };
        let signal = Signal {
            order_id: "1001".to_owned(),
            placed_at: port.now(),
            package_number: 1,
            carrier: "ups".to_owned(),
            tracking_number: "1Z999AA10123456784".to_owned(),
            shipped_at: port.now(),
            origin: None,
            lines: vec![line],
        };
        connector.signal(port, &signal).unwrap();
    });
    let every = [
        "DELETE /inventories/v1/accounts/2000/products/en~DE~LAMP/localInventories/BERLIN",
        "DELETE /inventories/v1/accounts/2000/products/en~DE~LAMP/regionalInventories/north",
        "DELETE /products/v1/accounts/2000/productInputs/en~DE~LAMP",
        "GET /products/v1/accounts/2000/products",
        "POST /inventories/v1/accounts/2000/products/en~DE~LAMP/localInventories:insert",
        "POST /inventories/v1/accounts/2000/products/en~DE~LAMP/regionalInventories:insert",
        "POST /ordertracking/v1/accounts/2000/orderTrackingSignals",
        "POST /products/v1/accounts/2000/productInputs:insert",
    ];
    if let Some(asked) = asked {
        assert_eq!(asked, every);
    }
}
