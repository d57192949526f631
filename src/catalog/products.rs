//! Products and variants in: each record is new, changed or the same, and only what changed gets a new revision.
use rusqlite::types::{Null, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, OptionalExtension, ToSql, params};
use serde::Serializer;
use serde_json::{Map, Value};

use super::axis::{Axis, KnownAxes};
use super::fault::fault;
use super::find::KnownItem;
use super::open::Change;
use super::product::{Carried, Item, ItemGroup, ProductField, ProductId, Put, VariantField};
use crate::diagnostic::Result;

/// Variants of one product share this many ids; see the schema.
const VARIANTS_MAX: i64 = 65_536;

/// Writes products of one source. Made by [`Change::products`].
pub struct Products<'c> {
    change: &'c Change<'c>,
    source: &'c str,
    carried: &'c Carried,
    find_product: CachedStatement<'c>,
    insert_product: CachedStatement<'c>,
    update_product: Option<Update<'c>>,
    last_variant: CachedStatement<'c>,
    insert_variant: CachedStatement<'c>,
    update_variant: Option<Update<'c>>,
    axes: KnownAxes,
    /// The product that got a variant last, and the id its next one has.
    next: Option<(ProductId, i64)>,
}

impl<'w> Change<'w> {
    /// A writer for products whose source carries `carried`; `source` names the format, for `catalog show`.
    pub fn products<'c>(&'c self, source: &'c str, carried: &'c Carried) -> Result<Products<'c>>
    where
        'w: 'c,
    {
        let product: Vec<&str> = carried.product.iter().map(|f| f.column()).collect();
        let variant: Vec<&str> = carried.variant.iter().flat_map(|f| columns_of(*f)).copied().collect();
        let prepare = |sql: &str| self.tx.prepare_cached(sql).map_err(fault);
        let product_set: Vec<&str> = product.iter().copied().filter(|c| *c != "title").collect();
        Ok(Products {
            change: self,
            source,
            carried,
            find_product: prepare("SELECT id FROM product WHERE item_group_id = ?1")?,
            insert_product: prepare(&insert_sql("product", &["item_group_id", "source", "title"], &product_set))?,
            update_product: Update::prepare(self, "product", &product)?,
            last_variant: prepare("SELECT max(id) FROM variant WHERE id >= ?1 AND id < ?1 + 65536")?,
            insert_variant: prepare(&insert_sql(
                "variant",
                &["id", "product_id", "sku", "sku_key", "available"],
                &variant,
            ))?,
            update_variant: Update::prepare(self, "variant", &variant)?,
            axes: KnownAxes::default(),
            next: None,
        })
    }
}

/// Options bring the axes channels ask for by name.
fn columns_of(field: VariantField) -> &'static [&'static str] {
    match field {
        VariantField::Options => &["options", "title", "color", "size", "material", "pattern"],
        VariantField::Gtin => &["gtin"],
        VariantField::Mpn => &["mpn"],
        VariantField::Image => &["image"],
        VariantField::Price => &["price_minor"],
        VariantField::SalePrice => &["sale_price_minor"],
        VariantField::SaleFrom => &["sale_from"],
        VariantField::SaleTo => &["sale_to"],
        VariantField::Currency => &["currency"],
        VariantField::Cost => &["cost_minor"],
        VariantField::Weight => &["weight_g"],
        VariantField::Tracked => &["tracked"],
        VariantField::SellsWhenOut => &["sells_when_out"],
        VariantField::AvailabilityDate => &["availability_date"],
        VariantField::Attributes => &["attributes"],
        VariantField::Status => &["status"],
    }
}

/// `INSERT`: the key columns, then the revision, then the carried ones.
fn insert_sql(table: &str, key: &[&str], columns: &[&str]) -> String {
    let names: Vec<&str> = key.iter().copied().chain(["revision"]).chain(columns.iter().copied()).collect();
    let marks: Vec<String> = (1..=names.len()).map(|i| format!("?{i}")).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), marks.join(", "))
}

