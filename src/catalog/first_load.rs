//! The first load of a table: its indexes are put off and built at the end from sorted keys, which costs less than half
//! of keeping them in order while rows come in any order.
//!
//! Dropping and building are part of the transaction, so that a kill at any moment leaves the indexes where they were.
//! Whoever looks something up by one of them asks [`Change::need_indexes`] first.
use super::fault::fault;
use super::open::Change;
use super::sql::all;
use crate::diagnostic::Result;

/// Tables of which a shop has many rows.
const TABLES: [&str; 3] = ["product", "variant", "stock"];

impl Change<'_> {
    /// Puts off the indexes of those tables that have no row yet, until they are needed or the change is committed.
    pub fn put_off_indexes(&self) -> Result<()> {
        for table in TABLES {
            if !self.is_empty(table)? {
                continue;
            }
            let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL";
            let indexes: Vec<(String, String)> = all(&self.tx, sql, [table], |r| Ok((r.get(0)?, r.get(1)?)))?;
            for (name, sql) in indexes {
                self.tx.execute_batch(&format!("DROP INDEX {name}")).map_err(fault)?;
                self.indexes_put_off.borrow_mut().push(sql);
            }
        }
        Ok(())
    }

    /// Builds what was put off.
    pub(super) fn need_indexes(&self) -> Result<()> {
        let put_off = self.indexes_put_off.take();
        put_off.iter().try_for_each(|sql| self.tx.execute_batch(sql)).map_err(fault)
    }

    /// Whether the catalog has no product, and so no variant.
    pub fn has_no_products(&self) -> Result<bool> {
        self.is_empty("product")
    }

    fn is_empty(&self, table: &str) -> Result<bool> {
        let sql = format!("SELECT NOT EXISTS (SELECT 1 FROM {table})");
        self.tx.query_row(&sql, [], |r| r.get(0)).map_err(fault)
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::testing::item;
    use crate::catalog::{Carried, Catalog, ItemGroup, ProductField, VariantField, Writer};
    use std::time::Duration;

    fn indexes(writer: &Writer) -> Vec<String> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY name";
        let mut names = writer.reader().prepare(sql).unwrap();
        names.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn indexes_are_back_whether_the_load_was_kept_dropped_or_looked_into() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Catalog::of_shop(dir.path());
        let at = "2026-11-25T10:00:00Z".parse().unwrap();
        catalog.create(at).unwrap();
        let mut writer = catalog.write("purvey test", at, Duration::ZERO).unwrap();
        let all = indexes(&writer);
        let carried = Carried { product: ProductField::ALL.to_vec(), variant: VariantField::ALL.to_vec() };
        let group = ItemGroup { item_group_id: "tea".into(), title: "Tea".into(), ..ItemGroup::default() };
        for (is_kept, looks) in [(false, false), (false, true), (true, false)] {
            let change = writer.change(at).unwrap();
            assert!(change.has_no_products().unwrap());
            change.put_off_indexes().unwrap();
            let left: i64 = change
                .tx
                .query_row("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'variant\\_%' ESCAPE '\\'", [], |r| {
                    r.get(0)
                })
                .unwrap();
            assert_eq!(left, 0);
            let mut products = change.products("test", &carried).unwrap();
            let (product, _) = products.put(&group, None).unwrap();
            products.put_item(product, &item("TEA-1"), None, 0).unwrap();
            drop(products);
            if looks {
                assert!(change.find_item("TEA-1").unwrap().is_some());
            }
            if is_kept {
                change.commit().unwrap()
            } else {
                drop(change)
            }
            assert_eq!(indexes(&writer), all);
        }
        let change = writer.change(at).unwrap();
        assert!(!change.has_no_products().unwrap());
        change.put_off_indexes().unwrap();
        assert!(change.find_item("TEA-1").unwrap().is_some());
    }
}
