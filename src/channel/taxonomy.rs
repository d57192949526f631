//! Categories a channel publishes: fetched by `purvey taxonomy update`, kept in the shop's `taxonomies/`, never bundled.
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::diagnostic::{Error, Place, Result};
use crate::document::{Field, OfferReader, RawOffer, ReadOptions, XmlReader};
use crate::value::closest::closest;

/// `[taxonomy.x]` of a contract: where the list is, and in XML which elements are what. Elsewhere a line is one
/// category: `166 - Apparel & Accessories`, `166<tab>Apparel`, `166,Apparel`, or the path alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    pub url: String,
    /// XML: the element of one category; others may stand in it.
    pub element: Option<String>,
    /// XML: the element with its id, and that with its full path.
    pub id: Option<String>,
    pub path: Option<String>,
}

/// The categories of one list.
#[derive(Debug, Clone, Default)]
pub struct Taxonomy {
    /// Id (its own path where there is none) and path, as published.
    entries: Vec<(String, String)>,
    by_id: HashMap<String, usize>,
    by_path: HashMap<String, usize>,
}

/// Marks between the steps of a path.
const STEPS: [char; 2] = ['>', '|'];

impl Taxonomy {
    /// Reads a list as its publisher has it.
    pub fn read(publisher: &Publisher, file: &str, bytes: &[u8]) -> Result<Taxonomy> {
        let entries = match &publisher.element {
            Some(element) => publisher.entries_of_xml(element, file, bytes)?,
            None => from_lines(&String::from_utf8_lossy(bytes)),
        };
        let taxonomy = Taxonomy::of(entries);
        if taxonomy.entries.len() < 2 || bytes.trim_ascii_start().starts_with(b"<") && publisher.element.is_none() {
            return Err(Error::input("taxonomy/not-one", "this is no list of categories").at(Place::file(file)).help(
                "give the publisher's file as it is: one category a line, its id first; what was kept before stays",
            ));
        }
        Ok(taxonomy)
    }

    fn of(entries: Vec<(String, String)>) -> Taxonomy {
        let mut taxonomy = Taxonomy::default();
        for (id, path) in entries {
            let index = taxonomy.entries.len();
            taxonomy.by_id.entry(id.clone()).or_insert(index);
            taxonomy.by_path.entry(folded(&path)).or_insert(index);
            // As it is published it is found without being folded.
            taxonomy.by_path.entry(path.clone()).or_insert(index);
            taxonomy.entries.push((id, path));
        }
        taxonomy
    }

    /// The list `name` as the shop keeps it, if it does.
    pub fn load(name: &str, shop: Option<&Path>) -> Result<Option<Taxonomy>> {
        let Some(path) = shop.map(|shop| Taxonomy::path(name, shop)).filter(|path| path.is_file()) else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
        Ok(Some(Taxonomy::of(from_lines(&text))))
    }

    /// Where a shop keeps the list `name`.
    pub fn path(name: &str, shop: &Path) -> PathBuf {
        shop.join("taxonomies").join(format!("{name}.tsv"))
    }

    /// As the shop keeps it: id, tab, path.
    pub fn text(&self) -> String {
        self.entries.iter().map(|(id, path)| format!("{id}\t{path}\n")).collect()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The path of a category given by id or path, however its steps are spaced.
    pub fn path_of(&self, value: &str) -> Option<&str> {
        let exact = self.by_id.get(value.trim()).or_else(|| self.by_path.get(value));
        let index = exact.or_else(|| self.by_path.get(&folded(value)))?;
        self.entries.get(*index).map(|(_, path)| path.as_str())
    }

    /// The category somebody may have meant: the same last step, else one that is spelled nearly so.
    pub fn nearest(&self, value: &str) -> Option<&str> {
        let leaf = |path: &str| folded(path.rsplit(STEPS).next().unwrap_or(path));
        let wanted = leaf(value);
        let same = self.entries.iter().find(|(_, path)| leaf(path) == wanted);
        if let Some((_, path)) = same {
            return Some(path);
        }
        let last_step = |path: &'_ str| path.rsplit(STEPS).next().map(str::trim).map(str::to_owned);
        let steps: Vec<String> = self.entries.iter().filter_map(|(_, path)| last_step(path)).collect();
        let near = closest(&wanted, steps.iter().map(String::as_str))?;
        let index = steps.iter().position(|step| step == near)?;
        self.entries.get(index).map(|(_, path)| path.as_str())
    }
}

impl Publisher {
    fn entries_of_xml(&self, element: &str, file: &str, bytes: &[u8]) -> Result<Vec<(String, String)>> {
        let options = ReadOptions { file: file.to_owned(), item: Some(element.to_owned()), ..ReadOptions::default() };
        let mut reader = XmlReader::new(bytes, options);
        let (mut top, mut entries) = (RawOffer::default(), Vec::new());
        while reader.read_offer(&mut top)? {
            top.root().into_iter().for_each(|root| self.gather(root, element, &mut entries));
        }
        Ok(entries)
    }

