//! A document's commands and the outputs that stand under them.
use crate::Outcome;
use std::ops::Range;

/// One command of a document, and the output that stands under it.
#[derive(Debug, PartialEq)]
pub struct Step {
    pub command: String,
    /// The line of its `$`, counted from 1.
    pub line: usize,
    /// The lines of the document that hold the expected output, counted from 0.
    pub expected: Range<usize>,
    pub skip: Option<String>,
}

pub fn parse(lines: &[String]) -> Outcome<Vec<Step>> {
    let mut steps = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        // one command, in whose output `$` is nothing special
        let alone = match lines[at].trim_end() {
            "```console" => false,
            "```console one" => true,
            _ => {
                at += 1;
                continue;
            }
        };
        let Some(length) = lines[at + 1..].iter().position(|line| line.trim_end() == "```") else {
            return Err(format!("line {}: this block is never closed", at + 1));
        };
        let skip = at.checked_sub(1).and_then(|before| skip_reason(&lines[before]));
        parse_block(lines, at + 1..at + 1 + length, alone, skip, &mut steps)?;
        at += length + 2;
    }
    Ok(steps)
}

fn skip_reason(line: &str) -> Option<String> {
    let reason = line.trim().strip_prefix("<!-- session: skip ")?.strip_suffix("-->")?;
    Some(reason.trim().to_owned())
}

fn parse_block(
    lines: &[String],
    block: Range<usize>,
    alone: bool,
    skip: Option<String>,
    steps: &mut Vec<Step>,
) -> Outcome<()> {
    let mut at = block.start;
    while at < block.end {
        let Some(first) = lines[at].strip_prefix("$ ") else {
            return Err(format!("line {}: a block begins with a command, `$ …`", at + 1));
        };
        let mut command = first.trim_end().to_owned();
        at += 1;
        let line = at;
        while command.ends_with('\\') && at < block.end {
            command.pop();
            command += lines[at].strip_prefix("> ").unwrap_or(&lines[at]).trim_end();
            at += 1;
        }
        let output = at;
        while at < block.end && (alone || !lines[at].starts_with("$ ")) {
            at += 1;
        }
        // an empty line before the next command is for the eye
        let length = lines[output..at].iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
        steps.push(Step { command, line, expected: output..output + length, skip: skip.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_malformed_block_is_named_by_its_line() {
        assert_eq!(parse(&lines("\n```console\n$ true")).unwrap_err(), "line 2: this block is never closed");
        assert!(parse(&lines("```console\noutput\n```")).unwrap_err().starts_with("line 2: a block begins"));
        assert_eq!(parse(&lines("```sh\n$ true\n```")), Ok(vec![]));
    }

    #[test]
    fn a_block_of_one_command_may_show_others_in_its_output() {
        let steps = |fence: &str| parse(&lines(&format!("{fence}\n$ a\n$ b\n```"))).unwrap().len();
        assert_eq!((steps("```console"), steps("```console one")), (2, 1));
    }
}
