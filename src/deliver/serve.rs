//! Finished feeds for channels that fetch. Nothing is built while somebody waits: what is served is what lies in a folder.
use std::fs::Metadata;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    AUTHORIZATION, CONTENT_ENCODING, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::services::ServeDir;

use crate::diagnostic::{Error, Kind, Result};
use crate::value::Secret;
use crate::web;

/// How long downloads that have begun may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// Smaller answers are sent as they are.
const PACKED_BYTES_MIN: u16 = 1024;

#[derive(Debug, Clone)]
pub struct Serving {
    pub address: SocketAddr,
    /// Everything in it may be fetched but files whose names begin with a dot.
    pub folder: PathBuf,
    /// What a fetcher has to show: as a bearer token, as the password of any user, or as `?token=`.
    pub token: Option<Secret>,
}

/// Serves until `stop` is over. `ready` gets the address once it is open.
///
/// # Errors
/// `serve/address` when the address is in use or refused by the system.
pub fn serve(serving: Serving, ready: impl FnOnce(SocketAddr), stop: impl Future<Output = ()>) -> Result<()> {
    let address = serving.address;
    let cannot = |e: std::io::Error| {
        let kind = if e.kind() == std::io::ErrorKind::AddrInUse { Kind::Busy } else { Kind::Io };
        Error::new(kind, "serve/address", format!("cannot listen on {address}: {e}"))
            .help("choose another address with --listen; port 0 is any free one")
            .source(e)
    };
    let listener = TcpListener::bind(address).map_err(cannot)?;
    listener.set_nonblocking(true).map_err(cannot)?;
    let open = listener.local_addr().map_err(cannot)?;
    web::runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(cannot)?;
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let server = axum::serve(listener, routes(serving)).with_graceful_shutdown(async { drop(ended.await) });
        let server = tokio::spawn(server.into_future());
        ready(open);
        stop.await;
        drop(end);
        // who still downloads after that is cut off
        let _ = tokio::time::timeout(GRACE, server).await;
        Ok(())
    })
}

fn routes(serving: Serving) -> Router {
    let packs = SizeAbove::new(PACKED_BYTES_MIN).and(NotForContentType::new("application/gzip"));
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(packs);
    Router::new()
        .fallback(feed)
        .with_state(Arc::new(serving))
        .layer(compression)
        // packed on their way, the bytes are others each time: equal only in what they say
        .layer(map_response(|mut response: Response| async {
            if response.headers().contains_key(CONTENT_ENCODING)
                && let Some(etag) = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok())
                && let Ok(weak) = HeaderValue::from_str(&format!("W/{etag}"))
            {
                response.headers_mut().insert(ETAG, weak);
            }
            response
        }))
}

