//! Counting units: the ledger is opened when the first level differs, so that a file with nothing new leaves nothing.
use crate::catalog::{Change, Ledger, Location, Movement, Put};
use crate::diagnostic::{Error, Result};

/// The location of units that a file counts without one.
pub const MAIN: &str = "main";

pub struct Counter<'c, 'w> {
    change: &'c Change<'w>,
    what: &'static str,
    ledger: Option<Ledger<'c>>,
}

impl<'c, 'w> Counter<'c, 'w> {
    /// `what` says in the ledger which kind of file brought the units.
    pub fn new(change: &'c Change<'w>, what: &'static str) -> Self {
        Counter { change, what, ledger: None }
    }

    /// Somebody counted `quantity` units where `known` were before.
    pub fn count(&mut self, variant_id: i64, location_id: i64, known: Option<i64>, quantity: i64) -> Result<Put> {
        if known == Some(quantity) {
            return Ok(Put::Same);
        }
        self.ledger()?.count_known(variant_id, location_id, known, quantity)
    }

    /// The first count of a variant that was made in this change, with what is available of it.
    pub fn count_first(&mut self, variant_id: i64, location_id: i64, quantity: i64) -> Result<()> {
        self.ledger()?.count_first(variant_id, location_id, quantity)
    }

    /// So many units more, or fewer.
    pub fn adjust(&mut self, variant_id: i64, location_id: i64, by: i64) -> Result<Put> {
        let known = self.change.known_level(variant_id, location_id)?;
        self.ledger()?.record(variant_id, location_id, Movement::Adjusted(by))?;
        Ok(if known.is_some() { Put::Changed } else { Put::New })
    }

    fn ledger(&mut self) -> Result<&mut Ledger<'c>> {
        if self.ledger.is_none() {
            self.ledger = self.change.ledger(&self.change.fresh_cause("import", self.what)?)?;
        }
        self.ledger.as_mut().ok_or_else(|| Error::bug("a cause that is new has happened already"))
    }
}

/// Makes a location and says its id.
pub fn new_location(change: &Change<'_>, code: &str, name: &str, kind: &str) -> Result<i64> {
    change.put_location(&Location {
        code: code.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        fulfills_online: true,
        address: serde_json::Map::new(),
    })?;
    let made = change.locations()?.into_iter().find(|location| location.code == code);
    made.map(|location| location.id).ok_or_else(|| Error::bug("a location just made is not there"))
}
