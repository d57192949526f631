//! Sending under another name, checking, renaming: the same wherever there are names.
use super::{Document, Proof, fault};
use crate::diagnostic::Result;

/// Somewhere files can be written and renamed.
pub trait Folder {
    fn write(&mut self, path: &str, document: &Document) -> Result<()>;
    /// `None` where it does not tell.
    fn size(&mut self, path: &str) -> Result<Option<u64>>;
    /// Takes the place of what is at `to`.
    fn rename(&mut self, from: &str, to: &str) -> Result<()>;
    /// As well as it can be done; nobody minds if not.
    fn remove(&mut self, path: &str);
}

/// Puts `document` at `path`. Beside it stands `path.part` until it is whole; the next run writes over what a killed one
/// left there.
pub fn put(folder: &mut dyn Folder, document: &Document, path: &str, direct: bool, place: &str) -> Result<Proof> {
    let beside = if direct { path.to_owned() } else { format!("{path}.part") };
    let written = folder.write(&beside, document).and_then(|()| match folder.size(&beside)? {
        None => Ok(Proof::Untold),
        Some(size) if size == document.bytes() => Ok(Proof::Size),
        Some(size) => Err(fault::incomplete(place, size, document.bytes())),
    });
    if direct {
        return written;
    }
    let placed = written.and_then(|proof| folder.rename(&beside, path).map(|()| proof));
    if placed.is_err() {
        folder.remove(&beside);
    }
    placed
}
