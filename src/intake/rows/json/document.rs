//! A JSON document as a stream of the objects of its one list, which may stand in an envelope: `{"products": [{…}, …]}`.
//!
//! The text is cut at brackets, so that no more than one object is held at a time; each is then read strictly.
use super::records::JsonRecord;
use super::value::parse;
use crate::diagnostic::{Error, Place, Result};
use crate::intake::bytes::encoding::{Encoding, Spot, Text};
use crate::intake::bytes::source::{Source, error_from};
use crate::intake::rows::delimited::RECORD_BYTES_MAX;
use std::io::BufRead;

/// Objects and lists within one another; merchants' files stay under ten.
const DEPTH_MAX: usize = 64;

/// Lists that are part of a record and never the records themselves.
#[rustfmt::skip]
const PARTS: &[&str] = &[
    "variants", "options", "images", "media", "lines", "items_ordered", "line_items", "lineitems", "orderitems", "tags",
    "attributes", "metafields", "meta_data", "errors", "warnings", "categories", "links", "fulfillments", "refunds",
    "shipping_lines", "tax_lines", "fee_lines", "coupon_lines", "note_attributes", "discount_codes", "transactions",
];
/// Objects in which the list may stand.
const WRAPPERS: &[&str] = &["data", "payload", "result", "response", "products", "productvariants", "orders", "items"];

/// Keys of a record: what holds one is no envelope.
const TELLING: &[&str] = &["id", "sku", "handle", "title", "price", "order_id", "orderid", "amazonorderid", "customer"];

pub struct JsonDocument {
    text: Text,
    buf: Vec<u8>,
    /// What was looked at of `buf`, and where that is in the file.
    at: usize,
    spot: Spot,
    /// `buf` up to here is accounted for in `spot`.
    told: usize,
    forgotten: u64,
    /// Brackets that close what is around the list.
    around: Vec<u8>,
    records: Records,
    number: u64,
}

enum Records {
    /// The list is open.
    List,
    /// There is no list: the document is the record.
    One(String),
    Ended,
}

impl JsonDocument {
    pub fn open(text: Text) -> Result<JsonDocument> {
        let mut document = JsonDocument {
            text,
            buf: Vec::new(),
            at: 0,
            spot: Spot::START,
            told: 0,
            forgotten: 0,
            around: Vec::new(),
            records: Records::Ended,
            number: 0,
        };
        document.find_list()?;
        Ok(document)
    }

    /// Whether the first bytes of a document say so.
    pub fn is_around_a_list(head: &[u8]) -> bool {
        let text = Source::bytes("head", head).and_then(|source| Text::open(source, None));
        match text.and_then(JsonDocument::open) {
            Ok(document) => matches!(document.records, Records::List | Records::Ended),
            // what is nested without end is no line of records
            Err(error) => error.code == "json/too-deep",
        }
    }

    pub fn file(&self) -> &str {
        self.text.name()
    }

    pub fn encoding(&self) -> Encoding {
        self.text.encoding()
    }

    pub fn bytes_read(&self) -> u64 {
        self.forgotten + self.at as u64
    }

    pub fn read(&mut self) -> Result<Option<JsonRecord>> {
        match std::mem::replace(&mut self.records, Records::Ended) {
            Records::One(text) => {
                self.number = 1;
                let start = Spot::START;
                let value = self.parsed(&text, start)?;
                Ok(Some(JsonRecord { number: 1, start, text, value }))
            }
            Records::Ended => Ok(None),
            Records::List => {
                if self.number > 0 {
                    match self.next()? {
                        b',' => self.at += 1,
                        b']' => return self.close(),
                        _ => return Err(self.fault("`,` or `]` is due")),
                    }
                } else if self.next()? == b']' {
                    return self.close();
                }
                self.next()?;
                self.forget();
                self.number += 1;
                let start = self.spot;
                let text = self.cut()?;
                let value = self.parsed(&text, start)?;
                self.records = Records::List;
                Ok(Some(JsonRecord { number: self.number, start, text, value }))
            }
        }
    }

    /// Goes down to the list.
    fn find_list(&mut self) -> Result<()> {
        match self.next()? {
            b'[' => self.enter(b']'),
            b'{' => self.enter(b'}'),
            _ => return Err(self.fault("an object or a list is due")),
        }
        let (mut is_empty, mut is_record) = (false, false);
        while self.around.last() == Some(&b'}') {
            let Some(key) = self.key()? else {
                self.around.pop();
                match self.around.last() {
                    Some(_) => continue,
                    None if is_empty && !is_record => return self.end(),
                    None => {
                        let text = String::from_utf8_lossy(&self.buf[..self.at]).into_owned();
                        self.records = Records::One(text);
                        return self.end();
                    }
                }
            };
            let is = |names: &[&str]| names.contains(&key.to_lowercase().as_str());
            is_record |= is(TELLING);
            match self.next()? {
                b'{' if is(WRAPPERS) && !is_record => self.enter(b'}'),
                b'[' if !is(PARTS) && !is_record => {
                    let open = self.at;
                    self.at += 1;
                    let first = self.next()?;
                    if first == b'{' {
                        self.around.push(b']');
                    } else {
                        is_empty |= first == b']';
                        self.at = open;
                        self.skip()?;
                    }
                }
                _ => self.skip()?,
            }
        }
        self.records = Records::List;
        Ok(())
    }

