//! Our carriers as a marketplace names them, for marketplaces that have a list.
use crate::diagnostic::{Error, Kind, Result};
use crate::value::Carrier;

/// Our id and the marketplace's code, the one that is sent first where several mean the same to us.
pub(super) type Table = [(&'static str, &'static str)];

/// The marketplace's code for our carrier, or for the merchant's word when that is a code itself.
pub(super) fn code(table: &'static Table, word: &str) -> Option<&'static str> {
    let ours = Carrier::find(word).map(|carrier| carrier.id);
    let of_ours = table.iter().find(|(id, _)| Some(*id) == ours);
    let of_theirs = || table.iter().find(|(_, code)| code.eq_ignore_ascii_case(word.trim()));
    of_ours.or_else(of_theirs).map(|(_, code)| *code)
}

/// Our carrier, or the marketplace's own word for one that is in no table.
pub(super) fn ours(table: &Table, code: &str) -> String {
    let known = table.iter().find(|(_, theirs)| theirs.eq_ignore_ascii_case(code)).map(|(id, _)| *id);
    known.or_else(|| Carrier::find(code).map(|carrier| carrier.id)).unwrap_or(code).to_owned()
}

/// The name that is sent where a marketplace takes any: ours, or the merchant's word, unless that is most likely a slip.
pub(super) fn name(word: &str) -> Result<&str> {
    match (Carrier::find(word), Carrier::suggest(word).as_slice()) {
        (Some(carrier), _) => Ok(carrier.name),
        (None, []) if !word.trim().is_empty() => Ok(word),
        _ => Err(unknown(word, &[])),
    }
}

/// The error for a carrier that cannot be told.
pub(super) fn unknown(word: &str, table: &Table) -> Error {
    let near = Carrier::suggest(word).into_iter().map(|carrier| carrier.id);
    let near: Vec<&str> = near.filter(|id| table.is_empty() || table.iter().any(|(known, _)| known == id)).collect();
    let mut takes: Vec<&str> = table.iter().map(|(id, _)| *id).collect();
    takes.dedup();
    let help = match near.as_slice() {
        [] if takes.is_empty() => "name the carrier that has the parcel".to_owned(),
        [] => format!("it takes {}", takes.join(", ")),
        near => format!("did you mean {}? Ship it again with the right --carrier", near.join(", ")),
    };
    Error::new(Kind::Rejected, "market/carrier-unknown", format!("the marketplace has no carrier `{word}`")).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: &Table = &[("dhl", "DHL"), ("dhl", "DHL_PAKET"), ("ups", "UPS"), ("royal-mail", "ROYALMAIL")];

    #[test]
    fn a_carrier_is_found_both_ways() {
        for (word, told) in [("dhl", Some("DHL")), ("DHL Paket", Some("DHL")), ("royalmail", Some("ROYALMAIL"))] {
            assert_eq!(code(TABLE, word), told, "{word}");
        }
        assert_eq!((code(TABLE, "gls"), code(TABLE, "dhl_paket")), (None, Some("DHL")));
        for (code, id) in [("DHL_PAKET", "dhl"), ("ups", "ups"), ("GLS", "gls"), ("Uncle Bob", "Uncle Bob")] {
            assert_eq!(ours(TABLE, code), id);
        }
    }

    #[test]
    fn a_slip_is_pointed_out_before_it_is_sent() {
        assert_eq!((name("ups").unwrap(), name("Uncle Bob").unwrap()), ("UPS", "Uncle Bob"));
        for slip in ["UPSS", ""] {
            assert_eq!(name(slip).unwrap_err().code, "market/carrier-unknown", "{slip}");
        }
        assert!(unknown("Royal Mial", TABLE).help.unwrap().contains("royal-mail"));
        assert_eq!(unknown("gls", TABLE).help.unwrap(), "it takes dhl, ups, royal-mail");
    }
}
