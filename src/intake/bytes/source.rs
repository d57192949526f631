//! Where bytes come from: a path, standard input, a web server, or bytes at hand; unpacked when gzipped or zipped, refused when they cannot be text.
use super::archive;
use super::remote::{Edition, Remote, SignIn};
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result};
use flate2::bufread::MultiGzDecoder;
use std::fs::{File, FileType};
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};

/// How much of a file is looked at before it is read: enough for a header, an encoding and a few records.
const HEAD_BYTES: u64 = 64 * 1024;
/// Unpacked size at which a packed file is refused whatever its ratio.
pub(in crate::intake) const UNPACKED_BYTES_MAX: u64 = 16 << 30;
/// A packed file that unpacks to more than this many times its size is a bomb; merchants' tables stay under 40.
pub(in crate::intake) const UNPACKED_RATIO_MAX: u64 = 200;
/// Below this size the ratio says nothing.
const RATIO_COUNTS_FROM_BYTES: u64 = 1 << 20;

/// An opened file whose first bytes are known and whose remaining bytes are read as they are needed.
pub struct Source {
    name: String,
    head: Vec<u8>,
    rest: Box<dyn Read + Send>,
    length: Option<u64>,
    /// What was noticed when it was unpacked.
    pub(in crate::intake) notes: Vec<Diagnostic>,
}

/// What one path or address holds.
#[derive(Debug)]
pub struct Opened {
    pub sources: Vec<Source>,
    /// The address it was fetched from, and its edition; `None` when it is still the one that was known.
    pub fetched: Option<(Remote, Option<Edition>)>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Source {
    /// Opens a path that is one file, not an archive of several; `-` is standard input. Never blocks on a named pipe:
    /// it is refused.
    pub fn open(path: &Path) -> Result<Source> {
        Source::plain(path)?.unpacked()
    }

    /// The bytes of a path as they lie on disk.
    fn plain(path: &Path) -> Result<Source> {
        if path == Path::new("-") {
            return Source::peek("standard input".to_owned(), Box::new(io::stdin()));
        }
        let meta = std::fs::metadata(path).map_err(|e| Error::io("read", path, e))?;
        if meta.is_dir() {
            return Err(
                refuse(path, "file/directory", "is a directory").help("name the files in it, e.g. with `*.csv`")
            );
        }
        if !meta.is_file() && !is_open_already(path) {
            let what = special(meta.file_type());
            return Err(refuse(path, "file/special", what).help("save it as a file, or pipe it in and give `-`"));
        }
        let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
        Source::of_file(path.display().to_string(), file)
    }

    fn of_file(name: String, file: File) -> Result<Source> {
        let length = file.metadata().ok().filter(|meta| meta.is_file()).map(|meta| meta.len());
        Ok(Source { length, ..Source::peek(name, Box::new(file))? })
    }

    /// Takes a file that is open; gzip is unpacked, and what cannot be text is refused by name.
    pub(in crate::intake) fn file(name: impl Into<String>, file: File) -> Result<Source> {
        Source::of_file(name.into(), file)?.unpacked()
    }

    /// Opens a path; an archive is all the files in it.
    fn open_each(path: &Path) -> Result<Vec<Source>> {
        let plain = Source::plain(path)?;
        if !is_archive(&plain.head) {
            return Ok(vec![plain.unpacked()?]);
        }
        let name = plain.name.clone();
        let packed = match std::fs::metadata(path).is_ok_and(|meta| meta.is_file()) {
            true => File::open(path).map_err(|e| Error::io("read", path, e))?,
            false => archive::spool(&name, plain.into_reader())?,
        };
        archive::open(&name, packed)
    }

    /// Opens all of them, and all files of those that are zip archives, before the first is read, so that a wrong name
    /// stops the import before anything is stored. Of a file that is fetched, `known` says the edition that was
    /// imported last; its server is told who asks by `sign_in`.
    pub fn open_all(
        paths: &[PathBuf],
        sign_in: Option<&SignIn>,
        known: &dyn Fn(&Remote) -> Result<Option<Edition>>,
    ) -> Result<Vec<Opened>> {
        let stdin = Path::new("-");
        if paths.iter().filter(|p| p.as_path() == stdin).count() > 1 {
            return Err(Error::usage("file/stdin-twice", "standard input (`-`) was given more than once")
                .help("it can be read only once: give `-` a single time"));
        }
        let open = |path: &PathBuf| {
            let Some(remote) = Remote::of(path).transpose()? else {
                return Ok(Opened { sources: Source::open_each(path)?, fetched: None });
            };
            let remote = remote.signed(sign_in)?;
            Ok(match remote.fetch(known(&remote)?.as_ref())? {
                None => Opened { sources: Vec::new(), fetched: Some((remote, None)) },
                Some((sources, edition)) => Opened { sources, fetched: Some((remote, Some(edition))) },
            })
        };
        paths.iter().map(open).collect()
    }

    /// Takes bytes that are at hand; `name` is what diagnostics call them.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Result<Source> {
        Source::read(name, Cursor::new(bytes.into()))
    }

