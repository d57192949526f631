//! Places that misbehave: scripted servers on loopback that break off, run full, refuse, or lie about what they have.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use url::Url;

use super::*;
use crate::channel::Compression;
use crate::value::Secret;

const FEED: &str = "<item/><item/><item/>";
const QUICK: Patience = Patience { tries: 3, wait: Duration::from_millis(1) };

fn load() -> Load {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("google.xml");
    std::fs::write(&path, FEED).unwrap();
    Load::open(&path, Compression::None, 0).unwrap()
}

fn destination(url: &str) -> Destination {
    Destination {
        url: Url::parse(url).unwrap(),
        login: Login { user: Some("anna".into()), password: Some(Secret::new("s3cret")), ..Login::default() },
        host_key: None,
        region: None,
        endpoint: None,
        method: Method::Put,
        direct: false,
    }
}

fn send(to: &Destination) -> Result<Proof> {
    deliver(&load(), to, QUICK, &AtomicBool::new(false)).map(|arrived| arrived.proof)
}

type Heard = Arc<Mutex<Vec<String>>>;

/// Listens, and hands each connection to `answer` with its number; what it hears is kept.
fn server(answer: impl Fn(usize, TcpStream, &Heard) + Send + 'static) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let hears = Arc::clone(&heard);
    std::thread::spawn(move || {
        for (at, stream) in listener.incoming().enumerate() {
            let Ok(stream) = stream else { continue };
            answer(at, stream, &hears);
        }
    });
    (port, heard)
}

// ------------------------------------------------------------------------------------------------- HTTP

