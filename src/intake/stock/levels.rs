//! Units at locations into the catalog, whatever their format: each variant and place is counted once in a file.
use super::counted::Counted;
use super::counter::{Counter, MAIN, new_location};
use crate::catalog::{Change, KnownLocation, OnHand};
use crate::diagnostic::{Diagnostic, Place, Result};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::products::row::made_sku;
use crate::value::Invalid;
use crate::value::closest::closest;
use foldhash::fast::RandomState;
use std::borrow::Cow;
use std::collections::HashMap;

/// One count, or change, of the units of a variant at a place.
#[derive(Debug)]
pub struct LevelRow<'r> {
    pub sku: Cow<'r, str>,
    /// Handle and choices, for sources that name variants by them.
    pub choice: Option<(String, Vec<String>)>,
    /// As the file calls it; `None` where it has no column for it.
    pub location: Option<Cow<'r, str>>,
    pub amount: Amount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    Counted(i64),
    Changed(i64),
}

/// A cell of a row that may be at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelField {
    Sku,
    Location,
    Quantity,
}

/// What a source may do with locations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locations {
    /// Only those the catalog knows, by their code.
    Known,
    /// The source is where locations are kept: they are found by name, too, and made when they are new. What was
    /// counted without a location goes, since this file says where it is.
    Made,
}

pub struct Levels<'c, 'w> {
    change: &'c Change<'w>,
    policy: Locations,
    locations: Vec<KnownLocation>,
    /// Ids of locations by what the file calls them.
    by_name: HashMap<String, i64, RandomState>,
    /// Where units are whose rows name no location.
    default: Option<i64>,
    counter: Counter<'c, 'w>,
    counted: Counted,
    /// The SKU of the row before, and its variant.
    last: Option<(String, i64)>,
    /// What was there before this file, which counts a place once.
    on_hand: OnHand<'c>,
    pub counts: Counts,
}

impl<'c, 'w> Levels<'c, 'w> {
    pub fn new(change: &'c Change<'w>, policy: Locations) -> Result<Self> {
        change.put_off_indexes()?;
        Ok(Levels {
            change,
            policy,
            locations: change.locations()?,
            by_name: HashMap::default(),
            default: None,
            counter: Counter::new(change, "stock"),
            counted: Counted::default(),
            last: None,
            on_hand: change.on_hand()?,
            counts: Counts::default(),
        })
    }

    /// Settles where units are whose rows name no location: where the user says, at the only place there is, or at
    /// `main` as long as there is none.
    pub fn settle_default(&mut self, wanted: Option<&str>) -> Result<(), Invalid> {
        self.default = match (wanted, self.locations.as_slice()) {
            (Some(code), _) => Some(self.by_code(code)?),
            (None, [only]) => Some(only.id),
            (None, []) => None,
            (None, several) => {
                let codes: Vec<&str> = several.iter().map(|location| location.code.as_str()).collect();
                let help = format!("add a `store_code` column, or `--location` with one of {}", codes.join(", "));
                return Err(Invalid::new("import/which-location", "the file does not say where the units are", help));
            }
        };
        Ok(())
    }

    pub fn take(
        &mut self,
        row: &LevelRow<'_>,
        record: u64,
        place: &dyn Fn(LevelField) -> Place,
        findings: &mut Findings<'_>,
    ) -> Result<Result<(), Refusal>> {
        let refuse = |field, invalid: Invalid| Ok(Err(Box::new(Diagnostic::from(invalid).at(place(field)))));
        let variant_id = match self.variant(row)? {
            Ok(id) => id,
            Err(invalid) => return refuse(LevelField::Sku, invalid),
        };
        let location_id = match self.location(row)? {
            Ok(id) => id,
            Err(invalid) => return refuse(LevelField::Location, invalid),
        };
        let put = match row.amount {
            Amount::Changed(by) => {
                let put = self.counter.adjust(variant_id, location_id, by)?;
                if by < 0 && self.change.level(variant_id, location_id)?.on_hand < 0 {
                    tell_negative(place, findings);
                }
                put
            }
            Amount::Counted(quantity) => {
                if let Some(first) = self.counted.before(variant_id, location_id, record) {
                    let message = format!("record {first} counts the same SKU at the same place");
                    let known = self.change.level(variant_id, location_id)?.on_hand;
                    if known == quantity {
                        let finding = Diagnostic::warning("import/repeated-record", message).at(place(LevelField::Sku));
                        findings.tell(finding.help("harmless: it says the same"));
                        self.counts.same += 1;
                        return Ok(Ok(()));
                    }
                    let help = format!("the first count ({known}) was taken; keep the one that is right");
                    return refuse(LevelField::Quantity, Invalid::new("import/duplicate-level", message, help));
                }
                if quantity < 0 {
                    tell_negative(place, findings);
                }
                self.move_from_main(variant_id, location_id, place, findings)?;
                let known = self.on_hand.at(variant_id, location_id)?;
                self.counter.count(variant_id, location_id, known, quantity)?
            }
        };
        self.counts.count(put);
        Ok(Ok(()))
    }

