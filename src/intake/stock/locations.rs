//! Stores, warehouses and pickup points: a code, a name, and an address.
use crate::catalog::{Change, Location, Put};
use crate::diagnostic::Result;
use crate::intake::cell;
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::mapping::Mapping;
use crate::intake::rows::firsts::{Firsts, Met, repeated};
use crate::intake::rows::table::Record;
use crate::value::{Country, Invalid};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

const KINDS: [&str; 3] = ["store", "warehouse", "pickup"];

/// Columns that make up the address, and what they are called in it.
const ADDRESS: &[(&str, &str)] = &[
    ("address|street|address1", "street"),
    ("address2", "street2"),
    ("postal_code|postcode|zip", "postal_code"),
    ("city", "city"),
    ("region|state|province", "region"),
    ("country|country_code", "country"),
    ("timezone", "timezone"),
    ("latitude|lat", "latitude"),
    ("longitude|lng|lon", "longitude"),
    ("phone", "phone"),
    ("email", "email"),
    ("hours|opening_hours", "hours"),
    ("url|website", "url"),
];

pub struct Locations<'c, 'w> {
    change: &'c Change<'w>,
    columns: Columns,
    /// By code, without regard to case.
    seen: Firsts<String>,
    pub counts: Counts,
}

pub(in crate::intake) struct Columns {
    code: Option<usize>,
    name: Option<usize>,
    kind: Option<usize>,
    fulfills_online: Option<usize>,
    address: Vec<(usize, &'static str)>,
}

impl Columns {
    pub fn find(mapping: &mut Mapping<'_>) -> Columns {
        let address = |(name, key): &(&str, &'static str)| Some((mapping.find(name, format!("address {key}"))?, *key));
        Columns {
            address: ADDRESS.iter().filter_map(address).collect(),
            code: mapping.find("store_code|store code|location_code|code", "store code"),
            name: mapping.find("name|store_name|store name", "name"),
            kind: mapping.find("kind|type", "kind"),
            fulfills_online: mapping.find("fulfills_online", "whether its units are sold online"),
        }
    }
}

impl<'c, 'w> Locations<'c, 'w> {
    pub fn new(change: &'c Change<'w>, mapping: &mut Mapping<'_>) -> Self {
        Locations { change, columns: Columns::find(mapping), seen: Firsts::default(), counts: Counts::default() }
    }

    pub fn take(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Result<(), Refusal>> {
        let location = match self.read(record, findings) {
            Ok(location) => location,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let put = match location {
            Some(location) => self.change.put_location(&location)?,
            None => Put::Same,
        };
        self.counts.count(put);
        Ok(Ok(()))
    }

    /// `None` for a record that says what another said.
    fn read(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Option<Location>, Refusal> {
        let refuse = |column: Option<usize>, code, message: &str, help: &str| {
            Err(cell::refusal(record, column.unwrap_or_default(), Invalid::new(code, message, help)))
        };
        let code = record.text(self.columns.code);
        if code.is_empty() {
            return refuse(
                self.columns.code,
                "import/no-store-code",
                "the store code is missing",
                "give each location a code of its own",
            );
        }
        let met = self.seen.meet(code.to_lowercase(), record);
        if let Met::Same(first) = met {
            findings.tell(repeated(first, record, self.columns.code));
            return Ok(None);
        }
        if let Met::Other(first) = met {
            let message = format!("record {first} has the same store code");
            return refuse(
                self.columns.code,
                "import/duplicate-location",
                &message,
                "give each location a code of its own",
            );
        }
        let kind = Some(record.text(self.columns.kind).to_lowercase()).filter(|kind| !kind.is_empty());
        let kind = kind.unwrap_or_else(|| "store".to_owned());
        if !KINDS.contains(&kind.as_str()) {
            return refuse(
                self.columns.kind,
                "import/location-kind",
                "this is not a kind of location",
                "write store, warehouse or pickup",
            );
        }
        Ok(Some(Location {
            code: code.to_owned(),
            name: cell::plain(record, self.columns.name, findings).unwrap_or_else(|| code.to_owned()),
            kind,
            fulfills_online: cell::flag(record, self.columns.fulfills_online)?.unwrap_or(true),
            address: self.address(record, findings),
        }))
    }

    fn address(&self, record: &Record<'_>, findings: &mut Findings<'_>) -> Map<String, Value> {
        let mut address = Map::new();
        for (column, key) in &self.columns.address {
            let Some(text) = cell::word(record, Some(*column)) else { continue };
            let (text, doubt) = match *key {
                "country" => (Some(text.clone()), Country::parse(&text).err()),
                "latitude" => coordinate(&text, 90.0),
                "longitude" => coordinate(&text, 180.0),
                "timezone" if TimeZone::get(&text).is_err() => {
                    let help = "write a zone of the IANA database, for example Europe/Lisbon";
                    (None, Some(Invalid::new("import/timezone", "this is no time zone: it is left out", help)))
                }
                _ => (Some(text), None),
            };
            doubt.into_iter().for_each(|invalid| findings.tell(cell::warning(record, *column, invalid)));
            let Some(text) = text else { continue };
            address.insert((*key).to_owned(), Value::from(text));
        }
        address
    }
}

/// Degrees with a decimal point, or why they are left out.
fn coordinate(text: &str, most: f64) -> (Option<String>, Option<Invalid>) {
    let plain = text.replace(',', ".");
    match plain.parse::<f64>() {
        Ok(degrees) if degrees.abs() <= most => (Some(plain), None),
        _ => {
            let help = format!("write degrees as a number, from -{most} to {most}");
            (None, Some(Invalid::new("import/coordinate", "this is no coordinate: it is left out", help)))
        }
    }
}
