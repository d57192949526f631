//! XML feeds: RSS items, Atom entries, the item elements of any other catalog.
//!
//! Strict where a channel's own parser is strict (the document must be well-formed), and safe where a parser may not be:
//! no entity but the five of XML is known, a DTD may be named but is not read, depth and sizes have limits.
use super::source::{Rule, Source};
use super::{Limits, OfferReader, Position, RawOffer, ReadOptions};
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::document::text::{is_xml_char, named_entity};
use quick_xml::XmlVersion;
use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{NamespaceResolver, ResolveResult};
use quick_xml::reader::NsReader;
use std::io::Read;

/// See [`OfferReader`].
pub struct XmlReader<R: Read> {
    xml: NsReader<Source<R>>,
    event: Vec<u8>,
    state: State,
}

/// All but the parser, so that an event, which borrows from the parser's buffer, can be worked on.
struct State {
    file: String,
    limits: Limits,
    /// The local names of elements that are an offer; found out at the document element when none was given.
    items: Vec<String>,
    roots: Vec<(String, Vec<String>)>,
    dialect: Dialect,
    /// What stands around the offers, the element that holds them still open.
    head: RawOffer,
    in_offer: bool,
    offers: u64,
    seen_root: bool,
    findings: Vec<Diagnostic>,
    strays: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Rss,
    Atom,
    Other,
}

enum Step {
    On,
    Offer,
    End,
}

/// So many stray offers are named one by one.
const STRAYS_NAMED: usize = 20;

impl<R: Read> XmlReader<R> {
    pub fn new(input: R, options: ReadOptions) -> Self {
        let mut xml = NsReader::from_reader(Source::new(input, Rule::Xml, &options));
        xml.config_mut().enable_all_checks(true);
        let state = State {
            file: options.file,
            limits: options.limits,
            items: options.item.into_iter().collect(),
            roots: options.roots,
            dialect: Dialect::Other,
            head: RawOffer::default(),
            in_offer: false,
            offers: 0,
            seen_root: false,
            findings: Vec::new(),
            strays: 0,
        };
        XmlReader { xml, event: Vec::new(), state }
    }

    /// The name of the document's encoding, once something was read.
    pub fn encoding(&self) -> &'static str {
        self.xml.get_ref().encoding_name()
    }

    /// Bytes of text read so far.
    pub fn bytes_read(&self) -> u64 {
        self.xml.get_ref().offset()
    }

    /// Reads one event and works on it.
    fn step(&mut self, event: &mut Vec<u8>, offer: &mut RawOffer) -> Result<Step> {
        event.clear();
        let (at, offset) = (self.xml.get_ref().position(), self.xml.get_ref().offset());
        match self.xml.read_event_into(event) {
            Ok(event) => self.state.take(event, at, offset, self.xml.resolver(), offer),
            Err(error) => {
                let source = self.xml.get_mut();
                Err(source.take_error().unwrap_or_else(|| self.state.ill_formed(&error, at)))
            }
        }
    }
}

impl<R: Read> OfferReader for XmlReader<R> {
    fn read_offer(&mut self, offer: &mut RawOffer) -> Result<bool> {
        offer.clear();
        let mut event = std::mem::take(&mut self.event);
        loop {
            if !self.state.in_offer {
                self.xml.get_mut().begin_part();
            }
            match self.step(&mut event, offer)? {
                Step::On => {}
                Step::Offer => break,
                Step::End => return self.state.finish().map(|()| false),
            }
        }
        self.event = event;
        Ok(true)
    }

    fn head(&self) -> &RawOffer {
        &self.state.head
    }

    fn take_findings(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.state.findings)
    }
}

impl State {
    fn take(
        &mut self,
        event: Event<'_>,
        at: Position,
        offset: u64,
        names: &NamespaceResolver,
        offer: &mut RawOffer,
    ) -> Result<Step> {
        match event {
            Event::Start(tag) => self.start(&tag, at, names, offer)?,
            Event::Empty(tag) => {
                self.start(&tag, at, names, offer)?;
                return Ok(self.end(offer));
            }
            Event::End(_) => return Ok(self.end(offer)),
            Event::Text(text) => self.text(&text.xml10_content(), at, offer)?,
            Event::CData(text) => {
                self.inside_root(at, "text")?;
                self.tree(offer).push_text(&text.xml10_content());
            }
            Event::GeneralRef(reference) => {
                self.inside_root(at, "a reference")?;
                let c = self.reference(&reference, at)?;
                self.tree(offer).push_text(c.encode_utf8(&mut [0; 4]));
            }
            Event::Decl(_) if offset > 0 => return Err(self.late_declaration(at)),
            Event::PI(instruction) => self.instruction(instruction.target(), at)?,
            Event::DocType(doctype) => self.doctype(&doctype, at)?,
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Eof => return self.eof(at, offer).map(|()| Step::End),
        }
        Ok(Step::On)
    }

