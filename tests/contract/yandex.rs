use super::*;

fn lead(call: &str, told: &mut Value) {
    let order = |id: i64, status: &str| {
        json!({
            "orderId": id, "programType": "DBS", "status": status, "substatus": "STARTED",
            "creationDate": "2026-11-25T09:00:00Z", "items": [{ "id": 11, "count": 1 }],
        })
    };
    match call {
        "POST /v1/businesses/11/orders" => *told = json!({ "orders": [order(7, "PROCESSING"), order(8, "PENDING")] }),
        "GET /v2/delivery/services" => {
            *told = json!({ "result": { "deliveryService": [{ "id": 107, "name": "UPS" }] } })
        }
        _ => {}
    }
}

#[test]
fn yandex_takes_every_request() {
    let mut account = account("yandex");
    account.options = [("business", "11"), ("campaign", "22")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let servers = [Server { variable: "PURVEY_CONTRACT_YANDEX", prefix: "/v", leaves_out_prefix: false }];
    let asked = heard(account, &servers, lead, |connector, port| {
        pulled(connector, port);
        let accepted = Decision { order_id: "8".to_owned(), lines: vec![("11".to_owned(), true)] };
        connector.acknowledge(port, &accepted).unwrap();
        connector.ship(port, &parcel("7", "11", port.now())).unwrap();
        let lines = vec![("11".to_owned(), 1)];
        connector.cancel(port, &Cancellation { order_id: "7".to_owned(), lines, reason: String::new() }).unwrap();
        let rubles = OfferUpdate { currency: Some("RUB".to_owned()), ..offer("LAMP") };
        connector.push(port, &[rubles]).unwrap();
    });
    let every = [
        "GET /v2/delivery/services",
        "POST /v1/businesses/11/orders",
        "POST /v2/businesses/11/offer-prices/updates",
        "POST /v2/campaigns/22/orders/7/delivery/track",
        "PUT /v2/campaigns/22/offers/stocks",
        "PUT /v2/campaigns/22/orders/7/status",
        "PUT /v2/campaigns/22/orders/8/status",
    ];
    if let Some(asked) = asked {
        assert_eq!(asked, every);
    }
}
