//! Stock as most systems can export it: SKU, place, and how many units are there or how many came and went.
use super::levels::{Amount, LevelField, LevelRow};
use crate::diagnostic::{Diagnostic, Place};
use crate::intake::cell;
use crate::intake::detect::column;
use crate::intake::findings::Refusal;
use crate::intake::mapping::Mapping;
use crate::intake::rows::table::{Record, Table};
use crate::value::Invalid;

const UNITS: &str = "quantity|qty|on_hand|on hand|stock|available";
const CHANGES: &str = "delta|adjustment";

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
            counted: mapping.find(UNITS, "units on hand"),
            changed: mapping.find(CHANGES, "units more or fewer"),
        }
    }

    /// What is to be said of a header that names units twice.
    pub fn doubts(&self, table: &Table) -> Option<Diagnostic> {
        let named = UNITS.split('|').chain(CHANGES.split('|')).filter_map(|name| column(table, name));
        let second = named.into_iter().find(|at| Some(*at) != self.column(LevelField::Quantity))?;
        let name = |at: usize| table.header().get(at).map_or("", |column| column.name.as_str());
        let read = self.column(LevelField::Quantity).map_or("", name);
        let place = Place::file(table.file()).record(1).line(1).attribute(name(second));
        let message = format!("`{}` is not read: units are those of `{read}`", name(second));
        let help = "if the other is meant, say so by a mapping, or take this column out";
        Some(Diagnostic::warning("import/two-quantities", message).at(place).help(help))
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

    pub fn read<'r>(&self, record: &Record<'r>) -> Result<LevelRow<'r>, Refusal> {
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
            sku: cell::sku_text(record, self.sku).into(),
            choice: None,
            location: self.location.map(|column| record.text(Some(column)).into()),
            amount: if self.is_of_changes() { Amount::Changed(units) } else { Amount::Counted(units) },
        })
    }
}
