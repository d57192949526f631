//! Many offers at once: a document is asked for and uploaded, a feed made of it, and its result fetched when it is done.
//!
//! A feed that is DONE may still hold refusals; they name messages by number.
use std::collections::HashMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::offers::{PRODUCT_TYPE, broken, stock_patch};
use super::{Amazon, wire};
use crate::diagnostic::{Error, Result};
use crate::market::faults::rejected;
use crate::market::{Body, ItemResult, Method, OfferUpdate, Polled, Port, Request, Submitted, WholeOffer};

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
        Ok(Submitted { job: self.upload(port, messages)?, results })
    }

    /// The feed's id; none in a dry run. Values are absolute, so a feed that is made twice does no harm.
    fn upload(&self, port: &dyn Port, messages: Vec<Value>) -> Result<Option<String>> {
        let header = json!({ "sellerId": self.seller, "version": "2.0", "issueLocale": "en_US" });
        let document = json!({ "header": header, "messages": messages });
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

    /// Those that could not be in the feed were refused when it was made.
    pub(super) fn poll_updates(&self, port: &dyn Port, job: &str, sent: &[OfferUpdate]) -> Result<Polled> {
        let messages = (1..).zip(sent).filter(|(_, offer)| self.patches(offer).is_ok());
        self.poll_feed(port, job, messages.map(|(nth, offer)| (nth, offer.sku.as_str())))
    }

    /// Whole offers: each as its contract has it, with a number.
    pub(super) fn submit_whole(&self, port: &dyn Port, offers: &[WholeOffer]) -> Result<Submitted> {
        let numbered = |(nth, offer): (u64, &WholeOffer)| {
            let mut message = if offer.gone { parting(&offer.body) } else { offer.body.clone() };
            message["messageId"] = json!(nth);
            message
        };
        let messages: Vec<Value> = (1..).zip(offers).map(numbered).collect();
        Ok(Submitted { job: self.upload(port, messages)?, results: Vec::new() })
    }

    /// How a feed is doing whose messages have these numbers and SKUs.
    pub(super) fn poll_feed<'a>(
        &self,
        port: &dyn Port,
        job: &str,
        messages: impl Iterator<Item = (u64, &'a str)>,
    ) -> Result<Polled> {
        let response = port.send(Request::get("feed-status", &["feeds", "2021-06-30", "feeds", job])?)?;
        if response.status == 404 {
            return Err(rejected(format!("Amazon does not know feed {job}")));
        }
        let feed: wire::Feed = response.json()?;
        let mut refusals: HashMap<u64, String> = HashMap::new();
        let whole = match (feed.processing_status.as_str(), feed.result_feed_document_id) {
            ("DONE", document) => {
                let issues = document.map_or(Ok(Vec::new()), |document| self.report(port, &document))?;
                for issue in issues.iter().filter(|issue| issue.is_error()) {
                    let words = refusals.entry(issue.message_id.unwrap_or_default()).or_default();
                    words.push_str(if words.is_empty() { "" } else { "; " });
                    words.push_str(issue.words());
                }
                None
            }
            (ended @ ("FATAL" | "CANCELLED"), _) => Some(format!("the feed ended as {ended}")),
            _ => return Ok(Polled::Pending),
        };
        let result = |(nth, sku): (u64, &str)| ItemResult {
            sku: sku.to_owned(),
            refused: whole.clone().or_else(|| refusals.remove(&nth)),
        };
        Ok(Polled::Done(messages.map(result).collect()))
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

/// What is said of an offer that has gone: a listing that only had its price and stock told by us stays, with none to
/// sell; an offer of ours is taken off.
fn parting(body: &Value) -> Value {
    if body["operationType"] != "PATCH" {
        return json!({ "sku": body["sku"], "operationType": "DELETE" });
    }
    json!({
        "sku": body["sku"],
        "operationType": "PATCH",
        "productType": body["productType"],
        "patches": [stock_patch(0)],
    })
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