    /// Where what is read now belongs.
    fn tree<'a>(&'a mut self, offer: &'a mut RawOffer) -> &'a mut RawOffer {
        if self.in_offer { offer } else { &mut self.head }
    }

    fn start(
        &mut self,
        tag: &BytesStart<'_>,
        at: Position,
        names: &NamespaceResolver,
        offer: &mut RawOffer,
    ) -> Result<()> {
        let name = tag.name().into_inner();
        self.check_name(name, at)?;
        let depth = self.head.depth() + if self.in_offer { offer.depth() } else { 0 };
        if depth >= self.limits.depth {
            return Err(self.limit(format!("more than {} elements inside one another", self.limits.depth), at));
        }
        let (resolved, local) = names.resolve_element(tag.name());
        let namespace = self.namespace(resolved, name, at)?;
        if depth == 0 {
            self.root(local.into_inner(), at)?;
        } else if !self.in_offer {
            self.maybe_offer(local.into_inner(), at, offer)?;
        }
        self.tree(offer).start(name, namespace, at);
        self.attributes(tag, at, names, offer)
    }

    fn root(&mut self, name: &str, at: Position) -> Result<()> {
        if self.seen_root {
            return Err(self.fault(format!("a second document element, <{}>", shown(name)), at));
        }
        self.seen_root = true;
        self.dialect = match name {
            "rss" | "RDF" => Dialect::Rss,
            "feed" => Dialect::Atom,
            _ => Dialect::Other,
        };
        if !self.items.is_empty() {
            return Ok(());
        }
        self.items = match self.dialect {
            Dialect::Rss => vec!["item".to_owned()],
            Dialect::Atom => vec!["entry".to_owned()],
            Dialect::Other => self.roots.iter().find(|(root, _)| root == name).map_or(Vec::new(), |(_, i)| i.clone()),
        };
        if !self.items.is_empty() {
            return Ok(());
        }
        let message = format!("a document of <{}> is neither RSS nor Atom", shown(name));
        Err(Error::input("feed/xml-item-unknown", message)
            .at(at.place(&self.file))
            .help("say which element is one offer, or which channel the feed is for"))
    }

    fn maybe_offer(&mut self, local: &str, at: Position, offer: &mut RawOffer) -> Result<()> {
        if self.items.iter().any(|item| item == local) {
            self.in_offer = true;
            self.offers += 1;
            offer.clear();
            offer.set_index(self.offers);
            return Ok(());
        }
        if matches!((self.dialect, local), (Dialect::Atom, "item") | (Dialect::Rss, "entry")) {
            self.stray(local, at);
        }
        if self.head.weight() as u64 > self.limits.offer {
            let what = format!("more than {} bytes outside of offers", self.limits.offer);
            return Err(self.limit(what, at));
        }
        Ok(())
    }

    fn stray(&mut self, local: &str, at: Position) {
        self.strays += 1;
        if self.strays <= STRAYS_NAMED {
            let (kind, item) =
                if self.dialect == Dialect::Atom { ("an Atom feed", "entry") } else { ("an RSS feed", "item") };
            let message = format!("<{local}> is no offer in {kind}, and is left out");
            let finding = Diagnostic::error("feed/stray-offer", message).at(at.place(&self.file));
            self.findings.push(finding.help(format!("write it as <{item}>")));
        }
    }

