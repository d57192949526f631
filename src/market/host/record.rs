//! Keeps every exchange as a file, so that a fault can be shown, studied and turned into a test.
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::exchange::Exchange;
use super::{Outcome, Transport};
use crate::diagnostic::{Error, Result};
use crate::market::{Request, Secret};

/// Writes `0001-GET-api-orders.json` and so on into a folder; nothing secret or personal is in them.
pub struct Recorder<'a> {
    inner: Box<dyn Transport + 'a>,
    folder: PathBuf,
    secrets: Vec<Secret>,
    count: AtomicU32,
}

impl<'a> Recorder<'a> {
    /// `secrets` are blanked wherever they turn up, even echoed in an answer.
    ///
    /// # Errors
    /// `file/io` when the folder cannot be made.
    pub fn over(inner: Box<dyn Transport + 'a>, folder: impl Into<PathBuf>, secrets: Vec<Secret>) -> Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        Ok(Recorder { inner, folder, secrets, count: AtomicU32::new(0) })
    }

    fn keep(&self, exchange: &Exchange) -> Result<()> {
        let number = self.count.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let words: String =
            exchange.request.path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
        let name = format!("{number:04}-{}{words}.json", exchange.request.method.as_str());
        let path = self.folder.join(name);
        let text = serde_json::to_string_pretty(exchange)
            .map_err(|e| Error::bug(format!("an exchange cannot be written: {e}")))?;
        // an older recording is somebody's evidence
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        file.and_then(|mut file| writeln!(file, "{text}"))
            .map_err(|e| Error::io("write", &path, e).help("record into an empty folder"))
    }
}

impl Transport for Recorder<'_> {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        let outcome = self.inner.exchange(request)?;
        self.keep(&Exchange::of(request, &outcome, &self.secrets))?;
        Ok(outcome)
    }
}
