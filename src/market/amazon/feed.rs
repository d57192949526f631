//! Many offers at once: a document is asked for and uploaded, a feed made of it, and its result fetched when it is done.
//!
//! A feed that is DONE may still hold refusals; they name messages by number.
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::offers::{PRODUCT_TYPE, broken};
use super::{Amazon, wire};
use crate::diagnostic::{Error, Result};
use crate::market::faults::rejected;
use crate::market::{Body, ItemResult, Method, OfferUpdate, Polled, Port, Request, Submitted};

const MEDIA_TYPE: &str = "application/json; charset=UTF-8";
/// A result larger than this, unpacked, is a fault.
const RESULT_BYTES_MAX: u64 = 64 * 1024 * 1024;

impl Amazon {
    pub(super) fn submit(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let (mut messages, mut results) = (Vec::new(), Vec::new());
        for (nth, offer) in (1u64..).zip(offers) {
            match self.patches(offer) {
                Ok(patches) => messages.push(json!({
                    "messageId": nth,
                    "sku": offer.sku,
                    "operationType": "PATCH",
                    "productType": PRODUCT_TYPE,
                    "patches": patches,
                })),
                Err(why) => results.push(ItemResult { sku: offer.sku.clone(), refused: Some(why) }),
            }
        }
        if messages.is_empty() {
            return Ok(Submitted { job: None, results });
        }
        let header = json!({ "sellerId": self.seller, "version": "2.0", "issueLocale": "en_US" });
        let job = self.upload(port, &json!({ "header": header, "messages": messages }))?;
        Ok(Submitted { job, results })
    }

    /// The feed's id; none in a dry run. Values are absolute, so a feed that is made twice does no harm.
    fn upload(&self, port: &dyn Port, document: &Value) -> Result<Option<String>> {
        let place = Request::new(Method::Post, "feed-document", &["feeds", "2021-06-30", "documents"])?
            .body(Body::Json(json!({ "contentType": MEDIA_TYPE })))
            .repeatable();
        let response = port.send(place)?;
        if response.is_withheld() {
            return Ok(None);
        }
        let place: wire::Document = response.json()?;
        let body = Body::Raw { media_type: MEDIA_TYPE.to_owned(), bytes: document.to_string().into_bytes() };
        port.send(Request::at(Method::Put, "feed-upload", &place.url)?.body(body).repeatable())?;
        let body = json!({
            "feedType": "JSON_LISTINGS_FEED",
            "marketplaceIds": [self.marketplace],
            "inputFeedDocumentId": place.feed_document_id,
        });
        let feed = Request::new(Method::Post, "feed", &["feeds", "2021-06-30", "feeds"])?.body(Body::Json(body));
        let made: wire::Created = port.send(feed.repeatable())?.json()?;
        Ok(Some(made.feed_id))
    }

    pub(super) fn poll_feed(&self, port: &dyn Port, job: &str, sent: &[OfferUpdate]) -> Result<Polled> {
        let response = port.send(Request::get("feed-status", &["feeds", "2021-06-30", "feeds", job])?)?;
        if response.status == 404 {
            return Err(rejected(format!("Amazon does not know feed {job}")));
        }
        let feed: wire::Feed = response.json()?;
        match (feed.processing_status.as_str(), feed.result_feed_document_id) {
            ("DONE", Some(document)) => Ok(Polled::Done(self.results(sent, &self.report(port, &document)?))),
            ("DONE", None) => Ok(Polled::Done(self.results(sent, &[]))),
            (ended @ ("FATAL" | "CANCELLED"), _) => {
                let refused = |offer: &OfferUpdate| ItemResult {
                    sku: offer.sku.clone(),
                    refused: Some(format!("the feed ended as {ended}")),
                };
                Ok(Polled::Done(sent.iter().map(refused).collect()))
            }
            _ => Ok(Polled::Pending),
        }
    }

    /// One result for every offer; those that could not be in the feed were refused when it was made.
    fn results(&self, sent: &[OfferUpdate], issues: &[wire::Issue]) -> Vec<ItemResult> {
        let of = |(nth, offer): (u64, &OfferUpdate)| {
            self.patches(offer).ok()?;
            let words: Vec<&str> = issues
                .iter()
                .filter(|issue| issue.is_error() && issue.message_id == Some(nth))
                .map(wire::Issue::words)
                .collect();
            Some(ItemResult { sku: offer.sku.clone(), refused: (!words.is_empty()).then(|| words.join("; ")) })
        };
        (1..).zip(sent).filter_map(of).collect()
    }

    fn report(&self, port: &dyn Port, document: &str) -> Result<Vec<wire::Issue>> {
        let segments = ["feeds", "2021-06-30", "documents", document];
        let place: wire::Document = port.send(Request::get("feed-result", &segments)?)?.json()?;
        let told = port.send(Request::at(Method::Get, "feed-download", &place.url)?.reading())?.body;
        let told = match place.compression_algorithm.as_deref() {
            None => told,
            Some("GZIP") => unpacked(&told)?,
            Some(other) => return Err(broken("a feed's result", &format!("it is packed by {other}"))),
        };
        let report: wire::Report = serde_json::from_slice(&told).map_err(|e| broken("a feed's result", &e))?;
        Ok(report.issues)
    }
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut whole = Vec::new();
    let read = GzDecoder::new(bytes).take(RESULT_BYTES_MAX).read_to_end(&mut whole);
    read.map(|_| whole).map_err(|e| broken("a feed's result", &e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    #[test]
    fn a_packed_result_is_unpacked() {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(b"{}").unwrap();
        assert_eq!(unpacked(&packer.finish().unwrap()).unwrap(), b"{}");
        assert_eq!(unpacked(b"{}").unwrap_err().code, "market/unreadable");
    }
}
