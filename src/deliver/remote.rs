//! A folder on an SFTP server that is read as well as written, file by file.
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::rawsession::SftpResult;
use russh_sftp::protocol::{File, FileAttributes, OpenFlags, StatusCode};

use super::sftp::{Sftp, wait};
use super::{Destination, fault};
use crate::diagnostic::{Error, Kind, Place, Result};

/// What every server gives in one packet.
const PIECE: u32 = 32 * 1024;
/// The type of a file among the bits of its mode (POSIX), and that of a plain one and of a folder.
const TYPE: u32 = 0o170_000;
const PLAIN: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// One server's folder, over one connection that is made when it is first needed, and again when it broke.
pub struct Remote {
    to: Destination,
    place: String,
    /// With a slash at its end, or nothing for the folder after login.
    root: String,
    open: Mutex<Option<Sftp>>,
}

/// A plain file of a folder.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: String,
    pub bytes: u64,
    /// To the second, by the server's clock.
    pub modified: Timestamp,
}

/// What is at a path.
pub enum Found {
    Nothing,
    Folder(Vec<Entry>),
    File(Vec<u8>),
    /// A file of so many bytes, which is more than were wanted.
    TooLarge(u64),
}

impl Remote {
    /// `to` is the folder, with a slash at its end.
    pub fn new(to: Destination) -> Remote {
        let (place, root) = (to.place(""), to.remote_path(""));
        Remote { to, place, root, open: Mutex::default() }
    }

    fn path(&self, below: &str) -> String {
        format!("{}{below}", self.root)
    }

    /// # Errors
    /// `deliver/unavailable`, `deliver/refused-login`, `deliver/unknown-host`; `deliver/forbidden` for what the server
    /// does not allow.
    pub fn get(&self, path: &str, bytes_max: u64) -> Result<Found> {
        let path = self.path(path);
        self.talk(async |sftp| {
            let about = match sftp.session.stat(path.as_str()).await {
                Err(error) if is_nothing(&error) => return Ok(Found::Nothing),
                about => about?.attrs,
            };
            match about.permissions.unwrap_or(PLAIN) & TYPE {
                FOLDER => list(sftp, &path).await.map(Found::Folder),
                _ if about.size.unwrap_or(0) > bytes_max => Ok(Found::TooLarge(about.size.unwrap_or(0))),
                _ => read(sftp, &path, bytes_max).await,
            }
        })
    }

    /// Beside its place first, so that nobody sees half of it; its folder is made if it is not there.
    ///
    /// # Errors
    /// As of [`Remote::get`].
    pub fn put(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<()> {
        self.make(folder)?;
        let at = |name: &str| self.path(&format!("{folder}/{name}"));
        let (beside, path) = (at(&format!(".{name}.part")), at(name));
        self.with(async |sftp| {
            sftp.send(bytes, &beside).await?;
            sftp.replace(&beside, &path).await.map_err(|e| self.fault(&e))
        })
    }

    /// Whether it was moved: not when there is nothing at `from`, or something at `folder/name` already.
    ///
    /// # Errors
    /// As of [`Remote::get`].
    pub fn rename(&self, from: &str, folder: &str, name: &str) -> Result<bool> {
        self.make(folder)?;
        let (from, to) = (self.path(from), self.path(&format!("{folder}/{name}")));
        self.talk(async |sftp| match sftp.session.rename(from.as_str(), to.as_str()).await {
            Ok(_) => Ok(true),
            Err(error) if is_nothing(&error) => Ok(false),
            Err(error) => match sftp.session.stat(to.as_str()).await {
                Ok(_) => Ok(false),
                Err(_) => Err(error),
            },
        })
    }

    /// A folder below the one of the address, with those above it.
    fn make(&self, folder: &str) -> Result<()> {
        let ends = folder.match_indices('/').map(|(at, _)| at).chain([folder.len()]);
        let all: Vec<String> = ends.map(|end| self.path(&folder[..end])).collect();
        let whole = self.path(folder);
        self.talk(async |sftp| {
            if sftp.session.stat(whole.as_str()).await.is_ok() {
                return Ok(());
            }
            for path in all {
                // it may be there
                let _ = sftp.session.mkdir(path, FileAttributes::empty()).await;
            }
            sftp.session.stat(whole).await.map(drop)
        })
    }

    fn talk<T>(&self, work: impl AsyncFnOnce(&Sftp) -> SftpResult<T>) -> Result<T> {
        self.with(async |sftp| work(sftp).await.map_err(|e| self.fault(&e)))
    }

    /// A connection that has failed is not used again.
    fn with<T>(&self, work: impl AsyncFnOnce(&Sftp) -> Result<T>) -> Result<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        wait(async {
            let sftp = match open.take() {
                Some(sftp) => sftp,
                None => Sftp::open(&self.to, &self.place).await?,
            };
            let done = work(&sftp).await;
            if !done.as_ref().is_err_and(|error| error.kind == Kind::Unavailable) {
                *open = Some(sftp);
            }
            done
        })
    }

    fn fault(&self, error: &SftpError) -> Error {
        match error {
            SftpError::Status(status)
                if !matches!(status.status_code, StatusCode::ConnectionLost | StatusCode::NoConnection) =>
            {
                Error::new(Kind::Rejected, "deliver/forbidden", format!("{} does not allow it: {error}", self.place))
                    .at(Place::file(&self.place))
                    .help("check the folder over there, and what the account may do in it")
            }
            _ => fault::unavailable(&self.place, &error.to_string()),
        }
    }
}

fn is_nothing(error: &SftpError) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == StatusCode::NoSuchFile)
}

fn is_end(error: &SftpError) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == StatusCode::Eof)
}

async fn list(sftp: &Sftp, path: &str) -> SftpResult<Vec<Entry>> {
    let handle = sftp.session.opendir(path).await?.handle;
    let mut entries = Vec::new();
    loop {
        match sftp.session.readdir(handle.as_str()).await {
            Ok(page) => entries.extend(page.files.into_iter().filter_map(entry)),
            Err(error) if is_end(&error) => break,
            Err(error) => return Err(error),
        }
    }
    sftp.session.close(handle).await?;
    Ok(entries)
}

fn entry(file: File) -> Option<Entry> {
    let File { filename, attrs, .. } = file;
    (attrs.permissions.unwrap_or(PLAIN) & TYPE == PLAIN).then_some(())?;
    let modified = Timestamp::from_second(i64::from(attrs.mtime.unwrap_or_default())).unwrap_or_default();
    Some(Entry { name: filename, bytes: attrs.size.unwrap_or_default(), modified })
}

async fn read(sftp: &Sftp, path: &str, bytes_max: u64) -> SftpResult<Found> {
    let handle = match sftp.session.open(path, OpenFlags::READ, FileAttributes::empty()).await {
        Err(error) if is_nothing(&error) => return Ok(Found::Nothing),
        opened => opened?.handle,
    };
    let mut bytes = Vec::new();
    loop {
        let at = bytes.len() as u64;
        if at > bytes_max {
            return Ok(Found::TooLarge(at));
        }
        match sftp.session.read(handle.as_str(), at, PIECE).await {
            Ok(piece) if piece.data.is_empty() => break,
            Ok(piece) => bytes.extend_from_slice(&piece.data),
            Err(error) if is_end(&error) => break,
            Err(error) => return Err(error),
        }
    }
    sftp.session.close(handle).await?;
    Ok(Found::File(bytes))
}
