//! Where feeds are sent, and how to be let in.
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use url::Url;

use crate::value::Secret;

/// What an address may begin with.
pub const SCHEMES: [&str; 8] = ["file:", "sftp:", "ftp:", "ftps:", "s3:", "gs:", "https:", "http:"];

/// How long a place may keep silent.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(60);

/// One place, its secrets at hand.
#[derive(Debug, Clone)]
pub struct Destination {
    /// `sftp://host:port/folder/`, `s3://bucket/folder/` …: with a slash at its end, feeds go into it under their own
    /// names; else it is the feed's own address. `/~/` at its start is the folder one is in after login.
    pub url: Url,
    pub login: Login,
    /// The public key of an SSH server, `ssh-ed25519 AAAA…`; when absent, the user's `known_hosts` has to know it.
    pub host_key: Option<String>,
    /// Of a bucket, where the store is not the usual one.
    pub region: Option<String>,
    pub endpoint: Option<Url>,
    pub method: Method,
    /// Writes straight to the name: for drop boxes that allow no renaming.
    pub direct: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Login {
    pub user: Option<String>,
    pub password: Option<Secret>,
    /// A private key, or the key file of a service account; the text itself.
    pub key: Option<Secret>,
    pub token: Option<Secret>,
}

/// How a web server takes a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    #[default]
    Put,
    Post,
    /// PUT beside it, then MOVE.
    Webdav,
}

impl Destination {
    /// The address of a feed whose file is called `file`.
    pub fn file_url(&self, file: &str) -> Url {
        let mut url = self.url.clone();
        let path = url.path().to_owned();
        if self.is_folder() {
            url.set_path(&format!("{path}{file}"));
        }
        url
    }

    /// The same for people and for the catalog: without user, query and fragment, which may hold secrets.
    pub fn place(&self, file: &str) -> String {
        let mut url = self.file_url(file);
        // cannot fail for an address that has a host, and one without has no user
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let hidden = if url.query().is_some() { "?…" } else { "" };
        url.set_query(None);
        url.set_fragment(None);
        format!("{url}{hidden}").replace("%7Bn%7D", "{n}")
    }

    /// Whether feeds go into it under their own names, and so may be several files.
    pub fn is_folder(&self) -> bool {
        matches!(self.url.path(), "") || self.url.path().ends_with('/')
    }

    /// The path on a server one logs in to; from the folder after login when it begins with `/~/`.
    pub(super) fn remote_path(&self, file: &str) -> String {
        let url = self.file_url(file);
        let path = percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
        path.strip_prefix("/~/").map_or_else(|| path.clone(), str::to_owned)
    }

    /// The host, as sockets and certificates want it: an IPv6 address without its brackets.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// The user, from purvey.toml or the address.
    pub(super) fn user(&self) -> Option<&str> {
        let from_url = Some(self.url.username()).filter(|user| !user.is_empty());
        self.login.user.as_deref().or(from_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(url: &str) -> Destination {
        Destination {
            url: Url::parse(url).unwrap(),
            login: Login::default(),
            host_key: None,
            region: None,
            endpoint: None,
            method: Method::Put,
            direct: false,
        }
    }

    #[test]
    fn an_address_is_a_folder_or_the_file_itself() {
        for (url, place, remote) in [
            ("sftp://anna@h.example/feeds/", "sftp://h.example/feeds/a.xml", "/feeds/a.xml"),
            ("sftp://h.example/~/in/", "sftp://h.example/~/in/a.xml", "in/a.xml"),
            ("ftp://h.example", "ftp://h.example/a.xml", "/a.xml"),
            ("ftp://h.example/caf%C3%A9.xml", "ftp://h.example/caf%C3%A9.xml", "/café.xml"),
            ("https://h.example/up?sig=s3cret#x", "https://h.example/up?…", "/up"),
        ] {
            assert_eq!(to(url).place("a.xml"), place);
            assert_eq!(to(url).remote_path("a.xml"), remote);
        }
        assert_eq!(to("sftp://anna@h.example/").user(), Some("anna"));
    }
}
