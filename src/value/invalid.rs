//! Why a text is not a value: said without the place, which only the caller knows.
use crate::diagnostic::{Diagnostic, Error, Severity};

/// A refused text. `code` is `area/fault` and stable; `message` is one sentence; `help` is what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub code: &'static str,
    pub message: String,
    pub help: String,
}

impl Invalid {
    pub fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Invalid { code, message: message.into(), help: help.into() }
    }

    /// As a finding of the given weight; the caller adds the place with [`Diagnostic::at`].
    pub fn into_diagnostic(self, severity: Severity) -> Diagnostic {
        Diagnostic::new(severity, self.code, self.message).help(self.help)
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

impl std::error::Error for Invalid {}

impl From<Invalid> for Diagnostic {
    fn from(invalid: Invalid) -> Self {
        invalid.into_diagnostic(Severity::Error)
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Error::input(invalid.code, invalid.message).help(invalid.help)
    }
}
