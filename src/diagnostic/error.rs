//! The one error type: it stops a command, and says whether running it again can help.
use super::{Diagnostic, Place, Severity};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of trouble, each with its exit code (the table is in `report::exit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The command line, `purvey.toml`, a template or a contract is wrong; nothing was touched.
    Usage,
    /// A guard stopped it: shrink, zero stock, price jump, oversold.
    Guard,
    /// No catalog here.
    NoCatalog,
    /// The input is not what it claims to be.
    Input,
    /// A remote did not answer after retries.
    Unavailable,
    /// A remote refused one request for good.
    Rejected,
    /// A bug in purvey.
    Bug,
    /// Disk full, read-only, corrupt.
    Io,
    /// Locked by another run.
    Busy,
    /// Credentials missing or refused.
    Credentials,
    /// SIGINT (130) or SIGTERM (143).
    Interrupted(u8),
}

/// Whether and when doing the same again can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    Now,
    /// Later, and not before so many seconds when the other side named a time.
    Later(Option<u64>),
    Never,
}

#[derive(Debug)]
pub struct Error {
    /// `area/fault`, stable between releases.
    pub code: &'static str,
    pub kind: Kind,
    pub retry: Retry,
    pub message: String,
    pub place: Box<Place>,
    pub help: Option<String>,
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        let retry = match kind {
            Kind::Busy | Kind::Unavailable => Retry::Later(None),
            Kind::Interrupted(_) => Retry::Now,
            _ => Retry::Never,
        };
        Error { code, kind, retry, message: message.into(), place: Box::default(), help: None, source: None }
    }

    pub fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, code, message)
    }

    pub fn input(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Input, code, message)
    }

    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, "purvey/bug", message)
            .help("this is a fault in purvey, not in your data: please report it with the command and this message")
    }

    pub fn at(mut self, place: Place) -> Self {
        self.place = Box::new(place);
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    pub fn source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// A file could not be read or written: names the path and what the system said.
    pub fn io(doing: &str, path: &std::path::Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind as E;
        let help = match source.kind() {
            E::NotFound => "check the path",
            E::PermissionDenied => "check who owns the file and its permissions",
            E::StorageFull | E::QuotaExceeded => "free some space and run it again; nothing was left half-written",
            E::ReadOnlyFilesystem => "choose a place that can be written to",
            _ => "see the system's message above",
        };
        Error::new(Kind::Io, "file/io", format!("cannot {doing} {}: {source}", path.display()))
            .at(Place::file(path.display().to_string()))
            .help(help)
            .source(source)
    }

    /// The same facts as a finding, for reports that list both.
    pub fn to_diagnostic(&self) -> Diagnostic {
        Diagnostic {
            code: self.code.to_owned(),
            severity: Severity::Error,
            message: self.message.clone(),
            place: (*self.place).clone(),
            help: self.help.clone(),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
