//! All that purvey prints. Results go to standard output; talk, progress and errors to standard error.
//!
//! With `--json`, each line of either stream is one JSON object. Standard output carries the result (one line, in the
//! shape the command documents) or, from a checker, `diagnostic` lines and one `summary` line, and nothing else.
//! Standard error carries what a worker finds on its way (`diagnostic`) and, as its last line when the command was
//! stopped, an `error`:
//!
//! ```json
//! {"type":"diagnostic","schema":1,"channel":"google","code":"google/price-missing","severity":"error","message":"…","place":{"file":"…","line":14,"column":23,"record":9,"sku":"…","attribute":"…","value":"…"},"help":"…"}
//! {"type":"summary","schema":1,"checked":9412,"unit":"offer","errors":3,"warnings":12,"notes":0,"codes":{"google/price-missing":3}}
//! {"type":"error","schema":1,"code":"catalog/locked","exit":75,"retry":"later","retry_after_seconds":60,"message":"…","place":{},"help":"…","causes":["…"]}
//! ```
//!
//! Absent facts are left out, members may be added, `schema` grows when one changes its meaning.
mod checks;
mod escape;
mod exit;
mod format;
mod human;
mod json;
mod progress;
mod stream;
mod table;

pub use checks::{Checks, FailOn, Summary};
pub use escape::escape;
pub use exit::{Outcome, code as exit_code};
pub use format::Format;
pub use human::{counted, thousands};
pub use progress::{Progress, Unit};
pub use table::{Cell, Table};

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Error, Result, Severity};
use escape::escape_page;
use format::{Finding, Human, SHOWN_BESIDE};
use progress::Bars;
use stream::Stream;

/// What the global flags say about output.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// `--json`: lines of JSON instead of text.
    pub json: bool,
    /// `--quiet`: of the talk, only errors are left.
    pub quiet: bool,
    /// `--all`: every finding, not only the first few of each code.
    pub all: bool,
    /// `--color`
    pub color: clap::ColorChoice,
}

/// Where a command says what it has to say. May be shared between threads.
pub struct Report {
    options: Options,
    out: Stream,
    err: Stream,
    bars: Bars,
    /// Whether a person looks at standard error.
    watched: bool,
}

impl Report {
    /// Speaks on the standard streams.
    pub fn new(options: Options) -> Self {
        Report {
            options,
            out: Stream::standard(io::stdout(), options.color),
            err: Stream::standard(io::stderr(), options.color),
            bars: Bars::new(!options.quiet),
            watched: io::stderr().is_terminal(),
        }
    }

    /// Speaks into `out` and `err` instead, which are taken for no terminals.
    pub fn into_streams(options: Options, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        let color = options.color == clap::ColorChoice::Always;
        let (out, err) = (Stream::new(out, color), Stream::new(err, color));
        Report { options, out, err, bars: Bars::new(false), watched: false }
    }

    /// `--all`: nothing is to be cut short.
    pub fn shows_all(&self) -> bool {
        self.options.all
    }

    /// What was asked for, on standard output: `value` as one line of JSON with `--json`, else what `human` writes,
    /// made safe for a terminal. Fails when it cannot be written.
    pub fn result<T: Serialize + ?Sized>(
        &self,
        value: &T,
        human: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let mut page = Vec::new();
        let composed = if self.options.json { json::line(&mut page, value) } else { human(&mut page) };
        composed.map_err(|e| Error::bug("a result could not be put into words").source(e))?;
        let page = String::from_utf8_lossy(&page);
        self.write(&self.out, |out| out.write_all(escape_page(&page).as_bytes()))?;
        self.out.flush()
    }

    /// What a worker has done: a result that `--quiet` silences, so that cron has nothing to mail.
    pub fn summary<T: Serialize + ?Sized>(
        &self,
        value: &T,
        human: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        if self.options.quiet && !self.options.json { Ok(()) } else { self.result(value, human) }
    }

    /// A document for a machine (a feed, a CSV) on standard output, byte for byte.
    pub fn document(&self, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        self.out.lend(write)?;
        self.out.flush()
    }

