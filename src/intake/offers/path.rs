//! Where in an offer a text stands: `name`, `shop/categories/*`, `@id`, `imgs/*@url`; `.` is the element itself.
use crate::document::{Field, Position};
use serde::Deserialize;

/// Elements by their local names, one inside the other, `*` for any; then perhaps an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Path {
    steps: Vec<String>,
    attribute: Option<String>,
}

/// A text that a path leads to.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Of the attribute, where the path is nothing else; else of the element.
    pub name: &'a str,
    pub text: &'a str,
    pub at: Position,
}

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(text: String) -> Result<Path, String> {
        let (elements, attribute) = match text.split_once('@') {
            Some((elements, attribute)) => (elements, Some(attribute.to_owned())),
            None => (text.as_str(), None),
        };
        let elements = if elements == "." { "" } else { elements };
        let steps: Vec<String> = elements.split('/').filter(|_| !elements.is_empty()).map(str::to_owned).collect();
        let is_right = |name: &String| !name.is_empty() && !name.contains(['@', '/', ' ']);
        if text.is_empty() || !steps.iter().chain(&attribute).all(is_right) {
            return Err(format!("`{text}` is no path: write `name`, `images/image`, `@id` or `images/image@url`"));
        }
        Ok(Path { steps, attribute })
    }
}

impl Path {
    /// `.`
    pub fn itself() -> Path {
        Path { steps: Vec::new(), attribute: None }
    }

    /// The name it begins with, of an element right inside the offer; `None` for an attribute of the offer's own.
    pub fn first(&self) -> Option<&str> {
        self.steps.first().map(String::as_str)
    }

    /// The element right inside the offer that it is, if it is no more than that.
    pub fn only(&self) -> Option<&str> {
        (self.steps.len() == 1 && self.attribute.is_none()).then(|| self.first()).flatten()
    }

    /// The last name, as people call what stands there.
    pub fn last(&self) -> &str {
        self.attribute.as_ref().or(self.steps.last()).map_or(".", String::as_str)
    }

    /// All elements it leads to, in the order of the document; of those right inside `from`, only the ones that
    /// `is_ours` accepts.
    pub fn elements<'a>(&self, from: Field<'a>, is_ours: &dyn Fn(Field<'a>) -> bool, see: &mut dyn FnMut(Field<'a>)) {
        match self.steps.split_first() {
            None => see(from),
            Some((step, rest)) => {
                let inside = from.children().filter(|child| fits(step, *child) && is_ours(*child));
                inside.for_each(|child| walk(rest, child, see));
            }
        }
    }

    /// All texts it leads to; empty ones, too. See [`Path::elements`].
    pub fn texts<'a>(&'a self, from: Field<'a>, is_ours: &dyn Fn(Field<'a>) -> bool, see: &mut dyn FnMut(Found<'a>)) {
        self.elements(from, is_ours, &mut |element| {
            let at = element.position();
            match &self.attribute {
                None => see(Found { name: element.qualified_name(), text: element.text(), at }),
                Some(attribute) => {
                    let name = if self.steps.is_empty() { attribute } else { element.qualified_name() };
                    element.attribute(attribute).into_iter().for_each(|text| see(Found { name, text, at }));
                }
            }
        });
    }

    /// The first text that is not empty, trimmed.
    pub fn text<'a>(&'a self, from: Field<'a>) -> Option<Found<'a>> {
        let mut first = None;
        self.texts(from, &|_| true, &mut |found| {
            let text = found.text.trim();
            if first.is_none() && !text.is_empty() {
                first = Some(Found { text, ..found });
            }
        });
        first
    }
}

fn walk<'a>(steps: &[String], at: Field<'a>, see: &mut dyn FnMut(Field<'a>)) {
    match steps.split_first() {
        None => see(at),
        Some((step, rest)) => {
            at.children().filter(|child| fits(step, *child)).for_each(|child| walk(rest, child, see));
        }
    }
}

fn fits(step: &str, element: Field<'_>) -> bool {
    step == "*" || element.name() == step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_elements_and_perhaps_an_attribute() {
        let path = |text: &str| Path::try_from(text.to_owned());
        for text in ["name", "a/*/b", "@id", "imgs/*@url", "."] {
            assert!(path(text).is_ok(), "{text}");
        }
        for text in ["", "/", "a//b", "a/", "@", "a@b@c", "a@b/c", "a b"] {
            assert!(path(text).unwrap_err().contains("no path"), "{text}");
        }
        assert_eq!((path("name").unwrap().only(), path("a/b").unwrap().only()), (Some("name"), None));
        assert_eq!((path("@id").unwrap().first(), path("@id").unwrap().last()), (None, "id"));
    }
}
