//! What was met before, by its hash, in little memory: a feed may have millions of offers.
//!
//! The standard tables double, and so are half empty on the average, and less than half full at a million of anything.

/// Hashes of 64 bits in a table that is probed one slot after another and grows by half.
#[derive(Default)]
pub(super) struct Seen {
    /// 0 is an empty slot.
    slots: Vec<u64>,
    len: usize,
}

/// The same, with a number for each.
#[derive(Default)]
pub(super) struct Numbered {
    seen: Seen,
    numbers: Vec<u32>,
}

/// Slots at the beginning.
const SLOTS_MIN: usize = 64;

impl Seen {
    /// False when it was there.
    pub fn insert(&mut self, hash: u64) -> bool {
        if self.is_full() {
            for hash in self.grow().into_iter().filter(|hash| *hash != 0) {
                let _ = self.put(hash);
            }
        }
        self.put(hash).is_ok()
    }

    /// Three quarters: then a slot is found after two or three looks.
    fn is_full(&self) -> bool {
        self.len * 4 >= self.slots.len() * 3
    }

    /// The slots before; the new ones are empty.
    fn grow(&mut self) -> Vec<u64> {
        let slots = (self.slots.len() + self.slots.len() / 2).max(SLOTS_MIN);
        self.len = 0;
        std::mem::replace(&mut self.slots, vec![0; slots])
    }

    /// The slot it was put into; that which has it already is the error.
    fn put(&mut self, hash: u64) -> Result<usize, usize> {
        let hash = hash.max(1);
        let mut slot = ((u128::from(hash) * self.slots.len() as u128) >> 64) as usize;
        loop {
            match self.slots[slot] {
                0 => break,
                other if other == hash => return Err(slot),
                _ if slot + 1 == self.slots.len() => slot = 0,
                _ => slot += 1,
            }
        }
        self.slots[slot] = hash;
        self.len += 1;
        Ok(slot)
    }
}

impl Numbered {
    /// Gives `number` to a hash, and back the one it had.
    pub fn insert(&mut self, hash: u64, number: u32) -> Option<u32> {
        if self.seen.is_full() {
            let old = self.seen.grow();
            let numbers = std::mem::replace(&mut self.numbers, vec![0; self.seen.slots.len()]);
            for (hash, number) in old.into_iter().zip(numbers).filter(|(hash, _)| *hash != 0) {
                self.put(hash, number);
            }
        }
        self.put(hash, number)
    }

    fn put(&mut self, hash: u64, number: u32) -> Option<u32> {
        match self.seen.put(hash) {
            Ok(slot) => {
                self.numbers[slot] = number;
                None
            }
            Err(slot) => Some(std::mem::replace(&mut self.numbers[slot], number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn as_the_standard_map_has_it(hashes in prop::collection::vec(prop_oneof![any::<u64>(), 1..40_u64, (u64::MAX - 40)..], 0..600)) {
            let (mut known, mut numbered, mut seen) = (HashMap::new(), Numbered::default(), Seen::default());
            for (number, hash) in hashes.into_iter().enumerate() {
                let before = known.insert(hash, number as u32);
                prop_assert_eq!(numbered.insert(hash, number as u32), before);
                prop_assert_eq!(seen.insert(hash), before.is_none());
            }
        }
    }
}
