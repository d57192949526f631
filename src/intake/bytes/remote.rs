//! A file on a web server: fetched whole into a nameless temporary file before anything of it is read, or not at all
//! when the server says that it is as it was.
use super::archive;
use super::source::{Source, UNPACKED_BYTES_MAX};
use crate::diagnostic::{Diagnostic, Error, Kind, Place, Result};
use crate::web::{self, causes, is_loopback};
use reqwest::header::{ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::{RequestBuilder, StatusCode, redirect};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;
use url::Url;
use xxhash_rust::xxh3::xxh3_128;

/// Servers that make an export while one waits take a while for the first byte, and then should not pause.
const SILENCE_MAX: Duration = Duration::from_secs(120);
const TRIES: u32 = 3;
const WAIT: Duration = Duration::from_millis(500);
const REDIRECTS_MAX: usize = 5;

/// An address that a file is fetched from.
#[derive(Debug)]
pub struct Remote {
    url: Url,
    sign_in: Option<SignIn>,
}

/// What a server is told of who asks; shown to nobody.
#[derive(Clone)]
pub enum SignIn {
    Basic { user: String, password: String },
    Header(HeaderName, HeaderValue),
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIn(…)")
    }
}

impl SignIn {
    pub fn basic(user: &str, password: &str) -> SignIn {
        SignIn::Basic { user: user.to_owned(), password: password.to_owned() }
    }

    /// # Errors
    /// `file/sign-in` when no header can be called so, or the key holds what no header can.
    pub fn header(name: &str, key: &str) -> Result<SignIn> {
        let refuse = |what: &str, help: &str| Error::usage("file/sign-in", what.to_owned()).help(help.to_owned());
        let header = name.parse().map_err(|_| refuse("this is no name of a header", "write it as X-Api-Key"))?;
        let mut value = HeaderValue::from_str(key).map_err(|_| {
            refuse("the key holds characters that no header can", "compare it with the one you were given")
        })?;
        value.set_sensitive(true);
        Ok(SignIn::Header(header, value))
    }

    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            SignIn::Basic { user, password } => request.basic_auth(user, Some(password)),
            SignIn::Header(name, value) => request.header(name, value),
        }
    }
}

/// What a server said of a file's edition, to be told when it is asked again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edition {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

impl Remote {
    /// The address that `path` is, if it is one.
    ///
    /// # Errors
    /// `file/address` for one that cannot be fetched, or that holds a password.
    pub fn of(path: &Path) -> Option<Result<Remote>> {
        let text = path.to_str().filter(|text| text.starts_with("http://") || text.starts_with("https://"))?;
        let refuse = |why: &str| Error::usage("file/address", format!("this address cannot be fetched: {why}"));
        Some(match Url::parse(text) {
            Err(e) => Err(refuse(&e.to_string()).help("copy it whole, from https:// on, and put it in quotes")),
            Ok(url) if !url.username().is_empty() || url.password().is_some() => Err(refuse(
                "it holds a user name or a password, which everybody on this machine can read",
            )
            .help("write user and key into a [source.…] of purvey.toml, where only the place of the key stands")),
            Ok(url) => Ok(Remote { url, sign_in: None }),
        })
    }

    /// # Errors
    /// `file/sign-in` for an address to which a key would go unencrypted.
    pub fn signed(self, sign_in: Option<&SignIn>) -> Result<Remote> {
        if sign_in.is_some() && self.url.scheme() == "http" && !is_loopback(&self.url) {
            return Err(Error::usage(
                "file/sign-in",
                "the key would be sent unencrypted, for everybody between to read",
            )
            .at(Place::file(self.name()))
            .help("ask for an https:// address"));
        }
        Ok(Remote { sign_in: sign_in.cloned(), ..self })
    }

    /// The address for people. A query is left out: it may hold a key.
    pub fn name(&self) -> String {
        let mut url = self.url.clone();
        let hidden = if url.query().is_some() { "?…" } else { "" };
        url.set_query(None);
        url.set_fragment(None);
        format!("{url}{hidden}")
    }

    /// What the catalog calls it: no key can be read from it.
    pub fn key(&self) -> String {
        format!("{:032x}", xxh3_128(self.url.as_str().as_bytes()))
    }

    /// The file, or all files of an archive; `None` when it is still the edition that is `known`.
    ///
    /// # Errors
    /// `file/not-served` when the server has it not or wants a sign-in, `file/unavailable` when it cannot be reached or
    /// breaks off, three times; those of [`Source::read`].
    pub fn fetch(&self, known: Option<&Edition>) -> Result<Option<(Vec<Source>, Edition)>> {
        let mut last = None;
        for attempt in 0..TRIES {
            if attempt > 0 {
                std::thread::sleep(WAIT * attempt);
            }
            match self.try_fetch(known) {
                Err(e) if e.kind == Kind::Unavailable => last = Some(e),
                Ok(Some((file, edition))) => return Ok(Some((self.sources(file)?, edition))),
                Ok(None) => return Ok(None),
                Err(e) => return Err(e),
            }
        }
        Err(last.unwrap_or_else(|| Error::bug("nothing was fetched")))
    }

    fn sources(&self, file: File) -> Result<Vec<Source>> {
        let mut sources = archive::expand(&self.name(), file)?;
        if let Some(first) = sources.first_mut().filter(|_| self.url.scheme() == "http" && !is_loopback(&self.url)) {
            let message = "it came unencrypted: whoever is between may have changed it";
            let finding = Diagnostic::warning("file/unencrypted", message).at(Place::file(self.name()));
            first.notes.push(finding.help("ask for an https:// address"));
        }
        Ok(sources)
    }

