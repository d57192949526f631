//! Bytes of unknown origin become UTF-8, in constant memory, and never by a silent guess.
//!
//! A file is UTF-8 unless its byte order mark or the user says otherwise. What does not fit stops the reading at the
//! exact byte, with a proposal for `--encoding`; nothing is ever replaced by U+FFFD.
use super::source::{Source, empty, error_from};
use crate::diagnostic::{Error, Kind, Place, Result};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding as Codec, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::io::{self, BufRead, Read};

/// Bytes taken from the source at a time.
const CHUNK: usize = 64 * 1024;
pub(in crate::intake) const BOM: &[u8] = b"\xef\xbb\xbf";

/// What a text was taken to be, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// The WHATWG name, for example `UTF-8` or `windows-1251`.
    pub name: &'static str,
    pub how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Nothing said otherwise, so it has to be UTF-8.
    Assumed,
    /// A byte order mark.
    Bom,
    /// The user named it with `--encoding`.
    Asked,
    /// The user asked for a guess with `--encoding auto`.
    Guessed,
}

/// A stream of valid UTF-8 without byte order marks. An error carries purvey's own [`Error`]: see
/// [`error_from`](super::source::error_from).
pub struct Text {
    name: String,
    encoding: Encoding,
    bytes: Box<dyn Read + Send>,
    decoder: Decoder,
    /// Decoded and valid up to `valid`, handed out up to `given`; what follows waits for its remaining bytes.
    out: Vec<u8>,
    given: usize,
    valid: usize,
    ended: bool,
    fault: Option<Fault>,
    spot: Spot,
    /// Bytes of the file before `out`, while it is UTF-8.
    offset: u64,
    /// Whether letters beyond ASCII were met, all of them valid: then an invalid byte is damage, not another encoding.
    beyond_ascii: bool,
}

enum Decoder {
    /// Only checked: the bytes are handed on as they are.
    Utf8,
    Other {
        codec: Box<encoding_rs::Decoder>,
        input: Vec<u8>,
    },
}

/// Why reading stops after the valid text before it.
#[derive(Debug, Clone)]
struct Fault {
    code: &'static str,
    message: String,
    help: String,
}

/// A position in decoded text. A lone CR ends a line as LF and CRLF do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::intake) struct Spot {
    /// 1-based.
    pub line: u64,
    /// 1-based, in characters.
    pub column: u64,
    after_cr: bool,
}

impl Spot {
    pub const START: Spot = Spot { line: 1, column: 1, after_cr: false };

    pub fn advance(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        let split = u64::from(self.after_cr && text.starts_with(b"\n"));
        let lone = memchr::memchr_iter(b'\r', text).filter(|at| text.get(at + 1) != Some(&b'\n')).count() as u64;
        let ends = memchr::memchr_iter(b'\n', text).count() as u64 + lone - split;
        self.after_cr = text.ends_with(b"\r");
        self.line += ends;
        match memchr::memrchr2(b'\n', b'\r', text) {
            Some(end) => self.column = 1 + characters(&text[end + 1..]),
            None => self.column += characters(text),
        }
    }
}

/// Characters of valid UTF-8: every byte that does not continue one.
pub(in crate::intake) fn characters(text: &[u8]) -> u64 {
    text.iter().filter(|b| (**b as i8) >= -0x40).count() as u64
}

