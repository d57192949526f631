//! Files that leave: parcels, which can be read back, and offers. One record for each line of a parcel, one for each
//! offer, with the same names in CSV, JSON and XML.
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

use crate::diagnostic::{Error, Result};
use crate::market::{OfferUpdate, Parcel};
use crate::value::{Carrier, Currency, Money, TrackingNumber, time};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Json,
    Xml,
}

const PARCEL: &[&str] =
    &["order_id", "package", "line_id", "quantity", "carrier", "tracking_number", "tracking_url", "shipped_at"];
const OFFER: &[&str] = &["sku", "quantity", "price", "sale_price", "currency"];

impl Format {
    pub fn parse(text: &str) -> Option<Format> {
        [Format::Csv, Format::Json, Format::Xml].into_iter().find(|format| format.ending() == text)
    }

    pub fn of(file: &str) -> Option<Format> {
        Format::parse(file.rsplit_once('.')?.1)
    }

    fn ending(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Xml => "xml",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv",
            Format::Json => "application/json",
            Format::Xml => "application/xml",
        }
    }

    pub fn write_parcel(self, parcel: &Parcel) -> Result<String> {
        let carrier = Carrier::find(&parcel.carrier);
        let number = parcel.tracking_number.as_deref();
        let page = carrier.zip(number.and_then(|number| TrackingNumber::parse(number).ok()));
        let page = page.and_then(|(carrier, number)| carrier.url_of(&number));
        let record = |(line, units): &(String, i64)| {
            vec![
                parcel.order_id.clone(),
                parcel.package_number.to_string(),
                line.clone(),
                units.to_string(),
                carrier.map_or(parcel.carrier.as_str(), |carrier| carrier.id).to_owned(),
                number.unwrap_or_default().to_owned(),
                page.clone().unwrap_or_default(),
                time::to_utc_text(parcel.shipped_at),
            ]
        };
        self.write("shipment", PARCEL, parcel.lines.iter().map(record).collect())
    }

    pub fn write_offers(self, offers: &[&OfferUpdate]) -> Result<String> {
        let record = |offer: &&OfferUpdate| {
            let currency = offer.currency.as_deref().and_then(|code| Currency::parse(code).ok());
            let decimal = |minor: Option<i64>| {
                let amount =
                    minor.zip(currency).map(|(minor, currency)| Money::new(minor, currency).to_decimal_string());
                amount.unwrap_or_default()
            };
            vec![
                offer.sku.clone(),
                offer.quantity.map(|quantity| quantity.to_string()).unwrap_or_default(),
                decimal(offer.price_minor),
                decimal(offer.sale_price_minor),
                currency.map_or("", Currency::code).to_owned(),
            ]
        };
        self.write("offer", OFFER, offers.iter().map(record).collect())
    }

    fn write(self, element: &str, names: &[&str], records: Vec<Vec<String>>) -> Result<String> {
        match self {
            Format::Csv => {
                let broken = |e: &dyn std::fmt::Display| Error::bug(format!("a file cannot be written: {e}"));
                let mut writer = csv::Writer::from_writer(Vec::new());
                writer.write_record(names).map_err(|e| broken(&e))?;
                for record in records {
                    writer.write_record(record).map_err(|e| broken(&e))?;
                }
                let bytes = writer.into_inner().map_err(|e| broken(&e))?;
                String::from_utf8(bytes).map_err(|e| broken(&e))
            }
            Format::Json => {
                let object = |record: Vec<String>| -> Map<String, Value> {
                    names.iter().zip(record).map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
                };
                let records: Vec<Map<String, Value>> = records.into_iter().map(object).collect();
                let text = serde_json::to_string_pretty(&records);
                text.map(|text| text + "\n").map_err(|e| Error::bug(format!("a file cannot be written: {e}")))
            }
            Format::Xml => {
                let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{element}s>\n");
                for record in records {
                    text.push_str(&format!("  <{element}>"));
                    for (name, value) in names.iter().zip(record) {
                        text.push_str(&format!("<{name}>{}</{name}>", quick_xml::escape::escape(&value)));
                    }
                    text.push_str(&format!("</{element}>\n"));
                }
                text.push_str(&format!("</{element}s>\n"));
                Ok(text)
            }
        }
    }

    /// What [`Format::write_parcel`] wrote; `None` for what somebody else did.
    pub fn read_parcel(self, text: &str) -> Option<Parcel> {
        let records = self.read(text)?;
        let first = records.first()?;
        let line = |record: &Vec<String>| Some((record.get(2)?.clone(), record.get(3)?.parse().ok()?));
        Some(Parcel {
            order_id: first.first()?.clone(),
            package_number: first.get(1)?.parse().ok()?,
            lines: records.iter().map(line).collect::<Option<_>>()?,
            carrier: first.get(4)?.clone(),
            tracking_number: first.get(5).cloned().filter(|number| !number.is_empty()),
            shipped_at: time::parse(first.get(7)?, None).ok()?,
            location: None,
            last: false,
        })
    }

    fn read(self, text: &str) -> Option<Vec<Vec<String>>> {
        match self {
            Format::Csv => {
                let mut reader = csv::Reader::from_reader(text.as_bytes());
                let record = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
                reader.records().map(|read| read.ok().map(record)).collect()
            }
            Format::Json => {
                let records: Vec<Map<String, Value>> = serde_json::from_str(text).ok()?;
                let field = |record: &Map<String, Value>, name: &str| Some(record.get(name)?.as_str()?.to_owned());
                records.iter().map(|record| PARCEL.iter().map(|name| field(record, name)).collect()).collect()
            }
            Format::Xml => text.lines().filter(|line| line.starts_with("  <")).map(xml_record).collect(),
        }
    }
}

