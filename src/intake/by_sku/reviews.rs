//! Reviews of products: a rating from 1 to 5, what was written, when, and about what (SKU, else GTIN, else handle).
use crate::catalog::{Change, Put, Review};
use crate::diagnostic::Result;
use crate::intake::cell;
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::rows::firsts::{Firsts, Met, repeated};
use crate::intake::rows::table::Record;
use crate::value::time::to_utc_text;
use crate::value::{Gtin, Invalid};
use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

const RATINGS: std::ops::RangeInclusive<i64> = 1..=5;

pub struct Reviews<'c, 'w> {
    change: &'c Change<'w>,
    columns: Columns,
    zone: Option<jiff::tz::TimeZone>,
    /// By id.
    seen: Firsts<String>,
    now: Timestamp,
    pub counts: Counts,
}

pub(in crate::intake) struct Columns {
    id: Option<usize>,
    rating: Option<usize>,
    content: Option<usize>,
    title: Option<usize>,
    reviewer: Option<usize>,
    written_at: Option<usize>,
    url: Option<usize>,
    sku: Option<usize>,
    gtin: Option<usize>,
    handle: Option<usize>,
}

impl Columns {
    pub fn find(mapping: &mut Mapping<'_>) -> Columns {
        Columns {
            rating: mapping.find("rating|stars|score", "rating"),
            content: mapping.find("content|body|review|text|review_content", "content"),
            title: mapping.find("title|review_title", "title"),
            reviewer: mapping.find("reviewer_name|reviewer|author|name", "reviewer"),
            id: mapping.find("review_id|id", "key of the review"),
            written_at: mapping.find("created_at|date|review_date|timestamp", "when it was written"),
            url: mapping.find("review_url|url", "address"),
            sku: mapping.find("sku", "SKU"),
            gtin: mapping.find("gtin", "GTIN"),
            handle: mapping.find("product_handle|product handle|handle|product_id", "item group"),
        }
    }
}

impl<'c, 'w> Reviews<'c, 'w> {
    pub fn new(change: &'c Change<'w>, mapping: &mut Mapping<'_>, options: &Options) -> Self {
        let (columns, zone) = (Columns::find(mapping), options.zone.clone());
        Reviews { change, columns, zone, seen: Firsts::default(), now: options.now, counts: Counts::default() }
    }

    pub fn take(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Result<(), Refusal>> {
        let Some(variant_id) = self.subject(record)? else {
            let invalid = Invalid::new("import/unknown-product", "the catalog has no such product", "import it first");
            let column = self.columns.sku.or(self.columns.handle).or(self.columns.gtin).unwrap_or_default();
            return Ok(Err(cell::refusal(record, column, invalid)));
        };
        let review = match self.read(variant_id, record, findings) {
            Ok(review) => review,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match self.seen.meet(review.external_id.clone(), record) {
            Met::First => {}
            Met::Same(first) => {
                findings.tell(repeated(first, record, self.columns.id));
                self.counts.count(Put::Same);
                return Ok(Ok(()));
            }
            Met::Other(first) => {
                let message = format!("record {first} has the same review");
                let help = "the first was taken; keep the right one";
                let invalid = Invalid::new("import/duplicate-review", message, help);
                return Ok(Err(cell::refusal(record, self.columns.id.unwrap_or_default(), invalid)));
            }
        }
        self.counts.count(self.change.put_review(&review)?);
        Ok(Ok(()))
    }

    /// The variant it is about.
    fn subject(&self, record: &Record<'_>) -> Result<Option<i64>> {
        let sku = cell::sku_text(record, self.columns.sku);
        if !sku.is_empty() {
            return Ok(self.change.find_item(sku)?.map(|item| item.id));
        }
        let gtin = Gtin::parse(record.text(self.columns.gtin)).ok();
        let handle = cell::word(record, self.columns.handle).filter(|_| gtin.is_none());
        self.change.reviewed_item(handle.as_deref(), gtin.as_ref().map(Gtin::as_str))
    }

    fn read(&self, variant_id: i64, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Review, Refusal> {
        let c = &self.columns;
        let rating_column = c.rating.unwrap_or_default();
        let rating =
            cell::whole(record, rating_column)?.filter(|rating| RATINGS.contains(rating)).ok_or_else(|| {
                let help = "write a whole number of stars, 1 to 5";
                cell::refusal(
                    record,
                    rating_column,
                    Invalid::new("import/rating", "a rating from 1 to 5 is due here", help),
                )
            })?;
        let written_at = cell::moment(record, c.written_at, self.zone.as_ref())?.ok_or_else(|| {
            let help = "channels sort by it: add a column `created_at`, for example 2026-11-25";
            let invalid = Invalid::new("time/empty", "nothing says when the review was written", help);
            cell::refusal(record, c.written_at.unwrap_or(rating_column), invalid)
        })?;
        if let (Some(column), true) = (c.written_at, written_at > to_utc_text(self.now)) {
            let help = "check the clock, or the format, of the program that wrote it";
            let invalid = Invalid::new("import/odd-time", "the review was written in the future", help);
            findings.tell(cell::warning(record, column, invalid));
        }
        let content = cell::plain(record, c.content, findings);
        let reviewer = cell::word(record, c.reviewer);
        // what was written by whom and when tells a review without an id
        let made = || {
            let parts = format!("{variant_id}\n{written_at}\n{reviewer:?}\n{content:?}");
            format!("made:{:016x}", xxh3_64(parts.as_bytes()))
        };
        Ok(Review {
            external_id: cell::word(record, c.id).unwrap_or_else(made),
            variant_id,
            rating,
            title: cell::plain(record, c.title, findings),
            content,
            reviewer,
            url: cell::word(record, c.url),
            written_at,
        })
    }
}
