//! Servers as they are installed, each in a folder of its own, on a port of 127.0.0.1, ended when dropped.
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

pub const USER: &str = "anna";
pub const PASSWORD: &str = "s3cret pass";
/// Bytes a file may have on a server without room.
pub const ROOM: u64 = 64 * 1024;
const STARTS_WITHIN: Duration = Duration::from_secs(60);

pub struct Server {
    pub port: u16,
    folder: tempfile::TempDir,
    child: Child,
}

/// Says loudly what is not tried.
fn skipped(what: &str) {
    eprintln!("\nskipped: {what} is not installed, nothing was delivered to it; .ci/run installs it\n");
}

fn program(names: &[&'static str]) -> Option<&'static str> {
    names.iter().find(|name| Path::new(name).exists()).copied()
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
}

pub fn own_name() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The first Python that has the module.
fn python(module: &str) -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        let import = Command::new(python).args(["-c", &format!("import {module}")]).output();
        import.is_ok_and(|output| output.status.success())
    })
}

impl Server {
    /// Starts what `command` makes of a folder and a port, and waits until it answers there.
    fn start(room: Option<u64>, command: impl Fn(&Path, u16) -> Vec<String>) -> Server {
        for _ in 0..3 {
            let folder = tempfile::Builder::new().prefix("delivery-").tempdir().unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            fs::create_dir(folder.path().join("in")).unwrap();
            // free now; should somebody else take it before the server does, the server ends and another is tried
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let said = fs::File::create(folder.path().join("said")).unwrap();
            let words = command(folder.path(), port);
            // blocks of 512 bytes
            let limit = room.map_or("unlimited".to_owned(), |bytes| (bytes / 512).to_string());
            let child = Command::new("sh")
                .args(["-c", &format!("ulimit -f {limit}; exec \"$@\""), "sh"])
                .args(&words)
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(said.try_clone().unwrap())
                .stderr(said)
                .spawn()
                .unwrap();
            let mut server = Server { port, folder, child };
            let since = Instant::now();
            while since.elapsed() < STARTS_WITHIN && server.child.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return server;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            eprintln!("a server did not start: {words:?}: {}", server.said());
        }
        panic!("a server that is installed does not start");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.path(name)
    }

    /// What it wrote, for the one who has to find out why a test failed.
    pub fn said(&self) -> String {
        fs::read_to_string(self.path("said")).unwrap_or_default()
    }

    /// Asks it something by HTTP, as somebody it need not know; gives the answer.
    pub fn asked(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let host = format!("127.0.0.1:{}", self.port);
        let signed =
            "AWS4-HMAC-SHA256 Credential=anna/20261125/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let head = format!("Host: {host}\r\nAuthorization: {signed}\r\nContent-Length: 0\r\nConnection: close");
        let request = format!("{method} {path} HTTP/1.1\r\n{head}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn sshd(room: Option<u64>) -> Option<Server> {
        let Some(sshd) = program(&["/usr/sbin/sshd"]) else {
            skipped("OpenSSH's server");
            return None;
        };
        // where root starts it, it locks itself up in there before anybody is let in
        let _ = fs::create_dir_all("/run/sshd");
        Some(Server::start(room, |folder, port| {
            for key in ["host_key", "id", "other"] {
                let file = folder.join(key).display().to_string();
                run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "delivery", "-f", &file]);
            }
            fs::copy(folder.join("id.pub"), folder.join("authorized_keys")).unwrap();
            let in_folder = |name: &str| folder.join(name).display().to_string();
            let config = format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
                 PidFile none\nPermitRootLogin yes\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n",
                in_folder("host_key"),
                in_folder("authorized_keys"),
            );
            fs::write(folder.join("sshd_config"), config).unwrap();
            vec![sshd.to_owned(), "-D".to_owned(), "-e".to_owned(), "-f".to_owned(), in_folder("sshd_config")]
        }))
    }

    pub fn ftp(tls: bool, room: Option<u64>) -> Option<Server> {
        Server::ftp_with(tls, room, "")
    }

    /// That takes a feed of a hundred kilobytes in some seconds, so that there is a middle.
    pub fn slow_ftp() -> Option<Server> {
        let slow = "from pyftpdlib.handlers import ThrottledDTPHandler\n\
                    ThrottledDTPHandler.read_limit = 30000\nHandler.dtp_handler = ThrottledDTPHandler\n";
        Server::ftp_with(false, None, slow)
    }

    fn ftp_with(tls: bool, room: Option<u64>, more: &str) -> Option<Server> {
        let Some(python) = python(if tls { "pyftpdlib, OpenSSL" } else { "pyftpdlib" }) else {
            skipped("pyftpdlib");
            return None;
        };
        Some(Server::start(room, |folder, port| {
            let mut script = format!(
                "from pyftpdlib.authorizers import DummyAuthorizer\n\
                 from pyftpdlib.handlers import {handler} as Handler\n\
                 from pyftpdlib.servers import FTPServer\n\
                 users = DummyAuthorizer()\n\
                 users.add_user({USER:?}, {PASSWORD:?}, {folder:?}, perm='elradfmwMT')\n\
                 Handler.authorizer = users\n\
                 Handler.auth_failed_timeout = 0\n",
                handler = if tls { "TLS_FTPHandler" } else { "FTPHandler" },
            );
            if tls {
                certificates(folder);
                script += "Handler.certfile = 'server.pem'\nHandler.tls_control_required = True\n\
                           Handler.tls_data_required = True\n";
            }
            script += more;
            script += &format!("FTPServer(('127.0.0.1', {port}), Handler).serve_forever()\n");
            fs::write(folder.join("server.py"), script).unwrap();
            vec![python.to_owned(), "server.py".to_owned()]
        }))
    }

    pub fn nginx(room: Option<u64>) -> Option<Server> {
        let Some(nginx) = program(&["/usr/sbin/nginx", "/usr/local/sbin/nginx"]) else {
            skipped("nginx");
            return None;
        };
        Some(Server::start(room, |folder, port| {
            fs::create_dir(folder.join("body")).unwrap();
            fs::write(folder.join("users"), format!("{USER}:{{PLAIN}}{PASSWORD}\n")).unwrap();
            let config = format!(
                "daemon off; master_process off; pid pid; error_log stderr;\nevents {{}}\nhttp {{\n\
                 access_log off; client_body_temp_path body; client_max_body_size 64m;\n\
                 server {{ listen 127.0.0.1:{port}; root .; auth_basic feeds; auth_basic_user_file users;\n\
                 location / {{ dav_methods PUT DELETE MKCOL COPY MOVE; }} }} }}\n"
            );
            fs::write(folder.join("nginx.conf"), config).unwrap();
            let folder = format!("{}/", folder.display());
            [nginx, "-p", &folder, "-c", "nginx.conf", "-e", "stderr"].map(str::to_owned).to_vec()
        }))
    }

    pub fn s3() -> Option<Server> {
        let Some(python) = python("moto.server, flask") else {
            skipped("moto, which speaks S3,");
            return None;
        };
        Some(Server::start(None, |_, port| {
            [python, "-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()].map(str::to_owned).to_vec()
        }))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Stands before a server, and lets only so much through to it.
pub struct Stall {
    pub port: u16,
    /// Bytes that may still pass.
    left: Arc<AtomicU64>,
    stalled: mpsc::Receiver<()>,
}

impl Stall {
    pub fn before(server: u16) -> Stall {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let (tell, stalled) = mpsc::channel();
        let shared = Arc::clone(&left);
        let tell = Arc::new(Mutex::new(tell));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let (mut back, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || drop(std::io::copy(&mut back, &mut to_client)));
                let (left, tell) = (Arc::clone(&shared), Arc::clone(&tell));
                std::thread::spawn(move || pass(client, server, &left, &tell.lock().unwrap().clone()));
            }
        });
        Stall { port, left, stalled }
    }

    /// Nothing passes after so many bytes.
    pub fn after(&self, bytes: u64) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    /// Until nothing passes any more.
    pub fn wait(&self) {
        self.stalled.recv_timeout(STARTS_WITHIN).expect("something comes");
    }

    /// Ends what stalled, and lets all that comes pass.
    pub fn open(&self) {
        self.left.store(u64::MAX, Ordering::SeqCst);
    }
}

