//! A file of this machine, which appears whole or not at all.
use std::io::{self, Write};
use std::path::Path;

use super::{Destination, Document, Proof, fault};
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

impl Write for ToFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Copies the feed to another place of this machine, or of a file system it has mounted.
pub(super) fn put(document: &Document, to: &Destination) -> Result<Proof> {
    let place = to.place(document.name());
    let url = to.file_url(document.name());
    let path = url.to_file_path().map_err(|()| fault::refused(&place, "it is no path of this machine"))?;
    let mut file = ToFile::create(&path)?;
    io::copy(&mut document.reader()?, &mut file).map_err(|e| Error::io("write", &path, e))?;
    file.place()?;
    Ok(Proof::Bytes)
}