/// One answer: a status line and headers, or nothing but a closed connection after so many bytes of the request's body.
#[derive(Clone)]
enum Reply {
    Say(&'static str),
    BreakOff,
}
use Reply::{BreakOff, Say};

/// Answers each request with the next of `replies`, the last for ever. Each connection carries one request.
fn web_server(replies: &[Reply]) -> (String, Heard) {
    let replies = replies.to_vec();
    let (port, heard) = server(move |at, mut stream, heard| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let head: Vec<String> = reader.by_ref().lines().map_while(|l| l.ok().filter(|l| !l.is_empty())).collect();
        let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        heard.lock().unwrap().push(head.join("\n"));
        let Say(reply) = replies[at.min(replies.len() - 1)] else { return };
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        stream.write_all(format!("HTTP/1.1 {reply}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    });
    (format!("http://127.0.0.1:{port}/in/"), heard)
}

fn requests(heard: &Heard) -> Vec<String> {
    heard.lock().unwrap().iter().map(|head| head.split(" HTTP").next().unwrap_or_default().to_owned()).collect()
}

const CREATED: Reply = Say("201 Created\r\nContent-Length: 0");
const WHOLE: Reply = Say("200 OK\r\nContent-Length: 21");

#[test]
fn an_upload_that_breaks_off_is_begun_again() {
    let (url, heard) = web_server(&[BreakOff, Say("503 Busy\r\nContent-Length: 0"), CREATED, WHOLE]);
    assert_eq!(send(&destination(&url)).unwrap(), Proof::Size);
    assert_eq!(
        requests(&heard),
        ["PUT /in/google.xml", "PUT /in/google.xml", "PUT /in/google.xml", "HEAD /in/google.xml"]
    );
    let first = heard.lock().unwrap()[0].to_lowercase();
    // anna:s3cret
    for header in ["authorization: basic yw5uytpzm2nyzxq=", "content-type: application/xml", "content-length: 21"] {
        assert!(first.contains(header), "{first}");
    }
}

#[test]
fn a_place_that_stays_away_is_given_up_and_one_that_refuses_is_not_asked_again() {
    for (status, code, kind, tries) in [
        ("503 Busy", "deliver/unavailable", Kind::Unavailable, 3),
        ("429 Slowly", "deliver/unavailable", Kind::Unavailable, 3),
        ("401 Who", "deliver/refused-login", Kind::Credentials, 1),
        ("403 No", "deliver/refused-login", Kind::Credentials, 1),
        ("507 Full", "deliver/refused", Kind::Rejected, 1),
        ("404 Where", "deliver/refused", Kind::Rejected, 1),
        ("308 Elsewhere\r\nLocation: /other", "deliver/refused", Kind::Rejected, 1),
    ] {
        let reply: &'static str = format!("{status}\r\nContent-Length: 0").leak();
        let (url, heard) = web_server(&[Say(reply)]);
        let error = send(&destination(&url)).unwrap_err();
        assert_eq!((error.code, error.kind), (code, kind), "{status}: {error}");
        assert_eq!(requests(&heard).len(), tries, "{status}");
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "ftp"] {
        let error = send(&destination(&format!("{scheme}://{nobody}/"))).unwrap_err();
        assert_eq!(error.code, "deliver/unavailable", "{error}");
    }
}

#[test]
fn a_size_that_is_not_what_was_sent_is_no_delivery() {
    let (url, _) =
        web_server(&[CREATED, Say("200 OK\r\nContent-Length: 9"), CREATED, Say("200 OK\r\nContent-Length: 9")]);
    let error = send(&destination(&url)).unwrap_err();
    assert_eq!(error.code, "deliver/incomplete");
    assert!(error.message.contains("9 bytes of the 21"), "{error}");
    // a server that tells no size is believed
    let (url, _) = web_server(&[CREATED, Say("405 No\r\nContent-Length: 0")]);
    assert_eq!(send(&destination(&url)).unwrap(), Proof::Untold);
    let post = Destination { method: Method::Post, ..destination(&url) };
    assert_eq!(send(&post).unwrap_err().code, "deliver/refused");
}

#[test]
fn webdav_puts_beside_and_moves_only_what_is_whole() {
    let to = |url: &str| Destination { method: Method::Webdav, ..destination(url) };
    let (url, heard) = web_server(&[CREATED, WHOLE, CREATED]);
    assert_eq!(send(&to(&url)).unwrap(), Proof::Size);
    let told = ["PUT /in/google.xml.part", "HEAD /in/google.xml.part", "MOVE /in/google.xml.part"];
    assert_eq!(requests(&heard), told);
    let moved = heard.lock().unwrap()[2].clone();
    assert!(moved.contains(&format!("destination: {url}google.xml")) && moved.contains("overwrite: T"), "{moved}");
    let (url, heard) = web_server(&[CREATED, Say("200 OK\r\nContent-Length: 0")]);
    assert_eq!(send(&to(&url)).unwrap_err().code, "deliver/incomplete");
    assert!(!requests(&heard).iter().any(|request| request.starts_with("MOVE")), "{heard:?}");
    assert!(requests(&heard).iter().any(|request| request.starts_with("DELETE /in/google.xml.part")), "{heard:?}");
}

#[test]
fn a_stop_ends_the_waiting() {
    let (url, heard) = web_server(&[Say("503 Busy\r\nContent-Length: 0")]);
    let long = Patience { tries: 5, wait: Duration::from_secs(600) };
    let error = deliver(&load(), &destination(&url), long, &AtomicBool::new(true)).unwrap_err();
    assert_eq!((error.code, requests(&heard).len()), ("deliver/unavailable", 1));
}

// ------------------------------------------------------------------------------------------------- buckets

#[test]
fn a_bucket_is_told_who_we_are_and_asked_what_it_has() {
    let there = Say("200 OK\r\nContent-Length: 21\r\nETag: \"1\"\r\nLast-Modified: Wed, 25 Nov 2026 08:00:00 GMT");
    for (url, path, sign) in [
        ("s3://bucket/feeds/", "/bucket/feeds/google.xml", "authorization: aws4-hmac-sha256 credential=anna/"),
        ("gs://bucket/feeds/", "/bucket/feeds%2Fgoogle%2Exml", "authorization: bearer t0ken"),
    ] {
        let put = Say("200 OK\r\nContent-Length: 0\r\nETag: \"1\"");
        let (endpoint, heard) = web_server(&[put, there.clone()]);
        let endpoint = Some(Url::parse(&endpoint).unwrap().join("/").unwrap());
        let login = Login { token: url.starts_with("gs").then(|| Secret::new("t0ken")), ..destination(url).login };
        let to = Destination { endpoint, login, region: Some("eu-central-1".into()), ..destination(url) };
        assert_eq!(send(&to).unwrap(), Proof::Size, "{url}");
        assert_eq!(requests(&heard), [format!("PUT {path}"), format!("HEAD {path}")]);
        let head = heard.lock().unwrap()[0].to_lowercase();
        assert!(head.contains(sign) && head.contains("content-type: application/xml"), "{head}");
    }
    for (reply, code) in [("403 Forbidden", "deliver/refused-login"), ("404 Not Found", "deliver/refused")] {
        let reply: &'static str = format!("{reply}\r\nContent-Length: 0").leak();
        let (endpoint, _) = web_server(&[Say(reply)]);
        let endpoint = Some(Url::parse(&endpoint).unwrap().join("/").unwrap());
        let to = Destination { endpoint, region: Some("eu-central-1".into()), ..destination("s3://bucket/") };
        assert_eq!(send(&to).unwrap_err().code, code);
    }
}

#[test]
fn a_bucket_that_has_another_size_was_sent_nothing() {
    let put = Say("200 OK\r\nContent-Length: 0\r\nETag: \"1\"");
    let head = Say("200 OK\r\nContent-Length: 9\r\nETag: \"1\"\r\nLast-Modified: Wed, 25 Nov 2026 08:00:00 GMT");
    let (endpoint, _) = web_server(&[put.clone(), head.clone(), put.clone(), head.clone(), put, head]);
    let endpoint = Some(Url::parse(&endpoint).unwrap().join("/").unwrap());
    let to = Destination { endpoint, region: Some("eu-central-1".into()), ..destination("s3://bucket/") };
    assert_eq!(send(&to).unwrap_err().code, "deliver/incomplete");
}

#[test]
fn parts_of_an_upload_that_fails_are_taken_back() {
    const BEGUN: Reply = Say(
        "200 OK\r\nConnection: close\r\nContent-Length: 91\r\n\r\n<InitiateMultipartUploadResult><UploadId>u-1</UploadId></InitiateMultipartUploadResult>    ",
    );
    let part = Say("200 OK\r\nContent-Length: 0\r\nETag: \"1\"");
    let no = Say("403 No\r\nContent-Length: 0");
    let gone = Say("204 No Content\r\nContent-Length: 0");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("google.xml");
    std::fs::write(&path, vec![b' '; 11 * 1024 * 1024]).unwrap();
    let load = Load::open(&path, Compression::None, 0).unwrap();
    // at its last part, and at its end
    for replies in
        [[BEGUN, part.clone(), no.clone(), gone.clone()].to_vec(), [BEGUN, part.clone(), part, no, gone].to_vec()]
    {
        let (endpoint, heard) = web_server(&replies);
        let endpoint = Some(Url::parse(&endpoint).unwrap().join("/").unwrap());
        let to = Destination { endpoint, region: Some("eu-central-1".into()), ..destination("s3://bucket/") };
        let error = deliver(&load, &to, QUICK, &AtomicBool::new(false)).unwrap_err();
        assert_eq!(error.code, "deliver/refused-login", "{error}");
        let asked = requests(&heard);
        assert_eq!(asked.len(), replies.len(), "{asked:?}");
        assert_eq!(asked.last().unwrap(), "DELETE /bucket/google.xml?uploadId=u-1");
    }
}

// ------------------------------------------------------------------------------------------------- FTP

/// An FTP server that says to some commands what it is told to, and else what a good one says.
fn ftp_server(said: &'static [(&'static str, &'static str)]) -> (String, Heard) {
    let (port, heard) = server(move |_, mut stream, heard| {
        let data = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut say = {
            let mut stream = stream.try_clone().unwrap();
            move |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).unwrap()
        };
        say("220 ready");
        for line in BufReader::new(&mut stream).lines().map_while(std::result::Result::ok) {
            heard.lock().unwrap().push(line.clone());
            let port = data.local_addr().unwrap().port();
            let command = line.split(' ').next().unwrap_or_default();
            let usual = match command {
                "USER" => "331 password?",
                "PASS" => "230 welcome",
                "PASV" => &format!("227 entering passive mode (127,0,0,1,{},{})", port / 256, port % 256),
                "STOR" => "226 stored",
                "SIZE" => "213 21",
                "RNFR" => "350 to what?",
                "QUIT" => "221 bye",
                _ => "200 ok",
            };
            let reply = said.iter().find(|(on, _)| line.starts_with(on)).map_or(usual, |(_, reply)| reply);
            if command == "STOR" {
                say("150 go on");
                let mut body = Vec::new();
                data.accept().unwrap().0.read_to_end(&mut body).unwrap();
                heard.lock().unwrap().push(String::from_utf8(body).unwrap());
            }
            say(reply);
            if command == "QUIT" {
                break;
            }
        }
    });
    (format!("ftp://127.0.0.1:{port}/in/"), heard)
}

#[test]
fn ftp_stores_beside_and_renames_only_what_is_whole() {
    let (url, heard) = ftp_server(&[]);
    assert_eq!(send(&destination(&url)).unwrap(), Proof::Size);
    let heard = heard.lock().unwrap().clone();
    let order = ["USER anna", "PASS s3cret", "TYPE I", "PASV", "STOR /in/google.xml.part", FEED];
    let then = ["SIZE /in/google.xml.part", "RNFR /in/google.xml.part", "RNTO /in/google.xml", "QUIT"];
    assert_eq!(heard, [&order[..], &then].concat());
}

#[test]
fn what_an_ftp_server_says_decides() {
    for (said, code, renamed) in [
        (&[("PASS", "530 no")][..], "deliver/refused-login", false),
        (&[("STOR", "552 disk full")], "deliver/refused", false),
        (&[("STOR", "452 disk full, later perhaps")], "deliver/unavailable", false),
        (&[("STOR", "553 no such folder")], "deliver/refused", false),
        (&[("SIZE", "213 7")], "deliver/incomplete", false),
        (&[("RNTO", "553 not allowed")], "deliver/refused", true),
    ] {
        let (url, heard) = ftp_server(said);
        let error = send(&destination(&url)).unwrap_err();
        assert_eq!(error.code, code, "{said:?}: {error}");
        let heard = heard.lock().unwrap();
        assert_eq!(heard.iter().any(|line| line.starts_with("RNTO")), renamed, "{said:?}: {heard:?}");
        let left = heard.iter().any(|line| line.starts_with("STOR")) && !heard.iter().any(|l| l.starts_with("DELE"));
        assert!(!left, "{said:?} leaves half a feed there: {heard:?}");
    }
    // a server without SIZE is believed; where renaming is not allowed, the merchant says so
    let (url, heard) = ftp_server(&[("SIZE", "502 what?"), ("RNFR", "502 what?")]);
    let direct = Destination { direct: true, ..destination(&url) };
    assert_eq!(send(&direct).unwrap(), Proof::Untold);
    assert!(heard.lock().unwrap().iter().any(|line| line == "STOR /in/google.xml"));
}

// ------------------------------------------------------------------------------------------------- this machine

#[test]
fn a_folder_of_this_machine_gets_the_feed_whole() {
    let folder = tempfile::tempdir().unwrap();
    let url = Url::from_directory_path(folder.path().join("web")).unwrap();
    let to = Destination { url, ..destination("file:///") };
    for _ in 0..2 {
        assert_eq!(send(&to).unwrap(), Proof::Bytes);
        assert_eq!(std::fs::read_to_string(folder.path().join("web/google.xml")).unwrap(), FEED);
    }
    // nothing can be written there, whoever we are
    let url = Url::from_directory_path("/proc/self").unwrap();
    assert_eq!(send(&Destination { url, ..to }).unwrap_err().kind, Kind::Io);
}
