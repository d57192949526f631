//! One offer as it stands in its document: a small tree in buffers that serve for every offer.
use super::Position;
use std::cell::Cell;

/// An offer, or what stands around the offers. All texts lie in one buffer and all fields in one list, parents before
/// their children, so reading the next offer allocates nothing once the buffers have grown.
#[derive(Debug, Clone, Default)]
pub struct RawOffer {
    index: u64,
    text: String,
    nodes: Vec<Node>,
    attributes: Vec<AttributeSpans>,
    /// The elements that are not closed yet.
    open: Vec<usize>,
    /// The text gathered for each of `open`; never shortened, to keep the buffers.
    pending: Vec<String>,
    /// The offer as it is written, where that tells the places of fields.
    source: String,
    /// The place last asked for, so many bytes behind its start: the next one is counted from there.
    counted: Cell<(usize, Position)>,
}

/// Where a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Known(Position),
    /// So many bytes behind the start of the offer.
    Inside(usize),
}

impl From<Position> for At {
    fn from(at: Position) -> Self {
        At::Known(at)
    }
}

impl At {
    /// Of what stands around offers.
    pub fn known(self) -> Position {
        match self {
            At::Known(at) => at,
            At::Inside(_) => Position::default(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Span {
    start: usize,
    end: usize,
}

#[derive(Debug, Clone)]
struct Node {
    name: Span,
    namespace: Option<Span>,
    text: Span,
    at: At,
    attributes: Span,
    /// One past the last node inside this one; `usize::MAX` while it is open.
    end: usize,
}

#[derive(Debug, Clone)]
struct AttributeSpans {
    name: Span,
    value: Span,
}

/// A field of an offer: an element with what is inside it, or a cell.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    offer: &'a RawOffer,
    index: usize,
}

/// An attribute of an element; the declarations of namespaces are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// As it is written, with its prefix.
    pub name: &'a str,
    pub value: &'a str,
}

impl RawOffer {
    /// 1-based number of the offer in its document; 0 for what stands around the offers.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The element that holds the offer (with its attributes), or the row. `None` before anything was read.
    pub fn root(&self) -> Option<Field<'_>> {
        (!self.nodes.is_empty()).then_some(Field { offer: self, index: 0 })
    }

    /// The field of this number.
    pub fn nth(&self, number: usize) -> Option<Field<'_>> {
        (number < self.nodes.len()).then_some(Field { offer: self, index: number })
    }