    fn enter(&mut self, closing: u8) {
        self.around.push(closing);
        self.at += 1;
    }

    /// Reads `, "key":`; `None` at the end of the object, which is read, too.
    fn key(&mut self) -> Result<Option<String>> {
        let before = self.buf[..self.at].iter().rev().find(|b| !b.is_ascii_whitespace());
        let is_first = before == Some(&b'{');
        match self.next()? {
            b'}' => {
                self.at += 1;
                return Ok(None);
            }
            b',' if !is_first => {
                self.at += 1;
                self.next()?;
            }
            b'"' if is_first => {}
            _ => return Err(self.fault("a key, `,` or `}` is due")),
        }
        if self.next()? != b'"' {
            return Err(self.fault("a key in quotes is due"));
        }
        let start = self.spot_now();
        let text = self.cut()?;
        let key = self.parsed(&text, start)?.as_str().unwrap_or_default().to_owned();
        if self.next()? != b':' {
            return Err(self.fault("`:` is due"));
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// A value that is not looked at has to be JSON all the same.
    fn skip(&mut self) -> Result<()> {
        let start = self.spot_now();
        let text = self.cut()?;
        self.parsed(&text, start).map(drop)
    }

    /// Reads what stands behind the list.
    fn close(&mut self) -> Result<Option<JsonRecord>> {
        self.at += 1;
        self.around.pop();
        while self.around.last().is_some() {
            while let Some(key) = self.key()? {
                let is_part = PARTS.contains(&key.to_lowercase().as_str());
                let open = self.at;
                if self.next()? == b'[' && !is_part {
                    self.at += 1;
                    if self.next()? == b'{' {
                        let message = format!("there is a second list of objects, `{key}`");
                        return Err(Error::input("json/two-lists", message)
                            .at(self.place())
                            .help("which of them is meant would be a guess: save one of them as a file of its own"));
                    }
                    self.at = open;
                }
                self.next()?;
                self.skip()?;
            }
            self.around.pop();
        }
        self.end().map(|()| None)
    }

    fn end(&mut self) -> Result<()> {
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.fault("nothing is due after the end")),
        }
    }

    /// Cuts out the value that begins here; whether it is one is not yet looked at.
    fn cut(&mut self) -> Result<String> {
        let start = self.at;
        let (mut depth, mut is_string, mut is_escaped) = (0usize, false, false);
        loop {
            if self.at - start > RECORD_BYTES_MAX {
                return Err(Error::input(
                    "json/record-too-long",
                    "an object is longer than 16 MiB, which is the limit",
                )
                .at(self.place())
                .help("a quote or bracket may not be closed; else leave long fields out"));
            }
            let Some(b) = self.byte()? else { return Err(self.fault("the file ends too early")) };
            if is_string {
                is_string = is_escaped || b != b'"';
                is_escaped = b == b'\\' && !is_escaped;
                self.at += 1;
                if !is_string && depth == 0 {
                    break;
                }
                continue;
            }
            match b {
                b'"' => is_string = true,
                b'{' | b'[' => {
                    depth += 1;
                    if depth > DEPTH_MAX {
                        let message = format!("it is nested deeper than {DEPTH_MAX}, which is the limit");
                        let help = "this is hardly a table of records: see what was exported";
                        return Err(Error::input("json/too-deep", message).at(self.place()).help(help));
                    }
                }
                b'}' | b']' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
            if depth == 0 && matches!(b, b'}' | b']') {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&self.buf[start..self.at]).into_owned())
    }

    fn parsed(&self, text: &str, start: Spot) -> Result<serde_json::Value> {
        let place = Place::file(self.file()).record(self.number.max(1)).line(start.line);
        parse(text, &place, start).map_err(|finding| {
            let error = Error::input("json/unreadable", finding.message).at(finding.place);
            error.help(finding.help.unwrap_or_default())
        })
    }

    /// The next byte that is not white space, which has to be there.
    fn next(&mut self) -> Result<u8> {
        self.peek()?.ok_or_else(|| self.fault("the file ends too early"))
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        while let Some(b) = self.byte()? {
            if !b.is_ascii_whitespace() {
                return Ok(Some(b));
            }
            self.at += 1;
        }
        Ok(None)
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        if self.at == self.buf.len() {
            let name = self.text.name().to_owned();
            let more = self.text.fill_buf().map_err(|e| error_from(e, &name))?;
            let length = more.len();
            self.buf.extend_from_slice(more);
            self.text.consume(length);
        }
        Ok(self.buf.get(self.at).copied())
    }

    fn spot_now(&mut self) -> Spot {
        self.spot.advance(&self.buf[self.told..self.at]);
        self.told = self.at;
        self.spot
    }

    fn forget(&mut self) {
        self.spot_now();
        self.buf.drain(..self.at);
        self.forgotten += self.at as u64;
        (self.at, self.told) = (0, 0);
    }

    fn place(&self) -> Place {
        let mut spot = self.spot;
        spot.advance(self.buf.get(self.told..self.at).unwrap_or_default());
        Place::file(self.file()).record(self.number.max(1)).line(spot.line).column(spot.column)
    }

    fn fault(&self, what: &str) -> Error {
        Error::input("json/unreadable", format!("this is not JSON: {what}"))
            .at(self.place())
            .help("a program that writes JSON does not write this: export it again, or mend the place")
    }
}
