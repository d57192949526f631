//! `[target.NAME]`: where feeds are sent, as `purvey.toml` says it.
use std::path::Path;

use serde::Deserialize;
use url::Url;

use super::secret;
use crate::deliver::{Destination, Login, Method, SCHEMES};
use crate::diagnostic::{Error, Place, Result};
use crate::value::Secret;

/// Keys that do not belong to the address's kind are refused: they would promise what is not done.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// An address, or a path of this machine. With a slash at its end feeds go into it, else it is the feed's own.
    pub url: String,
    /// Who logs in; for S3 the access key's id.
    pub user: Option<String>,
    /// `env:NAME` or `file:/path`, like the next two; for S3 the secret access key.
    pub password: Option<String>,
    /// A private SSH key; for Google Cloud Storage the key file of a service account.
    pub key: Option<String>,
    /// A bearer token; for S3 the session token.
    pub token: Option<String>,
    /// The public key of an SSH server, `ssh-ed25519 AAAA…`.
    pub host_key: Option<String>,
    /// Of an S3 bucket.
    pub region: Option<String>,
    /// Of a store that speaks S3 and is not Amazon's.
    pub endpoint: Option<String>,
    /// How a web server takes it: `put`, `post` or `webdav`.
    pub method: Option<Method>,
    /// Write straight to the name, where renaming is not allowed.
    #[serde(default)]
    pub direct: bool,
}

/// Which keys each kind of address may have, besides `url`.
const KEYS: [(&[&str], &[&str]); 6] = [
    (&["file"], &[]),
    (&["sftp"], &["user", "password", "key", "host_key", "direct"]),
    (&["ftp", "ftps"], &["user", "password", "direct"]),
    (&["s3"], &["user", "password", "token", "region", "endpoint"]),
    (&["gs"], &["key", "token", "endpoint"]),
    (&["http", "https"], &["user", "password", "token", "method", "direct"]),
];

impl Target {
    /// What is wrong with it that can be told without reading its secrets.
    pub(super) fn check(&self, name: &str) -> Result<()> {
        let wrong = |key: &str, message: String, help: String| {
            Err(Error::usage("shop/wrong-value", message)
                .at(Place::file("purvey.toml").attribute(format!("target.{name}.{key}")))
                .help(help))
        };
        let url = match self.address(Path::new("/")) {
            Ok(url) => url,
            Err(why) => {
                return wrong(
                    "url",
                    format!("this is no address: {why}"),
                    format!("begin it with one of {}", SCHEMES.join(", ")),
                );
            }
        };
        if url.password().is_some() {
            let help = "write password = \"env:NAME\" or \"file:/path\" beside it".to_owned();
            return wrong("url", "a password must not stand in an address".to_owned(), help);
        }
        let Some((_, known)) = KEYS.iter().find(|(schemes, _)| schemes.contains(&url.scheme())) else {
            return wrong(
                "url",
                format!("feeds cannot be sent by `{}:`", url.scheme()),
                format!("begin it with one of {}", SCHEMES.join(", ")),
            );
        };
        if let Some(key) = self.keys().find(|key| !known.contains(key)) {
            let help = match known.join(", ") {
                none if none.is_empty() => "leave it out".to_owned(),
                known => format!("such a target may have {known}"),
            };
            return wrong(key, format!("`{key}` means nothing at a {}: target", url.scheme()), help);
        }
        if url.scheme() != "file" && url.host_str().is_none_or(str::is_empty) {
            return wrong(
                "url",
                "the address names no host".to_owned(),
                format!("write it like {}//host/folder/", url.scheme()),
            );
        }
        if let Some(Err(e)) = self.endpoint.as_deref().map(Url::parse) {
            return wrong(
                "endpoint",
                format!("this is no address: {e}"),
                "write it whole, from https:// on".to_owned(),
            );
        }
        Ok(())
    }

    fn keys(&self) -> impl Iterator<Item = &'static str> {
        let given = [
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
            ("key", self.key.is_some()),
            ("token", self.token.is_some()),
            ("host_key", self.host_key.is_some()),
            ("region", self.region.is_some()),
            ("endpoint", self.endpoint.is_some()),
            ("method", self.method.is_some()),
            ("direct", self.direct),
        ];
        given.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key)
    }

    /// Paths are of the shop's folder unless they begin with a slash.
    fn address(&self, shop: &Path) -> Result<Url, String> {
        if self.url.contains("://") || self.url.starts_with("file:") {
            return Url::parse(&self.url).map_err(|e| e.to_string());
        }
        let path = std::path::absolute(shop.join(&self.url)).map_err(|e| e.to_string())?;
        let is_folder = self.url.ends_with('/');
        let url = if is_folder { Url::from_directory_path(path) } else { Url::from_file_path(path) };
        url.map_err(|()| "it is no path".to_owned())
    }

    pub(super) fn resolve(&self, name: &str, shop: &Path) -> Result<Destination> {
        self.check(name)?;
        let read = |key: &str, reference: &Option<String>| {
            let attribute = format!("target.{name}.{key}");
            reference.as_deref().map(|reference| secret(reference, &attribute).map(Secret::new)).transpose()
        };
        let url = self.address(shop).map_err(|why| Error::usage("shop/wrong-value", why))?;
        Ok(Destination {
            url,
            login: Login {
                user: self.user.clone(),
                password: read("password", &self.password)?,
                key: read("key", &self.key)?,
                token: read("token", &self.token)?,
            },
            host_key: self.host_key.clone(),
            region: self.region.clone(),
            endpoint: self.endpoint.as_deref().and_then(|text| Url::parse(text).ok()),
            method: self.method.unwrap_or_default(),
            direct: self.direct,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_cannot_be_done_is_said_before_anything_is_sent() {
        for (text, key, said) in [
            ("url = 'gopher://h.example/'", "url", "gopher"),
            ("url = 'sftp://anna:s3cret@h.example/'", "url", "password"),
            ("url = 'ftp://h.example/'\nhost_key = 'ssh-rsa A'", "host_key", "host_key"),
            ("url = 's3:///folder/'", "url", "host"),
            ("url = 's3://b/'\nendpoint = 'store.example'", "endpoint", "address"),
        ] {
            let error = target(text).check("x").unwrap_err();
            assert_eq!(error.place.attribute.as_deref(), Some(format!("target.x.{key}").as_str()), "{text}");
            assert!(error.message.contains(said) && !format!("{error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn a_path_is_of_the_shops_folder() {
        for (url, path) in [("web/", "/shop/web/a.xml"), ("/srv/a.xml", "/srv/a.xml"), ("file:///srv/", "/srv/a.xml")] {
            let destination = target(&format!("url = '{url}'")).resolve("x", Path::new("/shop")).unwrap();
            assert_eq!(destination.file_url("a.xml").path(), path);
        }
    }
}
