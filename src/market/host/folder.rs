//! A folder as if it were a marketplace's server: what is carried by hand, or by whatever copies files.
//!
//! `GET /orders` lists a folder as JSON (`[{file, bytes, modified}]`), `GET /orders/A.csv` gives a file, `PUT` writes one
//! whole or not at all, `POST /orders/A.csv?to=orders/done/A.csv` moves one: 404 when it is not there, or the other is.
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Outcome, Transport};
use crate::diagnostic::{Error, Kind, Place, Result};
use crate::market::{Body, Method, Request, Response};

/// Begins the address of an account that is a folder.
pub(super) const SCHEME: &str = "file://";
/// A file larger than this is no list of orders.
pub(super) const BYTES_MAX: u64 = 256 * 1024 * 1024;

pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// `address` is `file:///srv/drop`.
    ///
    /// # Errors
    /// `market/address` when that is no folder of this machine.
    pub fn new(address: &str) -> Result<Self> {
        let root = PathBuf::from(address.strip_prefix(SCHEME).unwrap_or(address));
        if !root.is_absolute() || !root.is_dir() {
            let message = format!("there is no folder {}", root.display());
            return Err(Error::new(Kind::Usage, "market/address", message)
                .at(Place::default().value(address))
                .help("write the whole path of a folder that is there: file:///srv/orders"));
        }
        Ok(Folder { root })
    }

    /// Where the address of a request leads.
    fn place(&self, names: Vec<String>) -> PathBuf {
        names.into_iter().fold(self.root.clone(), |place, name| place.join(name))
    }
}

/// The names in the address of a request. Its segments are escaped, so none can lead out of the folder.
pub(super) fn names(request: &Request) -> Result<Vec<String>> {
    request.path.split('/').filter(|segment| !segment.is_empty()).map(unescaped).map(checked).collect()
}

/// Where a file is to be moved.
pub(super) fn target(request: &Request) -> Result<Vec<String>> {
    let to = request.query.iter().find(|(name, _)| name == "to").map(|(_, to)| to.as_str());
    to.unwrap_or_default().split('/').map(str::to_owned).map(checked).collect()
}

fn checked(name: String) -> Result<String> {
    if matches!(name.as_str(), "" | "." | "..") || name.contains(['/', '\\', '\0']) {
        return Err(Error::input("market/bad-id", format!("`{name}` cannot be the name of a file"))
            .help("give the file another name"));
    }
    Ok(name)
}

impl Transport for Folder {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        let place = self.place(names(request)?);
        match (request.method, &request.body) {
            (Method::Get, _) if place.is_dir() => list(&place),
            (Method::Get, _) if place.is_file() => read(&place),
            (Method::Get, _) => Ok(answer(404, "application/json", Vec::new())),
            (Method::Put, Body::Raw { bytes, .. }) => write(&place, bytes),
            (Method::Post, _) => rename(&place, &self.place(target(request)?)),
            (method, _) => Err(Error::bug(format!("a folder is not asked to {}", method.as_str()))),
        }
    }
}

pub(super) fn answer(status: u16, media_type: &str, body: Vec<u8>) -> Outcome {
    let headers = vec![("content-type".to_owned(), media_type.to_owned())];
    Outcome::Answered(Response { status, headers, body })
}

/// Plain files, those that begin with a point left out.
fn list(folder: &Path) -> Result<Outcome> {
    let failed = |e| Error::io("read", folder, e);
    let mut files: Vec<(Timestamp, String, u64)> = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (Ok(name), Ok(about)) = (entry.file_name().into_string(), fs::metadata(entry.path())) else { continue };
        if about.is_file() {
            let modified = about.modified().ok().and_then(|at| Timestamp::try_from(at).ok()).unwrap_or_default();
            files.push((modified, name, about.len()));
        }
    }
    Ok(listed(files))
}

/// Plain files as told, the newest last.
pub(super) fn listed(mut files: Vec<(Timestamp, String, u64)>) -> Outcome {
    files.retain(|(_, name, _)| !name.starts_with('.'));
    files.sort();
    let told = files
        .into_iter()
        .map(|(modified, name, bytes)| json!({ "file": name, "bytes": bytes, "modified": modified.to_string() }));
    answer(200, "application/json", Value::Array(told.collect()).to_string().into_bytes())
}

