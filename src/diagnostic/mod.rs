//! What purvey says when something is wrong: a [`Diagnostic`] about data, an [`Error`] that stops a command.
//!
//! Both carry the same five things: a stable code, one sentence, the place, the remedy, and (for errors) what kind
//! of trouble it is, from which the exit code and the advice to retry follow. Nothing here prints: `report` does.
mod error;
mod place;

pub use error::{Error, Kind, Result, Retry};
pub use place::Place;

use serde::{Deserialize, Serialize};

/// How bad a finding is for the one who has to act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing has to be done.
    Note,
    /// The channel takes it but shows it less, or a value was changed to fit.
    Warning,
    /// The channel, or the catalog, refuses it.
    Error,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One finding about one place: a row, a cell, an attribute of an offer. A run goes on after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// `area/fault`, stable between releases, for example `google/price-missing` or `import/duplicate-sku`.
    pub code: String,
    pub severity: Severity,
    /// One sentence that names the fault, without the place and without the remedy.
    pub message: String,
    pub place: Place,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn new(severity: Severity, code: impl Into<String>, message: impl Into<String>) -> Self {
        Diagnostic { code: code.into(), severity, message: message.into(), place: Place::default(), help: None }
    }

    pub fn error(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    pub fn warning(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    pub fn note(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
