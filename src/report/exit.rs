//! The table of exit codes: how a command ended, as one number. Stable; a caller takes an unknown code for a failure.
use crate::diagnostic::Kind;

/// How a command ended that was not stopped by an [`Error`](crate::diagnostic::Error).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All asked work is done, or there was nothing to do.
    Done,
    /// A checker has findings at or above `--fail-on`.
    Findings,
    /// A worker did part of it: some row, order or channel failed, the rest is committed.
    Partly,
    /// With `--detailed-exitcode` only: a dry run or a diff found changes to make.
    Changes,
}

impl Outcome {
    pub fn code(self) -> u8 {
        match self {
            Outcome::Done => 0,
            Outcome::Findings => 1,
            Outcome::Partly => 3,
            Outcome::Changes => 4,
        }
    }
}

/// The exit code of an error that stopped the command.
pub fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Usage => 2,
        // One request was refused for good while the work around it stands.
        Kind::Rejected => Outcome::Partly.code(),
        Kind::Guard => 5,
        Kind::NoCatalog => 10,
        Kind::Input => 65,
        Kind::Unavailable => 69,
        Kind::Bug => 70,
        Kind::Io => 74,
        Kind::Busy => 75,
        Kind::Credentials => 77,
        Kind::Interrupted(code) => code,
    }
}