/// Brings the carried columns of a row up to date, where they differ.
struct Update<'c> {
    change: &'c Change<'c>,
    read: CachedStatement<'c>,
    write: CachedStatement<'c>,
}

impl<'c> Update<'c> {
    /// `None` where nothing is carried.
    fn prepare<'w: 'c>(change: &'c Change<'w>, table: &str, columns: &[&str]) -> Result<Option<Update<'c>>> {
        if columns.is_empty() {
            return Ok(None);
        }
        let prepare = |sql: &str| change.tx.prepare_cached(sql).map_err(fault);
        let set: Vec<String> = columns.iter().enumerate().map(|(i, c)| format!("{c} = ?{}", i + 3)).collect();
        let read = prepare(&format!("SELECT {} FROM {table} WHERE id = ?1", columns.join(", ")))?;
        let write = prepare(&format!("UPDATE {table} SET revision = ?2, {} WHERE id = ?1", set.join(", ")))?;
        Ok(Some(Update { change, read, write }))
    }

    /// Whether anything differed. Most rows do not, and to look at one takes half the time of giving all values to a
    /// statement that compares them.
    fn put(&mut self, id: i64, values: &[Param<'_>]) -> Result<bool> {
        let mut rows = self.read.query([id]).map_err(fault)?;
        if let Some(row) = rows.next().map_err(fault)? {
            let mut stored = (0..values.len()).map(|i| row.get_ref(i));
            if values.iter().all(|value| stored.next().is_some_and(|stored| stored.is_ok_and(|s| value.is(s)))) {
                return Ok(false);
            }
        }
        drop(rows);
        let head = [Param::Int(id), Param::Int(self.change.revision()?)];
        self.write.execute(rusqlite::params_from_iter(head.iter().chain(values))).map_err(fault)?;
        Ok(true)
    }
}

