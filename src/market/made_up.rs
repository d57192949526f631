//! Ids that a connector makes up: UUIDs of version 8 (RFC 9562), by which a recording tells them from those it was given.
use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

/// Another one at every moment and for every purpose.
pub(super) fn id(purpose: &str, now: Timestamp) -> String {
    let hash = xxh3_128(format!("{} {purpose}", now.as_nanosecond()).as_bytes());
    let versioned = (hash & !(0xf000_c000_u128 << 48)) | (0x8000_8000_u128 << 48);
    let text = format!("{versioned:032x}");
    let mut id = String::with_capacity(36);
    for (nth, digit) in text.chars().enumerate() {
        if matches!(nth, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_8_and_differ() {
        let (one, other) = (id("a", Timestamp::UNIX_EPOCH), id("b", Timestamp::UNIX_EPOCH));
        assert_ne!(one, other);
        for id in [one, other] {
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
            assert!(id.chars().nth(14) == Some('8') && id.chars().nth(19).is_some_and(|c| "89ab".contains(c)), "{id}");
        }
    }
}
