//! One offer between template and document: the text of each attribute, in buffers that serve for every row.

/// Values by attribute, in the contract's order. A group's value is its parts, one after the other.
#[derive(Debug, Default, Clone)]
pub struct Offer {
    /// What names the row in reports.
    pub sku: String,
    slots: Vec<Slot>,
    /// Attributes that had a value which could not be taken: what is said of it is enough.
    faulty: Vec<usize>,
    /// How many times a value was added or taken away.
    changes: u64,
}

/// The values of one attribute.
#[derive(Debug, Default, Clone)]
struct Slot {
    text: String,
    spans: Vec<Span>,
    /// The number of its last change.
    change: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

/// A part that a group leaves out.
const ABSENT: Span = Span { start: u32::MAX, end: u32::MAX };

impl Offer {
    pub fn new(attributes: usize) -> Offer {
        Offer { slots: vec![Slot::default(); attributes], ..Offer::default() }
    }

    pub fn clear(&mut self) {
        self.begin_row();
        (0..self.slots.len()).for_each(|attribute| self.remove(attribute));
    }

    /// Makes it the next row's, which keeps the values it has in common with this one: whoever fills it sees to that.
    pub(super) fn begin_row(&mut self) {
        self.sku.clear();
        self.faulty.clear();
    }

    /// Another number each time the values of an attribute change.
    pub(super) fn change_of(&self, attribute: usize) -> u64 {
        self.slots[attribute].change
    }

    /// Adds a value that `write` appends to the buffer it is given. When it fails, nothing is added.
    pub fn push<E>(&mut self, attribute: usize, write: impl FnOnce(&mut String) -> Result<(), E>) -> Result<(), E> {
        let text = &mut self.slots[attribute].text;
        let start = text.len();
        if let Err(error) = write(text) {
            text.truncate(start);
            return Err(error);
        }
        if text.len() > start {
            let span = Span { start: start as u32, end: text.len() as u32 };
            self.add(attribute, span);
        }
        Ok(())
    }

    /// Adds a value that is in shape already.
    pub fn push_text(&mut self, attribute: usize, value: &str) {
        if !value.is_empty() {
            self.push_part(attribute, value);
        }
    }

    /// Adds one part of a group; an empty one is remembered as absent.
    pub fn push_part(&mut self, attribute: usize, part: &str) {
        let text = &mut self.slots[attribute].text;
        let start = text.len();
        text.push_str(part);
        let span = if part.is_empty() { ABSENT } else { Span { start: start as u32, end: text.len() as u32 } };
        self.add(attribute, span);
    }

    fn add(&mut self, attribute: usize, span: Span) {
        self.changes += 1;
        let slot = &mut self.slots[attribute];
        slot.change = self.changes;
        slot.spans.push(span);
    }

    /// Remembers that the value of an attribute was wrong, so that nobody calls it missing.
    pub fn mark_faulty(&mut self, attribute: usize) {
        self.faulty.push(attribute);
    }

    pub fn is_faulty(&self, attribute: usize) -> bool {
        self.faulty.contains(&attribute)
    }

    /// Leaves an attribute out.
    pub fn remove(&mut self, attribute: usize) {
        let slot = &mut self.slots[attribute];
        if !slot.spans.is_empty() {
            self.changes += 1;
            slot.change = self.changes;
            slot.text.clear();
            slot.spans.clear();
        }
    }

    pub fn is_present(&self, attribute: usize) -> bool {
        !self.slots[attribute].spans.is_empty()
    }

    /// Attributes that have a value.
    pub fn present(&self) -> impl Iterator<Item = usize> {
        (0..self.slots.len()).filter(|attribute| self.is_present(*attribute))
    }

    pub fn first(&self, attribute: usize) -> Option<&str> {
        let slot = &self.slots[attribute];
        slot.spans.first().and_then(|span| slot.resolve(*span))
    }

    pub fn values(&self, attribute: usize) -> impl Iterator<Item = &str> {
        let slot = &self.slots[attribute];
        slot.spans.iter().filter_map(move |span| slot.resolve(*span))
    }

    /// The values of a group of `fields` parts: each its parts, absent ones as `None`.
    pub fn groups(&self, attribute: usize, fields: usize) -> impl Iterator<Item = impl Iterator<Item = Option<&str>>> {
        let slot = &self.slots[attribute];
        slot.spans.chunks(fields.max(1)).map(move |parts| parts.iter().map(move |span| slot.resolve(*span)))
    }
}

impl Slot {
    fn resolve(&self, span: Span) -> Option<&str> {
        (span != ABSENT).then(|| &self.text[span.start as usize..span.end as usize])
    }
}
