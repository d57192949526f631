//! `--line SKU=QTY`: which line items a person means.
use crate::diagnostic::{Error, Place, Result};
use crate::shop::Shop;
use crate::value::closest::closest;

/// Reads `SKU=QTY`; `SKU` alone is one unit.
pub(crate) fn parse(text: &str) -> Result<(String, i64), String> {
    let Some((sku, quantity)) = text.rsplit_once('=') else { return Ok((text.to_owned(), 1)) };
    match quantity.trim().parse() {
        Ok(quantity @ 1..) => Ok((sku.trim().to_owned(), quantity)),
        _ => Err(format!("{quantity} is no number of units; write SKU=QTY, for example MUG-BLU=2")),
    }
}

/// Channel line ids and quantities for what was asked by SKU or line id; `None` when nothing was: everything open.
pub(crate) fn resolve(
    shop: &Shop,
    channel: &str,
    order_id: &str,
    asked: &[(String, i64)],
) -> Result<Option<Vec<(String, i64)>>> {
    if asked.is_empty() {
        return Ok(None);
    }
    let detail = shop.catalog.read()?.order(channel, order_id)?;
    let lines = detail.map(|d| d.line_items).unwrap_or_default();
    let mut resolved: Vec<(String, i64)> = Vec::new();
    for (name, quantity) in asked {
        let mut left = *quantity;
        let named = |line: &&crate::catalog::LineDetail| {
            line.line_id == *name || line.sku.as_deref() == Some(name) || line.channel_sku.as_deref() == Some(name)
        };
        let mut last = None;
        for line in lines.iter().filter(named) {
            let open = line.quantity - line.canceled - line.shipped;
            let taken = left.min(open);
            last = Some(line.line_id.clone());
            if taken > 0 {
                resolved.push((line.line_id.clone(), taken));
                left -= taken;
            }
        }
        match last {
            // More than is open: the catalog refuses it and says how many are.
            Some(line_id) if left > 0 => resolved.push((line_id, left)),
            Some(_) => {}
            None => {
                let known: Vec<&str> =
                    lines.iter().filter_map(|l| l.sku.as_deref().or(l.channel_sku.as_deref())).collect();
                let help = match closest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("the order has {}", known.join(", ")),
                };
                return Err(Error::usage("order/unknown-line", format!("order {order_id} has no line {name}"))
                    .at(Place::of_sku(name.as_str()))
                    .help(help));
            }
        }
    }
    Ok(Some(merged(resolved)))
}

/// The same line twice is one line of the sum.
fn merged(lines: Vec<(String, i64)>) -> Vec<(String, i64)> {
    let mut merged: Vec<(String, i64)> = Vec::new();
    for (line, quantity) in lines {
        match merged.iter_mut().find(|(known, _)| *known == line) {
            Some((_, sum)) => *sum += quantity,
            None => merged.push((line, quantity)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_people_write_them() {
        assert_eq!(parse("MUG-BLU=2"), Ok(("MUG-BLU".into(), 2)));
        assert_eq!(parse("A=B=3"), Ok(("A=B".into(), 3)));
        assert_eq!(parse("MUG"), Ok(("MUG".into(), 1)));
        assert!(parse("MUG=0").is_err() && parse("MUG=x").is_err());
        assert_eq!(merged(vec![("1".into(), 1), ("2".into(), 1), ("1".into(), 2)]), [("1".into(), 3), ("2".into(), 1)]);
    }
}
