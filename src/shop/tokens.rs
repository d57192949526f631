//! Access tokens of the marketplaces, `tokens/<market>.json` in the shop's folder: files that only their owner can read,
//! beside the catalog and not in it, so that no copy or export of the catalog opens an account.
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::diagnostic::{Error, Result};
use crate::market::host::{TokenStore, Tokens};
use crate::market::{Request, Secret};

/// One marketplace's file; its lock is a file beside it.
#[derive(Debug)]
pub struct TokenFile {
    folder: PathBuf,
    path: PathBuf,
    lock: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Written {
    access: String,
    renew_at: Timestamp,
    refresh: Option<String>,
    given: u64,
}

impl TokenFile {
    pub(super) fn of(folder: &Path, market: &str) -> Result<Self> {
        // escaped like a part of an address, a name cannot lead out of the folder
        let name = Request::path(&[market])?.trim_start_matches('/').to_owned();
        let file = |extension: &str| folder.join(format!("{name}.{extension}"));
        Ok(TokenFile { folder: folder.to_owned(), path: file("json"), lock: file("lock") })
    }

    fn held(&self) -> io::Result<File> {
        private_folder(&self.folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&self.lock)?;
        lock.lock()?;
        Ok(lock)
    }

    /// Tokens that cannot be read are bought anew.
    fn read(&self) -> Result<Option<Tokens>> {
        let text = match fs::read_to_string(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|e| Error::io("read the tokens in", &self.path, e))?,
        };
        Ok(serde_json::from_str(&text).ok().map(|kept: Written| Tokens {
            access: Secret::new(kept.access),
            renew_at: kept.renew_at,
            refresh: kept.refresh.map(Secret::new),
            given: kept.given,
        }))
    }

    fn write(&self, tokens: &Tokens) -> io::Result<()> {
        let written = Written {
            access: tokens.access.reveal().to_owned(),
            renew_at: tokens.renew_at,
            refresh: tokens.refresh.as_ref().map(|refresh| refresh.reveal().to_owned()),
            given: tokens.given,
        };
        // made with mode 600, which it keeps
        let mut whole = NamedTempFile::new_in(&self.folder)?;
        whole.write_all(serde_json::to_string(&written)?.as_bytes())?;
        whole.as_file().sync_all()?;
        whole.persist(&self.path)?;
        Ok(())
    }
}

impl TokenStore for TokenFile {
    fn change(&self, work: &mut dyn FnMut(Option<Tokens>) -> Result<Option<Tokens>>) -> Result<()> {
        let _held = self.held().map_err(|e| Error::io("lock the tokens in", &self.lock, e))?;
        match work(self.read()?)? {
            Some(new) => self.write(&new).map_err(|e| Error::io("keep the tokens in", &self.path, e)),
            None => Ok(()),
        }
    }
}

#[cfg(unix)]
fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(access: &str) -> Tokens {
        Tokens {
            access: Secret::new(access),
            renew_at: "2026-11-25T09:00:00Z".parse().unwrap(),
            refresh: Some(Secret::new("r")),
            given: 7,
        }
    }

    #[test]
    fn tokens_are_kept_for_their_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = TokenFile::of(&dir.path().join("tokens"), "../ebay").unwrap();
        let keep = |kept: Option<&str>, new: Option<&str>| {
            file.change(&mut |found| {
                assert_eq!(found, kept.map(tokens));
                Ok(new.map(tokens))
            })
        };
        keep(None, Some("a")).unwrap();
        keep(Some("a"), None).unwrap();
        keep(Some("a"), Some("b")).unwrap();
        keep(Some("b"), None).unwrap();
        assert_eq!(file.path.parent(), Some(dir.path().join("tokens").as_path()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&file.path), mode(&file.folder)), (0o600, 0o700));
        }
        fs::write(&file.path, "half of a fi").unwrap();
        keep(None, None).unwrap();
    }
}
