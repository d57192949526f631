//! Secrets by reference: `purvey.toml` says where a key is, never what it is.
use std::path::Path;

use crate::diagnostic::{Error, Kind, Place, Result};

/// Reads the secret `reference` points to: `env:NAME`, or `file:/path` that nobody else can read.
pub fn resolve(reference: &str, attribute: &str) -> Result<String> {
    let place = || Place::file("purvey.toml").attribute(attribute);
    if let Some(name) = reference.strip_prefix("env:") {
        return match std::env::var(name) {
            Ok(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
            _ => Err(Error::new(Kind::Credentials, "secret/not-set", format!("the environment has no {name}"))
                .at(place())
                .help(format!("export {name}=… before running purvey, or use file:/path"))),
        };
    }
    if let Some(path) = reference.strip_prefix("file:") {
        let path = Path::new(path);
        check_mode(path, place())?;
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read the secret in", path, e))?;
        return Ok(text.trim().to_owned());
    }
    // Not repeated in the message: it may well be the key itself.
    Err(Error::usage("secret/literal", "a key must not stand in purvey.toml")
        .at(place())
        .help("write env:NAME (an environment variable) or file:/path (a file only you can read)"))
}

#[cfg(unix)]
fn check_mode(path: &Path, place: Place) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|e| Error::io("read the secret in", path, e))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::new(Kind::Credentials, "secret/readable-by-others", format!("{} can be read by others", path.display()))
        .at(place)
        .help(format!("chmod 600 {}", path.display())))
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: Place) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_the_file_is_refused_and_not_repeated() {
        let error = resolve("sk_live_51Habc", "market.x.key").unwrap_err();
        assert_eq!(error.code, "secret/literal");
        assert!(!format!("{error:?}").contains("sk_live"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "abc\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let reference = format!("file:{}", path.display());
        assert_eq!(resolve(&reference, "k").unwrap_err().code, "secret/readable-by-others");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(resolve(&reference, "k").unwrap(), "abc");
        assert_eq!(resolve("env:PURVEY_NOT_SET_ANYWHERE", "k").unwrap_err().kind, Kind::Credentials);
    }
}
