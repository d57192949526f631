//! `import --map-wizard`: a mapping file to start from, best guesses filled in, for a table or a document of products.
use crate::diagnostic::{Error, Place, Result};
use crate::document::{Field, OfferReader, RawOffer, ReadOptions, XmlReader};
use crate::intake::bytes::source::Source;
use crate::intake::formats::product_tables;
use crate::intake::offers::document::is_xml;
use crate::intake::offers::draft::Meaning as OfferMeaning;
use crate::intake::products::layout::{MEANINGS, Meaning};
use crate::intake::rows::table::{Options, Table};
use crate::value::text::cut_chars;
use indexmap::IndexMap;
use std::collections::HashMap;

/// Offers that are looked at.
const OFFERS: usize = 50;
/// Of a text that shows what stands at a path.
const SAMPLE_CHARS: usize = 40;
/// Names of ids in documents, where nothing is called a SKU.
const IDS: &[&str] = &["id", "code", "product_id", "offer_id", "item_id"];

/// A mapping file for the products of a file.
///
/// Errors: those of [`Table`]; `mapping/no-offer`.
pub fn draft(source: Source, options: &Options) -> Result<String> {
    match is_xml(source.head()) {
        true => of_document(&source),
        false => Ok(of_table(&Table::open(source, options)?)),
    }
}

/// For a document, by its beginning: the element of an offer is the one that stands there again and again with most in it.
fn of_document(source: &Source) -> Result<String> {
    let read = ReadOptions {
        file: source.name().to_owned(),
        // no element: all that is read stays in the reader's head
        item: Some(String::new()),
        ..ReadOptions::default()
    };
    let mut reader = XmlReader::new(source.head(), read);
    // the beginning ends somewhere inside
    let _ = reader.read_offer(&mut RawOffer::default());
    let root = reader.head().root();
    let mut elements = HashMap::new();
    if let Some(root) = root {
        weigh(root, String::new(), &mut elements);
    }
    let repeated = elements.into_iter().filter(|(_, weight): &(String, Weight)| weight.count > 1);
    let offer = repeated.max_by(|(a, x), (b, y)| x.inside.cmp(&y.inside).then_with(|| b.cmp(a)));
    let (Some((way, _)), Some(root)) = (offer, root) else {
        let message = format!("no element of {} stands there more than once: which is an offer?", source.name());
        return Err(Error::input("mapping/no-offer", message)
            .at(Place::file(source.name()))
            .help("write a mapping by hand: offer = \"…\", and paths of elements below [columns]"));
    };
    let mut paths = IndexMap::new();
    let mut left = OFFERS;
    visit(root, &way, &mut |offer| {
        if left > 0 {
            left -= 1;
            gather(offer, "", &mut paths);
        }
    });
    Ok(document(way.rsplit('/').next().unwrap_or(&way), &paths))
}

/// How often an element stands at a place, and how much is in all of them.
#[derive(Default)]
struct Weight {
    count: usize,
    inside: usize,
}

/// Weighs what is inside an element, by the way from the root; gives how many elements and attributes that are.
fn weigh(element: Field<'_>, way: String, elements: &mut HashMap<String, Weight>) -> usize {
    let mut inside = element.attributes().count();
    for child in element.children() {
        inside += 1 + weigh(child, format!("{way}/{}", child.name()), elements);
    }
    let weight = elements.entry(way).or_default();
    weight.count += 1;
    weight.inside += inside;
    inside
}

/// Shows `see` the elements at a way from the root.
fn visit<'a>(element: Field<'a>, way: &str, see: &mut dyn FnMut(Field<'a>)) {
    let Some(rest) = way.strip_prefix('/') else { return see(element) };
    let (name, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    element.children().filter(|child| child.name() == name).for_each(|child| visit(child, rest, see));
}

/// Paths of texts inside an offer, each with the first text that is there.
fn gather(element: Field<'_>, path: &str, paths: &mut IndexMap<String, String>) {
    let mut note = |path: String, text: &str| {
        let sample = paths.entry(path).or_default();
        if sample.is_empty() {
            let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
            *sample = words.collect::<Vec<_>>().join(" ");
        }
    };
    element.attributes().for_each(|attribute| note(format!("{path}@{}", attribute.name), attribute.value));
    if !path.is_empty() && element.children().next().is_none() {
        note(path.to_owned(), element.text());
    }
    let joint = if path.is_empty() { "" } else { "/" };
    element.children().for_each(|child| gather(child, &format!("{path}{joint}{}", child.name()), paths));
}

fn document(offer: &str, paths: &IndexMap<String, String>) -> String {
    let mut taken: Vec<(&str, &str)> = Vec::new();
    for path in paths.keys() {
        if let Some(name) = guess(path).filter(|name| taken.iter().all(|(known, _)| known != name)) {
            taken.push((name, path));
        }
    }
    if !taken.iter().any(|(name, _)| *name == "sku") {
        let id = IDS.iter().find_map(|id| paths.keys().find(|path| last(path).eq_ignore_ascii_case(id)));
        taken.extend(id.map(|path| ("sku", path.as_str())));
    }
    let mut text = format!(
        "offer = {}        # the element of one offer\n# name = \"supplier\"      # whose offers they are\n\
         # decimal = \"comma\"      # 1.234,56; or \"dot\": 1,234.56\n\n[columns]\n",
        quoted(offer)
    );
    for name in OfferMeaning::names() {
        match (taken.iter().find(|(known, _)| *known == name), name) {
            (Some((_, path)), _) => text.push_str(&format!("{name} = {}\n", quoted(path))),
            (None, "sku" | "title" | "price") => text.push_str(&format!("# {name} = \"…\"        # which path?\n")),
            (None, _) => {}
        }
    }
    let others = paths.iter().filter(|(path, _)| taken.iter().all(|(_, known)| known != path));
    text.push_str("\n# what is not read; as attributes: move it below [attributes] and name it\n");
    for (path, sample) in others {
        text.push_str(&format!("# … = {}        # {}\n", quoted(path), cut_chars(sample, SAMPLE_CHARS)));
    }
    text + "\n# [options]\n# Color = \"…\"\n# [attributes]\n# material = \"…\"\n# [constants]\n# currency = \"EUR\"\n"
}

/// What a path may mean, by its last name.
fn guess(path: &str) -> Option<&'static str> {
    let columns = product_tables::LAYOUTS.iter().flat_map(|layout| layout.columns);
    let is_it = |wanted: &str| wanted.split('|').any(|name| name.eq_ignore_ascii_case(last(path)));
    let (meaning, _) = columns.into_iter().find(|(_, wanted)| is_it(wanted))?;
    let name = meaning.as_str();
    OfferMeaning::parse(name).map(|_| name)
}