    fn try_fetch(&self, known: Option<&Edition>) -> Result<Option<(File, Edition)>> {
        let is_https = self.url.scheme() == "https";
        let client = web::client(is_loopback(&self.url))
            .redirect(self.redirects())
            .read_timeout(SILENCE_MAX)
            // a file that is packed on its way is unpacked by us, who know bombs
            .no_gzip()
            .https_only(is_https);
        let mut request = web::made(client)?.get(self.url.clone());
        if let Some(sign_in) = &self.sign_in {
            request = sign_in.sign(request);
        }
        for (name, value) in known.into_iter().flat_map(Edition::conditions) {
            request = request.header(name, value);
        }
        let mut file = archive::temporary()?;
        let edition = web::runtime()?.block_on(async {
            let mut response = request.send().await.map_err(|e| self.unavailable(&causes(&e)))?;
            match response.status() {
                StatusCode::NOT_MODIFIED if known.is_some() => return Ok(None),
                status if status.is_success() => {}
                status => return Err(self.refused(status)),
            }
            let edition = Edition::of(response.headers());
            let mut taken = 0;
            while let Some(chunk) = response.chunk().await.map_err(|e| self.unavailable(&causes(&e)))? {
                taken += chunk.len() as u64;
                if taken > UNPACKED_BYTES_MAX {
                    return Err(Error::input("file/too-large", format!("{} is larger than 16 GiB", self.name()))
                        .at(Place::file(self.name()))
                        .help("nobody's catalog is: check the address"));
                }
                file.write_all(&chunk).map_err(archive::spooling)?;
            }
            Ok(Some(edition))
        })?;
        file.seek(SeekFrom::Start(0)).map_err(archive::spooling)?;
        Ok(edition.map(|edition| (file, edition)))
    }

    /// A key is for one server only, whoever that one points to.
    fn redirects(&self) -> redirect::Policy {
        if self.sign_in.is_none() {
            return redirect::Policy::limited(REDIRECTS_MAX);
        }
        let home = self.url.origin();
        redirect::Policy::custom(move |attempt| match attempt.previous().len() {
            0..=REDIRECTS_MAX if attempt.url().origin() == home => attempt.follow(),
            _ => attempt.stop(),
        })
    }

    fn unavailable(&self, why: &str) -> Error {
        Error::new(Kind::Unavailable, "file/unavailable", format!("{} cannot be fetched: {why}", self.name()))
            .at(Place::file(self.name()))
            .help("nothing was taken; run it again later")
    }

    fn refused(&self, status: StatusCode) -> Error {
        let message = format!("{} answered {status}", self.name());
        let error = |kind, help: &str| {
            Error::new(kind, "file/not-served", &*message).at(Place::file(self.name())).help(help.to_owned())
        };
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                let help = match self.sign_in {
                    Some(_) => "compare user and key of the source in purvey.toml with what you were given",
                    None => "the server wants to know who asks: add user and key to a [source.…] of purvey.toml",
                };
                error(Kind::Credentials, help)
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => self.unavailable(&status.to_string()),
            _ if status.is_redirection() => error(
                Kind::Input,
                "it leads to another server, to which the key is not sent: name that one in the source",
            ),
            _ if status.is_server_error() => self.unavailable(&status.to_string()),
            _ => error(Kind::Input, "open the address in a browser: it has to lead to the file itself"),
        }
    }
}

impl Edition {
    fn of(headers: &HeaderMap) -> Edition {
        let text = |name: HeaderName| Some(headers.get(name)?.to_str().ok()?.to_owned());
        Edition { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }

    fn conditions(&self) -> impl Iterator<Item = (HeaderName, &str)> {
        let if_none_match = self.etag.as_deref().map(|etag| (IF_NONE_MATCH, etag));
        let if_modified_since = self.last_modified.as_deref().map(|date| (IF_MODIFIED_SINCE, date));
        if_none_match.into_iter().chain(if_modified_since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_an_address_is_shown_to_nobody() {
        let remote = Remote::of(Path::new("https://shop.example/export.csv?key=s3cret#x")).unwrap().unwrap();
        assert_eq!(remote.name(), "https://shop.example/export.csv?…");
        assert!(!remote.key().contains("s3cret"));
        let refused = Remote::of(Path::new("https://anna:s3cret@shop.example/a.csv")).unwrap().unwrap_err();
        assert_eq!(refused.code, "file/address");
        assert!(!refused.to_string().contains("s3cret"), "{refused}");
        assert!(Remote::of(Path::new("export.csv")).is_none());
        let sign_in = SignIn::header("X-Api-Key", "s3cret").unwrap();
        let plain = Remote::of(Path::new("http://shop.example/a.csv")).unwrap().unwrap();
        assert_eq!(plain.signed(Some(&sign_in)).unwrap_err().code, "file/sign-in");
        let signed =
            Remote::of(Path::new("https://shop.example/a.csv")).unwrap().unwrap().signed(Some(&sign_in)).unwrap();
        assert!(!format!("{signed:?}").contains("s3cret"));
        assert_eq!(SignIn::header("X Api", "s").unwrap_err().code, "file/sign-in");
        assert_eq!(SignIn::header("X-Api-Key", "a\nb").unwrap_err().code, "file/sign-in");
    }
}
