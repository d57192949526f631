use super::*;

fn lead(call: &str, told: &mut Value) {
    let money = json!({ "amount": 1290, "divisor": 100, "currency_code": "EUR" });
    let receipt = json!({
        "receipt_id": 7, "status": "paid", "created_timestamp": 1_795_593_600, "updated_timestamp": 1_795_593_600,
        "grandtotal": money,
        "transactions": [{ "transaction_id": 11, "quantity": 1, "price": money }],
    });
    let product = json!({ "sku": "LAMP", "property_values": [], "offerings": [{ "price": money, "quantity": 1 }] });
    match call {
        "GET /v3/application/shops/2000/receipts" => *told = json!({ "count": 1, "results": [receipt] }),
        "GET /v3/application/shops/2000/receipts/7" => *told = receipt,
        "GET /v3/application/shops/2000/listings" => {
            let listing = json!({ "listing_id": 5, "inventory": { "products": [{ "sku": "LAMP" }] } });
            *told = json!({ "count": 1, "results": [listing] });
        }
        "GET /v3/application/listings/5/inventory" => *told = json!({ "products": [product] }),
        _ => {}
    }
}

#[test]
fn etsy_takes_every_request() {
    let servers = [Server { variable: "PURVEY_CONTRACT_ETSY", prefix: "/v3", leaves_out_prefix: false }];
    let asked = heard(account("etsy"), &servers, lead, |connector, port| {
        pulled(connector, port);
        connector.ship(port, &parcel("7", "11", port.now())).unwrap();
        let results = connector.push(port, &[offer("LAMP")]).unwrap().results;
        assert!(results.iter().all(|result| result.refused.is_none()), "{results:?}");
    });
    let every = [
        "GET /v3/application/listings/5/inventory",
        "GET /v3/application/shops/2000/listings",
        "GET /v3/application/shops/2000/receipts",
        "GET /v3/application/shops/2000/receipts/7",
        "POST /v3/application/shops/2000/receipts/7/tracking",
        "PUT /v3/application/listings/5/inventory",
    ];
    if let Some(asked) = asked {
        assert_eq!(asked, every);
    }
}