fn rename(from: &Path, to: &Path) -> Result<Outcome> {
    let failed = |e| Error::io("move", from, e);
    if to.exists() || !from.exists() {
        return Ok(answer(404, "application/json", Vec::new()));
    }
    fs::create_dir_all(to.parent().unwrap_or(to)).and_then(|()| fs::rename(from, to)).map_err(failed)?;
    Ok(answer(204, "application/json", Vec::new()))
}

fn read(file: &Path) -> Result<Outcome> {
    let about = fs::metadata(file).map_err(|e| Error::io("read", file, e))?;
    if about.len() > BYTES_MAX {
        return Ok(answer(413, "text/plain", b"the file is too large".to_vec()));
    }
    let bytes = fs::read(file).map_err(|e| Error::io("read", file, e))?;
    Ok(answer(200, "application/octet-stream", bytes))
}

/// Beside its place first, so that whoever fetches it never sees half of it.
fn write(file: &Path, bytes: &[u8]) -> Result<Outcome> {
    let failed = |e| Error::io("write", file, e);
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut beside = tempfile::NamedTempFile::with_prefix_in(".", folder).map_err(failed)?;
    beside.write_all(bytes).and_then(|()| beside.as_file().sync_all()).map_err(failed)?;
    beside.persist(file).map_err(|e| failed(e.error))?;
    Ok(answer(201, "application/json", Vec::new()))
}

fn unescaped(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        bytes.extend_from_slice(before.as_bytes());
        let byte = escape.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = escape.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = escape.get(1..).unwrap_or_default();
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(segments: &[&str], text: &str) -> Request {
        let body = Body::Raw { media_type: "text/csv".to_owned(), bytes: text.as_bytes().to_vec() };
        Request::new(Method::Put, "any", segments).unwrap().body(body)
    }

    fn body(outcome: Outcome) -> (u16, String) {
        let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    #[test]
    fn files_are_listed_read_and_written_whole() {
        let drop = tempfile::tempdir().unwrap();
        let folder = Folder::new(&format!("file://{}", drop.path().display())).unwrap();
        let get = |segments: &[&str]| body(folder.exchange(&Request::get("any", segments).unwrap()).unwrap());
        assert_eq!(get(&["orders"]).0, 404);
        assert_eq!(folder.exchange(&put(&["orders", "ä/1.csv"], "out")).unwrap_err().code, "market/bad-id");
        folder.exchange(&put(&["orders", "ä 1.csv"], "first")).unwrap();
        folder.exchange(&put(&["orders", "ä 1.csv"], "second")).unwrap();
        fs::write(drop.path().join("orders/.hidden"), "x").unwrap();
        assert_eq!(get(&["orders", "ä 1.csv"]), (200, "second".to_owned()));
        let listed: Value = serde_json::from_str(&get(&["orders"]).1).unwrap();
        assert_eq!((listed[0]["file"].as_str(), listed[0]["bytes"].as_u64()), (Some("ä 1.csv"), Some(6)));
        assert_eq!(listed.as_array().unwrap().len(), 1);
        let to = |to: &str| {
            let request = Request::new(Method::Post, "any", &["orders", "ä 1.csv"]).unwrap().query("to", to);
            folder.exchange(&request).map(|moved| body(moved).0).map_err(|error| error.code)
        };
        assert_eq!(
            [to("orders/../x"), to("orders/.hidden"), to("done/1.csv"), to("done/2.csv")],
            [Err("market/bad-id"), Ok(404), Ok(204), Ok(404)]
        );
        assert_eq!(get(&["done", "1.csv"]).1, "second");
    }

    #[test]
    fn only_a_folder_that_is_there_will_do() {
        for address in ["file:///no/such/folder", "file://relative"] {
            assert_eq!(Folder::new(address).err().map(|e| e.code), Some("market/address"), "{address}");
        }
    }
}
