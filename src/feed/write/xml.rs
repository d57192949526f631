//! XML catalogs: RSS, Atom, YML, Heureka and their like differ only in data, the [`XmlEnvelope`] and the slots.
use super::{Encoder, NAME};
use crate::document::text::{escape_xml_attribute, escape_xml_text, push_cdata};

/// An element around or before the offers. Names are written in full, with their prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct XmlElement {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<XmlElement>,
    /// What an element that holds the offers has after them.
    pub tail: Vec<XmlElement>,
}

/// The document around the offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct XmlEnvelope {
    /// The elements that hold the offers, outermost first, for example `rss`, `channel`. The children of each (title,
    /// link; YML's currencies and categories) are written right after its start tag; the text is not written.
    pub open: Vec<XmlElement>,
    /// The element of one offer: `item`, `entry`, `offer`.
    pub item: String,
    /// As the declaration names it; UTF-8 when empty. The bytes are made by [`super::Wrapped`].
    pub encoding: &'static str,
}

/// Where the values of a slot go, inside the offer or inside the group that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum XmlSlot {
    /// `<name>value</name>`, or the group `<name>…</name>`.
    Element(String),
    /// `<name><![CDATA[value]]></name>`.
    Cdata(String),
    /// An attribute of the offer or of the group: `<offer id="value">`, `<param name="value">`.
    Attribute(String),
    /// The text of the group itself, beside its attributes: `<param name="Color">value</param>`.
    Text,
}

pub struct XmlEncoder {
    envelope: XmlEnvelope,
    slots: Vec<Tags>,
    item_open: Vec<u8>,
    item_close: Vec<u8>,
    /// The offer and the groups open in it, innermost last.
    opened: Vec<Opened>,
}

/// The bytes around a value, ready to copy.
struct Tags {
    kind: Kind,
    /// `<g:id`, or ` id="`.
    open: Vec<u8>,
    /// `</g:id>`.
    close: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Element,
    Cdata,
    Attribute,
    Text,
}

struct Opened {
    /// `None` for the offer.
    slot: Option<usize>,
    /// Where its start tag ends in `out`: attributes go in here.
    tag_end: usize,
    content: Content,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// The start tag has no `>` yet.
    None,
    Text,
    Elements,
}

/// A line break and as much indentation as the deepest sensible document needs.
const INDENT: &[u8] = b"\n                        ";

impl XmlEncoder {
    pub fn new(envelope: XmlEnvelope, slots: &[XmlSlot]) -> Self {
        XmlEncoder {
            item_open: format!("<{}", envelope.item).into_bytes(),
            item_close: format!("</{}>", envelope.item).into_bytes(),
            slots: slots.iter().map(Tags::new).collect(),
            envelope,
            opened: Vec::new(),
        }
    }

    fn indent(&self, inside: usize, out: &mut Vec<u8>) {
        push_line(self.envelope.open.len() + inside, out);
    }

    /// Ends the start tag of the innermost open element, if that is still to be done.
    fn end_tag(&mut self, content: Content, out: &mut Vec<u8>) {
        if let Some(opened) = self.opened.last_mut() {
            if opened.content == Content::None {
                out.push(b'>');
            }
            opened.content = content;
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(opened) = self.opened.pop() else { return };
        if opened.content == Content::None {
            out.extend_from_slice(b"/>");
            return;
        }
        if opened.content == Content::Elements {
            self.indent(self.opened.len(), out);
        }
        let close = opened.slot.and_then(|slot| self.slots.get(slot)).map_or(&self.item_close, |tags| &tags.close);
        out.extend_from_slice(close);
    }

    /// Attributes usually come first and are appended; a late one is put in where its start tag ends.
    fn attribute(&mut self, slot: usize, value: &str, out: &mut Vec<u8>) {
        let Some(opened) = self.opened.last_mut() else { return };
        let rest = out.split_off(opened.tag_end.min(out.len()));
        out.extend_from_slice(&self.slots[slot].open);
        escape_xml_attribute(value, out);
        out.push(b'"');
        opened.tag_end = out.len();
        out.extend_from_slice(&rest);
    }
}

impl Tags {
    fn new(slot: &XmlSlot) -> Self {
        let (kind, name) = match slot {
            XmlSlot::Element(name) => (Kind::Element, name.as_str()),
            XmlSlot::Cdata(name) => (Kind::Cdata, name.as_str()),
            XmlSlot::Attribute(name) => (Kind::Attribute, name.as_str()),
            XmlSlot::Text => (Kind::Text, ""),
        };
        let open = if kind == Kind::Attribute { format!(" {name}=\"") } else { format!("<{name}") };
        Tags { kind, open: open.into_bytes(), close: format!("</{name}>").into_bytes() }
    }
}

impl Encoder for XmlEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let encoding = if self.envelope.encoding.is_empty() { "UTF-8" } else { self.envelope.encoding };
        out.extend_from_slice(format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>").as_bytes());
        for (depth, element) in self.envelope.open.iter().enumerate() {
            push_start(element, depth, out);
            out.push(b'>');
            element.children.iter().for_each(|child| push_element(child, depth + 1, out));
        }
    }