    /// Takes any reader; gzip is unpacked, and what cannot be text is refused by name.
    pub fn read(name: impl Into<String>, reader: impl Read + Send + 'static) -> Result<Source> {
        Source::peek(name.into(), Box::new(reader))?.unpacked()
    }

    fn unpacked(self) -> Result<Source> {
        if !self.head.starts_with(&[0x1f, 0x8b]) {
            return self.checked();
        }
        let Source { name, head, rest, .. } = self;
        let packed = Counted { inner: BufReader::new(Cursor::new(head).chain(rest)), taken: 0 };
        let unpacked = Unpacked { name: name.clone(), gzip: MultiGzDecoder::new(packed), given: 0 };
        Source::peek(name, Box::new(unpacked))?.checked()
    }

    fn peek(name: String, mut rest: Box<dyn Read + Send>) -> Result<Source> {
        let mut head = Vec::new();
        rest.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(|e| error_from(e, &name))?;
        Ok(Source { name, head, rest, length: None, notes: Vec::new() })
    }

    fn checked(self) -> Result<Source> {
        if self.head.is_empty() {
            return Err(empty(&self.name));
        }
        match BINARY.iter().find(|b| self.head.get(b.at..).is_some_and(|h| h.starts_with(b.magic))) {
            None => Ok(self),
            Some(found) => {
                let (what, remedy) = if found.magic == ZIP { zip_kind(&self.head) } else { (found.what, found.remedy) };
                Err(Error::input("file/not-text", format!("{} is {what}, not a text file", self.name))
                    .at(Place::file(&self.name))
                    .help(remedy))
            }
        }
    }

    /// The path as given, or `standard input`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes there are in all, where that is known before they are read.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The first bytes, at most 64 KiB; the whole file when it is shorter.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// All bytes, from the first.
    pub fn into_reader(self) -> Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>> {
        Cursor::new(self.head).chain(self.rest)
    }
}

/// A file of no bytes, or of nothing but a byte order mark.
pub(in crate::intake) fn empty(name: &str) -> Error {
    Error::input("file/empty", format!("{name} is empty"))
        .at(Place::file(name))
        .help("export it again: not even a header is there")
}

/// Takes purvey's own error out of an [`io::Error`] that carried it through a reader, or names the file that failed.
pub fn error_from(error: io::Error, name: &str) -> Error {
    match error.downcast::<Error>() {
        Ok(own) => own,
        Err(system) => Error::io("read", Path::new(name), system),
    }
}

fn refuse(path: &Path, code: &'static str, what: &str) -> Error {
    let name = path.display().to_string();
    Error::new(Kind::Input, code, format!("{name} {what}")).at(Place::file(name))
}

/// `<(command)` of a shell arrives as `/dev/fd/63`: a pipe, but one that is open, so opening it cannot block.
fn is_open_already(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        k if k.is_fifo() => "is a named pipe",
        k if k.is_socket() => "is a socket",
        k if k.is_char_device() || k.is_block_device() => "is a device",
        _ => "is not a regular file",
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "is not a regular file"
}