    fn gather(&self, category: Field<'_>, element: &str, entries: &mut Vec<(String, String)>) {
        let text = |name: &Option<String>| {
            let name = name.as_deref()?;
            category.children().find(|child| child.name() == name).map(|child| child.text().trim().to_owned())
        };
        if let Some(path) = text(&self.path) {
            entries.push((text(&self.id).unwrap_or_else(|| path.clone()), path));
        }
        category.children().filter(|child| child.name() == element).for_each(|c| self.gather(c, element, entries));
    }
}

/// One category a line; lines that begin with `#`, and a header, are none.
fn from_lines(text: &str) -> Vec<(String, String)> {
    let lines = text.trim_start_matches('\u{FEFF}').lines().map(str::trim);
    let entry = |line: &str| {
        let is_id =
            |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let numbered = [" - ", "\t", ","].iter().find_map(|mark| {
            let (id, path) = line.split_once(mark)?;
            let is_told = *mark == "\t" || id.bytes().all(|b| b.is_ascii_digit());
            (is_id(id) && is_told).then(|| (id.to_owned(), path.trim().trim_matches('"').to_owned()))
        });
        // The kept form of a list without ids has the path twice.
        numbered.unwrap_or_else(|| {
            let path = line.split_once('\t').map_or(line, |(_, path)| path);
            (path.to_owned(), path.to_owned())
        })
    };
    let is_entry = |line: &&str| !line.is_empty() && !line.starts_with('#') && !line.starts_with("category_id");
    lines.filter(is_entry).map(entry).collect()
}

/// A path without what readers pass over: case, and the spaces around its steps.
fn folded(path: &str) -> String {
    path.split(STEPS).map(|step| step.trim().to_lowercase()).collect::<Vec<_>>().join(">")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(publisher: &str, text: &str) -> Taxonomy {
        Taxonomy::read(&toml::from_str(publisher).unwrap(), "list", text.as_bytes()).unwrap()
    }

    #[test]
    fn lists_are_read_as_they_are_published() {
        let url = "url = 'https://x.example/list'";
        for (publisher, text) in [
            (url.to_owned(), "# Version: 1\n166 - Apparel & More\n1604 - Apparel & More > Clothing\n"),
            (url.to_owned(), "\u{FEFF}category_id,category\n166,Apparel & More\n1604,\"Apparel & More > Clothing\"\n"),
            (
                format!("{url}\nelement = 'C'\nid = 'ID'\npath = 'FULL'"),
                "<T><C><ID>166</ID><FULL>Apparel &amp; More</FULL><C><ID>1604</ID><FULL>Apparel &amp; More | Clothing</FULL></C></C></T>",
            ),
        ] {
            let taxonomy = read(&publisher, text);
            assert_eq!(taxonomy.len(), 2, "{text}");
            assert_eq!(taxonomy.path_of("166"), Some("Apparel & More"), "{text}");
            let path = taxonomy.path_of("apparel & more>clothing");
            assert!(path.is_some() && path == taxonomy.path_of("1604"), "{text}");
            let kept = Taxonomy::of(from_lines(&taxonomy.text()));
            assert_eq!(kept.path_of("1604"), path, "{text}");
        }
        let bare = read(url, "Home\nHome > Mugs\n");
        assert_eq!(Taxonomy::of(from_lines(&bare.text())).path_of("home > mugs"), Some("Home > Mugs"));
    }

    #[test]
    fn what_was_meant_is_found_by_its_last_step() {
        let taxonomy = read("url = 'x'", "1 - Home\n2 - Home > Kitchen > Mugs\n");
        assert_eq!(taxonomy.nearest("Garden > Mugs"), Some("Home > Kitchen > Mugs"));
        assert_eq!(taxonomy.nearest("Home > Kitchen > Muggs"), Some("Home > Kitchen > Mugs"));
        assert_eq!(taxonomy.nearest("Bicycles"), None);
        assert!(Taxonomy::read(&toml::from_str("url = 'x'").unwrap(), "x", b"<html>\n<body>").is_err());
    }
}
