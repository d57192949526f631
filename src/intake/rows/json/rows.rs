//! Which rows an object comes to: one, or those of a Shopify product with its variants, which bulk operations tell
//! line by line.
use super::cells::{Origin, cells};
use super::records::JsonRecord;
use crate::diagnostic::{Diagnostic, Place};
use crate::intake::findings::Refusal;
use crate::intake::formats::shopify_json::{self, Node, Product, Rows};
use serde_json::{Map, Value};
use std::sync::Arc;

#[derive(Default)]
pub struct JsonRows {
    /// A product of a bulk operation, of which more may follow, and its id.
    open: Option<(String, Product)>,
}

impl JsonRows {
    /// The rows that are whole now.
    pub fn take(&mut self, record: JsonRecord, file: &str) -> Result<Vec<Rows>, Refusal> {
        let JsonRecord { number, start, text, value } = record;
        let place = Place::file(file).record(number).line(start.line);
        let origin = Arc::new(Origin { number, start, text });
        let node = Node::new(value, origin).unwrapped();
        let Value::Object(object) = &node.value else {
            let found = node.value.to_string();
            let help = "every record has to be an object whose keys are its columns: {\"sku\": \"…\", …}";
            let finding = Diagnostic::error("json/no-object", "an object is due here");
            return Err(Box::new(finding.at(place.value(&found)).help(help)));
        };
        if let Some(parent) = object.get("__parentId").and_then(Value::as_str) {
            return match &mut self.open {
                Some((id, product)) if product.has(id, parent) => {
                    product.add(node);
                    Ok(Vec::new())
                }
                _ => {
                    let message = "the object this one belongs to does not stand before it";
                    let help = "run the bulk operation with `groupObjects: true`, which keeps them together";
                    let place = place.attribute("__parentId").value(parent);
                    Err(Box::new(Diagnostic::error("json/no-parent", message).at(place).help(help)))
                }
            };
        }
        let mut rows: Vec<Rows> = self.finish().into_iter().collect();
        let id = object.get("id").and_then(Value::as_str).filter(|id| id.starts_with("gid://shopify/Product/"));
        match id.map(str::to_owned) {
            Some(id) if !object.contains_key("variants") => {
                check_handle(object, &place)?;
                self.open = Some((id, Product::alone(node)));
            }
            _ => match shopify_json::product(&node) {
                Some(product) => {
                    check_handle(object, &place)?;
                    rows.push(product.into_rows());
                }
                None => rows.push(Box::new(std::iter::once(cells(object, &node.origin)))),
            },
        }
        Ok(rows)
    }

    /// The rows of what was still open.
    pub fn finish(&mut self) -> Option<Rows> {
        self.open.take().map(|(_, product)| product.into_rows())
    }
}

/// Every row of a product repeats its handle, so a long one would cost its length for each variant. Shopify's own have
/// at most 255 characters.
fn check_handle(product: &Map<String, Value>, place: &Place) -> Result<(), Refusal> {
    const CHARS_MAX: usize = 255;
    let handle = product.get("handle").and_then(Value::as_str).unwrap_or_default();
    let chars = handle.chars().count();
    if chars <= CHARS_MAX {
        return Ok(());
    }
    let message = format!("the handle has {chars} characters, at most {CHARS_MAX} are taken");
    let finding = Diagnostic::error("import/handle-too-long", message);
    let place = place.clone().attribute("handle").value(handle);
    Err(Box::new(finding.at(place).help("it is the last part of the product's address: export it again")))
}
