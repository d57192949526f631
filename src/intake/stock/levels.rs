//! Units at locations into the catalog, whatever their format: each variant and place is counted once in a file.
use super::counter::{Counter, MAIN, new_location};
use crate::catalog::{Change, KnownItem, KnownLocation};
use crate::diagnostic::{Diagnostic, Place, Result};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::products::row::made_sku;
use crate::value::Invalid;
use crate::value::closest::closest;
use std::collections::HashMap;

/// One count, or change, of the units of a variant at a place.
#[derive(Debug)]
pub struct LevelRow {
    pub sku: String,
    /// Handle and choices, for sources that name variants by them.
    pub choice: Option<(String, Vec<String>)>,
    /// As the file calls it; `None` where it has no column for it.
    pub location: Option<String>,
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
    /// Where units are whose rows name no location.
    default: Option<i64>,
    counter: Counter<'c, 'w>,
    /// First record of each variant and location.
    counted: HashMap<[u32; 2], u32>,
    last: Option<(String, KnownItem)>,
    pub counts: Counts,
}

impl<'c, 'w> Levels<'c, 'w> {
    pub fn new(change: &'c Change<'w>, policy: Locations) -> Result<Self> {
        change.put_off_indexes()?;
        Ok(Levels {
            change,
            policy,
            locations: change.locations()?,
            default: None,
            counter: Counter::new(change, "stock"),
            counted: HashMap::new(),
            last: None,
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
        row: &LevelRow,
        record: u64,
        place: &dyn Fn(LevelField) -> Place,
        findings: &mut Findings<'_>,
    ) -> Result<Result<(), Refusal>> {
        let refuse = |field, invalid: Invalid| Ok(Err(Box::new(Diagnostic::from(invalid).at(place(field)))));
        let item = match self.item(row)? {
            Ok(item) => item,
            Err(invalid) => return refuse(LevelField::Sku, invalid),
        };
        let location_id = match self.location(row)? {
            Ok(id) => id,
            Err(invalid) => return refuse(LevelField::Location, invalid),
        };
        let put = match row.amount {
            Amount::Changed(by) => {
                let put = self.counter.adjust(item.id, location_id, by)?;
                if by < 0 && self.change.level(item.id, location_id)?.on_hand < 0 {
                    tell_negative(place, findings);
                }
                put
            }
            Amount::Counted(quantity) => {
                if let Some(first) = self.counted_before(item.id, location_id, record) {
                    let message = format!("record {first} counts the same SKU at the same place");
                    let known = self.change.level(item.id, location_id)?.on_hand;
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
                self.move_from_main(item, location_id, place, findings)?;
                self.counter.count(item.id, location_id, quantity)?
            }
        };
        self.counts.count(put);
        Ok(Ok(()))
    }

    fn item(&mut self, row: &LevelRow) -> Result<Result<KnownItem, Invalid>> {
        if let Some((sku, item)) = &self.last
            && !sku.is_empty()
            && *sku == row.sku
        {
            return Ok(Ok(*item));
        }
        let found = match &row.choice {
            Some((handle, choices)) if row.sku.is_empty() => self.by_choice(handle, choices)?,
            _ => self.change.find_item(&row.sku)?,
        };
        if let Some(item) = found {
            self.last = Some((row.sku.clone(), item));
            return Ok(Ok(item));
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

    fn by_choice(&self, handle: &str, choices: &[String]) -> Result<Option<KnownItem>> {
        let made = made_sku(handle, choices).ok();
        let found = made.map(|sku| self.change.find_item(sku.as_str())).transpose()?.flatten();
        match found {
            Some(item) => Ok(Some(item)),
            None => self.change.find_item_by_choices(handle, choices),
        }
    }

    fn location(&mut self, row: &LevelRow) -> Result<Result<i64, Invalid>> {
        let Some(name) = &row.location else {
            let id = match self.default {
                Some(id) => id,
                None => new_location(self.change, MAIN, "Main", "warehouse")?,
            };
            self.default = Some(id);
            return Ok(Ok(id));
        };
        match (self.by_code(name), self.policy) {
            (Ok(id), _) => Ok(Ok(id)),
            (Err(invalid), Locations::Known) => Ok(Err(invalid)),
            (Err(_), Locations::Made) => {
                let by_name = self.locations.iter().find(|location| location.name == *name);
                if let Some(location) = by_name {
                    return Ok(Ok(location.id));
                }
                let id = new_location(self.change, name, name, "store")?;
                self.locations.push(KnownLocation {
                    id,
                    code: name.clone(),
                    name: name.clone(),
                    fulfills_online: true,
                });
                Ok(Ok(id))
            }
        }
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

    fn counted_before(&mut self, variant_id: i64, location_id: i64, record: u64) -> Option<u32> {
        // ids of variants are below 2^47 (a product's times 65536), and a shop has fewer than 65536 locations
        let key = (variant_id << 16 ^ location_id) as u64;
        let record = u32::try_from(record).unwrap_or(u32::MAX);
        let first = *self.counted.entry([(key >> 32) as u32, key as u32]).or_insert(record);
        (first != record).then_some(first)
    }

    /// Units counted at `main` by a products file are the same units.
    fn move_from_main(
        &mut self,
        item: KnownItem,
        location_id: i64,
        place: &dyn Fn(LevelField) -> Place,
        findings: &mut Findings<'_>,
    ) -> Result<()> {
        let main = self.locations.iter().find(|location| location.code == MAIN).map(|location| location.id);
        let Some(main) = main.filter(|main| self.policy == Locations::Made && *main != location_id) else {
            return Ok(());
        };
        if self.change.level(item.id, main)?.on_hand != 0 {
            self.counter.count(item.id, main, 0)?;
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
