//! A marketplace made of a recording: the same questions in the same order get the same answers, any other is an error.
use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::exchange::{Exchange, Sent};
use super::{Outcome, Transport};
use crate::diagnostic::{Error, Place, Result};
use crate::market::Request;

pub struct Replay {
    /// File and what it holds, next one first.
    left: Mutex<VecDeque<(String, Exchange)>>,
    /// Any order will do.
    loose: bool,
}

impl Replay {
    /// Reads what a [`Recorder`](super::Recorder) wrote into `folder`.
    ///
    /// # Errors
    /// `file/io`, and `record/unreadable` for a file that is no recording.
    pub fn open(folder: &Path) -> Result<Self> {
        let entries = fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| Error::io("read", folder, e))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                files.push(path);
            }
        }
        files.sort();
        let mut left = VecDeque::with_capacity(files.len());
        for path in files {
            let text = fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
            let file = path.display().to_string();
            let exchange = serde_json::from_str(&text).map_err(|e| {
                Error::input("record/unreadable", format!("this is no recorded exchange: {e}"))
                    .at(Place::file(&file).line(e.line() as u64).column(e.column() as u64))
                    .help("record it again with --record")
            })?;
            left.push_back((file, exchange));
        }
        Ok(Replay { left: Mutex::new(left), loose: false })
    }

    /// From now on the questions may come in any order, or not at all: each gets the first answer to it that is left,
    /// and the last one again and again.
    pub fn loosely(mut self) -> Self {
        self.loose = true;
        self
    }

    /// How many exchanges nobody asked for yet.
    pub fn left(&self) -> usize {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Replay {
    fn pick(&self, asked: &Sent) -> Option<Outcome> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(_, exchange): &(String, Exchange)| exchange.request.difference(asked).is_none();
        let first = left.iter().position(same)?;
        let outcome = left.get(first)?.1.outcome.clone().into_outcome();
        if left.iter().skip(first + 1).any(same) {
            left.remove(first);
        }
        Some(outcome)
    }
}

impl Transport for Replay {
    /// # Errors
    /// `record/differs` when the request is not the recorded one, `record/over` when there is no more of them.
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        let asked = Sent::of(request, &[]);
        if self.loose
            && let Some(outcome) = self.pick(&asked)
        {
            return Ok(outcome);
        }
        let next = self.left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((file, exchange)) = next else {
            let message = format!("{} {} is not in the recording", asked.method.as_str(), asked.path);
            return Err(Error::input("record/over", message).help("record the session again with --record"));
        };
        if let Some(part) = exchange.request.difference(&asked) {
            let show = |sent: &Sent| serde_json::to_string(sent).unwrap_or_default();
            let message = format!(
                "the {part} differs from the recording: {} was recorded, {} came",
                show(&exchange.request),
                show(&asked)
            );
            return Err(Error::input("record/differs", message)
                .at(Place::file(file))
                .help("if the new request is right, record the session again with --record"));
        }
        Ok(exchange.outcome.into_outcome())
    }
}
