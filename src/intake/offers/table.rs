//! Offers as a table whose columns have the names of a document's elements.
use super::description::{Described, addresses};
use super::draft::{Draft, Meaning, Rules};
use crate::catalog::Carried;
use crate::document::Position;
use crate::intake::cell::Custom;
use crate::intake::findings::{Findings, Refusal};
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::products::row::{Field as Cell, ProductReader, ProductRow};
use crate::intake::rows::table::Record;

pub struct OfferTable {
    format: &'static str,
    columns: Vec<(usize, String, Meaning<'static>)>,
    free: Vec<(usize, String)>,
    carried: Carried,
    rules: Rules,
}

impl OfferTable {
    /// `format` is the name of the table's, `words` those of its columns.
    pub fn new(format: &'static str, words: &'static Described, mapping: &mut Mapping<'_>, options: &Options) -> Self {
        let header: Vec<String> = mapping.table().header().iter().map(|column| column.name.clone()).collect();
        let (mut columns, mut free) = (Vec::new(), Vec::new());
        for (at, name) in header.into_iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let key = name.trim().trim_start_matches("g:").to_lowercase().replace(' ', "_");
            let key = key.split('[').next().unwrap_or(&key).to_owned();
            match words.meaning_of(&key) {
                Some(meaning) => {
                    mapping.take(at, key);
                    columns.push((at, name, meaning));
                }
                None if words.is_unread(key.split(['(', '.']).next().unwrap_or(&key)) => {}
                None => {
                    mapping.take(at, format!("attribute {key}"));
                    free.push((at, key));
                }
            }
        }
        let rules = Rules::new(options, words.names_currency(), Custom::People);
        OfferTable { format, columns, free, carried: words.carried(), rules }
    }

    fn draft<'a>(&'a self, record: &Record<'a>) -> Draft<'a> {
        let mut draft = Draft::default();
        let at = |column: usize| Position { line: record.line, column: column as u64 };
        for (column, name, meaning) in &self.columns {
            let text = record.text(Some(*column));
            match meaning {
                Meaning::Image => {
                    addresses(text).for_each(|address| draft.say(Meaning::Image, name, address, at(*column)));
                }
                meaning => draft.say(*meaning, name, text, at(*column)),
            }
        }
        for (column, key) in &self.free {
            draft.say(Meaning::Attribute(key), key, record.text(Some(*column)), at(*column));
        }
        draft
    }

    fn find(&self, meaning: Meaning<'_>) -> Option<usize> {
        self.columns.iter().find(|(_, _, known)| *known == meaning).map(|(at, ..)| *at)
    }
}

impl ProductReader for OfferTable {
    fn source(&self) -> &'static str {
        self.format
    }

    fn carried(&self) -> &Carried {
        &self.carried
    }

    fn column(&self, field: Cell) -> Option<usize> {
        match field {
            Cell::Group => self.find(Meaning::Group).or_else(|| self.find(Meaning::Sku)),
            Cell::Sku => self.find(Meaning::Sku),
            Cell::Gtin => self.find(Meaning::Gtin),
            Cell::Title => self.find(Meaning::Title),
            Cell::OptionName(_) => None,
        }
    }

    fn has_sku(&self, record: &Record<'_>) -> Option<bool> {
        Some(!record.text(self.find(Meaning::Sku)).is_empty())
    }

    fn read(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        let place = |said: Option<&crate::intake::offers::draft::Said<'_>>| match said {
            Some(said) => record.place(usize::try_from(said.at.column).unwrap_or_default()),
            None => record.whole(),
        };
        self.draft(record).to_row(&self.rules, &place, findings)
    }
}
