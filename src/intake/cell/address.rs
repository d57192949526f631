//! Addresses of images: nothing is fetched here, but what no channel could fetch is refused.
use crate::value::Invalid;
use url::{Host, Url};

/// The longest address channels take (Google's specification).
const BYTES_MAX: usize = 2_000;

/// `Ok` with what is doubtful about the address, or why it cannot be used.
pub fn check(text: &str) -> Result<Option<Invalid>, Invalid> {
    if is_ordinary(text) {
        return Ok(None);
    }
    let refuse = |message: &str, help: &str| Err(Invalid::new("import/image-address", message, help));
    let whole = "give the whole address, from https:// on";
    if [", http", ",http", " http", ";http"].iter().any(|next| text.contains(next)) {
        return refuse("there are two addresses in one cell", "give each image a record of its own");
    }
    let Ok(url) = Url::parse(text) else { return refuse("this is not a whole web address", whole) };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("this is not a web address", whole);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("there is a user name in the address", "give an address that anybody may open");
    }
    let doubt = |message: &str, help: &str| Ok(Some(Invalid::new("import/image-address-odd", message, help)));
    match url.host() {
        Some(Host::Domain(name)) if name.contains('.') => {}
        _ => return doubt("the address is not on the open web", "channels fetch it from outside your network"),
    }
    if text.len() > BYTES_MAX {
        return doubt("the address has more than 2000 characters", "channels refuse it; shorten it");
    }
    if text.contains(char::is_whitespace) || !text.is_ascii() {
        return doubt(
            "the address holds characters that have to be escaped",
            "write it as the browser's address bar copies it",
        );
    }
    Ok(None)
}

/// Bytes that an address may hold unescaped.
const SAFE: [bool; 256] = {
    let marks = b"-._~:/?#[]@!$&'()*+=%";
    let mut safe = [false; 256];
    let mut b = 0;
    while b < 256 {
        safe[b] = (b as u8).is_ascii_alphanumeric();
        b += 1;
    }
    let mut i = 0;
    while i < marks.len() {
        safe[marks[i] as usize] = true;
        i += 1;
    }
    safe
};

/// Decides nearly every address without taking it apart: a dotted host name and characters that need no escape.
fn is_ordinary(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let is_name = host.contains('.')
        && host.starts_with(|c: char| c.is_ascii_alphabetic())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    is_name && text.len() <= BYTES_MAX && rest.bytes().all(|b| SAFE[usize::from(b)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_doubted_or_refused() {
        let long = format!("https://cdn.example.com/{}.jpg", "x".repeat(3000));
        for (text, verdict) in [
            ("https://cdn.example.com/a.jpg?v=1&w=2", "ok"),
            ("http://cdn.example.com/a%20b.jpg", "ok"),
            ("https://a.example/x,y.jpg", "ok"),
            ("javascript:alert(1)", "refused"),
            ("file:///etc/passwd", "refused"),
            ("data:image/png;base64,AAAA", "refused"),
            ("//cdn.example.com/x.jpg", "refused"),
            ("ftp://example.com/x.jpg", "refused"),
            ("image.jpg", "refused"),
            ("http://[::1", "refused"),
            ("https://user:pw@example.com/x.jpg", "refused"),
            ("https://a.example/1.jpg, https://a.example/2.jpg", "refused"),
            ("http://169.254.169.254/latest/", "doubted"),
            ("http://localhost/x.jpg", "doubted"),
            ("https://cdn.example.com/a b.jpg", "doubted"),
            ("https://cdn.example.com/ü.jpg", "doubted"),
            (&long, "doubted"),
        ] {
            let found = match check(text) {
                Ok(None) => "ok",
                Ok(Some(_)) => "doubted",
                Err(_) => "refused",
            };
            assert_eq!(found, verdict, "{text:.60}");
        }
    }
}
