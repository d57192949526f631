//! The variant of the catalog that a record is about, by its SKU; or why there is none, with the one that was likely meant.
use crate::catalog::{Change, KnownItem};
use crate::diagnostic::Result;
use crate::intake::cell;
use crate::intake::findings::Refusal;
use crate::intake::rows::table::Record;
use crate::value::Invalid;

pub fn item(change: &Change<'_>, record: &Record<'_>, column: Option<usize>) -> Result<Result<KnownItem, Refusal>> {
    let sku = cell::sku_text(record, column);
    if let Some(item) = change.find_item(sku)? {
        return Ok(Ok(item));
    }
    let near = change.nearest_sku(sku)?;
    let help = near.map_or("import its product first".to_owned(), |near| format!("is `{near}` meant?"));
    let invalid = Invalid::new("import/unknown-sku", "the catalog has no such SKU", help);
    Ok(Err(cell::refusal(record, column.unwrap_or_default(), invalid)))
}
