//! A zip archive as the files in it: each is unpacked to a nameless temporary file and read like any other.
//!
//! Everything is unpacked, and its checksums compared, before the first record is stored: a damaged archive is refused
//! as a whole. What an archive may unpack to is measured by the archive's own length, so that entries which share their
//! packed bytes, or lie about their sizes, gain nothing.
use super::source::{Source, UNPACKED_BYTES_MAX, UNPACKED_RATIO_MAX, is_archive, is_bomb};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// Each file in an archive is held open until it was read, and systems allow as few as 256.
const FILES_MAX: usize = 100;
/// Names told of what was skipped; the rest is a number.
const NAMES_TOLD_MAX: usize = 3;
const COPY_BYTES: usize = 64 * 1024;

/// Opens all files of an archive, in its order. The first brings a note of what was skipped.
///
/// Errors: `file/zip-corrupt`, `file/zip-bomb`, `file/zip-crowded`, `file/zip-encrypted`, `file/zip-method`,
/// `file/zip-same-name`, `file/zip-empty`; those of [`Source::read`] for a file in it that cannot be text.
pub(in crate::intake) fn open(name: &str, packed: File) -> Result<Vec<Source>> {
    let packed_bytes = packed.metadata().map_err(|e| Error::io("read", Path::new(name), e))?.len();
    let told = entries_told(&packed, packed_bytes);
    let mut archive = ZipArchive::new(io::BufReader::new(packed)).map_err(|e| error(name, e))?;
    // the library keeps one of those that share a name, and which one was meant would be a guess
    if told.is_some_and(|told| told > archive.len()) {
        return Err(refuse(name, "file/zip-same-name", "holds several files of one name".to_owned())
            .help("pack it again, each file under a name of its own"));
    }
    let mut unpacking = Unpacking { name, packed_bytes, given: 0 };
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    for index in 0..archive.len() {
        let (entry, wanted) = look(name, &mut archive, index)?;
        if !wanted {
            skipped.push(entry);
            continue;
        }
        if files.len() == FILES_MAX {
            return Err(refuse(name, "file/zip-crowded", format!("holds more than {FILES_MAX} files"))
                .help("unpack it and name the files that are meant"));
        }
        let member = format!("{name}/{entry}");
        let unpacked = unpacking.file(archive.by_index(index).map_err(|e| error(&member, e))?, &member)?;
        files.push(Source::file(member, unpacked)?);
    }
    match files.first_mut() {
        None => Err(refuse(name, "file/zip-empty", "holds no file to read".to_owned())
            .help("export it again: there are only folders, hidden files or nothing in it")),
        Some(first) => {
            first.notes.extend(note(name, &skipped));
            Ok(files)
        }
    }
}

/// How many entries the record at the end of an archive tells of; `None` where it is elsewhere (zip64) or unreadable.
fn entries_told(mut packed: &File, packed_bytes: u64) -> Option<usize> {
    /// The record and its comment; the number is two bytes at the tenth.
    const END_BYTES_MAX: u64 = 22 + 65_535;
    const ELSEWHERE: u16 = u16::MAX;
    let mut tail = Vec::new();
    packed.seek(SeekFrom::Start(packed_bytes.saturating_sub(END_BYTES_MAX))).ok()?;
    packed.read_to_end(&mut tail).ok()?;
    packed.seek(SeekFrom::Start(0)).ok()?;
    let end = tail.get(memchr::memmem::rfind(&tail, b"PK\x05\x06")?..)?;
    let told = u16::from_le_bytes(end.get(10..12)?.try_into().ok()?);
    (told != ELSEWHERE).then_some(told.into())
}

/// The file itself, or all files of it if it is an archive.
pub(in crate::intake) fn expand(name: &str, mut file: File) -> Result<Vec<Source>> {
    let mut head = Vec::new();
    (&file).take(4).read_to_end(&mut head).map_err(spooling)?;
    file.seek(SeekFrom::Start(0)).map_err(spooling)?;
    match is_archive(&head) {
        true => open(name, file),
        false => Ok(vec![Source::file(name, file)?]),
    }
}

