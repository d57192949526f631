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
use purvey::deliver::{Destination, Load, Login, Method, Patience, Proof, deliver};
use purvey::diagnostic::{Error, Kind};
use purvey::value::Secret;
use servers::{PASSWORD, Server, Stall, USER};
use url::Url;

/// More than one part of an upload in parts, and more than any buffer.
const LARGE: usize = 12 * 1024 * 1024;

fn document(bytes: usize) -> Load {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("google.xml");
    let text: String = (0..bytes / 16).map(|n| format!("<i>{n:09}</i>")).collect();
    fs::write(&path, text).unwrap();
    Load::open(&path, Compression::None, 0).unwrap()
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

fn send(load: &Load, to: &Destination) -> Result<Proof, Error> {
    let patience = Patience { tries: 2, wait: Duration::from_millis(10) };
    let arrived = deliver(load, to, patience, &AtomicBool::new(false))?;
    assert_eq!(arrived.left, [""; 0]);
    Ok(arrived.proof)
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

/// A feed of several files: all are there, and what an earlier, larger one left is not.
fn takes_several(server: &Server, to: &Destination) {
    let folder = server.folder("in");
    assert_eq!(send(&split(3, 0), to).unwrap(), Proof::Size, "{}", server.said());
    assert_eq!(names(&folder), ["google-1.xml", "google-2.xml", "google-3.xml"]);
    assert_eq!(send(&split(2, 3), to).unwrap(), Proof::Size, "{}", server.said());
    assert_eq!(names(&folder), ["google-1.xml", "google-2.xml"]);
    let error = send(&split(2, 0), &Destination { url: to.url.join("no-such-folder/").unwrap(), ..to.clone() });
    assert!(matches!(error.unwrap_err().kind, Kind::Rejected | Kind::Unavailable), "{}", server.said());
    for name in names(&folder) {
        fs::remove_file(folder.join(name)).unwrap();
    }
}

/// So many files, of which so many were there before.
fn split(files: usize, before: u64) -> Load {
    let folder = tempfile::tempdir().unwrap();
    for n in 1..=files {
        fs::write(folder.path().join(format!("google-{n}.xml")), format!("<i>{n}</i>")).unwrap();
    }
    Load::open(&folder.path().join("google-{n}.xml"), Compression::None, before).unwrap()
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
    takes_several(&server, &to);
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
    takes_several(&server, &to);
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
    let Some(server) = Server::nginx(None) else { return };
    let to = destination(&format!("http://127.0.0.1:{}/in/", server.port));
    let webdav = Destination { method: Method::Webdav, ..to.clone() };
    takes_several(&server, &to);
    takes_several(&server, &webdav);
    takes_and_replaces(&server, &webdav);
    assert_eq!(send(&document(LARGE), &to).unwrap(), Proof::Size, "{}", server.said());
    let login = Login { password: Some(Secret::new("wrong")), ..to.login.clone() };
    for method in [Method::Put, Method::Webdav] {
        let error = send(&document(1024), &Destination { login: login.clone(), method, ..to.clone() }).unwrap_err();
        assert_eq!(error.kind, Kind::Credentials, "{error}");
    }
}

#[test]
fn nginx_without_room() {
    let Some(server) = Server::nginx(Some(servers::ROOM)) else { return };
    let to = destination(&format!("http://127.0.0.1:{}/in/", server.port));
    keeps_the_old_one_when_there_is_no_room(&server, &Destination { method: Method::Webdav, ..to });
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
    assert_eq!(send(&split(3, 0), &to).unwrap(), Proof::Size, "{}", server.said());
    assert_eq!(send(&split(2, 3), &to).unwrap(), Proof::Size, "{}", server.said());
    let is_there = |name: &str| server.asked("HEAD", &format!("/feeds/in/{name}")).starts_with("HTTP/1.1 200");
    assert_eq!(["google-1.xml", "google-2.xml", "google-3.xml"].map(is_there), [true, true, false]);
    let elsewhere = Destination { url: Url::parse("s3://no-such-bucket/").unwrap(), ..to };
    assert_eq!(send(&document(1024), &elsewhere).unwrap_err().kind, Kind::Rejected);
}

/// The rest needs an environment or a process of its own, so the binary does it.
struct Shop {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Shop {
    /// Whose Google feed of so many products goes to `target`.
    fn new(target: &str, environment: &[(&str, &str)], products: usize) -> Shop {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let shop = Shop { folder: tempfile::tempdir().unwrap(), environment: environment.collect() };
        let config = format!(
            "[shop]\nname = \"Stage\"\ncurrency = \"EUR\"\ncountry = \"DE\"\nsite = \"https://stage.example\"\n\
             [channel.google]\nto = \"box\"\n[target.box]\n{target}"
        );
        fs::write(shop.path("purvey.toml"), config).unwrap();
        shop.does(&["init"]);
        shop.builds(products, "10.50");
        shop
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn builds(&self, products: usize, price: &str) {
        let head = "Handle,Title,Body (HTML),Vendor,Variant SKU,Variant Price,Google Shopping / MPN,Image Src,Status\n";
        let row = |n| {
            format!(
                "lamp-{n},Lamp {n},<p>It shines.</p>,Stage,LAMP-{n},{price},M-{n},https://stage.example/{n}.jpg,active\n"
            )
        };
        fs::write(self.path("products.csv"), head.to_owned() + &(0..products).map(row).collect::<String>()).unwrap();
        self.does(&["import", "products.csv"]);
        self.does(&["feed", "build"]);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_purvey"));
        command.current_dir(self.folder.path()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn does(&self, arguments: &[&str]) {
        let (code, said) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
    }
}

fn pushes(target: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    Shop::new(target, environment, 1).run(&["feed", "push"])
}

/// A push that is killed in the middle leaves the old feed there, and the next one makes up for it. `begin` is called
/// before the push that will not end, `middle` waits until it is in its middle, and `end` lets everything through again.
fn survives_a_kill(server: &Server, shop: &Shop, begin: impl Fn(), middle: impl Fn(), end: impl Fn()) {
    let there = || fs::read(server.folder("in").join("google.xml")).unwrap();
    shop.does(&["feed", "push"]);
    let old = there();
    shop.builds(150, "11.50");
    begin();
    let mut child = shop.command(&["feed", "push"]).spawn().unwrap();
    middle();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(there(), old);
    end();
    shop.does(&["feed", "push"]);
    assert_eq!(there(), fs::read(shop.path("out/google.xml")).unwrap());
    assert_eq!(names(&server.folder("in")), ["google.xml"]);
}

/// The same where a stall before the server stops it in its middle.
fn survives_a_kill_at_a_stall(server: &Server, target: impl Fn(u16) -> String, environment: &[(&str, &str)]) {
    let stall = Stall::before(server.port);
    let shop = Shop::new(&target(stall.port), environment, 150);
    survives_a_kill(server, &shop, || stall.after(64 * 1024), || stall.wait(), || stall.open());
}

#[test]
fn a_folder_of_this_machine_without_room() {
    let shop = Shop::new("url = \"web/\"\n", &[], 150);
    shop.does(&["feed", "push"]);
    let there = || fs::read(shop.path("web/google.xml")).unwrap();
    let old = there();
    shop.builds(150, "11.50");
    let push = shop.command(&["feed", "push"]);
    // blocks of 512 bytes: less than the feed, and more than the catalog has to write down
    let limited = "trap '' XFSZ; ulimit -f 128; exec \"$@\"";
    let output = Command::new("sh")
        .args(["-c", limited, "sh"])
        .arg(push.get_program())
        .args(push.get_args())
        .current_dir(shop.path("."))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(74), "{output:?}");
    assert_eq!((there(), names(&shop.path("web"))), (old, vec!["google.xml".to_owned()]));
    shop.does(&["feed", "push"]);
    assert_eq!(there(), fs::read(shop.path("out/google.xml")).unwrap());
}

#[test]
fn a_push_over_sftp_that_is_killed_is_made_up_for() {
    let Some(server) = Server::sshd(None) else { return };
    let target = |port| {
        format!(
            "url = \"sftp://{}@127.0.0.1:{port}{}/\"\nkey = \"file:{}\"\nhost_key = \"{}\"\n",
            servers::own_name(),
            server.folder("in").display(),
            server.path("id").display(),
            fs::read_to_string(server.path("host_key.pub")).unwrap().trim(),
        )
    };
    survives_a_kill_at_a_stall(&server, target, &[("PATH", "/usr/bin:/bin")]);
}

#[test]
fn a_push_to_a_web_server_that_is_killed_is_made_up_for() {
    let Some(server) = Server::nginx(None) else { return };
    for method in ["put", "webdav"] {
        let target = |port| {
            format!(
                "url = \"http://127.0.0.1:{port}/in/\"\nmethod = \"{method}\"\nuser = \"{USER}\"\npassword = \"env:BOX\"\n"
            )
        };
        survives_a_kill_at_a_stall(&server, target, &[("BOX", PASSWORD)]);
    }
}

#[test]
fn a_push_over_ftp_that_is_killed_is_made_up_for() {
    let Some(server) = Server::slow_ftp() else { return };
    let target = format!("url = \"ftp://127.0.0.1:{}/in/\"\nuser = \"{USER}\"\npassword = \"env:BOX\"\n", server.port);
    let shop = Shop::new(&target, &[("BOX", PASSWORD)], 150);
    let part = server.folder("in").join("google.xml.part");
    let middle = || {
        let since = std::time::Instant::now();
        while fs::metadata(&part).map_or(0, |part| part.len()) == 0 {
            assert!(since.elapsed() < Duration::from_secs(60), "{}", server.said());
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    survives_a_kill(&server, &shop, || {}, middle, || {});
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