    /// Standard output for a document that streams while its findings go to standard error.
    pub fn raw(&self) -> impl Write + Send + use<> {
        io::stdout()
    }

    /// Begins the report of a checker; `--json` turns [`Format::Human`] into [`Format::Json`].
    pub fn checks(&self, format: Format) -> Checks<'_> {
        let format = if self.options.json && format == Format::Human { Format::Json } else { format };
        Checks::new(self, format)
    }

    /// Something a worker found on its way, on standard error.
    pub fn diagnostic(&self, diagnostic: &Diagnostic) {
        self.diagnostics(std::slice::from_ref(diagnostic));
    }

    /// What a worker found on its way, on standard error; of each code only the first few, unless `--all`.
    pub fn diagnostics<'d>(&self, diagnostics: impl IntoIterator<Item = &'d Diagnostic>) {
        let mut talk = self.findings();
        diagnostics.into_iter().for_each(|diagnostic| talk.push(diagnostic));
    }

    /// The same for findings that come one by one and may be many: pushed as they are met, the rest counted at the end.
    pub fn findings(&self) -> Talk<'_> {
        let render: Box<dyn format::Render> = match self.options.json {
            true => Box::new(format::Json),
            false => Box::new(Human::new(self.err.color, if self.options.all { u64::MAX } else { SHOWN_BESIDE })),
        };
        Talk { report: self, render, held: None }
    }

    /// Findings that are told only if [`Talk::tell`] says so: beside a feed that came out as it was, nobody needs them
    /// again. With `--json` they are told as they come.
    pub fn held_findings(&self) -> Talk<'_> {
        let mut talk = self.findings();
        talk.held = (!self.options.json).then(Vec::new);
        talk
    }

    /// The error that stopped the command, on standard error.
    pub fn error(&self, error: &Error) {
        self.talk(|out| match self.options.json {
            true => json::error(out, error),
            false => human::error(out, error, self.err.color),
        });
    }

    /// Whether results are JSON.
    pub fn is_json(&self) -> bool {
        self.options.json
    }

    /// Talk for the one who looks on: said only on a terminal, never with `--quiet` or `--json`. What must be known
    /// in cron or CI too is a result or a diagnostic.
    pub fn note(&self, text: &str) {
        if self.watched && !self.options.quiet && !self.options.json {
            self.talk(|out| writeln!(out, "{}", escape(text)));
        }
    }

    /// Shows how far `task` is, of `total` when that is known.
    pub fn progress(&self, task: &'static str, total: Option<u64>, unit: Unit) -> Progress {
        self.bars.add(task, total, unit)
    }

    /// Nobody can be told that standard error is broken, so that is passed over.
    fn talk(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        // what was said before on the other stream comes before
        let _ = self.out.flush();
        let _ = self.write(&self.err, write).and_then(|()| self.err.flush());
    }

    fn write(&self, to: &Stream, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        self.bars.aside(|| to.write(write))
    }
}

/// Findings of a worker on their way to standard error; what was held back for being too many is told when it is
/// dropped.
pub struct Talk<'r> {
    report: &'r Report,
    render: Box<dyn format::Render>,
    held: Option<Vec<u8>>,
}

impl Talk<'_> {
    /// Tells what was held back, and everything that follows.
    pub fn tell(&mut self) {
        if let Some(held) = self.held.take() {
            self.report.talk(|out| out.write_all(&held));
        }
    }

    pub fn push(&mut self, diagnostic: &Diagnostic) {
        if self.report.options.quiet && diagnostic.severity < Severity::Error {
            return;
        }
        let finding = Finding { diagnostic, channel: None };
        match &mut self.held {
            // A vector takes everything.
            Some(held) => drop(self.render.finding(finding, held)),
            None => self.report.talk(|out| self.render.finding(finding, out)),
        }
    }
}

impl Drop for Talk<'_> {
    fn drop(&mut self) {
        if self.held.is_none() {
            self.report.talk(|out| self.render.rest(out));
        }
    }
}

/// Standard output could not be written.
pub fn unwritten(error: io::Error) -> Error {
    Error::io("write to", "standard output".as_ref(), error)
}

#[cfg(test)]
mod tests;