/// The name of an entry, and whether a merchant can have meant it.
fn look<R: Read + Seek>(name: &str, archive: &mut ZipArchive<R>, index: usize) -> Result<(String, bool)> {
    let entry = archive.by_index_raw(index).map_err(|e| error(name, e))?;
    let path = match entry.name() {
        Ok(path) => path.into_owned(),
        Err(_) => String::from_utf8_lossy(entry.name_raw()).into_owned(),
    };
    // Finder adds a `__MACOSX` folder of attributes; `.DS_Store` and its like are no one's export either.
    let hidden = path.split(['/', '\\']).any(|part| part == "__MACOSX" || (part != ".." && part.starts_with('.')));
    let wanted = entry.is_file() && !hidden;
    match entry.compression() {
        CompressionMethod::Stored | CompressionMethod::Deflated => Ok((path, wanted)),
        _ if !wanted => Ok((path, false)),
        other => Err(unread_method(&format!("{name}/{path}"), &other.to_string())),
    }
}

struct Unpacking<'a> {
    name: &'a str,
    packed_bytes: u64,
    /// Unpacked so far, of all files together.
    given: u64,
}

impl Unpacking<'_> {
    fn file<R: Read>(&mut self, mut entry: ZipFile<'_, R>, member: &str) -> Result<File> {
        let mut file = temporary()?;
        let mut buf = vec![0; COPY_BYTES];
        loop {
            let n = match entry.read(&mut buf) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(corrupt(member, e)),
            };
            self.given = self.given.saturating_add(n as u64);
            if is_bomb(self.packed_bytes, self.given) {
                return Err(self.bomb());
            }
            file.write_all(buf.get(..n).unwrap_or_default()).map_err(spooling)?;
        }
        file.seek(SeekFrom::Start(0)).map_err(spooling)?;
        Ok(file)
    }

    fn bomb(&self) -> Error {
        let what = format!("unpacks to more than {} bytes from {}: those are no tables", self.given, self.packed_bytes);
        let help = format!("at most {UNPACKED_RATIO_MAX}:1 and 16 GiB are taken; if it is right, unpack it yourself");
        refuse(self.name, "file/zip-bomb", what).help(help)
    }
}

/// Keeps a stream as a file, since an archive is read from its end; no more than an archive may unpack to.
pub(in crate::intake) fn spool(name: &str, stream: impl Read) -> Result<File> {
    let mut file = temporary()?;
    let kept = io::copy(&mut stream.take(UNPACKED_BYTES_MAX), &mut file).map_err(spooling)?;
    if kept == UNPACKED_BYTES_MAX {
        return Err(refuse(name, "file/zip-bomb", "is larger than 16 GiB".to_owned()).help("unpack it yourself"));
    }
    file.seek(SeekFrom::Start(0)).map_err(spooling)?;
    Ok(file)
}

pub(in crate::intake) fn temporary() -> Result<File> {
    tempfile::tempfile().map_err(spooling)
}

pub(in crate::intake) fn spooling(source: io::Error) -> Error {
    Error::io("unpack to", &std::env::temp_dir(), source)
}

fn note(name: &str, skipped: &[String]) -> Option<Diagnostic> {
    let told = skipped.get(..NAMES_TOLD_MAX).unwrap_or(skipped).join(", ");
    let more = match skipped.len().saturating_sub(NAMES_TOLD_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("folders, links and hidden files were skipped: {told}{more}");
    (!skipped.is_empty()).then(|| Diagnostic::note("file/zip-skipped", message).at(Place::file(name)))
}

fn refuse(name: &str, code: &'static str, what: String) -> Error {
    Error::input(code, format!("{name} {what}")).at(Place::file(name))
}

fn error(name: &str, fault: ZipError) -> Error {
    match fault {
        ZipError::Io(e) => corrupt(name, e),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            refuse(name, "file/zip-encrypted", "is encrypted".to_owned())
                .help("unpack it with its password, then import the files inside")
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            unread_method(name, &fault.to_string())
        }
        fault => corrupt(name, fault),
    }
}

