//! Cells that product files of every format have: barcodes and addresses of images.
use crate::intake::cell;
use crate::intake::cell::address;
use crate::intake::findings::{Findings, Refusal};
use crate::intake::rows::table::Record;
use crate::value::Gtin;

/// A barcode that is no GTIN is left out with a warning; one that a spreadsheet spoilt refuses its record.
pub fn gtin(record: &Record<'_>, column: Option<usize>, findings: &mut Findings<'_>) -> Result<Option<Gtin>, Refusal> {
    let (Some(column), text) = (column, record.text(column)) else { return Ok(None) };
    if text.is_empty() {
        return Ok(None);
    }
    let (gtin, doubt) = cell::barcode(text).map_err(|invalid| cell::refusal(record, column, invalid))?;
    if let Some(doubt) = doubt {
        findings.tell(cell::warning(record, column, doubt));
    }
    Ok(gtin)
}

/// An address of an image; a doubtful one is told.
pub fn image(
    record: &Record<'_>,
    column: Option<usize>,
    findings: &mut Findings<'_>,
) -> Result<Option<String>, Refusal> {
    let (Some(column), text) = (column, record.text(column)) else { return Ok(None) };
    if text.is_empty() {
        return Ok(None);
    }
    let doubt = address::check(text).map_err(|invalid| cell::refusal(record, column, invalid))?;
    if let Some(doubt) = doubt {
        findings.tell(cell::warning(record, column, doubt));
    }
    Ok(Some(text.to_owned()))
}