/// One line of a file of ours.
fn xml_record(line: &str) -> Option<Vec<String>> {
    let field = |name: &&str| {
        let start = line.split_once(&format!("<{name}>"))?.1;
        let value = start.split_once(&format!("</{name}>"))?.0;
        quick_xml::escape::unescape(value).ok().map(|value| value.into_owned())
    };
    PARCEL.iter().map(field).collect()
}

/// `ORDER-PACKAGE.csv`, the order's id escaped as in an address.
pub(super) fn name_of(parcel: &Parcel, format: Format) -> String {
    let escaped: String = url::form_urlencoded::byte_serialize(parcel.order_id.as_bytes()).collect();
    format!("{escaped}-{}.{}", parcel.package_number, format.ending())
}

/// The order a parcel's file is of.
pub(super) fn order_of(file: &str) -> Option<String> {
    let (escaped, _) = file.rsplit_once('.')?.0.rsplit_once('-')?;
    let (order_id, _) = url::form_urlencoded::parse(escaped.as_bytes()).next()?;
    Some(order_id.into_owned())
}

/// The same for the same text, so that one that is told again is one file.
pub(super) fn stock_name(text: &str, format: Format) -> String {
    format!("{:016x}.{}", xxh3_64(text.as_bytes()), format.ending())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_is_read_back_as_it_was_written() {
        let parcel = Parcel {
            order_id: "A/1 & <2>, \"3\"-4".to_owned(),
            package_number: 2,
            lines: vec![("1".to_owned(), 2), ("x;y".to_owned(), 1)],
            carrier: "ups".to_owned(),
            tracking_number: Some("1Z999AA10123456784".to_owned()),
            shipped_at: "2026-11-25T09:00:00Z".parse().unwrap(),
            location: None,
            last: false,
        };
        for format in [Format::Csv, Format::Json, Format::Xml] {
            let text = format.write_parcel(&parcel).unwrap();
            assert_eq!(format.read_parcel(&text).as_ref(), Some(&parcel), "{text}");
            let name = name_of(&parcel, format);
            assert_eq!((order_of(&name), Format::of(&name)), (Some(parcel.order_id.clone()), Some(format)));
            let bare = Parcel { tracking_number: None, ..parcel.clone() };
            assert_eq!(format.read_parcel(&format.write_parcel(&bare).unwrap()), Some(bare));
        }
        assert_eq!(Format::Csv.read_parcel("somebody,else\n1,2\n"), None);
    }

    #[test]
    fn prices_are_decimals_of_their_currency() {
        let offer = OfferUpdate {
            sku: "A".to_owned(),
            quantity: Some(0),
            price_minor: Some(1290),
            sale_price_minor: None,
            currency: Some("EUR".to_owned()),
        };
        let text = Format::Csv.write_offers(&[&offer]).unwrap();
        assert_eq!(text, "sku,quantity,price,sale_price,currency\nA,0,12.90,,EUR\n");
    }
}
