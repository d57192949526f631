//! Secrets by reference: `purvey.toml` says where a key is, never what it is.
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::diagnostic::{Error, Kind, Place, Result};

/// How long a program may take to print a secret: somebody may have to unlock a keyring.
const TIMEOUT: Duration = Duration::from_secs(60);
/// More than this is no secret.
const BYTES_MAX: u64 = 64 * 1024;
const NAP: Duration = Duration::from_millis(10);

/// Reads the secret `reference` points to: `env:NAME`, `file:/path` that nobody else can read, or `command:PROGRAM …`,
/// which prints it: a keyring, a password manager.
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
    if let Some(command) = reference.strip_prefix("command:") {
        return printed(command, TIMEOUT).map_err(|error| error.at(place()));
    }
    // Not repeated in the message: it may well be the key itself.
    Err(Error::usage("secret/literal", "a key must not stand in purvey.toml").at(place()).help(
        "write env:NAME (an environment variable), file:/path (a file only you can read) or command:PROGRAM … (which prints it)",
    ))
}

/// What a program prints. It is run as it stands, without a shell, and nothing that it says gets into a message: that
/// may be the secret.
fn printed(command: &str, timeout: Duration) -> Result<String> {
    let words = words(command).filter(|words| !words.is_empty()).ok_or_else(|| {
        Error::usage("secret/command", "the command has no program, or a quote without its end")
            .help("write it as for a terminal: command:secret-tool lookup service purvey account fair")
    })?;
    let (program, arguments) = (words[0].as_str(), &words[1..]);
    let failed = |what: String| {
        Error::new(Kind::Credentials, "secret/command-failed", format!("{program} {what}"))
            .help("run the command by hand, as the user that runs purvey, and see what it says")
    };
    let mut run = Command::new(program);
    run.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = run.spawn().map_err(|e| failed(format!("cannot be run: {}", e.kind())))?;
    let until = Instant::now() + timeout;
    let (told, hear) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let read = out.take(BYTES_MAX).read_to_end(&mut text);
            // nobody listens any more once the time is up
            let _ = told.send(read.map(|_| text));
        });
    }
    let text = hear.recv_timeout(timeout);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < until && text.is_ok() => std::thread::sleep(NAP),
            _ => {
                // it may have ended by itself meanwhile
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(format!("did not end within {} seconds", timeout.as_secs())));
            }
        }
    };
    if !status.success() {
        return Err(failed(format!("failed ({status})")));
    }
    let text = text.ok().and_then(std::result::Result::ok).and_then(|text| String::from_utf8(text).ok());
    match text.as_deref().map(str::trim) {
        Some(secret) if !secret.is_empty() => Ok(secret.to_owned()),
        _ => Err(failed("printed no secret".to_owned())),
    }
}

/// Words with spaces between them; quotes of either kind hold words together. `None` for one that does not end.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        end if end == c => break,
                        inside => word.push(inside),
                    }
                }
            }
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
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

    #[test]
    fn words_are_told_apart_as_in_a_terminal_and_nothing_is_expanded() {
        let of = |text| words(text).map(|words| words.join("|"));
        assert_eq!(of("pass show  shop/ebay").as_deref(), Some("pass|show|shop/ebay"));
        assert_eq!(
            of(r#"op read "op://Shop Keys/eBay/it's" '' $HOME"#).as_deref(),
            Some("op|read|op://Shop Keys/eBay/it's||$HOME")
        );
        assert_eq!(of("pass 'show"), None);
        assert_eq!(words("  "), Some(vec![]));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_prints_the_secret_and_its_words_get_nowhere_else() {
        assert_eq!(resolve("command:printf '%s\\n' 'id:a secret'", "k").unwrap(), "id:a secret");
        // as it stands: a shell would make something of it
        assert_eq!(resolve("command:echo $(whoami);", "k").unwrap(), "$(whoami);");
        for (command, part) in [
            ("command:sh -c 'echo hidden; echo hidden >&2; exit 3'", "failed"),
            ("command:true", "no secret"),
            ("command:no-such-program-anywhere", "cannot be run"),
        ] {
            let error = resolve(command, "market.x.key").unwrap_err();
            assert_eq!((error.code, error.kind), ("secret/command-failed", Kind::Credentials));
            assert!(error.message.contains(part), "{}", error.message);
            assert!(!format!("{error:?}").contains("hidden"));
        }
        assert_eq!(resolve("command:", "k").unwrap_err().code, "secret/command");
        let late = printed("sleep 30", Duration::from_millis(50)).unwrap_err();
        assert!(late.message.contains("did not end"), "{}", late.message);
    }
}
