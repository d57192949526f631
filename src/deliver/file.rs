//! A file of this machine, which appears whole or not at all.
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Arrived, Destination, Load, Proof, fault, is_split};
use crate::diagnostic::{Error, Result};
use crate::feed::write::{AtomicFile, sweep};

/// What became of the place a feed was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Placed {
    /// It is there now; there was none.
    New,
    Replaced,
    /// The same bytes were there already: the file was not touched.
    Unchanged,
    /// A dry run: it was built and thrown away.
    Withheld,
}

/// A feed on its way to a file. Dropping it leaves the old file as it is.
pub struct ToFile {
    file: AtomicFile,
    existed: bool,
}

impl ToFile {
    /// Opens a file beside `path`, whose folder is made if need be.
    pub fn create(path: &Path) -> Result<ToFile> {
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, e))?;
            sweep(folder);
        }
        Ok(ToFile { existed: path.exists(), file: AtomicFile::create(path)? })
    }

    /// Puts the finished feed in place.
    pub fn place(self) -> Result<Placed> {
        let existed = self.existed;
        Ok(match (self.file.commit_if_changed()?, existed) {
            (false, _) => Placed::Unchanged,
            (true, true) => Placed::Replaced,
            (true, false) => Placed::New,
        })
    }
}

/// A feed on its way to files: one, or several whose path holds `{n}`, the number from 1.
pub struct ToFiles {
    path: PathBuf,
    opened: u64,
}

impl ToFiles {
    pub fn new(path: &Path) -> ToFiles {
        ToFiles { path: path.to_owned(), opened: 0 }
    }

    /// The file after those opened so far.
    pub fn open_next(&mut self) -> Result<ToFile> {
        self.opened += 1;
        let path = numbered(&self.path, self.opened);
        if self.opened > 1 && path == self.path {
            let message = format!("the feed fills more than one file, and {} has no number", path.display());
            return Err(Error::usage("feed/shard-unnumbered", message).help("put {n} into the file's name"));
        }
        ToFile::create(&path)
    }

    /// Puts all of them in place once all are safely written, and takes away higher numbers an earlier, larger feed left.
    pub fn place(self, mut files: Vec<ToFile>) -> Result<Placed> {
        files.iter_mut().try_for_each(|file| file.file.settle())?;
        let mut all = None;
        for file in files {
            let placed = file.place()?;
            all = Some(if all.is_none_or(|all| all == placed) { placed } else { Placed::Replaced });
        }
        let is_split = is_split(&self.path);
        let left = (self.opened + 1..).map(|n| numbered(&self.path, n)).take_while(|path| is_split && path.is_file());
        for path in left {
            std::fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
            all = all.map(|_| Placed::Replaced);
        }
        Ok(all.unwrap_or(Placed::Unchanged))
    }
}

/// The file of a feed with this number; its own where the feed is one file.
pub(super) fn numbered(path: &Path, n: u64) -> PathBuf {
    PathBuf::from(path.to_string_lossy().replace("{n}", &n.to_string()))
}

impl Write for ToFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Copies the feed to another place of this machine, or of a file system it has mounted.
pub(super) fn put(load: &Load, to: &Destination) -> Result<Arrived> {
    let path = |name: &str| {
        let unusable = |()| fault::refused(&to.place(name), "it is no path of this machine");
        to.file_url(name).to_file_path().map_err(unusable)
    };
    let mut files = Vec::with_capacity(load.documents().len());
    for document in load.documents() {
        let path = path(document.name())?;
        let mut file = ToFile::create(&path)?;
        io::copy(&mut document.reader()?, &mut file).map_err(|e| Error::io("write", &path, e))?;
        file.file.settle()?;
        files.push(file);
    }
    for file in files {
        file.place()?;
    }
    let stays = |name: &&String| path(name).is_ok_and(|path| path.is_file() && std::fs::remove_file(path).is_err());
    Ok(Arrived { proof: Proof::Bytes, left: load.leftover().iter().filter(stays).cloned().collect() })
}