    fn variant(&mut self, row: &LevelRow<'_>) -> Result<Result<i64, Invalid>> {
        if let Some((sku, id)) = &self.last
            && !sku.is_empty()
            && *sku == row.sku
        {
            return Ok(Ok(*id));
        }
        let found = match &row.choice {
            Some((handle, choices)) if row.sku.is_empty() => self.by_choice(handle, choices)?,
            _ => self.change.variant_id(&row.sku)?,
        };
        if let Some(id) = found {
            self.last = Some((row.sku.to_string(), id));
            return Ok(Ok(id));
        }
        if row.sku.is_empty() {
            let what = row
                .choice
                .as_ref()
                .map_or_else(String::new, |(handle, choices)| format!(": {handle} {}", choices.join(" ")));
            let help = "import the products first; a record needs a SKU, or handle and options of a product";
            return Ok(Err(Invalid::new(
                "import/unknown-sku",
                format!("no variant is known for this record{what}"),
                help,
            )));
        }
        let help = match self.change.nearest_sku(&row.sku)? {
            Some(near) => format!("is `{near}` meant? else import its product first"),
            None => "import its product first".to_owned(),
        };
        Ok(Err(Invalid::new("import/unknown-sku", "the catalog has no such SKU", help)))
    }

    fn by_choice(&self, handle: &str, choices: &[String]) -> Result<Option<i64>> {
        let made = made_sku(handle, choices).ok();
        let found = made.map(|sku| self.change.variant_id(sku.as_str())).transpose()?.flatten();
        match found {
            Some(id) => Ok(Some(id)),
            None => Ok(self.change.find_item_by_choices(handle, choices)?.map(|item| item.id)),
        }
    }

    fn location(&mut self, row: &LevelRow<'_>) -> Result<Result<i64, Invalid>> {
        let Some(name) = row.location.as_deref() else {
            let id = match self.default {
                Some(id) => id,
                None => new_location(self.change, MAIN, "Main", "warehouse")?,
            };
            self.default = Some(id);
            return Ok(Ok(id));
        };
        if let Some(id) = self.by_name.get(name) {
            return Ok(Ok(*id));
        }
        let id = match (self.by_code(name), self.policy) {
            (Ok(id), _) => id,
            (Err(invalid), Locations::Known) => return Ok(Err(invalid)),
            (Err(_), Locations::Made) => match self.locations.iter().find(|location| location.name == name) {
                Some(location) => location.id,
                None => self.make(name)?,
            },
        };
        self.by_name.insert(name.to_owned(), id);
        Ok(Ok(id))
    }

    fn make(&mut self, name: &str) -> Result<i64> {
        let id = new_location(self.change, name, name, "store")?;
        let (code, name) = (name.to_owned(), name.to_owned());
        self.locations.push(KnownLocation { id, code, name, fulfills_online: true });
        Ok(id)
    }

    fn by_code(&self, code: &str) -> Result<i64, Invalid> {
        if let Some(location) = self.locations.iter().find(|location| location.code == code) {
            return Ok(location.id);
        }
        let help = match closest(code, self.locations.iter().map(|location| location.code.as_str())) {
            Some(near) => format!("is `{near}` meant? locations are never made from a stock file"),
            None => "import the locations first; they are never made from a stock file".to_owned(),
        };
        Err(Invalid::new("import/unknown-location", "the catalog has no such location", help))
    }

    /// Units counted at `main` by a products file are the same units.
    fn move_from_main(
        &mut self,
        variant_id: i64,
        location_id: i64,
        place: &dyn Fn(LevelField) -> Place,
        findings: &mut Findings<'_>,
    ) -> Result<()> {
        if self.policy == Locations::Known {
            return Ok(());
        }
        let main = self.locations.iter().find(|location| location.code == MAIN).map(|location| location.id);
        let Some(main) = main.filter(|main| *main != location_id) else { return Ok(()) };
        let there = self.change.level(variant_id, main)?.on_hand;
        if there != 0 {
            self.counter.count(variant_id, main, Some(there), 0)?;
            self.on_hand.forget();
            let message = "units counted without a location (at `main`) were replaced by those of this file";
            findings.tell_once(
                Diagnostic::note("import/main-replaced", message).at(place(LevelField::Location)),
                "import/main-replaced",
            );
        }
        Ok(())
    }
}

fn tell_negative(place: &dyn Fn(LevelField) -> Place, findings: &mut Findings<'_>) {
    let message = "fewer than none: it is kept as oversold, and channels hear 0";
    let finding = Diagnostic::warning("import/negative-stock", message).at(place(LevelField::Quantity));
    findings.tell(finding.help("count again, or cancel what cannot be shipped"));
}
