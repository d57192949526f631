//! Documents of offers that are known: those that `formats/*.toml` describe, and the one that needs code.
use super::description::{Decimal, Described, Description};
use super::dialect::Dialect;
use crate::intake::detect::Kind;
use crate::intake::formats::commerce_ml;
use std::sync::{Arc, LazyLock};

include!(concat!(env!("OUT_DIR"), "/offer_formats.rs"));

static DESCRIBED: LazyLock<Vec<(&str, Description, Arc<Described>)>> = LazyLock::new(|| {
    let read = |(name, text): &(&'static str, &str)| {
        let written: Description = toml::from_str(text).ok()?;
        Some((*name, written.clone(), Arc::new(Described::new(written).ok()?)))
    };
    OFFER_FORMATS.iter().filter_map(read).collect()
});

static ALL: LazyLock<Vec<Arc<Dialect>>> = LazyLock::new(|| {
    let described = DESCRIBED.iter().map(|(name, written, described)| {
        let kind = if written.kind.as_deref() == Some(Kind::Stock.as_str()) { Kind::Stock } else { Kind::Products };
        Arc::new(dialect(name, (*name).to_owned(), kind, written, described))
    });
    let mut all: Vec<_> = described.chain(commerce_ml::dialects().map(Arc::new)).collect();
    // what tells itself by its document element or by what it has comes before what anybody's may be
    all.sort_by_key(|dialect| (dialect.roots.is_empty(), dialect.kind == Kind::Products));
    all
});

/// All of them, the most telling first.
pub fn all() -> &'static [Arc<Dialect>] {
    &ALL
}

/// The words of a format's columns, where those are the names of a document's elements.
pub fn words_of(format: &str) -> Option<&'static Described> {
    let known = DESCRIBED.iter().find(|(_, written, _)| written.table.as_deref() == Some(format));
    known.map(|(_, _, described)| described.as_ref())
}

/// A dialect by its description.
pub fn dialect(
    name: &'static str,
    source: String,
    kind: Kind,
    written: &Description,
    described: &Arc<Described>,
) -> Dialect {
    Dialect {
        name,
        source,
        kind,
        id: described.id(),
        names_currency: written.names_currency,
        custom: Decimal::custom(written.decimal),
        has_no_variants: false,
        carried: if kind == Kind::Products { described.carried() } else { Default::default() },
        roots: written.roots.clone(),
        items: written.offer.as_slice().to_vec(),
        reading: Arc::clone(described) as _,
    }
}

/// Document elements, and which elements are offers in them.
pub fn roots(dialects: &[Arc<Dialect>]) -> Vec<(String, Vec<String>)> {
    let mut roots: Vec<(String, Vec<String>)> = Vec::new();
    for dialect in dialects {
        for root in &dialect.roots {
            match roots.iter_mut().find(|(known, _)| known == root) {
                Some((_, items)) => items.extend(dialect.items.iter().cloned()),
                None => roots.push((root.clone(), dialect.items.clone())),
            }
        }
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_description_is_understood() {
        for (name, text) in OFFER_FORMATS {
            let written: Description = toml::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            Described::new(written).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        }
        assert_eq!(DESCRIBED.len(), OFFER_FORMATS.len());
        assert_eq!(all().last().map(|dialect| dialect.name), Some("google-feed"), "anybody's RSS is read so");
    }
}
