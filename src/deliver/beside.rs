//! Sending under another name, checking, renaming: the same wherever there are names.
use super::{Arrived, Destination, Document, Load, Proof, fault};
use crate::diagnostic::Result;

/// Somewhere files can be written and renamed.
pub trait Folder {
    fn write(&mut self, path: &str, document: &Document) -> Result<()>;
    /// `None` where it does not tell.
    fn size(&mut self, path: &str) -> Result<Option<u64>>;
    /// Takes the place of what is at `to`.
    fn rename(&mut self, from: &str, to: &str) -> Result<()>;
    fn remove(&mut self, path: &str) -> Result<()>;
}

/// Puts every file of `load` at its `path`. Beside it stands `path.part` until all are whole; the next run writes over what
/// a killed one left there.
pub fn put(
    folder: &mut dyn Folder,
    load: &Load,
    to: &Destination,
    direct: bool,
    path: &dyn Fn(&str) -> String,
) -> Result<Arrived> {
    let beside = |name: &str| if direct { path(name) } else { format!("{}.part", path(name)) };
    let names: Vec<&str> = load.documents().iter().map(Document::name).collect();
    let placed = all_beside(folder, load, to, &beside).and_then(|proof| {
        let renamed = names.iter().filter(|_| !direct);
        renamed.map(|name| folder.rename(&beside(name), &path(name))).collect::<Result<Vec<()>>>()?;
        Ok(proof)
    });
    if placed.is_err() && !direct {
        // as well as it can be done; nobody minds if not
        names.iter().for_each(|name| drop(folder.remove(&beside(name))));
    }
    let proof = placed?;
    let left = load.leftover().iter().filter(|name| folder.remove(&path(name)).is_err()).cloned().collect();
    Ok(Arrived { proof, left })
}

fn all_beside(
    folder: &mut dyn Folder,
    load: &Load,
    to: &Destination,
    beside: &dyn Fn(&str) -> String,
) -> Result<Proof> {
    let mut proof = Proof::Bytes;
    for document in load.documents() {
        let path = beside(document.name());
        folder.write(&path, document)?;
        proof = proof.and(match folder.size(&path)? {
            None => Proof::Untold,
            Some(size) if size == document.bytes() => Proof::Size,
            Some(size) => return Err(fault::incomplete(&to.place(document.name()), size, document.bytes())),
        });
    }
    Ok(proof)
}