fn unread_method(name: &str, method: &str) -> Error {
    refuse(name, "file/zip-method", format!("is packed in a way purvey does not read: {method}"))
        .help("pack it again with plain zip (deflate), or unpack it and import the files inside")
}

fn corrupt(name: &str, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    refuse(name, "file/zip-corrupt", format!("is damaged: {source}"))
        .help("it was cut off or changed on its way: fetch it again")
        .source(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn opened(bytes: &[u8]) -> Result<Vec<Source>> {
        open("export.zip", spool("export.zip", bytes).unwrap())
    }

    fn refused(bytes: &[u8]) -> &'static str {
        let error = opened(bytes).unwrap_err();
        assert!(error.help.is_some() && error.place.file.is_some(), "{error}");
        error.code
    }

    #[test]
    fn every_file_has_its_own_name_and_bytes_and_the_rest_is_told() {
        let bytes = zip(&[
            ("__MACOSX/._a.csv", b"\0\0"),
            ("a.csv", b"sku,price\nA,1\n"),
            ("in/", b""),
            ("in/b.csv", b"sku,price\nB,2\n"),
            ("in/.DS_Store", b"\0"),
        ]);
        let files = opened(&bytes).unwrap();
        let names: Vec<&str> = files.iter().map(Source::name).collect();
        assert_eq!(names, ["export.zip/a.csv", "export.zip/in/b.csv"]);
        assert_eq!(files[1].head(), b"sku,price\nB,2\n");
        assert_eq!(files[0].notes.len(), 1);
        let told = &files[0].notes[0].message;
        assert!(told.contains("__MACOSX/._a.csv") && told.contains("in/.DS_Store"), "{told}");
    }

    #[test]
    fn a_damaged_archive_is_refused_before_anything_is_read() {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        writer.start_file("a.csv", stored).unwrap();
        writer.write_all(b"sku,price\nA,1\n").unwrap();
        let mut bytes = writer.finish().unwrap().into_inner();
        assert_eq!(refused(&bytes[..bytes.len() - 30]), "file/zip-corrupt");
        let price = memchr::memmem::find(&bytes, b"A,1").unwrap();
        bytes[price + 2] = b'9';
        assert_eq!(refused(&bytes), "file/zip-corrupt", "a changed byte does not match the checksum");
    }

    #[test]
    fn bombs_crowds_and_empty_archives_are_refused() {
        assert_eq!(refused(&zip(&[("a.csv", &vec![b'a'; 8 << 20])])), "file/zip-bomb");
        let names: Vec<String> = (0..=FILES_MAX).map(|n| format!("{n}.csv")).collect();
        let crowd: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), b"a,b\n".as_slice())).collect();
        assert_eq!(refused(&zip(&crowd)), "file/zip-crowded");
        assert_eq!(refused(&zip(&[(".hidden", b"x")])), "file/zip-empty");
        assert_eq!(refused(&zip(&[])), "file/zip-empty");
        assert_eq!(refused(&zip(&[("in.zip", &zip(&[("a.csv", b"a,b\n")]))])), "file/not-text");
    }

    #[test]
    fn files_of_one_name_are_refused() {
        let mut bytes = zip(&[("a.csv", b"sku,price\nA,1\n"), ("b.csv", b"sku,price\nB,2\n")]);
        while let Some(at) = memchr::memmem::find(&bytes, b"b.csv") {
            bytes[at] = b'a';
        }
        assert_eq!(refused(&bytes), "file/zip-same-name");
    }

    #[test]
    fn encrypted_and_unknown_ways_of_packing_say_so() {
        let plain = zip(&[("a.csv", b"sku,price\nA,1\n")]);
        let central = memchr::memmem::find(&plain, b"PK\x01\x02").unwrap();
        // general purpose flag, bit 0: in the local header and in the directory
        let mut encrypted = plain.clone();
        encrypted[6] |= 1;
        encrypted[central + 8] |= 1;
        assert_eq!(refused(&encrypted), "file/zip-encrypted");
        // method 14 is LZMA
        let mut lzma = plain;
        lzma[8] = 14;
        lzma[central + 10] = 14;
        assert_eq!(refused(&lzma), "file/zip-method");
    }
}
