//! Feed documents out: an [`Encoder`] per format turns shaped values into bytes, [`FeedWriter`] carries them to where
//! they go in large pieces, [`AtomicFile`] puts the finished file in its place.
//!
//! Values come as text already shaped by their contract; encoders only escape. What a field is called and where it goes
//! is said once, before the first offer, as a list of slots; afterwards a field is its slot's index.
mod atomic;
mod delimited;
mod json;
#[cfg(test)]
mod read_back;
mod xml;

pub use atomic::{AtomicFile, sweep};
pub use delimited::{DelimitedEncoder, Dialect};
pub use json::{JsonConstant, JsonEncoder, JsonFrame, JsonSlot, JsonValue, keys as json_keys};
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

/// An encoder and where its bytes go.
pub struct FeedWriter<E, W> {
    encoder: E,
    to: W,
    buffer: Vec<u8>,
    offers: u64,
}

impl<E: Encoder, W: Write> FeedWriter<E, W> {
    /// Writes what stands before the first offer.
    pub fn begin(mut encoder: E, to: W) -> Self {
        let mut buffer = Vec::with_capacity(PIECE + PIECE / 4);
        encoder.begin(&mut buffer);
        FeedWriter { encoder, to, buffer, offers: 0 }
    }

    pub fn begin_offer(&mut self) {
        if self.offers > 0 {
            self.buffer.extend_from_slice(self.encoder.between_offers());
        }
        self.encoder.begin_offer(&mut self.buffer);
    }

    pub fn field(&mut self, slot: usize, value: &str) {
        self.encoder.field(slot, value, &mut self.buffer);
    }

    pub fn joined(&mut self, slot: usize, value: &str, joint: &str) {
        self.encoder.joined(slot, value, joint, &mut self.buffer);
    }

    pub fn begin_group(&mut self, slot: usize) {
        self.encoder.begin_group(slot, &mut self.buffer);
    }

    pub fn end_group(&mut self) {
        self.encoder.end_group(&mut self.buffer);
    }

    /// Hands a full buffer on.
    pub fn end_offer(&mut self) -> io::Result<()> {
        self.encoder.end_offer(&mut self.buffer);
        self.offers += 1;
        if self.buffer.len() >= PIECE { self.spill() } else { Ok(()) }
    }

    /// What was written since the last call, for offers that go their ways one by one.
    pub fn drain(&mut self, each: impl FnOnce(&[u8])) {
        each(&self.buffer);
        self.buffer.clear();
    }

    /// Offers written so far.
    pub fn offers(&self) -> u64 {
        self.offers
    }

    /// Writes what stands after the last offer, hands everything on and gives the destination back.
    pub fn finish(mut self) -> io::Result<W> {
        self.encoder.finish(&mut self.buffer);
        self.spill()?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn spill(&mut self) -> io::Result<()> {
        self.to.write_all(&self.buffer)?;
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
    fn bytes_are_handed_on_in_large_pieces() {
        let dialect = Dialect { delimiter: b'\t', ..Dialect::default() };
        let mut feed = FeedWriter::begin(DelimitedEncoder::new(dialect, vec!["id".into()]), Pieces::default());
        for _ in 0..1000 {
            feed.begin_offer();
            feed.field(0, &"x".repeat(999));
            feed.end_offer().unwrap();
        }
        assert_eq!(feed.offers(), 1000);
        let pieces = feed.finish().unwrap().0;
        assert_eq!(pieces.iter().sum::<usize>(), 1_000_003);
        assert!(pieces.len() <= 4, "{pieces:?}");
    }
}
