//! Which namespace a prefix stands for, where one is now.

/// Bindings in force, innermost last.
#[derive(Default)]
pub(super) struct Prefixes(Vec<Binding>);

struct Binding {
    /// Empty for names without one.
    prefix: String,
    namespace: String,
    /// That of the element which has it.
    depth: usize,
}

/// Source: Namespaces in XML 1.0, section 3.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

impl Prefixes {
    /// Whether an attribute binds a prefix, or what has none.
    pub fn is_binding(attribute: &str) -> bool {
        bound_by(attribute).is_some()
    }

    /// Binds what the attribute says, if it is one that does.
    pub fn bind(&mut self, attribute: &str, namespace: &str, depth: usize) {
        if let Some(prefix) = bound_by(attribute) {
            self.0.push(Binding { prefix: prefix.to_owned(), namespace: namespace.to_owned(), depth });
        }
    }

    /// What elements at `depth` bound is bound no longer.
    pub fn leave(&mut self, depth: usize) {
        while self.0.last().is_some_and(|binding| binding.depth >= depth) {
            self.0.pop();
        }
    }

    /// The namespace of a prefix; without one there may be none.
    pub fn namespace(&self, prefix: &str) -> Option<&str> {
        let bound = self.0.iter().rev().find(|binding| binding.prefix == prefix);
        let namespace = bound.map(|binding| binding.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        namespace.or((prefix == "xml").then_some(XML))
    }
}

fn bound_by(attribute: &str) -> Option<&str> {
    match attribute.strip_prefix("xmlns")? {
        "" => Some(""),
        prefix => prefix.strip_prefix(':'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_lasts_as_long_as_its_element() {
        let mut prefixes = Prefixes::default();
        for (attribute, namespace, depth) in [
            ("xmlns:g", "one", 1),
            ("xmlns", "plain", 1),
            ("xmlnsx", "x", 1),
            ("g", "x", 1),
            ("xmlns:g", "two", 3),
            ("xmlns", "", 3),
        ] {
            prefixes.bind(attribute, namespace, depth);
        }
        assert_eq!((prefixes.namespace("g"), prefixes.namespace("")), (Some("two"), None));
        prefixes.leave(3);
        assert_eq!((prefixes.namespace("g"), prefixes.namespace("")), (Some("one"), Some("plain")));
        assert_eq!((prefixes.namespace("x"), prefixes.namespace("xml")), (None, Some(XML)));
    }
}