    fn begin_offer(&mut self, out: &mut Vec<u8>) {
        self.indent(0, out);
        out.extend_from_slice(&self.item_open);
        self.opened.clear();
        self.opened.push(Opened { slot: None, tag_end: out.len(), content: Content::None });
    }

    fn field(&mut self, slot: usize, value: &str, out: &mut Vec<u8>) {
        match self.slots.get(slot).map(|tags| tags.kind) {
            None => debug_assert!(false, "slot {slot} was not declared"),
            Some(Kind::Attribute) => self.attribute(slot, value, out),
            Some(Kind::Text) => {
                self.end_tag(Content::Text, out);
                escape_xml_text(value, out);
            }
            Some(kind) => {
                self.end_tag(Content::Elements, out);
                self.indent(self.opened.len(), out);
                let tags = &self.slots[slot];
                out.extend_from_slice(&tags.open);
                out.push(b'>');
                if kind == Kind::Cdata {
                    push_cdata(value, out)
                } else {
                    escape_xml_text(value, out)
                }
                out.extend_from_slice(&tags.close);
            }
        }
    }

    fn named(&mut self, slot: usize, name: &str, value: &str, out: &mut Vec<u8>) {
        let Some(tags) = self.slots.get(slot) else { return };
        let element = element_name(&String::from_utf8_lossy(&tags.open[1..]).replace(NAME, name));
        self.end_tag(Content::Elements, out);
        self.indent(self.opened.len(), out);
        out.extend_from_slice(format!("<{element}>").as_bytes());
        escape_xml_text(value, out);
        out.extend_from_slice(format!("</{element}>").as_bytes());
    }

    fn begin_inside(&mut self, out: &mut Vec<u8>) {
        self.end_tag(Content::Elements, out);
    }

    fn begin_group(&mut self, slot: usize, out: &mut Vec<u8>) {
        self.end_tag(Content::Elements, out);
        self.indent(self.opened.len(), out);
        let open = self.slots.get(slot).map_or(&[][..], |tags| &tags.open);
        out.extend_from_slice(open);
        self.opened.push(Opened { slot: Some(slot), tag_end: out.len(), content: Content::None });
    }

    fn end_group(&mut self, out: &mut Vec<u8>) {
        self.close(out);
    }

    fn end_offer(&mut self, out: &mut Vec<u8>) {
        while !self.opened.is_empty() {
            self.close(out);
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        for (depth, element) in self.envelope.open.iter().enumerate().rev() {
            element.tail.iter().for_each(|child| push_element(child, depth + 1, out));
            push_line(depth, out);
            out.extend_from_slice(format!("</{}>", element.name).as_bytes());
        }
        out.push(b'\n');
    }
}

/// What XML lets no element be called becomes `_`.
fn element_name(name: &str) -> String {
    let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    let mut made: String = name.chars().map(|c| if is_inside(c) { c } else { '_' }).collect();
    if !made.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        made.insert(0, '_');
    }
    made
}

fn push_line(depth: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&INDENT[..(1 + 2 * depth).min(INDENT.len())]);
}