struct Binary {
    at: usize,
    magic: &'static [u8],
    what: &'static str,
    remedy: &'static str,
}

const ZIP: &[u8] = b"PK\x03\x04";
const SAVE_AS_CSV: &str = "open it in a spreadsheet program and save the sheet as CSV (UTF-8)";
const UNPACK: &str = "unpack it first, then import the files inside";
const ZIP_ARCHIVE: (&str, &str) = ("a zip archive", UNPACK);
const WRONG_FILE: &str = "this is the wrong file: export the table as CSV";

const fn binary(magic: &'static [u8], what: &'static str, remedy: &'static str) -> Binary {
    Binary { at: 0, magic, what, remedy }
}

/// File signatures that no text begins with. A second gzip header here means gzip inside gzip.
#[rustfmt::skip]
const BINARY: &[Binary] = &[
    binary(ZIP, "a zip archive", UNPACK),
    binary(b"\x1f\x8b", "gzip inside gzip", UNPACK),
    binary(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", SAVE_AS_CSV),
    binary(b"%PDF-", "a PDF document", WRONG_FILE),
    binary(b"SQLite format 3\0", "an SQLite database", WRONG_FILE),
    binary(b"\x28\xb5\x2f\xfd", "zstd-compressed", UNPACK),
    binary(b"BZh", "bzip2-compressed", UNPACK),
    binary(b"\xfd7zXZ\0", "xz-compressed", UNPACK),
    binary(b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    binary(b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    binary(b"\x89PNG", "a PNG image", WRONG_FILE),
    binary(b"\xff\xd8\xff", "a JPEG image", WRONG_FILE),
    binary(b"GIF8", "a GIF image", WRONG_FILE),
    binary(b"PAR1", "a Parquet file", "convert it to CSV first"),
    Binary { at: 257, magic: b"ustar", what: "a tar archive", remedy: UNPACK },
];

/// Which zip it is: office programs put telling names among the first entries.
fn zip_kind(head: &[u8]) -> (&'static str, &'static str) {
    let holds = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    if holds(b"xl/") || holds(b"[Content_Types].xml") {
        ("an Excel workbook (.xlsx)", SAVE_AS_CSV)
    } else if holds(b"opendocument.spreadsheet") {
        ("an OpenDocument spreadsheet (.ods)", SAVE_AS_CSV)
    } else {
        ZIP_ARCHIVE
    }
}

/// A zip archive that is not an office document; one without entries begins with its end.
pub(in crate::intake) fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x05\x06") || (head.starts_with(ZIP) && zip_kind(head) == ZIP_ARCHIVE)
}

/// Whether this much came out of that little.
pub(in crate::intake) fn is_bomb(packed_bytes: u64, unpacked_bytes: u64) -> bool {
    let swollen = unpacked_bytes > RATIO_COUNTS_FROM_BYTES && unpacked_bytes / packed_bytes.max(1) > UNPACKED_RATIO_MAX;
    swollen || unpacked_bytes > UNPACKED_BYTES_MAX
}

/// Counts what a decoder really used up, not what was read ahead for it.
struct Counted<R> {
    inner: R,
    taken: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.taken = self.taken.saturating_add(n as u64);
        self.inner.consume(n);
    }
}

/// A gzip stream that stops where it stops being plausible.
struct Unpacked<R> {
    name: String,
    gzip: MultiGzDecoder<Counted<R>>,
    given: u64,
}

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.gzip.read(buf).map_err(|e| io::Error::other(self.corrupt(e)))?;
        self.given = self.given.saturating_add(n as u64);
        let taken = self.gzip.get_ref().taken.max(1);
        if is_bomb(taken, self.given) {
            return Err(io::Error::other(self.bomb(taken)));
        }
        Ok(n)
    }
}

impl<R> Unpacked<R> {
    fn bomb(&self, taken: u64) -> Error {
        let message = format!("{} unpacks to more than {} bytes from {taken}: that is no table", self.name, self.given);
        Error::input("file/gzip-bomb", message)
            .at(Place::file(&self.name))
            .help(format!("at most {UNPACKED_RATIO_MAX}:1 and 16 GiB are taken; if it is right, unpack it yourself"))
    }

