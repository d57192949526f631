//! "Did you mean": the known word that a mistyped one resembles most.
use super::text::fold_key;

/// Longer words are not compared: nobody mistypes them, and the work grows with the square of the length.
const CHARS_MAX: usize = 48;

/// The candidate nearest to `word`, if it is near enough to be a typing error; case and punctuation do not count.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|candidate| Some((nearness(word, candidate)?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Typing errors between two words, or `None` when there are too many for one to be a slip for the other:
/// more than a third of the shorter word, at least one.
pub fn nearness(a: &str, b: &str) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (fold_key(a).chars().collect(), fold_key(b).chars().collect());
    let allowed = (a.len().min(b.len()) / 3).max(1);
    if a.len().min(b.len()) < 2 || a.len().max(b.len()) > CHARS_MAX || a.len().abs_diff(b.len()) > allowed {
        return None;
    }
    Some(distance(&a, &b)).filter(|distance| *distance <= allowed)
}

/// Insertions, deletions, replacements and swaps of neighbors that turn `a` into `b` (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_the_word_that_was_meant() {
        let words = ["title", "description", "price", "sale_price", "gtin", "id"];
        for (typed, meant) in [
            ("titel", Some("title")),
            ("TITLE", Some("title")),
            ("descripton", Some("description")),
            ("saleprice", Some("sale_price")),
            ("prize", Some("price")),
            ("gtni", Some("gtin")),
            ("weight", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(closest(typed, words), meant, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn nearness_has_no_direction(a in any::<String>(), b in "[a-c]{0,8}", c in "[a-c]{0,8}") {
            prop_assert_eq!(nearness(&a, &b), nearness(&b, &a));
            prop_assert_eq!(nearness(&b, &c), nearness(&c, &b));
        }
    }
}
