//! A small shop for tests: two warehouses, one SKU, and orders of it.
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::{Carried, Catalog, Item, ItemGroup, Location, Status, Writer};
use crate::order::{Fulfillment, Line, Order, State};
use crate::value::{Currency, Sku};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A shop with so many `TEA-1` in its first warehouse, opened at eight in the morning.
pub(crate) fn shop_with(dir: &Path, on_hand: i64) -> (Catalog, Writer) {
    let opened = at("2026-11-25T08:00:00Z");
    let catalog = Catalog::of_shop(dir);
    catalog.create(opened).unwrap();
    let mut writer = catalog.write("test", opened, Duration::ZERO).unwrap();
    let change = writer.change(opened).unwrap();
    for code in ["MAIN", "SHOP"] {
        let (code, address) = (code.to_owned(), serde_json::Map::new());
        let kind = "warehouse".to_owned();
        change.put_location(&Location { name: code.clone(), code, kind, fulfills_online: true, address }).unwrap();
    }
    let carried = Carried::default();
    let mut products = change.products("test", &carried).unwrap();
    let group = ItemGroup { item_group_id: "g".into(), title: "Tea".into(), ..ItemGroup::default() };
    let (product, _) = products.put(&group, None).unwrap();
    let (variant, _) = products.put_item(product, &item("TEA-1"), None, 0).unwrap();
    drop(products);
    change.ledger("count").unwrap().unwrap().count(variant, 1, on_hand).unwrap();
    change.commit().unwrap();
    (catalog, writer)
}

pub(crate) fn item(sku: &str) -> Item {
    Item {
        sku: Sku::parse(sku).unwrap(),
        gtin: None,
        mpn: None,
        options: vec![],
        image: None,
        price_minor: None,
        sale_price_minor: None,
        sale_from: None,
        sale_to: None,
        currency: None,
        cost_minor: None,
        weight_g: None,
        tracked: true,
        sells_when_out: false,
        availability_date: None,
        attributes: serde_json::Map::new(),
        status: Status::Active,
    }
}

/// An order of so many `TEA-1`, placed and told at nine.
pub(crate) fn order(id: &str, state: State, quantity: i64) -> Order {
    let line = Line {
        channel_line_id: "1".into(),
        channel_sku: Some("TEA-1".into()),
        gtin: None,
        listing_id: None,
        title: "Tea".into(),
        quantity,
        canceled: 0,
        shipped: 0,
        price_minor: 500,
        tax_minor: 0,
    };
    Order {
        channel_order_id: id.into(),
        state: Some(state),
        channel_state: "WORD".into(),
        fulfillment: Fulfillment::Parcel,
        pickup_point: None,
        currency: Currency::parse("EUR").unwrap(),
        total_minor: 500,
        shipping_minor: 0,
        placed_at: at("2026-11-25T09:00:00Z"),
        updated_at: at("2026-11-25T09:00:00Z"),
        acknowledge_by: None,
        refunds: Vec::new(),
        lines: vec![line],
        buyer: None,
    }
}
