//! Several values in one cell: `a,b`, `DE:Standard:4.90 EUR`. A value that holds the joint itself is put in quotes.
use std::borrow::Cow;

/// The value as it may stand between joints.
pub(super) fn quote<'v>(value: &'v str, joints: &[&str]) -> Cow<'v, str> {
    match joints.iter().any(|joint| !joint.is_empty() && value.contains(joint)) || value.contains('"') {
        true => Cow::Owned(format!("\"{}\"", value.replace('"', "\"\""))),
        false => Cow::Borrowed(value),
    }
}

/// The pieces between joints that stand outside quotes; each as it stands there.
pub(super) fn split<'t>(text: &'t str, joint: &str) -> impl Iterator<Item = &'t str> {
    let (mut start, mut quoted, mut pieces) = (0, false, Vec::new());
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        // Inside a joint of several characters `at` may lie before `start`.
        if !quoted && at >= start && !joint.is_empty() && text[at..].starts_with(joint) {
            pieces.push(&text[start..at]);
            start = at + joint.len();
        }
    }
    pieces.push(&text[start..]);
    pieces.into_iter()
}

/// A piece without the quotes around it.
pub(super) fn unquote(piece: &str) -> Cow<'_, str> {
    let piece = piece.trim();
    match piece.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => Cow::Owned(inner.replace("\"\"", "\"")),
        None => Cow::Borrowed(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_joint_inside_a_value_is_quoted() {
        assert_eq!(quote("Navy: dark, \"sand\"", &[",", ":"]), "\"Navy: dark, \"\"sand\"\"\"");
        assert_eq!(quote("plain", &[",", ":"]), "plain");
        assert_eq!(split("a||b|c", "||").collect::<Vec<_>>(), ["a", "b|c"]);
        assert_eq!(split("a,\"b,c\",d", ",").collect::<Vec<_>>(), ["a", "\"b,c\"", "d"]);
    }

    proptest! {
        #[test]
        fn what_is_joined_can_be_told_apart(values in prop::collection::vec("[a-z:,\"]{0,6}", 1..5)) {
            let joined = values.iter().map(|v| quote(v, &[",", ":"])).collect::<Vec<_>>().join(",");
            let apart: Vec<String> = split(&joined, ",").map(|piece| unquote(piece).into_owned()).collect();
            prop_assert_eq!(apart, values);
        }
    }
}
