//! What the buyer paid for the lines of an order, and so what a refund of some units comes to. Pure.

/// One line, as it is known.
#[derive(Debug, Clone, Copy)]
pub struct LinePrice {
    pub quantity: i64,
    pub canceled: i64,
    /// Of one unit, with or without tax: marketplaces differ.
    pub price_minor: i64,
    /// Of the whole line.
    pub tax_minor: i64,
}

/// What the buyer paid for all units of each line, taxes and all. `None` when that does not add up to the order's total:
/// then a price hides a discount, or a tax that nobody told, and only a person knows the amount.
pub fn paid(total_minor: i64, shipping_minor: i64, lines: &[LinePrice]) -> Option<Vec<i64>> {
    let readings = [(false, false), (false, true), (true, false), (true, true)];
    readings.into_iter().find_map(|(taxed, without_canceled)| {
        let of = |line: &LinePrice, units: i64| {
            line.price_minor.checked_mul(units)?.checked_add(if taxed { line.tax_minor } else { 0 })
        };
        let counted = |line: &LinePrice| line.quantity - if without_canceled { line.canceled } else { 0 };
        let goods = lines.iter().try_fold(0i64, |sum, line| sum.checked_add(of(line, counted(line))?))?;
        if goods.checked_add(shipping_minor)? != total_minor {
            return None;
        }
        lines.iter().map(|line| of(line, line.quantity)).collect()
    })
}

/// What of it is for `units`; `None` when it cannot be divided without a rest.
pub fn share(paid_minor: i64, quantity: i64, units: i64) -> Option<i64> {
    let part = paid_minor.checked_mul(units)?;
    (quantity > 0 && part % quantity == 0).then(|| part / quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(quantity: i64, canceled: i64, price_minor: i64, tax_minor: i64) -> LinePrice {
        LinePrice { quantity, canceled, price_minor, tax_minor }
    }

    #[test]
    fn prices_are_read_as_the_total_has_them() {
        let two = [line(2, 0, 1290, 412), line(1, 0, 500, 80)];
        // taxes are in the prices, or come on top
        assert_eq!(paid(3570, 490, &two), Some(vec![2580, 500]));
        assert_eq!(paid(3572, 0, &two), Some(vec![2992, 580]));
        // a total that no longer has what was canceled, and one that still has it
        assert_eq!(paid(1290, 0, &[line(2, 1, 1290, 0)]), Some(vec![2580]));
        assert_eq!(paid(2580, 0, &[line(2, 1, 1290, 0)]), Some(vec![2580]));
    }

    #[test]
    fn what_does_not_add_up_is_not_guessed() {
        assert_eq!(paid(3000, 0, &[line(2, 0, 1290, 0), line(1, 0, 500, 0)]), None);
        assert_eq!(paid(i64::MAX, 1, &[line(2, 0, i64::MAX, 0)]), None);
        assert_eq!((share(1000, 3, 3), share(1000, 3, 1), share(900, 3, 2)), (Some(1000), None, Some(600)));
        assert_eq!(share(1000, 0, 1), None);
    }
}