    fn namespace<'n>(&self, resolved: ResolveResult<'n>, name: &str, at: Position) -> Result<Option<&'n str>> {
        match resolved {
            ResolveResult::Bound(namespace) => Ok(Some(namespace.into_inner())),
            ResolveResult::Unbound => Ok(None),
            ResolveResult::Unknown(prefix) => {
                let prefix = shown(&prefix);
                let message = format!("the prefix {prefix}: is not bound to a namespace");
                let help = format!("declare it on the document element, as in xmlns:{prefix}=\"…\"");
                let place = at.place(&self.file).attribute(shown(name));
                Err(Error::input("feed/xml-prefix-unbound", message).at(place).help(help))
            }
        }
    }

    fn attributes(
        &mut self,
        tag: &BytesStart<'_>,
        at: Position,
        names: &NamespaceResolver,
        offer: &mut RawOffer,
    ) -> Result<()> {
        for (count, attribute) in tag.attributes().enumerate() {
            if count >= self.limits.attributes {
                return Err(self.limit(format!("more than {} attributes", self.limits.attributes), at));
            }
            let attribute =
                attribute.map_err(|e| self.fault(format!("in the tag of <{}>: {e}", shown_tag(tag)), at))?;
            let name = attribute.key.into_inner();
            self.check_name(name, at)?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|e| self.fault(format!("in the attribute {}: {e}", shown(name)), at))?;
            if attribute.value.contains('<') || !value.chars().all(is_xml_char) {
                let message = format!("the attribute {} holds a character it may not hold", shown(name));
                return Err(self.fault(message, at));
            }
            if attribute.key.as_namespace_binding().is_none() {
                self.namespace(names.resolve_attribute(attribute.key).0, name, at)?;
                self.tree(offer).attribute(name, &value);
            }
        }
        Ok(())
    }

    fn end(&mut self, offer: &mut RawOffer) -> Step {
        self.tree(offer).end();
        if self.in_offer && offer.depth() == 0 {
            self.in_offer = false;
            return Step::Offer;
        }
        Step::On
    }

    fn text(&mut self, text: &str, at: Position, offer: &mut RawOffer) -> Result<()> {
        if self.head.depth() == 0 {
            let start = text.len() - text.trim_ascii_start().len();
            return if start == text.len() { Ok(()) } else { self.inside_root(past(at, &text[..start]), "text") };
        }
        let bracket = memchr::memchr(b']', text.as_bytes());
        if let Some(found) = bracket.and_then(|_| memchr::memmem::find(text.as_bytes(), b"]]>")) {
            return Err(self.fault("]]> outside of CDATA", past(at, &text[..found])));
        }
        self.tree(offer).push_text(text);
        Ok(())
    }

    fn inside_root(&self, at: Position, what: &str) -> Result<()> {
        if self.head.depth() > 0 {
            return Ok(());
        }
        let side = if self.seen_root { "after" } else { "before" };
        Err(self.fault(format!("{what} {side} the document element"), at))
    }

    fn reference(&self, reference: &BytesRef<'_>, at: Position) -> Result<char> {
        let name: &str = reference;
        if reference.is_char_ref() {
            let c = reference.resolve_char_ref().ok().flatten().filter(|c| is_xml_char(*c));
            return c.ok_or_else(|| {
                Error::input("feed/forbidden-character", format!("&{}; is no character XML may hold", shown(name)))
                    .at(at.place(&self.file))
                    .help("take control characters out of the texts before writing the feed")
            });
        }
        match name {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ if is_name(name) => Err(self.unknown_entity(name, at)),
            _ => Err(self.bare_ampersand(at)),
        }
    }

    fn unknown_entity(&self, name: &str, at: Position) -> Error {
        let help = match named_entity(name) {
            Some(c) => format!("it is an entity of HTML, which XML does not know: write &#{};", u32::from(c)),
            None => "XML knows amp, lt, gt, quot and apos; write other characters as they are".to_owned(),
        };
        Error::input("feed/xml-entity", format!("the entity &{}; is not defined", shown(name)))
            .at(at.place(&self.file))
            .help(help)
    }

    fn bare_ampersand(&self, at: Position) -> Error {
        Error::input("feed/xml-ampersand", "an & that starts no reference")
            .at(at.place(&self.file))
            .help("write &amp; in texts and addresses, or put the text in CDATA")
    }

    fn doctype(&mut self, doctype: &str, at: Position) -> Result<()> {
        if self.seen_root {
            return Err(self.fault("a DOCTYPE after the document element", at));
        }
        if doctype.contains('[') {
            return Err(Error::input("feed/xml-dtd", "the document defines its own DTD, which is refused")
                .at(at.place(&self.file))
                .help("take the DOCTYPE out: entities could read files or fill the memory, so none is ever expanded"));
        }
        self.findings
            .push(Diagnostic::note("feed/xml-dtd", "the DTD the document names is not read").at(at.place(&self.file)));
        Ok(())
    }

    fn instruction(&self, target: &str, at: Position) -> Result<()> {
        if target.is_empty() || target.eq_ignore_ascii_case("php") {
            let help =
                "this looks like the source of a script, not what it puts out: fetch the feed from the web server";
            return Err(self.fault("a processing instruction without a name, or of PHP", at).help(help));
        }
        if target.eq_ignore_ascii_case("xml") { Err(self.late_declaration(at)) } else { self.check_name(target, at) }
    }

    fn late_declaration(&self, at: Position) -> Error {
        self.fault("the XML declaration is not the very first thing in the file", at)
            .help("take out what stands before <?xml, blank lines included")
    }

    fn eof(&mut self, at: Position, offer: &mut RawOffer) -> Result<()> {
        let innermost = self.tree(offer).innermost().map(|field| (field.qualified_name().to_owned(), field.position()));
        match innermost {
            Some((name, opened)) => {
                let message = format!("the file ends inside <{}>, opened at line {}", shown(&name), opened.line);
                Err(self.fault(message, at).help("the file was cut off, or an end tag is missing"))
            }
            None if !self.seen_root => Err(self.fault("no document element", at)),
            None => Ok(()),
        }
    }

    /// Nothing imported is not the same as an empty feed.
    fn finish(&mut self) -> Result<()> {
        let root = self.head.root();
        let at = root.map(|root| root.position()).unwrap_or_default();
        let holds = |name: &str| root.is_some_and(|root| root.children().any(|child| child.name() == name));
        if self.offers == 0 && self.dialect == Dialect::Rss && !holds("channel") {
            return Err(Error::input(
                "feed/xml-no-channel",
                "an RSS document without <channel>, and so without offers",
            )
            .at(at.place(&self.file))
            .help("the feed was not written to its end, or is not an RSS feed"));
        }
        if self.offers == 0 {
            let message = format!("no <{}> in the document: 0 offers", shown(&self.items.join("> or <")));
            self.findings.push(Diagnostic::warning("feed/no-offers", message).at(at.place(&self.file)));
        }
        if self.strays > STRAYS_NAMED {
            let message = format!("{} more elements are no offers here, and were left out", self.strays - STRAYS_NAMED);
            self.findings.push(Diagnostic::error("feed/stray-offer", message).at(at.place(&self.file)));
            self.strays = 0;
        }
        Ok(())
    }

    fn check_name(&self, name: &str, at: Position) -> Result<()> {
        if name.len() > self.limits.name {
            return Err(self.limit(format!("a name of more than {} bytes", self.limits.name), at));
        }
        if is_name(name) {
            return Ok(());
        }
        let found =
            if name.is_empty() { "a < that starts no tag".to_owned() } else { format!("<{}> is no name", shown(name)) };
        Err(self.fault(found, at).help("write &lt; in texts, or put the text in CDATA"))
    }

    fn fault(&self, message: impl Into<String>, at: Position) -> Error {
        Error::input("feed/xml-malformed", message)
            .at(at.place(&self.file))
            .help("it was cut off, or pieced together by hand: fetch it again, or have a program write it")
    }

    fn limit(&self, message: String, at: Position) -> Error {
        Error::input("feed/limit", message).at(at.place(&self.file))
    }

    fn ill_formed(&self, error: &quick_xml::Error, at: Position) -> Error {
        use quick_xml::Error as E;
        match error {
            E::IllFormed(IllFormedError::UnclosedReference) => self.bare_ampersand(at),
            E::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                self.fault(format!("</{}> where </{}> is due", shown(found), shown(expected)), at)
            }
            E::IllFormed(IllFormedError::UnmatchedEndTag(found)) => {
                self.fault(format!("</{}> closes nothing", shown(found)), at)
            }
            E::Syntax(SyntaxError::UnclosedCData) => {
                self.fault("CDATA that opens here is never closed", at).help("end it with ]]>")
            }
            other => self.fault(shown(&other.to_string()).to_owned(), at),
        }
    }
}

/// Names and messages that quote the file are cut: one may be megabytes long.
fn shown(text: &str) -> &str {
    const CHARS_MAX: usize = 100;
    text.char_indices().nth(CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}

fn shown_tag<'a>(tag: &'a BytesStart<'_>) -> &'a str {
    shown(tag.name().into_inner())
}

fn past(mut at: Position, text: &str) -> Position {
    at.advance(text.as_bytes());
    at
}

/// XML 1.0 production 5, with all of non-ASCII let through.
fn is_name(name: &str) -> bool {
    let start = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b':') || b >= 0x80;
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|b| start(*b))
        && bytes.iter().all(|b| start(*b) || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

#[cfg(test)]
mod tests;
