//! Documents that run: every ```` ```console ```` block of a README is executed, and must print what it shows.
//!
//! | in a block | means |
//! |---|---|
//! | `$ command` | run by `sh`; a line ending in `\` goes on in the next, which begins with `> ` |
//! | `$ export NAME=value`, `$ cd folder` | hold until the end of the document |
//! | `$ purvey … &` | runs beside the document until its end; of what it says the first line counts |
//! | `$ cargo run … -- ARGS` | runs `purvey ARGS`; any other `cargo` line is for the reader alone |
//! | `[..]` | any text within a line |
//! | `...` | any lines; alone it is an output nobody has filled in yet, and an update does |
//! | `[exit 3]` | the last line: the command ends with this status; without it, with 0 |
//!
//! `<!-- session: skip REASON -->` on the line before a block leaves it out; the need of a network is the one reason.
//! A document runs top to bottom in one scratch folder: an example in a copy of its own, any other beside a copy of
//! `examples/`. `UPDATE=1 cargo test --test sessions` rewrites the outputs that no longer match, for `git diff` to show.
#![cfg(unix)]

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

type Outcome<T> = Result<T, String>;

/// One command of a document, and the output that stands under it.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    /// The line of its `$`, counted from 1.
    line: usize,
    /// The lines of the document that hold the expected output, counted from 0.
    expected: Range<usize>,
    skip: Option<String>,
}

fn parse(lines: &[String]) -> Outcome<Vec<Step>> {
    let mut steps = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at].trim_end() != "```console" {
            at += 1;
            continue;
        }
        let Some(length) = lines[at + 1..].iter().position(|line| line.trim_end() == "```") else {
            return Err(format!("line {}: this block is never closed", at + 1));
        };
        let skip = at.checked_sub(1).and_then(|before| skip_reason(&lines[before]));
        parse_block(lines, at + 1..at + 1 + length, skip, &mut steps)?;
        at += length + 2;
    }
    Ok(steps)
}

fn skip_reason(line: &str) -> Option<String> {
    let reason = line.trim().strip_prefix("<!-- session: skip ")?.strip_suffix("-->")?;
    Some(reason.trim().to_owned())
}

