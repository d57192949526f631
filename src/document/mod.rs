//! Feeds other people made: offers one by one, each field with its line and column, in constant memory.
//!
//! The readers know syntax only: what a field means, and whether its namespace is the right one, is for the caller.
//! Hostile input meets limits ([`Limits`]) before it meets memory; entities are never expanded, nothing is fetched.
mod delimited;
mod detect;
mod json;
mod offer;
mod source;
pub mod text;
mod xml;

pub use delimited::DelimitedReader;
pub use detect::{Format, detect};
pub use json::JsonReader;
pub use offer::{Attribute, Field, RawOffer};
pub use source::Position;
pub use xml::XmlReader;

use crate::diagnostic::{Diagnostic, Error, Place, Result};
use std::io::BufRead;

/// Offers out of a document, in its order.
pub trait OfferReader {
    /// Puts the next offer into `offer`, whose buffers are used again; false at the end. An `Err` is a fault of the
    /// document as a whole, with line and column; nothing more can be read after it.
    fn read_offer(&mut self, offer: &mut RawOffer) -> Result<bool>;

    /// What stands around the offers, as far as it has been read: the document element of XML with all that is not an
    /// offer (title, link; YML's categories), or the header of a table, one field per column.
    fn head(&self) -> &RawOffer;

    /// Findings since the last call, for example a row with too many cells. Drain it after every offer.
    fn take_findings(&mut self) -> Vec<Diagnostic>;
}

/// What a document may ask of us. The defaults are far above every real feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Elements inside one another.
    pub depth: usize,
    /// Attributes of one element.
    pub attributes: usize,
    /// Bytes of one name.
    pub name: usize,
    /// Bytes of one offer, and of all that stands around the offers.
    pub offer: u64,
    /// Bytes of the document.
    pub total: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 100, attributes: 1000, name: 1024, offer: 16 << 20, total: 16 << 30 }
    }
}

/// How to read. The default finds everything out by itself.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The file's name, for messages.
    pub file: String,
    /// The XML element of one offer, by local name. Known for RSS (`item`) and Atom (`entry`). In JSON the pointer of the
    /// list of offers.
    pub item: Option<String>,
    /// Document elements of other catalogs, and which elements are offers in them.
    pub roots: Vec<(String, Vec<String>)>,
    /// The delimiter of a table, when it is known.
    pub delimiter: Option<u8>,
    /// Lines a table has above its header, told by their first cells. Lines that begin with `# ` are passed over anyway.
    pub above: Vec<String>,
    /// The columns of a table without a header.
    pub columns: Option<Vec<String>>,
    /// The encoding, when it is known better than the document does.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    pub limits: Limits,
}

/// Opens a feed by its content, whatever its name says.
pub fn open<'a, R: BufRead + 'a>(mut input: R, options: ReadOptions) -> Result<Box<dyn OfferReader + 'a>> {
    let first = input.fill_buf().map_err(|e| Error::io("read", options.file.as_ref(), e))?;
    match detect(first) {
        Format::Xml => Ok(Box::new(XmlReader::new(input, options))),
        Format::Json => Ok(Box::new(JsonReader::new(input, options))),
        Format::Delimited(delimiter) => {
            let delimiter = options.delimiter.or(Some(delimiter));
            Ok(Box::new(DelimitedReader::new(input, ReadOptions { delimiter, ..options })?))
        }
        Format::Unknown if options.delimiter.is_some() => Ok(Box::new(DelimitedReader::new(input, options)?)),
        other => Err(Error::input("feed/not-a-feed", format!("this is {}, not a feed", other.name()))
            .at(Place::file(options.file))
            .help(
                "give an XML feed (RSS, Atom, or another with its item element named), JSON, or a table with a header",
            )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> Error {
        match open(bytes, ReadOptions { file: "x.yml".into(), ..ReadOptions::default() }) {
            Ok(_) => panic!("was opened"),
            Err(error) => error,
        }
    }

    #[test]
    fn a_spreadsheet_with_a_feeds_name_is_called_one() {
        let error = fault(b"PK\x03\x04\x14\0");
        assert_eq!(error.code, "feed/not-a-feed");
        assert!(error.message.contains("xlsx"), "{}", error.message);
        assert_eq!(error.place.file.as_deref(), Some("x.yml"));
        assert!(fault(b"").message.contains("empty"));
    }

    #[test]
    fn opens_by_content() {
        for (text, expected) in
            [("<rss><channel><item><id>1</id></item></channel></rss>", "1"), ("id\ttitle\n1\tMug\n", "1")]
        {
            let mut offer = RawOffer::default();
            let mut reader = open(text.as_bytes(), ReadOptions::default()).unwrap();
            assert!(reader.read_offer(&mut offer).unwrap());
            assert_eq!(offer.field("id").unwrap().text(), expected);
            assert!(!reader.read_offer(&mut offer).unwrap());
        }
    }
}
