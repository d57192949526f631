//! Our carrier as the operator names it (SH21): by code where it is registered, else by name.
use std::sync::PoisonError;

use serde_json::{Map, Value, json};

use super::{Mirakl, wire};
use crate::diagnostic::Result;
use crate::market::{Parcel, Port, Request};
use crate::value::{Carrier, TrackingNumber, text};

impl Mirakl {
    /// The tracking of OR23 and ST01, which name the parcel's page differently: `url_field`.
    pub(super) fn tracking(&self, port: &dyn Port, parcel: &Parcel, url_field: &str) -> Result<Map<String, Value>> {
        let ours = Carrier::find(&parcel.carrier);
        let mut tracking = Map::new();
        let Some(number) = &parcel.tracking_number else {
            // a registered carrier is not taken without a number
            tracking.insert("carrier_name".to_owned(), json!(ours.map_or(parcel.carrier.as_str(), |ours| ours.name)));
            return Ok(tracking);
        };
        let registered = registered(&self.carriers(port)?, &parcel.carrier, ours).map(|carrier| carrier.code.clone());
        match registered {
            Some(code) => drop(tracking.insert("carrier_code".to_owned(), json!(code))),
            None => {
                tracking.insert("carrier_name".to_owned(), json!(ours.map_or(parcel.carrier.as_str(), |o| o.name)));
                let page = ours.zip(TrackingNumber::parse(number).ok()).and_then(|(ours, number)| ours.url_of(&number));
                if let Some(page) = page {
                    tracking.insert(url_field.to_owned(), json!(page));
                }
            }
        }
        tracking.insert("tracking_number".to_owned(), json!(number));
        Ok(tracking)
    }

    fn carriers(&self, port: &dyn Port) -> Result<Vec<wire::Carrier>> {
        let mut known = self.carriers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(carriers) = &*known {
            return Ok(carriers.clone());
        }
        let request = Request::get("carriers", &["api", "shipping", "carriers"])?;
        let told: wire::Carriers = self.send(port, request)?.json()?;
        Ok(known.insert(told.carriers).clone())
    }
}

/// The operator's carrier that is called like ours, or the merchant's word for one purvey does not know; else one that
/// purvey takes for the same.
fn registered<'a>(theirs: &'a [wire::Carrier], word: &str, ours: Option<&Carrier>) -> Option<&'a wire::Carrier> {
    let names = [Some(word), ours.map(|ours| ours.id), ours.map(|ours| ours.name)].map(|name| name.map(text::fold_key));
    let called =
        |carrier: &&wire::Carrier| carrier.spellings().any(|known| names.contains(&Some(text::fold_key(known))));
    let taken =
        |carrier: &&wire::Carrier| ours.is_some() && carrier.spellings().any(|known| Carrier::find(known) == ours);
    theirs.iter().find(called).or_else(|| theirs.iter().find(taken))
}

/// What a parcel the marketplace tells of was sent with, in our words.
pub(super) fn ours(code: Option<&str>, name: Option<&str>) -> String {
    let told = [name, code];
    let known = told.into_iter().flatten().find_map(Carrier::find).map(|carrier| carrier.id);
    known.or(name).or(code).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_is_found_under_the_operators_name() {
        let carrier = |code: &str, label: &str| wire::Carrier {
            code: code.to_owned(),
            label: label.to_owned(),
            standard_code: None,
        };
        let theirs = [
            carrier("C1", "DHL Express Worldwide"),
            carrier("C2", "DHL Paket"),
            carrier("ups", "United Parcel"),
            carrier("PAPERBOAT", "Paper Boat Express"),
            carrier("C5", "La Poste Colissimo"),
        ];
        for (word, code) in [
            ("dhl", Some("C2")),
            ("dhl-express", Some("C1")),
            ("ups", Some("ups")),
            ("colissimo", Some("C5")),
            ("paper boat express", Some("PAPERBOAT")),
            ("Paperboat", Some("PAPERBOAT")),
            ("gls", None),
            ("Uncle Bob", None),
        ] {
            let found = registered(&theirs, word, Carrier::find(word));
            assert_eq!(found.map(|carrier| carrier.code.as_str()), code, "{word}");
        }
        assert_eq!(ours(Some("C2"), Some("DHL Paket")), "dhl");
        assert_eq!(ours(None, Some("Uncle Bob")), "Uncle Bob");
    }
}
