//! What is written reads back the same.
use super::{DelimitedEncoder, Dialect, FeedWriter, XmlElement, XmlEncoder, XmlEnvelope, XmlSlot};
use crate::document::text::is_xml_char;
use crate::document::{DelimitedReader, Field, OfferReader, RawOffer, ReadOptions, XmlReader};
use proptest::prelude::*;

/// What every reader gives back of a text: forbidden characters are gone.
fn allowed(text: &str) -> String {
    text.chars().filter(|&c| is_xml_char(c)).collect()
}

proptest! {
    #[test]
    fn what_is_written_reads_back(offers in prop::collection::vec(("\\PC{0,20}", any::<String>(), any::<String>()), 0..6)) {
        let element = |name: &str| XmlElement { name: name.into(), ..XmlElement::default() };
        let envelope = XmlEnvelope { open: vec![element("rss"), element("channel")], item: "item".into(), encoding: "" };
        let slots = [
            XmlSlot::Attribute("id".into()), XmlSlot::Element("a".into()), XmlSlot::Cdata("b".into()), XmlSlot::Text,
        ];
        let mut feed = FeedWriter::begin(XmlEncoder::new(envelope, &slots), Vec::new());
        for (id, a, b) in &offers {
            feed.begin_offer();
            feed.field(1, a);
            feed.field(0, id);
            feed.field(2, b);
            feed.begin_group(1);
            feed.field(0, b);
            feed.field(3, a);
            feed.end_group();
            feed.end_offer().unwrap();
        }
        let bytes = feed.finish().unwrap().remove(0);
        let mut reader = XmlReader::new(&bytes[..], ReadOptions::default());
        let mut offer = RawOffer::default();
        for (id, a, b) in &offers {
            prop_assert!(reader.read_offer(&mut offer).unwrap());
            let root = offer.root().unwrap();
            prop_assert_eq!(root.attribute("id").unwrap(), allowed(id));
            let fields: Vec<Field<'_>> = offer.fields().collect();
            prop_assert_eq!(fields[0].text(), allowed(a));
            // CDATA cannot hold references, so a carriage return comes back as a line feed (XML 1.0, 2.11).
            prop_assert_eq!(fields[1].text(), allowed(b).replace("\r\n", "\n").replace('\r', "\n"));
            prop_assert_eq!(fields[2].text(), allowed(a));
            prop_assert_eq!(fields[2].attribute("id").unwrap(), allowed(b));
        }
        prop_assert!(!reader.read_offer(&mut offer).unwrap());
    }

    #[test]
    fn a_table_reads_back(rows in prop::collection::vec(("[^\0]{1,20}", "[^\0]{0,20}"), 1..6), delimiter in prop::sample::select(b"\t,;|".to_vec())) {
        let dialect = Dialect { delimiter, ..Dialect::default() };
        let mut feed = FeedWriter::begin(DelimitedEncoder::new(dialect, vec!["id".into(), "title".into()]), Vec::new());
        for (id, title) in &rows {
            feed.begin_offer();
            feed.field(1, title);
            feed.field(0, id);
            feed.end_offer().unwrap();
        }
        let bytes = feed.finish().unwrap().remove(0);
        let mut reader = DelimitedReader::new(&bytes[..], ReadOptions::default()).unwrap();
        let mut offer = RawOffer::default();
        for (id, title) in rows.iter().filter(|(id, title)| !(id.trim().is_empty() && title.trim().is_empty())) {
            prop_assert!(reader.read_offer(&mut offer).unwrap());
            prop_assert_eq!(offer.field("id").unwrap().text(), id);
            prop_assert_eq!(offer.field("title").unwrap().text(), title);
        }
        prop_assert!(!reader.read_offer(&mut offer).unwrap());
    }
}
