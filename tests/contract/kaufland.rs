use super::*;

fn lead(call: &str, told: &mut Value) {
    let unit = json!({
        "id_order_unit": 11, "status": "need_to_be_sent", "id_offer": "LAMP", "currency": "EUR", "price": 1290,
        "ts_updated_iso": "2026-11-25T09:00:00Z",
    });
    match call {
        "GET /orders" => *told = json!({ "data": [{ "id_order": "M1" }], "pagination": { "total": 1 } }),
        "GET /orders/M1" => {
            let order = json!({ "id_order": "M1", "ts_created_iso": "2026-11-25T08:00:00Z", "order_units": [unit] });
            *told = json!({ "data": order });
        }
        "GET /units" => *told = json!({ "data": [{ "id_unit": 5, "id_offer": "LAMP" }] }),
        "POST /units/bulk" => *told = json!({ "data": [{ "id_unit": 5, "status_code": 200 }] }),
        _ => {}
    }
}

#[test]
fn kaufland_takes_every_request() {
    let mut account = account("kaufland");
    account.options.insert("storefront".to_owned(), "de".to_owned());
    let servers = [Server { variable: "PURVEY_CONTRACT_KAUFLAND", prefix: "/", leaves_out_prefix: false }];
    let asked = heard(account, &servers, lead, |connector, port| {
        pulled(connector, port);
        connector.ship(port, &parcel("M1", "11", port.now())).unwrap();
        let lines = vec![("11".to_owned(), 1)];
        let cancellation = Cancellation { order_id: "M1".to_owned(), lines, reason: "NoInventory".to_owned() };
        connector.cancel(port, &cancellation).unwrap();
        connector.push(port, &[offer("LAMP")]).unwrap();
    });
    let every = [
        "GET /orders",
        "GET /orders/M1",
        "GET /units",
        "PATCH /order-units/11/cancel",
        "PATCH /order-units/11/send",
        "POST /units/bulk",
    ];
    if let Some(asked) = asked {
        assert_eq!(asked, every);
    }
}
