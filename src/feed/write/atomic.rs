//! A file that appears whole or not at all.
use super::PIECE;
use crate::diagnostic::{Error, Result};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// How temporary files are called.
const PREFIX: &str = ".purvey-";
const SUFFIX: &str = ".tmp";

/// A file written beside its place and renamed into it by [`AtomicFile::commit`]. Dropped without that, it leaves
/// nothing behind, and whoever reads the old file never sees half of the new one.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    temporary: NamedTempFile,
}

impl AtomicFile {
    /// The folder must exist. A link is followed: the file it points to is replaced, not the link.
    pub fn create(path: &Path) -> Result<Self> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&target) {
            Ok(there) if there.is_dir() => return Err(Error::io("write", path, io::ErrorKind::IsADirectory.into())),
            // A rename would put a file in the place of a device or a pipe, /dev/null among them.
            Ok(there) if !there.is_file() => {
                let why = io::Error::new(io::ErrorKind::InvalidInput, "it is a device or a pipe, not a file");
                return Err(Error::io("write", path, why).help("use `-` for standard output"));
            }
            _ => {}
        }
        let temporary = tempfile::Builder::new()
            .prefix(PREFIX)
            .suffix(SUFFIX)
            .tempfile_in(folder(&target))
            .map_err(|e| Error::io("write", path, e))?;
        // Held until the file is in place: it tells `sweep` that somebody is still writing. Where files cannot be
        // locked, the sweep cannot lock them either, and removes nothing.
        let _ = temporary.as_file().try_lock();
        Ok(AtomicFile { path: target, temporary })
    }

    /// Where the file will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Brings what was written safely to disk, so that nothing but a rename is left to do.
    pub fn settle(&mut self) -> Result<()> {
        let settled = self.temporary.flush().and_then(|()| self.temporary.as_file().sync_all());
        settled.map_err(|e| Error::io("write", &self.path, e))
    }

    /// Puts the file in its place, safely on disk.
    pub fn commit(self) -> Result<()> {
        let AtomicFile { path, temporary } = self;
        settle(&path, temporary).map_err(|e| Error::io("write", &path, e))
    }

    /// Like `commit`, but leaves a file that already holds the same bytes untouched, its time of change included.
    /// Says whether the file changed.
    pub fn commit_if_changed(self) -> Result<bool> {
        let same = same_bytes(self.temporary.path(), &self.path).map_err(|e| Error::io("compare", &self.path, e))?;
        if same { Ok(false) } else { self.commit().map(|()| true) }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what killed runs left in a folder. What another run is just writing there is locked, and left alone.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) && File::open(&path).is_ok_and(|f| f.try_lock().is_ok()) {
            // Somebody else's clean-up may win the race; what counts is that it is gone.
            let _ = fs::remove_file(path);
        }
    }
}

fn settle(path: &Path, mut temporary: NamedTempFile) -> io::Result<()> {
    temporary.flush()?;
    set_mode(path, temporary.as_file())?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|e| e.error)?;
    sync_folder(folder(path))
}

/// As the file that is replaced has it, else readable by all: a web server must be able to hand a feed out.
#[cfg(unix)]
fn set_mode(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = fs::metadata(path).map_or_else(|_| fs::Permissions::from_mode(0o644), |old| old.permissions());
    file.set_permissions(permissions)
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// The rename itself is only safe once its folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn same_bytes(new: &Path, old: &Path) -> io::Result<bool> {
    let old = match File::open(old) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        old => old?,
    };
    let new = File::open(new)?;
    if new.metadata()?.len() != old.metadata()?.len() {
        return Ok(false);
    }
    let (mut new, mut old) = (BufReader::with_capacity(PIECE, new), BufReader::with_capacity(PIECE, old));
    loop {
        let (a, b) = (new.fill_buf()?, old.fill_buf()?);
        let len = a.len().min(b.len());
        if a[..len] != b[..len] {
            return Ok(false);
        }
        if len == 0 {
            return Ok(a.is_empty() && b.is_empty());
        }
        new.consume(len);
        old.consume(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) -> AtomicFile {
        let mut file = AtomicFile::create(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feed.xml");
        drop(write(&path, "half"));
        assert_eq!(names(folder.path()), [""; 0]);
        let file = write(&path, "whole");
        assert!(!path.exists());
        file.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(names(folder.path()), ["feed.xml"]);
    }

    #[test]
    fn a_sweep_takes_what_a_killed_run_left_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feed.xml");
        fs::write(folder.path().join(".purvey-dead.tmp"), "left").unwrap();
        fs::write(folder.path().join("note.tmp"), "not ours").unwrap();
        let file = write(&path, "whole");
        sweep(folder.path());
        file.commit().unwrap();
        let mut left = names(folder.path());
        left.sort();
        assert_eq!(left, ["feed.xml", "note.tmp"]);
    }

    #[test]
    fn the_same_bytes_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feed.xml");
        for (text, changed) in [("one", true), ("one", false), ("two", true), ("three", true)] {
            assert_eq!(write(&path, text).commit_if_changed().unwrap(), changed, "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_missing_folder_and_a_folder_are_named() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("no/feed.xml"), folder.path().to_owned()] {
            let error = AtomicFile::create(&path).unwrap_err();
            assert_eq!(error.code, "file/io");
            assert!(error.message.contains(&path.display().to_string()), "{}", error.message);
        }
    }

    #[cfg(unix)]
    #[test]
    fn readable_by_all_or_as_before_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("feed.xml"), folder.path().join("link.xml"));
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        write(&path, "1").commit().unwrap();
        assert_eq!(mode(), 0o644);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        write(&link, "2").commit().unwrap();
        assert_eq!(mode(), 0o640);
        assert_eq!(fs::read_to_string(&path).unwrap(), "2");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
