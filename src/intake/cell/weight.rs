//! Weights in the units shops write them in, as whole grams.
use crate::value::Invalid;

/// A unit of weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    nanograms: i128,
}

const UNITS: &[(&[&str], i128)] = &[
    (&["g", "gr", "gram", "grams", "gramm"], 1_000_000_000),
    (&["kg", "kgs", "kilogram", "kilograms", "кг"], 1_000_000_000_000),
    // exact by definition: 0.45359237 kg, and a sixteenth of that
    (&["lb", "lbs", "pound", "pounds"], 453_592_370_000),
    (&["oz", "ounce", "ounces"], 28_349_523_125),
];

impl Unit {
    pub const GRAM: Unit = Unit { nanograms: 1_000_000_000 };
    pub const KILOGRAM: Unit = Unit { nanograms: 1_000_000_000_000 };

    pub fn parse(name: &str) -> Option<Unit> {
        let name = name.trim().to_lowercase();
        let (_, nanograms) = UNITS.iter().find(|(names, _)| names.contains(&name.as_str()))?;
        Some(Unit { nanograms: *nanograms })
    }

    /// The unit a column names: `Weight (lbs)`, `weight_g`, `weight in kg`.
    pub fn of_column(name: &str) -> Option<Unit> {
        let last = name.trim_end_matches([')', ']']).rsplit(['(', '[', '_', ' ']).next()?;
        Unit::parse(last)
    }
}

/// `0.5`, `.5`, `0,5` or `0.5 kg` in grams, rounded; `None` for zero, which stands for "not given". A unit beside the
/// number wins over `unit`.
pub fn grams(text: &str, unit: Option<Unit>) -> Result<Option<i64>, Invalid> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(text.len());
    let (number, own) = text.split_at(end);
    let wrong = || Invalid::new("import/weight", "the weight is not a number", "write it in digits, for example 0.5");
    if number.is_empty() {
        return Err(wrong());
    }
    let unit = if own.trim().is_empty() { unit } else { Unit::parse(own) };
    let Some(unit) = unit else {
        let help = "add `--weight-unit kg` (or g, lb, oz), or name it in the header, as in `Weight (kg)`";
        return Err(Invalid::new(
            "import/weight-unit",
            "nothing says in which unit the weight is: it is not read",
            help,
        ));
    };
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let is_digits = |part: &str| part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) {
        return Err(wrong());
    }
    let fraction = fraction.get(..9).unwrap_or(fraction);
    if !is_digits(fraction) {
        return Err(wrong());
    }
    let billionths: i128 = format!("{whole}{fraction:0<9}").parse().map_err(|_| wrong())?;
    let grams = (billionths * unit.nanograms + 500_000_000_000_000_000) / 1_000_000_000_000_000_000;
    i64::try_from(grams).map(|grams| Some(grams).filter(|grams| *grams > 0)).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_become_whole_grams() {
        let unit = |column: &str| Unit::of_column(column);
        for (text, column, due) in [
            (".5", "Weight (lbs)", Some(227)),
            ("0,25", "Weight (kg)", Some(250)),
            ("0.25 kg", "Weight (lbs)", Some(250)),
            ("1", "weight_oz", Some(28)),
            ("0.0", "Weight (kg)", None),
            ("10 kg", "weight", Some(10_000)),
        ] {
            assert_eq!(grams(text, unit(column)), Ok(due), "{text} {column}");
        }
        assert_eq!(grams("5", None).unwrap_err().code, "import/weight-unit");
        for text in ["1.2.3", "x", ".", "99999999999"] {
            assert!(grams(text, unit("weight_g")).is_err(), "{text}");
        }
    }
}