fn pass(mut client: TcpStream, mut server: TcpStream, left: &AtomicU64, tell: &mpsc::Sender<()>) {
    let mut piece = [0; 4096];
    while let Ok(len) = client.read(&mut piece) {
        if left.load(Ordering::SeqCst) < len as u64 {
            let _ = tell.send(());
            while left.load(Ordering::SeqCst) < len as u64 {
                std::thread::sleep(Duration::from_millis(10));
            }
            break;
        }
        if left.load(Ordering::SeqCst) != u64::MAX {
            left.fetch_sub(len as u64, Ordering::SeqCst);
        }
        if len == 0 || server.write_all(&piece[..len]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(std::net::Shutdown::Both);
    let _ = client.shutdown(std::net::Shutdown::Both);
}

/// An authority, a certificate of its for localhost with its key, and another authority.
fn certificates(folder: &Path) {
    let at = |name: &str| folder.join(name).display().to_string();
    for authority in ["ca", "other-ca"] {
        let (key, certificate) = (at(&format!("{authority}.key")), at(&format!("{authority}.pem")));
        let name = format!("/CN={authority}");
        let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", &name, "-keyout"];
        run("openssl", &[&new[..], &[&key, "-out", &certificate]].concat());
    }
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
    let (key, request, certificate) = (at("key.pem"), at("request"), at("certificate"));
    run(
        "openssl",
        &["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", &key, "-out", &request],
    );
    let sign = ["x509", "-req", "-days", "3650", "-CAcreateserial", "-in", &request, "-out", &certificate];
    let (ca, ca_key, names) = (at("ca.pem"), at("ca.key"), at("names"));
    run("openssl", &[&sign[..], &["-CA", &ca, "-CAkey", &ca_key, "-extfile", &names]].concat());
    let both = fs::read_to_string(certificate).unwrap() + &fs::read_to_string(key).unwrap();
    fs::write(folder.join("server.pem"), both).unwrap();
}

/// A folder with an `ssh` that asks for [`PASSWORD`] and then is OpenSSH's `sftp-server`; and a folder to send to.
pub fn ssh_that_asks() -> Option<(PathBuf, tempfile::TempDir)> {
    let Some(server) = program(&["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server"]) else {
        skipped("OpenSSH's sftp-server");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    let programs = folder.path().join("bin");
    fs::create_dir(&programs).unwrap();
    let script = format!(
        "#!/bin/sh\n[ \"$(\"$SSH_ASKPASS\" 'password: ')\" = '{PASSWORD}' ] && exec {server}\n\
         echo 'Permission denied (password).' >&2\nexit 255\n"
    );
    let ssh = programs.join("ssh");
    fs::write(&ssh, script).unwrap();
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
    Some((programs, folder))
}
