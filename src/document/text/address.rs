//! Web addresses as feeds want them: http or https, ASCII, already encoded parts left alone.

/// Why an address cannot go into a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressFault {
    /// Nothing but white space.
    Empty,
    /// A path, or a host without `https://`.
    NoScheme,
    /// `javascript:`, `ftp:`, `data:` and the like.
    OtherScheme,
    /// No host, or one that cannot be one.
    BadHost,
}

impl AddressFault {
    /// What is wrong, to stand after the name of the attribute.
    pub fn message(self) -> &'static str {
        match self {
            AddressFault::Empty => "is empty",
            AddressFault::NoScheme => "does not start with http:// or https://",
            AddressFault::OtherScheme => "is neither http nor https",
            AddressFault::BadHost => "has no valid host name",
        }
    }
}

/// Appends the address with everything outside ASCII, spaces and unsafe marks percent-encoded, and an international
/// host in its ASCII form. `%41` stays, a `%` that encodes nothing becomes `%25`. `commas` are encoded where they would
/// split a list of addresses (Google's text feeds). After an `Err` nothing was appended.
pub fn encode_address(address: &str, commas: bool, out: &mut String) -> Result<(), AddressFault> {
    let address = address.trim();
    let (scheme, rest) = split_scheme(address)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let start = out.len();
    out.push_str(scheme);
    push_authority(authority, out).inspect_err(|_| out.truncate(start))?;
    push_encoded(path, commas, out);
    Ok(())
}

fn split_scheme(address: &str) -> Result<(&'static str, &str), AddressFault> {
    if address.is_empty() {
        return Err(AddressFault::Empty);
    }
    for scheme in ["https://", "http://"] {
        if let Some(start) = address.get(..scheme.len())
            && start.eq_ignore_ascii_case(scheme)
        {
            return Ok((scheme, &address[scheme.len()..]));
        }
    }
    let before_colon = address.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = before_colon.starts_with(|c: char| c.is_ascii_alphabetic())
        && before_colon.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'));
    Err(if is_scheme { AddressFault::OtherScheme } else { AddressFault::NoScheme })
}

fn push_authority(authority: &str, out: &mut String) -> Result<(), AddressFault> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_:@[]%".contains(&b);
    if authority.bytes().all(allowed) && authority.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') {
        out.push_str(authority);
        return Ok(());
    }
    if authority.is_ascii() {
        return Err(AddressFault::BadHost);
    }
    let parsed = url::Url::parse(&format!("http://{authority}")).map_err(|_| AddressFault::BadHost)?;
    out.push_str(parsed.host_str().ok_or(AddressFault::BadHost)?);
    if let Some(port) = parsed.port() {
        out.push_str(&format!(":{port}"));
    }
    Ok(())
}

/// Bytes that do not stand in a path as they are. A table: addresses are short, and most bytes of a feed that is not
/// text are in them.
const UNSAFE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte <= b' ' as usize || byte >= 0x7F;
        byte += 1;
    }
    let marks = b"\"<>\\^`{|}%";
    let mut i = 0;
    while i < marks.len() {
        table[marks[i] as usize] = true;
        i += 1;
    }
    table
};

fn push_encoded(path: &str, commas: bool, out: &mut String) {
    let bytes = path.as_bytes();
    let unsafe_mark = |b: &u8| UNSAFE[usize::from(*b)] | (commas & (*b == b','));
    let mut at = 0;
    while at < bytes.len() {
        let end = bytes[at..].iter().position(unsafe_mark).map_or(bytes.len(), |found| at + found);
        out.push_str(&path[at..end]);
        let Some(c) = path[end..].chars().next() else { return };
        at = end + c.len_utf8();
        let already_encoded =
            c == '%' && bytes.get(at..at + 2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        if already_encoded {
            out.push('%');
        } else {
            bytes[end..at].iter().for_each(|b| push_percent(*b, out));
        }
    }
}

fn push_percent(byte: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use AddressFault::*;
    use proptest::prelude::*;

    fn encoded(address: &str, commas: bool) -> Result<String, AddressFault> {
        let mut out = String::new();
        encode_address(address, commas, &mut out).map(|()| out)
    }

    #[test]
    fn addresses() {
        for (address, expected) in [
            ("https://shop.example/p?v=1#x", Ok("https://shop.example/p?v=1#x")),
            (" HTTP://shop.example ", Ok("http://shop.example")),
            ("https://shop.example/a b/é,1", Ok("https://shop.example/a%20b/%C3%A9,1")),
            ("https://shop.example/%C3%A9?q=100%&r=%4", Ok("https://shop.example/%C3%A9?q=100%25&r=%254")),
            ("https://müller.example/ü", Ok("https://xn--mller-kva.example/%C3%BC")),
            ("https://кружка.рф:8080/x", Ok("https://xn--80allb2as.xn--p1ai:8080/x")),
            ("https://shop.example/日本|{}", Ok("https://shop.example/%E6%97%A5%E6%9C%AC%7C%7B%7D")),
            ("https://[::1]:80/", Ok("https://[::1]:80/")),
            ("", Err(Empty)),
            (" \t", Err(Empty)),
            ("/p/mug", Err(NoScheme)),
            ("shop.example/p", Err(NoScheme)),
            ("//shop.example/p", Err(NoScheme)),
            ("javascript:alert(1)", Err(OtherScheme)),
            ("ftp://shop.example", Err(OtherScheme)),
            ("https://", Err(BadHost)),
            ("https:///p", Err(BadHost)),
            ("https://shop example/p", Err(BadHost)),
            ("https://a<b>/", Err(BadHost)),
        ] {
            assert_eq!(encoded(address, false), expected.map(String::from), "{address}");
        }
        assert_eq!(encoded("https://a.example/1,2", true).unwrap(), "https://a.example/1%2C2");
    }

    #[test]
    fn a_refused_address_leaves_the_buffer_alone() {
        let mut out = String::from("x");
        assert_eq!(encode_address("https://é é/", false, &mut out), Err(BadHost));
        assert_eq!(out, "x");
    }

    proptest! {
        #[test]
        fn what_comes_out_is_ascii_and_stays_as_it_is(path: String) {
            if let Ok(once) = encoded(&format!("https://a.example/{path}"), true) {
                prop_assert!(once.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert_eq!(encoded(&once, true).unwrap(), once);
            }
        }
    }
}
