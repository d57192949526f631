//! Shopify's inventory export: one record for each variant and location, or (until 2023) a column for each location.
//!
//! On hand is what counts; where a file has none, it is what is available and what orders hold. `not stocked` means
//! that the location does not keep the item: nothing is counted. Variants without a SKU are found by handle and options.
use crate::intake::cell::{self, parse_whole};
use crate::intake::detect::{Format, Rest};
use crate::intake::findings::Refusal;
use crate::intake::mapping::Mapping;
use crate::intake::rows::table::Record;
use crate::intake::stock::levels::{Amount, LevelField, LevelRow};

pub struct ShopifyInventory {
    sku: Option<usize>,
    handle: Option<usize>,
    choices: [Option<usize>; 3],
    location: Option<usize>,
    /// Columns of which the first that is filled says how many there are.
    on_hand: Vec<usize>,
    available: Option<usize>,
    committed: Option<usize>,
    /// Columns named after their location.
    wide: Vec<(usize, String)>,
}

impl ShopifyInventory {
    pub fn new(mapping: &mut Mapping<'_>, format: &Format) -> Self {
        let mut inventory = ShopifyInventory {
            sku: mapping.find("SKU", "SKU"),
            handle: mapping.find("Handle", "item group"),
            choices: ["Option1 Value", "Option2 Value", "Option3 Value"]
                .map(|name| mapping.find(name, "option choice")),
            location: mapping.find("Location", "store code"),
            on_hand: Vec::new(),
            available: None,
            committed: None,
            wide: Vec::new(),
        };
        for name in ["On hand (new)", "On hand (current)", "On hand"] {
            inventory.on_hand.extend(mapping.find(name, "units on hand"));
        }
        if inventory.on_hand.is_empty() {
            inventory.available = mapping.find("Available|Available (not editable)", "units on hand");
            inventory.committed = mapping.find("Committed|Committed (not editable)", "units on hand, held by orders");
        }
        if format.rest == Rest::Locations {
            for (column, named) in format.unlisted(mapping.table().header()) {
                mapping.take(column, format!("units on hand at {}", named.name));
                inventory.wide.push((column, named.name.clone()));
            }
        }
        inventory
    }

    pub fn column(&self, field: LevelField) -> Option<usize> {
        match field {
            LevelField::Sku => self.sku,
            LevelField::Location => self.location,
            LevelField::Quantity => self.on_hand.first().copied().or(self.available),
        }
    }

    /// The counts of one record, each with the column it stands in.
    pub fn read<'r>(&'r self, record: &Record<'r>) -> Result<Vec<(usize, LevelRow<'r>)>, Refusal> {
        if self.wide.is_empty() {
            let counted = self.units(record)?;
            let location = record.text(self.location);
            return Ok(counted
                .map(|(column, units)| (column, self.row(record, location, units)))
                .into_iter()
                .collect());
        }
        let mut rows = Vec::new();
        for (column, location) in &self.wide {
            if let Some(units) = units(record, *column)? {
                rows.push((*column, self.row(record, location, units)));
            }
        }
        Ok(rows)
    }

    fn units(&self, record: &Record<'_>) -> Result<Option<(usize, i64)>, Refusal> {
        for column in &self.on_hand {
            if let Some(units) = units(record, *column)? {
                return Ok(Some((*column, units)));
            }
        }
        let Some(column) = self.available else { return Ok(None) };
        let Some(available) = units(record, column)? else { return Ok(None) };
        let committed = self.committed.map(|column| units(record, column)).transpose()?.flatten().unwrap_or(0);
        Ok(Some((column, available.saturating_add(committed))))
    }

    fn row<'r>(&self, record: &Record<'r>, location: &'r str, units: i64) -> LevelRow<'r> {
        let choices =
            self.choices.iter().map(|column| record.text(*column).to_owned()).filter(|choice| !choice.is_empty());
        LevelRow {
            sku: cell::sku_text(record, self.sku).into(),
            choice: Some((record.text(self.handle).to_owned(), choices.collect())),
            location: Some(location.into()),
            amount: Amount::Counted(units),
        }
    }
}

fn units(record: &Record<'_>, column: usize) -> Result<Option<i64>, Refusal> {
    match record.text(Some(column)) {
        "" => Ok(None),
        text if text.eq_ignore_ascii_case("not stocked") => Ok(None),
        text => parse_whole(text).map(Some).map_err(|invalid| cell::refusal(record, column, invalid)),
    }
}
