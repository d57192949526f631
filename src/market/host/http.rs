//! HTTP for connectors: plain blocking calls.
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, multipart, redirect};
use url::Url;

use super::{Lost, Outcome, Transport};
use crate::diagnostic::{Error, Kind, Result};
use crate::market::{Body, Method, Request, Response};
use crate::web::{self, causes, is_loopback};

const EXCHANGE_MAX: Duration = Duration::from_secs(90);
/// An answer larger than this is a fault, or an attack.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
const HEADERS_MAX: usize = 100;

/// One account's address, and a client that is made when it is first needed.
pub struct Http {
    base: String,
    loopback: bool,
    client: OnceLock<Client>,
}

impl Http {
    /// `base` may hold a path, which every request's path follows.
    ///
    /// # Errors
    /// `market/address` unless it is https, or http to this machine.
    pub fn new(base: &str) -> Result<Self> {
        let refuse = |why: &str| {
            Error::usage("market/address", format!("`{base}` cannot be a marketplace's address: {why}"))
                .help("write it as the marketplace gives it, for example https://marketplace.example")
        };
        let url = Url::parse(base).map_err(|e| refuse(&e.to_string()))?;
        let loopback = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(refuse("orders and keys must not travel unencrypted, use https")),
            _ => return Err(refuse("it must start with https://")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it holds a user name or password, which belong elsewhere"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it holds a `?` or `#`"));
        }
        Ok(Http { base: base.trim_end_matches('/').to_owned(), loopback, client: OnceLock::new() })
    }

    fn client(&self) -> Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let builder = web::client(self.loopback).redirect(redirect::Policy::none()).timeout(EXCHANGE_MAX);
        let client = web::made(builder.https_only(!self.loopback))?;
        Ok(self.client.get_or_init(|| client))
    }

    fn build(&self, request: &Request) -> Result<reqwest::RequestBuilder> {
        let url = Url::parse(&format!("{}{}", self.base, request.path))
            .map_err(|e| Error::bug(format!("{}{} is no address: {e}", self.base, request.path)))?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self.client()?.request(method, url).query(&request.query);
        builder = match &request.body {
            Body::None => builder,
            Body::Json(value) => builder.json(value),
            Body::Form(pairs) => {
                let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
            Body::Raw { media_type, bytes } => builder.header(CONTENT_TYPE, media_type).body(bytes.clone()),
            Body::File { field, name, media_type, bytes } => {
                let part = multipart::Part::bytes(bytes.clone()).file_name(name.clone());
                let part = part.mime_str(media_type).map_err(|e| Error::bug(format!("{media_type}: {e}")))?;
                builder.multipart(multipart::Form::new().part(*field, part))
            }
        };
        // after the body, whose media type they may replace
        Ok(builder.headers(headers(&request.headers)?))
    }
}

impl Transport for Http {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        let builder = match &request.base {
            Some(elsewhere) => Http::new(elsewhere)?.build(request)?,
            None => self.build(request)?,
        };
        web::runtime()?.block_on(async {
            match builder.send().await {
                Ok(response) => Ok(read(response).await),
                Err(e) if e.is_builder() => Err(Error::bug(format!("a request cannot be built: {}", causes(&e)))),
                Err(e) => Ok(Outcome::Lost(Lost { arrived: !e.is_connect(), why: causes(&e) })),
            }
        })
    }
}

async fn read(mut response: reqwest::Response) -> Outcome {
    let status = response.status().as_u16();
    let readable = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
    };
    let headers = response.headers().iter().take(HEADERS_MAX).filter_map(readable).collect();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) > BODY_BYTES_MAX => {
                let why = format!("the answer is larger than {} MiB", BODY_BYTES_MAX / 1024 / 1024);
                return Outcome::Lost(Lost { arrived: true, why });
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Outcome::Answered(Response { status, headers, body }),
            Err(e) => return Outcome::Lost(Lost { arrived: true, why: causes(&e) }),
        }
    }
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        let parsed = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
        let Some((name, mut value)) = parsed else {
            let message = format!("the value of header `{name}` holds characters that cannot be sent");
            return Err(Error::new(Kind::Credentials, "market/header", message)
                .help("check the account's key for spaces or line ends that were copied along"));
        };
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    #[test]
    fn orders_and_keys_travel_encrypted_or_stay_on_this_machine() {
        for good in ["https://m.example", "https://m.example/base/v2/", "http://127.0.0.1:4151", "http://[::1]:1"] {
            assert!(Http::new(good).is_ok(), "{good}");
        }
        for bad in
            ["http://m.example", "ftp://m.example", "m.example", "https://u:p@m.example", "https://m.example/?k=1", ""]
        {
            assert_eq!(Http::new(bad).err().map(|e| e.code), Some("market/address"), "{bad}");
        }
    }

    /// Answers one request with these bytes and then, if `endless`, with zeros until the other side hangs up.
    fn serve_once(answer: &'static str, endless: bool) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = vec![0; 4096];
            let length = stream.read(&mut asked).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            while endless && stream.write_all(&[b'0'; 65_536]).is_ok() {}
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        (url, served)
    }

    #[test]
    fn the_address_may_hold_a_path_and_nothing_is_followed() {
        let redirect = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 2\r\n\r\nno";
        let (url, served) = serve_once(redirect, false);
        let request = Request::get("any", &["orders", "A/1"]).unwrap().query("since", "a b&c");
        let Outcome::Answered(answer) = Http::new(&format!("{url}/base/v2/")).unwrap().exchange(&request).unwrap()
        else {
            panic!("no answer");
        };
        assert_eq!((answer.status, answer.body.as_slice()), (302, b"no".as_slice()));
        assert_eq!(answer.header("location"), Some("http://127.0.0.1:9/"));
        let asked = served.join().unwrap();
        assert!(asked.starts_with("GET /base/v2/orders/A%2F1?since=a+b%26c HTTP/1.1"), "{asked}");
    }

    #[test]
    fn an_endless_answer_is_cut_off() {
        let (url, served) = serve_once("HTTP/1.1 200 OK\r\n\r\n", true);
        match Http::new(&url).unwrap().exchange(&Request::get("any", &["api"]).unwrap()).unwrap() {
            Outcome::Lost(lost) => assert!(lost.arrived && lost.why.contains("32 MiB"), "{}", lost.why),
            Outcome::Answered(answer) => panic!("{} bytes", answer.body.len()),
        }
        served.join().unwrap();
    }

    #[test]
    fn nobody_listens_is_not_arrived() {
        // bound and dropped, so that the port is free again
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let http = Http::new(&format!("http://127.0.0.1:{port}")).unwrap();
        let request = Request::get("any", &["api"]).unwrap();
        match http.exchange(&request).unwrap() {
            Outcome::Lost(lost) => assert!(!lost.arrived, "{}", lost.why),
            Outcome::Answered(answer) => panic!("{answer:?}"),
        }
    }
}
