//! SQLite's errors in our words: what a person can do about a full disk, a lock, a damaged file.
use rusqlite::ErrorCode;

use crate::diagnostic::{Error, Kind};

/// Turns an SQLite error into ours. Anything that is neither disk nor lock is a bug in our SQL.
pub fn fault(error: rusqlite::Error) -> Error {
    let code = error.sqlite_error_code();
    let (kind, name, help) = match code {
        Some(ErrorCode::DiskFull) => {
            (Kind::Io, "catalog/disk-full", "free some space and run it again; nothing was left half-done")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (Kind::Busy, "catalog/busy", "another program holds the catalog; run it again in a moment")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            (Kind::Io, "catalog/not-writable", "check who owns shop.db and its folder, and their permissions")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
            Kind::Io,
            "catalog/corrupt",
            "the file is damaged or is no catalog: restore it from a backup; `purvey doctor` says more",
        ),
        Some(ErrorCode::SystemIoFailure) => (Kind::Io, "catalog/io", "the disk refused; nothing was left half-done"),
        _ => return Error::bug(format!("the catalog refused a statement: {error}")).source(error),
    };
    Error::new(kind, name, format!("the catalog could not be used: {error}")).help(help).source(error)
}
