//! A Shopify product, as its interfaces give it, in the columns of Shopify's own CSV: what reads the one reads the other.
//!
//! Names are those of the REST interface (`products.json`, of an admin or a storefront) and of GraphQL; lists of GraphQL
//! may be plain, `nodes` or `edges`.
use crate::intake::cell::weight::{self, Unit};
use crate::intake::rows::json::cells::{Cell, Origin, text};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

const OPTIONS: usize = 3;
const OPTION_NAMES: [&str; OPTIONS] = ["Option1 Name", "Option2 Name", "Option3 Name"];
const OPTION_VALUES: [&str; OPTIONS] = ["Option1 Value", "Option2 Value", "Option3 Value"];

/// An object of a record.
#[derive(Debug, Clone)]
pub struct Node {
    pub value: Value,
    path: String,
    pub origin: Arc<Origin>,
}

impl Node {
    pub fn new(value: Value, origin: Arc<Origin>) -> Node {
        Node { value, path: String::new(), origin }
    }

    /// Without `{"node": …}`, `{"product": …}` around it.
    pub fn unwrapped(mut self) -> Node {
        for key in ["node", "product"] {
            let is_all = self.value.as_object().is_some_and(|object| object.len() == 1);
            if let Some(inner) = self.value.get_mut(key).filter(|inner| is_all && inner.is_object()) {
                self.value = inner.take();
                self.path = self.path_of(key);
            }
        }
        self
    }

    fn path_of(&self, path: &str) -> String {
        if self.path.is_empty() { path.to_owned() } else { format!("{}.{path}", self.path) }
    }

    /// The value of a dotted path.
    fn get(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.value, |value, key| value.get(key))
    }

    /// The first of several paths that is there.
    fn find<'p>(&self, paths: &[&'p str]) -> Option<(&'p str, &Value)> {
        paths.iter().find_map(|path| Some((*path, self.get(path)?)))
    }

    /// The elements of a list of this object.
    fn list(&self, key: &str) -> Vec<Node> {
        let found = self.get(key);
        let (items, at) = match found.and_then(|list| Some((list.get("nodes").or_else(|| list.get("edges"))?, list))) {
            Some((items, list)) if list.get("nodes").is_some() => (Some(items), format!("{key}.nodes")),
            Some((items, _)) => (Some(items), format!("{key}.edges")),
            None => (found, key.to_owned()),
        };
        let items = items.and_then(Value::as_array).into_iter().flatten().enumerate();
        let node = |(i, item): (usize, &Value)| {
            let path = self.path_of(&format!("{at}[{i}]"));
            Node { value: item.clone(), path, origin: self.origin.clone() }.unwrapped()
        };
        items.map(node).collect()
    }
}

/// Rows made one by one, since each repeats what its product says.
pub type Rows = Box<dyn Iterator<Item = Vec<Cell>> + Send>;

#[derive(Debug)]
pub struct Product {
    own: Node,
    variants: Vec<Node>,
    images: Vec<Node>,
}

/// A product with its variants; `None` for any other object.
pub fn product(node: &Node) -> Option<Product> {
    let variants = node.list("variants");
    let is_shopify = node.get("handle").is_some() && variants.iter().all(|variant| variant.get("price").is_some());
    if !is_shopify || node.get("variants").is_none() {
        return None;
    }
    let lists = ["images", "media"].into_iter().map(|key| node.list(key));
    let images = lists.into_iter().find(|images| !images.is_empty()).unwrap_or_default();
    Some(Product { own: node.clone(), variants, images })
}

impl Product {
    /// Of a bulk operation, which tells its variants after it.
    pub fn alone(own: Node) -> Product {
        Product { own, variants: Vec::new(), images: Vec::new() }
    }

    /// Whether `parent` is the product, or one of its variants.
    pub fn has(&self, id: &str, parent: &str) -> bool {
        let is_it = |node: &Node| node.get("id").and_then(Value::as_str) == Some(parent);
        id == parent || self.variants.iter().any(is_it)
    }

    /// What else a bulk operation tells of variants is not read.
    pub fn add(&mut self, node: Node) {
        let of_variant = |node: &Node| node.get("__parentId").and_then(Value::as_str).unwrap_or_default().to_owned();
        if node.find(&["price", "sku", "selectedOptions"]).is_some() {
            self.variants.push(node);
        } else if node.find(IMAGE).is_some() && !of_variant(&node).contains("ProductVariant") {
            self.images.push(node);
        }
    }

    /// One row for each variant, and one for each image but the first, so that no image is lost with a variant.
    pub fn into_rows(self) -> Rows {
        let ids = self.images.iter().enumerate().filter_map(|(i, image)| Some((text(image.get("id")?), i)));
        let ids: HashMap<String, usize> = ids.collect();
        let (variants, images) = (self.variants.len().max(1), self.images.len().max(1));
        Box::new((0..variants + images - 1).map(move |i| match i.checked_sub(variants) {
            None => self.row(Some(i), i, &ids),
            Some(image) => self.row(None, image + 1, &ids),
        }))
    }

