use super::*;
use crate::document::Field;
use proptest::prelude::*;

const GOOGLE: &str = "http://base.google.com/ns/1.0";

fn reader(bytes: &[u8]) -> XmlReader<&[u8]> {
    XmlReader::new(bytes, ReadOptions { file: "feed.xml".into(), ..ReadOptions::default() })
}

/// The document is a head on line 2 and one item on line 3.
fn rss(item: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:g=\"{GOOGLE}\"><channel><title>t</title>\n\
         <item><g:id>X-1</g:id>{item}</item>\n</channel></rss>\n"
    )
}

/// Reads to the end: how many offers, and the codes of the findings.
fn drain(mut reader: impl OfferReader) -> Result<(u64, Vec<String>)> {
    let mut offer = RawOffer::default();
    let mut offers = 0;
    while reader.read_offer(&mut offer)? {
        offers += 1;
    }
    Ok((offers, reader.take_findings().into_iter().map(|finding| finding.code).collect()))
}

fn show(field: Field<'_>) -> String {
    let inside: Vec<String> = field.children().map(show).collect();
    let attributes: String = field.attributes().map(|a| format!(" {}={}", a.name, a.value)).collect();
    let at = field.position();
    format!("{}{attributes}@{}:{}={}{}", field.qualified_name(), at.line, at.column, field.text(), inside.concat())
}

#[test]
fn fields_with_their_places_namespaces_and_insides() {
    let text = rss(
        "<title>Mug &amp; <![CDATA[<b>]]>é&#33;</title>\n <g:shipping>\n<g:country>DE</g:country></g:shipping><é/>é<link href=\"a&amp;b\"/>",
    );
    let mut reader = reader(text.as_bytes());
    let mut offer = RawOffer::default();
    assert!(reader.read_offer(&mut offer).unwrap());
    let fields: Vec<String> = offer.fields().map(show).collect();
    assert_eq!(
        fields,
        ["g:id@3:7=X-1", "title@3:23=Mug & <b>é!", "g:shipping@4:2=g:country@5:1=DE", "é@5:39=", "link href=a&b@5:44=",]
    );
    let id = offer.field("id").unwrap();
    assert_eq!((id.name(), id.namespace()), ("id", Some(GOOGLE)));
    assert_eq!(offer.field("title").unwrap().namespace(), None);
    assert_eq!((offer.index(), offer.position().line), (1, 3));
    assert_eq!(reader.head().root().unwrap().attribute("version"), Some("2.0"));
    let channel = reader.head().field("channel").unwrap();
    assert_eq!(channel.children().map(show).collect::<Vec<_>>(), ["title@2:69=t"]);
    assert!(!reader.read_offer(&mut offer).unwrap());
}

#[test]
fn another_prefix_is_the_same_namespace() {
    let text = rss("").replace("g:", "goo:").replace("xmlns:g=", "xmlns:goo=");
    let mut offer = RawOffer::default();
    reader(text.as_bytes()).read_offer(&mut offer).unwrap();
    assert_eq!(offer.field("id").unwrap().namespace(), Some(GOOGLE));
}

#[test]
fn faults_with_line_and_column() {
    let declaration = "<?xml version=\"1.0\"?>\n";
    let deep = format!("{declaration}{}", "<rss>".repeat(1000));
    let entity = "<!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n<rss><channel><item><t>&x;</t></item></channel></rss>";
    for (text, code, line, column) in [
        (format!("{declaration}{entity}"), "feed/xml-dtd", 2, 1),
        (rss("<t>Salt & Pepper</t>"), "feed/xml-ampersand", 3, 31),
        (rss("<t>Salt &Pepper</t>;"), "feed/xml-ampersand", 3, 31),
        (rss("<t>Price < 10</t>"), "feed/xml-malformed", 3, 32),
        (rss("<t>Price <b 10</t>"), "feed/xml-malformed", 3, 32),
        (rss("<t>Caf&eacute;</t>"), "feed/xml-entity", 3, 29),
        (rss("<t>a&#1;b</t>"), "feed/forbidden-character", 3, 27),
        (rss("<t>a\u{7}b</t>"), "feed/forbidden-character", 3, 27),
        (rss("<t><![CDATA[x</t>"), "feed/xml-malformed", 3, 26),
        (rss("<!-- a -- b -->"), "feed/xml-malformed", 3, 23),
        (rss("<t>a]]>b</t>"), "feed/xml-malformed", 3, 27),
        (rss("<t a=\"1\" a=\"2\"/>"), "feed/xml-malformed", 3, 23),
        (rss("<t a=\"1<2\"/>"), "feed/xml-malformed", 3, 23),
        (rss("<t a=\"&nbsp;\"/>"), "feed/xml-malformed", 3, 23),
        (rss("<x:t/>"), "feed/xml-prefix-unbound", 3, 23),
        (rss("<t x:a=\"\"/>"), "feed/xml-prefix-unbound", 3, 23),
        (rss("<t></u>"), "feed/xml-malformed", 3, 26),
        (rss("<t>"), "feed/xml-malformed", 3, 26),
        (rss("<1t/>"), "feed/xml-malformed", 3, 23),
        (rss("").replace(&format!(" xmlns:g=\"{GOOGLE}\""), ""), "feed/xml-prefix-unbound", 3, 7),
        (format!("{declaration}<rss version=\"2.0\"/>\n"), "feed/xml-no-channel", 2, 1),
        (format!("{declaration}<catalog/>\n"), "feed/xml-item-unknown", 2, 1),
        (deep, "feed/limit", 2, 501),
        (format!("\n {}", rss("")), "feed/xml-malformed", 2, 2),
        (format!("<? header(\"x\"); ?>\n{}", rss("")), "feed/xml-malformed", 1, 1),
        (format!("<?php echo 1 ?>\n{}", rss("")), "feed/xml-malformed", 1, 1),
        (format!("{}x", rss("")), "feed/xml-malformed", 5, 1),
        (format!("{}<rss/>", rss("")), "feed/xml-malformed", 5, 1),
        (rss("").replace("</rss>", ""), "feed/xml-malformed", 5, 1),
        (declaration.to_owned(), "feed/xml-malformed", 2, 1),
        (rss(&format!("<{}/>", "n".repeat(2000))), "feed/limit", 3, 23),
        (
            format!("{declaration}<rss {}/>", (0..2000).map(|n| format!("a{n}='' ")).collect::<String>()),
            "feed/limit",
            2,
            1,
        ),
    ] {
        let error = drain(reader(text.as_bytes())).unwrap_err();
        let found = (error.code, error.place.line, error.place.column);
        assert_eq!(found, (code, Some(line), Some(column)), "{error}\n{}", &text[..text.len().min(400)]);
        assert_eq!(error.place.file.as_deref(), Some("feed.xml"));
    }
}

