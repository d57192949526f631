//! Offers of a document into the catalog: products through the [`Keeper`], units by location after them.
use super::dialect::{Dialect, Level};
use super::document::{Offers, place};
use super::draft::{Draft, Meaning, PlaceOf, Rules, Said};
use crate::catalog::{Carried, Change};
use crate::diagnostic::{Diagnostic, Place, Result};
use crate::document::RawOffer;
use crate::intake::cell;
use crate::intake::detect::Kind;
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::options::Options;
use crate::intake::products::keeper::{Here, Keeper};
use crate::intake::products::row::ProductRow;
use crate::intake::products::seen::Seen;
use crate::intake::stock::levels::{self, Amount, LevelField, LevelRow, Levels};
use std::collections::VecDeque;
use std::sync::Arc;

pub struct OfferTaker<'c, 'w> {
    change: &'c Change<'w>,
    dialect: Arc<Dialect>,
    rules: Rules,
    keeper: Keeper<'c, 'w>,
    levels: Levels<'c, 'w>,
    /// Units of offers whose product the keeper has not closed yet.
    waiting: VecDeque<(LevelRow<'static>, u64, Place)>,
    group: String,
    brings_prices: bool,
}

impl<'c, 'w> OfferTaker<'c, 'w> {
    pub fn new(
        change: &'c Change<'w>,
        offers: &Offers,
        source: &'c str,
        carried: &'c Carried,
        options: &Options,
    ) -> Result<Self> {
        let dialect = Arc::clone(&offers.dialect);
        let mut keeper = Keeper::new(change, source, carried, options)?;
        if dialect.has_no_variants {
            keeper.keep_bare();
        }
        let policy = match dialect.kind {
            Kind::Stock => levels::Locations::Known,
            _ => levels::Locations::Made,
        };
        Ok(OfferTaker {
            change,
            rules: Rules::new(options, dialect.names_currency, dialect.custom),
            dialect,
            keeper,
            levels: Levels::new(change, policy)?,
            waiting: VecDeque::new(),
            group: String::new(),
            brings_prices: offers.brings_prices,
        })
    }

    pub fn take(&mut self, offer: &RawOffer, offers: &Offers, findings: &mut Findings<'_>) -> Result<()> {
        let (dialect, mut draft) = (Arc::clone(&self.dialect), Draft::default());
        dialect.reading.draft(offer, &offers.around, &mut draft);
        let sku = draft.text(Meaning::Sku).map(str::to_owned);
        let place_of = |said: Option<&Said<'_>>| {
            let place = place(offers.file(), offer, said, &dialect.id);
            match &sku {
                Some(sku) => place.sku(sku),
                None => place,
            }
        };
        let rows = match level_rows(&draft, dialect.reading.levels(offer), &place_of) {
            Ok(rows) => rows,
            Err(refusal) => {
                findings.refuse(*refusal);
                return Ok(());
            }
        };
        if self.dialect.kind == Kind::Stock {
            for row in rows {
                self.put_level(&row, offer.index(), &place_of(None), findings)?;
            }
            return Ok(());
        }
        let mut row = match self.row(&draft, &place_of, findings) {
            Ok(row) => row,
            Err(refusal) => {
                findings.refuse(*refusal);
                return Ok(());
            }
        };
        if let Ok(Some(variant)) = &mut row.variant
            && !rows.is_empty()
        {
            variant.item.tracked = true;
            variant.quantity = None;
        }
        self.settle_group(&mut row)?;
        let (group, refused) = (row.group.clone(), findings.refused);
        let field_place = |field| place_of(draft.of_field(field));
        let line = offer.position().line;
        let here = Here { record: offer.index(), line, digest: draft.digest(), place: &field_place };
        self.keeper.take(row, &here, findings)?;
        if group != self.group {
            // taking a record of another product closes the one before
            self.flush(findings)?;
            self.group = group;
        }
        if findings.refused == refused {
            let place = place_of(None);
            self.waiting.extend(rows.into_iter().map(|row| (row, offer.index(), place.clone())));
        }
        Ok(())
    }

    fn row(
        &self,
        draft: &Draft<'_>,
        place_of: PlaceOf<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<ProductRow, Refusal> {
        if self.dialect.has_no_variants {
            return draft.to_bare_row(&self.rules, place_of, findings);
        }
        draft.to_row(&self.rules, place_of, findings)
    }

    /// Offers that only bring prices belong to the product that has their SKU, whatever its key.
    fn settle_group(&self, row: &mut ProductRow) -> Result<()> {
        if let Some(sku) = row.sku.as_ref().filter(|_| self.brings_prices)
            && let Some(item) = self.change.find_item(sku.as_str())?
        {
            row.group = self.change.item_group_of(item.product)?;
            // what its variants share is not in such an offer
            row.shared = None;
        }
        Ok(())
    }

    fn flush(&mut self, findings: &mut Findings<'_>) -> Result<()> {
        while let Some((row, record, place)) = self.waiting.pop_front() {
            self.put_level(&row, record, &place, findings)?;
        }
        Ok(())
    }

    fn put_level(&mut self, row: &LevelRow, record: u64, place: &Place, findings: &mut Findings<'_>) -> Result<()> {
        let place = |field: LevelField| match field {
            LevelField::Sku => place.clone(),
            LevelField::Location => place.clone().attribute("location").value(row.location.as_deref().unwrap_or("")),
            LevelField::Quantity => place.clone().attribute("quantity"),
        };
        if let Err(refusal) = self.levels.take(row, record, &place, findings)? {
            findings.refuse(*refusal);
        }
        Ok(())
    }

    /// Writes what is left: what became of the products, or of the units where there are only those.
    pub fn finish(mut self, findings: &mut Findings<'_>) -> Result<(Counts, Option<Seen>)> {
        let waiting = std::mem::take(&mut self.waiting);
        let (counts, seen) = self.keeper.finish(findings)?;
        for (row, record, place) in waiting {
            if let Err(refusal) = self.levels.take(&row, record, &|_| place.clone(), findings)? {
                findings.refuse(*refusal);
            }
        }
        Ok((if self.dialect.kind == Kind::Stock { self.levels.counts } else { counts }, seen))
    }
}

/// The units of an offer by place.
fn level_rows(
    draft: &Draft<'_>,
    levels: Vec<Level<'_>>,
    place_of: PlaceOf<'_>,
) -> Result<Vec<LevelRow<'static>>, Refusal> {
    let sku = draft.text(Meaning::Sku).unwrap_or_default();
    let twice = levels.iter().enumerate().find(|(at, level)| {
        let mut before = levels.get(..*at).unwrap_or_default().iter();
        before.any(|other| other.location == level.location && other.units.text != level.units.text)
    });
    if let Some((_, level)) = twice {
        let message = format!("the units at `{}` are there twice, with another number", level.location);
        let finding = Diagnostic::error("import/duplicate-level", message).at(place_of(Some(&level.units)));
        return Err(Box::new(finding.help("keep the one that is right")));
    }
    let read = |level: Level<'_>| match cell::parse_whole(&level.units.text) {
        Ok(units) => Ok(LevelRow {
            sku: sku.to_owned().into(),
            choice: None,
            location: Some(level.location.to_owned().into()),
            amount: Amount::Counted(units),
        }),
        Err(invalid) => Err(Box::new(Diagnostic::from(invalid).at(place_of(Some(&level.units))))),
    };
    levels.into_iter().map(read).collect()
}
