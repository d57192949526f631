//! Whether an output is what a document shows, what differs, and how the document would show it.

/// Whether `line` is what `pattern` says, in which every `[..]` stands for any text.
fn line_matches(pattern: &str, line: &str) -> bool {
    let (pattern, line) = (pattern.trim_end(), line.trim_end());
    let Some((start, more)) = pattern.split_once("[..]") else { return pattern == line };
    let (middle, end) = more.rsplit_once("[..]").unwrap_or(("", more));
    let Some(mut rest) = line.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)) else { return false };
    for piece in middle.split("[..]") {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

fn lines_match(pattern: &[String], output: &[String]) -> bool {
    match pattern.split_first() {
        None => output.is_empty(),
        Some((any, rest)) if any == "..." => (0..=output.len()).any(|taken| lines_match(rest, &output[taken..])),
        Some((line, rest)) => {
            output.split_first().is_some_and(|(first, more)| line_matches(line, first) && lines_match(rest, more))
        }
    }
}

/// Lines and status apart, so that no `...` can swallow a failure.
pub fn output_matches(pattern: &[String], output: &[String]) -> bool {
    let (pattern, expected_status) = split_status(pattern);
    let (output, status) = split_status(output);
    expected_status == status && lines_match(pattern, output)
}

fn split_status(lines: &[String]) -> (&[String], Option<&str>) {
    match lines.split_last() {
        Some((last, before)) if last.starts_with("[exit ") => (before, Some(last)),
        _ => (lines, None),
    }
}

/// What both sides share at the top and the bottom stands plain; between them `-` is the document, `+` what happened.
pub fn diff(pattern: &[String], output: &[String]) -> String {
    fn marked(mark: &str, lines: &[String]) -> String {
        lines.iter().map(|line| format!("{mark}{line}\n")).collect()
    }
    let top = pattern.iter().zip(output).take_while(|(p, line)| line_matches(p, line)).count();
    let (pattern, middle) = (&pattern[top..], &output[top..]);
    let bottom = pattern.iter().rev().zip(middle.iter().rev()).take_while(|(p, line)| line_matches(p, line)).count();
    let (middle, end) = middle.split_at(middle.len() - bottom);
    let pattern = &pattern[..pattern.len() - bottom];
    marked("    ", &output[..top]) + &marked("  - ", pattern) + &marked("  + ", middle) + &marked("    ", end)
}

/// The lines an updated document shows: those that happened, in the document's own pattern where one still fits.
pub fn merged(pattern: &[String], output: &[String]) -> Vec<String> {
    let in_pattern = |line: &String| {
        let mut patterns = pattern.iter().filter(|p| p.contains("[..]") && p.trim() != "[..]");
        patterns.find(|p| line_matches(p, line)).unwrap_or(line).clone()
    };
    output.iter().map(in_pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_wildcard_stands_for_any_text_within_a_line() {
        for (pattern, line, fits) in [
            ("78 variants", "78 variants", true),
            ("78 variants", "78 variants ", true),
            ("78 variants", "178 variants", false),
            ("78 variants", "78 variants, 1 new", false),
            ("[..]", "", true),
            ("[..]", "Glühbecher 🕯️", true),
            ("took [..]", "took 3 ms", true),
            ("took [..]", "it took 3 ms", false),
            ("[..] ms", "took 3 ms", true),
            ("[..] ms", "took 3 s", false),
            ("[..]a[..]b[..]", "xxaxxbxx", true),
            ("[..]a[..]b[..]", "xxbxxaxx", false),
            ("ab[..]ba", "aba", false),
            ("aa[..]a[..]a", "aaa", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(line_matches(pattern, line), fits, "{pattern:?} on {line:?}");
        }
    }

    #[test]
    fn three_dots_stand_for_any_lines_but_never_for_a_failure() {
        for (pattern, output, fits) in [
            ("a\nb", "a\nb", true),
            ("a\nb", "a", false),
            ("a", "a\nb", false),
            ("", "", true),
            ("", "a", false),
            ("...", "", true),
            ("...", "a\nb", true),
            ("a\n...\nd", "a\nb\nc\nd", true),
            ("a\n...\nd", "a\nd", true),
            ("a\n...\nd", "a\nb\nc", false),
            ("...\nb\n...\nb", "b\nb\nb", true),
            ("...\nb\n...\nc", "b\na", false),
            ("...", "a\n[exit 1]", false),
            ("...\n[exit 1]", "a\n[exit 1]", true),
            ("...\n[exit 1]", "a\n[exit 3]", false),
            ("a\n[exit 1]", "a", false),
        ] {
            assert_eq!(output_matches(&lines(pattern), &lines(output)), fits, "{pattern:?} on {output:?}");
        }
    }

    #[test]
    fn a_difference_is_shown_between_what_is_the_same() {
        let shown = diff(&lines("one\ntook [..]\nthree\nfour"), &lines("one\ntook 3 ms\n3\nfour"));
        assert_eq!(shown, "    one\n    took 3 ms\n  - three\n  + 3\n    four\n");
    }
}