    /// The fields right inside the offer, in the document's order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.root().into_iter().flat_map(|root| root.children())
    }

    /// The first field of this local name, whatever its namespace.
    pub fn field(&self, name: &str) -> Option<Field<'_>> {
        self.fields().find(|field| field.name() == name)
    }

    /// Where the offer starts.
    pub fn position(&self) -> Position {
        self.nodes.first().map(|root| root.at.known()).unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.index = 0;
        self.text.clear();
        self.nodes.clear();
        self.attributes.clear();
        self.open.clear();
    }

    pub(super) fn set_index(&mut self, index: u64) {
        self.index = index;
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Says how the offer is written, from its start on.
    pub(super) fn lies_in(&mut self, source: &str) {
        self.source.clear();
        self.source.push_str(source);
        self.counted.set((0, self.position()));
    }

    /// The place so many bytes behind the start.
    fn place_at(&self, bytes: usize) -> Position {
        let (from, at) = self.counted.get();
        let (from, mut at) = if from <= bytes { (from, at) } else { (0, self.position()) };
        at.advance(self.source.as_bytes().get(from..bytes).unwrap_or_default());
        self.counted.set((bytes, at));
        at
    }

    /// Bytes held.
    pub(super) fn weight(&self) -> usize {
        self.text.len() + size_of::<Node>() * self.nodes.len()
    }

    /// The innermost element that is not closed yet.
    pub(super) fn innermost(&self) -> Option<Field<'_>> {
        self.open.last().map(|&index| Field { offer: self, index })
    }

    pub(super) fn start(&mut self, name: &str, namespace: Option<&str>, at: impl Into<At>) {
        self.set_text_apart();
        let namespace = namespace.map(|namespace| self.namespace_span(namespace));
        let name = self.push(name);
        let attributes = Span { start: self.attributes.len(), end: self.attributes.len() };
        if self.pending.len() <= self.open.len() {
            self.pending.push(String::new());
        }
        self.pending[self.open.len()].clear();
        self.open.push(self.nodes.len());
        self.nodes.push(Node { name, namespace, text: Span::default(), at: at.into(), attributes, end: usize::MAX });
    }

    /// An element with nothing but text in it.
    pub(super) fn leaf(&mut self, name: &str, namespace: Option<&str>, at: impl Into<At>, text: &str) {
        self.set_text_apart();
        let namespace = namespace.map(|namespace| self.namespace_span(namespace));
        let (name, text) = (self.push(name), self.push(text));
        let attributes = Span { start: self.attributes.len(), end: self.attributes.len() };
        let end = self.nodes.len() + 1;
        self.nodes.push(Node { name, namespace, text, at: at.into(), attributes, end });
    }

    /// An attribute of the element just started.
    pub(super) fn attribute(&mut self, name: &str, value: &str) {
        let spans = AttributeSpans { name: self.push(name), value: self.push(value) };
        self.attributes.push(spans);
        if let Some(node) = self.nodes.last_mut() {
            node.attributes.end = self.attributes.len();
        }
    }

    /// Text of an element with nothing else in it, as nearly all are, is put where it stays.
    pub(super) fn push_text(&mut self, text: &str) {
        let Some(&index) = self.open.last() else { return };
        if index + 1 < self.nodes.len() {
            return self.pending[self.open.len() - 1].push_str(text);
        }
        let span = self.push(text);
        let held = &mut self.nodes[index].text;
        *held = if held.start == held.end { span } else { Span { end: span.end, ..*held } };
    }

    /// What the innermost element holds so far is only a part of its text: an element comes between.
    fn set_text_apart(&mut self) {
        if let Some(&index) = self.open.last()
            && index + 1 == self.nodes.len()
        {
            let Span { start, end } = std::mem::take(&mut self.nodes[index].text);
            self.pending[self.open.len() - 1].push_str(&self.text[start..end]);
        }
    }

    pub(super) fn end(&mut self) {
        let Some(index) = self.open.pop() else { return };
        let end = self.nodes.len();
        self.nodes[index].end = end;
        if end == index + 1 {
            return;
        }
        let pending = std::mem::take(&mut self.pending[self.open.len()]);
        // White space between the elements of a group is layout, not a value.
        if !pending.trim_ascii().is_empty() {
            self.nodes[index].text = self.push(&pending);
        }
        self.pending[self.open.len()] = pending;
    }

    fn push(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span { start, end: self.text.len() }
    }

    /// Nearly always that of the field before.
    fn namespace_span(&mut self, namespace: &str) -> Span {
        let last =
            self.nodes.iter().rev().take(2).filter_map(|node| node.namespace).find(|span| self.get(*span) == namespace);
        last.unwrap_or_else(|| self.push(namespace))
    }

    fn get(&self, span: Span) -> &str {
        &self.text[span.start..span.end]
    }
}

impl<'a> Field<'a> {
    /// Tells it from the other fields of its offer: see [`RawOffer::nth`].
    pub fn number(&self) -> usize {
        self.index
    }

    fn node(&self) -> &'a Node {
        &self.offer.nodes[self.index]
    }

    /// The local name of the element, or the column's name.
    pub fn name(&self) -> &'a str {
        let name = self.qualified_name();
        match self.node().namespace {
            Some(_) => name.rsplit_once(':').map_or(name, |(_, local)| local),
            None => name,
        }
    }

    /// The name as it is written, with its prefix.
    pub fn qualified_name(&self) -> &'a str {
        self.offer.get(self.node().name)
    }

    /// The address the prefix, or its absence, stands for.
    pub fn namespace(&self) -> Option<&'a str> {
        self.node().namespace.map(|span| self.offer.get(span))
    }

    /// The text right inside, references resolved, as it stands; empty for a group with nothing but layout.
    pub fn text(&self) -> &'a str {
        self.offer.get(self.node().text)
    }

    /// Found out by counting, where the offer was read so: to be asked for only when it is told.
    pub fn position(&self) -> Position {
        match self.node().at {
            At::Known(at) => at,
            At::Inside(bytes) => self.offer.place_at(bytes),
        }
    }

    /// The elements right inside, in the document's order.
    pub fn children(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let (offer, end) = (self.offer, self.node().end.min(self.offer.nodes.len()));
        let inside = move |index: usize| (index < end).then_some(Field { offer, index });
        std::iter::successors(inside(self.index + 1), move |field| inside(field.node().end))
    }

    /// The first element right inside of this local name.
    pub fn child(&self, name: &str) -> Option<Field<'a>> {
        self.children().find(|child| child.name() == name)
    }

    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let (offer, Span { start, end }) = (self.offer, self.node().attributes);
        offer.attributes[start..end]
            .iter()
            .map(|spans| Attribute { name: offer.get(spans.name), value: offer.get(spans.value) })
    }

    /// The value of the attribute written so.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes().find(|attribute| attribute.name == name).map(|attribute| attribute.value)
    }
}