#[test]
fn an_html_entity_is_named_with_what_to_write() {
    let error = drain(reader(rss("<t>Caf&eacute;</t>").as_bytes())).unwrap_err();
    assert!(error.message.contains("&eacute;"), "{error}");
    assert!(error.help.is_some_and(|help| help.contains("&#233;")));
}

#[test]
fn an_encoding_that_is_declared_is_read_and_one_that_lies_is_named() {
    let text = |encoding: &str| {
        let mut bytes = rss("<t>?</t>").replace("UTF-8", encoding).into_bytes();
        let at = bytes.windows(3).position(|w| w == b">?<").unwrap();
        bytes[at + 1] = 0xCA;
        bytes
    };
    let mut offer = RawOffer::default();
    let bytes = text("windows-1251");
    reader(&bytes).read_offer(&mut offer).unwrap();
    assert_eq!(offer.field("t").unwrap().text(), "К");
    let error = drain(reader(&text("UTF-8"))).unwrap_err();
    assert_eq!((error.code, error.place.line, error.place.column), ("feed/encoding-lies", Some(3), Some(26)));
}

#[test]
fn findings_that_stop_nothing() {
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><id>1</id></entry><item><id>2</id></item></feed>";
    let dtd = format!("<!DOCTYPE rss SYSTEM \"http://127.0.0.1:9/rss.dtd\">{}", rss("").split_once('\n').unwrap().1);
    for (text, offers, codes) in [
        (rss(""), 1, vec![]),
        (dtd, 1, vec!["feed/xml-dtd"]),
        (atom.to_owned(), 1, vec!["feed/stray-offer"]),
        ("<rss><channel/></rss>".to_owned(), 0, vec!["feed/no-offers"]),
        (rss("<t>Tom &amp;amp; Jerry</t>"), 1, vec![]),
    ] {
        let (read, findings) = drain(reader(text.as_bytes())).unwrap();
        assert_eq!((read, findings), (offers, codes.into_iter().map(String::from).collect()), "{text}");
    }
}

#[test]
fn other_catalogs_name_their_item() {
    let yml = "<yml_catalog date=\"2026-11-24\"><shop><categories><category id=\"1\">Mugs</category></categories><offers>\
               <offer id=\"7\" available=\"true\"><param name=\"Color\">red</param></offer></offers></shop></yml_catalog>";
    let options = ReadOptions { item: Some("offer".into()), ..ReadOptions::default() };
    let mut reader = XmlReader::new(yml.as_bytes(), options);
    let mut offer = RawOffer::default();
    assert!(reader.read_offer(&mut offer).unwrap());
    assert_eq!(offer.root().unwrap().attribute("id"), Some("7"));
    assert_eq!(offer.field("param").unwrap().attribute("name"), Some("Color"));
    assert!(!reader.read_offer(&mut offer).unwrap());
    let shop = reader.head().field("shop").unwrap();
    let category = shop.children().next().and_then(|categories| categories.children().next()).unwrap();
    assert_eq!((category.text(), category.attribute("id")), ("Mugs", Some("1")));
}

#[test]
fn one_long_line_is_streamed_and_an_endless_offer_meets_the_limit() {
    let item = format!("<item><id>é</id><t>{}</t></item>", "x".repeat(500));
    let line = format!("<rss><channel>{}</channel></rss>", item.repeat(2000));
    let options = || ReadOptions { limits: Limits { offer: 100_000, ..Limits::default() }, ..ReadOptions::default() };
    let mut reader = XmlReader::new(line.as_bytes(), options());
    let mut offer = RawOffer::default();
    let mut last = Position::default();
    while reader.read_offer(&mut offer).unwrap() {
        last = offer.position();
    }
    let column = 15 + 1999 * item.chars().count() as u64;
    assert_eq!((last.line, last.column), (1, column));
    for endless in [format!("<rss><item><t>{}", "x".repeat(300_000)), format!("<rss>{}", "<a>1</a>".repeat(30_000))] {
        let mut reader = XmlReader::new(endless.as_bytes(), options());
        assert_eq!(reader.read_offer(&mut offer).unwrap_err().code, "feed/limit");
    }
}

proptest! {
    #[test]
    fn no_input_panics(bytes: Vec<u8>, text in "[<>&;!?/a-c\\[\\]\"'= \n:-]{0,60}") {
        for input in [&bytes[..], text.as_bytes(), rss(&text).as_bytes()] {
            let _ = drain(reader(input));
            if let Ok(table) = crate::document::DelimitedReader::new(input, ReadOptions::default()) {
                let _ = drain(table);
            }
        }
    }
}
