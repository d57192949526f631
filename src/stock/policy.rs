//! How much of what is available one channel is told.
use serde::{Deserialize, Deserializer};

/// `[channel.x.stock]` and `[market.x.stock]`: `min(max, floor(percent of available) - buffer)`, and never below zero.
///
/// What is available is first summed over the locations; in feeds by store it is that store's number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StockPolicy {
    /// The share that may be offered, 0 to 100.
    #[serde(deserialize_with = "share")]
    pub percent: u8,
    /// Units kept back from this channel, beyond safety stock.
    pub buffer: u32,
    /// Most units ever told.
    pub max: Option<u32>,
    /// With so many units available, or fewer, none is offered.
    pub threshold: u32,
    /// Codes of the locations that count; all when empty.
    pub locations: Vec<String>,
}

impl Default for StockPolicy {
    fn default() -> Self {
        StockPolicy { percent: 100, buffer: 0, max: None, threshold: 0, locations: Vec::new() }
    }
}

fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let percent = u8::deserialize(deserializer)?;
    if percent <= 100 { Ok(percent) } else { Err(serde::de::Error::custom("a share is 0 to 100 percent")) }
}

impl StockPolicy {
    /// Units offered when `available` units are there.
    pub fn offered(&self, available: i64) -> i64 {
        if available <= i64::from(self.threshold) {
            return 0;
        }
        // In two parts, so that no number is too large to multiply.
        let percent = i64::from(self.percent);
        let share = available / 100 * percent + available % 100 * percent / 100;
        let rest = share - i64::from(self.buffer);
        rest.clamp(0, self.max.map_or(i64::MAX, i64::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(text: &str) -> StockPolicy {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn share_buffer_most_and_threshold_in_this_order() {
        for (text, available, offered) in [
            ("", 7, 7),
            ("", -3, 0),
            ("percent = 50", 7, 3),
            ("percent = 33", 299, 98),
            ("percent = 0", 7, 0),
            ("buffer = 2", 7, 5),
            ("buffer = 2", 2, 0),
            ("buffer = 2", 1, 0),
            ("percent = 50\nbuffer = 2", 7, 1),
            ("percent = 50\nbuffer = 2\nmax = 10", 100, 10),
            ("max = 10", 10, 10),
            ("max = 0", 10, 0),
            ("threshold = 3", 3, 0),
            ("threshold = 3", 4, 4),
            ("threshold = 3\npercent = 50", 4, 2),
            ("", i64::MAX, i64::MAX),
            ("percent = 50", i64::MAX, i64::MAX / 2),
        ] {
            assert_eq!(policy(text).offered(available), offered, "{text:?} of {available}");
        }
    }

    #[test]
    fn a_policy_that_means_nothing_is_refused() {
        for text in ["percent = 101", "percent = -1", "buffer = -1", "bufer = 1", "locations = 'MAIN'"] {
            assert!(toml::from_str::<StockPolicy>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_below_zero_nor_above_what_there_is(
            available: i64, percent in 0..=100_u8, buffer: u32, max: Option<u32>, threshold: u32,
        ) {
            let policy = StockPolicy { percent, buffer, max, threshold, locations: Vec::new() };
            let offered = policy.offered(available);
            prop_assert!(offered >= 0 && offered <= available.max(0));
            prop_assert!(max.is_none_or(|max| offered <= i64::from(max)));
            let fewer = policy.offered(available.saturating_sub(1));
            prop_assert!(fewer <= offered);
        }
    }
}
