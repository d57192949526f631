//! `feed diff`: which offers of two feeds differ, and in what.
//!
//! Offers are matched by the contract's identity, wherever they stand. What is kept of a feed is a few bytes for each
//! value; texts are read again for the differences that are shown.
use std::collections::HashMap;
use std::io::BufRead;

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::check::{Opened, opened};
use super::layout::Layout;
use crate::channel::Channel;
use crate::diagnostic::Result;
use crate::document::{Field, RawOffer};

/// A feed to compare: its name for messages, and how to read it from the start, twice if need be.
pub struct Side<'a> {
    pub file: &'a str,
    pub open: &'a dyn Fn() -> Result<Box<dyn BufRead>>,
}

/// How many offers are the same, and how many are not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diffed {
    pub old_offers: u64,
    pub new_offers: u64,
    pub new: u64,
    pub gone: u64,
    pub changed: u64,
    pub same: u64,
    /// Offers whose identity was met before in the same feed; they are not compared.
    pub doubles: u64,
    /// Changed offers by the attribute that differs.
    pub attributes: IndexMap<String, u64>,
    /// The first differences, in the order of the feeds.
    #[serde(skip)]
    pub shown: Vec<Difference>,
}

impl Diffed {
    pub fn is_same(&self) -> bool {
        self.new + self.gone + self.changed == 0
    }
}

/// One offer that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub offer: String,
    pub what: What,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeChange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    New,
    Gone,
    Changed,
}

/// An attribute by its place in the document; absent on a side as `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeChange {
    pub attribute: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

/// Compares two feeds of `channel`; of each kind of difference at most `show` are gathered.
///
/// # Errors
/// As for [`check`](super::check): a document that cannot be read.
pub fn diff(channel: &Channel, old: &Side<'_>, new: &Side<'_>, show: usize) -> Result<Diffed> {
    let mut names = IndexSet::new();
    let mut done = Diffed::default();
    let mut before = Remembered::default();
    read(channel, old, &mut |identity, values| {
        done.old_offers += 1;
        done.doubles += u64::from(!before.add(identity, &hashes(values, &mut names)));
        Ok(())
    })?;
    let (mut seen, mut shown) = (HashMap::new(), Shown { most: show, ..Shown::default() });
    read(channel, new, &mut |identity, values| {
        done.new_offers += 1;
        let key = xxh3_128(identity.as_bytes());
        if seen.insert(key, ()).is_some() {
            done.doubles += 1;
            return Ok(());
        }
        let Some(known) = before.take(key) else {
            done.new += 1;
            shown.add_new(identity);
            return Ok(());
        };
        let differing = differing(&known, &hashes(values, &mut names));
        if differing.is_empty() {
            done.same += 1;
            return Ok(());
        }
        done.changed += 1;
        for &name in &differing {
            if let Some(name) = names.get_index(usize::from(name)) {
                *done.attributes.entry(name.clone()).or_default() += 1;
            }
        }
        let named = |name: &u16| names.get_index(usize::from(*name)).cloned();
        shown.add_changed(identity, differing.iter().filter_map(named).collect(), values);
        Ok(())
    })?;
    done.gone = before.offers.len() as u64;
    done.attributes.sort_by(|a, x, b, y| y.cmp(x).then(a.cmp(b)));
    done.shown = shown.with_old(channel, old, &before)?;
    Ok(done)
}

/// Values of one offer by their place in the document; those of one place stand together.
type Values = IndexMap<String, String>;
/// Which place has which value, as a hash; sorted by place.
type Hashes = Box<[(u16, u32)]>;

fn hashes(values: &Values, names: &mut IndexSet<String>) -> Hashes {
    let mut hashes: Vec<(u16, u32)> = values
        .iter()
        .map(|(name, value)| {
            let place = names.get_index_of(name).unwrap_or_else(|| names.insert_full(name.clone()).0);
            // beyond 65,535 places they share one: a difference there is still seen
            (u16::try_from(place).unwrap_or(u16::MAX), xxh3_64(value.as_bytes()) as u32)
        })
        .collect();
    hashes.sort_unstable();
    hashes.into()
}

fn differing(old: &[(u16, u32)], new: &[(u16, u32)]) -> Vec<u16> {
    let only = |a: &[(u16, u32)], b: &[(u16, u32)]| -> Vec<u16> {
        a.iter().filter(|value| b.binary_search(value).is_err()).map(|(name, _)| *name).collect()
    };
    let mut names = only(old, new);
    names.extend(only(new, old));
    names.sort_unstable();
    names.dedup();
    names
}