async fn feed(State(serving): State<Arc<Serving>>, mut request: Request<Body>) -> Response {
    if serving.token.as_ref().is_some_and(|token| !shows(&request, token)) {
        let ask = [(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"feeds\""))];
        return (StatusCode::UNAUTHORIZED, ask).into_response();
    }
    let Some(found) = find(&serving.folder, request.uri().path()).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = etag(&found);
    if let Some(known) = text(request.headers(), IF_NONE_MATCH) {
        let is_known = known.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag);
        // the better of two conditions decides alone
        request.headers_mut().remove(IF_MODIFIED_SINCE);
        if is_known {
            return (StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response();
        }
    }
    // a piece of another edition than the fetcher has would spoil both
    if text(request.headers(), IF_RANGE).is_some_and(|condition| condition != etag) {
        request.headers_mut().remove(RANGE);
    }
    let mut folder = ServeDir::new(&serving.folder).append_index_html_on_directories(false);
    match folder.try_call(request).await {
        Ok(response) => {
            let mut response = response.map(Body::new);
            if let Ok(etag) = HeaderValue::from_str(&etag) {
                response.headers_mut().insert(ETAG, etag);
            }
            response
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The file that a path of an address means: in the folder, wherever links and dots would lead.
async fn find(folder: &Path, path: &str) -> Option<Metadata> {
    let path = percent_decode_str(path.trim_start_matches('/')).decode_utf8().ok()?;
    if path.is_empty() || path.split('/').any(|part| part.starts_with('.')) {
        return None;
    }
    let folder = tokio::fs::canonicalize(folder).await.ok()?;
    let file = tokio::fs::canonicalize(folder.join(&*path)).await.ok()?;
    let found = tokio::fs::metadata(&file).await.ok()?;
    Some(found).filter(|found| found.is_file() && file.starts_with(&folder))
}

/// A feed is put in place by renaming, which changes its time.
fn etag(file: &Metadata) -> String {
    let changed = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("\"{:x}-{:x}\"", file.len(), changed.as_nanos())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn shows(request: &Request<Body>, token: &Secret) -> bool {
    let authorization = text(request.headers(), AUTHORIZATION).unwrap_or_default();
    let basic = authorization.strip_prefix("Basic ").and_then(|basic| BASE64_STANDARD.decode(basic.trim()).ok());
    let password = basic.as_deref().and_then(|pair| pair.splitn(2, |byte| *byte == b':').nth(1));
    let bearer = authorization.strip_prefix("Bearer ").map(|bearer| bearer.trim().as_bytes());
    let query = request.uri().query().unwrap_or_default();
    let queried = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
    let queried = queried.as_ref().map(|(_, value)| value.as_bytes());
    [password, bearer, queried].into_iter().flatten().any(|shown| is_same(shown, token.reveal().as_bytes()))
}

/// Takes as long for a wrong guess whose beginning is right as for any other.
fn is_same(shown: &[u8], token: &[u8]) -> bool {
    shown.len() == token.len() && shown.iter().zip(token).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use reqwest::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE};
    use reqwest::{Method, Response as Answer};

    use super::*;

    /// Asks a server of its own for one path after another.
    struct Asker {
        folder: tempfile::TempDir,
        token: Option<&'static str>,
    }

    impl Asker {
        fn new(token: Option<&'static str>) -> Asker {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("out")).unwrap();
            std::fs::write(folder.path().join("shop.db"), "secret").unwrap();
            std::fs::write(folder.path().join("out/google.xml"), "<item/>".repeat(1000)).unwrap();
            std::fs::write(folder.path().join("out/.purvey-x.tmp"), "half").unwrap();
            Asker { folder, token }
        }

        fn ask(&self, path: &str, headers: &[(HeaderName, &str)]) -> Answer {
            self.asked(Method::GET, path, headers).0
        }

        /// The answer and its body.
        fn asked(&self, method: Method, path: &str, headers: &[(HeaderName, &str)]) -> (Answer, Vec<u8>) {
            let serving = Serving {
                address: ([127, 0, 0, 1], 0).into(),
                folder: self.folder.path().join("out"),
                token: self.token.map(Secret::new),
            };
            let (open, opened) = std::sync::mpsc::channel();
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            let server = std::thread::spawn(move || {
                serve(serving, |address| open.send(address).unwrap(), async { drop(stopped.await) }).unwrap();
            });
            let client = web::made(web::client(true).no_gzip()).unwrap();
            let mut request = client.request(method, format!("http://{}{path}", opened.recv().unwrap()));
            for (name, value) in headers {
                request = request.header(name, *value);
            }
            let answered = web::runtime().unwrap().block_on(async {
                let mut answer = request.send().await.unwrap();
                let mut body = Vec::new();
                while let Some(chunk) = answer.chunk().await.unwrap() {
                    body.extend_from_slice(&chunk);
                }
                (answer, body)
            });
            drop(client);
            drop(stop);
            server.join().unwrap();
            answered
        }
    }

    #[test]
    fn a_feed_is_sent_once_and_then_only_when_it_changed() {
        let asker = Asker::new(None);
        let (answer, body) = asker.asked(Method::GET, "/google.xml", &[]);
        assert_eq!((answer.status(), body.len()), (StatusCode::OK, 7000));
        let etag = answer.headers()[ETAG].to_str().unwrap().to_owned();
        let date = answer.headers()["last-modified"].to_str().unwrap().to_owned();
        for header in [(IF_NONE_MATCH, &*format!("W/{etag}")), (IF_NONE_MATCH, "*"), (IF_MODIFIED_SINCE, &date)] {
            assert_eq!(asker.ask("/google.xml", &[header]).status(), StatusCode::NOT_MODIFIED);
        }
        let both = [(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, &*date)];
        assert_eq!(asker.ask("/google.xml", &both).status(), StatusCode::OK);
        std::fs::write(asker.folder.path().join("out/google.xml"), "<item/>").unwrap();
        assert_eq!(asker.ask("/google.xml", &[(IF_NONE_MATCH, &etag)]).status(), StatusCode::OK);
    }

    #[test]
    fn a_piece_is_a_piece_of_the_edition_asked_for() {
        let asker = Asker::new(None);
        let (answer, body) = asker.asked(Method::GET, "/google.xml", &[(RANGE, "bytes=7-20")]);
        assert_eq!((answer.status(), &*body), (StatusCode::PARTIAL_CONTENT, &b"<item/><item/>"[..]));
        assert_eq!(answer.headers()[CONTENT_RANGE], "bytes 7-20/7000");
        let etag = answer.headers()[ETAG].to_str().unwrap();
        let range = (RANGE, "bytes=0-1");
        assert_eq!(asker.ask("/google.xml", &[range.clone(), (IF_RANGE, etag)]).status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(asker.ask("/google.xml", &[range, (IF_RANGE, "\"old\"")]).status(), StatusCode::OK);
    }

    #[test]
    fn who_takes_gzip_gets_it_and_head_gets_no_body() {
        let asker = Asker::new(None);
        let (answer, body) = asker.asked(Method::GET, "/google.xml", &[(ACCEPT_ENCODING, "gzip")]);
        assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip");
        assert!(answer.headers()[ETAG].to_str().unwrap().starts_with("W/"), "{answer:?}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*body).read_to_string(&mut text).unwrap();
        assert_eq!(text.len(), 7000);
        let (answer, body) = asker.asked(Method::HEAD, "/google.xml", &[]);
        assert_eq!((answer.headers()[CONTENT_LENGTH].to_str().unwrap(), body.len()), ("7000", 0));
        assert_eq!(asker.asked(Method::PUT, "/google.xml", &[]).0.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[test]
    fn nothing_but_finished_feeds_can_be_reached() {
        let asker = Asker::new(None);
        let paths =
            ["/", "/../shop.db", "/%2e%2e/shop.db", "/..%2fshop.db", "//shop.db", "/.purvey-x.tmp", "/no.xml", "/%ff"];
        for path in paths {
            assert_eq!(asker.ask(path, &[]).status(), StatusCode::NOT_FOUND, "{path}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../shop.db", asker.folder.path().join("out/link")).unwrap();
            assert_eq!(asker.ask("/link", &[]).status(), StatusCode::NOT_FOUND);
        }
    }

    #[test]
    fn a_token_is_wanted_however_it_is_shown() {
        let asker = Asker::new(Some("s3cret"));
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        for (path, shown, status) in [
            ("/google.xml", None, 401),
            ("/no.xml", None, 401),
            ("/google.xml?token=s3cre", None, 401),
            ("/google.xml?token=s3cret", None, 200),
            ("/google.xml", Some("Bearer s3cret".to_owned()), 200),
            ("/google.xml", Some(basic("google:s3cret")), 200),
            ("/google.xml", Some(basic("s3cret:")), 401),
        ] {
            let headers: Vec<_> = shown.iter().map(|shown| (AUTHORIZATION, shown.as_str())).collect();
            assert_eq!(asker.ask(path, &headers).status().as_u16(), status, "{path} {shown:?}");
        }
    }
}
