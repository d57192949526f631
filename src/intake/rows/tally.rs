//! Harmless oddities of a file: counted while it is read, and told once.
use crate::diagnostic::{Diagnostic, Place};

/// How often something harmless happened, and where first.
#[derive(Default)]
pub struct Tally {
    pub count: u64,
    first: Place,
}

impl Tally {
    pub fn add(&mut self, place: Place) {
        if self.count == 0 {
            self.first = place;
        }
        self.count += 1;
    }

    pub fn tell(&self, finding: impl FnOnce(u64) -> Diagnostic) -> Option<Diagnostic> {
        (self.count > 0).then(|| finding(self.count).at(self.first.clone()))
    }
}

/// Which line ends closed a record so far.
#[derive(Default)]
pub struct LineEnds {
    seen: [bool; 3],
    after_cr: bool,
    pub mixed_from: Option<Place>,
}

impl LineEnds {
    /// Takes the last byte of a record; says whether this is the first end that differs.
    pub fn closes(&mut self, last: Option<&u8>) -> bool {
        self.after_cr = last == Some(&b'\r');
        last == Some(&b'\n') && self.see(0)
    }

    /// Takes the byte after a record that ended in CR.
    pub fn continues(&mut self, next: Option<&u8>) -> bool {
        let kind = match next {
            Some(b'\n') => 1,
            Some(_) => 2,
            None => return false,
        };
        std::mem::take(&mut self.after_cr) && self.see(kind)
    }

    fn see(&mut self, kind: usize) -> bool {
        let differs = self.mixed_from.is_none() && !self.seen[kind] && self.seen.contains(&true);
        self.seen[kind] = true;
        differs
    }
}