impl Products<'_> {
    /// Puts what the variants share. `known` is what [`Products::find`] says of it; a product that is new needs a title,
    /// and the caller has checked that it has one.
    pub fn put(&mut self, group: &ItemGroup, known: Option<ProductId>) -> Result<(ProductId, Put)> {
        let images = json_list(&group.images);
        let tags = json_list(&group.tags);
        let attributes = json_object(&group.attributes);
        let category = match &group.category {
            Some(path) if self.carried.product.contains(&ProductField::Category) => Some(self.change.category(path)?),
            _ => None,
        };
        let value = |field: &ProductField| -> Param<'_> {
            match field {
                ProductField::Title => Param::Text(&group.title),
                ProductField::Description => text(&group.description),
                ProductField::Brand => text(&group.brand),
                ProductField::ProductType => text(&group.product_type),
                ProductField::Category => int(category),
                ProductField::GoogleProductCategory => text(&group.google_product_category),
                ProductField::Condition => text(&group.condition),
                ProductField::AgeGroup => text(&group.age_group),
                ProductField::Gender => text(&group.gender),
                ProductField::Path => text(&group.path),
                ProductField::Images => Param::Text(&images),
                ProductField::Tags => Param::Text(&tags),
                ProductField::Attributes => Param::Text(&attributes),
                ProductField::Status => Param::Text(group.status.as_str()),
            }
        };
        let Some(ProductId(id)) = known else {
            let mut values = vec![
                Param::Text(&group.item_group_id),
                Param::Text(self.source),
                Param::Text(&group.title),
                Param::Int(self.change.revision()?),
            ];
            values.extend(self.carried.product.iter().filter(|f| **f != ProductField::Title).map(value));
            let id = self.insert_product.insert(rusqlite::params_from_iter(values)).map_err(fault)?;
            self.next = Some((ProductId(id), id * VARIANTS_MAX));
            return Ok((ProductId(id), Put::New));
        };
        let Some(update) = &mut self.update_product else { return Ok((ProductId(id), Put::Same)) };
        let values: Vec<Param<'_>> = self.carried.product.iter().map(value).collect();
        let put = if update.put(id, &values)? { Put::Changed } else { Put::Same };
        Ok((ProductId(id), put))
    }

    /// The product with that key, if the catalog has it.
    pub fn find(&mut self, item_group_id: &str) -> Result<Option<ProductId>> {
        self.change.need_indexes()?;
        let found = self.find_product.query_row([item_group_id], |r| r.get(0)).optional().map_err(fault)?;
        Ok(found.map(ProductId))
    }

    /// Puts one variant of `product`. `known` is what [`Change::find_item`] says of its SKU: one that so far belonged to
    /// another product moves here. A new variant starts with `available` units, which the caller counts.
    pub fn put_item(
        &mut self,
        product: ProductId,
        item: &Item,
        known: Option<KnownItem>,
        available: i64,
    ) -> Result<(i64, Put)> {
        let options = json_choices(&item.options);
        let axes: Vec<(Option<Axis>, &str)> =
            item.options.iter().map(|(name, choice)| (self.axes.of(name), choice.as_str())).collect();
        let attributes = json_object(&item.attributes);
        let title = item.options.iter().map(|(_, choice)| choice.as_str()).collect::<Vec<_>>().join(" / ");
        let axis = |wanted: Axis| {
            let choice = axes.iter().find(|(axis, _)| *axis == Some(wanted));
            choice.map_or(Param::Null, |(_, choice)| Param::Text(choice))
        };
        let mut values = Vec::with_capacity(24);
        for field in &self.carried.variant {
            match field {
                VariantField::Gtin => values.push(item.gtin.as_ref().map_or(Param::Null, |g| Param::Text(g.as_str()))),
                VariantField::Mpn => values.push(text(&item.mpn)),
                VariantField::Options => values.extend([
                    Param::Text(&options),
                    if title.is_empty() { Param::Null } else { Param::Text(&title) },
                    axis(Axis::Color),
                    axis(Axis::Size),
                    axis(Axis::Material),
                    axis(Axis::Pattern),
                ]),
                VariantField::Image => values.push(text(&item.image)),
                VariantField::Price => values.push(int(item.price_minor)),
                VariantField::SalePrice => values.push(int(item.sale_price_minor)),
                VariantField::SaleFrom => values.push(text(&item.sale_from)),
                VariantField::SaleTo => values.push(text(&item.sale_to)),
                VariantField::Currency => {
                    values.push(item.currency.as_ref().map_or(Param::Null, |c| Param::Text(c.code())))
                }
                VariantField::Cost => values.push(int(item.cost_minor)),
                VariantField::Weight => values.push(int(item.weight_g)),
                VariantField::Tracked => values.push(Param::Int(i64::from(item.tracked))),
                VariantField::SellsWhenOut => values.push(Param::Int(i64::from(item.sells_when_out))),
                VariantField::AvailabilityDate => values.push(text(&item.availability_date)),
                VariantField::Attributes => values.push(Param::Text(&attributes)),
                VariantField::Status => values.push(Param::Text(item.status.as_str())),
            }
        }
        match known {
            Some(KnownItem { id, product: owner, .. }) => {
                if owner != product {
                    self.move_item(id, product)?;
                }
                let Some(update) = &mut self.update_variant else { return Ok((id, Put::Same)) };
                let is_changed = update.put(id, &values)? || owner != product;
                Ok((id, if is_changed { Put::Changed } else { Put::Same }))
            }
            None => {
                let id = self.next_id(product)?;
                let key = crate::value::text::fold_key(item.sku.as_str());
                let head = [
                    Param::Int(id),
                    Param::Int(product.0),
                    Param::Text(item.sku.as_str()),
                    Param::Text(&key),
                    Param::Int(available),
                    Param::Int(self.change.revision()?),
                ];
                self.insert_variant.execute(rusqlite::params_from_iter(head.iter().chain(&values))).map_err(fault)?;
                Ok((id, Put::New))
            }
        }
    }

    fn next_id(&mut self, product: ProductId) -> Result<i64> {
        let id = match self.next {
            Some((last, id)) if last == product => id,
            _ => {
                let base = product.0 * VARIANTS_MAX;
                let last: Option<i64> = self.last_variant.query_row([base], |r| r.get(0)).map_err(fault)?;
                last.map_or(base, |last| last + 1)
            }
        };
        self.next = Some((product, id + 1));
        Ok(id)
    }

    fn move_item(&self, id: i64, product: ProductId) -> Result<()> {
        self.change
            .tx
            .execute(
                "UPDATE variant SET product_id = ?2, revision = ?3 WHERE id = ?1",
                params![id, product.0, self.change.revision()?],
            )
            .map_err(fault)?;
        Ok(())
    }
}

