//! SFTP over the system's own `ssh`: its keys, agent, known hosts, jump hosts and security updates are the user's.
use std::future::Future;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::rawsession::SftpResult;
use russh_sftp::client::{Config, RawSftpSession};
use russh_sftp::protocol::{FileAttributes, OpenFlags, Packet, StatusCode};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;

use super::beside::{self, Folder};
use super::destination::SILENCE_MAX;
use super::{Arrived, Destination, Document, Load, fault};
use crate::diagnostic::{Error, Kind, Place, Result};
use crate::web;

/// What every server takes in one packet.
const PIECE: usize = 32 * 1024;
/// Packets on their way at once: 2 MiB hide the distance to most servers.
const ON_THEIR_WAY: usize = 64;

pub(super) fn put(load: &Load, to: &Destination) -> Result<Arrived> {
    let mut server = wait(Sftp::open(to, &to.place(load.name())))?;
    beside::put(&mut server, load, to, to.direct, &|name| to.remote_path(name))
}

pub(super) fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    web::runtime()?.block_on(work)
}

pub(super) struct Sftp {
    pub session: Arc<RawSftpSession>,
    place: String,
    /// Ends when dropped; what it reads from lies in the folder.
    _ssh: Child,
    _private: TempDir,
}

impl Sftp {
    pub async fn open(to: &Destination, place: &str) -> Result<Sftp> {
        let private = tempfile::Builder::new().prefix("purvey-").tempdir();
        let private = private.map_err(|e| Error::io("make a folder in", &std::env::temp_dir(), e))?;
        let mut command = command(to, private.path()).map_err(|e| Error::io("write in", private.path(), e))?;
        let mut ssh = command.spawn().map_err(|e| no_ssh(&e))?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (ssh.stdin.take(), ssh.stdout.take(), ssh.stderr.take()) else {
            return Err(Error::bug("ssh was started without its pipes"));
        };
        let config = Config { request_timeout_secs: SILENCE_MAX.as_secs(), ..Config::default() };
        let session = RawSftpSession::new_with_config(tokio::io::join(stdout, stdin), config);
        match session.init().await {
            Ok(_) => {
                // a server's banner may be long, and a full pipe would stop everything
                tokio::spawn(said(stderr));
                Ok(Sftp { session: Arc::new(session), place: place.to_owned(), _ssh: ssh, _private: private })
            }
            Err(error) => {
                drop(session);
                let _ = ssh.start_kill();
                let said = said(stderr).await;
                Err(why_not(to, place, if said.is_empty() { error.to_string() } else { said }))
            }
        }
    }

    pub async fn send(&self, mut from: impl AsyncRead + Unpin, path: &str) -> Result<()> {
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let opened = self.session.open(path, flags, FileAttributes::empty()).await;
        let handle = opened.map_err(|e| self.fault(&e))?.handle;
        let mut under_way = JoinSet::new();
        let mut at = 0;
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let unreadable = |e| Error::io("read", "the feed".as_ref(), e);
            while piece.len() < PIECE && from.read_buf(&mut piece).await.map_err(unreadable)? > 0 {}
            let len = piece.len() as u64;
            if len > 0 {
                let (session, handle) = (Arc::clone(&self.session), handle.clone());
                under_way.spawn(async move { session.write(handle, at, piece).await });
                at += len;
            }
            while under_way.len() >= if len > 0 { ON_THEIR_WAY } else { 1 } {
                if let Some(Ok(written)) = under_way.join_next().await {
                    written.map_err(|e| self.fault(&e))?;
                }
            }
            if len == 0 {
                break;
            }
        }
        self.session.close(handle).await.map(drop).map_err(|e| self.fault(&e))
    }

    pub async fn replace(&self, from: &str, to: &str) -> SftpResult<()> {
        // two strings, each behind its length
        let text = |s: &str| [&u32::try_from(s.len()).unwrap_or(u32::MAX).to_be_bytes(), s.as_bytes()].concat();
        let names = [text(from), text(to)].concat();
        match self.session.extended("posix-rename@openssh.com", names).await? {
            Packet::Status(status) if status.status_code == StatusCode::Ok => Ok(()),
            // Servers without that extension rename only onto nothing; for a moment there is nothing, then.
            _ => {
                let _ = self.session.remove(to).await;
                self.session.rename(from, to).await.map(drop)
            }
        }
    }

    pub fn fault(&self, error: &SftpError) -> Error {
        match error {
            SftpError::Status(status)
                if !matches!(status.status_code, StatusCode::ConnectionLost | StatusCode::NoConnection) =>
            {
                fault::refused(&self.place, &error.to_string())
            }
            _ => fault::unavailable(&self.place, &error.to_string()),
        }
    }
}

