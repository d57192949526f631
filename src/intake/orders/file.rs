//! The orders of a file, without keeping them: for a marketplace whose orders are carried by hand.
use super::document::{self, Setting};
use super::table::{OrderTable, Whole};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::intake::bytes::source::Source;
use crate::intake::formats::order_json;
use crate::intake::formats::order_tables;
use crate::intake::input::Input;
use crate::intake::mapping::Mapping;
use crate::intake::offers::document::is_xml;
use crate::intake::options::Options;
use crate::intake::rows::xml_value;
use crate::order::Order;
use serde_json::Value;

/// What a file holds.
#[derive(Debug, Default)]
pub struct OrderFile {
    pub orders: Vec<Order>,
    /// Records of which no order could be made.
    pub refused: Vec<Diagnostic>,
}

/// Reads a table, JSON, or XML: `orders/order` in the words of the JSON, with a `line` for each of its `lines`.
///
/// # Errors
/// Those of [`Source`] and [`Table`](crate::intake::rows::table::Table); `import/unknown-format` and `import/not-xml`.
pub fn read(source: Source, options: &Options) -> Result<OrderFile> {
    let mut file = OrderFile::default();
    if is_xml(source.head()) {
        let place = Place::file(source.name());
        for document in documents(xml_value::read(source)?) {
            file.take(document, &place, options);
        }
        return Ok(file);
    }
    let name = source.name().to_owned();
    match &mut Input::open(source, options)? {
        Input::Orders { records, .. } => {
            while let Some(record) = records.read()? {
                match record {
                    Ok(record) => {
                        let place = Place::file(records.file()).record(record.number).line(record.start.line);
                        for document in order_json::documents(record.value) {
                            file.take(document, &place, options);
                        }
                    }
                    Err(refusal) => file.refused.push(*refusal),
                }
            }
        }
        Input::Table { table, format, .. } => {
            let layout = order_tables::layout(format.name).unwrap_or(&order_tables::OWN);
            let mut reader = OrderTable::new(layout, &mut Mapping::new(table), options);
            loop {
                let whole = match table.read()? {
                    Some(Ok(record)) => reader.take(&record),
                    Some(Err(refusal)) => {
                        file.refused.push(refusal);
                        continue;
                    }
                    None => break,
                };
                file.take_whole(whole, options);
            }
            file.take_whole(reader.finish(), options);
        }
        Input::Offers(_) => {
            return Err(Error::input("import/unknown-format", "these are offers, not orders").at(Place::file(name)));
        }
    }
    Ok(file)
}

impl OrderFile {
    fn take_whole(&mut self, whole: Option<Whole>, options: &Options) {
        if let Some(Whole { place, document, .. }) = whole {
            self.take(document, &place, options);
        }
    }

    fn take(&mut self, document: Value, place: &Place, options: &Options) {
        let setting = Setting { channel: options.market.as_deref(), zone: options.zone.as_ref(), now: options.now };
        match document::read(&document, place, &setting) {
            Ok(told) => self.orders.push(told.order),
            Err(refusal) => self.refused.push(*refusal),
        }
    }
}

/// The orders of an XML document, with their lines as a list.
fn documents(root: (String, Value)) -> Vec<Value> {
    let (name, value) = root;
    let orders = match value {
        Value::Object(mut fields) if name != "order" => listed(fields.remove("order")),
        order => vec![order],
    };
    let settle = |mut order: Value| {
        if let Some(Value::Object(lines)) = order.get_mut("lines") {
            let lines = listed(lines.remove("line"));
            order["lines"] = Value::Array(lines);
        }
        order
    };
    orders.into_iter().map(settle).collect()
}

/// An element that stands once is not told from one of many.
fn listed(value: Option<Value>) -> Vec<Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Currency;

    fn of(text: &str) -> Result<OrderFile> {
        let now = "2026-11-25T09:00:00Z".parse().unwrap();
        let options = Options {
            kind: Some(crate::intake::detect::Kind::Orders),
            market: Some("mail".to_owned()),
            ..Options::new(Currency::parse("EUR").unwrap(), now)
        };
        read(Source::bytes("orders", text.as_bytes())?, &options)
    }

    const TABLE: &str = "order,status,created_at,currency,total,line,sku,quantity,price\n\
        A1,paid,2026-11-25T08:00:00Z,EUR,25.80,1,LAMP,2,12.90\n\
        A2,paid,2026-11-25T08:00:00Z,EUR,3.00,1,BULB,one,3.00\n";
    const JSON: &str = r#"{"order_id":"A1","status":"paid","created_at":"2026-11-25T08:00:00Z","currency":"EUR",
        "total":"25.80","lines":[{"line_id":"1","sku":"LAMP","quantity":2,"unit_price":"12.90"}]}"#;
    const XML: &str = "<?xml version=\"1.0\"?><orders><order id=\"7\"><order_id>A1</order_id><status>paid</status>\
        <created_at>2026-11-25T08:00:00Z</created_at><currency>EUR</currency><total>25.80</total><lines>\
        <line><line_id>1</line_id><sku>LAMP</sku><quantity>2</quantity><unit_price>12.90</unit_price></line></lines>\
        </order></orders>";

    #[test]
    fn an_order_is_the_same_whatever_it_is_written_in() {
        let table = of(TABLE).unwrap();
        assert_eq!((table.orders.len(), table.refused.len()), (1, 1));
        assert_eq!(table.refused[0].place.attribute.as_deref(), Some("lines[0].quantity"));
        let order = &table.orders[0];
        assert_eq!((order.channel_order_id.as_str(), order.total_minor, order.lines[0].quantity), ("A1", 2580, 2));
        assert_eq!(&of(JSON).unwrap().orders[0], order);
        assert_eq!(&of(XML).unwrap().orders[0], order);
    }

    #[test]
    fn what_is_no_orders_is_said() {
        assert!(of("<orders><order>").is_err());
        assert!(of("<rss><channel/></rss>").unwrap().orders.is_empty());
    }
}
