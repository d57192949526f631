//! The SKUs of a file and where each stood first, in some 30 bytes a SKU, so that a million of them fit in memory.
use super::looks::look;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Where a SKU stood.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    pub record: u32,
    pub line: u32,
    /// Of the SKU's bytes.
    raw: u32,
    /// Of the whole record, to tell a repetition from a conflict.
    digest: u32,
    /// Its record was not taken, or taken back.
    pub refused: bool,
}

/// What is known about a SKU when it comes up.
#[derive(Debug)]
pub enum Sight {
    New,
    /// Another SKU that looks the same stood there.
    LooksLike(Spot),
    /// The same SKU in a record that is equal cell by cell.
    Repeated(Spot),
    /// The same SKU in another record.
    Duplicate(Spot),
}

#[derive(Default)]
pub struct Seen {
    by_look: HashMap<u64, Spot, RandomState>,
    /// SKUs that look like an earlier one, by their bytes.
    others: HashMap<u64, Spot, RandomState>,
}

impl Seen {
    /// Notes a SKU where it stands, unless it stood somewhere before.
    pub fn see(&mut self, sku: &str, record: u64, line: u64, digest: u64) -> Sight {
        let raw = xxh3_64(sku.as_bytes());
        let spot =
            Spot { record: short(record), line: short(line), raw: raw as u32, digest: digest as u32, refused: false };
        let first = *self.by_look.entry(look(sku)).or_insert(spot);
        let known = if first.raw == spot.raw { first } else { *self.others.entry(raw).or_insert(spot) };
        if known.record != spot.record {
            return if known.digest == spot.digest { Sight::Repeated(known) } else { Sight::Duplicate(known) };
        }
        if first.record != spot.record { Sight::LooksLike(first) } else { Sight::New }
    }

    pub fn contains(&self, sku: &str) -> bool {
        let raw = xxh3_64(sku.as_bytes());
        self.by_look.get(&look(sku)).is_some_and(|spot| spot.raw == raw as u32) || self.others.contains_key(&raw)
    }

    /// Says that the record in which the SKU stood first is not taken.
    pub fn refuse(&mut self, sku: &str) {
        let raw = xxh3_64(sku.as_bytes());
        match self.by_look.get_mut(&look(sku)) {
            Some(spot) if spot.raw == raw as u32 => spot.refused = true,
            _ => {
                if let Some(spot) = self.others.get_mut(&raw) {
                    spot.refused = true;
                }
            }
        }
    }
}

/// A place beyond four thousand million is as good as the last.
fn short(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_is_new_repeated_in_conflict_or_a_look_alike() {
        let mut seen = Seen::default();
        assert!(matches!(seen.see("A-1", 2, 2, 7), Sight::New));
        assert!(matches!(seen.see("A-1", 3, 3, 7), Sight::Repeated(Spot { record: 2, .. })));
        assert!(matches!(seen.see("A-1", 4, 9, 8), Sight::Duplicate(Spot { record: 2, refused: false, .. })));
        assert!(matches!(seen.see("a-1", 5, 5, 1), Sight::LooksLike(Spot { record: 2, .. })));
        assert!(matches!(seen.see("a-1", 6, 6, 2), Sight::Duplicate(Spot { record: 5, .. })));
        seen.refuse("a-1");
        assert!(matches!(seen.see("a-1", 7, 7, 2), Sight::Duplicate(Spot { record: 5, refused: true, .. })));
        assert!(matches!(seen.see("A-1", 8, 8, 2), Sight::Duplicate(Spot { record: 2, refused: false, .. })));
        assert!(seen.contains("A-1") && seen.contains("a-1") && !seen.contains("A-2"));
    }
}