impl Folder for Sftp {
    fn write(&mut self, path: &str, document: &Document) -> Result<()> {
        wait(self.send(tokio::fs::File::from_std(document.reader()?), path))
    }

    fn size(&mut self, path: &str) -> Result<Option<u64>> {
        let found = wait(async { self.session.stat(path).await.map_err(|e| self.fault(&e)) })?;
        Ok(found.attrs.size)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        wait(async { self.replace(from, to).await.map_err(|e| self.fault(&e)) })
    }

    fn remove(&mut self, path: &str) -> Result<()> {
        wait(async { self.session.remove(path).await.map(drop).map_err(|e| self.fault(&e)) })
    }
}

// ------------------------------------------------------------------------------------------------- ssh

/// `ssh` as it has to be called; what it needs to read is written into `private`, which only the user can read.
fn command(to: &Destination, private: &Path) -> io::Result<Command> {
    let mut ssh = Command::new("ssh");
    let mut option = |text: String| {
        ssh.arg("-o").arg(text);
    };
    let quoted = |name: &str| format!("\"{}\"", private.join(name).display());
    for text in ["StrictHostKeyChecking=yes", "ConnectTimeout=10", "ServerAliveInterval=15", "ServerAliveCountMax=4"] {
        option(text.to_owned());
    }
    if let Some(key) = &to.host_key {
        std::fs::write(private.join("known_hosts"), format!("{} {}\n", known_as(to), key.trim()))?;
        option(format!("UserKnownHostsFile={}", quoted("known_hosts")));
        option("GlobalKnownHostsFile=none".to_owned());
    }
    if let Some(key) = &to.login.key {
        write_private(&private.join("key"), &format!("{}\n", key.reveal().trim_end()), 0o600)?;
        option(format!("IdentityFile={}", quoted("key")));
        option("IdentitiesOnly=yes".to_owned());
    }
    match &to.login.password {
        None => option("BatchMode=yes".to_owned()),
        Some(_) => {
            option("NumberOfPasswordPrompts=1".to_owned());
            if to.login.key.is_none() {
                option("PreferredAuthentications=password,keyboard-interactive".to_owned());
            }
        }
    }
    if let Some(password) = &to.login.password {
        // ssh asks a program for a password, never its standard input
        let askpass = private.join("askpass");
        write_private(&askpass, "#!/bin/sh\nprintf '%s\\n' \"$PURVEY_ASKPASS\"\n", 0o700)?;
        ssh.env("SSH_ASKPASS", askpass).env("SSH_ASKPASS_REQUIRE", "force").env("PURVEY_ASKPASS", password.reveal());
    }
    if let Some(user) = to.user() {
        ssh.arg("-l").arg(user);
    }
    if let Some(port) = to.url.port() {
        ssh.arg("-p").arg(port.to_string());
    }
    ssh.args(["-s", "--", to.host(), "sftp"]);
    ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(ssh)
}

/// The host's name in a file of known hosts.
fn known_as(to: &Destination) -> String {
    match to.url.port() {
        Some(port) => format!("[{}]:{port}", to.host()),
        None => to.host().to_owned(),
    }
}

#[cfg(unix)]
fn write_private(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn write_private(path: &Path, text: &str, _: u32) -> io::Result<()> {
    std::fs::write(path, text)
}

/// The last line `ssh` said, which is the reason when it ended.
async fn said(stderr: ChildStderr) -> String {
    const MOST: u64 = 64 * 1024;
    let mut stderr = stderr.take(MOST);
    let mut text = Vec::new();
    let _ = stderr.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

fn why_not(to: &Destination, place: &str, said: String) -> Error {
    if said.contains("Permission denied") || said.contains("Too many authentication failures") {
        return fault::refused_login(place, &said);
    }
    if said.contains("Host key verification failed") {
        let name = known_as(to);
        let message = match to.host_key {
            Some(_) => format!("{name} has another key than the one written under its [target.…] in purvey.toml"),
            None => format!("nobody has said that {name} is who it says it is"),
        };
        return Error::new(Kind::Credentials, "deliver/unknown-host", message).at(Place::file(place)).help(
            "get its public key from its owner and write it as host_key = \"ssh-ed25519 AAAA…\", or put it into ~/.ssh/known_hosts",
        );
    }
    if said.contains("subsystem request failed") {
        return fault::refused(place, "it does not speak SFTP");
    }
    fault::unavailable(place, &said)
}

fn no_ssh(error: &io::Error) -> Error {
    Error::new(Kind::Usage, "deliver/no-ssh", format!("`ssh` cannot be started: {error}"))
        .help("feeds go by SFTP through OpenSSH's client: install openssh-client")
}
