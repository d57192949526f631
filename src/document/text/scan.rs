//! Finding the next byte that needs care, many bytes at a time.

/// Wide enough for two SSE or one AVX2 register; the fold below compiles to vector compares.
const BLOCK: usize = 32;

/// Index of the first byte at or after `from` for which `stop` holds, else the length.
#[inline(always)]
pub(super) fn find(bytes: &[u8], from: usize, stop: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let (blocks, _) = rest.as_chunks::<BLOCK>();
    let clean = blocks.iter().take_while(|block| !block.iter().fold(false, |hit, &b| hit | stop(b))).count();
    let skipped = clean * BLOCK;
    skipped + from + rest[skipped..].iter().position(|&b| stop(b)).unwrap_or(rest.len() - skipped)
}

/// Appends `value` to `out`, passing clean runs as they are and every byte at which `stop` holds to `special`, which
/// appends what stands for it and says how many bytes it took.
#[inline(always)]
pub(super) fn copy_runs(
    value: &str,
    out: &mut Vec<u8>,
    stop: impl Fn(u8) -> bool,
    mut special: impl FnMut(&[u8], &mut Vec<u8>) -> usize,
) {
    let bytes = value.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let end = find(bytes, at, &stop);
        out.extend_from_slice(&bytes[at..end]);
        at = end;
        if at < bytes.len() {
            at += special(&bytes[at..], out).max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_stop_wherever_it_stands() {
        for len in [0, 1, 31, 32, 33, 64, 100] {
            for at in 0..=len {
                let mut bytes = vec![b'a'; len];
                if at < len {
                    bytes[at] = b'<';
                }
                for from in 0..=at {
                    assert_eq!(find(&bytes, from, |b| b == b'<'), at, "len {len}, from {from}");
                }
            }
        }
    }
}