/// The offers of the old feed that were not met in the new one yet.
#[derive(Default)]
struct Remembered {
    offers: HashMap<u128, Hashes>,
}

impl Remembered {
    /// False when there was one of this identity.
    fn add(&mut self, identity: &str, hashes: &[(u16, u32)]) -> bool {
        let entry = self.offers.entry(xxh3_128(identity.as_bytes()));
        let new = matches!(entry, std::collections::hash_map::Entry::Vacant(_));
        entry.or_insert_with(|| hashes.into());
        new
    }

    fn take(&mut self, key: u128) -> Option<Hashes> {
        self.offers.remove(&key)
    }
}

/// The first differences of each kind.
#[derive(Default)]
struct Shown {
    most: usize,
    new: Vec<Difference>,
    /// With what the new feed says; what the old one said is read again.
    changed: IndexMap<String, Vec<AttributeChange>>,
}

impl Shown {
    fn add_new(&mut self, identity: &str) {
        if self.new.len() < self.most {
            self.new.push(Difference { offer: identity.to_owned(), what: What::New, attributes: Vec::new() });
        }
    }

    fn add_changed(&mut self, identity: &str, names: Vec<String>, values: &Values) {
        if self.changed.len() < self.most {
            let change = |name: String| AttributeChange { new: values.get(&name).cloned(), attribute: name, old: None };
            self.changed.insert(identity.to_owned(), names.into_iter().map(change).collect());
        }
    }

    fn with_old(mut self, channel: &Channel, old: &Side<'_>, left: &Remembered) -> Result<Vec<Difference>> {
        let mut gone = Vec::new();
        if !self.changed.is_empty() || (!left.offers.is_empty() && self.most > 0) {
            let mut told = IndexSet::new();
            read(channel, old, &mut |identity, values| {
                if !told.insert(xxh3_128(identity.as_bytes())) {
                    return Ok(());
                }
                if let Some(changes) = self.changed.get_mut(identity) {
                    changes.iter_mut().for_each(|change| change.old = values.get(&change.attribute).cloned());
                } else if gone.len() < self.most && left.offers.contains_key(&xxh3_128(identity.as_bytes())) {
                    gone.push(Difference { offer: identity.to_owned(), what: What::Gone, attributes: Vec::new() });
                }
                Ok(())
            })?;
        }
        let changed = self.changed.into_iter();
        let changed = changed.map(|(offer, attributes)| Difference { offer, what: What::Changed, attributes });
        Ok(gone.into_iter().chain(self.new).chain(changed).collect())
    }
}

/// Hands every offer's identity and values to `each`.
fn read(channel: &Channel, side: &Side<'_>, each: &mut dyn FnMut(&str, &Values) -> Result<()>) -> Result<()> {
    let Opened { mut reader, format, .. } = opened(channel, (side.open)()?, side.file)?;
    let layout = Layout::new(channel, format);
    let mut raw = RawOffer::default();
    let (mut identity, mut values) = (String::new(), Values::new());
    while reader.read_offer(&mut raw)? {
        drop(reader.take_findings());
        let Some(root) = raw.root() else { continue };
        values.clear();
        gather(root, &mut String::new(), &mut values);
        let Some(rows) = layout.rows(&raw).filter(|rows| !rows.is_empty()) else {
            layout.identity(&[root], &mut identity);
            each(&identity, &values)?;
            continue;
        };
        // Each row inside is compared with what it shares with the others, and without the others.
        let inside = layout.nest().map(|nest| nest.at.trim_matches('/').replace("/-", "")).unwrap_or_default();
        let container = inside.split('/').next().unwrap_or_default();
        values.retain(|path, _| path.split('/').next() != Some(container));
        for row in rows {
            let mut own = values.clone();
            gather(row, &mut inside.clone(), &mut own);
            layout.identity(&[row, root], &mut identity);
            each(&identity, &own)?;
        }
    }
    Ok(())
}

