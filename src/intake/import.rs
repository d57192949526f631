//! One file into the catalog: detected, read record by record, and stored as a whole or not at all.
use super::by_kind::Intake;
use super::bytes::source::Source;
use super::input::Input;
use super::options::Options;
use crate::catalog::{Put, Writer};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use serde::Serialize;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub file: String,
    pub format: &'static str,
    pub kind: &'static str,
    pub encoding: &'static str,
    /// Records read, blank ones not counted.
    pub records: u64,
    #[serde(flatten)]
    pub counts: Counts,
    /// Records that were not taken, each told with its place.
    pub refused: u64,
    /// Orders that were taken, but wait for a person to say which SKU a line means.
    pub held: u64,
    /// Variants that the same format brought before and this file does not have.
    pub vanished: u64,
    /// How many of them were archived.
    pub archived: u64,
}

/// What became of the variants, levels, prices or locations the records are about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub new: u64,
    pub changed: u64,
    pub same: u64,
}

impl Counts {
    fn of(&mut self, put: Put) -> &mut u64 {
        match put {
            Put::New => &mut self.new,
            Put::Changed => &mut self.changed,
            Put::Same => &mut self.same,
        }
    }

    pub fn count(&mut self, put: Put) {
        *self.of(put) += 1;
    }

    pub fn uncount(&mut self, put: Put) {
        let count = self.of(put);
        *count = count.saturating_sub(1);
    }
}

/// Takes one file in: one transaction. A record that cannot be taken is told to `sink` and left out; an error means
/// that nothing of the file was kept. `progress` hears from time to time how many bytes of text were read.
///
/// Errors: those of [`Source`], [`Table`](super::rows::table::Table) and [`detect`](super::detect::detect); `import/strict`, `import/shrunk`; those
/// of the catalog.
pub fn import(
    writer: &mut Writer,
    source: Source,
    options: &Options,
    sink: &mut dyn FnMut(&Diagnostic),
    progress: &mut dyn FnMut(u64),
) -> Result<Imported> {
    let file = source.name().to_owned();
    let notes = source.notes.clone();
    let mut input = Input::open(source, options)?;
    let mut intake = Intake::new(options, sink, progress);
    notes.into_iter().for_each(|note| intake.findings.tell(note));
    let change = writer.load(options.now)?;
    let taken = match &mut input {
        Input::Table { table, format, head } => {
            format.unread(table).into_iter().for_each(|finding| intake.findings.tell(finding));
            intake.table(&change, table, format, head)?
        }
        Input::Orders { records, .. } => intake.order_records(&change, records)?,
        Input::Offers(offers) => intake.offers(&change, offers)?,
    };
    let (refused, records) = (intake.findings.refused, intake.records);
    let failed = refused + taken.held;
    if options.strict && failed > 0 {
        let message = format!("{failed} record(s) of {file} could not be taken, so nothing of it was");
        let help = "mend them, or leave out `--strict` to take the others";
        return Err(Error::input("import/strict", message).at(Place::file(&file)).help(help));
    }
    if !options.dry_run && !taken.is_moot {
        change.commit()?;
    }
    let (format, kind) = input.format();
    Ok(Imported {
        file,
        format,
        kind: kind.as_str(),
        encoding: input.encoding(),
        records,
        counts: taken.counts,
        refused,
        held: taken.held,
        vanished: taken.vanished,
        archived: taken.archived,
    })
}
