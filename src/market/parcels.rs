//! Whether a parcel that is to be sent is one that the marketplace has already.
use super::faults::{conflict, rejected};
use super::{Parcel, Receipt};
use crate::diagnostic::Result;

/// What the parcels a marketplace has say of one that is to be sent: `None` when it is to be sent. `fits` says whether
/// all its units are still open there; without it a parcel that is not known can only be refused.
///
/// # Errors
/// `market/tracking-conflict` for a parcel that is known under another number, `market/rejected`.
pub(super) fn settled(parcel: &Parcel, known: &[Parcel], fits: bool) -> Result<Option<Receipt>> {
    let number = parcel.tracking_number.as_deref();
    let is_same = |other: &Parcel| sorted(&other.lines) == sorted(&parcel.lines);
    let numbered = |other: &&Parcel| number.is_some() && other.tracking_number.as_deref() == number;
    let bare = |other: &&Parcel| {
        let unnumbered = number.is_none() && other.tracking_number.is_none();
        unnumbered && other.package_number == parcel.package_number && is_same(other)
    };
    if known.iter().any(|other| numbered(&other) || bare(&other)) {
        return Ok(Some(Receipt::AlreadyDone));
    }
    if fits {
        return Ok(None);
    }
    match known.iter().find(|other| is_same(other)) {
        Some(other) => Err(conflict(parcel, other.tracking_number.as_deref())),
        None => Err(rejected(format!(
            "parcel {} of order {} holds more units than are open there",
            parcel.package_number, parcel.order_id
        ))),
    }
}

fn sorted(lines: &[(String, i64)]) -> Vec<&(String, i64)> {
    let mut lines: Vec<_> = lines.iter().collect();
    lines.sort();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(package_number: u32, units: i64, number: Option<&str>) -> Parcel {
        Parcel {
            order_id: "O".to_owned(),
            package_number,
            lines: vec![("L".to_owned(), units)],
            carrier: "ups".to_owned(),
            tracking_number: number.map(str::to_owned),
            shipped_at: jiff::Timestamp::UNIX_EPOCH,
            location: None,
            last: false,
        }
    }

    #[test]
    fn a_parcel_is_sent_once_under_one_number() {
        let known = [parcel(1, 1, Some("A")), parcel(2, 2, None)];
        let of = |parcel: &Parcel, fits| settled(parcel, &known, fits).map_err(|error| error.code);
        assert_eq!(of(&parcel(1, 1, Some("A")), false), Ok(Some(Receipt::AlreadyDone)));
        assert_eq!(of(&parcel(3, 1, Some("B")), true), Ok(None));
        assert_eq!(of(&parcel(1, 1, Some("B")), false), Err("market/tracking-conflict"));
        assert_eq!(of(&parcel(2, 2, None), true), Ok(Some(Receipt::AlreadyDone)));
        assert_eq!(of(&parcel(3, 2, None), true), Ok(None));
        assert_eq!(of(&parcel(3, 9, Some("B")), false), Err("market/rejected"));
    }
}
