//! XML feeds: RSS items, Atom entries, the item elements of any other catalog.
//!
//! Strict where a channel's own parser is strict (the document must be well-formed), and safe where a parser may not be:
//! no entity but the five of XML is known, a DTD may be named but is not read, depth and sizes have limits.
mod prefixes;
mod token;

use std::borrow::Cow;
use std::io::Read;

use self::prefixes::Prefixes;
use self::token::{Leaf, Tag, Token, Wrong, is_name};
use super::offer::At;
use super::source::{Rule, Source};
use super::{Limits, OfferReader, Position, RawOffer, ReadOptions};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::document::text::named_entity;

/// See [`OfferReader`].
pub struct XmlReader<R: Read> {
    source: Source<R>,
    state: State,
}

/// All but the text, so that a token, which borrows from it, can be worked on.
struct State {
    file: String,
    limits: Limits,
    /// The local names of elements that are an offer; found out at the document element when none was given.
    items: Vec<String>,
    roots: Vec<(String, Vec<String>)>,
    dialect: Dialect,
    /// What stands around the offers, the element that holds them still open.
    head: RawOffer,
    prefixes: Prefixes,
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
}

/// What is wrong with a token, so many bytes behind its start. The place is put in by who knows it.
struct Fault {
    error: Error,
    past: usize,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault { error, past: 0 }
    }
}

type Checked<T> = std::result::Result<T, Fault>;

/// So many stray offers are named one by one.
const STRAYS_NAMED: usize = 20;

impl<R: Read> XmlReader<R> {
    pub fn new(input: R, options: ReadOptions) -> Self {
        let source = Source::new(input, Rule::Xml, &options);
        let state = State {
            file: options.file,
            limits: options.limits,
            items: options.item.into_iter().collect(),
            roots: options.roots,
            dialect: Dialect::Other,
            head: RawOffer::default(),
            prefixes: Prefixes::default(),
            in_offer: false,
            offers: 0,
            seen_root: false,
            findings: Vec::new(),
            strays: 0,
        };
        XmlReader { source, state }
    }

    /// The name of the document's encoding, once something was read.
    pub fn encoding(&self) -> &'static str {
        self.source.encoding_name()
    }

    /// Bytes of text read so far.
    pub fn bytes_read(&self) -> u64 {
        self.source.offset()
    }

    /// Reads one token and works on it; `None` at the end of the document.
    fn step(&mut self, offer: &mut RawOffer) -> Result<Option<Step>> {
        if !self.state.in_offer {
            self.source.begin_part();
        }
        loop {
            if self.state.in_offer
                && let Some(leaf) = token::leaf(self.source.rest())
                && self.state.take_leaf(&leaf, self.source.in_part(), offer)
            {
                self.source.skip(leaf.len);
                return Ok(Some(Step::On));
            }
            let at = match self.state.in_offer {
                // Where something stands in an offer is only found out when somebody asks.
                true => At::Inside(self.source.in_part()),
                false => At::Known(self.source.position()),
            };
            let is_all = self.source.is_all();
            let fault = match token::first(self.source.rest(), is_all) {
                Ok(Some((token, len))) => match self.state.take(token, at, self.source.offset(), offer) {
                    Ok(step) => {
                        self.source.skip(len);
                        return Ok(Some(step));
                    }
                    Err(fault) => fault,
                },
                Ok(None) => {
                    if self.source.read_on() || self.source.is_all() != is_all {
                        continue;
                    }
                    return self.end(offer).map(|()| None);
                }
                Err(wrong) => self.state.wrong(wrong),
            };
            self.source.skip(fault.past);
            return Err(located(fault.error, self.source.position(), &self.state.file));
        }
    }

    /// Nothing more can be read: the document has ended, or its bytes are at fault.
    fn end(&mut self, offer: &mut RawOffer) -> Result<()> {
        self.source.skip(self.source.rest().len());
        if let Some(error) = self.source.take_error() {
            return Err(error);
        }
        if self.state.in_offer {
            offer.lies_in(self.source.part());
        }
        self.state.eof(offer).map_err(|error| located(error, self.source.position(), &self.state.file))
    }
}

