//! Feed documents out: an [`Encoder`] per format turns shaped values into bytes, [`FeedWriter`] carries them to where
//! they go in large pieces, [`AtomicFile`] puts the finished file in its place.
//!
//! Values come as text already shaped by their contract; encoders only escape. What a field is called and where it goes
//! is said once, before the first offer, as a list of slots; afterwards a field is its slot's index.
mod atomic;
mod beside;
mod delimited;
mod json;
#[cfg(test)]
mod read_back;
mod wrap;
mod xml;

pub use atomic::{AtomicFile, sweep};
pub use beside::Beside;
pub use delimited::{DelimitedEncoder, Dialect};
pub use json::{JsonConstant, JsonEncoder, JsonFrame, JsonSlot, JsonValue, NAME, keys as json_keys};
pub use wrap::{Wrapped, Wrapping};
pub use xml::{XmlElement, XmlEncoder, XmlEnvelope, XmlSlot};

use std::io::{self, Write};

/// One format. Calls come in this order: `begin`, then per offer `begin_offer`, fields and groups, `end_offer`; `finish`.
/// Everything is appended to `out`, so offers may be encoded by several threads and joined in order, with
/// [`Encoder::between_offers`] in between.
pub trait Encoder {
    /// What stands before the first offer.
    fn begin(&mut self, out: &mut Vec<u8>);
    fn begin_offer(&mut self, out: &mut Vec<u8>);
    /// One value. The same slot again is a second value: another element, another array entry, a joined cell.
    fn field(&mut self, slot: usize, value: &str, out: &mut Vec<u8>);
    /// A value that goes behind an earlier one of its cell after `joint`, where a format joins values.
    fn joined(&mut self, slot: usize, value: &str, joint: &str, out: &mut Vec<u8>) {
        let _ = joint;
        self.field(slot, value, out);
    }
    /// A value whose slot takes part of its name from the data: [`NAME`] in it becomes `name`.
    fn named(&mut self, slot: usize, name: &str, value: &str, out: &mut Vec<u8>) {
        let _ = name;
        self.field(slot, value, out);
    }
    /// What is to stand before the next thing inside the offer, where that is written already.
    fn begin_inside(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }
    /// Fields up to the matching `end_group` stand inside this one. A delimited row has no inside: it takes the fields as
    /// cells of their own.
    fn begin_group(&mut self, slot: usize, out: &mut Vec<u8>);
    fn end_group(&mut self, out: &mut Vec<u8>);
    fn end_offer(&mut self, out: &mut Vec<u8>);
    fn between_offers(&self) -> &'static [u8] {
        b""
    }
    /// What stands after the last offer.
    fn finish(&mut self, out: &mut Vec<u8>);
}

/// Bytes gathered before they are handed on: large enough to make system calls cheap, small enough to stay in cache.
const PIECE: usize = 256 * 1024;

/// How much goes into one document before another is begun. Bytes are those of the text, before compression.
#[derive(Debug, Clone, Copy, Default)]
pub struct Full {
    pub offers: Option<u64>,
    pub bytes: Option<u64>,
}

/// Opens the place of the next document.
type Next<'w, W> = Box<dyn FnMut() -> io::Result<W> + 'w>;

/// An encoder and where its bytes go: one document, or as many as it takes.
pub struct FeedWriter<'w, E, W> {
    encoder: E,
    to: W,
    buffer: Vec<u8>,
    /// Where the offer that is being written starts in `buffer`.
    offer_start: usize,
    /// Of the document being written: its offers, and the bytes handed on.
    offers: u64,
    handed: u64,
    shards: Option<(Full, Next<'w, W>)>,
    /// Documents that are finished.
    done: Vec<W>,
}

impl<'w, E: Encoder, W: Write> FeedWriter<'w, E, W> {
    /// Writes what stands before the first offer.
    pub fn begin(mut encoder: E, to: W) -> Self {
        let mut buffer = Vec::with_capacity(PIECE + PIECE / 4);
        encoder.begin(&mut buffer);
        FeedWriter { encoder, to, buffer, offer_start: 0, offers: 0, handed: 0, shards: None, done: Vec::new() }
    }

    /// Goes on in another document, at the place `next` opens, whenever one is full.
    pub fn sharded(mut self, full: Full, next: impl FnMut() -> io::Result<W> + 'w) -> Self {
        self.shards = Some((full, Box::new(next)));
        self
    }

    pub fn begin_offer(&mut self) {
        if self.offers > 0 {
            self.buffer.extend_from_slice(self.encoder.between_offers());
        }
        self.offer_start = self.buffer.len();
        self.encoder.begin_offer(&mut self.buffer);
    }

    pub fn field(&mut self, slot: usize, value: &str) {
        self.encoder.field(slot, value, &mut self.buffer);
    }

    pub fn joined(&mut self, slot: usize, value: &str, joint: &str) {
        self.encoder.joined(slot, value, joint, &mut self.buffer);
    }

    pub fn named(&mut self, slot: usize, name: &str, value: &str) {
        self.encoder.named(slot, name, value, &mut self.buffer);
    }

    pub fn begin_group(&mut self, slot: usize) {
        self.encoder.begin_group(slot, &mut self.buffer);
    }

    pub fn end_group(&mut self) {
        self.encoder.end_group(&mut self.buffer);
    }

    /// Fills `bytes` with what `write` writes, instead of writing it: it may stand in any offer.
    pub fn apart(&mut self, bytes: &mut Vec<u8>, write: impl FnOnce(&mut Self)) {
        self.encoder.begin_inside(&mut self.buffer);
        bytes.clear();
        std::mem::swap(&mut self.buffer, bytes);
        write(self);
        std::mem::swap(&mut self.buffer, bytes);
    }

