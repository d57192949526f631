//! Rows that stand inside one offer of the document: the variants of a product, the stores of a variant.
//!
//! They come one after the other, so one offer at a time is open. What is the offer's own comes from its first row,
//! which is kept for what stands after the rows.
use std::io::{self, Write};

use xxhash_rust::xxh3::xxh3_64;

use super::checker::code;
use super::document::{Document, Writer};
use super::findings::Findings;
use super::offer::Offer;
use super::seen::Seen;
use crate::channel::{Channel, Nest};
use crate::diagnostic::{Diagnostic, Error, Place, Result};

pub(super) struct Nesting<'c> {
    channel: &'c Channel,
    nest: &'c Nest,
    by: usize,
    /// The first row of the offer that is open, and how many it has so far; none is open at 0.
    first: Offer,
    rows: usize,
    /// What the rows of every offer so far had in common.
    seen: Seen,
}

impl<'c> Nesting<'c> {
    pub fn new(channel: &'c Channel, nest: &'c Nest) -> Option<Nesting<'c>> {
        let by = channel.contract.attribute.get_index_of(&nest.by)?;
        let first = Offer::new(channel.contract.attribute.len());
        Some(Nesting { channel, nest, by, first, rows: 0, seen: Seen::hashes() })
    }

    /// Writes a row into the offer that is open, or as the first of a new one, which keeps it. False when the offer has
    /// all the rows it may have.
    pub fn take<W: Write>(
        &mut self,
        document: &Document,
        row: &Offer,
        writer: &mut Writer<'_, W>,
        findings: &mut Findings<'_>,
    ) -> Result<bool> {
        if self.rows > 0 && row.is_present(self.by) && self.first.first(self.by) == row.first(self.by) {
            if let Some(max) = self.nest.max.filter(|max| self.rows >= *max) {
                findings.add(self.excess(row, max));
                return Ok(false);
            }
            self.rows += 1;
            document.row(row, writer);
            return Ok(true);
        }
        if let Some(key) = row.first(self.by).filter(|key| self.seen.insert(xxh3_64(key.as_bytes()), 0).is_some()) {
            return Err(self.apart(key));
        }
        self.end(document, writer).map_err(super::build::unwritable)?;
        self.first.clone_from(row);
        self.rows = 1;
        document.begin(&self.first, writer);
        document.row(&self.first, writer);
        Ok(true)
    }

    /// Ends the offer that is open.
    pub fn end<W: Write>(&mut self, document: &Document, writer: &mut Writer<'_, W>) -> io::Result<()> {
        match std::mem::take(&mut self.rows) {
            0 => Ok(()),
            _ => document.end(&self.first, writer),
        }
    }

    fn excess(&self, row: &Offer, max: usize) -> Diagnostic {
        let by = &self.nest.by;
        let key = row.first(self.by).unwrap_or_default();
        Diagnostic::error(
            code(&self.channel.name, by, "crowded"),
            format!("{by} {key} has {max} rows already, and no more are taken"),
        )
        .at(Place::of_sku(&row.sku).attribute(by.as_str()).value(key))
        .help("split the product, or leave variants out with `where`")
    }

    fn apart(&self, key: &str) -> Error {
        let message = format!("the rows of {} {key} do not follow one another", self.nest.by);
        Error::usage("template/rows-apart", message)
            .at(Place::file(&self.channel.template_file))
            .help(format!("end the template with ORDER BY {}: they become one offer of the document", self.nest.by))
    }
}