impl Text {
    /// `asked` is the user's `--encoding`: a WHATWG label, or `auto`.
    pub fn open(source: Source, asked: Option<&str>) -> Result<Text> {
        let name = source.name().to_owned();
        let head = source.head();
        let (encoding, codec) = choose(&name, head, asked)?;
        let marks = marks(head, codec);
        let mut bytes = source.into_reader();
        io::copy(&mut bytes.by_ref().take(marks as u64), &mut io::sink()).map_err(|e| error_from(e, &name))?;
        let decoder = if codec == UTF_8 {
            Decoder::Utf8
        } else {
            Decoder::Other { codec: Box::new(codec.new_decoder_without_bom_handling()), input: Vec::new() }
        };
        let mut text = Text {
            name,
            encoding,
            bytes: Box::new(bytes),
            decoder,
            out: Vec::new(),
            given: 0,
            valid: 0,
            ended: false,
            fault: None,
            spot: Spot::START,
            offset: marks as u64,
            beyond_ascii: false,
        };
        match text.fill_buf() {
            Ok([]) => Err(empty(&text.name)),
            Ok(_) => Ok(text),
            Err(e) => Err(error_from(e, &text.name)),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Makes room, reads, and finds out how much of `out` is valid now.
    fn more(&mut self) -> io::Result<()> {
        self.forget_given();
        match &mut self.decoder {
            Decoder::Utf8 => {
                let read = (&mut self.bytes).take(CHUNK as u64).read_to_end(&mut self.out)?;
                self.ended = read == 0;
                self.check_utf8();
            }
            Decoder::Other { codec, input } => {
                let read = (&mut self.bytes).take((CHUNK - input.len().min(CHUNK)) as u64).read_to_end(input)?;
                self.ended = read == 0;
                self.fault = decode(codec, input, &mut self.out, self.ended);
                self.valid = self.out.len();
            }
        }
        self.stop_at_nul();
        Ok(())
    }

    fn forget_given(&mut self) {
        self.spot.advance(&self.out[..self.valid]);
        self.offset += self.valid as u64;
        self.out.drain(..self.valid);
        (self.given, self.valid) = (0, 0);
    }

    fn check_utf8(&mut self) {
        match std::str::from_utf8(&self.out) {
            Ok(_) => self.valid = self.out.len(),
            Err(e) => {
                self.valid = e.valid_up_to();
                if e.error_len().is_some() || self.ended {
                    self.fault = Some(self.not_utf8(e.error_len()));
                }
            }
        }
        self.beyond_ascii |= !self.out[..self.valid].is_ascii();
    }

    fn not_utf8(&self, length: Option<usize>) -> Fault {
        let (before, rest) = self.out.split_at(self.valid);
        let wrong = hex(&rest[..length.unwrap_or(rest.len()).min(rest.len())]);
        if length.is_none() && !before.is_empty() {
            let message = "the file ends in the middle of a character".to_owned();
            let help = "it was cut off on its way: export or fetch it again; or say what it is with `--encoding`";
            return Fault { code: "encoding/not-utf-8", message, help: help.to_owned() };
        }
        let offset = self.offset + self.valid as u64;
        // overlong forms and surrogates come from broken UTF-8 writers, never from another encoding
        let broken = matches!(rest, [0xc0 | 0xc1, 0x80..=0xbf, ..] | [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..]);
        let help = if broken || self.beyond_ascii || !before.is_ascii() {
            "the rest is UTF-8, so this cell is damaged: correct it and save as UTF-8; or say what it is with `--encoding`"
                .to_owned()
        } else {
            let guess = guess(&self.out).name();
            format!("save it as UTF-8, or say what it is: `--encoding {guess}` is the likeliest")
        };
        Fault { code: "encoding/not-utf-8", message: format!("not UTF-8: {wrong} at byte {offset} of the file"), help }
    }

    fn stop_at_nul(&mut self) {
        if let Some(at) = memchr::memchr(0, &self.out[..self.valid]) {
            self.valid = at;
            self.fault = Some(Fault {
                code: "encoding/nul",
                message: "a NUL character, which no text holds".to_owned(),
                help: "the file is damaged or not a text: export it again".to_owned(),
            });
        }
    }

    fn error(&self, fault: &Fault) -> Error {
        let Spot { line, column, .. } = self.spot;
        Error::input(fault.code, fault.message.clone())
            .at(Place::file(&self.name).line(line).column(column))
            .help(fault.help.clone())
    }
}

impl BufRead for Text {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.given == self.valid && !(self.ended && self.fault.is_none()) {
            if let Some(fault) = self.fault.clone() {
                self.forget_given();
                return Err(io::Error::other(self.error(&fault)));
            }
            self.more()?;
        }
        Ok(&self.out[self.given..self.valid])
    }

    fn consume(&mut self, n: usize) {
        self.given = self.given.saturating_add(n).min(self.valid);
    }
}

impl Read for Text {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

/// Decodes what is in `input` onto `out`, leaving behind what needs more bytes.
fn decode(codec: &mut encoding_rs::Decoder, input: &mut Vec<u8>, out: &mut Vec<u8>, last: bool) -> Option<Fault> {
    let mut used = 0;
    let fault = loop {
        let room = codec.max_utf8_buffer_length_without_replacement(input.len() - used).unwrap_or(CHUNK).min(4 * CHUNK);
        let from = out.len();
        out.resize(from + room.max(16), 0);
        let (result, read, written) = codec.decode_to_utf8_without_replacement(&input[used..], &mut out[from..], last);
        out.truncate(from + written);
        used += read;
        match result {
            DecoderResult::InputEmpty => break None,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(length, after) => {
                let end = used.saturating_sub(after.into());
                let wrong = hex(&input[end.saturating_sub(length.into())..end]);
                let name = codec.encoding().name();
                let message = match wrong.as_str() {
                    "" => format!("not {name}: the file ends in the middle of a character"),
                    _ => format!("not {name}: {wrong}"),
                };
                break Some(Fault {
                    code: "encoding/malformed",
                    message,
                    help: "the file is damaged or in another encoding: try `--encoding auto`, or save it as UTF-8"
                        .to_owned(),
                });
            }
        }
    };
    input.drain(..used);
    fault
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("0x{b:02X}")).collect::<Vec<_>>().join(" ")
}

fn choose(name: &str, head: &[u8], asked: Option<&str>) -> Result<(Encoding, &'static Codec)> {
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return Err(Error::input("encoding/utf-32", format!("{name} is UTF-32, which purvey does not read"))
            .at(Place::file(name))
            .help("save it as UTF-8"));
    }
    let marked = Codec::for_bom(head).map(|(codec, _)| codec);
    let found = |codec: &'static Codec, how| Ok((Encoding { name: codec.name(), how }, codec));
    match (asked, marked) {
        (Some(label), Some(codec)) if label.eq_ignore_ascii_case("auto") => found(codec, How::Bom),
        (Some(label), None) if label.eq_ignore_ascii_case("auto") => {
            found(utf16_without_bom(head).unwrap_or_else(|| guess(head)), How::Guessed)
        }
        (Some(label), marked) => {
            let codec = Codec::for_label_no_replacement(label.as_bytes()).ok_or_else(|| unknown(label))?;
            // "utf-16" is little-endian by the standard, but a mark in the file knows better
            let utf16 = |c: &Codec| c == UTF_16LE || c == UTF_16BE;
            found(marked.filter(|m| utf16(m) && utf16(codec)).unwrap_or(codec), How::Asked)
        }
        (None, Some(codec)) => found(codec, How::Bom),
        (None, None) => match utf16_without_bom(head) {
            Some(codec) => Err(Error::input(
                "encoding/utf-16-without-bom",
                format!("{name} looks like {}: every other byte is NUL", codec.name()),
            )
            .at(Place::file(name).line(1).record(1))
            .help(format!("save it as UTF-8, or add `--encoding {}`", codec.name().to_ascii_lowercase()))),
            None => found(UTF_8, How::Assumed),
        },
    }
}

