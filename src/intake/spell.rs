//! Options of an import as people spell them, on the command line and in purvey.toml. The `Err` of each says what would
//! be right.
use super::cell::weight::Unit;
use super::detect::Kind;
use super::mapping::file::MappingFile;
use crate::diagnostic::{Error, Place, Result as Fallible};
use jiff::tz::TimeZone;
use std::path::Path;
use std::sync::Arc;

pub fn kind(text: &str) -> Result<Kind, String> {
    let all = <Kind as clap::ValueEnum>::value_variants();
    let known = || all.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    all.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| format!("one of {}", known()))
}

pub fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [one @ (b'\t' | b' '..=b'~')] if !one.is_ascii_alphanumeric() && *one != b'"' => Ok(*one),
        _ => Err("one ASCII character that is no letter, digit or quote; or `tab`".to_owned()),
    }
}

pub fn unit(text: &str) -> Result<Unit, String> {
    Unit::parse(text).ok_or_else(|| "g, kg, lb or oz".to_owned())
}

pub fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "a zone of the IANA database, for example Europe/Lisbon".to_owned())
}

/// Reads a mapping file.
///
/// Errors: `mapping/unreadable`; those of [`MappingFile::parse`].
pub fn mapping(path: &Path) -> Fallible<Arc<MappingFile>> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| {
        Error::usage("mapping/unreadable", format!("{file} cannot be read: {e}"))
            .at(Place::file(&file))
            .help("write one with `purvey import --map-wizard FILE`")
    })?;
    MappingFile::parse(&file, &text).map(Arc::new)
}