fn parse_block(lines: &[String], block: Range<usize>, skip: Option<String>, steps: &mut Vec<Step>) -> Outcome<()> {
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
        while at < block.end && !lines[at].starts_with("$ ") {
            at += 1;
        }
        // an empty line before the next command is for the eye
        let length = lines[output..at].iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
        steps.push(Step { command, line, expected: output..output + length, skip: skip.clone() });
    }
    Ok(())
}

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
fn output_matches(pattern: &[String], output: &[String]) -> bool {
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
fn diff(pattern: &[String], output: &[String]) -> String {
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
fn merged(pattern: &[String], output: &[String]) -> Vec<String> {
    let in_pattern = |line: &String| {
        let mut patterns = pattern.iter().filter(|p| p.contains("[..]") && p.trim() != "[..]");
        patterns.find(|p| line_matches(p, line)).unwrap_or(line).clone()
    };
    output.iter().map(in_pattern).collect()
}

/// A scratch folder, the environment a command sees, and the processes that run beside the document.
struct Stage {
    scratch: tempfile::TempDir,
    folder: PathBuf,
    exports: Vec<(String, String)>,
    beside: Vec<Child>,
}

impl Stage {
    fn new() -> io::Result<Stage> {
        let scratch = tempfile::tempdir()?;
        let folder = scratch.path().join("work");
        fs::create_dir(&folder)?;
        fs::create_dir(scratch.path().join("home"))?;
        Ok(Stage { scratch, folder, exports: Vec::new(), beside: Vec::new() })
    }

    /// Runs one command; `None` where it is for the reader alone.
    fn run(&mut self, command: &str) -> Outcome<Option<Vec<String>>> {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words[..] {
            ["cargo", "run", ..] => {
                let arguments = command.split_once(" -- ").map_or("", |(_, arguments)| arguments);
                self.run(&format!("purvey {arguments}"))
            }
            ["cargo", ..] => Ok(None),
            ["cd", folder] => {
                self.folder = self.folder.join(folder).canonicalize().map_err(|error| error.to_string())?;
                Ok(Some(Vec::new()))
            }
            ["export", ref assignment @ ..] => {
                let [assignment] = assignment else { return Err("export takes one NAME=value, unquoted".to_owned()) };
                let (name, value) = assignment.split_once('=').ok_or("export takes NAME=value")?;
                self.exports.push((name.to_owned(), value.to_owned()));
                Ok(Some(Vec::new()))
            }
            [.., "&"] => self.start(command.trim_end_matches('&')).map(Some),
            _ => self.shell(command).map(Some),
        }
    }

    fn sh(&self, script: &str) -> Command {
        let programs = Path::new(env!("CARGO_BIN_EXE_purvey")).parent().unwrap_or(Path::new("."));
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("exec 2>&1\n{script}")).current_dir(&self.folder).env_clear();
        command.env("PATH", path).env("HOME", self.scratch.path().join("home")).env("TMPDIR", self.scratch.path());
        command.env("TZ", "UTC").env("LC_ALL", "C").env("NO_COLOR", "1").envs(self.exports.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    fn shell(&self, script: &str) -> Outcome<Vec<String>> {
        let done = self.sh(script).output().map_err(|error| format!("sh: {error}"))?;
        let text = String::from_utf8(done.stdout).map_err(|_| "the output is not UTF-8".to_owned())?;
        let mut lines: Vec<String> = text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect();
        match done.status.code() {
            Some(0) => {}
            Some(code) => lines.push(format!("[exit {code}]")),
            None => lines.push("[exit by a signal]".to_owned()),
        }
        Ok(lines)
    }

    /// Starts a process beside the document and waits for its first line, so that the next command finds it ready.
    fn start(&mut self, script: &str) -> Outcome<Vec<String>> {
        /// Far beyond what any start takes: it only keeps a silent process from holding the tests forever.
        const PATIENCE: Duration = Duration::from_secs(120);
        let mut child = self.sh(&format!("exec {script}")).spawn().map_err(|error| format!("sh: {error}"))?;
        let stdout = child.stdout.take();
        self.beside.push(child);
        let (said, heard) = mpsc::channel();
        std::thread::spawn(move || {
            // reads on after the first line: a full pipe would stop the process
            for line in stdout.into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        match heard.recv_timeout(PATIENCE) {
            Ok(line) => Ok(vec![line]),
            Err(_) => Err("it ended, or kept silent, before a first line".to_owned()),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in &mut self.beside {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What running a document found.
#[derive(Debug)]
struct Played {
    faults: Vec<String>,
    skipped: Vec<String>,
    /// The document with its outputs as they happened.
    updated: String,
}

fn play(document: &str, stage: &mut Stage) -> Outcome<Played> {
    let mut lines: Vec<String> = document.lines().map(str::to_owned).collect();
    let (mut faults, mut skipped, mut replacements, mut commands) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for step in parse(&lines)? {
        let place = format!("line {}: $ {}", step.line, step.command);
        if let Some(reason) = step.skip {
            skipped.push(format!("{place} ({reason})"));
            continue;
        }
        let Some(output) = stage.run(&step.command).map_err(|fault| format!("{place}\n  {fault}"))? else { continue };
        commands += 1;
        let expected = &lines[step.expected.clone()];
        let fits = output_matches(expected, &output);
        if !fits {
            faults.push(format!("{place}\n{}", diff(expected, &output)));
        }
        if !fits || expected == ["..."] {
            replacements.push((step.expected, merged(expected, &output)));
        }
    }
    if commands == 0 {
        return Err("no command of it is run: a document that shows nothing proves nothing".to_owned());
    }
    for (range, output) in replacements.into_iter().rev() {
        lines.splice(range, output);
    }
    Ok(Played { faults, skipped, updated: lines.join("\n") + "\n" })
}

/// The harness on documents of its own, which need no more of the machine than `sh`.
mod harness {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn block(text: &str) -> String {
        format!("# A document\n\n```console\n{text}\n```\n\nThe end.\n")
    }

    fn played(text: &str) -> Outcome<Played> {
        let mut stage = Stage::new().map_err(|error| error.to_string())?;
        play(&block(text), &mut stage)
    }

    /// Faults of a document that could be run.
    #[track_caller]
    fn faults(text: &str) -> String {
        played(text).unwrap().faults.join("\n")
    }

    #[track_caller]
    fn updated(text: &str) -> String {
        played(text).unwrap().updated
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

    #[test]
    fn a_session_is_run_and_compared() {
        assert_eq!(faults("$ echo one; echo two >&2\none\ntwo\n\n$ printf 'a b\\n'\na [..]"), "");
        assert_eq!(faults("$ echo one\ntwo"), "line 4: $ echo one\n  - two\n  + one\n");
        assert_eq!(faults("$ echo one \\\n> two\none two"), "");
    }

    #[test]
    fn the_exit_status_is_part_of_what_a_command_says() {
        assert_eq!(faults("$ echo bad; exit 3\nbad\n[exit 3]"), "");
        assert_eq!(faults("$ exit 3"), "line 4: $ exit 3\n  + [exit 3]\n");
        assert_eq!(faults("$ true\n[exit 3]"), "line 4: $ true\n  - [exit 3]\n");
    }

    #[test]
    fn commands_share_a_folder_and_what_was_exported_and_nothing_else() {
        assert_eq!(faults("$ mkdir a\n$ cd a\n$ echo x > f\n$ cat ../a/f\nx"), "");
        assert_eq!(faults("$ export SHOP=Lantern\n$ echo $SHOP\nLantern"), "");
        assert_eq!(faults("$ echo \"[$CARGO_MANIFEST_DIR]\" $TZ $LC_ALL $NO_COLOR\n[] UTC C 1"), "");
        assert_eq!(faults("$ ls ~ | wc -l | tr -d ' '\n0"), "");
        assert_eq!(
            played("$ export A='b c'").unwrap_err(),
            "line 4: $ export A='b c'\n  export takes one NAME=value, unquoted"
        );
    }

    #[test]
    fn purvey_is_the_one_just_built() {
        let built = env!("CARGO_BIN_EXE_purvey");
        assert_eq!(faults(&format!("$ command -v purvey\n{built}")), "");
        let runs = |command: &str| Stage::new().unwrap().run(command).unwrap();
        assert_eq!(runs("cargo run --release -- --version"), runs("purvey --version"));
        assert_eq!(runs("cargo test"), None);
    }

    #[test]
    fn a_process_beside_the_document_is_ready_before_the_next_command_and_gone_at_the_end() {
        let mut stage = Stage::new().unwrap();
        let ready = "$ sh -c 'echo $$ > pid; echo ready; exec sleep 600' &\nready\n$ kill -0 $(cat pid)";
        assert_eq!(play(&block(ready), &mut stage).unwrap().faults, [""; 0]);
        let pid = fs::read_to_string(stage.folder.join("pid")).unwrap();
        drop(stage);
        let alive = Command::new("kill").args(["-0", pid.trim()]).stderr(Stdio::null()).status().unwrap();
        assert!(!alive.success());
        assert!(played("$ true &").unwrap_err().contains("before a first line"));
    }

    #[test]
    fn an_update_rewrites_what_differs_and_nothing_else() {
        assert_eq!(updated("$ echo one\ntwo\n\n$ exit 3"), block("$ echo one\none\n\n$ exit 3\n[exit 3]"));
        assert_eq!(updated("$ echo one; echo two\n[..]e\n..."), block("$ echo one; echo two\n[..]e\n..."));
        assert_eq!(
            updated("$ echo took 3 ms; echo two\ntook [..] ms"),
            block("$ echo took 3 ms; echo two\ntook [..] ms\ntwo")
        );
        assert_eq!(updated("$ echo one; exit 3\n..."), block("$ echo one; exit 3\none\n[exit 3]"));
    }

    #[test]
    fn a_skipped_block_is_named_and_a_document_without_commands_fails() {
        let skipped = "<!-- session: skip needs a network -->\n```console\n$ exit 3\n```\n";
        let and_more = format!("{skipped}{}", block("$ true"));
        let found = play(&and_more, &mut Stage::new().unwrap()).unwrap();
        assert_eq!(found.skipped, ["line 3: $ exit 3 (needs a network)"]);
        assert_eq!(found.faults, [""; 0]);
        for nothing in [skipped, "Words.\n", "```console\n$ cargo test\n```\n"] {
            assert!(play(nothing, &mut Stage::new().unwrap()).unwrap_err().contains("no command"), "{nothing}");
        }
    }

    #[test]
    fn a_malformed_block_is_named_by_its_line() {
        assert_eq!(parse(&lines("\n```console\n$ true")).unwrap_err(), "line 2: this block is never closed");
        assert!(parse(&lines("```console\noutput\n```")).unwrap_err().starts_with("line 2: a block begins"));
        assert_eq!(parse(&lines("```sh\n$ true\n```")), Ok(vec![]));
    }
}
