//! Delivery to real servers: OpenSSH, an FTP server, nginx, a server that speaks S3. They are started here, each on a port
//! of its own; one that is not installed is named and passed over. `.ci/run` installs them.
#![cfg(unix)]

mod carried;
mod servers;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use purvey::channel::Compression;
use purvey::deliver::{Destination, Document, Login, Method, Patience, Proof, deliver};
use purvey::diagnostic::{Error, Kind};
use purvey::value::Secret;
use servers::{PASSWORD, Server, USER};
use url::Url;

/// More than one part of an upload in parts, and more than any buffer.
const LARGE: usize = 12 * 1024 * 1024;

fn document(bytes: usize) -> Document {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("google.xml");
    let text: String = (0..bytes / 16).map(|n| format!("<i>{n:09}</i>")).collect();
    fs::write(&path, text).unwrap();
    Document::open(&path, Compression::None).unwrap()
}

fn destination(url: &str) -> Destination {
    Destination {
        url: Url::parse(url).unwrap(),
        login: Login { user: Some(USER.into()), password: Some(Secret::new(PASSWORD)), ..Login::default() },
        host_key: None,
        region: None,
        endpoint: None,
        method: Method::Put,
        direct: false,
    }
}

fn send(document: &Document, to: &Destination) -> Result<Proof, Error> {
    let patience = Patience { tries: 2, wait: Duration::from_millis(10) };
    deliver(document, to, patience, &AtomicBool::new(false))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What every server with folders has to do: take a large feed whole, put it in the place of an old one, leave nothing
/// else there, and leave the old one there when it refuses.
fn takes_and_replaces(server: &Server, to: &Destination) {
    let folder = server.folder("in");
    for bytes in [LARGE, 1024] {
        assert_eq!(send(&document(bytes), to).unwrap(), Proof::Size, "{}", server.said());
        assert_eq!(fs::metadata(folder.join("google.xml")).unwrap().len(), bytes as u64);
        assert_eq!(names(&folder), ["google.xml"]);
    }
    let nowhere = Destination { url: to.url.join("no-such-folder/").unwrap(), ..to.clone() };
    let error = send(&document(1024), &nowhere).unwrap_err();
    // nginx calls a folder that is not there a fault of its own
    assert!(matches!(error.kind, Kind::Rejected | Kind::Unavailable), "{error}: {}", server.said());
    assert_eq!(names(&folder), ["google.xml"]);
}

/// Where files may not grow past a limit, as on a full disk, the old feed stays and half of the new one does not.
fn keeps_the_old_one_when_there_is_no_room(server: &Server, to: &Destination) {
    let folder = server.folder("in");
    assert_eq!(send(&document(1024), to).unwrap(), Proof::Size, "{}", server.said());
    let error = send(&document(servers::ROOM as usize * 4), to).unwrap_err();
    assert!(matches!(error.kind, Kind::Rejected | Kind::Unavailable), "{error}: {}", server.said());
    assert_eq!(fs::metadata(folder.join("google.xml")).unwrap().len(), 1024);
}

fn sftp(server: &Server) -> Destination {
    let folder = server.folder("in");
    let url = format!("sftp://{}@127.0.0.1:{}{}/", servers::own_name(), server.port, folder.display());
    let key = fs::read_to_string(server.path("id")).unwrap();
    Destination {
        login: Login { key: Some(Secret::new(key)), ..Login::default() },
        host_key: Some(fs::read_to_string(server.path("host_key.pub")).unwrap()),
        ..destination(&url)
    }
}

#[test]
fn openssh() {
    let Some(server) = Server::sshd(None) else { return };
    let to = sftp(&server);
    takes_and_replaces(&server, &to);

    let other = fs::read_to_string(server.path("id.pub")).unwrap();
    let error = send(&document(1024), &Destination { host_key: Some(other), ..to.clone() }).unwrap_err();
    assert_eq!((error.code, error.kind), ("deliver/unknown-host", Kind::Credentials), "{error}");
    let error = send(&document(1024), &Destination { host_key: None, ..to.clone() }).unwrap_err();
    assert_eq!((error.code, error.kind), ("deliver/unknown-host", Kind::Credentials), "{error}");

    let key = Some(Secret::new(fs::read_to_string(server.path("other")).unwrap()));
    let stranger = Destination { login: Login { key, ..Login::default() }, ..to };
    let error = send(&document(1024), &stranger).unwrap_err();
    assert_eq!((error.code, error.kind), ("deliver/refused-login", Kind::Credentials), "{error}");
}

#[test]
fn openssh_without_room() {
    let Some(server) = Server::sshd(Some(servers::ROOM)) else { return };
    keeps_the_old_one_when_there_is_no_room(&server, &sftp(&server));
}

#[test]
fn an_ftp_server() {
    let Some(server) = Server::ftp(false, None) else { return };
    let to = destination(&format!("ftp://127.0.0.1:{}/in/", server.port));
    takes_and_replaces(&server, &to);
    let login = Login { password: Some(Secret::new("wrong")), ..to.login.clone() };
    let error = send(&document(1024), &Destination { login, ..to }).unwrap_err();
    assert_eq!(error.kind, Kind::Credentials, "{error}");
}

#[test]
fn an_ftp_server_without_room() {
    let Some(server) = Server::ftp(false, Some(servers::ROOM)) else { return };
    let to = destination(&format!("ftp://127.0.0.1:{}/in/", server.port));
    keeps_the_old_one_when_there_is_no_room(&server, &to);
}

#[test]
fn nginx_by_webdav_and_put() {
    let Some(server) = Server::nginx() else { return };
    let to = destination(&format!("http://127.0.0.1:{}/in/", server.port));
    let webdav = Destination { method: Method::Webdav, ..to.clone() };
    takes_and_replaces(&server, &webdav);
    assert_eq!(send(&document(LARGE), &to).unwrap(), Proof::Size, "{}", server.said());
    let login = Login { password: Some(Secret::new("wrong")), ..to.login.clone() };
    for method in [Method::Put, Method::Webdav] {
        let error = send(&document(1024), &Destination { login: login.clone(), method, ..to.clone() }).unwrap_err();
        assert_eq!(error.kind, Kind::Credentials, "{error}");
    }
}

#[test]
fn a_server_that_speaks_s3() {
    let Some(server) = Server::s3() else { return };
    server.asked("PUT", "/feeds");
    let endpoint = Some(Url::parse(&format!("http://127.0.0.1:{}", server.port)).unwrap());
    let to = Destination { endpoint, region: Some("us-east-1".into()), ..destination("s3://feeds/in/") };
    for bytes in [LARGE, 1024] {
        assert_eq!(send(&document(bytes), &to).unwrap(), Proof::Size, "{}", server.said());
        let answer = server.asked("HEAD", "/feeds/in/google.xml").to_lowercase();
        assert!(answer.contains(&format!("content-length: {bytes}\r\n")), "{answer}");
    }
    let elsewhere = Destination { url: Url::parse("s3://no-such-bucket/").unwrap(), ..to };
    assert_eq!(send(&document(1024), &elsewhere).unwrap_err().kind, Kind::Rejected);
}

/// The rest needs an environment of its own, so the binary does it.
fn pushes(target: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let shop = tempfile::tempdir().unwrap();
    let purvey = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_purvey"));
        command.current_dir(shop.path()).env_clear().envs(environment.iter().copied()).args(arguments);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let config = format!(
        "[shop]\nname = \"Stage\"\ncurrency = \"EUR\"\ncountry = \"DE\"\nsite = \"https://stage.example\"\n\
         [channel.google]\nto = \"box\"\n[target.box]\n{target}"
    );
    fs::write(shop.path().join("purvey.toml"), config).unwrap();
    let products = "Handle,Title,Body (HTML),Vendor,Variant SKU,Variant Price,Google Shopping / MPN,Image Src,Status\n\
                    lamp,Lamp,<p>It shines.</p>,Stage,LAMP,10.50,M-1,https://stage.example/1.jpg,active\n";
    fs::write(shop.path().join("products.csv"), products).unwrap();
    for arguments in [&["init"][..], &["import", "products.csv"], &["feed", "build"]] {
        let (code, said) = purvey(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
    }
    purvey(&["feed", "push"])
}

#[test]
fn ftp_over_tls_and_whom_it_trusts() {
    let Some(server) = Server::ftp(true, None) else { return };
    let target = format!("url = \"ftps://localhost:{}/in/\"\nuser = \"{USER}\"\npassword = \"env:BOX\"\n", server.port);
    let authority = server.path("ca.pem").display().to_string();
    let (code, said) = pushes(&target, &[("BOX", PASSWORD), ("SSL_CERT_FILE", &authority)]);
    assert_eq!(code, Some(0), "{said} {}", server.said());
    assert_eq!(names(&server.folder("in")), ["google.xml"]);
    let nobody = server.path("nobody.pem");
    fs::copy(server.path("other-ca.pem"), &nobody).unwrap();
    let (code, said) = pushes(&target, &[("BOX", PASSWORD), ("SSL_CERT_FILE", &nobody.display().to_string())]);
    assert_eq!(code, Some(69), "{said}");
    let plain = target.replace("ftps:", "ftp:");
    let (code, said) = pushes(&plain, &[("BOX", PASSWORD)]);
    assert_ne!(code, Some(0), "{said}: the server wants TLS");
}

/// `ssh` asks for a password as it does, and OpenSSH's own `sftp-server` is behind it; what is not there is the network.
#[test]
fn sftp_with_a_password() {
    let Some((server, folder)) = servers::ssh_that_asks() else { return };
    let target = format!(
        "url = \"sftp://h.example{}/in/\"\nuser = \"{USER}\"\npassword = \"env:BOX\"\n",
        folder.path().display()
    );
    let path = format!("{}:/usr/bin:/bin", server.display());
    let (code, said) = pushes(&target, &[("BOX", PASSWORD), ("PATH", &path)]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(names(&folder.path().join("in")), ["google.xml"]);
    let (code, said) = pushes(&target, &[("BOX", "wrong"), ("PATH", &path)]);
    assert_eq!(code, Some(77), "{said}");
    assert!(!said.contains("wrong"), "{said}");
    let (code, said) = pushes(&target, &[("BOX", PASSWORD), ("PATH", "/nowhere")]);
    assert_eq!(code, Some(2), "{said}");
}
