//! Cells that product files of every format have: barcodes and addresses of images.
use super::address;
use super::cell;
use super::findings::{Findings, Refusal};
use super::table::Record;
use crate::value::{Gtin, Invalid, Repair};

/// A barcode that is no GTIN is left out with a warning; one that a spreadsheet spoilt refuses its record.
pub fn gtin(record: &Record<'_>, column: Option<usize>, findings: &mut Findings<'_>) -> Result<Option<Gtin>, Refusal> {
    let (Some(column), text) = (column, record.text(column)) else { return Ok(None) };
    if text.is_empty() {
        return Ok(None);
    }
    let mended = |repair: Repair, gtin: &Gtin| {
        Invalid::new(repair.code(), repair.message(), format!("if it is {gtin}, write that"))
    };
    match Gtin::parse_lenient(text) {
        Ok((gtin, repairs)) if repairs.contains(&Repair::DecimalSuffix) => {
            Err(cell::refusal(record, column, mended(Repair::DecimalSuffix, &gtin)))
        }
        Ok((gtin, repairs)) if repairs.contains(&Repair::LeadingZeros) => {
            findings.tell(cell::warning(record, column, mended(Repair::LeadingZeros, &gtin)));
            Ok(None)
        }
        Ok((gtin, _)) => Ok(Some(gtin)),
        Err(invalid) if invalid.code == "gtin/scientific" => Err(cell::refusal(record, column, invalid)),
        Err(invalid) => {
            findings.tell(cell::warning(record, column, invalid));
            Ok(None)
        }
    }
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
