//! Stock as most systems can export it: SKU, place, and how many units are there or how many came and went.
use super::levels::{Amount, LevelField, LevelRow};
use crate::intake::cell;
use crate::intake::findings::Refusal;
use crate::intake::mapping::Mapping;
use crate::intake::rows::table::Record;
use crate::value::Invalid;

pub struct StockTable {
    sku: Option<usize>,
    location: Option<usize>,
    counted: Option<usize>,
    changed: Option<usize>,
}

impl StockTable {
    pub fn new(mapping: &mut Mapping<'_>) -> Self {
        StockTable {
            sku: mapping.find("sku", "SKU"),
            location: mapping.find("store_code|store code|location_code|location|store|warehouse", "store code"),
            counted: mapping.find("quantity|qty|on_hand|on hand|stock|available", "units on hand"),
            changed: mapping.find("delta|adjustment", "units more or fewer"),
        }
    }

    pub fn names_locations(&self) -> bool {
        self.location.is_some()
    }

    /// Rows are changes, which must not be taken twice.
    pub fn is_of_changes(&self) -> bool {
        self.counted.is_none()
    }

    pub fn column(&self, field: LevelField) -> Option<usize> {
        match field {
            LevelField::Sku => self.sku,
            LevelField::Location => self.location,
            LevelField::Quantity => self.counted.or(self.changed),
        }
    }

    pub fn read(&self, record: &Record<'_>) -> Result<LevelRow, Refusal> {
        let column = self.counted.or(self.changed).unwrap_or_default();
        let Some(units) = cell::whole(record, column)? else {
            let help = "write 0 if there is none";
            return Err(cell::refusal(
                record,
                column,
                Invalid::new("import/no-quantity", "the quantity is missing", help),
            ));
        };
        Ok(LevelRow {
            sku: cell::sku_text(record, self.sku).to_owned(),
            choice: None,
            location: self.location.map(|column| record.text(Some(column)).to_owned()),
            amount: if self.is_of_changes() { Amount::Changed(units) } else { Amount::Counted(units) },
        })
    }
}