fn last(path: &str) -> &str {
    path.rsplit(['/', '@']).next().unwrap_or(path)
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// For a table of products; columns nobody knows are comments.
fn of_table(table: &Table) -> String {
    let guesses = product_tables::LAYOUTS.iter().flat_map(|layout| layout.columns);
    let mut taken = vec![false; table.header().len()];
    let mut lines: Vec<(Meaning, String)> = Vec::new();
    for (meaning, wanted) in guesses {
        let found = crate::intake::detect::column(table, wanted);
        if let Some(at) = found.filter(|at| !taken[*at] && lines.iter().all(|(known, _)| known != meaning)) {
            taken[at] = true;
            lines.push((*meaning, table.header()[at].name.clone()));
        }
    }
    let mut text = String::from(
        "kind = \"products\"\n# name = \"supplier\"      # whose table it is\n# decimal = \"comma\"      # 1.234,56; or \"dot\": 1,234.56\n\n[columns]\n",
    );
    for (name, meaning) in MEANINGS {
        let found = lines.iter().find(|(known, _)| known == meaning);
        match (found, meaning) {
            (Some((_, column)), _) => text.push_str(&format!("{name} = {}\n", quoted(column))),
            (None, Meaning::Sku | Meaning::Title | Meaning::Price) => {
                text.push_str(&format!("# {name} = \"…\"        # which column?\n"));
            }
            (None, _) => {}
        }
    }
    let unknown: Vec<_> =
        table.header().iter().zip(&taken).filter(|(c, taken)| !**taken && !c.name.is_empty()).collect();
    if !unknown.is_empty() {
        text.push_str("\n# columns that are not read; as attributes: move them below [attributes] and name them\n");
        for (column, _) in unknown {
            // one line, whatever the name holds
            text.push_str(&format!("# … = {}\n", quoted(&column.name.replace(['\n', '\r'], " "))));
        }
    }
    text.push_str(
        "\n# [options]\n# Color = \"…\"\n# [attributes]\n# material = \"…\"\n# [constants]\n# currency = \"EUR\"\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::MappingFile;

    fn drafted(name: &str, text: &str) -> Result<String> {
        draft(Source::bytes(name, text).unwrap(), &Options::default())
    }

    #[test]
    fn a_draft_of_a_table_holds_the_best_guesses_and_can_be_read() {
        let draft = drafted("x.csv", "Artikelnummer;Bezeichnung;VK brutto;Farb\"ton;EAN\n").unwrap();
        for line in ["sku = \"Artikelnummer\"", "title = \"Bezeichnung\"", "price = \"VK brutto\"", "gtin = \"EAN\""] {
            assert!(draft.lines().any(|found| found == line), "{draft}");
        }
        assert!(draft.contains("# … = 'Farb\"ton'") || draft.contains("# … = \"Farb"), "{draft}");
        MappingFile::parse("m.toml", &draft).unwrap();
    }

    #[test]
    fn a_draft_of_a_document_finds_its_offers() {
        let product = |n: u32| {
            format!(
                "<product code=\"A-{n}\"><name>Mug</name><prices><retail_price>{n}</retail_price></prices>\
                 <photos><image>https://e.com/{n}.jpg</image><image>https://e.com/b.jpg</image></photos><ean13/></product>"
            )
        };
        let categories = "<categories><category id=\"1\">A</category><category id=\"2\">B</category></categories>";
        let text = format!("<shop>{categories}<list>{}{}{}</list></shop>", product(1), product(2), product(3));
        let draft = drafted("x.xml", &text).unwrap();
        let lines = [
            "sku = \"@code\"",
            "title = \"name\"",
            "price = \"prices/retail_price\"",
            "image = \"photos/image\"",
            "gtin = \"ean13\"",
        ];
        for line in lines {
            assert!(draft.lines().any(|found| found == line), "{line}: {draft}");
        }
        assert!(draft.starts_with("offer = \"product\""), "{draft}");
        MappingFile::parse("m.toml", &draft).unwrap();
        assert_eq!(drafted("x.xml", "<shop><a/><b/></shop>").unwrap_err().code, "mapping/no-offer");
    }
}
