//! The shop's own tree of categories: each is there once, by its way from the top.
use rusqlite::{OptionalExtension, params};

use super::fault::fault;
use super::open::Change;
use crate::diagnostic::Result;

/// What stands between two levels.
const BELOW: &str = " > ";

impl Change<'_> {
    /// The category at this way (`Home > Mugs`); it and those above it are made where they are missing.
    pub(super) fn category(&self, path: &str) -> Result<i64> {
        let mut find = self.tx.prepare_cached("SELECT id FROM category WHERE path = ?1").map_err(fault)?;
        if let Some(known) = find.query_row([path], |row| row.get(0)).optional().map_err(fault)? {
            return Ok(known);
        }
        let (mut parent, mut way): (Option<i64>, String) = (None, String::new());
        let mut make = self
            .tx
            .prepare_cached("INSERT INTO category (parent_id, name, path) VALUES (?1, ?2, ?3)")
            .map_err(fault)?;
        for name in path.split(BELOW) {
            if !way.is_empty() {
                way.push_str(BELOW);
            }
            way.push_str(name);
            let known = find.query_row([&way], |row| row.get(0)).optional().map_err(fault)?;
            parent = Some(match known {
                Some(known) => known,
                None => make.insert(params![parent, name, way]).map_err(fault)?,
            });
        }
        parent.ok_or_else(|| crate::diagnostic::Error::bug("a category has no name"))
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Catalog;
    use std::time::Duration;

    #[test]
    fn a_category_is_made_once_with_those_above_it() {
        let dir = tempfile::tempdir().unwrap();
        let now = "2026-11-25T10:00:00Z".parse().unwrap();
        let catalog = Catalog::of_shop(dir.path());
        catalog.create(now).unwrap();
        let mut writer = catalog.write("purvey test", now, Duration::ZERO).unwrap();
        let change = writer.change(now).unwrap();
        let mugs = change.category("Home > Mugs").unwrap();
        assert_eq!(change.category("Home > Mugs").unwrap(), mugs);
        assert!(change.category("Home > Cups").unwrap() != mugs);
        change.commit().unwrap();
        let all = "SELECT group_concat(c.path || '<' || coalesce(p.path, '-'), ';' ORDER BY c.id) FROM category c
                   LEFT JOIN category p ON p.id = c.parent_id";
        let tree: String = writer.reader().query_row(all, [], |row| row.get(0)).unwrap();
        assert_eq!(tree, "Home<-;Home > Mugs<Home;Home > Cups<Home");
    }
}
