//! What every offer of a feed costs, in eight bytes each: enough to see that prices jump.
use xxhash_rust::xxh3::xxh3_64;

/// A hash of each SKU and the digits of its price, by hash. That two SKUs share a hash is rare, and changes a share of many
/// offers by nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices(Vec<(u32, u32)>);

/// How many offers two feeds share, and how many of them cost much more or much less in the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jumps {
    pub jumped: u64,
    pub shared: u64,
}

impl Prices {
    /// What is kept of one offer; `price` as the contract shapes it: `12.90 EUR`.
    pub(super) fn entry(sku: &str, price: &str) -> (u32, u32) {
        // the low half of a good hash is a good hash
        (xxh3_64(sku.as_bytes()) as u32, digits(price))
    }

    pub(super) fn extend(&mut self, entry: Option<(u32, u32)>) {
        self.0.extend(entry);
    }

    /// In order, once all are in.
    pub(super) fn sort(&mut self) {
        self.0.sort_unstable();
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(sku, minor)| [sku.to_le_bytes(), minor.to_le_bytes()]).flatten().collect()
    }

    /// What [`to_bytes`](Prices::to_bytes) made.
    pub fn from_bytes(bytes: &[u8]) -> Prices {
        let (numbers, _) = bytes.as_chunks::<4>();
        let (pairs, _) = numbers.as_chunks::<2>();
        Prices(pairs.iter().map(|[sku, minor]| (u32::from_le_bytes(*sku), u32::from_le_bytes(*minor))).collect())
    }

    /// Compares with a newer feed: a jump is a change by more than `percent` of the old price.
    pub fn jumps(&self, newer: &Prices, percent: u32) -> Jumps {
        let (mut old, mut new) = (self.0.iter().peekable(), newer.0.iter().peekable());
        let mut jumps = Jumps { jumped: 0, shared: 0 };
        while let (Some((old_sku, was)), Some((new_sku, is))) = (old.peek(), new.peek()) {
            if old_sku == new_sku {
                jumps.shared += 1;
                jumps.jumped += u64::from(is_jump(*was, *is, percent));
            }
            let (older_first, newer_first) = (old_sku <= new_sku, new_sku <= old_sku);
            older_first.then(|| old.next());
            newer_first.then(|| new.next());
        }
        jumps
    }
}

/// The digits of a price, as the contract shapes it.
pub(super) fn digits(price: &str) -> u32 {
    let digits = price.bytes().take_while(|byte| *byte != b' ').filter(u8::is_ascii_digit);
    digits.fold(0_u32, |sum, digit| sum.saturating_mul(10).saturating_add(u32::from(digit - b'0')))
}

/// Whether a price changes by more than `percent` of the old one.
pub fn is_jump(was: u32, is: u32, percent: u32) -> bool {
    u64::from(was.abs_diff(is)) * 100 > u64::from(was) * u64::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(of: &[(&str, &str)]) -> Prices {
        let mut prices = Prices::default();
        of.iter().for_each(|(sku, price)| prices.extend(Some(Prices::entry(sku, price))));
        prices.sort();
        prices
    }

    #[test]
    fn jumps_are_counted_among_the_offers_both_have() {
        let old = prices(&[("A", "10.00 EUR"), ("B", "20.00 EUR"), ("C", "1.00 EUR"), ("GONE", "5.00 EUR")]);
        let new = prices(&[("NEW", "9.00 EUR"), ("C", "1.51 EUR"), ("A", "15.00 EUR"), ("B", "9.99 EUR")]);
        assert_eq!(old.jumps(&new, 50), Jumps { jumped: 2, shared: 3 });
        assert_eq!(old.jumps(&new, 51), Jumps { jumped: 0, shared: 3 });
        assert_eq!(old.jumps(&old, 0), Jumps { jumped: 0, shared: 4 });
        assert_eq!(Prices::from_bytes(&old.to_bytes()), old);
        assert_eq!(Prices::default().jumps(&new, 0), Jumps { jumped: 0, shared: 0 });
        // a price no number holds is the largest there is
        assert_eq!(prices(&[("A", "99999999999.00 EUR")]).0[0].1, u32::MAX);
    }
}