/// Every text in the offer under its path (`shipping/price`, `param/@name`); an empty one says nothing.
fn gather(field: Field<'_>, path: &mut String, values: &mut Values) {
    let mut put = |path: &str, text: &str| {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        match values.get_mut(path) {
            Some(before) => {
                before.push_str(" | ");
                before.push_str(text);
            }
            None => drop(values.insert(path.to_owned(), text.to_owned())),
        }
    };
    put(if path.is_empty() { "text()" } else { path }, field.text());
    for attribute in field.attributes() {
        let slash = if path.is_empty() { "" } else { "/" };
        put(&format!("{path}{slash}@{}", attribute.name), attribute.value);
    }
    for child in field.children() {
        let before = path.len();
        if before > 0 {
            path.push('/');
        }
        path.push_str(child.name());
        gather(child, path, values);
        path.truncate(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Parameter, Settings};

    fn differences(old: &str, new: &str, show: usize) -> Diffed {
        let mut settings = Settings::default();
        for key in ["site", "country", "shop", "currency"] {
            settings.parameters.insert(key.to_owned(), Parameter::Text(String::new()));
        }
        let channel = Channel::load("google", None, settings).unwrap();
        let reader = |text: &str| -> Box<dyn BufRead> { Box::new(std::io::Cursor::new(text.to_owned())) };
        let old = Side { file: "old", open: &|| Ok(reader(old)) };
        let new = Side { file: "new", open: &|| Ok(reader(new)) };
        diff(&channel, &old, &new, show).unwrap()
    }

    fn change(attribute: &str, old: Option<&str>, new: Option<&str>) -> AttributeChange {
        AttributeChange { attribute: attribute.into(), old: old.map(Into::into), new: new.map(Into::into) }
    }

    #[test]
    fn the_order_of_offers_and_columns_is_no_difference() {
        let diffed = differences(
            "id\ttitle\tprice\nA\tMug\t1 EUR\nB\tCup\t2 EUR\n",
            "price\tid\ttitle\n2 EUR\tB\tCup\n1 EUR\tA\tMug\n",
            9,
        );
        assert!(diffed.is_same(), "{diffed:?}");
        assert_eq!((diffed.same, diffed.old_offers, diffed.new_offers), (2, 2, 2));
    }

    #[test]
    fn what_is_new_gone_and_changed_is_told_with_both_values() {
        let diffed = differences(
            "id\ttitle\tprice\nA\tMug\t1 EUR\nB\tCup\t2 EUR\nC\tJug\t3 EUR\n",
            "id\ttitle\tprice\tbrand\nB\tCup\t2.50 EUR\tAcme\nD\tPot\t9 EUR\t\nC\tJug\t3 EUR\t\n",
            9,
        );
        let told = |offer: &str, what, attributes| Difference { offer: offer.into(), what, attributes };
        let changes = vec![change("price", Some("2 EUR"), Some("2.50 EUR")), change("brand", None, Some("Acme"))];
        assert_eq!(
            diffed.shown,
            [told("A", What::Gone, vec![]), told("D", What::New, vec![]), told("B", What::Changed, changes)]
        );
        assert_eq!((diffed.new, diffed.gone, diffed.changed, diffed.same), (1, 1, 1, 1));
        assert_eq!(diffed.attributes.get("price"), Some(&1));
    }

    #[test]
    fn all_are_counted_though_few_are_shown() {
        let feed = |price: u32| {
            let rows: String = (0..50).map(|n| format!("S-{n}\tMug\t{price} EUR\n")).collect();
            format!("id\ttitle\tprice\n{rows}")
        };
        let diffed = differences(&feed(1), &feed(2), 3);
        assert_eq!((diffed.changed, diffed.shown.len(), diffed.attributes["price"]), (50, 3, 50));
        assert_eq!(differences(&feed(1), "id\ttitle\n", 2).gone, 50);
    }

    #[test]
    fn values_inside_others_have_a_path_of_their_own() {
        let item = |price: &str| {
            format!(
                "<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\"><channel><item><g:id>A</g:id><g:shipping>\
                 <g:country>DE</g:country><g:price>{price}</g:price></g:shipping></item></channel></rss>"
            )
        };
        let diffed = differences(&item("1 EUR"), &item("2 EUR"), 1);
        assert_eq!(diffed.shown[0].attributes, [change("shipping/price", Some("1 EUR"), Some("2 EUR"))]);
    }

    #[test]
    fn a_double_is_left_aside_and_counted() {
        let diffed = differences("id\ttitle\nA\tMug\nA\tCup\n", "id\ttitle\nA\tMug\n", 9);
        assert_eq!((diffed.doubles, diffed.same, diffed.changed), (1, 1, 0));
    }
}