fn unknown(label: &str) -> Error {
    Error::new(Kind::Usage, "encoding/unknown", format!("no such encoding: {label}")).help(
        "known are utf-8, utf-16le, utf-16be, windows-1250 … windows-1258, iso-8859-1 … -16, koi8-r, shift_jis, gbk, \
         big5, euc-kr and the other names browsers know, or auto",
    )
}

/// Length of the byte order marks at the start: a file saved twice by careless programs has two.
fn marks(head: &[u8], codec: &'static Codec) -> usize {
    let mark: &[u8] = match codec {
        c if c == UTF_16LE => b"\xff\xfe",
        c if c == UTF_16BE => b"\xfe\xff",
        _ => BOM,
    };
    head.chunks(mark.len()).take_while(|chunk| *chunk == mark).count() * mark.len()
}

/// Letters of a header are ASCII, so in UTF-16 half of the first bytes are NUL, all on one side.
fn utf16_without_bom(head: &[u8]) -> Option<&'static Codec> {
    let sample = head.get(..head.len().min(512) & !1)?;
    let nuls = |side: usize| sample.iter().skip(side).step_by(2).filter(|b| **b == 0).count();
    let most = sample.len() / 2 * 3 / 4;
    match (nuls(0), nuls(1)) {
        (0, odd) if odd > most => Some(UTF_16LE),
        (even, 0) if even > most => Some(UTF_16BE),
        _ => None,
    }
}

