//! A folder of an SFTP server as if it were a marketplace's server: the same calls as of a folder of this machine.
use serde_json::{Value, json};
use url::Url;

use super::folder::{BYTES_MAX, answer, listed, names};
use super::{Lost, Outcome, Transport};
use crate::deliver::{Destination, Found, Login, Method as Way, Remote};
use crate::diagnostic::{Error, Kind, Place, Result};
use crate::market::{Account, Body, Method, Request, Secret};

/// Begins the address of an account that is a folder of a server.
pub(super) const SCHEME: &str = "sftp://";
/// Begins every private key that OpenSSH writes or reads.
const KEY: &str = "-----BEGIN";

pub(super) struct Sftp {
    remote: Remote,
}

impl Sftp {
    /// `sftp://user@host:port/folder`; the account's key is a private key or a password, or there is none where the user's
    /// own `ssh` is let in.
    ///
    /// # Errors
    /// `market/address`.
    pub fn new(account: &Account) -> Result<Self> {
        let mut url = Url::parse(&account.base_url).ok().filter(Url::has_host).ok_or_else(|| {
            Error::new(Kind::Usage, "market/address", "this is no address of a folder on a server")
                .at(Place::default().value(&account.base_url))
                .help("write it as sftp://user@host/folder")
        })?;
        url.set_path(&format!("{}/", url.path().trim_end_matches('/')));
        let key = Some(account.key.clone()).filter(|key| !key.reveal().is_empty());
        let is_key = |key: &Secret| key.reveal().trim_start().starts_with(KEY);
        let login =
            Login { password: key.clone().filter(|key| !is_key(key)), key: key.filter(is_key), ..Login::default() };
        let host_key = account.options.get("host_key").cloned();
        let to = Destination { url, login, host_key, region: None, endpoint: None, method: Way::Put, direct: false };
        Ok(Sftp { remote: Remote::new(to) })
    }

    fn answered(&self, request: &Request) -> Result<Outcome> {
        let names = names(request)?;
        let path = names.join("/");
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        match (request.method, &request.body) {
            (Method::Get, _) => Ok(match self.remote.get(&path, BYTES_MAX)? {
                Found::Nothing => answer(404, "application/json", Vec::new()),
                Found::File(bytes) => answer(200, "application/octet-stream", bytes),
                Found::TooLarge(_) => answer(413, "text/plain", b"the file is too large".to_vec()),
                Found::Folder(entries) => {
                    listed(entries.into_iter().map(|entry| (entry.modified, entry.name, entry.bytes)).collect())
                }
            }),
            (Method::Put, Body::Raw { bytes, .. }) => {
                self.remote.put(folder, name, bytes).map(|()| answer(201, "application/json", Vec::new()))
            }
            (Method::Post, _) => {
                let to = super::folder::target(request)?.join("/");
                let (folder, name) = to.rsplit_once('/').unwrap_or(("", &to));
                let moved = self.remote.rename(&path, folder, name)?;
                Ok(answer(if moved { 204 } else { 404 }, "application/json", Vec::new()))
            }
            (method, _) => Err(Error::bug(format!("a folder is not asked to {}", method.as_str()))),
        }
    }
}

impl Transport for Sftp {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        match self.answered(request) {
            Err(error) if error.kind == Kind::Unavailable => {
                Ok(Outcome::Lost(Lost { arrived: true, why: error.message }))
            }
            Err(error) if error.kind == Kind::Rejected => {
                let told: Value = json!({ "message": error.message });
                Ok(answer(403, "application/json", told.to_string().into_bytes()))
            }
            answered => answered,
        }
    }
}