    fn corrupt(&self, source: io::Error) -> Error {
        Error::input("file/gzip-corrupt", format!("{} is a damaged gzip file: {source}", self.name))
            .at(Place::file(&self.name))
            .help("it was cut off or changed on its way: fetch it again")
            .source(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn all(source: Source) -> Result<Vec<u8>> {
        let name = source.name().to_owned();
        let mut bytes = Vec::new();
        source.into_reader().read_to_end(&mut bytes).map_err(|e| error_from(e, &name))?;
        Ok(bytes)
    }

    #[test]
    fn what_cannot_be_text_is_refused_by_name() {
        let mut tar = vec![0; 257];
        tar.extend_from_slice(b"ustar\0");
        let cases: [(&[u8], &str, &str); 8] = [
            (b"", "file/empty", "empty"),
            (b"PK\x03\x04....[Content_Types].xml", "file/not-text", "Excel workbook (.xlsx)"),
            (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "file/not-text", "OpenDocument"),
            (b"PK\x03\x04stock.csv", "file/not-text", "zip archive"),
            (b"%PDF-1.7", "file/not-text", "PDF"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..", "file/not-text", ".xls"),
            (&tar, "file/not-text", "tar"),
            (&gzip(&gzip(b"a,b\n")), "file/not-text", "gzip inside gzip"),
        ];
        for (bytes, code, says) in cases {
            let error = Source::bytes("x.csv", bytes).unwrap_err();
            assert_eq!((error.code, error.kind), (code, Kind::Input), "{error}");
            assert!(error.message.contains(says), "{error}");
            assert!(error.help.is_some() && error.place.file.as_deref() == Some("x.csv"));
        }
    }

    #[test]
    fn gzip_is_unpacked_whatever_its_name_and_members_are_joined() {
        let mut two = gzip(b"a,b\n");
        two.extend(gzip(b"1,2\n"));
        assert_eq!(all(Source::bytes("x.csv", two).unwrap()).unwrap(), b"a,b\n1,2\n");
    }

    #[test]
    fn damaged_gzip_says_so() {
        let mut cut = gzip(&(0..60_000u32).flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>());
        cut.truncate(cut.len() - 40);
        assert_eq!(all(Source::bytes("x.gz", cut).unwrap()).unwrap_err().code, "file/gzip-corrupt");
        let mut trailing = gzip(b"a,b\n");
        trailing.extend_from_slice(b"garbage after the end");
        assert_eq!(Source::bytes("x.gz", trailing).unwrap_err().code, "file/gzip-corrupt");
    }

    #[test]
    fn a_gzip_bomb_is_refused_soon_after_its_first_megabyte() {
        let mut source = Source::bytes("x.gz", gzip(&vec![b'a'; 8 << 20])).unwrap().into_reader();
        let mut given = Vec::new();
        let error = error_from(source.read_to_end(&mut given).unwrap_err(), "x.gz");
        assert_eq!(error.code, "file/gzip-bomb");
        assert!(given.len() < 2 << 20, "{} bytes were let through", given.len());
    }

    #[test]
    fn an_even_table_is_no_bomb() {
        let table: String = (0..60_000).map(|n| format!("SKU-{n:06},S001,{}\n", n % 17)).collect();
        assert_eq!(all(Source::bytes("x.gz", gzip(table.as_bytes())).unwrap()).unwrap(), table.as_bytes());
    }

    #[test]
    fn directories_missing_files_and_devices_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Source::open(dir.path()).unwrap_err().code, "file/directory");
        let missing = Source::open(&dir.path().join("no.csv")).unwrap_err();
        assert_eq!((missing.code, missing.kind), ("file/io", Kind::Io));
        let twice = Source::open_all(&[PathBuf::from("-"), PathBuf::from("-")], None, &|_| Ok(None)).unwrap_err();
        assert_eq!(twice.code, "file/stdin-twice");
        #[cfg(unix)]
        assert_eq!(Source::open(Path::new("/dev/zero")).unwrap_err().code, "file/special");
    }
}
