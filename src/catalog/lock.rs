//! The writer's lock: a kernel lock on a file beside the catalog, which dies with its holder. The text inside is for
//! the message only.
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::diagnostic::{Error, Kind, Result};

/// Held as long as this lives.
#[derive(Debug)]
pub struct WriterLock {
    _file: File,
}

/// How often a waiting writer looks again.
const POLL: Duration = Duration::from_millis(50);

impl WriterLock {
    /// Takes the lock at `path`, waiting at most `wait` for another holder.
    pub fn take(path: &Path, command: &str, started_at: &str, wait: Duration) -> Result<WriterLock> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|e| Error::io("open the lock file", path, e))?;
        let deadline = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(POLL),
                Err(TryLockError::WouldBlock) => return Err(held(&mut file, path)),
                Err(TryLockError::Error(e)) => return Err(Error::io("lock", path, e)),
            }
        }
        let text = format!("{}\n{command}\n{started_at}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(|e| Error::io("write the lock file", path, e))?;
        Ok(WriterLock { _file: file })
    }
}

fn held(file: &mut File, path: &Path) -> Error {
    let mut text = String::new();
    // The holder may be just writing its name: a message without it is still a good message.
    let _ = file.take(400).read_to_string(&mut text);
    let mut lines = text.lines();
    let holder = match (lines.next(), lines.next(), lines.next()) {
        (Some(pid), Some(command), Some(since)) => format!("`{command}` (pid {pid}, since {since})"),
        _ => "another purvey".to_owned(),
    };
    let catalog = path.with_extension("").file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Error::new(Kind::Busy, "catalog/locked", format!("{catalog} is being written by {holder}"))
        .help("wait for it, or add --wait 60")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_told_who_holds_it_and_gets_it_when_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db.lock");
        let first = WriterLock::take(&path, "purvey sync", "2026-11-25T09:58:00Z", Duration::ZERO).unwrap();
        let refused = WriterLock::take(&path, "purvey import", "now", Duration::ZERO).unwrap_err();
        assert_eq!(refused.kind, Kind::Busy);
        assert!(refused.message.contains("shop.db is being written by `purvey sync` (pid "), "{}", refused.message);
        assert!(refused.message.contains("since 2026-11-25T09:58:00Z"), "{}", refused.message);
        drop(first);
        WriterLock::take(&path, "purvey import", "now", Duration::ZERO).unwrap();
    }
}
