//! What becomes of a document's bytes on their way out: another encoding, then compression.
use std::io::{self, Write};

use encoding_rs::{EncoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::Compression;
use flate2::write::GzEncoder;

/// How a document leaves. The default changes nothing: UTF-8 as it is.
#[derive(Debug, Clone, Copy)]
pub struct Wrapping {
    pub encoding: &'static Encoding,
    /// A character the encoding lacks becomes `&#169;`, as XML allows; elsewhere a question mark.
    pub references: bool,
    pub gzip: bool,
}

impl Default for Wrapping {
    fn default() -> Self {
        Wrapping { encoding: UTF_8, references: false, gzip: false }
    }
}

/// Takes UTF-8 in whole characters and hands it on wrapped.
pub struct Wrapped<W: Write> {
    wrapping: Wrapping,
    packed: Packed<W>,
    encoded: Vec<u8>,
    lacking: u64,
}

enum Packed<W: Write> {
    Plain(W),
    Gzip(Box<GzEncoder<W>>),
}

impl<W: Write> Wrapped<W> {
    pub fn new(wrapping: Wrapping, to: W) -> Self {
        let packed = match wrapping.gzip {
            true => Packed::Gzip(Box::new(GzEncoder::new(to, Compression::fast()))),
            false => Packed::Plain(to),
        };
        Wrapped { wrapping, packed, encoded: Vec::new(), lacking: 0 }
    }

    /// Where it went, and how many characters the encoding lacked.
    pub fn finish(self) -> io::Result<(W, u64)> {
        let to = match self.packed {
            Packed::Plain(to) => to,
            Packed::Gzip(gzip) => gzip.finish()?,
        };
        Ok((to, self.lacking))
    }

    fn encode(&mut self, text: &str) {
        self.encoded.clear();
        match self.wrapping.encoding {
            wide if wide == UTF_16LE => self.encoded.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            wide if wide == UTF_16BE => self.encoded.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            narrow => self.encode_narrow(narrow, text),
        }
    }

    fn encode_narrow(&mut self, encoding: &'static Encoding, mut text: &str) {
        let mut encoder = encoding.new_encoder();
        loop {
            let wanted = encoder.max_buffer_length_from_utf8_without_replacement(text.len()).unwrap_or(text.len() * 4);
            self.encoded.reserve(wanted);
            let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(text, &mut self.encoded, true);
            text = text.get(read..).unwrap_or_default();
            let EncoderResult::Unmappable(lacking) = result else { return };
            self.lacking += 1;
            match self.wrapping.references {
                true => self.encoded.extend_from_slice(format!("&#{};", u32::from(lacking)).as_bytes()),
                false => self.encoded.push(b'?'),
            }
        }
    }
}

impl<W: Write> Write for Wrapped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let packed = &mut self.packed;
        if self.wrapping.encoding == UTF_8 {
            return packed.write(bytes);
        }
        let text = std::str::from_utf8(bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        self.encode(text);
        self.packed.write_all(&self.encoded)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.packed.flush()
    }
}

impl<W: Write> Write for Packed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Packed::Plain(to) => to.write(bytes),
            Packed::Gzip(gzip) => gzip.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Packed::Plain(to) => to.flush(),
            Packed::Gzip(gzip) => gzip.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn wrapped(wrapping: Wrapping, text: &str) -> (Vec<u8>, u64) {
        let mut to = Wrapped::new(wrapping, Vec::new());
        to.write_all(text.as_bytes()).unwrap();
        to.finish().unwrap()
    }

    #[test]
    fn a_character_the_encoding_lacks_is_counted_and_stood_in_for() {
        let narrow = |references| Wrapping { encoding: encoding_rs::WINDOWS_1250, references, gzip: false };
        assert_eq!(wrapped(narrow(true), "\u{17e}\u{1F600}"), (b"\x9e&#128512;".to_vec(), 1));
        assert_eq!(wrapped(narrow(false), "\u{17e}\u{1F600}x"), (b"\x9e?x".to_vec(), 1));
        assert_eq!(wrapped(Wrapping { encoding: UTF_16LE, ..Wrapping::default() }, "\u{feff}a").0, b"\xff\xfea\0");
    }

    #[test]
    fn gzip_holds_the_document() {
        let (packed, _) = wrapped(Wrapping { gzip: true, ..Wrapping::default() }, "<a/>");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "<a/>");
    }
}
