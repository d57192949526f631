//! Web servers: PUT or POST to an address, or WebDAV.
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Client, RequestBuilder, Response, StatusCode, redirect};
use url::Url;

use super::beside::{self, Folder};
use super::destination::SILENCE_MAX;
use super::{Arrived, Destination, Document, Load, Login, Method, Proof, fault};
use crate::diagnostic::{Error, Result};
use crate::web::{self, causes, is_loopback};

pub(super) fn put(load: &Load, to: &Destination) -> Result<Arrived> {
    let url = to.file_url(load.name());
    let client = web::client(is_loopback(&url))
        // a body that is streamed cannot be sent a second time, and a password goes to nobody else
        .redirect(redirect::Policy::none())
        .read_timeout(SILENCE_MAX);
    let place = to.place(load.name());
    let mut server = Server { client: web::made(client)?, url, login: to.login.clone(), place };
    let path = |name: &str| to.file_url(name).path().to_owned();
    match to.method {
        Method::Webdav => beside::put(&mut server, load, to, to.direct, &path),
        Method::Put => beside::put(&mut server, load, to, true, &path),
        Method::Post => {
            for document in load.documents() {
                server.send(reqwest::Method::POST, &to.file_url(document.name()), document)?;
            }
            // it takes files and gives none back
            Ok(Arrived { proof: Proof::Untold, left: load.leftover().to_vec() })
        }
    }
}

struct Server {
    client: Client,
    url: Url,
    login: Login,
    place: String,
}

impl Server {
    fn request(&self, method: reqwest::Method, url: &Url) -> RequestBuilder {
        let request = self.client.request(method, url.clone());
        match (&self.login.token, &self.login.user) {
            (Some(token), _) => request.bearer_auth(token.reveal()),
            (None, Some(user)) => request.basic_auth(user, self.login.password.as_ref().map(|p| p.reveal())),
            (None, None) => request,
        }
    }

    fn answer(&self, request: RequestBuilder) -> Result<Response> {
        // inside, since its timers want the runtime around them
        let answered = web::runtime()?.block_on(async { request.send().await });
        answered.map_err(|e| fault::unavailable(&self.place, &causes(&e)))
    }

    fn send(&self, method: reqwest::Method, url: &Url, document: &Document) -> Result<()> {
        let body = Body::from(tokio::fs::File::from_std(document.reader()?));
        let request = self
            .request(method, url)
            .header(CONTENT_TYPE, document.content_type())
            .header(CONTENT_LENGTH, document.bytes())
            .body(body);
        self.judge(self.answer(request)?.status())
    }

    fn judge(&self, status: StatusCode) -> Result<()> {
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Err(fault::refused_login(&self.place, &status.to_string()))
            }
            StatusCode::INSUFFICIENT_STORAGE | StatusCode::NOT_IMPLEMENTED => Err(self.refused(status)),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::LOCKED => Err(self.away(status)),
            status if status.is_server_error() => Err(self.away(status)),
            status if status.is_redirection() => {
                Err(self.refused(status).help("the address leads elsewhere: write the one it leads to"))
            }
            status => Err(self.refused(status)),
        }
    }

    fn refused(&self, status: StatusCode) -> Error {
        fault::refused(&self.place, &format!("it answered {status}"))
    }

    fn away(&self, status: StatusCode) -> Error {
        fault::unavailable(&self.place, &format!("it answered {status}"))
    }

    /// Another path of the same server; what is asked with the address is asked of the feed only.
    fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        if path.ends_with(".part") {
            url.set_query(None);
        }
        url.set_path(path);
        url
    }
}

impl Folder for Server {
    fn write(&mut self, path: &str, document: &Document) -> Result<()> {
        self.send(reqwest::Method::PUT, &self.at(path), document)
    }

    fn size(&mut self, path: &str) -> Result<Option<u64>> {
        // asked for as it is stored, not as it would be packed on its way
        let request = self.request(reqwest::Method::HEAD, &self.at(path)).header("accept-encoding", "identity");
        let answer = self.answer(request)?;
        let length = answer.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        Ok(length.filter(|_| answer.status().is_success()))
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let to =
            HeaderValue::from_str(self.at(to).as_str()).map_err(|e| fault::refused(&self.place, &e.to_string()))?;
        let method = reqwest::Method::from_bytes(b"MOVE").unwrap_or_default();
        let request = self.request(method, &self.at(from)).header("destination", to).header("overwrite", "T");
        self.judge(self.answer(request)?.status())
    }

    fn remove(&mut self, path: &str) -> Result<()> {
        self.judge(self.answer(self.request(reqwest::Method::DELETE, &self.at(path)))?.status())
    }
}
