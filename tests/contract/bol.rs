use super::*;

fn lead(call: &str, told: &mut Value) {
    let item = json!({
        "orderItemId": "i1", "quantity": 1, "quantityShipped": 0, "quantityCancelled": 0, "unitPrice": 12.9,
        "totalPrice": 12.9, "latestChangedDateTime": "2026-11-25T09:00:00+01:00",
    });
    let done = |number: &str| json!({ "processStatusId": number, "entityId": "e1", "status": "SUCCESS" });
    match call {
        "GET /retailer/orders" => *told = json!({ "orders": [{ "orderId": "B1", "orderItems": [] }] }),
        "GET /retailer/orders/B1" => {
            let placed = "2026-11-25T09:00:00+01:00";
            *told = json!({ "orderId": "B1", "orderPlacedDateTime": placed, "orderItems": [item] });
        }
        "GET /retailer/shipments" => *told = json!({ "shipments": [{ "shipmentId": "914587795" }] }),
        "POST /retailer/shipments" => told["status"] = json!("PENDING"),
        "POST /shared/process-status" => *told = json!({ "processStatuses": [done("p1"), done("p2")] }),
        "PUT /retailer/offers/o1/stock" => *told = done("p1"),
        "PUT /retailer/offers/o1/price" => *told = done("p2"),
        _ if call.contains("/process-status/") || call.contains("cancellation") || call.ends_with("offers/export") => {
            *told = done("p3");
        }
        _ => {}
    }
}

#[test]
fn bol_takes_every_request() {
    let server = |variable, prefix| Server { variable, prefix, leaves_out_prefix: false };
    let servers =
        [server("PURVEY_CONTRACT_BOL_RETAILER", "/retailer"), server("PURVEY_CONTRACT_BOL_SHARED", "/shared")];
    let asked = heard(account("bol"), &servers, lead, |connector, port| {
        pulled(connector, port);
        connector.ship(port, &parcel("B1", "i1", port.now())).unwrap();
        connector.parcels(port, "B1").unwrap();
        let lines = vec![("i1".to_owned(), 1)];
        let cancellation = Cancellation { order_id: "B1".to_owned(), lines, reason: "OUT_OF_STOCK".to_owned() };
        connector.cancel(port, &cancellation).unwrap();
        // the document has no example of the export, so no offer is known by it
        let _ = connector.push(port, &[offer("LAMP")]);
        connector.poll(port, "0:p1 0:p2", &[offer("LAMP")]).unwrap();
    });
    let every = [
        "GET /retailer/offers/export/e1",
        "GET /retailer/orders",
        "GET /retailer/orders/B1",
        "GET /retailer/shipments",
        "GET /retailer/shipments/914587795",
        "POST /retailer/offers/export",
        "POST /retailer/shipments",
        "POST /shared/process-status",
        "PUT /retailer/orders/cancellation",
    ];
    if let Some(asked) = asked {
        let asked: Vec<&str> =
            asked.iter().map(String::as_str).filter(|call| !call.starts_with("GET /shared/process-status/")).collect();
        assert_eq!(asked, every);
    }
}