    /// `ids` are those of the images.
    fn row(&self, variant: Option<usize>, image: usize, ids: &HashMap<String, usize>) -> Vec<Cell> {
        let mut row = Row(Vec::new());
        row.say("Handle", &self.own, &["handle"]);
        if variant == Some(0) {
            self.say_own(&mut row);
        }
        if let Some(node) = self.images.get(image).filter(|_| variant.is_none_or(|variant| variant == 0)) {
            row.say("Image Src", node, IMAGE);
            row.put("Image Position", node, "position", (image + 1).to_string());
        }
        if let Some(variant) = variant.and_then(|i| self.variants.get(i)) {
            self.say_variant(&mut row, variant, ids);
        }
        row.0
    }

    fn say_own(&self, row: &mut Row) {
        let own = &self.own;
        row.say("Title", own, &["title"]);
        row.say("Body (HTML)", own, &["body_html", "descriptionHtml", "bodyHtml"]);
        row.say("Vendor", own, &["vendor"]);
        row.say("Type", own, &["product_type", "productType"]);
        row.say("Tags", own, &["tags"]);
        row.say("Status", own, &["status"]);
        if let Some((path, at)) = own.find(&["published_at", "publishedAt"]) {
            row.put("Published", own, path, (!at.is_null()).to_string());
        }
        for ((i, option), name) in own.list("options").iter().enumerate().zip(OPTION_NAMES) {
            match option.value.as_str() {
                Some(text) => row.put(name, own, &format!("options[{i}]"), text.to_owned()),
                None => row.say(name, option, &["name"]),
            }
        }
        if own.list("options").is_empty() {
            let first = self.variants.first().map(|variant| variant.list("selectedOptions")).unwrap_or_default();
            first.iter().zip(OPTION_NAMES).for_each(|(option, name)| row.say(name, option, &["name"]));
        }
    }

    fn say_variant(&self, row: &mut Row, variant: &Node, ids: &HashMap<String, usize>) {
        for (column, key) in OPTION_VALUES.into_iter().zip(["option1", "option2", "option3"]) {
            row.say(column, variant, &[key]);
        }
        for (option, column) in variant.list("selectedOptions").iter().zip(OPTION_VALUES) {
            row.say(column, option, &["value"]);
        }
        let sku = variant.find(&["sku"]).map(|(_, sku)| text(sku)).unwrap_or_default();
        row.put("Variant SKU", variant, "sku", sku);
        row.say("Variant Barcode", variant, &["barcode"]);
        row.say("Variant Price", variant, &["price.amount", "price"]);
        row.say("Variant Compare At Price", variant, &["compare_at_price", "compareAtPrice.amount", "compareAtPrice"]);
        row.say("Cost per item", variant, &["inventoryItem.unitCost.amount", "cost"]);
        row.say("Variant Inventory Qty", variant, &["inventory_quantity", "inventoryQuantity"]);
        row.say("Variant Inventory Policy", variant, &["inventory_policy", "inventoryPolicy"]);
        row.say("Variant Inventory Tracker", variant, &["inventory_management"]);
        if let Some(tracked) = variant.get("inventoryItem.tracked") {
            let tracker = if tracked == &Value::Bool(true) { "shopify" } else { "" };
            row.put("Variant Inventory Tracker", variant, "inventoryItem.tracked", tracker.to_owned());
        }
        row.say("Variant Grams", variant, &["grams"]);
        for path in [WEIGHT, &["weight", "weight_unit"], &["weight", "weightUnit"]] {
            if row.has("Variant Grams") {
                break;
            }
            self.say_weight(row, variant, path);
        }
        row.say("Variant Image", variant, &["featured_image.src", "image.url", "image.src"]);
        let id = variant.get("image_id").map(text);
        if let Some(image) = id.and_then(|id| self.images.get(*ids.get(&id)?)) {
            row.say("Variant Image", image, IMAGE);
        }
    }

    /// Shopify names units in full, in the plural and in capitals: `KILOGRAMS`.
    fn say_weight(&self, row: &mut Row, variant: &Node, [value, unit]: &[&str; 2]) {
        let said = |path| variant.get(path).map(text).unwrap_or_default();
        if let Some(unit) = Unit::parse(&said(unit))
            && let Ok(Some(grams)) = weight::grams(&said(value), Some(unit))
        {
            row.put("Variant Grams", variant, value, grams.to_string());
        }
    }
}

const WEIGHT: &[&str; 2] = &["inventoryItem.measurement.weight.value", "inventoryItem.measurement.weight.unit"];
const IMAGE: &[&str] = &["src", "url", "image.url", "preview.image.url"];

struct Row(Vec<Cell>);

impl Row {
    fn has(&self, column: &str) -> bool {
        self.0.iter().any(|cell| cell.column == column)
    }

    /// The value of the first path that is there.
    fn say(&mut self, column: &'static str, node: &Node, paths: &[&str]) {
        if let Some((path, value)) = node.find(paths) {
            self.put(column, node, path, text(value));
        }
    }

    /// What is said first stands.
    fn put(&mut self, column: &'static str, node: &Node, path: &str, text: String) {
        if !self.has(column) {
            let (path, origin) = (node.path_of(path), node.origin.clone());
            self.0.push(Cell { column: column.into(), path, text, origin });
        }
    }
}