/// A borrowed parameter: building one allocates nothing.
enum Param<'a> {
    Null,
    Int(i64),
    Text(&'a str),
}

impl Param<'_> {
    fn is(&self, stored: ValueRef<'_>) -> bool {
        match (self, stored) {
            (Param::Null, ValueRef::Null) => true,
            (Param::Int(value), ValueRef::Integer(stored)) => *value == stored,
            (Param::Text(value), ValueRef::Text(stored)) => value.as_bytes() == stored,
            _ => false,
        }
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Param::Null => Ok(ToSqlOutput::from(Null)),
            Param::Int(i) => Ok(ToSqlOutput::from(*i)),
            Param::Text(t) => Ok(ToSqlOutput::from(*t)),
        }
    }
}

fn text(value: &Option<String>) -> Param<'_> {
    value.as_deref().map_or(Param::Null, Param::Text)
}

fn int(value: Option<i64>) -> Param<'static> {
    value.map_or(Param::Null, Param::Int)
}

fn json_list(values: &[String]) -> String {
    // Serializing a list of texts cannot fail; an empty list is what an empty one is anyway.
    serde_json::to_string(values).unwrap_or_else(|_| "[]".to_owned())
}

/// An object of texts; of a key that comes twice, the last choice.
fn json_choices(options: &[(String, String)]) -> String {
    let is_last =
        |(i, (name, _)): &(usize, &(String, String))| !options[i + 1..].iter().any(|(later, _)| later == name);
    let choices = options.iter().enumerate().filter(is_last).map(|(_, (name, choice))| (name, choice));
    let mut json = Vec::with_capacity(64);
    // Neither serializing text nor writing to memory can fail.
    let _ = serde_json::Serializer::new(&mut json).collect_map(choices);
    String::from_utf8(json).unwrap_or_default()
}