/// An error may name an attribute before it is known where that is.
fn located(mut error: Error, at: Position, file: &str) -> Error {
    let attribute = error.place.attribute.take();
    let place = at.place(file);
    error.at(Place { attribute, ..place })
}

impl<R: Read> OfferReader for XmlReader<R> {
    fn read_offer(&mut self, offer: &mut RawOffer) -> Result<bool> {
        offer.clear();
        loop {
            match self.step(offer)? {
                Some(Step::On) => {}
                Some(Step::Offer) => break,
                None => return self.state.finish().map(|()| false),
            }
        }
        offer.lies_in(self.source.part());
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
    /// Takes a field of an offer in one go; false, and nothing is taken, where something may be wrong with it.
    fn take_leaf(&mut self, leaf: &Leaf<'_>, at: usize, offer: &mut RawOffer) -> bool {
        let prefix = leaf.name.split_once(':').map_or("", |(prefix, _)| prefix);
        let namespace = self.prefixes.namespace(prefix);
        let is_bound = prefix.is_empty() || namespace.is_some();
        if !is_bound || leaf.name.len() > self.limits.name || self.depth(offer) >= self.limits.depth {
            return false;
        }
        offer.push_text(leaf.space);
        offer.leaf(leaf.name, namespace, At::Inside(at + leaf.space.len()), leaf.text);
        true
    }

    fn take(&mut self, token: Token<'_>, at: At, offset: u64, offer: &mut RawOffer) -> Checked<Step> {
        match token {
            Token::Start(tag) => {
                self.start(tag, at, offer)?;
                if tag.empty {
                    return Ok(self.end(offer));
                }
            }
            Token::End(name) => {
                self.check_end(name, offer)?;
                return Ok(self.end(offer));
            }
            Token::Text(text) => self.text(text, offer)?,
            Token::CData(text) => {
                self.inside_root("text")?;
                self.tree(offer).push_text(&with_line_feeds(text));
            }
            Token::Reference(reference) => {
                self.inside_root("a reference")?;
                let c = self.reference(reference)?;
                self.tree(offer).push_text(c.encode_utf8(&mut [0; 4]));
            }
            Token::Instruction(text) => self.instruction(text, offset)?,
            Token::DocType(doctype) => self.doctype(doctype, at)?,
            Token::Comment => {}
        }
        Ok(Step::On)
    }

    /// Where what is read now belongs.
    fn tree<'a>(&'a mut self, offer: &'a mut RawOffer) -> &'a mut RawOffer {
        if self.in_offer { offer } else { &mut self.head }
    }

    fn depth(&self, offer: &RawOffer) -> usize {
        self.head.depth() + if self.in_offer { offer.depth() } else { 0 }
    }

    fn start(&mut self, tag: Tag<'_>, at: At, offer: &mut RawOffer) -> Result<()> {
        self.check_name(tag.name)?;
        let depth = self.depth(offer);
        if depth >= self.limits.depth {
            return Err(self.limit(format!("more than {} elements inside one another", self.limits.depth)));
        }
        if !tag.attributes.is_empty() {
            self.bind(tag, depth)?;
        }
        let (prefix, local) = tag.name.split_once(':').unwrap_or(("", tag.name));
        self.check_bound(prefix, tag.name)?;
        if depth == 0 {
            self.root(local)?;
        } else if !self.in_offer {
            self.maybe_offer(local, at, offer)?;
        }
        let tree = if self.in_offer { &mut *offer } else { &mut self.head };
        tree.start(tag.name, self.prefixes.namespace(prefix), at);
        for (name, value) in tag.attributes().filter_map(std::result::Result::ok) {
            if !Prefixes::is_binding(name) {
                tree.attribute(name, &normalized(value).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Looks at the attributes of a tag, and binds the prefixes it declares.
    fn bind(&mut self, tag: Tag<'_>, depth: usize) -> Result<()> {
        for (count, attribute) in tag.attributes().enumerate() {
            if count >= self.limits.attributes {
                return Err(self.limit(format!("more than {} attributes", self.limits.attributes)));
            }
            let wrong = |e: &str| self.fault(format!("in the tag of <{}>: {e}", shown(tag.name)));
            let (name, value) = attribute.map_err(wrong)?;
            if tag.attributes().take(count).flatten().any(|(earlier, _)| earlier == name) {
                return Err(wrong(&format!("{} is given twice", shown(name))));
            }
            self.check_name(name)?;
            let Some(value) = normalized(value).filter(|_| !value.contains('<')) else {
                let message = format!("the attribute {} holds a character it may not hold", shown(name));
                return Err(self.fault(message));
            };
            self.prefixes.bind(name, &value, depth);
        }
        let names = tag.attributes().flatten().map(|(name, _)| name).filter(|name| !Prefixes::is_binding(name));
        for (prefix, name) in names.filter_map(|name| Some((name.split_once(':')?.0, name))) {
            self.check_bound(prefix, name)?;
        }
        Ok(())
    }

    fn check_bound(&self, prefix: &str, name: &str) -> Result<()> {
        if prefix.is_empty() || self.prefixes.namespace(prefix).is_some() {
            return Ok(());
        }
        let prefix = shown(prefix);
        let message = format!("the prefix {prefix}: is not bound to a namespace");
        let help = format!("declare it on the document element, as in xmlns:{prefix}=\"…\"");
        let place = Place::default().attribute(shown(name));
        Err(Error::input("feed/xml-prefix-unbound", message).at(place).help(help))
    }

    fn root(&mut self, name: &str) -> Result<()> {
        if self.seen_root {
            return Err(self.fault(format!("a second document element, <{}>", shown(name))));
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
            .help("say which element is one offer, or which channel the feed is for"))
    }

    fn maybe_offer(&mut self, local: &str, at: At, offer: &mut RawOffer) -> Result<()> {
        if self.items.iter().any(|item| item == local) {
            self.in_offer = true;
            self.offers += 1;
            offer.clear();
            offer.set_index(self.offers);
            return Ok(());
        }
        if matches!((self.dialect, local), (Dialect::Atom, "item") | (Dialect::Rss, "entry")) {
            self.stray(local, at.known());
        }
        if self.head.weight() as u64 > self.limits.offer {
            return Err(self.limit(format!("more than {} bytes outside of offers", self.limits.offer)));
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

    fn check_end(&mut self, name: &str, offer: &mut RawOffer) -> Result<()> {
        match self.tree(offer).innermost().map(|open| open.qualified_name()) {
            Some(open) if open == name => Ok(()),
            Some(open) => {
                let message = format!("</{}> where </{}> is due", shown(name), shown(open));
                Err(self.fault(message))
            }
            None => Err(self.fault(format!("</{}> closes nothing", shown(name)))),
        }
    }

    fn end(&mut self, offer: &mut RawOffer) -> Step {
        self.tree(offer).end();
        self.prefixes.leave(self.depth(offer));
        if self.in_offer && offer.depth() == 0 {
            self.in_offer = false;
            return Step::Offer;
        }
        Step::On
    }

    fn text(&mut self, text: &str, offer: &mut RawOffer) -> Checked<()> {
        if self.head.depth() == 0 {
            let past = text.len() - text.trim_ascii_start().len();
            let inside = if past == text.len() { Ok(()) } else { self.inside_root("text") };
            return inside.map_err(|error| Fault { error, past });
        }
        self.tree(offer).push_text(&with_line_feeds(text));
        Ok(())
    }

    fn inside_root(&self, what: &str) -> Result<()> {
        if self.head.depth() > 0 {
            return Ok(());
        }
        let side = if self.seen_root { "after" } else { "before" };
        Err(self.fault(format!("{what} {side} the document element")))
    }

    fn reference(&self, name: &str) -> Result<char> {
        match token::resolved(name) {
            Some(c) => Ok(c),
            None if name.starts_with('#') => {
                Err(Error::input("feed/forbidden-character", format!("&{}; is no character XML may hold", shown(name)))
                    .help("take control characters out of the texts before writing the feed"))
            }
            None if is_name(name) => Err(unknown_entity(name)),
            None => Err(bare_ampersand()),
        }
    }

    fn doctype(&mut self, doctype: &str, at: At) -> Result<()> {
        if self.seen_root {
            return Err(self.fault("a DOCTYPE after the document element"));
        }
        if doctype.contains('[') {
            return Err(Error::input("feed/xml-dtd", "the document defines its own DTD, which is refused")
                .help("take the DOCTYPE out: entities could read files or fill the memory, so none is ever expanded"));
        }
        let note = Diagnostic::note("feed/xml-dtd", "the DTD the document names is not read");
        self.findings.push(note.at(at.known().place(&self.file)));
        Ok(())
    }

    fn instruction(&self, text: &str, offset: u64) -> Result<()> {
        let target = text.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
        if target.is_empty() || target.eq_ignore_ascii_case("php") {
            let help =
                "this looks like the source of a script, not what it puts out: fetch the feed from the web server";
            return Err(self.fault("a processing instruction without a name, or of PHP").help(help));
        }
        match target.eq_ignore_ascii_case("xml") {
            true if target == "xml" && offset == 0 => Ok(()),
            true => Err(self
                .fault("the XML declaration is not the very first thing in the file")
                .help("take out what stands before <?xml, blank lines included")),
            false => self.check_name(target),
        }
    }

    fn eof(&mut self, offer: &mut RawOffer) -> Result<()> {
        let innermost = self.tree(offer).innermost().map(|field| (field.qualified_name().to_owned(), field.position()));
        match innermost {
            Some((name, opened)) => {
                let message = format!("the file ends inside <{}>, opened at line {}", shown(&name), opened.line);
                Err(self.fault(message).help("the file was cut off, or an end tag is missing"))
            }
            None if !self.seen_root => Err(self.fault("no document element")),
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

    fn check_name(&self, name: &str) -> Result<()> {
        if name.len() > self.limits.name {
            return Err(self.limit(format!("a name of more than {} bytes", self.limits.name)));
        }
        if is_name(name) {
            return Ok(());
        }
        let found =
            if name.is_empty() { "a < that starts no tag".to_owned() } else { format!("<{}> is no name", shown(name)) };
        Err(self.fault(found).help("write &lt; in texts, or put the text in CDATA"))
    }

    fn fault(&self, message: impl Into<String>) -> Error {
        Error::input("feed/xml-malformed", message)
            .help("it was cut off, or pieced together by hand: fetch it again, or have a program write it")
    }

    fn limit(&self, message: String) -> Error {
        Error::input("feed/limit", message)
    }

    fn wrong(&self, wrong: Wrong) -> Fault {
        let error = match wrong {
            Wrong::BareAmpersand => bare_ampersand(),
            Wrong::CDataEnd(past) => return Fault { error: self.fault("]]> outside of CDATA"), past },
            Wrong::Unclosed(what) => self.fault(format!("{what} that opens here is never closed")),
            Wrong::Malformed(message) => self.fault(message),
        };
        error.into()
    }
}

fn unknown_entity(name: &str) -> Error {
    let help = match named_entity(name) {
        Some(c) => format!("it is an entity of HTML, which XML does not know: write &#{};", u32::from(c)),
        None => "XML knows amp, lt, gt, quot and apos; write other characters as they are".to_owned(),
    };
    Error::input("feed/xml-entity", format!("the entity &{}; is not defined", shown(name))).help(help)
}

fn bare_ampersand() -> Error {
    Error::input("feed/xml-ampersand", "an & that starts no reference")
        .help("write &amp; in texts and addresses, or put the text in CDATA")
}

/// Line ends as every reader of XML gives them on (XML 1.0, 2.11).
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    match memchr::memchr(b'\r', text.as_bytes()) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
    }
}

/// The value of an attribute: references are resolved, white space is spaces (XML 1.0, 3.3.3). `None` where a reference
/// stands for nothing.
fn normalized(value: &str) -> Option<Cow<'_, str>> {
    if !value.contains(['&', '\t', '\n', '\r']) {
        return Some(Cow::Borrowed(value));
    }
    let (lines, mut made) = (with_line_feeds(value), String::with_capacity(value.len()));
    let mut parts = lines.split('&');
    let spaces = |text: &str| text.replace(['\t', '\n'], " ");
    made.push_str(&spaces(parts.next().unwrap_or_default()));
    for part in parts {
        let (reference, text) = part.split_once(';')?;
        made.push(token::resolved(reference)?);
        made.push_str(&spaces(text));
    }
    Some(Cow::Owned(made))
}

/// Names and messages that quote the file are cut: one may be megabytes long.
fn shown(text: &str) -> &str {
    const CHARS_MAX: usize = 100;
    text.char_indices().nth(CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests;
