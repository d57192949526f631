//! What was met before, by its hash, in little memory: a feed may have millions of offers.
//!
//! The standard tables double when they are full, and hold the old one meanwhile: 50 MB where these 20 take a third.

/// Hashes of 64 bits, each with a number where numbers are kept. Tables that are probed one slot after another and grow
/// by a quarter, one after the other.
pub(super) struct Seen {
    parts: Vec<Part>,
    keeps_numbers: bool,
}

#[derive(Default, Clone)]
struct Part {
    /// 0 is an empty slot.
    slots: Vec<u64>,
    /// One for each slot, or none.
    numbers: Vec<u32>,
    len: usize,
}

/// The highest bits of a hash choose its part.
const PART_BITS: u32 = 6;
/// Slots of a part at its beginning.
const SLOTS_MIN: usize = 8;

impl Seen {
    /// Keeps hashes only.
    pub fn hashes() -> Seen {
        Seen { parts: vec![Part::default(); 1 << PART_BITS], keeps_numbers: false }
    }

    pub fn with_numbers() -> Seen {
        Seen { keeps_numbers: true, ..Seen::hashes() }
    }

    /// Puts a hash in; the number it had when it was there, which is 0 where none are kept.
    pub fn insert(&mut self, hash: u64, number: u32) -> Option<u32> {
        let hash = hash.max(1);
        let part = &mut self.parts[(hash >> (u64::BITS - PART_BITS)) as usize];
        if part.is_full() {
            part.grow(self.keeps_numbers);
        }
        part.put(hash, number)
    }
}

impl Part {
    /// Five sixths: a slot is found after a dozen looks on the average, which are next to one another.
    fn is_full(&self) -> bool {
        self.len * 6 >= self.slots.len() * 5
    }

    fn grow(&mut self, keeps_numbers: bool) {
        let slots = self.slots.len() + (self.slots.len() / 4).max(SLOTS_MIN);
        let numbers = vec![0; if keeps_numbers { slots } else { 0 }];
        let old = std::mem::replace(self, Part { slots: vec![0; slots], numbers, len: 0 });
        for (slot, hash) in old.slots.iter().enumerate().filter(|(_, hash)| **hash != 0) {
            self.put(*hash, old.number(slot));
        }
    }

    fn number(&self, slot: usize) -> u32 {
        self.numbers.get(slot).copied().unwrap_or_default()
    }

    fn put(&mut self, hash: u64, number: u32) -> Option<u32> {
        let mut slot = ((u128::from(hash << PART_BITS) * self.slots.len() as u128) >> u64::BITS) as usize;
        while self.slots[slot] != 0 && self.slots[slot] != hash {
            slot = if slot + 1 == self.slots.len() { 0 } else { slot + 1 };
        }
        let before = (self.slots[slot] == hash).then(|| self.number(slot));
        self.len += usize::from(before.is_none());
        self.slots[slot] = hash;
        if let Some(kept) = self.numbers.get_mut(slot) {
            *kept = number;
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn as_the_standard_map_has_it(
            hashes in prop::collection::vec(prop_oneof![1..u64::MAX, 1..40_u64, (u64::MAX - 40)..], 0..600)
        ) {
            let (mut known, mut numbered, mut seen) = (HashMap::new(), Seen::with_numbers(), Seen::hashes());
            for (number, hash) in hashes.into_iter().enumerate() {
                let before = known.insert(hash, number as u32);
                prop_assert_eq!(numbered.insert(hash, number as u32), before);
                prop_assert_eq!(seen.insert(hash, 7).is_some(), before.is_some());
            }
        }
    }
}