fn json_object(values: &Map<String, Value>) -> String {
    // Serializing a map of JSON values cannot fail; an empty object is what an empty map is anyway.
    serde_json::to_string(values).unwrap_or_else(|_| "{}".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Status, Writer};
    use crate::value::{Currency, Sku};
    use std::time::Duration;

    fn at() -> jiff::Timestamp {
        "2026-11-25T10:00:00Z".parse().unwrap()
    }

    fn writer(dir: &std::path::Path) -> Writer {
        let catalog = Catalog::of_shop(dir);
        catalog.create(at()).unwrap();
        catalog.write("purvey test", at(), Duration::ZERO).unwrap()
    }

    fn everything() -> Carried {
        Carried { product: ProductField::ALL.to_vec(), variant: VariantField::ALL.to_vec() }
    }

    fn mug() -> ItemGroup {
        ItemGroup {
            item_group_id: "mug".into(),
            title: "Mug".into(),
            brand: Some("Kiln".into()),
            ..ItemGroup::default()
        }
    }

    fn item(sku: &str, color: &str) -> Item {
        Item {
            sku: Sku::parse(sku).unwrap(),
            gtin: None,
            mpn: None,
            options: vec![("Colour".into(), color.into())],
            image: None,
            price_minor: Some(1250),
            sale_price_minor: None,
            sale_from: None,
            sale_to: None,
            currency: Some(Currency::parse("EUR").unwrap()),
            cost_minor: None,
            weight_g: Some(300),
            tracked: true,
            sells_when_out: false,
            availability_date: None,
            attributes: Map::new(),
            status: Status::Active,
        }
    }

    fn put(writer: &mut Writer, carried: &Carried, group: &ItemGroup, items: &[Item]) -> Vec<Put> {
        let change = writer.change(at()).unwrap();
        let mut products = change.products("test", carried).unwrap();
        let known = products.find(&group.item_group_id).unwrap();
        let (id, first) = products.put(group, known).unwrap();
        let mut rest = Vec::new();
        for item in items {
            let known = change.find_item(item.sku.as_str()).unwrap();
            rest.push(products.put_item(id, item, known, 0).unwrap().1);
        }
        drop(products);
        change.commit().unwrap();
        std::iter::once(first).chain(rest).collect()
    }

    fn revision(writer: &Writer) -> i64 {
        writer.reader().query_row("SELECT value FROM counter WHERE name = 'revision'", [], |r| r.get(0)).unwrap()
    }

    #[test]
    fn the_same_again_changes_nothing_and_takes_no_revision() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = writer(dir.path());
        let items = [item("MUG-BLU", "blue"), item("MUG-RED", "red")];
        assert_eq!(put(&mut writer, &everything(), &mug(), &items), [Put::New, Put::New, Put::New]);
        assert_eq!(revision(&writer), 1);
        assert_eq!(put(&mut writer, &everything(), &mug(), &items), [Put::Same, Put::Same, Put::Same]);
        assert_eq!(revision(&writer), 1);
        let dearer = Item { price_minor: Some(1300), ..item("MUG-RED", "red") };
        assert_eq!(
            put(&mut writer, &everything(), &mug(), &[items[0].clone(), dearer]),
            [Put::Same, Put::Same, Put::Changed]
        );
        let changed: Vec<String> = writer
            .reader()
            .prepare("SELECT sku FROM variant WHERE revision > 1")
            .unwrap()
            .query_map([], |r| r.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(changed, ["MUG-RED"]);
    }

    #[test]
    fn what_a_source_does_not_carry_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = writer(dir.path());
        put(&mut writer, &everything(), &mug(), &[item("MUG-BLU", "blue")]);
        let prices = Carried { product: vec![], variant: vec![VariantField::Price] };
        let bare = ItemGroup { item_group_id: "mug".into(), ..ItemGroup::default() };
        let cheaper = Item { price_minor: Some(990), options: vec![], weight_g: None, ..item("MUG-BLU", "-") };
        assert_eq!(put(&mut writer, &prices, &bare, &[cheaper]), [Put::Same, Put::Changed]);
        let row: (String, i64, String, i64) = writer
            .reader()
            .query_row("SELECT title, price_minor, color, weight_g FROM item", [], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
            })
            .unwrap();
        assert_eq!(row, ("Mug".into(), 990, "blue".into(), 300));
    }

    #[test]
    fn variants_of_a_product_lie_together_and_a_sku_can_move() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = writer(dir.path());
        put(&mut writer, &everything(), &mug(), &[item("A", "blue")]);
        let cup = ItemGroup { item_group_id: "cup".into(), title: "Cup".into(), ..ItemGroup::default() };
        put(&mut writer, &everything(), &cup, &[item("B", "blue")]);
        put(&mut writer, &everything(), &mug(), &[item("C", "red")]);
        let order = |writer: &Writer| -> Vec<String> {
            let mut statement = writer.reader().prepare("SELECT sku FROM item").unwrap();
            statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(order(&writer), ["A", "C", "B"]);
        assert_eq!(put(&mut writer, &everything(), &cup, &[item("A", "blue")]), [Put::Same, Put::Changed]);
        let group: String =
            writer.reader().query_row("SELECT item_group_id FROM item WHERE sku = 'A'", [], |r| r.get(0)).unwrap();
        assert_eq!(group, "cup");
    }

    #[test]
    fn a_change_that_is_dropped_never_was() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = writer(dir.path());
        let change = writer.change(at()).unwrap();
        let carried = everything();
        change.products("test", &carried).unwrap().put(&mug(), None).unwrap();
        drop(change);
        assert_eq!(put(&mut writer, &everything(), &mug(), &[]), [Put::New]);
        assert_eq!(revision(&writer), 1);
    }
}