fn push_start(element: &XmlElement, depth: usize, out: &mut Vec<u8>) {
    push_line(depth, out);
    out.push(b'<');
    out.extend_from_slice(element.name.as_bytes());
    for (name, value) in &element.attributes {
        out.push(b' ');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"=\"");
        escape_xml_attribute(value, out);
        out.push(b'"');
    }
}

fn push_element(element: &XmlElement, depth: usize, out: &mut Vec<u8>) {
    push_start(element, depth, out);
    if element.text.is_empty() && element.children.is_empty() {
        out.extend_from_slice(b"/>");
        return;
    }
    out.push(b'>');
    escape_xml_text(&element.text, out);
    element.children.iter().for_each(|child| push_element(child, depth + 1, out));
    if !element.children.is_empty() {
        push_line(depth, out);
    }
    out.extend_from_slice(format!("</{}>", element.name).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::write::FeedWriter;

    fn element(name: &str, text: &str) -> XmlElement {
        XmlElement { name: name.into(), text: text.into(), ..XmlElement::default() }
    }

    #[test]
    fn an_rss_feed() {
        let rss = XmlElement {
            name: "rss".into(),
            attributes: vec![
                ("version".into(), "2.0".into()),
                ("xmlns:g".into(), "http://base.google.com/ns/1.0".into()),
            ],
            ..XmlElement::default()
        };
        let channel = XmlElement {
            name: "channel".into(),
            children: vec![element("title", "Mugs & more"), element("description", "")],
            ..XmlElement::default()
        };
        let slots = ["g:id", "g:shipping", "g:country"].map(|name| XmlSlot::Element(name.into()));
        let envelope = XmlEnvelope { open: vec![rss, channel], item: "item".into(), encoding: "" };
        let mut feed = FeedWriter::begin(XmlEncoder::new(envelope, &slots), Vec::new());
        for countries in [&["DE", "AT"][..], &[]] {
            feed.begin_offer();
            feed.field(0, "A<1>");
            for country in countries {
                feed.begin_group(1);
                feed.field(2, country);
                feed.end_group();
            }
            feed.end_offer().unwrap();
        }
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">
  <channel>
    <title>Mugs &amp; more</title>
    <description/>
    <item>
      <g:id>A&lt;1&gt;</g:id>
      <g:shipping>
        <g:country>DE</g:country>
      </g:shipping>
      <g:shipping>
        <g:country>AT</g:country>
      </g:shipping>
    </item>
    <item>
      <g:id>A&lt;1&gt;</g:id>
    </item>
  </channel>
</rss>
"#;
        assert_eq!(String::from_utf8(feed.finish().unwrap().remove(0)).unwrap(), expected);
    }

    #[test]
    fn attributes_text_and_cdata_as_yml_has_them() {
        let offers = element("offers", "");
        let slots = [
            XmlSlot::Attribute("id".into()),
            XmlSlot::Cdata("description".into()),
            XmlSlot::Element("param".into()),
            XmlSlot::Attribute("name".into()),
            XmlSlot::Text,
            XmlSlot::Attribute("available".into()),
        ];
        let envelope = XmlEnvelope { open: vec![offers], item: "offer".into(), encoding: "" };
        let mut feed = FeedWriter::begin(XmlEncoder::new(envelope, &slots), Vec::new());
        feed.begin_offer();
        feed.field(0, "\"1\"");
        feed.field(1, "<p>a]]></p>");
        feed.begin_group(2);
        feed.field(3, "Color");
        feed.field(4, "red & blue");
        feed.end_group();
        // Late, and still in the start tag of the offer.
        feed.field(5, "true");
        feed.end_offer().unwrap();
        feed.begin_offer();
        feed.field(0, "2");
        feed.end_offer().unwrap();
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<offers>
  <offer id="&quot;1&quot;" available="true">
    <description><![CDATA[<p>a]]]]><![CDATA[></p>]]></description>
    <param name="Color">red &amp; blue</param>
  </offer>
  <offer id="2"/>
</offers>
"#;
        assert_eq!(String::from_utf8(feed.finish().unwrap().remove(0)).unwrap(), expected);
    }
}
