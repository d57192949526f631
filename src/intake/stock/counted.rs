//! Which variant a file has counted where, and in which record first, in some 13 bytes a level: it may have millions.
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// First record of each variant and place.
#[derive(Default)]
pub struct Counted(HashMap<Spot, u32, BuildHasherDefault<SideBySide>>);

/// A variant and a place, in two halves, since a number of eight bytes would be laid out in sixteen with its record.
#[derive(PartialEq, Eq)]
struct Spot([u32; 2]);

impl Counted {
    /// The record that counted the variant there before this one, if any did.
    pub fn before(&mut self, variant_id: i64, location_id: i64, record: u64) -> Option<u32> {
        // ids of variants are below 2^47 (a product's times 65536), and a shop has fewer than 65536 locations
        let key = (variant_id << 16 ^ location_id) as u64;
        let record = u32::try_from(record).unwrap_or(u32::MAX);
        let first = *self.0.entry(Spot([(key >> 32) as u32, key as u32])).or_insert(record);
        (first != record).then_some(first)
    }
}

impl Hash for Spot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.0[0]) << 32 | u64::from(self.0[1]));
    }
}

/// Puts up to sixteen places of a variant side by side: files have them together, and memory that was just touched is
/// near. The map finds a place by the lower bits of a hash, and tells neighbors apart by the upper ones.
#[derive(Default)]
struct SideBySide(u64);

impl Hasher for SideBySide {
    fn write_u64(&mut self, key: u64) {
        // 2^64 by the golden ratio, an odd number
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = u128::from(key >> 4) * u128::from(MIX);
        self.0 = ((mixed >> 64) as u64 ^ mixed as u64) << 4 ^ key & 15 ^ key << 60;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0 ^ u64::from(*byte)));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variant_is_counted_once_at_each_place() {
        let mut counted = Counted::default();
        let spots = (1..2_000i64).flat_map(|variant| (1..40).map(move |place| (variant * 65_536, place)));
        for (record, (variant, place)) in (2..).zip(spots.clone()) {
            assert_eq!(counted.before(variant, place, record), None);
        }
        for (record, (variant, place)) in (2..).zip(spots) {
            assert_eq!(counted.before(variant, place, 1_000_000), Some(record));
        }
    }

    #[test]
    fn places_of_a_variant_lie_side_by_side_and_variants_apart() {
        let hash = |variant: u64, place: u64| {
            let mut hasher = SideBySide::default();
            hasher.write_u64(variant << 16 ^ place);
            hasher.finish()
        };
        const MASK: u64 = 0xffff;
        let mut blocks = std::collections::HashSet::new();
        for variant in 0..4_096 {
            let block = hash(variant << 16, 1) & MASK & !15;
            (1..16).for_each(|place| assert_eq!(hash(variant << 16, place) & MASK & !15, block));
            blocks.insert(block);
        }
        assert!(blocks.len() > 2_000, "{} of 4096 blocks", blocks.len());
    }
}
