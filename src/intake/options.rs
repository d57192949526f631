//! What the user may say about an import.
pub use super::cell::weight::Unit;
use super::detect::Kind;
use super::mapping::file::MappingFile;
use super::rows::table;
use crate::value::Currency;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// What the user says about an import; only the currency and the time have to be said.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the file is about, as in `import stock FILE`.
    pub kind: Option<Kind>,
    /// `--format`: a name of [`FORMATS`](super::detect::FORMATS).
    pub format: Option<String>,
    /// `--map`: what the columns of a table mean that purvey does not know.
    pub mapping: Option<Arc<MappingFile>>,
    /// `--source`: whose file it is, when not its format's.
    pub source: Option<String>,
    /// Which source owns a field, by the field's name: no other may fill it.
    pub owners: BTreeMap<String, String>,
    /// How the table is written: encoding, delimiter, line of the header.
    pub table: table::Options,
    /// The shop's own, in which amounts without a currency are.
    pub currency: Currency,
    pub now: Timestamp,
    /// Takes nothing of a file of which one record is refused.
    pub strict: bool,
    /// Does everything but keep it.
    pub dry_run: bool,
    /// Archives what the same format brought before and this file does not have.
    pub archive_missing: bool,
    /// Archives it however much it is.
    pub allow_shrink: bool,
    /// Lets a SKU go over to another product.
    pub allow_moves: bool,
    /// Makes SKUs of handle and options also where most variants of the file have one of their own.
    pub make_skus: bool,
    /// Reads amounts in any custom (`1.234,56 €`) also where the format always writes `1234.56`.
    pub local_prices: bool,
    /// The unit of weights that name none.
    pub weight_unit: Option<Unit>,
    /// Where units are whose record names no location.
    pub location: Option<String>,
    /// The marketplace of orders whose record names none, and of parcels whose order is on several.
    pub market: Option<String>,
    /// Marketplaces that are to hear of parcels; those of other channels are only kept here.
    pub told_markets: Vec<String>,
    /// Channels whose offers may be told otherwise, and the attributes each of them has.
    pub channels: Channels,
    /// The zone of times that are written without one.
    pub zone: Option<TimeZone>,
}

/// Attributes by channel, looked up when a file turns out to need them: most do not.
pub type Channels =
    Arc<LazyLock<BTreeMap<String, Vec<String>>, Box<dyn FnOnce() -> BTreeMap<String, Vec<String>> + Send>>>;

pub fn channels(look_up: impl FnOnce() -> BTreeMap<String, Vec<String>> + Send + 'static) -> Channels {
    Arc::new(LazyLock::new(Box::new(look_up)))
}

impl Options {
    pub fn new(currency: Currency, now: Timestamp) -> Self {
        Options {
            kind: None,
            format: None,
            mapping: None,
            source: None,
            owners: BTreeMap::new(),
            table: table::Options::default(),
            currency,
            now,
            strict: false,
            dry_run: false,
            archive_missing: false,
            allow_shrink: false,
            allow_moves: false,
            make_skus: false,
            local_prices: false,
            weight_unit: None,
            location: None,
            market: None,
            told_markets: Vec::new(),
            channels: channels(BTreeMap::new),
            zone: None,
        }
    }
}