fn guess(sample: &[u8]) -> &'static Codec {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// The text as it was before UTF-8 was read as Windows-1252 and saved again ("CafÃ©" → "Café"), if that happened.
pub fn before_mojibake(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let (mut bytes, mut encoder) = (vec![0; text.len()], WINDOWS_1252.new_encoder());
    // text that has letters outside Windows-1252, or whose bytes are not UTF-8, was never mangled this way
    let (result, _, written) = encoder.encode_from_utf8_without_replacement(text, &mut bytes, true);
    bytes.truncate(written);
    matches!(result, encoding_rs::EncoderResult::InputEmpty).then(|| String::from_utf8(bytes).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], asked: Option<&str>) -> Result<(String, Encoding)> {
        let mut text = Text::open(Source::bytes("x.csv", bytes)?, asked)?;
        let mut out = String::new();
        text.read_to_string(&mut out).map_err(|e| error_from(e, "x.csv"))?;
        Ok((out, text.encoding()))
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    const HEADER: &str = "Handle,Title,Variant SKU\nfrühling,Tüte,1\n";

    #[test]
    fn marks_and_wishes_decide_what_a_file_is() {
        type Case<'a> = (Vec<u8>, Option<&'a str>, &'a str, How, &'a str);
        let cases: [Case; 9] = [
            (b"a,b".into(), None, "UTF-8", How::Assumed, "a,b"),
            (b"\xef\xbb\xbfa,b".into(), None, "UTF-8", How::Bom, "a,b"),
            (b"\xef\xbb\xbf\xef\xbb\xbfa,b".into(), None, "UTF-8", How::Bom, "a,b"),
            (utf16("\u{feff}ä,😀", u16::to_le_bytes), None, "UTF-16LE", How::Bom, "ä,😀"),
            (utf16("\u{feff}ä,😀", u16::to_be_bytes), None, "UTF-16BE", How::Bom, "ä,😀"),
            (utf16("\u{feff}ä", u16::to_be_bytes), Some("utf-16"), "UTF-16BE", How::Asked, "ä"),
            (utf16(HEADER, u16::to_le_bytes), Some("utf-16le"), "UTF-16LE", How::Asked, HEADER),
            (b"\xd6\xe5\xed\xe0".into(), Some("cp1251"), "windows-1251", How::Asked, "Цена"),
            (b"\x80 5,\x93x\x94".into(), Some("latin1"), "windows-1252", How::Asked, "€ 5,“x”"),
        ];
        for (bytes, asked, name, how, text) in cases {
            assert_eq!(read(&bytes, asked).unwrap(), (text.to_owned(), Encoding { name, how }), "{bytes:02X?}");
        }
        let russian = "Название,Цена\nКружка керамическая,12\nТарелка глубокая,15\n";
        let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(russian);
        assert_eq!(read(&bytes, Some("auto")).unwrap().0, russian);
        assert_eq!(read(&utf16(HEADER, u16::to_be_bytes), Some("auto")).unwrap().1.name, "UTF-16BE");
    }

    #[test]
    fn what_is_not_utf8_stops_at_its_place_and_names_a_way_out() {
        let russian = encoding_rs::WINDOWS_1251.encode("a,b\n1,Название товара на русском языке\n").0.into_owned();
        type Case<'a> = (&'a [u8], &'a str, Option<(u64, u64)>, &'a str);
        let damaged = ["a,ü\rü,1\rü,".as_bytes(), b"\xe9x"].concat();
        let cases: [Case; 10] = [
            (b"a,b\r\nx,Caf\xe9 Mug\n", "encoding/not-utf-8", Some((2, 6)), "--encoding windows-1252"),
            (&damaged, "encoding/not-utf-8", Some((3, 3)), "damaged"),
            (&russian, "encoding/not-utf-8", Some((2, 3)), "--encoding windows-1251"),
            (b"a\n\xc0\xaf", "encoding/not-utf-8", Some((2, 1)), "UTF-8"),
            (b"a\n\xed\xa0\x80", "encoding/not-utf-8", Some((2, 1)), "UTF-8"),
            (b"a\nb\xe2\x82", "encoding/not-utf-8", Some((2, 2)), "UTF-8"),
            (b"a\nb\0c", "encoding/nul", Some((2, 2)), "export"),
            (b"\xff\xfe\0\0a\0\0\0", "encoding/utf-32", None, "UTF-8"),
            (b"H\0a\0n\0d\0l\0e\0,\0S\0K\0U\0", "encoding/utf-16-without-bom", None, "--encoding utf-16le"),
            (b"\xef\xbb\xbf", "file/empty", None, "export"),
        ];
        for (bytes, code, at, help) in cases {
            let error = read(bytes, None).unwrap_err();
            assert_eq!(error.code, code, "{bytes:02X?}");
            assert!(error.help.as_deref().unwrap_or_default().contains(help), "{error:?}");
            if let Some((line, column)) = at {
                assert_eq!((error.place.line, error.place.column), (Some(line), Some(column)), "{bytes:02X?}");
            }
        }
        assert_eq!(read(b"a", Some("klingon")).unwrap_err().kind, Kind::Usage);
        assert_eq!(read(b"\xff\xfea\0\0\xd8b\0", None).unwrap_err().code, "encoding/malformed");
    }

    #[test]
    fn letters_across_chunks_stay_whole_and_lines_are_counted_through_them() {
        for pad in 0..4 {
            let line = format!("{}€\r\n", "x".repeat(pad));
            let mut bytes = line.repeat(3 * CHUNK / line.len()).into_bytes();
            let lines = bytes.iter().filter(|b| **b == b'\n').count() as u64;
            assert_eq!(read(&bytes, None).unwrap().0.as_bytes(), bytes);
            bytes.extend(b"ab\xff");
            let place = read(&bytes, None).unwrap_err().place;
            assert_eq!((place.line, place.column), (Some(lines + 1), Some(3)));
        }
        let long = "ж,".repeat(CHUNK);
        let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(&long);
        assert_eq!(read(&bytes, Some("windows-1251")).unwrap().0, long);
    }

    #[test]
    fn mojibake_is_seen_and_undone_but_accents_are_left_alone() {
        assert_eq!(before_mojibake("CafÃ© â€œblueâ€\u{9d}").as_deref(), Some("Café “blue”"));
        for fine in ["Café", "naïve Ãna", "Цена", "plain", "Ä Ö Ü ß", "5 €"] {
            assert_eq!(before_mojibake(fine), None, "{fine}");
        }
    }
}
