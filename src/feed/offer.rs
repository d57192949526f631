//! One offer between template and document: the text of each attribute, in buffers that serve for every row.

/// Values by attribute, in the contract's order. A group's value is its parts, one after the other.
#[derive(Debug, Default, Clone)]
pub struct Offer {
    /// What names the row in reports.
    pub sku: String,
    text: String,
    slots: Vec<Vec<Span>>,
    filled: Vec<usize>,
    /// Attributes that had a value which could not be taken: what is said of it is enough.
    faulty: Vec<usize>,
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
        Offer { slots: vec![Vec::new(); attributes], ..Offer::default() }
    }

    pub fn clear(&mut self) {
        self.sku.clear();
        self.text.clear();
        self.faulty.clear();
        for slot in self.filled.drain(..) {
            self.slots[slot].clear();
        }
    }

    /// Adds a value that `write` appends to the buffer it is given. When it fails, nothing is added.
    pub fn push<E>(&mut self, attribute: usize, write: impl FnOnce(&mut String) -> Result<(), E>) -> Result<(), E> {
        let start = self.text.len();
        if let Err(error) = write(&mut self.text) {
            self.text.truncate(start);
            return Err(error);
        }
        if self.text.len() > start {
            let span = Span { start: start as u32, end: self.text.len() as u32 };
            self.add(attribute, span);
        }
        Ok(())
    }

    /// Adds a value that is in shape already.
    pub fn push_text(&mut self, attribute: usize, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        if !value.is_empty() {
            self.add(attribute, Span { start: start as u32, end: self.text.len() as u32 });
        }
    }

    /// Adds one part of a group; an empty one is remembered as absent.
    pub fn push_part(&mut self, attribute: usize, part: &str) {
        let start = self.text.len();
        self.text.push_str(part);
        let span = if part.is_empty() { ABSENT } else { Span { start: start as u32, end: self.text.len() as u32 } };
        self.add(attribute, span);
    }

    fn add(&mut self, attribute: usize, span: Span) {
        if self.slots[attribute].is_empty() {
            self.filled.push(attribute);
        }
        self.slots[attribute].push(span);
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
        self.slots[attribute].clear();
    }

    pub fn is_present(&self, attribute: usize) -> bool {
        !self.slots[attribute].is_empty()
    }

    /// Attributes that have a value, some perhaps more than once.
    pub fn present(&self) -> impl Iterator<Item = usize> {
        self.filled.iter().copied().filter(|attribute| self.is_present(*attribute))
    }

    pub fn first(&self, attribute: usize) -> Option<&str> {
        self.slots[attribute].first().and_then(|span| self.resolve(*span))
    }

    pub fn values(&self, attribute: usize) -> impl Iterator<Item = &str> {
        self.slots[attribute].iter().filter_map(|span| self.resolve(*span))
    }

    /// The values of a group of `fields` parts: each its parts, absent ones as `None`.
    pub fn groups(&self, attribute: usize, fields: usize) -> impl Iterator<Item = impl Iterator<Item = Option<&str>>> {
        self.slots[attribute].chunks(fields.max(1)).map(|parts| parts.iter().map(|span| self.resolve(*span)))
    }

    fn resolve(&self, span: Span) -> Option<&str> {
        (span != ABSENT).then(|| &self.text[span.start as usize..span.end as usize])
    }
}