    /// Writes what was written apart.
    pub fn inside(&mut self, bytes: &[u8]) {
        self.encoder.begin_inside(&mut self.buffer);
        self.buffer.extend_from_slice(bytes);
    }

    /// Hands a full buffer on.
    pub fn end_offer(&mut self) -> io::Result<()> {
        self.encoder.end_offer(&mut self.buffer);
        if self.is_too_much() {
            self.go_on()?;
        }
        self.offers += 1;
        if self.buffer.len() >= PIECE { self.spill() } else { Ok(()) }
    }

    /// What was written since the last call, for offers that go their ways one by one.
    pub fn drain(&mut self, each: impl FnOnce(&[u8])) {
        each(&self.buffer);
        self.buffer.clear();
    }

    /// Writes what stands after the last offer, hands everything on and gives the destinations back.
    pub fn finish(mut self) -> io::Result<Vec<W>> {
        self.encoder.finish(&mut self.buffer);
        self.spill()?;
        self.to.flush()?;
        self.done.push(self.to);
        Ok(self.done)
    }

    /// Whether the offer just written belongs into another document. The first of a document always has its place.
    fn is_too_much(&mut self) -> bool {
        let Some((full, _)) = &self.shards else { return false };
        let over = |limit: Option<u64>, amount: u64| limit.is_some_and(|limit| amount > limit);
        let mut tail = Vec::new();
        if full.bytes.is_some() {
            self.encoder.finish(&mut tail);
        }
        let bytes = self.handed + (self.buffer.len() + tail.len()) as u64;
        self.offers > 0 && (over(full.offers, self.offers + 1) || over(full.bytes, bytes))
    }

    /// Ends the document before the offer just written, and begins the next one with it.
    fn go_on(&mut self) -> io::Result<()> {
        let Some((_, next)) = &mut self.shards else { return Ok(()) };
        let to = next()?;
        let offer = self.buffer.split_off(self.offer_start);
        let between = self.encoder.between_offers().len();
        self.buffer.truncate(self.buffer.len() - between);
        self.encoder.finish(&mut self.buffer);
        self.spill()?;
        self.to.flush()?;
        self.done.push(std::mem::replace(&mut self.to, to));
        (self.offers, self.handed) = (0, 0);
        self.encoder.begin(&mut self.buffer);
        self.buffer.extend_from_slice(&offer);
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.to.write_all(&self.buffer)?;
        self.handed += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

impl<E: Encoder + ?Sized> Encoder for Box<E> {
    fn begin(&mut self, out: &mut Vec<u8>) {
        (**self).begin(out);
    }
    fn begin_offer(&mut self, out: &mut Vec<u8>) {
        (**self).begin_offer(out);
    }
    fn field(&mut self, slot: usize, value: &str, out: &mut Vec<u8>) {
        (**self).field(slot, value, out);
    }
    fn joined(&mut self, slot: usize, value: &str, joint: &str, out: &mut Vec<u8>) {
        (**self).joined(slot, value, joint, out);
    }
    fn named(&mut self, slot: usize, name: &str, value: &str, out: &mut Vec<u8>) {
        (**self).named(slot, name, value, out);
    }
    fn begin_inside(&mut self, out: &mut Vec<u8>) {
        (**self).begin_inside(out);
    }
    fn begin_group(&mut self, slot: usize, out: &mut Vec<u8>) {
        (**self).begin_group(slot, out);
    }
    fn end_group(&mut self, out: &mut Vec<u8>) {
        (**self).end_group(out);
    }
    fn end_offer(&mut self, out: &mut Vec<u8>) {
        (**self).end_offer(out);
    }
    fn between_offers(&self) -> &'static [u8] {
        (**self).between_offers()
    }
    fn finish(&mut self, out: &mut Vec<u8>) {
        (**self).finish(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the calls that reach it.
    #[derive(Default)]
    struct Pieces(Vec<usize>);

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_document_is_ended_and_another_begun() {
        let shards = |full: Full| {
            let lines = JsonEncoder::new(JsonFrame::array(), vec![JsonSlot::at("/id")]);
            let mut feed = FeedWriter::begin(lines, Vec::new()).sharded(full, || Ok(Vec::new()));
            for id in ["1", "2", "3"] {
                feed.begin_offer();
                feed.field(0, id);
                feed.end_offer().unwrap();
            }
            let texts = feed.finish().unwrap().into_iter().map(|bytes| String::from_utf8(bytes).unwrap());
            texts.collect::<Vec<_>>()
        };
        let expected = ["[\n{\"id\":\"1\"},\n{\"id\":\"2\"}\n]\n", "[\n{\"id\":\"3\"}\n]\n"];
        assert_eq!(shards(Full { offers: Some(2), bytes: None }), expected);
        assert_eq!(shards(Full { offers: None, bytes: Some(expected[0].len() as u64) }), expected);
        assert_eq!(
            shards(Full { offers: None, bytes: Some(1) }).len(),
            3,
            "an offer larger than a document has its own"
        );
    }

    #[test]
    fn bytes_are_handed_on_in_large_pieces() {
        let dialect = Dialect { delimiter: b'\t', ..Dialect::default() };
        let mut feed = FeedWriter::begin(DelimitedEncoder::new(dialect, vec!["id".into()]), Pieces::default());
        for _ in 0..1000 {
            feed.begin_offer();
            feed.field(0, &"x".repeat(999));
            feed.end_offer().unwrap();
        }
        let pieces = feed.finish().unwrap().remove(0).0;
        assert_eq!(pieces.iter().sum::<usize>(), 1_000_003);
        assert!(pieces.len() <= 4, "{pieces:?}");
    }
}
