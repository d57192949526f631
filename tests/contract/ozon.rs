use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A posting is to be packed, and packed when it is looked at again.
fn lead(call: &str, told: &mut Value) {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    let posting = |status: &str| {
        json!({
            "posting_number": "7-1", "status": status, "tpl_integration_type": "non_integrated",
            "in_process_at": "2026-11-25T09:00:00Z", "products": [{ "sku": 11, "quantity": 1, "price": "1.0000" }],
        })
    };
    match call {
        // the document's example is not as its own schema has it
        "POST /v4/posting/fbs/list" => *told = json!({ "postings": [posting("awaiting_packaging")] }),
        "POST /v3/posting/fbs/get" => {
            let packed = LOOKS.fetch_add(1, Ordering::SeqCst) % 2 == 1;
            *told = json!({ "result": posting(if packed { "awaiting_deliver" } else { "awaiting_packaging" }) });
        }
        "POST /v2/fbs/posting/tracking-number/set" | "POST /v2/fbs/posting/delivering" => {
            told["result"] = json!([{ "posting_number": "7-1", "result": true }]);
        }
        "POST /v3/product/info/list" => *told = json!({ "items": [{ "id": 5, "offer_id": "LAMP" }] }),
        _ => {}
    }
}

#[test]
fn ozon_takes_every_request() {
    let mut account = account("ozon");
    account.options = [("warehouse".to_owned(), "7001".to_owned())].into();
    let servers = [Server { variable: "PURVEY_CONTRACT_OZON", prefix: "/v", leaves_out_prefix: false }];
    let asked = heard(account, &servers, lead, |connector, port| {
        assert_eq!(pulled(connector, port).len(), 1);
        connector.ship(port, &parcel("7-1", "11", port.now())).unwrap();
        let lines = vec![("11".to_owned(), 1)];
        let reason = "402 the shade is broken".to_owned();
        connector.cancel(port, &Cancellation { order_id: "7-1".to_owned(), lines, reason }).unwrap();
        let rubles = OfferUpdate { currency: Some("RUB".to_owned()), sale_price_minor: Some(990), ..offer("LAMP") };
        connector.push(port, &[rubles]).unwrap();
    });
    let every = [
        "POST /v1/product/import/prices",
        "POST /v2/fbs/posting/delivering",
        "POST /v2/fbs/posting/tracking-number/set",
        "POST /v2/posting/fbs/cancel",
        "POST /v2/products/stocks",
        "POST /v3/posting/fbs/get",
        "POST /v3/product/info/list",
        "POST /v4/posting/fbs/list",
        "POST /v4/posting/fbs/ship",
    ];
    if let Some(asked) = asked {
        assert_eq!(asked, every);
    }
}
