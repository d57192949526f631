//! Products whose variants stand in records of their own: what is shared is remembered until those come, by key.
use crate::catalog::{ItemGroup, Shelf};
use crate::diagnostic::Error;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Parent {
    pub shared: ItemGroup,
    /// Addresses, main image first.
    pub images: Vec<String>,
}

/// Parents by key. Variants of one product mostly stand together, so the last one is at hand.
#[derive(Default)]
pub struct Parents {
    shelf: Shelf,
    last: Option<(String, Parent)>,
    /// Readers of records cannot say that the disk is full: it is asked for after each.
    fault: Option<Error>,
}

impl Parents {
    pub fn keep(&mut self, key: &str, parent: Parent) {
        if let Err(error) = self.shelf.put(key, &parent) {
            self.fault.get_or_insert(error);
        }
        self.last = Some((key.to_owned(), parent));
    }

    pub fn get(&mut self, key: &str) -> Option<&Parent> {
        if self.last.as_ref().is_none_or(|(last, _)| last != key) {
            match self.shelf.get(key) {
                Ok(Some(found)) => self.last = Some((key.to_owned(), found)),
                Ok(None) => return None,
                Err(error) => {
                    self.fault.get_or_insert(error);
                    return None;
                }
            }
        }
        self.last.as_ref().map(|(_, parent)| parent)
    }

    /// What went wrong while they were kept.
    pub fn fault(&mut self) -> Option<Error> {
        self.fault.take()
    }
}
